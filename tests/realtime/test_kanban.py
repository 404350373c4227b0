"""The board: moves are gated, metrics computed, gh commands are ones that the real gh accepts."""

import os
import shutil
import subprocess

import pytest

from pack.realtime import kanban
from pack.teams import load

from .conftest import pack


@pytest.fixture
def board(tmp_path):
    assert pack("kanban", "init", "--dir", tmp_path / ".team") == 0
    return tmp_path / ".team"


def run(board, *argv):
    return pack("kanban", argv[0], *argv[1:], "--dir", board)


def test_a_card_goes_all_the_way_only_with_everything(project, capsys):  # measured project: real evidence
    os.remove(project / "KANBAN.md")
    assert run(project, "init") == 0
    assert run(project, "add", "Order stream") == 1 and "needs a label" in capsys.readouterr().err
    assert (
        run(project, "add", "Order stream", "--label", "kaffka") == 1
        and "unknown label 'kaffka'; known: websocket, kafka" in capsys.readouterr().err
    )
    assert run(project, "add", "Order stream", "--label", "kafka", "--path", "orders", "--now", "1000") == 0
    assert run(project, "move", "K1", "In Progress") == 1 and "the next column is Sprint Ready, none is skipped" in capsys.readouterr().err
    assert run(project, "move", "K1", "Sprint Ready") == 1
    told = capsys.readouterr().err
    assert (
        "it has no priority, try `pack kanban set K1 --priority high`" in told
        and "it has no estimate" in told
        and "it has no infrastructure" in told
    )
    assert run(project, "set", "K1", "--priority", "high", "--estimate", "3", "--infrastructure", "redis on staging") == 0
    assert run(project, "move", "K1", "Sprint Ready") == 0
    assert run(project, "move", "K1", "In Progress") == 1 and "it has no owner" in capsys.readouterr().err
    run(project, "set", "K1", "--owner", "message-broker-engineer")
    assert run(project, "move", "K1", "In Progress", "--now", "5000") == 0
    run(project, "set", "K1", "--artifact", "message-broker/NOTHING.md")
    assert run(project, "move", "K1", "Integration Testing") == 1 and "message-broker/NOTHING.md does not exist" in capsys.readouterr().err
    run(project, "set", "K1", "--artifact", "message-broker/TOPIC_DESIGN.md")
    assert run(project, "move", "K1", "Integration Testing") == 0
    assert run(project, "move", "K1", "Latency Review") == 1
    run(project, "set", "K1", "--tested", "whole stack")
    assert run(project, "move", "K1", "Latency Review") == 0
    os.rename(project / "evidence", project / "away")
    assert run(project, "move", "K1", "Done") == 1 and "kafka_e2e_latency on orders is MISSING" in capsys.readouterr().err
    os.rename(project / "away", project / "evidence")
    import time

    assert run(project, "move", "K1", "Done", "--now", str(time.time())) == 0
    text = (project / "KANBAN.md").read_text()
    assert (
        "Delivery tests passed at the first attempt: 5 of 5 (100 %)" in text
        and "Message paths within their latency budget: 5 of 5 (100 %)" in text
    )
    assert "average" in text and "of 1" in text
    assert run(project, "show") == 0 and "10 of 10 gates pass" in capsys.readouterr().out


def test_by_hand_is_noticed(board, capsys):
    run(board, "add", "One", "--label", "kafka")
    text = (board / "KANBAN.md").read_text()
    card = next(x for x in text.splitlines(True) if "card {" in x)
    (board / "KANBAN.md").write_text(text.replace(card, "").replace("## Done\n", "## Done\n" + card))
    assert run(board, "show") == 1 and "move cards with `pack kanban move`, not by hand" in capsys.readouterr().err


def test_back_is_free_and_cycle_time_counts(board):
    b = kanban.Board(str(board), load("realtimeSystems"))
    card = b.add("One", ["kafka"], 0)
    card["history"] += [["Sprint Ready", 10], ["In Progress", 100], ["Integration Testing", 200]]
    b.move("K1", "In Progress", 300)
    card["history"] += [["Latency Review", 400], ["Done", 7300]]
    assert b.metrics(8000)["cycle_time_s"] == 7200 and b.metrics(8000)["done"] == 1
    b.save(8000)
    assert kanban.Board(str(board), load("realtimeSystems")).cards == b.cards


def commands(board):
    b = kanban.Board(str(board), load("realtimeSystems"))
    for title in ("One --> two", "Two"):
        b.add(title, ["kafka", "latency"], 0)
    b.cards[1].update(issue=7)
    b.cards[1]["history"].append(["Done", 5])
    b.save(10)
    return kanban.github(b, ["Phase 1"], "o/r")


def test_gh_argument_lists(board):
    found = commands(board)
    assert [
        "gh",
        "label",
        "create",
        "kafka",
        "--description",
        "real-time: kafka",
        "--color",
        "3B6EA5",
        "--force",
    ] in found
    assert ["gh", "issue", "edit", "7", "--add-label", "done", "--remove-label", "backlog"] in found
    assert [c[1:3] for c in found if c[1] == "issue"] == [
        ["issue", "create"],
        ["issue", "edit"],
        ["issue", "comment"],
        ["issue", "close"],
    ]


@pytest.mark.skipif(not shutil.which("gh"), reason="the real gh is not on PATH: scripts/dev/install-brokers")
def test_the_real_gh_accepts_every_argument_list(board, tmp_path):
    """gh exits 4 where only the log-in is missing, 1 for a flag that it does not know."""
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GH_CONFIG_DIR": str(tmp_path / "gh"),
        "GH_PROMPT_DISABLED": "1",
    }
    for command in commands(board) + [kanban.open_milestones(['Infra "one"', "It's two"]), kanban.close_milestone(3)]:
        done = subprocess.run(command, capture_output=True, text=True, env=clean, cwd=tmp_path)
        assert done.returncode == 4, (command, done.stderr)
    assert subprocess.run(["gh", "issue", "create", "--no-such-flag"], capture_output=True, env=clean, cwd=tmp_path).returncode == 1


def test_sync_prints_and_files_what_it_printed(board, capsys):
    run(board, "add", "One", "--label", "kafka")
    capsys.readouterr()
    assert run(board, "sync") == 0
    assert "gh issue create --title 'K1: One'" in capsys.readouterr().out
    assert "Printed, not run," in (board / "GITHUB_ISSUES.md").read_text()


def test_milestones_are_closed_once_every_card_is_done(board, capsys, tmp_path):
    (board / "MILESTONES.md").write_text("# Milestones\n\n## It's \"infra\"\n\n## Deploy\n")
    run(board, "add", "One", "--label", "kafka")
    capsys.readouterr()
    assert run(board, "sync", "--close-milestones") == 1
    assert "not there: K1" in capsys.readouterr().err
    (board / "KANBAN.md").unlink()
    assert run(board, "init") == 0 and run(board, "sync", "--close-milestones") == 0
    line = [x for x in capsys.readouterr().out.splitlines() if "while read" in x][0]
    assert "--method POST" not in (board / "GITHUB_ISSUES.md").read_text(), "what is closed is not made again"
    # The printed line is run by a real shell; a stand-in for gh on PATH shows what it would be called with.
    (tmp_path / "gh").write_text(
        '#!/bin/sh\nfor a; do printf "<%s>" "$a"; done >> "$0.log"; echo >> "$0.log"; case $2 in *state=open) printf "4\\n7\\n" ;; esac\n'
    )
    (tmp_path / "gh").chmod(0o755)
    subprocess.run(
        ["sh", "-c", line], check=True, env=dict(os.environ, PATH="%s:%s" % (tmp_path, os.environ["PATH"])), stdout=subprocess.DEVNULL
    )
    calls = (tmp_path / "gh.log").read_text().splitlines()
    assert '<.[] | select(.title | IN("It\'s \\"infra\\"", "Deploy")) | .number>' in calls[0]
    assert [c.split(">")[1] for c in calls[1:]] == ["<repos/{owner}/{repo}/milestones/4", "<repos/{owner}/{repo}/milestones/7"]
    assert all(c.endswith("<--method><PATCH><-f><state=closed>") for c in calls[1:])
