"""Whether anything that the ledger of approvals watches was touched since the last event: HEAD, the files of tasks, the files and folders
that the run began with. One `os.stat` each; only when something differs does `ledger` look at contents.

The watch file in the run's folder is derived: when it is lost or out of date everything is looked at again.
"""

import os

from ..base import project_facts


def signature(state):
    """What decides which files are watched."""
    rows = ["%s%s%s%d%s" % (n, t["state"], t["sealed"], len(t["touched"]), t["owner"]) for n, t in state["tasks"].items()]
    return "%s|%s|%s" % (state["phase"], bool(state["result"]["start"]), ",".join(rows))


def stamps(paths):
    """Inode, size and ctime of each path, what a link points to; ctime, because no program can set it."""
    out, stat = [], os.stat
    for path in paths:
        try:
            s = stat(path)
            out.append([s.st_ino, s.st_size, s.st_ctime_ns])
        except (OSError, ValueError):
            out.append(0)
    return out


def place(call):
    return os.path.join(call.store.data, "watch")


def read(call):
    """The last look: [signature, HEAD, stamps, event number and time, path, ...]; None when there is none."""
    data = call.store.disk.read(place(call))
    if data is None:
        return None
    parts = data.decode("utf-8", "surrogateescape").split("\0")
    return parts if len(parts) > 3 else None


def quiet(call):
    """Whether nothing was touched since the last look."""
    last = read(call)
    return (
        last is not None
        and last[0] == signature(call.state)
        and last[1] == project_facts.head(call.project)
        and last[2] == repr(stamps(last[4:]))
    )


def look(call):
    """Before an event is judged, and after a tool has run: what changed meanwhile is found, and recorded."""
    if call.state["waves"] is None and call.state["phase"] != "CLOSED" and not quiet(call):
        from . import ledger

        ledger.look(call)
