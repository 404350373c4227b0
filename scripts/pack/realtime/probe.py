"""The probe: one open-loop scheduler for every protocol.

Messages go out at a fixed rate whatever the server does, and a message's latency counts from the moment it *should* have
gone out. A loop that waits for each answer before it sends the next measures a stall once instead of once for every
message that the stall delayed (coordinated omission): with a 1.4 s stall it shows a P99 of some milliseconds where the
truth is more than a second. The probe's own lateness goes into a second histogram, so that a slow probe cannot be
taken for a slow server. Sender and receiver share one process and one clock.
"""

import asyncio
import gc
import logging
import math
import os
import re
import signal
import sys
import threading
import time
import warnings

from pack.base.streams import driven, shown
from pack.realtime import adapters, losses, managed
from pack.realtime import loop as loops
from pack.realtime.adapters.base import UNABLE
from pack.realtime.bodies import LETTERS, MOST_KEPT, make_body, number_of, pieces
from pack.realtime.recording import Recording

GRACE_S = 5.0  # without a single message before the rest counts as lost
MOST_HEARD = 1024  # broadcasts whose bytes are remembered at once
MOST_PENDING = 100000  # unanswered sends; more of a server that answers nothing would only fill the probe's memory
INTERRUPTS = tuple(getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n))


asked = threading.Event()  # somebody wants the command to end; a measurement that was just done is whole, the next one is not begun


def interruptible():
    """Outside the loop too, SIGTERM and a closed terminal are as ctrl-c: what was started is ended, temporary files go."""
    asked.clear()

    def interrupt(number, frame):
        raise KeyboardInterrupt

    for number in INTERRUPTS:
        if signal.getsignal(number) is signal.SIG_DFL:  # ignored (nohup) stays ignored
            signal.signal(number, interrupt)


class _Sender:
    """Sends what is due whenever the loop comes by, in one piece if the loop was late; `done` is set at the end."""

    MOST = 256  # messages in one go; then receivers have their turn
    AT_ONCE = 32  # messages to one look at the clock
    FAST = 20000.0  # a second: above it the loop, woken for each message, would be at work all the time for single ones
    STEP_S = 100e-6  # so it is woken this seldom there; the messages are late by it at most, and that counts as latency

    def __init__(self, adapter, recording, span, size, token, stop, copies, progress, kept):
        """`kept`: {body: number} of what is on its way, where whoever receives looks for it; or None."""
        self.adapter, self.recording, self.size, self.token, self.stop = adapter, recording, size, token, stop
        self.number, self.total, self.copies, self.progress = span[0], span[1], copies, progress
        self.loop, self.tasks = asyncio.get_running_loop(), set()
        self.done, self.handle = self.loop.create_future(), None
        self.post = adapter.post if adapter.posting() else self._task
        self.every = max(1, int(recording.rate / 4))
        self.kept = kept
        self.open, self.over = 0, False  # sends without an end; whether anybody still counts them

    def settled(self, error):
        """A send has ended."""
        self.open -= 1
        if error is not None and not self.over:
            self.recording.failed += 1
            self.recording.refusal = self.recording.refusal or said(error)

    def warmed(self, error):
        """A send that is not counted has ended."""
        self.open -= 1
        if error is not None and not self.over:
            self.recording.refusal = self.recording.refusal or said(error)

    def _task(self, body, partition, settled):
        if len(self.tasks) >= MOST_PENDING:
            settled(RuntimeError("%d sends without an answer: no more go out" % MOST_PENDING))
            return
        task = asyncio.ensure_future(self.adapter.send(body))
        self.tasks.add(task)
        task.add_done_callback(lambda task: (self.tasks.discard(task), settled(None if task.cancelled() else task.exception())))

    def start(self):
        """Begin when the first message is due."""
        self.handle = self.loop.call_later(max(0.0, self.recording.due(self.number) - time.perf_counter()), self._tick)

    def listen(self, rate, duration):
        """Send nothing, and be done when whoever sends is: what is to come counts as sent, so that what does not is lost."""
        self.recording.sent = self.total

        def over():
            if not self.done.done():
                self.done.set_result(None)

        self.handle = self.loop.call_later(max(0.0, self.recording.zero + duration - time.perf_counter()), over)

    def _tick(self):
        try:
            wait = self._send()
        except BaseException as error:
            if not self.done.done():
                self.done.set_exception(error)
            return
        if wait is None:
            if not self.done.done():
                self.done.set_result(None)
        elif wait > 0:
            self.handle = self.loop.call_later(wait, self._tick)
        else:
            self.handle = self.loop.call_soon(self._tick)

    def _send(self):
        recording, clock, rate, zero = self.recording, time.perf_counter, self.recording.rate, self.recording.zero
        number, last = self.number, min(self.total, self.number + self.MOST)
        while number < last:
            now = clock()
            due = min(last, number + self.AT_ONCE, math.floor((now - zero) * rate) + 1)
            if due <= number:
                break
            if self.stop.is_set():
                recording.partial = True
                self.total = number
                break
            if number < 0:
                due = min(due, 0)
                self._post(number, due, self.warmed)
            else:
                self._account(number, due, now)
                self._post(number, due, self.settled)
            number = due
        self.number = number
        self.adapter.flush()
        if number >= self.total:
            return None
        return max(self.STEP_S if rate > self.FAST else 0.0, zero + number / rate - clock())

    def _account(self, number, due, now):
        """The measured messages from `number` to before `due` go out now."""
        recording, many = self.recording, due - number
        recording.sent += many
        recording._lateness.add_falling(now - recording.due(number), 1.0 / recording.rate, many, self.copies)
        if recording.departures is not None:
            recording.departures[min(int(now - recording.zero), len(recording.departures) - 1)] += many
        if self.progress and due // self.every != number // self.every or number == 0 and self.progress:
            self.progress.update(number, self.total, recording)

    def _post(self, first, due, settled):
        token, size, post, kept = self.token, self.size, self.post, self.kept
        if first < 0 or kept is None or len(kept) >= MOST_PENDING:
            kept = {}
        self.open += due - first
        for number in range(first, due):
            body = make_body(token, number, size)
            kept[body] = number
            post(body, 0, settled)

    def cancel(self):
        """No more of it."""
        if self.handle:
            self.handle.cancel()


class _Ear:
    """Hears what comes back: tells it from what is none of the probe's, checks it, records it.

    Most of what comes is exactly what went out and comes once: it is looked up in `kept` as a whole. Everything else is read.
    """

    def __init__(self, recording, token, size, total, sends):
        self.recording, self.token, self.size, self.total, self.foreign = recording, token, size, total, 0
        self.example = self.greeting = None  # the last one and the first one of what is none of the probe's
        self.kept = {} if sends and recording.fanout == 1 and recording.order is None and 0 < size <= MOST_KEPT else None
        self.heard = {} if recording.fanout > 1 and size > 0 else None  # {what came: its number}: a room's members hear the same bytes
        self.account = getattr(asyncio.get_running_loop(), "account", None)
        self.at, self.waited, self.times = 0.0, 0.0, 0  # of what came in one piece

    def deliver(self):
        """The function that an adapter calls for each message. What is known is looked up as a whole: sent and expected once, or heard before."""
        recording, wait, read = self.recording, self._wait, self._read
        if self.heard is not None:
            known, record = self.heard.get, recording.arrived
        else:
            known, record = self.kept.pop if self.kept is not None else None, recording.first
        owned, turn = recording.owned, recording.turn

        def deliver(body, at, receiver=0):
            number = known(body, None) if known is not None and type(body) is bytes else None
            if number is None:
                read(body, at, receiver)
                return
            if owned and (number + turn) % owned != receiver:
                recording.astray += number >= 0
                return
            if at != self.at:
                wait(at)
            self.times += 1
            record(number, at, receiver)

        return deliver

    def _wait(self, at):
        """Another piece has come, that was here at `at`."""
        self.end()
        self.at, self.waited = at, at - self.account.since if self.account is not None else 0.0

    def end(self):
        """What came is accounted for."""
        if self.times and self.account is not None:
            self.recording._receiving.add(self.waited, self.times)
        self.times = 0

    def _read(self, body, at, receiver):
        """What did not come as it went out: in words of the application's own, several in one message, again, or damaged."""
        found, owned = pieces(body, self.token), self.recording.owned
        if not found:
            self.foreign, self.example = self.foreign + 1, body
            self.greeting = self.greeting if self.greeting is not None else body
        for number, place, end in found:
            if owned and number < self.total and (number + self.recording.turn) % owned != receiver:
                self.recording.astray += number >= 0
            elif number >= 0:
                intact = self._one(number, body, place, end, at, receiver)
                if intact and self.heard is not None and len(found) == 1 and type(body) is bytes:
                    if len(self.heard) >= MOST_HEARD:
                        self.heard.clear()
                    self.heard[body] = number

    def _one(self, number, body, place, following, at, receiver):
        """The message `number`, whose text begins at `place`; the next one's begins at `following`. Says whether it is intact."""
        if at != self.at:
            self._wait(at)
        self.times += 1
        if self.size > 0 and number < self.total:
            whole = make_body(self.token, number, self.size)
            text = whole.rstrip(b" ")  # of the shortest messages; an application may trim what it is told
            end = place + len(text)
            alone = end == following or not LETTERS.match(body, end)
            if not alone or not body.startswith(text, place):
                self.recording.changed = self.recording.changed or losses.changed(number, whole, bytes(body[place:following]))
                number = self.total
            elif self.kept:
                self.kept.pop(whole, None)
        if number >= self.total:
            self.recording.damaged += 1
            return False
        self.recording.arrived(number, at, receiver if self.recording.fanout > 1 else 0)
        return True


def said(error):
    """An error as one line that names its kind."""
    text = " ".join(str(error).split())
    return "%s: %s" % (type(error).__name__, text[:300]) if text else type(error).__name__


async def open_loop(  # noqa: C901 - the course of one measurement; what it holds is shared by all parts
    adapter,
    rate,
    duration,
    warmup=1.0,
    size=64,
    progress=None,
    stop=None,
    per_second=False,
    order=False,
    grace=GRACE_S,
    opened=None,
    begin=None,
    token=None,
    sends=True,
    members=None,
):
    """Run the schedule against an adapter that it opens; returns a Recording. `stop` (an asyncio.Event) ends it early; `opened()` is
    awaited before the first message, `begin()` gives the moment of message 0; without `sends` somebody else sends with this token.
    `members`: receivers of a broadcast in all processes together."""
    token = token or os.urandom(4).hex().encode()
    recording = Recording(rate, adapter.fanout)
    total, before = int(round(rate * duration)), int(round(rate * warmup))
    if per_second:
        recording.arrivals, recording.departures = [0] * max(1, int(round(duration))), [0] * max(1, int(round(duration)))
    if order:
        recording.order = []
    recording.owned, recording.turn = adapter.owned, before
    ear = _Ear(recording, token, size, total, sends)
    adapter.payload = size
    await adapter.open(ear.deliver())
    if opened is not None:
        await opened()
    stop = stop or asyncio.Event()
    usage = loops.Usage(asyncio.get_running_loop())
    recording.zero = await begin() if begin is not None else time.perf_counter() + 0.05 + before / rate
    sender = _Sender(adapter, recording, (-before, total), size, token, stop, members or adapter.fanout, progress, ear.kept)
    mending = asyncio.ensure_future(mend(lambda: adapter))
    try:
        if sends:
            sender.start()
        else:
            sender.listen(rate, duration)
        usage.loop.call_at(usage.loop.time() + max(0.0, recording.zero - time.perf_counter()), usage.start)
        await sender.done
        quiet, came, end = time.perf_counter(), recording.received, time.perf_counter() + 12 * grace
        while recording.lost > 0 and time.perf_counter() < min(quiet + grace, end) and not stop.is_set() and not deaf(adapter, recording):
            await asyncio.sleep(0.02)
            if recording.received > came:
                quiet, came = time.perf_counter(), recording.received
        until = time.perf_counter() + min(grace, 1.0)  # an acknowledgment may come behind the message itself
        while sender.open > 0 and time.perf_counter() < until and not stop.is_set():
            await asyncio.sleep(0.01)
    finally:
        sender.over, unanswered = True, sender.open  # tasks that are cancelled below have no answer either
        sender.cancel()
        mending.cancel()
        await asyncio.gather(mending, return_exceptions=True)
        usage.stop()
        recording.usage = usage.seconds
        for task in list(sender.tasks):
            task.cancel()
        await asyncio.gather(*sender.tasks, return_exceptions=True)
        recording.receiver, recording.closed = deaf(adapter, recording), list(adapter.closed)
        if recording.lost and ear.greeting is not None:
            recording.receiver = adapter.speaks(ear.greeting) or recording.receiver
        recording.receiver = recording.receiver or losses.not_its_kind(recording)
        if held_back(recording) and not recording.closed:
            recording.closed.append(
                "what is missing are the last %d messages: nothing came any more (a server that hangs), or something on the way holds them until "
                "more come (a proxy that buffers, a batch that is not full)" % (recording.lost // recording.fanout)
            )
        elif sends and not recording.partial and recording.receiver is None:
            recording.closed += [line for line in (losses.shape(recording),) if line]
        if recording.changed:
            recording.closed.append(recording.changed)
        if recording.lost and unanswered:
            recording.closed.append("%d sends were never answered" % unanswered)
        ear.end()
        if recording.lost and ear.foreign:
            recording.closed.append(
                "%d messages came that are none of the probe's, the last one: %s" % (ear.foreign, losses.shown(ear.example))
            )
        if progress:
            progress.close(recording)
    return recording


MEND_S = (0.05, 1.0)  # the first wait before a new connection, and the longest


async def mend(current):
    """Connect again what the server cuts off, for ever; `current()` is the adapter, or None while a fault is under way. A probe that stayed away
    would report its own absence as the system's loss."""
    wait, last = MEND_S[0], 0.0
    while True:
        adapter = current()
        if adapter is None:
            await asyncio.sleep(MEND_S[0])
            continue
        try:
            await asyncio.wait_for(adapter.cut_off.wait(), MEND_S[1])
        except asyncio.TimeoutError:
            continue
        wait = min(2 * wait, MEND_S[1]) if time.monotonic() - last < 2 * MEND_S[1] else MEND_S[0]
        await asyncio.sleep(wait)
        if current() is not adapter:  # a fault has put another in its place
            continue
        last = time.monotonic()
        adapter.cut_off.clear()
        try:
            if await adapter.again():
                adapter.closed.append("the probe connected again")
        except Exception:  # whatever the library raises: the server is not back yet
            adapter.cut_off.set()


def deaf(adapter, recording):
    """Why the probe could not hear the system, or None. Where messages came, it knew how to speak with it, whatever a trial said."""
    return None if adapter.dead and adapter.dead.startswith(UNABLE) and recording.received else adapter.dead


def held_back(recording):
    """Is all that is missing the end of what was sent, with most of it there and no send refused?"""
    missing = recording.lost // recording.fanout
    if not 0 < recording.lost <= recording.received or recording.lost % recording.fanout or recording.failed or recording.partial:
        return False
    return not any(recording.came(copy) for copy in range((recording.sent - missing) * recording.fanout, recording.sent * recording.fanout))


async def told_run(adapter, *arguments, **more):
    """`open_loop`, and what the server says of itself: (Recording, (server, reality)). A server that died meanwhile, or an adapter
    that cannot close, does not take back what was measured."""
    told = []

    def seen():  # whoever is redirected adds where to
        asked = adapters.nodes({"address": adapter.address, "cluster": [{"address": a} for a in adapter.cluster or ()]})
        return managed.connections(asked, managed.family(os.getpid()))

    async def opened():
        adapter.seen = seen()
        told.append(await adapter.server())

    token = more.setdefault("token", os.urandom(4).hex().encode())
    try:
        recording = await open_loop(adapter, *arguments, opened=opened, **more)
        recording.closed += await looked_up(adapter, recording, token)
        if recording.lost and not recording.partial:
            recording.closed += await explained(adapter)
        try:
            if adapter.seen is not None and not any(adapter.seen.values()):  # it connects when it has something to send
                adapter.seen = seen()
            told.append(await asyncio.wait_for(adapter.server(), 10))  # MQTT says its version a little later
        except Exception:
            told.append(told[0])
        return recording, named(told[-1])
    finally:
        await let_go(adapter)


IMITATION = re.compile(r"\b(fake|mock)", re.I)


def named(told):
    """(server, "real" or "mock"): one that calls itself a fake or a mock (fakeredis, a mock server's own header) is none that is real."""
    return told[0], "mock" if IMITATION.search(told[0]) else told[1]


async def explained(adapter):
    """What the server itself says of a loss, as lines."""
    try:
        return await asyncio.wait_for(adapter.explain(), 15)
    except Exception:
        return []  # the server is gone, or does not say


MOST_LOOKED_AT = 200000  # messages in a log that is read again


async def looked_up(adapter, recording, token):
    """Lines on what the server's log has, where something went wrong in a run: what did not come and is there was not lost, nobody handed it out;
    what came and is not there any more (`recording.forgotten`) is lost to whoever reads the log later."""
    wrong = recording.lost or recording.closed or recording.refusal
    if not adapter.persistent or not wrong or recording.partial or not getattr(adapter, "own", False) or adapter.forget:
        return []
    if recording.sent > MOST_LOOKED_AT:
        return []
    try:
        log = await asyncio.wait_for(adapter.replay(), 10)
    except Exception:
        return []  # the server is gone, and its log with it
    there = {number_of(body, token) for body, _ in log}
    found = sum(number in there and not recording.came(number) for number in range(recording.sent))
    recording.forgotten = sum(recording.came(number) and number not in there for number in range(recording.sent))
    told = ["%d of what did not come are in the server's log: it kept them and did not hand them out" % found] if found else []
    return told + ["%d of what came are no longer in the server's log" % recording.forgotten] * bool(recording.forgotten)


async def let_go(adapter):
    """Close an adapter whose server may be gone: nothing that was measured depends on it any more."""
    try:
        await asyncio.wait_for(adapter.close(), 10)
    except Exception:
        pass


def until_interrupted():
    """Wait for ctrl-c, SIGTERM or a closed terminal."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(0.5):
        pass


def run(main, descriptors=100):
    """Run `main(stop)`. Ctrl-c, SIGTERM and a closed terminal set `stop`, so that what was measured is kept; a second one
    gives up (KeyboardInterrupt). `descriptors`: how many the measurement will need."""
    loops.raise_limit(descriptors)
    loop = loops.new()
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(lambda loop, context: None)  # a broken connection is recorded, not logged
    stop = asyncio.Event()
    whole = loop.create_task(main(stop))

    def interrupt():
        asked.set()
        if stop.is_set():
            whole.cancel()
        stop.set()

    before = {n: signal.getsignal(n) for n in INTERRUPTS}
    before = {n: h for n, h in before.items() if h is not signal.SIG_IGN or n == signal.SIGINT}  # nohup stays nohup
    for number in before:
        try:
            loop.add_signal_handler(number, interrupt)
        except (NotImplementedError, RuntimeError, ValueError):
            before = {}  # not the main thread, or Windows
            break
    try:
        return loop.run_until_complete(whole)
    except asyncio.CancelledError:
        raise KeyboardInterrupt
    finally:
        pending = [t for t in asyncio.all_tasks(loop) if not t.done()]
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.wait(pending, timeout=3))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        with warnings.catch_warnings():  # connections to a server that a fault killed were left behind on purpose
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        asyncio.set_event_loop(None)
        loop.close()
        for number, handler in before.items():  # closing the loop gave them their defaults
            signal.signal(number, handler)


class Noise:
    """What client libraries print by themselves (logs, tracebacks of their threads and destructors) while a command runs: `said`, a line each."""

    def __enter__(self):
        self.said, self._before = [], (logging.lastResort, threading.excepthook, sys.unraisablehook)
        noise = self

        class Heard(logging.Handler):
            def emit(self, record):
                noise.said.append(" ".join(("%s: %s" % (record.name, record.getMessage())).split())[:200])

        logging.lastResort = Heard(logging.WARNING)
        threading.excepthook = lambda told: self.said.append(said(told.exc_value or told.exc_type()))
        sys.unraisablehook = lambda told: self.said.append(said(told.exc_value or told.exc_type()))
        return self

    def __exit__(self, *error):
        logging.lastResort, threading.excepthook, sys.unraisablehook = self._before


class Progress:
    """A bar on a terminal, a line every five seconds elsewhere; on standard error, never in the way of output."""

    def __init__(self, title, out=None):
        self.title, self.out = title, out or sys.stderr
        self.tty, self.last, self.came = self.out.isatty(), 0.0, 0

    def update(self, done, total, recording=None, text=None):
        """Show how far it is, with the P99 so far."""
        now = time.monotonic()
        if now - self.last < (1.0 if self.tty else 5.0) and done:
            return
        if recording is not None and recording.latency.total_count:
            text = "%.0f/s  P50 %.2f ms  P99 %.2f ms" % (
                (recording.received - self.came) / (now - self.last),
                recording.latency.get_value_at_percentile(50) / 1e3,
                recording.latency.get_value_at_percentile(99) / 1e3,
            )
            self.came = recording.received
        self.last = now
        share = done / total if total else 1.0
        if self.tty:
            line = "%-32s [%-24s] %3d%%  %s " % (self.title[:32], "#" * int(24 * share), 100 * share, text or "")
            driven(self.out).write("\r" + shown(line))
        else:
            self.out.write("%s: %d%% (%d of %d) %s\n" % (self.title, 100 * share, done, total, text or ""))
        self.out.flush()

    def close(self, recording=None):
        """End the bar."""
        if self.tty:
            driven(self.out).write("\r%-110s\r" % "")
            self.out.flush()
