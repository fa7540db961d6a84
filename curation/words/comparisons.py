"""Comparisons: more of this than of that, larger than, to the left of; each pattern around two nouns of a clause."""

import re
from collections.abc import Iterator, Sequence

from curation.words.amounts import NUMBER, number
from curation.words.claims import Claim, FoundClaim
from curation.words.clauses import Clause, polarity
from curation.words.nouns import Noun
from schemas.labels import Truth

TIMES = {"twice": 2, "double": 2, "two times": 2, "three times": 3, "thrice": 3, "four times": 4, "five times": 5}
_TIMES = "|".join(TIMES)
BETWEEN = (
    ("more", r"than(?:\s+there are)?", r"\b(?P<lead>more)\s+(?:\w+\s+)?$"),
    ("fewer", r"than(?:\s+there are)?", r"\b(?P<lead>fewer|less)\s+(?:\w+\s+)?$"),
    ("equal", r"as(?:\s+there are)?", r"\bas many\s+(?:\w+\s+)?$"),
)
VERBS = (
    ("more", r"(?:clearly\s+|far\s+)?(?:outnumber|are more (?:numerous|common|frequent|abundant) than|exceed)"),
    ("fewer", r"are (?:fewer|less (?:numerous|common|frequent|abundant)) than"),
    ("equal", r"are (?:just\s+)?as (?:numerous|many|common) as"),
    ("larger", r"(?:is|are|appears?|looks?)\s+(?:\w+ly\s+|much\s+|far\s+)?(?:larger|bigger|wider|more extended)(?:\s+in\s+size)?\s+than"),
    ("smaller", r"(?:is|are|appears?|looks?)\s+(?:\w+ly\s+|much\s+|far\s+)?(?:smaller|tinier|less extended)(?:\s+in\s+size)?\s+than"),
    ("brighter", r"(?:is|are|appears?|looks?)\s+(?:\w+ly\s+|much\s+|far\s+)?(?:brighter|fainter|stronger|weaker|more luminous)\s+than"),
    ("left", r"(?:is|are|lies?|sits?|located|found|seen|visible|placed|stands?)?\s*(?:\w+ly\s+|just\s+|far\s+)?(?:located\s+|found\s+|situated\s+)?(?:to the\s+|on the\s+)?left\s+of"),
    ("right", r"(?:is|are|lies?|sits?|located|found|seen|visible|placed|stands?)?\s*(?:\w+ly\s+|just\s+|far\s+)?(?:located\s+|found\s+|situated\s+)?(?:to the\s+|on the\s+)?right\s+of"),
    ("above", r"(?:is|are|lies?|sits?|located|found|seen|visible|placed|stands?)?\s*(?:\w+ly\s+|just\s+|far\s+)?(?:located\s+|found\s+|situated\s+|higher\s+)?(?:above|higher than)"),
    ("below", r"(?:is|are|lies?|sits?|located|found|seen|visible|placed|stands?)?\s*(?:\w+ly\s+|just\s+|far\s+)?(?:located\s+|found\s+|situated\s+|lower\s+)?(?:below|beneath|underneath|lower than)"),
    ("nearer", r"(?:is|are|lies?|sits?)\s+(?:closer|nearer)\s+to\s+the\s+cent(?:re|er)(?:\s+of\s+the\s+\w+)?\s+than"),
    ("beside", r"(?:is|are|lies?|sits?|located|found)?\s*(?:next to|beside|close to|near|surrounded by|surrounding|adjacent to|overlapping|between|within|inside|around)"),
)  # fmt: skip
ARTICLES = r"\s*(?:is\s+)?(?:both\s+|all\s+|any\s+of\s+)?(?:the\s+|an?\s+|all\s+|any\s+)?(?:other\s+|only\s+|single\s+)?(?:visible\s+|cata?logued\s+)?$"
OPPOSITE = {"fewer": "more"}


def comparisons(text: str, clause: Clause, found: Sequence[Noun]) -> Iterator[tuple[FoundClaim, Noun, Noun]]:
    """Each comparison of a clause with its two nouns."""
    known = [one for one in found if one.subject]
    for left, right in zip(known, known[1:], strict=False):
        claim = _between(text, clause, left, right)
        if claim is not None:
            holds = (
                polarity(text, clause, left.start, left.end)
                if "n't" in text[clause.start : right.start] or " not " in text[clause.start : right.start]
                else True
            )
            state = Truth.PRESENT if holds else Truth.ABSENT
            start = max(clause.start, left.start - 12)
            said = FoundClaim(
                Claim(claim[0], str(left.subject), state, claim[1], other=str(right.subject)), start, right.end
            )
            yield said, left, right


def _between(text: str, clause: Clause, left: Noun, right: Noun) -> tuple[str, int | None] | None:
    before, between = text[clause.start : left.start], text[left.end : right.start]
    for kind, link, lead in BETWEEN:
        linked = re.fullmatch(
            rf"(?i)\s*(?:in the \w+\s+)?(?:visible\s+|here\s+)?{link}(?:\s+of)?{ARTICLES[:-1]}", between
        )
        if linked and re.search(f"(?i){lead}", before):
            times = re.search(
                rf"(?i)\b(?:(?P<word>{_TIMES})|(?P<number>{NUMBER})\s+times|(?P<plus>{NUMBER}))\s+(?:as many|more|fewer)\s*$",
                before,
            )
            if times and times["plus"]:
                return None
            factor = None if not times else TIMES.get((times["word"] or "").lower()) or number(times["number"])
            return kind, factor
    for kind, verb in VERBS:
        if re.fullmatch(rf"(?i)\s*,?\s*(?:that\s+|which\s+)?(?:not\s+)?{verb}{ARTICLES[:-1]}", between):
            return kind, None
    number_of = re.search(r"(?i)\b(?:equal|same) numbers? of\s+$", before)
    if number_of and re.fullmatch(r"(?i)\s*(?:and|as)\s*(?:of\s+)?", between):
        return "equal", None
    return None
