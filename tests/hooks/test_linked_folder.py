"""A task's file below a linked folder: git knows it by one name, whichever the plan has (PROTOCOL 12)."""

import os

import pytest

from tests.conftest import git
from hooks.driver import plan
from hooks.test_leftovers import open_paths
from hooks.test_result import closed, happened, summary, write

VERIFY = "pack verify --build true --test 'python3 -m unittest -q'"


@pytest.fixture
def linked(session):
    s = session
    write(s, "real/old.py", "O = 1\n")
    os.symlink("real", os.path.join(s.project, "link"))
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "link")
    return s


@pytest.mark.parametrize("names", [["link/n.py"], ["real/n.py"], ["link/n.py", "real/n.py"], ["link/"]], ids=" ".join)
@pytest.mark.parametrize("written", ["link/n.py", "real/n.py"])
def test_a_file_below_a_linked_folder_is_one_by_all_its_names(linked, names, written):
    s = linked
    raw = plan()
    raw["tasks"][0]["files"] = names
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    assert s.edit("coder-1", written, "# task 1\n") is None
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add real/n.py && git commit -qm 'feat: task #1'") is None
    assert s.state()["tasks"]["1"]["state"] == "DONE" and not happened(s, "COMMIT_DIVERGES")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    closed(s, VERIFY)
    assert "in no commit" not in summary(s) and "Definition of Done: ✅ met" in summary(s), summary(s)


def test_a_link_that_leads_elsewhere_since_is_no_name_of_it(linked):
    s = linked
    raw = plan()
    raw["tasks"][0]["files"] = ["link/n.py"]
    s.setup("SIMPLE", raw=raw)
    s.do_task("coder-1", 1, "real/n.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    write(s, "other/n.py", "EVIL = 1\n")
    os.unlink(os.path.join(s.project, "link"))
    os.symlink("other", os.path.join(s.project, "link"))
    assert {"link", "link/n.py", "other/n.py"} <= open_paths(s)
