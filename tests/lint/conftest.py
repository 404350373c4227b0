"""Small plugins on disk, linted in process."""

import io
import json
import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

AGENT = """---
name: %s
description: Reviews a change for correctness. Use when a change is ready for review.
tools: Read, Grep, Glob
model: sonnet
---
You review changes. Report each finding with its file and line.
"""
PLUGIN = {
    ".claude-plugin/plugin.json": '{"name": "demo-pack", "version": "1.0.0", "description": "Demo", "author": {"name": "Example"}}\n',
    "agents/reviewer.md": AGENT % "reviewer",
    "commands/build.md": "---\ndescription: Builds the plan\n---\nAsk the `reviewer` agent.\n",
    "scripts/guard.py": "#!/usr/bin/env python3\nimport sys\nsys.exit(0)\n",
}


def write(root, files):
    """Write {path: text or bytes or None}; None removes the file."""
    for path, content in files.items():
        full = os.path.join(str(root), path)
        if content is None:
            if os.path.exists(full):
                os.unlink(full)
            continue
        os.makedirs(os.path.dirname(full), exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        with open(full, "wb") as handle:
            handle.write(data)
        os.chmod(full, 0o755 if data.startswith(b"#!") else 0o644)


def lint(path, *options):
    """The findings of `pack lint PATH --format json`, with the exit code."""
    from pack.lint.cli import main

    out = io.StringIO()
    code = main([str(path), "--format", "json", "--no-cache"] + list(options), stdout=out)
    assert code in (0, 1), "exit code %d" % code
    return code, json.loads(out.getvalue())["findings"]


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("PACK_LINT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def plugin(tmp_path):
    """A clean plugin; call with {path: text} to change it. Returns its folder."""

    def make(files=None):
        root = tmp_path / "demo-pack"
        write(root, PLUGIN)
        write(root, files or {})
        return root

    return make
