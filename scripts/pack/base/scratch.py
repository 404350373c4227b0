"""A folder for files that nobody keeps, where the system has such. What a killed process left there the next one removes that needs a folder.

While its maker lives a folder is locked: a process number might be another container's.
"""

from __future__ import annotations

import os
import shutil
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

lock: Any = None
try:
    import fcntl

    lock = fcntl.flock
except ImportError:  # Windows: what a killed process left stays
    pass

START = "team-pack-"  # an older release makes pack-verify-* there and locks nothing


class Scratch:
    """A new folder of one kind (`verify`, ...), removed at the end of the `with`. path: where it is, links resolved. Raises OSError."""

    def __init__(self, kind: str) -> None:
        clear(kind)
        while True:
            self.path = os.path.realpath(tempfile.mkdtemp(prefix="%s%s-" % (START, kind)))
            self._lock = _locked(self.path, wait=True)
            if os.path.isdir(self.path):  # else another process cleared it away before it was locked
                return
            self._unlock()

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Take it away, read-only folders (Go's module cache) included."""
        _remove(self.path)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def clear(kind: str) -> None:
    """Remove this user's folders of one kind whose makers are gone."""
    if lock is None:
        return
    base = tempfile.gettempdir()
    try:
        names = [n for n in os.listdir(base) if n.startswith("%s%s-" % (START, kind))]
    except OSError:
        return
    for name in names:
        path = os.path.join(base, name)
        handle = _locked(path, wait=False)
        if handle is not None:
            if os.fstat(handle).st_uid == os.getuid():
                _remove(path)
            os.close(handle)


def _locked(path: str, wait: bool) -> int | None:
    """A locked descriptor of a folder; None where there is none to be had."""
    if lock is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        lock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # somebody has it, or it is on a disk without locks
        os.close(handle)
        return None
    return handle


def _remove(top: str) -> None:
    def again(function: Callable[[str], object], path: str, _why: object) -> None:
        try:
            if path != top:  # what it lies in is the system's folder for such: to root that would be closed to everybody else
                os.chmod(os.path.dirname(path), 0o700)
            function(path)
        except OSError:
            pass

    shutil.rmtree(top, onerror=again)
