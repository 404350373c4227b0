"""What git says about the project: the commit that evidence is bound to, and what changed since."""

import fnmatch
import subprocess


class Git:
    """Questions to git in `project`, with answers cached; `exclude` are folders that never count as a change."""

    def __init__(self, project, exclude=(".team", ".claude")):
        self.project, self.exclude, self._cache = str(project), tuple(exclude), {}

    def _run(self, *argv):
        if argv not in self._cache:
            try:
                done = subprocess.run(
                    ("git", "-c", "core.quotepath=off") + argv, cwd=self.project, capture_output=True, timeout=20
                )
                text = done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
            except (OSError, subprocess.SubprocessError):
                text = None
            self._cache[argv] = text
        return self._cache[argv]

    def head(self):
        """The commit that is checked out, or None."""
        text = self._run("rev-parse", "--verify", "-q", "HEAD")
        return text.strip() if text else None

    def _names(self, text):
        return sorted(n for n in (text or "").split("\0") if n and n.split("/")[0] not in self.exclude)

    def untracked(self):
        """Files that git does not know and does not ignore."""
        return self._names(self._run("ls-files", "-z", "--others", "--exclude-standard"))

    def dirty(self):
        """Is anything beside the team's own folder changed or untracked?"""
        return bool(self._names(self._run("diff", "-z", "--name-only", "--relative", "HEAD")) or self.untracked())

    def exists(self, commit):
        """Is this a commit of this repository?"""
        return bool(commit) and self._run("rev-parse", "--verify", "-q", commit + "^{commit}") is not None

    def changed_since(self, commit, sources=None):
        """Files that differ between the commit and the work tree, as far as they belong to `sources`."""
        names = self._names(self._run("diff", "-z", "--name-only", "--relative", commit)) + self.untracked()
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


def state(project):
    """The `git` part of a run."""
    git = Git(project)
    head = git.head()
    return {"commit": head, "dirty": git.dirty() if head else True}
