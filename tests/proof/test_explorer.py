"""The explorer in small: every world of small models, every promise on every move. `make prove` does the large ones."""

import pytest

from prove import configs, mutate
from prove.__main__ import properties
from prove.explore import explore
from prove.harvest import removed

SMALL = configs.small()


@pytest.mark.parametrize("model", SMALL, ids=[m.name for m in SMALL])
def test_no_world_breaks_a_promise_and_every_world_can_be_finished(model):
    result = explore(model)
    assert [(p, w, " > ".join(t)) for p, w, t in result.violations] == []
    assert not result.truncated and result.goals and result.states > 200
    assert [" > ".join(t) for t in result.stuck] == [], "worlds from which the goal is out of reach"


def test_every_promise_has_a_name_and_a_meaning():
    rows = properties()
    assert len({n for _m, n, _t in rows}) == len(rows) >= 35
    assert all(len(text) > 30 and text.endswith(".") or "(" in text for _m, _n, text in rows)


# The explorer itself must be able to see: with a guard taken out it finds a trace to a broken promise.
BLIND = [
    ("owner_is_not_fenced", 0, "NO_FENCED_WRITE"),
    ("handoff_epoch_is_minted", 0, "EPOCHS_ONLY_GROW"),
    ("spawn_role_is_single", 0, "ONLY_ONE_SUPERVISOR"),
    ("task_is_approved", 3, "NO_DONE_WITHOUT_APPROVALS"),
    ("reviewed_revision_is_present", 3, "THE_ASKED_CONTENT_IS_APPROVED"),
    ("task_is_the_senders", 3, ""),
    ("shutdown_is_in_its_place", 5, "SUPERVISOR_LAST"),
    ("shutdown_round_allows", 6, "THREE_SENDS"),
    ("summary_is_persisted", 6, ""),
    ("request_still_holds", 3, "THE_ASKED_CONTENT_IS_APPROVED"),
    ("delivered_is_approved", 8, "DELIVERED_IS_APPROVED"),
    ("result_is_approved", 8, "GATE_BEFORE_TEARDOWN"),
]


@pytest.mark.parametrize("guard, number, prop", [b for b in BLIND if b[2]], ids=lambda v: str(v))
def test_without_a_guard_the_explorer_finds_a_trace(guard, number, prop):
    with removed("guard", "*", guard):
        result = explore(SMALL[number], most=60000, liveness=False)
    assert result.violations and result.violations[0][2]
    assert result.violations[0][0] == prop, result.violations[0]


def test_every_guard_is_missed_by_somebody():
    """Mutation, without the explorer: each guard taken out everywhere; a story or a hole's story notices."""
    rows = [(p, mutate.notice(p)) for p in mutate.places() if p[0] == "guard"]
    missed = [p[2] for p, found in rows if not found and p not in mutate.BEHIND]
    assert missed == [] and len(rows) > 90
