"""Judge what a system bears: a sustained rate, a burst, idle connections, a stream of windows."""

from pack.realtime import claims, windows


def throughput(kind, path, entry, run, limits, raw):
    """The finding of a sustained rate. The arguments are those of `derive.judge`."""
    histogram = _is_its_seconds(entry, run)
    series, departed, wanted = entry["per_second"], entry["sent_per_second"], path["throughput"]
    copies, span = entry["sent"] // max(1, sum(departed)), min(10, len(series))
    lag, behind = [], 0
    for went, came in zip(departed, series):
        behind += went * copies - came
        lag.append(behind)
    worst = min(sum(series[i : i + span]) / float(span) for i in range(len(series) - span + 1))
    facts = _seconds_facts(entry, histogram, span, worst, lag)
    if entry["target_rate"] != wanted["rate"] or len(series) < wanted["duration"]:
        raise claims.invalid(
            "measured %g/s for %d s, rt.yaml asks %g/s for %g s" % (entry["target_rate"], len(series), wanted["rate"], wanted["duration"]),
            **facts,
        )
    needed, rule, _ = limits(kind["thresholds"]["sustained_s"])
    if len(series) < needed:
        raise claims.invalid(
            "%d s is not sustained: section %s asks %g s (waive `%s` with a reason for less)"
            % (len(series), rule["source"], needed, kind["thresholds"]["sustained_s"]),
            **facts,
        )
    claims.check_connections(path, entry)
    claims.check_receiver(entry, facts)
    own, rate = claims.own_limit(entry), wanted["rate"] * copies
    reasons = _faults_of_the_rate(path, entry, facts, rate, lag)
    if own and (reasons or worst < 0.95 * rate):
        raise claims.invalid(
            "%s; but %s" % (reasons[0] if reasons else "the worst %d seconds carried %.1f/s" % (span, worst), own), **facts
        )
    if worst < 0.95 * rate:
        sent = _sent_in_thin_seconds(series, departed, copies, span, rate)
        if sent is not None:
            raise claims.invalid(
                "the worst %d seconds carried %.1f/s of %g/s, but the probe itself sent only %.1f/s then: this machine "
                "cannot hold the rate now; measure again when it is quiet" % (span, worst, wanted["rate"], sent),
                **facts,
            )
        reasons.append("the worst %d seconds carried %.1f/s, the target is %g/s" % (span, worst, rate))
    return claims.Finding("FAIL" if reasons else "PASS", reasons, facts["worst"], rate, **facts)


def _is_its_seconds(entry, run):
    """The histogram of latencies. Raises the Finding of an entry that says something else than its seconds do."""
    series, departed = entry["per_second"], entry["sent_per_second"]
    claims.check_counts(entry, run, len(series))
    if sum(series) + entry["after"] != entry["received"] or entry["after"] < 0:
        raise claims.forged(
            "the seconds add up to %d, after them came %d, received is %d" % (sum(series), entry["after"], entry["received"])
        )
    histogram = claims.histogram_of(entry["histogram"], "histogram")
    if len(departed) != len(series) or entry["sent"] % max(1, sum(departed)):
        raise claims.forged("the seconds of sending add up to %d, sent is %d" % (sum(departed), entry["sent"]))
    if sum(departed) > entry["target_rate"] * len(departed) + 1 and not run["partial"]:
        raise claims.forged("%g/s for %d s is not sent %d" % (entry["target_rate"], len(departed), entry["sent"]))
    if histogram.total != entry["received"]:
        raise claims.forged("received %s, histogram holds %d" % (entry["received"], histogram.total))
    if entry["sustained_s"] != len(series):
        raise claims.forged("sustained_s %s, but %d seconds were counted" % (entry["sustained_s"], len(series)))
    if not claims.near(entry["throughput_msgs_sec"] * entry["sustained_s"], sum(series), max(1.0, 0.005 * sum(series))):
        raise claims.forged(
            "throughput %s x duration %s is not the %d of its seconds" % (entry["throughput_msgs_sec"], entry["sustained_s"], sum(series))
        )
    return histogram


def _seconds_facts(entry, histogram, span, worst, lag):
    """What is worth a column. span: seconds of the thinnest part, worst: its rate a second; lag: messages on their way after each second."""
    series = entry["per_second"]
    part = max(1, len(series) // 10)
    memory = [[row[i] for row in entry["memory_kb"] if row[i] is not None] for i in (1, 2)]
    return {
        "sustained_s": len(series),
        "sent": entry["sent"],
        "lost": entry["lost"],
        "span_s": span,
        "worst": round(worst, 1),
        "mean": round(sum(series) / float(len(series)), 1),
        "drift_percent": round(100.0 * (sum(series[-part:]) - sum(series[:part])) / max(1, sum(series[:part])), 2),
        "p99_ms": claims.percentiles(histogram)["p99_ms"],
        "after": entry["after"],
        "lag_max": max(lag, default=0),
        "lag_end": lag[-1],
        "probe_mb": [round(m / 1024.0, 1) for m in memory[0][:1] + memory[0][-1:]],
        "server_mb": [round(m / 1024.0, 1) for m in memory[1][:1] + memory[1][-1:]],
    }


def _faults_of_the_rate(path, entry, facts, rate, lag):
    """What went wrong beside the rate itself, as reasons. rate: copies a second."""
    reasons, part, behind = [], max(1, len(lag) // 10), lag[-1]
    if entry["lost"]:
        why = claims.why_lost(entry)
        reasons.append("%d of %d messages lost%s" % (entry["lost"], entry["sent"], " (%s)" % why if why else ""))
    if behind > rate and behind > 2 * max(1, sum(lag[:part]) // part):
        reasons.append("it fell behind: %d messages (%.1f s of the rate) were still on their way at the end" % (behind, behind / rate))
    reasons += claims.over_lag(path, facts)
    if entry["damaged"]:
        reasons.append("%d message(s) came back damaged" % entry["damaged"])
    if entry.get("astray"):
        reasons.append(claims.ASTRAY % entry["astray"])
    if entry["duplicates"] and path["guarantee"] in ("exactly-once", "at-most-once"):
        reasons.append("%d message(s) came more than once, %s allows none" % (entry["duplicates"], path["guarantee"]))
    return reasons


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


def burst(kind, path, entry, run, limits, raw):
    buckets = entry["arrivals_ms"]
    claims.check_counts(entry, run, 0)
    if sum(buckets) != entry["received"]:
        raise claims.forged("the arrivals add up to %d, received is %d" % (sum(buckets), entry["received"]))
    drain = round(0.1 * len(buckets), 1)
    if not claims.near(entry["drain_s"], drain, 0.051) or not claims.near(entry["peak_msgs_sec"], max(buckets) * 10.0, 0.01):
        raise claims.forged(
            "drain %s s and peak %s/s are not what the arrivals give (%.1f, %d)"
            % (entry["drain_s"], entry["peak_msgs_sec"], drain, max(buckets) * 10)
        )
    if run["end"] - run["start"] < drain - 0.5:
        raise claims.forged("drained longer than the run lasted")
    if entry["burst"] < path["burst"]["messages"] or entry["sent"] < path["burst"]["messages"]:
        raise claims.invalid("a burst of %d, rt.yaml asks %d" % (entry["sent"], path["burst"]["messages"]))
    claims.check_receiver(entry, {})
    reasons = ["%d of %d messages lost" % (entry["lost"], entry["sent"])] if entry["lost"] else []
    if entry.get("astray"):
        reasons.append(claims.ASTRAY % entry["astray"])
    if drain > path["burst"]["drain_s"]:
        own = claims.own_limit(dict(entry, rate=entry["sent"] / max(drain, 0.1)))
        if own and not reasons:
            raise claims.invalid("drained in %.1f s, the limit is %g s; but %s" % (drain, path["burst"]["drain_s"], own))
        reasons.append("drained in %.1f s, the limit is %g s" % (drain, path["burst"]["drain_s"]))
    return claims.Finding(
        "FAIL" if reasons else "PASS",
        reasons,
        drain,
        path["burst"]["drain_s"],
        peak=entry["peak_msgs_sec"],
        sent=entry["sent"],
        lost=entry["lost"],
    )


def density(kind, path, entry, run, limits, raw):
    alive = entry["alive"]
    if entry["connections"] != min(alive) or entry["dropped"] != max(alive) - min(alive):
        raise claims.forged(
            "connections %s and dropped %s are not what the checks give (%s)" % (entry["connections"], entry["dropped"], alive)
        )
    if run["end"] - run["start"] < entry["hold_s"] - 0.5:
        raise claims.forged("held longer than the run lasted")
    if max(alive) > entry["wanted"] or min(alive) < 0:
        raise claims.forged("%d connections alive of %d" % (max(alive), entry["wanted"]))
    if entry["hold_s"] < path["density"]["hold_s"] or entry["wanted"] < path["density"]["connections"]:
        raise claims.invalid(
            "%d connections for %g s, rt.yaml asks %d for %g s"
            % (entry["wanted"], entry["hold_s"], path["density"]["connections"], path["density"]["hold_s"])
        )
    names = kind["thresholds"]
    needed, _, _ = limits(names["connections"])
    most, _, _ = limits(names["cpu_percent"])
    samples, cpu = entry.get("cpu_samples") or [], entry["cpu_percent"]
    if cpu is None or len(samples) < 2:
        raise claims.invalid("the server's CPU could not be read: start it with `server`, or give `server_pid_file`")
    again = 100.0 * (samples[-1][1] - samples[0][1]) / (samples[-1][0] - samples[0][0])
    if not claims.near(cpu, again, 0.06):
        raise claims.forged("cpu_percent %s, the samples give %.2f" % (cpu, again))
    if samples[-1][1] < samples[0][1] or not claims.near(samples[-1][0] - samples[0][0], entry["hold_s"], 0.01):
        raise claims.forged("the samples of the CPU are not those of a process held for %g s" % entry["hold_s"])
    reasons = []
    if entry["connections"] < needed:
        reasons.append("%d connections alive, needed %g" % (entry["connections"], needed))
    if entry["dropped"] or entry["connections"] < entry["wanted"]:
        reasons.append("%d of %d connections dropped or refused" % (entry["wanted"] - entry["connections"], entry["wanted"]))
    if not cpu < most:
        reasons.append("%.1f %% CPU for idle connections, allowed %g %%" % (cpu, most))
    return claims.Finding("FAIL" if reasons else "PASS", reasons, entry["connections"], needed, cpu_percent=cpu)


def stream(kind, path, entry, run, limits, raw):
    spec = path["stream"]
    told = windows.of(spec, path["rate"])
    wanted = windows.expected(**told)
    rows = {(w["key"], round(w["start"], 6)): w["expected"] for w in entry["windows"]}
    asked = (spec["events"], told["late"], spec["window_s"], told["keys"])
    if (entry["sent"], entry["late_sent"], entry["window_s"], entry["keys"]) != asked:
        raise claims.invalid("another stream than rt.yaml describes")
    if {where: n for where, n in rows.items() if n} != {(k, round(s, 6)): n for (k, s), n in wanted.items()}:
        raise claims.forged("the expected windows are not those of the plan")
    if run["end"] - run["start"] < entry["duration_s"] - 0.5 or not claims.near(
        entry["rate"] * entry["duration_s"], entry["sent"], max(1.0, 0.005 * entry["sent"])
    ):
        raise claims.forged("rate %s x duration %s is not sent %d" % (entry["rate"], entry["duration_s"], entry["sent"]))
    wrong = [w for w in entry["windows"] if w["observed"] != w["expected"]]
    reasons = ["window %s@%g: expected %d, observed %s" % (w["key"], w["start"], w["expected"], w["observed"]) for w in wrong[:5]]
    if len(wrong) > 5:
        reasons.append("and %d more windows" % (len(wrong) - 5))
    if entry["late_handled"] != told["late"]:
        reasons.append("%d of %d late events handled" % (entry["late_handled"], told["late"]))
    reasons += aside(told, entry.get("set_aside", []))
    recovered, facts = killed(spec.get("kill"), entry.get("kill"))
    reasons += recovered
    needed, rule, _ = limits(kind["thresholds"]["rate"])
    if not entry["rate"] > needed:
        own = claims.own_limit(entry)
        if own and not reasons:
            raise claims.invalid("%.0f events/s, needed %s %g; but %s" % (entry["rate"], rule.get("op", ">"), needed, own))
        reasons.append("%.0f events/s, needed %s %g" % (entry["rate"], rule.get("op", ">"), needed))
    return claims.Finding(
        "FAIL" if reasons else "PASS",
        reasons,
        round(entry["rate"], 1),
        needed,
        windows=len(entry["windows"]),
        wrong=len(wrong),
        late=entry["late_sent"],
        **facts,
    )


def aside(told, found):
    """Why what the processor set aside is not what came too late for every window: reasons. Whoever recovers may set aside twice."""
    wanted, there = set(windows.left_out(told)), set(found)
    reasons = []
    if wanted - there:
        reasons.append("%d of %d events that came too late were not set aside" % (len(wanted - there), len(wanted)))
    if there - wanted:
        reasons.append("%d events were set aside and belong into a window" % len(there - wanted))
    return reasons


def killed(asked, done):
    """(reasons, facts) of a kill in the middle of a stream. One that met nothing shows nothing: INVALID."""
    if not asked:
        return [], {}
    if not done or done["command"] != asked["command"]:
        raise claims.invalid("another kill than rt.yaml describes")
    if done["code"]:
        raise claims.invalid("the command that kills ended with exit code %d: %s" % (done["code"], " ".join(done["command"])))
    if not asked.get("flink"):
        return [], {}
    jobs, reasons = done.get("jobs", []), []
    if not any(job["restarts"] > 0 or not job["up"] for job in jobs):
        raise claims.invalid("no job of the Flink cluster was restarted: the command killed nothing that one ran on")
    for job in jobs:
        if not job["up"]:
            reasons.append("the job %s does not run after the kill" % job["name"])
        elif job["restarts"] > 0 and job["restored"] < 1:
            reasons.append("the job %s was restarted, and not from a checkpoint" % job["name"])
    down = [job["down_s"] for job in jobs if job["down_s"] is not None]
    return reasons, {"down_s": max(down)} if down else {}
