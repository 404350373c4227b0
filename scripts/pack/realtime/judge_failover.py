"""Judge how long a system and its clients need after a fault."""

from pack.realtime import claims, judge_delivery


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


def judge(kind, path, entry, run, limits, raw):
    """The finding of one fault and what came back after it. The arguments are those of `derive.judge`."""
    if "ledger" in entry or kind["measure"] != "reconnect":
        _is_its_ledger(entry, run, raw)
    value = failover_value(entry["events"])
    _are_its_events(entry, run, value)
    if value is None:
        return claims.Finding("FAIL", ["not everybody recovered after the fault"], None, None)
    if entry["fault"] != kind["fault"]:
        raise claims.invalid("the fault was %s, not %s" % (entry["fault"], kind["fault"]))
    if kind["measure"] == "election" and "cluster" in path and not _elected(path, entry):
        return claims.Finding("FAIL", ["no other node was elected leader"], round(value, 3), None)
    steady = sum(e["what"] == "steady" for e in entry["events"])
    if kind["measure"] == "reconnect" and steady < path.get("connections", 1):
        raise claims.invalid("%d clients, rt.yaml asks %d" % (steady, path.get("connections", 1)))
    bound, rule, _ = limits(next(iter(kind["thresholds"].values())))
    reasons, notes = [], []
    if not value < bound:
        reasons.append("%.3f s, the limit is %g s" % (value, bound))
    elif "target" in rule and not value < rule["target"]:
        notes.append("%.3f s is over the target of %g s, within the gate of %g s" % (value, rule["target"], bound))
    if entry["lost"]:
        reasons.append("%d message(s) lost" % entry["lost"])
    if kind["measure"] == "reconnect" and entry.get("state_preserved") is not True:
        reasons.append("the clients' state was not preserved")
    return claims.Finding("FAIL" if reasons else "PASS", reasons or notes, round(value, 3), bound)


def _is_its_ledger(entry, run, raw):
    """Raises the Finding of an entry that says something else than its ledger."""
    if raw is None:
        raise claims.forged("the ledger %s is gone" % entry["ledger"]["file"])
    facts = judge_delivery.ledger(entry, run, raw)
    seen = {v for f, v, _ in facts if f in "er"}  # by the consumer, or in the log that was read again
    lost = len({v for f, v, _ in facts if f == "a"} - seen)
    if entry["lost"] != lost:
        raise claims.forged("lost says %d, the ledger says %d" % (entry["lost"], lost))


def _are_its_events(entry, run, value):
    """Raises the Finding of an entry whose events contradict each other, its value or its run. value: `failover_value` of them."""
    named = {w: {e.get("who", "") for e in entry["events"] if e["what"] == w} for w in ("steady", "recovered")}
    if sum(e["what"] == "fault" for e in entry["events"]) > 1 or named["recovered"] - named["steady"]:
        raise claims.forged("the events do not fit: one fault, and who recovers was steady before it")
    if value is None:
        return
    if not claims.near(entry["value_s"], value, 0.0011):
        raise claims.forged("value_s says %s, the events say %.3f" % (entry["value_s"], value))
    times = [e["at"] for e in entry["events"]]
    if run["end"] - run["start"] < value - 0.5 or times != sorted(times):
        raise claims.forged("the events do not fit the run")


def _elected(path, entry):
    """Whether another node than those that were killed became leader."""
    struck, elected = ({e.get("who") for e in entry["events"] if e["what"] == what} for what in ("fault", "elected"))
    if not struck <= {n["name"] for n in path["cluster"]}:
        raise claims.forged("the node that was killed is none of the cluster's")
    return bool(elected - struck)
