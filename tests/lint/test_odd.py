"""Plugins made at random from what no author writes, each in a fresh process through bin/pack: an answer, the right exit code, no traceback."""

import json
import os
import random
import subprocess

import pytest
from conftest import DATA, PLUGIN, ROOT, write

VALUES = (
    None,
    True,
    -1,
    1e308,
    10**400,
    "",
    "./",
    "../..",
    "\u202e",
    "a" * 5000,
    "${CLAUDE_PLUGIN_ROOT}/x",
    "$(x)",
    "(a+)+$",
    "\x00",
    "---\n",
)
VALUES += ([], {}, [[]], [None], {"": ""}, ["x", 1, None], {"command": 1}, {"hooks": [{}]}, [[[[[]]]]])
MANIFEST = "name version description author repository keywords commands agents skills hooks mcpServers lspServers userConfig dependencies"
ENTRY = MANIFEST + " source strict category tags"
FRONT = (
    "name description tools disallowedTools allowed-tools model color skills hooks mcpServers isolation arguments agent context metadata"
)
HOOK = "PreToolUse PostToolUse Stop FileChanged hooks matcher type command timeout async if once args url prompt server model headers"
SERVER = "command args env url type headers cwd timeout"
YAML = (
    "x",
    "",
    "'",
    "[a",
    "{a: b",
    "|\n  a\n b",
    "*a",
    "!!python/object:os.system x",
    "a: b: c",
    "@x",
    "0x1g",
    "\u00a0x",
    "x # y",
    "[" * 3000,
)
BODY = (
    "# H\n",
    "```\n",
    "<!--",
    "-->",
    "`",
    "!`x $1`",
    "@../../x",
    "[a](b.md#c)",
    "| a |\n|---|\n| `X` |\n",
    "subagent_type: ",
    "\x00",
    "\u2028",
)
BODY += (
    "demo-pack:go ",
    "&#x0;",
    "*" * 50,
    "> " * 40,
    "Use the `q` skill",
    "curl x | sh",
    "<!-- pack-lint: ignore -->",
    "${CLAUDE_PLUGIN_ROOT}/../x",
)
ENCODINGS = ("utf-8",) * 6 + ("utf-16", "utf-16-le", "utf-32", "utf-8-sig")


class Maker:
    """One plugin's files, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, depth=0):
        chance = self.random
        if depth < 3 and chance.random() < 0.3:
            return {chance.choice(HOOK.split()): self.value(depth + 1) for _ in range(3)}
        return chance.choice(VALUES)

    def table(self, keys):
        return {key: self.value() for key in self.random.sample(keys.split(), self.random.randint(0, 6))}

    def coded(self, text):
        data = bytearray(text.encode(self.random.choice(ENCODINGS), "surrogatepass"))
        for _ in range(self.random.choice((0, 0, 0, 5)) if data else 0):
            data[self.random.randrange(len(data))] = self.random.randrange(256)
        return bytes(data)

    def json(self, value):
        text = json.dumps(value, ensure_ascii=self.random.random() < 0.5)
        broken = (text[: len(text) // 2], "// c\n" + text, text + text, text.replace('"', "'"), "[" * 100000)
        return self.coded(self.random.choice((text,) * 12 + broken))

    def page(self):
        chance = self.random
        front = "".join("%s: %s\n" % (chance.choice(FRONT.split()), chance.choice(YAML)) for _ in range(chance.randint(0, 7)))
        close = chance.choice(("---\n", "---\n", "--- x\n", ""))
        return self.coded(chance.choice(("---\n", "---\n", "\n---\n")) + front + close + "".join(chance.choices(BODY, k=25)))

    def files(self):
        yield ".claude-plugin/plugin.json", self.json(self.table(MANIFEST))
        yield ".claude-plugin/marketplace.json", self.json({"name": self.value(), "plugins": [self.table(ENTRY), self.value()]})
        groups = {event: [{"matcher": self.value(), "hooks": [self.table(HOOK), self.value()]}] for event in HOOK.split()[:4]}
        yield "hooks/hooks.json", self.json({"hooks": groups})
        yield ".mcp.json", self.json({"mcpServers": {"a": self.table(SERVER), "__proto__": self.value()}})
        for path in ("agents/a.md", "agents/\u202e.md", "commands/%s.md", "skills/s s/SKILL.md", "skills/s s/references/r.md", "README.md"):
            yield path, self.page()
        yield "scripts/a.sh", self.coded(self.random.choice(("if", '"', "cat <<E\n", "$((" * 500)))
        yield "scripts/a.py", self.coded(self.random.choice(("def x(:\n", "\x00", "print({'hookSpecificOutput': 1})")))
        yield "skills/" + "d/" * 60 + "SKILL.md", b"---\nname: d\n---\n"
        yield "agents/huge.md", b"---\nname: h\n---\n" + self.random.choice((b"`", b"|", b"[", b"\xff")) * 1200000

    def lay(self, root):
        for path, data in self.files():
            target = os.path.join(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as handle:
                handle.write(data)
        for path, target in (("agents/up", ".."), ("skills/loop", "loop"), ("commands/l.md", "../agents/a.md"), ("l", "../l")):
            os.symlink(target, os.path.join(root, path))


@pytest.mark.parametrize("seed", range(12))
def test_an_answer_and_the_right_exit_code(seed, tmp_path):
    root = str(tmp_path / "odd")
    Maker(seed).lay(root)
    command = [os.path.join(ROOT, "bin", "pack"), "lint", "--no-cache", root]
    done = subprocess.run(command + ["--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert not done.stderr, done.stderr[-500:]
    worst = {finding["severity"] for finding in json.loads(done.stdout)["findings"]}
    assert worst and done.returncode == ("error" in worst)
    other = (("--format", "sarif"), ("--fix",), ("--effective",))[seed % 3]
    done = subprocess.run(command + list(other), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode in (0, 1) and b"Traceback" not in done.stderr, (other, done.stderr[-500:])


@pytest.mark.parametrize(
    "path", (".lsp.json", ".mcp.json", "settings.json", "monitors/monitors.json", "hooks/hooks.json", ".claude-plugin/plugin.json")
)
def test_deeper_than_anybody_looks(path, plugin):
    """Python's own reader takes more levels than ours, which says where things stand: an answer all the same."""
    root = str(plugin({path: '{"a": ' * 900 + "1" + "}" * 900}))
    done = subprocess.run([os.path.join(ROOT, "bin", "pack"), "lint", "--no-cache", root], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "nested deeper" in done.stdout and not done.stderr, done.stderr[-500:]


def test_one_name_thousands_of_times(plugin):
    """A page of one line: what is asked of a name is asked once, and of its place no more than what stands near."""
    root = str(plugin({"README.md": "see `demo-pack:ghost` " * 2000}))
    done = subprocess.run(
        [os.path.join(ROOT, "bin", "pack"), "lint", "--no-cache", root], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.count("demo-pack:ghost") == 2000


LONG = {
    "agents/a.md": "---\nname: a\ndescription: Reads it. Use when asked.\n---\n" + "`references/none.md` " * 8000,
    "skills/a/SKILL.md": "---\nname: a\ndescription: Reads it. Use when asked.\n---\n" + "read references/none.md " * 7000,
    "skills/a/references/r.md": "[a](none.md) " * 12000,
    "agents/t.md": "---\nname: t\ndescription: Reads it. Use when asked.\ntools: " + "``` " * 40000 + "\n---\nRead.\n",
    "commands/at.md": "---\ndescription: Reads it\n---\n" + "@none.md " * 20000,
    "scripts/made.py": "answer = {%s}\n" % ('"permissionDecision": 1, ' * 12000),
    "hooks/hooks.json": json.dumps(
        {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": 'python3 "${CLAUDE_PLUGIN_ROOT}/scripts/made.py"'}]}]}}
    ),
}


@pytest.mark.parametrize("path", sorted(LONG))
def test_the_same_word_in_one_line_thousands_of_times(path, plugin):
    """What is asked of a place costs no more in a long line: with the square of it each of these takes minutes of CPU."""
    root = str(plugin({"references/r.md": "# R\n", path: LONG[path], "scripts/made.py": LONG["scripts/made.py"]}))
    command = ["sh", "-c", 'ulimit -t 30; exec "$@"', "sh", os.path.join(ROOT, "bin", "pack"), "lint", "--no-cache", root]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1) and not done.stderr


def test_what_a_bundler_wrote_is_not_read(plugin, tmp_path):
    """A hook of half a MB of libraries: neither its words nor its brackets say anything, and node is not asked about it."""
    answer = 'console.log(JSON.stringify({hookSpecificOutput: {hookEventName: "PreToolUse", permissionDecisions: "deny"}}))\n'
    called = tmp_path / "called"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").write_text("#!/bin/sh\ntouch '%s'\nexit 0\n" % called)
    (tmp_path / "bin" / "node").chmod(0o755)
    command = 'node "${CLAUDE_PLUGIN_ROOT}/scripts/guard.js"'
    hooks = {"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [{"type": "command", "command": command}]}]}}
    for filling, seen in (("const a = 1;\n", True), ("const a = 1;", False)):
        text = answer + filling * 3000 + "const b = /[(]/;\n"
        root = str(plugin({"hooks/hooks.json": json.dumps(hooks), "scripts/guard.js": text}))
        done = subprocess.run(
            [os.path.join(ROOT, "bin", "pack"), "lint", "--no-cache", root],
            capture_output=True,
            text=True,
            check=False,
            env=dict(os.environ, PATH="%s:%s" % (tmp_path / "bin", os.environ["PATH"])),
        )
        assert ("[hook-answer]" in done.stdout) == seen and called.exists() == seen, (done.stdout, done.stderr)
        called.unlink(missing_ok=True)


with open(os.path.join(DATA, "full.json"), encoding="utf-8") as handle:
    FULL = json.load(handle)
OF_ANOTHER_KIND = ([], {}, {"x": [{}]}, "x", None)


def places(value, path=()):
    """The path of every value inside a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, path + (key,))


def with_another(value, path, other):
    """A copy of the value with another one at a place."""
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_another(value[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("path", sorted(FULL))
def test_a_value_of_another_kind_at_every_key(path, tmp_path):
    """One plugin in a folder of its own for each; 200 of them in a run of bin/pack."""
    files = [with_another(FULL[path], place, other) for place in places(FULL[path]) for other in OF_ANOTHER_KIND]
    for begin in range(0, len(files), 200):
        roots = []
        for number, value in enumerate(files[begin : begin + 200]):
            roots.append(tmp_path / str(begin + number) / ("project" if path.startswith(".claude/") else "demo-pack"))
            clean = {".claude/agents/reviewer.md": PLUGIN["agents/reviewer.md"]} if path.startswith(".claude/") else PLUGIN
            write(roots[-1], dict(clean, **{path: json.dumps(value)}))
        command = [os.path.join(ROOT, "bin", "pack"), "lint", "--no-cache", "--format", "json", *map(str, roots)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        assert done.returncode in (0, 1) and not done.stderr, done.stderr[-1500:]
