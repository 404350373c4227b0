"""The registries that everything else fills: guards by name, rules by event. And the three tools that transitions use."""

from . import tables

LEAD = tables.LEAD
GATE = {"name": "gate", "role": "gate", "inc": 0, "agent_id": None}

GUARDS = {}  # name -> function(state, data, actor) -> None | Refusal; the explorer removes them one by one
RULES = {}  # event -> {"epoch": (...), "roles": (...)|None, "guards": (...), "apply": function}


def guard(function):
    """Register a guard under its own name."""
    GUARDS[function.__name__] = function
    return function


def rule(event, roles, guards=(), epoch=()):
    """Declare who may raise an event and what must hold; decorates the function that applies it."""

    def declare(function):
        RULES[event] = {"roles": roles, "guards": guards, "epoch": epoch, "apply": function}
        return function

    return declare


def clone(value):
    """A deep copy of JSON-shaped data (copy.deepcopy costs ten times as much and an import)."""
    if type(value) is dict:
        return {k: clone(v) if type(v) in (dict, list) else v for k, v in value.items()}
    return [clone(v) if type(v) in (dict, list) else v for v in value]


def emit(effects, event, **data):
    """Add a consequence, raised by the gate itself."""
    effects.append(("emit", {"event": event, "actor": GATE, "data": data, "key": None}))
