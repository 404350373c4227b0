"""Redis Streams: XADD to XREADGROUP; consumer groups for the audit.

Commands are pipelined: each goes out when it is due, and many reads are always waiting at the server, so that neither a round
trip nor an answer that is still on its way holds a message up. redis-py connects and logs in; then the bytes are ours. A stream
has no dead letters of its own: as usual, the consumer moves what was delivered max_deliver times to STREAM:dead.

The address may be any node of a Redis Cluster: the one that holds the stream is asked for, and again whenever it may have changed. With
`sentinel: NAME` it is the address of a Sentinel, and NAME the master that is measured.

options: stream (default: one of its own, removed at the end), pubsub (default false): Redis Pub/Sub on a channel of that name, which
keeps nothing for whoever does not listen; sentinel; wait: a message counts as acknowledged when so many replicas have it (WAIT, within 1 s; its
connection waits meanwhile, as an application's does), else when the master says so; claim_ms (1000), max_deliver (3), output (stream test: the stream with the results).
"""

import asyncio
import collections
import json
import time
from urllib.parse import urlsplit

import hiredis
import redis.asyncio as redis
from redis.crc import key_slot

from pack.realtime import managed
from pack.realtime.adapters.base import Adapter

READS = 512  # reads that wait at the server: each takes one message at least, so the rate times the round trip must be below
TRIM = 20000  # entries, after which what was read is trimmed from a stream of the probe's own


def _whole(fields):
    """An entry of an application, whose fields have names of its own, as JSON."""
    pairs = fields.items() if isinstance(fields, dict) else zip(fields[::2], fields[1::2])
    return json.dumps({k.decode("utf-8", "replace"): v.decode("utf-8", "replace") for k, v in pairs}).encode()


def _gone(stream):
    """How many entries a stream once had and has no longer; 0 where the server does not say (Redis before 7)."""
    return stream.get("entries-added", 0) - stream.get("length", 0) if "entries-added" in stream else 0


def command(*words):
    """The bytes of a command."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


ASKING = command(b"ASKING")  # before each command to a node that a slot is being moved to


class Pipe(asyncio.Protocol):
    """A connection that redis-py has opened, with its answers as they come: `answer(value, at)`."""

    def __init__(self, adapter, answer, after=None):
        self.adapter, self.answer, self.after = adapter, answer, after
        self.reader, self.out, self.transport, self.link = hiredis.Reader(), [], None, None
        self.writer = self.piece = None

    async def open(self, pool):
        """Connect as the pool does."""
        self.link = pool.make_connection()
        try:
            await self.link.connect()
        except BaseException:
            self.link._close()  # redis-py leaves it open when it is cancelled at its login
            raise
        # The connection is this object's now. It keeps the stream writer, which would close it when it is forgotten.
        self.writer, self.link._writer, self.link._reader = self.link._writer, None, None
        self.transport = self.writer.transport
        self.transport.set_protocol(self)
        self.transport.resume_reading()
        return self

    def data_received(self, data):
        at = time.perf_counter()
        try:
            gets, answer = self.reader.gets, self.answer
            self.reader.feed(data)
            value = gets()
            while value is not False:
                answer(value, at)
                value = gets()
            if self.after:
                self.after()
        except Exception as error:
            self.adapter.died(error)
            self.transport.abort()

    def connection_lost(self, error):
        if self.transport is not None:
            self.transport = None
            self.adapter.ended("the connection was lost%s" % (": %s" % error if error else ""))
            if hasattr(self.answer, "lost"):
                self.answer.lost(error)

    def write(self, data):
        """Gather."""
        self.out.append(data)

    def flush(self):
        """Send what was gathered."""
        if self.out:
            data, self.out = b"".join(self.out), []
            if self.transport is None:
                raise ConnectionError("the connection to redis is gone")
            self.transport.write(data)

    def close(self):
        """End it."""
        if self.transport is not None:
            transport, self.transport = self.transport, None
            transport.abort()


WAIT_MS = 1000
ELSEWHERE = ("MOVED", "ASK ", "READONLY", "UNBLOCKED force")  # how a node answers that does not hold the stream any more


class _Replicated:
    """What is acknowledged when so many replicas have it: the messages of one piece, whose XADDs the master has answered."""

    def __init__(self, wanted):
        self.wanted, self.waiting = wanted, []

    def added(self, settled):
        """What to do with the answer to one XADD."""

        def answered(error):
            if error is None:
                self.waiting.append(settled)
            else:
                settled(error)

        return answered

    def copied(self, many):
        """WAIT has ended: so many replicas have all of it."""
        few = "%d of %d replicas had it within %g s" % (many, self.wanted, WAIT_MS / 1e3)
        self(None if many >= self.wanted else redis.ResponseError(few))

    def __call__(self, error):
        waiting, self.waiting = self.waiting, []
        for settled in waiting:
            settled(error)


class _Answers:
    """The answers to commands, in their order. Of a node that sends elsewhere nothing more is asked: `moved(answer)`."""

    def __init__(self, moved=None):
        self.waiting, self.moved = collections.deque(), moved

    def expect(self, settled):
        """One more command has gone out."""
        self.waiting.append(settled)

    def __call__(self, value, at):
        settled = self.waiting.popleft()
        if value.__class__ is int and settled.__class__ is _Replicated:
            settled.copied(value)
        else:
            settled(value if isinstance(value, Exception) else None)
        if isinstance(value, Exception) and str(value).startswith(ELSEWHERE):
            self.moved(value)

    def lost(self, error):
        """No answer comes any more."""
        gone, self.waiting = self.waiting, collections.deque()
        for settled in gone:
            settled(ConnectionError("the connection was lost before the answer"))


class Pipelined(redis.Redis):
    """redis-py's client with its commands pipelined over one connection: they leave in the order in which they were given, and none
    waits for the answer to another. For adapters of a project that build on this one and send by `self.producer`."""

    pipe = None

    async def execute_command(self, *words, **options):
        """As redis-py's."""
        if self.pipe is None or self.pipe.transport is None:
            self.pipe = await Pipe(self.adapter, _Values()).open(self.connection_pool)
        if self.adapter.asking:
            self.pipe.answer.expect(asyncio.get_running_loop().create_future())
            self.pipe.out.append(ASKING)
        answer = asyncio.get_running_loop().create_future()
        self.pipe.answer.expect(answer)
        self.pipe.out += self.pipe.link.pack_command(*words)
        self.pipe.flush()
        value = await asyncio.wait_for(answer, 10)
        if isinstance(value, Exception):
            text = str(value)
            raise redis.BusyLoadingError(text) if text.startswith("LOADING") else redis.ResponseError(text)
        made = self.response_callbacks.get(words[0], lambda value, **options: value)(value, **options)
        return await made if asyncio.iscoroutine(made) else made

    async def aclose(self, *more):
        """Close."""
        if self.pipe is not None:
            self.pipe.close()
            self.pipe = None
        await super().aclose(*more)


class _Values:
    """The answers to commands, in their order, for whoever awaits them."""

    def __init__(self):
        self.waiting = collections.deque()

    def expect(self, answer):
        """One more command has gone out."""
        self.waiting.append(answer)

    def __call__(self, value, at):
        answer = self.waiting.popleft()
        if not answer.done():
            answer.set_result(value)

    def lost(self, error):
        """No answer comes any more."""
        gone, self.waiting = self.waiting, collections.deque()
        for answer in gone:
            if not answer.done():
                answer.set_exception(ConnectionError("the connection was lost before the answer"))


class Redis(Adapter):
    """See the module's text."""

    protocol = "redis"
    persistent = True

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.stream = options.get("stream", name)
        self.own = "stream" not in options
        self.replicas = int(options.get("wait", 0))
        if self.replicas and options.get("pubsub"):
            raise ValueError("the option wait is for streams: what Pub/Sub says is kept nowhere")
        self.pubsub = bool(options.get("pubsub"))
        if self.pubsub:
            self.persistent = False
        self.producer = self.reading = self.task = None
        self.pipes, self.next, self.group, self.read, self.trimmed = [], 0, None, 0, 0
        self.redelivery_s = (int(options.get("claim_ms", 1000)) / 1e3, 30.0)
        self.before = 0  # entries that had been taken out of the stream before
        # where the stream is, where to ask for that, and whether keys are dealt out
        self.at, self.known, self.split = address, [address], False
        self.sent_to, self.asking = None, False  # where an ASK sent us, and whether each command there says that it was sent (ASKING)

    def _url(self, host, port):
        login, at, _ = urlsplit(self.address).netloc.rpartition("@")
        return urlsplit(self.address)._replace(netloc="%s%s%s:%s" % (login, at, "[%s]" % host if ":" in host else host, port)).geturl()

    async def _find(self):
        """Where the stream is now: by a Sentinel, or by any node of a Redis Cluster. Whoever was named meanwhile can be asked the next time."""
        if self.sent_to:  # the slot is in the middle of a migration: all others still name the old node
            self.at, self.asking, self.sent_to = self.sent_to, True, None
            return
        self.asking = False
        self.known = list(dict.fromkeys([*self.cluster, *self.known]))
        for place, known in enumerate(self.known):
            last = place == len(self.known) - 1
            if not last and not await asyncio.get_running_loop().run_in_executor(None, managed.answers, known):
                continue
            asked = redis.Redis.from_pool(self._pool(known))
            try:
                self.at = (
                    (await self._master(asked))
                    if "sentinel" in self.options
                    else (await self._owner(asked, urlsplit(known).hostname)) or known
                )
            except (redis.ConnectionError, redis.TimeoutError, OSError):
                if last:
                    raise
                continue
            finally:
                await asked.aclose()
            if self.at not in self.known and "sentinel" not in self.options:
                self.known.append(self.at)
            if self.at not in self.cluster:
                self.cluster = [*self.cluster, self.at]
            return

    async def _master(self, sentinel):
        name = self.options["sentinel"]
        found = await sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)
        if not found:
            raise RuntimeError("the Sentinel knows no master of the name %s" % name)
        for other in await sentinel.execute_command("SENTINEL", "SENTINELS", name):
            told = dict(zip(other[::2], other[1::2]))
            host, port = (told[key].decode() for key in (b"ip", b"port"))
            self.known = list(dict.fromkeys([*self.known, self._url(host, port)]))
        return self._url(*(part.decode() for part in found))

    async def _owner(self, node, asked):
        """The node that has the stream's slot; None where keys are not dealt out. One that does not know its own address is where it was asked."""
        try:
            dealt = await node.execute_command("CLUSTER", "SLOTS")
        except (redis.ResponseError, redis.AuthenticationError):  # no cluster, or a user who may not ask; what follows says why
            return None
        slot, self.split, found = key_slot(self.stream.encode()), True, None
        for first, last, (host, port, *_), *replicas in dealt:
            urls = [self._url(host.decode() or asked, port)] + [self._url(each[0].decode(), each[1]) for each in replicas]
            self.known = list(dict.fromkeys([*self.known, *urls]))
            found = urls[0] if first <= slot <= last else found
        return found

    def _beside(self, what):
        """A key that belongs to the stream; where keys are dealt out, one that lies where the stream does."""
        return ("{%s}%s" if self.split else "%s%s") % (self.stream, what)

    def _pool(self, address=None, **more):
        pool = redis.ConnectionPool.from_url(address or self.at, socket_timeout=10, socket_connect_timeout=5, retry=None, **more)
        pool.connection_kwargs["protocol"] = 2  # answers have one shape, whatever the address asks for
        return pool

    def _client(self):
        return redis.Redis.from_pool(self._pool())

    async def prepare(self):
        try:
            await self._prepare()
        except redis.ConnectionError:
            said = await asyncio.get_running_loop().run_in_executor(None, managed.greeting, self.at)
            if not said.startswith(b"-"):
                raise
            raise redis.ResponseError(said[1:].decode("utf-8", "replace").strip())  # one that has no room answers before it is asked

    async def _prepare(self):
        if self.producer:
            await self.producer.aclose()
        self.producer = None
        for attempt in range(200):
            try:
                if self.producer is None:
                    await self._find()
                    self.producer = Pipelined.from_pool(self._pool())
                    self.producer.adapter = self
                await self.producer.ping()
                break
            except redis.BusyLoadingError:  # it listens, but still reads its append-only file
                if attempt == 199:
                    raise
                await asyncio.sleep(0.05)
        self._drop()
        self.plain = await self._plain_reads()
        if not self.looking:
            name = self.stream.encode()
            self.head = (
                b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$" % (len(name), name)
                if self.pubsub
                else b"*5\r\n$4\r\nXADD\r\n$%d\r\n%s\r\n$1\r\n*\r\n$1\r\nm\r\n$" % (len(name), name)
            )
            for _ in range(self.connections):
                self.pipes.append(await Pipe(self, _Answers(self._moved)).open(self._pool()))

    def _moved(self, answer):
        """The stream is held by another node now: go there, as clients do."""
        self.ended("the server says %s" % answer)
        if str(answer).startswith("ASK "):
            host, _, port = str(answer).split()[2].rpartition(":")
            self.sent_to = self._url(host or urlsplit(self.at).hostname, port)
        for pipe in [*self.pipes, *([self.reading] if self.reading is not None else [])]:
            if pipe.transport is not None:
                pipe.transport.abort()

    def _drop(self):
        for pipe in self.pipes:
            pipe.close()
        self.pipes = []

    async def open(self, deliver):
        if self.looking:
            self.named("stream")
        await self.prepare()
        self.deliver = deliver
        if self.pubsub:
            await self._subscribe()
            return
        last = await self.producer.xinfo_stream(self.stream) if await self.producer.exists(self.stream) else None
        start = last["last-generated-id"] if last else "0-0"
        self.before = _gone(last or {})
        if self.looking:
            self.task = self.receiving(self._listen(deliver, start))
            return
        self.group = self.name + "-probe"
        await self.producer.xgroup_create(self.stream, self.group, id=start, mkstream=True)
        await self._read()

    async def _read(self):
        """Let reads wait at the server."""
        words = ["XREADGROUP", "GROUP", self.group, "probe", "COUNT", "1000", "BLOCK", "0", "NOACK", "STREAMS", self.stream, ">"]
        self.ask = (ASKING if self.asking else b"") + command(*[w.encode() for w in words])
        self.reading = await Pipe(self, self._came, self._again).open(self._pool())
        self.answered, self.refused = 0, None
        self.reading.write(self.ask * READS)
        self.reading.flush()

    async def again(self):
        made = 0
        if self.split or "sentinel" in self.options:
            before = self.at
            await self._find()
            if self.at != before:
                await self.producer.aclose()
                self.producer = Pipelined.from_pool(self._pool())
                self.producer.adapter = self
        for place, pipe in enumerate(self.pipes):
            if pipe.transport is None:
                self.pipes[place] = await Pipe(self, pipe.answer).open(self._pool())
                made += 1
        if self.reading is None or self.reading.transport is not None:
            return made
        if self.pubsub:
            await self._subscribe()
            return made + 1
        try:  # the group knows how far it was read, where the server has not forgotten it
            await self.producer.xgroup_create(self.stream, self.group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        await self._read()
        return made + 1

    async def _subscribe(self):
        there = asyncio.get_running_loop().create_future()

        def heard(value, at):
            if isinstance(value, Exception):
                self.unable("the server refuses to be read: %s" % value)
            elif value[0] == b"message":
                self.deliver(value[2], at, 0)
            if not there.done():
                there.set_result(None)

        self.reading = await Pipe(self, heard).open(self._pool())
        self.reading.write(command(b"SUBSCRIBE", self.stream.encode()))
        self.reading.flush()
        await asyncio.wait_for(there, 10)

    async def laggard(self, deliver, gate, told):
        """As an application does it with redis-py: Pub/Sub, or a reader of the stream that begins late."""
        client = self._client()
        if not self.pubsub:
            last = await client.xinfo_stream(self.stream) if await client.exists(self.stream) else {"last-generated-id": "0-0"}

            async def late():
                await gate.wait()
                await self._listen(deliver, last["last-generated-id"])

            await client.aclose()
            return late()
        listening, ready = redis.Redis.from_url(self.address).pubsub(), asyncio.Event()  # the library's own ideas of trying again
        await listening.subscribe(self.stream)

        async def listen():
            try:
                while True:
                    try:
                        message = await listening.get_message(timeout=1.0)
                    except redis.ConnectionError as error:
                        told.append("redis-py raised %s: %s; the next call subscribes again" % (type(error).__name__, error))
                        continue
                    if message and message["type"] == "subscribe":
                        if ready.is_set() and not told:
                            told.append("the server cut the connection; redis-py subscribed again by itself, without an error")
                        ready.set()
                        await gate.wait()
                    elif message:
                        deliver(message["data"], time.perf_counter(), 0)
            finally:
                await listening.aclose()

        return listen()

    def _came(self, value, at):
        if isinstance(value, Exception):  # it is not asked again: a refusal comes at once
            if str(value).startswith(ELSEWHERE):
                if self.refused is None:
                    self.refused = value
                    self._moved(value)
                return
            if self.read:
                if self.refused is None:
                    why = "; the stream was deleted, or evicted (maxmemory-policy)" if str(value).startswith("NOGROUP") else ""
                    self.ended("the server answered a read with %s%s" % (value, why))
            else:
                self.unable("the server refuses to be read: %s" % value)
            self.refused = value
            return
        if self.asking and value in (b"OK", "OK"):
            return
        self.answered += 1
        if value is None:
            return
        deliver = self.deliver
        for key, fields in value[0][1]:
            deliver(fields[1] if len(fields) == 2 and fields[0] == b"m" else _whole(fields), at, 0)
        self.read += len(value[0][1])
        self.newest = key

    def _again(self):
        """As many reads as were answered wait again; what was read is trimmed, where nobody needs it any more."""
        if self.answered:
            self.reading.write(self.ask * self.answered)
            self.answered = 0
            if self.forget and self.own and self.read - self.trimmed > TRIM:
                self.trimmed = self.read
                pipe = self.pipes[0]
                if self.asking:
                    pipe.answer.expect(lambda error: None)
                    pipe.write(ASKING)
                pipe.answer.expect(lambda error: None)
                pipe.write(command(b"XTRIM", self.stream.encode(), b"MINID", b"~", self.newest))
                pipe.flush()
            self.reading.flush()

    async def _listen(self, deliver, last):
        """Look at a stream of the application's, leaving nothing there."""
        client = self._client()
        try:
            while True:
                for _, items in await client.xread({self.stream: last}, count=1000, block=2000) or ():
                    at = time.perf_counter()
                    for key, fields in items:
                        last = key
                        deliver(fields[b"m"] if set(fields) == {b"m"} else _whole(fields), at, 0)
        finally:
            await client.aclose()

    def post(self, body, partition, settled):
        pipe = self.pipes[self.next]
        self.next = (self.next + 1) % len(self.pipes)
        if pipe.transport is None:
            settled(ConnectionError("the connection to redis is gone"))
            return
        if self.replicas:
            pipe.piece = pipe.piece or _Replicated(self.replicas)
            settled = pipe.piece.added(settled)
        if self.asking:
            pipe.answer.expect(lambda error: None)
            pipe.out.append(ASKING)
        pipe.answer.expect(settled)
        pipe.out.append(b"%s%d\r\n%s\r\n" % (self.head, len(body), body))

    def flush(self):
        for pipe in self.pipes:
            if pipe.out:
                if pipe.transport is None:
                    pipe.out = []  # whoever waited was told when the connection was lost
                else:
                    if pipe.piece is not None:
                        pipe.answer.expect(pipe.piece)
                        pipe.out.append(command(b"WAIT", b"%d" % self.replicas, b"%d" % WAIT_MS))
                    pipe.flush()
            pipe.piece = None

    async def send(self, body, partition=0):
        if self.looking:
            await self.producer.xadd(self.stream, {"m": body})
        else:
            await self.posted(body, partition)

    async def server(self):
        try:  # which nobody is forbidden, as INFO is to many users
            told = await self.producer.execute_command("HELLO", "2")
        except redis.ResponseError:  # before Redis 6
            return "redis %s" % (await self.producer.info("server")).get("redis_version", "?"), "real"
        told = dict(zip(told[::2], told[1::2]))
        return "%s %s" % tuple((told.get(name) or b"?").decode() for name in (b"server", b"version")), "real"

    async def close(self):
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        if self.reading:
            self.reading.close()
        self._drop()
        try:
            if self.pubsub:
                pass  # a channel is nothing that is kept
            elif self.producer and self.group:
                if self.own and not self.keep:
                    await self.producer.delete(self.stream, self._beside(":effects"), self._beside(":dead"))
                else:
                    await self.producer.xgroup_destroy(self.stream, self.group)
            elif self.own and not self.keep and not self.looking and self.producer:
                await self.producer.delete(self.stream, self._beside(":effects"), self._beside(":dead"))
        except (redis.RedisError, OSError):
            pass  # the server is gone; nothing to remove
        finally:  # one that does not answer keeps no connection either
            if self.producer:
                await self.producer.aclose()
            self.producer = self.reading = self.task = self.group = None

    async def _plain_reads(self):
        """How often anybody has read a stream without a group, since the server was started; None where we may not know (INFO is forbidden to
        many users)."""
        try:
            stats = await self.producer.info("commandstats")
        except redis.ResponseError:
            return None
        return sum(stats.get("cmdstat_" + word, {}).get("calls", 0) for word in ("xread", "xrange", "xrevrange"))

    async def replay(self):
        return [(fields[b"m"], "") for _, fields in await self.producer.xrange(self.stream)]

    async def written(self, name):
        return [_whole(fields) for _, fields in await self.producer.xrange(name)]

    async def consumed(self):
        """What the groups of the stream were handed, the largest of them; who reads without a group is not counted by anybody."""
        reads = await self._plain_reads()
        if reads is None or self.plain is None or reads > self.plain:
            return None
        found = 0
        for group in await self.producer.xinfo_groups(self.stream):
            if group["name"] not in (self.group, (self.group or "").encode()):
                read = group.get("entries-read")
                if read is None:  # Redis before 7 does not say
                    return None
                found = max(found, read)
        return found

    async def explain(self):
        if self.pubsub:
            return []
        gone = _gone(await self.producer.xinfo_stream(self.stream)) - self.before
        told = "%d entries were taken out of the stream meanwhile (XTRIM, MAXLEN, XDEL): a reader that comes later does not get them"
        return [told % gone] if gone > 0 else []

    async def outstanding(self):
        groups = [g for g in await self.producer.xinfo_groups(self.stream) if g["name"] not in (self.group, (self.group or "").encode())]
        if not groups or any(g.get("lag") is None for g in groups):
            return None
        # After a trim of unread entries Redis goes on counting them as lag, for good; a group at the stream's end has none.
        end = (await self.producer.xinfo_stream(self.stream))["last-generated-id"]
        return sum(g["pending"] + (0 if g["last-delivered-id"] == end else g["lag"]) for g in groups)

    async def consume(self, group, member, handle):
        await self._find()
        client = self._client()
        try:
            await client.xgroup_create(self.stream, group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        claim_ms = int(self.options.get("claim_ms", 1000))
        last = "0"  # what this member was given before it died comes first
        while True:
            answer = await client.xreadgroup(group, member, {self.stream: last}, count=10, block=200 if last == ">" else None)
            items = answer[0][1] if answer else []
            if last != ">" and not items:
                last = ">"
            if not items and last == ">":
                items = (await client.xautoclaim(self.stream, group, member, min_idle_time=claim_ms, count=10))[1]
            for key, fields in items:
                if last != ">":
                    last = key.decode()
                if b"m" not in fields:  # deleted since it was handed out: there is nothing to handle
                    await client.xack(self.stream, group, key)
                    continue

                async def ack(key=key, body=fields[b"m"], transact=False):
                    if transact:  # effect and acknowledgment in one transaction of the same server
                        pipe = client.pipeline(transaction=True)
                        pipe.rpush(self._beside(":effects"), body.split()[1])
                        pipe.xack(self.stream, group, key)
                        await pipe.execute()
                    else:
                        await client.xack(self.stream, group, key)

                async def reject(key=key, body=fields[b"m"]):
                    pending = await client.xpending_range(self.stream, group, key, key, 1)
                    if pending and pending[0]["times_delivered"] >= int(self.options.get("max_deliver", 3)):
                        pipe = client.pipeline(transaction=True)
                        pipe.xadd(self._beside(":dead"), {"m": body})
                        pipe.xack(self.stream, group, key)
                        await pipe.execute()

                await handle(fields[b"m"], "", ack, reject)

    async def dead_letters(self):
        return [fields[b"m"] for _, fields in await self.producer.xrange(self._beside(":dead"))]

    transactional = True

    async def transacted(self):
        """The message numbers whose effects were committed together with their acknowledgment."""
        return [(int(v), "") for v in await self.producer.lrange(self._beside(":effects"), 0, -1)]

    async def windows(self, timeout):
        if "output" not in self.options:
            raise NotImplementedError("options.output must name the stream with the results")
        found, last, until, ended = {}, "0-0", time.monotonic() + timeout, False
        while time.monotonic() < until:
            came = await self.producer.xread({self.options["output"]: last}, count=1000, block=500)
            if ended and not came:
                return found
            for _, items in came or ():
                for last, fields in items:
                    got = json.loads(fields[b"m"])
                    if got.get("end"):  # a side output takes a way of its own: what it says may come behind the end
                        ended, until = True, min(until, time.monotonic() + 5)
                        continue
                    if "too_late" in got:
                        self.set_aside.append(got["too_late"])
                        continue
                    found[got["key"], round(got["start"], 6)] = got["count"]
        return found
