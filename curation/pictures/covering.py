"""Which mosaics of a survey cover positions on the sky, and where in them the positions are, in a few array calls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.sky import unit_vectors
from catalogs.wcs_sky import pixels_of_sky, read_wcs

MAX_CHORD = 0.5  # 29 degrees: beyond it an edge may bulge past the corners
BULGE = 1.3
Row = Mapping[str, Any]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Covered:
    """Positions on one mosaic: rows of the caller's arrays, their 0-based pixels, and the chord to its centre."""

    mosaic: int
    positions: NDArray[np.int64]
    x_px: Reals
    y_px: Reals
    chord: Reals


def covered(ra_deg: Reals, dec_deg: Reals, mosaics: Sequence[Row]) -> Iterator[Covered]:
    """For each row of MOSAICS that shows any of the ICRS positions, which and where; in the order of `mosaics`.

    A position that is no number is on none. Only positions that can be on a mosaic are projected to its pixels: a tree
    of directions finds those within reach of its centre. Mosaics without WCS show none.
    """
    directions = unit_vectors(ra_deg, dec_deg)
    known = np.flatnonzero(np.isfinite(directions).all(axis=1))
    placed = [place for place, one in enumerate(mosaics) if one["header"] is not None]
    if not known.size or not placed:
        return
    from scipy.spatial import cKDTree  # 22 MB, of which a process that only cuts has no use

    tree = cKDTree(directions[known], balanced_tree=False, compact_nodes=False)
    for place in placed:
        mosaic = mosaics[place]
        centre = unit_vectors(mosaic["ra_deg"], mosaic["dec_deg"])[0]
        near = known[np.sort(np.array(tree.query_ball_point(centre, reach(mosaic, centre)), np.int64))]
        if not near.size:
            continue
        x, y = pixels_of_sky(read_wcs(mosaic["header"]), ra_deg[near], dec_deg[near])
        on = np.flatnonzero(is_on(mosaic, x, y))
        if on.size:
            chord = np.linalg.norm(directions[near[on]] - centre, axis=1)
            yield Covered(place, near[on], x[on], y[on], chord)


def reach(mosaic: Row, centre: Reals) -> float:
    """A chord from the mosaic's centre beyond which it has no pixel; 2, the whole sphere, where that is unclear."""
    corners = mosaic["sky_polygon_deg"]
    if corners is None:
        return 2.0
    chord = float(np.linalg.norm(unit_vectors(corners[0::2], corners[1::2]) - centre, axis=1).max())
    return 2.0 if chord > MAX_CHORD else BULGE * chord


def is_on(mosaic: Row, x: Reals, y: Reals) -> NDArray[np.bool_]:
    """Whether 0-based pixel positions are on the mosaic; NaN is on none."""
    # A pixel's centre is at an integer, so the image reaches from -0.5 to n - 0.5.
    right, top = x + 0.5, y + 0.5
    return (right >= 0) & (right < mosaic["width_px"]) & (top >= 0) & (top < mosaic["height_px"])
