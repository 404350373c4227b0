"""A consumer of its own for the audit: no pack import, ten lines of protocol. `python consumer.py [ack-first]`."""

import json
import os
import socket
import sys

import redis

host, port = os.environ["PACK_RT_POINT"].rsplit(":", 1)
line = socket.create_connection((host, int(port))).makefile("rwb")


def say(text):
    line.write(text.encode() + b"\n")
    line.flush()
    if line.readline() != b"go\n":
        sys.exit(1)


client, stream = redis.Redis.from_url(os.environ["PACK_RT_ADDRESS"]), os.environ["PACK_RT_NAME"]
try:
    client.xgroup_create(stream, "mine", id="0", mkstream=True)
except redis.ResponseError:
    pass
json.loads(os.environ["PACK_RT_OPTIONS"])
line.write(b"member w1\n")
say("ready")
last = "0"
while True:
    answer = client.xreadgroup("mine", "me", {stream: last}, count=10, block=200)
    items = answer[0][1] if answer else []
    if not items:
        last = ">"
    for key, fields in items:
        number = int(fields[b"m"].split()[1])
        if "ack-first" in sys.argv:
            client.xack(stream, "mine", key)
            say("point %d" % number)
            say("effect %d" % number)
        else:
            say("effect %d" % number)
            client.xack(stream, "mine", key)
        if last != ">":
            last = key.decode()
