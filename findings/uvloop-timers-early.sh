#!/bin/sh
# uvloop 0.23.0 (libuv), CPython 3.11: timers are whole milliseconds, rounded to the nearest, and may end before their time. asyncio.sleep(0.0004) is
# no sleep at all (3 us), so a loop that polls with it takes a whole core. sleep(0.0104) ends after 9 to
# 10 ms, and a schedule that sends "not before" its time sends early. asyncio's own loop rounds up and is never early (here 0.4 ms: 1.1, 10.4: 11.1).
# Seen (smallest of 200): 0.4 ms asyncio 1.08, uvloop 0.003; 10.4 ms asyncio 11.13, uvloop 9.13. A good guess was that uvloop's timers are finer.
# Compared are only the smallest values, which a busy machine cannot lower. Installs uvloop into a temporary folder, which it removes. Exits 0 while so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" uvloop==0.23.0 2>/dev/null
PYTHONPATH=$home timeout 240 "$python" -c '
import asyncio, sys, time
import uvloop

async def shortest(seconds):
    found = []
    for _ in range(200):
        began = time.perf_counter()
        await asyncio.sleep(seconds)
        found.append(1000 * (time.perf_counter() - began))
    return round(min(found), 3)

async def both():
    return await shortest(0.0004), await shortest(0.0104)

seen = {}
for name, make in (("asyncio", asyncio.new_event_loop), ("uvloop", uvloop.new_event_loop)):
    loop = make()
    seen[name] = loop.run_until_complete(both())
    loop.close()
    print(name, "0.4 ms: %s, 10.4 ms: %s" % seen[name])
plain, fast = seen["asyncio"], seen["uvloop"]
sys.exit(0 if plain[0] >= 0.4 and plain[1] >= 10.4 and fast[0] < 0.2 and fast[1] < 10.3 else "changed")
'
