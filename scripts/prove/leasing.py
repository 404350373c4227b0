"""Leases and take-over of a fleet (docs/fleet.md): runs on several machines, a network that loses, delays and doubles, machines that die, sleep past
their time and wake as zombies, another machine that takes a run over.

The engine here is what the schema's functions do (pack/fleet/migrations), a call at a time, as the database serialises them;
tests/proof/test_leasing.py walks both through the same calls and compares. A copy of a run is a shipper with its hooks: one question at a time, asked
again until an answer comes; a question that never arrives leaves the world as it was. Time is one bit a run: whether its leases may be taken by
others. A write here is a commit.
"""

from .explore import Model

FILE, FOLDER = "a/x", "a/"  # in the way of each other
FREE, GONE, DEAD = "free", "fenced", "dead"
# What stands in the schema (the last one in shipper.py), each to be taken out: {guard: the small model that then goes wrong}.
LEASES, DOUBLED, SLOW, TAKEN, RECORDS = (
    "a file and its folder",
    "a doubled question",
    "slow answers",
    "take-over, a zombie",
    "records lost and doubled",
)
GUARDS = {
    "another copy is fenced": TAKEN,
    "a living run keeps its leases": LEASES,
    "folders and files": LEASES,
    "a write under a lease": LEASES,
    "new numbers at a take-over": TAKEN,
    "a take-over asked again is the same": TAKEN,
    "a living run is not taken over": TAKEN,
    "a run that ends gives all back": TAKEN,
    "a gap": RECORDS,
    "the chain of records": RECORDS,
    "the same again stores nothing": TAKEN,
    "time runs from before the question": SLOW,
}


def overlap(one, other):
    return one == other or one.endswith("/") and other.startswith(one) or other.endswith("/") and one.startswith(other)


class Refused(Exception):
    """code: as the schema's errors."""


class Engine:
    """State: {"n": the sequence, "runs": {run: (holder, epoch, living, closed, records)}, "leases": {path: (run, fence)}}; calls answer a new one."""

    def __init__(self, without=()):
        self.without = without

    def has(self, guard):
        return guard not in self.without

    def call(self, state, name, *args):
        """(state, answer) of one call; Refused changes nothing."""
        runs, leases = dict(state["runs"]), dict(state["leases"])
        e = {"n": state["n"], "runs": runs, "leases": leases}
        return e, getattr(self, name)(e, *args)

    def _mine(self, e, run, holder, epoch):
        if run not in e["runs"]:
            raise Refused("FL001")
        r = e["runs"][run]
        if (r[0], r[1]) != (holder, epoch) and self.has("another copy is fenced"):
            raise Refused("FL003")
        return r

    def announce(self, e, run, holder):
        if run not in e["runs"]:
            e["n"] += 1
            e["runs"][run] = (holder, e["n"], True, False, ())
        r = e["runs"][run]
        if r[0] != holder and self.has("another copy is fenced"):
            raise Refused("FL003")
        return r[1], r[4]

    def heartbeat(self, e, run, holder, epoch):
        r = self._mine(e, run, holder, epoch)
        if not r[3]:
            e["runs"][run] = (r[0], r[1], True, r[3], r[4])
        return tuple(sorted(p for p, (by, _f) in e["leases"].items() if by == run))

    def acquire(self, e, run, holder, epoch, path):
        r, inway = self._mine(e, run, holder, epoch), []
        if r[3]:
            raise Refused("FL021")
        for held, (by, _fence) in sorted(e["leases"].items()):
            if by == run or not (overlap(held, path) if self.has("folders and files") else held == path):
                continue
            other = e["runs"][by]
            if (other[3] or not other[2]) or not self.has("a living run keeps its leases"):
                del e["leases"][held]
            else:
                inway.append(held)
        if inway:
            return tuple(inway)
        if path not in e["leases"]:
            e["n"] += 1
            e["leases"][path] = (run, e["n"])
        e["runs"][run] = (r[0], r[1], True, r[3], r[4])
        return ()

    def release(self, e, run, holder, epoch, path):
        self._mine(e, run, holder, epoch)
        if e["leases"].get(path, (None,))[0] == run:
            del e["leases"][path]
        return ()

    def may_write(self, e, run, holder, epoch, path):
        r = self._mine(e, run, holder, epoch)
        held = any(by == run and (p == path or p.endswith("/") and path.startswith(p)) for p, (by, _f) in e["leases"].items())
        if held or not self.has("a write under a lease"):
            e["runs"][run] = (r[0], r[1], True, r[3], r[4])
            return True
        return False

    def ship(self, e, run, holder, epoch, first, lines, whole):
        """whole: what the sender's sum is over, up to its last line."""
        r = self._mine(e, run, holder, epoch)
        have = r[4]
        if first > len(have) + 1 and self.has("a gap"):
            raise Refused("FL010")
        known = max(0, min(len(have) - first + 1, len(lines))) if self.has("the same again stores nothing") else 0
        if have[first - 1 : first - 1 + known] != lines[:known]:
            raise Refused("FL011")
        if lines[known:] and have + lines[known:] != whole and self.has("the chain of records"):
            raise Refused("FL011")
        e["runs"][run] = r[:4] + (have + lines[known:],)
        return len(have) + len(lines) - known

    def take_over(self, e, run, holder, force):
        if run not in e["runs"]:
            raise Refused("FL001")
        r = e["runs"][run]
        if r[3]:
            raise Refused("FL021")
        if r[0] != holder or not self.has("a take-over asked again is the same"):
            if r[2] and not force and self.has("a living run is not taken over"):
                raise Refused("FL030")
            e["n"] += 1
            r = e["runs"][run] = (holder, e["n"], True, False, r[4])
            for path in sorted(p for p, (by, _f) in e["leases"].items() if by == run) if self.has("new numbers at a take-over") else ():
                e["n"] += 1
                e["leases"][path] = (run, e["n"])
        return r[1], r[4]

    def close(self, e, run, holder, epoch):
        r = self._mine(e, run, holder, epoch)
        if self.has("a run that ends gives all back"):
            for path in [p for p, (by, _f) in e["leases"].items() if by == run]:
                del e["leases"][path]
        e["runs"][run] = (r[0], r[1], r[2], True, r[4])
        return ()


# What is promised ---------------------------------------------------------------------------------------------------------


def one_holder(model, before, move, done, after):
    """Never two runs hold a path, or a path and its folder, at once."""
    held = sorted(after["p"]["leases"].items())
    for n, (path, (run, _f)) in enumerate(held):
        for other, (run2, _f2) in held[n + 1 :]:
            if run != run2 and overlap(path, other):
                return "%s is run %s's and %s run %s's" % (path, run, other, run2)


def numbers_grow(model, before, move, done, after):
    """A path that changes hands, or whose run another copy leads, has a higher fencing number than ever before; epochs only grow."""
    b, a = before["p"], after["p"]
    for path, (run, fence) in a["leases"].items():
        old = b["leases"].get(path)
        moved = old and run in b["runs"] and b["runs"][run][1] != a["runs"][run][1]
        if (old is None or old[0] != run or moved) and fence <= b["n"]:
            return "%s got %d again" % (path, fence)
    for run, r in b["runs"].items():
        if a["runs"][run][1] < r[1]:
            return "epoch of run %s fell" % run


def no_write_under_an_old_number(model, before, move, done, after):
    """What the engine accepts of a copy (a commit, records, leases, a close) comes from the copy that leads, and a commit from who holds its path."""
    for copy, name, args, answer in done:
        r = before["p"]["runs"].get(args[0])
        if name in ("announce", "take_over") or r is None:
            continue
        if r[0] != args[1]:
            return "%s of a fenced copy was accepted" % name
        if name == "may_write" and answer is True:
            mine = [p for p, (by, _f) in before["p"]["leases"].items() if by == args[0]]
            if not any(overlap(p, args[3]) for p in mine):
                return "a commit of %s was accepted, and run %s holds %s" % (args[3], args[0], mine or "nothing")


def a_commit_has_its_file_alone(model, before, move, done, after):
    """A commit that is made while the engine is away touches no path that another run holds, and none of a run that another copy leads."""
    for copy in after["m"]["offline"]:
        c = after["m"]["copies"][copy]
        for path, (by, _f) in after["p"]["leases"].items():
            if by != c["run"] and overlap(path, c["want"]):
                return "%s committed %s, which is run %s's" % (copy, c["want"], by)
        if after["p"]["runs"][c["run"]][0] != copy:
            return "%s committed for a run that another copy leads" % copy


def acknowledged_once(model, before, move, done, after):
    """Every record that was acknowledged to the copy that leads is stored, once, in order."""
    for name, c in after["m"]["copies"].items():
        r = after["p"]["runs"].get(c["run"])
        if r and (r[4][: c["acked"]] != c["lines"][: c["acked"]] and r[0] == name or len(set(r[4])) != len(r[4])):
            return "%s was told %d of %s, and stored is %s" % (name, c["acked"], c["lines"], r[4])


def never_two_leads(model, before, move, done, after):
    """A living run that its machine is heard of in is taken over by nobody; of two copies one at most has the number that counts."""
    b, a = before["p"]["runs"], after["p"]["runs"]
    for run, r in a.items():
        if run in b and b[run][0] != r[0] and b[run][2]:
            return "run %s was taken while it was heard of" % run
        if run in b and b[run][0] == r[0] and b[run][1] != r[1]:
            return "its own copy lost run %s's number" % run


SAFETY = (
    ("ONE_HOLDER", one_holder),
    ("NUMBERS_GROW", numbers_grow),
    ("NO_WRITE_UNDER_AN_OLD_NUMBER", no_write_under_an_old_number),
    ("A_COMMIT_HAS_ITS_FILE_ALONE", a_commit_has_its_file_alone),
    ("ACKNOWLEDGED_ONCE", acknowledged_once),
    ("NEVER_TWO_LEADS", never_two_leads),
)


class Leasing(Model):
    """runs: {run: the path that it wants}; spare: runs that a second machine may take over; the rest are budgets of faults."""

    SAFETY = SAFETY
    LIVENESS = "every run can be closed by somebody, and then no lease is left"

    def __init__(self, name, runs, spare=(), losses=1, doubles=1, lates=1, deaths=0, records=1, gaps=0, slow=0, without=()):
        self.name, self.runs, self.spare, self.engine = name, runs, spare, Engine(without)
        self.budget = {"loss": losses, "double": doubles, "late": lates, "death": deaths, "gap": gaps, "slow": slow}
        self.records = records

    def initial(self):
        copies = {}
        for run, want in self.runs.items():
            for machine in (1, 2) if run in self.spare else (1,):
                copies["%s%d" % (run, machine)] = {
                    "run": run,
                    "want": want,
                    "at": "begin" if machine == 1 else "apart",  # begin, work, away, apart; fenced, dead, over
                    "epoch": None,
                    "held": False,
                    "fresh": False,
                    "asked": None,  # the question that is out: (name, args, whether it was doubled, whether time ran out meanwhile)
                    "answer": None,  # what was answered and has not arrived
                    "lines": (),
                    "acked": 0,
                    "wrote": False,
                }
        m = {"copies": copies, "budget": dict(self.budget), "ghosts": (), "offline": ()}
        yield {"p": {"n": 0, "runs": {}, "leases": {}}, "m": m}

    def goal(self, world):
        runs, copies = world["p"]["runs"], world["m"]["copies"]
        known = all(run in runs or copies[run + "1"]["at"] == DEAD for run in self.runs)  # who died before a word was heard has nothing
        return known and all(r[3] for r in runs.values()) and not world["p"]["leases"]

    def key(self, world):
        p, m = world["p"], world["m"]
        numbers = {r[1] for r in p["runs"].values()} | {f for _r, f in p["leases"].values()}
        numbers |= {c["epoch"] for c in m["copies"].values() if isinstance(c["epoch"], int)}
        rank = {n: i for i, n in enumerate(sorted(numbers))}

        def plain(call):
            return call and (
                call[0],
                tuple(rank.get(a, a) if isinstance(a, int) and n == 2 else a for n, a in enumerate(call[1])),
                call[2:],
            )

        return repr(
            (
                sorted((run, r[0], rank[r[1]], r[2:]) for run, r in p["runs"].items()),
                sorted((path, by, rank[f]) for path, (by, f) in p["leases"].items()),
                [
                    (
                        n,
                        c["at"],
                        rank.get(c["epoch"], c["epoch"]),
                        c["held"],
                        c["fresh"],
                        plain(c["asked"]),
                        c["answer"],
                        c["lines"],
                        c["acked"],
                        c["wrote"],
                    )
                    for n, c in sorted(m["copies"].items())
                ],
                sorted(m["budget"].items()),
                sorted(map(repr, map(plain, m["ghosts"]))),
            )
        ).encode()

    # -- what may happen next: (label, honest, what) ---------------------------------------------------------------------------
    def moves(self, world):  # noqa: C901 - the moves of the world, one `yield` each
        m, runs = world["m"], world["p"]["runs"]
        left = {k for k, v in m["budget"].items() if v}
        for name, c in m["copies"].items():
            if c["at"] in (GONE, DEAD, "over"):
                continue
            if c["asked"]:
                yield ("%s is answered %s" % (name, c["asked"][0]), True, ("answer", name))
                if c["answer"]:
                    continue
                if "slow" in left:
                    yield ("%s's %s is done, its answer under way" % (name, c["asked"][0]), False, ("slow", name))
                if "loss" in left:
                    yield ("%s's %s is done and its answer lost" % (name, c["asked"][0]), False, ("lose", name))
                if "double" in left and not c["asked"][2]:
                    yield ("%s's %s is under way twice" % (name, c["asked"][0]), False, ("double", name))
            else:
                for call in self.questions(name, c, world):
                    yield ("%s asks %s" % (name, call[0]), True, ("ask", name, call))
                if "gap" in left and c["at"] == "work":
                    line = ("%s lost its place" % name,)
                    call = ("ship", (c["run"], name, c["epoch"], len(c["lines"]) + 2, line, c["lines"] + line))
                    yield ("%s leaves a record out" % name, False, ("gap", name, call))
                if c["at"] == "work" and c["fresh"] and c["held"] and not c["wrote"]:
                    yield ("%s commits while the engine is away" % name, False, ("offline", name))
            if "death" in left and name == c["run"] + "1" and c["run"] in self.spare:  # who else could end its run
                yield ("%s dies" % name, False, ("die", name))
        for n, ghost in enumerate(m["ghosts"]):
            yield ("a doubled %s arrives late" % ghost[0], True, ("ghost", n))
        for run, r in runs.items():
            if r[2] and not r[3]:
                dead = any(c["at"] == DEAD for c in m["copies"].values() if c["run"] == run)
                if "late" in left or dead:
                    yield ("the time of run %s runs out" % run, dead, ("late", run, not dead))

    def questions(self, name, c, world):
        """What a copy asks next."""
        me = (c["run"], name, c["epoch"])
        if c["at"] == "begin":
            return [("announce", me[:2])]
        if c["at"] == "apart":
            return [("take_over", me[:2] + (False,))] if c["run"] in world["p"]["runs"] else []
        out = [("heartbeat", me)] if not c["fresh"] else []
        if not c["held"]:
            return out + [("acquire", me + (c["want"],))]
        if not c["wrote"]:
            out.append(("may_write", me + (c["want"],)))
        elif c["acked"] < self.records:
            lines = c["lines"][c["acked"] :] or ("%s/%d" % (name, c["acked"] + 1),)
            out.append(("ship", me + (c["acked"] + 1, lines, c["lines"][: c["acked"]] + lines)))
        else:
            out.append(("close", me))
        return out + [("release", me + (c["want"],))] * (not c["wrote"] and self.records > 1)

    def step(self, world, move):  # noqa: C901 - one branch for each kind of move
        p, m, done = world["p"], dict(world["m"], copies=dict(world["m"]["copies"]), budget=dict(world["m"]["budget"]), offline=()), []
        what = move[2]

        def copy(name):
            m["copies"][name] = dict(m["copies"][name])
            return m["copies"][name]

        def engine(name, call):
            nonlocal p
            try:
                p, answer = self.engine.call(p, call[0], *call[1])
            except Refused as refused:
                return str(refused)
            done.append((name, call[0], call[1], answer))
            return answer

        kind = what[0]
        if kind in ("ask", "gap"):
            c, call = copy(what[1]), what[2]
            c["asked"] = call + (False, False)
            if call[0] == "ship" and kind == "ask":
                c["lines"] = c["lines"][: c["acked"]] + call[1][4]
            if kind == "gap":
                m["budget"]["gap"] -= 1
        elif kind == "answer":
            c = copy(what[1])
            call, answer = c["asked"], c["answer"]
            c.update(asked=None, answer=None)
            self.told(c, call, answer[0] if answer else engine(what[1], call), p)
        elif kind == "slow":
            c = copy(what[1])
            m["budget"]["slow"] -= 1
            c["answer"] = (engine(what[1], c["asked"]),)
        elif kind == "lose":
            c = copy(what[1])
            call, c["asked"] = c["asked"], None
            m["budget"]["loss"] -= 1
            engine(what[1], call)
        elif kind == "double":
            c = copy(what[1])
            c["asked"] = c["asked"][:2] + (True,) + c["asked"][3:]
            m["ghosts"] += (c["asked"],)
            m["budget"]["double"] -= 1
        elif kind == "ghost":
            ghost = m["ghosts"][what[1]]
            m["ghosts"] = m["ghosts"][: what[1]] + m["ghosts"][what[1] + 1 :]
            engine(ghost[1][1], ghost)
        elif kind == "offline":
            copy(what[1])["wrote"] = True
            m["offline"] = (what[1],)
        elif kind == "die":
            c = copy(what[1])
            c.update(at=DEAD, asked=None, answer=None)
            m["budget"]["death"] -= 1
        elif kind == "late":
            r = p["runs"][what[1]]
            p = dict(p, runs=dict(p["runs"]))
            p["runs"][what[1]] = r[:2] + (False,) + r[3:]
            m["budget"]["late"] -= what[2]
            for name in m["copies"]:
                if m["copies"][name]["run"] == what[1]:
                    c = copy(name)
                    c["fresh"] = False
                    if c["asked"]:
                        c["asked"] = c["asked"][:3] + (True,)
        return {"p": p, "m": m}, done

    def told(self, c, call, answer, p):
        """What a copy makes of an answer."""
        name, _args, _doubled, late = call
        if isinstance(answer, str):
            if answer == "FL003":
                c.update(at=GONE, held=False, fresh=False)
            elif answer == "FL021":
                c.update(at="over", held=False)
            return
        fresh = not late or not self.engine.has("time runs from before the question")
        if name in ("announce", "take_over"):
            c.update(at="work", epoch=answer[0], lines=answer[1], acked=len(answer[1]), held=False)
            if name == "take_over":
                c["held"] = p["leases"].get(c["want"], (None,))[0] == c["run"]
        elif name == "heartbeat":
            c.update(fresh=fresh, held=c["want"] in answer)
        elif name == "acquire" and answer == ():
            c.update(held=True, fresh=fresh)
        elif name == "release":
            c.update(held=False)
        elif name == "may_write":
            c.update(wrote=answer, held=answer, fresh=fresh)
        elif name == "ship":
            c["acked"] = max(c["acked"], min(answer, len(c["lines"])))
        elif name == "close":
            c.update(at="over", held=False)


def small(without=()):
    """Seconds together; each guard is missed by one of them."""
    return [
        Leasing("leases: " + LEASES, {"r": FILE, "s": FOLDER}, doubles=0, records=0, without=without),
        Leasing("leases: " + DOUBLED, {"r": FILE, "s": FOLDER}, losses=0, lates=0, records=0, without=without),
        Leasing("leases: " + SLOW, {"r": FILE, "s": FOLDER}, losses=0, doubles=0, slow=1, records=0, without=without),
        Leasing("leases: " + TAKEN, {"r": FILE}, spare=("r",), doubles=0, without=without),
        Leasing("leases: " + RECORDS, {"r": FILE}, lates=0, gaps=1, records=2, without=without),
    ]


def large():
    """What `make prove` explores besides."""
    return [
        Leasing("leases: two runs, one is taken over", {"r": FILE, "s": FOLDER}, spare=("r",), lates=2, doubles=0, deaths=1, records=0),
        Leasing("leases: take-over, every trouble", {"r": FILE}, spare=("r",), losses=2, doubles=1, lates=2, deaths=1, gaps=1, slow=1),
        Leasing("leases: a file and its folder, every trouble", {"r": FILE, "s": FOLDER}, losses=1, doubles=1, lates=2, records=1),
    ]
