"""The cases of evals/ in the client's own `plugin eval`, against a scripted model: one that does as it should passes, one that does not fails."""

import json
import os
import pathlib
import subprocess
import sys

import client
import model
import pytest

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


def test_nothing_is_run_before_it_is_wished():
    env = dict(os.environ, TEAM_CLIENT="/bin/false")
    done = subprocess.run([sys.executable, str(ROOT / "scripts/dev/evals.py")], env=env, input="\n", capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.endswith("nothing was run\n") and "million tokens" in done.stdout
    assert all(name in done.stdout for name, _case in evals.cases())
    done = subprocess.run([sys.executable, str(ROOT / "scripts/dev/evals.py"), "nothing"], env=env, capture_output=True, text=True)
    assert done.returncode == 2 and "plan-before-spawn" in done.stderr
