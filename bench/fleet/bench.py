"""What a fleet costs, on a PostgreSQL of this machine's own: `make bench-fleet`. Prints figures; docs/fleet.md quotes them.

ship      records a second through the shipper's own call, batches as it makes them
lease     time of one request for a path, with PATHS leased already and RUNS runs known
status    time of what `pack fleet status` asks for
hook      a guarded call of a run in a fleet against the same call without one, measured in turns; CPU time, ratio of medians
"""

import argparse
import hashlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests"), ROOT]

from fleet import server as servers  # noqa: E402

from pack.fleet import setup, status  # noqa: E402
from pack.fleet.engine import Engine  # noqa: E402


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def announce(engine, n):
    me = ("%032x" % (n + 1), "%032x" % (n + 1))
    epoch = engine.call("announce", *me, "shop", "team-%d" % n, "squad-%d" % (n % 20), "host-%d" % n, "main", "main", "86000 s")[0][0]
    return me + (epoch,)


def engine_part(server, runs, events, paths):
    where = {"host": server.folder, "port": str(server.port), "dbname": "postgres", "user": "postgres"}
    setup.init(where)
    with Engine(where, seconds=120) as engine:
        engine.call("join_project", "shop", ["x"])
        mes = [announce(engine, n) for n in range(runs)]
        pad, each, begun = "y" * 400, events // runs, time.perf_counter()
        for me in mes:
            chain, first = b"\0" * 32, 1
            while first <= each:
                lines = ['{"pad":"%s","seq":%d}' % (pad, n) for n in range(first, min(each, first + 1999) + 1)]
                for line in lines:
                    chain = hashlib.sha256(chain + line.encode()).digest()
                engine.call("ship", *me, first, lines, chain)
                first += len(lines)
        took = time.perf_counter() - begun
        print(
            "ship    %d records of %d runs in %.1f s: %.0f records/s (one connection)" % (each * runs, runs, took, each * runs / took),
            flush=True,
        )
        per, begun = paths // runs, time.perf_counter()
        for n, me in enumerate(mes):
            assert engine.acquire(*me, [{"path": "r%d/d%d/f%d.py" % (n, k % 40, k), "task": 1} for k in range(per)]) == []
        print("lease   %d paths leased in %.1f s" % (per * runs, time.perf_counter() - begun), flush=True)
        engine.rows("analyze fleet.leases, fleet.runs, fleet.records")
        free, taken = [], []
        for k in range(1000):
            me = mes[k % runs]
            begun = time.perf_counter()
            assert engine.acquire(*me, [{"path": "new/%d.py" % k, "task": 1}]) == []
            free.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            assert engine.acquire(
                *me,
                [{"path": "r%d/" % ((k + 1) % runs if runs > 1 else 0), "task": 1}]
                if k % 100 == 0
                else [{"path": "r%d/d1/f1.py" % ((k + 1) % runs), "task": 1}],
            )
            taken.append(time.perf_counter() - begun)
        for name, values in (("granted", free), ("refused", taken)):
            print("lease   %s: p50 %.1f ms, p99 %.1f ms" % (name, 1e3 * quantile(values, 0.5), 1e3 * quantile(values, 0.99)), flush=True)
        beats = []
        for k in range(1000):
            begun = time.perf_counter()
            engine.call("heartbeat", *mes[k % runs], "{}", "main", "")
            beats.append(time.perf_counter() - begun)
        print("beat    p50 %.1f ms, p99 %.1f ms" % (1e3 * quantile(beats, 0.5), 1e3 * quantile(beats, 0.99)), flush=True)
        looks = []
        for _ in range(30):
            begun = time.perf_counter()
            status.text(status.collect(engine, "shop"))
            looks.append(time.perf_counter() - begun)
        print("status  %d runs: p50 %.0f ms, p99 %.0f ms" % (runs, 1e3 * quantile(looks, 0.5), 1e3 * quantile(looks, 0.99)), flush=True)
        print("size    %s" % engine.rows("select pg_size_pretty(pg_database_size(current_database()))")[0][0], flush=True)


def machine_part(server, rounds):
    """Real hooks and a real shipper: the same call with and without a fleet, and what the shipper uses meanwhile."""
    from fleet.conftest import Machine
    from hooks import driver

    server.sql("create role alice login")
    setup.grant({"host": server.folder, "port": str(server.port), "dbname": "postgres", "user": "postgres"}, "alice", "member")
    sessions = {}
    with tempfile.TemporaryDirectory() as folder:
        import pathlib

        folder = pathlib.Path(folder)
        origin = folder / "origin"
        (origin / "src").mkdir(parents=True)
        (origin / "plan.md").write_text("# Add a greeting\n")
        for words in (
            ["init", "-q", "-b", "main"],
            ["add", "-A"],
            ["-c", "user.name=t", "-c", "user.email=t@e.invalid", "commit", "-qm", "s"],
        ):
            subprocess.run(["git", "-C", str(origin)] + words, check=True)
        made = []
        for n, name in enumerate(("with", "without")):
            m = Machine(folder, name, origin, {"host": server.folder, "port": str(server.port), "dbname": "postgres"}, "alice", n + 1)
            made.append(m)
            if name == "with":
                code, _out, err = m.pack(
                    "fleet", "join", "--project", "bench", "--squad", "a", *[w for k, v in m.base.items() for w in ("--" + k, v)]
                )
                assert code == 0, err
            s = m.session()
            p = driver.Processes(m.clone, m.data, ROOT, session=s.session, pid=m.client.pid)
            p.env.update(m.env)
            p.setup("SIMPLE")
            p.say("coder-1", "supervisor", "CLAIM: task #1")
            sessions[name] = p
        made[0].settled()
        pid, clock = made[0].ship()["pid"], os.sysconf("SC_CLK_TCK")

        def used():
            with open("/proc/%d/stat" % pid) as f:
                fields = f.read().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / clock

        times, cpu, begun = {name: [] for name in sessions}, used(), time.perf_counter()
        for _ in range(rounds):
            for name, p in sessions.items():
                at = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
                p.send(
                    "PreToolUse",
                    "coder-1",
                    tool_name="Edit",
                    tool_input={"file_path": p.project + "/src/a.py", "old_string": "a", "new_string": "b"},
                    tool_use_id="t%d" % rounds,
                )
                times[name].append(sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - at)
        spent, wall = used() - cpu, time.perf_counter() - begun
        a, b = statistics.median(times["with"]), statistics.median(times["without"])
        print("hook    with a fleet %.1f ms of CPU, without %.1f ms: %.2fx" % (1e3 * a, 1e3 * b, a / b))
        print("shipper %.2f %% of a core while hooks ran for %.0f s" % (100 * spent / wall, wall))
        for m in made:
            m.client.kill()
            m.client.wait()
            m.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--paths", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    server = servers.Server(settings=("max_connections=100", "shared_buffers=256MB", "max_wal_size=4GB"))
    try:
        server.start()
        engine_part(server, given.runs, given.events, given.paths)
        machine_part(server, given.rounds)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
