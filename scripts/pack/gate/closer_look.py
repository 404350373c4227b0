"""A closer look at the files of a run, when `glance` saw that something was touched: what of it is no longer as it was approved (ledger.py)."""

from __future__ import annotations

import os
import stat
import time

from ..base import codec, git_facts, project_facts
from ..protocol import tables, view
from ..protocol.guards_result import plainly
from . import glance, leftovers
from .run_start import recorded_start
from .ledger import (
    Ledger,
    REVISION,
    accepted,
    approved_content,
    approved_elsewhere,
    between,
    commands_under_way,
    drift_by_revision,
    finding,
    is_cached,
    own,
    seal_done,
    task_has,
)
from .commits import compare_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence
    from ..protocol.state_types import Task
    from .hook_call import Call

MOST_WATCHED = 3000  # files and folders that the run began with; a larger project's are compared at the end only
RACY_NS = 30_000_000  # a file this new may change again without its stamp showing it


def look(call: Call) -> None:
    """Look closely. Something watched was touched, or other files are to be watched."""
    seal_done(call)
    book, last = Ledger(call), glance.read(call)
    compare_head(call, book)
    then: dict[str, tuple[int, int]] = {}
    taken = 0
    if last is not None:
        then, taken = _stamped(call, last), int(last[3].partition(" ")[2])
    way = _ways(call)
    paths, more = _watched(call, book, way)
    started = time.time_ns()
    now = dict(zip(paths, _pairs(glance.stamps(paths))))
    differ = [p for p in paths if p in then and then[p] != now[p]]
    touched = [p for p in paths if p not in then or then[p] != now[p] or now[p][1] > taken - RACY_NS]
    _working(call, book, differ, _moved(call, last, way) if way else [])
    _done(call, book, touched)
    _outside(call, book, [p for p in touched if p not in more])
    racy = any(s[1] > started - RACY_NS for s in now.values())
    paths, _more = _watched(call, book, way)  # what was found is watched too
    stamps = glance.stamps(paths)
    call.store.disk.replace(glance.place(call) + ".stamps", codec.dumps(stamps).encode("ascii"))
    if way:  # else the one that lies there is of other stamps, and says nothing
        call.store.disk.replace(glance.place(call) + ".ways", codec.dumps([glance.marked(stamps), way]).encode("ascii"))
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


def _ways(call: Call) -> dict[str, list[int]]:
    """{path: what lies there} of the folders and links that lead to the files of tasks in review, by the names that the tasks have and by those
    behind links: [inode, mtime, ctime], and a 1 for a link. Whoever lays another folder in the place of one, and puts it back, touches no file."""
    out: dict[str, list[int]] = {}
    root = os.path.realpath(call.project)
    for _number, task in view.tasks(call.state):
        if task["state"] in tables.TERMINAL or not task["requests"]:
            continue
        for name in _files(call, task):
            for path in {os.path.join(root, name), os.path.realpath(os.path.join(root, name))}:
                while (path + os.sep).startswith(root + os.sep) and path not in out:
                    _lies(path, out)
                    path = os.path.dirname(path)
    return out


def _lies(path: str, out: dict[str, list[int]]) -> None:
    try:
        s = os.lstat(path)
    except OSError:
        return
    if stat.S_ISLNK(s.st_mode) or stat.S_ISDIR(s.st_mode):
        out[path] = [s.st_ino, s.st_mtime_ns, s.st_ctime_ns] + [1] * stat.S_ISLNK(s.st_mode)


def _moved(call: Call, last: list[str] | None, now: dict[str, list[int]]) -> list[str]:
    """The folders and links of `_ways` that were taken away since the last look, and came back or were replaced. A name that is made or removed in a folder
    sets its mtime and its ctime to the same moment; a move of the folder itself sets its ctime alone. A name that was made after the move
    hides it."""
    try:
        mark, then = codec.loads((call.store.disk.read(glance.place(call) + ".ways") or b"").decode("ascii"))
        here = os.stat(call.store.folder)  # the hook makes and removes names in it all the time
    except (OSError, ValueError):
        return []
    if last is None or mark != last[2]:
        return []
    even = here.st_mtime_ns == here.st_ctime_ns  # elsewhere (some network disks) the two moments are not the same
    out = []
    for path, was in then.items():
        lies = now.get(path)
        if lies is None or lies == was:
            continue
        if lies[0] != was[0] or len(lies) != len(was) or lies[3:] or lies[1] == was[1] or even and lies[1] != lies[2]:
            out.append(path)
    return out


def _watched(call: Call, book: Ledger, way: Iterable[str]) -> tuple[list[str], set[str]]:
    """Paths whose stamps are compared at every event, and those of them that are watched as a way to files in review only."""
    names: dict[str, int] = {}  # a set that keeps its order
    for number, task in view.tasks(call.state):
        if task["state"] == "DONE" and task["sealed"]:
            for p, digest in approved_content(call, number, task).items():
                names[book.path(book.name(p))] = 1
                if digest.startswith("commit:"):
                    names.update((mark, 1) for mark in _marks(book.path(book.name(p))))
        elif task["requests"]:
            for p in _files(call, task):
                names[os.path.join(call.project, p)] = 1
                names.update((mark, 1) for mark in _marks(os.path.join(call.project, p)))
    start = recorded_start(call.state)
    if start["prefix"] is not None or start["untracked"] <= MOST_WATCHED:
        table = book.start["files"]
        if len(table) <= MOST_WATCHED:
            names.update((book.path(n), 1) for n in table if not own(book.shown(n)))
            names.update((f, 1) for f in _folders(book, table))
            names.update((os.path.join(call.project, p), 1) for p in call.state["result"]["unseen"])
    more = set(way).difference(names)
    return list(names) + sorted(more), more


def _marks(path: str) -> list[str]:
    """Of a nested repository the files that change with its commit; [] for what is none."""
    if not os.path.isdir(path) or not os.path.lexists(os.path.join(path, ".git")):
        return []
    try:
        home = project_facts.git_folders(path)[0]
    except (OSError, IndexError):
        return []
    return [os.path.join(home, "HEAD"), os.path.join(home, "logs", "HEAD")]


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


def _working(call: Call, book: Ledger, differ: Sequence[str], moved: Sequence[str]) -> None:
    """Void the requests of tasks in review whose files changed without a hook that saw who wrote them. They stay void when the bytes come back.
    moved: what was moved away of the folders and links that lead to them."""
    if not differ and not moved:
        return
    below = tuple(p + "/" for p in moved)
    for number, task in view.tasks(call.state):
        if task["state"] in tables.TERMINAL or not task["requests"]:
            continue
        mine = {os.path.join(call.project, p): p for p in _files(call, task) | set(task["touched"])}
        mine.update((mark, p) for full, p in list(mine.items()) for mark in _marks(full))
        hit = [mine[p] for p in differ if p in mine and mine[p] not in call.seen]
        if moved and not hit:
            hit = sorted(p for full, p in mine.items() for one in {full, os.path.realpath(full)} if one in moved or one.startswith(below))
        if hit:
            revision = project_facts.revision(call.project, task)[0]
            call.gate("FILE_WRITTEN", task=number, path=None, by=None, revision=revision, files=hit[:20], **between(call))


def _done(call: Call, book: Ledger, touched: Iterable[str]) -> None:
    """Digest what was touched of DONE tasks, and compare it with what was approved."""
    touched = set(touched)
    for number, task in view.tasks(call.state):
        if task["state"] != "DONE" or not task["sealed"]:
            continue
        whole = drift_by_revision(call, number, task)
        content = approved_content(call, number, view.task(call.state, number))
        later = {p for n, o in view.tasks(call.state) if n != number and _supersedes(o, task) for p in content if task_has(o, p)}
        known = {d["path"]: d for d in task["drift"] if not d["was"].startswith(REVISION)}
        drift = []
        for path, digest in content.items():
            full = book.path(book.name(path))
            if path in later:
                continue
            if full not in touched and not (digest.startswith("commit:") and touched.intersection(_marks(full))):
                drift += [known[path]] if path in known else []
                continue
            now = project_facts.entry_digest(full)
            if now != digest and not book.same_content(book.name(path), digest, now):
                one = finding("changed since it was approved (task #%d)" % number, path, digest, now)
                if not accepted(call.state, one):
                    fresh: Any = dict(one, **between(call))
                    drift.append(known[path] if path in known and known[path]["id"] == one["id"] else fresh)
        drift += [whole] if whole else []
        if drift and drift != task["drift"]:
            call.gate("CONTENT_DRIFTED", task=number, paths=drift[:50], count=len(drift))
            call.told.append(
                "DRIFTED: %s of task #%d, which is DONE, is no longer what was approved: put it back, or the lead reopens the task "
                "(`pack task reopen %d`)" % (", ".join(plainly(d["path"]) for d in drift[:5]), number, number)
            )
        elif not drift and task["content"] == "DRIFTED":
            call.gate("CONTENT_RESTORED", task=number)


def _supersedes(other: Task, task: Task) -> bool:
    """Whether another task has worked on the same files since. Its approval then counts."""
    return other["state"] in tables.WORKING or other["state"] == "DONE" and other["since"] > task["since"]


def _outside(call: Call, book: Ledger, touched: Iterable[str]) -> None:
    """Record what changed outside every task that is worked on, new files too. It is told with what is known of when, and no more."""
    state, folders, names = call.state, [], []
    for path in touched:
        if os.path.isdir(path) and not os.path.islink(path):
            folders.append(path)
            continue
        name = os.path.relpath(path, book.top).replace(os.sep, "/")
        if name in book.start["files"] or book.shown(name) in state["result"]["unseen"]:
            names.append(name)
    _compare(call, book, names + _new_in(call, book, folders))


def named(call: Call) -> None:
    """What the client says the shell command that has just come back has changed (`call.changed`): also found where a project is so large
    that its other files are compared at the end only."""
    book = Ledger(call)
    names = [os.path.relpath(path, book.top).replace(os.sep, "/") for path in sorted(call.changed)]
    _compare(call, book, [n for n in names if not n.startswith(("../", ".git/")) and not is_cached(n)])


def _compare(call: Call, book: Ledger, names: Iterable[str]) -> None:
    """Record which of these differ from what was last known of them, unless a task has them or another squad of the fleet approved them."""
    differ = [found for found in (_stranger(call, book, name) for name in names) if found]
    merged = approved_elsewhere(call, [(path, now) for _name, path, was, now in differ if now != was])[0]
    for name, path, was, now in differ:
        if (path, now) in merged:
            continue
        seen = between(call)
        by = call.actor["name"] if os.path.realpath(book.path(name)) in call.changed else _during(call)
        call.gate("OVERLAP_SCOPE", path=path, was=was, now=now, by=by, **seen)
        if now != was:
            call.told.append(
                "%s changed between event %d and %d and is in no task that is worked on: put it back, or ask the lead to re-scope"
                % ((plainly(path),) + tuple(seen["between"]))
            )


def _stranger(call: Call, book: Ledger, name: str) -> tuple[str, str, str, str] | None:
    """(name, path, what was there, what is there) of what changed outside every task that is worked on; None where nothing did."""
    state, path = call.state, book.shown(name)
    held = [task for _n, task in view.tasks(state) if task_has(task, path) and (task["state"] in tables.WORKING or task["state"] == "DONE")]
    if held or own(path):
        return None
    was, now, known = book.began(name), project_facts.entry_digest(book.path(name)), state["result"]["unseen"].get(path)
    if now != was and (book.laid_out(name, now) or book.same_content(name, was, now)):
        was = now
    return (name, path, was, now) if (known["now"] != now if known else now != was) else None


def _during(call: Call) -> str | None:
    """Who ran the only shell command (or tool that nobody here knows) under way, where one has just come back; None for everybody else: every event looks, so what is
    found now came to be while it ran. Nobody for merely calling next."""
    if not call.payload["hook_event_name"].startswith("PostToolUse") or call.begun is None:
        return None
    others = [note for _path_, note in commands_under_way(call) if note.get("by") and note["by"]["name"] != call.actor["name"]]
    return None if others else call.actor["name"]


def _new_in(call: Call, book: Ledger, folders: Sequence[str]) -> list[str]:
    """New names in these folders that git does not leave out and that belong to no task."""
    known, todo = book.start["files"], []
    for folder in folders:
        base = os.path.relpath(folder, book.top).replace(os.sep, "/")
        if known.get(base, [""])[0][:7] in (git_facts.GONE, "commit:"):
            continue  # a submodule: git does not name what is new there, and it shows at the end
        base = "" if base == "." else base + "/"
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        for entry in entries:
            name = base + entry
            shown = book.shown(name)
            if name in known or entry == ".git" or is_cached(name) or own(shown) or own(shown + "/") or shown == ".claude":
                continue
            if os.path.isdir(book.path(name)) and any(n.startswith(name + "/") for n in known):
                continue
            if any(task_has(task, shown) and task["state"] in tables.WORKING + ("DONE",) for _n, task in view.tasks(call.state)):
                continue
            todo.append(name)
    if not todo:
        return []
    if book.prefix is None:
        return [n for n in todo if os.path.isfile(book.path(n))]
    found = git_facts.run(book.top, "ls-files", "-z", "--others", "--exclude-standard", "--", *[":(literal)" + n for n in todo[:200]])
    start: Any = book.start
    new = [n.rstrip("/") for n in git_facts.names(found) if not is_cached(n) and not own(book.shown(n))]
    return [n for n in new if not leftovers.was_left_out(start, book.path(n), n)][:50]
