"""Whether a line that came as a prompt can have been produced by anything but the user's keyboard.

A schedule's prompt arrives exactly like typing (CLIENT 1.14). While a run is live nobody of the team can make one (other_tools.py); what
was made before it, or by the user, is known from three places: what Stop said of the session's schedules, the project's file of lasting
ones, and the transcripts that this client has written since it was started (a call of a scheduling tool stands in them). Where any of
them says so, a word counts together with a number that the gate shows to the user alone, after the schedule was made.

The first prompt of a `-p` session, and only that, can also come from a hook: `initialUserMessage` of a SessionStart hook is submitted like
typing, slash commands too, in a turn before the user's own (findings/client-initial-message-like-typing.sh; a terminal submits it never).
Where such a hook may be, words that come first do not count, unless the client's own command line has them; given again they do.
"""

from __future__ import annotations

import os

from ..base import codec
from ..base.tool_table import SCHEDULING, SCHEDULING_MCP, schedules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from .hook_call import Call

MOST = 64 << 20
FIRST = (
    "team: nothing was done. A session's first prompt may come from a hook that runs at its start (%s). If this was you, type it again, or "
    "give it on the command line of `claude -p`: %s"
)


def asked(call: Call, words: list[str]) -> tuple[list[str], str | None]:
    """(words without the number, None) when the line may count, else (words, what the user is told)."""
    who = _may_come_first(call)
    if who:
        return words, FIRST % (who, " ".join(words))
    why = schedule(call)
    if why is None:
        return words, None
    path = os.path.join(call.store.data, "word")
    kept = (call.store.disk.read(path) or b"").decode("ascii", "replace").split("\n")
    line = " ".join(words[:-1]).casefold()
    if len(kept) == 2 and kept[1] == line and codec.digest(kept[1], words[-1], size=8) == kept[0]:
        call.store.disk.remove(path)
        return words[:-1], None
    number = "%04d" % (int.from_bytes(os.urandom(4), "big") % 10000)
    line = " ".join(words).casefold()
    call.store.disk.replace(path, ("%s\n%s" % (codec.digest(line, number, size=8), line)).encode("utf-8", "surrogateescape"))
    return words, (
        "team: nothing was done. %s, and its prompt would look like your typing. If this was you, type: %s %s"
        % (why, " ".join(words), number)
    )


def noted(call: Call) -> None:
    """Keep what the client says of a session's schedules when a turn of its main thread ends."""
    crons = call.payload.get("session_crons")
    path = _kept(call)
    if isinstance(crons, list):
        text = codec.dumps([str(c.get("id"))[:80] for c in crons if isinstance(c, dict)][:50]).encode("ascii")
        if (call.store.disk.read(path) or b"[]") != text:
            call.store.disk.replace(path, text)


def session_began(call: Call) -> None:
    """Keep that this session, if it is no terminal's, has had no prompt since it began."""
    if call.env.get("CLAUDE_CODE_ENTRYPOINT") != "cli":
        call.store.disk.replace(_unprompted(call), b"")


def prompt_came(call: Call) -> None:
    """The next prompt of this session is not its first one."""
    call.store.disk.remove(_unprompted(call))


def _unprompted(call: Call) -> str:
    """A file that is there while the caller's session has had no prompt."""
    return _of_session(call, "unprompted")


def _may_come_first(call: Call) -> str:
    """Whose hooks may have brought this prompt, a session's first; "" for a later one, and where no such hook is known."""
    from . import identity

    if call.store.disk.read(_unprompted(call)) is None:
        return ""
    prompt = str(call.payload.get("prompt") or "").strip()
    on_the_command_line = [word.strip() for word in identity.cmdline(call.env.get("CLAUDE_PID"))]
    if prompt in on_the_command_line or "/team:" + prompt[len("team ") :] in on_the_command_line:
        return ""
    return ", ".join(start_hooks(call)[:3])


def start_hooks(call: Call) -> list[str]:
    """Where hooks for SessionStart are set up, this plugin's own aside: settings, other plugins."""
    from ..base import paths
    from . import skill_files

    found = [shown for shown, path in paths.settings_files(call.env, call.project).items() if _names_start(path)]
    own = _head(os.path.join(paths.PLUGIN_ROOT, "hooks", "hooks.json"))
    for root in skill_files.plugins(call, None):
        # The client may have a copy of this very plugin beside the folder that it runs from.
        if _head(os.path.join(root, "hooks", "hooks.json")) != own and any(_names_start(path) for path in _hook_files(root)):
            found.append("plugin " + os.path.basename(root.rstrip("/")))
    return found


def _hook_files(root: str) -> list[str]:
    """A plugin's manifest, and the files in which its hooks can stand: `hooks/` and what the manifest names."""
    manifest = os.path.join(root, ".claude-plugin", "plugin.json")
    try:
        out = [
            os.path.join(root, "hooks", name) for name in sorted(os.listdir(os.path.join(root, "hooks")))[:100] if name.endswith(".json")
        ]
    except OSError:
        out = []
    try:
        with open(manifest, encoding="utf-8-sig") as f:
            named = codec.loads(f.read()).get("hooks")
    except (OSError, ValueError, AttributeError):
        named = None
    return [manifest, *out, *(os.path.join(root, n) for n in (named if isinstance(named, list) else [named]) if isinstance(n, str))]


def _names_start(path: str) -> bool:
    """Whether a file of hooks may have one for a session's start: the event's name stands in it, or a module that can register any."""
    text = _head(path)
    return b'"SessionStart"' in text or b'"modules"' in text


def _head(path: str) -> bytes:
    """The first MiB of a file, "" where it cannot be read."""
    try:
        with open(path, "rb") as f:
            return f.read(1 << 20)
    except OSError:
        return b""


def _kept(call: Call) -> str:
    """Where the schedules of the caller's session are kept."""
    return _of_session(call, "crons")


def _of_session(call: Call, what: str) -> str:
    return os.path.join(call.store.data, what + "-" + codec.digest(str(call.payload.get("session_id")), size=6))


def schedule(call: Call) -> str | None:
    """What may bring a prompt without anybody typing it, as a sentence; None when nothing is known to."""
    if (call.store.disk.read(_kept(call)) or b"[]") not in (b"[]", b""):
        return "This session has a schedule"
    if call.payload.get("source") not in (None, "user"):
        return "This prompt came from %s" % str(call.payload["source"])[:40]
    try:
        with open(os.path.join(call.project, ".claude", "scheduled_tasks.json"), encoding="utf-8") as f:
            found = codec.loads(f.read(1 << 20))
        tasks = found.get("tasks", found) if isinstance(found, dict) else found
        if tasks:
            return "This project has a schedule (.claude/scheduled_tasks.json)"
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        return "This project's .claude/scheduled_tasks.json cannot be read"
    for path in transcripts(call):
        if _has_scheduled(path):
            return "A schedule was made in a session of this client"
    return None


def transcripts(call: Call) -> list[str]:
    """Transcripts of this project that were written since the client was started, and those of their agents; always the session's own."""
    own = call.payload.get("transcript_path") or ""
    folder, out = os.path.dirname(own), [own] + _of_agents(own) if own else []
    since = _started(call.env.get("CLAUDE_PID"))
    try:
        names = os.listdir(folder) if folder and since is not None else []
    except OSError:
        return out
    for name in sorted(names)[:2000]:
        path = os.path.join(folder, name)
        if name.endswith(".jsonl") and path != own:
            out += [p for p in [path] + _of_agents(path) if since is not None and _written(p) >= since]
    return out


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _of_agents(path: str) -> list[str]:
    """The transcripts of a session's agents, which lie beside its own (CLIENT 1.29)."""
    folder = os.path.join(path[: -len(".jsonl")], "subagents")
    try:
        return [os.path.join(folder, n) for n in sorted(os.listdir(folder))[:500] if n.endswith(".jsonl")]
    except OSError:
        return []


def _started(pid: Any) -> float | None:
    """When a process was started (Linux), seconds since the epoch and up to two too early; None where that cannot be told. Not the times of
    /proc/PID: they say when somebody looked there first."""
    try:
        with open("/proc/%d/stat" % int(pid), encoding="utf-8", errors="replace") as f:
            ticks = int(f.read().rpartition(")")[2].split()[19])
        with open("/proc/stat", encoding="ascii") as f:
            boot = next(int(line.split()[1]) for line in f if line.startswith("btime "))
        return boot + ticks / os.sysconf("SC_CLK_TCK") - 2
    except (OSError, ValueError, TypeError, IndexError, StopIteration):
        return None


def _has_scheduled(path: str) -> bool:
    marks = [('"name":"%s"' % tool).encode("ascii") for tool in SCHEDULING] + [('__%s"' % tool).encode("ascii") for tool in SCHEDULING_MCP]
    try:
        with open(path, "rb") as f:
            data = f.read(MOST)
    except OSError:
        return False
    if not any(mark in data for mark in marks):
        return False
    # A transcript also holds whole requests, in which every tool is described: only what an assistant called counts (CLIENT 1.29), and not
    # what came back as an error: a call that the gate refused has scheduled nothing.
    lines = data.split(b"\n")
    made = {i for line in lines if b'"tool_use"' in line and any(mark in line for mark in marks) for i in _calls(line)}
    refused = {i for line in lines if made and b'"is_error":true' in line for i in failed(line)}
    return bool(made - refused)


def _blocks(line: bytes, kind: str) -> list[dict[str, Any]]:
    """The content blocks of a transcript's line, where it is a message of this kind."""
    try:
        said = codec.loads(line.decode("utf-8", "replace"))
        if said.get("type", kind) != kind:
            return []
        return [block for block in said["message"]["content"] if isinstance(block, dict)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _calls(line: bytes) -> list[Any]:
    """The ids of the calls of scheduling tools in a line of a transcript."""
    return [b.get("id") for b in _blocks(line, "assistant") if b.get("type") == "tool_use" and schedules(str(b.get("name")))]


def failed(line: bytes) -> list[Any]:
    """The ids of the calls whose error a line of a transcript brings."""
    return [b.get("tool_use_id") for b in _blocks(line, "user") if b.get("type") == "tool_result" and b.get("is_error") is True]
