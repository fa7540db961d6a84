"""The sphere: unit vectors, separations, outlines, nearest neighbours. Right at RA 0/360 and at the poles.

Positions are ICRS degrees; a direction is a row x, y, z of length one. An outline is ra, dec, ra, dec, … in degrees,
its first vertex not repeated, each vertex reached along a great circle from the centre.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]

TURN_DEG = 360
ARCSEC_PER_RADIAN = np.degrees(1.0) * 3600
N_ELLIPSE = 24
# A chord of this length is 2e-10 arcsec: above the rounding of unit vectors, below anything measured.
SLACK = 1e-15


@dataclass(frozen=True)
class Nearest:
    """The nearest right one of each left one: its index, -1 where there is none, and the separation, NaN there."""

    index: NDArray[np.int64]
    separation_arcsec: Reals


def unit_vectors(ra_deg: ArrayLike, dec_deg: ArrayLike) -> Reals:
    """Directions as float64[n, 3]; NaN where a coordinate is NaN."""
    ra, dec = (np.radians(np.atleast_1d(np.asarray(one, float))) for one in (ra_deg, dec_deg))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec) + 0 * ra], axis=-1)


def positions_deg(vectors: Reals) -> tuple[Reals, Reals]:
    """RA in [0, 360) and Dec of directions, which need not have length one; the shape without the last axis."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    ra = np.degrees(np.arctan2(y, x)) % TURN_DEG
    return np.where(ra == TURN_DEG, 0.0, ra), np.degrees(np.arctan2(z, np.hypot(x, y)))  # -1e-15 % 360 is 360


def angle_arcsec(left: Reals, right: Reals) -> Reals:
    """Angle between directions, from the chord: an arc cosine would lose the small angles that matter here."""
    chord = np.linalg.norm(left - right, axis=-1)
    return 2 * np.arcsin(np.minimum(chord / 2, 1)) * ARCSEC_PER_RADIAN


def separation_arcsec(left_ra: ArrayLike, left_dec: ArrayLike, right_ra: ArrayLike, right_dec: ArrayLike) -> Reals:
    """Great-circle separation of positions in degrees, pair by pair (or one against all)."""
    return angle_arcsec(unit_vectors(left_ra, left_dec), unit_vectors(right_ra, right_dec))


def ellipse_polygons(ra: ArrayLike, dec: ArrayLike, axes_arcsec: ArrayLike, pa: ArrayLike, n: int = N_ELLIPSE) -> Reals:
    """Outlines of ellipses as float64[m, 2 n].

    `axes_arcsec` is [m, 2], FULL widths along the major and the minor axis; `pa` is in degrees, north through east.
    The first vertex lies on the major axis, at `pa`; the rest follow north through east.
    """
    semi = np.atleast_2d(np.asarray(axes_arcsec, float)) / 2
    turn = np.arange(n) * (2 * np.pi / n)
    along, across = semi[:, :1] * np.cos(turn), semi[:, 1:] * np.sin(turn)
    direction = np.radians(np.atleast_1d(np.asarray(pa, float)))[:, None] + np.arctan2(across, along)
    return _outlines(np.atleast_1d(ra), np.atleast_1d(dec), np.hypot(along, across), direction)


def ellipse_polygon(
    ra_deg: float, dec_deg: float, major_arcsec: float, minor_arcsec: float, pa_deg: float, n: int = N_ELLIPSE
) -> list[float]:
    """One ellipse as an outline; see `ellipse_polygons`: full widths, position angle north through east."""
    return ellipse_polygons(ra_deg, dec_deg, [[major_arcsec, minor_arcsec]], pa_deg, n)[0].tolist()


def box_polygons(ra: ArrayLike, dec: ArrayLike, sides_arcsec: ArrayLike, pa: ArrayLike) -> Reals:
    """The four corners of boxes as float64[m, 8]: `sides_arcsec` is [m, 2], the full width and height.

    The height is along `pa`, in degrees, north through east; the width across it.
    """
    half = np.atleast_2d(np.asarray(sides_arcsec, float)) / 2
    across, along = half[:, :1] * np.array([1, -1, -1, 1]), half[:, 1:] * np.array([1, 1, -1, -1])
    direction = np.radians(np.atleast_1d(np.asarray(pa, float)))[:, None] + np.arctan2(across, along)
    return _outlines(np.atleast_1d(ra), np.atleast_1d(dec), np.hypot(along, across), direction)


def box_polygon(
    ra_deg: float, dec_deg: float, width_arcsec: float, height_arcsec: float, pa_deg: float = 0.0
) -> list[float]:
    """One box as an outline; see `box_polygons`."""
    return box_polygons(ra_deg, dec_deg, [[width_arcsec, height_arcsec]], pa_deg)[0].tolist()


def nearest(left: Reals, right: Reals, radius_arcsec: float) -> Nearest:
    """The nearest of `right` for each of `left` (directions), at most `radius_arcsec` away, the limit itself included.

    Among equally near ones, the one with the lowest index.
    """
    index, angle = np.full(len(left), -1, np.int64), np.full(len(left), np.nan)
    if len(left) and len(right):
        limit = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2) * (1 + 1e-12) + SLACK
        from scipy.spatial import cKDTree  # a third of a start of the command line, and few need it

        tree = cKDTree(right)
        chord, found = tree.query(left, k=1, distance_upper_bound=np.nextafter(limit, np.inf))
        hits = np.flatnonzero(np.isfinite(chord))
        ties = tree.query_ball_point(left[hits], chord[hits] * (1 + 1e-12) + SLACK)
        index[hits] = [min([*tie, int(one)]) for tie, one in zip(ties, found[hits], strict=True)]
        angle[hits] = angle_arcsec(left[hits], right[index[hits]])
    return Nearest(index, angle)


def _outlines(ra: Reals, dec: Reals, distance_arcsec: Reals, direction: Reals) -> Reals:
    """Vertices `distance_arcsec` from the centres [m], in `direction` (radians, north through east); both [m, n]."""
    ra, dec = np.radians(ra)[:, None], np.radians(dec)[:, None]
    zero = np.zeros_like(ra)
    centre = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1)
    east = np.stack([-np.sin(ra), np.cos(ra), zero], axis=-1)
    heading = north * np.cos(direction)[..., None] + east * np.sin(direction)[..., None]
    angle = (distance_arcsec / ARCSEC_PER_RADIAN)[..., None]
    vertex_ra, vertex_dec = positions_deg(centre * np.cos(angle) + heading * np.sin(angle))
    return np.stack([vertex_ra, vertex_dec], axis=-1).reshape(len(ra), 2 * distance_arcsec.shape[1])
