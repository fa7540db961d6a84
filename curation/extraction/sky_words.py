"""What a text says of the map a picture was cut from: its survey, its frequency, and the angles of picture and beam."""

import re
from collections.abc import Iterator

from curation.extraction.orientation_words import POSITION_ANGLE, orientation
from curation.verification.claims import Claim, ExtractedClaim
from curation.verification.surveys import SURVEYS

UNITS_MAS = {
    "arcsec": 1_000,
    "arcmin": 60_000,
    "deg": 3_600_000,
    '"': 1_000,
    "'": 60_000,
    "°": 3_600_000,
    "''": 1_000,
    "mas": 1,
}
MAP = re.compile(r"(?i)\bradio[ -]continuum (?:map|image|mosaic)\b(?:\s*\((?P<survey>[^()]+)\))?")
FREQUENCY = re.compile(r"(?i)(?<![\w.])(?P<value>\d+(?:\.\d+)?)\s*-?\s*(?P<unit>[MGk])Hz\b")
ANGLE = re.compile(
    r"(?i)(?<![\w.])(?:(?P<first>\d+(?:\.\d+)?)\s*(?:(?:by|x"
    r"|×)\s*))?(?P<value>\d+(?:\.\d+)?)\s*-?(?:(?P<unit>arc-?\s?sec|arc-?\s?min|deg|mas)(?:onds?|utes?|rees?"
    r"|s)?\b|(?P<sign>''|[\"'°]))"
    r"(?:\s*(?:by|x|×)\s*(?P<second>\d+(?:\.\d+)?)\s*-?(?:(?P<unit2>arc-?\s?sec|arc-?\s?min|deg|mas)"
    r"(?:onds?|utes?|rees?|s)?\b|(?P<sign2>''|[\"'°]))?)?"
)
BEAM = re.compile(r"(?i)\b(?:beam|resolution|PSF|FWHM)\b")
_IMAGE = r"(?:images?|picture|frame|field(?: of view)?|map|cut-?out|view|scene|area|pixels)"

_FOLLOWED = (
    r"(?=[\s-]+(?i:survey|image|map|cut-?out|data|mosaic|observation|pilot|field|catalogue|catalog|radio|continuum))"
)
_PATTERNS = tuple(
    (
        name,
        re.compile(
            rf"\b{re.escape(name)}\b{_FOLLOWED if name in ('FIRST', 'THOR', 'WISE') else ''}"
            rf"|\b(?i:{re.escape(title)})\b"
        ),
    )
    for name, title in sorted(SURVEYS.items(), key=lambda one: -len(one[1]))
)
_PART = r"(?:[A-Z][\w+-]*|\d+(?:\.\d+)?\s?[GM]Hz)"
TITLED = re.compile(
    rf"(?:\b(?:[Ff]rom|[Bb]y|[Oo]f|[Ii]n|[Tt]o|[Aa]s part of|is|was)\s+(?:(?:the|a|an)\s+)?|(?<=[Ss]urvey:\s)"
    rf"|^\W*(?:the\s+)?)"
    rf"(?P<title>{_PART}(?:,?\s+(?:{_PART}|of|the|and|at|survey|fields?|part\s+\d+|main|pilot|first|second"
    rf"|data\s+release(?:\s+\d+)?))*)",
    re.MULTILINE,
)
SURVEY_LIKE = re.compile(r"\bSurvey\b|\bDR\s?\d\b|\bfields?\b|\bPilot\b|\bsurvey\b|\bSky\b")
TRAILING = re.compile(r"(?:,?\s+(?:of|the|and|at))+$")


def _titles(text: str) -> Iterator[ExtractedClaim]:
    """Titles of surveys: capitalised words after "from" or the like that speak of a survey, a field or a release."""
    for one in TITLED.finditer(text):
        title = TRAILING.sub("", one["title"])
        if SURVEY_LIKE.search(title) and re.search(r"[A-Z]{2}|[a-z][A-Z]|Survey", title) and len(title.split()) > 1:
            start = one.start("title")
            yield ExtractedClaim(Claim("survey", title, how="title"), start, start + len(title))


def sky(text: str) -> Iterator[ExtractedClaim]:
    """The map a picture was cut from, its survey and frequency, and the angles of the picture and of the beam."""
    for one in MAP.finditer(text):
        yield ExtractedClaim(Claim("map", "radio-continuum"), *one.span())
    surveys = list(surveys(text))
    yield from surveys
    for one in FREQUENCY.finditer(text):
        if not any(found.start <= one.start() < found.end for found in surveys):
            factor = {"G": 1000.0, "M": 1.0, "K": 0.001}[one["unit"].upper()]
            yield ExtractedClaim(Claim("frequency", "map", count=round(float(one["value"]) * factor)), *one.span())
    yield from orientation(text)
    yield from _angles(POSITION_ANGLE.sub(lambda one: " " * len(one[0]), text))


def surveys(text: str) -> Iterator[ExtractedClaim]:
    """Surveys by what stands in brackets after the map, by their titles, and by their short names."""
    for one in MAP.finditer(text):
        if one["survey"]:
            yield ExtractedClaim(Claim("survey", one["survey"].strip()), *one.span("survey"))
    outside = MAP.sub(lambda one: " " * len(one[0]), text)
    titles = list(_titles(outside))
    yield from titles
    taken = [(one.start, one.end) for one in titles]
    for name, pattern in _PATTERNS:
        for one in pattern.finditer(outside):
            if not any(start < one.end() and one.start() < end for start, end in taken):
                taken.append(one.span())
                yield ExtractedClaim(Claim("survey", name, how="name"), *one.span())


def _angles(text: str) -> Iterator[ExtractedClaim]:
    """Angles of the beam, where the sentence speaks of it, else of the picture; not those of sources."""
    for one in ANGLE.finditer(text):
        sentence = re.split(r"[.!?](?!\d)", text[: one.start()])[-1]
        is_beam = bool(BEAM.search(sentence))
        if not is_beam and (is_of_source(sentence) or is_by_source(text[one.end() :])):
            continue
        kind, subject = ("beam", "map") if is_beam else ("size", "image")
        how = "one axis" if kind == "size" and (one["first"] or one["second"]) else None
        for mas in dict.fromkeys(angle_mas(one, name) for name in ("first", "value", "second") if one[name]):
            yield ExtractedClaim(Claim(kind, subject, count=mas, how=how), *one.span())


def angle_mas(found: re.Match[str], name: str) -> int:
    """One of the numbers of an ANGLE, `first`, `value` or `second`, in milliarcseconds.

    The second may have a unit of its own, as in "1.25 arcmin by 59 arcsec".
    """
    own = (found["unit2"] or found["sign2"]) if name == "second" else None
    unit = re.sub(r"[\s-]", "", (own or found["unit"] or found["sign"]).lower())
    return round(float(found[name]) * UNITS_MAS[unit])


def is_by_source(after: str) -> bool:
    """Whether an angle is said to be that of a source named after it."""
    by = (
        r"[^.;!?]{0,100}?\b(?:is|are)\s+(?:covered|spanned|taken up|subtended)\s+by\s+(?!the\s+(?:image|picture|map"
        r"|cutout|field))"
    )
    return bool(re.match(f"(?i){by}", after))


def is_of_source(sentence: str) -> bool:
    """Whether the last thing named before an angle is a source, not the picture."""
    named = [
        *re.finditer(
            rf"(?i)\b(?:(?P<image>{_IMAGE}|side)|sources?|objects?|galax(?:y|ies)|lobes?|jets?|structures?"
            rf"|emission|filaments?|regions?|it|they)\b",
            sentence,
        )
    ]
    return bool(named) and not named[-1]["image"]
