"""A consumer of a Redis stream with a planted fault, which speaks the audit's lines itself. `python faulty_worker.py FAULT [OUT]`.

fine, swap (two neighbours of every 40 change places), slow (30 ms each), liar (never connects, reports every effect), idle (connects,
reads nothing, reports every effect), mute (reads and acknowledges and reports, but does nothing). Its effects go into the stream OUT in
one transaction with their acknowledgment.
"""

import os
import socket
import sys
import time

fault = sys.argv[1]
host, port = os.environ["PACK_RT_POINT"].rsplit(":", 1)
line = socket.create_connection((host, int(port))).makefile("rwb")


def say(text, answered=True):
    line.write(text.encode() + b"\n")
    line.flush()
    if answered and line.readline() != b"go\n":
        os._exit(1)


say("member w1", False)
if fault in ("liar", "idle"):
    if fault == "idle":
        address, _, port = os.environ["PACK_RT_ADDRESS"].partition("://")[2].partition("/")[0].partition(":")
        held = socket.create_connection((address, int(port)))
    say("ready")
    time.sleep(1)
    for number in range(60):
        say("effect %d" % number)
    time.sleep(600)
import redis  # noqa: E402

client, stream = redis.Redis.from_url(os.environ["PACK_RT_ADDRESS"]), os.environ["PACK_RT_NAME"]
try:
    client.xgroup_create(stream, "g", id="0", mkstream=True)
except redis.ResponseError:
    pass
say("ready")
held, seen = None, -1
while True:
    for _, items in client.xreadgroup("g", "me", {stream: ">"}, count=10, block=200) or ():
        for key, fields in items:
            number, seen = int(fields[b"m"].split()[1]), seen + 1
            if fault == "slow":
                time.sleep(0.03)
            if fault == "swap" and seen % 40 == 20:
                held = key, number
                continue
            for entry, effect in [(key, number)] + [held] * (held is not None):
                say("effect %d" % effect)
                both = client.pipeline(transaction=True).xack(stream, "g", entry)
                if sys.argv[2:] and fault != "mute":
                    both.xadd(sys.argv[2], {"made": b"of " + fields[b"m"]})
                both.execute()
            held = None
