"""GitHub's Project (v2), milestones by waves, the rows of the gates that tell `printed` from `run`; argument lists meet the real gh offline."""

import json
import os
import shutil
import subprocess
import time

import pytest

from pack.realtime import checks, gates, github, gitinfo, kanban
from pack.teams import load

from .conftest import pack

TEAM = load("realtimeSystems")
RT = {
    "rt": 1,
    "project": "P",
    "paths": [
        {"id": "orders", "adapter": "websocket", "address": "ws://127.0.0.1:1/", "rate": 100, "duration": 5, "payload_bytes": 100}
        | {
            "budget_ms": {"p50": 5, "p99": 50},
            "guarantee": "at-most-once",
            "ordering": "total",
            "density": {"connections": 900, "hold_s": 5},
        }
        | {"throughput": {"rate": 200, "duration": 60}, "consistency": "eventual"}
    ],
}


@pytest.fixture
def board(tmp_path):
    team = tmp_path / "shop" / ".team"
    assert pack("kanban", "init", "--dir", team) == 0
    (team / "rt.json").write_text(json.dumps(RT))
    return team


def run(board, *argv):
    return pack("kanban", *argv, "--dir", board)


def steps(ids):
    return (
        github.project("T", TEAM["kanban"]["columns"], ids, "o/r")
        + github.place(7, 5, None, "{owner}/{repo}")
        + github.place(7, 0, "PVTI_1", "o/r")
    )


@pytest.mark.skipif(not shutil.which("gh"), reason="the real gh is not on PATH: scripts/dev/install-brokers")
def test_the_real_gh_accepts_every_step(tmp_path):
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GH_CONFIG_DIR": str(tmp_path / "gh"), "GH_PROMPT_DISABLED": "1"}
    ids = {
        "owner": "O",
        "repository": "R",
        "project": "P",
        "field": "F",
        "content": "C",
        "item": "I",
        **{"option%d" % n: "x" for n in range(6)},
    }
    for _name, argv in steps({}):
        done = subprocess.run(github.filled(argv, ids), capture_output=True, text=True, env=clean, cwd=tmp_path)
        assert done.returncode == 4, (argv, done.stderr)  # 4: only the log-in is missing


def test_what_is_there_is_not_made_again():
    made = [n for n, _argv in github.project("T", TEAM["kanban"]["columns"], {"project": "P", "field": "F"}, "o/r")]
    assert made == ["option%d" % n for n in range(6)]
    assert [n for n, _a in github.place(7, 5, None, "o/r")] == ["content", "item", None] and len(github.place(7, 5, "PVTI_1", "o/r")) == 1


GH = """#!/bin/sh
for a; do printf '<%s>' "$a"; done >> "$0.log"; echo >> "$0.log"
case "$*" in
"issue create"*) echo https://github.com/o/shop/issues/7 ;;
*createProjectV2Field*) echo PVTSSF_1 ;;
*createProjectV2*) echo PVT_1 ;;
*addProjectV2ItemById*) echo PVTI_1 ;;
*updateProjectV2ItemFieldValue*) echo PVTI_1 ;;
*options*Done*) echo opt_done ;;
*options*) echo opt_x ;;
*graphql*) echo ID_1 ;;
*state=open*) echo 4 ;;
esac
"""


def test_the_project_is_made_once_and_cards_are_put_into_their_columns(board, tmp_path, monkeypatch):
    """The stand-in answers what GitHub answers; that the real gh takes these argument lists is tested above."""
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    (board / "MILESTONES.md").write_text("# M\n\n## Plan\n\n- Wave: 0\n\n## Ship\n\nWave: 5\n")
    for name in ("TEAM_STATUS.md", "DECISION_LOG.md"):
        (board / name).write_text("# x\n\nx\n")
    run(board, "add", "Order stream", "--label", "kafka", "--path", "orders"), run(board, "set", "K1", "--milestone", "Ship")
    assert run(board, "sync", "--run") == 0
    log = (tmp_path / "gh.log").read_text()
    assert log.count("createProjectV2(") == 1 and "<field=PVTSSF_1>" in log and "<item=PVTI_1><-f><field=PVTSSF_1><-f><option=opt_x>" in log
    assert "<--milestone><Ship>" in log and "- [ ] path orders: P50 5 ms, P99 50 ms; at-most-once; ordering total" in log
    assert "- [ ] Done: all gates passed; then merged and evidence filed" in log
    assert "<title=Ship>" in log and "<title=Plan>" not in log and "/milestones/4><--method><PATCH>" in log, (
        "wave 0 is over, its milestone closed"
    )
    told = (board / "GITHUB_ISSUES.md").read_text()
    done, ids = github.state(told)
    assert done and ids["project"] == "PVT_1" and "Milestones closed: Plan" in told
    run(board, "set", "K1", "--priority", "high", "--estimate", "3", "--infrastructure", "redis"), run(board, "move", "K1", "Sprint Ready")
    (tmp_path / "gh.log").write_text("")
    assert run(board, "sync", "--run") == 0
    log = (tmp_path / "gh.log").read_text()
    assert "createProjectV2" not in log and "addProjectV2ItemById" not in log and "<item=PVTI_1>" in log
    assert "K1: Sprint Ready since" in log and "; orders: nothing measured yet" in log


def test_a_printed_sync_is_shell_that_uses_earlier_answers(board, capsys, tmp_path):
    run(board, "add", "One", "--label", "kafka")
    b = kanban.Board(str(board), TEAM)
    b.cards[0]["issue"] = 7
    b.save(1)
    capsys.readouterr()
    assert run(board, "sync") == 0
    out = capsys.readouterr().out
    assert 'project="$project"' in out and out.count("project=$(gh api graphql") == 1
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    env = dict(os.environ, PATH="%s:%s" % (tmp_path, os.environ["PATH"]))
    subprocess.run(["sh", "-euc", out], check=True, env=env, stdout=subprocess.DEVNULL)
    assert "<project=PVT_1>" in (tmp_path / "gh.log").read_text() and "<option=opt_x>" in (tmp_path / "gh.log").read_text()


def test_the_gates_tell_printed_from_run_and_ask_for_the_release(board, tmp_path):
    def look():
        return gates.Look(board, TEAM, time.time())

    def judged(check, **item):
        return checks.TABLE[check](look(), dict(item, check=check))

    project = board.parent
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    assert judged("github_project")[0] == "MISSING"
    assert run(board, "sync") == 0
    assert judged("github_project")[2]["note"].startswith("GitHub: printed, not run")
    (board / "releases").mkdir()
    sign = board / "releases" / "DEPLOYMENT_SIGNOFF.md"
    item = {"file": "releases/DEPLOYMENT_SIGNOFF.md"}
    sign.write_text("status: APPROVED\n")
    assert judged("github_release", **item)[0] == "FAIL"
    sign.write_text("GitHub release: none, a pilot\n")
    assert judged("github_release", **item)[0] == "PASS"
    subprocess.run(["git", "remote", "add", "origin", "git@github.com:o/shop.git"], cwd=project, check=True)
    assert gitinfo.Git(project).on_github()
    verdict, why = judged("github_project")[:2]
    assert verdict == "FAIL" and "printed, not run" in why[0]
    assert judged("github_release", **item)[0] == "FAIL"
    sign.write_text("- GitHub release: https://github.com/o/shop/releases/tag/v1.2.0\n")
    assert judged("github_release", **item)[0] == "PASS"
    gate = next(g for g in TEAM["gates"] if g["id"] == "deployment_approved")
    lines = [c["line"] for c in gate["checks"] if c["check"] == "line"]
    assert [x for x in lines if x.startswith("Stage ")] == [
        "Stage dev: PASS",
        "Stage staging: PASS",
        "Stage canary 5 %: PASS",
        "Stage production: PASS",
    ]


def test_a_card_goes_on_when_its_role_has_finished(board):
    (board / "message-broker").mkdir()
    run(board, "add", "Orders", "--label", "kafka"), run(board, "add", "Other", "--label", "kafka")
    for card, owner in (("K1", "message-broker-engineer"), ("K2", "websocket-engineer")):
        run(board, "set", card, "--priority", "high", "--estimate", "3", "--infrastructure", "redis", "--owner", owner)
        run(board, "set", card, "--artifact", "message-broker/TOPIC_DESIGN.md")
        run(board, "move", card, "Sprint Ready"), run(board, "move", card, "In Progress")
    assert kanban.finished(str(board), TEAM, "message-broker-engineer", 9.0) == [], "the artifact is not there"
    (board / "message-broker" / "TOPIC_DESIGN.md").write_text("# T\n\nThree partitions.\n")
    assert kanban.finished(str(board), TEAM, "message-broker-engineer", 9.0) == ["K1"]
    where = {c["id"]: c["history"][-1][0] for c in kanban.Board(str(board), TEAM).cards}
    assert where == {"K1": "Integration Testing", "K2": "In Progress"}


def test_the_charter_has_bytes_throughput_density_and_consistency(board):
    assert pack("rt", "charter", "--dir", board) == 0
    row = [x for x in (board / "PROJECT_CHARTER.md").read_text().splitlines() if x.startswith("| orders |")][0]
    assert "| 10000/s | 200/s for 60 s, 20000 bytes/s | 900 a server |" in row and "| total | eventual |" in row


def test_the_last_waves_end_with_what_the_seed_gives_the_project_manager(project):
    """On a measured project: wave 2.5 needs a second report, wave 4 the clearance, wave 5 the final report, closed milestones and the benchmarks."""
    from pack.teams.layout import unmet

    verdicts = {g["id"]: g["verdict"] for g in gates.evaluate(project, TEAM, time.time())["gates"]}
    lacks = lambda wave, side: unmet(TEAM, project, wave, side, verdicts)
    assert set(verdicts.values()) == {"PASS"} and lacks("4", "entry") == []
    clearance = project / "legal" / "AUDIT_COMPLIANCE.md"
    kept = clearance.read_text()
    clearance.write_text("# Audit\n\nLegal clearance: REFUSED\n")
    assert any("Legal clearance: GRANTED" in why for why in lacks("4", "entry"))
    clearance.write_text(kept)
    for name in ("status_002.pptx", "activity_002.pdf", "final.pptx", "final.pdf", "CERTIFICATION.md"):
        if (project / "reports" / name).exists():
            (project / "reports" / name).unlink()
    (project / "marketing" / "BENCHMARKS.md").unlink()
    assert {w.split()[0] for w in lacks("2.5", "exit")} == {"reports/status_002.pptx", "reports/activity_002.pdf"}
    assert len(lacks("5", "exit")) == 5
    assert pack("report", "all", "--dir", project) == 0 and lacks("2.5", "exit") == []
    (project / "KANBAN.md").unlink()
    (project / "MILESTONES.md").write_text("# M\n" + "".join("\n## Pilot %d\n\nWave: 5\n" % n for n in range(6)))
    assert run(project, "init") == 0 and run(project, "add", "Orders", "--label", "kafka", "--path", "orders") == 0
    run(project, "set", "K1", "--priority", "high", "--estimate", "3", "--infrastructure", "redis", "--owner", "message-broker-engineer")
    run(project, "set", "K1", "--artifact", "message-broker/TOPIC_DESIGN.md", "--tested", "the whole stack")
    for column in ("Sprint Ready", "In Progress", "Integration Testing", "Latency Review", "Done"):
        assert run(project, "move", "K1", column) == 0
    card = kanban.Board(str(project), TEAM).cards[0]
    said = kanban.figures(card, gates.Look(project, TEAM, time.time()))
    assert said.startswith("; orders: ") and "kafka_e2e_latency PASS P99=" in said and " lost, 0 duplicates" in said
    assert run(project, "sync", "--close-milestones") == 0 and pack("report", "final", "--dir", project) == 0
    (project / "marketing" / "BENCHMARKS.md").write_text("# B\n\nAs measured.\n")
    assert lacks("5", "exit") == []


def test_the_planning_gate_counts_milestones_and_risks(board):
    """A plan that copies one paragraph into every document is no plan: six milestones, each with its wave, and eight risks."""
    wanted = [c for c in next(g for g in TEAM["gates"] if g["id"] == "planning_complete")["checks"] if c["check"] == "entries"]
    assert [(c["file"], c["at_least"]) for c in wanted] == [("MILESTONES.md", 6), ("RISK_REGISTER.md", 8)]

    def judged(item):
        return checks.entries(gates.Look(board, TEAM, time.time()), item)[:2]

    milestones, risks = wanted
    plan, register = board / "MILESTONES.md", board / "RISK_REGISTER.md"
    for item in wanted:
        assert judged(item) == ("MISSING", ["%s does not exist" % item["file"]])
    six = "# Plan\n" + "".join("\n## Phase %d\n\nWave: 2\n" % n for n in range(1, 7))
    for path in (plan, register):
        path.write_text(six[: six.index("## Phase 6")])
    assert judged(milestones) == ("FAIL", ["MILESTONES.md has 5 milestones, must be 6 or more"])
    assert judged(risks) == ("FAIL", ["RISK_REGISTER.md has 5 risks, must be 8 or more"])
    plan.write_text(six)
    assert judged(milestones) == ("PASS", [])
    plan.write_text(six.replace("## Phase 3\n\nWave: 2\n", "## Phase 3\n\nsoon\n"))
    assert judged(milestones) == ("FAIL", ["MILESTONES.md: 'Phase 3' has no line `Wave:`"])
    for enough, few in (
        ("| risk | owner |\n|---|---|\n" + "| r | o |\n" * 8, "| risk | owner |\n|---|---|\n" + "| r | o |\n" * 7),
        ("- r\n" * 8, "- r\n" * 7),
        ("".join("%d. r\n" % n for n in range(8)), "1. r\n" * 7),
        ("## r\n\nIt.\n" * 8, "## r\n\nIt.\n" * 7),
    ):
        register.write_text("# Risks\n\n" + enough)
        assert judged(risks) == ("PASS", [])
        register.write_text("# Risks\n\n" + few)
        assert judged(risks)[0] == "FAIL"
