"""The event loop of a measurement: timers to some microseconds, and an account of its own time.

epoll waits whole milliseconds and select cannot watch more than 1,024 descriptors; a select on the epoll descriptor has neither
limit. Whenever the loop is not waiting it is at work (or the machine has given the processor to somebody else): `busy` adds that
up, and `since` is the earliest moment at which what is read now can have arrived. So a measurement knows how late it *received*,
and whether its own loop was the limit.
"""

import asyncio
import ctypes
import os
import select
import selectors
import sys
import time

NOT_WAITED = 20e-6  # a wait shorter than this found something at once


class _Account:
    """What both selectors below count."""

    def __init__(self):
        super().__init__()
        self.busy, self.woke = 0.0, time.perf_counter()
        self.since = self.woke

    def _woken(self, began, found):
        """One look has ended; it began at `began` and found something or not."""
        now = time.perf_counter()
        self.busy += began - self.woke
        self.since = now if now - began > NOT_WAITED or not found else self.woke
        self.woke = now


if hasattr(selectors, "EpollSelector"):

    class Selector(_Account, selectors.EpollSelector):
        """epoll for any number of descriptors, with a select's resolution of time."""

        def select(self, timeout=None):
            """As selectors.BaseSelector.select."""
            began = time.perf_counter()
            if timeout is None or timeout > 0:
                try:
                    select.select([self._selector], (), (), timeout)
                except InterruptedError:
                    pass
            ready = super().select(0)
            self._woken(began, ready)
            return ready

else:

    class Selector(_Account, selectors.DefaultSelector):  # type: ignore[no-redef]  # of systems without epoll
        """The system's own, with the account."""

        def select(self, timeout=None):
            """As selectors.BaseSelector.select."""
            began = time.perf_counter()
            ready = super().select(timeout)
            self._woken(began, ready)
            return ready


def new():
    """A loop on such a selector; `loop.account` is the selector."""
    _sharp_timers()
    account = Selector()
    made = asyncio.SelectorEventLoop(account)
    made.account = account
    return made


def _sharp_timers():
    """Linux lets a timer of an ordinary thread be 50 microseconds late, to save power; not while we measure."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL(None, use_errno=True).prctl(29, 1, 0, 0, 0)  # PR_SET_TIMERSLACK, 1 ns
        except (OSError, AttributeError):
            pass


class Usage:
    """How busy the loop and the process were, second by second: `seconds` is [(loop's share, processor's share)], 1.0 being all of one core."""

    def __init__(self, loop):
        self.loop, self.seconds, self._timer = loop, [], None
        self.account = getattr(loop, "account", None)
        self._last = self._now()

    def _now(self):
        return time.perf_counter(), self.account.busy if self.account else 0.0, time.process_time()

    def start(self):
        """Begin a second now."""
        self._last = self._now()
        self._timer = self.loop.call_later(1.0, self._tick)

    def _tick(self):
        self._take()
        self._timer = self.loop.call_later(1.0, self._tick)

    def _take(self):
        now = self._now()
        took = now[0] - self._last[0]
        if took > 0.2:
            shares = [min(1.0, (b - a) / took) for a, b in zip(self._last[1:], now[1:])]
            self.seconds.append([round(s, 3) for s in shares])
        self._last = now

    def stop(self):
        """The last, shorter second counts too."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
            self._take()


def cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def raise_limit(wanted):
    """Allow enough descriptors for this many connections; returns the limit that holds now."""
    try:
        import resource
    except ImportError:
        return wanted + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + 200
    if soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(need, hard) if hard != resource.RLIM_INFINITY else need, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
