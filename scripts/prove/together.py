"""Hooks that run at the same time, for hostile.py: the client runs those of parallel tool calls, and of several agents, beside each other.

The calls of one deed are answered by as many processes at once, on the real lock. Each says when it had the lock and how far it wrote:
that is their order, and one by one in this order they are put before the witness, each with the journal as it was then. What was let
through is carried out only when all have been answered. The order is kept with the deed, so that it can be repeated.
"""

import contextlib
import os
import signal
import time

from pack.base import codec
from pack.store.disk import Disk

from . import fuzz
from .client import ACTS, Client
from .noise import Deeds
from .waveclient import WaveClient
from .wavedeeds import WaveDeeds
from .witness import need

PARALLEL = ("say", "spawn", "edit", "bash", "pack", "frame", "stops", "prompt")


class Clocked(Disk):
    """The real disk, which notes when the lock was had and how long the journal was after the last record of this process."""

    def __init__(self, wait=None):
        self.wait, self.locked, self.end = wait, None, None

    def point(self, name):
        if name == "before lock" and self.wait is not None:
            os.read(self.wait, 1)
            self.wait = None
        elif name == "after lock" and self.locked is None:
            self.locked = time.monotonic()

    def append(self, path, data, sync):
        Disk.append(self, path, data, sync)
        if os.path.basename(path) == "journal.jsonl":
            self.end = os.path.getsize(path)


class Asked(Exception):
    """A deed has come to its call, which is not yet to be sent."""

    def __init__(self, payload, env):
        Exception.__init__(self)
        self.payload, self.env = payload, env


class Together(Client):
    """The part of a client that sends several payloads at once."""

    asking, ready, partly = False, None, False

    def answered(self, payload, env):
        if self.asking:
            raise Asked(payload, env)
        if self.ready is None:
            return super().answered(payload, env)
        (code, out, err, end), self.ready = self.ready, None
        return code, out, err, None, self.book.read(end) if end is not None else []

    def settle(self):
        if self.partly:  # what is derived is that of the last call by now
            self.witness.look(self.book.state, self.people)
        else:
            super().settle()

    def open(self):
        """Several sessions type the command at once; one of them leads."""
        if not self.setup.get("openings"):
            return super().open()
        calls = []
        for n in range(self.setup["openings"]):
            self.asking, own = True, self.session
            self.session = own if n == 0 else "5e551000-0000-4000-8000-0000000002%02d" % n
            try:
                super().open()
            except Asked as asked:
                calls.append((asked.payload, asked.env))
            finally:
                self.asking, self.session = False, own
        answers, _order = self._at_once(calls)
        self.book.read()
        need(self.book.state["team"] is not None, "OPEN", "nobody opened the run: %s", answers)
        self.session = self.book.state["team"]["session"]
        need([r["event"] for r in self.book.records].count("RUN_OPENED") == 1, "OPEN", "opened more than once: %s", answers)
        teams = [n for n in os.listdir(os.path.dirname(self.book.folder)) if not n.startswith(".")]
        need(len(teams) == 1, "OPEN", "two teams: %s", teams)

    def _at_once(self, calls, order=None):
        """Payloads to as many processes. order: the one in which they get the lock; as it comes when it is not given.
        Answers ([(code, output, errors, when it had the lock, how far it wrote)], [index] in order)."""
        pipes = []
        for payload, env in calls:
            out, release = os.pipe(), os.pipe()
            pid = os.fork()
            if pid == 0:
                with contextlib.suppress(BaseException):
                    signal.signal(signal.SIGALRM, signal.SIG_DFL)
                    disk = Clocked(release[0] if order is not None else None)
                    code, text, err, error = fuzz.answers(payload, env, self.now, disk)
                    kind = type(error).__name__ if error is not None and not isinstance(error, OSError) else None
                    found = codec.dumps([code, text, err, disk.locked, disk.end, kind, str(error)[:300]]).encode()
                    while found:
                        found = found[os.write(out[1], found) :]
                os._exit(0)
            os.close(out[1]), os.close(release[0])
            pipes.append((pid, out[0], release[1]))

        def finish(n):
            data, (pid, out, _release) = b"", pipes[n]
            while True:
                part = os.read(out, 65536)
                if not part:
                    break
                data += part
            os.close(out)
            os.waitpid(pid, 0)
            need(data, "CRASH", "the process of %s died without an answer", calls[n][0].get("hook_event_name"))
            found = codec.loads(data.decode())
            need(found[5] in (None, "Busy"), "TROUBLE", "the gate failed: %s: %s", found[5], found[6])
            need("Traceback" not in found[1] + found[2], "EXIT", "a traceback: %s", found[2][-300:])
            return found

        answers = [None] * len(calls)
        for n in order if order is not None else range(len(calls)):
            if order is not None:
                os.write(pipes[n][2], b"x")
            answers[n] = finish(n)
        for _pid, _out, release in pipes:
            os.close(release)
        return answers, sorted(range(len(calls)), key=lambda n: (answers[n][3] is None, answers[n][3] or 0.0, n))

    def do_together(self, who, deed):  # noqa: C901 - the course of one step that two take at once
        """Several deeds whose calls are answered at once. order: in which (as it came the first time); effects: in which they are then made."""
        calls = []
        for sub in deed["calls"]:
            actor = sub.get("who", "lead")
            person = self.person(actor)
            if actor not in ("lead", "foreign") and (person is None or not person.started or person.silent):
                continue
            if person is not None and not person.nested and sub["do"] in ACTS:
                self.wake(person)
        for sub in deed["calls"]:
            actor = sub.get("who", "lead")
            person = self.person(actor)
            if actor not in ("lead", "foreign") and (person is None or not person.started or person.silent):
                continue
            self.count += 1
            sub = dict(sub, use="toolu_%05d" % self.count)
            self.deed, self.asking = sub, True
            try:
                begun = getattr(self, "do_" + sub["do"])(actor, sub)
                if hasattr(begun, "send"):
                    next(begun)
            except Asked as asked:
                calls.append((sub, actor, asked))
            except StopIteration:
                pass
            finally:
                self.asking = False
        if not calls:
            return False
        order = deed.get("order")
        if order is not None and sorted(order) != list(range(len(calls))):
            order = list(range(len(calls)))
        answers, order = self._at_once([(a.payload, a.env) for _s, _w, a in calls], order)
        deed["order"] = order
        halves, self.partly = [], True
        try:
            end = len(self.book.raw)
            for n in order:
                sub, actor, _asked = calls[n]
                code, out, err, _locked, wrote = answers[n][:5]
                end = max(end, wrote or 0)
                self.deed, self.ready = sub, (code, out, err, end)
                if self.book.state["phase"] == "CLOSED":
                    break  # the others were let pass by a gate that guards nothing any more
                if n == order[-1]:
                    self.partly = False
                begun = getattr(self, "do_" + sub["do"])(actor, sub)
                if hasattr(begun, "send"):
                    with contextlib.suppress(StopIteration):
                        next(begun)
                        halves.append((n, sub, begun))
                if self.ready is not None:
                    self.book.read(end)
                    self.ready = None
        finally:
            self.partly, self.ready = False, None
        rest = self.book.read()
        need(
            not rest or self.book.state["phase"] == "CLOSED",
            "UNKNOWN_RECORDS",
            "records that none of the calls wrote: %s",
            [r["event"] for r in rest],
        )
        self._crowded([sub for _n, sub, _b in halves if sub["do"] == "spawn"])
        self.witness.checked["together"] = self.witness.checked.get("together", 0) + len(calls)
        rank = deed.get("effects") or []
        for _n, sub, begun in sorted(halves, key=lambda h: rank.index(h[0]) if h[0] in rank else h[0]):
            self.deed = sub
            self.carry(begun)

    def start(self, person, how="ok"):
        super().start(person, how)
        if person.known and self.headless and person.name in self.book.state["requests"]:
            person.stopping = True  # asked to shut down in the same moment: it ends with its turn

    def _crowded(self, spawns):
        """Spawns that were let through at once, each of which alone would have been right."""
        for key, kind in ((lambda s: s["name"].lower(), "SPAWN_NAME"), (self.asked_role, "SPAWN_ROLE")):
            seen = [key(s) for s in spawns]
            twice = [k for k in seen if seen.count(k) > 1 and (kind == "SPAWN_NAME" or self.alone(k))]
            need(not twice, kind, "let through at once: %s", twice)

    def alone(self, role):
        """Whether a team has one of a role at most."""
        return role in ("supervisor", "tech-lead") or role.endswith("-reviewer")


class WavesTogether(Together, WaveClient):
    """The same with a team of waves."""

    def alone(self, role):
        return True

    def do_prompt(self, who, deed):
        return super().do_prompt(who, deed) if not self.asking else Client.do_prompt(self, who, deed)

    def _crowded(self, spawns):
        super()._crowded(spawns)
        front = [s for s in spawns if self.witness.roles[self.asked_role(s)]["spawning"] == "foreground"]
        need(not front or len(spawns) == 1 or spawns[-1] in front, "FOREGROUND", "spawned beside %s at once: %s", front[:1], spawns)


class TogetherDeeds(Deeds):
    """Chooses deeds, several at once."""

    def next(self):
        if self.rng.random() < 0.5:
            return super().next()
        return self.at_once() or super().next()

    def at_once(self):
        rng, state = self.rng, self.c.book.state
        calls = []
        honest = [d for d in self.honest() if d["do"] in PARALLEL]
        rng.shuffle(honest)
        calls += honest[: rng.choice((1, 2, 3))]
        rival = self.rival(state, calls)
        calls += rival if isinstance(rival, list) else [rival] if rival else []
        if rng.random() < self.hostile:
            noise = self._noise()
            calls += [noise] if noise["do"] in PARALLEL else []
        if calls and rng.random() < 0.3:
            calls.append(dict(rng.choice(calls)))
        calls = self._sane(calls[:5])
        effects = list(range(len(calls)))
        rng.shuffle(effects)
        return {"do": "together", "calls": calls, "effects": effects} if len(calls) > 1 else None

    def _sane(self, calls):
        """At most one file at a time by one actor, who would wait for itself; one verification; one end of a turn; no deaths in between."""
        out, busy, ended = [], set(), set()
        for d in calls:
            key = (
                (d.get("who", "lead"), "file")
                if d["do"] in ("edit", "bash")
                else ("verify",)
                if d.get("words", [""])[0] == "verify"
                else None
            )
            who = d.get("who", "lead")
            if d["do"] == "pack" and [o for o in out if o.get("gated")] or d.get("gated") and [o for o in out if o["do"] == "pack"]:
                continue  # what changes the task between the leave to commit and the commit: no hook can hold that
            if key in busy or d["do"] == "prompt" and "abort" in d["text"]:
                continue
            if who != "lead" and (who in ended or d["do"] == "stops" and who in [o.get("who") for o in out]):
                continue  # an agent's turn ends once, and after its calls
            if d["do"] == "stops":
                ended.add(who)
            busy.add(key) if key else None
            out.append({k: v for k, v in d.items() if k not in ("kill", "use")})
        return out

    def rival(self, state, calls):
        """Something that wants the same at the same time."""
        rng = self.rng
        sup = [p.name for p in self.c.living("supervisor")] or ["supervisor"]
        coders = [
            self.c.key(p)
            for p in self.c.living()
            if p.role in ("coder", "realtime-dev", "realtime-engineer", "test-writer") and not p.silent
        ]
        kind = rng.randrange(7)
        n = self.number(state)
        t = state["tasks"].get(str(n))
        if kind == 0 and coders:
            return [{"do": "say", "who": c, "to": sup[0], "text": "CLAIM: task #%d" % n} for c in coders[:3]]
        if kind == 1 and t and t["owner"] and self.c.person(t["owner"]):
            done = {"do": "say", "who": t["owner"], "to": sup[0], "text": "DONE: task #%d" % n}
            return [done, self._edit(t["owner"], t)]
        if kind == 2 and t and coders:
            return [self._edit(c, t) for c in coders[:2]]
        if kind == 3:
            spawn = self._n_useful_spawn(state)
            return [spawn, dict(spawn, name=rng.choice((spawn["name"], spawn["name"] + "-9")))]
        if kind == 4:
            return [{"do": "stops", "who": "lead"}, self._n_useful_spawn(state)]
        if kind == 5:
            return {"do": "prompt", "who": "lead", "text": rng.choice(("/team:build plan.md", "team resume", "team status"))}
        return [self._n_stops(state), self._n_line(state)]


class WavesTogetherDeeds(TogetherDeeds, WaveDeeds):
    """The same for a team of waves."""

    kinds = WaveDeeds.kinds

    def rival(self, state, calls):
        rng = self.rng
        kind = rng.randrange(5)
        if kind == 0:
            return [self._n_wave_spawn(state), self._n_wave_spawn(state)]
        if kind == 1:
            return [{"do": "stops", "who": "lead"}, self._n_wave_spawn(state)]
        if kind == 2:
            return {"do": "pack", "who": "lead", "words": ["gate", "check"]}
        if kind == 3:
            return self._n_wake(state)
        return [self._n_stops(state), {"do": "prompt", "who": "lead", "text": rng.choice(("pause team", "resume team", "team approve go"))}]
