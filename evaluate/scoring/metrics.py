"""Scores from sums over pictures: counts of hits, false alarms and misses, and ranks.

Every function of `counts` takes (..., n_classes, 3), so the same code gives the value and all its bootstrap draws.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
N_BINS = 15


def ratio(over: Floats, under: Floats, *, without: float = 0.0) -> Floats:
    """Over / under; `without` where there is nothing to divide by."""
    return np.divide(over, under, out=np.full(np.broadcast(over, under).shape, without), where=under > 0)


def counts_of(truth: Bools, said: Bools) -> Floats:
    """(n_pictures, n_classes, 3): hits, false alarms, misses. An unreadable reply says nothing: a miss, no alarm."""
    return np.stack([truth & said, said & ~truth, truth & ~said], axis=-1).astype(float)


def precision(counts: Floats) -> Floats:
    """Of each class; 0 where it was never said."""
    return ratio(counts[..., 0], counts[..., 0] + counts[..., 1])


def recall(counts: Floats) -> Floats:
    """Of each class; 0 where it is never true."""
    return ratio(counts[..., 0], counts[..., 0] + counts[..., 2])


def f1(counts: Floats) -> Floats:
    """Of each class; 0 where it is neither true nor said."""
    hit, false_alarm, miss = np.moveaxis(counts, -1, 0)
    return ratio(2 * hit, 2 * hit + false_alarm + miss)


def macro_f1(counts: Floats) -> Floats:
    """The mean over classes. A class neither present nor said counts 0."""
    return f1(counts).mean(-1)


def weighted_f1(counts: Floats) -> Floats:
    """The mean over classes by how often each is true."""
    support = counts[..., 0] + counts[..., 2]
    return ratio((f1(counts) * support).sum(-1), support.sum(-1))


def micro_f1(counts: Floats) -> Floats:
    """Of all classes together."""
    return f1(counts.sum(-2))


def balanced_accuracy(counts: Floats) -> Floats:
    """The mean recall of the classes that are true of any picture."""
    support = counts[..., 0] + counts[..., 2]
    return ratio(recall(counts).sum(-1), (support > 0).sum(-1).astype(float), without=np.nan)


def jaccard(truth: Bools, said: Bools, is_read: Bools) -> Floats:
    """(n_pictures,) shared classes over all named; 1 where both are empty, 0 where the reply was not readable."""
    either = (truth | said).sum(-1).astype(float)
    both = (truth & said).sum(-1).astype(float)
    return np.where(is_read, ratio(both, either, without=1.0), 0.0)


def calibration_columns(confidence: Floats, is_right: Bools) -> Floats:
    """(n_pictures, 15 x 3): in the bin of its confidence a picture adds 1, its confidence, and whether it is right."""
    place = np.clip(np.ceil(confidence * N_BINS).astype(int) - 1, 0, N_BINS - 1)
    columns = np.zeros((confidence.size, N_BINS, 3))
    columns[np.arange(confidence.size), place] = np.stack([np.ones_like(confidence), confidence, is_right], axis=-1)
    return columns.reshape(confidence.size, -1)


def expected_calibration_error(columns: Floats) -> Floats:
    """From summed calibration columns (..., 15 x 3): the mean gap between confidence and share of right answers."""
    bins = columns.reshape(*columns.shape[:-1], N_BINS, 3)
    gap = np.abs(bins[..., 1] - bins[..., 2]).sum(-1)
    return ratio(gap, bins[..., 0].sum(-1), without=np.nan)


def rank_scores(score: Floats, is_true: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """Area under the ROC curve, and average precision, for each row of weights (n_draws, n_pictures).

    Equal scores count half, as scikit-learn has it. NaN where a draw holds only true or only false pictures.
    """
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0]) if score.size else np.array([], int)
    if not starts.size:
        return np.full(len(weights), np.nan), np.full(len(weights), np.nan)
    drawn, true = weights[:, order], is_true[order]
    positive = np.add.reduceat(drawn * true, starts, axis=1)
    negative = np.add.reduceat(drawn * ~true, starts, axis=1)
    above, n_above = positive.cumsum(1), negative.cumsum(1)
    n_true, n_false = above[:, -1], n_above[:, -1]
    area = (negative * (above - positive / 2)).sum(1)
    hit_rate = ratio(above, above + n_above)
    average = ratio((positive * hit_rate).sum(1), n_true, without=np.nan)
    return ratio(area, n_true * n_false, without=np.nan), average
