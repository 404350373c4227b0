"""Findings of an unchanged tree, by content.

The key is a hash over the linter, the configuration, the client's version, the whole listing and the content of every
file that is linted. Answers that rules got from elsewhere (a script's text, an executable bit, a path outside the tree)
are stored with the findings and asked again before they are used. Files are written aside and renamed, so runs in
parallel see whole entries or none; a damaged entry is no entry. Nothing is executed from it.

Reading every file is most of a warm run, so a second, small entry leads from the files' stat data (size, inode, both
times) to the key. As in git's index it is only written when no file changed in the last two seconds: a later change
within the same tick of the clock cannot hide.
"""

import os
import time

from .jsondoc import dumps, loads
from .walk import ask

KEEP = 128
SETTLED = 2.0  # seconds
FORMAT = 2


def _hasher():
    try:
        from _blake2 import blake2b  # hashlib loads OpenSSL, which costs more than a warm run
    except ImportError:
        from hashlib import blake2b
    return blake2b(digest_size=20)


def folder():
    """Where the entries live, or None."""
    base = os.environ.get("PACK_LINT_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if not base:
        home = os.environ.get("HOME") or os.environ.get("LOCALAPPDATA")
        if not home:
            return None
        base = os.path.join(home, ".cache")
    return os.path.join(base, "pack-lint")


def head(tree, config):
    """What every key begins with: the linter, the configuration and all names."""
    from pack import __version__

    about = (FORMAT, __version__, _code_stamp(), config.fingerprint(), os.path.basename(tree.root))
    listing = tree.listing
    names = "\0".join([path + "\1" + listing[path] for path in sorted(listing)] + sorted(tree.dirs) + [str(tree.problems)])
    return repr(about).encode("utf-8", "replace") + names.encode("utf-8", "surrogatepass")


class Place:
    """Where the findings of a tree are kept: `name` of the entry when it is known, and how to find it next time."""

    def __init__(self, tree, config):
        self.tree, self.head = tree, head(tree, config)
        self.quick, self.newest = _stat_key(tree, self.head)
        self.name = _read_quick(self.quick)

    def settle(self, project):
        """The name from every file's content, remembered under the stat data."""
        self.name = _content_key(project, self.head)
        if self.quick is not None and time.time() - self.newest > SETTLED:
            _write(self.quick + ".stat", self.name)


def _stat_key(tree, head_bytes):
    """(key from stat data, newest change), or (None, 0) when a file cannot be looked at."""
    hasher, newest, parts = _hasher(), 0, []
    root, stat = tree.root + os.sep, os.stat
    for rel, kind in tree.listing.items():
        if kind == "x":
            continue
        try:
            info = stat(root + rel)
        except OSError:
            return None, 0.0
        newest = max(newest, info.st_mtime_ns, info.st_ctime_ns)
        parts.append((rel, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino))
    hasher.update(head_bytes)
    parts.sort()
    hasher.update(repr((tree.root, parts)).encode("utf-8", "surrogatepass"))
    return hasher.hexdigest(), newest / 1e9


def _read_quick(quick):
    base = folder()
    if base is None or quick is None:
        return None
    try:
        with open(os.path.join(base, quick + ".stat"), "rb") as handle:
            text = handle.read(64).decode("latin-1")
    except OSError:
        return None
    return text if len(text) == 40 and text.isalnum() else None


def _content_key(project, head):
    """Reads every linted file once and keeps its bytes for the rules."""
    from .model import TooLarge, read_capped

    hasher, kept = _hasher(), 0
    hasher.update(head)
    for file in project.files:
        if file._source is not None:
            data = file._source.data
        else:
            try:
                data = read_capped(os.path.join(project.root, file.rel))
            except (OSError, TooLarge) as error:
                data = repr(error).encode()
            else:
                if kept < 3 << 20:  # what does not fit is read again by the rules
                    kept += len(data)
                    project.bytes[file.rel] = data
        hasher.update(b"%d:" % len(data))
        hasher.update(data)
        hasher.update(file.kind.encode())
    return hasher.hexdigest()


def _code_stamp():
    """Changes when the linter's own files do: a developer's edit must not meet old findings."""
    here = os.path.dirname(os.path.abspath(__file__))
    stamp = []
    for sub in ("", "rules", "client"):
        path = os.path.join(here, sub)
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.name.endswith((".py", ".json")):
                        info = entry.stat()
                        stamp.append((entry.name, info.st_size, info.st_mtime_ns))
        except OSError:
            return None
    return sorted(stamp)


def load(name, tree):
    """(findings, number of files) as stored, or None."""
    base = folder()
    if base is None or name is None:
        return None
    path = os.path.join(base, name + ".json")
    try:
        with open(path, "rb") as handle:
            entry = loads(handle.read().decode("utf-8"))
        for what, rel, answer in entry["probes"]:
            if fresh_answer(tree, what, rel) != answer:
                return None
        findings = entry["findings"]
        if not all(isinstance(finding["line"], int) and "rule" in finding for finding in findings):
            return None
        os.utime(path)
        return findings, int(entry["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fresh_answer(tree, what, rel):
    """The present answer to a stored question."""
    if what != "content":
        return ask(tree.root, what, rel)
    from .model import TooLarge, read_capped

    hasher = _hasher()
    try:
        hasher.update(read_capped(os.path.join(tree.root, rel)))
    except (OSError, TooLarge):
        return None
    return hasher.hexdigest()


def store(name, project, findings):
    """Write an entry; any trouble means no entry."""
    base = folder()
    if base is None:
        return
    probes = [[what, rel, answer] for (what, rel), answer in project.probes.items()]
    probes += [["content", rel, fresh_answer(project, "content", rel)] for rel in project.read_scripts()]
    _write(name + ".json", dumps({"probes": probes, "files": len(project.files), "findings": findings}))


def _write(name, text):
    """Put a file into the cache in one step; any trouble means no file."""
    base = folder()
    if base is None:
        return
    path = os.path.join(base, name)
    temporary = "%s.%d.%d" % (path, os.getpid(), id(text))
    try:
        os.makedirs(base, mode=0o700, exist_ok=True)
        with open(temporary, "w", encoding="utf-8") as handle:
            handle.write(text)
        os.replace(temporary, path)
        _prune(base)
    except (OSError, ValueError):
        try:
            os.unlink(temporary)
        except OSError:
            pass


def _prune(base):
    with os.scandir(base) as entries:
        files = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.name.endswith((".json", ".stat"))]
    for _, path in sorted(files)[: max(0, len(files) - KEEP)]:
        try:
            os.unlink(path)
        except OSError:
            pass
