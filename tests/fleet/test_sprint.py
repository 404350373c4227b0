"""The sprint of three squads on three machines: one backlog, blockers, hand-offs, decisions, contracts that drift, integration day, exit."""

import contextlib
import io
import json
import os
import socket
import subprocess

import pytest
from fleet.conftest import PACK
from fleet.test_leases import member, tasks, wait  # noqa: F401 - member is a fixture
from tests.conftest import git

from pack.cli.main import main
from pack.fleet import files
from pack.fleet.engine import FleetError
from pack.realtime import record

SQUADS = ("ams", "ber", "cph")
SPRINT = {
    "sprint": 1,
    "title": "Checkout",
    "timezone": "UTC",
    "squads": [{"id": "squad-" + n, "title": "Squad " + n, "lead": n, "smoke": [["sh", "smoke-%s.sh" % n]]} for n in SQUADS],
    "rhythm": [{"at": "09:00", "what": "Standup"}],
    "integration_day": {"day": "wed", "checklist": [{"do": "Smoke", "smoke": True}]},
    "exit": [{"criterion": c, "check": c} for c in ("integration", "status", "links", "contracts", "backlog")],
}


@pytest.fixture
def centre(machines, origin):
    """Three machines with one sprint, a smoke suite each and a bare repository between them."""
    for name in SQUADS:
        (origin / ("smoke-%s.sh" % name)).write_text("grep -q . src/%s.py\n" % name)
    (origin / "docs" / "sprints").mkdir(parents=True)
    (origin / "docs" / "sprints" / "sprint.yaml").write_text(json.dumps(SPRINT))
    with open(origin / ".gitignore", "a") as f:
        f.write("docs/sprints/Parallel_Backlog.md\n.claude/\n")
    git(origin, "add", "-A", "-f")
    git(origin, "commit", "-qm", "the sprint")
    git(origin, "config", "receive.denyCurrentBranch", "updateInstead")
    return [machines(name, user) for name, user in zip(SQUADS, ("alice", "bob", "carol"))]


def pull(m):
    git(m.clone, "pull", "-q", "--no-edit", "--no-rebase")


def push(m, message, **texts):
    for name, text in texts.items():
        os.makedirs(os.path.dirname(os.path.join(m.clone, name)) or ".", exist_ok=True)
        with open(os.path.join(m.clone, name), "w") as f:
            f.write(text)
    git(m.clone, "add", "-A")
    git(m.clone, "commit", "-qm", message)
    pull(m)
    git(m.clone, "push", "-q")
    return git(m.clone, "rev-parse", "HEAD").strip()


def ok(m, *words, code=0):
    """`pack sprint` on a machine, in this process: a program of its own for each would cost ten times as much (test_one_backlog starts some)."""
    said, before, here = io.StringIO(), dict(os.environ), os.getcwd()
    os.environ.update(m.env)
    os.chdir(m.clone)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            got = main(["sprint", *words])
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
    assert got == code, (words, said.getvalue())
    return said.getvalue()


def recorded(m, date, fields):
    """A recording as `pack record http` leaves it, without the endpoint."""
    values = {k: v for k, v in fields.items()}
    folder = os.path.join(m.clone, "docs", "design", "contracts", date)
    os.makedirs(folder, exist_ok=True)
    asked = {"method": "GET", "url": "http://127.0.0.1:9/orders", "headers": {}, "body": None}
    record.save(folder, "orders", {"kind": "http", "request": asked, "status": 200, "headers": {}, "keep": [], "schema": record.infer([values])}, 0)  # fmt: skip


def test_one_backlog_with_blockers_hand_offs_and_decisions(centre, server, base):
    ams, ber, cph = centre
    s = {m.name: m.session() for m in centre}
    for m in centre:
        s[m.name].build()
        assert s[m.name].register(tasks(["src/%s.py" % m.name])) is None
    assert "B1" in ok(ams, "add", "squad-ams", "Token stream", "--owner", "ana", "--cross-squad")
    assert "B2" in ok(ber, "add", "squad-ber", "Console", "--owner", "ben", "--needs", "B1")
    both = [
        subprocess.Popen([PACK, "sprint", "add", "squad-cph", "Part of " + m.name], cwd=m.clone, env=m.env, stdout=subprocess.PIPE)
        for m in (ams, cph)
    ]
    assert sorted(p.communicate()[0].decode()[:2] for p in both) == ["B3", "B4"], "two at once have two numbers"
    assert "B2 waits for B1" in ok(ber, "set", "B2", "doing", code=2)
    ok(ams, "set", "B1", "blocked", "--by", "schema", "--owner", "ana", "--eta", "15:00")
    wait(lambda: "B1 Token stream is blocked: schema, owner ana" in str(files.read(ber.run(), "news.json")), "the others are told")
    shown = ok(cph, "lanes", code=1)
    assert "blocked:1" in shown and "B1 Token stream  cross-squad" in shown and "ESCALATE" not in shown
    # four hours go by, by the engine's clock; a machine whose own clock is a year off says the same
    server.sql("update fleet.items set data = jsonb_set(data, '{since}', to_jsonb((data->>'since')::float8 - 4.1 * 3600)) where id = 'B1'", dbname=base["dbname"])  # fmt: skip
    assert "ESCALATE B1 squad-ams: schema, owner ana, ETA 15:00" in ok(cph, "blockers", code=1)
    assert "sprint: 1 blocked, 3 todo, ⚠ 1 blocked for too long" in cph.pack("fleet", "status")[1]
    ok(ber, "set", "B2", "todo", "--owner", "bea")  # rings the bell: nobody waits for a sign of life here
    for m in (ams, cph):
        wait(lambda m=m: "ESCALATE B1" in str(files.read(m.run(), "news.json")), "whose it is and who waits for it are told")
    assert server.sql("select count(*) from fleet.notes where kind = 'escalated'", dbname=base["dbname"]) == [(1,)], "once"
    assert "ESCALATE B1" in s["cph"].stop("lead") and "ESCALATE" not in (s["cph"].stop("lead") or ""), "told once"
    ok(ams, "set", "B1", "doing")
    # handed over: the other squad is told, and takes it
    assert "was not handed to squad squad-cph" in ok(cph, "accept", "B1", code=2)
    ok(ams, "handoff", "B1", "--to", "squad-cph", "--note", "API is stable")
    wait(lambda: "hands over B1 Token stream: API is stable" in str(files.read(cph.run(), "news.json")), "it is told")
    shown = ok(cph, "lanes", code=1)
    assert "HANDED OVER B1" in shown and "leave it out of git" not in shown
    ok(cph, "accept", "B1", "--owner", "cora")
    assert "D" in ok(ams, "decide", "Events carry a version", "--why", "two readers")
    wait(lambda: "Events carry a version" in str(files.read(ber.run(), "news.json")), "every squad hears of a decision")
    told = ok(ber, "log")
    assert (
        "B1 handed over to squad-cph: API is stable" in told and "Events carry a version (two readers)" in told and "ESCALATED B1" in told
    )
    with open(os.path.join(cph.clone, "docs", "sprints", "Parallel_Backlog.md")) as f:
        grid = f.read()
    assert grid.index("Squad cph") < grid.index("**B1** Token stream") and "owner: cora" in grid


def test_who_changes_an_item_that_changed_meanwhile_looks_again(member):  # noqa: F811
    a, e = member("alice"), member("eve")
    item = {"id": "B1", "squad": "squad-alice", "title": "One", "state": "todo", "owner": "ana"}
    assert a.call("put_item", "shop", "B1", 0, "squad-alice", json.dumps(item), "m")[0][0] == 1
    item["state"] = "doing"
    assert a.call("put_item", "shop", "B1", 1, "squad-alice", json.dumps(item), "m")[0][0] == 2
    with pytest.raises(FleetError) as caught:
        a.call("put_item", "shop", "B1", 1, "squad-alice", json.dumps(item), "m")
    assert caught.value.code == "FL050" and "changed meanwhile by alice on m" in str(caught.value)
    # a malicious member: another squad's voice, another squad's item, rows past the functions
    for attempt in (
        lambda: e.call("put_item", "shop", "B1", 2, "squad-eve", json.dumps(dict(item, state="done")), "m"),
        lambda: e.call("put_item", "shop", "B1", 2, "squad-alice", json.dumps(dict(item, state="done")), "m"),
        lambda: e.call("add_note", "shop", "decision", "squad-alice", "", '{"text": "forged"}', "m"),
        lambda: e.call("add_note", "shop", "escalated", "squad-eve", "", "{}", "m"),
        lambda: e.call("need", "shop", "squad-alice", "orders", ["src/"], [], False),
        lambda: e.call("publish", "shop", "squad-alice", "orders", 0, "0" * 40, "d", "{}", "[]", "m"),
        lambda: e.rows("update fleet.items set data = '{}'"),
        lambda: e.rows("select fleet.tell('shop', 'squad-alice', '{squad-x}', 'note', 'forged')"),
        lambda: e.rows(
            "insert into fleet.contracts (project, name, version, squad, commit, digest, recording, drift, machine) values ('shop', 'x', 1, 's', '%s', 'd', '{}', '[]', 'm')"
            % ("0" * 40)
        ),  # fmt: skip
    ):
        with pytest.raises(FleetError):
            attempt()
    assert a.rows("select data->>'state' from fleet.items") == [("doing",)]


def test_a_contract_that_drifts_keeps_dependent_tasks_back_until_it_is_merged(centre):
    ams, ber, _cph = centre
    recorded(ams, "2026-03-04", {"id": 1, "total": 9})
    assert "not committed" in ok(ams, "contract", "publish", "orders", code=2)
    push(ams, "the contract")
    assert "orders is version 1\n" in ok(ams, "contract", "publish", "orders")
    assert "version 1, as before" in ok(ams, "contract", "publish", "orders")
    assert "no contract nothing is published; there are: orders" in ok(ber, "contract", "need", "nothing", code=2)
    ok(ber, "add", "squad-ber", "Console", "--owner", "ben")
    ok(ber, "contract", "need", "orders", "--path", "src/a.py", "--item", "B1")
    assert "no version of it is merged here" in ok(ber, "contract", "list", code=1)
    assert "B1 waits for contract orders" in ok(ber, "set", "B1", "doing", code=2)
    pull(ber)
    ok(ber, "set", "B1", "doing")
    b = ber.session()
    b.setup("MEDIUM", coders=2, raw=tasks(["src/a.py"], ["src/b.py"]))
    wait(lambda: files.read(ber.run(), "contracts.json"), "the shipper knows what the squad rests on")
    # the endpoint loses a field
    recorded(ams, "2026-03-05", {"id": 1})
    commit = push(ams, "the contract, without a total")
    assert "DRIFT total is gone" in ok(ams, "contract", "publish", "orders")
    wait(
        lambda: "contract orders drifts with version 2: total is gone" in str(files.read(ber.run(), "news.json")), "who rests on it is told"
    )
    wait(lambda: files.read(ber.run(), "contracts.json")[0]["version"] == 2, "and it is known here")
    assert "contract orders drifts" in b.stop("lead")
    before = b.state()["tasks"]["1"]["state"]
    refused = b.say("coder-1", "supervisor", "CLAIM: task #1")
    assert "CONTRACT_DRIFTED" in refused and "task #1 depends on contract orders of squad squad-ams" in refused
    assert "total is gone" in refused and "merge %s" % commit[:12] in refused
    assert b.state()["tasks"]["1"]["state"] == before == "PENDING"
    assert b.say("coder-2", "supervisor", "CLAIM: task #2") is None, "what does not depend on it goes on"
    pull(ber)
    assert b.say("coder-1", "supervisor", "CLAIM: task #1") is None
    # a field more breaks nobody
    recorded(ams, "2026-03-06", {"id": 1, "more": 2})
    push(ams, "a field more")
    assert "DRIFT" not in ok(ams, "contract", "publish", "orders")
    ok(ber, "contract", "list")
    # it drifts while the work on it is under way: that is not handed to review before it stands on what is merged
    recorded(ams, "2026-03-07", {"more": 2})
    commit = push(ams, "without an id")
    assert "DRIFT id is gone" in ok(ams, "contract", "publish", "orders")
    wait(lambda: files.read(ber.run(), "contracts.json")[0]["version"] == 4, "it is known here")
    assert b.edit("coder-1", "src/a.py", "a = 1\n") is None, "work goes on"
    refused = b.say("coder-1", "supervisor", "IN_REVIEW: task #1")
    assert "CONTRACT_DRIFTED" in refused and "id is gone" in refused and "merge %s" % commit[:12] in refused
    assert b.state()["tasks"]["1"]["state"] == "IN_PROGRESS"
    pull(ber)
    assert b.say("coder-1", "supervisor", "IN_REVIEW: task #1") is None


def test_exit_criteria_are_computed_over_all_machines(centre):
    ams, ber, cph = centre
    for n, m in enumerate(centre):
        push(m, "code of " + m.name, **{"src/%s.py" % m.name: "x = %d\n" % n})
        ok(m, "add", "squad-" + m.name, "Part " + m.name, "--owner", m.name)
        ok(m, "set", "B%d" % (n + 1), "done")
    for m in centre:
        pull(m)
    shown = ok(cph, "exit", code=1)
    assert (
        "OPEN integration: no integration day was run on any machine" in shown
        and "OPEN status: no status was ever written, on any" in shown
    )
    assert "met  backlog" in shown and "OPEN contracts: no contract is published" in shown
    ok(ber, "integration")
    assert "wrote" in ok(ams, "status")
    (status,) = [os.path.join(f, n) for f, _d, names in os.walk(os.path.join(ams.clone, "docs", "sprints", "status")) for n in names if n.endswith(".md")]  # fmt: skip
    assert "OPEN links" in ok(cph, "exit", code=1)
    with open(status, "a") as f:
        f.write("http://grafana.example/d/1\n")
    ok(ams, "exit", code=1)  # whoever wrote a status says so at the next look
    shown = ok(cph, "exit", code=1)
    assert "met  integration" in shown and "met  status" in shown and "met  links" in shown, shown
    # code changes behind the day that was run
    push(ams, "more code", **{"src/ams.py": "x = 9\n"})
    pull(cph)
    assert "OPEN integration: no integration day was run on this code; that of ber ran at" in ok(cph, "exit", code=1)


def test_the_backlog_of_one_machine_moves_into_the_fleet_and_is_shown_as_last_written_while_the_engine_is_away(centre):
    ams, ber, _cph = centre
    os.rename(os.path.join(ams.clone, ".claude"), os.path.join(ams.clone, "aside"))
    ok(ams, "add", "squad-ams", "One", "--owner", "ana")
    ok(ams, "add", "squad-ber", "Two", "--owner", "ben", "--needs", "B1")
    os.rename(os.path.join(ams.clone, "aside"), os.path.join(ams.clone, ".claude"))
    assert "2 items are the fleet's now" in ok(ams, "share")
    assert "has a backlog of this project already" in ok(ams, "share", code=2)
    assert "B2 waits for B1" in ok(ber, "set", "B2", "doing", code=2)
    path = os.path.join(ams.clone, ".claude", "fleet.yaml")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("\nport: ", "\nport: 1"))
    shown = ok(ams, "lanes", code=1)
    assert "cannot be reached" in shown and "as it was last written here" in shown and "todo:1" in shown
    assert "cannot be reached" in ok(ams, "set", "B1", "doing", code=2)


def test_a_recording_that_only_lies_in_the_engine_is_not_obeyed(centre, server, base):
    """It says whom to ask with what of the environment: another member's would send this machine's secrets to an address of its own."""
    ams, _ber, cph = centre
    recorded(ams, "2026-03-04", {"id": 1})
    push(ams, "the contract")
    ok(ams, "contract", "publish", "orders")
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen(5)
        url = "http://127.0.0.1:%d/?${HOME}" % trap.getsockname()[1]
        server.sql("update fleet.contracts set recording = jsonb_set(recording, '{request,url}', to_jsonb(%s::text))", (url,), dbname=base["dbname"])  # fmt: skip
        assert "OPEN contracts: orders: the newest recording here is not version 1: merge" in ok(cph, "exit", code=1)
        pull(cph)
        shown = ok(cph, "exit", code=1)
        assert "OPEN contracts: orders, version 1: " in shown, "asked as this clone has it: nobody answers there"
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()
