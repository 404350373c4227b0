"""`pack sprint schedule` and `handbook`: what the command centre writes, each headed by the mandate; items that need others wait for them."""

import os
import subprocess

from pack.base.paths import PLUGIN_ROOT
from pack.realtime import sprint


def run(folder, *words):
    argv = [os.path.join(PLUGIN_ROOT, "bin", "pack"), "sprint", *words]
    done = subprocess.run(argv, cwd=str(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def read(folder, name):
    with open(os.path.join(str(folder), "docs", "sprints", name), encoding="utf-8") as f:
        return f.read()


def test_the_schedule_has_waves_and_a_map_and_what_needs_others_waits(tmp_path):
    assert run(tmp_path, "init")[0] == 0
    assert run(tmp_path, "add", "runtime", "Token stream", "--owner", "ana", "--accept", "P99 under 50 ms")[0] == 0
    assert run(tmp_path, "add", "experience", "Live view", "--needs", "B1", "--cross-squad")[0] == 0
    code, out = run(tmp_path, "add", "experience", "Nothing", "--needs", "B9")
    assert code == 2 and "no item B9" in out
    assert run(tmp_path, "schedule") == (0, "wrote docs/sprints/Parallel_Wave_Schedule.md\n")
    text = read(tmp_path, "Parallel_Wave_Schedule.md")
    assert text.splitlines()[2] == sprint.MANDATE and "  B1 --> B2" in text.splitlines()
    assert text.index("## Wave 1") < text.index("B1 Token stream") < text.index("## Wave 2") < text.index("B2 Live view")
    assert "09:00: Cross-squad standup" in text and "accepted when: P99 under 50 ms" in read(tmp_path, "Parallel_Backlog.md")
    code, out = run(tmp_path, "set", "B2", "doing")
    assert code == 2 and "B2 waits for B1" in out
    assert run(tmp_path, "set", "B1", "done")[0] == 0 and run(tmp_path, "set", "B2", "doing")[0] == 0


def test_the_handbook_says_how_this_sprint_is_run(tmp_path):
    assert run(tmp_path, "init")[0] == 0 and run(tmp_path, "handbook")[0] == 0
    text = read(tmp_path, "Command_Center.md")
    assert text.splitlines()[2] == sprint.MANDATE
    for words in (
        "lead runtime-lead",
        "pytest -q tests/integration/policy",
        "## Integration day (wed)",
        "Deploy to staging",
        "over 4 h goes to #tiger-crew",
        "at least 2 a week",
    ):
        assert words in text


def test_the_status_is_headed_by_the_mandate(tmp_path):
    assert run(tmp_path, "init")[0] == 0
    code, out = run(tmp_path, "status")
    assert code == 0
    with open(os.path.join(str(tmp_path), out.split()[1]), encoding="utf-8") as f:
        assert f.read().splitlines()[2] == sprint.MANDATE


def test_a_circle_of_needs_comes_last_and_hangs_nobody():
    class Items:
        items = [{"id": "B1", "needs": ["B2"]}, {"id": "B2", "needs": ["B1"]}, {"id": "B3"}]

    assert [[i["id"] for i in w] for w in sprint.waves(Items)] == [["B3"], ["B1", "B2"]]
