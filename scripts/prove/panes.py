"""An interactive client with teammates in its own process and in terminal panes, for hostile.py: what differs from `-p` (CLIENT 2).

A pane is a session of its own: no agent id, the definition as agent type, Stop instead of SubagentStop, SessionEnd when it closes;
who it is shows in its process's arguments or in its transcript. Every SendMessage carries keys that the client derives. A name that
was used before may be renamed. And there are those who only look like a pane.
"""

import os
import signal
import subprocess
import time

from pack.base import codec
from pack.gate import identity

from .client import Client, Person, keeps_going
from .noise import NOISE, Deeds
from .waveclient import WaveClient
from .wavedeeds import WaveDeeds
from .witness import need

SCHEMA = {"to", "summary", "message", "notify_when_idle"}
# What a pane without a process says of itself. It is never the client's own number, which a take-over counts down from 1999999.
NO_PROCESS = "1888888"


class Panes(Client):
    """The part of a client that is about its display."""

    def a_person(self, name, role, kind, deed):
        person = Client.a_person(self, name, role, kind, deed)
        if deed.get("pane"):
            self._pane(person, "5e551000-0000-4000-8000-00000000a%03d" % len(self.people), deed["pane"], name)
            person.kind = person.asked
        elif deed.get("renamed") and [p for p in self.people if p.name == name]:
            person.alias = "%s-%d" % (name, len(self.people))
            person.kind, person.id = person.alias, "a%s-%016x" % (person.alias, len(self.people))
        return person

    def _pane(self, person, session, shown, name, team=None):
        """A pane's session, and where it shows who it is: in its process's arguments, or in its transcript."""
        person.pane, person.id, person.process = session, "session:" + session, None
        if shown == "process":
            words = ["--agent-name", name, "--parent-session-id", team or self.session, "--agent-type", person.asked]
            person.process = subprocess.Popen(["sh", "-c", "read x", "claude"] + words, stdin=subprocess.PIPE)
            while "--agent-name" not in identity.cmdline(person.process.pid):
                time.sleep(0.001)
            return
        folder = os.path.join(self.data, "t")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, session + ".jsonl"), "w") as f:
            f.write(codec.dumps({"type": "user", "teamName": "session-" + (team or self.session)[:8], "agentName": name}) + "\n")

    def close(self):
        for p in self.people:
            if p.pane and p.process is not None:
                p.process.send_signal(signal.SIGKILL)
                p.process.stdin.close()
                p.process.wait()

    def origin(self, who):
        person = self.person(who)
        if person is None or not person.pane:
            return Client.origin(self, who)
        pid = str(person.process.pid) if person.process is not None else NO_PROCESS
        inside = {"agent_id": "a%016x" % 77} if person.inside else {}
        return dict(self.env, CLAUDE_PID=pid), person.pane, dict(inside, agent_type=person.kind)

    def first_hook(self, person):
        if person.pane:
            self.hook("SessionStart", self.key(person), source="startup")
        else:
            self.turn_begins(person)

    def wake(self, person):
        if not person.pane:
            super().wake(person)
        elif person.alive and not person.silent:
            person.running = True  # it sends nothing when a message wakes it

    def turn_ends(self, who, kill):
        person = self.person(who)
        if person.pane:
            out = keeps_going(self.hook("Stop", who, kill, stop_hook_active=False, background_tasks=[])[1])
        else:
            out = super().turn_ends(who, kill)
        if not out:
            self.hook("TeammateIdle", who, teammate_name=person.alias or person.name, team_name="session-" + self.session[:8])
        return out

    def spawned(self, person):
        name = person.alias or person.name
        member = "%s@session-%s" % (name, self.session[:8])
        out = {"status": "teammate_spawned", "agent_id": member, "teammate_id": member, "name": name, "agent_type": person.asked}
        return dict(out, agentId=member if person.pane else person.id)

    def tool(self, who, tool, given, kill=None, use=None):
        if tool != "SendMessage":
            return Client.tool(self, who, tool, given, kill, use)
        message = given["message"]
        kind = message["type"] if isinstance(message, dict) else "message"
        more = {"type": kind, "recipient": given["to"], "recipient_kind": "name", "content": message if isinstance(message, str) else "x"}
        if isinstance(message, dict):
            more.update({k: message[k] for k in ("request_id", "approve") if k in message})
        refused, updated, use, records = Client.tool(self, who, tool, dict(given, **more), kill, use)
        if updated is not None:
            need(set(updated) <= SCHEMA.union(more), "KEYS", "SendMessage is sent on with the keys %s", sorted(updated))
            need(updated == dict(given, **more) or set(updated) <= SCHEMA, "KEYS", "what the client derived goes on as %s", sorted(updated))
            person = self.person(who)
            if person is not None and person.pane and self._receiver(updated["to"]) == "lead" and not person.nested:
                need(updated["to"] == "team-lead", "ADDRESS", "a pane writes to the lead as %s", updated["to"])
            updated = {k: v for k, v in updated.items() if k in SCHEMA}
        return refused, updated, use, records

    def do_frame(self, who, deed):
        done = yield from super().do_frame(who, deed)
        self._closed(self.person(who))
        return done

    def do_tool(self, who, deed):
        done = yield from super().do_tool(who, deed)
        self._closed(self.person(deed["given"].get("task_id")) if deed["tool"] == "TaskStop" else None)
        return done

    def _closed(self, person):
        """The pane of somebody who has ended closes."""
        if person is not None and person.pane and person.told and not person.nested and not person.ended:
            person.ended = True
            self.hook("SessionEnd", self.key(person), reason="other")
            self.settle()

    def do_closes(self, who, deed):
        """Somebody closes a pane."""
        person = self.person(who)
        if not person.alive or not person.pane or person.nested:
            return False
        self.over(person)
        person.ended = True
        self.hook("SessionEnd", who, reason="other")
        self.settle()

    def do_impostor(self, who, deed):
        """A session that looks like a pane: the user's own `claude --agent`, one of another team, a second one of the same name, an agent
        that somebody in a pane has spawned."""
        claims, role = deed["claims"], deed["role"]
        e = self.book.state["roster"].get(claims) or {}
        waits = e.get("state") == "SPAWNING" or e.get("pane") and e.get("agent_id") is None
        if waits and e["role"] == role and not deed["other_team"] and not deed["inside"]:
            return False  # that is the pane itself, as far as anybody can tell
        person = Person("?%d" % (len([p for p in self.people if p.nested]) + 1), role, 0x7A00, False, nested=True, kind=self.agent_of(role))
        person.kind, person.inside = person.asked, deed["inside"]
        below = self.person(deed["inside"]) if deed["inside"] else None
        if below is not None and below.pane:
            person.pane, person.id, person.process = below.pane, "session:?%d" % len(self.people), None
        else:
            person.inside = None
            session = "5e551000-0000-4000-8000-00000000b%03d" % len(self.people)
            self._pane(person, session, deed["shown"], claims, "0e551000-0000-4000-8000-000000000001" if deed["other_team"] else None)
            person.id = "session:?%d" % len(self.people)
        person.known = person.running = person.started = True
        self.people.append(person)
        if person.inside is None:
            self.hook("SessionStart", person.name, source="startup")
            self.settle()


class PanedWaves(Panes, WaveClient):
    """The same with a team of waves."""


MORE = (("impostor", 2), ("closes", 1.5))


class PaneDeeds(Deeds):
    """Chooses deeds for a client with panes."""

    kinds = NOISE + MORE

    def next(self):
        return self.shown(super().next())

    def honest(self):
        return [self.shown(d) for d in super().honest()]

    def shown(self, deed):
        """A spawn, in a pane or not."""
        if deed["do"] == "spawn" and "pane" not in deed and "renamed" not in deed:
            roll = self.rng.random()
            if roll < 0.6:
                deed["pane"] = "process" if roll < 0.1 else "transcript"
            elif roll < 0.75:
                deed["renamed"] = True
        return deed

    def _n_frame(self, state):
        deed = super()._n_frame(state)
        if deed["type"] == "shutdown_response" and self.rng.random() < 0.2:
            deed["to"] = self.rng.choice([p.name for p in self.c.living()] or ["nobody"])
        return deed

    def _n_impostor(self, state):
        rng = self.rng
        names = list(state["roster"]) or ["coder-1"]
        claims = rng.choice(names + ["coder-1", "nobody", "lead"])
        role = (
            (state["roster"].get(claims) or {"role": "supervisor"})["role"]
            if rng.random() < 0.6
            else rng.choice(("supervisor", "coder", "unified-reviewer"))
        )
        panes = [self.c.key(p) for p in self.c.living() if p.pane]
        return {
            "do": "impostor",
            "claims": claims,
            "role": role,
            "other_team": rng.random() < 0.3,
            "shown": "process" if rng.random() < 0.15 else "transcript",
            "inside": rng.choice(panes) if panes and rng.random() < 0.3 else None,
        }

    def _n_closes(self, state):
        have = [self.c.key(p) for p in self.c.living() if p.pane and not p.silent]
        return {"do": "closes", "who": self.rng.choice(have)} if have else None


class PanedWaveDeeds(PaneDeeds, WaveDeeds):
    """The same for a team of waves."""

    kinds = WaveDeeds.kinds + MORE
