"""The promises of docs/teams.md and docs/realtime.md written down a second time, as witness.py has those of docs/protocol.md.

A WaveWitness knows the definition as the user wrote it, the files as they lie there, what the user typed and which calls were let
through. It judges the gates itself, by reading; nothing of `pack.protocol`, `pack.teams` or `pack.realtime` is asked. Like its
elder it only says that something happened which was promised not to happen; verdicts it compares both ways.
"""

import os
import re
import subprocess

from .waveteam import HEALTH, SCORE
from .witness import Witness, bytes_of, need

WORST = ("FORGED", "FAIL", "INVALID", "MISSING", "PASS")
NO_NAMES = ("lead", "main", "team-lead")


def at_work(person):
    """Whether an agent is in a turn for more than to answer a shutdown request, which wakes it unseen."""
    return person.running and not person.requests


class WaveWitness(Witness):
    """The notebook of a run with waves."""

    def __init__(self, project, headless, definition):
        Witness.__init__(self, project, headless, len(definition["roles"]))
        self.definition, self.root = definition, os.path.join(self.project, definition["root"])
        self.lead = definition.get("lead")
        self.roles = {r["id"]: r for r in definition["roles"]}
        self.gates = {g["id"]: g for g in definition["gates"]}
        self.waves = {w["id"]: w for w in definition["waves"]}
        self.asked_for, self.started, self.verdicts, self.halts, self.paused, self.words = set(), set(), {}, set(), False, {}
        self.tries, self.seen, self.lost = {}, {}, {}
        names = {n for g in definition["gates"] for c in g.get("checks", []) for n in c.get("sealed", [])}
        self.sealed = {n: bytes_of(os.path.join(self.project, n)) for n in names}
        self.checked.update(gates=0, waves=0, words=0, halts=0)

    # -- files ------------------------------------------------------------------------------------------------------------
    def text(self, *parts):
        """A file's text, None without it."""
        try:
            with open(os.path.join(*parts), encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return None

    def artifact(self, name):
        """Whether an artifact is there, with content: of headings only it has none."""
        text = self.text(self.root, name)
        return text is not None and any(x.strip() and not (name.endswith(".md") and x.lstrip().startswith("#")) for x in text.splitlines())

    def line(self, name, line):
        """Whether a file holds a line; list marks, emphasis and case aside."""
        plain = lambda x: re.sub(r"[*_`]", "", x.strip().lstrip("-*+ ")).strip().casefold()
        return any(plain(x) == plain(line) for x in (self.text(self.root, name) or "").splitlines())

    def looks_at(self, gate):
        """What is on disk of the files that a gate looks at."""
        names = list(gate.get("artifacts", [])) + [c["file"] for c in gate.get("checks", []) if "file" in c]
        for role in gate.get("artifacts_of", []):
            names += self.roles[role].get("artifacts", [])
        return tuple((n, bytes_of(os.path.join(self.root, n))) for n in sorted(set(names)))

    def strays(self):
        """Files below the guarded folder: no tool of this run measures, so somebody filed them by hand."""
        return [n for _b, _f, names in os.walk(os.path.join(self.root, "evidence")) for n in names if n not in (".gitkeep", ".lock")]

    # -- gates ------------------------------------------------------------------------------------------------------------
    def due(self, gate, asked):
        """Whether a gate's work has begun: its `after_role` was spawned, and everybody of the waves before."""
        before = {
            r for w in self.waves.values() if gate["id"] in w.get("gates", []) for b in w.get("after", []) for r in self.waves[b]["roles"]
        }
        return all(r in asked or r == self.lead for r in before | {gate["after_role"]})

    def command(self, gate, check, asked):
        """(verdict or None where it cannot be told, what failed)."""
        script = check["run"][1]
        if any(bytes_of(os.path.join(self.project, n)) != self.sealed[n] for n in check.get("sealed", [])):
            return "FORGED", None
        if not self.due(gate, asked):
            return "MISSING", None
        text = self.text(self.project, script)
        if script.endswith("health.sh"):
            if text != HEALTH:
                return None, None
            state = self.text(self.project, "deploy/state")
            return ("PASS", None) if state is not None and "up" in state else ("FAIL", (script, self.tried("deploy/state", state)))
        if text != SCORE:
            return None, None
        score = self.text(self.project, "deploy/score")
        if score is None:
            return "FAIL", (script, None)
        try:
            value = float(score) if re.match(r"-?\d+(\.\d+)?\n*\Z", score) else None
        except ValueError:
            value = None
        return (
            ("INVALID", None)
            if value is None
            else ("PASS", None)
            if value >= 0.9
            else ("FAIL", (script, self.tried("deploy/score", score)))
        )

    def tried(self, name, text):
        """What makes a failure of a command another one: the content of a file that git tracks. What a command leaves behind, which git
        does not track, does not make its next failure a new try, so such a file tells nothing."""
        known = subprocess.run(["git", "-C", self.project, "ls-files", "--", name], stdout=subprocess.PIPE, check=True).stdout
        return text if known else None

    def judge(self, asked, words):
        """{gate: (verdict or None, what of its own failed)} of what lies there now; the roles that were asked for and the user's words, as
        they were when it was let through."""
        out = {}

        def one(gate):
            if gate["id"] in out:
                return
            for other in gate.get("needs", []):
                one(self.gates[other])
            rows = [("PASS" if self.artifact(n) else "MISSING", None) for n in gate.get("artifacts", [])]
            rows += [
                ("PASS" if self.artifact(n) else "MISSING", None)
                for r in gate.get("artifacts_of", [])
                for n in self.roles[r].get("artifacts", [])
            ]
            for check in gate.get("checks", []):
                if check["check"] == "command":
                    rows.append(self.command(gate, check, asked))
                elif check["check"] == "line":
                    at = os.path.join(self.root, check["file"])
                    held = "MISSING" if not os.path.isfile(at) else "PASS" if self.line(check["file"], check["line"]) else "FAIL"
                    rows.append((held, (check["file"], bytes_of(at)) if held == "FAIL" else None))
                else:
                    word = words.get(gate["id"])
                    if word is None or word[1] != self.looks_at(gate):
                        rows.append(("MISSING", None))
                    else:
                        rows.append(("PASS", None) if word[0] else ("FAIL", ("word", word[2])))
            for other in gate.get("needs", []):
                verdict = out[other][0]
                rows.append(
                    (
                        None
                        if verdict in (None, "FORGED")
                        else "FAIL"
                        if verdict == "FAIL"
                        else "PASS"
                        if verdict == "PASS"
                        else "MISSING",
                        None,
                    )
                )
            verdicts = [v for v, _w in rows]
            out[gate["id"]] = (None if None in verdicts else min(verdicts, key=WORST.index, default="PASS"), {w for _v, w in rows if w})

        for gate in self.definition["gates"]:
            one(gate)
        if self.strays():
            first = self.definition["gates"][0]["id"]
            out[first] = ("FORGED", set())
        return out

    def judged(self, mine, recorded):
        """A `pack gate check` has come to its end and its verdicts were recorded."""
        self.checked["gates"] += 1
        for gate, (verdict, failed) in mine.items():
            have = recorded.get(gate)
            need(have is not None, "NOT_JUDGED", "the gates were judged and gate %s has no verdict", gate)
            need(verdict is None or have == verdict, "VERDICT", "gate %s was judged %s, it is %s", gate, have, verdict)
            self.verdicts[gate] = have
            if have == "PASS":
                self.tries[gate] = 0
                self.halts.discard(gate)
            elif have == "FAIL" and failed - self.seen.get(gate, set()):
                self.tries[gate] = self.tries.get(gate, 0) + 1
                self.seen[gate] = self.seen.get(gate, set()) | failed
            if not self.due(self.gates[gate], self.asked_for):
                self.halts.discard(gate)  # its only worker never began: a gate whose work has not begun stops nobody
            elif have in ("FAIL", "FORGED") and self.gates[gate].get("hard_stop"):
                self.checked["halts"] += 1
                self.halts.add(gate)

    # -- waves ------------------------------------------------------------------------------------------------------------
    def holds(self, condition):
        """Whether a condition of an entry or exit holds."""
        if "gate" in condition:
            return self.verdicts.get(condition["gate"]) == "PASS"
        if "artifacts_of" in condition:
            return all(self.artifact(n) for n in self.roles[condition["artifacts_of"]].get("artifacts", []))
        if "artifact" in condition:
            return self.artifact(condition["artifact"]) and ("line" not in condition or self.line(condition["artifact"], condition["line"]))
        return os.path.isfile(os.path.join(self.project, "strategy.md"))

    def over(self, wave, people):
        """Why a wave is not over, None when it is."""
        if wave["mode"] == "loop":
            return None
        for role in wave["roles"]:
            if role == self.lead:
                continue
            if role not in self.started:
                return "%s of wave %s never began" % (role, wave["id"])
            if wave["mode"] != "background" and [p for p in people if p.alive and at_work(p) and p.role == role and not p.nested]:
                return "%s of wave %s is at work" % (role, wave["id"])
        left = [c for c in wave.get("exit", []) if not self.holds(c)]
        return "the exit of wave %s lacks %s" % (wave["id"], left[0]) if left else None

    def closed_to(self, role, people):
        """Why no wave is open to a role, None when one is."""
        whys = []
        for wave in [w for w in self.definition["waves"] if role in w["roles"]]:
            if wave["mode"] == "loop":
                failing = [g for g in wave["when"]["gate_fails"] if self.verdicts.get(g) in ("FAIL", "FORGED")]
                if any(role in self.gates[g]["on_fail"]["respawn"] for g in failing):
                    return None
                whys.append("no gate of loop %s asks for it" % wave["id"])
                continue
            why = next((y for y in (self.over(self.waves[b], people) for b in wave.get("after", [])) if y), None)
            lacking = [c for c in wave.get("entry", []) if not self.holds(c)]
            if why is None and not lacking:
                return None
            whys.append(why or "the entry of wave %s lacks %s" % (wave["id"], lacking[0]))
        return "; ".join(whys)

    def menders(self, gate):
        """Who works while a hard stop holds the team: those of the gate, and of the gates that it needs."""
        g = self.gates[gate]
        return {g["after_role"]}.union(g["on_fail"]["respawn"], *(self.menders(n) for n in g.get("needs", [])))

    def halted(self, role):
        """Whether hard stops hold the team and the role mends none of them."""
        return bool(self.halts) and not [g for g in self.halts if role in self.menders(g)]

    def kept(self, role):
        """Why a role may not be set to work: a pause, a hard stop, spent retries. None when it may."""
        if self.paused:
            return "the run is paused"
        if self.halted(role):
            return "HARD STOP %s" % sorted(self.halts)
        most = self.definition.get("retries", 3)
        if self.lost.get(role, 0) > most:
            return "%s failed %d times of %d" % (role, self.lost[role], most)
        for gate, tries in self.tries.items():
            g = self.gates[gate]["on_fail"]
            if tries >= g.get("retries", most) and self.verdicts.get(gate) == "FAIL" and role in g["respawn"]:
                return "gate %s failed %d times" % (gate, tries)
        return None

    # -- calls that were let through ------------------------------------------------------------------------------------------
    def spawn(self, who, name, role, people, again):
        need(who == "lead", "SPAWN_BY", "%s was allowed to spawn %s", who, name)
        plain = isinstance(name, str) and name.isascii() and re.match(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z", name)
        need(plain and name.lower() not in NO_NAMES, "SPAWN_NAME", "%r was allowed", name)
        if again:
            return
        self.checked["waves"] += 1
        living = [p for p in people if p.alive and not p.nested]
        need(role in self.roles and role != self.lead, "SPAWN_ROLE", "%s is no role to spawn", role)
        need(not [p for p in living if p.name.lower() == name.lower()], "SPAWN_NAME", "two living agents are called %s", name)
        need(not [p for p in living if p.role == role], "SPAWN_ROLE", "a second %s", role)
        need(not self.begun, "SPAWN_LATE", "%s in the teardown", role)
        why = self.kept(role)
        need(why is None, "WAVE_KEPT", "%s was spawned though %s", role, why)
        why = self.closed_to(role, people)
        need(why is None, "WAVE_EARLY", "%s was spawned though %s", role, why)
        front = [p.name for p in living if at_work(p) and p.role != role and self.roles[p.role]["spawning"] == "foreground"]
        need(not front, "FOREGROUND", "%s was spawned while %s works in the foreground", role, front)
        self.asked_for.add(role)

    def message(self, who, person, to, receiver, text):
        idle = receiver not in (None, "lead") and receiver.alive and receiver.known and not receiver.running and not receiver.silent
        if idle and not receiver.nested and not self.begun:
            why = self.kept(receiver.role)
            need(why is None, "WOKEN", "%s was woken though %s", to, why)
        return Witness.message(self, who, person, to, receiver, text)

    def edit(self, who, person, path, cwd=None, appends=None, entry=False, claims=None):
        self.checked["edits"] += 1
        full = os.path.join(cwd or self.project, path)
        full = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full)) if entry else os.path.realpath(full)
        settings = os.path.join(self.project, ".claude", "settings")
        need(not full.startswith((os.path.join(self.project, ".claude", "teams"), settings)), "PROTECTED", "%s may write %s", who, path)
        if who == "foreign" or not full.startswith(self.project + os.sep):
            return
        rel, root = full[len(self.project) + 1 :], self.definition["root"]
        need(not (rel + "/").startswith(root + "/evidence/"), "EVIDENCE", "%s may write %s by hand", who, rel)
        need(not rel.startswith(".claude/team-definitions"), "DEFINITION", "%s may write the definition", who)
        need(not (self.definition.get("strategy") and rel == "strategy.md"), "STRATEGY", "%s may write the strategy", who)
        need(rel not in self.sealed, "SEALED", "%s may write %s", who, rel)
        role = self.roles.get(self.lead if who == "lead" else person.role if person and person.known and not person.nested else None)
        need(role is not None, "EDIT_UNKNOWN", "%s, who has no role, may edit %s", who, rel)
        need(who == "lead" or person.alive, "EDIT_DEAD", "%s has ended and may edit %s", who, rel)
        under = lambda names, at: any(at == n or n.endswith("/") and at.startswith(n) for n in names)
        if (rel + "/").startswith(root + "/"):
            own = role.get("artifacts", []) + role.get("writes", [])
            need(under(own, rel[len(root) + 1 :]), "EDIT_FOREIGN", "%s may write %s", who, rel)
            return
        changing = any(role["id"] in w["roles"] for w in self.definition["waves"] if w["mode"] in ("parallel", "loop"))
        edits = role.get("edits", ["./"] if changing else [])
        need(edits == ["./"] or under(edits, rel), "EDIT_ROLE", "%s may edit %s", who, rel)
        need(not self.halted(role["id"]), "EDIT_HALTED", "%s may edit %s in the hard stop %s", who, rel, sorted(self.halts))

    def written(self, person, full):
        pass

    def committed(self, who, person, names, blobs):
        self.checked["commits"] += 1
        for name in names:
            if not name.startswith((self.definition["root"] + "/evidence/", ".claude/teams/")):  # a commit changes neither
                self.edit(who, person, name, entry=True)  # of a link the commit holds the link

    # -- verbs and what the user types ------------------------------------------------------------------------------------------
    def verb(self, who, words, raw, people):
        if words[:2] == ["gate", "check"]:
            need(who != "foreign", "VERB_BY", "another session judges the gates")
            return "GATES_STARTED"
        need(words[0] in ("teardown", "abort", "resume", "verify"), "VERB_TEAM", "pack %s in a team of waves", " ".join(words))
        return Witness.verb(self, who, words, raw, people)

    def _teardown_verb(self, args, people):
        if args:
            return Witness._teardown_verb(self, args, people)
        whys = [y for y in (self.over(w, people) for w in self.definition["waves"]) if y]
        need(not whys, "TEARDOWN_EARLY", "the team is finished though %s", whys[:1])
        need(not self.halts, "TEARDOWN_EARLY", "the team is finished though it halts: %s", self.halts)
        need(not self.tampered, "TEARDOWN_EARLY", "what enforces the run was changed and the user has not looked")
        self.begin()
        return "TEARDOWN_INIT"

    def typed(self, who, text):
        """The user typed a line. Answers the event that it must leave, None for talk."""
        words = text.strip().rstrip(".!?").split()
        said = " ".join(words).casefold()
        if who != "lead" or self.closed:
            return None
        if said == "pause team":
            self.paused = True
            return "RUN_PAUSED"
        asks = [g for g, gate in self.gates.items() if any(c["check"] == "approval" for c in gate.get("checks", []))]
        if words[:1] == ["team"] and words[1:2] in (["approve"], ["reject"]) and words[2:3] and words[2] in asks:
            if words[1] == "reject" and not words[3:]:
                return None
            self.checked["words"] += 1
            self.words[words[2]] = (words[1] == "approve", self.looks_at(self.gates[words[2]]), self.checked["words"])
            return "GATE_DECIDED"
        return None

    def resumed(self):
        """The user typed `resume team`: every gate is judged again (but `survives_resume`), who failed may be tried again."""
        self.paused, self.tries, self.lost = False, {}, {}
        self.verdicts = {g: v for g, v in self.verdicts.items() if self.gates[g].get("survives_resume")}

    # -- after every payload ----------------------------------------------------------------------------------------------------
    def look(self, state, people):
        Witness.look(self, state, people)
        if state["waves"] is None:
            return
        facts = state["waves"]
        need(facts["verdicts"] == self.verdicts, "VERDICTS", "the verdicts are %s, they should be %s", facts["verdicts"], self.verdicts)
        need(set(facts["halts"]) == self.halts, "HALTS", "halted by %s, it should be %s", facts["halts"], sorted(self.halts))
        need(bool(state["paused"]) == self.paused or self.begun, "PAUSED", "paused is %s, it should be %s", state["paused"], self.paused)
