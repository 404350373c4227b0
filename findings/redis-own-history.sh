#!/bin/sh
# Redis 7.0.15, redis-py 8.1.0: a consumer that reads its own pending entries again (XREADGROUP ... STREAMS key 0, what one does after a restart)
# does not only look: each such read counts as a delivery (times_delivered 1, 2, 3) and sets the entry's idle time back to 0. A dead-letter rule on
# times_delivered thus counts restarts and polls, and a consumer that polls its history is never idle enough for XAUTOCLAIM. XPENDING changes nothing.
# Seen: times_delivered [1, 1, 2, 3] after new, XPENDING, two history reads; XAUTOCLAIM with 300 ms of idle takes 0 after 0.5 s with a history read
# at the end, 1 without. A good guess was that history is a read. Installs redis into a temporary folder, which it removes; redis-server is the
# machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" redis==8.1.0 2>/dev/null
cd "$home"
PYTHONPATH=$home timeout 240 "$python" -c '
import subprocess, sys, time
import redis

server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", "s", "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
try:
    store = redis.Redis(unix_socket_path="s")
    for _ in range(100):
        try:
            store.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.1)

    def count():
        return store.xpending_range("jobs", "group", "-", "+", 1)[0]["times_delivered"]

    store.xadd("jobs", {"n": 1})
    store.xgroup_create("jobs", "group", "0")
    store.xreadgroup("group", "worker", {"jobs": ">"})
    counts = [count(), count()]
    for _ in range(2):
        store.xreadgroup("group", "worker", {"jobs": "0"})
        counts.append(count())
    time.sleep(0.5)
    store.xreadgroup("group", "worker", {"jobs": "0"})
    with_history = len(store.xautoclaim("jobs", "group", "other", 300)[1])
    time.sleep(0.5)
    without = len(store.xautoclaim("jobs", "group", "other", 300)[1])
    print(store.info("server")["redis_version"], counts, with_history, without)
finally:
    server.terminate()
    server.wait(10)
sys.exit(0 if (counts, with_history, without) == ([1, 1, 2, 3], 0, 1) else "changed")
'
