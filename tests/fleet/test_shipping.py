"""Every run's journal, in the engine exactly once; whatever is killed, whatever is asked twice."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from pack.base.paths import PLUGIN_ROOT
from pack.fleet import files
from pack.fleet.engine import Diverged, Engine, Fenced, FleetError
from pack.fleet.shipper import Shipper


def stored(server, base, run):
    return [line for (line,) in server.sql("select line from fleet.records where run = %s order by seq", (run,), dbname=base["dbname"])]


def journal(machine):
    from pack.base import paths

    with open(os.path.join(machine.clone, paths.TEAMS, paths.teams(machine.clone)[0], "journal.jsonl")) as f:
        return f.read().splitlines()


def number(machine):
    return files.read(machine.run(), "fleet.json")["run"]


def test_a_run_is_in_the_engine_line_by_line(machines, server, base):
    one = machines("ams")
    s = one.session()
    s.setup("SIMPLE")
    status = one.settled()
    assert stored(server, base, number(one)) == journal(one) and status["shipped"] > 5
    code, out, err = one.pack("fleet", "status")
    assert code == 0 and "alive" in out and "lag 0" in out and "squad-ams" in out, out + err


def test_a_call_of_a_fleet_brings_no_module_one_by_one(machines):
    """What a fleet adds lies in a file of byte code of its own (pack/base/bundle.py), which no other project reads."""
    one = machines("ams")
    s = one.session()
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    payload = {"session_id": s.session, "cwd": one.clone, "hook_event_name": "PreToolUse", "tool_name": "Edit", "tool_use_id": "t"}
    payload.update(zip(("agent_id", "agent_type"), s.agents["coder-1"]), tool_input={"file_path": one.clone + "/src/a.py"})
    for _ in range(2):  # the first makes it
        hook = [os.path.realpath(sys.executable), "-ISE", "-X", "importtime", os.path.join(PLUGIN_ROOT, "hooks/gate.py"), "PreToolUse"]
        done = subprocess.run(hook, input=json.dumps(payload), env=s.env, capture_output=True, text=True)
    assert done.returncode == 0 and not [row for row in done.stderr.splitlines() if "pack." in row.rpartition("|")[2]], done.stderr
    assert all(name.endswith(".fleet.bundle") for name in os.listdir(one.data + "/pycache") if name.endswith(".bundle"))


def test_a_run_that_ends_is_closed_there_and_its_shipper_leaves(machines, server, base):
    one = machines("ams")
    s = one.session()
    s.setup("SIMPLE")
    one.settled()
    run, folder, pid = number(one), one.run(), one.ship()["pid"]
    assert one.pack("abort", "--reason", "enough")[0] == 0
    for _ in range(1500):
        if os.path.exists(os.path.join(folder, "done")) and not files.alive(pid):
            break
        time.sleep(0.02)
    assert stored(server, base, run) == journal(one)
    closed, leases = server.sql(
        "select closed is not null, (select count(*) from fleet.leases l where l.run = r.run) from fleet.runs r where run = %s",
        (run,),
        dbname=base["dbname"],
    )[0]
    assert (closed, leases) == (True, 0)


def test_one_shipper_a_run_and_a_killed_one_is_replaced_by_the_next_hook(machines, server, base):
    one = machines("ams")
    s = one.session()
    s.build()
    s.register()
    first = one.settled()["pid"]
    for _ in range(5):
        s.bash("lead", "true")
    assert one.ship()["pid"] == first
    for _ in range(3):
        one.kill()
        s.spawn("supervisor-%s" % one.ship()["pid"], "supervisor")
        s.bash("lead", "true")
        for _ in range(1500):
            if one.ship().get("pid") != first:
                break
            time.sleep(0.02)
        status = one.settled()
        assert status["pid"] != first
        first = status["pid"]
    assert stored(server, base, number(one)) == journal(one)


def test_nothing_is_lost_or_held_up_while_the_engine_is_away(machines, base, tmp_path):
    """The server goes in mid-run; work goes on; it comes back and has everything."""
    from fleet import server as servers

    own = servers.Server().start()
    try:
        from pack.fleet import setup

        own.sql("create role alice login")
        where = {"host": own.folder, "port": str(own.port), "dbname": "postgres"}
        setup.init(dict(where, user="postgres"))
        setup.grant(dict(where, user="postgres"), "alice", "member")
        one = machines("ams", join=False)
        one.base = where
        assert one.join()[0] == 0
        s = one.session()
        s.setup("SIMPLE")
        one.settled()
        run = number(one)
        own.stop(signal.SIGKILL)
        assert s.say("coder-1", "supervisor", "CLAIM: task #1") is None
        assert s.edit("coder-1", "src/a.py", "a = 1\n") is None
        before = len(journal(one))
        one.settled("offline")
        code, out, _err = one.pack("fleet", "status")
        assert code == 1 and "cannot be reached" in out and "stored, lag" in out
        one.kill()  # and the shipper, too
        assert s.say("coder-1", "supervisor", "IN_REVIEW: task #1") is None
        assert len(journal(one)) > before
        own.start()
        one.settled()
        assert [r[0] for r in own.sql("select line from fleet.records where run = %s order by seq", (run,))] == journal(one)
        one.kill()
    finally:
        own.remove()


def test_a_run_that_closed_while_the_engine_was_away_is_shipped_later(machines, server, base):
    one = machines("ams")
    s = one.session()
    s.setup("SIMPLE")
    one.settled()
    run, folder = number(one), one.run()
    one.kill(signal.SIGSTOP)
    assert one.pack("abort", "--reason", "enough")[0] == 0
    one.kill()
    assert len(stored(server, base, run)) < len(journal(one))
    code, out, err = one.pack("fleet", "ship")
    assert code == 0 and files.STATES["done"] in out, out + err
    assert stored(server, base, run) == journal(one) and os.path.exists(os.path.join(folder, "done"))


@pytest.fixture
def raw(machines, base, server):
    """A run that is known, and its engine: for what only a wrong or unlucky shipper sends."""
    one = machines("ams")
    run, holder = os.urandom(16).hex(), os.urandom(16).hex()
    with Engine(dict(base, user="alice")) as engine:
        epoch = engine.call("announce", run, holder, "shop", "t", "s", "ams", "main", "main", "60 s")[0][0]

        class Raw:
            me = (run, holder, epoch)

            def ship(self, first, lines, before=b"\0" * 32, **more):
                total = before
                for line in more.get("hashed", lines):
                    total = hashlib.sha256(total + line.encode()).digest()
                return engine.call("ship", *more.get("me", self.me), first, lines, more.get("sum", total))[0][0], total

            def stored(self):
                return stored(server, base, run)

        one = Raw()
        one.engine = engine
        yield one


def lines(first, last, text="x"):
    return ['{"actor":"%s","seq":%d,"v":2}' % (text, n) for n in range(first, last + 1)]


def test_the_same_records_again_are_no_error_and_no_second_copy(raw):
    _n, total = raw.ship(1, lines(1, 10))
    assert raw.ship(1, lines(1, 10))[0] == 10
    assert raw.ship(4, lines(4, 8))[0] == 10
    tail = lines(11, 12)
    _last, after = raw.ship(11, tail, total)
    assert raw.ship(9, lines(9, 12), total, sum=after)[0] == 12
    assert raw.stored() == lines(1, 12)


@pytest.mark.parametrize(
    "first, given, code",
    [
        (12, lines(12, 13), "FL010"),
        (10, lines(10, 10, "another") + lines(11, 11), "FL011"),
        (11, lines(12, 12), "FL012"),
        (11, ['{"seq":11,"a":"\n"}'], "FL012"),
    ],
    ids=["gap", "another line", "wrong number", "two lines in one"],
)
def test_gaps_and_other_chains_are_refused_and_store_nothing(raw, first, given, code):
    _n, total = raw.ship(1, lines(1, 10))
    with pytest.raises(Diverged) as caught:
        raw.ship(first, given, total)
    assert caught.value.code == code and raw.stored() == lines(1, 10)


def test_the_server_checks_the_chain_itself(raw):
    _n, total = raw.ship(1, lines(1, 10))
    for wrong in ({"sum": b"\1" * 32}, {"hashed": lines(11, 11, "said")}, {"before": b"\2" * 32}):
        with pytest.raises(Diverged) as caught:
            raw.ship(11, lines(11, 11), **dict({"before": total}, **wrong))
        assert caught.value.code == "FL011"
    assert raw.stored() == lines(1, 10)


def test_another_copy_or_an_old_number_ships_nothing(raw):
    run, holder, epoch = raw.me
    for me in ((run, os.urandom(16).hex(), epoch), (run, holder, epoch - 1), (run, holder, epoch + 1)):
        with pytest.raises(Fenced):
            raw.ship(1, lines(1, 1), me=me)
    with pytest.raises(FleetError):
        raw.ship(1, lines(1, 1), me=(os.urandom(16).hex(), holder, epoch))
    assert raw.stored() == []


def test_a_journal_that_was_rewritten_is_found_out_and_nothing_is_overwritten(machines, server, base):
    """A person goes back to an older record (`pack resume --repair`): what the engine has stays, and the way out is named."""
    one = machines("ams")
    s = one.session()
    s.setup("SIMPLE")
    one.settled()
    before, run = stored(server, base, number(one)), number(one)
    one.kill()
    from pack.base import paths

    folder, data = os.path.join(one.clone, paths.TEAMS, paths.teams(one.clone)[0]), one.run()
    with open(os.path.join(folder, "journal.jsonl"), "rb") as f:
        kept = b"".join(f.readlines()[:4])
    for path in (os.path.join(folder, "journal.jsonl"), os.path.join(data, "mirror.jsonl")):
        with open(path, "wb") as f:
            f.write(kept)
    with open(os.path.join(data, "written"), "w") as f:
        f.write("%d x\n" % len(kept))
    shipper = Shipper(data, one.clone, Engine(dict(base, user="alice")))
    assert shipper.step() is False and shipper.status["state"] == "diverged" and "4 here" in shipper.status["why"]
    shipper.engine.close()
    assert stored(server, base, run) == before


def test_an_engine_that_lost_what_it_acknowledged_gets_it_again(machines, server, base):
    """A standby took over without the last records, as an asynchronous one does (GROUND P: 10,000 of 10,000)."""
    one = machines("ams", options=("--lease-minutes", "0.5"))
    s = one.session()
    s.setup("SIMPLE")
    one.settled()
    run, shipped = number(one), one.ship()["shipped"]
    kept = stored(server, base, run)[:4]
    total = b"\0" * 32
    for line in kept:
        total = hashlib.sha256(total + line.encode()).digest()
    server.sql("delete from fleet.records where run = %s and seq > 4", (run,), dbname=base["dbname"])
    server.sql("delete from fleet.leases where run = %s", (run,), dbname=base["dbname"])
    server.sql("update fleet.runs set last_seq = 4, sum = %s, turn = 0 where run = %s", (total, run), dbname=base["dbname"])
    server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (base["dbname"],))
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    for _ in range(1500):
        if stored(server, base, run) == journal(one):
            break
        time.sleep(0.02)
    assert stored(server, base, run) == journal(one) and len(journal(one)) > shipped
    for _ in range(1500):
        if server.sql("select path from fleet.leases where run = %s", (run,), dbname=base["dbname"]) == [("src/a.py",)]:
            return
        time.sleep(0.02)
    raise AssertionError("its lease is asked for again")


def test_a_write_that_is_under_way_is_not_shipped(machines, base):
    """Only what was acknowledged leaves the machine: a crash may take the rest back."""
    one = machines("ams")
    s = one.session()
    s.setup("SIMPLE")
    one.settled()
    one.kill()
    from pack.base import paths

    path = os.path.join(one.clone, paths.TEAMS, paths.teams(one.clone)[0], "journal.jsonl")
    with open(path, "rb") as f:
        data = f.read()
    with open(path, "ab") as f:
        f.write(data.splitlines(True)[-1][:-9])
    shipper = Shipper(one.run(), one.clone, Engine(dict(base, user="alice")))
    assert shipper.step() is False and shipper.status["state"] == "ok" and shipper.shipped == len(data.splitlines())
    shipper.engine.close()


def test_batches_of_real_size_go_through_whole(raw):
    """How fast is for `make bench-fleet` to say."""
    total, size = b"\0" * 32, 2000
    for n in range(3):
        _stored, total = raw.ship(1 + n * size, lines(1 + n * size, (n + 1) * size, "y" * 400), total)
    assert raw.stored() == lines(1, 3 * size, "y" * 400)


def test_a_guarded_call_in_a_fleet_imports_nothing_heavy_and_no_psycopg(machines):
    from hooks.test_hot_path import HEAVY, modules_of

    one = machines("ams")
    s = one.session()
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    one.settled()
    given = {"file_path": s.project + "/src/a.py", "old_string": "a", "new_string": "b"}
    code, out, modules = modules_of(s, "coder-1", tool_name="Edit", tool_input=given)
    assert (code, out) == (0, "") and "pack.fleet.desk" in modules
    assert not modules & HEAVY and not any(m.startswith(("psycopg", "pack.fleet.engine", "pack.fleet.policy", "socket")) for m in modules)


def test_without_a_fleet_nothing_of_it_is_loaded(session):
    from hooks.test_hot_path import modules_of

    session.setup("SIMPLE")
    session.say("coder-1", "supervisor", "CLAIM: task #1")
    given = {"file_path": session.project + "/src/a.py", "old_string": "a", "new_string": "b"}
    code, _out, modules = modules_of(session, "coder-1", tool_name="Edit", tool_input=given)
    assert code == 0 and not any(m.startswith("pack.fleet") for m in modules)


def test_a_mistake_in_the_fleets_file_closes_guarded_calls_and_names_the_line(machines):
    one = machines("ams")
    with open(os.path.join(one.clone, ".claude", "fleet.yaml"), "a") as f:
        f.write("ofline: allow\n")
    s = one.session()
    s.build()
    with pytest.raises(ValueError, match=r"fleet.yaml:\d+:1: no setting is called 'ofline'"):
        s.bash("lead", "true")
