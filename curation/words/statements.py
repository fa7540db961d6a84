"""What the sentences of a text say of labels, sources and blank pixels, clause by clause."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from curation.words import grammar as g
from curation.words.amounts import Amount
from curation.words.claims import ANY_OBJECT, Claim, FoundClaim
from curation.words.clauses import Clause, clauses, polarity, sentences
from curation.words.comparisons import comparisons
from curation.words.nouns import Context, Noun, nouns
from curation.words.quantities import blanks, extents, ordinariness, structure
from curation.words.sky_words import MAP, sky
from schemas.labels import Truth

ONLY = re.compile(
    r"(?i)(?<!not )\b(?:only|solely|exclusively|nothing but|nothing other than|purely)\s+(?:the\s+|some\s+|any\s+|of\s+|visible\s+)*$"
    r"|\b(?:no|not any|nothing|none)\b[^.,;:]*?\b(?:except(?: for)?|other than|besides|apart from|but)\s+(?:the\s+|some\s+|for\s+|an?\s+|visible\s+)*$"
)
EXCEPT = re.compile(
    r"(?i)\b(?:no|not any|nothing|none|without any)\b(?:\s+[\w-]+){0,4}?\s+(?:except(?: for)?|other than|besides|apart from|but)\b"
)
ASIDE = re.compile(  # named, but not said to be there
    r"(?i)\b(?:more\b[^.,;:]*\bthan|similar to|like(?:ly)? (?:those of|that of)|reminiscent of|resembl\w+|compared (?:to|with)|in contrast to|different from|the (?:definition|term|word)(?: of)?|distinguish\w*"
    r"|search(?:ed)? for|look(?:ed|ing)? for|regarding|concerning|speaking of|no other|further|additional)\s+(?:\w+\s+){0,2}$"
)
OUR_ASIDE = re.compile(r"there is more in it than point-like sources")  # of the question ordinary.toml
EMPTY = re.compile(
    r"(?i)\b(?:(?:image|picture|field|frame|cutout|map|it)\s+(?:is|appears|seems|looks)\s+(?:entirely |completely |otherwise )?(?:empty|devoid of anything)|nothing (?:else )?(?:is|can be) (?:seen|visible|detected|found)|there is nothing)\b"
)
DEFINITE_ENOUGH = ("it", "which", "this")
HARMLESS = re.compile(
    r"(?i)^\W*(?:(?:here (?:is|are)|sure|certainly|of course|i hope|in summary|to summarise|to summarize|overall|answer|description|yes|no|okay|ok|thank you|let me|the answer is"
    r"|this is (?:a|an|the) (?:radio |grey(?:scale)? |gray(?:scale)? )*(?:image|picture|cutout|map)|the (?:image|picture) is a (?:radio |square |small )*(?:image|cutout|picture|map))\b[^.!?]*)?\W*$"
)
CLASS_LIKE = re.compile(r"(?<![\w-])(?:\d\s?[cC]-?\s?\d\s?[pPcC]|[Ff][Rr][ -]?(?:\d|[IVX]{1,3}|[xX]))(?![\w-])")
WORD = re.compile(r"[^\W\d_]{2,}")


def statements(text: str, words: g.Grammar) -> Iterator[FoundClaim]:
    """The claims of a plain text, whose boxes and opening yes or no are masked."""
    text, found = _phrases(text, words)
    found += sky(text)
    yield from found
    text = g.masked(g.masked(text, MAP), OUR_ASIDE)
    mentions = words.mentions(text)
    context = Context()
    for start, end in sentences(text):
        said: list[FoundClaim] = []
        is_silent = True
        for clause in clauses(text, start, end):
            is_silent = is_silent and clause.is_undecided
            if not clause.is_silent:
                here = nouns(text, clause, mentions, context)
                said += _clause(text, clause, here, start, is_central=words.is_central)
                context = _after(context, here)
        yield from said
        is_known = any(start <= one.start < end for one in found) or said or is_silent
        if not is_known and not HARMLESS.fullmatch(text[start:end]) and WORD.search(text[start:end]):
            begin = start + len(text[start:end]) - len(text[start:end].lstrip())
            yield FoundClaim(Claim("unread", "sentence"), begin, end)


def _phrases(text: str, words: g.Grammar) -> tuple[str, list[FoundClaim]]:
    """Whole sentences of the scheme, taken out of the text."""
    whole = [one for one in words.mentions(text) if one.says is not None]
    found = [
        FoundClaim(Claim("presence", one.label, Truth.PRESENT if one.says else Truth.ABSENT), one.start, one.end)
        for one in whole
    ]
    return g.blanked(text, [(one.start, one.end) for one in whole]), found


def _after(context: Context, here: Sequence[Noun]) -> Context:
    """What "it" and "one of them" mean in the clauses that follow."""
    named = [one for one in here if one.subject and not one.is_anaphor]
    if not named:
        return context
    counted = [one for one in named if one.amount and one.amount.count]
    last = counted[-1] if counted and not named[-1].predicates else named[-1]
    subject = last.predicates[-1].subject if last.predicates and last.subject == ANY_OBJECT else last.subject
    return Context(subject, last.amount.count if last.amount else None)


def _clause(text: str, clause: Clause, here: list[Noun], sentence_start: int, *, is_central: bool) -> list[FoundClaim]:
    said: list[FoundClaim] = []
    compared: list[Noun] = []
    for claim, left, right in comparisons(text, clause, here):
        said.append(claim)
        compared += [left, right]
    rest = [_at_home(one) if is_central and one.predicates else one for one in here if one not in compared]
    extent = list(extents(text, clause, here))
    said += extent
    for one in rest:
        said += _noun(text, clause, one)
    hidden = g.blanked(text, [span for one in here for span in _spans(one)])
    said += blanks(hidden, clause)
    said += ordinariness(hidden, clause, sentence_start)
    said += structure(g.blanked(text, [span for one in here if one.subject for span in _spans(one)]), clause)
    said += [
        FoundClaim(Claim("class", one[0]), *one.span()) for one in CLASS_LIKE.finditer(hidden, clause.start, clause.end)
    ]
    if not said and EMPTY.search(text, clause.start, clause.end) and not clause.is_hedged:
        one = EMPTY.search(text, clause.start, clause.end)
        if one and polarity(text, clause, one.start(), one.start()):
            said.append(FoundClaim(Claim("count", ANY_OBJECT, count=0), *one.span()))
    return [replace(one, is_hedged=True) for one in said] if clause.is_hedged else said


def _at_home(one: Noun) -> Noun:
    """Without the centre, where the source that the labels are of lies in any case."""
    return replace(one, places=tuple(place for place in one.places if place.name != "centre"))


def _spans(one: Noun) -> list[tuple[int, int]]:
    return [(one.start, one.end), *(span for each in one.predicates for span in _spans(each))]


def _noun(text: str, clause: Clause, one: Noun) -> Iterator[FoundClaim]:
    """What a clause says of one noun."""
    if one.subject is None:
        yield from _of_a_part(text, one)
        return
    start = min([one.start, *([one.amount.start] if one.amount else [])])
    if ASIDE.search(text[clause.start : start]):
        yield FoundClaim(Claim("unread", one.subject), one.start, one.end)
        return
    holds = polarity(text, clause, start, one.end)

    def claim(kind: str, subject: str, state: bool = True, **more: str | int | None) -> FoundClaim:
        made = Claim(kind, subject, Truth.PRESENT if state else Truth.ABSENT, **more)  # type: ignore[arg-type]
        ends = [
            one.end,
            *(place.end for place in one.places if kind in ("position", "extreme")),
            *(each.end for each in one.predicates),
        ]
        begins = [start, *(place.start for place in one.places if kind in ("position", "extreme"))]
        return FoundClaim(made, min(begins), max(ends))

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
        if (only or excepted) and one.subject != ANY_OBJECT and not one.places and holds:
            yield claim("only", one.subject)
        yield from _placed(text, clause, one, claim, holds=holds) if one.places else _there(one, claim, holds=holds)


def _of_a_part(text: str, one: Noun) -> Iterator[FoundClaim]:
    """A lobe, a jet, a glow: where it lies is not known."""
    for place in one.places:
        yield FoundClaim(Claim("unread", one.word.lower(), other=place.name), one.start, place.end)


def _there(one: Noun, claim: "Maker", *, holds: bool) -> Iterator[FoundClaim]:
    """That it is there, or how often, or that it is not."""
    subject, amount = str(one.subject), one.amount
    is_label = subject != ANY_OBJECT
    if one.is_anaphor:
        if one.quantifier == "none":
            yield claim("presence", subject, False) if is_label else claim("count", subject, count=0)
        return
    if one.is_part:
        yield claim("unread", subject)
    elif amount is not None and holds:
        yield from _counted(subject, amount, claim)
    elif amount is not None and amount.count is not None and amount.how is None:  # "there are not three of them"
        yield claim("count", subject, False, count=amount.count)
    elif not holds:
        if is_label:
            yield claim("presence", subject, False)
        elif not one.is_definite or one.quantifier == "none":
            yield claim("count", subject, count=0)
    elif is_label:
        yield claim("presence", subject)


def _counted(subject: str, amount: Amount, claim: "Maker") -> Iterator[FoundClaim]:
    is_label = subject != ANY_OBJECT
    if amount.count == 0 and is_label:
        yield claim("presence", subject, False)
    elif amount.is_subset and amount.count is not None:
        yield claim("count", subject, count=amount.count, how="some" if amount.how is None else amount.how)
    elif amount.count == 1 and amount.how == "at least" and is_label:
        yield claim("presence", subject)
    else:
        yield claim("count", subject, count=amount.count, how=amount.how)
        if amount.count is None and is_label:
            yield claim("presence", subject)


def _placed(text: str, clause: Clause, one: Noun, claim: "Maker", *, holds: bool) -> Iterator[FoundClaim]:
    """That so many of it lie in a place; without a number, one at least."""
    subject, amount = str(one.subject), one.amount
    is_after = all(place.start >= one.end for place in one.places)
    negated = (
        bool(re.search(r"(?i)\b(?:not|never|neither|nor)\b|n't\b", text[one.end : one.places[0].start]))
        if is_after
        else False
    )
    before = text[clause.start : one.start]
    is_indefinite = (
        bool(
            re.search(
                r"(?i)\b(?:no|any|zero|without|neither|nor|not an?|devoid of|free of|lacks?)\s+(?:[\w-]+\s+){0,2}$",
                before,
            )
        )
        or one.quantifier == "none"
    )
    if not holds and (is_indefinite or not negated):  # "no compact source in the upper left"
        for place in one.places:
            yield claim("position", subject, place.is_outside, other=place.name)
        return
    whole = one.is_apart or one.is_anaphor
    if whole or amount is None:
        yield from () if one.is_anaphor else _there(replace(one, is_anaphor=False), claim, holds=True)
    for place in one.places:
        is_there = place.is_outside == negated if negated or place.is_outside else True
        if not is_there:
            yield claim(
                "position", subject, False, other=place.name, how="all" if one.is_definite or one.is_anaphor else None
            )
        elif one.quantifier in ("all", "most", "none", "not all"):
            yield claim(
                "position",
                subject,
                one.quantifier not in ("none",),
                other=place.name,
                how={"none": None}.get(one.quantifier, one.quantifier),
            )
        elif amount is not None and amount.count is not None and one.is_anaphor:
            yield claim("position", subject, count=amount.count, how="at least", other=place.name)
        elif amount is not None and not whole:
            yield claim(
                "position",
                subject,
                count=amount.count,
                how="some" if amount.is_subset and not amount.how else amount.how,
                other=place.name,
            )
        else:
            yield claim("position", subject, other=place.name)


def _extreme(text: str, clause: Clause, one: Noun, claim: "Maker") -> Iterator[FoundClaim]:
    """Where the largest lies, or what it is."""
    subject = str(one.subject)
    if subject != ANY_OBJECT and not one.is_anaphor:
        yield claim("presence", subject)
    for place in one.places:
        negated = (
            bool(re.search(r"(?i)\bnot\b|n't\b", text[one.end : place.start])) if place.start >= one.end else False
        )
        yield claim("extreme", subject, negated == place.is_outside, how=one.extreme, other=f"in {place.name}")
    for each in one.predicates:
        holds = polarity(text, clause, each.start, each.end)
        if holds is None:
            yield claim("unread", str(each.subject))
        else:
            yield claim("extreme", subject, holds, how=one.extreme, other=f"is {each.subject}")


def _predicated(text: str, clause: Clause, one: Noun, claim: "Maker") -> Iterator[FoundClaim]:
    """That a source, or so many of them, or all, are of a class."""
    for each in one.predicates:
        subject = str(each.subject)
        holds = polarity(text, clause, each.start, each.end)
        if one.quantifier == "not all":
            yield claim("share", subject, False, how="all", other=one.subject)
        elif holds is None:
            yield claim("unread", subject)
        elif one.quantifier == "none":
            yield claim("presence", subject, not holds if NOT_TWICE.search(text[one.end : each.start]) else False)
        elif one.quantifier in ("all", "most", "half"):
            yield claim("share", subject, holds, how=one.quantifier, other=one.subject)
        elif one.amount is not None and one.amount.count is not None:
            yield (
                claim("count", subject, holds, count=one.amount.count, how=one.amount.how)
                if holds
                else claim("unread", subject)
            )
        elif one.places:
            for place in one.places:
                yield claim("position", subject, holds, other=place.name)
            if holds:
                yield claim("presence", subject)
        elif one.is_plural and one.word not in DEFINITE_ENOUGH and not one.is_anaphor and holds:
            yield claim("share", subject, how="all", other=one.subject)
        else:
            yield claim("presence", subject, holds, how=None if holds else "one")


NOT_TWICE = re.compile(r"(?i)\b(?:not|free|without|lack\w*)\b|n't\b")


class Maker(Protocol):
    """Makes a claim of a noun with its span."""

    def __call__(self, kind: str, subject: str, state: bool = True, **more: str | int | None) -> FoundClaim:
        """The claim."""
        ...
