"""Transitions: planning and tasks (PROTOCOL 4, 5, 6, 8)."""

from __future__ import annotations

from . import tables, view
from .kernel import GUARDS, LEAD, clone, emit, guard, rule
from .consequences import block_task, move_task, order_given, restart_teardown, settle_task
from .moves_risks import risk_change
from .plan import check_overlap, check_reviewers, classify, is_conventions, sensitive_areas
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .literals import TaskState
    from .state_types import Actor, Data, Effects, PlannedTask, State, Task


def _task_record(t: PlannedTask) -> Task:
    return {
        **t,
        "state": "PENDING",
        "owner": None,
        "revision": None,
        "approvals": {},
        "requests": {},
        "rounds": [],
        "touched": [],
        "cause": None,
        "resume": None,
        "since": 0,
        # the result (moves_result.py): is what is there what was approved; roles whose request a write has voided; gated commits
        "content": None,
        "drift": [],
        "sealed": None,
        "void": [],
        "commits": [],
    }


@rule("PLAN_REGISTERED", (LEAD,), ("run_is_open", "plan_is_early"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    tasks = {int(k): t for k, t in data["tasks"].items()}
    result = classify(tasks, data["facts"])
    ladder = (tables.SIMPLE, tables.MEDIUM, tables.COMPLEX)
    if state["mode"] in ladder and ladder.index(state["mode"]) > ladder.index(result["mode"]):
        stays = result["text"] + "\n  (stays %s: a new plan never lowers it)" % state["mode"]
        result = {**result, "mode": state["mode"], "text": stays}
    for t in tasks.values():
        if is_conventions(t) and not t["reviewers"]:
            # It goes through the same review; quality is its subject. Only among reviewers that the plan uses at all.
            named = sorted({r for other in tasks.values() for r in other["reviewers"]})
            t["reviewers"] = [tables.QUALITY] if tables.QUALITY in named or not named else named[:1]
    check_reviewers(tasks, result["mode"])
    state["tasks"] = {str(n): _task_record(t) for n, t in tasks.items()}
    state["mode"], state["classification"] = result["mode"], result
    state["definition_of_done"] = data["definition_of_done"]
    state["plan"] = {"registered": True, "asked": False, "ok": None}
    state["risks"].update(
        {"asked": False, "counts": None, "results": False, "mitigated": False, "list": [], "verdicts": {}, "decided": [], "changed": []}
    )
    state["risks"]["testers"] = len(view.living(state, tables.RISK_TESTER))  # who has gone tested another plan's risks
    state["phase"] = "SETUP" if view.owner_active(state) else "PLANNING"


@rule("VALIDATE_PLAN", (LEAD,), ("run_is_open", "plan_is_registered", "mode_is_validated"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    order_given(state, "VALIDATE_PLAN", data["to"])
    state["plan"]["asked"] = True


@rule("PLAN_OK", (tables.TECH_LEAD,), ("sender_is_living", "plan_was_asked"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["plan"].update({"ok": True, "asked": False})


@rule("PLAN_CHANGES", (tables.TECH_LEAD,), ("sender_is_living", "plan_was_asked"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["plan"].update({"ok": False, "asked": False})


_OPERATIONAL = ("sender_is_living", "run_is_open", "owner_is_active", "task_exists")


_BY_OWNER = _OPERATIONAL + ("task_is_the_senders",)


def _claim(state: State, number: int, name: str, now: float) -> None:
    t = view.task(state, number)
    t["owner"] = name
    move_task(t, "IN_PROGRESS", now)
    if state["phase"] == "SETUP":
        state["phase"] = "EXECUTION"


@rule("CLAIM", tables.IMPLEMENTERS, _OPERATIONAL + ("claim_in_execution", "task_is_unblocked", "task_is_free", "coder_has_no_other_task"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    _claim(state, data["task"], actor["name"], now)


@rule("IN_REVIEW", tables.IMPLEMENTERS, _BY_OWNER + ("task_may_go_to_review", "work_is_present"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    t["revision"] = data["revision"]
    if t["state"] == "IN_PROGRESS":
        move_task(t, "IN_REVIEW", now)
    settle_task(state, data["task"], now, effects)


@rule("REVIEW", tables.IMPLEMENTERS, _BY_OWNER + ("task_may_go_to_review", "work_is_present", "receiver_is_required", "changes_were_made"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    t["revision"] = data["revision"]
    role = state["roster"][data["to"]]["role"]
    t["requests"][role] = data["revision"]
    t["void"] = [r for r in t["void"] if r != role]
    if t["state"] == "IN_PROGRESS":
        move_task(t, "IN_REVIEW", now)
    settle_task(state, data["task"], now, effects)


_VERDICT = _OPERATIONAL + ("approver_is_required", "task_is_in_review", "review_was_asked", "verdict_goes_to_coder")


@rule("APPROVED", tables.APPROVERS, _VERDICT + ("reviewed_revision_is_present", "request_still_holds"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    t["revision"] = data["revision"]
    t["approvals"][actor["role"] or ""] = {"verdict": "APPROVED", "revision": data["revision"], "name": actor["name"], "inc": actor["inc"]}
    settle_task(state, data["task"], now, effects)


@rule("CHANGES_REQUESTED", tables.APPROVERS, _VERDICT)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    role = actor["role"] or ""  # always one: `approver_is_required`
    revision = t["requests"][role]
    t["approvals"][role] = {"verdict": "CHANGES_REQUESTED", "revision": revision, "name": actor["name"], "inc": actor["inc"]}
    # Two reviewers of one content are one round, a late one too; the same content handed in once more is a new one.
    if revision not in t["rounds"] or revision == t["revision"] != t["rounds"][-1]:
        t["rounds"].append(revision)
    if t["state"] == "STUCK_ESCALATED":
        return  # the wait is settled when the missing role is there
    if revision == t["revision"]:
        settle_task(state, data["task"], now, effects)
        return
    # Findings on an older revision are findings all the same: the coder has to answer them.
    if t["state"] == "APPROVED":
        move_task(t, "IN_REVIEW", now)
    move_task(t, "CHANGES_REQUESTED", now)
    if len(t["rounds"]) >= tables.limit("REVIEW_ROUNDS"):
        move_task(t, "REVIEW_LOOP", now)


@rule("DONE", tables.IMPLEMENTERS, _BY_OWNER + ("task_is_approved", "commit_is_as_approved", "next_claim_is_legal"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    move_task(view.task(state, data["task"]), "DONE", now)
    claims = data.get("claims")
    if claims is not None:
        _claim(state, claims, actor["name"], now)
    _maybe_complete(state)


@guard
def next_claim_is_legal(state: State, data: Data, actor: Actor) -> Refusal | None:
    claims = data.get("claims")
    if claims is None:
        return None
    after: Data = {"task": claims, "after": data["task"]}
    done = clone(state)
    view.task(done, data["task"])["state"] = "DONE"  # the claim follows the DONE of the same line
    for g in ("task_exists", "task_is_unblocked", "task_is_free", "coder_has_no_other_task"):
        refusal = GUARDS[g](done, after, actor)
        if refusal is not None:
            return refusal
    return None


def _maybe_complete(state: State) -> None:
    if state["phase"] in ("SETUP", "EXECUTION") and all(t["state"] in tables.TERMINAL for t in state["tasks"].values()):
        state["phase"] = "COMPLETION"


_TROUBLE = ("sender_is_living", "run_is_open", "owner_is_active", "task_exists", "task_is_the_senders", "task_is_being_worked")


@rule("STUCK", tables.IMPLEMENTERS + (tables.SUPERVISOR,), _TROUBLE, epoch=("owner_is_not_fenced",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    block_task(state, data["task"], "STUCK", now)


@rule("REVIEW_LOOP", tables.IMPLEMENTERS + (tables.SUPERVISOR,), _TROUBLE, epoch=("owner_is_not_fenced",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    block_task(state, data["task"], "REVIEW_LOOP", now)


@rule(
    "IMPOSSIBLE_WAIT",
    tables.IMPLEMENTERS + (tables.SUPERVISOR, "gate"),
    ("sender_is_living", "task_exists", "wait_is_impossible"),
    epoch=("owner_is_not_fenced",),
)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    if view.task(state, data["task"])["state"] not in tables.TERMINAL + ("PENDING",):
        block_task(state, data["task"], "STUCK_ESCALATED", now, "IMPOSSIBLE_WAIT")


@rule("STUCK_ESCALATED", ("gate",), ("task_exists",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    if t["state"] in tables.WORKING:
        block_task(state, data["task"], "STUCK_ESCALATED", now, data["cause"])
    if data["cause"] == "OWNER_GONE":
        t["owner"] = None
        if t["state"] == "STUCK_ESCALATED":
            t["cause"] = "OWNER_GONE"  # also where it waited for an approver: with that one back nobody would be left to go on


@rule("WAIT_RESUMED", ("gate",), ("task_exists",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    move_task(t, "IN_REVIEW", now)
    settle_task(state, data["task"], now, effects)


@rule("PATTERN_DOES_NOT_FIT", tables.IMPLEMENTERS, ("sender_is_living", "run_is_open", "task_exists", "task_is_the_senders"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """Recorded, and counted in the summary: an escalation instead of a silent deviation."""


@rule("QUESTION", tables.IMPLEMENTERS, ("sender_is_living",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    pass


@rule(
    "ESCALATE_TO_MEDIUM",
    (tables.UNIFIED,) + tables.IMPLEMENTERS + (tables.SUPERVISOR,),
    ("sender_is_living", "run_is_open", "owner_is_active", "task_exists", "mode_can_escalate"),
    epoch=("owner_is_not_fenced",),
)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["escalations"].append({"task": data["task"], "by": actor["name"]})
    if state["mode"] == tables.ESCALATED:
        return
    state["mode"] = tables.ESCALATED  # latches: nothing lowers it again (H14)
    for number, t in view.tasks(state):
        if t["state"] == "APPROVED":
            move_task(t, "IN_REVIEW", now)
        if t["state"] in ("IN_REVIEW", "CHANGES_REQUESTED"):
            settle_task(state, number, now, effects)


@rule("TASK_ASSIGNED", (LEAD,), ("run_is_open", "owner_is_active", "task_exists", "task_is_open", "assignee_is_implementer"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    same = t["owner"] == data["to"]
    if same and t["state"] in tables.WORKING:
        return  # it is at work on it: put back to PENDING it could be claimed beside another one
    t["owner"] = data["to"]
    t["rounds"] = []
    if t["state"] != "PENDING":
        back = same and t["state"] in tables.BLOCKED_ON_LEAD
        t.update({"state": _goes_on(state, data["task"]) if back else "PENDING", "cause": None, "since": now})


def _goes_on(state: State, number: int) -> TaskState:
    """Where a blocked task stands once the lead has decided: at work again, but for an owner that took another one meanwhile (or for none)."""
    owner = view.task(state, number)["owner"]
    free = owner and not [n for n in view.owned(state, owner, tables.WORKING) if n != number]
    return "IN_PROGRESS" if free else "PENDING"


@rule("TASK_CANCELLED", (LEAD,), ("run_is_open", "owner_is_active", "task_exists", "task_is_open", "not_the_conventions_task"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    move_task(view.task(state, data["task"]), "CANCELLED", now)
    _maybe_complete(state)


@rule(
    "TASK_RESCOPED",
    (LEAD,),
    ("run_is_open", "owner_is_active", "task_exists", "task_is_open", "rescope_keeps_files_apart", "rescope_only_raises"),
)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    t["files"], t["reviewers"] = data["files"], data["reviewers"]
    named = set(t.get("sensitive") or ()).union(data.get("sensitive") or ())  # by the plan, and by the researcher's report
    t["sensitive"] = sorted(named.union(sensitive_areas(data["files"])))
    risk_change(state, data["task"])
    for part in ("subject", "acceptance", "tooling", "high_risk"):
        if data.get(part) is not None:
            t[part] = data[part]
    t["revision"], t["rounds"], t["requests"], t["void"] = None, [], {}, []
    if t["state"] in tables.BLOCKED_ON_LEAD:
        t.update({"state": _goes_on(state, data["task"]), "cause": None, "since": now})
    elif t["state"] in tables.WORKING:
        t.update({"state": "IN_PROGRESS", "since": now})


@rule("TASK_ADDED", (LEAD,), ("plan_is_registered", "new_work_is_possible"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    number = max([n for n, _t in view.tasks(state)] or [0]) + 1
    t: PlannedTask = {**data["task_record"], "id": number}
    every: dict[int, PlannedTask] = {n: x for n, x in view.tasks(state) if x["state"] not in tables.TERMINAL}
    for n, other in every.items():
        if is_conventions(other) and number not in other["blocked_by"]:
            other["blocked_by"] = other["blocked_by"] + [number]
    every[number] = t
    check_overlap(every)
    check_reviewers({number: t}, state["mode"])
    state["tasks"][str(number)] = _task_record(t)
    risk_change(state, number)
    state["consistency"] = None
    if state["phase"] == "COMPLETION":
        state["phase"] = "EXECUTION"
    elif state["phase"] == "TEARDOWN":  # a task reopens (H20): the completion gate has to be passed again
        restart_teardown(state, now)
        state["teardown"]["targets"] = {}
        state["phase"] = "EXECUTION"
        state["result"]["open"] = []  # looked at anew where the next teardown begins


@rule("FILE_WRITTEN", ("gate",), ("task_exists",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    t = view.task(state, data["task"])
    if data["path"] is not None and data["path"] not in t["touched"]:  # None: found changed, nobody saw by whom
        t["touched"].append(data["path"])
    if t["state"] in tables.TERMINAL:
        return
    state["consistency"] = None if state["consistency"] == "OK" else state["consistency"]  # it was said of other content
    t["void"] = sorted(set(t["void"]).union(t["requests"]))  # also when the bytes come back: what is read in between is not known
    if t["revision"] is not None:
        t["revision"] = data["revision"]
    q = view.quorum(state, t)
    if t["state"] == "APPROVED" and q["missing"]:
        move_task(t, "IN_REVIEW", now)
    elif t["state"] == "IN_REVIEW" and q["result"] == "APPROVED" and t["revision"] is not None:
        move_task(t, "APPROVED", now)  # put back: what is there is what they all approved
    if t["state"] in ("IN_REVIEW", "CHANGES_REQUESTED") and q["absent"]:
        emit(effects, "IMPOSSIBLE_WAIT", task=data["task"], absent=q["absent"])  # whose approval this write made stale is gone


@rule("COMMITTED", None)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """The commit of a task is what has to be there at the end; of the others the state knows the last one only."""
    state["commit"] = data["sha"]
    result = state["result"]
    result["head"] = data.get("head", data["sha"])
    result["diverged"] = {s: d for s, d in result["diverged"].items() if s not in data.get("gone", ())}
    for number in data.get("tasks", ()):
        t = view.find_task(state, number)
        if t is not None:
            t["commits"] = [s for s in t["commits"] if s not in data.get("gone", ())] + [data["sha"]]
    for sha, d in result["diverged"].items():
        if d["task"] in data.get("tasks", ()):  # one that is as approved stands on it: it stays to be judged, and the task need not wait
            result["diverged"][sha] = {"task": None, "why": d["why"], "by": d["by"]}


@rule("CLIENT_TASK", None)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    if data.get("task") is not None:
        state["client_tasks"][str(data["client_id"])] = data["task"]
