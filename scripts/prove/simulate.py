"""Whole runs on the real Store with a simulated disk and a simulated clock, deterministic: a seed repeats everything.

Every agent does what an honest team does, and nothing but what `advice.steps` (the text that the gate hands out) and its own
trade tell it. Around it things go wrong: processes die at any point of the disk, power fails, messages get lost, agents die
noticed and unnoticed, supervisors sleep and wake, coders edit after an approval, reviewers find something, the clock jumps,
somebody rewrites a file of the team. Each run must end in CLOSED; every acknowledged event must be there at the end.

`python -m prove.simulate SEED [COUNT]`: one simulation is 8 teams, each with up to 16 agents; 200 tasks together.
"""

import contextlib
import random
import sys
import time

from pack.base import codec
from pack.protocol import advice, guards_risks, machine, tables, view
from pack.protocol.refusal import Refusal
from pack.store.journal import Damaged, read_chain
from pack.store.render import state_md

from .explore import GATE, LEAD, actor
from .scenes import COMPLEX, FACTS, MEDIUM, task
from .simdisk import Died, SimDisk, SimStore

SPECIALISTS = list(tables.SPECIALISTS)


class Team:
    """One team's run."""

    def __init__(self, rng, disk, number, mode, tasks, faults):
        self.rng, self.disk, self.faults = rng, disk, faults
        self.folder, self.data = "team-%d" % number, "data-%d" % number
        self.mode = mode
        self.headless, self.tasks, self.now, self.ops, self.acked, self.silent, self.files = (
            rng.random() < 0.5,
            tasks,
            1000.0,
            0,
            {},
            set(),
            {},
        )
        self.zombies, self.log, self.edits, self.refused, self.told = [], [], {}, 0, {}

    # -- the store --------------------------------------------------------------------------------------------------
    def store(self):
        return SimStore(self.folder, self.data, self.disk)

    def load(self):
        store = self.store()
        with store.lock():
            return store.load()

    def raise_(self, name, who, /, **data):
        """One operation as a hook does it; killed processes are tried again with the same key. Answers whether it was accepted."""
        self.ops += 1
        key = "op%d" % self.ops
        for attempt in range(20):
            if self.faults and attempt < 3 and self.rng.random() < self.faults * 0.5:
                self.disk.die_at = self.rng.randrange(1, 9)
            try:
                store = self.store()
                with store.lock():
                    store.load()
                    now = store.clock(self.now)  # as the gate has it: a clock that was set back stops no timer
                    if machine.due(store.state, now) or store.jumped:
                        with contextlib.suppress(Refusal):
                            store.append({"event": "TICK", "actor": GATE, "data": {}, "key": None}, now)
                    try:
                        done = store.append({"event": name, "actor": who, "data": data, "key": key}, now)
                    except Refusal as refusal:
                        self.refused += 1
                        with contextlib.suppress(Refusal):
                            store.append({"event": refusal.record, "actor": who, "data": refusal.data(), "key": key}, now)
                        return False
                    seq = next((r["seq"] for r in done if r["key"] == key), None) or store.keys.get(key)
                    self.acked[key] = seq
                    return True
            except Died:
                if self.rng.random() < 0.2:
                    self.disk.power_failure()
            except Damaged:
                if not self.begin_anew():
                    raise
            finally:
                self.disk.die_at = None
        raise AssertionError("an operation never came through")

    def begin_anew(self):
        """The first operation was never acknowledged and left rubbish in both files: the next /build opens another run. Answers whether that is so."""
        if self.acked:
            return False
        self.folder, self.data = self.folder + "-2", self.data + "-2"
        return True

    # -- the actors ---------------------------------------------------------------------------------------------------
    def who(self, state, name):
        e = state["roster"][name]
        return actor(name, e["role"], e["inc"])

    def revision(self, number):
        return "r%d.%d" % (number, self.files.get(number, 0))

    def facts(self, number):
        return {"task": number, "revision": self.revision(number), "present": 1}

    def open(self):
        self.raise_(
            "RUN_OPENED",
            LEAD,
            name=self.folder,
            session="s",
            headless=self.headless,
            coders=self.rng.randrange(2, 10),
            client_pid=None,
            conventions="c0",
            plan=None,
            description="x",
            no_research=False,
            enforcement={"level": "full", "why": []},
            client="",
        )

    def plan(self):
        reviewers = self.rng.sample(SPECIALISTS, self.rng.randrange(1, 4)) if self.mode == "MEDIUM" else ()
        records, n = {}, self.tasks
        for i in range(1, n):
            blocked = [self.rng.randrange(1, i)] if i > 1 and self.mode == "COMPLEX" and self.rng.random() < 0.3 else []
            records[i] = task(i, ["f%d" % i], reviewers, blocked=blocked)
        records[n] = task(n, [".conventions/"], reviewers, blocked=list(range(1, n)))
        facts = {"SIMPLE": FACTS, "MEDIUM": MEDIUM, "COMPLEX": COMPLEX}[self.mode]
        self.raise_("PLAN_REGISTERED", LEAD, tasks={str(i): t for i, t in records.items()}, facts=facts, definition_of_done=["x"])

    def spawn(self, state, name, role):
        n = 2
        while name in state["roster"] and state["roster"][name]["state"] in tables.LIVING:
            name, n = "%s-%d" % (role, n), n + 1
        if self.raise_("SPAWN_REQUESTED", LEAD, name=name, role=role, call=None):
            inc = self.load().state["roster"][name]["inc"]
            if self.faults and self.rng.random() < self.faults * 0.3:
                self.raise_("SPAWN_FAILED", GATE, name=name, inc=inc, why="x")
            else:
                self.silent.discard(name)
                self.raise_("AGENT_BOUND", GATE, name=name, agent_id="%s/%d" % (name, inc))

    def do(self, state, s):  # noqa: C901 - one branch for each step that an agent can be told
        """What the one who was told a step does."""
        key, who = s["step"].split(":"), s["who"]
        number = s["task"]
        t = view.task(state, number) if number else None
        if who != "lead":
            if who in self.silent:
                return self.unnoticed(state, who)
            me = self.who(state, who)
        kind = key[0]
        sup = (view.living(state, "supervisor") or ["supervisor"])[0]
        tl = (view.present(state, "tech-lead") or [None])[0]
        if kind == "ack":
            return self.raise_("STATE_OWNERSHIP_ACK", me, to="lead", epoch=int(key[1]))
        if kind == "offer":
            return self.raise_("STATE_OWNERSHIP_HANDOFF", LEAD, to=view.present(state, "supervisor")[0], epoch=int(key[1]))
        if kind == "spawn":
            for role in s["step"][6:].split(","):
                self.spawn(self.load().state, role, role)
            return None
        if kind == "plan":
            return self.plan()
        if kind == "validate":
            return self.raise_("VALIDATE_PLAN", LEAD, to=tl)
        if kind == "plan-verdict":
            return self.raise_("PLAN_CHANGES" if self.rng.random() < 0.1 else "PLAN_OK", me, to="lead")
        if kind == "risks":
            return self.raise_(
                "RISKS", me, to="lead", n=1, counts={"CRITICAL": self.rng.randrange(2), "MAJOR": self.rng.randrange(2), "MINOR": 0}
            )
        if kind == "verdict":
            risk = self.rng.choice([r["id"] for r in guards_risks.listed(state)])
            inc = state["roster"][who]["inc"]
            return self.raise_("RISK_VERDICT", GATE, name=who, inc=inc, risk=risk, verdict=self.rng.choice(tables.RISK_VERDICTS))
        if kind == "mitigate":
            self.raise_("DECISIONS_WRITTEN", me, risks=[r["id"] for r in guards_risks.confirmed(state)])
            return self.raise_("RISKS_MITIGATED", me, to="lead")
        if kind == "risk-step":
            r = state["risks"]
            if not r["asked"]:
                return self.raise_("IDENTIFY_RISKS", LEAD, to=tl)
            if r["testers"] < machine.testers_needed(state):
                return self.spawn(state, "risk-%d" % (r["testers"] + 1), "risk-tester")
            for n in view.living(state, "risk-tester"):
                if not guards_risks.answered(state, n):
                    return self.unnoticed(state, n)
                self.raise_("AGENT_IDLE", GATE, name=n)
            return self.raise_("RISK_ANALYSIS_RESULTS", LEAD, to=tl)
        if kind == "decide":
            if t["cause"] == "IMPOSSIBLE_WAIT":
                for role in view.quorum(state, t)["absent"]:
                    if not view.living(state, role):
                        self.spawn(self.load().state, role, role)
                return None
            coders = [n for n in view.living(state) if state["roster"][n]["role"] in tables.IMPLEMENTERS and n not in self.silent]
            if not coders:
                return self.spawn(state, "coder-%d" % self.rng.randrange(1, 5), "coder")
            return self.raise_("TASK_ASSIGNED", LEAD, task=number, to=self.rng.choice(coders))
        if kind == "done":
            return self.raise_("DONE", me, to=sup, **self.facts(number))
        if kind == "fix":
            self.edit(state, who, number)
            return self.raise_("IN_REVIEW", me, to=sup, **self.facts(number))
        if kind == "ask":
            for n in view.present(state, key[2])[:1]:
                return self.raise_("REVIEW", me, to=n, **self.facts(number))
        if kind == "review":
            if self.edits.get(number, 0) < 2 and self.rng.random() < 0.15:
                self.edits[number] = self.edits.get(number, 0) + 1
                said = self.raise_("CHANGES_REQUESTED", me, to=t["owner"], **self.facts(number))
            else:
                said = self.raise_("APPROVED", me, to=t["owner"], **self.facts(number))
            if not said and t["revision"] != self.revision(number):  # the refusal says so: the coder is told to ask again
                e = self.load().state["roster"][t["owner"]]
                if e["state"] in tables.PRESENT and t["owner"] not in self.silent:
                    self.raise_("IN_REVIEW", actor(t["owner"], e["role"], e["inc"]), to=sup, **self.facts(number))
            return said
        if kind == "give":
            idle = [
                n for n in view.living(state) if state["roster"][n]["role"] in tables.IMPLEMENTERS and state["roster"][n]["state"] == "IDLE"
            ]
            return self.raise_("AGENT_ACTIVE", GATE, name=idle[0]) if idle else None
        if kind == "given":
            return self.raise_("AGENT_ACTIVE", GATE, name=t["owner"])
        if kind == "coder":
            return self.spawn(state, "coder-%d" % self.rng.randrange(1, 9), "coder")
        if kind == "stalled":
            return (
                self.raise_("AGENT_ACTIVE", GATE, name=t["owner"]) if t["owner"] not in self.silent else self.unnoticed(state, t["owner"])
            )
        if kind == "verify":
            self.raise_("VERIFY_STARTED", LEAD, nonce="n%d" % self.ops, build="b", test="t")
            nonce = self.load().state["verify"]["nonce"]
            return self.raise_("VERIFIED", GATE, nonce=nonce, build_exit=0, test_exit=0 if self.rng.random() > 0.1 else 1, tree="T")
        if kind == "consistency":
            if tl is None:
                return self.spawn(state, "tech-lead", "tech-lead") if not view.living(state, "tech-lead") else None
            if tl in self.silent:
                return self.unnoticed(state, tl)
            return self.raise_("CONSISTENCY_OK", self.who(state, tl), to="lead")
        if kind in ("ping", "loop", "escalate", "replace", "tool"):
            silent = key[1] in self.silent
            if kind in ("escalate", "tool") and who != "lead":
                self.raise_("SUPERVISOR_REPORT", me, to="lead", severity="WARN", action="ESCALATE")
            elif kind == "replace" and silent:
                return self.unnoticed(state, key[1])
            else:
                self.raise_("MAIL", GATE, to=key[1] if kind != "tool" else sup, by="lead" if who == "lead" else "supervisor")
            return None if silent or kind == "tool" else self.raise_("AGENT_ACTIVE", GATE, name=key[1])
        if kind == "teardown":
            return self.raise_("TEARDOWN_INIT", LEAD, tree="T", conventions="c1", persisted=True)
        if kind == "retry":
            return self.raise_("TEARDOWN_RETRY", LEAD)
        if kind == "forced":
            have = view.living(state, "supervisor")
            if self.rng.random() < 0.2:
                return None  # the lead is silent
            return self.raise_(
                self.rng.choice(("FORCED_FINALIZE_ACK", "FORCED_FINALIZE_ACK", "FORCED_FINALIZE_DENY")), LEAD, to=have[0] if have else None
            )
        if kind in ("last", "ask") or s["step"].startswith("ask:"):
            names = view.living(state, "supervisor") if kind == "last" else s["step"].split(":", 3)[3].split(",")
            for n in names:
                if n in state["roster"]:
                    self.raise_("SHUTDOWN_REQUESTED", LEAD, to=n, reason="")
            return None
        if kind == "unanswered":
            for n in view.living(state, "supervisor"):
                self.unnoticed(state, n)
            return None
        raise AssertionError("a step that nobody knows how to do: %s" % s)

    def edit(self, state, name, number, seen=True):
        self.files[number] = self.files.get(number, 0) + 1
        if seen:
            self.raise_("FILE_WRITTEN", GATE, task=number, path="f%d" % number, by=name, revision=self.revision(number))

    def unnoticed(self, state, name):
        """The lead has waited for somebody who died unnoticed: it stops the agent and the client says so."""
        e = state["roster"][name]
        self.told[name] = self.told.get(name, 0) + 1
        if self.told[name] >= 3 and e["state"] in tables.LIVING and not (state["phase"] == "TEARDOWN" and e["role"] != "supervisor"):
            self.told[name] = 0
            self.raise_("AGENT_ENDED", GATE, name=name, inc=e["inc"], why="stopped with TaskStop")

    def trade(self, state):  # noqa: C901 - one branch for each thing that an agent may do of itself
        """What agents do without being told: claim, implement, answer a shutdown request."""
        for name, e in list(state["roster"].items()):
            if name in self.silent and e["state"] in tables.LIVING:
                self.unnoticed(state, name)
                continue
            if e["state"] not in tables.PRESENT:
                continue
            if e["role"] == "risk-tester" and e["state"] == "ACTIVE" and name not in state["requests"]:
                self.raise_("AGENT_IDLE", GATE, name=name)  # it has reported
            elif (
                e["state"] == "ACTIVE"
                and e["role"] in ("tech-lead", tables.ENABLING) + tables.REVIEWERS
                and name not in state["requests"]
                and not advice.for_agent(state, name)
            ):
                self.raise_("AGENT_IDLE", GATE, name=name)  # nothing to do: it ends its turn
            elif e["state"] == "IDLE" and e["mail"] and name not in state["requests"]:
                self.raise_("AGENT_ACTIVE", GATE, name=name)  # its mail wakes it
            if name in state["requests"]:
                if self.headless:
                    self.raise_("AGENT_IDLE", GATE, name=name)
                elif self.rng.random() < 0.9:
                    self.raise_("SHUTDOWN_ID", GATE, name=name, request_id="q%d" % self.ops)
                    ids = self.load().state["requests"].get(name)
                    if ids:
                        self.raise_(
                            "SHUTDOWN_RESPONSE",
                            actor(name, e["role"], e["inc"]),
                            request_id=ids[-1],
                            approve=self.rng.random() < 0.9,
                            reason="",
                        )
                continue
            if e["role"] in tables.IMPLEMENTERS and state["phase"] in ("SETUP", "EXECUTION"):
                mine = view.owned(state, name, ("IN_PROGRESS",))
                if mine:
                    self.edit(state, name, mine[0])
                    self.raise_(
                        "IN_REVIEW",
                        self.who(state, name),
                        to=(view.living(state, "supervisor") or ["supervisor"])[0],
                        **self.facts(mine[0]),
                    )
                elif not view.owned(state, name, tables.WORKING):
                    free = view.claimable(state, name)
                    if free:
                        self.raise_(
                            "CLAIM",
                            self.who(state, name),
                            to=(view.living(state, "supervisor") or ["supervisor"])[0],
                            **self.facts(free[0]),
                        )
                    elif e["state"] == "ACTIVE":
                        self.raise_("AGENT_IDLE", GATE, name=name)

    def trouble(self, state):  # noqa: C901 - one branch for each trouble
        """One thing that goes wrong."""
        rng = self.rng
        alive = [n for n in view.living(state) if state["roster"][n]["state"] in tables.PRESENT]
        kind = rng.randrange(10)
        if kind == 0 and alive:
            n = rng.choice(alive)
            e = state["roster"][n]
            self.zombies.append(actor(n, e["role"], e["inc"]))
            self.raise_("AGENT_LOST", GATE, name=n, inc=e["inc"], why="API error")
        elif kind == 1 and alive:
            self.silent.add(rng.choice(alive))
        elif kind == 2 and self.zombies:
            z = rng.choice(self.zombies)
            number = rng.choice([n for n, _t in view.tasks(state)] or [1])
            name = rng.choice(("STATE_OWNERSHIP_ACK", "SUPERVISOR_REPORT", "APPROVED", "DONE", "CLAIM"))
            self.raise_(  # `promises` asks that it changes no task
                name,
                z,
                to="lead" if name.startswith("S") else "coder-1",
                epoch=state["owner"]["epoch"],
                severity="INFO",
                action=None,
                **self.facts(number),
            )
        elif kind == 3:
            working = [(n, t) for n, t in view.tasks(state) if t["state"] in tables.WORKING and t["owner"]]
            if working:
                n, t = rng.choice(working)
                self.edit(state, t["owner"], n, seen=rng.random() < 0.6)
        elif kind == 4:
            self.now += rng.choice((-31536000.0, 31536000.0, 61.0, 301.0))
        elif kind == 5:
            path = self.folder + rng.choice(("/state.md", "/journal.jsonl", "/snapshot.json"))
            if path in self.disk.files:
                data = self.disk.files[path][0]
                at = rng.randrange(len(data))
                self.disk._touch(path, rng.choice((data[:at], data + b"x\n", data[:at] + b"?" + data[at + 1 :])))
        elif kind == 6:
            self.disk.remove(self.folder + rng.choice(("/state.md", "/snapshot.json", "/journal.jsonl")))
        elif kind == 7:
            for wrong in ("STATE_OWNERSHIP_HANDOFF",):
                self.raise_(wrong, LEAD, to=rng.choice(alive or ["x"]), epoch=rng.randrange(0, 5))
        elif kind == 8 and state["phase"] in ("EXECUTION", "TEARDOWN", "COMPLETION") and self.mode != "SIMPLE" and rng.random() < 0.3:
            self.raise_("TASK_ADDED", LEAD, task_record=task(0, ["g%d" % self.ops], ["logic-reviewer"]))
        elif kind == 9 and self.mode == "SIMPLE" and view.tasks(state) and rng.random() < 0.3:
            for n in alive:
                if state["roster"][n]["role"] in ("coder", "unified-reviewer"):
                    self.raise_(
                        "ESCALATE_TO_MEDIUM", self.who(state, n), to=(view.living(state, "supervisor") or ["x"])[0], **self.facts(1)
                    )
                    break

    # -- the run --------------------------------------------------------------------------------------------------------
    def turn(self, calm):
        """One round of everybody. Answers whether the run is closed."""
        try:
            state = self.load().state
        except Died:
            return False
        except Damaged:
            if not self.begin_anew():
                raise
            return False
        if state["team"] is None:
            self.open()
            return False
        if state["phase"] == "CLOSED":
            return True
        if not calm and self.rng.random() < self.faults:
            self.trouble(state)
            state = self.load().state
        for s in advice.steps(state)[:6]:
            state = self.load().state
            if s in advice.steps(state) and (s["who"] == "lead" or state["roster"].get(s["who"], {}).get("state") in tables.PRESENT):
                if not calm and self.rng.random() < self.faults * 0.3:
                    continue  # a message that nobody got
                self.do(state, s)
        self.trade(self.load().state)
        self.now += self.rng.choice((0.5, 1.0, 5.0, 20.0, 65.0))
        self.raise_("TICK", GATE)
        return self.load().state["phase"] == "CLOSED"

    def check(self):
        """Nothing lost, nothing twice, replay = snapshot = state.md, and the promises of a closed run."""
        store = self.load()
        store.append({"event": "TICK", "actor": GATE, "data": {}, "key": None}, self.now)  # what was not rendered before a crash is now
        raw = self.disk.read(store.journal)
        records, end, problem = read_chain(raw)
        assert problem == "" and end == len(raw) and [r["seq"] for r in records] == list(range(1, len(records) + 1))
        keys = {}
        for r in records:
            if r["key"]:
                assert r["key"] not in keys, "%s twice" % r["key"]
                keys[r["key"]] = r["seq"]
        for key, seq in self.acked.items():
            assert seq is None or keys.get(key) == seq, "%s was acknowledged at %s and is at %s" % (key, seq, keys.get(key))
        assert all(a["ts"] <= b["ts"] and a["epoch"] <= b["epoch"] for a, b in zip(records, records[1:]))
        state, replayed = machine.initial(), machine.initial()
        for r in records:
            before = state
            state, _effects = machine.step(state, r, r["ts"])
            machine.replay(replayed, r)
            promises(before, r, state)
            if r["more"] == 0:
                text = codec.dumps(state)
                assert codec.dumps(replayed) == text and r["state"] == codec.digest(text), "the state after record %d" % r["seq"]
        assert codec.dumps(state) == codec.dumps(self.load().state)
        assert self.disk.read(store.state_file) == state_md(state, records[-1]["seq"]).encode()
        return records


def promises(before, record, after):
    """The promises on every record of a finished journal."""
    for n, t in after["tasks"].items():
        old = before["tasks"].get(n)
        if old and old["state"] in ("DONE", "CANCELLED"):
            assert t["state"] == old["state"], "#%s left %s" % (n, old["state"])
        if t["state"] == "DONE" and old and old["state"] != "DONE":
            q = view.quorum(before, old, record["data"]["revision"])
            assert q["result"] == "APPROVED" and set(q["have"]) == set(view.required(before, old)), "#%s DONE with %s" % (n, q)
    speaker = before["roster"].get(record["actor"]["name"])
    if speaker and (speaker["inc"] != record["actor"]["inc"] or speaker["state"] not in tables.LIVING):
        assert before["tasks"] == after["tasks"], "%s of incarnation %d, which is over, changed a task: %s" % (
            record["actor"]["name"],
            record["actor"]["inc"],
            record["event"],
        )
    if record["event"] == "TEAM_DELETED":
        left = [n for n in view.living(before) if n not in before["teardown"]["unresolved"]]
        assert not left and not view.open_tasks(before), "deleted with %s, %s" % (left, view.open_tasks(before))
    a, b = before["owner"], after["owner"]
    assert b["epoch"] >= a["epoch"] and (a["epoch"] != b["epoch"] or not a["epoch"] or (a["holder"], a["inc"]) == (b["holder"], b["inc"]))


class Tally:
    """Figures of many simulations."""

    def __init__(self):
        self.runs, self.records, self.refused, self.closed, self.forced, self.divergences, self.tasks, self.agents = 0, 0, 0, 0, 0, 0, 0, 0


def simulate(seed, teams=8, tasks=200, faults=0.08, rounds=400, tally=None):
    """One simulation; raises AssertionError with the seed when a promise breaks or a run does not end. Answers a Tally."""
    tally, rng = tally or Tally(), random.Random(seed)
    disk = SimDisk(rng)
    modes = ["COMPLEX", "COMPLEX"] + [rng.choice(("SIMPLE", "MEDIUM", "COMPLEX")) for _ in range(teams - 2)]
    few = {"SIMPLE": 1, "MEDIUM": 3}  # with more tasks than two or four a plan is COMPLEX: those hold the rest
    each = (tasks - sum(few.get(m, 0) for m in modes)) // modes.count("COMPLEX")
    runs = [Team(rng, disk, n, m, few.get(m, each), faults) for n, m in enumerate(modes)]
    left = list(runs)
    for r in range(rounds):
        for team in list(left):
            try:
                if team.turn(calm=r > 120):
                    left.remove(team)
            except Died:
                pass
            except Exception as error:
                raise AssertionError("seed %d, team %s, round %d: %s: %s" % (seed, team.folder, r, type(error).__name__, error)) from error
        if not left:
            break
    for team in runs:
        try:
            state = team.load().state
            assert team not in left, "not closed after %d rounds: phase %s, teardown %s, owner %s, steps %s, tasks %s" % (
                rounds,
                state["phase"],
                state["teardown"]["state"],
                view.owner_text(state),
                [(s["who"], s["text"]) for s in advice.steps(state)][:3],
                {n: (t["state"], t["cause"], t["owner"]) for n, t in view.tasks(state) if t["state"] not in tables.TERMINAL},
            )
            records = team.check()
        except AssertionError as error:
            raise AssertionError("seed %d, team %s (%s): %s" % (seed, team.folder, team.mode, error)) from error
        tally.runs += 1
        tally.closed += 1
        tally.records += len(records)
        tally.refused += team.refused
        tally.tasks += len(state["tasks"])
        tally.agents = max(tally.agents, len(state["roster"]))
        tally.forced += state["teardown"]["ack_status"] is not None
        tally.divergences += sum(r["event"] in ("STATE_DIVERGENCE", "SNAPSHOT_NOT_FOUND", "SNAPSHOT_CONFLICT") for r in records)
    return tally


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    seed, count = int(argv[0]) if argv else 1, int(argv[1]) if len(argv) > 1 else 1
    tally, start, bad = Tally(), time.time(), 0
    for n in range(seed, seed + count):
        try:
            simulate(n, tally=tally)
        except AssertionError as error:
            bad += 1
            print(error, flush=True)
    print(
        "%d whole runs of %d simulations, %d tasks, %d records, up to %d agents a team, %d refusals, %d forced finalizes, %d divergences mended, %d failures, %.0f s"
        % (
            tally.runs,
            count,
            tally.tasks,
            tally.records,
            tally.agents,
            tally.refused,
            tally.forced,
            tally.divergences,
            bad,
            time.time() - start,
        )
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
