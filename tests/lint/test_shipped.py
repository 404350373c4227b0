"""Every recorded case through bin/pack, in fresh processes, on the oldest and the newest Python of this machine and the one that runs the tests.

The other tests call the linter in pytest's process, where every module of the standard library is loaded already. A user's
process starts with none: what a module left out of an import breaks shows only here.
"""

import json
import os
import subprocess

import pytest
import pythons
import test_client_cases
import test_effects
import test_hunt
import test_siblings
import test_strangers
from conftest import PLUGIN, ROOT, write

BATCH = 40


@pytest.fixture(scope="module", params=pythons.EXTREMES, ids=pythons.name)
def pack(request, tmp_path_factory):
    """bin/pack lint on one Python; call with paths: (exit code, standard output)."""
    return shipped(request.param, tmp_path_factory)


@pytest.fixture(scope="module", params=pythons.ALL, ids=pythons.name)
def any_pack(request, tmp_path_factory):
    """The same on every Python of this machine."""
    return shipped(request.param, tmp_path_factory)


def shipped(python, tmp_path_factory):
    """A function that runs bin/pack lint as a user does: nothing of pytest's environment."""
    folder = tmp_path_factory.mktemp("python")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment.update(PACK_PYTHON=python, PACK_LINT_CACHE=str(folder / "cache"), PYTHONPATH=pythons.with_yaml(folder))

    def run(*arguments):
        command = [os.path.join(ROOT, "bin", "pack"), "lint"] + [str(item) for item in arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True, check=False)
        assert done.returncode in (0, 1) and not done.stderr, (arguments, done.returncode, done.stderr[-2000:])
        return done.returncode, done.stdout

    return run


def findings(pack, roots):
    """[findings] for each folder, a process for each batch."""
    found = []
    for start in range(0, len(roots), BATCH):
        some = [str(root) for root in roots[start : start + BATCH]]
        by_root = {root: [] for root in some}
        # One folder is reported without its name.
        for finding in json.loads(pack(*some, "--format", "json", "--no-cache")[1])["findings"]:
            owner = next((root for root in some if finding["path"].startswith(root + "/")), some[0])
            by_root[owner].append(finding)
        found += [by_root[root] for root in some]
    return found


def judged(cases, tmp_path_factory):
    """[(files, rule, is it to be found?, the rules that bin/pack named)] of [(files, rule, is it to be found?)], each a plugin of its own."""
    base = tmp_path_factory.mktemp("looks")
    roots = [base / str(number) / "demo-pack" for number in range(len(cases))]
    for root, (files, _, _) in zip(roots, cases):
        write(root, files)
    run = shipped(pythons.EXTREMES[0], tmp_path_factory)
    rules = [{one["rule"] for one in some if one["severity"] != "info"} for some in findings(run, roots)]
    return [case + (named,) for case, named in zip(cases, rules)]


def wrongly(judge, cases, found):
    """[(name, why)] of the cases that judge refuses."""
    wrong = []
    for case, some in zip(cases, found):
        try:
            judge(case, some)
        except AssertionError as error:
            wrong.append((case["name"], str(error)))
    return wrong


def misled(kind, names, roots, found):
    """The names of the cases of which a finding says that the plugin does not load, while the client loaded it, or the other way round."""
    effects = [(name, test_effects.unlike(root, name, kind, some)) for name, root, some in zip(names, roots, found)]
    return [name for name, unlike in effects if unlike and not str(name).startswith(test_effects.NOT_JUDGED)]


def test_the_clients_cases(pack, tmp_path):
    cases = test_client_cases.CORPUS["cases"]
    roots = [tmp_path / case["name"] for case in cases]
    for case, root in zip(cases, roots):
        test_client_cases.build(root, case)
    found = findings(pack, roots)
    assert not (wrong := wrongly(test_client_cases.judge, cases, found)), wrong[:5]
    assert not (wrong := misled("client_cases", [case["name"] for case in cases], roots, found)), wrong[:5]


def test_the_hunts(pack, tmp_path):
    roots = [test_hunt.make(case, tmp_path / case["name"]) for case in test_hunt.CASES]
    found = findings(pack, roots)
    assert not (wrong := wrongly(test_hunt.judge, test_hunt.CASES, found)), wrong[:5]
    assert not (wrong := misled("hunt", [case["name"] for case in test_hunt.CASES], roots, found)), wrong[:5]


def test_the_mutations(pack, tmp_path):
    roots = []
    for number, line in enumerate(test_siblings.LINES):
        roots.append(tmp_path / str(number) / line[0])
        test_client_cases.build(roots[-1], {"base": line[0], "files": {}})
        write(roots[-1], line[1])
    found = findings(pack, roots)
    wrong = [(line[1], said) for line, said in zip(test_siblings.LINES, map(test_siblings.judge, test_siblings.LINES, found)) if said]
    assert not wrong, "%d: %s" % (len(wrong), wrong[:5])
    assert not (wrong := misled("siblings", range(len(roots)), roots, found)), wrong[:5]


def test_what_strangers_write(pack, tmp_path):
    cases = [(files, rule, False) for files, rule in test_strangers.SILENT] + [(files, rule, True) for files, rule in test_strangers.FOUND]
    roots = [tmp_path / str(number) / "demo-pack" for number in range(len(cases))]
    for root, (files, _, _) in zip(roots, cases):
        write(root, PLUGIN)
        write(root, files)
    said = [{one["rule"] for one in some if one["severity"] != "info"} for some in findings(pack, roots)]
    assert not (wrong := [case for case, rules in zip(cases, said) if (case[1] in rules) != case[2]]), wrong[:5]


# One mistake each and nothing else in the process: what an earlier file of a batch loads would hide a missing module.
BROKEN_JSON = (
    '{"name": "a",}',
    '{"name": }',
    '{"name": "a"',
    "{",
    "",
    "[1",
    '{"a": "\t"}',
    '{"a": "\\x"}',
    "{'a': 1}",
    '{"a": 1} x',
    "nul",
)
JSON_FILES = (
    ".claude-plugin/plugin.json",
    ".claude-plugin/marketplace.json",
    "hooks/hooks.json",
    ".mcp.json",
    ".lsp.json",
    "settings.json",
)


@pytest.mark.parametrize("path", JSON_FILES)
def test_broken_json_alone(any_pack, plugin, path):
    for text in BROKEN_JSON if path.endswith("plugin.json") else BROKEN_JSON[:2]:
        root = plugin({path: text})
        code, out = any_pack(root, "--no-cache", "--format", "github")
        assert code == 1 and "json-syntax" in out, (text, out)
        assert any_pack(root)[0] == 1 and any_pack(root)[0] == 1, "with the cache, too"


def test_other_mistakes_alone(any_pack, plugin):
    for files, rule in (
        ({"agents/reviewer.md": "---\nname: \"x\ndescription: d\n---\nx\n"}, "frontmatter-syntax"),
        ({"agents/reviewer.md": "---\nname: reviewer\ndescription: d\ntools: Reed\n---\nx\n"}, "tool-unknown"),
        ({"agents/reviewer.md": b"---\nname: \xff\n---\n"}, "text-encoding"),
        ({"hooks/hooks.json": '{"hooks": {"preToolUse": []}}'}, "hook-event"),
        ({"README.md": "[a](missing.md)\n"}, "ref-file"),
    ):
        assert rule in any_pack(plugin(files), "--no-cache")[1], files
        plugin({"hooks/hooks.json": None, "README.md": None})
