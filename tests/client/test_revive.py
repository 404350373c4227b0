"""kill -9 of the real client at any point, then resume: the run finishes and nothing is lost (revive.py says what that means).

REVIVE_SEEDS=40 plays so many seeds instead of three, each with its own mode, size and moments, and prints the figures as JSON;
with PROVE_FIGURES=FOLDER they are left there as client-kills.json for references/assurance.md.
"""

import json
import os
import pathlib
import shutil

import pytest
import revive
from model import Call
from policy import Policy

SEEDS = int(os.environ.get("REVIVE_SEEDS", 0))
FEW = [] if SEEDS else [(8, "headless", "SIMPLE"), (1, "terminal", "SIMPLE"), (1, "headless", "MEDIUM")]


@pytest.mark.client
@pytest.mark.parametrize("seed,way,size", FEW)
def test_a_killed_client_is_resumed_and_the_run_finishes(seed, way, size, client_binary):
    if way == "terminal" and not shutil.which("tmux"):
        pytest.skip("a terminal needs tmux: scripts/dev/setup")
    run = revive.Run(seed, way, size, binary=client_binary)
    try:
        run.go()
    except revive.Broken as broken:
        pytest.fail("%s\n\n%s" % (broken.trace, broken), pytrace=False)
    assert run.killed, "the seed's kill comes after the end: it proves nothing"


@pytest.mark.client
@pytest.mark.skipif(not SEEDS, reason="REVIVE_SEEDS=40 make prove-long: the long form")
def test_many_seeds(tmp_path, client_binary):
    runs, broken = revive.many(range(1, SEEDS + 1), float("inf"), tmp_path, print)
    found = revive.figures(runs, broken, "REVIVE_SEEDS=%d pytest tests/client/test_revive.py" % SEEDS)
    print(json.dumps(found, indent=1))
    if os.environ.get("PROVE_FIGURES"):
        folder = pathlib.Path(os.environ["PROVE_FIGURES"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "client-kills.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    assert not broken, "\n".join("seed %s: %s" % pair for pair in broken)


# --- The check finds what it looks for ------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def finished(client_binary):
    """An undisturbed run, its folder kept."""
    run = revive.Run(0, "headless", "SIMPLE", kills=[], binary=client_binary, keep=True, lead="careful")
    run.go()
    yield run
    shutil.rmtree(run.base, ignore_errors=True)


@pytest.mark.client
def test_the_check_notices_what_is_lost_or_not_what_it_was(finished):
    run = finished
    folder = run.home.project / ".claude/teams/feature-say-goodbye"
    home = json.loads((folder / "run.json").read_text())
    journal, mirror = folder / "journal.jsonl", pathlib.Path(home["run"]) / "mirror.jsonl"
    data = journal.read_bytes()
    lines = data.splitlines(keepends=True)

    def breaks(says):
        with pytest.raises(revive.Broken, match=says):
            run.check_journal("feature-say-goodbye")

    run.check()
    try:
        run.copies = [("feature-say-goodbye", b"".join(lines[:5]).replace(b"PLAN", b"PLON"), 5)]
        breaks("1 of 5 events .* are gone")
        run.copies = [("feature-other", b"x", 7)]
        breaks("left behind")
        run.copies = []
        journal.write_bytes(b"".join(lines[:-1] + [lines[-1][:40]]))
        breaks("not whole")
        journal.write_bytes(b"".join(lines[:3] + lines[4:]))
        breaks("not whole")
        journal.write_bytes(data)
        mirror.write_bytes(b"".join(lines[:-1]))
        breaks("mirror differ")
        mirror.write_bytes(data)
        state = (folder / "state.md").read_text(encoding="utf-8")
        (folder / "state.md").write_text(state + "x", encoding="utf-8")
        breaks("state.md")
        (folder / "state.md").write_text(state, encoding="utf-8")
        records = revive.read_chain(data)[0]
        done = next(r for r in records if r["event"] == "DONE")
        with pytest.raises(revive.Broken, match="without the approval of unified-reviewer"):
            run.check_done([r for r in records if r["event"] != "APPROVED"], done)
        run.check()
    finally:
        journal.write_bytes(data)
        mirror.write_bytes(data)


@pytest.mark.client
def test_an_undisturbed_run_takes_the_calls_that_the_kills_are_spread_over(finished):
    """LENGTH is measured; were it far off, kills would fall after the end, or all at the beginning."""
    assert 0.75 < finished.calls / revive.LENGTH["headless", "SIMPLE"] < 1.33


# --- The policy reads what is there and nothing else -----------------------------------------------------------------------------
def asked(*messages, agent=None, system=""):
    headers = {"X-Claude-Code-Agent-Id": agent} if agent else {}
    request = {
        "system": system,
        "tools": [{"name": n} for n in ("Bash", "SendMessage", "Agent", "Read", "Write")],
        "messages": [{"role": role, "content": content} for role, content in messages],
    }
    return Policy(project="/p").answer(Call(request, headers, {})).blocks


def test_a_lead_that_is_told_nothing_looks_and_one_that_is_told_a_step_takes_it():
    opened = ("user", "Run opened. Mode: headless\nTeam: feature-x. State for people: `pack status`")
    assert asked(opened)[0]["input"]["command"] == "pack status"
    steps = asked(
        opened,
        ("assistant", ""),
        ("user", "team: next: spawn the approvers this run requires: logic-reviewer, tech-lead; task #1 is free: spawn a coder for it"),
    )
    assert [b["input"]["subagent_type"] for b in steps] == ["team:logic-reviewer", "team:tech-lead"]
    assert asked(opened, ("user", "team: next: frobnicate the widgets"))[0]["input"]["command"] == "pack status"
    assert asked(("user", "hello"))[0]["type"] == "text"


def test_a_coder_that_is_told_nothing_reads_its_record_and_one_that_turns_in_circles_stops():
    greeted = ("user", "team feature-x: you are coder-1 (coder), incarnation 1. The lead is `main`")
    assert asked(greeted, agent="a1")[0]["input"]["command"] == "pack task show"
    use = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "pack task show", "description": "pack task show"}}
    talk = [greeted]
    for n in range(3):
        talk += [
            ("assistant", [dict(use, id="t%d" % n)]),
            ("user", [{"type": "tool_result", "tool_use_id": "t%d" % n, "content": "nonsense"}, {"type": "text", "text": "again"}]),
        ]
    assert asked(*talk, agent="a1")[0]["type"] == "text"
