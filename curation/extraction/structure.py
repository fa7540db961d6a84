"""How many islands and peaks a text gives a source."""

import re
from collections.abc import Iterator, Sequence

from curation.extraction.amounts import NUMBER, amount_before, number
from curation.extraction.clauses import Clause, polarity
from curation.verification.claims import Claim, ExtractedClaim
from schemas.labels import Truth

COUNT_THE = re.compile(
    rf"(?i)\b(?:count|number)\b[^.;!?]{{0,80}}?(?<!-)\b(?P<what>islands?|components?|peaks?)\b(?![\s-]+(?:sources?"
    rf"|radio|galax|objects?|extended))[^.;!?]{{0,120}}?(?:\bfind|\bget"
    rf"|\bis|\bare|:|\bequals)\s*(?P<number>{NUMBER})\b|^\W*(?P<label>islands?|components?"
    rf"|peaks?)\s*:\s*(?P<labelled>{NUMBER})\b"
)
STRUCTURE = re.compile(
    r"(?i)\b(?:(?:single|separate|distinct|individual|different|disconnected|detached|connected|bright"
    r"|brightness|intensity|emission|local|flux|radio)[\s-]+)*"
    r"(?P<what>islands?|components?|peaks?|maxim(?:um|a))\b(?:\s+of\s+(?:brightness|emission|intensity"
    r"|flux))?(?P<each>\s+each\b|\s+per\s+(?:island|component)\b)?"
)
STRUCTURE_PREFIX = re.compile(
    r"(?i)(?P<word>single|one|double|two|triple|three|multi|multiple)[\s-]+(?P<what>island|component|peak)(?:ed)?\b"
)
PREFIXES = {"single": 1, "one": 1, "double": 2, "two": 2, "triple": 3, "three": 3}


def counted_parts(found: re.Match[str], start: int) -> ExtractedClaim:
    """The claim of "if you count the peaks, you will find two"."""
    what = "peaks" if (found["what"] or found["label"]).lower().startswith("peak") else "islands"
    return ExtractedClaim(
        Claim("structure", what, count=number(found["number"] or found["labelled"])),
        start + found.start(),
        start + found.end(),
    )


def structure(text: str, clause: Clause) -> Iterator[ExtractedClaim]:
    """How many islands and peaks a source has."""
    yield from _prefixed(text, clause)
    islands, denied = 1, list[ExtractedClaim]()
    for one in STRUCTURE.finditer(text, clause.start, clause.end):
        found = _numbered(text, clause, one)
        if found is None:
            continue
        count, how, start = found
        what = "peaks" if one["what"].lower().startswith(("peak", "max")) else "islands"
        if what == "islands":
            islands = count or islands
        elif one["each"] and count:
            count *= islands
        holds = polarity(text, clause, start, one.end())
        if holds:
            yield ExtractedClaim(Claim("structure", what, count=count, how=how), start, one.end())
        elif holds is None or how is not None:
            yield ExtractedClaim(Claim("unread", what), start, one.end())
        else:
            denied.append(ExtractedClaim(Claim("structure", what, Truth.ABSENT, count), start, one.end()))
    yield from _together(denied)


def _prefixed(text: str, clause: Clause) -> Iterator[ExtractedClaim]:
    """Read "a double-peaked source" and "a single-island source"."""
    for one in STRUCTURE_PREFIX.finditer(text, clause.start, clause.end):
        if not NOUN_AFTER.match(text, one.end()):
            continue  # "a single island": that is read as a number of islands
        what = "peaks" if one["what"].lower() == "peak" else "islands"
        count = PREFIXES.get(one["word"].lower())
        yield ExtractedClaim(Claim("structure", what, count=count, how=None if count else "several"), *one.span())


def _numbered(text: str, clause: Clause, one: re.Match[str]) -> tuple[int | None, str | None, int] | None:
    """The number of islands or peaks, how it is meant, and where it begins; "a peak" may be one of several."""
    amount = amount_before(text, one.start())
    if amount is not None:
        return (amount.count, amount.how, amount.start) if amount.start >= clause.start else None
    is_single = re.search(r"(?i)\b(?:single|one)\b", text[max(clause.start, one.start() - 8) : one.end()])
    return (1, None, one.start()) if is_single else None


def _together(denied: Sequence[ExtractedClaim]) -> Iterator[ExtractedClaim]:
    """What is denied of islands and peaks in one breath is denied of both together."""
    if len({one.claim.subject for one in denied}) == len(denied) == len(("islands", "peaks")):
        one, other = sorted(denied, key=lambda each: each.claim.subject)
        both = Claim("structure", "islands", Truth.ABSENT, one.claim.count, other=f"{other.claim.count} peaks")
        yield ExtractedClaim(both, min(one.start, other.start), max(one.end, other.end))
    elif len(denied) == 1:
        yield denied[0]
    else:
        yield from (ExtractedClaim(Claim("unread", one.claim.subject), one.start, one.end) for one in denied)


NOUN_AFTER = re.compile(
    r"(?i)[\w-]*[\s-]+(?:(?:radio|extended|compact|morphology)\s+)*(?:source|object|galaxy|morphology|structure)|ed\b"
)
