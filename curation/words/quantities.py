"""What a text says in quantities: blank pixels, fractions of the picture, islands and peaks, and numbers left over."""

import re
from collections.abc import Iterable, Iterator, Sequence

from curation.words.amounts import NUMBER, amount_before, number
from curation.words.claims import Claim, FoundClaim
from curation.words.clauses import Clause, polarity
from curation.words.nouns import Noun
from curation.words.sky_words import ANGLE, BEAM, angle_mas, is_of_source
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
    r"(?:(?P<bound>less than|under|below|fewer than|more than|over|above|at least|at most|up to)\s+|(?:about|around|roughly"
    r"|approximately|nearly|almost|some|close to|exactly|just|~)\s*)*"
)
_IMAGE = r"(?:images?|picture|frame|field(?: of view)?|map|cut-?out|view|scene|area|pixels)"
_EMPTY = r"(?:blank|NaN|nan|no data|missing data|without data|unobserved|empty pixels|data gap)"
BLANK = re.compile(
    rf"(?i){_BOUND}(?<![\w.]){_FRACTION}(?=[^.;!?]*?\b{_EMPTY}\b)[^.;!?]*?\b{_EMPTY}\b(?P<after>[^.;!?]*)"
    rf"|\b(?P<word>{_EMPTY})\b(?P<rest>[^.;!?]*)"
)
EDGE = re.compile(r"(?i)\b(?:edges?|borders?|sides?|margins?|rim|boundary)\b")
ORDINARY = re.compile(
    r"(?i)\b(?P<what>ordinary|complex|peculiar)\b(?!\s+(?:sources?|objects?|radio|morpholog\w+|structures?|galax\w+|shapes?))"
)
OF_IMAGE = re.compile(
    r"(?i)\b(?:image|picture|content|contents|field|view|it|scene|class|map|cutout)\b[^.;!?]*?\b(?:is|are|looks?|appears?|seems?|counts? as|classified as|considered|deemed|rated)\b"
)
NOTHING_ODD = re.compile(
    r"(?i)\b(?:nothing|not anything)\b[^.;!?,]{0,30}?\b(?:peculiar|unusual|anomalous|out of the ordinary|strange)\b"
)
EXTENT = re.compile(
    rf"(?i)\b(?P<verb>covers?|covering|occup(?:y|ies|ying)|fills?|filling|takes? up|taking up|spans?|spanning|extends? (?:over|across|along)|stretch(?:es)? (?:over|across|along)"
    rf"|spreads? (?:over|across)|accounts? for|makes? up|measures?|is|are)\s+{_BOUND}(?<![\w.]){_FRACTION}\s*(?:of\s+)?(?:the\s+)?(?:whole\s+|entire\s+)?(?:(?:{_IMAGE})(?:'s)?\s*)?(?P<axis>width|height|side|across|wide|long|diameter)?"
)
STRUCTURE = re.compile(
    r"(?i)\b(?:(?:single|separate|distinct|individual|different|disconnected|detached|connected|bright|brightness|intensity|emission|local|flux|radio)[\s-]+)*"
    r"(?P<what>islands?|components?|peaks?|maxim(?:um|a))\b(?:\s+of\s+(?:brightness|emission|intensity|flux))?(?P<each>\s+each\b|\s+per\s+(?:island|component)\b)?"
)
STRUCTURE_PREFIX = re.compile(
    r"(?i)(?P<word>single|one|double|two|triple|three|multi|multiple)[\s-]+(?P<what>island|component|peak)(?:ed)?\b"
)
PREFIXES = {"single": 1, "one": 1, "double": 2, "two": 2, "triple": 3, "three": 3}
LEFTOVER = re.compile(rf"(?i)(?<![\w.])(?P<value>\d+(?:[.,]\d+)*(?:e[+-]?\d+)?|{NUMBER})(?![\w]|\.\d)")


def blanks(text: str, clause: Clause) -> Iterator[FoundClaim]:
    """Blank pixels: whether any are, whether they lie along the sides, and how many."""
    at = clause.start
    while found := BLANK.search(text, at, clause.end):
        at = found.end()
        subject = "edge" if EDGE.search(found["after"] or found["rest"] or "") else "blank"
        share = found["percent"] or found["words"]
        if share:
            percent = (
                float(found["percent"])
                if found["percent"]
                else float(FRACTIONS[" ".join(found["words"].lower().split())])
            )
            bound = (found["bound"] or "").lower()
            is_less = bound in ("less than", "under", "below", "fewer than")
            how = {
                "more than": "at least",
                "over": "at least",
                "above": "at least",
                "at least": "at least",
                "at most": "at most",
                "up to": "at most",
            }.get(bound)
            if is_less and percent > 1:
                how, is_less = "at most", False
            count = int(percent) - 1 if is_less else round(percent)
            if found["words"] and how is None:
                how = "about"
            is_denied = not polarity(text, clause, found.start(), found.start())
            if is_denied:
                yield FoundClaim(Claim("unread", "blank"), *found.span())
            else:
                yield FoundClaim(Claim("border", "blank", count=count, how=how), *found.span())
        else:
            holds = polarity(text, clause, *found.span("word"))
            if found["word"].lower() in ("no data", "without data"):
                holds = True
            if holds is None:
                yield FoundClaim(Claim("unread", "blank"), *found.span())
            else:
                yield FoundClaim(Claim("border", subject, Truth.PRESENT if holds else Truth.ABSENT), *found.span())


def ordinariness(text: str, clause: Clause, sentence_start: int) -> Iterator[FoundClaim]:
    """Whether the picture as a whole is ordinary, complex or peculiar."""
    for one in NOTHING_ODD.finditer(text, clause.start, clause.end):
        yield FoundClaim(Claim("peculiarity", "PECULIAR", Truth.ABSENT), *one.span())
    for one in ORDINARY.finditer(text, clause.start, clause.end):
        before = text[sentence_start : one.start()]
        subject = OF_IMAGE.search(before)
        if subject is None or NOTHING_ODD.search(text[clause.start : one.end()]):
            continue
        holds = polarity(text, clause, *one.span())
        if holds is not None:
            state = Truth.PRESENT if holds else Truth.ABSENT
            begin = one.start() if subject.end() + sentence_start < clause.start else subject.start() + sentence_start
            yield FoundClaim(Claim("peculiarity", one["what"].upper(), state), begin, one.end())


def extents(text: str, clause: Clause, found: Sequence[Noun]) -> Iterator[FoundClaim]:
    """How large a source is, as a fraction of the picture or as an angle."""
    known = [one for one in found if one.subject]
    for one in EXTENT.finditer(text, clause.start, clause.end):
        before = [each for each in known if each.end <= one.start()]
        if not before or re.match(r"(?i)(?:is|are)\b", one["verb"]) and not one["axis"]:
            continue
        percent = float(one["percent"]) if one["percent"] else float(FRACTIONS[" ".join(one["words"].lower().split())])
        is_across = bool(one["axis"]) or bool(re.match(r"(?i)span|extend|stretch|measure", one["verb"]))
        bound = (one["bound"] or "").lower()
        how = "across" if is_across else "area"
        if bound:
            how += " at least" if bound in ("more than", "over", "above", "at least") else " at most"
        yield FoundClaim(Claim("extent", str(before[-1].subject), count=round(percent), how=how), *one.span())
    for one in ANGLE.finditer(text, clause.start, clause.end):
        before = [each for each in known if each.end <= one.start()]
        sentence = re.split(r"[.!?](?!\d)", text[: one.start()])[-1]
        if is_of_source(sentence) and not BEAM.search(sentence):
            subject = str(before[-1].subject) if before else "it"
            yield FoundClaim(Claim("extent", subject, count=angle_mas(one, one["value"]), how="angle"), *one.span())


def structure(text: str, clause: Clause) -> Iterator[FoundClaim]:
    """How many islands and peaks a source has."""
    islands = 1
    for one in STRUCTURE_PREFIX.finditer(text, clause.start, clause.end):
        what = "peaks" if one["what"].lower() == "peak" else "islands"
        count = PREFIXES.get(one["word"].lower())
        if re.match(r"(?i)\s*s\b|s\b", text[one.end() : one.end() + 2]):
            continue
        yield FoundClaim(Claim("structure", what, count=count, how=None if count else "several"), *one.span())
    for one in STRUCTURE.finditer(text, clause.start, clause.end):
        amount = amount_before(text, one.start())
        lone = re.search(
            r"(?i)\b(?:an?|single|one)\s+(?:single\s+|connected\s+)?$", text[clause.start : one.start()]
        ) or one[0].lower().startswith("single")
        if amount is None and not lone:
            continue
        if amount is not None and amount.start < clause.start:
            continue
        what = "peaks" if one["what"].lower().startswith(("peak", "max")) else "islands"
        count, how, start = (amount.count, amount.how, amount.start) if amount else (1, None, one.start())
        if amount is None and not re.search(
            r"(?i)\b(?:single|one)\b", text[max(clause.start, one.start() - 8) : one.end()]
        ):
            continue  # "a peak" may be one of several
        if what == "islands":
            islands = count or islands
        elif one["each"] and count:
            count *= islands
        if polarity(text, clause, start, one.end()) is True:
            yield FoundClaim(Claim("structure", what, count=count, how=how), start, one.end())


def leftovers(text: str, said: Iterable[FoundClaim]) -> Iterator[FoundClaim]:
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
        yield FoundClaim(Claim("number", word, count=value), *one.span())
