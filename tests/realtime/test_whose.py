"""Whose message is it: what comes to somebody else, to some only, or changed, is not called healthy; nor is what is trimmed called sick."""

import os
import sys

import pytest

from pack.realtime import evidence, losses, probe

from .conftest import PROJECT, Running, free_port, make_project, pack
from .test_verdicts import LOOSE, row, spec

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def mixing():
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "mixing_server.py"), str(port), "a smock/1.0"], port)
    yield "ws://127.0.0.1:%d" % port
    running.stop()


def probed(capsys, address, *words):
    """(exit code, output) of `pack rt probe`: 200 messages, behind 200 that only warm up."""
    code = pack("rt", "probe", "websocket", address, "--rate", 200, "--duration", 1, *words)
    return code, capsys.readouterr().out


def options(*pairs):
    return [x for pair in pairs for x in ("--option", pair)]


# Wrong client ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", ["binary", "json"])
@pytest.mark.parametrize(
    "path, came, astray",
    [
        ("/swap", 188, 12),  # every 20th of the 100 messages of each connection; the second half of them is measured
        ("/copy", 200, 12),
        ("/current", 50, 150),
    ],
)
def test_an_answer_to_another_client_is_told(mixing, frame, path, came, astray, capsys):
    code, out = probed(capsys, mixing + path, "--connections", 4, *options("frame=" + frame))
    assert code == 0 and "received %d, lost %d, " % (came, 200 - came) in out, out
    assert ", %d on another connection than their own" % astray in out
    assert "more than once" not in out and "damaged" not in out


@pytest.mark.parametrize(
    "path, connections, told",
    [
        ("/all", 3, "INVALID: each message came back on all connections and not on its sender's only: this is a room, which mode: broadcast measures"),
        ("/peer", 2, "INVALID: no message came back on the connection that had sent it, each came on another one: this is no echo"),
    ],
)  # fmt: skip
def test_a_room_is_no_echo(mixing, path, connections, told, capsys):
    code, out = probed(capsys, mixing + path, "--connections", connections, *options("frame=text"))
    assert code == 1 and told in out
    more = ("mode=broadcast", "frame=text") + (("to_sender=false",) if path == "/peer" else ())
    code, out = probed(capsys, mixing + path, "--connections", connections, *options(*more))
    assert code == 0 and "lost 0\n" in out and "INVALID" not in out


def test_somebody_else_s_answer_fails_whatever_is_promised(mixing, tmp_path):
    """Nothing is lost, and nobody is told twice by his own connection; yet somebody hears what is not for him."""
    waivers = dict(LOOSE, sustained_seconds={"value": 3, "reason": "three seconds show it"})
    more = {"connections": 4, "throughput": {"rate": 200, "duration": 3}, "burst": {"messages": 400, "drain_s": 20}}
    team = make_project(
        tmp_path / "v", {"rt": 1, "project": "V", "waivers": waivers, "paths": [spec("websocket", mixing + "/copy", **more)]}
    )
    told = "message(s) came on another connection than the one that had sent them: somebody was told what is not for him"
    for verb, kind, folder in (
        ("latency", "websocket_p50_p95_p99", "latency"),
        ("throughput", "kafka_sustained_throughput", "throughput"),
        ("burst", "burst_handling_capacity", "throughput"),
    ):
        assert pack("rt", verb, "--quiet", "--dir", team) == 1
        found = row(team, kind)
        assert found["verdict"] == "FAIL" and told in " ".join(found["reasons"]), found
        entry = evidence.read_file(str(team / "evidence" / folder / (kind + ".json")))[0][0]["entries"][0]
        assert entry["lost"] == 0 and entry["astray"] > 0


def test_shares_add_up_what_came_to_others(mixing, capsys):
    code, out = probed(capsys, mixing + "/copy", "--connections", 4, "--workers", 2, *options("frame=text"))
    assert code == 0 and "received 200, lost 0, " in out and "on another connection than their own" in out


# Some of them only -------------------------------------------------------------------------------------------------------


def test_connections_without_an_answer_are_told_apart(mixing, capsys):
    out = probed(capsys, mixing + "/two", "--connections", 4, *options("frame=text"))[1]
    assert "received 100, lost 100" in out and "2 of 4 connections had no answer at all, and the others miss none" in out
    assert "regular" not in out


def test_members_of_another_process_are_told_apart(mixing, capsys):
    out = probed(capsys, mixing + "/halves", "--connections", 6, *options("frame=text", "mode=broadcast"))[1]
    assert "received 600, lost 600" in out and "3 of 6 members heard none of the messages, and the others miss nothing" in out
    assert "nothing came any more" not in out


@pytest.mark.parametrize(
    "path, told",
    [
        ("/turns", "each message came to some of the members only (2 of 4): processes or servers that do not share their members"),
        ("/leave", "what is missing is one piece: 40 messages from second 0.20 on; each of them came to 3 of 4 members"),
    ],
)
def test_members_that_hear_some_are_told_apart(mixing, path, told, capsys):
    out = probed(capsys, mixing + path, "--connections", 4, *options("frame=text", "mode=broadcast"))[1]
    assert told in out and "nothing came any more" not in out, out


def test_a_loss_of_all_members_alike_keeps_its_shape():
    recording = probe.Recording(100.0, 2)
    recording.sent = 100
    for number in range(100):
        for receiver in range(2):
            if number % 4:
                recording.arrived(number, 0.0, receiver)
    assert losses.shape(recording) == "what is missing is regular: 1 of every 4 messages"


# Changed on the way ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [8, 12, 13])
def test_blanks_that_are_trimmed_are_no_damage(mixing, size, capsys):
    """The shortest messages of the probe end with a blank."""
    code, out = probed(capsys, mixing + "/trim", "--size", size, *options("frame=text"))
    assert code == 0 and "received 200, lost 0\n" in out


@pytest.mark.parametrize(
    "path, told", [("/cut", "message 0 came back cut off: 40 of its 64 bytes"), ("/more", "came back longer than it went: behind its 64 bytes is \"abc\"")]
)  # fmt: skip
def test_how_a_message_was_changed_is_told(mixing, path, told, capsys):
    code, out = probed(capsys, mixing + path, *options("frame=text"))
    assert code == 1 and "200 damaged" in out and told in out and "nothing came back whole" in out


def test_where_a_message_differs():
    assert losses.changed(7, b"a" * 64, b"a" * 50 + b"b" * 14) == (
        'message 7 came back changed: from its byte 50 on it went out as "aaaaaaaaaaaaaa" and came as "bbbbbbbbbbbbbb"'
    )


# Imitations --------------------------------------------------------------------------------------------------------------


def test_what_calls_itself_an_imitation_is_none_that_is_real(mixing, capsys):
    """fakeredis answers HELLO with its own name, mock servers say theirs in the header; a word that only holds one is no such name."""
    assert "websocket server a smock/1.0 (real)" in probed(capsys, mixing + "/plain")[1]
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "mixing_server.py"), str(port), "mockoon/9.3"], port)
    try:
        assert "websocket server mockoon/9.3 (mock)" in probed(capsys, "ws://127.0.0.1:%d/plain" % port)[1]
    finally:
        running.stop()
    assert probe.named(("fakeredis 2.41.0", "real")) == ("fakeredis 2.41.0", "mock")


# Protocols of their own --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path, told",
    [
        ("/engine", "INVALID: the server speaks Engine.IO, whose clients answer pings of its own: measure it with the adapter socketio"),
        ("/sock", "INVALID: the server speaks SockJS"),
    ],
)
def test_a_protocol_over_websocket_is_named(mixing, path, told, capsys):
    for frame in ("auto", "text"):
        code, out = probed(capsys, mixing + path, *options("frame=" + frame))
        assert code == 1 and told in out, out
