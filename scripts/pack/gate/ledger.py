"""The ledger of approvals (PROTOCOL 12): what the run began with, what was approved, and how a difference is told.

`closer_look` compares with it whenever `glance` saw something touched, `commits` whenever HEAD moved, `closing_proof` at the end. They only
report: what follows is decided by `protocol/moves_result.py`. What changed is told with the two events between which it changed and who
was at work then, never more."""

from __future__ import annotations

import os

from ..base import codec, git_facts, paths, project_facts
from ..protocol import access, tables, view
from ..protocol.plan import covers
from .run_start import recorded_start, run_path, start_table, survey
from .submodules import Submodules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence
    from ..protocol.state_types import Finding, State, Task
    from .hook_call import Call
    from .ledger_types import Note, StartTable

CACHES = project_facts.SKIP | {".ruff_cache", ".tox", ".nox", ".gradle", ".hypothesis", ".cache", ".coverage"}
SETTINGS = ".claude/settings.local.json"
OWN_FILES = frozenset(
    "journal.jsonl snapshot.json state.md run.json summary.md decisions.md timeline.html attestation.jsonl".split()
)  # in the team's folder
REVISION = "revision "  # in front of what stands for the digest of a whole task


def own(name: str) -> bool:
    """Whether a name (relative to the project) is the run's own state, or the client's."""
    return name in (access.DECISIONS, project_facts.PROFILE, SETTINGS) or name.startswith((paths.TEAMS + "/", access.SCRATCH))


def own_in_a_commit(state: State, name: str) -> bool:
    """Whether a commit may take a name that no task has: what the run itself wrote for people, never scripts beside it."""
    folder, _, file = name.rpartition("/")
    if folder == "%s/%s" % (paths.TEAMS, state["team"]["name"]):
        return file in OWN_FILES
    return name in (access.DECISIONS, project_facts.PROFILE)


def is_cached(name: str) -> bool:
    """Whether a new file that git sees is looked over, and named: what tools and editors leave."""
    parts = name.split("/")
    return any(part in CACHES or part.endswith(".egg-info") for part in parts) or project_facts.left_by_an_editor(parts[-1])


class Ledger:
    """One look: the repository, the record of the start, what was approved; each read when it is first asked for."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._start: StartTable | None = None
        self._filters: dict[str, str] | None = None  # as they are now
        self._left: frozenset[str] | None = None
        self._tree: dict[str, str] | None = None
        self._away: dict[str, str] | None = None
        self._last: dict[str, str] | None = None
        self.submodules = Submodules(self)
        if call.state["result"]["start"] is None:
            call.gate("START_RECORDED", **survey(call.project, call.store.data, call.store.disk, late=True))
        self.prefix = recorded_start(call.state)["prefix"]
        root = os.path.realpath(call.project)
        self.top = root[: len(root) - len(self.prefix)] if self.prefix else root

    @property
    def state(self) -> State:
        return self.call.state

    @property
    def start(self) -> StartTable:
        """The table of the start. It is large in a large project, so it is read when it is first asked for."""
        if self._start is None:
            self._start = start_table(self.call)
        return self._start

    def in_repository(self) -> Ledger | None:
        """The same ledger by the names of the repository that the project lies in; None where there is none. It may have come after the start
        (`git init`): then what was there belongs to the start, and every commit to the run."""
        if self.prefix is not None:
            return self
        try:
            project_facts.git_folders(self.call.project)
        except (OSError, IndexError):
            return None
        top, prefix = git_facts.place(self.call.project)
        if prefix is None:
            return None
        book, start = Ledger(self.call), self.start.copy()
        start["files"] = {prefix + name: row for name, row in start["files"].items()}
        book.top, book.prefix, book._start = top, prefix, start
        return book

    def shown(self, name: str) -> str:
        """A name of the repository as people and tasks write it: relative to the project."""
        if not self.prefix:
            return name
        return os.path.relpath(name, self.prefix.rstrip("/")).replace(os.sep, "/")

    def name(self, path: str) -> str:
        """The reverse, for a path inside the project."""
        return (self.prefix or "") + path

    def path(self, name: str) -> str:
        return os.path.join(self.top, name)

    def holds(self, name: str, wanted: str, entry: str, there: str, top: str | None = None) -> bool:
        """Whether an entry of a tree ("mode blob", its digest) is content that was asked for, on a disk that is what it was at the start;
        also where git keeps these very bytes in another form (`converted`). top: of another repository than the run's."""
        if git_facts.same(wanted, there, lambda: self.start.get("modes", True)):
            return True
        from ..base import converted  # it brings `re`, which costs a third of a whole call

        if not entry.startswith("100"):
            return False
        return converted.is_form_of(
            top or self.top,
            name,
            wanted,
            entry,
            self.start.get("modes", True),
            lambda driver: top is None and self._known_filter(driver, name),
        )

    def _known_filter(self, driver: str, name: str) -> bool:
        """Whether a filter is the one that the run began with, and whether whatever gives it this file was there then, or is approved."""
        from ..base import filters

        then = self.start.get("filters") or {}
        if self._filters is None:
            self._filters = filters.begun(self.top)
        now = self._filters
        if driver not in then or any(now.get(part) != then.get(part) for part in (driver, filters.ATTRIBUTES)):
            return False
        return all(self._as_begun_or_approved(place) for place in filters.attribute_files(name))

    def _as_begun_or_approved(self, name: str) -> bool:
        path = self.shown(name)
        if project_facts.entry_digest(self.path(name)) == self.began(name):
            return True
        return any(task["state"] in ("APPROVED", "DONE") and task_has(task, path) for _n, task in view.tasks(self.state))

    def began(self, name: str) -> str:
        """Digest of what was there when the run began."""
        return str(self.start["files"].get(name, ["-"])[0])

    def laid_out(self, name: str, now: str) -> bool:
        """Whether what is there now is what the first commit holds, of a name that the sparse checkout had left out at the start, or of a submodule
        that was not laid out then."""
        if now == git_facts.GONE or self.began(name) != git_facts.GONE or self.prefix is None:
            return False
        if name not in self._skipped():
            return self.submodules.laid_out(name, now)
        entry = self.first_tree().get(name, git_facts.GONE)
        return self.holds(name, now, entry, git_facts.digests(self.top, [entry])[entry])

    def same_content(self, name: str, wanted: str, now: str) -> bool:
        """Whether what is there, or is not, stands for what was asked for: `left_out`, `checked_out`."""
        return self.left_out(name, wanted, now) or self.checked_out(name, wanted, now)

    def left_out(self, name: str, wanted: str, now: str) -> bool:
        """Whether a name lies on no disk because the sparse checkout leaves it out by now, or its submodule was put away, and the last commit holds what
        was asked for. Nothing of it is lost: it is laid out again with the next word to git."""
        if now != git_facts.GONE or wanted == git_facts.GONE or self.prefix is None:
            return False
        if self._away is None:
            self._away = git_facts.left_out(self.top)
        entry = self._away.get(name)
        if entry is None:
            return self.submodules.put_away(name, wanted)
        return self.holds(name, wanted, entry, git_facts.digests(self.top, [entry])[entry])

    def checked_out(self, name: str, wanted: str, now: str) -> bool:
        """Whether a file is byte for byte what git writes to the disk of the very bytes that were asked for, when it is checked out again: with the
        line ends and the `$Id$` that attributes ask for which were there at the start."""
        if now == git_facts.GONE or self.prefix is None or len(now) != len(wanted) or now.startswith("x:") != wanted.startswith("x:"):
            return False
        if not self._attributes_as_begun(name):
            return False
        from ..base import converted  # as in `holds`

        if self._last is None:
            self._last = git_facts.tree(self.top, "HEAD")
        entry = self._last.get(name, git_facts.GONE)
        if not git_facts.same(wanted, git_facts.digests(self.top, [entry])[entry], lambda: self.start.get("modes", True)):
            return False
        data = converted.as_written(self.top, name, entry)
        return data is not None and codec.blake2b(data, digest_size=16).hexdigest() == now[-32:]

    def _attributes_as_begun(self, name: str) -> bool:
        """Whether attributes may say something of a name, and no file of them has changed since the start."""
        from ..base import filters

        begun: Any = self.start.get("git")
        try:
            path = os.path.join(project_facts.git_folders(self.top)[1], "info", "attributes")
        except (OSError, IndexError):
            return False
        own = project_facts.entry_digest(path)
        places = [(self.began(n), project_facts.entry_digest(self.path(n))) for n in filters.attribute_files(name)]
        if begun is None or begun.get("info/attributes", git_facts.GONE) != own:
            return False
        return all(was == now for was, now in places)

    def _skipped(self) -> frozenset[str]:
        if self._left is None:
            self._left = frozenset(self.start.get("skipped") or ())
        return self._left

    def first_tree(self) -> dict[str, str]:
        if self._tree is None:
            self._tree = git_facts.tree(self.top, self.start["head"])
        return self._tree

    def approved(self) -> dict[str, tuple[str, int]]:
        """{name: (digest, task number)} of all DONE tasks. The later approval counts where two have the same file."""
        out: dict[str, tuple[str, int]] = {}
        for number, task in sorted(view.tasks(self.state), key=lambda pair: pair[1]["since"]):
            if task["state"] == "DONE" and task["sealed"]:
                content = approved_content(self.call, number, task)
                for name in out:  # gone from what this later one has: its reviewers read it without
                    if self.shown(name) not in content and task_has(task, self.shown(name)):
                        out[name] = (git_facts.GONE, number)
                out.update((self.name(p), (d, number)) for p, d in content.items())
        behind = self._behind_links(out)
        return {name: row for name, row in out.items() if name not in behind}

    def _behind_links(self, approved: Mapping[str, tuple[str, int]]) -> set[str]:
        """The approved names that lead through a linked folder to another approved name, with the same content. Git knows the file by that one only."""
        folders: dict[str, str] = {}
        out = set()
        for name, (digest, _number) in approved.items():
            folder, _, file = name.rpartition("/")
            if folder not in folders:
                real = os.path.realpath(self.path(folder))
                folders[folder] = real[len(self.top) + 1 :] if real.startswith(self.top + os.sep) else folder
            other = folders[folder] + "/" + file
            if folders[folder] != folder and approved.get(other, ("", 0))[0] == digest:
                out.add(name)
        return out


def approved_content(call: Call, number: int, task: Task) -> dict[str, str]:
    """{path: digest} of a DONE task as it was approved. It comes from the run's folder, or from the journal."""
    data = call.store.disk.read(run_path(call, "approved-%d.json" % number))
    if data is not None and codec.digest(data.decode("ascii", "replace")) == task["sealed"]:
        kept: dict[str, str] = codec.loads(data.decode("ascii"))
        return kept
    found = {}
    for r in call.store.records():
        if r["event"] == "CONTENT_SEALED" and r["data"]["task"] == number and r["data"]["sum"] == task["sealed"]:
            found = r["data"]["content"]
    call.store.disk.replace(run_path(call, "approved-%d.json" % number), codec.dumps(found).encode("ascii"))
    return found


def seal_done(call: Call) -> None:
    """Keep the approved digests of every task that has just become DONE."""
    for number, task in view.tasks(call.state):
        if task["state"] != "DONE" or task["content"] is not None:
            continue
        now = project_facts.revision(call.project, task)[0]
        _keep(call, number, task)
        if task["revision"] is not None and now != task["revision"]:
            # changed between the last approval and this look: which of the files did is not known any more
            one = finding("changed since it was approved", task["files"][0], REVISION + task["revision"], REVISION + now)
            call.gate("CONTENT_DRIFTED", task=number, paths=[dict(one, **between(call))])


def _keep(call: Call, number: int, task: Task) -> None:
    """Write down what is there of a DONE task, in the run's folder and in the journal."""
    content = project_facts.contents(call.project, task)
    text = codec.dumps(content)
    call.store.disk.replace(run_path(call, "approved-%d.json" % number), text.encode("ascii"))
    call.gate("CONTENT_SEALED", task=number, sum=codec.digest(text), content=content, revision=task["revision"])


def drift_by_revision(call: Call, number: int, task: Task) -> Finding | None:
    """The difference of a task that had changed before its content was kept: only its revision says so. What comes back is kept then."""
    one = next((d for d in task["drift"] if d["was"].startswith(REVISION)), None)
    if one is None:
        return None
    if project_facts.revision(call.project, task)[0] != task["revision"]:
        return one
    _keep(call, number, task)
    return None


def finding(kind: str, path: str, was: str, now: str, **more: Any) -> Any:
    out = {"path": path, "kind": kind, "was": was.replace("\0", " -> ")[:60], "now": now.replace("\0", " -> ")[:60]}
    return dict(out, id=codec.digest(kind, path, was, now, more.get("commit", ""), size=6), **more)


def between(call: Call) -> dict[str, Any]:
    """{"between": [two event numbers], "at_work": [names]} of a change. Whoever calls next is not accused for it."""
    caller = call.actor["name"] if call.actor else None
    names = {n for n, entry in call.state["roster"].items() if entry["state"] == "ACTIVE"}
    if caller and (caller in call.state["roster"] or caller == tables.LEAD):
        names.add(caller)
    for _path_, note in commands_under_way(call):
        if note.get("by"):
            names.add("%s (a shell command)" % note["by"]["name"])
    return {"between": [call.first, call.store.seq + 1], "at_work": sorted(n for n in names if n)}


def commands_under_way(call: Call) -> list[tuple[str, Note]]:
    from . import after_tool

    return after_tool.notes(call)


def accepted(state: State, finding: Mapping[str, Any]) -> bool:
    return finding["id"] in state["result"]["accepted"].get(finding["path"], ())


def approved_elsewhere(call: Call, pairs: Sequence[tuple[str, str]]) -> tuple[Mapping[tuple[str, str], str], str]:
    """{(path, digest): who} of what other squads of the fleet have approved, and a sentence where that is not known. A merge brings it in."""
    if call.fleet is None or not pairs:
        return {}, ""
    found: tuple[Mapping[tuple[str, str], str], str] = call.fleet.elsewhere(call, pairs)
    return found


def task_has(task: Task, path: str) -> bool:
    return path in task["touched"] or any(covers(f, path) for f in task["files"])
