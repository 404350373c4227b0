"""Judge percentiles at a fixed rate, the tail, and the spread of a broadcast."""

import math

from pack.realtime import stats
from pack.realtime.claims import (
    ASTRAY,
    QUANTILES,
    Finding,
    check_connections,
    check_counts,
    check_receiver,
    forged,
    histogram_of,
    invalid,
    near,
    own_limit,
    percentiles,
    receivers,
    upper_bound_ms,
    why_lost,
)


class _Verdict:
    """The worst that was found so far, and why. What is noted only stands beside it."""

    def __init__(self):
        self.worst, self.reasons = "PASS", []

    def fail(self, reason):
        self.worst = "FAIL"
        self.reasons.append(reason)

    def doubt(self, reason):
        """INVALID, unless something failed."""
        self.worst = "INVALID" if self.worst == "PASS" else self.worst
        self.reasons.append(reason)

    def note(self, reason):
        self.reasons.append(reason)


def judge(kind, path, entry, run, limits, raw):
    """The finding of one latency or tail measurement. The arguments are those of `derive.judge`."""
    histogram = histogram_of(entry["histogram"], "histogram")
    again, lateness = _is_its_material(path, entry, run, histogram)
    _is_what_was_asked(path, entry)
    seen = dict(
        samples=entry["sent"],
        lost=entry["lost"],
        duplicates=entry["duplicates"],
        percentiles=again,
        bounds={},
        lateness_p99_ms=lateness,
        receiving_p99_ms=_receiving(entry),
        shows=[],
    )
    check_receiver(entry, seen)
    verdict, tail = _Verdict(), kind["measure"] == "tail"
    bounds = _budgets(path, entry, histogram, tail, seen, verdict)
    shows = []
    if "cluster" in path and path.get("options", {}).get("mode") == "broadcast":
        shows = ["cross-server broadcast"]
        _spread(kind, path, entry, limits, tail, seen, verdict)
    if not tail:
        _looser_than_the_team(kind, path, limits, verdict)
        _deliveries(path, entry, verdict)
    head = "p999" if tail else "p99"
    facts = dict(seen, bounds=bounds, shows=shows)
    return Finding(verdict.worst, verdict.reasons, bounds.get(head), path["budget_ms"].get(head), **facts)


def _is_its_material(path, entry, run, histogram):
    """(The percentiles again, how late the probe sent), in ms. Raises the Finding of an entry that says something else than its histograms and counts."""
    if not entry["sample_count"] == entry["received"] == histogram.total:
        raise forged("sample_count %s, received %s, histogram holds %d" % (entry["sample_count"], entry["received"], histogram.total))
    check_counts(entry, run, entry["duration_s"])
    again = percentiles(histogram)
    for key, value in again.items():
        if not near(entry[key], value, 0.0011):
            raise forged("%s says %s, the histogram says %.3f" % (key, entry[key], value))
    steps = [entry[k] for _, k, _ in QUANTILES] + [entry["max_ms"]]
    if steps != sorted(steps):
        raise forged("percentiles are not monotone: %s" % steps)
    lateness = _lateness(entry)
    if not near(entry["lateness_p99_ms"], lateness, 0.0011):
        raise forged("lateness_p99_ms says %s, its histogram says %.3f" % (entry["lateness_p99_ms"], lateness))
    if not near(entry["throughput_msgs_sec"] * entry["duration_s"], entry["received"], max(1.0, 0.005 * entry["received"])):
        raise forged(
            "throughput %s x duration %s is not received %d" % (entry["throughput_msgs_sec"], entry["duration_s"], entry["received"])
        )
    copies, usual = entry.get("fanout", 1), receivers(path)
    if copies != usual and ":" not in path["adapter"]:
        raise forged("%s copies of each message, this path makes %d" % (copies, usual))
    if not near(entry["sent"], copies * entry["rate"] * entry["duration_s"], copies):
        raise forged("%g/s for %g s is not sent %d" % (entry["rate"], entry["duration_s"], entry["sent"]))
    return again, lateness


def _p99_of(entry, key, what, total, count):
    """P99 in ms of one of the probe's own histograms. total: what it has to hold, called `count`."""
    histogram = histogram_of(entry[key], "%s histogram" % what)
    if histogram.total != total:
        raise forged("%s histogram holds %d, %s is %d" % (what, histogram.total, count, total))
    return round(histogram.at_rank(stats.rank(0.99, histogram.total)) / 1000.0, 3) if histogram.total else 0.0


def _lateness(entry):
    """How late the probe itself sent: P99 in ms."""
    return _p99_of(entry, "lateness_histogram", "lateness", entry["sent"], "sent")


def _receiving(entry):
    """How late the probe itself took what had come: P99 in ms."""
    return _p99_of(entry, "receiving_histogram", "the receiving", entry["received"] + entry["duplicates"], "received")


def _is_what_was_asked(path, entry):
    """Raises the Finding of a measurement of something else than rt.yaml asks for."""
    if entry["budget_ms"] != path["budget_ms"]:
        raise invalid("measured against other budgets than rt.yaml has")
    if not near(entry["rate"], path["rate"], 1e-6) or entry["duration_s"] < path["duration"] * 0.98:
        raise invalid(
            "measured %g/s for %g s, rt.yaml asks %g/s for %g s" % (entry["rate"], entry["duration_s"], path["rate"], path["duration"])
        )
    if entry["sent"] < 0.97 * entry["rate"] * path["duration"]:
        raise invalid("the probe sent %d messages, the rate needs %d: rate not held" % (entry["sent"], entry["rate"] * path["duration"]))
    check_connections(path, entry)
    if entry["concurrent_connections"] < path.get("connections", 1) or entry["payload_bytes"] < path.get("payload_bytes", 0):
        raise invalid("fewer connections or smaller payload than rt.yaml asks")


def _budgets(path, entry, histogram, tail, seen, verdict):
    """Hold the upper bound of each quantile against its budget. Answers {name: bound in ms, None for a message that never came}."""
    bounds, own = {}, own_limit(entry)
    for name, q in [(n, q) for n, _, q in QUANTILES if n in path["budget_ms"] and (n == "p999") == tail]:
        budget, called = path["budget_ms"][name], name.upper().replace("P999", "P99.9")
        bound = upper_bound_ms(histogram, q, entry["sent"])
        if bound is None:
            text = "%d samples; a %s claim needs %d" % (entry["sent"], called, stats.samples_needed(q))
            raise invalid(text, samples=entry["sent"])
        never = math.isinf(bound)
        bounds[name] = None if never else round(bound, 3)
        if bound <= budget:
            continue
        shown = "never arrived for %d of %d" % (entry["lost"], entry["sent"]) if never else "%.3f ms" % bound
        shown += " (%s)" % why_lost(entry) if never and why_lost(entry) else ""
        text = "%s 95 %% bound %s is over its budget of %g ms" % (called, shown, budget)
        if own and verdict.worst != "FAIL":
            raise invalid("%s; but %s" % (text, own), **seen)
        lateness, waiting = seen["lateness_p99_ms"], seen["receiving_p99_ms"]
        if max(lateness, waiting) > budget / 10.0 and not never:
            what = "%.3f ms late" % lateness if lateness >= waiting else "%.3f ms late in receiving" % waiting
            verdict.doubt(text + "; but the probe itself was %s, more than a tenth of the budget: measure again" % what)
        else:
            verdict.fail(text)
    return bounds


def _spread(kind, path, entry, limits, tail, seen, verdict):
    """Hold the time between the first and the last member of a broadcast against the team's limit."""
    if "spread_histogram" not in entry:
        raise invalid("one receiver alone has no spread: give more `connections`", **seen)
    spread, members = histogram_of(entry["spread_histogram"], "spread histogram"), entry["fanout"]
    if spread.total * members > entry["received"] or not near(entry["spread_p99_ms"], percentiles(spread)["p99_ms"], 0.0011):
        raise forged("the spread of the broadcasts is not what its histogram says")
    if members != receivers(path) or members < 2:
        raise invalid("%d receivers, rt.yaml asks %d" % (members, receivers(path)))
    if tail or "broadcast_ms" not in kind.get("thresholds", {}):
        return
    most, rule, _ = limits(kind["thresholds"]["broadcast_ms"])
    bound = upper_bound_ms(spread, 0.99, entry["sent"] // members)
    if bound is None:
        raise invalid("%d broadcasts; a P99 claim needs %d" % (entry["sent"] // members, stats.samples_needed(0.99)))
    if not bound < most:
        verdict.fail(
            "first to last member, P99 95 %% bound %s, section %s allows %g %s"
            % ("never reached all" if math.isinf(bound) else "%.3f ms" % bound, rule["source"], most, rule["unit"])
        )


def _looser_than_the_team(kind, path, limits, verdict):
    """A path's budget may be tighter than the team's, not looser."""
    name = kind.get("thresholds", {}).get("p99_ms")
    if name is None:
        return
    value, rule, _waiver = limits(name)
    if path["budget_ms"]["p99"] > value:
        verdict.fail(
            "the P99 budget of %g ms is looser than the team's %g %s (section %s); tighten it or waive `%s` with a reason"
            % (path["budget_ms"]["p99"], value, rule["unit"], rule["source"], name)
        )


def _deliveries(path, entry, verdict):
    """What came twice, damaged or not at all, by what the path guarantees."""
    guarantee = path["guarantee"]
    if entry["duplicates"] and guarantee in ("exactly-once", "at-most-once"):
        verdict.fail("%d message(s) came more than once, %s allows none" % (entry["duplicates"], guarantee))
    if entry["damaged"]:
        verdict.fail("%d message(s) came back damaged" % entry["damaged"])
    if entry.get("astray"):
        verdict.fail(ASTRAY % entry["astray"])
    unexplained = entry["lost"] - entry["failed"] * entry.get("fanout", 1)
    if unexplained > 0 and guarantee != "at-most-once" and verdict.worst == "PASS":
        verdict.fail("%d of %d messages lost, %s allows none" % (unexplained, entry["sent"], guarantee))
    if entry.get("forgotten"):
        text = "%d message(s) came and are gone from the server's log: whoever reads it later does not get them" % entry["forgotten"]
        if guarantee == "at-most-once":
            verdict.note(text + ", which at-most-once allows")
        else:
            verdict.fail(text)
    if verdict.worst == "PASS" and entry["lost"]:
        why = ": " + why_lost(entry) if why_lost(entry) else ""
        verdict.note("%d of %d lost, which at-most-once allows%s" % (entry["lost"], entry["sent"], why))
    if verdict.worst == "PASS" and entry["duplicates"]:
        verdict.note("%d message(s) came more than once, which %s allows" % (entry["duplicates"], guarantee))
