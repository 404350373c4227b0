"""`make bench-rt`: the probe beside a bare client of the same library, in one run on this machine, one after the other and twice.

Prints, for each system and rate, both P50 and P99, the processor's time of both, and their ratios: ratios of one run are what can be
compared, milliseconds are the machine's of the moment. `python bench/rt/bench.py [--rates 1000,5000] [--seconds 4] [SYSTEM ...]`
"""

import argparse
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from pack.realtime import managed  # noqa: E402

PROBE = """
import json, os, sys, time
sys.path.insert(0, %r)
from pack.realtime import adapters, probe
kind, address, rate, seconds, connections = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
made = adapters.make({"adapter": kind, "address": address, "connections": connections, "options": json.loads(sys.argv[6])}, "bench-" + os.urandom(3).hex())
async def main(stop):
    began = time.process_time()
    recording = await probe.open_loop(made, rate, seconds, 0.3, 64, None, stop)
    spent = time.process_time() - began
    await made.close()
    return recording, spent
recording, spent = probe.run(main, connections + 50)
at = lambda p: recording.latency.get_value_at_percentile(p) / 1e3
print(json.dumps({"received": recording.received, "p50_ms": at(50), "p99_ms": at(99), "cpu_s": spent, "busy": recording.busy, "late_ms": recording.lateness.get_value_at_percentile(99) / 1e3}))
""" % os.path.join(ROOT, "scripts")  # fmt: skip

SYSTEMS = {  # name -> (bare client, adapter, options, connections, program, arguments, address)
    "websocket": ("websockets", "websocket", {"frame": "binary"}, 4, "node", None, "ws://127.0.0.1:%d"),
    "redis": (
        "redis-py",
        "redis",
        {},
        1,
        "redis-server",
        ["--port", "{port}", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"],
        "redis://127.0.0.1:%d/0",
    ),  # fmt: skip
    "nats": (
        "nats-py",
        "nats",
        {},
        1,
        "nats-server",
        ["-js", "-a", "127.0.0.1", "-p", "{port}", "-sd", "{folder}/nats"],
        "nats://127.0.0.1:%d",
    ),  # fmt: skip
    "postgres": ("psycopg", "postgres", {}, 1, "postgres", None, "postgresql://postgres@127.0.0.1:%d/postgres"),
    "mqtt": ("paho", "mqtt", {}, 1, "mosquitto", ["-c", "{folder}/m.conf"], "mqtt://127.0.0.1:%d"),
}
NODE = """const {WebSocketServer}=require('ws');
new WebSocketServer({host:'127.0.0.1',port:+process.argv[2],perMessageDeflate:false,backlog:4096}).on('connection',w=>w.on('message',(d,b)=>w.send(d,{binary:b})));"""


def free_port():
    """A port that nobody listens on now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A server of its own. It refuses root, so it is a user's without rights who runs it then."""

    def __init__(self, folder, port):
        tools = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        home = os.path.join(folder, "postgres")
        os.makedirs(home)
        os.chmod(folder, 0o755)
        who = pwd.getpwnam("postgres") if not os.getuid() else None
        more = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}
        if who:
            os.chown(home, who.pw_uid, who.pw_gid)
        data = os.path.join(home, "data")
        made = [os.path.join(tools, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=home, **more)
        words = ["-p", str(port), "-h", "127.0.0.1", "-k", home, "-c", "fsync=off", "-c", "log_min_messages=error"]
        self.process = subprocess.Popen([os.path.join(tools, "postgres"), "-D", data] + words, cwd=home, stderr=subprocess.DEVNULL, **more)
        while subprocess.run([os.path.join(tools, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode:
            time.sleep(0.05)

    def stop(self):
        """End it."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)


def started(name, folder):
    """(server, address) of a system."""
    _, _, _, _, program, arguments, address = SYSTEMS[name]
    port = free_port()
    if program == "postgres":
        return Postgres(folder, port), address % port
    if program == "node":
        with open(os.path.join(folder, "ws.js"), "w") as handle:
            handle.write(NODE)
        if not os.path.isdir(os.path.join(folder, "node_modules", "ws")):
            subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "ws@8"], cwd=folder, check=True, timeout=120)
        arguments = ["ws.js", "{port}"]
    with open(os.path.join(folder, "m.conf"), "w") as handle:
        handle.write("listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n" % port)
    server = managed.Server([program] + [a.replace("{folder}", folder) for a in arguments], address % port, folder)
    server.start()
    return server, address % port


def one(code, *words):
    """The JSON that a client prints."""
    done = subprocess.run([sys.executable] + code + [str(w) for w in words], capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit("%s: %s" % (" ".join(map(str, words)), done.stderr[-500:]))
    return json.loads(done.stdout)


def main(argv=None):
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("systems", nargs="*", default=list(SYSTEMS))
    parser.add_argument("--rates", default="1000,5000,10000,20000")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--json", help="write the rows here, too")
    given = parser.parse_args(argv)
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    rows, folder = [], tempfile.mkdtemp(prefix="bench-rt-")
    print("%-10s %7s  %9s %9s  %9s %9s  %6s %6s %6s" % ("system", "rate/s", "bare P50", "pack P50", "bare P99", "pack P99", "P50 x", "P99 x", "CPU x"))  # fmt: skip
    try:
        for name in given.systems:
            bare_kind, adapter, options, connections = SYSTEMS[name][:4]
            server, address = started(name, folder)
            try:
                for rate in given.rates.split(","):
                    pairs = []
                    for _ in range(2):
                        bare = one([os.path.join(HERE, "bare.py")], bare_kind, address, rate, given.seconds, connections)
                        ours = one(["-c", PROBE], adapter, address, rate, given.seconds, connections, json.dumps(options))
                        pairs.append((bare, ours))
                        time.sleep(0.2)
                    bare, ours = (min((p[i] for p in pairs), key=lambda r: r["p99_ms"]) for i in (0, 1))
                    ratios = [ours[k] / bare[k] for k in ("p50_ms", "p99_ms", "cpu_s")]
                    rows.append({"system": name, "rate": float(rate), "bare": bare, "pack": ours, "ratios": ratios})
                    print("%-10s %7s  %9.3f %9.3f  %9.3f %9.3f  %6.2f %6.2f %6.2f%s" % (name, rate, bare["p50_ms"], ours["p50_ms"], bare["p99_ms"], ours["p99_ms"], *ratios, "" if bare["received"] == ours["received"] else "  received %d and %d" % (bare["received"], ours["received"])))  # fmt: skip
                    sys.stdout.flush()
            finally:
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        with open(given.json, "w") as handle:
            json.dump(rows, handle, indent=1)


if __name__ == "__main__":
    main()
