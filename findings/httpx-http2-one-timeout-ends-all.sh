#!/bin/sh
# httpx 0.28.1 with http2=True (httpcore 1.0.9, h2 4.4.1): a read timeout belongs to the connection, not to the request. Requests to one server share one
# connection, and whichever of them reads the socket reads for all. (1) A request with a timeout of 0.7 s and two others, started after it with 30 s, whose answers are
# not there yet: after 0.7 s all three end with ReadTimeout, and the connection is given up. (2) A request with 30 s and one started after it with 0.7 s, whose
# answer takes 2 s: the short one does not time out, it gets its answer after 2 s, since the first one does the reading. So one impatient health check fails the
# work beside it, and a deadline is not kept, by the order in which they began. With http2=False each keeps its own. Seen: HTTP/2 (1) three ReadTimeout
# (2) 200, 200; HTTP/1.1 (1) ReadTimeout, 200, 200 (2) 200, ReadTimeout. A good guess was a timeout for each request, as HTTP/2's streams are independent.
# Installs httpx[http2] and hypercorn, the server on loopback with a certificate made by openssl, into a temporary folder, which it removes. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 1' INT TERM
cd "$home"
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home/py" 'httpx[http2]==0.28.1' httpcore==1.0.9 h2==4.4.1 hypercorn==0.18.0 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 3 -subj /CN=localhost 2>/dev/null
cat >run.py <<'END'
import asyncio, socket, sys
import httpx
from hypercorn.asyncio import serve
from hypercorn.config import Config

async def slow(scope, receive, send):
    """/SECONDS answers with the head at once and the body after that time."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(float(scope["path"].strip("/")))
        await send({"type": "http.response.body", "body": b"done"})

async def ask(client, base, seconds, read):
    try:
        answer = await client.get("%s/%s" % (base, seconds), timeout=httpx.Timeout(30, read=read))
        return "%s %d" % (answer.http_version, answer.status_code)
    except httpx.HTTPError as e:
        return type(e).__name__

async def both(client, base):
    await ask(client, base, 0, 10)
    first = await asyncio.gather(ask(client, base, 3, 0.7), ask(client, base, 2, 30), ask(client, base, 2, 30))
    await ask(client, base, 0, 10)
    second = await asyncio.gather(ask(client, base, 3, 30), ask(client, base, 2, 0.7))
    return [first, second]

async def main():
    config = Config()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config.bind, config.certfile, config.keyfile, config.errorlog = ["127.0.0.1:%d" % port], "cert.pem", "key.pem", None
    stop = asyncio.Event()
    server = asyncio.create_task(serve(slow, config, shutdown_trigger=stop.wait))
    base = "https://127.0.0.1:%d" % port
    seen = {}
    for two in (True, False):
        async with httpx.AsyncClient(http2=two, verify=False) as client:
            for _ in range(100):
                if await ask(client, base, 0, 10) not in ("ConnectError", "ConnectTimeout"):
                    break
                await asyncio.sleep(0.1)
            seen[two] = await both(client, base)
    stop.set()
    await asyncio.wait([server], timeout=10)
    print("HTTP/2:", seen[True], "HTTP/1.1:", seen[False])
    fine2, fine1, late = "HTTP/2 200", "HTTP/1.1 200", "ReadTimeout"
    return seen == {True: [[late] * 3, [fine2] * 2], False: [[late, fine1, fine1], [fine1, late]]}

sys.exit(0 if asyncio.run(main()) else "changed")
END
PYTHONPATH=$home/py timeout 100 "$python" run.py 2>errors || { tail -3 errors; exit 1; }
