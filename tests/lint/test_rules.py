"""Every rule: its documentation, its bad and good examples, and the catalogue."""

import os

import pytest
from conftest import ROOT, lint, write

from pack.lint import catalogue
from pack.lint.facts import versions
from pack.lint.rules import rule_module
from pack.lint.rules import AFTER, NAMES

RULES = os.path.join(ROOT, "scripts", "pack", "lint", "rules")
# What cannot be shown as a small text file has its own test (the value names it).
WITHOUT_EXAMPLE = {
    "bin-file": "test_hunt.py",
    "context-budget": "test_optional.py",
    "generated-drift": "test_project.py",
    "hidden-character": "test_text.py",
    "link-outside": "test_hunt.py",
    "manifest-location": "test_samples.py",
    "orphan-agent": "test_optional.py",
    "publishing": "test_optional.py",
    "secret": "test_text.py",
    "settings-field": "test_settings.py",
    "settings-permission": "test_settings.py",
    "skill-length": "test_text.py",
    "suppression-reason": "test_suppress.py",
    "suppression-unused": "test_suppress.py",
    "text-encoding": "test_text.py",
    "text-nul": "test_text.py",
    "unreadable": "test_robust.py",
}
EXAMPLES = [(name, example) for name in NAMES for example in catalogue.entry(name).examples]


def test_every_module_is_a_rule_and_every_rule_a_module():
    modules = {name[:-3].replace("_", "-") for name in os.listdir(RULES) if name.endswith(".py") and name != "__init__.py"}
    assert modules - set(NAMES) == set(), "run: make generate"
    assert set(NAMES) - modules == set(), "their modules are gone: make generate"


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_documented(name):
    module, entry = rule_module(name), catalogue.entry(name)
    assert entry.title and not entry.title.endswith(".") and len(entry.title) < 110
    assert entry.source, "where the fact comes from"
    assert module.SEVERITY in ("error", "warning", "info")
    assert module.check.__doc__
    kinds = [example.kind for example in entry.examples]
    if name in WITHOUT_EXAMPLE:
        here = os.path.join(os.path.dirname(__file__), WITHOUT_EXAMPLE[name])
        with open(here, encoding="utf-8") as handle:
            assert name in handle.read()
    else:
        assert kinds == ["bad", "good"], "its docstring shows one example under \"Bad `path`:\" and one under \"Good `path`:\""


@pytest.mark.parametrize("name,example", EXAMPLES, ids=["%s-%s" % (n, e.kind) for n, e in EXAMPLES])
def test_documented_example(name, example, plugin):
    files = dict(example.files)
    root = plugin(files)
    _, findings = lint(root, "--select", name) if rule_module(name).SEVERITY == "info" else lint(root)
    rules = {finding["rule"] for finding in findings}
    if example.kind == "bad":
        assert name in rules, "the bad example is not reported; found in it: %s" % findings
    else:
        assert not findings, "the good example is reported"


def test_optional_rules_say_so_twice():
    from pack.lint.rules import OPTIONAL

    assert {name for name in NAMES if getattr(rule_module(name), "OPTIONAL", False)} == set(OPTIONAL)


def test_the_base_plugin_is_silent(plugin):
    assert lint(plugin()) == (0, [])


def test_rules_that_run_last_do_nothing_alone():
    for name in AFTER:
        assert list(rule_module(name).check(None, None)) == []


def test_explain_prints_every_part(capsys):
    from pack.lint.cli import main

    assert main(["--explain", "hook-matcher"]) == 0
    text = capsys.readouterr().out
    for part in ("hook-matcher (error)", "bad: hooks/hooks.json", "good: hooks/hooks.json", "source: client " + versions()["pinned"]):
        assert part in text


def test_explain_of_an_unknown_rule_names_the_nearest(capsys):
    from pack.lint.cli import main

    assert main(["--explain", "hook-macher"]) == 2
    assert 'did you mean "hook-matcher"?' in capsys.readouterr().err


def test_the_generated_rule_list_is_up_to_date():
    with open(os.path.join(ROOT, "references", "rules.md"), encoding="utf-8") as handle:
        assert handle.read() == catalogue.markdown(), "run: make generate"


def test_writing_is_what_the_fixture_says(tmp_path):
    write(tmp_path, {"a/b.txt": "x", "c": b"\xff"})
    write(tmp_path, {"a/b.txt": None})
    assert os.listdir(str(tmp_path / "a")) == [] and (tmp_path / "c").read_bytes() == b"\xff"
