"""What the hostile driver (scripts/prove/hostile.py) has found in the shipped gate and core, each told by hand in its shortest form."""

import json
import os
import subprocess
import time

import pytest
from pack.gate import close_run
from hooks.driver import Processes, plan
from pack.base import project_facts
from pack.base.paths import PLUGIN_ROOT
from pack.store.journal import Store
from pack.protocol import advice
from pack.teams.layout import content

TEAM = ".claude/teams/feature-add-a-greeting"
VERIFY = "pack verify --build 'test -s src/old.py' --test 'test -s src/old.py'"


def answer(out):
    """What a PreToolUse was answered: the refusal's text, None when it was let through."""
    specific = (out or {}).get("hookSpecificOutput", {})
    return specific["permissionDecisionReason"] if specific.get("permissionDecision") == "deny" else None


def finished(s):
    """A SIMPLE run, all done and verified."""
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/checks/x.md")
    assert s.bash("lead", VERIFY) is None


def reviewed(s, text="A = 1\n"):
    """Task #1 of a SIMPLE run, approved."""
    s.setup("SIMPLE")
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert s.edit("coder-1", "src/a.py", text) is None
    s.review("coder-1", 1)


class Killed(Exception):
    """The hook's process died here."""


def dies_after(monkeypatch, event):
    """The process that appends this event dies with it."""
    real = Store.append

    def append(self, what, now):
        done = real(self, what, now)
        if what["event"] == event:
            monkeypatch.setattr(Store, "append", real)
            raise Killed(event)
        return done

    monkeypatch.setattr(Store, "append", append)


@pytest.mark.parametrize(
    "tool, given",
    [
        ("SendMessage", {"to": "coder-1", "message": "APPROVED: task #1"}),
        ("Agent", {"name": "coder-1", "subagent_type": "team:coder", "prompt": "x", "description": "x"}),
        ("Bash", {"command": "pack teardown"}),
    ],
)
def test_a_refused_call_that_is_sent_again_is_refused_again(session, tool, given):
    """Its hook was killed after the refusal was recorded: under the same id it must not pass for a call that was accepted."""
    s = session
    s.setup("SIMPLE")
    who = "unified-reviewer" if tool == "SendMessage" else "lead"
    first = answer(s.send("PreToolUse", who, tool_name=tool, tool_input=given, tool_use_id="toolu_twice")[1])
    size = len(s.events())
    again = answer(s.send("PreToolUse", who, tool_name=tool, tool_input=given, tool_use_id="toolu_twice")[1])
    assert first and first == again and len(s.events()) == size


def test_a_killed_teardown_ask_asks_everybody_when_it_is_sent_again(session, monkeypatch):
    s = session
    finished(s)
    assert s.bash("lead", "pack teardown") is None
    call = dict(tool_name="Bash", tool_input={"command": "pack teardown ask"}, tool_use_id="toolu_ask")
    dies_after(monkeypatch, "SHUTDOWN_REQUESTED")
    with pytest.raises(Killed):
        s.send("PreToolUse", "lead", **call)
    s.send("PreToolUse", "lead", **call)
    asked = [r["data"]["to"] for r in s.events() if r["event"] == "SHUTDOWN_REQUESTED"]
    assert sorted(asked) == ["coder-1", "unified-reviewer"]


def test_a_killed_verify_is_recorded_when_it_is_sent_again(session, monkeypatch):
    s = session
    s.setup("SIMPLE")
    given = {"command": VERIFY}
    dies_after(monkeypatch, "VERIFY_STARTED")
    with pytest.raises(Killed):
        s.send("PreToolUse", "lead", tool_name="Bash", tool_input=given, tool_use_id="toolu_verify")
    out = s.send("PreToolUse", "lead", tool_name="Bash", tool_input=given, tool_use_id="toolu_verify")[1]
    command = out["hookSpecificOutput"]["updatedInput"]["command"]
    done = subprocess.run(["sh", "-c", command], cwd=s.project, env=dict(os.environ, HOME=s.data), stdout=subprocess.PIPE, text=True)
    s.send("PostToolUse", "lead", tool_name="Bash", tool_input=given, tool_use_id="toolu_verify", tool_response={"stdout": done.stdout})
    assert done.returncode == 0 and s.state()["verify"]["ok"] and s.state()["verify"]["nonce"] is None


def test_a_process_that_dies_before_the_burial_leaves_it_to_the_next_event(session, monkeypatch):
    s = session
    finished(s)
    s.stop("coder-1"), s.stop("unified-reviewer"), s.stop("supervisor")
    assert s.bash("lead", "pack teardown") is None and s.bash("lead", "pack teardown ask") is None

    def died(*_):
        raise Killed()

    with monkeypatch.context() as m:
        m.setattr(close_run, "bury", died)
        with pytest.raises(Killed):
            s.bash("lead", "pack teardown ask supervisor")
    stone = os.path.join(s.project, ".claude/teams/.closed/feature-add-a-greeting.json")
    assert not os.path.exists(stone)
    s.bash("lead", "ls")
    assert os.path.exists(stone) and not os.path.exists(os.path.join(s.project, ".claude/teams/.on"))


def test_what_a_killed_writer_did_not_render_is_rendered_by_the_next_call_even_if_it_appends_nothing(session, monkeypatch):
    s = session
    s.setup("SIMPLE")
    call = dict(tool_name="SendMessage", tool_input={"to": "supervisor", "message": "CLAIM: task #1"}, tool_use_id="toolu_claim")
    with monkeypatch.context() as m:
        m.setattr(Store, "derive", lambda *_, **__: None)
        assert "team: recorded" in s.send("PreToolUse", "coder-1", **call)[2]
    assert "team: recorded" in s.send("PreToolUse", "coder-1", **call)[2]
    with open(os.path.join(s.project, TEAM, "state.md"), encoding="utf-8") as f:
        assert "IN_PROGRESS (coder-1)" in f.read()


def test_a_build_typed_again_records_what_its_loading_mended(session):
    s = session
    s.setup("SIMPLE")
    path = os.path.join(s.project, TEAM, "state.md")
    with open(path, "a") as f:
        f.write("## Phase: CLOSED\n")
    s.build()
    assert [r["event"] for r in s.events()][-2:] == ["STATE_DIVERGENCE", "TICK"]
    with open(path, encoding="utf-8") as f:
        assert "CLOSED" not in f.read()


def test_two_things_that_time_makes_due_at_once_do_not_stop_the_clock(session):
    """A target that never started was the last missing ack; the resend that was due in the same moment no longer applied, its
    refusal took the whole tick with it, and no later one ever got further."""
    s = session
    finished(s)
    s.stop("coder-1"), s.stop("unified-reviewer"), s.stop("supervisor")
    assert s.call("lead", "Agent", description="x", prompt="x", subagent_type="team:web-researcher", name="late", post=False) is None
    assert s.bash("lead", "pack teardown") is None and s.bash("lead", "pack teardown ask") is None
    assert s.state()["teardown"]["state"] == "WAITING_ACKS"
    s.now += 200
    s.stop("lead")
    assert s.state()["teardown"]["state"] == "READY_TO_DELETE"


def test_a_clock_that_is_set_back_does_not_hold_the_resend_up(session):
    s = session
    finished(s)
    s.now += 31536000
    assert s.bash("lead", "pack teardown") is None
    assert s.bash("lead", "pack teardown ask") is None  # nobody has ended its turn: all are asked and none is acknowledged
    s.now -= 31536000
    s.stop("lead")
    assert s.state()["teardown"]["state"] == "WAITING_ACKS"
    s.now += 30
    s.stop("lead")
    assert s.state()["teardown"]["state"] == "WAITING_ACKS"  # and hastened it is not either
    s.now += 35
    s.stop("lead")
    assert s.state()["teardown"]["state"] == "RETRYING"


def test_hooks_that_waited_for_the_lock_do_not_move_the_runs_clock(session):
    s = session
    s.setup("SIMPLE")
    last = s.now
    for _ in range(5):
        s.now = last - 4  # 3.5 seconds before the last record
        s.say("coder-1", "supervisor", "hello")
    store = Store(os.path.join(s.project, TEAM), os.path.dirname(_mirror(s)))
    with store.lock():
        assert store.load().skew == 0


def _mirror(s):
    return next(os.path.join(base, "mirror.jsonl") for base, _f, files in os.walk(s.data) if "mirror.jsonl" in files)


@pytest.mark.parametrize("word", ["STUCK", "REVIEW_LOOP"])
def test_a_task_that_waits_for_the_lead_has_no_owner_when_its_coder_is_gone(session, word):
    """A later coder of the same name has not claimed it, and a re-scope must not hand it to the dead."""
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    assert s.say("coder-1", "supervisor", word + ": task #1") is None
    s.send("StopFailure", "coder-1", error="server_error")
    assert s.state()["tasks"]["1"]["owner"] is None
    assert s.bash("lead", "pack task rescope 1 --reason smaller") is None
    assert s.state()["tasks"]["1"]["state"] == "PENDING"
    assert s.spawn("coder-1", "coder") is None
    assert s.state()["tasks"]["1"]["owner"] is None
    assert s.edit("coder-1", "src/a.py") is None  # its own write claims it anew
    assert s.state()["tasks"]["1"]["owner"] == "coder-1"


def test_a_coder_that_dies_in_an_impossible_wait_is_told_to_the_lead(session):
    """With the approver back nobody was left to go on, and nobody was told."""
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.send("StopFailure", "unified-reviewer", error="server_error")
    assert s.state()["tasks"]["1"]["cause"] == "IMPOSSIBLE_WAIT"
    s.send("StopFailure", "coder-1", error="server_error")
    assert s.spawn("unified-reviewer", "unified-reviewer") is None
    t = s.state()["tasks"]["1"]
    assert (t["state"], t["cause"], t["owner"]) == ("STUCK_ESCALATED", "OWNER_GONE", None)
    assert any("lost its coder" in step["text"] for step in advice.for_lead(s.state()))


@pytest.mark.parametrize("word", ["STUCK", "REVIEW_LOOP"])
def test_what_a_coder_reports_in_an_impossible_wait_is_not_settled_by_the_approvers_return(session, word):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    s.send("StopFailure", "unified-reviewer", error="server_error")
    assert s.say("coder-1", "supervisor", word + ": task #1") is None
    assert s.spawn("unified-reviewer", "unified-reviewer") is None
    t = s.state()["tasks"]["1"]
    assert (t["state"], t["cause"]) == ("STUCK_ESCALATED", word)
    assert "task_state" in s.say("coder-1", "unified-reviewer", "REVIEW: task #1").casefold()
    assert s.bash("lead", "pack task rescope 1 --reason smaller") is None
    assert s.state()["tasks"]["1"]["state"] == "IN_PROGRESS"


def test_a_request_to_shut_down_ends_with_the_incarnation_that_was_asked(session):
    s = session
    s.build()
    s.register()
    s.spawn("supervisor", "supervisor")
    assert s.bash("lead", "pack teardown ask supervisor") is None
    s.send("StopFailure", "supervisor", error="server_error")
    assert s.spawn("supervisor", "supervisor") is None
    assert s.say("lead", "supervisor", "STATE_OWNERSHIP_HANDOFF(1)") is None  # not SHUTTING_DOWN
    s.say("supervisor", "lead", "STATE_OWNERSHIP_ACK(1)")
    s.stop("supervisor")
    assert s.state()["roster"]["supervisor"]["state"] == "IDLE"


def test_an_ended_agent_commits_nothing(session):
    s = session
    reviewed(s)
    s.call("lead", "TaskStop", task_id=s.agents["coder-1"][0], response={"task_id": s.agents["coder-1"][0]})
    assert "refused (ENDED_AGENT)" in s.bash("coder-1", "git add src/a.py && git commit -qm late")


def test_what_was_staged_before_the_review_is_not_committed_in_place_of_what_was_reviewed(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "A = 'never reviewed'\n")
    assert s.bash("coder-1", "git add src/a.py") is None
    s.edit("coder-1", "src/a.py", "A = 1\n")
    s.review("coder-1", 1)
    assert "refused (STAGED_OTHERWISE)" in s.bash("coder-1", "git commit -qm 'feat: task #1'")
    assert s.bash("coder-1", "git commit -qm 'feat: x (task #1)' -- src/a.py") is None and s.exit == 0
    assert project_facts.git(s.project, "show", "HEAD:src/a.py") == "A = 1\n"


@pytest.mark.parametrize(
    "command",
    [
        "git add src/a.py && git commit -qm 'feat: x (task #1)'",
        "git add -f -- src && git commit -qm 'feat: x (task #1)'",
        "cd src && git add a.py && git commit -qm 'feat: x (task #1)'",
    ],
)
def test_staged_again_by_the_same_command_it_may_be_committed(session, command):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py", "A = 0\n")
    assert s.bash("coder-1", "git add src/a.py") is None
    s.edit("coder-1", "src/a.py", "A = 1\n")
    s.review("coder-1", 1)
    assert s.bash("coder-1", command) is None and s.exit == 0, s.output
    assert project_facts.git(s.project, "show", "HEAD:src/a.py") == "A = 1\n"


def test_an_approval_covers_what_a_link_points_to(session):
    """Who reviews a file reads through the link."""
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    os.symlink("old.py", os.path.join(s.project, "src/a.py"))
    s.review("coder-1", 1)
    assert s.state()["tasks"]["1"]["state"] == "APPROVED"
    with open(os.path.join(s.project, "src/old.py"), "w") as f:
        f.write("OLD = 'other'\n")
    assert "APPROVAL_MISSING" in s.say("coder-1", "supervisor", "DONE: task #1")


def test_a_change_that_no_hook_saw_is_told_to_the_coder_when_a_verdict_meets_it(session):
    """The reviewer was told to approve, and refused, again and again; the coder was told nothing."""
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.edit("coder-1", "src/a.py")
    s.say("coder-1", "unified-reviewer", "REVIEW: task #1")
    with open(os.path.join(s.project, "src/a.py"), "w") as f:
        f.write("changed from outside\n")
    assert "STALE_REVISION" in s.say("unified-reviewer", "coder-1", "APPROVED: task #1")
    assert "send REVIEW: task #1 to unified-reviewer" in s.stop("coder-1")
    assert s.stop("unified-reviewer") is None


def test_the_tree_of_a_verification_sees_an_edit_in_the_second_in_which_the_file_was_staged(project):
    """git tells by seconds and size whether a staged file changed, and looks closer only at what is as new as its index."""
    path = os.path.join(str(project), "src", "a.py")
    while time.time() % 1 > 0.5:
        time.sleep(0.05)
    with open(path, "w") as f:
        f.write("A = 1\n")
    subprocess.run(["git", "-C", str(project), "add", "src/a.py"], check=True)
    staged = project_facts.git(str(project), "write-tree").strip()[:16]
    with open(path, "w") as f:
        f.write("A = 2\n")
    time.sleep(1.1)
    assert project_facts.tree(str(project), ["src/a.py"]) != staged


def test_a_pipe_among_a_tasks_files_is_not_waited_for(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    os.mkfifo(os.path.join(s.project, "src/a.py"))
    assert "NOTHING_WRITTEN" in s.say("coder-1", "supervisor", "IN_REVIEW: task #1")


def test_a_coder_may_take_a_link_away_that_stands_for_its_file(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    os.symlink("old.py", os.path.join(s.project, "src/a.py"))
    os.symlink(".claude/teams", os.path.join(s.project, "notes"))
    assert "NOT_IN_TASK" in s.edit("coder-1", "src/a.py")
    for command in ("rm -r notes/feature-add-a-greeting", "rm -r src/a.py/..", "rm -rf notes/", "mv notes/.on src/a.py"):
        assert "refused (" in s.bash("coder-1", command), command
    assert s.bash("coder-1", "rm src/a.py") is None and s.exit == 0
    assert s.edit("coder-1", "src/a.py") is None
    assert os.path.exists(os.path.join(s.project, "src/old.py"))


def test_what_is_laid_in_a_links_place_takes_the_link_away(project, tmp_path):
    """Seed 1000027: the link leads to the coder's own file, and that was what the gate looked at; the link is in no task."""
    s = Processes(project, tmp_path / "data", PLUGIN_ROOT)
    os.symlink("src/a.py", os.path.join(s.project, "alias.py"))
    s.setup("SIMPLE")
    assert s.edit("coder-1", "src/a.py", "A = 1\n") is None
    for command in (
        "ln -sf old.py alias.py",
        "ln -sfn old.py alias.py",
        "mv -f src/a.py alias.py",
        "cp --remove-destination src/a.py alias.py",
        "install -m 644 src/a.py alias.py",
        "sed -i s/1/2/ alias.py",
        "git restore alias.py",
        "git checkout -- alias.py",
    ):
        assert "NOT_IN_TASK" in (s.bash("coder-1", command) or ""), command
    for command in ("cp plan.md alias.py", "sed -i --follow-symlinks s/Add/Do/ alias.py", "sed -i s/Do/Add/ src/a.py"):
        assert s.bash("coder-1", command) is None and s.exit == 0, command
    assert os.readlink(os.path.join(s.project, "alias.py")) == "src/a.py"


def test_a_supervisor_that_never_answers_at_the_end_does_not_keep_the_run_open(session):
    s = session
    finished(s)
    s.stop("coder-1"), s.stop("unified-reviewer")
    assert s.bash("lead", "pack teardown") is None and s.bash("lead", "pack teardown ask") is None
    assert s.bash("lead", "pack teardown ask supervisor") is None  # it is in a turn, and has died in it
    (step,) = advice.for_lead(s.state())
    assert "TaskStop" in step["text"]
    s.call("lead", "TaskStop", task_id=s.agents["supervisor"][0], response={"task_id": s.agents["supervisor"][0]})
    assert s.state()["phase"] == "CLOSED"


# --- Teams of waves ----------------------------------------------------------------------------------------------------------
def waves(s, foreground=(), **gate):
    """A run of a team of three waves, plan, make (with a command of its own), test; what is given is the tests' gate's."""
    role = lambda id_, **more: dict(
        {
            "id": id_,
            "code": id_[:2].upper(),
            "agent": "har-" + id_,
            "title": id_.capitalize(),
            "summary": "Works.",
            "spawning": "foreground" if id_ in foreground else "background",
        },
        persona="Works on what there is to do, and on nothing else.",
        tasks=[{"do": "Work"}],
        **more,
    )
    team = {
        "team": "harbour",
        "version": 1,
        "title": "Harbour",
        "root": ".harbour",
        "roles": [
            role("planner", artifacts=["PLAN.md"]),
            role("maker", edits=["deploy/"]),
            role("tester", artifacts=["TESTED.md"]),
        ],
        "waves": [
            {"id": "1", "title": "A", "mode": "sequential", "roles": ["planner"], "gates": ["planned"], "exit": [{"gate": "planned"}]},
            {"id": "2", "title": "B", "mode": "parallel", "roles": ["maker"], "after": ["1"], "gates": ["up"]},
            {
                "id": "3",
                "title": "C",
                "mode": "sequential",
                "roles": ["tester"],
                "after": ["2"],
                "gates": ["sound"],
                "exit": [{"gate": "sound"}],
            },
        ],
        "gates": [
            dict(
                {"id": "sound", "title": "Sound", "after_role": "tester", "check": "sound", "on_fail": {"respawn": ["tester"]}},
                **(gate or {"artifacts_of": ["tester"]}),
            ),
            {
                "id": "planned",
                "title": "P",
                "after_role": "planner",
                "check": "p",
                "artifacts_of": ["planner"],
                "on_fail": {"respawn": ["planner"]},
            },
            {
                "id": "up",
                "title": "Up",
                "after_role": "maker",
                "check": "it is up",
                "checks": [{"check": "command", "run": ["grep", "-q", "up", "deploy/state"]}],
                "on_fail": {"respawn": ["maker"]},
            },
        ],
    }
    for name, text in ((".claude/team-definitions/harbour.json", json.dumps(team)), ("deploy/state", "down\n")):
        os.makedirs(os.path.dirname(os.path.join(s.project, name)), exist_ok=True)
        with open(os.path.join(s.project, name), "w") as f:
            f.write(text)
    out = s.send("UserPromptSubmit", prompt="--team harbour")[1]
    assert "hookSpecificOutput" in out, out
    return s


def works(s, role, *files, text="# Done\n\nAll of it.\n"):
    """A role is spawned, writes files and ends its turn."""
    assert s.spawn(role, role, kind="har-" + role) is None
    for path in files:
        assert s.edit(role, path, text) is None
    s.stop(role)


def checked(s):
    assert s.bash("lead", "pack gate check") is None
    return s.state()["waves"]["verdicts"]


def test_a_killed_gate_check_is_recorded_when_it_is_sent_again(session, monkeypatch):
    s = waves(session)
    call = dict(tool_name="Bash", tool_input={"command": "pack gate check"}, tool_use_id="toolu_gate")
    dies_after(monkeypatch, "GATES_STARTED")
    with pytest.raises(Killed):
        s.send("PreToolUse", "lead", **call)
    command = s.send("PreToolUse", "lead", **call)[1]["hookSpecificOutput"]["updatedInput"]["command"]
    done = subprocess.run(["sh", "-c", command], cwd=s.project, env=dict(os.environ, HOME=s.data), stdout=subprocess.PIPE, text=True)
    s.send("PostToolUse", "lead", **call, tool_response={"stdout": done.stdout})
    assert s.state()["waves"]["verdicts"]["planned"] == "MISSING"


def test_a_hard_stop_that_fails_by_a_gate_it_needs_lets_that_gates_role_mend_it(session):
    """Only the hard stop's own roles were let work, and the gate that failed was not theirs: the team stood still for good."""
    s = waves(session, hard_stop=True, needs=["up"], artifacts_of=["tester"])
    works(s, "planner", ".harbour/PLAN.md")
    assert checked(s)["planned"] == "PASS"
    works(s, "maker")
    works(s, "tester", ".harbour/TESTED.md")
    assert checked(s)["sound"] == "FAIL" and s.state()["waves"]["halted"] == "sound"
    assert "have tester, maker fix it" in advice.for_lead(s.state())[0]["text"]
    assert "refused (HALTED)" in s.say("lead", "planner", "go on")
    assert s.say("lead", "maker", "mend it") is None
    assert s.edit("maker", "deploy/state", "up\n") is None
    s.stop("maker")
    assert checked(s) == {"sound": "PASS", "planned": "PASS", "up": "PASS"} and s.state()["waves"]["halted"] is None


def test_an_ended_agent_of_a_team_of_waves_writes_and_commits_nothing(session):
    s = waves(session)
    works(s, "planner", ".harbour/PLAN.md")
    s.send("StopFailure", "planner", error="server_error")
    assert "refused (ENDED_AGENT)" in s.edit("planner", ".harbour/PLAN.md", "# Other\n\nplan\n")
    assert "refused (ENDED_AGENT)" in s.bash("planner", "git add -f .harbour/PLAN.md && git commit -qm late")


def test_after_a_resume_the_lead_is_told_to_judge_again_and_not_to_tear_down(session):
    s = waves(session)
    works(s, "planner", ".harbour/PLAN.md")
    checked(s)
    works(s, "maker")
    works(s, "tester", ".harbour/TESTED.md")
    checked(s)
    assert [x["step"] for x in advice.for_lead(s.state())] == ["teardown"]
    s.send("UserPromptSubmit", prompt="resume team")
    assert "judge it again: `pack gate check`" in advice.for_lead(s.state())[0]["text"]


@pytest.mark.parametrize(
    "command",
    [
        "git add -f .claude/x.json; git commit -qm x",
        "git add -f .claude && git commit -qm x",
        "git add -f -- .claude/x.json && git commit -qm x -- .claude/x.json",
        "git add -Af && git commit -qm x",
        "git commit -qm x -- :/",
        "git add :/ && git commit -qm x",
        "git add -vA && git commit -qm x",
        "git commit -qm x --pathspec-from-file=names",
    ],
)
def test_no_spelling_hides_from_the_gate_what_a_commit_takes(session, command):
    """Ignored files added by force, flags in one word, pathspecs that only git understands."""
    s = session
    reviewed(s)
    for name in (".claude/x.json", "src/old.py", "src/other.py"):
        with open(os.path.join(s.project, name), "a") as f:
            f.write("# not reviewed\n")
    with open(os.path.join(s.project, "names"), "w") as f:
        f.write("src/old.py\n")
    assert "refused (NOT_YOUR_FILE)" in (s.bash("coder-1", command) or "it was let through")


def test_a_hard_stop_whose_work_has_not_begun_stops_nobody(session):
    """A file that somebody had put among the evidence made the first gate FORGED; taken away, nobody could ever make it pass."""
    s = waves(session, hard_stop=True, artifacts_of=["tester"])
    stray = os.path.join(s.project, ".harbour/evidence/x.json")
    os.makedirs(os.path.dirname(stray))
    with open(stray, "w") as f:
        f.write("{}")
    assert checked(s)["sound"] == "FORGED" and s.state()["waves"]["halted"] is None
    os.unlink(stray)
    assert checked(s)["sound"] == "MISSING"
    works(s, "planner", ".harbour/PLAN.md")
    checked(s)
    works(s, "maker")
    works(s, "tester", ".harbour/TESTED.md")
    with open(stray, "w") as f:
        f.write("{}")
    assert checked(s)["sound"] == "FORGED" and s.state()["waves"]["halted"] == "sound"


def test_a_spawn_that_failed_ends_no_wave(session):
    s = waves(session)
    works(s, "planner", ".harbour/PLAN.md")
    checked(s)
    assert s.call("lead", "Agent", description="x", prompt="x", subagent_type="har-maker", name="maker", failed="no such agent") is None
    assert "maker was not spawned" in s.spawn("tester", "tester", kind="har-tester")
    assert s.spawn("maker", "maker", kind="har-maker") is None
    assert s.state()["waves"]["lost"] == {}


def test_another_plugins_agent_of_the_same_name_plays_no_role(session):
    s = waves(session)
    assert "UNKNOWN_ROLE" in s.spawn("planner", "planner", kind="other:har-planner")
    assert s.spawn("planner", "planner", kind="har-planner") is None


def test_a_line_that_is_missing_from_two_versions_of_a_file_are_two_failures(session):
    """They were one, whatever was tried, so that the user was never asked."""
    s = waves(session, artifacts_of=["tester"], checks=[{"check": "line", "file": "TESTED.md", "line": "status: PASS"}])
    works(s, "planner", ".harbour/PLAN.md")
    checked(s)
    works(s, "maker")
    works(s, "tester", ".harbour/TESTED.md")
    for count in (1, 1, 2, 3):
        if count > 1:
            assert s.edit("tester", ".harbour/TESTED.md", "status: failed %d\n" % count) is None
            s.stop("tester")
        assert checked(s)["sound"] == "FAIL"
        assert s.state()["waves"]["failures"]["sound"] == count
    assert "RETRIES_SPENT" in s.say("lead", "tester", "once more")


def pane(s, name, role, monkeypatch):
    """A teammate in a terminal pane, which has sent its first hook. Answers its session."""
    from hooks.driver import Session
    from pack.gate import identity

    member = "%s@session-%s" % (name, s.session[:8])
    assert s.call("lead", "Agent", description="x", prompt="x", subagent_type=role, name=name, response={"agentId": member}) is None
    words = ["claude", "--agent-name", name, "--parent-session-id", s.session, "--agent-type", role]
    monkeypatch.setattr(identity, "cmdline", lambda pid: words if str(pid) == "4242" else [])
    own = Session(s.project, s.data, headless=False, session="00000000-0000-4000-8000-00000000000a", pid=4242)
    send, s.env["CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS"] = own.send, "1"

    def later(event, who="lead", **fields):
        own.now = s.now = max(s.now, own.now)
        return send(event, agent_type=role, **fields)

    own.send = later
    own.send("SessionStart", source="startup")
    return own


def test_a_pane_that_a_message_has_woken_is_at_work(session, monkeypatch):
    """It sends nothing when its turn begins: the next wave was opened beside it, and after a turn without a tool call it was never idle again."""
    s = session
    s.env["CLAUDE_CODE_ENTRYPOINT"], s.headless = "cli", False
    waves(s)
    p = pane(s, "planner", "har-planner", monkeypatch)
    assert p.edit("lead", ".harbour/PLAN.md", "# Done\n\nAll of it.\n") is None
    p.send("Stop", stop_hook_active=False)
    assert checked(s)["planned"] == "PASS"
    assert s.say("lead", "planner", "one more thing, please") is None
    assert "planner is still at work" in s.spawn("maker", "maker", kind="har-maker")
    p.send("Stop", stop_hook_active=False)
    assert s.state()["roster"]["planner"]["mail"] == 0
    assert s.spawn("maker", "maker", kind="har-maker") is None


def test_nobody_starts_beside_a_foreground_pane_that_a_message_has_woken(session, monkeypatch):
    s = session
    s.env["CLAUDE_CODE_ENTRYPOINT"], s.headless = "cli", False
    waves(s, foreground=("tester",))
    works(s, "planner", ".harbour/PLAN.md")
    checked(s)
    works(s, "maker", "deploy/state", text="up\n")
    assert checked(s)["up"] == "PASS"
    s.call("lead", "TaskStop", task_id=s.agents["maker"][0], response={"task_id": s.agents["maker"][0]})
    p = pane(s, "tester", "har-tester", monkeypatch)
    assert p.edit("lead", ".harbour/TESTED.md", "# Done\n\nAll of it.\n") is None
    p.send("Stop", stop_hook_active=False)
    assert s.state()["roster"]["tester"]["state"] == "IDLE"
    assert s.say("lead", "tester", "once more, please") is None
    assert "FOREGROUND" in s.spawn("maker", "maker", kind="har-maker")
    p.send("Stop", stop_hook_active=False)
    assert s.spawn("maker", "maker", kind="har-maker") is None


def test_an_answer_to_a_shutdown_request_goes_to_the_lead(session):
    s = session
    s.env["CLAUDE_CODE_ENTRYPOINT"], s.headless = "cli", False
    finished(s)
    assert s.bash("lead", "pack teardown") is None
    frame = {"type": "shutdown_request", "reason": "done"}
    assert s.call("lead", "SendMessage", to="coder-1", message=frame, response={"success": True, "request_id": "r-1"}) is None
    answer_ = {"type": "shutdown_response", "request_id": "r-1", "approve": True}
    assert "WRONG_RECEIVER" in s.call("coder-1", "SendMessage", to="supervisor", message=answer_)
    assert s.state()["roster"]["coder-1"]["state"] != "ENDED"
    assert s.call("coder-1", "SendMessage", to="main", message=answer_) is None


def test_a_pane_answers_a_shutdown_request_by_the_address_that_its_client_knows(session, monkeypatch):
    s = session
    s.env["CLAUDE_CODE_ENTRYPOINT"], s.headless = "cli", False
    finished(s)
    p = pane(s, "web-researcher", "team:web-researcher", monkeypatch)
    assert s.bash("lead", "pack teardown") is None
    frame = {"type": "shutdown_request", "reason": "done"}
    assert s.call("lead", "SendMessage", to="web-researcher", message=frame, response={"success": True, "request_id": "r-1"}) is None
    assert p.call("lead", "SendMessage", to="main", message={"type": "shutdown_response", "request_id": "r-1", "approve": True}) is None
    assert p.updated["to"] == "team-lead"


def test_an_agent_whose_call_is_refused_is_at_work_all_the_same(session):
    """Nothing else says so of a pane in which the user typed; the team was over with it in the middle of its turn."""
    s = session
    s.setup("SIMPLE")
    s.stop("coder-1")
    assert s.state()["roster"]["coder-1"]["state"] == "IDLE"
    assert "WRONG_ROLE" in s.spawn("helper", "coder", who="coder-1")
    assert s.state()["roster"]["coder-1"]["state"] == "ACTIVE"


def test_a_task_that_was_given_to_somebody_is_not_called_free(session):
    """The lead was told to message a coder that may not claim it, again and again."""
    s = session
    s.setup("MEDIUM", coders=2)
    assert s.bash("lead", "pack task assign 1 coder-2") is None
    for name in ("coder-1", "coder-2"):
        s.stop(name)
    told = [step["text"] for step in advice.steps(s.state()) if step["who"] == "lead"]
    assert [t for t in told if "task #1" in t] == [
        "task #1 was given to coder-2: message it to CLAIM: task #1, or `pack task assign 1 NAME`"
    ]
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is not None
    assert s.say("coder-2", "supervisor", "CLAIM: task #1") is None


RISKS = "RISKS: 2\nRISK-1: two writers\n  Severity: %s\nRISK-2: a slow disk\n  Severity: MAJOR"


def at_risks(s, severity="MAJOR"):
    """A MEDIUM run whose plan is validated, with two risks listed."""
    s.build()
    assert s.register(plan("MEDIUM")) is None
    assert s.spawn("tech-lead", "tech-lead") is None
    risks_of(s, severity)


def risks_of(s, severity):
    for who, to, text in (
        ("lead", "tech-lead", "VALIDATE PLAN"),
        ("tech-lead", "lead", "PLAN OK"),
        ("lead", "tech-lead", "IDENTIFY RISKS"),
        ("tech-lead", "lead", RISKS % severity),
    ):
        assert s.say(who, to, text) is None


def test_testers_of_an_earlier_plan_test_no_risk_of_the_new_one(project, tmp_path):
    """Who had been asked to end counted as a tester of whatever was listed later; who had not was told to report on nothing, and the lead
    was told nothing."""
    s = Processes(project, tmp_path / "data", PLUGIN_ROOT)
    at_risks(s)
    for name in ("rt-1", "rt-2"):
        assert s.spawn(name, "risk-tester") is None
    s.call("lead", "TaskStop", task_id=s.agents["rt-1"][0], response={"task_id": s.agents["rt-1"][0]})
    assert s.register(plan("MEDIUM", definition_of_done=["tests pass", "and again"])) is None
    assert s.state()["risks"]["testers"] == 1
    assert s.say("lead", "tech-lead", "VALIDATE PLAN") is None and s.say("tech-lead", "lead", "PLAN OK") is None
    told = [(step["who"], step["text"]) for step in advice.steps(s.state())]
    assert ("lead", "send IDENTIFY RISKS to the tech lead (tech-lead)") in told and "rt-2" not in [who for who, _text in told]
    assert s.say("lead", "tech-lead", "IDENTIFY RISKS") is None and s.say("tech-lead", "lead", RISKS % "MAJOR") is None
    assert "RISKS_UNTESTED" in s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS")


def test_a_verdict_is_on_the_risk_that_it_was_given_on(project, tmp_path):
    """Another list of risks took over what had been said of the numbers of the one before, results and all."""
    s = Processes(project, tmp_path / "data", PLUGIN_ROOT)
    at_risks(s)
    for n in (1, 2):
        assert s.spawn("rt-%d" % n, "risk-tester") is None
        assert s.say("rt-%d" % n, "lead", "RISK-%d: MITIGATED\nlooked at it" % n) is None
    assert s.say("lead", "tech-lead", "RISK ANALYSIS RESULTS") is None
    assert s.say("tech-lead", "lead", RISKS % "MAJOR") is None  # said once more
    assert s.state()["risks"]["results"] and len(s.state()["risks"]["verdicts"]) == 2
    assert s.say("tech-lead", "lead", RISKS % "CRITICAL") is None
    assert not s.state()["risks"]["results"] and sorted(s.state()["risks"]["verdicts"]) == ["2"]
    assert "RISKS_OPEN" in s.say("tech-lead", "lead", "RISKS MITIGATED")


TWO = dict(plan()["tasks"][0], id=3, subject="Another", files=["src/c.py"])


def two_tasks():
    """A plan with two tasks that are free beside each other."""
    raw = plan()
    raw["tasks"].insert(1, TWO)
    raw["tasks"][-1]["blocked_by"] = [1, 3]
    return raw


def test_a_task_that_is_given_again_to_who_works_on_it_says_nothing(project, tmp_path):
    """It went back to PENDING, its requests and rounds with it, and its coder could claim another one beside it."""
    s = Processes(project, tmp_path / "data", PLUGIN_ROOT)
    s.setup("MEDIUM", raw=two_tasks())
    assert s.edit("coder-1", "src/a.py", "A = 1\n") is None
    assert s.say("coder-1", "logic-reviewer", "REVIEW: task #1") is None
    assert s.say("logic-reviewer", "coder-1", "CHANGES_REQUESTED: task #1\nMAJOR 90% src/a.py: rename it") is None
    before = s.state()["tasks"]["1"]
    assert s.bash("lead", "pack task assign 1 coder-1") is None
    assert s.state()["tasks"]["1"] == before and before["state"] == "CHANGES_REQUESTED" and before["rounds"]
    assert "NOT_YOUR_FILE" in s.edit("coder-1", "src/c.py", "C = 1\n")
    assert "ONE_TASK_AT_A_TIME" in s.say("coder-1", "supervisor", "CLAIM: task #3")


@pytest.mark.parametrize("decision", ["assign 1 coder-1", "rescope 1 --accept 'greets in one language'"])
def test_a_stuck_task_waits_for_its_coder_who_took_another_one(project, tmp_path, decision):
    """It was IN_PROGRESS again beside the other, both of one coder."""
    s = Processes(project, tmp_path / "data", PLUGIN_ROOT)
    s.setup("MEDIUM", raw=two_tasks())
    assert s.edit("coder-1", "src/a.py", "A = 1\n") is None
    assert s.say("coder-1", "supervisor", "STUCK: task #1\nno idea which language") is None
    assert s.edit("coder-1", "src/c.py", "C = 1\n") is None
    assert s.bash("lead", "pack task %s --reason 'decided'" % decision if "rescope" in decision else "pack task " + decision) is None
    have = {n: (t["state"], t["owner"]) for n, t in s.state()["tasks"].items()}
    assert have["1"] == ("PENDING", "coder-1") and have["3"] == ("IN_PROGRESS", "coder-1")
    assert "ONE_TASK_AT_A_TIME" in s.say("coder-1", "supervisor", "CLAIM: task #1")
    s.review("coder-1", 3)
    assert s.bash("coder-1", "git add src/c.py && git commit -qm 'feat: task #3'") is None
    assert s.edit("coder-1", "src/a.py", "A = 2\n") is None  # it goes on with the other, by writing
    assert s.state()["tasks"]["1"]["state"] == "IN_PROGRESS"


def test_the_users_word_is_about_the_link_that_was_there(tmp_path):
    """A link that leads nowhere and no file at all are two things; a pipe is not waited for."""
    gate = {"artifacts": ["MADE.md"]}
    made, seen = tmp_path / "MADE.md", set()
    for make in (lambda: None, lambda: made.symlink_to("old.md"), lambda: made.symlink_to("other.md"), lambda: os.mkfifo(made)):
        make()
        seen.add(content(str(tmp_path), {}, gate))
        if os.path.lexists(made):
            made.unlink()
    assert len(seen) == 3  # without the file, and what is no file: nobody could read either
