"""Which of many pictures are nearly the same, without holding each against each.

Of a picture that is turned or mirrored the power in each ring and mode stays what it is. 48 such powers become 160 keys
of 24 bits: on which side of 24 planes through the origin they lie. Two pictures one of whose keys is the same, one of
them as it is and the other at one of five scales, are candidates; those whose powers are near are held against each
other by `likeness`. Planes are fixed and powers whole numbers, so whether two pictures are a pair depends on these two
alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import shake_256

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curation.pictures.likeness import (
    AS_IT_IS,
    LEAST_DETAIL,
    SCALES,
    Aligned,
    Greys,
    Modes,
    aligned,
    at_rings,
    detail,
    likeness,
    modes,
    of_unit_power,
    ranks,
)

LEAST_LIKENESS = 13.0
"""From here on two pictures are nearly the same; how it was chosen stands in `docs/pictures.md`."""
N_BANDS, BAND_BITS = 160, 24
LOW_MODES, RINGS_TOGETHER = 6, 2
LOOKED_AT = SCALES[::3]
LEAST_NEAR = 0.8  # cosine between the powers of a candidate pair
AT_FIRST, LEAST_AT_FIRST = 2, 8.0  # of scales and turns every second one; from which likeness on the others are tried
AT_A_TIME = 64  # pictures
LARGEST = 127
# Means and spreads of the powers (fourth root) of FIRST pictures of 64, 132 and 300 px; rings from the inside, modes 1
# to 6.
USUAL = np.array(
    [
        [0.42, 0.44, 0.24, 0.20, 0.13, 0.10], [0.52, 0.60, 0.39, 0.40, 0.30, 0.30],
        [0.51, 0.59, 0.43, 0.46, 0.37, 0.41], [0.46, 0.55, 0.44, 0.47, 0.39, 0.46],
        [0.45, 0.51, 0.42, 0.46, 0.39, 0.46], [0.43, 0.48, 0.41, 0.46, 0.39, 0.44],
        [0.40, 0.46, 0.39, 0.44, 0.38, 0.44], [0.37, 0.44, 0.37, 0.42, 0.38, 0.46],
    ]
)  # fmt: skip
SPREAD = np.array(
    [
        [0.19, 0.18, 0.11, 0.10, 0.06, 0.05], [0.17, 0.16, 0.13, 0.14, 0.11, 0.14],
        [0.15, 0.16, 0.12, 0.13, 0.11, 0.16], [0.14, 0.16, 0.12, 0.12, 0.10, 0.16],
        [0.12, 0.15, 0.12, 0.11, 0.10, 0.14], [0.12, 0.14, 0.11, 0.12, 0.10, 0.13],
        [0.11, 0.13, 0.10, 0.11, 0.10, 0.12], [0.10, 0.13, 0.10, 0.11, 0.10, 0.13],
    ]
)  # fmt: skip
N_POWERS = USUAL.size

Powers = NDArray[np.int8]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Two pictures that are nearly the same, by their places; how they lie on each other is as in `Aligned`."""

    left: int
    right: int
    likeness: float
    correlation: float
    scale: float
    turn_deg: float
    is_mirrored: bool


@dataclass(frozen=True)
class Lookalikes:
    """Pairs in the order of left, then right; and which pictures say too little to be judged, bool[n]."""

    pairs: tuple[Pair, ...]
    is_judged: NDArray[np.bool_]


def lookalikes(smalls: Greys, least_likeness: float = LEAST_LIKENESS) -> Lookalikes:
    """Among pictures as `small` gives them, uint8[n, 48, 48]."""
    powers, details = _powers(smalls)
    judged = np.flatnonzero(details >= LEAST_DETAIL)
    pairs = list[Pair]()
    found = judged[_candidates(powers[judged])]
    for left, right, how in _held_against_each_other(smalls, details, found):
        how_alike = likeness(how.correlation, np.minimum(details[left], details[right]))
        for k in np.flatnonzero(how_alike >= least_likeness):
            pairs.append(
                Pair(
                    int(left[k]), right, round(float(how_alike[k]), 2), round(float(how.correlation[k]), 3),
                    round(float(how.scale[k]), 3), float(how.turn_deg[k]), bool(how.is_mirrored[k]),
                )
            )  # fmt: skip
    return Lookalikes(tuple(sorted(pairs, key=lambda one: (one.left, one.right))), details >= LEAST_DETAIL)


def _powers(smalls: Greys) -> tuple[Powers, NDArray[np.float32]]:
    """The powers of each picture at each scale, int8[n, 1 + 5, 48], first as it is; and its detail."""
    powers, details = np.zeros((len(smalls), 1 + len(LOOKED_AT), N_POWERS), np.int8), np.zeros(len(smalls), np.float32)
    for begin in range(0, len(smalls), AT_A_TIME):
        some = slice(begin, begin + AT_A_TIME)
        details[some] = detail(modes(smalls[some], [1.0])[:, 0])
        low = of_unit_power(np.fft.rfft(at_rings(ranks(smalls[some]), [1.0, *LOOKED_AT]), axis=-1))[..., :LOW_MODES]
        power = np.abs(low.reshape(*low.shape[:2], -1, RINGS_TOGETHER, LOW_MODES)) ** 2
        away = ((power.mean(axis=-2) ** 0.25 - USUAL) / SPREAD).reshape(*low.shape[:2], N_POWERS)
        away /= np.linalg.norm(away, axis=-1, keepdims=True)
        powers[some] = np.rint(LARGEST * away)
    return powers, details


def _candidates(powers: Powers) -> Ints:
    """Pairs (left < right), each once, int64[m, 2], of which one as it is and the other at some scale share a key."""
    n = len(powers)
    planes = np.unpackbits(np.frombuffer(shake_256(b"planes").digest(N_POWERS * N_BANDS * BAND_BITS // 8), np.uint8))
    planes = planes.reshape(N_BANDS, N_POWERS, BAND_BITS).astype(np.float32) * 2 - 1
    as_it_is, looks = powers[:, 0], powers[:, 1:].reshape(-1, N_POWERS)
    found, more = np.empty(0, np.int64), list[Ints]()
    values = 1 << np.arange(BAND_BITS)
    for band in planes:
        # Whole numbers below 2^24: exact in float32 whatever the order of the sum.
        here, there = ((one.astype(np.float32) @ band > 0) @ values for one in (as_it_is, looks))
        order = np.argsort(here, kind="stable")
        first, last = (np.searchsorted(here[order], there, side=side) for side in ("left", "right"))
        more.append(_near_pairs(as_it_is, looks, order, (first, last)))
        if sum(map(len, more)) > len(found):  # sorted when it has doubled, not each time
            found, more = np.unique(np.concatenate((found, *more))), []
    found = np.unique(np.concatenate((found, *more)))
    return np.column_stack(np.divmod(found, max(n, 1)))


@njit(cache=True, nogil=True)
def _near_pairs(
    as_it_is: Powers, looks: Powers, order: Ints, bucket: tuple[Ints, Ints]
) -> Ints:  # pragma: no cover -- compiled
    """Of pairs in one bucket those whose powers are near, as left * n + right, some of them several times."""
    n, (first, last) = len(as_it_is), bucket
    n_looks, least = len(looks) // max(n, 1), int(LEAST_NEAR * LARGEST**2)
    found, m = np.empty(1024, np.int64), 0
    for look in range(len(looks)):
        mine = look // n_looks
        for place in range(first[look], last[look]):
            other = order[place]
            if other == mine:
                continue
            near = 0
            for k in range(looks.shape[1]):
                near += np.int32(looks[look, k]) * np.int32(as_it_is[other, k])
            if near >= least:
                if m == len(found):
                    found = np.concatenate((found, np.empty(m, np.int64)))
                found[m] = min(mine, other) * n + max(mine, other)
                m += 1
    return found[:m]


def _held_against_each_other(
    smalls: Greys, details: NDArray[np.float32], candidates: Ints
) -> Iterator[tuple[Ints, int, Aligned]]:
    """Of each right one the left ones of its candidates, and how it lies on them."""
    by_right = candidates[np.lexsort((candidates[:, 0], candidates[:, 1]))]
    shown = np.unique(candidates[:, 0])
    if not len(shown):
        return
    as_they_are = _in_chunks(smalls[shown])  # 4 kB a picture: what takes most memory
    for group in np.split(by_right, np.flatnonzero(np.diff(by_right[:, 1])) + 1):
        lefts, right = group[:, 0], int(group[0, 1])
        others, one = as_they_are[np.searchsorted(shown, lefts)], modes(smalls[right : right + 1])[0]
        first = likeness(aligned(others, one, AT_FIRST).correlation, np.minimum(details[lefts], details[right]))
        near = first >= LEAST_AT_FIRST
        if near.any():
            yield lefts[near], right, aligned(others[near], one)


def _in_chunks(smalls: Greys) -> Modes:
    parts: Sequence[Modes] = [
        modes(smalls[begin : begin + AT_A_TIME], SCALES[AS_IT_IS : AS_IT_IS + 1])[:, 0]
        for begin in range(0, len(smalls), AT_A_TIME)
    ]
    return np.concatenate(parts)
