"""Redis Streams: XADD to XREAD; consumer groups for the audit.

A stream has no dead letters of its own: as usual, the consumer moves what was delivered max_deliver times to STREAM:dead.

options: stream (default: one of its own, removed at the end), claim_ms (1000), max_deliver (3), output (stream test: the stream with the results).
"""

import asyncio
import json
import time

import redis.asyncio as redis

from pack.realtime.adapters.base import Adapter


def _whole(fields):
    """An entry of an application, whose fields have names of its own, as JSON."""
    return json.dumps({k.decode("utf-8", "replace"): v.decode("utf-8", "replace") for k, v in fields.items()}).encode()


class Redis(Adapter):
    """See the module's text."""

    protocol = "redis"
    persistent = True

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.stream = options.get("stream", name)
        self.own = "stream" not in options
        self.producer = self.consumer = self.task = None

    def _client(self):
        return redis.Redis.from_url(self.address, socket_timeout=10, socket_connect_timeout=5, retry=None, single_connection_client=True)

    async def prepare(self):
        if self.producer:
            await self.producer.aclose()
        self.producer = self._client()
        for attempt in range(200):
            try:
                await self.producer.ping()
                return
            except redis.BusyLoadingError:  # it listens, but still reads its append-only file
                if attempt == 199:
                    raise
                await asyncio.sleep(0.05)

    async def open(self, deliver):
        if self.looking:
            self.named("stream")
        await self.prepare()
        self.consumer = self._client()
        last = await self.producer.xinfo_stream(self.stream) if await self.producer.exists(self.stream) else None
        start = last["last-generated-id"] if last else "0-0"
        self.task = asyncio.ensure_future(self._receive(deliver, start))

    async def _receive(self, deliver, last):
        while True:
            for _, items in await self.consumer.xread({self.stream: last}, count=1000, block=2000) or ():
                at = time.perf_counter()
                for last, fields in items:
                    deliver(fields[b"m"] if set(fields) == {b"m"} else _whole(fields), at, 0)

    async def send(self, body, partition=0):
        await self.producer.xadd(self.stream, {"m": body})

    async def server(self):
        info = await self.producer.info("server")
        return "redis %s" % info.get("redis_version", "?"), "real"

    async def close(self):
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        try:
            if self.own and not self.keep and self.producer:
                await self.producer.delete(self.stream, self.stream + ":effects", self.stream + ":dead")
        except (redis.RedisError, OSError):
            pass  # the server is gone; nothing to remove
        for client in (self.producer, self.consumer):
            if client:
                await client.aclose()
        self.producer = self.consumer = self.task = None

    async def replay(self):
        return [(fields[b"m"], "") for _, fields in await self.producer.xrange(self.stream)]

    async def consume(self, group, member, handle):
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

                async def ack(key=key, body=fields[b"m"], transact=False):
                    if transact:  # effect and acknowledgment in one transaction of the same server
                        pipe = client.pipeline(transaction=True)
                        pipe.rpush(self.stream + ":effects", body.split()[1])
                        pipe.xack(self.stream, group, key)
                        await pipe.execute()
                    else:
                        await client.xack(self.stream, group, key)

                async def reject(key=key, body=fields[b"m"]):
                    pending = await client.xpending_range(self.stream, group, key, key, 1)
                    if pending and pending[0]["times_delivered"] >= int(self.options.get("max_deliver", 3)):
                        pipe = client.pipeline(transaction=True)
                        pipe.xadd(self.stream + ":dead", {"m": body})
                        pipe.xack(self.stream, group, key)
                        await pipe.execute()

                await handle(fields[b"m"], "", ack, reject)

    async def dead_letters(self):
        return [fields[b"m"] for _, fields in await self.producer.xrange(self.stream + ":dead")]

    transactional = True

    async def transacted(self):
        """The message numbers whose effects were committed together with their acknowledgment."""
        return [(int(v), "") for v in await self.producer.lrange(self.stream + ":effects", 0, -1)]

    async def windows(self, timeout):
        if "output" not in self.options:
            raise NotImplementedError("options.output must name the stream with the results")
        found, last, until = {}, "0-0", time.monotonic() + timeout
        while time.monotonic() < until:
            for _, items in await self.producer.xread({self.options["output"]: last}, count=1000, block=500) or ():
                for last, fields in items:
                    got = json.loads(fields[b"m"])
                    if got.get("end"):
                        return found
                    found[got["key"], round(got["start"], 6)] = got["count"]
        return found
