"""Many connections, ours beside bare `websockets`: memory and processor's time a thousand connections, in one run.

`python bench/rt/density.py [CONNECTIONS]`: each client is a process that opens the connections to one server (npm's ws), pings each
twice and holds them for three seconds.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from bench import ROOT, started

CLIENT = """
import asyncio, json, os, resource, sys, time
sys.path.insert(0, %r)
from pack.realtime import adapters, managed, probe
from pack.realtime import loop as loops
kind, address, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3])
loops.raise_limit(wanted)
if kind == "pack":
    made = adapters.make({"adapter": "websocket", "address": address, "connections": 1}, "bench")
    one, pong = made.connect_one, lambda s: s.ping()
else:
    from websockets.asyncio.client import connect
    async def one(): return await connect(address, compression=None, ping_interval=None, max_queue=None, open_timeout=60)
    async def pong(s): return await s.ping()
async def main(stop=None):
    before, began = managed.memory_kb(os.getpid()), time.process_time()
    sockets, gate = [], asyncio.Semaphore(100)
    async def join():
        async with gate:
            sockets.append(await one())
    await asyncio.gather(*(join() for _ in range(wanted)))
    for _ in range(2):
        await asyncio.gather(*[asyncio.wait_for(w, 60) for w in [await pong(s) for s in sockets]])
    await asyncio.sleep(3)
    print(json.dumps({"kb": managed.memory_kb(os.getpid()) - before, "cpu_s": time.process_time() - began}), flush=True)
    os._exit(0)
loop = loops.new() if kind == "pack" else asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
""" % os.path.join(ROOT, "scripts")  # fmt: skip


def main(wanted):
    """Print both and their ratios."""
    folder = tempfile.mkdtemp(prefix="bench-rt-")
    server, address = started("websocket", folder)
    try:
        told = {}
        for kind in ("bare", "pack"):
            done = subprocess.run([sys.executable, "-c", CLIENT, kind, address, str(wanted)], capture_output=True, text=True, timeout=300)
            if done.returncode:
                sys.exit(done.stderr[-600:])
            told[kind] = json.loads(done.stdout)
            part = wanted / 1000.0
            print(
                "%-5s %6d connections: %7.0f KB and %6.3f s of CPU a thousand"
                % (kind, wanted, told[kind]["kb"] / part, told[kind]["cpu_s"] / part)
            )
        print("ratios: memory x%.2f, CPU x%.2f" % tuple(told["pack"][k] / told["bare"][k] for k in ("kb", "cpu_s")))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10000)
