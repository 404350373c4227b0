"""The hooks' byte code in one file (pack/base/bundle.py): made when a run begins, used while it fits, and never needed."""

import glob
import json
import marshal
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

    def shipped(path):
        """An edit by the coder through the shell that the client starts."""
        payload = {"session_id": session.session, "cwd": session.project, "hook_event_name": "PreToolUse", "tool_name": "Edit"}
        payload.update(tool_use_id="toolu_s", tool_input={"file_path": session.project + "/" + path})
        payload["agent_id"], payload["agent_type"] = session.agents["coder-1"]
        done = subprocess.run(
            ["sh", str(root / "hooks/gate"), "PreToolUse"],
            input=json.dumps(payload),
            env=dict(os.environ, **session.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    call.shipped = shipped
    call.entry = session.data + "/pycache" + os.path.realpath(sys.executable) + ".gate.pyc"
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


def test_the_entry_is_byte_code_too_and_says_the_same(hook):
    before = hook.edit("src/a.py"), hook.edit("src/old.py")
    assert os.path.exists(hook.entry)
    now = hook.shipped("src/a.py"), hook.shipped("src/old.py")
    assert [code for code, _said in now] == [0, 2] and before[1][1] in now[1][1]


def test_an_entry_that_is_another_by_now_is_compiled(hook):
    hook.edit("src/a.py")
    path = hook.root / "hooks/gate.py"
    path.write_text(path.read_text().replace("    code = main()\n", "    sys.stderr.write('another entry')\n    code = main()\n"))
    assert hook.shipped("src/a.py") == (0, "another entry")


@pytest.mark.parametrize("damage", [b"", b"noise" * 100, b"\0\0\r\n" + bytes(400)], ids=["empty", "noise", "of another Python"])
def test_an_entry_that_no_python_can_run_closes_one_call(hook, damage):
    hook.edit("src/a.py")
    with open(hook.entry, "wb") as f:
        f.write(damage)
    code, said = hook.shipped("src/a.py")
    assert code == 2 and "the gate died" in said and not os.path.exists(hook.entry)
    assert hook.shipped("src/a.py")[0] == 0 and hook.shipped("src/old.py")[0] == 2


@pytest.mark.parametrize("name", ["limit", "pre_tool"])
def test_a_function_that_cannot_be_read_opens_nothing(hook, name):
    """The functions lie at the end of the file. One is needed as the modules run, one when they have."""
    hook.edit("src/a.py")
    path = next(f for f in hook.files() if "PreToolUse" in f)
    with open(path, "r+b") as f:
        tag = f.readline()
        head = int(f.read(24)[:11])
        _run, modules = marshal.loads(f.read(head))
        codes = [c for *_, code in modules if code for c in code.co_consts if getattr(c, "co_name", None) == name]
        (_none, _name, start, size) = next(c.co_consts for c in codes if "__wake__" in c.co_names)
        f.seek(len(tag) + 24 + head + start)
        f.write(b"\xff" * size)
    code, said = hook.shipped("src/old.py")
    assert code == 2 and "Traceback" not in said
    assert hook.shipped("src/a.py")[0] == 0 and "NOT_IN_TASK" in hook.shipped("src/old.py")[1]


def test_what_takes_too_long_is_not_called_a_full_disk(hook, session):
    """The gate's own clock ends a call that hangs; its error is an OSError to Python."""
    hook.edit("src/a.py")
    entry = hook.root / "hooks/gate.py"
    entry.write_text(entry.read_text().replace('25 if event == "PreToolUse" else 8', "1"))
    snapshot = session.project + "/.claude/teams/feature-add-a-greeting/snapshot.json"
    os.remove(snapshot)
    os.mkfifo(snapshot)
    code, said = hook.shipped("src/a.py")
    assert code == 2 and "no decision in time" in said and "written" not in said


@pytest.fixture
def slow_git(hook, session, tmp_path, monkeypatch):
    """A git that hangs, in front of the other on the path, and a gate whose clock runs out after a second."""
    entry = hook.root / "hooks/gate.py"
    entry.write_text(entry.read_text().replace('25 if event == "PreToolUse" else 8', "1"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\nexec sleep 30\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    session.env["PATH"] = "%s:%s" % (tmp_path / "bin", os.environ["PATH"])


def test_a_commit_that_git_lets_nobody_look_at_in_time_is_refused(hook, session, slow_git):
    """A clock whose error is an OSError was taken for "git says no": no repository, so nothing to judge."""
    code, said = hook("PreToolUse", tool_name="Bash", tool_use_id="toolu_c", tool_input={"command": "git add -A && git commit -qm x"})
    assert code == 2 and "no decision in time" in said + hook.err


def test_a_run_that_cannot_be_opened_in_time_says_so(hook, session, slow_git):
    """Not that nothing could be written."""
    shutil.rmtree(session.project + "/.claude")
    shutil.rmtree(session.data)  # no run is live here
    code, said = hook(
        "UserPromptExpansion",
        "lead",
        expansion_type="slash_command",
        command_name="team:build",
        command_args="say goodbye",
        command_source="plugin",
        prompt="/team:build say goodbye",
    )
    reason = json.loads(said)["reason"]
    assert code == 0 and "no decision in time" in reason and "Type the same line again" in reason and "written" not in reason


def test_every_function_is_what_it_was(hook):
    """In the byte code as a call reads it, and in the modules as they are imported: name, arguments with what they default to, instructions."""
    hook.edit("src/a.py")
    look = """
import builtins, sys, types
sys.path.insert(0, %r)
sys.modules["__future__"] = types.ModuleType("__future__")
sys.modules["__future__"].annotations = None
import gate
if sys.argv[1]:
    head = open(sys.argv[1], "rb").readline()
    assert gate.at_once(sys.argv[1], head)
else:
    sys.path.insert(0, %r)
    import pack.cli.hook, pack.store.disk, pack.protocol.access, pack.protocol.messages, pack.gate.before_tool, pack.gate.before_message, pack.gate.before_shell, pack.gate.facts
slept = 0
for name in sorted(n for n in sys.modules if n.partition(".")[0] == "pack"):
    for key, f in sorted(vars(sys.modules[name]).items()):
        if isinstance(f, types.FunctionType) and f.__module__ == name:
            if "__wake__" in f.__code__.co_names:
                _none, *where = [c for c in f.__code__.co_consts]
                builtins.__wake__(vars(sys.modules[name]), *where)
                slept += 1
            c = f.__code__
            print(name, key, f.__name__, f.__qualname__, f.__defaults__, f.__kwdefaults__, c.co_varnames, c.co_names, c.co_code.hex(), c.co_firstlineno)
sys.stderr.write(str(slept))
""" % (str(hook.root / "hooks"), str(hook.root / "scripts"))
    python = [os.path.realpath(sys.executable), "-I", "-S", "-E", "-c", look]
    read = subprocess.run([*python, next(f for f in hook.files() if "PreToolUse" in f)], capture_output=True, text=True)
    imported = subprocess.run([*python, ""], capture_output=True, text=True)
    assert int(read.stderr) > 200 and imported.stderr == "0", read.stderr + imported.stderr
    assert read.stdout == imported.stdout and read.stdout.count("\n") > 300


def cut(folder):
    """Cut all byte code below a folder short, as Python puts it in place on a full disk (seen with 3.11). Answers the files with their sizes."""
    sizes = {}
    for path in glob.glob(str(folder) + "/**/*.pyc", recursive=True):
        sizes[path] = os.path.getsize(path)
        os.truncate(path, min(100, sizes[path] - 1))
    return sizes


def test_byte_code_that_a_full_disk_cut_short_is_made_anew(hook, session):
    hook.edit("src/a.py")
    for bundle in hook.files():
        os.unlink(bundle)
    sizes = cut(session.data + "/pycache")
    assert len(sizes) > 20
    assert hook.edit("src/a.py")[0] == 0, hook.err
    code, out = hook("PreToolUse", who="lead", tool_name="Bash", tool_use_id="toolu_c", tool_input={"command": "pack task show 1"})
    assert code == 0 and "updatedInput" in out, "what is imported late, too"
    assert {os.path.getsize(path) == size for path, size in sizes.items() if "before_tool" in path or "codec" in path} == {True}


@pytest.mark.parametrize("words, kept", [(["status"], True), (["statusline"], True), (["gate", "--help"], False)])
def test_a_verb_whose_byte_code_is_cut_short_runs(session, tmp_path, words, kept):
    """`pack gate` loads its modules from their source, and keeps no byte code that could be cut (see base/isolate.py)."""
    session.setup("SIMPLE")
    for part in ("bin", "scripts/pack"):
        shutil.copytree(os.path.join(PLUGIN_ROOT, part), str(tmp_path / part), ignore=shutil.ignore_patterns("__pycache__"))
    run = lambda: subprocess.run(  # noqa: E731
        [str(tmp_path / "bin/pack"), *words],
        cwd=session.project,
        input="{}",
        env={**os.environ, **session.env},
        capture_output=True,
        text=True,
    )
    before = run()
    assert before.returncode == 0 and bool(cut(tmp_path / "scripts")) == kept
    after = run()
    assert (after.returncode, after.stdout) == (0, before.stdout), after.stderr
    assert not cut(tmp_path / "scripts"), "the pieces are gone"
