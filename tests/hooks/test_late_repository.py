"""A run that began without a git repository, in a project that gets one in mid-run: its history is judged as any other (PROTOCOL 12)."""

import os
import subprocess

import pytest

from hooks.driver import Session
from hooks.test_result import end, happened, status, summary
from hooks.test_rules import refused

INIT = "git init -q -b main && git config user.name t && git config user.email t@example.invalid"
VERIFY = "pack verify --build true --test 'python3 -m unittest -q'"
GUIDE = ".conventions/checks/naming.md"


def shell(s, text, folder="."):
    subprocess.run(["sh", "-c", text], cwd=os.path.join(s.project, folder), check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def bare(tmp_path):
    """A project without a repository, a run in it up to its coder."""
    project = tmp_path / "app"
    (project / "src").mkdir(parents=True)
    (project / "src" / "old.py").write_text("OLD = 1\n")
    (project / "test_old.py").write_text("import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n")
    (project / "plan.md").write_text("# Add a greeting\n\nSay hello.\n")
    s = Session(project, tmp_path / "data")
    s.setup("SIMPLE")
    return s


def task(s, number, path):
    """A task to its approval, and DONE where no repository asks for a commit."""
    s.say("coder-1", "supervisor", "CLAIM: task #%d" % number)
    assert s.edit("coder-1", path, "# task %d\n" % number) is None
    s.review("coder-1", number)
    if os.path.lexists(os.path.join(s.project, ".git")) or os.path.lexists(os.path.join(s.project, "..", ".git")):
        assert s.bash("coder-1", "git add %s && git commit -qm 'feat: task #%d'" % (path, number)) is None
    assert s.say("coder-1", "supervisor", "DONE: task #%d" % number) is None


@pytest.mark.parametrize("when", ["before", "between", "after"])
@pytest.mark.parametrize("where", [".", ".."])
def test_what_lay_there_may_be_committed(bare, when, where):
    s = bare
    for moment in ("before", "between", "after"):
        if moment == when:
            shell(
                s, INIT + " && printf '__pycache__/\\n.claude/\\ndata/\\n' > .git/info/exclude; git add -A && git commit -qm start", where
            )
        if moment != "after":
            task(s, *((1, "src/a.py") if moment == "before" else (2, GUIDE)))
    assert not happened(s, "COMMIT_DIVERGES") and "🚨" not in status(s)
    s.bash("lead", VERIFY)
    assert s.bash("lead", "pack teardown") is None
    end(s)
    assert "Definition of Done: ✅ met" in summary(s) and "HEAD moved past the gate: no commit -> " in summary(s), summary(s)
    assert "The run began without a git repository, and there is one now" in summary(s)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_with_something_else_is_found_although_the_disk_is_as_it_was(bare, when):
    s = bare
    first = (
        INIT
        + " && cp src/old.py kept && echo EVIL > src/old.py && git add src plan.md test_old.py && git commit -qm start; mv kept src/old.py"
    )
    if when == "before":
        shell(s, first)
    task(s, 1, "src/a.py")
    task(s, 2, GUIDE)
    if when == "after":
        shell(s, first)
        assert "src/old.py is in no approved task" in status(s)
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/old.py: in the commit")


def test_without_a_commit_of_what_lay_there_a_checkout_is_not_verified(bare):
    s = bare
    shell(s, INIT)
    task(s, 1, "src/a.py")
    task(s, 2, GUIDE)
    s.bash("lead", VERIFY)
    assert "verified in place: the run began without a repository, and a checkout of the one that is there now would lack" in s.output
