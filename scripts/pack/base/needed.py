"""Who has to act in a run, in a few words: the status line, notifications and `pack` without a verb say the same.

Standard library and `protocol` unread: the status line has 300 ms for everything (CLIENT 5.12).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BLOCKED = ("STUCK", "REVIEW_LOOP", "STUCK_ESCALATED")
ENDED = ("DONE", "CANCELLED")
USER_DECIDES = "the user decides: "  # as protocol.tables has it


def of_the_user(state: Any) -> str:
    """What the user has to do, a few words with the command; "" when nothing waits for the user."""
    if state["phase"] == "FAILED_SAFE":
        return "teardown failed, `pack teardown retry` or `team abort`"
    if state.get("paused"):
        return "paused, `team resume`"
    if state.get("tampered"):
        return "guard changed, `pack doctor`"
    asked = asking(state)
    return "gate %s, `team approve %s`" % (asked[0], asked[0]) if asked else ""


def done(state: Any) -> str:
    """How far it is: `2 of 5 tasks done`, cancelled ones do not count; of a run of waves, how many gates pass."""
    if state.get("waves"):
        gates = state["team"]["definition"]["gates"]
        return "%d of %d gates pass" % (sum(state["waves"]["verdicts"].get(g["id"]) == "PASS" for g in gates), len(gates))
    states = [task["state"] for task in state["tasks"].values() if task["state"] != "CANCELLED"]
    if states:
        return "%d of %d tasks done" % (states.count("DONE"), len(states))
    return "every task is cancelled" if state["tasks"] else "no task is registered"


def asking(state: Any) -> list[str]:
    """Gates of a run of waves that wait for nothing but the user's word (protocol.advice_waves.asking says the same)."""
    facts = state.get("waves")
    if not facts:
        return []
    return [
        name
        for name, verdict in facts["verdicts"].items()
        if verdict == "MISSING" and facts["reasons"].get(name) and all(str(r).startswith(USER_DECIDES) for r in facts["reasons"][name])
    ]


def words(state: Any) -> str:
    """Who has to act, "" when the agents go on by themselves and nobody is at work."""
    you = of_the_user(state)
    if you:
        return "you: " + you
    drifted = sorted(int(n) for n, task in state["tasks"].items() if task.get("content") == "DRIFTED")
    if drifted:
        return "drifted: #%s" % ", #".join(map(str, drifted[:3]))
    blocked = sorted(int(n) for n, task in state["tasks"].items() if task["state"] in BLOCKED)
    if blocked:
        return "lead decides #%s" % ", #".join(map(str, blocked[:3]))
    working = sum(task["state"] not in ENDED + ("PENDING",) for task in state["tasks"].values())
    return "%d at work" % working if working else ""
