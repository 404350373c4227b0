"""A state without an exit that is not declared terminal, or a terminal one with an exit

Work that gets there stays there, and nothing says that it should.

Bad `references/states.md`, `commands/build.md`:

    | State | Next |
    |---|---|
    | `OPEN` | `IN_REVIEW`, `BLOCKED` |
    | `IN_REVIEW` | `OPEN`, `CLOSED` |
    | `BLOCKED` | none |
    | `CLOSED` | none, terminal |
    ---8<---
    ---
    description: Builds the plan
    ---
    See [states](../references/states.md).

Good `references/states.md`, `commands/build.md`:

    | State | Next |
    |---|---|
    | `OPEN` | `IN_REVIEW`, `BLOCKED` |
    | `IN_REVIEW` | `OPEN`, `CLOSED` |
    | `BLOCKED` | `OPEN` |
    | `CLOSED` | none, terminal |
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
    """Where the tables mark terminal states, only those; else also states that are named like an end."""
    if not plugin.is_plugin:
        return
    for machine in machines.machines(plugin):
        for name, (file, span) in machine.states.items():
            out = sorted(machine.exits(name))
            if not out and not machine.is_final(name):
                yield file.hit(span, "%s has no exit and is not declared terminal" % name)
            elif name in machine.terminal and machine.marked and machine.moves.get(name, set()) - {name}:
                yield file.hit(span, "%s is declared terminal, yet leads to %s" % (name, ", ".join(out)))
