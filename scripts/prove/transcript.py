"""Protocol stories as text: who does what, and under it, indented, what the shipped core makes of it.

    = ready MEDIUM coders=2            a scene of scenes.py: plan | supervised | ready | finished
    c1: CLAIM to=supervisor task=1     an event; the actor is a roster name, NAME/INCARNATION, lead, gate or person
    +61s                               time passes, and a tick notices it
    # ...                              a remark, kept

The indented lines are written by `play`; a test compares them, and PACK_REWRITE=1 writes them anew.
"""

from pack.base import codec
from pack.protocol import machine, view
from pack.protocol.refusal import Refusal

from .explore import GATE, LEAD, PERSON, actor, event
from .scenes import Scene

# A small team with waves: two builders beside each other, then a prober in the foreground, then a loop that mends a failed gate.
DEFINITION = {
    "name": "small",
    "lead": None,
    "retries": 1,
    "roles": [
        {"id": "a", "agent": "builder-a", "spawning": "background"},
        {"id": "b", "agent": "builder-b", "spawning": "background"},
        {"id": "p", "agent": "prober", "spawning": "foreground"},
    ],
    "gates": [{"id": "g", "hard_stop": True, "after_role": "p", "on_fail": {"respawn": ["a"]}}],
    "waves": [
        {"id": "build", "mode": "parallel", "roles": ["a", "b"]},
        {"id": "probe", "mode": "sequential", "roles": ["p"], "after": ["build"]},
        {"id": "mend", "mode": "loop", "roles": ["a", "b"], "when": {"gate_fails": ["g"]}},
    ],
}


class Player:
    """Plays the lines of one story after the other; a line `= ...` begins a new one."""

    def __init__(self):
        self.p, self.now = machine.initial(), 0

    def scene(self, words):
        options = dict(w.split("=", 1) for w in words if "=" in w)
        plain = [w for w in words if "=" not in w]
        kind, mode = plain[0], (plain + ["SIMPLE"])[1]
        s = Scene(options.get("headless") == "yes", int(options.get("limit", 3)))
        reviewers = tuple(options.get("reviewers", "logic-reviewer").split(","))
        if kind == "waves":
            s = Scene.__new__(Scene)
            s.p = machine.initial()
            s.do(
                "RUN_OPENED",
                LEAD,
                name="t",
                session="s",
                headless=False,
                coders=3,
                client_pid=None,
                conventions=None,
                definition=DEFINITION,
            )
        elif kind == "open":
            pass
        elif kind == "plan":
            s.plan(mode, None, reviewers)
        elif kind == "supervised":
            s.plan(mode, None, reviewers)
            s.spawn("supervisor", "supervisor")
        elif kind == "owned":
            s.plan(mode, None, reviewers)
            s.owned()
        elif kind == "risks":  # PLAN OK, risks asked for
            s.plan(mode, None, reviewers)
            s.spawn("tech-lead", "tech-lead").do("VALIDATE_PLAN", LEAD, to="tech-lead").do("PLAN_OK", s.who("tech-lead"), to="lead")
            s.do("IDENTIFY_RISKS", LEAD, to="tech-lead")
        else:
            s.ready(mode, coders=int(options.get("coders", 1)), reviewers=reviewers)
            if kind == "finished":
                s.finished()
            if kind == "teardown":
                s.finished()
                s.do("TEARDOWN_INIT", LEAD, tree="T", conventions="c1", persisted=True)
        self.p, self.now = s.p, 0

    def who(self, text):
        if text in ("lead", "gate", "person"):
            return {"lead": LEAD, "gate": GATE, "person": PERSON}[text]
        name, _, inc = text.partition("/")
        if "!" in name:  # stranger!role: somebody whom the roster does not know
            name, role = name.split("!")
            return actor(name, role or None, int(inc or 1))
        e = self.p["roster"].get(name, {"role": None, "inc": 0})
        return actor(name, e["role"], int(inc) if inc else e["inc"])

    def line(self, text):
        """One line -> the lines that go under it."""
        text = text.strip()
        if text.startswith("="):
            self.scene(text[1:].split())
            return []
        if text.startswith("+"):
            self.now += int(text[1:].rstrip("s"))
            return self.do(event("TICK", GATE))
        who, _, rest = text.partition(": ")
        words = rest.split(" ")
        data = {}
        for w in words[1:]:
            k, _, v = w.partition("=")
            try:
                data[k] = codec.loads(v)
            except ValueError:
                data[k] = v
        return self.do({"event": words[0], "actor": self.who(who), "data": data, "key": None})

    def do(self, ev):
        before = self.p
        try:
            self.p, done = machine.fold(self.p, ev, self.now)
        except Refusal as refusal:
            out = ["refused %s: %s" % (refusal.code, refusal.what)] + (["next: " + refusal.next] if refusal.next else [])
            try:
                self.p, done = machine.fold(self.p, dict(ev, event=refusal.record, data=refusal.data()), self.now)
            except Refusal as second:
                return out + ["and the refusal cannot be recorded: " + second.what]
            more = [e["event"] for e in done if e["event"] != "REFUSED"]
            return out + (["recorded: " + ", ".join(more)] if more else []) + changes(before, self.p)
        more = [e["event"] for e in done[1:]]
        return (["then: " + ", ".join(more)] if more else []) + (changes(before, self.p) or ["accepted"])


def changes(a, b):
    """What a reader wants to know of a change."""
    out = []
    for key in ("phase", "mode", "consistency"):
        if a[key] != b[key]:
            out.append("%s %s -> %s" % (key, a[key], b[key]))
    if a["owner"] != b["owner"]:
        out.append("owner %s -> %s" % (view.owner_text(a), view.owner_text(b)))
    for n, e in sorted(b["roster"].items()):
        old = a["roster"].get(n)
        if not old or (old["state"], old["inc"]) != (e["state"], e["inc"]):
            out.append("%s/%d %s -> %s" % (n, e["inc"], old["state"] if old else "-", e["state"]))
    for n, t in sorted(b["tasks"].items(), key=lambda x: int(x[0])):
        old = a["tasks"].get(n)
        if not old or (old["state"], old["owner"]) != (t["state"], t["owner"]):
            out.append(
                "#%s %s -> %s%s%s"
                % (
                    n,
                    old["state"] if old else "-",
                    t["state"],
                    " (%s)" % t["cause"] if t["cause"] else "",
                    ", " + t["owner"] if t["owner"] else "",
                )
            )
    if a["teardown"] != b["teardown"]:
        x, y = a["teardown"], b["teardown"]
        if (x["state"], x["sends"], x["attempt"]) != (y["state"], y["sends"], y["attempt"]):
            out.append("teardown %s -> %s, send %d, attempt %d" % (x["state"], y["state"], y["sends"], y["attempt"]))
        if view.missing_acks(a) != view.missing_acks(b):
            out.append("missing acks: " + (", ".join(view.missing_acks(b)) or "none"))
        if y["unresolved"] != x["unresolved"]:
            out.append("unresolved: " + ", ".join(y["unresolved"]))
    if a["plan"] != b["plan"] or a["risks"] != b["risks"]:
        out.append("plan ok %s, risks %s%s" % (b["plan"]["ok"], b["risks"]["counts"], ", mitigated" if b["risks"]["mitigated"] else ""))
    return out


def play(text):
    """A transcript's text -> the same with the answers as the core gives them now."""
    player, out = Player(), []
    for line in text.splitlines():
        if line.startswith("    "):
            continue
        out.append(line.rstrip())
        if line.strip() and not line.startswith("#"):
            out += ["    " + x for x in player.line(line)]
    return "\n".join(out) + "\n"


def script(ev):
    """An event as a line of a transcript."""
    a = ev["actor"]
    who = (
        a["name"]
        if a["role"] in ("lead", "gate")
        else "person"
        if a["role"] == "person"
        else "%s%s/%d" % (a["name"], "!%s" % (a["role"] or "") if a.get("stranger") else "", a["inc"])
    )
    return "%s: %s%s" % (
        who,
        ev["event"],
        "".join(" %s=%s" % (k, codec.dumps(v).replace(" ", "\\u0020")) for k, v in sorted(ev["data"].items())),
    )
