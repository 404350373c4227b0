"""What a run may leave in a repository beside commits, index and files: other branches and tags, git's own settings, a merge that nobody
finished, folders that git leaves out by a rule of their own, repositories in repositories (PROTOCOL 12).

`begun` is kept with the start (gate/run_start.py). Of what differs at the end, some holds it up (`differing`), some is named (`named`).
"""

from __future__ import annotations

import os

from ..base import codec, filters, git_facts, project_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Iterable

MOST = 5000
OWN_NOTES = "refs/notes/team"  # where proofs of runs lie (report/attest.py)
CLOCK_NS = 50_000_000  # a file's stamp is this exact
UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG", "rebase-merge", "rebase-apply", "sequencer")
SETTINGS = ("config", "config.worktree", "info/attributes", "info/grafts", "shallow", "objects/info/alternates")


def begun(top: str, listed: git_facts.Listing) -> dict[str, Any]:
    """What is compared at the end. repos: nested repository -> whether git can be asked about it."""
    left_out = git_facts.ignored(top)
    return {
        "refs": _refs(top),
        "replaced": _refs(top, "refs/replace"),
        "remotes": _refs(top, "refs/remotes"),
        "closed": listed.closed,
        "git": _settings(top),
        "unfinished": _unfinished(top),
        "modes": git_facts.has_modes(top),
        "filters": filters.begun(top),
        "skipped": listed.skipped,
        "unmerged": listed.unmerged,
        "repos": {n: n not in listed.mute for n in listed.repos},
        "hiders": {n: project_facts.entry_digest(os.path.join(top, n)) for n in sorted(_hiders(left_out, listed))[:MOST]},
        "left_out": [n for n, _rule in left_out][:MOST],
        "own_git": _own_git(top, listed.tracked + listed.others, listed.repos),
    }


def differing(top: str, start: dict[str, Any], listed: git_facts.Listing, hidden: Iterable[str]) -> list[tuple[str, str, str]]:
    """[(what, path, what is there)] that nobody can have approved and that holds the end up. hidden: the files of `hidden`."""
    out = [
        ("git has begun something here that is not finished", ".git/" + name, "unfinished")
        for name in _unfinished(top)
        if name not in start["unfinished"]
    ]
    out += [("in conflict", name, "unmerged") for name in listed.unmerged if name not in start["unmerged"]]
    known = set(start["own_git"]) | {n + "/.git" for n in start["repos"]}
    out += [
        ("a repository of its own where none was", name, "there")
        for name in _own_git(top, listed.tracked + listed.others, listed.repos)
        if name not in known
    ]
    out += [("git cannot be asked about this repository any more", name, "mute") for name in listed.mute if start["repos"].get(name)]
    out += [("git cannot look into it", name, "closed") for name in listed.closed if name not in start.get("closed", ())]
    for ref, now in sorted(_refs(top, "refs/replace").items()):
        if start.get("replaced", {}).get(ref) != now:
            out.append(("git shows another object in the place of this one", ".git/" + ref, now))
    out += _other_rules(top, start, listed)
    for name in hidden:
        out.append(("git leaves it out by a rule that came with it", name, project_facts.entry_digest(os.path.join(top, name))))
    return out


def _other_rules(top: str, start: dict[str, Any], listed: git_facts.Listing) -> list[tuple[str, str, str]]:
    """Of the `.gitignore` files that git leaves out themselves those that say something else than at the start, beside files that git sees."""
    known = start["hiders"] if isinstance(start["hiders"], dict) else {}  # earlier versions kept their names only
    lived_in = _folders(listed.tracked + listed.others) | {""}
    out = []
    for name, was in known.items():
        now = project_facts.entry_digest(os.path.join(top, name))
        if now != was and name.rpartition("/")[0] in lived_in:
            out.append(("the rules by which git leaves files out were changed", name, now))
    return out


def named(top: str, start: dict[str, Any], branch: str, caches: Collection[str]) -> list[str]:
    """Sentences on what differs and holds nothing up. branch: on which the run began, "" for none; caches: new folders and files that are
    taken for such (`hidden`, `new_caches`)."""
    out = []
    now = git_facts.text(top, "symbolic-ref", "--short", "-q", "HEAD")
    if now != branch:
        behind = branch and git_facts.text(top, "rev-parse", "-q", "--verify", "refs/heads/" + branch)
        head = git_facts.text(top, "rev-parse", "-q", "--verify", "HEAD")
        what = ": %s does not have the run's commits" % branch if behind and not git_facts.is_ancestor(top, head, behind) else ""
        out.append("The run began on %s and ended on %s%s" % (branch or "a detached HEAD", now or "a detached HEAD", what))
    refs = _refs(top)
    mine = {"refs/heads/" + b for b in (now, branch) if b} | {OWN_NOTES}
    if "replaced" not in start:  # the start was recorded by a version that did not look at notes
        mine.update(r for r in refs if r.startswith("refs/notes/"))
    changed = ["%s (%s)" % (r, _how(start["refs"].get(r), refs.get(r))) for r in sorted(set(refs) | set(start["refs"])) if r not in mine]
    changed = [c for c in changed if not c.endswith("(same)")]
    if changed:
        out.append("Other references that are not what they were: " + few(changed))
    pushed = _pushed(top, start)
    if pushed:
        out.append("Pushed while the run went on: " + few(pushed))
    was, settings = start["git"], _settings(top)
    files = [n for n in sorted(set(was) | set(settings)) if was.get(n) != settings.get(n)]
    if files:
        out.append("Git's own settings that are not what they were: " + few([".git/" + n for n in files]))
    if caches:
        out.append("New, and looked over as caches are: " + few(sorted(caches)))
    return out


def was_left_out(start: dict[str, Any], path: str, name: str) -> bool:
    """Whether a name that git sees now, and the record of the start has not, was there all the same, left out by a rule."""
    parts = name.split("/")
    known = start.get("known_left_out")
    if known is None:
        known = start["known_left_out"] = set(start.get("left_out") or ())
    if name not in known and not any("/".join(parts[:n]) + "/" in known for n in range(1, len(parts))):
        return False
    try:
        return os.lstat(path).st_ctime_ns < int(start.get("taken", 0)) - CLOCK_NS
    except OSError:
        return False


def few(words: list[str]) -> str:
    return ", ".join(words[:12]) + (" and %d more" % (len(words) - 12) if len(words) > 12 else "")


def _how(was: str | None, now: str | None) -> str:
    return "same" if was == now else "new" if was is None else "gone" if now is None else "%s -> %s" % (was[:7], now[:7])


def _refs(top: str, *below: str) -> dict[str, str]:
    """{reference: object} below these names; without one of branches, tags, notes and the stash. One that stands for another is left out."""
    below = below or ("refs/heads", "refs/tags", "refs/notes", "refs/stash")
    rows = git_facts.text(top, "for-each-ref", "--format=%(refname) %(objectname) %(symref)", *below).split("\n")
    return {name: sha for name, sha, other in (r.split(" ") for r in rows[:MOST] if r) if not other}


def _pushed(top: str, start: dict[str, Any]) -> list[str]:
    """The references of remotes that a push from here has moved, as git's own log of them says. What a fetch brings is no news of the run."""
    known = start.get("remotes")
    if known is None:
        return []
    moved = [r for r, sha in sorted(_refs(top, "refs/remotes").items()) if known.get(r) != sha]
    return [r for r in moved[:50] if git_facts.text(top, "reflog", "-1", "--format=%gs", r) == "update by push"]


def _places(top: str) -> tuple[str, str]:
    """(git's folder of this checkout, of the whole repository), "" where there is none."""
    try:
        return project_facts.git_folders(top)
    except (OSError, IndexError):
        return "", ""


def _unfinished(top: str) -> list[str]:
    own = _places(top)[0]
    return [n for n in UNFINISHED if own and os.path.lexists(os.path.join(own, n))]


def _settings(top: str) -> dict[str, str]:
    """{file in git's folder: digest} of what makes git behave otherwise here, hooks too."""
    home = _places(top)[1]
    if not home:
        return {}
    hooks = os.path.join(home, "hooks")
    files = list(SETTINGS)
    files += ["hooks/" + n for n in sorted(os.listdir(hooks)) if not n.endswith(".sample")] if os.path.isdir(hooks) else []
    found = {n: project_facts.entry_digest(os.path.join(home, n)) for n in files}
    return {n: d for n, d in found.items() if d != git_facts.GONE}


def _own_git(top: str, names: Iterable[str], repos: Collection[str]) -> list[str]:
    """What is called `.git` in the folders of these names: git sees nothing in it, and behaves otherwise around it."""
    return sorted(f + "/.git" for f in _folders(names) - set(repos) if os.path.lexists(os.path.join(top, f, ".git")))


def _folders(names: Iterable[str]) -> set[str]:
    """The folders of these names, with those that hold them, but the top."""
    seen = {n.rpartition("/")[0] for n in names} - {""}
    for folder in list(seen):
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            seen.add(folder)
    return seen


def _hiders(left_out: Iterable[tuple[str, str]], listed: git_facts.Listing) -> set[str]:
    """The `.gitignore` files by which something is left out and that git leaves out themselves: nobody reviews them."""
    seen = set(listed.tracked) | set(listed.others)
    return {rule for _name, rule in left_out if rule.rpartition("/")[2] == ".gitignore" and rule not in seen}


def hidden(top: str, start: dict[str, Any], listed: git_facts.Listing, cached: Callable[[str], bool]) -> tuple[list[str], set[str]]:
    """(files that such a rule hides beside files that git sees, new folders that are hidden whole by a rule of their own)."""
    left_out = [(n, rule) for n, rule in git_facts.ignored(top) if rule and not cached(n)]
    hiders = _hiders(left_out, listed) - set(start["hiders"])
    folders = {rule.rpartition("/")[0] for rule in hiders}
    lived_in = _folders(listed.tracked + listed.others)
    whole = {f for f in folders if f and f not in lived_in}
    names: set[str] = set()
    for name, rule in left_out:
        if rule in hiders and rule.rpartition("/")[0] not in whole:  # of a folder that a rule names git says no more
            below = project_facts.expand(top, name, repositories=False) if name.endswith("/") else [name]
            names.update(n for n in below if not cached(n) or not name.endswith("/"))
    return sorted(names), {f + "/" for f in whole}


def new_caches(start: dict[str, Any], others: Iterable[str], cached: Callable[[str], bool]) -> set[str]:
    """Folders and files that are taken for a cache, are not left out by git and were not there at the start."""
    out = set()
    for name in others:
        if cached(name) and name not in start["files"]:
            parts = name.split("/")
            cut = next((n for n in range(1, len(parts)) if cached("/".join(parts[:n]) + "/")), None)
            out.add("/".join(parts[:cut]) + "/" if cut else name)
    return out


def mark(lines: Iterable[str]) -> bytes:
    """A list of sentences as what is kept of it, to see whether it is another one."""
    return codec.digest(*lines).encode("ascii")
