"""Payloads as the client sends them (docs/client.md), so that the gate can be driven without the client.

The shapes are the measured ones; `tests/client/` proves the same rules in the real client.
"""

import itertools
import json
import os
import shutil
import socket
import subprocess

from pack.gate import answers, entry
from pack.realtime import wave_runs
from pack.base.paths import PLUGIN_ROOT
from pack.lint.facts import versions

PINNED = versions()["pinned"]

PLAN = {
    "facts": {
        "layers": ["api"],
        "changes_existing": {"value": False, "evidence": "new files only"},
        "near_sensitive": {"value": False, "evidence": "no auth import"},
        "shared_by_3_modules": {"value": False, "evidence": "new module"},
        "direct_sensitive": {"value": False, "evidence": "none"},
        "gold_standard_exists": {"value": True, "evidence": "src/old.py"},
    },
    "definition_of_done": ["tests pass"],
    "tasks": [
        {
            "id": 1,
            "subject": "Add greeting",
            "files": ["src/a.py"],
            "references": ["src/old.py"],
            "acceptance": ["greets"],
            "checks": ["snake_case"],
            "tooling": {"test": "true"},
            "blocked_by": [],
            "reviewers": ["logic-reviewer"],
            "high_risk": False,
        },
        {
            "id": 2,
            "subject": "Update .conventions/ with discovered patterns",
            "files": [".conventions/"],
            "references": [],
            "acceptance": ["recorded"],
            "checks": ["short"],
            "tooling": {"test": "true"},
            "blocked_by": [1],
            "reviewers": ["logic-reviewer"],
        },
    ],
}


def plan(mode="SIMPLE", **changes):
    """The plan's JSON, classified as asked by its facts alone."""
    raw = json.loads(json.dumps(PLAN))
    if mode in ("MEDIUM", "COMPLEX"):
        raw["facts"]["changes_existing"] = {"value": True, "evidence": "edits src/old.py"}
    if mode == "COMPLEX":
        raw["facts"]["gold_standard_exists"] = {"value": False, "evidence": "nothing like it"}
        raw["trade_offs"] = ["a module rather than a class: one caller"]
    raw.update(changes)
    return raw


def keeps_going(out):
    """The text with which the answer to a turn's end keeps the turn going, else None."""
    return ((out or {}).get("hookSpecificOutput") or {}).get("additionalContext") or (out or {}).get("reason")


class Session:
    """One client session in a project, with agents; every method sends the payloads the client would send."""

    def __init__(self, project, data, headless=True, session="5e551000-0000-4000-8000-000000000001", now=1000.0, pid=None):
        self.project, self.data, self.headless, self.session, self.now = str(project), str(data), headless, session, now
        self.env = {
            "CLAUDE_PROJECT_DIR": self.project,
            "CLAUDE_PLUGIN_DATA": self.data,
            "CLAUDE_CODE_ENTRYPOINT": "sdk-cli" if headless else "cli",
            "CLAUDE_PID": str(pid or os.getpid()),
            "AI_AGENT": "claude-code_%s_harness" % PINNED.replace(".", "-"),
            "HOME": self.data,
        }
        if not headless:
            self.env["CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS"] = "1"
        self.agents, self.count = {}, itertools.count(1)

    def send(self, event, who="lead", **fields):
        """One payload; answers (code, parsed output, stderr)."""
        payload = {
            "session_id": self.session,
            "transcript_path": os.path.join(self.data, "t", self.session + ".jsonl"),
            "cwd": self.project,
            "hook_event_name": event,
        }
        if who != "lead":
            agent, kind = self.agents[who]
            payload.update(agent_id=agent, agent_type=kind)
        payload.update(fields)
        self.now += 0.5
        code, out, err = entry.handle(payload, self.env, now=self.now, waves=lambda: wave_runs.RUN)
        return code, json.loads(out) if out else None, err

    def call(self, who, tool, response=None, failed=None, post=True, **given):
        """A tool call: PreToolUse and, when it was let through, PostToolUse. Answers the text of a refusal, else None."""
        use = "toolu_%s_%04d" % (self.session[-3:], next(self.count))
        code, out, err = self.send("PreToolUse", who, tool_name=tool, tool_input=given, tool_use_id=use)
        specific = (out or {}).get("hookSpecificOutput", {})
        if specific.get("permissionDecision") == "deny":
            assert code == 2
            said = specific["permissionDecisionReason"]
            self.updated = None
            return None if said.startswith(answers.RECORDED) else said
        assert code == 0, err
        updated = specific.get("updatedInput", given)
        if post:
            if callable(response):
                response = response(updated)
            if failed:
                self.send("PostToolUseFailure", who, tool_name=tool, tool_input=updated, tool_use_id=use, error=failed)
            else:
                self.send(
                    "PostToolUse", who, tool_name=tool, tool_input=updated, tool_use_id=use, tool_response=response or {"success": True}
                )
        self.updated = updated
        return None

    def build(self, args="plan.md"):
        return self.send(
            "UserPromptExpansion",
            expansion_type="slash_command",
            command_name="team:build",
            command_args=args,
            command_source="plugin",
            prompt="/team:build " + args,
        )

    def spawn(self, name, role, who="lead", kind=None):
        """`kind`: the agent as the Agent call names it (a user's own has no plugin in front)."""
        kind = kind or "team:" + role
        own = int(self.session[-3:], 16) * 1000 + next(self.count)
        agent = "a%s-%016x" % (name, own) if not self.headless else "a%016x" % own
        refused = self.call(
            who,
            "Agent",
            description=name,
            prompt="go",
            subagent_type=kind,
            name=name,
            response={"agentId": agent, "status": "async_launched"},
        )
        if refused is None:
            self.agents[name] = (agent, name if not self.headless else kind)
            self.send("SubagentStart", name)
        return refused

    def say(self, who, to, text):
        return self.call(who, "SendMessage", to="main" if to == "lead" else to, message=text, summary="x")

    def edit(self, who, path, content="x\n"):
        full = os.path.join(self.project, path)

        def written(_given):
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w") as f:
                f.write(content)
            return {"filePath": full}

        return self.call(who, "Write", file_path=full, content=content, response=written)

    def write_raw(self, who, path):
        """What the hook's own command says on standard error to a Write that it refuses, trouble included."""
        payload = {
            "session_id": self.session,
            "cwd": self.project,
            "hook_event_name": "PreToolUse",
            "tool_name": "Write",
            "tool_use_id": "toolu_raw",
            "tool_input": {"file_path": os.path.join(self.project, path), "content": "x"},
            "agent_id": self.agents[who][0],
            "agent_type": self.agents[who][1],
        }
        done = subprocess.run(
            ["sh", os.path.join(PLUGIN_ROOT, "hooks", "gate"), "PreToolUse"],
            env=dict(os.environ, **self.env),
            input=json.dumps(payload),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 2, done
        return done.stderr

    def bash(self, who, command):
        """A Bash call that is really run (with `pack` on PATH, as in the client)."""

        def run(given):
            env = dict(os.environ, PATH=os.path.join(PLUGIN_ROOT, "bin") + os.pathsep + os.environ["PATH"], CLAUDECODE="1", HOME=self.data)
            done = subprocess.run(
                ["sh", "-c", given["command"]], cwd=self.project, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            self.output = done.stdout
            self.exit = done.returncode
            return {"stdout": done.stdout, "stderr": "", "interrupted": False}

        return self.call(who, "Bash", command=command, response=run)

    def stop(self, who):
        """A turn's end; answers the text that keeps the turn going, else None."""
        _code, out, _err = self.send("Stop" if who == "lead" else "SubagentStop", who, stop_hook_active=False, background_tasks=[])
        return keeps_going(out)

    def deliver(self):
        """The client delivers to the lead whatever is queued for it, each as a prompt of its own."""
        for _ in range(self.state()["lead_mail"]):
            self.send("UserPromptSubmit", prompt="<task-notification>\n<task-id>x</task-id>\n<status>completed</status>")

    def state(self):
        from pack.store.journal import Store
        from pack.base import paths

        live = paths.active(self.project, self.data)
        team = live["team"] if live else paths.teams(self.project)[0]
        store = Store(paths.team_folder(self.project, team), paths.run_folder(self.data, self.project, team))
        with store.lock():
            return store.load().state

    def events(self):
        from pack.store.journal import Store
        from pack.base import paths

        team = paths.teams(self.project)[0]
        return Store(paths.team_folder(self.project, team), paths.run_folder(self.data, self.project, team)).records()

    # -- whole steps ----------------------------------------------------------------------------------------------------
    def register(self, raw=None):
        return self.bash("lead", "pack plan <<'EOF'\n%s\nEOF" % json.dumps(raw or plan()))

    def handoff(self, name="supervisor", epoch=1):
        return self.say("lead", name, "STATE_OWNERSHIP_HANDOFF(%d)" % epoch) or self.say(name, "lead", "STATE_OWNERSHIP_ACK(%d)" % epoch)

    def setup(self, mode="SIMPLE", coders=1, raw=None):
        """A run up to the coders, in the mode asked."""
        self.build("plan.md --coders=%d" % max(3, coders))
        refused = self.register(raw or plan(mode))
        assert refused is None, refused
        if mode != "SIMPLE":
            assert self.spawn("tech-lead", "tech-lead") is None
            for who, to, text in (
                ("lead", "tech-lead", "VALIDATE PLAN"),
                ("tech-lead", "lead", "PLAN OK"),
                ("lead", "tech-lead", "IDENTIFY RISKS"),
                ("tech-lead", "lead", "RISKS: 0\none new file that nothing imports"),
                ("tech-lead", "lead", "RISKS MITIGATED"),
            ):
                assert self.say(who, to, text) is None
        assert self.spawn("supervisor", "supervisor") is None
        assert self.handoff() is None
        for role in {
            "SIMPLE": ["unified-reviewer"],
            "MEDIUM": ["logic-reviewer"],
            "COMPLEX": ["security-reviewer", "logic-reviewer", "quality-reviewer"],
        }[mode]:
            assert self.spawn(role, role) is None
        for n in range(coders):
            assert self.spawn("coder-%d" % (n + 1), "coder") is None

    def approvers(self, number):
        from pack.protocol import view

        state = self.state()
        return view.required(state, view.task(state, number))

    def review(self, coder, number):
        """Ask every required approver and have them approve."""
        self.say(coder, "supervisor", "IN_REVIEW: task #%d" % number)
        for role in self.approvers(number):
            assert self.say(coder, role, "REVIEW: task #%d" % number) is None
            assert self.say(role, coder, "APPROVED: task #%d" % number) is None

    def abort(self, why="enough"):
        """The user ends the run, and its agents end as they are asked to, the supervisor last."""
        self.send("UserPromptSubmit", prompt="team abort " + why)
        self.bash("lead", "pack teardown ask")
        for name in sorted(self.agents, key="supervisor".__eq__):
            if name == "supervisor":
                self.bash("lead", "pack teardown ask supervisor")
            self.send("SubagentStop", name, stop_hook_active=False)
        assert self.state()["phase"] == "CLOSED"

    def do_task(self, coder, number, path):
        assert self.say(coder, "supervisor", "CLAIM: task #%d" % number) is None
        assert self.edit(coder, path, "# task %d\n" % number) is None
        self.review(coder, number)
        assert self.bash(coder, "git add %s && git commit -qm 'feat: task #%d'" % (path, number)) is None, self.output
        assert self.say(coder, "supervisor", "DONE: task #%d" % number) is None


class Processes(Session):
    """The same, every payload through the command line of hooks.json in a process of its own, from a copy of the plugin."""

    def __init__(self, project, data, root, sockets=False, **more):
        Session.__init__(self, project, data, **more)
        self.root, self.sockets = str(root), sockets  # sockets: standard input is a socket pair of this process, as the client has it
        with open(os.path.join(self.root, "hooks", "hooks.json")) as f:
            self.lines = {
                event: rows[0]["hooks"][0]["command"].replace("${CLAUDE_PLUGIN_ROOT}", self.root)
                for event, rows in json.load(f)["hooks"].items()
            }

    def send(self, event, who="lead", **fields):
        payload = {
            "session_id": self.session,
            "transcript_path": os.path.join(self.data, "t", self.session + ".jsonl"),
            "cwd": self.project,
            "hook_event_name": event,
        }
        if who != "lead":
            payload.update(agent_id=self.agents[who][0], agent_type=self.agents[who][1])
        payload.update(fields)
        env = dict({"PATH": os.environ["PATH"], "CLAUDE_PLUGIN_ROOT": self.root}, **self.env)
        where = dict(env=env, cwd=self.project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.sockets:
            mine, theirs = socket.socketpair()
            mine.sendall(json.dumps(payload).encode())
            mine.shutdown(socket.SHUT_WR)
            done = subprocess.run(["sh", "-c", self.lines[event]], stdin=theirs, **where)
            mine.close()
            theirs.close()
        else:
            done = subprocess.run(["sh", "-c", self.lines[event]], input=json.dumps(payload), **where)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def copy_plugin(target):
    """What of the plugin decides, without linter, reports and proofs."""
    skip = shutil.ignore_patterns("__pycache__", "lint", "report", "prove")
    for name in ("hooks", "bin", "agents", "commands", ".claude-plugin", "scripts"):
        shutil.copytree(os.path.join(PLUGIN_ROOT, name), os.path.join(target, name), ignore=skip)
    shutil.copy(os.path.join(PLUGIN_ROOT, "plugin.json"), target)
    return str(target)
