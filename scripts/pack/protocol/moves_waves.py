"""Transitions of runs of waves: verdicts, the user's word, what the waves lack, agents that come and go."""

from __future__ import annotations

from . import advice_waves, tables, waves
from .kernel import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state_types import Actor, Data, Effects, State


@rule("GATES_STARTED", None, ("run_is_open", "team_has_waves"))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    state["waves"]["nonce"] = data["nonce"]


@rule("GATES_RECORDED", ("gate",), ("gates_were_started",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    facts = state["waves"]
    facts["nonce"] = None
    for g in state["team"]["definition"]["gates"]:
        verdict = data["verdicts"].get(g["id"])
        if verdict is None:
            continue
        facts["verdicts"][g["id"]] = verdict
        facts["reasons"][g["id"]] = data["reasons"].get(g["id"], [])[:3]
        if verdict == "FAIL" and set(data["evidence"].get(g["id"], [])) - set(facts["failed_on"].get(g["id"], [])):
            # What failed judged twice is one failure: only a measurement that failed anew counts as a new try.
            facts["failures"][g["id"]] = facts["failures"].get(g["id"], 0) + 1
            facts["failed_on"][g["id"]] = data["evidence"][g["id"]]
        elif verdict == "PASS":
            facts["failures"][g["id"]] = 0
    # A hard stop holds until its gate passes: evidence that was made stale by a commit or a resume lifts nothing. One whose work has
    # not begun stops nobody: who could make it pass may not begin before those who would be stopped.
    begun = advice_waves.due(state)
    facts["halts"] = [
        g["id"]
        for g in state["team"]["definition"]["gates"]
        if g.get("hard_stop")
        and (g["id"] in begun or not advice_waves.of_waves(state, g["id"]))
        and (
            facts["verdicts"].get(g["id"]) in ("FAIL", "FORGED")
            or g["id"] in facts.get("halts", [])
            and facts["verdicts"].get(g["id"]) != "PASS"
        )
    ]
    facts["halted"] = facts["halts"][0] if facts["halts"] else None
    if data.get("anchor"):
        facts["anchors"] = (facts["anchors"] + [data["anchor"]])[-50:]
    approving = [g["id"] for g in state["team"]["definition"]["gates"] if g.get("approves_matrix")]
    if facts["approved"] is None and any(facts["verdicts"].get(g) == "PASS" for g in approving):
        facts["approved"] = data.get("approved")
    facts["unmet"] = data["unmet"]


@rule("MATRIX_APPROVED", (tables.LEAD,), ("team_has_waves",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """Only what the user types raises it: the next gate check takes the matrix as it is then (a waiver, a changed budget)."""
    state["waves"].update({"approved": None, "heard": True})


@rule("GATE_DECIDED", (tables.LEAD,), ("team_has_waves",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    """What only the user types raises it: the next gate check finds it, as long as the files that the gate looks at are the same."""
    facts = state["waves"]
    facts.setdefault("words", {})[data["gate"]] = {"approve": data["approve"], "why": data["why"], "content": data["content"], "at": now}
    facts["reasons"][data["gate"]] = ["the user has answered: judge it again"]


@rule("WAVES_SEEN", ("gate",), ("team_has_waves",))
def _(state: State, data: Data, actor: Actor, now: float, effects: Effects) -> None:
    facts = state["waves"]
    facts["unmet"] = data["unmet"]
    if data.get("anchor"):
        facts["anchors"] = (facts["anchors"] + [data["anchor"]])[-50:]
    if state["phase"] == "EXECUTION" and not waves.all_over(state, data["unmet"]):
        state["phase"] = "COMPLETION"


def spawned(state: State, data: Data) -> None:
    """Part of SPAWN_REQUESTED."""
    facts = state["waves"]
    facts["spawned"][data["role"]] = facts["spawned"].get(data["role"], 0) + 1
    facts["unmet"] = data["unmet"]


def ended(state: State, name: str, how: str) -> None:
    """Part of AGENT_LOST and SPAWN_FAILED: a failed agent of a role counts against its retries; one that never began is none, and its
    wave still waits for the role."""
    role, facts = state["roster"][name]["role"], state["waves"]
    if state["roster"][name]["agent_id"] is None:
        facts["spawned"][role] = max(0, facts["spawned"].get(role, 0) - 1)
    elif how == "LOST":
        facts["lost"][role] = facts["lost"].get(role, 0) + 1


def resumed(state: State, now: float, asked: bool = True) -> None:
    """Part of RUN_RESUMED. When the user asked for it (`resume team`): delivery is measured again, every verdict is judged again
    but those of gates that survive a resume, failed roles may be tried again; a hard stop stays until its gate passes. A client that merely takes its
    session up again (in -p: every prompt) changes nothing of that."""
    facts = state["waves"]
    facts["nonce"] = None
    if asked:
        kept = [g["id"] for g in state["team"]["definition"]["gates"] if g.get("survives_resume")]
        facts.update({"resumed_at": now, "lost": {}, "failures": {}, "verdicts": {g: v for g, v in facts["verdicts"].items() if g in kept}})
