"""What an operator does to the engine while squads work: copies it, restores it, tightens it, lets somebody in or not."""

import os
import shutil
import subprocess

import pytest
from fleet import server as servers
from fleet.test_faults import mounted
from fleet.test_hostile import refuses
from fleet.test_leases import leased, member, tasks, wait  # noqa: F401 - member is a fixture
from fleet.test_shipping import journal, number, stored
from tests.conftest import git

from pack.fleet import files, setup
from pack.fleet.engine import Engine, FleetError


def tool(server, name, *words):
    return subprocess.run(
        [os.path.join(servers.BINARIES[0], name), "-h", server.folder, "-p", str(server.port), "-U", "postgres", *words],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ).stdout  # fmt: skip


def test_a_dump_is_restored_into_a_new_cluster_and_the_runs_go_on(machines, server, base):
    """With its roles (pg_dumpall -r). The dump is older than the last records: they are sent again, and no number is given twice."""
    ams = machines("ams", "alice")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    ams.settled()
    dump, roles = tool(server, "pg_dump", base["dbname"]), tool(server, "pg_dumpall", "-r")
    a.say("coder-1", "supervisor", "CLAIM: task #1")
    ams.settled()
    fence = server.sql("select last_value from fleet.fence", dbname=base["dbname"])[0][0]
    other = servers.Server().start()
    try:
        for text, database in ((roles, "postgres"), (dump, "moved")):
            if database == "moved":
                other.sql("create database moved template template0")
            done = subprocess.run(
                [os.path.join(servers.BINARIES[0], "psql"), "-q", "-h", other.folder, "-p", str(other.port), "-U", "postgres", "-d", database],
                input=text, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
            assert b"ERROR" not in done.stderr.replace(b'role "postgres" already exists', b"").replace(b"ERROR:  \n", b""), done.stderr
        server.sql("alter database %s allow_connections false" % base["dbname"])
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (base["dbname"],))
        ams.kill()
        own = files.read(ams.run(), "fleet.json")
        moved = {"host": other.folder, "port": str(other.port), "dbname": "moved"}
        own["settings"]["where"] = moved  # as a name that points to another machine does
        files.write(ams.run(), "fleet.json", own)
        a.edit("coder-1", "src/a.py", "a = 1\n")
        ams.settled()
        assert [r[0] for r in other.sql("select line from fleet.records order by seq", dbname="moved")] == journal(ams)
        assert other.sql("select path from fleet.leases", dbname="moved") == [("src/a.py",)]
        assert other.sql("select nextval('fleet.fence') >= %s", (fence,), dbname="moved") == [(True,)]
        assert setup.init(dict(moved, user="postgres")) == []
        ams.kill()
    finally:
        server.sql("alter database %s allow_connections true" % base["dbname"])
        other.remove()


def test_init_sets_numbers_on_that_a_copy_left_behind(member, server, base):  # noqa: F811
    """Logical replication copies rows and no sequences: fencing numbers would begin again at 1."""
    a = member("alice")
    assert a.acquire(*a.me, [{"path": "src/a.py", "task": 1}]) == []
    n = a.call("say", *a.me, "squad-alice", None, "one")[0][0]
    most = server.sql("select max(fence) from fleet.leases", dbname=base["dbname"])[0][0]
    server.sql("select setval('fleet.fence', 1), setval(pg_get_serial_sequence('fleet.messages', 'id'), 1, false)", dbname=base["dbname"])
    assert setup.init(dict(base, user="postgres")) == []
    assert server.sql("select nextval('fleet.fence') > %s", (most,), dbname=base["dbname"]) == [(True,)]
    assert a.call("say", *a.me, "squad-alice", None, "two")[0][0] > n


def test_a_schema_that_is_somebody_elses_is_not_taken_for_the_fleets(server):
    server.sql("create database taken")
    where = {"host": server.folder, "port": str(server.port), "dbname": "taken", "user": "postgres"}
    try:
        server.sql("create schema fleet authorization eve", dbname="taken")
        server.sql("create function fleet.words(jsonb) returns boolean language sql as 'select true'", dbname="taken", user="eve")
        assert "schema `fleet` already, eve's" in refuses(lambda: setup.init(where))
        assert server.sql("select to_regclass('fleet.migrations')", dbname="taken") == [(None,)]
        server.sql("drop function fleet.words(jsonb)", dbname="taken")
        assert setup.init(where)[0] == 1, "an empty one is as good as none"
    finally:
        server.sql("drop database taken with (force)")


@pytest.mark.parametrize(
    "settings",
    [
        ("bytea_output = 'escape'", "standard_conforming_strings = off", "escape_string_warning = off"),
        ("timezone = 'Asia/Kathmandu'", "intervalstyle = 'sql_standard'", "search_path = ''"),
        ("statement_timeout = '3s'", "idle_in_transaction_session_timeout = '1s'", "lock_timeout = '1s'", "idle_session_timeout = '1s'"),
        ("transform_null_equals = on", "quote_all_identifiers = on", "default_transaction_deferrable = on"),
    ],
    ids=["strings", "time", "timeouts", "odd"],
)
def test_settings_of_an_operators_taste(machines, server, base, settings):
    for one in settings:
        server.sql("alter database %s set %s" % (base["dbname"], one))
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    a.setup("SIMPLE", raw=tasks(["src/é.py"]))
    a.say("coder-1", "supervisor", "CLAIM: task #1")
    b.build()
    assert "LEASED_ELSEWHERE" in b.register(tasks(["src/É.py"]))
    assert a.edit("coder-1", "src/é.py", "a = 1\n") is None
    ams.settled()
    assert stored(server, base, number(ams)) == journal(ams) and leased(server, base) == ["src/é.py"]
    assert ams.pack("fleet", "status")[0] == 0


def test_row_security_that_is_off_is_told_and_nothing_passes(machines, server, base):
    server.sql("alter database %s set row_security = off" % base["dbname"])
    ams = machines("ams", "alice", join=False)
    code, _out, err = ams.join()
    assert code == 1 and "`row_security` is off" in err and "Traceback" not in err


def test_a_login_that_was_shut_out_is_no_engine_that_is_away(machines, server, base):
    """`offline: allow` is for a network that is gone. A password that was changed meanwhile is a no, and the new one goes on."""
    ams = machines("ams", "alice", join=False)
    ams.base = dict(base, host="127.0.0.1")
    ams.env["PGPASSWORD"] = "pw-alice"
    assert ams.join("--offline", "allow")[0] == 0
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    ams.settled()
    try:
        server.sql("alter role alice password 'another'")
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (base["dbname"],))
        refused = a.bash("lead", "pack task rescope 1 --file src/b.py --reason more")
        assert "ENGINE_REFUSES" in refused and "password authentication failed" in refused, refused
        assert "another" not in refused and "pw-alice" not in refused
        assert files.read(ams.run(), "unleased.json", []) == []
        a.env["PGPASSWORD"] = ams.env["PGPASSWORD"] = "another"
        ams.kill()
        files.remove(ams.run(), "ship.json")
        assert a.bash("lead", "pack task rescope 1 --file src/b.py --reason more") is None
        ams.settled()
        assert leased(server, base) == ["src/a.py", "src/b.py"]
    finally:
        server.sql("alter role alice password 'pw-alice'")


def test_a_login_with_one_connection_is_told_so(machines, server, base):
    ams = machines("ams", "alice")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    ams.settled()
    server.sql("alter role alice connection limit 1")
    try:
        code, out, err = ams.pack("fleet", "status")
        assert code == 1 and "too many connections for role" in out + err and "Traceback" not in err
        assert a.say("coder-1", "supervisor", "CLAIM: task #1") is None
        ams.settled()
    finally:
        server.sql("alter role alice connection limit -1")


def test_a_run_that_was_removed_does_not_begin_anew(member, server, base):  # noqa: F811
    """Taken over, ended and pruned; then the machine that it was taken from wakes up."""
    a = member("alice")
    a.call("close", *a.me, "{}")
    with Engine(dict(base, user="postgres")) as owner:
        assert owner.call("prune", "0 days")[0][0] == 1
    said = refuses(lambda: a.call("announce", *a.me[:2], "shop", "t", "squad-alice", "m", "main", "main", "60 s"), "FL023")
    assert "was closed and is removed here" in said
    for attempt in ("delete from fleet.ended", "insert into fleet.ended (run) values ('%032x')" % 7):
        with pytest.raises(FleetError):
            a.rows(attempt)
    assert server.sql("select count(*) from fleet.runs", dbname=base["dbname"]) == [(0,)]


# --- The machine -----------------------------------------------------------------------------------------------------------------
def test_two_copies_of_one_machine_are_not_two_leads(machines, server, base):
    """A disk's snapshot started twice: one identity, two journals. The second one to be heard of is told, and commits nothing under the first one's leases."""
    ams = machines("ams", "alice")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    a.say("coder-1", "supervisor", "CLAIM: task #1")
    a.edit("coder-1", "src/a.py", "a = 1\n")
    a.review("coder-1", 1)
    ams.settled()
    ams.kill()
    run, team = ams.run(), os.path.join(ams.clone, ".claude", "teams")
    twin = {name: name + ".twin" for name in (run, team)}
    for name, copy in twin.items():
        shutil.copytree(name, copy, symlinks=True, ignore=shutil.ignore_patterns("ship.sock"))
    a.spawn("coder-7", "coder")
    ams.settled()
    theirs = stored(server, base, number(ams))
    assert theirs == journal(ams)
    ams.kill()
    for name, copy in twin.items():  # the other copy wakes up
        os.rename(name, name + ".first")
        os.rename(copy, name)
    a.spawn("coder-8", "coder")
    a.bash("lead", "true")
    wait(lambda: ams.ship().get("state") == "diverged", "it finds that the engine has another chain")
    files.write(ams.run(), "ship.json", dict(ams.ship(), heard=files.seconds()))  # as in a machine that was copied while it ran
    refused = a.bash("coder-1", "git add src/a.py && git commit -qm 'feat: one (task #1)'")
    assert "ENGINE_REFUSES" in refused and "another than the one that is stored" in refused or "are not those here" in refused, refused
    assert git(ams.clone, "log", "--oneline").count("\n") == 1 and stored(server, base, number(ams)) == theirs


def test_two_worktrees_of_one_repository_are_two_squads(machines, server, base):
    """They share one configuration: the second one that joined would have renamed the first one's squad."""
    ams = machines("ams", "alice")
    tree = os.path.join(ams.home, "second")
    git(ams.clone, "worktree", "add", "-q", tree, "-b", "second")
    where = [w for k, v in base.items() for w in ("--" + k, v)]
    done = subprocess.run(
        [os.path.join(os.path.dirname(setup.__file__), "..", "..", "..", "bin", "pack"), "fleet", "join", "--project", "shop", "--squad", "squad-two", *where],
        cwd=tree, env=ams.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (setup.squad(ams.clone), setup.squad(tree)) == ("squad-ams", "squad-two")


def test_a_full_disk_of_the_runs_folder_ends_no_lease(machines, server, base, tmp_path):
    """The shipper cannot write how it stands; its sign of life goes on, and all is told when there is room again."""
    ams = machines("ams", "alice", options=("--lease-minutes", "0.05"))
    disk = mounted(str(tmp_path / "disk"))
    if disk is None:
        pytest.skip("nothing can be mounted here: needs root and CAP_SYS_ADMIN")
    try:
        ams.data = ams.env["CLAUDE_PLUGIN_DATA"] = os.path.join(disk, "data")
        shutil.copytree(os.path.join(ams.home, "data"), ams.data)
        a = ams.session()
        a.setup("SIMPLE", raw=tasks(["src/a.py"]))
        ams.settled()
        pid = ams.ship()["pid"]
        with open(os.path.join(disk, "full"), "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        for _ in range(3):
            beat = server.sql("select beat from fleet.runs", dbname=base["dbname"])
            wait(lambda: server.sql("select beat from fleet.runs", dbname=base["dbname"]) != beat, "it gives signs of life")
        assert files.alive(pid) and leased(server, base) == ["src/a.py"]
        os.unlink(os.path.join(disk, "full"))
        wait(lambda: ams.ship().get("state") == "ok", "it tells how it stands")
        a.say("coder-1", "supervisor", "CLAIM: task #1")
        ams.settled()
        assert stored(server, base, number(ams)) == journal(ams)
        ams.kill()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
