"""Mistakes that somebody planted who had not read the rules (2026-12-01): each is named, at its place, with the way out.

A case: the files laid over a clean plugin or project, where the finding stands (file, line), and what its message says.
"""

import json
import os
import subprocess

import pytest
from conftest import PLUGIN, ROOT, write

CLEAN_PROJECT = {"CLAUDE.md": "# P\n", ".claude/agents/reviewer.md": PLUGIN["agents/reviewer.md"]}


def hooks(event, command="true"):
    return {"hooks/hooks.json": json.dumps({"hooks": {event: [{"hooks": [{"type": "command", "command": command}]}]}})}


def servers(**server):
    return {".mcp.json": json.dumps({"mcpServers": {"db": server}}, indent=1)}


def settings(command):
    return {".claude/settings.json": json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}, indent=1)}


ROOTS = "the plugin's folder is ${CLAUDE_PLUGIN_ROOT}"
NAMED = [
    (hooks("BeforeTool"), "hooks/hooks.json", 1, "here it is PreToolUse"),
    (hooks("afterFileEdit"), "hooks/hooks.json", 1, "here it is PostToolUse (matcher Edit|Write)"),
    (hooks("pre-commit"), "hooks/hooks.json", 1, "if: Bash(git commit *)"),
    (hooks("tool.execute.before"), "hooks/hooks.json", 1, "here it is PreToolUse"),
    (hooks("Stop", '"${CLAUDE_PLUGIN_DIR}/scripts/guard.py"'), "hooks/hooks.json", 1, ROOTS),
    (hooks("Stop", '"$PLUGIN_ROOT/scripts/guard.py"'), "hooks/hooks.json", 1, ROOTS),
    (hooks("Stop", 'touch "${CLAUDE_PLUGIN_CACHE}/x"'), "hooks/hooks.json", 1, "what the plugin may write into is ${CLAUDE_PLUGIN_DATA}"),
    (servers(command="npx -y @acme/db"), ".mcp.json", 4, "command: 'npx', args: ['-y', '@acme/db']"),
    (servers(command="docker run -i acme/db"), ".mcp.json", 4, "command: 'docker'"),
    (servers(command="npx", args=["-y", "x"], disabled=True), ".mcp.json", 9, "the server starts all the same"),
    (servers(command="npx", args=["-y", "x"], autoApprove=["read"]), ".mcp.json", 9, "mcp__db__TOOL"),
    (servers(httpUrl="https://x.example/mcp"), ".mcp.json", 4, 'in url, with "type": "http"'),
    ({".mcp.json": '{\n "servers": {"db": {"command": "npx"}}\n}\n'}, ".mcp.json", 2, "servers stand under mcpServers"),
    (
        {
            "skills/a/SKILL.md": "---\nname: a\ndescription: Does it. Use when asked.\n---\nDo it.\n",
            "skill/b/SKILL.md": "---\nname: b\ndescription: Does more. Use when asked.\n---\nDo it.\n",
        },
        "skill/b/SKILL.md",
        1,
        "it reads skills/b/SKILL.md",
    ),
]
IN_PROJECT = [
    (settings('"$CLAUDE_PROJECT_DIR"/.claude/hooks/x.sh'), 8, "no file hooks/x.sh in the project's .claude"),
    (settings("bash .claude/hooks/x.sh"), 8, "no file hooks/x.sh in the project's .claude"),
    (dict(settings("bash .claude/hooks/x.sh"), **{".claude/hooks/X.sh": "#!/bin/sh\n"}), 8, "it is spelled hooks/X.sh"),
]
SILENT = [
    (PLUGIN, servers(command="npx", args=["-y", "x"], disabled=False, alwaysAllow=[])),
    (PLUGIN, {".mcp.json": '{"servers": {"command": "npx", "args": ["-y", "x"]}}\n'}),
    (CLEAN_PROJECT, dict(settings('"$CLAUDE_PROJECT_DIR"/.claude/hooks/x.sh'), **{".claude/hooks/x.sh": "#!/bin/sh\n"})),
    (CLEAN_PROJECT, settings("test -x .claude/hooks/x.sh && .claude/hooks/x.sh")),
    (CLEAN_PROJECT, settings('"$CLAUDE_PROJECT_DIR"/build/x.sh')),
]


def said(folder, *layers):
    for files in layers:
        write(folder, files)
    command = [os.path.join(ROOT, "bin", "pack"), "lint", str(folder), "--format", "json", "--no-cache"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    return [(f["path"], f["line"], f["message"]) for f in json.loads(done.stdout)["findings"]]


@pytest.mark.parametrize("files,path,line,words", NAMED, ids=[case[3][:30] for case in NAMED])
def test_named_with_the_way_out(files, path, line, words, tmp_path):
    found = said(tmp_path / "demo-pack", PLUGIN, files)
    assert [1 for where, at, message in found if (where, at) == (path, line) and words in message], found


@pytest.mark.parametrize("files,line,words", IN_PROJECT, ids=[case[2][:30] for case in IN_PROJECT])
def test_a_projects_own_hook(files, line, words, tmp_path):
    found = said(tmp_path / "project", CLEAN_PROJECT, files)
    assert [1 for where, at, message in found if (where, at) == (".claude/settings.json", line) and words in message], found


@pytest.mark.parametrize("clean,files", SILENT)
def test_nothing_is_said_of_what_is_right(clean, files, tmp_path):
    assert not said(tmp_path / "x", clean, files)
