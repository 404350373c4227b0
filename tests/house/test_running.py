"""How the tests run (tests/running.py): what is slow is there, and what was skipped is told in one line with what brings it."""

import os
import subprocess
import sys

import running

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_every_slow_test_is_there():
    for name in running.slow_names():
        path, _, test = name.partition("::")
        if not test:
            folder = os.path.join(ROOT, os.path.dirname(path))
            assert any(f.startswith(os.path.basename(path)) for f in os.listdir(folder)), name
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            assert "def %s(" % test in f.read(), "%s is gone: `make slow-tests`" % name


def test_what_was_skipped_is_one_line_that_names_what_brings_it():
    line = running.skipped(
        ["Skipped: redis-server is not on PATH: scripts/dev/install-brokers"] * 3
        + [
            "Skipped: pane teammates need tmux: scripts/dev/setup",
            "REVIVE_SEEDS=40 make prove-long: the long form",
            "root reads everything",
        ]
    )
    assert "\n" not in line and line.startswith("6 skipped. What brings them: scripts/dev/install-brokers (3: redis-server is not on PATH)")
    assert "scripts/dev/setup (1: pane teammates need tmux)" in line and "REVIVE_SEEDS=40 make" in line
    assert "nothing here (1: root reads everything)" in line
    assert running.skipped([]) == ""


SUITE = """
import os, pytest

@pytest.mark.parametrize("n", range(20))
def test_short(n):
    _note("short")

@pytest.mark.client
@pytest.mark.parametrize("n", range(4))
def test_story(n):
    _note("story")

def _note(kind):
    with open(os.environ["PYTEST_XDIST_WORKER"] + ".txt", "a") as f:
        f.write(kind + "\\n")
"""


def test_every_worker_begins_with_its_stories(tmp_path):
    """As `make test` distributes them: a worker that has them all would play them one after the other."""
    (tmp_path / "conftest.py").write_text(
        "import sys\nsys.path.insert(0, %r)\nfrom running import pytest_collection_modifyitems  # noqa: F401\n"
        % os.path.join(ROOT, "tests")
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = client\n    slow\n")
    (tmp_path / "test_suite.py").write_text(SUITE)
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        assert "-n $(WORKERS) --dist worksteal\n" in f.read()
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    kinds = [(tmp_path / ("gw%d.txt" % n)).read_text().split() for n in range(2)]
    assert [k[:2] for k in kinds] == [["story", "story"]] * 2 and sum(map(len, kinds)) == 24


def test_nothing_is_lost_or_told_twice_in_any_number_of_hands():
    for workers in range(1, 9):
        found = running.in_hands(list("ABCDE"), list("fghijkl"), list("mnopqrstuvw"), workers)
        assert sorted(found) == sorted("ABCDEfghijklmnopqrstuvw")


def test_no_second_try():
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        assert "last-failed" not in f.read()


def test_no_shim_and_no_setting_of_the_testers_makes_each_start_dear(tmp_path):
    """`python3` on PATH is a script of a version manager, and byte code is switched off: what tests start sees neither."""
    shim = tmp_path / "python3"
    shim.write_text('#!/bin/sh\nexec "%s" "$@"\n' % os.path.realpath(sys.executable))
    shim.chmod(0o755)
    code = "import shutil, os, surroundings; surroundings.as_users_have(); print(shutil.which('python3')); print('PYTHONDONTWRITEBYTECODE' in os.environ)"
    env = dict(os.environ, PATH="%s:/usr/bin:/bin" % tmp_path, PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=os.path.join(ROOT, "tests"))
    done = subprocess.run([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True, check=True)
    found, still = done.stdout.split()
    assert os.path.dirname(found) == os.path.dirname(os.path.realpath(sys.executable)) and still == "False"
