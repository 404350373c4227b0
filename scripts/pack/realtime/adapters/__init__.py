"""Adapters: how the probe talks to one protocol. `make(path)` gives the adapter of a path of rt.yaml."""

import difflib
import importlib
import os
import sys

from pack.realtime.adapters import known
from pack.realtime.adapters.base import Adapter

# name -> (module, class, distribution to install)
TABLE = {
    "websocket": ("websocket", "WebSocket", "websockets"),
    "socketio": ("socketio_", "SocketIO", "python-socketio, aiohttp"),
    "sse": ("sse", "Sse", "aiohttp"),
    "redis": ("redis_", "Redis", "redis, hiredis"),
    "nats": ("nats_", "Nats", "nats-py"),
    "mqtt": ("mqtt", "Mqtt", "paho-mqtt"),
    "rabbitmq": ("rabbitmq", "RabbitMQ", "aio-pika"),
    "kafka": ("kafka", "Kafka", "confluent-kafka"),
    "postgres": ("postgres", "Postgres", "psycopg"),
    "eventstore": ("eventstore", "EventStore", "eventsourcing, psycopg, psycopg-pool"),
}


LIBRARIES = "websockets redis hiredis nats paho aio_pika aiormq pamqp socketio aiohttp cimpl confluent_kafka psycopg psycopg_pool eventsourcing asyncio".split()


def of_library(error):
    """Did a client library raise it? Each has its own idea of how to say that a server is not there."""
    return type(error).__module__.split(".")[0] in LIBRARIES


def of_user(error, project):
    """`FILE line N` of the user's own adapter where an error came from, or None if it came from nowhere there."""
    found, step, inside = None, error.__traceback__, os.path.abspath(project) + os.sep
    while step is not None:
        name = step.tb_frame.f_code.co_filename
        if name.startswith(inside):
            found = "%s line %d" % (os.path.relpath(name, inside), step.tb_lineno)
        step = step.tb_next
    return found


class AdapterError(RuntimeError):
    """The adapter cannot be had or cannot connect; the message names the way out."""


def load(name, project="."):
    """The adapter class: built in, or the user's `module:Class` found from the project's folder."""
    if name in TABLE:
        module, cls, needs = TABLE[name]
        try:
            return getattr(importlib.import_module("pack.realtime.adapters." + module), cls)
        except ImportError as error:
            from pack.base import extras

            raise AdapterError(
                "adapter %s needs %s (%s): %s"
                % (name, needs, error, extras.install("eventstore" if name in ("eventstore", "postgres") else "realtime"))
            )
    if ":" not in name:
        near = difflib.get_close_matches(name.lower(), TABLE, 1, 0.4)
        raise AdapterError(
            "unknown adapter %r%s; known: %s, or your own module:Class"
            % (name, "; did you mean %r?" % near[0] if near else "", ", ".join(TABLE))
        )
    module, _, cls = name.partition(":")
    folder = os.path.abspath(project)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return getattr(importlib.import_module(module), cls)
    except Exception as error:  # it is a program of the user's: whatever goes wrong when it is read
        said = "%s: %s" % (type(error).__name__, " ".join(str(error).split()))
        raise AdapterError("adapter %s cannot be loaded from %s: %s" % (name, os.path.basename(folder) or folder, said))


def nodes(path):
    """The addresses of a path: its own, and those of all nodes of its cluster."""
    return list(dict.fromkeys([path["address"]] + [node["address"] for node in path.get("cluster", ())]))


def make(path, name, project="."):
    """The adapter of a path; `name` is the prefix of whatever it creates on the server. AdapterError if it cannot be made of it."""
    cls, options = load(path["adapter"], project), dict(path.get("options", {}))
    wrong = known.problems(path["adapter"], path["address"], options)
    if wrong:
        raise AdapterError(wrong[0])
    try:
        adapter = cls(path["address"], options, path.get("connections", 1), name)
        if not isinstance(adapter, Adapter):
            raise TypeError("it is no subclass of pack.realtime.adapters.base.Adapter")
    except Exception as error:
        raise AdapterError("adapter %s cannot be made: %s: %s" % (path["adapter"], type(error).__name__, error))
    adapter.project = project
    adapter.cluster = [node["address"] for node in path.get("cluster", ())] or [path["address"]]
    adapter.dead_letter = "dead_letter" in path
    adapter.in_order = path.get("ordering", "none") != "none"
    return adapter
