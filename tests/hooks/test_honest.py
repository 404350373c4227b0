"""Whole honest runs through the gate: every phase, no refusal."""

import pytest


def finish(s, verify="pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'"):
    assert s.bash("lead", verify) is None
    assert s.exit == 0, s.output
    if s.state()["mode"] in ("MEDIUM", "COMPLEX"):
        assert s.say("tech-lead", "lead", "CONSISTENCY OK") is None
    for name in [n for n in s.agents]:
        s.stop(name)
    assert s.bash("lead", "pack teardown") is None
    assert s.bash("lead", "pack teardown ask") is None
    assert s.state()["teardown"]["state"] == "READY_TO_DELETE"
    assert s.bash("lead", "pack teardown ask supervisor") is None


@pytest.mark.parametrize("mode", ["SIMPLE", "MEDIUM", "COMPLEX"])
def test_an_honest_run_reaches_closed_without_a_refusal(session, mode):
    s = session
    s.setup(mode)
    assert s.state()["mode"] == mode
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    assert s.state()["phase"] == "COMPLETION"
    finish(s)
    assert s.state()["phase"] == "CLOSED"
    assert [r for r in s.events() if r["event"] == "REFUSED"] == []
    assert s.project and __import__("os").path.exists(s.project + "/.claude/teams/.closed/feature-add-a-greeting.json")
