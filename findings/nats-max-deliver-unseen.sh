#!/bin/sh
# nats-server 2.9.10, nats-py 2.16.0: a message of a work-queue stream that was delivered max_deliver (2) times without an ack is in none of the
# consumer's backlog numbers: num_pending 0 and num_ack_pending 0, as if all were done, while the stream still holds it (messages 1) and no
# fetch gives it again. Only num_redelivered 1 is left as a hint. A lag that is read from the consumer is 0 with work lost; compare with the stream.
# A good guess was that it stays in num_ack_pending. Installs nats-py into a temporary folder, which it removes; nats-server is the machine's.
# Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" nats-py==2.16.0 2>/dev/null
cd "$home"
PATH=$PATH:/usr/sbin PYTHONPATH=$home timeout 240 "$python" -c '
import asyncio, socket, subprocess, sys
import nats, nats.errors
from nats.js.api import ConsumerConfig, RetentionPolicy

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

async def main():
    server = subprocess.Popen(["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", "store"], stderr=subprocess.DEVNULL)
    try:
        for attempt in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                await asyncio.sleep(0.1)
        client = await nats.connect("nats://127.0.0.1:%d" % port)
        stream = client.jetstream()
        await stream.add_stream(name="W", subjects=["w"], retention=RetentionPolicy.WORK_QUEUE)
        worker = await stream.pull_subscribe("w", "c", config=ConsumerConfig(ack_wait=0.5, max_deliver=2))
        await stream.publish("w", b"1")
        deliveries = [(await worker.fetch(1, timeout=5))[0].metadata.num_delivered for _ in range(2)]
        try:
            third = len(await worker.fetch(1, timeout=3))
        except nats.errors.TimeoutError:
            third = 0
        state = await stream.consumer_info("W", "c")
        kept = (await stream.stream_info("W")).state.messages
        await client.close()
        return deliveries, third, state.num_pending, state.num_ack_pending, state.num_redelivered, kept
    finally:
        server.kill()
        server.wait()

seen = asyncio.run(main())
print("deliveries %s, third fetch %d, num_pending %d, num_ack_pending %d, num_redelivered %d, messages %d" % seen)
sys.exit(0 if seen == ([1, 2], 0, 0, 0, 1, 1) else "changed")
'
