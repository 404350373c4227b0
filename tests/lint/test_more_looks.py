"""What the first looks from set 26 on showed, as in test_first_looks.py: a case and, beside it, the mistake that it must not hide.

OVER is laid over the small plugin of conftest.py, ALONE is the whole tree. Both go through bin/pack.
"""

import json

import pytest
import pythons
from conftest import PLUGIN, write
from test_first_looks import ROOT_PATH
from test_shipped import judged, shipped
from test_strangers import agent, command, hooks, skill

EVENTS = "\n\n| Status | Meaning |\n|---|---|\n| `SERVING` | a |\n| `NOT_SERVING` | b |\n\n"
STATUSES = {"references/s.md": "# S" + EVENTS}
NESTED = "```kotlin\n/**\n * ```kotlin\n * val a\n * ```\n */\n```\n\n```markdown\n# P\n\n```bash\nmake\n```\n\nSee [C](CONTRIBUTING.md).\n\n```json\n{}\n```\n\n```\n"
PAGE = "skills/s/references/gemini-tools.md"
INSTALLED = '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "%s/stop.sh"}]}]}}'
MARKET = {"name": "m", "description": "D", "owner": {"name": "E"}, "plugins": [{"name": "demo-pack", "source": "./plugins/demo-pack"}]}


def manifest(**more):
    return {".claude-plugin/plugin.json": json.dumps(dict(json.loads(PLUGIN[".claude-plugin/plugin.json"]), **more))}


def below(folder, files):
    return {"%s/%s" % (folder, path): text for path, text in files.items()}


# (files, rule, is it to be found?)
OVER = [
    (dict(STATUSES, **{"commands/build.md": command('```json\n{"name": "id", "type": "string"}\n```')}), "protocol-name", False),
    (
        {"agents/api.md": agent("Health:" + EVENTS, "api"), "commands/build.md": command('```json\n{"status": "servings"}\n```')},
        "protocol-name",
        False,
    ),
    (dict(STATUSES, **{"commands/build.md": command('```json\n{"status": "not_servin"}\n```')}), "protocol-name", True),
    (
        {"agents/api.md": agent("x" + EVENTS + "| Error | Why |\n|---|---|\n| `CANCELLED` | c |\n\nReturn `CANCELLED` status.", "api")},
        "protocol-unknown",
        False,
    ),
    ({"agents/api.md": agent("x" + EVENTS + "Return `CANCELLED` status.", "api")}, "protocol-unknown", True),
    ({"references/page.md": NESTED, "commands/build.md": command("See [p](../references/page.md).")}, "ref-file", False),
    (
        {"references/page.md": "See [C](CONTRIBUTING.md).\n\n" + NESTED, "commands/build.md": command("See [p](../references/page.md).")},
        "ref-file",
        True,
    ),
    ({"skills/s/SKILL.md": skill("Auditing the store → the `memory-doctor` skill if\n  installed, the sibling.")}, "ref-skill", False),
    ({"skills/s/SKILL.md": skill("- Auditing the store → the `memory-doctor` skill\n- If installed, more.")}, "ref-skill", True),
    ({"skills/s/SKILL.md": skill("- [references/history.md](references/history.md)に実行履歴を追記")}, "ref-file", False),
    ({"skills/s/SKILL.md": skill("Append the outcome to [the history](references/history.md).")}, "ref-file", False),
    ({"skills/s/SKILL.md": skill("- [references/history.md](references/history.md)に従って進める")}, "ref-file", True),
    ({"skills/s/SKILL.md": skill("Log in, then read [the history](references/history.md).")}, "ref-file", True),
    ({"skills/s/SKILL.md": skill("x"), PAGE: "# G\n", "GEMINI.md": "@./%s\n" % PAGE}, "ref-orphan", False),
    ({"skills/s/SKILL.md": skill("x"), PAGE: "# G\n", "CHANGELOG.md": "- gemini-tools.md\n"}, "ref-orphan", True),
    ({"hooks/hooks.json": hooks("Stop", None, command="true"), "hooks.json": INSTALLED % "$HOME/.kit"}, "component-location", False),
    ({"hooks/hooks.json": hooks("Stop", None, command="true"), "hooks.json": INSTALLED % ROOT_PATH}, "component-location", True),
    ({"hooks.json": INSTALLED % "$HOME/.kit"}, "component-location", True),
]
NARROW = "tools: Read, AskUserQuestion\n"
SCOPED = "tools: Read, mcp__plugin_demo-pack_db__query\n"
SHARED = {"references/shared.md": "# S\n\n## Table\n"}
OVER += [
    (dict(SHARED, **{"skills/s/SKILL.md": skill("The table is in `%s/references/shared.md#table`." % ROOT_PATH)}), "ref-file", False),
    (dict(SHARED, **{"skills/s/SKILL.md": skill("The table is in `%s/references/shred.md#table`." % ROOT_PATH)}), "ref-file", True),
    ({"agents/plan.md": agent("Ask via AskUserQuestion before you end.", "plan", NARROW)}, "tool-ungranted", False),
    ({"agents/plan.md": agent("Look it up via WebSearch before you end.", "plan", NARROW)}, "tool-ungranted", True),
    ({"agents/plan.md": agent("Call `mcp__db__query`.", "plan", SCOPED)}, "tool-ungranted", False),
    ({"agents/plan.md": agent("Call `mcp__db__insert`.", "plan", SCOPED.replace("db__", "x__"))}, "tool-ungranted", True),
    ({"skills/s/SKILL.md": skill("Jevnt, kontor\u00adtid, sesong.")}, "hidden-character", False),
    ({"skills/s/SKILL.md": skill("Run `kontor\u00adtid`.")}, "hidden-character", True),
    ({"commands/build.md": command("Run `x $ARGS`\n\n```\nx $ARGS\n```\n\nwhere `$ARGS` are its words.")}, "command-argument", True),
    ({"commands/build.md": command("```\nx $ARGS\n```\n\nWhere `$ARGS` are its words.")}, "command-argument", False),
    (
        {"agents/lead.md": agent("The file is `%s/conf/local.properties`." % ROOT_PATH, "lead"), ".gitignore": "*.properties\n"},
        "ref-file",
        False,
    ),
    ({"agents/lead.md": agent("The file is `%s/conf/local.properties`." % ROOT_PATH, "lead")}, "ref-file", True),
]
CODEX = {".codex-plugin/plugin.json": '{"name": "demo-pack"}', "skills/s/SKILL.md": skill("x")}
CODEX["hooks/hooks.json"] = hooks("PreToolUse", "apply_patch", command='node "$PLUGIN_ROOT/x.mjs"')
TABLED = {"interfaces/flows.json": '{"reference_root": "skills/s/references"}', "skills/s/references/start.md": "# S\n"}
LONG = "Ask `the-library`. " + "It has the pages of it all, and more. " * 12
OVER += [
    (
        {"agents/a.md": agent("Patching goes to `Task(subagent_type=\"spec-maker\")`; that is tracked as a follow-up.", "a")},
        "ref-agent",
        False,
    ),
    ({"agents/a.md": agent("Patching goes to `Task(subagent_type=\"spec-maker\")`.", "a")}, "ref-agent", True),
    ({"agents/a.md": agent("The `back-end` agent loads it.", "a"), "agents/yaml/back-end.yaml": "name: back-end\n"}, "ref-agent", False),
    ({"agents/a.md": agent("The `back-end` agent loads it.", "a"), "agents/yaml/front-end.yaml": "name: front-end\n"}, "ref-agent", True),
    ({"skills/s/SKILL.md": skill("The script `scripts/b.py` was not created."), "skills/s/scripts/a.py": "x = 1\n"}, "ref-file", False),
    ({"skills/s/SKILL.md": skill("The script `scripts/b.py` was created."), "skills/s/scripts/a.py": "x = 1\n"}, "ref-file", True),
    (
        {
            "skills/s/SKILL.md": skill(LONG + "See `references/a.md`."),
            "skills/s/references/b.md": "# B\n",
            "skills/the-library/references/a.md": "# A\n",
        },
        "ref-file",
        False,
    ),
    ({"skills/s/SKILL.md": skill(LONG + "See `references/a.md`."), "skills/s/references/b.md": "# B\n"}, "ref-file", True),
    ({"hooks/hooks.json": hooks("Stop", None, command='cd "$CLAUDE_PROJECT_DIR" && ./gradlew test')}, "hook-path", False),
    ({"hooks/hooks.json": hooks("Stop", None, command='cd "$CLAUDE_PROJECT_DIR" && ./verify.sh test')}, "hook-path", True),
    ({"skills/_rules.md": "---\ndescription: d\n---\nx\n"}, "skill-file", False),
    ({"skills/rules.md": "---\ndescription: d\n---\nx\n"}, "skill-file", True),
    (
        {"agents/u.md": agent("Never use `Find()`, `FindObjectOfType()`, or `SendMessage()` in code.", "u", "tools: Read\n")},
        "tool-ungranted",
        False,
    ),
    ({"agents/u.md": agent("Use `SendMessage()` in the end.", "u", "tools: Read\n")}, "tool-ungranted", True),
    (dict(TABLED, **{"skills/s/SKILL.md": skill("Join the root and the name.")}), "ref-orphan", False),
    (dict(TABLED, **{"skills/s/SKILL.md": skill("x"), "interfaces/flows.json": "{}"}), "ref-orphan", True),
    ({"README.md": "# D\n\n12 agents enforce gates with progress:\n"}, "readme-count", False),
    ({"README.md": "# D\n\nIt has 12 agents.\n"}, "readme-count", True),
    ({"README.md": "# D\n\nIt has 12 agents.\n", "agents/yaml/a.yaml": "name: a\n"}, "readme-count", False),
    ({"skills/skillbuilder/SKILL.md": skill("Run `${CLAUDE_SKILL_DIR}/scripts/check.sh`.", "skillbuilder")}, "ref-file", False),
    ({"skills/house/SKILL.md": skill("Run `${CLAUDE_SKILL_DIR}/scripts/check.sh`.", "house")}, "ref-file", True),
]
OVER += [
    ({"agents/lead.md": agent("x", "lead", "tools: Read, Agent(demo-pack:reviewer), Agent(Explore)\n")}, "tool-specifier", False),
    ({"agents/lead.md": agent("x", "lead", "tools: Read, Agent(somebody)\n")}, "tool-specifier", False),  # the user may have one
    (
        {".claude/agents/a.md": agent("x", "a"), ".claude/agents/b.md": agent("x", "b", "tools: Agent(a), Agent(c)\n")},
        "tool-specifier",
        False,
    ),
    ({"agents/lead.md": agent("x", "lead", "tools: Read, Agent(reviewer)\n")}, "tool-specifier", True),
    ({"agents/lead.md": agent("x", "lead", "tools: [Read, Task(demo-pack:ghost)]\n")}, "tool-specifier", True),
]
FORKED = "---\nname: s\ndescription: Does it. Use when asked.\ncontext: fork\n%s---\nx\n"
OVER += [
    ({"skills/s/SKILL.md": FORKED % "isolation: worktree\n"}, "command-key", True),
    ({"skills/s/SKILL.md": FORKED % "maxTurns: 3\n"}, "command-key", True),
    ({"skills/s/SKILL.md": FORKED % "weight: 3\n"}, "command-key", False),
    ({"agents/a.md": agent("x", "a", "isolation: worktree\nmaxTurns: 3\n")}, "agent-key", False),
]
FORMAT = """bash -c 'F="${CLAUDE_FILE_PATH:-%s}"; [ -f "$F" ] || exit 0; %s prettier --write "$F"'"""
OVER += [
    ({"hooks/hooks.json": hooks("PreToolUse", "mcp__chrome__pages\\.list", command="true")}, "hook-matcher", True),
    ({"hooks/hooks.json": hooks("PreToolUse", "mcp__chrome__pages.list", command="true")}, "hook-matcher", False),
    ({"hooks/hooks.json": hooks("PostToolUse", "Write", command=FORMAT % ("", ""))}, "hook-variable", True),
    ({"hooks/hooks.json": hooks("PostToolUse", "Write", command=FORMAT % ("$1", ""))}, "hook-variable", False),
    (
        {"hooks/hooks.json": hooks("PostToolUse", "Write", command=FORMAT % ("", 'F="$(jq -r .tool_input.file_path)";'))},
        "hook-variable",
        False,
    ),
]
OPENCODE = {"package.json": '{"peerDependencies": {"@opencode-ai/plugin": "1"}}', "README.md": "# Kit\n\nRuns Claude models.\n"}
OC_COMMAND = {"assets/commands/tdd.md": "---\ndescription: d\nagent: coder\n---\nx\n"}
STYLE = {"output-style/calm.md": "---\nname: calm\ndescription: d\n---\nx\n", "skills/s/SKILL.md": skill("x")}
BUILT = below("plugins/demo-pack", dict(PLUGIN, **manifest(hooks="./hooks/claude-hooks.json")))
BUILT["hooks/claude-hooks.json"] = hooks("Stop", None, command="true")
HOME = {"hooks/hooks.json": hooks("Stop", None, command="node $HOME/.claude/scripts/hooks/end.js"), "agents/a.md": agent("x", "a")}
COPIES = dict(below("src/claude", PLUGIN), **below("src/copilot-cli", PLUGIN))
COPIES["src/copilot-cli/agents/simple.agent.md"] = agent("x", "simple", "tools: [read, edit]\n")
SERVERS = {".claude/settings.json": '{"mcpServers": {"a": {"command": "a"}}}'}
ALONE = [
    (COPIES, "tool-unknown", False),
    (below("src/copilot-cli", {k[16:]: v for k, v in COPIES.items() if k.startswith("src/cop")}), "tool-unknown", True),
    (CODEX, "root-variable", False),
    (CODEX, "hook-matcher", False),
    (dict(CODEX, **manifest()), "root-variable", True),
    (below("tests/fixtures/one", SERVERS), "settings-field", False),
    (below("one", SERVERS), "settings-field", True),
    (below(".claude", dict(PLUGIN, **{"settings.json": '{"env": {"A": "1"}}'})), "plugin-settings", False),
    (below("pack", dict(PLUGIN, **{"settings.json": '{"env": {"A": "1"}}'})), "plugin-settings", True),
    (dict(HOME, **{"scripts/hooks/end.js": "x\n"}), "hook-path", False),
    (HOME, "hook-path", True),
    (dict(HOME, **{"scripts/hooks/end.js": "x\n"}, **manifest()), "hook-path", True),
    (dict(OPENCODE, **OC_COMMAND), "command-value", False),
    (OC_COMMAND, "command-value", True),
    (dict(OPENCODE, **OC_COMMAND, **{"CLAUDE.md": "# C\n"}), "command-value", True),
    (dict(STYLE, **{"README.md": "# Dotfiles\n\n- `output-style/`: linked\n"}), "component-location", False),
    (dict(STYLE, **{"README.md": "# Dotfiles\n"}), "component-location", True),
    (BUILT, "manifest-path", False),
    (BUILT, "component-location", False),
    (dict(BUILT, **{".claude-plugin/marketplace.json": json.dumps(MARKET)}), "manifest-path", True),
    (dict(below("plugins/demo-pack", dict(PLUGIN, **manifest(hooks="./hooks/no.json")))), "manifest-path", True),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """[(files, rule, is it to be found?, the rules that bin/pack named)]"""
    return judged([(dict(PLUGIN, **files), rule, wanted) for files, rule, wanted in OVER] + ALONE, tmp_path_factory)


def test_no_alarm_and_no_silence(said):
    wrong = [(rule, wanted, sorted(named), files) for files, rule, wanted, named in said if (rule in named) != wanted]
    assert not wrong, "\n".join(map(repr, wrong))


def test_a_program_of_a_collection(tmp_path, tmp_path_factory):
    """bin/ is put on PATH for a plugin; of a collection without a manifest nobody does that."""
    run = shipped(pythons.EXTREMES[0], tmp_path_factory)
    write(tmp_path, {"bin/install": "#!/bin/sh\n", "skills/s/SKILL.md": skill("x")})
    (tmp_path / "bin/install").chmod(0o644)
    assert "bin-file" not in run(tmp_path, "--no-cache")[1]
    write(tmp_path, manifest())
    assert "bin-file" in run(tmp_path, "--no-cache")[1]


def test_a_fix_beside_a_place_that_has_none(tmp_path, tmp_path_factory):
    """Both say the same: what can be mended is."""
    two = ["bash %s/a.sh" % ROOT_PATH, 'bash %s/b.sh "%s"' % (ROOT_PATH, ROOT_PATH)]
    text = json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": one} for one in two]}]}})
    write(tmp_path, PLUGIN)
    write(tmp_path, {"hooks/hooks.json": text, "a.sh": "#!/bin/sh\n", "b.sh": "#!/bin/sh\n"})
    run = shipped(pythons.EXTREMES[0], tmp_path_factory)
    run(tmp_path, "--no-cache", "--fix")
    left = json.loads(run(tmp_path, "--no-cache", "--format", "json")[1])["findings"]
    assert [one["fixable"] for one in left if one["rule"] == "hook-unquoted"] == [False]


COMMAND = '{"type": "command"}'
SETTINGS = '{"hooks": %s, "env": {"A": "1"}}'
WHOLE = "the client drops the whole file, its permissions and env too"


@pytest.mark.parametrize(
    "hooks_value,says,never",
    [  # what 2.1.329 and 2.1.332 make of a project's settings.json
        ('{"PreToolUse": [{"hooks": [%s]}]}' % COMMAND, WHOLE, "plugin does not load"),
        ('{"PermissionRequest": [{"hooks": "x"}]}', WHOLE, "plugin does not load"),
        ('{"PreToolUse": {"a": 1}}', WHOLE, "plugin does not load"),
        ('{"hooks": {"PreToolUse": [{"hooks": [%s]}]}}' % COMMAND, WHOLE, "plugin does not load"),
        ('{"hooks": {"PreToolUse": []}}', "it is ignored", "does not load"),
        ('{"Group": {"PreToolUse": [{"hooks": [%s]}]}}' % COMMAND, WHOLE, "plugin does not load"),
        ('{"Stop": [{"hooks": "x"}]}', "the entry is dropped", WHOLE),
        ("[]", "no hook of the file runs", WHOLE),
    ],
)
def test_what_a_broken_hook_costs_a_project(tmp_path, tmp_path_factory, hooks_value, says, never):
    write(tmp_path, {".claude/settings.json": SETTINGS % hooks_value})
    said = shipped(pythons.EXTREMES[0], tmp_path_factory)(tmp_path, "--no-cache")[1]
    assert says in said and never not in said
    write(tmp_path / "pack", PLUGIN)
    if hooks_value[0] == "{" and says is WHOLE:
        write(tmp_path / "pack", {"hooks/hooks.json": '{"hooks": %s}' % hooks_value})
        assert "plugin does not load" in shipped(pythons.EXTREMES[0], tmp_path_factory)(tmp_path / "pack", "--no-cache")[1]


def test_whom_the_main_thread_may_spawn(tmp_path, tmp_path_factory):
    """Bare names allow nobody, and `Agent` beside a list no more (measured in 2.1.329 and 2.1.332)."""
    write(tmp_path, PLUGIN)
    write(tmp_path, {"agents/lead.md": agent("x", "lead", "tools: Read, Agent, Agent(reviewer), Task( reviewer , Explore)\n")})
    run = shipped(pythons.EXTREMES[0], tmp_path_factory)
    assert "beside Agent(reviewer, reviewer , Explore) it allows no more" in run(tmp_path, "--no-cache")[1]
    run(tmp_path, "--no-cache", "--fix")
    text = (tmp_path / "agents/lead.md").read_text()
    assert "tools: Read, Agent, Agent(demo-pack:reviewer), Task( demo-pack:reviewer , Explore)\n" in text


def test_agents_is_not_made_agent(tmp_path, tmp_path_factory):
    """A list of names under a key that is none: `agent` would take one, and nothing without `context: fork`."""
    write(tmp_path, PLUGIN)
    write(tmp_path, {"skills/s/SKILL.md": "---\nname: s\ndescription: Does it. Use when asked.\nagents: [reviewer]\n---\nx\n"})
    found = json.loads(shipped(pythons.EXTREMES[0], tmp_path_factory)(tmp_path, "--no-cache", "--format", "json")[1])["findings"]
    assert [(one["rule"], one["fixable"]) for one in found] == [("command-key", False)]
