"""What a member writes, keeps open or sends without end: it is refused to that member, and nobody else waits for it unsaid."""

import json
import threading

import psycopg
import pytest
from fleet.test_hostile import ITEM, refuses
from fleet.test_leases import member  # noqa: F401 - a fixture

from pack.fleet import setup, sprint, status

DEEP = "[" * 5000 + "]" * 5000


def login(server, base, user):
    return psycopg.connect(host=server.folder, port=server.port, dbname=base["dbname"], user=user, autocommit=True)


@pytest.mark.parametrize("facts", ['{"x": %s}' % DEEP, '{"x": "%s"}' % ("a" * 5000)], ids=["deep", "long"])
def test_facts_have_a_bound(member, facts):  # noqa: F811
    """Each status of everybody reads them: 5,000 brackets ended it with a RecursionError."""
    a, e = member("alice"), member("eve")
    refuses(lambda: e.call("heartbeat", *e.me, facts, "", ""), "23514")
    assert "FLEET shop" in status.text(status.collect(a, "shop"))


def test_rows_have_a_bound(member):  # noqa: F811
    e = member("eve")
    item = lambda **more: json.dumps(dict(ITEM, **more))  # noqa: E731
    one = ("%032x" % 8, "%032x" % 9)
    for attempt in (
        lambda: e.call("put_item", "shop", "B1", 0, "squad-eve", item(title="x" * 200000), "m"),
        lambda: e.call("put_item", "shop", "B1", 0, "squad-eve", item(id="B2"), "m"),
        lambda: e.call("put_item", "shop", "B1", 0, "squad-eve", item(), "m" * 500),
        lambda: e.call("put_item", "shop", "B1", 0, "squad-eve", '{"more": %s, %s' % (DEEP, item()[1:]), "m"),
        lambda: e.call("add_note", "shop", "decision", "squad-eve", "", '{"text": "x", "more": %s}' % DEEP, "m"),
        lambda: e.call("publish", "shop", "squad-eve", "api", 0, "a" * 40, "d", '{"x": %s}' % DEEP, "[]", "m"),
        lambda: e.call("publish", "shop", "squad-eve", "api", 0, "a" * 40, "d", "{}", json.dumps(["z" * 200000]), "m"),
        lambda: e.call("heartbeat", *e.me, "{}", "b" * 2000, ""),
        lambda: e.call("announce", *one, "shop", "t", "squad-eve", "m", "l" * 2000, "main", "60 s"),
        lambda: e.call("keep_bundle", *e.me, "a" * 100, b"x"),
        lambda: e.rows("select fleet.keep_bundle(%s, %s, %s, 'a', decode(repeat('00', 34000000), 'hex'))", e.me),
    ):
        refuses(attempt, "23514")
    e.call("publish", "shop", "squad-eve", "api", 0, "a" * 40, "d", "{}", "[]", "m")
    refuses(lambda: e.call("need", "shop", "squad-eve", "api", ["p%d" % n for n in range(2000)], [], False), "23514")


def test_a_number_that_leaves_none_for_the_next_items_is_refused(member):  # noqa: F811
    a, e = member("alice"), member("eve")
    refuses(lambda: e.call("put_item", "shop", "B999999", 0, "squad-eve", json.dumps(dict(ITEM, id="B999999")), "m"), "FL055")
    assert e.call("put_item", "shop", "B900", 0, "squad-eve", json.dumps(dict(ITEM, id="B900")), "m"), (
        "a file's own numbers may begin somewhere"
    )
    assert a.call("put_item", "shop", "B1900", 0, "squad-alice", json.dumps(dict(ITEM, id="B1900", squad="squad-alice")), "m")


def test_a_row_of_before_that_nests_too_deep_is_told_in_a_line(member, server, base):  # noqa: F811
    a, e = member("alice"), member("eve")
    server.sql("alter table fleet.runs drop constraint facts_are_small", dbname=base["dbname"])
    e.call("heartbeat", *e.me, '{"x": %s}' % DEEP, "", "")
    assert "no program of ours wrote" in refuses(lambda: status.collect(a, "shop"), "ROW")
    assert a.rows("select 1") == [(1,)], "the connection is whole"


def test_a_checksum_that_is_not_given_is_none_that_fits(member):  # noqa: F811
    e = member("eve")
    refuses(lambda: e.call("ship", *e.me, 1, ['{"seq":1}'], None), "FL011")


def test_nobody_is_kept_talking_by_messages_without_end(member):  # noqa: F811
    """Each of them makes the other lead's turn longer."""
    _a, b, e = member("alice"), member("bob"), member("eve")
    for n in range(100):
        e.call("say", *e.me, "squad-alice", None, "number %d" % n)
    refuses(lambda: e.call("say", *e.me, "squad-alice", None, "one more"), "FL042")
    refuses(lambda: e.call("add_note", "shop", "decision", "squad-eve", "", '{"text": "told to all"}', "m"), "FL042")
    assert e.call("say", *e.me, "squad-bob", None, "to another squad") and b.call("say", *b.me, "squad-alice", None, "of another login")


def test_a_lock_that_any_login_can_take_keeps_no_contract(member, server, base):  # noqa: F811
    a = member("alice")
    with login(server, base, "nobody") as held:
        held.execute("begin")
        held.execute("select pg_advisory_xact_lock(hashtextextended('fleet contract shop/api', 0))")
        assert a.call("publish", "shop", "squad-alice", "api", 0, "a" * 40, "d", "{}", "[]", "m") == [(1,)]
        held.execute("rollback")


def test_of_two_that_publish_at_once_one_has_the_version(member, server, base):  # noqa: F811
    """The second one waits for the first one's end, then hears that it was late."""
    a, b = member("alice"), member("alice")
    said = []
    with login(server, base, "alice") as first:
        first.execute("begin")
        first.execute("select fleet.publish('shop', 'squad-alice', 'api', 0, %s, 'd1', '{}', '[]', 'm')", ("a" * 40,))

        def second():
            said.append(refuses(lambda: b.call("publish", "shop", "squad-alice", "api", 0, "b" * 40, "d2", "{}", "[]", "m"), "FL050"))

        other = threading.Thread(target=second)
        other.start()
        waits = "select 1 from pg_locks where not granted and database = (select oid from pg_database where datname = %s) or locktype = 'transactionid' and not granted"
        while not server.sql(waits, (base["dbname"],)):
            assert other.is_alive(), said
        first.execute("commit")
        other.join()
    assert "version 1 by now" in said[0] and [c["digest"] for c in sprint.contracts(a, "shop")] == ["d1"]


def test_who_keeps_a_lock_is_said(member, server, base):  # noqa: F811
    """A member's transaction that does not end keeps others from leases: they hear whose it is, and the owner ends it."""
    a, e = member("alice"), member("eve")
    held = login(server, base, "eve")
    try:
        held.execute("begin isolation level serializable")
        held.execute("select fleet.acquire(%s, %s, %s, '[{\"path\": \"q\", \"task\": 1}]')", e.me)
        said = refuses(lambda: a.acquire(*a.me, [{"path": "src/a.py", "task": 1}]))
        assert "lock timeout; open there: eve (process %d of the server)" % held.info.backend_pid in said, said
        server.sql("select pg_terminate_backend(%s)", (held.info.backend_pid,))
    finally:
        held.close()
    assert a.acquire(*a.me, [{"path": "src/a.py", "task": 1}]) == []


@pytest.mark.parametrize(
    "who, what", [("nobody", "select pg_advisory_xact_lock(hashtext('team fleet init'))"), ("alice", "select count(*) from fleet.runs")]
)
def test_init_does_not_wait_for_ever_for_somebodys_transaction(server, base, monkeypatch, who, what):
    where = {"host": server.folder, "port": str(server.port), "dbname": base["dbname"], "user": "postgres"}
    due = setup.migrations() + [(setup.VERSION + 1, "later", "alter table fleet.runs add column later integer")]
    monkeypatch.setattr(setup, "LOCK_SECONDS", 1)
    monkeypatch.setattr(setup, "migrations", lambda: due)
    monkeypatch.setattr(setup, "VERSION", due[-1][0])
    with login(server, base, who) as held:
        held.execute("begin")
        held.execute(what)
        said = refuses(lambda: setup.init(where))
        assert "keeps the schema from being changed; open there: %s (process %d" % (who, held.info.backend_pid) in said, said
        held.execute("rollback")
    assert setup.init(where) == [setup.VERSION]
