"""The quick look of lint/schema.py against jsonschema, on every JSON file of the recorded cases and on values with one thing wrong."""

import json
import os
import subprocess
import sys

import pytest
from conftest import DATA, ROOT

from pack.lint import facts, schema

jsonschema = pytest.importorskip("jsonschema")
FACTS = facts.load()
SCHEMAS = {
    "plugin": FACTS.schemas["plugin"],
    "marketplace": FACTS.schemas["marketplace"],
    "lspServer": FACTS.schemas["lspServer"],
    "monitors": FACTS.schemas["monitors"],
    **{"mcp " + name: value for name, value in FACTS.schemas["mcpServers"].items()},
    **{"handler " + name: value for name, value in FACTS.schemas["handlers"].items()},
    **{"source " + name: value for name, value in FACTS.schemas["pluginSources"].items()},
}
ODD = (
    None,
    True,
    0,
    -1,
    1.5,
    10**9,
    "",
    "x",
    "a b",
    "./x",
    "../x",
    "https://x.example",
    [],
    ["x"],
    [1],
    [None],
    {},
    {"x": 1},
    {"name": ""},
)


def documents():
    """Every value in the recorded cases that is JSON, once."""
    seen = {}

    def look(value):
        if isinstance(value, dict):
            for one in value.values():
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)
        elif isinstance(value, str) and value.lstrip().startswith(("{", "[")) and value not in seen:
            try:
                seen[value] = json.loads(value)
            except (ValueError, RecursionError):
                seen[value] = None

    for name in ("client_cases.json", "hunt.jsonl", "siblings.jsonl"):
        with open(os.path.join(DATA, name), encoding="utf-8") as handle:
            text = handle.read()
        look(json.loads(text) if name.endswith(".json") else [json.loads(line) for line in text.split("\n") if line])
    return [value for value in seen.values() if value is not None]


def inner(value, depth=3):
    """A value and those inside it: servers, handlers, sources stand deep in a manifest."""
    yield value
    if depth:
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from inner(one, depth - 1)


def agrees(value, rules):
    """Both refuse, or both take. What only the quick look can say is left out."""
    ours = [one for one in schema.quick(value, rules, (), {}) if not isinstance(one, schema.Problem)]
    theirs = schema._refused(value, rules, 0)
    return bool(ours) == bool(theirs) and all(schema._says_so(theirs, one, 0) for one in ours)


def test_on_the_recorded_cases():
    asked = 0
    for document in documents():
        for rules in (SCHEMAS["plugin"], SCHEMAS["marketplace"]):
            assert agrees(document, rules), document
            asked += 1
        for value in inner(document) if isinstance(document, dict) else ():
            if isinstance(value, dict) and value.keys() & {"command", "url", "source", "type"}:
                for name, rules in SCHEMAS.items():
                    if " " in name:
                        assert agrees(value, rules), (name, value)
                        asked += 1
    assert asked > 10000, asked


@pytest.mark.parametrize("name", SCHEMAS)
def test_with_one_thing_wrong(name):
    rules = SCHEMAS[name]
    for value in ODD:
        assert agrees(value, rules), value
    for key in rules.get("properties", {}):
        for value in ODD:
            assert agrees({key: value}, rules), (key, value)
            assert agrees({key: {"a": value}}, rules), (key, value)
            assert agrees({key: [value]}, rules), (key, value)


def test_the_library_decides(monkeypatch):
    """Where two branches may take a value, what the quick look alone is against is no finding."""
    one = {"type": "object", "properties": {"a": {"type": "string"}}}
    rules = {"anyOf": [one, dict(one, required=["b"])]}
    (found,) = schema.check({"a": 1}, rules)
    assert isinstance(found, schema.Doubted)
    monkeypatch.setattr(schema, "quick", lambda *_: [schema.Doubted((("a",), "looks odd", None))])
    assert schema.check({"a": "x"}, rules) == []
    monkeypatch.setattr(schema, "at_hand", lambda: False)
    assert schema.check({"a": "x"}, rules), "an installation without the library has the quick look"


def test_one_reading_is_not_asked(monkeypatch):
    """A text or a list of texts: which branch is meant is plain, so the library is not imported for it."""
    rules = {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}}]}
    monkeypatch.setattr(schema, "at_hand", lambda: pytest.fail("asked"))
    assert [one[0] for one in schema.check([1], rules)] == [(0,)]
    assert [one[0] for one in schema.check("", rules)] == [()]
    assert [one[0] for one in schema.check(7, rules)] == [()]


def test_it_is_imported_where_a_shape_has_several_readings_only(plugin):
    code = (
        "import io, sys; sys.path.insert(0, %r); from pack.lint.cli import main; main([%r, '--no-cache'], stdout=io.StringIO());"
        "print('jsonschema' in sys.modules)"
    )
    manifest = '{"name": "demo-pack", %s, "description": "Demo", "author": {"name": "E"}}'
    plain, several = (
        {".claude-plugin/plugin.json": manifest % '"version": 1'},
        {".claude-plugin/plugin.json": manifest % '"mcpServers": "x"'},
    )
    for files, expected in (({}, "False"), (plain, "False"), (several, "True")):
        argv = [sys.executable, "-c", code % (os.path.join(ROOT, "scripts"), str(plugin(files)))]
        assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() == expected
