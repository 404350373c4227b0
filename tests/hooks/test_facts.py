"""PROTOCOL 12: facts that the gate sees need no message. Claims by writing, DONE by committing, orders in prompts, answers in last words."""

import os
import subprocess

import pytest

from tests.conftest import git
from hooks.driver import keeps_going, plan
from pack.base import project_facts
from pack.protocol import advice


def two(**changes):
    """A plan with two free tasks before the conventions."""
    raw = plan("MEDIUM")
    other = dict(raw["tasks"][0], id=2, subject="Add farewell", files=["src/b.py", "src/shared/"])
    raw["tasks"] = [raw["tasks"][0], other, dict(raw["tasks"][1], id=3, blocked_by=[1, 2])]
    return raw


def of(s, event):
    return [r for r in s.events() if r["event"] == event]


def next_of(s, who):
    return [t["text"] for t in advice.for_agent(s.state(), who)]


def task(s, number):
    return s.state()["tasks"][str(number)]


def approve(s, coder, number):
    for role in s.approvers(number):
        assert s.say(coder, role, "REVIEW: task #%d" % number) is None
        assert s.say(role, coder, "APPROVED: task #%d" % number) is None


def ends(s, who, text):
    """A turn's end with last words; answers what keeps the turn going, else None."""
    _code, out, _err = s.send("SubagentStop", who, stop_hook_active=False, background_tasks=[], last_assistant_message=text)
    return keeps_going(out)


# --- A write claims -----------------------------------------------------------------------------------------------------
def test_the_first_edit_claims_and_nobody_is_woken(session):
    s = session
    s.setup("SIMPLE")
    s.stop("supervisor")
    assert s.edit("coder-1", "src/a.py") is None
    assert (task(s, 1)["state"], task(s, 1)["owner"], s.state()["phase"]) == ("IN_PROGRESS", "coder-1", "EXECUTION")
    assert of(s, "CLAIM")[0]["actor"]["name"] == "coder-1"
    assert s.state()["roster"]["supervisor"] | {"seen": 0} == s.state()["roster"]["supervisor"] | {"seen": 0, "mail": 0, "state": "IDLE"}
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None  # legal still, and changes nothing
    assert task(s, 1)["state"] == "IN_PROGRESS"


@pytest.mark.parametrize("command", ["printf x > src/a.py", "mkdir -p src && cp README.md src/a.py", "cat > src/a.py <<'X'\na\nX"])
def test_a_write_from_the_shell_claims_too(session, command):
    s = session
    s.setup("SIMPLE")
    with open(os.path.join(s.project, "README.md"), "w") as f:
        f.write("x")
    assert s.bash("coder-1", command) is None
    assert task(s, 1)["owner"] == "coder-1" and task(s, 1)["touched"] == ["src/a.py"]


def test_whoever_takes_a_link_away_claims_the_link_s_task(session):
    s = session
    s.setup("SIMPLE")
    os.makedirs(os.path.join(s.project, "src"), exist_ok=True)
    with open(os.path.join(s.project, "README.md"), "w") as f:
        f.write("x")
    os.symlink("../README.md", os.path.join(s.project, "src", "a.py"))
    assert s.bash("coder-1", "rm -f src/a.py") is None
    assert task(s, 1)["owner"] == "coder-1"


def test_a_write_claims_nothing_that_a_message_could_not(session):
    s = session
    s.setup("MEDIUM", coders=2, raw=two())
    for who, path, code in (
        ("coder-1", ".conventions/a.md", "NOT_YOUR_FILE"),  # blocked
        ("coder-1", "src/none.py", "NOT_IN_TASK"),
        ("logic-reviewer", "src/a.py", "ROLE_EDITS_NOTHING"),
        ("lead", "src/a.py", "LEAD_DELEGATES"),
    ):
        assert code in s.edit(who, path), who
    assert not of(s, "CLAIM")
    assert "refused" in s.bash("coder-1", "echo x > src/a.py; echo x > .claude/teams/run.json")
    assert not of(s, "CLAIM"), "a refused call claims nothing"
    assert "NOT_YOUR_FILE" in s.bash("coder-1", "echo x > src/a.py; echo x > src/b.py"), "one call claims one task at most"
    assert not of(s, "CLAIM")
    assert s.edit("coder-1", "src/a.py") is None
    assert "NOT_YOUR_FILE" in s.edit("coder-2", "src/a.py")
    assert "NOT_YOUR_FILE" in s.edit("coder-1", "src/b.py"), "one task at a time"
    assert s.edit("coder-2", "src/shared/c.py") is None
    assert task(s, 2)["owner"] == "coder-2"


def test_without_an_owner_of_the_state_no_write_claims(session):
    s = session
    s.setup("SIMPLE")
    s.send("StopFailure", "supervisor", error="server_error")
    assert s.state()["owner"]["state"] == "LOST"
    assert "NOT_YOUR_FILE" in s.edit("coder-1", "src/a.py")
    assert not of(s, "CLAIM")


def test_what_was_given_to_another_is_not_claimed_by_writing(session):
    s = session
    s.setup("MEDIUM", coders=2, raw=two())
    assert s.bash("lead", "pack task assign 1 coder-2") is None
    assert "NOT_YOUR_FILE" in s.edit("coder-1", "src/a.py")
    assert s.edit("coder-2", "src/a.py") is None
    assert task(s, 1)["owner"] == "coder-2"


# --- A commit is DONE -----------------------------------------------------------------------------------------------------
def commit(s, who, *paths, message="feat: x (task #1, #2, #3)"):
    return s.bash(who, "git add %s && git commit -qm '%s' -- %s" % (" ".join(paths), message, " ".join(paths)))


def test_the_commit_of_approved_content_is_done_and_says_what_is_next(session):
    s = session
    s.setup("MEDIUM", raw=two())
    assert s.edit("coder-1", "src/a.py") is None
    approve(s, "coder-1", 1)
    assert commit(s, "coder-1", "src/a.py") is None
    assert task(s, 1)["state"] == "DONE"
    done = of(s, "DONE")
    assert len(done) == 1 and done[0]["actor"]["name"] == "coder-1" and done[0]["data"]["revision"] == task(s, 1)["revision"]
    assert s.say("coder-1", "supervisor", "DONE: task #1, claiming task #2") is None  # the old way goes on as it was
    assert task(s, 2)["owner"] == "coder-1"
    assert s.say("coder-1", "supervisor", "DONE: task #1") is None


def test_a_part_of_a_task_is_not_its_done(session):
    s = session
    raw = plan("SIMPLE")
    raw["tasks"][0]["files"] = ["src/a.py", "src/more/"]
    s.setup("SIMPLE", raw=raw)
    for path in ("src/a.py", "src/more/b.py"):
        assert s.edit("coder-1", path) is None
    approve(s, "coder-1", 1)
    assert commit(s, "coder-1", "src/a.py") is None
    assert task(s, 1)["state"] == "APPROVED"
    assert commit(s, "coder-1", "src/more/b.py") is None
    assert task(s, 1)["state"] == "DONE"


def test_a_commit_without_an_owner_is_done_once_there_is_one(session):
    s = session
    s.setup("SIMPLE")
    assert s.edit("coder-1", "src/a.py") is None
    approve(s, "coder-1", 1)
    s.send("StopFailure", "supervisor", error="server_error")
    assert commit(s, "coder-1", "src/a.py") is None
    assert task(s, 1)["state"] == "APPROVED"
    assert spawn(s, "supervisor", "supervisor", "STATE_OWNERSHIP_HANDOFF(2)") and ends(s, "supervisor", "STATE_OWNERSHIP_ACK(2)") is None
    assert task(s, 1)["state"] == "DONE"


def test_a_commit_that_was_not_as_approved_is_not_done_once_there_is_an_owner(session):
    """Somebody had git take another folder for the project's: the commit has the approved bytes, elsewhere."""
    s = session
    s.setup("SIMPLE")
    assert s.edit("coder-1", "src/a.py") is None
    approve(s, "coder-1", 1)
    git(s.project, "config", "core.worktree", os.path.dirname(s.project))
    s.send("StopFailure", "supervisor", error="server_error")
    commit(s, "coder-1", "src/a.py")
    assert len(of(s, "COMMIT_DIVERGES")) == 1
    assert spawn(s, "supervisor", "supervisor", "STATE_OWNERSHIP_HANDOFF(2)") and ends(s, "supervisor", "STATE_OWNERSHIP_ACK(2)") is None
    assert task(s, 1)["state"] == "APPROVED"


def test_the_last_done_opens_completion(session):
    s = session
    s.setup("SIMPLE")
    for number, path in ((1, "src/a.py"), (2, ".conventions/a.md")):
        assert s.edit("coder-1", path) is None
        approve(s, "coder-1", number)
        assert commit(s, "coder-1", path) is None
    assert s.state()["phase"] == "COMPLETION" and not [r for r in s.events() if r["event"] == "REFUSED"]


def test_what_a_commit_took_is_told_also_below_the_repository_root(tmp_path):
    run = lambda *a: subprocess.run(("git", "-C", str(tmp_path)) + a, check=True, stdout=subprocess.PIPE)  # noqa: E731
    run("init", "-q")
    run("config", "user.email", "x@example.invalid")
    run("config", "user.name", "x")
    project = tmp_path / "app"
    (project / "src").mkdir(parents=True)
    (project / "src" / "a b.py").write_text("1")
    run("add", "-A")
    run("commit", "-qm", "x")
    sha = project_facts.head(str(tmp_path))
    assert project_facts.committed(str(project), sha) == ["src/a b.py"]
    assert project_facts.uncommitted(str(project), ["src/"]) == []
    (project / "src" / "new.py").write_text("2")
    (project / "src" / "a b.py").unlink()
    assert sorted(project_facts.uncommitted(str(project), ["src/"])) == ["src/a b.py", "src/new.py"]
    assert project_facts.uncommitted(str(project), ["src/a b.py"]) == ["src/a b.py"], "removed and not committed"
    assert project_facts.uncommitted(str(project), ["src/none.py"]) == []


# --- Orders and answers -------------------------------------------------------------------------------------------------------
def spawn(s, name, role, prompt):
    """An Agent call with this prompt, and the agent's start."""
    agent = "a%016x" % (len(s.agents) + 77)
    refused = s.call(
        "lead",
        "Agent",
        description=name,
        prompt=prompt,
        subagent_type="team:" + role,
        name=name,
        response={"agentId": agent, "status": "async_launched"},
    )
    if refused is None:
        s.agents[name] = (agent, "team:" + role)
        return s.send("SubagentStart", name)[1]["hookSpecificOutput"]["additionalContext"]
    return refused


def test_a_spawn_that_offers_the_state_and_an_ack_in_last_words(session):
    s = session
    s.build()
    assert s.register() is None
    assert "WRONG_EPOCH" in spawn(s, "supervisor", "supervisor", "state.md\nSTATE_OWNERSHIP_HANDOFF(7)")
    told = spawn(s, "supervisor", "supervisor", "state.md\nSTATE_OWNERSHIP_HANDOFF(1)")
    assert "STATE_OWNERSHIP_ACK(1)" in told and s.state()["owner"]["state"] == "OFFERED"
    assert "STATE_OWNERSHIP_ACK(1)" in ends(s, "supervisor", "I shall say STATE_OWNERSHIP_ACK(1) soon"), "quoted is not said"
    assert "STALE_EPOCH" in ends(s, "supervisor", "STATE_OWNERSHIP_ACK(0)") and s.state()["owner"]["state"] == "OFFERED"
    assert ends(s, "supervisor", "STATE_OWNERSHIP_ACK(1)") is None
    assert s.state()["owner"]["state"] == "ACTIVE" and s.state()["phase"] == "SETUP"
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)") is None  # said once more: a duplicate, harmless
    assert of(s, "HANDOFF_DUPLICATE")


def test_plan_risks_and_mitigation_in_one_answer(session):
    s = session
    s.build()
    assert s.register(plan("MEDIUM")) is None
    told = spawn(s, "tech-lead", "tech-lead", "state.md\nVALIDATE PLAN\nIDENTIFY RISKS")
    assert "PLAN OK or PLAN CHANGES" in told and not s.state()["risks"]["asked"], "risks are asked for after PLAN OK"
    words = "PLAN OK\nsound\nRISKS: 1\nRISK-1: names\nSeverity: MINOR\nRISKS MITIGATED\nnothing to do"
    assert ends(s, "tech-lead", words) is None
    state = s.state()
    assert state["plan"]["ok"] and state["risks"]["counts"]["MINOR"] == 1 and state["risks"]["mitigated"]
    assert [r["event"] for r in s.events() if r["event"] in ("PLAN_OK", "IDENTIFY_RISKS", "RISKS", "RISKS_MITIGATED")] == [
        "PLAN_OK",
        "IDENTIFY_RISKS",
        "RISKS",
        "RISKS_MITIGATED",
    ]


def test_risks_that_need_a_tester_are_not_mitigated_in_the_same_breath(session):
    s = session
    s.build()
    assert s.register(plan("MEDIUM")) is None
    spawn(s, "tech-lead", "tech-lead", "VALIDATE PLAN\nIDENTIFY RISKS")
    told = ends(s, "tech-lead", "PLAN OK\nRISKS: 1\nRISK-1: loss\nSeverity: CRITICAL\nRISKS MITIGATED")
    assert "RISKS_OPEN" in told and not s.state()["risks"]["mitigated"] and s.state()["risks"]["counts"]["CRITICAL"] == 1


def test_last_words_say_only_what_their_role_says_to_the_lead(session):
    s = session
    s.setup("MEDIUM", raw=two())
    assert s.edit("coder-1", "src/a.py") is None
    for role in s.approvers(1):
        assert s.say("coder-1", role, "REVIEW: task #1") is None
    before = task(s, 1)["approvals"]
    ends(s, "logic-reviewer", "APPROVED: task #1")
    ends(s, "coder-1", "PLAN OK\nDONE: task #1\nCONSISTENCY OK")
    ends(s, "tech-lead", "APPROVED: task #1\nCONSISTENCY OK")
    assert task(s, 1)["approvals"] == before and s.state()["consistency"] is None


def test_consistency_with_the_last_approval_and_void_after_a_write(session):
    s = session
    s.setup("MEDIUM")
    for number, path in ((1, "src/a.py"), (2, ".conventions/a.md")):
        assert s.edit("coder-1", path) is None
        assert s.say("coder-1", "logic-reviewer", "REVIEW: task #%d" % number) is None
        assert s.say("coder-1", "tech-lead", "REVIEW: task #%d" % number) is None
        told = s.stop("tech-lead")
        assert ("CONSISTENCY OK" in told) == (number == 2)
        for role in ("logic-reviewer", "tech-lead"):
            assert s.say(role, "coder-1", "APPROVED: task #%d" % number) is None
        if number == 1:
            assert commit(s, "coder-1", path) is None
    assert ends(s, "tech-lead", "CONSISTENCY OK\none way of doing it") is None
    assert s.state()["consistency"] == "OK"
    assert s.edit("coder-1", ".conventions/a.md", "other\n") is None
    assert s.state()["consistency"] is None
    approve(s, "coder-1", 2)
    assert ends(s, "tech-lead", "CONSISTENCY OK") is None
    assert commit(s, "coder-1", ".conventions/a.md") is None
    assert (s.state()["phase"], s.state()["consistency"]) == ("COMPLETION", "OK")


# --- Who is woken -----------------------------------------------------------------------------------------------------------------
def notify(s, who, result, status="completed"):
    """The client's news of an agent's end; answers the hook's output."""
    text = (
        "<task-notification>\n<task-id>%s</task-id>\n<status>%s</status>\n<summary>x</summary>\n<result>%s</result>\n</task-notification>"
    )
    return s.send("UserPromptSubmit", prompt=text % (s.agents[who][0], status, result))[1] or {}


def test_news_that_need_nobody_wake_nobody(session):
    s = session
    s.setup("SIMPLE")
    assert s.edit("coder-1", "src/a.py") is None
    s.stop("unified-reviewer")
    assert notify(s, "unified-reviewer", "waiting")["decision"] == "block"
    for result, status in (
        ("Which name shall it have?", "completed"),
        ("I cannot go on", "completed"),
        ("x", "failed"),
        ("y" * 400, "completed"),
    ):
        assert "decision" not in notify(s, "unified-reviewer", result, status), result


def test_the_last_one_at_work_always_wakes_the_lead(session):
    s = session
    s.setup("SIMPLE")
    for name in list(s.agents):
        s.stop(name)
    told = notify(s, "coder-1", "waiting")
    assert "decision" not in told and "next" in told["hookSpecificOutput"]["additionalContext"]
    assert s.edit("coder-1", "src/a.py") is None  # at work, but somebody else has a step of the lead's
    s.send("StopFailure", "supervisor", error="server_error")
    s.stop("unified-reviewer")
    assert "decision" not in notify(s, "unified-reviewer", "waiting")


def test_reports_of_several_come_together(session):
    s = session
    s.build()
    for name, role in (("codebase-researcher", "codebase-researcher"), ("reference-researcher", "reference-researcher")):
        assert s.spawn(name, role) is None
    assert ends(s, "codebase-researcher", "src holds all. Which?") is None
    assert notify(s, "codebase-researcher", "src holds all. Which?")["decision"] == "block"
    assert ends(s, "reference-researcher", "src/old.py") is None
    told = notify(s, "reference-researcher", "src/old.py")
    assert (
        "decision" not in told and "report of codebase-researcher: src holds all. Which?" in told["hookSpecificOutput"]["additionalContext"]
    )
    assert "report of" not in str(notify(s, "reference-researcher", "src/old.py")), "told once"


# --- What is routine wakes nobody -------------------------------------------------------------------------------------------------------
def test_routine_messages_are_recorded_and_not_sent_on(session):
    s = session
    s.setup("SIMPLE")
    s.stop("supervisor")

    def said(text):
        code, out, err = s.send(
            "PreToolUse",
            "coder-1",
            tool_name="SendMessage",
            tool_input={"to": "supervisor", "message": text},
            tool_use_id="toolu_" + text[:9],
        )
        return (out or {}).get("hookSpecificOutput", {}).get("permissionDecisionReason", "")

    assert said("CLAIM: task #1").startswith("team: recorded: `CLAIM: task #1`")
    assert task(s, 1)["state"] == "IN_PROGRESS" and s.state()["roster"]["supervisor"]["mail"] == 0
    s.edit("coder-1", "src/a.py")
    assert said("IN_REVIEW: task #1\nAll is written.").startswith("team: recorded")
    approve(s, "coder-1", 1)
    assert said("DONE: task #1, claiming task #3") and task(s, 1)["state"] != "DONE", "a refusal stays a refusal"
    asking = "DONE: task #1\nWho writes the other half?"
    assert said(asking) == "" and task(s, 1)["state"] == "DONE", "what asks something is sent on"
    assert s.state()["roster"]["supervisor"]["mail"] == 1


def test_what_must_be_relayed_is_sent_on(session):
    s = session
    s.setup("SIMPLE")
    s.stop("supervisor")
    assert s.edit("coder-1", "src/a.py") is None
    assert s.say("coder-1", "supervisor", "STUCK: task #1") is None and s.updated is not None
    assert s.state()["roster"]["supervisor"]["mail"] == 1


def test_a_coder_that_was_just_spawned_is_waited_for(session):
    s = session
    s.setup("MEDIUM", coders=0, raw=two())
    assert [t for t in next_of(s, "lead") if "spawn a coder" in t] == [
        "task #1 is free: spawn a coder for it, in the same turn one each for #2"
    ]
    assert s.spawn("coder-1", "coder") is None
    assert [t for t in next_of(s, "lead") if "spawn a coder" in t] == ["task #2 is free: spawn a coder for it"]
    assert s.spawn("coder-2", "coder") is None
    assert not [t for t in next_of(s, "lead") if "is free" in t]
    s.stop("coder-1")
    assert [t for t in next_of(s, "lead") if "is free" in t] == ["task #2 is free: message coder-1 to CLAIM: task #2"]


# --- pack finish, pack go ------------------------------------------------------------------------------------------------------------
FINISH = "pack finish --build 'python3 -m compileall -q src' --test 'python3 -m unittest -q'"


def done(s):
    for number, path in ((1, "src/a.py"), (2, ".conventions/checks/naming.md")):
        assert s.edit("coder-1", path, "# task %d\n" % number) is None
        approve(s, "coder-1", number)
        assert commit(s, "coder-1", path) is None
    for name in list(s.agents):
        s.stop(name)


def test_finish_is_the_whole_end(session):
    s = session
    s.setup("SIMPLE")
    assert "OPEN_TASKS" in s.bash("lead", FINISH)
    done(s)
    assert s.bash("lead", FINISH) is None and "exit 0" in s.output
    assert [r["event"] for r in s.events() if r["event"] in ("VERIFIED", "TEARDOWN_INIT", "READY_TO_DELETE", "TEAM_DELETED")] == [
        "VERIFIED",
        "TEARDOWN_INIT",
        "READY_TO_DELETE",
        "TEAM_DELETED",
    ]


def test_finish_stops_at_what_is_red_and_at_what_is_missing(session):
    s = session
    s.setup("MEDIUM")
    done(s)
    assert s.bash("lead", "pack finish --build 'python3 -m compileall -q src' --test 'python3 -c \"raise SystemExit(3)\"'") is None
    assert s.exit == 1 and s.state()["phase"] == "COMPLETION" and not s.state()["verify"]["ok"]
    assert s.bash("lead", FINISH) is None
    assert s.state()["verify"]["ok"] and s.state()["phase"] == "COMPLETION"
    assert of(s, "REFUSED")[-1]["data"]["code"] == "CONSISTENCY_OPEN"
    ends(s, "tech-lead", "CONSISTENCY OK")
    assert s.bash("lead", "pack finish") is None, "what passed on this tree is not run again"
    assert s.state()["phase"] == "CLOSED" and len(of(s, "VERIFIED")) == 2 and "is closed" in s.output
    told = s.output.splitlines()
    for line in ("FEATURE IMPLEMENTATION COMPLETE", "Tasks completed: 2/2", "Complexity: MEDIUM"):
        assert line in told, s.output
    subjects = [r["data"]["sha"][:7] + " " + r["data"]["subject"] for r in of(s, "COMMITTED")]
    assert [line for line in told if line.startswith("Commits: ")] == ["Commits: " + ("; ".join(subjects) or "none")]


def test_finish_by_anybody_else_is_refused(session):
    s = session
    s.setup("SIMPLE")
    done(s)
    assert "refused" in s.bash("coder-1", FINISH) and s.state()["phase"] == "COMPLETION"


@pytest.mark.parametrize("mode, more", [("SIMPLE", False), ("MEDIUM", True), ("COMPLEX", True)])
def test_how_plan_and_risks_go_on_is_said_to_whom_it_concerns(session, mode, more):
    session.build()
    assert session.register(plan(mode)) is None
    assert "FINAL: " + mode in session.output and "\nNext: spawn the supervisor" in session.output
    assert ("RISK ANALYSIS RESULTS" in session.output) == more


def test_go_prints_the_calls_of_the_next_turn(session):
    s = session
    s.build("plan.md --coders=2")
    assert s.register(two()) is None
    assert s.bash("lead", "pack go") is None
    assert 'name: "supervisor"' in s.output and "STATE_OWNERSHIP_HANDOFF(1)" in s.output and "IDENTIFY RISKS" in s.output
    spawn(s, "supervisor", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)")
    ends(s, "supervisor", "STATE_OWNERSHIP_ACK(1)")
    spawn(s, "tech-lead", "tech-lead", "VALIDATE PLAN\nIDENTIFY RISKS")
    ends(s, "tech-lead", "PLAN OK\nRISKS: 0\nnothing imports the new file\nRISKS MITIGATED")
    assert s.bash("lead", "pack go") is None
    for part in ('name: "logic-reviewer"', 'name: "coder-1"', 'task #1")', 'name: "coder-2"', 'task #2")'):
        assert part in s.output, s.output
    assert "coder-3" not in s.output


def test_a_revision_is_too_long_to_be_met_by_chance_and_an_older_runs_stays_as_it_was(session):
    """An update in mid-run: what a reviewer was asked for under the short form is compared in that form."""
    from pack.base import project_facts

    s = session
    s.setup("MEDIUM", raw=two())
    assert s.edit("coder-1", "src/a.py") is None
    approve(s, "coder-1", 1)
    one = task(s, 1)
    assert len(one["revision"]) == 32 and one["revision"] == project_facts.revision(s.project, one)[0]
    old = dict(one, revision=None, approvals={}, requests={"tech-lead": "0123456789ab"})
    short = project_facts.revision(s.project, old)[0]
    assert len(short) == 12 and project_facts.revision(s.project, dict(old, requests={"tech-lead": short}))[0] == short
