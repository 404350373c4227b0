"""A Socket.IO server for the tests: acknowledges `rt` with its data, emits `back` again, `room` to everybody and `aside`
to everybody else; `second` acknowledges with two words. With the query door=shut it wants an auth or a header.
`python sio_server.py PORT [REDIS|PING_S]`: with Redis, everybody is whoever is connected to any such server; with a number of seconds,
whoever does not answer a ping within as many is cut off, as Socket.IO does it after 25 and 20."""

import sys

import socketio
from aiohttp import web

more = {}
if sys.argv[2:]:
    redis = sys.argv[2].startswith("redis:")
    more = (
        {"client_manager": socketio.AsyncRedisManager(sys.argv[2])}
        if redis
        else dict.fromkeys(("ping_interval", "ping_timeout"), float(sys.argv[2]))
    )
server = socketio.AsyncServer(async_mode="aiohttp", **more)


@server.on("rt")
async def rt(sid, data):
    return data


@server.on("back")
async def back(sid, data):
    await server.emit("back", data, to=sid)


@server.on("room")
async def room(sid, data):
    await server.emit("room", data)


@server.on("second")
async def second(sid, data):
    return None, {"ok": True, "back": data}  # a document that holds bytes, behind a word of its own


@server.on("aside")
async def aside(sid, data):
    await server.emit("aside", data, skip_sid=sid)


@server.on("connect")
async def connect(sid, environ, auth):
    if "door=shut" in environ.get("QUERY_STRING", "") and (auth or {}).get("word") != "sesame" and "HTTP_X_WORD" not in environ:
        raise socketio.exceptions.ConnectionRefusedError("say the word")


app = web.Application()
server.attach(app)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
