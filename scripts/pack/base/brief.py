"""A brief (`.briefs/*.md`) that a run is opened with: whether its Project Context says what a code base researcher would (the seed, Step 2)."""

from __future__ import annotations

import os

PARTS = ("stack", "structure", "pattern")
HEAD = "project context"


def told(project: str, path: str | None) -> str:
    """What the lead is told of the brief at the opening of a run, "" where the input is none."""
    if path is None or os.path.basename(os.path.dirname(os.path.abspath(path))) != ".briefs":
        return ""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            lacks = lacking(f.read(1 << 20))
    except OSError:
        return ""
    name = os.path.relpath(path, project).replace(os.sep, "/")
    if not lacks:
        return "%s (its Project Context has stack, structure and patterns: context is known, no codebase-researcher)" % name
    return "%s (its Project Context lacks %s: codebase-researcher)" % (name, ", ".join(lacks))


def lacking(text: str) -> list[str]:
    """Which parts no heading and no label (`Stack: ...`, `- **Structure**: ...`) of the section Project Context is about."""
    said, depth = [], 0
    for line in text.splitlines():
        level = len(line) - len(line.lstrip("#"))
        if level and depth and level <= depth:
            depth = 0
        if level and HEAD in line.casefold():
            depth = level
        elif depth:
            head, colon, _rest = line.partition(":")
            said.append((line if level else head if colon else "").casefold())
    return [part for part in PARTS if not any(part in words for words in said)]
