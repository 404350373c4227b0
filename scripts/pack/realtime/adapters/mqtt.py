"""MQTT: publish at a quality of service, receive on a second connection or on the same.

options: topic, qos (default 1), nodelay (default false): TCP_NODELAY on the client's sockets, single (default false): one
connection both publishes and subscribes, as an application's client does. With the defaults of client and mosquitto
(`set_tcp_nodelay true` is not one), Nagle's algorithm and delayed acknowledgments can together cost 40 to 80 ms.
"""

import asyncio
import socket
import time
from urllib.parse import urlsplit

import aiomqtt

from pack.realtime.adapters.base import Adapter


class Mqtt(Adapter):
    """See the module's text."""

    protocol = "mqtt"

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        url = urlsplit(address)
        self.host, self.port, self.user, self.password = url.hostname, url.port or 1883, url.username, url.password
        self.topic, self.qos = options.get("topic", "pack/" + name), int(options.get("qos", 1))
        self.acknowledges = self.qos > 0
        self.stack, self.task, self.producer, self.consumer, self.version = [], None, None, None, "?"

    def _client(self, who, **more):
        if self.options.get("nodelay"):
            more["socket_options"] = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        return aiomqtt.Client(
            self.host,
            self.port,
            username=self.user,
            password=self.password,
            identifier="%s-%s" % (who, self.name[-16:]),
            max_inflight_messages=10000,
            max_queued_outgoing_messages=0,
            timeout=10,
            **more,
        )

    async def prepare(self):
        self.producer = await self._client("p").__aenter__()
        self.producer.pending_calls_threshold = 1 << 30

    async def open(self, deliver):
        if self.looking:
            self.named("topic")
        await self.prepare()
        self.consumer = self.producer if self.options.get("single") else await self._client("c").__aenter__()
        await self.consumer.subscribe("$SYS/broker/version", qos=0)
        await self.consumer.subscribe(self.topic, qos=self.qos)
        self.task = asyncio.ensure_future(self._receive(deliver))

    async def _receive(self, deliver):
        async for message in self.consumer.messages:
            at = time.perf_counter()
            if message.topic.value.startswith("$SYS"):
                self.version = bytes(message.payload).decode("utf-8", "replace")
            else:
                deliver(bytes(message.payload), at, 0)

    async def send(self, body, partition=0):
        await self.producer.publish(self.topic, body, qos=self.qos, timeout=20)

    async def server(self):
        return self.version, "real"

    async def close(self):
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        for client in {self.producer, self.consumer}:
            if client:
                try:
                    await client.__aexit__(None, None, None)
                except aiomqtt.MqttError:
                    pass  # the server is gone
        self.producer = self.consumer = self.task = None

    async def consume(self, group, member, handle):
        """paho itself, with manual acknowledgments: aiomqtt acknowledges before the application sees the message."""
        import paho.mqtt.client as paho

        loop, arrived, ready = asyncio.get_running_loop(), asyncio.Queue(), asyncio.Event()
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id="w-" + self.name[-16:] + group,
            clean_session=False,
            manual_ack=True,
        )

        def on_connect(client, *rest):
            client.subscribe(self.topic, qos=1)

        def on_subscribe(*rest):
            loop.call_soon_threadsafe(ready.set)

        def on_message(client, data, message):
            loop.call_soon_threadsafe(arrived.put_nowait, message)

        def on_socket_open(client, data, opened):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        client.on_socket_open = on_socket_open
        client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
        client.max_inflight_messages_set(1000)
        client.connect(self.host, self.port, keepalive=30)
        client.loop_start()
        await ready.wait()
        await handle(None, "", None)  # subscribed: from here on nothing is lost
        while True:
            message = await arrived.get()

            async def ack(message=message):
                client.ack(message.mid, message.qos)
                while client.want_write():
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0.01)  # MQTT does not confirm an acknowledgment; give it time to arrive

            await handle(bytes(message.payload), "", ack)
