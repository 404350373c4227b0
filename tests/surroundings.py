"""What the programs that tests start see of the machine of whoever tests: what users have, and nothing that makes each start dear.

A test starts thousands of them. `python3` through a shim (pyenv) costs 70 ms of CPU each time, as much as the program itself; without byte code
on the disk (a container's PYTHONDONTWRITEBYTECODE) each start compiles all that it imports.
"""

import os
import shutil
import subprocess
import sys


def as_users_have():
    """Change this process's environment, which every process that tests start inherits (workers of xdist, too)."""
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        os.environ.pop(name, None)
    sys.dont_write_bytecode = False  # pytest keeps the tests that it has compiled
    behind = behind_the_shim()
    if behind:
        os.environ["PATH"] = behind + os.pathsep + os.environ.get("PATH", os.defpath)


def behind_the_shim():
    """The folder of the `python3` that a shim on PATH starts in the end; None when `python3` there is no shim."""
    found = shutil.which("python3")
    if found is None:
        return None
    try:
        with open(found, "rb") as f:
            if f.read(2) != b"#!":
                return None
        asked = [found, "-I", "-S", "-c", "import sys; print(sys.executable)"]
        real = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    folder = os.path.dirname(real)
    return folder if os.path.exists(os.path.join(folder, "python3")) else None
