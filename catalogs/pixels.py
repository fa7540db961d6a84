"""Pixels of an image on the sky, by the `header` column of MOSAICS: for annotations that are given in pixels.

Pixels are 0-based, centres at integers, row 0 at the bottom; the sky is ICRS degrees.
"""

import warnings
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from astropy.coordinates import ICRS, SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame
from numpy.typing import ArrayLike, NDArray

import catalogs.ecliptic  # noqa: F401 -- a frame that astropy asks for
from catalogs.sky import separation_arcsec

Reals = NDArray[np.float64]


def sky_of_pixels(header: str, x_px: ArrayLike, y_px: ArrayLike) -> tuple[Reals, Reals]:
    """Ra, dec of pixel positions; NaN where the projection has no sky."""
    wcs = _wcs(header)
    native = wcs.all_pix2world(np.column_stack([np.ravel(x_px), np.ravel(y_px)]), 0)
    longitude, latitude = native[:, wcs.wcs.lng], native[:, wcs.wcs.lat]  # the axes may come as (dec, ra)
    ra, dec = np.full(len(native), np.nan), np.full(len(native), np.nan)
    is_sky = np.isfinite(longitude) & np.isfinite(latitude)
    if is_sky.any():
        sky = SkyCoord(longitude[is_sky], latitude[is_sky], unit="deg", frame=wcs_to_celestial_frame(wcs)).icrs
        ra[is_sky], dec[is_sky] = sky.ra.wrap_at("360d").deg, sky.dec.deg
    return ra, dec


def pixels_of_sky(header: str, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[Reals, Reals]:
    """Pixel positions x, y; NaN where the projection has no pixel."""
    wcs = _wcs(header)
    sky = SkyCoord(np.ravel(ra_deg), np.ravel(dec_deg), unit="deg", frame=ICRS())
    native = sky.transform_to(wcs_to_celestial_frame(wcs)).spherical
    world = np.empty((len(sky), 2))
    world[:, wcs.wcs.lng], world[:, wcs.wcs.lat] = native.lon.deg, native.lat.deg
    pixels = wcs.all_world2pix(world, 0, quiet=True)
    return pixels[:, 0], pixels[:, 1]


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


@lru_cache(maxsize=64)
def _wcs(header: str) -> WCS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what astropy repairs was said when the mosaic was indexed
        return WCS(fits.Header.fromstring(header, sep="\n"))
