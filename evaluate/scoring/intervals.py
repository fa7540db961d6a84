"""How sure a number is: bootstrap over whole clusters, the same draws for every model, Holm over several comparisons.

Neighbouring cutouts are not independent, so whole clusters are drawn again: a picture, a mosaic or a patch of sky.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

N_DRAWS, N_AT_ONCE = 10_000, 250
LEVEL = 0.95
FEW_CLUSTERS = 2

Floats = NDArray[np.float64]
Metric = Callable[[Floats], Floats]
"""From sums over pictures (..., k) to numbers (...)."""


@dataclass(frozen=True)
class Interval:
    """A number with the ends of its 95 % interval; NaN where there is none."""

    value: float
    low: float
    high: float


def seed_of(name: str) -> int:
    """The seed of a benchmark's draws: one a benchmark, so that all models see the same draws."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 1


def by_cluster(values: Floats, clusters: Sequence[str]) -> Floats:
    """Sums (n_clusters, k) of values (n_pictures, k), clusters in the order of their names."""
    names, place = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, place, values)
    return sums


def weights(n_clusters: int, seed: int, n_draws: int = N_DRAWS) -> Iterator[Floats]:
    """How often each cluster is in each draw, (n_at_once, n_clusters) at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, n_draws, N_AT_ONCE):
        n = min(N_AT_ONCE, n_draws - start)
        drawn = rng.integers(0, n_clusters, (n, n_clusters), dtype=np.int32)
        drawn += np.arange(n, dtype=np.int32)[:, None] * n_clusters
        yield np.bincount(drawn.ravel(), minlength=n * n_clusters).reshape(n, n_clusters).astype(float)


def redrawn(sums: Floats, seed: int, n_draws: int = N_DRAWS) -> Floats:
    """Sums (n_draws, k) of bootstrap samples of whole clusters, from sums (n_clusters, k)."""
    return np.concatenate([drawn @ sums for drawn in weights(len(sums), seed, n_draws)])


def interval(value: float, draws: Floats) -> Interval:
    """The percentile interval of a number from its values over draws; none where too few of them have a meaning."""
    known = draws[np.isfinite(draws)]
    if known.size < draws.size / 2 or not known.size:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def certain(value: float, n: int) -> Interval:
    """The exact interval (Clopper-Pearson) of a share that is 0 or 1 in all n, where every draw says the same."""
    far = ((1 - LEVEL) / 2) ** (1 / n)
    return Interval(value, far if value else 0.0, 1.0 if value else 1 - far)


def difference(
    ours: Floats, theirs: Floats, metric: Metric, seed: int, n_draws: int = N_DRAWS
) -> tuple[Interval, float]:
    """Ours less theirs with the same draws, from sums (n_clusters, k) of the same clusters; and its two-sided p.

    p is twice the share of draws on the other side of no difference, at least 1 / n_draws.
    """
    both = redrawn(np.concatenate([ours, theirs], axis=1), seed, n_draws)
    k = ours.shape[1]
    draws = metric(both[:, :k]) - metric(both[:, k:])
    value = float(metric(ours.sum(0)) - metric(theirs.sum(0)))
    known = draws[np.isfinite(draws)]
    if not known.size:
        return Interval(value, float("nan"), float("nan")), 1.0
    beyond = min(np.mean(known <= 0), np.mean(known >= 0))
    return interval(value, draws), float(min(1.0, max(2 * beyond, 1 / known.size)))


def mcnemar(only_ours: int, only_theirs: int) -> float:
    """The exact two-sided p of McNemar's test, from the pictures that one model alone has right."""
    n = only_ours + only_theirs
    if n == 0:
        return 1.0
    tail = sum(comb(n, k) for k in range(min(only_ours, only_theirs) + 1))
    return min(1.0, 2 * tail / 2**n)


def holm(p: Sequence[float]) -> list[float]:
    """P of several tests, each raised by Holm's method, in the order given."""
    order = sorted(range(len(p)), key=lambda k: p[k])
    raised, worst = [0.0] * len(p), 0.0
    for rank, k in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[k]))
        raised[k] = worst
    return raised
