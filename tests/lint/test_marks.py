"""lint/marks.py: what the automaton finds is what `in` finds, and a run with it says what a run without it says."""

import os
import re

import pytest
from conftest import ROOT, lint
from hypothesis import given, settings
from hypothesis import strategies as st
from test_client_cases import CORPUS

from pack.lint import discover, engine, facts, marks, triggers
from pack.lint.config import Config
from pack.lint.model import has

FACTS = facts.load()
triggers.of_facts(FACTS)
FINDER = marks.finder(triggers.WORDS, marks.LEAST)
needs_wheel = pytest.mark.skipif(FINDER is None, reason="needs ahocorasick_rs")


def texts():
    found = []

    def look(value):
        if isinstance(value, str):
            found.append(value)
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            look(one)

    look(CORPUS["cases"])
    return found


@needs_wheel
def test_the_words_of_every_recorded_text():
    for text in texts():
        data = text.encode("utf-8", "surrogatepass")
        assert FINDER(data) == {word for word in FINDER.known if word.encode("utf-8", "surrogateescape") in data}


@needs_wheel
@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(sorted(FINDER.known) if FINDER else [""]), st.text(max_size=5)), max_size=12))
def test_words_that_overlap_are_all_found(parts):
    text = "".join(parts).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    found = FINDER(text.encode("utf-8"))
    assert found == {word for word in FINDER.known if word.encode("utf-8", "surrogateescape") in text.encode("utf-8")}


@needs_wheel
def test_a_run_without_it_says_the_same(monkeypatch):
    with_it = lint(ROOT)
    assert len(discover.scan(ROOT).files) >= marks.LEAST
    monkeypatch.setattr(marks, "finder", lambda needles, files: None)
    assert lint(ROOT) == with_it


@needs_wheel
def test_what_the_rules_ask_for_is_looked_for():
    """The strings in `holds((...))` and in the tuples that are handed to it; one that is missing costs time, not a finding."""
    folder = os.path.join(ROOT, "scripts", "pack", "lint")
    sources = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".py")]
    sources += [os.path.join(folder, "rules", name) for name in os.listdir(os.path.join(folder, "rules")) if name.endswith(".py")]
    for path in sources:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
        for name in re.findall(r"\.holds\((_[A-Z_]+)\)", text):
            module = __import__("pack.lint." + os.path.relpath(path, folder)[:-3].replace(os.sep, "."), fromlist=["x"])
            assert set(getattr(module, name)) <= FINDER.known | triggers.COMMON, (path, name)


def test_a_small_tree_does_without(plugin):
    project = discover.scan(str(plugin()))
    engine.Rules(project, FACTS, Config())
    assert project.finder is None
    assert project.files[0].holds(("---",)) == has(project.files[0].text, ("---",))
