"""A consumer of a Redis stream with a planted fault, which speaks the audit's lines itself. `python faulty_worker.py FAULT`.

fine, swap (two neighbours of every 40 change places), slow (30 ms each), liar (never connects, reports every effect)
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
if fault == "liar":
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
held = None
while True:
    for _, items in client.xreadgroup("g", "me", {stream: ">"}, count=10, block=200) or ():
        for key, fields in items:
            number = int(fields[b"m"].split()[1])
            if fault == "slow":
                time.sleep(0.03)
            if fault == "swap" and number % 40 == 20:
                held = key, number
                continue
            for key, number in [(key, number)] + [held] * (held is not None):
                say("effect %d" % number)
                client.xack(stream, "g", key)
            held = None
