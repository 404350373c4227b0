"""`pack sprint schedule` and `handbook`: what the command centre writes, each headed by the mandate; items that need others wait for them."""

import os
import subprocess
import sys

from pack.base.paths import PLUGIN_ROOT
from pack.realtime import grid, sprint, sprint_documents


def run(folder, *words):
    argv = [os.path.join(PLUGIN_ROOT, "bin", "pack"), "sprint", *words]
    env = dict(os.environ, PACK_PYTHON=sys.executable)  # with the real-time packages
    done = subprocess.run(argv, cwd=str(folder), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
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
    assert text.splitlines()[2] == grid.MANDATE and "  B1 --> B2" in text.splitlines()
    assert text.index("## Wave 1") < text.index("B1 Token stream") < text.index("## Wave 2") < text.index("B2 Live view")
    assert "09:00: Cross-squad standup" in text and "accepted when: P99 under 50 ms" in read(tmp_path, "Parallel_Backlog.md")
    code, out = run(tmp_path, "set", "B2", "doing")
    assert code == 2 and "B2 waits for B1" in out
    (tmp_path / "p99.log").write_text("P99 41 ms\n")
    assert run(tmp_path, "set", "B1", "done", "--met", "1=p99.log")[0] == 0 and run(tmp_path, "set", "B2", "doing")[0] == 0


def test_the_handbook_says_how_this_sprint_is_run(tmp_path):
    assert run(tmp_path, "init")[0] == 0 and run(tmp_path, "handbook")[0] == 0
    text = read(tmp_path, "Command_Center.md")
    assert text.splitlines()[2] == grid.MANDATE
    for words in (
        "lead runtime-lead",
        "pytest -q tests/integration/policy",
        "## Integration day (wed)",
        "Deploy to staging",
        "over 4 h goes to #tiger-crew",
        "- [Governance Core](http://127.0.0.1:3000/d/governance): policy latency, constitution sync freshness",
        "- [Runtime & Training](http://127.0.0.1:3000/d/runtime): streaming latency, training mode state, Kafka lag",
        "- [Experience](http://127.0.0.1:3000/d/experience): WebVitals, API latency, websocket throughput",
        "- kill-switch: `docs/runbooks/kill-switch.md`",
        "- disaster-recovery: `docs/runbooks/disaster-recovery.md`",
        "alert `Kafka lag over 1000` on Runtime & Training: goes to pager rotation, then #tiger-crew",
        "at least 2 a week",
    ):
        assert words in text


def test_the_status_is_headed_by_the_mandate(tmp_path):
    assert run(tmp_path, "init")[0] == 0
    code, out = run(tmp_path, "status")
    assert code == 0
    with open(os.path.join(str(tmp_path), out.split()[1]), encoding="utf-8") as f:
        assert f.read().splitlines()[2] == grid.MANDATE


def test_a_circle_of_needs_comes_last_and_hangs_nobody():
    class Items:
        items = [{"id": "B1", "needs": ["B2"]}, {"id": "B2", "needs": ["B1"]}, {"id": "B3"}]

    assert [[i["id"] for i in w] for w in sprint_documents.waves(Items)] == [["B3"], ["B1", "B2"]]


EXIT = """
exit:
  - {criterion: accepted, check: acceptance}
  - {criterion: documents, check: shipped, files: [docs/quickstart.md, docs/runbooks/]}
"""


def test_done_asks_for_every_criterion_and_the_exit_for_every_squad(tmp_path):
    """In a sprint of two squads: nothing is done before a file shows each criterion, and the exit sees what was removed, changed or never said."""
    assert run(tmp_path, "init")[0] == 0
    path = tmp_path / "docs" / "sprints" / "sprint.yaml"
    squads = "\nsquads:\n  - {id: runtime, title: Runtime, lead: ana}\n  - {id: experience, title: Experience, lead: bo}\nrhythm:"
    head, _, rest = sprint.EXAMPLE.partition("\nsquads:")
    path.write_text(head + squads + rest.partition("\nrhythm:")[2].partition("\n# What is watched")[0] + EXIT)
    assert (
        run(tmp_path, "add", "runtime", "Token stream", "--owner", "ana", "--accept", "P99 under 50 ms", "--accept", "on staging")[0] == 0
    )
    code, out = run(tmp_path, "set", "B1", "done")
    assert code == 2 and "B1 is accepted when: 1 P99 under 50 ms; 2 on staging; nothing shows 'P99 under 50 ms' yet" in out
    code, out = run(tmp_path, "set", "B1", "done", "--met", "1=p99.log")
    assert code == 2 and "p99.log is no file of this project that shows anything" in out
    (tmp_path / "p99.log").write_text("P99 41 ms\n")
    code, out = run(tmp_path, "set", "B1", "done", "--met", "1=p99.log")
    assert code == 2 and "nothing shows 'on staging' yet" in out and "--met 2=FILE" in out
    code, out = run(tmp_path, "set", "B1", "done", "--met", "3=p99.log")
    assert code == 2 and "N one of its criteria: 1 P99 under 50 ms; 2 on staging" in out
    (tmp_path / "helm.log").write_text("deployed\n")
    assert run(tmp_path, "set", "B1", "done", "--met", "1=p99.log", "--met", "2=helm.log")[0] == 0
    assert "accepted when: P99 under 50 ms (met: p99.log); on staging (met: helm.log)" in read(tmp_path, "Parallel_Backlog.md")

    def left(text):
        code, out = run(tmp_path, "exit")
        assert code == 1 and text in out, out

    left("OPEN accepted: nothing of Experience is done")
    assert run(tmp_path, "add", "experience", "Live view", "--owner", "bo")[0] == 0 and run(tmp_path, "set", "B2", "done")[0] == 0
    left("OPEN accepted: B2 is done and says not by what it is accepted")
    assert run(tmp_path, "set", "B2", "done", "--accept", "shows tokens", "--met", "1=helm.log")[0] == 0
    left("OPEN documents: missing: docs/quickstart.md")
    (tmp_path / "docs" / "quickstart.md").write_text("# Quick start\n\nThe token stream is at /stream.\n")
    left("OPEN documents: missing: docs/runbooks/")
    (tmp_path / "docs" / "runbooks").mkdir()
    (tmp_path / "docs" / "runbooks" / "redis.md").write_text("# Redis\n")
    left("OPEN documents: B2 Live view is done and stands in none of docs/quickstart.md, docs/runbooks/")
    (tmp_path / "docs" / "runbooks" / "view.md").write_text("# B2, the view\n")
    code, out = run(tmp_path, "exit")
    assert code == 0 and out == "met  accepted\nmet  documents\n", out
    (tmp_path / "p99.log").write_text("P99 410 ms\n")
    left("OPEN accepted: B1: p99.log is not what showed 'P99 under 50 ms'")


def test_the_example_has_the_squads_the_hours_and_the_topics_of_the_command_centre(tmp_path):
    """What `pack sprint init` writes, through what it does: lanes, the day in Pacific time, the handbook, the integration day."""
    assert run(tmp_path, "init")[0] == 0
    lanes = run(tmp_path, "lanes")[1]
    assert [t for t in ("Governance Core", "Runtime & Training", "Experience & Ecosystem") if t in lanes] == [s["title"] for s in squads()]
    monday = 1772478300  # Monday 2026-03-02, 11:05 in Los Angeles
    for days, clinic in ((0, True), (1, False), (2, False), (3, True), (4, False)):
        told = run(tmp_path, "today", "--now", str(monday + days * 86400))[1].splitlines()
        assert [line.split()[1] for line in told if ":" in line[:10]] == ["08:30", "09:00"] + ["11:00"] * clinic + ["16:00"], told
        assert ("now  11:00  Design and contract clinic (30 min, all)" in told) is clinic
        for entry in (
            "past 08:30  Infra pulse: Kafka, Redis, Postgres, alerts, maintenance (15 min, infra)",
            "past 09:00  Cross-squad standup: status, blockers, telemetry gaps; update the backlog (15 min, all)",
            "next 16:00  Async wrap: metrics, contract updates, hand-offs (30 min, leads)",
        ):
            assert entry in told, told
        assert ("today is integration day" in told[-1]) is (days == 2)
    assert run(tmp_path, "handbook")[0] == 0
    text = read(tmp_path, "Command_Center.md")
    for words in ("pytest -q tests/integration/policy", "pytest -q tests/integration/orchestrator", "pnpm test --filter admin-console"):
        assert words in text
    code, out = run(tmp_path, "integration")
    assert "FAIL Deploy to staging: helm: No such file or directory" in out or "FAIL Deploy to staging: exit code" in out, out
    assert code == 1 and "no live traffic: constitution.updated, policy.decisions, conversation.events, training.audit" in out, out
    order = ["[1/5] Deploy to staging", "[2/5] smoke governance", "[3/5] smoke runtime", "[4/5] smoke experience", "[5/5] Topics receive"]
    assert sorted(order, key=out.index) == order, out


def test_a_blocker_over_four_hours_goes_to_the_channel_with_what_it_needs(tmp_path):
    assert run(tmp_path, "init")[0] == 0 and run(tmp_path, "add", "runtime", "Token stream", "--now", "1772478300")[0] == 0
    said = ("set", "B1", "blocked", "--by", "schema not merged", "--owner", "ana", "--eta", "17:00")
    assert run(tmp_path, *said, "--now", "1772478300")[0] == 0
    told = "ESCALATE B1: schema not merged, owner ana, ETA 17:00, blocked %s h; tell #tiger-crew"
    assert told % "3.9" not in run(tmp_path, "lanes", "--now", str(1772478300 + 14040))[1]
    code, out = run(tmp_path, "lanes", "--now", str(1772478300 + 14760))
    assert code == 1 and told % "4.1" in out.splitlines(), out


def squads():
    from pack.base import yamltext

    return yamltext.read(sprint.EXAMPLE).value["squads"]
