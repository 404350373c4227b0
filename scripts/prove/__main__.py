"""`python -m prove explore [--small] [--json FILE]`: visit every world, print states, time and the properties by name.

With --json an interrupted run goes on where it stopped: a model that was explored to its end with the very same code is not
explored again (`--again` does).
"""

import argparse
import glob
import hashlib
import json
import multiprocessing
import os
import platform
import sys
import time

from . import configs, leasing
from .explore import explore

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = ("explore", "configs", "scenes", "handoff", "approvals", "teardown")
HERE = platform.python_implementation()
EXPLORED = ("pack/protocol/*.py", "pack/base/codec.py", *("prove/%s.py" % m for m in MODELS))  # what an exploration depends on


def models_of(size):
    """Every model of a size: the protocol's, then a fleet's leases, which are no part of the core."""
    return getattr(configs, size)() + getattr(leasing, size)()


def code():
    """{file below scripts: digest} of the core and of the explorer, as they are on disk now."""
    digests = {}
    for path in sorted(path for pattern in EXPLORED for path in glob.glob(os.path.join(SCRIPTS, pattern))):
        with open(path, "rb") as f:
            digests[os.path.relpath(path, SCRIPTS)] = hashlib.sha256(f.read()).hexdigest()[:16]
    return digests


def explored(path, now):
    """What an earlier run with the same code has left in the file: {"rows": [...] of whole models, "seconds": of wall clock}."""
    try:
        with open(path, encoding="utf-8") as f:
            found = json.load(f)
    except OSError:
        found = {}
    if found.get("code") != now:
        return {"rows": [], "seconds": 0.0}
    return {"rows": [r for r in found["rows"] if r["whole"]], "seconds": found["seconds"]}


def one(job):
    size, number, seconds = job
    model = models_of(size)[number]
    result = explore(model, first_only=False, deadline=time.monotonic() + seconds if seconds else None)
    seen, violations = set(), []
    for prop, why, trace in result.violations:
        if prop not in seen:
            seen.add(prop)
            violations.append({"property": prop, "why": why, "trace": trace})
    return {
        "model": type(model).__name__,
        "name": model.name,
        "states": result.states,
        "moves": result.moves,
        "seconds": round(result.seconds, 1),
        "goals": result.goals,
        "violations": violations,
        "stuck": getattr(result, "stuck_count", None),
        "stuck_traces": result.stuck[:3],
        "whole": not result.truncated,
        "properties": [n for n, _f in model.SAFETY],
        "liveness": model.LIVENESS,
    }


def meaning(function):
    return " ".join((function.__doc__ or "").split())


def properties():
    """(model, name, meaning) of every promise that is checked on every move."""
    from . import approvals, handoff, leasing, teardown

    return [(m.__name__.rsplit(".", 1)[1], name, meaning(f)) for m in (handoff, approvals, teardown, leasing) for name, f in m.SAFETY]


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m prove")
    parser.add_argument("what", choices=["explore"])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", metavar="FILE", help="keep the figures; go on from those of an interrupted run")
    parser.add_argument("--again", action="store_true", help="explore what is in the file once more, too")
    parser.add_argument("--only", type=int)
    parser.add_argument("--seconds", type=float, default=0, help="give up on a model after so long (default: never)")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(argv)
    size = "small" if given.small else "large"
    now = code()
    known = explored(given.json, now) if given.json and not given.again else {"rows": [], "seconds": 0.0}
    models = models_of(size)
    rows = [r for r in known["rows"] if not r["name"].startswith("leases: ")]  # seconds; what they rest on is not in `code`
    start = time.time() - known["seconds"]
    names = {r["name"] for r in rows}
    jobs = [(size, n, given.seconds) for n, m in enumerate(models) if given.only in (None, n) and m.name not in names]
    if names:
        print("%d of %d models were explored before, with this very code (--again explores them once more)" % (len(names), len(models)))
    bad = sum(bool(r["violations"] or r["stuck"]) for r in rows)
    with multiprocessing.Pool(given.jobs, maxtasksperchild=1) as pool:
        for row in pool.imap_unordered(one, jobs, chunksize=1):
            rows.append(row)
            fine = not row["violations"] and not row["stuck"]
            bad += not fine
            print(
                "%-50s %9d states %10d moves %7.1f s  %s%s"
                % (
                    row["name"],
                    row["states"],
                    row["moves"],
                    row["seconds"],
                    "ok" if fine else "BROKEN",
                    "" if row["whole"] else " (not finished)",
                ),
                flush=True,
            )
            for v in row["violations"]:
                print("   %s: %s\n      %s" % (v["property"], v["why"], " > ".join(v["trace"])), flush=True)
            if row["stuck"]:
                print("   LIVENESS: %d worlds from which the goal is out of reach, e.g." % row["stuck"])
                for trace in row["stuck_traces"]:
                    print("      " + " > ".join(trace), flush=True)
            if given.json:
                with open(given.json, "w") as f:
                    told = {
                        "code": now,
                        "rows": rows,
                        "seconds": round(time.time() - start, 1),
                        "with": "%s, %d at once" % (HERE, given.jobs),
                    }
                    json.dump(told, f, indent=1)
    print("\n%d states in %.0f s, %d properties:" % (sum(r["states"] for r in rows), time.time() - start, len(properties()) + 3))
    for model, name, text in properties():
        print("  %-10s %-34s %s" % (model, name, text))
    for text in sorted({r["model"] + " " + r["liveness"] for r in rows}):
        print("  %-10s %-34s %s" % (text.split()[0].lower(), "LIVENESS", text.split(" ", 1)[1]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
