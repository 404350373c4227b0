"""The instrument beside artillery and autocannon (npm), on one server, in one run.

`python bench/rt/others.py FOLDER`, where `npm install artillery@2.0.34 autocannon@9.0.0` was done in FOLDER.

One node process answers HTTP and echoes WebSocket frames. Accuracy: at 200/s for six seconds it is blocked for one second, so the true
quantiles are P_q = S - (1 - q) * D for everybody, whatever the protocol. Cost: processor's time a request at 500/s, and the memory and
processor's time that a thousand connections need beside one.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from bench import ROOT, free_port

from pack.realtime import managed  # bench has put it on the path

SERVER = """const http=require('http'),ws=require('ws');  // artillery brings ws 7, which hands binary over as a buffer
let armed=false;
const block=()=>{const until=Date.now()+1000;while(Date.now()<until);};
const seen=()=>{if(armed){armed=false;setTimeout(block,2000);}};
const server=http.createServer((q,a)=>{if(q.url==='/arm')armed=true;else seen();a.end('ok');});
new ws.Server({server,perMessageDeflate:false}).on('connection',w=>w.on('message',d=>{seen();w.send(d);}));
server.listen({port:+process.argv[2],host:'127.0.0.1',backlog:4096});"""

PACK = """
import json, os, sys
sys.path.insert(0, %r)
from pack.realtime import adapters, probe
address, rate, seconds, connections = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
path = {"adapter": "websocket", "address": address, "connections": connections, "options": {"frame": "binary"}}
recording, _ = probe.run(lambda stop: probe.told_run(adapters.make(path, "bench"), rate, seconds, 0.0, 64, None, stop), connections + 50)
print(json.dumps({"p%%g" %% p: recording.latency.get_value_at_percentile(p) / 1e3 for p in (50, 90, 97.5, 99)}))
""" % os.path.join(ROOT, "scripts")  # fmt: skip

QUANTILES = (50, 90, 97.5, 99)


class Cost:
    """What a child cost: seconds of processor and its greatest memory in MB."""

    def __init__(self, command, cwd):
        self.output = os.path.join(cwd, "output")
        with open(self.output, "wb") as out:
            child = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.cpu, self.mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024.0
        if child.returncode:
            sys.exit("%s ended with %d" % (" ".join(map(str, command[:3])), child.returncode))


class Bench:
    """The server, and the three."""

    def __init__(self, tools, folder):
        self.tools, self.folder, self.port = os.path.abspath(tools), folder, free_port()
        with open(os.path.join(folder, "server.js"), "w", encoding="utf-8") as handle:
            handle.write(SERVER)
        os.symlink(os.path.join(self.tools, "node_modules"), os.path.join(folder, "node_modules"))
        self.server = managed.Server(["node", "server.js", str(self.port)], "127.0.0.1:%d" % self.port, folder)
        self.server.start()

    def arm(self):
        """The server will be blocked for a second, two seconds after the first that it is asked next."""
        urllib.request.urlopen("http://127.0.0.1:%d/arm" % self.port).read()

    def pack(self, rate, seconds, connections):
        """(quantiles in ms, cost) of the probe over WebSocket."""
        words = [sys.executable, "-c", PACK, "ws://127.0.0.1:%d/" % self.port, rate, seconds, connections]
        cost = Cost([str(w) for w in words], self.folder)
        with open(cost.output, encoding="utf-8") as handle:
            return json.load(handle), cost

    def autocannon(self, rate, seconds, connections):
        """The same of autocannon over HTTP."""
        words = ["node", self.bin("autocannon"), "-c", connections, "-R", rate, "-d", seconds, "-j", "http://127.0.0.1:%d/" % self.port]
        cost = Cost([str(w) for w in words], self.folder)
        with open(cost.output, encoding="utf-8") as handle:
            told = json.load(handle)["latency"]
        return {"p%g" % q: told["p%s" % str(q).replace(".", "_")] for q in QUANTILES}, cost

    def artillery(self, rate, seconds, connections):
        """The same of artillery: over HTTP at a rate, or without one with that many WebSockets held."""
        script, report = (os.path.join(self.folder, n) for n in ("artillery.json", "report.json"))
        if rate is None:
            phase, scenario = {"arrivalCount": connections}, {"engine": "ws", "flow": [{"send": "x"}, {"think": seconds}]}
        else:
            phase, scenario = {"arrivalRate": rate}, {"flow": [{"get": {"url": "/"}}]}
        target = "%s://127.0.0.1:%d" % ("http" if rate else "ws", self.port)
        told = {"config": {"target": target, "phases": [dict(phase, duration=seconds)]}, "scenarios": [scenario]}
        with open(script, "w", encoding="utf-8") as handle:
            json.dump(told, handle)
        os.environ["ARTILLERY_DISABLE_TELEMETRY"] = "true"
        cost = Cost(["node", self.bin("artillery"), "run", "-q", "-o", report, script], self.folder)
        with open(report, encoding="utf-8") as handle:
            found = json.load(handle)["aggregate"]["summaries"].get("http.response_time", {})
        return {"p%g" % q: found.get({50: "median", 90: "p90", 97.5: "p95", 99: "p99"}[q], float("nan")) for q in QUANTILES}, cost

    def bin(self, name):
        """The script of a tool."""
        return os.path.realpath(os.path.join(self.tools, "node_modules", ".bin", name))


def main(tools):
    """Print it."""
    folder = tempfile.mkdtemp(prefix="bench-rt-")
    bench = Bench(tools, folder)
    try:
        print("load %.1f on %d cores" % (os.getloadavg()[0], os.cpu_count()))
        print("blocked for 1 s of 6 s: the truth is P90 400, P97.5 850, P99 940 ms")
        for name in ("pack", "autocannon", "artillery"):
            bench.arm()
            seen, _ = getattr(bench, name)(200, 6, 10)
            print("%-10s %s ms" % (name, "  ".join("%s %.0f" % (q if name != "artillery" or q != "p97.5" else "p95", v) for q, v in seen.items())), flush=True)  # fmt: skip
        for name in ("pack", "autocannon", "artillery"):
            few, many = (getattr(bench, name)(rate, 5, 10)[1] for rate in (10, 500))
            print("%-10s %.0f us of processor a request at 500/s" % (name, 1e6 * (many.cpu - few.cpu) / (490 * 5)), flush=True)
        for name in ("pack", "autocannon", "artillery"):
            few, many = (getattr(bench, name)(None if name == "artillery" else 200, 5, n)[1] for n in (1, 1000))
            print(
                "%-10s a thousand connections: %.1f MB and %.2f s of processor" % (name, many.mb - few.mb, many.cpu - few.cpu), flush=True
            )
    finally:
        bench.server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:2] or sys.exit(__doc__))
