"""Real servers for the tests, each on a free port of its own, started by the tests and ended by them."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "scripts"))
from pack.realtime import managed  # noqa: E402

PROJECT = os.path.join(HERE, "project")
os.environ["PATH"] += os.pathsep + "/usr/sbin" + os.pathsep + "/usr/local/sbin"  # where Debian puts brokers
BROKERS = {"redis": "redis-server", "nats": "nats-server", "mqtt": "mosquitto", "rabbitmq": "rabbitmq-server"}


def pytest_terminal_summary(terminalreporter):
    """Say loudly which brokers were missing: their tests did not run."""
    gone = [program for program in BROKERS.values() if not shutil.which(program)]
    if gone:
        terminalreporter.section("BROKERS MISSING", sep="!")
        terminalreporter.line("not on PATH, their tests were skipped: %s; `scripts/dev/install-brokers` installs them" % ", ".join(gone))


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def need(broker):
    """Skip where the broker is not installed."""
    if not shutil.which(BROKERS[broker]):
        pytest.skip("%s is not on PATH: scripts/dev/install-brokers" % BROKERS[broker])


def command_for(broker, folder):
    """How rt.yaml starts a broker; `{port}` is filled in from the address."""
    if broker == "redis":
        return [
            "redis-server",
            "--port",
            "{port}",
            "--appendonly",
            "yes",
            "--save",
            "",
            "--dir",
            str(folder),
            "--bind",
            "127.0.0.1",
        ]
    if broker == "nats":
        return ["nats-server", "-js", "-a", "127.0.0.1", "-p", "{port}", "-sd", str(folder)]
    raise KeyError(broker)


class Running:
    """A server process that the tests started."""

    def __init__(self, command, port, environment=None, ready_s=60):
        self.port = port
        self.process = managed.Child(command, ".", environment)
        until = time.monotonic() + ready_s
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.3).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < until, "%s did not start" % command[0]
                time.sleep(0.05)

    def stop(self):
        """End it, with its children."""
        self.process.kill()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    need("redis")
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    running = Running([p.replace("{port}", str(port)) for p in command_for("redis", folder)], port)
    yield "redis://127.0.0.1:%d/0" % port
    running.stop()


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory):
    need("nats")
    port, folder = free_port(), tmp_path_factory.mktemp("nats")
    running = Running([p.replace("{port}", str(port)) for p in command_for("nats", folder)], port)
    yield "nats://127.0.0.1:%d" % port
    running.stop()


@pytest.fixture(scope="session")
def rabbit_url(tmp_path_factory):
    need("rabbitmq")
    port, folder = free_port(), tmp_path_factory.mktemp("rabbit")
    node = "pack%d@localhost" % port
    environment = dict(
        os.environ,
        HOME=str(folder),
        RABBITMQ_NODENAME=node,
        RABBITMQ_NODE_PORT=str(port),
        RABBITMQ_DIST_PORT=str(free_port()),
        RABBITMQ_MNESIA_BASE=str(folder),
        RABBITMQ_LOG_BASE=str(folder),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "plugins"),
        RABBITMQ_PID_FILE=str(folder / "pid"),
        ERL_EPMD_PORT=str(free_port()),
    )
    # the Debian wrapper changes its user; the server itself runs as whoever tests
    program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    running = Running([program if os.path.exists(program) else "rabbitmq-server"], port, environment)
    yield "amqp://guest:guest@127.0.0.1:%d/" % port
    running.stop()


@pytest.fixture(scope="session")
def ws_url():
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "ws_server.py"), str(port)], port)
    yield "ws://127.0.0.1:%d/" % port
    running.stop()


@pytest.fixture(scope="session")
def mqtt_url(tmp_path_factory):
    need("mqtt")
    port, folder = free_port(), tmp_path_factory.mktemp("mosquitto")
    (folder / "m.conf").write_text("listener %d 127.0.0.1\nallow_anonymous true\n" % port)
    running = Running(["mosquitto", "-c", str(folder / "m.conf")], port)
    yield "mqtt://127.0.0.1:%d" % port
    running.stop()


def probed(adapter, address, *words, during=None):
    """(exit code, all that was printed) of a probe; `during` is called while it sends."""
    argv = [sys.executable, "-I", START, "rt", "probe", adapter, address, "--rate", "100", "--duration", "6", *map(str, words)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        if during is not None:
            during()
        out = child.communicate(timeout=90)[0]
    finally:
        child.kill()
    return child.returncode, out


def met(path, during, after=50, rate=100, duration=5):
    """The recording of a probe; when it has heard `after` messages, `during()` is called in a thread of its own."""
    from pack.realtime import adapters, probe

    made, heard, threads = adapters.make(path, "t-%s" % os.urandom(3).hex(), PROJECT), [], []
    opened = made.open

    async def with_an_ear(deliver):
        def heard_too(body, at, receiver=0):
            heard.append(at)
            if len(heard) == after:
                threads.append(threading.Thread(target=during))
                threads[0].start()
            deliver(body, at, receiver)

        await opened(heard_too)

    made.open = with_an_ear

    async def main(stop):
        return (await probe.told_run(made, rate, duration, 0.5, 64, None, stop))[0]

    try:
        recording = probe.run(main)
    finally:
        for thread in threads:
            thread.join()
    assert threads, "the probe heard %d messages only" % len(heard)
    return recording


def git(folder, *argv):
    """Run git for a test project."""
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"] + list(argv),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_project(folder, rt, root=".team"):
    """A git repository with the test project's files and an rt.json; returns the team's folder."""
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".gitignore").write_text("__pycache__/\n%s/\n" % root)
    (folder / "events").mkdir(exist_ok=True)
    (folder / "events" / "order.json").write_text(
        json.dumps({"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]})
    )
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "project")
    team = folder / root
    team.mkdir()
    (team / "rt.json").write_text(json.dumps(rt))
    return team


def write_artifacts(team, definition, roles=None):
    """Give every artifact of the roles some content."""
    for role in definition["roles"]:
        if roles is None or role["id"] in roles:
            for artifact in role.get("artifacts", []):
                path = team / artifact
                if path.name != "rt.yaml" and not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    parts = "".join("\n## Part %d\n\nWave: 5\n" % n for n in range(1, 9))  # the planning gate counts milestones and risks
                    path.write_text("# %s\n\nWritten by %s.\n%s" % (path.stem, role["id"], parts))


START = os.path.join(os.path.dirname(os.path.dirname(HERE)), "scripts", "pack", "cli", "start.py")
IN_PROCESS = ("init", "check", "charter", "example", "probe", "ceiling", "export", "slow", "events", "kafka", "ci")  # they file no evidence


def pack(*argv):
    """Run a pack verb; returns its exit code. What files evidence runs as a user's does: isolated, as a process of its own."""
    from pack.cli.main import main

    argv = [str(a) for a in argv]
    if argv[0] != "rt" or argv[1] in IN_PROCESS or "--help" in argv:
        return main(argv)
    done = subprocess.run([sys.executable, "-I", START] + argv, capture_output=True, text=True)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


LOOSE = "tests assert counts, order and the formula, never milliseconds"


def rt_for(root, folder, kafka=None):  # long: data, a whole rt.yaml
    """The rt.json of the measured project: every kind but the event store's, on real servers of its own."""
    budget = {"p99": 1900}
    ws, redis_port, nats_port = free_port(), free_port(), free_port()
    os.makedirs(str(folder), exist_ok=True)
    python = sys.executable
    redis_at, redis_server = "redis://127.0.0.1:%d/0" % redis_port, {"command": command_for("redis", folder)}
    return {
        "rt": 1,
        "project": "Chat",
        "strategy": "STRATEGY.md",
        "paths": [
            {
                "id": "chat.echo",
                "adapter": "websocket",
                "address": "ws://127.0.0.1:%d/" % ws,
                "rate": 400,
                "duration": 8,
                "warmup": 0.3,
                "payload_bytes": 64,
                "budget_ms": {"p99": 1900, "p999": 1950},
                "guarantee": "at-most-once",
                "ordering": "total",
                "messages": 300,
                "connections": 5,
                "fault": ["server-kill"],
                "server": {"command": [python, "ws_server.py", "{port}"]},
                "density": {"connections": 150, "hold_s": 1.5},
                "burst": {"messages": 1000, "drain_s": 20},
                "throughput": {"rate": 200, "duration": 3},
            },
            {
                "id": "orders",
                "adapter": "redis",
                "address": redis_at,
                "rate": 200,
                "duration": 2,
                "warmup": 0.3,
                "budget_ms": budget,
                "guarantee": "exactly-once",
                "ordering": "per-partition",
                "messages": 120,
                "worker": "builtin:transaction",
                "fault": ["worker-crash", "consumer-kill"],
                "server": redis_server,
            },
            {
                "id": "jobs",
                "adapter": "nats",
                "address": "nats://127.0.0.1:%d" % nats_port,
                "rate": 200,
                "duration": 2,
                "warmup": 0.3,
                "budget_ms": budget,
                "guarantee": "at-least-once",
                "messages": 120,
                "worker": "builtin:effect-then-ack",
                "fault": ["worker-crash", "broker-kill"],
                "server": {"command": command_for("nats", folder)},
            },
            {
                "id": "cqrs.orders",
                "adapter": "rt_adapters:Cqrs",
                "address": redis_at,
                "options": {"protocol": "cqrs"},
                "rate": 200,
                "duration": 2,
                "warmup": 0.3,
                "budget_ms": budget,
                "guarantee": "at-most-once",
                "measures": ["cqrs_command_to_projection"],
                "server": redis_server,
            },
            {
                "id": "counts",
                "adapter": "rt_adapters:Windows",
                "address": redis_at,
                "options": {"protocol": "windows", "window_s": 0.2, "lateness_s": 0.3},
                "rate": 400,
                "duration": 2,
                "warmup": 0.3,
                "budget_ms": budget,
                "guarantee": "at-most-once",
                "measures": ["stream_processing_latency"],
                "server": redis_server,
                "stream": {"window_s": 0.2, "lateness_s": 0.3, "events": 800, "keys": 4, "late": 8, "rate": 400},
            },
        ],
        "out_of_scope": {"event_store_failover": {"reason": "the strategy has no event store", "by": "project-manager"}},
        "waivers": {
            name: {"value": value, "reason": LOOSE}
            for name, value in [
                ("websocket_rtt_p99", 2000),
                ("kafka_e2e_p99", 2000),
                ("cqrs_p99", 2000),
                ("stream_p99", 2000),
                ("sustained_seconds", 3),
                ("websocket_connections", 150),
                ("websocket_cpu", 101),
                ("stream_rate", 100),
            ]
        },
        "schemas": [{"file": "events/order.json"}],
    }


SIGNED = "# Deployment\n\n%s\n\nGitHub release: none, the repository is nowhere\nstatus: APPROVED\n" % "\n".join(
    "- Stage %s: PASS" % s for s in ("dev", "staging", "canary 5 %", "production")
)


@contextlib.contextmanager
def once(tmp_path_factory, name):
    """(folder, whether it is made already) for what all workers of a run share: made by the first that asks, while the others wait.
    A name of the run's own: what is left of another run is never taken for it."""
    import fcntl

    base = tmp_path_factory.getbasetemp()
    base = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with open(base / (name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = base / name
        made = (folder / "done").exists()
        if not made:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        yield folder, made
        (folder / "done").write_text("")


@pytest.fixture(scope="session")
def measured(tmp_path_factory):
    """A project with all evidence measured on real servers, all ten gates passing. Never written to: copy it."""
    need("redis"), need("nats")
    with once(tmp_path_factory, "measured") as (folder, made):
        if not made:
            measure_all(folder / "project")
    return folder / "project" / ".team"


def measure_all(folder):
    """Make the project and measure all that its definition asks for. The servers are ended again."""
    from pack.realtime import gates, rtfile
    from pack.teams import load

    folder.mkdir()
    rt = rt_for(folder, folder.parent / "data")
    team, definition = make_project(folder, rt), load("realtimeSystems")
    write_artifacts(team, definition)
    (team / "DECISION_LOG.md").write_text("# Decisions\n\nLatency review: APPROVED\n")
    (team / "TEAM_STATUS.md").write_text("# Status\n\nrunning\n")
    (team / "PROJECT_CHARTER.md").write_text(rtfile.charter_text("", rt, definition))
    (team / "KANBAN.md").write_text(
        "# Board\n\ncards below\n\n" + "".join("## %s\n\n" % c["name"] for c in definition["kanban"]["columns"])
    )
    (team / "evaluation" / "QA_SIGNOFF.md").write_text("# QA\n\nstatus: PASS\n")
    (team / "releases" / "DEPLOYMENT_SIGNOFF.md").write_text(SIGNED)
    (team / "legal" / "AUDIT_COMPLIANCE.md").write_text("# Audit\n\nLegal clearance: GRANTED\n")
    code = pack("rt", "all", "--release", "--quiet", "--dir", team)
    for _ in range(3):  # INVALID is no failure: on a busy machine the probe is late, and measures again
        look = gates.Look(team, definition, time.time())
        pairs = [(look.kinds[k], p) for k, p in rtfile.required(look.rt, definition)]
        late = [(kind, p) for kind, p in pairs if look.row(kind, p, True)["verdict"] == "INVALID"]
        if not late:
            break
        code = max([pack("rt", gates.verb(kind), "--path", p, "--release", "--quiet", "--dir", team) for kind, p in late])
    assert code == 0


@pytest.fixture
def project(measured, tmp_path):
    """A copy of the measured project to tamper with; returns its team folder."""
    copy = tmp_path / "project"
    shutil.copytree(measured.parent, copy, symlinks=True)
    git(copy, "update-ref", "-d", "refs/notes/pack-rt")  # each other layer must see what the notes would see first
    return copy / ".team"
