"""What is enforced here and why: the client's version, its sandbox, what kind of session it is (DESIGN rule 10)."""

from __future__ import annotations

import os

from . import codec, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..protocol.state_types import Enforcement, State
    from .protocols import Env


def client_version(env: Env) -> tuple[int, ...] | None:
    """(2, 1, 329) from what the client tells its hooks, None when it does not."""
    for part in (env.get("AI_AGENT") or "").split("_"):
        numbers = part.split("-")
        if len(numbers) == 3 and all(x.isdigit() for x in numbers):
            return tuple(int(x) for x in numbers)
    return None


def measure(env: Env, project: str) -> Enforcement:
    """The enforcement level here and why: {"level": full|partial, "why": [texts]} (DESIGN rule 10)."""
    why, version = [], client_version(env)
    if not sandboxed(env, project):
        why.append(
            "no sandbox: a shell command that hides its target can still write the team's folder; that is detected and undone, "
            "not prevented (`pack doctor --fix` prints the setting)"
        )
    if version and version < (2, 1, 295):
        why.append("client %d.%d.%d: a hook that crashes lets the call through (2.1.295 and newer do not)" % version)
    return {"level": "partial" if why else "full", "why": why}


def sandboxed(env: Env, project: str) -> bool:
    """Whether the client's settings deny writing the teams' folder from the shell."""
    for path in paths.settings_files(env, project).values():
        try:
            with open(path, encoding="utf-8") as f:
                box = codec.loads(f.read()).get("sandbox") or {}
            denied = (box.get("filesystem") or {}).get("denyWrite") or []
        except (OSError, ValueError, AttributeError):
            continue
        if box.get("enabled") is True and any(".claude/teams" in d for d in denied if isinstance(d, str)):
            return True
    return False


def recorded(state: State) -> Enforcement:
    """The level that was measured when the run was opened."""
    return (state["team"] or {}).get("enforcement") or {"level": "off", "why": ["no team is active"]}


def is_headless(env: Env) -> bool:
    """`-p` sessions say sdk-cli; a terminal says cli. A terminal without the teams flag works like -p: plain subagents."""
    return env.get("CLAUDE_CODE_ENTRYPOINT") != "cli" or env.get("CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS") not in ("1", "true")


def alive(pid: Any, name: str | None = None) -> bool:
    """Whether a process of this number runs; name: what it was called, where that is known (a number is used again after a while)."""
    try:
        os.kill(int(pid), 0)
    except (TypeError, ValueError, ProcessLookupError):
        return False
    except OSError:
        pass
    try:
        with open("/proc/%d/stat" % int(pid), encoding="utf-8", errors="replace") as f:
            called, _, rest = f.read().partition("(")[2].rpartition(")")
    except OSError:
        return True
    return rest.split()[:1] not in (["Z"], ["X"]) and name in (None, called)  # a killed one that nobody has waited for is dead


ORPHANED = (
    "⚠ The client that leads this run (process %s) is gone: nobody is at work. Type `team resume` in a client here, or `team abort WHY`."
)


def led(state: State) -> bool:
    """Whether the client that leads a run still runs; True where no process is known."""
    team = state["team"] or {}
    return team.get("client_pid") is None or alive(team["client_pid"], team.get("vouched"))
