"""Histories of leases on a real PostgreSQL, judged afterwards: in the manner of Jepsen, without its clocks.

Each history has some runs of one project (clients), a simulated network between each of them and the engine, and a seed that decides
everything: who asks for what, which call is lost before it arrives, whose answer is lost, what is sent twice, who is cut off, who sleeps
past its time and wakes as a zombie, who is taken over by another copy. The calls are the ones that the shipper makes, on the functions that
are shipped, in transactions of their own; time runs out by moving `until` back, as if it had passed (no history waits for a clock).

The judge knows nothing of the functions. It reads what the engine stored (leases, writes, log, records) and what each client was told:
  holders   no two runs hold a path, or a path and its folder, in one lineage at once
  numbers   a path's fencing numbers only grow from holder to holder
  writes    every write that was accepted was made by who held that path, by the log, under that number
  fenced    after a take-over nothing is accepted from the old copy
  once      every record that was acknowledged is stored once, in order, as it was sent
  free      once every run is closed no lease is left
"""

import hashlib
import os
import random
import sys

from pack.fleet.engine import Engine, FleetError

PATHS = ("a", "a/", "a/x", "a/y/", "a/y/z", "b", "B", "b/c", "d/")
USERS = ("alice", "bob", "carol")


class Lost(Exception):
    """The caller hears nothing: the call did not arrive, or its answer did not come back."""


class Client:
    """A copy of a run, as its shipper sees the world."""

    def __init__(self, world, name, user, run=None):
        self.world, self.name, self.user = world, name, user
        self.run, self.holder, self.epoch = run or world.hex(), world.hex(), None
        self.sent, self.chain, self.acked, self.cut = [], [b"\0" * 32], 0, False
        self.told_held = set()

    def call(self, function, *args):
        return self.world.send(self, lambda e: e.call(function, *args))

    def announce(self):
        self.epoch, stored = self.call(
            "announce",
            self.run,
            self.holder,
            self.world.project,
            self.name,
            "squad-" + self.user,
            "m",
            self.world.lineage(self.run),
            "main",
            "60 s",
        )[0][:2]
        self.acked = max(self.acked, stored)

    def me(self):
        return self.run, self.holder, self.epoch

    def ship(self):
        rng = self.world.rng
        while len(self.sent) < self.acked + rng.randint(1, 4):
            line = '{"by":"%s","seq":%d,"x":%d}' % (self.name, len(self.sent) + 1, rng.randrange(1000))
            self.sent.append(line)
            self.chain.append(hashlib.sha256(self.chain[-1] + line.encode()).digest())
        first = max(1, self.acked + 1 - rng.choice((0, 0, 1, 3)))
        got = self.call("ship", *self.me(), first, self.sent[first - 1 :], self.chain[-1])[0][0]
        self.acked = max(self.acked, got)

    def acquire(self):
        wants = [{"path": p, "task": 1} for p in self.world.rng.sample(PATHS, self.world.rng.choice((1, 1, 2, 3)))]
        if self.world.send(self, lambda e: e.acquire(*self.me(), wants)) == []:
            self.told_held |= {w["path"] for w in wants}

    def release(self):
        paths = self.world.rng.sample(PATHS, 2)
        self.told_held -= set(paths)
        self.call("release", *self.me(), paths)

    def write(self):
        paths = (
            self.world.rng.sample(sorted(self.told_held), 1)
            if self.told_held and self.world.rng.random() < 0.8
            else [self.world.rng.choice(PATHS)]
        )
        self.world.accepted.append((self.run, self.epoch, paths, self.call("may_write", *self.me(), paths)[0][0] == []))

    def skip(self):
        """A shipper that lost its place: what comes after the next record, with a sum that fits."""
        line = '{"seq":%d}' % (self.acked + 2)
        self.call("ship", *self.me(), self.acked + 2, [line], hashlib.sha256(self.chain[self.acked] + line.encode()).digest())

    def beat(self):
        self.call("heartbeat", *self.me(), "{}", "main", "")


class World:
    """One history. engines: {user: Engine}, shared by histories; admin: an Engine that row security does not bind, for time and judgement."""

    def __init__(self, engines, admin, seed):
        self.engines, self.admin, self.rng, self.seed = engines, admin, random.Random(seed), seed
        self.project = "p%d-%s" % (seed, self.hex()[:6])
        self.admin.rows("insert into fleet.projects (project, roots, made_by) values (%s, '{x}', session_user)", (self.project,))
        self.accepted, self.clients, self.lines, self.lates, self.calm = [], [], {}, set(), False
        for n in range(self.rng.randint(2, 4)):
            self.clients.append(Client(self, "r%d" % n, self.rng.choice(USERS)))

    def hex(self):
        return "%032x" % self.rng.getrandbits(128)

    def lineage(self, run):
        return self.lines.setdefault(run, "main" if self.rng.random() < 0.85 else "release")

    def send(self, client, work):
        """The network: lost on the way there, on the way back, or done twice."""
        if self.calm:
            return work(self.engines[client.user])
        if client.cut or self.rng.random() < 0.06:
            raise Lost()
        engine = self.engines[client.user]
        out = work(engine)
        if self.rng.random() < 0.08:
            try:
                out = work(engine)  # sent again by somebody in between
            except FleetError:
                pass
        if self.rng.random() < 0.08:
            raise Lost()
        return out

    def late(self, client):
        """Its time runs out, as while it sleeps."""
        self.lates.add(client.run)
        self.admin.rows("update fleet.runs set until = clock_timestamp() - interval '1 s' where run = %s", (client.run,))

    def take_over(self):
        old = self.rng.choice(self.clients)
        if self.rng.random() < 0.7:
            self.late(old)
        new = Client(self, old.name, self.rng.choice(USERS), old.run)
        new.sent, new.chain = list(old.sent), list(old.chain)
        force = self.rng.random() < 0.3
        got = self.send(new, lambda e: e.call("take_over", new.run, new.holder, "m2", force))[0]
        new.epoch, new.acked = got[0], got[1]
        keep = [line for (line,) in self.admin.rows("select line from fleet.records where run = %s order by seq", (new.run,))]
        new.sent, new.chain = keep, [b"\0" * 32]
        for line in keep:
            new.chain.append(hashlib.sha256(new.chain[-1] + line.encode()).digest())
        self.clients.append(new)  # the old one is not told: it goes on as a zombie

    def step(self):
        client = self.rng.choice(self.clients)
        try:
            deed = self.rng.choices(
                ("acquire", "write", "ship", "skip", "beat", "release", "late", "cut", "take"), (6, 6, 4, 1, 3, 2, 2, 1, 1)
            )[0]  # fmt: skip
            if deed == "late":
                self.late(client)
            elif deed == "cut":
                client.cut = not client.cut
            elif deed == "take":
                self.take_over()
            elif client.epoch is None:
                client.announce()
            else:
                getattr(client, deed)()
        except Lost:
            pass
        except FleetError as error:
            if error.code not in ("FL001", "FL002", "FL003", "FL010", "FL011", "FL021", "FL030"):
                raise

    # -- the judge ------------------------------------------------------------------------------------------------------
    def judge(self, steps):  # noqa: C901 - one question for each promise of a lease
        """What is wrong with this history, as lines; none when all is well."""
        rows, bad = self.admin.rows, []
        held = rows("select lineage, key, run, fence from fleet.leases where project = %s", (self.project,))
        bad += overlaps(held, "now")
        # played again from the log: who held what between which entries
        now, top = {}, {}
        for key, lineage, run, fence, what, _by in rows(
            "select key, lineage, run, fence, what, by_run from fleet.lease_log where project = %s order by id", (self.project,)
        ):
            at = (lineage, key)
            if what in ("granted", "moved"):
                if what == "granted" and at in now:
                    bad.append("holders: %s granted to %s while %s holds it" % (at, run[:6], now[at][0][:6]))
                if what == "moved" and now.get(at, (None,))[0] != run:
                    bad.append("holders: %s moved with %s, which does not hold it" % (at, run[:6]))
                if fence <= top.get(at, 0):
                    bad.append("numbers: %s got %d after %d" % (at, fence, top[at]))
                now[at], top[at] = (run, fence), fence
                bad += overlaps([(a[0], a[1], v[0], v[1]) for a, v in now.items()], "by the log")
            elif what == "expired" and run not in self.lates:
                bad.append("holders: %s taken from %s, whose time never ran out" % (at, run[:6]))
            elif now.pop(at, None) is None:
                bad.append("holders: %s %s and nobody holds it" % (at, what))
        if {(lineage, key): (run, fence) for lineage, key, run, fence in held} != now:
            bad.append("log: what is held is not what the log says")
        granted = {}
        for run, fence, lineage, key in rows("select run, fence, lineage, key from fleet.lease_log where project = %s and what in ('granted', 'moved')", (self.project,)):  # fmt: skip
            granted.setdefault(run, {}).setdefault(fence, set()).add(key)
        epochs = {}
        for run, epoch, key, fence in rows("select w.run, w.epoch, w.key, w.fence from fleet.writes w join fleet.runs r using (run) where r.project = %s order by w.id", (self.project,)):  # fmt: skip
            if not any(covers(k, key) for k in granted.get(run, {}).get(fence, ())):
                bad.append("writes: %s under %d, which %s was never given for it" % (key, fence, run[:6]))
            if epoch < epochs.get(run, 0):
                bad.append("fenced: %s accepted a write of epoch %d after one of %d" % (run[:6], epoch, epochs[run]))
            epochs[run] = max(epoch, epochs.get(run, 0))
        for run in {c.run for c in self.clients}:
            stored = rows("select seq, line from fleet.records where run = %s order by seq", (run,))
            if [n for n, _line in stored] != list(range(1, len(stored) + 1)):
                bad.append("once: %s has records %s" % (run[:6], [n for n, _line in stored]))
            for c in (c for c in self.clients if c.run == run):
                if [line for _n, line in stored[: c.acked]] != c.sent[: c.acked]:
                    bad.append("once: %s was told that %d are stored, and they are others" % (c.name, c.acked))
        return ["seed %d after %d steps: %s" % (self.seed, steps, line) for line in bad]

    def end(self):
        """Calm water: whoever leads can still store what it has. Then every run comes to its end; what is left?"""
        self.calm, bad = True, []
        for c in self.clients:
            leads = self.admin.rows("select 1 from fleet.runs where run = %s and holder = %s and member = %s", (c.run, c.holder, c.user))
            if leads and c.epoch is not None:
                try:
                    c.announce()
                    c.ship()
                except FleetError as error:
                    bad.append("seed %d: stuck: %s cannot store what it has: %s" % (self.seed, c.name, error))
        for run in {c.run for c in self.clients}:
            found = self.admin.rows("select holder, epoch, member from fleet.runs where run = %s", (run,))
            if found:
                holder, epoch, member = found[0]
                self.engines[member].call("close", run, holder, epoch, "{}")
        left = self.admin.rows("select key from fleet.leases where project = %s", (self.project,))
        return bad + (["seed %d: free: %s is leased, and every run is closed" % (self.seed, left)] if left else [])


# What each guard of the schema is for: (name, its text, what stands there once it is removed, what the judge then says).
GUARDS = (
    ("another copy is fenced", "if r.holder is distinct from p_holder or r.epoch is distinct from p_epoch then", "if false then", "fenced"),
    ("a living run keeps its leases", "if found and not fleet.living(gone) then", "if found then", "writes"),
    (
        "folders and files",
        "cross join lateral unnest(fleet.above(w.key)) as k(key)",
        "cross join lateral unnest(array[w.key]) as k(key)",
        "holders",
    ),
    ("a folder that is asked for", "and right(w.key, 1) = '/'", "and false", "holders"),
    ("a write under a lease", "if lost = '[]' then", "if true then", "writes"),
    ("new numbers at a take-over", "update fleet.leases l set fence = nextval('fleet.fence') where l.run = p_run;", "", "numbers"),
    ("a run that ends gives all back", "perform fleet.release(p_run, p_holder, p_epoch, null);", "", "free"),
    ("a gap", "if p_first > r.last_seq + 1 then", "if false then", "once"),
    (
        "the same again stores nothing",
        "known := greatest(0, least(r.last_seq - p_first + 1, cardinality(p_lines)));",
        "known := 0;",
        "once",
    ),
)


def without(migrations, guard):
    """The schema's migrations without one guard, wherever it stands."""
    _name, text, instead, _said = guard
    if not any(text in sql for _number, _file, sql in migrations):
        raise SystemExit("prove.leases: the guard %r is not in the schema" % text)
    return [(number, name, sql.replace(text, instead)) for number, name, sql in migrations]


def covers(held, key):
    return held.rstrip("/") == key.rstrip("/") or held.endswith("/") and key.startswith(held)


def overlaps(held, when):
    out = []
    for n, (lineage, key, run, _fence) in enumerate(held):
        for other, key2, run2, _fence2 in held[n + 1 :]:
            if run != run2 and lineage == other and (covers(key, key2) or covers(key2, key)):
                out.append("holders, %s: %s of %s and %s of %s" % (when, key, run[:6], key2, run2[:6]))
    return out


def history(engines, admin, seed, steps=40):
    """One history from its seed: what is wrong with it."""
    world = World(engines, admin, seed)
    for _ in range(steps):
        world.step()
    return world.judge(steps) + world.end()


def check(where, seeds, steps=40, say=lambda done, bad: None, first=False):
    """Many histories: [what is wrong], of the first wrong one alone where `first`. where: libpq's, without a user; the users of USERS are members there, `postgres` may do anything."""
    engines = {user: Engine(dict(where, user=user)) for user in USERS}
    admin, bad = Engine(dict(where, user="postgres")), []
    try:
        for n, seed in enumerate(seeds):
            bad += history(engines, admin, seed, steps)
            if bad and first:
                break
            if n % 500 == 499:
                say(n + 1, bad)
        return bad
    finally:
        for engine in list(engines.values()) + [admin]:
            engine.close()


def main(argv, checked=None, usual=1000):
    """`python -m prove.leases HISTORIES [FIRST SEED]`, or prove.processes with its own check, on a server of the tests' own. Exit 1 when a history is wrong."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.insert(0, os.path.join(root, "tests"))
    from fleet import server as servers

    from pack.fleet import setup

    count, first = int(argv[0]) if argv else usual, int(argv[1]) if len(argv) > 1 else 1
    server = servers.Server()
    try:
        server.start()
        where = {"host": server.folder, "port": str(server.port), "dbname": "postgres"}
        setup.init(dict(where, user="postgres"))
        for user in USERS:
            server.sql("create role %s login" % user)
            setup.grant(dict(where, user="postgres"), user, "member")
        more = {"server": server} if checked else {}
        bad = (checked or check)(
            where, range(first, first + count), say=lambda done, bad: print("%d histories, %d wrong" % (done, len(bad)), flush=True), **more
        )
        writes, grants = server.sql(
            "select (select count(*) from fleet.writes), (select count(*) from fleet.lease_log where what = 'granted')"
        )[0]
        print("%d histories: %d leases granted, %d writes accepted; wrong: %d" % (count, grants, writes, len(bad)))
        print("\n".join(bad[:20]))
        return 1 if bad else 0
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
