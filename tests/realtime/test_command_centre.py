"""Contracts, the command centre and decisions, against real endpoints."""

import http.server
import json
import os
import subprocess
import sys
import threading

import pytest

from pack.realtime import adr, record, sprint

from .conftest import free_port, make_project, pack

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
    assert pack("record", "topic", "kafka", "mock:1", "--name", "x", "--seconds", "1") == 2
    assert "is a mock" in capsys.readouterr().err


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
    for adapter, address in (("kafka", "127.0.0.1:%d"), ("redis", "redis://127.0.0.1:%d/0"), ("mqtt", "mqtt://127.0.0.1:%d")):
        with pytest.raises(record.RecordError, match="cannot reach"):
            record.topic(adapter, address % port, {}, 1, 1.0)
