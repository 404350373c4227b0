"""Doors past the gate: markers, schedules, other sessions of the same terminal, clients, sub-folders (issue: every session)."""

import glob
import json
import os
import shutil

import pytest

from tests.conftest import git, make_project
from hooks.driver import PLAN, Processes, Session, copy_plugin, plan
from hooks.test_waves import SMALL
from pack.base import paths
from pack.base.paths import PLUGIN_ROOT
from pack.store.render import stats, summary


def executing(s):
    s.setup("SIMPLE")
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    return s


# --- Markers --------------------------------------------------------------------------------------------------------------
def remove_both(s):
    for path in glob.glob(s.data + "/active/**/.on", recursive=True) + [s.project + "/.claude/teams/.on"]:
        os.unlink(path)


def remove_all(s):
    for path in paths.markers(s.data, s.project):
        os.unlink(path)


def remove_folders(s):
    shutil.rmtree(s.data + "/active")
    shutil.rmtree(s.project + "/.claude/teams")


def another_interpreter(s):
    for path in paths.markers(s.data, s.project):
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write("/bin/true\n" + text.split("\n", 1)[1])


def there_and_back(s):
    for path in paths.markers(s.data, s.project):
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write("/bin/true\n")
        with open(path, "w") as f:
            f.write(text)


@pytest.fixture
def real(project, tmp_path):
    """Every payload through the command line of hooks.json, from the plugin itself."""
    return executing(Processes(project, tmp_path / "data", PLUGIN_ROOT))


@pytest.mark.parametrize("deed", [remove_both, remove_all, remove_folders, another_interpreter, there_and_back], ids=lambda d: d.__name__)
def test_markers_that_are_removed_or_replaced_end_no_check_and_are_told(real, deed):
    s = real
    deed(s)
    assert "NOT_IN_TASK" in s.edit("coder-1", "src/other.py")
    found = [e["data"] for e in s.events() if e["event"] == "STATE_DIVERGENCE" and e["data"]["file"] == "the run's markers"]
    assert len(found) == 1 and found[0]["enforces"] == "plugin"
    assert all(os.path.exists(p) for p in paths.markers(s.data, s.project))
    assert "NOT_IN_TASK" in s.edit("coder-1", "src/other.py")  # told once
    assert len([e for e in s.events() if e["event"] == "STATE_DIVERGENCE" and e["data"]["file"] == "the run's markers"]) == 1
    assert "markers" in s.state()["tampered"]
    assert "markers" in s.send("UserPromptSubmit", prompt="team status")[1]["reason"]
    assert "the run's markers" in summary(s.state(), stats(s.events()))


def test_a_run_that_is_over_leaves_nothing_that_starts_the_gate(real):
    s = real
    s.send("UserPromptSubmit", prompt="team abort enough")
    s.send("SessionStart", source="resume")
    for name in s.agents:
        s.say("lead", name, "x")
    s.bash("lead", "pack abort --reason x")
    from pack.store.disk import Disk

    store_state = s.state()
    if store_state["phase"] != "CLOSED":
        s.bash("lead", "pack teardown ask")
        for name in ("coder-1", "unified-reviewer", "supervisor"):
            s.stop(name)
        s.bash("lead", "pack teardown ask")
        s.stop("supervisor")
    assert s.state()["phase"] == "CLOSED"
    assert not any(os.path.exists(p) for p in paths.markers(s.data, s.project)) and paths.active(s.project, s.data) is None
    assert s.send("PreToolUse", tool_name="Bash", tool_input={"command": "git commit -qm x"}, tool_use_id="t") == (0, None, "")
    assert Disk().read(s.project + "/.claude/teams/.closed/%s.json" % store_state["team"]["name"])


def test_a_copy_of_the_project_and_one_that_was_moved_are_not_tampered_with(session, tmp_path):
    s = executing(session)
    shutil.copytree(s.project, tmp_path / "copy", symlinks=True)
    assert paths.active(str(tmp_path / "copy"), s.data) is None
    shutil.move(s.project, tmp_path / "moved")
    moved = Session(tmp_path / "moved", s.data, session=s.session, now=s.now)
    moved.agents = s.agents
    assert moved.send("UserPromptSubmit", prompt="team status")[1]["reason"].startswith("📋")
    assert moved.state()["tampered"] == {}


# --- The user's words -------------------------------------------------------------------------------------------------------
@pytest.fixture
def waves(session):
    s = session
    os.makedirs(s.project + "/.claude/team-definitions")
    with open(s.project + "/.claude/team-definitions/twoWaves.json", "w") as f:
        json.dump(SMALL, f)
    with open(s.project + "/strategy.md", "w") as f:
        f.write("# Strategy\n\nBe quick: P99 under 50 ms.\n")
    s.send("UserPromptSubmit", prompt="--team twoWaves --strategy strategy.md")
    return s


def by_stop(s):
    s.send(
        "Stop",
        stop_hook_active=False,
        background_tasks=[],
        session_crons=[{"id": "c1", "schedule": "* * * * *", "recurring": False, "prompt": "x"}],
    )


def by_transcript(s):
    os.makedirs(s.data + "/t", exist_ok=True)
    with open(os.path.join(s.data, "t", s.session + ".jsonl"), "w") as f:
        f.write('{"type":"assistant","message":{"content":[{"type":"tool_use","id":"toolu_1","name":"CronCreate","input":{}}]}}\n')


def by_another_session_of_this_client(s):
    os.makedirs(s.data + "/t", exist_ok=True)
    with open(os.path.join(s.data, "t", "before-clear.jsonl"), "w") as f:
        f.write('{"type":"assistant","message":{"content":[{"type":"tool_use","id":"toolu_1","name":"ScheduleWakeup","input":{}}]}}\n')


def test_a_scheduling_tool_that_is_only_described_leaves_the_words_alone(session):
    """The client writes whole requests into its transcripts, with every tool that the model may call."""
    s = session
    s.setup("SIMPLE")
    os.makedirs(s.data + "/t", exist_ok=True)
    with open(os.path.join(s.data, "t", s.session + ".jsonl"), "w") as f:
        f.write('{"type":"api-request-shape","tools":[{"name":"CronCreate","description":"x"}],"note":"tool_use"}\n')
        f.write('{"type":"user","message":{"content":[{"type":"tool_use","name":"CronCreate"}]}}\n')
        f.write('{"type":"assistant","message":{"content":[{"type":"text","text":"{\\"name\\":\\"CronCreate\\"} tool_use"}]}}\n')
    path = os.path.join(s.data, "t", s.session + ".jsonl")
    out = s.send("UserPromptSubmit", prompt="team abort enough", transcript_path=path)[1]
    assert "aborted" in out["reason"], out


def by_file(s):
    with open(s.project + "/.claude/scheduled_tasks.json", "w") as f:
        json.dump({"tasks": [{"id": "a", "cron": "* * * * *", "prompt": "team approve"}]}, f)


@pytest.mark.parametrize("made", [by_stop, by_transcript, by_another_session_of_this_client, by_file], ids=lambda m: m.__name__)
@pytest.mark.parametrize("word", ["team approve", "team abort enough", "pause team", "team resume"])
def test_with_a_schedule_a_word_counts_with_a_number_that_only_the_user_saw(waves, made, word):
    s = waves
    made(s)
    before = len(s.events())
    reason = s.send("UserPromptSubmit", prompt=word)[1]["reason"]
    assert "nothing was done" in reason and len(s.events()) == before
    number = reason.split()[-1]
    wrong = "0000" if number != "0000" else "0001"
    assert "nothing was done" in s.send("UserPromptSubmit", prompt="%s %s" % (word, wrong))[1]["reason"]
    reason = s.send("UserPromptSubmit", prompt=word)[1]["reason"]
    answer = s.send("UserPromptSubmit", prompt="%s %s" % (word, reason.split()[-1]))[1]
    assert "nothing was done" not in json.dumps(answer) and len(s.events()) > before
    assert "TEAM STATUS" in s.send("UserPromptSubmit", prompt="team status")[1]["reason"] or word.startswith("team abort")


def test_without_a_schedule_a_word_is_a_word(waves):
    s = waves
    s.send("Stop", stop_hook_active=False, background_tasks=[], session_crons=[])
    s.send("UserPromptSubmit", prompt="pause team")
    assert s.state()["paused"]


# --- Sessions ---------------------------------------------------------------------------------------------------------------
def other(s, pid, number=9):
    out = Session(s.project, s.data, session="00000000-0000-4000-8000-00000000000%d" % number, pid=pid, now=s.now)
    out.agents = s.agents
    return out


@pytest.mark.parametrize("source", ["clear", "resume", "fork"])
def test_another_conversation_in_the_same_terminal_leads_on(session, source):
    s = executing(session)
    s.send("SessionEnd", reason=source)
    new = other(s, s.env["CLAUDE_PID"])
    told = new.send("SessionStart", source=source)[1]["hookSpecificOutput"]["additionalContext"]
    assert "this session leads the run on" in told and "How a lead works" in told
    assert new.state()["team"]["session"] == new.session
    assert "LEAD_DELEGATES" in new.edit("lead", "src/old.py")
    assert new.edit("coder-1", "src/a.py", "again\n") is None
    assert "aborted (enough)" in new.send("UserPromptSubmit", prompt="team abort enough")[1]["reason"]


@pytest.mark.parametrize("headless", [True, False])
def test_where_the_run_stands_comes_with_what_is_typed_in_a_terminal(project, tmp_path, headless):
    """There the user may take the conversation back to before the run, which no hook is told."""
    s = executing(Session(project, tmp_path / "data", headless=headless))
    _code, out, _err = s.send("UserPromptSubmit", prompt="what is going on?")
    told = ((out or {}).get("hookSpecificOutput") or {}).get("additionalContext") or ""
    assert (told.startswith("TEAM feature-add-a-greeting: phase EXECUTION") and "How a lead works: " in told) != headless
    assert s.send("UserPromptSubmit", prompt="/cost") == (0, None, "")


def test_another_conversation_in_the_leads_terminal_may_take_the_run_up(session):
    s = executing(session)
    new = other(s, s.env["CLAUDE_PID"])
    assert new.send("UserPromptSubmit", prompt="hello") == (0, None, "")
    assert "this session leads" in new.send("UserPromptSubmit", prompt="team resume")[1]["reason"]


@pytest.mark.parametrize("source", ["fork", "clear", "startup", "resume"])
def test_every_other_session_is_told_that_it_does_not_lead(session, source):
    s = executing(session)
    told = other(s, os.getppid()).send("SessionStart", source=source)[1]["hookSpecificOutput"]["additionalContext"]
    assert "led by another session" in told and "`team resume`" in told
    assert ("copied from it and leads nothing" in told) is (source == "fork")


def test_an_agent_that_was_cut_at_its_turn_limit_is_idle(session):
    s = executing(session)
    agent = s.agents["coder-1"][0]
    s.send(
        "UserPromptSubmit",
        prompt="<task-notification>\n<task-id>%s</task-id>\n<status>completed</status>\n<summary>Agent \"coder-1\" stopped at its 2-turn limit (partial result)</summary>"
        % agent,
    )
    assert s.state()["roster"]["coder-1"]["state"] == "IDLE"


# --- What is no door --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "command, passes",
    [
        ("claude --version", True),
        ("claude plugin validate .", True),
        ("claude plugin list", True),
        ("claude mcp list", True),
        ("npx -y @anthropic-ai/claude-code --version", True),
        ("npm install @anthropic-ai/claude-code@latest", True),
        ("claude plugin disable team", False),
        ("claude -p hi", False),
        ("claude", False),
        ("npx -y @anthropic-ai/claude-code -p hi", False),
        ("npm exec @anthropic-ai/claude-code -- -p hi", False),
        ("bunx claude-code -p hi", False),
        ("$(which claude) -p hi", False),
    ],
)
def test_a_client_that_starts_no_agent_passes(looked_at, command, passes):
    s = looked_at
    for who, way in (("lead", "spawn an agent of the team instead"), ("coder-1", "ask the lead for an agent")):
        said = s.call(who, "Bash", command=command)
        assert said is None if passes else "NESTED_CLIENT" in said and way in said


def test_files_that_are_called_like_the_teams_are_the_projects(session):
    s = executing(session)
    for name in ("snapshot.json", "journal.jsonl", "mirror.jsonl", "store/journal.py"):
        assert s.call("coder-1", "Bash", command="python3 -c \"print(open('data/%s').read())\"" % name) is None
        there = os.path.join(s.project, ".claude", "teams")
        if "/" not in name:
            assert (
                "PROTECTED"
                in s.send(
                    "PreToolUse",
                    "coder-1",
                    tool_name="Bash",
                    tool_use_id="t-" + name,
                    cwd=there,
                    tool_input={"command": "python3 -c \"open('x/%s','a')\"" % name},
                )[2]
            )


@pytest.mark.parametrize(
    "files, fine", [(["src/*.py"], False), (["src/**"], False), (["src/{a,b}.py"], False), (["app/[id]/page.tsx"], True), (["src"], True)]
)
def test_patterns_are_refused_in_the_plan_and_folders_are_meant(session, files, fine):
    s = session
    s.build()
    raw = plan("SIMPLE")
    raw["tasks"][0]["files"] = files
    raw["tasks"][1]["files"] = [".conventions"]
    said = s.register(raw)
    assert said is None if fine else "PLAN_PATH" in said and "is a pattern" in said
    if fine:
        tasks = s.state()["tasks"]
        assert tasks["1"]["files"] == ["src/" if files == ["src"] else files[0]] and tasks["2"]["files"] == [".conventions/"]
    assert PLAN["tasks"][0]["files"] == ["src/a.py"]


def test_a_run_is_opened_where_the_client_was_started_or_nowhere(tmp_path):
    """With --add-dir the session's shell may stand in another repository."""
    started, other = make_project(tmp_path / "started", ".claude/"), make_project(tmp_path / "other", ".claude/")
    (tmp_path / "plain").mkdir()
    s = Session(started, tmp_path / "data")

    def build(cwd):
        return s.send(
            "UserPromptExpansion",
            expansion_type="slash_command",
            command_name="team:build",
            command_args="say hello by name",
            command_source="plugin",
            prompt="/team:build say hello by name",
            cwd=str(cwd),
        )[1]

    said = build(other)["reason"]
    assert "its shell stands in another repository, %s" % other in said and "&& claude" in said
    assert not (started / ".claude/teams").exists() and not (other / ".claude/teams").exists()
    assert "reason" not in build(tmp_path / "plain") and (started / ".claude/teams").exists()  # no repository: nothing could be meant by it


def test_the_guarded_area_is_the_repository(tmp_path):
    mono = tmp_path / "mono"
    (mono / "app").mkdir(parents=True)
    (mono / "shared").mkdir()
    (mono / "shared" / "core.py").write_text("core = 1\n")
    (mono / "app" / "plan.md").write_text("# Add a greeting\n\nx\n")
    (mono / "app" / ".gitignore").write_text(".claude/\n")
    git(mono, "init", "-q", "-b", "main")
    git(mono, "add", "-A")
    git(mono, "-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-qm", "start")
    s = executing(Session(mono / "app", tmp_path / "data"))
    core = str(mono / "shared" / "core.py")
    assert "NOT_IN_TASK" in s.call("coder-1", "Edit", file_path=core, old_string="1", new_string="2")
    assert "LEAD_DELEGATES" in s.call("lead", "Write", file_path=str(mono / "shared" / "new.py"), content="x")
    assert "LEAD_DELEGATES" in s.call("lead", "Bash", command="printf 'x' >> ../shared/core.py")
    assert s.call("coder-1", "Write", file_path=str(tmp_path / "outside.txt"), content="x") is None
    assert s.edit("coder-1", "src/a.py") is None


def test_the_plugins_copy_is_driven_as_users_have_it(project, tmp_path):
    s = executing(Processes(project, tmp_path / "data", copy_plugin(tmp_path / "plugin")))
    remove_both(s)
    assert "NOT_IN_TASK" in s.edit("coder-1", "src/other.py")


# --- What was carried out and what is told ----------------------------------------------------------------------------------
def pack(s, *words, **env):
    import subprocess

    where = dict({"PATH": os.environ["PATH"], "HOME": s.data, "CLAUDE_PLUGIN_DATA": s.data, "CLAUDE_PROJECT_DIR": s.project}, **env)
    return subprocess.run(
        [PLUGIN_ROOT + "/bin/pack"] + list(words),
        cwd=s.project,
        env=where,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def replaced(s, command):
    """The Bash call is judged by the gate, and another plugin's hook puts the command back: that is what runs."""
    code, _out, err = s.send("PreToolUse", tool_name="Bash", tool_input={"command": command}, tool_use_id="toolu_%s" % s.now)
    assert code == 0, err


def test_a_receipt_whose_command_was_replaced_is_told_once(session):
    s = session
    s.build()
    replaced(s, "pack plan <<'EOF'\n%s\nEOF" % json.dumps(plan()))
    done = pack(s, "plan", CLAUDECODE="1")
    assert done.returncode == 0 and "2 tasks registered" in done.stdout and "another plugin's hook" in done.stdout
    assert "NO_VOUCHER" in pack(s, "plan", CLAUDECODE="1").stdout
    replaced(s, "pack abort --reason enough")
    assert s.state()["phase"] == "CLOSED"
    assert "run aborted: enough" in pack(s, "abort", "--reason", "enough", CLAUDECODE="1").stdout
    assert len([e for e in s.events() if e["event"] == "PLAN_REGISTERED"]) == 1


def again(s, command, ran, output="", failed=True):
    """A Bash call whose command another plugin's hook replaces by `ran`: what the agent is told after it."""
    use = "toolu_%s" % s.now
    assert s.send("PreToolUse", tool_name="Bash", tool_input={"command": command}, tool_use_id=use)[0] == 0
    more = {"error": "Exit code 1\n" + output} if failed else {"tool_response": {"stdout": output}}
    event = "PostToolUseFailure" if failed else "PostToolUse"
    out = s.send(event, tool_name="Bash", tool_input={"command": ran}, tool_use_id=use, **more)[1]
    return (out or {}).get("hookSpecificOutput", {}).get("additionalContext", "")


def test_the_same_plan_again_is_the_same_request_and_another_one_is_not(session):
    s = session
    s.build()
    conventions = [dict(task, reviewers=[]) if task["id"] == 2 else task for task in plan()["tasks"]]
    raw = plan("MEDIUM", tasks=conventions)
    assert s.register(raw) is None
    first = s.output
    seq = s.events()[-1]["seq"]
    assert s.register(raw) is None and s.output == first
    assert s.events()[-1]["seq"] == seq
    assert s.register(plan("MEDIUM", definition_of_done=["other tests"])) is None
    assert s.state()["definition_of_done"][0] == "other tests"
    assert s.spawn("tech-lead", "tech-lead") is None
    for who, to, text in (("lead", "tech-lead", "VALIDATE PLAN"), ("tech-lead", "lead", "PLAN CHANGES: smaller")):
        assert s.say(who, to, text) is None
    assert s.register(plan("MEDIUM", definition_of_done=["other tests"])) is None
    assert len([e for e in s.events() if e["event"] == "PLAN_REGISTERED"]) == 3  # asked for anew


def test_the_same_plan_is_registered_anew_where_a_task_was_changed_since(session):
    s = session
    s.build()
    assert s.register() is None
    assert s.spawn("supervisor", "supervisor") is None
    assert s.handoff() is None
    assert s.bash("lead", "pack task rescope 1 --file src/b.py --reason x") is None
    assert s.state()["tasks"]["1"]["files"] == ["src/a.py", "src/b.py"]
    assert s.register() is None
    assert s.state()["tasks"]["1"]["files"] == ["src/a.py"]


def test_the_agent_reads_what_was_carried_out_whatever_ran_in_its_place(session):
    s = session
    s.build()
    command = "pack plan <<'EOF'\n%s\nEOF" % json.dumps(plan())
    told = again(s, command, "nice -n 1 " + command, "team: refused (NO_VOUCHER): ...")
    assert "carried out" in told and "another plugin's hook replaced" in told and "2 tasks registered" in told
    assert "carried out" in again(s, command, "true", failed=False)  # sent again: nothing is registered twice
    assert len([e for e in s.events() if e["event"] == "PLAN_REGISTERED"]) == 1
    assert s.register() is None and "carried out" not in s.output  # the gate's own command


def test_a_verification_whose_command_was_replaced_runs_all_the_same_or_says_why_not(session):
    s = session
    s.setup("SIMPLE")
    s.do_task("coder-1", 1, "src/a.py")
    s.do_task("coder-1", 2, ".conventions/x.md")
    command = "pack verify --build true --test 'python3 -c \"import unittest; unittest.main(module=None, exit=False)\"'"
    told = again(s, command, "echo no", "no")
    assert "nothing was verified: another plugin's hook replaced" in told and "`pack verify` again" in told
    use = "toolu_%s" % s.now
    assert s.send("PreToolUse", tool_name="Bash", tool_input={"command": command}, tool_use_id=use)[0] == 0
    done = pack(s, "verify", "--build", "true", "--test", "x", CLAUDECODE="1")
    assert "another plugin's hook had replaced" in done.stdout and "$ python3 -c" in done.stdout and "NO_VOUCHER" not in done.stdout
    out = s.send("PostToolUse", tool_name="Bash", tool_input={"command": "nice " + command}, tool_use_id=use, tool_response={"stdout": ""})[
        1
    ]
    assert "nothing was verified" not in str(out)
    assert "VERIFIED" in [e["event"] for e in s.events()]


def test_status_says_first_that_the_client_is_gone(session):
    s = session
    s.env["CLAUDE_PID"] = "1999999"
    s.build()
    done = pack(s, "status")
    assert done.stdout.startswith("⚠ The client that led this run is gone: nobody is at work.") and "/team:resume" in done.stdout
    assert json.loads(pack(s, "status", "--json").stdout)["client_alive"] is False
    new = other(s, os.getpid())
    assert new.send("UserPromptSubmit", prompt="team status")[1]["reason"].startswith("⚠ The client that led this run is gone")
    new.send("UserPromptSubmit", prompt="team resume")
    assert json.loads(pack(s, "status", "--json").stdout)["client_alive"] is True


def test_doctor_sees_that_bare_loads_no_hooks(session):
    done = pack(session, "doctor", CLAUDE_CODE_SIMPLE="1", CLAUDECODE="1")
    assert "off: the client was started with --bare" in done.stdout and "enforcement: off" in done.stdout and done.returncode == 1
    assert "--bare" not in pack(session, "doctor").stdout


def test_the_same_refused_call_ends_the_turn_and_is_told(session):
    s = executing(session)

    def call(command):
        return s.send("PreToolUse", tool_name="Bash", tool_input={"command": command}, tool_use_id="toolu_%s" % s.now)[1]

    answers = [call("git commit --allow-empty -qm again") for _ in range(5)]
    assert [a.get("continue") for a in answers] == [None] * 4 + [False]
    assert "refused the same call 5 times" in answers[-1]["stopReason"] and "WRONG_ROLE" in answers[-1]["stopReason"]
    assert all(a["hookSpecificOutput"]["permissionDecision"] == "deny" for a in answers)
    assert "continue" not in call("git commit --allow-empty -qm other")
