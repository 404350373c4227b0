"""The gate: a hook payload comes in, an answer goes out; between them one event is stepped and journalled.

`handle(payload, env, now)` is the whole of it: find the active team, lock and load the journal, find out who is calling,
turn the call into a protocol event, append it or its refusal, answer. Everything it decides is decided by `protocol/`.

Answers follow CLIENT 1.5: nothing, or exactly one JSON object; a refusal is a JSON deny *and* exit code 2.
"""

from __future__ import annotations

import os
import time

from ..base import codec, paths
from ..base.enforcement import client_version
from ..protocol import advice, machine, tables
from ..protocol.refusal import Refusal
from ..store.disk import is_about_a_file
from ..store.journal import Busy, Damaged, Store
from . import answers, glance, identity, tamper_check, unseen_calls
from .answers import PASS, block, deny, stop, tell
from .hook_call import Call, Hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping
    from ..base.protocols import Env
    from ..store.disk import Disk
    from .answers import Answer

# event -> (module, function); a call imports only what its event needs.
HANDLERS = {
    "PreToolUse": ("before_tool", "pre_tool"),
    "PreSkillShellCommand": ("before_shell", "skill_line"),
    "PostToolUse": ("after_tool", "post_tool"),
    "PostToolUseFailure": ("after_tool", "post_tool"),
    "PermissionDenied": ("after_tool", "post_tool"),
    "SubagentStart": ("turns", "subagent_start"),
    "SubagentStop": ("turns", "agent_stop"),
    "Stop": ("turns", "lead_stop"),
    "StopFailure": ("turns", "stop_failure"),
    "UserPromptSubmit": ("sessions", "prompt_submitted"),
    "SessionStart": ("sessions", "session_started"),
    "SessionEnd": ("sessions", "session_ended"),
    "ConfigChange": ("sessions", "config_changed"),
}

DONE = ("PostToolUse", "PostToolUseFailure")  # what the tool did is recorded by who saw it, the rest is looked for then

TEXTS = (
    "session_id",
    "agent_id",
    "agent_type",
    "cwd",
    "transcript_path",
    "tool_name",
    "tool_use_id",
    "hook_event_name",
    "prompt",
    "source",
)
GIVEN_TEXTS = ("to", "name", "agent_id", "subagent_type", "command", "file_path", "notebook_path", "taskId", "task_id", "status", "subject")


def normal(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload with the types that everything below relies on; what is of another type is as good as absent."""
    out = dict(payload)
    for key in TEXTS:
        if key in out and (not isinstance(out[key], str) or key == "cwd" and "\0" in out[key]):
            del out[key]
    for key in ("tool_input", "tool_response"):
        value = out.get(key)
        out[key] = dict(value) if isinstance(value, dict) else {}
    for key in GIVEN_TEXTS:
        if key in out["tool_input"] and not isinstance(out["tool_input"][key], str):
            out["tool_input"][key] = str(out["tool_input"][key])[:200]
    if not isinstance(out.get("background_tasks"), list):
        out.pop("background_tasks", None)
    return out


def handle(
    payload: dict[str, Any],
    env: Env,
    now: float | None = None,
    disk: Disk | None = None,
    peer: int | None = None,
    waves: Any = None,
    fleet: Any = None,
) -> Answer:
    """One hook payload -> (exit code, standard output, standard error). Raises nothing that concerns the caller.

    peer: the process that handed the payload over, where that can be told. waves: loads what runs of waves do (run_kind.py), fleet: what
    runs of a fleet do (fleet/desk.py)."""
    from ..store.disk import Disk

    now = time.time() if now is None else now
    payload = normal(payload)
    name = payload.get("hook_event_name")
    project = env.get("CLAUDE_PROJECT_DIR") or payload.get("cwd") or os.getcwd()
    data = paths.data_folder(env)
    hook = Hook(payload, env, now, project, data, disk or Disk(), peer, waves)
    live = paths.active(project, data)
    joined = fleet() if fleet is not None and live is not None and _in_a_fleet(project, live["run"]) else None
    if name == "UserPromptExpansion":
        from . import open_run, word_commands

        word = word_commands.word(payload)
        if word is not None:
            as_prompt = lambda said: handle(said, env, now, disk, peer, waves, fleet)  # noqa: E731
            return word_commands.answered(word, payload, env, project, data, as_prompt)
        fenced: Answer | None = joined.typed(live) if joined is not None else None
        if fenced is not None:
            return fenced
        return open_run.expanded(hook)
    if name == "UserPromptSubmit" and live is None:
        from . import open_run

        return open_run.activated(hook)
    if live is None or name not in HANDLERS:
        return PASS
    return _judged(hook, live, joined)


def _judged(hook: Hook, live: Mapping[str, Any], joined: Any) -> Answer:
    """What came in while a run is live: who calls, what time and others have done meanwhile, then the call itself. joined: the run's fleet."""
    name, project = hook.payload["hook_event_name"], hook.project
    store = Store(paths.team_folder(project, live["team"]), live["run"], hook.disk)
    if (
        name == "PreToolUse"
        and "commit" in str(hook.payload["tool_input"].get("command"))  # a reviewer's `git diff` waits for no checks
        and os.path.isdir(os.path.join(live["run"], "checks"))
    ):
        from . import task_checks

        task_checks.settle(live["run"])
    with store.lock():
        store.load()
        if store.state["team"] is None:
            raise Damaged("the team %s has no journal any more" % live["team"])
        call = Call(hook, store, joined)
        unseen_calls.note(call)
        if not identity.from_the_client(call):
            return _second(call) if identity.is_second_client(call) else _forged(call)
        frozen: Answer | None = joined.look(call) if joined is not None else None
        if frozen is not None:
            return frozen
        call.close()  # the process that closed the run may have died before it had buried it
        if machine.due(store.state, call.now) or store.jumped:
            call.gate("TICK")
        call.actor = identity.identify(call)
        if any(agent["state"] == "SPAWNING" for agent in store.state["roster"].values()):
            from . import refused_spawns

            refused_spawns.settle(call)
        looked = _enforcement(call)
        _markers(call, live)
        unseen_calls.look(call)
        if name not in DONE:
            glance.look(call)
        if store.state["phase"] in ("TEARDOWN", "FAILED_SAFE"):
            _prove(call)
        answer = _handler(*HANDLERS[name])(call)
        return _after(call, answer, looked)


def _after(call: Call, answer: Answer, looked: Any) -> Answer:
    """What is looked at once the call is judged, and what its answer is told besides."""
    store, joined = call.store, call.fleet
    after = call.payload["hook_event_name"] in DONE
    said = call.payload.get("tool_name") == "SendMessage"  # from a REVIEW on its files are watched: its receiver may read at once
    if after or said or any(task["state"] == "DONE" and task["content"] is None for task in store.state["tasks"].values()):
        glance.look(call)
    if store.found:
        call.gate("TICK")  # troubles are recorded even when the call itself records nothing
    if looked is not None and not store.found:
        tamper_check.remember(store.data, store.disk, looked)
    if store.state["tampered"]:
        answer = _warned(call, answer)
    shown: Answer = answer if joined is None else joined.said(call, answer)
    return shown if not _tells_a_person(call) else _notified(call, shown)


def _tells_a_person(call: Call) -> bool:
    """Whether there may be something that only a person can do."""
    return call.state["phase"] in ("FAILED_SAFE", "CLOSED") or bool(call.state["tampered"]) or call.kind.judges


def _notified(call: Call, answer: Answer) -> Answer:
    from . import notify

    return notify.added(call, answer)


def _in_a_fleet(project: str, run: str) -> bool:
    """Whether a run began in a fleet, or its project is in one (fleet/files.py, fleet/policy.py)."""
    return os.path.exists(os.path.join(run, "fleet.json")) or os.path.exists(os.path.join(project, ".claude", "fleet.yaml"))


def _prove(call: Call) -> None:
    from . import closing_proof

    closing_proof.before_the_end(call)
    call.close()


def _handler(module: str, name: str) -> Any:
    return getattr(__import__("pack.gate." + module, fromlist=[name]), name)  # `importlib` itself would have to be imported


def _forged(call: Call) -> Answer:
    """A payload that no client sent: an agent that runs the hook itself could be anybody. Recorded, and without effect."""
    call.actor = {"name": "unknown", "role": None, "inc": 0, "agent_id": None}
    refusal = Refusal(
        "NOT_THE_CLIENT",
        "a hook was run with a payload that the client did not send",
        "it claims to be %s" % (call.payload.get("agent_id") or "the lead"),
        "hooks are the client's; use the tools and the `pack` verbs",
        call.payload["hook_event_name"],
    )
    call.append(refusal.record, **refusal.data())  # without a key: the one it claims belongs to somebody else's call
    return deny(refusal) if call.payload["hook_event_name"] == "PreToolUse" else (2, "", refusal.text())


def _second(call: Call) -> Answer:
    """Another client of the user's that took up the lead's own session (`--continue` in a second terminal). One leads."""
    from . import prompt_lines

    name, team = call.payload["hook_event_name"], call.state["team"]
    text = (
        "team: this session is led by the client that has it open already (process %s); a second client on it leads nothing. Type in that "
        "terminal; or end it there, and type `team resume` here. `claude --continue` with --fork-session makes a session of its own."
        % team["client_pid"]
    )
    if name == "SessionStart":
        return tell(name, text)
    if name == "UserPromptSubmit" and prompt_lines.for_the_team(str(call.payload.get("prompt") or "")):
        return block(text)
    if name == "PreToolUse" and call.payload.get("tool_name") in (
        "Agent",
        "Task",
        "SendMessage",
        "Edit",
        "Write",
        "MultiEdit",
        "NotebookEdit",
        "Bash",
    ):
        return stop(deny(text), text)
    return PASS


def _enforcement(call: Call) -> Any:
    """Put what was changed of plugin and settings among the troubles to record; answers what to remember once they are recorded.

    Not asked for a bystander, whose client may run another copy; nor where a session starts with an updated one, which is noted there."""
    state, store = call.state, call.store
    if call.actor["role"] == "foreign" or call.payload["hook_event_name"] == "SessionStart" and tamper_check.updated(state):
        return None
    touched, looked = tamper_check.differences(state, store.data, store.disk, call.env, call.project)
    for difference in touched:
        store.found.append(("STATE_DIVERGENCE", difference))  # type: ignore[arg-type]  # its keys are those of Data
    return looked


def _markers(call: Call, live: Mapping[str, Any]) -> None:
    """The files that make hooks.json start the gate are there and are the ones that the gate wrote: removed, or replaced for a while (their
    first line names the interpreter), is a trouble to record, and they are written anew."""
    store, project, data = call.store, call.project, call.data
    if call.state["phase"] == "CLOSED":
        return
    known, now = paths.marked(store.data, store.disk), paths.marks(data, project, store.disk)
    if known is not None and known[1] == data and known[0] == project:
        if known[2] == now:
            return
        gone = [i for i, stamp in enumerate(now) if stamp is None]
        why = "%d of %d removed" % (len(gone), len(now)) if gone else "replaced or touched, and with them the interpreter of the checks"
        store.found.append(
            (
                "STATE_DIVERGENCE",
                {"file": "the run's markers", "name": "markers", "now": codec.digest(repr(now)), "enforces": "plugin", "was": why},
            )
        )
    elif known is not None and known[1] != data and now[0] is not None:
        return  # the markers of another data folder are that one's
    import sys

    paths.mark(project, data, live["team"], live["run"], sys.executable or live["python"], store.disk)


WARNABLE = ("PreToolUse", "PostToolUse", "PostToolUseFailure", "UserPromptSubmit", "SessionStart", "Stop")


def _warned(call: Call, answer: Answer) -> Answer:
    """Tell the lead once for each state of things that what enforces the run was changed, with whatever it is answered."""
    event = call.payload["hook_event_name"]
    step = "tampered:" + codec.digest(codec.dumps(call.state["tampered"]), size=6)
    if (
        call.actor["role"] != tables.LEAD
        or event not in WARNABLE
        or call.state["phase"] == "CLOSED"
        or "%s|%s" % (tables.LEAD, step) in call.state["nudges"]
    ):
        return answer
    call.gate("NUDGED", who=tables.LEAD, step=step, task=None)
    text, (code, out, err) = "team: " + advice.tampering(call.state) + ".", answer
    if not out:
        return answers.go_on(event, text, client_version(call.env)) if event == "Stop" else tell(event, text)
    found = codec.loads(out)
    if "reason" in found:
        found["reason"] += "\n" + text
    else:
        key = "permissionDecisionReason" if "permissionDecisionReason" in found["hookSpecificOutput"] else "additionalContext"
        found["hookSpecificOutput"][key] = (found["hookSpecificOutput"].get(key, "") + "\n" + text).strip()
    return code, codec.dumps(found), err


def trouble(error: BaseException, guarded: str | None) -> Answer:
    """What to answer when the gate itself cannot work: closed for guarded calls, open for the rest, with the way out.

    guarded: the event when it fails closed (hooks/gate.py, GUARDED, and UserPromptSubmit for what was typed to the team), else None."""
    if isinstance(error, Damaged):
        text = (
            "team: the run's journal cannot be trusted (%s). Nothing is guessed: guarded tools stay refused. "
            "Way out, in your own terminal: `pack doctor` shows the damage, `pack resume --repair` goes back to the last good "
            "record, `pack abort --reason WHY` ends the run." % error
        )
    elif isinstance(error, Busy):
        text = "team: %s. Try the same call again." % error
    elif type(error).__name__ == "OutOfTime":  # hooks/gate.py's own clock
        text = str(error)
    elif isinstance(error, OSError) and is_about_a_file(error):
        text = (
            "team: the journal could not be written (%s: %s). Nothing was recorded and the call is refused. Free space or mend the rights "
            "of .claude/teams, then try again; `pack abort` in your own terminal ends the run." % (type(error).__name__, error.strerror)
        )
    else:
        text = (
            "team: the gate failed (%s: %s), so the call is refused. `pack doctor` in your own terminal says more; "
            "`pack abort --reason WHY` there ends the run and its checks." % (type(error).__name__, str(error)[:200])
        )
    if guarded == "PreToolUse":
        return stop(deny(text), text) if isinstance(error, Damaged) else deny(text)
    if guarded in ("UserPromptExpansion", "UserPromptSubmit"):
        return block(text)
    if guarded in ("ConfigChange", "PreSkillShellCommand"):
        return 2, "", text
    return 0, "", text
