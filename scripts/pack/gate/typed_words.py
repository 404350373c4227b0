"""Whether a line that came as a prompt can have been produced by anything but the user's keyboard.

A schedule's prompt arrives exactly like typing (CLIENT.md 11). While a run is live nobody of the team can make one (other_tools.py); what
was made before it, or by the user, is known from three places: what Stop said of the session's schedules, the project's file of lasting
ones, and the transcripts that this client has written since it was started (a call of a scheduling tool stands in them). Where any of
them says so, a word counts together with a number that the gate shows to the user alone, after the schedule was made.
"""

import os

from ..base import codec
from ..base.tool_table import SCHEDULING

MOST = 64 << 20


def asked(call, words):
    """(words without the number, None) when the line may count, else (words, what the user is told)."""
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


def noted(call):
    """Keep what the client says of the session's schedules when the lead's turn ends."""
    crons = call.payload.get("session_crons")
    path = os.path.join(call.store.data, "crons")
    if isinstance(crons, list):
        text = codec.dumps([str(c.get("id"))[:80] for c in crons if isinstance(c, dict)][:50]).encode("ascii")
        if (call.store.disk.read(path) or b"[]") != text:
            call.store.disk.replace(path, text)


def schedule(call):
    """What may bring a prompt without anybody typing it, as a sentence; None when nothing is known to."""
    if (call.store.disk.read(os.path.join(call.store.data, "crons")) or b"[]") not in (b"[]", b""):
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


def transcripts(call):
    """Transcripts of this project that were written since the client was started; always the session's own."""
    own = call.payload.get("transcript_path") or ""
    folder, out = os.path.dirname(own), [own] if own else []
    try:
        since = os.stat("/proc/%d" % int(call.env.get("CLAUDE_PID"))).st_ctime
        names = os.listdir(folder) if folder else []
    except (OSError, ValueError, TypeError):
        return out
    for name in sorted(names)[:2000]:
        path = os.path.join(folder, name)
        try:
            if name.endswith(".jsonl") and path != own and os.stat(path).st_mtime >= since:
                out.append(path)
        except OSError:
            continue
    return out


def _has_scheduled(path):
    marks = [('"name":"%s"' % tool).encode("ascii") for tool in SCHEDULING]
    try:
        with open(path, "rb") as f:
            data = f.read(MOST)
    except OSError:
        return False
    # A transcript also holds whole requests, in which every tool is described: only what an assistant called counts (GROUND S8).
    return any(mark in data for mark in marks) and any(
        _calls(line) for line in data.split(b"\n") if b'"tool_use"' in line and any(mark in line for mark in marks)
    )


def _calls(line):
    """Whether a line of a transcript is a message in which a scheduling tool was called."""
    try:
        said = codec.loads(line.decode("utf-8", "replace"))
        if said.get("type", "assistant") != "assistant":
            return False
        return any(block.get("type") == "tool_use" and block.get("name") in SCHEDULING for block in said["message"]["content"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
