"""The core against a twin that is simple enough to be obviously right: one task, its approvals and its owner, as sets and sentences.

The twin knows nothing of guards, tables or rules. Hypothesis raises any event of any actor; whatever the core accepts must be what
the twin allows, and whatever the twin demands must be accepted.
"""

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule  # noqa: F401

from pack.base import codec
from pack.protocol import machine, view
from pack.protocol.refusal import Refusal
from prove.explore import GATE, LEAD, actor, event
from prove.scenes import Scene

NEEDS = {
    "SIMPLE": {"unified-reviewer"},
    "MEDIUM": {"logic-reviewer", "tech-lead"},
    "COMPLEX": {"security-reviewer", "logic-reviewer", "quality-reviewer", "tech-lead"},
    "SIMPLE_ESCALATED_TO_MEDIUM": {"security-reviewer", "logic-reviewer", "quality-reviewer", "tech-lead"},
}
ROLES = ["unified-reviewer", "security-reviewer", "logic-reviewer", "quality-reviewer", "tech-lead"]


class Twin:
    """What a person would write on a whiteboard."""

    def __init__(self, mode, alive):
        self.mode, self.alive, self.content, self.asked, self.said, self.done, self.claimed, self.owned = (
            mode,
            set(alive),
            "r1",
            {},
            {},
            False,
            False,
            True,
        )

    def needs(self):
        return NEEDS[self.mode]

    def approved(self):
        return {r for r, (verdict, content) in self.said.items() if verdict == "APPROVED" and content == self.content}

    def may_be_done(self):
        return self.claimed and self.owned and not self.done and self.needs() <= self.approved()

    def may_approve(self, role):
        return (
            self.claimed
            and self.owned
            and not self.done
            and role in self.needs()
            and role in self.alive
            and self.asked.get(role) == self.content
        )


class CoreAndTwin(RuleBasedStateMachine):
    @initialize(mode=st.sampled_from(["SIMPLE", "MEDIUM", "COMPLEX"]))
    def start(self, mode):
        s = Scene().ready(mode)
        self.p = s.p
        self.twin = Twin(mode, [r for r in ROLES if r in self.p["roster"]])
        self.stuck = False  # the lead must decide: then the twin only forbids, it demands nothing

    def do(self, name, who, /, **data):
        before = codec.dumps(self.p)
        try:
            self.p, _events = machine.fold(self.p, event(name, who, **data), 0)
            return True
        except Refusal:
            assert codec.dumps(self.p) == before, "a refusal touched the state"
            return False

    def who(self, name):
        e = self.p["roster"][name]
        return actor(name, e["role"], e["inc"])

    def facts(self):
        return {"task": 1, "revision": self.twin.content, "present": 1}

    @rule()
    def claim(self):
        ok = self.do("CLAIM", self.who("c1"), to="supervisor", **self.facts())
        assert ok <= (self.twin.owned and not self.twin.done)
        self.twin.claimed |= ok

    @rule(role=st.sampled_from(ROLES))
    def ask(self, role):
        if role not in self.p["roster"]:
            return
        ok = self.do("REVIEW", self.who("c1"), to=role, **self.facts())
        assert ok <= (self.twin.claimed and self.twin.owned and not self.twin.done and role in self.twin.needs())
        if ok:
            self.twin.asked[role] = self.twin.content

    @rule(role=st.sampled_from(ROLES), verdict=st.sampled_from(["APPROVED", "APPROVED", "CHANGES_REQUESTED"]))
    def judge(self, role, verdict):
        if role not in self.p["roster"]:
            return
        ok = self.do(verdict, self.who(role), to="c1", **self.facts())
        if verdict == "APPROVED":
            assert ok <= self.twin.may_approve(role), "%s approved what it was not asked" % role
            if ok:
                self.twin.said[role] = ("APPROVED", self.twin.content)
        elif ok:
            assert role in self.twin.needs() and role in self.twin.alive
            self.twin.said[role] = ("CHANGES", self.twin.asked[role])

    @rule(seen=st.booleans(), back=st.booleans())
    def edit(self, seen, back):
        if self.twin.done:
            return
        self.twin.content = "r1" if back else "r%d" % (int(self.twin.content[1:]) + 1)
        if seen:
            assert self.do("FILE_WRITTEN", GATE, task=1, path="f1", by="c1", revision=self.twin.content)

    @rule()
    def finish(self):
        may = self.twin.may_be_done()
        state = self.p["tasks"]["1"]["state"]
        ok = self.do("DONE", self.who("c1"), to="supervisor", **self.facts())
        if ok and not self.twin.done:
            assert may, "DONE without %s" % sorted(self.twin.needs() - self.twin.approved())
            self.twin.done = True
        elif may and state == "APPROVED":
            raise AssertionError("everybody has approved and DONE is refused")

    @rule(role=st.sampled_from(ROLES))
    def dies(self, role):
        if role in self.twin.alive and self.do("AGENT_LOST", GATE, name=role, inc=self.p["roster"][role]["inc"], why="x"):
            self.twin.alive.discard(role)

    @rule(role=st.sampled_from(ROLES))
    def comes(self, role):
        if self.do("SPAWN_REQUESTED", LEAD, name=role, role=role, call=None):
            inc = self.p["roster"][role]["inc"]
            assert self.do("AGENT_BOUND", GATE, name=role, agent_id="%s/%d" % (role, inc))
            self.twin.alive.add(role)

    @rule(role=st.sampled_from(ROLES), back=st.integers(1, 2))
    def a_dead_incarnation_speaks(self, role, back):
        e = self.p["roster"].get(role)
        if e and e["inc"] - back >= 1:
            assert not self.do("APPROVED", actor(role, role, e["inc"] - back), to="c1", **self.facts())

    @rule()
    def escalate(self):
        if self.do("ESCALATE_TO_MEDIUM", self.who("c1"), to="supervisor", **self.facts()):
            assert self.twin.mode in ("SIMPLE", "SIMPLE_ESCALATED_TO_MEDIUM")
            self.twin.mode = "SIMPLE_ESCALATED_TO_MEDIUM"

    @rule()
    def owner_dies_and_is_replaced(self):
        e = self.p["roster"]["supervisor"]
        if e["inc"] > 3 or not self.do("AGENT_LOST", GATE, name="supervisor", inc=e["inc"], why="x"):
            return
        self.twin.owned = False
        self.finish()
        assert self.do("SPAWN_REQUESTED", LEAD, name="supervisor", role="supervisor", call=None)
        assert self.do("AGENT_BOUND", GATE, name="supervisor", agent_id="supervisor/%d" % (e["inc"] + 1))
        epoch = view.next_epoch(self.p)
        assert self.do("STATE_OWNERSHIP_HANDOFF", LEAD, to="supervisor", epoch=epoch)
        assert self.do("STATE_OWNERSHIP_ACK", self.who("supervisor"), to="lead", epoch=epoch)
        self.twin.owned = True

    @rule()
    def the_lead_decides(self):
        if self.p["tasks"]["1"]["state"] in ("STUCK", "REVIEW_LOOP", "STUCK_ESCALATED"):
            assert self.do("TASK_ASSIGNED", LEAD, task=1, to="c1")

    @invariant()
    def both_say_the_same(self):
        if not hasattr(self, "p"):
            return
        t = self.p["tasks"]["1"]
        assert (t["state"] == "DONE") == self.twin.done
        assert set(view.required(self.p, t)) == self.twin.needs()
        assert self.p["mode"] == self.twin.mode
        assert {
            r for r, v in t["approvals"].items() if v["verdict"] == "APPROVED" and v["revision"] == self.twin.content
        } == self.twin.approved()
        assert machine.fold(self.p, event("TICK", GATE), 0)[0]["tasks"] == self.p["tasks"]
        assert codec.dumps(codec.loads(codec.dumps(self.p))) == codec.dumps(self.p)  # a state is JSON, through and through


TestTwin = CoreAndTwin.TestCase
TestTwin.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
