"""`pack rt ceiling`: up to which rate the probe itself is good, on this machine, with this adapter and this server.

Short runs at doubled rates until something gives, then halfway between; each run says what gave: the probe (its loop or its
processor was at work all the time, so later figures would be its own), or the system (messages lost, or fewer came than went out).
"""

from pack.realtime import claims, probe

RUN_S, WARM_S = 2.0, 0.5
MOST = 1000000.0
CLOSE = 1.2  # good and bad rate are near enough


def search(make, size, connections, say, most=MOST, first=1000.0):
    """[(rate, what gave or None, recording)] of the runs. `make(rate)` gives a fresh adapter, `say(line)` is told of each run."""
    runs, good, bad, rate = [], 0.0, None, min(first, most)
    while True:
        recording = _run(make(rate), rate, size, connections)
        gave = what_gave(recording, rate)
        runs.append((rate, gave, recording))
        shown = [recording.latency.get_value_at_percentile(p) / 1e3 for p in (50, 99)] if recording.received else [float("nan")] * 2
        say("%8g/s  P50 %8.3f  P99 %8.3f ms  at work %3.0f %%  %s" % (rate, shown[0], shown[1], 100 * recording.busy, gave or "good"))
        if recording.partial:
            return runs
        good, bad = (max(good, rate), bad) if gave is None else (good, min(rate, bad or rate))
        if bad is None:
            if rate >= most:
                return runs
            rate = min(rate * 2, most)
        elif good:
            if bad / good < CLOSE:
                return runs
            rate = float(round((good * bad) ** 0.5))
        elif rate < 50:
            return runs
        else:
            rate /= 4.0


def what_gave(recording, rate):
    """`the probe` or `the system` with the reason; None if all was well."""
    own = claims.own_limit({"usage": recording.usage, "rate": rate})
    if own or recording.receiver:
        return "the probe: %s" % (claims.own_fault(recording.receiver) if recording.receiver else "at work all the time")
    if recording.lost:
        return "the system: %d of %d lost" % (recording.lost, recording.sent * recording.fanout)
    carried = sum(recording.arrivals) / float(max(1, sum(recording.departures) * recording.fanout))
    return None if carried >= 0.95 else "the system: only %.0f %% came while it was sent" % (100 * carried)


def _run(adapter, rate, size, connections):
    adapter.forget = True

    async def main(stop):
        recording, _ = await probe.told_run(adapter, rate, RUN_S, WARM_S, size, None, stop, per_second=True)
        return recording

    return probe.run(main, connections + 50)
