"""An embedded command that the client refuses to run

A `$VARIABLE` or `$(...)` in !`...` aborts the whole command, allowed-tools or not. `${CLAUDE_PLUGIN_ROOT}` and the
other placeholders are replaced before and are fine, and so are `$HOME` and what stands in single quotes (`awk '{print $NF}'`).

Bad `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Bash(git log:*)
    ---
    !`git log $(git describe)..`

Good `commands/build.md`:

    ---
    description: Builds the plan
    allowed-tools: Bash(git log:*)
    ---
    !`git log -5`

Source: client, measured
"""

from .. import refs
from ..lazy import lazy

SEVERITY = "warning"
FILES = ("command", "skill")
_VARIABLE = lazy(r"(?<!\\)\$(?:\((?!\()|\{(?!CLAUDE_|user_config\.)[A-Za-z_]|(?!ARGUMENTS|CLAUDE_|HOME(?!\w))[A-Za-z_][A-Za-z0-9_]*)")

_QUOTED = lazy(r"\\.|\"(?:\\.|[^\"\\])*\"|'[^']*'")


def _blanked(match):
    """A shell expands nothing between single quotes; all else stays."""
    return " " * len(match.group()) if match.group()[0] == "'" else match.group()


def check(file, context):
    """The first one of each embedded command."""
    from .command_injection import _names

    named = _names(file)
    for start, end in refs.embedded(file):
        match = _VARIABLE.search(_QUOTED.sub(_blanked, file.text[start:end]))
        if match and match.group()[1:] not in named:
            span = start + match.start(), start + match.end()
            yield file.hit(span, "%s in an embedded command: the client aborts the whole command" % match.group())
