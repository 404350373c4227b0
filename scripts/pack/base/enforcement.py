"""What is enforced here and why: the client's version, its sandbox, what kind of session it is (DESIGN rule 10)."""

from __future__ import annotations

import os

from . import codec, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from ..protocol.state_types import Enforcement, State, Team
    from .protocols import Env

FAILS_CLOSED = (2, 1, 295)  # the first client that blocks the call when a hook fails (docs/client.md)


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
    if version and version < FAILS_CLOSED:
        why.append("client %d.%d.%d: a hook that crashes lets the call through (%d.%d.%d and newer do not)" % (version + FAILS_CLOSED))
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


def _team(state: State) -> Team | None:
    """As protocol/view.py has it, without which this file does."""
    return state["team"]


def recorded(state: State) -> Enforcement:
    """The level that was measured when the run was opened."""
    team = _team(state)
    return (team.get("enforcement") if team else None) or {"level": "off", "why": ["no team is active"]}


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


ORPHANED = "⚠ The client that led this run is gone: nobody is at work. Type /team:resume in a client here, or /team:abort WHY."


def led(state: State) -> bool:
    """Whether the client that leads a run still runs; True where no process is known."""
    team = _team(state)
    return team is None or team.get("client_pid") is None or alive(team["client_pid"], team.get("vouched"))


def led_elsewhere(team: Any, env: Env) -> bool:
    """Whether the client that leads a run (`team` of its state) is another process than the caller's, and still runs."""
    return alive(team.get("client_pid"), team.get("vouched")) and str(team.get("client_pid")) != str(env.get("CLAUDE_PID"))


HOOKS_OFF = "🚨 No hook of this pack runs in a client that starts here now: %s. Nothing is checked until that is mended; the work in between is looked at when the run ends."


def switched_off(env: Env, project: str, run: str | None = None) -> str:
    """Why no hook of this plugin would run in a client that starts here, as the settings are; "" where nothing is known to stop them.

    run: the run's folder in the plugin's data (PLUGINDATA/runs/PROJECT/TEAM), whose name says which installation it belongs to."""
    enabled: dict[str, tuple[Any, str]] = {}
    for shown, path in paths.settings_files(env, project).items():
        found = _object(path)
        if found.get("disableAllHooks"):
            return "disableAllHooks in %s" % shown
        plugins = found.get("enabledPlugins")
        enabled.update({k: (v, shown) for k, v in plugins.items() if k.partition("@")[0] == "team"} if isinstance(plugins, dict) else {})
    name = os.path.basename(os.path.dirname(os.path.dirname(os.path.dirname(run)))) if run else ""
    if name == "team-inline":
        return ""  # given by --plugin-dir: the settings have no say
    off = next((k for k, (on, _shown) in enabled.items() if on is False and name in ("team-" + k.partition("@")[2], "data", "")), None)
    if off:
        return "%s is disabled in %s" % (off, enabled[off][1])
    installed = _object(os.path.join(paths.client_home(env), "plugins", "installed_plugins.json")).get("plugins")
    if isinstance(installed, dict) and name.startswith("team-") and "team@" + name[len("team-") :] not in installed:
        return "team@%s is not installed any more" % name[len("team-") :]
    return ""


def _object(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8-sig") as f:
            found = codec.loads(f.read())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}
