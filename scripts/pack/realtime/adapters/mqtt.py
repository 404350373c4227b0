"""MQTT: publish at a quality of service, receive on a connection of its own or on the same.

options: topic, qos (default 1), nodelay: TCP_NODELAY on the client's sockets (default: true, but false with `single`), single
(default false): one connection both publishes and subscribes, as an application's client does, with that client's defaults.
Without TCP_NODELAY Nagle's algorithm and delayed acknowledgments can together cost 40 to 80 ms; mosquitto's own option of that
name does not help a client that publishes and subscribes on one connection, the client's does (measured).

The probe speaks MQTT itself: it publishes with any number of messages unacknowledged (client libraries allow 20 by default), of QoS 2 with as many
as the broker allows by MQTT 5 (mosquitto: 20; of more than it has room for it completes the handshake, and drops them), and tells the broker, by MQTT 5, that it may do the same towards the subscriber (mosquitto allows 20 without being told). `single`, and a
broker that knows 3.1.1 only, have no such word. retain: the broker keeps the newest message for whoever subscribes later (`pack rt slow` asks for it).
message_expiry: seconds after which the broker lets go of a message that nobody took; then the probe publishes by MQTT 5, with as many messages
unacknowledged as the broker allows. session_expiry: seconds for which it keeps the session of the consumer that `pack rt slow` sends away.
"""

import asyncio
import collections
import socket
import time
from urllib.parse import urlsplit

from pack.realtime.adapters.base import Adapter

HELD = "messages waited in the client, as the broker asks: it allows %d unfinished ones a connection (its Receive Maximum)"
WINDOW = 20  # unfinished messages of QoS 2, where the broker does not say: what client libraries allow
MOST = 60000  # unacknowledged messages of a connection: their ids have 16 bits


class MqttError(OSError):
    """The broker refused, or the connection is gone."""


# What mosquitto tells of itself: the uptime every 10 s (sys_interval), and behind it, at the same moment, the count where it has changed.
SAYS = ("$SYS/broker/version", "$SYS/broker/uptime", "$SYS/broker/publish/messages/dropped")
SAYS_S = 12.0
LATE_S = 0.5  # until it has dropped what was sent last
ASKED_S = 3.0  # for an answer to that, which some never give
REASONS = {
    1: "unacceptable protocol version",
    2: "identifier rejected",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorized",
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x83: "implementation specific error",
    0x84: "unsupported protocol version",
    0x85: "client identifier not valid",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "server shutting down",
    0x8D: "keep alive timeout",
    0x8C: "bad authentication method",
    0x8E: "session taken over",
    0x8F: "topic filter invalid",
    0x90: "topic name invalid",
    0x93: "receive maximum exceeded",
    0x95: "packet too large",
    0x96: "message rate too high",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x99: "payload format invalid",
    0x9A: "retain not supported, the option `retain` is not for this broker",
    0x9B: "QoS not supported, give a lower one as the option `qos`",
    0x9C: "use another server",
    0x9D: "server moved",
    0x9F: "connection rate exceeded",
    0xA0: "maximum connect time",
}
CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, DISCONNECT = 2, 3, 4, 5, 6, 7, 9, 14
KEEPALIVE_S = 60
TRIAL_S = 2.0  # until what was acknowledged comes back
WIDE_S = 5.0  # for an answer to MQTT 5; some brokers that do not know it say nothing
WIDTHS = {
    0x11: 4,
    0x13: 2,
    0x21: 2,
    0x22: 2,
    0x24: 1,
    0x25: 1,
    0x27: 4,
    0x28: 1,
    0x29: 1,
    0x2A: 1,
}  # of a CONNACK's properties; others are strings


def reason(code):
    """A reason code as the specifications name it."""
    return "%s (%d)" % (REASONS.get(code, "reason"), code)


def text(value):
    """A string with its length."""
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(2, "big") + raw


def packet(first, body):
    """A control packet: its first byte, the length in sevens of bits, the rest."""
    size, head = len(body), bytes((first,))
    while True:
        size, digit = size >> 7, size & 127
        head += bytes((digit | 0x80 if size else digit,))
        if not size:
            return head + body


def varint(data, place):
    """(value, place behind it) of a length in sevens of bits; (None, place) if it is not whole."""
    value = shift = 0
    while place < len(data):
        digit = data[place]
        place += 1
        value |= (digit & 127) << shift
        shift += 7
        if not digit & 128:
            return value, place
    return None, place


def numbers(connack):
    """{property: value} of those properties of an MQTT 5 answer that are numbers."""
    length, place = varint(connack, 2)
    end, found = place + (length or 0), {}
    while place < end:
        name, place = connack[place], place + 1
        if name == 0x26:  # two strings
            place += 2 + int.from_bytes(connack[place : place + 2], "big")
        width = WIDTHS.get(name)
        if width:
            found[name] = int.from_bytes(connack[place : place + width], "big")
        place += width or 2 + int.from_bytes(connack[place : place + 2], "big")
    return found


class Client(asyncio.Protocol):
    """One connection: MQTT 3.1.1 to publish, 5 to subscribe (`wide`). `came(topic, body, at)` is called for each message."""

    def __init__(self, adapter, who, came=None, wide=False, fresh=True):
        self.adapter, self.came, self.wide, self.loop = adapter, came, wide, asyncio.get_running_loop()
        self.highest = 2  # quality of service that the broker takes
        self.window, self.most, self.held = WINDOW, 65535, collections.deque()  # of QoS 2; what the broker allows; what waits
        self.fresh, self.kept = fresh, False  # a session of its own; whether the broker had kept one
        self.name = "%s-%s" % (who, adapter.name[-16:])
        self.asked = 0  # the id of the newest subscription
        self.waiting, self.mid, self.out, self.buffer, self.transport, self.timer = {}, 0, [], b"", None, None
        self.mine, self.told, self.twice, self.up, self.subscribed = False, None, set(), self.loop.create_future(), None

    async def open(self):
        """Connect; MqttError if the broker refuses."""
        try:
            await self._opened()
        except BaseException:  # refused, or cancelled while the broker had not answered
            self.mine = True
            if self.transport is not None:
                self.transport.abort()
            raise
        self._ping()
        return self

    async def _opened(self):
        adapter = self.adapter
        more = {"ssl": True, "server_hostname": adapter.host} if adapter.secure else {}
        await asyncio.wait_for(self.loop.create_connection(lambda: self, adapter.host, adapter.port, **more), 10)
        if self.transport is None:  # the broker closed it at once
            raise self.up.exception()
        opened = self.transport.get_extra_info("socket")
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1 if adapter.nodelay else 0)
        flags = (2 if self.fresh else 0) | (0x80 if adapter.user else 0) | (0x40 if adapter.password else 0)
        body = text("MQTT") + bytes((5 if self.wide else 4, flags)) + KEEPALIVE_S.to_bytes(2, "big")
        if self.wide:
            kept = adapter.session_expiry if not self.fresh else None
            properties = b"\x21\xff\xff" + (b"\x11" + kept.to_bytes(4, "big") if kept else b"")
            body += bytes((len(properties),)) + properties
        body += text(self.name)
        body += (text(adapter.user) if adapter.user else b"") + (text(adapter.password) if adapter.password else b"")
        self.transport.write(packet(0x10, body))
        await asyncio.wait_for(self.up, 10)

    def _ping(self):
        self.timer = self.loop.call_later(KEEPALIVE_S / 2.0, self._ping)
        self.transport.write(b"\xc0\x00")

    async def subscribe(self, topic, qos):
        """Subscribe; MqttError if the broker refuses."""
        if self.transport is None:
            raise MqttError(self.told or "the connection is gone")
        self.asked, self.subscribed = 65000 + (self.asked + 1) % 500, self.loop.create_future()  # an id that no message has
        self.transport.write(packet(0x82, self.asked.to_bytes(2, "big") + (b"\x00" if self.wide else b"") + text(topic) + bytes((qos,))))
        code = await asyncio.wait_for(self.subscribed, 10)
        if code >= 0x80:
            raise MqttError("the broker refused the subscription of %s: %s" % (topic, reason(code)))

    def publish(self, topic, body, qos, settled):
        """Gather a message; `settled(error or None)` at its acknowledgment."""
        if self.transport is None:
            settled(MqttError(self.told or "the connection is gone"))
            return
        if not qos:
            self.out.append(packet(0x30 | self.adapter.retain, topic + self._properties() + body))
            settled(None)
            return
        if (qos == 2 or self.wide) and len(self.waiting) >= self.window:
            if not self.held and HELD % self.window not in self.adapter.closed:
                self.adapter.closed.append(HELD % self.window)
            self.held.append((topic, body, qos, settled))
            return
        if len(self.waiting) >= MOST:
            settled(MqttError("%d messages are unacknowledged: MQTT has no more ids" % MOST))
            return
        self.mid = self.mid % 64999 + 1
        while self.mid in self.waiting:
            self.mid = self.mid % 64999 + 1
        self.waiting[self.mid] = settled
        head = topic + self.mid.to_bytes(2, "big") + self._properties()
        self.out.append(packet(0x30 | qos << 1 | self.adapter.retain, head + body))

    def _properties(self):
        """Those of a message, by MQTT 5: how long it may wait for whoever takes it."""
        if not self.wide:
            return b""
        expiry = self.adapter.message_expiry
        return b"\x05\x02" + expiry.to_bytes(4, "big") if expiry else b"\x00"

    def flush(self):
        """Send what was gathered."""
        if self.out:
            data, self.out = b"".join(self.out), []
            if self.transport is not None:
                self.transport.write(data)

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        at = time.perf_counter()
        try:
            self._parse(self.buffer + data if self.buffer else data, at)
            self.flush()
        except Exception as error:
            self.adapter.died(error)
            self.transport.abort()

    def _parse(self, data, at):
        place, size = 0, len(data)
        while size - place >= 2:
            length, start = varint(data, place + 1)
            if length is None or size < start + length:
                break
            self._packet(data[place], data[start : start + length], at)
            place = start + length
        self.buffer = data[place:]

    def _packet(self, first, body, at):
        kind = first >> 4
        if kind == PUBLISH:
            self._message(first, body, at)
        elif kind in (PUBACK, PUBCOMP):
            settled = self.waiting.pop(int.from_bytes(body[:2], "big"), None)
            if settled is not None:
                code = body[2] if len(body) > 2 else 0
                settled(MqttError("the broker refused the message: %s" % reason(code)) if code >= 0x80 else None)
            if self.held and len(self.waiting) < self.window:
                self.publish(*self.held.popleft())
        elif kind == PUBREC:
            self.out.append(packet(0x62, body[:2]))
        elif kind == PUBREL:
            self.twice.discard(body[:2])
            self.out.append(packet(0x70, body[:2]))
        elif kind == CONNACK:
            if body[1]:
                self.up.set_exception(MqttError("the broker refused the connection: %s" % reason(body[1])))
            else:
                self.kept = bool(body[0] & 1)
                told = numbers(body) if self.wide else {}
                self.highest, self.most = told.get(0x24, 2), told.get(0x21, 65535)
                if self.wide:
                    self.window = min(self.most, MOST)
                self.up.set_result(None)
        elif kind == SUBACK and body[:2] == self.asked.to_bytes(2, "big") and self.subscribed is not None and not self.subscribed.done():
            self.subscribed.set_result(body[-1])
        elif kind == DISCONNECT:
            self.told = "the broker ended the connection: %s" % reason(body[0] if body else 0)

    def _message(self, first, body, at):
        end = 2 + int.from_bytes(body[:2], "big")
        topic, qos, mid = body[2:end], first >> 1 & 3, b""
        if qos:
            mid, end = body[end : end + 2], end + 2
            self.out.append(packet(0x40 if qos == 1 else 0x50, mid))
        if self.wide:
            length, end = varint(body, end)
            end += length
        if qos == 2:
            if mid in self.twice:
                return
            self.twice.add(mid)
        self.came(topic, body[end:], at)

    def connection_lost(self, error):
        self.transport = None
        if self.timer:
            self.timer.cancel()
        told = self.told or "the broker ended the connection" + (": %s" % error if error else "")
        for waiting in (self.up, self.subscribed):
            if waiting is not None and not waiting.done():
                waiting.set_exception(MqttError(told))
        if not self.mine:
            self.adapter.ended(told)
        gone, self.waiting = list(self.waiting.values()) + [waits[3] for waits in self.held], {}
        self.held.clear()
        for settled in gone:
            settled(MqttError(told))

    def close(self):
        """Disconnect."""
        self.mine = True
        if self.transport is not None:
            self.transport.write(b"\xe0\x00")
            self.transport.close()


class Mqtt(Adapter):
    """See the module's text."""

    protocol = "mqtt"
    redelivery_s = (2.0, 20.0)

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        url = urlsplit(address)
        self.secure = url.scheme == "mqtts"
        self.host, self.port, self.user, self.password = (
            url.hostname,
            url.port or (8883 if self.secure else 1883),
            url.username,
            url.password,
        )
        self.topic, self.qos = options.get("topic", "pack/" + name), int(options.get("qos", 1))
        self.named_topic = text(self.topic)
        self.nodelay = options.get("nodelay", not options.get("single", False))
        self.acknowledges, self.retain = self.qos > 0, 1 if options.get("retain") else 0
        self.message_expiry, self.session_expiry = options.get("message_expiry"), options.get("session_expiry")
        self.producers, self.consumer, self.next, self.version, self.deliver = [], None, 0, "MQTT broker", None
        self.trial, self.narrow = None, False  # narrow: a broker that knows MQTT 3.1.1 only
        self.heard = asyncio.Event()  # the trial came back
        self.shy = False  # whether the broker is not asked what it tells of itself
        self.sent_at, self.told_at = 0.0, 0.0  # when something was sent last, and when the broker told of itself last
        self.dropped = []  # how many messages the broker says that it has dropped, each time that it says so

    async def prepare(self):
        if not self.looking and (set("+#") & set(self.topic) or self.topic.startswith("$")):
            raise RuntimeError(
                "the option topic is %r, which is a filter: messages are sent to it, so it holds no + and no #, and is no $share or $SYS"
                % self.topic
            )
        self._drop()
        for number in range(self.connections):
            self.producers.append(await self._producer(number).open())

    def _producer(self, number):
        return Client(self, "p%d" % number if number else "p", self._came, bool(self.message_expiry))

    def _drop(self):
        for client in self.producers + [self.consumer] * (self.consumer not in self.producers and self.consumer is not None):
            client.close()
        self.producers, self.consumer = [], None

    async def open(self, deliver):
        if self.looking:
            self.named("topic")
        self.deliver = deliver
        await self.prepare()
        self.consumer = self.producers[0] if self.options.get("single") else await self._consumer()
        await self._subscribe()
        if not self.looking and self.consumer.wide:
            await self._trial()

    async def _consumer(self):
        """A subscriber over MQTT 5; over 3.1.1 where the broker knows no other, for it took the producers by that."""
        before, wrong = len(self.closed), None
        if not self.narrow:
            try:
                return await asyncio.wait_for(Client(self, "c", self._came, True).open(), WIDE_S)
            except (OSError, asyncio.TimeoutError) as error:
                wrong = error
        try:
            client = await Client(self, "c", self._came).open()
        except (OSError, asyncio.TimeoutError) as error:
            raise wrong or error
        self.narrow = True
        del self.closed[before:]  # that it ended a connection of the other version
        return client

    async def _subscribe(self):
        before = len(self.closed)
        if not self.shy:
            await self._ask_of_itself(before)
        try:
            await self.consumer.subscribe(self.topic, self.qos)
        except MqttError:
            if self.shy or self.consumer.transport is not None:
                raise
            await self._afresh(before)  # it ended the connection a little later
            await self.consumer.subscribe(self.topic, self.qos)
        for client in self.producers:
            client.window = min(self.consumer.most, MOST) if self.consumer.wide else WINDOW

    async def _ask_of_itself(self, before):
        """What the broker tells of itself, where it may be asked: some refuse it, say nothing, or end the connection for it."""
        try:
            for topic in SAYS:
                await asyncio.wait_for(self.consumer.subscribe(topic, 0), ASKED_S)
        except (MqttError, asyncio.TimeoutError):
            self.shy = True
        if self.consumer.transport is None:
            await self._afresh(before)

    async def _afresh(self, before):
        """Another subscriber in place of one that the broker cut off for what was asked aside: that is no fault of the path's."""
        gone, self.shy = self.consumer, True
        gone.close()
        if gone in self.producers:
            self.consumer = self.producers[self.producers.index(gone)] = await Client(self, "p", self._came).open()
        else:
            self.consumer = await self._consumer()
        del self.closed[before:]
        self.cut_off.clear()

    async def again(self):
        made = 0
        for number, client in enumerate(self.producers):
            if client.transport is None:
                fresh = await self._producer(number).open()
                made += 1
                self.producers[number] = fresh
                if client is self.consumer:
                    self.consumer = fresh
                    await self._subscribe()
        if self.consumer is not None and self.consumer.transport is None:
            self.consumer = await self._consumer()
            await self._subscribe()
            made += 1
        return made

    async def _trial(self):
        """One message over MQTT 5, where a broker says why it refuses. In 3.1.1, by which the probe publishes, it can only acknowledge
        what it drops: because of an access rule, or its size."""
        if self.qos > self.consumer.highest:
            raise MqttError("%s: it takes %d at most" % (reason(0x9B), self.consumer.highest))
        if not self.consumer.highest:
            return  # who acknowledges nothing refuses nothing
        done = asyncio.get_running_loop().create_future()

        def settled(error):
            if not done.done():
                done.set_result(error)

        self.trial = b"trial ".ljust(max(6, self.payload), b".")
        self.consumer.publish(self.named_topic, self.trial, 1, settled)
        self.consumer.flush()
        error = await asyncio.wait_for(done, 10)
        if error is not None:
            raise error
        try:
            await asyncio.wait_for(self.heard.wait(), TRIAL_S)
        except asyncio.TimeoutError:
            self.unable(
                "the broker acknowledges what is sent to %s and hands it to no subscriber: an access rule forbids to read it (mosquitto grants such a "
                "subscription all the same)" % self.topic
            )

    async def laggard(self, deliver, gate, told):
        """A subscriber with a session that the broker keeps while it is away."""

        async def session(came):
            client = await Client(self, "s", came, bool(self.session_expiry), fresh=False).open()
            client.mine = True
            return client

        away = await session(lambda *rest: None)
        await away.subscribe(self.topic, self.qos)
        away.close()

        async def again():
            await gate.wait()
            client = await session(lambda topic, body, at: deliver(body, at, 0))
            if not client.kept:
                told.append("the broker did not keep the session")
                await client.subscribe(self.topic, self.qos)  # as applications do when they connect
            try:
                await asyncio.Event().wait()
            finally:
                client.close()
                end = await Client(self, "s").open()  # a fresh session ends the one that was kept
                end.close()

        return again()

    async def retained(self):
        """What a new subscriber is given at once, as bodies; the broker keeps nothing of it afterwards."""
        found = []
        client = await Client(self, "r", lambda topic, body, at: found.append(body)).open()
        await client.subscribe(self.topic, self.qos)
        await asyncio.sleep(0.3)
        client.publish(self.named_topic, b"", 1, lambda error: None)
        client.flush()
        await asyncio.sleep(0.1)
        client.close()
        return [body for body in found if body]

    def _came(self, topic, body, at):
        if topic.startswith(b"$SYS"):
            if topic.endswith(b"uptime"):
                self.told_at = time.monotonic()
            elif topic.endswith(b"dropped"):
                self.dropped.append(int(body) if body.isdigit() else 0)
            else:
                self.version = body.decode("utf-8", "replace")
        elif body == self.trial:
            self.heard.set()
        elif self.deliver is not None:
            self.deliver(body, at, 0)

    def post(self, body, partition, settled):
        client = self.producers[self.next]
        self.next = (self.next + 1) % len(self.producers)
        client.publish(self.named_topic, body, self.qos, settled)

    def flush(self):
        self.sent_at = time.monotonic()
        for client in self.producers:
            client.flush()

    async def send(self, body, partition=0):
        await asyncio.wait_for(self.posted(body, partition), 20)

    async def explain(self):
        """mosquitto counts what its limits of a queue drop, and tells it some seconds later."""
        if not self.version.startswith("mosquitto") or self.consumer is None or self.consumer.transport is None:
            return []
        before, until = self.dropped[0] if self.dropped else 0, time.monotonic() + SAYS_S
        while 0 < self.told_at < self.sent_at + LATE_S and time.monotonic() < until:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)  # the count comes behind the uptime
        more = (self.dropped[-1] if self.dropped else 0) - before
        told = "the broker says that it dropped %d messages meanwhile, those of the warm-up among them: a limit of a subscriber's queue (max_queued_messages, max_queued_bytes, max_inflight_bytes)"
        return [told % more] if more > 0 else []

    async def server(self):
        return self.version, "real"

    async def close(self):
        self._drop()

    async def consume(self, group, member, handle):
        """A client with manual acknowledgments. MQTT does not confirm one; the broker works its packets off in their order, so the
        answer to a request sent after it says that it was taken. The request is only made where somebody waits for that."""
        import paho.mqtt.client as paho

        loop, arrived, ready = asyncio.get_running_loop(), asyncio.Queue(), asyncio.Event()
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id="w-" + self.name[-16:] + group,
            clean_session=False,
            manual_ack=True,
        )
        fences = {}

        def on_connect(client, *rest):
            client.subscribe(self.topic, qos=1)

        def on_subscribe(*rest):
            loop.call_soon_threadsafe(ready.set)

        def on_message(client, data, message):
            loop.call_soon_threadsafe(arrived.put_nowait, message)

        def on_unsubscribe(client, data, mid, *rest):
            loop.call_soon_threadsafe(passed, mid)

        def passed(mid):
            fences.setdefault(mid, loop.create_future()).set_result(None)

        def on_socket_open(client, data, opened):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        client.on_socket_open = on_socket_open
        client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
        client.on_unsubscribe = on_unsubscribe
        client.max_inflight_messages_set(1000)
        client.connect(self.host, self.port, keepalive=30)
        client.loop_start()
        await ready.wait()
        await handle(None, "", None)  # subscribed: from here on nothing is lost
        while True:
            message = await arrived.get()

            async def ack(message=message):
                client.ack(message.mid, message.qos)
                mid = client.unsubscribe("pack/fence/%s" % self.name)[1]
                await asyncio.wait_for(fences.setdefault(mid, loop.create_future()), 5)
                fences.pop(mid)

            await handle(bytes(message.payload), "", ack)
