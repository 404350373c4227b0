"""One file, one coder, across machines: asked for by plan and task, kept alive by the shipper, judged by the database's clock."""

import json
import os
import signal
import threading
import time

import pytest
from tests.conftest import git
from hooks.driver import plan

from pack.fleet import files
from pack.fleet.engine import Engine, FleetError


def tasks(*names, **more):
    """A plan of one task for each list of files."""
    raw = plan("SIMPLE")
    first, last = raw["tasks"][0], raw["tasks"][-1]
    rows = [dict(first, id=n + 1, subject="Task %d" % (n + 1), files=list(f)) for n, f in enumerate(names)]
    raw["tasks"] = rows + [dict(last, id=len(rows) + 1, blocked_by=[r["id"] for r in rows])]
    return dict(raw, **more)


def leased(server, base):
    return [p for (p,) in server.sql("select path from fleet.leases order by key", dbname=base["dbname"])]


def wait(what, why="never"):
    for _ in range(1500):
        if what():
            return
        time.sleep(0.02)
    raise AssertionError(why)


def test_a_plan_that_needs_another_squads_file_is_refused_with_who_and_the_ways_on(machines, server, base):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    a.build()
    assert a.register(tasks(["src/a.py"], ["src/b.py"])) is None
    b.build()
    before = len(ber.records())
    refused = b.register(tasks(["src/c.py"], ["src/b.py"]))
    assert "LEASED_ELSEWHERE" in refused and "src/b.py is squad squad-ams's" in refused
    for said in ("feature-add-a-greeting", "task #2", "on ams", "since 20", "wait", "pack fleet ask squad-ams", "pack task rescope"):
        assert said in refused, said
    assert b.state()["phase"] == "DISCOVERY" and not b.state()["plan"]["registered"]
    assert [r["event"] for r in ber.records()[before:]] == ["REFUSED"], "a refusal is recorded and nothing else happened"
    assert leased(server, base) == ["src/a.py", "src/b.py"], "all or none"
    assert b.register(tasks(["src/c.py"])) is None
    assert leased(server, base) == ["src/a.py", "src/b.py", "src/c.py"]


@pytest.mark.parametrize(
    "held, asked",
    [
        ("src/a.py", "SRC/A.py"),
        ("src/", "src/deep/x.py"),
        ("src/deep/x.py", "src/"),
        ("src/deep/x.py", "Src/Deep/"),
        ("stra\u00dfe.py", "STRASSE.py"),
        ("caf\u00e9.py", "cafe\u0301.py"),
        ("a//b/../src/x.py", "src/x.py"),
        ("docs", "docs/"),
    ],
    ids=["case", "folder above", "folder asked", "folder case", "sharp s", "composed", "dots", "file or folder"],
)
def test_one_file_has_one_spelling(machines, held, asked):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    held = "src/x.py" if held.startswith("a//") else held
    a.build()
    assert a.register(tasks([held])) is None
    b.build()
    assert "LEASED_ELSEWHERE" in b.register(tasks([asked if held != "src/x.py" else "src/../src/./x.py"]))


@pytest.mark.parametrize("other", ["src2/a.py", "src/a.pyx", "src.py", "sr/c"])
def test_neighbours_do_not_hinder_each_other(machines, other):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    a.build()
    assert a.register(tasks(["src/a.py"])) is None
    b.build()
    assert b.register(tasks([other])) is None


def test_a_link_is_the_file_that_it_leads_to(machines):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    os.symlink("src", os.path.join(ber.clone, "link"))
    a, b = ams.session(), ber.session()
    a.build()
    assert a.register(tasks(["src/a.py"])) is None
    b.build()
    assert "LEASED_ELSEWHERE" in b.register(tasks(["link/a.py"]))


def test_lineages_do_not_hinder_each_other_and_branches_of_one_do(machines):
    own = ("--own", "release/*")
    ams, ber, cph = machines("ams", "alice", options=own), machines("ber", "bob", options=own), machines("cph", "carol", options=own)
    git(ams.clone, "checkout", "-qb", "feature-1")
    git(ber.clone, "checkout", "-qb", "release/1.x")
    git(cph.clone, "checkout", "-qb", "feature-2")
    a, b, c = ams.session(), ber.session(), cph.session()
    for s in (a, b, c):
        s.build()
    assert a.register(tasks(["src/a.py"])) is None
    assert b.register(tasks(["src/a.py"])) is None
    assert "LEASED_ELSEWHERE" in c.register(tasks(["src/a.py"]))


def test_add_rescope_and_cancel_move_leases(machines, server, base):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    a.build()
    a.register(tasks(["src/a.py"], ["src/b.py"]))
    b.setup("SIMPLE", raw=tasks(["src/c.py"]))
    assert "LEASED_ELSEWHERE" in b.bash("lead", "pack task rescope 1 --file src/a.py --reason more")
    assert b.state()["tasks"]["1"]["files"] == ["src/c.py"]
    one = dict(tasks(["src/b.py"])["tasks"][0], id=9)
    assert "LEASED_ELSEWHERE" in b.bash("lead", "pack task add <<'EOF'\n%s\nEOF" % json.dumps(one))
    assert b.bash("lead", "pack task rescope 1 --file src/d.py --reason more") is None
    assert leased(server, base) == ["src/a.py", "src/b.py", "src/c.py", "src/d.py"]


def test_conventions_are_asked_for_when_their_task_is_claimed(machines, server, base):
    """Every plan ends with a task on `.conventions/`: two squads can plan, and one at a time writes them."""
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    sessions = [m.session() for m in (ams, ber)]
    for n, s in enumerate(sessions):
        s.setup("SIMPLE", raw=tasks(["src/%d.py" % n]))
        s.do_task("coder-1", 1, "src/%d.py" % n)
    assert ".conventions/" not in leased(server, base)
    assert sessions[0].say("coder-1", "supervisor", "CLAIM: task #2") is None
    assert leased(server, base)[0] == ".conventions/"
    assert "LEASED_ELSEWHERE" in sessions[1].say("coder-1", "supervisor", "CLAIM: task #2")
    assert "LEASED_ELSEWHERE" in sessions[1].say("coder-1", "supervisor", "DONE: task #1, claiming task #2")
    assert "LEASED_ELSEWHERE" in sessions[1].edit("coder-1", ".conventions/x.md"), "the write that claims, too"
    assert sessions[1].state()["tasks"]["2"]["state"] == "PENDING"


SHORT = ("--lease-minutes", "0.03")


def expire(server, base, team=None):
    server.sql("update fleet.runs set until = clock_timestamp() - interval '1 second'", dbname=base["dbname"])


def test_a_commit_under_a_lost_lease_is_refused_and_says_who_has_it(machines, server, base):
    ams, ber = machines("ams", "alice", options=("--lease-minutes", "0.5")), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    a.say("coder-1", "supervisor", "CLAIM: task #1")
    a.edit("coder-1", "src/a.py", "a = 1\n")
    a.review("coder-1", 1)
    ams.settled()
    ams.kill(signal.SIGSTOP)  # the machine sleeps
    expire(server, base)
    b.build()
    assert b.register(tasks(["src/a.py"])) is None, "what has run out is free"
    os.kill(ams.ship()["pid"], signal.SIGCONT)  # and wakes as a zombie
    refused = a.bash("coder-1", "git add src/a.py && git commit -qm 'feat: one'")
    assert "LEASE_LOST" in refused and "squad squad-ber has it" in refused and "on ber" in refused
    assert git(ams.clone, "log", "--oneline").count("\n") == 1, "nothing was committed"
    wait(lambda: files.read(ams.run(), "news.json"), "the lead is to be told")
    told = a.stop("lead")
    assert "the lease on src/a.py ran out" in told
    assert a.stop("lead") is None or "from the fleet" not in a.stop("lead"), "once"


def test_an_honest_commit_passes_and_is_noted_under_its_fencing_number(machines, server, base):
    ams = machines("ams", "alice")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    a.do_task("coder-1", 1, "src/a.py")
    rows = server.sql("select w.key, w.fence = l.fence from fleet.writes w join fleet.leases l using (run, key)", dbname=base["dbname"])
    assert rows == [("src/a.py", True)]


def test_while_the_engine_is_away_no_lease_is_given_and_what_is_held_is_worked_on(machines, server, base):
    ams = machines("ams", "alice")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    ams.settled()
    server.sql("alter database %s allow_connections false" % base["dbname"])
    server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (base["dbname"],))
    refused = a.bash("lead", "pack task rescope 1 --file src/b.py --reason more")
    assert "ENGINE_AWAY" in refused and "offline: allow" in refused and "src/b.py" in refused
    a.do_task("coder-1", 1, "src/a.py")  # nobody can have taken it yet
    assert a.state()["tasks"]["1"]["state"] == "DONE"
    # much later: nobody here can know whether somebody took it
    ship = ams.ship()
    ams.kill()
    files.write(ams.run(), "ship.json", dict(ship, heard=ship["heard"] - 3600, state="offline"))
    from pack.fleet import desk
    from pack.protocol.refusal import Refusal

    class Call:
        store, project, env, state = type("S", (), {"data": ams.run()}), ams.clone, a.env, a.state()

    desk_seconds, desk.ANSWER_SECONDS = desk.ANSWER_SECONDS, 0.1
    try:
        with pytest.raises(Refusal, match="cannot be found out"):
            desk.commit(Call, ["src/a.py"])
    finally:
        desk.ANSWER_SECONDS = desk_seconds
        server.sql("alter database %s allow_connections true" % base["dbname"])


def test_offline_allow_works_on_and_lists_the_conflicts_later(machines, server, base):
    ams, ber = machines("ams", "alice", options=("--offline", "allow")), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    ams.settled()
    server.sql("alter database %s allow_connections false" % base["dbname"])
    server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (base["dbname"],))
    assert a.bash("lead", "pack task rescope 1 --file src/b.py --reason more") is None
    code, out, _err = ams.pack("fleet", "status")
    assert code == 1 and "without a lease (`offline: allow`): src/b.py" in out
    assert "without a lease" in ams.pack("status")[1] and "without a lease" in ams.pack("status", "--summary")[1]
    ams.kill()
    server.sql("alter database %s allow_connections true" % base["dbname"])
    b.build()
    assert b.register(tasks(["src/b.py"])) is None
    a.bash("lead", "true")  # the next hook starts the shipper again
    wait(lambda: files.read(ams.run(), "conflicts.json"), "conflicts are listed")
    code, out, _err = ams.pack("fleet", "status")
    assert "conflict: src/b.py was changed here without a lease" in out and "squad squad-ber" in out
    assert "src/b.py was changed here without a lease" in a.stop("lead")


def test_a_run_that_ends_leaves_every_lease_free(machines, server, base):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    a.build()
    a.register(tasks(["src/a.py"]))
    ams.settled()
    ams.pack("abort", "--reason", "enough")
    wait(lambda: leased(server, base) == [], "the leases of a closed run")
    b.build()
    assert b.register(tasks(["src/a.py"])) is None


def test_a_client_that_is_gone_keeps_nobody_waiting(machines, server, base):
    ams, ber = machines("ams", "alice", options=SHORT), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    a.build()
    a.register(tasks(["src/a.py"]))
    ams.settled()
    ams.client.kill()
    ams.client.wait()
    wait(lambda: ams.ship().get("state") == "left", "the shipper leaves")
    b.build()
    wait(lambda: b.register(tasks(["src/a.py"])) is None, "it runs out")


def test_the_file_of_the_fleet_is_the_users(machines):
    ams = machines("ams", "alice")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    for path in (".claude/fleet.yaml", ".claude/FLEET.yaml"):
        assert "PROTECTED" in a.edit("coder-1", path)
        assert "PROTECTED" in a.bash("coder-1", "rm %s" % path)
    os.unlink(os.path.join(ams.clone, ".claude", "fleet.yaml"))
    ber = machines("ber", "bob")
    b = ber.session()
    b.build()
    b.register(tasks(["src/b.py"]))
    assert "LEASED_ELSEWHERE" in a.bash("lead", "pack task rescope 1 --file src/b.py --reason more"), (
        "a run that began in a fleet stays in it"
    )


# --- By SQL: what only a hostile or unlucky member does ------------------------------------------------------------------
@pytest.fixture
def member(machines, base, server):
    """make(user) -> a run of that user's and its engine."""
    machines("ams")
    made = []

    def make(user, ttl="60 s", lineage="main"):
        engine = Engine(dict(base, user=user))
        me = (os.urandom(16).hex(), os.urandom(16).hex())
        epoch = engine.call("announce", *me, "shop", "team-" + user, "squad-" + user, "host-" + user, lineage, "main", ttl)[0][0]
        made.append(engine)
        engine.me = me + (epoch,)
        engine.want = lambda *paths: engine.acquire(*engine.me, [{"path": p, "task": 1} for p in paths])
        return engine

    yield make
    for engine in made:
        engine.close()


def test_leases_are_asked_for_in_a_serializable_transaction_only(member):
    a = member("alice")
    with pytest.raises(FleetError) as caught:
        a.call("acquire", *a.me, '[{"path": "x", "task": 1}]')
    assert caught.value.code == "FL020"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../b", "a//b", "a\\b", "", "a\tb", ".", "x" * 1001])
def test_what_is_no_path_inside_a_project_is_refused(member, path):
    a = member("alice")
    with pytest.raises(FleetError):
        a.want(path)


def test_a_member_writes_its_own_runs_only(member, server, base):
    """Row security, against a member that knows every number of another's run."""
    a, e = member("alice"), member("eve")
    assert a.want("src/a.py") == []
    before = server.sql("select * from fleet.runs where member = 'alice'", dbname=base["dbname"])
    a_fence = server.sql("select fence from fleet.leases", dbname=base["dbname"])
    line = '{"seq":1}'
    attempts = [
        lambda: e.call("ship", *a.me, 1, [line], b"\0" * 32),
        lambda: e.call("heartbeat", *a.me, "{}", "x", "x"),
        lambda: e.acquire(*a.me, [{"path": "src/z.py", "task": 1}]),
        lambda: e.call("release", *a.me, None),
        lambda: e.call("may_write", *a.me, ["src/a.py"]),
        lambda: e.call("close", *a.me, "{}"),
        lambda: e.call("keep_bundle", *a.me, "x", b"x"),
        lambda: e.call("take_over", a.me[0], e.me[1], "host-eve", False),
        lambda: e.call("take_over", a.me[0], e.me[1], "host-eve", True),
        lambda: e.call("announce", a.me[0], a.me[1], "shop", "t", "s", "m", "main", "main", "60 s"),
        lambda: e.call("prune", "0 seconds"),
        lambda: e.rows("insert into fleet.records (run, seq, line) values (%s, 1, 'x')", (a.me[0],)),
        lambda: e.rows("update fleet.runs set member = 'eve' where run = %s", (a.me[0],)),
        lambda: e.rows("delete from fleet.leases"),
        lambda: e.rows("truncate fleet.leases"),
        lambda: e.rows("insert into fleet.leases values ('shop', 'main', 'k', 'k', %s, 1, 1, now())", (e.me[0],)),
        lambda: e.rows("update fleet.projects set roots = '{x}'"),
        lambda: e.rows("select nextval('fleet.fence')"),
        lambda: e.rows("select setval('fleet.fence', 1)"),
        lambda: e.rows("set role fleet_owner"),
        lambda: e.rows("alter table fleet.leases disable row level security"),
        lambda: e.rows("drop policy gone on fleet.leases"),
        lambda: e.rows("create function fleet.fold(a text, b text) returns text language sql as 'select a'"),
        lambda: e.rows("create trigger t before insert on fleet.leases for each row execute function suppress_redundant_updates_trigger()"),
    ]
    for n, attempt in enumerate(attempts):
        with pytest.raises(FleetError):
            attempt()
            raise AssertionError("attempt %d passed" % n)
        e.rows("select 1")  # and the connection is whole
    assert server.sql("select * from fleet.runs where member = 'alice'", dbname=base["dbname"]) == before
    assert server.sql("select fence from fleet.leases", dbname=base["dbname"]) == a_fence
    assert a.call("may_write", *a.me, ["src/a.py"])[0][0] == []


def test_a_trap_in_the_search_path_is_not_stepped_into(member, server, base):
    """Functions run as fleet_owner: what a member puts before them on the path must not."""
    e = member("eve")
    server.sql("create schema eve authorization eve", dbname=base["dbname"])
    e.rows(
        "create function eve.fold(text) returns text language plpgsql as "
        "'begin delete from fleet.leases; return $1; end'; create function eve.sha256(bytea) returns bytea language sql as 'select $1'; "
        "create function eve.clock_timestamp() returns timestamptz language sql as $$select timestamptz '2099-01-01'$$"
        if False
        else "create function eve.clock_timestamp() returns timestamptz language sql as $$select timestamptz '2099-01-01'$$"
    )
    e.rows("set search_path = eve, fleet, pg_catalog")
    until, now, _turn, _last = e.call("heartbeat", *e.me, "{}", "", "")[0]
    assert until.year < 2099 and now.year < 2099


def test_a_reader_sees_and_changes_nothing(member, base):
    a = member("alice")
    a.want("src/a.py")
    with Engine(dict(base, user="rita")) as r:
        assert r.rows("select path from fleet.leases") == [("src/a.py",)]
        for attempt in (
            lambda: r.call("announce", "0" * 32, "1" * 32, "shop", "t", "s", "m", "main", "main", "60 s"),
            lambda: r.call("release", *a.me, None),
            lambda: r.rows("delete from fleet.leases"),
        ):
            with pytest.raises(FleetError):
                attempt()


def test_of_many_that_ask_at_once_one_has_each_path(member, server, base):
    """Real transactions that overlap: every path has one holder, nobody is left hanging."""
    users = ["alice", "bob", "carol", "eve"] * 2
    engines, got = [member(u) for u in users], {}
    barrier = threading.Barrier(len(engines))

    def work(n, engine):
        barrier.wait()
        for round_ in range(6):
            path = "src/%d/" % round_ if n % 2 else "src/%d/x.py" % round_
            if engine.want(path) == []:
                got.setdefault(round_, []).append(n)

    threads = [threading.Thread(target=work, args=(n, e)) for n, e in enumerate(engines)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(got) == list(range(6)) and all(len(v) == 1 for v in got.values()), got
    assert server.sql("select count(*) from fleet.leases", dbname=base["dbname"]) == [(6,)]


def test_a_lease_that_waited_for_a_lock_is_not_born_old(member, server, base):
    """GROUND P: a clock read in a statement that waits is older than the wait."""
    import psycopg

    a = member("alice", ttl="2 s")
    with psycopg.connect(host=base["host"], port=base["port"], dbname=base["dbname"], user="postgres") as holder:
        holder.execute("select 1 from fleet.runs where run = %s for update", (a.me[0],))
        threading.Timer(1.5, holder.rollback).start()
        a.call("heartbeat", *a.me, "{}", "", "")
    left = server.sql(
        "select until - clock_timestamp() > interval '1.4 s' from fleet.runs where run = %s", (a.me[0],), dbname=base["dbname"]
    )
    assert left == [(True,)]


def test_one_that_vanishes_in_the_middle_holds_nobody_up_for_long(member, server, base):
    a, b = member("alice"), member("bob")
    conn = a.connected()
    conn.execute("begin isolation level serializable; set local idle_in_transaction_session_timeout = '1s'")
    conn.execute("select fleet.acquire(%s, %s, %s, %s)", a.me + ('[{"path": "src/a.py", "task": 1}]',))
    assert b.want("src/a.py") == [], "freed by the server, not by the client, which never says anything again"
    with pytest.raises(FleetError):
        a.rows("select 1")
    assert a.want("src/a.py")[0]["squad"] == "squad-bob"


def test_a_cancelled_wait_for_a_standby_is_not_taken_for_stored(server, base, member):
    """GROUND P: COMMIT without its standby waits without bound, and a cancel stores locally with a warning and no error."""
    from fleet import server as servers

    from pack.fleet import setup
    from pack.fleet.engine import Unreachable

    own = servers.Server(settings=servers.FAST).start()
    try:
        where = {"host": own.folder, "port": str(own.port), "dbname": "postgres", "user": "postgres"}
        setup.init(where)
        own.sql("alter system set synchronous_standby_names = 'gone'")
        own.sql("select pg_reload_conf()")
        with Engine(where, seconds=2) as engine:
            with pytest.raises(Unreachable):
                engine.call("join_project", "shop", ["x"])
        with Engine(where, seconds=30) as engine:
            conn = engine.connected()
            threading.Timer(1.0, conn.cancel).start()
            with pytest.raises(Unreachable, match="one server only"):
                engine.call("join_project", "shop2", ["x"])
    finally:
        own.remove()
