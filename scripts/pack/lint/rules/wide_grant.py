"""A command that pre-approves everything

`allowed-tools: Bash(*)` lets the command run any program without asking, and so do `Bash()`, `Bash(sh -c *)` and `Bash(sudo:*)`.

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

Source: client, measured (allowed-tools pre-approves, it does not restrict)
"""

from .. import tools
from ..lazy import lazy

SEVERITY = "warning"
FILES = ("command", "skill")
# What runs any program that it is given.
_RUNNERS = ("sh", "bash", "zsh", "dash", "ksh", "fish", "eval", "exec", "sudo", "env", "xargs", "nohup", "su", "doas", "pwsh")
_INLINE = ("python -c", "python3 -c", "node -e", "node --eval", "perl -e", "ruby -e", "php -r", "deno eval", "bun -e")
_ANYTHING = lazy(r"[ :]{0,2}\*\Z")
_WHOLE_DISK = lazy(r"(?://?|~/?|//?\*\*?|~/\*\*?)(?:/\*\*?)?\Z")
ALL = ("", "*", ":*", "**", "* *", "*:*")


def check(file, context):
    """Wildcards over the whole of Bash or PowerShell, over a program that runs any other, over every file and server."""
    for tool in tools.listed(file, "allowed-tools") or ():
        if tool.name == "mcp__*":
            yield file.hit(tool.span, "%s lets it call every tool of every server without asking" % tool.text)
        rule = (tool.rule or "").strip()
        if tool.name == "Bash" and _ANYTHING.search(rule):
            program = _ANYTHING.sub("", rule).strip()
            if program in _INLINE or program.removesuffix(" -c") in _RUNNERS:
                yield file.hit(tool.span, "%s lets it run any command without asking: %s runs whatever follows" % (tool.text, program))
        if tool.name in ("Write", "Edit") and rule and _WHOLE_DISK.match(rule):
            yield file.hit(tool.span, "%s lets it write any file without asking" % tool.text)
        if tool.name in ("Bash", "PowerShell") and tool.rule is not None and tool.rule.strip() in ALL:
            yield file.hit(tool.span, "%s lets it run any command without asking" % tool.text)
