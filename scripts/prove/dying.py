"""Run a Python program and kill it before the Nth thing that it does to a file: `python dying.py N REPORT SCRIPT ARG...`

Counted are opening for writing, renaming, removing, making and cutting, as the interpreter itself tells them (sys.addaudithook); byte code is
left out. A file that is opened to be written anew is emptied first: that is what a kill right after the opening leaves. With N = 0 nothing dies,
and REPORT is written: one line for each point. Only this process is killed, as the kernel does it for want of memory.
"""

import os
import runpy
import signal
import sys

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod")
EMPTIED = os.O_CREAT | os.O_TRUNC


def watch(deadly, report):
    """Count what changes files; `deadly` is the number of the last one, 0 for none."""
    seen, inside = [], []

    def hook(event, args):
        if inside or not (event in CHANGES or event == "open" and _writes(args)) or "pycache" in str(args[0]):
            return
        inside.append(event)
        seen.append("%s %s" % (event, args[0]))
        if len(seen) == deadly:
            if event == "open" and args[2] & EMPTIED == EMPTIED:
                os.close(os.open(args[0], args[2] & ~getattr(os, "O_EXCL", 0), 0o600))
            os.kill(os.getpid(), signal.SIGKILL)
        if not deadly:
            with open(report, "w", encoding="utf-8", errors="surrogateescape") as f:
                f.write("\n".join(seen) + "\n")
        inside.pop()

    sys.addaudithook(hook)


def _writes(args):
    """Whether a file is opened to be changed. A device is no file."""
    path, _mode, flags = args
    if not isinstance(path, str) or not isinstance(flags, int) or path.startswith("/dev/"):
        return False
    return bool(flags & (os.O_WRONLY | os.O_RDWR))


if __name__ == "__main__":
    number, told, script = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    sys.argv = sys.argv[3:]
    sys.path[0] = os.path.dirname(script)
    watch(number, told)
    runpy.run_path(script, run_name="__main__")
