"""What a good guess about PostgreSQL gets wrong (GROUND P), where a fleet would trip over it; what other tests show beside their subject is not here."""

import os
import signal
import subprocess
import threading
import time

import pytest
from fleet import server as servers
from fleet.conftest import PACK
from fleet.test_leases import leased, member, tasks, wait  # noqa: F401 - member is a fixture

from pack.fleet import engine
from pack.fleet.engine import Engine, FleetError, Unreachable


def test_a_lease_in_an_old_transaction_is_not_born_expired(member, server, base):  # noqa: F811
    """now() is frozen at the transaction's start."""
    a = member("alice", ttl="1 s")
    conn = a.connected()
    conn.execute("begin isolation level serializable")
    time.sleep(1.2)
    assert conn.execute("select fleet.acquire(%s, %s, %s, %s)", a.me + ('[{"path": "src/a.py", "task": 1}]',)).fetchone() == ([],)
    assert conn.execute("select until > clock_timestamp() from fleet.runs where run = %s", a.me[:1]).fetchone() == (True,)
    assert conn.execute("commit").statusmessage == "COMMIT"


def test_a_commit_that_rolls_back_is_not_taken_for_stored(member, server, base, monkeypatch):  # noqa: F811
    """psycopg's commit() returns without an exception behind an error that somebody swallowed: the server's own word is read."""
    import psycopg

    with psycopg.connect(host=base["host"], port=base["port"], dbname=base["dbname"], user="alice") as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            conn.execute("select 1/0")
        conn.commit()
    a = member("alice")
    monkeypatch.setattr(engine, "ACQUIRE", engine.ACQUIRE.replace("; commit", "; rollback"))
    with pytest.raises(Unreachable, match="ROLLBACK to a commit"):
        a.want("src/a.py")
    assert leased(server, base) == []


def test_who_waits_for_a_lock_gives_up_in_time_though_its_client_is_gone(member, server, base):  # noqa: F811
    """A client that vanished in a running statement is noticed by keepalives and a check interval together only; what waits here has a bound of its own."""
    import psycopg

    a = member("alice")
    with psycopg.connect(host=base["host"], port=base["port"], dbname=base["dbname"], user="postgres") as holder:
        holder.execute("select 1 from fleet.runs where run = %s for update", a.me[:1])
        gone = member("alice")
        pid = gone.rows("select pg_backend_pid()")[0][0]
        worker = threading.Thread(target=lambda: pytest.raises(FleetError, gone.call, "heartbeat", *a.me, "{}", "", ""))
        worker.start()
        wait(lambda: server.sql("select wait_event_type from pg_stat_activity where pid = %s", (pid,)) == [("Lock",)], "it waits")
        wait(lambda: server.sql("select wait_event_type = 'Lock' from pg_stat_activity where pid = %s", (pid,)) != [(True,)], "it gives up")
        worker.join()
        holder.rollback()


def test_the_bell_rings_once_for_equal_things_and_nothing_rests_on_it(member, server, base):  # noqa: F811
    """NOTIFY folds equal payloads of one transaction and bears 7,999 bytes: what is said lies in rows, however long and however many."""
    a, b = member("alice"), member("bob")
    assert b.listen("shop")
    b.heard()
    conn = a.connected()
    conn.execute("begin")
    for n in range(3):
        conn.execute("select fleet.say(%s, %s, %s, 'squad-bob', null, %s)", a.me + ("%d%s" % (n, "\U0001f6f0" * 1999),))
    conn.execute("commit")
    rung = []
    wait(lambda: rung.extend(b.heard()) or "messages" in rung, "it rings")
    assert rung.count("messages") == 1
    assert [len(row[3]) for row in b.call("inbox", *b.me, [])] == [2000] * 3


def test_row_security_lets_truncate_and_views_pass_and_nobody_has_them(member):  # noqa: F811
    e = member("eve")
    for table in ("runs", "records", "leases", "items", "notes", "contracts", "messages"):
        with pytest.raises(FleetError) as caught:
            e.rows("truncate fleet.%s cascade" % table)
        assert caught.value.code == "42501"
    assert e.rows("select 1 from pg_views where schemaname = 'fleet'") == []


@pytest.mark.skipif(not os.path.exists("/usr/sbin/pgbouncer"), reason="no pgbouncer: scripts/dev/setup")
def test_behind_a_pooler_nobody_listens(server, base):
    """LISTEN is silent there, and the notification goes to a stranger: it is not said, and who waits looks now and then."""
    pooler = servers.Pooler(server, base["dbname"])
    try:
        with Engine({"host": "127.0.0.1", "port": str(pooler.port), "dbname": base["dbname"], "user": "alice"}) as one:
            assert one.listen("shop") is False
            assert one.rows("select count(*) from pg_listening_channels()") == [(0,)]
        with Engine(dict(base, user="alice")) as one:
            assert one.listen("shop") is True
    finally:
        pooler.remove()


def heeds():
    """ctrl-c counts in a child, also where these tests run in the background of a shell."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_watching_the_fleet_shows_a_change_without_being_asked(machines, tmp_path):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a = ams.session()
    a.build()
    assert a.register(tasks(["src/a.py"])) is None
    ams.settled()
    out = open(tmp_path / "seen", "w+")
    looking = subprocess.Popen(
        [PACK, "watch", "--fleet"], cwd=ber.clone, env=ber.env, stdout=out, stderr=subprocess.STDOUT, preexec_fn=heeds
    )
    try:
        wait(lambda: "squad-ams" in (tmp_path / "seen").read_text(), "it shows what there is")
        wait(lambda: "0/2 tasks" in (tmp_path / "seen").read_text(), "its plan")
        assert "closed" not in (tmp_path / "seen").read_text()
        assert ams.pack("abort", "--reason", "enough")[0] == 0
        wait(lambda: "closed" in (tmp_path / "seen").read_text(), "and what changes")
        looking.send_signal(signal.SIGINT)
        assert looking.wait(timeout=30) == 0
    finally:
        looking.kill()
        looking.wait()
        out.close()
