"""Every tool passes a hook but those that are known to be harmless; what nobody here knows is decided by role (issue: every door)."""

import json
import os
import re
import subprocess

import pytest

from hooks.driver import Session, plan
from pack.base import run_config, tool_table
from pack.base.paths import PLUGIN_ROOT
from pack.protocol import tables

WRITE = "mcp__fs__write_file"


def matcher(event):
    with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json")) as f:
        return json.load(f)["hooks"][event][0]["matcher"]


@pytest.mark.parametrize("event", ["PreToolUse", "PostToolUse", "PostToolUseFailure"])
def test_the_matcher_takes_every_tool_but_the_harmless(event):
    found = re.compile(matcher(event))  # anchored, alternatives and one look-ahead: the same in JavaScript; stories prove it there
    seen = (
        "Edit",
        "Bash",
        "Agent",
        "Task",
        "CronCreate",
        "Skill",
        "Workflow",
        "EnterWorktree",
        "Monitor",
        WRITE,
        "ReadAndWrite",
        "XRead",
        "",
    )
    assert [t for t in seen if not found.search(t)] == []
    assert [t for t in tool_table.HARMLESS if found.search(t)] == []
    assert [t for t in tool_table.ANSWERING if not found.search(t)] == []


def test_every_harmless_tool_says_where_that_is_known():
    for table in (tool_table.HARMLESS, tool_table.ANSWERING, tool_table.SCHEDULING, tool_table.AGENT_STARTERS, tool_table.MOVING):
        for tool, source in table.items():
            assert re.match(r"\[(d\.ts|client|docs|measured)\] \S", source), tool
    others = [tool_table.ANSWERING, tool_table.SCHEDULING, tool_table.AGENT_STARTERS, tool_table.MOVING]
    assert not [t for t in tool_table.HARMLESS if any(t in other for other in others)]


@pytest.mark.parametrize(
    "name, reads",
    [
        ("mcp__context7__query-docs", True),
        ("mcp__plugin_docs_context7__query-docs", True),
        ("mcp__tavily__tavily-extract", True),
        ("mcp__deepwiki__ask_question", True),
        ("mcp__codewiki__codewiki_request_indexing", False),
        ("mcp__context7__write", False),
        ("mcp__notcontext7__query-docs", False),
        ("mcp__fs__query-docs", False),
        ("query-docs", False),
    ],
)
def test_research_servers_are_known_by_their_reading_tools(name, reads):
    assert tool_table.researches(name) is reads


def test_the_page_on_tools_names_the_tables_and_its_example_is_accepted(session):
    with open(os.path.join(PLUGIN_ROOT, "docs", "tools.md"), encoding="utf-8") as f:
        page = f.read()
    for table in (tool_table.SCHEDULING, tool_table.AGENT_STARTERS, tool_table.MOVING, tool_table.RESEARCH):
        assert [name for name in table if name not in page] == []
    os.makedirs(session.project + "/.claude", exist_ok=True)
    with open(session.project + "/.claude/team.yaml", "w") as f:
        f.write(page.partition("```yaml\n")[2].partition("```")[0])
    done = subprocess.run(
        [os.path.join(PLUGIN_ROOT, "bin", "pack"), "lint", session.project + "/.claude/team.yaml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    session.build()
    allowed = session.state()["team"]["tools"]
    assert allowed == {"mcp__linear__get_issue": ["everyone"], "mcp__db__query": ["lead", "logic-reviewer"]}


def executing(s):
    s.setup("SIMPLE")
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    return s


def test_an_unknown_tool_is_a_coders_and_nobody_elses(session):
    s = session
    s.build()
    assert s.call("lead", WRITE, path="/tmp/x", text="x") is None  # nothing is delegated yet
    s = executing(s) if s.state()["plan"]["registered"] else _from_the_plan(s)
    for who in ("lead", "supervisor", "unified-reviewer"):
        assert "TOOL_NOT_ALLOWED" in s.call(who, WRITE, path=s.project + "/src/a.py", text="x")
        assert s.call(who, "mcp__context7__query-docs", query="x") is None
    assert s.call("coder-1", WRITE, path=s.project + "/src/a.py", text="x") is None
    assert "PROTECTED" in s.call("coder-1", WRITE, path=s.project + "/.claude/teams/x/state.md", text="x")
    assert "PROTECTED" in s.call("coder-1", WRITE, where={"files": ["file://" + s.project + "/.claude/settings.json"]})
    assert s.state()["phase"] == "EXECUTION"


def _from_the_plan(s):
    assert s.register(plan("SIMPLE")) is None
    assert s.spawn("supervisor", "supervisor") is None and s.handoff() is None
    assert s.spawn("unified-reviewer", "unified-reviewer") is None and s.spawn("coder-1", "coder") is None
    assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
    return s


def test_what_an_unknown_tool_wrote_is_found(session):
    s = executing(session)

    def written(_given):
        with open(s.project + "/src/old.py", "a") as f:
            f.write("BY_MCP = 1\n")
        return {}

    s.bash("coder-1", "python3 -c pass")  # what was changed before is known from here on
    assert s.call("coder-1", WRITE, path="src/old.py", text="x", response=written) is None
    assert [(e["data"]["path"], e["data"]["by"]) for e in s.events() if e["event"] == "OVERLAP_SCOPE"] == [("src/old.py", "coder-1")]


def configure(s, text):
    os.makedirs(s.project + "/.claude", exist_ok=True)
    with open(s.project + "/.claude/team.yaml", "w") as f:
        f.write(text)


def test_team_yaml_allows_by_name_and_by_role(session):
    s = session
    configure(s, "tools:\n  %s: [supervisor]\n  mcp__db__query: everyone\n" % WRITE)
    executing(s)
    assert s.call("supervisor", WRITE, path="x") is None
    assert "TOOL_NOT_ALLOWED" in s.call("lead", WRITE, path="x")
    assert s.call("lead", "mcp__db__query", sql="x") is None
    assert "TOOL_NOT_ALLOWED" in s.call("lead", "mcp__db__query_all", sql="x")


def test_team_yaml_is_sealed_at_the_opening(session):
    s = executing(session)
    assert "PROTECTED" in s.call("coder-1", "Write", file_path=s.project + "/.claude/team.yaml", content="tools: {%s: everyone}" % WRITE)
    configure(s, "tools:\n  %s: everyone\n" % WRITE)  # by whatever else
    assert "TOOL_NOT_ALLOWED" in s.call("lead", WRITE, path="x")
    assert list(s.state()["tampered"]) == [run_config.NAME]
    s.send("UserPromptSubmit", prompt="team resume")
    assert s.state()["tampered"] == {}
    assert s.call("lead", WRITE, path="x") is None  # the user took it as it is


@pytest.mark.parametrize(
    "text, says",
    [
        ("tools:\n  mcp__a__*: everyone\n", "2:3: 'mcp__a__*' is no tool's name"),
        ("tool:\n  a: everyone\n", "1:1: no setting is called 'tool'; there is: tools"),
        ("tools: [a]\n", "1:1: map each tool's name"),
        ("tools:\n  a: everyone\n  a: lead\n", "3:3: 'a' is there twice"),
        ("tools:\n  a: []\n", "nobody is named"),
        ("tools: {a\n", "not readable"),
        ("- a\n", "a mapping is wanted"),
    ],
)
def test_a_team_yaml_that_cannot_be_meant_opens_no_run(session, text, says):
    configure(session, text)
    answer = session.build()[1]
    assert answer["decision"] == "block" and says in answer["reason"] and ".claude/team.yaml" in answer["reason"]
    assert not os.path.exists(session.project + "/.claude/teams/.on")


@pytest.mark.parametrize("text", ["", "# nothing\n", "tools:\n", "tools: {}\n", "tools:\n  mcp__a__b: lead\n"])
def test_a_team_yaml_that_says_little_is_fine(session, text):
    configure(session, text)
    assert "Run opened" in session.build()[1]["hookSpecificOutput"]["additionalContext"]


def test_nobody_schedules_starts_workflows_or_leaves_the_project(session):
    s = executing(session)
    for who in ("lead", "coder-1", "supervisor"):
        assert "NO_SCHEDULES" in s.call(who, "CronCreate", cron="* * * * *", prompt="team approve")
        assert "NO_SCHEDULES" in s.call(who, "ScheduleWakeup", delaySeconds=60, prompt="team abort", reason="x", noop=True)
        assert "UNKNOWN_AGENT" in s.call(who, "Workflow", script="x")
        assert "ONE_PROJECT" in s.call(who, "EnterWorktree", name="side")
    assert s.call("lead", "ScheduleWakeup", stop=True) is None
    assert "UNKNOWN_ROLE" in s.call("lead", "Agent", description="x", prompt="x", subagent_type="other:helper", name="helper")
    assert "WRONG_ROLE" in s.call("coder-1", "Agent", description="x", prompt="x", subagent_type="team:coder", name="helper")


def test_an_answer_in_a_schema_waits_for_the_leads_next_step_as_often_as_stop_does(session):
    """Such an answer ends the lead's turn, and what Stop's hooks say after it is not heard (CLIENT 1.33)."""
    session.build()
    told = [session.call("lead", "StructuredOutput", a=1) for _ in range(4)]
    assert all("before you end your turn" in text for text in told[:3]) and told[3] is None, told
    assert session.stop("lead") is None, "Stop and the answer are counted together"


def test_an_answer_in_a_schema_is_let_through_where_stop_would_say_nothing(session):
    assert session.call("lead", "StructuredOutput", a=1) is None, "no run is live"
    s = executing(session)
    assert s.call("coder-1", "StructuredOutput", a=1) is None and s.call("lead", "StructuredOutput", a=1) is None, "coder-1 works"


SKILL = "---\nname: %s\ndescription: x\n%s---\n%s\n"


@pytest.mark.parametrize(
    "more, body, refused",
    [
        ("", "!`sed -i s/1/2/ src/other.py`", "SKILL_RUNS_SHELL"),
        ("", "text\n\n```\n!`date`\n```", "SKILL_RUNS_SHELL"),
        ("", "<!-- !`date` -->", "SKILL_RUNS_SHELL"),
        ("", "```!\ndate\n```", "SKILL_RUNS_SHELL"),
        ("context: fork\n", "You are forky", "UNKNOWN_AGENT"),
        ("", "Say `!important`, and wow!`no`", None),
        ("", "plain", None),
    ],
)
@pytest.mark.parametrize(
    "place", [".claude/commands/fmt.md", ".claude/skills/fmt/SKILL.md", ".claude/commands/other-name.md", "HOME/commands/fmt.md"]
)
def test_a_skill_that_runs_shell_text_or_an_agent_is_not_loaded(looked_at, place, more, body, refused):
    s = looked_at
    path = place.replace("HOME", s.env["HOME"] + "/.claude") if place.startswith("HOME") else os.path.join(s.project, place)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(SKILL % ("fmt", more, body))
    said = {who: s.call(who, "Skill", skill="fmt") for who in ("lead", "coder-1")}
    os.unlink(path)
    for text in said.values():
        assert refused in text if refused else text is None


def test_a_plugins_skill_is_found_and_one_that_is_not_is_decided_by_role(session, tmp_path):
    s = executing(session)
    root = tmp_path / "fmt-plugin"
    (root / "commands").mkdir(parents=True)
    (root / "commands" / "run.md").write_text("!`date`\n")
    home = s.env["HOME"] + "/.claude/plugins"
    os.makedirs(home)
    with open(home + "/installed_plugins.json", "w") as f:
        json.dump({"version": 2, "plugins": {"fmt@market": [{"installPath": str(root)}]}}, f)
    assert "SKILL_RUNS_SHELL" in s.call("coder-1", "Skill", skill="fmt:run")
    assert "TOOL_NOT_ALLOWED" in s.call("lead", "Skill", skill="gone:run")
    assert s.call("coder-1", "Skill", skill="gone:run") is None


def test_an_unknown_agent_uses_no_unknown_tool(session):
    s = executing(session)
    s.agents["stranger"] = ("a" + "9" * 16, "general-purpose")
    for tool in (WRITE, "Skill"):
        assert "UNKNOWN_AGENT" in s.call("stranger", tool, path="x", skill="team:team") or tool == "Skill"


@pytest.mark.parametrize("path", [".claude/settings.json", ".claude/settings.local.json", ".claude/plugins/installed_plugins.json"])
def test_the_users_own_settings_are_written_by_no_agent(session, path):
    s = executing(session)
    full = os.path.join(s.env["HOME"], path)
    for who in ("coder-1", "lead"):
        assert "PROTECTED" in s.call(who, "Write", file_path=full, content="{}")
        assert "PROTECTED" in s.call(who, "Bash", command="echo '{}' > %s" % full)
    assert s.call("coder-1", "Bash", command="cat %s" % full) is None


def test_a_bystander_uses_what_it_likes(session):
    s = executing(session)
    other = Session(s.project, s.data, session="00000000-0000-4000-8000-000000000099", pid=os.getppid())
    other.now = s.now
    for tool in (WRITE, "CronCreate", "Workflow", "EnterWorktree", "Skill"):
        assert other.call("lead", tool, skill="x") is None
    assert tables.LEAD not in [e["actor"]["role"] for e in s.events() if e["event"] == "REFUSED"]


@pytest.mark.parametrize("source", ["projectSettings", "userSettings", "plugin"])
@pytest.mark.parametrize("name", ["build", "realtime", "other:build"])
def test_a_command_of_the_users_own_is_the_users(session, name, source):
    """A bare name is never this plugin's; nor is another plugin's `build`."""
    for args in ("", "prod assets"):
        answer = session.send(
            "UserPromptExpansion",
            expansion_type="slash_command",
            command_name=name,
            command_args=args,
            command_source=source,
            prompt="/" + name,
        )
        assert answer == (0, None, "")
    assert not os.path.exists(session.project + "/.claude/teams")
