"""A client whose session leads a team of waves, for hostile.py: the deeds that `Client` does not know, or carries out in another way."""

import os

from pack.base import codec
from pack.cli import gates
from pack.teams import TeamError

from . import waveteam
from .client import Client, git
from .wavewitness import WaveWitness
from .witness import need


class WaveClient(Client):
    """One client session with a team of waves."""

    def prepare(self):
        self.definition, self.judgements, self.bare = waveteam.a_team(self.setup["team"]), {}, {}
        for name, text in waveteam.FILES.items():
            if name == waveteam.STRATEGY and not self.definition.get("strategy"):
                continue
            self.put(name, codec.dumps(self.definition) if name == waveteam.DEFINITION else text)
        git(self.project, "add", "-A")
        git(self.project, "commit", "-qm", "what the team begins with")
        self.whole = {n: self.text(n) for n in waveteam.SEALED + (waveteam.DEFINITION, waveteam.STRATEGY)}
        return waveteam.TEAM

    def put(self, name, text):
        full = os.path.join(self.project, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

    def text(self, name):
        """A file of the project, None without it."""
        try:
            with open(os.path.join(self.project, name), encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return None

    def spoilt(self):
        """Files that only the user puts back, and which are not as they were."""
        return [n for n, text in self.whole.items() if self.text(n) != text] + ["evidence"] * bool(self.witness.strays())

    def a_witness(self):
        return WaveWitness(self.project, self.headless, self.definition)

    def agent_of(self, role):
        return next((r["agent"] for r in self.definition["roles"] if r["id"] == role), "har-" + role)

    def asked_role(self, deed):
        kind = deed.get("kind") or self.agent_of(deed["role"])
        return next((r["id"] for r in self.definition["roles"] if kind in (r["agent"], "team:" + r["agent"])), "?" + kind)

    def open(self):
        text = "--team %s%s" % (waveteam.TEAM, " --strategy strategy.md" if self.definition.get("strategy") else "")
        code, out, _records, _before = self.hook("UserPromptSubmit", prompt=text)
        need(code == 0 and self.book.state["team"] is not None, "OPEN", "the run was not opened: %s", out)

    # -- agents that are told why they work ---------------------------------------------------------------------------------------
    def start(self, person, how="ok"):
        Client.start(self, person, how)
        if person.known:
            self.witness.started.add(person.role)

    def hook(self, event, who="lead", kill=None, **fields):
        answer = Client.hook(self, event, who, kill, **fields)
        for record in answer[2]:
            if record["event"] == "GATES_RECORDED":
                self._judged(record)
            elif record["event"] in ("SPAWN_FAILED", "AGENT_LOST", "AGENT_ENDED"):
                self._never_began(record["data"]["name"])
        person = self.person(who)
        if event == "SubagentStart" and person is not None and person.known and not person.nested and not kill:
            self._handed_over(person, answer[1])
        return answer

    def _handed_over(self, person, out):
        """Whoever starts or is woken while a gate asks for it is told that gate's failure."""
        bound = self.book.state["agents"].get(person.id)
        if bound is None or not person.alive or self.book.state["phase"] == "CLOSED":
            return
        told = codec.dumps(out)
        for gate, verdict in self.witness.verdicts.items():
            if verdict in ("FAIL", "FORGED") and person.role in self.witness.gates[gate]["on_fail"]["respawn"]:
                need(
                    "Gate %s %s" % (gate, verdict) in told,
                    "NOT_TOLD",
                    "%s begins and is not told that gate %s is %s",
                    person.name,
                    gate,
                    verdict,
                )

    def do_fails(self, who, deed):
        person = self.person(who)
        counts = person.alive and person.known and not person.nested and not person.told
        done = Client.do_fails(self, who, deed)
        if counts and done is not False:
            self.witness.lost[person.role] = self.witness.lost.get(person.role, 0) + 1
        return done

    def _never_began(self, name):
        """A spawn that came to nothing is none."""
        last = [p for p in self.people if p.name == name and not p.nested][-1:]
        if last and not last[0].started and last[0].role not in self.witness.started:
            self.witness.asked_for.discard(last[0].role)

    def _judged(self, record):
        """Verdicts stand in the journal: those of a process that judged, and of the definition that the run was opened with."""
        nonce = record["data"]["nonce"]
        need(nonce in self.judgements or nonce in self.bare, "FORGED", "verdicts were recorded that nothing has judged")
        mine, whole = self.judgements.pop(nonce, None) or self.bare.pop(nonce)
        need(whole, "DEFINITION", "a changed definition judges")
        self.witness.judged(mine, self.book.state["waves"]["verdicts"])

    # -- gates ----------------------------------------------------------------------------------------------------------------
    def _pack(self, command, words, fresh=True):
        if words[:2] != ["gate", "check"]:
            return Client._pack(self, command, words, fresh)
        need(command.startswith("PACK_VOUCHER='"), "VOUCHER", "pack gate check runs as %s", command[:80])
        path = command.split("'")[1]
        nonce = os.path.basename(path).partition(".")[0]
        before = self.judgements.get(nonce)  # of the same call, sent before: its result may still be there
        self.judgements[nonce] = self._judgement()
        if self.count % 23 == 0 or self.setup.get("whole"):
            done = self._run(command)
            if done.returncode == 2 and not self.judgements[nonce][1]:
                self._not_judged(nonce, before)
            return done.stdout, done.returncode
        here = os.getcwd()
        try:
            os.chdir(self.project)
            result = gates.judge(path)
        except (TeamError, OSError, ValueError, KeyError) as error:
            self._not_judged(nonce, before)
            return "pack gate: %s" % error, 2
        finally:
            os.chdir(here)
        return gates.text(result), 0 if result["verdict"] == "PASS" else 1

    def _judgement(self):
        return self.witness.judge(*self.then), self.text(waveteam.DEFINITION) == self.whole[waveteam.DEFINITION]

    def do_bash(self, who, deed):
        """A check whose voucher another plugin's hook took away judges for the last one that nothing has answered, whoever runs it."""
        for step in Client.do_bash(self, who, deed):
            yield step
            nonce = self.book.state["waves"]["nonce"]
            if "pack gate check" in deed["command"] and nonce is not None:
                self.bare[nonce] = self._judgement()

    def _not_judged(self, nonce, before):
        del self.judgements[nonce]
        if before is not None:
            self.judgements[nonce] = before

    def do_pack(self, who, deed):
        if deed["words"][:2] != ["gate", "check"]:
            return (yield from Client.do_pack(self, who, deed))
        refused, updated, use, _records = self.tool(who, "Bash", {"command": "pack gate check"}, deed.get("kill"), deed.get("use"))
        if refused is not None or who == "foreign":
            return
        if "PACK_VOUCHER" not in updated["command"]:  # somebody of no role only looks
            need(self.person(who).nested or not self.person(who).known, "VOUCHER", "%s judges the gates without a voucher", who)
            return
        if self.first(use):
            self.witness.once(self.book, "PreToolUse:" + use, self.witness.verb(who, deed["words"], None, self.people))
        asked, words = set(self.witness.asked_for), dict(self.witness.words)  # the process is told how it stood when it was let through
        yield
        self.then = asked, words
        started = self.book.keys.get("PreToolUse:" + use)
        mine = started["data"]["nonce"] == self.book.state["waves"]["nonce"]  # the same call again is judged no second time
        if deed.get("forged"):
            self._forge(updated["command"].split("'")[1])
        text, code = ("", 0) if deed.get("silent") else self._pack(updated["command"], deed["words"])
        for between in deed.get("between", ()):
            self.do_tamper(who, between)
        if deed.get("kept"):
            return  # the client never says how it ended
        response = {"stdout": text, "stderr": "", "interrupted": False}
        fields = {"tool_name": "Bash", "tool_input": {"command": updated["command"]}, "tool_use_id": use}
        if code:
            self.hook("PostToolUseFailure", who, error="Exit code %d\n%s" % (code, text[-400:]), **fields)
        else:
            self.hook("PostToolUse", who, tool_response=response, **fields)
        need(not mine or started["data"]["nonce"] not in self.judgements, "NOT_JUDGED", "the gates were judged and nothing was recorded")
        self.settle()

    def _forge(self, path):
        """A result that an agent wrote who can read the source but not the key, where the hook looks for the process's."""
        note = codec.dumps(
            {"verdicts": {g: "PASS" for g in self.witness.gates}, "reasons": {}, "evidence": {}, "anchor": None, "approved": None}
        )
        with open(path[: -len(".gates")] + ".result", "w") as f:
            f.write(codec.dumps({"note": note, "mac": "0" * 32}))

    # -- the user -------------------------------------------------------------------------------------------------------------
    def do_prompt(self, who, deed):
        before = len(self.book.records)
        event = self.witness.typed(who, deed["text"])
        said = " ".join(deed["text"].strip().rstrip(".!?").split()).casefold()
        if who == "lead" and said in ("resume team", "team resume"):
            self.witness.resumed()
        done = Client.do_prompt(self, who, deed)
        fresh = [r["event"] for r in self.book.records[before:]]
        words = [e for e in fresh if e in ("GATE_DECIDED", "RUN_PAUSED", "MATRIX_APPROVED")]
        if done is not False and self.book.state["phase"] != "CLOSED":
            allowed = [event] if event else ["MATRIX_APPROVED"] if who == "lead" and said == "team approve" else []
            need(
                words == allowed or allowed == ["MATRIX_APPROVED"],
                "TYPED",
                "%r by %s is %s, it should be %s",
                deed["text"][:60],
                who,
                words,
                allowed,
            )
        return done

    def do_taken(self, who, deed):
        if not self.setup.get("dead_pid"):
            return False
        self.witness.resumed()
        return Client.do_taken(self, who, deed)

    # -- behind the gate's back ---------------------------------------------------------------------------------------------------
    def do_tamper(self, who, deed):
        if deed["file"] != "put back":
            return Client.do_tamper(self, who, deed)
        for name, text in self.whole.items():
            if text is not None:
                self.put(name, text)
        folder = os.path.join(self.project, self.definition["root"], "evidence")
        for base, _folders, names in os.walk(folder):
            for name in names:
                os.unlink(os.path.join(base, name))
