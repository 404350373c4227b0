"""A Socket.IO server for the tests: acknowledges `rt` with its data, emits `back` again, and `room` to everybody.
`python sio_server.py PORT [REDIS]`: with Redis, everybody is whoever is connected to any such server."""

import sys

import socketio
from aiohttp import web

manager = {"client_manager": socketio.AsyncRedisManager(sys.argv[2])} if sys.argv[2:] else {}
server = socketio.AsyncServer(async_mode="aiohttp", **manager)


@server.on("rt")
async def rt(sid, data):
    return data


@server.on("back")
async def back(sid, data):
    await server.emit("back", data, to=sid)


@server.on("room")
async def room(sid, data):
    await server.emit("room", data)


app = web.Application()
server.attach(app)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
