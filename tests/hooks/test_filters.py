"""The user's own clean filters (nbstripout, git-crypt and the like): asked while they are what the run began with, and only then (PROTOCOL 12)."""

import os
import subprocess

import pytest

from tests.conftest import git
from hooks.driver import plan
from hooks.test_result import closed, end, happened, summary, write
from hooks.test_rules import refused

VERIFY = "pack verify --build true --test 'python3 -m unittest -q'"
STRIP = """\
import json, sys
book = json.load(sys.stdin)
for cell in book["cells"]:
    cell["outputs"] = []
json.dump(book, sys.stdout, indent=1)
"""
TURN = "import codecs, sys\nsys.stdout.write(codecs.encode(sys.stdin.read(), 'rot13'))\n"  # its own inverse: stands for an encryption
BOOK = '{"cells": [{"source": "1 + 1", "outputs": ["2"]}]}'


def begin(s, attributes="*.ipynb filter=strip\nsrc/*.key filter=crypt\n"):
    """A project with two filters of the user's: a program of his own outside, and one that lies in the repository."""
    os.makedirs(s.data, exist_ok=True)
    with open(os.path.join(s.data, "strip.py"), "w") as f:
        f.write(STRIP)
    write(s, ".filters/turn.py", TURN)
    write(s, ".gitattributes", attributes)
    git(s.project, "config", "filter.strip.clean", "python3 %s/strip.py" % s.data)
    git(s.project, "config", "filter.crypt.clean", "python3 .filters/turn.py")
    git(s.project, "config", "filter.crypt.smudge", "python3 .filters/turn.py")
    git(s.project, "config", "filter.crypt.required", "true")
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "filters")
    raw = plan()
    raw["tasks"][0]["files"] = ["src/"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    assert s.bash("coder-1", "printf '%s' > src/a.ipynb; printf 'secret' > src/a.key" % BOOK) is None
    s.review("coder-1", 1)


def commit(s):
    return s.bash("coder-1", "git add src && git commit -qm 'feat: task #1'")


def diverged(s):
    assert s.state()["tasks"]["1"]["state"] == "APPROVED"
    return [d["why"] for d in happened(s, "COMMIT_DIVERGES")]


def test_what_the_users_own_filters_make_of_approved_bytes_is_approved(session):
    s = session
    begin(s)
    assert commit(s) is None
    assert s.state()["tasks"]["1"]["state"] == "DONE" and not happened(s, "COMMIT_DIVERGES")
    kept = git(s.project, "show", "HEAD:src/a.ipynb")
    assert '"outputs": []' in kept and git(s.project, "show", "HEAD:src/a.key") == "frperg"
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    closed(s, VERIFY)
    assert "Everything that differs from the start is approved." in summary(s), summary(s)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)


@pytest.mark.parametrize(
    "change",
    [
        "git config filter.strip.clean 'sed s/1/9/'",
        "printf '\\nsys.stdout.write(\" \")\\n' >> DATA/strip.py",
        "printf '\\nsys.stdout.write(\"x\")\\n' >> .filters/turn.py",
        "printf '*.none text\\n' > .git/info/attributes",
    ],
)
def test_a_filter_that_changed_since_the_start_is_not_asked(session, change):
    s = session
    begin(s)
    subprocess.run(["sh", "-c", change.replace("DATA", s.data)], cwd=s.project, check=True)
    commit(s)
    assert any("is not what was approved" in why or "is in no approved task" in why for why in diverged(s)), s.output


def test_a_filter_that_came_in_mid_run_is_not_asked(session):
    s = session
    begin(s, "*.none filter=strip\n")
    git(s.project, "config", "filter.new.clean", "sed s/1/2/")
    write(s, ".git/info/attributes", "*.ipynb filter=new\n")
    commit(s)
    assert diverged(s) == ["src/a.ipynb is not what was approved"]


def test_a_known_filter_for_a_file_that_it_was_not_for(session):
    """The rule that gives it the file is as new as a filter would be."""
    s = session
    begin(s, "*.none filter=strip\n")
    write(s, ".gitattributes", "*.none filter=strip\n*.ipynb filter=strip\n")
    commit(s)
    assert any("src/a.ipynb is not what was approved" in why for why in diverged(s)), diverged(s)


def test_a_filter_that_another_commit_did_not_go_through(session):
    """The blob is what somebody else wrote into the index, and no filter made it of the approved bytes."""
    s = session
    begin(s)
    git(s.project, "add", "src")
    write(s, "other", BOOK.replace("1 + 1", "1 + 9").replace('"2"', ""))
    blob = git(s.project, "hash-object", "-w", "other").strip()
    os.unlink(os.path.join(s.project, "other"))
    git(s.project, "update-index", "--add", "--cacheinfo", "100644,%s,src/a.ipynb" % blob)
    git(s.project, "commit", "-qm", "feat: task #1")
    s.send("UserPromptSubmit", prompt="team status")
    assert diverged(s) == ["src/a.ipynb is not what was approved"]


def test_at_the_end_too_the_filter_is_the_one_of_the_start(session):
    s = session
    begin(s)
    assert commit(s) is None
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    git(s.project, "config", "filter.strip.clean", "cat")
    s.bash("lead", VERIFY)
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/a.ipynb")
    git(s.project, "config", "filter.strip.clean", "python3 %s/strip.py" % s.data)
    s.bash("lead", VERIFY)
    assert s.bash("lead", "pack teardown") is None
    end(s)
