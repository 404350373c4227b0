"""`pack export --otlp FILE|ADDRESS`: a run as OpenTelemetry spans, when it is asked for and never by itself."""

import argparse
import logging
import os
import sys

from ..base import arguments, extras, whole_file
from ..protocol.refusal import Refusal
from ..store.journal import Damaged
from ..store.open_for_reading import Run


def main(argv):
    """Exit 0 done, 1 no run, or a collector that did not take it, 2 usage or a package that is missing."""
    parser = arguments.Parser(
        prog="pack export",
        description="the spans of a run, for OpenTelemetry: run, phases, agents, tasks; refusals and verdicts as events",
        epilog="examples:\n  pack export --otlp run.jsonl\n  pack export --otlp http://127.0.0.1:4318",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--otlp", required=True, metavar="FILE|ADDRESS", help="a file of OTLP JSON lines, or a collector's http(s) address")
    parser.add_argument("--project", default=None, help="the project's folder (default: found from here upwards)")
    parser.add_argument("--team", default=None, help="the team's name (default: the active one, else the newest)")
    args = parser.parse_args(argv)
    try:
        state, records = Run(args.project, args.team).look()
    except Refusal as refusal:
        print(refusal.text(), file=sys.stderr)
        return 1
    except Damaged as error:
        print("pack export: %s: pack doctor shows it" % error, file=sys.stderr)
        return 1
    os.environ.setdefault("OTEL_SDK_DISABLED", "false")
    try:
        from ..report import spans
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("opentelemetry", "google")):
            raise
        print("pack export: needs the OpenTelemetry SDK: %s" % extras.install("otel"), file=sys.stderr)
        return 2
    logging.disable(logging.CRITICAL)  # what goes wrong is said below, once
    address = ""
    try:
        if args.otlp.startswith(("http://", "https://")):
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            address = args.otlp.rstrip("/")
            address += "" if address.endswith("/v1/traces") else "/v1/traces"
            count = spans.export(state, records, OTLPSpanExporter(endpoint=address, timeout=10))
        else:
            count = 0

            def write(path):
                nonlocal count
                with open(path, "w", encoding="utf-8") as out:
                    count = spans.export(state, records, spans.ToFile(out))

            whole_file.made_by(args.otlp, write)
    except spans.NotSent as error:
        why = _why(address) if address else ""
        print("pack export: %s did not take them: %s%s" % (args.otlp, error, why and "; " + why), file=sys.stderr)
        return 1
    print("%d spans of %s: %s" % (count, state["team"]["name"], args.otlp))
    return 0


def _why(address):
    """What the address answers to a request without a span, in words; the exporter keeps that for itself. "" where it takes one."""
    import http.client
    import urllib.error
    import urllib.request

    empty = urllib.request.Request(address, data=b"", headers={"Content-Type": "application/x-protobuf"})
    try:
        with urllib.request.urlopen(empty, timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        return "it answers %d %s" % (error.code, error.reason)
    except urllib.error.URLError as error:
        return "nothing answers there (%s): is the collector running, and is this its OTLP/HTTP port?" % (
            getattr(error.reason, "strerror", None) or error.reason
        )
    except (OSError, http.client.HTTPException) as error:
        return "it does not speak HTTP (%s): OTLP over HTTP has port 4318 by default" % error
