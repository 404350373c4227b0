"""The probe's own test: stall a server on purpose and see whether the probe shows what the formula says.

A server (a child process, plain TCP lines) answers at once, but stands still once for S seconds in a run of D. Messages
due in the stall wait for its end, so an honest probe must show P_q = S - (1 - q) D. A probe that leaves out what it
could not send in time shows a few milliseconds instead.
"""

import asyncio
import subprocess
import sys
import time

from pack.realtime import derive, probe, stats
from pack.realtime.adapters.base import Adapter

_SERVER = """
import socket, sys, time
stall, after = float(sys.argv[1]), float(sys.argv[2])
listening = socket.create_server(("127.0.0.1", 0))
listening.settimeout(30)  # who started it may be gone
print(listening.getsockname()[1], flush=True)
peer, _ = listening.accept()
peer.settimeout(None)
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
start, done = None, False
while True:
    data = peer.recv(1 << 16)
    if not data:
        break
    if start is None:
        start = time.perf_counter()
    if not done and time.perf_counter() - start > after:
        done = True
        t = time.perf_counter()
        time.sleep(stall)
        print("%.6f" % (time.perf_counter() - t), flush=True)
    peer.sendall(data)
"""


class Lines(Adapter):
    """Lines over TCP; each line comes back."""

    protocol = "tcp"
    acknowledges = False

    async def open(self, deliver):
        host, port = self.address.split(":")
        self.reader, self.writer = await asyncio.open_connection(host, int(port))
        self.task = asyncio.ensure_future(self._receive(deliver))

    async def _receive(self, deliver):
        while True:
            line = await self.reader.readline()
            if not line:
                return
            deliver(line[:-1], time.perf_counter(), 0)

    async def send(self, body, partition=0):
        self.writer.write(body + b"\n")

    async def close(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.writer.close()


def measure(stall=1.0, duration=5.0, rate=200.0, progress=None):
    """Run the self-test; returns the entry for the evidence (judge it with `derive.selftest`)."""
    child = subprocess.Popen([sys.executable, "-c", _SERVER, str(stall), str(1.0 + duration * 0.3)], stdout=subprocess.PIPE, text=True)
    try:
        adapter = Lines("127.0.0.1:" + child.stdout.readline().strip(), {}, 1, "selftest")

        async def main(stop):
            try:
                return await probe.open_loop(adapter, rate, duration, 1.0, 0, progress, stop)
            finally:
                await adapter.close()

        recording = probe.run(main)
        child.wait(10)
        real = float((child.stdout.readline() or "0").strip() or 0)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    return {
        "stall_s": real,
        "duration_s": round(recording.sent / rate, 6),
        "sent": recording.sent,
        "received": recording.received,
        "expected_ms": {q: round(1e3 * stats.stall_quantile(float(q), real, duration), 3) for q in derive.SELFTEST_QUANTILES},
        "measured_ms": {q: recording.latency.get_value_at_percentile(100 * float(q)) / 1e3 for q in derive.SELFTEST_QUANTILES},
        "histogram": recording.latency.encode().decode(),
        "partial": recording.partial,
    }
