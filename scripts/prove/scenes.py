"""Real states to start from, made by folding real events: no field is set by hand."""

from pack.protocol import machine

from .explore import GATE, LEAD, actor, event

_FACT = {"value": False, "evidence": "x"}
FACTS = {
    "layers": [],
    "changes_existing": _FACT,
    "near_sensitive": _FACT,
    "shared_by_3_modules": _FACT,
    "direct_sensitive": _FACT,
    "gold_standard_exists": {"value": True, "evidence": "x"},
}
MEDIUM = dict(FACTS, changes_existing={"value": True, "evidence": "x"})
COMPLEX = dict(MEDIUM, gold_standard_exists=_FACT)


def task(number, files=None, reviewers=(), high_risk=False, blocked=()):
    return {
        "id": number,
        "subject": "t",
        "files": files or ["f%d" % number],
        "references": [],
        "acceptance": [],
        "checks": [],
        "tooling": {},
        "blocked_by": list(blocked),
        "reviewers": list(reviewers),
        "high_risk": high_risk,
    }


class Scene:
    """A protocol state under construction."""

    def __init__(self, headless=False, coders=3):
        self.p = machine.initial()
        self.do("RUN_OPENED", LEAD, name="t", session="s", headless=headless, coders=coders, client_pid=None, conventions="c0")

    def do(self, name, who=GATE, /, **data):
        self.p, _events = machine.fold(self.p, event(name, who, **data), 0)
        return self

    def who(self, name):
        e = self.p["roster"][name]
        return actor(name, e["role"], e["inc"])

    def plan(self, mode="SIMPLE", tasks=None, reviewers=("logic-reviewer",)):
        facts = {"SIMPLE": FACTS, "MEDIUM": MEDIUM, "COMPLEX": COMPLEX}[mode]
        tasks = tasks or {1: task(1, reviewers=reviewers if mode == "MEDIUM" else ())}
        if mode != "SIMPLE":
            tasks = dict(tasks)
            last = max(tasks) + 1
            tasks[last] = task(last, [".conventions/"], reviewers if mode == "MEDIUM" else (), blocked=list(tasks))
        self.do("PLAN_REGISTERED", LEAD, tasks={str(n): t for n, t in tasks.items()}, facts=facts, definition_of_done=["x"])
        assert self.p["mode"] == mode, self.p["classification"]["text"]
        self.p = dict(self.p, classification=None)
        return self

    def spawn(self, name, role):
        self.do("SPAWN_REQUESTED", LEAD, name=name, role=role, call=None)
        inc = self.p["roster"][name]["inc"]
        return self.do("AGENT_BOUND", name=name, agent_id="%s/%d" % (name, inc))

    def validated(self):
        self.spawn("tech-lead", "tech-lead")
        tl = self.who("tech-lead")
        self.do("VALIDATE_PLAN", LEAD, to="tech-lead").do("PLAN_OK", tl, to="lead").do("IDENTIFY_RISKS", LEAD, to="tech-lead")
        return self.do("RISKS", tl, to="lead", n=0, counts={"CRITICAL": 0, "MAJOR": 0, "MINOR": 0}, reason="x").do(
            "RISKS_MITIGATED", tl, to="lead"
        )

    def owned(self, epoch=1):
        self.spawn("supervisor", "supervisor")
        self.do("STATE_OWNERSHIP_HANDOFF", LEAD, to="supervisor", epoch=epoch)
        return self.do("STATE_OWNERSHIP_ACK", self.who("supervisor"), to="lead", epoch=epoch)

    def ready(self, mode="SIMPLE", coders=1, reviewers=("logic-reviewer",), tasks=None):
        """Up to the moment where coders may claim."""
        self.plan(mode, tasks, reviewers)
        if mode != "SIMPLE":
            self.validated()
        self.owned()
        for role in {
            "SIMPLE": ("unified-reviewer",),
            "MEDIUM": reviewers,
            "COMPLEX": ("security-reviewer", "logic-reviewer", "quality-reviewer"),
        }[mode]:
            self.spawn(role, role)
        for n in range(coders):
            self.spawn("c%d" % (n + 1), "coder")
        return self

    def finished(self):
        """All tasks cancelled or done, verified: the completion gate is open."""
        for number in sorted(map(int, self.p["tasks"])):
            t = self.p["tasks"][str(number)]
            if t["state"] in ("DONE", "CANCELLED"):
                continue
            self.do("CLAIM", self.who("c1"), to="supervisor", task=number)
            self.do("IN_REVIEW", self.who("c1"), to="supervisor", task=number, revision="r", present=1)
            from pack.protocol import view

            for role in view.required(self.p, self.p["tasks"][str(number)]):
                self.do("REVIEW", self.who("c1"), to=role, task=number, revision="r", present=1)
                self.do("APPROVED", self.who(role), to="c1", task=number, revision="r", present=1)
            self.do("DONE", self.who("c1"), to="supervisor", task=number, revision="r", present=1)
        self.do("VERIFY_STARTED", LEAD, nonce="n", build="b", test="t")
        self.do("VERIFIED", nonce="n", build_exit=0, test_exit=0, tree="T")
        if self.p["mode"] != "SIMPLE":
            self.do("CONSISTENCY_OK", self.who("tech-lead"), to="lead")
        return self
