"""`${CLAUDE_PLUGIN_ROOT}` without quotes in a shell command

A path with a space in it (a user name is enough) splits into two words, and the hook fails; a guard that fails lets
the call through.

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py"}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Source: client (`plugin validate` warns too)
"""

from .. import hookfile, shell
from ..lazy import lazy

SEVERITY = "warning"
FILES = ("manifest", "marketplace", "hooks", "settings-hooks")
_WORD = lazy(r"[A-Za-z0-9_./-]*")


def check(file, context):
    """Shell form only: with `args` there is no shell."""
    for handler in hookfile.handlers(file):
        command = handler.command
        if command is None or "args" in handler.value or handler.value.get("shell") == "powershell":
            continue
        for start, end, name in shell.unquoted_roots(command, context.facts.root_variables):
            span = handler.at("command")
            raw = file.text[span[0] : span[1]]
            at = raw.find(command[start:end])
            fix = None
            place = span
            if at >= 0 and raw.count(command[start:end]) == 1:
                place = (span[0] + at, span[0] + at + end - start)
                word_end = _WORD.match(file.text, place[1]).end()
                before = file.text[place[0] - 1 : place[0]]
                if before in ' "=' and file.text[word_end : word_end + 1] in ' ";':
                    fix = [(place[0], place[0], '\\"'), (word_end, word_end, '\\"')]
            yield file.hit(place, "%s without quotes: a path with a space splits into two words" % name, fix)
            break
