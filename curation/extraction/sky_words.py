"""What a text says of the map a picture was cut from: its survey, its frequency, and the angles of picture and beam."""

import re
from collections.abc import Iterator

from curation.verification.claims import Claim, ExtractedClaim
from curation.verification.surveys import SURVEYS, TELESCOPES

MAP = re.compile(r"(?i)\bradio[ -]continuum (?:map|image|mosaic)\b(?:\s*\((?P<survey>[^()]+)\))?")
_FOLLOWED = (
    r"(?=[\s-]+(?i:survey|image|map|cut-?out|data|mosaic|observation|pilot|field|catalogue|catalog|radio|continuum))"
)
_PATTERNS = tuple(
    (
        name,
        title.lower(),
        re.compile(
            rf"\b{re.escape(name)}\b{_FOLLOWED if name in ('FIRST', 'THOR', 'WISE') else ''}"
            rf"|\b(?i:{re.escape(title)})\b"
        ),
    )
    for name, title in sorted(SURVEYS.items(), key=lambda one: -len(one[1]))
)
_TELESCOPES = tuple((name, name.lower(), re.compile(rf"\b{name}\b")) for name in TELESCOPES)
_PART = r"(?:[A-Z][\w+-]*|\d+(?:\.\d+)?\s?[GM]Hz)"
TITLED = re.compile(
    rf"(?:\b(?:[Ff]rom|[Bb]y|[Oo]f|[Ii]n|[Tt]o|[Aa]s part of|is|was)\s+(?:(?:the|a|an)\s+)?|(?<=[Ss]urvey:\s)"
    rf"|^\W*(?:the\s+)?)"
    rf"(?P<title>{_PART}(?:,?\s+(?:{_PART}|part\s+\d+)|\s+(?:of|the|and|at|survey|fields?|main|pilot|first|second"
    rf"|data\s+release(?:\s+\d+)?))*)",
    re.MULTILINE,
)
SURVEY_LIKE = re.compile(r"\bSurvey\b|\bDR\s?\d\b|\w+ \w+ fields?\b|\bPilot\b|\bsurvey\b|\bSky\b")
OF_SURVEYS = re.compile(r"urvey|DR|field|Pilot|Sky")
"""What stands in every text with SURVEY_LIKE in it."""
TRAILING = re.compile(r"(?:,?\s+(?:of|the|and|at|at\s+\d[\d.]*\s?[GM]Hz))+$")


def _titles(text: str) -> Iterator[ExtractedClaim]:
    """Titles of surveys: capitalised words after "from" or the like that speak of a survey, a field or a release."""
    if not OF_SURVEYS.search(text):
        return
    for one in TITLED.finditer(text):
        title = TRAILING.sub("", one["title"])
        if SURVEY_LIKE.search(title) and re.search(r"[A-Z]{2}|[a-z][A-Z]|Survey", title) and len(title.split()) > 1:
            start = one.start("title")
            yield ExtractedClaim(Claim("survey", title, how="title"), start, start + len(title))


def surveys(text: str) -> Iterator[ExtractedClaim]:
    """Surveys by what stands in brackets after the map, by their titles, and by their short names."""
    for one in MAP.finditer(text):
        if one["survey"]:
            yield ExtractedClaim(Claim("survey", one["survey"].strip()), *one.span("survey"))
    outside = MAP.sub(lambda one: " " * len(one[0]), text)
    titles = list(_titles(outside))
    yield from titles
    taken = [(one.start, one.end) for one in titles]
    lower = outside.lower()
    for name, title, pattern in (*_PATTERNS, *_TELESCOPES):
        for one in pattern.finditer(outside) if name in outside or title in lower else ():
            if not any(start < one.end() and one.start() < end for start, end in taken):
                taken.append(one.span())
                yield ExtractedClaim(Claim("survey", name, how="name"), *one.span())
