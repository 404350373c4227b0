"""The row of a large tree's plugins and files gone through by two processes, from both ends until they meet.

The second process is a fork, so it has what is known of the tree already, and hands back plain values through a pipe: its
hits and what the cache must know of it. Whatever happens to it (killed, out of memory, a bug in a rule), what it took is
looked at again here: it can only save time.
"""

import marshal
import os
import sys

LEAST = 2000  # plugins and files; below, what both processes parse and import costs a quarter more CPU, and saves a fraction of a second
TOKENS = 2048  # how often two may ask whose turn it is; as many bytes fit into any pipe


def worth(count):
    """May and should a run on so many files have a second process?"""
    if count < LEAST or not hasattr(os, "fork"):
        return False
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threading = sys.modules.get("threading")  # a fork takes no other thread with it, but the locks that they hold
    return cores > 1 and (threading is None or threading.active_count() == 1)


def start(count, work):
    """Halves, or None where it is not worth it or the system does not give what it takes."""
    try:
        return Halves(count, work) if worth(count) else None
    except OSError:
        return None


class Halves:
    """`count` things in a row: this process takes them from the `front`, the other one from the back.

    work: called in the other process with the (start, end) parts that are its own, one after the other; gives a value that
    marshal can write, which `join` hands over here. OSError when there is no pipe or process to be had.
    """

    def __init__(self, count, work):
        self.mine = 0  # how many from the front are taken here
        size = count // TOKENS + 1
        self.parts = [(first, min(count, first + size)) for first in range(0, count, size)]
        self.turns = self.result = self.pid = None
        try:
            self.turns, write = os.pipe()  # holds a byte for each part that nobody has taken
            os.write(write, b"." * len(self.parts))
            os.close(write)
            self.result, write = os.pipe()
            try:
                self.pid = os.fork()
                if self.pid == 0:
                    self._other(work, write)
            finally:
                os.close(write)
        except OSError:
            self.__exit__()
            raise

    def _turn(self):
        return bool(os.read(self.turns, 1))

    def _other(self, work, write):
        """The other process, from its first to its last breath."""
        code = 1
        try:
            data = marshal.dumps(work(part for part in reversed(self.parts) if self._turn()))
            os.close(self.result)
            with open(write, "wb") as pipe:
                pipe.write(data)
            code = 0
        finally:
            os._exit(code)  # nothing of the run that this is a copy of may go on here, no exception either

    def front(self):
        """The (start, end) parts that are to be done here, until the other one has all that are left."""
        for first, end in self.parts:
            if not self._turn():
                break
            self.mine = end
            yield first, end

    def join(self):
        """What `work` gave, or None when it did not come to its end: then all from `mine` on is still to be done."""
        result, self.result = self.result, None
        with open(result, "rb") as pipe:
            data = pipe.read()
        pid, self.pid = self.pid, None
        _, status = os.waitpid(pid, 0)
        try:
            return marshal.loads(data) if status == 0 else None
        except (EOFError, ValueError, TypeError):
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Leave nothing behind, whatever happened."""
        for handle in (self.turns, self.result):
            if handle is not None:
                os.close(handle)
        if self.pid:
            import signal

            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.turns = self.result = self.pid = None
