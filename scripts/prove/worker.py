"""A process that appends to a real journal until it is killed. `python -m prove.worker FOLDER DATA SEED COUNT POINT NTH [JITTER]`

It acknowledges each operation on standard output, after the store has: `ack KEY SEQ`. At the NTH time that the disk
passes POINT it kills itself with SIGKILL; with POINT `-` somebody else does, or nobody.
"""

import os
import random
import signal
import sys

from pack.protocol import machine
from pack.protocol.refusal import Refusal
from pack.store.disk import Disk
from pack.store.journal import Store

POINTS = (
    "before lock",
    "after lock",
    "before mirror write",
    "before journal write",
    "before fsync",
    "after journal write",
    "after render",
    "after snapshot",
    # not named by the store, but just as interesting: in the middle of a write, around each rename
    "half mirror",
    "half journal",
    "before rename written",
    "after rename written",
    "before rename state.md",
    "after rename state.md",
    "before rename snapshot.json",
    "after rename snapshot.json",
    "half state.md",
    "half snapshot.json",
    "after truncate",
)


class DyingDisk(Disk):
    """The real disk, which kills this process at a named point."""

    def __init__(self, point, nth):
        self.where, self.left = point, nth

    def point(self, name):
        if name == self.where:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def append(self, path, data, sync):
        name = "half " + os.path.basename(path).split(".")[0]
        if name == self.where and self.left == 1:
            Disk.append(self, path, data[: random.randrange(1, len(data))], False)
        self.point(name)
        Disk.append(self, path, data, sync)

    def truncate(self, path, size):
        Disk.truncate(self, path, size)
        self.point("after truncate")

    def replace(self, path, data, sync=False):
        name = os.path.basename(path)
        if "half " + name == self.where:
            with open("%s.%d.tmp" % (path, os.getpid()), "wb") as f:
                f.write(data[: random.randrange(len(data))])
            self.point("half " + name)
        self.point("before rename " + name)
        Disk.replace(self, path, data, sync)
        self.point("after rename " + name)


LEAD = {"name": "lead", "role": "lead", "inc": 0, "agent_id": None}
OPENED = {"name": "t", "session": "s", "headless": True, "coders": 3, "client_pid": None, "conventions": None, "plan": None}


def an_event(rng, key):
    """One of the events that are always legal and leave a trace: their keys can be counted."""
    kind = rng.randrange(4)
    if kind == 0:
        return {
            "event": "OVERLAP_SCOPE",
            "actor": machine.GATE,
            "data": {"path": "f%d" % rng.randrange(9), "text": "x" * rng.randrange(200)},
            "key": key,
        }
    if kind == 1:
        return {
            "event": "COMMITTED",
            "actor": LEAD,
            "data": {"sha": "%x" % rng.getrandbits(60), "subject": "ü" * rng.randrange(9), "gated": True},
            "key": key,
        }
    if kind == 2:
        return {
            "event": "REFUSED",
            "actor": LEAD,
            "data": {"code": "C%d" % rng.randrange(5), "event": "X", "what": "w", "seen": "", "next": ""},
            "key": key,
        }
    return {"event": "MAIL", "actor": machine.GATE, "data": {"to": "lead"}, "key": key}


def open_run(store, now=1.0):
    """The first event of a journal, once."""
    with store.lock():
        store.load()
        if store.state["team"] is None:
            store.append({"event": "RUN_OPENED", "actor": LEAD, "data": dict(OPENED), "key": "open"}, now)


def main(argv):
    folder, data, seed, count, point, nth = argv[:6]
    jitter = float(argv[6]) if len(argv) > 6 else 0.0
    rng = random.Random(int(seed))
    random.seed(int(seed))
    disk = DyingDisk(point, int(nth))
    store = Store(folder, data, disk)
    open_run(store)
    now = 1.0
    for n in range(int(count)):
        key = "%s:%d" % (seed, n)
        store = Store(folder, data, disk)
        with store.lock(60.0):
            store.load()
            now += rng.uniform(-jitter, 1 + jitter)
            try:
                records = store.append(an_event(rng, key), now)
            except Refusal as refusal:
                print("refused", refusal.code, flush=True)
                continue
            seq = records[-1]["seq"] if records else store.keys[key]
        sys.stdout.write("ack %s %d\n" % (key, seq))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
