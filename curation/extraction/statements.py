"""What the sentences of a text say of labels, sources and blank pixels, clause by clause."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from curation.extraction import grammar as g
from curation.extraction.clauses import (
    HEDGED,
    NEGATOR,
    OUTER,
    SUPPOSED,
    UNDECIDED,
    Clause,
    clauses,
    polarity,
    sentences,
)  # fmt: skip
from curation.extraction.comparisons import comparisons
from curation.extraction.nouns import Context, Noun, nouns
from curation.extraction.places import places
from curation.extraction.quantities import blanks, extents, ordinariness
from curation.extraction.said_of_nouns import said_of
from curation.extraction.sky_words import MAP, sky
from curation.extraction.structure import COUNT_THE, counted_parts, structure
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from schemas.labels import Truth

OUR_ASIDE = re.compile(r"there is more in it than point-like sources")  # of the question ordinary.toml

EMPTY = re.compile(
    r"(?i)\b(?:(?:image|picture|field|frame|cutout|map|it)\s+(?:is|appears|seems|looks)\s+(?:entirely "
    r"|completely |otherwise )?(?:empty|devoid of anything)|nothing (?:else )?(?:is|can be) (?:seen|visible"
    r"|detected|found)|there is nothing)\b"
)

HARMLESS = re.compile(
    r"(?i)^\W*(?:(?:here (?:is|are)|sure|certainly|of course|i hope|in summary|to summarise|to summarize"
    r"|overall|answer|description|yes|no|okay|ok|thank you|let me|the answer is"
    r"|this is (?:a|an|the) (?:radio |grey(?:scale)? |gray(?:scale)? )*(?:image|picture|cutout|map)"
    r"|the (?:image|picture) is a (?:radio |square |small )*(?:image|cutout|picture|map))\b[^.!?]*)?\W*$"
)

ASIDE_NUMBER = re.compile(rf"(?i)\(\s*(?:and\s+)?not\s+{g.NUMBER}\s*\)")  # "four (not three) sources"
CLASS_LIKE = re.compile(r"(?<![\w-])(?:\d\s?[cC]-?\s?\d\s?[pPcC]|[Ff][Rr][ -]?(?:\d|[IVX]{1,3}|[xX]))(?![\w-])")

WORD = re.compile(r"[^\W\d_]{2,}")


def statements(text: str, words: g.Grammar) -> Iterator[ExtractedClaim]:
    """The claims of a plain text, whose boxes and opening yes or no are masked."""
    text = g.masked(text, ASIDE_NUMBER)
    text, found = _phrases(text, words)
    found += sky(text)
    yield from found
    text = g.blanked(text, [(one.start, one.end) for one in found if one.claim.kind == "orientation"])
    text = g.masked(g.masked(text, MAP), OUR_ASIDE)
    mentions = words.mentions(text, with_phrases=False)
    context = Context()
    for start, end in sentences(text):
        said: list[ExtractedClaim] = []
        for one in COUNT_THE.finditer(text[start:end]):
            said.append(counted_parts(one, start))
            text = g.blanked(text, [(start + one.start(), start + one.end())])
        is_silent = True
        for clause in clauses(text, start, end):
            is_silent = is_silent and clause.is_undecided
            if clause.is_silent:
                here = nouns(text, clause, mentions, context, is_central=words.is_central)
                context = _after(context, here) if clause.is_supposed else context
            else:
                here = nouns(text, clause, mentions, context, is_central=words.is_central)
                said += _clause(text, clause, here, start)
                context = _after(context, here)
        yield from said
        is_known = any(start <= one.start < end for one in found) or said or is_silent
        if not is_known and not HARMLESS.fullmatch(text[start:end]) and WORD.search(text[start:end]):
            begin = start + len(text[start:end]) - len(text[start:end].lstrip())
            yield ExtractedClaim(Claim("unread", "sentence"), begin, end)


def _phrases(text: str, words: g.Grammar) -> tuple[str, list[ExtractedClaim]]:
    """Whole sentences of the scheme, taken out of the text."""
    whole = [one for one in words.mentions(text) if one.says is not None and _is_plainly_said(text, one)]
    found = [
        ExtractedClaim(Claim("presence", one.label, Truth.PRESENT if one.says else Truth.ABSENT), one.start, one.end)
        for one in whole
    ]
    return g.blanked(text, [(one.start, one.end) for one in whole]), found


def _is_plainly_said(text: str, one: g.Mention) -> bool:
    """Whether a whole sentence of the scheme stands as it is: nothing before it denies, supposes or doubts it."""
    before = re.split(r"[.!?;\n](?=\s|$)", text[: one.start])[-1]
    is_open = any(pattern.search(before) for pattern in (OUTER, NEGATOR, SUPPOSED, HEDGED, UNDECIDED))
    return not is_open and bool(re.match(r"\s*(?:$|[.,;:!?)\n-])", text[one.end :]))


def _after(context: Context, here: Sequence[Noun]) -> Context:
    """What "it" and "one of them" mean in the clauses that follow."""
    named = [one for one in here if one.subject and not one.is_anaphor]
    if not named:
        return context
    counted = [one for one in named if one.amount and one.amount.count]
    last = counted[-1] if counted and not named[-1].predicates else named[-1]
    subject = last.predicates[-1].subject if last.predicates and last.subject == ANY_OBJECT else last.subject
    return Context(subject, last.amount.count if last.amount else None)


def _clause(text: str, clause: Clause, here: list[Noun], sentence_start: int) -> list[ExtractedClaim]:
    said: list[ExtractedClaim] = []
    compared: list[Noun] = []
    for claim, left, right in comparisons(text, clause, here):
        said.append(claim)
        compared += [left, right]
    rest = [one for one in here if one not in compared]
    extent = list(extents(text, clause, here))
    said += extent
    for at, one in enumerate(rest):
        made = () if one.is_home else said_of(text, clause, one)
        is_open = _is_choice(text, rest, at)
        said += [replace(each, is_hedged=is_open and each.claim.state is Truth.PRESENT) for each in made]
    hidden = g.blanked(text, [span for one in here for span in _spans(one)])
    said += blanks(hidden, text, clause)
    said += ordinariness(hidden, clause, sentence_start)
    said += structure(
        g.blanked(text, [span for one in here if one.subject and not one.is_anaphor for span in _spans(one)]), clause
    )
    said += [
        ExtractedClaim(Claim("class", one[0]), *one.span())
        for one in CLASS_LIKE.finditer(hidden, clause.start, clause.end)
    ]
    if not said and not clause.is_hedged:
        said += _emptiness(text, clause)
    if not any(one.claim.kind in COMPARED for one in said) and COMPARATIVE.search(text, clause.start, clause.end):
        said.append(ExtractedClaim(Claim("unread", "comparison"), clause.start, clause.end))
    if FROM_TO.search(text, clause.start, clause.end):
        said.append(ExtractedClaim(Claim("unread", "extent"), clause.start, clause.end))
    return [replace(one, is_hedged=True) for one in said] if clause.is_hedged else said


def _emptiness(text: str, clause: Clause) -> Iterator[ExtractedClaim]:
    """That there is nothing, in the picture or in a part of it."""
    one = EMPTY.search(text, clause.start, clause.end)
    here = places(text[clause.start : clause.end])
    lone = EMPTY_PLACE.search(text, clause.start, clause.end) if here else None
    found = one or lone
    if found is None or not polarity(text, clause, found.start(), found.start()):
        return
    for place in here:
        claim = Claim("position", ANY_OBJECT, Truth.ABSENT, other=place.name)
        yield ExtractedClaim(claim, clause.start + place.start, max(clause.start + place.end, found.end()))
    if not here:
        yield ExtractedClaim(Claim("count", ANY_OBJECT, count=0), *found.span())


COMPARED = frozenset(
    {
        "more",
        "fewer",
        "equal",
        "larger",
        "smaller",
        "brighter",
        "left",
        "right",
        "above",
        "below",
        "north",
        "south",
        "east",
        "west",
        "north-east",
        "north-west",
        "south-east",
        "south-west",
        "nearer",
        "beside",
        "extreme",
        "extent",
    }
)
COMPARATIVE = re.compile(
    r"(?i)\b(?:larger|smaller|bigger|wider|brighter|fainter|stronger|weaker|closer|nearer|farther|further"
    r"|higher|lower)\s+(?:\w+\s+){0,2}than\b"
    r"|\b(?:outnumber\w*|twice as|times as|as many|as large as|as bright as)\b|\b(?:more"
    r"|fewer)\s+(?!than\b)(?:[\w-]+\s+){1,4}than\b"
)
FROM_TO = re.compile(
    r"(?i)\bfrom\s+(?:the\s+)?(?:[\w-]+\s+){1,3}to\s+(?:the\s+)?(?:upper|lower|left|right|top|bottom|cent|middle)"
)
EMPTY_PLACE = re.compile(
    r"(?i)\b(?:is|are|remains?|appears?|looks?|seems?)\s+(?:\w+ly\s+)?(?:empty|free of sources"
    r"|devoid of sources)\b"
)


def _is_choice(text: str, here: Sequence[Noun], at: int) -> bool:
    """Whether a noun is one of "this or that", of which the text does not say which; "no this or that" denies both."""
    one = here[at]
    for other in here[max(0, at - 1) : at + 2]:
        first, last = sorted((one, other), key=lambda each: each.start)
        between = text[first.end : last.start]
        if (
            other is not one
            and other.subject != one.subject
            and re.fullmatch(r"(?i)\s*,?\s*or\s+(?:(?:an?|the|of|type|some)\s+)*", between)
        ):
            return True
    return False


def _spans(one: Noun) -> list[tuple[int, int]]:
    return [(one.start, one.end), *(span for each in one.predicates for span in _spans(each))]
