"""NATS JetStream: publish with acknowledgment, receive by subscription; a durable pull consumer for the audit. Or NATS itself.

options: stream and subject (default: of its own, removed at the end), storage: file (default) or memory, replicas (1),
max_deliver (3; with `dead_letter`), core (default false): plain publish and subscribe, which a server without JetStream has too; pending: messages that
nats-py holds for a slow callback (`pack rt slow`; its default 524,288); credentials: the file with JWT and seed of a user, nkey: the file with
the seed alone, where the server knows users by their keys.
JetStream's dead letters are its MAX_DELIVERIES advisories, kept in a stream of their own.

nats-py connects and logs in; the messages of a measurement are then written and read here, because that library makes a request
of every publish and a task of every subscription.
"""

import asyncio
import importlib.util
import json
import os
import re
import time
from urllib.parse import urlsplit

import nats
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StorageType, StreamConfig

from pack.base import extras
from pack.realtime import managed
from pack.realtime.adapters.base import Adapter

NO_JETSTREAM = (
    "%s has no JetStream: start it with -js (or `jetstream {}` in its configuration; where it has accounts, `jetstream: enabled` in this user's), "
    "or measure plain NATS with the option core: true"
)
NOT_ENABLED = 10039  # JetStream's code where the account has none
NO_LEADER = "the server answers, and its JetStream does not within 10 s: its cluster has no leader (half of the nodes or more are gone), or it is overloaded"
OPEN_S = 5
CREDENTIALS = (
    re.compile(r"-----BEGIN NATS USER JWT-----\s+\S+.*-----BEGIN USER NKEY SEED-----\s+SU", re.S),
    "JWT and seed of a user (`nsc generate creds`)",
)
SEED = re.compile(r"^SU[A-Z2-7]{56}\s*$", re.M), "seed of a user (SU...)"
MSG = re.compile(rb"MSG (\S+) (\S+) +(?:\S+ +)?(\d+)\r\n")  # an acknowledgment comes with two spaces where a reply would stand


async def _quiet(error):
    """The library would log each disconnect; the audit records them itself."""


class Link(asyncio.Protocol):
    """A connection that nats-py has opened: `came[subscription id](subject, body, at)` for each message."""

    def __init__(self, adapter):
        self.adapter, self.came, self.out, self.buffer = adapter, {}, [], b""
        self.transport, self.client, self.pongs, self.mine = None, None, [], False

    async def open(self, address):
        """Connect and take the connection over."""
        self.client = await _connected(address, self.adapter.login())
        for task in (self.client._reading_task, self.client._ping_interval_task, self.client._flusher_task):
            if task is not None:
                task.cancel()
        writer = getattr(self.client._transport, "_io_writer", None)
        if writer is None:
            raise RuntimeError("the probe speaks NATS over TCP: give a nats:// or tls:// address")
        self.transport = writer.transport
        try:
            await asyncio.sleep(0)  # the tasks end
        except BaseException:
            self.close()
            raise
        self.transport.set_protocol(self)
        self.transport.resume_reading()
        return self

    def subscribe(self, number, subject, came):
        """Ask for a subject."""
        self.came[b"%d" % number] = came
        self.out.append(b"SUB %s %d\r\n" % (subject.encode(), number))

    async def settle(self):
        """Wait until the server has worked off everything so far."""
        done = asyncio.get_running_loop().create_future()
        self.pongs.append(done)
        self.out.append(b"PING\r\n")
        self.flush()
        await asyncio.wait_for(done, 10)

    def flush(self):
        """Send what was gathered."""
        if self.out:
            data, self.out = b"".join(self.out), []
            if self.transport is not None:
                self.transport.write(data)

    def data_received(self, data):
        at = time.perf_counter()
        try:
            self._parse(self.buffer + data if self.buffer else data, at)
        except Exception as error:
            self.adapter.died(error)
            self.transport.abort()

    def _parse(self, data, at):
        place, came, plain = 0, self.came, MSG.match
        while True:
            head = plain(data, place)
            if head is not None:
                subject, number, size = head.groups()
                begin = head.end()
                stop = begin + int(size)
                if len(data) < stop + 2:
                    break
                came[number](subject, data[begin:stop], at)
                place = stop + 2
                continue
            end = data.find(b"\r\n", place)
            if end < 0:
                break
            word = data[place : place + 4]
            if word == b"HMSG":
                parts = data[place:end].split(b" ")
                stop = end + 2 + int(parts[-1])
                if len(data) < stop + 2:
                    break
                came[parts[2]](parts[1], data[end + 2 + int(parts[-2]) : stop] or data[end + 2 : stop], at)
                place = stop + 2
                continue
            if word == b"PING":
                self.transport.write(b"PONG\r\n")
            elif word == b"PONG":
                if self.pongs:
                    waiting = self.pongs.pop(0)
                    if not waiting.done():
                        waiting.set_result(None)
            elif word == b"-ERR":
                self.adapter.refused(data[place + 5 : end].decode("utf-8", "replace"))
            elif word == b"INFO" and b'"ldm":true' in data[place:end]:
                self.adapter.ended("the server says that it will end (lame duck mode)")
            place = end + 2
        self.buffer = data[place:]

    def connection_lost(self, error):
        lost, self.transport = self.transport is not None, None
        if lost and not self.mine:
            self.adapter.ended("the connection was lost%s" % (": %s" % error if error else ""))
        self.adapter.cut()

    def close(self):
        """End it."""
        self.mine = True
        if self.transport is not None:
            self.transport.abort()


async def _connected(address, login):
    client = nats.NATS()
    try:
        await client.connect(address, error_cb=_quiet, allow_reconnect=False, connect_timeout=OPEN_S, max_reconnect_attempts=1, **login)
    except BaseException:  # refused, or cancelled: the library leaves the connection open
        if client._transport is not None:
            client._transport.close()
        raise
    writer = getattr(client._transport, "_io_writer", None)
    if urlsplit(address).scheme == "tls" and writer is not None and writer.get_extra_info("ssl_object") is None:
        await client.close()  # the library goes on in the clear where the server asks for no TLS
        raise RuntimeError(
            "the address says tls://, and the server speaks no TLS: everything, a password too, would go in the clear; give nats://, or TLS to the server"
        )
    return client


class Nats(Adapter):
    """See the module's text."""

    protocol = "nats"
    persistent = True

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        plain = name.replace(".", "_").replace(":", "_")
        self.stream, self.subject = options.get("stream", plain), options.get("subject", plain + ".m")
        self.own = "stream" not in options
        self.core = bool(options.get("core"))
        if self.core:
            self.persistent = self.acknowledges = False
        self.nc = self.js = self.sub = self.reading = None
        self.links, self.next, self.waiting, self.number = [], 0, {}, 0
        self.told = []  # addresses of other servers, as the server names them
        self.redelivery_s = (float(options.get("ack_wait", 1.0)), 30.0)

    async def prepare(self):
        # The library would try a node that is gone for minutes, so it is given one that listens, and two tries.
        self.at = self._living()
        if self.nc is not None:
            await self.nc.close()
        await self._reach()
        storage = StorageType.MEMORY if self.options.get("storage") == "memory" else StorageType.FILE
        copies = int(self.options.get("replicas", 1))
        if self.own and not self.looking and not self.core:
            try:
                await self.js.add_stream(StreamConfig(name=self.stream, subjects=[self.subject], storage=storage, num_replicas=copies))
            except (nats.errors.NoRespondersError, nats.js.errors.ServiceUnavailableError) as error:
                if getattr(error, "err_code", None) not in (None, NOT_ENABLED):  # a cluster without a leader says why
                    raise
                raise RuntimeError(NO_JETSTREAM % (await self.server())[0])
            except NatsTimeout:
                raise RuntimeError(NO_LEADER)
            if self.dead_letter:
                advisory = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.%s.*" % self.stream
                await self.js.add_stream(
                    StreamConfig(name=self.stream + "_dead", subjects=[advisory], storage=storage, num_replicas=copies)
                )
        self._drop()
        if not self.looking:
            self.inbox = "_INBOX.%s" % os.urandom(8).hex()
            self.head = ("PUB %s " % self.subject if self.core else "PUB %s %s." % (self.subject, self.inbox)).encode()
            for _ in range(self.connections):
                self.links.append(await self._sending())

    def login(self):
        """What nats-py is told of who connects, beside the address. RuntimeError where the file of it cannot be used."""
        found, options = {}, self.options
        asked = (
            ("credentials", options.get("credentials"), "user_credentials", CREDENTIALS),
            ("nkey", options.get("nkey"), "nkeys_seed", SEED),
        )
        for option, given, name, shape in asked:
            if given:
                path = os.path.join(getattr(self, "project", "."), os.path.expanduser(given))
                try:
                    with open(path, encoding="utf-8") as handle:
                        text = handle.read(100000)
                except (OSError, ValueError) as error:
                    raise RuntimeError("the option %s names %s, which cannot be read: %s" % (option, path, error))
                if not shape[0].search(text):
                    raise RuntimeError("the option %s names %s, which holds no %s" % (option, path, shape[1]))
                found[name] = path
        if found and importlib.util.find_spec("nkeys") is None:
            raise RuntimeError("a login by key needs nkeys: %s" % extras.install("realtime"))
        return found

    def _living(self):
        """The address to connect to: of a cluster, and of the servers that one of its nodes has named, the first where somebody listens."""
        known = list(dict.fromkeys([*self.cluster, *self.told]))
        return next((a for a in known if managed.answers(a)), self.address) if len(known) > 1 else self.address

    async def _reach(self):
        """Connect, and learn which other servers there are, as every client does."""
        self.nc = await _connected(self.at, self.login())
        self.js = self.nc.jetstream(timeout=10)
        login, at, _ = urlsplit(self.address).netloc.rpartition("@")
        urls = (self.nc._server_info or {}).get("connect_urls") or ()
        self.told = [urlsplit(self.address)._replace(netloc=login + at + url).geturl() for url in urls] or self.told

    def _drop(self):
        for link in self.links + [self.reading] * (self.reading is not None):
            link.close()
        self.links, self.reading = [], None

    async def open(self, deliver):
        if self.looking:
            self.named("subject")
        await self.prepare()

        async def came(message):
            deliver(message.data, time.perf_counter(), 0)

        if self.looking:  # a plain subscription hears what is published, whether a stream keeps it or not
            self.sub = await self.nc.subscribe(self.subject, cb=came)
            await self.nc.flush()
            return
        if not self.own and not self.core:
            await self._readable()
        self.deliver = deliver
        self.target = self.subject if self.core else "_INBOX.%s" % os.urandom(8).hex()
        await self._read()
        if not self.core:
            # on as many nodes as the stream is, as a durable one: else it ends with the node that has it
            copies = (await self.js.stream_info(self.stream)).config.num_replicas
            config = ConsumerConfig(
                deliver_policy=DeliverPolicy.NEW, ack_policy=AckPolicy.NONE, deliver_subject=self.target, num_replicas=copies
            )
            await self.js.add_consumer(self.stream, config)

    async def _read(self):
        self.reading = await Link(self).open(self.at)
        self.reading.subscribe(1, self.target, lambda subject, body, at: self.deliver(body, at, 0))
        await self.reading.settle()

    async def again(self):
        """The consumer that JetStream pushes to this inbox from waits for somebody who listens there, for some seconds."""
        lost = [place for place, link in enumerate(self.links) if link.transport is None]
        self.at = await asyncio.get_running_loop().run_in_executor(None, self._living)
        for place in lost:
            self.links[place] = await self._sending()
        if not self.nc.is_connected:
            await self._reach()
        if self.reading is None or self.reading.transport is not None:
            return len(lost)
        await self._read()
        return len(lost) + 1

    async def _sending(self):
        link = await Link(self).open(self.at)
        try:
            if not self.core:
                link.subscribe(1, "%s.*" % self.inbox, self._acknowledged)
            await link.settle()
        except BaseException:
            link.close()
            raise
        return link

    async def _readable(self):
        """RuntimeError where the application's stream lets nobody read beside its own consumers, or is not there."""
        try:
            config = (await self.js.stream_info(self.stream)).config
        except NatsTimeout:
            raise RuntimeError(NO_LEADER)
        except nats.js.errors.NotFoundError:
            raise RuntimeError("the server has no stream %s; leave out the option `stream` for one of the probe's own" % self.stream)
        if "subject" not in self.options:
            raise RuntimeError(
                "the stream %s holds what is published to %s: give one of these as the option `subject`"
                % (self.stream, ", ".join(config.subjects or ()) or "no subject")
            )
        if config.retention == RetentionPolicy.WORK_QUEUE:
            raise RuntimeError(
                "the stream %s is a work queue: each of its messages is for one consumer and then gone, so the probe cannot read beside yours; "
                "leave out the option `stream`, or audit your `worker` on it" % self.stream
            )

    async def laggard(self, deliver, gate, told):
        """As an application does it with nats-py: a callback that is slow; of a stream, a consumer that begins late."""
        seen = set()

        async def error(error):
            if type(error).__name__ not in seen:
                seen.add(type(error).__name__)
                told.append("nats-py told its error callback: %s" % (str(error) or type(error).__name__))

        client = await nats.connect(self.at, error_cb=error, connect_timeout=OPEN_S, **self.login())

        async def came(message):
            await gate.wait()
            deliver(message.data, time.perf_counter(), 0)

        if self.core:
            await client.subscribe(self.subject, cb=came, pending_msgs_limit=int(self.options.get("pending", 512 * 1024)))
        else:
            await client.jetstream().subscribe(self.subject, cb=came, stream=self.stream)
        await client.flush()

        async def hold():
            try:
                await asyncio.Event().wait()
            finally:
                await client.close()

        return hold()

    async def explain(self):
        if self.core or self.own:
            return []
        info = await self.js.stream_info(self.stream)
        limits = [(n, getattr(info.config, n)) for n in ("max_msgs", "max_msgs_per_subject", "max_bytes", "max_age")]
        told = ["%s %g" % (name, value) for name, value in limits if value and value > 0]
        if not told:
            return []
        return [
            "the stream %s is limited (%s), and lets go of the oldest for new ones, read or not: it begins at %d now, and %d were stored"
            % (self.stream, ", ".join(told), info.state.first_seq, info.state.last_seq)
        ]

    def post(self, body, partition, settled):
        link = self.links[self.next]
        self.next = (self.next + 1) % len(self.links)
        if link.transport is None:
            settled(ConnectionError("the connection to nats is gone"))
            return
        if self.core:
            link.out.append(b"%s%d\r\n%s\r\n" % (self.head, len(body), body))
            settled(None)
            return
        self.number += 1
        self.waiting[self.number] = settled
        link.out.append(b"%s%d %d\r\n%s\r\n" % (self.head, self.number, len(body), body))

    def refused(self, text):
        """What the server says beside its answers."""
        if text.startswith("'Permissions Violation for Subscription"):
            self.unable("the server refuses to be read: %s" % text)
        else:
            self.ended("the server says %s" % text)

    def _acknowledged(self, subject, body, at):
        settled = self.waiting.pop(int(subject.rpartition(b".")[2]), None)
        if settled is not None:
            kept = b'"seq"' in body and b'"error":' not in body  # a refusal has a sequence number, too: 0
            alone = not body or body.startswith(b"NATS/1.0 503")
            settled(
                None if kept else RuntimeError("JetStream refused it: %s" % (NO_ONE if alone else body[:200].decode("utf-8", "replace")))
            )

    def cut(self):
        """No more acknowledgments come."""
        gone, self.waiting = list(self.waiting.values()), {}
        for settled in gone:
            settled(ConnectionError("the connection was lost before the acknowledgment"))

    def flush(self):
        for link in self.links:
            if link.out:
                link.flush()

    async def send(self, body, partition=0):
        if self.looking:
            await self.nc.publish(self.subject, body)
        else:
            await asyncio.wait_for(self.posted(body, partition), 10)

    async def server(self):
        version = self.nc.connected_server_version
        return "nats-server %d.%d.%d" % (version.major, version.minor, version.patch), "real"

    async def close(self):
        self._drop()
        if self.nc and self.nc.is_connected:
            try:
                if self.own and not self.keep and not self.looking and not self.core:
                    await self.js.delete_stream(self.stream)
                    if self.dead_letter:
                        await self.js.delete_stream(self.stream + "_dead")
            except (nats.errors.Error, asyncio.TimeoutError, OSError):
                pass  # the server is gone; nothing to remove
            finally:
                await self.nc.close()
        self.nc = self.js = self.sub = None

    async def replay(self):
        found = []
        if len(self.cluster) > 1:  # a new consumer could be given to a node that is gone; the stream itself answers
            state = (await self.js.stream_info(self.stream)).state
            for seq in range(state.first_seq, state.last_seq + 1):
                found.append(((await self.js.get_msg(self.stream, seq=seq)).data, ""))
            return found
        return [(body, "") for body in await self._log(self.stream, self.subject)]

    async def _log(self, stream, subject):
        """All bodies of a stream."""
        found = []
        sub = await self.js.pull_subscribe(subject, stream=stream, config=ConsumerConfig(ack_policy=AckPolicy.NONE))
        while True:
            try:
                found += [m.data for m in await sub.fetch(500, timeout=1)]
            except (NatsTimeout, asyncio.TimeoutError):
                await sub.unsubscribe()
                return found

    async def written(self, name):
        return await self._log(name, ">")

    async def consumed(self):
        """What the stream's consumers were handed, the one that has most."""
        return max([c.delivered.stream_seq for c in await self.js.consumers_info(self.stream) if c.delivered] or [0])

    async def outstanding(self):
        consumers = await self.js.consumers_info(self.stream)
        return sum(c.num_pending + c.num_ack_pending for c in consumers) if consumers else None

    async def consume(self, group, member, handle):
        await self.prepare()
        config = ConsumerConfig(
            durable_name=group,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=float(self.options.get("ack_wait", 1.0)),
            max_ack_pending=1 if self.in_order else 100,
            **({"max_deliver": int(self.options.get("max_deliver", 3))} if self.dead_letter else {}),
        )
        sub = await self.js.pull_subscribe(self.subject, durable=group, stream=self.stream, config=config)
        while True:
            try:
                messages = await sub.fetch(1 if self.in_order else 10, timeout=0.5)
            except (NatsTimeout, asyncio.TimeoutError):
                continue
            for message in messages:
                await handle(message.data, "", message.ack_sync, message.nak)

    async def dead_letters(self):
        found = []
        for _ in range((await self.js.stream_info(self.stream + "_dead")).state.messages):
            advisory = await self.js.get_msg(self.stream + "_dead", seq=len(found) + 1)
            found.append((await self.js.get_msg(self.stream, seq=json.loads(advisory.data)["stream_seq"])).data)
        return found

    async def leader(self):
        told = (await self.js.stream_info(self.stream)).cluster
        return told.leader if told else None


NO_ONE = "nobody answered (503): the stream has no leader now, or no stream takes the subject"
