"""Submodules that are laid out or put away in mid-run at the commit that the repository records (PROTOCOL 12)."""

import os
import shutil
import zlib

import pytest

from tests.conftest import git
from hooks.test_leftovers import WHO, nested, open_paths, settled
from hooks.test_result import closed, done, happened, status, summary, write

VERIFY = "pack verify --build true --test 'python3 -m unittest -q'"
FILE = ("-c", "protocol.file.allow=always")


@pytest.fixture
def lib(session):
    """A project with the submodule `deps/lib`, by the name `core`, which holds another one, `sub`; both are laid out."""
    s = session
    nested(os.path.join(s.data, "sub"), deep="D = 1\n")
    nested(os.path.join(s.data, "lib"), lib="L = 1\n", gone="G = 1\n")
    inner = os.path.join(s.data, "lib")
    git(inner, *FILE, "submodule", "add", "-q", os.path.join(s.data, "sub"), "sub")
    git(inner, *WHO, "commit", "-qm", "sub")
    git(s.project, *FILE, "submodule", "add", "-q", "--name", "core", inner, "deps/lib")
    git(s.project, *FILE, "submodule", "update", "-q", "--init", "--recursive")
    git(s.project, "commit", "-qm", "lib")
    return s


def put_away(s):
    git(s.project, "submodule", "deinit", "-q", "-f", "--all")
    assert os.listdir(os.path.join(s.project, "deps/lib")) == []


def lay_out(s):
    git(s.project, *FILE, "submodule", "update", "-q", "--init", "--recursive")
    assert os.path.exists(os.path.join(s.project, "deps/lib/sub/deep"))


def begin(s, away):
    if away:
        put_away(s)
    settled()
    done(s)
    assert not happened(s, "OVERLAP_SCOPE")
    (lay_out if away else put_away)(s)
    assert "outside every task" not in status(s), happened(s, "OVERLAP_SCOPE")


@pytest.mark.parametrize("away", [True, False])
def test_what_git_lays_out_or_puts_away_is_the_recorded_commit(lib, away):
    s = lib
    begin(s, away)
    closed(s, VERIFY)
    assert "Definition of Done: ✅ met" in summary(s), summary(s)
    assert "Everything that differs from the start is approved." in summary(s)


def test_what_differs_from_the_recorded_commit_is_named(lib):
    s = lib
    begin(s, True)
    write(s, "new.py", "N = 1\n")
    assert "new.py changed" in status(s), "a submodule hides nothing that is new beside it"
    os.unlink(os.path.join(s.project, "new.py"))
    write(s, "deps/lib/lib", "L = 9\n")
    write(s, "deps/lib/new", "N = 1\n")
    write(s, "deps/lib/sub/deep", "D = 9\n")
    os.unlink(os.path.join(s.project, "deps/lib/gone"))
    assert open_paths(s) == {"deps/lib/lib", "deps/lib/new", "deps/lib/sub/deep", "deps/lib/gone"}
    git(os.path.join(s.project, "deps/lib/sub"), *WHO, "commit", "-qam", "other")
    git(os.path.join(s.project, "deps/lib"), "checkout", "-q", "--", "lib", "gone")
    assert open_paths(s) == {"deps/lib/new", "deps/lib/sub", "deps/lib/sub/deep"}
    git(os.path.join(s.project, "deps/lib"), *WHO, "commit", "-q", "--allow-empty", "-m", "other")
    assert "deps/lib" in open_paths(s)
    git(os.path.join(s.project, "deps/lib"), "clean", "-qfd")
    git(s.project, *FILE, "submodule", "update", "-q", "--recursive")
    closed(s, VERIFY)


def test_what_no_commit_held_is_lost_with_the_folder(lib):
    s = lib
    write(s, "deps/lib/lib", "L = 2  # the user's own, in no commit\n")
    write(s, "deps/lib/mine", "M = 1\n")
    begin_lost = {"deps/lib/lib", "deps/lib/mine"}
    settled()
    done(s)
    put_away(s)
    assert open_paths(s) == begin_lost


def test_a_folder_without_the_commits_behind_it_is_named(lib):
    s = lib
    settled()
    done(s)
    put_away(s)
    shutil.rmtree(os.path.join(s.project, ".git/modules/core"))
    assert {"deps/lib/lib", "deps/lib/sub/deep"} <= open_paths(s)


def test_a_commit_whose_objects_are_not_what_their_names_say_holds_nothing(lib):
    """Whoever can write into git's folder can put other bytes under the name of a blob."""
    s = lib
    begin(s, True)
    inside = os.path.join(s.project, "deps/lib")
    blob = git(inside, "rev-parse", "HEAD:lib").strip()
    home = os.path.join(s.project, ".git/modules/core/objects", blob[:2], blob[2:])
    assert os.path.exists(home)
    os.chmod(home, 0o600)
    with open(home, "wb") as f:
        f.write(zlib.compress(b"blob 6\0L = 9\n"))
    write(s, "deps/lib/lib", "L = 9\n")
    assert "deps/lib/lib" in open_paths(s)
