"""Two processes on a large tree: together they find what one finds, and the second one may die at any point."""

import json
import os
import signal
import subprocess
import sys

import pytest
from conftest import AGENT, ROOT, write

from pack.lint import halves

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
SLOPPY = (AGENT % "a%03d").replace("tools: Read, Grep, Glob", "tools: Read, Grepp")
PLUGINS = 30  # each of which has hooks whose script no rule lints: the cache must remember it, whoever read it
GUARD = "#!/usr/bin/env python3\nimport json, sys\nevent = json.load(sys.stdin)\nif event.get('%s'):\n    sys.exit(2)\n"
HOOKS = """{"hooks": {"PreToolUse": [{"matcher": "Write", "hooks": [
  {"type": "command", "command": "python3 \\"${CLAUDE_PLUGIN_ROOT}/hooks/guard.py\\""}]}]}}"""
DRIVER = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from pack.lint import config, discover, engine, facts, halves
halves.worth = lambda count: True
forks = []
fork = os.fork
def counted():
    forks.append(1)
    return fork()
os.fork = counted
def run(together):
    project = discover.scan(sys.argv[2])
    found = [finding.as_dict() for finding in engine.run(project, facts.load(None), config.load(sys.argv[2], None), together)]
    questions = sorted(project.probes), project.read_scripts()
    return json.dumps([found, questions])
%s
alone, together = run(False), run(True)
try:
    os.waitpid(-1, 0)
    left = 1
except ChildProcessError:
    left = 0
print(json.dumps([alone == together, len(json.loads(together)[0]), len(forks), left, len(os.listdir("/proc/self/fd"))]))
"""
DIES = {
    "at once": "engine.Rules._for_the_other = lambda self, spans: os.kill(os.getpid(), 9)",
    "on the way": """
def dies(self, spans):
    for n, (first, last) in enumerate(spans):
        self._work([(first, last)])
        if n == 100:
            os.kill(os.getpid(), 9)
engine.Rules._for_the_other = dies
""",
    "of a bug": """
def fails(self, spans):
    next(spans)
    raise RuntimeError
engine.Rules._for_the_other = fails
""",
    "with something to say that no pipe takes": """
def odd(self, spans):
    next(spans)
    return object()
engine.Rules._for_the_other = odd
""",
    "before it is born": """
def no(): raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = no
""",
}


@pytest.fixture
def tree(tmp_path):
    """A marketplace of plugins, most of them with something to find; 550 linted files."""
    files = {}
    for n in range(PLUGINS):
        plugin = "plugins/p%02d/" % n
        files[plugin + ".claude-plugin/plugin.json"] = '{"name": "p%02d", "version": "1.0.0", "description": "Demo"}\n' % n
        files[plugin + "hooks/hooks.json"] = HOOKS
        files[plugin + "hooks/guard.py"] = GUARD % "tool_name"
        for m in range(15):
            files["%sagents/a%03d.md" % (plugin, m)] = (SLOPPY if m % 3 else AGENT % "a%03d") % m
        files[plugin + "commands/build.md"] = (
            "---\ndescription: Builds the plan\n---\n<!-- pack-lint: ignore ref-agent, model-unknown -- a sample -->\nAsk the `nobody` agent.\n"
        )
    root = tmp_path / "market"
    write(root, files)
    return root


def _drive(tree, extra=""):
    command = [sys.executable, "-c", DRIVER % extra, os.path.join(ROOT, "scripts"), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_two_find_what_one_finds(tree):
    same, count, forks, left, _ = _drive(tree)
    assert (same, forks, left) == (True, 1, 0) and count > PLUGINS * 10


@pytest.mark.parametrize("how", DIES)
def test_the_second_may_die(tree, how):
    usual = _drive(tree)
    same, count, _, left, handles = _drive(tree, DIES[how])
    assert (same, left) == (True, 0) and (count, handles) == (usual[1], usual[4])


def test_the_cache_knows_what_either_read(tree, tmp_path):
    def run():
        command = [sys.executable, os.path.join(ROOT, "scripts", "pack", "cli", "start.py"), "lint", str(tree), "--format", "json"]
        environment = dict(os.environ, PACK_LINT_CACHE=str(tmp_path / "cache"))
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        return [(found["path"], found["rule"]) for found in json.loads(done.stdout)["findings"]]

    before = run()
    assert run() == before
    for n in (0, PLUGINS // 2, PLUGINS - 1):
        script = tree / ("plugins/p%02d/hooks/guard.py" % n)
        script.write_text(GUARD % "toolname")  # a key that no event has
        after = run()
        assert sorted(set(after) - set(before)) == [("plugins/p%02d/hooks/hooks.json" % n, "hook-payload")]
        before = after


@pytest.mark.parametrize("count", [1, 7, halves.TOKENS, halves.TOKENS + 1, 5000, 65537])
def test_each_is_taken_once(count):
    with halves.Halves(count, list) as pair:
        mine = [index for first, last in pair.front() for index in range(first, last)]
        theirs = [index for first, last in pair.join() for index in range(first, last)]
    assert sorted(mine + theirs) == list(range(count)) and mine == list(range(len(mine)))


def test_ctrl_c_ends_both():
    with pytest.raises(KeyboardInterrupt), halves.Halves(100, lambda spans: signal.pause()) as pair:
        pid = pair.pid
        raise KeyboardInterrupt
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_small_trees_are_left_to_one():
    assert not halves.worth(halves.LEAST - 1)
