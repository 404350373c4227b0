"""A connection that the server cuts off in the middle is the system's; that nobody connects again would be the probe's. And what did not
come is not called lost without a look at where it is. On real brokers, with the command that users give."""

import asyncio
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from .conftest import START, Running, free_port, need

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


def probed(adapter, address, *words, during=None):
    """(exit code, all that was printed) of a probe; `during` is called while it sends."""
    argv = [sys.executable, "-I", START, "rt", "probe", adapter, address, "--rate", "100", "--duration", "6", *map(str, words)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        if during is not None:
            during()
        out = child.communicate(timeout=90)[0]
    finally:
        child.kill()
    return child.returncode, out


@pytest.fixture(scope="module")
def mqtt_url(tmp_path_factory):
    need("mqtt")
    port, folder = free_port(), tmp_path_factory.mktemp("mosquitto")
    (folder / "m.conf").write_text("listener %d 127.0.0.1\nallow_anonymous true\n" % port)
    running = Running(["mosquitto", "-c", str(folder / "m.conf")], port)
    yield "mqtt://127.0.0.1:%d" % port
    running.stop()


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
        'port: %d\nhost: 127.0.0.1\nauthorization { users: [ {user: a, password: b, permissions: {publish: ">", subscribe: "_INBOX.>"}} ] }\n' % port
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
