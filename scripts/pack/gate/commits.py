"""Commits as they were made: whether each holds what was approved (ledger.py), whatever made it, and where HEAD went."""

from __future__ import annotations


from ..base import git_facts, project_facts
from ..protocol import machine, view
from ..protocol.guards_result import plainly
from .ledger import Ledger, approved_elsewhere, between, commands_under_way, own_in_a_commit, task_has

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping
    from ..protocol.state_types import Actor
    from .hook_call import Call
    from .ledger_types import CommitVerdict, Note

SHORT = 7  # digits of a commit that people name it by


def compare_head(call: Call, book: Ledger) -> None:
    """Compare HEAD. That is done at every event, for git's own log has gaps (an update from elsewhere, `read-tree`, another worktree)."""
    old, new = call.state["result"]["head"], project_facts.head(call.project)
    if old == new or book.in_repository() is None:
        return
    from . import after_tool

    if after_tool.committing(call, [old or ""]):
        return  # somebody's commit was let through and is under way: they report it
    moved(call, book, old, new)


def moved(call: Call, book: Ledger, old: str | None, new: str, by: Actor | None = None, note: Note | None = None) -> None:
    """HEAD went from one commit to another: record each commit that is new in it and name those that are gone. note: what was let through,
    and by whom."""
    book, old = book.in_repository() or book, old or ""
    added = (git_facts.between(book.top, old, new) if new else []) or []
    forward = not old or bool(new) and git_facts.is_ancestor(book.top, old, new)
    gone = ([] if forward else git_facts.between(book.top, new, old) if new else []) or []
    verdicts = judge(call, book, added, note)
    gated = bool(note and note.get("commit"))
    amended = gated and len(added) == len(gone) == 1
    rewritten: set[str] = set()
    for sha in added:
        verdict = verdicts[sha]
        replaces = gone if amended else [] if gated or verdict["why"] else _rewritten(call, book, verdict["tasks"], new)
        rewritten.update(replaces)
        _record(call, book, sha, verdict, new, gated, replaces, by)
    if not gated or not forward and not amended:
        lost = [sha for _n, task in view.tasks(call.state) for sha in task["commits"] if sha in gone]
        more: dict[str, Any] = {"rewritten": sorted(rewritten)} if rewritten else {}
        call.gate("HEAD_MOVED", old=old, new=new, lost=lost, gone=gone, by=by["name"] if by else None, **more, **between(call))
        if lost:
            call.told.append(
                "HEAD went from %s to %s and approved commits are gone from it: %s. Bring them back before the run ends"
                % (old[:SHORT], new[:SHORT], ", ".join(sha[:SHORT] for sha in lost))
            )


def _rewritten(call: Call, book: Ledger, tasks: list[int], head: str) -> list[str]:
    """The commits of these tasks that are no longer in the branch although all that they brought is: somebody reworded them, put them together, or
    took them to another base. What counts is the content (PROTOCOL 12); a later task's approval of it is as good."""
    mine = [sha for n in tasks for sha in view.task(call.state, n)["commits"]]
    away = [sha for sha in mine if not git_facts.is_ancestor(book.top, sha, head)]
    if not away:
        return []
    brought, tree, approved = git_facts.changes(book.top, away), git_facts.tree(book.top, head), book.approved()
    digest = git_facts.digests(book.top, [tree[name] for c in brought.values() for name in c if name in tree])

    def there(name: str, entry: str) -> bool:
        now = tree.get(name, git_facts.GONE)
        return now == entry or name in approved and book.holds(name, approved[name][0], now, digest.get(now, git_facts.GONE))

    return [sha for sha in away if brought.get(sha) and all(there(n, e) for n, e in brought[sha].items())]


def _record(
    call: Call, book: Ledger, sha: str, verdict: CommitVerdict, head: str, gated: bool, replaces: list[str], by: Actor | None
) -> None:
    """COMMITTED for one commit, and COMMIT_DIVERGES where it is not what was approved. replaces: the commits in whose place it stands."""
    merged: dict[str, Any] = {"elsewhere": verdict["elsewhere"]} if verdict["elsewhere"] else {}
    bare = [n for n in verdict["tasks"] if not set(view.task(call.state, n)["commits"]) - set(replaces)]
    counts = [] if verdict["why"] else verdict["tasks"] if gated else bare
    call.append(
        "COMMITTED",
        actor=_author(call, by, verdict) or machine.GATE,
        sha=sha,
        head=head,
        subject=git_facts.text(book.top, "log", "-1", "--format=%s", sha)[:200],
        gated=gated,
        tasks=counts,  # what the gate let through has to stay; the user may take back what he committed beside it
        gone=replaces,
        **merged,
    )
    if gated and not verdict["why"]:
        call.commits.append(sha)
    if verdict["why"]:
        who = by["name"] if by else None
        task = verdict["tasks"][0] if verdict["tasks"] else None
        call.gate("COMMIT_DIVERGES", sha=sha, task=task, why=verdict["why"], by=who, paths=verdict["paths"][:20])
        call.told.append(
            "COMMIT_DIVERGES: the commit %s is not what was approved: %s. Make it that: stage the approved files (`git restore "
            "--staged --source=HEAD~1 PATH` takes others out), then, as a command of its own, `git commit --amend --no-edit`"
            % (sha[:SHORT], verdict["why"])
        )
    elif not gated and not verdict["elsewhere"]:
        call.told.append("a commit was made past the gate (%s); it is recorded" % sha[:SHORT])


def _author(call: Call, by: Actor | None, verdict: CommitVerdict) -> Actor | None:
    """Who made a commit. It is the one whose `git commit` was let through; of two at the same time, the owner of what it holds."""
    owners = {view.task(call.state, n)["owner"] for n in verdict["tasks"]}
    if by and owners and by["name"] not in owners:
        return next((n["by"] for _p, n in commands_under_way(call) if n["commit"] and n.get("by") and n["by"]["name"] in owners), by)
    return by


def judge(call: Call, book: Ledger, commits: list[str], note: Note | None = None) -> dict[str, CommitVerdict]:
    """{commit: {"tasks": [numbers], "why": "" or what is not as approved, "paths": [...]}}. A commit counts for a task when it holds
    nothing but files of tasks with the bytes that were approved; filters and attributes do not matter, the bytes do."""
    if not commits:
        return {}
    changed = git_facts.changes(book.top, commits)
    digest = git_facts.digests(book.top, [entry for c in commits for entry in changed.get(c, {}).values()])
    approved, noted = book.approved(), (note.get("blobs") if note else None) or {}
    judged: dict[str, tuple[set[int], list[tuple[str, str, bool]]]] = {}  # {commit: (its tasks, [(path, digest, whether a task has it)])}
    present: dict[str, tuple[str, int]] = {}
    for number, task in view.tasks(call.state):
        if task["state"] == "APPROVED" and view.quorum(call.state, task)["result"] == "APPROVED":
            if project_facts.revision(call.project, task)[0] == task["revision"]:
                present.update((book.name(p), (d, number)) for p, d in project_facts.contents(call.project, task).items())
    for sha in commits:
        tasks: set[int] = set()
        wrong: list[tuple[str, str, bool]] = []
        for name, entry in sorted(changed.get(sha, {}).items()):
            path, there = book.shown(name), digest.get(entry, "missing")
            good: list[tuple[str, int | None]] = [(noted[path], None)] if path in noted else []
            good += [table[name] for table in (present, approved) if name in table]
            holders = [n for n, task in view.tasks(call.state) if task_has(task, path) and task["state"] in ("APPROVED", "DONE")]
            if any(book.holds(name, d, entry, there) for d, _n in good):
                tasks.update([n for _d, n in good if n is not None] or holders)
            elif own_in_a_commit(call.state, path) or not (note or holders) and book.holds(name, book.began(name), entry, there):
                continue  # also what lay there when the run began, and the user commits now
            else:
                tasks.update(holders)
                wrong.append((path, there, bool(good)))
        judged[sha] = tasks, wrong
    merged = approved_elsewhere(call, [] if note else [(p, there) for _t, wrong in judged.values() for p, there, _g in wrong])[0]
    return {sha: _verdict(tasks, wrong, merged) for sha, (tasks, wrong) in judged.items()}


def _verdict(tasks: set[int], wrong: list[tuple[str, str, bool]], merged: Mapping[tuple[str, str], str]) -> CommitVerdict:
    elsewhere = sorted({merged[w[:2]] for w in wrong if w[:2] in merged})
    wrong = [w for w in wrong if w[:2] not in merged]
    said = ["%s %s" % (plainly(path), "is not what was approved" if good else "is in no approved task") for path, _there, good in wrong[:5]]
    return {"tasks": sorted(tasks), "why": "; ".join(said), "paths": [path for path, _there, _good in wrong], "elsewhere": elsewhere}
