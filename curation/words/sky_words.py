"""What a text says of the map a picture was cut from: its survey, its frequency, and the angles of picture and beam."""

import re
from collections.abc import Iterator

from curation.words.claims import Claim, FoundClaim

SURVEYS = {
    "FIRST": "Faint Images of the Radio Sky at Twenty-cm", "EMU": "Evolutionary Map of the Universe",
    "LoTSS": "LOFAR Two-metre Sky Survey", "NVSS": "NRAO VLA Sky Survey", "VLASS": "VLA Sky Survey",
    "SMGPS": "SARAO MeerKAT Galactic Plane Survey", "MAGPIS": "Multi-Array Galactic Plane Imaging Survey",
    "SUMSS": "Sydney University Molonglo Sky Survey", "VLSSr": "VLA Low-frequency Sky Survey Redux",
    "SCORPIO": "SCORPIO", "RACS": "Rapid ASKAP Continuum Survey", "TGSS": "TIFR GMRT Sky Survey",
    "WENSS": "Westerbork Northern Sky Survey", "GLEAM": "GaLactic and Extragalactic All-sky MWA",
    "MIGHTEE": "MeerKAT International GHz Tiered Extragalactic Exploration", "CORNISH": "CORNISH", "THOR": "THOR",
    "WISE": "Wide-field Infrared Survey Explorer", "SDSS": "Sloan Digital Sky Survey",
}  # fmt: skip
"""Short names of surveys, and how their titles begin."""
UNITS_MAS = {"arcsec": 1_000, "arcmin": 60_000, "deg": 3_600_000, '"': 1_000, "'": 60_000, "°": 3_600_000, "mas": 1}
MAP = re.compile(r"(?i)\bradio[ -]continuum (?:map|image|mosaic)\b(?:\s*\((?P<survey>[^()]+)\))?")
FREQUENCY = re.compile(r"(?i)(?<![\w.])(?P<value>\d+(?:\.\d+)?)\s*-?\s*(?P<unit>[MGk])Hz\b")
ANGLE = re.compile(
    r"(?i)(?<![\w.])(?:(?P<first>\d+(?:\.\d+)?)\s*(?:(?:by|x|×)\s*))?(?P<value>\d+(?:\.\d+)?)\s*-?(?:(?P<unit>arc-?\s?sec|arc-?\s?min|deg|mas)(?:onds?|utes?|rees?|s)?\b|(?P<sign>[\"'°]))"
)
BEAM = re.compile(r"(?i)\b(?:beam|resolution|PSF|FWHM)\b")
_IMAGE = r"(?:images?|picture|frame|field(?: of view)?|map|cut-?out|view|scene|area|pixels)"

_FOLLOWED = (
    r"(?=[\s-]+(?:survey|image|map|cut-?out|data|mosaic|observation|pilot|field|catalogue|catalog|radio|continuum))"
)
_PATTERNS = tuple(
    (
        name,
        re.compile(
            rf"\b{re.escape(name)}\b{_FOLLOWED if name in ('FIRST', 'THOR', 'WISE') else ''}|\b(?i:{re.escape(title)})\b"
        ),
    )
    for name, title in sorted(SURVEYS.items(), key=lambda one: -len(one[1]))
)


def sky(text: str) -> Iterator[FoundClaim]:
    """The map a picture was cut from, its survey and frequency, and the angles of the picture and of the beam."""
    for one in MAP.finditer(text):
        yield FoundClaim(Claim("map", "radio-continuum"), *one.span())
        if one["survey"]:
            yield FoundClaim(Claim("survey", one["survey"].strip()), *one.span("survey"))
    outside = MAP.sub(lambda one: " " * len(one[0]), text)
    taken: list[tuple[int, int]] = []
    for name, pattern in _PATTERNS:
        for one in pattern.finditer(outside):
            if not any(start < one.end() and one.start() < end for start, end in taken):
                taken.append(one.span())
                yield FoundClaim(Claim("survey", name, how="name"), *one.span())
    for one in FREQUENCY.finditer(text):
        factor = {"G": 1000.0, "M": 1.0, "K": 0.001}[one["unit"].upper()]
        yield FoundClaim(Claim("frequency", "map", count=round(float(one["value"]) * factor)), *one.span())
    for one in ANGLE.finditer(text):
        sentence = re.split(r"[.!?](?!\d)", text[: one.start()])[-1]
        kind = "beam" if BEAM.search(sentence) else "size"
        if kind == "size" and is_of_source(sentence):
            continue
        for value in (one["first"], one["value"]):
            if value:
                subject = "image" if kind == "size" else "map"
                yield FoundClaim(Claim(kind, subject, count=angle_mas(one, value)), *one.span())


def angle_mas(found: re.Match[str], value: str) -> int:
    unit = re.sub(r"[\s-]", "", (found["unit"] or found["sign"]).lower())
    return round(float(value) * UNITS_MAS[unit])


def is_of_source(sentence: str) -> bool:
    """Whether the last thing named before an angle is a source, not the picture."""
    named = [
        *re.finditer(
            rf"(?i)\b(?:(?P<image>{_IMAGE}|side)|sources?|objects?|galax(?:y|ies)|lobes?|jets?|structures?|emission|filaments?|regions?|it|they)\b",
            sentence,
        )
    ]
    return bool(named) and not named[-1]["image"]
