"""Command line, exit codes, formats, configuration, baseline, standard input, fixes, cache."""

import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest
from conftest import AGENT, DATA, ROOT, lint, write

from pack.lint import report
from pack.lint.cli import main
from pack.lint.facts import versions

BAD_MODEL = {"agents/reviewer.md": (AGENT % "reviewer").replace("sonnet", "gpt-4")}
BAD_EVENT = {"hooks/hooks.json": '{"hooks": {"preToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}}\n'}


def run(*argv, stdin=None):
    out = io.StringIO()
    code = main([str(arg) for arg in argv], stdout=out, stdin=stdin)
    return code, out.getvalue()


def test_exit_codes(plugin, tmp_path):
    assert run(plugin())[0] == 0
    assert run(plugin(BAD_MODEL))[0] == 0, "a warning"
    assert run(plugin(BAD_MODEL), "--strict")[0] == 1
    assert run(plugin(BAD_EVENT))[0] == 1
    for wrong in (
        ["--nope"],
        ["/no/such/path"],
        ["--format", "xml"],
        ["--select", "no-rule", str(tmp_path)],
        ["--client", "latest", str(tmp_path)],
        ["--explain", "x"],
        ["--format"],
        ["--config", "none.yaml", str(tmp_path)],
    ):
        assert run(*wrong)[0] == 2, wrong


def test_a_bug_is_exit_code_three(plugin, monkeypatch, capsys):
    from pack.lint import engine

    def broken(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr(engine, "run", broken)
    assert run(plugin(), "--no-cache")[0] == 3
    assert "report" in capsys.readouterr().err


def test_text_form(plugin):
    code, text = run(plugin(BAD_EVENT), "--no-cache")
    first, last = text.splitlines()[0], text.splitlines()[-1]
    assert (
        first
        == "hooks/hooks.json:1:12: error: unknown event 'preToolUse': the hook never runs; did you mean 'PreToolUse'? [hook-event] (--fix)"
    )
    assert last == "5 files checked: 1 error"
    assert "\033[31m" in run(plugin(BAD_EVENT), "--no-cache", "--color", "always")[1]


def test_nothing_reaches_the_terminal_unescaped(plugin):
    text = run(
        plugin({"agents/reviewer.md": '---\nname: reviewer\ndescription: d\ntools: Read\nmodel: "x\\e[31m"\n---\nx\n'}),
        "--no-cache",
    )[1]
    assert "\033" not in text


def test_json_form(plugin):
    code, text = run(plugin(BAD_MODEL), "--format", "json", "--no-cache")
    data = json.loads(text)
    assert data["version"] == 1 and data["files"] == 4
    (finding,) = data["findings"]
    assert (finding["line"], finding["column"], finding["end_line"], finding["end_column"]) == (5, 8, 5, 13)


def test_sarif_against_its_schema(plugin):
    """data/sarif-2.1.0-rtm.5.json is the whole official schema (data/README.md says where it is from)."""
    with open(os.path.join(DATA, "sarif-2.1.0-rtm.5.json"), encoding="utf-8") as handle:
        schema = json.load(handle)
    jsonschema.Draft4Validator.check_schema(schema)
    validator = jsonschema.Draft4Validator(schema)
    odd = {"agents/50% ö #1.md": "---\nname: Ö\ndescription: \u202e\nmodel: gpt-4\n---\n", ".mcp.json": "{", "agents/e.md": ""}
    for files in ({}, BAD_MODEL, odd, BAD_EVENT):
        log = json.loads(run(plugin(files), "--format", "sarif", "--select", "ALL", "--no-cache")[1])
        assert [error.message for error in validator.iter_errors(log)] == []
    broken = json.loads(json.dumps(log))
    broken["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not validator.is_valid(broken) and not validator.is_valid(dict(log, version="2.0.0"))
    result = next(item for item in log["runs"][0]["results"] if item["ruleId"] == "hook-event")
    assert result["ruleId"] == log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "hook-event"


def test_github_form(plugin):
    text = run(plugin(BAD_EVENT), "--format", "github", "--no-cache")[1]
    assert text.startswith("::error file=hooks/hooks.json,line=1,col=12,endLine=1,endColumn=24,title=hook-event::unknown event")
    finding = dict(
        path="a,b",
        line=1,
        column=1,
        end_line=1,
        end_column=1,
        severity="info",
        rule="r",
        message="50%\nx",
        fixable=False,
    )
    assert (
        report.render("github", [finding], report.Summary(1))
        == "::notice file=a%2Cb,line=1,col=1,endLine=1,endColumn=1,title=r::50%25%0Ax\n"
    )


def test_junit_form(plugin):
    tree = ElementTree.fromstring(run(plugin(BAD_EVENT), "--format", "junit", "--no-cache")[1].encode())
    (suite,) = tree
    assert suite.get("tests") == "5" and suite.get("failures") == "1" and len(suite) == 5


def test_output_file(plugin, tmp_path):
    target = tmp_path / "out.json"
    assert run(plugin(BAD_EVENT), "--format", "json", "--output", target, "--no-cache") == (1, "")
    assert json.loads(target.read_text())["findings"]


def test_one_file_and_standard_input(plugin):
    root = plugin(dict(BAD_EVENT, **BAD_MODEL))
    _, text = run(root / "agents" / "reviewer.md", "--format", "json", "--no-cache")
    assert [finding["rule"] for finding in json.loads(text)["findings"]] == ["model-unknown"]
    good = io.StringIO(AGENT % "reviewer")
    code, text = run("--stdin-filename", root / "agents" / "reviewer.md", "--format", "json", stdin=good)
    assert (code, json.loads(text)["findings"]) == (0, [])
    new = io.StringIO("---\nname: new\n---\nx\n")
    _, text = run("--stdin-filename", root / "agents" / "new.md", "--format", "json", stdin=new)
    assert [finding["rule"] for finding in json.loads(text)["findings"]] == ["description-missing"]


def test_configuration(plugin):
    root = plugin(dict(BAD_EVENT, **BAD_MODEL))
    write(root, {".pack-lint.yaml": "ignore: [hook-event]\nseverity:\n  model-unknown: error\n"})
    code, findings = lint(root)
    assert (code, [(f["rule"], f["severity"]) for f in findings]) == (1, [("model-unknown", "error")])
    write(root, {".pack-lint.yaml": "per-file:\n  'agents/**': [model-unknown]\nseverity: {hook-event: off}\n"})
    assert lint(root) == (0, [])
    write(root, {".pack-lint.yaml": "exclude: ['hooks/**', 'agents/rev*.md']\n"})
    assert lint(root) == (0, [])


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib")
def test_configuration_in_pyproject(plugin):
    root = plugin(BAD_EVENT)
    write(root, {"pyproject.toml": '[tool.pack-lint]\nignore = ["hook-event"]\n'})
    assert lint(root) == (0, [])


@pytest.mark.parametrize(
    "text,part",
    [
        ("selct: []", 'did you mean "select"?'),
        ("select: x", "list of strings"),
        ("severity: {hook-if: fatal}", "must be one of"),
        ("ignore: [hook-of]", 'did you mean "hook-if"?'),
        ("- a", "must be a mapping"),
        ("a: [", "while parsing"),
        ("client: newest", "not a client version"),
        ("strict: maybe", "true or false"),
    ],
)
def test_mistakes_in_the_configuration(plugin, text, part, capsys):
    root = plugin({".pack-lint.yaml": text})
    assert run(root)[0] == 2
    assert part in capsys.readouterr().err


def test_baseline(plugin, tmp_path):
    root, known = plugin(BAD_EVENT), tmp_path / "known.json"
    assert run(root, "--baseline", known, "--write-baseline")[0] == 0
    assert run(root, "--baseline", known)[0] == 0
    write(root, {"commands/new.md": "x\n"})
    code, text = run(root, "--baseline", known, "--strict")
    assert code == 1 and "1 known from the baseline" in text and "hook-event" not in text
    known.write_text("{}")
    assert run(root, "--baseline", known)[0] == 2


CRLF = "---\r\nname: reviewer  # keep me\r\ndescription: 'Reviews'\r\ntools: read, \"Grep\"\r\nallowed-tols: x\r\n---\r\nAsk subagent_type: 'reviewer'. \r\n"


@pytest.mark.parametrize(
    "argv,said",
    [
        (["--explain", "tool"], "there is tool-conflict, "),
        (["--explain", "tool-unknwon"], 'did you mean "tool-unknown"'),
        (["--baseline", "missing.json"], "--write-baseline makes it"),
        (["--baseline", "nowhere/x.json", "--write-baseline"], "No such file or directory"),
        (["--effective", "--format", "json"], "print text only"),
    ],
)
def test_mistakes_on_the_command_line(plugin, argv, said, capsys):
    code, _ = run(str(plugin()), *argv)
    assert code == 2 and said in capsys.readouterr().err


def test_a_baseline_of_something_else(plugin, tmp_path, capsys):
    (tmp_path / "b.json").write_text("{}")
    assert run(str(plugin()), "--baseline", str(tmp_path / "b.json"))[0] == 2
    assert "not a file that --write-baseline wrote" in capsys.readouterr().err


def test_a_client_that_is_newer_than_the_facts(plugin, capsys):
    assert run(str(plugin()), "--client", "9.9.9")[0] == 0
    assert "judged as " + versions()["newest"] in capsys.readouterr().err


def test_a_client_at_hand_that_is_newer_than_the_facts_is_named_and_what_that_means(plugin, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AI_AGENT", "claude-code_9-9-9_harness")
    assert run(str(plugin()))[0] == 0
    said = capsys.readouterr().err
    assert "nothing is known of client 9.9.9" in said and "what it added is called unknown" in said
    monkeypatch.delenv("AI_AGENT")
    # the native installer's place, and npm's package: neither is started
    real = tmp_path / "share/claude/versions/9.9.8"
    real.parent.mkdir(parents=True)
    real.write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/claude").symlink_to(real)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    run(str(plugin()))
    assert "client 9.9.8" in capsys.readouterr().err
    package = tmp_path / "lib/node_modules/@anthropic-ai/claude-code"
    (package / "bin").mkdir(parents=True)
    (package / "bin/claude.exe").write_text("")
    (package / "package.json").write_text('{"version": "9.9.7"}')
    (tmp_path / "bin/claude").unlink()
    (tmp_path / "bin/claude").symlink_to(package / "bin/claude.exe")
    run(str(plugin()))
    assert "client 9.9.7" in capsys.readouterr().err
    (package / "package.json").write_text('{"version": "2.1.300"}')
    run(str(plugin()))
    assert capsys.readouterr().err == ""


def test_fix_touches_nothing_else(plugin):
    root = plugin(
        {
            "agents/reviewer.md": CRLF,
            "hooks/hooks.json": '{ "hooks" :{"preToolUse" : [ {"matcher":"write|Edit","hooks":[{"type":"command","command":"python3 ${CLAUDE_PLUGIN_ROOT}/scripts/guard.py","timeout":"10"}]} ]}}',
        }
    )
    before = (root / "agents" / "reviewer.md").read_bytes()
    assert run(root, "--diff")[0] == 1
    assert (root / "agents" / "reviewer.md").read_bytes() == before
    run(root, "--fix")
    assert (root / "agents" / "reviewer.md").read_bytes() == CRLF.replace("tools: read", "tools: Read").replace(
        "'reviewer'. ", "'demo-pack:reviewer'. "
    ).encode()
    assert (  # the matcher too, which could only be judged when the event had its right name
        (root / "hooks" / "hooks.json").read_text()
        == '{ "hooks" :{"PreToolUse" : [ {"matcher":"Write|Edit","hooks":[{"type":"command","command":"python3 \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\"","timeout":10}]} ]}}'
    )


def test_diff_is_a_patch(plugin):
    root = plugin(BAD_EVENT)
    code, text = run(root, "--diff")
    assert code == 1
    assert "--- a/hooks/hooks.json" in text and '+{"hooks": {"PreToolUse"' in text


def test_the_cache_gives_the_same_and_notices_changes(plugin, monkeypatch, tmp_path):
    monkeypatch.setenv("PACK_LINT_CACHE", str(tmp_path / "cache"))
    root = plugin(
        {
            "hooks/hooks.json": '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "\\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\""}]}]}}'
        }
    )
    first = run(root, "--format", "json")
    assert len(os.listdir(str(tmp_path / "cache" / "pack-lint"))) == 1
    from pack.lint import engine

    with monkeypatch.context() as patch:
        patch.setattr(engine, "run", None)  # a warm run never gets here
        assert run(root, "--format", "json") == first == (0, first[1])
    os.chmod(str(root / "scripts" / "guard.py"), 0o644)
    assert run(root)[0] == 1, "an executable bit"
    os.chmod(str(root / "scripts" / "guard.py"), 0o755)
    write(root, {"scripts/guard.py": "#!/usr/bin/env python3\ndef (:\n"})
    assert run(root)[0] == 1, "the text of a script"
    write(root, {"scripts/guard.py": None})
    assert run(root)[0] == 1, "a file that went"


def test_stat_data_lead_to_the_entry_only_when_settled(plugin, monkeypatch, tmp_path):
    from pack.lint import cache

    monkeypatch.setenv("PACK_LINT_CACHE", str(tmp_path / "cache"))
    root, folder = plugin(BAD_EVENT), tmp_path / "cache" / "pack-lint"
    first = run(root)
    assert not [name for name in os.listdir(str(folder)) if name.endswith(".stat")], "too fresh to trust"
    monkeypatch.setattr(cache, "SETTLED", -1.0)
    assert run(root) == first
    assert [name for name in os.listdir(str(folder)) if name.endswith(".stat")]
    monkeypatch.setattr(cache, "_content_key", None)  # a warm run reads no file
    assert run(root) == first
    monkeypatch.undo()
    monkeypatch.setenv("PACK_LINT_CACHE", str(tmp_path / "cache"))
    write(root, {"hooks/hooks.json": BAD_EVENT["hooks/hooks.json"].replace("preToolUse", "PreToolUse")})
    assert run(root)[0] == 0, "the same size, another text"


def test_damaged_cache_entries_are_none(plugin, monkeypatch, tmp_path):
    monkeypatch.setenv("PACK_LINT_CACHE", str(tmp_path / "cache"))
    root = plugin(BAD_EVENT)
    first = run(root)
    folder = tmp_path / "cache" / "pack-lint"
    for text in ("", "{", "[]", '{"probes": [], "findings": [{}]}', '{"probes": 5}'):
        for name in os.listdir(str(folder)):
            (folder / name).write_text(text)
        assert run(root) == first


def test_parallel_runs_share_the_cache(plugin, tmp_path):
    root = plugin(BAD_EVENT)
    environment = dict(os.environ, PYTHONPATH=os.path.join(ROOT, "scripts"), PACK_LINT_CACHE=str(tmp_path / "shared"))
    argv = [sys.executable, "-m", "pack.cli.main", "lint", str(root), "--format", "json"]
    runs = [subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE) for _ in range(6)]
    outputs = {process.communicate()[0] for process in runs}
    assert len(outputs) == 1 and all(process.returncode == 1 for process in runs)


def test_an_older_client(plugin):
    handler = '{"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "true", "onFailure": "block"}]}]}}'
    root = plugin({"hooks/hooks.json": handler})
    assert lint(root) == (0, [])
    assert [finding["rule"] for finding in lint(root, "--client", "2.1.240")[1]] == ["hook-key"]
    root = plugin({"hooks/hooks.json": '{"hooks": {"PreModelSwitch": []}}'})
    assert lint(root) == (0, [])
    assert [finding["rule"] for finding in lint(root, "--client", "2.1.250")[1]] == ["hook-event"]


def test_effective(plugin):
    text = run(
        plugin({"agents/reviewer.md": "---\nname: reviewer\ntools: Read, Grep, Bash, Foo\nhooks: {}\n---\nx\n"}),
        "--effective",
    )[1]
    for part in (
        "agent demo-pack:reviewer",
        "Agent from demo-pack plugin",
        "tools       Bash, Read\n",
        "unknown and dropped: Foo",
        "folded into Bash: Grep",
        "ignored: hooks",
    ):
        assert part in text


@pytest.mark.parametrize(
    "script,code,part",
    [
        ("import sys\nsys.exit(2)\n", 0, "blocks  Write: exit code 2"),
        ("import sys\nsys.exit(1)\n", 1, "passes  Write: exit code 1"),
        ("import sys\nsys.exit(0)\n", 0, "passes  Write: exit code 0"),
        ("print('hi'); print('{\"decision\": \"block\"}')\n", 0, "text before the JSON"),
        (
            "import json\nprint(json.dumps({'hookSpecificOutput': {'hookEventName': 'PreToolUse', 'permissionDecision': 'deny'}}))\n",
            0,
            "denied by JSON",
        ),
        (
            "import json\nprint(json.dumps({'hookSpecificOutput': {'hookEventName': 'Stop', 'permissionDecision': 'deny'}}))\n",
            0,
            "answer is dropped",
        ),
        ("import time\ntime.sleep(9)\n", 1, "timed out"),
    ],
)
def test_prove_hooks(plugin, script, code, part):
    hooks = (
        '{"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": "%s \\"${CLAUDE_PLUGIN_ROOT}/scripts/guard.py\\"", "timeout": %d}]}]}}'
        % (sys.executable, 1 if "sleep" in script else 60)  # a busy machine starts Python in more than a second
    )
    root = plugin({"hooks/hooks.json": hooks, "scripts/guard.py": script})
    result = run(root, "--prove-hooks", "--yes")
    assert result[0] == code and part in result[1] and "does not see Edit, NotebookEdit, Bash" in result[1]


def test_prove_hooks_asks_first(plugin, tmp_path):
    mark = tmp_path / "ran"
    root = plugin({"hooks/hooks.json": '{"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "touch %s"}]}]}}' % mark})
    assert run(root, "--prove-hooks", stdin=io.StringIO("y\n"))[0] == 2
    assert not mark.exists()


@pytest.mark.parametrize("name", ["plugin", "marketplace", "hooks", "mcp", "agent", "command", "skill"])
def test_editor_schemas(name):
    schema = json.loads(run("--schema", name)[1])
    jsonschema.Draft7Validator.check_schema(schema)
    assert "x-" not in "".join(schema)


def test_without_yaml_it_says_what_to_install(plugin):
    root = plugin({"agents/x.md": "---\nname: x\ndescription: [a\n---\n"})
    code = (
        "import sys; sys.modules['yaml'] = None; sys.path.insert(0, %r); from pack.lint.cli import main; sys.exit(main([%r, '--no-cache']))"
    )
    argv = [sys.executable, "-c", code % (os.path.join(ROOT, "scripts"), str(root))]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "pip install pyyaml" in done.stderr


def test_cold_start_imports_little(plugin):
    """Modules, not milliseconds: what a run on a small clean plugin may load."""
    code = (
        "import sys; from pack.lint.cli import main; main([%r, '--no-cache']); print(sorted(m for m in ('yaml', 'click', 'jsonschema', 'markdown_it', 'argparse', 'dataclasses', 'hashlib', 'subprocess', 'tempfile', 'ast') if m in sys.modules))"
        % str(plugin())
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            "import sys; sys.path.insert(0, %r); %s" % (os.path.join(ROOT, "scripts"), code),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def test_a_report_that_cannot_be_filed_is_an_error_of_the_command_line(plugin, capsys):
    from pack.lint.cli import main

    root = plugin()
    assert main([str(root), "--no-cache", "--output", os.path.join(str(root), "no", "folder")]) == 2
    assert "cannot be written" in capsys.readouterr().err
