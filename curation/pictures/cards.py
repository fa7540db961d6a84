"""Cards of a FITS header: their values, read with distrust, and numbers that somebody wrote as text."""

import re
from math import isfinite

from astropy.io import fits

from schemas.errors import CatalogError

NOT_PRINTABLE = re.compile(r"[^ -~]")
BEYOND_ASCII = str.maketrans({chr(code): "?" for code in range(0x80, 0x100)})
SIGNS = {  # UTF-8 and Latin-1 bytes that stand in real units, each by as many characters: a micro lost is a million
    "\xc2\xb5": " u", "\xce\xbc": " u", "\xb5": "u", "\xe2\x81\xbb\xc2\xb9": "-1   ", "\xc2\xb7": " .", "\xb7": ".",
    "\xc2\xa0": "  ", "\xa0": " ",
}  # fmt: skip
WCS_NUMBER = re.compile(
    r"(CRVAL|CRPIX|CDELT|CROTA|PROJP)[12]|(PC|CD)0*[12]_?0*[12]|PV[12]_\d+|[AB]P?_(ORDER|\d_\d)"
    r"|LONPOLE|LATPOLE|EQUINOX|EPOCH"
)
OTHER_NUMBER = re.compile(r"BMAJ|BMIN|BPA|CLEANB(MJ|MN|PA)|BSCALE|BZERO|BLANK|DATAM(IN|AX)")
PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([EeDd][+-]?\d{1,3})?")
EQUINOXES = {"J2000": 2000.0, "J2000.0": 2000.0, "B1950": 1950.0, "B1950.0": 1950.0}


class ImageError(CatalogError):
    """A file is not an image that can be trusted; `reason` is the word to count it by, `sha256` the file's digest."""

    def __init__(self, reason: str, detail: str, sha256: str = "") -> None:
        super().__init__(detail)
        self.reason, self.sha256 = reason, sha256


def value(header: fits.Header, keyword: str) -> object:
    """A card's value, None where there is none. Raises ImageError for a card that cannot be read."""
    try:
        found = header.get(keyword)
    except (ValueError, fits.VerifyError) as error:
        raise ImageError("bad-header", f"{keyword}: a card that cannot be read; correct the header") from error
    return None if isinstance(found, fits.card.Undefined) else found


def number(header: fits.Header, keyword: str) -> float | None:
    """A card's value as a number, None where there is none or it is blank. Raises ImageError for anything else."""
    found = value(header, keyword)
    if found is None or (isinstance(found, str) and not found.strip()):
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ImageError("bad-header", f"{keyword}: found {found!r}, expected a number; correct the header")
    return float(found)


def whole_number(header: fits.Header, keyword: str, default: int | None = None) -> int:
    """A card's value as a whole number. Raises ImageError for anything else, and where it is missing undefaulted."""
    found = value(header, keyword)
    found = default if found is None else found
    if not isinstance(found, int) or isinstance(found, bool):
        raise ImageError("bad-header", f"{keyword}: found {found!r}, expected a whole number")
    return found


def cleaned(text: str) -> str:
    """Only what FITS allows, and of the same length. TABs stand in real headers, and no writer takes them back."""
    for sign, plain in SIGNS.items():
        text = text.replace(sign, plain)
    # What is left beyond ASCII is not made a blank: a unit must not become another one by losing a letter.
    return NOT_PRINTABLE.sub(" ", text.translate(BEYOND_ASCII))


def numbers_mended(header: fits.Header) -> tuple[str, ...]:
    """Make numbers of those that were written as text, in place; a note on each.

    astropy and wcslib pass over such a card without a word, and a missing number of a WCS is 0 to them. Text that is
    no number stays: it is refused where that number is needed.
    """
    notes = list[str]()
    for card in header.cards:
        if not (WCS_NUMBER.fullmatch(card.keyword) or OTHER_NUMBER.fullmatch(card.keyword)):
            continue
        try:
            text = card.value
            found = _number_of(card.keyword, text.strip()) if isinstance(text, str) else None
            if found is not None:
                card.value = found
        except (fits.VerifyError, ValueError):  # a card that astropy cannot read, or will not write
            continue
        if found is not None:
            notes.append(f"number-as-text: {card.keyword} {text!r} is read as {found:.12g}")
    return tuple(notes)


def _number_of(keyword: str, text: str) -> float | int | None:
    if keyword in ("EQUINOX", "EPOCH") and text.upper() in EQUINOXES:
        return EQUINOXES[text.upper()]
    if not PLAIN_NUMBER.fullmatch(text):
        return None
    found = float(text.upper().replace("D", "E"))
    if not isfinite(found):
        return None
    return int(found) if keyword == "BLANK" and found.is_integer() else found
