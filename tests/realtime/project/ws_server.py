"""A WebSocket server for the tests: echoes, or broadcasts on /room. `python ws_server.py PORT [PING_S]`: with pings, whoever does not
answer one within as many seconds is cut off, as websockets does it after 20."""

import asyncio
import sys

from websockets.asyncio.server import broadcast, serve

ROOM = set()


async def handle(socket):
    if socket.request.path == "/room":
        ROOM.add(socket)
        try:
            async for message in socket:
                broadcast(ROOM, message)
        finally:
            ROOM.discard(socket)
    else:
        async for message in socket:
            await socket.send(message)


async def main():
    ping = float(sys.argv[2]) if sys.argv[2:] else None
    async with serve(handle, "127.0.0.1", int(sys.argv[1]), ping_interval=ping, ping_timeout=ping, compression=None):
        await asyncio.Future()


asyncio.run(main())
