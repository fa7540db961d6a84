"""Intervals hold the truth as often as they say; pairs, Holm and McNemar are what books say."""

import numpy as np
import pytest

from evaluate.scoring.compare import compared, together
from evaluate.scoring.intervals import (
    by_cluster,
    certain,
    difference,
    holm,
    interval,
    mcnemar,
    redrawn,
    seed_of,
    weights,
)
from evaluate.scoring.metrics import counts_of, macro_f1
from evaluate.scoring.sheet import counts_in
from evaluate.tasks.benchmark import benchmark
from schemas.errors import TableError
from tests.making_predictions import predictions


def simulated(rng, shares, right, n_clusters, per_cluster):
    """Counts of a model on clustered pictures: a cluster shares its class and how easy it is."""
    label = np.repeat(rng.choice(len(shares), size=n_clusters, p=shares), per_cluster)
    easy = np.repeat(rng.normal(0, 0.1, n_clusters), per_cluster)
    is_right = rng.random(label.size) < np.clip(right + easy, 0, 1)
    other = (label + rng.integers(1, len(shares), label.size)) % len(shares)
    said = np.where(is_right, label, other)
    hot = np.eye(len(shares), dtype=bool)
    sums = counts_of(hot[label], hot[said]).reshape(label.size, -1)
    return sums.reshape(n_clusters, per_cluster, -1).sum(1)


@pytest.mark.parametrize(
    ("shares", "right", "n_clusters", "per_cluster"),
    [((0.477, 0.523), 0.75, 400, 1), ((0.62, 0.34, 0.04), 0.7, 500, 3)],
    ids=["like-b6", "like-b5-in-clusters"],
)
def test_the_interval_holds_the_truth_in_93_to_97_of_100_runs(shares, right, n_clusters, per_cluster):
    rng = np.random.default_rng(20)

    def metric(sums):
        return macro_f1(counts_in(sums))

    truth = float(metric(simulated(rng, shares, right, 400_000, per_cluster).sum(0)))
    n_runs, held = 600, 0
    for run in range(n_runs):
        sums = simulated(rng, shares, right, n_clusters, per_cluster)
        found = interval(float(metric(sums.sum(0))), metric(redrawn(sums, run, 400)))
        held += found.low <= truth <= found.high
    assert 0.93 <= held / n_runs <= 0.97


def test_without_clusters_the_interval_of_clustered_pictures_is_too_narrow():
    rng = np.random.default_rng(3)
    right = np.repeat(rng.random(50) < 0.5, 20).astype(float)[:, None]
    widths = []
    for clusters in ([f"{k // 20}" for k in range(1000)], [f"{k}" for k in range(1000)]):
        found = interval(0.5, redrawn(by_cluster(right, clusters), 1, 500)[:, 0] / 1000)
        widths.append(found.high - found.low)
    assert widths[0] > 3 * widths[1]


def test_draws_are_those_of_the_seed_however_many_are_taken_at_once():
    both = [np.concatenate(list(weights(7, 5, n))) for n in (600, 300)]
    assert (both[0][:300] == both[1]).all()
    assert (both[0].sum(1) == 7).all()
    assert seed_of("b1_extended") != seed_of("b2_morphology")


def test_sums_of_clusters_do_not_depend_on_the_order_of_pictures():
    values = np.arange(10.0)[:, None]
    clusters = list("abcabcabca")
    order = np.random.default_rng(0).permutation(10)
    assert (by_cluster(values, clusters) == by_cluster(values[order], [clusters[k] for k in order])).all()


def test_a_pair_is_surer_than_its_parts():
    rng = np.random.default_rng(9)
    hard = rng.random(500)
    ours, theirs = ((hard < share).astype(float)[:, None] for share in (0.72, 0.70))
    found, p = difference(ours, theirs, lambda sums: sums[..., 0] / 500, 0, 2_000)
    apart = [interval(0, redrawn(one, k, 2_000)[:, 0] / 500) for k, one in enumerate((ours, theirs))]
    assert found.high - found.low < 0.4 * (apart[0].high - apart[0].low)
    assert p < 0.05
    same, p_same = difference(ours, ours, lambda sums: sums[..., 0], 0, 500)
    assert (same.value, p_same) == (0, 1)


def test_mcnemar_is_the_binomial_test():
    assert mcnemar(0, 0) == 1
    assert mcnemar(5, 5) == 1
    assert mcnemar(0, 6) == pytest.approx(2 / 64)
    assert mcnemar(1, 8) == mcnemar(8, 1) == pytest.approx(2 * 10 / 512)


def test_holm_raises_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_share_of_nought_or_one_has_an_exact_interval():
    assert certain(1.0, 20).low == pytest.approx(0.8316, abs=1e-4)
    assert certain(0.0, 20).high == pytest.approx(0.1684, abs=1e-4)


B6 = benchmark("b6")


def test_two_models_are_compared_on_the_same_pictures():
    rng = np.random.default_rng(4)
    truth = [("FR-I",) if k % 2 else ("FR-II",) for k in range(300)]
    wrong = {"FR-I": "FR-II", "FR-II": "FR-I"}
    weak = [one[0] if rng.random() < 0.6 else wrong[one[0]] for one in truth]
    strong = [one[0] if rng.random() < 0.9 else wrong[one[0]] for one in truth]
    ours, theirs = predictions(B6, truth, strong, model="ours"), predictions(B6, truth, weak, model="theirs")
    found = compared(ours, theirs, B6, n_draws=1_000)
    accuracy = [np.mean([a == b[0] for a, b in zip(said, truth, strict=True)]) for said in (strong, weak)]
    assert found.difference.value == pytest.approx(accuracy[0] - accuracy[1], abs=0.01)
    assert 0.2 < found.difference.low < found.difference.value < found.difference.high < 0.5
    assert found.p < 0.01
    assert found.p_mcnemar < 0.001
    assert [one.p_holm for one in together([found, found])] == [2 * found.p] * 2
    assert compared(theirs, ours, B6, n_draws=1_000).difference.value == -found.difference.value


def test_other_pictures_cannot_be_compared():
    ours, theirs = (predictions(B6, [("FR-I",)] * n, ["FR-I"] * n) for n in (3, 4))
    with pytest.raises(TableError, match="3 and 4 pictures that are not the same"):
        compared(ours, theirs, B6)
