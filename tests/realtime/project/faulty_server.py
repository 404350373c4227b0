"""A WebSocket server with a planted fault for each path. `python faulty_server.py PORT`.

/drop loses every 400th, /twice repeats every 50th, /slow answers 60 a second, /text refuses binary frames, /json answers documents of a
chat only, /wrap puts its own words around what came, /upper changes it, /close ends the connection with a reason at the 20th message,
/mute says nothing, /late ends with 4401 at the first message, /five answers when five have come, /many and /lines send what has come in 20 ms as
one message, /fields says in two fields what came, /pieces sends in frames of ten bytes with a ping between; all paths offer the subprotocol
chat.v1, /chat asks for it.
"""

import asyncio
import json
import sys

from websockets.asyncio.server import serve


def text(message):
    return message if isinstance(message, str) else message.decode()


async def batch(socket, held, path):
    await asyncio.sleep(0.02)
    some, held[:] = [text(m) for m in held], []
    await socket.send("\n".join(some) if path == "/lines" else json.dumps([{"m": m} for m in some]))


async def pieces(socket, message):
    for place in range(0, len(message), 10):
        yield message[place : place + 10]
        if place == 20:
            await socket.ping()


ANSWERS = set()  # under way: the loop alone would let them be collected
SHAPED = ("/many", "/lines", "/pieces", "/fields")


async def shaped(socket, path, message, held):
    """All of it comes back, in another shape."""
    if path == "/pieces":
        await socket.send(pieces(socket, message))
    elif path == "/fields":
        await socket.send(json.dumps({"you": text(message), "raw": text(message)}))
    else:
        held.append(message)
        if len(held) == 1:
            answer = asyncio.ensure_future(batch(socket, held, path))
            ANSWERS.add(answer)
            answer.add_done_callback(ANSWERS.discard)


def asks(socket, request):
    if request.path == "/chat" and "chat.v1" not in request.headers.get("Sec-WebSocket-Protocol", ""):
        return socket.respond(400, "this path speaks chat.v1 only\n")


async def handle(socket):
    path, number, held = socket.request.path, 0, []
    async for message in socket:
        number += 1
        if path == "/mute" or (path == "/drop" and number % 400 == 0):
            continue
        if path == "/late":
            await socket.close(4401, "token expired")
            return
        if path == "/five":
            held.append(message)
            if len(held) == 5:
                for one in reversed(held):
                    await socket.send(one)
                held.clear()
            continue
        if path in SHAPED:
            await shaped(socket, path, message, held)
            continue
        if path == "/slow":
            await asyncio.sleep(1 / 60)
        if path in ("/text", "/json") and isinstance(message, bytes):
            await socket.close(1003, "text only")
            return
        if path == "/json":
            told = json.loads(message)
            message = json.dumps({"from": told["user"], "n": number, "said": told["text"]})
        if path == "/wrap":
            message = json.dumps({"echo": message if isinstance(message, str) else message.decode(), "n": number})
        if path == "/upper" and number > 1:
            message = message.upper()
        if path == "/close" and number == 20:
            await socket.close(1011, "out of cheese")
            return
        await socket.send(message)
        if path == "/twice" and number % 50 == 0:
            await socket.send(message)


async def main():
    more = {"process_request": asks, "select_subprotocol": lambda socket, offered: "chat.v1" if "chat.v1" in offered else None}
    async with serve(handle, "127.0.0.1", int(sys.argv[1]), ping_interval=None, compression=None, max_size=None, max_queue=None, **more):
        await asyncio.Future()


asyncio.run(main())
