"""What `pack` shows as the cost of a run is what went over the wire, in the real client."""

import json
import pathlib
import shutil
import subprocess

import client
import play
import pytest

SCENARIOS = pathlib.Path(__file__).resolve().parent / "scenarios"


@pytest.mark.client
def test_what_pack_shows_is_what_went_over_the_wire(client_binary):
    result = play.play(SCENARIOS / "lean-simple.story", client_binary, keep=True)
    try:
        assert not result.failures, str(result)
        env = {"PATH": "/usr/bin:/bin", "HOME": str(result.kept / "home"), "LANG": "C.UTF-8"}
        pack = [str(client.ROOT / "bin" / "pack"), "status"]
        shown = json.loads(
            subprocess.run(pack + ["--json"], cwd=result.kept / "project", env=env, stdout=subprocess.PIPE, check=True).stdout
        )
        summary = subprocess.run(
            pack + ["--summary"], cwd=result.kept / "project", env=env, stdout=subprocess.PIPE, check=True
        ).stdout.decode()
    finally:
        shutil.rmtree(result.kept, ignore_errors=True)
    cost, roles = shown["cost"], {"lead": "lead", "supervisor": "supervisor", "coder-1": "coder", "unified-reviewer": "unified-reviewer"}
    assert {r["who"] for r in result.meter.rows} == set(roles)
    for who, role in roles.items():
        wire = result.meter.total(who)
        assert {k: cost["roles"][role][k] for k in wire} == wire, role
    assert sum(row["calls"] for row in cost["phases"].values()) == cost["calls"] == result.meter.total()["calls"]
    assert 0 < cost["protocol_calls"] < cost["calls"] and cost["money"] is None
    assert "Cost: %d calls" % cost["calls"] in summary and "unified-reviewer" in summary.partition("Cost:")[2]
