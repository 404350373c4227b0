"""Socket.IO: round trip of an event, by acknowledgment or by an event that comes back, or a broadcast to every connection.

options: event (default `rt`), mode: ack (default; the server's handler acknowledges with the data), echo (the server emits the
same event back) or broadcast (the first connection emits, the server emits the event to everybody; to_sender: false: to everybody but the sender), namespace (default `/`), data:
binary (default), text or json; auth, headers: what each connection tells the server; message: a JSON document to emit, with `{body}` where the probe's text goes. With a `cluster` the
connections are dealt out to its nodes, so that a broadcast crosses the servers.
"""

import asyncio
import json
import threading
import time

import aiohttp
import socketio

from pack.realtime.adapters.base import Adapter, aside

OPEN_S = 5.0  # for a connection


def _raw(part):
    """An argument of an event as bytes."""
    if isinstance(part, (bytes, bytearray)):
        return bytes(part)
    text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False, default=lambda odd: bytes(odd).decode("latin-1"))
    return text.encode("utf-8", "surrogatepass")


class SocketIO(Adapter):
    """See the module's text."""

    protocol = "socketio"

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.event, self.namespace = options.get("event", "rt"), options.get("namespace", "/")
        self.mode, self.message = options.get("mode", "ack"), options.get("message")
        self.data = options.get("data", "json" if self.message is not None else "binary")
        self.acknowledges = self.mode == "ack"
        self.aside = aside(options.get("to_sender", True), self.mode, connections)
        self.fanout = connections - self.aside if self.mode == "broadcast" else 1
        self.owned = connections if self.mode == "echo" and connections > 1 else 0
        self.clients, self.next, self.deliver, self.closing = [], 0, None, False

    async def open(self, deliver):
        self.deliver = deliver
        for number in range(self.connections):
            self.clients.append(None)
            await self._connect(number)

    async def _connect(self, number):
        nodes = self.cluster or [self.address]
        client = self.clients[number] = socketio.AsyncClient(reconnection=False)  # one that never connects has to be closed, too
        if self.mode != "ack" and number >= self.aside:
            client.on(self.event, self._comer(number - self.aside), namespace=self.namespace)
        client.on("disconnect", self._over, namespace=self.namespace)
        await self._up(client, nodes[number % len(nodes)])

    async def _up(self, client, address):
        """Connect a client. RuntimeError with the server's own words where it refuses; the library only counts the namespaces that failed."""
        refused = []
        client.on("connect_error", lambda data=None: refused.append(data), namespace=self.namespace)
        told = client.connect(address, **self._who(), wait_timeout=20)
        try:
            await asyncio.wait_for(told, OPEN_S)  # the library waits for ever where something listens and says nothing
        except socketio.exceptions.ConnectionError as error:
            if "namespaces failed" not in str(error):
                raise
            said = refused[-1] if refused else None
            said = said.get("message", said) if isinstance(said, dict) else said
            raise RuntimeError(
                "the server refuses the namespace %s%s: does it know one of that name, and does it want `auth` or `headers` (options)?"
                % (self.namespace, " (%s)" % " ".join(str(said).split())[:200] if said else "")
            )

    def _who(self):
        """What each connection tells the server."""
        return {
            "transports": ["websocket"],
            "namespaces": [self.namespace],
            "auth": self.options.get("auth"),
            "headers": {name: str(value) for name, value in self.options.get("headers", {}).items()},
        }

    async def again(self):
        gone = [number for number, client in enumerate(self.clients) if not client.connected]
        for number in gone:
            await self.clients[number].disconnect()
            await self._connect(number)
        return len(gone)

    async def sender(self):
        if self.mode != "broadcast":
            raise NotImplementedError(
                "only of a broadcast somebody else is the consumer: give --option mode=broadcast and the event that the server sends to all"
            )
        client = socketio.AsyncClient(reconnection=False)
        client.on("disconnect", self._over, namespace=self.namespace)
        self.clients = [client]
        await self._up(client, self.address)

    async def laggard(self, deliver, gate, told):
        """An application of python-socketio whose handler blocks its loop: an async one would only pile up tasks, for the library reads on
        whatever they do. It answers no ping either, so the server may cut it off; the library then connects again by itself."""
        here, taken, over, there = asyncio.get_running_loop(), threading.Event(), threading.Event(), threading.Event()

        def came(*data):
            there.set()
            taken.wait()
            here.call_soon_threadsafe(deliver, self._body(data), time.perf_counter(), 0)

        def gone(reason=None):
            if not over.is_set():
                told.append("python-socketio called `disconnect`%s, and connects again" % (": %s" % reason if reason else ""))

        async def live():
            session = aiohttp.ClientSession()  # one that is closed whatever became of the attempts to connect again
            client = socketio.AsyncClient(reconnection_delay=0.2, http_session=session)
            client.on(self.event, came, namespace=self.namespace)
            client.on("disconnect", gone, namespace=self.namespace)
            await client.connect(self.address, **self._who(), wait_timeout=20)
            there.set()
            while not over.is_set():
                await asyncio.sleep(0.05)
            await client.shutdown()
            await session.close()

        thread = threading.Thread(target=asyncio.run, args=(live(),), daemon=True)
        thread.start()
        if not await here.run_in_executor(None, there.wait, OPEN_S):
            raise RuntimeError("the slow consumer could not connect within %g s" % OPEN_S)

        return self.awake(gate, taken, over, thread)

    def _over(self, reason=None):
        if not self.closing:
            self.ended("the server ended the connection%s" % (": %s" % reason if reason else ""))

    def _comer(self, receiver):
        # a plain function: a coroutine would be a task for each event, and tasks may overtake one another
        def came(*data):
            self._heard(data, time.perf_counter(), receiver)

        return came

    def _heard(self, data, at, receiver):
        try:
            self.deliver(self._body(data), at, receiver)
        except Exception as error:  # the library swallows what its callbacks raise
            self.died(error)
            raise

    def _body(self, data):
        """The probe's text in what the server sent."""
        return b"\n".join(_raw(part) for part in data)

    def _made(self, body):
        """What to emit for a message."""
        if self.looking and "data" not in self.options:  # what a person gives to be sent
            try:
                return json.loads(body)
            except ValueError:
                return body.decode("utf-8", "replace")
        if self.data == "binary":
            return body
        text = body.decode("ascii")
        if self.data == "text":
            return text
        return json.loads(json.dumps(self.message if self.message is not None else {"text": "{body}"}).replace("{body}", text))

    async def send(self, body, partition=0):
        client = self.clients[partition % len(self.clients) if self.mode == "broadcast" else self.next]
        if self.mode != "broadcast":
            self.next = (self.next + 1) % len(self.clients)
        if self.mode != "ack":
            await client.emit(self.event, self._made(body), namespace=self.namespace)
            return
        answered = asyncio.get_running_loop().create_future()

        def acknowledged(*data):
            at = time.perf_counter()
            if not answered.done():
                answered.set_result(None)
                self._heard(data if data else (body,), at, 0)

        await client.emit(self.event, self._made(body), namespace=self.namespace, callback=acknowledged)
        await answered

    async def server(self):
        return "socket.io server", "real"

    async def close(self):
        self.closing = True
        for client in self.clients:
            await client.disconnect()
        self.clients = []
