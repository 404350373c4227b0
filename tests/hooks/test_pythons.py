"""The hooks as the client starts them: the command of hooks.json through sh, a fresh process an event, on the oldest and the newest
Python of this machine.

The other tests call the gate in pytest's process, where every module is loaded already.
"""

import json
import os
import subprocess

import pytest
import pythons
from tests.conftest import make_project
from hooks.driver import PLUGIN_ROOT, Session

with open(os.path.join(PLUGIN_ROOT, "hooks", "hooks.json"), encoding="utf-8") as handle:
    COMMANDS = {event: groups[0]["hooks"][0]["command"] for event, groups in json.load(handle)["hooks"].items()}


class Shipped(Session):
    """A session whose payloads reach the hooks' own commands."""

    def raw(self, event, text):
        """(exit code, standard output, standard error) of the event's hook for a text on standard input."""
        command = COMMANDS[event].replace("${CLAUDE_PLUGIN_ROOT}", PLUGIN_ROOT)
        done = subprocess.run(["sh", "-c", command], input=text, env=self.env, capture_output=True, text=True, cwd=self.project)
        return done.returncode, done.stdout, done.stderr

    def build(self, args="plan.md"):
        """As a user does whom a busy machine tells to type the same line again."""
        for _ in range(20):
            answer = Session.build(self, args)
            if "Type the same line again" not in json.dumps(answer):
                return answer
        raise AssertionError(answer)

    def send(self, event, who="lead", **fields):
        payload = {"session_id": self.session, "cwd": self.project, "hook_event_name": event}
        payload["transcript_path"] = os.path.join(self.data, "t", self.session + ".jsonl")
        if who != "lead":
            agent, kind = self.agents[who]
            payload.update(agent_id=agent, agent_type=kind)
        code, out, err = self.raw(event, json.dumps(dict(payload, **fields)))
        assert "Traceback" not in err, err
        return code, json.loads(out) if out.strip() else None, err


def on(python, project, folder):
    """A session in a project whose hooks find this Python."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(python)
    session = Shipped(project, folder / "data")
    session.env["PATH"] = "%s:/usr/bin:/bin" % programs
    return session


@pytest.fixture(params=pythons.EXTREMES, ids=pythons.name)
def shipped(request, project, tmp_path):
    return on(request.param, project, tmp_path)


@pytest.fixture(params=pythons.EXTREMES, ids=pythons.name, scope="module")
def opened(request, tmp_path_factory):
    """A run that each payload of a module meets as the one before left it: it is refused, and the journal is what it was."""
    folder = tmp_path_factory.mktemp("shipped")
    session = on(request.param, make_project(folder / "proj", ".claude/"), folder)
    assert session.build()[0] == 0
    return session


def test_a_run_is_opened_and_guarded(shipped):
    code, _, err = shipped.build()
    assert code == 0, err
    on = os.path.join(shipped.data, "active" + shipped.project, ".on")
    assert os.path.exists(on) or os.path.exists(os.path.join(shipped.project, ".claude", "teams", ".on"))
    assert "refused (NO_PLAN)" in shipped.spawn("coder-1", "coder")
    assert "refused (UNKNOWN_ROLE)" in shipped.spawn("x", "wizard")


@pytest.mark.parametrize(
    "text", ["", "{", '{"hook_event_name": "PreToolUse",}', "[]", "null", '{"a": "\t"}', "\ufeff{}", "x" * 100000, "[" * 5000]
)
def test_a_payload_that_is_no_json_is_refused(opened, text):
    before = len(opened.events())
    code, out, err = opened.raw("PreToolUse", text)
    assert code == 2 and "Traceback" not in err and err.strip(), (code, out, err)
    assert len(opened.events()) == before
