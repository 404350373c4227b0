"""What needs several nodes or messages that nobody can handle: dead letters, causal order, broadcasts across servers, elections."""

import os
import sys
import time

import pytest

from pack.realtime import audit, gates, ledgerlines, rtfile
from pack.report import data as report
from pack.teams import load

from .conftest import PROJECT, free_port, make_project, need, pack

pytestmark = pytest.mark.broker
TEAM = load("realtimeSystems")
KINDS = {e["kind"]: e for e in TEAM["evidence"]}
WAIVED = {"value": 2000, "reason": "tests assert counts and order, never milliseconds"}


@pytest.mark.parametrize("worker, duplicates", [("effect-then-ack", 3), ("transaction", 0)])
@pytest.mark.parametrize("broker", ["redis", "nats", "rabbitmq"])
def test_poison_ends_in_the_dead_letter_queue_and_holds_nothing_up(broker, worker, duplicates, request):
    address = request.getfixturevalue({"redis": "redis_url", "nats": "nats_url", "rabbitmq": "rabbit_url"}[broker])
    path = {
        "id": "p",
        "adapter": broker,
        "address": address,
        "rate": 200,
        "messages": 60,
        "worker": "builtin:" + worker,
        "guarantee": "at-least-once",
        "crashes": 3,
        "dead_letter": {"poison": 4},
    }
    kind = KINDS["at_least_once_ack_log"]
    _, counts, _, partial = audit.delivery(path, "pack-p-%s" % os.urandom(3).hex(), PROJECT, kind)
    told = ("sent", "received", "lost", "duplicates", "poisoned", "poison_handled", "dead_lettered", "misrouted", "faults")
    assert not partial
    assert [counts[k] for k in told] == [60, 56, 0, duplicates, 4, 0, 4, 0, {"worker-crash": 3}]


def project(tmp_path, *paths, **more):
    return make_project(tmp_path / "p", dict({"rt": 1, "project": "P", "paths": list(paths)}, **more))


def rows(team):
    """{(kind, path): row} of every gate."""
    result = gates.evaluate(team, TEAM, time.time())
    found = {}
    for row in [r for g in result["gates"] if g["id"] != "deployment_approved" for r in g["evidence"]]:
        if row.get("path") and "kind" in row:
            found[row["kind"], row["path"]] = row
    return found


def shown(team):
    """{test of the matrix: verdict}."""
    return {test: verdict for _, test, _, verdict, _ in report.matrix(TEAM, report.collect(team, TEAM, time.time()))}


def test_a_consumer_that_takes_poison_for_bread_fails_the_delivery_gate(tmp_path, redis_url, capsys):
    """consumer.py books whatever it is given: nothing is lost, and yet it fails. With a real dead-letter queue it passes."""
    path = {
        "id": "orders",
        "adapter": "redis",
        "address": redis_url,
        "rate": 200,
        "duration": 2,
        "budget_ms": {"p99": 1900},
        "guarantee": "at-least-once",
        "messages": 40,
        "crashes": 1,
        "worker": ["{python}", "consumer.py"],
        "fault": ["worker-crash"],
        "dead_letter": {"poison": 2},
    }
    team = project(tmp_path, path, dict(path, id="mended", worker="builtin:effect-then-ack"))
    assert pack("rt", "audit", "--quiet", "--dir", team) == 1
    out = capsys.readouterr().out
    assert "FAIL    at_least_once_ack_log orders" in out and "2 poison message(s) took effect" in out
    assert "PASS    at_least_once_ack_log mended" in out
    found = rows(team)
    assert found["at_least_once_ack_log", "mended"]["facts"]["dead_lettered"] == 2
    assert shown(team)["Dead-letter routing"] == "FAIL"


@pytest.fixture
def room(tmp_path, redis_url):
    """A project whose chat room spreads over two servers, joined by Redis pub/sub."""

    def make(*mistake):
        nodes = []
        for name in ("left", "right"):
            port = free_port()
            command = [sys.executable, "room_server.py", str(port), redis_url] + list(mistake)
            nodes.append({"name": name, "address": "ws://127.0.0.1:%d/" % port, "command": command})
        path = {
            "id": "chat.room",
            "adapter": "websocket",
            "address": nodes[0]["address"],
            "cluster": nodes,
            "options": {"mode": "broadcast"},
            "connections": 4,
            "rate": 200,
            "duration": 1.6,
            "budget_ms": {"p99": 1900},
            "guarantee": "at-most-once",
            "ordering": "causal",
            "messages": 100,
        }
        return project(tmp_path, path, waivers={"websocket_rtt_p99": WAIVED, "broadcast_delta": WAIVED})

    return make


def test_a_broadcast_crosses_two_servers_and_keeps_the_order_of_cause_and_effect(room, capsys):
    team = room()
    assert pack("rt", "latency", "--quiet", "--dir", team) == 0 and pack("rt", "ordering", "--quiet", "--dir", team) == 0
    found = rows(team)
    latency = found["websocket_p50_p95_p99", "chat.room"]
    assert latency["verdict"] == "PASS" and latency["facts"]["shows"] == ["cross-server broadcast"]
    assert latency["facts"]["samples"] == 4 * 320, "every member's copy counts"
    order = found["ordering_verification", "chat.room"]
    assert (order["verdict"], order["value"], order["facts"]["received"]) == ("PASS", 0, 100)
    told = shown(team)
    assert told["Cross-server room broadcast"] == told["Causal ordering"] == "PASS" and told["Dead-letter routing"] == "MISSING"


def test_an_answer_that_comes_before_its_question_fails_the_ordering_gate(room, capsys):
    team = room("unordered")
    assert pack("rt", "ordering", "--quiet", "--dir", team) == 1
    assert "came before what had caused them" in capsys.readouterr().out
    assert shown(team)["Causal ordering"] == "FAIL"


def test_violations_are_those_of_the_vector_clocks():
    said = "s 0\nv 0 0:1,0\na 0\ns 1\nv 1 1:1,1\na 1\n"  # 1 answers 0
    right = ledgerlines.count(ledgerlines.parse(said + "e 0 c0\ne 0 c1\ne 1 c0\ne 1 c1\n"))
    wrong = ledgerlines.count(ledgerlines.parse(said + "e 0 c1\ne 1 c0\ne 0 c0\ne 1 c1\n"))
    assert right["causal_violations"] == 0 and wrong["causal_violations"] == 1
    beside = "s 0\nv 0 0:1,0\na 0\ns 1\nv 1 1:0,1\na 1\n"  # neither knows of the other: any order is good
    assert ledgerlines.count(ledgerlines.parse(beside + "e 1 c0\ne 0 c0\ne 0 c1\ne 1 c1\n"))["causal_violations"] == 0
    gap = "s 0\nv 0 0:1,0\na 0\ns 1\nv 1 0:2,0\na 1\n"
    assert ledgerlines.count(ledgerlines.parse(gap + "e 1 c1\n"))["causal_violations"] == 1, "a member that missed the one before"
    assert ledgerlines.count(ledgerlines.parse("s 0\na 0\ne 0 c1\n"))["causal_violations"] is None


def test_three_nodes_elect_a_leader_when_theirs_is_killed(tmp_path, capsys):
    need("nats")
    names, ports, routes = ("n1", "n2", "n3"), [free_port() for _ in range(3)], [free_port() for _ in range(3)]
    joined = ",".join("nats://127.0.0.1:%d" % r for r in routes)
    nodes = [
        {
            "name": name,
            "address": "nats://127.0.0.1:%d" % port,
            "command": ["nats-server", "-js", "-n", name, "-a", "127.0.0.1", "-p", "{port}", "-sd", str(tmp_path / name)]
            + ["--cluster_name", "events", "--cluster", "nats://127.0.0.1:%d" % route, "--routes", joined],
        }
        for name, port, route in zip(names, ports, routes)
    ]
    path = {
        "id": "events",
        "adapter": "nats",
        "address": nodes[0]["address"],
        "cluster": nodes,
        "options": {"replicas": 3},
        "rate": 200,
        "duration": 1.6,
        "budget_ms": {"p99": 1900},
        "guarantee": "at-most-once",
        "fault": ["leader-kill"],
    }
    team = project(tmp_path, path, waivers={"event_store_election": {"value": 59, "reason": WAIVED["reason"]}})
    code = pack("rt", "failover", "--quiet", "--dir", team)
    assert code == 0, capsys.readouterr().out
    row = rows(team)["event_store_failover", "events"]
    assert row["verdict"] == "PASS" and row["server"].startswith("nats-server ")
    entry = gates.Look(team, TEAM, time.time()).files["event_store_failover"][0][-1]["entries"][0]
    who = {e["what"]: e.get("who") for e in entry["events"]}
    assert who["fault"] in names and who["elected"] in names and who["elected"] != who["fault"]
    assert entry["acked"] >= 101 and entry["lost"] == 0
    assert shown(team)["EventStoreDB failover"] == "MISSING", "NATS is no EventStoreDB, and the matrix says so"


BASE = {
    "id": "x",
    "adapter": "redis",
    "address": "redis://h:1/0",
    "rate": 200,
    "duration": 2,
    "budget_ms": {"p99": 10},
    "guarantee": "at-least-once",
    "worker": "builtin:transaction",
}
NODES = [{"name": n, "address": "redis://h:%d/0" % i, "command": ["r"]} for i, n in enumerate("ab", 1)]


@pytest.mark.parametrize(
    "change, told",
    [
        ({"ordering": "causal"}, "causal order shows only where several receivers see messages of several senders"),
        ({"dead_letter": {"poison": 1}, "worker": None}, "needs the `worker` that refuses"),
        ({"dead_letter": {"poison": 70}}, "at most a fifth"),
        ({"dead_letter": {"poison": 1}, "adapter": "mqtt"}, "cannot read a dead-letter queue"),
        ({"dead_letter": {"poison": 1}, "guarantee": "at-most-once"}, "part of the delivery audit"),
        ({"fault": ["leader-kill"]}, "leader-kill needs `cluster"),
        ({"cluster": NODES, "server": {"command": ["r"]}}, "give one of them"),
        ({"cluster": NODES, "address": "redis://h:9/0"}, "address must be that of the first node"),
        ({"cluster": [NODES[0], dict(NODES[1], name="a")]}, "two nodes of the cluster have the name a"),
    ],
)
def test_problems_are_told(change, told):
    path = {k: v for k, v in dict(BASE, **change).items() if v is not None}
    assert told in "\n".join(rtfile.check({"rt": 1, "project": "p", "paths": [path]}, TEAM))
    assert rtfile.check({"rt": 1, "project": "p", "paths": [BASE]}, TEAM) == []


def test_less_poison_or_fewer_nodes_are_looser():
    before = {"paths": [dict(BASE, dead_letter={"poison": 3}, cluster=NODES)]}
    now = {"paths": [dict(BASE, dead_letter={"poison": 2})]}
    text = "\n".join(rtfile.loosened(before, now))
    assert "dead_letter asks less" in text and "cluster had 2 nodes, has 0" in text
    assert rtfile.loosened(before, before) == []
