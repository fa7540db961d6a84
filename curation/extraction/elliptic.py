"""Short answers that lean on their question: "upper left", "Three.", "About 9 %", "Two peaks"."""

import re
from collections.abc import Iterator

from curation.extraction.amounts import NUMBER, number
from curation.extraction.asked import Asked
from curation.extraction.places import places
from curation.extraction.sky_words import ANGLE, angle_mas
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from schemas.labels import Truth

LONGEST_LIST = 200
"""Characters of an answer that may still be a list of classes."""


def bare_count(asked: Asked, text: str) -> Iterator[ExtractedClaim]:
    """A bare number in answer to how many."""
    bare = re.fullmatch(rf"(?i)\W*(?P<number>{NUMBER})\W*", text)
    if bare and asked.is_count and asked.subject and not asked.parts:
        yield _number_of(asked, number(bare["number"]), *bare.span("number"))


def count_in_words(asked: Asked, text: str) -> list[ExtractedClaim]:
    """The one number of a short answer to how many: "I count three of them"."""
    found = list(
        re.finditer(
            rf"(?i)(?<![\w.,])(?:(?P<how>at least|at most|about|around|more than|fewer than|less than|up to"
            rf"|approximately|roughly)\s+)?(?P<number>{NUMBER})(?![\w]|\.\d)",
            text,
        )
    )
    if len(found) != 1 or len(text) > LONGEST_LIST:
        return []
    one = found[0]
    count, how = number(one["number"]), (one["how"] or "").lower()
    if how in ("more than", "at least"):
        return [
            ExtractedClaim(
                Claim("count", str(asked.subject), count=count + (how == "more than"), how="at least"), *one.span()
            )
        ]
    if how:
        bound = "at most" if how in ("at most", "up to", "fewer than", "less than") else "about"
        return [
            ExtractedClaim(
                Claim("count", str(asked.subject), count=count - (how in ("fewer than", "less than")), how=bound),
                *one.span(),
            )
        ]
    return [_number_of(asked, count, *one.span())]


def _number_of(asked: Asked, count: int, start: int, end: int) -> ExtractedClaim:
    if asked.place:
        return ExtractedClaim(Claim("position", str(asked.subject), count=count, other=asked.place), start, end)
    if count or asked.subject == ANY_OBJECT:
        return ExtractedClaim(Claim("count", str(asked.subject), count=count), start, end)
    return ExtractedClaim(Claim("presence", str(asked.subject), Truth.ABSENT), start, end)


PERCENT = re.compile(r"(?i)(?<![\w.])(?P<percent>\d+(?:\.\d+)?)\s*(?:%|per\s?cent)")

LONE_WORDS = 12
"""Words of an answer that may lean on its question: "upper left", "About 9 %", "Two peaks"."""


def elliptic(asked: Asked, text: str, said: list[ExtractedClaim]) -> Iterator[ExtractedClaim]:
    """What a short answer says when its question is read along with it."""
    if len(text.split()) > LONE_WORDS:
        return
    kinds = {one.claim.kind for one in said}
    if asked.extreme and "extreme" not in kinds:
        yield from _extreme(asked, text, said, *asked.extreme)
    elif asked.is_where and asked.subject not in (None, *OF_PIXELS) and not {"position", "extreme", *RELATIVE} & kinds:
        for place in places(text):
            claim = Claim("position", str(asked.subject), how="all", other=place.name)
            yield ExtractedClaim(claim, place.start, place.end)
    found = list(re.finditer(rf"(?i)(?<![\w.])(?P<number>{NUMBER})(?![\w]|\.\d)", text))
    if asked.parts and "structure" not in kinds and len(found) == 1:
        yield ExtractedClaim(Claim("structure", asked.parts, count=number(found[0]["number"])), *found[0].span())
    odd = ODD.fullmatch(text)
    if asked.is_odd and odd and "peculiarity" not in kinds:
        yield ExtractedClaim(Claim("peculiarity", odd["what"].upper()), *odd.span("what"))
    yield from _percent(asked, text, kinds)
    yield from _angle(asked, text)


def _extreme(asked: Asked, text: str, said: list[ExtractedClaim], how: str, subject: str) -> Iterator[ExtractedClaim]:
    """Where the largest is, or what it is."""
    here = places(text)
    for place in here if asked.is_where or not asked.is_polar else ():
        yield ExtractedClaim(Claim("extreme", subject, how=how, other=f"in {place.name}"), place.start, place.end)
    for one in said if not here else ():
        if one.claim.kind == "presence":
            claim = Claim("extreme", subject, one.claim.state, how=how, other=f"is {one.claim.subject}")
            yield ExtractedClaim(claim, one.start, one.end)


ODD = re.compile(r"(?i)\W*(?:(?:it is|rather|quite|it looks|clearly)\s+)*(?P<what>ordinary|complex|peculiar)\W*")
OF_PIXELS = ("blank", "edge")
NAMED = re.compile(r"(?i)\b(?:beam|resolution|image|picture|field|map|cutout|side)\b")


RELATIVE = ("left", "right", "above", "below", "beside", "nearer")


def _percent(asked: Asked, text: str, kinds: set[str]) -> Iterator[ExtractedClaim]:
    """A share of the picture: of its pixels, where blank ones were asked for, else of the extent of what was."""
    found, measured = PERCENT.search(text), asked.measured or ""
    if found is None:
        return
    count = round(float(found["percent"]))
    if asked.subject in OF_PIXELS:
        if "border" not in kinds:
            yield ExtractedClaim(Claim("border", "blank", count=count), *found.span())
    elif measured.startswith(("share", "angle")) and "extent" not in kinds:
        axis = measured.partition(" ")[2] or "across"
        yield ExtractedClaim(Claim("extent", asked.subject or ANY_OBJECT, count=count, how=axis), *found.span())


def _angle(asked: Asked, text: str) -> Iterator[ExtractedClaim]:
    """An angle that does not say of what it is: of the beam, or of the source asked for."""
    found, measured = ANGLE.search(text), asked.measured or ""
    if found is None or NAMED.search(text):
        return
    if measured == "beam":
        for mas in dict.fromkeys(angle_mas(found, name) for name in ("first", "value", "second") if found[name]):
            yield ExtractedClaim(Claim("beam", "map", count=mas), *found.span())
    elif measured.startswith("angle") and asked.subject not in OF_PIXELS:
        claim = Claim("extent", asked.subject or ANY_OBJECT, count=angle_mas(found, "value"), how=measured)
        yield ExtractedClaim(claim, *found.span())
