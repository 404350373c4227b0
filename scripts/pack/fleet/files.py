"""What desk (hooks) and shipper hand each other in the run's folder in the plugin's data; no agent may write there.

fleet.json    the run's own part in the fleet, made at its first hook: {"run", "holder", "settings"}; what the project's file says later is not asked
ship.lock     who holds it is the run's shipper; its number stands in it
ship.sock     where it answers
ship.json     how it stands: {"pid", "state", "why", "shipped", "last", "heard": seconds, "boot", "at", ...}
leases.json   the paths that are leased, as far as this machine knows: {path: fencing number}
fenced.json   another copy of the run leads: {"machine", "member", "epoch", "at"}
asked.json    the paths that a run of waves has written or asked for: {path: 0}
unleased.json work on files without a lease, while the engine could not be reached: [{"path", "task"}]
notes.json    what status and summary say besides: [text]
news.json     what the lead is told at its next turn's end: [text]; news.lock: who writes it
contracts.json what the squad depends on and how far it is merged here: fleet.sprint.standing's answer
done          everything is shipped and the run is closed
"""

import os
import time

from ..base import codec, paths, whole_file
from ..protocol.guards_result import plainly
from ..base.enforcement import alive  # noqa: F401 - whether a process runs, and is no zombie

LASTING = ("fleet.json", "resume.json", "fenced.json", "unleased.json", "asked.json")
STATES = {
    "starting": "has not reached the engine yet",
    "ok": "up to date",
    "offline": "the engine cannot be reached",
    "fenced": "another copy of this run leads",
    "diverged": "the engine holds another chain of records",
    "error": "cannot work",
    "done": "the run is closed and everything is stored",
    "left": "the client that led the run is gone; everything is stored",
}


def path(run, name):
    return os.path.join(run, name)


def read(run, name, otherwise=None):
    """A file's value; `otherwise` when it is missing or damaged."""
    try:
        with open(os.path.join(run, name), "rb") as f:
            return codec.loads(f.read().decode("utf-8"))
    except (OSError, ValueError):
        return otherwise


def write(run, name, value):
    """Put a value in place atomically; who this copy is (LASTING) survives the machine's end, too."""
    whole_file.swap(os.path.join(run, name), codec.dumps(value).encode("ascii"), sync=name in LASTING)


def remove(run, name):
    try:
        os.unlink(os.path.join(run, name))
    except OSError:
        pass


def ships(pid):
    """Whether a process is a shipper, as far as the system tells: a number is soon another's."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return {b"fleet", b"ship"} <= set(f.read().split(b"\0"))
    except OSError:
        return not os.path.isdir("/proc/self")


def seconds():
    """A clock that goes on while the machine sleeps and that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def boot():
    """A text that changes when the machine restarts."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
            return f.read().strip()
    except OSError:
        return ""


def wanted(state):
    """{path: task} of the files that a run's tasks need a lease for. Task numbers are whole numbers.

    `.conventions/` is in every plan, as the last task's: asked for when that task is claimed, or no two squads could ever plan."""
    out = {}
    for number, task in state["tasks"].items():
        if task["state"] == "CANCELLED":
            continue
        for name in task["files"]:
            if task["state"] == "PENDING" and (name + "/").casefold().startswith(".conventions/"):
                continue
            out.setdefault(name, int(number))
    return out


def of_task(number):
    """Which task has a lease, as a part of a sentence; a run of waves has none."""
    return "" if number is None else ", task #%s" % number


def note(run, lines):
    """Lines more for status and summary, for as long as the run is there."""
    known = read(run, "notes.json", [])
    write(run, "notes.json", known + [line for line in lines if line not in known])


def spelt(project, state, wanted):
    """The same {path: task} with links followed and a larger repository's folder in front: one path for one file in every clone."""
    prefix = ((state["result"] or {}).get("start") or {}).get("prefix") or ""
    root, out = os.path.realpath(project), {}
    for name, task in wanted.items():
        real = os.path.realpath(os.path.join(root, name))
        inside = real[len(root) + 1 :].replace(os.sep, "/") if real.startswith(root + os.sep) else name.rstrip("/")
        out.setdefault(text(prefix + inside) + ("/" if name.endswith("/") else ""), task)
    return out


def text(name):
    """A name of the system's as the engine can keep it: what is no UTF-8 is all alike, and so excludes each other."""
    return name.encode("utf-8", "replace").decode("utf-8")


def news(run, lines):
    """Lines more for the lead, each once, as a terminal and a reader may have them."""
    with _alone_with_news(run):
        known = read(run, "news.json", [])
        write(run, "news.json", known + [line for line in map(plainly, lines) if line not in known])


def take_news(run, most):
    """The lead's next lines, which it now has; the rest stays."""
    if not os.path.exists(os.path.join(run, "news.json")):
        return []
    with _alone_with_news(run):
        known = read(run, "news.json", [])
        if known[most:]:
            write(run, "news.json", known[most:])
        else:
            remove(run, "news.json")
    return known[:most]


class _alone_with_news:
    """A shipper adds lines while a hook takes some: neither may write over what the other has just done."""

    def __init__(self, run):
        self.path = os.path.join(run, "news.lock")

    def __enter__(self):
        import fcntl

        self.lock = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)

    def __exit__(self, *_):
        os.close(self.lock)


def unfinished(project, data):
    """[(run's folder, team)] of the runs of a project whose records are not all stored yet."""
    base = os.path.dirname(paths.run_folder(data, project, "x"))
    try:
        names = sorted(os.listdir(base))
    except OSError:
        return []
    out = [(os.path.join(base, team), team) for team in names if os.path.isfile(os.path.join(base, team, "fleet.json"))]
    return [(folder, team) for folder, team in out if not any(os.path.exists(os.path.join(folder, n)) for n in ("done", "fenced.json"))]
