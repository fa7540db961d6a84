"""Cutouts as discs on the sky: which come near to each other, at any declination and over RA 0."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

CHUNK = 4096  # discs asked for their neighbours at a time: what bounds the memory

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Discs:
    """Cutouts as discs on the sky: unit vectors of the centres, radius and guard; arcsec."""

    vectors: Floats
    radius_arcsec: Floats
    guard_arcsec: Floats

    @staticmethod
    def at(ra_deg: Floats, dec_deg: Floats, radius_arcsec: Floats, guard_arcsec: Floats) -> "Discs":
        """Discs from positions, ICRS."""
        ra, dec = np.radians(ra_deg), np.radians(dec_deg)
        vectors = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
        return Discs(vectors, radius_arcsec, guard_arcsec)

    def and_(self, others: "Discs") -> "Discs":
        """These discs, and after them the others."""
        return Discs(
            np.concatenate([self.vectors, others.vectors]),
            np.concatenate([self.radius_arcsec, others.radius_arcsec]),
            np.concatenate([self.guard_arcsec, others.guard_arcsec]),
        )

    def required_arcsec(self, left: Ints, right: Ints) -> Floats:
        """How far apart two discs must be to lie in different splits."""
        guard = np.maximum(self.guard_arcsec[left], self.guard_arcsec[right])
        return self.radius_arcsec[left] + self.radius_arcsec[right] + guard

    def separation_arcsec(self, left: Ints, right: Ints) -> Floats:
        """Great-circle separation of the centres."""
        chord = np.linalg.norm(self.vectors[left] - self.vectors[right], axis=-1)
        return np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1))) * 3600


@dataclass(frozen=True)
class Margin:
    """The two cutouts of different splits that come nearest to breaking the rule; arcsec."""

    left_id: str
    right_id: str
    left_split: str
    right_split: str
    separation_arcsec: float
    required_arcsec: float

    @property
    def margin_arcsec(self) -> float:
        """What is left of the separation after what the rule requires."""
        return self.separation_arcsec - self.required_arcsec


def nearest_margin(table: pa.Table) -> Margin | None:
    """Of all pairs in different splits, the one with the smallest margin; None without such a pair.

    Reads cutout_id, split, ra_deg, dec_deg, radius_arcsec and guard_arcsec of SPLITS; cutouts without position are
    left out.
    """
    rows = table.filter(table["radius_arcsec"].is_valid()).sort_by("cutout_id")
    split = rows["split"].to_numpy(zero_copy_only=False)
    discs = Discs.at(*(rows[name].to_numpy() for name in ("ra_deg", "dec_deg", "radius_arcsec", "guard_arcsec")))
    if (split == split[:1]).all():
        return None
    beyond_arcsec = 60.0
    while True:  # ends: two splits have a pair, and half the sky is reached in a dozen rounds
        found = [_nearest_of(discs, split, left, right) for left, right in near_pairs(discs, beyond_arcsec)]
        best = min((one for one in found if one is not None), default=None)
        if best is not None:
            _, left, right = best
            pair = (np.array([left]), np.array([right]))
            separation, required = discs.separation_arcsec(*pair)[0], discs.required_arcsec(*pair)[0]
            ids = rows["cutout_id"]
            return Margin(
                ids[left].as_py(), ids[right].as_py(), split[left], split[right], float(separation), float(required)
            )
        beyond_arcsec *= 4


def near_pairs(discs: Discs, beyond_arcsec: float = 0.0) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (left < right) no farther apart than required, plus `beyond_arcsec`; in chunks, each pair once.

    Discs are compared by classes of like reach, so that one large picture does not make every small one look far.
    """
    classes = _of_like_reach(discs, np.arange(len(discs.vectors)))
    for a, small in enumerate(classes):
        for b, large in enumerate(classes[a:], a):
            for left, right in _between(discs, small, large, beyond_arcsec):
                once = left < right if a == b else np.ones(len(left), bool)
                left, right = left[once], right[once]
                yield np.minimum(left, right), np.maximum(left, right)


def near_others(discs: Discs, others: Discs) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (index in `discs`, index in `others`) no farther apart than required; in chunks, each pair once."""
    both, n = discs.and_(others), len(discs.vectors)
    for here in _of_like_reach(both, np.arange(n)):
        for there in _of_like_reach(both, np.arange(n, len(both.vectors))):
            for left, right in _between(both, here, there, 0.0):
                yield left, right - n


def _of_like_reach(discs: Discs, members: Ints) -> list[Ints]:
    """The members in classes whose reach differs by no more than a factor of two."""
    reach = discs.radius_arcsec[members] + discs.guard_arcsec[members]
    sizes = np.ceil(np.log2(np.maximum(reach, 1e-3))).astype(np.int64)
    return [members[sizes == size] for size in np.unique(sizes)]


def _between(discs: Discs, here: Ints, there: Ints, beyond_arcsec: float) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of one of `here` and one of `there` that are near, in chunks of `here`."""
    reach = discs.radius_arcsec + discs.guard_arcsec
    from scipy.spatial import cKDTree  # slow to import, and few need it

    limit = _chord(reach[here].max() + reach[there].max() + beyond_arcsec)
    tree = cKDTree(discs.vectors[there])
    for start in range(0, len(here), CHUNK):
        chunk = here[start : start + CHUNK]
        near = cKDTree(discs.vectors[chunk]).sparse_distance_matrix(tree, limit, output_type="ndarray")
        left, right = chunk[near["i"]], there[near["j"]]
        is_near = discs.separation_arcsec(left, right) <= discs.required_arcsec(left, right) + beyond_arcsec
        yield left[is_near], right[is_near]


def _chord(angle_arcsec: float) -> float:
    """Of an angle on the unit sphere, a hair longer so that rounding loses no pair."""
    return float(2 * np.sin(np.radians(min(angle_arcsec / 3600, 180)) / 2) * (1 + 1e-9) + 1e-12)


def _nearest_of(discs: Discs, split: np.ndarray[Any, Any], left: Ints, right: Ints) -> tuple[float, int, int] | None:
    apart = split[left] != split[right]
    left, right = left[apart], right[apart]
    if not len(left):
        return None
    margin = discs.separation_arcsec(left, right) - discs.required_arcsec(left, right)
    best = np.lexsort((right, left, margin))[0]
    return float(margin[best]), int(left[best]), int(right[best])
