"""The supervision's own clock in a terminal: hooks run only when somebody does something, and silence is when nobody does.

The lead's Stop starts it as an `asyncRewake` hook (measured with client 2.1.329: in a terminal it runs beside the session and exit 2
wakes the lead with what it wrote to stderr; in `-p` the client *waits* for it, so there it is not started and looks happen at hook
events alone). One a run: whoever comes second leaves. It looks once a minute, under the store's lock, and ends with the run, the
client, or something to tell.
"""

from __future__ import annotations

import fcntl
import os
import time

from ..base import paths
from ..protocol import advice, machine, tables, watch
from ..protocol.refusal import Refusal
from ..store.journal import Busy, Store
from . import identity
from .hook_call import Call, Hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping
    from ..base.protocols import Env
    from .answers import Answer

# What time alone makes happen and the lead must hear of.
TIMED = ("TEARDOWN_RETRYING", "FORCED_FINALIZE_CANDIDATE", "TEARDOWN_FAILED_SAFE", "SPAWN_FAILED")


def run(payload: dict[str, Any], env: Env, sleep: Callable[[float], object] = time.sleep, peer: int | None = None) -> Answer:
    """Watch until there is something to tell. Answers (exit code, standard output, standard error)."""
    project = env.get("CLAUDE_PROJECT_DIR") or payload.get("cwd") or os.getcwd()
    data = paths.data_folder(env)
    live = paths.active(project, data)
    if live is None:
        return 0, "", ""
    only = os.open(os.path.join(live["run"], "watcher.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(only, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return 0, "", ""  # another one watches already
    with_client = _alive(env)
    fenced = os.path.join(live["run"], "fenced.json")  # another machine leads (fleet/files.py): nothing is recorded here any more
    while with_client() and paths.active(project, data) == live and not os.path.exists(fenced):
        try:
            told = look(payload, env, project, data, live, peer=peer)
        except Busy:
            told = ""
        if told is None:
            break
        if told:
            return 2, "", "team: " + told
        sleep(tables.limit("WATCH_LOOK_SEC"))
    return 0, "", ""


def _alive(env: Env) -> Callable[[], bool]:
    """A function that says whether the client which started us still runs."""
    known = env.get("CLAUDE_PID") or ""
    pid, parent = int(known) if known.isdigit() else 0, os.getppid()

    def alive() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return pid > 0 or os.getppid() == parent

    return alive


def look(
    payload: dict[str, Any], env: Env, project: str, data: str, live: Mapping[str, Any], now: float | None = None, peer: int | None = None
) -> str | None:
    """One look: what the lead must be told, "" for nothing, None when there is nothing left to watch."""
    store = Store(paths.team_folder(project, live["team"]), live["run"])
    with store.lock():
        store.load()
        call = Call(Hook(payload, env, time.time() if now is None else now, project, data, store.disk, peer), store)
        call.actor = identity.identify(call)
        if not identity.from_the_client(call) or call.actor["role"] != tables.LEAD or store.state["phase"] in (None, "CLOSED"):
            return None
        happened = call.gate("TICK") if machine.due(store.state, call.now) else []
        state = store.state
        todo = watch.steps(state, advice._step)
        if any(r["event"] in TIMED for r in happened):
            todo += advice.for_lead(state)
        for s in todo:
            step = s["step"] if s["who"] == tables.LEAD else "wake:" + s["step"]
            try:
                call.append("NUDGED", actor=machine.GATE, who=tables.LEAD, step=step, task=s["task"])
            except Refusal:
                continue  # told often enough
            return (
                s["text"]
                if s["who"] == tables.LEAD
                else "%s is asked to act (%s): send it a message, or do it yourself" % (s["who"], s["text"])
            )
    return ""
