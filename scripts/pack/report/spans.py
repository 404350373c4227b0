"""A run as OpenTelemetry spans: the run, its phases, agents and tasks; verdicts, refusals and commits as events on them. Made with the SDK
(the extra `otel`) from the journal; ids are digests of run and name, so that a run that is exported twice is one trace.

Attributes: `team.*`. No text of messages, plans or reports leaves the journal: names, roles, states, codes and revisions do.
"""

import base64
import json

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Status, StatusCode

from pack import __version__
from pack.base import codec
from pack.protocol import tables
from pack.store import history

FOR_AGENTS = ("SPAWNING", "ACTIVE", "IDLE")


class NotSent(Exception):
    """The spans did not arrive; the text says where and why."""


class _Ids(IdGenerator):
    """The same run has the same ids."""

    def __init__(self, run):
        self.run, self.count = run, 0

    def _number(self, name, bits):
        return int(codec.digest(self.run, name, size=bits // 8), 16) or 1

    def generate_trace_id(self):
        return self._number("trace", 128)

    def generate_span_id(self):
        self.count += 1
        return self._number("span %d" % self.count, 64)


class ToFile(SpanExporter):
    """OTLP JSON, one ExportTraceServiceRequest a line, as the collector's file receiver reads it."""

    def __init__(self, out):
        self.out = out

    def export(self, spans):
        from google.protobuf.json_format import MessageToDict
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

        self.out.write(json.dumps(_hex(MessageToDict(encode_spans(spans), use_integers_for_enums=True)), ensure_ascii=False) + "\n")
        return SpanExportResult.SUCCESS


def _hex(value):
    """OTLP's JSON has ids in hex, protobuf's has them in base64."""
    if isinstance(value, list):
        return [_hex(v) for v in value]
    if not isinstance(value, dict):
        return value
    return {k: base64.b64decode(v).hex() if k in ("traceId", "spanId", "parentSpanId") else _hex(v) for k, v in value.items()}


def export(state, records, exporter):
    """Give the spans of a run to an exporter. Answers how many. Raises NotSent."""
    told, team = history.of(records)[0].closed(), state["team"]
    run = "%s %s" % (team["name"], records[0]["sum"] if "sum" in records[0] else records[0]["ts"])
    heard = _Heard(exporter)
    resource = Resource.create({"service.name": "team", "service.version": __version__})
    # The SDK keeps the last 128 events of a span and drops older ones without a word; an agent of a long run has more.
    limits = SpanLimits(max_span_attributes=len(records) + 16, max_events=len(records))
    provider = TracerProvider(resource=resource, id_generator=_Ids(run), shutdown_on_exit=False, span_limits=limits)
    provider.add_span_processor(SimpleSpanProcessor(heard))
    tracer = provider.get_tracer("pack", __version__)
    root = tracer.start_span(
        team["name"], start_time=_ns(told.start), attributes={"team.phase": state["phase"], "team.mode": state["mode"] or ""}
    )
    under = trace.set_span_in_context(root)
    for phase, start, end in told.phases:
        if phase:
            tracer.start_span("phase " + phase, context=under, start_time=_ns(start), attributes={"team.phase": phase}).end(_ns(end))
    agents, tasks = {}, {}
    for name, spans in told.agents.items():
        entry = state["roster"].get(name) or {"role": name}
        agents[name] = span = tracer.start_span(
            "agent " + name, context=under, start_time=_ns(spans[0][1]), attributes={"team.agent": name, "team.role": entry["role"]}
        )
        below = trace.set_span_in_context(span)
        for what, start, end, incarnation in spans:
            if what in FOR_AGENTS:
                one = {"team.state": what, "team.incarnation": incarnation}
                tracer.start_span(what.lower(), context=below, start_time=_ns(start), attributes=one).end(_ns(end))
    for number, spans in told.tasks.items():
        task = state["tasks"].get(str(number))
        tasks[number] = span = tracer.start_span(
            "task #%d" % number,
            context=under,
            start_time=_ns(spans[0][1]),
            attributes={"team.task": number, "team.state": task["state"] if task else "", "team.owner": (task or {}).get("owner") or ""},
        )
        below = trace.set_span_in_context(span)
        for what, start, end, owner in spans:
            if what not in tables.TERMINAL:
                one = {"team.state": what, "team.owner": owner or ""}
                tracer.start_span(what.lower(), context=below, start_time=_ns(start), attributes=one).end(_ns(end))
    for r in records:
        _event(r, agents, tasks, root)
    for name, spans in told.agents.items():
        agents[name].end(_ns(spans[-1][2] or told.end))
    for number, spans in told.tasks.items():
        tasks[number].end(_ns(spans[-1][2] or told.end))
    if state["phase"] == "FAILED_SAFE" or state["teardown"]["aborted"]:
        root.set_status(Status(StatusCode.ERROR, "aborted" if state["teardown"]["aborted"] else "FAILED_SAFE"))
    root.end(_ns(told.end))
    provider.shutdown()
    if heard.failed:
        raise NotSent("%d of %d spans were not taken" % (heard.failed, heard.count))
    return heard.count


def _event(record, agents, tasks, root):
    """A verdict, a refusal or a commit, on its task and its agent."""
    d, bad = record["data"], record["event"] in tables.TROUBLE
    if not bad and record["event"] not in ("APPROVED", "CHANGES_REQUESTED", "COMMITTED", "VERIFIED", "STATE_OWNERSHIP_ACK"):
        return
    said = {"team.seq": record["seq"], "team.actor": record["actor"]["name"] or "gate"}
    for key in ("code", "revision", "sha", "build_exit", "test_exit"):
        if isinstance(d.get(key), (str, int)):
            said["team." + key] = d[key]
    number = d.get("task")
    owner = tasks.get(int(number)) if isinstance(number, (int, str)) and str(number).isdigit() else None
    for span in {id(s): s for s in (owner, agents.get(record["actor"]["name"])) if s is not None}.values() or [root]:
        span.add_event(record["event"], said, timestamp=_ns(record["ts"]))


class _Heard(SpanExporter):
    """Counts what an exporter took and what not: its own failures are only logged."""

    def __init__(self, exporter):
        self.exporter, self.count, self.failed, self.kept = exporter, 0, 0, []

    def export(self, spans):
        self.kept += spans
        return SpanExportResult.SUCCESS

    def shutdown(self):
        for i in range(0, len(self.kept), 500):
            part = self.kept[i : i + 500]
            self.count += len(part)
            self.failed += len(part) if self.exporter.export(part) is not SpanExportResult.SUCCESS else 0
            if self.failed:
                break
        self.exporter.shutdown()


def _ns(seconds):
    return int(seconds * 1e9)
