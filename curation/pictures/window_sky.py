"""Where on the sky each window of a mosaic lies, how large its pixels are there, and which way north is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.pictures.local_sky import arcs_arcsec, local_sky
from curation.pictures.plane import Box
from curation.pictures.sky_pixels import outline

HALF_TURN_DEG = 180.0
NOWHERE = dict.fromkeys(
    ("ra_deg", "dec_deg", "sky_polygon_deg", "wcs_header", "pixel_x_arcsec", "pixel_y_arcsec",
     "up_pa_deg", "left_pa_deg", "turn_deg")
)  # fmt: skip
Reals = NDArray[np.float64]
Row = dict[str, Any]


def window_sky(boxes: Sequence[Box], mosaic: Row) -> list[Row]:
    """Columns of place of each window, all in two calls; without WCS null, but for the scale where that is known."""
    if mosaic["header"] is None:
        scale = dict.fromkeys(("pixel_x_arcsec", "pixel_y_arcsec"), mosaic["pixel_arcsec"])
        return [{**NOWHERE, **scale} for _ in boxes]
    wcs, marks = read_wcs(mosaic["header"]), _marks(boxes)
    ra, dec = (one.reshape(marks.shape[1:]) for one in sky_of_pixels(wcs, *marks))
    pixels, angles = _pixels(boxes, wcs, ra, dec), _angles(wcs, marks)
    return [
        {
            **_outline(ra[i], dec[i]),
            "wcs_header": moved_header(mosaic["header"], box[0], box[1]),
            **{name: _number(one[i]) for name, one in {**pixels, **angles}.items()},
        }
        for i, box in enumerate(boxes)
    ]


def moved_header(header: str, x_px: int, y_px: int) -> str:
    """The WCS cards of an image that begins at pixel (x, y) of the one `header` is of: exact, in any projection."""
    shift = {"CRPIX1": x_px, "CRPIX2": y_px}
    return "\n".join(
        _card(card[:8].rstrip(), float(card[10:].split("/")[0]) - shift[card[:8].rstrip()])
        if card[:8].rstrip() in shift
        else card
        for card in header.split("\n")
    )


def _card(keyword: str, number: float) -> str:
    return f"{keyword:<8}= {repr(number).upper():>20}".ljust(80)


def _marks(boxes: Sequence[Box]) -> Reals:
    """Pixel positions x, y [2, n, 9]: four corners and centre, then the middles of left, right, bottom and top."""
    found = list[Reals]()
    for x_min, y_min, x_max, y_max in boxes:
        x, y = outline(x_max - x_min, y_max - y_min)
        across, up = [x[0], x[1], x[-1], x[-1]], [y[-1], y[-1], y[0], y[2]]
        found.append(np.array([x_min + np.append(x, across), y_min + np.append(y, up)]))
    return np.stack(found, axis=1)


def _pixels(boxes: Sequence[Box], wcs: WCS, ra: Reals, dec: Reals) -> dict[str, Reals]:
    """Mean sides of the pixels of each window, edge to edge; where an edge is off the sky, those of its centre."""
    edges = np.array(boxes, float)
    n_px = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
    rows, columns = [5, 4, 6], [7, 4, 8]
    x, y = (arcs_arcsec(ra[:, i], dec[:, i]) / n for i, n in zip((rows, columns), n_px, strict=True))
    if not (np.isfinite(x) & np.isfinite(y)).all():
        centre = (edges[:, :2] + edges[:, 2:] - 1) / 2
        here = local_sky(wcs, centre[:, 0], centre[:, 1])
        x, y = np.where(np.isfinite(x), x, here.x_arcsec), np.where(np.isfinite(y), y, here.y_arcsec)
    return {"pixel_x_arcsec": x, "pixel_y_arcsec": y}


def _angles(wcs: WCS, marks: Reals) -> dict[str, Reals]:
    n = marks.shape[1]
    here = local_sky(wcs, *marks[:, :, [4, 5, 6]].transpose(0, 2, 1).reshape(2, -1))
    up = here.up_pa_deg.reshape(3, n)
    turns = np.abs((up[1:] - up[0] + HALF_TURN_DEG) % 360 - HALF_TURN_DEG).max(axis=0)
    return {"up_pa_deg": up[0], "left_pa_deg": here.left_pa_deg[:n], "turn_deg": turns}


def _outline(ra: Reals, dec: Reals) -> Row:
    corners = np.column_stack([ra[:4], dec[:4]]).ravel()
    is_sky = bool(np.isfinite(corners).all() and np.isfinite(ra[4]))
    return {
        "ra_deg": _number(ra[4]),
        "dec_deg": _number(dec[4]),
        "sky_polygon_deg": corners.tolist() if is_sky else None,
    }


def _number(one: np.floating) -> float | None:
    return float(one) if np.isfinite(one) else None
