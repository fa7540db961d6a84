"""Comparisons: more of this than of that, larger than, to the left of; each pattern around two nouns of a clause."""

import re
from collections.abc import Iterator, Sequence

from curation.extraction.amounts import NUMBER, number
from curation.extraction.clauses import Clause
from curation.extraction.nouns import Noun
from curation.verification.claims import Claim, ExtractedClaim
from schemas.labels import Truth

TIMES = {"twice": 2, "double": 2, "two times": 2, "three times": 3, "thrice": 3, "four times": 4, "five times": 5}
_TIMES = "|".join(TIMES)
BETWEEN = (
    ("more", r"than(?:\s+there are)?", r"\b(?P<lead>more)\s+(?:\w+\s+)?$"),
    ("fewer", r"than(?:\s+there are)?", r"\b(?P<lead>fewer|less)\s+(?:\w+\s+)?$"),
    ("equal", r"as(?:\s+there are)?", r"\bas many\s+(?:\w+\s+)?$"),
)
LOC = (
    r"(?:(?:is|are|be|lie|lies|sits?|stands?|seems?|appears?|to|can|located|found|seen|visible|placed"
    r"|situated|positioned|just|directly|well|far"
    r"|\w+ly)\s+)*(?:to the\s+|on the\s+)?"
)
VERBS = (
    ("more", r"(?:clearly\s+|far\s+)?(?:outnumber|are more (?:numerous|common|frequent|abundant) than|exceed)"),
    ("fewer", r"are (?:fewer|less (?:numerous|common|frequent|abundant)) than"),
    ("equal", r"are (?:just\s+)?as (?:numerous|many|common) as"),
    ("larger", (
        r"(?:is|are|appears?|looks?)\s+(?:\w+ly\s+|much\s+|far\s+|both\s+|all\s+)*(?:larger|bigger|wider"
        r"|more extended)(?:\s+in\s+size)?\s+than"
    )),
    ("smaller", (
        r"(?:is|are|appears?|looks?)\s+(?:\w+ly\s+|much\s+|far\s+|both\s+|all\s+)*(?:smaller|tinier"
        r"|less extended)(?:\s+in\s+size)?\s+than"
    )),
    ("brighter", (
        r"(?:is|are|appears?|looks?)\s+(?:\w+ly\s+|much\s+|far\s+|both\s+|all\s+)*(?:brighter|fainter|stronger|weaker"
        r"|more luminous)\s+than"
    )),
    ("left", LOC + r"left\s+of"),
    ("right", LOC + r"right\s+of"),
    ("above", LOC + r"(?:higher\s+)?(?:above|higher than)"),
    ("below", LOC + r"(?:lower\s+)?(?:below|beneath|underneath|lower than)"),
    *((point, LOC + rf"(?:{words})(?:wards?|ern)?\s+of") for point, words in (
        ("north-east", r"north[\s-]*east|NE"), ("north-west", r"north[\s-]*west|NW"),
        ("south-east", r"south[\s-]*east|SE"), ("south-west", r"south[\s-]*west|SW"),
        ("north", "north"), ("south", "south"), ("east", "east"), ("west", "west"),
    )),
    ("nearer", r"(?:is|are|lies?|sits?)\s+(?:closer|nearer)\s+to\s+the\s+cent(?:re|er)(?:\s+of\s+the\s+\w+)?\s+than"),
    ("beside", (
        r"(?:is|are|lies?|sits?|located|found)?\s*(?:next to|beside|close to|near|surrounded by|surrounding"
        r"|adjacent to|overlapping|between|within|inside|around)"
    )),
)  # fmt: skip
ARTICLES = (
    r"\s*(?:is\s+)?(?:both\s+|all\s+|any\s+of\s+)?(?:the\s+|an?\s+|all\s+|any\s+)?(?:other\s+|only\s+"
    r"|single\s+)?(?:visible\s+|catalogu?ed\s+)?$"
)
FRONTED = re.compile(
    rf"(?i)(?:(?:to|on)\s+the\s+(?P<side>left|right)\s+of|(?P<height>above|below|beneath|underneath)){ARTICLES}"
)
AFTER_FRONTED = re.compile(r"(?i)\s*,?\s*(?:(?:there\s+)?(?:is|are|lies?|sits?)\s+)?(?:the|an?)\s+(?:\w+\s+)?")
EQUAL_AFTER = re.compile(
    r"(?i)\s*(?:is|are|occur|(?:is|are|can be)\s+found)?\s*(?:present\s+)?(?:equally\s+(?:numerous|many"
    r"|common|frequent)|in\s+equal\s+numbers?)\b"
)
THAT_OF = {
    "exceeds": "more", "equals": "equal", "is larger than": "more", "is greater than": "more",
    "is smaller than": "fewer", "is the same as": "equal", "is equal to": "equal", "matches": "equal",
    "is below": "fewer", "is lower than": "fewer", "is higher than": "more",
}  # fmt: skip


def comparisons(text: str, clause: Clause, found: Sequence[Noun]) -> Iterator[tuple[ExtractedClaim, Noun, Noun]]:
    """Each comparison of a clause with its two nouns."""
    known = [one for one in found if one.subject]
    for left, right in zip(known, known[1:], strict=False):
        claim = _between(text, clause, left, right)
        if claim is not None:
            holds = (
                not re.search(r"(?i)\bnot\b|n't\b|\bnever\b|\bno\b", text[clause.start : right.start])
                or clause.is_turned
            )
            state = Truth.PRESENT if holds is not clause.is_turned else Truth.ABSENT
            one, other = (right, left) if claim[0].startswith("turned ") else (left, right)
            made = Claim(claim[0].removeprefix("turned "), str(one.subject), state, claim[1], other=str(other.subject))
            said = ExtractedClaim(made, left.start, right.end)
            yield said, left, right


def _between(text: str, clause: Clause, left: Noun, right: Noun) -> tuple[str, int | None] | None:
    """The kind of a comparison between two nouns, and how many times as many; None where there is none."""
    before, between = text[clause.start : left.start], text[left.end : right.start]
    counted = _counted(before, between)
    if counted:
        return counted
    for kind, verb in VERBS:
        if re.fullmatch(rf"(?i)\s*,?\s*(?:that\s+|which\s+)?(?:not\s+)?{verb}{ARTICLES[:-1]}", between):
            return kind, None
    kind = _fronted(before, between) or _by_numbers(before, between, text[right.end :])
    return (kind, None) if kind else None


def _counted(before: str, between: str) -> tuple[str, int | None] | None:
    """Read "more A than B" and "twice as many A as B", but not "two more A than B"."""
    for kind, link, lead in BETWEEN:
        tail = rf"(?i)\s*(?:in the \w+\s+)?(?:visible\s+|here\s+)?{link}(?:\s+of)?{ARTICLES[:-1]}"
        if not re.fullmatch(tail, between) or not re.search(f"(?i){lead}", before):
            continue
        times = TIMES_BEFORE.search(before)
        if times is None:
            return kind, None
        return None if times["plus"] else (kind, TIMES.get((times["word"] or "").lower()) or number(times["number"]))
    return None


def _fronted(before: str, between: str) -> str | None:
    """Read "to the left of A lies B", which is said of B."""
    fronted = FRONTED.search(before)
    if fronted is None or fronted.end() < len(before) or not AFTER_FRONTED.fullmatch(between):
        return None
    kind = (fronted["side"] or fronted["height"]).lower()
    return f"turned {({'beneath': 'below', 'underneath': 'below'}).get(kind, kind)}"


def _by_numbers(before: str, between: str, after: str) -> str | None:
    """Read "the number of A exceeds that of B", "A are outnumbered by B", "of A there are more than of B"."""
    if re.search(r"(?i)\bnumber of\s+(?:the\s+|all\s+)?$", before):
        for words, kind in THAT_OF.items():
            if re.fullmatch(rf"(?i)\s*{words}\s+(?:that|the number)\s+of\s+(?:the\s+)?", between):
                return kind
    if re.fullmatch(r"(?i)\s*are\s+outnumbered\s+by\s+(?:the\s+)?", between):
        return "fewer"
    of = OF_THEM.fullmatch(between) if re.search(r"(?i)\bof\s+(?:the\s+)?$", before) else None
    if of:
        how = of["how"].lower()
        return "equal" if how == "as many" else how
    is_equal = re.fullmatch(r"(?i)\s*and\s*(?:the\s+)?", between) and EQUAL_AFTER.match(after)
    same = re.search(r"(?i)\b(?:equal|same) numbers? of\s+$", before)
    is_same = same and re.fullmatch(r"(?i)\s*(?:and|as)\s*(?:of\s+)?", between)
    return "equal" if is_equal or is_same else None


TIMES_BEFORE = re.compile(
    rf"(?i)\b(?:(?P<word>{_TIMES})|(?P<number>{NUMBER})\s+times|(?P<plus>{NUMBER}))\s+(?:as many|more|fewer)\s*$"
)
OF_THEM = re.compile(
    r"(?i)\s*,?\s*there\s+are\s+(?P<how>more|fewer|as many)\s+(?:than|as)\s+(?:there\s+are\s+)?of\s+(?:the\s+)?"
)
