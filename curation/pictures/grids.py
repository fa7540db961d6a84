"""The pixels that a picture stands on: those of a mosaic, or others with the source at the centre."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from catalogs.wcs_sky import pixels_of_sky, read_wcs, sky_of_pixels
from curation.pictures.local_sky import local_sky
from curation.pictures.plane import Box
from curation.pictures.sky_pixels import wcs_text
from curation.pictures.window_sky import moved_header

N_MARKS = 5  # to a side of a grid, where it is asked which mosaics show any of it
Row = Mapping[str, Any]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Pixels of a picture: the cards of their WCS (None: they have no place on the sky), and how many there are."""

    header: str | None
    width_px: int
    height_px: int

    @property
    def box(self) -> Box:
        """All of it, in its own pixels."""
        return 0, 0, self.width_px, self.height_px

    def band(self, first: int, last: int) -> "Grid":
        """Its rows from the first up to, and without, the last."""
        if (first, last) == (0, self.height_px):
            return self
        return Grid(self.header and moved_header(self.header, 0, first), self.width_px, last - first)


def grid_of_window(mosaic: Row, box: Box) -> Grid:
    """The pixels of a window of a mosaic."""
    header = None if mosaic["header"] is None else moved_header(mosaic["header"], box[0], box[1])
    return Grid(header, box[2] - box[0], box[3] - box[1])


def grid_at(
    ra_deg: float,
    dec_deg: float,
    size_px: tuple[int, int],
    pixel_arcsec: float,
    turned: tuple[float, bool] = (0, False),
) -> Grid:
    """Square pixels about a place, which is the centre: gnomonic (TAN), ICRS; `size_px`: width and height.

    `turned`: the position angle of up in degrees, and whether east is right; where nothing is said, north is up and
    east is left.
    """
    wcs, (up_deg, is_mirrored) = WCS(naxis=2), turned
    width, height = size_px
    up = np.radians(up_deg)
    right = up + np.pi / 2 if is_mirrored else up - np.pi / 2
    wcs.wcs.ctype, wcs.wcs.cunit, wcs.wcs.radesys = ["RA---TAN", "DEC--TAN"], ["deg", "deg"], "ICRS"
    wcs.wcs.crval, wcs.wcs.crpix = [ra_deg, dec_deg], [(width + 1) / 2, (height + 1) / 2]
    # Of the plane x is east and y is north. The sign of the first axis stands in CDELT, as in most files.
    east, north = (np.round([np.sin(right), np.sin(up)], 15), np.round([np.cos(right), np.cos(up)], 15))
    wcs.wcs.cdelt = [-pixel_arcsec / 3600, pixel_arcsec / 3600]
    wcs.wcs.pc = [-east, north]
    wcs.wcs.set()
    return Grid(wcs_text(wcs), width, height)


def turn_of(mosaic: Row, x_px: float, y_px: float) -> tuple[float, bool]:
    """Where up is at a place of a mosaic: its position angle, and whether east is right; see `grid_at`."""
    here = local_sky(read_wcs(mosaic["header"]), x_px, y_px)
    up, left = float(here.up_pa_deg[0]), float(here.left_pa_deg[0])
    return up, bool(np.sin(np.radians(left - up)) < 0)


def marks(grid: Grid) -> tuple[Reals, Reals]:
    """ICRS places all over a grid, edges and corners included."""
    x, y = (np.linspace(-0.5, n - 0.5, N_MARKS) for n in (grid.width_px, grid.height_px))
    across, up = np.meshgrid(x, y)
    return sky_of_pixels(read_wcs(grid.header or ""), across, up)


def box_under(grid: Grid, mosaic: Row, margin_px: int = 0) -> Box | None:
    """The window of a mosaic that lies under a grid, with a margin; None where it shows no place of it."""
    ra, dec = marks(grid)
    x, y = pixels_of_sky(read_wcs(mosaic["header"]), ra, dec)
    is_there = np.isfinite(x) & np.isfinite(y)
    if not is_there.any():
        return None
    # Between two marks an edge may bulge: by far less than a pixel in pictures of minutes, by some in those of degrees.
    bulge = 1 + max(grid.width_px, grid.height_px) // 256
    low, high = -margin_px - bulge, 1 + margin_px + bulge
    left, right = (int(np.floor(x[is_there].min())) + low, int(np.ceil(x[is_there].max())) + high)
    bottom, top = (int(np.floor(y[is_there].min())) + low, int(np.ceil(y[is_there].max())) + high)
    return left, bottom, right, top


def steps_of(header: str, x_px: float, y_px: float) -> Reals:
    """What a pixel's step is on the sky at a place: [[east by x, east by y], [north by x, north by y]], in arcsec."""
    here = local_sky(read_wcs(header), x_px, y_px)
    up, left = np.radians(here.up_pa_deg[0]), np.radians(here.left_pa_deg[0])
    across, along = float(here.x_arcsec[0]), float(here.y_arcsec[0])
    return np.array([[-np.sin(left) * across, np.sin(up) * along], [-np.cos(left) * across, np.cos(up) * along]])
