"""Guards: what the run leaves behind is what was approved (PROTOCOL 12)."""

from __future__ import annotations

from . import tables, view
from .kernel import GUARDS, guard
from .refusal import Refusal
from .guards_tasks import overlap_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from .state_types import Actor, Data, Finding, State, Task

WAYS_OUT = (
    "three ways out: put it back as it was approved; `pack task reopen N` and have it reviewed; or the user types `team accept PATH` "
    "and takes it as it is"
)


def plainly(path: str) -> str:
    """A path as people and agents read it: on one line, with nothing in it that a terminal or a reader would take for something else."""
    if path.isprintable():
        return path
    shown = (c if c.isprintable() else repr(c.encode("utf-8", "surrogateescape"))[2:-1] for c in path)
    return "".join(shown)


def finding_text(one: Finding) -> str:
    """One difference that nobody approved, for people: path, what was approved, what is there, since when, who was at work."""
    seen = one.get("between")
    return "%s: %s, approved: %s; there now: %s; %s" % (
        plainly(one["path"]),
        one["kind"],
        plainly(one.get("was") or "-"),
        plainly(one.get("now") or "-"),
        "since: between event %s and %s; at work then: %s" % (seen[0], seen[1], ", ".join(one.get("at_work") or []) or "nobody of the team")
        if seen
        else "no hook saw when",
    )


def findings_text(found: Sequence[Finding], most: int = 20) -> str:
    """A list of them, one a line."""
    more = ["and %d more" % (len(found) - most)] if len(found) > most else []
    return "\n  ".join([finding_text(f) for f in found[:most]] + more)


def drifted(state: State) -> list[tuple[int, Task]]:
    """[(number, task)] of the DONE tasks whose files are not what was approved."""
    return [(n, t) for n, t in view.tasks(state) if t.get("content") == "DRIFTED"]


def still_open(state: State) -> list[Finding]:
    """What of the last look is neither approved nor accepted by the user."""
    return state["result"]["open"]


@guard
def task_is_done(state: State, data: Data, actor: Actor) -> Refusal | None:
    t = view.task(state, data["task"])
    if t["state"] == "DONE":
        return None
    return Refusal("TASK_STATE", "task #%d is not DONE" % data["task"], "it is %s" % t["state"], "it is reviewed and finished first")


@guard
def reopening_is_possible(state: State, data: Data, actor: Actor) -> Refusal | None:
    """Where a task may be added; also at the very end, where something that nobody approved holds it up."""
    if state["phase"] == "TEARDOWN" and state["result"]["open"] and not state["teardown"]["aborted"]:
        return None
    return GUARDS["new_work_is_possible"](state, data, actor)


@guard
def reopened_files_are_free(state: State, data: Data, actor: Actor) -> Refusal | None:
    """A later task may have the same files; while that one is open this one stays closed."""
    wanted: Task = {**view.task(state, data["task"]), "state": "PENDING"}
    return overlap_with(state, data["task"], wanted)


@guard
def result_is_approved(state: State, data: Data, actor: Actor) -> Refusal | None:
    """The closing proof at the completion gate: the gate has just compared start and present (`unapproved`)."""
    found = data.get("unapproved") or []
    if not found:
        return None
    return Refusal(
        "NOT_APPROVED",
        "what the run leaves behind is not what was approved: %d difference(s)" % len(found),
        "\n  " + findings_text(found),
        WAYS_OUT,
    )


@guard
def delivered_is_approved(state: State, data: Data, actor: Actor) -> Refusal | None:
    """DELIVERED_IS_APPROVED: what was seen at the last look. An abort delivers nothing; its summary lists what is there."""
    if state["teardown"]["aborted"] or view.waves(state) is not None:
        return None
    found = still_open(state)
    if not found:
        return None
    return Refusal(
        "NOT_APPROVED",
        "the run cannot end: %d difference(s) that nobody approved" % len(found),
        "\n  " + findings_text(found),
        WAYS_OUT,
    )


@guard
def supervisor_ends_a_proved_run(state: State, data: Data, actor: Actor) -> Refusal | None:
    """The supervisor goes last, and with it the run ends: not while something is there that nobody approved."""
    e = view.entry(state, data["to"])
    if not e or e["role"] != tables.SUPERVISOR or state["teardown"]["state"] != "READY_TO_DELETE":
        return None
    return delivered_is_approved(state, data, actor)


@guard
def commit_is_as_approved(state: State, data: Data, actor: Actor) -> Refusal | None:
    """A commit of this task that holds something else than what was approved."""
    for sha, d in sorted(state["result"]["diverged"].items()):
        if d["task"] == data["task"]:
            return Refusal(
                "COMMIT_DIVERGES",
                "the commit %s is not what was approved for task #%d" % (sha[:7], data["task"]),
                d["why"],
                "make it what was approved: stage the approved files (`git restore --staged --source=HEAD~1 PATH` takes others out), then, "
                "as a command of its own, `git commit --amend --no-edit`",
            )
    return None


@guard
def request_still_holds(state: State, data: Data, actor: Actor) -> Refusal | None:
    """A file was written after the review was asked for: whoever read in between may have read something else, whatever is there now."""
    t = view.task(state, data["task"])
    if actor["role"] not in t["void"]:
        return None
    return Refusal(
        "WRITTEN_SINCE",
        "files of task #%d were written after you were asked" % data["task"],
        "also when the bytes came back, what you read may have been others",
        "%s must send REVIEW: task #%d again; approve what you then read" % (t["owner"], data["task"]),
    )


@guard
def something_is_accepted(state: State, data: Data, actor: Actor) -> Refusal | None:
    if data.get("ids"):
        return None
    return Refusal(
        "NOTHING_TO_ACCEPT",
        "nothing at %s is unapproved" % data["path"],
        "unapproved now: " + (", ".join(plainly(p) for p in sorted({f["path"] for f in data.get("open") or []})[:20]) or "nothing"),
        "`team status` lists it; name one of those paths",
    )
