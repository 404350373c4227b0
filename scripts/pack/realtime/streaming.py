"""Measure a stream processor: the plan's events go in, its windows and what it set aside come out (`stream` of a path in rt.yaml).

With `kill` a command ends a part of the processor when half of the events are sent. Of a Flink cluster its REST interface then says whether
the job went on from a checkpoint.
"""

import asyncio
import json
import subprocess
import time

from . import adapters, flink, probe, windows
from . import loop as loops

KILL_S = 60.0  # a command that kills and does not end by then is at fault itself


def stream(path, name, project, progress=None):
    """(entry of the evidence, what the server is called, was it broken off): send the plan's events, read the processor's windows."""
    spec, state = path["stream"], {"partial": False}
    told = windows.of(spec, path["rate"])

    async def main(stop):
        adapter = adapters.make(path, name, project)
        try:
            return await measure(adapter, stop)
        finally:
            await probe.let_go(adapter)

    async def measure(adapter, stop):
        await adapter.prepare()
        server = await adapter.server()
        usage = loops.Usage(asyncio.get_running_loop())
        usage.start()
        start, kill = time.perf_counter(), Kill(spec.get("kill"), project)
        sent = await send(adapter, windows.plan(**told), start, told["rate"], stop, kill, progress)
        took = time.perf_counter() - start
        usage.stop()
        done = await kill.done()
        await adapter.send(json.dumps({"end": True}).encode())
        got = await adapter.windows(spec.get("wait_s", 10.0))
        state["partial"] = stop.is_set()
        entry = dict(verdict_of(told, got, adapter.set_aside), rate=round(sent / took, 3), duration_s=round(took, 6), sent=sent)
        entry.update(window_s=spec["window_s"], keys=told["keys"], lateness_s=spec.get("lateness_s", 0), usage=usage.seconds)
        if done:
            entry["kill"] = done
        return entry, server

    entry, server = probe.run(main)
    return entry, server, state["partial"]


async def send(adapter, planned, start, rate, stop, kill, progress):
    """How many events were sent, each when it is due; the kill begins in the middle, and sending goes on."""
    pending, sent = set(), 0
    for index, (number, key, at, late) in enumerate(planned):
        wait = start + index / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        if stop.is_set():
            break
        if index == len(planned) // 2:
            kill.begin()
        body = json.dumps({"n": number, "key": key, "time": round(at, 6), "late": late is not False}).encode()
        task = asyncio.ensure_future(adapter.send(body))
        pending.add(task)
        task.add_done_callback(pending.discard)
        sent += 1
        if progress:
            progress.update(sent, len(planned), text="events sent")
    if pending:
        await asyncio.wait(pending, timeout=10)
    return sent


def verdict_of(told, got, aside):
    """Windows beside the expected ones (those that nobody expected, too), the late events, and what was set aside."""
    expected, holders = windows.expected(**told), windows.holders(told)
    every = set(expected) | {where for where in got if where[1] is not None}
    rows = [{"key": k, "start": s, "expected": expected.get((k, s), 0), "observed": got.get((k, s))} for k, s in sorted(every)]
    late = [number for number, _, _, is_late in windows.plan(**told) if is_late]
    right = [n for n in late if all(got.get(where) == expected[where] for where in holders[n])]
    found = {"windows": rows, "late_sent": len(late), "late_handled": len(right)}
    if told["too_late"] or aside:
        found["set_aside"] = sorted(aside)
    return found


class Kill:
    """The command that kills a part of the processor, run beside the sending."""

    def __init__(self, spec, project):
        self.spec, self.project, self.work = spec, project, None

    def begin(self):
        if self.spec:
            self.work = asyncio.get_running_loop().run_in_executor(None, self.strike)

    def strike(self):
        """{"command", "code", "jobs"}: what the command said; of a Flink cluster also what each job did after it."""
        address, command = self.spec.get("flink"), self.spec["command"]
        before = flink.jobs(address) if address else {}
        try:
            code = subprocess.run(command, cwd=self.project, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=KILL_S).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise adapters.AdapterError("stream.kill: %s: %s" % (" ".join(command), error))
        found = {"command": command, "code": code}
        if address:
            found["jobs"] = flink.after(address, before, self.spec.get("within_s", 60.0))
        return found

    async def done(self):
        """What came of it; None where nothing was to be killed or the run ended before."""
        return await self.work if self.work else None
