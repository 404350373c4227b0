"""Judge an audit: what was lost, came twice, came out of order or was never sent, by its ledger."""

from pack.realtime import claims, ledgerlines, losses


def ledger(entry, run, raw):
    """The facts of the ledger that belongs to a run."""
    try:
        facts = ledgerlines.parse(raw)
    except ValueError as error:
        raise claims.forged("ledger: %s" % error)
    if len(facts) != entry["ledger"]["lines"]:
        raise claims.forged("ledger has %d lines, the entry says %d" % (len(facts), entry["ledger"]["lines"]))
    if facts[:1] != [("n", run["id"], "")]:
        raise claims.forged("ledger: it is of %s" % ("run %s" % facts[0][1] if facts and facts[0][0] == "n" else "no run"))
    return facts


KEPT = "sent acked received lost unseen indeterminate duplicates phantom reordered faults lag_max lag_end drain_s".split()


def judge(kind, path, entry, run, limits, raw):
    """The finding of one audit, of delivery or of order. The arguments are those of `derive.judge`."""
    if raw is None:
        raise claims.forged("the audit's ledger %s is gone" % entry["ledger"]["file"])
    lines = ledger(entry, run, raw)
    again = ledgerlines.count(lines)
    _is_its_ledger(entry, again)
    _is_what_was_asked(kind, path, entry, again)
    facts = {k: again[k] for k in KEPT}
    if kind["measure"] == "ordering":
        return _order(path, entry, again, facts)
    return _deliveries(path, entry, again, lines, facts)


def _is_its_ledger(entry, again):
    """Raises the Finding of an entry that says something else than its ledger."""
    for key, value in again.items():
        if key in entry and not (entry[key] == value or (key == "loss_bound" and claims.near(entry[key], value, 1e-9))):
            raise claims.forged("%s says %s, the ledger says %s" % (key, entry[key], value))
    if entry["sent"] != entry["received"] + entry["lost"] + entry["unseen"] + again["poisoned"]:
        raise claims.forged(
            "sent %d is not received %d + lost %d + unseen %d + poison %d"
            % (entry["sent"], entry["received"], entry["lost"], entry["unseen"], again["poisoned"])
        )


def _is_what_was_asked(kind, path, entry, again):
    """Raises the Finding of an audit of something else than rt.yaml asks for."""
    if entry["guarantee"] != path["guarantee"]:
        raise claims.invalid("audited as %s, rt.yaml promises %s" % (entry["guarantee"], path["guarantee"]))
    if entry["sent"] < path.get("messages", 300):
        raise claims.invalid("%d messages, rt.yaml asks %d" % (entry["sent"], path.get("messages", 300)))
    fault = kind.get("fault")
    if fault and not again["faults"].get(fault):
        raise claims.invalid("no %s happened in this run, so it proves nothing about one" % fault)


def _reordered(path):
    """Which count of the ledger is against what the path promises."""
    return "reordered_total" if path.get("ordering") == "total" else "reordered"


def _keeps_its_log(path):
    options = path.get("options", {})
    return path["adapter"] in ("redis", "nats", "kafka", "eventstore") and not options.get("pubsub") and not options.get("core")


def _order(path, entry, again, facts):
    """The finding on order, under load and on replay."""
    if entry.get("receiver"):
        raise claims.invalid(claims.own_fault(entry["receiver"]), **facts)
    causal, key, guarantee = path.get("ordering") == "causal", _reordered(path), entry["guarantee"]
    reasons, notes = [], []
    if causal and again["causal_violations"] is None:
        raise claims.invalid("no vector clocks in this run, so it proves nothing about causal order")
    if causal and again["causal_violations"]:
        reasons.append("%d of %d effects came before what had caused them" % (again["causal_violations"], again["received"]))
    if not causal and again[key]:
        reasons.append("%d of %d effects out of order" % (again[key], again["received"]))
    if not causal and again["worker_" + key]:
        reasons.append("%d of %d effects of the worker out of order" % (again["worker_" + key], again["worker_effects"]))
    if again["duplicates"] and guarantee in ("exactly-once", "at-most-once"):
        reasons.append("%d message(s) came more than once, %s allows none" % (again["duplicates"], guarantee))
    if again["received"] == 0:
        reasons.append("nothing was received")
    elif again["lost"]:  # an order is only of what comes
        text = "%d of %d acknowledged messages never came" % (again["lost"], again["acked"])
        (notes if guarantee == "at-most-once" else reasons).append(text)
    if _keeps_its_log(path):
        if again["replay_identical"] is None:
            raise claims.invalid("%s keeps its log, but the audit did not replay it" % path["adapter"])
        if not again["replay_identical"]:
            reasons.append("replay gives another state than the first run")
    value = again["causal_violations"] if causal else again[key] + again["worker_" + key]
    shows = ["causal order"] if causal else []
    return claims.Finding("FAIL" if reasons else "PASS", reasons or notes, value, 0, shows=shows, **facts)


def _deliveries(path, entry, again, lines, facts):
    """The finding on what was lost, came twice or was never sent."""
    told, guarantee = _told(path, entry, again), entry["guarantee"]
    if entry["isolates"] is False and guarantee == "exactly-once":
        raise claims.invalid(
            "the broker does not isolate: a consumer that reads what is committed was given a message of an aborted transaction, so "
            "nothing shows exactly-once here",
            **facts,
        )
    reasons, key, promised = [], _reordered(path), path.get("ordering", "none")
    if again["lost"] and guarantee != "at-most-once":
        reasons.append(_loss(path, entry, again, lines))
    if again[key] and promised in ("total", "per-partition"):
        reasons.append("%d of %d effects out of order, rt.yaml promises %s" % (again[key], again["received"], promised))
    if again["duplicates"] and guarantee in ("exactly-once", "at-most-once"):
        reasons.append("%d duplicate effect(s), %s allows none" % (again["duplicates"], guarantee))
    reasons += claims.over_lag(path, again)
    if again["phantom"]:
        reasons.append("%d effect(s) of messages never sent" % again["phantom"])
    shows = []
    if "dead_letter" in path and not again["faults"].get("broker-kill"):
        shows = ["dead letters"]
        reasons += _dead_letters(path, again)
        facts = dict(facts, **{k: again[k] for k in ("poisoned", "dead_lettered", "misrouted")})
    if not reasons and again["acked"] < 0.5 * again["sent"]:
        raise claims.invalid("only %d of %d messages were acknowledged; the rest proves nothing" % (again["acked"], again["sent"]))
    if not reasons and guarantee == "exactly-once" and entry["effects_from"] == "reported":
        raise claims.invalid(
            "as reported: the worker itself says that each of %d effects happened once, and nothing else shows it; `effects: [command]` in "
            "rt.yaml reads them from its store, `effects: {from: NAME}` from the topic or stream that it writes to" % again["received"],
            **facts,
        )
    note = "0 lost of %d acknowledged: loss rate below %.2g with 95 %% confidence" % (again["acked"], again["loss_bound"])
    return claims.Finding("FAIL" if reasons else "PASS", (reasons or [note]) + told, again["lost"], 0, shows=shows, **facts)


def _loss(path, entry, again, lines):
    """What was lost, and what is known of where and why, as a reason."""
    text = "%d acknowledged message(s) of %d lost" % (again["lost"], again["acked"])
    if again["lag_max"] >= 1000:
        text += "; the consumer was up to %d behind: a queue's limit drops what it acknowledged (mosquitto: 1,000)" % again["lag_max"]
    return "; ".join([text] + [one for one in [losses.audited(lines, path["rate"])] + entry.get("said", [])[:2] if one])


def _dead_letters(path, again):
    """What is wrong with the dead-letter queue, as reasons."""
    reasons = []
    if again["poisoned"] + again["poison_handled"] < path["dead_letter"]["poison"]:
        raise claims.invalid("%d poison messages, rt.yaml asks %d" % (again["poisoned"], path["dead_letter"]["poison"]))
    if again["dead_lettered"] < again["poisoned"]:
        missing = again["poisoned"] - again["dead_lettered"]
        reasons.append("%d of %d poison messages are not in the dead-letter queue" % (missing, again["poisoned"]))
    if again["poison_handled"]:
        reasons.append("%d poison message(s) took effect" % again["poison_handled"])
    if again["misrouted"]:
        reasons.append("%d good message(s) in the dead-letter queue" % again["misrouted"])
    return reasons


def _told(path, entry, again):
    """Whose word the effects are, and how far the consumer was behind: lines. A word that the server contradicts is no effect."""
    lines = []
    if entry["effects_from"] == "reported":
        named = again["received"] + again["phantom"]
        if entry["consumed"] is not None and entry["consumed"] < named:
            raise claims.Finding(
                "FAIL",
                [
                    "the worker reported %d effects, but the server handed out %d messages: what it reports did not happen"
                    % (named, entry["consumed"])
                ],
            )
        if entry["consumed"] is None and not entry["worker_seen"]:
            raise claims.invalid(
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
