"""WebSocket: round trip of an echo, of a protocol ping, or a broadcast to every connection.

options: mode: echo (default; the server sends the message back), ping (WebSocket ping/pong, any server answers),
broadcast (the first connection sends, every connection must receive; to_sender: false: every other one, of a server that leaves out whoever
sent); headers: {name: value}; frame: auto (default: what the
server answers to in a trial before the first message), binary, text or json; message: a JSON document to send, with `{body}` where
the probe's text goes (default of json: `{"text": "{body}"}`). With a `cluster` the connections are dealt out to its nodes, so that
a broadcast crosses the servers.

`websockets` makes the handshake; the frames of a measurement are read and written here, without a task and a queue a connection.
"""

import asyncio
import json
import os
import time

from websockets.asyncio import client as library
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosedError, InvalidHandshake
from websockets.uri import parse_uri

from pack.realtime import losses
from pack.realtime.adapters.base import UNABLE, Adapter, aside

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
TRIAL_S = 1.0  # for the answer to the trial message, in each kind of frame
AGAIN = "the server ended the connection"
SWITCHING = b"HTTP/1.1 101"
GREETINGS = (  # of protocols that have a heartbeat or a framing of their own: how the first message begins, and what to do
    (b'0{"sid":', "Engine.IO, whose clients answer pings of its own: measure it with the adapter socketio"),
    (b"o", "SockJS, which frames messages as JSON arrays: its address without them ends with /websocket right behind the prefix"),
)


class Refused(InvalidHandshake, RuntimeError):
    """The server does not shake hands; the message says what it answered."""


def refusal(error):
    """A handshake's failure as the server's own words."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        words = " ".join((error.response.body or b"")[:200].decode("utf-8", "replace").split())
        return Refused(
            "the server answers the WebSocket handshake with HTTP %d %s%s: the address, or a header that it asks for (option `headers`)"
            % (status, error.response.reason_phrase or "", " (%s)" % words if words and words.isprintable() and "<" not in words else "")
        )
    if isinstance(error.__cause__, EOFError):
        return Refused(
            "the server took the connection and ended it without an answer to the handshake: does a WebSocket server listen there?"
        )
    return Refused("%s%s" % (error, ": %s" % error.__cause__ if error.__cause__ else ""))


class Masks:
    """Random masks of four bytes, drawn a thousand at a time."""

    def __init__(self):
        self.store, self.at = b"", 0

    def next(self):
        """One that was never used."""
        if self.at >= len(self.store):
            self.store, self.at = os.urandom(4096), 0
        self.at += 4
        return self.store[self.at - 4 : self.at]


_masks = Masks()


def frame(opcode, body):
    """A whole masked frame."""
    size = len(body)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    mask = _masks.next()
    return head + mask + apply_mask(body, mask)


class Gone(ConnectionClosedError):
    """The connection is gone; the message is the server's own reason."""

    def __init__(self, reason):
        super().__init__(None, None)
        self.why = reason

    def __str__(self):
        return self.why


def _utf8(body):
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


class Socket(asyncio.Protocol):
    """One connection. `came(message, at, socket)` is called for every message, `over(reason, socket)` once, when the server ended it."""

    __slots__ = ("shake", "opened", "transport", "came", "over", "buffer", "part", "out", "pings", "inbox", "waiter", "reason", "mine", "headers", "receiver")  # fmt: skip

    def __init__(self, shake):
        self.shake, self.opened = shake, asyncio.get_running_loop().create_future()
        self.transport = self.came = self.over = self.part = self.inbox = self.waiter = self.reason = self.headers = None
        self.buffer, self.out, self.pings, self.mine, self.receiver = b"", None, None, False, 0

    # -- the handshake, which is the library's ---------------------------------------------------------------------------

    def connection_made(self, transport):
        self.transport = transport
        self.shake.send_request(self.shake.connect())
        for data in self.shake.data_to_send():
            transport.write(data)

    def _shaken(self, data):
        """The answer to the request; returns what is behind it, which belongs to frames. The library judges it, and reads all of a refusal."""
        self.buffer += data
        if self.part is True:
            self.shake.receive_data(data)
            return self._failed(refusal(self.shake.handshake_exc)) if self.shake.handshake_exc else b""
        good = self.buffer.startswith(SWITCHING[: len(self.buffer)])
        end = self.buffer.find(b"\r\n\r\n") if good else len(self.buffer) - 4
        if good and end < 0:
            return b""
        head, rest, self.buffer = self.buffer[: end + 4], self.buffer[end + 4 :], b""
        self.part = None if good else True
        self.shake.receive_data(head)
        if self.shake.handshake_exc is not None:
            self._failed(refusal(self.shake.handshake_exc))
            return b""
        if self.part is True:
            return b""
        for event in self.shake.events_received():
            self.headers = event.headers
        self.shake = None
        if not self.opened.done():
            self.opened.set_result(None)
        return rest

    def _failed(self, error):
        if not self.opened.done():
            self.opened.set_exception(error)
        if self.transport is not None:
            self.transport.abort()

    # -- frames ---------------------------------------------------------------------------------------------------------

    def data_received(self, data):
        at = time.perf_counter()
        if self.shake is not None:
            try:
                data = self._shaken(data)
            except Exception as error:
                self._failed(error)
                return
            if not data:
                return
        if self.buffer:
            if isinstance(self.buffer, bytes):
                self.buffer = bytearray(self.buffer)
            self.buffer += data
            if len(self.buffer) < self._whole():
                return
            data, self.buffer = bytes(self.buffer), b""
        place, size = 0, len(data)
        while size - place >= 2:
            first, length = data[place], data[place + 1]
            start = place + 2
            if length >= 126:
                if length >= 128:
                    self._broken("it masks its frames, which only clients do (5.1)")
                    return
                wide = 2 if length == 126 else 8
                if size < start + wide:
                    break
                length = int.from_bytes(data[start : start + wide], "big")
                start += wide
            if size < start + length:
                break
            body = data[start : start + length]
            place = start + length
            if (first == 0x82 or first == 0x81) and self.part is None:
                self._message(body, at, first)
            else:
                self._other(first, body, at)
        if place < size:
            self.buffer = data[place:] if place else data

    def _whole(self):
        """How long the buffer must be for its first frame, as far as that is known."""
        size = len(self.buffer)
        if size < 2:
            return 2
        length = self.buffer[1]
        if length < 126:
            return 2 + length
        wide = 2 if length == 126 else 8
        return 2 + wide + int.from_bytes(self.buffer[2 : 2 + wide], "big") if size >= 2 + wide else 2 + wide

    def _message(self, body, at, first):
        if first & TEXT and not body.isascii() and not _utf8(body):  # a bit that a binary message's opcode has not
            self._broken("a text is no UTF-8 (8.1)")
            return
        if self.came is not None:
            self.came(body, at, self)
            return
        if self.inbox is None:
            self.inbox = []
        self.inbox.append(body.decode("utf-8", "replace") if first & 15 == TEXT else body)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def _other(self, first, body, at):
        """Fragments and control frames."""
        opcode = first & 15
        wrong = self._wrong(first, opcode, body)
        if wrong:
            self._broken(wrong)
        elif opcode == PING:
            self.transport.write(frame(PONG, body))
        elif opcode == PONG:
            waiting = self.pings.pop(body, None) if self.pings else None
            if waiting is not None:
                waiting(at)
        elif opcode == CLOSE:
            code = " with %d" % int.from_bytes(body[:2], "big") if len(body) >= 2 else ", without a code"
            told = body[2:].decode("utf-8", "replace")
            self.reason = AGAIN + code + (" (%s)" % told if told else "")
            self.transport.write(frame(CLOSE, body[:2]))
            self.transport.close()
        elif opcode in (TEXT, BINARY):
            self.part = [first, bytearray(body)]
        elif self.part is not None:
            self.part[1] += body
        if self.part is not None and first & 0x80 and opcode < CLOSE:
            (kind, whole), self.part = self.part, None
            self._message(bytes(whole), at, kind)

    def _wrong(self, first, opcode, body):
        """What RFC 6455 forbids of a frame, or None."""
        if first & 0x70:
            return "a frame has a reserved bit set, and no extension was agreed on (5.2)"
        if opcode >= CLOSE:
            if opcode > PONG:
                return "a frame has the opcode %d, which does not exist (5.2)" % opcode
            return None if first & 0x80 and len(body) < 126 else "a control frame is fragmented, or longer than 125 bytes (5.5)"
        if opcode > BINARY:
            return "a frame has the opcode %d, which does not exist (5.2)" % opcode
        if (opcode == 0) != (self.part is not None):
            return "a message begins in the middle of another one" if opcode else "a continuation without a beginning (5.4)"
        return None

    def _broken(self, what):
        """End the connection as clients do."""
        if self.transport is None or self.transport.is_closing():
            return
        self.reason = "the server broke the protocol: %s; clients end such a connection with 1002" % what
        self.transport.write(frame(CLOSE, (1002).to_bytes(2, "big")))
        self.transport.close()

    def connection_lost(self, error):
        transport, self.transport = self.transport, None
        self.reason = self.reason or AGAIN + (": %s" % error if error else " without a word")
        if not self.opened.done():
            if self.shake is not None and not self.mine:
                self.shake.receive_eof()
            error = getattr(self.shake, "handshake_exc", None)
            self.opened.set_exception(refusal(error) if error else Refused(self.reason))
        for waiting in list((self.pings or {}).values()):
            waiting(None)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(self._gone())
        if self.over is not None and transport is not None and not self.mine:
            self.over(self.reason, self)

    def _gone(self):
        return Gone(self.reason or AGAIN)

    # -- for whoever awaits -----------------------------------------------------------------------------------------------

    def write(self, data):
        """Gather a frame; `flush` sends. ConnectionClosedError if the connection is gone."""
        if self.transport is None:
            raise self._gone()
        if self.out is None:
            self.out = []
        self.out.append(data)

    def flush(self):
        """Send what was gathered."""
        if self.out:
            data, self.out = self.out, []
            if self.transport is not None:
                self.transport.write(data[0] if len(data) == 1 else b"".join(data))

    async def send(self, message):
        """One message, text or binary."""
        self.write(frame(TEXT, message.encode()) if isinstance(message, str) else frame(BINARY, message))
        self.flush()

    async def recv(self):
        """The next message, as it was sent: str or bytes. ConnectionClosedError when the connection is gone."""
        while not self.inbox:
            if self.transport is None:
                raise self._gone()
            self.waiter = asyncio.get_running_loop().create_future()
            await self.waiter
        return self.inbox.pop(0)

    async def ping(self, body=None):
        """A future that ends with the time of the pong."""
        done = asyncio.get_running_loop().create_future()

        def ponged(at):
            if not done.done():
                done.set_result(at) if at is not None else done.set_exception(self._gone())

        self.pinging(body or os.urandom(4), ponged)
        self.flush()
        return done

    def pinging(self, body, ponged):
        """Gather a ping; `ponged(time or None)` when its answer is there, or the connection gone."""
        self.write(frame(PING, body))
        if self.pings is None:
            self.pings = {}
        self.pings[body] = ponged

    async def close(self):
        """Say goodbye and go."""
        self.mine = True
        if self.transport is not None:
            self.transport.write(frame(CLOSE, (1000).to_bytes(2, "big")))
            self.transport.close()


def offers(headers):
    """(the other headers, subprotocols that they offer or None): the library must know of what it offers, to understand the answer."""
    rest = {n: v for n, v in (headers or {}).items() if n.lower() != "sec-websocket-protocol"}
    offered = [p.strip() for n, v in (headers or {}).items() if n not in rest for p in str(v).split(",")]
    return rest, offered or None


async def connect(address, headers=None, timeout=20.0):
    """A Socket that is open. Raises what `websockets` raises for an answer that is no handshake, OSError, asyncio.TimeoutError."""
    uri = parse_uri(address)
    headers, offered = offers(headers)
    shake = ClientProtocol(uri, max_size=None, subprotocols=offered)
    loop = asyncio.get_running_loop()
    if headers:
        plain = shake.connect

        def dressed():
            request = plain()
            for name, value in headers.items():
                request.headers[name] = str(value)
            return request

        shake.connect = dressed
    more = {"ssl": True, "server_hostname": uri.host} if uri.secure else {}
    made = []

    def factory():
        made.append(Socket(shake))
        return made[0]

    try:
        await asyncio.wait_for(loop.create_connection(factory, uri.host, uri.port, **more), timeout)
        await asyncio.wait_for(made[0].opened, timeout)
    except BaseException:
        for socket in made:
            socket.mine = True
            if socket.transport is not None:
                socket.transport.abort()
        raise
    return made[0]


class Spelling:
    """How a message of the probe is put into a frame: kind is binary, text or json."""

    def __init__(self, kind, message=None):
        self.kind, self.opcode = kind, BINARY if kind == "binary" else TEXT
        self.parts = None
        if kind == "json":
            whole = json.dumps(message if message is not None else {"text": "{body}"}, ensure_ascii=False)
            self.parts = whole.encode().split(b"{body}")

    def made(self, body):
        """What goes into the frame of a message."""
        return body if self.parts is None else body.join(self.parts)

    def frame(self, body):
        """The frame of a message."""
        return frame(self.opcode, body if self.parts is None else body.join(self.parts))


class WebSocket(Adapter):
    """See the module's text."""

    protocol = "websocket"
    acknowledges = False

    def __init__(self, address, options, connections, name):
        super().__init__(address, options, connections, name)
        self.mode = options.get("mode", "echo")
        self.aside = aside(options.get("to_sender", True), self.mode, connections)
        self.fanout = connections - self.aside if self.mode == "broadcast" else 1
        self.owned = connections if self.mode == "echo" and connections > 1 else 0
        self.sockets, self.next, self.deliver, self.spelling, self.told = [], 0, None, Spelling("binary"), "(unnamed)"
        self.dirty = []  # sockets with frames to send

    async def connect_one(self, number=0):
        """One connection, without pings of its own."""
        nodes = self.cluster or [self.address]
        return await connect(nodes[number % len(nodes)], self.options.get("headers"))

    async def _spell(self):
        """In what frames does this server answer? One trial message in each kind, on a connection of its own."""
        wanted = self.options.get("frame", "json" if "message" in self.options else "auto")
        if wanted != "auto":
            return Spelling(wanted, self.options.get("message"))
        token, silent, ends = os.urandom(4).hex().encode(), [], []
        for kind in ("binary", "text", "json"):
            spelling, socket, other = Spelling(kind), await self.connect_one(), None
            try:
                socket.write(spelling.frame(b"%s 0 trial" % token))
                socket.flush()
                until = time.perf_counter() + TRIAL_S
                while True:
                    left = until - time.perf_counter()
                    message = await asyncio.wait_for(socket.recv(), max(0.001, left))
                    if token in (message.encode() if isinstance(message, str) else message):
                        return spelling
                    other = message
            except asyncio.TimeoutError:
                silent.append("%s: %s" % (kind, "no answer within %g s" % TRIAL_S if other is None else "it says %s" % losses.shown(other)))
            except ConnectionClosedError:
                silent.append("%s: %s" % (kind, socket.reason))
                ends.append(socket.reason)
            finally:
                await socket.close()
        if len(ends) == len(silent) and len(set(ends)) == 1:  # no matter of frames: it wants something else, or somebody else
            self.unable("whatever comes first, %s" % ends[0])
            return Spelling("binary")
        self.unable(
            "it does not send a message back, in none of the frames (%s): give the document that it understands, with {body} in it, as "
            "the option `message`, or mode: ping" % "; ".join(silent)
        )
        return Spelling("binary")

    async def open(self, deliver):
        self.deliver = deliver
        if self.looking:  # what a person gives to be sent is text
            self.spelling = Spelling("binary" if self.options.get("frame") == "binary" else "text")
        elif self.mode != "ping":
            self.spelling = await self._spell()
        for start in range(0, self.connections, 100):
            some = range(start, min(start + 100, self.connections))
            for receiver, socket in zip(some, await self._connected(some)):
                self.sockets.append(self._taken(socket, receiver - self.aside))

    def _taken(self, socket, receiver):
        """From here on what comes on this connection is for us."""
        socket.receiver, socket.came, socket.over = receiver, self._came, self._over
        if socket.headers is not None:
            self.told = socket.headers.get("Server", self.told)
            socket.headers = None
        for early in socket.inbox or ():
            self._came(early.encode() if isinstance(early, str) else early, time.perf_counter(), socket)
        return socket

    async def again(self):
        gone = [place for place, socket in enumerate(self.sockets) if socket.transport is None]
        for place in gone:
            self.sockets[place] = self._taken(await self.connect_one(place), self.sockets[place].receiver)
        return len(gone)

    async def _connected(self, numbers):
        """These connections, all of them or none."""
        opening = [asyncio.ensure_future(self.connect_one(n)) for n in numbers]
        try:
            return await asyncio.gather(*opening)
        except BaseException:
            for task in opening:
                task.cancel()
            for socket in await asyncio.gather(*opening, return_exceptions=True):
                if isinstance(socket, Socket):
                    await socket.close()
            raise

    async def sender(self):
        if self.mode == "ping":
            raise NotImplementedError("a ping is answered by the connection, not by its consumer: give --option mode=broadcast")
        self.spelling = await self._spell()
        if self.dead:
            raise RuntimeError(self.dead.partition(UNABLE)[2])
        if self.mode == "broadcast":
            socket = await self.connect_one()
            socket.came, socket.over = (lambda message, at, socket: None), self._over
            self.sockets = [socket]

    async def laggard(self, deliver, gate, told):
        """As an application does it with `websockets`: it does not ask for the next message, and the library stops to read when 16 wait.
        Where it is cut off it connects again. Of an echo it is the sender, too."""
        state = {"client": await self._client()}
        self.told = state["client"].response.headers.get("Server", self.told)
        if self.mode != "broadcast":

            async def send(body, partition=0):
                made = self.spelling.made(body)
                await state["client"].send(made if self.spelling.kind == "binary" else made.decode())

            self.send = send

        async def listen():
            await gate.wait()
            while True:
                try:
                    async for message in state["client"]:
                        deliver(message.encode() if isinstance(message, str) else message, time.perf_counter(), 0)
                    reason = state["client"].close_reason
                    told.append(
                        "the server closed the connection with %d%s" % (state["client"].close_code, " (%s)" % reason if reason else "")
                    )
                except ConnectionClosedError as error:
                    told.append("websockets raised %s: %s" % (type(error).__name__, error))
                state["client"] = await self._client()

        async def work():
            try:
                await listen()
            finally:
                await state["client"].close()

        return work()

    async def _client(self):
        """A connection of the library's own."""
        headers, offered = offers(self.options.get("headers"))
        return await library.connect(self.address, additional_headers=headers, subprotocols=offered, max_size=None)

    def speaks(self, first):
        for begins, told in GREETINGS:
            if first == begins or len(begins) > 1 and first.startswith(begins):
                return "%sthe server speaks %s" % (UNABLE, told)
        return None

    def _over(self, reason, socket):
        self.ended(reason)

    def _came(self, message, at, socket):
        if socket.receiver < 0:  # the sender, of whom nothing is expected
            return
        try:
            self.deliver(message, at, socket.receiver)
        except Exception as error:
            self.died(error)
            raise

    def post(self, body, partition, settled):
        socket = self.sockets[partition % len(self.sockets) if self.mode == "broadcast" else self.next]
        if self.mode != "broadcast":
            self.next = (self.next + 1) % len(self.sockets)
        if socket.transport is None:
            settled(socket._gone())
            return
        if not socket.out:
            self.dirty.append(socket)
        if self.mode == "ping":
            socket.pinging(body[:125], lambda at: (settled(None), self.deliver(body, at, 0)) if at is not None else settled(socket._gone()))
        else:
            socket.write(self.spelling.frame(body))
            settled(None)

    def flush(self):
        if self.dirty:
            dirty, self.dirty = self.dirty, []
            for socket in dirty:
                socket.flush()

    async def send(self, body, partition=0):
        await self.posted(body, partition)

    async def server(self):
        return "websocket server %s" % self.told, "real"

    async def close(self):
        for socket in self.sockets:
            socket.came = socket.over = None
        await asyncio.gather(*(s.close() for s in self.sockets), return_exceptions=True)
        self.sockets = []
