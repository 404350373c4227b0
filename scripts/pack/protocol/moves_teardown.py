"""Transitions: completion, teardown, timers (PROTOCOL 8, 9; H16-H24)."""

from __future__ import annotations

from . import advice, tables, verification, view, watch
from .kernel import GATE, GUARDS, LEAD, emit, guard, rule
from .consequences import acks_changed, end_agent, move_teardown, restart_teardown, roster_changed
from .guards_who import owner_is_active_or_aborting
from .guards_teardown import candidate_is_due, wait_is_overdue
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, Due, Effects, State


@rule("VERIFY_STARTED", (LEAD,), ("run_is_open", "plan_is_registered"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["verify"] = {
        "ok": False,
        "tree": None,
        "nonce": data["nonce"],
        "build": {"command": data["build"], "exit": None},
        "test": {"command": data["test"], "exit": None},
    }


@guard
def verification_was_started(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["verify"] and state["verify"]["nonce"] and state["verify"]["nonce"] == data["nonce"]:
        return None
    return Refusal("VOUCHER", "no verification waits for this result", "", "run `pack verify --build CMD --test CMD` again")


@rule("VERIFIED", ("gate",), ("verification_was_started",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    verify = state["verify"]
    assert verify is not None  # `verification_was_started`
    verify["build"]["exit"], verify["test"]["exit"] = data["build_exit"], data["test_exit"]
    verify.update(verification.taken_in(data))  # type: ignore[typeddict-item]  # a Verify holds a Measured
    verify.update({"tree": data["tree"], "nonce": None, "ok": verification.passed(data)})


@rule("CONSISTENCY_OK", (tables.TECH_LEAD,), ("sender_is_living", "run_is_open", "plan_is_registered"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["consistency"] = "OK"


@rule("CONSISTENCY_CHANGES", (tables.TECH_LEAD,), ("sender_is_living", "run_is_open", "plan_is_registered"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["consistency"] = "CHANGES"


def begin_teardown(state: State, now: float, effects: Effects, aborted: bool = False, reason: str | None = None) -> None:
    state["phase"] = "TEARDOWN"
    state["teardown"]["attempt"] += 1
    state["teardown"].update({"aborted": aborted or state["teardown"]["aborted"], "reason": reason})
    state["requests"] = {}
    restart_teardown(state, now, "BEGUN")
    acks_changed(state, now, effects)


# What "finished" means, by the kind of team: guard names, checked in order.
COMPLETION_RULES = {
    "tasks": (
        "plan_is_registered",
        "owner_is_active",
        "every_task_is_terminal",
        "verified_on_this_tree",
        "conventions_changed",
        "consistency_is_ok",
        "enforcement_is_whole",
        "result_is_approved",
    ),
    "waves": ("waves_are_over", "enforcement_is_whole"),
}


@guard
def completion_gate_passes(state: State, data: Data, actor: Actor) -> Refusal | None:
    """All guards of the team's kind, in order."""
    for name in COMPLETION_RULES["tasks" if view.waves(state) is None else "waves"]:
        refusal = GUARDS[name](state, data, actor)
        if refusal is not None:
            return refusal
    return None


@rule("TEARDOWN_INIT", (LEAD,), ("run_is_live", "teardown_not_begun", "completion_gate_passes", "summary_is_persisted"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    begin_teardown(state, now, effects)


@rule(
    "SHUTDOWN_REQUESTED",
    (LEAD,),
    (
        "run_is_live",
        "target_is_known",
        "shutdown_is_in_its_place",
        "shutdown_has_no_open_task",
        "shutdown_round_allows",
        "supervisor_ends_a_proved_run",
    ),
)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    name, teardown = data["to"], state["teardown"]
    state["requests"].setdefault(name, [])
    target = teardown["targets"].get(name)
    if target and state["phase"] == "TEARDOWN":
        target["sends"] = max(target["sends"] + 1, teardown["sends"])
        move_teardown(state, "SHUTDOWN_REQUESTED")
        acks_changed(state, now, effects)
    if state["team"]["headless"] and state["roster"][name]["state"] == "IDLE":
        emit(effects, "SHUTDOWN_ACK", name=name, how="not running")  # the client never delivers it (CLIENT 10.1)


@rule("SHUTDOWN_ID", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["requests"].setdefault(data["name"], []).append(data["request_id"])


@rule("SHUTDOWN_RESPONSE", None, ("response_answers_a_request",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    if data["approve"]:
        emit(effects, "SHUTDOWN_ACK", name=actor["name"], how="agreed")
    else:
        emit(effects, "SHUTDOWN_REJECTED", name=actor["name"], reason=data.get("reason", ""))


@rule("SHUTDOWN_ACK", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    name, teardown = data["name"], state["teardown"]
    state["requests"].pop(name, None)
    if state["phase"] == "CLOSED" or name not in state["roster"] or state["roster"][name]["state"] not in tables.LIVING:
        return  # a late ack changes nothing (H22)
    end_agent(state, name, "ENDED")
    target = teardown["targets"].get(name)
    if target:
        target.update({"acked": True, "how": data["how"]})
        teardown["unresolved"] = [n for n in teardown["unresolved"] if n != name]
    if target and state["phase"] == "TEARDOWN":
        acks_changed(state, now, effects)
    roster_changed(state, effects)


@rule("SHUTDOWN_REJECTED", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    target = state["teardown"]["targets"].get(data["name"])
    state["requests"].pop(data["name"], None)
    if target:
        target["how"] = "rejected: " + data["reason"][:200]
        target["rejections"] += 1
        if target["rejections"] <= tables.limit("ACK_RETRY_ROUNDS"):
            target["sends"] -= 1  # it did answer: once its reason is settled it may be asked again without waiting


@rule("TEARDOWN_RETRYING", ("gate",), ("wait_is_overdue",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    move_teardown(state, "TEARDOWN_RETRYING")
    state["teardown"].update({"sends": state["teardown"]["sends"] + 1, "sent_at": now})


@rule("FORCED_FINALIZE_CANDIDATE", (tables.SUPERVISOR, "gate"), ("candidate_may_open",), epoch=("owner_is_not_fenced",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    if state["teardown"]["state"] != "FORCED_FINALIZE_CANDIDATE":
        state["teardown"]["sent_at"] = now  # said again, it does not wait anew
    move_teardown(state, "FORCED_FINALIZE_CANDIDATE")


@guard
def candidate_may_open(state: State, data: Data, actor: Actor) -> Refusal | None:
    if actor["role"] == "gate":
        return wait_is_overdue(state, data, actor)
    return candidate_is_due(state, data, actor)


@rule(
    "FORCED_FINALIZE_ACK", (LEAD,), ("candidate_is_due", "every_task_is_terminal", "owner_is_active_or_aborting", "delivered_is_approved")
)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    teardown = state["teardown"]
    teardown.update({"ack_status": "FORCED_FINALIZE_APPROVED", "unresolved": view.missing_acks(state)})
    emit(effects, "READY_TO_DELETE")


@rule("FORCED_FINALIZE_DENY", (LEAD,), ("candidate_is_due",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    emit(effects, "TEARDOWN_FAILED_SAFE", why="the lead denied the forced finalize", missing=view.missing_acks(state))


@rule("READY_TO_DELETE", ("gate",), ("nothing_is_missing", "every_task_is_terminal", "delivered_is_approved"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    move_teardown(state, "READY_TO_DELETE")
    if not view.living(state, tables.SUPERVISOR):
        emit(effects, "TEAM_DELETED")


@rule("TEAM_DELETED", ("gate",), ("teardown_is_ready", "every_task_is_terminal", "nobody_lives", "delivered_is_approved"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    move_teardown(state, "TEAM_DELETED")
    for name in state["teardown"]["unresolved"]:
        if state["roster"][name]["state"] in tables.LIVING:
            end_agent(state, name, "LOST")
    state["phase"] = "CLOSED"


@rule("TEARDOWN_FAILED_SAFE", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    move_teardown(state, "TEARDOWN_FAILED_SAFE")
    state["phase"] = "FAILED_SAFE"


@rule("TEARDOWN_RETRY", (LEAD, "person"), ("failed_safe",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    begin_teardown(state, now, effects)


def due(state: State, now: float) -> Due:
    """Events that time alone has made due: [(event, data)]."""
    out: Due = []
    if view.team(state) is None or state["phase"] == "CLOSED":
        return out
    for name, e in state["roster"].items():
        unborn = e["state"] == "SPAWNING" or e["pane"] and e["agent_id"] is None and e["state"] in tables.PRESENT
        if unborn and now - e["since"] > tables.limit("SPAWN_TIMEOUT_SEC"):
            out.append(("SPAWN_FAILED", {"name": name, "inc": e["inc"], "why": "never started"}))
    out += watch.due(state, now, advice.steps)
    teardown = state["teardown"]
    waited = now - teardown["sent_at"]
    if (
        state["phase"] == "TEARDOWN"
        and teardown["state"] == "WAITING_ACKS"
        and view.missing_acks(state)
        and waited >= tables.limit("ACK_RETRY_TIMEOUT_SEC")
    ):
        if teardown["sends"] < tables.limit("ACK_RETRY_ROUNDS"):
            out.append(("TEARDOWN_RETRYING", {"missing": view.missing_acks(state)}))
        elif owner_is_active_or_aborting(state, {}, GATE) is None:
            out.append(("FORCED_FINALIZE_CANDIDATE", {"missing": view.missing_acks(state)}))
    if teardown["state"] == "FORCED_FINALIZE_CANDIDATE" and waited >= tables.limit("CANDIDATE_TIMEOUT_SEC"):
        out.append(("TEARDOWN_FAILED_SAFE", {"why": "no answer to FORCED_FINALIZE_CANDIDATE", "missing": view.missing_acks(state)}))
    return out


@rule("TICK", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """One thing after the other: the first may settle the next (a target that never started was the last missing ack), and an
    event that no longer applies would be refused, and the whole tick with it, for ever."""
    todo = due(state, now)
    for event, payload in todo[:1]:
        emit(effects, event, **payload)
    if todo[1:]:
        emit(effects, "TICK")
