"""The WCS of an image: read with distrust, written in full; and its outline in pixels."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_area, proj_plane_pixel_scales

from catalogs.wcs_sky import Degrees, quiet_wcs, sky_of_pixels
from curation.pictures.cards import ImageError
from curation.pictures.wcs_cards import wcs_cards
from curation.pictures.whole_turns import within_half_a_turn

PIXEL_ARCSEC = (0.1, 600.0)  # a Parkes map has 240


def outline(width_px: int, height_px: int) -> tuple[Degrees, Degrees]:
    """The four corners of an image and its centre, as 0-based pixel positions x, y."""
    # A pixel's centre is at an integer, so the image reaches from -0.5 to n - 0.5.
    right, top = width_px - 0.5, height_px - 0.5
    x = np.array([-0.5, right, right, -0.5, (width_px - 1) / 2])
    y = np.array([-0.5, -0.5, top, top, (height_px - 1) / 2])
    return x, y


def celestial_wcs(header: fits.Header, width_px: int, height_px: int) -> WCS | None:
    """The WCS of the first two axes; None where they are not the sky's. Raises ImageError for one that lies.

    Its reference is within half a turn of the image, wherever it is in the header.
    """
    cards = wcs_cards(header)
    if cards is None:
        return None
    try:
        wcs = quiet_wcs(cards)
        if not wcs.has_celestial:
            return None
        sides_arcsec = [*proj_plane_pixel_scales(wcs) * 3600, mean_pixel_arcsec(wcs)]  # the mean is 0 for parallel axes
        wcs = within_half_a_turn(wcs, width_px, height_px)
        sky_of_pixels(wcs, 0.0, 0.0)
    except (ValueError, TypeError, ArithmeticError, MemoryError) as error:  # astropy's and wcslib's own are ValueErrors
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise ImageError("bad-wcs", f"astropy cannot read the WCS: {reason}") from error
    low, high = PIXEL_ARCSEC
    if not all(low <= side <= high for side in sides_arcsec):
        found = " x ".join(f"{side:g}" for side in sides_arcsec[:2])
        raise ImageError("bad-wcs", f"CDELT or CD: pixels of {found} arcsec, expected sides of {low} to {high}")
    return wcs


def mean_pixel_arcsec(wcs: WCS) -> float:
    """Side of a square as large as a pixel at the reference point."""
    return float(np.sqrt(proj_plane_pixel_area(wcs)) * 3600)


def wcs_text(wcs: WCS) -> str:
    """The WCS as cards, every number in full: `to_header` keeps twelve digits only, and leaves out zeros."""
    header = wcs.to_header(relax=True)
    for keyword in [one for one in header if one.startswith(("MJD", "DATE"))]:
        del header[keyword]
    matrix = wcs.wcs.get_pc()
    for axis in (0, 1):
        header[f"CRPIX{axis + 1}"] = float(wcs.wcs.crpix[axis])
        header[f"CRVAL{axis + 1}"] = float(wcs.wcs.crval[axis])
        header[f"CDELT{axis + 1}"] = float(wcs.wcs.get_cdelt()[axis])
        for other in (0, 1):
            header[f"PC{axis + 1}_{other + 1}"] = float(matrix[axis, other]) + 0.0  # no -0.0
    for axis, index, number_ in wcs.wcs.get_pv():
        header[f"PV{axis}_{index}"] = float(number_)
    return header.tostring(sep="\n", endcard=False, padding=False)
