"""What an entry of evidence claims, held against its raw material: the parts that every judgement shares.

A `Finding` is a verdict: FORGED when the entry contradicts its own raw material, INVALID when the material cannot carry the claim, else FAIL or PASS.
"""

import math

from pack.realtime import hdr, stats
from pack.realtime.adapters.base import UNABLE


QUANTILES = (("p50", "p50_ms", 0.5), ("p95", "p95_ms", 0.95), ("p99", "p99_ms", 0.99), ("p999", "p999_ms", 0.999))


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


def near(a, b, slack):
    return isinstance(a, (int, float)) and math.isfinite(a) and abs(a - b) <= slack


def histogram_of(text, what):
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


def check_counts(entry, run, duration):
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


def check_receiver(entry, facts):
    """What died of the probe's own cannot have lost anything."""
    if entry["receiver"]:
        raise invalid(own_fault(entry["receiver"]), **facts)


ASTRAY = "%d message(s) came on another connection than the one that had sent them: somebody was told what is not for him"


def why_lost(entry):
    """What is known of the reasons, as more text behind a loss."""
    known = ["%d sends failed, the first with %s" % (entry["failed"], entry["refusal"])] if entry["failed"] else []
    known += ["%s%s" % (text, " (%d times)" % times if times > 1 else "") for text, times in entry["closed"]]
    return "; ".join(known[:4])


def check_connections(path, entry):
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
        why = why_lost(entry)
        raise invalid("%d connections asked, %d were there%s" % (asked, sum(seen.values()), " (%s)" % why if why else ""))
    gone = [address for address, count in seen.items() if not count]
    if gone and path["adapter"] in ("websocket", "socketio"):
        raise invalid("no connection to the node %s: the cluster was not measured" % gone[0])


def over_lag(path, seen):
    """What is over the path's `lag` budget, as reasons. `seen`: `lag_max` (messages), and where it is known `drain_s`."""
    asked, found = path.get("lag", {}), []
    if seen["lag_max"] > asked.get("messages", math.inf):
        found.append("the consumer was up to %d messages behind, rt.yaml allows %d" % (seen["lag_max"], asked["messages"]))
    if seen.get("drain_s", 0) > asked.get("drain_s", math.inf):
        found.append("the consumer needed %.1f s to catch up, rt.yaml allows %g s" % (seen["drain_s"], asked["drain_s"]))
    return found
