"""Every rule violated through the gate: refused with a code, what was seen and the next step; nothing but the refusal is
journalled; afterwards the run goes on. The section of docs/protocol.md is named with each test."""

import json
import os
import shlex

import pytest

from hooks.driver import plan


def refused(s, answer, code, says=""):
    """The call was refused with this code, the answer names it and the next step, and the journal grew by the refusal alone."""
    assert answer is not None, "the call was let through"
    assert "refused (%s)" % code in answer, answer
    assert says in answer, answer
    last = s.events()[-1]
    assert (
        last["data"]["code"] == code
        and last["event"] in ("REFUSED", "STALE_EPOCH", "HANDOFF_MISSING", "RECONCILE_LOCK_ENTER")
        or code == "SPLIT_BRAIN_DETECTED"
    )


def test_section_8_spawn_order(session):
    s = session
    s.build()
    refused(s, s.spawn("coder-1", "coder"), "NO_PLAN", "pack plan")
    refused(s, s.spawn("tech-lead", "tech-lead"), "NO_PLAN")
    s.register(plan("MEDIUM"))
    refused(s, s.spawn("logic-reviewer", "logic-reviewer"), "NO_OWNER", "STATE_OWNERSHIP_HANDOFF(1)")
    s.spawn("supervisor", "supervisor")
    s.handoff()
    refused(s, s.spawn("coder-1", "coder"), "PLAN_NOT_VALIDATED", "VALIDATE PLAN")
    refused(s, s.spawn("unified-reviewer", "unified-reviewer"), "ROLE_NOT_IN_MODE")
    refused(s, s.spawn("supervisor-2", "supervisor"), "ROLE_TAKEN")
    refused(s, s.spawn("x", "wizard"), "UNKNOWN_ROLE", "tech-lead")
    refused(s, s.call("lead", "Agent", description="x", prompt="x", subagent_type="general-purpose", name="helper"), "UNKNOWN_ROLE")
    refused(s, s.call("lead", "Agent", description="x", prompt="x", subagent_type="team:web-researcher"), "SPAWN_NAME")
    s.spawn("tech-lead", "tech-lead")
    s.say("lead", "tech-lead", "VALIDATE PLAN")
    s.say("tech-lead", "lead", "PLAN OK")
    refused(s, s.spawn("coder-1", "coder"), "RISKS_OPEN", "IDENTIFY RISKS")
    s.say("lead", "tech-lead", "IDENTIFY RISKS")
    assert s.say("tech-lead", "lead", "RISKS: 2\nRISK-1: loses data\n  Severity: CRITICAL\nRISK-2: slow\n  Severity: MINOR\n") is None
    refused(s, s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS"), "RISKS_UNTESTED", "spawn 1 more")
    refused(s, s.say("tech-lead", "lead", "RISKS MITIGATED"), "RISKS_OPEN")
    assert s.spawn("risk-tester-1", "risk-tester") is None
    refused(s, s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS"), "TESTERS_SILENT", "RISK-N: CONFIRMED")
    assert s.say("risk-tester-1", "lead", "RISK-1: CONFIRMED\nsrc/old.py:1 keeps nothing") is None
    s.stop("risk-tester-1")
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS") is None
    refused(s, s.say("tech-lead", "lead", "RISKS MITIGATED"), "RISK_UNDECIDED", "DECISIONS.md")
    assert s.edit("tech-lead", "DECISIONS.md", "# Decisions\n- RISK-1: task #1 keeps a copy\n") is None
    assert s.say("tech-lead", "lead", "RISKS MITIGATED") is None
    assert s.spawn("coder-1", "coder") is None
    refused(s, s.spawn("coder-1", "coder"), "NAME_TAKEN")
    refused(s, s.spawn("CODER-1", "coder"), "NAME_TAKEN")
    refused(s, s.spawn("soder-1", "coder", who="coder-1"), "WRONG_ROLE", "QUESTION")
    assert s.spawn("coder-2", "coder") is None
    assert s.spawn("coder-3", "coder") is None
    refused(s, s.spawn("coder-4", "coder"), "TOO_MANY_CODERS", "--coders=3")


def test_section_3_ownership(session):
    s = session
    s.build()
    s.register()
    s.spawn("supervisor", "supervisor")
    refused(s, s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(1)"), "HANDOFF_MISSING")
    refused(s, s.say("supervisor", "lead", "SUPERVISOR_REPORT WARN PING"), "HANDOFF_MISSING")
    refused(s, s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(7)"), "WRONG_EPOCH", "HANDOFF(1)")
    refused(s, s.say("supervisor", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)"), "WRONG_ROLE")
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)") is None
    refused(s, s.say("supervisor", "lead", "SUPERVISOR_REPORT WARN PING"), "OWNER_NOT_ACTIVE", "ACK(1)")
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)") is None
    assert s.events()[-1]["event"] == "HANDOFF_DUPLICATE"
    assert s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(1)") is None
    assert s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(1)") is None  # at-least-once
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(2)") is None
    refused(s, s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(1)"), "STALE_EPOCH")
    assert s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(2)") is None
    old = s.agents["supervisor"]
    s.send("StopFailure", "supervisor", error="server_error")
    assert s.state()["owner"]["state"] == "LOST"
    refused(s, s.say("lead", "supervisor", "hello?"), "ENDED_AGENT")
    assert s.spawn("supervisor", "supervisor") is None
    s.agents["zombie"] = old
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(3)") is None
    refused(s, s.say("zombie", "lead", "STATE_OWNERSHIP_ACK(2)"), "STALE_EPOCH")
    assert s.state()["owner"]["state"] == "OFFERED"  # no lock: a zombie must not stop the team
    answer = s.say("zombie", "lead", "STATE_OWNERSHIP_ACK(3)")
    assert "SPLIT_BRAIN_DETECTED" in answer
    assert s.state()["owner"]["state"] == "RECONCILE_LOCK"
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(4)") is None
    assert s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(4)") is None


def test_section_6_approvals(session):
    s = session
    s.setup("MEDIUM", coders=2)
    refused(s, s.edit("coder-1", ".conventions/a.md"), "NOT_YOUR_FILE", "CLAIM: task #2")
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    refused(s, s.say("coder-2", "supervisor", "CLAIM: task #1"), "TASK_TAKEN")
    refused(s, s.say("coder-2", "supervisor", "CLAIM: task #2"), "TASK_BLOCKED")
    refused(s, s.say("coder-2", "supervisor", "CLAIM: task #9"), "UNKNOWN_TASK")
    refused(s, s.say("coder-1", "logic-reviewer", "REVIEW: task #1"), "NOTHING_WRITTEN")
    assert s.edit("coder-1", "src/a.py", "A = 1\n") is None
    refused(s, s.edit("coder-2", "src/a.py"), "NOT_YOUR_FILE")
    refused(s, s.edit("coder-1", "src/old.py"), "NOT_IN_TASK", "re-scope")
    refused(s, s.bash("coder-1", "git add src/a.py && git commit -qm early"), "COMMIT_BEFORE_APPROVAL", "approval")
    refused(s, s.say("coder-1", "supervisor", "DONE: task #1"), "APPROVAL_MISSING", "REVIEW: task #1")
    refused(s, s.say("logic-reviewer", "coder-1", "APPROVED: task #1"), "TASK_STATE")
    assert s.say("coder-1", "supervisor", "IN_REVIEW: task #1") is None
    refused(s, s.say("logic-reviewer", "coder-1", "APPROVED: task #1"), "NOT_ASKED", "REVIEW")
    assert s.say("coder-1", "logic-reviewer", "REVIEW: task #1") is None
    refused(s, s.say("coder-1", "coder-1", "APPROVED: task #1"), "WRONG_ROLE")
    refused(s, s.say("coder-2", "coder-1", "APPROVED: task #1"), "WRONG_ROLE")
    refused(s, s.say("coder-1", "supervisor", "APPROVED: task #1"), "WRONG_ROLE")
    refused(s, s.say("logic-reviewer", "coder-2", "APPROVED: task #1"), "WRONG_RECEIVER", "coder-1")
    assert s.say("coder-1", "supervisor", "the reviewer said: APPROVED: task #1") is None  # ordinary talk, satisfies nothing
    assert s.say("logic-reviewer", "coder-1", "APPROVED: task #1") is None
    refused(s, s.say("coder-1", "supervisor", "DONE: task #1"), "APPROVAL_MISSING", "tech-lead")
    assert s.edit("coder-1", "src/a.py", "A = 2\n") is None
    assert s.say("coder-1", "tech-lead", "REVIEW: task #1") is None
    assert s.say("tech-lead", "coder-1", "APPROVED: task #1") is None
    answer = s.say("coder-1", "supervisor", "DONE: task #1")
    refused(s, answer, "APPROVAL_MISSING", "approved an older revision: logic-reviewer")
    refused(s, s.say("logic-reviewer", "coder-1", "APPROVED: task #1"), "STALE_REVISION")
    assert s.say("coder-1", "logic-reviewer", "REVIEW: task #1") is None
    assert s.say("logic-reviewer", "coder-1", "APPROVED: task #1") is None
    # The content changes behind the gate's back: the digest is taken again at DONE.
    with open(s.project + "/src/a.py", "w") as f:
        f.write("A = 3\n")
    refused(s, s.say("coder-1", "supervisor", "DONE: task #1"), "APPROVAL_MISSING")
    refused(s, s.bash("coder-1", "git add -A && git commit -qm sneaky"), "COMMIT_BEFORE_APPROVAL")
    with open(s.project + "/src/a.py", "w") as f:
        f.write("A = 2\n")
    assert s.bash("coder-1", "git add src/a.py && git commit -qm 'feat: task #1'") is None
    assert s.say("coder-1", "supervisor", "DONE: task #1, claiming task #2") is None


def test_section_6_escalation_latches(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.say("coder-1", "unified-reviewer", "REVIEW: task #1")
    assert s.say("unified-reviewer", "supervisor", "ESCALATE TO MEDIUM: task #1") is None
    state = s.state()
    assert state["mode"] == "SIMPLE_ESCALATED_TO_MEDIUM" and state["tasks"]["1"]["state"] == "STUCK_ESCALATED"
    refused(s, s.say("unified-reviewer", "coder-1", "APPROVED: task #1"), "NOT_AN_APPROVER")
    refused(s, s.say("coder-1", "supervisor", "DONE: task #1"), "APPROVAL_MISSING", "security-reviewer")
    for role in ("tech-lead", "security-reviewer", "logic-reviewer", "quality-reviewer"):
        assert s.spawn(role, role) is None
    assert s.state()["tasks"]["1"]["state"] == "IN_REVIEW"
    s.review("coder-1", 1)
    assert s.say("coder-1", "supervisor", "DONE: task #1") is None


def test_section_6_an_approval_is_of_the_bytes_that_were_read(session):
    """docs/faq.md: an edit makes it stale, and the same bytes again are what was approved."""
    s = session
    s.setup("MEDIUM")
    assert s.edit("coder-1", "src/a.py", "A = 1\n") is None
    s.review("coder-1", 1)
    assert s.edit("coder-1", "src/a.py", "A = 2\n") is None
    commit = "git add src/a.py && git commit -qm 'feat: a (task #1)' -- src/a.py"
    refused(s, s.bash("coder-1", commit), "COMMIT_BEFORE_APPROVAL", "approved an older revision")
    assert s.edit("coder-1", "src/a.py", "A = 1\n") is None and s.bash("coder-1", commit) is None


def test_section_6_a_dead_reviewer_is_an_impossible_wait_until_it_is_replaced(session):
    s = session
    s.setup("MEDIUM")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.say("coder-1", "logic-reviewer", "REVIEW: task #1")
    s.call("lead", "TaskStop", task_id=s.agents["logic-reviewer"][0], response={"task_id": s.agents["logic-reviewer"][0]})
    t = s.state()["tasks"]["1"]
    assert (t["state"], t["cause"]) == ("STUCK_ESCALATED", "IMPOSSIBLE_WAIT")
    s.stop("coder-1"), s.stop("supervisor"), s.stop("tech-lead")
    s.deliver()
    told = [s.stop("lead") for _ in range(4)]
    assert any(t and "spawn" in t for t in told)
    assert s.spawn("logic-reviewer", "logic-reviewer") is None
    assert s.state()["tasks"]["1"]["state"] == "IN_REVIEW"
    s.review("coder-1", 1)
    assert s.say("coder-1", "supervisor", "DONE: task #1") is None


def test_section_2_nobody_writes_the_state(session):
    s = session
    s.setup("SIMPLE")
    team = ".claude/teams/feature-add-a-greeting"
    for who in ("lead", "coder-1", "supervisor"):
        refused(s, s.edit(who, team + "/state.md"), "PROTECTED")
        for command in (
            "echo x > %s/state.md",
            "sed -i s/a/b/ %s/state.md",
            "rm -rf .claude",
            "cd .claude && rm -r teams",
            "d=%s; cp plan.md $d/state.md",
            "python3 -c \"open('%s/state.md','w')\"",
            "tee -a %s/journal.jsonl < plan.md",
            "mv .claude/teams /tmp/x",
            "rm .claude/te*/*/state.md",
        ):
            refused(s, s.bash(who, command % team if "%s" in command else command), "PROTECTED")
    assert s.bash("coder-1", "cat %s/state.md" % team) is None
    path = os.path.join(s.project, team, "state.md")
    with open(path, "a") as f:
        f.write("phase: CLOSED\n")
    s.say("coder-1", "supervisor", "hello")
    s.bash("coder-1", "ls")
    with open(path) as f:
        assert "phase: CLOSED" not in f.read()
    assert [r for r in s.events() if r["event"] == "STATE_DIVERGENCE"]


def test_section_8_the_lead_delegates_and_reviewers_edit_nothing(session):
    s = session
    s.setup("SIMPLE")
    refused(s, s.edit("lead", "src/a.py"), "LEAD_DELEGATES")
    refused(s, s.bash("lead", "echo x > src/a.py"), "LEAD_DELEGATES")
    refused(s, s.edit("unified-reviewer", "src/a.py"), "ROLE_EDITS_NOTHING")
    refused(s, s.edit("supervisor", "DECISIONS.md", "# Decisions\n"), "APPEND_ONLY")
    assert s.edit("supervisor", "DECISIONS.md", "## Operational Escalations\n- x\n") is None
    refused(s, s.bash("coder-1", "claude -p hi"), "NESTED_CLIENT")
    refused(s, s.bash("coder-1", "pack abort --reason x"), "WRONG_ROLE")
    refused(s, s.bash("coder-1", "PACK_VOUCHER=/tmp/x pack plan"), "FORGED_VOUCHER")
    refused(s, s.bash("lead", "echo hi; pack teardown"), "VERB_NOT_ALONE")


@pytest.mark.parametrize(
    "change, code",
    [
        *((lambda p, part=part: p["tasks"][0].pop(part), "PLAN_INCOMPLETE") for part in ("subject", "files", "references", "acceptance")),
        *((lambda p, part=part: p["tasks"][0].pop(part), "PLAN_INCOMPLETE") for part in ("checks", "tooling")),
        (lambda p: p["tasks"][0].update(files=["../x"]), "PLAN_PATH"),
        (lambda p: p["tasks"][0].update(blocked_by=[2]), "PLAN_CYCLE"),
        (lambda p: p["tasks"].pop(), "PLAN_CONVENTIONS"),
        (lambda p: p["tasks"][1].update(blocked_by=[]), "PLAN_CONVENTIONS"),
        (lambda p: p["tasks"].insert(1, dict(p["tasks"][0], id=3)) or p["tasks"][2].update(blocked_by=[1, 3]), "FILE_OVERLAP"),
        (lambda p: p["tasks"].insert(1, dict(p["tasks"][0])), "DUPLICATE_TASK_KEY"),
        (lambda p: p["facts"].pop("near_sensitive"), "PLAN_FACTS"),
        (lambda p: p["facts"]["near_sensitive"].update(evidence=" "), "PLAN_FACTS"),
        (lambda p: p["facts"].update(layers="api"), "PLAN_FACTS"),
        (lambda p: p.update(definition_of_done=[]), "PLAN_INCOMPLETE"),
        (lambda p: p["facts"]["changes_existing"].update(value=True) or p["tasks"][0].update(reviewers=[]), "PLAN_REVIEWERS"),
    ],
)
def test_section_5_a_bad_plan_is_refused_whole(session, change, code):
    s = session
    s.build()
    raw = plan()
    change(raw)
    refused(s, s.register(raw), code)
    assert s.state()["tasks"] == {} and s.state()["phase"] == "DISCOVERY"
    assert s.register() is None


def test_section_8_completion_gate(session):
    s = session
    s.setup("MEDIUM")
    refused(s, s.bash("lead", "pack teardown"), "OPEN_TASKS")
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    refused(s, s.bash("lead", "pack teardown"), "NOT_VERIFIED", "pack verify")
    refused(s, s.bash("lead", "pack verify --build make --test 'true'"), "VACUOUS")
    refused(s, s.bash("lead", "pack verify --build 'make; exit 0' --test 'python3 -m unittest'"), "VACUOUS")
    refused(s, s.bash("lead", "pack verify --build 'make' --test 'pytest || true'"), "VACUOUS")
    refused(s, s.bash("lead", "pack verify --build 'make' --test 'pytest && exit 0; python3 -c pass'"), "VACUOUS")
    for hides in (
        "sh t.sh &",
        "sh t.sh & wait",
        "setsid -f sh t.sh",
        "sh t.sh || cat log",
        "sh t.sh; ls",
        "true || sh t.sh",
        "exit 0; sh t.sh",
        "exec true; sh t.sh",
        "trap 'exit 0' EXIT; sh t.sh",
        "eval 'sh t.sh; true'",
        "pytest() { echo; }; pytest",
        "make -n test",
        "npm test --if-present",
        "node -e 'console.log(1)'",
    ):
        refused(s, s.bash("lead", "pack verify --build make --test " + shlex.quote(hides)), "VACUOUS")
    assert s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest nothing'") is None
    assert s.exit == 1
    refused(s, s.bash("lead", "pack teardown"), "NOT_VERIFIED", "exit")
    assert s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'") is None
    refused(s, s.bash("lead", "pack teardown"), "CONSISTENCY_OPEN")
    s.say("tech-lead", "lead", "CONSISTENCY OK")
    with open(s.project + "/src/old.py", "w") as f:
        f.write("OLD = 2\n")
    refused(s, s.bash("lead", "pack teardown"), "NOT_VERIFIED", "present tree")
    s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'")
    refused(s, s.bash("lead", "pack teardown"), "NOT_APPROVED", "src/old.py: nobody approved it")  # verified is not approved
    with open(s.project + "/src/old.py", "w") as f:
        f.write("OLD = 1\n")
    s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'")
    assert s.bash("lead", "pack teardown") is None
    refused(s, s.bash("lead", "pack teardown ask supervisor"), "SUPERVISOR_LAST")
    refused(s, s.spawn("coder-9", "coder"), "PHASE")


def test_section_8_conventions_must_change(session):
    s = session
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    s.say("coder-1", "supervisor", "CLAIM: task #2")
    s.edit("coder-1", ".conventions/checks/x.md")
    s.review("coder-1", 2)
    s.say("coder-1", "supervisor", "DONE: task #2")
    os.unlink(s.project + "/.conventions/checks/x.md")
    s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'")
    refused(s, s.bash("lead", "pack teardown"), "NO_CONVENTIONS")


def test_section_7_lines_that_do_not_parse(session):
    s = session
    s.setup("SIMPLE")
    for line in (
        "CLAIM task 1",
        "CLAIM: task 1",
        "claim: task #1",
        "CLAIM: task #1 please",
        "CLAIM: task #¹",
        "DONE: task #1, then #2",
        "IN_REVIEW",
        "STUCK: #1",
        "**CLAIM: task #1**",
        "**CLAIM**: task #1",
        "## CLAIM: task #1",
        "\u2705 DONE: task #1",
        "D\u041eNE: task #1",  # a Cyrillic letter
        "\u0391PPROVED: task #1",  # a Greek one
        "CLAIM\uff1a task #1",  # a full-width colon
        "CLAIM: task #\uff11",
        "\uff23\uff2c\uff21\uff29\uff2d: task #1",
        "CLA\u200bIM: task #1",  # something invisible
        "\U0001d402LAIM: task #1",  # a mathematical bold C
        "CLAIM:\u00a0task #1",
    ):
        refused(s, s.say("coder-1", "supervisor", line), "MALFORMED_LINE", "exactly as")
    for talk in (
        "Done with reading",
        "claims are nice",
        "I approved of it",
        "DONENESS",
        "Stuck? no",
        "> DONE: task #1",
        "`DONE: task #1`, is it?",
        "**done** #1",
        "\u0413\u041e\u0422\u041e\u0412\u041e: task #1",  # another language's own word
        "\u0392\u0395\u0392\u0391\u0399\u0391",
        "\u201eDONE: task #1\u201c, is it?",
    ):
        assert s.say("coder-1", "supervisor", talk) is None
    refused(s, s.say("coder-1", "nobody", "CLAIM: task #1"), "UNKNOWN_RECEIVER")
    refused(s, s.say("coder-1", "unified-reviewer", "CLAIM: task #1"), "WRONG_RECEIVER", "supervisor")


def test_section_10_an_agent_is_told_what_already_happened_and_never_for_ever(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.say("coder-1", "unified-reviewer", "REVIEW: task #1")
    assert s.stop("coder-1") is None
    assert "review task #1" in s.stop("unified-reviewer")
    s.say("unified-reviewer", "coder-1", "APPROVED: task #1")
    assert s.stop("unified-reviewer") is None
    told = [s.stop("coder-1") for _ in range(6)]
    assert [bool(t) for t in told] == [True, True, True, False, False, False]
    assert s.state()["tasks"]["1"]["state"] == "STUCK_ESCALATED"


def test_bad_arguments_never_reach_a_model(session):
    s = session
    for args, says in (
        ("", "nothing to build"),
        ("plan.md --coders=0", "--coders=0"),
        ("plan.md --coders=x", "1 to 16"),
        ("nix.md", "does not exist"),
        ("plan.md --fast", "unknown flag --fast"),
    ):
        code, out, _err = s.build(args)
        assert code == 0 and out["decision"] == "block" and says in out["reason"], out
    assert not os.path.exists(s.project + "/.claude/teams")
    code, out, _err = s.build("plan.md --coders=2")
    assert "feature-add-a-greeting" in out["hookSpecificOutput"]["additionalContext"]
    code, out, _err = s.build("plan.md")
    assert "resumed, not overwritten" in out["hookSpecificOutput"]["additionalContext"]
    assert s.state()["team"]["coders"] == 2


def test_team_status_is_answered_without_a_model(session):
    session.setup("SIMPLE")
    _code, out, _err = session.send("UserPromptSubmit", prompt="team status")
    assert out["decision"] == "block" and "coder-1" in out["reason"] and "TEAM STATUS" in out["reason"]


def test_unknown_agents_pass_where_nothing_is_guarded_and_fail_where_it_is(session):
    s = session
    s.setup("SIMPLE")
    s.agents["ghost"] = ("aff00ff00ff00ff00", "")
    assert s.stop("ghost") is None  # a compaction shows up like this
    refused(s, s.edit("ghost", "src/a.py"), "UNKNOWN_AGENT")
    refused(s, s.say("ghost", "coder-1", "APPROVED: task #1"), "UNKNOWN_AGENT")
    assert json.dumps(s.state())


def test_a_script_that_hides_what_it_writes_is_found_out(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    with open(s.project + "/helper.sh", "w") as f:
        f.write("printf 'OLD = 9\\n' > src/old.py\n")
    assert s.bash("coder-1", "python3 --version") is None  # what was dirty before is known now
    assert s.bash("coder-1", "sh helper.sh") is None
    found = [r["data"] for r in s.events() if r["event"] == "OVERLAP_SCOPE"]
    # The helper was there when the coder called next, which says nothing about it; what changed while its command ran does.
    assert [(d["path"], d["by"]) for d in found] == [("helper.sh", None), ("src/old.py", "coder-1")]


@pytest.mark.parametrize(
    "command",
    [
        "git stash",
        "git reset --hard",
        "git checkout .",
        "git clean -fdx",
        "rm -rf .",
        "cp plan.md src/old.py",
        "mv src/old.py src/b.py",
        "find . -name '*.py' -delete",
        "tee src/old.py < plan.md",
        "git checkout -- src/old.py",
    ],
)
def test_a_coder_cannot_take_others_work_with_it(session, command):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    answer = s.bash("coder-1", command)
    assert answer and "refused (NOT_IN_TASK)" in answer or "refused (PROTECTED)" in answer, answer


def test_a_committed_change_keeps_a_verification_and_an_edit_ends_it(session):
    s = session
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/naming.md")
    s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'")
    tree = s.state()["verify"]["tree"]
    assert "PASSED on tree " + tree in s.output
    from pack.base import project_facts

    declared = ["src/a.py", ".conventions/"]
    assert project_facts.tree(s.project, declared) == tree
    with open(s.project + "/src/a.py", "a") as f:
        f.write("# more\n")
    assert project_facts.tree(s.project, declared) != tree


def test_removing_the_teams_folder_loses_nothing(session):
    import shutil

    s = session
    s.setup("SIMPLE")
    before = s.state()
    shutil.rmtree(s.project + "/.claude")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    assert s.state()["tasks"]["1"]["state"] == "IN_PROGRESS" and s.state()["roster"].keys() == before["roster"].keys()
    assert [r["data"]["file"] for r in s.events() if r["event"] == "STATE_DIVERGENCE"][:1] == ["journal.jsonl"]
    assert os.path.exists(s.project + "/.claude/teams/.on") and os.path.exists(s.project + "/.claude/teams/feature-add-a-greeting/run.json")


def test_the_clients_task_tools_are_gated_and_recorded_the_same_way(session):
    s = session
    s.setup("SIMPLE")
    for n, subject in (("7", "Add greeting"), ("8", "buy milk")):
        assert (
            s.call(
                "lead", "TaskCreate", subject=subject, description="x", response={"task": {"id": n, "subject": subject, "description": "x"}}
            )
            is None
        )
    refused(s, s.call("coder-1", "TaskCreate", subject="x", description="x"), "WRONG_ROLE")
    assert [(r["data"]["client_id"], r["data"]["task"]) for r in s.events() if r["event"] == "CLIENT_TASK"] == [("7", 1), ("8", None)]
    assert s.call("coder-1", "TaskUpdate", taskId="7", status="in_progress") is None
    refused(s, s.call("coder-1", "TaskUpdate", taskId="7", status="completed"), "APPROVAL_MISSING", "unified-reviewer")
    refused(s, s.call("lead", "TaskUpdate", taskId="7", status="completed"), "APPROVAL_MISSING")
    assert s.call("lead", "TaskUpdate", taskId="8", status="completed") is None
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.review("coder-1", 1)
    assert s.call("coder-1", "TaskUpdate", taskId="7", status="completed") is None


def test_a_second_session_is_a_bystander(session, project, tmp_path):
    from hooks.driver import Session

    s = session
    s.env["CLAUDE_PID"] = str(os.getpid())
    s.setup("SIMPLE")
    other = Session(project, s.data, session="00000000-0000-4000-8000-000000000002", pid=1)
    other.now = s.now
    before = len(s.events())
    assert other.edit("lead", "src/old.py", "OLD = 4\n") is None
    refused(s, other.edit("lead", ".claude/teams/feature-add-a-greeting/state.md"), "PROTECTED")
    assert "live in another session" in other.build("plan.md")[1]["reason"]
    _code, out, _err = other.send("UserPromptSubmit", prompt="team resume")
    assert "still running" in out["reason"]
    later = s.events()[before:]
    assert [r["event"] for r in later] == ["OVERLAP_SCOPE", "REFUSED"]
    assert later[0]["data"]["path"] == "src/old.py" and later[0]["data"]["by"] is None


def test_a_dead_clients_run_is_taken_over_and_its_agents_are_lost(session, project):
    from hooks.driver import Session

    s = session
    s.env["CLAUDE_PID"] = "1999999"
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    other = Session(project, s.data, session="00000000-0000-4000-8000-000000000003", pid=os.getpid())
    other.now = s.now
    _code, out, _err = other.send("SessionStart", source="startup")
    assert "team resume" in out["hookSpecificOutput"]["additionalContext"]
    _code, out, _err = other.send("UserPromptSubmit", prompt="team resume")
    assert "leads feature-add-a-greeting now" in out["reason"]
    state = other.state()
    assert state["owner"]["state"] == "LOST" and state["tasks"]["1"]["state"] == "STUCK_ESCALATED"
    s.call("lead", "Agent", description="x", prompt="x", subagent_type="team:coder", name="coder-9")
    assert "coder-9" not in other.state()["roster"]  # the old lead is a bystander now
    assert other.spawn("supervisor", "supervisor") is None
    assert other.handoff("supervisor", 2) is None
    assert other.spawn("unified-reviewer", "unified-reviewer") is None and other.spawn("coder-1", "coder") is None
    assert other.bash("lead", "pack task assign 1 coder-1") is None
    other.do_task("coder-1", 1, "src/a.py")


def test_panes_are_bound_once_by_their_process_and_never_taken_for_the_lead(session, project, monkeypatch):
    from hooks.driver import Session
    from pack.gate import identity

    s = session
    s.env.update(CLAUDE_CODE_ENTRYPOINT="cli", CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS="1")
    s.build()
    s.register()
    assert (
        s.call(
            "lead",
            "Agent",
            description="x",
            prompt="x",
            subagent_type="team:supervisor",
            name="supervisor",
            response={"agentId": "supervisor@session-5e551000", "name": "supervisor"},
        )
        is None
    )
    assert s.state()["roster"]["supervisor"]["agent_id"] is None
    pane = Session(project, s.data, headless=False, session="00000000-0000-4000-8000-00000000000a", pid=4242)
    pane.now = s.now
    words = ["claude", "--agent-name", "supervisor", "--parent-session-id", s.session, "--agent-type", "team:supervisor"]
    monkeypatch.setattr(identity, "cmdline", lambda pid: words if str(pid) == "4242" else [])
    code, out, _err = pane.send("SessionStart", source="startup", agent_type="team:supervisor")
    assert "you are supervisor" in out["hookSpecificOutput"]["additionalContext"]
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)") is None
    code, out, _err = pane.send(
        "PreToolUse",
        agent_type="team:supervisor",
        tool_name="SendMessage",
        tool_use_id="toolu_pane",
        tool_input={"to": "main", "message": "STATE_OWNERSHIP_ACK(1)", "summary": "x"},
    )
    assert out["hookSpecificOutput"]["updatedInput"]["to"] == "team-lead"
    assert s.state()["owner"]["state"] == "ACTIVE"
    # A second process that says the same is not bound: the incarnation has its session.
    twin = Session(project, s.data, headless=False, session="00000000-0000-4000-8000-00000000000b", pid=4242)
    twin.now = s.now
    code, out, _err = twin.send(
        "PreToolUse",
        agent_type="team:supervisor",
        tool_name="Write",
        tool_use_id="toolu_twin",
        tool_input={"file_path": s.project + "/src/old.py", "content": "x"},
    )
    assert code == 2 and "UNKNOWN_AGENT" in out["hookSpecificOutput"]["permissionDecisionReason"]


def test_two_sessions_that_open_at_once_get_one_run(project, tmp_path):
    import threading

    from hooks.driver import Session

    texts = []
    sessions = [
        Session(project, tmp_path / "data", session="00000000-0000-4000-8000-00000000010%d" % n, pid=os.getpid() + n) for n in range(6)
    ]

    def start(n):
        texts.append(json.dumps(sessions[n].build("feature number %d" % n)[1]))

    threads = [threading.Thread(target=start, args=(n,)) for n in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sum("Run opened" in t for t in texts) == 1, texts
    assert len([n for n in os.listdir(project / ".claude" / "teams") if n.startswith("feature-")]) == 1
