"""A server of Server-Sent Events. `python sse_server.py PORT`: what is posted to /CHANNEL is an event of the stream /CHANNEL.

/named calls its events `tick`, /cut ends the stream after the 30th event and gives the missed ones to Last-Event-ID, /forget after the 260th and does not,
/none is no stream, /held is written through a buffer of 4 KB, /cr ends its lines as old Macintoshes did, /bom begins with a byte order mark,
/halves tears every CR LF, /bare sends what is no field, /open never ends an event, /gone ends after the 30th event and then answers 503.
"""

import asyncio
import collections
import re
import sys

from aiohttp import web

EVENTS, LISTENERS = collections.defaultdict(list), collections.defaultdict(list)


async def post(request):
    channel, text = request.path, (await request.text())
    EVENTS[channel].append(text)
    for queue in LISTENERS[channel]:
        queue.put_nowait(len(EVENTS[channel]))
    return web.Response(text="ok")


async def stream(request):
    channel = request.path
    if channel == "/none":
        return web.Response(text="hello")
    if channel == "/gone" and "Last-Event-ID" in request.headers:
        return web.Response(status=503)
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Server": "sse_server"})
    await answer.prepare(request)
    if channel == "/bom":
        await answer.write(b"\xef\xbb\xbf")
    else:
        await answer.write(b": hello\nretry: 100\n\n")
    queue, last = asyncio.Queue(), int(request.headers.get("Last-Event-ID", len(EVENTS[channel])))
    if channel == "/forget":
        last = len(EVENTS[channel])
    for number in range(last + 1, len(EVENTS[channel]) + 1):
        queue.put_nowait(number)
    LISTENERS[channel].append(queue)
    held = b""
    try:
        while True:
            number = await queue.get()
            name = b"event: tick\n" if channel == "/named" else b""
            told = EVENTS[channel][number - 1].encode()
            whole = {"/bare": b"%s\n\n" % told, "/open": b"data: %s\n" % told}.get(channel)
            held += whole or name + b"id: %d\r\ndata: %s\n\n" % (number, told)
            if channel == "/held" and len(held) < 4096:
                continue
            if channel in ("/cr", "/halves"):
                held = held.replace(b"\r\n", b"\n").replace(b"\n", b"\r" if channel == "/cr" else b"\r\n")
            for part in re.findall(rb"[^\r]*\r?", held)[:-1] if channel == "/halves" else [held]:
                await answer.write(part)
            held = b""
            if (channel, number) in (("/cut", 30), ("/gone", 30), ("/forget", 260)):
                return answer
    finally:
        LISTENERS[channel].remove(queue)


app = web.Application()
app.add_routes([web.post("/{channel}", post), web.get("/{channel}", stream)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
