#!/bin/sh
# redis-py 8.1.0, Redis 7.0.15: every command that runs into the client's socket_timeout is sent again, up to ten times, by default, also INCR, LPUSH and XADD.
# A server that was only busy (here with a script of 1.5 s) carries each copy out that it has received, for it reads what a closed connection had sent before it
# sees the end. So one XADD becomes two entries, incr() of a new key answers 2, no exception is raised, nothing is logged: at-least-once without having asked
# for it. With retry=None in the pool, or Retry(NoBackoff(), 0), the same call raises TimeoutError and there is one entry. Seen with socket_timeout 0.3: incr 2
# and stream length 2; without retries TimeoutError and length 1. A good guess was a TimeoutError, or a repetition of reads only. Installs redis into a
# temporary folder, which it removes; redis-server is the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" redis==8.1.0 2>/dev/null
cd "$home"
PATH=$PATH:/usr/sbin PYTHONPATH=$home timeout 240 "$python" -c '
import socket, subprocess, sys, threading, time
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

BUSY = """local t = redis.call("time") local stop = t[1] * 1000000 + t[2] + 1500000
while true do t = redis.call("time") if t[1] * 1000000 + t[2] > stop then return 1 end end"""
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL)

def while_busy(call):
    """What a call answers or raises that is made while the server runs a script."""
    script = threading.Thread(target=patient.eval, args=(BUSY, 0))
    script.start()
    time.sleep(0.2)
    try:
        return call()
    except redis.RedisError as error:
        return type(error).__name__
    finally:
        script.join()
        time.sleep(0.3)

try:
    patient = redis.Redis(port=port, socket_timeout=30)
    for _ in range(100):
        try:
            patient.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.1)
    default = redis.Redis(port=port, socket_timeout=0.3)
    once = redis.Redis(port=port, socket_timeout=0.3, retry=Retry(NoBackoff(), 0))
    for client in (default, once):
        client.ping()
    counted = while_busy(lambda: default.incr("n"))
    while_busy(lambda: default.xadd("copies", {"a": 1}))
    raised = while_busy(lambda: once.xadd("one", {"a": 1}))
    lengths = patient.xlen("copies"), patient.xlen("one")
finally:
    server.kill()
    server.wait()
print("incr of a new key %s, xadd %d entries; without retries %s, %d" % (counted, lengths[0], raised, lengths[1]))
sys.exit(0 if counted >= 2 and lengths[0] >= 2 and (raised, lengths[1]) == ("TimeoutError", 1) else "changed")
'
