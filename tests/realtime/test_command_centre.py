"""Contracts, the command centre and decisions, against real endpoints."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import pack as pack_package
from pack.realtime import adr, integration_day, record, sprint
from pack.realtime.backlog import Backlog

from .conftest import START, free_port, make_project, pack

WED = 1_772_643_600  # 2026-03-04 09:00 in Los Angeles, a Wednesday


class Policy(http.server.BaseHTTPRequestHandler):
    """A small real service whose answer a test can change."""

    answer, status = {"id": 7, "name": "constitution", "tags": ["a"], "api_key": "s3cr3t", "score": 1}, 200

    def do_GET(self):
        body = json.dumps(type(self).answer).encode()
        self.send_response(type(self).status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *rest):
        pass


@pytest.fixture
def service():
    Policy.answer, Policy.status = dict(Policy.answer, id=7, name="constitution"), 200
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Policy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield "http://127.0.0.1:%d/v1/policy" % server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_http_contract_is_recorded_and_replayed(service, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert pack("record", "http", service, "--name", "policy", "--date", "2026-03-04") == 0
    folder = os.path.join("docs", "design", "contracts", "2026-03-04")
    with open(os.path.join(folder, "policy.json")) as handle:
        told = json.load(handle)
    assert told["status"] == 200 and told["body"]["api_key"] == "[REDACTED_SECRET]" and "s3cr3t" not in json.dumps(told)
    assert told["schema"]["required"] == ["api_key", "id", "name", "score", "tags"]
    with open(os.path.join(folder, "README.md")) as handle:
        readme = handle.read()
    assert "| tags[] | string | yes |" in readme and "GET %s -> 200" % service in readme
    assert pack("record", "replay", folder) == 0 and "MATCHES  policy" in capsys.readouterr().out
    Policy.answer = dict(Policy.answer, extra=1, score=2)
    assert pack("record", "replay", folder) == 0, "a new field breaks nobody"
    for change, word in [
        ({"id": "7"}, "/id: type was integer, is string"),
        ({"score": None}, "/score: type was integer, is null"),
    ]:
        before, Policy.answer = Policy.answer, dict(Policy.answer, **change)
        assert pack("record", "replay", folder) == 1 and word in capsys.readouterr().out
        Policy.answer = before
    Policy.answer = {k: v for k, v in Policy.answer.items() if k != "name"}
    assert pack("record", "replay", folder) == 1 and "name is gone" in capsys.readouterr().out
    Policy.status = 500
    assert pack("record", "replay", folder) == 1 and "status was 200, is 500" in capsys.readouterr().out


def test_only_real_systems(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert pack("record", "http", "http://127.0.0.1:%d/" % free_port(), "--name", "x") == 2
    assert "recorded from real systems only" in capsys.readouterr().err
    assert pack("record", "topic", "kafka", "mock:1", "--option", "topic=t", "--name", "x", "--seconds", "1") == 2
    assert "is a mock" in capsys.readouterr().err


def _integration_day(redis_url, *names):
    """A sprint.json here whose integration day looks for traffic on these streams."""
    squads = [{"id": n, "title": n, "lead": n} for n in ("a", "b")]
    topics = {"adapter": "redis", "address": redis_url, "names": names, "seconds": 1.0}
    day = {"day": "wed", "checklist": [{"do": "Traffic", "topics": topics}]}
    told = {"sprint": 1, "title": "S", "squads": squads, "rhythm": [{"at": "09:00", "what": "Standup"}], "integration_day": day}
    told["exit"] = [{"criterion": "day", "check": "integration"}]
    with open("sprint.json", "w") as handle:
        json.dump(told, handle)


@pytest.mark.broker
def test_topics_and_websockets(redis_url, ws_url, tmp_path, monkeypatch, capsys):
    import redis

    monkeypatch.chdir(tmp_path)
    stop, client = threading.Event(), redis.Redis.from_url(redis_url)

    def traffic():
        number = 0
        while not stop.wait(0.05):
            number += 1
            client.xadd("policy.decisions", {"m": json.dumps({"n": number, "ok": True})})

    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        assert (
            pack(
                "record",
                "topic",
                "redis",
                redis_url,
                "--option",
                "stream=policy.decisions",
                "--count",
                "3",
                "--name",
                "policy.decisions",
                "--date",
                "2026-03-04",
            )
            == 0
        )
        assert (
            pack(
                "record",
                "topic",
                "websocket",
                ws_url,
                "--send",
                '{"hello": 1}',
                "--count",
                "1",
                "--name",
                "echo",
                "--date",
                "2026-03-04",
            )
            == 0
        )
        assert pack("record", "replay", "docs/design/contracts/2026-03-04") == 0
        _integration_day(redis_url, "policy.decisions")
        assert pack("sprint", "integration", "--file", "sprint.json", "--now", WED) == 0 and "ok   Traffic" in capsys.readouterr().out
        _integration_day(redis_url, "policy.decisions", "nobody.writes")
        assert pack("sprint", "integration", "--file", "sprint.json", "--now", WED) == 1
        assert "FAIL Traffic: no live traffic: nobody.writes" in capsys.readouterr().out
        assert pack("record", "replay", "docs/design/contracts/2026-03-04") == 0
        out = capsys.readouterr().out
        assert "MATCHES  echo" in out and "MATCHES  policy.decisions" in out
    finally:
        stop.set()
        thread.join()
    with open("docs/design/contracts/2026-03-04/policy.decisions.json") as handle:
        told = json.load(handle)
    assert len(told["messages"]) == 3 and told["schema"]["properties"] == {
        "n": {"type": "integer"},
        "ok": {"type": "boolean"},
    }
    assert client.exists("policy.decisions"), "recording leaves the topic alone"
    client.delete("policy.decisions")
    client.close()
    assert pack("record", "topic", "redis", redis_url, "--option", "stream=silent", "--seconds", "0.3", "--name", "silent") == 2
    assert "is there live traffic?" in capsys.readouterr().err


def test_inferred_schema():
    assert record.infer([1, 2.5]) == {"type": "number"}
    assert record.infer([{"a": 1}, {"a": None, "b": "x"}]) == {
        "type": "object",
        "properties": {"a": {"type": ["integer", "null"]}, "b": {"type": "string"}},
        "required": ["a"],
    }


# The command centre ---------------------------------------------------------------------------------------------------


@pytest.fixture
def centre(tmp_path, monkeypatch):
    """A project with two squads; the smoke commands are real commands."""
    folder = tmp_path / "p"
    make_project(folder, {}, ".team")
    monkeypatch.chdir(folder)
    (folder / "smoke_ok.py").write_text("print('1 passed')\n")
    (folder / "smoke_bad.py").write_text("import sys; print('1 failed'); sys.exit(1)\n")
    data = {
        "sprint": 1,
        "title": "Three sprints",
        "timezone": "America/Los_Angeles",
        "blocker_hours": 4,
        "escalation": "#tiger-crew",
        "squads": [
            {"id": "governance", "title": "Governance Core", "lead": "g", "smoke": [[sys.executable, "smoke_ok.py"]]},
            {"id": "runtime", "title": "Runtime", "lead": "r", "smoke": [[sys.executable, "smoke_bad.py"]]},
        ],
        "rhythm": [
            {"at": "08:30", "what": "Infra pulse", "minutes": 15},
            {"at": "09:00", "what": "Standup", "minutes": 15},
            {"at": "11:00", "what": "Clinic", "days": ["mon", "thu"]},
            {"at": "16:00", "what": "Wrap"},
        ],
        "integration_day": {
            "day": "wed",
            "checklist": [{"do": "Smoke", "smoke": True}, {"do": "Docs", "files": ["README.md"]}],
        },
        "exit": [
            {"criterion": "integration", "check": "integration"},
            {"criterion": "links", "check": "links"},
            {"criterion": "status", "check": "status"},
            {"criterion": "docs", "check": "files", "files": ["README.md"]},
            {"criterion": "contracts", "check": "contracts"},
            {"criterion": "backlog", "check": "backlog"},
        ],
    }
    (folder / "docs" / "sprints").mkdir(parents=True)
    (folder / "sprint.json").write_text(json.dumps(data))
    return folder


def go(*argv, now=WED):
    return pack("sprint", *argv, "--file", "sprint.json", "--now", now)


def test_rhythm_of_the_day(centre, capsys):
    assert go("today") == 0
    assert capsys.readouterr().out.splitlines() == [
        "past 08:30  Infra pulse (15 min, all)",
        "now  09:00  Standup (15 min, all)",
        "next 16:00  Wrap (30 min, all)",
        "today is integration day: `pack sprint integration`",
    ]
    assert go("today", now=WED + 86400) == 0 and "11:00  Clinic" in capsys.readouterr().out


def test_blockers_over_four_hours_with_owner_and_eta(centre, capsys):
    assert go("add", "runtme", "x") == 2 and "unknown squad 'runtme'; known: governance, runtime" in capsys.readouterr().err
    assert go("add", "runtime", "Token stream", "--cross-squad") == 0
    assert go("set", "B1", "blocked") == 2 and "a blocker needs --by" in capsys.readouterr().err
    assert go("set", "B1", "blocked", "--by", "schema not merged", "--owner", "ana", "--eta", "15:00") == 0
    capsys.readouterr()
    assert go("blockers", now=WED + 3.9 * 3600) == 0 and "ESCALATE" not in capsys.readouterr().out
    assert go("blockers", now=WED + 4.1 * 3600) == 1
    assert capsys.readouterr().out.strip() == "ESCALATE B1 runtime: schema not merged, owner ana, ETA 15:00, 4.1 h  cross-squad"
    assert go("set", "B1", "blocked", "--by", "still", "--eta", "16:00", now=WED + 4 * 3600) == 0
    assert go("blockers", now=WED + 4.1 * 3600) == 1, "a new ETA does not restart the clock"
    assert "`cross-squad`" in (centre / "docs" / "sprints" / "Parallel_Backlog.md").read_text()
    assert go("lanes") == 1 and "status due: no status was ever written" in capsys.readouterr().out


def test_integration_day_runs_for_real(centre, service, capsys):
    assert go("integration") == 1
    out = capsys.readouterr().out
    assert "ok   smoke governance" in out and "FAIL smoke runtime: exit code 1" in out and "FAIL Docs: missing: README.md" in out
    log = centre / "docs" / "sprints" / "status" / "2026-03-04" / "evidence" / "01-smoke-governance.log"
    assert log.read_text() == "1 passed\n"
    assert go("exit") == 1
    out = capsys.readouterr().out
    assert (
        "OPEN integration: smoke runtime: exit code 1" in out
        and "OPEN backlog: the backlog is empty" in out
        and "OPEN contracts: no contract was recorded" in out
    )
    (centre / "smoke_bad.py").write_text("print('mended')\n")
    (centre / "README.md").write_text("# Read me\n")
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "add", "-A"], check=True)
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "mended"], check=True)
    assert go("integration") == 0
    assert pack("record", "http", service, "--name", "policy", "--date", "2026-03-04") == 0
    go("add", "runtime", "Token stream")
    assert go("set", "B1", "rolled") == 2 and "explicit --owner" in capsys.readouterr().err
    assert go("set", "B1", "rolled", "--owner", "ana") == 0
    assert go("status") == 0
    status = centre / "docs" / "sprints" / "status" / "2026-03-04.md"
    assert "smoke runtime passed" in status.read_text()
    capsys.readouterr()
    assert go("exit") == 1 and "OPEN links: status 2026-03-04 links no dashboard" in capsys.readouterr().out
    status.write_text(status.read_text() + "- https://dash.example.org/governance\n")
    assert go("exit") == 0, capsys.readouterr().out
    (centre / "more.py").write_text("x = 1\n")
    subprocess.run(["git", "add", "more.py"], check=True)
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "later"], check=True)
    assert go("exit") == 1, "what passed on another commit proves nothing of this one"


def test_status_twice_a_week(centre, capsys):
    assert go("status", "--due") == 1
    assert go("status") == 0 and go("status", "--due", now=WED + 3 * 86400) == 0
    assert go("status", "--due", now=WED + 4 * 86400) == 1 and "4 days old" in capsys.readouterr().out


def test_example_is_sound_and_mistakes_are_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert pack("sprint", "init") == 0
    assert [s["id"] for s in sprint.load("docs/sprints/sprint.yaml")["squads"]] == [
        "governance",
        "runtime",
        "experience",
    ]
    (tmp_path / "x.yaml").write_text(sprint.EXAMPLE.replace("wed", "wedding").replace("America/Los_Angeles", "America/Nowhere"))
    assert pack("sprint", "lanes", "--file", "x.yaml") == 2 and '"wedding" is not one of' in capsys.readouterr().err
    assert pack("sprint", "lanes", "--file", "none.yaml") == 2 and "`pack sprint init` writes an example" in capsys.readouterr().err


def test_a_verb_of_a_fleet_says_that_it_is_one_where_none_is(tmp_path):
    """`No such command 'handoff'. Did you mean 'handbook'?`"""
    done = subprocess.run([sys.executable, "-I", START, "sprint", "handoff", "B1"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "is in a fleet, and there is no .claude/fleet.yaml here: `pack fleet join`" in done.stderr, done.stderr


def test_the_verbs_that_only_a_fleet_has_are_named_as_such():
    """In a process of its own: importing them makes them verbs."""
    code = "from pack.cli import sprint; a = set(sprint.group.commands); import pack.cli.sprint_fleet; print(set(sprint.group.commands) - a == set(sprint.FLEET_VERBS))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert done.stdout == "True\n", done


# Decisions --------------------------------------------------------------------------------------------------------------

GOOD = {
    "message_rate": 20,
    "payload_bytes": 200,
    "users": 50,
    "budget_ms": 100,
    "network_ms": 30,
    "throttle_ms": 50,
    "processing_ms": 0.5,
    "link_mbit": 1000,
}


def test_arithmetic_of_a_decision():
    told = adr.arithmetic(GOOD)
    assert (told["in_per_s"], told["out_per_s"], told["in_flight"]) == (1000, 50000, 5000)
    assert told["out_mbit"] == pytest.approx(50000 * 266 * 8 / 1e6)
    assert adr.check({"realtime": GOOD}, "", "a.md") == []


@pytest.mark.parametrize(
    "change, told",
    [
        ({"budget_ms": 150}, "over the 100 ms"),
        ({"users": 20}, "a session must carry 50"),
        (
            {"network_ms": 60},
            "network_ms 60 + processing_ms 0.5 + throttle_ms 50 = 110.5 ms is more than the budget of 100 ms",
        ),
        ({"message_rate": 60}, "do not pass a throttle of 50 ms (at most 20/s)"),
        ({"link_mbit": 100}, "= 106.4 Mbit/s; more than half of the 100 Mbit/s link"),
        ({"processing_ms": 2}, "need 2.00 cores"),
        ({"fanout": 60}, "more than the 50 users"),
        ({"fanout": "some"}, "realtime.fanout is all, none or a number"),
        ({"users": "many"}, "must be a positive number"),
        ({"speed": 1}, "unknown field realtime.speed"),
        ({"users": None}, "must be a positive number"),
        ({"path": "other"}, "realtime.path 'other' is not in rt.yaml; it has: chat.echo"),
    ],
)
def test_decisions_that_do_not_add_up(change, told):
    found = adr.check({"realtime": dict(GOOD, **change)}, "", "a.md", {"chat.echo": {"budget_ms": {"p99": 15}}})
    assert any(told in f for f in found), found


def test_decisions_of_a_project(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".claude" / "decisions"
    folder.mkdir(parents=True)
    (folder / "001-colours.md").write_text("---\ntitle: Colours\n---\n# Blue\n")
    (folder / "002-presence.md").write_text("---\ntitle: Presence over WebSocket\n---\n# Presence\n")
    assert pack("adr", "check") == 1
    assert (
        capsys.readouterr().out.strip()
        == "002-presence.md: touches real time but has no `realtime:` front matter with message_rate, payload_bytes, users, budget_ms"
    )
    (folder / "002-presence.md").write_text(
        "---\ntitle: Presence over WebSocket\nrealtime: {message_rate: 2, payload_bytes: 100, users: 50, budget_ms: 100}\n---\n# Presence\n"
    )
    assert pack("adr", "check") == 0 and "100 messages/s in, 5000/s out" in capsys.readouterr().out
    assert pack("adr", "check", "--measure") == 1 and "realtime.path must name a path" in capsys.readouterr().out


@pytest.mark.broker
def test_a_decision_is_measured_at_its_own_rate_and_50_users(ws_url, tmp_path, monkeypatch, capsys):
    team = make_project(
        tmp_path / "p",
        {
            "rt": 1,
            "project": "x",
            "paths": [
                {
                    "id": "room",
                    "adapter": "websocket",
                    "address": ws_url + "room",
                    "options": {"mode": "broadcast"},
                    "rate": 100,
                    "duration": 4,
                    "budget_ms": {"p99": 14},
                    "guarantee": "at-most-once",
                }
            ],
        },
    )
    spec = {"message_rate": 1, "payload_bytes": 100, "users": 50, "budget_ms": 100}
    path = json.loads((team / "rt.json").read_text())["paths"][0]
    problems, figures = adr.measure(spec, path, str(tmp_path / "p"), 1.0)
    assert figures["users"] == 50 and figures["rate"] == pytest.approx(50)
    assert figures["sent"] == figures["received"] == 50 * 299, "every message reached all fifty"
    assert not [p for p in problems if "lost" in p]


def test_time_is_handed_in():
    assert sprint.local({"timezone": "America/Los_Angeles"}, WED).strftime("%a %H:%M") == "Wed 09:00"


def test_a_topic_whose_broker_is_not_there_is_silent_and_the_day_goes_on():
    """Each client library raises something of its own; the day's other steps and its evidence are not lost to it."""
    port = free_port()
    for adapter, address, key in (
        ("kafka", "127.0.0.1:%d", "topic"),
        ("redis", "redis://127.0.0.1:%d/0", "stream"),
        ("mqtt", "mqtt://127.0.0.1:%d", "topic"),
    ):
        with pytest.raises(record.RecordError, match="cannot reach"):
            record.topic(adapter, address % port, {key: "t"}, 1, 1.0)


# Mistakes of a first-time user -------------------------------------------------------------------------------------------


def edit(centre, change):
    """sprint.json with a change made to it."""
    data = json.loads((centre / "sprint.json").read_text())
    change(data)
    (centre / "sprint.json").write_text(json.dumps(data))


def test_a_command_that_hangs_is_ended_with_its_children(centre, capsys):
    (centre / "hang.py").write_text(
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('child', child.pid, flush=True)\ntime.sleep(600)\n"
    )
    edit(centre, lambda d: d["squads"][1].update(smoke=[[sys.executable, "hang.py"]]))
    edit(centre, lambda d: d["integration_day"].update(timeout_minutes=0.05))
    assert go("integration") == 1
    out = capsys.readouterr().out
    assert "FAIL smoke runtime: did not end within 0.05 min (timeout_minutes)" in out and "ok   smoke governance" in out
    child = int((evidence_of(centre) / "02-smoke-runtime.log").read_text().split()[1])
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.kill(child, 0)
            time.sleep(0.05)


def evidence_of(centre):
    return centre / "docs" / "sprints" / "status" / "2026-03-04" / "evidence"


def test_a_command_that_prints_much_or_is_not_there(centre, capsys, monkeypatch):
    (centre / "much.py").write_text("import sys\nsys.stdout.buffer.write(b'\\xff' * (1 << 20))\n")
    (centre / "wild.py").write_text("while True: print('x' * 4000)\n")
    edit(centre, lambda d: d["squads"][0].update(smoke=[[sys.executable, "much.py"], ["no-such-program", "-x"]]))
    edit(centre, lambda d: d["squads"][1].update(smoke=[[sys.executable, "wild.py"]]))
    monkeypatch.setattr(integration_day, "MOST_PRINTED", 2 << 20)
    assert go("integration") == 1
    out = capsys.readouterr().out
    assert "ok   smoke governance\nFAIL smoke governance: no-such-program: No such file or directory" in out
    assert "FAIL smoke runtime: printed more than 2 MB" in out
    assert (evidence_of(centre) / "01-smoke-governance.log").stat().st_size == 1 << 20


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupted_day_keeps_what_it_saw_and_has_not_passed(centre, number, capsys):
    (centre / "slow.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    edit(centre, lambda d: d["squads"][1].update(smoke=[[sys.executable, "slow.py"]]))
    program = "import sys; from pack.cli.main import main; sys.exit(main(sys.argv[1:]))"
    argv = [sys.executable, "-c", program, "sprint", "integration", "--file", "sprint.json", "--now", str(WED)]
    where = os.path.dirname(os.path.dirname(pack_package.__file__))

    def heard():
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a suite that runs in the background has it ignored, and so would its children

    environment = dict(os.environ, PYTHONPATH=where)
    running = subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    log = evidence_of(centre) / "02-smoke-runtime.log"
    while not (log.exists() and log.read_text().strip()):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(getattr(signal, number))
    err = running.communicate(timeout=60)[1]
    assert running.returncode == 130 and "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(int(log.read_text()), 0)
    last = integration_day.last_integration(sprint.load("sprint.json"))
    assert [(s["ok"], s["why"]) for s in last["steps"]] == [(True, ""), (False, "interrupted"), (False, "not run: interrupted")]
    assert go("exit") == 1 and "OPEN integration: smoke runtime: interrupted" in capsys.readouterr().out


def test_an_earlier_run_of_the_day_is_kept_and_an_edited_one_is_told(centre, capsys):
    assert go("integration") == 1
    screenshot = evidence_of(centre) / "panel.png"
    screenshot.write_bytes(b"png")
    assert go("integration") == 1
    assert (evidence_of(centre) / "run-1" / "02-smoke-runtime.log").read_text() == "1 failed\n" and screenshot.exists()
    path = evidence_of(centre) / "integration.json"
    path.write_text(path.read_text().replace("false", "true"))
    capsys.readouterr()
    for verb in (["exit"], ["status"]):
        assert go(*verb) == 2
        err = capsys.readouterr().err
        assert (
            "integration.json was edited or is damaged: `pack sprint integration` runs the day again" in err and len(err.splitlines()) == 1
        )


def test_what_an_integration_day_proves(centre, capsys):
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    edit(centre, lambda d: d["squads"][1].update(smoke=[[sys.executable, "smoke_ok.py"]]))
    edit(centre, lambda d: d["integration_day"].update(checklist=[{"do": "Smoke", "smoke": True}]))
    assert go("integration") == 0 and go("exit") == 1
    assert "OPEN integration: it ran on uncommitted changes: commit" in capsys.readouterr().out
    subprocess.run(git + ["add", "-A"], check=True)
    subprocess.run(git + ["commit", "-qm", "all"], check=True)
    assert go("integration") == 0
    subprocess.run(git + ["add", "-A"], check=True)
    subprocess.run(git + ["commit", "-qm", "the evidence itself"], check=True)
    go("exit")
    assert "met  integration" in capsys.readouterr().out, "filing the evidence is no change of what was tested"
    (centre / "smoke_ok.py").write_text("print('other')\n")
    go("exit")
    assert "since then smoke_ok.py changed" in capsys.readouterr().out
    subprocess.run(["git", "checkout", "-q", "smoke_ok.py"], check=True)
    edit(centre, lambda d: d["squads"].append({"id": "late", "title": "Late", "lead": "l"}))
    go("exit")
    assert "no smoke suite of late ran" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text, told",
    [
        ("", "$: must be object, found null"),
        ("[", "x.yaml:1: "),
        ("a: 1\nb: {x\n", "x.yaml:"),
        ("title: x\ntitle: y\n", "x.yaml:2: title is given twice"),
        (sprint.EXAMPLE.split("squads:")[0] + "squads: []\nrhythm:" + sprint.EXAMPLE.split("rhythm:")[1], "$.squads"),
        (sprint.EXAMPLE.replace("id: runtime", "id: governance"), "squad 'governance' is given twice"),
        (
            sprint.EXAMPLE.replace("run: [helm, upgrade, --install, app, ./chart]", ""),
            "'Deploy to staging' does nothing: give one of run, smoke",
        ),
        (
            sprint.EXAMPLE.replace(", files: [docs/quickstart.md, docs/runbooks/, docs/design/contracts/]", ""),
            "check shipped needs `files: [...]`",
        ),
        (sprint.EXAMPLE.replace("America/Los_Angeles", "Mars/Olympus"), "unknown timezone 'Mars/Olympus'"),
    ],
)
def test_a_sprint_yaml_that_is_none(text, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text(text)
    assert pack("sprint", "lanes", "--file", "x.yaml") == 2
    err = capsys.readouterr().err
    assert told in err and len(err.splitlines()) == 1


def test_times_need_no_quotes_and_other_encodings_are_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text("\ufeff" + sprint.EXAMPLE.replace('"16:00"', "16:00").replace("Runtime & Training", "Größe 実行"))
    assert [r["at"] for r in sprint.load("x.yaml")["rhythm"]] == ["08:30", "09:00", "11:00", "16:00"]
    assert pack("sprint", "add", "runtime", "日本語 · é", "--file", "x.yaml") == 0
    assert pack("sprint", "lanes", "--file", "x.yaml") == 1 and "Größe 実行" in capsys.readouterr().out
    (tmp_path / "y.yaml").write_bytes(b"title: \xff\xfe")
    assert pack("sprint", "lanes", "--file", "y.yaml") == 2 and "y.yaml is not UTF-8 text" in capsys.readouterr().err


def test_a_line_break_loses_no_item_and_hand_edits_are_told(centre, capsys):
    assert go("add", "runtime", "  ") == 2 and "an item needs a title" in capsys.readouterr().err
    go("add", "runtime", "Token\nstream <!-- item {x} -->"), go("add", "governance", "Other")
    assert go("set", "B1", "blocked", "--by", "two\nlines -->", "--owner", "a\nna", "--eta", "15:00") == 0
    assert go("add", "runtime", "Third") == 0
    path = centre / "docs" / "sprints" / "Parallel_Backlog.md"
    whole = path.read_text()
    assert [i["id"] for i in Backlog(sprint.load("sprint.json")).items] == ["B2", "B1", "B3"]
    for old, new, told in [
        ("-->\n", "\n", "the item's data cannot be read"),
        ('"state": "blocked"', '"state": "waiting"', "item B1: its state cannot be read"),
        ('"blocker": "two lines --\\u003e", ', "", "item B1: its blocker cannot be read"),
        ('"since": ', '"since": "x", "y": ', "item B1: its since cannot be read"),
        ("· blocked ·", "· done ·", "item B1 was changed by hand, its data says otherwise"),
    ]:
        line = next(x for x in whole.splitlines(True) if "**B1**" in x)
        assert old in line
        path.write_text(whole.replace(line, line.replace(old, new)))
        for verb in (["lanes"], ["add", "runtime", "x"], ["blockers"], ["exit"], ["status"]):
            capsys.readouterr()
            assert go(*verb) == 2
            err = capsys.readouterr().err
            assert told in err and "restore the line or delete it" in err and len(err.splitlines()) == 1
        assert path.read_text() == whole.replace(line, line.replace(old, new))


def test_what_people_write_and_lanes_that_are_gone_stay(centre, capsys):
    go("add", "runtime", "Token stream", "--owner", "ana")
    path = centre / "docs" / "sprints" / "Parallel_Backlog.md"
    path.write_text(path.read_text() + "\nremember the demo\n")
    edit(centre, lambda d: d["squads"].pop())
    assert go("add", "governance", "Other") == 0 and go("set", "B1", "doing") == 0
    text = path.read_text()
    assert "## not in sprint.yaml: runtime" in text and "**B1** Token stream" in text and text.endswith("## Notes\n\nremember the demo\n")
    capsys.readouterr()
    go("lanes")
    assert "not in sprint.yaml: runtime" in capsys.readouterr().out
    assert go("add", "governance", "Third") == 0 and path.read_text().count("remember the demo") == 1


def test_etas_of_other_zones_and_none(centre, capsys):
    go("add", "runtime", "Token stream")
    for text in ("soon", "25:00", "2026-02-30", "2026-03-04T15:00+99:00", ""):
        assert go("set", "B1", "blocked", "--by", "x", "--owner", "ana", "--eta", text) == 2
    assert "no time: '2026-03-04T15:00+99:00'; an ETA is 15:00, 2026-03-04 or 2026-03-04T15:00+01:00" in capsys.readouterr().err
    data = sprint.load("sprint.json")
    assert sprint.moment(data, "15:00", WED) == WED + 6 * 3600 and sprint.moment(data, "08:00", WED) == WED + 23 * 3600
    assert sprint.moment(data, "2026-03-04T18:00+01:00", WED) == sprint.moment(data, "2026-03-04T17:00Z", WED) == WED
    assert sprint.moment(data, "2026-03-04", WED) == WED + 15 * 3600
    assert go("set", "B1", "blocked", "--by", "x", "--owner", "ana", "--eta", "10:00") == 0
    assert go("blockers", now=WED + 2 * 3600) == 0 and "ETA 10:00 (passed)" in capsys.readouterr().out


def test_status_dates_that_are_none_or_far_ahead(centre, capsys):
    folder = centre / "docs" / "sprints" / "status"
    folder.mkdir()
    (folder / "2026-13-45.md").write_text("x"), (folder / "2027-01-01.md").write_text("x")
    assert go("status", "--due") == 1 and "no status was ever written" in capsys.readouterr().out
    (folder / "2026-03-05.md").write_text("written further east, where it is tomorrow")
    assert go("status", "--due") == 0


def test_a_place_that_cannot_be_written_is_one_line(centre, capsys):
    (centre / "docs" / "sprints" / "status").write_text("a file where the folder should be")
    for verb in (["status"], ["integration"]):
        assert go(*verb) == 2
        err = capsys.readouterr().err
        assert "docs/sprints/status" in err and len(err.splitlines()) == 1
