"""Images on other pixels, by `reproject`; blank sky stays blank; and what a point source loses by it, measured.

Brightness is in mJy/beam, and a beam is no pixel: a value is the brightness of the sky at a place, whatever the size of
the pixels, so none is multiplied by the area of a pixel (`conserve_flux` stays off). The flux, before and after, is the
sum of an image times the solid angle of a pixel over that of the beam.
"""

import warnings
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.pictures.common_beam import FWHM_OF_SIGMA, Reals
from curation.pictures.grids import Grid, grid_at

MOST_AT_ONCE_PX = 2**20  # of a grid: reproject holds some hundred bytes for each of its pixels
SPLINE_PX = 12  # beyond a window: a cubic spline forgets what is farther by 1e-6
HARDLY = 1e-3  # weight of a blank pixel in a bilinear mean, below which it is rounding
PHASES = (0.0, 0.5)  # of a source between pixels, along either axis: where the most is lost
SMALL_PX = 7  # the side of the grid on which a loss is measured


def regridded(image: NDArray[np.floating], header: str, grid: Grid, method: str) -> Reals:
    """image[y, x], whose WCS cards are `header`, on the pixels of a grid that has a place on the sky.

    Blank is every pixel beyond the image, and every one that lies between pixels of which one is blank.
    """
    known = np.isfinite(image)
    if not known.any():
        return np.full((grid.height_px, grid.width_px), np.nan)
    filled = (image if known.all() else _filled(image, known)).astype(np.float64)
    rows = max(1, MOST_AT_ONCE_PX // grid.width_px)
    bands = [grid.band(first, min(first + rows, grid.height_px)) for first in range(0, grid.height_px, rows)]
    return np.concatenate([_band(filled, known, header, one, method) for one in bands])


def _band(filled: Reals, known: NDArray[np.bool_], header: str, grid: Grid, method: str) -> Reals:
    """A grid, or some rows of one; `filled`: the image without blanks."""
    from reproject import reproject_adaptive, reproject_interp  # with dask: takes a second

    shape, ways = (grid.height_px, grid.width_px), (read_wcs(header), read_wcs(grid.header or ""))
    how = {"shape_out": shape, "return_footprint": False, "roundtrip_coords": False}  # no far side is near
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of coordinates that have no pixel
        if method == "adaptive":
            made = reproject_adaptive((filled, ways[0]), ways[1], boundary_mode="nearest", **how)
        else:
            made = reproject_interp((filled, ways[0]), ways[1], order=method, **how)
        if known.all() and method != "adaptive":
            return made
        blank = reproject_interp(((~known).astype(np.float64), ways[0]), ways[1], order="bilinear", **how)
    made[~(blank <= HARDLY)] = np.nan
    return made


def margin_px(method: str, per_output: float) -> int:
    """How far beyond a grid the pixels of an image matter; `per_output`: of them to a pixel of the grid."""
    return 1 if method == "bilinear" else SPLINE_PX if method == "bicubic" else 2 + int(np.ceil(2 * max(1, per_output)))


def peak_loss(beam_px: Reals, between: Reals, method: str) -> float:
    """Share of a point source's peak that regridding takes, at the worst of four places between the image's pixels.

    `beam_px`: covariance of the beam in pixels of the image; `between`: pixels of the image, x and y, by a step of x
    and of y on the grid. The source is at the centre of a pixel of the grid, so that nothing else is lost.
    """
    rounded = tuple(float(f"{one:.2g}") for one in (*beam_px[0], beam_px[1, 1], *between.ravel()))
    return _peak_loss(rounded, method)


@lru_cache(maxsize=4096)
def _peak_loss(rounded: tuple[float, ...], method: str) -> float:
    xx, xy, yy = rounded[:3]
    between = np.reshape(rounded[3:], (2, 2))
    widest = FWHM_OF_SIGMA * np.sqrt(max(xx, yy))
    half = int(np.ceil(2 * widest + SMALL_PX * np.abs(between).max())) + SPLINE_PX
    inverse = np.linalg.inv([[xx, xy], [xy, yy]])
    plain = grid_at(0.0, 0.0, (2 * half + 1, 2 * half + 1), 1.0)
    y, x = np.indices((2 * half + 1, 2 * half + 1)).astype(float)
    worst = 0.0
    for at in product(PHASES, PHASES):
        left, up = x - half - at[0], y - half - at[1]
        power = inverse[0, 0] * left**2 + 2 * inverse[0, 1] * left * up + inverse[1, 1] * up**2
        there = sky_of_pixels(read_wcs(plain.header or ""), half + at[0], half + at[1])
        small = _turned(float(there[0][0]), float(there[1][0]), between)
        found = regridded(np.exp(-power / 2), plain.header or "", small, method)[SMALL_PX // 2, SMALL_PX // 2]
        worst = max(worst, 1.0 - float(found))
    return float(f"{worst:.4f}")


def _turned(ra_deg: float, dec_deg: float, between: Reals) -> Grid:
    """A small grid about a place, whose steps are `between` pixels of an image of 1 arcsec with north up."""
    square = grid_at(ra_deg, dec_deg, (SMALL_PX, SMALL_PX), 1.0)
    names = {f"PC{row + 1}_{column + 1}": between[row, column] for row in (0, 1) for column in (0, 1)}
    cards = [
        f"{card[:8]}= {names[card[:8].rstrip()]:20.12G}".ljust(80) if card[:8].rstrip() in names else card
        for card in (square.header or "").split("\n")
    ]
    return Grid("\n".join(cards), SMALL_PX, SMALL_PX)


def _filled(image: NDArray[np.floating], known: NDArray[np.bool_]) -> NDArray[np.floating]:
    """Blank pixels as what is known would go on: one of them would make a spline blank all over, and 0 would ring.

    The nearest known pixel, less the difference to it of the one that lies as far on its other side; of blanks farther
    than a spline remembers, and where that one is not known, the nearest itself.
    """
    from scipy.ndimage import distance_transform_edt  # slow to import, and few need it

    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    filled, there = image[tuple(nearest)], np.indices(image.shape)
    mirrored = 2 * nearest - there
    inside = [np.clip(one, 0, n - 1) for one, n in zip(mirrored, image.shape, strict=True)]
    is_near = (np.abs(nearest - there) <= SPLINE_PX).all(axis=0) & (np.array(inside) == mirrored).all(axis=0)
    can = ~known & is_near & known[tuple(inside)]
    filled[can] = 2 * filled[can] - image[tuple(inside)][can]
    return filled
