"""The few operations on files that the journal needs. Tests hand in a simulated disk, or one that dies at a named point."""

from __future__ import annotations

import os

from ..base import whole_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.protocols import Stamp


class Disk:
    """The real disk."""

    def point(self, name: str) -> None:
        """A place where a crash is interesting (`after journal write`, ...). The real disk does nothing here."""

    def read(self, path: str, offset: int = 0) -> bytes | None:
        """Bytes from an offset; None when there is no such file."""
        try:
            with open(path, "rb", buffering=0) as f:
                if offset:
                    f.seek(offset)
                return f.readall()
        except FileNotFoundError:
            return None

    def stamp(self, path: str) -> Stamp:
        """[inode, size, mtime_ns, ctime_ns] of a regular file, None when it is missing or something else."""
        try:
            s = os.lstat(path)
        except OSError:
            return None
        return [s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns] if (s.st_mode & 0o170000) == 0o100000 else None

    def append(self, path: str, data: bytes, sync: bool) -> None:
        """Append all of it or raise OSError (the caller truncates back). Answers nothing."""
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            new, done = sync and not os.fstat(fd).st_size, 0
            while done < len(data):
                done += os.write(fd, data[done:])
            if sync:
                self.point("before fsync")
                getattr(os, "fdatasync", os.fsync)(fd)
        finally:
            os.close(fd)
        if new:
            whole_file.sync_folder(path)

    def sync(self, path: str) -> None:
        """Make a file's content durable."""
        fd = os.open(path, os.O_RDONLY)
        try:
            getattr(os, "fdatasync", os.fsync)(fd)
        finally:
            os.close(fd)

    def truncate(self, path: str, size: int) -> None:
        """Cut a file back to a size."""
        os.truncate(path, size)

    def replace(self, path: str, data: bytes, sync: bool = False) -> None:
        """Put a whole file in place atomically."""
        whole_file.swap(path, data, sync)

    def sweep(self, *folders: str) -> None:
        """Remove from the plugin's own folders what processes left that were killed in `replace`."""
        for folder in folders:
            whole_file.clear(folder)

    def remove(self, path: str) -> None:
        """Remove a file if it is there."""
        try:
            os.unlink(path)
        except OSError:
            pass

    def mkdir(self, path: str) -> None:
        """Make a folder and its parents, for this user only."""
        os.makedirs(path, mode=0o700, exist_ok=True)

    def boot(self) -> str:
        """A text that changes when the machine restarts: what was written without fsync may be gone then."""
        data = self.read("/proc/sys/kernel/random/boot_id")
        return data.decode("ascii", "replace").strip() if data else ""


def is_about_a_file(error: OSError) -> bool:
    """Whether a file or folder is what is in the way: rights, space, a name. Else the machine is short of something: processes, open files, memory."""
    import errno

    return error.errno not in (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EPIPE, errno.ECHILD, None)
