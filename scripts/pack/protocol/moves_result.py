"""Transitions: start record, content of finished tasks, HEAD, what the user accepts (PROTOCOL 12).

The gate compares (gate/closing_proof.py, gate/closer_look.py) and reports here; the state keeps what is open now, the journal the rest."""

from __future__ import annotations

from . import guards_result, tables, view  # noqa: F401
from .consequences import acks_changed, restart_teardown, roster_changed
from .kernel import LEAD, clone, emit, rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, Effects, Finding, Result, StartRecord, State

MOST = 50  # what the state keeps of a list; the proof itself looks at everything


def initial() -> Result:
    """What a state knows of its result before anything was seen.

    start: where the run began; head: the commit that HEAD named at the last look; open: what nobody approved; diverged: {commit: ...};
    accepted: {path: [ids]} by the user's word; unseen: {path: ...} changes outside every task that no hook saw being made."""
    return {"start": None, "head": None, "open": [], "diverged": {}, "accepted": {}, "unseen": {}}


def started(state: State, start: StartRecord) -> None:
    """Where the run begins; the journal has the files."""
    state["result"]["start"] = {
        "repo": start["repo"],
        "prefix": start["prefix"],
        "head": start["head"],
        "branch": start["branch"],
        "dirty": start["dirty"],
        "untracked": start["untracked"],
        "sum": start["sum"],
        "late": start["late"],
    }
    state["result"]["head"] = start["head"]


@rule("START_RECORDED", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    started(state, data)  # type: ignore[arg-type]  # this event's data is a StartRecord


@rule("CONTENT_SEALED", ("gate",), ("task_exists", "task_is_done"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    view.task(state, data["task"]).update({"content": "AS_APPROVED", "sealed": data["sum"], "drift": []})


@rule("CONTENT_DRIFTED", ("gate",), ("task_exists", "task_is_done"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    task = view.task(state, data["task"])
    task.update({"content": "DRIFTED", "drift": clone(data["paths"][:MOST])})
    if state["phase"] == "TEARDOWN":
        _seen(state, [finding for finding in state["result"]["open"] if finding not in task["drift"]] + task["drift"])


@rule("CONTENT_RESTORED", ("gate",), ("task_exists", "task_is_done"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    view.task(state, data["task"]).update({"content": data.get("content") or "AS_APPROVED", "drift": []})


def _seen(state: State, found: list[Finding]) -> None:
    state["result"]["open"] = clone(found[:MOST])


@rule("RESULT_CHECKED", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """The closing proof was made. What is open holds the end up; where nothing is, the end goes on."""
    _seen(state, data["open"])
    ended(state, now, effects)


def ended(state: State, now: float, effects: Effects) -> None:
    """What waited for nothing but an approved result goes on."""
    if state["phase"] != "TEARDOWN" or state["result"]["open"]:
        return
    if state["teardown"]["state"] == "READY_TO_DELETE":
        if not view.living(state, tables.SUPERVISOR):
            emit(effects, "TEAM_DELETED")
    else:
        acks_changed(state, now, effects)


@rule("CONTENT_ACCEPTED", ("person",), ("run_is_live", "something_is_accepted"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """The user's own typed word: these differences, as they are now, and no later ones."""
    known = state["result"]["accepted"].setdefault(data["path"], [])
    known += [i for i in data["ids"] if i not in known]
    for _number, task in view.tasks(state):
        if task["content"] == "DRIFTED":
            task["drift"] = [finding for finding in task["drift"] if finding["id"] not in data["ids"]]
            if not task["drift"]:
                task["content"] = "ACCEPTED"
    state["result"]["diverged"] = {sha: d for sha, d in state["result"]["diverged"].items() if sha not in data.get("commits", ())}
    state["result"]["unseen"] = {path: u for path, u in state["result"]["unseen"].items() if path not in data.get("paths", ())}
    # What is kept of the list may be less than all: the gate says what is left. Earlier versions did not.
    left = data.get("left")
    _seen(state, [f for f in (state["result"]["open"] if left is None else left) if f["id"] not in data["ids"]])
    ended(state, now, effects)


@rule("TASK_REOPENED", (LEAD,), ("task_exists", "task_is_done", "reopening_is_possible", "reopened_files_are_free"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """A DONE task is worked on again: nothing that was approved counts any more. DONE stays terminal for everything else."""
    task = view.task(state, data["task"])
    owner = view.entry(state, task["owner"]) if task["owner"] else None
    goes_on = owner and owner["state"] in tables.LIVING and not view.owned(state, task["owner"], tables.WORKING)
    task.update(
        {
            "state": "IN_PROGRESS" if goes_on else "PENDING",
            "owner": task["owner"] if goes_on else None,
            "since": now,
            "cause": None,
            "resume": None,
            "revision": None,
        }
    )
    task.update({"approvals": {}, "requests": {}, "rounds": [], "content": None, "drift": [], "sealed": None, "void": []})
    state["consistency"] = None
    state["result"]["open"] = []
    if state["phase"] == "COMPLETION":
        state["phase"] = "EXECUTION"
    elif state["phase"] == "TEARDOWN":  # as with a task that is added (H20): the completion gate has to be passed again
        restart_teardown(state, now)
        state["teardown"]["targets"] = {}
        state["phase"] = "EXECUTION"
        roster_changed(state, effects)


@rule("HEAD_MOVED", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """HEAD names another commit, and no commit of the gate's did that."""
    state["result"]["head"] = data["new"]
    state["result"]["diverged"] = {sha: d for sha, d in state["result"]["diverged"].items() if sha not in data.get("gone", ())}


@rule("COMMIT_DIVERGES", ("gate",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["result"]["diverged"][data["sha"]] = {"task": data["task"], "why": data["why"], "by": data["by"]}


@rule("OVERLAP_SCOPE", None)
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """A change outside every task stays in sight until it is put back or accepted; one of another's task is only noted."""
    unseen = state["result"]["unseen"]
    if "now" not in data:
        return
    if data["now"] == data["was"]:
        unseen.pop(data["path"], None)
    elif len(unseen) < MOST or data["path"] in unseen:
        unseen[data["path"]] = {"now": data["now"], "between": data["between"], "at_work": data["at_work"]}
