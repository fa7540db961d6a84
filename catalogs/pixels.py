"""Pixels of an image on the sky, by the `header` column of MOSAICS: for annotations that are given in pixels.

Pixels are 0-based, centres at integers, row 0 at the bottom; the sky is ICRS degrees.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from catalogs import wcs_sky
from catalogs.sky import separation_arcsec
from catalogs.wcs_sky import Degrees


def sky_of_pixels(header: str, x_px: ArrayLike, y_px: ArrayLike) -> tuple[Degrees, Degrees]:
    """Ra, dec of pixel positions; NaN where the projection has no sky."""
    return wcs_sky.sky_of_pixels(wcs_sky.read_wcs(header), x_px, y_px)


def pixels_of_sky(header: str, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[Degrees, Degrees]:
    """Pixel positions x, y; NaN where the projection has no pixel."""
    return wcs_sky.pixels_of_sky(wcs_sky.read_wcs(header), ra_deg, dec_deg)


def sky_polygon(header: str, image_polygon_px: Sequence[float]) -> list[float] | None:
    """An outline's vertices on the sky; None where one of them is not on it."""
    numbers = np.asarray(image_polygon_px, float).reshape(-1, 2)
    ra, dec = sky_of_pixels(header, numbers[:, 0], numbers[:, 1])
    vertices = np.column_stack([ra, dec])
    return vertices.ravel().tolist() if np.isfinite(vertices).all() else None


def longer_side_arcsec(header: str, image_polygon_px: Sequence[float]) -> float | None:
    """The longer of width and height of an outline in pixels, on the sky there; None where an end is not on it."""
    numbers = np.asarray(image_polygon_px, float).reshape(-1, 2)
    (left, low), (right, high) = numbers.min(axis=0), numbers.max(axis=0)
    x, y = (left + right) / 2, (low + high) / 2
    ra, dec = sky_of_pixels(header, [left, right, x, x], [y, y, low, high])
    longer = separation_arcsec(ra[::2], dec[::2], ra[1::2], dec[1::2]).max()
    return float(longer) if np.isfinite(longer) else None
