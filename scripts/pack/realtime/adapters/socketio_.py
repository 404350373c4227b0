"""Socket.IO: round trip of an event, by acknowledgment or by an event that comes back.

options: event (default `rt`), mode: ack (default; the server's handler acknowledges with the data) or echo (the server
emits the same event back), namespace (default `/`).
"""

import asyncio
import time

import socketio

from pack.realtime.adapters.base import Adapter


class SocketIO(Adapter):
    """See the module's text."""

    protocol = "socketio"

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.event, self.namespace = options.get("event", "rt"), options.get("namespace", "/")
        self.mode = options.get("mode", "ack")
        self.acknowledges = self.mode == "ack"
        self.clients, self.next, self.deliver = [], 0, None

    async def open(self, deliver):
        self.deliver = deliver
        for _ in range(self.connections):
            client = socketio.AsyncClient(reconnection=False)
            if self.mode == "echo":
                client.on(self.event, self._came, namespace=self.namespace)
            await client.connect(self.address, transports=["websocket"], namespaces=[self.namespace], wait_timeout=20)
            self.clients.append(client)

    async def _came(self, data):
        self.deliver(data.encode() if isinstance(data, str) else bytes(data), time.perf_counter(), 0)

    async def send(self, body, partition=0):
        client = self.clients[self.next]
        self.next = (self.next + 1) % len(self.clients)
        if self.mode == "echo":
            await client.emit(self.event, body, namespace=self.namespace)
            return
        answered = asyncio.get_running_loop().create_future()

        def acknowledged(*data):
            at = time.perf_counter()
            if not answered.done():
                answered.set_result(None)
                back = data[0] if data else body
                self.deliver(back.encode() if isinstance(back, str) else bytes(back), at, 0)

        await client.emit(self.event, body, namespace=self.namespace, callback=acknowledged)
        await answered

    async def server(self):
        return "socket.io server", "real"

    async def close(self):
        for client in self.clients:
            await client.disconnect()
        self.clients = []
