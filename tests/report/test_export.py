"""`pack export --otlp`: the spans of a run, to a file and to a collector, read back and held against the journal."""

import functools
import http.server
import json
import sys
import threading

import pytest

from report.test_past import look as looking
from report.test_timeline import run  # noqa: F401 - a fixture

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra `otel`")

look = functools.partial(looking, PACK_PYTHON=sys.executable)


def spans(text):
    requests = [json.loads(line) for line in text.splitlines()]
    return [s for r in requests for rs in r["resourceSpans"] for ss in rs["scopeSpans"] for s in ss["spans"]]


def attributes(span):
    return {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}


def test_the_spans_in_a_file_are_the_run(run, tmp_path):  # noqa: F811
    out = tmp_path / "run.jsonl"
    said = look(run, "export", "--otlp", str(out))
    found, events = spans(out.read_text()), run.events()
    assert said == "%d spans of feature-add-a-greeting: %s\n" % (len(found), out)
    assert len({s["traceId"] for s in found}) == 1 and all(len(s["traceId"]) == 32 and len(s["spanId"]) == 16 for s in found)
    by = {s["name"]: s for s in found}
    root = by["feature-add-a-greeting"]
    assert "parentSpanId" not in root and int(root["startTimeUnixNano"]) == int(events[0]["ts"] * 1e9)
    assert int(root["endTimeUnixNano"]) == int(events[-1]["ts"] * 1e9)
    ids = {s["spanId"] for s in found}
    assert all(s["parentSpanId"] in ids for s in found if s is not root)
    assert attributes(by["agent coder-1"])["team.role"] == "coder" and attributes(by["task #1"])["team.state"] == "DONE"
    told = [e["name"] for e in by["task #1"]["events"]]
    assert told == [
        e["event"] for e in events if e["data"].get("task") == 1 and e["event"] in ("APPROVED", "CHANGES_REQUESTED", "COMMITTED", "REFUSED")
    ]
    refused = [e for s in found for e in s.get("events", ()) if e["name"] == "REFUSED"]
    assert {attributes(e)["team.code"] for e in refused} == {e["data"]["code"] for e in events if e["event"] == "REFUSED"}
    assert "MAJOR" not in out.read_text() and "script" not in out.read_text(), "no text of a message leaves the journal"
    again = tmp_path / "again.jsonl"
    look(run, "export", "--otlp", str(again))
    assert [s["spanId"] for s in spans(again.read_text())] == [s["spanId"] for s in found]
    to_a_collector(run)


def test_no_event_of_a_long_run_is_left_out(run, tmp_path):  # noqa: F811
    """The SDK alone keeps 128 events of a span, the last ones."""
    for _ in range(150):
        assert run.bash("coder-1", "git stash")
    look(run, "export", "--otlp", str(tmp_path / "long.jsonl"))
    found = spans((tmp_path / "long.jsonl").read_text())
    told = [e for s in found if s["name"] == "agent coder-1" for e in s["events"] if e["name"] == "REFUSED"]
    assert len(told) >= 150 and not any(s.get("droppedEventsCount") for s in found)


def to_a_collector(run):  # noqa: F811
    """A collector gets them, and one that is away is said."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    got = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = "http://127.0.0.1:%d" % server.server_address[1]
        said = look(run, "export", "--otlp", address, NO_PROXY="127.0.0.1")
        server.shutdown()
    names = [s.name for path, r in got for rs in r.resource_spans for ss in rs.scope_spans for s in ss.spans]
    assert got[0][0] == "/v1/traces" and said.startswith("%d spans of" % len(names)) and "task #1" in names
    away = look(run, "export", "--otlp", address, code=1, NO_PROXY="127.0.0.1")
    assert "did not take them" in away and "nothing answers there (Connection refused)" in away and "collector" in away


def test_nothing_is_exported_unasked(session):
    assert "--otlp" in look(session, "export", code=2)
