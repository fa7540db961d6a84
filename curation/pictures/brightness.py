"""What a FITS header, or else the survey, says of the unit of brightness."""

from astropy.io import fits

from catalogs.survey import Survey
from curation.pictures.brightness_unit import mjy_per_beam
from curation.pictures.cards import ImageError, value


def to_mjy_per_beam(header: fits.Header, survey: Survey, notes: list[str]) -> float | None:
    """Factor from the file's unit to mJy/beam; null where neither file nor survey names one. Adds to `notes`.

    Raises ImageError for a unit that is not a brightness per beam.
    """
    keyword, found = "BUNIT", value(header, "BUNIT")
    text = "" if found is None else str(found).strip()
    if not text and mjy_per_beam(ctype := str(value(header, "CTYPE1") or "").strip()):
        keyword, text = "CTYPE1", ctype
        notes.append(f"unit-in-ctype1: no BUNIT, and CTYPE1 is {ctype!r}: taken for the unit")
    assumed = survey.brightness_unit and mjy_per_beam(survey.brightness_unit)
    if text:
        factor = mjy_per_beam(text)
        if factor is None:
            raise ImageError(
                "bad-unit", f"{keyword}: found {text!r}, expected Jy/beam, mJy/beam or uJy/beam; correct the header"
            )
        if assumed and factor != assumed:
            notes.append(f"unit-differs: {keyword} {text!r}, the survey says {survey.brightness_unit}; the file wins")
        return factor
    if assumed:
        notes.append(f"unit-from-survey: no BUNIT, {survey.brightness_unit} is assumed")
        return assumed
    notes.append("unit-unknown: neither the file nor the survey names the unit; values stay as they are")
    return None
