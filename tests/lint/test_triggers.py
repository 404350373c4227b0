"""lint/triggers.py spares imports; it must never spare a finding."""

import json
import os
import re

import pytest
from conftest import DATA, ROOT, lint, write
from test_client_cases import CORPUS, build
from test_hunt import CASES, lay
from test_protocol import BAD as PROTOCOL
from test_samples import BAD as SAMPLES

from pack.lint import engine, facts, jsondoc, lazy, marks, model, triggers
from pack.lint.rules import NAMES


@pytest.fixture
def ask_every_rule(monkeypatch):
    """Switch the table off for the second of two runs."""

    def off():
        monkeypatch.setattr(triggers, "question", lambda needs, finder: lambda file: True)
        monkeypatch.setattr(triggers, "PLUGIN", {})

    return off


def _both(roots, off):
    """[(name, findings with the table, findings without)] of folders; the second run comes after switching it off."""
    first = [(name, root, lint(root)[1]) for name, root in roots]
    off()
    return [name for name, root, found in first if lint(root)[1] != found]


@pytest.mark.parametrize("part", range(4))
def test_nothing_is_lost_in_the_hunt(part, tmp_path, ask_every_rule):
    roots = []
    for case in CASES[part::4]:
        root = tmp_path / case["name"] / "demo-pack"
        build(root, {"base": "ok-baseline", "files": {}})
        lay(root, case["files"])
        roots.append((case["name"], root))
    assert _both(roots, ask_every_rule) == []


def test_nothing_is_lost_in_the_corpus(tmp_path, ask_every_rule):
    roots = []
    for case in CORPUS["cases"]:
        root = tmp_path / case["name"]
        build(root, case)
        roots.append((case["name"], root))
    assert _both(roots, ask_every_rule) == []


def test_nothing_is_lost_in_the_samples(tmp_path, ask_every_rule):
    from conftest import PLUGIN

    roots = []
    for table in (SAMPLES, PROTOCOL):
        for rule, many in table.items():
            for index, files in enumerate(many):
                root = tmp_path / ("%s-%d-%d" % (rule, index, len(roots))) / "demo-pack"
                write(root, PLUGIN)
                write(root, files)
                roots.append((rule, root))
    assert _both(roots, ask_every_rule) == []


def test_nothing_is_lost_by_the_ways_of_a_large_tree(tmp_path, monkeypatch):
    """All words looked for at once, rules chosen by them, and what was made of a text let go of: as for a plugin of two files."""
    from conftest import PLUGIN

    roots = []
    for case in CASES[::3]:
        root = tmp_path / case["name"] / "demo-pack"
        build(root, {"base": "ok-baseline", "files": {}})
        lay(root, case["files"])
        roots.append(root)
    for table in (SAMPLES, PROTOCOL):
        for rule, many in table.items():
            root = tmp_path / ("sample-" + rule) / "demo-pack"
            write(root, PLUGIN)
            write(root, many[0])
            roots.append(root)
    small = [lint(root)[1] for root in roots]
    assert sum(map(len, small)) > 200
    monkeypatch.setattr(marks, "LEAST", 0)
    monkeypatch.setattr(engine, "MANY", 0)
    monkeypatch.setattr(model, "MANY", 0)
    assert [str(root) for root, found in zip(roots, small) if lint(root)[1] != found] == []


def test_nothing_is_lost_in_this_pack(ask_every_rule):
    assert _both([("pack", os.path.join(ROOT))], ask_every_rule) == []


def test_the_table_names_rules():
    named = set(triggers.TEXT) | set(triggers.PLUGIN) | set(triggers.of_facts(facts.load()))
    for table in triggers.OF_KIND.values():
        named |= set(table)
    assert named <= set(NAMES)


def test_the_flags_are_those_of_re():
    assert (lazy.MULTILINE, lazy.IGNORECASE, lazy.DOTALL, lazy.VERBOSE) == (re.M, re.I, re.S, re.X)


@pytest.mark.parametrize(
    "text",
    ['{"a": [1, 2.5, "x\\u00e9\\ud83d\\ude00", null, true]}', "\ufeff {} \n", '{"a": 1, "a": 2}', "[NaN]", "[1,]", "", "{", '"\\x"']
    + ['{"a": %s}' % ("9" * 5000), "[" * 3000, '{"b": {"a": 1, "a": 1}}', '"a\tb"', "\x0b[]", "[]x", "-0", "01", "1e5"]
    + ['{"a": [{"b\\n": {}, "c": [ ] } , [[1 , "x"], {}]], "d" :"e"}'],
)
def test_the_quick_json_is_the_slow_one(text):
    try:
        slow = jsondoc.Positions(text)
    except (jsondoc.JsonError, RecursionError):
        slow = None
    try:
        quick = jsondoc.parse(text)
    except jsondoc.JsonError:
        quick = None
    assert (slow is None) == (quick is None)
    if slow is not None:
        assert {path: quick.span(path) for path in slow.spans} == slow.spans  # looked for one by one
        assert {path: quick.key(path) for path in slow.spans} == {path: slow.keys.get(path) for path in slow.spans}
        assert quick.span(("none",)) is None and quick.span(("a", "none", 1)) is None and quick.key(("none", 0)) is None
        assert repr(quick.value) == repr(slow.value) and quick.duplicates == slow.duplicates and quick.spans == slow.spans


def test_the_facts_are_what_json_reads():
    with open(os.path.join(facts.HERE, facts.NEWEST + ".json"), encoding="utf-8") as handle:
        text = handle.read()
    assert jsondoc.loads(text) == json.loads(text) and os.path.isdir(DATA)


def test_what_the_cache_writes_is_json():
    values = [None, True, False, 0, -7, "", "a\"\\\n\x00é🦄\ud800", [], {}, [1, [2, {"a": None}]], {"k\n": (1, "x")}]
    for value in values:
        assert json.loads(jsondoc.dumps(value)) == json.loads(json.dumps(value))
    assert jsondoc.dumps(values) == json.dumps(values)
