"""Lets the tests of this folder import the harness's modules by their names."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import client  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture(scope="session")
def client_binary():
    """The pinned client; installed when it is not there. Parallel workers may all ask: the installer copes."""
    return client.locate()


def pytest_terminal_summary(terminalreporter):
    """Say loudly which programs were missing: the stories that need them did not run."""
    import test_scenarios

    gone = sorted({name for path in test_scenarios.SCENARIOS for name in test_scenarios.stories.missing(test_scenarios.stories.read(path))})
    if gone:
        terminalreporter.section("BROKERS MISSING", sep="!")
        terminalreporter.line(
            "not on PATH, the stories that need them were skipped: %s; `scripts/dev/install-brokers` installs them" % ", ".join(gone)
        )
