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
from ..near import nearest

SEVERITY = "error"


def check(plugin, context):
    """Only where the same document declares its states in a table; in one of `State` and `Next` the rows are the states."""
    if not plugin.is_plugin:
        return
    for file in vocabulary.documents(plugin):
        states = vocabulary.states(file)
        if not states:
            continue
        for name, span in vocabulary.transition_cells(file):
            if name not in states:
                yield file.hit(span, "no state %r in the states table%s" % (name, nearest(name, states)))
    for file in vocabulary.documents(plugin):
        for states, name, span in vocabulary.next_cells(file) if file.kind != "skill" else ():
            if name not in states:
                yield file.hit(span, "no state %r in this table%s" % (name, nearest(name, states)), severity="warning")
