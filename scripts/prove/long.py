"""The long forms: `python -m prove.long [PART...] [--scale F] [--json FILE]`. Each part is cut into pieces that run beside each other;
every piece prints a line, every part its figures."""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time

from . import faults, fuzz, hostile, power, simulate

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def kills(base, count, seed):
    tally = faults.kills(base, count, seed=seed)
    return {"kills": tally.kills, "acknowledged": tally.acked, "lost": 0, "retries": tally.retried, "points": tally.by_point}


def torn(base, stride):
    return {"cuts": faults.torn_tails(base, stride=stride), "garbage": {len(faults.GARBAGE) - 1}}


def flipped(base, stride, target, touched):
    return {"flips": faults.flips(base, stride=stride, targets=(target,), touched=touched)}


def sick(base, rounds, seed):
    errors, operations = faults.sick_disks(base, rounds, seed)
    return {"errors": errors, "operations": operations}


def writers(base, each):
    operations, waits, held = faults.writers(base, 64, each, wait=600.0, think=0.03)
    at = lambda rows, q: round(rows[min(len(rows) - 1, int(len(rows) * q))], 4)
    return {
        "writers": 64,
        "operations": operations,
        "lost": 0,
        "wait_p50": at(waits, 0.5),
        "wait_p99": at(waits, 0.99),
        "wait_max": round(waits[-1], 3),
        "held_p50": at(held, 0.5),
        "held_p99": at(held, 0.99),
    }


def a_session(base, number):
    """A small repository with a live run, made without pytest."""
    sys.path[:0] = [p for p in (os.path.join(ROOT, "tests"),) if p not in sys.path]
    from hooks.driver import Session

    project = os.path.join(base, "p%d" % number)
    os.makedirs(os.path.join(project, "src"))
    for name, text in (
        ("src/old.py", "OLD = 1\n"),
        ("plan.md", "# Add a greeting\n\nSay hello.\n"),
        (".gitignore", "__pycache__/\n.claude/\n"),
    ):
        with open(os.path.join(project, name), "w") as f:
            f.write(text)
    for args in (
        ("init", "-q", "-b", "main"),
        ("config", "user.name", "t"),
        ("config", "user.email", "t@example.invalid"),
        ("add", "-A"),
        ("commit", "-qm", "start"),
    ):
        subprocess.run(("git", "-C", project) + args, check=True, stdout=subprocess.DEVNULL)
    s = Session(project, os.path.join(base, "d%d" % number))
    s.setup("SIMPLE")
    s.say("coder-1", "supervisor", "CLAIM: task #1")
    return s


def fuzzed(base, what, count, seed):
    if what == "messages":
        return {"messages": sum(fuzz.fuzz_messages(count, seed).values())}
    if what == "journals":
        return {"journals": fuzz.fuzz_journals(base, count, seed)}
    made = [0]

    def renew():
        made[0] += 1
        return a_session(base, made[0])

    found = fuzz.fuzz(renew(), count, seed, renew=renew)
    return {"payloads": found.payloads, "codes": found.codes, "slowest": found.slowest, "unexpected": set(found.crashes), "tracebacks": 0}


def simulated(base, first, count):
    tally = simulate.Tally()
    for seed in range(first, first + count):
        simulate.simulate(seed, tasks=200 if seed % 5 == 0 else 40, tally=tally)  # the large ones take six times as long
    return dict({k: v for k, v in tally.__dict__.items() if k != "agents"}, agents={tally.agents}, simulations=count)


def failing(base, first, count):
    tally = power.runs(first, count)
    return {"runs": tally.runs, "acknowledged": tally.acknowledged, "deaths": tally.deaths, "failures": tally.failures, "lost": 0}


def hostiles(base, kind, first, count):
    """Runs of a random hostile driver; a failure is told with its seed and the shortest list of deeds."""
    figures, failures = hostile.hunt(range(first, first + count), shrinking=120.0, kind=kind, whole=20)
    if failures:
        raise AssertionError(failures[0])
    kept = (
        "runs",
        "whole",
        "deeds",
        "calls",
        "refused",
        "deaths",
        "done",
        "approved",
        "commits",
        "records",
        "finished",
        "aborted",
        "gates",
        "together",
    )
    return dict(
        {k: figures.get(k, 0) for k in kept},
        kinds={kind},
        modes={k[5:] for k in figures if k.startswith("mode ") and k != "mode None"},
        codes={k[5:] for k in figures if k.startswith("code ")},
    )


def split(count, size):
    """[(number, how many)] of a whole in pieces."""
    return [(n + 1, min(size, count - n * size)) for n in range((count + size - 1) // size)]


def pieces(scale):
    """part -> the arguments of its pieces. The writers come first and alone: they need both processors."""
    stride = max(1, round(1 / scale))
    times = lambda n: max(1, int(n * scale))
    return {
        "writers": [(times(1563),)],
        # two of three workers are killed in time, the others were done
        "kills": [(count, seed) for seed, count in split(int(times(10000) * 1.6), 800)],
        "simulated": [(1 + 4 * (n - 1), count) for n, count in split(times(250), 4)],
        "fuzzed": [("payloads", count, n) for n, count in split(times(60000), 3000)]
        + [("messages", times(30000), 1)]
        + [("journals", count, n) for n, count in split(times(10000), 2500)],
        "torn": [(stride,)],
        "flipped": [(stride, target, touched) for target in ("journal", "mirror", "snapshot", "state.md") for touched in (False, True)],
        "sick": [(times(2000), 3)],
        "power": [(1 + 3000 * (n - 1), count) for n, count in split(times(60000), 3000)],
        # /build headless and in a terminal, then what else there is: waves, panes, hooks at once
        "hostile": [
            (kind, 10001 + 20 * (n - 1), count) for kind in hostile.KINDS for n, count in split(times(1200 if kind == "build" else 300), 20)
        ],
    }


PARTS = {
    "writers": writers,
    "kills": kills,
    "simulated": simulated,
    "fuzzed": fuzzed,
    "torn": torn,
    "flipped": flipped,
    "sick": sick,
    "power": failing,
    "hostile": hostiles,
}


def one(job):
    """A piece in a folder of its own: (part, its figures, seconds)."""
    name, arguments = job
    start = time.time()
    with tempfile.TemporaryDirectory() as base:
        try:
            found = PARTS[name](base, *arguments)
        except AssertionError as error:
            found = {"BROKEN": "%s%r: %s" % (name, arguments, str(error)[:500])}
    return name, found, time.time() - start


def together(a, b):
    """The figures of two pieces of a part: counts add up, sets unite, of times the longest counts."""
    out = dict(a)
    for k, v in b.items():
        if k not in out or isinstance(v, str):
            out[k] = v
        elif isinstance(v, dict):
            out[k] = together(out[k], v)
        elif isinstance(v, set):
            out[k] = out[k] | v
        elif isinstance(v, float):
            out[k] = max(out[k], v)
        else:
            out[k] = out[k] + v
    return out


def plain(found):
    """Figures as JSON has them."""
    out = {}
    for k, v in found.items():
        out[k] = (
            plain(v)
            if isinstance(v, dict)
            else max(v)
            if k in ("agents", "garbage")
            else sorted(v)
            if isinstance(v, set)
            else round(v, 4)
            if isinstance(v, float)
            else v
        )
    return out


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m prove.long")
    parser.add_argument("parts", nargs="*", help="of " + ", ".join(PARTS))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json")
    given = parser.parse_args(argv)
    rows, sums, begun = {}, {}, time.time()
    if given.json and os.path.exists(given.json):
        with open(given.json) as f:
            rows = json.load(f)
    every = {name: rest for name, rest in pieces(given.scale).items() if not given.parts or name in given.parts}
    left = {name: len(rest) for name, rest in every.items()}

    def take(name, found, seconds):
        sums[name] = together(sums[name], dict(found, seconds=seconds)) if name in sums else dict(found, seconds=seconds)
        sums[name]["seconds"] = sums[name]["seconds"] if len(every[name]) == 1 else seconds + sums[name].get("before", 0)
        sums[name]["before"] = sums[name]["seconds"]
        left[name] -= 1
        print(
            "%5.0f s  %-10s %d of %d%s"
            % (
                time.time() - begun,
                name,
                len(every[name]) - left[name],
                len(every[name]),
                "  BROKEN: " + found["BROKEN"] if "BROKEN" in found else "",
            ),
            flush=True,
        )
        if not left[name]:
            rows[name] = dict(
                plain({k: v for k, v in sums[name].items() if k != "before"}),
                command="python -m prove.long %s%s" % (name, "" if given.scale == 1 else " --scale %g" % given.scale),
            )
            print(name, json.dumps(rows[name]), flush=True)
            if given.json:
                with open(given.json, "w") as f:
                    json.dump(rows, f, indent=1)

    if "writers" in every:
        take(*one(("writers", every["writers"][0])))
    jobs = [(name, arguments) for name, rest in every.items() if name != "writers" for arguments in rest]
    with multiprocessing.Pool(given.jobs, maxtasksperchild=4) as pool:
        for name, found, seconds in pool.imap_unordered(one, jobs, chunksize=1):
            take(name, found, seconds)
    print("%.0f s" % (time.time() - begun))
    return 1 if any("BROKEN" in row for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
