"""Tool calls that ran in this project while no hook of the pack looked: the plugin was switched off for a session and on again, a client was
started without it or with --bare, or in a folder of the project that has hooks of its own.

Every call that the gate is asked about leaves its id in the run's folder. The client writes every call of every session into its transcripts.
A call that ran after the run had begun and left no id is one that nobody judged. It is recorded as a STATE_DIVERGENCE: the run is not
completed before the user has said `team resume`. What the call changed is found by content, like everything else (closer_look.py).

Looked at where a session or a prompt begins, where the lead ends its turn, and before the end of the run; each time only what was written
since the last look. A client that keeps no transcript, or that of another user, is not seen.
"""

from __future__ import annotations

import os
import time

from ..base import codec, paths
from ..base.client_tools import SHELL_TOOLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator
    from ..base.protocols import Env
    from ..store.disk import Disk
    from .hook_call import Call

    Calls = dict[str, list[tuple[str, str]]]  # session: [(tool, path relative to the project or "")]
    Progress = dict[str, Any]  # transcript: [bytes read, {id of a call without a result: [tool, path]}]

MOST = 64 << 20  # bytes of one transcript that one look reads; the next look goes on there
AT = ("SessionStart", "UserPromptSubmit", "Stop")


def begin(run: str, disk: Disk, now: float) -> None:
    """The run begins: calls count from now on."""
    disk.mkdir(run)
    disk.replace(_judged(run), (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + "\n").encode("ascii"))


def note(call: Call) -> None:
    """The gate is asked about this call, whatever it answers."""
    use = call.payload.get("tool_use_id")
    if not use or call.payload["hook_event_name"] != "PreToolUse":
        return
    path = _judged(call.store.data)
    if not os.path.exists(path):
        begin(call.store.data, call.store.disk, call.now)  # a run that an older release opened
    call.store.disk.append(path, use.encode("utf-8", "replace").replace(b"\n", b"") + b"\n", sync=False)


def look(call: Call) -> None:
    """Record what ran unseen, where it is time to look."""
    if call.state["phase"] != "CLOSED" and _due(call):
        record(call)


def record(call: Call) -> None:
    """Look now, and record what is found."""
    run, disk = call.store.data, call.store.disk
    found, progress = since_the_last_look(run, call.project, call.env, disk)
    for session, calls in found.items():
        name = _called(session)
        call.gate("STATE_DIVERGENCE", file=name, name=name, now=codec.digest(repr(calls)), enforces="session", was=shown(calls))
    if progress:
        disk.replace(_progress(run), codec.dumps(progress).encode("ascii"))


def text(run: str, project: str, env: Env, disk: Disk) -> str:
    """What ran unseen and is not recorded yet, for a process that only looks; "" where there is nothing."""
    found = since_the_last_look(run, project, env, disk)[0]
    told = ["%s (%s)" % (_called(session), shown(calls)) for session, calls in sorted(found.items())]
    return "🚨 Work that nothing checked: %s. The next event of a client with the plugin records it." % "; ".join(told) if told else ""


def _called(session: str) -> str:
    return "session %s unseen by the run's hooks" % session[:8]


def shown(calls: list[tuple[str, str]]) -> str:
    """Unseen calls for people: how many, and the first of them."""
    words = list(dict.fromkeys(" ".join(c).strip() for c in calls))
    return "%d call%s: %s%s" % (len(calls), "s"[: len(calls) != 1], ", ".join(words[:6]), ", ..." if len(words) > 6 else "")


def _due(call: Call) -> bool:
    """Whether this event is one at which it is looked."""
    if call.payload["hook_event_name"] in AT or call.state["phase"] in ("TEARDOWN", "FAILED_SAFE"):
        return True
    command = str(call.payload["tool_input"].get("command"))
    return "pack" in command and ("teardown" in command or "finish" in command)


def _judged(run: str) -> str:
    return os.path.join(run, "judged")


def _progress(run: str) -> str:
    return os.path.join(run, "transcripts.json")


def since_the_last_look(run: str, project: str, env: Env, disk: Disk) -> tuple[Calls, Progress]:
    """(what ran unseen and is not recorded yet, what the next look goes on from; empty where nothing was written). Changes nothing."""
    data = disk.read(_judged(run))
    if data is None:
        return {}, {}
    begun, *ids = data.decode("utf-8", "replace").split("\n")
    try:
        progress: Progress = codec.loads((disk.read(_progress(run)) or b"{}").decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        progress = {}
    judged, found, new = set(ids), {}, False  # type: tuple[set[str], Calls, bool]
    for session, path in _transcripts(project, env):
        at, open_calls = progress.get(path) or [0, {}]
        try:
            if os.stat(path).st_size <= at:
                continue
            with open(path, "rb") as f:
                f.seek(at)
                text = f.read(MOST)
        except OSError:
            continue
        text = text[: text.rfind(b"\n") + 1]
        progress[path], new = [at + len(text), open_calls], True
        ran = [what for use, what in _ran(text, begun, project, open_calls) if use not in judged]
        if ran:
            found.setdefault(session, []).extend(ran)
    return found, progress if new else {}


def _transcripts(project: str, env: Env) -> Iterator[tuple[str, str]]:
    """(session, path) of each transcript that the client keeps of this project and of the folders in it."""
    home = os.path.join(paths.client_home(env), "projects")
    ours = {"".join(c if c.isascii() and c.isalnum() else "-" for c in p)[:180] for p in (project, os.path.realpath(project))}
    try:
        folders = [
            f for f in os.listdir(home) if f.startswith(tuple(ours))
        ]  # another project's too, such as app-2 beside app: `_inside` tells
    except OSError:
        return
    for folder in sorted(folders):
        for base, below, names in os.walk(os.path.join(home, folder)):
            below[:] = [b for b in below if base.count(os.sep) < home.count(os.sep) + 4]
            for name in names:
                if name.endswith(".jsonl"):
                    rest = os.path.relpath(os.path.join(base, name), os.path.join(home, folder))
                    yield rest.partition(os.sep)[0].replace(".jsonl", ""), os.path.join(base, name)


def _ran(text: bytes, begun: str, project: str, open_calls: dict[str, list[str]]) -> Iterator[tuple[str, tuple[str, str]]]:
    """(id, (tool, path)) of the calls whose result stands in these lines of a transcript. open_calls: those that wait for theirs."""
    from ..base.tool_table import ANSWERING, HARMLESS

    inside: dict[str, bool] = {}
    for line in text.split(b"\n"):
        if b'"tool_use"' not in line and b'"tool_result"' not in line:
            continue
        try:
            entry = codec.loads(line.decode("utf-8", "replace"))
            cwd, content = str(entry.get("cwd")), entry["message"]["content"]
            if str(entry["timestamp"])[:19] <= begun or not isinstance(content, list):
                continue
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if cwd not in inside:
            inside[cwd] = _inside(project, cwd)
        for block in content if inside[cwd] else ():
            if not isinstance(block, dict):
                continue
            if block.get("type") == "tool_use" and block.get("name") not in (*HARMLESS, *ANSWERING):
                open_calls[str(block.get("id"))] = [str(block.get("name")), _path(block.get("input"), project)]
            elif block.get("type") == "tool_result" and str(block.get("tool_use_id")) in open_calls:
                use = str(block["tool_use_id"])
                tool, path = open_calls.pop(use)
                if _carried_out(tool, block):
                    yield use, (tool, path)


def _carried_out(tool: str, result: dict[str, Any]) -> bool:
    """Whether the call did something. The client itself refuses some without asking any hook, and says that as an error, too."""
    if not result.get("is_error"):
        return True
    return tool in SHELL_TOOLS and "Exit code" in str(result.get("content"))[:200]


def _path(given: Any, project: str) -> str:
    """The file that a call names, for people; "" without one."""
    path = given.get("file_path") or given.get("notebook_path") if isinstance(given, dict) else None
    return str(path)[:200].replace(os.path.join(project, ""), "") if path else ""


def _inside(project: str, cwd: str) -> bool:
    """Whether a session that stands there works on the project's own files: not in another checkout, nor in a repository within it."""
    from ..base import project_facts

    root, at = os.path.realpath(project), os.path.realpath(cwd)
    if at != root and not at.startswith(root + os.sep) or project_facts.other_worktree(project, cwd):
        return False
    while at != root:
        if os.path.exists(os.path.join(at, ".git")):
            return False
        at = os.path.dirname(at)
    return True
