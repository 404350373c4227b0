"""One `step` for everybody: the gate, replay, the explorer, the simulator.

Guards are in guards_*.py, transitions in moves_*.py, their shared consequences in consequences.py; kernel.py has the registries.

`step(state, event, now) -> (state, effects)`: the event is looked up in RULES; its epoch guards run first, then the
role of the sender, then the guards on the state (DESIGN rule 3); only if all pass is a copy of the state changed. A
guard answers None or a Refusal. Effects are data: `("emit", event)` is a consequence that the caller must step next,
in order, in the same journal append.

An event is {"event": name, "actor": {"name", "role", "inc", "agent_id"}, "data": {...}, "key": idempotency key}. The
actor is who the client says is calling. Everything that needs the outside (digests, exit codes) is in `data`.
"""

from __future__ import annotations

# Importing the modules of guards and moves fills GUARDS and RULES; what other modules need of them is named here.
from . import (  # noqa: F401
    guards_tasks,
    guards_teardown,
    guards_waves,
    moves_notes,
    moves_result,
    moves_risks,
    moves_roster,
    moves_tasks,
    moves_waves,
    tables,
    watch,
)
from .guards_risks import testers_needed as testers_needed
from .guards_spawn import SPAWN_RULES as SPAWN_RULES, spawn_rules as spawn_rules
from .kernel import GATE as GATE, GUARDS as GUARDS, LEAD, RULES as RULES, clone
from .moves_teardown import COMPLETION_RULES as COMPLETION_RULES, due as due
from .refusal import Refusal as Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Effects, Event, Record, Rule, State


# The version of the state's shape and of what a record may hold. Raise it with every key that a state, a task or an entry of the roster
# gains, and record journals of the version before (scripts/dev/record-journal): they are played on by every later one.
VERSION = 3


def initial() -> State:
    """The state before any event."""
    return {
        "v": VERSION,
        "team": None,  # type: ignore[typeddict-item]  # this one, `phase` and `waves`: None until the run has it (state_types.State)
        "phase": None,  # type: ignore[typeddict-item]  # as above
        "mode": None,
        "classification": None,
        "paused": False,
        "owner": {"state": "LEAD", "epoch": 0, "minted": 0, "holder": None, "inc": 0},
        "roster": {},
        "agents": {},
        "tasks": {},
        "definition_of_done": [],
        "plan": {"registered": False, "asked": False, "ok": None},
        "risks": moves_risks.initial(),
        "verify": None,
        "consistency": None,
        "commit": None,
        "teardown": {
            "state": "NONE",
            "attempt": 0,
            "aborted": False,
            "targets": {},
            "sends": 0,
            "sent_at": 0,
            "ack_status": None,
            "unresolved": [],
            "reason": None,
        },
        "tampered": {},  # what enforces the run and was changed in it: name -> digest seen (pack/gate/tamper_check.py); the user's word empties it
        "result": moves_result.initial(),  # what the run leaves behind, and what of it nobody approved (PROTOCOL 12)
        "requests": {},
        "refusals": {},
        "nudges": {},
        "client_tasks": {},
        "escalations": [],
        "waves": None,  # type: ignore[typeddict-item]  # until a run of waves opens: of a team definition with waves and gates (waves.py)
        "lead_mail": 0,  # news on their way to the lead: ending its turn now is right, they will wake it
        "lead_idle_news": False,
        "watch": {},
        "notices": {},
        "unavailable": {},  # supervision (watch.py)
    }


def check(state: State, event: Event) -> Rule:
    """Run every guard of an event; raises Refusal. Answers the rule."""
    name, actor, data = event["event"], event["actor"], event["data"]
    found = RULES.get(name)
    if found is None:
        raise Refusal("UNKNOWN_EVENT", "no event is called %r" % name, "", "events: " + ", ".join(sorted(RULES)), name)
    for guards in (found["epoch"], _ADDRESSED if name in tables.MESSAGES else _ADDRESSED[:1], found["guards"]):
        for g in guards:
            refusal = GUARDS[g](state, data, dict(actor, event=name) if g in _ADDRESSED else actor)
            if refusal is not None:
                refusal.event = refusal.event or name
                if refusal.task is None:
                    refusal.task = data.get("task")
                raise refusal
    return found


def step(state: State, event: Event, now: float) -> tuple[State, Effects]:
    """Fold one event into the state. Answers (new state, effects); raises Refusal and leaves `state` as it was."""
    found = check(state, event)
    new = clone(state)
    return new, _apply(found, new, event, now)


def replay(state: State, record: Record, judged: bool = True) -> None:
    """Fold a record of a journal, which has its consequences behind it, into `state` itself: copying the state for each
    record would be most of a long replay's time. Raises what `step` raises. judged: False for a record of an older version, which was
    judged by that version's guards when it was made; today's may well be stricter."""
    found = check(state, record) if judged else RULES[record["event"]]
    own: Record = {**record, "data": clone(record["data"])}
    _apply(found, state, own, record["ts"])


def _apply(found: Rule, state: State, event: Event, now: float) -> Effects:
    effects: Effects = []
    found["apply"](state, event["data"], event["actor"], now, effects)
    if (event["event"] in tables.MESSAGES or event["event"] == "MAIL") and not event["data"].get("fact"):
        _deliver(state, event["data"].get("to"), now)
        watch.spoken(state, event["event"], event["data"].get("to"), event["data"].get("by") or event["actor"]["role"])
    return effects


_ADDRESSED = ("sender_has_role", "receiver_has_role")


def _deliver(state: State, to: str | None, now: float) -> None:
    """Mail wakes an idle agent, and the lead when its turn ends: until then nobody is stalled (PROTOCOL 10)."""
    e = state["roster"].get(to or "")
    if e and to and e["state"] == "IDLE":
        e["mail"] += 1
        if not watch.standing(state, to):  # a ping does not make who is silent less so
            e["seen"] = now  # its silence counts from when it was asked
    elif to == LEAD:
        state["lead_mail"] += 1


def fold(state: State, event: Event, now: float) -> tuple[State, list[Event]]:
    """Step an event and all its consequences. Answers (state, [events in order]); raises Refusal with nothing changed."""
    queue, out = [event], []
    while queue:
        current = queue.pop(0)
        state, effects = step(state, current, now)
        out.append(current)
        queue = [e for kind, e in effects if kind == "emit"] + queue
    return state, out
