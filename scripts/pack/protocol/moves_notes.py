"""Transitions: refusals, nudges, and what is only recorded for people."""

from __future__ import annotations

from . import tables, view
from .kernel import RULES, emit, guard, rule
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, Effects, State


def _count(table: dict[str, int], key: str) -> int:
    table[key] = table.get(key, 0) + 1
    return table[key]


def _refused(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """Nothing changes but the count; the same refusal too often is a matter for the lead (DESIGN rule 7)."""
    t = view.find_task(state, data.get("task"))
    count = _count(state["refusals"], "%s|%s|%s" % (actor["name"], data["code"], t and t["id"]))  # numbers of no task do not fill the state
    if count >= tables.limit("SAME_REFUSALS") and t and t["owner"] == actor["name"] and t["state"] in tables.WORKING:
        emit(effects, "STUCK_ESCALATED", task=data["task"], cause="REFUSED_TOO_OFTEN", who=actor["name"])


for _name in ("REFUSED", "HANDOFF_MISSING", "STALE_EPOCH"):
    RULES[_name] = {"roles": None, "guards": (), "epoch": (), "apply": _refused}


@rule("SPLIT_BRAIN_DETECTED", None)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    _refused(state, data, actor, now, effects)
    emit(effects, "RECONCILE_LOCK_ENTER", epoch=state["owner"]["epoch"])


@guard
def nudges_are_left(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["nudges"].get(data["who"] + "|" + data["step"], 0) < tables.limit("SAME_STEP_NUDGES"):
        return None
    return Refusal("NUDGED_ENOUGH", "%s was told %r often enough" % (data["who"], data["step"]), "", "the lead decides")


@rule("NUDGED", ("gate",), ("nudges_are_left",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    _count(state["nudges"], data["who"] + "|" + data["step"])


@rule("MAIL", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """Ordinary talk: step itself notes the delivery."""


@rule("LEAD_WOKE", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["lead_mail"] = max(0, state["lead_mail"] - data["news"])


@rule("LEAD_STOPPED", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["lead_idle_news"] = False


def _note(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """Recorded for people; the state does not change."""


@rule("STATE_DIVERGENCE", None)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """A file of the run's was mended already; one that enforces the run (pack/gate/tamper_check.py) holds up its end until the user has looked."""
    if data.get("enforces"):
        state["tampered"][data["name"]] = data["now"]


@rule("DELIVERY_FAILED", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """What was counted as mail when it was sent never came: nobody is woken by it."""
    e = view.entry(state, data.get("name"))
    if e and e["state"] == "IDLE":
        e["mail"] = max(0, e["mail"] - 1)
    elif data.get("name") == tables.LEAD:
        state["lead_mail"] = max(0, state["lead_mail"] - 1)


for _name in ("SUPERVISOR_REPORT", "SNAPSHOT_NOT_FOUND", "SNAPSHOT_CONFLICT", "RECONCILE_CONFLICT", "STATE_FROZEN"):
    RULES[_name] = {
        "roles": (tables.SUPERVISOR,) if _name == "SUPERVISOR_REPORT" else None,
        "apply": _note,
        "guards": ("sender_is_living",) if _name == "SUPERVISOR_REPORT" else (),
        "epoch": ("owner_is_not_fenced",) if _name == "SUPERVISOR_REPORT" else (),
    }
