"""What real systems do to a consumer that does not keep up: what is kept, where the gap is, and who is told."""

import os
import sys

import pytest

from pack.realtime import adapters, audit, derive, managed, rtfile, slow

from .conftest import PROJECT, Running, free_port, make_project, need, pack

pytestmark = pytest.mark.broker


def lagging(adapter, address, messages=1200, size=64, **options):
    """What `pack rt slow` saw."""
    path = {"adapter": adapter, "address": address, "options": options, "payload_bytes": size}
    return slow.run(path, "t-slow-%s" % os.urandom(3).hex(), PROJECT, messages, 20000)


def test_redis_pubsub_cuts_who_reads_nothing_and_a_stream_keeps_all(redis_url):
    seen = lagging("redis", redis_url, 2600, 16384, pubsub=True)
    assert seen["acked"] == 2650 and seen["runs"][0][0] == 0 and seen["runs"][-1][1] < 2599, "it is cut at 32 MB, and nobody else knows"
    text = "\n".join(slow.lines(seen))
    assert "a gap of " in text and "the oldest were kept" in text and seen["after"] == slow.AFTER
    seen = lagging("redis", redis_url)
    assert seen["runs"] == [[0, 1199]] and seen["after"] == slow.AFTER and "no gap" in slow.lines(seen)[1]


def test_a_sender_that_is_held_up_is_told():
    seen = {"server": "s", "sent": 100, "acked": 150, "acknowledges": True, "held": 40, "failed": 0, "gone": 0, "runs": [[0, 99]], "after": 50, "twice": 0, "retained": None, "told": [], "sender": []}  # fmt: skip
    assert slow.lines(seen)[1] == "the sender was held up: 40 sends had not ended when the consumer took again"
    assert slow.lines(dict(seen, held=0))[1].startswith("no gap")


def test_what_the_system_refused_is_no_gap_of_the_consumer(tmp_path, capsys):
    """Redis at its memory's end refuses the rest, with its words; the consumer is given all that was taken."""
    need("redis")
    port = free_port()
    words = ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--maxmemory", "5mb", "--dir", str(tmp_path)]  # fmt: skip
    running = Running(words, port)
    try:
        assert pack("rt", "slow", "redis", "redis://127.0.0.1:%d/0" % port, "--messages", 1000, "--size", 16384) == 0
    finally:
        running.stop()
    out = capsys.readouterr().out
    assert "no gap: all " in out and " that the system took came, and 0 of the 50 sent afterwards" in out
    assert "the first send that failed: ReplyError: OOM command not allowed" in out and "gap of" not in out


def test_a_silent_gap_is_called_one():
    seen = {
        "server": "s",
        "sent": 100,
        "acked": 150,
        "acknowledges": True,
        "held": 0,
        "failed": 0,
        "gone": 80,
        "runs": [[0, 9], [90, 99]],
        "after": 50,
        "twice": 0,
        "retained": None,
        "sender": ["the first send that failed: x"],
    }
    silent = slow.lines(dict(seen, told=["the server cut the connection; redis-py subscribed again by itself, without an error"]))
    assert "a gap of 80 messages: 0 to 9, 90 to 99 came" in silent[1] and silent[2] == "a silent gap: no error reached the consumer"
    assert slow.lines(dict(seen, told=["SlowConsumerError"]))[2] == "the consumer was told"


def test_redis_pubsub_is_measured_too(redis_url, capsys):
    assert pack("rt", "probe", "redis", redis_url, "--rate", 200, "--duration", 1, "--option", "pubsub=true") == 0
    assert "received 200, lost 0" in capsys.readouterr().out


def test_nats_core_keeps_the_oldest_and_tells_and_jetstream_keeps_all(nats_url):
    seen = lagging("nats", nats_url, core=True, pending=300)
    assert len(seen["runs"]) == 1 and seen["runs"][0][0] == 0 and seen["runs"][0][1] in (299, 300, 301)
    assert seen["after"] == slow.AFTER and "slow consumer" in seen["told"][0]
    assert lagging("nats", nats_url)["runs"] == [[0, 1199]]


@pytest.mark.parametrize("options, runs", [({}, [[0, 999]]), ({"qos": 0}, [])])
def test_mosquitto_keeps_a_thousand_for_a_session_that_is_away(options, runs, mqtt_url):
    """It acknowledges the others and drops them; of QoS 0 it keeps none."""
    seen = lagging("mqtt", mqtt_url, **options)
    assert (seen["runs"], seen["after"], seen["failed"], seen["told"]) == (runs, slow.AFTER, 0, [])
    assert "a silent gap: no error reached the consumer" in slow.lines(seen)


@pytest.mark.parametrize(
    "away, options, came, told",
    [
        (4, ("message_expiry=1",), 0, []),  # the broker lets each of them go, and tells nobody
        (0.5, ("message_expiry=60",), 500, []),
        (4, ("session_expiry=1",), 0, ["the broker did not keep the session"]),
        (0.5, ("session_expiry=60", "message_expiry=60"), 500, []),
        (4, ("message_expiry=1", "qos=2"), 0, []),
    ],
)
def test_messages_and_sessions_of_mqtt_5_expire(away, options, came, told, mqtt_url, capsys):
    words = [word for option in options for word in ("--option", option)]
    code = pack("rt", "slow", "mqtt", mqtt_url, "--messages", 500, "--away", away, *words)
    out = capsys.readouterr().out
    assert code == (0 if came else 1) and "500 messages sent while the consumer took none (500 acknowledged, 0 failed)" in out, out
    assert (
        "no gap: all 500 came, and 50 of the 50" if came else "a gap of 500 messages: none came (the oldest are gone), and 50 of the 50"
    ) in out
    assert all(text in out for text in told) and ("did not keep the session" in out) == bool(told), out


def test_messages_that_expire_are_published_by_mqtt_5(mqtt_url, capsys):
    argv = ["rt", "probe", "mqtt", mqtt_url, "--rate", 200, "--duration", 2, "--option", "message_expiry=30", "--option", "qos=%d"]
    for qos in range(3):
        assert pack(*argv[:-1], "qos=%d" % qos) == 0
        assert "received 400, lost 0" in capsys.readouterr().out


def test_mosquitto_retains_the_newest(mqtt_url):
    seen = lagging("mqtt", mqtt_url, 100, retain=True)
    assert seen["retained"] == [149] and "message 149 at once, the newest" in slow.lines(seen)[-1]
    assert lagging("mqtt", mqtt_url, 100)["retained"] is None


@pytest.mark.parametrize("kind", ["classic", "quorum", "stream"])
def test_rabbitmq_keeps_all_in_every_type_of_queue(kind, rabbit_url):
    assert lagging("rabbitmq", rabbit_url, 300, queue_type=kind)["runs"] == [[0, 299]]


@pytest.mark.skipif(not os.path.exists("/usr/lib/rabbitmq/bin/rabbitmq-server"), reason="Debian's rabbitmq-server is not installed")
def test_confirmed_transient_messages_of_a_classic_queue_are_gone_after_a_kill(tmp_path):
    """The broker confirmed them; persistent ones of the same queue would be there (test_measure has those)."""
    ports = [free_port() for _ in range(3)]
    command = ["env", "RABBITMQ_NODE_PORT={port}", "RABBITMQ_NODENAME=t%d@localhost" % ports[0], "RABBITMQ_DIST_PORT=%d" % ports[1], "ERL_EPMD_PORT=%d" % ports[2]]  # fmt: skip
    command += ["HOME=%s" % tmp_path, "RABBITMQ_MNESIA_BASE=%s" % tmp_path, "RABBITMQ_LOG_BASE=%s" % tmp_path, "RABBITMQ_ENABLED_PLUGINS_FILE=%s/p" % tmp_path, "RABBITMQ_PID_FILE=%s/pid" % tmp_path, "/usr/lib/rabbitmq/bin/rabbitmq-server"]  # fmt: skip
    address = "amqp://guest:guest@127.0.0.1:%d/" % ports[0]
    server = managed.Server(command, address, str(tmp_path), 90)
    server.start()
    try:
        counts = {}
        for persistent in (False, True):
            made = adapters.make({"adapter": "rabbitmq", "address": address, "options": {"persistent": persistent}}, "t-%s" % persistent)
            counts[persistent] = made
        left = audit.probe.run(lambda stop: killed(counts, server))
        assert left == {False: 0, True: 40}
    finally:
        server.stop()


async def killed(made, server):
    """{persistent: messages that are there} after 40 of each were confirmed and the broker was killed and started again."""
    import asyncio

    for adapter in made.values():
        await adapter.prepare()
        for number in range(40):
            await adapter.send(b"token %d" % number)
        adapter.keep = True
        await adapter.close()
    await asyncio.get_running_loop().run_in_executor(None, server.kill)
    await asyncio.get_running_loop().run_in_executor(None, server.start)
    left = {}
    for persistent, adapter in made.items():
        await adapter.prepare()
        adapter.keep = False
        for _ in range(100):  # a queue is there before all that it kept is
            left[persistent] = (await adapter.channel.declare_queue(adapter.queue_name, passive=True)).declaration_result.message_count
            if left[persistent] == 40 or not persistent:
                break
            await asyncio.sleep(0.1)
        await adapter.close()
    return left


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A function that starts a server of the project folder with these words and gives its port."""
    started = []

    def start(program, *words):
        port = free_port()
        started.append(Running([sys.executable, os.path.join(PROJECT, program), str(port), *words], port))
        return port

    yield start
    for running in started:
        running.stop()


ROOM = {"mode": "broadcast", "event": "room"}


@pytest.mark.parametrize(
    "adapter, program, where, options",
    [
        ("websocket", "ws_server.py", "ws://127.0.0.1:%d/", {}),
        ("websocket", "ws_server.py", "ws://127.0.0.1:%d/room", {"mode": "broadcast"}),
        ("socketio", "sio_server.py", "http://127.0.0.1:%d", ROOM),
        ("sse", "sse_server.py", "http://127.0.0.1:%d/slow", {}),
    ],
)
def test_a_server_that_cuts_nobody_keeps_all_for_who_reads_late(adapter, program, where, options, served):
    seen = lagging(adapter, where % served(program), 800, 8192, **options)
    assert (seen["runs"], seen["after"], seen["failed"], seen["twice"], seen["told"]) == ([[0, 799]], slow.AFTER, 0, 0, [])
    acknowledged = "(800 acknowledged" if adapter == "sse" else "(800 handed over, for this protocol acknowledges nothing"
    assert acknowledged in slow.lines(seen)[0] and slow.lines(seen)[1].startswith("no gap: all 800 came")


@pytest.mark.parametrize(
    "adapter, program, where, options, told",
    [
        ("websocket", "ws_server.py", "ws://127.0.0.1:%d/room", {"mode": "broadcast"}, "ConnectionClosedError: received 1011 (internal error) keepalive ping timeout"),
        ("socketio", "sio_server.py", "http://127.0.0.1:%d", ROOM, "python-socketio called `disconnect`"),
    ],
)  # fmt: skip
def test_whoever_answers_no_ping_is_cut_off_and_misses_what_follows(adapter, program, where, options, told, served):
    """Both servers ping, and a client that takes nothing does not answer; in fractions of the usual time here."""
    address = where % served(program, "1.5")
    path = {"adapter": adapter, "address": address, "options": options, "payload_bytes": 8192}
    seen = slow.run(path, "t-slow-%s" % os.urandom(3).hex(), PROJECT, 1200, 200)
    assert seen["runs"][0][0] == 0 and seen["runs"][-1][1] < 1199 and seen["after"] == slow.AFTER
    lines = slow.lines(seen)
    assert "a gap of " in lines[1] and "(the oldest were kept)" in lines[1] and lines[2] == "the consumer was told" and told in lines[3]


def test_a_stream_of_events_that_ends_and_forgets_leaves_a_gap(served):
    seen = lagging("sse", "http://127.0.0.1:%d/forget" % served("sse_server.py"), 600)
    assert sum(last - first + 1 for first, last in seen["runs"]) == 260 and seen["after"] == slow.AFTER
    assert seen["told"] == ["the stream ended; it was asked for again"]


def test_who_shares_no_broadcast_has_no_slow_consumer(served, capsys):
    assert pack("rt", "slow", "socketio", "http://127.0.0.1:%d" % served("sio_server.py")) == 2
    assert "give --option mode=broadcast" in capsys.readouterr().err
    assert pack("rt", "slow", "websocket", "ws://127.0.0.1:%d/" % served("ws_server.py"), "--option", "mode=ping") == 2
    assert "a ping is answered by the connection, not by its consumer" in capsys.readouterr().err


def test_a_server_that_knows_no_message_of_ours_is_told(served, capsys):
    """Nothing is said of its slow consumers: the probe cannot speak with it."""
    assert pack("rt", "slow", "websocket", "ws://127.0.0.1:%d/mute" % served("faulty_server.py")) == 2
    told = capsys.readouterr().err
    assert "it does not send a message back" in told and "Traceback" not in told


def test_the_lag_of_a_slow_consumer_is_measured_and_has_a_budget(redis_url, tmp_path, capsys):
    need("redis")
    path = {
        "id": "p", "adapter": "redis", "address": redis_url, "rate": 200, "duration": 2, "messages": 50, "budget_ms": {"p99": 1900},
        "guarantee": "at-least-once", "worker": ["{python}", "faulty_worker.py", "slow"], "lag": {"messages": 20, "drain_s": 0.5},
    }  # fmt: skip
    team = make_project(tmp_path / "v", {"rt": 1, "project": "V", "waivers": {"kafka_e2e_p99": {"value": 1950, "reason": "a busy machine"}}, "paths": [path]})  # fmt: skip
    assert pack("rt", "lag", "--quiet", "--dir", team) == 1
    out = capsys.readouterr().out
    assert "p: lag at most " in out and "messages behind, rt.yaml allows 20" in out and "to catch up, rt.yaml allows 0.5 s" in out
    text, counts, _, _ = audit.delivery(path, "t-lag-%s" % os.urandom(3).hex(), PROJECT, {"kind": "x"})
    entry = dict(counts, guarantee="at-least-once", ledger={"lines": text.count("\n") + 1})
    kind = {"kind": "at_least_once_ack_log", "measure": "delivery"}
    found = derive.judge(kind, path, entry, {"id": "r"}, None, "n r\n" + text)
    assert found.verdict == "FAIL" and any("rt.yaml allows 20" in r for r in found.reasons), found.reasons
    assert derive.judge(kind, {k: v for k, v in path.items() if k != "lag"}, entry, {"id": "r"}, None, "n r\n" + text).verdict == "PASS"
    loose = {"rt": 1, "project": "V", "paths": [dict(path, lag={"messages": 30})]}
    told = rtfile.loosened({"rt": 1, "project": "V", "paths": [path]}, loose)
    assert told == ["path p: lag.messages was 20, is 30", "path p: lag.drain_s was 0.5, is gone"]
