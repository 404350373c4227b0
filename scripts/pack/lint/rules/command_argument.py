"""`$1` is the second argument

The client counts from 0: `$0` is the first. Most guides, and other tools, count from 1.

Bad `commands/build.md`:

    ---
    description: Builds the plan
    argument-hint: <plan>
    ---
    Build $1.

Good `commands/build.md`:

    ---
    description: Builds the plan
    argument-hint: <plan>
    ---
    Build $0.

Source: client 2.1.329, measured 2026-11-21
"""

from ..lazy import lazy

SEVERITY = "warning"
_FIRST = lazy(r"(?<![\\$\w])\$1(?!\w|[.,][0-9])")
_ZERO = lazy(r"(?<![\\$\w])\$(?:0(?![0-9.])|ARGUMENTS\[0\])")


def check(file, context):
    """A command that uses $1 and never $0 means the first one."""
    text = file.text
    front = file.front
    if front is None or not ("argument-hint" in front or "arguments" in front or "$2" in text or "$ARGUMENTS" in text):
        return  # `$1` may well be an amount of money
    if "$1" not in text or _ZERO.search(text, file.body_start):
        return
    for match in _FIRST.finditer(text, file.body_start):
        if file.prose.in_fence(match.start()):
            continue
        yield file.hit(match.span(), "$1 is the second argument; the first is $0")
        return
