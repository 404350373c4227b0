"""Facts about the project that events carry: digests of files, what a commit takes, what `git` says. All the I/O that
decisions need besides the journal."""

from __future__ import annotations

import os
import stat

from . import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable
    from ..protocol.state_types import Task
    from .protocols import Commit, Env

PROFILE = ".project-profile.yml"  # what profile.py keeps of a code base for the next run

SKIP = {".git", "node_modules", ".venv", "__pycache__", ".claude", ".pytest_cache", ".mypy_cache", ".team-scratch"}
MOST_FILES = 20000
LITERAL = ("--literal-pathspecs",)  # `src/[id].tsx` and `:x` are names, no patterns
NOT_IN_FILES = "ref: refs/heads/.invalid"  # what HEAD says where git keeps references in another way (reftable)


def relative(project: str, path: str, cwd: str | None = None, follow: bool = True) -> tuple[str | None, str]:
    """Any path -> (path relative to the project's root with `/`, or None outside it; the resolved absolute path).

    follow: whether a link at the end of the path stands for what it points to, or for itself."""
    full = os.path.join(cwd or project, os.path.expanduser(path))
    full = (
        os.path.realpath(full)
        if follow or os.path.basename(full) in ("", ".", "..")
        else os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
    )
    root = os.path.realpath(project)
    if full == root:
        return ".", full
    for base, whole in ((root, full), (root.casefold(), full.casefold())):  # case-blind disks
        if whole.startswith(base + os.sep):
            return full[len(root) + 1 :].replace(os.sep, "/"), full
    return None, full


def in_repository(project: str, full: str) -> str | None:
    """A resolved path outside the project that is in its repository, relative to the project (`../shared/core.py`), else None. The guarded
    area is the whole repository, also for a client that was started in a sub-folder."""
    root = folder = os.path.realpath(project)
    while not os.path.lexists(os.path.join(folder, ".git")):
        up = os.path.dirname(folder)
        if up == folder:
            return None
        folder = up
    inside = folder != root and full.startswith(folder.rstrip(os.sep) + os.sep)
    return os.path.relpath(full, root).replace(os.sep, "/") if inside else None


def nested(project: str, path: str) -> str | None:
    """The outermost repository inside the project that a path relative to it is, or lies in; None for a path of the project's own."""
    parts = path.rstrip("/").split("/")
    return next(
        (n for n in ("/".join(parts[: i + 1]) for i in range(len(parts))) if os.path.lexists(os.path.join(project, n, ".git"))), None
    )


def as_git_takes(project: str, names: Iterable[str]) -> list[str]:
    """Names as the project's own git takes them: what lies in a nested repository is that repository, and what lies behind a linked folder is a file
    of the folder that it leads to."""
    return sorted({nested(project, n) or relative(project, n, follow=False)[0] or n for n in names})


def file_digest(path: str) -> str:
    """Digest of a file's bytes, `-` when there is none; for a symlink `link:`, its target and what that holds: who reviews the
    file reads that. What is no regular file (a pipe) is not opened."""
    try:
        link = "link:%s:" % os.readlink(path) if os.path.islink(path) else ""
        if not os.path.isfile(path):
            return link + "-"
        with open(path, "rb") as f:
            h = codec.blake2b(digest_size=16)
            while True:
                block = f.read(1 << 20)
                if not block:
                    return link + h.hexdigest()
                h.update(block)
    except OSError:
        return "-"


def entry_digest(path: str) -> str:
    """A name as git would take it: `file_digest` with `x:` in front of what is executable, `link:TARGET`, a NUL and what that holds for a
    link, `commit:ID` for a nested repository, `-` for nothing."""
    try:
        if os.path.islink(path):
            return "link:%s\0%s" % (os.readlink(path), file_digest(os.path.realpath(path)))
        if os.path.isdir(path):
            return "commit:" + head(path) if os.path.lexists(os.path.join(path, ".git")) else "-"
        if os.path.isfile(path) and os.lstat(path).st_mode & 0o100:
            return "x:" + file_digest(path)
    except OSError:
        return "-"
    return file_digest(path)


def _near(folder: str, name: str) -> str:
    """The file of a folder that was probably meant: "Did you mean plan.md? ", or ""."""
    import difflib

    try:
        found = {n.lower(): n for n in sorted(os.listdir(folder))}
    except OSError:
        return ""
    close = difflib.get_close_matches(name.lower(), found, 1, 0.66)
    return "Did you mean %s? " % found[close[0]] if close else _above(folder, name)


def _above(folder: str, name: str) -> str:
    """The same of a file that lies above, in the repository whose folder the client was started in."""
    here = folder
    while not os.path.lexists(os.path.join(here, ".git")) and os.path.dirname(here) != here:
        here = os.path.dirname(here)
        if os.path.isfile(os.path.join(here, name)):
            return "Did you mean %s? " % os.path.relpath(os.path.join(here, name), folder)
    return ""


def _if_not(absent: str) -> str:
    return "If not: " + absent[0].lower() + absent[1:] if absent else ""


def check_input(what: str, name: str, path: str, absent: str) -> None:
    """A file that the user names as input. ValueError, with the way out, unless it is one that can be read and says something.

    what, name: as the message calls it (`the plan`, `plan.md`); absent: what to do when it is not there."""
    if not os.path.exists(path):
        where = os.path.normpath(os.path.dirname(path) or ".")
        near = _near(where, os.path.basename(path))
        raise ValueError("%s %s does not exist (looked in %s). %s" % (what, name, where, near + _if_not(absent) if near else absent))
    if os.path.isdir(path):
        raise ValueError("%s %s is a folder. Name a file in it." % (what, name))
    if not os.path.isfile(path):  # a pipe would be waited for
        raise ValueError("%s %s is no ordinary file." % (what, name))
    try:
        with open(path, "rb") as f:
            head = f.read(65536)
    except OSError as error:
        raise ValueError("%s %s cannot be read (%s)." % (what, name, error.strerror)) from None
    if not head.strip():
        raise ValueError("%s %s is empty. Say in it what to build." % (what, name))
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:4096]:  # half of the agents' tools would see blanks between the letters
        kind = "UTF-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") or 3 * head.count(0) > len(head) else "no text (it holds NUL bytes)"
        raise ValueError("%s %s is %s. Save it as UTF-8." % (what, name, kind))


def left_by_an_editor(name: str) -> bool:
    """Whether a file's own name is one that editors and desktops leave beside a file while it is open, or for good: nothing loads it."""
    return (
        name.endswith("~")
        or name[:1] == "#" == name[-1:]
        or name[:2] == ".#"
        or name[:1] == "."
        and name.endswith((".swp", ".swo", ".swn", ".swx"))
        or name in (".DS_Store", "Thumbs.db")
    )


def expand(project: str, declared: str, repositories: bool = True) -> list[str]:
    """A declared file or folder -> the files it stands for now, relative to the project. repositories: a nested one is one of them."""
    full = os.path.join(project, declared)
    if not declared.endswith("/") and not os.path.isdir(full):
        return [declared]
    if repositories and declared.rstrip("/") not in ("", ".") and os.path.lexists(os.path.join(full, ".git")):
        return [declared.rstrip("/")]  # a nested repository: git keeps its commit, and that is the content
    out = []
    for folder, folders, files in os.walk(full):
        folders[:] = sorted(f for f in folders if f not in SKIP)
        whole = [f for f in folders if os.path.islink(os.path.join(folder, f)) or os.path.lexists(os.path.join(folder, f, ".git"))]
        if whole:  # a link, a nested repository: one entry each
            folders[:] = [f for f in folders if f not in whole]
            files = files + whole
        out += [
            os.path.relpath(os.path.join(folder, f), project).replace(os.sep, "/")
            for f in sorted(files)
            if f != ".git" and not left_by_an_editor(f)
        ]
        if len(out) > MOST_FILES:
            break
    return out


def revision(project: str, task: Task) -> tuple[str, int]:
    """(revision, files present) of a task: a digest of the contents of its declared files and those it was seen to write.

    128 bits: of 48, as runs of 0.1.0 and early 0.2.0 wrote it, anybody finds two contents with one revision in an afternoon. A task that such a
    run has already asked to review keeps the short form to its end."""
    names = sorted({f for declared in list(task["files"]) + task["touched"] for f in expand(project, declared)})
    digests = [(n, entry_digest(os.path.join(project, n))) for n in names]
    parts = [p for pair in digests for p in pair]
    known = [task["revision"], *task["requests"].values(), *(v["revision"] for v in task["approvals"].values())]
    size = 6 if any(r and len(r) == 12 for r in known) else 16
    return codec.digest(*parts, size=size), sum(1 for _n, d in digests if d != "-" and not d.endswith("\0-"))


def taken_away(project: str, task: Task) -> list[str]:
    """Files of a task that the last commit has and the disk has not, relative to the project's root."""
    names = sorted(set(task["files"]) | set(task["touched"]))
    kept = git(project, *LITERAL, "ls-tree", "-r", "--name-only", "-z", "HEAD", "--", *names) if names else None
    return [n for n in (kept or "").split("\0") if n and not os.path.lexists(os.path.join(project, n))]


def contents(project: str, task: Task) -> dict[str, str]:
    """{name: digest} of what `revision` digests: what is there; and what was touched and is not, `-`."""
    names = sorted({f for declared in list(task["files"]) + task["touched"] for f in expand(project, declared)})
    return {n: entry_digest(os.path.join(project, n)) for n in names}


# What the user's settings would put into the output of `log` and `show`, whatever format they are given: the verdict on a signature,
# another encoding.
AS_ASKED = ("-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=UTF-8")


def git(project: str, *args: str, env: Env | None = None, timeout: int = 20) -> str | None:
    """Output of a git command as text, None when it fails."""
    import subprocess

    if "\0" in project or any("\0" in one for one in args):
        return None  # a part of a command that only the shell knows (shell_reading)
    try:
        done = subprocess.run(
            ("git", "-C", project, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.devnull) + AS_ASKED + args,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            env=dict(os.environ, **(env or {})),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def tree(project: str, declared: Iterable[str]) -> str:
    """Digest of the project's content: what git tracks (as it is on disk now) and the tasks' files, whether committed or
    not; a commit of the same content does not change it. Without git: every file outside the usual caches."""
    written = tree_id(project, declared)
    if written:
        return written[:16]
    names = expand(project, "./")
    return codec.digest(*[p for n in names for p in (n, file_digest(os.path.join(project, n)))], size=8)


def tree_id(project: str, declared: Iterable[str]) -> str | None:
    """git's id of the tree that `tree` digests, its objects written; None without git. Of a file that git was told to overlook
    (`skip-worktree`, `assume-unchanged`) it holds what git has of it: that is what a commit takes."""
    from . import scratch

    index = git(project, "rev-parse", "--git-path", "index")
    if index is None:
        return None
    source = os.path.join(project, index.strip())
    with scratch.Scratch("index") as temp:
        copy = os.path.join(temp, "index")
        if os.path.exists(source):
            import shutil

            shutil.copyfile(source, copy)
            # git compares a file's content, and not only its stamp, when it is as new as the index: the copy must not look newer.
            os.utime(copy, ns=(os.stat(source).st_atime_ns, os.stat(source).st_mtime_ns))
        env = {"GIT_INDEX_FILE": copy, "GIT_OPTIONAL_LOCKS": "0"}
        names = as_git_takes(project, (n for d in declared for n in expand(project, d) if os.path.lexists(os.path.join(project, n))))
        outside = _outside_too(project)
        ok = git(project, "add", *outside, "-u", env=env) is not None
        if ok and names:
            unseen = set(overlooked(project))
            names = [n for n in names if n not in unseen]
        if ok and names:
            ok = git(project, *LITERAL, "add", *outside, "-f", "--", *names, env=env) is not None
        written = git(project, "write-tree", env=env) if ok else None
    return written.strip() if written else None


def overlooked(project: str) -> list[str]:
    """Tracked files that git was told to overlook (`skip-worktree`, `assume-unchanged`), relative to the project."""
    return [r[2:] for r in (git(project, "ls-files", "-v", "-z") or "").split("\0") if r[:1] in ("S", "s", "h")]


def as_on_disk(project: str, seen: str) -> str:
    """`tree`'s answer, and with it what is on disk of the files that git overlooks: tests that ran in place have seen that."""
    names = overlooked(project)
    return codec.digest(seen, *[p for n in names for p in (n, entry_digest(os.path.join(project, n)))], size=8) if names else seen


def _outside_too(project: str) -> tuple[str, ...]:
    """What has git take files that a sparse checkout leaves out."""
    return ("--sparse",) if (git(project, "config", "--type=bool", "core.sparseCheckout") or "").strip() == "true" else ()


def task_tree(project: str, declared: Iterable[str]) -> str | None:
    """git's id of a tree of HEAD with these files as they are on disk, and nothing else that is there; None without git or a commit."""
    from . import scratch

    with scratch.Scratch("index") as temp:
        env = {"GIT_INDEX_FILE": os.path.join(temp, "index"), "GIT_OPTIONAL_LOCKS": "0"}
        if git(project, "read-tree", "HEAD", env=env) is None:
            return None
        names = as_git_takes(project, (n for d in declared for n in expand(project, d)))
        there = [n for n in names if os.path.lexists(os.path.join(project, n))]
        gone = [n for n in names if n not in there]
        outside = _outside_too(project)
        ok = not there or git(project, *LITERAL, "add", *outside, "-f", "--", *there, env=env) is not None
        taken = (*LITERAL, "rm", *outside, "-q", "-r", "--cached", "--ignore-unmatch", "--", *gone)
        ok = ok and (not gone or git(project, *taken, env=env) is not None)
        written = git(project, "write-tree", env=env) if ok else None
    return written.strip() if written else None


# Names of branches and folders are bytes: in a repository of ISO-8859-1 one that is no UTF-8 stands in `packed-refs` of every clone.
NAMES: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape"}


def head(project: str) -> str:
    """The commit that HEAD names, read without starting git where it lies in files; "" when there is none. The project may be a folder of a
    larger repository."""
    try:
        _top, base, common = _checkout(project)
        with open(os.path.join(base, "HEAD"), **NAMES) as f:
            text: str = f.read().strip()
        if text == NOT_IN_FILES:
            return (git(project, "rev-parse", "-q", "--verify", "HEAD") or "").strip()
        for _ in range(5):  # a branch may stand for another one (`git symbolic-ref refs/heads/master refs/heads/main`)
            if not text.startswith("ref: "):
                break
            text = _reference(common, text[5:].strip())
        return text
    except (OSError, IndexError):
        return ""


def _reference(common: str, ref: str) -> str:
    """What a reference holds, "" where there is none. common: git's folder of the whole repository."""
    if os.path.isfile(os.path.join(common, ref)):
        with open(os.path.join(common, ref), **NAMES) as f:
            held: str = f.read().strip()
            return held
    with open(os.path.join(common, "packed-refs"), **NAMES) as f:
        return next((line.split()[0] for line in f if line.strip().endswith(" " + ref)), "")


def _checkout(folder: str) -> tuple[str, str, str]:
    """(top, git's folder of this checkout, git's folder of the whole repository) of the checkout that a folder lies in, without starting
    git. Raises OSError or IndexError where there is none."""
    base = os.path.join(folder, ".git")
    while not os.path.lexists(base) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
        base = os.path.join(folder, ".git")
    if os.path.isfile(base):  # a worktree: `gitdir: PATH`
        with open(base, **NAMES) as f:
            base = os.path.join(folder, f.read().split(":", 1)[1].strip())
    common = base
    if os.path.isfile(os.path.join(base, "commondir")):
        with open(os.path.join(base, "commondir"), **NAMES) as f:
            common = os.path.join(base, f.read().strip())
    return folder, base, common


def git_folders(folder: str) -> tuple[str, str]:
    """The last two of `_checkout`."""
    return _checkout(folder)[1:]


def other_worktree(project: str, cwd: str) -> str | None:
    """The top of the checkout that `cwd` lies in, when that is another one of the project's own repository; else None."""
    try:
        ours, theirs = _checkout(os.path.realpath(project)), _checkout(os.path.realpath(cwd))
        return theirs[0] if ours[0] != theirs[0] and os.path.samefile(ours[2], theirs[2]) else None
    except (OSError, IndexError, ValueError):
        return None


def other_repository(project: str, cwd: str) -> str | None:
    """The top of the repository that `cwd` lies in, when the project is no part of that one; else None."""
    here, there = os.path.realpath(project), os.path.realpath(cwd)
    if (there + os.sep).startswith(here + os.sep):
        return None
    try:
        top = _checkout(there)[0]
    except (OSError, IndexError, ValueError):
        return None
    if not os.path.lexists(os.path.join(top, ".git")):
        return None
    return None if (here + os.sep).startswith(top.rstrip(os.sep) + os.sep) else top


def commit_files(project: str, commit: Commit) -> list[str] | None:
    """What a `git commit` (shell.commits) would take, relative to the project; None when git cannot say.

    Over-counts on purpose: what the same command stages before, and with -a every modified tracked file.
    """
    top = git(commit["dir"], "rev-parse", "--show-toplevel")
    if top is None:
        return None
    top = top.rstrip("\n")
    names: set[str] = set()

    def listed(*args: str) -> None:
        text = git(top, *args)
        names.update(os.path.join(top, n) for n in (text or "").split("\0") if n)

    if commit["paths"] and not commit["all"]:
        for path in commit["paths"]:
            names.update(_under(top, path, commit["forced"]))
    else:
        listed("diff", "--cached", "--name-only", "-z", *_base(top, commit))
        if commit["all"] or commit["add_all"]:
            listed("diff", "--name-only", "-z")
        if commit["add_all"]:
            listed("ls-files", "--others", "-z", *(() if commit["forced"] else ("--exclude-standard",)))
        for path in commit["adds"]:
            names.update(_under(top, path, commit["forced"]))
    out = []
    for name in sorted(names):
        rel, _full = relative(project, name, follow=False)  # git commits a link itself
        out.append(rel or name)
    return [n for n in out if not n.startswith(".claude/teams/")]


def left_out(project: str, rel: str) -> bool:
    """Whether git leaves a path out by the rules of the repository itself, and holds nothing there: build products, caches, logs. Rules of the
    user's own do not count, nor files that tend to hold secrets."""
    secret = os.path.basename(rel).startswith((".env", ".npmrc", ".pypirc", ".netrc", ".git"))
    top = os.path.realpath(project)
    while not os.path.lexists(os.path.join(top, ".git")) and os.path.dirname(top) != top:
        top = os.path.dirname(top)
    rel = os.path.relpath(os.path.join(os.path.realpath(project), rel), top)
    here = "--work-tree=."  # whatever core.worktree and core.bare say meanwhile
    if secret or git(top, here, *LITERAL, "ls-files", "-z", "--", rel) != "":
        return False
    rules = (here, "-c", "core.excludesFile=" + os.devnull, "check-ignore", "-v", "--")
    return any(_by_a_rule_of_the_project(top, git(top, *rules, name)) for name in (rel, rel + "/"))


def _by_a_rule_of_the_project(top: str, said: str | None) -> bool:
    """Whether what `check-ignore -v` says (`FILE:LINE:RULE`, and the path) is a rule that somebody can review. `.git/info/exclude` is one
    user's own, and a `.gitignore` that hides itself among tracked files was put there past everybody. A cache's own rule is none of those."""
    file, _line, rule = (said or "").partition("\t")[0].split(":", 2) if said and said.count(":") > 1 else ("", "", "!")
    if rule.startswith("!") or os.path.basename(file) != ".gitignore":
        return False
    if (
        git(top, "--work-tree=.", "check-ignore", "-q", "--", file) is None
        or git(top, "--work-tree=.", *LITERAL, "ls-files", "-z", "--", file) != ""
    ):
        return True
    return git(top, "--work-tree=.", *LITERAL, "ls-files", "-z", "--", os.path.dirname(file) or ".") == ""


def committed(project: str, sha: str) -> list[str]:
    """Paths that a commit changed, relative to the project's root."""
    return _paths(project, "diff-tree", "--root", "--no-commit-id", "--name-only", "--no-renames", "-r", "-m", "-z", sha)


def uncommitted(project: str, files: list[str]) -> list[str]:
    """What of these files and folders differs from HEAD or is new to git, relative to the project's root; ignored ones aside."""
    files = as_git_takes(project, files)
    names = [f for f in files if os.path.lexists(os.path.join(project, f)) or git(project, *LITERAL, "ls-files", "--", f)]
    found = _paths(project, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", *names) if names else []
    return [n for n in found if not left_by_an_editor(n.rpartition("/")[2])]


def _paths(project: str, *args: str) -> list[str]:
    """The paths of a `-z` listing. git names them from the repository's root, the project may lie below it."""
    text, top = git(project, *LITERAL, *args) or "", (git(project, "rev-parse", "--show-toplevel") or project).rstrip("\n")
    rows = [row[3:] if args[0] == "status" else row for row in text.split("\0") if row]
    return [r for r in (relative(project, os.path.join(top, row), follow=False)[0] for row in rows) if r]


def _base(top: str, commit: Commit) -> tuple[str, ...]:
    """The commit that a commit is compared with. An amended one takes the place of HEAD, so it is compared with HEAD's parent."""
    if not commit["amend"]:
        return ()
    below = git(top, "rev-parse", "-q", "--verify", "HEAD~1")
    return (below.strip() if below else "4b825dc642cb6eb9a060e54bf8d69288fbee4904",)


def staged_otherwise(commit: Commit) -> list[str]:
    """Files that a `git commit` (shell_commits.commits) would take from the index with other content than on disk, where the approved
    content is. Files that the same command stages again are left out."""
    top = git(commit["dir"], "rev-parse", "--show-toplevel")
    if top is None or commit["paths"] or commit["all"] or commit["add_all"]:
        return []
    top = top.rstrip("\n")
    staged, changed = (
        set((git(top, "diff", "--name-only", "--no-renames", "-z", *more) or "").split("\0")) - {""} for more in (("--cached",), ())
    )
    again = [os.path.relpath(os.path.realpath(p), os.path.realpath(top)) for p in commit["adds"]]
    return sorted(n for n in staged & changed if not any(a == "." or n == a or n.startswith(a.rstrip("/") + "/") for a in again))


def _under(top: str, path: str, ignored: bool = False) -> list[str]:
    """Changed files at or below a path that is to be added; `ignored`: by force."""
    more = ("--ignored",) if ignored else ()
    text = git(top, "status", "--porcelain=v1", "-z", "--untracked-files=all", *more, "--", path) or ""
    rows, out, skip = text.split("\0"), [], False
    for row in rows:
        if skip or len(row) < 4:
            skip = False
            continue
        out.append(os.path.join(top, row[3:]))
        skip = row[0] in "RC"
    return out


def dirty(project: str) -> list[str]:
    """Tracked files that differ from HEAD, relative to the project; empty without git."""
    text = git(project, "diff", "--name-only", "--relative", "-z", "HEAD", timeout=5) or ""
    return [n for n in text.split("\0") if n]


def stamps(project: str, names: Iterable[str]) -> dict[str, list[int] | None]:
    """{name: [mtime_ns, size]} of files, for seeing afterwards what a shell command changed; of a nested repository the number of its commit."""
    out: dict[str, list[int] | None] = {}
    for name in names:
        path = os.path.join(project, name)
        try:
            s = os.stat(path)
            out[name] = [int(head(path) or "0", 16)] if stat.S_ISDIR(s.st_mode) else [s.st_mtime_ns, s.st_size]
        except OSError:
            out[name] = None
    return out
