"""The probe: one open-loop scheduler for every protocol.

Messages go out at a fixed rate whatever the server does, and a message's latency counts from the moment it *should* have
gone out. A loop that waits for each answer before it sends the next measures a stall once instead of once for every
message that the stall delayed (coordinated omission): with a 1.4 s stall it shows a P99 of some milliseconds where the
truth is more than a second. The probe's own lateness goes into a second histogram, so that a slow probe cannot be
taken for a slow server. Sender and receiver share one process and one clock.
"""

import asyncio
import gc
import os
import selectors
import signal
import sys
import threading
import time
import warnings
import zlib

from hdrh.histogram import HdrHistogram

HIGHEST_US = 3600 * 10**6
GRACE_S = 5.0  # without a single message before the rest counts as lost
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


def new_histogram():
    """1 microsecond to an hour, three digits."""
    return HdrHistogram(1, HIGHEST_US, 3)


def micro(seconds):
    """Seconds as whole microseconds within the histogram's range."""
    return min(max(int(seconds * 1e6), 1), HIGHEST_US)


def make_body(token, number, size):
    """`token number ` and a filling that depends on the number, so that a damaged payload is noticed."""
    head = b"%s %d " % (token, number)
    rest = size - len(head)
    if rest <= 0:
        return head
    return head + (b"%08x" % zlib.crc32(head) * (rest // 8 + 1))[:rest]


def number_of(body, token):
    """The message number, or None if the message is not of this run."""
    parts = body.split(b" ", 2)
    if len(parts) < 2 or parts[0] != token:
        return None
    try:
        return int(parts[1])
    except ValueError:
        return None


class Recording:
    """What an open-loop run saw."""

    def __init__(self, rate, fanout):
        self.rate, self.fanout = rate, fanout
        self.latency, self.lateness = new_histogram(), new_histogram()
        self.sent = self.received = self.duplicates = self.damaged = self.failed = 0
        self.partial, self.zero = False, 0.0
        self.arrivals = self.departures = None  # copies that came and messages that went out, second by second
        self.spread, self._open = (new_histogram(), {}) if fanout > 1 else (None, None)  # first to last receiver of a broadcast
        self.order = None  # [(number, receiver)] if the caller wants the order of arrival
        self._seen = bytearray()  # a bit for each copy: an hour at 5,000 a second is 2 MB, as a set it would be a gigabyte

    def due(self, number):
        """When a message should go out."""
        return self.zero + number / self.rate

    def arrived(self, number, at, receiver):
        """A message of the measured part came back."""
        place, bit = divmod(number * self.fanout + receiver, 8)
        if self.order is not None:
            self.order.append((number, receiver))
        if place >= len(self._seen):
            self._seen.extend(bytes(place + 4096 - len(self._seen)))
        if self._seen[place] >> bit & 1:
            self.duplicates += 1
            return
        self._seen[place] |= 1 << bit
        self.received += 1
        if self.spread is not None:
            first, came = self._open.pop(number, (at, 0))
            if came + 1 < self.fanout:
                self._open[number] = (first, came + 1)
            else:
                self.spread.record_value(micro(at - first))
        self.latency.record_value(micro(at - self.due(number)))
        if self.arrivals is not None:
            second = min(max(int(at - self.zero), 0), len(self.arrivals) - 1)
            self.arrivals[second] += 1

    @property
    def lost(self):
        """Copies that were expected and did not come."""
        return self.sent * self.fanout - self.received


async def open_loop(
    adapter, rate, duration, warmup=1.0, size=64, progress=None, stop=None, per_second=False, order=False, grace=GRACE_S, opened=None
):
    """Run the schedule against an adapter that it opens; returns a Recording. `stop` (an asyncio.Event) ends it early; `opened()` is
    awaited before the first message."""
    token = os.urandom(4).hex().encode()
    recording = Recording(rate, adapter.fanout)
    total, before = int(round(rate * duration)), int(round(rate * warmup))
    if per_second:
        recording.arrivals, recording.departures = [0] * int(round(duration)), [0] * int(round(duration))
    if order:
        recording.order = []
    bodies_checked = size > 0

    def deliver(body, at, receiver=0):
        number = number_of(body, token)
        if number is None or number < 0:
            return
        if number >= total:
            recording.damaged += 1
            return
        if bodies_checked and body != make_body(token, number, size):
            recording.damaged += 1
            return
        recording.arrived(number, at, receiver)

    await adapter.open(deliver)
    if opened is not None:
        await opened()
    running, stop = set(), stop or asyncio.Event()

    def ended(task):
        running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            recording.failed += 1

    recording.zero = time.perf_counter() + 0.05 + before / rate
    try:
        burst = 0
        for number in range(-before, total):
            wait = recording.due(number) - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
                burst = 0
            else:
                burst += 1
                if burst % 50 == 0:
                    await asyncio.sleep(0)  # let receivers run while the probe catches up
            if stop.is_set():
                recording.partial = True
                break
            now = time.perf_counter()
            if number >= 0:
                recording.sent += 1
                recording.lateness.record_value(micro(now - recording.due(number)), adapter.fanout)
                if per_second:
                    recording.departures[min(int(now - recording.zero), len(recording.departures) - 1)] += 1
                if progress and number % max(1, int(rate / 4)) == 0:
                    progress.update(number, total, recording)
            if len(running) >= MOST_PENDING:
                recording.failed += 1  # it was due and did not go out: it will count as lost
                continue
            task = asyncio.ensure_future(adapter.send(make_body(token, number, size)))
            running.add(task)
            task.add_done_callback(ended)
        quiet, came, end = time.perf_counter(), recording.received, time.perf_counter() + 12 * grace
        while recording.lost > 0 and time.perf_counter() < min(quiet + grace, end) and not stop.is_set():
            await asyncio.sleep(0.02)
            if recording.received > came:
                quiet, came = time.perf_counter(), recording.received
    finally:
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if progress:
            progress.close(recording)
    return recording


async def told_run(adapter, *arguments, **more):
    """`open_loop`, and what the server says of itself: (Recording, (server, reality)). A server that died meanwhile, or an adapter
    that cannot close, does not take back what was measured."""
    told = []

    async def opened():
        told.append(await adapter.server())

    try:
        recording = await open_loop(adapter, *arguments, opened=opened, **more)
        try:
            told.append(await asyncio.wait_for(adapter.server(), 10))  # MQTT says its version a little later
        except Exception:
            told.append(told[0])
        return recording, told[-1]
    finally:
        await let_go(adapter)


async def let_go(adapter):
    """Close an adapter whose server may be gone: nothing that was measured depends on it any more."""
    try:
        await asyncio.wait_for(adapter.close(), 10)
    except Exception:
        pass


def run(main, descriptors=100):
    """Run `main(stop)`. Ctrl-c, SIGTERM and a closed terminal set `stop`, so that what was measured is kept; a second one
    gives up (KeyboardInterrupt). A select loop is on time to 0.1 ms."""
    selector = selectors.SelectSelector() if descriptors < 900 and os.name == "posix" else selectors.DefaultSelector()
    loop = asyncio.SelectorEventLoop(selector)
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


class Progress:
    """A bar on a terminal, a line every five seconds elsewhere; on standard error, never in the way of output."""

    def __init__(self, title, out=None):
        self.title, self.out = title, out or sys.stderr
        self.tty, self.last, self.came = self.out.isatty(), 0.0, 0

    def update(self, done, total, recording=None, text=None):
        """Show how far it is, with the P99 so far."""
        now = time.monotonic()
        if now - self.last < (0.2 if self.tty else 5.0) and done:
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
            self.out.write("\r%-32s [%-24s] %3d%%  %s " % (self.title[:32], "#" * int(24 * share), 100 * share, text or ""))
        else:
            self.out.write("%s: %d%% (%d of %d) %s\n" % (self.title, 100 * share, done, total, text or ""))
        self.out.flush()

    def close(self, recording=None):
        """End the bar."""
        if self.tty:
            self.out.write("\r%-110s\r" % "")
            self.out.flush()
