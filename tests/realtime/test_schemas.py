"""Event schemas: Protobuf by its compiler's descriptors, and a registry of Confluent's API."""

import base64
import http.server
import json
import threading

import pytest

from pack.realtime import checks, gates, proto, registry, rtfile
from pack.teams import load

from .conftest import make_project

TEAM = load("realtimeSystems")
HEAD = 'syntax = "proto3";\npackage shop;\n'


def broken(old, new, head=HEAD):
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed (extra `schemas`)")
    return proto.breaks(proto.compiled(head + old), proto.compiled(head + new))


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("message O { int32 id = 1; }", "message O { int32 id = 1; string note = 2; }", None),
        ("message O { int32 id = 1; }", "message O { int64 id = 1; }", None),
        ("message O { int32 id = 1; }", "message O { sint32 id = 1; }", "O.id (number 1): type was int32, is sint32"),
        ("message O { int32 id = 1; }", "message O { string id = 1; }", "type was int32, is string"),
        ("message O { int32 id = 1; int32 n = 2; }", "message O { int32 id = 1; }", "O.n: it is gone, and its number 2 is not reserved"),
        ("message O { int32 id = 1; int32 n = 2; }", "message O { int32 id = 1; reserved 2; }", None),
        ("message O { reserved 2; }", "message O { int32 n = 2; }", "its number 2 was reserved"),
        ("message O { int32 id = 1; }", "message O { repeated int32 id = 1; }", "packed numbers are not read as one"),
        ("message O { string id = 1; }", "message O { repeated string id = 1; }", "only the last value is read"),
        ("message O { int32 id = 1; int32 n = 2; }", "message O { int32 n = 1; int32 id = 2; }", "it is called n now"),
        ("message O { int32 a = 1; int32 b = 2; }", "message O { oneof x { int32 a = 1; int32 b = 2; } }", "moved into a oneof with others"),
        ("message O { int32 a = 1; }", "message O { optional int32 a = 1; }", None),
        ("message O { Item i = 1; } message Item { int32 a = 1; } message Other { int32 a = 1; }", "message O { Other i = 1; } message Item { int32 a = 1; } message Other { int32 a = 1; }", "it was a shop.Item, is a shop.Other"),
        ("message O { } message P { }", "message O { }", "P: the message is gone"),
        ("message O { message In { int32 a = 1; } In i = 1; }", "message O { message In { float a = 1; } In i = 1; }", "O.In.a (number 1): type was int32, is float"),
        ("message O { map<string, int32> m = 1; }", "message O { map<string, string> m = 1; }", "type was int32, is string"),
        ("enum E { A = 0; B = 1; }", "enum E { A = 0; }", "the value B is gone, and its number 1 is not reserved"),
        ("enum E { A = 0; B = 1; }", "enum E { A = 0; reserved 1; }", None),
        ("enum E { A = 0; }", "enum E { A = 0; B = 1; }", None),
    ],
)  # fmt: skip
def test_what_breaks_on_the_wire(old, new, told):
    found = broken(old, new)
    assert (found == []) if told is None else any(told in line for line in found), found


def test_proto2_required_fields_and_what_the_compiler_says():
    two = 'syntax = "proto2";\n'
    assert "a new required field" in broken("message O { }", "message O { required int32 a = 1; }", two)[0]
    assert "a required field is gone" in broken("message O { required int32 a = 1; }", "message O { }", two)[0]
    assert "became required" in broken("message O { optional int32 a = 1; }", "message O { required int32 a = 1; }", two)[0]
    with pytest.raises(proto.BadSchema, match="it.proto:3"):
        proto.compiled(HEAD + "message O { nonsense }")


def test_both_agree_with_what_protobuf_really_reads():
    """A field of another wire group is not read; one of the same is: seen with the library itself."""
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed (extra `schemas`)")
    from google.protobuf import descriptor_pool, message_factory

    kinds = ["int32", "sint32", "bool", "fixed32", "fixed64", "float", "string", "bytes"]
    values, made, files = {"string": "1", "bytes": b"1"}, {}, {}
    for kind in kinds:
        files[kind] = proto.compiled(HEAD + "message O { %s a = 1; }" % kind)
        pool = descriptor_pool.DescriptorPool()
        pool.AddSerializedFile(files[kind].SerializeToString())
        made[kind] = message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.O"))
    for old in kinds:
        for new in kinds:
            raw = made[old](a=values.get(old, 1)).SerializeToString()
            read = made[new].FromString(raw).a == values.get(new, 1)
            if not proto.breaks(files[old], files[new]):
                assert read, (old, new)
            else:  # four bytes are read as another number, a zigzag 1 is a 2, which is true
                assert not read or {old, new} == {"sint32", "bool"}, (old, new)


class Registry(http.server.BaseHTTPRequestHandler):
    """Confluent's API, as far as it is read: GET /subjects/SUBJECT/versions/latest."""

    held = {}

    def do_GET(self):
        subject = self.path.split("/")[2] if self.path.startswith("/subjects/") else None
        allowed = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"me:secret").decode()
        code, told = (401, {}) if not allowed else (200, self.held[subject]) if subject in self.held else (404, {"error_code": 40401})
        raw = json.dumps(told).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *words):
        pass


@pytest.fixture
def served():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "127.0.0.1:%d" % server.server_port
    server.shutdown()
    server.server_close()


def test_a_registry_s_newest_version_is_a_baseline(served, tmp_path):
    record = {"type": "record", "name": "O", "fields": [{"name": "a", "type": "int"}]}
    Registry.held = {
        "orders-value": {"subject": "orders-value", "version": 7, "id": 3, "schema": json.dumps(record)},
        "chat-value": {"subject": "chat-value", "version": 1, "id": 4, "schemaType": "JSON", "schema": "{}"},
    }
    assert registry.latest("http://me:secret@%s/" % served, "orders-value")[:2] == (7, ".avsc")
    assert registry.latest("http://me:secret@%s" % served, "new/one") is None

    def verdict(address, subject, kind):
        part = {"file": "events/o.avsc", "registry": address, "subject": subject}
        team = make_project(tmp_path / ("%s%d" % (subject, len(list(tmp_path.iterdir())))), {"rt": 1, "project": "x", "paths": [], "schemas": [part]})  # fmt: skip
        (team.parent / "events" / "o.avsc").write_text(json.dumps(dict(record, fields=[{"name": "a", "type": kind}])))
        look = gates.Look(team, TEAM, 0)
        look.rt = {"schemas": [part]}
        return checks.schema_compatibility(look, {})

    good = "http://me:secret@%s" % served
    assert verdict(good, "orders-value", "int") == ("PASS", [])
    told, reasons = verdict(good, "orders-value", "long")
    assert told == "FAIL" and "since version 7 of orders-value in the registry: a consumer that was not updated" in reasons[0]
    assert verdict(good, "none-yet", "long") == ("PASS", [])
    assert verdict(good, "chat-value", "int")[0] == "FAIL" and "another kind of schema (.json)" in verdict(good, "chat-value", "int")[1][0]
    assert verdict("http://%s" % served, "orders-value", "int")[1][0].endswith("answers with HTTP 401 for the subject orders-value")
    told, reasons = verdict("http://127.0.0.1:9", "orders-value", "int")
    assert told == "MISSING" and "cannot be asked" in reasons[0]
    found = rtfile.check({"rt": 1, "project": "x", "paths": [{"id": "p"}], "schemas": [{"file": "a", "registry": "x"}]}, TEAM)
    assert found  # the paths are wrong; with sound ones it is the pair that is told


def test_a_closed_json_schema_cannot_grow():
    closed = {"properties": {"a": {}}, "additionalProperties": False}
    found = checks.breaking(closed, {"properties": {"a": {}, "b": {}}, "additionalProperties": False})
    assert found == ["/: 'b' is new, and a consumer that was not updated refuses further properties"]
    assert checks.breaking({"properties": {"a": {}}}, {"properties": {"a": {}, "b": {}}}) == []
