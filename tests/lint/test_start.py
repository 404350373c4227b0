"""bin/pack lint as it is shipped: no site module, byte code and patterns from one file, no foreign modules."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, write

from pack.lint import bundle, lazy

BAD = {"agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews a change. Use when one is ready.\ntools: read\n---\nx\n"}


@pytest.fixture
def installed(tmp_path):
    """A copy of the pack's program, without any byte code; call with arguments to run it."""
    home = tmp_path / "home"
    for part in ("bin", "scripts/pack/lint", "scripts/pack/base", "scripts/pack/cli"):
        shutil.copytree(os.path.join(ROOT, part), str(home / part), ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(os.path.join(ROOT, "scripts", "pack", "__init__.py"), str(home / "scripts" / "pack"))

    def run(*arguments, cwd=tmp_path):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        environment.update(PACK_PYTHON=sys.executable, PACK_LINT_CACHE=str(tmp_path / "cache"))
        command = [str(home / "bin" / "pack"), "lint"] + [str(item) for item in arguments]
        done = subprocess.run(command, capture_output=True, cwd=str(cwd), env=environment, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    run.home = home
    run.bundle = home / "scripts" / "pack" / "lint" / "__pycache__" / ("all.%s.bundle" % sys.implementation.cache_tag)
    return run


def test_the_same_answer_with_and_without_the_bundle(installed, plugin):
    root = plugin(BAD)
    first = installed(root, "--no-cache")
    assert first[0] == 1 and "no tool 'read'" in first[1] and not first[2]
    size = installed.bundle.stat().st_size
    time = installed.bundle.stat().st_mtime_ns
    assert installed(root, "--no-cache") == first
    assert (installed.bundle.stat().st_size, installed.bundle.stat().st_mtime_ns) == (size, time)
    for data in (b"", b"\0", installed.bundle.read_bytes()[:4000], os.urandom(5000)):
        installed.bundle.write_bytes(data)
        assert installed(root, "--no-cache") == first
        assert installed.bundle.stat().st_size == size


def test_a_changed_source_is_used(installed, plugin):
    root = plugin(BAD)
    installed(root, "--no-cache")
    rule = installed.home / "scripts" / "pack" / "lint" / "rules" / "tool_unknown.py"
    rule.write_text(rule.read_text(encoding="utf-8") + "\n\ndef check(file, context):\n    return []\n", encoding="utf-8")
    assert installed(root, "--no-cache")[0] == 0


def test_a_folder_of_strangers_runs_nothing(installed, plugin):
    trap = "raise SystemExit('the trap ran')\n"
    root = plugin(dict(BAD, **{name + ".py": trap for name in ("json", "re", "yaml", "os", "pack", "site", "difflib")}))
    expected = installed(root, "--no-cache")
    assert installed(".", "--no-cache", cwd=root) == expected and "trap" not in "".join(expected[1:])


def test_site_packages_are_found_when_they_are_needed(installed, plugin):
    config = {".pack-lint.yaml": "ignore: [tool-unknown]\n"}
    assert installed(plugin(dict(BAD, **config)), "--no-cache")[0] == 0


def test_patterns_come_back_equal(monkeypatch):
    patterns = [r"a", r"(?P<x>a|b)+\b", r"^[ \t]*\|?(?:[^\x00-\x1f]){2,5}$", "[À-ÿ€]{1,3}"]
    for pattern in patterns:
        for flags in (0, lazy.MULTILINE, lazy.IGNORECASE | lazy.DOTALL):
            import _sre

            made = _sre.compile(pattern, *bundle._parts(pattern, flags))
            assert made == re.compile(pattern, flags) and made.groupindex == re.compile(pattern, flags).groupindex


def test_nothing_is_written_where_byte_code_is_unwanted(installed, plugin, monkeypatch):
    home = installed.home / "scripts"
    write(home, {"run.py": "import sys\nfrom pack.cli.start import main\nsys.argv[1:] = ['lint'] + sys.argv[1:]\nmain(%r)\n" % str(home)})
    subprocess.run([sys.executable, "-B", str(home / "run.py"), str(plugin()), "--no-cache"], check=True, capture_output=True)
    assert not installed.bundle.exists()


COMMON = {
    "README.md": "# Pack\n\n## [Usage](https://example.com)\n\nSee [above](#usage).\n",
    "agents/reviewer.md": '---\nname: reviewer\ndescription: Reviews: a change. Use when one is ready.\ntools: ["Read", "Grep"]\n---\nYou review.\n',
    "commands/build.md": "---\ndescription: Builds it\nargument-hint: [what] [how]\nallowed-tools: Bash(npm *), Bash(git status:*)\n---\n"
    "Look at !`npm test` and !`git status`.\n",
    "commands/plan.md": '---\ndescription: Plans it\nargument-hint: [scope] -- a folder, such as "src"\n---\nPlan.\n',
    ".claude-plugin/plugin.json": '{"name": "demo-pack", "version": "1.0.0", "description": "x", "dependencies": [{"name": "o", "version": ">= 1.0"}]}\n',
}


def test_what_is_common_imports_no_parser(installed, plugin):
    root = plugin(COMMON)
    first = installed(root, "--no-cache")
    assert first[0] == 0 and not first[2]
    spy = installed.home / "scripts" / "pack" / "lint" / "bundle.py"  # the last that runs; what it prints is what a user's process holds
    spy.write_text(spy.read_text(encoding="utf-8").replace("def save():\n", "def save():\n    print([*sys.modules], file=sys.stderr)\n", 1))
    installed(root, "--no-cache")
    held = installed(root, "--no-cache")[2]
    assert "'pack.lint.semver'" in held and "'pack.lint.rules.command_approval'" in held and "'pack.lint.rules.ref_anchor'" in held
    assert not [name for name in ("re", "yaml", "fnmatch", "json") if "'%s'" % name in held]
