"""A random hostile driver against the shipped gate, judged by a witness that knows none of its rules.

Whole payloads, as the client sends them, by honest and hostile agents mixed: spawns, protocol lines and near misses, edits,
shell commands and commits that are really run, the `pack` verbs, shutdown frames, deaths, resumes, forged files, processes
killed in the middle of a call and retried, clocks that jump. client.py carries a deed out, deeds.py and noise.py choose it,
witness.py holds what happened against the promises of docs/protocol.md. After the random part everybody turns honest, and the run must come
to its end.

`python -m prove.hostile --seed N [--count K]`; a failure prints its seed, the shortest list of deeds that still shows
it, and how to repeat both. `--deeds FILE` plays such a list. A call is answered in this process (those that are killed, and those at once, in a
fork of it); with `--whole` in one of its own, which costs four times as much: a test has both leave the same journal.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time

from .behind import Behind, BehindDeeds
from .client import Broken, Client, make_project, whole
from .noise import Deeds
from .panes import PaneDeeds, PanedWaveDeeds, PanedWaves, Panes
from .today import Today, TodayDeeds
from .together import Together, TogetherDeeds, WavesTogether, WavesTogetherDeeds
from .waveclient import WaveClient
from .wavedeeds import WaveDeeds

FAST = "/dev/shm" if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK) else None
MADE = {  # what is driven -> the client that carries deeds out, who chooses them
    "build": (Client, Deeds),
    "today": (Today, TodayDeeds),
    "behind": (Behind, BehindDeeds),
    "waves": (WaveClient, WaveDeeds),
    "panes": (Panes, PaneDeeds),
    "paned waves": (PanedWaves, PanedWaveDeeds),
    "together": (Together, TogetherDeeds),
    "waves together": (WavesTogether, WavesTogetherDeeds),
}
KINDS = tuple(MADE)
LAST_ROUNDS = 1500  # of the honest end: far more than any run needs


def setup_of(rng, kind="build"):
    """What a run is like, by chance: the mode of its plan (or which team of waves), terminal or headless, how hostile, how long, how it
    ends (`open`: not at all)."""
    if kind == "panes":
        return dict(setup_of(rng), kind=kind, headless=False)
    if kind in ("today", "behind"):
        return dict(setup_of(rng), kind=kind)
    if kind == "together":
        return dict(setup_of(rng), kind=kind, openings=rng.choice((0, 0, 2, 4)))
    if kind in ("waves", "paned waves", "waves together"):
        return {
            "kind": kind,
            "team": rng.randrange(100000),
            "headless": kind != "paned waves" and rng.random() < 0.6,
            "dead_pid": rng.random() < 0.15,
            "hostile": rng.choice((0.08, 0.15, 0.3, 0.5)),
            "length": rng.choice((60, 120, 200)),
            "end": rng.choice(("honest", "honest", "honest", "honest", "abort")),
        }
    return {
        "mode": rng.choice(("SIMPLE", "SIMPLE", "MEDIUM", "COMPLEX")),
        "headless": rng.random() < 0.6,
        "coders": rng.choice((1, 2, 3, 3)),
        "dead_pid": rng.random() < 0.15,
        "hostile": rng.choice((0.08, 0.15, 0.3, 0.5)),
        "length": rng.choice((60, 120, 200)),
        "end": rng.choice(("honest", "honest", "honest", "abort")),
    }


class Run:
    """One run in a folder of its own: its deeds, and what broke."""

    def __init__(self, setup, template=None, base=None):
        self.setup, self.deeds, self.broken, self.rounds = setup, [], None, 0
        self.base = tempfile.mkdtemp(prefix="hostile-", dir=base or FAST)
        try:
            self.client = MADE[setup.get("kind", "build")][0](os.path.realpath(self.base), setup, template)
        except BaseException:
            self.close()
            raise

    def close(self):
        if hasattr(self, "client"):
            self.client.close()
        shutil.rmtree(self.base, ignore_errors=True)

    def do(self, deed):
        """Answers False when the run is over: closed, or a promise broken."""
        self.deeds.append(deed)
        try:
            self.client.do(deed)
        except Broken as broken:
            self.broken = broken
        except AssertionError as error:
            self.broken = Broken("CHECK", str(error))
        except Exception as error:  # what is not foreseen is a finding too
            import traceback

            self.broken = Broken("CRASH %s" % type(error).__name__, "%s at %s" % (error, traceback.format_exc(limit=-3)))
        return self.broken is None and self.client.book.state["phase"] != "CLOSED"

    def check(self):
        if self.broken is None:
            try:
                whole(self.client)
            except AssertionError as error:
                self.broken = Broken("WHOLE", str(error))

    @property
    def closed(self):
        return self.client.book.state["phase"] == "CLOSED"


def wander(run, rng, deeds):
    """The random part."""
    for _ in range(run.setup["length"]):
        if not run.do(deeds.next()):
            return


def settle(run, rng, deeds):
    """Everybody is honest from now on; the run must end."""
    c = run.client
    deeds.hostile, deeds.told = 0, {}
    for p in list(c.people):
        if p.silent and p.alive and p.known:
            if not run.do({"do": "fails", "who": c.key(p), "how": "stop"}):
                return
    if run.setup["end"] == "abort" and not run.do({"do": "prompt", "text": "team abort enough"}):
        return
    quiet, told = 0, None
    for n in range(LAST_ROUNDS):
        run.rounds = n
        if c.pending:
            c.pending.clear()
        choices = deeds.honest()
        fresh = [d for d in choices if d != told] or choices
        if not fresh or quiet > 3:
            fresh = [{"do": "clock", "by": 61.0}, {"do": "stops", "who": "lead"}] if n % 2 else [{"do": "stops", "who": "lead"}]
        before = len(c.book.records)
        told = rng.choice(fresh[:3])
        if not run.do(told):
            return
        quiet = quiet + 1 if len(c.book.records) == before and told["do"] != "clock" else 0
    state = c.book.state
    from pack.protocol import advice

    run.broken = Broken(
        "STUCK",
        "phase %s, teardown %s, mode %s, owner %s\n  advice: %s\n  tasks: %s\n  roster: %s\n  refused last: %s"
        % (
            state["phase"],
            {k: state["teardown"][k] for k in ("state", "aborted", "sends", "targets")},
            state["mode"],
            state["owner"],
            [(s["who"], s["text"][:100]) for s in advice.steps(state)][:4],
            {k: (t["state"], t["cause"], t["owner"]) for k, t in state["tasks"].items()},
            {k: e["state"] for k, e in state["roster"].items()},
            [x[2][:200] for x in c.refusals[-2:]],
        ),
    )


def play(seed, template=None, setup=None, base=None, kind="build", whole=False):
    """The run of one seed. whole: every payload to a process of its own (whole.py). Answers the Run; its folder is still there."""
    rng = random.Random(seed)
    setup = setup or setup_of(rng, kind)
    run = Run(dict(setup, whole=True) if whole else setup, template, base)
    deeds = MADE[run.setup.get("kind", "build")][1](rng, run.client, run.setup.get("mode"), run.setup["hostile"])
    wander(run, rng, deeds)
    if run.broken is None and not run.closed and run.setup["end"] != "open":
        settle(run, rng, deeds)
    run.check()
    return run


def replay(setup, deeds, template=None, kind=None):
    """A list of deeds again. Answers the Broken, None when nothing broke."""
    run = Run(setup, template)
    try:
        for deed in deeds:
            if not run.do(deed):
                break
        run.check()
        return run.broken
    finally:
        run.close()


def shrink(setup, deeds, broken, template=None, seconds=90.0, say=lambda text: None):
    """The shortest list found in the given time that breaks the same promise: pieces are left out, halves first."""
    deadline, size = time.monotonic() + seconds, max(1, len(deeds) // 2)
    while size:
        at = len(deeds)
        changed = False
        while at > 0 and time.monotonic() < deadline:
            fewer = deeds[: max(0, at - size)] + deeds[at:]
            found = replay(setup, fewer, template)
            if found is not None and found.kind == broken.kind:
                deeds, broken, changed = fewer, found, True
                say("%d deeds" % len(deeds))
            at -= size
        if time.monotonic() >= deadline:
            break
        size = size // 2 if not (changed and size == 1) else 1
    return deeds, broken


class Template:
    """A project that is copied for every run."""

    def __enter__(self):
        self.base = tempfile.mkdtemp(prefix="hostile-", dir=FAST)
        make_project(os.path.join(self.base, "proj"))
        return os.path.join(self.base, "proj")

    def __exit__(self, *_):
        shutil.rmtree(self.base, ignore_errors=True)


def told(seed, run, deeds, broken):
    """A failure as text."""
    lines = ["seed %d: %s" % (seed, broken), "setup: %s" % json.dumps(run.setup), "%d deeds:" % len(deeds)]
    lines += ["  " + json.dumps(d, ensure_ascii=True) for d in deeds]
    return "\n".join(lines + ["again: python -m prove.hostile --kind %s --seed %d" % (run.setup.get("kind", "build"), seed)])


def hunt(seeds, seconds=None, shrinking=60.0, say=lambda text: None, stop=True, setup=None, kind="build", whole=0):
    """Runs of many seeds. Answers (figures, [failure as text]). setup: of all of them, instead of one by chance (setup_of, `kind`); whole: every
    payload of each so many-th seed to a process of its own, 0 for none."""
    figures, failures, begun = {}, [], time.monotonic()

    def add(key, n=1):
        figures[key] = figures.get(key, 0) + n

    with Template() as template:
        for seed in seeds:
            if seconds is not None and time.monotonic() - begun > seconds:
                break
            run = play(seed, template, setup, kind=kind, whole=bool(whole) and seed % whole == 0)
            try:
                c, state = run.client, run.client.book.state
                add("runs")
                add("deeds", len(run.deeds))
                add("whole", int(bool(run.setup.get("whole"))))
                for key, n in c.witness.checked.items():
                    add(key, n)
                add("records", len(c.book.records))
                add("deaths", c.deaths)
                add("mode " + str(state["mode"]))
                add("headless" if c.headless else "terminal")
                add("finished" if run.closed and not state["teardown"]["aborted"] else "aborted" if run.closed else "unfinished")
                figures["rounds"] = max(figures.get("rounds", 0), run.rounds)
                for r in c.book.records:
                    add("code " + r["data"]["code"] if "code" in r["data"] else "event " + r["event"])
                if run.broken is not None:
                    say("seed %d: %s" % (seed, str(run.broken)[:300]))
                    deeds, broken = run.deeds, run.broken
                    if shrinking and broken.kind != "STUCK":
                        deeds, broken = shrink(run.setup, run.deeds, run.broken, template, shrinking)
                    failures.append(told(seed, run, deeds, broken))
                    if stop:
                        break
            finally:
                run.close()
    return figures, failures


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m prove.hostile")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, default="build", help="what is driven")
    parser.add_argument("--shrink", type=float, default=60.0, help="seconds for making a failure smaller")
    parser.add_argument("--on", action="store_true", help="go on after a failure")
    parser.add_argument("--whole", type=int, default=0, metavar="N", help="every payload of each N-th seed to a process of its own")
    parser.add_argument("--deeds", help="play the deeds of a JSON file: {\"setup\": ..., \"deeds\": [...]}")
    given = parser.parse_args(argv)
    if given.deeds:
        with open(given.deeds, encoding="utf-8") as f:
            found = json.load(f)
        with Template() as template:
            broken = replay(found["setup"], found["deeds"], template)
        print(broken or "nothing broke")
        return 1 if broken else 0
    begun = time.time()
    figures, failures = hunt(
        range(given.seed, given.seed + given.count),
        shrinking=given.shrink,
        say=lambda text: print(text, flush=True),
        stop=not given.on,
        kind=given.kind,
        whole=given.whole,
    )
    for text in failures:
        print("\n" + text)
    rest = {k: v for k, v in figures.items() if not k.startswith(("code ", "event "))}
    print(
        "\n%s\nrefusals: %s\n%.1f s"
        % (
            json.dumps(rest),
            ", ".join("%s %d" % (k[5:], v) for k, v in sorted(figures.items()) if k.startswith("code ")),
            time.time() - begun,
        )
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
