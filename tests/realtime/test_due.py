"""`pack rt due`: what of the testing matrix is to be measured, by its frequency and by what the evidence says."""

from pack.realtime import due
from pack.teams import load

from .conftest import pack


class Look:
    """What was measured, as gates.Look answers it."""

    rt = {
        "rt": 1,
        "paths": [
            {
                "id": "orders",
                "adapter": "redis",
                "rate": 10,
                "budget_ms": {"p99": 50},
                "guarantee": "at-least-once",
                "fault": ["worker-crash", "broker-kill"],
            }
        ],
    }

    def __init__(self, **verdicts):
        self.verdicts, self.asked = verdicts, []

    def row(self, kind, path, release=False):
        self.asked.append((kind["kind"], release))
        return {"verdict": self.verdicts.get(kind["kind"], "PASS"), "reasons": ["src changed"]}


def names(found):
    return sorted({(r["test"], r["verdict"]) for r in found})


def test_what_passed_is_not_due_and_what_became_stale_is():
    definition = load("realtimeSystems")
    assert due.due(Look(), definition) == []
    found = due.due(Look(at_least_once_ack_log="STALE"), definition)
    assert ("At-least-once delivery", "STALE") in names(found)
    row = next(r for r in found if r["test"] == "At-least-once delivery")
    assert row["frequency"] == "every broker change" and row["why"] == "src changed" and row["verb"] == "audit" and row["section"] == "10.2"
    assert due.due(Look(at_least_once_ack_log="FAIL"), definition) == [], "a FAIL is mended, not measured away"


def test_what_is_per_release_is_due_for_one_or_when_it_was_never_measured():
    definition = load("realtimeSystems")
    stale = Look(message_loss_test="STALE")
    assert not [r for r in due.due(stale, definition) if r["kind"] == "message_loss_test"]
    (row,) = [r for r in due.due(stale, definition, release=True) if r["test"] == "Broker failure mid-produce"]
    assert row["verb"].endswith("--release") and ("message_loss_test", True) in stale.asked
    assert [r for r in due.due(Look(message_loss_test="MISSING"), definition) if r["kind"] == "message_loss_test"]


def test_the_command_says_what_is_due(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert pack("rt", "init") == 0 and pack("rt", "due") == 1
    out = capfd.readouterr().out
    assert (
        "WebSocket RTT P99 (every commit): websocket_p50_p95_p99 chat.echo is MISSING" in out
        and "`pack rt latency --path chat.echo`" in out
    )
