"""Who may use a tool that the protocol does not know (PROTOCOL 8), as a pure function over a state."""

from __future__ import annotations

from . import tables, view
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, State

EVERYONE = "everyone"
CONFIGURED = ".claude/team.yaml"


def may_use(state: State, actor: Actor, tool: str, reads: bool = False) -> Refusal | None:
    """None when the actor may use an unknown tool now, else the Refusal. reads: it is a research server's reading tool."""
    role = actor["role"]
    if state["phase"] == "CLOSED" or role == "foreign":
        return None
    if role is None:
        return Refusal(
            "UNKNOWN_AGENT",
            "an agent that is not in the roster may not use %s" % tool,
            "team " + state["team"]["name"],
            "the lead spawns agents by name: Agent(subagent_type: \"team:ROLE\", name: ...)",
            tool,
        )
    allowed = (state["team"].get("tools") or {}).get(tool, ())
    if reads or EVERYONE in allowed or role in allowed:
        return None
    if role == tables.LEAD:
        if state["phase"] not in tables.DELEGATE_PHASES:
            return None
    elif role in tables.IMPLEMENTERS or view.waves(state) is not None:
        return None
    return Refusal(
        "TOOL_NOT_ALLOWED",
        "%s is a tool whose effects nobody here knows, and a %s writes nothing" % (tool, role),
        "phase %s; %s allows it to: %s" % (state["phase"], CONFIGURED, ", ".join(allowed) or "nobody"),
        ("give the work to a coder" if role == tables.LEAD else "ask a coder, or send QUESTION to the lead")
        + "; the user allows it by name in %s, which counts from the next run or `team resume`" % CONFIGURED,
        tool,
    )
