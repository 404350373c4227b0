"""A few simulated whole runs on the real store; `make prove-long` does two thousand. A failure names its seed."""

import pytest

from prove.simulate import Tally, simulate


@pytest.mark.parametrize("seed", [11, 12])
def test_whole_runs_with_faults_end_and_lose_nothing(seed):
    tally = simulate(seed, teams=4, tasks=40, tally=Tally())
    assert tally.closed == tally.runs == 4 and tally.records > 200


def test_a_seed_repeats_a_simulation_exactly():
    a, b = (simulate(5, teams=2, tasks=12).__dict__ for _ in range(2))
    assert a == b
