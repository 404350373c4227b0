"""More ways past the gate, of the kinds of test_doors.py: schedules of agents, clients that agents start, skills with hooks, runs inside runs,
worktrees, calls that another plugin's hook rewrites, refusals in turns, hooks that are switched off between sessions."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.conftest import git
from tests.faults.test_doors import executing, other, pack
from hooks.driver import Session, plan
from hooks import test_waves
from pack.base import enforcement, paths
from pack.gate import typed_words
from pack.gate.skill_files import SEES_SHELL

two = test_waves.two
FIRST = ".".join(map(str, SEES_SHELL))  # the first client that raises PreSkillShellCommand
BEFORE = ".".join(map(str, (*SEES_SHELL[:2], SEES_SHELL[2] - 1)))
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is known of a process is asked of Linux")


@pytest.fixture
def s(session):
    return executing(session)


@pytest.fixture
def elsewhere():
    """A process that is not below this one's and lives as long as the test: another client of the user's."""
    return os.getppid()


def scheduled(path, *failed, tool="CronCreate"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    lines = [{"type": "assistant", "message": {"content": [{"type": "tool_use", "id": "toolu_1", "name": tool, "input": {}}]}}]
    lines += [
        {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": i, "is_error": True, "content": "x"}]}}
        for i in failed
    ]
    with open(path, "w") as f:
        f.write("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


# --- Schedules ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("session_id", ["own", "an-earlier-one-of-this-client"])
def test_an_agents_schedule_counts_like_its_sessions(s, session_id):
    scheduled(os.path.join(s.data, "t", s.session if session_id == "own" else session_id, "subagents", "agent-a1.jsonl"))
    if session_id != "own":
        open(os.path.join(s.data, "t", session_id + ".jsonl"), "w").close()
    assert "nothing was done" in s.send("UserPromptSubmit", prompt="team abort enough")[1]["reason"]


@pytest.mark.parametrize("tool", ["RemoteTrigger", "mcp__claude-code-remote__send_later", "mcp__any_name__create_trigger"])
def test_a_trigger_from_elsewhere_and_the_clients_own_server_schedule_too(s, tool):
    assert "NO_SCHEDULES" in s.call("coder-1", tool, prompt="team abort")
    scheduled(os.path.join(s.data, "t", s.session + ".jsonl"), tool=tool)
    assert "nothing was done" in s.send("UserPromptSubmit", prompt="team abort enough")[1]["reason"]


def test_a_tool_that_only_lists_triggers_has_scheduled_nothing(s):
    scheduled(os.path.join(s.data, "t", s.session + ".jsonl"), tool="mcp__claude-code-remote__list_triggers")
    assert "aborted" in s.send("UserPromptSubmit", prompt="team abort enough")[1]["reason"]


def test_a_schedule_that_was_refused_has_scheduled_nothing(s):
    scheduled(os.path.join(s.data, "t", s.session + ".jsonl"), "toolu_1")
    assert "aborted" in s.send("UserPromptSubmit", prompt="team abort enough")[1]["reason"]


def test_a_schedule_of_another_session_is_known_there(s):
    new = other(s, s.env["CLAUDE_PID"])
    crons = [{"id": "c", "schedule": "* * * * *", "recurring": False, "prompt": "team resume"}]
    new.send("Stop", stop_hook_active=False, background_tasks=[], session_crons=crons)
    assert "nothing was done" in new.send("UserPromptSubmit", prompt="team resume")[1]["reason"]
    assert "aborted" in s.send("UserPromptSubmit", prompt="team abort enough")[1]["reason"]  # it is no schedule of this one


@linux
def test_when_a_process_was_started_is_not_when_somebody_looked_at_it(of_a_tool):
    assert -2 <= time.time() - typed_words._started(of_a_tool) < 600  # btime is in whole seconds
    assert time.time() - typed_words._started(1) > time.time() - typed_words._started(of_a_tool)
    assert typed_words._started(None) is None and typed_words._started(2**22 + 1) is None


# --- Whose client, whose words -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("word", ["team accept src/evil.py", "team abort enough"])
def test_while_the_leads_client_runs_the_words_that_waive_are_typed_there(s, elsewhere, word):
    with open(s.project + "/src/evil.py", "w") as f:
        f.write("x\n")
    s.bash("coder-1", "true")
    reason = other(s, elsewhere).send("UserPromptSubmit", prompt=word)[1]["reason"]
    assert "nothing was done" in reason and "in its terminal" in reason and ("pack abort" in reason) is ("abort" in word)
    assert not {e["event"] for e in s.events()} & {"RUN_CLOSED", "RUN_ABORTED", "ACCEPTED"}
    assert "nothing was done" not in s.send("UserPromptSubmit", prompt=word)[1]["reason"]


@pytest.fixture
def of_a_tool():
    """A process whose environment says that a client's shell started it."""
    process = subprocess.Popen(["sleep", "60"], env=dict(os.environ, CLAUDECODE="1"))
    yield process.pid
    process.kill()
    process.wait()


@linux
def test_a_client_that_outlives_the_leads_and_was_started_by_a_tool_leads_nothing(s, of_a_tool):
    """It resumes the lead's own session; the words in it were typed by whoever started it."""
    late = Session(s.project, s.data, session=s.session, pid=of_a_tool, now=s.now)
    late.agents, late.count = s.agents, s.count  # a call's id is used once
    before = len(s.events())
    assert "leads no run" in late.send("SessionStart", source="resume")[1]["hookSpecificOutput"]["additionalContext"]
    for word in ("team abort x", "team accept src/a.py", "team resume"):
        assert "leads no run" in late.send("UserPromptSubmit", prompt=word)[1]["reason"]
    assert "WRONG_ROLE" in late.bash("lead", "pack abort --reason x")
    assert [e["event"] for e in s.events()[before:]] == ["REFUSED"]


def test_a_session_with_an_agent_of_its_own_leads_what_it_opened(session):
    """`claude --agent NAME`: every payload of the main thread carries agent_type and no agent_id."""
    s, send = session, session.send
    s.send = lambda event, who="lead", **f: send(event, who, **dict({"agent_type": "helper"} if who == "lead" else {}, **f))
    executing(s)
    assert "LEAD_DELEGATES" in s.edit("lead", "src/old.py")
    assert s.edit("coder-1", "src/a.py") is None
    s.send = send  # the same session without it, or with another one, is not the one that leads
    assert "WRONG_ROLE" in s.bash("lead", "pack abort --reason x")
    assert "this session leads" in other(s, s.env["CLAUDE_PID"]).send("UserPromptSubmit", prompt="team resume")[1]["reason"]


@linux
def test_a_users_second_session_with_an_agent_is_a_bystander(s, elsewhere):
    new = other(s, elsewhere)
    assert new.send("UserPromptSubmit", prompt="hello", agent_type="helper") == (0, None, "")
    given = dict(tool_name="Write", tool_use_id="t", tool_input={"file_path": s.project + "/notes.txt", "content": "x"})
    assert new.send("PreToolUse", agent_type="helper", **given) == (0, None, "")


# --- What starts a client or types for the user, in plain sight ---------------------------------------------------------------
@pytest.mark.parametrize(
    "command, code",
    [
        ('"$CLAUDE_CODE_EXECPATH" -p hi', "NESTED_CLIENT"),
        ("C=claude; $C -p hi", "NESTED_CLIENT"),
        ("node /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js -p hi", "NESTED_CLIENT"),
        ("python3 -c \"import subprocess; subprocess.run(['claude', '-p', 'hi'])\"", "NESTED_CLIENT"),
        ("tmux new -d 'claude -p hi'", "NESTED_CLIENT"),
        ("script -qc 'claude -p hi' /dev/null", "NESTED_CLIENT"),
        ("echo '* * * * * claude -p x' | crontab -", "NESTED_CLIENT"),
        ("tmux send-keys -t 0 'team approve' Enter", "TYPED_FOR_THE_USER"),
        ("tmux send-keys -t 0 team Space abort Enter", "TYPED_FOR_THE_USER"),
        ("screen -X stuff 'team accept src/evil.py\\n'", "TYPED_FOR_THE_USER"),
        ("tmux send-keys -t app 'make test' Enter", None),
        ("docker run --rm app pytest", None),
        ("grep -rn claude docs/ | head; echo 'team approve is a word'", None),
        ("python3 -c \"print('claude')\"", None),
        ("node scripts/claude-code-stats.js", "NESTED_CLIENT"),
        ("tmux new -d 'claude --version'", None),
    ],
)
def test_a_client_is_known_however_it_is_started(looked_at, command, code):
    said = looked_at.call("coder-1", "Bash", post=False, command=command)
    assert said is None if code is None else code in said


def test_managed_settings_and_names_that_no_file_can_have(s):
    assert "PROTECTED" in s.call("coder-1", "Write", post=False, file_path="/etc/claude-code/managed-settings.json", content="{}")
    assert "(PATH)" in s.call("coder-1", "Write", post=False, file_path=s.project + "/src/\ud800.py", content="x")


# --- Skills -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path, name",
    [
        (".claude/skills/h/SKILL.md", "h"),
        (".claude/commands/tools/h.md", "tools:h"),
        (".claude/commands/tools/h.md", "h"),
        (".claude/commands/tools/h.md", "H"),
        (".claude/skills/group/h/SKILL.md", "h"),
    ],
)
@pytest.mark.parametrize("text", ["---\nname: x\nhooks:\n  PreToolUse: []\n---\nhello\n", "do !`touch evil`\n"], ids=["hooks", "line"])
@pytest.mark.parametrize("who", ["lead", "coder-1"])
def test_a_skill_that_brings_hooks_or_shell_text_is_known_wherever_it_lies(looked_at, path, name, text, who):
    s, path = looked_at, os.path.join(looked_at.project, path)
    os.makedirs(os.path.dirname(path))
    with open(path, "w") as f:
        f.write(text)
    said = s.call(who, "Skill", skill=name)
    shutil.rmtree(s.project + "/.claude/" + os.path.relpath(path, s.project).split(os.sep)[1])
    assert "SKILL_RUNS_SHELL" in said


def test_a_skill_behind_a_link_is_found_by_the_name_that_it_gives_itself(s, tmp_path):
    (tmp_path / "far" / "x").mkdir(parents=True)
    (tmp_path / "far" / "x" / "SKILL.md").write_text("---\nname: other\n---\n!`touch evil`\n")
    os.makedirs(s.project + "/.claude/skills")
    os.symlink(tmp_path / "far" / "x", s.project + "/.claude/skills/x")
    assert "SKILL_RUNS_SHELL" in s.call("coder-1", "Skill", skill="other")


# --- Runs beside runs, worktrees ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("first, second", [("", "app"), ("app", ""), ("app", "app/deep"), ("app", "lib")])
def test_one_team_works_in_a_repository_at_a_time(project, tmp_path, elsewhere, first, second):
    for name in ("app/deep", "lib"):
        (project / name).mkdir(parents=True)
    for name in ("app", "app/deep", "lib"):
        (project / name / "plan.md").write_text("# Other\n\nx\n")
    executing(Session(project / first, tmp_path / "data"))
    late = Session(project / second, tmp_path / "data", session="00000000-0000-4000-8000-000000000009", pid=elsewhere)
    answer = late.build()[1]
    if second == "lib":  # another folder of the same repository, neither above nor below
        assert "Run opened" in answer["hookSpecificOutput"]["additionalContext"]
    else:
        assert "no run was opened" in answer["reason"] and str(project / first) in answer["reason"]


def test_a_worktree_below_the_project_is_a_tree_of_its_own(project, tmp_path, elsewhere):
    git(project, "worktree", "add", "-q", str(project / ".claude" / "worktrees" / "w"), "-b", "w")
    executing(Session(project / ".claude" / "worktrees" / "w", tmp_path / "data"))
    late = Session(project, tmp_path / "data", session="00000000-0000-4000-8000-000000000009", pid=elsewhere)
    assert "Run opened" in late.build()[1]["hookSpecificOutput"]["additionalContext"]


def test_a_session_that_stands_in_a_worktree_does_not_take_the_run_up(s):
    there = os.path.join(s.project, ".claude", "worktrees", "w")
    git(s.project, "worktree", "add", "-q", there, "-b", "w")
    new = other(s, s.env["CLAUDE_PID"])
    for source in ("clear", "resume"):
        told = new.send("SessionStart", source=source, cwd=there)[1]["hookSpecificOutput"]["additionalContext"]
        assert "not led on from here" in told and there in told
    assert "nothing was resumed" in new.send("UserPromptSubmit", prompt="team resume", cwd=there + "/src")[1]["reason"]
    assert s.state()["team"]["session"] == s.session
    assert "this session leads" in new.send("UserPromptSubmit", prompt="team resume", cwd=s.project)[1]["reason"]


# --- Another plugin's hook ends after the gate's ------------------------------------------------------------------------------------
SPAWN = {"description": "x", "prompt": "go", "subagent_type": "team:coder", "name": "coder-2"}


@pytest.mark.parametrize("early", [False, True], ids=["told at once", "bound before"])
@pytest.mark.parametrize(
    "changed", [{"subagent_type": "general-purpose"}, {"name": "zed"}, {"isolation": "worktree"}], ids=lambda c: list(c)[0]
)
def test_an_agent_that_is_not_the_one_that_was_judged_has_no_role(s, changed, early):
    assert s.send("PreToolUse", tool_name="Agent", tool_input=SPAWN, tool_use_id="toolu_a")[0] == 0
    s.agents["coder-2"] = ("a00000000000000ff", "team:coder")
    if early and "isolation" in changed:
        s.send("SubagentStart", "coder-2")
    done = s.send(
        "PostToolUse",
        tool_name="Agent",
        tool_input=dict(SPAWN, **changed),
        tool_use_id="toolu_a",
        tool_response={"agentId": "a00000000000000ff", "status": "async_launched"},
    )[1]
    told = done["hookSpecificOutput"]["additionalContext"]
    assert "not the agent that was asked for" in told and "TaskStop" in told and "a00000000000000ff" in told
    assert s.state()["roster"]["coder-2"]["state"] == "LOST"
    assert "refused" in s.edit("coder-2", "src/a.py")
    del s.agents["coder-2"]
    assert s.spawn("coder-2", "coder") is None and s.state()["roster"]["coder-2"]["inc"] == 2


@pytest.mark.parametrize(
    "judged, sent, told",
    [
        ("REVIEW: task #1", "[redacted]", "What counts: REVIEW of task #1"),
        ("hello", "REVIEW: task #1", "What counts: nothing"),
        ("QUESTION: what is next?", "STUCK: task #1", "What counts: QUESTION"),
        ("REVIEW: task #1", "REVIEW: task #1\nplease", None),
        ("hello", "hello there", None),
    ],
)
def test_what_a_receiver_read_and_what_counts_are_told_apart(s, judged, sent, told):
    s.edit("coder-1", "src/a.py")
    to = "main" if "QUESTION" in judged else "unified-reviewer"
    given = {"to": to, "message": judged, "summary": "x"}
    assert s.send("PreToolUse", "coder-1", tool_name="SendMessage", tool_input=given, tool_use_id="toolu_m")[0] == 0
    more = dict(tool_input=dict(given, message=sent), tool_use_id="toolu_m", tool_response={"success": True})
    answer = s.send("PostToolUse", "coder-1", tool_name="SendMessage", **more)[1]
    said = (answer or {}).get("hookSpecificOutput", {}).get("additionalContext", "")
    assert told in said and "another plugin's hook replaced this message" in said if told else "replaced" not in said


def test_gates_that_a_replaced_command_judged_are_recorded_or_it_is_said(two):
    s = two
    test_waves.activate(s, "--team twoWaves --strategy strategy.md")
    assert s.spawn("planner", "two-planner") is None
    assert s.edit("planner", ".two/PLAN.md", "# Plan\n\nDo it.\n") is None
    s.stop("planner")

    def gate_check(run):
        use = "toolu_%s" % s.now
        assert s.send("PreToolUse", tool_name="Bash", tool_input={"command": "pack gate check"}, tool_use_id=use)[0] == 0
        ran = run().stdout
        given = {"tool_name": "Bash", "tool_input": {"command": "nice -n 1 pack gate check"}, "tool_use_id": use}
        return json.dumps(s.send("PostToolUse", tool_response={"stdout": ran}, **given)[1]), ran

    def recorded():
        return len([e for e in s.events() if e["event"] == "GATES_RECORDED"])

    told, _ran = gate_check(lambda: subprocess.run(["true"], stdout=subprocess.PIPE, text=True))
    assert "nothing was recorded" in told and "`pack gate check` again" in told and recorded() == 0
    told, ran = gate_check(lambda: pack(s, "gate", "check", CLAUDECODE="1"))
    assert "nothing was recorded" not in told and "had replaced the gate's command" in ran and recorded() == 1


# --- The same mistake in other words ----------------------------------------------------------------------------------------------
def many(s, who, calls, most=60):
    """How many of these calls are refused before the turn is ended."""
    for n in range(most):
        tool, given = calls(n)
        out = s.send("PreToolUse", who, tool_name=tool, tool_input=given, tool_use_id="toolu_n%d" % n)[1]
        assert out["hookSpecificOutput"]["permissionDecision"] == "deny"
        if out.get("continue") is False:
            return n + 1
    return None


@pytest.mark.parametrize(
    "who, calls, stopped",
    [
        ("lead", lambda n: ("Bash", {"command": "git commit --allow-empty -qm %s" % "ab"[n % 2]}), 9),
        ("lead", lambda n: ("Bash", {"command": "git commit --allow-empty -qm %d" % n}), 15),
        ("coder-1", lambda n: ("Write", {"file_path": "src/%d.py" % n, "content": "x"}), 15),
        ("lead", lambda n: ("Agent", {"name": "x%d" % n, "subagent_type": "general-purpose", "prompt": "x", "description": "x"}), 15),
        ("coder-1", lambda n: ("SendMessage", {"to": "nobody-%d" % n, "message": "x", "summary": "x"}), 15),
    ],
    ids=["in turns", "other words", "other files", "other names", "other receivers"],
)
def test_a_mistake_is_bounded_whatever_its_words(s, who, calls, stopped):
    assert many(s, who, calls) == stopped
    suspected = [e for e in s.events() if e["event"] == "LOOP_SUSPECTED"]
    assert [e["data"]["who"] for e in suspected] == ([who] if who != "lead" else [])


def test_refusals_are_counted_anew_once_the_run_has_gone_on(s):
    def commit(n):
        given = {"command": "git add src/a.py && git commit -qm x"}
        return s.send("PreToolUse", "coder-1", tool_name="Bash", tool_input=given, tool_use_id="toolu_c%d" % n)[1]

    s.edit("coder-1", "src/a.py")
    assert [commit(n).get("continue") for n in range(4)] == [None] * 4
    assert s.say("coder-1", "unified-reviewer", "REVIEW: task #1") is None
    assert [commit(n).get("continue") for n in range(4, 8)] == [None] * 4


# --- Hooks that are off between two sessions ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "settings, says",
    [
        ({"disableAllHooks": True}, "disableAllHooks in user settings.json"),
        ({"enabledPlugins": {"team@team-pack": False}}, "team@team-pack is disabled in user settings.json"),
        ({"enabledPlugins": {"team@team-pack": True, "other@x": False}}, ""),
        ({"model": "x"}, ""),
    ],
)
def test_a_plugin_that_is_off_is_said_by_status_doctor_and_status_line(s, settings, says):
    home = os.path.join(s.data, ".claude")
    os.makedirs(home)
    with open(os.path.join(home, "settings.json"), "w") as f:
        json.dump(settings, f)
    for words in (["status"], ["status", "--summary"]):
        assert ("No hook of this pack runs" in pack(s, *words).stdout) is bool(says) and says in pack(s, *words).stdout
    assert json.loads(pack(s, "status", "--json").stdout)["hooks_off"] == (says or None)
    assert ("enforcement: off" in pack(s, "doctor").stdout) is bool(says)
    assert ("OFF" in pack(s, "statusline").stdout) is bool(says)


def test_which_installation_a_run_belongs_to_decides_what_switches_it_off(tmp_path):
    home, env = tmp_path / ".claude" / "plugins", {"HOME": str(tmp_path)}
    home.mkdir(parents=True)
    (tmp_path / ".claude" / "settings.json").write_text('{"enabledPlugins": {"team@a": false, "team@b": true}}')
    run = {name: str(home / "data" / name / "runs" / "p" / "t") for name in ("team-a", "team-b", "team-inline")}
    off = {name: enforcement.switched_off(env, str(tmp_path), path) for name, path in run.items()}
    assert "team@a is disabled" in off["team-a"] and off["team-b"] == off["team-inline"] == ""
    (home / "installed_plugins.json").write_text('{"plugins": {"team@a": []}}')
    assert "not installed any more" in enforcement.switched_off(env, str(tmp_path), run["team-b"])
    assert enforcement.switched_off(env, str(tmp_path), run["team-inline"]) == ""


def test_a_journal_that_nobody_can_trust_ends_the_turn_at_once(s):
    for path in (s.project + "/.claude/teams/feature-add-a-greeting", paths.active(s.project, s.data)["run"]):
        for name in ("journal.jsonl", "mirror.jsonl", "snapshot.json"):
            if os.path.exists(os.path.join(path, name)):
                with open(os.path.join(path, name), "w") as f:
                    f.write("rubbish\n")
    from pack.gate import entry
    from pack.store.journal import Damaged

    code, out, _err = entry.trouble(Damaged("x"), "PreToolUse")
    assert code == 2 and json.loads(out)["continue"] is False and "pack abort" in json.loads(out)["stopReason"]
    assert "cannot be trusted" in s.write_raw("coder-1", "src/a.py")


def test_the_plan_is_still_the_plan(s):
    """A run that met all of this ends like any other."""
    assert plan("SIMPLE")["tasks"][0]["files"] == ["src/a.py"]
    s.do_task("coder-1", 1, "src/a.py")
    assert s.state()["tasks"]["1"]["state"] == "DONE"


# --- The shell text of skills, where the client shows it ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "who, command, code",
    [
        ("lead", "sed -i s/1/2/ src/old.py", "LEAD_DELEGATES"),
        ("lead", "git status --short", None),
        ("lead", "pack status", None),
        ("lead", "pack abort --reason x", "SKILL_RUNS_SHELL"),
        ("coder-1", "printf x > src/other.py", "NOT_IN_TASK"),
        ("coder-1", "printf x > src/a.py", None),
        ("coder-1", "claude -p hi", "NESTED_CLIENT"),
        ("unified-reviewer", "rm -r .claude/teams", "PROTECTED"),
    ],
)
def test_a_skills_line_is_judged_like_a_shell_command(s, who, command, code):
    given = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": "toolu_s", "command_name": "fmt"}
    done = s.send("PreSkillShellCommand", who, invoked_by="claude", **given)
    assert done[0] == (2 if code else 0) and (code is None or code in done[2]) and done[1] is None
    assert s.state()["phase"] == "EXECUTION"
    assert s.send("PreSkillShellCommand", who, invoked_by="user", **given) == (0, None, "")
    assert not [n for n in os.listdir(os.path.join(paths.active(s.project, s.data)["run"], "calls")) if n.endswith(".before")]


@pytest.mark.parametrize("version, has", [(FIRST + " (Claude Code)", True), ("9.2.0", True), (BEFORE, False), ("", False), ("x.y", False)])
def test_hooks_json_is_written_for_the_client_that_is_there(session, tmp_path, version, has):
    from hooks.driver import Processes, copy_plugin

    root = copy_plugin(tmp_path / "plugin")
    made = subprocess.run([sys.executable, root + "/scripts/dev/generate.py", "--for-client", version], stdout=subprocess.PIPE, text=True)
    with open(root + "/hooks/hooks.json") as f:
        rows = json.load(f)["hooks"]
    assert made.returncode == 0 and ("PreSkillShellCommand" in rows) is has
    if not has:
        return
    assert rows["PreSkillShellCommand"][0]["hooks"][0]["onFailure"] == "block"
    s = executing(Processes(session.project, session.data, root))
    s.env["AI_AGENT"] = "claude-code_%s_harness" % FIRST.replace(".", "-")
    given = {"tool_name": "Bash", "tool_input": {"command": "sed -i s/1/2/ src/old.py"}, "tool_use_id": "toolu_s"}
    assert "LEAD_DELEGATES" in s.send("PreSkillShellCommand", invoked_by="claude", **given)[2]
    os.makedirs(s.project + "/.claude/commands")
    with open(s.project + "/.claude/commands/fmt.md", "w") as f:
        f.write("!`git status`\n")
    assert s.call("lead", "Skill", skill="fmt") is None
    s.env["AI_AGENT"] = "claude-code_%s_harness" % BEFORE.replace(".", "-")
    assert "SKILL_RUNS_SHELL" in s.call("lead", "Skill", skill="fmt")


# --- What the client says a shell command has changed ---------------------------------------------------------------------------------
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("named", [True, False])
def test_what_the_client_says_a_command_changed_is_laid_to_it(project, tmp_path, monkeypatch, large, named):
    """`bashEditDiff.changedFiles`, where it is there: found at once in a large project, too, and its author is certain though another
    command is under way."""
    from pack.gate import closer_look

    if large:
        monkeypatch.setattr(closer_look, "MOST_WATCHED", 1)
    s = executing(Session(project, tmp_path / "data"))
    s.send("PreToolUse", "unified-reviewer", tool_name="Bash", tool_input={"command": "sleep 9"}, tool_use_id="toolu_other")
    given = dict(tool_name="Bash", tool_input={"command": "sh hidden.sh"}, tool_use_id="toolu_b")
    s.send("PreToolUse", "coder-1", **given)
    for name in ("old.py", "new.py"):
        with open(s.project + "/src/" + name, "a") as f:
            f.write("# changed\n")
    paths_ = [s.project + "/src/" + n for n in ("old.py", "new.py", "gone/__pycache__/x.pyc")] + [s.data + "/elsewhere", 7]
    diff = {"bashEditDiff": {"files": [], "moreFiles": 0, "changedFiles": paths_}} if named else {}
    answer = s.send("PostToolUse", "coder-1", tool_response=dict(diff, stdout=""), **given)[1]
    found = {e["data"]["path"]: e["data"]["by"] for e in s.events() if e["event"] == "OVERLAP_SCOPE"}
    if named:
        assert found == {"src/old.py": "coder-1", "src/new.py": "coder-1"} and "src/old.py" in json.dumps(answer)
    else:
        assert found == ({} if large else {"src/old.py": None, "src/new.py": None})
