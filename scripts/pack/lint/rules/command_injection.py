"""The user's arguments are pasted into a shell command

`$ARGUMENTS` is put into !`...` as it is, before the shell sees it: `; rm -rf x` runs. Quotes do not help, and
PreToolUse hooks do not see these commands.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    ---
    !`make $ARGUMENTS`

Good `commands/build.md`:

    ---
    description: Builds the plan
    ---
    Build $ARGUMENTS.

Source: client, measured
"""

from .. import refs
from ..lazy import lazy

SEVERITY = "error"
FILES = ("command", "skill")
_AWK = lazy(r"\b[gm]?awk\b[^']*'[^']*\Z")
_ARGUMENT = lazy(r"(?<!\\)\$(?:ARGUMENTS(?:\[[0-9]+\])?|[0-9])")


def check(file, context):
    """Arguments by position, and those that the frontmatter names."""
    named = _names(file)
    for start, end in refs.embedded(file):
        text = file.text[start:end]
        for match in _ARGUMENT.finditer(text):
            message = "%s is pasted into the shell as it is: the user's text can run anything"
            if "ARGUMENTS" not in match.group() and _AWK.search(text, 0, match.start()):
                message = "%s is replaced by one of the user's arguments before awk sees it, and pasted into the shell as it is"
            yield file.hit((start + match.start(), start + match.end()), message % match.group())
        for name in named:
            at = text.find("$" + name)
            if at >= 0 and not (text[at + 1 + len(name) : at + 2 + len(name)].isalnum()):
                yield file.hit(
                    (start + at, start + at + len(name) + 1),
                    "$%s is pasted into the shell as it is: the user's text can run anything" % name,
                )


def _names(file):
    value = file.front.get("arguments") if file.front else None
    if isinstance(value, str):
        return value.split()
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
