"""A disk in memory that dies at any point and loses power, for the real Store (simulate.py, power.py)."""

import contextlib

from pack.store.journal import Store


class Died(Exception):
    """The process of the moment was killed."""


class SimDisk:
    """Files in memory. What was appended without sync is lost in a power failure, what was half written stays half."""

    def __init__(self, rng):
        self.rng, self.files, self.synced, self.older, self.clock, self.die_at, self.boots = rng, {}, {}, {}, 0, None, 1

    def point(self, name):
        if self.die_at is not None:
            self.die_at -= 1
            if self.die_at <= 0:
                self.die_at = None
                raise Died(name)

    def _touch(self, path, data, new=False):
        self.clock += 1
        inode = self.clock if new or path not in self.files else self.files[path][1]
        self.files[path] = (data, inode, self.clock)

    def read(self, path, offset=0):
        found = self.files.get(path)
        return None if found is None else found[0][offset:]

    def stamp(self, path):
        found = self.files.get(path)
        return None if found is None else [found[1], len(found[0]), found[2], found[2]]

    def append(self, path, data, sync):
        old = self.files.get(path, (b"", 0, 0))[0]
        if self.die_at == 1 and self.rng.random() < 0.5:  # dies in the middle of the write
            self._touch(path, old + data[: self.rng.randrange(len(data))])
            self.die_at = None
            raise Died("half a write")
        self._touch(path, old + data)
        self.point("after write")
        if sync:
            self.point("before fsync")
            self.synced[path] = len(old) + len(data)

    def sync(self, path):
        if path in self.files:
            self.synced[path] = len(self.files[path][0])

    def truncate(self, path, size):
        self._touch(path, self.files[path][0][:size])
        self.synced[path] = min(self.synced.get(path, 0), size)

    def replace(self, path, data, sync=False):
        self.point("before rename")
        if sync:
            self.older.pop(path, None)
            self.synced[path] = len(data)
        else:
            self.older.setdefault(path, self.files.get(path, (None,))[0])
            self.synced[path] = 0
        self._touch(path, data, True)

    def remove(self, path):
        self.files.pop(path, None)

    def mkdir(self, path):
        pass

    def sweep(self, *folders):
        """Nothing to do: a replacement is one step here, and no temporary file is left."""

    def boot(self):
        return "boot %d" % self.boots

    def power_failure(self):
        """Each file has its own luck. Of what was appended since its last sync a part is gone, and what is left may end in pages that were
        never written (zeros), in somebody else's bytes, or have a hole. A whole-file replacement that nobody synced may be undone."""
        self.boots += 1
        for path, (data, _inode, _when) in list(self.files.items()):
            keep = self.synced.get(path, 0)
            if path.endswith(".jsonl") and keep < len(data):
                cut = self.rng.randrange(keep, len(data) + 1)
                self._touch(path, data[:cut] + self._rubbish(data[cut:]))
            elif self.older.get(path) is not None and self.rng.random() < 0.3:
                self._touch(path, self.older[path], True)
        self.older = {}

    def _rubbish(self, lost):
        """What stands where the lost bytes stood; most often nothing."""
        luck = self.rng.random()
        if luck < 0.1:
            return b"\0" * self.rng.randrange(1, 60)
        if luck < 0.2:
            return self.rng.randbytes(self.rng.randrange(1, 60)) + b"\n" * self.rng.randrange(3)
        return b"\0" * min(20, len(lost)) + lost[20:] if luck < 0.25 else b""


class SimStore(Store):
    """The real store; only the lock is not one, since one process runs at a time."""

    @contextlib.contextmanager
    def lock(self, seconds=0):
        self.disk.point("before lock")
        yield
