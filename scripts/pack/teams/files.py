"""Where team definitions lie, how one is found by name, and how its file is read.

YAML and JSON are read with `yamltext`, which needs no package: hook and `pack` must see the same data.
"""

from __future__ import annotations

import difflib
import errno
import os
import re

from pack.base import yamltext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pack.base.yamltext import Document
    from typing import Any, Iterable, Mapping, Sequence

HERE = os.path.dirname(os.path.abspath(__file__))

FOLDER = os.path.join(".claude", "team-definitions")


class TeamError(ValueError):
    """A definition that cannot be used: `problems` has one line each, `where` names the file."""

    def __init__(self, where: str, problems: Sequence[str]) -> None:
        self.where, self.problems = where, list(problems)
        super().__init__("\n".join(p if p.startswith(where + ":") else "%s: %s" % (where, p) for p in self.problems))


def folders(project: str | os.PathLike[str] = ".") -> list[str]:
    """Where a project keeps definitions of its own."""
    return [os.path.join(os.fspath(project), FOLDER)]


def names(extra_folders: Sequence[str] = ()) -> dict[str, str]:
    """The names behind `--team`, with their files; folders given first win. Of two files of one name, which `find` refuses, the YAML."""
    found = {}
    for folder in [HERE] + list(reversed(list(extra_folders))):
        try:
            entries = sorted(os.listdir(folder), key=lambda e: (e.endswith(".json"), e))
        except OSError:
            continue  # there is none, or nobody may look into it
        here: dict[str, str] = {}
        for entry in entries:
            stem = named(entry)
            if stem:
                here.setdefault(stem, os.path.join(folder, entry))
        found.update(here)
    return found


def named(entry: str) -> str | None:
    """The name of the team that a file of a folder of definitions holds; None for another file."""
    stem, extension = os.path.splitext(entry)
    return stem or None if extension in (".yaml", ".yml") or extension == ".json" and not stem.endswith(".schema") else None


def rivals(entries: Iterable[str], stem: str) -> str | None:
    """What is wrong when several files of one folder have the same team's name; None when one has."""
    files = sorted(e for e in entries if named(e) == stem)
    return "%s are one team's name: keep one of them" % " and ".join(files) if len(files) > 1 else None


def find(path_or_name: str, folders: Sequence[str] = ()) -> str:
    """The file of a definition: a name among `folders` and the pack's own, else a path; TeamError with the known names, or with the files
    that share the name: nobody is to run another team than the one that was edited."""
    text = os.fspath(path_or_name)
    known = names(folders)
    if text in known:
        twice = rivals(os.listdir(os.path.dirname(known[text])), text)
        if twice:
            raise TeamError(text, [twice])
        return known[text]
    if os.path.isfile(text):
        return text
    near = difflib.get_close_matches(text, known, 1, 0.5)
    told = _inside(text, known)
    raise TeamError(
        text,
        [
            "no such team%s; known teams: %s; or give the path of a definition file"
            % (told or ("; did you mean %r?" % near[0] if near else ""), ", ".join(sorted(known)))
        ],
    )


def _inside(text: str, known: Mapping[str, str]) -> str:
    """A file is found by its own name; somebody may give the name that stands in it."""
    for stem, path in known.items():
        try:
            head = _bytes(path, 4096)
        except OSError:
            continue
        if re.search(r'(?m)^[\s{]*"?team"?:\s*["\']?%s\b' % re.escape(text), head.decode("utf-8", "replace")) and text:
            return "; the file %s calls itself so, but it is found by its file name: --team %s, or rename it" % (
                os.path.basename(path),
                stem,
            )
    return ""


def _bytes(path: str, most: int) -> bytes:
    """The first bytes of a regular file; OSError. A pipe of that name would keep a hook waiting for ever."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(errno.EINVAL, "no regular file", path)
    with open(path, "rb") as handle:
        return handle.read(most)


def read(path: str) -> tuple[Any, Document]:
    """(data, Document or None)."""
    name = os.path.basename(path)
    try:
        raw = _bytes(path, yamltext.MAX_BYTES + 1)
    except OSError as error:
        raise TeamError(name, ["not readable: %s" % (error.strerror or error)])
    if len(raw) > yamltext.MAX_BYTES:
        raise TeamError(name, ["not readable: larger than %d bytes, which no team definition is" % yamltext.MAX_BYTES])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TeamError(name, ["%s:%d: not readable: not UTF-8 (byte 0x%02x): save the file as UTF-8" % (name, line, raw[error.start])])
    try:
        document = yamltext.read(text)
    except yamltext.YamlError as error:
        raise TeamError(
            name, ["%s:%d:%d: not readable: %s" % ((name,) + yamltext.Document(text).place((error.offset, error.offset)) + (error,))]
        )
    return document.value, document


def shipped(source: str, project: str) -> bool:
    """Whether a team is one of this plugin's own, whose agents and guide ship with it (a project may have one of the same name)."""
    return os.path.dirname(names(folders(project)).get(source, "")) == HERE
