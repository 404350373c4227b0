"""A WebSocket server that keeps its clients together, well or badly. `python mixing_server.py PORT NAME`.

/swap gives every 20th answer to another client, /copy gives it to both, /current answers whoever connected last, /all answers everybody, /peer
hands on to everybody else, /two answers the first two clients only, /halves is a room whose members are in two processes that know nothing of each
other (the first of it has the first half), /turns a room whose messages go to one half and to the other in turn, /leave forgets the last
member for 40 messages, /trim takes blanks off the ends, /cut keeps 40 bytes, /more adds to what came, /engine greets as Engine.IO
does and ends who answers no ping of its own, /sock greets as SockJS does.
"""

import asyncio
import sys

from websockets.asyncio.server import serve

CLIENTS = {}


def others(clients, socket):
    return [c for c in clients if c is not socket]


def receivers(path, clients, socket, number):
    """Who is told of a message."""
    if path == "/all":
        return clients
    if path == "/current":
        return clients[-1:]
    if path == "/peer":
        return others(clients, socket)
    if path == "/two":
        return [socket] if socket in clients[:2] else []
    if path == "/halves":
        return clients[: (len(clients) + 1) // 2]
    if path == "/turns":
        return clients[number % 2 :: 2]
    if path == "/leave":
        return clients[:-1] if 240 < number <= 280 else clients
    if path in ("/swap", "/copy") and number % 20 == 0 and len(clients) > 1:
        return [socket] * (path == "/copy") + others(clients, socket)[:1]
    return [socket]


def words(path, message):
    """What they are told."""
    if path == "/trim":
        return message.strip()
    if path == "/more":
        return message + (b"abc" if isinstance(message, bytes) else "abc")
    if path == "/engine" and message[:1] in (b"4", "4"):
        return message
    return message[:40] if path == "/cut" else message


async def beats(socket):
    await asyncio.sleep(0.3)
    await socket.send("2")
    await asyncio.sleep(0.3)
    await socket.close()


async def handle(socket):
    path, number = socket.request.path.split("?")[0], 0
    clients = CLIENTS.setdefault(path, [])
    clients.append(socket)
    beating = None
    try:
        if path == "/engine":
            await socket.send('0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":[],"pingInterval":300,"pingTimeout":300,"maxPayload":1000000}')
            beating = asyncio.ensure_future(beats(socket))
        if path == "/sock":
            await socket.send("o")
        async for message in socket:
            number += 1
            if path == "/sock":
                await socket.close(3000, "Broken framing.")
                return
            for client in list(receivers(path, clients, socket, number)):
                await client.send(words(path, message))
    finally:
        clients.remove(socket)
        if beating:
            beating.cancel()


async def main():
    async with serve(handle, "127.0.0.1", int(sys.argv[1]), ping_interval=None, compression=None, server_header=sys.argv[2]):
        await asyncio.Future()


asyncio.run(main())
