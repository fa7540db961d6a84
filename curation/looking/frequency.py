"""The frequency of an image, by its header: of a frequency or wavelength axis, else of a rest frequency."""

import re
from typing import cast

from astropy import units as u
from astropy.io import fits

from curation.pictures.cards import ImageError, number, value

PLAUSIBLE_MHZ = (1.0, 1e6)
MAX_AXES = 9
CARDS = ("RESTFRQ", "RESTFREQ", "FREQ", "OBSFREQ", "FREQUENC")
SPECTRAL = re.compile(r"(FREQ|WAVE|LAMBDA|AWAV)")


def frequency_mhz(header: fits.Header) -> tuple[float | None, str]:
    """Frequency in MHz and the card it is of; None and an empty text where no card gives one that can be."""
    for axis in range(1, MAX_AXES + 1):
        kind = SPECTRAL.match(_text(header, f"CTYPE{axis}").upper())
        found = _of_axis(header, axis) if kind else None
        if kind and found is not None:
            unit = _text(header, f"CUNIT{axis}") or ("Hz" if kind[1] == "FREQ" else "m")
            if (made := _mhz(found, unit)) is not None:
                return made, f"CRVAL{axis}, {kind[1]} in {unit}"
    for keyword in CARDS:
        found = _number(header, keyword)
        if found and (made := _mhz(found, "Hz")) is not None:
            return made, keyword
    return None, ""


def _of_axis(header: fits.Header, axis: int) -> float | None:
    """The axis' value at its first pixel, the one there is."""
    start = _number(header, f"CRVAL{axis}")
    at, step = _number(header, f"CRPIX{axis}"), _number(header, f"CDELT{axis}")
    return None if start is None else start + (1 - (1 if at is None else at)) * (step or 0.0)


def _mhz(number_: float, unit: str) -> float | None:
    try:
        made = float(cast(float, u.Quantity(number_, unit).to_value(u.MHz, equivalencies=u.spectral())))
    except (ValueError, TypeError, ZeroDivisionError):
        return None
    return made if PLAUSIBLE_MHZ[0] <= made <= PLAUSIBLE_MHZ[1] else None


def _text(header: fits.Header, keyword: str) -> str:
    try:
        return str(value(header, keyword) or "").strip()
    except ImageError:
        return ""


def _number(header: fits.Header, keyword: str) -> float | None:
    try:
        return number(header, keyword)
    except ImageError:
        return None
