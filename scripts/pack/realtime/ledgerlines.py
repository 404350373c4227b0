"""The delivery audit's ledger: one short line a fact, and the counts that follow from it. Pure.

s N [P]   message N was sent (to partition P)         a N      the broker acknowledged it
i N       the send ended without an answer            e N [P]  the worker's effect for N was seen, in this order
r N [P]   N was seen again when the log was replayed  c N      the worker was killed (at message N)
b kill    the broker was killed                       b up     it was started again
k N       a consumer was killed                         p N      message N is one that no consumer can handle
d N       N is in the dead-letter queue                 v N S:C  sender S sent N with the vector clock C (C0,C1,...)
h T N     T ms after the first message, N acknowledged ones were not handled yet: the consumer's lag
z T       T ms after the first, the last message was sent
w N [P]   the effect for N of a worker that met no fault, in this order (ordering audit)
n RUN     the first line: the run that saw all this
"""

import re

FACTS = set("saierckbpdvnhzw")


def parse(text):
    """[(fact, argument, partition)]; ValueError for a line that is none."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if len(parts) not in (2, 3) or parts[0] not in FACTS:
            raise ValueError("line %d is no ledger line: %r" % (number, line[:40]))
        if parts[0] == "b":
            if parts[1] not in ("kill", "up"):
                raise ValueError("line %d: %r" % (number, line[:40]))
            found.append(("b", parts[1], ""))
        elif parts[0] == "n":
            if number != 1:
                raise ValueError("line %d names a run; only the first line does" % number)
            found.append(("n", parts[1], ""))
        else:
            found.append((parts[0], int(parts[1]), parts[2] if len(parts) == 3 else ""))
    return found


def count(facts):  # noqa: C901 - one branch for each fact of a ledger
    """The numbers of a delivery entry. Indeterminate is never lost: only an acknowledged message can be."""
    sent, acked, order = set(), set(), []
    replay, crashes, kills, consumers = [], 0, 0, 0
    poison, dead, clocks = set(), [], {}
    lags, sending_ms, worked = [], 0, []
    for fact, value, partition in facts:
        if fact == "s":
            sent.add(value)
        elif fact == "a":
            acked.add(value)
        elif fact == "e":
            order.append((value, partition))
        elif fact == "r":
            replay.append((value, partition))
        elif fact == "c":
            crashes += 1
        elif fact == "k":
            consumers += 1
        elif fact == "b" and value == "kill":
            kills += 1
        elif fact == "p":
            poison.add(value)
        elif fact == "d":
            dead.append(value)
        elif fact == "h":
            lags.append((value, int(partition)))
        elif fact == "z":
            sending_ms = value
        elif fact == "w":
            worked.append((value, partition))
        elif fact == "v":
            sender, _, clock = partition.partition(":")
            clocks[value] = (int(sender), [int(x) for x in clock.split(",")])
    seen = {}
    for value, _ in order:
        seen[value] = seen.get(value, 0) + 1
    copies = {(value, who if re.match(r"c\d+$", who) else "") for value, who in order}  # of a broadcast each receiver has its own
    received = sent & set(seen)
    poisoned = (poison & sent) - set(seen)
    lost = (acked & sent) - set(seen) - poison
    faults = {k: v for k, v in (("worker-crash", crashes), ("broker-kill", kills), ("consumer-kill", consumers)) if v}
    return {
        "sent": len(sent),
        "acked": len(acked & sent),
        "received": len(received),
        "lost": len(lost),
        "unseen": len(sent - acked - set(seen) - poison),
        "poisoned": len(poisoned),
        "poison_handled": len(poison & set(seen)),
        "dead_lettered": len(poisoned & set(dead)),
        "misrouted": len(set(dead) - poison),
        "causal_violations": violations(order, clocks) if clocks else None,
        "indeterminate": len(sent - acked),
        "duplicates": sum(seen[v] for v in received) - sum(v in received for v, _ in copies),
        "phantom": len(set(seen) - sent) + len(acked - sent),
        "reordered": inversions(order),
        "reordered_total": inversions([(value, "") for value, _ in order]),
        "worker_effects": len(worked),
        "worker_reordered": inversions(worked),
        "worker_reordered_total": inversions([(value, "") for value, _ in worked]),
        "lag_max": max((n for _, n in lags), default=0),
        "lag_end": next((n for at, n in lags if at >= sending_ms), 0) if sending_ms else 0,
        "drain_s": max([at - sending_ms for at, n in lags if n > len(lost) and at > sending_ms] or [0]) / 1000.0,
        "sending_s": sending_ms / 1000.0,
        "faults": faults,
        "loss_bound": 3.0 / len(acked & sent) if acked & sent and not lost else 1.0,
        "replayed": len(replay),
        "replay_identical": (firsts(order) == firsts(replay)) if replay else None,
    }


def inversions(order):
    """How many first effects came after the effect of a later message of the same partition."""
    newest, seen, found = {}, set(), 0
    for value, partition in order:
        if value in seen:
            continue
        seen.add(value)
        if value < newest.get(partition, -1):
            found += 1
        newest[partition] = max(value, newest.get(partition, -1))
    return found


def violations(order, clocks):
    """How many effects a receiver saw before something that had happened before they were sent (vector clocks).

    `clocks`: {message: (sender, clock when it was sent, itself counted)}. A receiver may take a message of S with the clock C
    if it has had exactly C[S] - 1 messages of S, and of every other sender at least as many as C says.
    """
    found, had = 0, {}
    for value, receiver in order:
        if value not in clocks:
            continue
        sender, clock = clocks[value]
        mine = had.setdefault(receiver, [0] * len(clock))
        if mine[sender] != clock[sender] - 1 or any(mine[k] < c for k, c in enumerate(clock) if k != sender):
            found += 1
        mine[sender] = max(mine[sender], clock[sender])
    return found


def firsts(order):
    """The state that an order of effects gives: each partition's messages in order of first effect."""
    state, seen = {}, set()
    for value, partition in order:
        if (value, partition) not in seen:
            seen.add((value, partition))
            state.setdefault(partition, []).append(value)
    return state
