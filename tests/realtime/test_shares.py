"""A schedule shared by several processes: what they saw adds up, and a process that dies makes the run partial."""

import asyncio
import os
import signal

import pytest

from pack.realtime import adapters, probe, shares

from .conftest import PROJECT, pack

pytestmark = pytest.mark.broker


def shared(adapter, address, workers, rate=400, duration=2, during=None, **path):
    path = dict({"id": "s", "adapter": adapter, "address": address}, **path)

    async def main(stop):
        told = shares.orders(path, "t-%s" % os.urandom(3).hex(), PROJECT, rate, duration, 0.2, 64, workers, True)
        work = asyncio.ensure_future(shares.on_this_machine(told, stop))
        if during:
            await during(work)
        return await work

    return probe.run(main)


@pytest.mark.parametrize("adapter", ["redis", "nats", "websocket"])
def test_shares_add_up(adapter, request):
    address = request.getfixturevalue({"redis": "redis_url", "nats": "nats_url", "websocket": "ws_url"}[adapter])
    found, told, seen = shared(adapter, address, 3, connections=3)
    assert found.sent == found.received == 801, "three times 267: each share is whole messages"
    assert (found.lost, found.duplicates, found.failed) == (0, 0, 0)
    assert found.latency.total_count == found.received == found.lateness.total_count == found.receiving.total_count
    assert sum(found.arrivals) + found.after == found.received and sum(found.departures) == found.sent
    assert told[1] == "real" and seen[address] >= 3 and not found.partial


def test_a_broadcast_is_sent_by_one_and_received_by_all(ws_url):
    found, _, seen = shared("websocket", ws_url + "room", 2, rate=100, connections=7, options={"mode": "broadcast", "frame": "binary"})
    assert (found.sent, found.fanout, found.received, found.lost) == (200, 7, 1400, 0)
    assert found.lateness.total_count == found.latency.total_count == 1400


def added(client):
    """How many messages the server was ever given for its streams."""
    return client.info("commandstats").get("cmdstat_xadd", {}).get("calls", 0)


def test_a_worker_that_dies_makes_the_run_partial(redis_url):
    import redis

    async def kill(work):
        with redis.Redis.from_url(redis_url) as client:
            before = added(client)
            while added(client) < before + 50:  # they are in the middle of it
                await asyncio.sleep(0.02)
        with open("/proc/%d/task/%d/children" % (os.getpid(), os.getpid())) as handle:
            mine = [int(pid) for pid in handle.read().split()]
        for pid in mine:
            with open("/proc/%d/cmdline" % pid, "rb") as handle:
                if b"pack.realtime.shares" in handle.read():
                    os.kill(pid, signal.SIGKILL)
                    return

    found, _, _ = shared("redis", redis_url, 3, during=kill)
    assert found.partial and found.received > 0
    assert any("ended with exit code -9 in the middle of the run" in text for text in found.closed)


def test_a_worker_that_cannot_begin_is_told(redis_url):
    with pytest.raises(RuntimeError, match="worker 1 of 2 cannot begin"):
        shared("redis", "redis://127.0.0.1:1/0", 2)
    with pytest.raises(adapters.AdapterError, match="cannot be shared"):
        shares.orders({"adapter": "websocket", "connections": 1, "options": {"mode": "broadcast"}}, "n", ".", 1, 1, 0, 64, 2)


def test_the_command_line_takes_workers(redis_url, capsys):
    assert pack("rt", "probe", "redis", redis_url, "--rate", 200, "--duration", 2, "--workers", 2) == 0
    assert "received 400, lost 0" in capsys.readouterr().out
