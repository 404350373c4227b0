"""What every test shares: a small real repository and a session that drives the gate."""

import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.path.insert(0, os.path.join(ROOT, "tests"))

import surroundings  # noqa: E402

surroundings.as_users_have()

from cpu import pytest_configure, pytest_fixture_setup, pytest_runtest_makereport, pytest_runtest_protocol  # noqa: E402, F401 - hooks of every run
from running import pytest_collection_modifyitems, pytest_unconfigure  # noqa: E402, F401


def git(folder, *args):
    env = dict(
        os.environ,
        GIT_AUTHOR_NAME="t",
        GIT_AUTHOR_EMAIL="t@example.invalid",
        GIT_COMMITTER_NAME="t",
        GIT_COMMITTER_EMAIL="t@example.invalid",
        GIT_CONFIG_GLOBAL=os.devnull,
    )
    return subprocess.run(["git", "-C", str(folder)] + list(args), check=True, env=env, stdout=subprocess.PIPE, text=True).stdout


def make_project(folder, ignored):
    """A real git repository with a plan, one module and one passing test. ignored: what of `.claude` git leaves out."""
    shutil.copytree(_template(ignored), folder, dirs_exist_ok=True)
    git(folder, "update-index", "-q", "--refresh")  # the files are others than those that the template's index has seen
    return folder


@functools.lru_cache(None)
def _template(ignored):
    """The project that each test has a copy of: seven processes once, instead of for each."""
    kept = tempfile.mkdtemp(prefix="team-project-")
    atexit.register(shutil.rmtree, kept, True)
    folder = pathlib.Path(kept) / "proj"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "old.py").write_text("OLD = 1\n")
    (folder / "test_old.py").write_text("import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n")
    (folder / "plan.md").write_text("# Add a greeting\n\nSay hello.\n")
    (folder / ".gitignore").write_text("__pycache__/\n%s\n" % ignored)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "t")
    git(folder, "config", "user.email", "t@example.invalid")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "start")
    for sample in (folder / ".git" / "hooks").glob("*.sample"):
        sample.unlink()
    return folder


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "proj", ".claude/")


@pytest.fixture
def session(project, tmp_path):
    from hooks.driver import Session

    return Session(project, tmp_path / "data")


@pytest.fixture(scope="module")
def module_session(tmp_path_factory):
    """A session for a module's cases that ask the same run one thing each: to open one costs ten times what a question does. Modules begin
    the run in a fixture of their own; a case leaves it as it found it, and asserts so."""
    from hooks.driver import Session

    return Session(make_project(tmp_path_factory.mktemp("run") / "proj", ".claude/"), tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def one_run(module_session):
    """A run at work on task #1 that the cases of a module share; tests ask for `looked_at`."""
    s = module_session
    s.setup("SIMPLE")
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    return s


@pytest.fixture
def looked_at(one_run):
    """The same run for many cases that only ask what is let through. A case that leaves the run or its files otherwise than it found them
    fails: it needs a `session` of its own, and would otherwise decide what the next one sees."""

    def seen():
        state = one_run.state()
        files = sorted(os.path.join(base, f) for base, _folders, names in os.walk(one_run.project) if "/.git" not in base for f in names)
        files = [f for f in files if "/.claude/teams/" not in f]
        return state["phase"], state["tasks"], {name: row["state"] for name, row in state["roster"].items()}, state["tampered"], files

    before = seen()
    yield one_run
    assert seen() == before, "this case changes the run that it shares"
