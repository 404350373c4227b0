"""A stranger's first mistake with each verb: one clear line with the way out, exit code 2 (or the verb's own), never a traceback."""

import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SMALL = os.path.join(ROOT, "tests", "realtime", "smallTeam.yaml")
CLOSED = "rt: 1\nproject: p\npaths:\n  - {id: a.b, adapter: websocket, address: 'ws://127.0.0.1:1/', rate: 100, duration: 3, budget_ms: {p99: 50}, guarantee: at-most-once}\n"


def run(folder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "pack.cli.main"] + list(words),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(
            {k: v for k, v in os.environ.items() if not k.startswith("CLAUDE")}, PYTHONPATH=os.path.join(ROOT, "scripts"), HOME=str(folder)
        ),
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "words, code, says",
    [
        ("rt lattency", 2, "Did you mean 'latency'?"),
        ("rt check", 2, "rt.yaml: does not exist"),
        ("rt check --team nope", 2, "no such team; known teams: handbook, realtimeSystems, twice"),
        ("rt latency --team handbook", 2, "has no evidence kinds, so there is nothing to measure; `pack gate check` judges it"),
        ("rt probe websockt ws://127.0.0.1:1/", 2, "unknown adapter 'websockt'; did you mean 'websocket'?"),
        ("rt probe redis redis://127.0.0.1:1/0", 2, "is it running there?"),
        ("rt throughput --duration 5x", 2, "no time between 1s and 24h"),
        ("gate check --team nope", 2, "no such team"),
        ("gate check --gate nope", 2, "unknown gate nope; known: delivery_guarantee"),
        ("gate check --json --attest", 2, "two outputs: give one of them"),
        ("gate check --dir nowhere", 2, "no folder nowhere"),
        ("gate check --team handbook", 1, "0 of 1 gates pass"),
        ("gate list --team handbook", 0, "complete"),
        ("gate check --team twice", 2, "twice.yaml:2:1: team stands here twice"),
        ("kanban show --team handbook", 1, "team handbook has no board"),
        ("kanban show", 1, "`pack kanban init` makes it"),
        ("report all --dir nowhere", 2, "no folder nowhere"),
        ("report html", 1, "there is no team in"),
        ("sprint lanes", 2, "`pack sprint init` writes an example"),
        ("sprint exit --team nope --file sprint.yaml", 2, "no such team"),
        ("sprint init --file sprint.yaml", 2, "is there already: edit it"),
        ("record http notaurl --name x", 2, "'notaurl' is no http:// or https:// address"),
        ("record http http://127.0.0.1:1/ --name x", 2, "cannot reach http://127.0.0.1:1/"),
        ("record topic foo bar --name x", 2, "unknown adapter 'foo'"),
        ("record replay nowhere", 2, "nowhere"),
        ("adr check", 0, "1 decision in .claude/decisions, none touches real time"),
        ("adr check zzz", 2, "no decision zzz in .claude/decisions; there are: plain.md"),
        ("adr check --decisions nowhere", 2, "no folder nowhere"),
        ("team check nope", 2, "no such team"),
        ("team check", 1, "twice.yaml:2:1: team stands here twice"),
        ("team list", 1, "BROKEN: 1 problem, `pack team check twice`"),
        ("team new Bad", 2, "a small letter first"),
        ("team new handbook", 2, "there is a team of this name"),
        ("team show nope", 2, "no such team"),
        ("status", 1, "there is no team in"),
        ("explain 1", 1, "there is no team in"),
    ],
)
def test_one_line_and_the_way_out(tmp_path, words, code, says):
    (tmp_path / ".claude" / "team-definitions").mkdir(parents=True)
    (tmp_path / ".claude" / "decisions").mkdir()
    (tmp_path / ".claude" / "decisions" / "plain.md").write_text("# Use tabs\n\nWe do.\n")
    (tmp_path / ".claude" / "team-definitions" / "twice.yaml").write_text("team: twice\nteam: other\n")
    with open(os.path.join(HERE, "definitions", "handbook.yaml"), encoding="utf-8") as handle:
        (tmp_path / ".claude" / "team-definitions" / "handbook.yaml").write_text(handle.read())
    if "sprint.yaml" in words:
        assert run(tmp_path, "sprint", "init", "--file", "sprint.yaml")[0] == 0
    have, told = run(tmp_path, *words.split())
    assert (have, says in told) == (code, True), told
    assert "Traceback" not in told


def test_a_closed_server_is_named_with_its_path(tmp_path):
    (tmp_path / ".team").mkdir()
    (tmp_path / ".team" / "rt.yaml").write_text(CLOSED)
    code, told = run(tmp_path, "rt", "latency", "--quiet")
    assert code == 2 and "of path a.b (ws://127.0.0.1:1/)" in told and "server: {command: [...]}" in told and "Traceback" not in told, told


def test_the_folder_of_a_team_is_its_root(tmp_path):
    code, told = run(tmp_path, "rt", "init", "--team", SMALL)
    assert code == 0 and (tmp_path / ".ping" / "rt.yaml").is_file(), told
    assert not (tmp_path / ".team").exists()
    code, told = run(tmp_path, "kanban", "init", "--team", SMALL)
    assert code == 0 and (tmp_path / ".ping" / "BOARD.md").is_file(), told


def test_a_team_may_be_called_like_a_yaml_value(tmp_path):
    """`pack team new true` wrote a definition that `pack team check` called broken."""
    for name in ("true", "null", "no"):
        assert run(tmp_path, "team", "new", name)[0] == 0
    code, told = run(tmp_path, "team", "check")
    assert code == 0 and told.count("sound") == 3, told
    code, told = run(tmp_path, "team", "list")
    assert code == 0 and "BROKEN" not in told, told


@pytest.mark.parametrize(
    "words", ["kanban init", "sprint init", "rt init", "team new dbMigration", "doctor --fix --write", "report html --out x/y"]
)
def test_a_folder_that_takes_no_file_is_named(tmp_path, words):
    """A file where a folder must go, which holds for root too; a read-only disk ends the same way."""
    for name in (".team", "docs", ".claude", "x"):
        (tmp_path / name).write_text("in the way")
    code, told = run(tmp_path, *words.split())
    assert code in (1, 2) and "Traceback" not in told and "reach the server" not in told, told
