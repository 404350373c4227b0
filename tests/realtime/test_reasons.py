"""A loss has its reason: where it is, what came instead, what the system says of it. And what breaks a protocol is not called sound."""

import os
import socket
import sys
import threading
import time

import pytest

from pack.realtime import adapters, claims, ledgerlines, losses, managed, probe, rtfile
from pack.realtime.recording import Recording
from pack.teams import load

from .conftest import PROJECT, Running, free_port, make_project, need, pack, probed

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def odd():
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "odd_server.py"), str(port)], port)
    yield "ws://127.0.0.1:%d" % port
    running.stop()


def seen(rate, sent, came, fanout=1):
    """A recording of `sent` messages of which the copies `came(number, receiver)` came."""
    recording = Recording(rate, fanout)
    recording.sent = sent
    for number in range(sent):
        for receiver in range(fanout):
            if came(number, receiver):
                recording.arrived(number, 0.0, receiver)
    return recording


@pytest.mark.parametrize(
    "came, told",
    [
        (lambda n: True, None),
        (lambda n: False, None),  # nothing came: that has reasons of its own
        (lambda n: n % 3, "what is missing is regular: 1 of every 3 messages"),
        (lambda n: n % 10 >= 4, "what is missing is regular: 4 of every 10 messages"),
        (lambda n: n < 300, "from second 3.00 on nothing came any more (message 300)"),
        (lambda n: n >= 50, "what is missing are the first 50 messages (0.50 s)"),
        (lambda n: not 100 <= n < 140, "what is missing is one piece: 40 messages from second 1.00 on"),
        (lambda n: n % 100 < 50, "what is missing is regular: 50 of every 100 messages"),
        (lambda n: n % 100 < 50 + n // 100, "what is missing are 10 gaps of 41 to 50 messages, which begin 1.01 s after one another: a limit"),
        (lambda n: n % 10 == n // 500, "100 gaps of 8 to 10 messages with a single one between them: a system that hands out the newest only, 10 times a second"),
        (lambda n: n in (7, 17, 28, 38, 49), "gaps of 7 to 950 messages with a single one between them: a system that hands out the newest only"),
        (lambda n: n not in (3, 90, 91, 700), "what is missing are 3 gaps of 1 to 2 messages (4 in all); the longest begins at second 0.90"),
    ],
)  # fmt: skip
def test_where_a_loss_is(came, told):
    shape = losses.shape(seen(100.0, 1000, lambda number, receiver: came(number)))
    assert shape is None if told is None else told in shape, shape


def ledger(lost, crashes=(), many=200):
    """The facts of an audit whose messages have the numbers 3, 6, 9, ... and of which those at the places `lost` had no effect."""
    lines = (
        ["s %d" % (3 * n + 3) for n in range(many)] + ["a %d" % (3 * n + 3) for n in range(many)] + ["c %d" % (3 * n + 3) for n in crashes]
    )
    return ledgerlines.parse("\n".join(lines + ["e %d" % (3 * n + 3) for n in range(many) if n not in lost]))


@pytest.mark.parametrize(
    "lost, crashes, told",
    [
        ((), (50,), None),
        ((50, 100, 150), (50, 100, 150), "each is the very message at which the consumer was killed"),
        (range(0, 200), (50,), None),  # nothing was handled: that has a reason of its own
        ((*range(51, 57), *range(101, 109)), (50, 100), "they begin where the consumer was killed, 6 to 8 messages each time"),
        (range(51, 80), (50,), "they begin where the consumer was killed, 29 messages each time"),
        (range(7, 200, 50), (60,), "what is missing is regular: 1 of every 50 messages"),
        (range(120, 200), (50,), "from second 1.20 on nothing came any more (message 120)"),
        ((20, 21, 90), (50,), "what is missing are 2 gaps of 1 to 2 messages (3 in all)"),
    ],
)
def test_what_an_audit_lost_is_told_by_its_ledger(lost, crashes, told):
    found = losses.audited(ledger(set(lost), crashes), 100.0)
    assert found is None if told is None else told in found, found


def test_what_was_never_acknowledged_is_none_of_a_loss():
    facts = [fact for fact in ledger({50, 51}, (50,)) if fact != ("a", 3 * 51 + 3, "")]
    assert "each is the very message" in losses.audited(facts, 100.0)


def test_a_message_misses_in_a_room_where_one_member_misses_it():
    recording = seen(100.0, 100, lambda number, receiver: number % 5 or receiver != 2, 3)
    assert losses.gaps(recording) == [[number, 1] for number in range(0, 100, 5)] and not losses.left_out(recording)
    assert losses.left_out(seen(100.0, 100, lambda number, receiver: receiver, 3))
    assert not losses.left_out(seen(100.0, 100, lambda number, receiver: receiver != 1, 3)), "a member that hears nothing is a loss"
    assert not losses.left_out(seen(100.0, 100, lambda number, receiver: receiver or number == 4, 3))


@pytest.mark.parametrize(
    "body, told",
    [
        (b'{"a": 1}', '"{\\"a\\": 1}"'),
        (b"a\n  b\tc", '"a b c"'),
        (b"\xff\xfe\x00", "3 bytes that are no text"),
        (b"a\x00b", "3 bytes that are no text"),
        (b"x" * 300, '"%s…"' % ("x" * 99)),
        (b"token=abcdef123456 ok", '"token=[REDACTED_SECRET] ok"'),
        ("größe", '"größe"'),
    ],
)
def test_a_message_of_somebody_s_is_shown_in_a_line_without_its_secrets(body, told):
    assert losses.shown(body) == told


@pytest.mark.parametrize(
    "path, told",
    [
        ("third", ["what is missing is regular: 1 of every 3 messages"]),
        ("gap", ["what is missing is one piece: 40 messages from second"]),
        ("newest", ["gaps of", "messages"]),
        ("limit", ["none of the probe's, the last one:", "rate limited", "[REDACTED_SECRET]"]),
        ("words", ["INVALID: it does not send a message back", 'binary: it says "{\\"ok\\": true, \\"n\\": 1}"']),
        ("bare", ["the server ended the connection, without a code"]),
    ],
)
def test_a_loss_is_told_with_what_is_known_of_it(path, told, odd, capsys):
    pack("rt", "probe", "websocket", "%s/%s" % (odd, path), "--rate", 100, "--duration", "3s")
    out = capsys.readouterr().out
    assert all(text in out for text in told) and "hunter" not in out, out


@pytest.mark.parametrize(
    "path, told",
    [
        ("masked", "it masks its frames, which only clients do (5.1)"),
        ("reserved", "a frame has a reserved bit set, and no extension was agreed on (5.2)"),
        ("opcode", "a frame has the opcode 3, which does not exist (5.2)"),
        ("ping", "a control frame is fragmented, or longer than 125 bytes (5.5)"),
        ("letters", "a text is no UTF-8 (8.1)"),
        ("middle", "a message begins in the middle of another one"),
    ],
)
def test_a_server_that_breaks_the_protocol_is_not_called_sound(path, told, odd, capsys):
    """Its messages could be read; clients of applications end such a connection."""
    pack("rt", "probe", "websocket", "%s/%s" % (odd, path), "--rate", 100, "--duration", "3s")
    out = capsys.readouterr().out
    assert "the server broke the protocol: %s; clients end such a connection with 1002" % told in out and "lost 0" not in out


def test_pieces_with_a_ping_between_are_sound(odd, capsys):
    assert pack("rt", "probe", "websocket", odd + "/fragments", "--rate", 100, "--duration", "3s") == 0
    assert "received 300, lost 0" in capsys.readouterr().out


def test_a_handshake_that_is_not_answered(odd, capsys):
    assert pack("rt", "probe", "websocket", odd + "/shut", "--duration", "1s") == 2
    assert "took the connection and ended it without an answer to the handshake" in capsys.readouterr().err


def test_a_room_that_leaves_out_the_sender_loses_nothing(odd, capsys):
    """As chat servers do (`socket.broadcast`): the copy to the sender was never owed."""
    words = ("rt", "probe", "websocket", odd + "/others", "--rate", 100, "--duration", "2s", "--option", "mode=broadcast")
    assert pack(*words, "--connections", 3, "--option", "frame=text") == 1
    out = capsys.readouterr().out
    assert "INVALID: the server hands a member's message to all members but itself" in out and "to_sender: false" in out
    assert pack(*words, "--connections", 3, "--option", "frame=text", "--option", "to_sender=false") == 0
    assert "sent 400, received 400, lost 0" in capsys.readouterr().out
    assert pack(*words, "--connections", 1, "--option", "to_sender=false") == 2
    assert "needs 2 connections or more" in capsys.readouterr().err


def test_who_only_sends_is_no_receiver():
    path = {"adapter": "websocket", "connections": 3, "options": {"mode": "broadcast"}}
    assert claims.receivers(path) == 3 and claims.receivers(dict(path, options={"mode": "broadcast", "to_sender": False})) == 2
    assert claims.receivers(dict(path, options={})) == 1 and claims.receivers({"adapter": "sse", "connections": 4}) == 4
    told = {"rt": 1, "project": "x", "paths": [dict(path, id="p", address="ws://127.0.0.1:1/", rate=100, duration=5, budget_ms={"p99": 15}, guarantee="at-most-once", ordering="causal")]}  # fmt: skip
    assert rtfile.check(told, load("realtimeSystems")) == []
    told["paths"][0]["options"]["to_sender"] = False
    assert "members that hear themselves" in "".join(rtfile.check(told, load("realtimeSystems")))


# What brokers say of a loss ------------------------------------------------------------------------------------------------


def told_of(path, rate=2000, size=64, duration=2.0):
    """The lines of the reasons of a probe's run on a path, and its loss."""
    made = adapters.make(path, "pack-t-%s" % os.urandom(3).hex())

    async def main(stop):
        return (await probe.told_run(made, rate, duration, 0.2, size, None, stop))[0]

    recording = probe.run(main)
    return recording.lost, "; ".join(recording.closed)


def test_what_a_limit_of_mosquitto_drops_is_told_by_its_own_count(tmp_path):
    need("mqtt")
    port = free_port()
    (tmp_path / "m.conf").write_text(
        "listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_bytes 2000\nmax_inflight_bytes 1000\nsys_interval 1\n" % port
    )
    running = Running(["mosquitto", "-c", str(tmp_path / "m.conf")], port)
    try:
        lost, told = told_of({"adapter": "mqtt", "address": "mqtt://127.0.0.1:%d" % port}, 3000, 800)
    finally:
        running.stop()
    assert lost and "messages meanwhile, those of the warm-up among them: a limit of a subscriber's queue" in told, told


def test_mosquitto_is_asked_no_longer_than_until_it_tells_of_itself(tmp_path):
    """Its count comes only where it has changed; that it tells of itself at all is seen by its uptime."""
    need("mqtt")
    port, ticks = free_port(), []
    (tmp_path / "m.conf").write_text("listener %d 127.0.0.1\nallow_anonymous true\nsys_interval 1\n" % port)
    running = Running(["mosquitto", "-c", str(tmp_path / "m.conf")], port)

    async def main(stop):
        made = adapters.make({"adapter": "mqtt", "address": "mqtt://127.0.0.1:%d" % port}, "pack-t")
        plain = made._came

        def came(topic, body, at):
            if topic.endswith(b"uptime"):
                ticks.append(body)
            plain(topic, body, at)

        made._came = came
        await made.open(lambda body, at, receiver: None)
        await made.send(b"one")
        before = len(ticks)
        assert await made.explain() == []
        asked = len(ticks) - before
        await made.close()
        return asked

    try:
        assert probe.run(main) in (1, 2)
    finally:
        running.stop()


@pytest.mark.parametrize(
    "arguments, told",
    [
        ({"x-max-length": 1}, "holds 1 messages at most, confirmed or not"),
        ({"x-max-length-bytes": 100, "x-overflow": "drop-head"}, "holds 100 bytes at most, (drop-head), confirmed or not"),
        ({}, "`rabbitmqctl list_queues name arguments effective_policy_definition` tells of limits"),
    ],
)
def test_a_queue_of_rabbitmq_is_asked_with_what_it_was_declared(arguments, told, rabbit_url):
    """A broker that confirms and drops says nothing; its refusal of another declaration names what the queue was declared with."""
    import aio_pika

    name = "limited-%s" % os.urandom(3).hex()

    async def main(stop):
        connection = await aio_pika.connect(rabbit_url)
        channel = await connection.channel()
        queue = await channel.declare_queue(name, durable=True, arguments=arguments)
        made = adapters.make({"adapter": "rabbitmq", "address": rabbit_url, "options": {"queue": name}}, "pack-t")
        said = await made.explain()
        left = (await channel.declare_queue(name, passive=True)).declaration_result
        await queue.delete()
        gone = await made.explain()
        there = await made._there(connection)
        await connection.close()
        return said, left, gone, there

    said, left, gone, there = probe.run(main)
    assert len(said) == 1 and told in said[0]
    assert (left.message_count, left.consumer_count) == (0, 0) and gone == [] and there is None, "nothing is made by asking"


def test_a_stream_that_lets_go_of_the_oldest_says_so(nats_url):
    import nats
    from nats.js.api import StreamConfig

    name = "few%s" % os.urandom(3).hex()

    async def main(stop):
        client = await nats.connect(nats_url)
        js = client.jetstream()
        await js.add_stream(StreamConfig(name=name, subjects=[name + ".m"], max_msgs_per_subject=1, max_age=3600))
        for _ in range(5):
            await js.publish(name + ".m", b"x")
        made = adapters.make({"adapter": "nats", "address": nats_url, "options": {"stream": name, "subject": name + ".m"}}, "pack-t")
        await made.prepare()
        said = await made.explain()
        await made.close()
        await js.delete_stream(name)
        await client.close()
        return said

    said = probe.run(main)
    assert said == ["the stream %s is limited (max_msgs_per_subject 1, max_age 3600), and lets go of the oldest for new ones, read or not: it begins at 5 now, and 5 were stored" % name]  # fmt: skip


def test_an_address_that_asks_for_tls_is_not_measured_in_the_clear(nats_url, capsys):
    """nats-py goes on without it where the server does not ask for it."""
    assert pack("rt", "probe", "nats", nats_url.replace("nats://", "tls://"), "--duration", "1s") == 2
    assert "the server speaks no TLS: everything, a password too, would go in the clear" in capsys.readouterr().err


def test_a_redis_without_room_is_not_called_away(tmp_path, capsys):
    need("redis")
    port = free_port()
    running = Running(
        ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path), "--bind", "127.0.0.1", "--maxclients", "1"], port
    )
    held, said, until = socket.socket(), b"", time.monotonic() + 10
    try:
        while not said.startswith(b"+PONG") and time.monotonic() < until:  # who looked whether it listens is still counted
            held.close()
            held = socket.create_connection(("127.0.0.1", port))
            held.sendall(b"PING\r\n")
            said = held.recv(100)
        assert pack("rt", "probe", "redis", "redis://127.0.0.1:%d/0" % port, "--duration", "1s") == 2
    finally:
        held.close()
        running.stop()
    assert "ERR max number of clients reached; that is what the server answered" in capsys.readouterr().err


@pytest.mark.parametrize("adapter, scheme", [("redis", "redis"), ("redis", "rediss"), ("nats", "nats"), ("mqtt", "mqtt"), ("rabbitmq", "amqp"), ("postgres", "postgresql"), ("eventstore", "postgresql")])  # fmt: skip
def test_whoever_listens_and_speaks_otherwise_is_not_called_away(adapter, scheme):
    """A server of another protocol: it takes the connection, and what it answers is nonsense."""
    if adapter in ("postgres", "eventstore"):
        pytest.importorskip("psycopg")
    if adapter == "eventstore":
        pytest.importorskip("eventsourcing")
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve():
        listener.settimeout(0.1)
        while not ended.is_set():
            try:
                client = listener.accept()[0]
            except OSError:
                continue
            threading.Thread(target=spoken, args=(client,), daemon=True).start()

    def spoken(client):
        with client:
            client.settimeout(20)
            try:
                client.recv(4096)
                client.sendall(b"220 mail.example.org ESMTP\r\n")
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        code, out = probed(adapter, "%s://127.0.0.1:%d" % (scheme, listener.getsockname()[1]), "--duration", "1s")
    finally:
        ended.set()
        thread.join()
        listener.close()
    assert code == 2 and "Traceback" not in out and "is it running there?" not in out, out


def test_whoever_is_away_is_called_away():
    code, out = probed("redis", "redis://127.0.0.1:%d" % free_port(), "--duration", "1s")
    assert code == 2 and "is it running there?" in out


def test_what_a_server_says_first_is_heard():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "tcp://127.0.0.1:%d" % listener.getsockname()[1]
        assert managed.greeting(address, 0.2) == b""
    assert managed.greeting(address, 0.2) == b""


@pytest.mark.parametrize(
    "command, told",
    [
        (["echo", "a b c"], "the effects command printed 'a b c': a line is a message's number"),
        (["echo", "3 größe"], "a line is a message's number, and its partition in ASCII or nothing"),
        (["echo", "-4"], "the effects command printed '-4'"),
        (["false"], "the effects command ended with exit code 1: it printed nothing"),
        (["/no/such/program"], "the effects command cannot be run"),
    ],
)
def test_effects_that_cannot_be_read_are_told_in_a_line(command, told, redis_url, tmp_path, capfd):
    path = {"id": "p", "adapter": "redis", "address": redis_url, "rate": 200, "duration": 5, "messages": 20, "budget_ms": {"p99": 50}, "guarantee": "exactly-once",
            "worker": "builtin:effect-then-ack", "effects": command}  # fmt: skip
    team = make_project(tmp_path / "p", {"rt": 1, "project": "x", "paths": [path]})
    assert pack("rt", "audit", "--quiet", "--dir", team) == 2
    err = capfd.readouterr().err
    assert told in err and "Traceback" not in err


def test_what_the_server_still_holds_is_not_called_gone(redis_url, tmp_path, capfd):
    """A consumer that leaves every tenth message alone: the broker would hand it out again, so nothing is gone there."""
    (tmp_path / "lazy.py").write_text(LAZY)
    path = {"id": "p", "adapter": "redis", "address": redis_url, "rate": 200, "duration": 5, "messages": 40, "crashes": 1, "budget_ms": {"p99": 50}, "guarantee": "at-least-once",
            "worker": [sys.executable, str(tmp_path / "lazy.py")], "redelivery_s": 1}  # fmt: skip
    team = make_project(tmp_path / "p", {"rt": 1, "project": "x", "paths": [path]})
    assert pack("rt", "audit", "--quiet", "--dir", team) == 1
    out = capfd.readouterr().out
    assert (
        "4 acknowledged message(s) of 40 lost; what is missing is regular: 1 of every 10 messages; the server still holds 4 for the consumer"
        in out
    ), out


@pytest.mark.parametrize(
    "options, arguments, told",
    [
        ({}, None, "the server still holds 1 for the consumer"),  # handed back for ever: never handled, and not gone
        ({"quorum": True}, None, "the server still holds 1 for the consumer"),
        ({}, {"x-queue-type": "quorum", "x-delivery-limit": 3}, "lets go of what was handed out 3 times, confirmed or not"),
        ({}, {"x-message-ttl": 300, "x-max-length": 5000}, "lets go of what has waited for 300 ms"),
    ],
)
def test_a_message_that_is_handed_back_for_ever(options, arguments, told, rabbit_url, tmp_path, capfd):
    """Until a limit of its queue lets it go: then it is lost, and the limit is named."""
    import aio_pika

    if arguments:
        options = {"queue": "limits-%s" % os.urandom(3).hex()}

        async def declare(stop):
            connection = await aio_pika.connect(rabbit_url)
            await (await connection.channel()).declare_queue(options["queue"], durable=True, arguments=arguments)
            await connection.close()

        probe.run(declare)
    path = {"id": "p", "adapter": "rabbitmq", "address": rabbit_url, "options": options, "rate": 200, "duration": 5, "messages": 40, "crashes": 1, "budget_ms": {"p99": 50},
            "guarantee": "at-least-once", "worker": [sys.executable, "requeuer.py"], "redelivery_s": 1}  # fmt: skip
    team = make_project(tmp_path / "p", {"rt": 1, "project": "x", "paths": [path]})
    assert pack("rt", "audit", "--quiet", "--dir", team) == 1
    out = capfd.readouterr().out
    lost = "acknowledged message(s) of 40 lost" if "x-message-ttl" in (arguments or {}) else "1 acknowledged message(s) of 40 lost"
    assert lost in out and told in out, out  # of the queue with a TTL also what waited while the worker was away


LAZY = """
import os, socket, sys
import redis
host, port = os.environ["PACK_RT_POINT"].rsplit(":", 1)
line = socket.create_connection((host, int(port))).makefile("rwb")
def say(text):
    line.write(text.encode() + b"\\n")
    line.flush()
    if line.readline() != b"go\\n":
        os._exit(1)
client, stream = redis.Redis.from_url(os.environ["PACK_RT_ADDRESS"]), os.environ["PACK_RT_NAME"]
try:
    client.xgroup_create(stream, "mine", id="0", mkstream=True)
except redis.ResponseError:
    pass
say("ready")
last, seen = "0", {}
while True:
    answer = client.xreadgroup("mine", "me", {stream: last}, count=10, block=200)
    for key, fields in answer[0][1] if answer else []:
        place = seen.setdefault(key, len(client.xrange(stream, max=key)))
        if place % 10 != 5:
            say("effect %d" % int(fields[b"m"].split()[1]))
            client.xack(stream, "mine", key)
    last = ">"
"""


# Socket.IO -------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def socketio():
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "sio_server.py"), str(port)], port)
    yield "http://127.0.0.1:%d" % port
    running.stop()


@pytest.mark.parametrize("where, options, code, told", [
    ("", ("event=second",), 0, "received 100, lost 0"),
    ("", ("event=second", "data=text"), 0, "received 100, lost 0"),
    ("", ("event=aside", "mode=broadcast"), 1, "INVALID: the server hands a member's message to all members but itself"),
    ("", ("event=aside", "mode=broadcast", "to_sender=false"), 0, "sent 200, received 200, lost 0"),
    ("/?door=shut", (), 2, "the server refuses the namespace / (say the word): does it know one of that name, and does it want `auth` or `headers`"),
    ("/?door=shut", ('auth={"word": "sesame"}',), 0, "received 100, lost 0"),
    ("/?door=shut", ('headers={"X-Word": 1}',), 0, "received 100, lost 0"),
    ("", ("namespace=/nowhere",), 2, "the server refuses the namespace /nowhere"),
])  # fmt: skip
def test_a_server_of_socketio_as_it_is(where, options, code, told, socketio, capsys):
    words = [word for option in options for word in ("--option", option)]
    assert pack("rt", "probe", "socketio", socketio + where, "--rate", 100, "--duration", 1, "--connections", 3, *words) == code
    out = "".join(capsys.readouterr())
    assert told in out and "Traceback" not in out, out


# A pool of MQTT --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, lost, told",
    [
        ((), 0, "PASS    at_least_once_ack_log p"),
        (("clean",), 1, "lost; they begin where the consumer was killed"),
    ],
)
def test_a_shared_subscription_is_the_worker_s_own_and_its_session_is_what_keeps(words, lost, told, mqtt_url, tmp_path, capfd):
    """A member that forgets its session with the connection loses what comes while it is away; the audit says where."""
    path = {"id": "p", "adapter": "mqtt", "address": mqtt_url, "rate": 100, "duration": 5, "messages": 120, "crashes": 2, "budget_ms": {"p99": 50}, "guarantee": "at-least-once",
            "worker": [sys.executable, "shared_worker.py", *words]}  # fmt: skip
    team = make_project(tmp_path / "p", {"rt": 1, "project": "x", "paths": [path]})
    assert pack("rt", "audit", "--quiet", "--dir", team) == lost
    out = capfd.readouterr().out
    assert told in out and "Traceback" not in out, out
