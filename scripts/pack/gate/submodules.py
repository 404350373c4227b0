"""Submodules that git lays out or puts away in mid-run (`git submodule update --init`, `deinit`), each at the commit that the run's repository
records. Nothing of the project is another one by that: what lies there, or lay there, is what the recorded commit holds (PROTOCOL 12)."""

from __future__ import annotations

import os

from ..base import git_facts, project_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping
    from .ledger import Ledger

LINK = "160000 "  # the mode of a submodule's entry
DEEP = 8  # submodules in submodules


class Submodules:
    """What the commits of submodules hold, for one ledger; each tree is read when it is first asked for."""

    def __init__(self, book: Ledger) -> None:
        self.book = book
        self._trees: dict[tuple[str, str], Mapping[str, str]] = {}
        self._digests: dict[str, str] = {}  # of the entries of these trees
        self._begun: Mapping[str, str] | None = None
        self._recorded: Mapping[str, str] | None = None

    def laid_out(self, name: str, now: str) -> bool:
        """Whether what is there now is a submodule at the commit that the start records, or what that commit holds of a file in it. The submodule
        was not laid out at the start."""
        top, inside, entries, new = self.book.top, name, self._links_of_start(), False
        for _ in range(DEEP):
            if inside in entries:
                entry = entries[inside]
                new = new or entry.startswith(LINK)
                there = "commit:" + entry[len(LINK) :] if entry.startswith(LINK) else self._digests[entry]
                return new and self.book.holds(inside, now, entry, there, None if top == self.book.top else top)
            link = _above(inside, entries)
            if not link or not _is_at(os.path.join(top, link), entries[link]):
                return False
            new = new or self.book.began(name[: len(name) - len(inside)] + link) == git_facts.GONE
            top, inside, entries = os.path.join(top, link), inside[len(link) + 1 :], self._tree(os.path.join(top, link), entries[link])
        return False

    def new_names(self) -> list[str]:
        """The names that the commits of all submodules hold that were laid out since the start, as the start records them."""
        out: list[str] = []
        todo = [("", link, entry) for link, entry in self._links_of_start().items()]
        while todo:
            before, link, entry = todo.pop()
            name = before + link
            path = self.book.path(name)
            if name.count("/") > 200 or not _is_at(path, entry):
                continue
            within = self._tree(path, entry)
            if self.book.began(name) == git_facts.GONE:
                out += [name + "/" + n for n in within]
            todo += [(name + "/", n, e) for n, e in within.items() if e.startswith(LINK)]
        return out

    def put_away(self, name: str, wanted: str) -> bool:
        """Whether a name is a submodule, or lay in one, whose folder is empty now, and the commit that last commit and index record for it
        holds what was asked for. Git has that commit: what is of no commit is lost, and is not meant."""
        recorded = self._links_recorded()
        link = name if name in recorded else _above(name, recorded)
        if not link or not _empty(self.book.path(link)):
            return False
        entry = recorded[link]
        if name == link:
            return wanted == "commit:" + entry[len(LINK) :]
        home, inside = _home(self.book.top, self.book.top, link), name[len(link) + 1 :]
        for _ in range(DEEP):
            entries = self._tree(home, entry, *git_facts.IN_GIT) if home else {}
            if inside in entries:
                return git_facts.same(wanted, self._digests[entries[inside]], lambda: self.book.start.get("modes", True))
            link = _above(inside, entries)
            if not link:
                return False
            # What is written in the commit is read: the folder with its .gitmodules lies on no disk.
            home, inside, entry = _home(home, home, link, entries.get(".gitmodules")), inside[len(link) + 1 :], entries[link]
        return False

    def _tree(self, top: str, entry: str, *where: str) -> Mapping[str, str]:
        """What a submodule's commit holds, {} where one of its objects is not what its name says: whoever works here can write into that folder."""
        key = top, entry
        if key not in self._trees:
            commit = entry[len(LINK) :]
            whole = git_facts.is_whole(top, commit, *where)
            self._trees[key] = git_facts.tree(top, commit, *where) if whole else {}
            self._digests.update(git_facts.digests(top, self._trees[key].values(), *where))
        return self._trees[key]

    def _any(self) -> bool:
        """Whether git could lay one out here. It answers without git: most projects have none."""
        return self.book.prefix is not None and os.path.lexists(self.book.path(".gitmodules"))

    def _links_of_start(self) -> Mapping[str, str]:
        """{submodule: entry} that the start records: its index, else its commit."""
        if self._begun is None:
            entries = dict(self.book.first_tree(), **self.book.start["staged"]) if self._any() else {}
            self._begun = {n: e for n, e in entries.items() if e.startswith(LINK)}
        return self._begun

    def _links_recorded(self) -> Mapping[str, str]:
        """The same that last commit and index record now, both alike."""
        if self._recorded is None:
            head = project_facts.head(self.book.top) if self._any() else ""
            tree = git_facts.tree(self.book.top, head)
            staged = git_facts.staged(self.book.top, head) if head else {}
            self._recorded = {n: e for n, e in tree.items() if e.startswith(LINK) and n not in staged}
        return self._recorded


def _above(name: str, entries: Mapping[str, str]) -> str:
    """The submodule among these entries that a name lies in, "" where there is none."""
    at = name.find("/")
    while at > 0:
        if entries.get(name[:at], "").startswith(LINK):
            return name[:at]
        at = name.find("/", at + 1)
    return ""


def _is_at(path: str, entry: str) -> bool:
    return project_facts.entry_digest(path) == "commit:" + entry[len(LINK) :]


def _empty(path: str) -> bool:
    try:
        return not os.path.islink(path) and not os.listdir(path)
    except OSError:
        return False


def _home(top: str, repository: str, link: str, written: str | None = None) -> str:
    """Git's folder of a submodule that was put away, "" where there is none. repository: where the one above it answers; written: the entry of
    its .gitmodules, None for the file on disk."""
    source = ("-f", ".gitmodules") if written is None else ("--blob", written.split(" ")[1])
    where = git_facts.IN_GIT if written is not None else ()
    rows = git_facts.names_and_gaps(git_facts.run(repository, *where, "config", "-z", *source, "--get-regexp", r"^submodule\..*\.path$"))
    pairs = [row.partition("\n") for row in rows]
    key = next((key for key, _, path in pairs if path == link), "")
    common = top if written is not None else project_facts.git_folders(top)[1]
    home = os.path.join(common, "modules", key[len("submodule.") : -len(".path")]) if key else ""
    return home if os.path.isfile(os.path.join(home, "HEAD")) else ""
