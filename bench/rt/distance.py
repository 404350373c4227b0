"""What a distance costs each adapter: P50 at 500/s behind a proxy of 20 and 100 ms, beside bare bytes over the same kind of way.

`python bench/rt/distance.py [SYSTEM ...]` prints the ratio to the bare bytes (1.05 or less is the aim), all measured in one run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

from bench import ROOT, SYSTEMS, free_port, started

from pack.realtime import adapters, managed, probe, selftest

PROXY = os.path.join(ROOT, "tests", "realtime", "project", "delay_proxy.py")
ECHO = """
import socket, sys, threading
def run(c):
    while True:
        d = c.recv(65536)
        if not d: return
        c.sendall(d)
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c = s.accept()[0]; c.setsockopt(6, 1, 1); threading.Thread(target=run, args=(c,), daemon=True).start()
"""


def running(command, port):
    """A process that listens on the port."""
    process = subprocess.Popen(command)
    while not managed.answers("tcp://127.0.0.1:%d" % port):
        time.sleep(0.05)
    return process


def middle(made):
    """P50 in ms."""

    async def main(stop):
        return await probe.told_run(made, 500, 4, 1.0, 64, None, stop)

    recording, _ = probe.run(main)
    return recording.latency.get_value_at_percentile(50) / 1e3


def main(names):
    """Print the table."""
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    folder, processes = tempfile.mkdtemp(prefix="bench-rt-"), []
    try:
        port = free_port()
        processes.append(running([sys.executable, "-c", ECHO, str(port)], port))
        for name in names:
            server, address = started(name, folder)
            try:
                for ms in (20, 100):
                    ways = []
                    for target in (port, managed.host_port(address)[1]):
                        way = free_port()
                        processes.append(
                            running([sys.executable, PROXY, os.path.join(ROOT, "scripts"), str(way), str(target), str(ms / 2.0)], way)
                        )
                        ways.append(way)
                    bare = middle(selftest.Lines("127.0.0.1:%d" % ways[0], {}, 1, "bench"))
                    far = address.replace(str(managed.host_port(address)[1]), str(ways[1]))
                    made = adapters.make({"adapter": SYSTEMS[name][1], "address": far}, "bench-%s" % os.urandom(3).hex())
                    ours = middle(made)
                    print("%-10s %4d ms away: bytes alone P50 %7.2f ms, pack P50 %7.2f ms, x%.3f" % (name, ms, bare, ours, ours / bare))
                    sys.stdout.flush()
            finally:
                server.stop()
    finally:
        for process in processes:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(SYSTEMS))
