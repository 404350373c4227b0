"""The client's permission modes: what each lets a team do, who is asked, and what the gate does about it.

The gate's refusals hold in every mode. It allows nothing but the team's own `pack` verbs, whose command it has to rewrite; every other
call keeps the user's own permission flow.
"""

from __future__ import annotations

# mode -> (what the client does with a call that the gate lets pass, what a team can do)
MODES: dict[str, tuple[str, str]] = {
    "default": (
        "asks for each write and each command that no rule allows; `pack`, spawning and messages ask nothing",
        "everything; the questions are those of the coders' own writes, tests and commits",
    ),
    "acceptEdits": (
        "asks for commands that no rule allows; writes in the project ask nothing",
        "everything; the questions are those of the coders' tests and commits",
    ),
    "auto": (
        "a check on the server decides each call, spawning included; where it cannot run (a gateway of your own) the call is refused",
        "everything that the check lets pass; without the check nobody can be spawned: choose another mode",
    ),
    "plan": (
        "lets nobody write or run anything; a session that was started with permissions bypassed still asks nothing",
        "nothing: no run is opened, and in a run that is live the verbs that change it are refused until the mode is left (Shift+Tab)",
    ),
    "dontAsk": ("the client refuses what it would ask for", "everything that your rules allow; `pack` verbs need none"),
    "bypassPermissions": ("asks nothing", "everything; only the gate's refusals stand"),
}


def stops(mode: str | None) -> str:
    """Why nothing can be done in this mode, one sentence with the way on; "" where a team can work."""
    return "the client is in plan mode, which is for looking, not for changes: leave it (Shift+Tab)" if mode == "plan" else ""


def told(mode: str | None) -> str:
    """One line for the opening notice; "" for modes that ask of nobody more than they say."""
    if mode not in ("auto", "dontAsk"):
        return ""
    return "Permission mode %s: %s. A team: %s." % ((mode,) + MODES[mode])
