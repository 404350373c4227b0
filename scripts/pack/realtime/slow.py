"""A slow consumer: what a system does to whoever does not keep up. Messages are sent while a client of the usual library takes none;
then it takes all that is still there for it, and some more are sent. What did not come is a gap, and the question is whether anybody
was told of it. Every message is sent once and numbered; nothing is timed."""

import asyncio
import os
import time

from pack.realtime import adapters, bodies, probe

AFTER = 50  # messages that are sent when the consumer is awake again
QUIET_S = 3.0


class Slow:
    """One slow consumer. `measure()` makes it and answers {"sent", "acked", "acknowledges", "held", "failed", "gone", "runs", "after", "told",
    "sender", "twice", "retained", "server"}: `runs` are [first, last] of numbers that came one after the other, `after` how many of the last AFTER
    came, `gone` how many that the system had taken did not come, `held` how many sends had not ended when the consumer took again, `told` what the consumer's library or the
    server said to it, `sender` what the sender was told."""

    def __init__(self, adapter, messages, size, rate, stop, away_s=0.5):
        self.adapter, self.messages, self.size, self.rate, self.stop, self.away_s = adapter, messages, size, rate, stop, away_s
        self.token, self.gate = os.urandom(4).hex().encode(), asyncio.Event()
        self.not_taken = set()  # numbers that the system refused: what was never taken leaves no gap
        self.told, self.refused, self.came, self.acked, self.failed = [], [], [], 0, 0

    def _deliver(self, body, at, receiver=0):
        self.came += [number for number, _, _ in bodies.pieces(bytes(body), self.token)]

    def _settled(self, number, error):
        if error is None:
            self.acked += 1
            return
        self.failed += 1
        self.not_taken.add(number)
        if self.failed == 1:
            self.refused.append("the first send that failed: %s" % probe.said(error))

    def _post(self, number):
        body = bodies.make_body(self.token, number, self.size)
        if self.adapter.posting():
            self.adapter.post(body, 0, lambda error: self._settled(number, error))
            return
        task = asyncio.ensure_future(self.adapter.send(body))
        task.add_done_callback(lambda task: self._settled(number, None if task.cancelled() else task.exception()))

    async def _send(self, first, last):
        start = time.perf_counter()
        for number in range(first, last):
            self._post(number)
            if number % 50 == 49 or number == last - 1:
                self.adapter.flush()
                await asyncio.sleep(max(0.0, start + (number - first) / self.rate - time.perf_counter()))
            if self.stop.is_set():
                raise KeyboardInterrupt
        until = time.perf_counter() + 10
        while self.acked + self.failed < last and time.perf_counter() < until:
            await asyncio.sleep(0.02)

    async def _heard(self, wanted):
        """Wait until so many came, or nothing more does."""
        quiet, last = time.perf_counter(), -1
        while len(self.came) < wanted and time.perf_counter() - quiet < QUIET_S and not self.stop.is_set():
            if len(self.came) != last:
                quiet, last = time.perf_counter(), len(self.came)
            await asyncio.sleep(0.02)

    async def measure(self):
        """Make it."""
        adapter, receiving = self.adapter, None
        try:
            await adapter.sender()
            receiving = asyncio.ensure_future(await adapter.laggard(self._deliver, self.gate, self.told))
            await asyncio.sleep(0.2)
            await self._send(0, self.messages)
            await asyncio.sleep(self.away_s)
            held = self.messages - self.acked - self.failed
            self.gate.set()
            await self._heard(self.messages)
            await self._send(self.messages, self.messages + AFTER)
            await self._heard(len([n for n in self.came if n < self.messages]) + AFTER)
            if receiving.done() and not receiving.cancelled() and receiving.exception():
                self.told.append("the consumer ended: %s" % probe.said(receiving.exception()))
            server = (await adapter.server())[0]
            kept = [bodies.number_of(b, self.token) for b in await adapter.retained()] if getattr(adapter, "retain", 0) else None
        finally:
            if receiving is not None:
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)
            await probe.let_go(adapter)
        slow = [n for n in self.came if n < self.messages]
        return {
            "sent": self.messages,
            "acked": self.acked,
            "acknowledges": adapter.acknowledges,
            "held": held,
            "failed": self.failed,
            "gone": len(set(range(self.messages)) - self.not_taken - set(slow)),
            "runs": runs(slow),
            "after": len({n for n in self.came if n >= self.messages}),
            "told": list(dict.fromkeys(self.told)),
            "sender": self.refused + ["of the sender: %s" % text for text in dict.fromkeys(adapter.closed)],
            "twice": len(slow) - len(set(slow)),
            "retained": kept,
            "server": server,
        }


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
    ended = "acknowledged" if seen["acknowledges"] else "handed over, for this protocol acknowledges nothing"
    out = ["%s: %d messages sent while the consumer took none (%d %s, %d failed), then %d more" % (seen["server"], seen["sent"], min(seen["acked"], seen["sent"]), ended, seen["failed"], AFTER)]  # fmt: skip
    if seen["held"] > 0:
        out.append("the sender was held up: %d sends had not ended when the consumer took again" % seen["held"])
    gone = seen["gone"]
    if not gone:
        taken = " that the system took" if got < seen["sent"] else ""
        out.append("no gap: all %d%s came, and %d of the %d sent afterwards" % (got, taken, seen["after"], AFTER))
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
    return out + seen["told"] + seen["sender"]


def run(path, name, project, messages, rate, away_s=0.5):
    """Measure one path's slow consumer; away_s: seconds for which it takes nothing after the last message was sent."""
    adapter = adapters.make(path, name, project)
    if type(adapter).laggard is adapters.Adapter.laggard:
        raise NotImplementedError("the %s adapter has no slow consumer: it keeps nothing for anybody" % adapter.protocol)
    return probe.run(lambda stop: Slow(adapter, messages, path.get("payload_bytes", 64), rate, stop, away_s).measure())
