"""Approvals (PROTOCOL 5, 6) in the four modes: edits seen and unseen after an approval, contents that come back, reviewers
that die, are replaced or speak after their end, coders that die, escalation in the middle of a review, re-scoping."""

from pack.protocol import access, view

from .explore import GATE, LEAD, Model, actor, event, frozen
from .scenes import Scene, task

LIVING = ("SPAWNING", "ACTIVE", "IDLE")
THREE = ("security-reviewer", "logic-reviewer", "quality-reviewer")
WORK = ("IN_PROGRESS", "IN_REVIEW", "CHANGES_REQUESTED", "APPROVED")
TERMINAL = ("DONE", "CANCELLED")


def matrix(p, t):
    """PROTOCOL 6, written down a second time."""
    mode = p["mode"]
    if mode == "SIMPLE":
        return {"unified-reviewer"}
    if mode == "MEDIUM":
        return (set(THREE) if t["high_risk"] else set(t["reviewers"])) | {"tech-lead"}
    return set(THREE) | {"tech-lead"}


def approved_by_all(p, t, content):
    """The required roles that have not approved the content that is on disk."""
    return sorted(
        r for r in matrix(p, t) if t["approvals"].get(r, {}).get("verdict") != "APPROVED" or t["approvals"][r]["revision"] != content
    )


def no_done_without_approvals(model, before, move, done, after):
    """No task becomes DONE without an approval of its present content by every required role (H13)."""
    for n, t in after["p"]["tasks"].items():
        old = before["p"]["tasks"].get(n)
        if t["state"] == "DONE" and old and old["state"] != "DONE":
            missing = approved_by_all(before["p"], old, before["m"]["content"]) if n == "1" else []
            if missing:
                return "#%s DONE in mode %s without %s on content %s" % (n, before["p"]["mode"], missing, before["m"]["content"])


def approvals_are_given(model, before, move, done, after):
    """An approval is recorded only when a living incarnation of that role gives it, for the content that is on disk then (H15)."""
    b, a = before["p"]["tasks"]["1"]["approvals"], after["p"]["tasks"]["1"]["approvals"]
    for role, v in a.items():
        if b.get(role) != v and v["verdict"] == "APPROVED":
            e = done[0]
            r = before["p"]["roster"].get(e["actor"]["name"], {})
            if (
                e["event"] != "APPROVED"
                or e["actor"]["role"] != role
                or r.get("role") != role
                or r.get("inc") != e["actor"]["inc"]
                or r.get("state") not in LIVING
                or v["revision"] != before["m"]["content"]
            ):
                return "%s approved by %s of %s (%s)" % (role, e["event"], e["actor"]["name"], r.get("state"))


def the_asked_content_is_approved(model, before, move, done, after):
    """A reviewer approves only the content that it was asked to review: never one that changed while it read, also when it changed back."""
    if done and done[0]["event"] == "APPROVED":
        if done[0]["actor"]["role"] in before["m"]["since"]:
            return "%s was asked, the files were written, and it approved" % done[0]["actor"]["role"]
        asked = before["p"]["tasks"]["1"]["requests"].get(done[0]["actor"]["role"])
        if asked != before["m"]["content"]:
            return "asked for %s, approved %s" % (asked, before["m"]["content"])


def quorum_never_shrinks(model, before, move, done, after):
    """The required set of an open task is the matrix's, whoever lives; it only grows, but for the latch of the escalation (H10, H11)."""
    for n, t in after["p"]["tasks"].items():
        old = before["p"]["tasks"].get(n)
        if not old or t["state"] in TERMINAL:
            continue
        if set(view.required(after["p"], t)) != matrix(after["p"], t):
            return "#%s requires %s" % (n, view.required(after["p"], t))
        if before["p"]["mode"] == after["p"]["mode"] and not matrix(before["p"], old) <= matrix(after["p"], t):
            return "#%s lost %s" % (n, sorted(matrix(before["p"], old) - matrix(after["p"], t)))
        if not matrix(after["p"], t):
            return "#%s requires nobody" % n


def escalation_latches(model, before, move, done, after):
    """A mode is never lowered: an escalation latches, and the unified approval no longer suffices (H14)."""
    ranks = {"SIMPLE": 0, "SIMPLE_ESCALATED_TO_MEDIUM": 1, "MEDIUM": 2, "COMPLEX": 3}
    b, a = before["p"]["mode"], after["p"]["mode"]
    if b != a and not (b == "SIMPLE" and a == "SIMPLE_ESCALATED_TO_MEDIUM") and ranks[a] < ranks[b]:
        return "%s -> %s" % (b, a)
    if b != a and done[0]["event"] != "ESCALATE_TO_MEDIUM":
        return "mode changed by %s" % done[0]["event"]


def no_vain_wait(model, before, move, done, after):
    """A task never waits for an approval of a role that nobody present holds (H12)."""
    p = after["p"]
    if p["phase"] not in ("SETUP", "EXECUTION"):
        return None
    for n, t in p["tasks"].items():
        if t["state"] in ("IN_REVIEW", "CHANGES_REQUESTED"):
            for role in matrix(p, t):
                v = t["approvals"].get(role)
                if (not v or v["revision"] != t["revision"]) and not any(
                    e["role"] == role and e["state"] in ("ACTIVE", "IDLE") for e in p["roster"].values()
                ):
                    return "#%s is %s and waits for %s" % (n, t["state"], role)


def terminal_stays(model, before, move, done, after):
    """DONE and CANCELLED have no exit."""
    for n, t in before["p"]["tasks"].items():
        if t["state"] in TERMINAL and after["p"]["tasks"][n]["state"] != t["state"]:
            return "#%s %s -> %s" % (n, t["state"], after["p"]["tasks"][n]["state"])


LEGAL = {  # PROTOCOL 5, written down a second time; within one event several steps may be taken
    "PENDING": {"IN_PROGRESS", "CANCELLED"},
    "IN_PROGRESS": {"IN_REVIEW", "STUCK", "REVIEW_LOOP", "STUCK_ESCALATED", "CANCELLED"},
    "IN_REVIEW": {"CHANGES_REQUESTED", "APPROVED", "STUCK", "REVIEW_LOOP", "STUCK_ESCALATED", "CANCELLED"},
    "CHANGES_REQUESTED": {"IN_REVIEW", "STUCK", "REVIEW_LOOP", "STUCK_ESCALATED", "CANCELLED"},
    "APPROVED": {"DONE", "IN_REVIEW", "STUCK_ESCALATED", "CANCELLED"},
    "STUCK": set(),
    "REVIEW_LOOP": set(),
    "STUCK_ESCALATED": set(),
    "DONE": set(),
    "CANCELLED": set(),
}
DECISIONS = ("TASK_ASSIGNED", "TASK_CANCELLED", "TASK_RESCOPED")


def legal_moves(model, before, move, done, after):
    """A task moves along PROTOCOL 5's arrows; STUCK, REVIEW_LOOP and STUCK_ESCALATED are left only by a lead's decision, or
    by the end of the impossible wait."""
    for n, t in before["p"]["tasks"].items():
        new = after["p"]["tasks"][n]["state"]
        if new == t["state"] or done[0]["event"] in DECISIONS:
            continue
        if t["state"] in ("STUCK", "REVIEW_LOOP", "STUCK_ESCALATED"):
            if not (t["cause"] == "IMPOSSIBLE_WAIT"):
                return "#%s left %s by %s" % (n, t["state"], done[0]["event"])
            continue
        reach, todo = set(), [t["state"]]
        while todo:
            for s in LEGAL[todo.pop()]:
                if s not in reach:
                    reach.add(s)
                    todo.append(s)
        if new not in reach:
            return "#%s %s -> %s by %s" % (n, t["state"], new, done[0]["event"])
        if t["state"] == "IN_PROGRESS" and new in ("DONE",) or t["state"] == "PENDING" and new not in ("IN_PROGRESS", "CANCELLED"):
            return "#%s %s -> %s by %s" % (n, t["state"], new, done[0]["event"])


def approved_means_approved(model, before, move, done, after):
    """A task is APPROVED only while every required role has approved the revision that was last seen."""
    t = after["p"]["tasks"]["1"]
    if t["state"] == "APPROVED" and approved_by_all(after["p"], t, t["revision"]):
        return "APPROVED without %s" % approved_by_all(after["p"], t, t["revision"])


def commit_needs_approvals(model, before, move, done, after):
    """`git commit` of a task's file passes only with every required approval of what is on disk."""
    p, content = after["p"], after["m"]["content"]
    t = p["tasks"]["1"]
    if t["owner"] and t["state"] != "DONE":
        e = p["roster"].get(t["owner"])
        if (
            e
            and access.may_commit(p, actor(t["owner"], e["role"], e["inc"]), ["f1"], {1: content}) is None
            and approved_by_all(p, t, content)
        ):
            return "commit in %s without %s" % (t["state"], approved_by_all(p, t, content))


def one_file_one_coder(model, before, move, done, after):
    """The task's file may be written only by its living coder, while the task is worked on."""
    p = after["p"]
    t = p["tasks"]["1"]
    for name, e in p["roster"].items():
        if access.may_write(p, actor(name, e["role"], e["inc"]), "f1") is None and (
            t["owner"] != name or t["state"] not in WORK or e["state"] not in LIVING
        ):
            return "%s may write in %s of %s" % (name, t["state"], t["owner"])


def one_task_at_a_time(model, before, move, done, after):
    """A coder works on one task at a time."""
    busy = {}
    for n, t in after["p"]["tasks"].items():
        if t["owner"] and t["state"] in WORK and done and done[0]["event"] in ("CLAIM", "DONE"):
            busy.setdefault(t["owner"], []).append(n)
    for who, tasks in busy.items():
        if len(tasks) > 1 and done[0]["actor"]["name"] == who:
            return "%s works on %s" % (who, tasks)


def third_round_loops(model, before, move, done, after):
    """The third revision for which changes are asked makes the task a REVIEW_LOOP: nobody mends the same task a fourth time."""
    t = after["p"]["tasks"]["1"]
    if len(t["rounds"]) >= 3 and t["state"] == "CHANGES_REQUESTED":
        return "%d rounds and %s" % (len(t["rounds"]), t["state"])


SAFETY = tuple(
    (f.__name__.upper(), f)
    for f in (
        no_done_without_approvals,
        approvals_are_given,
        the_asked_content_is_approved,
        quorum_never_shrinks,
        escalation_latches,
        no_vain_wait,
        terminal_stays,
        legal_moves,
        approved_means_approved,
        commit_needs_approvals,
        one_file_one_coder,
        one_task_at_a_time,
        third_round_loops,
    )
)


class Approvals(Model):
    """From a free task to DONE."""

    SAFETY = SAFETY
    LIVENESS = "from every world the task can be DONE by honest moves, without cancelling it"

    def __init__(
        self,
        name="approvals",
        mode="SIMPLE",
        reviewers=("logic-reviewer",),
        high_risk=False,
        deaths=1,
        coder_deaths=1,
        unseen=True,
        back=True,
        escalate=True,
        rescope=0,
        liars=True,
        rounds=True,
        owner=False,
        trouble=True,
        edits=None,
        findings=None,
    ):
        """`deaths`, `coder_deaths`, `edits`, `rescope`, `findings`: how many of them there may be at most (None: no limit)."""
        self.findings = findings
        self.name, self.mode, self.reviewers, self.high_risk, self.deaths, self.coder_deaths = (
            name,
            mode,
            reviewers,
            high_risk,
            deaths,
            coder_deaths,
        )
        self.unseen, self.back, self.escalate, self.rescope, self.liars, self.rounds, self.owner, self.trouble, self.edits = (
            unseen,
            back,
            escalate,
            rescope,
            liars,
            rounds,
            owner,
            trouble,
            edits,
        )

    def initial(self):
        s = Scene(headless=False, coders=2)
        s.ready(
            self.mode,
            coders=1,
            reviewers=self.reviewers,
            tasks={1: task(1, reviewers=self.reviewers if self.mode == "MEDIUM" else (), high_risk=self.high_risk)},
        )
        if self.high_risk:
            for r in THREE:
                if r not in s.p["roster"]:
                    s.spawn(r, r)
        s.p["tasks"].pop("2", None)  # the conventions task that the larger modes must plan plays no part here
        world = {
            "p": s.p,
            "m": {"content": "r0", "deaths": 0, "coders": 0, "rescopes": 0, "owners": 0, "edits": 0, "findings": 0, "since": ()},
        }
        for part in ("team", "plan", "risks"):  # nothing in this scenario changes them
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
        return world["p"]["tasks"]["1"]["state"] == "DONE"

    def key(self, world):
        p, m = world["p"], world["m"]
        t = p["tasks"]["1"]
        known = {m["content"]: "c"}
        known.setdefault(t["revision"], "t" if t["revision"] is not None else "-")
        alike = p["mode"] != "MEDIUM"
        rows = []
        for role in THREE + ("tech-lead", "unified-reviewer"):
            e = p["roster"].get(role)
            v, asked = t["approvals"].get(role), t["requests"].get(role)
            tag = "=" if alike and role != "unified-reviewer" else role[:2] + str(role in t["reviewers"])
            rows.append(
                (
                    tag,
                    e["state"][:3] if e else "no",
                    known.get(asked, "?") if asked is not None else "",
                    v["verdict"][0] + known.get(v["revision"], "?") if v else "",
                    asked,
                    v["revision"] if v else None,
                    "%d%d" % (role in t["void"], role in m["since"]),
                )
            )
        rows.sort(key=lambda r: r[:4] + r[6:])
        for r in rows:
            for label in r[4:6]:
                if label is not None and label not in known:
                    known[label] = str(len(known))
        coders = [(n, e["state"][:3]) for n, e in sorted(p["roster"].items()) if e["role"] == "coder"]
        o = p["owner"]
        return (
            "%s|%s%s%s%s|%s%s|%s|%s|%s%d%d%d%d|%s%s"
            % (
                [(r[0], r[1], known.get(r[4], ""), (r[3][:1], known[r[5]]) if r[3] else "", r[6]) for r in rows],
                t["state"],
                t["owner"],
                t["cause"],
                known[t["revision"]],
                sorted(known.get(x, "x") for x in t["rounds"][:-1]),
                [known.get(x, "x") for x in t["rounds"][-1:]],
                coders,
                p["mode"],
                p["phase"],
                m["deaths"],
                m["coders"],
                m["rescopes"],
                m["owners"],
                o["state"],
                p["roster"]["supervisor"]["state"][:3],
            )
            + ("|%d" % m["edits"] if self.edits else "")
            + ("|f%d" % m["findings"] if self.findings else "")
        ).encode()

    def one_each(self, world):
        """Approvers, one of each kind: where all four approve alike, two in the same situation are interchangeable."""
        p, t = world["p"], world["p"]["tasks"]["1"]
        if p["mode"] in ("MEDIUM", "SIMPLE"):
            return APPROVERS
        seen, out = set(), []
        for r in APPROVERS:
            e, v, m = p["roster"].get(r), t["approvals"].get(r), world["m"]
            mark = (
                r == "unified-reviewer",
                e and (e["state"], e["inc"]),
                t["requests"].get(r),
                r in t["void"],
                r in m["since"],
                v and (v["verdict"], v["revision"]),
            )
            if mark not in seen:
                seen.add(mark)
                out.append(r)
        return out

    def moves(self, world):  # noqa: C901 - the moves of the world, one `yield` each
        p, m = world["p"], world["m"]
        t, roster, content = p["tasks"]["1"], p["roster"], m["content"]
        labels = (
            {content, t["revision"]} | set(t["rounds"]) | set(t["requests"].values()) | {v["revision"] for v in t["approvals"].values()}
        )
        fresh = next("r%d" % i for i in range(99) if "r%d" % i not in labels)
        facts = dict(task=1, revision=content, present=1)
        owner = t["owner"]
        approvers = self.one_each(world)
        written = tuple(sorted(set(m["since"]) | set(t["requests"])))  # whoever was asked before a write read who knows what
        # the coder
        may_edit = self.edits is None or m["edits"] < self.edits
        for n in [n for n, e in roster.items() if e["role"] == "coder"]:
            e = roster[n]
            if e["state"] == "SPAWNING":
                yield n + " starts", True, event("AGENT_BOUND", GATE, name=n, agent_id="%s/%d" % (n, e["inc"])), None
                continue
            if e["state"] not in LIVING:
                yield "lead spawns %s again" % n, True, event("SPAWN_REQUESTED", LEAD, name=n, role="coder", call=None), None
                if not self.liars:
                    continue
            a = actor(n, "coder", e["inc"])
            yield n + ": CLAIM #1", True, event("CLAIM", a, to="supervisor", **facts), None
            yield n + ": IN_REVIEW #1", True, event("IN_REVIEW", a, to="supervisor", **facts), None
            for r in approvers:
                if r in roster:
                    yield (
                        "%s: REVIEW #1 to %s" % (n, r),
                        True,
                        event("REVIEW", a, to=r, **facts),
                        {"since": tuple(x for x in m["since"] if x != r)},
                    )
            yield n + ": DONE #1", True, event("DONE", a, to="supervisor", **facts), None
            if self.trouble:
                yield n + ": STUCK #1", False, event("STUCK", a, to="supervisor", **facts), None
                yield n + ": IMPOSSIBLE_WAIT #1", False, event("IMPOSSIBLE_WAIT", a, to="supervisor", **facts), None
                yield n + ": REVIEW_LOOP #1", False, event("REVIEW_LOOP", a, to="supervisor", **facts), None
            if self.escalate:
                yield n + ": ESCALATE TO MEDIUM", False, event("ESCALATE_TO_MEDIUM", a, to="supervisor", **facts), None
            if self.liars:
                yield n + " approves itself", False, event("APPROVED", a, to=n, **facts), None
            if e["state"] in LIVING and n == owner and t["state"] in WORK:
                # An edit is honest; when there were enough of them, only the one that a finding makes necessary is left.
                if may_edit or any(v["verdict"] != "APPROVED" and v["revision"] == content for v in t["approvals"].values()):
                    yield (
                        n + " edits f1",
                        True,
                        event("FILE_WRITTEN", GATE, task=1, path="f1", by=n, revision=fresh),
                        {"content": fresh, "edits": m["edits"] + 1 if may_edit else m["edits"], "since": written},
                    )
            if e["state"] in LIVING and m["coders"] < self.coder_deaths:
                yield n + " is lost", False, event("AGENT_LOST", GATE, name=n, inc=e["inc"], why="x"), {"coders": m["coders"] + 1}
        if self.unseen and may_edit:
            yield "f1 changes unseen", False, None, {"content": fresh, "edits": m["edits"] + 1, "since": written}
        if self.back:
            for old in labels - {content, None}:
                # the gate looks before every event, and finds that the file was written, whatever it holds
                seen = event("FILE_WRITTEN", GATE, task=1, path=None, by=None, revision=old)
                yield "f1 is put back to an earlier content", False, seen, {"content": old, "since": written}
            seen = event("FILE_WRITTEN", GATE, task=1, path=None, by=None, revision=content)
            yield "f1 is written and put back", False, seen, {"since": written}
        # approvers
        for r in approvers:
            e = roster.get(r)
            needed = r in matrix(p, t)
            if e is None or e["state"] not in LIVING:
                if needed or self.liars:
                    yield "lead spawns " + r, True, event("SPAWN_REQUESTED", LEAD, name=r, role=r, call=None), None
                if e is None:
                    continue
            if e["state"] == "SPAWNING":
                yield r + " starts", True, event("AGENT_BOUND", GATE, name=r, agent_id="%s/%d" % (r, e["inc"])), None
                continue
            if e["state"] not in LIVING and not self.liars:
                continue
            a = actor(r, r, e["inc"])
            if owner:
                yield r + ": APPROVED #1", True, event("APPROVED", a, to=owner, **facts), None
                if self.findings is None or m["findings"] < self.findings:
                    found = {"findings": m["findings"] + 1} if self.findings else None
                    yield r + ": CHANGES_REQUESTED #1", False, event("CHANGES_REQUESTED", a, to=owner, **facts), found
                if self.liars and e["inc"] > 1:
                    yield (
                        r + "'s earlier incarnation: APPROVED #1",
                        False,
                        event("APPROVED", actor(r, r, e["inc"] - 1), to=owner, **facts),
                        None,
                    )
            if r == "unified-reviewer" and self.escalate:
                yield r + ": ESCALATE TO MEDIUM", False, event("ESCALATE_TO_MEDIUM", a, to="supervisor", **facts), None
            if e["state"] in LIVING and m["deaths"] < self.deaths:
                yield r + " is lost", False, event("AGENT_LOST", GATE, name=r, inc=e["inc"], why="x"), {"deaths": m["deaths"] + 1}
        # the lead's decisions
        blocked = t["state"] in ("STUCK", "REVIEW_LOOP", "STUCK_ESCALATED")
        for n in [n for n, e in roster.items() if e["role"] == "coder"]:
            if blocked or self.trouble:
                yield "lead gives #1 to " + n, blocked, event("TASK_ASSIGNED", LEAD, task=1, to=n), None
        if m["rescopes"] < self.rescope:
            for extra in THREE:
                more = sorted(set(t["reviewers"]) | {extra})
                yield (
                    "lead re-scopes #1, adding " + extra,
                    False,
                    event("TASK_RESCOPED", LEAD, task=1, files=t["files"], reviewers=more),
                    {"rescopes": m["rescopes"] + 1, "since": ()},
                )
            if self.liars:
                yield (
                    "lead re-scopes #1, dropping reviewers",
                    False,
                    event("TASK_RESCOPED", LEAD, task=1, files=t["files"], reviewers=[]),
                    {"rescopes": m["rescopes"] + 1, "since": ()},
                )
        # the owner
        if self.owner:
            sup, o = roster["supervisor"], p["owner"]
            if sup["state"] in LIVING:
                if m["owners"] < 1:
                    yield "supervisor is lost", False, event("AGENT_LOST", GATE, name="supervisor", inc=sup["inc"], why="x"), {"owners": 1}
            else:
                yield (
                    "lead spawns a supervisor",
                    True,
                    event("SPAWN_REQUESTED", LEAD, name="supervisor", role="supervisor", call=None),
                    None,
                )
            if sup["state"] == "SPAWNING":
                yield "supervisor starts", True, event("AGENT_BOUND", GATE, name="supervisor", agent_id="supervisor/%d" % sup["inc"]), None
            if o["state"] in ("LOST", "RECONCILE_LOCK"):
                yield "lead offers", True, event("STATE_OWNERSHIP_HANDOFF", LEAD, to="supervisor", epoch=view.next_epoch(p)), None
            if o["state"] == "OFFERED":
                yield (
                    "supervisor acks",
                    True,
                    event("STATE_OWNERSHIP_ACK", actor("supervisor", "supervisor", sup["inc"]), to="lead", epoch=o["epoch"]),
                    None,
                )


APPROVERS = THREE + ("tech-lead", "unified-reviewer")
