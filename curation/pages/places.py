"""A place on the sky as a person types it: degrees, hours and degrees, or the name of a source of the corpus."""

import re

import numpy as np
from astropy.coordinates import SkyCoord

from schemas.errors import RecipeError

MOST_LETTERS = 100
FORMS = "degrees such as 187.7 12.4, or hours and degrees such as 12:30:49 +12:23:28"
"""Of a position, as people are told what to type."""
DEGREES = re.compile(r"\s*([+-]?\d+(?:\.\d*)?)\s*(?:deg|°)?[\s,]+([+-]?\d+(?:\.\d*)?)\s*(?:deg|°)?\s*")
HOURS = re.compile(r"\s*\d{1,2}(?:\s*[h:]\s*|\s+)\d.*")


def place_deg(text: str) -> tuple[float, float] | None:
    """ICRS degrees; None for what does not look like a place. Raises RecipeError for one that is not on the sky."""
    if len(text) > MOST_LETTERS:
        raise RecipeError(f"place {text[:20]!r}…: expected at most {MOST_LETTERS} characters")
    if found := DEGREES.fullmatch(text):
        ra, dec = float(found[1]), float(found[2])
    elif HOURS.fullmatch(text):
        try:
            sky = SkyCoord(text.replace(",", " "), unit=("hourangle", "deg"))
        except (ValueError, TypeError) as error:
            raise RecipeError(f"place {text!r}: {str(error).splitlines()[0]:.100}") from None
        ra, dec = float(sky.ra.deg), float(sky.dec.deg)  # pyright: ignore
    else:
        return None
    if not (np.isfinite([ra, dec]).all() and 0 <= ra < 360 and -90 <= dec <= 90):  # noqa: PLR2004
        raise RecipeError(f"place {text!r}: found RA {ra:g}, Dec {dec:g}; expected 0 to 360 and -90 to 90 degrees")
    return ra, dec
