"""Avro's resolution rules, held against `fastavro`: what it can read of every value must be what the rules say."""

import io
import itertools

import fastavro
import pytest

from pack.realtime import avro
from pack.realtime.checks import breaking


def record(*fields, name="R", **more):
    return dict({"type": "record", "name": name, "fields": list(fields)}, **more)


def enum(symbols, **more):
    return dict({"type": "enum", "name": "E", "symbols": symbols}, **more)


def field(name, kind, **more):
    return dict({"name": name, "type": kind}, **more)


# (schema, values that show each of its branches)
TYPES = [
    ("null", [None]),
    ("boolean", [True]),
    ("int", [1]),
    ("long", [1 << 40]),
    ("float", [0.5]),
    ("double", [0.5]),
    ("bytes", [b"x"]),
    ("string", ["x"]),
    (["null", "int"], [None, 1]),
    (["null", "long"], [None, 1]),
    (["null", "string"], [None, "x"]),
    (["int", "string"], [1, "x"]),
    ({"type": "array", "items": "int"}, [[1]]),
    ({"type": "array", "items": "long"}, [[1]]),
    ({"type": "map", "values": "int"}, [{"k": 1}]),
    ({"type": "map", "values": "string"}, [{"k": "x"}]),
    (enum(["A", "B"]), ["A", "B"]),
    (enum(["A", "B", "C"]), ["A", "B", "C"]),
    (enum(["A", "B"], default="A"), ["A", "B"]),
    ({"type": "fixed", "name": "F", "size": 2}, [b"xx"]),
    ({"type": "fixed", "name": "F", "size": 3}, [b"xxx"]),
    (record(field("a", "int")), [{"a": 1}]),
    (record(field("a", "long")), [{"a": 1}]),
    (record(field("a", "int"), field("b", "string", default="")), [{"a": 1, "b": "x"}]),
    (record(field("a", "int"), field("b", "string")), [{"a": 1, "b": "x"}]),
    (record(field("c", "int", aliases=["a"])), [{"c": 1}]),
    (record(field("a", ["null", "R"], default=None)), [{"a": None}, {"a": {"a": None}}]),
    ([record(field("a", "int")), "null"], [{"a": 1}, None]),
    ({"type": "int", "logicalType": "date"}, [1]),
]


def reads(writer, reader, values):
    """Can fastavro read all of them?"""
    for value in values:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, writer, value)
        out.seek(0)
        try:
            fastavro.schemaless_reader(out, writer, reader)
        except Exception:
            return False
    return True


def test_the_rules_are_those_of_fastavro():
    wrong = []
    for (writer, values), (reader, _) in itertools.product(TYPES, TYPES):
        told = avro.unreadable(writer, reader)
        if (told == []) != reads(writer, reader, values):
            wrong.append((writer, reader, told))
    assert wrong == []


@pytest.mark.parametrize(
    "old, new, told",
    [
        (record(field("a", "int")), record(field("a", "long")), "not updated cannot read what is written: /a: long cannot be read as int"),
        (record(field("a", "long")), record(field("a", "int")), "what is stored cannot be read any more: /a: long cannot be read as int"),
        (enum(["A"], default="A"), enum(["A", "B"], default="A"), None),
        (enum(["A"]), enum(["A", "B"]), "symbol B of enum E is not known to the reader"),
        (enum(["A", "B"], default="A"), enum(["A"], default="A"), None),
        (enum(["A", "B"]), enum(["A"]), "what is stored cannot be read any more: /: symbol B"),
        (record(field("a", "string")), record(field("a", "bytes")), None),
        (record(field("a", "int")), record(field("a", ["null", "int"])), "null cannot be read as int"),
        (record(), record(field("a", "int", default=0)), None),
        (record(field("a", "int", default=0)), record(), None),
        (record(field("a", "int")), record(), "not updated cannot read what is written: /a: it is not written"),
        (record(field("a", "Missing")), record(field("a", "int")), "it is no Avro schema: no type is called 'Missing'"),
        (record(name="a.b.R"), record(name="c.R"), None),
        (record(name="Old"), record(name="New", aliases=["Old"]), "not updated cannot read what is written: /: record New"),
        (
            {"type": "fixed", "name": "F", "size": 2},
            {"type": "fixed", "name": "F", "size": 4},
            "fixed of 2 bytes cannot be read as one of 4",
        ),
    ],
)
def test_a_change_must_be_readable_both_ways(old, new, told):
    found = breaking(old, new)
    assert found == [] if told is None else any(told in x for x in found), found
