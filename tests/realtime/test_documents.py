"""Every `pack` call that commands, agents and references show is one that the verbs take."""

import glob
import os
import re
import shlex
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERBS = ("rt", "gate", "kanban", "report", "record", "sprint", "adr")


def shown():
    """{call: a document that shows it}; `...` and upper-case words stand for arguments."""
    found = {}
    for pattern in ("commands/*.md", "references/*.md", "agents/*.md", "README.md", "scripts/pack/teams/realtimeSystems.yaml"):
        for path in glob.glob(os.path.join(ROOT, pattern)):
            with open(path, encoding="utf-8") as handle:
                text = " ".join(handle.read().split())
            calls = re.findall(r"`(pack (?:%s)\b[^`]*)`" % "|".join(VERBS), text)
            calls += re.findall(r"(?:command|runs): (pack (?:%s)\b[^},\"]*)" % "|".join(VERBS), text)
            for call in calls:
                if "|" not in call and "..." not in call and "[" not in call:
                    found.setdefault(call.strip(), os.path.relpath(path, ROOT))
    return found


SHOWN = shown()


def test_the_documents_show_calls():
    assert len(SHOWN) >= 25 and "pack sprint integration" in SHOWN and "pack rt latency" in SHOWN


@pytest.mark.parametrize("verb", VERBS)
def test_every_call_that_a_document_shows_is_one_that_exists(verb):
    """Asked for help at the end, so that the options before it are parsed and nothing is done."""
    calls = sorted({c for c in SHOWN if c.split()[1] == verb})
    code = (
        "import sys, contextlib, io\nfrom pack.cli.main import main\n"
        "for line in sys.stdin.read().splitlines():\n"
        "    out = io.StringIO()\n"
        "    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):\n"
        "        exit = main(__import__('shlex').split(line)[1:] + ['--help'])\n"
        "    print(exit, line, '|', ' '.join(out.getvalue().split()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="\n".join(calls),
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert done.returncode == 0, done.stderr
    for call, line in zip(calls, done.stdout.splitlines()):
        told, _, usage = line.partition(" | ")
        assert told.startswith("0 "), "%s, in %s: %s" % (call, SHOWN[call], usage)
        for word in shlex.split(call)[2:]:
            if word.startswith("--"):
                assert word in usage, "%s has no %s, in %s" % (call, word, SHOWN[call])


def test_a_call_that_does_not_exist_would_be_found():
    """The test above can fail: click parses what stands before --help."""
    from pack.cli.main import main

    assert main(["rt", "latncy", "--help"]) == 2 and main(["rt", "latency", "--help"]) == 0


def test_the_matrix_names_every_test_and_gate_of_the_team_and_tests_that_exist():
    from pack.teams import load

    definition = load("realtimeSystems")
    with open(os.path.join(ROOT, "docs", "realtime-matrix.md"), encoding="utf-8") as handle:
        rows = [[cell.strip() for cell in line.strip("| \n").split(" | ")] for line in handle if line.startswith("| ")]
    told = {(r[0], r[1]) for r in rows if len(r) == 4}
    wanted = {(part["section"], test["test"]) for part in definition["testing_matrix"] for test in part["tests"]}
    assert told - {("section", "test")} == wanted
    assert {r[0].strip("`") for r in rows if len(r) == 3} - {"gate"} == {gate["id"] for gate in definition["gates"]}
    for file, name in re.findall(r"`(test_\w+\.py)::(test_\w+)`", " ".join(r[-1] for r in rows)):
        with open(os.path.join(ROOT, "tests", "realtime", file), encoding="utf-8") as handle:
            assert "def %s(" % name in handle.read(), (file, name)
    assert all("MISSING" in " ".join(row) or "`test_" in row[-1] for row in rows if row[0] not in ("section", "gate"))
