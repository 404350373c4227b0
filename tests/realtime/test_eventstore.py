"""PostgreSQL as an event store, through `eventsourcing`."""

import os

import pytest

pytest.importorskip("eventsourcing", reason="eventsourcing is not installed (extra `eventstore`)")
pytest.importorskip("psycopg_pool", reason="psycopg-pool is not installed (extra `eventstore`)")

from pack.realtime import adapters, audit, derive, eventstore, probe, rtfile
from pack.teams import load

from ..fleet import server as postgres
from .conftest import pack

pytestmark = [pytest.mark.broker, pytest.mark.skipif(not postgres.available(), reason=postgres.MISSING)]
TEAM = load("realtimeSystems")


@pytest.fixture(scope="module")
def address():
    one = postgres.Server().start()
    one.sql("ALTER USER postgres PASSWORD 'secret'")
    yield "postgresql://postgres:secret@127.0.0.1:%d/postgres" % one.port
    one.stop()


def test_all_that_an_event_store_must_hold(address, capsys):
    assert pack("rt", "events", address, "--events", 600, "--batch", 20) == 0
    out = capsys.readouterr().out
    assert "of 100 appends, two for each version, 50 were taken and 50 refused" in out
    assert "give the identical state" in out and "650 events of 21 aggregates" in out and "PostgreSQL 1" in out


def test_what_does_not_follow_is_seen(address):
    """An event that was removed, an event that was changed, and a projection that missed one."""
    store = eventstore.Store(address, "t_%s" % os.urandom(4).hex())
    store.make()
    try:
        one, two = eventstore.uuid.uuid4(), eventstore.uuid.uuid4()
        assert store.append([(one, 1, b"a"), (two, 1, b"b"), (one, 2, b"c")]) and not store.append([(one, 2, b"again")])
        first = store.replayed()
        store.rebuild()
        assert store.view() == first and store.position() == 3
        store._run("UPDATE %s SET state = 'z' WHERE originator_version = 2" % store.table)
        assert store.replayed() != first
        store._run("DELETE FROM %s WHERE originator_id = %%s AND originator_version = 1" % store.table, one)
        with pytest.raises(ValueError, match="version 2 follows 0"):
            store.replayed()
    finally:
        store.drop()
        store.close()


@pytest.mark.parametrize("projection", [True, False])
def test_every_event_reaches_its_projection(address, projection):
    made = adapters.make({"adapter": "eventstore", "address": address, "connections": 3, "options": {"projection": projection}}, "t-%s" % os.urandom(4).hex())  # fmt: skip

    async def main(stop):
        return await probe.told_run(made, 300, 1.5, 0.3, 64, None, stop)

    recording, told = probe.run(main)
    assert (recording.lost, recording.failed, recording.duplicates) == (0, 0, 0), (recording.closed, recording.receiver)
    assert told[0].startswith("PostgreSQL") and made.seen[address] >= 3


def test_an_event_store_s_order_is_the_same_on_replay(address):
    path = {"id": "p", "adapter": "eventstore", "address": address, "rate": 200, "duration": 2, "messages": 100, "budget_ms": {"p99": 1900}, "guarantee": "at-least-once", "ordering": "total"}  # fmt: skip
    assert rtfile.check({"rt": 1, "project": "x", "waivers": {}, "paths": [path]}, TEAM) == []
    asked = {kind for kind, _ in rtfile.required({"paths": [path]}, TEAM)}
    assert {"cqrs_command_to_projection", "ordering_verification"} <= asked
    text, counts, told, _ = audit.ordering(path, "t-%s" % os.urandom(4).hex(), ".")
    assert (counts["received"], counts["reordered_total"], counts["replay_identical"], counts["receiver"]) == (100, 0, True, None)
    entry = dict(counts, guarantee="at-least-once", ledger={"lines": text.count("\n") + 1})
    kind = next(e for e in TEAM["evidence"] if e["kind"] == "ordering_verification")
    assert derive.judge(kind, path, entry, {"id": "r"}, None, "n r\n" + text).verdict == "PASS" and told[0].startswith("PostgreSQL")


def test_a_server_that_is_not_there_is_told_in_a_line(capsys):
    assert pack("rt", "events", "postgresql://a:b@127.0.0.1:9/x") == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "Traceback" not in told
