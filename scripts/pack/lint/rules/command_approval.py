"""An embedded script that the client will ask about, and then give up on

!`...` passes through the permission check. A script of the plugin that `allowed-tools` does not cover "requires
approval", and the whole command aborts.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    !`python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py`

Good `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Bash(python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py *)
    ---
    !`python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py`

Source: client 2.1.329, measured 2026-11-21
"""

from fnmatch import fnmatchcase

from .. import refs, tools
from ..lazy import lazy

SEVERITY = "warning"
_COMPOUND = lazy(r"[;&|<>\n`]|\$\(")


def check(file, context):
    """Scripts below the plugin's root that no Bash rule of allowed-tools begins like."""
    rules = [tool.rule for tool in tools.listed(file, "allowed-tools") or () if tool.name in ("Bash", "PowerShell")]
    if None in rules:
        return
    for start, end in refs.embedded(file):
        command = file.text[start:end].strip()
        if "CLAUDE_PLUGIN_ROOT" not in command and "CLAUDE_SKILL_DIR" not in command:
            continue
        if rules and (_COMPOUND.search(command) or any(_first(command, rule) for rule in rules)):
            continue
        text = (
            "allowed-tools has no Bash(...) for this script"
            if not rules
            else "no Bash(...) of allowed-tools begins with %r" % _word(command)
        )
        yield file.hit((start, min(end, file.source.line_end(start))), text + ": the client aborts the command")
        return


def _first(command, rule):
    """Could the rule be for this program? Its first word decides; how arguments match is the client's own affair."""
    rule = rule.strip()
    return fnmatchcase(_word(command), _word(rule[:-2] if rule.endswith(":*") else rule) or "*") or rule[:1] == "*"


def _word(text):
    words = text.replace('"', "").replace("'", "").split()
    return words[0] if words else ""
