"""The explorer on a fleet's leases and take-over: nothing is broken, nothing is stuck, and no guard is missed in vain."""

import pytest
from prove import leasing
from prove.explore import explore


@pytest.mark.parametrize("number", range(len(leasing.small())), ids=[m.name for m in leasing.small()])
def test_every_state_of_a_small_model_is_right_and_has_a_way_on(number):
    found = explore(leasing.small()[number])
    assert found.violations == [] and found.stuck == [] and not found.truncated
    assert found.states > 1000 and found.goals, "it explores something"


@pytest.mark.parametrize("guard", leasing.GUARDS)
def test_without_a_guard_the_explorer_notices(guard):
    (model,) = [m for m in leasing.small((guard,)) if m.name == "leases: " + leasing.GUARDS[guard]]
    found = explore(model)
    assert found.violations or found.stuck, "nobody noticed"
