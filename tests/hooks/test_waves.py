"""A team of waves, as data: the same core enforces it (REALTIME.md, Decisions)."""

import json
import os

import pytest

from hooks.test_rules import refused

SMALL = {
    "team": "twoWaves", "version": 1, "title": "Two waves", "root": ".two", "lead": "boss", "guarded": ["evidence"], "retries": 3, "max_age_hours": 24,
    "strategy": True,
    "roles": [
        {"id": "boss", "code": "BO", "agent": "two-boss", "title": "Boss", "summary": "Leads.", "tasks": [{"do": "Lead"}], "persona": "Leads the two waves and decides what is next in them.", "spawning": "foreground", "writes": ["LOG.md"]},
        {"id": "planner", "code": "PL", "agent": "two-planner", "title": "Planner", "summary": "Plans.", "tasks": [{"do": "Plan", "artifact": "PLAN.md"}], "persona": "Plans the two waves, in one short file, and nothing else.", "spawning": "foreground",
         "writes": ["PLAN.md"], "artifacts": ["PLAN.md"]},
        {"id": "maker", "code": "MA", "agent": "two-maker", "title": "Maker", "summary": "Makes.", "tasks": [{"do": "Make", "artifact": "work/OUT.md"}], "persona": "Makes what was planned in the first of the two waves.", "spawning": "background",
         "writes": ["work/"], "artifacts": ["work/OUT.md"]},
    ],
    "waves": [
        {"id": "0", "title": "Start", "mode": "sequential", "roles": ["boss"]},
        {"id": "1", "title": "Plan", "mode": "sequential", "roles": ["planner"], "after": ["0"], "gates": ["planned"], "exit": [{"gate": "planned"}]},
        {"id": "2", "title": "Make", "mode": "parallel", "roles": ["maker"], "after": ["1"], "entry": [{"gate": "planned"}], "exit": [{"artifacts_of": "maker"}]},
    ],
    "gates": [{"id": "planned", "title": "Planned", "after_role": "planner", "check": "plan exists", "artifacts_of": ["planner"],
               "on_fail": {"respawn": ["planner"]}}],
    "evidence": [], "folders": ["work"],
}


@pytest.fixture
def two(session):
    folder = os.path.join(session.project, ".claude", "team-definitions")
    os.makedirs(folder)
    with open(os.path.join(folder, "twoWaves.json"), "w") as f:
        json.dump(SMALL, f)
    with open(os.path.join(session.project, "strategy.md"), "w") as f:
        f.write("# Strategy\n\nBe quick: P99 under 50 ms.\n")
    return session


def activate(s, text):
    _code, out, _err = s.send("UserPromptSubmit", prompt=text)
    return out


def test_activation_refuses_before_any_model_call(two):
    for text, says in (("--team nope --strategy strategy.md", "no such team"), ("--team twoWaves", "needs a strategy"),
                       ("--team twoWaves --strategy nix.md", "does not exist"), ("--team twoWaves --fast", "unknown argument")):
        out = activate(two, text)
        assert out["decision"] == "block" and says in out["reason"], out
    assert activate(two, "please --team up") is None
    assert not os.path.exists(two.project + "/.claude/teams")


def test_waves_open_in_order_and_the_gate_decides(two):
    s = two
    out = activate(s, "--team twoWaves --strategy strategy.md")
    assert "wave 1 Plan: planner" in out["hookSpecificOutput"]["additionalContext"]
    refused(s, s.spawn("maker", "two-maker"), "WAVE_CLOSED", "pack gate check")
    refused(s, s.spawn("boss", "two-boss"), "UNKNOWN_ROLE", "you play boss")
    refused(s, s.spawn("x", "coder"), "UNKNOWN_ROLE")
    assert s.spawn("planner", "two-planner") is None
    refused(s, s.edit("planner", ".two/work/OUT.md"), "NOT_YOUR_FILE")
    refused(s, s.edit("planner", "src/old.py"), "ROLE_EDITS_NOTHING")
    refused(s, s.edit("planner", ".two/evidence/latency/x.json"), "EVIDENCE_IS_MEASURED", "pack rt")
    refused(s, s.bash("planner", "echo '{}' > .two/evidence/ledger.jsonl"), "EVIDENCE_IS_MEASURED")
    assert s.bash("lead", "pack gate check") is None
    assert s.state()["waves"]["verdicts"]["planned"] != "PASS"
    assert s.edit("planner", ".two/PLAN.md", "# Plan\n\nDo it.\n") is None
    refused(s, s.spawn("maker", "two-maker"), "WAVE_CLOSED", "planner is still at work")
    s.stop("planner")
    refused(s, s.bash("lead", "pack gate check; echo PASS"), "VERB_NOT_ALONE")
    assert s.bash("lead", "pack gate check") is None, s.output
    assert s.state()["waves"]["verdicts"]["planned"] == "PASS", s.output
    refused(s, s.bash("lead", "pack teardown"), "WAVES_OPEN", "maker")
    assert s.spawn("maker", "two-maker") is None
    assert s.edit("maker", "src/old.py", "OLD = 3\n") is None
    assert s.edit("maker", ".two/work/OUT.md", "# Out\n\nmade\n") is None
    s.stop("maker")
    assert s.state()["phase"] == "COMPLETION"
    assert s.bash("lead", "pack teardown") is None
    assert s.bash("lead", "pack teardown ask") is None
    assert s.state()["phase"] == "CLOSED"


def test_an_agent_is_given_the_strategy(two):
    s = two
    activate(s, "--team twoWaves --strategy strategy.md")
    s.call("lead", "Agent", description="p", prompt="go", subagent_type="team:two-planner", name="planner", response={"agentId": "a0000000000000099"})
    s.agents["planner"] = ("a0000000000000099", "team:two-planner")
    _code, out, _err = s.send("SubagentStart", "planner")
    assert "P99 under 50 ms" in out["hookSpecificOutput"]["additionalContext"]


def test_pause_refuses_spawns_and_resume_forgets_verdicts(two):
    s = two
    activate(s, "--team twoWaves --strategy strategy.md")
    assert "paused" in activate(s, "pause team")["reason"]
    refused(s, s.spawn("planner", "two-planner"), "PAUSED", "resume team")
    assert "leads" in activate(s, "resume team")["reason"]
    assert s.spawn("planner", "two-planner") is None
    with open(s.project + "/.two/TEAM_STATUS.md") as f:
        assert "resumed_at:" in f.read()
