"""What a report shows, as plain data. Standard library only; slides.py and paper.py draw it and a test reads it back.

Never an average: the worst second, the worst path, the bound. What is INVALID, STALE, FORGED or MISSING comes last, in full.
"""

import os

from pack.realtime import claims, derive, evidence, gates, hdr, kanban, rtfile

JUDGED = ("PASS", "FAIL")  # the verdicts that say something of the system as it is
CURVE = (0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999)


def collect(team_dir, definition, now):
    """Everything a report of this moment shows."""
    look = gates.Look(team_dir, definition, now)
    result = gates.evaluate(team_dir, definition, now)
    rows = _rows(result)
    paths = look.paths
    data = {
        "team": definition["team"],
        "title": definition["title"],
        "project": (look.rt or {}).get("project", "(no rt.yaml)"),
        "at": result["at"],
        "commit": result["commit"],
        "dirty": result["dirty"],
        "verdict": result["verdict"],
        "halt": result["halt"],
        "waivers": result["waivers"],
        "ledger": result["ledger"],
        "gates": [
            {
                "id": g["id"],
                "title": g["title"],
                "verdict": g["verdict"],
                "hard_stop": g["hard_stop"],
                "reasons": g["reasons"],
                "respawn": g["roles_to_respawn"],
            }
            for g in result["gates"]
        ],
        "latency": [],
        "trend": {},
        "curves": {},
        "tradeoff": {},
        "delivery": [],
        "ordering": [],
        "throughput": [],
        "lag": {},
        "left_out": {},  # measure: how many runs of it are INVALID, and in no trend
        "failover": [],
        "stream": [],
        "density": [],
        "servers": {},
        "components": [],
        "infrastructure": [],
        "activity": activity(look),
        "open": [],
    }
    for (kind, path_id), row in rows.items():
        if row.get("server"):
            data["servers"][paths[path_id]["address"]] = row["server"]
        _measured(data, look.kinds[kind]["measure"], kind, paths.get(path_id), path_id, row)
    _history(look, data)
    _components(look, data)
    _infrastructure(look, rows, data)
    for gate in result["gates"]:
        for row in gate["evidence"]:
            name = row.get("kind") or row.get("artifact") or "check %s" % row.get("check")
            entry = {
                "what": name,
                "path": row.get("path") or "",
                "verdict": row["verdict"],
                "why": "; ".join(row["reasons"]),
                "gate": gate["id"],
            }
            if row["verdict"] != "PASS" and not any((o["what"], o["path"]) == (entry["what"], entry["path"]) for o in data["open"]):
                data["open"].append(entry)
    data["open"].sort(key=lambda o: gates.ORDER.index(o["verdict"]))
    data["headline"] = headline(data)
    data["certified"] = result["verdict"] == "PASS" and not result["dirty"]
    return data


def _measured(data, measure, kind, path, path_id, row):
    """One piece of evidence into the part of the report that shows its kind. path: its entry in rt.yaml; row: as the gate judged it."""
    facts = row.get("facts") or {}
    common = {
        "path": path_id,
        "kind": kind,
        "verdict": row["verdict"],
        "protocol": row.get("protocol"),
        "at": row.get("at"),
        "shows": facts.get("shows", []),
    }
    if measure in ("latency", "tail") and "percentiles" in facts:
        name = "p999" if measure == "tail" else "p99"
        budget = path["budget_ms"][name]
        bound = facts["bounds"].get(name)
        data["latency"].append(
            dict(
                common,
                claim=name,
                budget_ms=budget,
                bound_ms=bound,
                samples=facts["samples"],
                lost=facts["lost"],
                lateness_ms=facts["lateness_p99_ms"],
                # what is INVALID says nothing of a budget, and what is STALE nothing of this tree
                percent=round(100.0 * bound / budget, 1) if bound is not None and row["verdict"] in JUDGED else None,
                **facts["percentiles"],
            )
        )
    elif measure == "delivery" and "acked" in facts:
        data["delivery"].append(
            dict(
                common,
                guarantee=path["guarantee"],
                bound=3.0 / facts["acked"] if facts["acked"] and not facts["lost"] and row["verdict"] in JUDGED else None,
                **facts,
            )
        )
    elif measure == "ordering" and "acked" in facts:
        # of a causal path what counts is not the order of the numbers
        data["ordering"].append(dict(common, **dict(facts, reordered=row["value"])))
    elif measure in ("throughput", "burst") and row.get("value") is not None:
        data["throughput"].append(
            dict(
                common,
                measure=measure,
                value=row["value"],
                limit=row["limit"],
                unit="s to drain" if measure == "burst" else "msgs/s, worst 10 s",
            )
        )
    elif measure in ("recovery", "rebalance", "reconnect", "election") and row.get("value") is not None:
        data["failover"].append(
            dict(
                common,
                measure=measure,
                value_s=row["value"],
                limit_s=row["limit"],
                percent=round(100.0 * row["value"] / row["limit"], 1),
            )
        )
    elif measure == "stream" and "windows" in facts:
        data["stream"].append(dict(common, rate=row["value"], needed=row["limit"], **facts))
    elif measure == "density" and row.get("value") is not None:
        data["density"].append(dict(common, connections=row["value"], needed=row["limit"], cpu_percent=facts.get("cpu_percent")))


def _rows(result):
    found = {}
    for gate in result["gates"]:
        for row in gate["evidence"]:
            if row.get("kind") and row.get("path"):
                found.setdefault((row["kind"], row["path"]), row)
    return found


ACTIVITY = 24  # lines of a report


def activity(look):
    """[(when, what, of what)] of the newest measurements and moves of cards, oldest first."""
    found = [(r["ts"], "measured %s" % r["kind"], r["path"] or "") for r in look.records]
    if look.definition.get("kanban") and os.path.isfile(os.path.join(look.team_dir, look.definition["kanban"]["file"])):
        try:
            cards = kanban.Board(look.team_dir, look.definition).cards
        except kanban.KanbanError:
            cards = []  # `pack kanban show` says what is wrong with it
        found += [(at, "moved to %s" % column, "%s %s" % (c["id"], c["title"])) for c in cards for column, at in c["history"]]
    return [(evidence.iso(at), what, of) for at, what, of in sorted(found)[-ACTIVITY:]]


def _components(look, data):
    """The latency of each component (an evidence kind of latency): the worst path's percentiles, and how late the probe itself was."""
    for kind in look.kinds.values():
        mine = [r for r in data["latency"] if r["kind"] == kind["kind"] and kind["measure"] == "latency" and r["verdict"] in JUDGED]
        if mine:
            worst = {k: max(r[k] for r in mine) for k in ("p50_ms", "p95_ms", "p99_ms", "p999_ms", "lateness_ms")}
            data["components"].append(dict(worst, component=kind["title"], paths=[r["path"] for r in mine]))


def _infrastructure(look, rows, data):
    """Each server that was measured: its paths, when last, and the worst verdict of what was measured there."""
    by_address = {}
    for (_kind, path_id), row in rows.items():
        if row.get("server"):
            by_address.setdefault(look.paths[path_id]["address"], []).append(row)
    for address, mine in sorted(by_address.items()):
        newest = max(mine, key=lambda r: r["at"])
        data["infrastructure"].append(
            {
                "address": address,
                "server": newest["server"],
                "paths": sorted({r["path"] for r in mine}),
                "at": newest["at"],
                "host": newest["host"],
                "verdict": gates.worst([r["verdict"] for r in mine]),
            }
        )


def _history(look, data):
    """Of all authentic runs of each path that are not INVALID: P99 and worst message in their order, P99 against the rate that was kept, the
    lag; and the percentile curve of the newest."""
    for kind in look.kinds.values():
        for envelope in look.files[kind["kind"]][0]:
            path_id = envelope["entries"][0]["message_path"]
            if path_id not in look.paths or look.authentic(kind, envelope) is not None or envelope["run"]["partial"]:
                continue
            entry, run = envelope["entries"][0], envelope["run"]
            at = evidence.iso(run["end"])
            if _says_nothing(look, kind, envelope, look.paths[path_id]):
                data["left_out"][kind["measure"]] = data["left_out"].get(kind["measure"], 0) + 1
                continue
            if kind["measure"] in ("throughput", "delivery"):
                named = path_id if kind["measure"] == "throughput" else "%s (%s)" % (path_id, kind["kind"])
                data["lag"].setdefault(named, []).append([at, derive.lag(entry)])
            if kind["measure"] in ("latency", "throughput"):
                try:
                    histogram = hdr.Histogram(entry["histogram"])
                except (KeyError, hdr.BadHistogram):
                    continue
                told = claims.percentiles(histogram)
                data["tradeoff"].setdefault(path_id, []).append([entry["throughput_msgs_sec"], told["p99_ms"], kind["measure"]])
                if kind["measure"] == "latency":
                    data["trend"].setdefault(path_id, []).append([at, told["p99_ms"], told["max_ms"]])
                    data["curves"][path_id] = curve(histogram)


def _says_nothing(look, kind, envelope, path):
    """Is a run INVALID by its own figures: its numbers are of the probe, or of nothing? What was measured under another rt.yaml, or with
    another pack, is judged by what it says of the probe alone."""
    entry, run = envelope["entries"][0], envelope["run"]
    if entry.get("receiver") or run["exit_code"] or run["target"]["reality"] != "real":
        return True
    if run["spec"] == rtfile.path_digest(path):
        return look.judged(kind, envelope, path).verdict == "INVALID"
    return bool(entry.get("usage")) and claims.own_limit(entry) is not None


def curve(histogram):
    """[(1 / (1 - p), milliseconds)] of the percentiles that the samples can carry."""
    n = histogram.total
    points = [
        (round(1.0 / (1.0 - p), 3), round(histogram.at_rank(max(1, int(-(-p * n // 1)))) / 1000.0, 3))
        for p in CURVE
        if n * (1.0 - p) >= 1.0
    ]
    return points


def headline(data):
    """One sentence, computed: gates, the path nearest to its budget, delivery."""
    passed = sum(g["verdict"] == "PASS" for g in data["gates"])
    parts = ["%d of %d gates pass" % (passed, len(data["gates"]))]
    if data["halt"]:
        parts[0] = "HALT at %s: " % data["halt"]["gate"] + parts[0]
    judged = [r for r in data["latency"] if r["claim"] == "p99" and r["verdict"] in JUDGED]
    endless = [r for r in judged if r["percent"] is None]
    if endless:
        parts.append("%s loses messages, so it has no P99" % endless[0]["path"])
    elif judged:
        worst = max(judged, key=lambda r: r["percent"])
        parts.append(
            "%s is nearest to its P99 budget: %.1f of %g ms (%.0f %%)"
            % (worst["path"], worst["bound_ms"], worst["budget_ms"], worst["percent"])
        )
    delivery = [r for r in data["delivery"] if r["verdict"] in JUDGED]
    lost = [r for r in delivery if r["lost"]]
    if lost:
        parts.append("%d of %d acknowledged messages lost on %s" % (lost[0]["lost"], lost[0]["acked"], lost[0]["path"]))
    elif delivery:
        least = max(delivery, key=lambda r: r["bound"] or 1)
        parts.append("0 lost of %d on %s (loss rate below %.2g)" % (least["acked"], least["path"], least["bound"] or 1))
    waiting = [o for o in data["open"] if o["verdict"] in ("INVALID", "MISSING", "STALE", "FORGED")]
    if waiting:
        parts.append("%d open" % len(waiting))
    return "; ".join(parts)


def certificate(data, definition):
    """The final summary as Markdown: certified or not, and on what."""
    lines = [
        "# Certification: %s" % data["project"],
        "",
        "status: %s" % ("CERTIFIED" if data["certified"] else "NOT CERTIFIED"),
        "",
        data["headline"] + ".",
        "",
        "Measured at commit %s%s, judged %s; evidence ledger of %d records, head %s."
        % (
            data["commit"] or "none",
            " (dirty)" if data["dirty"] else "",
            data["at"],
            data["ledger"]["records"],
            data["ledger"]["head"][:16],
        ),
        "",
    ]
    lines += [
        "## Delivery guarantees",
        "",
        "| path | guarantee | evidence | sent | acknowledged | lost | duplicates | indeterminate | faults | loss rate below |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in data["delivery"]:
        cells = (
            r["path"],
            r["guarantee"],
            r["kind"],
            r["sent"],
            r["acked"],
            r["lost"],
            r["duplicates"],
            r["indeterminate"],
            faults(r["faults"]),
            "%.2g" % r["bound"] if r["bound"] else "-",
        )
        lines.append("| %s |" % " | ".join(map(str, cells)))
    lines += [
        "",
        "A fault is what its name says: `kill -9` of a process. No claim is made about power loss or disks.",
        "",
        "## Latency",
        "",
        "| path | claim | bound ms | budget ms | samples | verdict |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        "| %s | %s | %s | %g | %d | %s |"
        % (
            r["path"],
            r["claim"].upper().replace("P999", "P99.9"),
            "none" if r["bound_ms"] is None else "%.3f" % r["bound_ms"],
            r["budget_ms"],
            r["samples"],
            r["verdict"],
        )
        for r in data["latency"]
    ]
    lines += ["", "## Gates", "", "| gate | verdict |", "|---|---|"] + ["| %s | %s |" % (g["title"], g["verdict"]) for g in data["gates"]]
    if data["waivers"]:
        lines += ["", "## Waived", ""] + [
            "- `%s`: %g instead of %g: %s" % (n, w["value"], definition["thresholds"][n]["value"], w["reason"])
            for n, w in sorted(data["waivers"].items())
        ]
    lines += ["", "## Open", ""] + (
        ["- %s %s %s: %s" % (o["verdict"], o["what"], o["path"], o["why"]) for o in data["open"]] or ["Nothing."]
    )
    return "\n".join(lines) + "\n"


def left_out(data, *measures):
    """A remark where runs of these measures say nothing, or "": in a trend they would be a lie."""
    runs = sum(data["left_out"].get(m, 0) for m in measures)
    return "%d INVALID run%s left out" % (runs, " is" if runs == 1 else "s are") if runs else ""


def ms(value):
    """Milliseconds as people read them: three decimals below ten, one above."""
    return "%.3f" % value if value < 10 else "%.1f" % value


def faults(counts):
    """`3 worker-crash` for {"worker-crash": 3}."""
    return ", ".join("%d %s" % (n, f) for f, n in sorted(counts.items())) or "none"


HOW = {  # what a project that wants the test proved writes into rt.yaml
    "cross-server broadcast": "no broadcast over several servers was measured: `cluster: [...]` with `options: {mode: broadcast}`",
    "dead letters": "no audit sent poison: `dead_letter: {poison: N}` on the path of the consumer",
    "causal order": "no path has `ordering: causal`",
}


def matrix(definition, data):
    """The testing matrix with what was shown of each test: (section, test, threshold, verdict, note).

    A test is shown only by evidence of its kinds (and protocols, and limits); everything else reads MISSING.
    """
    shown = {}
    for part in ("latency", "delivery", "ordering", "throughput", "failover", "stream", "density"):
        for row in data[part]:
            shown.setdefault(row["kind"], []).append(row)
    found = []
    for part in definition.get("testing_matrix", []):
        for test in part["tests"]:
            rows = {
                k: [
                    r
                    for r in shown.get(k, [])
                    if ("adapters" not in test or r["protocol"] in test["adapters"])
                    and ("shows" not in test or test["shows"] in r["shows"])
                ]
                for k in test["evidence"]
            }
            verdict, note = gates.worst([r["verdict"] for k in rows for r in rows[k]]), ""
            waived = [n for n in test.get("limits", []) if n in data["waivers"]]
            if "unmeasured" in test:
                verdict, note = "MISSING", test["unmeasured"]
            elif not (any if test.get("any") else all)(rows.values()):
                verdict, note = "MISSING", HOW.get(test.get("shows"), "no such evidence")
            elif verdict == "PASS" and any(r.get("measure") == "throughput" for k in rows for r in rows[k]):
                rules = [definition["thresholds"][n] for n in test.get("limits", []) if definition["thresholds"][n]["unit"] == "msgs/s"]
                best = max(r["value"] for k in rows for r in rows[k] if r.get("measure") == "throughput")
                if any(best <= rule["value"] for rule in rules):
                    verdict, note = "MISSING", "only %g/s was shown" % best
            if verdict == "PASS" and waived:
                note = "waived: %s" % ", ".join("%s %g" % (n, data["waivers"][n]["value"]) for n in waived)
            found.append((part["section"], test["test"], test["threshold"], verdict, note))
    return found
