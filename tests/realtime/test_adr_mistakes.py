"""Decision files as people write them, and measurements that prove nothing: each says so in a line, and hides no other decision."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import pack as pack_package
from pack.realtime import adr

from .conftest import free_port, make_project, pack

NUMBERS = "realtime: {message_rate: 2, payload_bytes: 100, users: 50, budget_ms: 100}"


@pytest.mark.parametrize(
    "text, told",
    [
        ("---\ntitle: Presence\n", "003-odd.md: front matter has no closing ---"),
        ("---\ntitle: [x\n---\n", "003-odd.md:2: front matter is not YAML: "),
        ("---\ntitle: x\nrealtime:\n\t users: 5\n---\n", "003-odd.md:4: front matter is not YAML: "),
        ("---\n- title\n---\n", "003-odd.md: front matter is no mapping"),
        ("---\ntitle: x\ntitle: y\n---\n", "003-odd.md:3: title is given twice"),
        (b"---\ntitle: \xff\n---\n", "003-odd.md: is not UTF-8 text"),
        ("---\nrealtime: 5\n---\n", "003-odd.md: `realtime` must be a mapping"),
        ("---\nrealtime:\n---\n", "003-odd.md: touches real time but has no `realtime:` front matter"),
        ("# Presence over WebSocket\n", "003-odd.md: touches real time but has no `realtime:` front matter"),
        ("---\n%s\n---\n" % NUMBERS.replace("users: 50", "users: 50.5"), "003-odd.md: realtime.users must be a whole number, found 50.5"),
        ("---\n%s\n---\n" % NUMBERS.replace("100}", ".nan}"), "003-odd.md: realtime.budget_ms must be a positive number, found '.nan'"),
        ("---\n%s\n---\n" % NUMBERS.replace("100}", "1e400}"), "003-odd.md: realtime.budget_ms must be a positive number"),
        ("---\n%s\n---\n" % NUMBERS.replace("100}", "100, path: [a]}"), "003-odd.md: realtime.path must name a message path"),
        ("---\n%s\n---\n" % NUMBERS.replace("100}", "-1}"), "003-odd.md: realtime.budget_ms must be a positive number, found -1"),
    ],
)
def test_one_odd_decision_hides_no_other(text, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".claude" / "decisions"
    folder.mkdir(parents=True)
    (folder / "001-wrong.md").write_text("---\n%s\n---\n" % NUMBERS.replace("users: 50", "users: 20"))
    (folder / "002-good.md").write_text("\ufeff---\r\ntitle: Größe 実時\r\n%s\r\n---\r\n# x\r\n" % NUMBERS, newline="")
    (folder / "003-odd.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert pack("adr", "check") == 1
    out = capsys.readouterr().out.splitlines()
    assert [x for x in out if x.startswith(told)], out
    assert "001-wrong.md: 20 users; a session must carry 50" in out and [x for x in out if x.startswith("002-good.md: holds")]
    assert len(out) == 3
    assert pack("adr", "check", ".claude/decisions/002-good.md") == 0
    assert pack("adr", "check", "004.md") == 2 and "there are: 001-wrong.md, 002-good.md, 003-odd.md" in capsys.readouterr().err
    assert pack("adr", "check", "--duration", "nan") == 2


@pytest.fixture
def decided(tmp_path, monkeypatch):
    """A project whose decision is proved on a WebSocket server that the path starts itself; returns a way to change the path."""

    def build(**changes):
        port = free_port()
        path = {
            "id": "room",
            "adapter": "websocket",
            "address": "ws://127.0.0.1:%d/room" % port,
            "options": {"mode": "broadcast"},
            "rate": 100,
            "duration": 4,
            "budget_ms": {"p99": 14},
            "guarantee": "at-most-once",
            "server": {"command": [sys.executable, "ws_server.py", "{port}"]},
        }
        path.update(changes)
        make_project(tmp_path / "p", {"rt": 1, "project": "x", "paths": [{k: v for k, v in path.items() if v is not None}]})
        folder = tmp_path / "p" / ".claude" / "decisions"
        folder.mkdir(parents=True)
        (folder / "001.md").write_text("---\n%s\n---\n" % NUMBERS.replace("rate: 2", "rate: 1").replace("100}", "100, path: room}"))
        monkeypatch.chdir(tmp_path / "p")
        return path

    return build


@pytest.mark.broker
def test_the_server_of_the_path_is_started_and_ended(decided, capsys):
    from pack.realtime import managed

    path = decided()
    pack("adr", "check", "--measure", "--duration", "1")
    out = capsys.readouterr().out
    assert "001.md: measured: 14950 messages of 50 users at 50/s" in out or "95 % bound of the P99" in out or "INVALID: bound" in out
    assert not managed.answers(path["address"])


@pytest.mark.broker
def test_an_echo_does_not_prove_a_fan_out(decided, capsys):
    decided(options={"mode": "echo"})
    assert pack("adr", "check", "--measure", "--duration", "1") == 1
    assert "INVALID: the decision has 50 receivers of each message, the path has 1: measure a broadcast" in capsys.readouterr().out


def test_nobody_there_and_a_mock_prove_nothing(decided, capsys):
    decided(server=None)
    assert pack("adr", "check", "--measure", "--duration", "1") == 1
    out = capsys.readouterr().out
    assert "001.md: cannot reach ws://127.0.0.1:" in out and "nothing was measured" in out and len(out.splitlines()) == 2
    spec = {"message_rate": 1, "payload_bytes": 100, "users": 50, "budget_ms": 100, "fanout": "none"}
    problems, _ = adr.measure(spec, {"id": "k", "adapter": "kafka", "address": "mock:1", "options": {}}, ".", 1.0)
    assert problems and "is a mock; only real systems prove a decision" in problems[0]


@pytest.mark.broker
def test_ctrl_c_ends_the_measurement_and_the_server(decided):
    from pack.realtime import managed

    path = decided()
    program = "import sys; from pack.cli.main import main; sys.exit(main(sys.argv[1:]))"
    where = os.path.dirname(os.path.dirname(pack_package.__file__))
    running = subprocess.Popen(
        [sys.executable, "-c", program, "adr", "check", "--measure", "--duration", "60"],
        env=dict(os.environ, PYTHONPATH=where),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not managed.answers(path["address"]):
        assert running.poll() is None
        time.sleep(0.05)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130 and "Traceback" not in err, (out, err)
    assert not managed.answers(path["address"])


def test_a_project_without_decisions_and_with_a_broken_matrix(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert pack("adr", "check") == 2 and "no folder .claude/decisions: give --decisions" in capsys.readouterr().err
    (tmp_path / ".claude" / "decisions").mkdir(parents=True)
    assert pack("adr", "check") == 0 and "0 decisions in .claude/decisions, none touches real time" in capsys.readouterr().out
    (tmp_path / ".team").mkdir()
    (tmp_path / ".team" / "rt.json").write_text(json.dumps({"rt": 1}))
    assert pack("adr", "check") == 2 and "rt.yaml: " in capsys.readouterr().err
