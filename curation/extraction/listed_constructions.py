"""Constructions that tell things one after the other: the kinds there are, the first and the second, the only ones."""

import re
from collections.abc import Sequence
from dataclasses import replace

from curation.extraction.constructions import (
    APS,
    ARTEFACTS,
    LINKS,
    NPS,
    PLACES,
    Context,
    blank_claim,
    construction,
    counted,
    predicated,
    resolved,
    there_is,
)
from curation.extraction.phrases import Amount, Group, Noun, listed
from curation.extraction.tokens import Match, Token, letters, pattern
from curation.verification.claims import ANY_OBJECT, NO_SOURCE, Claim
from schemas.labels import Truth

FIRST = ("first", "second", "third", "fourth", "fifth", "other")


@construction(
    f"np (be|lie|visible|exist) comma? most {PLACES}",
    f"there be np visible? comma? most {PLACES}",
    f"the? image have np comma? most {PLACES}",
    f"np comma? most {PLACES} (visible|exist)?",
    f"most {PLACES}",
    examples=("Nine compact sources are scattered over the field, mostly in the right half.",),
)
def _mostly(match: Match, context: Context) -> list[Claim] | None:
    """So many are there, and most of them at a place."""
    nouns, where = (
        [each for one in match.all("np") for each in one.value.nouns],
        [one.value for one in match.all("place")],
    )
    noun, *more = nouns or [Noun("it", is_definite=True, is_plural=True)]
    if more or len(where) != 1 or noun.quantifier or noun.is_restricted or any(one.is_denied for one in match.matched):
        return None
    said = [] if noun.is_definite else there_is(Group((noun,)), (), context)
    one = resolved(noun, context)
    if said is None or one is None or not one.is_plural:
        return None
    return [*said, Claim("position", one.subject, how="most", other=where[0].name)]


@construction(
    f"the other be {NPS} ({PLACES})?", f"other be {NPS} ({PLACES})?", f"the other lie? {PLACES} be np",
    examples=("Two sources are visible. The first is a compact source at the upper left.",),
)  # fmt: skip
def _first_is(match: Match, context: Context) -> list[Claim] | None:
    """Of "the first is a compact source, the second an extended one": both are there."""
    words = match.all("other")[0].text.lower().split()
    group, where = listed(match.all("np", *LINKS)), [one.value for one in match.all("place")]
    is_plain = len(group.nouns) == 1 and not any((group.nouns[0].quantifier, group.nouns[0].extreme))
    if words[0] not in FIRST or context.is_central or context.noun is None or not is_plain:
        return None
    one = group.nouns[0]
    if one.is_definite or one.is_plural or one.subject in ("it", ANY_OBJECT) or match.all("be")[0].is_denied:
        return None
    return there_is(Group((replace(one, amount=Amount(1, "at least")),)), where, context)


@construction(
    f"{NPS} be (nothing_else|only)", f"the? image have {NPS} (nothing_else|only)",
    f"there be {NPS} (nothing_else|only)", f"see {NPS} (nothing_else|only)", f"(the? image|np) have_only {NPS}",
    examples=("Compact sources and artefacts are the only features in the image.",),
)  # fmt: skip
def _the_only(match: Match, context: Context) -> list[Claim] | None:
    """That some are there, and no other."""
    after = match.all("have_only")[0].start if match.all("have_only") else -1
    group = listed([one for one in match.all("np", *LINKS) if one.start > after])
    subjects = [one.subject for one in group.nouns]
    said = there_is(group, (), context)
    if any(one.subject != "it" for each in match.all("np") if each.start < after for one in each.value.nouns):
        return None  # not the picture
    is_odd = any(one.quantifier or one.places or one.is_restricted or one.is_only for one in group.nouns)
    if said is None or is_odd or group.is_either or {"it", "same", ANY_OBJECT} & set(subjects):
        return None
    return None if any(one.is_denied for one in match.matched) else [*said, Claim("only", "|".join(subjects))]


@construction(
    f"(there be|the? image have|see) kinds colon? {APS}", f"kinds (visible|exist|lie) colon {APS}",
    examples=("There are two kinds of sources: compact ones and extended ones.",),
)  # fmt: skip
def _kinds(match: Match, context: Context) -> list[Claim] | None:
    """So many kinds, and which they are."""
    kinds = match.all("kinds")[0]
    what = predicated([one for one in match.matched if one.start >= kinds.end and one.category != "colon"])
    amount: Amount = kinds.value
    if what is None or what.is_either or any(one.is_denied for one in match.matched) or context.is_central:
        return None
    plain = [Noun(one.subject) for one in what.nouns]
    is_odd = any(one.quantifier or one.amount or one.places or one.subject in ("it", ANY_OBJECT) for one in what.nouns)
    said = there_is(Group(tuple(plain)), (), context)
    if said is None or is_odd or (amount.count is not None and (amount.how or amount.count != len(plain))):
        return None
    return [*said, Claim("only", "|".join(one.subject for one in plain))] if amount.count else said


@construction(
    "np box_word np place?",
    "np surrounded np place?",
    "np surrounded np at axis",
    examples=("The extended source is surrounded by four artefacts.",),
)
def _surrounded(match: Match, context: Context) -> list[Claim] | None:
    """Artefacts around a source: both are there, as where the artefacts are named first."""
    one, other = (each.value for each in match.all("np"))
    joint = match.all("box_word", "surrounded")[0]
    left = resolved(one.nouns[0], context)
    is_plain = len(one.nouns) == len(other.nouns) == 1 and left is not None and not left.quantifier
    is_around = joint.category == "surrounded" or "surround" in joint.text.lower()
    if not is_plain or not is_around or joint.is_denied or other.nouns[0].subject not in ARTEFACTS:
        return None
    said = there_is(other, (), context)
    where = [*(left.places if left else ()), *(at.value for at in match.all("place"))]
    if said is None or left is None or (where and not left.is_definite):
        return None
    first = [] if left.is_definite else counted(left, context) or []
    return [*first, *said, *(Claim("position", left.subject, other=at.name) for at in where)]


@construction(
    f"of np comma? amount (lie|be|visible|exist) {PLACES}",
    examples=("Of the five compact sources, three lie in the lower half.",),
)
def _of_so_many_at(match: Match, context: Context) -> list[Claim] | None:
    """Of so many, how many lie at a place."""
    (every, *more), (amount,) = match.all("np")[0].value.nouns, match.all("amount")
    where, one = [each.value for each in match.all("place")], resolved(every, context)
    is_plain = not more and every.is_definite and not (every.quantifier or every.places or every.is_restricted)
    if one is None or not is_plain or len(where) != 1 or any(each.is_denied for each in match.matched):
        return None
    total = counted(replace(one, is_definite=False), context) if one.amount else []
    at = Claim("position", one.subject, count=amount.value.count, how=amount.value.how, other=where[0].name)
    return None if total is None else [*total, at]


@construction("most of? the? image be blank", examples=("More than half of the image is blank.",))
def _mostly_blank(match: Match, context: Context) -> list[Claim] | None:
    """More than half of the picture has no data."""
    return None if match.all("be")[0].is_denied else [blank_claim(50.0, "more than")]


@construction(f"np be not_all {APS}", examples=("The galaxies are not all compact.",))
def _not_all_are(match: Match, context: Context) -> list[Claim] | None:
    """That some of them are of another class."""
    (noun, *more), what = match.all("np")[0].value.nouns, predicated(match.matched[3:])
    is_plain = not more and noun.is_definite and noun.is_plural and not (noun.quantifier or noun.places or noun.amount)
    if not is_plain or noun.is_restricted or what is None or len(what.nouns) != 1 or context.is_central:
        return None
    one = what.nouns[0]
    if one.quantifier or one.subject in ("it", ANY_OBJECT) or noun.subject == "it" or match.matched[1].is_denied:
        return None
    return [Claim("share", one.subject, Truth.ABSENT, how="all", other=noun.subject)]


REAL = re.compile(r"(?i)(?:real|genuine|true|actual|authentic)\b(?! size)")


@construction(
    "np be (qualifier|np)",
    "of np comma? only? amount be (qualifier|np)",
    examples=("Of the six detections only two are genuine sources.",),
)
def _are_real(match: Match, context: Context) -> list[Claim] | None:
    """That so many of what was outlined are sources, not artefacts."""
    noun, last = match.all("np")[0].value.nouns[0], match.matched[-1]
    own = [one.value for one in match.all("amount")]
    is_real = REAL.match(last.text) and (last.category == "qualifier" or last.value.nouns[0].subject == ANY_OBJECT)
    is_known = noun.is_object and noun.subject == ANY_OBJECT and bool(NO_SOURCE & context.scheme.labels.keys())
    if not is_real or not is_known or noun.quantifier or noun.is_restricted or any(x.is_denied for x in match.matched):
        return None
    total, amount = (noun.amount, own[0]) if own else (noun.of, noun.amount)
    if amount is None or amount.count is None or (total is None and not noun.is_part):
        return None
    whole = [Claim("count", ANY_OBJECT, count=total.count, how=total.how, other="objects")] if total else []
    return [*whole, Claim("count", ANY_OBJECT, count=amount.count, how=amount.how)]


IN_SURVEY = pattern("(at|of|by) (the|a)? (survey|frequency)+ image ((at|of) bound? frequency)?")
SURVEY_SHOWS = pattern("(the|a)? (survey|frequency)+ image")


def of_survey(tokens: Sequence[Token]) -> tuple[list[Token], list[Claim]] | None:
    """Takes "in this EMU image at 943 MHz" out of a sentence, and "the EMU image shows" as "the image shows".

    With what it says of the picture; None where the sentence names no survey so.
    """
    form = letters(tokens)
    first = SURVEY_SHOWS.match(form)
    found = first or IN_SURVEY.search(form)
    if found is None or found.end() - found.start() == len(tokens):
        return None
    inside = tokens[found.start() : found.end()]
    claims = [one.value for one in inside if one.category == "survey"]
    for one in inside:
        if one.category == "frequency":
            claims.append(Claim("frequency", "map", count=one.value[0], how="wavelength" if one.value[1] else None))
    kept = [one for one in inside if one.category in ("the", "image")] if first else []
    return [*tokens[: found.start()], *kept, *tokens[found.end() :]], claims
