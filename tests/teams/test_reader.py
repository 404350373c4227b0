"""The reader of definitions reads what PyYAML reads (YAML 1.2's scalars aside), and puts every value where it stands."""

import json
import os
import random

import pytest
import yaml

from pack.base import yamltext

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FILES = [os.path.join(HERE, "definitions", n) for n in sorted(os.listdir(os.path.join(HERE, "definitions")))] + [
    os.path.join(ROOT, "scripts", "pack", "teams", "realtimeSystems.yaml"),
    os.path.join(ROOT, "tests", "realtime", "smallTeam.yaml"),
]
TEXTS = [
    "a",
    "ab c",
    "x: y",
    "- z",
    "#no",
    "a #b",
    "'q'",
    '"d"',
    "",
    "1",
    "1.5",
    "true",
    "null",
    "~",
    "é ü",
    "日本",
    "a\nb",
    "a\n\nb\n",
    "  lead",
    "trail  ",
    "[x]",
    "{y}",
    "*s",
    "&t",
    "!u",
    "|",
    "> f",
    "%p",
    "@q",
    "`r",
    "a,b",
    "k:",
    "://h",
    "no",
    "yes",
    "-",
    "?",
    "? q",
    "a\tb",
    "very long text " * 12,
    "line one\n  indented\nback",
    "😀",
    "\\n",
    "...",
    "---",
    "a: b: c",
    "'",
    '"',
    "#",
    "a\n",
    "\n",
    "\na",
    "x\n\n\ny",
]


@pytest.mark.parametrize("path", FILES, ids=[os.path.basename(p) for p in FILES])
def test_a_definition_reads_as_with_pyyaml(path):
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    assert yamltext.read(text).value == yaml.safe_load(text)


@pytest.mark.parametrize("seed", range(4))
def test_what_pyyaml_writes_is_read_back(seed):
    rng = random.Random(seed)

    def value(depth):
        kind = rng.random()
        if depth <= 0 or kind < 0.5:
            return rng.choice(TEXTS + [1, -3, 2.5, True, False, None, 0, 10000000000.0])
        if kind < 0.75:
            return [value(depth - 1) for _ in range(rng.randrange(4))]
        return {rng.choice([t for t in TEXTS if "\n" not in t and len(t) < 60]) + str(i): value(depth - 1) for i in range(rng.randrange(4))}

    def text_only(x):
        return (
            {k: text_only(v) for k, v in x.items()} if isinstance(x, dict) else [text_only(v) for v in x] if isinstance(x, list) else str(x)
        )

    seen = 0
    for _ in range(300):
        told = value(4)
        quotes = rng.choice([None, None, "'", '"', "|", ">"])
        told = text_only(told) if quotes else told
        text = yaml.safe_dump(
            told,
            default_flow_style=rng.choice([None, True, False]),
            width=rng.choice([20, 80, 1000]),
            allow_unicode=rng.choice([True, False]),
            indent=rng.choice([2, 4]),
            default_style=quotes,
        )
        if "!!" not in text:
            seen += 1
            assert yamltext.read(text).value == yaml.safe_load(text), text
        text = json.dumps(told, indent=rng.choice([None, 1, 4]), ensure_ascii=rng.choice([True, False]))
        assert yamltext.read(text).value == told, text
    assert seen > 200


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {k: 1}\nb: *x\nc: [*x, *x]\n",
        "base: &b {k: 1, l: 2}\nmore: {<<: *b, l: 3}\n",
        "a:\n- 1\n- - 2\n  - 3\n-\n  k: v\nb: c\n",
        "a: |+\n  x\n\n\nb: >-\n  one\n  two\n\n  three\n",
        "'a b': c # comment\n\"d\\te\": f\n",
        "a: {b: [1, 2,], c: {d: e},}\n",
        "a: [x: y, z]\n",
        "---\na: b\n...\n",
        "\ufeffa: b\n",
        "a: b\r\nc:\r\n  - d\r\n",
        "a: one\n  two\n\n  three\nb: c\n",
        "a: \"one\n  two\\\n  three\"\n",
        "a:\nb:\n",
        "- a: 1\n  b: 2\n- c: 3\n",
        "a: http://x/y#z\n",
        "a: [\n  1, # one\n  2\n]\n",
        "a: &x\n  k: v\nb: *x\n",
        "&r\na: 1\n",
    ],
)
def test_forms_that_people_write(text):
    assert yamltext.read(text).value == yaml.safe_load(text)


def test_every_value_of_a_definition_is_where_it_says():
    with open(FILES[-1], encoding="utf-8") as handle:
        text = handle.read()
    document = yamltext.read(text)
    for path, (start, end) in document.spans.items():
        value = document.value_at(path)
        if isinstance(value, str) and "\n" not in text[start:end]:
            assert text[start:end].strip("'\"") == value
        if path and isinstance(path[-1], str):
            begin, stop = document.keys[path]
            assert text[begin:stop].strip("'\"") == path[-1]
