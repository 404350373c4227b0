"""Whether anything that the ledger of approvals watches was touched since the last event: HEAD, the files of tasks, the files and folders
that the run began with. One `os.stat` each; only when something differs does `ledger` look at contents.

The watch file in the run's folder is derived: when it is lost or out of date everything is looked at again.
"""

from __future__ import annotations

import os

from ..base import project_facts
from ..base.client_tools import EDIT_TOOLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
    from ..protocol.state_types import State
    from .hook_call import Call

MOST_AT_ONCE = 1000


def signature(state: State) -> str:
    """What decides which files are watched."""
    rows = [
        "%s%s%s%d%d%s" % (n, task["state"], task["sealed"], len(task["touched"]), len(task["requests"]), task["owner"])
        for n, task in state["tasks"].items()
    ]
    return "%s|%s|%s" % (state["phase"], bool(state["result"]["start"]), ",".join(rows))


def stamps(paths: Sequence[str]) -> list[int]:
    """Inode and ctime of each path, two numbers a path in one flat list; 0, 0 for nothing there. No program can set the ctime, and every
    change of content, mode or name changes it."""
    out: list[int] = []
    stat = os.stat
    add = out.append
    for path in paths:
        try:
            s = stat(path)
            add(s.st_ino)
            add(s.st_ctime_ns)
        except (OSError, ValueError):
            add(0)
            add(0)
    return out


def place(call: Call) -> str:
    return os.path.join(call.store.data, "watch")


def read(call: Call) -> list[str] | None:
    """The last look: [signature, HEAD, mark of the stamps, event number and time, path, ...]; None when there is none."""
    data = call.store.disk.read(place(call))
    if data is None:
        return None
    parts = data.decode("utf-8", "surrogateescape").split("\0")
    return parts if len(parts) > 3 else None


def marked(numbers: Sequence[int]) -> str:
    """A list of stamps as two words, one for each half. Numbers hash alike in every process."""
    middle = len(numbers) // 4 * 2
    return "%d %d" % (hash(tuple(numbers[:middle])), hash(tuple(numbers[middle:])))


def _unchanged(call: Call, last: list[str]) -> bool:
    """Whether the stamps are those of the last look. An edit among very many files looks at one half before it and at the other after it: a
    stat costs two microseconds, and only edits are that frequent."""
    paths = last[4:]
    event = call.payload["hook_event_name"]
    if len(paths) <= MOST_AT_ONCE or call.payload.get("tool_name") not in EDIT_TOOLS:
        return last[2] == marked(stamps(paths))
    middle, (first, second) = len(paths) // 2, last[2].split(" ")
    if event == "PreToolUse":
        return first == "%d" % hash(tuple(stamps(paths[:middle])))
    return second == "%d" % hash(tuple(stamps(paths[middle:])))


def quiet(call: Call) -> bool:
    """Whether nothing was touched since the last look."""
    last = read(call)
    return last is not None and last[0] == signature(call.state) and last[1] == project_facts.head(call.project) and _unchanged(call, last)


def look(call: Call) -> None:
    """Find and record what changed meanwhile. Called before an event is judged, and after a tool has run."""
    if call.kind.approves and call.state["phase"] != "CLOSED" and not quiet(call):
        from . import closer_look

        closer_look.look(call)
