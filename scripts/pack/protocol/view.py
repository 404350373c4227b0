"""Questions about a state, all pure: who is alive, what is required, what is missing. Guards and advice share them."""

from __future__ import annotations

from . import tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from .state_types import Definition, Entry, Quorum, State, Task, Team, WavesState


def team(state: State) -> Team | None:
    """What the run was opened with; None before."""
    return state["team"]


def waves(state: State) -> WavesState | None:
    """The gates of a run of waves; None in a run of tasks."""
    return state["waves"]


def definition(opened: Team) -> Definition | None:
    """The definition of a run of waves; None in a run of tasks."""
    return opened.get("definition")


def closed(state: State) -> bool:
    """Whether the run is over. Asked again where a call in between may have ended it."""
    return state["phase"] == "CLOSED"


def entry(state: State, name: str | None) -> Entry | None:
    """The roster entry of a name, or None."""
    return state["roster"].get(name or "")


def in_pane(e: Entry) -> bool:
    """Whether an agent is a client of its own, in a terminal pane."""
    return e["pane"] or str(e["agent_id"]).startswith("session:")


def living(state: State, role: str | None = None) -> list[str]:
    """Names in the roster that are SPAWNING, ACTIVE or IDLE, of one role or of any."""
    return [n for n, e in state["roster"].items() if e["state"] in tables.LIVING and role in (None, e["role"])]


def present(state: State, role: str) -> list[str]:
    """Names of a role that can be spoken to now (bound to an agent, not ended)."""
    return [n for n, e in state["roster"].items() if e["state"] in tables.PRESENT and e["role"] == role]


def owner_active(state: State) -> bool:
    """Whether an acknowledged supervisor owns the operational state."""
    return state["owner"]["state"] == "ACTIVE"


def owner_text(state: State) -> str:
    """`supervisor@2 ACTIVE`, for messages."""
    owner = state["owner"]
    return "%s@%d %s" % (owner["holder"] or tables.LEAD, owner["epoch"], owner["state"])


def owner_words(state: State) -> str:
    """The same for people: `supervisor (epoch 2)`; what is out of the ordinary is said."""
    owner = state["owner"]
    state_words = {
        "OFFERED": ", not accepted yet",
        "LOST": ", lost: the lead offers it anew",
        "RECONCILE_LOCK": ", two claim it: the lead decides",
    }
    if not owner["epoch"]:
        return owner["holder"] or "lead"
    return "%s (epoch %d%s)" % (owner["holder"] or "lead", owner["epoch"], state_words.get(owner["state"], ""))


def next_epoch(state: State) -> int:
    """The epoch that the store mints next: one more than any it ever offered (H4)."""
    return state["owner"]["minted"] + 1


def task(state: State, number: int) -> Task:
    """A task by a number that is known to be one's: `task_exists` stands before the rules that ask."""
    return state["tasks"].get(str(number))  # type: ignore[return-value]  # never None behind that guard; find_task where it may be


def find_task(state: State, number: object) -> Task | None:
    """A task by number, or None."""
    return state["tasks"].get(str(number))


def tasks(state: State) -> list[tuple[int, Task]]:
    """(number, task) in order of number."""
    return sorted(((int(k), t) for k, t in state["tasks"].items()), key=lambda pair: pair[0])


def open_tasks(state: State) -> list[int]:
    """Numbers of tasks that are neither DONE nor CANCELLED."""
    return sorted(int(k) for k, t in state["tasks"].items() if t["state"] not in tables.TERMINAL)


def required(state: State, t: Task) -> tuple[str, ...]:
    """Roles whose approval a task needs in the present mode. Liveness never changes it (H10, H11)."""
    roles: list[str] = []
    mode = state["mode"]
    if mode is None:  # tasks come with a plan, and the plan with a mode: such a journal is damaged, and store/journal.py says so
        raise KeyError("mode")
    for role in tables.APPROVAL_MATRIX[mode]:
        if role == tables.TASK_REVIEWERS:
            roles += tables.SPECIALISTS if t["high_risk"] else t["reviewers"]
        else:
            roles.append(role)
    if t["high_risk"] and t.get("sensitive") and tables.ENABLING in tables.MODE_ROLES[mode]:
        roles.append(tables.ENABLING)
    return tuple(roles)


def quorum(state: State, t: Task, revision: str | None = None) -> Quorum:
    """The decision on a task's approvals: a dict with

    result: APPROVED | PENDING | REJECTED | IMPOSSIBLE_WAIT; have, missing, stale, rejected, absent: lists of roles.
    An approval counts when it is of the present revision, whatever became of the incarnation that gave it (H13, H15).
    """
    revision = t["revision"] if revision is None else revision
    out: Quorum = {"result": "", "have": [], "missing": [], "stale": [], "rejected": [], "absent": []}
    for role in required(state, t):
        verdict = t["approvals"].get(role)
        if verdict and verdict["revision"] == revision:
            out["have" if verdict["verdict"] == "APPROVED" else "rejected"].append(role)
            continue
        out["missing"].append(role)
        if verdict and verdict["verdict"] == "APPROVED":
            out["stale"].append(role)
        if not present(state, role):
            out["absent"].append(role)
    if out["absent"]:
        out["result"] = "IMPOSSIBLE_WAIT"
    elif out["rejected"]:
        out["result"] = "REJECTED"
    else:
        out["result"] = "PENDING" if out["missing"] else "APPROVED"
    return out


def short(revision: str | None) -> str:
    """A revision as people read it: its first digits."""
    return (revision or "none")[:12]


def quorum_text(q: Quorum) -> str:
    """One line for messages: who approved, who is missing and why."""
    parts = ["approved: " + (", ".join(q["have"]) or "nobody")]
    for roles, label in ((q["rejected"], "asked for changes"), (q["absent"], "not ACTIVE"), (q["stale"], "approved an older revision")):
        if roles:
            parts.append("%s: %s" % (label, ", ".join(roles)))
    silent = [r for r in q["missing"] if r not in q["absent"] and r not in q["stale"]]
    if silent:
        parts.append("still missing: " + ", ".join(silent))
    return "; ".join(parts)


def left_planning(state: State) -> bool:
    """Whether the run ever left PLANNING: from then on to CLOSED the lead edits no project file."""
    ending = state["phase"] in ("TEARDOWN", "FAILED_SAFE") and state["plan"]["registered"] and state["owner"]["minted"] > 0
    return state["phase"] in tables.DELEGATE_PHASES or ending


def owned(state: State, name: str | None, states: Sequence[str] | None = None) -> list[int]:
    """Numbers of the tasks that a name owns, in the given states (default: not terminal)."""
    mine = [(int(k), t["state"]) for k, t in state["tasks"].items() if t["owner"] == name]  # few of many: chosen before they are sorted
    return sorted(n for n, stands in mine if (stands in states if states else stands not in tables.TERMINAL))


def claimable(state: State, name: str | None = None) -> list[int]:
    """Numbers of PENDING tasks whose blockers are terminal and that nobody else was given."""
    out = []
    for n, t in tasks(state):
        ready = all((find_task(state, b) or {"state": "DONE"})["state"] in tables.TERMINAL for b in t["blocked_by"])
        if t["state"] == "PENDING" and ready and (not t["owner"] or name is None or t["owner"] == name):
            out.append(n)
    return out


def busy_coders(state: State) -> list[str]:
    """Coders that count against --coders: working or starting, or idle with a task still open."""
    out = []
    for n in living(state):
        e = state["roster"][n]
        if e["role"] in tables.CODERS and (e["state"] != "IDLE" or owned(state, n)):
            out.append(n)
    return out


def missing_acks(state: State) -> list[str]:
    """Names of teardown targets that have not acknowledged."""
    return sorted(n for n, t in state["teardown"]["targets"].items() if not t["acked"])


def resolve(state: State, to: object) -> str | None:
    """A SendMessage's `to` -> a roster name, "lead", or None. Exact spelling: look-alikes resolve to nothing."""
    if not isinstance(to, str):
        return None
    if to in tables.LEAD_NAMES:
        return tables.LEAD
    if to in state["roster"]:
        return to
    bound = state["agents"].get(to)
    if bound is None and to.endswith("]") and to.partition(" [")[0] in state["roster"]:
        return to.partition(" [")[0]  # `NAME [ref]`, as the client itself suggests
    return bound[0] if bound else None


def working(state: State) -> list[str]:
    """Names that are at work now, or have mail that will wake them."""
    return [n for n, e in state["roster"].items() if e["state"] in ("ACTIVE", "SPAWNING") or (e["state"] == "IDLE" and e["mail"])]
