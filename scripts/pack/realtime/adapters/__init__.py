"""Adapters: how the probe talks to one protocol. `make(path)` gives the adapter of a path of rt.yaml."""

import difflib
import importlib
import os
import sys

# name -> (module, class, distribution to install)
TABLE = {
    "websocket": ("websocket", "WebSocket", "websockets"),
    "socketio": ("socketio_", "SocketIO", "python-socketio, aiohttp"),
    "redis": ("redis_", "Redis", "redis"),
    "nats": ("nats_", "Nats", "nats-py"),
    "mqtt": ("mqtt", "Mqtt", "aiomqtt"),
    "rabbitmq": ("rabbitmq", "RabbitMQ", "aio-pika"),
    "kafka": ("kafka", "Kafka", "confluent-kafka"),
}


LIBRARIES = "websockets redis nats aiomqtt paho aio_pika aiormq pamqp socketio aiohttp cimpl confluent_kafka asyncio".split()


def of_library(error):
    """Did a client library raise it? Each has its own idea of how to say that a server is not there."""
    return type(error).__module__.split(".")[0] in LIBRARIES


class AdapterError(RuntimeError):
    """The adapter cannot be had or cannot connect; the message names the way out."""


def load(name, project="."):
    """The adapter class: built in, or the user's `module:Class` found from the project's folder."""
    if name in TABLE:
        module, cls, needs = TABLE[name]
        try:
            return getattr(importlib.import_module("pack.realtime.adapters." + module), cls)
        except ImportError as error:
            from pack import extras

            raise AdapterError("adapter %s needs %s (%s): %s" % (name, needs, error, extras.install("realtime")))
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
    except (ImportError, AttributeError) as error:
        raise AdapterError("adapter %s cannot be loaded from %s: %s" % (name, os.path.basename(folder) or folder, error))


def make(path, name, project="."):
    """The adapter of a path; `name` is the prefix of whatever it creates on the server."""
    adapter = load(path["adapter"], project)(path["address"], dict(path.get("options", {})), path.get("connections", 1), name)
    adapter.project = project
    adapter.cluster = [node["address"] for node in path.get("cluster", ())] or [path["address"]]
    adapter.dead_letter = "dead_letter" in path
    return adapter
