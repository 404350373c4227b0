"""A file put in place whole: who reads it sees the old one or the new one, also when the process that writes it is killed or the disk is full.

What a killed process leaves is a temporary file, `PATH.PID.tmp`. It is cleared away by the next writer of the same path, or, in folders that
are the plugin's own, by `clear`.
"""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


def temporary(path: str) -> str:
    """Where this process writes what shall become `path`."""
    return "%s.%d.tmp" % (path, os.getpid())


def clear(folder: str, path: str = "") -> None:
    """Remove the temporary files in a folder whose writers are gone. path: only those of this file."""
    start = os.path.basename(path)
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        rest, _, number = name[:-4].rpartition(".") if name.endswith(".tmp") else ("", "", "")
        if number.isdigit() and start in ("", rest) and _gone(int(number)):
            try:
                os.unlink(os.path.join(folder, name))
            except OSError:
                pass


def _gone(number: int) -> bool:
    """Whether no process has this number any more."""
    from .enforcement import alive

    return number != os.getpid() and not alive(number)


def swap(path: str, content: bytes, sync: bool = False, mode: int = 0o600) -> None:
    """Put a file in place. sync: content and name outlast a power failure. mode: of a new file. Raises OSError, and the old file stays."""
    temp = temporary(path)
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), mode)
    try:
        try:
            done = 0
            while done < len(content):
                done += os.write(fd, content[done:])
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temp, path)
        if sync:
            sync_folder(path)
    except OSError:
        try:
            os.unlink(temp)
        except OSError:
            pass
        raise


def sync_folder(path: str) -> None:
    """Make a file's name durable: its content alone is not enough when it is new or was put in another's place."""
    fd = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def put(path: str, content: str | bytes) -> None:
    """Write a user's file: text as UTF-8. Folders are made, a link is followed, permissions stay as they are. Raises OSError."""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content

    def write(temp: str) -> None:
        with open(temp, "wb") as f:
            f.write(raw)

    made_by(path, write)


def made_by(path: str, write: Callable[[str], object]) -> None:
    """The same for a file that a library writes: `write(path)` is given a place beside the real one. What is there and is no file (/dev/stdout, a
    pipe) is written to."""
    if os.path.exists(path) and not os.path.isfile(path):
        write(path)
        return
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    clear(os.path.dirname(path), path)
    temp = temporary(path)
    try:
        write(temp)
        if os.path.exists(path):
            os.chmod(temp, os.stat(path).st_mode & 0o7777)
        os.replace(temp, path)
    except BaseException:
        try:
            os.unlink(temp)
        except OSError:
            pass
        raise
