"""What a malicious member, an unlucky name or an odd database does to everybody else: nothing."""

import hashlib
import json
import os
import subprocess
import sys

import pytest
from fleet.conftest import PACK
from fleet.test_leases import leased, member, tasks, wait  # noqa: F401 - member is a fixture
from fleet.test_shipping import journal, number, stored
from fleet.test_take_over import died, expire, pair, resumed  # noqa: F401 - pair is a fixture
from tests.conftest import git

from pack.fleet import approvals, files, policy, setup, status
from pack.fleet.engine import Engine, FleetError, masked

ITEM = {"id": "B1", "squad": "squad-eve", "title": "One", "state": "todo", "owner": "eve"}


def refuses(attempt, *codes):
    with pytest.raises(FleetError) as caught:
        attempt()
    assert not codes or caught.value.code in codes, caught.value
    return str(caught.value)


# --- A malicious member ------------------------------------------------------------------------------------------------------------
def test_a_member_does_not_become_another_squad_by_calling_itself_so(member):  # noqa: F811
    a, b, e = member("alice"), member("bob"), member("eve")
    run = ("%032x" % 1, "%032x" % 2)
    said = refuses(lambda: e.call("announce", *run, "shop", "t", "squad-alice", "m", "main", "main", "60 s"), "FL060")
    assert "pack fleet admit squad-alice eve" in said
    b.call("say", *b.me, "squad-alice", None, "for alice")
    for attempt in (
        lambda: e.call("admit", "shop", "squad-alice", "eve"),
        lambda: e.call("add_note", "shop", "decision", "squad-alice", "", '{"text": "forged"}', "m"),
        lambda: e.rows("insert into fleet.squad_members (project, squad, member) values ('shop', 'squad-alice', 'eve')"),
        lambda: e.rows("select fleet.announce(%s, %s, 'shop', 't', 'squad-alice', 'm', 'main', 'main', '60 s')", run),
    ):
        refuses(attempt)
    a.call("admit", "shop", "squad-alice", "eve")
    assert e.call("announce", *run, "shop", "t", "squad-alice", "m", "main", "main", "60 s"), "whom its members let in is in"


@pytest.mark.parametrize(
    "change",
    [{"limit": "x"}, {"limit": 1e300}, {"cross": "perhaps"}, {"title": None}, {"title": 7}, {"handoff": "squad-alice"}, {"handoff": {"to": 3, "note": None}}, {"needs": "B1"}],
    ids=str,
)  # fmt: skip
def test_an_item_that_would_stop_everybody_elses_look_is_not_stored(member, change):  # noqa: F811
    """Everybody's shipper computes with it at each sign of life, and `pack fleet status` too."""
    a, e = member("alice"), member("eve")
    wrong = dict(ITEM, state="blocked", blocker="x", eta="1", **change)
    refuses(lambda: e.call("put_item", "shop", "B1", 0, "squad-eve", json.dumps(wrong), "m"), "23514", "22P02", "22003", "23502")
    assert a.call("inbox", *a.me, []) == [] and status.collect(a, "shop")["sprint"]["items"] == {}


@pytest.mark.parametrize("facts", ["[]", '"x"', '{"last": "x"}', '{"done": null}', '{"tasks": 1e400}', '{"unleased": {}}', '{"phase": 3}'])
def test_facts_that_would_stop_everybody_elses_status_are_not_stored(member, facts):  # noqa: F811
    a, e = member("alice"), member("eve")
    refuses(lambda: e.call("heartbeat", *e.me, facts, "main", ""), "23514", "22003", "22P02")
    assert "squad-eve" in status.text(status.collect(a, "shop"))


@pytest.mark.parametrize(
    "kind, about, data",
    [("decision", "", {}), ("decision", "", {"text": 3}), ("status", "zzzz", {"text": "x"}), ("status", "2026-02-31", {"text": "x"}), ("integration", "", {"ok": True}), ("integration", "", {"ok": True, "steps": [1]}), ("integration", "", {"ok": 1, "steps": []})],
)  # fmt: skip
def test_notes_that_would_stop_everybody_elses_exit_are_not_stored(member, kind, about, data):  # noqa: F811
    e = member("eve")
    refuses(lambda: e.call("add_note", "shop", kind, "squad-eve", about, json.dumps(data), "m"))
    assert e.rows("select count(*) from fleet.notes") == [(0,)]


@pytest.mark.parametrize("drift", ['"x"', "[1]", '[["a"]]', "{}", "null"])
def test_a_contract_that_would_stop_those_who_rest_on_it_is_not_stored(member, drift):  # noqa: F811
    e = member("eve")
    refuses(lambda: e.call("publish", "shop", "squad-eve", "orders", 0, "0" * 40, "d", "{}", drift, "m"))


@pytest.mark.parametrize("team", ["../../../../tmp/x", "a/b", ".git", "..", "x\x1b[2J", "a\nb"])
def test_a_run_with_a_path_for_a_name_is_not_begun(member, team):  # noqa: F811
    e = member("eve")
    refuses(lambda: e.call("announce", "%032x" % 1, "%032x" % 2, "shop", team, "squad-eve", "m", "main", "main", "60 s"), "23514")


def test_a_run_with_a_path_for_a_name_is_not_restored(machines, server, base, member):  # noqa: F811
    """From an engine whose schema was of before: names become folders and arguments of git here."""
    e = member("eve")
    ber = machines("ber", "bob")
    server.sql("alter table fleet.runs drop constraint names_are_plain", dbname=base["dbname"])
    for column, name in (("team", "../../../../escaped"), ("head", "--upload-pack=touch x"), ("branch", "--orphan")):
        old = server.sql("update fleet.runs r set %s = %%s from fleet.runs o where r.run = %%s and o.run = r.run returning o.%s" % (column, column), (name, e.me[0]), dbname=base["dbname"])  # fmt: skip
        expire(server, base)
        code, out, err = ber.pack("fleet", "resume", e.me[0][:8])
        assert code == 1 and "it is not restored" in err and out == "", (column, out, err)
        server.sql("update fleet.runs set %s = %%s where run = %%s" % column, (old[0][0], e.me[0]), dbname=base["dbname"])
    assert not [name for _top, folders, names in os.walk(ber.home) for name in folders + names if "escaped" in name]
    assert server.sql("select member from fleet.runs where run = %s", (e.me[0],), dbname=base["dbname"]) == [("eve",)], "nothing was taken"


def chained(texts):
    total = b"\0" * 32
    for line in texts:
        total = hashlib.sha256(total + line.encode()).digest()
    return total


def test_records_that_no_program_of_ours_wrote_stop_nobody(member):  # noqa: F811
    """Other runs read what a run has approved; a record that lies there keeps nobody from an answer and counts for nothing."""
    a, e = member("alice"), member("eve")
    wrong = ['{"seq":1,"event":"CONTENT_SEALED"}', '{"seq":2,"event":"CONTENT_SEALED","data":7}', '{"seq":3,"event":"RUN_OPENED","data":{"start":[1]}}']  # fmt: skip
    wrong += [
        '{"seq":4,"event":"CONTENT_SEALED" not json',
        '{"seq":5,"event":"CONTENT_SEALED","data":{"task":1,"content":{"src/a.py":"x"}}}',
    ]
    assert e.call("ship", *e.me, 1, wrong, chained(wrong))[0][0] == 5
    assert approvals.approved(a, "shop", a.me[0], ["src/a.py"]) == []
    refuses(lambda: e.call("ship", *e.me, 6, ['{"seq":6,"x":"é"}'], chained(wrong + ['{"seq":6,"x":"é"}'])), "23514")


def test_a_run_of_garbage_is_not_resumed_and_says_so_in_a_line(machines, server, base, member):  # noqa: F811
    e = member("eve")
    ber = machines("ber", "bob")
    lines = ['{"seq":1,"event":"RUN_OPENED"}']
    e.call("ship", *e.me, 1, lines, chained(lines))
    expire(server, base)
    code, _out, err = ber.pack("fleet", "resume", e.me[0][:8])
    assert code == 1 and len(err.strip().split("\n")) == 1 and "Traceback" not in err, err


def test_a_trap_before_the_functions_is_not_stepped_into(member, server, base):  # noqa: F811
    """Temporary tables, functions, operators and types of a member's own; notifications and sequences."""
    a, e = member("alice"), member("eve")
    server.sql("create schema eve authorization eve; grant temporary on database %s to public" % base["dbname"], dbname=base["dbname"])
    e.rows("create temp table runs (run text, member name)")
    e.rows("create temp table leases as select * from fleet.leases")
    e.rows("create function eve.nextval(regclass) returns bigint language sql as 'select 1::bigint'")
    e.rows("create function eve.normalize(text, text) returns text language sql as $$select 'x'$$")
    e.rows("create function eve.pg_has_role(name, text, text) returns boolean language sql as 'select true'")
    e.rows("create function eve.text_ne(text, text) returns boolean language sql as 'select false'")
    e.rows("create operator eve.<> (leftarg = text, rightarg = text, function = eve.text_ne)")
    e.rows("set search_path = pg_temp, eve, fleet, pg_catalog")
    assert a.want("src/a.py") == []
    assert e.want("src/a.py")[0]["squad"] == "squad-alice"
    for attempt in (
        lambda: e.call("heartbeat", *a.me, "{}", "", ""),
        lambda: e.call("prune", "0 days"),
        lambda: e.call("take_over", a.me[0], e.me[1], "m", True),
        lambda: e.rows("select fleet.rang()"),
        lambda: e.rows("select fleet.ring('shop', 'x')"),
        lambda: e.rows("alter sequence fleet.fence restart"),
        lambda: e.rows("lock table fleet.runs in access exclusive mode"),
        lambda: e.rows("select * from fleet.runs for update"),
        lambda: e.rows("set session authorization alice"),
        lambda: e.rows("copy fleet.runs from program 'true'"),
        lambda: e.rows("create table fleet.mine (x int)"),
        lambda: e.rows("comment on table fleet.runs is 'x'"),
        lambda: e.rows("alter role alice password 'x'"),
        lambda: e.rows("grant fleet_owner to eve"),
        lambda: e.rows("create policy p on fleet.runs using (true)"),
        lambda: e.rows("create rule r as on insert to fleet.runs do instead nothing"),
    ):
        refuses(attempt)
    fence = server.sql("select max(fence) from fleet.leases", dbname=base["dbname"])[0][0]
    assert e.want("src/e.py") == [] and server.sql("select max(fence) from fleet.leases", dbname=base["dbname"])[0][0] > fence


def test_a_bell_that_somebody_else_rings_tells_nobody_anything(member):  # noqa: F811
    """Any login may NOTIFY: it is a hint to look, and what is found are rows."""
    b, e = member("bob"), member("eve")
    assert b.listen("shop")
    channel = e.call("channel", "shop")[0][0]
    e.rows("select pg_notify(%s, 'messages')", (channel,))
    e.rows("select pg_notify(%s, %s)", (channel, "\x1b[2J" + "x" * 7000))
    rung = []
    wait(lambda: rung.extend(b.heard()) or len(rung) >= 2, "it rings")
    assert b.call("inbox", *b.me, []) == []


def test_what_another_member_wrote_is_nothing_a_terminal_obeys(member, machines, server, base):  # noqa: F811
    e = member("eve")
    e.call("say", *e.me, "squad-eve", None, "x")
    server.sql("alter table fleet.runs drop constraint names_are_plain", dbname=base["dbname"])
    server.sql("update fleet.runs set machine = %s, squad = %s where run = %s", ("m\x1b[2J\u202e\x9b1m", "s\nalive  forged", e.me[0]), dbname=base["dbname"])  # fmt: skip
    ber = machines("ber", "bob")
    _code, out, _err = ber.pack("fleet", "status")
    assert "\x1b" not in out and "\x9b" not in out and "\u202e" not in out and "\nalive  forge" not in out and "forge" in out


# --- Unlucky names and databases -------------------------------------------------------------------------------------------------
NAMES = ["équipe \"x\"; drop table fleet.runs; --", "';--", "команда 🛰", "%s %(x)s {} \\"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_alphabet_pass_whatever_the_environment_says(machines, server, base, name):
    ams, ber = machines("ams", "alice", join=False), machines("ber", "bob")
    ams.env["PGCLIENTENCODING"] = "SQL_ASCII" if name.isascii() else "LATIN1"
    code, out, err = ams.join("--squad", name)
    assert code == 0 and name in out, err
    a, b = ams.session(), ber.session()
    path = "src/%s.py" % name.replace("\\", "")
    a.build()
    assert a.register(tasks([path])) is None
    b.build()
    refused = b.register(tasks([path.upper()]))
    assert "LEASED_ELSEWHERE" in refused and name in refused
    ams.settled()
    assert name in ber.pack("fleet", "status", "--leases")[1]
    assert ams.pack("fleet", "ask", "squad-ber", "Grüße 🛰")[0] == 0
    assert stored(server, base, number(ams)) == journal(ams)


def test_text_that_is_no_text_is_refused_in_a_line_and_the_shipper_goes_on(machines):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    for s, path in ((a, "src/a.py"), (b, "src/b.py")):
        s.build()
        s.register(tasks([path]))
    pid = ams.settled()["pid"]
    done = subprocess.run([PACK, "fleet", "ask", "squad-ber", b"x\xff\xfe"], cwd=ams.clone, env=ams.env, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"UTF-8" in done.stderr, done.stderr
    git(ams.clone, "config", "team.squad", "squad-ams")
    subprocess.run(["git", "-C", ams.clone, "checkout", "-q", "-b", b"bra\xffnch"], check=True)
    a.bash("lead", "true")
    a.spawn("coder-1", "coder")
    ams.settled()
    assert ams.ship()["pid"] == pid


@pytest.mark.parametrize("date", ["German", "SQL, DMY"])
def test_a_database_with_settings_of_its_operators_taste(machines, server, base, date):
    for setting in ("default_transaction_isolation = serializable", "bytea_output = escape", "intervalstyle = sql_standard", "timezone = 'Asia/Kathmandu'", "datestyle = '%s'" % date):  # fmt: skip
        server.sql("alter database %s set %s" % (base["dbname"], setting))
    made = [machines(n, u) for n, u in (("ams", "alice"), ("ber", "bob"))]
    sessions = [m.session() for m in made]
    for n, s in enumerate(sessions):
        s.setup("SIMPLE", raw=tasks(["src/%d.py" % n]))
        s.do_task("coder-1", 1, "src/%d.py" % n)
    for m in made:
        m.settled()
        assert stored(server, base, number(m)) == journal(m)
    assert leased(server, base) == ["src/0.py", "src/1.py"]


@pytest.mark.parametrize("trunk", ["2024", "on", "null", "1.0", "feature#1", "a'b\"c", "релиз"])
def test_a_branch_of_any_name_is_written_so_that_it_is_read_again(machines, trunk):
    one = machines("ams", join=False)
    git(one.clone, "checkout", "-qb", trunk)
    code, _out, err = one.join("--own", 're"lease/*', "--own", "v\\*")
    assert code == 0, err
    settings = policy.read(one.clone)
    assert settings["trunk"] == trunk and settings["own"] == ['re"lease/*', "v\\*"]
    assert one.join()[0] == 0, "again, from what the file says"


@pytest.mark.parametrize(
    "words",
    [("--host", "alice:hunter2@127.0.0.1"), ("--host", "postgresql://alice:hunter2@h/x"), ("--dbname", "postgresql://alice:hunter2@h/x"), ("--dbname", "dbname=x password=hunter2"), ("--service", "x password=hunter2"), ("--host", "127.0.0.1 password=hunter2")],
    ids=lambda w: w[1][:24],
)  # fmt: skip
@pytest.mark.parametrize("verb", [("init",), ("grant", "eve"), ("join",), ("prune", "--days", "1")], ids=lambda v: v[0])
def test_a_password_where_a_name_is_meant_is_never_said_again(machines, verb, words):
    one = machines("ams", join=False)
    code, out, err = one.pack("fleet", *verb, *words)
    assert code == 2 and "hunter2" not in out + err and "without user and password" in err, err


def test_a_password_in_the_environment_is_never_said_again(machines, base, server):
    """In nothing that is printed, logged, kept or listed by `ps`."""
    one = machines("ams")
    s = one.session()
    s.setup("SIMPLE", raw=tasks(["src/a.py"]))
    one.settled()
    said = ""
    for name, value in (("PGHOST", "postgresql://alice:hunter2@h.invalid/x"), ("PGDATABASE", "dbname=x password=hunter2"), ("PGSERVICE", "alice:hunter2@h"), ("PGSSLMODE", "password=hunter2"), ("PGPORT", "a:hunter2@b")):  # fmt: skip
        settings = os.path.join(one.clone, policy.NAME)
        with open(settings, "w") as f:
            f.write("project: shop\n")
        for words in (("fleet", "status", "--json"), ("fleet", "ship"), ("doctor",)):
            _code, out, err = one.pack(*words, **{name: value, "PGPASSWORD": "other-hunter3"})
            said += out + err
    assert "hunter2" not in said and "hunter3" not in said and "REDACTED" in said, said
    one.kill()
    one.env["PGHOST"] = s.env["PGHOST"] = "alice:hunter2@nowhere.invalid"
    s.bash("lead", "true")
    with open(os.path.join(one.run(), "ship.log")) as f:
        assert "hunter2" not in f.read()
    assert "hunter2" not in json.dumps(one.ship())
    assert "hunter2" not in subprocess.run(["ps", "axww", "-o", "args"], stdout=subprocess.PIPE, text=True).stdout


def test_words_are_masked_short_ones_too():
    for text in ('could not translate host name "a:pw@h"', "connect failed: password=ab host=x", "PASSWORD = 'a b'", "postgres://u:p@h/d"):
        assert not {"pw@", "=ab", "a b", ":p@"} & {w for w in ("pw@", "=ab", "a b", ":p@") if w in masked(text)}, masked(text)
    assert masked("a\x1b[2Jb") == "a\\x1b[2Jb"


# --- Taking over, unlucky ----------------------------------------------------------------------------------------------------------
def test_two_machines_that_resume_at_once(pair, machines, server, base):  # noqa: F811
    """One leads; the other is told who does, or finds itself fenced. Never both."""
    ams, ber, _a, _head = pair
    cph = machines("cph", "carol")
    died(ams)
    expire(server, base)
    both = [subprocess.Popen([PACK, "fleet", "resume", "feature-add-a-greeting"], cwd=m.clone, env=m.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for m in (ber, cph)]  # fmt: skip
    said = [p.communicate() + (p.returncode,) for p in both]
    leads = server.sql("select machine from fleet.runs", dbname=base["dbname"])[0][0]
    won, lost = (0, 1) if leads == "ber" else (1, 0)
    assert said[won][2] == 0 and said[lost][2] == 1 and "is led by" in said[lost][1], said
    m = (ber, cph)[won]
    m.settled()
    assert stored(server, base, number(m)) == journal(m) and [r["event"] for r in m.records()].count("RUN_RESUMED") == 1


def test_the_clone_that_leads_is_not_resumed_over_itself(pair, server, base):  # noqa: F811
    """Its journal has records that the engine does not know yet: they must not be set aside."""
    ams, _ber, a, _head = pair
    import signal

    ams.kill(signal.SIGSTOP)
    a.spawn("coder-7", "coder")
    before = journal(ams)
    code, out, err = resumed(ams)
    assert code == 1 and "leads feature-add-a-greeting already" in err and "team resume" in err
    os.kill(ams.ship()["pid"], signal.SIGCONT)
    ams.settled()
    assert journal(ams) == before == stored(server, base, number(ams))


def test_files_that_git_does_not_track_are_not_overwritten(pair, server, base):  # noqa: F811
    ams, ber, _a, head = pair
    died(ams)
    expire(server, base)
    mine = os.path.join(ber.clone, "src", "a.py")
    with open(mine, "w") as f:
        f.write("mine, and nowhere else\n")
    git(ber.clone, "rm", "-q", "--cached", "src/a.py") if "src/a.py" in git(ber.clone, "ls-files") else None
    for _ in range(2):  # the second one must not force what the first one refused
        code, _out, err = resumed(ber)
        assert code == 1, err
        with open(mine) as f:
            assert f.read() == "mine, and nowhere else\n"
    assert server.sql("select machine from fleet.runs", dbname=base["dbname"]) == [("ams",)], "nothing was fenced"


def test_a_hook_of_the_clone_that_fails_stops_no_take_over(pair, server, base):  # noqa: F811
    ams, ber, _a, head = pair
    died(ams)
    expire(server, base)
    hook = os.path.join(ber.clone, ".git", "hooks", "post-checkout")
    os.makedirs(os.path.dirname(hook), exist_ok=True)
    with open(hook, "w") as f:
        f.write("#!/bin/sh\nexit 3\n")
    os.chmod(hook, 0o755)
    code, out, err = resumed(ber)
    assert code == 0, out + err
    assert git(ber.clone, "rev-parse", "HEAD").strip() == head


# --- The engine says no, which is another thing than being away ---------------------------------------------------------------------
def test_offline_allow_is_no_way_round_an_engine_that_says_no(machines, server, base):
    ams = machines("ams", "alice", options=("--offline", "allow", "--lease-minutes", "0.5"))
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    ams.settled()
    server.sql("revoke fleet_member from alice")
    try:
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (base["dbname"],))
        wait(lambda: "pack fleet grant" in (ams.ship().get("why") or ""), "the engine has said no, it is not just away")
        refused = a.bash("lead", "pack task rescope 1 --file src/b.py --reason more")
        assert "ENGINE_REFUSES" in refused and "pack fleet grant" in refused, refused
        assert files.read(ams.run(), "unleased.json", []) == []
    finally:
        server.sql("grant fleet_member to alice")


def test_a_schema_that_was_made_newer_meanwhile_is_said(machines, server, base):
    ams = machines("ams", "alice")
    a = ams.session()
    a.setup("SIMPLE", raw=tasks(["src/a.py"]))
    ams.settled()
    server.sql("alter function fleet.heartbeat(text, text, bigint, jsonb, text, text) rename to heartbeat2", dbname=base["dbname"])
    server.sql("insert into fleet.migrations (number, name, sha256) values (99, 'later', 'x')", dbname=base["dbname"])
    a.say("coder-1", "supervisor", "CLAIM: task #1")
    wait(lambda: "update the plugin" in (ams.ship().get("why") or ""), "it is said")
    code, out, _err = ams.pack("fleet", "status")
    assert code == 1 and "update the plugin" in out
    assert a.edit("coder-1", "src/a.py", "a = 1\n") is None, "nothing local waits"


# --- What the lead is told ---------------------------------------------------------------------------------------------------------
def test_no_message_is_lost_however_many_arrive_at_once(machines, server, base):
    ams, ber = machines("ams", "alice"), machines("ber", "bob")
    a, b = ams.session(), ber.session()
    for s, path in ((a, "src/a.py"), (b, "src/b.py")):
        s.build()
        s.register(tasks([path]))
    ams.settled()
    ber.settled()
    with Engine(dict(base, user="alice")) as engine:
        me = server.sql("select run, holder, epoch from fleet.runs where member = 'alice'", dbname=base["dbname"])[0]
        for n in range(23):
            engine.call("say", *me, "squad-ber", None, "message number %02d" % n)
    wait(lambda: server.sql("select count(*) from fleet.messages where got_at is null", dbname=base["dbname"]) == [(0,)], "all arrive")
    told = []
    for _ in range(6):
        told.append(b.stop("lead") or "")
    assert all("message number %02d" % n in "".join(told) for n in range(23))
    assert "".join(told).count("message number 07") == 1 and told[-1] == "" or "from the fleet" not in told[-1]


def test_prune_keeps_what_is_not_there_yet_and_takes_old_messages(member, machines, server, base):  # noqa: F811
    a, b = member("alice"), member("bob")
    owner = Engine(dict(base, user="postgres"))
    first = a.call("say", *a.me, "squad-bob", None, "old")[0][0]
    b.call("inbox", *b.me, [first])
    a.call("say", *a.me, "squad-bob", None, "waits")
    answer = b.call("say", *b.me, None, first, "an answer that waits")[0][0]
    server.sql("update fleet.messages set at = at - interval '100 days'", dbname=base["dbname"])
    refuses(lambda: owner.call("prune", "-1 days"), "FL061")
    owner.call("prune", "90 days")
    assert len(a.rows("select 1 from fleet.messages")) == 3, "undelivered ones stay, and what they answer"
    a.call("inbox", *a.me, [answer])
    owner.call("prune", "90 days")
    assert [body for (body,) in a.rows("select body from fleet.messages")] == ["waits"]
    owner.close()
    for days in ("-1", "nan", "inf"):
        code, _out, err = machines("m" + days.strip("-"), join=False).pack("fleet", "prune", "--days", days)
        assert code == 2 and "days" in err


# --- The schema, made by several people ---------------------------------------------------------------------------------------------
def test_two_people_init_at_once(server):
    """In one database, and in two of one server: roles are the server's."""
    for names in (("both_1", "both_1"), ("both_2", "both_3")):
        for name in set(names):
            server.sql("create database %s" % name)
        try:
            code = "from pack.fleet import setup; print(setup.init(%r))"
            where = [{"host": server.folder, "port": str(server.port), "dbname": n, "user": "postgres"} for n in names]
            env = dict(os.environ, PYTHONPATH="scripts")
            both = [subprocess.Popen([sys.executable, "-c", code % w], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for w in where]  # fmt: skip
            said = [p.communicate() + (p.returncode,) for p in both]
            assert [s[2] for s in said] == [0, 0], said
            whole = str([n for n, _name, _sql in setup.migrations()])
            assert sorted(s[0].strip() for s in said) == (sorted([whole, "[]"]) if names[0] == names[1] else [whole, whole])
        finally:
            for name in set(names):
                server.sql("drop database %s with (force)" % name)


def test_branches_whose_names_are_no_text_stop_no_hook(session):
    """One that a colleague's old machine pushed lies in `packed-refs` of every clone, where HEAD's own commit is looked up."""
    session.setup("SIMPLE")
    head = git(session.project, "rev-parse", "HEAD").strip()
    subprocess.run(["git", "-C", session.project, "update-ref", b"refs/remotes/origin/caf\xe9", head], check=True)
    git(session.project, "pack-refs", "--all")
    assert session.say("coder-1", "supervisor", "CLAIM: task #1") is None
    assert session.edit("coder-1", "src/a.py", "a = 1\n") is None
    subprocess.run(["git", "-C", session.project, "checkout", "-q", "-b", b"caf\xe9"], check=True)
    git(session.project, "pack-refs", "--all")
    assert session.edit("coder-1", "src/a.py", "a = 2\n") is None


def test_who_comes_back_to_its_squad_after_another_took_its_run_over_is_in_it_still(member, server, base):  # noqa: F811
    b, a = member("bob"), member("alice")
    expire(server, base)
    a.call("take_over", b.me[0], a.me[1], "host-alice", False)
    again = ("%032x" % 5, "%032x" % 6, "shop", "t", "squad-bob", "m", "main", "main", "60 s")
    assert b.call("announce", *again), "its own squad"
