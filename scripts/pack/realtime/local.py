"""What rt.yaml needs on this machine: what answers, what is installed, and a compose file for what is not (the seed, section 8).

Versions and images are the seed's. `pack rt up` starts the servers that rt.yaml says how to start, and they end with it.
"""

import os
import shutil

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
    "eventstore": ((), ("eventstore",)),
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
    "eventstore": {
        "image": "eventstore/eventstore:latest",
        "ports": ["2113:2113", "1113:1113"],
        "environment": {"EVENTSTORE_INSECURE": "true", "EVENTSTORE_RUN_PROJECTIONS": "All"},
    },
    "nats": {"image": "nats:2.10-alpine", "command": ["--jetstream"], "ports": ["4222:4222"]},
    "mosquitto": {"image": "eclipse-mosquitto:2", "ports": ["1883:1883"]},
}
_PLACES = os.pathsep.join(["/usr/sbin", "/usr/local/sbin"])


def program(adapter):
    """The installed program that is an adapter's server, None where there is none here."""
    where = os.environ.get("PATH", "") + os.pathsep + _PLACES
    return next((found for name in PARTS.get(adapter, ((), ()))[0] for found in [shutil.which(name, path=where)] if found), None)


def look(data):
    """[(path id, adapter, address, "answers" | "starts" | "installed" | "compose" | "nothing", what)] of every path of rt.yaml."""
    out = []
    for path in data["paths"]:
        adapter, address = path["adapter"], path["address"]
        found = program(adapter)
        if managed.answers(address):
            state, what = "answers", ""
        elif path.get("server"):
            state, what = "starts", " ".join(path["server"]["command"])
        elif found:
            state, what = "installed", found
        elif PARTS.get(adapter, ((), ()))[1]:
            state, what = "compose", ", ".join(PARTS[adapter][1])
        else:
            state, what = "nothing", "start it yourself, or say how: `server: {command: [...]}`"
        out.append((path["id"], adapter, address, state, what))
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


def start(data, project):
    """Start what rt.yaml says how to start and does not answer yet; waits until each answers. [(address, managed.Server)]; ServerError names what
    did not come up, after the others were ended."""
    begun, out = set(), []
    try:
        for path in data["paths"]:
            address = path["address"]
            if not path.get("server") or address in begun or managed.answers(address):
                continue
            begun.add(address)
            out.append((address, managed.Server(path["server"]["command"], address, project).start()))
    except BaseException:
        for _address, server in out:
            server.stop()
        raise
    return out
