"""A transition to or from a state that the states table does not have

Bad `references/states.md`, `commands/build.md`:

    | State | Meaning |
    |---|---|
    | `OPEN` | new |
    | `CLOSED` | done |

    | From | Event | To |
    |---|---|---|
    | `OPEN` | done | `ARCHIVED` |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md).

Good `references/states.md`, `commands/build.md`:

    | State | Meaning |
    |---|---|
    | `OPEN` | new |
    | `CLOSED` | done |

    | From | Event | To |
    |---|---|---|
    | `OPEN` | done | `CLOSED` |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md).

Source: this project
"""

from .. import vocabulary
from ..lazy import lazy
from ..near import nearest

SEVERITY = "error"
FILES = ("plugin",)
_DRAWN = lazy(r"\b([A-Za-z][A-Za-z0-9_]{2,40}) *-->|--> *([A-Za-z][A-Za-z0-9_]{2,40})")


def check(plugin, context):
    """Only where the same document declares its states in a table; in one of `State` and `Next` the rows are the states."""
    if not plugin.is_plugin:
        return
    for file in vocabulary.tabled(plugin):
        states = vocabulary.states(file)
        if not states:
            continue
        for name, span in vocabulary.transition_cells(file):
            if name not in states:
                yield file.hit(span, "no state %r in the states table%s" % (name, nearest(name, states)))
    for file in vocabulary.tabled(plugin):
        for states, name, span in vocabulary.next_cells(file) if file.kind != "skill" else ():
            if name not in states:
                yield file.hit(span, "no state %r in this table%s" % (name, nearest(name, states)), severity="warning")
    yield from _drawn(plugin)


def _drawn(plugin):
    """The states of a Mermaid diagram beside a table that has most of them."""
    for file in vocabulary.tabled(plugin):
        states = vocabulary.states(file) if "stateDiagram" in file.text else ()
        for start, end, info in file.prose.fences if states else ():
            if not info.startswith("mermaid") or "stateDiagram" not in file.text[start:end]:
                continue
            found = [(match[match.lastindex], match.span(match.lastindex)) for match in _DRAWN.finditer(file.text, start, end)]
            strange = [(name, span) for name, span in found if name not in states]
            if 2 * len({name for name, _ in strange}) <= len({name for name, _ in found}):
                for name, span in strange:
                    yield file.hit(span, "no state %r in the states table%s" % (name, nearest(name, states)), severity="warning")
