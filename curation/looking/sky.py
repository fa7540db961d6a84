"""Where an image lies on the sky, how it is turned, and how large its pixels are at the centre and at the corners."""

from typing import Any

import numpy as np
from astropy.coordinates import Galactic, SkyCoord
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame

from catalogs.wcs_sky import sky_of_pixels
from curation.pictures.local_sky import arcs_arcsec, local_sky
from curation.pictures.sky_pixels import outline

EDGE_STEPS = 32  # the arc across a wide image is measured in so many pieces
Row = dict[str, Any]


def sky_facts(wcs: WCS, width_px: int, height_px: int) -> Row:
    """Projection, frame, centre, size, the direction of up, and the sides of pixels; null where there is no sky.

    `up_pa_deg` is from ICRS north through east; `corner_pixels_arcsec` are of the pixels in the corners, anticlockwise
    from the first of the file.
    """
    x, y = outline(width_px, height_px)
    corner_x, corner_y = np.clip(x, 0, width_px - 1), np.clip(y, 0, height_px - 1)  # of sky that is in the image
    frame: Any = wcs_to_celestial_frame(wcs)
    ra, dec = sky_of_pixels(wcs, x[-1:], y[-1:])
    around = local_sky(wcs, corner_x, corner_y)
    sides = [_numbers(*both) for both in zip(around.x_arcsec, around.y_arcsec, strict=True)]
    up, left = float(around.up_pa_deg[-1]), float(around.left_pa_deg[-1])
    equinox = getattr(frame, "equinox", None)
    return {
        "projection": str(wcs.wcs.ctype[wcs.wcs.lng])[-3:],
        "axes": [str(one) for one in wcs.wcs.ctype],
        "frame": frame.name,
        "equinox": None if equinox is None else str(equinox),
        "ra_deg": _number(ra[0]), "dec_deg": _number(dec[0]),
        "size_deg": _size_deg(wcs, width_px, height_px),
        "up_pa_deg": _number(up),
        "is_mirrored": bool(np.sin(np.radians(left - up)) < 0) if np.isfinite(up + left) else None,
        "pixel_arcsec": sides[-1],
        "corner_pixels_arcsec": sides[:-1],
        **(_galactic(float(ra[0]), float(dec[0]), up) if isinstance(frame, Galactic) and np.isfinite(up) else {}),
    }  # fmt: skip


def _galactic(ra_deg: float, dec_deg: float, up_pa_deg: float) -> Row:
    """The centre in the image's own frame, and up from its north."""
    place: Any = SkyCoord(ra_deg, dec_deg, unit="deg")
    pole: Any = SkyCoord(0, 90, unit="deg", frame="galactic").icrs
    north = float(place.position_angle(pole).deg)
    l_deg, b_deg = float(place.galactic.l.deg), float(place.galactic.b.deg)
    return {"l_deg": l_deg, "b_deg": b_deg, "up_from_galactic_north_deg": (up_pa_deg - north) % 360}


def _size_deg(wcs: WCS, width_px: int, height_px: int) -> list[float] | None:
    """Length of the middle row and of the middle column on the sky."""
    across, up = np.linspace(-0.5, width_px - 0.5, EDGE_STEPS), np.linspace(-0.5, height_px - 0.5, EDGE_STEPS)
    x = np.stack([across, np.full(EDGE_STEPS, (width_px - 1) / 2)])
    y = np.stack([np.full(EDGE_STEPS, (height_px - 1) / 2), up])
    ra, dec = sky_of_pixels(wcs, x, y)
    arcs = arcs_arcsec(ra.reshape(2, -1), dec.reshape(2, -1)) / 3600
    return _numbers(*arcs)


def _number(one: float) -> float | None:
    return float(one) if np.isfinite(one) else None


def _numbers(one: float, other: float) -> list[float] | None:
    return [float(one), float(other)] if np.isfinite(one + other) else None
