"""Whether `.conventions/` says something that it did not say when the run began.

What counts are real lines of a gold standard, an anti-pattern, a check, a tool chain or a decision: not blank ones, not remarks, not a single word,
not ones that were somewhere in `.conventions/` before, not other files. A line is its words: spaces, marks, capitals and its place do not matter.
"""

from __future__ import annotations

import os

from . import codec, git_facts, project_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Store

KINDS = ("gold-standards", "anti-patterns", "checks", "tool-chains", "decisions")
NAME = "conventions"  # the file in the run's folder that keeps the lines of the opening
MARKUP = (".md", ".markdown", ".txt", ".rst", ".adoc")
MOST = 1 << 20  # bytes of one file that are looked at


def _without_remarks(name: str, text: str) -> str:
    """A text without what only its author sees: `<!-- -->`, and lines that begin with `#` where that is no heading."""
    while "<!--" in text:
        before, _, rest = text.partition("<!--")
        text = before + rest.partition("-->")[2]
    if name.endswith(MARKUP):
        return text
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))


def _says_something(words: str) -> bool:
    """Whether a line is more than one word. Scripts that set no spaces between words, and a long name or path, are told by their length."""
    return " " in words or len(words) >= (12 if words.isascii() else 4)


def lines(project: str) -> set[str]:
    """Digests of the real lines there are now, as a set of short texts."""
    out: set[str] = set()
    for kind in KINDS:
        folder = ".conventions/%s/" % kind
        for name in project_facts.expand(project, folder) if os.path.isdir(os.path.join(project, folder)) else []:
            try:
                with open(os.path.join(project, name), "rb") as f:
                    out.update(_said(name, f.read(MOST)))
            except OSError:
                continue
    for name, data in _not_laid_out(project):
        out.update(_said(name, data))
    return out


def _said(name: str, data: bytes) -> list[str]:
    """Digests of the real lines of one file."""
    rows = _without_remarks(name, data.decode("utf-8", "replace")).split("\n")
    words = [" ".join("".join(c if c.isalnum() else " " for c in line.casefold()).split()) for line in rows]
    return [codec.digest(w, size=6) for w in words if _says_something(w)]


def _not_laid_out(project: str) -> list[tuple[str, bytes]]:
    """[(name, bytes)] of what the last commit has below these folders and a sparse checkout leaves out: it is in `.conventions/` all the same."""
    top, prefix = git_facts.place(project)
    if prefix is None:
        return []
    below = tuple("%s.conventions/%s/" % (prefix, kind) for kind in KINDS)
    away = {n: entry.split(" ")[1] for n, entry in git_facts.left_out(top).items() if n.startswith(below)}
    return [(n, (git_facts.run(top, "cat-file", "blob", blob) or b"")[:MOST]) for n, blob in away.items()]


def digest(project: str) -> str | None:
    """Digest of the real lines; None when there is none."""
    found = lines(project)
    return codec.digest(*sorted(found), size=6) if found else None


def keep(store: Store, project: str) -> None:
    """Write down what is said at the opening."""
    store.disk.replace(os.path.join(store.data, NAME), " ".join(sorted(lines(project))).encode("ascii"))


def now(store: Store, project: str, at_opening: str | None) -> str | None:
    """The digest for the completion gate: `at_opening` while there is no new real line, else the present one; None when there is none."""
    found = lines(project)
    if not found:
        return None
    kept = store.disk.read(os.path.join(store.data, NAME))
    if kept is not None and not found - set(kept.decode("ascii").split()):
        return at_opening
    return codec.digest(*sorted(found), size=6)
