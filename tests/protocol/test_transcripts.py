"""Stories of the protocol, replayed: tests/protocol/*.txt. `PACK_REWRITE=1 pytest tests/protocol` writes the answers anew."""

import glob
import os
import re

import pytest

from pack.base import codec
from pack.protocol import machine
from pack.protocol.refusal import Refusal
from prove.transcript import play

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = sorted(glob.glob(os.path.join(HERE, "*.txt")))


@pytest.mark.parametrize("path", FILES, ids=[os.path.basename(p) for p in FILES])
def test_story(path):
    with open(path, encoding="utf-8") as f:
        told = f.read()
    now = play(told)
    if os.environ.get("PACK_REWRITE"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(now)
        return
    assert now == told, "the core answers differently; look at the difference, then PACK_REWRITE=1 pytest tests/protocol"


def test_a_refusal_leaves_the_state_untouched(monkeypatch):
    """Each refusal of every story: the very state that was handed in, and what it holds."""
    step, refused = machine.step, []

    def watched(state, event, now):
        before = codec.dumps(state)
        try:
            return step(state, event, now)
        except Refusal as refusal:
            refused.append(refusal.code)
            raise
        finally:
            assert codec.dumps(state) == before, event

    monkeypatch.setattr(machine, "step", watched)
    for path in FILES:
        with open(path, encoding="utf-8") as f:
            play(f.read())
    assert len(set(refused)) > 50


@pytest.mark.parametrize("path", [p for p in FILES if not p.endswith("refusals.txt")], ids=lambda p: os.path.basename(p))
def test_every_story_cites_its_clause(path):
    with open(path, encoding="utf-8") as f:
        stories = f.read().strip().split("\n\n")
    for story in stories:
        assert re.match(r"# (PROTOCOL|DESIGN) \d", story), story.splitlines()[0]
    assert "crash" not in "".join(stories)


def test_what_is_said_to_change_its_task_alone_changes_no_other(monkeypatch):
    """`store.history` looks only at the tasks that such a record names: state and owner of the others are as before, in each step of every story."""
    from pack.store import history

    step, seen = machine.step, set()
    stands = lambda state: {n: (t["state"], t["owner"]) for n, t in state["tasks"].items()}  # noqa: E731

    def watched(state, event, now):
        after, effects = step(state, event, now)
        if event["event"] in history.OF_ITS_TASK:
            before, then = stands(state), stands(after)
            changed = {n for n in then if then[n] != before.get(n)}
            assert changed <= set(history.named(event)) and before.keys() == then.keys(), event
            seen.add(event["event"])
        return after, effects

    monkeypatch.setattr(machine, "step", watched)
    for path in FILES:
        with open(path, encoding="utf-8") as f:
            play(f.read())
    assert seen == history.OF_ITS_TASK
