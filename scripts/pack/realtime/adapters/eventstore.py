"""An event store: append a command's event, and hear of it when the projection has taken it. PostgreSQL, through `eventsourcing`.

options: table (default: one of its own, removed at the end), aggregates (100): events are dealt out to so many streams, each with its
own versions; projection (default true): an event has arrived when the projection that holds it is committed, otherwise when the
subscription gives it. As many writers as connections; what is due together is appended together, in one transaction.
"""

import asyncio
import queue
import threading
import time
import uuid

from pack.realtime import eventstore
from pack.realtime.adapters.base import Adapter


class EventStore(Adapter):
    """See the module's text."""

    protocol = "eventstore"
    persistent = True

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.own, self.many = "table" not in options, int(options.get("aggregates", 100))
        self.store, self.threads, self.queues, self.next, self.loop = None, [], [], 0, None
        self.holed = False
        self.last, self.broken, self.took = None, False, None  # the last event that was taken; whether its follower's connection broke
        self.stop, self.following, self.told = threading.Event(), None, "PostgreSQL"

    async def _away(self, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)

    async def prepare(self):
        self.loop = asyncio.get_running_loop()
        self.store = eventstore.Store(self.address, self.options.get("table", self.name), self.connections + 3)
        self.store.hole = self._hole
        await self._away(self.store.make)
        self.told = await self._away(self.store.version)
        # an aggregate belongs to one writer, which knows its version
        self.queues = [queue.SimpleQueue() for _ in range(self.connections)]
        for number, mine in enumerate(self.queues):
            streams = [[uuid.uuid4(), 0] for _ in range(max(1, self.many // self.connections))]
            self.threads.append(threading.Thread(target=self._write, args=(mine, streams), daemon=True))
        for thread in self.threads:
            thread.start()

    async def open(self, deliver):
        await self.prepare()

        def took(event, at):
            self.last = event.id
            self.loop.call_soon_threadsafe(deliver, bytes(event.state), at, 0)

        self.took = took
        self._listen()

    def _listen(self):
        self.following = threading.Thread(target=self._follow, args=(self.took,), daemon=True)
        self.following.start()

    async def again(self):
        """The follower goes on behind the last event that it took; the library's pool connects the writers by itself."""
        if not self.broken:
            return 0
        await self._away(self.following.join, 5)
        self.broken = False
        self._listen()
        return 1

    def _follow(self, took):
        try:
            if self.options.get("projection", True):
                self.store.follow(self.stop, took, self.last)
                return
            with self.store.recorder.subscribe(gt=self.store.recorder.max_notification_id() if self.last is None else self.last) as woken:
                threading.Thread(target=lambda: (self.stop.wait(), woken.stop()), daemon=True).start()
                for event in woken:
                    took(event, time.perf_counter())
        except Exception as error:
            if not self.stop.is_set():
                self.loop.call_soon_threadsafe(self.died if isinstance(error, (ValueError, TypeError, KeyError)) else self._lost, error)

    def _hole(self, text):
        """From the follower's thread: a version is missing in the log, although the append of the next one was taken."""
        if not self.holed:
            self.holed = True
            told = "the log has a hole, an event that was acknowledged before is gone: %s" % text
            self.loop.call_soon_threadsafe(self.closed.append, told)

    def _lost(self, error):
        self.broken = True
        self.ended("%s: %s" % (type(error).__name__, " ".join(str(error).split())[:200]))

    def _write(self, mine, streams):
        turn = 0
        while True:
            some = [mine.get()]
            while len(some) < 500:
                try:
                    some.append(mine.get_nowait())
                except queue.Empty:
                    break
            if None in some:
                return
            events = []
            for body, _ in some:
                stream = streams[turn % len(streams)]
                turn += 1
                stream[1] += 1
                events.append((stream[0], stream[1], body))
            error = None
            try:
                if not self.store.append(events):
                    error = RuntimeError("an expected version was taken")
            except Exception as wrong:
                error = wrong
            if error is not None:  # whether it was appended is not known after a broken connection, so nobody goes on with these versions
                touched = {who for who, _, _ in events}
                for stream in streams:
                    if stream[0] in touched:
                        stream[:] = [uuid.uuid4(), 0]
            self.loop.call_soon_threadsafe(self._settle, [tell for _, tell in some], error)

    @staticmethod
    def _settle(some, error):
        for tell in some:
            tell(error)

    def post(self, body, partition, settled):
        self.queues[self.next].put((body, settled))
        self.next = (self.next + 1) % len(self.queues)

    async def send(self, body, partition=0):
        await self.posted(body, partition)

    async def replay(self):
        def read():
            return [(bytes(event.state), "") for page in self.store.pages() for event in page]

        return await self._away(read)

    async def server(self):
        return self.told, "real"

    async def close(self):
        self.stop.set()
        for mine in self.queues:
            mine.put(None)
        for thread in self.threads + [self.following] * (self.following is not None):
            await self._away(thread.join, 5)
        if self.store is not None:
            try:
                if self.own and not self.keep:
                    await self._away(self.store.drop)
            except Exception:
                pass  # the server is gone; nothing to remove
            await self._away(self.store.close)
        self.store, self.threads, self.queues = None, [], []
