"""The seed's classification, trigger by trigger: six MEDIUM, seven COMPLEX, the boundaries, the shape of what is printed."""

import itertools

import pytest

from pack.protocol import plan, tables


def fact(value):
    return {"value": value, "evidence": "seen" if value else "not seen"}


def classified(layers=1, changes=False, near=False, tasks=1, chain=1, files=1, shared=False, direct=False, gold=True):
    """tasks: how many; chain: how many of them wait for one another; files: how many in all, never fewer than one a task counts as new."""
    names = ["f%d" % n for n in range(files)]
    made = {
        n: {"files": names if n == 1 else names[:1], "blocked_by": [n - 1] if 1 < n <= chain else [], "subject": "t%d" % n}
        for n in range(1, tasks + 1)
    }
    facts = {"layers": ["db", "api", "ui"][:layers], "changes_existing": fact(changes), "near_sensitive": fact(near)}
    facts.update(shared_by_3_modules=fact(shared), direct_sensitive=fact(direct), gold_standard_exists=fact(gold))
    return plan.classify(made, facts)


A = {1: {"layers": 2}, 2: {"changes": True}, 3: {"near": True}, 4: {"tasks": 3}, 5: {"tasks": 2, "chain": 2}, 6: {"files": 5}}


def test_every_set_of_the_six_triggers_gives_what_the_seed_says():
    for size in range(7):
        for fired in itertools.combinations(range(1, 7), size):
            given = {}
            for n in fired:
                given.update(A[n])
            if {4, 5} <= set(fired):
                given["tasks"] = 3
            found = classified(**given)
            assert tuple(found["medium"]) == fired
            expected = tables.SIMPLE if size <= 1 else tables.MEDIUM if size <= 3 else tables.COMPLEX
            assert found["mode"] == expected, fired
            assert "STEP A — MEDIUM triggers: %d/6 fired" % size in found["text"]
            assert found["text"].endswith("FINAL: %s (mandatory, not overridable)" % expected)


@pytest.mark.parametrize(
    "number, given",
    [(1, {"layers": 3}), (2, {"shared": True}), (3, {"direct": True}), (6, {"gold": False}), (7, {"files": 10})],
)
def test_one_of_the_seven_triggers_makes_a_tentative_medium_complex(number, given):
    found = classified(**dict({"changes": True, "near": "files" not in given}, **given))
    assert found["complex"] == [number] and found["mode"] == tables.COMPLEX
    assert "STEP A result: tentatively MEDIUM" in found["text"] and "STEP B — COMPLEX triggers: 1/7 fired" in found["text"]


def test_five_tasks_and_a_chain_of_three_are_triggers_of_step_b():
    assert classified(tasks=5, changes=True)["complex"] == [4]
    assert classified(tasks=3, chain=3)["complex"] == [5]
    assert classified(tasks=4, changes=True)["complex"] == [] and classified(tasks=3, chain=2)["complex"] == []


def test_step_b_is_skipped_where_step_a_has_decided():
    for given, word in (
        ({"direct": True, "gold": False}, "SIMPLE"),
        ({"layers": 3, "changes": True, "near": True, "files": 10}, "COMPLEX"),
    ):
        found = classified(**given)
        assert "STEP B — COMPLEX triggers: skipped (Step A = %s)" % word in found["text"] and found["complex"] == []
