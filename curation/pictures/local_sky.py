"""The sky around places of an image: how many arcsec its pixels cover along either axis, and which way north is.

A header tells the scale at its reference point; away from it, scale, angle and even the ratio of the axes are others.
All numbers here are measured on the sky itself, between places half a pixel to either side.
"""

from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from numpy.typing import ArrayLike

from catalogs.sky import angle_arcsec, unit_vectors
from catalogs.wcs_sky import Degrees, sky_of_pixels


@dataclass(frozen=True)
class LocalSky:
    """Of n places of an image, float64[n] each; NaN where the place or a neighbour is off the sky."""

    x_arcsec: Degrees
    """Side of a pixel along the rows."""
    y_arcsec: Degrees
    """Side of a pixel along the columns."""
    up_pa_deg: Degrees
    """Position angle of the direction of the columns, ICRS, north through east, 0 to 360."""
    left_pa_deg: Degrees
    """The same of the way from right to left along the rows: 90 degrees more than up, or 90 less in a mirrored one."""

    @property
    def mean_arcsec(self) -> Degrees:
        """The geometric mean of the two sides."""
        return np.sqrt(self.x_arcsec * self.y_arcsec)


def local_sky(wcs: WCS, x_px: ArrayLike, y_px: ArrayLike) -> LocalSky:
    """The sky around 0-based pixel positions, all in one call."""
    x, y = np.ravel(x_px).astype(float), np.ravel(y_px).astype(float)
    across, up = np.array([0, -0.5, 0.5, 0, 0]), np.array([0, 0, 0, -0.5, 0.5])
    at = sky_of_pixels(wcs, x + across[:, None], y + up[:, None])
    ra, dec = (one.reshape(len(across), len(x)) for one in at)
    return _of_steps(ra, dec)


def arcs_arcsec(ra_deg: ArrayLike, dec_deg: ArrayLike) -> Degrees:
    """Length of the way along n positions [m, n], from the first to the last by all between, float64[m]."""
    places = unit_vectors(ra_deg, dec_deg)
    return angle_arcsec(places[:, :-1], places[:, 1:]).sum(axis=-1)


def _of_steps(ra: Degrees, dec: Degrees) -> LocalSky:
    """From centre, left, right, below and above, [5, n]."""
    place = unit_vectors(ra, dec)
    right, above = place[2] - place[1], place[4] - place[3]
    alpha, delta = np.radians(ra[0]), np.radians(dec[0])
    east = np.stack([-np.sin(alpha), np.cos(alpha), np.zeros_like(alpha)], axis=-1)
    north = np.stack([-np.sin(delta) * np.cos(alpha), -np.sin(delta) * np.sin(alpha), np.cos(delta)], axis=-1)
    sides = angle_arcsec(place[1], place[2]), angle_arcsec(place[3], place[4])
    angles = [
        np.degrees(np.arctan2((one * east).sum(axis=-1), (one * north).sum(axis=-1))) % 360 for one in (above, -right)
    ]
    return LocalSky(*sides, *angles)
