"""Estimates of shares, ratios and lifts: right for few rows, for none, and where nothing or all is a fault."""

import random
from math import comb, inf

import pytest
from scipy.stats import binomtest, mannwhitneyu

from curation.release.lift import chance_lower, lift, ratio_of_shares
from schemas.estimate import share


@pytest.mark.parametrize("n", [1, 2, 5, 10, 40])
def test_a_share_has_wilsons_interval_at_the_ends_too(n):
    for k in range(n + 1):
        ours, theirs = share(k, n), binomtest(k, n).proportion_ci(method="wilson")
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert share(0, 0) is None


def test_a_ratio_of_shares_has_the_published_intervals():
    # Koopman 1984: 36 of 40 over 16 of 80; Gart and Nam 1988: 8 of 15 over 4 of 15
    first, second = ratio_of_shares(36, 40, 16, 80), ratio_of_shares(8, 15, 4, 15)
    assert (first.value, first.low, first.high) == pytest.approx((4.5, 2.94, 7.15), abs=0.005)
    assert (second.value, second.low, second.high) == pytest.approx((2.0, 0.815, 5.336), abs=0.001)
    assert ratio_of_shares(0, 10, 0, 20) is None
    never, always = ratio_of_shares(0, 10, 3, 20), ratio_of_shares(3, 10, 0, 20)
    assert (never.value, never.low) == (0, 0) and 1 < never.high < 5
    assert (always.value, always.high) == (inf, inf) and 0 < always.low < 5


@pytest.mark.parametrize(("n_one", "n_other"), [(6, 20), (10, 40)])
@pytest.mark.parametrize(("one", "other"), [(0.1, 0.1), (0.3, 0.1), (0.9, 0.3)])
def test_the_interval_of_a_ratio_holds_what_it_promises_for_few_rows(n_one, n_other, one, other):
    """Over every outcome there can be, weighed by its probability."""
    held = possible = 0.0
    for a in range(n_one + 1):
        for b in range(n_other + 1):
            found = ratio_of_shares(a, n_one, b, n_other)
            if found is not None:
                weight = comb(n_one, a) * one**a * (1 - one) ** (n_one - a)
                weight *= comb(n_other, b) * other**b * (1 - other) ** (n_other - b)
                possible += weight
                held += weight * (found.low <= one / other <= found.high)
    assert held / possible > 0.925


def test_the_chance_of_the_lower_score_is_that_of_mann_and_whitney():
    chance = random.Random(3)
    good, bad = [chance.randint(3, 10) for _ in range(31)], [chance.randint(0, 8) for _ in range(7)]
    counts = {score: (good.count(score), bad.count(score)) for score in range(11)}
    found = chance_lower(counts)
    assert found.value == pytest.approx(mannwhitneyu(good, bad).statistic / (31 * 7))
    assert 0.5 < found.low < found.value < found.high < 1
    swapped = chance_lower({score: (b, a) for score, (a, b) in counts.items()})
    assert swapped.value == pytest.approx(1 - found.value) and swapped.low == pytest.approx(1 - found.high, abs=1e-6)


def test_perfect_separation_of_few_rows_is_not_certain():
    found = chance_lower({1: (0, 3), 9: (3, 0)})
    assert found.value == found.high == 1 and found.low < 0.6
    assert chance_lower({1: (0, 3)}) is None and chance_lower({5: (4, 4)}).value == 0.5


def test_lift_is_the_share_of_faults_among_the_lowest_over_that_among_all():
    found = lift({2: (5, 15), 6: (40, 5), 9: (35, 0)})
    assert (found.n, found.n_faulty, found.cut, found.n_low, found.n_low_faulty) == (100, 20, 2, 20, 15)
    assert found.lift.value == pytest.approx((15 / 20) / (20 / 100))
    assert 1 < found.lift.low < found.lift.value < found.lift.high <= 5
    assert found.told == "low scores foretell faults"
    assert lift({9: (5, 15), 6: (40, 5), 2: (35, 0)}).told == "high scores foretell faults"
    assert lift({5: (40, 10), 7: (40, 10)}).told == "no lift shown"


@pytest.mark.parametrize(
    ("counts", "n_faulty"),
    [({}, 0), ({5: (0, 0)}, 0), ({5: (80, 0), 7: (20, 0)}, 0), ({5: (0, 9)}, 9), ({3: (0, 4), 9: (90, 0)}, 4)],
)
def test_where_faults_are_none_few_or_all_lift_cannot_be_told(counts, n_faulty):
    found = lift(counts)
    assert found.n_faulty == n_faulty and found.told.startswith("cannot be told")


def test_all_scores_equal_have_no_lowest():
    found = lift({7: (60, 40)})
    assert found.n_low == found.n == 100 and found.lift is None and found.told == "no lift shown"
