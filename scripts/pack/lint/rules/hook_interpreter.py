"""A program name with a typo

Bad `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "pyhton3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Good `hooks/hooks.json`:

    {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}

Source: client, measured (exit 127: the guarded call goes through)
"""

from .. import hookfile, shell
from ..near import closest

SEVERITY = "error"
FILES = ("command", "skill", "manifest", "marketplace", "hooks", "settings-hooks")
NAMES = ("python", "python3", "node", "nodejs", "bash", "deno", "ruby", "perl")


def check(file, context):
    """Words in command position that are one slip away from an interpreter."""
    for handler in hookfile.handlers(file):
        command = handler.command
        if command is None:
            continue
        for word in shell.words(command):
            name = word.text
            if not word.first or name in shell.COMMON or name in shell.KEYWORDS or len(name) < 4 or not name.isalnum():
                continue
            meant = closest(name, NAMES)
            if meant is None or name.startswith("python") and sorted(name) != sorted(meant):
                continue  # python311, pythonw: other programs
            if sorted(name) == sorted(meant) or len(name) > 5 and name[:2] == meant[:2]:
                yield file.hit(handler.at("command"), "no program %r; did you mean %r?" % (name, meant))
