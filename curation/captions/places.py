"""Places on the sky that a caption names: J2000 and B1950 names, Galactic names, coordinates in words.

Each comes with how exactly it is said, so that who looks for sealed sky looks far enough.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

DASH = r"[-−–‐‑‒]"
SIGN = rf"(?:[+±＋]|{DASH})"
DEG, MIN, SEC = r"(?:°|º|deg(?:rees?)?|d)", r"(?:['′’]|m(?:in)?|arcmin)", r"(?:[\"″”]|''|′′|s(?:ec)?|arcsec)"
BLANK = r"\s*"
JNAME = re.compile(
    rf"(?<![A-Za-z0-9])(?P<equinox>[JB])\s?(?P<ra>\d{{4,6}}(?:\.\d+)?)\s?(?P<sign>\+|{DASH})\s?(?P<dec>\d{{2,6}}(?:\.\d+)?)"
)
OLD_NAME = re.compile(
    rf"(?<![A-Za-z0-9])(?:PKS|MRC|TXS|B2|B3|WNB|WN|Cul|OTL)\s?(?P<equinox>[JB]?)\s?(?P<ra>\d{{4}})\s?(?P<sign>\+|{DASH})\s?"
    rf"(?P<dec>\d{{2,4}})(?!\d)"
)
"""Of catalogues whose names are of B1950 unless they say J."""
GALACTIC = re.compile(
    rf"(?<![A-Za-z0-9])(?:G|GAL)\s?(?P<l>\d{{1,3}}\.\d{{1,4}})\s?(?P<sign>\+|{DASH})\s?(?P<b>\d{{1,2}}\.\d{{1,4}})(?![\d.])"
)
GALACTIC_WORDS = re.compile(
    rf"\(?\bl{BLANK},{BLANK}b\)?{BLANK}[=≈~:]{BLANK}\(?(?P<l>\d{{1,3}}(?:\.\d+)?){BLANK}{DEG}?{BLANK},{BLANK}"
    rf"(?P<sign>{SIGN}?)(?P<b>\d{{1,2}}(?:\.\d+)?)"
)
RA_WORD = r"(?:R\.?\s?A\.?|right\s+ascension|α)(?:\s*\(?_?\{?J?(?:2000|B?1950)(?:\.0)?\}?\)?)?"
DEC_WORD = r"(?:Dec(?:l(?:ination)?)?\.?|declination|δ)(?:\s*\(?_?\{?J?(?:2000|B?1950)(?:\.0)?\}?\)?)?"
IS = rf"{BLANK}(?:[=≈~:]|of|is|at)?{BLANK}"
RA = (
    rf"(?P<h>\d{{1,2}}){BLANK}(?:h|ʰ|:|\s){BLANK}(?P<m>\d{{1,2}})(?:{BLANK}(?:m|ᵐ|:|\s){BLANK}(?P<s>\d{{1,2}}(?:\.\d+)?)?"
    rf"{BLANK}(?:s|ˢ)?(?P<s_after>\.?\d+)?)?"
)
DEC = (
    rf"(?P<sign>{SIGN})?{BLANK}(?P<d>\d{{1,2}}){BLANK}(?:{DEG}|:|\s){BLANK}(?P<am>\d{{1,2}})"
    rf"(?:{BLANK}(?:{MIN}|:|\s){BLANK}(?P<as>\d{{1,2}}(?:\.\d+)?)?{BLANK}(?:{SEC})?)?"
)
SEXAGESIMAL = re.compile(
    rf"(?:{RA_WORD}{IS})?{RA}{BLANK}[,;]?{BLANK}(?:and\s+)?(?:{DEC_WORD}{IS})?{DEC}", re.IGNORECASE
)
BOTH_WORDS = re.compile(
    rf"(?:{RA_WORD}{BLANK}(?:,|/|and){BLANK}{DEC_WORD}|α{BLANK},{BLANK}δ)\)?{IS}\(?{RA}{BLANK}[,;]?{BLANK}{DEC}",
    re.IGNORECASE,
)
DECIMAL = re.compile(
    rf"{RA_WORD}{IS}(?P<ra>\d{{1,3}}(?:\.\d+)?){BLANK}{DEG}?{BLANK}[,;]?{BLANK}(?:and\s+)?{DEC_WORD}{IS}"
    rf"(?P<sign>{SIGN})?{BLANK}(?P<dec>\d{{1,2}}(?:\.\d+)?)(?!{BLANK}[\d:h])",
    re.IGNORECASE,
)
HOURS, MINUTES, SEXTY, RIGHT, TURN = 24, 60, 60.0, 90.0, 360.0
TO_MINUTES, TO_TENTHS, TO_SECONDS, TWO_COLONS = 4, 3, 6, 2  # digits of a name
LEAST_RADIUS_ARCSEC = 5.0


@dataclass(frozen=True)
class Place:
    """A place that words name, ICRS degrees, and how far off it may be as it is said."""

    said: str
    ra_deg: float
    dec_deg: float
    radius_arcsec: float


def places_in(text: str) -> list[Place]:
    """The places that a text names, each once, in its order. What is no place on the sky is passed over."""
    if not any(one.isdigit() for one in text):
        return []
    found: list[tuple[int, Place]] = []
    taken: list[tuple[int, int]] = []
    for pattern, read in _READERS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            place = read(match)
            if place is not None:
                found.append((match.start(), place))
                taken.append(match.span())
    once = {(one.ra_deg, one.dec_deg): one for _, one in sorted(found, key=lambda pair: pair[0])}
    return list(once.values())


def _name(match: re.Match[str]) -> Place | None:
    """J123456.7-123456 and the like: cut off and not rounded, so that the last digit's whole unit is unsure."""
    ra, height = _name_ra(match["ra"]), _name_dec(match["dec"])
    if ra is None or height is None:
        return None
    (clock, ra_unit_arcsec), (degrees, unit_arcsec) = ra, height
    sign = 1 if match["sign"] == "+" else -1
    return _equatorial(match, clock, sign * degrees, max(unit_arcsec, ra_unit_arcsec))


def _name_ra(digits: str) -> tuple[tuple[int, int, float], float] | None:
    """Hours, minutes and seconds of HHMM, HHMM.m, HHMMSS or HHMMSS.ss, and the unit of the last digit in arcsec."""
    whole, _, rest = digits.partition(".")
    last = float(f"0.{rest or 0}")
    if len(whole) == TO_SECONDS:
        return (int(whole[:2]), int(whole[2:4]), int(whole[4:]) + last), 15.0 / 10 ** len(rest)
    if len(whole) == TO_MINUTES:
        return (int(whole[:2]), int(whole[2:]), SEXTY * last), 900.0 / 10 ** len(rest)
    return None


def _name_dec(digits: str) -> tuple[float, float] | None:
    """Degrees of DD, DDd, DDMM or DDMMSS.s, and the unit of the last digit in arcsec."""
    whole, _, rest = digits.partition(".")
    if len(whole) == TO_TENTHS:  # of B1950 names: a tenth of a degree behind two digits
        return int(whole) / 10, 360.0
    if len(whole) not in (2, TO_MINUTES, TO_SECONDS):
        return None
    parts = [int(whole[k : k + 2]) for k in range(0, len(whole), 2)]
    scale_arcsec = 3600.0 / SEXTY ** (len(parts) - 1)
    degrees = sum(one / SEXTY**k for k, one in enumerate(parts)) + float(f"0.{rest or 0}") * scale_arcsec / 3600
    return None if any(one >= SEXTY for one in parts[1:]) else (degrees, scale_arcsec / 10 ** len(rest))


def _words(match: re.Match[str]) -> Place | None:
    """Hours, minutes, seconds and degrees, minutes, seconds."""
    groups = match.groupdict()
    has_word = re.search(rf"{RA_WORD}|{DEC_WORD}", match[0], re.IGNORECASE)
    has_units = re.search(r"\dh|\dʰ|\d\s+h", match[0]) or match[0].count(":") >= TWO_COLONS
    if not (has_word or has_units) or not (groups["sign"] or has_word):
        return None
    seconds = float(groups["s"] or 0)
    if after := groups.get("s_after"):
        seconds += float(f"0.{after.lstrip('.')}")
    degrees = int(groups["d"]) + int(groups["am"]) / SEXTY + float(groups["as"] or 0) / SEXTY**2
    if int(groups["am"]) >= SEXTY or float(groups["as"] or 0) >= SEXTY:
        return None
    sign = -1 if re.fullmatch(DASH, groups["sign"] or "") else 1
    exact = LEAST_RADIUS_ARCSEC if groups["s"] and groups["as"] else 60.0
    exact = exact if groups["s"] else 900.0
    return _equatorial(match, (int(groups["h"]), int(groups["m"]), seconds), sign * degrees, exact)


def _decimal(match: re.Match[str]) -> Place | None:
    ra, dec = float(match["ra"]), float(match["dec"])
    sign = -1 if re.fullmatch(DASH, match["sign"] or "") else 1
    digits = min(len(one.partition(".")[2]) for one in (match["ra"], match["dec"]))
    if not 0 <= ra < TURN or dec > RIGHT:
        return None
    return _place(match, _sky(ra, sign * dec, "icrs"), 3600.0 / 10**digits)


def _galactic(match: re.Match[str]) -> Place | None:
    longitude, latitude = float(match["l"]), float(match["b"])
    if longitude >= TURN or latitude > RIGHT:
        return None
    sign = -1 if re.fullmatch(DASH, match["sign"] or "") else 1
    digits = min(len(one.partition(".")[2]) for one in (match["l"], match["b"]))
    return _place(match, _sky(longitude, sign * latitude, "galactic"), 3600.0 / 10**digits)


def _equatorial(match: re.Match[str], ra: tuple[int, int, float], dec_deg: float, exact_arcsec: float) -> Place | None:
    hours, minutes, seconds = ra
    if hours >= HOURS or minutes >= MINUTES or seconds >= SEXTY or abs(dec_deg) > RIGHT:
        return None
    ra_deg = 15.0 * (hours + minutes / SEXTY + seconds / SEXTY**2)
    is_old = match.groupdict().get("equinox") in ("B", "") or "1950" in match[0]
    return _place(match, _sky(ra_deg, dec_deg, "fk4" if is_old else "icrs"), exact_arcsec)


def _sky(lon_deg: float, lat_deg: float, frame: str) -> "SkyCoord":
    from astropy.coordinates import FK4, SkyCoord

    known = FK4(equinox="B1950") if frame == "fk4" else frame
    return SkyCoord(lon_deg, lat_deg, unit="deg", frame=known).icrs


def _place(match: re.Match[str], sky: "SkyCoord", exact_arcsec: float) -> Place:
    ra, dec = float(sky.ra.deg) % 360.0, float(sky.dec.deg)  # type: ignore[union-attr]
    return Place(" ".join(match[0].split()), round(ra, 7), round(dec, 7), max(exact_arcsec, LEAST_RADIUS_ARCSEC))


_READERS = (
    (JNAME, _name),
    (OLD_NAME, _name),
    (GALACTIC, _galactic),
    (GALACTIC_WORDS, _galactic),
    (BOTH_WORDS, _words),
    (SEXAGESIMAL, _words),
    (DECIMAL, _decimal),
)
