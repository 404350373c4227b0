"""The long forms: `python -m pack.prove.long [PART...] [--scale F] [--json FILE]`. Parts run one after the other; each prints its figures."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from . import faults, fuzz, simulate

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def kills(scale, base):
    want, done, acked, retried, points, seed = int(10000 * scale), 0, 0, 0, {}, 1
    while done < want:
        tally = faults.kills(base, min(2000, int((want - done) * 1.5) + 30), seed=seed)
        done, acked, retried, seed = done + tally.kills, acked + tally.acked, retried + tally.retried, seed + 1
        for p, n in tally.by_point.items():
            points[p] = points.get(p, 0) + n
    return {"kills": done, "acknowledged": acked, "lost": 0, "retries": retried, "points": points}


def torn(scale, base):
    return {"cuts": faults.torn_tails(base, stride=max(1, round(1 / scale))), "garbage": len(faults.GARBAGE) - 1}


def flipped(scale, base):
    stride = max(1, round(1 / scale))
    return {"flips": faults.flips(os.path.join(base, "a"), stride=stride) + faults.flips(os.path.join(base, "b"), stride=stride, touched=True)}


def sick(scale, base):
    errors, operations = faults.sick_disks(base, int(2000 * scale))
    return {"errors": errors, "operations": operations}


def writers(scale, base):
    operations, waits, held = faults.writers(base, 64, max(1, int(1563 * scale)), wait=600.0, think=0.03)
    at = lambda rows, q: round(rows[min(len(rows) - 1, int(len(rows) * q))], 4)
    return {"writers": 64, "operations": operations, "lost": 0, "wait_p50": at(waits, 0.5), "wait_p99": at(waits, 0.99), "wait_max": round(waits[-1], 3),
            "held_p50": at(held, 0.5), "held_p99": at(held, 0.99)}


def a_session(base, number):
    """A small repository with a live run, made without pytest."""
    sys.path[:0] = [p for p in (os.path.join(ROOT, "tests"),) if p not in sys.path]
    from hooks.driver import Session

    project = os.path.join(base, "p%d" % number)
    os.makedirs(os.path.join(project, "src"))
    for name, text in (("src/old.py", "OLD = 1\n"), ("plan.md", "# Add a greeting\n\nSay hello.\n"), (".gitignore", "__pycache__/\n.claude/\n")):
        with open(os.path.join(project, name), "w") as f:
            f.write(text)
    for args in (("init", "-q", "-b", "main"), ("config", "user.name", "t"), ("config", "user.email", "t@example.invalid"), ("add", "-A"), ("commit", "-qm", "start")):
        subprocess.run(("git", "-C", project) + args, check=True, stdout=subprocess.DEVNULL)
    s = Session(project, os.path.join(base, "d%d" % number))
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    return s


def fuzzed(scale, base):
    count = [0]

    def renew():
        count[0] += 1
        return a_session(base, count[0])

    found = fuzz.fuzz(renew(), int(60000 * scale), renew=renew)
    out = {"payloads": found.payloads, "codes": found.codes, "slowest": round(found.slowest, 3), "unexpected": sorted(found.crashes), "tracebacks": 0,
           "messages": sum(fuzz.fuzz_messages(int(30000 * scale)).values()), "journals": fuzz.fuzz_journals(os.path.join(base, "j"), int(10000 * scale))}
    return out


def simulated(scale, base):
    tally, n = simulate.Tally(), max(1, int(125 * scale))
    for seed in range(1, n + 1):
        simulate.simulate(seed, tally=tally)
    return dict(tally.__dict__, simulations=n)


PARTS = {"kills": kills, "torn": torn, "flipped": flipped, "sick": sick, "writers": writers, "fuzzed": fuzzed, "simulated": simulated}


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m pack.prove.long")
    parser.add_argument("parts", nargs="*", help="of " + ", ".join(PARTS))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--json")
    given = parser.parse_args(argv)
    rows, bad = {}, 0
    if given.json and os.path.exists(given.json):
        with open(given.json) as f:
            rows = json.load(f)
    for name in given.parts or PARTS:
        start = time.time()
        with tempfile.TemporaryDirectory() as base:
            try:
                found = PARTS[name](given.scale, base)
            except AssertionError as error:
                found, bad = {"BROKEN": str(error)[:500]}, bad + 1
        rows[name] = dict(found, seconds=round(time.time() - start, 1), command="python -m pack.prove.long %s%s" % (name, "" if given.scale == 1 else " --scale %g" % given.scale))
        print(name, json.dumps(rows[name]), flush=True)
        if given.json:
            with open(given.json, "w") as f:
                json.dump(rows, f, indent=1)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
