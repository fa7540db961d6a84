"""What a text says of how a picture lies on the sky: "north is up", "up is at a position angle of 74 degrees"."""

import re
from collections.abc import Iterator

from curation.verification.claims import Claim, ExtractedClaim
from schemas.labels import Truth

SIDES = {"top": "up", "bottom": "down", "upwards": "up", "upward": "up", "downwards": "down", "downward": "down"}
_SKY = r"(?P<sky>north|south|east|west)"
_SIDE = r"(?P<side>up(?:wards?)?|top|down(?:wards?)?|bottom|left|right)"
_IS = r"(?:\s+(?:is|points?|lies|runs?|being|are)\b)?(?P<denied>\s+not\b)?(?:\s+(?:directly|straight|exactly))?"
_TO = r"(?:\s+(?:at|to|towards?|in))?(?:\s+the)?\s+"
_IMAGE = r"(?:image|picture|cut-?out|map|frame|field|it)"
SKY_IS_SIDE = re.compile(
    rf"(?i)(?<![\w-]){_SKY}{_IS}{_TO}{_SIDE}\b(?!\s*-?\s*(?:of\s+(?!the\s+{_IMAGE}\b)|hand\s+(?!side)"
    r"|ascension|by\b))"
)
SIDE_IS_SKY = re.compile(
    rf"(?i)\b{_SIDE}(?:\s+(?:of|in)\s+the\s+{_IMAGE})?\s+(?:is|points?)\b(?P<denied>\s+not\b)?"
    rf"(?:\s+(?:at|to|towards?))?(?:\s+the)?\s+{_SKY}\b(?![\s-]*(?:east|west|ern|of))"
)
POSITION_ANGLE = re.compile(
    r"(?i)(?P<up>\bup(?:wards?)?\b[^.;:]{0,40}?)?\bposition angle\s*(?:of|is|=|:)?\s*(?:about\s+|roughly\s+|~\s*)?"
    r"(?P<angle>[+-]?\d+(?:\.\d+)?)\s*-?(?:°|deg(?:rees?)?\b)(?:\s*,?\s*\(?(?:measured\s+|counted\s+)?(?:from\s+)?north"
    r"\s+(?:through|to|towards?|over|via)\s+east\)?)?"
)
SPOKEN_OF = re.compile(r"(?i)north|south|east|west|position angle|mirror|flipped")
"""What stands in every text that tells how a picture lies on the sky."""
MIRRORED = re.compile(rf"(?i)\b{_IMAGE}\s+is\s+(?P<denied>not\s+)?(?:mirrored|a mirror image|flipped)\b")


def orientation(text: str) -> Iterator[ExtractedClaim]:
    """How the picture lies on the sky; a position angle of anything else is left alone."""
    if not SPOKEN_OF.search(text):
        return
    for pattern in (SKY_IS_SIDE, SIDE_IS_SKY):
        for one in pattern.finditer(text):
            side = SIDES.get(one["side"].lower(), one["side"].lower())
            yield ExtractedClaim(Claim("orientation", side, _state(one), other=one["sky"].lower()), *one.span())
    for one in POSITION_ANGLE.finditer(text):
        if one["up"]:
            yield ExtractedClaim(Claim("orientation", "up", count=round(100 * float(one["angle"]))), *one.span())
    for one in MIRRORED.finditer(text):
        yield ExtractedClaim(Claim("orientation", "image", _state(one), how="mirrored"), *one.span())


def _state(found: re.Match[str]) -> Truth:
    return Truth.ABSENT if found["denied"] else Truth.PRESENT
