"""The closing proof (PROTOCOL 12): every difference between a run's start and its end is approved, the run's own, or accepted by the user."""

from __future__ import annotations

import os

from ..base import git_facts, project_facts
from ..protocol import view
from ..protocol.guards_result import plainly
from . import leftovers
from .run_start import run_path
from .ledger import Ledger, accepted, approved_elsewhere, drift_by_revision, finding, is_cached, own, own_in_a_commit
from .closer_look import look
from .commits import SHORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping
    from ..protocol.state_types import Actor
    from .hook_call import Call
    from .ledger_types import StartTable

MOST_COMMITS = 200_000
MOST_TOLD = 200  # findings that a record has in full; of those beyond it has the paths
MOST_NAMED = 20_000
OF_ITS_COMMIT = "not what the approved commit of its repository holds"


def prove(call: Call) -> tuple[list[Any], list[str], list[str]]:
    """Every difference between the start and now that is neither approved, nor the run's own, nor accepted: [finding]; paths whose
    approved content no commit holds; and sentences on what differs and holds nothing up (`leftovers`). Looks at history, index, working
    tree, modes, links, nested repositories."""
    del git_facts.FAILED[:]
    book, out = Ledger(call), []
    loose: list[str] = []
    notes: list[str] = []
    approved, top, start = book.approved(), book.top, book.start
    own = start.get("own_rules") is None
    listed = git_facts.listing(top, book.prefix, _rules_then(call, start), nested="repos" in start, own=own)
    unseen = call.state["result"]["unseen"]
    drift = {d["path"]: d for _n, task in view.tasks(call.state) for d in task["drift"]}

    kept: Any = start
    approved_paths = {book.shown(n) for n in approved}
    strange: dict[str, tuple[str, str]] = {}  # {finding: (path, digest)} of what no task of this run has

    def found(kind: str, path: str, was: str, now: str, **more: Any) -> None:
        known: Mapping[str, Any] = drift.get(path) or unseen.get(path) or {}
        out.append(dict(finding(kind, path, was, now, **more), **{k: known[k] for k in ("between", "at_work") if k in known}))
        if path not in approved_paths:
            strange[out[-1]["id"]] = path, now

    notes += _prove_files(book, approved, listed, found)
    here = book.in_repository()
    if here is not None:
        loose, told = _prove_git(call, here, here.approved(), found)
        notes += told
        if "repos" in start:
            hidden, folders = leftovers.hidden(top, kept, listed, is_cached)
            for kind, name, now in leftovers.differing(top, kept, listed, hidden):
                found(kind, name if name.startswith(".git/") else book.shown(name), "-", now)
            notes += leftovers.named(top, kept, start["branch"], folders | leftovers.new_caches(kept, listed.others, is_cached))
        if git_facts.FAILED:
            found("git does not answer, so nobody knows what else is there", ".git", "-", "; ".join(sorted(set(git_facts.FAILED)))[:60])
    for number, task in view.tasks(call.state):
        whole: Any = drift_by_revision(call, number, task) if task["state"] == "DONE" else None
        out += [whole] if whole else []
    open_ones = [f for f in out if not accepted(call.state, f)]
    merged, unknown = approved_elsewhere(call, sorted({strange[f["id"]] for f in open_ones if f["id"] in strange}))
    open_ones = [f for f in open_ones if strange.get(f["id"]) not in merged]
    return (
        open_ones,
        loose,
        notes + sorted({"%s: approved by %s" % (path, who) for (path, _d), who in merged.items()}) + [unknown][: bool(unknown)],
    )


def _prove_files(book: Ledger, approved: Mapping[str, tuple[str, int]], listed: git_facts.Listing, found: Callable[..., None]) -> list[str]:
    """Compare what lies on the disk with what was approved and with the start. Answers a sentence on what a sparse checkout leaves out since."""
    start, inner = book.start, _inner(book, approved)
    read = tuple(n + "/" for n, (digest, _number) in approved.items() if digest.startswith("commit:"))
    gone: list[str] = []

    def away(name: str, wanted: str, now: str) -> bool:
        if not book.left_out(name, wanted, now):
            return book.checked_out(name, wanted, now)
        gone.append(book.shown(name))
        return True

    kept: Any = start
    for name in sorted({*start["files"], *listed.tracked, *listed.others, *listed.inner, *approved, *inner}):
        path, was, new = book.shown(name), book.began(name), name not in start["files"]
        stamped = start["files"].get(name, ["-", None])
        # a nested repository is a folder: its stamp says nothing of its commit
        known = name not in approved and name not in inner and stamped[1] is not None and not was.startswith("commit:")
        if known and git_facts.stamp(book.path(name)) == stamped[1]:
            continue
        now = _present(book, name, was, known)
        if name in inner:
            if not inner[name](now):
                found(OF_ITS_COMMIT if name.startswith(read) else "nobody approved it", path, "", now)
        elif name in approved:
            digest, number = approved[name]
            if now != digest and not away(name, digest, now):
                found("changed since it was approved (task #%d)" % number, path, digest, now)
        elif own(path) or new and (is_cached(name) or leftovers.was_left_out(kept, book.path(name), name)):
            continue
        elif now != was:
            if not book.laid_out(name, now) and not away(name, was, now):
                found("nobody approved it", path, was, now)
        elif new and os.path.lexists(book.path(name)):
            found("nobody approved it, and it cannot be read", path, was, "unreadable")
    return ["Not laid out by the sparse checkout any more, and in the commit as it was: " + leftovers.few(gone)] if gone else []


def _present(book: Ledger, name: str, was: str, known: bool) -> str:
    """Digest of what is there. was, known: what it was at the start, and whether its stamp of then is another one now."""
    if not was.startswith("stat:"):
        return project_facts.entry_digest(book.path(name))
    s = git_facts.stamp(book.path(name))  # too large to be read at the start: whatever moved its stamp may have changed it
    return "stat:%d:%d%s" % (s[1], s[2], ", perhaps changed" if known else "") if s else git_facts.GONE


def _inner(book: Ledger, approved: Mapping[str, tuple[str, int]]) -> dict[str, Callable[[str], bool]]:
    """{name: whether a digest is its content} of files in nested repositories whose commit was approved, or that were laid out since at the commit
    that the start records: what that commit holds."""
    out: dict[str, Callable[[str], bool]] = {}

    def held_by(top: str, inside: str, entry: str, held: str) -> Callable[[str], bool]:
        return lambda now: book.holds(inside, now, entry, held, top)

    def as_before(was: str) -> Callable[[str], bool]:
        return lambda now: now in (was, git_facts.GONE)  # taken out by the commit, or never in one

    for repository, (digest, _number) in approved.items():
        if not digest.startswith("commit:") or digest == book.began(repository):
            continue
        out.update((n, as_before(book.began(n))) for n in book.start["files"] if n.startswith(repository + "/"))
        if book.left_out(repository, digest, project_facts.entry_digest(book.path(repository))):
            continue
        top = book.path(repository)
        tree = git_facts.tree(top, digest.partition(":")[2])
        held = git_facts.digests(top, tree.values())
        out.update((repository + "/" + n, held_by(top, n, entry, held[entry])) for n, entry in tree.items())

    def laid_out(name: str) -> Callable[[str], bool]:
        return lambda now: book.laid_out(name, now)

    out.update((n, laid_out(n)) for n in book.submodules.new_names() if n not in out and n not in approved)
    return out


def _rules_then(call: Call, start: StartTable) -> str:
    """A file with the ignore rules that no commit holds, the user's own and the repository's, as they were at the start. Later rules hide nothing
    from the look, also where the user has accepted them."""
    if start.get("rules") is None:
        return git_facts.user_ignores(start["top"])
    text = start["own_rules"] + "\n" + start["rules"] if start.get("own_rules") else start["rules"]
    path, rules = run_path(call, "user-ignores"), text.encode("utf-8", "surrogateescape")
    if call.store.disk.read(path) != rules:  # a teardown proves at every event
        call.store.disk.replace(path, rules)
    return path


def _prove_git(
    call: Call, book: Ledger, approved: Mapping[str, tuple[str, int]], found: Callable[..., None]
) -> tuple[list[str], list[str]]:
    """Compare history, index and ignore rules with what was approved. Answers the paths whose approved content no commit holds, and sentences
    on files of the run's own that a commit past the gate holds: nobody reviews them."""
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

    unread = set()
    for sha in odd:
        for name, entry in sorted(changed.get(sha, {}).items()):
            there = digest.get(entry, "missing")
            if own_in_a_commit(call.state, book.shown(name)):
                unread.add(book.shown(name))
            elif not fine(name, entry, there):
                was = approved[name][0] if name in approved else book.began(name)
                found("in the commit %s" % sha[:7], book.shown(name), was, there, commit=sha)
    loose = _not_committed(book, approved, tree, digest, found)
    for name, entry in sorted(staged.items()):
        there = digest.get(entry, "-")
        # What the index takes away of the run's own commit was not there at the start, and is not what was approved either.
        taken = name in approved and not book.holds(name, approved[name][0], entry, there)
        if entry != start["staged"].get(name) and (taken or not fine(name, entry, there)) and not (entry == "-" and name in loose):
            found("staged", book.shown(name), approved[name][0] if name in approved else book.began(name), there)
    notes = ["In commits past the gate, and read by nobody: " + ", ".join(sorted(unread))] if unread else []
    if start["prefix"] is None:  # the files were listed without git, so that no rule hides one
        return loose, notes + ["The run began without a git repository, and there is one now: its history is judged too"]
    rules = git_facts.ignore_rules(top)
    if rules != start["ignores"]:
        found("the rules by which git leaves files out were changed", ".git/info/exclude", start["ignores"], rules)
    return loose, notes


def _not_committed(
    book: Ledger, approved: Mapping[str, tuple[str, int]], tree: Mapping[str, str], digest: Mapping[str, str], found: Callable[..., None]
) -> list[str]:
    """The approved paths whose content no commit holds. tree: {name: entry} of HEAD; digest: {entry: digest}."""
    loose, begun = [], None
    repositories = tuple(n + "/" for n, (digest, _number) in approved.items() if digest.startswith("commit:"))
    for name, (want, number) in sorted(approved.items()):
        if repositories and name.startswith(repositories):
            continue  # what was read of a nested repository is in its own commit
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
    state, place = call.state["result"], run_path(call, "named")
    beyond = [f["id"] for f in open_ones[50:]]  # the state has no more than 50
    mark = leftovers.mark(loose + notes + beyond)
    told = call.store.disk.read(place)
    other = mark != told if loose or notes or beyond else told is not None
    if other or [f["id"] for f in open_ones[:50]] != [f["id"] for f in state["open"]]:
        rest = sorted({f["path"] for f in open_ones[MOST_TOLD:MOST_NAMED]})
        call.gate("RESULT_CHECKED", open=open_ones[:MOST_TOLD], rest=rest, count=len(open_ones), uncommitted=loose[:MOST_NAMED], left=notes)
    if other:
        call.store.disk.replace(place, mark)
    return open_ones


def before_the_end(call: Call) -> None:
    """Make the proof again before an event of a teardown is judged. Any of them may end the run, and its summary lists what is there."""
    if call.state["phase"] in ("TEARDOWN", "FAILED_SAFE") and call.kind.approves:
        check(call)


def accept(call: Call, words: list[str]) -> str:
    """`team accept PATH ...`: the user takes these differences as they are. Answers what is said. Raises Refusal."""
    look(call)
    open_ones = prove(call)[0]
    done, left = [], open_ones
    person: Actor = {"name": "user", "role": "person", "inc": 0, "agent_id": None}
    for word in words:
        rel = project_facts.relative(call.project, word, call.payload.get("cwd"))[0] or word
        commit = "commit " + (word if len(word) >= SHORT else "?")  # `team accept a` is about a file, not about every commit a...
        below = (word.rstrip("/") + "/", commit)
        mine = [f for f in open_ones if {f["path"], plainly(f["path"])} & {word, rel} or f["path"].startswith(below)]
        paths = sorted({f["path"] for f in mine})
        for path in paths or [word]:
            findings = [f for f in mine if f["path"] == path]
            left = [f for f in left if f not in findings]
            call.append(
                "CONTENT_ACCEPTED",
                actor=person,
                path=path,
                paths=[path],
                ids=[f["id"] for f in findings],
                commits=sorted({f["commit"] for f in findings if f.get("commit")}),
                findings=findings[:50],
                open=[] if findings else open_ones[:50],
                left=left[:50],
            )
            done.append(path)
    said = "team: accepted as it is, by your word: %s. It is a waiver, and the summary names it." % ", ".join(map(plainly, done))
    call.close()
    return said + (" Still unapproved: %s." % ", ".join(plainly(p) for p in sorted({f["path"] for f in left})[:20]) if left else "")
