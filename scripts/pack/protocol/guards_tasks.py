"""Guards: tasks, reviews, approvals, plan and risks (PROTOCOL 5, 6, 8)."""

from __future__ import annotations

from . import tables, view
from .kernel import GUARDS, guard
from .plan import check_overlap, is_conventions
from .refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from .state_types import Actor, Data, PlannedTask, State, Task


@guard
def task_exists(state: State, data: Data, actor: Actor) -> Refusal | None:
    if view.find_task(state, data["task"]):
        return None
    return Refusal(
        "UNKNOWN_TASK",
        "there is no task #%s" % data["task"],
        "tasks: " + (", ".join("#%d" % n for n, _ in view.tasks(state)) or "none"),
        "name one of them",
    )


def _in_state(data: Data, t: Task, allowed: Sequence[str], verb: str, next: str) -> Refusal | None:
    if t["state"] in allowed:
        return None
    if t["state"] in tables.BLOCKED_ON_LEAD:
        next = "it waits for the lead's decision: `pack task rescope`, `pack task assign` or `pack task cancel`"
    return Refusal(
        "TASK_STATE", "task #%d cannot be %s" % (data["task"], verb), "it is %s; legal from %s" % (t["state"], ", ".join(allowed)), next
    )


@guard
def task_is_the_senders(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    if actor["role"] == tables.SUPERVISOR or t["owner"] == actor["name"]:
        return None
    mine = view.owned(state, actor["name"])
    return Refusal(
        "NOT_YOUR_TASK",
        "task #%d is not %s's" % (data["task"], actor["name"]),
        "its owner is %s" % (t["owner"] or "nobody"),
        "yours: %s; CLAIM: task #N takes a free one" % (", ".join("#%d" % n for n in mine) or "none"),
    )


@guard
def task_is_free(state: State, data: Data, actor: Actor) -> Refusal | None:
    t, name = view.task(state, data["task"]), actor["name"]
    if t["state"] == "PENDING" and t["owner"] in (None, name) or t["owner"] == name and t["state"] == "IN_PROGRESS":
        return None
    free = view.claimable(state, name)
    return Refusal(
        "TASK_TAKEN",
        "task #%d cannot be claimed" % data["task"],
        "%s, owner %s" % (t["state"], t["owner"] or "nobody"),
        "free now: %s" % (", ".join("#%d" % n for n in free) or "none; wait for the lead"),
    )


@guard
def task_is_unblocked(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    waits = [b for b in t["blocked_by"] if (view.find_task(state, b) or {"state": "DONE"})["state"] not in tables.TERMINAL]
    if not waits:
        return None
    return Refusal(
        "TASK_BLOCKED",
        "task #%d is blocked" % data["task"],
        "by " + ", ".join("#%d %s" % (b, view.task(state, b)["state"]) for b in waits),
        "claim another task, or end your turn until they are DONE",
    )


@guard
def coder_has_no_other_task(state: State, data: Data, actor: Actor) -> Refusal | None:
    others = [n for n in view.owned(state, actor["name"], tables.WORKING) if n != data["task"] and n != data.get("after")]
    if not others:
        return None
    return Refusal(
        "ONE_TASK_AT_A_TIME",
        "%s still works on task #%d" % (actor["name"], others[0]),
        view.task(state, others[0])["state"],
        "finish it first: DONE: task #%d" % others[0],
    )


@guard
def claim_in_execution(state: State, data: Data, actor: Actor) -> Refusal | None:
    for g in ("spawn_after_validation", "spawn_after_risks"):  # the same gates as for spawning, for agents alive since before
        refusal = GUARDS[g](state, {"role": "a claim"}, actor)
        if refusal is not None:
            refusal.what = "task #%d cannot be claimed yet" % data["task"]
            return refusal
    return None


@guard
def work_is_present(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data.get("present", 1):
        return None
    t = view.task(state, data["task"])
    return Refusal(
        "NOTHING_WRITTEN",
        "task #%d has nothing to review" % data["task"],
        "none of its files exists: " + ", ".join(t["files"]),
        "implement it first",
    )


@guard
def task_may_go_to_review(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    legal = ["IN_PROGRESS", "IN_REVIEW", "CHANGES_REQUESTED"]
    if t["state"] == "APPROVED" and data["revision"] != t["revision"] or view.quorum(state, t)["missing"]:
        legal.append("APPROVED")
    if t["state"] == "STUCK_ESCALATED" and t["cause"] == "IMPOSSIBLE_WAIT":
        legal.append("STUCK_ESCALATED")  # asking those who are there is not what it waits for
    return _in_state(data, t, legal, "reviewed", "CLAIM it, implement it, then IN_REVIEW: task #%d" % data["task"])


@guard
def changes_were_made(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    e = view.entry(state, data["to"])
    role = e["role"] if e else ""
    verdict = t["approvals"].get(role)
    if not verdict or verdict["verdict"] != "CHANGES_REQUESTED" or verdict["revision"] != data["revision"]:
        return None
    return Refusal(
        "UNCHANGED",
        "task #%d has not changed since %s asked for changes" % (data["task"], role),
        "revision " + view.short(data["revision"]),
        "fix the findings, then send REVIEW: task #%d again" % data["task"],
    )


@guard
def receiver_is_required(state: State, data: Data, actor: Actor) -> Refusal | None:
    t, e = view.task(state, data["task"]), view.entry(state, data["to"])
    need = view.required(state, t)
    if e and e["role"] in need:
        return None
    return Refusal(
        "NOT_AN_APPROVER",
        "%s does not approve task #%d" % (data["to"], data["task"]),
        "mode %s requires %s" % (state["mode"], ", ".join(need)),
        "ask those",
    )


@guard
def approver_is_required(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    need = view.required(state, t)
    if actor["role"] in need:
        return None
    return Refusal(
        "NOT_AN_APPROVER",
        "%s does not approve task #%d" % (actor["role"], data["task"]),
        "mode %s requires %s" % (state["mode"], ", ".join(need)),
        "nothing is asked of you",
    )


@guard
def review_was_asked(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    if actor["role"] in t["requests"]:
        return None
    return Refusal(
        "NOT_ASKED",
        "nobody asked %s to review task #%d" % (actor["role"], data["task"]),
        "the task is %s" % t["state"],
        "wait for REVIEW: task #%d from %s" % (data["task"], t["owner"] or "its coder"),
    )


@guard
def reviewed_revision_is_present(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    asked = t["requests"].get(actor["role"] or "")
    if asked is None or asked == data["revision"]:
        return None
    return Refusal(
        "STALE_REVISION",
        "task #%d changed after you were asked" % data["task"],
        "asked to review %s, present revision %s" % (view.short(asked), view.short(data["revision"])),
        "%s must send REVIEW: task #%d again; approve what you then read" % (t["owner"], data["task"]),
    )


@guard
def verdict_goes_to_coder(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    if data["to"] == t["owner"]:
        return None
    return Refusal(
        "WRONG_RECEIVER",
        "task #%d is not %s's" % (data["task"], data["to"]),
        "its coder is %s" % t["owner"],
        "send the verdict to %s" % t["owner"],
    )


@guard
def task_is_in_review(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    legal = ["IN_REVIEW", "CHANGES_REQUESTED", "APPROVED"]
    if t["state"] == "STUCK_ESCALATED" and t["cause"] == "IMPOSSIBLE_WAIT":
        legal.append("STUCK_ESCALATED")
    return _in_state(data, t, legal, "judged", "wait for IN_REVIEW and REVIEW: task #%d" % data["task"])


@guard
def task_is_approved(state: State, data: Data, actor: Actor) -> Refusal | None:
    """The approval gate: decided on the required set and the present revision, never on who happens to be alive."""
    t = view.task(state, data["task"])
    if t["state"] == "DONE":
        return None  # the same line again, or after the commit that was its DONE: messages are at-least-once
    if t["state"] in tables.TERMINAL:
        return _in_state(data, t, ("APPROVED",), "DONE", "claim another task")
    q = view.quorum(state, t, data["revision"])
    if q["result"] == "APPROVED" and t["state"] == "APPROVED":
        return None
    number = data["task"]
    if q["result"] == "IMPOSSIBLE_WAIT":
        step = "the lead spawns %s; then send REVIEW: task #%d to them" % (", ".join(q["absent"]), number)
    elif q["rejected"]:
        step = "fix what %s asked, then IN_REVIEW and REVIEW: task #%d again" % (", ".join(q["rejected"]), number)
    elif q["missing"]:
        step = "send REVIEW: task #%d to %s and wait for APPROVED" % (number, ", ".join(q["missing"]))
    else:
        step = "send IN_REVIEW: task #%d first" % number
    return Refusal(
        "APPROVAL_MISSING",
        "task #%d is not approved (%s)" % (number, q["result"]),
        "mode %s, %s, revision %s; %s" % (state["mode"], t["state"], view.short(data["revision"]), view.quorum_text(q)),
        step,
    )


@guard
def task_is_open(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    return _in_state(
        data, t, tuple(s for s in tables.TASK_STATES if s not in tables.TERMINAL), "changed", "add a new task instead: `pack task add`"
    )


@guard
def task_is_being_worked(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    return _in_state(data, t, tables.WORKING + tables.BLOCKED_ON_LEAD, "reported", "CLAIM it first")


@guard
def wait_is_impossible(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    q = view.quorum(state, t)
    if q["absent"] or t["cause"] == "IMPOSSIBLE_WAIT":
        return None
    return Refusal(
        "WAIT_IS_POSSIBLE", "task #%d does not wait in vain" % data["task"], view.quorum_text(q), "wait for the missing approvals"
    )


@guard
def not_the_conventions_task(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    if not is_conventions(t):
        return None
    return Refusal(
        "CONVENTIONS_TASK",
        "task #%d is the conventions task" % data["task"],
        "every run leaves .conventions/ up to date",
        "finish it, or `pack abort --reason WHY` the run",
    )


@guard
def assignee_is_implementer(state: State, data: Data, actor: Actor) -> Refusal | None:
    e = view.entry(state, data["to"])
    if e and e["role"] in tables.IMPLEMENTERS and e["state"] in tables.LIVING:
        return None
    have = [n for n in view.living(state) if state["roster"][n]["role"] in tables.IMPLEMENTERS]
    return Refusal(
        "NOT_A_CODER",
        "%r cannot be given a task" % data["to"],
        "living coders: " + (", ".join(have) or "none"),
        "spawn a coder first, or name one of them",
    )


@guard
def rescope_keeps_files_apart(state: State, data: Data, actor: Actor) -> Refusal | None:
    wanted: Task = {**view.task(state, data["task"]), "files": data["files"]}
    return overlap_with(state, data["task"], wanted)


def overlap_with(state: State, number: int, t: PlannedTask) -> Refusal | None:
    """The Refusal when the task, as it is given, shares a file with one that is not over; None when it does not."""
    every: dict[int, PlannedTask] = {n: x for n, x in view.tasks(state) if x["state"] not in tables.TERMINAL}
    every[number] = t
    try:
        check_overlap(every)
    except Refusal as refusal:
        return refusal
    return None


@guard
def rescope_only_raises(state: State, data: Data, actor: Actor) -> Refusal | None:
    lost = [r for r in view.task(state, data["task"])["reviewers"] if r not in data["reviewers"]]
    if not lost:
        return None
    return Refusal("NO_SHRINKING", "a re-scope cannot drop " + ", ".join(lost), "the required set only grows", "keep them and add others")


@guard
def plan_is_early(state: State, data: Data, actor: Actor) -> Refusal | None:
    begun = [n for n, t in view.tasks(state) if t["state"] != "PENDING"]
    if state["phase"] in ("DISCOVERY", "PLANNING", "SETUP") and not begun:
        return None
    return Refusal(
        "PLAN_LATE",
        "the plan cannot be replaced any more",
        "phase %s, %d task(s) begun" % (state["phase"], len(begun)),
        "use `pack task add`, `pack task rescope` or `pack task cancel`",
    )


@guard
def plan_is_registered(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["plan"]["registered"]:
        return None
    return Refusal("NO_PLAN", "no plan is registered", "phase %s" % state["phase"], "the lead registers it with `pack plan`")


@guard
def mode_is_validated(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["mode"] in tables.VALIDATED_MODES or state["mode"] == tables.ESCALATED:
        return None
    return Refusal("MODE", "a %s run has no such step" % state["mode"], "it belongs to MEDIUM and COMPLEX", "go on without it")


@guard
def plan_was_asked(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["plan"]["asked"]:
        return None
    return Refusal("NOT_ASKED", "no VALIDATE PLAN is open", "the plan was changed or never sent", "wait for VALIDATE PLAN from the lead")


@guard
def plan_is_ok(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["plan"]["ok"]:
        return None
    return Refusal(
        "PLAN_NOT_VALIDATED",
        "risks are analysed after PLAN OK",
        "plan not validated",
        "send VALIDATE PLAN to the tech lead and wait for PLAN OK",
    )


@guard
def mode_can_escalate(state: State, data: Data, actor: Actor) -> Refusal | None:
    if state["mode"] in (tables.SIMPLE, tables.ESCALATED):
        return None
    return Refusal(
        "MODE", "a %s run is past that" % state["mode"], "only SIMPLE escalates to MEDIUM", "name the risk in your findings instead"
    )
