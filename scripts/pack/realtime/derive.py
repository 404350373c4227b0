"""Derive every number of an entry again from its raw material. Pure: entry in, judgement out.

`judge(kind, path, entry, run, limits, raw)` returns a `Finding`: FORGED when the entry contradicts its own raw material,
INVALID when the material cannot carry the claim, else FAIL or PASS against the budget. `limits(name)` gives a
threshold's value as this project has it, `raw` the delivery ledger's text.
"""

from pack.realtime import claims, hdr, judge_delivery, judge_failover, judge_latency, judge_load, stats

SELFTEST_QUANTILES = ("0.9", "0.95", "0.99")


def judge(kind, path, entry, run, limits, raw=None):
    """The finding for one entry."""
    try:
        return _JUDGES[kind["measure"]](kind, path, entry, run, limits, raw)
    except claims.Finding as finding:
        return finding
    except (KeyError, TypeError, AttributeError, ZeroDivisionError, OverflowError, IndexError) as error:
        return claims.forged("the entry's shape is not what the tool writes: %s %s" % (type(error).__name__, error))


def selftest(entry):
    """Reasons why a self-test does not hold; empty if the formula P_q = S - (1 - q) D does."""
    try:
        histogram = hdr.Histogram(entry["histogram"])
        stall, duration, sent = entry["stall_s"], entry["duration_s"], entry["sent"]
        if histogram.total != entry["received"] or sent != entry["received"]:
            return ["self-test: %d of %d messages came back" % (entry["received"], sent)]
        if not 0.2 <= stall < duration or sent < stats.samples_needed(0.99):
            return ["self-test: too short to prove anything"]
        slack, reasons = max(0.02 * stall + 2.0 * duration / sent, 0.03), []
        for text in SELFTEST_QUANTILES:
            wanted = stats.stall_quantile(float(text), stall, duration)
            got = histogram.at_rank(stats.rank(float(text), histogram.total)) / 1e6
            if wanted > 0.05 and not wanted - slack <= got <= wanted + slack:
                reasons.append(
                    "self-test: P%g is %.1f ms, the formula says %.1f ms (slack %.1f)"
                    % (100 * float(text), got * 1e3, wanted * 1e3, slack * 1e3)
                )
        return reasons
    except (hdr.BadHistogram, KeyError, TypeError, ValueError) as error:
        return ["self-test: unreadable: %s" % error]


_JUDGES = {
    "latency": judge_latency.judge,
    "tail": judge_latency.judge,
    "delivery": judge_delivery.judge,
    "ordering": judge_delivery.judge,
    "throughput": judge_load.throughput,
    "burst": judge_load.burst,
    "density": judge_load.density,
    "stream": judge_load.stream,
    "recovery": judge_failover.judge,
    "rebalance": judge_failover.judge,
    "reconnect": judge_failover.judge,
    "election": judge_failover.judge,
}


SCHEMAS = {
    "latency": "latency",
    "tail": "latency",
    "delivery": "delivery",
    "ordering": "delivery",
    "throughput": "throughput",
    "burst": "burst",
    "density": "density",
    "stream": "stream",
    "recovery": "failover",
    "rebalance": "failover",
    "reconnect": "failover",
    "election": "failover",
}


def lag(entry):
    """How many messages the consumer was behind in the worst moment of an audit, or behind the schedule in its worst second."""
    if "lag_max" in entry:
        return entry["lag_max"]
    behind, total, rate = 0, 0, entry["target_rate"]
    for second, count in enumerate(entry["per_second"], 1):
        total += count
        behind = max(behind, int(rate * second) - total)
    return behind
