"""Whole projects: several plugins, marketplaces, .claude folders, loose folders, generated-drift, this pack itself."""

import json
import os

import pytest
from conftest import AGENT, PLUGIN, ROOT, lint, write

MARKET = '{"name": "demo-market", "description": "Demo", "owner": {"name": "Example"}, "plugins": [%s]}\n'
ENTRY = '{"name": "%s", "source": "./%s"}'


def nested(root, names):
    entries = ", ".join(ENTRY % (name, "plugins/" + name) for name in names)
    write(root, {".claude-plugin/marketplace.json": MARKET % entries})
    for name in names:
        files = {"plugins/%s/%s" % (name, path): text for path, text in PLUGIN.items()}
        write(root, files)
        write(
            root,
            {"plugins/%s/.claude-plugin/plugin.json" % name: PLUGIN[".claude-plugin/plugin.json"].replace("demo-pack", name)},
        )


def test_every_plugin_of_a_marketplace_is_checked(tmp_path):
    nested(tmp_path, ["one-pack", "two-pack"])
    assert lint(tmp_path) == (0, [])
    write(tmp_path, {"plugins/two-pack/agents/reviewer.md": "Review.\n"})
    _, findings = lint(tmp_path)
    assert {finding["path"] for finding in findings} == {"plugins/two-pack/agents/reviewer.md"}


def test_names_of_the_other_plugins_resolve(tmp_path):
    nested(tmp_path, ["one-pack", "two-pack"])
    body = '---\ndescription: Builds\n---\nTask(subagent_type="%s")\n'
    write(tmp_path, {"plugins/one-pack/commands/build.md": body % "two-pack:reviewer"})
    assert lint(tmp_path) == (0, [])
    write(tmp_path, {"plugins/one-pack/commands/build.md": body % "two-pack:ghost"})
    assert [finding["rule"] for finding in lint(tmp_path)[1]] == ["ref-agent"]


def test_a_plugin_without_a_manifest_in_a_marketplace(tmp_path):
    write(
        tmp_path,
        {".claude-plugin/marketplace.json": MARKET % '{"name": "plain", "source": "./plain", "strict": false}'},
    )
    write(tmp_path, {"plain/agents/reviewer.md": "Review.\n"})
    assert [finding["rule"] for finding in lint(tmp_path)[1]] == ["frontmatter-missing"]


def test_a_project_folder_has_rules_of_its_own(tmp_path):
    text = "---\nname: reviewer\ndescription: Reviews. Use when ready.\npermissionMode: plan\nhooks: {}\ntools: Read\n---\nReview.\n"
    write(tmp_path, {".claude/agents/reviewer.md": text, ".claude/agents/notes.md": "Notes, no agent.\n"})
    settings = {"hooks": {"PreToolUse": [{"matcher": "write", "hooks": [{"type": "command", "command": "./x.sh"}]}]}}
    write(
        tmp_path,
        {
            ".claude/settings.json": json.dumps(settings),
            ".claude/commands/go.md": '---\ndescription: Goes\n---\nsubagent_type: "reviewer"\n',
        },
    )
    assert [finding["rule"] for finding in lint(tmp_path)[1]] == ["hook-matcher"]


@pytest.mark.parametrize("folder", ["", "agents", "team/agents", "x/y/agents/z"])
def test_a_folder_of_agents(tmp_path, folder):
    write(
        tmp_path,
        {
            os.path.join(folder, "a.md"): AGENT % "a",
            os.path.join(folder, "b.md"): (AGENT % "b").replace("sonnet", "gpt-4"),
            os.path.join(folder, "README.md"): "# Agents\n",
        },
    )
    target = tmp_path if not folder == "agents" else tmp_path / "agents"
    _, findings = lint(target)
    assert [finding["rule"] for finding in findings] == ["model-unknown"]


def test_a_prompt_file_below_a_skill_is_no_agent(tmp_path):
    write(
        tmp_path,
        {
            "stuff/skills/x/SKILL.md": "---\nname: x\ndescription: d. Use when x.\n---\nx\n",
            "stuff/skills/x/agents/prompt.md": "You are a prompt.\n",
        },
    )
    assert lint(tmp_path) == (0, [])


def test_node_modules_are_skipped_outside_and_loaded_inside_agents(plugin):
    root = plugin({"node_modules/x/agents/y.md": "y\n", "agents/node_modules/z.md": "z\n"})
    assert [finding["path"] for finding in lint(root)[1]] == ["agents/node_modules/z.md"]


def test_generated_drift_is_asked_of_this_pack_only(plugin):
    root = plugin({"scripts/dev/generate.py": "raise SystemExit('never run')\n"})
    assert lint(root, "--select", "generated-drift") == (0, [])


def test_drift_lines_become_findings(tmp_path):
    from pack.lint.drift import stale_blocks

    write(
        tmp_path,
        {
            "scripts/pack/__init__.py": "",
            "scripts/dev/generate.py": "def main(argv):\n    print('references/x.md:7: block roles is stale')\n    return 1\n",
        },
    )
    assert stale_blocks(str(tmp_path)) == [("references/x.md", 7, "block roles is stale")]
    write(tmp_path, {"scripts/dev/generate.py": "def main(argv):\n    return 0\n"})
    assert stale_blocks(str(tmp_path)) == []


@pytest.mark.skipif(
    not os.path.exists(os.path.join(ROOT, ".claude-plugin", "plugin.json")),
    reason="the pack's manifest is not on this branch yet",
)
def test_this_pack_is_clean():
    code, findings = lint(ROOT, "--strict")
    assert (code, findings) == (0, [])


def test_a_deny_rule_is_no_pipe_to_a_shell(tmp_path):
    write(tmp_path, {".claude/settings.json": '{"permissions": {"deny": ["Bash(curl * | bash)"]}, "hooks": {}}'})
    assert lint(tmp_path) == (0, [])


def test_the_generated_rule_list_may_stand_in_a_pack_with_a_protocol(plugin):
    with open(os.path.join(ROOT, "references", "rules.md"), encoding="utf-8") as handle:
        rules = handle.read()
    states = "| State | Meaning |\n|---|---|\n| `IN_REVIEW` | waits |\n| `CHANGES_REQUESTED` | is mended |\n"
    body = "---\ndescription: Builds\n---\nSee [s](../references/states.md). From `IN_REVIEW` to `CHANGES_REQUESTED`.\n"
    files = {"references/rules.md": rules, "references/states.md": states, "commands/build.md": body}
    root = plugin(dict(files, **{"docs/lint.md": "The rules are in references/rules.md.\n"}))
    assert lint(root) == (0, [])


def test_order_and_form_of_findings(plugin):
    root = plugin({"commands/z.md": "x\n", "commands/a.md": "x\n", "agents/z.md": "z\n"})
    _, findings = lint(root)
    keys = [(f["path"], f["line"], f["column"]) for f in findings]
    assert keys == sorted(keys) and len(keys) == 3
    for finding in findings:
        assert set(finding) == {
            "path",
            "line",
            "column",
            "end_line",
            "end_column",
            "severity",
            "rule",
            "message",
            "fixable",
        }
        assert not finding["path"].startswith("/") and "\\" not in finding["path"]


def test_a_link_out_of_one_plugin_of_several(tmp_path):
    """What stands beside the plugin in the marketplace is not there where the plugin is installed."""
    manifest = '{"name": "a", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}\n'
    market = '{"name": "m", "description": "Demo", "owner": {"name": "Example"}, "plugins": [{"name": "a", "source": "./plugins/a"}]}\n'
    files = {
        ".claude-plugin/marketplace.json": market,
        "shared/notes.md": "# Notes\n",
        "plugins/a/.claude-plugin/plugin.json": manifest,
        "plugins/a/commands/go.md": "---\ndescription: Goes\n---\nSee [the notes](../../../shared/notes.md).\n",
        "plugins/a/README.md": "# a\n\nSee [the notes](../../shared/notes.md).\n",
    }
    write(tmp_path, files)
    found = [(finding["path"], finding["rule"]) for finding in lint(tmp_path)[1] if finding["rule"] == "ref-file"]
    assert found == [("plugins/a/commands/go.md", "ref-file")]


def test_what_strangers_projects_do_and_may(tmp_path):
    """Agents in folders of .claude/agents, which have no namespace there, and commands without frontmatter."""
    market = "---\nname: market\ndescription: Reads the market. Use when asked.\n---\nRead.\n"
    write(tmp_path, {".claude/agents/crypto/market.md": market, ".claude/commands/look.md": "Ask @agent-market to look.\n"})
    assert lint(tmp_path) == (0, [])
    write(tmp_path, {".claude/commands/look.md": "Ask @agent-markets to look.\n"})
    assert [finding["rule"] for finding in lint(tmp_path)[1]] == ["ref-agent"]


def test_pages_that_a_pattern_or_nobody_needs_to_name(plugin):
    body = "---\nname: polish\ndescription: Polishes. Use when asked.\n---\nRead `references/server-<kind>.md`.\n"
    files = {
        "skills/polish/SKILL.md": body,
        "skills/polish/references/server-vite.md": "Run it.\n",
        "skills/polish/references/README.md": "x\n",
    }
    assert lint(plugin(files)) == (0, [])
    assert [finding["rule"] for finding in lint(plugin({"skills/polish/references/client-vite.md": "Run it.\n"}))[1]] == ["ref-orphan"]


def test_what_looks_like_a_plugins_name_and_is_none(plugin):
    scopes = "---\ndescription: Asks\n---\nScopes: `demo-pack:content:read`. A skill is `skills/skill-name/SKILL.md`.\n"
    assert lint(plugin({"commands/ask.md": scopes})) == (0, [])
    nested = {"agents/team/lead.md": "---\nname: lead\ndescription: Leads. Use when asked.\n---\nLead.\n"}
    nested["commands/ask.md"] = "---\ndescription: Asks\n---\nSee `demo-pack:team:lead` and `demo-pack:team:leed`.\n"
    assert [finding["message"] for finding in lint(plugin(nested))[1]] == [
        "no agent, command or skill 'demo-pack:team:leed'; did you mean \"demo-pack:team:lead\"?"
    ]


def test_folders_of_other_tools_and_documents_beside_a_projects_agents(tmp_path):
    skill = "---\nname: %s\ndescription: Does it. Use when asked.\ntools: Read\n---\nSee [it](gone.md).\n"
    write(tmp_path, {".gemini/skills/one/SKILL.md": skill % "one", ".codex/agents/two.md": AGENT % "two", "docs/x.md": "x\n"})
    write(tmp_path, {".claude/agents/README.md": "These:\n", ".claude/agents/more/README.md": "Others:\n"})
    assert lint(tmp_path) == (0, [])
    write(tmp_path, {".claude/agents/one.md": AGENT % "one", ".claude/agents/more/one.md": AGENT % "one"})
    assert [finding["rule"] for finding in lint(tmp_path)[1]] == ["agent-duplicate"]


def test_agents_without_a_manifest_may_be_meant_for_a_project(tmp_path):
    command = '---\ndescription: Builds\n---\nTask(subagent_type="%s")\n'
    write(tmp_path, {"agents/coder.md": AGENT % "coder", "commands/build.md": command % "coder"})
    assert lint(tmp_path) == (0, [])
    write(tmp_path, {"commands/build.md": command % "codr"})
    assert [finding["rule"] for finding in lint(tmp_path)[1]] == ["ref-agent"]


@pytest.mark.parametrize(
    "text,rules",
    [
        ("Remove the image demo-pack:v1.2.0 again.", []),
        ("Then run /demo-pack:v1.", ["ref-name"]),
        ("Install @agent-tools/cli first.", []),
        ("Ask @agent-tools first.", ["ref-agent"]),
        ("It takes `cursor` agent types, and `opus` agents cost more.", []),
        ("Ask the `cursor` agent.", ["ref-agent"]),
        ("The status MUST be set; then the status is SHUT.", []),
        ("The status is SHUTT then, not SHUT.", ["protocol-unknown"]),
        ("It moves from status `OPNE` to status `SHUT`.", ["protocol-unknown"]),
        ("| Agent | Model |\n|---|---|\n| `reviewer` | opus |\n| `reviewer` | sonnet |", []),
        ("| Agent | Model |\n|---|---|\n| `reviewer` | opus |", ["protocol-agent"]),
        ('Run `cat "${CLAUDE_PLUGIN_ROOT}/registry.json" 2>/dev/null || echo none`.', [("ref-file", "warning")]),
        ('Run `cat "${CLAUDE_PLUGIN_ROOT}/registry.json"`.', [("ref-file", "error")]),
        ("Write them to `${CLAUDE_PLUGIN_ROOT}/plans/`.", [("ref-file", "warning")]),
    ],
)
def test_what_a_prompt_may_say(plugin, text, rules):
    states = "| Status | Meaning |\n|---|---|\n| `OPEN` | new |\n| `SHUT` | done |\n"
    command = "---\ndescription: Builds\nallowed-tools: Bash(cat:*)\n---\nSee [it](../references/states.md).\n\n%s\n" % text
    found = lint(plugin({"references/states.md": states, "commands/build.md": command}))[1]
    assert [(x["rule"], x["severity"]) for x in found] == [(x, y["severity"]) if isinstance(x, str) else x for x, y in zip(rules, found)]


def test_a_table_in_an_agents_prompt_is_its_own(plugin):
    scale = "\n| Status | Meaning |\n|---|---|\n| `COVERED` | yes |\n| `MISSING` | no |\n\n"
    text = "\nThe overall status is APPROVED or BLOCKED.\n"
    files = {"agents/auditor.md": AGENT % "auditor" + scale, "agents/reviewer.md": AGENT % "reviewer" + text}
    assert lint(plugin(files)) == (0, [])
    files = {"agents/reviewer.md": AGENT % "reviewer" + scale + text}
    assert [finding["rule"] for finding in lint(plugin(files))[1]] == ["protocol-unknown"]


def test_one_folder_of_commands_and_somebodys_own_settings(tmp_path):
    command = '---\ndescription: Builds\n---\nTask(subagent_type="coder")\n'
    write(tmp_path, {"commands/tools/build.md": command, "home/commands/go.md": "---\ndescription: Goes\n---\nGo.\n"})
    write(tmp_path, {"home/settings.json": '{"env": {"A": "b"}}\n'})
    assert lint(tmp_path / "commands") == lint(tmp_path / "home") == (0, [])
    write(tmp_path, {"home/.claude-plugin/plugin.json": PLUGIN[".claude-plugin/plugin.json"]})
    assert [finding["rule"] for finding in lint(tmp_path / "home")[1]] == ["plugin-settings"]
