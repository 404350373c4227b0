"""Bytes and characters: text-encoding, text-nul, hidden-character, secret, skill-length."""

import pytest
from conftest import AGENT, lint

BASE = AGENT % "reviewer"


def found(root, rule):
    return [finding for finding in lint(root)[1] if finding["rule"] == rule]


def test_text_encoding_points_at_the_byte(plugin):
    root = plugin({"agents/reviewer.md": BASE.encode() + b"caf\xe9\n"})
    (finding,) = found(root, "text-encoding")
    assert (finding["line"], finding["column"]) == (8, 4)
    assert "0xe9" in finding["message"]


def test_text_nul(plugin):
    (finding,) = found(plugin({"agents/reviewer.md": BASE.encode() + b"\x00\n"}), "text-nul")
    assert finding["line"] == 8


@pytest.mark.parametrize("text", ["abc\u202edef", "a\U000e0041b", "pa\u200bss"])
def test_hidden_character(plugin, text):
    (finding,) = found(plugin({"commands/build.md": "---\ndescription: Builds\n---\nRun %s.\n" % text}), "hidden-character")
    assert "U+" in finding["message"] and finding["line"] == 4


@pytest.mark.parametrize(
    "text",
    ["\U0001f468\u200d\U0001f469", "\u2764\ufe0f", "naïve café", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "می‌خواهم"],
)
def test_characters_that_people_use(plugin, text):
    assert not found(plugin({"commands/build.md": "---\ndescription: Builds\n---\nRun %s.\n" % text}), "hidden-character")


@pytest.mark.parametrize(
    "text",
    [
        "gh" + "p_" + "Zk3QmV8rT1yLw9XbN5cJ7dFgHaSePuRoIiKx",
        "AK" + "IA" + "Z7QX3MVN8RTYLWKB",
        "sk-" + "Zk3QmV8rT1yLw9XbN5cJ7dFgHaSe",
        "AWS_SECRET_ACCESS_KEY=" + "Zk3QmV8rT1yLw9XbN5cJ7dF" + "gHaSePuRoIiKx/v+2",
    ],
)
def test_secret(plugin, text):
    (finding,) = found(plugin({"commands/build.md": "---\ndescription: Builds\n---\nUse %s.\n" % text}), "secret")
    assert finding["severity"] == "error" and text not in finding["message"]


@pytest.mark.parametrize(
    "text",
    [
        "sk-your-key-here-your-key-here",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "AKIAEXAMPLEEXAMPLE00",
        "MY_TOKEN=" + "a" * 40,
        "e.g. AI" + "za" + "Zk3QmV8rT1yLw9XbN5cJ7dFgHaSePuRoIiK",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0." + "SflKxwRJSMeKKF2QT4fw",
    ],
)
def test_placeholders_are_no_secrets(plugin, text):
    assert not found(plugin({"commands/build.md": "---\ndescription: Builds\n---\nUse %s.\n" % text}), "secret")


def test_skill_length_counts_both_texts(plugin):
    text = "---\nname: long\ndescription: %s\nwhen_to_use: %s\n---\nBody.\n"
    assert found(plugin({"skills/long/SKILL.md": text % ("a" * 800, "b" * 800)}), "skill-length")
    assert not found(plugin({"skills/long/SKILL.md": text % ("a" * 700, "b" * 800)}), "skill-length")


def test_a_key_in_a_file_beside_the_components(plugin):
    key = "sk-ant-" + "api03-" + "aB3dE5fG7h" * 9  # put together here: no scanner shall take this file for the leak
    root = plugin({".env": "ANTHROPIC_API_KEY=%s\n" % key})
    assert [finding["path"] for finding in lint(root)[1] if finding["rule"] == "secret"] == [".env"]
    assert found(plugin({".env": "ANTHROPIC_API_KEY=your-key-here\n"}), "secret") == []


def test_a_tool_list_with_tabs_points_at_the_name(plugin):
    text = "---\nname: reviewer\ndescription: Reviews a change. Use when one is ready.\ntools:\n\t- Read\n\t- Raed\n---\nReview.\n"
    unknown = [finding for finding in lint(plugin({"agents/reviewer.md": text}))[1] if finding["rule"] == "tool-unknown"]
    assert [(finding["line"], finding["column"], finding["end_column"]) for finding in unknown] == [(6, 4, 8)]


def test_a_variable_in_a_long_command_is_the_place(plugin):
    command = "test -n " + "x" * 300 + " && prettier --write $CLAUDE_FILE_PATHS"
    hooks = '{"hooks": {"PostToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "%s"}]}]}}' % command
    where = [finding for finding in lint(plugin({"hooks/hooks.json": hooks}))[1] if finding["rule"] == "hook-variable"]
    assert [hooks[finding["column"] - 1 : finding["end_column"] - 1] for finding in where] == ["$CLAUDE_FILE_PATHS"]


def test_a_hook_that_only_writes_down_may_be_async(plugin):
    entry = '{"hooks": {"PreToolUse": [{"description": "%s", "hooks": [{"type": "command", "command": "true", "async": true}]}]}}'
    assert found(plugin({"hooks/hooks.json": entry % "Captures tool use"}), "hook-async") == []
    assert found(plugin({"hooks/hooks.json": entry % "Stops secrets"}), "hook-async")


def test_awk_is_no_argument(plugin):
    text = "---\ndescription: Counts lines\nargument-hint: <file>\nallowed-tools: Bash(wc:*)\n---\nLines: !`wc -l a | awk '{print $1}'`\n"
    root = plugin({"commands/build.md": text})
    assert found(root, "command-argument") == []
    assert "awk" in [finding["message"] for finding in lint(root)[1] if finding["rule"] == "command-injection"][0]


def test_the_tools_of_a_skill_are_never_renamed_to_a_grant(plugin):
    skill = "---\nname: s\ndescription: Says things. Use when asked.\ntools: %s\n---\nSay.\n"
    other = plugin({"skills/s/SKILL.md": skill % "[claude, cursor]"})
    assert found(other, "command-key") == []
    findings = lint(plugin({"skills/s/SKILL.md": skill % "Read, Bash"}))[1]
    assert [finding["fixable"] for finding in findings if finding["rule"] == "command-key"] == [False]


def test_keys_in_scripts_and_addresses(plugin):
    word = "Zq7Lm2Xw9Rt4Vb"  # put together here, as above
    hook = "https://hooks.slack" + ".com/services/T0AB2CD3EF/B04GH5JK6L/" + word + "kP8nD5sF3g"
    found_in = [f["path"] for f in lint(plugin({"scripts/tell.sh": "#!/bin/sh\ncurl -d done %s\n" % hook}))[1] if f["rule"] == "secret"]
    assert found_in == ["scripts/tell.sh"]
    assert found(plugin({"scripts/tell.sh": None, "scripts/tests/tell.sh": "#!/bin/sh\ncurl -d done %s\n" % hook}), "secret") == []
    server = '{"mcpServers": {"x": {"command": "npx", "args": ["-y", "pg", "postgres://svc:%s@%s/x"]}}}'
    assert found(plugin({".mcp.json": server % (word, "db.acme.io")}), "secret")
    assert found(plugin({".mcp.json": server % (word, "localhost:5432")}), "secret") == []
    assert found(plugin({".mcp.json": server % ("${DB_PASSWORD}", "db.acme.io")}), "secret") == []


def test_a_server_in_somebodys_home(plugin):
    home = "/Users/" + "joe/tools/server"
    assert found(plugin({".mcp.json": '{"mcpServers": {"x": {"command": "%s"}}}' % home}), "mcp-command")


def test_the_line_of_a_generated_block_that_differs(plugin):
    block = "---\nname: %s\ndescription: Reviews a change. Use when one is ready.\ntools: Read\n---\nReview.\n\n"
    block += "<!-- generated: rules -->\n1. Never write.\n2. Report %s.\n<!-- end: rules -->\n"
    root = plugin({"agents/one.md": block % ("one", "all"), "agents/two.md": block % ("two", "some")})
    places = [(f["path"], f["line"]) for f in lint(root)[1] if f["rule"] == "generated-drift"]
    assert places == [("agents/two.md", 10)]
