"""What follows from a change, wherever it was made: waits and owners after a roster change, rounds after an ack, a task's
next state after a verdict."""

from __future__ import annotations

from . import moves_waves, tables, view
from .kernel import GATE, GUARDS, emit
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .literals import EventName, RosterState, TaskState
    from .state_types import Effects, State, Task


def roster_changed(state: State, effects: Effects) -> None:
    """After every roster change: the owner, and every wait, are looked at again (H12)."""
    if state["teardown"]["state"] == "READY_TO_DELETE" and not view.living(state, tables.SUPERVISOR) and delivered(state):
        emit(effects, "TEAM_DELETED")  # the supervisor was the last
    owner = state["owner"]
    over = state["phase"] == "CLOSED" or state["teardown"]["state"] in ("READY_TO_DELETE", "TEAM_DELETED")
    if owner["holder"] and owner["state"] in ("OFFERED", "ACTIVE", "RECONCILE_LOCK") and not over:
        e = state["roster"].get(owner["holder"])
        if not e or e["inc"] != owner["inc"] or e["state"] not in tables.LIVING:
            emit(effects, "OWNER_LOST", holder=owner["holder"], epoch=owner["epoch"])
    if state["phase"] not in tables.OPEN_PHASES or state["mode"] is None:
        return
    for number, t in view.tasks(state):
        e = view.entry(state, t["owner"])
        gone = t["owner"] and (e is None or e["state"] not in tables.LIVING)
        if t["owner"] and gone and (t["state"] in tables.WORKING or t["cause"] == "IMPOSSIBLE_WAIT"):
            emit(effects, "STUCK_ESCALATED", task=number, cause="OWNER_GONE", who=t["owner"])
        elif gone and t["state"] not in tables.TERMINAL:
            t["owner"] = None  # also of one that waits for the lead: a namesake that comes later has not claimed it
        elif t["state"] in ("IN_REVIEW", "CHANGES_REQUESTED") and view.quorum(state, t)["absent"]:
            emit(effects, "IMPOSSIBLE_WAIT", task=number, absent=view.quorum(state, t)["absent"])
        elif t["state"] == "STUCK_ESCALATED" and t["cause"] == "IMPOSSIBLE_WAIT" and not view.quorum(state, t)["absent"]:
            emit(effects, "WAIT_RESUMED", task=number)


def order_given(state: State, event: EventName, to: str) -> None:
    """An order of a spawn's prompt is given once."""
    e = state["roster"].get(to)
    if e and e.get("orders"):
        e["orders"] = [o for o in e["orders"] if o[0] != event]
        if not e["orders"]:
            e.pop("orders")


def delivered(state: State) -> bool:
    """Whether what was seen of the result lets the run end (PROTOCOL 12): where it does not, the end waits, and whatever ended has ended."""
    return GUARDS["delivered_is_approved"](state, {}, GATE) is None


def end_agent(state: State, name: str, how: RosterState) -> None:
    state["roster"][name].update({"state": how, "mail": 0})
    state["roster"][name].pop("cut", None)
    if view.waves(state) is not None:
        moves_waves.ended(state, name, how)


def agent_gone(state: State, name: str, how: str, now: float, effects: Effects) -> None:
    """An agent that is no more cannot answer: as a target of the teardown it counts as acknowledged."""
    target = state["teardown"]["targets"].get(name)
    if target and not target["acked"]:
        target.update({"acked": True, "how": how})
        acks_changed(state, now, effects)


def move_task(t: Task, to: TaskState, now: float, cause: str | None = None) -> None:
    """Put a task into a state; the table of legal moves is the last word, whatever led here."""
    if to != t["state"] and to not in tables.TASK_STATES[t["state"]]:
        raise Refusal(
            "TASK_STATE",
            "a task cannot go from %s to %s" % (t["state"], to),
            "legal: " + (", ".join(tables.TASK_STATES[t["state"]]) or "none, it is terminal"),
            "",
            task=t["id"],
        )
    t.update({"state": to, "cause": cause, "since": now})


def settle_task(state: State, number: int, now: float, effects: Effects) -> None:
    """After a review event: the decision decides the state."""
    t = view.task(state, number)
    q = view.quorum(state, t)
    if q["absent"]:
        if t["state"] != "STUCK_ESCALATED":
            emit(effects, "IMPOSSIBLE_WAIT", task=number, absent=q["absent"])
    elif q["result"] == "APPROVED" and t["state"] != "APPROVED":
        move_task(t, "APPROVED", now)
    elif q["result"] == "PENDING" and t["state"] != "IN_REVIEW":
        move_task(t, "IN_REVIEW", now)
    elif q["result"] == "REJECTED":
        if t["state"] == "APPROVED":
            move_task(t, "IN_REVIEW", now)
        if t["state"] != "CHANGES_REQUESTED":
            move_task(t, "CHANGES_REQUESTED", now)
        if len(t["rounds"]) >= tables.limit("REVIEW_ROUNDS"):
            move_task(t, "REVIEW_LOOP", now)


def block_task(state: State, number: int, to: TaskState, now: float, cause: str | None = None) -> None:
    t = view.task(state, number)
    if t["cause"] == "IMPOSSIBLE_WAIT" and to in ("STUCK", "REVIEW_LOOP"):
        t["cause"] = to  # somebody says that it cannot go on: the approver's return does not settle that, only the lead does
    if t["state"] in tables.BLOCKED_ON_LEAD:
        return
    t["resume"] = t["state"]
    if to not in tables.TASK_STATES[t["state"]]:
        to = "STUCK_ESCALATED"
    move_task(t, to, now, cause)


def move_teardown(state: State, on: str) -> None:
    """Move the teardown; the table says where to, and what it does not know is refused, whatever led here."""
    teardown = state["teardown"]
    if on not in tables.TEARDOWN[teardown["state"]]:
        raise Refusal(
            "TEARDOWN_STATE",
            "%s does not happen in a teardown that is %s" % (on, teardown["state"]),
            "legal: " + (", ".join(tables.TEARDOWN[teardown["state"]]) or "nothing, the run is over"),
            "",
        )
    teardown["state"] = tables.TEARDOWN[teardown["state"]][on]


def restart_teardown(state: State, now: float, on: str = "RESTARTED") -> None:
    """TEARDOWN_INIT with the targets that are alive now; what was acknowledged has ended and is no target any more."""
    teardown = state["teardown"]
    move_teardown(state, on)
    teardown.update({"sends": 1, "sent_at": now, "ack_status": None, "unresolved": []})
    teardown["targets"] = {
        n: {"inc": state["roster"][n]["inc"], "acked": False, "sends": 0, "how": None, "rejections": 0}
        for n in view.living(state)
        if state["roster"][n]["role"] != tables.SUPERVISOR
    }


def acks_changed(state: State, now: float, effects: Effects) -> None:
    """After every change of targets, acks or owner: is the round complete, is the teardown?"""
    teardown = state["teardown"]
    if state["phase"] != "TEARDOWN" or teardown["state"] in ("READY_TO_DELETE", "TEAM_DELETED"):
        return
    missing = view.missing_acks(state)
    if not missing:
        if (teardown["aborted"] or view.owner_active(state) or view.waves(state) is not None) and delivered(state):
            emit(effects, "READY_TO_DELETE")
    elif "ALL_ASKED" in tables.TEARDOWN[teardown["state"]] and all(teardown["targets"][n]["sends"] >= teardown["sends"] for n in missing):
        move_teardown(state, "ALL_ASKED")
        teardown["sent_at"] = now
