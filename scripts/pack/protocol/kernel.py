"""The registries that everything else fills: guards by name, rules by event. And the three tools that transitions use."""

from __future__ import annotations

from . import tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from typing_extensions import Unpack
    from .literals import EventName
    from .state_types import Actor, AnyGuard, Apply, Data, Effects, Guard, Rule

LEAD = tables.LEAD
MAIN: Actor = {"name": LEAD, "role": LEAD, "inc": 0, "agent_id": None}  # the lead, as it acts
GATE: Actor = {"name": "gate", "role": "gate", "inc": 0, "agent_id": None}

GUARDS: dict[str, Guard] = {}  # name -> function(state, data, actor) -> None | Refusal; the explorer removes them one by one
RULES: dict[str, Rule] = {}  # event -> {"epoch": (...), "roles": (...)|None, "guards": (...), "apply": function}


def guard(function: AnyGuard) -> AnyGuard:
    """Register a guard under its own name."""
    GUARDS[function.__name__] = function
    return function


def rule(
    event: EventName, roles: tuple[str, ...] | None, guards: tuple[str, ...] = (), epoch: tuple[str, ...] = ()
) -> Callable[[Apply], Apply]:
    """Declare who may raise an event and what must hold; decorates the function that applies it."""

    def declare(function: Apply) -> Apply:
        RULES[event] = {"roles": roles, "guards": guards, "epoch": epoch, "apply": function}
        return function

    return declare


def clone(value: Any) -> Any:
    """A deep copy of JSON-shaped data (copy.deepcopy costs twenty times as much and an import). Most values are leaves: they are copied all
    at once, and what is in containers is then put in their place."""
    new = value.copy()
    for key, inner in value.items() if type(value) is dict else enumerate(value):
        kind = type(inner)
        if kind is dict or kind is list:
            new[key] = clone(inner) if inner else kind()
    return new


def emit(effects: Effects, event: EventName, /, **data: Unpack[Data]) -> None:
    """Add a consequence, raised by the gate itself."""
    effects.append(("emit", {"event": event, "actor": GATE, "data": data, "key": None}))
