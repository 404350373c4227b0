"""A WebSocket server whose frames are written by hand, for what no library sends. `python odd_server.py PORT`.

/echo is sound. /masked masks its frames, /reserved sets a bit that nothing agreed on, /opcode has one that does not exist, /ping sends one
in two pieces, /letters a text that is no UTF-8, /middle begins a message within another: from the 30th on each. /fragments sends in pieces
with a whole ping between, which is allowed. /hang answers no handshake, /shut ends it. /newest hands out the newest message ten times a
second, /limit takes 50 a second and says so of the others, /others hands a message to every member but its sender, /third loses every third,
/gap what comes from the 160th to the 200th, /words answers in words of its own only, /bare ends with a close frame of no code at the 30th.
"""

import asyncio
import base64
import hashlib
import sys
import time

MEMBERS = {}
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(first, body, mask=False):
    size = len(body)
    head = bytes((first, (0x80 if mask else 0) | size)) if size < 126 else bytes((first, 126)) + size.to_bytes(2, "big")
    return head + (b"\0\0\0\0" if mask else b"") + body


def broken(path, opcode, body):
    """What is sent in place of a sound echo."""
    half = len(body) // 2
    return {
        "/masked": frame(0x80 | opcode, body, True),
        "/reserved": frame(0xC0 | opcode, body),
        "/opcode": frame(0x83, body),
        "/ping": frame(0x09, b"a") + frame(0x80, b"b"),
        "/letters": frame(0x81, b"\xff" + body),
        "/middle": frame(opcode, body[:half]) + frame(0x80 | opcode, body),
        "/bare": frame(0x88, b""),
    }.get(path)


async def received(reader):
    """(opcode, body) of the next frame."""
    head = await reader.readexactly(2)
    size = head[1] & 127
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    mask, body = await reader.readexactly(4), await reader.readexactly(size)
    return head[0] & 15, bytes(c ^ mask[i % 4] for i, c in enumerate(body))


def answer(path, state, opcode, body, writer):
    """One message has come."""
    state["n"] += 1
    number, whole = state["n"], frame(0x80 | opcode, body)
    bad = broken(path, opcode, body) if number >= 30 else None
    if path == "/fragments":
        third = len(body) // 3
        writer.write(frame(opcode, body[:third]) + frame(0x89, b"hi") + frame(0, body[third : 2 * third]) + frame(0x80, body[2 * third :]))
    elif path == "/newest":
        state["newest"] = whole
    elif path == "/limit":
        now = time.monotonic()
        if now - state["since"] >= 1:
            state.update(since=now, taken=0)
        state["taken"] += 1
        writer.write(whole if state["taken"] <= 50 else frame(0x81, b'{"error": "rate limited", "password": "hunter2222"}'))
    elif path == "/others":
        for other in MEMBERS[path]:
            if other is not writer:
                other.write(whole)
    elif path == "/words":
        writer.write(frame(0x81, b'{"ok": true, "n": %d}' % number))
    elif not (path == "/third" and number % 3 == 0 or path == "/gap" and 160 <= number < 200):
        writer.write(bad or whole)


async def tick(state, writer):
    while True:
        await asyncio.sleep(0.1)
        if state.get("newest"):
            writer.write(state.pop("newest"))


async def handle(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    path = head.split(b" ")[1].decode()
    if path == "/hang":
        await asyncio.sleep(60)
    if path in ("/hang", "/shut"):
        writer.close()
        return
    key = next(line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    MEMBERS.setdefault(path, set()).add(writer)
    state = {"n": 0, "since": 0.0, "taken": 0}
    ticking = asyncio.ensure_future(tick(state, writer)) if path == "/newest" else None
    try:
        while True:
            opcode, body = await received(reader)
            if opcode == 8:
                return
            if opcode in (1, 2):
                answer(path, state, opcode, body, writer)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        MEMBERS[path].discard(writer)
        if ticking:
            ticking.cancel()
        writer.close()


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
