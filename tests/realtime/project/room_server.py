"""One node of a chat room over several servers, joined by Redis pub/sub. `python room_server.py PORT REDIS [unordered]`.

`unordered` plants the usual mistake: each message is handed to its members by a task of its own, whenever that gets to it.
"""

import asyncio
import random
import sys

import redis.asyncio as redis
from websockets.asyncio.server import broadcast, serve

ROOM = set()


async def late(socket, message):
    await asyncio.sleep(random.random() * 0.05)
    await socket.send(message)


async def main(port, bus, unordered):
    client = redis.Redis.from_url(bus)
    inbox = client.pubsub()
    await inbox.subscribe("room")
    tasks = set()

    async def spread():
        async for item in inbox.listen():
            if item["type"] != "message":
                continue
            if not unordered:
                broadcast(ROOM, item["data"])
                continue
            for socket in ROOM:
                task = asyncio.ensure_future(late(socket, item["data"]))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

    async def handle(socket):
        ROOM.add(socket)
        try:
            async for message in socket:
                await client.publish("room", message)
        finally:
            ROOM.discard(socket)

    spreading = asyncio.ensure_future(spread())
    async with serve(handle, "127.0.0.1", port, ping_interval=None, compression=None):
        await spreading


asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["unordered"]))
