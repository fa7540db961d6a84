"""The sky of a picture, for a page: directions at the knots of a grid, from which its script reads positions."""

from typing import Any

import numpy as np

from catalogs.sky import unit_vectors
from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.pictures.boxes import Box

N_CELLS = 16
"""Along a side: between its knots a map is flat to far less than a pixel."""


def sky_grid(wcs_header: str | None, box_fits_px: Box) -> dict[str, Any] | None:
    """Directions (ICRS unit vectors) at the knots of a grid over a box of an image; None without WCS.

    Knot (i, j) of `n` + 1 each way is at x = i / n of the width from the left edge, y = j / n of the height from the
    bottom one; numbers are in the order j, i, axis.
    """
    if not wcs_header:
        return None
    x_min, y_min, x_max, y_max = box_fits_px
    steps = np.arange(N_CELLS + 1) / N_CELLS
    x = x_min + np.tile(steps, N_CELLS + 1) * (x_max - x_min) - 0.5
    y = y_min + np.repeat(steps, N_CELLS + 1) * (y_max - y_min) - 0.5
    ra, dec = sky_of_pixels(read_wcs(wcs_header), x, y)
    vectors = np.where(np.isfinite(ra)[:, None], unit_vectors(np.nan_to_num(ra), np.nan_to_num(dec)), np.nan)
    flat = [float(one) if np.isfinite(one) else None for one in np.asarray(vectors).ravel()]
    return {"n": N_CELLS, "xyz": flat}
