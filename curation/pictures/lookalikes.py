"""Which of many pictures are nearly the same, without holding each against each.

Of a picture that is turned or mirrored the power in each ring and mode stays what it is. 48 such powers become 160 keys
of 24 bits: on which side of 24 planes through the origin they lie. Two pictures one of whose keys is the same, one of
them as it is and the other at one of five scales, are candidates; those whose powers are near are held against each
other by `likeness`. Planes are fixed and powers whole numbers, so whether two pictures are a pair depends on these two
alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import shake_256
from itertools import islice

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curation.pictures.likeness import (
    AS_IT_IS,
    LEAST_DETAIL,
    N_ANGLES,
    N_RINGS,
    N_TURNS,
    SCALES,
    WEIGHTS,
    Aligned,
    Floats,
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
LEAST_SHARE = 0.999  # of the correlation that this is, by sums in another order
AT_A_TIME = 64  # pictures
MOST_BYTES = 2**28  # of a table of bits: two of 65,000 pictures each
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
N_PARTED = N_ANGLES // 2  # modes, and a 0 that makes them even
_PHASES = 2 * np.pi * AT_FIRST / N_TURNS * np.arange(N_TURNS // AT_FIRST)[:, None] * np.arange(1, N_PARTED + 1)
TURNED = np.stack([np.cos(_PHASES), np.sin(_PHASES)], axis=1).astype(np.float32)
"""By what modes 1 to 31 are turned, [turn, 2, mode]."""

Powers = NDArray[np.int8]
Ints = NDArray[np.int64]
Buckets = tuple[Ints, Ints, Ints]
"""Pictures in the order of their keys; of each look where those of its key begin, and where they end."""


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
    held = _held_against_each_other(smalls[judged], details[judged], _candidates(powers[judged]))
    for lefts, right, how, how_alike in held:
        for k in np.flatnonzero(how_alike >= least_likeness):
            pairs.append(
                Pair(
                    int(judged[lefts[k]]), int(judged[right]), round(float(how_alike[k]), 2),
                    round(float(how.correlation[k]), 3), round(float(how.scale[k]), 3), float(how.turn_deg[k]),
                    bool(how.is_mirrored[k]),
                )
            )  # fmt: skip
    return Lookalikes(tuple(sorted(pairs, key=lambda one: (one.left, one.right))), details >= LEAST_DETAIL)


def _powers(smalls: Greys) -> tuple[Powers, Floats]:
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


def _candidates(powers: Powers) -> Iterator[tuple[int, Ints]]:
    """Of each right one that has any, the left ones of which one as it is and the other at some scale share a key.

    A bit for each two pictures: where there are too many for one table of bits, one after another, keys made anew.
    """
    n_bytes = (np.arange(len(powers)) + 7) // 8
    which = np.cumsum(n_bytes) // MOST_BYTES
    for rights in np.split(np.arange(len(powers)), np.flatnonzero(np.diff(which)) + 1):
        begins = np.concatenate(([0], np.cumsum(n_bytes[rights])))
        is_near = np.zeros(begins[-1], np.uint8)
        for buckets in _buckets(powers):
            _mark_near(powers, buckets, is_near, (rights, begins))
        for right, begin, end in zip(rights, begins, begins[1:], strict=False):
            lefts = np.flatnonzero(np.unpackbits(is_near[begin:end], bitorder="little"))
            if len(lefts):
                yield int(right), lefts


def _buckets(powers: Powers) -> Iterator[Buckets]:
    """By each key: pictures in the order of theirs as they are, and which of these share that of each at each scale."""
    planes = np.unpackbits(np.frombuffer(shake_256(b"planes").digest(N_POWERS * N_BANDS * BAND_BITS // 8), np.uint8))
    # Whole numbers below 2^24: exact in float32 whatever the order of the sum.
    values = powers.reshape(-1, N_POWERS).astype(np.float32)
    for band in planes.reshape(N_BANDS, N_POWERS, BAND_BITS).astype(np.float32) * 2 - 1:
        keys = np.zeros((len(values), 4), np.uint8)
        keys[:, : BAND_BITS // 8] = np.packbits(values @ band > 0, axis=1)
        all_keys = keys.view(np.uint32).reshape(powers.shape[:2])
        order = np.argsort(all_keys[:, 0], kind="stable")
        here, there = all_keys[order, 0], all_keys[:, 1:].ravel()
        by_key = np.argsort(there)  # sorted, for what lies beside each other is then looked for beside each other
        first, last = np.empty(len(there), np.int64), np.empty(len(there), np.int64)
        for places, side in ((first, "left"), (last, "right")):
            places[by_key] = np.searchsorted(here, there[by_key], side=side)
        yield order, first, last


@njit(cache=True, nogil=True)
def _mark_near(
    powers: Powers, buckets: Buckets, is_near: NDArray[np.uint8], where: tuple[Ints, Ints]
) -> None:  # pragma: no cover -- compiled
    """Of pairs in one bucket those whose powers are near: a bit for each, a row of bits for each right one."""
    (order, first, last), (rights, begins) = buckets, where
    n_looks, least = powers.shape[1] - 1, int(LEAST_NEAR * LARGEST**2)
    for look in range(len(first)):
        mine = look // n_looks
        for place in range(first[look], last[look]):
            left, right = min(mine, order[place]), max(mine, order[place]) - rights[0]
            if left == right + rights[0] or right < 0 or right >= len(rights):
                continue
            byte, bit = begins[right] + left // 8, np.uint8(1 << left % 8)
            if is_near[byte] & bit:
                continue
            near = 0
            for k in range(powers.shape[2]):
                near += np.int32(powers[mine, 1 + look % n_looks, k]) * np.int32(powers[order[place], 0, k])
            if near >= least:
                is_near[byte] |= bit


def _held_against_each_other(
    smalls: Greys, details: Floats, candidates: Iterator[tuple[int, Ints]]
) -> Iterator[tuple[Ints, int, Aligned, Floats]]:
    """Of each right one the left ones of its candidates that may be alike, how it lies on them, and how alike they are.

    Nearly all of them are told to be different by `_may_be`, quickly; the others are then looked at as ever.
    """
    if not len(smalls):
        return
    as_they_are = _as_they_are(smalls)  # 4 kB a picture: what takes most memory
    while some := list(islice(candidates, AT_A_TIME)):
        at_first = WEIGHTS[:, None] * modes(smalls[[right for right, _ in some]], SCALES[::AT_FIRST])
        for (right, lefts), scaled in zip(some, at_first, strict=True):
            least = np.minimum(details[lefts], details[right])
            least_correlation = LEAST_SHARE * np.tanh(LEAST_AT_FIRST / np.sqrt(least))
            may_be = _may_be(as_they_are, lefts, _parted(scaled), least_correlation)
            if not may_be.any():
                continue
            one, others = modes(smalls[right : right + 1])[0], _whole(as_they_are[lefts[may_be]])
            near = likeness(aligned(others, one, AT_FIRST).correlation, least[may_be]) >= LEAST_AT_FIRST
            if near.any():
                how, lefts = aligned(others[near], one), lefts[may_be][near]
                yield lefts, right, how, likeness(how.correlation, np.minimum(details[lefts], details[right]))


@njit(cache=True, nogil=True, fastmath=True)
def _may_be(
    others: Floats, lefts: Ints, one: Floats, least: Floats
) -> NDArray[np.bool_]:  # pragma: no cover -- compiled
    """Whether the correlation of `one`, weighted, with each of some others is more than the least, as `aligned` tries.

    A correlation is a sum over modes, and no turn makes it greater than the sum of their sizes: most end there. Modes
    as `_parted` has them.
    """
    found = np.zeros(len(lefts), np.bool_)
    for k, left in enumerate(lefts):
        for scale in range(one.shape[1]):
            turned = mirrored = np.float32(0)
            for m in range(N_PARTED):  # numbers that the compiler knows: a fourth of the time
                rr = ii = ri = ir = np.float32(0)
                for ring in range(N_RINGS):
                    re, im = others[left, 0, ring, m], others[left, 1, ring, m]
                    one_re, one_im = one[0, scale, ring, m], one[1, scale, ring, m]
                    rr += re * one_re
                    ii += im * one_im
                    ri += re * one_im
                    ir += im * one_re
                turned += np.sqrt((rr + ii) ** 2 + (ri - ir) ** 2)
                mirrored += np.sqrt((rr - ii) ** 2 + (ri + ir) ** 2)
            if 2 * max(turned, mirrored) > least[k] and _greatest(others[left], one[:, scale]) > least[k]:
                found[k] = True
                break
    return found


@njit(cache=True, nogil=True, fastmath=True)
def _greatest(other: Floats, one: Floats) -> np.float32:  # pragma: no cover -- compiled
    """The greatest correlation at any turn, mirrored or not, at one scale; [2, ring, mode] both."""
    greatest = np.float32(0)
    for sign in (np.float32(1), np.float32(-1)):
        re, im = np.zeros(N_PARTED, np.float32), np.zeros(N_PARTED, np.float32)
        for ring in range(N_RINGS):
            for m in range(N_PARTED):
                re[m] += other[0, ring, m] * one[0, ring, m] + sign * other[1, ring, m] * one[1, ring, m]
                im[m] += sign * other[0, ring, m] * one[1, ring, m] - other[1, ring, m] * one[0, ring, m]
        for turn in range(len(TURNED)):
            total = np.float32(0)
            for m in range(N_PARTED):
                total += re[m] * TURNED[turn, 0, m] - im[m] * TURNED[turn, 1, m]
            greatest = max(greatest, 2 * total)
    return greatest


def _parted(of: Modes) -> Floats:
    """Modes [..., ring, 31], real and imaginary for themselves, [2, ..., ring, 32]: the last is 0."""
    parted = np.zeros((2, *of.shape[:-1], of.shape[-1] + 1), np.float32)
    parted[0, ..., :-1], parted[1, ..., :-1] = of.real, of.imag
    return parted


def _whole(parted: Floats) -> Modes:
    """Modes [n, ring, 31] of [n, 2, ring, 32]."""
    return np.moveaxis(parted[..., :-1], 1, -1).copy().view(np.complex64)[..., 0]


def _as_they_are(smalls: Greys) -> Floats:
    """The modes of each picture at its own scale, [n, 2, ring, 32]."""
    found = np.empty((len(smalls), 2, N_RINGS, N_PARTED), np.float32)
    for begin in range(0, len(smalls), AT_A_TIME):
        some = slice(begin, begin + AT_A_TIME)
        found[some] = np.moveaxis(_parted(modes(smalls[some], SCALES[AS_IT_IS : AS_IT_IS + 1])[:, 0]), 0, 1)
    return found
