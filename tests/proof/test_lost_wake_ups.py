"""A message that wakes nobody loses nothing (PROTOCOL 10), with the client's teams flag off (background agents) and on (teammates).

Nobody in these runs reads a message: each is accepted, and its receiver, who was just ending its turn, knows only what the gate says when
that turn ends. That must be enough to bring the run to its end; and a step that is never taken ends in an escalation, not in a circle.
"""

import pytest

from hooks.driver import Session, plan
from hooks.test_result import end, happened

MODES = pytest.mark.parametrize("headless", [True, False], ids=["flag off", "flag on"])


def opened(project, tmp_path, headless):
    s = Session(project, tmp_path / "data", headless=headless)
    s.build("plan.md --coders=1")
    assert s.register(plan("MEDIUM")) is None
    return s


def told(s, who, *words):
    """The turn of `who` ends, and what the gate says then names the step; answers it. The notices of ended turns do reach the lead."""
    if who == "lead":
        s.deliver()
    said = s.stop(who) or ""
    assert all(w in said for w in words), (who, words, said)
    return said


@MODES
def test_what_the_gate_says_at_a_turns_end_is_enough(project, tmp_path, headless):
    s = opened(project, tmp_path, headless)
    assert s.spawn("supervisor", "supervisor") is None and s.spawn("tech-lead", "tech-lead") is None
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)") is None
    told(s, "supervisor", "STATE_OWNERSHIP_ACK(1)")
    assert s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(1)") is None
    assert s.say("lead", "tech-lead", "VALIDATE PLAN") is None
    told(s, "tech-lead", "PLAN OK")
    assert s.say("tech-lead", "lead", "PLAN OK") is None
    assert s.say("lead", "tech-lead", "IDENTIFY RISKS") is None
    told(s, "tech-lead", "RISKS: N")
    for text in ("RISKS: 0\none new file that nothing imports", "RISKS MITIGATED"):
        assert s.say("tech-lead", "lead", text) is None
    assert s.spawn("logic-reviewer", "logic-reviewer") is None and s.spawn("coder-1", "coder") is None
    approvers = ("logic-reviewer", "tech-lead")
    for number, path in ((1, "src/a.py"), (2, ".conventions/checks/naming.md")):
        assert s.edit("coder-1", path, "# first\n") is None  # claims
        for round_, verdict in enumerate(("CHANGES_REQUESTED: task #%d\nMAJOR: say more" % number, "APPROVED: task #%d" % number)):
            for role in approvers:
                assert s.say("coder-1", role, "REVIEW: task #%d" % number) is None
                told(s, role, "task #%d" % number, "APPROVED")
            for role in approvers if round_ else approvers[:1]:
                assert s.say(role, "coder-1", verdict) is None
            if not round_:
                told(s, "coder-1", "task #%d" % number, "REVIEW")
                assert s.edit("coder-1", path, "# A name says what it holds\n") is None
        told(s, "coder-1", "commit", "task #%d" % number)
        assert s.bash("coder-1", "git add %s && git commit -qm 'feat: task #%d'" % (path, number)) is None
        assert s.state()["tasks"][str(number)]["state"] == "DONE"
    for who in ("coder-1", "logic-reviewer", "tech-lead", "supervisor"):
        s.stop(who)
    told(s, "lead", "pack finish")
    s.bash("lead", "pack finish --build true --test 'python3 -m unittest -q'")
    told(s, "lead", "CONSISTENCY OK")
    assert s.say("tech-lead", "lead", "CONSISTENCY OK") is None
    s.stop("tech-lead")
    told(s, "lead", "pack finish")
    assert s.bash("lead", "pack teardown") is None
    if headless:
        end(s)
        assert s.state()["phase"] == "CLOSED"


@MODES
def test_a_step_that_nobody_takes_is_told_three_times_and_then_escalated(project, tmp_path, headless):
    s = Session(project, tmp_path / "data", headless=headless)
    s.setup("SIMPLE")
    assert s.edit("coder-1", "src/a.py", "A = 1\n") is None
    assert s.say("coder-1", "unified-reviewer", "REVIEW: task #1") is None
    s.stop("coder-1")
    for _ in range(3):
        told(s, "unified-reviewer", "task #1")
    assert s.stop("unified-reviewer") is None
    assert s.state()["tasks"]["1"]["state"] == "STUCK_ESCALATED"
    s.stop("supervisor")
    told(s, "lead", "#1 is STUCK_ESCALATED")
    assert not happened(s, "TEAM_DELETED")
