"""The Pythons of this machine, for tests that start the program as users do.

PACK_TEST_PYTHONS (paths with `:` between them) names them; otherwise those on PATH, of pyenv and of uv are looked for.
"""

import functools
import glob
import os
import shutil
import subprocess
import sys

OLDEST = (3, 9)
_ASK = "import sys; print(*sys.version_info[:3]); print(sys.executable)"


def _candidates():
    named = os.environ.get("PACK_TEST_PYTHONS")
    if named:
        return named.split(os.pathsep)
    home = os.path.expanduser("~")
    found = [sys.executable] + [shutil.which("python3.%d" % minor) for minor in range(OLDEST[1], 20)]
    for pattern in ("/.pyenv/versions/*/bin/python3", "/.local/share/uv/python/*/bin/python3"):
        found += sorted(glob.glob(home + pattern))
    return [path for path in found if path]


@functools.lru_cache(None)
def _version(path):
    try:
        done = subprocess.run([path, "-c", _ASK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # a shim of pyenv for a version that is switched off
        return None
    return tuple(map(int, done.stdout.split()[:3]))


def _all():
    known = {}
    for path in _candidates():
        version = _version(path)
        if version is not None and version >= OLDEST:
            known.setdefault(version, path)
    return [known[version] for version in sorted(known)]


ALL = _all()  # one path a version, oldest first: what is small runs on all of them
# The oldest, the newest, and the one that runs the tests: a fault of one version in the middle was the reason for this module.
EXTREMES = [path for path in ALL if path in (ALL[0], ALL[-1], sys.executable) or _version(path) == sys.version_info[:3]]


def name(path):
    """For a test's id: python3.9.18."""
    return "python" + ".".join(map(str, _version(path)))


def with_yaml(folder):
    """A folder for PYTHONPATH that holds PyYAML alone, as if it had been installed for any of them."""
    import yaml

    target = os.path.join(str(folder), "yaml")
    if not os.path.lexists(target):
        os.symlink(os.path.dirname(yaml.__file__), target)
    return str(folder)
