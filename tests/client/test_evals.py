"""The cases of evals/ in the client's own `plugin eval`, against a scripted model: one that does as it should passes, one that does not fails."""

import json
import os
import pathlib
import re
import subprocess
import sys

import client
import model
import pytest
from meter import Meter
from policy import Policy, Talk

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "dev"))
import evals  # noqa: E402

sys.path.insert(0, str(ROOT / "tests"))
from hooks.driver import plan  # noqa: E402

PLAN = "pack plan <<'E'\n%s\nE" % json.dumps(plan("SIMPLE"))
SPAWN = {"subagent_type": "team:supervisor", "name": "supervisor", "description": "supervisor", "prompt": "You are supervisor"}


def help_of(binary):
    return subprocess.run([binary, "plugin", "eval", "--help"], capture_output=True, text=True, timeout=60).stdout


@pytest.mark.client
def test_the_first_case_tells_a_lead_that_plans_from_one_that_does_not(tmp_path):
    binary = client.locate()
    if "--ablation" not in help_of(binary):
        pytest.skip("this client has no `plugin eval`")
    good = [model.use("Bash", command=PLAN), model.use("Agent", **SPAWN)]
    told = []

    def answer(call):
        if call.actor != "lead":
            return model.Reply(model.say("waiting"))
        done = sum(m["role"] == "assistant" for m in call.messages)
        told.append(json.dumps(call.messages))
        return model.Reply(script[done] if done < len(script) else model.say("the plan is registered"))

    for name, script, passes in (("good", good, True), ("bad", good[::-1], False)):
        told.clear()
        with model.Model(answer) as m:
            home = client.Home(tmp_path / name, m.url)
            out = tmp_path / (name + ".json")
            command = [
                sys.executable,
                str(ROOT / "scripts/dev/evals.py"),
                "plan-before-spawn",
                "--yes",
                "--json",
                str(out),
                "--output-dir",
                str(tmp_path / name / "results"),
            ]
            done = subprocess.run(
                command, cwd=home.project, env=dict(home.env, TEAM_CLIENT=binary), capture_output=True, text=True, timeout=200
            )
        said = json.loads(out.read_text())["cases"][0]["arms"]["with"][0]
        graders = {g["name"]: g["passed"] for g in said["graders"]}
        assert said["error"] is None and len(graders) == 4, said
        assert (done.returncode == 0) is passes and said["passed"] is passes, (done.stdout, said, told)
        assert graders["the plan is registered before anybody is spawned"] is passes
        assert done.stdout.startswith("1 case(s), on your own key:") and "Hard ceiling: 5.00 USD" in done.stdout
        assert any("Run opened. Mode: headless" in text for text in told), "the plugin's hooks are at work in an eval"


@pytest.mark.client
def test_the_whole_run_ends_in_its_report_and_costs_what_is_said_before(tmp_path):
    """In `claude -p`, with a model that does what it is told; its last words are the printed report, as it was asked."""
    binary, meter = client.locate(), Meter()
    policy = Policy("SIMPLE")

    def answer(call):
        found = re.search(r"orking directory: ([^\\\"]+)", json.dumps(call.request))
        policy.project = policy.project or (found.group(1) if found else "")
        reply = policy.answer(call)
        if [b.get("text") for b in reply.blocks] == ["The summary, as printed."]:
            return model.Reply(model.say(next(t for i in reversed(Talk(call).items) for t in i if "FEATURE IMPLEMENTATION" in str(t))))
        return reply

    with model.Model(answer, meter) as m:
        home = client.Home(tmp_path, m.url)
        command = [sys.executable, str(ROOT / "scripts/dev/evals.py"), "whole-small-run", "--yes"]
        done = subprocess.run(
            command, cwd=home.project, env=dict(home.env, TEAM_CLIENT=binary), capture_output=True, text=True, timeout=500
        )
    assert done.returncode == 0 and "whole-small-run: PASS" in done.stdout and done.stdout.count("✓") == 4, done.stdout + done.stderr
    calls, into, new, out = evals.MEASURED["whole-small-run"]
    assert len(meter.rows) <= 1.5 * calls and sum(r["input"] for r in meter.rows) <= 1.5 * into, "measure it anew: scripts/dev/evals.py"
    assert sum(r["uncached"] for r in meter.rows) <= 1.5 * new and sum(r["output"] for r in meter.rows) <= 2 * out


@pytest.mark.client
@pytest.mark.parametrize("turns,ends", [(1, "error_max_turns"), (5, "success")])
def test_a_run_that_was_cut_off_has_not_passed_whatever_it_left_behind(tmp_path, monkeypatch, capsys, turns, ends):
    made = [model.use("Bash", command="touch made", description="make it"), model.say("done")]

    def answer(call):
        return model.Reply(made[min(sum(m["role"] == "assistant" for m in call.messages), 1)])

    case = {
        "context": {"scaffold_script": "nothing.sh"},
        "execution": {"prompt": "make it", "max_turns": turns, "timeout_seconds": 120, "allowed_tools": ["Bash"]},
        "graders": [{"name": "made", "type": "file_exists", "path": "made"}],
    }
    (tmp_path / "evals" / "cut").mkdir(parents=True)
    (tmp_path / "evals" / "cut" / "nothing.sh").write_text("")
    (tmp_path / "plugin" / ".claude-plugin").mkdir(parents=True)
    (tmp_path / "plugin" / ".claude-plugin" / "plugin.json").write_text('{"name": "bare"}')
    monkeypatch.setattr(evals, "ROOT", str(tmp_path))
    with model.Model(answer) as m:
        home = client.Home(tmp_path / "home", m.url)
        monkeypatch.setattr(os, "environ", dict(home.env))
        code = evals._play(client.locate(), str(tmp_path / "plugin"), "cut", case, 1.0, str(tmp_path / "folder"))
    said = capsys.readouterr().out
    assert "✓ made" in said and ends in said, said
    assert (code == 0) is (ends == "success") and ("cut: PASS" in said) is (ends == "success"), said


def test_the_graders_tell_a_run_that_is_whole_from_one_that_is_not(tmp_path):
    (_name, case), used = evals.cases(["whole-small-run"])[0], {"type": "tool_use", "name": "Bash", "input": {"command": "pack finish"}}
    graders = {g["type"]: g for g in case["graders"]}
    did = [{"type": "assistant", "message": {"content": [used]}}]
    ended = [{"type": "result", "result": "Tasks completed: 2"}]
    assert not evals.passes(graders["file_exists"], [], tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "bye.py").touch()
    assert evals.passes(graders["file_exists"], [], tmp_path)
    assert evals.passes(graders["tool_used"], did, tmp_path) and not evals.passes(graders["tool_used"], ended, tmp_path)
    assert evals.passes(graders["regex"], did + ended, tmp_path)
    assert not evals.passes(graders["regex"], did + [{"type": "result", "result": "All good."}], tmp_path)


def test_what_it_costs_is_said_in_money_where_the_user_has_prices(tmp_path):
    prices = {"currency": "USD", "models": {"m": {"input": 5, "cache_write": 6.25, "cache_read": 0.5, "output": 25}}}
    (tmp_path / "team-prices.json").write_text(json.dumps(prices))
    env = dict(os.environ, TEAM_CLIENT="/bin/false", CLAUDE_CONFIG_DIR=str(tmp_path))
    done = subprocess.run([sys.executable, str(ROOT / "scripts/dev/evals.py")], env=env, input="\n", capture_output=True, text=True)
    paid = sum(new * 6.25 + (into - new) * 0.5 + out * 25 for _calls, into, new, out in evals.MEASURED.values()) / 1e6
    assert "In USD by your price table: m %.2f." % paid in done.stdout and paid > 0.1
    assert set(evals.MEASURED) == {name for name, _case in evals.cases()}
    (tmp_path / "team-prices.json").unlink()
    done = subprocess.run([sys.executable, str(ROOT / "scripts/dev/evals.py")], env=env, input="\n", capture_output=True, text=True)
    assert "no price table" in done.stdout


def test_nothing_is_run_before_it_is_wished():
    env = dict(os.environ, TEAM_CLIENT="/bin/false")
    done = subprocess.run([sys.executable, str(ROOT / "scripts/dev/evals.py")], env=env, input="\n", capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.endswith("nothing was run\n") and "million tokens" in done.stdout
    assert all(name in done.stdout for name, _case in evals.cases())
    done = subprocess.run([sys.executable, str(ROOT / "scripts/dev/evals.py"), "nothing"], env=env, capture_output=True, text=True)
    assert done.returncode == 2 and "plan-before-spawn" in done.stderr
