"""A slow consumer: what a system does to whoever does not keep up. Messages are sent while a client of the usual library takes none;
then it takes all that is still there for it, and some more are sent. What did not come is a gap, and the question is whether anybody
was told of it. Every message is sent once and numbered; nothing is timed."""

import asyncio
import os
import time

from pack.realtime import adapters, probe

AFTER = 50  # messages that are sent when the consumer is awake again
QUIET_S = 3.0


async def measure(adapter, messages, size, rate, stop):
    """{"sent", "acked", "failed", "runs", "after", "told", "retained", "server"} of one slow consumer. `runs`: [first, last] of numbers
    that came one after the other; `after`: how many of the last AFTER came; `told`: what the client's library or the server said."""
    token, gate, told, came = os.urandom(4).hex().encode(), asyncio.Event(), [], []
    counts = {"acked": 0, "failed": 0}

    def deliver(body, at, receiver=0):
        number = probe.number_of(bytes(body), token)
        if number is not None:
            came.append(number)

    def settled(error):
        counts["failed" if error else "acked"] += 1
        if error and counts["failed"] == 1:
            told.append("the first send that failed: %s" % probe.said(error))

    async def send(first, last):
        post, start, tasks = adapter.post if adapter.posting() else None, time.perf_counter(), []
        for number in range(first, last):
            body = probe.make_body(token, number, size)
            if post:
                post(body, 0, settled)
            else:
                tasks.append(asyncio.ensure_future(adapter.send(body)))
                tasks[-1].add_done_callback(lambda task: settled(None if task.cancelled() else task.exception()))
            if number % 50 == 49 or number == last - 1:
                adapter.flush()
                await asyncio.sleep(max(0.0, start + (number - first) / rate - time.perf_counter()))
            if stop.is_set():
                raise KeyboardInterrupt
        await asyncio.gather(*tasks, return_exceptions=True)
        adapter.flush()
        until = time.perf_counter() + 10
        while counts["acked"] + counts["failed"] < last and time.perf_counter() < until:
            await asyncio.sleep(0.02)

    async def heard(wanted):
        quiet, last = time.perf_counter(), -1
        while len(came) < wanted and time.perf_counter() - quiet < QUIET_S and not stop.is_set():
            if len(came) != last:
                quiet, last = time.perf_counter(), len(came)
            await asyncio.sleep(0.02)

    await adapter.prepare()
    receiving = None
    try:
        receiving = asyncio.ensure_future(await adapter.laggard(deliver, gate, told))
        await asyncio.sleep(0.2)
        await send(0, messages)
        await asyncio.sleep(0.5)
        gate.set()
        await heard(messages)
        await send(messages, messages + AFTER)
        await heard(len([n for n in came if n < messages]) + AFTER)
        if receiving.done() and not receiving.cancelled() and receiving.exception():
            told.append("the consumer ended: %s" % probe.said(receiving.exception()))
        server = (await adapter.server())[0]
        kept = [probe.number_of(body, token) for body in await adapter.retained()] if getattr(adapter, "retain", 0) else None
    finally:
        if receiving is not None:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
        await probe.let_go(adapter)
    told += list(dict.fromkeys(adapter.closed))
    while_slow = [n for n in came if n < messages]
    return dict(
        counts,
        sent=messages,
        runs=runs(while_slow),
        after=len({n for n in came if n >= messages}),
        told=told,
        retained=kept,
        twice=len(while_slow) - len(set(while_slow)),
        server=server,
    )


def runs(numbers):
    """[[first, last]] of numbers without holes, in order."""
    found = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def lines(seen):
    """What was seen, as lines: whether there is a gap, where it is, and whether anybody was told."""
    got = sum(last - first + 1 for first, last in seen["runs"])
    out = ["%s: %d messages sent while the consumer took none (%d acknowledged, %d failed), then %d more" % (seen["server"], seen["sent"], min(seen["acked"], seen["sent"]), seen["failed"], AFTER)]  # fmt: skip
    gone = seen["sent"] - got
    if not gone:
        out.append("no gap: all %d came, and %d of the %d sent afterwards" % (got, seen["after"], AFTER))
    else:
        shown = ", ".join("%d to %d" % tuple(run) for run in seen["runs"][:5]) or "none"
        kept = "the oldest were kept" if seen["runs"] and seen["runs"][0][0] == 0 else "the oldest are gone"
        out.append("a gap of %d messages: %s came (%s), and %d of the %d sent afterwards" % (gone, shown, kept, seen["after"], AFTER))
        loud = [text for text in seen["told"] if "without an error" not in text]
        out.append("the consumer was told" if loud else "a silent gap: no error reached the consumer")
    if seen["twice"]:
        out.append("%d messages came more than once" % seen["twice"])
    if seen["retained"] is not None:
        newest = seen["sent"] + AFTER - 1
        out.append(
            "retained: a new subscriber is given message %s at once%s"
            % (
                ", ".join(map(str, seen["retained"])) or "none",
                ", the newest" if seen["retained"] == [newest] else "; the newest is %d" % newest,
            )  # fmt: skip
        )
    return out + seen["told"]


def run(path, name, project, messages, rate):
    """Measure one path's slow consumer."""
    adapter = adapters.make(path, name, project)
    if type(adapter).laggard is adapters.Adapter.laggard:
        raise NotImplementedError("the %s adapter has no slow consumer: it keeps nothing for anybody" % adapter.protocol)
    return probe.run(lambda stop: measure(adapter, messages, path.get("payload_bytes", 64), rate, stop))
