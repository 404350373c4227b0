"""Approved files that git writes anew, with the line ends and the `$Id$` that attributes ask for (PROTOCOL 12)."""

import os

import pytest

from tests.conftest import git
from hooks.driver import plan
from hooks.test_leftovers import open_paths, settled
from hooks.test_result import closed, happened, status, summary, write

VERIFY = "pack verify --build true --test 'python3 -m unittest -q'"
ATTRIBUTES = "src/*.bat text eol=crlf\nsrc/*.auto text=auto eol=crlf\nsrc/*.id ident\nsrc/*.both ident eol=crlf\n"
FILES = {"src/a.bat": "a\nb\n", "src/a.auto": "a\nb\n", "src/a.id": "# $Id$\n", "src/a.both": "# $Id$\nb\n"}


def begin(s, attributes=ATTRIBUTES):
    if attributes:
        write(s, ".gitattributes", attributes)
    write(s, "src/old.bat", "old\n")
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "attributes")
    settled()
    raw = plan()
    raw["tasks"][0]["files"] = ["src/"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    for path, text in FILES.items():
        s.edit("coder-1", path, text)
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add src && git commit -qm 'feat: task #1'") is None
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    assert not happened(s, "COMMIT_DIVERGES")


def again(s, *names):
    """The files as git writes them."""
    for name in names:
        os.unlink(os.path.join(s.project, name))
    git(s.project, "checkout", "--", *names)
    return {name: raw(s, name) for name in names}


def raw(s, name):
    with open(os.path.join(s.project, name), "rb") as f:
        return f.read()


def test_what_git_writes_of_the_approved_bytes_is_approved(session):
    s = session
    begin(s)
    found = again(s, "src/old.bat", *FILES)
    assert found["src/a.bat"] == found["src/a.auto"] == b"a\r\nb\r\n" and found["src/old.bat"] == b"old\r\n"
    assert found["src/a.id"].startswith(b"# $Id: ") and found["src/a.both"].endswith(b" $\r\nb\r\n")
    said = status(s)
    assert "outside every task" not in said and not happened(s, "CONTENT_DRIFTED"), said
    closed(s, VERIFY)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)


@pytest.mark.parametrize(
    "name, text",
    [
        ("src/a.bat", b"a\r\nb\n"),  # git would write no mixture
        ("src/a.bat", b"a\r\r\nb\r\n"),
        ("src/a.id", b"# $Id: rm -rf / $\n"),  # git's own clean gives the approved blob of it
        ("src/a.both", b"# $Id$\r\nc\r\n"),
    ],
)
def test_other_bytes_that_git_would_keep_in_the_same_form_are_not(session, name, text):
    s = session
    begin(s)
    with open(os.path.join(s.project, name), "wb") as f:
        f.write(text)
    assert "DRIFTED" in status(s)
    assert open_paths(s) == {name}


@pytest.mark.parametrize("place", [".gitattributes", "src/.gitattributes", ".git/info/attributes"])
def test_attributes_that_came_since_the_start_ask_for_nothing(session, place):
    s = session
    begin(s, None)
    write(s, place, "*.bat eol=crlf\n")
    assert again(s, "src/a.bat") == {"src/a.bat": b"a\r\nb\r\n"}
    assert "DRIFTED" in status(s)
    assert "src/a.bat" in open_paths(s)


def test_a_filter_of_the_users_writes_what_only_it_knows(session):
    """The clean side is asked of a commit; what a smudge writes may be anything, and is what people then run."""
    s = session
    git(s.project, "config", "filter.turn.smudge", "sed s/a/z/")
    git(s.project, "config", "filter.turn.clean", "sed s/z/a/")
    begin(s, ATTRIBUTES + "src/*.bat filter=turn\n")
    assert again(s, "src/a.bat") == {"src/a.bat": b"z\r\nb\r\n"}
    assert open_paths(s) == {"src/a.bat"}
