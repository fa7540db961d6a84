"""A unit of brightness as headers spell it, in any order, capitals and prefix. astropy reads what is repaired here."""

import re
import warnings
from typing import cast

import numpy as np
from astropy import units

from catalogs.units import LONG

MJY_PER_BEAM = units.mJy / units.beam
ALLOWED = re.compile(r"[A-Za-z0-9 ./*^()+\-\[\]]{1,68}")
# A number before or after the unit: 10**-3, 10^(-3), 10-3, 1e-3, 0.001, and x, *, . or a blank between.
POWER = r"10\s*(?:\*\*|\^)\s*\(?\s*(?P<power>[+-]?\d{1,2})\s*\)?|10(?P<short>[+-]\d{1,2})"
PLAIN = r"(?P<plain>\d+(?:\.\d*)?(?:[EeDd][+-]?\d{1,2})?)"
BEFORE = re.compile(rf"(?:[xX]\s+)?\(?(?:{POWER}|{PLAIN})\)?\s*(?:[*.]|[xX]\s)?\s*(?=[A-Za-z(\[])")
AFTER = re.compile(rf"(?:\s*\*\s*|(?<!\d)\.|\s+[xX]?\s*)(?:{POWER}|(?P<plain>\d+(?:\.\d*)?[EeDd][+-]?\d{{1,2}}))$")
WORD = re.compile(r"[A-Za-z]+")
BEAM = re.compile(r"beams?|bm", re.IGNORECASE)
JANSKY = re.compile(r"(?P<prefix>milli|micro|nano|kilo|[munk]?)(?:jy|jansky|janskys|janskies)", re.IGNORECASE)
PREFIXES = {"milli": "m", "micro": "u", "nano": "n", "kilo": "k"}
REPAIRS = (  # of what stands in headers, and is not in the grammar that astropy reads
    (re.compile(r"[µμ]"), "u"),
    (re.compile("·"), "."),
    (re.compile(r"\{([^{}]*)\}"), r"(\1)"),
    (re.compile(r"\[([^\[\]]*)\]"), r"\1"),
    (re.compile(r"\bper\b", re.IGNORECASE), "/"),
    (re.compile(r"^\(([^()]*)\)$"), r"\1"),
    (re.compile(r"\b(milli|micro|nano|kilo)\s+(?=j)", re.IGNORECASE), r"\1"),
    (re.compile(r"\(\s*([A-Za-z]+)\s*\)"), r" \1 "),
    (re.compile(r"\s*(?:\*\*|\^)\s*"), "^"),
    (re.compile(r"(?<=[A-Za-z])\s+(?=-\d)"), ""),
    (re.compile(r"(?<=\()\s+|\s+(?=\))"), ""),
    (re.compile(r"^\s*1?\s*/\s*([A-Za-z]+)"), r"\1^-1"),
    (re.compile(r"\s*([/*])\s*"), r"\1"),
)


def mjy_per_beam(text: str) -> float | None:
    """How many mJy/beam one of this unit is; None for what is not a brightness per beam, or is not understood."""
    for pattern, plain in REPAIRS[:5]:
        text = pattern.sub(plain, text)
    if not ALLOWED.fullmatch(text) or LONG.search(text):
        return None
    factor, text = _without_factor(text.strip())
    for pattern, plain in REPAIRS[5:]:
        text = pattern.sub(plain, text)
    words = {one: _name(one) for one in WORD.findall(text)}
    if None in words.values() or len(words) < 2:  # noqa: PLR2004 -- a brightness and a beam
        return None
    text = WORD.sub(lambda found: str(words[found[0]]), text).strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = factor * float(cast(float, units.Unit(text, format="generic").to(MJY_PER_BEAM)))
    except (ValueError, TypeError, ArithmeticError):  # not a unit, or of something else
        return None
    return float(f"{found:.12g}") if np.isfinite(found) and found > 0 else None


def _without_factor(text: str) -> tuple[float, str]:
    """The numbers before and after a unit, as one, and the unit."""
    factor = 1.0
    if found := BEFORE.match(text):
        factor, text = factor * _number(found), text[found.end() :]
    if found := AFTER.search(text):
        factor, text = factor * _number(found), text[: found.start()]
    return factor, text


def _number(found: re.Match[str]) -> float:
    power = found["power"] or found["short"]
    return 10.0 ** int(power) if power else float(found["plain"].upper().replace("D", "E"))


def _name(word: str) -> str | None:
    """A word as astropy spells it; None where a factor of a thousand million would have to be guessed."""
    if BEAM.fullmatch(word):
        return "beam"
    found = JANSKY.fullmatch(word)
    if not found:
        return word
    prefix = found["prefix"]
    if prefix == "M":  # mega, or milli in a file that knows no small letters
        return None
    return PREFIXES.get(prefix.lower(), prefix.lower()) + "Jy"
