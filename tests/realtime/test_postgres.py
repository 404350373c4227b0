"""PostgreSQL's LISTEN and NOTIFY, on a real server and behind a real pgbouncer."""

import asyncio
import os
import shutil
import time

import pytest

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed (extra `eventstore`)")

from pack.realtime import adapters, probe

from ..fleet import server as postgres
from .conftest import pack

pytestmark = [pytest.mark.broker, pytest.mark.skipif(not postgres.available(), reason=postgres.MISSING)]


@pytest.fixture(scope="module")
def running():
    one = postgres.Server().start()
    one.sql("ALTER USER postgres PASSWORD 'secret'")
    yield one
    one.remove()


@pytest.fixture(scope="module")
def address(running):
    return "postgresql://postgres:secret@127.0.0.1:%d/postgres" % running.port


def ran(address, *more, adapter="postgres"):
    return pack("rt", "probe", adapter, address, "--rate", 300, "--duration", "2s", *more)


def test_all_that_is_notified_is_heard_whole(address, capsys):
    assert ran(address, "--connections", 3, "--option", "channel=Odd \"name'\\", "--size", 7999) == 0
    out = capsys.readouterr().out
    assert "PostgreSQL 1" in out and "(real): sent 600, received 600, lost 0" in out and "damaged" not in out


def test_letters_of_an_array_s_own_come_back(address):
    """What stands between quotes and backslashes is told as it was."""
    heard = []

    async def main(stop):
        made = adapters.make({"adapter": "postgres", "address": address}, "pack-t-%s" % os.urandom(3).hex())
        await made.open(lambda body, at, receiver: heard.append(body))
        try:
            for body in (b'{"a": "b\\\\c", "d": [1, 2]}', b"NULL", b"", b"a,b{c}\n'", "größe".encode()):
                await made.send(body)
            until = time.monotonic() + 10
            while len(heard) < 5 and time.monotonic() < until:
                await asyncio.sleep(0.01)
        finally:
            await made.close()

    probe.run(main)
    assert heard == [b'{"a": "b\\\\c", "d": [1, 2]}', b"NULL", b"", b"a,b{c}\n'", "größe".encode()]


def test_a_payload_that_the_server_does_not_take_is_its_answer(address, capsys):
    ran(address, "--size", 8000)
    out = capsys.readouterr().out
    assert "sent 600, received 0, lost 600, 600 failed to go out" in out and "payload string too long" in out


@pytest.mark.parametrize(
    "change, told",
    [
        ((":secret@", ":wrong@"), "password authentication failed"),
        (("/postgres", "/nowhere"), 'database "nowhere" does not exist'),
        (("postgresql://", "redis://"), "is none of postgres; write it as postgresql://"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(change, told, address, capsys):
    assert ran(change[1].join(address.rsplit(change[0], 1))) == 2
    err = capsys.readouterr().err
    assert told in err and "Traceback" not in err and len([line for line in err.splitlines() if line.startswith("pack")]) == 1


def test_who_is_cut_off_connects_and_listens_again(running, address):
    """All backends of the probe are ended in the middle, as a restart or an administrator does."""

    async def main(stop):
        made = adapters.make({"adapter": "postgres", "address": address, "connections": 2}, "pack-t-%s" % os.urandom(3).hex())

        async def end():
            while not made.deliver or not made.links:
                await asyncio.sleep(0.01)
            await asyncio.sleep(1.5)
            await asyncio.get_running_loop().run_in_executor(
                None,
                running.sql,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE (query LIKE '%pg_notify($1%' OR query LIKE 'LISTEN%') AND pid <> pg_backend_pid()",
            )

        ending = asyncio.ensure_future(end())
        recording, _ = await probe.told_run(made, 200, 4.0, 0.5, 64, None, stop)
        await ending
        return recording

    recording = probe.run(main)
    assert 0 < recording.lost < 600 and recording.received > 100
    assert any("terminating connection due to administrator command" in text for text in recording.closed), recording.closed
    assert "the probe connected again" in recording.closed and recording.came(recording.sent - 1)


def test_a_listener_that_reads_nothing_misses_nothing_and_holds_nobody_up(address, capsys):
    assert pack("rt", "slow", "postgres", address, "--messages", 3000, "--size", 2000) == 0
    out = capsys.readouterr().out
    assert "no gap: all 3000 came, and 50 of the 50 sent afterwards" in out and "held up" not in out


def test_a_listener_in_an_open_transaction_is_named(running, address):
    """It holds the server's queue of notifications: the server says how full that is."""
    with psycopg.connect(address, autocommit=True) as holding, psycopg.connect(address, autocommit=True) as sending:
        holding.execute("LISTEN held")
        holding.execute("BEGIN")
        holding.execute("SELECT 1")
        made = adapters.make({"adapter": "postgres", "address": address}, "pack-t")
        assert asyncio.run(made.explain()) == []
        usage, until = 0.0, time.monotonic() + 120
        while usage < 0.01 and time.monotonic() < until:  # 8 GB of room: 80 MB of it
            sending.execute("SELECT pg_notify('held', repeat('x', 7900) || n) FROM generate_series(1, 2000) AS n")
            usage = sending.execute("SELECT pg_notification_queue_usage()").fetchone()[0]
        told = asyncio.run(made.explain())
        assert len(told) == 1 and "1 % full: somebody who listens stays in a transaction" in told[0]
        holding.execute("ROLLBACK")


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="no pgbouncer (Debian's package pgbouncer)")
@pytest.mark.parametrize("mode, code", [("session", 0), ("transaction", 1)])
def test_a_pooler_that_loses_the_listener_is_no_loss_of_the_server(mode, code, running, address, capsys):
    pooler = postgres.Pooler(running, "postgres", mode, ("postgres",))
    try:
        assert ran(address.replace(":%d/" % running.port, ":%d/" % pooler.port), "--connections", 2) == code
    finally:
        pooler.remove()
    out = capsys.readouterr().out
    if code:
        assert "INVALID: the server accepts LISTEN" in out and "pool_mode = transaction" in out
    else:
        assert "received 600, lost 0" in out


def test_a_standby_says_that_it_cannot(capsys):
    leader = postgres.Server().start()
    try:
        leader.sql("ALTER USER postgres PASSWORD 'secret'")
        standby = postgres.Server(standby_of=leader)
        standby.start()
        try:
            assert ran("postgresql://postgres:secret@127.0.0.1:%d/postgres" % standby.port) == 2
        finally:
            standby.remove()
    finally:
        leader.remove()
    assert "during recovery" in capsys.readouterr().err


def test_a_path_of_notifications_is_measured_and_cannot_be_audited(address):
    from pack.realtime import rtfile
    from pack.teams import load

    path = {"id": "news", "adapter": "postgres", "address": address, "rate": 100, "duration": 5, "budget_ms": {"p99": 50}, "guarantee": "at-most-once", "fault": ["consumer-kill"]}  # fmt: skip
    found = rtfile.check({"rt": 1, "project": "x", "paths": [path]}, load("realtimeSystems"))
    assert any("consumer-kill" in line for line in found)
    del path["fault"]
    wanted = rtfile.required({"rt": 1, "project": "x", "paths": [path]}, load("realtimeSystems"))
    assert wanted == [("kafka_e2e_latency", "news")]
