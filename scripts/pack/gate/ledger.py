"""The ledger of approvals (PROTOCOL 12): what the run began with, what was approved, what is there.

`look` is called when `glance` saw something touched; `prove` at the end. Both only report: what follows from it is decided by
`protocol/moves_result.py`. What changed is told with the two events between which it changed and who was at work then, never more.
"""

from __future__ import annotations

import os
import time

from ..base import codec, git_facts, paths, project_facts
from ..protocol import access, machine, tables, view
from ..protocol.plan import covers
from . import glance, leftovers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Mapping, Sequence
    from ..protocol.state_types import Actor, Finding, StartRecord, State, Task
    from ..store.disk import Disk
    from .hook_call import Call
    from .ledger_types import CommitVerdict, Note, StartTable
    from ..protocol.state_types import Start

CACHES = project_facts.SKIP | {".ruff_cache", ".tox", ".nox", ".gradle", ".hypothesis", ".cache", ".coverage"}
SETTINGS = ".claude/settings.local.json"
MOST_COMMITS = 200_000
MOST_WATCHED = 3000  # files and folders that the run began with; a larger project's are compared at the end only
RACY_NS = 30_000_000  # a file this new may change again without its stamp showing it


def own(name: str) -> bool:
    """Whether a name (relative to the project) is the run's own state, or the client's."""
    return name in (access.DECISIONS, project_facts.PROFILE, SETTINGS) or name.startswith((paths.TEAMS + "/", access.SCRATCH))


def own_in_a_commit(state: State, name: str) -> bool:
    """Whether a commit may take a name that no task has: what the run itself wrote for people, never scripts beside it."""
    team = "%s/%s/" % (paths.TEAMS, state["team"]["name"])
    return name in (access.DECISIONS, project_facts.PROFILE) or name.startswith(team)


def _cached(name: str) -> bool:
    return any(part in CACHES or part.endswith(".egg-info") for part in name.split("/"))


class Ledger:
    """One look: the repository, the record of the start, what was approved; each read when it is first asked for."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._start: StartTable | None = None
        if call.state["result"]["start"] is None:
            call.gate("START_RECORDED", **survey(call.project, call.store.data, call.store.disk, late=True))
        self.prefix = _recorded(call.state)["prefix"]
        root = os.path.realpath(call.project)
        self.top = root[: len(root) - len(self.prefix)] if self.prefix else root

    @property
    def state(self) -> State:
        return self.call.state

    @property
    def start(self) -> StartTable:
        """The table of the start. It is large in a large project, so it is read when it is first asked for."""
        if self._start is None:
            self._start = _start(self.call)
        return self._start

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

    def holds(self, name: str, wanted: str, entry: str, there: str) -> bool:
        """Whether an entry of a tree ("mode blob", its digest) is content that was asked for, on a disk that is what it was at the start;
        also where git keeps these very bytes in another form (`converted`)."""
        if git_facts.same(wanted, there, lambda: self.start.get("modes", True)):
            return True
        from ..base import converted  # it brings `re`, which costs a third of a whole call

        return entry.startswith("100") and converted.is_form_of(self.top, name, wanted, entry, self.start.get("modes", True))

    def began(self, name: str) -> str:
        """Digest of what was there when the run began."""
        return str(self.start["files"].get(name, ["-"])[0])

    def approved(self) -> dict[str, tuple[str, int]]:
        """{name: (digest, task number)} of all DONE tasks. The later approval counts where two have the same file."""
        out: dict[str, tuple[str, int]] = {}
        for number, task in sorted(view.tasks(self.state), key=lambda pair: pair[1]["since"]):
            if task["state"] == "DONE" and task["sealed"]:
                content = approved_content(self.call, number, task)
                for name in out:  # gone from what this later one has: its reviewers read it without
                    if self.shown(name) not in content and _holds(task, self.shown(name)):
                        out[name] = (git_facts.GONE, number)
                out.update((self.name(p), (d, number)) for p, d in content.items())
        return out


# --- the start -----------------------------------------------------------------------------------------------------------
def _recorded(state: State) -> Start:
    """Where the run began. A Ledger has recorded it by then."""
    start = state["result"]["start"]
    assert start is not None
    return start


def _path(call: Call, name: str) -> str:
    return os.path.join(call.store.data, name)


def survey(project: str, folder: str, disk: Disk, late: bool = False) -> StartRecord:
    """Where the run begins, as it is journalled (`start` of RUN_OPENED); the whole table goes to start.json in the run's folder.

    {"repo": "whole" | "sub" | "none", "prefix", "head", "branch", "dirty", "untracked": how many, "sum": digest of the table, "files":
    {name: digest} of what no commit holds, "staged": {name: "mode blob"}, "late"}."""
    top, prefix = git_facts.place(project)
    head = git_facts.text(top, "rev-parse", "--verify", "-q", "HEAD") if prefix is not None else ""
    rules = git_facts.user_ignores(top) if prefix is not None else ""
    listed = git_facts.listing(top, prefix, rules)
    staged = git_facts.staged(top, head) if prefix is not None else {}
    others = [n for n in listed.others if not n.startswith((prefix or "") + paths.TEAMS + "/")]
    files, changed = git_facts.snapshot(top, listed.tracked + others + listed.inner), set(staged)
    if prefix is not None:
        changed.update(git_facts.names(git_facts.run(top, git_facts.HERE, "diff-files", "--name-only", "-z")))
    table: StartTable = {
        "top": top,
        "prefix": prefix,
        "head": head,
        "branch": git_facts.text(top, "symbolic-ref", "--short", "-q", "HEAD") if prefix is not None else "",
        "staged": staged,
        "ignores": git_facts.ignore_rules(top) if prefix is not None else "-",
        "rules": git_facts.rules_in(rules).decode("utf-8", "surrogateescape") if prefix is not None else "",
        "files": files,
        "taken": time.time_ns(),
        **(leftovers.begun(top, listed) if prefix is not None else {}),  # type: ignore[typeddict-item]  # its other keys
    }
    text = codec.dumps(table)
    disk.mkdir(folder)
    disk.replace(os.path.join(folder, "start.json"), text.encode("ascii"))
    return {
        "repo": "none" if prefix is None else "sub" if prefix else "whole",
        "prefix": prefix,
        "head": head,
        "branch": table["branch"],
        "dirty": len(changed),
        "untracked": len(others),
        "sum": codec.digest(text),
        "late": late,
        "files": {n: files.get(n, ["-"])[0] for n in sorted(changed)[:2000] + (others if prefix is not None else [])[:2000]},
        "staged": dict(sorted(staged.items())[:2000]),
    }


def _start(call: Call) -> StartTable:
    """The table of the start. It is made anew from commit and journal where it was lost."""
    start = _recorded(call.state)
    data = call.store.disk.read(_path(call, "start.json"))
    if data is not None and codec.digest(data.decode("ascii", "replace")) == start["sum"]:
        kept: StartTable = codec.loads(data.decode("ascii"))
        return kept
    top, prefix = git_facts.place(call.project)
    entries = git_facts.tree(top, start["head"]) if start["head"] and prefix is not None else {}
    digest = git_facts.digests(top, entries.values())
    files = {n: [digest[entry], None] for n, entry in entries.items()}
    record: Any = {"files": {}, "staged": {}}
    for r in call.store.records():
        record = r["data"].get("start") or record if r["event"] == "RUN_OPENED" else r["data"] if r["event"] == "START_RECORDED" else record
    files.update((n, [d, None]) for n, d in record["files"].items())
    return {
        "top": top,
        "prefix": prefix,
        "head": start["head"],
        "branch": start["branch"],
        "staged": record["staged"],
        "ignores": git_facts.ignore_rules(top) if prefix is not None else "-",
        "files": files,
    }


def start_lines(data: StartRecord) -> list[str]:
    """What user and lead are told of the start."""
    if data["repo"] == "none":
        out = ["Start: no git repository: nothing can be committed; %d file(s) are recorded as they are." % data["untracked"]]
    else:
        where = {"sub": ", a folder (%s) of a larger repository: all of it is compared at the end" % data["prefix"], "whole": ""}[
            data["repo"]
        ]
        at = "commit %s" % data["head"][:7] if data["head"] else "no commit yet"
        out = ["Start: %s on %s%s." % (at, data["branch"] or "a detached HEAD", where)]
    named = sorted(n for n in data["files"] if not n.startswith((data["prefix"] or "") + ".claude/"))
    if named and data["repo"] != "none":
        more = " and %d more" % (len(named) - 8) if len(named) > 8 else ""
        counted = [(data["dirty"], "%d changed and not committed"), (data["untracked"], "%d untracked")]
        out.append(
            "Before this run, %s: %s%s. Perhaps forgotten? They stay as they are unless a task has them."
            % (", ".join(text % n for n, text in counted if n), ", ".join(named[:8]), more)
        )
    return out


def start_shown(data: StartRecord) -> str:
    """What the user is shown where the start is not a clean commit of a whole repository; "" where it is."""
    lines = start_lines(data)
    odd = data["repo"] != "whole" or not data["head"] or len(lines) > 1
    return "team: " + " ".join(lines) if odd else ""


# --- what was approved -----------------------------------------------------------------------------------------------------
def approved_content(call: Call, number: int, task: Task) -> dict[str, str]:
    """{path: digest} of a DONE task as it was approved. It comes from the run's folder, or from the journal."""
    data = call.store.disk.read(_path(call, "approved-%d.json" % number))
    if data is not None and codec.digest(data.decode("ascii", "replace")) == task["sealed"]:
        kept: dict[str, str] = codec.loads(data.decode("ascii"))
        return kept
    found = {}
    for r in call.store.records():
        if r["event"] == "CONTENT_SEALED" and r["data"]["task"] == number and r["data"]["sum"] == task["sealed"]:
            found = r["data"]["content"]
    call.store.disk.replace(_path(call, "approved-%d.json" % number), codec.dumps(found).encode("ascii"))
    return found


def _seal(call: Call) -> None:
    """Keep the approved digests of every task that has just become DONE."""
    for number, task in view.tasks(call.state):
        if task["state"] != "DONE" or task["content"] is not None:
            continue
        content = project_facts.contents(call.project, task)
        now = project_facts.revision(call.project, task)[0]
        text = codec.dumps(content)
        call.store.disk.replace(_path(call, "approved-%d.json" % number), text.encode("ascii"))
        call.gate("CONTENT_SEALED", task=number, sum=codec.digest(text), content=content, revision=task["revision"])
        if task["revision"] is not None and now != task["revision"]:
            # changed between the last approval and this look: which of the files did is not known any more
            one = _finding("changed since it was approved", task["files"][0], "revision " + task["revision"], "revision " + now)
            call.gate("CONTENT_DRIFTED", task=number, paths=[dict(one, **_between(call))])


# --- findings --------------------------------------------------------------------------------------------------------------
def _finding(kind: str, path: str, was: str, now: str, **more: Any) -> Any:
    out = {"path": path, "kind": kind, "was": was.replace("\0", " -> ")[:60], "now": now.replace("\0", " -> ")[:60]}
    return dict(out, id=codec.digest(kind, path, was, now, more.get("commit", ""), size=6), **more)


def _between(call: Call) -> dict[str, Any]:
    """{"between": [two event numbers], "at_work": [names]} of a change. Whoever calls next is not accused for it."""
    caller = call.actor["name"] if call.actor else None
    names = {n for n, entry in call.state["roster"].items() if entry["state"] == "ACTIVE"}
    if caller and (caller in call.state["roster"] or caller == tables.LEAD):
        names.add(caller)
    for _path_, note in _commands(call):
        if note.get("by"):
            names.add("%s (a shell command)" % note["by"]["name"])
    return {"between": [call.first, call.store.seq + 1], "at_work": sorted(n for n in names if n)}


def _commands(call: Call) -> list[tuple[str, Note]]:
    from . import after_tool

    return after_tool.notes(call)


def accepted(state: State, finding: Mapping[str, Any]) -> bool:
    return finding["id"] in state["result"]["accepted"].get(finding["path"], ())


# --- a look ----------------------------------------------------------------------------------------------------------------
def look(call: Call) -> None:
    """Look closely. Something watched was touched, or other files are to be watched."""
    _seal(call)
    book, last = Ledger(call), glance.read(call)
    _head(call, book)
    then: dict[str, tuple[int, int]] = {}
    taken = 0
    if last is not None:
        then, taken = _stamped(call, last), int(last[3].partition(" ")[2])
    paths = _watched(call, book)
    started = time.time_ns()
    now = dict(zip(paths, _pairs(glance.stamps(paths))))
    differ = [p for p in paths if p in then and then[p] != now[p]]
    touched = [p for p in paths if p not in then or then[p] != now[p] or now[p][1] > taken - RACY_NS]
    _working(call, book, differ)
    _done(call, book, touched)
    _outside(call, book, touched)
    racy = any(s[1] > started - RACY_NS for s in now.values())
    paths = _watched(call, book)  # what was found is watched too
    stamps = glance.stamps(paths)
    call.store.disk.replace(glance.place(call) + ".stamps", codec.dumps(stamps).encode("ascii"))
    parts = ["racy" if racy else glance.signature(call.state), project_facts.head(call.project), glance.marked(stamps)]
    parts += ["%d %d" % (call.store.seq, started)] + paths
    call.store.disk.replace(glance.place(call), "\0".join(parts).encode("utf-8", "surrogateescape"))


def _pairs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(numbers[::2], numbers[1::2]))


def _stamped(call: Call, last: list[str]) -> dict[str, tuple[int, int]]:
    """{path: stamp} of the last look; {} where the two files of it do not belong together."""
    try:
        numbers = codec.loads((call.store.disk.read(glance.place(call) + ".stamps") or b"").decode("ascii"))
    except ValueError:
        return {}
    return dict(zip(last[4:], _pairs(numbers))) if glance.marked(numbers) == last[2] else {}


def _watched(call: Call, book: Ledger) -> list[str]:
    """Paths whose stamps are compared at every event."""
    names: dict[str, int] = {}  # a set that keeps its order
    for number, task in view.tasks(call.state):
        if task["state"] == "DONE" and task["sealed"]:
            names.update((book.path(book.name(p)), 1) for p in approved_content(call, number, task))
        elif task["requests"]:
            names.update((os.path.join(call.project, p), 1) for p in _files(call, task))
    start = _recorded(call.state)
    if start["prefix"] is not None or start["untracked"] <= MOST_WATCHED:
        table = book.start["files"]
        if len(table) <= MOST_WATCHED:
            names.update((book.path(n), 1) for n in table if not own(book.shown(n)))
            names.update((f, 1) for f in _folders(book, table))
            names.update((os.path.join(call.project, p), 1) for p in call.state["result"]["unseen"])
    return list(names)


def _folders(book: Ledger, names: Iterable[str]) -> set[str]:
    """The folders of the files that the run began with. A new file would show there."""
    out = {book.top}
    inside = tuple(n + "/" for n in book.start.get("repos", ()))  # git does not name what is new there: it shows at the end
    for n in names:
        while "/" in n and not (inside and n.startswith(inside)):
            n = n.rpartition("/")[0]
            path = book.path(n)
            if path in out:
                break
            if not own(book.shown(n) + "/") and not n.startswith(".git/"):
                out.add(path)
    return out


def _files(call: Call, task: Task) -> set[str]:
    return {f for declared in list(task["files"]) + task["touched"] for f in project_facts.expand(call.project, declared)}


def _working(call: Call, book: Ledger, differ: Sequence[str]) -> None:
    """Void the requests of tasks in review whose files changed without a hook that saw who wrote them. They stay void when the bytes come back."""
    if not differ:
        return
    for number, task in view.tasks(call.state):
        if task["state"] in tables.TERMINAL or not task["requests"]:
            continue
        mine = {os.path.join(call.project, p): p for p in _files(call, task) | set(task["touched"])}
        hit = [mine[p] for p in differ if p in mine and mine[p] not in call.seen]
        if hit:
            revision = project_facts.revision(call.project, task)[0]
            call.gate("FILE_WRITTEN", task=number, path=None, by=None, revision=revision, files=hit[:20], **_between(call))


def _done(call: Call, book: Ledger, touched: Iterable[str]) -> None:
    """Digest what was touched of DONE tasks, and compare it with what was approved."""
    touched = set(touched)
    for number, task in view.tasks(call.state):
        if task["state"] != "DONE" or not task["sealed"]:
            continue
        content = approved_content(call, number, task)
        later = {p for n, o in view.tasks(call.state) if n != number and _supersedes(o, task) for p in content if _holds(o, p)}
        known = {d["path"]: d for d in task["drift"]}
        drift = []
        for path, digest in content.items():
            full = book.path(book.name(path))
            if path in later:
                continue
            if full not in touched:
                drift += [known[path]] if path in known else []
                continue
            now = project_facts.entry_digest(full)
            if now != digest:
                one = _finding("changed since it was approved (task #%d)" % number, path, digest, now)
                if not accepted(call.state, one):
                    fresh: Any = dict(one, **_between(call))
                    drift.append(known[path] if path in known and known[path]["id"] == one["id"] else fresh)
        drift += [d for p, d in known.items() if p not in content and _still_another(call, task, d)]
        if drift and drift != task["drift"]:
            call.gate("CONTENT_DRIFTED", task=number, paths=drift[:50], count=len(drift))
            call.told.append(
                "DRIFTED: %s of task #%d, which is DONE, is no longer what was approved: put it back, or the lead reopens the task "
                "(`pack task reopen %d`)" % (", ".join(d["path"] for d in drift[:5]), number, number)
            )
        elif not drift and task["content"] == "DRIFTED":
            call.gate("CONTENT_RESTORED", task=number)


def _still_another(call: Call, task: Task, drift: Finding) -> bool:
    return drift["now"] != "revision " + str(task["revision"]) and project_facts.revision(call.project, task)[0] != task["revision"]


def _holds(task: Task, path: str) -> bool:
    return path in task["touched"] or any(covers(f, path) for f in task["files"])


def _supersedes(other: Task, task: Task) -> bool:
    """Whether another task has worked on the same files since. Its approval then counts."""
    return other["state"] in tables.WORKING or other["state"] == "DONE" and other["since"] > task["since"]


def _outside(call: Call, book: Ledger, touched: Iterable[str]) -> None:
    """Record what changed outside every task that is worked on, new files too. It is told with what is known of when, and no more."""
    state, folders = call.state, []
    for path in touched:
        if os.path.isdir(path) and not os.path.islink(path):
            folders.append(path)
            continue
        name = os.path.relpath(path, book.top).replace(os.sep, "/")
        if name in book.start["files"] or book.shown(name) in state["result"]["unseen"]:
            _compare(call, book, name)
    names = _new_in(call, book, folders)
    for name in names:
        _compare(call, book, name)


def named(call: Call) -> None:
    """What the client says the shell command that has just come back has changed (`call.changed`): also found where a project is so large
    that its other files are compared at the end only."""
    book = Ledger(call)
    for path in sorted(call.changed):
        name = os.path.relpath(path, book.top).replace(os.sep, "/")
        if not name.startswith("../") and not _cached(name) and not name.startswith(".git/"):
            _compare(call, book, name)


def _compare(call: Call, book: Ledger, name: str) -> None:
    state, path = call.state, book.shown(name)
    held = [task for _n, task in view.tasks(state) if _holds(task, path) and (task["state"] in tables.WORKING or task["state"] == "DONE")]
    if held or own(path):
        return
    was, now, known = book.began(name), project_facts.entry_digest(book.path(name)), state["result"]["unseen"].get(path)
    if known["now"] != now if known else now != was:
        seen = _between(call)
        by = call.actor["name"] if os.path.realpath(book.path(name)) in call.changed else _during(call)
        call.gate("OVERLAP_SCOPE", path=path, was=was, now=now, by=by, **seen)
        if now != was:
            call.told.append(
                "%s changed between event %d and %d and is in no task that is worked on: put it back, or ask the lead to re-scope"
                % ((path,) + tuple(seen["between"]))
            )


def _during(call: Call) -> str | None:
    """Who ran the only shell command (or tool that nobody here knows) under way, where one has just come back; None for everybody else: every event looks, so what is
    found now came to be while it ran. Nobody for merely calling next."""
    if not call.payload["hook_event_name"].startswith("PostToolUse") or call.begun is None:
        return None
    others = [note for _path_, note in _commands(call) if note.get("by") and note["by"]["name"] != call.actor["name"]]
    return None if others else call.actor["name"]


def _new_in(call: Call, book: Ledger, folders: Sequence[str]) -> list[str]:
    """New names in these folders that git does not leave out and that belong to no task."""
    known, todo = book.start["files"], []
    for folder in folders:
        base = os.path.relpath(folder, book.top).replace(os.sep, "/")
        base = "" if base == "." else base + "/"
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        for entry in entries:
            name = base + entry
            shown = book.shown(name)
            if name in known or entry == ".git" or _cached(name) or own(shown) or own(shown + "/") or shown == ".claude":
                continue
            if os.path.isdir(book.path(name)) and any(n.startswith(name + "/") for n in known):
                continue
            if any(_holds(task, shown) and task["state"] in tables.WORKING + ("DONE",) for _n, task in view.tasks(call.state)):
                continue
            todo.append(name)
    if not todo:
        return []
    if book.prefix is None:
        return [n for n in todo if os.path.isfile(book.path(n))]
    found = git_facts.run(book.top, "ls-files", "-z", "--others", "--exclude-standard", "--", *[":(literal)" + n for n in todo[:200]])
    start: Any = book.start
    new = [n.rstrip("/") for n in git_facts.names(found) if not _cached(n) and not own(book.shown(n))]
    return [n for n in new if not leftovers.was_left_out(start, book.path(n), n)][:50]


# --- HEAD and commits --------------------------------------------------------------------------------------------------------
def _head(call: Call, book: Ledger) -> None:
    """Compare HEAD. That is done at every event, for git's own log has gaps (an update from elsewhere, `read-tree`, another worktree)."""
    old, new = call.state["result"]["head"], project_facts.head(call.project)
    if old == new or _recorded(call.state)["prefix"] is None:
        return
    from . import after_tool

    if after_tool.committing(call, [old or ""]):
        return  # somebody's commit was let through and is under way: they report it
    moved(call, book, old, new)


def moved(call: Call, book: Ledger, old: str | None, new: str, by: Actor | None = None, note: Note | None = None) -> None:
    """HEAD went from one commit to another. Read what it won, name what it lost. note: what was let through, and by whom."""
    old = old or ""
    won = (git_facts.between(book.top, old, new) if new else []) or []
    on = not old or bool(new) and git_facts.is_ancestor(book.top, old, new)
    gone = [] if on else git_facts.between(book.top, new, old) if new else []
    lost = [s for _n, task in view.tasks(call.state) for s in task["commits"] if s in (gone or [])]
    verdicts = judge(call, book, won, note)
    gated = bool(note and note.get("commit"))
    amended = gated and len(won) == 1 and gone and len(gone) == 1
    for sha in won:
        v = verdicts[sha]
        subject = git_facts.text(book.top, "log", "-1", "--format=%s", sha)[:200]
        call.append(
            "COMMITTED",
            actor=_author(call, by, v) or machine.GATE,
            sha=sha,
            head=new,
            subject=subject,
            gated=gated,
            tasks=v["tasks"] if not v["why"] else [],
            gone=gone if amended else [],
        )
        if gated and not v["why"]:
            call.commits.append(sha)
        if v["why"]:
            who = by["name"] if by else None
            call.gate("COMMIT_DIVERGES", sha=sha, task=v["tasks"][0] if v["tasks"] else None, why=v["why"], by=who, paths=v["paths"][:20])
            call.told.append(
                "COMMIT_DIVERGES: the commit %s is not what was approved: %s. Make it that: stage the approved files (`git restore "
                "--staged --source=HEAD~1 PATH` takes others out), then, as a command of its own, `git commit --amend --no-edit`"
                % (sha[:7], v["why"])
            )
        elif not gated:
            call.told.append("a commit was made past the gate (%s); it is recorded" % sha[:7])
    if not gated or not on and not amended:
        call.gate("HEAD_MOVED", old=old, new=new, lost=lost, gone=gone or [], by=by["name"] if by else None, **_between(call))
        if lost:
            call.told.append(
                "HEAD went from %s to %s and approved commits are gone from it: %s. Bring them back before the run ends"
                % (old[:7], new[:7], ", ".join(s[:7] for s in lost))
            )


def _author(call: Call, by: Actor | None, verdict: CommitVerdict) -> Actor | None:
    """Who made a commit. It is the one whose `git commit` was let through; of two at the same time, the owner of what it holds."""
    owners = {view.task(call.state, n)["owner"] for n in verdict["tasks"]}
    if by and owners and by["name"] not in owners:
        return next((n["by"] for _p, n in _commands(call) if n["commit"] and n.get("by") and n["by"]["name"] in owners), by)
    return by


def judge(call: Call, book: Ledger, commits: list[str], note: Note | None = None) -> dict[str, CommitVerdict]:
    """{commit: {"tasks": [numbers], "why": "" or what is not as approved, "paths": [...]}}. A commit counts for a task when it holds
    nothing but files of tasks with the bytes that were approved; filters and attributes do not matter, the bytes do."""
    if not commits:
        return {}
    changed = git_facts.changes(book.top, commits)
    digest = git_facts.digests(book.top, [entry for c in commits for entry in changed.get(c, {}).values()])
    approved, noted = book.approved(), (note.get("blobs") if note else None) or {}
    out: dict[str, CommitVerdict] = {}
    present: dict[str, tuple[str, int]] = {}
    for number, task in view.tasks(call.state):
        if task["state"] == "APPROVED" and view.quorum(call.state, task)["result"] == "APPROVED":
            if project_facts.revision(call.project, task)[0] == task["revision"]:
                present.update((book.name(p), (d, number)) for p, d in project_facts.contents(call.project, task).items())
    for sha in commits:
        tasks: set[int] = set()
        wrong = []
        for name, entry in sorted(changed.get(sha, {}).items()):
            path, there = book.shown(name), digest.get(entry, "missing")
            good: list[tuple[str, int | None]] = [(noted[path], None)] if path in noted else []
            good += [table[name] for table in (present, approved) if name in table]
            holders = [n for n, task in view.tasks(call.state) if _holds(task, path) and task["state"] in ("APPROVED", "DONE")]
            if any(book.holds(name, d, entry, there) for d, _n in good):
                tasks.update([n for _d, n in good if n is not None] or holders)
            elif own_in_a_commit(call.state, path):
                continue
            else:
                tasks.update(holders)
                wrong.append((path, "%s is not what was approved" % path if good else "%s is in no approved task" % path))
        out[sha] = {"tasks": sorted(tasks), "why": "; ".join(w for _p, w in wrong[:5]), "paths": [p for p, _w in wrong]}
    return out


# --- the closing proof ---------------------------------------------------------------------------------------------------------
def prove(call: Call) -> tuple[list[Any], list[str], list[str]]:
    """Every difference between the start and now that is neither approved, nor the run's own, nor accepted: [finding]; paths whose
    approved content no commit holds; and sentences on what differs and holds nothing up (`leftovers`). Looks at history, index, working
    tree, modes, links, nested repositories."""
    del git_facts.FAILED[:]
    book, out, loose, notes = Ledger(call), [], [], []
    approved, top, start = book.approved(), book.top, book.start
    listed = git_facts.listing(top, book.prefix, _users_rules(call, start), nested="repos" in start)
    unseen = call.state["result"]["unseen"]
    drift = {d["path"]: d for _n, task in view.tasks(call.state) for d in task["drift"]}

    kept: Any = start

    def found(kind: str, path: str, was: str, now: str, **more: Any) -> None:
        known: Mapping[str, Any] = drift.get(path) or unseen.get(path) or {}
        out.append(dict(_finding(kind, path, was, now, **more), **{k: known[k] for k in ("between", "at_work") if k in known}))

    for name in sorted({*start["files"], *listed.tracked, *listed.others, *listed.inner, *approved}):
        path, was = book.shown(name), book.began(name)
        stamped = start["files"].get(name, ["-", None])
        # a nested repository is a folder: its stamp says nothing of its commit
        known = name not in approved and stamped[1] is not None and not was.startswith("commit:")
        if known and git_facts.stamp(book.path(name)) == stamped[1]:
            continue
        if was.startswith("stat:"):  # too large to be read at the start: whatever moved its stamp may have changed it
            s = git_facts.stamp(book.path(name))
            now = "stat:%d:%d%s" % (s[1], s[2], ", perhaps changed" if known else "") if s else "-"
        else:
            now = project_facts.entry_digest(book.path(name))
        if name in approved:
            digest, number = approved[name]
            if now != digest:
                found("changed since it was approved (task #%d)" % number, path, digest, now)
        elif now != was and not own(path):
            new = name not in start["files"]
            if not (new and (_cached(name) or leftovers.was_left_out(kept, book.path(name), name))):
                found("nobody approved it", path, was, now)
    if book.prefix is not None:
        loose = _prove_git(call, book, approved, found)
        if "repos" in start:
            hidden, folders = leftovers.hidden(top, kept, listed, _cached)
            for kind, name, now in leftovers.differing(top, kept, listed, hidden):
                found(kind, name if name.startswith(".git/") else book.shown(name), "-", now)
            notes = leftovers.named(top, kept, start["branch"], folders | leftovers.new_caches(kept, listed.others, _cached))
        if git_facts.FAILED:
            found("git does not answer, so nobody knows what else is there", ".git", "-", "; ".join(sorted(set(git_facts.FAILED)))[:60])
    open_ones = [f for f in out if not accepted(call.state, f)]
    return open_ones, loose, notes


def _users_rules(call: Call, start: StartTable) -> str:
    """A file with the user's own ignore rules as they were at the start. Later rules hide nothing from the look."""
    if start.get("rules") is None:
        return git_facts.user_ignores(start["top"])
    path, rules = _path(call, "user-ignores"), start["rules"].encode("utf-8", "surrogateescape")
    if call.store.disk.read(path) != rules:  # a teardown proves at every event
        call.store.disk.replace(path, rules)
    return path


def _prove_git(call: Call, book: Ledger, approved: Mapping[str, tuple[str, int]], found: Callable[..., None]) -> list[str]:
    """Compare history, index and ignore rules with what was approved. Answers the paths whose approved content no commit holds."""
    top, start, head = book.top, book.start, project_facts.head(call.project)
    known = {s for _n, task in view.tasks(call.state) for s in task["commits"]}
    if start["head"] and not (head and git_facts.is_ancestor(top, start["head"], head)):
        found("the commit that the run began on is no longer in the branch", "commit " + start["head"][:12], start["head"], head or "-")
    won = (git_facts.between(top, start["head"], head, most=MOST_COMMITS) if head else []) or []
    for number, sha in ((number, sha) for number, task in view.tasks(call.state) for sha in task["commits"] if sha not in won):
        found("an approved commit (task #%d) is not in the branch any more" % number, "commit " + sha[:12], sha, "-", commit=sha)
    odd = [s for s in won if s not in known]
    changed = git_facts.changes(top, odd) if odd else {}
    tree = git_facts.tree(top, head) if head else {}
    staged = git_facts.staged(top, head)
    wanted = [entry for c in changed.values() for entry in c.values()] + list(staged.values()) + [tree[n] for n in approved if n in tree]
    digest = git_facts.digests(top, wanted)

    def fine(name: str, entry: str, d: str) -> bool:
        if name in approved and book.holds(name, approved[name][0], entry, d):
            return True
        return book.holds(name, book.began(name), entry, d) or own_in_a_commit(call.state, book.shown(name))

    for sha in odd:
        for name, entry in sorted(changed.get(sha, {}).items()):
            there = digest.get(entry, "missing")
            if not fine(name, entry, there):
                was = approved[name][0] if name in approved else book.began(name)
                found("in the commit %s" % sha[:7], book.shown(name), was, there, commit=sha)
    loose = _not_committed(book, approved, tree, digest, found)
    for name, entry in sorted(staged.items()):
        there = digest.get(entry, "-")
        # What the index takes away of the run's own commit was not there at the start, and is not what was approved either.
        taken = name in approved and not book.holds(name, approved[name][0], entry, there)
        if entry != start["staged"].get(name) and (taken or not fine(name, entry, there)) and not (entry == "-" and name in loose):
            found("staged", book.shown(name), approved[name][0] if name in approved else book.began(name), there)
    rules = git_facts.ignore_rules(top)
    if rules != start["ignores"]:
        found("the rules by which git leaves files out were changed", ".git/info/exclude", start["ignores"], rules)
    return loose


def _not_committed(
    book: Ledger, approved: Mapping[str, tuple[str, int]], tree: Mapping[str, str], digest: Mapping[str, str], found: Callable[..., None]
) -> list[str]:
    """The approved paths whose content no commit holds. tree: {name: entry} of HEAD; digest: {entry: digest}."""
    loose, begun = [], None
    for name, (want, number) in sorted(approved.items()):
        there = digest.get(tree.get(name, "-"), "missing")
        if book.holds(name, want, tree.get(name, "-"), there):
            continue
        if begun is None:
            begun = git_facts.tree(book.top, book.start["head"]) if book.start["head"] else {}
        if tree.get(name, "-") == begun.get(name, "-"):
            loose.append(book.shown(name))  # approved, and in no commit: nothing else is delivered in its place
        else:
            found("the commit holds something else (task #%d)" % number, book.shown(name), want, there)
    return loose


def check(call: Call) -> list[Any]:
    """Prove, and record it when what is open has changed. Answers what is open."""
    open_ones, loose, notes = prove(call)
    state, place = call.state["result"], _path(call, "named")
    mark = leftovers.mark(loose + notes)
    told = call.store.disk.read(place)
    other = mark != told if loose or notes else told is not None
    if other or [f["id"] for f in open_ones[:50]] != [f["id"] for f in state["open"]]:
        call.gate("RESULT_CHECKED", open=open_ones[:200], count=len(open_ones), uncommitted=loose[:200], left=notes)
    if other:
        call.store.disk.replace(place, mark)
    return open_ones


def before_the_end(call: Call) -> None:
    """Make the proof again before an event of a teardown is judged. Any of them may end the run."""
    state = call.state
    if state["phase"] in ("TEARDOWN", "FAILED_SAFE") and call.kind.approves and not state["teardown"]["aborted"]:
        check(call)


def accept(call: Call, words: list[str]) -> str:
    """`team accept PATH ...`: the user takes these differences as they are. Answers what is said. Raises Refusal."""
    look(call)
    open_ones = prove(call)[0]
    done = []
    person: Actor = {"name": "user", "role": "person", "inc": 0, "agent_id": None}
    for word in words:
        rel = project_facts.relative(call.project, word, call.payload.get("cwd"))[0] or word
        mine = [f for f in open_ones if f["path"] in (word, rel) or f["path"].startswith((word.rstrip("/") + "/", "commit " + word))]
        paths = sorted({f["path"] for f in mine})
        for path in paths or [word]:
            findings = [f for f in mine if f["path"] == path]
            call.append(
                "CONTENT_ACCEPTED",
                actor=person,
                path=path,
                paths=[path],
                ids=[f["id"] for f in findings],
                commits=sorted({f["commit"] for f in findings if f.get("commit")}),
                findings=findings[:50],
                open=[] if findings else open_ones[:50],
            )
            done.append(path)
    left = [f for f in open_ones if f["path"] not in done]
    said = "team: accepted as it is, by your word: %s. It is a waiver, and the summary names it." % ", ".join(done)
    call.close()
    return said + (" Still unapproved: %s." % ", ".join(sorted({f["path"] for f in left})[:20]) if left else "")
