"""Bare clients: what a careful person writes with the library itself. `python bare.py KIND ADDRESS RATE SECONDS CONNECTIONS`.

Prints one JSON object: received, p50_ms, p99_ms (from the intended time of sending), cpu_s of this process. Kinds: websockets, redis-py,
nats-py, paho, psycopg (each sends at the rate whatever comes back, and keeps every latency in a list).
"""

import asyncio
import json
import os
import sys
import threading
import time

BODY = b"x" * 52


class Run:
    """The schedule and the latencies."""

    def __init__(self, rate, seconds):
        self.rate, self.total, self.taken = rate, int(rate * seconds), []
        self.zero = time.perf_counter() + 0.3

    def came(self, message):
        """A message came back."""
        self.taken.append(time.perf_counter() - self.zero - int(message[:12]) / self.rate)

    async def send(self, one):
        """Await `one(body)` for each message when it is due."""
        for number in range(self.total):
            wait = self.zero + number / self.rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            elif number % 50 == 0:
                await asyncio.sleep(0)
            await one(b"%012d" % number + BODY)
        await self.rest()

    async def rest(self):
        """Wait for what is still to come."""
        until = time.perf_counter() + 20
        while len(self.taken) < self.total and time.perf_counter() < until:
            await asyncio.sleep(0.02)


async def websockets(run, address, connections):
    from websockets.asyncio.client import connect

    sockets = [await connect(address, compression=None, ping_interval=None, max_queue=None) for _ in range(connections)]

    async def receive(socket):
        async for message in socket:
            run.came(message)

    tasks = [asyncio.ensure_future(receive(s)) for s in sockets]
    turn = iter(range(1 << 40))
    await run.send(lambda body: sockets[next(turn) % connections].send(body))
    for task in tasks:
        task.cancel()


async def redis_py(run, address, connections):
    import redis.asyncio as redis

    client, reader, stream, tasks = redis.Redis.from_url(address), redis.Redis.from_url(address), "bare-%s" % os.urandom(3).hex(), set()
    await client.xadd(stream, {"m": b"%012d" % 0})

    async def receive():
        last = "0-1"
        last = (await client.xinfo_stream(stream))["last-generated-id"]
        while True:
            for _, items in await reader.xread({stream: last}, count=1000, block=2000) or ():
                for last, fields in items:
                    run.came(fields[b"m"])

    receiving = asyncio.ensure_future(receive())
    await asyncio.sleep(0.1)

    async def one(body):
        task = asyncio.ensure_future(client.xadd(stream, {"m": body}))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await run.send(one)
    receiving.cancel()
    await client.delete(stream)


async def nats_py(run, address, connections):
    import nats

    nc = await nats.connect(address)
    subject, tasks, js = "bare%s" % os.urandom(3).hex(), set(), nc.jetstream()
    await js.add_stream(name=subject, subjects=[subject])

    async def came(message):
        run.came(message.data)

    await js.subscribe(subject, cb=came, ordered_consumer=False, manual_ack=True, config=nats.js.api.ConsumerConfig(ack_policy="none"))

    async def one(body):
        task = asyncio.ensure_future(js.publish(subject, body))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await run.send(one)
    await js.delete_stream(subject)
    await nc.close()


async def paho(run, address, connections):
    import paho.mqtt.client as mqtt

    host, port = address.split("//")[1].split(":")
    ready, topic = threading.Event(), "bare/%s" % os.urandom(3).hex()
    receiver, sender = (mqtt.Client(mqtt.CallbackAPIVersion.VERSION2) for _ in range(2))
    receiver.on_connect = lambda client, *rest: client.subscribe(topic, 1)
    receiver.on_subscribe = lambda *rest: ready.set()
    receiver.on_message = lambda client, data, message: run.came(message.payload)
    sender.max_inflight_messages_set(60000)
    for client in (receiver, sender):
        client.on_socket_open = lambda client, data, opened: opened.setsockopt(6, 1, 1)
        client.connect(host, int(port))
        client.loop_start()
    await asyncio.get_running_loop().run_in_executor(None, ready.wait, 10)
    run.zero = time.perf_counter() + 0.3

    async def one(body):
        sender.publish(topic, body, 1)

    await run.send(one)
    for client in (receiver, sender):
        client.loop_stop()


async def psycopg(run, address, connections):
    """What is due while an answer is waited for goes out as the next transaction."""
    from psycopg import AsyncConnection

    channel = "bare%s" % os.urandom(3).hex()
    ear, mouth = [await AsyncConnection.connect(address, autocommit=True) for _ in range(2)]
    await ear.execute("LISTEN " + channel)

    async def receive():
        async for note in ear.notifies():
            run.came(note.payload)

    receiving, number = asyncio.ensure_future(receive()), 0
    run.zero = time.perf_counter() + 0.3
    while number < run.total:
        due = min(run.total, int((time.perf_counter() - run.zero) * run.rate) + 1)
        if due <= number:
            await asyncio.sleep(run.zero + number / run.rate - time.perf_counter())
            continue
        said = ["%012d%s" % (n, BODY.decode()) for n in range(number, due)]
        await mouth.execute("SELECT pg_notify(%s, said) FROM unnest(%s::text[]) AS said", (channel, said))
        number = due
    await run.rest()
    receiving.cancel()


async def main():
    kind, address, rate, seconds, connections = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
    run = Run(rate, seconds)
    began = time.process_time()
    await globals()[kind.replace("-", "_")](run, address, connections)
    taken = sorted(run.taken) or [float("nan")]
    told = {"received": len(run.taken), "p50_ms": 1e3 * taken[len(taken) // 2], "p99_ms": 1e3 * taken[int(len(taken) * 0.99)]}
    print(json.dumps(dict(told, cpu_s=time.process_time() - began)))


asyncio.run(main())
