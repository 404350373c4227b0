"""WebSocket: round trip of an echo, of a protocol ping, or a broadcast to every connection.

options: mode: echo (default; the server sends the message back), ping (WebSocket ping/pong, any server answers),
broadcast (the first connection sends, every connection must receive); headers: {name: value}. With a `cluster` the
connections are dealt out to its nodes, so that a broadcast crosses the servers.
"""

import asyncio
import time

from websockets.asyncio.client import connect

from pack.realtime.adapters.base import Adapter


class WebSocket(Adapter):
    """See the module's text."""

    protocol = "websocket"
    acknowledges = False

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.mode = options.get("mode", "echo")
        self.fanout = connections if self.mode == "broadcast" else 1
        self.sockets, self.tasks, self.next, self.deliver = [], [], 0, None

    async def connect_one(self, number=0):
        """One connection, without the library's own pings."""
        nodes = self.cluster or [self.address]
        return await connect(
            nodes[number % len(nodes)],
            ping_interval=None,
            max_queue=None,
            compression=None,
            additional_headers=self.options.get("headers"),
            open_timeout=20,
        )

    async def open(self, deliver):
        self.deliver = deliver
        for receiver in range(self.connections):
            socket = await self.connect_one(receiver)
            self.sockets.append(socket)
            if self.mode != "ping":
                self.tasks.append(asyncio.ensure_future(self._receive(socket, receiver if self.mode == "broadcast" else 0)))

    async def _receive(self, socket, receiver):
        async for message in socket:
            at = time.perf_counter()
            self.deliver(message.encode() if isinstance(message, str) else message, at, receiver)

    async def send(self, body, partition=0):
        if self.mode == "broadcast":
            await self.sockets[partition % len(self.sockets)].send(body)
            return
        socket = self.sockets[self.next]
        self.next = (self.next + 1) % len(self.sockets)
        if self.mode == "echo":
            await socket.send(body)
            return
        pong = await socket.ping(body[:125])
        await pong
        self.deliver(body, time.perf_counter(), 0)

    async def server(self):
        headers = self.sockets[0].response.headers if self.sockets and self.sockets[0].response else {}
        return "websocket server %s" % headers.get("Server", "(unnamed)"), "real"

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.gather(*(s.close() for s in self.sockets), return_exceptions=True)
        self.sockets, self.tasks = [], []
