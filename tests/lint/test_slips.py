"""Slips that people reported or that were planted, as small as they go, each with the form beside it that does no harm.

What the client (2.1.329) does with each was measured: `${NAME` reaches a server as it stands, `commands/build.MD` is /demo-pack:build.MD,
a script is looked for in its interpreter only where `#!` are its first two bytes.
"""

import json
import os

import pytest
from conftest import lint

GUARD = '"${%s}"/scripts/guard'


def hook(command):
    return json.dumps({"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": command}]}]}})


def server(**env):
    return json.dumps({"mcpServers": {"db": {"command": "npx", "args": ["-y", "db-server"], "env": env}}})


def script(text, command=GUARD % "CLAUDE_PLUGIN_ROOT"):
    return {"hooks/hooks.json": hook(command), "scripts/guard": text}


PYTHON = "#!/usr/bin/env python3\nimport sys\nsys.exit(0)\n"
COMMAND = "---\ndescription: Ships it\n---\nShip.\n"
CASES = [
    ({".mcp.json": server(KEY="${API_KEY")}, ("mcp-schema", "as it stands"), {".mcp.json": server(KEY="${API_KEY:-}")}),
    ({"commands/ship.MD": COMMAND}, ("component-location", "/demo-pack:ship.MD"), {"commands/ship.md": COMMAND}),
    (script(PYTHON, GUARD % "CLAUDE_PLUGIN_DIR"), ("root-variable", "CLAUDE_PLUGIN_DIR"), script(PYTHON)),
    (script("\n" + PYTHON), ("hook-script", "an empty line"), script("\n#!/bin/sh\nexit 0\n")),
]


@pytest.mark.parametrize("wrong,said,right", CASES, ids=[case[1][0] for case in CASES])
def test_a_slip_is_named_and_what_is_sound_is_not(wrong, said, right, plugin):
    for files, expected in ((wrong, [said[0]]), (right, [])):
        root = plugin(files)
        if "scripts/guard" in files:
            os.chmod(root / "scripts" / "guard", 0o755)
        _, findings = lint(root)
        assert [finding["rule"] for finding in findings] == expected, findings
        assert not expected or said[1] in findings[0]["message"]
        for path in files:
            os.unlink(root / path)
