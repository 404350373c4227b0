"""A fresh checkout of exactly one tree, elsewhere: what is verified is what a commit would hold, and nothing that lies beside it.

Untracked files, `assume-unchanged` and `skip-worktree`, a `sitecustomize.py` in the way: none of them is in the tree, so none of them is
there. The checkout is a repository of its own that borrows the project's objects (so tests that ask git get answers, and the project's
own is not touched: `git worktree add` would leave a line in it). What is installed beside the sources is linked, or set up by the
project's own command; an editable install that points back into the project is pointed into the checkout.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile

from ..protocol import access
from . import project_facts, scratch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Env

DEPENDENCIES = {"node_modules", "bower_components", "vendor", ".bundle", "Pods", "deps", ".yarn", "elm-stuff", "jspm_packages"}
DOCUMENTS = (".md", ".markdown", ".rst", ".txt", ".adoc")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_CONFIG = re.compile(
    r"^(core\.(autocrlf|eol|safecrlf|filemode|symlinks|ignorecase|precomposeunicode|longpaths)|filter\..*|user\..*|lfs\..*)$"
)
SETUP = ("setup", "install", "bootstrap")


def _seen(path: str) -> str:
    return "link:" + os.readlink(path) if os.path.islink(path) else project_facts.entry_digest(path)


class CannotCheckOut(Exception):
    """Why no fresh checkout can be had; the text says it in one clause."""


def clean_env(env: Env | None = None) -> dict[str, str]:
    """The environment without what would send git to another repository."""
    return {
        k: v for k, v in (os.environ if env is None else env).items() if not k.startswith("GIT_") or k in ("GIT_SSH", "GIT_SSH_COMMAND")
    }


def _git(folder: str, *args: str, env: Env | None = None, data: bytes | None = None, fails: str = "git could not lay the tree out") -> str:
    done = subprocess.run(
        ("git", "--no-replace-objects", "-C", folder) + args,
        input=data,
        stdin=subprocess.DEVNULL if data is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(clean_env(), **(env or {})),
        timeout=300,
    )
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        raise CannotCheckOut("%s (%s)" % (fails, words[:200] or "git %s" % args[0]))
    return done.stdout.decode("utf-8", "surrogateescape")


class Checkout:
    """A laid-out tree. folder: where the project's own folder is in it; top: where the repository's is."""

    def __init__(self, project: str, tree: str) -> None:
        """project: the folder of the run; tree: a whole tree id. Raises CannotCheckOut; leaves nothing behind then."""
        self.project, self.tree = os.path.realpath(project), tree
        self.scratch = scratch.Scratch("verify")
        self.home = self.scratch.path
        try:
            self.source = _git(self.project, "rev-parse", "--show-toplevel").rstrip("\n")
            prefix = _git(self.project, "rev-parse", "--show-prefix").rstrip("\n")
            self.top = os.path.join(self.home, os.path.basename(self.source) or "project")
            self.folder = os.path.join(self.top, prefix).rstrip("/")
            self.index = os.path.join(self.home, "index")
            _lay_out(self.source, tree, self.top, self.index)
            os.makedirs(self.folder, exist_ok=True)
        except (CannotCheckOut, OSError, subprocess.SubprocessError) as error:
            self.remove()
            if isinstance(error, CannotCheckOut):
                raise
            raise CannotCheckOut("the checkout failed: %s" % (getattr(error, "strerror", None) or type(error).__name__)) from None

    def __enter__(self) -> Checkout:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Take it away."""
        self.scratch.remove()

    def changed(self) -> list[str]:
        """Tracked paths that are not any more what the tree says, sorted."""
        env = {"GIT_DIR": _git_dir(self.source), "GIT_WORK_TREE": self.top, "GIT_INDEX_FILE": self.index}
        subprocess.run(
            ("git", "-C", self.top, "update-index", "-q", "--refresh"),
            env=dict(clean_env(), **env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        found = _git(self.top, "diff-files", "--name-only", "--ignore-submodules=all", "-z", env=env)
        return self._otherwise(sorted(n for n in found.split("\0") if n), env)

    def _otherwise(self, names: list[str], env: dict[str, str]) -> list[str]:
        """Those of these names that are not what git lays out for them. A file whose commit did not go through a clean filter, or holds other line
        ends than an attribute says, is changed to git from the moment it is laid out."""
        if not names:
            return names
        again = tempfile.mkdtemp(dir=self.home) + os.sep
        _git(self.top, "checkout-index", "-q", "-z", "--stdin", "--prefix=" + again, env=env, data=os.fsencode("\0".join(names)))
        return [n for n in names if _seen(again + n) != _seen(os.path.join(self.top, n))]

    def command(self, text: str) -> str:
        """A command in which the project's own path (`cd /home/me/project && ...`) stands for the checkout."""
        for path, copy in {self.project: self.folder, self.source: self.top, os.path.abspath(self.project): self.folder}.items():
            text = re.sub(re.escape(path) + r"(?=$|[/\s'\";&|):])", copy.replace("\\", r"\\"), text)  # no escapes in what it becomes
        return text

    def moved(self, path: str) -> str | None:
        """Where a path of the project is in the checkout; None for one outside, or for what is linked anyway."""
        full = os.path.realpath(path)
        if full != self.source and not full.startswith(self.source + os.sep):
            return None
        inside = os.path.relpath(full, self.source)
        return None if set(inside.split(os.sep)) & self.linked_names else os.path.normpath(os.path.join(self.top, inside))

    linked_names = frozenset(DEPENDENCIES - {"deps", "vendor"}) | {"site-packages", "dist-packages"}

    # -- what is installed ----------------------------------------------------------------------------------------------------
    def link(self) -> list[str]:
        """Link what is installed beside the sources and not tracked. Answers the names, relative to the repository."""
        out = []
        for more in (["--ignored"], []):
            listed = _git(self.source, "ls-files", "--others", "--directory", "--exclude-standard", "-z", *more)
            for name in listed.split("\0"):
                if name.endswith("/"):
                    out += self._link_below(name.rstrip("/"), 0)
        return sorted(set(out))

    def _link_below(self, name: str, depth: int) -> list[str]:
        """The dependencies' folder itself, or those a little below an untracked folder."""
        full, base = os.path.join(self.source, name), os.path.basename(name)
        there = os.path.join(self.top, name)
        if os.path.lexists(there) and not os.path.isdir(there) or base == ".git":
            return []
        if base in DEPENDENCIES or os.path.isfile(os.path.join(full, "pyvenv.cfg")):
            if os.path.lexists(there):
                return [name]
            os.makedirs(os.path.dirname(there), exist_ok=True)
            if base == "node_modules":
                _farm(full, there, self.source)
            else:
                os.symlink(full, there)
            return [name]
        return []

    def environment(self, env: Env, command: str) -> dict[str, str]:
        """The environment for commands in here: nothing leads back into the project but what is linked."""
        env = clean_env(env)
        env["PWD"] = self.folder
        if env.get("CLAUDE_PROJECT_DIR"):
            env["CLAUDE_PROJECT_DIR"] = self.folder
        for name in ("NODE_PATH", "PYTHONPATH"):
            if env.get(name):
                env[name] = os.pathsep.join(self.moved(p) or p for p in env[name].split(os.pathsep) if p)
        guard = os.path.join(self.home, "python")
        os.makedirs(guard, exist_ok=True)
        for name in ("sitecustomize.py", "usercustomize.py"):  # found first, so that no other one is
            with open(os.path.join(guard, name), "w") as f:
                f.write("# Empty: what lies in the way of an interpreter is no part of the tree that is verified.\n")
        own = [p for p in self._editable(env, command)]
        env["PYTHONPATH"] = os.pathsep.join([guard] + own + [p for p in env.get("PYTHONPATH", "").split(os.pathsep) if p])
        return env

    def _editable(self, env: Env, command: str) -> list[str]:
        """Folders of the checkout that stand for those of the project that an interpreter has on its path (`pip install -e .`)."""
        pythons = {p for n in ("python3", "python") for p in [shutil.which(n, path=env.get("PATH"))] if p}
        for word in re.findall(r"[\w./+-]+", command):
            found = shutil.which(word if os.sep not in word else os.path.join(self.folder, word), path=env.get("PATH"))
            if found and re.match(r"(python|pypy)[\d.]*$", os.path.basename(found)):
                pythons.add(found)
            elif found and os.sep in found:
                try:
                    with open(found, "rb") as f:
                        first = f.readline(300)
                except OSError:
                    continue
                at = first[2:].decode("utf-8", "replace").strip()
                if first.startswith(b"#!") and "python" in at and os.path.isfile(at):
                    pythons.add(at)
        for name in os.listdir(self.folder):
            if os.path.isfile(os.path.join(self.folder, name, "pyvenv.cfg")):
                pythons.add(os.path.join(self.folder, name, "bin", "python"))
        out = []
        for python in _one_each(pythons):
            try:
                done = subprocess.run(
                    (python, "-c", "import sys; print('\\n'.join(sys.path[1:]))"),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=env,
                    cwd=self.home,
                    timeout=30,
                )
            except (OSError, subprocess.SubprocessError):
                continue
            for entry in done.stdout.decode("utf-8", "replace").split("\n"):
                out += [self.moved(entry)] if entry else []
                if os.path.basename(entry) in ("site-packages", "dist-packages") and os.path.isdir(entry):
                    out += [self.moved(os.path.dirname(p)) for p in _mapped(entry)]
        return [p for i, p in enumerate(out) if p and p not in out[:i] and os.path.isdir(p)]


def _one_each(pythons: set[str]) -> list[str]:
    """Without those that are another one by a second name in the same folder (`python` and `python3` of an installation): both are on the same
    path, and a start costs more than all of git's answers together. A link that leads to anything but an interpreter may tell its names apart
    (a version manager's shim), so each of those stays."""
    known: dict[tuple[str, str], str] = {}
    for path in sorted(pythons, reverse=True):
        real = os.path.realpath(path)
        known[(os.path.dirname(path), real if re.match(r"(python|pypy)[\d.]*$", os.path.basename(real)) else path)] = path
    return sorted(known.values())


def _mapped(site: str) -> list[str]:
    """What setuptools' editable finders in a site-packages map packages to: absolute paths."""
    out = []
    for name in sorted(os.listdir(site)):
        if name.startswith("__editable___") and name.endswith("_finder.py"):
            with open(os.path.join(site, name), encoding="utf-8", errors="replace") as f:
                for row in re.findall(r"^(?:MAPPING|NAMESPACES)\b.*?= (\{.*\})$", f.read(), re.M):
                    out += [p for p in re.findall(r"'(/[^']*)'", row)]
    return out


def _farm(source: str, target: str, project: str) -> None:
    """node_modules entry by entry: a link that stays inside the project (a workspace's own package) leads into the checkout, all others
    to what is installed. What tools write there (.cache) stays here."""
    os.makedirs(target)
    for name in os.listdir(source):
        if name.startswith(".") and name not in (
            ".bin",
            ".pnpm",
            ".package-lock.json",
            ".modules.yaml",
            ".yarn-state.yml",
            ".prisma",
            ".store",
        ):
            continue
        full, copy = os.path.join(source, name), os.path.join(target, name)
        if os.path.islink(full) and not os.path.isabs(os.readlink(full)) and os.path.realpath(full).startswith(project + os.sep):
            os.symlink(os.readlink(full), copy)
        elif name.startswith("@") and os.path.isdir(full):
            _farm(full, copy, project)
        else:
            os.symlink(full, copy)


def _git_dir(source: str) -> str:
    return os.path.join(source, _git(source, "rev-parse", "--absolute-git-dir").rstrip("\n"))


def _lay_out(source: str, tree: str, top: str, index: str) -> None:
    """The files of a tree of the repository `source` in the new folder `top`, and a repository around them."""
    home = _git_dir(source)
    os.makedirs(top)
    where = {"GIT_DIR": home, "GIT_WORK_TREE": top, "GIT_INDEX_FILE": index}
    _git(top, "-c", "core.sparseCheckout=false", "read-tree", tree, env=where)
    _git(top, "-c", "core.sparseCheckout=false", "checkout-index", "--all", "--force", "--index", env=where)
    modules = [row for row in _git(top, "ls-files", "--stage", "-z", env=where).split("\0") if row.startswith("160000 ")]
    _repository(source, tree, top, index)
    for row in modules:
        commit, name = row.split("\t", 1)[0].split()[1], row.split("\t", 1)[1]
        inner = os.path.join(source, name)
        if os.path.lexists(os.path.join(inner, ".git")):
            os.rmdir(os.path.join(top, name))
            _lay_out(inner, commit + "^{tree}", os.path.join(top, name), "%s-%d" % (index, len(os.listdir(os.path.dirname(index)))))


def _repository(source: str, tree: str, top: str, index: str) -> None:
    """A repository of its own that borrows the objects of `source`: its branches and tags, and a commit of the tree on top of HEAD."""
    layout = _git(source, "rev-parse", "--show-object-format").strip()
    _git(top, "init", "-q", "--template=", "--object-format=" + layout)
    objects = os.path.realpath(os.path.join(source, _git(source, "rev-parse", "--git-path", "objects").rstrip("\n")))
    own = os.path.join(top, ".git")
    os.makedirs(os.path.join(own, "objects", "info"), exist_ok=True)
    with open(os.path.join(own, "objects", "info", "alternates"), "w") as f:
        f.write(objects + "\n")
    for line in (project_facts.git(source, "config", "--local", "--list", "-z") or "").split("\0"):
        key, _, value = line.partition("\n")
        if _CONFIG.match(key):
            _git(top, "config", key, value)
    refs = project_facts.git(source, "show-ref") or ""
    with open(os.path.join(own, "packed-refs"), "w") as f:
        f.write("".join(line + "\n" for line in refs.split("\n") if " refs/heads/" in line or " refs/tags/" in line))
    head = project_facts.git(source, "rev-parse", "--verify", "-q", "HEAD^{commit}")
    who = {"GIT_%s_%s" % (a, b): v for a in ("AUTHOR", "COMMITTER") for b, v in (("NAME", "pack"), ("EMAIL", "pack@localhost"))}
    whole = _git(source, "rev-parse", tree if "^" in tree else tree + "^{tree}").strip()
    parents = ["-p", head.strip()] if head else []
    commit = _git(top, "commit-tree", whole, *parents, "-m", "the tree that is verified", env=who).strip()
    branch = (project_facts.git(source, "symbolic-ref", "-q", "HEAD") or "").strip()
    if branch:
        _git(top, "symbolic-ref", "HEAD", branch)
    _git(top, "update-ref", *([] if branch else ["--no-deref"]), "HEAD", commit)
    shutil.copy2(index, os.path.join(own, "index"))


def setup_command(folder: str) -> str | None:
    """The command that sets dependencies up, from `.conventions/tool-chains/commands.yml`: the `run:` of `setup`, `install` or
    `bootstrap`; None without one."""
    try:
        with open(os.path.join(folder, ".conventions", "tool-chains", "commands.yml"), encoding="utf-8") as f:
            lines = f.read().split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    found, block = {}, None
    for line in lines:
        top = re.match(r"^([A-Za-z_-]+):\s*(.*?)\s*$", line)
        run = re.match(r"^\s+run:\s*(.*?)\s*$", line)
        if top:
            block = top.group(1)
            if top.group(2) and not top.group(2).startswith(("#", "{", "|", ">", "&")):
                found[block] = _scalar(top.group(2))
        elif run and block:
            found.setdefault(block, _scalar(run.group(1)))
    return next((found[name] for name in SETUP if found.get(name)), None)


def _scalar(text: str) -> str:
    """A YAML scalar on one line."""
    if text[:1] in ("'", '"') and text[-1:] == text[:1] and len(text) > 1:
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1].replace('\\"', '"')
    return text.partition(" #")[0].strip()


def lost(project: str, start: str | None, tree: str) -> list[str]:
    """The files that lie in the repository's folder, and that git had when the run began and has no more: somebody else's commit, or the index, lost
    them. To who looks at the disk nothing is wrong with them. start: the commit that the run began at, "" or None where there is none; tree: id of
    the tree that a checkout was made of."""
    top = project_facts.git(project, "rev-parse", "--show-toplevel")
    if not start or not top:
        return []
    found = project_facts.git(project, "diff-tree", "-r", "--no-renames", "--diff-filter=D", "--name-only", "-z", start, tree) or ""
    return [name for name in found.split("\0") if name and os.path.lexists(os.path.join(top.rstrip("\n"), name))]


def taken_back(project: str, base: str, tree: str) -> tuple[str | None, list[str]]:
    """(tree with the run's changes to other files than tests taken back, their paths); (None, []) when nothing but tests, conventions
    and documents changed. base: the commit that the run began at, "" when there was none; tree: a whole tree id."""
    start = base + "^{tree}" if base else EMPTY_TREE
    rows = _git(project, "diff-tree", "-r", "--no-renames", "--ignore-submodules=all", "-z", start, tree).split("\0")
    entries, paths = [], []
    for meta, path in zip(rows[::2], rows[1::2]):
        mode, _new_mode, old, _new, _status = meta[1:].split()
        if access.is_test(path):
            continue
        entries.append("%s %s\t%s\0" % (mode if mode != "000000" else "0", old, path))
        if not path.startswith(".conventions/") and "/.conventions/" not in path and not path.lower().endswith(DOCUMENTS):
            paths.append(path)
    if not paths:
        return None, []
    with scratch.Scratch("index") as temp:
        env = {"GIT_INDEX_FILE": os.path.join(temp, "index")}
        _git(project, "read-tree", tree, env=env)
        top = _git(project, "rev-parse", "--show-toplevel").rstrip("\n")
        _git(top, "update-index", "-z", "--index-info", env=env, data="".join(entries).encode("utf-8", "surrogateescape"))
        return _git(top, "write-tree", env=env).strip(), paths
