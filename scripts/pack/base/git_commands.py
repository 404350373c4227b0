"""Which git commands move the tree that everybody shares, or make commits, whatever they are called: aliases are resolved.

Only commands on the run's own repository count: `git -C elsewhere` and a folder with a repository of its own are somebody else's.
"""

from __future__ import annotations

import os

from . import git_facts, shell_reading

KNOWN = frozenset(
    "add am annotate apply archive bisect blame branch bundle cat-file check-attr check-ignore checkout checkout-index cherry cherry-pick "
    "clean clone column commit commit-graph commit-tree config count-objects describe diff diff-files diff-index diff-tree difftool "
    "fast-export fast-import fetch filter-branch for-each-ref format-patch fsck gc grep gui hash-object help init interpret-trailers log "
    "ls-files ls-remote ls-tree maintenance merge merge-base merge-file merge-index merge-tree mergetool mktag mktree mv name-rev notes "
    "pack-refs prune pull push range-diff read-tree rebase reflog remote repack replace replay request-pull rerere reset restore rev-list "
    "rev-parse revert rm send-email shortlog show show-branch show-ref sparse-checkout stage stash status submodule switch symbolic-ref "
    "tag unpack-objects update-index update-ref var verify-commit verify-pack verify-tag version whatchanged worktree write-tree".split()
)
NEXT = "commit the files of your approved task with `git commit`; another branch, a merge or a rebase is the user's, after the run"
ELSEWHERE = "another state is looked at with `git show REVISION:FILE`, or in a copy: `git clone . /tmp/NAME`; worktrees are the user's, after the run"


def commands(text: str, cwd: str) -> list[tuple[str, list[str], str, list[str]]]:
    """[(verb, arguments, folder, Command)] of the git commands of a shell text, in order."""
    out, folder = [], cwd
    for command in shell_reading.parse(text):
        words = shell_reading.bare(command.words)
        if words[:1] in (["cd"], ["pushd"]) and len(words) > 1 and "\0" not in words[1]:
            folder = os.path.join(folder, os.path.expanduser(words[1]))
        if not words or os.path.basename(words[0]) not in ("git", "git.exe"):
            continue
        repository = folder
        for n, w in enumerate(words[:-1]):
            if w == "-C" and n < words.index(shell_reading.git_verb(words[1:])[0] or words[-1]) + 1:
                repository = os.path.join(repository, os.path.expanduser(words[n + 1]))
        verb, rest = shell_reading.git_verb(words[1:])
        out.append((verb, rest, repository, words))
    return out


def _alias(verb: str, words: list[str], folder: str) -> str | None:
    """What an alias stands for, None where it is none: given with -c, or configured."""
    alias = None
    for n, w in enumerate(words[:-1]):
        if w == "-c" and words[n + 1].lower().startswith("alias.%s=" % verb.lower()):
            alias = words[n + 1].partition("=")[2]
        elif w.lower().startswith("-calias.%s=" % verb.lower()):
            alias = w.partition("=")[2]
    return alias if alias is not None else git_facts.text(folder, "config", "--get", "alias." + verb) or None


def plain(text: str, cwd: str, depth: int = 0) -> str:
    """The text with what its git aliases stand for behind it: whoever reads it sees the commands that git would run."""
    if "git" not in text or depth > 4:
        return text
    try:
        found = [c for c in commands(text, cwd) if c[0] and c[0] not in KNOWN and "\0" not in c[0]]
    except (shell_reading.ShellError, RecursionError):
        return text
    more = []
    for verb, rest, folder, words in found:
        stands_for = _alias(verb, words, folder)
        if stands_for is None:
            continue
        tail = " ".join(_quote(w) for w in rest)
        if stands_for.startswith("!"):
            more.append("%s %s" % (stands_for[1:], tail))
        else:
            more.append("git -C %s %s %s" % (_quote(folder), stands_for, tail))
    return text if not more else text + "\n" + plain("\n".join(more), cwd, depth + 1)


def _quote(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _long(rest: list[str], *names: str) -> bool:
    """Whether one of these long options is given, also cut short as git takes it (`--am` for `--amend`)."""
    return any(w.startswith("--") and len(w) > 2 and any(n.startswith(w.partition("=")[0]) for n in names) for w in rest)


def _letters(rest: list[str]) -> str:
    return "".join(w[1:] for w in rest if w.startswith("-") and not w.startswith("--"))


def moves(verb: str, rest: list[str], folder: str) -> str | None:  # noqa: C901 - one branch for each verb of git
    """What a git command would do to the tree or the branch that everybody stands on; None when it leaves them."""
    operands = shell_reading.operands_of(rest[: rest.index("--")] if "--" in rest else rest)
    if verb == "bisect" and rest[:1] in (["log"], ["view"], ["visualize"], ["terms"], ["help"]):
        return None
    if {"--help", "--show-current-patch"} & set(rest) or _only_said(verb, rest):
        return None
    if verb in (
        "switch",
        "pull",
        "rebase",
        "cherry-pick",
        "bisect",
        "filter-branch",
        "replay",
        "replace",
        "sparse-checkout",
        "fast-import",
    ):
        return None if verb == "replace" and (not rest or "-l" in rest) else "moves HEAD and the files of everybody"
    if verb == "checkout":
        if any(w in ("-b", "-B", "--orphan", "--detach", "-d", "--track", "-t", "-") for w in rest):
            return "moves HEAD under everybody"
        if operands and "--" not in rest and not _long(rest, "--pathspec-from-file"):
            first = operands[0]
            if not _is_path(first, folder) or len(operands) == 1 and _is_branch(first, folder):
                return "moves HEAD under everybody"
        return None
    if verb == "reset":
        if _long(rest, "--keep", "--merge", "--hard"):
            return "takes the files of everybody along"
        first = operands[0] if operands else "HEAD"
        if first not in ("HEAD", "@") and not _is_path(first, folder):
            return "moves the branch under everybody"
        return None
    if verb == "read-tree":
        return "replaces the index, or the files, of everybody" if rest else None
    if verb == "fetch":
        return "moves the branch under everybody" if _long(rest, "--update-head-ok") or "u" in _letters(rest) else None
    if verb == "checkout-index":
        return "writes over files of everybody"
    if verb == "branch":
        return "moves a branch" if _long(rest, "--force", "--move", "--copy") or set(_letters(rest)) & set("fmMC") else None
    if verb == "update-ref":
        return "moves a branch past every check"
    if verb == "update-index" and _long(rest, "--assume-unchanged", "--skip-worktree"):
        return "hides changes of everybody from git"
    if verb == "config":
        return "has git run a command whenever anybody calls it, the gate too" if _runs(rest) else _elsewhere(rest)
    if verb == "symbolic-ref":
        return "moves HEAD past every check" if len(operands) > 1 or "-d" in rest or "--delete" in rest else None
    if verb == "stash":
        return None if rest[:1] in (["list"], ["show"]) else "takes the work of everybody out of the tree"
    if verb == "worktree":
        return None if rest[:1] in ([], ["list"]) else "makes or moves another tree of the same repository"
    if verb == "submodule":
        return None if rest[:1] in ([], ["status"], ["summary"]) or _looks_into_each(rest) else "moves a nested repository"
    return None


def _only_said(verb: str, rest: list[str]) -> bool:
    """Whether a command that moves otherwise only says what it would do, or what is."""
    dry = "--dry-run" in rest
    return (
        verb == "pull"
        and dry
        or verb == "read-tree"
        and (dry or "-n" in rest)
        or verb == "worktree"
        and rest[:1] == ["prune"]
        and (dry or "-n" in rest)
        or verb == "sparse-checkout"
        and rest[:1] == ["list"]
        or verb == "stash"
        and rest[:1] == ["create"]
    )


def _looks_into_each(rest: list[str]) -> bool:
    """`git submodule foreach`: whether what is run in each nested repository is git that only looks."""
    words = [w for w in rest if w not in ("--quiet", "-q", "--recursive")]
    if words[:1] != ["foreach"] or any(c in " ".join(words) for c in ">;&|`$("):
        return False
    words = " ".join(words[1:]).split()
    return words[:1] == ["git"] and shell_reading.git_verb(words[1:])[0] in (
        "log show diff status rev-parse branch ls-files grep describe blame remote".split()
    )


def _elsewhere(rest: list[str]) -> str | None:
    """What a `git config` does that has git look at other files than everybody's."""
    words = shell_reading.operands_of(rest, "")
    words = words[1:] if words[:1] == ["set"] else words
    sets = len(words) > 1 and words[0].lower() in ("core.worktree", "core.bare") and words[1].lower() != "false"
    return "has git look at other files than the ones that everybody works on" if sets and "--get" not in rest else None


def _runs(rest: list[str]) -> bool:
    """Whether a `git config` sets what git runs as a command of its own accord, in every clone of this repository's users."""
    if "--global" in rest or "--system" in rest or any(w.startswith(("--get", "--unset", "--list", "-l")) for w in rest):
        return False
    words = shell_reading.operands_of(rest, "")
    words = words[1:] if words[:1] == ["set"] else words
    if len(words) < 2:
        return False
    key, value = words[0].lower(), words[1]
    if key in ("core.fsmonitor", "core.hookspath"):
        return value.lower() not in ("true", "false", "0", "1") and os.path.isabs(os.path.expanduser(value)) or " " in value
    return (
        key.startswith("filter.") and key.endswith((".clean", ".smudge", ".process")) or key.startswith("alias.") and value.startswith("!")
    )


def _is_path(name: str, folder: str) -> bool:
    """Whether git takes an operand for a path: there is such a file, or it holds one of that name that was removed, and no revision is called so."""
    if os.path.lexists(os.path.join(folder, name)):
        return True
    held = git_facts.run(folder, "ls-files", "--error-unmatch", "--", name) is not None
    return held and git_facts.run(folder, "rev-parse", "-q", "--verify", name) is None


def _is_branch(name: str, folder: str) -> bool:
    return git_facts.run(folder, "show-ref", "--verify", "-q", "refs/heads/" + name) is not None


def amends(rest: list[str]) -> bool:
    """Whether a `git commit` replaces the last commit."""
    return _long(rest, "--amend")


def inside(project_top: str, folder: str) -> bool:
    """Whether a folder belongs to the run's own repository: the next `.git` above it is the one of that top."""
    folder = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(folder, ".git")) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder == os.path.realpath(project_top)
