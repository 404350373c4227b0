"""What `pack` shows as the cost of a run is what went over the wire, in the real client."""

import json
import pathlib
import shutil
import subprocess

import client
import meter
import play
import pytest
import story

SCENARIOS = pathlib.Path(__file__).resolve().parent / "scenarios"
# The most calls that an honest run may make (docs/cost.md): story -> {who: calls}, None for all together. The stories hold themselves to it.
MOST = {
    "lean-simple": {None: 26, "supervisor": 1},
    "lean-medium": {None: 44, "supervisor": 1},
    "lean-complex": {None: 80},
    "lean-terminal": {None: 51, "lead": 21},
    "lean-terminal-plain": {None: 38, "lead": 8},
}
WAKES = {"lean-terminal": True, "lean-terminal-plain": False}  # whether each end of a turn may wake the lead once


@pytest.mark.parametrize("name", sorted(MOST))
def test_every_lean_story_has_an_upper_bound_of_calls(name):
    expected = story.read(SCENARIOS / (name + ".story")).expectations
    assert {e.data["who"]: e.data["most"] for e in expected if e.kind == "calls"} == MOST[name]
    if name in WAKES:
        assert [e.data["each_end"] for e in expected if e.kind == "wakes"] == [WAKES[name]]


def request(*messages, tools=(), system="s"):
    return {"tools": list(tools), "system": system, "messages": [{"role": "user", "content": m} for m in messages]}


def test_what_no_cache_tells_apart_is_the_same_to_the_meter():
    marked = [{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]
    assert meter.wire(request(marked)) == meter.wire(request("hello"))
    send, other = {"name": "SendMessage", "input_schema": {}, "defer_loading": True}, {"name": "Read", "input_schema": {}}
    before, loaded = (
        request("go", tools=[other]),
        request("go", [{"type": "tool_reference", "tool_name": "SendMessage"}], tools=[other, send]),
    )
    whole = len(meter.wire(before)) - len(b"]")  # the messages' own closing bracket
    assert meter.common(meter.wire(before), meter.wire(loaded)) == whole, (
        "a deferred tool changes nothing before the place where it is loaded"
    )
    assert meter.wire(loaded).count(b"input_schema") == 2 and meter.wire(request("go", tools=[other, send])).count(b"input_schema") == 1


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
    assert (cost["rest"] is None) == ("not reconciled" in cost["reconciled"]) and cost["reconciled"] in summary
    assert 0 < cost["protocol_calls"] < cost["calls"] and cost["money"] is None
    assert "Cost: %d calls" % cost["calls"] in summary and "unified-reviewer" in summary.partition("Cost:")[2]
