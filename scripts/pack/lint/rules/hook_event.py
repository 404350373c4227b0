"""An event that the client does not have

The entry is ignored: the hook never runs.

Bad `hooks/hooks.json`:

    {"hooks": {"preToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}}

Source: client, measured
"""

from .. import hookfile
from ..near import closest

SEVERITY = "error"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")


def check(file, context):
    """Every key of every event map."""
    events = context.facts.events
    for path, value, _ in hookfile.event_maps(file):
        if not isinstance(value, dict):
            continue
        for event in value:
            if event in events or event == "hooks" and file.kind != "hooks":
                continue
            if event.startswith(("_", "$", "#", "/")) or isinstance(value[event], str) and "comment" in event.lower():
                continue  # JSON has no comments: a key like `_comment`, or an event switched off as `_Stop`
            meant = closest(event, events)
            span = file.at(path + (event,), key=True)
            fix = None
            if meant and meant.lower() == event.lower() and meant not in value:
                quoted = file.text[span[0]] in "\"'"
                fix = [(span[0] + quoted, span[1] - quoted, meant)]
            yield file.hit(
                span,
                "unknown event %r: the hook never runs%s" % (event, "; did you mean %r?" % meant if meant else ""),
                fix,
            )
