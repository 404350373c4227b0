"""NATS JetStream: publish with acknowledgment, receive by subscription; a durable pull consumer for the audit.

options: stream and subject (default: of its own, removed at the end), storage: file (default) or memory, replicas (1),
max_deliver (3; with `dead_letter`). JetStream's dead letters are its MAX_DELIVERIES advisories, kept in a stream of their own.
"""

import asyncio
import json
import time

import nats
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StorageType, StreamConfig

from pack.realtime import managed
from pack.realtime.adapters.base import Adapter


async def _quiet(error):
    """The library would log each disconnect; the audit records them itself."""


class Nats(Adapter):
    """See the module's text."""

    protocol = "nats"
    persistent = True

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        plain = name.replace(".", "_").replace(":", "_")
        self.stream, self.subject = options.get("stream", plain), options.get("subject", plain + ".m")
        self.own = "stream" not in options
        self.nc = self.js = self.sub = None

    async def prepare(self):
        # The library would try a node that is gone for minutes, so it is given one that listens, and two tries.
        living = [a for a in self.cluster if managed.answers(a)] if len(self.cluster) > 1 else []
        address = (living or [self.address])[0]
        self.nc = await nats.connect(address, error_cb=_quiet, allow_reconnect=False, connect_timeout=5, max_reconnect_attempts=1)
        self.js = self.nc.jetstream(timeout=10)
        storage = StorageType.MEMORY if self.options.get("storage") == "memory" else StorageType.FILE
        copies = int(self.options.get("replicas", 1))
        if self.own and not self.looking:
            await self.js.add_stream(StreamConfig(name=self.stream, subjects=[self.subject], storage=storage, num_replicas=copies))
            if self.dead_letter:
                advisory = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.%s.*" % self.stream
                await self.js.add_stream(
                    StreamConfig(name=self.stream + "_dead", subjects=[advisory], storage=storage, num_replicas=copies)
                )

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
        config = ConsumerConfig(deliver_policy=DeliverPolicy.NEW, ack_policy=AckPolicy.NONE)
        self.sub = await self.js.subscribe(self.subject, stream=self.stream, cb=came, config=config)
        await self.nc.flush()

    async def send(self, body, partition=0):
        await self.js.publish(self.subject, body, stream=self.stream)

    async def server(self):
        version = self.nc.connected_server_version
        return "nats-server %d.%d.%d" % (version.major, version.minor, version.patch), "real"

    async def close(self):
        if self.nc and self.nc.is_connected:
            try:
                if self.own and not self.keep and not self.looking:
                    await self.js.delete_stream(self.stream)
                    if self.dead_letter:
                        await self.js.delete_stream(self.stream + "_dead")
            except (nats.errors.Error, asyncio.TimeoutError, OSError):
                pass  # the server is gone; nothing to remove
            await self.nc.close()
        self.nc = self.js = self.sub = None

    async def replay(self):
        found = []
        if len(self.cluster) > 1:  # a new consumer could be given to a node that is gone; the stream itself answers
            state = (await self.js.stream_info(self.stream)).state
            for seq in range(state.first_seq, state.last_seq + 1):
                found.append(((await self.js.get_msg(self.stream, seq=seq)).data, ""))
            return found
        sub = await self.js.pull_subscribe(self.subject, stream=self.stream, config=ConsumerConfig(ack_policy=AckPolicy.NONE))
        while True:
            try:
                found += [(m.data, "") for m in await sub.fetch(500, timeout=1)]
            except (NatsTimeout, asyncio.TimeoutError):
                return found

    async def consume(self, group, member, handle):
        await self.prepare()
        config = ConsumerConfig(
            durable_name=group,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=float(self.options.get("ack_wait", 1.0)),
            max_ack_pending=100,
            **({"max_deliver": int(self.options.get("max_deliver", 3))} if self.dead_letter else {}),
        )
        sub = await self.js.pull_subscribe(self.subject, durable=group, stream=self.stream, config=config)
        while True:
            try:
                messages = await sub.fetch(10, timeout=0.5)
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
