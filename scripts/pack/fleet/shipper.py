"""The process beside a run: ships its journal, keeps its leases alive, answers the hooks. One a run; it alone talks to the engine.

Started by a hook that finds none, ended by itself: when the run is closed and stored, when another copy leads, when the client is gone and
everything is stored (its leases then run out). It reads the journal only as far as the last acknowledged operation, so what a crash left
behind never leaves the machine.

Its chain is SHA-256 over the journal's lines, each hashed with the sum before it: PostgreSQL checks it without an extension (the journal's
own BLAKE2b it could not).
"""

import contextlib
import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import time

from ..base import codec, enforcement, paths, project_facts
from ..protocol import machine
from ..store.journal import START, decode_line
from . import approvals, files, setup, sprint
from .engine import Diverged, Engine, Fenced, FleetError, Unreachable

LOOK = 0.2  # seconds between looks at the journal
LEAVING = 5.0  # seconds that the next shipper waits for one that is leaving
BATCH_LINES, BATCH_BYTES = 2000, 1 << 20
GRACE = 30.0  # seconds that a lease is kept for a plan that is not in the journal yet
BUNDLE_MAX = 32 << 20
BUNDLE_AGAIN = 60.0  # seconds before commits that could not be kept are sent again


class Shipper:
    """run: the run's folder in the plugin's data; project: its checkout."""

    def __init__(self, run, project, engine=None):
        self.run, self.project = run, project
        self.own = files.read(run, "fleet.json")
        if not self.own:
            raise FleetError("%s is no run of a fleet" % run)
        self.settings, self.team = self.own["settings"], os.path.basename(run)
        self.journal = os.path.join(paths.team_folder(project, self.team), "journal.jsonl")
        self.engine = engine or Engine(self.settings["where"])
        self.ttl = self.settings["lease_minutes"] * 60.0
        self.lineage, self.branch = setup.lineage(project, self.settings)
        self.squad = setup.squad(project)
        self._forget()
        self.epoch = self.turn = None
        self.held, self.granted = {}, {}
        self.status = {"pid": os.getpid(), "state": "starting", "why": "", "shipped": 0, "last": 0, "heard": None, "boot": files.boot()}
        self.next_try = self.next_beat = 0.0
        self.pause, self.bundled, self.next_bundle, self.known = 0.25, None, 0.0, ""
        self.shown = None
        self.contracts = None  # (every contract's versions, who needs which), as the engine last said
        self.engine.listens = self.settings["project"]
        self.began = time.monotonic()

    def _forget(self):
        self.lines, self.offset, self.last, self.sum = [], 0, 0, START  # read and not shipped; how far; of which record
        self.chain, self.shipped, self.agreed = b"\0" * 32, 0, False  # of what the engine has
        self.state, self.batch, self.seen = machine.initial(), [], None

    def _again(self):
        """Read the journal from its beginning."""
        self._forget()
        self.look()

    # -- the journal here ---------------------------------------------------------------------------------------------
    def look(self):
        """Read on, up to the end of the last acknowledged operation. Answers how many records are new; raises Diverged when what was read
        is not there any more."""
        try:
            with open(os.path.join(self.run, "written"), "rb") as f:
                written = int(f.read().split(b" ")[0])
            with open(self.journal, "rb") as f:
                info = os.fstat(f.fileno())
                if self.seen not in (None, info.st_ino):
                    self._compare(f)
                self.seen = info.st_ino
                end = min(written, info.st_size)
                if end <= self.offset:
                    if info.st_size < self.offset:
                        raise Diverged("the journal was cut behind record %d, which is stored already" % self.last)
                    return 0
                f.seek(self.offset)
                data = f.read(end - self.offset)
        except (OSError, ValueError, IndexError):
            return 0
        found, start = 0, 0
        while True:
            stop = data.find(b"\n", start)
            if stop < 0:
                return found
            line = data[start:stop]
            try:
                record, self.sum = decode_line(line, self.sum)
                if record["seq"] != self.last + 1:
                    raise ValueError("seq")
            except (ValueError, KeyError, AttributeError, TypeError, UnicodeDecodeError):
                raise Diverged("the journal is damaged at record %d: the next hook mends it from its mirror" % (self.last + 1)) from None
            self.lines.append(line.decode("ascii"))
            self.last, start, found = record["seq"], stop + 1, found + 1
            self.offset += len(line) + 1
            self.batch.append(record)
            if record["more"] == 0:
                for one in self.batch:
                    self.next_beat = 0.0 if one["event"] == "COMMITTED" else self.next_beat
                    machine.replay(self.state, one, judged=False)
                self.batch = []

    def _compare(self, f):
        """The journal is another file now (mended, restored): what was read must be in it still."""
        total, count, end = START, 0, 0
        for line in f:
            if end >= self.offset or not line.endswith(b"\n"):
                break
            try:
                _record, total = decode_line(line[:-1], total)
            except (ValueError, KeyError, AttributeError, TypeError, UnicodeDecodeError):
                break
            count, end = count + 1, end + len(line)
        if (count, total) != (self.last, self.sum):
            raise Diverged("the journal was rewritten before record %d" % self.last)

    # -- the engine ---------------------------------------------------------------------------------------------------
    def me(self):
        return self.own["run"], self.own["holder"], self.epoch

    def announce(self):
        """Make the run known, or find out how far it is known. The chain that is stored must be this one's beginning."""
        self.squad = setup.squad(self.project)
        self.epoch, stored, total, self.turn = self.engine.call(
            "announce",
            self.own["run"],
            self.own["holder"],
            self.settings["project"],
            self.team,
            self.squad,
            setup.machine_facts()["machine"][:200],
            self.lineage,
            self.branch,
            "%.3f seconds" % self.ttl,
        )[0]
        if self.agreed and stored == self.shipped:
            return
        if self.agreed and stored < self.shipped:
            self._again()  # the engine lost what it had acknowledged (a standby took over without its last records): it gets it again
        if stored > self.last and not self.agreed:
            raise Diverged("the engine has %d records of this run and there are %d here" % (stored, self.last))
        for line in self.lines[: stored - self.shipped]:
            self.chain = hashlib.sha256(self.chain + line.encode("ascii")).digest()
        if stored < self.shipped or self.chain != bytes(total):
            raise Diverged("the first %d records that the engine has of this run are not those here" % stored)
        del self.lines[: stored - self.shipped]
        self.shipped, self.agreed = stored, True
        self._holdings()

    def _shown(self):
        """Of the facts those for which others look at once when they change."""
        return {k: v for k, v in self.facts().items() if k in ("phase", "tasks", "done")}

    def ship(self):
        """Send what is new, in order. What the engine has is what it answers."""
        while self.lines:
            batch, size, chain = [], 0, self.chain
            for line in self.lines[:BATCH_LINES]:
                size += len(line)
                if batch and size > BATCH_BYTES:
                    break
                batch.append(line)
                chain = hashlib.sha256(chain + line.encode("ascii")).digest()
            stored = self.engine.call("ship", *self.me(), self.shipped + 1, batch, chain)[0][0]
            if stored != self.shipped + len(batch):
                raise Diverged("the engine has %d records of this run, %d were sent" % (stored, self.shipped + len(batch)))
            del self.lines[: len(batch)]
            self.shipped, self.chain = stored, chain

    def beat(self):
        """A sign of life; finds out whether leases changed."""
        asked = files.seconds()
        self._bundle()
        with contextlib.suppress(FleetError):  # a git that does not answer now: who takes the run over needs the branch that was known
            self.branch = setup.branch(self.project)
        self.shown = self._shown()
        # The number alone: psycopg reads no time where the server's operator chose another DateStyle than ISO.
        told = (*self.me(), codec.dumps(self.facts()), self.branch, self.head())
        turn = self.engine.rows("select turn from fleet.heartbeat(%s, %s, %s, %s, %s, %s)", told)[0][0]
        self.next_beat = time.monotonic() + max(0.2, min(15.0, self.ttl / 4))
        if turn != self.turn:
            self._holdings()
        self._reconcile()
        self._mail()
        self._contracts()
        self._heard(asked)

    def _mail(self):
        """What other squads say: kept for the lead's next turn's end, and only then said to have arrived."""
        seen = []
        for _ in range(20):
            rows = self.engine.call("inbox", *self.me(), seen)
            if not rows:
                return
            files.news(
                self.run,
                [_told(*row) for row in rows],
            )
            seen = [row[0] for row in rows]

    def _contracts(self, ask=True):
        """What this clone has merged of the contracts that its squad depends on, for the hooks; `ask`: the engine, else as it last said."""
        if ask:
            found = sprint.needs(self.engine, self.settings["project"])
            mine = {n["name"] for n in found if n["squad"] == self.squad}
            versions = sprint.contracts(self.engine, self.settings["project"]) if mine else []
            self.contracts = ([c for c in versions if c["name"] in mine], found)
        before = files.read(self.run, "contracts.json", [])
        now = sprint.standing(self.project, self.squad, *self.contracts) if self.contracts else before
        if now != before:
            files.write(self.run, "contracts.json", now)
        return now

    def rang(self):
        """The bell of the project: messages and contracts are looked at now, and not at the next sign of life."""
        told = self.engine.heard()
        if self.engine.conn is None:
            self.epoch = None  # hung up: who leads, and what is stored, is asked anew
        if self.epoch is None or not told:
            return
        if {"messages", "items", "decision", "contracts"} & set(told):
            self._mail()
        if "contracts" in told:
            self._contracts()

    def _heard(self, asked):
        """The leases' time runs at least from when the question was asked: its answer may have been long under way."""
        self.status.update(heard=asked, boot=files.boot())

    def head(self):
        """The commit that HEAD names, or the last one that was known: without it whoever takes the run over checks nothing out."""
        self.known = project_facts.head(self.project) or self.known
        return self.known

    def facts(self):
        """What others see of the run."""
        tasks = [task for task in self.state["tasks"].values() if task["state"] != "CANCELLED"]
        return {
            "phase": self.state["phase"],
            "mode": self.state["mode"],
            "tasks": len(tasks),
            "done": sum(task["state"] == "DONE" for task in tasks),
            "last": self.last,
            "unleased": len(files.read(self.run, "unleased.json", [])),
        }

    def wanted(self):
        """{path: task} of what the run needs, as leases spell it. In a run of waves no task says it: what it has asked for, to its end."""
        if self.state["waves"] is not None:
            return dict.fromkeys(list(files.read(self.run, "asked.json", {})) + list(self.held))
        return files.spelt(self.project, self.state, files.wanted(self.state))

    def _holdings(self):
        """What the engine says this run holds; what it has lost meanwhile is news."""
        before = set(self.held)
        rows = self.engine.rows(
            "select r.turn, l.path, l.fence from fleet.runs r left join fleet.leases l using (run) where r.run = %s order by l.key",
            (self.own["run"],),
        )
        self.turn, self.held = rows[0][0], {path: fence for _turn, path, fence in rows if path is not None}
        files.write(self.run, "leases.json", self.held)
        lost = sorted(p for p in before - set(self.held) if p in self.wanted())
        if lost:
            files.news(self.run, ["the lease on %s ran out and another squad has it: `pack fleet status` says who" % p for p in lost[:20]])

    def _reconcile(self):
        """Give back what no task needs any more; ask for what was worked on while the engine was away."""
        need, now = self.wanted(), time.monotonic()
        free = [p for p in self.held if p not in need and now - self.granted.get(p, self.began) > min(GRACE, self.ttl)]
        if free:
            self.engine.call("release", *self.me(), free)
            self._holdings()
        missing = {p: n for p, n in need.items() if p not in self.held}
        waiting = {w["path"] for w in files.read(self.run, "unleased.json", [])}
        if self.lines or not (missing or waiting):
            return
        found = []
        for path, task in sorted(missing.items()):  # each by itself: one that is another squad's must not keep the others
            for c in self.engine.acquire(*self.me(), [{"path": path, "task": task}]):
                if path in waiting:
                    found.append(
                        "%s was changed here without a lease while the engine was away, and squad %s (%s%s, on %s) holds %s: agree with it before you merge"
                        % (path, c["squad"], c["team"], files.of_task(c["task"]), c["machine"], c["held"])
                    )
        self._holdings()
        if waiting:
            before = files.read(self.run, "conflicts.json", [])
            files.write(self.run, "conflicts.json", before + [line for line in found if line not in before])
            files.note(self.run, found)
            files.news(self.run, found)
            # A hook that had no answer in time may have added some meanwhile.
            files.write(self.run, "unleased.json", [w for w in files.read(self.run, "unleased.json", []) if w["path"] not in waiting])

    def _bundle(self):
        """The commits that no remote is known to have, for a machine that takes over; as far as they are not too many."""
        head, now = self.head(), time.monotonic()
        if not head or head == self.bundled or now < self.next_bundle:
            return
        self.next_bundle = now + BUNDLE_AGAIN  # a link that is too slow for it must not be asked at each sign of life
        size = setup.git(self.project, "rev-list", "--disk-usage", "--objects", "HEAD", "--not", "--remotes")
        self.status["unkept"] = ""
        if size is not None and int(size) > BUNDLE_MAX:
            self.bundled, self.status["unkept"] = (
                head,
                "%d MB of commits that no remote has are too many for the engine: push them" % (int(size) >> 20),
            )
            return
        if size is None or int(size):
            done = subprocess.run(
                ["git", "-C", self.project, "bundle", "create", "-q", "-", "HEAD", "--not", "--remotes"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            if done.returncode or len(done.stdout) > BUNDLE_MAX:  # asked again in a while; what was kept before stays
                self.status["unkept"] = "" if size is None else "git made no bundle of the commits that no remote has: push them"
                return
            self.engine.call("keep_bundle", *self.me(), head, done.stdout)
        self.bundled, self.next_bundle = head, 0.0

    # -- what hooks ask -------------------------------------------------------------------------------------------------
    def answer(self, asked):
        """One question of a hook, answered {"ok": True, ...} or {"ok": False, one of "inway", "lost", "fenced", "away" (nobody answered), "refused"
        (the engine did, and says no)}: {"ask": "own"}, {"ask": "lease", "wants": [...]}, {"ask": "write", "paths": [...]}, {"ask": "contracts"},
        {"ask": "approved", "paths": [...]}, {"ask": "say", "to", "answers", "body"}, {"ask": "release", "paths": [...]}."""
        before = files.seconds()
        try:
            self.connect()
            if asked["ask"] == "lease":
                inway = self.engine.acquire(*self.me(), asked["wants"])
                if not inway:
                    self.granted.update({w["path"]: time.monotonic() for w in asked["wants"]})
                    self._holdings()
                    self._heard(before)
                return {"ok": not inway, "inway": inway}
            if asked["ask"] == "write":
                lost = self.engine.call("may_write", *self.me(), asked["paths"])[0][0]
                self._heard(before)
                return {"ok": not lost, "lost": lost}
            if asked["ask"] == "contracts":
                return {"ok": True, "standing": self._contracts()}
            if asked["ask"] == "approved":
                return {"ok": True, "approved": approvals.approved(self.engine, self.settings["project"], self.own["run"], asked["paths"])}
            if asked["ask"] == "say":
                return self._say(asked)
            if asked["ask"] == "release":
                return {"ok": True, "count": self._let_go(asked["paths"])}
            self.beat()
            return {"ok": True}
        except Fenced as error:
            self._fenced(error)
            return {"ok": False, "fenced": True}
        except Unreachable as error:
            self._offline(error)
            return {"ok": False, "away": str(error), "standing": self._contracts(ask=False)}
        except Diverged as error:
            self._diverged(error)
            return {"ok": False, "refused": str(error), "diverged": True}
        except FleetError as error:
            return {"ok": False, "refused": str(error)}
        except OSError as error:
            return {"ok": False, "away": "the shipper cannot keep the answer: %s" % error}

    def _say(self, asked):
        """A message to a squad, or the answer to one of its messages; who is there to read it goes along."""
        to = asked["to"]
        if to is None:
            found = self.engine.rows(
                "select from_squad from fleet.messages where id = %s and project = %s", (asked["answers"], self.settings["project"])
            )
            to = found[0][0] if found else None
        others = self.engine.rows(
            "select team from fleet.runs where project = %s and squad = %s and run <> %s and closed is null and until > clock_timestamp()",
            (self.settings["project"], to, self.own["run"]),
        )
        if to == self.squad and not others:
            why = "squad %s is this run's own, and no other run of it is alive to read it: `pack fleet status` lists the squads" % to
            return {"ok": False, "refused": why}
        number = self.engine.call("say", *self.me(), asked["to"], asked["answers"], asked["body"])[0][0]
        return {"ok": True, "number": number, "to": to, "readers": len(others)}

    def _let_go(self, paths):
        """Give leases back that the user names; the number of those that were held."""
        asked = files.read(self.run, "asked.json", {})
        files.write(self.run, "asked.json", {p: n for p, n in asked.items() if p not in paths})
        count = self.engine.call("release", *self.me(), paths)[0][0]
        self._holdings()
        return count

    def _fenced(self, error):
        files.write(self.run, "fenced.json", error.detail or {"machine": "another machine"})
        self.status.update(state="fenced", why=str(error))

    def _diverged(self, error):
        self.status.update(state="diverged", why=str(error))
        self.epoch, self.next_try = None, time.monotonic() + 5.0  # nothing is asked for this copy before the records agree

    def _offline(self, error):
        self.status.update(state="offline", why=str(error))
        self.next_try, self.pause = time.monotonic() + self.pause, min(5.0, self.pause * 2)
        if self.engine.conn is None:
            self.epoch = None  # ask again who leads: meanwhile it may have been another

    # -- the loop -------------------------------------------------------------------------------------------------------
    def connect(self):
        """Reach the engine and agree with it where the run stands."""
        self.engine.connected()
        if self.epoch is None:
            self.look()
            self.announce()

    def step(self):
        """One look and what follows from it. Answers whether there is nothing left to do."""
        now, news = time.monotonic(), 0
        try:
            news = self.look()
            if now < self.next_try:
                return False
            self.connect()
            if self.lines:
                self.ship()
            if (now >= self.next_beat or news and self._shown() != self.shown) and self._leads():
                self.beat()
            self.rang()
            if self.state["phase"] == "CLOSED" and not self.lines:
                self._bundle()
                self.engine.call("close", *self.me(), codec.dumps(self.facts()))
                self.status.update(state="done", why="")
                files.write(self.run, "leases.json", {})
                files.write(self.run, "done", {})
                return True
            self.pause = 0.25
            self.status.update(state="ok", why="")
            if not self._leads() and not self.lines:
                self.status.update(state="left")
                return True
        except Fenced as error:
            self._fenced(error)
            return True
        except Diverged as error:
            self._diverged(error)
        except Unreachable as error:
            self._offline(error)
        except (FleetError, OSError) as error:  # a disk that is full ends no sign of life: it is tried again
            self.status.update(state="error", why=str(error))
            self.next_try = now + 5.0
        return False if news else self._orphan()

    def _leads(self):
        """Whether somebody may still be at work: a run whose client is gone keeps no file from others."""
        return self.state["team"] is None or enforcement.led(self.state)

    def _orphan(self):
        """The engine is away and the client, too: the next hook starts another one."""
        return not self._leads() and time.monotonic() - self.began > 60.0 and self.state["phase"] != "CLOSED"

    def more(self):
        """Whether a hook has written since the last look, or somebody leads again."""
        try:
            return bool(self.look()) or self._leads()
        except (FleetError, OSError):
            return False

    def tell(self):
        """Write how it stands, when that changed or was confirmed."""
        now = dict(self.status, shipped=self.shipped, last=self.last)
        if now != getattr(self, "_told", None):
            with contextlib.suppress(OSError):  # told when there is room again
                files.write(self.run, "ship.json", dict(now, at=time.time()))
                self._told = now

    def serve(self, line):
        """Loop until there is nothing left to do. line: the listening socket."""
        while True:
            over = self.step()
            self.tell()
            if over:
                return
            if self.engine.wait([line], 0 if self.lines and self.status["state"] == "ok" else LOOK):
                self._one(line)
                self.tell()

    def _one(self, line):
        there, _ = line.accept()
        with there:
            there.settimeout(2.0)
            try:
                data = b""
                while not data.endswith(b"\n") and len(data) < 4 << 20:
                    more = there.recv(65536)
                    if not more:
                        break
                    data += more
                asked = codec.loads(data.decode("utf-8"))
                there.sendall(codec.dumps(self.answer(asked)).encode("ascii") + b"\n")
            except (OSError, ValueError, KeyError, TypeError):
                return


def _told(number, squad, answers, body, kind):
    """A message of another squad, for the lead."""
    if kind != "asks":
        return "%s(message %d) %s" % ("" if kind == "blocker" else "squad %s " % squad, number, body)
    if answers:
        return "squad %s answers your message %d (message %d): %s" % (squad, answers, number, body)
    return "squad %s asks (message %d): %s; answer with `pack fleet answer %d 'TEXT'`" % (squad, number, body, number)


def run(folder, project):
    """The shipper of a run until it has nothing left to do. Answers an exit code; a second one leaves at once."""
    only = os.open(os.path.join(folder, "ship.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    one = None
    while _alone(only, folder):
        one = one or Shipper(folder, project)
        try:
            _answering(one, folder)
        finally:
            files.remove(folder, "ship.sock")
        fcntl.flock(only, fcntl.LOCK_UN)
        # A hook that wrote while this one was leaving started a second one, which found the lock taken: nobody would ship what it wrote.
        if one.status["state"] != "left" or not one.more():
            break
    return 0


def _alone(only, folder):
    """Take the lock of the one shipper; False where another has it, and does not say that it is leaving."""
    end = time.monotonic() + LEAVING
    while True:
        try:
            fcntl.flock(only, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if time.monotonic() > end or (files.read(folder, "ship.json") or {}).get("state") != "left":
                return False
            time.sleep(0.02)
    os.ftruncate(only, 0)
    os.pwrite(only, b"%d" % os.getpid(), 0)  # whom to end (takeover.py)
    return True


def _answering(one, folder):
    """Serve at the run's socket."""
    os.chdir(folder)  # the path of a socket is short, and a run's folder may not be
    files.remove(folder, "ship.sock")
    os.umask(0o077)
    with socket.socket(socket.AF_UNIX) as line:
        line.bind("ship.sock")
        line.listen(8)
        one.serve(line)


def drain(folder, project):
    """Store what a run has, once, where no shipper runs. Answers 0 when nothing is left to store."""
    only = os.open(os.path.join(folder, "ship.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(only, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return 0  # its own shipper is at it
    try:
        one = Shipper(folder, project)
        one.step()
        one.tell()
        one.engine.close()
        return 1 if one.lines or one.status["state"] not in ("ok", "left", "done") else 0
    finally:
        os.close(only)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2]))
