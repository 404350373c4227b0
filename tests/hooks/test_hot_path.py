"""What the hooks' path imports, and what Python it needs (DESIGN rule 6: asserted by modules, not by time)."""

import ast
import json
import os
import subprocess
import sys

import pytest

from pack.base.paths import PLUGIN_ROOT

PACKAGE = os.path.join(PLUGIN_ROOT, "scripts", "pack")
HEAVY = {
    "json",
    "re",
    "enum",
    "typing",
    "dataclasses",
    "hashlib",
    "subprocess",
    "collections",
    "functools",
    "logging",
    "random",
    "inspect",
    "yaml",
    "click",
}


def modules_of(session, who, **call):
    """The modules that one guarded call leaves imported, in a bare interpreter."""
    agent, kind = session.agents[who]
    payload = dict(
        {
            "session_id": session.session,
            "cwd": session.project,
            "hook_event_name": "PreToolUse",
            "agent_id": agent,
            "agent_type": kind,
            "tool_use_id": "toolu_hot",
        },
        **call,
    )
    code = (
        "import sys\nsource = open(%r).read()\nsys.argv = ['gate.py', 'PreToolUse']\n"
        "space = {'__name__': 'gate', '__file__': %r}\nexec(compile(source, 'gate.py', 'exec'), space)\ncode = space['main']()\n"
        "sys.stderr.write('\\nMODULES ' + ' '.join(sorted(sys.modules)))\nsys.exit(code)\n"
    ) % (os.path.join(PLUGIN_ROOT, "hooks", "gate.py"), os.path.join(PLUGIN_ROOT, "hooks", "gate.py"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-E", "-c", code],
        input=json.dumps(payload),
        env=dict(os.environ, **session.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return done.returncode, done.stdout, set(done.stderr.rpartition("MODULES ")[2].split())


def test_a_guarded_call_imports_nothing_heavy(session):
    s = session
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    code, out, modules = modules_of(
        s, "coder-1", tool_name="Edit", tool_input={"file_path": s.project + "/src/a.py", "old_string": "a", "new_string": "b"}
    )
    assert (code, out) == (0, "") and "pack.protocol.machine" in modules
    assert modules & HEAVY == set()
    code, out, modules = modules_of(
        s, "coder-1", tool_name="Edit", tool_input={"file_path": s.project + "/src/old.py", "old_string": "a", "new_string": "b"}
    )
    assert code == 2 and json.loads(out)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert modules & HEAVY == set()


def sources(folder):
    for base, _folders, files in os.walk(folder):
        for name in files:
            if name.endswith(".py"):
                yield os.path.join(base, name)


@pytest.mark.parametrize("path", sorted(sources(PACKAGE)), ids=lambda p: os.path.relpath(p, PACKAGE))
def test_every_module_parses_as_python_3_9(path):
    with open(path, encoding="utf-8") as f:
        ast.parse(f.read(), path, feature_version=(3, 9))


TYPES = ("literals", "state_types", "protocols", "figure_types", "ledger_types")  # modules for the type checker only
FUTURE = "from __future__ import annotations"


def for_the_type_checker(tree):
    """Every node below `if TYPE_CHECKING:`; none of it runs."""
    found = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    return {inner for node in found for inner in ast.walk(node)}


def test_annotations_cost_nothing():
    """They stay text, `typing` and the modules of types are named only where nothing runs, and TYPE_CHECKING is False itself."""
    for path in sources(PACKAGE):
        with open(path, encoding="utf-8") as f:
            tree = ast.parse(f.read())
        if os.path.basename(path)[:-3] in TYPES:
            continue
        unseen = for_the_type_checker(tree)
        nodes = [n for n in ast.walk(tree) if n not in unseen]
        for node in nodes:
            names = [node.module or ""] + [n.name for n in node.names] if isinstance(node, ast.ImportFrom) else []
            assert not {n.rpartition(".")[2] for n in names} & set(TYPES), path
        if unseen:
            assert any(ast.unparse(n) == "TYPE_CHECKING = False" for n in tree.body), path
            assert any(ast.unparse(n) == FUTURE for n in tree.body), path


def test_the_core_is_pure():
    """No I/O, no clock, no randomness: the core imports itself and nothing else, and calls no open()."""
    for path in sources(os.path.join(PACKAGE, "protocol")):
        if os.path.basename(path)[:-3] in TYPES:
            continue
        with open(path, encoding="utf-8") as f:
            tree = ast.parse(f.read())
        unseen = for_the_type_checker(tree)
        for node in ast.walk(tree):
            if node in unseen or isinstance(node, ast.ImportFrom) and ast.unparse(node) == FUTURE:
                continue
            if isinstance(node, ast.Import):
                raise AssertionError("%s imports %s" % (path, [n.name for n in node.names]))
            if isinstance(node, ast.ImportFrom):
                assert node.level == 1, "%s imports from %s" % (path, node.module)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "eval", "exec", "__import__", "input", "print"), path


def test_no_active_team_starts_no_python(project, tmp_path):
    """Without a marker every hook of a normal session leaves before anything is started: a PATH without python3 is no trouble."""
    with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json")) as f:
        hooks = json.load(f)["hooks"]
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("cat", "sh"):
        os.symlink("/bin/" + tool, bare / tool)
    prompts = ("hello", "how is the team", "the team status page is broken", "page the team")
    for event, prompt in [(e, p) for e in hooks for p in (prompts if e == "UserPromptSubmit" else prompts[:1])]:
        if event == "UserPromptExpansion":
            continue
        # The real gate: if a hook came as far, it would complain about the missing interpreter.
        command = hooks[event][0]["hooks"][0]["command"].replace("${CLAUDE_PLUGIN_ROOT}", PLUGIN_ROOT)
        done = subprocess.run(
            ["sh", "-c", command],
            env={"PATH": str(bare), "CLAUDE_PROJECT_DIR": str(project), "CLAUDE_PLUGIN_DATA": str(tmp_path)},
            input=json.dumps({"session_id": "s", "prompt": prompt}, separators=(",", ":")),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), (event, prompt)


@pytest.mark.parametrize("event, code", [("PreToolUse", 2), ("Stop", 0), ("SubagentStop", 0), ("PostToolUse", 0)])
def test_a_missing_interpreter_closes_guarded_calls_only(session, event, code):
    s = session
    s.setup("SIMPLE")
    for marker in (s.data + "/active" + s.project + "/.on", s.project + "/.claude/teams/.on"):
        with open(marker) as f:
            rest = f.read().split("\n", 1)[1]
        with open(marker, "w") as f:
            f.write("/gone/python3\n" + rest)
    done = subprocess.run(
        ["/bin/sh", os.path.join(PLUGIN_ROOT, "hooks", "gate"), event],
        env=dict(s.env, PATH="/nowhere"),
        input="{}",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == code and "Python 3.9 or newer is needed; none found" in done.stderr and "own terminal" in done.stderr


def test_a_missing_plugin_closes_guarded_calls_and_holds_nothing_else_up(session):
    """Removed in mid-run: `sh` without its script ends with 2, which would block every turn's end and every prompt."""
    s = session
    s.setup("SIMPLE")
    with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json")) as f:
        hooks = json.load(f)["hooks"]
    for event, entries in hooks.items():
        for handler in [h for entry in entries for h in entry["hooks"]]:
            command = handler["command"].replace("${CLAUDE_PLUGIN_ROOT}", "/nowhere")
            done = subprocess.run(
                ["sh", "-c", command],
                env=dict(os.environ, **dict(s.env, CLAUDE_CODE_ENTRYPOINT="cli")),
                input="{}",
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            if event == "UserPromptExpansion":  # answered in JSON: of exit 2 the user reads the whole command line first
                said = json.loads(done.stdout)
                assert said["decision"] == "block" and "its plugin is gone" in said["reason"] and "own terminal" in said["reason"]
            elif event in ("PreToolUse", "ConfigChange"):
                assert done.returncode == 2 and "its plugin is gone" in done.stderr and "own terminal" in done.stderr
            else:
                assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), event
