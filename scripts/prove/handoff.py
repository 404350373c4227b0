"""Ownership (PROTOCOL 3): up to three incarnations of the supervisor, offers that are lost, doubled or reordered, crashes
noticed and unnoticed, zombies that were only asleep, a lead that forgot every number (compaction), liars of every role."""

from .explore import GATE, LEAD, Model, actor, event, frozen
from .scenes import Scene

LIVING = ("SPAWNING", "ACTIVE", "IDLE")
OWNER_ONLY = ("SUPERVISOR_REPORT",)
OPERATIONAL = (
    "CLAIM",
    "IN_REVIEW",
    "REVIEW",
    "APPROVED",
    "CHANGES_REQUESTED",
    "DONE",
    "STUCK",
    "REVIEW_LOOP",
    "ESCALATE_TO_MEDIUM",
    "TASK_ASSIGNED",
    "TASK_CANCELLED",
    "TASK_RESCOPED",
)


def one_writer_an_epoch(model, before, move, done, after):
    """The holder of an epoch never changes: not by a duplicate, not by a claim of another, not by a respawn."""
    b, a = before["p"]["owner"], after["p"]["owner"]
    if b["epoch"] == a["epoch"] and b["epoch"] and (b["holder"], b["inc"]) != (a["holder"], a["inc"]):
        return "epoch %d went from %s/%d to %s/%d" % (b["epoch"], b["holder"], b["inc"], a["holder"], a["inc"])


def epochs_only_grow(model, before, move, done, after):
    """Neither the epoch in force nor the number of epochs minted ever decreases, and an epoch is minted one at a time (H4)."""
    b, a = before["p"]["owner"], after["p"]["owner"]
    if a["epoch"] < b["epoch"] or a["minted"] < b["minted"] or a["minted"] > b["minted"] + 1 or a["epoch"] > a["minted"]:
        return "epoch %d -> %d, minted %d -> %d" % (b["epoch"], a["epoch"], b["minted"], a["minted"])


def active_by_ack_of_the_offered(model, before, move, done, after):
    """The owner becomes ACTIVE only by the ACK of exactly the incarnation and the epoch that were offered (H6, H7)."""
    b, a = before["p"]["owner"], after["p"]["owner"]
    if a["state"] == "ACTIVE" and (b["state"] != "ACTIVE" or b["epoch"] != a["epoch"]):
        e = done[0]
        if (
            e["event"] != "STATE_OWNERSHIP_ACK"
            or b["state"] != "OFFERED"
            or e["data"]["epoch"] != b["epoch"]
            or (e["actor"]["name"], e["actor"]["inc"]) != (b["holder"], b["inc"])
        ):
            return "%s of %s/%d made epoch %d ACTIVE from %s" % (e["event"], e["actor"]["name"], e["actor"]["inc"], a["epoch"], b["state"])


def no_fenced_write(model, before, move, done, after):
    """Whatever a supervisor does that only an owner may do is done by the acknowledged holder of the newest epoch (H5)."""
    if (
        done
        and done[0]["actor"]["role"] == "supervisor"
        and done[0]["event"] in OWNER_ONLY + ("STUCK", "REVIEW_LOOP", "IMPOSSIBLE_WAIT", "ESCALATE_TO_MEDIUM", "FORCED_FINALIZE_CANDIDATE")
    ):
        o, e = before["p"]["owner"], done[0]
        if o["state"] not in ("ACTIVE",) or (e["actor"]["name"], e["actor"]["inc"]) != (o["holder"], o["inc"]):
            return "%s by %s/%d while the owner is %s/%s %s" % (
                e["event"],
                e["actor"]["name"],
                e["actor"]["inc"],
                o["holder"],
                o["inc"],
                o["state"],
            )


def operations_need_an_owner(model, before, move, done, after):
    """Operational events are accepted only while there is an ACTIVE owner."""
    if done and done[0]["event"] in OPERATIONAL and before["p"]["owner"]["state"] != "ACTIVE":
        return "%s with owner %s" % (done[0]["event"], before["p"]["owner"]["state"])


def a_dead_holder_is_lost(model, before, move, done, after):
    """An epoch is OFFERED or ACTIVE only while its holder's incarnation lives (H8)."""
    o = after["p"]["owner"]
    if o["state"] in ("OFFERED", "ACTIVE"):
        e = after["p"]["roster"].get(o["holder"])
        if not e or e["inc"] != o["inc"] or e["state"] not in LIVING:
            return "epoch %d is %s and its holder %s is %s" % (o["epoch"], o["state"], o["holder"], e and e["state"])


def a_fenced_zombie_cannot_lock(model, before, move, done, after):
    """What a fenced incarnation sends under an old epoch is refused and recorded, and never locks the team."""
    if after["p"]["owner"]["state"] == "RECONCILE_LOCK" != before["p"]["owner"]["state"]:
        e = done[0]
        if (
            e["event"] != "SPLIT_BRAIN_DETECTED"
            or e["actor"]["role"] != "supervisor"
            or (e["actor"]["name"], e["actor"]["inc"]) == (before["p"]["owner"]["holder"], before["p"]["owner"]["inc"])
            or move[2]["data"].get("epoch") != before["p"]["owner"]["epoch"]
        ):
            return "locked by %s" % e["event"]


def a_lock_ends_with_a_new_epoch(model, before, move, done, after):
    """RECONCILE_LOCK is left only by an offer of a new epoch, or because the holder is gone (H9)."""
    b, a = before["p"]["owner"], after["p"]["owner"]
    if (
        b["state"] == "RECONCILE_LOCK" != a["state"]
        and a["state"] != "LOST"
        and not (a["state"] == "OFFERED" and a["epoch"] == b["minted"] + 1)
    ):
        return "RECONCILE_LOCK -> %s@%d" % (a["state"], a["epoch"])


def a_duplicate_changes_nothing(model, before, move, done, after):
    """The same offer again, or the same ACK again, changes no owner and stops nobody (H2, H3)."""
    if any(e["event"] == "HANDOFF_DUPLICATE" for e in done) and before["p"]["owner"] != after["p"]["owner"]:
        return "a duplicate changed the owner"


def only_one_supervisor(model, before, move, done, after):
    """There are never two living supervisors (H26: the first one is the only one)."""
    alive = [n for n, e in after["p"]["roster"].items() if e["role"] == "supervisor" and e["state"] in LIVING]
    if len(alive) > 1:
        return "%s live" % alive


def coders_after_the_owner(model, before, move, done, after):
    """Coders and reviewers are spawned only under an ACTIVE owner."""
    if (
        done
        and done[0]["event"] == "SPAWN_REQUESTED"
        and done[0]["data"]["role"] in ("coder", "unified-reviewer")
        and before["p"]["owner"]["state"] != "ACTIVE"
    ):
        return "%s spawned with owner %s" % (done[0]["data"]["role"], before["p"]["owner"]["state"])


SAFETY = tuple(
    (f.__name__.upper(), f)
    for f in (
        one_writer_an_epoch,
        epochs_only_grow,
        active_by_ack_of_the_offered,
        no_fenced_write,
        operations_need_an_owner,
        a_dead_holder_is_lost,
        a_fenced_zombie_cannot_lock,
        a_lock_ends_with_a_new_epoch,
        a_duplicate_changes_nothing,
        only_one_supervisor,
        coders_after_the_owner,
    )
)


class Handoff(Model):
    """From the registered plan to one task DONE, under every trouble of the hand-off."""

    SAFETY = SAFETY
    LIVENESS = "from every world the task can be DONE by honest moves: an owner can always be found"

    def __init__(self, name="hand-off", incarnations=3, same_name=True, epochs=4, liars=True, work=True, copies=1):
        self.name, self.incarnations, self.same_name, self.epochs, self.liars, self.work = (
            name,
            incarnations,
            same_name,
            epochs,
            liars,
            work,
        )

    def initial(self):
        s = Scene(headless=False)
        s.plan("SIMPLE")
        world = {"p": s.p, "m": {"net": (), "known": (), "gone": (), "undead": (), "silent": False}}
        for part in ("plan", "risks"):  # nothing in this scenario changes them
            s.p[part] = frozen(s.p[part])
        for t in s.p["tasks"].values():
            t.update({part: frozen(t[part]) for part in ("references", "acceptance", "checks", "tooling", "blocked_by")})
        self.settle(world)
        yield world

    def settle(self, world):
        p = world["p"]
        p["refusals"], p["nudges"], p["lead_mail"], p["lead_idle_news"], p["escalations"], p["agents"] = {}, {}, 0, False, [], {}
        for e in p["roster"].values():
            e["since"] = e["seen"] = e["mail"] = 0
        for t in p["tasks"].values():
            t["since"] = 0
        p["requests"] = {}

    def goal(self, world):
        return (
            world["p"]["tasks"]["1"]["state"] == "DONE"
            if self.work
            else world["p"]["owner"]["state"] == "ACTIVE" and not world["m"]["silent"]
        )

    def key(self, world):
        p, m = world["p"], world["m"]
        t = p["tasks"]["1"]
        return (
            "%s|%s|%s|%s|%s%s%s%s%s|%s"
            % (
                [(n, e["state"][:3], e["inc"]) for n, e in sorted(p["roster"].items())],
                sorted(p["owner"].items(), key=str),
                sorted(m["net"]),
                sorted(m["known"]),
                sorted(m["undead"]),
                m["silent"],
                t["state"],
                t["owner"],
                t["cause"],
                (sorted(t["approvals"]), sorted(t["requests"]), p["phase"], p["mode"]),
            )
        ).encode()

    def _latest(self, p):
        sups = [(n, e) for n, e in p["roster"].items() if e["role"] == "supervisor"]
        return sups[-1] if sups else (None, None)

    def _past(self, p):
        """Every incarnation there ever was: (name, inc)."""
        return [(n, i) for n, e in p["roster"].items() if e["role"] == "supervisor" for i in range(1, e["inc"] + 1)]

    def moves(self, world):  # noqa: C901 - the moves of the world, one `yield` each
        p, m = world["p"], world["m"]
        owner, roster = p["owner"], p["roster"]
        name, sup = self._latest(p)
        alive = sup is not None and sup["state"] in LIVING
        count = len(self._past(p))
        spare = owner["minted"] < self.epochs  # faults that cost an epoch are drawn from this budget
        t = p["tasks"]["1"]
        # the lead
        if not alive:
            fresh = "supervisor" if self.same_name or sup is None else "supervisor-%d" % (count + 1)
            yield "lead spawns " + fresh, True, event("SPAWN_REQUESTED", LEAD, name=fresh, role="supervisor", call=None), {"silent": False}
        elif self.liars:
            yield "lead spawns a second supervisor", False, event("SPAWN_REQUESTED", LEAD, name="other", role="supervisor", call=None), None
        if alive and sup["state"] == "SPAWNING":
            yield name + " starts", True, event("AGENT_BOUND", GATE, name=name, agent_id="%s/%d" % (name, sup["inc"])), None
            if count < self.incarnations:
                yield name + " never starts", False, event("SPAWN_FAILED", GATE, name=name, inc=sup["inc"], why="x"), None
        for to in [n for n, e in roster.items() if e["role"] == "supervisor"]:
            inc = roster[to]["inc"]
            for epoch in range(0, owner["minted"] + 3):
                new = epoch == owner["minted"] + 1
                honest = to == name and (
                    new
                    and owner["state"] in ("LEAD", "LOST", "RECONCILE_LOCK")
                    or epoch == owner["epoch"]
                    and owner["state"] in ("OFFERED", "ACTIVE")
                )
                if honest or self.liars and (spare or not new):
                    yield (
                        "lead: HANDOFF(%d) to %s" % (epoch, to),
                        honest,
                        event("STATE_OWNERSHIP_HANDOFF", LEAD, to=to, epoch=epoch),
                        {"net": tuple(sorted(set(m["net"] + ((epoch, to, inc),))))},
                    )
        # the network
        for one in m["net"]:
            rest = tuple(x for x in m["net"] if x != one)
            known = tuple(sorted(set(m["known"] + (one,))))
            yield "offer %d arrives at %s/%d" % one, True, None, {"net": rest, "known": known}
            yield "offer %d to %s/%d is lost" % one, False, None, {"net": rest}
            yield "offer %d arrives at %s/%d and will come again" % one, False, None, {"known": known}
        # supervisors, alive and undead
        for who, inc in self._past(p):
            current = alive and (who, inc) == (name, sup["inc"]) and sup["state"] != "SPAWNING"
            awake = current and not m["silent"] or (who, inc) in m["undead"]
            if not awake:
                continue
            a = actor(who, "supervisor", inc)
            for epoch in range(0, owner["minted"] + 2):
                knows = (epoch, who, inc) in m["known"]
                if not knows and not self.liars:
                    continue
                risky = epoch == owner["epoch"] and (who, inc) != (owner["holder"], owner["inc"])
                if not risky or spare:
                    yield (
                        "%s/%d: ACK(%d)" % (who, inc, epoch),
                        knows and current,
                        event("STATE_OWNERSHIP_ACK", a, to="lead", epoch=epoch),
                        None,
                    )
            yield (
                "%s/%d: SUPERVISOR_REPORT" % (who, inc),
                False,
                event("SUPERVISOR_REPORT", a, to="lead", severity="WARN", action=None),
                None,
            )
            if self.work:
                yield "%s/%d: STUCK #1" % (who, inc), False, event("STUCK", a, to="lead", task=1, revision="r", present=1), None
        if alive and sup["state"] != "SPAWNING":
            if count < self.incarnations:
                dead = {"silent": False}
                yield name + " is lost", False, event("AGENT_LOST", GATE, name=name, inc=sup["inc"], why="x"), dead
                yield (
                    name + " is lost but only sleeps",
                    False,
                    event("AGENT_LOST", GATE, name=name, inc=sup["inc"], why="x"),
                    dict(dead, undead=tuple(sorted(m["undead"] + ((name, sup["inc"]),)))),
                )
                yield name + " ends", False, event("AGENT_ENDED", GATE, name=name, inc=sup["inc"], why="x"), dead
                if not m["silent"]:
                    yield name + " dies unnoticed", False, None, {"silent": True}
                yield "everybody is lost, the run is resumed", False, event("RUN_RESUMED", LEAD, agents_gone=True), dead
            if m["silent"]:
                yield (
                    "lead stops " + name,
                    True,
                    event("AGENT_ENDED", GATE, name=name, inc=sup["inc"], why="stopped with TaskStop"),
                    {"silent": False},
                )
        for z in m["undead"]:
            yield "%s/%d dies for good" % z, False, None, {"undead": tuple(x for x in m["undead"] if x != z)}
        # work
        if not self.work:
            return
        for n, role in (("c1", "coder"), ("unified", "unified-reviewer")):
            e = roster.get(n)
            if e is None or e["state"] not in LIVING:
                yield "lead spawns " + n, True, event("SPAWN_REQUESTED", LEAD, name=n, role=role, call=None), None
            elif e["state"] == "SPAWNING":
                yield n + " starts", True, event("AGENT_BOUND", GATE, name=n, agent_id="%s/%d" % (n, e["inc"])), None
        c, u = roster.get("c1"), roster.get("unified")
        if c and c["state"] in ("ACTIVE", "IDLE"):
            a = actor("c1", "coder", c["inc"])
            boss = name or "supervisor"
            yield "c1: CLAIM #1", True, event("CLAIM", a, to=boss, task=1, revision="r", present=1), None
            yield "c1: REVIEW #1", True, event("REVIEW", a, to="unified", task=1, revision="r", present=1), None
            yield "c1: DONE #1", True, event("DONE", a, to=boss, task=1, revision="r", present=1), None
            if self.liars:
                yield "c1: ACK", False, event("STATE_OWNERSHIP_ACK", a, to="lead", epoch=owner["epoch"]), None
        if u and u["state"] in ("ACTIVE", "IDLE"):
            yield (
                "unified: APPROVED #1",
                True,
                event("APPROVED", actor("unified", "unified-reviewer", u["inc"]), to="c1", task=1, revision="r", present=1),
                None,
            )
        if t["state"] in ("STUCK", "STUCK_ESCALATED", "REVIEW_LOOP"):
            yield "lead gives #1 to c1", True, event("TASK_ASSIGNED", LEAD, task=1, to="c1"), None
