"""The exhaustive explorer: breadth first over every state that a model of the world can bring the shipped core into.

A world is {"p": the protocol's state, "m": what only the world knows}: who crashed without anybody noticing, which
messages are under way, what a supervisor remembers. A model lists the moves of a world; a move raises an event through
`machine.fold`, the very function that the gate calls. A refusal leaves the protocol as it was, except for the troubles
that the gate journals (STALE_EPOCH, SPLIT_BRAIN_DETECTED, ...), which are folded just as the gate does it.

Two kinds of moves. *Honest* ones are what a working team does next; *faults* are everything else: crashes, losses,
duplicates, zombies, liars, amnesia. Safety is checked on every move; liveness asks that from every world the goal can be
reached by honest moves alone, i.e. without further faults. Faults that would make the space infinite are drawn from a
budget that is part of the world; honest moves never are.
"""

import collections
import gc
import sys
import time
from array import array
from types import MappingProxyType

from pack.base import codec
from pack.protocol import machine
from pack.protocol.refusal import Refusal


def actor(name, role, inc=1):
    return {"name": name, "role": role, "inc": inc, "agent_id": "%s/%d" % (name, inc)}


COUNTS_REFERENCES = sys.implementation.name == "cpython"  # elsewhere (PyPy) nothing would be freed without the collector

LEAD = {"name": "lead", "role": "lead", "inc": 0, "agent_id": None}
PERSON = {"name": "user", "role": "person", "inc": 0, "agent_id": None}
GATE = machine.GATE


def event(name, who, /, **data):
    return {"event": name, "actor": who, "data": data, "key": None}


def frozen(value):
    """The same, read-only: `step` copies what can change and shares this. A transition that did change it would raise, loudly."""
    if isinstance(value, (dict, MappingProxyType)):
        return MappingProxyType({k: frozen(v) for k, v in value.items()})
    return tuple(frozen(v) for v in value) if isinstance(value, (list, tuple)) else value


class Violation(Exception):
    """A promise was broken."""

    def __init__(self, prop, why):
        Exception.__init__(self, "%s: %s" % (prop, why))
        self.prop, self.why = prop, why


class Crash(Violation):
    """The core raised something that is no refusal."""


class Model:
    """One scenario. Subclasses give initial(), moves(world), key(world), goal(world) and SAFETY."""

    name = ""
    SAFETY = ()  # (name, function(model, before, label, done, after) -> None | text); its docstring is its meaning
    LIVENESS = ""

    def moves(self, world):
        """Yields (label, honest, event or None, change of m: dict or None)."""
        raise NotImplementedError

    def settle(self, world):
        """Take out of a fresh world what the model abstracts from (times, counts)."""

    def step(self, world, move):
        """A move of a world -> (new world, [events folded]), or None when nothing changed at all."""
        _label, _honest, ev, change = move[:4]
        now = move[4] if len(move) > 4 else 0
        p, done, refused = world["p"], [], False
        if ev is not None:
            try:
                p, done = machine.fold(p, ev, now)
            except Refusal as refusal:
                refused = True
                refusal.__traceback__ = (
                    None  # it names the frame that names the refusal: a cycle, which nobody collects here, with a whole world in it
                )
                if refusal.record == "REFUSED":
                    if change is None or not change.get("even if refused"):
                        return None
                else:
                    try:
                        p, done = machine.fold(p, dict(ev, event=refusal.record, data=refusal.data()), now)
                    except Refusal as second:
                        raise Crash("REFUSALS_CAN_BE_RECORDED", "%s refused: %s" % (refusal.record, second)) from None
            except Violation:
                raise
            except Exception as error:
                raise Crash(
                    "STEP_NEVER_CRASHES", "%s(%s) raised %s: %s" % (ev["event"], ev["data"], type(error).__name__, error)
                ) from error
        m = world["m"] if not change else dict(world["m"], **{k: v for k, v in change.items() if k != "even if refused"})
        if refused and change and not change.get("even if refused"):
            m = world["m"]
        new = {"p": p, "m": m}
        if p is not world["p"]:
            self.settle(new)
        return new, done


class Result:
    """What one exploration found."""

    def __init__(self, name):
        self.name, self.states, self.moves, self.seconds = name, 0, 0, 0.0
        self.violations, self.stuck, self.goals, self.truncated = [], [], 0, False


def explore(model, most=None, first_only=True, liveness=True, deadline=None):  # noqa: C901 - the inner loop of the search; a call more for each state would cost minutes
    """Visit every world of a model. Answers a Result."""
    result, start = Result(model.name), time.monotonic()
    if COUNTS_REFERENCES:
        gc.disable()  # worlds are trees without cycles; walking millions of them again and again takes a third of the time
    index, parent, by, labels, label_no = {}, array("i"), array("H"), [], {}
    sources, targets, goal = array("I"), array("I"), bytearray()
    queue = collections.deque()

    def add(world, source, label):
        k = codec.blake2b(model.key(world), digest_size=10).digest()
        found = index.get(k)
        if found is not None:
            return found
        number = len(parent)
        index[k] = number
        parent.append(source)
        if label not in label_no:
            label_no[label] = len(labels)
            labels.append(label)
        by.append(label_no[label])
        goal.append(1 if model.goal(world) else 0)
        queue.append((number, world))
        return number

    def trace(number, last=None):
        out = [last] if last else []
        while number > 0 and parent[number] >= 0:
            out.append(labels[by[number]])
            number = parent[number]
        return out[::-1]

    for world in model.initial():
        add(world, -1, "start")
    while queue:
        number, world = queue.popleft()
        if most and len(parent) > most or deadline and time.monotonic() > deadline:
            result.truncated = True
            break
        for move in model.moves(world):
            try:
                stepped = model.step(world, move)
                if stepped is None:
                    continue
                after, done = stepped
                result.moves += 1
                for name, check in model.SAFETY:
                    why = check(model, world, move, done, after)
                    if why:
                        raise Violation(name, why)
            except Violation as violation:
                result.violations.append((violation.prop, violation.why, trace(number, move[0])))
                if first_only:
                    result.states, result.seconds = len(parent), time.monotonic() - start
                    gc.enable()
                    return result
                continue
            to = add(after, number, move[0])
            if move[1] and to != number:
                sources.append(number)
                targets.append(to)
    result.states, result.goals = len(parent), sum(goal)
    if liveness and not result.truncated:
        bad = _cannot_reach(len(parent), sources, targets, goal)
        result.stuck = [trace(n) for n in bad[:20]]
        result.stuck_count = len(bad)
    result.seconds = time.monotonic() - start
    gc.enable()
    return result


def _cannot_reach(count, sources, targets, goal):
    """Numbers of the worlds from which no goal can be reached by honest moves: backward reachability."""
    starts = array("I", bytes(4 * (count + 1)))
    for t in targets:
        starts[t + 1] += 1
    for i in range(count):
        starts[i + 1] += starts[i]
    fill, back = array("I", starts), array("I", bytes(4 * len(sources)))
    for s, t in zip(sources, targets):
        back[fill[t]] = s
        fill[t] += 1
    good, stack = bytearray(goal), [n for n in range(count) if goal[n]]
    while stack:
        n = stack.pop()
        for i in range(starts[n], starts[n + 1]):
            s = back[i]
            if not good[s]:
                good[s] = 1
                stack.append(s)
    return [n for n in range(count) if not good[n]]
