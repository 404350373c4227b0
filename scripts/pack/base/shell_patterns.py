"""The names that a shell's pattern stands for: braces, and bash's and zsh's globs. Errs on the side of more names: `^a` is everything beside it."""

from __future__ import annotations

import os

MOST = 500  # names of one pattern; a shell takes more, and what is beyond them is found after the call


def braces(word: str, most: int = MOST) -> list[str]:
    """`a{b,c}d` -> [abd, acd], `{1..3}` too; a word without such a brace by itself."""
    depth, start = 0, -1
    commas: list[int] = []
    for i, c in enumerate(word):
        if c == "{":
            depth += 1
            if depth == 1:
                start, commas = i, []
        elif c == "," and depth == 1:
            commas.append(i)
        elif c == "}" and depth:
            depth -= 1
            if depth:
                continue
            inner = word[start + 1 : i]
            if commas and word[start - 1 : start] != "$":
                edges = [start, *commas, i]
                parts = [word[a + 1 : b] for a, b in zip(edges, edges[1:])]
            else:
                parts = _range(inner)
            if parts:
                return [one for part in parts for one in braces(word[:start] + part + word[i + 1 :], most)][:most]
    return [word]


def _range(inner: str) -> list[str]:
    """`1..3` -> [1, 2, 3]; [] for anything else."""
    first, dots, last = inner.partition("..")
    last = last.partition("..")[0]
    if not dots or not (first.lstrip("-").isdigit() and last.lstrip("-").isdigit()):
        if dots and len(first) == len(last) == 1:
            a, b = sorted((ord(first), ord(last)))
            return [chr(c) for c in range(a, b + 1)]
        return []
    if len(first) > 9 or len(last) > 9:
        return []
    a, b = sorted((int(first), int(last)))
    wide = max(len(first), len(last)) if first[:1] == "0" or last[:1] == "0" else 0
    return [str(n).zfill(wide) for n in range(a, min(b, a + MOST) + 1)]


def expanded(path: str) -> list[str]:
    """The paths that an absolute path with a pattern in it stands for now, itself where it has none or matches nothing."""
    plain = [one for p in _groups(path) for one in ([p] if not any(c in p for c in "*?[^") else _found(p))]
    return list(dict.fromkeys(plain))[: 2 * MOST] or [path]


def _found(path: str) -> list[str]:
    import glob
    from itertools import islice

    path = "/".join("*" if part[:1] == "^" else part for part in path.split("/"))  # zsh with EXTENDED_GLOB: all but that
    hidden = path.replace("/*", "/.*")
    names = list(islice(glob.iglob(path, recursive=True), MOST))
    names += [] if "**" in path else list(islice(glob.iglob(hidden), MOST))
    return names or [path]


def _groups(path: str) -> list[str]:
    """A path without its parentheses: a qualifier at its end (`*(.om[1])`) goes, `(a|b)` becomes each of its parts, bash's `!(a)` everything.
    Where a file is called so, that is meant."""
    start = path.find("(")
    if start < 0 or os.path.lexists(path):
        return [path]
    depth, end = 0, len(path)
    bars: list[int] = []
    for i in range(start, len(path)):
        if path[i] == "(":
            depth += 1
        elif path[i] == "|" and depth == 1:
            bars.append(i)
        elif path[i] == ")":
            depth -= 1
            if not depth:
                end = i
                break
    head, tail = path[:start], path[end + 1 :]
    if head[-1:] == "!":
        parts, head = ["*"], head[:-1]
    elif bars:
        edges = [start, *bars, end]
        parts = [path[a + 1 : b] for a, b in zip(edges, edges[1:])]
        head = head[:-1] if head[-1:] in ("@", "+", "?") and head[-1:] else head
    elif not tail and any(c in head[head.rfind("/") :] for c in "*?[^") or not tail and len(path[start:end]) < 4:
        parts = [""]
    else:
        parts = [path[start + 1 : end]]
    return [one for part in parts for one in _groups(head + part + tail)][:MOST]
