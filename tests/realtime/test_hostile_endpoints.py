"""Contracts from endpoints and brokers that misbehave, and recordings that people edited: one line, and nothing of theirs is taken."""

import json
import os
import socket
import threading
import time

import pytest

from pack.realtime import record

from .conftest import free_port, pack

RAW = {
    "refuse-to-speak": b"",
    "nonsense": b"SSH-2.0-OpenSSH_9.2\r\n",
    "torn": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    "torn-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "chunks": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n',
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    "binary": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00\x01",
    "deep": b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
    "error": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.fixture
def raw():
    """A server that says exactly these bytes to whoever connects; `endless` repeats a byte for ever, `huge` is longer than any contract."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    told, ended = {}, threading.Event()

    def serve():
        while not ended.is_set():
            try:
                client = listener.accept()[0]
            except OSError:
                continue
            with client:
                name = client.recv(65536).split(b" ")[1].decode().strip("/").split("?")[0]
                told["asked"] = name
                try:
                    if name in ("endless", "huge"):
                        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                        while not ended.is_set():
                            client.sendall(b"x" * (1 << 20 if name == "huge" else 1))
                            time.sleep(0 if name == "huge" else 0.05)
                    elif name == "silent":
                        ended.wait(5)
                    else:
                        client.sendall(RAW[name])
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    yield "http://127.0.0.1:%d/" % listener.getsockname()[1]
    ended.set()
    thread.join()
    listener.close()


@pytest.mark.parametrize(
    "name, told",
    [
        ("refuse-to-speak", "closed connection without response"),
        ("nonsense", "SSH-2.0"),
        ("torn", "its answer broke off after 2 of 100 bytes"),
        ("torn-chunks", "its answer broke off"),
        ("silent", "timed out"),
        ("endless", "its answer did not end within 0.5 s"),
        ("huge", "its answer is longer than 10 MB, no contract"),
    ],
)
def test_answers_that_are_no_contract(raw, name, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    limit = "60" if name == "huge" else "0.5"
    assert pack("record", "http", raw + name, "--name", "x", "--seconds", limit) == 2
    err = capsys.readouterr().err
    assert told in err and len(err.splitlines()) == 1 and "from real systems only" in err
    assert not os.path.exists("docs")


@pytest.mark.parametrize(
    "name, status, body",
    [
        ("chunks", 200, {"a": 1}),
        ("redirect", 302, ""),
        ("binary", 200, {"binary_bytes": 4}),
        ("deep", 200, "[" * 100_000),
        ("error", 500, {}),
    ],
)
def test_odd_answers_that_are_contracts(raw, name, status, body, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert pack("record", "http", raw + name, "--name", "x", "--date", "2026-03-04") == 0
    told = record.load("docs/design/contracts/2026-03-04", "x")
    assert (told["status"], told["body"]) == (status, body)
    assert pack("record", "replay", "docs/design/contracts/2026-03-04") == 0


@pytest.mark.parametrize(
    "url, told",
    [
        ("http://127.0.0.1:1/a b", "control characters"),
        ("http://127.0.0.1:1/größe", "write them as %XX"),
        ("http://127.0.0.1:port/", "nonnumeric port"),
        ("http:///", "no host given"),
        ("http://[::1/", "Invalid IPv6"),
        ("http://${NOT_THERE}/", "the environment has no NOT_THERE: export it first"),
    ],
)
def test_odd_addresses(url, told, capsys):
    assert pack("record", "http", url, "--name", "x") == 2
    err = capsys.readouterr().err
    assert told in err and len(err.splitlines()) == 1


def test_names_dates_and_headers(raw, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert pack("record", "http", raw + "chunks", "--name", "x", "--date", "../../etc") == 2 and "no date: 'etc'" in capsys.readouterr().err
    assert pack("record", "http", raw + "chunks", "--name", "x", "--date", "2026-02-30") == 2
    assert pack("record", "http", raw + "chunks", "--name", "Ümlaut") == 2 and "small letters" in capsys.readouterr().err
    assert pack("record", "http", raw + "chunks", "--name", "x", "--header", "nonsense") == 2 and "'NAME: VALUE'" in capsys.readouterr().err
    assert not os.path.exists("docs")
    assert pack("record", "http", raw + "chunks", "--name", "x", "--date", "2026-03-04") == 0
    capsys.readouterr()
    assert pack("record", "replay", "docs/design/contracts") == 2
    assert "the newest are in docs/design/contracts/2026-03-04" in capsys.readouterr().err


def test_edited_recordings_are_told_and_the_others_still_asked(raw, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "docs" / "design" / "contracts" / "2026-03-04"
    for name in ("a", "b", "c", "d"):
        assert pack("record", "http", raw + "chunks", "--name", name, "--date", "2026-03-04") == 0
    (folder / "a.json").write_text((folder / "a.json").read_text().replace('"a": 1', '"a": 2'))
    (folder / "b.json").write_text("{")
    (folder / "c.json").write_text("[]")
    (folder / "README.md").write_text((folder / "README.md").read_text() + "\n## Notes\n\nsee the runbook\n")
    capsys.readouterr()
    assert pack("record", "replay", folder) == 1
    out = capsys.readouterr().out
    for name in ("a", "b", "c"):
        assert (
            "EDITED   %s\n         %s.json was edited after it was recorded: take the edit back, or record it again" % (name, name) in out
        )
    assert "MATCHES  d" in out
    assert pack("record", "http", raw + "chunks", "--name", "e", "--date", "2026-03-04") == 0
    readme = (folder / "README.md").read_text()
    assert readme.endswith("## Notes\n\nsee the runbook\n") and "## e" in readme and "a.json was edited" in readme


def test_secrets_are_not_recorded_and_variables_are(raw, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAGING_TOKEN", "t0psecret")
    where = ("--date", "2026-03-04", "--name")
    assert pack("record", "http", raw + "chunks?token=t0psecret&page=2", *where, "a") == 0
    assert (
        pack("record", "http", raw + "chunks?token=${STAGING_TOKEN}", "--header", "Authorization: Bearer ${STAGING_TOKEN}", *where, "b")
        == 0
    )
    assert pack("record", "http", raw + "chunks", "--method", "POST", "--body", "user=x&password=t0psecret", *where, "c") == 0
    folder = tmp_path / "docs" / "design" / "contracts" / "2026-03-04"
    assert all("t0psecret" not in path.read_text() for path in folder.iterdir())
    assert "chunks?token=[REDACTED_SECRET]&page=2" in (folder / "README.md").read_text()
    capsys.readouterr()
    assert pack("record", "replay", folder) == 1
    out = capsys.readouterr().out
    assert "MATCHES  b" in out and "DRIFT    a\n         its request held a secret" in out and "DRIFT    c" in out
    port = free_port()
    assert pack("record", "topic", "redis", "redis://:t0psecret@127.0.0.1:%d/0" % port, "--option", "stream=s", "--name", "x") == 2
    assert "t0psecret" not in capsys.readouterr().err


def infer(*values):
    return record.infer(list(values))


def test_drift_is_what_breaks_a_consumer():
    assert record.drift(infer({"tags": ["a"]}), infer({"tags": []})) == [], "an empty list is a list"
    assert record.drift(infer({"a": {"b": 1}}, {}), infer({})) == [], "what was optional may be away, with everything in it"
    assert record.drift(infer({"a": 1}, {"a": None}), infer({"a": 1})) == [], "narrower breaks nobody"
    assert record.drift(infer({"a": 1}), infer({"a": 1.5})) == []
    assert record.drift(infer({"a": "x"}), infer({"a": "x"}, {"a": None})) == ["schema/a: type was string, is null/string"]
    assert record.drift(infer({"a": {"b": 1}}), infer({"a": {}})) == ["a.b is gone"]
    assert record.drift(infer({"a": 1}), infer({"a": 1}, {})) == ["a is not always there any more"]
    assert record.drift(infer([{"n": 1}]), infer([{"n": "1"}])) == ["schema/[]/n: type was integer, is string"]
    assert record.drift(infer({"a": 1}), infer([])) == ["schema/: type was object, is array"]


class Traffic:
    """Calls `once` every 50 ms from a thread of its own."""

    def __init__(self, once):
        self.once, self.ended = once, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(0.05):
            self.once()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *error):
        self.ended.set()
        self.thread.join()


@pytest.mark.broker
def test_an_applications_own_stream_fields(redis_url, tmp_path, monkeypatch):
    """Streams of a real application have fields of its own names, not the probe's `m`."""
    import redis

    client = redis.Redis.from_url(redis_url)
    with Traffic(lambda: client.xadd("orders.placed", {"order": "7", "note": "größer"})):
        told = record.topic("redis", redis_url, {"stream": "orders.placed"}, 2, 10)
    assert told["messages"][0] == {"order": "7", "note": "größer"} and told["schema"]["required"] == ["note", "order"]
    keys = set(client.keys())
    with pytest.raises(ValueError, match="give --option stream=NAME"):
        record.topic("redis", redis_url, {}, 1, 1)
    client.set("plain.key", "x")
    with pytest.raises(record.RecordError, match="WRONGTYPE"):
        record.topic("redis", redis_url, {"stream": "plain.key"}, 1, 1)
    client.delete("plain.key")
    assert set(client.keys()) == keys, "looking makes nothing"
    client.delete("orders.placed")
    client.close()


@pytest.mark.broker
def test_a_rabbit_queue_that_is_looked_at_loses_no_message(rabbit_url):
    import asyncio

    import aio_pika

    async def on_channel(work):
        connection = await aio_pika.connect(rabbit_url)
        async with connection:
            return await work(await connection.channel())

    async def fill(channel):
        await channel.declare_queue("orders.work", durable=False)
        exchange = await channel.declare_exchange("orders", "topic")
        await (await channel.get_queue("orders.work")).bind(exchange, "#")
        for number in range(3):
            await exchange.publish(aio_pika.Message(json.dumps({"n": number}).encode()), "orders.placed")

    async def count(channel):
        return (await channel.declare_queue("orders.work", passive=True)).declaration_result.message_count

    async def publish(channel):
        for number in range(40):
            await channel.get_exchange("orders")
            await (await channel.get_exchange("orders")).publish(aio_pika.Message(b'{"live": true}'), "orders.placed")
            await asyncio.sleep(0.05)

    asyncio.run(on_channel(fill))
    told = record.topic("rabbitmq", rabbit_url, {"queue": "orders.work"}, 1, 10)
    assert told["messages"] == [{"n": 0}]
    until = time.monotonic() + 10
    while asyncio.run(on_channel(count)) < 3 and time.monotonic() < until:
        time.sleep(0.1)
    assert asyncio.run(on_channel(count)) == 3, "what was looked at is still there for whom it is meant"
    thread = threading.Thread(target=lambda: asyncio.run(on_channel(publish)))
    thread.start()
    told = record.topic("rabbitmq", rabbit_url, {"exchange": "orders"}, 2, 10)
    thread.join()
    assert told["messages"] == [{"live": True}] * 2
    with pytest.raises(record.RecordError, match="no queue 'not.there'"):
        record.topic("rabbitmq", rabbit_url, {"queue": "not.there"}, 1, 1)


@pytest.mark.broker
def test_nats_subjects_are_heard_without_a_stream_of_ours(nats_url):
    import asyncio

    import nats

    async def publish():
        client = await nats.connect(nats_url)
        for _ in range(40):
            await client.publish("policy.decisions", b'{"ok": true}')
            await asyncio.sleep(0.05)
        await client.close()

    async def streams():
        client = await nats.connect(nats_url)
        found = await client.jetstream().streams_info()
        await client.close()
        return [s.config.name for s in found]

    before = asyncio.run(streams())
    thread = threading.Thread(target=lambda: asyncio.run(publish()))
    thread.start()
    told = record.topic("nats", nats_url, {"subject": "policy.decisions"}, 2, 10)
    thread.join()
    assert told["messages"] == [{"ok": True}] * 2 and asyncio.run(streams()) == before
    with pytest.raises(record.RecordError, match="is there live traffic"):
        record.topic("nats", nats_url, {"subject": "silent"}, 1, 0.3)
