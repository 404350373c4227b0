"""Nothing that is on disk may hang or break a run: a bad file is a finding (unreadable), never a traceback."""

import os
import subprocess
import time

import pytest
from conftest import AGENT, PLUGIN, ROOT, lint, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PACK = os.path.join(ROOT, "bin", "pack")
BOMB = (
    "---\nname: bomb\ndescription: d\n"
    + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join("a%d: &a%d [%s]\n" % (n, n, ", ".join(["*a%d" % (n - 1)] * 9)) for n in range(1, 12))
    + "---\nBody.\n"
)


def rules(root, *options):
    return {finding["rule"] for finding in lint(root, *options)[1]}


@pytest.mark.parametrize(
    "path,content,rule",
    [
        ("agents/bomb.md", BOMB, "frontmatter-syntax"),
        ("agents/deep.md", "---\nname: deep\ndescription: d\nx: " + "[" * 5000 + "\n---\n", None),
        ("agents/flow.md", "---\nname: flow\ndescription: d\nx:\n " + "[" * 400000 + "\n---\n", "frontmatter-syntax"),
        (
            "agents/curly.md",
            "---\nname: curly\ndescription: d\nx:\n " + "{a: " * 150000 + "\n---\n",
            "frontmatter-syntax",
        ),
        ("agents/dash.md", "---\nname: dash\ndescription: d\nx:\n " + "- " * 300000 + "\n---\n", "frontmatter-syntax"),
        (
            "agents/steps.md",
            "---\nname: steps\ndescription: d\n" + "".join(" " * n + "a:\n" for n in range(1, 900)) + "---\n",
            "frontmatter-syntax",
        ),
        ("agents/loop.md", "---\nname: loop\ndescription: d\nx: &x [*x]\n---\n", None),
        ("hooks/hooks.json", "[" * 100000, "json-syntax"),
        ("hooks/hooks.json", '{"hooks":' * 3000, "json-syntax"),
        (".mcp.json", '{"mcpServers": {"a": {"command": "x", "timeout": ' + "9" * 200000 + "}}}", None),
        ("agents/big.md", "---\nname: big\ndescription: d\n---\n" + "x" * 1100000, "unreadable"),
        (".claude-plugin/plugin.json", b"\x00" * 1000, "json-syntax"),
        ("agents/bytes.md", bytes(range(256)) * 20, "frontmatter-missing"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "content",
)
def test_hostile_files(path, content, rule, plugin):
    root = plugin({path: content})
    began = time.process_time()
    found = rules(root)
    assert time.process_time() - began < 5
    if rule:
        assert rule in found


@pytest.mark.parametrize(
    "text",
    [
        "`" * 50000,
        "[" * 30000,
        "](" * 30000,
        "<!--" * 20000,
        "|" * 60000,
        "subagent_type: " * 5000,
        "`a` agent " * 5000,
        "$(" * 20000 + "!`" * 20000,
        "#" * 60000,
        "a:b" * 20000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_no_text_takes_long(text, plugin):
    root = plugin(
        {
            "commands/build.md": "---\ndescription: Builds\n---\n%s\n" % text,
            "skills/x/SKILL.md": "---\nname: x\ndescription: d\n---\n" + text,
        }
    )
    began = time.process_time()
    lint(root)
    assert time.process_time() - began < 10


@pytest.mark.parametrize("matcher", ["(a+)+$", "(x*)*y", "(\\w+)+!", "(a|a)*b", "((((a*)*)*)*)*z"])
def test_hostile_matchers(matcher, plugin):
    hooks = '{"hooks": {"PreToolUse": [{"matcher": "%s", "hooks": [{"type": "command", "command": "true"}]}]}}'
    began = time.process_time()
    lint(plugin({"hooks/hooks.json": hooks % matcher.replace("\\", "\\\\")}))
    assert time.process_time() - began < 2


def test_links_that_loop_or_lead_nowhere(plugin):
    root = plugin()
    os.symlink("..", str(root / "agents" / "up"))
    os.symlink("loop", str(root / "agents" / "loop"))
    os.symlink("nowhere.md", str(root / "agents" / "gone.md"))
    assert "unreadable" in rules(root)


def test_a_pipe_is_not_opened(plugin):
    root = plugin()
    os.mkfifo(str(root / "agents" / "pipe.md"))
    began = time.process_time()
    assert "unreadable" in rules(root)
    assert time.process_time() - began < 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_the_right_to_read(plugin):
    root = plugin()
    os.chmod(str(root / "agents" / "reviewer.md"), 0)
    assert "unreadable" in rules(root)


def test_a_file_name_that_is_not_utf8(plugin):
    root = plugin()
    with open(os.path.join(os.fsencode(str(root)), b"agents", b"caf\xe9.md"), "wb") as handle:
        handle.write(b"---\nname: x\n---\n")
    assert "unreadable" in rules(root)


def test_a_file_name_with_a_line_break_stays_in_its_line(plugin):
    root = str(plugin({"agents/a\n::error::\x1b[31m.md": "Review."}))
    done = subprocess.run([os.path.join(ROOT, "bin", "pack"), "lint", "--no-cache", root], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("agents/a\\u000a::error::\\u001b[31m.md:1:1: ") and len(done.stdout.split("\n")) == 3


def test_ten_thousand_files(tmp_path):
    write(tmp_path, PLUGIN)
    folder = tmp_path / "skills" / "many" / "references"
    os.makedirs(str(folder))
    for number in range(10000):
        (folder / ("n%d.md" % number)).write_text("# Note\n\nSee [one](n0.md).\n")
    write(
        tmp_path,
        {"skills/many/SKILL.md": "---\nname: many\ndescription: Many notes. Use when asked.\n---\nSee references/.\n"},
    )
    began = time.process_time()
    code, findings = lint(tmp_path)
    assert (code, findings) == (0, [])
    assert time.process_time() - began < 20


TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            [
                "---",
                "\n",
                "name: a",
                "tools: Read",
                ": ",
                "- ",
                "[",
                "{",
                "'",
                '"',
                "#",
                "|",
                "&a",
                "*a",
                "\t",
                "  ",
                "`",
                "](x.md)",
                "| A | B |\n|---|---|\n",
                "!`",
                "```",
                "\r\n",
                "\x00",
                "\ufeff",
                "@agent-x",
                "subagent_type: x",
            ]
        ),
        max_size=40,
    ).map("".join),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(agent=TEXTS, command=TEXTS, hooks=TEXTS, manifest=TEXTS, data=st.binary(max_size=200))
def test_any_bytes(agent, command, hooks, manifest, data, tmp_path):
    write(
        tmp_path,
        {
            "agents/a.md": agent,
            "agents/raw.md": data,
            "commands/c.md": "---\n%s\n---\n%s" % (agent, command),
            "hooks/hooks.json": hooks,
            ".claude-plugin/plugin.json": manifest,
        },
    )
    _, findings = lint(tmp_path)
    for finding in findings:
        assert finding["line"] >= 1 and finding["column"] >= 1
        assert (finding["end_line"], finding["end_column"]) >= (finding["line"], finding["column"])


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "hooks",
                    "name",
                    "PreToolUse",
                    "Stop",
                    "matcher",
                    "type",
                    "command",
                    "mcpServers",
                    "plugins",
                    "source",
                    "agents",
                    "url",
                    "args",
                    "if",
                    "timeout",
                    "owner",
                    "userConfig",
                    "options",
                    "commands",
                    "engines",
                    "dependencies",
                    "relevance",
                    "signals",
                    "channels",
                    "headers",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(manifest=JSONS, hooks=JSONS, mcp=JSONS, market=JSONS)
def test_any_json(manifest, hooks, mcp, market, tmp_path):
    import json

    files = {
        ".claude-plugin/plugin.json": manifest,
        "hooks/hooks.json": hooks,
        ".mcp.json": mcp,
        ".lsp.json": mcp,
        "settings.json": mcp,
        "monitors/monitors.json": hooks,
        ".claude-plugin/marketplace.json": market,
    }
    write(tmp_path, {path: json.dumps(value) for path, value in files.items()})
    lint(tmp_path)


def test_the_agent_stays_readable():
    assert AGENT.startswith("---\n")


def _shipped(root, *options):
    done = subprocess.run([PACK, "lint", "--no-cache", str(root), *options], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink(path, path), os.mkdir])
@pytest.mark.parametrize(
    "path", ["hooks/hooks.json", ".mcp.json", "settings.json", ".claude-plugin/plugin.json", "references/a.md", "README.md"]
)
def test_what_is_no_file_is_named_wherever_one_is_read(path, make, plugin):
    """A pipe, a link to itself, a folder: nothing hangs, nothing passes in silence (but a folder that is called like a page)."""
    root = plugin({path: None})
    os.makedirs(os.path.dirname(str(root / path)), exist_ok=True)
    make(str(root / path))
    code, said, wrong = _shipped(root)
    if make is os.mkdir and path.endswith(".md"):
        return
    level = "warning" if path.endswith(".md") else "error"
    assert "%s:1:1: %s: cannot be read: " % (path, level) in said and (code, wrong) == (int(level == "error"), "")


def test_what_was_named_and_is_no_file(plugin):
    root = plugin()
    os.mkfifo(str(root / "notes.txt"))
    os.symlink("nowhere", str(root / "gone.txt"))
    for name in ("notes.txt", "gone.txt"):
        code, said, wrong = _shipped(root / name)
        assert code == 1 and ": error: cannot be read: not a regular file [unreadable]" in said and not wrong


def test_a_configuration_that_is_no_file(plugin):
    root = plugin()
    os.mkfifo(str(root / ".pack-lint.yaml"))
    code, said, wrong = _shipped(root)
    assert (code, said) == (2, "") and wrong.endswith(".pack-lint.yaml: cannot be read: not a regular file\n")
