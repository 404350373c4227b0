"""Guards: the completion gate and the teardown (PROTOCOL 8, 9)."""

from __future__ import annotations

from . import tables, verification, view
from .kernel import guard
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, State


@guard
def every_task_is_terminal(state: State, data: Data, actor: Actor) -> Refusal | None:
    left = view.open_tasks(state)
    if not left:
        return None
    return Refusal(
        "OPEN_TASKS",
        "%d task(s) are open" % len(left),
        ", ".join("#%d %s" % (n, view.task(state, n)["state"]) for n in left),
        "finish or cancel them",
    )


@guard
def verified_on_this_tree(state: State, data: Data, actor: Actor) -> Refusal | None:
    verify = state["verify"]
    if verify and verify["ok"] and verify["tree"] == data["tree"]:
        return None
    seen = (
        "never run"
        if not verify
        else verification.failure_text(verify)
        if not verify["ok"]
        else "passed on tree %s, present tree %s" % (verify["tree"], data["tree"])
    )
    return Refusal(
        "NOT_VERIFIED",
        "build and tests have not passed on the present tree",
        seen,
        "run `pack verify --build CMD --test CMD`; a failure needs a fix task (`pack task add`)",
    )


@guard
def conventions_changed(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data.get("conventions") and data["conventions"] != state["team"].get("conventions"):
        return None
    return Refusal(
        "NO_CONVENTIONS",
        ".conventions/ %s"
        % ("says nothing that it did not say before this run" if data.get("conventions") else "does not exist or says nothing"),
        "a gold standard, anti-pattern, check, tool chain or decision needs a real line more, or another one",
        "let a coder do the conventions task, then verify again",
    )


@guard
def consistency_is_ok(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["mode"] not in tables.VALIDATED_MODES or state["consistency"] == "OK":
        return None
    return Refusal(
        "CONSISTENCY_OPEN",
        "the tech lead has not said CONSISTENCY OK",
        "mode %s, %s" % (state["mode"], state["consistency"]),
        "ask the tech lead for the cross-task consistency check",
    )


def tampered_text(state: State) -> str:
    """What was changed, for people."""
    names = sorted(n.replace("settings:", "") for n in state["tampered"])
    return ", ".join(names[:6]) + (" and %d more" % (len(names) - 6) if len(names) > 6 else "")


@guard
def enforcement_is_whole(state: State, data: Data, actor: Actor) -> Refusal | None:
    """What was recorded while the rules themselves may have been other ones is not finished without the user's word."""
    if not state["tampered"]:
        return None
    return Refusal(
        "TAMPERED",
        "what enforces the run was changed while it ran: %s" % tampered_text(state),
        "not by the hooks",
        "tell the user: `pack doctor` shows it, and only the user, by typing `team resume`, lifts this",
    )


@guard
def teardown_not_begun(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["teardown"]["state"] in ("NONE", "TEARDOWN_INIT") and state["phase"] in tables.OPEN_PHASES:
        return None
    if data.get("retry") and state["phase"] == "FAILED_SAFE":
        return None
    return Refusal(
        "TEARDOWN_STATE",
        "the teardown is %s" % state["teardown"]["state"],
        "phase " + state["phase"],
        "see `pack status`; `pack teardown retry` begins again after TEARDOWN_FAILED_SAFE",
    )


@guard
def summary_is_persisted(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data.get("persisted"):
        return None
    return Refusal(
        "NOT_PERSISTED",
        "summary and decisions could not be written",
        "the team's folder is not writable",
        "mend the folder (space, rights), then `pack teardown` again",
    )


@guard
def failed_safe(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["phase"] == "FAILED_SAFE":
        return None
    return Refusal("TEARDOWN_STATE", "there is nothing to retry", "phase %s" % state["phase"], "`pack teardown` begins a teardown")


@guard
def abort_is_possible(state: State, data: Data, actor: Actor) -> Refusal | None:
    held = state["phase"] == "TEARDOWN" and state["result"]["open"]  # at its end, which something that nobody approved holds up
    if state["phase"] == "FAILED_SAFE" or held or state["teardown"]["state"] not in ("READY_TO_DELETE", "TEAM_DELETED"):
        return None
    return Refusal(
        "TEARDOWN_STATE",
        "the run is past aborting",
        "teardown " + state["teardown"]["state"],
        "shut the supervisor down; the run is finished then",
    )


@guard
def target_is_known(state: State, data: Data, actor: Actor) -> Refusal | None:
    e = view.entry(state, data["to"])
    if e and e["state"] in tables.LIVING:
        return None
    return Refusal(
        "ENDED_AGENT",
        "%r is not alive" % data["to"],
        e["state"] if e else "not in the roster",
        "living: " + (", ".join(view.living(state)) or "nobody"),
    )


@guard
def shutdown_is_in_its_place(state: State, data: Data, actor: Actor) -> Refusal | None:
    """Supervisor last (H17); in a teardown only its targets; before it only agents whose work is done."""
    e, teardown = state["roster"][data["to"]], state["teardown"]
    if e["role"] == tables.SUPERVISOR:
        if teardown["state"] == "READY_TO_DELETE" or not view.owner_active(state) and state["phase"] in tables.OPEN_PHASES:
            return None
        return Refusal(
            "SUPERVISOR_LAST",
            "the supervisor is shut down last",
            "teardown %s, missing acks: %s" % (teardown["state"], ", ".join(view.missing_acks(state)) or "none"),
            "shut the others down first" if teardown["state"] != "NONE" else "begin with `pack teardown`",
        )
    if state["phase"] in tables.OPEN_PHASES:
        open_ones = view.owned(state, data["to"])
        need = [n for n in view.open_tasks(state) if state["mode"] and e["role"] in view.required(state, view.task(state, n))]
        if not open_ones and not need:
            return None
        return Refusal(
            "EARLY_SHUTDOWN",
            "%s is still needed" % data["to"],
            "open tasks: " + ", ".join("#%d" % n for n in open_ones or need),
            "finish the work and pass `pack teardown`, or `pack abort --reason WHY`",
        )
    return None


@guard
def shutdown_has_no_open_task(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["phase"] in tables.OPEN_PHASES or state["teardown"]["aborted"]:
        return None
    return every_task_is_terminal(state, data, actor)


@guard
def shutdown_round_allows(state: State, data: Data, actor: Actor) -> Refusal | None:
    """At most three sends to one target, the next one only when the last has waited its 60 s (H18)."""
    target = state["teardown"]["targets"].get(data["to"])
    if state["phase"] != "TEARDOWN" or target is None or target["sends"] < state["teardown"]["sends"]:
        return None
    return Refusal(
        "RETRY_TOO_EARLY",
        "%s was asked %d time(s) already" % (data["to"], target["sends"]),
        "teardown %s, send %d of %d" % (state["teardown"]["state"], state["teardown"]["sends"], tables.limit("ACK_RETRY_ROUNDS")),
        "end your turn and wait; after %d s without an answer it may be asked again" % tables.limit("ACK_RETRY_TIMEOUT_SEC")
        if state["teardown"]["sends"] < tables.limit("ACK_RETRY_ROUNDS")
        else "wait for FORCED_FINALIZE_CANDIDATE and answer it",
    )


@guard
def response_answers_a_request(state: State, data: Data, actor: Actor) -> Refusal | None:
    known = state["requests"].get(actor["name"])
    if known and data["request_id"] in known:
        return None
    return Refusal(
        "WRONG_REQUEST_ID",
        "no shutdown request %r was made to %s" % (data["request_id"], actor["name"]),
        "open: " + (", ".join(known) if known else "none"),
        "answer with the request_id you were given",
    )


@guard
def candidate_is_due(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["teardown"]["state"] == "FORCED_FINALIZE_CANDIDATE":
        return None
    return Refusal(
        "NOT_A_CANDIDATE",
        "forced finalize is not open",
        "teardown %s, sends %d of %d, missing: %s"
        % (
            state["teardown"]["state"],
            state["teardown"]["sends"],
            tables.limit("ACK_RETRY_ROUNDS"),
            ", ".join(view.missing_acks(state)) or "none",
        ),
        "it opens when the third send has waited 60 s",
    )


@guard
def wait_is_overdue(state: State, data: Data, actor: Actor) -> Refusal | None:
    teardown = state["teardown"]
    if teardown["state"] == "WAITING_ACKS" and view.missing_acks(state):
        return None
    return Refusal("TEARDOWN_STATE", "nothing is overdue", "teardown " + teardown["state"], "")


@guard
def nothing_is_missing(state: State, data: Data, actor: Actor) -> Refusal | None:
    missing = view.missing_acks(state)
    if state["teardown"]["ack_status"] == "FORCED_FINALIZE_APPROVED" or not missing:
        return None
    return Refusal("ACKS_MISSING", "acknowledgements are missing", ", ".join(missing), "wait for them")


@guard
def teardown_is_ready(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["teardown"]["state"] == "READY_TO_DELETE":
        return None
    return Refusal(
        "TEARDOWN_STATE",
        "the team cannot be deleted",
        "teardown %s, missing acks: %s" % (state["teardown"]["state"], ", ".join(view.missing_acks(state)) or "none"),
        "reach READY_TO_DELETE first",
    )


@guard
def nobody_lives(state: State, data: Data, actor: Actor) -> Refusal | None:
    left = [n for n in view.living(state) if n not in state["teardown"]["unresolved"]]
    if not left:
        return None
    return Refusal("LIVING_TARGET", "agents are still alive", ", ".join(left), "shut them down first")


@guard
def new_work_is_possible(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["phase"] in tables.OPEN_PHASES:
        return None
    if state["phase"] == "TEARDOWN" and state["teardown"]["state"] != "READY_TO_DELETE" and not state["teardown"]["aborted"]:
        return None
    return Refusal(
        "PHASE",
        "no new task in phase %s" % state["phase"],
        "teardown " + state["teardown"]["state"],
        "finish the teardown; open a new run for more work",
    )
