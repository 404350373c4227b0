"""RabbitMQ: publish with confirms to a queue, consume with acknowledgments.

options: queue (default: one of its own, removed at the end), quorum (default false), queue_type (classic, quorum, stream: default
classic), persistent (default true; a classic queue forgets confirmed messages that are not, when its broker is killed); to listen only: exchange, routing_key (default `#`).
With `dead_letter` the queue has a dead-letter exchange, and what is rejected ends in QUEUE.dead.
"""

import asyncio
import re
import time
from urllib.parse import urlsplit

import aio_pika
from aiormq.exceptions import InvalidFrameError

from pack.realtime.adapters.base import Adapter

BLOCKED = "the broker blocked the connection: it is low on memory or disk, and takes no messages"
CONFIRM_S = 20
# How the broker says that a queue was declared with something else; only so does it tell with what.
INEQUIVALENT = re.compile(r"inequivalent arg '([\w-]+)' for queue .*current is (?:the value )?'([^']*)'(?: of type '(\w+)')?", re.S)
DROPS = {
    "x-max-length": "holds %s messages at most",
    "x-max-length-bytes": "holds %s bytes at most",
    "x-message-ttl": "lets go of what has waited for %s ms",
    "x-overflow": "(%s)",
    "x-dead-letter-exchange": "hands what it lets go of to the exchange %r",
    "x-delivery-limit": "lets go of what was handed out %s times",
}
ASK = "RabbitMQ confirms what a length limit drops afterwards; `rabbitmqctl list_queues name arguments effective_policy_definition` tells of limits"


class RabbitMQ(Adapter):
    """See the module's text."""

    protocol = "rabbitmq"

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.queue_name = options.get("queue", name)
        self.own = "queue" not in options
        self.connection = self.channel = self.queue = self.receiver = self.acks = None
        self.producers, self.next, self.sent = [], 0, 0  # [(connection, channel)] beside the first
        self.closing = self.asked = False
        self.deliver = self.newest = None
        self.type = options.get("queue_type", "quorum" if options.get("quorum") else "classic")
        self.mode = aio_pika.DeliveryMode.PERSISTENT if options.get("persistent", True) else aio_pika.DeliveryMode.NOT_PERSISTENT

    redelivery_s = (1.0, 10.0)

    async def _queue(self, connection, channel):
        if not self.own and not self.dead_letter:
            found = await self._there(connection)
            if found is not None:
                return await channel.get_queue(self.queue_name)  # whatever it was declared with
        arguments = {} if self.type == "classic" else {"x-queue-type": self.type}
        if self.dead_letter:
            await channel.declare_queue(self.queue_name + ".dead", durable=True)
            arguments.update({"x-dead-letter-exchange": "", "x-dead-letter-routing-key": self.queue_name + ".dead"})
        return await channel.declare_queue(self.queue_name, durable=True, arguments=arguments)

    async def _there(self, connection):
        """What the broker says of the queue (messages, consumers), or None where there is none. Asking for what is not there ends a channel."""
        asking = await connection.channel()
        try:
            return (await asking.declare_queue(self.queue_name, passive=True)).declaration_result
        except aio_pika.exceptions.ChannelNotFoundEntity:
            return None
        finally:
            if not asking.is_closed:
                await asking.close()

    async def _free(self):
        """RuntimeError where the probe would take what is for others, or they what is the probe's."""
        found = None if self.own or self.type == "stream" else await self._there(self.connection)
        if found is None or not (found.consumer_count or found.message_count):
            return
        raise RuntimeError(
            "the queue %s has %d consumers and holds %d messages: each message goes to one consumer and is then gone, so the probe would take "
            "what is theirs and they what is the probe's; leave out the option `queue` for one of the probe's own, or audit your `worker` on it"
            % (self.queue_name, found.consumer_count, found.message_count)
        )

    async def prepare(self):
        self.closing = False
        await self._drop()
        self.connection = await self._connect()
        self.connection.close_callbacks.add(lambda *why: self.cut_off.set())
        self.channel = await self.connection.channel(
            on_return_raises=True
        )  # a queue that is gone takes nothing, though the broker confirms
        if not self.looking:
            self.queue = await self._queue(self.connection, self.channel)
            for _ in range(self.connections - 1):
                more = await self._connect()
                self.producers.append([more, None])
                self.producers[-1][1] = await more.channel(on_return_raises=True)

    async def _connect(self):
        try:
            return await aio_pika.connect(self.address, timeout=10)
        except InvalidFrameError as error:  # the library does not say why the broker closed it; everything before was accepted
            raise RuntimeError(
                "the broker closed the connection when the virtual host %r was opened: is there one of that name, and may this user see it? (%s)"
                % (urlsplit(self.address).path[1:] or "/", error)
            )

    async def _drop(self):
        for connection, _ in self.producers:
            await connection.close()
        self.producers = []
        if self.connection is not None:
            await self.connection.close()

    async def _look(self, deliver):
        """Hear an exchange through a queue that ends with this connection, or look at a queue: what is not acknowledged goes back."""
        self.receiver = await self.connection.channel()
        await self.receiver.set_qos(prefetch_count=10)

        async def came(message):
            deliver(message.body, time.perf_counter(), 0)

        if self.options.get("exchange"):
            queue = await self.receiver.declare_queue(exclusive=True)
            exchange = await self.receiver.get_exchange(self.options["exchange"])
            await queue.bind(exchange, self.options.get("routing_key", "#"))
        else:
            queue = await self.receiver.get_queue(self.queue_name)
        await queue.consume(came, no_ack=bool(self.options.get("exchange")))

    async def open(self, deliver):
        if self.looking:
            self.named("exchange", "queue")
        await self.prepare()
        if self.looking:
            await self._look(deliver)
            return
        if not self.asked:
            await self._free()
            self.asked = True  # what a fault leaves there is the probe's
        self.deliver = deliver
        await self._receive()

    async def again(self):
        held = [self.connection] + [connection for connection, _ in self.producers] + [self.receiver] * (self.receiver is not None)
        if not any(part.is_closed for part in held):
            return 0
        if self.acks:
            self.acks.cancel()
        await self.prepare()
        if self.deliver is not None:
            await self._receive()
        return 1 + len(self.producers)

    async def _receive(self):
        # No limit of what is on its way, and one acknowledgment for all that came meanwhile: else the window, not the broker, is measured.
        try:
            await self._consume()
        except aio_pika.exceptions.ChannelPreconditionFailed as error:
            if self.own or self.type == "stream" or "prefetch count is not set" not in str(error):
                raise
            self.type = "stream"  # an application's queue does not say its type when it is asked for, only here
            await self._consume()
        self.acks = self.receiving(self._acknowledge())
        self.receiver.close_callbacks.add(
            lambda sender, error=None: None if self.closing else self.ended("the channel was closed: %s" % (error or "without a word"))
        )

    async def _acknowledge(self):
        while True:
            await asyncio.sleep(0.02)
            self._blocked()
            message, self.newest = self.newest, None
            if message is not None:
                await message.ack(multiple=True)

    async def _consume(self):
        self.receiver = await self.connection.channel()
        (await self.receiver.get_underlay_channel()).on_consumer_cancel_callbacks.add(self._cancelled)
        stream = self.type == "stream"
        await self.receiver.set_qos(prefetch_count=2000 if stream else 0)  # a stream asks for a limit
        self.newest = None

        async def came(message):
            self.deliver(message.body, time.perf_counter(), 0)
            self.newest = message

        await (await self._queue(self.connection, self.receiver)).consume(came, arguments={"x-stream-offset": "next"} if stream else None)

    def _cancelled(self, *which):
        if not self.closing:
            self.ended("the broker cancelled the consumer: the queue was deleted, or the node that holds it is gone")

    def _blocked(self):
        """The broker holds publishers back while it has too little memory or disk. The library only logs it, and waits by itself."""
        free = getattr(self.connection.transport.connection, "_Connection__connection_unblocked", None)
        if free is not None and not free.is_set() and BLOCKED not in self.closed:
            self.closed.append(BLOCKED)

    async def laggard(self, deliver, gate, told):
        """A consumer that begins late."""

        async def late():
            await gate.wait()
            channel = await self.connection.channel()
            await channel.set_qos(prefetch_count=100)

            async def came(message):
                deliver(message.body, time.perf_counter(), 0)
                await message.ack()

            offset = {"x-stream-offset": "first"} if self.type == "stream" else None
            await (await self._queue(self.connection, channel)).consume(came, arguments=offset)
            await asyncio.Event().wait()

        return late()

    async def send(self, body, partition=0):
        message = aio_pika.Message(body, delivery_mode=self.mode)
        channel, self.sent = self.channel, self.sent + 1
        if self.producers:
            self.next = (self.next + 1) % (len(self.producers) + 1)
            channel = self.producers[self.next - 1][1] if self.next else self.channel
        try:
            await channel.default_exchange.publish(message, routing_key=self.queue_name, timeout=CONFIRM_S)
        except asyncio.TimeoutError:
            raise asyncio.TimeoutError("no confirm from the broker within %d s" % CONFIRM_S)

    async def server(self):
        told = getattr(self.connection.transport.connection, "server_properties", None) or {}
        clean = {k: (v.decode() if isinstance(v, bytes) else v) for k, v in dict(told).items()}
        return "%s %s" % (clean.get("product", "AMQP server"), clean.get("version", "?")), "real"

    async def _declared(self, connection):
        """{argument: value} that the queue was declared with, as the broker's refusals tell one after the other."""
        durable, found = True, {}
        for _ in range(12):
            channel = await connection.channel()
            try:
                await channel.declare_queue(self.queue_name, durable=durable, arguments=found)
                return found
            except aio_pika.exceptions.ChannelPreconditionFailed as error:
                told = INEQUIVALENT.search(str(error))
                if not told or told[1] in found:
                    return found
                if told[1] == "durable":
                    durable = told[2] == "true"
                else:
                    value, kind = told[2], told[3]
                    found[told[1]] = value if kind in (None, "longstr") else value == "true" if kind == "bool" else int(value)
        return found

    async def explain(self):
        connection = await aio_pika.connect(self.address, timeout=5)
        try:
            if await self._there(connection) is None:
                return []  # to declare it would make one
            found = await self._declared(connection)
        finally:
            await connection.close()
        limits = [words % found[name] for name, words in DROPS.items() if name in found]
        return ["the queue %s %s, confirmed or not" % (self.queue_name, ", ".join(limits))] if limits else [ASK]

    async def close(self):
        self.closing = True
        if self.acks:
            self.acks.cancel()
            await asyncio.gather(self.acks, return_exceptions=True)
        self.acks = None
        if self.receiver is not None and not self.receiver.is_closed:
            await self.receiver.close()  # before its queue, else the library reports a consumer that the broker cancelled
        if self.connection and not self.connection.is_closed:
            try:
                if self.own and not self.keep and not self.looking:
                    channel = await self.connection.channel()
                    await channel.queue_delete(self.queue_name)
                    if self.dead_letter:
                        await channel.queue_delete(self.queue_name + ".dead")
            except (aio_pika.exceptions.AMQPError, OSError, asyncio.TimeoutError):
                pass  # the server is gone; nothing to remove
            finally:
                await self._drop()
        else:
            await self._drop()
        self.connection = self.channel = self.queue = self.receiver = None

    async def consumed(self):
        """All that is no longer in the queue."""
        left = (await self.channel.declare_queue(self.queue_name, passive=True)).declaration_result.message_count
        return max(0, self.sent - left)

    async def consume(self, group, member, handle):
        connection = await aio_pika.connect(self.address, timeout=10)
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1 if self.in_order else 10)
        queue = await self._queue(connection, channel)
        async with queue.iterator() as messages:
            async for message in messages:
                await handle(message.body, "", message.ack, message.reject)

    async def outstanding(self):
        """Messages that wait in the queue; None where none does, for the broker does not count what a consumer holds (it may be handing one back
        again and again). Looked at for a second."""
        most = 0
        for _ in range(40):
            most = max(most, (await self.channel.declare_queue(self.queue_name, passive=True)).declaration_result.message_count)
            await asyncio.sleep(0.025)
        return most or None

    async def dead_letters(self):
        queue, found = await self.channel.declare_queue(self.queue_name + ".dead", durable=True), []
        while True:
            message = await queue.get(no_ack=True, fail=False)
            if message is None:
                return found
            found.append(message.body)
