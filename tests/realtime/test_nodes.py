"""The node that a probe is connected to goes away, and the others have what it held: an application's client goes there, so the probe does. On real
clusters: Redis Cluster, Redis Sentinel, three NATS servers."""

import asyncio
import subprocess
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


def test_a_stream_that_moves_with_its_slot_is_followed_in_the_middle_of_it(redis_cluster):
    """The key is at the new node, and the slot still belongs to the old one, which answers ASK: for two seconds, as where a slot has many keys."""
    import redis
    from redis.crc import key_slot

    slot, states = key_slot(APP.encode()), []

    def migrate():
        with (
            redis.Redis(port=redis_cluster[1].port, decode_responses=True) as old,
            redis.Redis(port=redis_cluster[0].port, decode_responses=True) as new,
        ):
            ids = {client: client.execute_command("CLUSTER", "MYID") for client in (old, new)}
            new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[old])
            old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[new])
            states.append(old.execute_command("MIGRATE", "127.0.0.1", redis_cluster[0].port, APP, 0, 5000))
            time.sleep(2)
            new.execute_command("ASKING")
            states.append(new.xlen(APP))
            for client in (new, old):
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[new])
            time.sleep(0.5)
            states.append(new.xlen(APP))

    recording = met({"adapter": "redis", "address": url("redis", redis_cluster[2]), "options": {"stream": APP}}, migrate)
    assert states[0] == "OK" and states[1] > 150 and states[2] > states[1], (states, recording.closed)
    assert any("ASK %d" % slot in text for text in recording.closed), recording.closed
    assert recording.lost == recording.failed < 50 and recording.received > 450, (recording.received, recording.failed, recording.closed)


@pytest.fixture
def six_nodes(tmp_path):
    """Three masters with a replica each, made by redis-cli as its users make one."""
    nodes = [
        redis_server(
            tmp_path / str(n),
            *("--cluster-enabled", "yes", "--cluster-port", free_port(), "--cluster-node-timeout", 1500, "--appendonly", "yes"),
            *("--cluster-replica-validity-factor", 0, "--repl-diskless-sync-delay", 0),
        )
        for n in range(6)
    ]
    try:
        places = ["127.0.0.1:%d" % node.port for node in nodes]
        argv = ["redis-cli", "--cluster", "create", *places, "--cluster-replicas", "1", "--cluster-yes"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        import redis

        def settled(node):
            with redis.Redis(port=node.port, decode_responses=True) as client:
                told, link = client.execute_command("CLUSTER", "INFO"), client.info("replication")
            return "cluster_state:ok" in told and (
                link["role"] == "master" and link["connected_slaves"] or link.get("master_link_status") == "up"
            )

        until(lambda: all(settled(node) for node in nodes))
        yield nodes
    finally:
        for node in nodes:
            node.stop()


def test_the_leader_of_a_stream_s_slot_is_killed(six_nodes):
    """Its replica is elected by the other masters; the probe, which knew other nodes, goes there. What was acknowledged and not yet copied may be
    gone, and is then a loss."""
    import redis
    from redis.crc import key_slot

    killed = []

    def kill():
        with redis.Redis(port=six_nodes[0].port, decode_responses=True) as client:
            dealt = client.execute_command("CLUSTER", "SLOTS")
        port = next(row[2][1] for row in dealt if row[0] <= key_slot(APP.encode()) <= row[1])
        killed.append(next(node for node in six_nodes if node.port == port))
        killed[0].stop()

    recording = met({"adapter": "redis", "address": url("redis", six_nodes[0]), "options": {"stream": APP}}, kill, duration=15)
    other = next(node for node in six_nodes if node is not killed[0])
    with redis.Redis(port=other.port, decode_responses=True) as client:
        flags = [node["flags"] for node in client.cluster("nodes").values()]
    assert sum("master" in each and "fail" not in each for each in flags) == 3, flags
    assert "the probe connected again" in recording.closed and recording.received > 600, (recording.received, recording.closed)
    assert recording.lost >= recording.failed > 0


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
