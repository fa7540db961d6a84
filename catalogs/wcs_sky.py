"""Between pixels of an image and ICRS degrees, in any projection and frame that astropy's WCS knows."""

import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from astropy import units as u
from astropy.coordinates import ICRS, BaseCoordinateFrame, UnitSphericalRepresentation
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame
from numpy.typing import ArrayLike, NDArray

import catalogs.ecliptic  # noqa: F401 -- a frame that astropy asks for

Degrees = NDArray[np.float64]


@lru_cache(maxsize=64)
def read_wcs(header: str) -> WCS:
    """The two-dimensional WCS of a `header` or `wcs_header` column. Kept between calls; do not change it."""
    return quiet_wcs(fits.Header.fromstring(header, sep="\n"))


def quiet_wcs(header: fits.Header) -> WCS:
    """A WCS without astropy's remarks on what it repaired."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return WCS(header)


def sky_of_pixels(wcs: WCS, x: ArrayLike, y: ArrayLike) -> tuple[Degrees, Degrees]:
    """ICRS ra, dec of 0-based pixel positions; NaN where the projection has no sky."""
    native = wcs.all_pix2world(np.column_stack([np.ravel(x), np.ravel(y)]), 0)
    longitude, latitude = native[:, wcs.wcs.lng], native[:, wcs.wcs.lat]  # the axes may come as (dec, ra)
    is_sky = np.isfinite(longitude) & np.isfinite(latitude) & (np.abs(latitude) <= 90)  # noqa: PLR2004
    ra, dec = np.full(len(native), np.nan), np.full(len(native), np.nan)
    if is_sky.any():
        sky = _places(wcs_to_celestial_frame(wcs), longitude[is_sky], latitude[is_sky]).transform_to(ICRS())
        ra[is_sky], dec[is_sky] = sky.ra.wrap_at("360d").deg, sky.dec.deg
    return ra, dec


def _places(frame: BaseCoordinateFrame, longitude_deg: Degrees, latitude_deg: Degrees) -> Any:
    """Places in a frame; what SkyCoord would make, at half its cost."""
    return frame.realize_frame(UnitSphericalRepresentation(longitude_deg * u.deg, latitude_deg * u.deg))


def pixels_of_sky(wcs: WCS, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[Degrees, Degrees]:
    """0-based pixel positions of ICRS positions, in one call; NaN where the projection has no pixel."""
    sky = _places(ICRS(), np.ravel(ra_deg), np.ravel(dec_deg))
    native = sky.transform_to(wcs_to_celestial_frame(wcs)).spherical
    world = np.empty((len(native), 2))
    world[:, wcs.wcs.lng], world[:, wcs.wcs.lat] = native.lon.deg, native.lat.deg
    pixels = wcs.all_world2pix(world, 0, quiet=True)
    return pixels[:, 0], pixels[:, 1]
