"""A command that pre-approves everything

`allowed-tools: Bash(*)` lets the command run any program without asking, and so does `Bash()`.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Bash(*)
    ---
    Build.

Good `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Bash(make:*)
    ---
    Build.

Source: client 2.1.329, measured 2026-11-21 (allowed-tools pre-approves, it does not restrict)
"""

from .. import tools

SEVERITY = "warning"
ALL = ("", "*", ":*", "**", "* *", "*:*")


def check(file, context):
    """Wildcards over the whole of Bash or PowerShell."""
    for tool in tools.listed(file, "allowed-tools") or ():
        if tool.name in ("Bash", "PowerShell") and tool.rule is not None and tool.rule.strip() in ALL:
            yield file.hit(tool.span, "%s lets it run any command without asking" % tool.text)
