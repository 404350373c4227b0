"""The gold standard block of a coder's prompt (the seed's Key Rules: in every coder prompt). What a lead has left out is put in by the gate, from the
plan's references and `.conventions/gold-standards/`: the same bytes for every coder of a run, so that they are cached."""

from __future__ import annotations

import os

from ..base import project_facts, redact
from ..protocol import reports, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..protocol.state_types import State
    from .hook_call import Call

MARK = "NO REFERENCE FILES"
FILES, LINES, FILE_LINES = 5, 150, 60  # the seed: 3-5 examples, 100-150 lines; a longer file is cut, and says so
FILE_BYTES = 6000


def held(call: Call, prompt: object) -> tuple[str, list[str]]:
    """(the prompt as the coder gets it, the files that it shows). Unchanged where it has a block, or says that there are no references."""
    text = prompt if isinstance(prompt, str) else ""
    shown = reports.gold(text)
    if shown or MARK in text:
        return text, shown
    block, shown = compiled(call.project, call.state)
    return block + "\n\n" + text, shown


def compiled(project: str, state: State) -> tuple[str, list[str]]:
    """(block, files shown) from what is there."""
    out: list[str] = []
    shown: list[str] = []
    left = LINES
    for path in _sources(project, state):
        if len(shown) == FILES or left < 5:
            break
        lines = _lines(project, path)
        if not lines:
            continue
        most = min(FILE_LINES, left)
        cut = "" if len(lines) <= most else " (lines 1-%d of %d; read the rest in the file)" % (most, len(lines))
        out += ["--- GOLD STANDARD: %s — %s ---%s" % (_layer(path), path, cut)] + lines[:most] + [""]
        shown.append(path)
        left -= min(len(lines), most)
    if not shown:
        return "--- GOLD STANDARD EXAMPLES ---\n%s: follow the nearest neighbour of each file.\n--- END GOLD STANDARDS ---" % MARK, []
    return "\n".join(["--- GOLD STANDARD EXAMPLES ---"] + out + ["--- END GOLD STANDARDS ---"]), shown


def _sources(project: str, state: State) -> list[str]:
    """Gold standards first, then the tasks' references, those of most tasks first."""
    folder = os.path.join(project, ".conventions", "gold-standards")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    out = [".conventions/gold-standards/" + n for n in names if os.path.isfile(os.path.join(folder, n))]
    count: dict[str, int] = {}
    for _n, task in view.tasks(state):
        for path in task["references"]:
            count[path] = count.get(path, 0) + 1
    return out + sorted((p for p in count if p not in out), key=lambda p: (-count[p], p))


def _layer(path: str) -> str:
    parts = path.split("/")
    return "conventions" if parts[0] == ".conventions" else parts[-2] if len(parts) > 1 else "root"


def _lines(project: str, path: str) -> list[str]:
    """The lines of a file inside the project, [] where there is none to show."""
    rel, full = project_facts.relative(project, path, project)
    if rel is None or not os.path.isfile(full):
        return []
    try:
        with open(full, encoding="utf-8") as f:
            return redact.text(f.read(FILE_BYTES)).splitlines()
    except (OSError, ValueError):
        return []
