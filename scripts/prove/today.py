"""A run as today's prompts produce it, for hostile.py: orders stand in the prompts of spawns, answers in the last words of turns, the first
edit claims, the first REVIEW says that a task is in review, a gated commit is DONE (PROTOCOL 12). Nobody sends what need not be sent.

The witness is told each order and answer that the journal has as the message that it stands for; one that nobody has said is a broken
promise, and so is one that the message would not have been allowed.
"""

from pack.protocol import tables, view

from .client import Client, keeps_going
from .deeds import say
from .noise import Deeds
from .witness import need, parse

SAID = (
    "RISKS MITIGATED",
    "CONSISTENCY OK",
    "PLAN OK",
    "STATE_OWNERSHIP_ACK(1)",
    "APPROVED: task #1",
    "DONE: task #1",
    "CLAIM: task #1",
    "RISKS: 0",
)


def sections(text, events):
    """{event: the line with what follows it} of the protocol lines of a text that say one of these events. Another one is what is said to the
    line above it, as in a message."""
    out, event = {}, None
    for line in text.splitlines():
        found = parse(line)
        if found and found[0] in events:
            event = found[0]
            out[event] = line
        elif event:
            out[event] += "\n" + line
    return out


class Today(Client):
    """A client whose agents speak in last words and are told in prompts."""

    def __init__(self, *args):
        self.prompts, self.words, self.later = {}, {}, []
        Client.__init__(self, *args)

    def hook(self, event, who="lead", kill=None, **fields):
        self._tell_later()
        answer = Client.hook(self, event, who, kill, **fields)
        # A process that died with the call in the journal leaves the facts that follow from it to the retry: they come after the call, which
        # the witness is told when it has been answered.
        own = "%s:%s" % (event, fields.get("tool_use_id"))
        at = next((n for n, record in enumerate(answer[2]) if record["key"] == own), len(answer[2]))
        for record in answer[2][:at]:
            self._fact(record)
        self.later += answer[2][at:]
        return answer

    def settle(self):
        self._tell_later()
        Client.settle(self)

    def _tell_later(self):
        later, self.later = self.later, []
        for record in later:
            self._fact(record)

    def _fact(self, record):
        """An order or an answer that the gate took from a text: the text holds it, and it was legal."""
        event, name = record["event"], record["actor"]["name"]
        if not record["data"].get("fact") or event in tables.UNASKED:
            return
        self.witness.checked["said"] = self.witness.checked.get("said", 0) + 1
        if name == "lead":
            receiver = self.person(record["data"]["to"])
            lines = sections(self.prompts.get(receiver.name, ""), tables.ORDERS.get(receiver.role, ())) if receiver else {}
            need(event in lines, "FACT", "%s to %s is in the journal and in no prompt", event, record["data"]["to"])
            self.witness.message("lead", None, receiver.name, receiver, lines[event])
            return
        lines = sections(self.words.get(name, ""), tables.LAST_WORDS.get(record["actor"]["role"], ()))
        need(event in lines, "FACT", "%s is in the journal and %s did not say it", event, name)
        self.witness.message(name, self.person(name), "lead", "lead", lines[event])

    def do_spawn(self, who, deed):
        if who == "lead":
            self.prompts[deed["name"]] = deed.get("prompt", "")
        return Client.do_spawn(self, who, deed)

    def turn_ends(self, who, kill):
        said = self.deed.get("text")
        if said is not None:
            self.words[self.person(who).name] = said
            return keeps_going(
                self.hook("SubagentStop", who, kill, stop_hook_active=False, background_tasks=[], last_assistant_message=said)[1]
            )
        return Client.turn_ends(self, who, kill)


class TodayDeeds(Deeds):
    """What today's prompts make of an honest step, and of a dishonest one."""

    def spawn(self, state, role):
        deed = Deeds.spawn(self, state, role)
        lines = []
        if role == tables.SUPERVISOR:
            wrong = self.hostile and self.rng.random() < 0.1
            lines = ["STATE_OWNERSHIP_HANDOFF(%d)" % (view.next_epoch(state) + wrong)]
        elif role == tables.TECH_LEAD and self.rng.random() < 0.9:
            lines = ["VALIDATE PLAN", "IDENTIFY RISKS"]
        return dict(deed, prompt="\n".join(lines)) if lines else deed

    def _step(self, state, s):
        deed = Deeds._step(self, state, s)
        if s["step"].startswith("fix:") and isinstance(deed, dict) and deed.get("text", "").startswith("IN_REVIEW"):
            return self._ask(state, s["who"], s["task"])
        return self._last_words(deed)

    def _finish(self, state, who, number, t, sup):
        if self.rng.random() < 0.9:  # base counts what it proposes, not what was done
            self.told.pop("commit:%d:%s" % (number, t["revision"]), None)
        return Deeds._finish(self, state, who, number, t, sup)

    def _last_words(self, deed):
        """A line to the lead as the last words of its turn."""
        if not isinstance(deed, dict) or deed["do"] != "say" or deed["to"] != "lead":
            return deed
        person, found = self.c.person(deed["who"]), parse(deed["text"])
        if person is None or found is None or found[0] not in tables.LAST_WORDS.get(person.role, ()):
            return deed
        text = deed["text"]
        if found[0] == "PLAN_OK" and self.rng.random() < 0.5:
            text += "\nRISKS: 1\nRISK-1: x\n  Severity: MINOR\nRISKS MITIGATED"
        return {"do": "stops", "who": deed["who"], "text": text}

    def _ask(self, state, who, number):
        """REVIEW to all that must approve, and nobody else is told."""
        names = [n for role in view.required(state, view.task(state, number)) for n in view.present(state, role)[:1]]
        return [say(who, n, "REVIEW: task #%d" % number) for n in names] or {"do": "stops", "who": who}

    def _trade(self, state):
        out = []
        for deed in Deeds._trade(self, state):
            found = parse(deed["text"]) if deed["do"] == "say" else None
            event, number = found[:2] if found else (None, None)
            if event == "CLAIM":
                deed = self._edit(deed["who"], view.task(state, number))
            elif event == "IN_REVIEW":
                deed = self._ask(state, deed["who"], number)
            else:
                deed = self._last_words(deed)
            out += deed if isinstance(deed, list) else [deed]
        return out

    def _noise(self):
        rng, running = self.rng, [p for p in self.c.living() if p.running and not p.silent]
        if running and rng.random() < 0.15:
            lines = rng.sample(SAID, rng.choice((1, 1, 2, 3)))
            return {"do": "stops", "who": self.c.key(rng.choice(running)), "text": rng.choice(("", "Well.\n")) + "\n".join(lines)}
        return Deeds._noise(self)
