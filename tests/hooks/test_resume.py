"""The client is killed and somebody resumes: what died with it, who is told what. tests/client/test_revive.py does it to the real client."""

import os
import subprocess
import sys

import pytest

from hooks.driver import Session, plan
from pack.base import enforcement, paths
from pack.protocol import advice


def resumed(s):
    """The client was killed; its user resumes the session. Answers what the lead is told."""
    _code, out, _err = s.send("SessionStart", source="resume")
    return out["hookSpecificOutput"]["additionalContext"]


def anew(s, prompt="/build"):
    """The client was killed; a new session takes the run over."""
    other = Session(
        s.project, s.data, headless=s.headless, session="00000000-0000-4000-8000-00000000000%d" % (int(s.session[-1]) + 1), pid=os.getpid()
    )
    other.now = s.now
    if prompt == "/build":
        assert "resumed, not overwritten" in other.build("plan.md")[1]["hookSpecificOutput"]["additionalContext"]
    else:
        assert "leads feature-add-a-greeting now" in other.send("UserPromptSubmit", prompt=prompt)[1]["reason"]
    return other


def next_of(s, who="lead"):
    return [step["text"] for step in advice.steps(s.state()) if step["who"] == who]


def commits(s):
    return [(e["actor"]["name"], e["data"]["gated"]) for e in s.events() if e["event"] == "COMMITTED"]


@pytest.fixture
def killed(session):
    """A session whose client's process is gone."""
    session.env["CLAUDE_PID"] = "1999999"
    return session


def test_mail_that_was_queued_in_the_dead_client_wakes_nobody(session):
    """Seeds 1 and 3 of tests/client/revive.py: the lead's turn ended for good, because the reviewer "had mail"."""
    s = session
    s.setup("SIMPLE")
    assert s.stop("unified-reviewer") is None
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    assert s.say("coder-1", "unified-reviewer", "REVIEW: task #1") is None
    assert s.state()["roster"]["unified-reviewer"]["mail"] == 1
    resumed(s)
    assert "unified-reviewer is stalled (review task #1" in s.stop("lead")


def test_an_agent_that_was_just_starting_never_comes(session):
    s = session
    s.build()
    s.register()
    assert s.call("lead", "Agent", description="x", prompt="x", subagent_type="team:supervisor", name="supervisor", post=False) is None
    assert s.state()["roster"]["supervisor"]["state"] == "SPAWNING"
    assert "spawn the supervisor" in resumed(s)
    assert s.spawn("supervisor", "supervisor") is None


def test_a_lost_coders_task_is_handed_on_step_by_step_each_legal_when_it_is_told(killed):
    killed.setup("SIMPLE")
    killed.say("coder-1", "supervisor", "CLAIM: task #1")
    killed.edit("coder-1", "src/a.py")
    s = anew(killed)
    assert [t.split(":")[0] for t in next_of(s)] == ["spawn the supervisor"]  # no decision is accepted before there is an owner
    assert s.spawn("supervisor", "supervisor") is None and s.handoff(epoch=2) is None
    assert next_of(s)[0] == "task #1 lost its coder: spawn a coder, then `pack task assign 1` to it"
    assert s.spawn("coder-1", "coder") is None
    assert next_of(s)[0] == "task #1 lost its coder: `pack task assign 1 coder-1`"
    assert s.bash("lead", "pack task assign 1 coder-1") is None
    assert s.stop("coder-1") is None
    assert "task #1 was given to coder-1: message it to CLAIM: task #1, or `pack task assign 1 NAME`" in next_of(s)
    assert s.say("lead", "coder-1", "Task #1 is yours.") is None
    assert not [t for t in next_of(s) if "free" in t]  # it is on its way
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None


def test_with_every_coder_busy_a_lost_coders_task_queues_with_one_of_them(session):
    s = session
    s.setup("SIMPLE", coders=2)
    three = plan()
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    assert (
        s.bash("lead", "pack task add <<'EOF'\n%s\nEOF" % __import__("json").dumps(dict(three["tasks"][0], id=3, files=["src/c.py"])))
        is None
    ), s.output
    s.say("coder-2", "supervisor", "CLAIM: task #3")
    assert s.spawn("coder-3", "coder") is None
    s.bash("lead", "pack task assign 2 coder-3")
    s.send("StopFailure", "coder-1", error="api")
    assert "task #1 lost its coder: spawn a coder" in next_of(s)[0]  # two of three are busy
    s.send("StopFailure", "coder-2", error="api")
    assert s.spawn("coder-1", "coder") is None
    assert next_of(s)[0] == "task #1 lost its coder: `pack task assign 1 coder-1`"


def test_a_lead_is_not_told_to_ask_a_tech_lead_that_is_gone_or_at_it(killed):
    killed.setup("MEDIUM")
    for number, path in ((1, "src/a.py"), (2, ".conventions/checks/x.md")):
        killed.do_task("coder-1", number, path)
    s = anew(killed)
    assert s.state()["phase"] == "COMPLETION"
    assert s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest'") is None
    assert s.spawn("supervisor", "supervisor") is None and s.handoff(epoch=2) is None
    assert [t.split(":")[0] for t in next_of(s)] == ["spawn the tech lead"]
    assert s.spawn("tech-lead", "tech-lead") is None
    assert next_of(s) == []  # it is in its first turn
    assert s.stop("tech-lead") is None
    assert next_of(s) == ["ask the tech lead for the consistency check (CONSISTENCY OK)"]
    assert s.say("lead", "tech-lead", "Do all tasks fit together?") is None
    assert next_of(s) == []
    assert s.say("tech-lead", "lead", "CONSISTENCY OK") is None
    assert next_of(s) == ["run `pack finish`"]


@pytest.mark.parametrize("how", ["resume", "new /build", "team resume"])
def test_a_kill_before_the_supervisor_answered_the_last_request_ends_the_run(project, tmp_path, how):
    """In a terminal all agents die with the client; the supervisor was all that the run still waited for."""
    s = Session(project, tmp_path / "data", headless=False, pid=1999999)
    s.setup("SIMPLE")
    for number, path in ((1, "src/a.py"), (2, ".conventions/checks/x.md")):
        s.do_task("coder-1", number, path)
    assert s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest'") is None
    assert s.bash("lead", "pack teardown") is None
    for name in ("coder-1", "unified-reviewer"):
        s.call(
            "lead",
            "SendMessage",
            to=name,
            message={"type": "shutdown_request", "reason": "done"},
            response={"success": True, "request_id": "r-" + name},
        )
        s.call(name, "SendMessage", to="team-lead", message={"type": "shutdown_response", "request_id": "r-" + name, "approve": True})
    assert s.state()["teardown"]["state"] == "READY_TO_DELETE"
    if how == "resume":
        assert "is closed" in resumed(s)
    else:
        other = Session(project, s.data, headless=False, session="00000000-0000-4000-8000-000000000002", pid=os.getpid())
        other.now = s.now
        _code, out, _err = other.build("plan.md") if how == "new /build" else other.send("UserPromptSubmit", prompt="team resume")
        assert "closed" in out["reason"]
    assert s.state()["phase"] == "CLOSED" and paths.active(s.project, s.data) is None
    assert os.path.exists(os.path.join(s.project, ".claude/teams/.closed/feature-add-a-greeting.json"))


def test_a_run_whose_closing_process_died_before_it_buried_it_is_buried_by_the_next_event(session):
    s = session
    s.setup("SIMPLE")
    live = paths.active(s.project, s.data)
    for name in ("coder-1", "unified-reviewer", "supervisor"):
        assert s.stop(name) is None
    assert "aborted" in s.send("UserPromptSubmit", prompt="team abort enough")[1]["reason"]
    assert s.bash("lead", "pack teardown ask") is None and s.bash("lead", "pack teardown ask") is None
    assert s.state()["phase"] == "CLOSED"
    stone = os.path.join(s.project, ".claude/teams/.closed/feature-add-a-greeting.json")
    os.unlink(stone)
    from pack.store.disk import Disk

    paths.mark(s.project, s.data, live["team"], live["run"], sys.executable, Disk())  # as before the burial
    s.send("SessionStart", source="resume")
    assert paths.active(s.project, s.data) is None and os.path.exists(stone)


def test_a_session_that_never_saw_the_command_is_told_where_the_run_stands_and_how_a_lead_works(killed):
    killed.setup("SIMPLE")
    s = anew(killed, "team resume")
    _code, out, _err = s.send("UserPromptSubmit", prompt="go on")
    told = out["hookSpecificOutput"]["additionalContext"]
    assert "Next: spawn the supervisor" in told and told.endswith("commands/build.md") and os.path.isfile(told.rpartition(": ")[2])


def test_a_risk_tester_that_was_cut_off_is_asked_again_and_one_that_is_gone_is_replaced(killed):
    s = killed
    s.build("plan.md --coders=3")
    assert s.register(plan("MEDIUM")) is None and s.spawn("tech-lead", "tech-lead") is None
    for who, to, text in (
        ("lead", "tech-lead", "VALIDATE PLAN"),
        ("tech-lead", "lead", "PLAN OK"),
        ("lead", "tech-lead", "IDENTIFY RISKS"),
        ("tech-lead", "lead", "RISKS: 1\nRISK-1: x\nSeverity: CRITICAL"),
    ):
        assert s.say(who, to, text) is None
    assert s.spawn("risk-tester-1", "risk-tester") is None
    resumed(s)  # from here on the first step is to spawn the supervisor, which nothing of this waits for
    assert next_of(s)[1:] == ["risk-tester-1 was cut off before its report: send it a message"]
    assert s.say("lead", "risk-tester-1", "Go on.") is None
    assert next_of(s)[1:] == []
    s.send("SubagentStart", "risk-tester-1")
    other = anew(s)
    other.spawn("tech-lead", "tech-lead")
    assert next_of(other)[1:] == ["spawn 1 more risk-tester(s) (tech-lead)"]


def test_a_risk_tester_that_has_answered_is_not_asked_again(killed):
    s = killed
    s.build("plan.md --coders=3")
    assert s.register(plan("MEDIUM")) is None and s.spawn("tech-lead", "tech-lead") is None
    for who, to, text in (
        ("lead", "tech-lead", "VALIDATE PLAN"),
        ("tech-lead", "lead", "PLAN OK"),
        ("lead", "tech-lead", "IDENTIFY RISKS"),
        ("tech-lead", "lead", "RISKS: 1\nRISK-1: x\nSeverity: CRITICAL"),
    ):
        assert s.say(who, to, text) is None
    assert s.spawn("risk-tester-1", "risk-tester") is None
    s.send("SubagentStop", "risk-tester-1", stop_hook_active=False, last_assistant_message="RISK-1: THEORETICAL\nsrc/old.py:1 cannot")
    assert next_of(s)[1:] == ["send RISK ANALYSIS RESULTS to the tech lead (tech-lead)"]
    s.send("SubagentStart", "risk-tester-1")
    other = anew(s)
    other.spawn("tech-lead", "tech-lead")
    assert next_of(other)[1:] == ["send RISK ANALYSIS RESULTS to the tech lead (tech-lead)"]


def test_a_number_that_another_process_has_now_and_a_process_nobody_waited_for_are_no_client(tmp_path):
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        assert enforcement.alive(sleeper.pid) and enforcement.alive(sleeper.pid, "sleep") and not enforcement.alive(sleeper.pid, "claude")
        sleeper.kill()
        os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
        assert not enforcement.alive(sleeper.pid)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_the_record_of_a_task_says_whose_approval_it_needs_and_lacks(session):
    s = session
    s.setup("SIMPLE")
    s.bash("coder-1", "pack task show 1")
    assert "requires: unified-reviewer; not in review yet" in s.output
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.bash("coder-1", "pack task show 1")
    assert "requires: unified-reviewer; approved: nobody; still missing: unified-reviewer" in s.output


def test_a_shutdown_that_was_asked_of_somebody_at_work_is_answered_by_the_death_of_its_process(session):
    """Headless, the answer is the end of its turn, and that never came."""
    s = session
    s.setup("SIMPLE")
    for number, path in ((1, "src/a.py"), (2, ".conventions/checks/x.md")):
        s.do_task("coder-1", number, path)
    assert s.bash("lead", "pack verify --build 'python3 -m compileall -q src' --test 'python3 -m unittest'") is None
    assert s.stop("unified-reviewer") is None and s.stop("supervisor") is None
    assert s.bash("lead", "pack teardown") is None and s.bash("lead", "pack teardown ask") is None
    assert s.state()["teardown"]["state"] == "WAITING_ACKS"
    assert "shut the supervisor down last" in resumed(s)


def test_a_commit_whose_client_died_before_it_was_recorded_is_recorded_at_the_resume(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.review("coder-1", 1)
    command = "git add src/a.py && git commit -qm 'feat: task #1' -- src/a.py"
    assert s.call("coder-1", "Bash", command=command, post=False) is None
    subprocess.run(["sh", "-c", command], cwd=s.project, check=True)
    assert commits(s) == []
    resumed(s)
    assert commits(s) == [("coder-1", True)]
    resumed(s)
    assert commits(s) == [("coder-1", True)]


def test_a_commit_is_not_blamed_on_whoever_ran_a_command_meanwhile(session):
    s = session
    s.setup("SIMPLE", coders=2)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.review("coder-1", 1)
    use = {"tool_name": "Bash", "tool_use_id": "toolu_meanwhile", "tool_input": {"command": "python3 -m unittest"}}
    other = {"tool_name": "Bash", "tool_use_id": "toolu_after", "tool_input": {"command": "ls"}}
    s.send("PreToolUse", "coder-2", **use)
    s.send("PreToolUse", "coder-2", **other)
    command = "git add src/a.py && git commit -qm 'feat: task #1' -- src/a.py"
    mine = {"tool_name": "Bash", "tool_use_id": "toolu_commit", "tool_input": {"command": command}}
    assert s.send("PreToolUse", "coder-1", **mine)[0] == 0
    subprocess.run(["sh", "-c", command], cwd=s.project, check=True)
    _code, out, _err = s.send("PostToolUse", "coder-2", tool_response={"stdout": ""}, **use)  # before the one who committed
    assert out is None
    s.send("PostToolUse", "coder-1", tool_response={"stdout": ""}, **mine)
    _code, out, _err = s.send("PostToolUse", "coder-2", tool_response={"stdout": ""}, **other)
    assert out is None and commits(s) == [("coder-1", True)]


def test_two_commits_at_once_are_recorded_once_each_and_in_their_order(session):
    s = session
    s.setup("SIMPLE", coders=2)
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.review("coder-1", 1)
    use = {}
    for who, command in (
        ("coder-1", "git add src/a.py && git commit -qm 'feat: task #1' -- src/a.py"),
        ("coder-2", "git commit -q --allow-empty -m 'chore: nothing'"),
    ):
        use[who] = {"tool_name": "Bash", "tool_use_id": "toolu_" + who, "tool_input": {"command": command}}
        assert s.send("PreToolUse", who, **use[who])[0] == 0
        subprocess.run(["sh", "-c", command], cwd=s.project, check=True)
    for who in ("coder-1", "coder-2"):  # both are back only after both commits were made
        s.send("PostToolUse", who, tool_response={"stdout": ""}, **use[who])
    assert commits(s) == [("coder-1", True), ("coder-2", True)]
    assert [e["data"]["subject"] for e in s.events() if e["event"] == "COMMITTED"] == ["feat: task #1", "chore: nothing"]


def test_a_signed_commit_of_a_user_who_has_signatures_shown_in_every_log(session, tmp_path):
    """log.showSignature puts the verdict in front of what `git log --format` is asked for."""
    key = str(tmp_path / "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", key), ("commit.gpgsign", "true"), ("log.showSignature", "true")):
        subprocess.run(["git", "config", name, value], cwd=session.project, check=True)
    s = session
    s.setup("SIMPLE", coders=1)
    s.edit("coder-1", "src/a.py")
    s.review("coder-1", 1)
    assert s.bash("coder-1", "git add src/a.py && git commit -qm 'feat: task #1' -- src/a.py") is None
    shown = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=s.project, capture_output=True, text=True).stdout
    assert shown.endswith("feat: task #1\n") and len(shown.splitlines()) > 1, "the setting is at work"
    assert [e["data"]["subject"] for e in s.events() if e["event"] == "COMMITTED"] == ["feat: task #1"]


def test_an_older_session_that_is_resumed_is_told_that_another_one_leads_now(killed):
    killed.setup("SIMPLE")
    anew(killed)
    assert "led by another session" in resumed(killed)


def test_an_agent_that_died_with_its_client_before_anything_was_written_down_is_lost_at_the_first_message(session):
    """The client bound it and was killed: later it says `No transcript found` (seeds 205 and 209 of tests/client/revive.py)."""
    s = session
    s.setup("SIMPLE")
    s.stop("coder-1")
    resumed(s)
    gone = {"success": False, "message": "Agent \"a1\" could not be resumed: No transcript found for agent ID: a1."}
    assert s.call("lead", "SendMessage", to="coder-1", message="Claim task #1.", summary="x", response=gone) is None
    assert s.state()["roster"]["coder-1"]["state"] == "LOST" and next_of(s) == ["task #1 is free: spawn a coder for it"]
    assert (
        s.call(
            "lead",
            "SendMessage",
            to="unified-reviewer",
            message="Are you there?",
            summary="x",
            response={"success": False, "message": "busy"},
        )
        is None
    )
    assert s.state()["roster"]["unified-reviewer"]["state"] != "LOST"  # any other failure may pass


def test_mail_that_the_client_did_not_deliver_wakes_nobody(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    for name in ("coder-1", "supervisor", "unified-reviewer"):
        assert s.stop(name) is None
    s.deliver()
    s.call("lead", "SendMessage", to="coder-1", message="Go on.", summary="x", response={"success": False})
    assert s.state()["roster"]["coder-1"]["mail"] == 0
    assert "coder-1 stopped with task #1 IN_PROGRESS" in s.stop("lead")


def test_the_leads_own_step_is_told_though_an_agents_news_may_be_on_their_way(project, tmp_path):
    """In a terminal nothing shows whether they came already: a lead that had heard them and stopped was never woken (seeds 200 and 206)."""
    s = Session(project, tmp_path / "data", headless=False)
    s.build()
    s.register()
    s.spawn("supervisor", "supervisor")
    assert s.stop("supervisor") is None and s.state()["lead_idle_news"]
    assert "send STATE_OWNERSHIP_HANDOFF(1)" in s.stop("lead")


def test_the_resumed_lead_is_told_anew_what_the_dead_one_was_told_often_enough(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    for name in ("coder-1", "supervisor", "unified-reviewer"):
        s.stop(name)
    s.deliver()
    assert all(s.stop("lead") for _ in range(3)) and s.stop("lead") is None
    resumed(s)
    assert "coder-1 stopped" in s.stop("lead")


def test_handing_on_a_lost_coders_task_is_two_steps_and_each_is_told(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.send("StopFailure", "coder-1", error="api")
    s.stop("supervisor"), s.stop("unified-reviewer")
    s.deliver()
    assert all("spawn a coder" in (s.stop("lead") or "") for _ in range(3)) and s.stop("lead") is None
    assert s.spawn("coder-1", "coder") is None and s.stop("coder-1") is None
    assert "`pack task assign 1 coder-1`" in s.stop("lead")
