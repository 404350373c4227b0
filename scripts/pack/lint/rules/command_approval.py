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

from .. import refs, tools

SEVERITY = "warning"


def check(file, context):
    """Scripts below the plugin's root, and no Bash at all in allowed-tools."""
    allowed = tools.listed(file, "allowed-tools") or ()
    if any(tool.name in ("Bash", "PowerShell", "*") for tool in allowed):
        return
    for start, end in refs.embedded(file):
        if "CLAUDE_PLUGIN_ROOT" in file.text[start:end] or "CLAUDE_SKILL_DIR" in file.text[start:end]:
            yield file.hit(
                (start, min(end, file.source.line_end(start))),
                "allowed-tools has no Bash(...) for this script: the client aborts the command",
            )
            return
