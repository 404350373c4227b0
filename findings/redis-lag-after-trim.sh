#!/bin/sh
# Redis 7.0.15, redis-py 8.1.0: a stream that is trimmed while its group is behind. `lag` of XINFO GROUPS is entries added minus entries read, so what
# was trimmed unread stays in it for good: a group that has read to the very end still has lag 5 of nothing, and an alarm on lag never ends. Deleted by
# XDEL instead, lag is nil until the group passes the hole, and then right. XLEN, last-delivered-id and last-generated-id tell the truth.
# And what the group holds pending comes back, once trimmed, from its own history (id 0) as an entry with no fields: redis-py gives {}, where
# the server sends nil, so it looks like an empty message.
# Seen for ten entries, two read, trimmed to 3, rest read: lag 5, handed out 5, history [{}, {}]. A good guess was lag 0, and trimmed ones left out.
# Installs redis into a temporary folder, which it removes; redis-server is the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" redis==8.1.0 2>/dev/null
cd "$home"
PATH=$PATH:/usr/sbin PYTHONPATH=$home timeout 240 "$python" -c '
import socket, subprocess, sys, time
import redis

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL)

def filled(client, stream):
    for number in range(1, 11):
        client.xadd(stream, {"n": number}, id="%d-0" % number)
    client.xgroup_create(stream, "g", "0")
    client.xreadgroup("g", "c", {stream: ">"}, count=2)

def lag(client, stream):
    return client.xinfo_groups(stream)[0]["lag"]

def rest(client, stream):
    [[_, entries]] = client.xreadgroup("g", "c", {stream: ">"})
    return len(entries)

try:
    client = redis.Redis(port=port, decode_responses=True)
    for _ in range(100):
        try:
            client.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.1)
    filled(client, "trimmed")
    client.xtrim("trimmed", maxlen=3, approximate=False)
    [[_, history]] = client.xreadgroup("g", "c", {"trimmed": "0"})
    handed = 2 + rest(client, "trimmed")
    trimmed = lag(client, "trimmed"), handed, [fields for _, fields in history]
    filled(client, "deleted")
    client.xdel("deleted", "5-0")
    hole = lag(client, "deleted")
    rest(client, "deleted")
    deleted = hole, lag(client, "deleted")
finally:
    server.kill()
    server.wait()
print("trimmed: lag %s, handed out %s, history %s; deleted: lag %s, then %s" % (trimmed + deleted))
sys.exit(0 if trimmed == (5, 5, [{}, {}]) and deleted == (None, 0) else "changed")
'
