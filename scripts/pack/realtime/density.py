"""Density and bursts: many idle connections on one server; a burst and how long it takes to drain.

Each of the two answers (entry, told, partial): the part of the evidence as evidence.schema.json has it, what the adapter says of its server
as (name, "real" or what stands in for it), and whether the measurement was stopped before its end. path: the mapping of rt.yaml.
"""

import asyncio
import time

from pack.realtime import adapters, bodies, managed, probe
from pack.realtime import loop as loops


def density(path, name, project, pids, progress=None):
    """Open the connections, hold them, ping every one before and after, read the server's CPU meanwhile. pids: the server's processes; raises
    AdapterError where the system allows too few descriptors."""
    spec, state = path["density"], {"partial": False}
    wanted, hold = spec["connections"], spec["hold_s"]
    limit = loops.raise_limit(wanted)
    if limit < wanted + 50:
        raise adapters.AdapterError(
            "%d connections need %d descriptors, the limit is %d: raise it with `ulimit -n`" % (wanted, wanted + 200, limit)
        )

    async def main(stop):
        adapter = adapters.make(path, name, project)
        sockets, gate = [], asyncio.Semaphore(100)

        async def one():
            async with gate:
                if stop.is_set():
                    return
                try:
                    sockets.append(await adapter.connect_one())
                except (OSError, asyncio.TimeoutError, adapter_errors()):
                    return
                if progress:
                    progress.update(len(sockets), wanted, text="%d connected" % len(sockets))

        async def alive(socket):
            try:
                await asyncio.wait_for(await socket.ping(), 20)
                return True
            except (OSError, asyncio.TimeoutError, adapter_errors()):
                return False

        await asyncio.gather(*(one() for _ in range(wanted)))
        opened = len(sockets)
        checks, samples = [sum(await asyncio.gather(*(alive(s) for s in sockets)))], []
        start = time.perf_counter()
        samples.append([round(start, 3), managed.summed(managed.cpu_seconds, pids)])
        while time.perf_counter() - start < hold and not stop.is_set():
            await asyncio.sleep(min(0.2, hold))
            if progress:
                progress.update(int(time.perf_counter() - start), int(hold) or 1, text="%d connections held" % checks[-1])
        end = time.perf_counter()
        samples.append([round(end, 3), managed.summed(managed.cpu_seconds, pids)])
        checks.append(sum(await asyncio.gather(*(alive(s) for s in sockets))))
        state["partial"] = stop.is_set()
        await asyncio.gather(*(s.close() for s in sockets), return_exceptions=True)
        if progress:
            progress.close()
        told = ("websocket server", "real")
        known = all(s[1] is not None for s in samples)
        entry = {
            "wanted": wanted,
            "connections": min(checks),
            "dropped": max(checks) - min(checks),
            "opened": opened,
            "hold_s": round(end - start, 3),
            "alive": checks,
            "cpu_percent": round(100.0 * (samples[1][1] - samples[0][1]) / (samples[1][0] - samples[0][0]), 2) if known else None,
            "cpu_samples": samples if known else [],
        }
        return entry, told

    entry, told = probe.run(main, wanted + 100)
    return entry, told, state["partial"]


def adapter_errors():
    """What the WebSocket library raises for a broken connection."""
    from websockets.exceptions import WebSocketException

    return WebSocketException


def burst(path, name, project, progress=None):
    """Send a burst as fast as it goes; count arrivals in tenths of a second until all are there."""
    spec, state = path["burst"], {"partial": False, "astray": 0}
    token = b"burst%d" % (time.time_ns() % 10**9)

    async def main(stop):
        adapter = adapters.make(path, name, project)
        seen, arrivals = set(), []

        def deliver(body, at, receiver=0):
            for number, _, _ in bodies.pieces(body, token):
                if adapter.owned and number % adapter.owned != receiver:
                    state["astray"] += 1
                elif (number, receiver) not in seen:
                    seen.add((number, receiver))
                    arrivals.append(at)

        try:
            return await measure(adapter, deliver, seen, arrivals, stop)
        finally:
            await probe.let_go(adapter)

    async def measure(adapter, deliver, seen, arrivals, stop):
        await adapter.open(deliver)
        told = await adapter.server()
        usage = loops.Usage(asyncio.get_running_loop())
        usage.start()
        start, tasks = time.perf_counter(), set()
        size = path.get("payload_bytes", 64)
        for number in range(spec["messages"]):
            task = asyncio.ensure_future(adapter.send(bodies.make_body(token, number, size)))
            tasks.add(task)
            task.add_done_callback(lambda t: (tasks.discard(t), t.cancelled() or t.exception()))
            started = number + 1
            if number % 200 == 199:
                await asyncio.sleep(0)
                if stop.is_set():
                    break
                if progress:
                    progress.update(number, spec["messages"], text="%d back" % len(seen))
        until = time.perf_counter() + spec["drain_s"] * 2 + 5
        wanted = started * adapter.fanout
        while len(seen) < wanted and time.perf_counter() < until and not stop.is_set():
            await asyncio.sleep(0.01)
        state["partial"] = stop.is_set()
        usage.stop()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if progress:
            progress.close()
        buckets = [0] * (int((max(arrivals, default=start) - start) * 10) + 1)
        for at in arrivals:
            buckets[max(0, int((at - start) * 10))] += 1
        entry = {
            "burst": spec["messages"],
            "drain_limit_s": spec["drain_s"],
            "drain_s": round(0.1 * len(buckets), 1),
            "sent": wanted,
            "received": len(seen),
            "lost": wanted - len(seen),
            "astray": state["astray"],
            "peak_msgs_sec": max(buckets) * 10.0,
            "arrivals_ms": buckets,
            "usage": usage.seconds,
            "receiver": adapter.dead,
        }
        return entry, told

    entry, told = probe.run(main, path.get("connections", 1) + 100)
    return entry, told, state["partial"]
