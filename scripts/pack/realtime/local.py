"""What rt.yaml needs on this machine: what answers, what is installed, and a compose file for what is not (the seed, section 8).

Versions and images are the seed's. `pack rt up` starts the servers that rt.yaml says how to start, and those that it names and that are installed
here (on this machine's own address only); they end with it. `pack rt smoke` sends one message through each path and asks each service.
"""

import glob
import hashlib
import os
import pwd
import shutil
import subprocess
import urllib.error
import urllib.request
from http.client import HTTPException

from pack.realtime import managed

# adapter -> programs of Debian's packages that are it, compose services that are it otherwise
PARTS = {
    "redis": (("redis-server",), ("redis",)),
    "socketio": ((), ()),
    "websocket": ((), ()),
    "sse": ((), ()),
    "nats": (("nats-server",), ("nats",)),
    "mqtt": (("mosquitto",), ("mosquitto",)),
    "rabbitmq": (("rabbitmq-server",), ("rabbitmq",)),
    "kafka": ((), ("zookeeper", "kafka", "schema-registry")),
    "postgres": ((), ("postgres",)),
    "eventstore": ((), ("postgres",)),
    # Services that rt.yaml names under `services`.
    "postgresql": (("postgres",), ("postgresql",)),
    "eventstoredb": ((), ("eventstore",)),
    "flink": ((), ("flink",)),
    "schema-registry": ((), ("zookeeper", "kafka", "schema-registry")),
}
SERVICES = {
    "zookeeper": {"image": "confluentinc/cp-zookeeper:7.6.0", "environment": {"ZOOKEEPER_CLIENT_PORT": 2181}, "ports": ["2181:2181"]},
    "kafka": {
        "image": "confluentinc/cp-kafka:7.6.0",
        "depends_on": ["zookeeper"],
        "ports": ["9092:9092"],
        "environment": {
            "KAFKA_BROKER_ID": 1,
            "KAFKA_ZOOKEEPER_CONNECT": "zookeeper:2181",
            "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://localhost:9092",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": 1,
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": 1,
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": 1,
        },
    },
    "schema-registry": {
        "image": "confluentinc/cp-schema-registry:7.6.0",
        "depends_on": ["kafka"],
        "ports": ["8081:8081"],
        "environment": {"SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS": "kafka:9092", "SCHEMA_REGISTRY_HOST_NAME": "schema-registry"},
    },
    "redis": {"image": "redis:7-alpine", "ports": ["6379:6379"]},
    "rabbitmq": {
        "image": "rabbitmq:3-management-alpine",
        "ports": ["5672:5672", "15672:15672"],
        "environment": {"RABBITMQ_DEFAULT_USER": "admin", "RABBITMQ_DEFAULT_PASS": "admin"},
    },
    "postgres": {"image": "postgres:15", "environment": {"POSTGRES_PASSWORD": "postgres"}, "ports": ["5432:5432"]},
    "eventstore": {
        "image": "eventstore/eventstore:latest",
        "ports": ["2113:2113", "1113:1113"],
        "environment": {"EVENTSTORE_INSECURE": "true", "EVENTSTORE_RUN_PROJECTIONS": "All"},
    },
    "flink": {"image": "flink:1.18-scala_2.12", "command": ["standalone-job"], "ports": ["8082:8081"]},
    "postgresql": {"image": "postgres:16-alpine", "ports": ["5432:5432"], "environment": {"POSTGRES_PASSWORD": "postgres"}},
    "nats": {"image": "nats:2.10-alpine", "command": ["--jetstream"], "ports": ["4222:4222"]},
    "mosquitto": {"image": "eclipse-mosquitto:2", "command": ["mosquitto", "-c", "/mosquitto-no-auth.conf"], "ports": ["1883:1883"]},
}
_PLACES = os.pathsep.join(["/usr/sbin", "/usr/local/sbin"] + sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))
ALONE = ("127.0.0.1", "localhost", "::1")
# What answers when a service works (the seed's smoke tests): a page below its address.
PAGES = {"eventstoredb": "/stats", "flink": "/overview", "schema-registry": "/subjects"}


def program(adapter):
    """The installed program that is an adapter's server, None where there is none here."""
    where = os.environ.get("PATH", "") + os.pathsep + _PLACES
    return next((found for name in PARTS.get(adapter, ((), ()))[0] for found in [shutil.which(name, path=where)] if found), None)


def needed(data):
    """[(id, adapter or service, address, rt.yaml's own command or None)] of every path and service of rt.yaml. ServerError for an unknown service."""
    out = [(p["id"], p["adapter"], p["address"], p.get("server", {}).get("command")) for p in data["paths"]]
    known = sorted(set(PARTS) - {"postgres"})  # which is an adapter; the server that pack can start and ask is the service `postgresql`
    unknown = [s for s in data.get("services", {}) if s not in known]
    if unknown:
        raise managed.ServerError("rt.yaml: unknown service %r; known: %s" % (unknown[0], ", ".join(known)))
    return out + [(name, name, address, None) for name, address in data.get("services", {}).items()]


def own_command(adapter, address, folder):
    """How an installed program is started with its data below `folder`; None where it is not installed or the address is another machine's."""
    found, (host, port) = program(adapter), managed.host_port(address)
    if not found or host not in ALONE or not port:
        return None
    home = data_home(adapter, address, folder)
    return {
        "redis": [found, "--port", "{port}", "--bind", "127.0.0.1", "--dir", home, "--save", "", "--appendonly", "no"],
        "nats": [found, "-a", "127.0.0.1", "-p", "{port}", "-js", "-sd", home],
        "mqtt": [found, "-p", "{port}"],
        "rabbitmq": _rabbitmq(home, port),
        "postgresql": _postgresql(found, home),
    }.get(adapter)


def _rabbitmq(home, port):
    """The server itself: Debian's wrapper changes its user. Erlang's own port would be 20,000 above the node's, also where there is none."""
    inner = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    places = {"HOME": home, "RABBITMQ_MNESIA_BASE": home, "RABBITMQ_LOG_BASE": home, "RABBITMQ_PID_FILE": os.path.join(home, "pid")}
    places.update(
        RABBITMQ_ENABLED_PLUGINS_FILE=os.path.join(home, "plugins"), RABBITMQ_NODENAME="pack{port}@localhost", RABBITMQ_NODE_PORT="{port}"
    )
    places.update(RABBITMQ_DIST_PORT=port + 20000 if port <= 45535 else port - 20000, ERL_CRASH_DUMP=os.path.join(home, "erl_crash.dump"))
    return ["env"] + ["%s=%s" % pair for pair in sorted(places.items())] + [inner if os.path.exists(inner) else "rabbitmq-server"]


def _postgresql(found, home):
    """initdb once, then the server; as nobody special where this is root, for PostgreSQL refuses that."""
    script = '[ -e "$1/PG_VERSION" ] || "$2/initdb" -D "$1" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null; exec "$2/postgres" -D "$1" -p "$3" -h 127.0.0.1 -k "$1"'
    argv = ["sh", "-ec", script, "postgresql", home, os.path.dirname(found), "{port}"]
    user = _nobody_special()
    return ["setpriv", "--reuid", user.pw_name, "--regid", str(user.pw_gid), "--clear-groups"] + argv if user else argv


def _nobody_special():
    if os.getuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def data_home(adapter, address, folder):
    """Where the data of a server are that is started from what is installed: below `folder`; for PostgreSQL under root in its user's own folder, for
    what is root's that user may not even look into."""
    user, name = _nobody_special() if adapter == "postgresql" else None, "%s-%d" % (adapter, managed.host_port(address)[1])
    if user and os.path.isdir(user.pw_dir):
        return os.path.join(user.pw_dir, "pack-up-%s-%s" % (name, hashlib.sha256(os.path.abspath(folder).encode()).hexdigest()[:12]))
    return os.path.join(folder, name)


def _home(adapter, address, folder):
    """Make the data folder of a server that is started from what is installed."""
    home = data_home(adapter, address, folder)
    os.makedirs(home, exist_ok=True)
    user = _nobody_special() if adapter == "postgresql" else None
    if user:
        os.chown(home, user.pw_uid, user.pw_gid)
    if adapter == "postgresql":
        os.chmod(home, 0o700)


def look(data, folder="."):
    """[(path id, adapter, address, "answers" | "starts" | "installed" | "compose" | "nothing", what)] of every path and service of rt.yaml."""
    out = []
    for ident, adapter, address, command in needed(data):
        command = command or own_command(adapter, address, folder)
        found = program(adapter)
        if managed.answers(address):
            state, what = "answers", ""
        elif command:
            state, what = "starts", " ".join(command)
        elif found:
            state, what = "installed", found
        elif PARTS.get(adapter, ((), ()))[1]:
            state, what = "compose", ", ".join(PARTS[adapter][1])
        else:
            state, what = "nothing", "start it yourself, or say how: `server: {command: [...]}`"
        out.append((ident, adapter, address, state, what))
    return out


def compose(adapters):
    """The text of a compose file with the services of these adapters, "" where none has one."""
    names = [s for a in dict.fromkeys(adapters) for s in PARTS.get(a, ((), ()))[1]]
    if not names:
        return ""
    lines = ["# Written by `pack rt compose`: what rt.yaml names and is not installed here. `docker compose up -d`", "services:"]
    for name in dict.fromkeys(names):
        spec = SERVICES[name]
        lines += ["  %s:" % name, "    image: %s" % spec["image"]]
        for key in ("depends_on", "command", "ports"):
            lines += ["    %s:" % key] + ['      - "%s"' % x for x in spec[key]] if key in spec else []
        lines += ["    environment:"] + ['      %s: "%s"' % kv for kv in spec["environment"].items()] if "environment" in spec else []
    return "\n".join(lines) + "\n"


READY_S = 60.0


def start(data, project, folder):
    """Start what rt.yaml says how to start, or names and is installed, and does not answer yet; waits until each answers. folder: for the data of
    the latter. [(address, managed.Server)]; ServerError names what did not come up, after the others were ended."""
    begun, out = set(), []
    try:
        for _ident, adapter, address, command in needed(data):
            mine = command or own_command(adapter, address, folder)
            if not mine or managed.host_port(address) in begun or managed.answers(address):
                continue
            begun.add(managed.host_port(address))
            if not command:
                _home(adapter, address, folder)
            out.append((address, managed.Server(mine, address, project, READY_S).start()))
    except BaseException:
        for _address, server in out:
            server.stop()
        raise
    return out


def asks(service, address):
    """None where a service answers as it does when it works, else why not (the seed's smoke tests)."""
    if not managed.answers(address):
        return "nothing answers at %s" % address
    host, port = managed.host_port(address)
    if service == "postgresql":
        found = program(service)
        psql = found and os.path.join(os.path.dirname(found), "psql")
        if not psql or not os.path.exists(psql):
            return None  # it listens, and nobody here can ask more
        argv = [psql, "-h", host, "-p", str(port), "-U", "postgres", "-w", "-Atc", "select 1"]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
        return None if done.stdout.strip() == "1" else "select 1: %s" % done.stdout.strip()[-200:]
    if service in PAGES:
        url = "http://%s:%d%s" % (host, port, PAGES[service])
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                answer.read(1)
        except urllib.error.HTTPError as error:
            error.close()
            return "%s answers %d" % (url, error.code)
        except (OSError, HTTPException) as error:
            return "%s: %s" % (url, error)
    return None
