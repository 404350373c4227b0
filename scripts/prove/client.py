"""A client with its agents, users, files and troubles, in this process: what hostile.py lets the shipped gate judge.

`Client.do(deed)` carries out one deed, a small JSON object that says everything (so that a run can be repeated without its
generator and made smaller): the payloads that the client would send, the real effects of what was let through (files,
commits, processes), and, in between, whatever happens behind the gate's back. Every answer is put before the Witness.
"""

import contextlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys

from pack.base import codec, paths
from pack.cli import main as pack_main
from pack.lint.facts import versions
from pack.gate import answers, entry
from pack.realtime import wave_runs
from pack.store.journal import Busy, Damaged, read_chain, encode_line

from . import fuzz, whole as whole_process, worker
from .witness import PROTOCOL_EVENTS, Book, Broken, Witness, bytes_of, need

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEAM = "feature-add-a-greeting"
FILES = {
    "src/old.py": "OLD = 1\n",
    "plan.md": "# Add a greeting\n\nSay hello.\n",
    ".gitignore": "__pycache__/\n.claude/\n",
    "tests/test_old.py": "# a test\n",
    "check.sh": "test -s src/old.py && ! grep -rq BROKEN src .conventions 2>/dev/null\n",
}
BUILD, TEST = "test -s src/old.py", "sh check.sh"
ACTS = ("say", "spawn", "edit", "bash", "pack", "frame", "tool", "talks")
FOREIGN = "5e551000-0000-4000-8000-0000000f0e19"


def lost_files(text):
    """The files that `pack verify` says git has lost since the start."""
    found = re.search(r"^Not in that checkout, .* began: (.*?)(?: and \d+ more)?\. A commit since", text, re.M)
    return found.group(1).split(", ") if found else []


def writes(words):
    """Whether a verification's commands write into the sources (noise.VERIFIES has one that does)."""
    return any(">> src/" in word for word in words)


def git(folder, *args):
    return subprocess.run(("git", "-C", folder) + args, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode(
        "utf-8", "surrogateescape"
    )


def make_project(folder):
    """A small repository."""
    for name, text in FILES.items():
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    os.symlink("src/a.py", os.path.join(folder, "alias.py"))
    os.symlink(".claude/teams", os.path.join(folder, "notes"))
    for args in (
        ("init", "-q", "-b", "main"),
        ("config", "user.name", "t"),
        ("config", "user.email", "t@example.invalid"),
        ("config", "core.fsync", "none"),
        ("add", "-A"),
        ("commit", "-qm", "start"),
    ):
        git(folder, *args)


class Person:
    """An agent as the client knows it. alive: as far as the gate was told."""

    def __init__(self, name, role, number, headless, nested=False, kind=None):
        self.name, self.role, self.nested = name, role, nested
        self.id = "a%016x" % number if headless else "a%s-%016x" % (name, number)
        self.asked = kind or "team:" + role  # what the Agent call asked for
        self.kind = self.asked if headless else name
        self.known = self.alive = self.running = self.told = self.silent = self.stopping = self.started = False
        self.use, self.requests, self.since = None, [], 0
        self.alias = self.pane = self.process = self.inside = None  # of interactive clients (panes.py)
        self.ended = False


def keeps_going(out):
    """The text with which the answer to a turn's end keeps the turn going, else None."""
    return ((out or {}).get("hookSpecificOutput") or {}).get("additionalContext") or (out or {}).get("reason")


class Client:
    """One client session in a project of its own."""

    def __init__(self, base, setup, template=None):
        self.base, self.setup, self.headless = base, setup, setup["headless"]
        self.project, self.data = os.path.join(base, "proj"), os.path.join(base, "data")
        if template:
            shutil.copytree(template, self.project, symlinks=True)
        else:
            os.makedirs(self.project)
            make_project(self.project)
        self.session, self.now, self.count = "5e551000-0000-4000-8000-000000000001", 1000.0, 0
        pid = "1999999" if setup.get("dead_pid") else str(os.getpid())  # of a client that is gone already: its run may be taken over
        self.env = {
            "CLAUDE_PROJECT_DIR": self.project,
            "CLAUDE_PLUGIN_DATA": self.data,
            "CLAUDE_CODE_ENTRYPOINT": "sdk-cli" if self.headless else "cli",
            "CLAUDE_PID": pid,
            "AI_AGENT": "claude-code_%s_harness" % versions()["pinned"].replace(".", "-"),
            "HOME": self.data,
        }
        if not self.headless:
            self.env["CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS"] = "1"
        self.hooks, self.spoiled = 0, None
        self.lost = []
        self.people, self.history, self.last_refusal, self.refusals, self.pending, self.deaths = [], [], {}, [], [], 0
        team = self.prepare()
        self.book = Book(paths.team_folder(self.project, team), paths.run_folder(self.data, self.project, team))
        self.witness = self.a_witness()
        self.open()

    # -- what a team of another kind does in its own way --------------------------------------------------------------------------
    def prepare(self):
        """What lies in the project before the run is opened. Answers the name that the team will have."""
        return TEAM

    def a_witness(self):
        return Witness(self.project, self.headless, self.setup["coders"])

    def agent_of(self, role):
        """How the Agent call names the agent of a role."""
        return "team:" + role

    def asked_role(self, deed):
        """The role that a spawn asks for."""
        return deed["role"]

    def open(self):
        code, out, _records, _before = self.hook(
            "UserPromptExpansion",
            expansion_type="slash_command",
            command_name="team:build",
            command_args="plan.md --coders=%d" % self.setup["coders"],
            command_source="plugin",
            prompt="/team:build plan.md",
        )
        need(code == 0 and "Run opened" in codec.dumps(out), "OPEN", "the run was not opened: %s", out)

    # -- who ----------------------------------------------------------------------------------------------------------------
    def person(self, key):
        """`name`: the last agent spawned under it; `name#2`: the second one; `?7`: the seventh nested one."""
        if key in ("lead", "foreign", None):
            return None
        name, _, number = key.partition("#")
        found = [p for p in self.people if p.name == name]
        if number:
            return found[int(number) - 1] if int(number) <= len(found) else None
        return found[-1] if found else None

    def key(self, person):
        same = [p for p in self.people if p.name == person.name]
        return person.name if same[-1] is person else "%s#%d" % (person.name, same.index(person) + 1)

    def living(self, role=None):
        return [p for p in self.people if p.alive and p.known and not p.nested and role in (None, p.role)]

    # -- payloads -------------------------------------------------------------------------------------------------------------
    def hook(self, event, who="lead", kill=None, **fields):
        """One payload to the gate. Answers (code, parsed output, new records, the state before)."""
        env, session, caller = self.origin(who)
        payload = {
            "session_id": session,
            "transcript_path": os.path.join(self.data, "t", session + ".jsonl"),
            "cwd": self.project,
            "hook_event_name": event,
        }
        payload.update(caller)
        payload.update(fields)
        payload = codec.loads(codec.dumps(payload))
        self.now += 0.5
        self.hooks += 1
        before = self.book.state
        if kill:
            self._killed(payload, env, kill)
        code, out, err, error, records = self.answered(payload, env)
        self.witness.escalated(records)
        need(code in (0, 2), "EXIT", "exit code %r", code)
        need("Traceback" not in out + err, "EXIT", "a traceback: %s", err[-300:])
        if error is not None:
            need(isinstance(error, (Busy, OSError)), "TROUBLE", "the gate failed in %s: %s: %s", event, type(error).__name__, error)
        return code, codec.loads(out) if out else None, records, before

    def origin(self, who):
        """(environment, session, what tells the caller) of an actor's payloads."""
        if who == "foreign":
            return dict(self.env, CLAUDE_PID="1"), FOREIGN, {}
        person = self.person(who)
        return self.env, self.session, {"agent_id": person.id, "agent_type": person.kind} if person is not None else {}

    def close(self):
        """The client's processes end."""

    def _killed(self, payload, env, kill):
        """The same payload in a process that dies at a labelled point of the disk, or ends before its answer is read."""
        pid = os.fork()
        if pid == 0:
            try:
                random.seed(7)
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                with contextlib.suppress(Exception):
                    entry.handle(payload, env, now=self.now, disk=worker.DyingDisk(kill[0], kill[1]), waves=lambda: wave_runs.RUN)
            finally:
                os._exit(0)
        _pid, status = os.waitpid(pid, 0)
        self.deaths += os.WIFSIGNALED(status)

    def settle(self):
        """After each step: the promises hold, and journal, mirror and state say the same."""
        self.witness.look(self.book.state, self.people)
        self.book.same()

    def answered(self, payload, env):
        """What the gate answers to a payload. Answers (code, output, errors, exception or None, new records)."""
        if self.setup.get("whole"):
            return whole_process.answered(payload, env, self.now, self.project, ROOT) + (None, self.book.read())
        return fuzz.answers(payload, env, self.now) + (self.book.read(),)

    def tool(self, who, tool, given, kill=None, use=None):
        """PreToolUse. Answers (refusal's text or None, input as the gate left it, the call's id, new records)."""
        if use is None:
            self.count += 1
            use = "toolu_%05d" % self.count
        code, out, records, before = self.hook("PreToolUse", who, kill, tool_name=tool, tool_input=given, tool_use_id=use)
        self.history.append((who, self.deed, use))
        specific = (out or {}).get("hookSpecificOutput", {})
        denied = specific.get("permissionDecision") == "deny"
        need(denied == (code == 2), "EXIT", "code %d and %s", code, specific.get("permissionDecision"))
        self.witness.checked["calls"] += 1
        text = specific.get("permissionDecisionReason") or ""
        if denied and text.startswith(answers.RECORDED) and who != "foreign":
            self.witness.checked["allowed"] += 1
            self.last_refusal.pop(who, None)
            return None, None, use, records  # it has had its effect, and nothing was sent
        if denied:
            self.last_refusal[who] = text.partition("(")[2].partition(")")[0]
            self.refusals.append((who, tool, text))
            self.witness.refused(
                who,
                tool + " " + str(given.get("message") or given.get("command") or given.get("file_path"))[:60],
                before,
                self.book.state,
                records,
            )
            self.settle()
            return text, None, use, records
        self.witness.checked["allowed"] += 1
        self.last_refusal.pop(who, None)
        if kill and self.book.state["phase"] == "CLOSED":
            self._ended(who, use)
            return "the killed process ended the run", None, use, records
        if who == "foreign":
            moved = [
                r["event"]
                for r in records
                if r["event"] in PROTOCOL_EVENTS or r["event"].startswith(("TASK_", "PLAN_", "SPAWN_REQ", "VERIF"))
            ]
            need(not moved, "FOREIGN", "another session's %s was recorded as %s", tool, moved)
        return None, specific.get("updatedInput", given), use, records

    def _ended(self, who, use):
        """The process that was killed had ended the run: the same call again finds it closed."""
        for key, record in list(self.book.keys.items()):
            if key.partition(":")[2].partition(":")[0] == use and record["event"] == "SHUTDOWN_REQUESTED":
                self._ask(self._receiver(record["data"]["to"]))
            elif key == "PreToolUse:" + use and record["event"] == "SHUTDOWN_RESPONSE" and record["data"]["approve"]:
                self.over(self.person(who))
            elif key == "PreToolUse:" + use and record["event"] == "FORCED_FINALIZE_ACK":
                self.witness.finalize()
        self.settle()

    def post(self, who, tool, given, use, response, failed=None):
        if failed:
            self.hook("PostToolUseFailure", who, tool_name=tool, tool_input=given, tool_use_id=use, error=failed)
        else:
            self.hook("PostToolUse", who, tool_name=tool, tool_input=given, tool_use_id=use, tool_response=response)
        self.settle()

    # -- deeds ----------------------------------------------------------------------------------------------------------------
    def do(self, deed):
        """Carry out one deed; what cannot be done (its actor was never spawned) is left out. Raises Broken."""
        if self.book.state["phase"] == "CLOSED":
            return False
        who = deed.get("who", "lead")
        person = self.person(who)
        if who not in ("lead", "foreign") and (person is None or not person.started or person.silent and deed["do"] != "fails"):
            return False
        self.deed = deed
        if person is not None and not person.nested and deed["do"] in ACTS:
            self.wake(person)  # who makes a call is in a turn, whatever began it
        return self.carry(getattr(self, "do_" + deed["do"])(who, deed)) is not False

    @staticmethod
    def carry(begun):
        """A deed to its end. One that stops in between (a generator) does so where the call has been answered and is not yet made."""
        if not hasattr(begun, "send"):
            return begun
        try:
            while True:
                next(begun)
        except StopIteration as ended:
            return ended.value

    def first(self, use):
        """Whether a call is not yet in the notebook; the same call again is no second event."""
        if use in self.witness.uses:
            return False
        self.witness.uses[use] = True
        return True

    def do_say(self, who, deed):
        text = deed["text"]
        given = {"to": "main" if deed["to"] == "lead" else deed["to"], "message": text, "summary": "x"}
        refused, updated, use, records = self.tool(who, "SendMessage", given, deed.get("kill"), deed.get("use"))
        if refused is not None or who == "foreign":
            return
        receiver = self._receiver((updated or given).get("to"))
        if self.first(use):
            event = self.witness.message(who, self.person(who), deed["to"], receiver, text)
            if event:
                self.witness.once(self.book, "PreToolUse:" + use, event)
            else:
                record = self.book.keys.get("PreToolUse:" + use)
                need(record is None or record["event"] == "MAIL", "TALK", "%r was taken for %s", text[:80], record and record["event"])
        self.settle()
        if updated is None:
            return
        yield
        lost = deed.get("lost")
        self.post(who, "SendMessage", updated, use, {"success": False} if lost else {"success": True})
        if not lost and isinstance(receiver, Person):
            self.wake(receiver)

    def _receiver(self, to):
        if to in ("main", "team-lead"):
            return "lead"
        return next((p for p in reversed(self.people) if not p.nested and to in (p.id, p.name, p.alias)), None)

    def wake(self, person):
        if person.alive and not person.silent and not person.running:
            person.running = True
            self.turn_begins(person)
            self.settle()

    def turn_begins(self, person):
        self.hook("SubagentStart", self.key(person))

    def turn_ends(self, who, kill):
        """Answers what keeps the turn going, else None."""
        return keeps_going(self.hook("SubagentStop", who, kill, stop_hook_active=False, background_tasks=[])[1])

    def do_spawn(self, who, deed):
        name, role = deed["name"], self.asked_role(deed)
        given = {
            "description": "x",
            "prompt": deed.get("prompt", "go"),
            "subagent_type": deed.get("kind") or self.agent_of(deed["role"]),
            "name": name,
        }
        refused, updated, use, records = self.tool(who, deed.get("tool", "Agent"), given, deed.get("kill"), deed.get("use"))
        if refused is not None or who == "foreign":
            return
        again = not self.first(use)
        self.witness.spawn(who, name, role, self.people, again)
        self.witness.once(self.book, "PreToolUse:" + use, "SPAWN_REQUESTED")
        self.settle()
        if again:
            return
        yield
        person = self.a_person(name, role, given["subagent_type"], deed)
        person.use, person.since = use, self.now
        self.people.append(person)
        start = deed.get("start", "ok")
        if start == "fails":
            self.post(who, "Agent", updated, use, None, failed="no such agent")
        elif start == "late":
            self.pending.append(person)
        elif start != "never":
            self.start(person, start)

    def a_person(self, name, role, kind, deed):
        return Person(name, role, len(self.people) + 1, self.headless, kind=kind)

    def start(self, person, how="ok"):
        """The client starts an agent: its first hook may come before or after the Agent call's answer."""
        self.witness.starts(person)
        person.known = person.alive = person.running = person.started = True
        if self.headless and how != "nometa":
            self._meta(person, {"name": person.name, "toolUseId": person.use, "agentType": person.kind})
        steps = [
            lambda: self.first_hook(person),
            lambda: self.hook(
                "PostToolUse",
                "lead",
                tool_name="Agent",
                tool_input={"name": person.name, "subagent_type": person.asked},
                tool_use_id=person.use,
                tool_response=self.spawned(person),
            ),
        ]
        for step in reversed(steps) if how == "post" else steps:
            step()
            self.settle()
        have = self.book.state["agents"].get(person.id)
        if have is None:  # the gate could not bind it: it has no role
            person.known = False
            person.alive = person.running = False

    def first_hook(self, person):
        self.turn_begins(person)

    def spawned(self, person):
        """What the Agent call answers."""
        return {"agentId": person.id, "status": "async_launched"}

    def _meta(self, person, meta):
        folder = os.path.join(self.data, "t", self.session, "subagents")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "agent-%s.meta.json" % person.id), "w") as f:
            f.write(codec.dumps(meta))

    def do_started(self, who, deed):
        """A spawn that was on its way arrives."""
        if not self.pending:
            return False
        person = self.pending.pop(0)
        if abs(self.now - person.since) < 100 and (self.book.state["roster"].get(person.name) or {}).get("state") == "SPAWNING":
            self.start(person)

    def do_sybil(self, who, deed):
        """An agent that the lead did not spawn: below another agent, or of nowhere."""
        person = Person("?%d" % (len([p for p in self.people if p.nested]) + 1), deed["role"], 0x5B00 + len(self.people), True, nested=True)
        person.kind = deed.get("kind", "team:" + deed["role"])
        person.known = person.running = person.started = True
        if not self.headless and deed.get("like"):
            person.id = "a%s-%016x" % (deed["like"], 0x5B00 + len(self.people))
        self.people.append(person)
        self._meta(
            person,
            {
                "name": deed.get("like", "x"),
                "agentType": person.kind,
                "parentAgentId": self.person(deed["under"]).id if self.person(deed.get("under")) else "a1",
            },
        )
        self.hook("SubagentStart", person.name)
        self.settle()

    def do_edit(self, who, deed):
        path = deed["path"]
        full = os.path.realpath(os.path.join(self.project, path))
        tool = deed.get("tool", "Write")
        given = {
            "notebook_path" if tool == "NotebookEdit" else "file_path": path if deed.get("relative") else os.path.join(self.project, path)
        }
        if tool == "Edit":
            given.update(old_string=deed.get("old", ""), new_string=deed["content"])
        else:
            given["content"] = deed["content"]
        refused, updated, use, _records = self.tool(who, tool, given, deed.get("kill"), deed.get("use"))
        if refused is not None:
            return
        self.witness.edit(who, self.person(who), path, appends=deed.get("appends"), claims=self._claimed(use))
        self.settle()
        yield
        if deed.get("fails") or not full.startswith(self.base + os.sep) or os.path.isdir(full):
            self.post(who, tool, given, use, None, failed="old_string not found")
            return
        os.makedirs(os.path.dirname(full), exist_ok=True)
        old = ""
        if tool == "Edit" and os.path.exists(full):
            with open(full, encoding="utf-8", errors="replace") as f:
                old = f.read()
        with open(full, "w", encoding="utf-8") as f:
            f.write(old.replace(deed.get("old", ""), deed["content"], 1) if deed.get("old") and old else deed["content"])
        if not deed.get("unseen"):
            self.witness.written(self.person(who), full)
            self.post(who, tool, given, use, {"filePath": full})

    def _claimed(self, use):
        """The task that a call claimed, None where it claimed none."""
        record = self.book.keys.get("PreToolUse:%s:claim" % use)
        return record and record["data"]["task"]

    def do_bash(self, who, deed):
        """A command that is really run. writes: paths that it plainly names; restores: one that it may write; gated: it holds a commit in plain
        sight."""
        refused, updated, use, _records = self.tool(who, "Bash", {"command": deed["command"]}, deed.get("kill"), deed.get("use"))
        if refused is not None:
            return
        for path in deed.get("writes", ()):
            self.witness.edit(who, self.person(who), path, entry=deed["command"].startswith(("rm ", "ln ")), claims=self._claimed(use))
        claimed = self._claimed(use)
        if claimed is not None and deed.get("restores"):
            self.witness.restored(self.person(who), deed["restores"], claimed)
        yield
        head = git(self.project, "rev-parse", "HEAD")
        done = self._run(updated["command"])
        if deed.get("gated"):
            now = git(self.project, "rev-parse", "HEAD")
            if now != head:
                names = [
                    n for n in git(self.project, "diff", "--name-only", "--no-renames", "-z", head.strip(), now.strip()).split("\0") if n
                ]
                self.witness.committed(who, self.person(who), names, {n: self._blob(n) for n in names})
        if done.returncode:
            self.post(who, "Bash", updated, use, None, failed="Exit code %d\n%s" % (done.returncode, done.stdout[-300:]))
        else:
            self.post(who, "Bash", updated, use, {"stdout": done.stdout, "stderr": "", "interrupted": False})

    def _blob(self, name):
        full = os.path.join(self.project, name)
        if os.path.islink(full):
            return bytes_of(full)  # git keeps the link itself
        done = subprocess.run(["git", "-C", self.project, "show", "HEAD:" + name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if done.returncode:
            return "-"
        import hashlib

        return hashlib.sha256(done.stdout).hexdigest()[:16]

    def _run(self, command):
        env = dict(os.environ, PATH=os.path.join(ROOT, "bin") + os.pathsep + os.environ["PATH"], CLAUDECODE="1", HOME=self.data)
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.project,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def do_pack(self, who, deed):
        """`pack VERB ...` through Bash; raw: what it reads."""
        words, raw = deed["words"], deed.get("raw")
        command = "pack " + " ".join(
            "'%s'" % w.replace("'", "'\\''") if not w.replace("-", "").replace("#", "").isalnum() else w for w in words
        )
        if raw is not None:
            command += " <<'EOF'\n%s\nEOF" % codec.dumps(raw)
        refused, updated, use, records = self.tool(who, "Bash", {"command": command}, deed.get("kill"), deed.get("use"))
        if refused is not None or who == "foreign":
            return
        fresh = self.first(use)
        if fresh:
            again = self.witness.repeats(self.book, "PreToolUse:" + use, words, raw)
            event = None if again else self.witness.verb(who, words, raw, self.people)
            if event:
                self.witness.once(self.book, "PreToolUse:" + use, event)
        asked = self._asked(use) if words[:2] == ["teardown", "ask"] else []
        yield
        text, code = self._pack(updated["command"], words, fresh)
        if text.startswith("asked: "):
            for name in text[len("asked: ") :].partition("\n")[0].rstrip(".").split(", "):
                need(name in asked, "NOT_RECORDED", "the receipt says that %s was asked to shut down, the journal does not", name)
        self.settle()
        if code:
            self.post(who, "Bash", updated, use, None, failed="Exit code %d\n%s" % (code, text[-400:]))
        else:
            self.post(who, "Bash", updated, use, {"stdout": text, "stderr": "", "interrupted": False})
        if words[0] == "verify" and fresh:
            have = self.book.state["verify"]
            ok = "build: exit 0\n" in text and "test: exit 0\n" in text and not writes(words)
            need(have["nonce"] is None and have["ok"] == ok, "VERIFY_LOST", "pack verify ended with %d and the journal has %s", code, have)

    def _pack(self, command, words, fresh=True):
        """The vouched process: in this one, and now and then really as one. Answers (what it printed, exit code). Of a call that the client sends
        again (fresh: not one) it prints what the first one came to."""
        need(command.startswith("PACK_VOUCHER='"), "VOUCHER", "pack %s runs as %s", words[0], command[:80])
        path = command.split("'")[1]
        verify = words[0] == "verify" and fresh
        before = {in_place: self.witness.tree(in_place) for in_place in (False, True)} if verify else None
        if self.count % 37 == 0 or self.setup.get("whole"):
            done = self._run(command)
            text, code = done.stdout, done.returncode
        else:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                code = pack_main._vouched(path)
            text = out.getvalue()
        if verify:
            self.lost = lost_files(text)
            codes = dict(line.split(": exit ") for line in text.splitlines() if line.startswith(("build: exit", "test: exit")))
            alone = int(codes.get("test", 1)) or int(writes(words))  # what changes what it verifies is no verification
            in_place = "\nverified in place: " in "\n" + text
            self.witness.ran_verify(int(codes.get("build", 1)), alone, before[in_place], self.witness.tree(in_place), in_place)
        return text, code

    def _asked(self, use):
        """Whom the journal has as asked to shut down by this call."""
        have = [
            r["data"]["to"]
            for k, r in self.book.keys.items()
            if k.startswith("PreToolUse:%s:" % use) and r["event"] == "SHUTDOWN_REQUESTED"
        ]
        for name in have:
            self._ask(self._receiver(name))
        return have

    def _ask(self, person):
        """A shutdown request that was let through: headless, the client never delivers it; who does not run is over."""
        if person is None:
            return
        self.witness.shutdown("lead", person, self.people)
        if self.headless:
            gone = self.book.state["roster"].get(person.name, {}).get("state") == "ENDED"
            if person.running and not person.silent and person.alive or not person.started:
                person.stopping = True  # one that was asked before it began ends with its first turn
            elif person.alive and (not person.silent or gone):  # of one that died unnoticed in a turn nobody knows
                self.over(person)

    def over(self, person):
        """An agent has ended, and the gate was told."""
        person.told, person.stopping = True, False
        self.witness.gone(person)

    def do_frame(self, who, deed):
        """The client's own shutdown frames. request: which of the ids that the actor was given (-1: the last)."""
        kind, person = deed["type"], self.person(who)
        if kind == "shutdown_request":
            message = {"type": kind, "reason": "done"}
        else:
            ids = person.requests if person else []
            number = ids[deed["request"]] if ids and -len(ids) <= deed["request"] < len(ids) else "req-0"
            message = {"type": kind, "request_id": number, "approve": deed["approve"], "reason": "x"}
        given = {"to": "main" if deed["to"] == "lead" else deed["to"], "message": message, "summary": "x"}
        refused, updated, use, _records = self.tool(who, "SendMessage", given, deed.get("kill"), deed.get("use"))
        if refused is not None or who == "foreign":
            return
        fresh = self.first(use)
        if kind == "shutdown_request":
            target = self._receiver(updated["to"])
            self.witness.once(self.book, "PreToolUse:" + use, "SHUTDOWN_REQUESTED")
            need(isinstance(target, Person), "SHUTDOWN_BY", "nobody called %r was asked to shut down", deed["to"])
            if fresh:
                self._ask(target)
            self.settle()
            yield
            number = "req-%d" % self.count
            if not self.headless and target.alive and not target.silent:
                target.requests.append(number)
                self.post(who, "SendMessage", updated, use, {"success": True, "request_id": number})
                self.wake(target)
            else:
                self.post(who, "SendMessage", updated, use, {"success": True, "request_id": number})
            return
        self.witness.once(self.book, "PreToolUse:" + use, "SHUTDOWN_RESPONSE")
        if not fresh:
            self.settle()
            return
        need(self._receiver(updated["to"]) == "lead", "FRAME", "%s answers a shutdown request to %s", who, updated["to"])
        need(person is not None and number in person.requests, "FRAME", "%s answers a request that was never made: %s", who, number)
        if deed["approve"]:
            self.over(person)
        person.requests = []
        self.settle()
        yield
        self.post(who, "SendMessage", updated, use, {"success": True})

    def do_tool(self, who, deed):
        """TaskCreate, TaskUpdate, TaskStop, TeamDelete."""
        tool, given = deed["tool"], dict(deed["given"])
        if tool == "TaskStop":
            target = self.person(given["task_id"])
            if target is None:
                return False
            given["task_id"] = target.id
        refused, updated, use, _records = self.tool(who, tool, given, deed.get("kill"), deed.get("use"))
        if refused is not None or who == "foreign":
            return
        yield
        if tool == "TaskStop":
            need(who == "lead", "STOP_BY", "%s stopped %s", who, target.name)
            if not target.nested:
                if target.known:
                    self.over(target)
                self.post(who, tool, updated, use, {"task_id": target.id, "command": target.name})
        elif tool == "TaskCreate":
            need(who == "lead", "TASK_BY", "%s added a task", who)
            number = str(100 + self.count)
            self.witness.client_tasks[number] = given["subject"]
            self.post(who, tool, updated, use, {"task": {"id": number, "subject": given["subject"]}})
        elif tool == "TaskUpdate":
            subject = self.witness.client_tasks.get(given["taskId"])
            mine = [n for n, t in self.book.state["tasks"].items() if t["subject"] == subject]
            if given.get("status") == "completed" and mine:
                t = self.witness.tasks[int(mine[0])]
                need(
                    t.end == "DONE" or self.witness.approved(t) is None,
                    "COMPLETED",
                    "the client's task for #%s is completed: %s",
                    mine[0],
                    self.witness.approved(t),
                )
            self.post(who, tool, updated, use, {"success": True})
        elif tool in ("TeamDelete", "TeamCreate"):
            need(
                self.book.state["teardown"]["state"] in ("READY_TO_DELETE", "TEAM_DELETED"),
                "TEAM_DELETE",
                "%s in %s",
                tool,
                self.book.state["teardown"]["state"],
            )
        self.settle()

    def do_stops(self, who, deed):
        """A turn ends."""
        person = self.person(who)
        if who == "lead":
            self.hook("Stop", "lead", deed.get("kill"), stop_hook_active=False, background_tasks=[])
            self.settle()
            return
        if not person.running or person.nested:
            return False
        if not self.turn_ends(who, deed.get("kill")):
            person.running = False
            if person.stopping:
                self.over(person)
        self.settle()

    def do_fails(self, who, deed):
        """An agent's API fails, and the client says so (StopFailure, or in -p a notification)."""
        person = self.person(who)
        if not person.alive or person.nested:
            return False
        self.over(person)
        if deed.get("how") == "notified" and self.headless:
            self.hook(
                "UserPromptSubmit",
                prompt="<task-notification>\n<task-id>%s</task-id>\n<status>failed</status>\n</task-notification>" % person.id,
            )
        else:
            self.hook("StopFailure", who, error="server_error")
        self.settle()

    def do_silent(self, who, deed):
        """An agent dies and nobody is told."""
        if not self.person(who).alive:
            return False
        self.person(who).silent = True
        self.person(who).running = False

    def do_resume(self, who, deed):
        """The lead's client ends and takes its session up again."""
        for p in self.people:
            if p.alive and self.headless and p.name not in self.book.state["requests"]:
                p.running = False
            elif p.alive:  # asked to shut down, it was to end with its turn; in a terminal all end with the client
                self.over(p)
        self.hook("SessionStart", "lead", deed.get("kill"), source="resume")
        self.settle()

    def do_taken(self, who, deed):
        """The client is dead; the user types `team resume` in another session, and that one leads."""
        if not self.setup.get("dead_pid"):
            return False
        for p in self.people:
            if p.alive:
                self.over(p)
        self.session = "5e551000-0000-4000-8000-0000000001%02x" % (self.count % 256)
        self.env["CLAUDE_PID"] = str(int(self.env["CLAUDE_PID"]) - 1)
        self.hook("UserPromptSubmit", "lead", prompt="team resume")
        self.witness.tampered = False
        need(self.book.state["team"]["session"] == self.session, "TAKEN", "the run of a dead client was not taken over")
        self.settle()

    def do_prompt(self, who, deed):
        """What a person types, or what the client says in the same place."""
        text = deed["text"]
        if who == "foreign" and ("resume" in text.casefold() or text.startswith("/")) and self.setup.get("dead_pid"):
            return False  # that is `taken`
        if text.startswith("/team:build"):
            self.hook(
                "UserPromptExpansion",
                who,
                expansion_type="slash_command",
                command_name="team:build",
                command_args=text[12:],
                command_source="plugin",
                prompt=text,
            )
        else:
            self.hook("UserPromptSubmit", who, deed.get("kill"), prompt=text)
        if who == "lead" and text.startswith("team accept "):
            self.witness.waived.update(text.split()[2:])
        teardown = self.book.state["teardown"]
        if text.lower().startswith("team abort") and teardown["aborted"]:
            if not self.witness.aborted:
                self.witness.abort()
            elif who == "lead" and teardown["state"] == "TEARDOWN_INIT":
                self.witness.begin()
        if who == "lead" and text.lower().rstrip(".!") in ("team resume", "resume team"):
            self.witness.tampered = False
        self.settle()

    def do_clock(self, who, deed):
        self.now += deed["by"]

    def do_talks(self, who, deed):
        """A look at the run, by anybody: changes nothing."""
        refused, updated, use, _records = self.tool(who, "Bash", {"command": deed["command"]})
        if refused is None:
            self.post(who, "Bash", updated, use, {"stdout": "", "stderr": "", "interrupted": False})

    def do_again(self, who, deed):
        """The client sends a call that it has sent before, id and all."""
        if len(self.history) < deed["back"]:
            return False
        who, old, use = self.history[-deed["back"]]
        if old["do"] not in ("say", "spawn", "pack", "frame", "edit") or who not in ("lead", "foreign") and self.person(who) is None:
            return False
        self.deed = old
        person = self.person(who)
        if person is not None and (not person.started or person.silent):
            return False
        if person is not None and not person.nested:
            self.wake(person)
        return getattr(self, "do_" + old["do"])(who, dict({k: v for k, v in old.items() if k != "kill"}, use=use))

    # -- behind the gate's back ---------------------------------------------------------------------------------------------------
    def do_tamper(self, who, deed):
        """A file is changed by nobody that the gate sees."""
        kind, how = deed["file"], deed["how"]
        if kind in ("state.md", "journal", "snapshot", "mirror", "folder"):
            if self.spoiled == self.hooks:
                return False  # journal and mirror at once are more than is promised (references/assurance.md, What is not proved)
            self.spoiled = self.hooks
        folder = self.book.folder
        path = {
            "state.md": os.path.join(folder, "state.md"),
            "journal": os.path.join(folder, "journal.jsonl"),
            "snapshot": os.path.join(folder, "snapshot.json"),
            "mirror": os.path.join(self.book.run, "mirror.jsonl"),
            "folder": os.path.join(self.project, ".claude"),
            "settings": os.path.join(self.project, ".claude", "settings.json"),
        }.get(kind) or os.path.join(self.project, kind)
        if kind == "folder":
            shutil.rmtree(path, ignore_errors=True)
            self.witness.tampered = False  # the settings went with it; the gate may still ask the user to look
            return
        if kind == "settings":
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write('{"disableAllHooks": true}')
            self.witness.tampered = True
            return
        if how == "remove":
            with contextlib.suppress(OSError):
                os.unlink(path)
            return
        if how == "link":
            with contextlib.suppress(OSError):
                os.unlink(path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink("old.py", path)
            return
        data = b""
        if os.path.isfile(path):
            with open(path, "rb") as f:
                data = f.read()
        at = int(len(data) * deed.get("at", 0.5))
        if how == "append":
            data += deed.get("content", "x\n").encode()
        elif how == "write":
            data = deed["content"].encode()
        elif how == "cut":
            data = data[:at]
        elif how == "flip" and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        elif how == "forge":  # a well-formed record by somebody who can read the source
            records, _end, _problem = read_chain(data)
            if records:
                last = records[-1]
                forged = {
                    "seq": last["seq"] + 1,
                    "ts": last["ts"],
                    "epoch": last["epoch"],
                    "actor": {"name": "user", "role": "person", "inc": 0, "agent_id": None},
                    "event": "RUN_CLOSED",
                    "data": {"reason": "x"},
                    "key": None,
                    "more": 0,
                    "state": None,
                }
                data += encode_line(forged, last["sum"])[0]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)


def whole(client):
    """At the end: the journal from the first byte, and what a fresh process makes of it."""
    from . import faults

    book = client.book
    if not book.records:
        return
    records, _found = faults.check_nothing_lost(book.folder, book.run, {}, client.now + 1)
    need(
        [r["sum"] for r in records[: len(book.records)]] == [r["sum"] for r in book.records],
        "HISTORY",
        "the records are others than those that were seen",
    )


__all__ = ["Broken", "Client", "Damaged", "whole"]
sys.setrecursionlimit(max(sys.getrecursionlimit(), 2000))
