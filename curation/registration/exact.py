"""Pictures that are copies of a mosaic's pixels, found by their values: bit for bit, whatever the mosaic's size.

Of each picture one value stands for it, the rarest in it; where a mosaic has that value, all pixels are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.pictures.plane import Plane
from curation.registration.placing import SYMMETRIES, Placing, Symmetry
from curation.registration.texture import Floats

LEAST_VALUES = 32
"""Different values that must be equal: fewer, as of a picture with a few levels, could be by chance."""
MOST_HITS = 4096  # of a value in a mosaic: one that is so frequent tells nothing
ROWS_AT_ONCE = 256
FILTER_BITS = 20
MULTIPLIER = np.uint32(2654435761)  # Knuth's: high bits of the product depend on all bits of the value


@dataclass(frozen=True)
class Anchor:
    """The value of a picture that is looked for, and where in it it stands."""

    picture: int
    bits: int
    places: NDArray[np.int64]
    """Row, column of each pixel that has it [n, 2]."""


def anchor(image: Floats, index: int) -> Anchor | None:
    """The rarest value of a picture, of equally rare ones the largest; None for one with too few values."""
    values, counts = np.unique(image[np.isfinite(image) & (image != 0)], return_counts=True)
    if len(values) < LEAST_VALUES:
        return None
    rarest = np.lexsort((-np.abs(values), counts))[0]
    places = np.argwhere(image == values[rarest])
    return Anchor(index, int(values[rarest : rarest + 1].view(np.uint32)[0]), places)


def copies(
    plane: Plane, pictures: Sequence[Floats], symmetries: Sequence[Symmetry] = SYMMETRIES
) -> list[list[Placing]]:
    """Of each picture [y, x] all its places on a plane, each of whose pixels is the same float32."""
    found: list[list[Placing]] = [[] for _ in pictures]
    anchors = [one for k, image in enumerate(pictures) if (one := anchor(image, k))]
    by_bits: dict[int, list[Anchor]] = {}
    for one in anchors:
        by_bits.setdefault(one.bits, []).append(one)
    for bits, places in _hits(plane, np.array(sorted(by_bits), np.uint32)).items():
        for one in by_bits[bits]:
            if len(places) * len(one.places) <= MOST_HITS:
                found[one.picture] += _places(plane, pictures[one.picture], one, places, symmetries)
    return [list(dict.fromkeys(some)) for some in found]


def _hits(plane: Plane, wanted: NDArray[np.uint32]) -> dict[int, list[tuple[int, int]]]:
    """Row and column of each pixel of the plane that has one of the wanted bits, by these."""
    found: dict[int, list[tuple[int, int]]] = {}
    if not len(wanted):
        return found
    shift = np.uint32(32 - FILTER_BITS)
    is_likely = np.zeros(2**FILTER_BITS, np.bool_)
    is_likely[(wanted * MULTIPLIER) >> shift] = True
    for y in range(0, plane.height_px, ROWS_AT_ONCE):
        band = plane.read((0, y, plane.width_px, min(y + ROWS_AT_ONCE, plane.height_px)))
        bits = np.ascontiguousarray(band, np.float32).view(np.uint32)
        rows, columns = np.nonzero(is_likely[(bits * MULTIPLIER) >> shift])
        seen = bits[rows, columns]
        at = np.minimum(np.searchsorted(wanted, seen), len(wanted) - 1)
        for k in np.flatnonzero(wanted[at] == seen):
            places = found.setdefault(int(seen[k]), [])
            if len(places) <= MOST_HITS:
                places.append((int(rows[k]) + y, int(columns[k])))
    return found


def _places(
    plane: Plane, image: Floats, one: Anchor, hits: list[tuple[int, int]], symmetries: Sequence[Symmetry]
) -> list[Placing]:
    found = list[Placing]()
    for symmetry in symmetries:
        turned = symmetry.of(image)
        height, width = turned.shape
        value = image[tuple(one.places[0])]
        for row, column in np.argwhere(turned == value):
            for y, x in hits:
                placing = Placing(symmetry, x - int(column), y - int(row), width, height, image.shape[::-1])
                if is_copy(plane.read(placing.box).astype(np.float32), turned):
                    found.append(placing)
    return found


def is_copy(window: Floats, picture: Floats) -> bool:
    """Whether a picture is that window: where it is not blank, nor 0 on blank sky, the values are the same bits."""
    is_blank = np.isnan(picture) | ((picture == 0) & np.isnan(window))
    same = (window == picture) & (picture != 0)
    return bool(((window == picture) | is_blank).all()) and len(np.unique(picture[same])) >= LEAST_VALUES
