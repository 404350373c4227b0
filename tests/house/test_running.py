"""How the tests run (tests/running.py): what is slow is there, and what was skipped is told in one line with what brings it."""

import json
import os
import subprocess
import sys

import cpu
import running

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "dev"))
import slow_tests  # noqa: E402


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


# --- What is slow is measured -------------------------------------------------------------------------------------------------------
def test_a_line_names_a_test_and_no_other_that_begins_alike():
    named = running.is_slow(("tests/a.py::test_any", "tests/realtime/test_"))
    assert named("tests/a.py::test_any") and named("tests/a.py::test_any[x-1]") and named("tests/realtime/test_gates.py::test_x[1]")
    assert not named("tests/a.py::test_any_bytes") and not named("tests/a.py::test_an") and not named("tests/report/test_cost.py::test_x")


def test_the_cheapest_that_fit_are_fast():
    costs = {"a::x[1]": 1.0, "a::x[2]": 3.0, "a::y": 2.5, "b::z": 0.5, "b::w[1]": 0.5, "b::w[2]": 0.5}
    of = cpu.by_function(costs)
    assert of == {"a::x": [1.0, 3.0], "a::y": [2.5], "b::z": [0.5], "b::w": [0.5, 0.5]}
    assert slow_tests.chosen(of, 1.5) == ({"a::x", "a::y"}, 0.5, 1.5)
    assert slow_tests.chosen(of, 5.5) == ({"a::y"}, 2.0, 5.5)  # all its cases or none, by what a case costs
    assert slow_tests.chosen(of, 5.4) == ({"a::x", "a::y"}, 0.5, 1.5)  # dearer than the first that is too much: not in either
    assert slow_tests.chosen(of, 100) == (set(), 2.5, 8.0)


def test_the_list_is_made_from_what_was_measured_and_keeps_what_was_not(tmp_path, monkeypatch, capsys):
    (tmp_path / "tests").mkdir()
    kept = tmp_path / "tests" / "slow.txt"
    kept.write_text("# head\n\ntests/rt/test_\ntests/a.py::test_cheap_now\ntests/a.py::test_not_run\n")
    monkeypatch.setattr(slow_tests, "ROOT", tmp_path)
    monkeypatch.setattr(running, "SLOW", str(kept))
    monkeypatch.setattr(cpu, "SLOW", str(kept))
    run = tmp_path / "cpu.json"
    run.write_text(json.dumps({"tests/a.py::test_cheap_now": 0.25, "tests/b.py::test_dear[1]": 200.0, "tests/rt/test_x.py::test_y": 0.1}))
    slow_tests.main([str(run)])
    assert list(running.slow_names()) == ["tests/a.py::test_not_run", "tests/b.py::test_dear", "tests/rt/test_"]
    assert cpu.limits() == (0.25, 0.0) and "3 lines" in capsys.readouterr().out


def test_a_run_that_was_to_be_fast_names_what_is_slow_and_not_in_the_list(monkeypatch):
    monkeypatch.setattr(cpu, "limits", lambda: (0.2, 100.0))
    monkeypatch.setattr(cpu, "slow_names", lambda: ("tests/a.py::test_named",))
    fast = "not slow and not client and not broker"
    costs = {
        "tests/a.py::test_named": 9.0,
        "tests/a.py::test_short[1]": 0.7,
        "tests/a.py::test_short[2]": 0.1,
        "tests/a.py::test_long": 0.8,
    }
    line = cpu.said(costs, fast)
    assert line.startswith("CPU time of the tests: 11 s (tests/slow.txt was made for 100 s). Slow and not named there: ")
    assert "tests/a.py::test_long (0.8 s); `make slow-tests`" in line and "test_short" not in line and "test_named" not in line
    assert "make slow-tests" not in cpu.said({"tests/a.py::test_short": 0.3}, fast)
    assert cpu.said(costs, "") == cpu.said(costs, "client") == cpu.said({}, fast) == ""
    many = cpu.said({"tests/b.py::test_%d" % n: 1.0 for n in range(8)}, fast)
    assert many.count("tests/b.py::") == 5 and " and 3 more;" in many


def test_the_list_says_what_it_was_made_for():
    a_case, all_of_them = cpu.limits()
    assert 0 < a_case < all_of_them <= slow_tests.ALL


BURNS = """
import subprocess, sys, time, pytest

CODE = "import time\\nwhile time.process_time() < %s: pass"

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

@pytest.fixture(scope="module")
def shared():
    burn(1)

@pytest.fixture
def own():
    burn(0.2)

def test_of_a_shared_one(shared):
    pass

def test_of_its_own(own):
    pass

@pytest.mark.parametrize("n", range(2))
def test_in_a_process_of_its_own(n):
    subprocess.run([sys.executable, "-S", "-c", CODE % 0.3], check=True)

def test_waits():
    time.sleep(0.5)

def test_fails():
    burn(0.1)
    assert False
"""


def test_what_a_test_costs_is_its_own_work_and_that_of_its_processes(tmp_path):
    hooks = "pytest_configure, pytest_fixture_setup, pytest_runtest_makereport, pytest_runtest_protocol"
    (tmp_path / "conftest.py").write_text("import sys\nsys.path.insert(0, %r)\nfrom cpu import %s\n" % (os.path.join(ROOT, "tests"), hooks))
    with open(os.path.join(ROOT, "tests", "conftest.py"), encoding="utf-8") as f:
        assert "from cpu import %s " % hooks in f.read()
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    (tmp_path / "test_burns.py").write_text(BURNS)
    for hands in ([], ["-n", "1"]):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *hands],
            cwd=tmp_path,
            env=dict(os.environ, PACK_TEST_CPU="kept.json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 1 and "CPU time of the tests: " in done.stdout, done.stdout
        found = {name.partition("::")[2]: cost for name, cost in json.loads((tmp_path / "kept.json").read_text()).items()}
        assert len(found) == 6 and found["test_of_a_shared_one"] < 1 and found["test_of_its_own"] >= 0.19
        assert found["test_in_a_process_of_its_own[1]"] >= 0.28 and found["test_fails"] >= 0.09 and found["test_waits"] < 0.4
        (tmp_path / "kept.json").unlink()
