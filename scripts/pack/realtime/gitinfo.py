"""What git says about the project: the commit that evidence is bound to, and what changed since."""

import fnmatch
import os
import subprocess


def own(team_dir, definition):
    """Folders of the project that belong to the team itself, whose changes are no change of what is measured."""
    return (definition["root"], os.path.basename(os.path.abspath(team_dir)), ".team", ".claude")


class Git:
    """Questions to git in `project`, with answers cached; `exclude` are folders that never count as a change."""

    def __init__(self, project, exclude=(".team", ".claude")):
        self.project, self.exclude, self._cache = str(project), tuple(exclude), {}

    def _run(self, *argv):
        if argv not in self._cache:
            try:
                # Neither the caller's environment nor a monitor of its own decides which repository or which files git sees.
                environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
                command = ("git", "-c", "core.quotepath=off", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
                done = subprocess.run(command + argv, cwd=self.project, capture_output=True, timeout=20, env=environment)
                text = done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
            except (OSError, subprocess.SubprocessError):
                text = None
            self._cache[argv] = text
        return self._cache[argv]

    def head(self):
        """The commit that is checked out, or None."""
        text = self._run("rev-parse", "--verify", "-q", "HEAD")
        return text.strip() if text else None

    def _ours(self, name):
        return any(name == e or name.startswith(e + "/") for e in self.exclude)

    def _names(self, text):
        return sorted(n for n in (text or "").split("\0") if n and not self._ours(n))

    def untracked(self):
        """Files that git does not know and does not ignore."""
        return self._names(self._run("ls-files", "-z", "--others", "--exclude-standard"))

    def hidden(self):
        """Files whose changes git was told not to see: assume-unchanged, skip-worktree, excludes and attributes outside the tree."""
        told = (self._run("ls-files", "-z", "-v") or "").split("\0")
        found = [x[2:] for x in told if x[:1].islower() or x[:1] == "S"]
        folder = (self._run("rev-parse", "--git-common-dir") or ".git").strip()
        for name in ("exclude", "attributes"):
            try:
                with open(os.path.join(self.project, folder, "info", name), encoding="utf-8", errors="replace") as handle:
                    rules = [x for x in handle if x.strip() and not x.startswith("#")]
            except OSError:
                continue
            if name == "attributes" and rules:
                found.append(".git/info/attributes")
            elif rules:
                found += (self._run("ls-files", "-z", "--others", "--ignored", "--exclude-from=%s" % handle.name) or "").split("\0")
        return sorted(n for n in found if n and not self._ours(n))

    def unversioned(self, names):
        """Which of these files lie in the project and in no commit."""
        here = [n for n in names if os.path.isfile(os.path.join(self.project, n)) and not os.path.isabs(n)]
        return [n for n in here if not (self._run("ls-files", "--", n) or "").strip()]

    def dirty(self):
        """Is anything beside the team's own folder changed, untracked or hidden from git?"""
        changed = self._names(self._run("diff", "-z", "--name-only", "--relative", "HEAD"))
        return bool(changed or self.untracked() or self.hidden())

    def exists(self, commit):
        """Is this a commit of this repository?"""
        return bool(commit) and self._run("rev-parse", "--verify", "-q", commit + "^{commit}") is not None

    def changed_since(self, commit, sources=None):
        """Files that differ between the commit and the work tree, as far as they belong to `sources`."""
        names = self._names(self._run("diff", "-z", "--name-only", "--relative", commit)) + self.untracked() + self.hidden()
        return [n for n in names if belongs(n, sources)]

    def changed_between(self, one, other, sources=None):
        """Files that differ between two commits; None if one of them is unknown."""
        text = self._run("diff", "-z", "--name-only", "--relative", one, other)
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


def state(project, files=(), exclude=(".team", ".claude")):
    """The `git` part of a run; `files` are those that the measurement runs, which must be in the commit."""
    git = Git(project, exclude)
    head = git.head()
    return {"commit": head, "dirty": bool(git.dirty() or git.unversioned(files)) if head else True}
