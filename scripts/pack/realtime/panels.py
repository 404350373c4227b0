"""What a sprint watches: panels with their metrics, where alerts go, the trace of an alert, the runbook of an outage (sprint.yaml).

Checked where it can be: an address answers, a trace is found in a file of OTLP JSON, a runbook is there.
"""

import json
import os
import urllib.error
import urllib.request
from http.client import HTTPException

ANSWER_S = 5.0
MOST_BYTES = 64 << 20  # of one trace file


def lines(data):
    """The list of panels and alerts for a document."""
    out = ["- [%s](%s): %s" % (p["title"], p["url"], ", ".join(p["metrics"])) for p in data.get("panels", [])]
    return out + [
        "- alert `%s`%s: goes to %s%s"
        % (
            a["alert"],
            " on %s" % a["panel"] if a.get("panel") else "",
            a["route"],
            ", trace_id %s" % a["trace_id"].lower() if a.get("trace_id") else "",
        )
        for a in data.get("alerts", [])
    ]


def wrong(data):
    """What of the panels, alerts and contracts does not fit together: lines, [] where all does."""
    titles, squads = [p["title"] for p in data.get("panels", [])], [s["id"] for s in data["squads"]]
    out = ["panel %r: unknown squad %r" % (p["title"], p["squad"]) for p in data.get("panels", []) if p.get("squad") not in squads + [None]]
    out += [
        "alert %r: unknown panel %r" % (a["alert"], a["panel"]) for a in data.get("alerts", []) if a.get("panel") not in titles + [None]
    ]
    out += [
        "alert %r has a trace_id, and nothing says where traces are: `traces: FILE`" % a["alert"]
        for a in data.get("alerts", [])
        if a.get("trace_id") and not data.get("traces")
    ]
    for c in data.get("contracts", []):
        if ("http" in c) == ("topic" in c) or "topic" in c and "address" not in c:
            out.append("contract %r: give `http: URL`, or `topic: ADAPTER` with `address`" % c["name"])
    return out


def answers(url):
    """None where the address answers with a page, else why not."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url), timeout=ANSWER_S) as answer:
            answer.read(1)
        return None
    except urllib.error.HTTPError as error:
        error.close()
        return None if error.code in (401, 403) else "answers %d" % error.code  # one that asks who you are is there
    except (OSError, ValueError, HTTPException) as error:
        return "does not answer (%s)" % (getattr(error, "reason", None) or error)


def traces(path):
    """The trace ids (32 small hex digits) in a file of OTLP JSON, or in the files of a folder: one document, or one a line as a collector's file
    exporter writes them. ValueError names a file that is none."""
    if os.path.isdir(path):
        return set().union(*(traces(os.path.join(path, n)) for n in sorted(os.listdir(path)) if n.endswith((".json", ".jsonl"))), set())
    with open(path, encoding="utf-8") as handle:
        text = handle.read(MOST_BYTES)
    try:
        documents = [json.loads(text)]
    except ValueError:
        try:
            documents = [json.loads(row) for row in text.split("\n") if row.strip()]
        except ValueError:
            raise ValueError("%s is no OTLP JSON" % path) from None
    out = set()
    for document in documents:
        for resource in document.get("resourceSpans", ()) if isinstance(document, dict) else ():
            for scope in resource.get("scopeSpans", ()):
                out |= {str(span.get("traceId")).lower() for span in scope.get("spans", ())}
    return out


def problems(data, root="."):
    """What does not answer or is not found, a line each."""
    out = []
    for panel in data.get("panels", []):
        why = answers(panel["url"])
        out += ["panel %s: %s %s" % (panel["title"], panel["url"], why)] if why else []
    asked = [a for a in data.get("alerts", []) if a.get("trace_id")]
    if asked:
        try:
            known = traces(os.path.join(root, data["traces"]))
        except (OSError, ValueError, AttributeError, TypeError) as error:
            return out + ["traces cannot be read: %s" % error]
        out += [
            "alert %s: no trace %s in %s" % (a["alert"], a["trace_id"], data["traces"]) for a in asked if a["trace_id"].lower() not in known
        ]
    out += [
        "runbook of %s: %s does not exist" % (n, f)
        for n, f in sorted(data.get("runbooks", {}).items())
        if not os.path.isfile(os.path.join(root, f))
    ]
    return out


def runbook_of(data, service, root="."):
    """`; runbook: PATH` for a service whose check failed; "" where sprint.yaml names none."""
    path = data.get("runbooks", {}).get(service)
    if not path:
        return ""
    return "; runbook: %s%s" % (path, "" if os.path.isfile(os.path.join(root, path)) else " (does not exist: write it)")
