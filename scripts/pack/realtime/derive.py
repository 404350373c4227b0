"""Derive every number of an entry again from its raw material. Pure: entry in, judgement out.

`judge(kind, path, entry, run, limits, raw)` returns a `Finding`: FORGED when the entry contradicts its own raw material,
INVALID when the material cannot carry the claim, else FAIL or PASS against the budget. `limits(name)` gives a
threshold's value as this project has it, `raw` the delivery ledger's text.
"""

import math

from pack.realtime import hdr, ledgerlines, losses, stats, windows
from pack.realtime.adapters.base import UNABLE

QUANTILES = (("p50", "p50_ms", 0.5), ("p95", "p95_ms", 0.95), ("p99", "p99_ms", 0.99), ("p999", "p999_ms", 0.999))
SELFTEST_QUANTILES = ("0.9", "0.95", "0.99")


class Finding(Exception):
    """A verdict with its reasons, a headline number, its limit, and facts worth a column."""

    def __init__(self, verdict, reasons, value=None, limit=None, **facts):
        super().__init__(verdict)
        self.verdict, self.reasons, self.value, self.limit, self.facts = verdict, list(reasons), value, limit, facts


def forged(reason):
    """The entry contradicts its raw material."""
    return Finding("FORGED", [reason])


def invalid(reason, **facts):
    """The measurement cannot carry the claim."""
    return Finding("INVALID", [reason], **facts)


def judge(kind, path, entry, run, limits, raw=None):
    """The finding for one entry."""
    try:
        return _JUDGES[kind["measure"]](kind, path, entry, run, limits, raw)
    except Finding as finding:
        return finding
    except (KeyError, TypeError, AttributeError, ZeroDivisionError, OverflowError, IndexError) as error:
        return forged("the entry's shape is not what the tool writes: %s %s" % (type(error).__name__, error))


def _near(a, b, slack):
    return isinstance(a, (int, float)) and math.isfinite(a) and abs(a - b) <= slack


def _histogram(text, what):
    try:
        return hdr.Histogram(text)
    except hdr.BadHistogram as error:
        raise forged("%s: %s" % (what, error))


def percentiles(histogram):
    """The percentile fields that a histogram (in microseconds) gives, in milliseconds."""
    n = histogram.total
    found = {key: round(histogram.at_rank(stats.rank(q, n)) / 1000.0, 3) if n else 0.0 for _, key, q in QUANTILES}
    found["max_ms"] = round(histogram.max() / 1000.0, 3)
    return found


def upper_bound_ms(histogram, q, sent):
    """The 95 % upper bound of a quantile; a message that never came counts as infinitely late. None: too few samples."""
    rank = stats.bound_rank(q, sent)
    if rank is None:
        return None
    return math.inf if rank > histogram.total else histogram.at_rank(rank) / 1000.0


def _counts(entry, run, duration):
    if entry["sent"] != entry["received"] + entry["lost"]:
        raise forged("sent %d is not received %d + lost %d" % (entry["sent"], entry["received"], entry["lost"]))
    if min(entry["sent"], entry["received"], entry["lost"]) < 0:
        raise forged("a count is negative")
    if run["end"] - run["start"] < duration - 0.5:
        raise forged("claims %g s of measurement in a run of %.1f s" % (duration, run["end"] - run["start"]))


STARVED = 0.6  # of a processor, for a loop that is always at work: somebody else is, too
BUSY = 0.9  # of one core, or of the loop's time: behind that, what comes late is the probe's own lateness


def own_limit(entry):
    """Why the probe itself was the limit of this measurement, as text; None if it was not."""
    seconds = [max(pair) for pair in entry["usage"]]
    full = [s for s in seconds if s >= BUSY]
    if not full or (len(full) < len(seconds) and len(full) < max(2, len(seconds) // 10)):
        return None
    rate, good = entry.get("rate", entry.get("target_rate")), entry.get("good_rate")
    text = "the probe itself was the limit: at %g/s it was at work for %.0f %% of the time in %d of %d seconds" % (
        rate,
        100 * sum(full) / len(full),
        len(full),
        len(seconds),
    )
    given = [processor for loop, processor in entry["usage"] if max(loop, processor) >= BUSY]
    share = sum(given) / len(given)
    if share < STARVED:
        text += ", with %.0f %% of a processor: other programs on this machine had the rest" % (100 * share)
    return text + ("; it was still good at %g/s" % good if good else "") + " (`pack rt ceiling` measures what it can here)"


def receivers(path):
    """How many copies of a message a path makes."""
    options = path.get("options", {})
    if options.get("mode") == "broadcast":
        return path.get("connections", 1) - (not options.get("to_sender", True))
    return path.get("connections", 1) if path["adapter"] == "sse" else 1  # whose events go to all


def own_fault(receiver):
    """A sentence on what kept the probe from hearing the system."""
    if receiver.startswith(UNABLE):
        return receiver[len(UNABLE) :]
    return "the probe's own receiver died (%s): what did not come after that is not the system's fault" % receiver


def _receiver(entry, facts):
    """What died of the probe's own cannot have lost anything."""
    if entry["receiver"]:
        raise invalid(own_fault(entry["receiver"]), **facts)


def _why_lost(entry):
    """What is known of the reasons, as more text behind a loss."""
    known = ["%d sends failed, the first with %s" % (entry["failed"], entry["refusal"])] if entry["failed"] else []
    known += ["%s%s" % (text, " (%d times)" % times if times > 1 else "") for text, times in entry["closed"]]
    return "; ".join(known[:4])


def _connections(path, entry):
    """As many connections as were asked for, to every node, or none of what was measured is of them."""
    asked, seen = path.get("connections", 1), entry["seen"]
    if seen is None:
        return
    if ":" in path["adapter"]:
        if not any(seen.values()):
            raise invalid(
                "%s held no connection to %s while it measured: whatever it measured, it was not that" % (path["adapter"], path["address"])
            )
        return
    if path["adapter"] != "kafka" and sum(seen.values()) < asked:
        raise invalid("%d connections asked, %d were there" % (asked, sum(seen.values())))
    gone = [address for address, count in seen.items() if not count]
    if gone and path["adapter"] in ("websocket", "socketio"):
        raise invalid("no connection to the node %s: the cluster was not measured" % gone[0])


def _latency(kind, path, entry, run, limits, raw):  # noqa: C901 - what an entry says is derived again, claim by claim
    histogram = _histogram(entry["histogram"], "histogram")
    late = _histogram(entry["lateness_histogram"], "lateness histogram")
    if not entry["sample_count"] == entry["received"] == histogram.total:
        raise forged("sample_count %s, received %s, histogram holds %d" % (entry["sample_count"], entry["received"], histogram.total))
    _counts(entry, run, entry["duration_s"])
    again = percentiles(histogram)
    for key, value in again.items():
        if not _near(entry[key], value, 0.0011):
            raise forged("%s says %s, the histogram says %.3f" % (key, entry[key], value))
    steps = [entry[k] for _, k, _ in QUANTILES] + [entry["max_ms"]]
    if steps != sorted(steps):
        raise forged("percentiles are not monotone: %s" % steps)
    if late.total != entry["sent"]:
        raise forged("lateness histogram holds %d, sent is %d" % (late.total, entry["sent"]))
    lateness = round(late.at_rank(stats.rank(0.99, late.total)) / 1000.0, 3) if late.total else 0.0
    if not _near(entry["lateness_p99_ms"], lateness, 0.0011):
        raise forged("lateness_p99_ms says %s, its histogram says %.3f" % (entry["lateness_p99_ms"], lateness))
    if not _near(entry["throughput_msgs_sec"] * entry["duration_s"], entry["received"], max(1.0, 0.005 * entry["received"])):
        raise forged(
            "throughput %s x duration %s is not received %d" % (entry["throughput_msgs_sec"], entry["duration_s"], entry["received"])
        )
    copies = entry.get("fanout", 1)
    usual = receivers(path)
    if copies != usual and ":" not in path["adapter"]:
        raise forged("%s copies of each message, this path makes %d" % (copies, usual))
    if not _near(entry["sent"], copies * entry["rate"] * entry["duration_s"], copies):
        raise forged("%g/s for %g s is not sent %d" % (entry["rate"], entry["duration_s"], entry["sent"]))
    if entry["budget_ms"] != path["budget_ms"]:
        raise invalid("measured against other budgets than rt.yaml has")
    if not _near(entry["rate"], path["rate"], 1e-6) or entry["duration_s"] < path["duration"] * 0.98:
        raise invalid(
            "measured %g/s for %g s, rt.yaml asks %g/s for %g s" % (entry["rate"], entry["duration_s"], path["rate"], path["duration"])
        )
    if entry["sent"] < 0.97 * entry["rate"] * path["duration"]:
        raise invalid("the probe sent %d messages, the rate needs %d: rate not held" % (entry["sent"], entry["rate"] * path["duration"]))
    _connections(path, entry)
    if entry["concurrent_connections"] < path.get("connections", 1) or entry["payload_bytes"] < path.get("payload_bytes", 0):
        raise invalid("fewer connections or smaller payload than rt.yaml asks")
    tail = kind["measure"] == "tail"
    claims = [(n, q) for n, _, q in QUANTILES if n in path["budget_ms"] and (n == "p999") == tail]
    reasons, bounds, worst = [], {}, "PASS"
    waited = _histogram(entry["receiving_histogram"], "receiving histogram")
    if waited.total != entry["received"] + entry["duplicates"]:
        raise forged("the receiving histogram holds %d, received is %d" % (waited.total, entry["received"]))
    waiting = round(waited.at_rank(stats.rank(0.99, waited.total)) / 1000.0, 3) if waited.total else 0.0
    seen = dict(
        samples=entry["sent"],
        lost=entry["lost"],
        duplicates=entry["duplicates"],
        percentiles=again,
        bounds={},
        lateness_p99_ms=lateness,
        receiving_p99_ms=waiting,
        shows=[],
    )
    _receiver(entry, seen)
    own = own_limit(entry)
    for name, q in claims:
        budget = path["budget_ms"][name]
        bound = upper_bound_ms(histogram, q, entry["sent"])
        if bound is None:
            raise invalid(
                "%d samples; a %s claim needs %d" % (entry["sent"], name.upper().replace("P999", "P99.9"), stats.samples_needed(q)),
                samples=entry["sent"],
            )
        bounds[name] = None if math.isinf(bound) else round(bound, 3)
        if bound > budget:
            shown = "never arrived for %d of %d" % (entry["lost"], entry["sent"]) if math.isinf(bound) else "%.3f ms" % bound
            shown += " (%s)" % _why_lost(entry) if math.isinf(bound) and _why_lost(entry) else ""
            text = "%s 95 %% bound %s is over its budget of %g ms" % (
                name.upper().replace("P999", "P99.9"),
                shown,
                budget,
            )
            if own and worst != "FAIL":
                raise invalid("%s; but %s" % (text, own), **seen)
            if max(lateness, waiting) > budget / 10.0 and not math.isinf(bound):
                what = "%.3f ms late" % lateness if lateness >= waiting else "%.3f ms late in receiving" % waiting
                reasons.append(text + "; but the probe itself was %s, more than a tenth of the budget: measure again" % what)
                worst = "INVALID" if worst == "PASS" else worst
            else:
                reasons.append(text)
                worst = "FAIL"
    shows = []
    if "cluster" in path and path.get("options", {}).get("mode") == "broadcast":
        shows = ["cross-server broadcast"]
        if "spread_histogram" not in entry:
            raise invalid("one receiver alone has no spread: give more `connections`", **seen)
        spread, members = _histogram(entry["spread_histogram"], "spread histogram"), entry["fanout"]
        if spread.total * members > entry["received"] or not _near(entry["spread_p99_ms"], percentiles(spread)["p99_ms"], 0.0011):
            raise forged("the spread of the broadcasts is not what its histogram says")
        if members != receivers(path) or members < 2:
            raise invalid("%d receivers, rt.yaml asks %d" % (members, receivers(path)))
        if not tail and "broadcast_ms" in kind.get("thresholds", {}):
            most, rule, _ = limits(kind["thresholds"]["broadcast_ms"])
            bound = upper_bound_ms(spread, 0.99, entry["sent"] // members)
            if bound is None:
                raise invalid("%d broadcasts; a P99 claim needs %d" % (entry["sent"] // members, stats.samples_needed(0.99)))
            if not bound < most:
                worst = "FAIL"
                reasons.append(
                    "first to last member, P99 95 %% bound %s, section %s allows %g %s"
                    % ("never reached all" if math.isinf(bound) else "%.3f ms" % bound, rule["source"], most, rule["unit"])
                )
    if not tail:
        for key, name in kind.get("thresholds", {}).items():
            value, rule, waiver = limits(name)
            if key == "p99_ms" and path["budget_ms"]["p99"] > value:
                worst = "FAIL"
                reasons.append(
                    "the P99 budget of %g ms is looser than the team's %g %s (section %s); tighten it or waive `%s` with a reason"
                    % (path["budget_ms"]["p99"], value, rule["unit"], rule["source"], name)
                )
    if not tail:
        once = path["guarantee"] in ("exactly-once", "at-most-once")
        if entry["duplicates"] and once:
            worst = "FAIL"
            reasons.append("%d message(s) came more than once, %s allows none" % (entry["duplicates"], path["guarantee"]))
        if entry["damaged"]:
            worst = "FAIL"
            reasons.append("%d message(s) came back damaged" % entry["damaged"])
        unexplained = entry["lost"] - entry["failed"] * copies
        if unexplained > 0 and path["guarantee"] != "at-most-once" and worst == "PASS":
            worst = "FAIL"
            reasons.append("%d of %d messages lost, %s allows none" % (unexplained, entry["sent"], path["guarantee"]))
        if entry.get("forgotten"):
            text = "%d message(s) came and are gone from the server's log: whoever reads it later does not get them" % entry["forgotten"]
            reasons.append(text + (", which at-most-once allows" if path["guarantee"] == "at-most-once" else ""))
            worst = worst if path["guarantee"] == "at-most-once" else "FAIL"
        if worst == "PASS" and entry["lost"]:
            reasons.append(
                "%d of %d lost, which at-most-once allows%s"
                % (entry["lost"], entry["sent"], ": " + _why_lost(entry) if _why_lost(entry) else "")
            )
        if worst == "PASS" and entry["duplicates"]:
            reasons.append("%d message(s) came more than once, which %s allows" % (entry["duplicates"], path["guarantee"]))
    head = "p999" if tail else "p99"
    return Finding(
        worst,
        reasons,
        bounds.get(head),
        path["budget_ms"].get(head),
        bounds=bounds,
        samples=entry["sent"],
        lateness_p99_ms=lateness,
        receiving_p99_ms=waiting,
        lost=entry["lost"],
        duplicates=entry["duplicates"],
        percentiles=again,
        shows=shows,
    )


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


def _ledger(entry, run, raw):
    """The facts of the ledger that belongs to a run."""
    try:
        facts = ledgerlines.parse(raw)
    except ValueError as error:
        raise forged("ledger: %s" % error)
    if len(facts) != entry["ledger"]["lines"]:
        raise forged("ledger has %d lines, the entry says %d" % (len(facts), entry["ledger"]["lines"]))
    if facts[:1] != [("n", run["id"], "")]:
        raise forged("ledger: it is of %s" % ("run %s" % facts[0][1] if facts and facts[0][0] == "n" else "no run"))
    return facts


def _delivery(kind, path, entry, run, limits, raw):  # noqa: C901 - what an entry says is derived again, claim by claim
    if raw is None:
        raise forged("the audit's ledger %s is gone" % entry["ledger"]["file"])
    lines = _ledger(entry, run, raw)
    again = ledgerlines.count(lines)
    for key, value in again.items():
        if key in entry and not (entry[key] == value or (key == "loss_bound" and _near(entry[key], value, 1e-9))):
            raise forged("%s says %s, the ledger says %s" % (key, entry[key], value))
    if entry["sent"] != entry["received"] + entry["lost"] + entry["unseen"] + again["poisoned"]:
        raise forged(
            "sent %d is not received %d + lost %d + unseen %d + poison %d"
            % (entry["sent"], entry["received"], entry["lost"], entry["unseen"], again["poisoned"])
        )
    if entry["guarantee"] != path["guarantee"]:
        raise invalid("audited as %s, rt.yaml promises %s" % (entry["guarantee"], path["guarantee"]))
    if entry["sent"] < path.get("messages", 300):
        raise invalid("%d messages, rt.yaml asks %d" % (entry["sent"], path.get("messages", 300)))
    fault = kind.get("fault")
    if fault and not again["faults"].get(fault):
        raise invalid("no %s happened in this run, so it proves nothing about one" % fault)
    reasons = []
    facts = {
        k: again[k]
        for k in (
            "sent",
            "acked",
            "received",
            "lost",
            "unseen",
            "indeterminate",
            "duplicates",
            "phantom",
            "reordered",
            "faults",
            "lag_max",
            "lag_end",
            "drain_s",
        )
    }
    shows, promised = [], path.get("ordering", "none")
    key = "reordered_total" if promised == "total" else "reordered"
    if kind["measure"] == "ordering":
        if entry.get("receiver"):
            raise invalid(own_fault(entry["receiver"]), **facts)
        if path.get("ordering") == "causal":
            if again["causal_violations"] is None:
                raise invalid("no vector clocks in this run, so it proves nothing about causal order")
            shows = ["causal order"]
            if again["causal_violations"]:
                reasons.append("%d of %d effects came before what had caused them" % (again["causal_violations"], again["received"]))
        elif again[key]:
            reasons.append("%d of %d effects out of order" % (again[key], again["received"]))
        if again["worker_" + key] and promised != "causal":
            reasons.append("%d of %d effects of the worker out of order" % (again["worker_" + key], again["worker_effects"]))
        if again["duplicates"] and entry["guarantee"] in ("exactly-once", "at-most-once"):
            reasons.append("%d message(s) came more than once, %s allows none" % (again["duplicates"], entry["guarantee"]))
        notes = []
        if again["received"] == 0:
            reasons.append("nothing was received")
        elif again["lost"]:  # an order is only of what comes
            text = "%d of %d acknowledged messages never came" % (again["lost"], again["acked"])
            (notes if entry["guarantee"] == "at-most-once" else reasons).append(text)
        if (
            path["adapter"] in ("redis", "nats", "kafka", "eventstore")
            and not path.get("options", {}).get("pubsub")
            and not path.get("options", {}).get("core")
        ):
            if again["replay_identical"] is None:
                raise invalid("%s keeps its log, but the audit did not replay it" % path["adapter"])
            if not again["replay_identical"]:
                reasons.append("replay gives another state than the first run")
        value = again["causal_violations"] if shows else again[key] + again["worker_" + key]
        return Finding("FAIL" if reasons else "PASS", reasons or notes, value, 0, shows=shows, **facts)
    told = _told(path, entry, again)
    if entry["isolates"] is False and entry["guarantee"] == "exactly-once":
        raise invalid(
            "the broker does not isolate: a consumer that reads what is committed was given a message of an aborted transaction, so "
            "nothing shows exactly-once here",
            **facts,
        )
    if again["lost"] and entry["guarantee"] != "at-most-once":
        far = "; the consumer was up to %d behind: a queue's limit drops what it acknowledged (mosquitto: 1,000)" % again["lag_max"]
        where = [text for text in [losses.audited(lines, path["rate"])] + entry.get("said", [])[:2] if text]
        reasons.append(
            "%d acknowledged message(s) of %d lost%s%s"
            % (again["lost"], again["acked"], far if again["lag_max"] >= 1000 else "", "; " + "; ".join(where) if where else "")
        )
    if again[key] and promised in ("total", "per-partition"):
        reasons.append("%d of %d effects out of order, rt.yaml promises %s" % (again[key], again["received"], promised))
    if again["duplicates"] and entry["guarantee"] in ("exactly-once", "at-most-once"):
        reasons.append("%d duplicate effect(s), %s allows none" % (again["duplicates"], entry["guarantee"]))
    reasons += over_lag(path, again)
    if again["phantom"]:
        reasons.append("%d effect(s) of messages never sent" % again["phantom"])
    if "dead_letter" in path and not again["faults"].get("broker-kill"):
        shows = ["dead letters"]
        if again["poisoned"] + again["poison_handled"] < path["dead_letter"]["poison"]:
            raise invalid("%d poison messages, rt.yaml asks %d" % (again["poisoned"], path["dead_letter"]["poison"]))
        if again["dead_lettered"] < again["poisoned"]:
            reasons.append(
                "%d of %d poison messages are not in the dead-letter queue"
                % (again["poisoned"] - again["dead_lettered"], again["poisoned"])
            )
        if again["poison_handled"]:
            reasons.append("%d poison message(s) took effect" % again["poison_handled"])
        if again["misrouted"]:
            reasons.append("%d good message(s) in the dead-letter queue" % again["misrouted"])
        facts.update({k: again[k] for k in ("poisoned", "dead_lettered", "misrouted")})
    if not reasons and again["acked"] < 0.5 * again["sent"]:
        raise invalid("only %d of %d messages were acknowledged; the rest proves nothing" % (again["acked"], again["sent"]))
    if not reasons and entry["guarantee"] == "exactly-once" and entry["effects_from"] == "reported":
        raise invalid(
            "as reported: the worker itself says that each of %d effects happened once, and nothing else shows it; `effects: [command]` in "
            "rt.yaml reads them from its store, `effects: {from: NAME}` from the topic or stream that it writes to" % again["received"],
            **facts,
        )
    note = (
        [] if reasons else ["0 lost of %d acknowledged: loss rate below %.2g with 95 %% confidence" % (again["acked"], again["loss_bound"])]
    )
    return Finding("FAIL" if reasons else "PASS", (reasons or note) + told, again["lost"], 0, shows=shows, **facts)


def over_lag(path, seen):
    """What is over the path's `lag` budget, as reasons. `seen`: `lag_max` (messages), and where it is known `drain_s`."""
    asked, found = path.get("lag", {}), []
    if seen["lag_max"] > asked.get("messages", math.inf):
        found.append("the consumer was up to %d messages behind, rt.yaml allows %d" % (seen["lag_max"], asked["messages"]))
    if seen.get("drain_s", 0) > asked.get("drain_s", math.inf):
        found.append("the consumer needed %.1f s to catch up, rt.yaml allows %g s" % (seen["drain_s"], asked["drain_s"]))
    return found


def _told(path, entry, again):
    """Whose word the effects are, and how far the consumer was behind: lines. A word that the server contradicts is no effect."""
    lines = []
    if entry["effects_from"] == "reported":
        named = again["received"] + again["phantom"]
        if entry["consumed"] is not None and entry["consumed"] < named:
            raise Finding(
                "FAIL",
                [
                    "the worker reported %d effects, but the server handed out %d messages: what it reports did not happen"
                    % (named, entry["consumed"])
                ],
            )
        if entry["consumed"] is None and not entry["worker_seen"]:
            raise invalid(
                "the worker was never seen connected to %s, and its effects are only its own word: give `effects: [command]`, which reads "
                "them from its store" % path["address"]
            )
        lines.append("effects as reported by the worker, which has read the messages; `effects` in rt.yaml reads them back")
    if again["lag_max"] > max(20, again["acked"] // 20):
        text = "consumer lag: up to %d messages" % again["lag_max"]
        if again["drain_s"] > 0.5:
            rate = again["received"] / (again["sending_s"] + again["drain_s"])
            text += ", %d when the last was sent; it needed %.1f s more to catch up: it handles about %.0f/s of %.0f/s" % (
                again["lag_end"],
                again["drain_s"],
                rate,
                again["sent"] / again["sending_s"],
            )
        lines.append(text)
    return lines


def _throughput(kind, path, entry, run, limits, raw):  # noqa: C901 - what an entry says is derived again, claim by claim
    series, wanted = entry["per_second"], path["throughput"]
    _counts(entry, run, len(series))
    if sum(series) + entry["after"] != entry["received"] or entry["after"] < 0:
        raise forged("the seconds add up to %d, after them came %d, received is %d" % (sum(series), entry["after"], entry["received"]))
    departed, histogram = entry["sent_per_second"], _histogram(entry["histogram"], "histogram")
    if len(departed) != len(series) or entry["sent"] % max(1, sum(departed)):
        raise forged("the seconds of sending add up to %d, sent is %d" % (sum(departed), entry["sent"]))
    if sum(departed) > entry["target_rate"] * len(departed) + 1 and not run["partial"]:
        raise forged("%g/s for %d s is not sent %d" % (entry["target_rate"], len(departed), entry["sent"]))
    if histogram.total != entry["received"]:
        raise forged("received %s, histogram holds %d" % (entry["received"], histogram.total))
    if entry["sustained_s"] != len(series):
        raise forged("sustained_s %s, but %d seconds were counted" % (entry["sustained_s"], len(series)))
    if not _near(entry["throughput_msgs_sec"] * entry["sustained_s"], sum(series), max(1.0, 0.005 * sum(series))):
        raise forged(
            "throughput %s x duration %s is not the %d of its seconds" % (entry["throughput_msgs_sec"], entry["sustained_s"], sum(series))
        )
    copies, lag, behind = entry["sent"] // max(1, sum(departed)), [], 0
    for went, came in zip(departed, series):
        behind += went * copies - came
        lag.append(behind)
    span, part = min(10, len(series)), max(1, len(series) // 10)
    worst = min(sum(series[i : i + span]) / float(span) for i in range(len(series) - span + 1))
    memory = [[row[i] for row in entry["memory_kb"] if row[i] is not None] for i in (1, 2)]
    facts = {
        "sustained_s": len(series),
        "sent": entry["sent"],
        "lost": entry["lost"],
        "span_s": span,
        "worst": round(worst, 1),
        "mean": round(sum(series) / float(len(series)), 1),
        "drift_percent": round(100.0 * (sum(series[-part:]) - sum(series[:part])) / max(1, sum(series[:part])), 2),
        "p99_ms": percentiles(histogram)["p99_ms"],
        "after": entry["after"],
        "lag_max": max(lag, default=0),
        "lag_end": behind,
        "probe_mb": [round(m / 1024.0, 1) for m in memory[0][:1] + memory[0][-1:]],
        "server_mb": [round(m / 1024.0, 1) for m in memory[1][:1] + memory[1][-1:]],
    }
    if entry["target_rate"] != wanted["rate"] or len(series) < wanted["duration"]:
        raise invalid(
            "measured %g/s for %d s, rt.yaml asks %g/s for %g s" % (entry["target_rate"], len(series), wanted["rate"], wanted["duration"]),
            **facts,
        )
    needed, rule, _ = limits(kind["thresholds"]["sustained_s"])
    if len(series) < needed:
        raise invalid(
            "%d s is not sustained: section %s asks %g s (waive `%s` with a reason for less)"
            % (len(series), rule["source"], needed, kind["thresholds"]["sustained_s"]),
            **facts,
        )
    _connections(path, entry)
    _receiver(entry, facts)
    own, rate = own_limit(entry), wanted["rate"] * copies
    reasons = []
    if entry["lost"]:
        why = _why_lost(entry)
        reasons.append("%d of %d messages lost%s" % (entry["lost"], entry["sent"], " (%s)" % why if why else ""))
    if behind > rate and behind > 2 * max(1, sum(lag[:part]) // part):
        reasons.append("it fell behind: %d messages (%.1f s of the rate) were still on their way at the end" % (behind, behind / rate))
    reasons += over_lag(path, facts)
    if entry["damaged"]:
        reasons.append("%d message(s) came back damaged" % entry["damaged"])
    if entry["duplicates"] and path["guarantee"] in ("exactly-once", "at-most-once"):
        reasons.append("%d message(s) came more than once, %s allows none" % (entry["duplicates"], path["guarantee"]))
    if own and (reasons or worst < 0.95 * rate):
        raise invalid("%s; but %s" % (reasons[0] if reasons else "the worst %d seconds carried %.1f/s" % (span, worst), own), **facts)
    if worst < 0.95 * rate:
        sent = _sent_in_thin_seconds(series, departed, copies, span, rate)
        if sent is not None:
            raise invalid(
                "the worst %d seconds carried %.1f/s of %g/s, but the probe itself sent only %.1f/s then: this machine "
                "cannot hold the rate now; measure again when it is quiet" % (span, worst, wanted["rate"], sent),
                **facts,
            )
        reasons.append("the worst %d seconds carried %.1f/s, the target is %g/s" % (span, worst, rate))
    return Finding("FAIL" if reasons else "PASS", reasons, facts["worst"], rate, **facts)


def _sent_in_thin_seconds(series, departed, copies, span, rate):
    """What the probe sent a second in the thinnest `span` seconds, if wherever too little came it had sent too little itself; else None, for then
    the system was slow. `series`: copies that came, `departed`: messages that went out, second by second; `rate` counts copies."""
    thin = []
    for begin in range(len(series) - span + 1):
        came, went = sum(series[begin : begin + span]), sum(departed[begin : begin + span])
        if came < 0.95 * rate * span:
            if came < 0.95 * went * copies:
                return None
            thin.append((came, went / float(span)))
    return min(thin)[1]


def _burst(kind, path, entry, run, limits, raw):
    buckets = entry["arrivals_ms"]
    _counts(entry, run, 0)
    if sum(buckets) != entry["received"]:
        raise forged("the arrivals add up to %d, received is %d" % (sum(buckets), entry["received"]))
    drain = round(0.1 * len(buckets), 1)
    if not _near(entry["drain_s"], drain, 0.051) or not _near(entry["peak_msgs_sec"], max(buckets) * 10.0, 0.01):
        raise forged(
            "drain %s s and peak %s/s are not what the arrivals give (%.1f, %d)"
            % (entry["drain_s"], entry["peak_msgs_sec"], drain, max(buckets) * 10)
        )
    if run["end"] - run["start"] < drain - 0.5:
        raise forged("drained longer than the run lasted")
    if entry["burst"] < path["burst"]["messages"] or entry["sent"] < path["burst"]["messages"]:
        raise invalid("a burst of %d, rt.yaml asks %d" % (entry["sent"], path["burst"]["messages"]))
    _receiver(entry, {})
    reasons = ["%d of %d messages lost" % (entry["lost"], entry["sent"])] if entry["lost"] else []
    if drain > path["burst"]["drain_s"]:
        own = own_limit(dict(entry, rate=entry["sent"] / max(drain, 0.1)))
        if own and not reasons:
            raise invalid("drained in %.1f s, the limit is %g s; but %s" % (drain, path["burst"]["drain_s"], own))
        reasons.append("drained in %.1f s, the limit is %g s" % (drain, path["burst"]["drain_s"]))
    return Finding(
        "FAIL" if reasons else "PASS",
        reasons,
        drain,
        path["burst"]["drain_s"],
        peak=entry["peak_msgs_sec"],
        sent=entry["sent"],
        lost=entry["lost"],
    )


def _density(kind, path, entry, run, limits, raw):
    alive = entry["alive"]
    if entry["connections"] != min(alive) or entry["dropped"] != max(alive) - min(alive):
        raise forged("connections %s and dropped %s are not what the checks give (%s)" % (entry["connections"], entry["dropped"], alive))
    if run["end"] - run["start"] < entry["hold_s"] - 0.5:
        raise forged("held longer than the run lasted")
    if max(alive) > entry["wanted"] or min(alive) < 0:
        raise forged("%d connections alive of %d" % (max(alive), entry["wanted"]))
    if entry["hold_s"] < path["density"]["hold_s"] or entry["wanted"] < path["density"]["connections"]:
        raise invalid(
            "%d connections for %g s, rt.yaml asks %d for %g s"
            % (entry["wanted"], entry["hold_s"], path["density"]["connections"], path["density"]["hold_s"])
        )
    names = kind["thresholds"]
    needed, _, _ = limits(names["connections"])
    most, _, _ = limits(names["cpu_percent"])
    samples, cpu = entry.get("cpu_samples") or [], entry["cpu_percent"]
    if cpu is None or len(samples) < 2:
        raise invalid("the server's CPU could not be read: start it with `server`, or give `server_pid_file`")
    again = 100.0 * (samples[-1][1] - samples[0][1]) / (samples[-1][0] - samples[0][0])
    if not _near(cpu, again, 0.06):
        raise forged("cpu_percent %s, the samples give %.2f" % (cpu, again))
    if samples[-1][1] < samples[0][1] or not _near(samples[-1][0] - samples[0][0], entry["hold_s"], 0.01):
        raise forged("the samples of the CPU are not those of a process held for %g s" % entry["hold_s"])
    reasons = []
    if entry["connections"] < needed:
        reasons.append("%d connections alive, needed %g" % (entry["connections"], needed))
    if entry["dropped"] or entry["connections"] < entry["wanted"]:
        reasons.append("%d of %d connections dropped or refused" % (entry["wanted"] - entry["connections"], entry["wanted"]))
    if not cpu < most:
        reasons.append("%.1f %% CPU for idle connections, allowed %g %%" % (cpu, most))
    return Finding("FAIL" if reasons else "PASS", reasons, entry["connections"], needed, cpu_percent=cpu)


def _stream(kind, path, entry, run, limits, raw):
    spec = path["stream"]
    wanted = windows.expected(spec["events"], spec.get("keys", 1), spec["window_s"], spec.get("rate", path["rate"]), spec.get("late", 0))
    told = {(w["key"], round(w["start"], 6)): w["expected"] for w in entry["windows"]}
    if (
        entry["sent"] != spec["events"]
        or entry["late_sent"] != spec.get("late", 0)
        or entry["window_s"] != spec["window_s"]
        or entry["keys"] != spec.get("keys", 1)
    ):
        raise invalid("another stream than rt.yaml describes")
    if told != {(k, round(s, 6)): n for (k, s), n in wanted.items()}:
        raise forged("the expected windows are not those of the plan")
    if run["end"] - run["start"] < entry["duration_s"] - 0.5 or not _near(
        entry["rate"] * entry["duration_s"], entry["sent"], max(1.0, 0.005 * entry["sent"])
    ):
        raise forged("rate %s x duration %s is not sent %d" % (entry["rate"], entry["duration_s"], entry["sent"]))
    wrong = [w for w in entry["windows"] if w["observed"] != w["expected"]]
    reasons = ["window %s@%g: expected %d, observed %s" % (w["key"], w["start"], w["expected"], w["observed"]) for w in wrong[:5]]
    if len(wrong) > 5:
        reasons.append("and %d more windows" % (len(wrong) - 5))
    if entry["late_handled"] != entry["late_sent"]:
        reasons.append("%d of %d late events handled" % (entry["late_handled"], entry["late_sent"]))
    needed, rule, _ = limits(kind["thresholds"]["rate"])
    if not entry["rate"] > needed:
        own = own_limit(entry)
        if own and not reasons:
            raise invalid("%.0f events/s, needed %s %g; but %s" % (entry["rate"], rule.get("op", ">"), needed, own))
        reasons.append("%.0f events/s, needed %s %g" % (entry["rate"], rule.get("op", ">"), needed))
    return Finding(
        "FAIL" if reasons else "PASS",
        reasons,
        round(entry["rate"], 1),
        needed,
        windows=len(entry["windows"]),
        wrong=len(wrong),
        late=entry["late_sent"],
    )


def failover_value(events):
    """Seconds from the fault to the last recovery, or None if somebody never recovered."""
    times = {}
    for event in events:
        times.setdefault(event["what"], []).append(event)
    if not times.get("fault"):
        return None
    fault = max(e["at"] for e in times["fault"])
    back = {e.get("who", ""): e["at"] for e in times.get("recovered", []) if e["at"] >= fault}
    if not back or {e.get("who", "") for e in times.get("steady", [])} - set(back):
        return None
    return max(back.values()) - fault


def _failover(kind, path, entry, run, limits, raw):  # noqa: C901 - what an entry says is derived again, claim by claim
    if "ledger" in entry or kind["measure"] != "reconnect":
        if raw is None:
            raise forged("the ledger %s is gone" % entry["ledger"]["file"])
        facts = _ledger(entry, run, raw)
        seen = {v for f, v, _ in facts if f in "er"}  # by the consumer, or in the log that was read again
        lost = len({v for f, v, _ in facts if f == "a"} - seen)
        if entry["lost"] != lost:
            raise forged("lost says %d, the ledger says %d" % (entry["lost"], lost))
    value = failover_value(entry["events"])
    named = {w: {e.get("who", "") for e in entry["events"] if e["what"] == w} for w in ("steady", "recovered")}
    if sum(e["what"] == "fault" for e in entry["events"]) > 1 or named["recovered"] - named["steady"]:
        raise forged("the events do not fit: one fault, and who recovers was steady before it")
    if value is None:
        return Finding("FAIL", ["not everybody recovered after the fault"], None, None)
    if not _near(entry["value_s"], value, 0.0011):
        raise forged("value_s says %s, the events say %.3f" % (entry["value_s"], value))
    if run["end"] - run["start"] < value - 0.5 or [e["at"] for e in entry["events"]] != sorted(e["at"] for e in entry["events"]):
        raise forged("the events do not fit the run")
    if entry["fault"] != kind["fault"]:
        raise invalid("the fault was %s, not %s" % (entry["fault"], kind["fault"]))
    steady = sum(e["what"] == "steady" for e in entry["events"])
    if kind["measure"] == "election" and "cluster" in path:
        struck = {e.get("who") for e in entry["events"] if e["what"] == "fault"}
        elected = {e.get("who") for e in entry["events"] if e["what"] == "elected"}
        if not struck <= {n["name"] for n in path["cluster"]}:
            raise forged("the node that was killed is none of the cluster's")
        if not elected - struck:
            return Finding("FAIL", ["no other node was elected leader"], round(value, 3), None)
    if kind["measure"] == "reconnect" and steady < path.get("connections", 1):
        raise invalid("%d clients, rt.yaml asks %d" % (steady, path.get("connections", 1)))
    name = next(iter(kind["thresholds"].values()))
    bound, rule, _ = limits(name)
    reasons, notes = [], []
    if not value < bound:
        reasons.append("%.3f s, the limit is %g s" % (value, bound))
    elif "target" in rule and not value < rule["target"]:
        notes.append("%.3f s is over the target of %g s, within the gate of %g s" % (value, rule["target"], bound))
    if entry["lost"]:
        reasons.append("%d message(s) lost" % entry["lost"])
    if kind["measure"] == "reconnect" and entry.get("state_preserved") is not True:
        reasons.append("the clients' state was not preserved")
    return Finding("FAIL" if reasons else "PASS", reasons or notes, round(value, 3), bound)


_JUDGES = {
    "latency": _latency,
    "tail": _latency,
    "delivery": _delivery,
    "ordering": _delivery,
    "throughput": _throughput,
    "burst": _burst,
    "density": _density,
    "stream": _stream,
    "recovery": _failover,
    "rebalance": _failover,
    "reconnect": _failover,
    "election": _failover,
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
