"""A matcher that is no regular expression

A matcher with anything but letters, digits, `_`, `-`, blanks, `|` and `,` is compiled as a JavaScript regular
expression. If that fails it matches nothing and `plugin validate` says nothing: the guard is off.

Bad `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"matcher": "Write|(Edit", "hooks": [{"type": "command", "command": "true"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"matcher": "Write|Edit", "hooks": [{"type": "command", "command": "true"}]}]}}

Source: client, measured
"""

from .. import hookfile, jsregex
from ..matchers import names

SEVERITY = "error"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")


def check(file, context):
    """Compile every matcher that is not a list of names."""
    for event, group, path, _ in hookfile.groups(file):
        matcher = group.get("matcher")
        facts = context.facts.events.get(event)
        if not isinstance(matcher, str) or matcher in ("", "*") or not facts or not facts["matcher"] or names(matcher, event) is not None:
            continue
        wrong = jsregex.problem(matcher)
        if wrong:
            yield file.hit(
                file.at(path + ("matcher",)),
                "matcher %r is no regular expression (%s): the hook never runs" % (matcher, wrong),
            )
