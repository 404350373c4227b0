"""Teams whose work goes in waves behind gates (a team definition as data, `pack.teams`): guards, transitions, advice.

The same `step`, journal and gate as for `/build`; what differs is in the definition that RUN_OPENED carries. `unmet` comes
with events as a fact: {wave id: {"entry": [reasons], "exit": [reasons]}}, read from the artifacts by the gate.
"""

from __future__ import annotations

from . import view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from .state_types import Definition, QualityGate, State, Unmet, Wave, WaveRole, WavesState


def initial(definition: Definition) -> WavesState:
    """The wave part of a state."""
    return {
        "verdicts": {},
        "failures": {},
        "failed_on": {},
        "reasons": {},
        "halted": None,
        "halts": [],
        "spawned": {},
        "lost": {},
        "unmet": {},
        "nonce": None,
        "words": {},
        "anchors": [],
        "approved": None,
        "heard": False,
        "resumed_at": None,
        "lead": definition.get("lead"),
        "found": [],  # roles whose work of an earlier run was there at the opening, whole (realtime/wave_opening.py): they need not be spawned
    }


def has_worked(state: State, role: str) -> bool:
    """Whether a role was spawned in this run, or its work was there when it began."""
    return bool(state["waves"]["spawned"].get(role)) or role in (state["waves"].get("found") or [])


def roles(state: State) -> dict[str, WaveRole]:
    """{role id: role} of the definition, without the one that the lead plays."""
    return {r["id"]: r for r in state["team"]["definition"]["roles"] if r["id"] != state["waves"]["lead"]}


def of_agent(state: State, name: str) -> str | None:
    """The role id of an agent type (`team:rt-architect`, or an agent of the user's own: `ping-builder`), or None. Another plugin's
    agent of the same name is another agent."""
    return next((r["id"] for r in roles(state).values() if name in (r["agent"], r["agent"].rpartition(":")[2], "team:" + r["agent"])), None)


def wave(state: State, wave_id: str) -> Wave:
    """One wave of the definition."""
    return next(w for w in state["team"]["definition"]["waves"] if w["id"] == wave_id)


def gate_of(state: State, gate_id: str) -> QualityGate:
    """One gate of the definition."""
    return next(g for g in state["team"]["definition"]["gates"] if g["id"] == gate_id)


def busy(state: State, role: str) -> list[str]:
    """Names of a role's agents that are at work. A terminal pane says nothing when a message wakes it: it is at work from then on."""
    mine = [(n, state["roster"][n]) for n in view.living(state, role)]
    return [n for n, e in mine if e["state"] != "IDLE" or e["mail"] and view.in_pane(e)]


def open_reasons(state: State, w: Wave, unmet: Unmet, role: str | None = None) -> list[str]:
    """Why a wave (or a role of it) may not begin; empty when it may."""
    facts, out = state["waves"], []
    if w["mode"] == "loop":
        failing = [g for g in w["when"]["gate_fails"] if facts["verdicts"].get(g) in ("FAIL", "FORGED")]
        wanted = {r for g in failing for r in gate_of(state, g).get("on_fail", {}).get("respawn", [])}
        if not failing:
            out.append("no gate of wave %s fails" % w["id"])
        elif role is not None and role not in wanted:
            out.append("gate %s asks for %s" % (failing[0], ", ".join(sorted(wanted))))
        return out
    for before in w.get("after", []):
        out += ["wave %s: %s" % (before, r) for r in end_reasons(state, wave(state, before), unmet)]
    return out + list(unmet.get(w["id"], {}).get("entry", []))


def end_reasons(state: State, w: Wave, unmet: Unmet) -> list[str]:
    """Why a wave is not over; empty when it is."""
    if w["mode"] == "loop":
        return []
    known, out = roles(state), []
    for r in w["roles"]:
        if r in known and not has_worked(state, r):
            out.append("%s was not spawned" % r)
        elif r in known and w["mode"] != "background" and busy(state, r):
            out.append("%s is still at work" % r)
    return out + list(unmet.get(w["id"], {}).get("exit", []))


def advised(state: State, event: str) -> list[str]:
    """What the definition's error table says to do when something is seen: `agent_lost`, `wave_held` (realtime/hand_over.py has the others)."""
    return [row["then"] for row in state["team"]["definition"].get("errors", []) if event in row.get("seen", [])]


def producers(state: State, reasons: Sequence[str]) -> list[str]:
    """The roles whose artifacts these reasons name, or those of a gate that they name: they did not make what somebody waits for."""
    named = [g for g in state["waves"]["reasons"] if any(why.endswith("gate %s is MISSING, not PASS" % g) for why in reasons)]
    whys = list(reasons) + [why for g in named for why in state["waves"]["reasons"][g]]
    return [r["id"] for r in roles(state).values() if any(a in why for a in r.get("artifacts", []) for why in whys)]


def lost(state: State, w: Wave) -> list[str]:
    """The roles of a wave whose last agent failed, and that nobody has now."""
    return [r for r in w["roles"] if state["waves"]["lost"].get(r) and not view.living(state, r)]


def all_over(state: State, unmet: Unmet) -> list[str]:
    """Why the team is not finished; empty when every wave is over."""
    return ["wave %s: %s" % (w["id"], r) for w in state["team"]["definition"]["waves"] for r in end_reasons(state, w, unmet)]
