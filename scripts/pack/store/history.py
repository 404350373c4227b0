"""How a run came to be as it is: who was in which state from when to when, taken from the replayed journal.

`History` is fed record by record (`take`), so a live view goes on where it stopped; `of(records)` is all of it. Times are seconds
since the epoch, as in the journal.
"""

from __future__ import annotations

from ..protocol import tables, view, waves
from . import render
from .journal import replayed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence
    from ..protocol.state_types import Event, Record, State, Task
    from .figure_types import VerdictRow

ENDED = ("ENDED", "LOST")
NAMED = 3  # tasks that a task waits for are counted beyond so many
# What changes state or owner of no task but those that the record names: most records of a long run. After any other all tasks are looked at.
OF_ITS_TASK = frozenset(
    ("CLAIM", "IN_REVIEW", "REVIEW", "APPROVED", "CHANGES_REQUESTED", "DONE", "FILE_WRITTEN", "COMMITTED", "CONTENT_SEALED")
    + ("REFUSED", "MAIL", "AGENT_ACTIVE", "AGENT_IDLE")
)


class History:
    """What changed in the state, as spans.

    agents: {name: [[state, from, to or None, incarnation]]}; tasks: {number: [[state, from, to or None, owner]]};
    waves: {"wave 1 Plan" or "gate Planned": [[state, from, to or None]]} of a team of waves, a gate's state its verdict;
    phases: [[phase, from, to or None]]; verdicts: [{"task", "role", "name", "verdict", "revision", "ts", "seq"}]."""

    def __init__(self) -> None:
        self.agents: dict[str, list[list[Any]]] = {}
        self.tasks: dict[int, list[list[Any]]] = {}
        self.waves: dict[str, list[list[Any]]] = {}
        self.phases: list[list[Any]] = []
        self.verdicts: list[VerdictRow] = []
        self.start: float | None = None
        self.end: float | None = None
        self._agents: list[Any] = []  # how the roster stood after the last record: most records do not change it

    def take(self, record: Record, state: State) -> None:
        """One record and the state after it."""
        now = record["ts"]
        self.start = now if self.start is None else self.start
        self.end = now
        _turn(self.phases, state["phase"], now)
        self._take_agents(state, now)
        tasks = state["tasks"]
        for number in named(record) if record["event"] in OF_ITS_TASK else tasks:
            if number in tasks:
                self._take_task(int(number), tasks[number], now)
        for name, stands in render.kind_of(state).wave_states(state):
            _turn(self.waves.setdefault(name, []), stands, now)
        if record["event"] in ("APPROVED", "CHANGES_REQUESTED"):
            self.verdicts.append(
                {
                    "task": record["data"]["task"],
                    "role": record["actor"]["role"],
                    "name": record["actor"]["name"],
                    "verdict": record["event"],
                    "revision": record["data"].get("revision"),
                    "ts": now,
                    "seq": record["seq"],
                }
            )

    def _take_agents(self, state: State, now: float) -> None:
        stand = [(entry["state"], entry["inc"]) for entry in state["roster"].values()]
        if stand == self._agents:
            return
        self._agents = stand
        for name, entry in state["roster"].items():
            spans = self.agents.setdefault(name, [])
            if not spans or spans[-1][0] != entry["state"] or spans[-1][3] != entry["inc"]:
                _close(spans, now)
                spans.append([entry["state"], now, now if entry["state"] in ENDED else None, entry["inc"]])

    def _take_task(self, number: int, task: Task, now: float) -> None:
        spans = self.tasks.setdefault(number, [])
        if not spans or spans[-1][0] != task["state"] or spans[-1][3] != task["owner"]:
            _close(spans, now)
            spans.append([task["state"], now, now if task["state"] in tables.TERMINAL else None, task["owner"]])

    def closed(self, now: float | None = None) -> History:
        """The same with open spans ended at `now` (default: the last record)."""
        now = self.end if now is None else now  # None too before the first record: then no span is open
        for spans in list(self.agents.values()) + list(self.tasks.values()) + list(self.waves.values()) + [self.phases]:
            _close(spans, now)
        return self


def named(event: Event | Record) -> list[str]:
    """The tasks that an event is about, as keys of the state's tasks: `task`, the one that a DONE claims next, those of a commit."""
    data = event["data"]
    return [str(n) for n in (data.get("task"), data.get("claims"), *(data.get("tasks") or ())) if n is not None]


def of(records: Sequence[Record]) -> tuple[History, State | None]:
    """(History, state) of a whole journal; raises what `replayed` raises."""
    history, state = History(), None
    for record, state in replayed(records):
        history.take(record, state)
    return history, state


def spent(spans: list[list[Any]], states: Sequence[str], now: float) -> float:
    """Seconds in any of these states."""
    total: float = sum((now if span[2] is None else span[2]) - span[1] for span in spans if span[0] in states)
    return total


def duration(seconds: float) -> str:
    """A length of time for people: `4 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    seconds = int(max(0, seconds))
    if seconds < 60:
        return "%d s" % seconds
    if seconds < 3600:
        return "%d min %02d s" % (seconds // 60, seconds % 60)
    if seconds < 86400:
        return "%d h %02d min" % (seconds // 3600, seconds % 3600 // 60)
    return "%d d %d h" % (seconds // 86400, seconds % 86400 // 3600)


def counted(n: int, noun: str, many: str = "") -> str:
    """A number with its noun: `1 task`, `2 tasks`."""
    return "%d %s" % (n, noun if n == 1 else many or noun + "s")


def reviews(task: Task) -> int:
    """How many reviews a task took so far: one more than the rounds that asked for changes, 0 before the first."""
    return len(task["rounds"]) + 1 if task["rounds"] or task["revision"] else 0


def waits(state: State, number: int) -> str:
    """Who a task waits for, as words; "" when it waits for nobody."""
    task = view.task(state, number)
    if task["state"] == "PENDING":
        open_ = ["#%d" % b for b in task["blocked_by"] if (view.find_task(state, b) or {"state": "DONE"})["state"] not in tables.TERMINAL]
        more = " and %d more" % (len(open_) - NAMED) if len(open_) > NAMED + 1 else ""
        return "task " + ", ".join(open_[:NAMED] if more else open_) + more if open_ else "a coder"
    if task["state"] == "IN_REVIEW" and state["mode"]:
        return ", ".join(view.quorum(state, task)["missing"])
    if task["state"] in tables.BLOCKED_ON_LEAD:
        return "the lead"
    return ""


def wave_states(state: State) -> Iterator[tuple[str, str]]:
    """How each wave and each gate of a team of waves stands: (name, state)."""
    facts: Any = state["waves"]
    for wave in state["team"]["definition"]["waves"]:
        begun = any(waves.has_worked(state, role) or role == facts["lead"] for role in wave["roles"])
        if wave["mode"] == "loop":  # open while a gate fails that it mends
            stands = "WAITS" if waves.open_reasons(state, wave, facts["unmet"]) else "OPEN"
        elif not waves.end_reasons(state, wave, facts["unmet"]):
            stands = "OVER"
        else:
            stands = "OPEN" if begun and not waves.open_reasons(state, wave, facts["unmet"]) else "WAITS"
        yield ("wave %s %s" % (wave["id"], wave.get("title") or "")).strip(), stands
    for gate in state["team"]["definition"]["gates"]:
        yield "gate %s" % (gate.get("title") or gate["id"]), facts["verdicts"].get(gate["id"], "not judged")


def wave_table(state: State, told: History, now: float) -> list[tuple[str, str, str, str, str]]:
    """Waves in their order, below each the gates that it passes: [(kind, state, how long it stands so, who, title and why)]. Who: the roles of
    a wave, those that were spawned and have ended marked ✓, those at work ▶; of a gate the role that is judged."""
    definition, facts = state["team"]["definition"], state["waves"]
    stands = dict(wave_states(state))
    out, left = [], {g["id"]: g for g in definition["gates"]}

    def since(name: str) -> str:
        spans = told.waves.get(name)
        return duration(now - spans[-1][1]) if spans else ""

    def gate_row(g: Any) -> tuple[str, str, str, str, str]:
        name = "gate %s" % (g.get("title") or g["id"])
        verdict = stands[name]
        why = "; ".join((facts["reasons"].get(g["id"]) or [])[:2]) if verdict not in ("PASS", "not judged") else ""
        judged = since(name) if verdict != "not judged" else ""
        return "gate", verdict, judged, g.get("after_role") or "the whole", (g.get("title") or g["id"]) + (": " + why if why else "")

    for wave in definition["waves"]:
        name = ("wave %s %s" % (wave["id"], wave.get("title") or "")).strip()
        why = (
            waves.open_reasons(state, wave, facts["unmet"])
            if stands[name] == "WAITS"
            else waves.end_reasons(state, wave, facts["unmet"])
            if stands[name] == "OPEN"
            else []
        )
        who = ", ".join(_role_mark(state, role) + role for role in wave["roles"])
        title = (wave.get("title") or "") + (": " if wave.get("title") and why else "") + (why[0] if why else "")
        out.append(("wave %s" % wave["id"], stands[name], since(name), who, title))
        out += [gate_row(left.pop(g)) for g in wave.get("gates", []) if g in left]
    return out + [gate_row(g) for g in left.values()]


def _role_mark(state: State, role: str) -> str:
    """Whether a role of a wave is at work, was, or was not spawned yet; the one that the lead plays has no mark."""
    if waves.busy(state, role):
        return "▶ "
    return "✓ " if waves.has_worked(state, role) else ""


def _turn(spans: list[list[Any]], name: str, now: float) -> None:
    if not spans or spans[-1][0] != name:
        _close(spans, now)
        spans.append([name, now, None])


def _close(spans: list[list[Any]], now: float | None) -> None:
    if spans and spans[-1][2] is None:
        spans[-1][2] = now
