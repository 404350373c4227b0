"""PostgreSQL's LISTEN and NOTIFY: a channel, which keeps nothing for whoever does not listen.

options: channel (default: one of its own). As many connections notify as were asked for, and one more listens. What is due together is
notified together, in one transaction: a notification goes out when its transaction is committed, and commits that notify wait for one
another. Transactions go out in a pipeline, none waits for the answer to another. psycopg connects and logs in; then libpq is asked by
hand, for its generator of notifications loses what came in one packet when it is left.

Facts of the server: a payload has 7,999 bytes at most; equal payloads of one transaction become one; who listens in an open transaction
hears nothing until it ends; a standby refuses LISTEN; a pooler that gives each transaction another connection (pgbouncer's transaction
mode) accepts LISTEN, and what comes goes to strangers. So one trial message is heard before the first one.
"""

import asyncio
import os
import time

import psycopg
from psycopg import sql
from psycopg.pq import DiagnosticField, ExecStatus

from pack.realtime.adapters.base import Adapter

TRIAL_S = 3.0
OPEN_S = 10
NOTIFY = b"SELECT pg_notify($1, said) FROM unnest($2::text[]) AS said"
GONE = "the connection to PostgreSQL is gone"


def array(bodies):
    """The text form of an array of texts."""
    return b"{" + b",".join(b'"' + body.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"' for body in bodies) + b"}"


class Link:
    """One connection whose libpq is asked by hand. `heard(payload, at)` is called for each notification."""

    def __init__(self, adapter, heard=None):
        self.adapter, self.heard, self.loop = adapter, heard, asyncio.get_running_loop()
        self.connection = self.pq = self.number = None
        self.waiting, self.bodies, self.settled = [], [], []  # transactions without an answer; what was gathered
        self.writing, self.noticed = False, None

    async def open(self):
        """Connect; psycopg.OperationalError if the server refuses."""
        self.connection = await psycopg.AsyncConnection.connect(self.adapter.address, autocommit=True, connect_timeout=OPEN_S)
        if self.heard is not None:
            await self.connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self.adapter.channel)))
        self.pq = self.connection.pgconn
        self.pq.notify_handler, self.pq.notice_handler = None, self._noticed
        self.pq.nonblocking = 1
        if self.heard is None:
            self.pq.enter_pipeline_mode()
        self.number = self.pq.socket
        self.loop.add_reader(self.number, self._readable)
        return self

    def gather(self, body, settled):
        """One more message for the next transaction."""
        self.bodies.append(body)
        self.settled.append(settled)

    def flush(self):
        """Send what was gathered, as one transaction."""
        if not self.bodies:
            return
        bodies, settled, self.bodies, self.settled = self.bodies, self.settled, [], []
        if self.number is None:
            self._end(settled, ConnectionError(GONE))
            return
        try:
            self.pq.send_query_params(NOTIFY, [self.adapter.raw_channel, array(bodies)])
            self.pq.pipeline_sync()
            self.waiting.append([settled, None])
            self._write()
        except psycopg.Error as error:
            self._end(settled, error)
            self._lost(error)

    def _noticed(self, notice):
        """What the server says unasked; its last words are why it ends the connection."""
        self.noticed = (notice.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace") or None

    @staticmethod
    def _end(settled, error):
        for each in settled:
            each(error)

    def _write(self):
        left = self.pq.flush()
        if left and not self.writing:
            self.loop.add_writer(self.number, self._writable)
        elif not left and self.writing:
            self.loop.remove_writer(self.number)
        self.writing = bool(left)

    def _writable(self):
        try:
            self._write()
        except psycopg.Error as error:
            self._lost(error)

    def _readable(self):
        at = time.perf_counter()
        try:
            self.pq.consume_input()
            if self.heard is None:
                self._answers()
            else:
                note = self.pq.notifies()
                while note is not None:
                    self.heard(note.extra, at)
                    note = self.pq.notifies()
            if self.writing:
                self._write()
        except psycopg.Error as error:
            self._lost(error)
        except Exception as error:
            self.adapter.died(error)
            self._lost(error)

    def _answers(self):
        while self.waiting and not self.pq.is_busy():
            answer = self.pq.get_result()
            if answer is None:
                continue
            if answer.status == ExecStatus.PIPELINE_SYNC:
                settled, error = self.waiting.pop(0)
                self._end(settled, error)
            elif answer.status == ExecStatus.FATAL_ERROR:
                self.waiting[0][1] = psycopg.errors.error_from_result(answer)

    def _lost(self, error):
        if self.number is None:
            return
        self.loop.remove_reader(self.number)
        if self.writing:
            self.loop.remove_writer(self.number)
        self.number, self.writing = None, False
        said = self.noticed or " ".join(str(error).split())
        gone, self.waiting = self.waiting, []
        for settled, _ in gone:
            self._end(settled, ConnectionError("%s: %s" % (GONE, said)))
        self.adapter.ended("the server ended the connection: %s" % said)

    async def close(self):
        """Disconnect."""
        if self.number is not None:
            self.loop.remove_reader(self.number)
            if self.writing:
                self.loop.remove_writer(self.number)
            self.number = None
        if self.connection is not None:
            await self.connection.close()


class Postgres(Adapter):
    """See the module's text."""

    protocol = "postgres"

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.channel = options.get("channel", name)
        self.raw_channel = self.channel.encode()
        if not 0 < len(self.raw_channel) < 64:
            raise ValueError("a channel's name has 1 to 63 bytes, %r has %d" % (self.channel, len(self.raw_channel)))
        self.links, self.ear, self.next, self.deliver, self.told = [], None, 0, None, "PostgreSQL"

    async def prepare(self):
        await self._drop()
        for _ in range(self.connections):
            self.links.append(Link(self))
            await self.links[-1].open()
        self.told = "PostgreSQL %s" % self.links[0].pq.parameter_status(b"server_version").decode().split()[0]

    async def _drop(self):
        links, self.links, ear, self.ear = self.links, [], self.ear, None
        for link in links + [ear] * (ear is not None):
            await link.close()

    async def open(self, deliver):
        if self.looking:
            self.named("channel")
        self.deliver = deliver
        await self.prepare()
        await self._listen()

    async def _listen(self):
        """Listen, and hear one message: LISTEN is accepted by whoever cannot deliver, too."""
        trial, heard = b"trial %s" % os.urandom(4).hex().encode(), asyncio.Event()

        def came(payload, at):
            if payload == trial:
                heard.set()
            elif not payload.startswith(b"trial "):
                self.deliver(payload, at, 0)

        self.ear = Link(self, came)
        await self.ear.open()
        if self.looking:
            return
        done = self.ear.loop.create_future()
        self.links[0].gather(trial, lambda error: done.done() or done.set_result(error))
        self.links[0].flush()
        error = await asyncio.wait_for(done, OPEN_S)
        if error is not None:
            raise error
        try:
            await asyncio.wait_for(heard.wait(), TRIAL_S)
        except asyncio.TimeoutError:
            self.unable(
                "the server accepts LISTEN %s and hands nothing over: what is between may give each transaction another connection (pgbouncer "
                "with pool_mode = transaction does, and the message goes to a stranger); give the address of PostgreSQL itself"
                % self.channel
            )

    async def again(self):
        made = 0
        for place, link in enumerate(self.links):
            if link.number is None:
                await link.close()
                self.links[place] = await Link(self).open()
                made += 1
        if self.ear is not None and self.ear.number is None:
            heard = self.ear.heard
            await self.ear.close()
            self.ear = await Link(self, heard).open()
            made += 1
        return made

    async def laggard(self, deliver, gate, told):
        """A listener that reads nothing: what it is owed lies in the kernel's buffers, then in the server's queue on disk."""
        ear = Link(self, lambda payload, at: deliver(payload, at, 0))
        await ear.open()
        ear.loop.remove_reader(ear.number)

        async def late():
            try:
                await gate.wait()
                ear.loop.add_reader(ear.number, ear._readable)
                ear._readable()
                await asyncio.Event().wait()
            finally:
                await ear.close()

        return late()

    def post(self, body, partition, settled):
        self.links[self.next].gather(body, settled)
        self.next = (self.next + 1) % len(self.links)

    def flush(self):
        for link in self.links:
            link.flush()

    async def send(self, body, partition=0):
        await asyncio.wait_for(self.posted(body, partition), 20)

    async def server(self):
        return self.told, "real"

    async def explain(self):
        async with await psycopg.AsyncConnection.connect(self.address, autocommit=True, connect_timeout=5) as asking:
            full = (await (await asking.execute("SELECT pg_notification_queue_usage()")).fetchone())[0]
        told = "the server's queue of notifications is %.0f %% full: somebody who listens stays in a transaction, and holds it up"
        return [told % (100 * full)] if full >= 0.01 else []

    async def close(self):
        await self._drop()
