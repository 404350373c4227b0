"""The 26 outcomes of a hook (CLIENT 1.8), caused behind the very command lines of hooks.json: each closes the guarded
call while a team is active. What the client makes of an outcome is its measured table, `verdict`."""

import json
import os
import stat
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(ROOT, "hooks", "hooks.json")) as _f:
    HOOKS = json.load(_f)["hooks"]


def handler(event):
    (entry,) = HOOKS[event]
    found, *_watch = entry["hooks"]  # Stop also starts the clock of the supervision
    return found


def verdict(event, code, out, timed_out=False):
    """What the client does (CLIENT 1.8, measured): "blocked" or "runs"."""
    if timed_out:
        return "blocked" if handler(event).get("onFailure") == "block" else "runs"
    if code == 2:
        return "blocked"
    text = out.strip()
    if text.startswith("{"):
        try:
            answer = json.loads(text)
        except ValueError:
            return "runs" if code == 0 else "blocked" if handler(event).get("onFailure") == "block" else "runs"  # broken JSON stays open
        specific = answer.get("hookSpecificOutput", {})
        if specific and specific.get("hookEventName") != event:
            return "blocked" if handler(event).get("onFailure") == "block" else "runs"
        if specific.get("permissionDecision") == "deny" or answer.get("decision") == "block":
            return "blocked"
    if code != 0:
        return "blocked" if handler(event).get("onFailure") == "block" else "runs"
    return "runs"


def fire(s, event, payload=None, root=ROOT, env=None, timeout=20):
    """Run the hook's command line as the client does; answers (verdict, code, out, err)."""
    command = handler(event)["command"].replace("${CLAUDE_PLUGIN_ROOT}", root)
    given = (
        {
            "session_id": s.session,
            "cwd": s.project,
            "hook_event_name": event,
            "tool_name": "Write",
            "tool_use_id": "u1",
            "tool_input": {"file_path": os.path.join(s.project, "src/a.py"), "content": "x"},
        }
        if payload is None
        else payload
    )
    full = dict(os.environ, CLAUDE_PLUGIN_ROOT=root, **s.env)
    full.update(env or {})
    data = given if isinstance(given, bytes) else json.dumps(given).encode()
    try:
        done = subprocess.run(
            ["sh", "-c", command], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=full, cwd=s.project, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return verdict(event, None, "", True), None, "", ""
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    return verdict(event, done.returncode, out), done.returncode, out, err


@pytest.fixture
def active(session):
    session.setup("SIMPLE")
    return session


@pytest.fixture(scope="module")
def one_active(module_session):
    module_session.setup("SIMPLE")
    return module_session


@pytest.fixture
def same(one_active):
    """One run for the cases that are refused before anything of them is recorded. What names its interpreter is put back after each."""
    from pack.base import paths

    def records():
        with open(os.path.join(team(one_active), "journal.jsonl"), "rb") as f:
            return f.read()

    kept, before = {}, records()
    for on in (paths.marker(one_active.data, one_active.project), paths.project_marker(one_active.project)):
        with open(on) as f:
            kept[on] = f.read()
    yield one_active
    for on, text in kept.items():
        with open(on, "w") as f:
            f.write(text)
    assert records() == before, "this case changes the run that it shares"


def interpreter(s, text):
    """Make the run's interpreter a script that behaves badly."""
    from pack.base import paths

    path = os.path.join(s.data, "python-that-fails")
    with open(path, "w") as f:
        f.write("#!/bin/sh\ncat > /dev/null\n" + text + "\n")
    os.chmod(path, 0o755)
    for on in (paths.marker(s.data, s.project), paths.project_marker(s.project)):
        with open(on) as f:
            lines = f.read().split("\n")
        with open(on, "w") as f:
            f.write("\n".join([path] + lines[1:]))


DENY = '{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}'
BAD = {
    "exit 1": "exit 1",
    "exit 1 with stderr": "echo blocked >&2; exit 1",
    "exit 3": "exit 3",
    "exit 126": "exit 126",
    "exit 127": "exit 127",
    "exit 255": "exit 255",
    "SIGKILL": "kill -9 $$",
    "SIGSEGV": "kill -11 $$",
    "SIGTERM": "kill -15 $$",
    "SIGPIPE": "kill -13 $$",
    "traceback": "echo 'Traceback (most recent call last):' >&2; exit 1",
    "exit 2": "exit 2",
    "exit 2 and allow": "echo '{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",\"permissionDecision\":\"allow\"}}'; exit 2",
    "exit 2 and noise": "echo noise; exit 2",
    "deny and exit 0": "echo '%s'" % DENY,
    "deny and exit 1": "echo '%s'; exit 1" % DENY,
    "legacy block": "echo '{\"decision\":\"block\",\"reason\":\"no\"}'",
    "wrong event name": "echo '%s'" % DENY.replace("PreToolUse", "PostToolUse"),
    "broken JSON and exit 1": "echo '{\"hook'; exit 1",
    "noise, deny, exit 1": "echo noise; echo '%s'; exit 1" % DENY,
}


@pytest.mark.parametrize("name", BAD)
def test_an_interpreter_that_fails_closes_the_call(same, name):
    interpreter(same, BAD[name])
    assert fire(same, "PreToolUse")[0] == "blocked"


def test_a_time_out_closes_the_call():
    assert handler("PreToolUse")["onFailure"] == "block"  # the client's own clock; and the gate's alarm comes first:
    with open(os.path.join(ROOT, "hooks", "gate.py")) as f:
        text = f.read()
    assert "signal.alarm(25 if event == \"PreToolUse\" else 8)" in text and handler("PreToolUse")["timeout"] > 25
    assert all(handler(e)["timeout"] > 8 for e in HOOKS if e not in ("PreToolUse", "SessionEnd"))


def test_missing_interpreter_is_looked_for_and_its_lack_closes(active):
    from pack.base import paths

    def gone():
        for on in paths.markers(active.data, active.project):
            with open(on) as f:
                lines = f.read().split("\n")
            with open(on, "w") as f:
                f.write("\n".join(["/nowhere/python3"] + lines[1:]))

    gone()
    assert (
        fire(active, "PreToolUse")[0] == "blocked"
    )  # coder's file, lead in EXECUTION: refused by the gate itself, with the python3 on PATH
    empty = os.path.join(active.data, "bin")
    os.mkdir(empty)
    for tool in ("sh", "cat"):
        os.symlink("/bin/" + tool, os.path.join(empty, tool))
    gone()  # the gate had put them back
    got, code, _out, err = fire(active, "PreToolUse", env={"PATH": empty})
    assert got == "blocked" and "Python 3.9 or newer is needed; none found" in err
    assert fire(active, "Stop", env={"PATH": empty})[1] == 0  # a turn's end is never blocked by trouble


def test_the_plugin_folder_is_gone(active, tmp_path):
    got, code, _out, err = fire(active, "PreToolUse", root=str(tmp_path / "gone"))
    assert (got, code) == ("blocked", 2) and "move .claude/teams away" in err
    for event in ("Stop", "SubagentStop"):
        # a turn's end is not blocked: exit 0, or what the client takes for a missing script (CLIENT 1.8)
        _got, code, out, err = fire(active, event, root=str(tmp_path / "gone"))
        assert code == 0 or not out and "No such file" in err


def test_the_package_is_gone_or_broken(active, tmp_path):
    import shutil

    root = tmp_path / "plugin"
    shutil.copytree(os.path.join(ROOT, "hooks"), root / "hooks")
    got, code, _out, err = fire(active, "PreToolUse", root=str(root))
    assert (got, code) == ("blocked", 2) and "pack doctor" in err and "Traceback" not in err
    (root / "scripts" / "pack" / "base").mkdir(parents=True)
    (root / "scripts" / "pack" / "__init__.py").write_text("")
    (root / "scripts" / "pack" / "base" / "__init__.py").write_text("")
    (root / "scripts" / "pack" / "base" / "codec.py").write_text("def (:\n")
    got, code, _out, err = fire(active, "PreToolUse", root=str(root))
    assert (got, code) == ("blocked", 2) and "Traceback" not in err
    (root / "hooks" / "gate.py").write_text("import nothing_like_this\n")
    got, code, _out, err = fire(active, "PreToolUse", root=str(root))
    assert got == "blocked"


def team(s):
    return os.path.join(s.project, ".claude", "teams", "feature-add-a-greeting")


def damage(path):
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        f.write(b"\xff\xff\xff\xff")


def test_a_damaged_journal_is_restored_and_recorded_in_a_real_hook_process(active):
    damage(os.path.join(team(active), "journal.jsonl"))
    assert fire(active, "PreToolUse")[0] == "blocked"
    assert "STATE_DIVERGENCE" in [r["event"] for r in active.events()]


def test_journal_and_mirror_damaged_says_how_to_go_on(active):
    from pack.base import paths

    run = paths.run_folder(active.data, active.project, "feature-add-a-greeting")
    damage(os.path.join(team(active), "journal.jsonl"))
    damage(os.path.join(run, "mirror.jsonl"))
    got, code, out, err = fire(active, "PreToolUse")
    assert (got, code) == ("blocked", 2) and "pack resume --repair" in out + err and "Traceback" not in out + err
    assert fire(active, "Stop")[1] == 0


def test_a_journal_of_another_version_is_not_called_damage(active, tmp_path):
    """An update in mid-run: the newer core replays to another state. Nothing is wrong with the disk, and the answer names both versions."""
    import shutil

    for part in ("hooks", "scripts", "bin", ".claude-plugin"):
        shutil.copytree(os.path.join(ROOT, part), str(tmp_path / "newer" / part), ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in (
        (".claude-plugin/plugin.json", '"version": "', '"version": "99.'),
        ("scripts/pack/protocol/machine.py", '"phase":', '"later": {}, "phase":'),
    ):
        path = tmp_path / "newer" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    os.remove(os.path.join(team(active), "snapshot.json"))
    got, _code, out, err = fire(active, "PreToolUse", root=str(tmp_path / "newer"))
    assert got == "blocked" and "this is team 99." in out + err
    assert fire(active, "Stop")[1] == 0  # the version that wrote it reads it as before
    assert "STATE_DIVERGENCE" not in [r["event"] for r in active.events()]


@pytest.mark.parametrize("gone", ["journal", "mirror", "both", "folder", "data"])
def test_files_that_are_gone(active, gone):
    import shutil

    from pack.base import paths

    run = paths.run_folder(active.data, active.project, "feature-add-a-greeting")
    before = len(active.events())
    if gone in ("journal", "both"):
        os.unlink(os.path.join(team(active), "journal.jsonl"))
    if gone in ("mirror", "both"):
        os.unlink(os.path.join(run, "mirror.jsonl"))
    if gone == "folder":
        shutil.rmtree(team(active))
    if gone == "data":
        shutil.rmtree(run)
    got, code, out, err = fire(active, "PreToolUse")
    assert got == "blocked" and "Traceback" not in out + err
    if gone == "both":
        assert "team:" in out + err  # nothing is left to go by: it says so
    else:
        assert len(active.events()) >= before and "STATE_DIVERGENCE" in [r["event"] for r in active.events()]


def test_a_read_only_folder(active):
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    os.chmod(team(active), stat.S_IRUSR | stat.S_IXUSR)
    try:
        got, _code, out, err = fire(active, "PreToolUse")
        assert got == "blocked" and "Traceback" not in out + err
    finally:
        os.chmod(team(active), 0o700)


PAYLOADS = {
    "empty": b"",
    "brace": b"{",
    "null": b"null",
    "list": b"[]",
    "text": b"\"x\"",
    "bytes": b"\xff\xfe\x00",
    "cut": b"{\"hook_event_name\":",
    "long": b"{\"a\":\"" + b"x" * 200000,
    "deep": b"[" * 100000,
}


@pytest.mark.parametrize("raw", PAYLOADS.values(), ids=PAYLOADS)
def test_payloads_that_are_none(same, raw):
    got, code, out, err = fire(same, "PreToolUse", raw)
    assert (got, code) == ("blocked", 2) and "Traceback" not in out + err
    assert fire(same, "Stop", raw)[1] == 0


def test_no_team_no_python(project, tmp_path):
    """Without an active team the hook leaves before any interpreter is started."""
    env = {"CLAUDE_PROJECT_DIR": str(project), "CLAUDE_PLUGIN_DATA": str(tmp_path / "none"), "PATH": str(tmp_path / "bin")}
    (tmp_path / "bin").mkdir()
    os.symlink("/bin/cat", tmp_path / "bin" / "cat")
    for event in HOOKS:
        if event == "UserPromptExpansion":
            continue
        command = handler(event)["command"].replace("${CLAUDE_PLUGIN_ROOT}", "/nowhere")
        done = subprocess.run(["/bin/sh", "-c", command], input=b"{}", env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), event


def test_damaged_json_is_a_value_error_where_json_is_not_imported():
    """In a hook `json` is not imported; its C half then raises SystemError for some texts."""
    code = (
        "import sys; sys.path.insert(0, %r)\nfrom pack.base import codec\nassert 'json' not in sys.modules\n"
        "for t in ('{\"a', '{\"a\"', '{\"a\":', '[1,', '\"\\\\q\"', '\"\\\\u12', '{1:2}', '{\"a\":1,}', 'nul', '\"\\x01\"', '', '[1 2]', '-', '{\"a\" 1}'):\n"
        "    try:\n        codec.loads(t)\n    except ValueError:\n        continue\n    raise SystemExit('no error for %%r' %% t)\n"
    ) % os.path.join(ROOT, "scripts")
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
