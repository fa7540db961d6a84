"""What a text says in quantities: blank pixels, fractions of the picture, islands and peaks, and numbers left over."""

import re
from collections.abc import Iterable, Iterator, Sequence

from curation.extraction.amounts import NUMBER, number
from curation.extraction.clauses import NOT_WHOLLY, Clause, polarity
from curation.extraction.nouns import Noun
from curation.extraction.places import places
from curation.extraction.sky_words import ANGLE, BEAM, angle_mas, is_by_source, is_of_source
from curation.verification.claims import Claim, ExtractedClaim
from schemas.labels import Truth

FRACTIONS = {
    "half": 50, "a half": 50, "one half": 50, "a third": 33, "one third": 33, "one-third": 33, "two thirds": 67,
    "two-thirds": 67, "a quarter": 25, "one quarter": 25, "three quarters": 75, "three-quarters": 75, "a fifth": 20,
    "one fifth": 20, "a sixth": 17, "an eighth": 12, "a tenth": 10, "one tenth": 10, "one-tenth": 10, "all": 100,
    "the whole": 100, "the entire": 100, "two fifths": 40, "a quarter part": 25, "a twentieth": 5,
}  # fmt: skip
_FRACTION = (
    r"(?:(?P<percent>\d+(?:\.\d+)?)\s*(?:%|per\s?cent|percent)|(?P<words>"
    + "|".join(sorted(FRACTIONS, key=len, reverse=True))
    + r"))"
)
_BOUND = (
    r"(?:\b(?P<bound>less than|under|below|fewer than|more than|over|above|at least|at most|up to)\s+"
    r"|(?:about|around|roughly"
    r"|approximately|nearly|almost|some|close to|exactly|just|~)\s*)*"
)
_IMAGE = r"(?:images?|picture|frame|field(?: of view)?|map|cut-?out|view|scene|area|pixels)"
_SHARE_VERB = (
    r"(?:is|are|covers?|occup(?:y|ies)|makes?\s+up|take(?:s)?\s+up|amounts?\s+to|accounts?\s+for|constitutes?"
    r"|equals?|measures?|fills?|:|of)"
)
_EMPTY = r"(?:blank|NaN|nan|no data|missing data|without data|unobserved|empty pixels|data gap)"
BLANK = re.compile(
    rf"(?i){_BOUND}(?<![\w.]){_FRACTION}(?=[^.;!?]{{0,100}}?\b{_EMPTY}\b)[^.;!?]{{0,100}}?\b{_EMPTY}\b(?P<after>[^.;!?]{{0,200}})"
    rf"|\b{_EMPTY}\b[^.;!?\d]{{0,60}}?{_SHARE_VERB}\s*{_BOUND.replace('bound', 'bound2')}"
    rf"(?<![\w.]){_FRACTION.replace('percent', 'percent2', 1).replace('<words', '<words2')}(?!\s*(?:pixels))"
    rf"|\b(?P<word>{_EMPTY})\b(?P<rest>[^.;!?]{{0,200}})"
)
EDGE = re.compile(r"(?i)\b(?:edges?|borders?|sides?|margins?|rim|boundary)\b")
ORDINARY = re.compile(
    r"(?i)\b(?P<what>ordinary|complex|peculiar)\b(?!\s+(?:sources?|objects?|radio|morpholog\w+|structures?"
    r"|galax\w+|shapes?))"
)
OF_IMAGE = re.compile(r"(?i)\b(?:image|picture|contents?|field|view|it|this|scene|class|map|cutout)\b")
IS_WHAT = re.compile(r"(?i)\s+is what the (?:image|picture|content)")
NOTHING_ODD = re.compile(
    r"(?i)\b(?:nothing|not anything)\b[^.;!?,]{0,30}?\b(?:peculiar|unusual|anomalous|out of the ordinary|strange)\b"
)
SHARE_OF = re.compile(
    rf"(?i){_BOUND}(?<![\w.]){_FRACTION}\s*(?:of\s+)?(?:the\s+)?(?:whole\s+|entire\s+|full\s+)?"
    rf"(?:{_IMAGE}(?:'s)?\s*(?P<axis1>width|height|side|across|diameter)?|(?P<axis2>width|height"
    rf"|side)(?:\s+of\s+the\s+{_IMAGE})?)\b"
)
VERB_BEFORE = re.compile(
    r"(?i)\b(?:covers?|covering|occup(?:y|ies|ying)|fills?|filling|takes? up|taking up|spans?|spanning"
    r"|extends? (?:over|across|along)"
    r"|stretch(?:es)? (?:over|across|along)|spreads? (?:over|across)|accounts? for|makes? up"
    r"|measures?)\s*(?:\w+ly\s+)?$"
)
OF_A_SIDE = re.compile(
    r"(?i)\b(?:left|right|upper|lower|top|bottom|other|first|second|northern|southern|eastern|western)(?:-hand)?[\s-]+$"
)
ON_A_SIDE = re.compile(r"(?i)\bon a side\b")
LEFTOVER = re.compile(rf"(?i)(?<![\w.])(?P<value>\d+(?:[.,]\d+)*(?:e[+-]?\d+)?|{NUMBER})(?![\w]|\.\d)")


def blanks(hidden: str, text: str, clause: Clause) -> Iterator[ExtractedClaim]:
    """Blank pixels: whether any are, whether they lie along the sides, and how many. `hidden`: without the nouns."""
    whole = text[clause.start : clause.end]
    subject = "edge" if EDGE.search(ON_A_SIDE.sub(" ", whole)) else "blank"
    at = clause.start
    while found := BLANK.search(hidden, at, clause.end):
        at = found.end()
        for place in places(whole):
            if not place.name.endswith("edge") and place.start + clause.start > found.start():
                yield ExtractedClaim(Claim("unread", "blank", other=place.name), *found.span())
        if found["words"] and OF_A_SIDE.search(hidden[clause.start : found.start("words")]):
            yield ExtractedClaim(Claim("border", "blank"), *found.span())
            yield ExtractedClaim(Claim("unread", "blank", other="a side"), *found.span())
        elif found["word"] is None:
            yield ExtractedClaim(_blank_share(found, text, clause), *found.span())
        else:
            holds = polarity(text, clause, *found.span("word")) or found["word"].lower() in NO_DATA
            state = Truth.PRESENT if holds else Truth.ABSENT
            is_told = polarity(text, clause, *found.span("word")) is not None
            yield ExtractedClaim(
                Claim("border", subject, state) if is_told else Claim("unread", "blank"), *found.span()
            )


def _blank_share(found: re.Match[str], text: str, clause: Clause) -> Claim:
    """So many per cent; "less than 1 %" is 0."""
    if NOT_WHOLLY.search(text[clause.start : found.end()]):
        return Claim("border", "blank")
    if not polarity(text, clause, found.start(), found.start()):
        return Claim("unread", "blank")
    figure, words = found["percent"] or found["percent2"], found["words"] or found["words2"]
    percent = float(figure) if figure else float(FRACTIONS[" ".join(words.lower().split())])
    how = BOUNDS.get((found["bound"] or found["bound2"] or "").lower())
    if how == "less" and percent <= 1:
        return Claim("border", "blank", count=int(percent) - 1)
    how = "at most" if how == "less" else how or ("about" if words else None)
    return Claim("border", "blank", count=round(percent), how=how)


NO_DATA = ("no data", "without data")
BOUNDS = {
    "less than": "less", "under": "less", "below": "less", "fewer than": "less", "more than": "at least",
    "over": "at least", "above": "at least", "at least": "at least", "at most": "at most", "up to": "at most",
}  # fmt: skip


def ordinariness(text: str, clause: Clause, sentence_start: int) -> Iterator[ExtractedClaim]:
    """Whether the picture as a whole is ordinary, complex or peculiar."""
    for one in NOTHING_ODD.finditer(text, clause.start, clause.end):
        yield ExtractedClaim(Claim("peculiarity", "PECULIAR", Truth.ABSENT), *one.span())
    for one in ORDINARY.finditer(text, clause.start, clause.end):
        before = text[sentence_start : one.start()]
        subject = OF_IMAGE.search(before) or IS_WHAT.match(text, one.end())
        if subject is None or NOTHING_ODD.search(text[clause.start : one.end()]):
            continue
        holds = polarity(text, clause, *one.span())
        if holds is not None:
            state = Truth.PRESENT if holds else Truth.ABSENT
            yield ExtractedClaim(Claim("peculiarity", one["what"].upper(), state), *one.span())


def extents(text: str, clause: Clause, found: Sequence[Noun]) -> Iterator[ExtractedClaim]:
    """How large a source is, as a fraction of the picture or as an angle."""
    known = [one for one in found if one.subject]
    for one in SHARE_OF.finditer(text, clause.start, clause.end):
        axis = (one["axis1"] or one["axis2"] or "").lower()
        if one["words"] and OF_A_SIDE.search(text[clause.start : one.start("words")]):
            continue
        verb = VERB_BEFORE.search(text[clause.start : one.start()])
        if (not axis and not verb) or re.search(rf"(?i)\b{_EMPTY}\b", text[clause.start : clause.end]):
            continue
        subject = _nearest(known, one.start(), one.end())
        if subject is None and not axis:
            continue
        percent = float(one["percent"]) if one["percent"] else float(FRACTIONS[" ".join(one["words"].lower().split())])
        is_across = bool(axis) or bool(verb and re.match(r"(?i)span|extend|stretch|measure", verb[0]))
        how = _axis(axis) if axis else "across" if is_across else "area"
        bound = (one["bound"] or "").lower()
        if bound:
            how += " at least" if bound in ("more than", "over", "above", "at least") else " at most"
        yield ExtractedClaim(Claim("extent", subject or "it", count=round(percent), how=how), *one.span())
    for one in ANGLE.finditer(text, clause.start, clause.end):
        sentence = re.split(r"[.!?](?!\d)", text[: one.start()])[-1]
        if (is_of_source(sentence) or is_by_source(text[one.end() : clause.end])) and not BEAM.search(sentence):
            near = text[clause.start : one.start()][-40:] + " " + text[one.end() : clause.end][:20]
            axis = re.search(r"(?i)\b(?:width|height|wide|high|tall)\b", near)
            how = f"angle {_axis(axis[0].lower())}" if axis else "angle"
            subject = _nearest(known, one.start(), one.end()) or "it"
            yield ExtractedClaim(Claim("extent", subject, count=angle_mas(one, "value"), how=how), *one.span())


def _axis(word: str) -> str:
    return "width" if word in ("width", "wide") else "height" if word in ("height", "high", "tall") else "across"


def _nearest(known: Sequence[Noun], start: int, end: int) -> str | None:
    """The noun before, else the one after."""
    before = [one for one in known if one.end <= start]
    after = [one for one in known if one.start >= end]
    return before[-1].subject if before else after[0].subject if after else None


def leftovers(text: str, said: Iterable[ExtractedClaim]) -> Iterator[ExtractedClaim]:
    """Numbers that belong to no claim: of what they speak, nothing is known."""
    taken = [(one.start, one.end) for one in said if one.claim.kind != "unread"]
    for one in LEFTOVER.finditer(text):
        word = one["value"].lower()
        if (
            word in ("one", "zero")
            or re.search(r"(?i)\bnot\s+$", text[: one.start()])
            or any(start <= one.start() < end for start, end in taken)
        ):
            continue
        is_word = not word[0].isdigit()
        value = (
            number(word)
            if is_word
            else round(
                min(
                    float(
                        re.sub(r",(?=\d{3})", "", word).replace(",", ".").rstrip(".")
                        if word.count(".") <= 1
                        else word.split(".")[0]
                    ),
                    1e9,
                )
            )
        )
        yield ExtractedClaim(Claim("number", word, count=value), *one.span())
