"""What the built-in adapters understand: addresses and options. Pure data and the standard library, so that rt.yaml is checked
where no client library is installed."""

import difflib
from urllib.parse import urlsplit

ADDRESSES = {  # adapter -> how its addresses begin, and one
    "websocket": (("ws", "wss"), "ws://127.0.0.1:8765/"),
    "socketio": (("http", "https"), "http://127.0.0.1:3000"),
    "sse": (("http", "https"), "http://127.0.0.1:8080/events"),
    "redis": (("redis", "rediss", "unix"), "redis://127.0.0.1:6379/0"),
    "nats": (("nats", "tls"), "nats://127.0.0.1:4222"),
    "mqtt": (("mqtt", "mqtts"), "mqtt://127.0.0.1:1883"),
    "rabbitmq": (("amqp", "amqps"), "amqp://guest:guest@127.0.0.1/"),
    "kafka": (None, "127.0.0.1:9092"),
    "postgres": (("postgresql", "postgres"), "postgresql://user:password@127.0.0.1:5432/app"),
    "eventstore": (("postgresql", "postgres"), "postgresql://user:password@127.0.0.1:5432/events"),
}
OPTIONS = {  # adapter -> option -> its values (a type, or a tuple of the words it knows)
    "websocket": {
        "mode": ("echo", "ping", "broadcast"),
        "to_sender": bool,
        "headers": dict,
        "frame": ("auto", "binary", "text", "json"),
        "message": dict,
    },
    "socketio": {
        "event": str,
        "mode": ("ack", "echo", "broadcast"),
        "to_sender": bool,
        "namespace": str,
        "data": ("binary", "text", "json"),
        "auth": dict,
        "headers": dict,
        "message": dict,
    },
    "sse": {"publish": str, "event": str, "headers": dict, "message": dict},
    "redis": {"stream": str, "pubsub": bool, "sentinel": str, "wait": int, "claim_ms": int, "max_deliver": int, "output": str},
    "nats": {
        "stream": str,
        "subject": str,
        "storage": ("file", "memory"),
        "replicas": int,
        "max_deliver": int,
        "ack_wait": float,
        "core": bool,
        "pending": int,
        "credentials": str,
        "nkey": str,
    },
    "mqtt": {"topic": str, "qos": (0, 1, 2), "nodelay": bool, "single": bool, "retain": bool, "message_expiry": int, "session_expiry": int},
    "rabbitmq": {
        "queue": str,
        "quorum": bool,
        "queue_type": ("classic", "quorum", "stream"),
        "persistent": bool,
        "exchange": str,
        "routing_key": str,
    },
    "kafka": {"topic": str, "partitions": int, "replicas": int, "session_ms": int, "config": dict},
    "postgres": {"channel": str},
    "eventstore": {"table": str, "aggregates": int, "projection": bool},
}
_SAID = {dict: "names and values", str: "a text", int: "a whole number of at least 1", float: "a number above 0", bool: "true or false"}


def problems(adapter, address, options):
    """What is wrong with an address and the options for a built-in adapter: lines; nothing is known of an adapter of the user's."""
    found = []
    if adapter not in ADDRESSES:
        return found
    schemes, usual = ADDRESSES[adapter]
    for part in [address] if schemes else address.split(","):  # Kafka's address is a list of host:port
        told = _address(part if schemes else "//" + part.strip(), schemes)
        if told:
            found.append("address %r %s; write it as %s" % (address, told % {"adapter": adapter}, usual))
            break
    for name, value in options.items():
        if name not in OPTIONS[adapter]:
            near = difflib.get_close_matches(str(name), OPTIONS[adapter], 1, 0.5)
            meant = "; did you mean %r?" % near[0] if near else ""
            found.append("unknown option %r of %s%s; known: %s" % (name, adapter, meant, ", ".join(OPTIONS[adapter])))
        elif not _fits(value, OPTIONS[adapter][name]):
            wanted = OPTIONS[adapter][name]
            wanted = "one of " + ", ".join(map(str, wanted)) if isinstance(wanted, tuple) else _SAID[wanted]
            found.append("option %s of %s must be %s, not %r" % (name, adapter, wanted, value))
    return found


def _address(text, schemes):
    try:
        url = urlsplit(text)
        if schemes and (url.scheme not in schemes or "://" not in text):
            return "is none of %(adapter)s"
        if url.port == 0:
            return "has the port 0"
    except ValueError:
        return "has no usable host and port"
    return None if url.hostname or url.scheme == "unix" else "names no host"


def _fits(value, wanted):
    if isinstance(wanted, tuple):
        return value in wanted and not isinstance(value, bool)
    if wanted in (int, float):
        kinds = (int, float) if wanted is float else int
        return isinstance(value, kinds) and not isinstance(value, bool) and value >= (1 if wanted is int else 1e-3)
    return isinstance(value, wanted)
