"""The gold standard block of a coder's prompt (the seed's Key Rules: in every coder prompt). What a lead has left out is put in by the gate, from
`.conventions/gold-standards/` and the plan's references, what serves most tasks first. The block of a run's first coder is kept in the team's folder:
every later coder gets the same bytes, whatever became of the files meanwhile, so that they are cached."""

from __future__ import annotations

import os

from ..base import codec, project_facts, redact
from ..protocol import reports, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..protocol.state_types import State, Task
    from .hook_call import Call

MARK = "NO REFERENCE FILES"
# What a run whose research came back thin is marked with (the seed, Step 2b): lines of the definition of done, which state.md shows.
MARKS = ("LIMITED CODEBASE CONTEXT", MARK, "LIMITED RESEARCH", "DEGRADED RESEARCH")
HARDER = "Look harder: read the nearest neighbours of each changed file yourself, and check what the plan takes for granted."
FIRST, LAST = "--- GOLD STANDARD EXAMPLES ---", "--- END GOLD STANDARDS ---"
KEPT = "gold-standards.md"
FILES, LINES, FILE_LINES = 5, 150, 60  # the seed: 3-5 examples, 100-150 lines; a longer file is cut, and says so
FILE_BYTES = 6000


def held(call: Call, prompt: object) -> tuple[str, list[str], str]:
    """(the prompt as the coder gets it, the files that it shows, the block to keep for the coders that follow or "").

    A block between its two lines is the run's, or gives way to it. Unchanged is a prompt that has examples without these lines, or says that there
    are no references: where its examples end cannot be told."""
    text = prompt if isinstance(prompt, str) else ""
    before, own, after = _parts(text)
    if not own and (reports.gold(text) or MARK in text):
        return text, reports.gold(text), ""
    kept = _kept(call)
    block = kept or redact.text(own) or compiled(call.project, call.state)
    return before + block + (after if own else "\n\n" + text), reports.gold(block), "" if kept else block


def keep(call: Call, block: str) -> None:
    """Keep the block of a run's first coder."""
    call.store.disk.mkdir(call.store.folder)
    call.store.disk.replace(os.path.join(call.store.folder, KEPT), codec.utf8(block))


def _kept(call: Call) -> str:
    found = call.store.disk.read(os.path.join(call.store.folder, KEPT))
    return found.decode("utf-8", "replace") if found else ""


def _parts(text: str) -> tuple[str, str, str]:
    """(before, the block with its two lines, after); no block: ("", "", "")."""
    start, end = text.find(FIRST), text.rfind(LAST)
    if start < 0 or end < start:
        return "", "", ""
    return text[:start], text[start : end + len(LAST)], text[end + len(LAST) :]


def compiled(project: str, state: State) -> str:
    """The block from what is there."""
    out: list[str] = []
    shown, left = 0, LINES
    for path in _sources(project, state):
        if shown == FILES or left < 5:
            break
        lines = _lines(project, path)
        if not lines:
            continue
        most = min(FILE_LINES, left)
        cut = "" if len(lines) <= most else " (lines 1-%d of %d; read the rest in the file)" % (most, len(lines))
        out += ["--- GOLD STANDARD: %s — %s ---%s" % (_layer(path), path, cut)] + lines[:most] + [""]
        shown += 1
        left -= min(len(lines), most)
    return "\n".join([FIRST] + (out or ["%s: follow the nearest neighbour of each file." % MARK]) + [LAST])


def named(project: str, state: State) -> list[str]:
    """The files that a block of this run would show."""
    return [path for path in _sources(project, state) if _lines(project, path)][:FILES]


def thin(project: str, state: State) -> list[str]:
    """The marks of this run: those that the lead put into the definition of done, and that there is no example where there is none."""
    said = "\n".join(state["definition_of_done"])
    return [mark for mark in MARKS if mark in said or mark == MARK and not named(project, state)]


def _sources(project: str, state: State) -> list[str]:
    """Gold standards and the tasks' references, what serves most tasks first; of equals the gold standards first."""
    folder = os.path.join(project, ".conventions", "gold-standards")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    gold = [".conventions/gold-standards/" + n for n in names if os.path.isfile(os.path.join(folder, n))]
    tasks = [task for _n, task in view.tasks(state)]
    serves = {path: sum(_fits(path, task) for task in tasks) for path in gold}
    for task in tasks:
        for path in set(task["references"]) - set(gold):
            serves[path] = serves.get(path, 0) + 1
    return sorted(serves, key=lambda path: (-serves[path], path not in gold, path))


def _fits(path: str, task: Task) -> bool:
    """Whether a gold standard is an example for a task: named by it, or of the kind of a file that it writes (the ending, or a word of the name)."""
    name = path.rpartition("/")[2]
    stem, dot, ending = name.partition(".")
    told = _words(" ".join(task["files"]) + " " + task["subject"])
    alike = any(f.endswith(dot + ending) for f in task["files"]) if ending else False
    return path in task["references"] or alike or bool(_words(stem) & told)


def _words(text: str) -> set[str]:
    return {w for w in "".join(c if c.isalnum() else " " for c in text.casefold()).split() if len(w) > 2}


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
