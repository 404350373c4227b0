"""The node that a probe is connected to goes away, and the others have what it held: an application's client goes there, so the probe does. On real
clusters: Redis Cluster, Redis Sentinel, three NATS servers."""

import asyncio
import time

import pytest

from .conftest import Running, free_port, met, need, probed

pytestmark = pytest.mark.broker
APP = "app.events"  # a stream that the application has


def until(true, seconds=60):
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end, true
        time.sleep(0.05)


def url(scheme, running):
    return "%s://127.0.0.1:%d" % (scheme, running.port)


def redis_server(folder, *words):
    need("redis")
    port = free_port()
    folder.mkdir()
    argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *map(str, words)]
    return Running(argv, port)


@pytest.fixture
def redis_cluster(tmp_path):
    """Two masters with half of the slots each, and a replica of the one that has the stream APP: (the other, its master, the replica)."""
    import redis
    from redis.crc import key_slot

    buses = [free_port() for _ in range(3)]
    nodes = [
        redis_server(tmp_path / str(n), "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", 1000)
        for n, bus in enumerate(buses)
    ]
    clients = [redis.Redis(port=node.port, decode_responses=True) for node in nodes]
    try:
        upper = key_slot(APP.encode()) >= 8192
        for client, (first, last) in zip(clients, ((8192, 16383), (0, 8191)) if not upper else ((0, 8191), (8192, 16383))):
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        for node, bus in list(zip(nodes, buses))[1:]:
            clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        me = clients[1].execute_command("CLUSTER", "MYID")
        until(lambda: all("cluster_known_nodes:3" in c.execute_command("CLUSTER", "INFO") for c in clients))
        clients[2].execute_command("CLUSTER", "REPLICATE", me)
        until(lambda: clients[2].info("replication")["master_link_status"] == "up")
        until(lambda: all("cluster_state:ok" in c.execute_command("CLUSTER", "INFO") for c in clients))
        yield nodes
    finally:
        for client in clients:
            client.close()
        for node in nodes:
            node.stop()


def test_a_stream_of_a_redis_cluster_is_found_and_followed(redis_cluster):
    """The node that is named has nothing of it: a replica, or another master. A planned failover cuts nobody off: the old master answers that the
    slot has moved."""
    import redis

    code, out = probed("redis", url("redis", redis_cluster[2]), "--duration", 1)
    assert code == 0 and "received 100, lost 0" in out, out

    def fail_over():
        with redis.Redis(port=redis_cluster[2].port) as replica:
            replica.execute_command("CLUSTER", "FAILOVER")

    recording = met({"adapter": "redis", "address": url("redis", redis_cluster[0]), "options": {"stream": APP}}, fail_over)
    assert any("MOVED" in text for text in recording.closed), recording.closed
    assert recording.lost == recording.failed and recording.received > 300, (recording.received, recording.closed)


def test_the_master_that_sentinels_promote_is_followed(tmp_path):
    master = redis_server(tmp_path / "m")
    running = [master, redis_server(tmp_path / "r", "--replicaof", "127.0.0.1", master.port, "--repl-diskless-sync-delay", 0)]
    try:
        import redis

        with redis.Redis(port=running[1].port) as replica:
            until(lambda: replica.info("replication")["master_link_status"] == "up")
        for number in range(3):
            port, conf = free_port(), tmp_path / ("s%d.conf" % number)
            conf.write_text(
                "port %d\nbind 127.0.0.1\nsentinel monitor app 127.0.0.1 %d 2\nsentinel down-after-milliseconds app 500\n"
                % (port, master.port)
            )
            running.append(Running(["redis-server", str(conf), "--sentinel"], port))
        with redis.Redis(port=running[2].port, decode_responses=True) as sentinel:
            until(lambda: len(sentinel.sentinel_sentinels("app")) == 2 and sentinel.sentinel_slaves("app"))

        def kill():
            running[2].stop()  # the Sentinel that was named goes as well: another one is asked
            master.stop()

        path = {"adapter": "redis", "address": url("redis", running[2]), "options": {"sentinel": "app"}}
        recording = met(path, kill, duration=8)
        assert "the probe connected again" in recording.closed and recording.received > 200, (recording.received, recording.closed)
        code, out = probed("redis", url("redis", running[3]), "--option", "sentinel=other", "--duration", 1)
        assert code == 2, out
    finally:
        for each in running:
            each.stop()


@pytest.fixture(scope="module")
def nats_nodes(tmp_path_factory):
    """Three servers that know one another; of each, how to start it again."""
    need("nats")
    folder, names = tmp_path_factory.mktemp("nats"), ("n1", "n2", "n3")
    ports, routes = [free_port() for _ in names], [free_port() for _ in names]
    joined = ",".join("nats://127.0.0.1:%d" % route for route in routes)

    def start(place):
        argv = ["nats-server", "-js", "-n", names[place], "-a", "127.0.0.1", "-p", str(ports[place]), "-sd", str(folder / names[place])]
        argv += ["--cluster_name", "events", "--cluster", "nats://127.0.0.1:%d" % routes[place], "--routes", joined]
        return Running(argv, ports[place])

    nodes = [start(place) for place in range(3)]
    yield nodes, start
    for node in nodes:
        node.stop()


def on(address, work):
    """What `work(client, stream)` gives on a NATS server."""
    import nats

    async def main():
        client = await nats.connect(address)
        try:
            return await work(client, client.jetstream())
        finally:
            await client.close()

    return asyncio.run(main())


def test_another_server_of_a_nats_cluster_is_gone_to(nats_nodes):
    """It was never named: the first one told of it."""
    nodes, start = nats_nodes

    async def others(client, stream):
        return len(client.servers) == 3

    until(lambda: on(url("nats", nodes[0]), others))
    recording = met({"adapter": "nats", "address": url("nats", nodes[0]), "options": {"core": True}}, nodes[0].stop)
    nodes[0] = start(0)
    assert "the probe connected again" in recording.closed and recording.received > 300, (recording.received, recording.closed)


def test_the_consumer_of_a_replicated_stream_is_on_all_its_nodes(nats_nodes):
    """One that lies on a single node is gone with it, and what the stream then keeps reads as lost."""
    nodes, _ = nats_nodes
    from nats.js.errors import Error

    async def make(client, stream):
        try:
            await stream.add_stream(name="APP", subjects=[APP], num_replicas=3)
        except Error:  # no leader of JetStream yet
            return False
        return True

    until(lambda: on(url("nats", nodes[1]), make))
    seen = []

    async def consumers(client, stream):
        seen.extend([len(c.cluster.replicas) for c in await stream.consumers_info("APP")])

    path = {"adapter": "nats", "address": url("nats", nodes[1]), "options": {"stream": "APP", "subject": APP}}
    recording = met(path, lambda: on(url("nats", nodes[1]), consumers), duration=2)
    assert seen == [2] and recording.lost == 0, (seen, recording.closed)


def test_a_message_counts_when_replicas_have_it(tmp_path):
    """WAIT: a replica that stands still has nothing, and the master alone is not enough."""
    import os
    import signal

    from pack.realtime import adapters, probe

    master = redis_server(tmp_path / "m")
    replica = redis_server(tmp_path / "r", "--replicaof", "127.0.0.1", master.port, "--repl-diskless-sync-delay", 0)
    try:
        import redis

        with redis.Redis(port=replica.port) as asked:
            until(lambda: asked.info("replication")["master_link_status"] == "up")

        def sent(replicas, many=20):
            made = adapters.make({"adapter": "redis", "address": url("redis", master), "options": {"wait": replicas}}, "t-wait")

            async def main(stop):
                told = []
                await made.open(lambda body, at, receiver: None)
                try:
                    for number in range(many):
                        made.post(b"m %d" % number, 0, told.append)
                    made.flush()
                    for number in range(many):
                        made.post(b"n %d" % number, 0, told.append)
                    made.flush()
                    end = time.monotonic() + 20
                    while len(told) < 2 * many and time.monotonic() < end:
                        await asyncio.sleep(0.01)
                finally:
                    await made.close()
                return told

            return probe.run(main)

        assert sent(1) == [None] * 40
        assert {str(error) for error in sent(2)} == {"1 of 2 replicas had it within 1 s"}
        os.kill(replica.process.pid, signal.SIGSTOP)
        try:
            assert {str(error) for error in sent(1, 3)} == {"0 of 1 replicas had it within 1 s"}
        finally:
            os.kill(replica.process.pid, signal.SIGCONT)
        assert sent(1, 3) == [None] * 6
        code, out = probed("redis", url("redis", master), "--option", "wait=1", "--duration", 1)
        assert code == 0 and "received 100, lost 0" in out and "failed" not in out, out
        code, out = probed("redis", url("redis", master), "--option", "wait=1", "--option", "pubsub=true", "--duration", 1)
        assert code == 2 and "the option wait is for streams" in out, out
    finally:
        replica.stop()
        master.stop()
