"""Findings of an unchanged tree, by content.

The key is a hash over the linter, the configuration, the client's version, the whole listing and the content of every
file that is linted. Answers that rules got from elsewhere (a script's text, an executable bit, a path outside the tree)
are stored with the findings and asked again before they are used. Files are written aside and renamed, so runs in
parallel see whole entries or none; a damaged entry is no entry. Nothing is executed from it.

Reading every file is most of a warm run, so a second, small entry leads from the files' stat data (size, inode, both
times) to the key. As in git's index it is only written when no file changed in the last two seconds: a later change
within the same tick of the clock cannot hide.
"""

import json
import os
import time

from .model import TooLarge, ask, read_capped

KEEP = 128
SETTLED = 2.0  # seconds
FORMAT = 1


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


def key(project, config):
    """The key of the tree: from the stat data when they are known, else from every file's content."""
    from pack import __version__

    about = (FORMAT, __version__, _code_stamp(), config.fingerprint(), os.path.basename(project.root))
    listing = project.listing
    names = "\0".join(
        [path + "\1" + listing[path] for path in sorted(listing)] + sorted(project.dirs) + [str(project.problems)]
    )
    head = repr(about).encode("utf-8", "replace") + names.encode("utf-8", "surrogatepass")
    quick, newest = _stat_key(project, head)
    known = _read_quick(quick)
    if known is not None:
        return known
    name = _content_key(project, head)
    if quick is not None and time.time() - newest > SETTLED:
        _write(quick + ".stat", name)
    return name


def _stat_key(project, head):
    """(key from stat data, newest change), or (None, 0) when a file cannot be looked at."""
    hasher, newest, parts = _hasher(), 0.0, []
    for file in project.files:
        try:
            info = os.stat(os.path.join(project.root, file.rel))
        except OSError:
            return None, 0.0
        newest = max(newest, info.st_mtime, info.st_ctime)
        parts.append((file.kind, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino))
    hasher.update(head)
    hasher.update(repr((project.root, parts)).encode("utf-8", "replace"))
    return hasher.hexdigest(), newest


def _read_quick(quick):
    base = folder()
    if base is None or quick is None:
        return None
    try:
        with open(os.path.join(base, quick + ".stat"), encoding="ascii") as handle:
            text = handle.read(64)
    except (OSError, ValueError):
        return None
    return text if len(text) == 40 and text.isalnum() else None


def _content_key(project, head):
    """Reads every linted file once and keeps its bytes for the rules."""
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
                if kept < 64 << 20:  # what does not fit is read again by the rules
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


def load(name, project):
    """The stored findings, or None."""
    base = folder()
    if base is None:
        return None
    path = os.path.join(base, name + ".json")
    try:
        with open(path, "rb") as handle:
            entry = json.loads(handle.read())
        for what, rel, answer in entry["probes"]:
            if fresh_answer(project, what, rel) != answer:
                return None
        findings = entry["findings"]
        if not all(isinstance(finding["line"], int) and "rule" in finding for finding in findings):
            return None
        os.utime(path)
        return findings
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fresh_answer(project, what, rel):
    """The present answer to a stored question."""
    if what != "content":
        return ask(project.root, what, rel)
    hasher = _hasher()
    try:
        hasher.update(read_capped(os.path.join(project.root, rel)))
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
    _write(name + ".json", json.dumps({"probes": probes, "findings": findings}))


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
