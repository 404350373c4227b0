"""Histories of a fleet with real processes: shippers that are killed, stopped and woken, a server that is killed, a run that another copy takes over.

A history has some runs of one project, each with a real journal, a real shipper (a process of its own, forked from this one: nothing is simulated in
it but its client) and the socket that hooks ask it through. A seed says who asks for what and who is killed; the machine's scheduler does the rest, so a
seed repeats a history's deeds and not their timing. What the engine stored in the end is judged by prove.leases' judge, and at the end, in calm
water, whoever leads must be able to store everything and to end, and no lease may be left.

`python -m prove.processes HISTORIES [FIRST SEED]`
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from pack.base import paths
from pack.fleet import desk, files, shipper, takeover
from pack.fleet.engine import Engine, FleetError
from pack.store.journal import Store

from . import worker
from .leases import PATHS, USERS, World

STEPS = 14
PATIENCE = 40.0  # seconds until a history that does not end is stuck


class Copy:
    """A run on one machine: its folders, its shipper."""

    def __init__(self, world, name, user, run, holder):
        self.world, self.name, self.user, self.run, self.holder = world, name, user, run, holder
        self.project = tempfile.mkdtemp(prefix=name + "-", dir=world.folder)
        shutil.copytree(os.path.join(world.base, "git"), os.path.join(self.project, ".git"))
        with open(os.path.join(self.project, ".git", "config"), "a") as f:
            f.write("[team]\n\tsquad = squad-%s\n" % user)
        self.data = os.path.join(self.project + "-data", "t")
        self.store = Store(paths.team_folder(self.project, "t"), self.data)
        os.makedirs(self.data)
        settings = {"project": world.project, "where": dict(world.where, user=user), "trunk": "main", "own": [], "offline": "refuse"}
        files.write(self.data, "fleet.json", {"run": run, "holder": holder, "settings": dict(settings, lease_minutes=1)})
        self.pid, self.count = None, 0

    def record(self):
        """The hooks' part: one more operation in the journal."""
        with self.store.lock():
            self.store.load()
            key = "%s-%d" % (self.name, self.count)
            self.count += 1
            if self.store.state["team"] is None:
                event = {"event": "RUN_OPENED", "actor": worker.LEAD, "data": dict(worker.OPENED, client_pid=os.getpid()), "key": "open"}
            else:
                event = worker.an_event(self.world.rng, key)
            self.store.append(event, time.time())

    def start(self):
        """Its shipper, where none runs."""
        if self.alive():
            return
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.setsid()
                quiet = os.open(os.devnull, os.O_RDWR)
                for n in (0, 1, 2):
                    os.dup2(quiet, n)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                code = shipper.run(self.data, self.project)
            finally:
                os._exit(code)

    def alive(self):
        if self.pid is None:
            return False
        done, _ = os.waitpid(self.pid, os.WNOHANG)
        if done:
            self.pid = None
        return self.pid is not None

    def signal(self, number):
        if self.alive():
            os.kill(self.pid, number)
            if number == signal.SIGKILL:
                os.waitpid(self.pid, 0)
                self.pid = None

    def ask(self, question, seconds=0.5):
        if self.world.rng.random() < 0.8:
            self.start()  # as the hook that asks does
        return desk.put(self.data, self.project, {}, question, seconds)

    def status(self):
        return files.read(self.data, "ship.json") or {}

    @property
    def sent(self):
        return self.store.disk.read(self.store.journal).decode("ascii").splitlines()

    @property
    def acked(self):
        return self.status().get("shipped", 0)


class Machines(World):
    """One history."""

    def __init__(self, base, where, server, admin, seed):
        self.base, self.where, self.server, self.admin, self.rng, self.seed = base, where, server, admin, random.Random(seed), seed
        self.folder = tempfile.mkdtemp(prefix="history-", dir=base)
        self.project = "q%d-%s" % (seed, self.hex()[:6])
        admin.rows("insert into fleet.projects (project, roots, made_by) values (%s, '{x}', session_user)", (self.project,))
        self.clients, self.lates, self.told = [], set(), []
        for n in range(self.rng.randint(2, 3)):
            self.clients.append(Copy(self, "r%d" % n, self.rng.choice(USERS), self.hex(), self.hex()))
        for copy in self.clients:
            copy.record()
            copy.start()

    def step(self):
        copy, rng = self.rng.choice(self.clients), self.rng
        deed = rng.choices(
            ("lease", "write", "record", "own", "kill", "stop", "wake", "late", "take", "server"), (6, 5, 5, 1, 3, 2, 3, 2, 1, 0.1)
        )[0]  # fmt: skip
        if deed == "lease":
            wants = [{"path": p, "task": 1} for p in rng.sample(PATHS, rng.choice((1, 2)))]
            self.told.append((copy.run, copy.ask({"ask": "lease", "wants": wants}).get("ok")))
        elif deed == "write":
            self.told.append((copy.run, copy.ask({"ask": "write", "paths": [rng.choice(PATHS)]}).get("ok")))
        elif deed == "own":
            copy.ask({"ask": "own"})
        elif deed == "record":
            if not files.read(copy.data, "fenced.json"):  # a hook records nothing there
                copy.record()
                copy.start()
        elif deed == "kill":
            copy.signal(signal.SIGKILL)
        elif deed == "stop":
            copy.signal(signal.SIGSTOP)
        elif deed == "wake":
            copy.signal(signal.SIGCONT)
            copy.start()
        elif deed == "late":
            self.late(copy)
        elif deed == "take":
            self.take_over(copy)
        elif deed == "server" and self.server is not None:
            self.server.stop(signal.SIGKILL)
            self.server.start()
            self.admin.close()

    def take_over(self, old):
        """As `pack fleet resume` does, without its branch."""
        if self.rng.random() < 0.6:
            self.late(old)
        new = Copy(self, old.name, self.rng.choice(USERS), old.run, self.hex())
        try:
            with Engine(dict(self.where, user=new.user)) as engine:
                row = engine.call("take_over", new.run, new.holder, "m2", self.rng.random() < 0.4)[0]
                journal = takeover._journal(engine, new.run, row[1], bytes(row[2]))
        except FleetError:
            shutil.rmtree(new.project)
            return
        with new.store.lock():
            takeover._put(new.store, journal)
            new.store.load()
        new.count = 1000 * len(self.clients)
        self.clients.append(new)
        new.record()
        new.start()

    def end(self):
        """Everybody is awake and the engine is there: whoever leads stores what it has; then every run is closed."""
        bad, limit = [], time.monotonic() + PATIENCE
        for copy in self.clients:
            copy.signal(signal.SIGCONT)
        leads = {h for (h,) in self.admin.rows("select holder from fleet.runs where project = %s", (self.project,))}
        for copy in (
            c for c in self.clients if c.holder in leads or not self.admin.rows("select 1 from fleet.runs where run = %s", (c.run,))
        ):
            while True:
                copy.start()
                status = copy.status()
                if status.get("state") in ("ok", "left") and status.get("shipped") == len(copy.sent):
                    break
                if time.monotonic() > limit:
                    bad.append("seed %d: stuck: %s has %d records and %s" % (self.seed, copy.name, len(copy.sent), status))
                    break
                time.sleep(0.01)
        for copy in (c for c in self.clients if c.holder not in leads):
            copy.start()
            while copy.alive() and not files.read(copy.data, "fenced.json") and time.monotonic() < limit:
                copy.ask({"ask": "own"}, 0.3)
        for copy in self.clients:
            copy.signal(signal.SIGKILL)
        bad += self.judge(STEPS)
        for run, holder, epoch, member in self.admin.rows(
            "select run, holder, epoch, member from fleet.runs where project = %s", (self.project,)
        ):
            with Engine(dict(self.where, user=member)) as engine:
                engine.call("close", run, holder, epoch, "{}")
        left = self.admin.rows("select key from fleet.leases where project = %s", (self.project,))
        return bad + (["seed %d: free: %s is leased, and every run is closed" % (self.seed, left)] if left else [])


def check(where, seeds, server=None, say=lambda done, bad: None):
    """Many histories: [what is wrong]. where: libpq's, without a user; server: what may be killed in between."""
    base, bad, launch = tempfile.mkdtemp(prefix="processes-"), [], desk.launch
    desk.launch = lambda run, project, env: None  # a killed shipper is started by its history
    work = os.path.join(base, "work")
    for words in (("init", "-q", "-b", "main", work), ("-C", work, "commit", "-q", "--allow-empty", "-m", "begun")):
        named = ("-c", "user.name=x", "-c", "user.email=x@example.invalid")
        subprocess.run(("git",) + named + words, check=True, stdout=subprocess.DEVNULL)
    os.rename(os.path.join(work, ".git"), os.path.join(base, "git"))
    admin = Engine(dict(where, user="postgres"))
    try:
        for n, seed in enumerate(seeds):
            world = Machines(base, where, server, admin, seed)
            try:
                for _ in range(STEPS):
                    world.step()
                bad += world.end()
            finally:
                for copy in world.clients:
                    copy.signal(signal.SIGCONT)
                    copy.signal(signal.SIGKILL)
                shutil.rmtree(world.folder)
            if n % 50 == 49:
                say(n + 1, bad)
        return bad
    finally:
        admin.close()
        desk.launch = launch
        shutil.rmtree(base)


if __name__ == "__main__":
    from .leases import main

    sys.exit(main(sys.argv[1:], check, 500))
