"""The hooks' byte code in one file (pack/base/bundle.py): made when a run begins, used while it fits, and never needed."""

import glob
import json
import os
import shutil
import subprocess
import sys

import pytest

from pack.base.paths import PLUGIN_ROOT

PARTS = (
    "hooks",
    "scripts/pack/base",
    "scripts/pack/protocol",
    "scripts/pack/store",
    "scripts/pack/gate",
    "scripts/pack/cli",
    ".claude-plugin",
)


@pytest.fixture
def hook(session, tmp_path):
    """The hook of a copied plugin, in a process of its own; answers (exit code, output)."""
    session.setup("SIMPLE")
    session.say("coder-1", "supervisor", "CLAIM: task #1")
    root = tmp_path / "plugin"
    for part in PARTS:
        shutil.copytree(os.path.join(PLUGIN_ROOT, part), str(root / part), ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(os.path.join(PLUGIN_ROOT, "scripts/pack/__init__.py"), str(root / "scripts/pack"))

    def call(event, who="coder-1", flags=(), **fields):
        payload = {"session_id": session.session, "cwd": session.project, "hook_event_name": event, **fields}
        if who != "lead":
            payload["agent_id"], payload["agent_type"] = session.agents[who]
        done = subprocess.run(
            [os.path.realpath(sys.executable), "-I", "-S", "-E", *flags, str(root / "hooks/gate.py"), event],
            input=json.dumps(payload),
            env=dict(os.environ, **session.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        call.err = done.stderr
        return done.returncode, done.stdout

    call.root, call.files = root, lambda: sorted(glob.glob(session.data + "/pycache/*.bundle"))
    call.edit = lambda path, **more: call(
        "PreToolUse", tool_name="Edit", tool_use_id="toolu_b", tool_input={"file_path": session.project + "/" + path}, **more
    )

    def brings():
        """The modules that an allowed edit imports one by one."""
        call.edit("src/a.py", flags=("-X", "importtime"))
        return {row.rpartition("|")[2].strip() for row in call.err.splitlines()}

    call.brings = brings
    return call


def test_it_is_made_by_the_first_call_and_spares_every_import(hook):
    before = hook.edit("src/a.py"), hook.edit("src/old.py")
    assert [code for code, _out in before] == [0, 2]
    assert [os.path.basename(f).split(".")[1] for f in hook.files()] == ["PostToolUse", "PreToolUse"]
    assert (hook.edit("src/a.py"), hook.edit("src/old.py")) == before
    assert "codecs" in hook.brings() and not {"pack", "pack.base", "pack.base.codec", "_json", "fcntl"} & hook.brings()
    assert hook("PostToolUse", flags=("-X", "importtime"), tool_name="Edit", tool_input={}, tool_response={})[0] == 0
    assert not {"re", "enum", "functools", "json"} & {row.rpartition("|")[2].strip() for row in hook.err.splitlines()}
    assert hook("Stop", "lead")[0] in (0, 2) and "Error" not in hook.err  # an event with no file of its own


@pytest.mark.parametrize("damage", ["empty", "cut", "of another version", "noise", "gone"])
def test_what_cannot_be_used_is_not(hook, damage):
    hook.edit("src/a.py")
    before = hook.edit("src/old.py")
    for path in hook.files():
        with open(path, "rb") as f:
            data = f.read()
        new = {"empty": b"", "cut": data[: len(data) // 2], "of another version": b"(0" + data[2:], "noise": b"\0" * 4000, "gone": None}[
            damage
        ]
        os.remove(path)
        if new is not None:
            with open(path, "wb") as f:
                f.write(new)
    assert hook.edit("src/old.py") == before and before[0] == 2
    assert "pack" not in hook.brings()


def test_where_it_cannot_be_written_all_is_as_before(hook, session):
    with open(session.data + "/pycache", "w"):
        pass
    assert hook.edit("src/a.py") == (0, "") and hook.edit("src/old.py")[0] == 2 and not hook.files()


def test_a_changed_source_counts_at_once(hook):
    hook.edit("src/a.py")
    path = hook.root / "scripts/pack/gate/before_tool.py"
    text = path.read_text()
    path.write_text(
        text.replace("def pre_tool(call: Call) -> Answer:\n", "def pre_tool(call: Call) -> Answer:\n    return 2, '', 'changed'\n", 1)
    )
    assert path.read_text() != text
    assert hook.edit("src/a.py")[0] == 2 and "changed" in hook.err


def test_a_trouble_in_it_is_told_as_any_other(hook, session):
    """No line numbers are kept: an exception must pass all the same."""
    hook.edit("src/a.py")
    os.chmod(session.project + "/.claude/teams/feature-add-a-greeting", 0o700)
    with open(session.project + "/.claude/teams/feature-add-a-greeting/journal.jsonl", "r+b") as f:
        f.truncate(1000)
    shutil.rmtree(session.data + "/runs")
    code, out = hook.edit("src/a.py")
    assert code == 2 and "team:" in out + hook.err and "Traceback" not in out + hook.err
