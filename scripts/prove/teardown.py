"""Teardown (PROTOCOL 9): teammates that answer, refuse, die, or die without anybody noticing; acknowledgements that are
lost or late; a supervisor that dies; a task that reopens; a lead that is silent, careless or wrong."""

from pack.protocol import view

from .explore import GATE, LEAD, PERSON, Model, actor, event, frozen
from .scenes import Scene, task

LIVING = ("SPAWNING", "ACTIVE", "IDLE")
TERMINAL = ("DONE", "CANCELLED")


# --- What is promised, in words of its own: nothing here calls a guard ------------------------------------------------------
def no_delete_with_open_work(model, before, move, done, after):
    """TEAM_DELETED never happens while a task is neither DONE nor CANCELLED."""
    if any(e["event"] == "TEAM_DELETED" for e in done):
        left = [n for n, t in after["p"]["tasks"].items() if t["state"] not in ("DONE", "CANCELLED")]
        if left:
            return "deleted with open task(s) %s" % left


def no_delete_with_a_living_target(model, before, move, done, after):
    """TEAM_DELETED never happens while somebody lives whom the lead did not give up by FORCED_FINALIZE_ACK."""
    if any(e["event"] == "TEAM_DELETED" for e in done):
        p, given_up = before["p"], after["p"]["teardown"]
        forgiven = given_up["unresolved"] if given_up["ack_status"] == "FORCED_FINALIZE_APPROVED" else []
        ended = [e["data"]["name"] for e in done if e["event"] in ("SHUTDOWN_ACK", "AGENT_LOST", "AGENT_ENDED", "SPAWN_FAILED")]
        alive = [n for n, e in p["roster"].items() if e["state"] in LIVING and n not in ended and n not in forgiven]
        if alive:
            return "deleted while %s lived" % alive


def supervisor_last(model, before, move, done, after):
    """A shutdown request to the supervisor is accepted in a teardown only when everybody else is out or given up (H17)."""
    for e in done:
        if e["event"] == "SHUTDOWN_REQUESTED" and before["p"]["phase"] == "TEARDOWN":
            p = before["p"]
            if p["roster"][e["data"]["to"]]["role"] == "supervisor":
                left = [
                    n
                    for n, x in p["roster"].items()
                    if x["state"] in LIVING and x["role"] != "supervisor" and n not in p["teardown"]["unresolved"]
                ]
                if left or p["teardown"]["state"] != "READY_TO_DELETE":
                    return "the supervisor was asked in %s while %s lived" % (p["teardown"]["state"], left)


def three_sends(model, before, move, done, after):
    """No target is asked more than three times in one attempt under one epoch (H18)."""
    for name, t in after["p"]["teardown"]["targets"].items():
        if t["sends"] > 3:
            return "%s was asked %d times" % (name, t["sends"])
    if after["p"]["teardown"]["sends"] > 3:
        return "round %d" % after["p"]["teardown"]["sends"]


def forced_only_by_the_lead(model, before, move, done, after):
    """The teardown passes over a missing acknowledgement only by FORCED_FINALIZE_ACK of the lead, in FORCED_FINALIZE_CANDIDATE."""
    b, a = before["p"]["teardown"], after["p"]["teardown"]
    if a["state"] == "READY_TO_DELETE" != b["state"] and [n for n, t in a["targets"].items() if not t["acked"]]:
        if done[0]["event"] != "FORCED_FINALIZE_ACK" or done[0]["actor"]["role"] != "lead" or b["state"] != "FORCED_FINALIZE_CANDIDATE":
            return "READY_TO_DELETE from %s by %s with acks missing" % (b["state"], done[0]["event"])
        if a["ack_status"] != "FORCED_FINALIZE_APPROVED" or sorted(a["unresolved"]) != sorted(
            n for n, t in a["targets"].items() if not t["acked"]
        ):
            return "the unresolved names were not recorded"


def candidate_after_three(model, before, move, done, after):
    """FORCED_FINALIZE_CANDIDATE opens only after the third send to everybody missing; one that was answered with a no was sent."""
    b, a = before["p"]["teardown"], after["p"]["teardown"]
    if a["state"] == "FORCED_FINALIZE_CANDIDATE" != b["state"]:
        few = [n for n, t in a["targets"].items() if not t["acked"] and t["sends"] + min(t["rejections"], 3) < 3]
        if few or b["state"] != "WAITING_ACKS":
            return "candidate while %s had fewer than three requests" % few


def ready_is_shut(model, before, move, done, after):
    """From READY_TO_DELETE on no task and no agent is added (PROTOCOL 9)."""
    if before["p"]["teardown"]["state"] in ("READY_TO_DELETE", "TEAM_DELETED"):
        for e in done:
            if e["event"] in ("TASK_ADDED", "SPAWN_REQUESTED"):
                return "%s was accepted" % e["event"]


def late_ack_changes_nothing(model, before, move, done, after):
    """An acknowledgement of somebody who is out already changes neither teardown nor roster (H22)."""
    if done and done[0]["event"] in ("SHUTDOWN_ACK", "SHUTDOWN_RESPONSE"):
        name = done[0]["data"].get("name") or done[0]["actor"]["name"]
        e = before["p"]["roster"].get(name)
        if (
            e
            and e["state"] not in LIVING
            and (before["p"]["teardown"] != after["p"]["teardown"] or before["p"]["roster"] != after["p"]["roster"])
        ):
            return "a late ack of %s changed the state" % name


def closed_is_final(model, before, move, done, after):
    """Nothing leaves CLOSED, and nothing happens to tasks or roster in it."""
    b, a = before["p"], after["p"]
    if b["phase"] == "CLOSED" and (
        a["phase"] != "CLOSED"
        or a["tasks"] != b["tasks"]
        or {n: e["state"] for n, e in a["roster"].items()} != {n: e["state"] for n, e in b["roster"].items()}
    ):
        return "%s changed a closed run" % done[0]["event"]


def deleted_from_ready_only(model, before, move, done, after):
    """TEAM_DELETED comes from READY_TO_DELETE, never from a state before it nor from TEARDOWN_FAILED_SAFE."""
    seen = before["p"]["teardown"]["state"]
    for e in done:
        if e["event"] == "READY_TO_DELETE":
            seen = "READY_TO_DELETE"
        if e["event"] == "TEAM_DELETED" and seen != "READY_TO_DELETE":
            return "deleted from %s" % seen


def ready_needs_an_owner(model, before, move, done, after):
    """A teardown that was not aborted becomes READY_TO_DELETE only under an ACTIVE owner, with persisted summary."""
    b, a = before["p"], after["p"]
    if (
        a["teardown"]["state"] == "READY_TO_DELETE" != b["teardown"]["state"]
        and not a["teardown"]["aborted"]
        and a["owner"]["state"] != "ACTIVE"
    ):
        return "READY_TO_DELETE with owner %s" % a["owner"]["state"]


def gate_before_teardown(model, before, move, done, after):
    """A teardown that is no abort begins only with every task terminal, tests passed on this tree, approved content and an ACTIVE owner."""
    if done and done[0]["event"] == "TEARDOWN_INIT":
        p = before["p"]
        if (
            any(t["state"] not in ("DONE", "CANCELLED") for t in p["tasks"].values())
            or not p["verify"]
            or not p["verify"]["ok"]
            or p["verify"]["tree"] != done[0]["data"]["tree"]
            or p["owner"]["state"] != "ACTIVE"
            or not done[0]["data"]["persisted"]
            or before["m"]["written"] == "unapproved"
        ):
            return "TEARDOWN_INIT without the completion gate"


def headless_ack_at_stop(model, before, move, done, after):
    """Headless, an agent that was asked is acknowledged at its next stop (PROTOCOL 9)."""
    for e in done:
        if e["event"] == "AGENT_IDLE" and before["p"]["team"]["headless"]:
            name = e["data"]["name"]
            if name in before["p"]["requests"] and after["p"]["roster"][name]["state"] in LIVING:
                return "%s was asked, ended its turn and is not acknowledged" % name


def delivered_is_approved(model, before, move, done, after):
    """A run that was not aborted never ends while something is there that nobody approved and the user has not accepted."""
    if any(e["event"] == "TEAM_DELETED" for e in done) and not after["p"]["teardown"]["aborted"]:
        if after["m"]["written"] == "unapproved":
            return "TEAM_DELETED over content that nobody approved"


SAFETY = tuple(
    (f.__name__.upper(), f)
    for f in (
        no_delete_with_open_work,
        no_delete_with_a_living_target,
        supervisor_last,
        three_sends,
        forced_only_by_the_lead,
        candidate_after_three,
        ready_is_shut,
        late_ack_changes_nothing,
        closed_is_final,
        deleted_from_ready_only,
        ready_needs_an_owner,
        gate_before_teardown,
        headless_ack_at_stop,
        delivered_is_approved,
    )
)


class Teardown(Model):
    """One run from the open completion gate to CLOSED."""

    SAFETY = SAFETY
    LIVENESS = "from every world CLOSED can be reached by honest moves, without an abort and without a person"

    def __init__(
        self,
        name="teardown",
        teammates=5,
        headless=False,
        supervisors=2,
        reopen=1,
        silent=True,
        attempts=2,
        aborts=True,
        mode="SIMPLE",
        liars=True,
        refusals=1,
        writer=False,
    ):
        self.writer = writer  # somebody writes the files of DONE tasks, at any moment
        self.name, self.teammates, self.headless, self.supervisors, self.reopen = name, teammates, headless, supervisors, reopen
        self.silent, self.attempts, self.aborts, self.mode, self.liars = silent, attempts, aborts, mode, liars
        self.refusals = refusals  # how often one target may answer no in one attempt

    def initial(self):
        s = Scene(self.headless, coders=8)
        s.ready(self.mode, coders=self.teammates - (1 if self.mode == "SIMPLE" else 2))
        s.finished()
        for name in list(s.p["roster"]):
            s.do("AGENT_IDLE", name=name)
        world = {"p": s.p, "m": {"silent": (), "reopens": 0, "deaths": 0, "losses": 0, "written": ""}}
        for part in ("team", "plan", "risks", "verify"):  # nothing in this scenario changes them
            s.p[part] = frozen(s.p[part])
        self.settle(world)
        yield world

    def settle(self, world):
        p = world["p"]
        p["teardown"]["sent_at"] = 0
        p["refusals"], p["nudges"], p["lead_mail"], p["lead_idle_news"], p["agents"] = {}, {}, 0, False, {}
        for number, t in p["tasks"].items():
            if t["state"] in TERMINAL and type(t) is dict and not self.writer:
                p["tasks"][number] = frozen(t)
        for e in p["roster"].values():
            e["since"] = e["seen"] = 0
            e["mail"] = 0

    def goal(self, world):
        return world["p"]["phase"] == "CLOSED"

    def key(self, world):
        p, m = world["p"], world["m"]
        td = p["teardown"]
        rows = sorted(self.row(world, name) for name in p["roster"])
        tasks = [t["state"] for _n, t in sorted(p["tasks"].items())]
        o = p["owner"]
        holder = p["roster"].get(o["holder"])
        return (
            "%s|%s|%s%s%s|%s%s%s|%s|%s%d%d|%s|%d|%s%s"
            % (
                rows,
                tasks,
                o["state"],
                o["holder"],
                bool(holder and holder["inc"] == o["inc"]),
                p["phase"],
                td["state"],
                td["sends"],
                td["ack_status"],
                td["aborted"],
                min(td["attempt"], self.attempts),
                m["reopens"],
                p["verify"]["ok"],
                m["deaths"],
                m["written"],
                bool(p["result"]["open"]),
            )
        ).encode()

    def row(self, world, name):
        """What matters of one agent; two teammates with the same row are interchangeable."""
        p, m = world["p"], world["m"]
        e, t, req = p["roster"][name], p["teardown"]["targets"].get(name), p["requests"].get(name)
        if e["role"] != "supervisor" and e["state"] not in LIVING and (t is None or t["acked"]):
            return "out%s%s" % (t is None, name in p["teardown"]["unresolved"])  # how and after how many requests plays no part any more
        return "%s%s%d%s%s%s%s" % (
            e["role"][0:2],
            e["state"][:3],
            min(e["inc"], 3) if e["role"] == "supervisor" else 0,
            "-" if t is None else "%d%d%d" % (t["acked"], t["sends"], min(t["rejections"], 4)),
            "-" if req is None else len(req) and 1,
            name in m["silent"],
            name in p["teardown"]["unresolved"],
        )

    def moves(self, world):  # noqa: C901 - the moves of the world, one `yield` each
        p, m = world["p"], world["m"]
        td = p["teardown"]
        one_each = {self.row(world, n): n for n in reversed(list(p["roster"]))}  # of several alike, one is enough
        roster = {n: p["roster"][n] for n in p["roster"] if n in one_each.values()}
        supervisors = [n for n, e in roster.items() if e["role"] == "supervisor"]
        boss = supervisors[-1]
        sup = roster[boss]
        if p["phase"] == "CLOSED":
            for name in roster:
                yield "late ack of %s" % name, False, event("SHUTDOWN_ACK", GATE, name=name, how="late"), None
            yield "lead adds a task", False, event("TASK_ADDED", LEAD, task_record=task(0, ["g"])), None
            yield "lead asks %s" % boss, False, event("SHUTDOWN_REQUESTED", LEAD, to=boss, reason=""), None
            yield "lead spawns x", False, event("SPAWN_REQUESTED", LEAD, name="x", role="coder", call=None), None
            yield "time passes", False, event("TICK", GATE), None, 1000
            return
        # a writer; the gate looks before every event, and at the end makes the proof again
        found = [{"id": "i", "path": "f1", "kind": "changed since it was approved", "was": "a", "now": "b"}]
        unapproved = found if m["written"] == "unapproved" else []
        proving = p["phase"] in ("TEARDOWN", "FAILED_SAFE")
        if self.writer:
            seen = lambda what: event("RESULT_CHECKED", GATE, open=what) if proving else None
            yield "an approved file is written", False, seen(found), {"written": "unapproved"}
            if m["written"]:
                yield "it is put back", True, seen([]), {"written": ""}
            if unapproved:
                word = event("CONTENT_ACCEPTED", PERSON, path="f1", paths=["f1"], ids=["i"], commits=[], open=[])
                yield "the user accepts it", False, word, {"written": "accepted"}
                lie = event("CONTENT_ACCEPTED", LEAD, path="f1", paths=["f1"], ids=["i"], commits=[], open=[])
                yield "the lead accepts it", False, lie, None
            if m["reopens"] < self.reopen:
                again = {"reopens": m["reopens"] + 1}
                yield "lead reopens #1", False, event("TASK_REOPENED", LEAD, task=1), again
        # the lead
        begin = event("TEARDOWN_INIT", LEAD, tree="T", conventions="c1", persisted=True, unapproved=unapproved)
        yield "lead: pack teardown", True, begin, None
        if self.liars:
            yield "lead: pack teardown, other tree", False, event("TEARDOWN_INIT", LEAD, tree="X", conventions="c1", persisted=True), None
            yield "lead: pack teardown, disk full", False, event("TEARDOWN_INIT", LEAD, tree="T", conventions="c1", persisted=False), None
        for name, e in roster.items():
            if e["state"] in LIVING or self.liars:
                yield "lead asks " + name, True, event("SHUTDOWN_REQUESTED", LEAD, to=name, reason=""), None
        yield "lead: FORCED_FINALIZE_ACK", True, event("FORCED_FINALIZE_ACK", LEAD, to=boss), None
        yield "lead: FORCED_FINALIZE_DENY", True, event("FORCED_FINALIZE_DENY", LEAD, to=boss), None
        yield "lead: pack teardown retry", True, event("TEARDOWN_RETRY", LEAD), None
        if self.aborts and p["teardown"]["attempt"] < self.attempts:
            yield "lead: pack abort", False, event("RUN_ABORTED", LEAD, reason="x"), None
        if m["reopens"] < self.reopen:
            yield "a task reopens", False, event("TASK_ADDED", LEAD, task_record=task(0, ["g"])), {"reopens": m["reopens"] + 1}
        for number, t in p["tasks"].items():
            if t["state"] not in TERMINAL:
                yield "lead cancels #" + number, True, event("TASK_CANCELLED", LEAD, task=int(number)), None
        # ownership
        if sup["state"] not in LIVING:
            yield (
                "lead spawns a supervisor",
                True,
                event("SPAWN_REQUESTED", LEAD, name="supervisor", role="supervisor", call=None),
                {"silent": tuple(n for n in m["silent"] if n != "supervisor")},
            )
        elif sup["state"] == "SPAWNING":
            yield "supervisor starts", True, event("AGENT_BOUND", GATE, name=boss, agent_id="supervisor/%d" % sup["inc"]), None
        if p["owner"]["state"] in ("LEAD", "LOST", "RECONCILE_LOCK"):
            yield "lead offers", True, event("STATE_OWNERSHIP_HANDOFF", LEAD, to=boss, epoch=view.next_epoch(p)), None
        if p["owner"]["state"] == "OFFERED" and boss not in m["silent"]:
            yield (
                "supervisor acks",
                True,
                event("STATE_OWNERSHIP_ACK", actor(boss, "supervisor", sup["inc"]), to="lead", epoch=p["owner"]["epoch"]),
                None,
            )
        # the others
        for name, e in roster.items():
            living, silent = e["state"] in LIVING, name in m["silent"]
            who = actor(name, e["role"], e["inc"])
            if living and not silent:
                if name in p["requests"]:
                    if self.headless:
                        if e["state"] != "IDLE":
                            yield name + " ends its turn", True, event("AGENT_IDLE", GATE, name=name), None
                    else:
                        yield name + " agrees", True, event("SHUTDOWN_RESPONSE", who, request_id="r", approve=True), None
                        if td["targets"].get(name, {"rejections": 0})["rejections"] < self.refusals:
                            yield name + " refuses", False, event("SHUTDOWN_RESPONSE", who, request_id="r", approve=False, reason="x"), None
                        if self.liars:
                            yield name + " agrees to nothing", False, event("SHUTDOWN_RESPONSE", who, request_id="z", approve=True), None
                        if not p["requests"][name]:
                            yield (
                                "the client names its request to " + name,
                                True,
                                event("SHUTDOWN_ID", GATE, name=name, request_id="r"),
                                None,
                            )
                if self.headless and e["state"] == "IDLE" and e["role"] != "supervisor":
                    yield name + " wakes", False, event("AGENT_ACTIVE", GATE, name=name), None
                if self.headless and e["state"] == "ACTIVE" and name not in p["requests"]:
                    yield name + " ends its turn", True, event("AGENT_IDLE", GATE, name=name), None
                if e["role"] != "supervisor" or m["deaths"] < self.supervisors:
                    spend = {"deaths": m["deaths"] + 1} if e["role"] == "supervisor" else None
                    yield name + " ends", False, event("AGENT_ENDED", GATE, name=name, inc=e["inc"], why="x"), spend
                    yield name + " is lost", False, event("AGENT_LOST", GATE, name=name, inc=e["inc"], why="x"), spend
                    if self.silent:
                        yield name + " dies unnoticed", False, None, dict(spend or {}, silent=tuple(sorted(m["silent"] + (name,))))
            elif living and silent and e["role"] == "supervisor":
                # the lead may stop an agent that does not answer: TaskStop succeeds on what the client still knows
                yield "lead stops " + name, True, event("AGENT_ENDED", GATE, name=name, inc=e["inc"], why="stopped with TaskStop"), None
            elif not living and self.liars:
                yield "late ack of " + name, False, event("SHUTDOWN_ACK", GATE, name=name, how="late"), None
                yield "late answer of " + name, False, event("SHUTDOWN_RESPONSE", who, request_id="r", approve=True), None
        yield "61 s pass", True, event("TICK", GATE), None, 61
        yield "1000 s pass", True, event("TICK", GATE), None, 1000
