"""`pack fleet init`, `grant`, `join`: the schema, who may use it, and clones that are of one project."""

import os
import subprocess

import pytest
from tests.conftest import git
from fleet.conftest import PACK

from pack.fleet import policy, setup
from pack.fleet.engine import VERSION, Engine, FleetError, migrations


def test_init_twice_applies_nothing_more(base):
    where = dict(base, user="postgres")
    assert setup.init(where) == []
    with Engine(where) as engine:
        assert engine.rows("select count(*) from fleet.migrations")[0][0] == VERSION


def test_migrations_are_numbered_without_a_gap():
    assert [number for number, _n, _s in migrations()] == list(range(1, VERSION + 1))


def test_a_migration_with_another_text_is_refused(server, base):
    server.sql("update fleet.migrations set sha256 = 'x' where number = 1", dbname=base["dbname"])
    with pytest.raises(FleetError, match="another text"):
        setup.init(dict(base, user="postgres"))


@pytest.mark.parametrize(
    "change, said",
    [
        ("insert into fleet.migrations (number, name, sha256) values (99, 'later', 'x')", "update the plugin"),
        ("delete from fleet.migrations", "its owner runs `pack fleet init`"),
        ("drop schema fleet cascade", "its owner runs `pack fleet init` once"),
    ],
    ids=["newer", "older", "none"],
)
def test_another_schema_is_told_with_the_way_out(server, base, machines, change, said):
    one = machines("ams", join=False)
    server.sql(change, dbname=base["dbname"])
    code, out, err = one.join()
    assert (code, out) == (1, "") and said in err and len(err.strip().split("\n")) == 1
    assert not os.path.exists(os.path.join(one.clone, policy.NAME)), "nothing was joined"


def test_who_may_not_use_the_fleet_is_told_whom_to_ask(machines):
    one = machines("ams", user="nobody", join=False)
    code, _out, err = one.join()
    assert code == 1 and "pack fleet grant NAME --as member" in err


def test_a_reader_cannot_join_and_sees(machines):
    machines("ams")
    one = machines("rit", user="rita", join=False)
    assert one.join()[0] == 1
    code, out, err = one.join(PGUSER="alice")
    assert code == 0, err
    code, out, err = one.pack("fleet", "status")
    assert code == 0 and "FLEET shop" in out, err


def test_join_writes_no_secret_and_masks_what_it_is_told(machines, server, base, tmp_path):
    one = machines("ams", join=False)
    over_tcp = {"--host": "127.0.0.1", "--port": str(server.port), "--dbname": base["dbname"]}
    words = [w for pair in over_tcp.items() for w in pair]
    code, out, err = one.pack("fleet", "join", "--project", "shop", *words, PGPASSWORD="s3cret-of-mine")
    assert code == 1 and "s3cret" not in out + err and "password authentication failed" in err
    with open(os.path.join(one.home, ".pgpass"), "w") as f:
        f.write("127.0.0.1:%d:*:alice:pw-alice\n" % server.port)
    os.chmod(f.name, 0o600)
    code, out, err = one.pack("fleet", "join", "--project", "shop", *words, PGPASSFILE=f.name)
    assert code == 0, err
    with open(os.path.join(one.clone, policy.NAME)) as f:
        text = f.read()
    assert "pw-alice" not in text + out + err and "alice" not in text and "password" not in text.split("\n", 2)[2]
    assert policy.read(one.clone)["where"] == {"host": "127.0.0.1", "port": str(server.port), "dbname": base["dbname"]}


def test_a_service_file_is_enough(machines, base, tmp_path):
    one = machines("ams", join=False)
    with open(os.path.join(one.home, "services"), "w") as f:
        f.write("[fleet]\n" + "".join("%s=%s\n" % kv for kv in base.items()))
    code, _out, err = one.pack("fleet", "join", "--service", "fleet", PGSERVICEFILE=f.name)
    assert code == 0, err
    assert policy.read(one.clone)["where"] == {"service": "fleet"} and policy.read(one.clone)["project"] == "shop"


@pytest.mark.parametrize(
    "text, line, said",
    [
        ("project: shop\npassword: hunter22\n", 2, "does not belong into a committed file"),
        ("project: shop\nhost: alice:hunter22@db\n", 2, "without user and password"),
        ("project: Shop\n", 1, "1 to 63"),
        ("project: shop\nofline: allow\n", 2, "no setting is called"),
        ("project: shop\noffline: maybe\n", 2, "`refuse` or `allow`"),
        ("project: shop\nsslmode: on\n", 2, "sslmode is one of"),
        ("project: shop\nlease_minutes: 0\n", 2, "lease_minutes"),
        ("project: shop\nproject: shop\n", 2, "there twice"),
        ("project: [\n", 1, "not readable"),
        ("- shop\n", 1, "a mapping is wanted"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path, text, line, said):
    os.makedirs(tmp_path / ".claude")
    (tmp_path / policy.NAME).write_text(text)
    with pytest.raises(ValueError) as caught:
        policy.read(str(tmp_path))
    assert "%s:%d:" % (policy.NAME, line) in str(caught.value) and said in str(caught.value) and "hunter22" not in str(caught.value)


def test_a_clone_of_something_else_cannot_join_as_this_project(machines, tmp_path):
    machines("ams")
    other = machines("ber", join=False)
    git(other.clone, "checkout", "-q", "--orphan", "another")
    git(other.clone, "commit", "-qm", "another beginning")
    code, _out, err = other.join()
    assert code == 1 and "it is another project" in err and not os.path.exists(os.path.join(other.clone, policy.NAME))


def test_a_shallow_clone_is_told_what_to_fetch(machines, origin, tmp_path):
    machines("ams")
    with open(origin / "src" / "old.py", "a") as f:
        f.write("\n")
    git(origin, "commit", "-qam", "more")
    one = machines("ber", join=False)
    subprocess.run(["rm", "-rf", one.clone], check=True)
    git(tmp_path, "clone", "-q", "--depth=1", "file://%s" % origin, one.clone)
    code, _out, err = one.join()
    assert code == 1 and "git fetch --unshallow" in err


@pytest.mark.parametrize("verb", [("init",), ("grant", "eve"), ("join",), ("resume", "x"), ("prune", "--days", "1")], ids=lambda v: v[0])
def test_an_agent_sets_nothing_up(machines, verb):
    one = machines("ams", join=False)
    code, out, err = one.pack("fleet", *verb, CLAUDECODE="1")
    assert code == 1 and "their own terminal" in err and out == ""


def test_without_psycopg_the_way_out_is_named(tmp_path):
    done = subprocess.run(
        ["/bin/sh", PACK, "fleet", "status"],
        env={"PATH": os.environ["PATH"], "PACK_PYTHON": "/usr/bin/python3", "HOME": str(tmp_path), "PYTHONNOUSERSITE": "1"},
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if subprocess.run(["/usr/bin/python3", "-c", "import psycopg"], stderr=subprocess.DEVNULL).returncode == 0:
        pytest.skip("this machine's own python3 has psycopg")
    assert done.returncode == 2 and "[fleet]'" in done.stderr and "Traceback" not in done.stderr


def lineages(clone, *own):
    return setup.lineage(str(clone), {"trunk": "main", "own": list(own)})


def test_a_branch_is_of_the_lineage_that_it_left_last(origin):
    assert lineages(origin, "release/*") == ("main", "main")
    git(origin, "checkout", "-qb", "release/1.x")
    git(origin, "commit", "-q", "--allow-empty", "-m", "released")
    assert lineages(origin, "release/*") == ("release/1.x", "release/1.x")
    git(origin, "checkout", "-qb", "fix-it")
    git(origin, "commit", "-q", "--allow-empty", "-m", "fix")
    assert lineages(origin, "release/*") == ("release/1.x", "fix-it")
    assert lineages(origin) == ("main", "fix-it"), "without a policy there is one lineage"
    git(origin, "checkout", "-q", "main")
    git(origin, "checkout", "-qb", "feature")
    git(origin, "commit", "-q", "--allow-empty", "-m", "feature")
    assert lineages(origin, "release/*") == ("main", "feature")


def test_the_schema_leaves_no_door_beside_row_security(server, base):
    """GROUND P: it does not bind the owner without FORCE, and an owner's view passes it; a definer's function needs a path of its own."""
    ask = lambda sql: server.sql(sql, dbname=base["dbname"])
    assert ask("select relname from pg_class where relnamespace = 'fleet'::regnamespace and relkind = 'r' and not (relrowsecurity and relforcerowsecurity)") == []  # fmt: skip
    assert ask("select relname from pg_class where relnamespace = 'fleet'::regnamespace and relkind in ('v', 'm', 'f')") == []
    assert ask("select proname from pg_proc where pronamespace = 'fleet'::regnamespace and prosecdef and not coalesce(array_to_string(proconfig, ' '), '') like '%search_path=%pg_temp%'") == []  # fmt: skip
    assert ask("select proname from pg_proc p where pronamespace = 'fleet'::regnamespace and has_function_privilege('nobody', p.oid, 'execute')") == []  # fmt: skip
    for role in ("alice", "rita", "nobody"):
        rights = ", ".join("has_table_privilege('%s', c.oid, '%s')" % (role, right) for right in ("insert", "update", "delete", "truncate", "trigger"))  # fmt: skip
        for row in ask("select %s from pg_class c where relnamespace = 'fleet'::regnamespace and relkind = 'r'" % rights):
            assert not any(row), role
    assert ask("select has_schema_privilege('alice', 'fleet', 'create'), has_schema_privilege('nobody', 'fleet', 'usage')") == [
        (False, False)
    ]
    owners = ask(
        "select distinct pg_get_userbyid(relowner) from pg_class where relnamespace = 'fleet'::regnamespace and relkind in ('r', 'S')"
    )
    assert owners == [("fleet_owner",)]


def test_a_schema_of_before_is_brought_up_with_what_is_in_it(server, base, monkeypatch):
    """Forward only: runs of members, odd ones too, stay as they are, and whoever had a run of a squad is a member of it."""
    where = dict(base, user="postgres")
    server.sql("drop schema fleet cascade", dbname=base["dbname"])
    with monkeypatch.context() as before:
        before.setattr(setup, "migrations", lambda: [m for m in migrations() if m[0] < 6])
        before.setattr(setup, "VERSION", 5)
        assert setup.init(where) == [1, 2, 3, 4, 5]
    with Engine(dict(base, user="alice"), checked=False) as alice:
        alice.call("join_project", "shop", ["x"])
        alice.call("announce", "%032x" % 1, "%032x" % 2, "shop", "../x", "squad-a", "m\x1b", "main", "main", "60 s")
    assert setup.init(where) == list(range(6, VERSION + 1))
    assert server.sql("select squad, member from fleet.squad_members", dbname=base["dbname"]) == [("squad-a", "alice")]
    with Engine(dict(base, user="bob")) as bob:
        assert bob.call("of_squad", "shop", "squad-a") == [(False,)] and bob.rows("select team from fleet.runs") == [("../x",)]
