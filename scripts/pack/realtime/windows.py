"""The plan of a stream test: which events are sent, which windows must come out. Pure, so that the gate derives it again.

Event i has key k(i) = i mod keys, and event time i / rate seconds, so that every window holds a known number. `late` events are spread
evenly; each is held back until the next one of them is due, so it comes about events / late / rate seconds after its time. A correct
processor whose allowed lateness (`lateness_s` in rt.yaml) covers that still counts them.

Windows are tumbling; sliding where `slide_s` is given (a new one every slide_s seconds); sessions where `gap_s` is given: a key's session
ends when it is silent for gap_s. The events of a session test are window_s seconds of events and a leap of twice the gap in event time, in
turn. `too_late` events of the first half are held back to the very end, when their windows are closed by any reading: no window may count
them, and the processor must hand out each by itself (its side output).
"""


def of(spec, rate):
    """The arguments of `plan` and `expected` as the section `stream` of a path gives them; rate: the path's, events a second."""
    return {
        "events": spec["events"],
        "keys": spec.get("keys", 1),
        "window_s": spec["window_s"],
        "rate": spec.get("rate", rate),
        "late": spec.get("late", 0),
        "slide_s": spec.get("slide_s"),
        "gap_s": spec.get("gap_s"),
        "too_late": spec.get("too_late", 0),
    }


def event_times(events, window_s, rate, gap_s):
    """The event time of each event in seconds; with a gap, one leap of twice the gap after every window_s seconds."""
    step = 1.0 / rate
    if not gap_s:
        return [i * step for i in range(events)]
    burst = max(1, int(round(window_s * rate)))
    return [i * step + i // burst * 2 * gap_s for i in range(events)]


def plan(events, keys, window_s, rate, late, slide_s=None, gap_s=None, too_late=0):
    """[(number, key, event time in s, is late)] in the order in which they are sent; rate: events a second, late: how many come late.
    Those too late for any window come last, and their fourth word is None."""
    times, burst = event_times(events, window_s, rate, gap_s), max(1, int(round(window_s * rate)))
    regular = [(i, "k%d" % (i % keys), times[i], False) for i in range(events)]

    def inside(number):
        """Neither the first nor the last of its key in a session: the session's start is told without it, and it stays one."""
        return not gap_s or keys <= number % burst < burst - keys

    dropped, apart = set(), max(1, events // 2 // too_late) if too_late else 0
    for n in range(too_late):
        dropped.update(next(([i] for i in range(n * apart + apart // 3, events) if inside(i) and i not in dropped), ()))
    every = max(1, events // late) if late else 0
    wanted = set()
    for n in range(late):
        free = ([i] for i in range(n * every + every // 2, events) if inside(i) and i not in dropped and i not in wanted)
        wanted.update(next(free, ()))
    sent, held = [], None
    for item in regular:
        if item[0] in dropped:
            continue
        if item[0] in wanted:
            if held:
                sent.append(held)
            held = item[:3] + (True,)
            continue
        sent.append(item)
    if held:
        sent.append(held)
    return sent + [item[:3] + (None,) for item in regular if item[0] in dropped]


def starts(at, window_s, slide_s=None):
    """The starts in seconds of all windows that hold an event of this time: tumbling, or one every slide_s."""
    step = slide_s or window_s
    newest, found = int(at / step + 1e-9), []
    while newest * step + window_s > at + 1e-9:
        found.append(round(newest * step, 6))
        newest -= 1
    return found


def holders(arguments):
    """{number of an event: [(key, window start)]} of all that are counted."""
    sent, found = [item for item in plan(**arguments) if item[3] is not None], {}
    gap = arguments.get("gap_s")
    if not gap:
        return {number: [(key, s) for s in starts(at, arguments["window_s"], arguments.get("slide_s"))] for number, key, at, _ in sent}
    open_at = {}
    for number, key, at, _ in sorted(sent, key=lambda item: item[2]):
        start, last = open_at.get(key, (None, None))
        if start is None or at - last >= gap - 1e-9:  # silent for the gap: a new session
            start = round(at, 6)
        open_at[key] = (start, at)
        found[number] = [(key, start)]
    return found


def expected(events, keys, window_s, rate, late, slide_s=None, gap_s=None, too_late=0):
    """{(key, window start): number of events}."""
    arguments = dict(events=events, keys=keys, window_s=window_s, rate=rate, late=late, slide_s=slide_s, gap_s=gap_s, too_late=too_late)
    counts = {}
    for windows in holders(arguments).values():
        for where in windows:
            counts[where] = counts.get(where, 0) + 1
    return counts


def left_out(arguments):
    """The numbers of the events that come too late for any window."""
    return sorted(item[0] for item in plan(**arguments) if item[3] is None)


def unready(spec, rate):
    """Why a section `stream` cannot be sent as it is written: [text]."""
    found, told = [], of(spec, rate)
    events, keys, span, gap = told["events"], told["keys"], told["window_s"], told["gap_s"]
    if told["late"] + told["too_late"] > events:
        return ["stream.late: %d of %d events cannot be late" % (told["late"] + told["too_late"], events)]
    if gap and told["slide_s"]:
        found.append("stream: slide_s makes sliding windows and gap_s sessions; give one of them")
    if told["slide_s"] and told["slide_s"] > span:
        found.append("stream.slide_s: windows of %g s that begin every %g s miss events between them" % (span, told["slide_s"]))
    if gap and 2.0 * keys / told["rate"] >= gap:
        found.append(
            "stream.gap_s: a key has an event every %g s, so a late one would split its session of gap %g s" % (keys / told["rate"], gap)
        )
    if gap and span * told["rate"] < 3 * keys and (told["late"] or told["too_late"]):
        found.append("stream.window_s: with sessions it is how long events come before a pause; give each key three events in it at least")
    if not found and sum(item[3] is not False for item in plan(**told)) != told["late"] + told["too_late"]:
        found.append("stream.late: there are not so many events that can be late")
    open_s = span + (2 * gap if gap else 0) + spec.get("lateness_s", 0)
    if told["too_late"] and not found:
        times = event_times(events, span, told["rate"], gap)
        if times[-1] - times[events // 2] <= open_s:
            found.append(
                "stream.too_late: the windows of the first half are still open when the last event comes (window, gap and lateness are "
                "%g s, the second half takes %g s); send more events" % (open_s, times[-1] - times[events // 2])
            )
    return found
