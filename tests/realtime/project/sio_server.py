"""A Socket.IO server for the tests: acknowledges `rt` with its data, emits `back` again. `python sio_server.py PORT`."""

import sys

import socketio
from aiohttp import web

server = socketio.AsyncServer(async_mode="aiohttp")


@server.on("rt")
async def rt(sid, data):
    return data


@server.on("back")
async def back(sid, data):
    await server.emit("back", data, to=sid)


app = web.Application()
server.attach(app)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
