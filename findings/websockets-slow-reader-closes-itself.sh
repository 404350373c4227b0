#!/bin/sh
# websockets 17.4 (Python, asyncio): a client that does not call recv() for a while is cut off by its own library, by a server that is alive and answers every
# ping. Once 16 messages wait, the library stops to read the socket, so the pong behind them is not seen either, and after ping_timeout it closes with 1011
# "keepalive ping timeout" by itself. The messages that had come are still handed out, what was in the socket is lost. With the defaults (20 s and 20 s) a
# consumer that is busy for 40 s has this; the error reads as if the server were dead. With ping_interval=None the same pause is harmless. Seen: 17 messages in
# all, then ConnectionClosedError, "sent 1011 (internal error) keepalive ping timeout; no close frame received"; without pings all 400. A good guess was that
# control frames pass by a full queue. Installs websockets into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" websockets==17.4 2>/dev/null
cd "$home"
PYTHONPATH=$home timeout 240 "$python" -c '
import asyncio, sys
import websockets

COUNT = 400

async def server(socket):
    try:
        for _ in range(COUNT):
            await socket.send("x" * 1000)
            await asyncio.sleep(0.002)
        await socket.wait_closed()
    except websockets.ConnectionClosed:
        pass

async def pause(port, interval):
    """How many messages a client gets that reads one, pauses, and reads on; and how its connection ended."""
    async with websockets.connect("ws://127.0.0.1:%d" % port, ping_interval=interval, ping_timeout=interval) as client:
        await client.recv()
        await asyncio.sleep(4)
        got = 1
        try:
            while got < COUNT:
                await asyncio.wait_for(client.recv(), 5)
                got += 1
        except websockets.ConnectionClosed as error:
            return got, str(error)
        return got, "open"

async def main():
    async with websockets.serve(server, "127.0.0.1", 0, ping_interval=None) as running:
        port = running.sockets[0].getsockname()[1]
        return await pause(port, 0.5), await pause(port, None)

pinged, quiet = asyncio.run(main())
print("with pings %s, without %s" % (pinged, quiet))
sys.exit(0 if pinged[0] < 40 and pinged[1].startswith("sent 1011 (internal error) keepalive ping timeout") and quiet == (COUNT, "open") else "changed")
'
