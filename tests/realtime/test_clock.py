"""A process whose clocks run slower measures shorter latencies. The kernel knows better."""

import os
import subprocess
import sys
import time

import pytest

from pack.realtime import clock, evidence

from ..fleet.server import FAKETIME
from .conftest import PROJECT, START, Running, free_port, make_project
from .test_verdicts import LOOSE, row, spec

pytestmark = pytest.mark.broker
WRONG = "the clock that measured went on by "


@pytest.fixture(scope="module")
def echo():
    port = free_port()
    running = Running([sys.executable, os.path.join(PROJECT, "ws_server.py"), str(port)], port)
    yield "ws://127.0.0.1:%d/" % port
    running.stop()


def ran(argv, **more):
    """(exit code, output) of a pack verb, with these variables of its environment."""
    done = subprocess.run(
        [sys.executable, "-I", START] + [str(a) for a in argv], capture_output=True, text=True, env=dict(os.environ, **more)
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(not FAKETIME, reason="no libfaketime (scripts/dev/setup)")
@pytest.mark.parametrize("speed", ["x0.1", "x3"])
def test_a_clock_of_another_speed_is_no_measurement(echo, speed, tmp_path):
    """The percentiles, their histogram and the self-test agree with one another, for all of them asked the same clock."""
    slower = {"LD_PRELOAD": FAKETIME, "FAKETIME": "+0 " + speed, "DONT_FAKE_MONOTONIC": "0"}
    words = ["rt", "probe", "websocket", echo, "--rate", 100, "--duration", "3s"]
    code, out = ran(words)
    assert code == 0 and WRONG not in out
    code, out = ran(words, **slower)
    assert code == 1 and "INVALID above: " + WRONG in out, out

    team = make_project(tmp_path / "v", {"rt": 1, "project": "V", "waivers": LOOSE, "paths": [spec("websocket", echo)]})
    ran(["rt", "latency", "--quiet", "--dir", team], **slower)
    entry = evidence.read_file(str(team / "evidence" / "latency" / "websocket_p50_p95_p99.json"))[0][0]
    assert entry["run"]["clock"][0] < entry["run"]["clock"][1] or speed == "x3"
    found = row(team, "websocket_p50_p95_p99")
    assert found["verdict"] == "INVALID" and WRONG in found["reasons"][0], found


def test_a_clock_of_its_own_speed_is_one(echo, tmp_path):
    team = make_project(tmp_path / "v", {"rt": 1, "project": "V", "waivers": LOOSE, "paths": [spec("websocket", echo)]})
    assert ran(["rt", "latency", "--quiet", "--dir", team])[0] == 0
    run = evidence.read_file(str(team / "evidence" / "latency" / "websocket_p50_p95_p99.json"))[0][0]["run"]
    assert run["clock"][0] > 1.6 and clock.off(run["clock"]) is None


@pytest.mark.parametrize(
    "seconds, wrong",
    [
        (None, False),  # a kernel that does not tell
        ([10.0, 10.0, 0.02], False),
        ([10.0, 10.1, 0.02], False),
        ([10.0, 10.3, 0.02], True),
        ([1.0, 10.0, 0.02], True),
        ([30.0, 10.0, 0.02], True),
        ([10.0, 40.0, 0.02], True),  # the machine slept
        ([10.0, 10.9, 0.9], False),  # the looks themselves took long
        ([3600.0, 3620.0, 0.02], False),
    ],
)
def test_how_far_clocks_may_be_apart(seconds, wrong):
    assert (clock.off(seconds) is not None) == wrong


def test_two_looks_agree_on_a_machine_of_one_clock(monkeypatch):
    first = clock.look()
    time.sleep(0.3)
    if sys.platform.startswith("linux"):
        assert clock.off(clock.between(first, clock.look())) is None and first[1] > 0
    monkeypatch.setattr(clock, "UPTIME", "/nowhere")
    assert clock.look() is None and clock.between(first, None) is None
