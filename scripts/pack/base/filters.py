"""The user's own clean filters (nbstripout, git-crypt, any `filter.NAME.clean`): what they were when a run began, and what one makes of a file.

A filter may answer anything, so one is asked only while it is what it was at the start: its settings, and the files that its commands name.
"""

from __future__ import annotations

import os

from . import codec, git_facts, project_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

MOST = 64 << 20  # bytes of a file that is given to a filter
PARTS = ("clean", "process", "required")  # what decides how the disk's bytes become a blob
ATTRIBUTES = ""  # under this name: the files of attributes that no tree holds


def begun(top: str) -> dict[str, str]:
    """{filter: digest of its settings and of the files that they name} of every filter that is configured, wherever that is."""
    found: dict[str, list[str]] = {}
    for row in git_facts.names(git_facts.run(top, "config", "-z", "--get-regexp", r"^filter\.")):
        key, _, value = row.partition("\n")
        name, _, part = key[len("filter.") :].rpartition(".")
        if part in PARTS:
            found.setdefault(name, []).append("%s=%s" % (part, value))
    out = {name: _digest(top, rows) for name, rows in found.items()}
    return dict(out, **{ATTRIBUTES: _attributes(top)}) if out else {}


def _digest(top: str, rows: list[str]) -> str:
    named = sorted({path for row in rows for path in _files(top, row.partition("=")[2])})
    return codec.digest(*sorted(rows), *[part for path in named for part in (path, project_facts.file_digest(path))])


def _files(top: str, command: str) -> list[str]:
    """The files that the words of a command name: programs on PATH, scripts in the project or anywhere."""
    import shlex
    import shutil

    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    paths = [shutil.which(w) for w in words if os.sep not in w]
    paths += [os.path.join(top, os.path.expanduser(w)) for w in words]
    return [os.path.realpath(p) for p in paths if p and os.path.isfile(p)]


def _attributes(top: str) -> str:
    """Digest of the repository's and the user's own files of attributes."""
    inside = git_facts.text(top, "rev-parse", "--git-path", "info/attributes")
    user = git_facts.text(top, "config", "--type=path", "core.attributesFile")
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    places = [os.path.join(top, inside), os.path.join(top, user or os.path.join(home, "git", "attributes"))]
    return codec.digest(*[part for place in places for part in (place, project_facts.file_digest(place))])


def makes(top: str, name: str, blob: str, same: Callable[[str], bool]) -> bool:
    """Whether the filter that an attribute names for a file makes this very blob of what lies there. same: whether a filter is what it was at
    the start, and the file of attributes, or approved (`gate/ledger.py`)."""
    said = git_facts.names(git_facts.run(top, git_facts.HERE, "check-attr", "-z", "filter", "--", name))
    path = os.path.join(top, name)
    if len(said) != 3 or os.path.getsize(path) > MOST or not same(said[2]):
        return False
    with open(path, "rb") as f:
        made = git_facts.run(top, git_facts.HERE, "hash-object", "--stdin", "--path=" + name, stdin=f.read(), locale=None)
    return (made or b"").decode("ascii", "replace").strip() == blob


def attribute_files(name: str) -> list[str]:
    """The files of attributes in the tree that may say something of a name."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[:n] + [".gitattributes"]) for n in range(len(parts) + 1)]
