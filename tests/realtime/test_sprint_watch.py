"""Panels, alerts, traces, runbooks, contracts that are recorded again, drift that blocks, the day's wrap: `pack sprint` and `pack record --all`."""

import http.server
import json
import os
import threading

import pytest

from pack.realtime import grid, panels, sprint

from .conftest import free_port, pack

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTLP = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE.upper(), "spanId": "00f067aa0ba902b7", "name": "publish"}]}]}]}
SPRINT = """sprint: 1
title: Sprint 2
squads: [{id: a, title: Alpha, lead: ana}, {id: b, title: Beta, lead: ben}]
rhythm: [{at: "09:00", what: Standup}]
integration_day: {day: wed, checklist: [{do: Traffic, topics: {adapter: redis, address: "redis://127.0.0.1:%d/0", names: [x], seconds: 0.2}}]}
panels: [{title: Core, squad: a, url: "%s", metrics: [policy latency, lag]}]
alerts: [{alert: Lag, panel: Core, route: pager, trace_id: %s}]
traces: traces.jsonl
runbooks: {redis: docs/runbooks/redis.md}
contracts: [{name: policy, http: "%s"}, {name: gone, http: "http://127.0.0.1:%d/"}]
exit: [{criterion: linked, check: links}, {criterion: day, check: integration}]
"""


class Policy(http.server.BaseHTTPRequestHandler):
    """A real service whose answer a test changes."""

    answer, headers_told = {"id": 7, "name": "x"}, {"X-Policy-Version": "12", "X-Bundle-Signature": "sha256=ab"}

    def do_GET(self):
        body = json.dumps(type(self).answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        for name, value in type(self).headers_told.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *rest):
        pass


@pytest.fixture
def centre(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Policy.answer = {"id": 7, "name": "x"}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Policy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = "http://127.0.0.1:%d/" % server.server_port
    os.makedirs("docs/sprints")
    with open("docs/sprints/sprint.yaml", "w") as f:
        f.write(SPRINT % (free_port(), url, TRACE, url, free_port()))
    with open("traces.jsonl", "w") as f:
        other = {"resourceSpans": [{"resource": {"attributes": [{"key": "note", "value": {"stringValue": "a\u2028b\x85c"}}]}}]}
        f.write("\n".join(json.dumps(d, ensure_ascii=False) for d in (other, OTLP)))  # as a collector's exporter writes them
    os.makedirs("docs/runbooks")
    with open("docs/runbooks/redis.md", "w") as f:
        f.write("# Redis\n\nKill switch, then restore.\n")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def out(capsys):
    found = capsys.readouterr()
    return found.out + found.err


def test_a_panel_answers_a_trace_is_found_a_runbook_is_there(centre, capsys):
    assert pack("sprint", "panels") == 0
    text = out(capsys)
    assert "[Core](" in text and "policy latency, lag" in text and "alert `Lag` on Core: goes to pager, trace_id " + TRACE in text
    with open("traces.jsonl", "w") as f:
        json.dump({"resourceSpans": []}, f)
    os.remove("docs/runbooks/redis.md")
    assert pack("sprint", "panels") == 1
    text = out(capsys)
    assert (
        "OPEN alert Lag: no trace %s in traces.jsonl" % TRACE in text
        and "OPEN runbook of redis: docs/runbooks/redis.md does not exist" in text
    )
    with open("traces.jsonl", "w") as f:
        f.write("no json")
    assert pack("sprint", "panels") == 1 and "traces.jsonl is no OTLP JSON" in out(capsys)
    assert "does not answer" in panels.answers("http://127.0.0.1:%d/" % free_port())


def test_the_status_links_the_panels_and_the_exit_asks_them(centre, capsys):
    assert pack("sprint", "status") == 0
    assert pack("sprint", "exit") == 1
    text = out(capsys)
    assert "met  linked" in text and "OPEN day: no integration day was run" in text
    written = "docs/sprints/status/%s.md" % sprint.statuses(sprint.load("docs/sprints/sprint.yaml"))[-1]
    with open(written) as f:
        text = f.read()
    with open(written, "w") as f:
        f.write(text.replace("http://127", "https://elsewhere.example/127"))
    pack("sprint", "exit")
    assert "does not link Core" in out(capsys)


def test_a_broker_that_is_silent_names_its_runbook_and_evidence_must_be_there_and_recent(centre, capsys, monkeypatch):
    assert pack("sprint", "integration", "--now", "1772643600") == 1
    assert "; runbook: docs/runbooks/redis.md" in out(capsys)
    with open("docs/sprints/sprint.yaml") as f:
        text = f.read()
    head, _, tail = text.partition("integration_day:")
    with open("docs/sprints/sprint.yaml", "w") as f:
        f.write(
            head.replace("lead: ana", "lead: ana, smoke: [[python3, -c, pass]]").replace(
                "lead: ben", "lead: ben, smoke: [[python3, -c, pass]]"
            )
        )
        f.write("integration_day: {day: wed, checklist: [{do: Smoke, smoke: true}]}\n" + tail.partition("\n")[2])
    assert pack("sprint", "integration", "--now", "1772643600") == 0
    pack("sprint", "exit", "--now", str(1772643600 + 8 * 86400))
    assert "the last integration day was 2026-03-04, 8 days ago" in out(capsys)
    os.remove("docs/sprints/status/2026-03-04/evidence/01-smoke-a.log")
    pack("sprint", "exit", "--now", "1772643600")
    assert "its evidence is gone: " in out(capsys)


def test_record_all_records_the_list_again_and_says_what_it_could_not(centre, capsys):
    assert pack("record", "--all") == 1
    text = out(capsys)
    assert "wrote docs/design/contracts/" in text and "policy.json" in text and "NOT RECORDED gone: cannot reach" in text
    folder = os.path.join("docs/design/contracts", os.listdir("docs/design/contracts")[0])
    with open(os.path.join(folder, "README.md")) as f:
        assert f.read().splitlines()[2] == grid.MANDATE
    assert pack("record") == 2


def test_headers_that_belong_to_the_contract_are_kept_and_missed(centre, capsys, monkeypatch):
    url = "http://127.0.0.1:%d/" % centre.server_port
    assert pack("record", "http", url, "--name", "p", "--keep", "X-Policy-Version", "--keep", "X-Bundle-Signature") == 0
    folder = os.path.dirname(out(capsys).split()[-1])
    with open(os.path.join(folder, "README.md")) as f:
        text = f.read()
    assert "header `x-policy-version: 12`" in text and "header `x-bundle-signature: sha256=ab`" in text
    assert "runbook `" not in text
    assert pack("record", "http", url, "--name", "p", "--runbook", "docs/runbooks/never.md") == 2
    assert "the runbook docs/runbooks/never.md does not exist" in capsys.readouterr().err
    keeps = ("--keep", "X-Policy-Version", "--keep", "X-Bundle-Signature")
    assert pack("record", "http", url, "--name", "p", *keeps, "--runbook", "docs/runbooks/redis.md") == 0
    with open(os.path.join(folder, "README.md")) as f:
        assert "runbook `docs/runbooks/redis.md`" in f.read().splitlines()
    assert pack("record", "replay", folder) == 0
    monkeypatch.setattr(Policy, "headers_told", {})
    assert pack("record", "replay", folder) == 1 and "header x-policy-version is gone" in out(capsys)


def test_drift_blocks_the_items_that_are_built_against_it_until_it_matches(centre, capsys):
    pack("record", "--all")
    assert pack("sprint", "add", "a", "Use it", "--contract", "policy", "--owner", "ana") == 0
    assert pack("sprint", "add", "b", "Other") == 0 and pack("sprint", "set", "B1", "doing") == 0
    assert pack("sprint", "drift") == 0
    Policy.answer = {"id": "seven"}
    capsys.readouterr()
    assert pack("sprint", "drift") == 1
    text = out(capsys)
    assert "blocked B1: Use it" in text and "B2" not in text and "DRIFT policy: " in text
    assert "hold an ad-hoc design and contract clinic" in text
    assert pack("sprint", "set", "B1", "done") == 2 and "which drifted" in out(capsys)
    with open("docs/sprints/Parallel_Backlog.md") as f:
        text = f.read()
    assert text.splitlines()[2] == grid.MANDATE and "blocked by contract policy drifted: " in text and "owner: ana" in text
    assert pack("sprint", "wrap") == 0
    Policy.answer = {"id": 7, "name": "x"}
    capsys.readouterr()
    assert pack("sprint", "drift") == 0 and "free B1: Use it" in out(capsys)
    assert pack("sprint", "set", "B1", "done") == 0


def test_the_wrap_has_metrics_contracts_and_hand_offs(centre, capsys):
    pack("record", "--all")
    pack("sprint", "add", "a", "Stream", "--owner", "ana"), pack("sprint", "add", "b", "View", "--needs", "B1")
    capsys.readouterr()
    assert pack("sprint", "wrap") == 0
    path = out(capsys).split()[-1]
    with open(path) as f:
        text = f.read()
    assert text.splitlines()[2] == grid.MANDATE
    assert "policy latency, lag" in text and "- policy, recorded today: `docs/design/contracts/" in text
    assert "- B1 Stream -> Beta: B2 View (todo, owner ana)" in text
    assert "- nothing is measured here: see the panels" in text
    os.makedirs(".team/evidence/latency")
    assert pack("sprint", "wrap") == 0
    with open(path) as f:
        text = f.read()
    assert "- 0 of 10 gates pass" in text and "nothing is measured" not in text, "what the real-time team measured here"


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("squad: a, url", "squad: z, url", "panel 'Core': unknown squad 'z'"),
        ("panel: Core, route", "panel: Cor, route", "alert 'Lag': unknown panel 'Cor'"),
        ("traces: traces.jsonl\n", "", "alert 'Lag' has a trace_id, and nothing says where traces are"),
        ("{name: policy, http:", "{name: policy, topic: redis, http:", "contract 'policy': give `http: URL`, or"),
    ],
)
def test_what_does_not_fit_together_is_told(centre, old, new, told, capsys):
    with open("docs/sprints/sprint.yaml") as f:
        text = f.read()
    assert old in text
    with open("docs/sprints/sprint.yaml", "w") as f:
        f.write(text.replace(old, new))
    assert pack("sprint", "lanes") == 2 and told in out(capsys)
