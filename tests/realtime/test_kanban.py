"""The board: moves are gated, metrics computed, gh commands are ones that the real gh accepts."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

import pack as pack_package
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
    assert re.search(r"Consumer lag, worst second of each run \(should fall to 0\): .*jobs \(at_least_once_ack_log\) \d+", text), text
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
    card = b.add("One", ["kafka"], None, 0)
    card["history"] += [["Sprint Ready", 10], ["In Progress", 100], ["Integration Testing", 200]]
    b.move("K1", "In Progress", 300)
    card["history"] += [["Latency Review", 400], ["Done", 7300]]
    assert b.metrics(8000)["cycle_time_s"] == 7200 and b.metrics(8000)["done"] == 1
    b.save(8000)
    assert kanban.Board(str(board), load("realtimeSystems")).cards == b.cards
    assert [name for name, _text in kanban.shown_metrics(b.metrics(8000))] == list(kanban.METRIC_NAMES)
    assert load("realtimeSystems")["kanban"]["metrics"] == list(kanban.METRIC_OF)
    assert [name for name, _text in kanban.shown_metrics(b.metrics(8000), ["cycle time"])] == ["Cycle time (In Progress to Done)"]


def commands(board):
    b = kanban.Board(str(board), load("realtimeSystems"))
    for title in ("One --> two", "Two"):
        b.add(title, ["kafka", "latency"], None, 0)
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


@pytest.mark.parametrize("field", ["--owner", "--infrastructure", "--tested", "--artifact"])
def test_a_line_break_in_a_field_loses_no_card(board, field, capsys):
    run(board, "add", "One <!-- card {x} --> \n two", "--label", "kafka")
    assert run(board, "set", "K1", field, "one\ntwo --> three") == 0
    assert run(board, "add", "Two", "--label", "kafka") == 0
    assert run(board, "show") == 0
    assert "K1 One <!-- card {x} --> two; K2 Two" in capsys.readouterr().out


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("-->", "", "the card's data cannot be read"),
        ('"labels": ["kafka"]', '"labels": 5', "card K1 has no title or no labels"),
        ('"id": "K1"', '"id": "one"', "the card has no id such as K1"),
        ('"history": [["Backlog", 1000.0]]', '"history": []', "card K1 has no history"),
        ('"history": [["Backlog", 1000.0]]', '"history": [["Backlog"]]', "card K1 has a history that is none"),
        ('"history": [["Backlog", 1000.0]]', '"history": [["Nowhere", 1]]', "card K1 has a history that is none"),
        ('"title": "One"', '"title": "One", "artifact": 5', "card K1: its artifact cannot be read"),
        ('{"history"', '["history"', "the card's data cannot be read"),
        ("**K1** · One", "**K1** · Other", "card K1 was changed by hand, its data says otherwise"),
    ],
)
def test_nonsense_by_hand_is_told_with_its_line_and_nothing_is_written(board, old, new, told, capsys):
    run(board, "add", "One", "--label", "kafka", "--now", "1000")
    text = (board / "KANBAN.md").read_text()
    assert old in text
    line = next(x for x in text.splitlines() if "card {" in x)
    (board / "KANBAN.md").write_text(text.replace(line, line.replace(old, new)))
    before = (board / "KANBAN.md").read_bytes()
    for verb in (["show"], ["add", "Two", "--label", "kafka"], ["set", "K1", "--owner", "x"], ["move", "K1", "Done"], ["sync"]):
        capsys.readouterr()
        assert run(board, *verb) == 1
        err = capsys.readouterr().err
        assert "KANBAN.md:9: %s; restore the line or delete it" % told in err and len(err.splitlines()) == 1
    assert (board / "KANBAN.md").read_bytes() == before


def test_what_people_write_on_the_board_stays(board, capsys):
    run(board, "add", "One", "--label", "kafka")
    text = (board / "KANBAN.md").read_text()
    (board / "KANBAN.md").write_text(
        text.replace("## Done\n", "## Done\n\nask Ana first\n") + "\n## Ideas\n\n- a faster broker\n\n- größer\n"
    )
    for title in ("Two", "Three"):
        assert run(board, "add", title, "--label", "kafka") == 0
    text = (board / "KANBAN.md").read_text()
    assert text.endswith("\n## Notes\n\nask Ana first\n## Ideas\n\n- a faster broker\n\n- größer\n") and text.count("Ana") == 1
    card = next(x for x in text.splitlines(True) if "**K2**" in x)
    (board / "KANBAN.md").write_text(text.replace(card, card + card))
    assert run(board, "show") == 1 and "card K2 is there twice" in capsys.readouterr().err


def test_cards_that_agents_add_at_the_same_time_are_all_there(board):
    program = "import sys; from pack.cli.main import main; sys.exit(main(sys.argv[1:]))"
    each = [
        subprocess.Popen(
            [sys.executable, "-c", program, "kanban", "add", "Card %d" % n, "--label", "kafka", "--dir", str(board)],
            env=dict(os.environ, PYTHONPATH=os.path.dirname(os.path.dirname(pack_package.__file__))),
        )
        for n in range(6)
    ]
    assert [p.wait(60) for p in each] == [0] * 6
    cards = kanban.Board(str(board), load("realtimeSystems")).cards
    assert sorted(c["title"] for c in cards) == ["Card %d" % n for n in range(6)] and len({c["id"] for c in cards}) == 6


def test_mistakes_on_the_board(board, capsys):
    (board / "rt.json").write_text(json.dumps({"rt": 1}))
    run(board, "add", "One", "--label", "kafka")
    for argv, told in [
        (["add", " ", "--label", "kafka"], "a card needs a title"),
        (["set", "K1", "--estimate", "nan"], "an estimate is a number above 0, found nan"),
        (["set", "K1", "--estimate", "-3"], "an estimate is a number above 0"),
        (["set", "K1", "--issue", "0"], "an issue has a number above 0"),
        (["move", "K9", "Done"], "no card K9; the board has: K1"),
        (["move", "K1", "Dnoe"], "no column 'Dnoe'; the board has: Backlog"),
    ]:
        assert run(board, *argv) == 1 and told in capsys.readouterr().err
    assert run(board, "show") == 0 and "Backlog              1  K1 One" in capsys.readouterr().out


def test_a_path_that_rt_yaml_does_not_have_is_refused_at_once(project, capsys):
    os.remove(project / "KANBAN.md")
    run(project, "init")
    assert run(project, "add", "One", "--label", "kafka", "--path", "ordres") == 1
    assert "no path 'ordres' in rt.yaml; it has: chat.echo, orders" in capsys.readouterr().err
    assert run(project, "add", "One", "--label", "kafka") == 0 and run(project, "set", "K1", "--path", "ordres") == 1


STAND_IN = """#!/bin/sh
echo "$@" >> "$0.log"
case "$1 $2" in
"issue create") n=$(grep -c '^issue create' "$0.log"); [ "$n" = "$(cat "$0.fails")" ] && { echo "HTTP 502" >&2; exit 1; }; echo https://github.com/o/r/issues/$((n + 6)) ;;
"api graphql") echo ID_1 ;;
esac
"""


def test_an_issue_is_never_made_twice(board, capsys, tmp_path, monkeypatch):
    """gh fails on the second card: what it made before is on the board, so the next sync makes only the rest. The stand-in answers
    what gh answers; that the real gh takes these argument lists is tested above."""
    (tmp_path / "gh").write_text(STAND_IN)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "gh.fails").write_text("2")
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    run(board, "add", "One", "--label", "kafka"), run(board, "add", "Two", "--label", "kafka")
    assert run(board, "sync", "--run") == 1 and "gh ended with exit code 1: HTTP 502" in capsys.readouterr().err
    assert [c.get("issue") for c in kanban.Board(str(board), load("realtimeSystems")).cards] == [7, None]
    (tmp_path / "gh.fails").write_text("0")
    assert run(board, "sync", "--run") == 0
    assert [c.get("issue") for c in kanban.Board(str(board), load("realtimeSystems")).cards] == [7, 9]
    (tmp_path / "gh.log").write_text("")
    assert run(board, "sync", "--run") == 0
    assert not [x for x in (tmp_path / "gh.log").read_text().splitlines() if x.startswith("issue") or "mutation" in x], (
        "nothing moved, so nobody is told twice"
    )


def test_gh_missing_and_not_logged_in(board, capsys, tmp_path, monkeypatch):
    run(board, "add", "One", "--label", "kafka")
    monkeypatch.setenv("GH_CONFIG_DIR", str(tmp_path / "gh"))
    monkeypatch.delenv("GH_TOKEN", raising=False), monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    if shutil.which("gh"):
        assert run(board, "sync", "--run") == 4 and "`gh auth login` first" in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(board, "sync", "--run") == 1 and "gh is not on PATH: install the GitHub CLI" in capsys.readouterr().err
