"""PostgreSQL as an event store, through `eventsourcing`."""

import os
import time

import pytest

pytest.importorskip("eventsourcing", reason="eventsourcing is not installed (extra `eventstore`)")
pytest.importorskip("psycopg_pool", reason="psycopg-pool is not installed (extra `eventstore`)")

import psycopg

from pack.realtime import adapters, audit, derive, eventstore, probe, rtfile
from pack.teams import load

from ..fleet import server as postgres
from .conftest import pack, probed

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


@pytest.mark.parametrize("projection", ["true", "false"])
def test_a_follower_that_is_cut_off_goes_on_where_it_was(address, projection):
    """All backends are ended in the middle. The store has every event that was acknowledged, and the follower takes them all."""

    def cut():
        with psycopg.connect(address, autocommit=True) as admin:
            while not admin.execute(
                "SELECT count(*) FROM pg_stat_user_tables WHERE relname LIKE 'pack_probe%' AND n_tup_ins > 100"
            ).fetchone()[0]:
                time.sleep(0.05)
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    _, out = probed("eventstore", address, "--option", "projection=" + projection, during=cut)
    assert "the probe connected again" in out, out
    refused = int(out.partition(" failed to go out")[0].rpartition(", ")[2]) if "failed to go out" in out else 0
    assert int(out.partition("received ")[2].split(",")[0]) >= 600 - refused, out


def test_an_acknowledged_event_that_is_gone_is_a_hole_of_the_store_and_kills_no_receiver(address):
    """As a crash without a synchronous commit leaves it: the projection is at older versions than the writers, who go on with the next."""

    def takes_five_away():
        with psycopg.connect(address, autocommit=True) as admin:
            found = None
            while not found:
                time.sleep(0.05)
                found = admin.execute(
                    "SELECT relname FROM pg_stat_user_tables WHERE relname LIKE 'pack_probe%' AND relname NOT LIKE '%\\_at'"
                    " AND relname NOT LIKE '%\\_view' AND n_tup_ins > 100"
                ).fetchone()
            admin.execute("UPDATE %s_view SET version = version - 5" % found[0])

    _, out = probed("eventstore", address, "--option", "aggregates=5", during=takes_five_away)
    assert "the log has a hole, an event that was acknowledged before is gone" in out and "receiver died" not in out, out
    assert "received 600, lost 0" in out, out
