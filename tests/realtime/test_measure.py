"""The probe and the audit on real servers: counts, order and the formula, never milliseconds."""

import datetime
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from pack.realtime import adapters, audit, bodies, derive, evidence, failover, gates, judge_failover, managed, probe, selftest
from pack.teams import load

from .conftest import HERE, PROJECT, START, Running, command_for, free_port, make_project, need, pack

pytestmark = pytest.mark.broker
KINDS = {e["kind"]: e for e in load("realtimeSystems")["evidence"]}


def run_probe(adapter, address, count=100, rate=200.0, connections=1, size=64, **options):
    """One short run; returns (recording, what the server says)."""
    made = adapters.make(
        {"adapter": adapter, "address": address, "options": options, "connections": connections},
        "test-%s" % os.urandom(4).hex(),
        PROJECT,
    )

    async def main(stop):
        try:
            recording = await probe.open_loop(made, rate, count / rate, 0.1, size, None, stop, order=True)
            return recording, await made.server()
        finally:
            await made.close()

    return probe.run(main, connections + 50)


def whole(recording, count, fanout=1):
    """Everything went out and came back, once, undamaged."""
    assert (recording.sent, recording.received, recording.lost) == (count, count * fanout, 0)
    assert (recording.duplicates, recording.damaged, recording.failed) == (0, 0, 0)
    assert recording.latency.total_count == count * fanout == recording.lateness.total_count


def test_selftest_formula_holds_and_a_naive_loop_would_lie():
    entry = selftest.measure(stall=0.6, duration=3.0, rate=200.0)
    assert derive.selftest(entry) == []
    assert entry["sent"] == entry["received"] == 600
    # the same stall as a closed loop sees it: one slow answer among its samples, so its P99 misses the stall
    child = subprocess.Popen([sys.executable, "-c", selftest._SERVER, "0.6", "0.3"], stdout=subprocess.PIPE, text=True)
    with socket.create_connection(("127.0.0.1", int(child.stdout.readline()))) as peer:
        taken, start = [], time.perf_counter()
        while time.perf_counter() - start < 2.0:
            before = time.perf_counter()
            peer.sendall(b"x\n")
            assert peer.recv(10)
            taken.append(time.perf_counter() - before)
            time.sleep(0.002)
    child.wait(10)
    child.stdout.close()
    naive = sorted(taken)[int(0.99 * len(taken))]
    assert naive < entry["measured_ms"]["0.99"] / 1e3, "coordinated omission hides the stall"
    assert max(taken) >= 0.6


@pytest.mark.parametrize("mode, connections, fanout", [("echo", 3, 1), ("ping", 1, 1), ("broadcast", 4, 4)])
def test_websocket(ws_url, mode, connections, fanout):
    recording, told = run_probe("websocket", ws_url + ("room" if mode == "broadcast" else ""), connections=connections, mode=mode)
    whole(recording, 100, fanout)
    assert told[1] == "real" and "Python" in told[0]
    if mode == "broadcast":
        for receiver in range(4):
            assert [n for n, r in recording.order if r == receiver and n >= 0] == list(range(100)), "each member, in order"


@pytest.mark.parametrize("mode, event", [("ack", "rt"), ("echo", "back")])
def test_socketio(mode, event):
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "sio_server.py"), str(port)], port)
    try:
        recording, _ = run_probe("socketio", "http://127.0.0.1:%d" % port, mode=mode, event=event, connections=2)
        whole(recording, 100)
    finally:
        running.stop()


def test_redis(redis_url):
    recording, told = run_probe("redis", redis_url)
    whole(recording, 100)
    assert told[0].startswith("redis ") and [n for n, _ in recording.order if n >= 0] == list(range(100))


def test_nats(nats_url):
    recording, told = run_probe("nats", nats_url)
    whole(recording, 100)
    assert told[0].startswith("nats-server ") and [n for n, _ in recording.order if n >= 0] == list(range(100))


def test_rabbitmq(rabbit_url):
    recording, told = run_probe("rabbitmq", rabbit_url)
    whole(recording, 100)
    assert told[0].startswith("RabbitMQ 3") and [n for n, _ in recording.order if n >= 0] == list(range(100))


@pytest.fixture
def mosquitto(tmp_path):
    need("mqtt")
    started = []

    def start(*lines):
        port = free_port()
        (tmp_path / ("%d.conf" % port)).write_text("listener %d 127.0.0.1\nallow_anonymous true\n%s\n" % (port, "\n".join(lines)))
        started.append(Running(["mosquitto", "-c", str(tmp_path / ("%d.conf" % port))], port))
        return "mqtt://127.0.0.1:%d" % port

    yield start
    for running in started:
        running.stop()


def test_mqtt_defaults_are_slower_than_nodelay_on_both_sides(mosquitto):
    """The ready-made demonstration: Nagle and delayed acknowledgments on one connection. Order only, no milliseconds; on a busy
    machine the messages of a run may be so late that they leave in one piece, so the order has three pairs of runs to show."""
    held, quick = mosquitto(), mosquitto("set_tcp_nodelay true")

    def slower():
        slow, told = run_probe("mqtt", held, count=300, single=True)
        fast, _ = run_probe("mqtt", quick, count=300, single=True, nodelay=True)
        whole(slow, 300), whole(fast, 300)
        assert told[0].startswith("mosquitto version 2")
        return slow.latency.get_value_at_percentile(50) > fast.latency.get_value_at_percentile(50)

    assert any(slower() for _ in range(3))


def test_kafka_adapter_against_the_mock_cluster_is_marked_mock():
    recording, told = run_probe("kafka", "mock:1")
    whole(recording, 100)
    assert told[1] == "mock" and "mockCluster" in told[0]


def test_unknown_adapter_says_the_way_out():
    with pytest.raises(adapters.AdapterError, match="cannot be loaded"):
        adapters.load("nowhere:Nothing")


def test_binary_payload_is_checked():
    good = bodies.make_body(b"t", 7, 100)
    assert len(good) == 100 and bodies.number_of(good, b"t") == 7 and bodies.number_of(good, b"u") is None
    assert bodies.make_body(b"t", 8, 100)[40:] != good[40:]


# The delivery audit --------------------------------------------------------------------------------------------------


def audited(adapter, address, worker, kind="at_least_once_ack_log", messages=60, **more):
    path = dict(
        {
            "id": "p",
            "adapter": adapter,
            "address": address,
            "rate": 200,
            "messages": messages,
            "worker": worker,
            "guarantee": "at-least-once",
            "crashes": 3,
        },
        **more,
    )
    _, counts, _, partial = audit.delivery(path, "pack-p-%s" % os.urandom(3).hex(), PROJECT, KINDS[kind])
    assert not partial
    return {k: counts[k] for k in ("sent", "acked", "lost", "duplicates", "phantom", "indeterminate", "faults")}


def exactly(lost, duplicates, sent=60):
    return {
        "sent": sent,
        "acked": sent,
        "lost": lost,
        "duplicates": duplicates,
        "phantom": 0,
        "indeterminate": 0,
        "faults": {"worker-crash": 3},
    }


@pytest.mark.parametrize("worker, lost, duplicates", [("effect-then-ack", 0, 3), ("ack-then-effect", 3, 0), ("transaction", 0, 0)])
@pytest.mark.parametrize("broker", ["redis", "nats", "rabbitmq", "mqtt"])
def test_three_crashes_give_exactly_three(broker, worker, lost, duplicates, request, mosquitto):
    """A crash between effect and acknowledgment: three of three, in every broker, deterministically."""
    address = (
        mosquitto("persistence false")
        if broker == "mqtt"
        else request.getfixturevalue({"redis": "redis_url", "nats": "nats_url", "rabbitmq": "rabbit_url"}[broker])
    )
    assert audited(broker, address, "builtin:" + worker) == exactly(lost, duplicates)


@pytest.mark.parametrize("arguments, lost, duplicates", [([], 0, 3), (["ack-first"], 3, 0)])
def test_a_consumer_of_ones_own(redis_url, arguments, lost, duplicates):
    assert audited("redis", redis_url, ["{python}", "consumer.py"] + arguments) == exactly(lost, duplicates)


def test_a_worker_that_cannot_run_is_told(redis_url):
    with pytest.raises(audit.AuditError, match="ends at once with exit code 3"):
        audited("redis", redis_url, ["{python}", "-c", "import sys; sys.exit(3)"])
    with pytest.raises(audit.AuditError, match="unknown built-in worker 'builtin:magic'; known: builtin:effect-then-ack"):
        audited("redis", redis_url, "builtin:magic")
    with pytest.raises(audit.AuditError, match="has no `worker`"):
        audit.delivery({"id": "x", "adapter": "redis", "address": redis_url}, "x", PROJECT, KINDS["at_least_once_ack_log"])


def test_a_broker_killed_in_the_middle_is_audited(tmp_path):
    """Redis without its append-only file: what was acknowledged and not yet consumed at the kill is gone, and counted."""
    need("redis")
    address = "redis://127.0.0.1:%d/0" % free_port()
    server = managed.Server(
        ["redis-server", "--port", "{port}", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"],
        address,
        str(tmp_path),
    )
    server.start()
    try:
        path = {
            "id": "p",
            "adapter": "redis",
            "address": address,
            "rate": 200,
            "messages": 60,
            "worker": "builtin:effect-then-ack",
            "guarantee": "at-least-once",
        }
        text, counts, _, _ = audit.delivery(path, "pack-p", str(tmp_path), KINDS["message_loss_test"], server)
        found, told, more, _, ledger = failover.recovery(path, "pack-r", str(tmp_path), server)
    finally:
        server.stop()
    facts = [line.split()[:2] for line in text.splitlines()]
    acked, seen = ({n for fact, n in facts if fact == kind} for kind in "ae")
    assert counts["faults"] == {"broker-kill": 1} and counts["sent"] == 90
    # An effect whose send ended without an answer is received, and neither acknowledged nor lost.
    assert (counts["acked"], counts["received"], counts["lost"]) == (len(acked), len(seen), len(acked - seen))
    assert counts["acked"] < 90 and counts["received"] + counts["lost"] + counts["unseen"] == 90
    assert [e["what"] for e in found][:3] == ["steady", "fault", "restarted"] and found[-1]["what"] == "recovered"
    assert judge_failover.failover_value(found) is not None


def test_only_a_server_of_its_own_is_killed(redis_url, tmp_path):
    with pytest.raises(managed.ServerError, match="pack did not start it"):
        managed.Server(["redis-server"], redis_url, str(tmp_path)).start()
    with pytest.raises(managed.ServerError, match="ended with exit code"):
        managed.Server([sys.executable, "-c", "raise SystemExit(4)"], "tcp://127.0.0.1:%d" % free_port(), str(tmp_path)).start()


# The command line ----------------------------------------------------------------------------------------------------


def small(tmp_path, **path):
    """A project of the second team: an echo path with everything in seconds."""
    port = free_port()
    spec = {
        "id": "echo",
        "adapter": "websocket",
        "address": "ws://127.0.0.1:%d/" % port,
        "rate": 200,
        "duration": 1.6,
        "warmup": 0.1,
        "budget_ms": {"p99": 1900},
        "guarantee": "at-most-once",
        "ordering": "total",
        "messages": 100,
        "server": {"command": [sys.executable, "ws_server.py", "{port}"]},
    }
    spec = {k: v for k, v in dict(spec, **path).items() if v is not None}
    team = make_project(tmp_path / "p", {"rt": 1, "project": "Echo", "paths": [spec]}, ".ping")
    (team / "DESIGN.md").write_text("# Design\n\nIt echoes.\n")
    return team


SMALL = os.path.join(HERE, "smallTeam.yaml")


def test_second_team_from_measurement_to_gate(tmp_path, capsys):
    team = small(tmp_path)
    assert pack("rt", "all", "--quiet", "--team", SMALL, "--dir", team) == 0
    assert pack("gate", "check", "--team", SMALL, "--dir", team) == 0
    out = capsys.readouterr().out
    assert "PASS    echo_latency echo" in out and "3 of 3 gates pass" in out


def test_mock_kafka_is_refused_by_the_gate(tmp_path, capsys):
    definition = load("realtimeSystems")
    team = make_project(
        tmp_path / "p",
        {
            "rt": 1,
            "project": "K",
            "paths": [
                {
                    "id": "topic",
                    "adapter": "kafka",
                    "address": "mock:1",
                    "rate": 200,
                    "duration": 1.6,
                    "budget_ms": {"p99": 49},
                    "guarantee": "at-most-once",
                }
            ],
        },
    )
    assert pack("rt", "latency", "--quiet", "--dir", team) == 1
    out = capsys.readouterr().out
    assert "INVALID kafka_e2e_latency topic" in out and "a mock is no evidence" in out
    assert gates.Look(team, definition, time.time()).row(KINDS["kafka_e2e_latency"], "topic")["verdict"] == "INVALID"


def measuring(team, *words, definition=SMALL):
    """`pack rt WORDS` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-I", START, "rt"] + list(words) + ["--team", definition, "--dir", str(team)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
        preexec_fn=lambda: signal.signal(
            signal.SIGHUP, signal.SIG_DFL
        ),  # these tests may themselves run under nohup, which would be inherited
    )


def until(what, seconds=20):
    """Wait for a fact; an AssertionError if it never becomes one."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen within %g s" % seconds
        time.sleep(0.05)


def alive(pid):
    """Is it a process that runs (a zombie does not)?"""
    try:
        with open("/proc/%d/stat" % pid) as handle:
            return handle.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_leaves_partial_evidence_and_shows_a_figure_early(tmp_path, number):
    team = small(tmp_path, duration=60)
    assert pack("rt", "selftest", "--team", SMALL, "--dir", team) == 0
    start = time.monotonic()
    child = measuring(team, "latency")
    first = child.stderr.readline()
    assert first.startswith("latency echo: "), first
    time.sleep(1.5)
    child.send_signal(number)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 130 and time.monotonic() - start < 50
    assert "INVALID echo_latency echo" in out and "interrupted: partial evidence" in out and "marked partial" in err
    envelopes, problem = evidence.read_file(os.path.join(str(team), "evidence", "latency", "echo.json"))
    entry = envelopes[-1]["entries"][0]
    assert problem is None and envelopes[-1]["run"]["partial"] and envelopes[-1]["run"]["exit_code"] == 130
    assert 0 < entry["sent"] < 12000 and entry["sent"] == entry["received"] + entry["lost"]


EARLY = {  # verb -> (kind, the words on standard error at which ctrl-c is pressed; None: as soon as the server is there)
    "latency": ("kafka_e2e_latency", None),
    "audit": ("exactly_once_verification", None),
    "failover": ("broker_failure_recovery", None),
    "burst": ("burst_handling_capacity", "burst p: 0%"),
}


@pytest.mark.parametrize("verb", sorted(EARLY))
def test_ctrl_c_before_the_first_message_or_in_a_fault_is_partial_and_no_forgery(verb, tmp_path):
    """Nothing that a person does by pressing a key reads FORGED, and what follows is not begun."""
    need("redis")
    kind, words = EARLY[verb]
    at = "redis://127.0.0.1:%d/0" % free_port()
    path = {"id": "p", "adapter": "redis", "address": at, "rate": 200, "duration": 20, "budget_ms": {"p99": 1900}, "warmup": 3}
    path.update(guarantee="exactly-once", worker="builtin:transaction", fault=["broker-kill", "consumer-kill"], messages=3000)
    path.update(burst={"messages": 200000, "drain_s": 60}, server={"command": command_for("redis", tmp_path)})
    team = make_project(tmp_path / "p", {"rt": 1, "project": "x", "paths": [path]})
    assert pack("rt", "selftest", "--dir", team) == 0
    process = measuring(team, verb, definition="realtimeSystems")
    said = []
    if words:
        until(lambda: said.append(process.stderr.readline()) or words in said[-1])
    else:
        until(lambda: managed.answers(at))
        time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "INVALID %s p" % kind in out and "FORGED" not in out and "consumer_rebalance_time" not in out
    row = gates.Look(team, load("realtimeSystems"), time.time()).row(KINDS[kind], "p")
    assert (row["verdict"], row["reasons"]) == ("INVALID", ["the measurement was interrupted: partial evidence"])
    again = measuring(team, verb, definition="realtimeSystems")  # two runs without a sample are alike, and no copies
    until(lambda: managed.answers(at))
    again.send_signal(signal.SIGTERM)
    out, err = again.communicate(timeout=60)
    assert again.returncode == 130 and "FORGED" not in out, out + err


def test_a_server_that_pack_started_dies_with_it_even_by_kill_9(tmp_path):
    team = small(tmp_path, duration=60)
    assert pack("rt", "selftest", "--team", SMALL, "--dir", team) == 0
    address = json.loads((team / "rt.json").read_text())["paths"][0]["address"]
    child = measuring(team, "latency")
    assert child.stderr.readline().startswith("latency echo: ") and managed.answers(address)
    child.kill()
    child.communicate(timeout=30)
    until(lambda: not managed.answers(address))
    envelopes, problem = evidence.read_file(os.path.join(str(team), "evidence", "latency", "echo.json"))
    assert envelopes == [] and problem is None, "nothing half-written either"


GRANDCHILD = """
import os, subprocess, sys, time
with open("pids", "a") as out:
    print(os.getpid(), subprocess.Popen(["sleep", "600"]).pid, file=out, flush=True)
time.sleep(600)
"""


def test_a_child_and_what_it_started_die_with_a_killed_parent(tmp_path):
    """Started from an executor thread that ends at once, as the servers of a fault are."""
    code = (
        "import concurrent.futures as f, sys, time; from pack.realtime import managed\n"
        "with f.ThreadPoolExecutor(1) as pool: child = pool.submit(managed.Child, [sys.executable, '-c', sys.argv[1]], '.').result()\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, GRANDCHILD],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    with parent:
        told = int(parent.stdout.readline())
        until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().endswith("\n"))
        pids = [int(x) for x in (tmp_path / "pids").read_text().split()]
        assert pids[0] == told and all(alive(p) for p in pids)
        parent.kill()
    until(lambda: not any(alive(p) for p in pids))


def test_kill_ends_what_the_command_started_too_and_stop_asks_first(tmp_path):
    child = managed.Child([sys.executable, "-c", GRANDCHILD], str(tmp_path))
    until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().endswith("\n"))
    pids = [int(x) for x in (tmp_path / "pids").read_text().split()]
    child.kill()
    assert child.poll() == 137
    until(lambda: not any(alive(p) for p in pids))
    loop = "trap 'echo asked > asked; exit 7' TERM; echo > ready; while :; do sleep 0.05; done"
    polite = managed.Child(["sh", "-c", loop], str(tmp_path))
    until((tmp_path / "ready").exists)
    polite.terminate()
    assert polite.wait(10) == 7 and (tmp_path / "asked").read_text() == "asked\n"
    polite.kill()
    with pytest.raises(managed.ServerError, match="cannot start ./nothing: no such program"):
        managed.Child(["./nothing"], str(tmp_path))


@pytest.mark.parametrize(
    "gone, verb, told",
    [("hdrh", "rt", "[realtime]'"), ("pptx", "report", "[report]'")],
)
def test_without_the_extras_one_line_says_what_to_install(gone, verb, told, tmp_path):
    code = "import sys\nfor n in ('hdrh', 'pptx', 'reportlab'): sys.modules[n] = None\nfrom pack.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, verb, "all"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    # This checkout by its path: the name `team-pack` is on no index, and there it could be anybody's.
    from pack.base.paths import PLUGIN_ROOT

    assert "pip install '" + PLUGIN_ROOT + told in done.stderr
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


def test_errors_name_the_way_out(tmp_path, capsys):
    (tmp_path / ".team").mkdir()
    assert pack("rt", "latency", "--dir", tmp_path / ".team") == 2
    assert "rt.yaml: does not exist; the project manager writes it" in capsys.readouterr().err
    assert pack("rt", "latency", "--team", "nonsense", "--dir", tmp_path / ".team") == 2
    assert "known teams: realtimeSystems" in capsys.readouterr().err
    team = small(tmp_path, server={"command": ["no-such-program"]})
    assert pack("rt", "selftest", "--team", SMALL, "--dir", team) == 0
    capsys.readouterr()
    assert pack("rt", "latency", "--team", SMALL, "--dir", team, "--path", "other") == 2
    assert "unknown path other; rt.yaml has: echo" in capsys.readouterr().err
    assert pack("rt", "latency", "--team", SMALL, "--dir", team) == 2
    assert "cannot start no-such-program" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change, told",
    [
        ({"guarantee": "at-least-once"}, "can promise at-most-once only"),
        ({"rate": 10}, "a P99 claim needs 299"),
        ({"budget_ms": {"p50": 20, "p99": 10}}, "budgets must not fall"),
        ({"fault": ["server-kill"], "server": None}, "only a server that pack started is killed"),
        ({"adapter": "carrier-pigeon"}, "path echo: adapter: unknown adapter 'carrier-pigeon'"),
        ({"adapter": "ws"}, "did you mean 'websocket'?"),
        ({"address": "127.0.0.1:8765"}, "is none of websocket; write it as ws://127.0.0.1:8765/"),
        ({"duration": "10s"}, "path echo: duration: must be number, found \"10s\" (seconds, without a unit)"),
        ({"id": "Chat Echo"}, "path Chat Echo: id: an id is lower-case words"),
        ({"budget": {"p99": 9}}, "unknown name 'budget'; did you mean 'budget_ms'?"),
        ({"adapter": "a:B"}, "needs `measures`"),
        ({"measures": ["websocket_p50"]}, "did you mean 'websocket_p50_p95_p99'"),
        ({"budget_ms": {"p99": 0.5}}, "is less than 1"),
        ({"speed": 1}, "unknown name 'speed'"),
        ({"duration": "1 hour"}, 'path echo: duration: must be number, found "1 hour" (seconds, without a unit)'),
        ({"duration": 10**7}, "path echo: duration: 10000000 is more than 86400"),
        ({"rate": -5}, "path echo: rate: -5 must be more than 0"),
        ({"budget_ms": {"p99": float("nan")}}, "path echo: budget_ms.p99: nan is no number"),
        ({"budget_ms": {"p99": float("inf")}}, "path echo: budget_ms.p99: inf is no number"),
        ({"budget_ms": {"p99": "15ms"}}, "(milliseconds, without a unit)"),
        ({"options": {"headers": {1: 2}}}, "options.headers: the name 1 is no text: write it in quotes"),
        ({"options": {"headers": {"x": datetime.date(2026, 1, 1)}}}, "2026-01-01 is a date: write it in quotes"),
        ({"address": "ws://127.0.0.1:99999/"}, "has no usable host and port; write it as ws://127.0.0.1:8765/"),
        ({"address": "ws://127.0.0.1:port/"}, "has no usable host and port"),
        ({"address": "ws://127.0.0.1:0/"}, "has the port 0"),
        ({"address": "ws://[::1/"}, "has no usable host and port"),
        ({"address": "ws:///"}, "names no host"),
        ({"options": {"mod": "echo"}}, "unknown option 'mod' of websocket; did you mean 'mode'?"),
        ({"options": {"mode": "ech"}}, "option mode of websocket must be one of echo, ping, broadcast, not 'ech'"),
        ({"options": {"headers": 7}}, "option headers of websocket must be names and values, not 7"),
        ({"worker": "node consumer.js"}, "write a command as a list: [node, consumer.js]"),
        ({"worker": "builtin:transactional"}, "unknown built-in worker 'builtin:transactional'; known: builtin:effect-then-ack"),
        ({"worker": []}, "worker: needs at least 1 item(s)"),
        ({"worker": ["node", 1]}, "worker[1]: must be string, found 1"),
        ({"messages": 10, "crashes": 50}, "crashes: 50 of 10 messages"),
        ({"stream": {"window_s": 1, "events": 3}}, "stream is measured with an adapter of your own, not with websocket"),
        ({"fault": ["consumer-kill"]}, "consumer-kill is measured with redis, nats, mqtt, rabbitmq, kafka, an adapter of your own"),
        ({"throughput": {"rate": 200, "duration": 0.3}}, "throughput.duration: 0.3 is less than 1"),
        ({"throughput": {"rate": 200, "duration": "1h"}}, "(seconds, without a unit)"),
    ],
)
def test_rt_file_problems(change, told):
    from pack.realtime import rtfile

    path = {
        "id": "echo",
        "adapter": "websocket",
        "address": "ws://x/",
        "rate": 200,
        "duration": 2,
        "budget_ms": {"p99": 10},
        "guarantee": "at-most-once",
        "server": {"command": ["x"]},
    }
    path.update(change)
    path = {k: v for k, v in path.items() if v is not None}
    assert told in "\n".join(rtfile.check({"rt": 1, "project": "x", "paths": [path]}, load("realtimeSystems")))


@pytest.mark.parametrize(
    "text, told",
    [
        (b"rt: 1\nproject: x\npaths: &p\n  - *p\n", "path number 1: refers to itself"),
        (b"[" * 5000, "nested without end"),
        ("rt: 1\nproject: Gr\u00fc\u00dfe\n".encode("latin-1"), "byte 18 is not UTF-8: save the file as UTF-8"),
        (
            b"a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 10)) for c in b"bcdefghi"),
            "aliases",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_a_line(text, told, tmp_path, capsys):
    (tmp_path / ".team").mkdir()
    (tmp_path / ".team" / "rt.yaml").write_bytes(text)
    assert pack("rt", "check", "--dir", tmp_path / ".team") == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


def test_the_table_of_options_is_what_the_adapters_read():
    from pack.realtime.adapters import TABLE, known

    folder = os.path.dirname(known.__file__)
    assert set(TABLE) == set(known.ADDRESSES) == set(known.OPTIONS)
    for name, (module, _, _) in TABLE.items():
        with open(os.path.join(folder, module + ".py")) as handle:
            assert set(re.findall(r'options(?:\.get\(|\[)"(\w+)"', handle.read())) == set(known.OPTIONS[name]), name


def test_what_the_audits_still_need_is_told_and_no_mistake(tmp_path, capsys):
    address = "redis://127.0.0.1:%d/0" % free_port()
    path = {"id": "orders", "adapter": "redis", "address": address, "rate": 200, "duration": 2, "budget_ms": {"p99": 50}}
    team = make_project(tmp_path / "p", {"rt": 1, "project": "x", "paths": [dict(path, guarantee="exactly-once")]})
    assert pack("rt", "check", "--dir", team) == 0
    assert "path orders: no `worker` yet" in capsys.readouterr().out


OWN = """
import time
from pack.realtime.adapters.base import Adapter


class Mine(Adapter):
    async def open(self, deliver):
        self.deliver = deliver
        if self.options.get("breaks") == "open":
            raise KeyError("cable")

    async def send(self, body, partition=0):
        self.deliver(body, time.perf_counter(), 0)

    async def close(self):
        if self.options.get("breaks") == "close":
            raise KeyError("cable")


class NoAdapter:
    def __init__(self, *rest):
        pass
"""


@pytest.mark.parametrize(
    "name, breaks, code, told",
    [
        ("mine:Mine", "open", 2, "KeyError: 'cable' (mine.py line "),
        ("mine:Mine", "close", 1, ""),  # what was measured stands; the tree is dirty
        ("mine:NoAdapter", "", 2, "cannot be made: TypeError: it is no subclass"),
        ("broken:Mine", "", 2, "cannot be loaded from p: SyntaxError"),
    ],
)
def test_an_adapter_of_ones_own_that_breaks_is_told_in_a_line(name, breaks, code, told, tmp_path, capsys):
    team = small(tmp_path, adapter=name, address="x", options={"breaks": breaks}, measures=["echo_latency"], server=None, ordering="none")
    (team.parent / "mine.py").write_text(OWN)
    (team.parent / "broken.py").write_text("def f(:\n")
    assert pack("rt", "latency", "--quiet", "--team", SMALL, "--dir", team) == code
    said = capsys.readouterr()
    lines = [x for x in said.err.splitlines() if "the work tree is dirty" not in x]
    assert told in "\n".join(lines) and len(lines) == bool(told)
    assert ("STALE" in said.out) == (breaks == "close")


@pytest.mark.parametrize("verb", ["latency", "ordering"])
def test_a_broker_that_dies_in_the_middle_takes_nothing_back(verb, tmp_path):
    """What was measured until then is filed: an honest FAIL (or INVALID: no replay), never nothing."""
    need("redis")
    port = free_port()
    server = Running(["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path)], port)
    more = {
        "adapter": "redis",
        "address": "redis://127.0.0.1:%d/0" % port,
        "duration": 4,
        "messages": 800,
        "server": None,
        "measures": ["echo_latency"],
    }
    team = small(tmp_path, **more)
    process = measuring(team, verb)
    until(lambda: "0% (0 of 800)" in process.stderr.readline())
    time.sleep(1)
    server.stop()
    out, err = process.communicate(timeout=60)
    kind = {"latency": "echo_latency", "ordering": "echo_order"}[verb]
    assert process.returncode == 1 and "Traceback" not in err, err
    assert ("FAIL    %s" % kind in out and "never arrived" in out) or ("INVALID %s" % kind in out and "did not replay" in out), out


def test_a_consumer_that_only_starts_and_dies_ends_the_audit(redis_url):
    """It says `ready` each time; that is no sign of life."""
    code = "import os, socket; s = socket.create_connection(os.environ['PACK_RT_POINT'].split(':')); s.sendall(b'ready\\n'); s.recv(9)"
    path = {"id": "v", "adapter": "redis", "address": redis_url, "rate": 200, "messages": 20, "worker": [sys.executable, "-c", code]}
    program = (
        "import json, sys; from pack.realtime import audit\npath, kind = json.loads(sys.argv[1])\naudit.delivery(path, 'pack-v', '.', kind)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps([dict(path, guarantee="at-least-once"), KINDS["at_least_once_ack_log"]])],
        capture_output=True,
        text=True,
        timeout=60,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert "the worker reported no effect" in done.stderr


def test_whoever_measures_a_dirty_tree_is_told_before(tmp_path, capsys):
    team = small(tmp_path)
    (team.parent / "ws_server.py").write_text("raise SystemExit(3)\n")
    assert pack("rt", "latency", "--quiet", "--team", SMALL, "--dir", team) == 2
    assert capsys.readouterr().err.startswith("the work tree is dirty: what is measured now is STALE (echo: ws_server.py)")


def test_example_is_sound_and_charter_follows_it(tmp_path, capsys):
    team = tmp_path / ".team"
    team.mkdir()
    assert pack("rt", "example") == 0
    (team / "rt.yaml").write_text(capsys.readouterr().out)
    assert pack("rt", "check", "--dir", team) == 0
    out = capsys.readouterr().out
    assert "exactly_once_verification    orders.placed" in out and "stream_processing_rate       MISSING" in out
    (team / "PROJECT_CHARTER.md").write_text("# Charter\n\nOurs.\n")
    assert pack("rt", "charter", "--dir", team) == 0
    text = (team / "PROJECT_CHARTER.md").read_text()
    assert text.startswith("# Charter\n\nOurs.") and "| orders.placed | redis | 200/s for 20 s |" in text
    assert pack("rt", "charter", "--dir", team) == 0 and (team / "PROJECT_CHARTER.md").read_text() == text
