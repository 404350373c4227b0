"""Transitions: the run, the roster, the ownership (PROTOCOL 1, 3)."""

from __future__ import annotations

from . import moves_result, moves_waves, tables, view, waves
from .kernel import LEAD, emit, guard, rule
from .consequences import acks_changed, agent_gone, end_agent, order_given, restart_teardown, roster_changed
from .guards_risks import answered
from .moves_teardown import begin_teardown
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, Effects, State


@rule("RUN_OPENED", (LEAD,), ("run_is_new",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["team"] = dict({k: v for k, v in data.items() if k != "start"}, opened=now)  # type: ignore[typeddict-item]  # this event's data is a Team
    if data.get("start"):
        moves_result.started(state, data["start"])
    state["phase"] = "DISCOVERY"
    if data.get("definition"):
        state["waves"] = waves.initial(data["definition"])
        if data.get("found"):
            state["waves"].update({"found": data["found"], "resumed_at": now})  # delivery is measured again, whatever was measured then
        state["phase"] = "EXECUTION"


@rule("RUN_RESUMED", (LEAD, "person"), ("run_is_live",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """Another main session leads now. Agents of a process that is gone are LOST; those that answer again are not."""
    # Only the user ends a pause: a new prompt of the same session resumes it too (SessionStart), and so may the lead.
    asked = actor["role"] == "person" or data.get("how") == "the user typed it"
    state["paused"] = state["paused"] and not asked
    state["team"]["resumed"] = True
    state["team"]["typed"] = data.get("how") == "the user typed it"
    if data.get("sealed"):
        state["team"]["sealed"] = data["sealed"]
    if "tools" in data:
        state["team"]["tools"] = data["tools"]
    if data.get("accepts"):
        state["tampered"] = {}  # seen by the user, and taken as it is
    if data.get("session"):
        state["team"]["session"] = data["session"]
        state["team"]["main"] = data.get("main")
    for key in ("headless", "client_pid"):
        if data.get(key) is not None:
            state["team"][key] = data[key]
    if data.get("client_pid") is not None:
        state["team"]["vouched"] = data.get("vouched")
    state["lead_mail"], state["lead_idle_news"] = 0, False
    if data.get("agents_gone") or data.get("agents_stopped"):
        state["nudges"] = {}  # what the dead client's models were told, those of this one have to be told again
    if view.waves(state) is not None:
        moves_waves.resumed(state, now, asked)
    for name in view.living(state):
        e = state["roster"][name]
        if data.get("agents_gone"):
            emit(effects, "AGENT_LOST", name=name, inc=e["inc"], why="the client's process ended")
        elif data.get("agents_stopped") and e["state"] == "SPAWNING":
            emit(effects, "SPAWN_FAILED", name=name, inc=e["inc"], why="the client's process ended")  # it will never be bound
        elif data.get("agents_stopped"):
            # Its process is gone, its context is not: a message revives it. What was queued for it is gone as well.
            e.update({"state": "IDLE", "mail": 0, **({"cut": True} if e["state"] == "ACTIVE" else {})})
            if name in state["requests"]:
                emit(effects, "SHUTDOWN_ACK", name=name, how="the client's process ended")  # it was to end with its turn (PROTOCOL 9)


@rule("RUN_PAUSED", (LEAD, "person"), ("run_is_live",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["paused"] = True


@rule("RUN_ABORTED", (LEAD, "person"), ("run_is_live", "abort_is_possible"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    for _number, t in view.tasks(state):
        if t["state"] not in tables.TERMINAL:
            t["state"] = "CANCELLED"
    begin_teardown(state, now, effects, aborted=True, reason=data.get("reason"))


@rule("RUN_CLOSED", ("person",), ("run_is_live",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """A person ends the run from outside: there may be no client left that could ask anybody to shut down."""
    for _number, t in view.tasks(state):
        if t["state"] not in tables.TERMINAL:
            t["state"] = "CANCELLED"
    state["teardown"].update({"aborted": True, "unresolved": sorted(view.living(state)), "reason": data.get("reason")})
    for name in view.living(state):
        state["roster"][name]["state"] = "LOST"
    state["phase"] = "CLOSED"


@rule("SPAWN_REQUESTED", (LEAD,), ("run_is_live", "spawn_is_in_its_place"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    old = state["roster"].get(data["name"])
    state["requests"].pop(data["name"], None)  # it was another incarnation that was asked to shut down
    state["roster"][data["name"]] = {
        "role": data["role"],
        "state": "SPAWNING",
        "inc": (old["inc"] if old else 0) + 1,
        "agent_id": None,
        "pane": False,
        "call": data.get("call"),
        "since": now,
        "seen": now,
        "mail": 0,
    }
    if data.get("orders"):
        state["roster"][data["name"]]["orders"] = data["orders"]  # what its prompt ordered, to be given once it is there (gate/facts.py)
    # In order of names, as in the snapshot: what is rendered from it must not depend on who came first.
    state["roster"] = dict(sorted(state["roster"].items()))
    if view.waves(state) is not None:
        moves_waves.spawned(state, data)
    if data["role"] == tables.RISK_TESTER:
        state["risks"]["testers"] += 1
    if data["role"] in tables.IMPLEMENTERS and state["phase"] == "SETUP":
        state["phase"] = "EXECUTION"


@guard
def spawn_is_pending(state: State, data: Data, actor: Actor) -> Refusal | None:
    e = view.entry(state, data["name"])
    if (
        e
        and (e["state"] == "SPAWNING" or e["pane"] and e["agent_id"] is None and e["state"] in tables.PRESENT)
        and (data.get("inc") or e["inc"]) == e["inc"]
    ):
        return None
    return Refusal("NOT_SPAWNING", "%r is not being spawned" % data["name"], e["state"] if e else "not in the roster", "")


@guard
def agent_is_unbound(state: State, data: Data, actor: Actor) -> Refusal | None:
    bound = state["agents"].get(data["agent_id"])
    if bound is None:
        return None
    return Refusal("ALREADY_BOUND", "agent %s is %s" % (data["agent_id"], bound[0]), "an id is bound once", "")


@rule("AGENT_BOUND", ("gate",), ("spawn_is_pending", "agent_is_unbound"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    e = state["roster"][data["name"]]
    e.update({"state": "ACTIVE", "agent_id": data["agent_id"], "seen": now})
    for key in (data["agent_id"], data.get("alias")):  # the client may have renamed it
        if key:
            state["agents"][key] = [data["name"], e["inc"]]
    roster_changed(state, effects)


@rule("PANE_OPENED", ("gate",), ("spawn_is_pending",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """A terminal pane is there and takes messages; which session it is shows at its first hook, a moment later."""
    state["roster"][data["name"]].update({"state": "ACTIVE", "pane": True})
    roster_changed(state, effects)


@rule("SPAWN_FAILED", ("gate",), ("spawn_is_pending",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    e = state["roster"][data["name"]]
    e["state"] = "LOST"
    if e["role"] == tables.RISK_TESTER:
        state["risks"]["testers"] -= 1
    if view.waves(state) is not None:
        moves_waves.ended(state, data["name"], "LOST")
    agent_gone(state, data["name"], "never started", now, effects)
    roster_changed(state, effects)


@guard
def incarnation_is_living(state: State, data: Data, actor: Actor) -> Refusal | None:
    e = view.entry(state, data["name"])
    if e and e["inc"] == data.get("inc", e["inc"]) and e["state"] in tables.LIVING:
        return None
    return Refusal("ENDED_AGENT", "%s is not alive" % data["name"], e["state"] if e else "not in the roster", "")


@rule("AGENT_ACTIVE", ("gate",), ("incarnation_is_living",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    e = state["roster"][data["name"]]
    e.update({"state": "ACTIVE", "seen": now, "mail": 0})
    e.pop("cut", None)


@rule("AGENT_IDLE", ("gate",), ("incarnation_is_living",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    e = state["roster"][data["name"]]
    if e["state"] == "ACTIVE" and not state["team"]["headless"]:
        state["lead_idle_news"] = True  # a terminal gives the lead a new turn for it; -p merges or drops such news (measured)
    e.update({"state": "IDLE", "seen": now})
    if state["team"]["headless"] and data["name"] in state["requests"]:
        emit(effects, "SHUTDOWN_ACK", name=data["name"], how="ended its turn")  # PROTOCOL 9: headless ack at the next stop


@rule("AGENT_ENDED", ("gate",), ("incarnation_is_living",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    if data["name"] in state["teardown"]["targets"] or data["name"] in state["requests"]:
        emit(effects, "SHUTDOWN_ACK", name=data["name"], how=data.get("why", "ended"))
        return
    end_agent(state, data["name"], "ENDED")
    roster_changed(state, effects)


@rule("AGENT_LOST", ("gate",), ("incarnation_is_living",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    e, risks = state["roster"][data["name"]], state["risks"]
    if (
        e["role"] == tables.RISK_TESTER
        and (e["state"] != "IDLE" or e.get("cut"))
        and not risks["results"]
        and not answered(state, data["name"])
    ):
        risks["testers"] -= 1  # it never reported: its risk is still untested
    end_agent(state, data["name"], "LOST")
    agent_gone(state, data["name"], "lost: " + data.get("why", ""), now, effects)
    roster_changed(state, effects)


@rule("STATE_OWNERSHIP_HANDOFF", (LEAD,), ("run_is_live", "handoff_target_is_supervisor", "handoff_epoch_is_minted"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    order_given(state, "STATE_OWNERSHIP_HANDOFF", data["to"])
    owner, e = state["owner"], state["roster"][data["to"]]
    if data["epoch"] <= owner["minted"]:
        emit(effects, "HANDOFF_DUPLICATE", epoch=data["epoch"], holder=data["to"])
        return
    if owner["state"] == "RECONCILE_LOCK":
        emit(effects, "RECONCILE_LOCK_EXIT", epoch=data["epoch"])
    state["owner"] = {"state": "OFFERED", "epoch": data["epoch"], "minted": data["epoch"], "holder": data["to"], "inc": e["inc"]}


@rule(
    "STATE_OWNERSHIP_ACK",
    (tables.SUPERVISOR,),
    ("sender_is_living",),
    epoch=("ack_has_an_offer", "ack_epoch_is_current", "ack_is_by_the_holder"),
)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["owner"]["state"] = "ACTIVE"
    if state["phase"] == "PLANNING":
        state["phase"] = "SETUP"
    acks_changed(state, now, effects)


@rule("HANDOFF_DUPLICATE", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    pass


@rule("OWNER_LOST", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["owner"]["state"] = "LOST"
    teardown = state["teardown"]
    if state["phase"] == "TEARDOWN" and teardown["state"] not in ("READY_TO_DELETE", "TEAM_DELETED"):
        restart_teardown(state, now)
        acks_changed(state, now, effects)


@rule("RECONCILE_LOCK_ENTER", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["owner"]["state"] = "RECONCILE_LOCK"


@rule("RECONCILE_LOCK_EXIT", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    pass
