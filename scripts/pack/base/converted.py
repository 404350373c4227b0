"""Whether a blob is a file of the disk in the form in which git keeps it: with line ends of its own, as UTF-8, as a pointer of Git LFS.

What git should have made is computed here from the bytes on disk, for a filter may answer anything. One that the user had before the run
began, and that nobody changed since, is the user's word: it alone is asked (`filters`).
"""

from __future__ import annotations

import os
import re

from . import filters, git_facts, project_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

MOST = 64 << 20  # bytes of a file that are converted
IDENT = re.compile(rb"\$Id: [^$\n]*\$")
WRITTEN_BY = ("ident", "text", "eol", "filter", "working-tree-encoding")
POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize ([0-9]+)\n")


def is_form_of(top: str, name: str, wanted: str, entry: str, modes: bool, same: Callable[[str], bool]) -> bool:
    """Whether an entry ("mode blob") is the file of that name, while the file is what was `wanted` (a digest). modes: whether the disk has
    the executable bit; same: whether a filter is the one that the run began with (`filters.makes`)."""
    path = os.path.join(top, name)
    if wanted in ("", git_facts.GONE) or wanted.startswith(("link:", "commit:", "stat:")) or project_facts.entry_digest(path) != wanted:
        return False
    mode, _, blob = entry.partition(" ")
    if modes and (mode == "100755") != wanted.startswith("x:"):
        return False
    kept = git_facts.run(top, "cat-file", "blob", blob)
    if kept is None:
        return False
    try:
        size = os.path.getsize(path)
        found = POINTER.fullmatch(kept)
        if found:
            return size == int(found.group(2)) and _sha256(path) == found.group(1).decode()
        if size > MOST or not size:
            return False
        with open(path, "rb") as f:
            data = f.read()
        plain = IDENT.sub(b"$Id$", data) if _attribute(top, name, "ident") == "set" else data
        if kept in (plain, plain.replace(b"\r\n", b"\n")) or _reencoded(top, name, data) in (kept, kept.replace(b"\n", b"\r\n")):
            return True
        return filters.makes(top, name, blob, same)
    except (OSError, ValueError, LookupError):
        return False


def as_written(top: str, name: str, entry: str) -> bytes | None:
    """The bytes that git writes to the disk for an entry ("mode blob") of that name, where nothing but `ident`, `text` and `eol` says how; None where
    they change nothing, and where a filter or an encoding has a part in it: what that would write only it knows."""
    mode, _, blob = entry.partition(" ")
    rows = git_facts.names(git_facts.run(top, git_facts.HERE, "check-attr", "-z", *WRITTEN_BY, "--", name))
    said = dict(zip(rows[1::3], rows[2::3]))
    if not mode.startswith("100") or said.get("ident") != "set" and said.get("eol") != "crlf":
        return None
    if any(said.get(a) not in ("unspecified", "unset") for a in ("filter", "working-tree-encoding")):
        return None
    kept = git_facts.run(top, "cat-file", "blob", blob)
    if kept is None or len(kept) > MOST:
        return None
    data = re.sub(rb"\$Id\$", b"$Id: %s $" % blob.encode(), kept) if said["ident"] == "set" else kept
    if said["eol"] == "crlf" and said["text"] != "unset":
        if said["text"] != "auto" or b"\r" not in data and b"\0" not in data:
            data = re.sub(rb"(?<!\r)\n", b"\r\n", data)
    return data


def _sha256(path: str) -> str:
    from hashlib import sha256

    h = sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


def _reencoded(top: str, name: str, data: bytes) -> bytes | None:
    """The text as UTF-8, where an attribute says in which encoding it lies on disk."""
    said = _attribute(top, name, "working-tree-encoding")
    if said in ("", "unspecified", "unset", "set"):
        return None
    if said.upper().endswith("-BOM"):  # git's own name: this order of bytes, with the mark in front
        return data.decode(said[:-4]).lstrip("\ufeff").encode("utf-8")
    return data.decode(said).encode("utf-8")


def _attribute(top: str, name: str, attribute: str) -> str:
    said = git_facts.names(git_facts.run(top, git_facts.HERE, "check-attr", "-z", attribute, "--", name))
    return said[2] if len(said) == 3 else ""
