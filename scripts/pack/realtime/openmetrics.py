"""The newest evidence as OpenMetrics text, for a Prometheus that scrapes a file or a push, and a Grafana dashboard over it.

Only what a gate would count is exported with a value: figures of INVALID, STALE or FORGED rows are left out, their verdict is not.
"""

import json

from pack.realtime import gates, rtfile

VERDICTS = gates.ORDER
QUANTILES = (("p50_ms", "0.5"), ("p95_ms", "0.95"), ("p99_ms", "0.99"), ("p999_ms", "0.999"))
FAMILIES = (  # name, unit, help
    ("pack_rt_verdict", "", "1 for the verdict that the newest evidence of a kind has on a path"),
    ("pack_rt_latency_seconds", "seconds", "latency from the intended time of sending, by percentile"),
    ("pack_rt_latency_bound_seconds", "seconds", "95 % upper bound of the quantile that is judged"),
    ("pack_rt_latency_budget_seconds", "seconds", "the budget of that quantile in rt.yaml"),
    ("pack_rt_probe_lateness_seconds", "seconds", "how late the probe itself was, P99, in sending and in receiving"),
    ("pack_rt_throughput_per_second", "", "messages a second in the worst ten seconds"),
    ("pack_rt_consumer_lag_messages", "", "acknowledged messages that the consumer had not handled, at most and when the last was sent"),
    ("pack_rt_messages", "", "messages of the newest audit or probe, by what became of them"),
    ("pack_rt_failover_seconds", "seconds", "from the fault to the last recovery"),
    ("pack_rt_measured_timestamp_seconds", "seconds", "when it was measured"),
)


def samples(team_dir, definition, now):
    """[(family, labels, value)] of every kind and path that rt.yaml asks for."""
    look, found = gates.Look(team_dir, definition, now), []
    if look.rt is None:
        raise rtfile.RtError(look.rt_problems)
    for kind, path_id in rtfile.required(look.rt, definition):
        row = look.row(look.kinds[kind], path_id)
        labels = {"project": look.rt["project"], "path": path_id, "kind": kind, "protocol": row["protocol"]}
        found += [("pack_rt_verdict", dict(labels, verdict=v), int(v == row["verdict"])) for v in VERDICTS]
        if row.get("at"):
            envelope = [e for e in look.files[kind][0] if e["run"]["id"] == row["run"]][0]
            found.append(("pack_rt_measured_timestamp_seconds", labels, envelope["run"]["end"]))
        if row["verdict"] in ("PASS", "FAIL"):
            found += _figures(look.kinds[kind]["measure"], labels, row, look.paths[path_id])
    return found


def _figures(measure, labels, row, path):
    facts, found = row.get("facts") or {}, []
    if "percentiles" in facts:
        found += [("pack_rt_latency_seconds", dict(labels, percentile=q), facts["percentiles"][key] / 1e3) for key, q in QUANTILES]
        for name, bound in facts["bounds"].items():
            quantile = {"p50": "0.5", "p95": "0.95", "p99": "0.99", "p999": "0.999"}[name]
            if bound is not None:
                found.append(("pack_rt_latency_bound_seconds", dict(labels, percentile=quantile), bound / 1e3))
            found.append(("pack_rt_latency_budget_seconds", dict(labels, percentile=quantile), path["budget_ms"][name] / 1e3))
        for side, key in (("sending", "lateness_p99_ms"), ("receiving", "receiving_p99_ms")):
            found.append(("pack_rt_probe_lateness_seconds", dict(labels, side=side), facts[key] / 1e3))
    if measure == "throughput":
        found.append(("pack_rt_throughput_per_second", labels, facts["worst"]))
    if "lag_max" in facts:
        found += [("pack_rt_consumer_lag_messages", dict(labels, when=w), facts["lag_" + w]) for w in ("max", "end")]
    for fate in ("sent", "acked", "received", "lost", "duplicates", "phantom", "indeterminate"):
        if isinstance(facts.get(fate), int):
            found.append(("pack_rt_messages", dict(labels, fate=fate), facts[fate]))
    if measure in ("recovery", "rebalance", "reconnect", "election") and row.get("value") is not None:
        found.append(("pack_rt_failover_seconds", labels, row["value"]))
    return found


def text(found):
    """The exposition: families in one order, `# EOF` at the end."""
    lines = []
    for family, unit, about in FAMILIES:
        mine = [(labels, value) for name, labels, value in found if name == family]
        if not mine:
            continue
        lines.append("# TYPE %s gauge" % family)
        if unit:
            lines.append("# UNIT %s %s" % (family, unit))
        lines.append("# HELP %s %s" % (family, about))
        for labels, value in mine:
            told = ",".join('%s="%s"' % (k, _escaped(str(v))) for k, v in sorted(labels.items()))
            lines.append("%s{%s} %s" % (family, told, repr(float(value)) if isinstance(value, float) else value))
    return "\n".join(lines + ["# EOF"]) + "\n"


def _escaped(value):
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def dashboard():
    """A Grafana dashboard over these metrics, as JSON text."""
    panels, place = [], 0
    for title, query, unit, legend in (
        ("Gates", 'pack_rt_verdict{verdict!="PASS"} == 1', "none", "{{kind}} {{path}} {{verdict}}"),
        ("P99 bound, share of its budget", 'pack_rt_latency_bound_seconds{percentile="0.99"} / pack_rt_latency_budget_seconds{percentile="0.99"}', "percentunit", "{{path}}"),
        ("Latency", "pack_rt_latency_seconds", "s", "{{path}} {{percentile}}"),
        ("Throughput, worst 10 s", "pack_rt_throughput_per_second", "cps", "{{path}}"),
        ("Consumer lag", "pack_rt_consumer_lag_messages", "none", "{{path}} {{when}}"),
        ("Lost and duplicate messages", 'pack_rt_messages{fate=~"lost|duplicates"}', "none", "{{path}} {{fate}}"),
        ("Failover", "pack_rt_failover_seconds", "s", "{{kind}} {{path}}"),
        ("The probe's own lateness", "pack_rt_probe_lateness_seconds", "s", "{{path}} {{side}}"),
    ):  # fmt: skip
        panels.append(
            {
                "id": place + 1,
                "title": title,
                "type": "timeseries",
                "datasource": {"type": "prometheus", "uid": "${source}"},
                "gridPos": {"h": 8, "w": 12, "x": 12 * (place % 2), "y": 8 * (place // 2)},
                "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
                "targets": [{"refId": "A", "expr": query, "legendFormat": legend}],
            }
        )
        place += 1
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    board = {
        "title": "pack rt",
        "uid": "pack-rt",
        "schemaVersion": 39,
        "version": 1,
        "tags": ["pack"],
        "time": {"from": "now-7d", "to": "now"},
    }
    return json.dumps(dict(board, templating={"list": [source]}, panels=panels), indent=1) + "\n"
