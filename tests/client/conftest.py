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
