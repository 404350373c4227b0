"""A repository that is there and in which git does not work: another user's that this one has not called safe, one of a format that is too new."""

import errno
import os
import subprocess

import pytest

from tests.conftest import git
from hooks.test_result import write
from pack.base.paths import PLUGIN_ROOT
from hooks.test_rules import refused

TOO_NEW = "[core]\n\trepositoryformatversion = 99\n"  # git refuses it for every user; another user's repository it does not refuse root


def break_git(s):
    with open(s.project + "/.git/config", "a") as f:
        f.write(TOO_NEW)


def test_no_run_is_opened_where_git_refuses_the_repository(session):
    """It was called "no git repository", and every commit passed unseen."""
    s = session
    break_git(s)
    reason = s.build()[1]["reason"]
    assert "no run was opened: git refuses this folder" in reason and "found 99" in reason
    assert not os.path.exists(s.project + "/.claude/teams")


def test_the_doctor_names_a_repository_that_git_refuses(session):
    s = session
    ask = [os.path.join(PLUGIN_ROOT, "bin", "pack"), "doctor"]
    look = lambda: subprocess.run(ask, cwd=s.project, env=dict(os.environ, HOME=s.data), stdout=subprocess.PIPE, text=True).stdout
    assert "git refuses" not in look()
    break_git(s)
    assert "git refuses this folder" in look() and "no run is opened until git works here: `git status` here says what is wrong" in look()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a repository to another user")
def test_another_users_repository_is_named_with_the_way_out(session):
    s = session
    os.chown(s.project, 12345, 12345)
    os.chown(s.project + "/.git", 12345, 12345)
    assert "git config --global --add safe.directory " + s.project in s.build()[1]["reason"]


def test_a_commit_is_refused_where_git_stopped_working_in_mid_run(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "# task 1\n")
    break_git(s)
    for command in ("git commit -qam x", "git -c safe.directory='*' commit -qam x", "cd src && git commit -qam x"):
        refused(s, s.bash("coder-1", command), "GIT_IS_SILENT", "found 99")
    elsewhere = os.path.join(os.path.dirname(s.project), "own")
    assert s.bash("coder-1", "git init -q %s && cd %s && git commit -q --allow-empty -m x" % (elsewhere, elsewhere)) is None


@pytest.mark.parametrize(
    "number, says", [(errno.EMFILE, "short of something"), (errno.EAGAIN, "short of something"), (errno.ENOSPC, "can be written")]
)
def test_what_is_no_trouble_with_a_file_is_not_called_one(session, monkeypatch, number, says):
    from pack.gate import run_start

    def fails(*_given, **_more):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(run_start, "survey", fails)
    reason = session.build()[1]["reason"]
    assert "no run was opened" in reason and says in reason and os.strerror(number) in reason


# --- Commands that change nothing that anybody delivers ----------------------------------------------------------------------------------
HARMLESS = (
    "find . -name '*.pyc' -delete",
    "find . -name __pycache__ -type d -exec rm -rf {} +",
    "find . \\( -name '*.pyc' -o -name '*.pyo' \\) -not -path './.venv/*' -delete",
    "find . -path ./.venv -prune -o -name node_modules -type d -exec rm -rf '{}' +",
    "git diff > all.patch && wc -l all.patch && rm all.patch",
    "git rebase --show-current-patch",
    "git am --show-current-patch",
)
HARMFUL = (
    "find . -name '*.pyc' -o -delete",
    "find . ! -name '*.pyc' -delete",
    "find . ! \\( -name '*.pyc' \\) -delete",
    "find . -name '*.pyc' -exec rm {} src/old.py \\;",
    "find . -name '*.pyc' -exec cp plan.md src/old.py \\;",
    "find . -name '*.pyc' -o -name '*.py' -delete",
    "find . -name '*.pyc' , -delete",
    "git diff > src/old.py && rm src/old.py",
    "rm made.txt; echo x > made.txt",
)


@pytest.mark.parametrize("who", ["coder-1", "unified-reviewer", "lead"])
def test_caches_and_what_goes_away_again_are_nobodys_work(session, who):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    for command in HARMLESS:
        assert s.call(who, "Bash", command=command) is None, command
    for command in HARMFUL:
        assert s.call(who, "Bash", command=command), command
    refused(s, s.call(who, "Bash", command="echo x > .claude/settings.local.json; sleep 1; rm .claude/settings.local.json"), "PROTECTED")


def test_a_rename_by_way_of_another_name(session):
    s = session
    write(s, "src/Foo.py", "X = 1\n")
    git(s.project, "add", "-A")
    git(s.project, "commit", "-qm", "foo")
    from hooks.driver import plan

    raw = plan()
    raw["tasks"][0]["files"] = ["src/Foo.py", "src/foo.py"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    assert s.bash("coder-1", "git mv src/Foo.py src/x.tmp && git mv src/x.tmp src/foo.py") is None
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git commit -qm 'refactor: its name in small letters (task #1)'") is None
    assert s.state()["tasks"]["1"]["state"] == "DONE" and git(s.project, "show", "--name-status", "--format=", "--no-renames").split() == [
        "D",
        "src/Foo.py",
        "A",
        "src/foo.py",
    ]


def test_a_link_is_committed_as_itself(session):
    """Not as the file that it leads to, which is in nobody's task."""
    s = session
    from hooks.driver import plan

    raw = plan()
    raw["tasks"][0]["files"] = ["src/link.py"]
    s.setup("SIMPLE", raw=raw)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    assert s.bash("coder-1", "ln -s old.py src/link.py") is None
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add src/link.py && git commit -qm 'feat: another name (task #1)'") is None
    assert s.state()["tasks"]["1"]["state"] == "DONE"
