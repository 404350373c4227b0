"""What git holds, read so that nothing the project configures can bend it: no replace objects, no grafts, no filters, no hooks, no
monitor; raw bytes, plumbing in batches. The ledger of approvals (gate/ledger.py) compares with this.

Names are relative to the repository's top, with `/`, as git prints them. A digest is `project_facts.entry_digest`'s: of raw bytes, with
the executable bit, a link's target, or a nested repository's commit.
"""

from __future__ import annotations

import os

from . import codec, project_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable
    from .protocols import Env, Stamp

PLAIN = ("--no-replace-objects", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "core.hooksPath=/dev/null") + (
    "-c",  # with core.ignoreCase a new file `OLD.py` beside a tracked `old.py` is neither tracked nor untracked
    "core.ignoreCase=false",
    "-c",  # a file that says of commits what the commits do not
    "core.commitGraph=false",
)
HERE = "--work-tree=."  # whatever core.worktree and core.bare say: the files are those beside `.git`
IN_GIT = ("--git-dir=.", "--work-tree=.")  # in git's own folder of a submodule, whose core.worktree may be gone
FAILED: list[str] = []  # the commands that git could not carry out, since somebody emptied the list: no answer is no "nothing"
MOST_BYTES = 512 << 20  # beyond this the opening takes the stamp of a file for its content
MOST_NAME = 1000
MOST_RULES = 256 << 10  # bytes of the user's ignore rules
GONE = "-"
CLOSED = "warning: could not open directory '"  # and the name, and why: git goes on without what is in it, and exits with 0


def run(
    top: str, *args: str, stdin: bytes = b"", timeout: int = 20, said: list[str] | None = None, locale: str | None = "C"
) -> bytes | None:
    """Standard output of a git command in bytes, None when it fails. said: a list that is to get the lines of its warnings; locale: None for
    the user's, where a program of his is run."""
    import subprocess

    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env.update(GIT_OPTIONAL_LOCKS="0", GIT_GRAFT_FILE=os.devnull, GIT_NO_REPLACE_OBJECTS="1", GIT_TERMINAL_PROMPT="0")
    if locale:
        env["LC_ALL"] = locale
    try:
        done = subprocess.run(
            ("git", "-C", top) + PLAIN + project_facts.AS_ASKED + args,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if said is None else subprocess.PIPE,
            timeout=timeout,
            env=env,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        FAILED.append("%s: %s" % (args[0], type(error).__name__))
        return None
    if said is not None:
        said += done.stderr.decode("utf-8", "surrogateescape").split("\n")
    if done.returncode > 1:  # 1 is an answer, too: no, nothing
        FAILED.append("%s: exit %d" % (next((a for a in args if a[:1] != "-"), ""), done.returncode))
    return done.stdout if done.returncode == 0 else None


def text(top: str, *args: str) -> str:
    """The same as one line of text, "" when it fails."""
    return (run(top, *args) or b"").decode("utf-8", "surrogateescape").rstrip("\n")


def refuses(project: str) -> tuple[str, str]:
    """(why, the way out) where git does not work in a folder, in its own words; ("", "") where it works, and where there is no repository. To somebody
    whose repository belongs to another user (a container, a mounted disk), or has a format that git does not know, `git init` would be the wrong advice."""
    said: list[str] = []
    before = len(FAILED)
    if run(project, "rev-parse", "--git-dir", said=said) is not None:
        return "", ""
    why = FAILED[before:]
    del FAILED[before:]  # nothing of a run is missing this answer
    fatal = next((line[len("fatal: ") :] for line in said if line.startswith("fatal: ")), None)
    if fatal is None:
        absent = why and why[0].endswith("FileNotFoundError")
        return ("git is not on PATH", "install git") if absent else ("git gives no answer here", "`git status` here says what is wrong")
    if fatal.startswith("not a git repository (or any"):
        return "", ""
    way = next((line.strip() for line in said if line.strip().startswith("git config ")), "")
    return "git refuses this folder: " + fatal, way or "`git status` here says what is wrong"


def unfit(project: str, env: Env) -> tuple[str, str]:
    """(why, the way out) where git answers for no repository in a folder and `git init` would be the wrong advice: git refuses it, or it is a user's
    home or the root of all, in which somebody has started the client by mistake and all that lies there would be compared; ("", "") elsewhere."""
    why, way = refuses(project)
    if why:
        return why, way
    place = os.path.realpath(project)
    home = os.path.realpath(env.get("HOME") or os.path.expanduser("~"))
    if place not in (home, os.path.abspath(os.sep)):
        return "", ""
    return "this is %s and no project" % ("your home folder" if place == home else "the root folder"), (
        "start `claude` in the project's folder; or, if this really is one, make it a repository: `git init`"
    )


def names(data: bytes | None) -> list[str]:
    return [n.decode("utf-8", "surrogateescape") for n in (data or b"").split(b"\0") if n]


def place(project: str) -> tuple[str, str | None]:
    """(top of the repository, prefix of the project in it with a `/`); (project, None) where there is none."""
    top = text(project, "rev-parse", "--show-toplevel")
    if not top:
        return os.path.realpath(project), None
    rel = os.path.relpath(os.path.realpath(project), os.path.realpath(top)).replace(os.sep, "/")
    return os.path.realpath(top), "" if rel == "." else rel + "/"


class Listing:
    """What git sees of a working tree, names relative to its top. tracked; others: not tracked and not left out, a nested repository is one
    name; inner: the same two of nested repositories; unmerged: in the index by stages; repos: nested repositories, mute: those of them
    that git cannot be asked about; closed: folders that it cannot look into; skipped: tracked, and not to be laid out (a sparse checkout)."""

    def __init__(self) -> None:
        self.tracked: list[str] = []
        self.others: list[str] = []
        self.inner: list[str] = []
        self.unmerged: list[str] = []
        self.repos: list[str] = []
        self.mute: list[str] = []
        self.closed: list[str] = []
        self.skipped: list[str] = []


def listing(top: str, prefix: str | None, rules: str, nested: bool = True, depth: int = 0, own: bool = True) -> Listing:
    """The names of a working tree; without a repository the files outside the usual caches are untracked.

    rules: the file that stands for the user's own ignore rules ("" for none); nested: whether repositories inside are looked into; own: whether
    the repository's own rules that no commit holds count as they are now (False: they stand in `rules`, as they were)."""
    out = Listing()
    if prefix is None:
        out.others = project_facts.expand(top, "./")
        return out
    links, tracked, unmerged = [], set(), set()
    for row in names(run(top, HERE, "ls-files", "-s", "-t", "-z")):
        facts, _, name = row.partition("\t")
        tracked.add(name)
        if facts.startswith("S "):
            out.skipped.append(name)
        if facts[2:].startswith("160000"):
            links.append(name)
        if not facts.endswith(" 0"):
            unmerged.add(name)
    excludes = [f for f in (own_ignores(top) if own and not depth else "", rules) if f and os.path.isfile(f)]
    left_out = ["--exclude-per-directory=.gitignore"] + ["--exclude-from=" + f for f in excludes]
    said: list[str] = []
    others = names(run(top, HERE, "ls-files", "-z", "--others", *left_out, said=said))
    refused = [row[len(CLOSED) :] for row in said if row.startswith(CLOSED)]
    out.closed = sorted((row.rpartition("': ")[0] or row)[:MOST_NAME].rstrip("/") for row in refused)  # git cuts a long line off
    out.tracked, out.unmerged = sorted(tracked), sorted(unmerged)
    out.others = sorted(n.rstrip("/") for n in others)
    out.repos = [n for n in links + [o[:-1] for o in others if o.endswith("/")] if os.path.lexists(os.path.join(top, n, ".git"))]
    for repo in list(out.repos) if nested and depth < 8 else ():
        inner, before = os.path.join(top, repo), len(FAILED)
        if os.path.realpath(text(inner, HERE, "rev-parse", "--show-toplevel") or os.sep) != os.path.realpath(inner):
            out.mute.append(repo)
        else:
            within = listing(inner, "", rules, depth=depth + 1)
            out.inner += [repo + "/" + n for n in within.tracked + within.others + within.inner]
            out.repos += [repo + "/" + n for n in within.repos]
            out.closed += [repo + "/" + n for n in within.closed]
            out.mute += [repo + "/" + n for n in within.mute] + ([repo] if len(FAILED) > before else [])
        del FAILED[before:]
    return out


def left_out(top: str) -> dict[str, str]:
    """{name: "mode blob" of the last commit} of what a sparse checkout leaves out of the working tree now, and the index has as the commit has it. A file that
    only `update-index` hides, where no sparse checkout is on, is none of them."""
    if text(top, "config", "--type=bool", "core.sparseCheckout") != "true":
        return {}
    rows = [row.partition("\t") for row in names(run(top, HERE, "ls-files", "-s", "-t", "-z"))]
    index = {name: " ".join(facts[2:].split(" ")[:2]) for facts, _, name in rows if facts.startswith("S ") and facts.endswith(" 0")}
    head = tree(top, "HEAD") if index else {}
    return {name: entry for name, entry in index.items() if head.get(name) == entry}


def ignored(top: str) -> list[tuple[str, str]]:
    """[(name, the file whose rule leaves it out)] of what git leaves out, a folder that is left out whole as one name with a `/`."""
    listed = run(top, HERE, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    fields = names_and_gaps(run(top, HERE, "check-ignore", "-v", "-n", "-z", "--stdin", stdin=listed)) if listed else []
    return [(fields[i + 3], fields[i]) for i in range(0, len(fields) - 3, 4)]


def names_and_gaps(data: bytes | None) -> list[str]:
    """`names` with the empty fields kept."""
    return [n.decode("utf-8", "surrogateescape") for n in (data or b"").split(b"\0")[:-1]]


def stamp(path: str) -> Stamp:
    """How a name looks without reading it: [inode, size, mtime, ctime], None for nothing there."""
    try:
        s = os.lstat(path)
        return [s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns]
    except OSError:
        return None


def snapshot(top: str, names: Iterable[str]) -> dict[str, list[Any]]:
    """{name: [digest, stamp]} of what lies there now."""
    out, budget = {}, MOST_BYTES
    for name in names:
        path = os.path.join(top, name)
        s = stamp(path)
        budget -= s[1] if s else 0
        out[name] = [project_facts.entry_digest(path) if budget > 0 else "stat:%d:%d" % (s[1], s[2]) if s else GONE, s]
    return out


def _parts(top: str, data: bytes | None) -> list[tuple[str, str, str, str, str]]:
    """`:mode mode blob blob X\\0name\\0` of diff-tree, diff-index -> [(old mode, new mode, old blob, new blob, name)]."""
    fields, out, i = (data or b"").split(b"\0"), [], 0
    while i + 1 < len(fields):
        head = fields[i].lstrip(b":").split(b" ")
        if len(head) < 5:
            i += 1  # a commit's id in `diff-tree --stdin`
            continue
        out.append(
            (head[0].decode(), head[1].decode(), head[2].decode(), head[3].decode(), fields[i + 1].decode("utf-8", "surrogateescape"))
        )
        i += 2
    return out


def staged(top: str, head: str) -> dict[str, str]:
    """What the index holds otherwise than the commit: {name: "mode blob"}, "-" for what it takes away."""
    if head:
        rows = _parts(top, run(top, "diff-index", "--cached", "--no-renames", "--ignore-submodules=none", "-z", head))
        return {name: GONE if mode == "000000" else "%s %s" % (mode, blob) for _m, mode, _b, blob, name in rows}
    out = {}
    for row in (run(top, "ls-files", "-s", "-z") or b"").split(b"\0"):
        if row:
            facts, _, name = row.partition(b"\t")
            mode, blob, _stage = facts.decode().split(" ")
            out[name.decode("utf-8", "surrogateescape")] = "%s %s" % (mode, blob)
    return out


def tree(top: str, commit: str, *where: str) -> dict[str, str]:
    """{name: "mode blob"} of a commit. where: options of git in front, as IN_GIT."""
    out = {}
    for row in ((run(top, *where, "ls-tree", "-r", "-z", commit) if commit else None) or b"").split(b"\0"):
        if row:
            facts, _, name = row.partition(b"\t")
            mode, _kind, blob = facts.decode().split(" ")
            out[name.decode("utf-8", "surrogateescape")] = "%s %s" % (mode, blob)
    return out


def _objects(top: str, asked: list[bytes], *where: str) -> list[tuple[bytes, bytes, bytes] | None]:
    """(id, kind, bytes) of each object that git is asked for, in that order; None of one that is missing here."""
    data = (run(top, *where, "cat-file", "--batch", stdin=b"\n".join(asked) + b"\n", timeout=60) if asked else None) or b""
    out: list[tuple[bytes, bytes, bytes] | None] = []
    at = 0
    for _ in asked:
        end = data.find(b"\n", at)
        head = data[at:end].split(b" ")
        if end < 0 or len(head) != 3:
            at = end + 1 if end >= 0 else at
            out.append(None)
            continue
        size = int(head[2])
        out.append((head[0], head[1], data[end + 1 : end + 1 + size]))
        at = end + 2 + size
    return out


def is_whole(top: str, commit: str, *where: str) -> bool:
    """Whether a commit, its trees and its blobs are there, each with the bytes that its name is the digest of: git hands out a blob without
    that look (measured), also for `rev-list --verify-objects`. where: as for `tree`."""
    import hashlib

    rows = (run(top, *where, "ls-tree", "-r", "-t", "-z", commit) or b"").split(b"\0")
    ids = [row.partition(b"\t")[0].split(b" ")[2] for row in rows if row and not row.startswith(b"160000")]
    asked = [commit.encode(), commit.encode() + b"^{tree}"] + sorted(set(ids))
    for one, found in zip(asked, _objects(top, asked, *where)):
        if found is None or found[1] not in (b"commit", b"tree", b"blob"):
            return False
        name, kind, body = found
        made = (hashlib.sha1 if len(name) == 40 else hashlib.sha256)(b"%s %d\0" % (kind, len(body)) + body)  # nosec: git's own name
        if made.hexdigest().encode() != name or one == asked[0] and one != name:
            return False
    return True


def between(top: str, old: str | None, new: str, most: int = 5000) -> list[str] | None:
    """The commits that `new` has and `old` has not, oldest first; None where git cannot say."""
    data = run(top, "rev-list", "--reverse", "--max-count=%d" % most, *(["%s..%s" % (old, new)] if old else [new]))
    return None if data is None else data.decode().split()


def is_ancestor(top: str, old: str, new: str) -> bool:
    """Whether a commit is in the history of another."""
    return run(top, "merge-base", "--is-ancestor", old, new) is not None


def changes(top: str, commits: list[str]) -> dict[str, dict[str, str]]:
    """{commit: {name: "mode blob"}} of what each commit changes against each of its parents; "-" for what it takes away."""
    out: dict[str, dict[str, str]] = {c: {} for c in commits}
    current = ""
    data = run(
        top,
        "diff-tree",
        "--stdin",
        "-r",
        "-z",
        "-m",
        "--root",
        "--no-renames",
        "--ignore-submodules=none",
        stdin="\n".join(commits).encode() + b"\n",
        timeout=60,
    )
    fields, i = (data or b"").split(b"\0"), 0
    while i < len(fields):
        if fields[i].startswith(b":"):
            head, name = fields[i].split(b" "), fields[i + 1].decode("utf-8", "surrogateescape")
            out.setdefault(current, {})[name] = GONE if head[1] == b"000000" else "%s %s" % (head[1].decode(), head[3].decode())
            i += 2
        else:
            current = fields[i].decode().strip().split(" ")[0] or current  # `COMMIT (from PARENT)` for a merge
            i += 1
    return out


def digests(top: str, entries: Iterable[str], *where: str) -> dict[str, str]:
    """{"mode blob": digest} of entries of trees and indexes, as the same bytes on disk would have it. where: as for `tree`."""
    wanted = sorted({entry for entry in entries if entry != GONE})
    blobs = sorted({entry.split(" ")[1] for entry in wanted if not entry.startswith("160000")})
    rows = zip(blobs, _objects(top, [blob.encode() for blob in blobs], *where))
    found = {blob: row[2] for blob, row in rows if row is not None}
    out = {GONE: GONE}
    for entry in wanted:
        mode, _, blob = entry.partition(" ")
        if mode == "160000":
            out[entry] = "commit:" + blob
        elif blob not in found:
            out[entry] = "missing:" + blob
        elif mode == "120000":
            out[entry] = "link:%s" % found[blob].decode("utf-8", "surrogateescape")
        else:
            out[entry] = ("x:" if mode == "100755" else "") + codec.blake2b(found[blob], digest_size=16).hexdigest()
    return out


def same(one: str, other: str, modes: Callable[[], bool]) -> bool:
    """Whether two digests stand for the same entry: a commit does not hold what a link points to, nor, where the disk has none, the
    executable bit. modes: whether this disk has it."""
    if one == other:
        return True
    if one.startswith("link:") and other.startswith("link:"):
        return one.split("\0")[0] == other.split("\0")[0]
    return one.startswith("x:") != other.startswith("x:") and one[-32:] == other[-32:] and not modes()


def has_modes(top: str) -> bool:
    """Whether git looks at the executable bit here."""
    return text(top, "config", "--type=bool", "core.fileMode") != "false"


def own_ignores(top: str) -> str:
    """The repository's own ignore rules that no commit holds, "" where git names none."""
    where = text(top, "rev-parse", "--git-path", "info/exclude")
    return os.path.join(top, where) if where else ""


def ignore_rules(top: str) -> str:
    """Digest of the rules by which git leaves files out that no commit holds: the repository's own."""
    path = own_ignores(top)
    return project_facts.file_digest(path) if path else GONE


def user_ignores(top: str) -> str:
    """The user's own file of ignore rules (core.excludesFile, by whatever configuration). The client itself adds a line to it (measured)."""
    where = text(top, "config", "--type=path", "core.excludesFile")
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(top, where or os.path.join(home, "git", "ignore"))


def rules_in(path: str) -> bytes:
    """What a file of ignore rules says."""
    try:
        with open(path, "rb") as f:
            return f.read(MOST_RULES)
    except OSError:
        return b""
