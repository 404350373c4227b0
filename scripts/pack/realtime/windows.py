"""The plan of a stream test: which events are sent, which windows must come out. Pure, so that the gate derives it again.

Event i has key k(i) = i mod keys, and event time i / rate seconds, so that every window holds a known number. `late` events are spread
evenly; each is held back until the next one of them is due, so it comes about events / late / rate seconds after its time. A correct
processor whose allowed lateness (`lateness_s` in rt.yaml) covers that still counts them.
"""


def plan(events, keys, window_s, rate, late):
    """[(number, key, event time in s, is late)] in the order in which they are sent; rate: events a second, late: how many come late."""
    step = 1.0 / rate
    regular = [(i, "k%d" % (i % keys), i * step, False) for i in range(events)]
    every = max(1, events // late) if late else 0
    sent, held = [], []
    for item in regular:
        if late and item[0] % every == every // 2 and len(held) < late:
            held.append((item[0], item[1], item[2], True))
            if len(held) > 1:
                sent.append(held[-2])
            continue
        sent.append(item)
    if held:
        sent.append(held[-1])
    return sent


def expected(events, keys, window_s, rate, late):
    """{(key, window start): number of events}."""
    counts = {}
    for _, key, at, _late in plan(events, keys, window_s, rate, late):
        start = round(int(at / window_s + 1e-9) * window_s, 6)
        counts[key, start] = counts.get((key, start), 0) + 1
    return counts
