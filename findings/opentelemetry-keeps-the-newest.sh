#!/bin/sh
# opentelemetry-sdk 1.45.2 (Python): a span keeps 128 events and 128 attributes, and of more the *last* ones. The first events of a long span, what it began
# with, are gone without a word; only dropped_events of the span counts them. A new attribute pushes out the oldest, with a line in the log; the specification
# says that the attribute which would exceed the limit is to be discarded. So what is set at start_span (name of the customer, id of the run) is what a long
# span loses first. Seen for 200 of each: events e72 to e199, attributes a72 to a199, dropped 72 and 72. A good guess was the first 128. Installs opentelemetry-
# sdk into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" opentelemetry-sdk==1.45.2 2>/dev/null
cd "$home"
PYTHONPATH=$home timeout 240 "$python" -c '
import sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

kept, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
with provider.get_tracer("t").start_as_current_span("run") as span:
    for number in range(200):
        span.add_event("e%d" % number)
        span.set_attribute("a%d" % number, number)
[span] = kept.get_finished_spans()
events, attributes = [e.name for e in span.events], list(span.attributes)
seen = events[0], events[-1], attributes[0], attributes[-1], span.dropped_events, span.dropped_attributes
print("events %s to %s, attributes %s to %s, dropped %d and %d" % seen)
sys.exit(0 if seen == ("e72", "e199", "a72", "a199", 72, 72) else "changed")
' 2>/dev/null
