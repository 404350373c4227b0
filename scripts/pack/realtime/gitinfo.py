"""What git says about the project: the commit that evidence is bound to, and what changed since."""

import fnmatch
import os
import shutil
import subprocess
import tempfile
import weakref

from pack.base.project_facts import AS_ASKED


def own(team_dir, definition):
    """Folders of the project that belong to the team itself, whose changes are no change of what is measured."""
    return (definition["root"], os.path.basename(os.path.abspath(team_dir)), ".team", ".claude")


# Whole names; no monitor, no objects put in the place of others, no blind eye for submodules.
GIT = (
    tuple("git --no-replace-objects".split())
    + tuple(
        word
        for setting in (
            "core.quotepath=off",
            "core.fsmonitor=false",
            "core.untrackedCache=false",
            "diff.autoRefreshIndex=true",
            "diff.ignoreSubmodules=none",
        )
        for word in ("-c", setting)
    )
    + AS_ASKED
)
DIFF = ("diff", "-z", "--name-only", "--relative", "--ignore-submodules=none")
LFS = ("git-lfs clean -- %f", "git-lfs filter-process", "")  # the one filter that many projects have


class Git:
    """Questions to git in `project`, with answers cached; `exclude` are folders that never count as a change."""

    def __init__(self, project, exclude=(".team", ".claude")):
        self.project, self.exclude, self._cache, self._folder = str(project), tuple(exclude), {}, None

    def _run(self, *argv):
        if argv not in self._cache:
            try:
                # Neither the caller's environment nor the repository's settings decide which repository or which files git sees.
                environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
                if argv[0] in ("diff", "ls-files", "read-tree"):
                    environment["GIT_INDEX_FILE"] = self._index()
                done = subprocess.run(GIT + argv, cwd=self.project, capture_output=True, timeout=20, env=environment)
                text = done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
            except (OSError, subprocess.SubprocessError):
                text = None
            self._cache[argv] = text
        return self._cache[argv]

    def on_github(self):
        """Whether a remote of the repository is on GitHub."""
        return "github.com" in (self._run("remote", "-v") or "")

    def _index(self):
        """An index of our own, made from HEAD. It remembers no times of files, so git compares contents (a file can be edited with its
        size and times put back), and no flags (assume-unchanged, skip-worktree)."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="pack-git-")
            weakref.finalize(self, shutil.rmtree, self._folder, True)
            self._run("read-tree", "HEAD")
        return os.path.join(self._folder, "index")

    def head(self):
        """The commit that is checked out, or None."""
        text = self._run("rev-parse", "--verify", "-q", "HEAD")
        return text.strip() if text else None

    def _ours(self, name):
        return any(name == e or name.startswith(e + "/") for e in self.exclude)

    def _names(self, text):
        return sorted(n for n in (text or "").split("\0") if n and not self._ours(n))

    def untracked(self):
        """Files that are in no commit, and that git does not ignore."""
        return self._names(self._run("ls-files", "-z", "--others", "--exclude-standard"))

    def _top(self):
        """The real path of the work tree, with a separator behind it; None where git looks at none."""
        top = (self._run("rev-parse", "--show-toplevel") or "").rstrip("\n")
        return os.path.realpath(top).rstrip(os.sep) + os.sep if top else None

    def elsewhere(self):
        """What makes git look at another folder than the project (core.worktree): nothing it says is about the project then."""
        top = self._top()
        return [] if top and (os.path.realpath(self.project) + os.sep).startswith(top) else ["core.worktree"]

    def hidden(self):
        """Files whose changes git was told not to see: excludes and attributes outside the tree, filters that rewrite a content
        before git compares it, links out of the repository."""
        found = self._filtered() + self._outward()
        folder = (self._run("rev-parse", "--git-common-dir") or ".git").strip()
        more = (self._run("config", "--local", "--includes", "--path", "--get-all", "core.excludesFile") or "").splitlines()
        for name in [os.path.join(folder, "info", "exclude"), os.path.join(folder, "info", "attributes")] + more:
            try:
                with open(os.path.join(self.project, name), encoding="utf-8", errors="replace") as handle:
                    rules = [x for x in handle if x.strip() and not x.startswith("#")]
            except OSError:
                continue
            if os.path.basename(name) == "attributes" and rules:
                found.append(".git/info/attributes")
            elif rules:
                found += (self._run("ls-files", "-z", "--others", "--ignored", "--exclude-from=%s" % handle.name) or "").split("\0")
        return sorted(n for n in found if n and not self._ours(n))

    def _filtered(self):
        """Files with a clean filter, but for Git LFS as it sets itself up: any other could give git the old content."""
        if not (self._run("config", "--includes", "--get-regexp", r"^filter\..*\.(clean|process)$") or "").strip():
            return []
        names = (self._run("ls-files", "-z") or "").split("\0")
        found = []
        for start in range(0, len(names), 500):
            fields = (self._run("check-attr", "-z", "filter", "--", *[n for n in names[start : start + 500] if n]) or "").split("\0")
            for name, value in zip(fields[0::3], fields[2::3]):
                if value not in ("unspecified", "unset", "set") and not self._lfs(value):
                    found.append(name)
        return found

    def _lfs(self, name):
        told = [(self._run("config", "--includes", "--get", "filter.%s.%s" % (name, part)) or "").strip() for part in ("clean", "process")]
        return name == "lfs" and all(t in LFS for t in told)

    def _outward(self):
        """Links of the tree that lead out of the repository: git knows where they point, not what is there."""
        found, inside = [], self._top() or os.path.realpath(self.project) + os.sep
        for line in (self._run("ls-files", "-z", "-s") or "").split("\0"):
            name = line.partition("\t")[2]
            if line.startswith("120000") and not (os.path.realpath(os.path.join(self.project, name)) + os.sep).startswith(inside):
                found.append(name)
        return found

    def _here(self, names):
        """Those of some words that are files of the project, as paths from its root."""
        inside = os.path.realpath(self.project)
        paths = [os.path.relpath(os.path.join(inside, n), inside) if os.path.isabs(n) else os.path.normpath(n) for n in names]
        return sorted({p for p in paths if not p.startswith("..") and os.path.isfile(os.path.join(inside, p))})

    def unversioned(self, names):
        """Which of these files lie in the project and in no commit."""
        return [n for n in self._here(names) if not (self._run("ls-files", "--", n) or "").strip()]

    def touched(self, commit, names):
        """Which of these files of the project are not as in the commit, wherever they lie (the team's own folder too)."""
        names = self._here(names)
        return sorted(n for n in (self._run(*DIFF, commit, "--", *names) or "").split("\0") if n) if names else []

    def loose(self):
        """What beside the team's own folder is changed, untracked or hidden from git; what running programs leave behind is none of it."""
        return (
            self._names(self._run(*DIFF, "HEAD")) + [n for n in self.untracked() if not left_behind(n)] + self.hidden() + self.elsewhere()
        )

    def dirty(self, sources=None):
        """Is anything that counts (see `belongs`) changed, untracked or hidden from git?"""
        return any(counts(n, sources) for n in self.loose())

    def exists(self, commit):
        """Is this a commit of this repository?"""
        return bool(commit) and self._run("rev-parse", "--verify", "-q", commit + "^{commit}") is not None

    def changed_since(self, commit, sources=None, programs=()):
        """Files that differ between the commit and the work tree, as far as they belong to `sources` or are among `programs`."""
        names = self._names(self._run(*DIFF, commit)) + [n for n in self.untracked() if not left_behind(n)] + self.hidden()
        counted = self.elsewhere() + [n for n in names if belongs(n, sources)]
        return counted + [n for n in self.touched(commit, programs) + self.unversioned(programs) if n not in counted]

    def changed_between(self, one, other, sources=None):
        """Files that differ between two commits; None if one of them is unknown."""
        text = self._run(*DIFF, one, other)
        return None if text is None else [n for n in self._names(text) if belongs(n, sources)]

    def show(self, revision, path):
        """The content of a file at a revision, or None."""
        return self._run("show", "%s:./%s" % (revision, path))

    def revisions(self, path):
        """Commits that changed the file, newest first."""
        return (self._run("log", "--format=%H", "--", path) or "").split()


def belongs(name, sources):
    """Does a changed file count? Without `sources` everything but documents does."""
    if sources:
        return any(fnmatch.fnmatch(name, s) or name == s or name.startswith(s.rstrip("/*") + "/") for s in sources)
    return not (name.endswith((".md", ".txt", ".rst")) or name.startswith("docs/"))


LEFT = ("*.log", "*.pid", "*.sock", "*.pyc", "*.rdb", "*.aof", "*.manifest", "nohup.out", "mosquitto.db")
LEFT_FOLDERS = ("__pycache__", "appendonlydir", "jetstream", "mnesia", "node_modules/.cache", ".pytest_cache")


def left_behind(name):
    """Is an untracked file of a kind that servers and interpreters write by themselves?"""
    inside = "/" + os.path.dirname(name) + "/"
    return any(fnmatch.fnmatch(os.path.basename(name), x) for x in LEFT) or any("/%s/" % x in inside for x in LEFT_FOLDERS)


def counts(name, sources):
    """As `belongs`; that git looks elsewhere (no file's name) always counts."""
    return name == "core.worktree" or belongs(name, sources)


def state(project, files=(), exclude=(".team", ".claude"), sources=None):
    """The `git` part of a run; `files` are those that the measurement runs, which must be in the commit. `changed` names what is not."""
    git = Git(project, exclude)
    head = git.head()
    if not head:
        return {"commit": head, "dirty": True, "changed": []}
    found = [n for n in git.loose() if counts(n, sources)] + git.unversioned(files) + git.touched("HEAD", files)
    return {"commit": head, "dirty": bool(found), "changed": list(dict.fromkeys(found))[:5]}
