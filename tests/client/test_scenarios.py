"""Every story in scenarios/ is one run of the product in the real client. See README.md here for the language."""

import pathlib
import shutil

import play
import pytest
import story as stories

SCENARIOS = sorted((pathlib.Path(__file__).resolve().parent / "scenarios").glob("*.story"))


@pytest.mark.client
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_scenario(path, client_binary):
    if stories.read(path)["mode"] == "panes" and not shutil.which("tmux"):
        pytest.skip("pane teammates need tmux")
    gone = stories.missing(stories.read(path))
    if gone:
        pytest.skip("%s is not on PATH: scripts/dev/install-brokers" % ", ".join(gone))
    result = play.play(path, client_binary)
    assert not result.failures, str(result)
