#!/bin/sh
# nats-server 2.9.10, nats-py 2.16.0: JetStream's duplicate window outlives the message. Publish with Nats-Msg-Id m1, purge the stream, publish
# m1 again within the window: the answer is a good ack (seq 1, duplicate true) and the stream stays empty: whoever purges and replays loses
# everything, with every publish acknowledged. After kill -9 and a restart the same publish is stored (the window is rebuilt from the messages
# that are left). Seen: duplicate True with 0 messages, then seq 2 with 1. A good guess was that a purge clears the window, too.
# Installs nats-py into a temporary folder, which it removes; nats-server is the machine's. Exits 0 while that is so.
set -eu
python=${PYTHON:-python3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT INT TERM
timeout 600 "$python" -m pip install --quiet --disable-pip-version-check --target "$home" nats-py==2.16.0 2>/dev/null
cd "$home"
PATH=$PATH:/usr/sbin PYTHONPATH=$home timeout 240 "$python" -c '
import asyncio, socket, subprocess, sys
import nats

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

async def with_server(work):
    server = subprocess.Popen(["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", "store"], stderr=subprocess.DEVNULL)
    try:
        for attempt in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                await asyncio.sleep(0.1)
        client = await nats.connect("nats://127.0.0.1:%d" % port)
        answer = await work(client.jetstream())
        await client.close()
        return answer
    finally:
        server.kill()
        server.wait()

async def publish(stream):
    ack = await stream.publish("s", b"1", headers={"Nats-Msg-Id": "m1"})
    return ack.seq, bool(ack.duplicate), (await stream.stream_info("S")).state.messages

async def before(stream):
    await stream.add_stream(name="S", subjects=["s"])
    first = await publish(stream)
    await stream.purge_stream("S")
    return first, await publish(stream)

async def main():
    seen = *await with_server(before), await with_server(publish)
    print(*seen)
    return seen

sys.exit(0 if asyncio.run(main()) == ((1, False, 1), (1, True, 0), (2, False, 1)) else "changed")
'
