"""Images of projections that repeat along the longitude, farther than half a turn from their reference point.

A tile of an all-plane mosaic keeps the reference of the mosaic, so it may lie 208 degrees from it. FITS allows that;
wcslib has neither sky for such pixels nor such pixels for the sky. The same image with another reference is in reach.
"""

import numpy as np
from astropy.wcs import WCS

TURN_DEG = 360.0
# Where x of the projection plane is the native longitude in degrees, over all latitudes (FITS WCS II, 5.2 and 5.6).
BY_LONGITUDE = ("CAR", "CEA", "MER")
REPEATING = (*BY_LONGITUDE, "HPX")


def within_half_a_turn(wcs: WCS, width_px: int, height_px: int) -> WCS:
    """The same pixels on the same sky, counted from a reference point near them; `wcs` itself where it is near enough.

    The reference moves to the image along the equator of the projection, where that is the equator of the sky, else by
    whole turns.
    """
    kind = wcs.wcs.ctype[wcs.wcs.lng][-3:]
    if kind not in REPEATING or wcs.wcs.get_pv():
        return wcs
    to_plane = wcs.pixel_scale_matrix[wcs.wcs.lng]
    x = np.array([-0.5, width_px - 0.5, width_px - 0.5, -0.5, (width_px - 1) / 2])
    y = np.array([-0.5, -0.5, height_px - 0.5, height_px - 0.5, (height_px - 1) / 2])
    plane = to_plane @ (np.stack([x, y]) - (wcs.wcs.crpix - 1)[:, None])
    is_upright = kind in BY_LONGITUDE and wcs.wcs.crval[wcs.wcs.lat] == 0 and wcs.wcs.lonpole == 0
    moved = float(np.round(plane[-1])) if is_upright else TURN_DEG * float(np.round(plane[-1] / TURN_DEG))
    if np.abs(plane).max() <= TURN_DEG / 2 or not moved:
        return wcs
    near = wcs.deepcopy()
    along = np.zeros(2)
    along[wcs.wcs.lng] = moved
    near.wcs.crpix = wcs.wcs.crpix + np.linalg.solve(wcs.pixel_scale_matrix, along)
    if is_upright:
        crval = np.array(wcs.wcs.crval)
        crval[wcs.wcs.lng] = (crval[wcs.wcs.lng] + moved) % TURN_DEG
        near.wcs.crval = crval
    near.wcs.set()
    return near
