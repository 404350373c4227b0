"""Runs in a sparse checkout: honest ones pass, also in what it leaves out; what changes outside it is found (PROTOCOL 12)."""

import os

import pytest

from tests.conftest import git
from hooks.driver import plan
from hooks.test_result import closed, done, end, happened, status, summary, write
from hooks.test_rules import refused

VERIFY = "pack verify --build true --test 'python3 -m unittest -q'"
WAYS = {
    "cone": ("--cone", "src", ".conventions"),
    "with a sparse index": ("--cone", "--sparse-index", "src", ".conventions"),
    "patterns": ("--no-cone", "/*", "!/docs/", "!/lib/"),
}


@pytest.fixture(params=sorted(WAYS))
def sparse(session, request):
    s = session
    for folder in ("docs", "lib/in"):
        write(s, folder + "/f.txt", folder + "\n")
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "more")
    git(s.project, "sparse-checkout", "set", *WAYS[request.param])
    assert not os.path.exists(os.path.join(s.project, "docs"))
    return s


def test_an_honest_run(sparse):
    done(sparse)
    closed(sparse)
    assert "Everything that differs from the start is approved." in summary(sparse) and "Definition of Done: ✅ met" in summary(sparse)


def test_more_of_it_is_laid_out_in_mid_run_and_what_is_not_as_it_was_committed_is_found(sparse):
    s = sparse
    done(s)
    git(s.project, "sparse-checkout", "disable")
    assert "changed outside every task" not in status(s)
    write(s, "docs/f.txt", "EVIL\n")
    assert "docs/f.txt changed outside every task" in status(s) and "lib/in" not in status(s)
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "docs/f.txt: nobody")
    git(s.project, "checkout", "--", "docs/f.txt")
    closed(s, VERIFY)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)


@pytest.mark.parametrize("name", ["docs/f.txt", "docs/new.txt"])
def test_a_file_that_it_leaves_out(sparse, name):
    s = sparse
    done(s)
    write(s, name, "EVIL\n")
    assert name + " changed outside every task" in status(s)
    git(s.project, "add", "--sparse", name)
    git(s.project, "commit", "-qm", "x")
    git(s.project, "sparse-checkout", "reapply")
    assert not os.path.exists(os.path.join(s.project, name))
    assert "COMMIT_DIVERGES" in status(s) and [d["paths"] for d in happened(s, "COMMIT_DIVERGES")] == [[name]]
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", name)


def test_a_task_in_what_it_leaves_out(sparse):
    s = sparse
    raw = plan()
    raw["tasks"][0]["files"] = ["docs/"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "docs/new.md", "new\n")
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add --sparse docs/new.md && git commit -qm 'feat: task #1'") is None
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    closed(s, VERIFY)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)


NARROWED = {
    "what no task has": (("src", ".conventions"), "docs/f.txt, lib/in/f.txt"),
    "what tasks have": (("docs",), ".conventions/checks/naming.md, lib/in/f.txt, src/a.py, src/old.py"),
}


@pytest.fixture
def whole(session):
    s = session
    for folder in ("docs", "lib/in"):
        write(s, folder + "/f.txt", folder + "\n")
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "more")
    return s


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", sorted(NARROWED))
def test_it_is_narrowed_in_mid_run(whole, how, when):
    s, (folders, names) = whole, NARROWED[how]
    done(s)
    if when == "after":
        assert s.bash("lead", VERIFY) is None and "PASSED" in s.output
    git(s.project, "sparse-checkout", "set", "--cone", *folders)
    assert "outside every task" not in status(s) and not happened(s, "CONTENT_DRIFTED")
    if when == "before":
        assert s.bash("lead", VERIFY) is None and "PASSED" in s.output
    assert s.bash("lead", "pack teardown") is None
    end(s)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)
    assert "Not laid out by the sparse checkout any more, and in the commit as it was: %s" % names in summary(s), summary(s)


@pytest.mark.parametrize("sparse_too", [False, True])
def test_a_file_is_taken_away_and_git_is_told_to_overlook_it(whole, sparse_too):
    """Only what the last commit has as it was counts as left out, and only where a sparse checkout leaves it out."""
    s = whole
    done(s)
    if sparse_too:
        git(s.project, "rm", "-q", "docs/f.txt")
        git(s.project, "commit", "-qm", "gone")
        git(s.project, "sparse-checkout", "set", "--cone", "src", ".conventions")
    else:
        git(s.project, "update-index", "--skip-worktree", "docs/f.txt")
        os.unlink(os.path.join(s.project, "docs/f.txt"))
    assert "docs/f.txt" in status(s)
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "docs/f.txt")
