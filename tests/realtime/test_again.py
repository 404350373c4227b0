"""A connection that the server cuts off in the middle is the system's; that nobody connects again would be the probe's. And what did not
come is not called lost without a look at where it is. On real brokers, with the command that users give."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

from pack.realtime import audit
from pack.teams import load

from .conftest import PROJECT, Running, free_port, make_project, met, need, pack, probed

pytestmark = pytest.mark.broker
CUT_AT = 12000  # bytes from the server, after which all connections are cut off, once: at most 187 messages of 64 bytes


class Cutter(threading.Thread):
    """A proxy that cuts all connections off once, when so many bytes came from the server."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.url, self.passed, self.open, self.ready = urlsplit(address), 0, set(), threading.Event()
        self.loop = asyncio.new_event_loop()

    def run(self):
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    async def _serve(self):
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port, self.over = server.sockets[0].getsockname()[1], asyncio.Event()
        self.ready.set()
        await self.over.wait()
        server.close()
        for writer in list(self.open):
            writer.transport.abort()
        await asyncio.sleep(0.1)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    async def _client(self, reader, writer):
        there, back = await asyncio.open_connection(self.url.hostname, self.url.port)
        self.open |= {writer, back}

        async def copy(source, target, counted):
            try:
                while data := await source.read(65536):
                    target.write(data)
                    before, self.passed = self.passed, self.passed + len(data) * counted
                    if before < CUT_AT <= self.passed:
                        for each in list(self.open):
                            each.transport.abort()
            except (ConnectionError, RuntimeError):
                pass
            finally:
                target.close()
                self.open.discard(target)

        await asyncio.gather(copy(reader, back, 0), copy(there, writer, 1))

    def through(self):
        """The address of the proxy."""
        self.start()
        self.ready.wait(10)
        return self.url._replace(netloc=self.url.netloc.replace(":%d" % self.url.port, ":%d" % self.port)).geturl()

    def end(self):
        """End it."""
        self.loop.call_soon_threadsafe(self.over.set)
        self.join(10)


@pytest.mark.parametrize(
    "adapter, fixture, options",
    [
        ("redis", "redis_url", ()),
        ("redis", "redis_url", ("pubsub=true",)),
        ("nats", "nats_url", ()),
        ("nats", "nats_url", ("core=true",)),
        ("mqtt", "mqtt_url", ()),
        ("mqtt", "mqtt_url", ("single=true",)),
        ("rabbitmq", "rabbit_url", ()),
        ("websocket", "ws_url", ()),
    ],
)
def test_whoever_is_cut_off_connects_again(adapter, fixture, options, request):
    cutter = Cutter(request.getfixturevalue(fixture))
    try:
        _, out = probed(adapter, cutter.through(), *(w for option in options for w in ("--option", option)))
    finally:
        cutter.end()
    assert "the probe connected again" in out, out
    assert int(out.partition("received ")[2].split(",")[0]) > 300, out


def test_a_consumer_that_somebody_deletes_is_no_loss_of_the_stream(nats_url):
    import nats

    async def delete():
        client = await nats.connect(nats_url)
        stream = client.jetstream()
        while True:
            for found in await stream.streams_info():
                for consumer in await stream.consumers_info(found.config.name):
                    if consumer.delivered.stream_seq > 50:
                        await stream.delete_consumer(found.config.name, consumer.name)
                        await client.close()
                        return
            await asyncio.sleep(0.05)

    _, out = probed("nats", nats_url, during=lambda: asyncio.run(delete()))
    lost = int(out.partition("lost ")[2].split("\n")[0])
    assert lost > 50 and "%d of what did not come are in the server's log" % lost in out, out


def test_a_subject_that_may_not_be_read_is_no_loss(tmp_path):
    need("nats")
    port = free_port()
    (tmp_path / "n.conf").write_text(
        'port: %d\nhost: 127.0.0.1\nauthorization { users: [ {user: a, password: b, permissions: {publish: ">", subscribe: "_INBOX.>"}} ] }\n'
        % port
    )
    running = Running(["nats-server", "-c", str(tmp_path / "n.conf")], port)
    try:
        code, out = probed("nats", "nats://a:b@127.0.0.1:%d" % port, "--option", "core=true", "--duration", 1)
    finally:
        running.stop()
    assert code == 1 and "INVALID: the server refuses to be read: 'Permissions Violation for Subscription" in out, out


def test_a_user_who_may_not_ask_for_info_measures_all_the_same(redis_url):
    import redis

    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all", "-@dangerous")
    try:
        code, out = probed("redis", redis_url.replace("redis://", "redis://app:pw@"), "--duration", 1)
    finally:
        with redis.Redis.from_url(redis_url) as client:
            client.execute_command("ACL", "DELUSER", "app")
    assert code == 0 and "redis 7" in out and "received 100, lost 0" in out, out


def test_a_queue_that_is_deleted_takes_nothing_though_the_broker_confirms(rabbit_url):
    import aio_pika

    name = "deleted-in-mid-run"

    async def with_channel(work):
        connection = await aio_pika.connect(rabbit_url)
        try:
            return await work(await connection.channel())
        finally:
            await connection.close()

    async def delete_when_read(channel):
        while not (await channel.declare_queue(name, passive=True)).declaration_result.consumer_count:
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)  # so that some messages come before
        await channel.queue_delete(name)

    asyncio.run(with_channel(lambda channel: channel.declare_queue(name, durable=True)))
    _, out = probed("rabbitmq", rabbit_url, "--option", "queue=" + name, during=lambda: asyncio.run(with_channel(delete_when_read)))
    assert "the broker cancelled the consumer: the queue was deleted" in out, out
    assert "failed to go out" in out, out


def test_a_virtual_host_that_is_not_there_is_named(rabbit_url):
    code, out = probed("rabbitmq", rabbit_url + "nowhere")
    assert code == 2 and "virtual host 'nowhere'" in out and "is it running" not in out, out


def test_what_came_and_a_restart_took_from_the_log_is_lost_to_whoever_reads_it_later(tmp_path, capsys):
    """Redis without a file: every message came in time, and the stream that has them begins anew."""
    import redis

    need("redis")
    port, running = free_port(), []
    argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    running.append(Running(argv, port))

    def restart():
        with redis.Redis(port=port) as client:
            while not [key for key in client.scan_iter(_type="stream") if client.xlen(key) > 150]:
                time.sleep(0.02)
        running.pop().stop()
        running.append(Running(argv, port))

    path = {
        "id": "orders",
        "adapter": "redis",
        "address": "redis://127.0.0.1:%d/0" % port,
        "rate": 100,
        "duration": 4,
        "budget_ms": {"p99": 1900},
        "guarantee": "at-least-once",
        "measures": ["kafka_e2e_latency"],
    }
    team = make_project(tmp_path / "p", {"rt": 1, "project": "P", "paths": [path]})
    thread = threading.Thread(target=restart)
    thread.start()
    try:
        assert pack("rt", "latency", "--quiet", "--dir", team) == 1
    finally:
        thread.join()
        running.pop().stop()
    out = capsys.readouterr().out
    assert "came and are gone from the server's log" in out and "FAIL" in out, out


def test_entries_that_somebody_takes_out_of_the_stream_are_told_beside_the_loss(redis_url):
    """An application that keeps its stream short: what is trimmed before a reader has it, nobody reads."""
    import redis

    with redis.Redis.from_url(redis_url) as client:
        client.xadd("kept.short", {"x": 1})
        over = threading.Event()

        def trim():
            while not over.is_set():
                client.xtrim("kept.short", maxlen=0, approximate=False)

        thread = threading.Thread(target=trim)
        thread.start()
        try:
            _, out = probed("redis", redis_url, "--option", "stream=kept.short", "--rate", 2000, "--duration", 2)
        finally:
            over.set()
            thread.join()
            client.delete("kept.short")
    assert "entries were taken out of the stream meanwhile" in out, out


def mosquitto(folder, conf):
    need("mqtt")
    port, folder = free_port(), folder / "m"
    folder.mkdir()
    (folder / "m.conf").write_text("listener %d 127.0.0.1\nallow_anonymous true\n%s" % (port, conf))
    return Running(["mosquitto", "-c", str(folder / "m.conf")], port)


def test_a_topic_that_may_not_be_read_is_no_loss(tmp_path):
    """mosquitto grants the subscription, and hands nothing out."""
    (tmp_path / "acl").write_text("topic write #\n")
    (tmp_path / "acl").chmod(0o644)
    tmp_path.chmod(0o755)
    broker = mosquitto(tmp_path, "user root\nacl_file %s\n" % (tmp_path / "acl"))
    try:
        code, out = probed("mqtt", "mqtt://127.0.0.1:%d" % broker.port, "--duration", 1)
    finally:
        broker.stop()
    assert code == 1 and "INVALID: the broker acknowledges what is sent" in out and "hands it to no subscriber" in out, out


def test_what_a_broker_says_it_has_no_room_for_is_not_sent_to_it(tmp_path):
    """A burst of QoS 2: mosquitto completes the handshake of what it drops, but says before how many it takes at once."""
    broker = mosquitto(tmp_path, "max_queued_messages 10\n")
    try:
        code, out = probed("mqtt", "mqtt://127.0.0.1:%d" % broker.port, "--option", "qos=2", "--rate", 4000, "--duration", 2)
    finally:
        broker.stop()
    assert "received 8000, lost 0" in out, out


@pytest.mark.parametrize(
    "conf, words, told",
    [
        ("message_size_limit 20\n", (), "packet too large (149); that is what the server answered"),
        (
            "max_qos 0\n",
            ("--option", "qos=1"),
            "QoS not supported, give a lower one as the option `qos` (155): it takes 0 at most; that is what",
        ),
    ],
)
def test_what_a_broker_refuses_is_no_question_of_a_login_or_of_its_being_there(conf, words, told, tmp_path):
    broker = mosquitto(tmp_path, conf)
    try:
        code, out = probed("mqtt", "mqtt://127.0.0.1:%d" % broker.port, "--duration", 1, *words)
    finally:
        broker.stop()
    assert code == 2 and told in out and "user and password" not in out and "is it running" not in out, out


def test_an_account_without_jetstream_is_told_so(tmp_path):
    need("nats")
    port = free_port()
    (tmp_path / "n.conf").write_text(
        'port: %d\nhost: 127.0.0.1\njetstream { store_dir: "%s" }\n'
        "accounts { A { jetstream: enabled, users: [{user: a, password: b}] }, B { users: [{user: c, password: d}] } }\n" % (port, tmp_path)
    )
    running = Running(["nats-server", "-c", str(tmp_path / "n.conf")], port)
    try:
        code, out = probed("nats", "nats://c:d@127.0.0.1:%d" % port, "--duration", 1)
    finally:
        running.stop()
    assert code == 2 and "has no JetStream" in out and "core: true" in out and "is it running" not in out, out


def test_sends_that_a_server_leaves_without_an_answer_are_counted():
    """It hangs: the connection stays, and nothing comes."""
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "sio_server.py"), str(port)], port)
    try:
        path = {"adapter": "socketio", "address": "http://127.0.0.1:%d" % port}
        recording = met(path, lambda: os.kill(running.process.pid, signal.SIGSTOP), duration=1)
    finally:
        running.stop()
    assert recording.lost > 20 and any(text.endswith("sends were never answered") for text in recording.closed), recording.closed


def test_a_stream_queue_is_read_as_one_without_being_told(rabbit_url):
    import aio_pika

    async def declare():
        async with await aio_pika.connect(rabbit_url) as connection:
            channel = await connection.channel()
            await channel.declare_queue("app.log", durable=True, arguments={"x-queue-type": "stream"})

    asyncio.run(declare())
    code, out = probed("rabbitmq", rabbit_url, "--option", "queue=app.log", "--duration", 1)
    assert "received 100, lost 0" in out, out


class OldBroker(threading.Thread):
    """In front of mosquitto: knows MQTT 3.1.1 only, and answers a connection of version 5 as brokers do that were seen: with a refusal, with
    the end of the connection, or not at all."""

    def __init__(self, port, answer):
        super().__init__(daemon=True)
        self.to, self.answer, self.stopped = port, answer, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.1)
        self.held = []

    def run(self):
        while not self.stopped.is_set():
            try:
                client = self.listener.accept()[0]
            except OSError:
                continue
            self.held.append(client)
            first = client.recv(4096)
            if first[8] == 4:
                there = socket.create_connection(("127.0.0.1", self.to))
                there.sendall(first)
                self.held.append(there)
                threading.Thread(target=self._copy, args=(client, there), daemon=True).start()
                threading.Thread(target=self._copy, args=(there, client), daemon=True).start()
            elif self.answer == "refuses":
                client.sendall(b"\x20\x02\x00\x01")
                client.close()
            elif self.answer == "ends":
                client.close()
        for each in self.held:
            each.close()
        self.listener.close()

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        """End it."""
        self.stopped.set()
        self.join(10)


@pytest.mark.parametrize("answer", ["refuses", "ends", "is silent"])
def test_a_broker_that_knows_mqtt_3_only_is_measured_by_it(answer, mqtt_url):
    broker = OldBroker(urlsplit(mqtt_url).port, answer)
    broker.start()
    try:
        code, out = probed("mqtt", "mqtt://127.0.0.1:%d" % broker.listener.getsockname()[1], "--duration", 1)
    finally:
        broker.stop()
    assert code == 0 and "received 100, lost 0" in out and "ended the connection" not in out, out


class ShyBroker(OldBroker):
    """In front of mosquitto: tells nothing of itself, as brokers in a cloud do. It refuses the subscription, says nothing to it, or ends the
    connection for it, at once or a little later. Knows MQTT 5."""

    def run(self):
        while not self.stopped.is_set():
            try:
                client = self.listener.accept()[0]
            except OSError:
                continue
            there = socket.create_connection(("127.0.0.1", self.to))
            self.held += [client, there]
            threading.Thread(target=self._guard, args=(client, there), daemon=True).start()
            threading.Thread(target=self._copy, args=(there, client), daemon=True).start()
        for each in self.held:
            each.close()
        self.listener.close()

    def _guard(self, client, there):
        wide = None
        try:
            while data := client.recv(65536):
                wide = data[8] == 5 if wide is None else wide
                if data[0] != 0x82 or b"$SYS" not in data:
                    there.sendall(data)
                elif self.answer == "refuses":
                    client.sendall(b"\x90\x04" + data[2:4] + b"\x00\x87" if wide else b"\x90\x03" + data[2:4] + b"\x80")
                elif self.answer.startswith("ends"):
                    if self.answer == "ends later":
                        client.sendall(b"\x90\x04" + data[2:4] + b"\x00\x00" if wide else b"\x90\x03" + data[2:4] + b"\x00")
                        if data.count(b"dropped") == 0:
                            continue
                        self.stopped.wait(0.02)
                    client.shutdown(socket.SHUT_RDWR)
                    return
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("answer", ["refuses", "ends", "ends later", "is silent"])
def test_a_broker_that_tells_nothing_of_itself_is_sound(answer, single, mqtt_url):
    broker = ShyBroker(urlsplit(mqtt_url).port, answer)
    broker.start()
    try:
        address = "mqtt://127.0.0.1:%d" % broker.listener.getsockname()[1]
        code, out = probed("mqtt", address, "--duration", 1, *(("--option", "single=true") if single else ()))
    finally:
        broker.stop()
    assert code == 0 and "received 100, lost 0" in out and "ended the connection" not in out and "refused" not in out, out


def test_a_broker_with_too_many_connections_is_not_called_away(tmp_path):
    need("nats")
    port = free_port()
    (tmp_path / "n.conf").write_text('port: %d\nhost: 127.0.0.1\njetstream { store_dir: "%s" }\nmax_connections: 1\n' % (port, tmp_path))
    running = Running(["nats-server", "-c", str(tmp_path / "n.conf")], port)
    try:
        code, out = probed("nats", "nats://127.0.0.1:%d" % port)
    finally:
        running.stop()
    assert code == 2 and "something listens there and ended the connection" in out and "is it running" not in out, out


def test_a_broker_of_kafkas_protocol_without_tls_is_not_called_away():
    from .test_kafka import started

    running, port = started()
    try:
        code, out = probed("kafka", "127.0.0.1:%d" % port, "--option", 'config={"security.protocol": "ssl"}')
    finally:
        running.stop()
    assert code == 2 and "takes the connection and gives no metadata: it asks for TLS" in out and "is it running" not in out, out


NOACK = """
import os, redis, time
from pack.realtime import audit_client

name, client = os.environ["PACK_RT_NAME"], redis.Redis.from_url(os.environ["PACK_RT_ADDRESS"])
try:
    client.xgroup_create(name, "g", id="0", mkstream=True)
except redis.ResponseError:
    pass
audit_client.ready()
count = 1 if client.xinfo_groups(name)[0]["entries-read"] in (0, None) else 10
while True:
    for _, items in client.xreadgroup("g", "w", {name: ">"}, count=count, block=200, noack=True) or ():
        count = 10
        while len(items) == 1 and client.xlen(name) < 200:  # as many as it may read at once are there
            time.sleep(0.01)
        for _, fields in items:
            audit_client.effect(audit_client.number(fields[b"m"]))
"""


def test_a_consumer_that_acknowledges_whole_batches_first_loses_some_wherever_they_begin(redis_url, tmp_path):
    """It dies three times. At even places that would always be the last of ten, after a first read of one."""
    (tmp_path / "w.py").write_text(NOACK)
    kinds = {e["kind"]: e for e in load("realtimeSystems")["evidence"]}
    path = {
        "id": "p",
        "adapter": "redis",
        "address": redis_url,
        "rate": 500,
        "messages": 200,
        "worker": ["{python}", "w.py"],
        "guarantee": "at-least-once",
    }
    _, counts, _, _ = audit.delivery(path, "pack-noack", str(tmp_path), kinds["at_least_once_ack_log"])
    assert counts["lost"] > 0, counts


@pytest.mark.parametrize("messages, crashes", [(200, 3), (300, 3), (10, 3), (1000, 9), (60, 1), (5, 5)])
def test_places_of_crashes_are_all_different_and_inside(messages, crashes):
    places = audit.crash_places(messages, crashes)
    assert len(set(places)) == crashes and all(0 <= place < messages for place in places)
    assert places == sorted(places)
