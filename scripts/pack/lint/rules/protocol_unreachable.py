"""A state that no transition leads to

Whoever waits for it waits for ever; most often the transition was renamed and the state was not.

Bad `references/states.md`, `commands/build.md`:

    | State | Meaning |
    |---|---|
    | `OPEN` | new |
    | `IN_REVIEW` | waits for a reviewer |
    | `CLOSED` | terminal |

    | From | Event | To |
    |---|---|---|
    | `OPEN` | done | `CLOSED` |
    | `IN_REVIEW` | approved | `CLOSED` |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md).

Good `references/states.md`, `commands/build.md`:

    | State | Meaning |
    |---|---|
    | `OPEN` | new |
    | `IN_REVIEW` | waits for a reviewer |
    | `CLOSED` | terminal |

    | From | Event | To |
    |---|---|---|
    | `OPEN` | submitted | `IN_REVIEW` |
    | `IN_REVIEW` | approved | `CLOSED` |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md).

Source: this project
"""

from .. import machines

SEVERITY = "warning"
FILES = ("plugin",)


def check(plugin, context):
    """States that no path reaches from the first one, from one called initial, or from outside."""
    if not plugin.is_plugin:
        return
    for machine in machines.machines(plugin):
        reached = machine.reached()
        for name, (file, span) in machine.states.items():
            if name not in reached:
                yield file.hit(span, "no transition leads to %s" % name)
