"""One schedule, several processes: each takes a share of the messages (or of a broadcast's members), and what they saw is added up.

Of N processes the K-th sends the messages K, K + N, K + 2N, ... at their own times; a broadcast is sent by the first and received by
all. HdrHistograms add without loss. On one machine there is one clock (CLOCK_MONOTONIC), so they begin at one moment; on several
(`--cluster`) each begins by its own clock, and only round trips within one process are measured: clocks of machines are never
compared. A process that ends early makes the run partial, and the run says which.
"""

import asyncio
import json
import os
import sys
import threading
import time

from pack.base import isolate
from pack.realtime import adapters, evidence, probe
from pack.realtime.recording import Outcome, new_histogram

BEGIN_S = 0.3  # from the word to begin until the first message
SUMS = ("sent", "received", "duplicates", "damaged", "failed", "forgotten", "after", "astray")
HISTOGRAMS = ("latency", "lateness", "receiving", "spread")


def orders(path, name, project, rate, duration, warmup, size, workers, per_second=False, forget=False):
    """What each of `workers` processes is told, as a list of JSON-able dicts."""
    found, broadcast = [], path.get("options", {}).get("mode") == "broadcast" or path["adapter"] == "sse"
    connections = path.get("connections", 1)
    if broadcast and path["adapter"] in ("websocket", "socketio") and connections < workers:
        raise adapters.AdapterError("a broadcast to %d members cannot be shared by %d workers" % (connections, workers))
    if broadcast and not path.get("options", {}).get("to_sender", True) and workers > 1:
        raise adapters.AdapterError("a broadcast with to_sender: false is measured by one process: leave out --workers")
    token = os.urandom(4).hex()
    for index in range(workers):
        part = connections // workers + (index < connections % workers)
        found.append(
            {
                "path": dict(path, connections=max(1, part)),
                "name": name if broadcast else "%s-%d" % (name, index),
                "project": os.path.abspath(project),
                "rate": rate if broadcast else rate / workers,
                "phase": 0.0 if broadcast else index / rate,
                "sends": not broadcast or index == 0,
                "token": token if broadcast else "%s%d" % (token[:7], index % 10),
                "duration": duration,
                "warmup": warmup,
                "size": size,
                "per_second": per_second,
                "forget": forget,
                "broadcast": broadcast,
                "members": connections if broadcast else None,
                "index": index,
                "of": workers,
            }
        )
    return found


async def share(told, stop, begin):
    """Run one share. `await begin()` gives the moment of message 0 on this process's clock, when everybody is connected."""
    made = adapters.make(told["path"], told["name"], told["project"])
    made.forget = told["forget"]

    async def start():
        return await begin() + told["phase"]

    recording, said = await probe.told_run(
        made,
        told["rate"],
        told["duration"],
        told["warmup"],
        told["size"],
        None,
        stop,
        per_second=told["per_second"],
        begin=start,
        token=told["token"].encode(),
        sends=told["sends"],
        members=told["members"],
    )
    return dict(packed(recording, said, made.seen), broadcast=told["broadcast"])


def packed(recording, said, seen):
    """A recording as JSON."""
    found = {key: getattr(recording, key) for key in SUMS}
    for key in HISTOGRAMS:
        histogram = getattr(recording, key)
        found[key] = histogram.encode().decode() if histogram is not None else None
    more = ("partial", "arrivals", "departures", "usage", "receiver", "refusal", "closed", "fanout", "rate")
    return dict(found, said=list(said), seen=seen, **{key: getattr(recording, key) for key in more})


class Merged(Outcome):
    """What several shares saw, as a Recording is read: the same names."""

    order = None

    def __init__(self, shares, gone=()):
        for key in SUMS:
            setattr(self, key, sum(s[key] for s in shares))
        for key in HISTOGRAMS:
            setattr(self, key, _added([s[key] for s in shares if s[key] is not None]))
        together = shares[0]["broadcast"]  # one sends, all receive
        self.fanout = sum(s["fanout"] for s in shares) if together else 1
        if together:
            self.sent = max(s["sent"] for s in shares)
        self.rate = max(s["rate"] for s in shares) if together else sum(s["rate"] for s in shares)
        self.arrivals, self.departures = (_columns([s[key] for s in shares if s[key]]) for key in ("arrivals", "departures"))
        seconds = max(len(s["usage"]) for s in shares)
        self.usage = [max((s["usage"][i] for s in shares if i < len(s["usage"])), key=max) for i in range(seconds)]
        self.receiver = next((s["receiver"] for s in shares if s["receiver"]), None)
        self.refusal = next((s["refusal"] for s in shares if s["refusal"]), None)
        self.closed = [text for s in shares for text in s["closed"]] + list(gone)
        self.partial = any(s["partial"] for s in shares) or bool(gone)


def _added(texts):
    if not texts:
        return None
    whole = new_histogram()
    for text in texts:
        whole.add(whole.decode(text))
    return whole


def _columns(rows):
    return [sum(column) for column in zip(*rows)] if rows else None


def seen_by(shares):
    """{address: connections} of all shares together, or None where one does not know."""
    if any(s["seen"] is None for s in shares):
        return None
    return {address: sum(s["seen"].get(address, 0) for s in shares) for address in shares[0]["seen"]}


async def on_this_machine(told, stop, progress=None):  # noqa: C901 - the course of one measurement by several processes
    """Run the shares as processes here; (Merged, (server, reality), seen). RuntimeError if one cannot even begin."""
    environment = {k: v for k, v in os.environ.items() if k != "PACK_VOUCHER"}
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-c",
            isolate.child("pack.realtime.shares"),
            stdin=-1,
            stdout=-1,
            stderr=-1,
            env=environment,
            limit=1 << 28,
            start_new_session=True,
        )
        for _ in told
    ]
    try:
        for worker, order in zip(workers, told):
            worker.stdin.write(json.dumps(order).encode() + b"\n")
        ready = await asyncio.gather(*(asyncio.wait_for(w.stdout.readline(), 60) for w in workers))
        for index, (line, worker) in enumerate(zip(ready, workers)):
            if line.strip() != b"ready":
                error = (await worker.stderr.read()).decode("utf-8", "replace").strip().splitlines()
                raise RuntimeError("worker %d of %d cannot begin: %s" % (index + 1, len(told), error[-1] if error else "it ended"))
        zero = time.perf_counter() + BEGIN_S + told[0]["warmup"]
        for worker in workers:
            worker.stdin.write(b"%r\n" % zero)
        answers = [asyncio.ensure_future(w.stdout.readline()) for w in workers]
        stopped = asyncio.ensure_future(stop.wait())
        waiting, asked, began = set(answers), False, time.perf_counter()
        while waiting:
            await asyncio.wait(waiting | ({stopped} if not asked else set()), timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            waiting = {a for a in waiting if not a.done()}
            if stop.is_set() and not asked:
                asked = True
                for worker in workers:
                    if worker.returncode is None:
                        worker.send_signal(2)
            if progress:
                progress.update(int(time.perf_counter() - began), int(told[0]["duration"]) or 1, text="%d workers" % len(waiting))
        stopped.cancel()
        found, gone = [], []
        for index, answer in enumerate(answers):
            line = answer.result()
            if line.strip():
                found.append(json.loads(line))
            else:
                await workers[index].wait()
                gone.append(
                    "worker %d of %d ended with exit code %s in the middle of the run" % (index + 1, len(told), workers[index].returncode)
                )
        if not found:
            raise RuntimeError(gone[0])
        return Merged(found, gone), tuple(found[0]["said"]), seen_by(found)
    finally:
        if progress:
            progress.close()
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
        await asyncio.gather(*(w.wait() for w in workers))


# Several machines ----------------------------------------------------------------------------------------------------
#
# Dask's `distributed` places the shares, and carries orders and results. Measured traps (2026.8.0): a killed worker's task is run again
# elsewhere, twice at once for a while; a stopped one is not missed for minutes; `cancel` never reaches running code. So a share is bound to
# its worker, never run again, has a deadline of its own, and looks for the word to stop itself.

GRACE_S = 30.0  # for a machine's share, beyond what it should take


def remote(order, run):
    """One share on a machine of the cluster, in Dask's thread there: starts it as a process, which no other thread disturbs."""
    import subprocess

    from distributed import Event, Queue

    child = subprocess.Popen([sys.executable, "-I", "-c", isolate.child("pack.realtime.shares")], stdin=-1, stdout=-1, stderr=-1, text=True)
    try:
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
        ready = child.stdout.readline().strip() == "ready"
        Queue("pack-rt-ready-" + run).put([order["index"], ready])
        if not ready:
            return {"error": (child.stderr.read().strip().splitlines() or ["it ended"])[-1]}
        if not Event("pack-rt-go-" + run).wait(timeout=120):
            return {"error": "nobody said begin"}
        zero = time.perf_counter() + BEGIN_S + order["warmup"]  # this machine's own clock: only round trips are measured
        child.stdin.write("%r\n" % zero)
        child.stdin.flush()
        stop, until = Event("pack-rt-stop-" + run), time.monotonic() + order["warmup"] + order["duration"] + 2 * GRACE_S
        asked, answer = False, []
        reading = threading.Thread(target=lambda: answer.append(child.stdout.readline()), daemon=True)
        reading.start()
        while reading.is_alive() and time.monotonic() < until:
            reading.join(1.0)
            if not asked and reading.is_alive() and stop.is_set():
                asked = True
                child.send_signal(2)
        return json.loads(answer[0]) if answer and answer[0].strip() else {"error": "its share ended with exit code %s" % child.poll()}
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def on_cluster(address, told, stop, say=None):
    """Run the shares on the workers of a Dask cluster, one after the other in turn; (Merged, (server, reality), seen). In a thread, for
    `distributed` has a loop of its own. RuntimeError if nothing can begin; machines that go away make the run partial."""
    from distributed import Client, Event, Queue

    if told[0]["broadcast"]:
        raise adapters.AdapterError(
            "a broadcast is received on other machines than it is sent from, and clocks of machines are not compared: use --workers"
        )
    run, found, gone = os.urandom(6).hex(), [], []
    with Client(address, timeout=15, set_as_default=False) as client:
        machines = sorted(client.scheduler_info(n_workers=-1)["workers"])
        if not machines:
            raise RuntimeError("the cluster at %s has no worker" % address)
        digests = client.run(evidence.tool_digest)
        other = [m for m in machines if digests.get(m) != evidence.tool_digest()]
        if other:
            raise RuntimeError("the worker %s has another pack than this one: install the same there" % other[0])
        ready, go, stopping = Queue("pack-rt-ready-" + run, client=client), Event("pack-rt-go-" + run, client=client), Event("pack-rt-stop-" + run, client=client)  # fmt: skip
        where = [machines[i % len(machines)] for i in range(len(told))]
        futures = [
            client.submit(remote, order, run, key="pack-rt-%s-%d" % (run, i), workers=[where[i]], allow_other_workers=False, pure=False)
            for i, order in enumerate(told)
        ]
        for _ in told:
            index, good = ready.get(timeout=90)
            if not good:
                raise RuntimeError("worker %s cannot begin: %s" % (where[index], futures[index].result(timeout=30).get("error")))
        go.set()
        until, open_ = time.monotonic() + told[0]["warmup"] + told[0]["duration"] + GRACE_S, set(range(len(told)))
        while open_:
            time.sleep(0.25)
            if stop.is_set() and not stopping.is_set():
                stopping.set()
            living = set(client.scheduler_info(n_workers=-1)["workers"])
            for index in sorted(open_):
                if futures[index].done():
                    open_.discard(index)
                    answer = futures[index].result() if futures[index].status == "finished" else {"error": str(futures[index].exception())}
                    gone += ["worker %s: %s" % (where[index], answer["error"])] if "error" in answer else []
                    found += [] if "error" in answer else [answer]
                elif where[index] not in living or time.monotonic() > until:
                    open_.discard(index)
                    gone.append("worker %s %s" % (where[index], "went away" if where[index] not in living else "does not answer any more"))
            if say:
                say("%d of %d shares at work" % (len(open_), len(told)))
        for future in futures:
            future.cancel(force=True)
    if not found:
        raise RuntimeError(gone[0])
    return Merged(found, gone), tuple(found[0]["said"]), seen_by(found)


def main():
    """One share as a process: its orders on standard input, then the moment to begin; its recording on standard output."""
    told = json.loads(sys.stdin.readline())

    async def begin():
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        return float(await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline))

    async def work(stop):
        return await share(told, stop, begin)

    try:
        found = probe.run(work, told["path"].get("connections", 1) + 50)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print(probe.said(error), file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0
