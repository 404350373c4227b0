"""A WebSocket server for the tests: echoes, or broadcasts on /room. `python ws_server.py PORT`."""

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
    async with serve(handle, "127.0.0.1", int(sys.argv[1]), ping_interval=None, compression=None):
        await asyncio.Future()


asyncio.run(main())
