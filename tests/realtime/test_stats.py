"""Order statistics and the histogram reader, against dumb twins."""

import random

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from pack.realtime import hdr, ledgerlines, stats, windows


def test_samples_needed():
    assert (stats.samples_needed(0.99), stats.samples_needed(0.999)) == (299, 2995)
    assert stats.bound_rank(0.99, 298) is None and stats.bound_rank(0.99, 299) == 299
    assert stats.bound_rank(0.999, 2994) is None and stats.bound_rank(0.999, 2995) == 2995


@given(st.sampled_from([0.5, 0.9, 0.95, 0.99]), st.integers(1, 320))
@settings(max_examples=25, deadline=None)
def test_bound_rank_against_exact_binomial(p, n):
    from fractions import Fraction
    from math import comb

    q = Fraction(p).limit_denominator(100)
    rank = next(
        (r for r in range(1, n + 1) if sum(comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(r)) >= Fraction(95, 100)),
        None,
    )
    assert stats.bound_rank(p, n) == rank


def test_bound_covers_in_95_of_100():
    """The bound is right for a distribution that has nothing to do with it."""
    chance, hits, n = random.Random(7), 0, 400
    rank = stats.bound_rank(0.99, n)
    for _ in range(400):
        values = sorted(chance.paretovariate(1.2) for _ in range(n))
        hits += values[rank - 1] >= 100 ** (1 / 1.2)
    assert hits >= 0.93 * 400


@given(st.lists(st.integers(1, 3600 * 10**6), min_size=1, max_size=300))
@settings(deadline=None)
def test_histogram_reader_agrees_with_the_library(values):
    recorded = HdrHistogram(1, 3600 * 10**6, 3)
    for value in values:
        recorded.record_value(value)
    read = hdr.Histogram(recorded.encode().decode())
    assert read.total == len(values)
    ordered = sorted(values)
    for rank in {1, len(values), (len(values) + 1) // 2}:
        assert read.at_rank(rank) == recorded.get_highest_equivalent_value(ordered[rank - 1])


@pytest.mark.parametrize("text", ["", "x", "AAAA", "HISTFAAA", None, 5, "HISTFAAAAAR4nAMAAAAAAQ=="])
def test_histogram_reader_refuses_rubbish(text):
    with pytest.raises(hdr.BadHistogram):
        hdr.Histogram(text)


def test_stall_formula():
    assert stats.stall_quantile(0.99, 1.4, 7.6) == pytest.approx(1.324)
    assert stats.loss_bound(3000) == pytest.approx(0.001)


FACTS = "s 0\na 0\ns 1\na 1\ns 2\ni 2\ns 3\ni 3\ns 4\na 4\ns 5\na 5\nc 4\nb kill\nb up\ne 0\ne 1\ne 1\ne 4\ne 2\ne 99\n"


def test_ledger_counts_and_indeterminate_is_never_lost():
    counts = ledgerlines.count(ledgerlines.parse(FACTS))
    assert {
        k: counts[k] for k in ("sent", "acked", "received", "lost", "unseen", "indeterminate", "duplicates", "phantom", "reordered")
    } == {
        "sent": 6,
        "acked": 4,
        "received": 4,
        "lost": 1,
        "unseen": 1,
        "indeterminate": 2,
        "duplicates": 1,
        "phantom": 1,
        "reordered": 1,
    }
    assert counts["faults"] == {"worker-crash": 1, "broker-kill": 1}
    assert counts["sent"] == counts["received"] + counts["lost"] + counts["unseen"]


@given(st.lists(st.tuples(st.sampled_from("sae"), st.integers(0, 8)), max_size=60))
def test_ledger_identity_holds_for_any_ledger(facts):
    counts = ledgerlines.count([(f, n, "") for f, n in facts])
    assert counts["sent"] == counts["received"] + counts["lost"] + counts["unseen"]
    assert counts["duplicates"] + counts["phantom"] + counts["received"] <= len([f for f, _ in facts if f == "e"]) + len(
        [f for f, _ in facts if f == "a"]
    )


def test_partitions_are_ordered_apart():
    facts = ledgerlines.parse("e 1 a\ne 0 b\ne 2 a\ne 3 b\nr 0 b\nr 1 a\nr 3 b\nr 2 a\n")
    counts = ledgerlines.count(facts)
    assert counts["reordered"] == 0 and counts["replay_identical"] is True
    assert ledgerlines.count(ledgerlines.parse("e 1\ne 0\nr 0\nr 1\n"))["replay_identical"] is False


@pytest.mark.parametrize("text", ["x 1", "s", "s one", "b maybe", "s 1 2 3"])
def test_ledger_refuses_rubbish(text):
    with pytest.raises(ValueError):
        ledgerlines.parse(text)


@given(st.integers(1, 400), st.integers(1, 7), st.integers(0, 9))
@settings(deadline=None)
def test_window_plan_counts_every_event_once(events, keys, late):
    sent = windows.plan(events, keys, 0.2, 100.0, late)
    assert sorted(n for n, _, _, _ in sent) == list(range(events))
    assert sum(windows.expected(events, keys, 0.2, 100.0, late).values()) == events
