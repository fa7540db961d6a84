"""Units of a table's columns as radio software spells them: astropy reads them, after their capitals are repaired.

What a spelling can mean is a list: `MJY` is milli or mega, and nobody here guesses a factor of a thousand million.
"""

import re
import warnings
from collections.abc import Iterator
from itertools import islice, product

from astropy import units as u

SPELLINGS = {
    "h:m:s": "hourangle", "hms": "hourangle", "d:m:s": "deg", "dms": "deg", '"': "arcsec", "''": "arcsec",
    "″": "arcsec", "'": "arcmin", "′": "arcmin", "°": "deg", "º": "deg",
}  # fmt: skip
NO_UNIT = ("", "-", "--", "---", "none", "None", "NONE", "null", "N/A")
WORD = re.compile(r"[A-Za-z]+")
MOST_READINGS = 16
LONGEST = 100
LONG = re.compile(r"(?:\*\*|\^|[+-])[\s(+-]*\d{3}")  # a power that astropy would work out, however long it takes
REPAIRS = (
    (re.compile(r"[µμ]"), "u"),
    (re.compile(r"[·⋅]"), "."),
    (re.compile(r"[−⁻]"), "-"),
    (re.compile("¹"), "1"),
    (re.compile("²"), "2"),
    (re.compile(r"\bper\b", re.IGNORECASE), "/"),
    (re.compile(r"\s*(?:\*\*|\^)\s*"), "**"),
    (re.compile(r"(?<=[A-Za-z])\s+(?=-\d)"), ""),
    (re.compile(r"\s*/\s*"), "/"),
    (re.compile(r"(?<=[A-Za-z])\.$"), ""),
    (re.compile(r"^\((.*)\)$"), r"\1"),
)
NAMES = {
    "deg": "deg degs degree degrees", "arcmin": "arcmin arcmins arcminute arcminutes amin",
    "arcsec": "arcsec arcsecs arcsecond arcseconds asec", "mas": "mas milliarcsec milliarcsecond milliarcseconds",
    "uas": "uas", "rad": "rad rads radian radians", "sr": "sr ster steradian steradians", "beam": "beam beams bm",
    "pix": "pix pixel pixels px", "Hz": "hz hertz", "kHz": "khz", "MHz": "mhz", "GHz": "ghz", "THz": "thz",
    "s": "s sec secs second seconds", "min": "min minute minutes", "d": "d day days", "yr": "yr yrs year years",
    "pc": "pc parsec parsecs", "kpc": "kpc", "Mpc": "mpc", "m": "m meter metre", "cm": "cm", "mm": "mm", "km": "km",
    "K": "k kelvin", "W": "w", "erg": "erg ergs", "mag": "mag mags", "ct": "count counts",
    "h": "h hr hrs hour hours", "hourangle": "h hr hrs hour hours hourangle",
}  # fmt: skip
JANSKY = re.compile(r"(?P<prefix>milli|micro|nano|kilo|mega|[munk]?)(?:jy|jansky|janskys|janskies)", re.IGNORECASE)
PREFIXES = {"milli": "m", "micro": "u", "nano": "n", "kilo": "k", "mega": "M"}
KNOWN = dict[str, list[str]]()
for _unit, _words in NAMES.items():
    for _word in _words.split():
        KNOWN.setdefault(_word, []).append(_unit)


def units_of(text: str) -> list[u.UnitBase]:
    """What a unit can mean, astropy's own reading first; none where nobody knows it."""
    # Not to_string and not a lower-case comparison: PyBDSF writes "beam-1 mJy".
    plain = text.strip()
    plain = SPELLINGS.get(plain.lower(), plain)
    plain = plain.strip('"').strip() if len(plain) > 1 else plain
    plain = SPELLINGS.get(plain.lower(), plain)
    found = [one for one in [_parsed(plain)] if one is not None]
    for spelled in _repaired(plain):
        one = _parsed(spelled)
        if one is not None and not any(one == other for other in found):
            found.append(one)
    return found


def unit_that_gives(text: str, target: str | None) -> u.UnitBase:
    """The one meaning of a unit that can become `target`, or that it has where there is no target.

    Raises ValueError for a unit that nobody knows, that cannot become the target, or that can mean two.
    """
    found = units_of(text)
    if not found:
        raise ValueError(f"{text!r} is not a unit that astropy knows")
    is_as_written = _parsed(text.strip()) is not None
    if target is None or (is_as_written and found[0].is_equivalent(u.Unit(target))):
        return found[0]
    fitting = [one for one in found if one.is_equivalent(u.Unit(target))]
    if not fitting:
        raise ValueError(f"is in {found[0]}, which cannot become {target}")
    if len(fitting) > 1:
        raise ValueError(f"{text!r} can mean {' or '.join(map(str, fitting))}; say which as unit")
    return fitting[0]


def _repaired(text: str) -> Iterator[str]:
    """Spellings of the same unit that astropy may know."""
    for pattern, plain in REPAIRS:
        text = pattern.sub(plain, text)
    words = WORD.findall(text)
    readings = [_meanings(word) for word in words]
    between = WORD.split(text)
    for chosen in islice(product(*readings), MOST_READINGS):
        yield "".join(part for pair in zip(between, [*chosen, ""], strict=True) for part in pair)


def _meanings(word: str) -> list[str]:
    found = JANSKY.fullmatch(word)
    if found is None:
        return KNOWN.get(word.lower(), [word])
    prefix = found["prefix"]
    if prefix == "M":
        return ["mJy", "MJy"]
    return [PREFIXES.get(prefix.lower(), prefix.lower()) + "Jy"]


def _parsed(text: str) -> u.UnitBase | None:
    if len(text) > LONGEST or LONG.search(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = u.Unit(text)
    except (ValueError, TypeError):
        return None
    return None if not text or isinstance(found, u.FunctionUnitBase) else found
