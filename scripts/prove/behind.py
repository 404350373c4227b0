"""Runs whose repository is changed behind the gate's back, with real git: by the user, a hook, a filter, a background writer. For hostile.py.

The witness judges the result from outside: it walks the folder and reads git's trees itself, at the start and at the end. What differs and is
neither what a DONE task ended with, nor taken by a typed word, stands in the summary, or a promise is broken (PROTOCOL 12).
"""

import os
import subprocess

from .client import git
from .today import Today, TodayDeeds
from .witness import Broken, Witness, bytes_of, need

OWN = ("DECISIONS.md", ".project-profile.yml")
PLAIN = ("--no-replace-objects", "-c", "core.fileMode=true", "--work-tree=.")


def seen(project):
    """{path: what a reader sees there, with the executable bit}, by a walk."""
    out = {}
    for base, folders, files in os.walk(project):
        rel = os.path.relpath(base, project)
        folders[:] = [f for f in folders if f not in (".git", ".claude", "__pycache__", ".team-scratch")]
        for name in files + [f for f in folders if os.path.islink(os.path.join(base, f))]:
            path = os.path.normpath(os.path.join(rel, name))
            full = os.path.join(project, path)
            out[path] = bytes_of(full) + ("x" if not os.path.islink(full) and os.stat(full).st_mode & 0o100 else "")
    return out


def entries(project, *args):
    """{path: "mode blob"} of ls-tree or ls-files."""
    done = subprocess.run(("git", "-C", project) + PLAIN + args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = {}
    for row in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        facts, _, path = row.partition("\t")
        words = facts.split(" ")
        if path:
            out[path] = "%s %s" % (words[0], words[2] if args[0] == "ls-tree" else words[1])
    return out


def put(project, path, text, mode="w"):
    full = os.path.join(project, path)
    if os.path.islink(full) or os.path.isdir(full):
        return
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, mode) as f:
        f.write(text)


def tried(project, *args):
    subprocess.run(("git", "-C", project) + args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _hook(p, n):
    put(p, ".git/hooks/pre-commit", "#!/bin/sh\necho %d > src/hooked.py; git add -f src/hooked.py\n" % n)
    os.chmod(os.path.join(p, ".git/hooks/pre-commit"), 0o755)


def _filter(p, n):
    tried(p, "config", "filter.f.clean", "sed s/task/TASK/")
    put(p, ".git/info/attributes", "*.py filter=f\n")


def _mode(p, n):
    tried(p, "config", "core.fileMode", "false")
    tried(p, "update-index", "--chmod=+x", "src/old.py")


def _swap(p, n):
    """Only the index holds it."""
    with open(os.path.join(p, "check.sh")) as f:
        was = f.read()
    put(p, "check.sh", was + "# staged %d\n" % n)
    tried(p, "add", "check.sh")
    put(p, "check.sh", was)


def _committed(p, n):
    put(p, "check.sh", "# committed %d\n" % n, "a")
    tried(p, "commit", "-qm", "x", "--", "check.sh")


def _reverted(p, n):
    _committed(p, n)
    tried(p, "revert", "--no-edit", "HEAD")


def _cached(p, n):
    blob = git(p, "hash-object", "-w", "plan.md").strip()
    tried(p, "update-index", "--add", "--cacheinfo", "100644,%s,src/index%d.py" % (blob, n))


TRICKS = {
    "new file": lambda p, n: put(p, "src/new%d.py" % n, "N = %d\n" % n),
    "hides itself": lambda p, n: (put(p, "src/.gitignore", "*\n"), put(p, "src/hidden%d.py" % n, "N = %d\n" % n)),
    "rules": lambda p, n: (put(p, ".git/info/exclude", "src/left*.py\n"), put(p, "src/left%d.py" % n, "N = 1\n")),
    "hook": _hook,
    "filter": _filter,
    "mode": _mode,
    "only staged": _swap,
    "committed": _committed,
    "reverted": _reverted,
    "in the index": _cached,
    "overlooked": lambda p, n: (tried(p, "update-index", "--assume-unchanged", "src/old.py"), put(p, "src/old.py", "# %d\n" % n, "a")),
    "executable": lambda p, n: os.chmod(os.path.join(p, "check.sh"), 0o755),
    "repository": lambda p, n: (put(p, "src/own/o%d.py" % n, "O = 1\n"), tried(p, "init", "-q", "src/own")),
    "bare": lambda p, n: (tried(p, "config", "core.bare", "true"), put(p, "src/bare%d.py" % n, "N = 1\n")),
    "elsewhere": lambda p, n: (tried(p, "config", "core.worktree", os.path.dirname(p)), put(p, "src/else%d.py" % n, "N = 1\n")),
    "merge": lambda p, n: put(p, ".git/MERGE_HEAD", git(p, "rev-parse", "HEAD")),
}


def mended(p, _n):
    """What bends git and its commits is taken back; files, index and commits stay."""
    for path in (".git/hooks/pre-commit", ".git/info/attributes", ".git/MERGE_HEAD", ".git/info/exclude"):
        if os.path.lexists(os.path.join(p, path)):
            os.unlink(os.path.join(p, path))
    for key in ("core.worktree", "core.bare", "core.fileMode"):
        tried(p, "config", "--unset-all", key)


class Onlooker(Witness):
    """Where others bend git between the door and the commit, no door can tell what a commit will hold: it must be told as diverging."""

    bent = False

    def committed(self, who, person, names, blobs):
        try:
            Witness.committed(self, who, person, names, blobs)
        except Broken as broken:
            if not self.bent or broken.kind not in ("COMMIT_FOREIGN", "COMMIT_EARLY", "COMMIT_OTHER"):
                raise
            self.diverging.append(git(self.project, "rev-parse", "HEAD").strip())


class Behind(Today):
    """A client in whose project others are at work."""

    def a_witness(self):
        witness = Onlooker(self.project, self.headless, self.setup["coders"])
        witness.diverging = []
        return witness

    def open(self):
        Today.open(self)
        self.bent, self.judged = False, False
        self.first_seen, self.first_head = seen(self.project), git(self.project, "rev-parse", "HEAD").strip()

    def do_behind(self, _who, deed):
        self.bent = deed["trick"] != "mended"
        self.witness.bent = True
        (TRICKS.get(deed["trick"]) or mended)(self.project, deed["n"])
        self.witness.checked["tricks"] = self.witness.checked.get("tricks", 0) + 1

    def do(self, deed):
        went = Today.do(self, deed)
        state = self.book.state
        if state["phase"] == "CLOSED" and not state["teardown"]["aborted"] and not self.judged:
            self.judged = True
            self.judge()
        return went

    def judge(self):
        """Whatever differs from the start is what a DONE task ended with, was taken by the user's word, or is named."""
        with open(os.path.join(self.book.folder, "summary.md"), encoding="utf-8") as f:
            summary = f.read()
        told = {r["data"]["sha"] for r in self.book.records if r["event"] == "COMMIT_DIVERGES"}
        untold = [sha for sha in self.witness.diverging if sha not in told]
        need(not untold, "UNTOLD", "commits hold other than approved content, and nobody was told: %s", untold)
        final, waived = {}, self.witness.waived
        for t in self.witness.tasks.values():
            final.update(dict(t.final or ()) if t.end == "DONE" else {})
        end, named = seen(self.project), lambda p: p in OWN or p in summary or any(p == w or p.startswith(w + "/") for w in waived)
        for path in sorted(set(end) | set(self.first_seen)):
            now = end.get(path, "-")
            ok = now == self.first_seen.get(path, "-") or final.get(path) == now or named(path)
            need(ok, "UNNAMED", "%s is on disk, nobody approved it, and the summary does not name it", path)
        begun, head = entries(self.project, "ls-tree", "-r", "-z", self.first_head), entries(self.project, "ls-tree", "-r", "-z", "HEAD")
        index = entries(self.project, "ls-files", "-s", "-z")
        for what, table, before in (("HEAD", head, begun), ("the index", index, head)):
            for path in sorted(p for p in set(table) | set(before) if table.get(p) != before.get(p)):
                need(
                    self._approved(table.get(path), final.get(path)) or named(path),
                    "UNNAMED",
                    "%s holds %s otherwise than before, nobody approved it, and the summary does not name it",
                    what,
                    path,
                )
        self.witness.checked["judged"] = self.witness.checked.get("judged", 0) + 1

    def _approved(self, entry, wanted):
        """Whether an entry of a tree is what a task ended with."""
        if entry is None or wanted is None:
            return (entry is None) == (wanted in (None, "-"))
        path = os.path.join(os.path.dirname(self.project), "blob")
        data = subprocess.run(
            ("git", "-C", self.project, "cat-file", "blob", entry.split(" ")[1]), stdout=subprocess.PIPE, check=True
        ).stdout
        if entry.startswith("120000"):
            return wanted.startswith(data.decode() + ">")
        with open(path, "wb") as f:
            f.write(data)
        return bytes_of(path) == wanted and entry.startswith("100644")


class BehindDeeds(TodayDeeds):
    """What is done behind the gate's back, beside everything else."""

    kinds = TodayDeeds.kinds + (("behind", 40),)

    def _n_behind(self, _state):
        self.serial += 1
        return {"do": "behind", "trick": self.rng.choice(sorted(TRICKS)), "n": self.serial}

    def honest(self):
        if self.c.bent and (not self.hostile or self.rng.random() < 0.1):
            return [{"do": "behind", "trick": "mended", "n": 0}]
        return TodayDeeds.honest(self)
