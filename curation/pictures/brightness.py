"""What a FITS header, or else the survey, says of brightness: its unit, and the beam it is measured in."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from astropy.io import fits

from catalogs.survey import Survey
from curation.pictures.fits_header import ImageError, number, value

MAX_BEAM_DEG = 1.0  # more is a beam in arcsec under a keyword that means degrees
MJY_PER = {"jy/beam": 1000.0, "mjy/beam": 1.0, "ujy/beam": 0.001}
AIPS_BEAM = re.compile(r"BMAJ=\s*(\S+)\s+BMIN=\s*(\S+)(?:\s+BPA=\s*(\S+))?")
Row = dict[str, Any]


def to_mjy_per_beam(header: fits.Header, survey: Survey, notes: list[str]) -> float | None:
    """Factor from the file's unit to mJy/beam; null where neither file nor survey names one. Adds to `notes`.

    Raises ImageError for a unit that is not a brightness per beam.
    """
    keyword, text = "BUNIT", str(value(header, "BUNIT") or "").strip()
    if not text and _unit(ctype := str(value(header, "CTYPE1") or "").strip()):
        keyword, text = "CTYPE1", ctype
        notes.append(f"unit-in-ctype1: no BUNIT, and CTYPE1 is {ctype!r}: taken for the unit")
    if text:
        unit = _unit(text)
        if unit is None:
            raise ImageError(
                "bad-unit", f"{keyword}: found {text!r}, expected Jy/beam, mJy/beam or uJy/beam; correct the header"
            )
        if survey.brightness_unit and unit != survey.brightness_unit.lower():
            notes.append(f"unit-differs: {keyword} {text!r}, the survey says {survey.brightness_unit}; the file wins")
        return MJY_PER[unit]
    if survey.brightness_unit:
        notes.append(f"unit-from-survey: no BUNIT, {survey.brightness_unit} is assumed")
        return MJY_PER[survey.brightness_unit.lower()]
    notes.append("unit-unknown: neither the file nor the survey names the unit; values stay as they are")
    return None


def _unit(text: str) -> str | None:
    """A key of MJY_PER, however the unit is spelled; None for anything else."""
    if text.startswith("M"):  # mega, or milli in a file that knows no small letters: a factor of 1e9 is not guessed
        return None
    plain = re.sub(r"[µμ]", "u", text).lower().replace("beam^-1", "beam-1")
    plain = re.sub(r"[\s.*]+(beam|bm)-1$", "/beam", plain).replace("/bm", "/beam").replace(" ", "")
    return plain if plain in MJY_PER else None


def beam_columns(header: fits.Header, survey: Survey, notes: list[str]) -> Row:
    """Beam columns: of BMAJ and BMIN, else of what AIPS wrote into HISTORY, else of the survey, else null."""
    given = number(header, "BMAJ"), number(header, "BMIN"), number(header, "BPA")
    if _is_beam(given):
        return _columns(given, "header")
    if given[0] is not None:
        notes.append(f"beam-refused: BMAJ {given[0]}, BMIN {given[1]}: expected degrees, 0 to {MAX_BEAM_DEG}")
    history = [found for line in _history(header) for found in AIPS_BEAM.findall(line)]
    written = tuple(_float(text) for text in history[-1]) if history else (None, None, None)
    if _is_beam(written):
        return _columns(written, "history")
    if survey.beam_arcsec:
        major, minor = survey.beam_arcsec
        notes.append(f"beam-from-survey: no beam in the file, {major} x {minor} arcsec is assumed")
        return _columns((major / 3600, minor / 3600, survey.beam_pa_deg), "survey")
    notes.append("beam-unknown: neither the file nor the survey gives it")
    return _columns((None, None, None), None)


def _history(header: fits.Header) -> Iterable[str]:
    return (str(line) for line in header["HISTORY"]) if "HISTORY" in header else ()


def _float(text: str) -> float | None:
    try:
        return float(text.upper().replace("D", "E"))
    except ValueError:
        return None


def _is_beam(beam: tuple[float | None, ...]) -> bool:
    return all(axis is not None and 0 < axis <= MAX_BEAM_DEG for axis in beam[:2])


def _columns(beam: tuple[float | None, ...], beam_from: str | None) -> Row:
    major, minor = (None if axis is None else axis * 3600 for axis in beam[:2])
    angle = beam[2] if beam[2] is not None and np.isfinite(beam[2]) else None
    return {
        "beam_major_arcsec": major, "beam_minor_arcsec": minor,
        "beam_pa_deg": angle, "beam_from": beam_from,
    }  # fmt: skip
