"""How the tests run (tests/running.py): what is slow is there, and what was skipped is told in one line with what brings it."""

import os

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


def test_no_second_try():
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        assert "last-failed" not in f.read()
