"""What a clause says of one noun: that it is there, how often, where, of which class, or that it is not."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from curation.extraction.amounts import NUMBER, Amount, number
from curation.extraction.clauses import (
    Clause,
    polarity,
)  # fmt: skip
from curation.extraction.nouns import Noun
from curation.extraction.places import Place
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from schemas.labels import Truth

ONLY = re.compile(
    r"(?i)(?<!not )\b(?:only|solely|exclusively|nothing but|nothing other than|purely)\s+(?:the\s+|some\s+"
    r"|any\s+|of\s+|visible\s+)*$"
    r"|\b(?:no|not any|nothing|none(?! other))\b[^.,;:]{0,100}?\b(?:except(?: for)?|other than|besides|apart from"
    r"|but)\s+(?:the\s+|some\s+|for\s+|an?\s+|visible\s+)*$"
)

EXCEPT = re.compile(
    r"(?i)\b(?:no|not any|nothing|none(?! other)|without any)\b(?:\s+[\w-]+){0,4}?\s+(?:except(?: for)?"
    r"|other than|besides|apart from|but)\b"
)

ASIDE = re.compile(  # named, but not said to be there
    r"(?i)\b(?:more\b[^.,;:]{0,80}\bthan|similar to|like(?:ly)? (?:those of|that of)|reminiscent of|resembl\w+"
    r"|compared (?:to|with)|different from|the (?:definition|term|word)(?: of)?|distinguish\w*"
    r"|search(?:ed)? for|look(?:ed|ing)? for|regarding|concerning|speaking of|no other|further"
    r"|additional)\s+(?:\w+\s+){0,2}$"
)

LEFT_OUT = re.compile(  # "all but one of the sources are …": what is said is said of the others
    r"(?i)\b(?:all|each|every)\s+(?:[\w-]+\s+){0,2}?(?:but|except(?: for)?|save(?: for)?)\s+(?:[\w-]+\s+){0,5}?$"
)
APART = re.compile(r"(?i)^\W*(?:apart from|aside from|except for|save for|other than)\s+(?:[\w-]+\s+){0,2}$")
EMPTY = re.compile(r"(?i)^[^.;:!?]*\b(?:empty|bare|nothing|featureless)\b")

EMPHASIS = re.compile(r"(?i)\b(?:is|are)\s+(?:nothing (?:but|other than)|none other than)\s+(?:an?\s+|the\s+)?$")

BOX_MARK = "\u25af"
"""Stands for each letter of a box."""

SAID_TO_BE = re.compile(
    r"(?i)\b(?:contains?|has|have|shows?|holds?|there (?:is|are)|find|see|count|includes?)\s+(?:(?:exactly"
    r"|just|only)\s+)?$"
)


def said_of(text: str, clause: Clause, one: Noun) -> Iterator[ExtractedClaim]:
    """What a clause says of one noun."""
    if one.subject is None:
        yield from _of_a_part(text, one)
        return
    start = min([one.start, *([one.amount.start] if one.amount else [])])
    before = text[clause.start : start]
    is_all_there_is = APART.search(before) and EMPTY.search(text[one.end :])
    if ASIDE.search(before) or LEFT_OUT.search(before) or is_all_there_is:
        yield ExtractedClaim(Claim("unread", one.subject), one.start, one.end)
        return
    holds = polarity(text, clause, start, one.end)

    def claim(kind: str, subject: str, state: bool = True, **more: str | int | None) -> ExtractedClaim:
        made = Claim(kind, subject, Truth.PRESENT if state else Truth.ABSENT, **more)  # type: ignore[arg-type]
        ends = [
            one.end,
            *(place.end for place in one.places if kind in ("position", "extreme")),
            *(each.end for each in one.predicates),
        ]
        begins = [start, *(place.start for place in one.places if kind in ("position", "extreme"))]
        few = FIRST_FEW.search(text[max(0, one.start - 40) : one.start]) if kind == "extreme" else None
        begins += [max(0, one.start - 40) + few.start("number")] if few else []
        return ExtractedClaim(made, min(begins), max(ends))

    if one.total is not None:
        yield claim("count", one.subject, count=one.total)
    if one.extreme:
        yield from _extreme(text, clause, one, claim)
    elif one.predicates:
        yield from _predicated(text, clause, one, claim)
    elif holds is None:
        yield claim("unread", one.subject)
    else:
        only = ONLY.search(text[clause.start : start])
        excepted = EXCEPT.search(text[clause.start : start])
        if excepted and not holds:
            holds = True
        is_emphasis = bool(EMPHASIS.search(text[clause.start : start]))
        if (only or excepted) and not is_emphasis and one.subject != ANY_OBJECT and not one.places and holds:
            yield claim("only", one.subject)
        yield from (
            _placed(text, clause, one, claim, holds=holds)
            if one.places
            else _there(text, clause, one, claim, holds=holds)
        )


def _of_a_part(text: str, one: Noun) -> Iterator[ExtractedClaim]:
    """A lobe, a jet, a glow: where it lies is not known."""
    for place in one.places:
        yield ExtractedClaim(Claim("unread", one.word.lower(), other=place.name), one.start, place.end)


def _there(text: str, clause: Clause, one: Noun, claim: "Maker", *, holds: bool) -> Iterator[ExtractedClaim]:
    """That it is there, or how often, or that it is not."""
    subject, amount = str(one.subject), one.amount
    is_label = subject != ANY_OBJECT
    if one.is_anaphor:
        yield from _one_of_them(text, clause, one, claim, holds=holds)
    elif _is_boxed(text, clause, one):  # "one compact source is enclosed by the box"
        yield from (claim("presence", subject, holds),) if is_label else ()
    elif one.is_part or EACH.search(text, clause.start, clause.end):
        yield claim("unread", subject)
    elif amount is not None and (holds or amount.count == 0 or amount.is_denied):
        is_among = AMONG.search(text[clause.start : amount.start]) and amount.how is None
        yield from _counted(subject, replace(amount, how="at least") if is_among else amount, claim)
    elif amount is not None and not _is_none(text[amount.start : one.start], amount):
        yield _counted_not(subject, amount, claim)
    elif is_label:
        yield claim("presence", subject, holds)
    elif not holds and (not one.is_definite or one.quantifier == "none"):
        yield claim("count", subject, count=0)


def _one_of_them(text: str, clause: Clause, one: Noun, claim: "Maker", *, holds: bool) -> Iterator[ExtractedClaim]:
    """Read "as for compact sources, there are none" or "the image contains three"."""
    subject = str(one.subject)
    if one.quantifier == "none":
        yield claim("presence", subject, False) if subject != ANY_OBJECT else claim("count", subject, count=0)
    elif one.amount is not None and holds and SAID_TO_BE.search(text[clause.start : one.start]):
        yield from _counted(subject, one.amount, claim)


def _is_boxed(text: str, clause: Clause, one: Noun) -> bool:
    """Whether "one" is one of perhaps several, whose box follows."""
    amount = one.amount
    is_one = amount is not None and (amount.count, amount.how) == (1, None)
    lead = text[amount.start : one.start] if amount else ""
    return is_one and BOX_MARK in text[one.end : clause.end] and bool(re.search(r"(?i)\bone\s", lead))


def _is_none(words: str, amount: Amount) -> bool:
    """Whether "not one" means none: "not a single source", but not "not just one"."""
    is_one = (amount.count, amount.how) == (1, None) or amount.count is None
    return is_one and not re.search(r"(?i)\b(?:just|only|merely|exactly)\b", words)


def _counted_not(subject: str, amount: Amount, claim: "Maker") -> ExtractedClaim:
    """That there are not so many: "not more than five" is five at most."""
    if amount.count is None or amount.is_subset:
        return claim("unread", subject)
    if amount.how in ("at least", "at most"):
        is_least = amount.how == "at least"
        count = amount.count - 1 if is_least else amount.count + 1
        return claim("count", subject, count=count, how="at most" if is_least else "at least")
    return claim("count", subject, False, count=amount.count) if amount.how is None else claim("unread", subject)


def _counted(subject: str, amount: Amount, claim: "Maker") -> Iterator[ExtractedClaim]:
    is_label = subject != ANY_OBJECT
    if amount.is_denied:
        yield _counted_not(subject, amount, claim)
    elif amount.count == 0 and is_label:
        yield claim("presence", subject, False)
    elif amount.is_subset and amount.count is not None:
        yield claim("count", subject, count=amount.count, how="some" if amount.how is None else amount.how)
    elif amount.count == 1 and amount.how == "at least" and is_label:
        yield claim("presence", subject)
    else:
        yield claim("count", subject, count=amount.count, how=amount.how)
        if amount.count is None and is_label:
            yield claim("presence", subject)


def _placed(text: str, clause: Clause, one: Noun, claim: "Maker", *, holds: bool) -> Iterator[ExtractedClaim]:
    """That so many of it lie in a place; without a number, one at least."""
    subject = str(one.subject)
    is_after = all(place.start >= one.end for place in one.places)
    is_moved = is_after and bool(MOVED.search(text[one.end : one.places[0].start]))
    is_none = bool(INDEFINITE.search(text[clause.start : one.start])) or one.quantifier == "none"
    if not holds and (is_none or not is_moved):  # "no compact source in the upper left"
        for place in one.places:
            yield claim("position", subject, place.is_outside, other=place.name)
        return
    if not one.is_anaphor and (one.is_apart or one.amount is None):
        yield from _there(text, clause, one, claim, holds=True)
    for place in one.places:
        is_there = place.is_outside == is_moved
        how = "all" if one.is_definite or one.is_anaphor else None
        yield _at(one, place, claim) if is_there else claim("position", subject, False, other=place.name, how=how)


def _at(one: Noun, place: Place, claim: "Maker") -> ExtractedClaim:
    """That all, most, so many or some of it lie in a place."""
    subject, amount = str(one.subject), one.amount
    if one.quantifier in ("all", "most", "not all"):
        return claim("position", subject, other=place.name, how=one.quantifier)
    if one.quantifier == "none":
        return claim("position", subject, False, other=place.name)
    if (one.quantifier or "").endswith("%") or one.quantifier == "half":
        return claim("unread", subject, other=place.name)
    if amount is None or (amount.count is None and one.is_anaphor) or (one.is_apart and not one.is_anaphor):
        return claim("position", subject, other=place.name)
    how = "some" if amount.is_subset and not amount.how else amount.how
    return claim("position", subject, count=amount.count, how="at least" if one.is_anaphor else how, other=place.name)


EACH = re.compile(r"(?i)\b(?:in|on|at|near)\s+(?:each|every|either)\s+(?:half|quadrant|corner|side|part|end)\b")
AMONG = re.compile(
    r"(?i)\b(?:between|near|next to|beside|among|amid|surrounded by|close to|flanked by|around|with"
    r"|overlapping)\s+(?:the\s+)?$"
)
MOVED = re.compile(r"(?i)\b(?:not|never|neither|nor)\b|n't\b")
INDEFINITE = re.compile(
    r"(?i)\b(?:no|any|zero|without|neither|nor|not an?|devoid of|free of|lacks?)\s+(?:[\w-]+\s+){0,2}$"
)


def _extreme(text: str, clause: Clause, one: Noun, claim: "Maker") -> Iterator[ExtractedClaim]:
    """Where the largest lies, or what it is."""
    subject = str(one.subject)
    if subject != ANY_OBJECT and not one.is_anaphor:
        yield claim("presence", subject)
    for place in one.places:
        negated = (
            bool(re.search(r"(?i)\bnot\b|n't\b", text[one.end : place.start])) if place.start >= one.end else False
        )
        negated = negated != clause.is_turned
        is_there = negated == place.is_outside
        yield claim("extreme", subject, is_there, how=one.extreme, other=f"in {place.name}", count=_first(text, one))
    for each in one.predicates:
        holds = polarity(text, clause, each.start, each.end)
        if holds is None:
            yield claim("unread", str(each.subject))
        else:
            other = f"is {each.subject}"
            yield claim("extreme", subject, holds, how=one.extreme, other=other, count=_first(text, one))
    if not one.places and not one.predicates and subject == ANY_OBJECT:
        yield claim("unread", subject)


def _first(text: str, one: Noun) -> int | None:
    """The number of "the two largest sources"."""
    found = FIRST_FEW.search(text[max(0, one.start - 40) : one.start])
    return number(found["number"]) if found else None


FIRST_FEW = re.compile(rf"(?i)\bthe\s+(?P<number>{NUMBER})\s+(?:largest|biggest|smallest)\s+(?:\w+\s+)?$")


def _predicated(text: str, clause: Clause, one: Noun, claim: "Maker") -> Iterator[ExtractedClaim]:
    """That a source, or so many of them, or all, are of a class."""
    for each in one.predicates:
        holds = polarity(text, clause, each.start, each.end)
        if one.quantifier == "not all":
            yield claim("share", str(each.subject), False, how="all", other=one.subject)
        elif holds is None:
            yield claim("unread", str(each.subject))
        elif one.quantifier == "none":
            is_double = bool(NOT_TWICE.search(text[one.end : each.start]))
            yield claim("presence", str(each.subject), is_double and not holds)
        else:
            yield from _is_of(one, str(each.subject), claim, holds=holds)


def _is_of(one: Noun, subject: str, claim: "Maker", *, holds: bool) -> Iterator[ExtractedClaim]:
    """That what a noun means is, or is not, of a class."""
    if one.quantifier in ("all", "most", "half") or (one.quantifier or "").endswith("%"):
        yield claim("share", subject, holds, how=one.quantifier, other=one.subject)
    elif one.amount is not None and one.amount.count is not None:
        how = one.amount.how
        yield claim("count", subject, count=one.amount.count, how=how) if holds else claim("unread", subject)
    elif one.places:
        yield from (claim("position", subject, holds, other=place.name) for place in one.places)
        yield from (claim("presence", subject),) if holds else ()
    elif holds and one.is_plural and not one.is_anaphor:
        yield claim("share", subject, how="all", other=one.subject)
    else:
        yield claim("presence", subject, holds, how=None if holds else "one")


NOT_TWICE = re.compile(r"(?i)\b(?:not|free|without|lack\w*)\b|n't\b")


class Maker(Protocol):
    """Makes a claim of a noun with its span."""

    def __call__(self, kind: str, subject: str, state: bool = True, **more: str | int | None) -> ExtractedClaim:
        """The claim."""
        ...
