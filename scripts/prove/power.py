"""Power failures and kills on the real Store with a simulated disk: `python -m prove.power [FIRST [COUNT]]`.

Each run is a handful of operations. Processes die at any point of the disk, again and again, also while they mend what the last death
left; after some deaths the power fails as well (simdisk.py says what that leaves). Whatever happens, at the end journal and mirror are
equal, whole, and hold every acknowledged operation once at its number.
"""

import random
import sys

from pack.protocol import machine
from pack.protocol.refusal import Refusal
from pack.store.journal import read_chain

from . import worker
from .simdisk import Died, SimDisk, SimStore


class Tally:
    """Figures of many runs."""

    def __init__(self):
        self.runs, self.acknowledged, self.deaths, self.failures = 0, 0, 0, 0


def run(seed, tally):
    """One run; raises AssertionError (or what the store raised) when a promise is broken."""
    rng = random.Random(seed)
    disk, acked = SimDisk(rng), {}
    worker.open_run(SimStore("team", "data", disk))
    for n in range(rng.randrange(5, 40)):
        key, told = "k%d" % n, False
        event = worker.an_event(rng, key)
        for _attempt in range(20):
            if rng.random() < 0.4:
                disk.die_at = rng.randrange(1, 14)
            try:
                store = SimStore("team", "data", disk)
                with store.lock():
                    store.load()
                    done = store.append(event, 2.0 + n)
                acked[key] = next((r["seq"] for r in done if r["key"] == key), None) or store.keys[key]
                told = True
            except Refusal:
                told = True
            except Died:
                tally.deaths += 1
                if rng.random() < 0.4:
                    disk.power_failure()
                    tally.failures += 1
            disk.die_at = None
            if told:
                break
        if rng.random() < 0.1:
            disk.power_failure()
            tally.failures += 1
    store = SimStore("team", "data", disk).load()
    store.append({"event": "TICK", "actor": machine.GATE, "data": {}, "key": None}, 1e6)
    data = disk.read(store.journal)
    records, end, problem = read_chain(data)
    assert problem == "" and end == len(data), "the journal is %s" % (problem or "longer than its records")
    assert data == disk.read(store.mirror), "journal and mirror differ"
    for key, seq in acked.items():
        places = [r["seq"] for r in records if r["key"] == key]
        assert places == [seq], "%s was acknowledged at %s and is at %s" % (key, seq, places)
    tally.runs += 1
    tally.acknowledged += len(acked)


def runs(first, count):
    """Many runs, from a seed on. Answers a Tally; the error of a broken promise names the seed."""
    tally = Tally()
    for seed in range(first, first + count):
        try:
            run(seed, tally)
        except Exception as error:
            raise AssertionError("seed %d: %s: %s" % (seed, type(error).__name__, error)) from error
    return tally


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(vars(runs(numbers[0] if numbers else 1, numbers[1] if len(numbers) > 1 else 1000)))
