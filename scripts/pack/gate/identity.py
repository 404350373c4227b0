"""Who is calling: the client's payload -> an actor (CLIENT 2.6). Never what a message claims."""

from __future__ import annotations

import os

from ..base import codec
from ..protocol import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence
    from ..base.protocols import Env
    from ..protocol.state_types import Actor, State
    from .hook_call import Call


def _actor(state: State, bound: Sequence[Any], agent_id: str | None) -> Actor:
    name, inc = bound
    return {"name": name, "role": state["roster"][name]["role"] if name in state["roster"] else None, "inc": inc, "agent_id": agent_id}


def _nobody(payload: dict[str, Any], role: str | None = None) -> Actor:
    return {
        "name": payload.get("agent_type") or "unknown",
        "role": role,
        "inc": 0,
        "agent_id": payload.get("agent_id") or payload.get("session_id"),
    }


def identify(call: Call) -> Actor:
    """The actor of a payload. The lead has the run's session id, no agent_id, and the agent_type that it had when it opened the run or took
    it up (none, or that of `claude --agent NAME`); all others are bound to a roster entry once; what cannot be bound has no role. A main
    session of its own that is not below the run's client is a bystander ("foreign")."""
    payload, state = call.payload, call.state
    session, agent, kind = payload.get("session_id"), payload.get("agent_id"), payload.get("agent_type")
    if session == state["team"]["session"]:
        if not agent:
            leads = (kind or None) == state["team"].get("main") and not started_by_a_tool(call)
            return kernel.MAIN if leads else _nobody(payload)
        if agent in state["agents"]:
            return _actor(state, state["agents"][agent], agent)
        name = _spawned(call, agent, kind)
        if name and _bind(call, name, agent):
            return _actor(call.state, call.state["agents"][agent], agent)
        return _nobody(payload)
    if same_client(call):
        # /clear or another conversation in the terminal of the run's own client: its agents go on, its user is a bystander until it leads.
        if agent in state["agents"]:
            return _actor(state, state["agents"][agent], agent)
        if not agent:
            return _nobody(payload, "foreign")
    pane = "session:%s" % session
    if pane in state["agents"]:
        return _nobody(payload) if agent else _actor(state, state["agents"][pane], pane)
    name = None if agent else _pane(call)
    if name and _bind(call, name, pane):
        return _actor(call.state, call.state["agents"][pane], pane)
    if (
        (agent or not kind or _of_a_person(call))
        and not below(call.env.get("CLAUDE_PID"), state["team"].get("client_pid"))
        and not from_a_tool(call)
    ):
        return _nobody(payload, "foreign")  # a session of the user's own, or an agent of it
    return _nobody(payload)


def from_a_tool(call: Call) -> bool:
    """Whether a client was started from a client's shell, and only then left alone (setsid, nohup): its environment says so (Linux). A
    person's terminal has no CLAUDECODE."""
    pid = call.env.get("CLAUDE_PID")
    if str(pid) == str(os.getpid()):
        return False
    try:
        with open("/proc/%d/environ" % int(pid or ""), "rb") as f:
            return b"\0CLAUDECODE=1\0" in b"\0" + f.read() + b"\0"
    except (OSError, ValueError, TypeError):
        return False


def _of_a_person(call: Call) -> bool:
    """Whether a main session that says an agent type is a user's `claude --agent NAME` and not a teammate's pane. A pane's client is told its
    parent (Linux)."""
    words = cmdline(call.env.get("CLAUDE_PID"))
    return bool(words) and not any(w.partition("=")[0] in ("--parent-session-id", "--agent-name") for w in words)


def started_by_a_tool(call: Call) -> bool:
    """Whether a client's shell started this client, which is not the one that leads. Nobody typed what it says."""
    return str(call.env.get("CLAUDE_PID")) != str(call.state["team"].get("client_pid")) and from_a_tool(call)


TOOL_CLIENT = (
    "team: this client was started from another client's shell (CLAUDECODE=1 in its environment), so it leads no run and nobody types in it. "
    "In a terminal of your own: `claude`, then `team resume`; from this one: `env -u CLAUDECODE claude`."
)


def stands_elsewhere(call: Call) -> str:
    """Why this session cannot lead from where it stands: it has entered another worktree, and CLAUDE_PROJECT_DIR stays the project
    (CLIENT 5.7); "" when it can."""
    from ..base import project_facts

    there = project_facts.other_worktree(call.project, str(call.payload.get("cwd") or call.project))
    return (
        "this session stands in the worktree %s, and the run works in %s: its agents would write in the one and be judged in the other. Leave "
        "the worktree (ask for ExitWorktree) and type `team resume`; or type it in a client that was started in %s"
        % (there, call.project, call.project)
        if there
        else ""
    )


def same_client(call: Call) -> bool:
    """Whether the payload comes from the very process that leads the run, whatever session it says."""
    team = call.state["team"]
    led = str(team.get("client_pid"))
    return str(call.env.get("CLAUDE_PID")) == led and (not team.get("vouched") or str(call.peer) == led)


def _bind(call: Call, name: str, agent: str) -> Any:
    bound = bool(call.gate("AGENT_BOUND", name=name, agent_id=agent))
    if bound and call.state["roster"][name].get("orders"):
        from .facts import give_orders

        give_orders(call, name)
    return bound


def _spawned(call: Call, agent: str, kind: Any) -> str | None:
    """The roster name that an unknown agent of the lead's session was spawned under, None when it cannot be told."""
    roster = call.state["roster"]
    pending = {n: entry for n, entry in roster.items() if entry["state"] == "SPAWNING"}
    if kind in pending and str(agent).startswith("a%s-" % kind):  # teammate mode: the type is the name
        return str(kind)
    meta = _meta(call.payload, agent)
    if meta is not None:  # written by the client before the agent's first tool call
        name = meta.get("name")
        ok = name in pending and not meta.get("parentAgentId") and meta.get("toolUseId") in (None, pending[name]["call"])
        return name if ok else None
    role = call.kind.role_of(call.state, kind or "")
    of_role = [n for n, entry in pending.items() if entry["role"] == role]
    return of_role[0] if len(of_role) == 1 else None  # two of one role: their order says nothing, wait


def _meta(payload: dict[str, Any], agent: str) -> dict[str, Any] | None:
    folder = (payload.get("transcript_path") or "")[: -len(".jsonl")]
    if not folder or not str(agent).replace("-", "").replace("_", "").isalnum():
        return None
    try:
        with open(os.path.join(folder, "subagents", "agent-%s.meta.json" % agent), encoding="utf-8") as f:
            found = codec.loads(f.read(65536))
        return found if isinstance(found, dict) else None
    except (OSError, ValueError):
        return None


def cmdline(pid: Any) -> list[str]:
    """The arguments of a process (Linux). They hold a key of the client's, so they are never logged."""
    try:
        with open("/proc/%d/cmdline" % int(pid or ""), "rb") as f:
            return f.read().decode("utf-8", "replace").split("\0")
    except (OSError, ValueError, TypeError):
        return []


def _pane(call: Call) -> str | None:
    """The roster name of a terminal-pane teammate: its client was started with the lead's session id and its name."""
    words = cmdline(call.env.get("CLAUDE_PID"))
    flags = {w: words[i + 1] for i, w in enumerate(words[:-1]) if w in ("--agent-name", "--parent-session-id", "--agent-type")}
    name = flags.get("--agent-name")
    if flags.get("--parent-session-id") is None:
        name = _pane_by_transcript(call)
    elif flags["--parent-session-id"] != call.state["team"]["session"]:
        return None
    entry = call.state["roster"].get(name or "")
    kind = str(call.payload.get("agent_type") or "")
    role = call.kind.role_of(call.state, kind)
    if entry and role == entry["role"] and (entry["state"] == "SPAWNING" or entry["pane"] and entry["agent_id"] is None):
        return name
    return None


def _pane_by_transcript(call: Call) -> str | None:
    """Without /proc: the pane's own transcript names team and agent."""
    try:
        with open(call.payload.get("transcript_path") or "", encoding="utf-8", errors="replace") as f:
            for line in f.read(262144).split("\n"):
                if '"teamName"' in line:
                    record = codec.loads(line)
                    if record.get("teamName") == "session-" + call.state["team"]["session"][:8]:
                        called: str | None = record.get("agentName")
                        return called
    except (OSError, ValueError, AttributeError):
        pass
    return None


def name_of(pid: Any) -> str | None:
    """The name of a process (Linux), None when there is none."""
    try:
        with open("/proc/%d/comm" % int(pid)) as f:
            return f.read().strip()
    except (OSError, ValueError, TypeError):
        return None


def vouches(env: Env, peer: int | None) -> str | None:
    """The client's process name when it hands payloads to its hooks in a way that can be checked (`peer`), else None."""
    return name_of(peer) if peer is not None and str(peer) == str(env.get("CLAUDE_PID")) else None


def from_the_client(call: Call) -> bool:
    """Whether the payload may come from the client. Asked only where the run was opened or taken up by a client whose payloads
    can be told (`vouched`), and as long as that process lives: then its session's payloads come from it and from nobody else."""
    team = call.state["team"]
    if not team.get("vouched") or name_of(team.get("client_pid")) != team["vouched"]:
        return True
    if call.payload.get("session_id") == team["session"]:
        return str(call.peer) == str(team["client_pid"])
    return call.peer is not None or not below(os.getpid(), team["client_pid"])


def is_second_client(call: Call) -> bool:
    """Whether the payload of the run's own session comes from another client, which is not below the run's: a client hands its hooks
    their payload itself, and says its own process."""
    team, pid = call.state["team"], call.env.get("CLAUDE_PID")
    return (
        call.payload.get("session_id") == team["session"]
        and call.peer is not None
        and str(call.peer) == str(pid) != str(team["client_pid"])
        and name_of(pid) == team["vouched"]
        and not below(pid, team["client_pid"])
    )


def below(pid: Any, ancestor: Any) -> bool:
    """Whether a process runs below another (Linux): a client that an agent started is no bystander."""
    try:
        pid, ancestor = int(pid), int(ancestor)
    except (TypeError, ValueError):
        return False
    for _ in range(64):
        if pid == ancestor:
            return True
        try:
            with open("/proc/%d/stat" % pid) as f:
                pid = int(f.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return False
        if pid <= 1:
            return False
    return False
