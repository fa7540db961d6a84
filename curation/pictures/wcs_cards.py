"""The cards of a celestial WCS, checked one by one: what astropy and wcslib would pass over without a word."""

import re

import numpy as np
from astropy.io import fits

from catalogs.ecliptic import AXES as ECLIPTIC
from curation.pictures.cards import WCS_NUMBER, ImageError, number, value

WCS_TEXT = re.compile(r"(CTYPE|CUNIT)[12]|RADESYS|RADECSYS")
WCS_CARD = re.compile(rf"{WCS_NUMBER.pattern}|{WCS_TEXT.pattern}|PS[12]_\d+")
SKY_AXIS = re.compile(r"RA--|DEC-|[A-Z]LON|[A-Z]LAT|[A-Z][A-Z](LN|LT)")
EQUATORIAL, GALACTIC = {"RA--", "DEC-"}, {"GLON", "GLAT"}
RADESYS = ("ICRS", "FK5", "FK4", "FK4-NO-E")
FIRST_FK5 = 1984.0  # an equinox before it, where nothing is said, is of FK4 (FITS 4.0, 8.3)
FRAME_CARDS = ("RADESYS", "RADECSYS", "EQUINOX", "EPOCH")


def wcs_cards(header: fits.Header) -> fits.Header | None:
    """The cards of the WCS of the first two axes; None where they are not the sky's.

    Raises ImageError, with the name of the card, for one that is missing, no number, not finite or there twice with
    two values, and for a frame that is neither equatorial, Galactic nor ecliptic.
    """
    cards = fits.Header([card for card in header.cards if WCS_CARD.fullmatch(card.keyword)])
    for keyword in [one for one in cards if WCS_TEXT.fullmatch(one)]:
        if not isinstance(found := value(cards, keyword), str | None):
            raise ImageError("bad-wcs", f"{keyword}: found {found!r}, expected text; correct the header")
    types = [str(value(cards, f"CTYPE{axis}") or "") for axis in (1, 2)]
    if not all(SKY_AXIS.match(one) for one in types):
        return None
    _check_frame(cards, types)
    _check_numbers(cards)
    return cards


def _check_frame(cards: fits.Header, types: list[str]) -> None:
    """Leave only the frame cards that count, in the spelling that wcslib knows."""
    axes = {one[:4] for one in types}
    if axes not in (EQUATORIAL, GALACTIC, ECLIPTIC):
        raise ImageError(
            "bad-wcs", f"CTYPE1 {types[0]!r}, CTYPE2 {types[1]!r}: found another frame, expected RA and DEC, GLON and "
            "GLAT, or ELON and ELAT; give the image in one of them"
        )  # fmt: skip
    if axes == GALACTIC:
        # RADESYS and EQUINOX say nothing of Galactic axes (FITS 4.0, 8.3), but stand there, with 0 or with nonsense.
        for keyword in FRAME_CARDS:
            cards.remove(keyword, ignore_missing=True, remove_all=True)
        return
    for keyword in ("EQUINOX", "EPOCH"):
        if not number(cards, keyword):
            cards.remove(keyword, ignore_missing=True)
    given = next((one for one in ("RADESYS", "RADECSYS") if str(value(cards, one) or "").strip()), None)
    if given is not None:
        found = str(value(cards, given)).strip()
        if found.upper() not in RADESYS:
            raise ImageError("bad-wcs", f"{given}: found {found!r}, expected one of {', '.join(RADESYS)}; correct it")
        cards.remove("RADECSYS", ignore_missing=True)
        cards["RADESYS"] = found.upper()
    if axes == ECLIPTIC:
        _check_ecliptic(cards)


def _check_ecliptic(cards: fits.Header) -> None:
    """Leave no RADESYS, for beside ICRS wcslib forgets the equinox; refuse that of FK4, which nobody asked for yet."""
    system, equinox = str(cards.get("RADESYS", "")), number(cards, "EQUINOX") or number(cards, "EPOCH")
    if system.startswith("FK4") or (not system and equinox is not None and equinox < FIRST_FK5):
        raise ImageError(
            "bad-wcs", f"RADESYS {system or 'none'!r}, EQUINOX {equinox}: found ecliptic axes of FK4, expected such of "
            "FK5 or ICRS; give the image in one of them"
        )  # fmt: skip
    cards.remove("RADESYS", ignore_missing=True)


def _check_numbers(cards: fits.Header) -> None:
    for keyword in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"):
        if number(cards, keyword) is None:  # astropy would take 0 for one that is missing
            raise ImageError("bad-wcs", f"{keyword}: found none, expected a finite number; correct the header")
    for keyword in [one for one in dict.fromkeys(cards) if WCS_NUMBER.fullmatch(one)]:
        found = number(cards, keyword)
        if found is None:
            cards.remove(keyword, remove_all=True)
        elif not np.isfinite(found) or (found == 0 and keyword.startswith("CDELT")):
            raise ImageError("bad-wcs", f"{keyword}: found {found}, expected a finite number that is not 0"
                             if found == 0 else f"{keyword}: found {found}, expected a finite number")  # fmt: skip
        elif cards.count(keyword) > 1 and len({str(cards[keyword, i]) for i in range(cards.count(keyword))}) > 1:
            raise ImageError("bad-wcs", f"{keyword}: stands in the header twice, with two values; remove the wrong one")
