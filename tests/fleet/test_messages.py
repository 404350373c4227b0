"""What squads say to each other: a row with delivery and answer, told at a turn's end and never by waking anybody."""

import pytest
from fleet.test_leases import tasks, wait
from tests.conftest import git

from pack.fleet import files
from pack.fleet.engine import FleetError

SHORT = ("--lease-minutes", "0.5")


def test_a_question_reaches_the_other_lead_at_its_turns_end_and_its_answer_comes_back(machines, server, base):
    ams, ber = machines("ams", "alice", options=SHORT), machines("ber", "bob", options=SHORT)
    a, b = ams.session(), ber.session()
    for s, name in ((a, "src/a.py"), (b, "src/b.py")):
        s.build()
        s.register(tasks([name]))
    assert b.bash("lead", "pack fleet ask squad-ams 'may I have src/a.py?'") is None
    assert "message 1 to squad squad-ams is stored; its lead has it at the end of its turn" in b.output, b.output
    wait(lambda: files.read(ams.run(), "news.json"), "the message arrives")
    told = a.stop("lead")
    assert "squad squad-ber asks (message 1): may I have src/a.py?" in told and "pack fleet answer 1" in told
    assert "from the fleet" not in (a.stop("lead") or ""), "once"
    wait(lambda: server.sql("select got_by is not null from fleet.messages", dbname=base["dbname"]) == [(True,)], "its delivery is noted")
    assert a.bash("lead", "pack fleet answer 1 'after task 1'") is None and "is stored" in a.output, a.output
    wait(lambda: files.read(ber.run(), "news.json"), "the answer arrives")
    assert "squad squad-ams answers your message 1 (message 2): after task 1" in b.stop("lead")


def test_a_mistake_is_told(machines):
    ams = machines("ams", "alice")
    a = ams.session()
    a.build()
    a.register(tasks(["src/a.py"]))
    for words, said in (
        (("ask", "squad-x", "hello"), "has no squad squad-x; it has: squad-ams"),
        (("ask", "squad-ams", "hello"), "squad squad-ams is this run's own, and no other run of it is alive"),
        (("answer", "77", "yes"), "message 77 is none to squad"),
    ):
        code, out, err = ams.pack("fleet", *words)
        assert code == 1 and said in err and out == "", err
    ams.pack("abort", "--reason", "enough")


def test_who_reads_a_message_is_said(machines, server, base):
    """Another run of one's own squad is somebody; a squad whose runs are over has a next one."""
    ams, ber, cph = machines("ams", "alice"), machines("ber", "alice"), machines("cph", "bob")
    a, b, c = ams.session(), ber.session(), cph.session()
    git(ber.clone, "config", "team.squad", "squad-ams")
    for s, name in ((a, "src/a.py"), (b, "src/b.py"), (c, "src/c.py")):
        s.build()
        assert s.register(tasks([name])) is None
    code, out, err = ams.pack("fleet", "ask", "squad-ams", "which of us takes src/d.py?")
    assert code == 0 and "its lead has it at the end of its turn" in out, out + err
    wait(lambda: files.read(ber.run(), "news.json"), "the other run of the squad has it")
    assert "which of us takes src/d.py?" in b.stop("lead") and "which of us" not in (a.stop("lead") or "")
    assert cph.pack("abort", "--reason", "enough")[0] == 0
    wait(
        lambda: server.sql("select 1 from fleet.runs where squad = 'squad-cph' and closed is not null", dbname=base["dbname"]), "it is over"
    )
    code, out, _err = ams.pack("fleet", "ask", "squad-cph", "for later")
    assert code == 0 and "no run of it is alive: its next one has it" in out, out


from fleet.test_leases import member  # noqa: E402, F401 - the fixture


def test_row_security_of_messages(member, server, base):  # noqa: F811
    a, b, e = member("alice"), member("bob"), member("eve")
    n = a.call("say", *a.me, "squad-bob", None, "hello")[0][0]
    assert a.call("say", *a.me, "squad-bob", None, "hello")[0][0] == n, "asked again, said once"
    for attempt in (
        lambda: e.call("say", *a.me, "squad-bob", None, "forged"),
        lambda: e.call("inbox", *b.me, [n]),
        lambda: e.call("say", *e.me, None, n, "forged answer"),
        lambda: e.rows("update fleet.messages set body = 'x'"),
        lambda: e.rows("insert into fleet.messages (project, from_run, from_squad, to_squad, body) values ('shop', 'x', 'y', 'z', 'w')"),
    ):
        with pytest.raises(FleetError):
            attempt()
    e.call("inbox", *e.me, [n])
    assert b.call("inbox", *b.me, [])[0][3] == "hello", "told again until it is said to have arrived"
    assert b.call("inbox", *b.me, [])[0][0] == n
    assert b.call("inbox", *b.me, [n]) == []
