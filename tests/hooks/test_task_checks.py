"""A coder's DONE asks for the record's tooling to be green on the approved content (seeds/realtime-dev.md: completed only when all checks pass)."""

import os
import subprocess
import time

import pytest

from hooks.driver import plan

SCRIPT = (
    'import sys\ntext = open("src/a.py").read()\nprint("looked at", len(text))\nsys.exit("no greeting" if "greet" not in text else 0)\n'
)


def begun(s, tooling=None, **task):
    with open(os.path.join(s.project, "check.py"), "w") as f:
        f.write(SCRIPT)
    subprocess.run(["git", "add", "check.py"], cwd=s.project, check=True)
    subprocess.run(["git", "commit", "-qm", "chore: a check"], cwd=s.project, check=True)
    raw = plan("SIMPLE")
    raw["tasks"][0].update(tooling=tooling or {"lint": "true", "test": "python3 check.py"}, **task)
    s.setup("SIMPLE", raw=raw)
    return s


def approved(s, text):
    assert s.edit("coder-1", "src/a.py", text) is None
    for role in s.approvers(1):
        assert s.say("coder-1", role, "REVIEW: task #1") is None
    with open(os.path.join(s.project, "src", "b.py"), "w") as f:
        f.write("half done by somebody else\n")
    for role in s.approvers(1):
        assert s.say(role, "coder-1", "APPROVED: task #1") is None


def commit(s):
    s.bash("coder-1", "git add src/a.py")
    told = s.bash("coder-1", "git commit -qm 'feat: greet (task #1)' -- src/a.py")
    return told


def state(s):
    return s.state()["tasks"]["1"]["state"]


def test_red_is_not_done_and_green_is(session):
    s = begun(session)
    approved(s, "HELLO = 1\n")
    told = commit(s)
    assert "CHECKS_RED" in told and "`python3 check.py` (test) is red on the approved content" in told and "no greeting" in told
    assert state(s) == "APPROVED"
    told = s.say("coder-1", "supervisor", "DONE: task #1")
    assert told and "CHECKS_RED" in told
    approved(s, "def greet():\n    return 1\n")
    assert commit(s) is None and state(s) == "DONE"


def test_checks_that_are_red_because_git_lost_a_file_say_so_and_who_has_it_brought_back(session):
    s = begun(session)
    for args in (["rm", "-q", "--cached", "check.py"], ["commit", "-qm", "other"]):
        subprocess.run(["git", *args], cwd=s.project, check=True)
    approved(s, "def greet():\n    return 1\n")
    told = commit(s)
    assert (
        "CHECKS_RED" in told
        and "though they lie here and git had them when the run began: check.py. QUESTION" in told
        and "pack task add" in told
    )
    subprocess.run(["git", "add", "check.py"], cwd=s.project, check=True)
    subprocess.run(["git", "commit", "-qm", "back", "--", "check.py"], cwd=s.project, check=True)
    told = commit(s)  # the approved content is the same, HEAD is not: the checks run again, and nobody reviews again
    assert told is None or "CHECKS_RUNNING" in told
    assert (told is None or commit(s) is None) and state(s) == "DONE"


def kept(s, ending):
    return [os.path.join(d, n) for d, _f, names in os.walk(s.data) for n in names if n.endswith(ending) and os.path.basename(d) == "checks"]


def test_what_was_green_is_kept_and_not_run_again(session):
    s = begun(session)
    approved(s, "def greet():\n    return 1\n")
    assert commit(s) is None and state(s) == "DONE"
    (found,) = kept(s, ".result")
    before = os.stat(found).st_mtime_ns
    for role in s.approvers(1):
        s.say("coder-1", role, "REVIEW: task #1")
    s.say("coder-1", "supervisor", "DONE: task #1")
    assert kept(s, ".result") == [found] and os.stat(found).st_mtime_ns == before


def test_a_check_that_takes_long_is_waited_for_a_little_and_then_named(session, monkeypatch):
    from pack.gate import task_checks

    monkeypatch.setattr(task_checks, "WAIT_SEC", 0.1)
    s = begun(session, {"test": "sleep 2 && python3 check.py"})
    approved(s, "def greet():\n    return 1\n")
    told = commit(s)
    assert "CHECKS_RUNNING" in told and "they still run: sleep 2" in told
    monkeypatch.setattr(task_checks, "WAIT_SEC", 30.0)
    assert commit(s) is None and state(s) == "DONE"


def test_the_lead_changes_a_tooling_that_is_wrong(session):
    s = begun(session, {"test": "no-such-program"})
    approved(s, "def greet():\n    return 1\n")
    told = commit(s)
    assert "CHECKS_RED" in told and "pack task rescope 1 --tooling NAME=COMMAND" in told
    assert "USAGE" in s.bash("lead", "pack task rescope 1 --tooling pytest")
    assert s.bash("lead", "pack task rescope 1 --tooling 'test=python3 check.py' --tooling lint=true") is None
    assert s.state()["tasks"]["1"]["tooling"] == {"test": "python3 check.py", "lint": "true"}
    approved(s, "def greet():\n    return 2\n")
    assert commit(s) is None and state(s) == "DONE"


@pytest.mark.parametrize("tooling", [{"test": "true"}, {"test": "no-such-program --x"}])
def test_nothing_to_run_holds_nothing_up_and_a_missing_program_is_red(session, tooling):
    s = begun(session, tooling)
    approved(s, "x = 1\n")
    told = commit(s)
    if tooling["test"] == "true":
        assert told is None and state(s) == "DONE"
    else:
        assert "CHECKS_RED" in told and "exit 127" in told


def test_a_result_that_the_voucher_did_not_seal_is_none(session):
    from pack.base import codec

    s = begun(session)
    approved(s, "HELLO = 1\n")
    assert "CHECKS_RED" in commit(s)
    (path,) = kept(s, ".result")
    with open(path, "w") as f:
        f.write(codec.dumps({"rows": [], "why": "", "mac": "x"}))
    until = time.monotonic() + 30
    told = commit(s)
    while "CHECKS_RUNNING" in told and time.monotonic() < until:
        told = commit(s)
    assert "CHECKS_RED" in told


def test_a_test_writers_tests_may_be_red_for_that_is_what_they_are_for(session):
    s = session
    raw = plan("SIMPLE")
    raw["tasks"][0].update(files=["tests/test_a.py"], tooling={"test": "python3 -m unittest tests.test_a"})
    s.setup("SIMPLE", raw=raw, coders=0)
    assert s.spawn("tests", "test-writer") is None
    assert s.edit("tests", "tests/test_a.py", "raise SystemExit('no greeting yet')\n") is None
    for role in s.approvers(1):
        assert s.say("tests", role, "REVIEW: task #1") is None
        assert s.say(role, "tests", "APPROVED: task #1") is None
    s.bash("tests", "git add tests/test_a.py")
    assert s.bash("tests", "git commit -qm 'test: greet (task #1)' -- tests/test_a.py") is None
    assert state(s) == "DONE"
