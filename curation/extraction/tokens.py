"""Tokens: the words of a statement as categories with values, and patterns over them.

A pattern is written in the names of categories, "there be not? np place*", and matched on one letter a token.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from curation.extraction.boxes_in_words import WrittenBox, written_boxes
from curation.extraction.lexicon import Entry, Lexicon, is_of_galaxies, lexicon, traits
from curation.extraction.orientation_words import orientation
from curation.extraction.places import places
from curation.extraction.sky_words import MAP, surveys
from curation.extraction.source_words import spans
from curation.extraction.spelling import meant
from curation.extraction.text import NUMBER, WORD, number
from curation.pictures.boxes import Dialect
from curation.verification.claims import Claim
from schemas.labels import LabelScheme

UNKNOWN = "unknown"
SPOKEN_DASH = re.compile(r" - |\d-\d|(?:\s|^)-(?=\d)|(?<!.)-(?=\d)")
"""Dashes that say something: between words, of a range, a minus."""
IS_NUMBER = re.compile(rf"(?i)(?:{NUMBER})")
OF_OTHER = re.compile(
    r"(?i)[\s-]*(?:east|west)?\s*of\s+(?!(?:the\s+|this\s+)?(?:image|picture|field|frame|map|cutout|view|scene)\b)"
)
"""What follows words that are no place in the picture: "to the south of the other"."""
LOCATED = re.compile(r"(?i)\s+(?:located|placed|positioned|situated)\b")
ASKING = re.compile(r"(?i)\b(?:would|do|can|could|(?:most|much|all|part|half|none|some) of)\s+$")
OF_A_SOURCE = re.compile(r"(?i)\b(?:source|object|galaxy|one|is|lies|sits|seen|found|located)\s+$")
"""Before "at the centre" where that is the centre of the picture, not of the source."""
SAYS_MORE = re.compile(
    r"(?:un|im|in|dis|non|mis|anti).*|(?:poor|bad|marginal|purported|ostensib|seeming|tentative|erroneous|virtual|practical"
    r"|weird|odd|strange|bare|hard|scarce|rare|seldom|sole|mere|part|partial|near|main|large|chief|exclusive"
    r"|reported|alleged|supposed|false|wrong|mistaken|former|previous|original|initial|double|sing|doub|trip|multip|multi|diametrical"
    r"|symmetrical|horizontal|vertical|diagonal|central|lateral|radial|peripheral|northern|southern|eastern|western|norther|souther|wester"
    r"|easter|even|uniform|dense|sparse|wide|close|tight|thin|random|linear|circular|concentric|equal|opposite|similar|identical"
    r"|different|separate|individual|alternative|respective|mutual|conditional|hypothetical|doubtful|questionable|potential"
    r"|possib|conceivab|theoretical|wholl|ful|whol|entire|complete|total|most|apparent|weak|faint|bright|strong|extreme|high"
    r"|low|on|ear|dai|year|fami|anoma|assemb|supp|app|rep|re|f|friend|love|ug|like|unlike|multiface|elder|quarter"
    r"|angular|gravitational|optical|spectral|thermal|galactic|extragalactic|magnetic|relativistic|hour|increasing|decreasing)ly"
)
"""Adverbs that say something that could be false, and other words of that ending."""
DECIMAL = re.compile(r"\d+(?:[.,]\d+)*")
FIGURE = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Token:
    """Words of one category at [start, end) of a statement; `is_denied` where a "not" belongs to them."""

    category: str
    start: int
    end: int
    value: Any = None
    is_denied: bool = False
    text: str = ""


@cache
def _letter(category: str) -> str:
    """A letter of its own for each category."""
    _LETTERS.setdefault(category, chr(0xE000 + len(_LETTERS)))
    return _LETTERS[category]


_LETTERS: dict[str, str] = {}


@cache
def pattern(written: str) -> re.Pattern[str]:
    """The pattern of some names of categories: "name", "name:group", with ?, * and +, ( | ) and \\. for any."""
    made = re.sub(
        r"([a-z_]+)(?::([a-z_]\w*))?",
        lambda one: f"(?P<{one[2]}>{_letter(one[1])})" if one[2] else _letter(one[1]),
        written.replace("(?:", "("),
    )
    return re.compile(re.sub(r"\s+", "", re.sub(r"\((?!\?P)", "(?:", made)))


class Match:
    """Where a pattern stands among tokens."""

    def __init__(self, found: re.Match[str], tokens: Sequence[Token]) -> None:
        self.found, self.tokens = found, tokens

    def __getitem__(self, group: str) -> Token | None:
        """The token of a group; None where the group matched nothing."""
        at = self.found.start(group) if group in self.found.re.groupindex else -1
        return self.tokens[at] if at >= 0 else None

    def all(self, *categories: str) -> list[Token]:
        """The matched tokens of some categories, in order."""
        return [one for one in self.matched if one.category in categories]

    @property
    def matched(self) -> Sequence[Token]:
        """Every matched token."""
        return self.tokens[self.found.start() : self.found.end()]

    @property
    def span(self) -> tuple[int, int]:
        """Of the text."""
        return self.matched[0].start, self.matched[-1].end


def letters(tokens: Sequence[Token]) -> str:
    """The tokens as a string to match patterns on."""
    return "".join([_letter(one.category) for one in tokens])


def rewritten(tokens: list[Token], written: str, made: Callable[[Match], Token | None]) -> list[Token]:
    """The tokens with one in place of all that a pattern matches, from the left; None leaves them as they are."""
    found: list[Token] = []
    at, text, form = 0, letters(tokens), pattern(written)
    while (match := form.search(text, at)) and match.start() < len(tokens):
        start, end = match.span()
        one = made(Match(match, tokens)) if end > start else None
        found += tokens[at:start]
        found.append(tokens[start] if one is None else one)
        at = start + 1 if one is None else end
    return [*found, *tokens[at:]]


def tokens_of(text: str, scheme: LabelScheme, dialect: Dialect) -> list[Token]:
    """The tokens of a statement: boxes, surveys, traits and places first, then the longest entries of the lexicon."""
    found = list(WORD.finditer(text))
    spoken = [one for one in found if one[0] not in "-_"]
    taken = [_box(one) for one in written_boxes(text, dialect)]
    plainly = _lexed(text, spoken, scheme)
    where = _places(text, plainly)
    for made in (
        _traits(spoken, scheme),
        _maps(text),
        _surveys(text),
        _orientation(text),
        _phrases(text, spoken, scheme, where, plainly),
        where,
    ):
        taken += [one for one in made if all(one.end <= other.start or other.end <= one.start for other in taken)]
    used = [(one.start, one.end) for one in taken]
    words = [
        one for one in found
        if (one[0] not in "-_" or SPOKEN_DASH.match(text, max(0, one.start() - 1)))
        and not any(start <= one.start() < end for start, end in used)
    ]  # fmt: skip
    lexed = [one for run in _runs(words, used) for one in _again(run, plainly) or _lexed(text, run, scheme)]
    return sorted([*taken, *lexed], key=lambda one: one.start)


def _again(run: Sequence[re.Match[str]], tokens: Sequence[Token]) -> list[Token]:
    """The tokens that some words had with all others about them, where none of these reaches in or out."""
    start, end = run[0].start(), run[-1].end()
    inside = [one for one in tokens if one.start < end and one.end > start]
    is_whole = inside and inside[0].start == start and inside[-1].end == end
    return inside if is_whole and not any(one[0] in "-_" for one in run) else []


def _runs(words: list[re.Match[str]], used: Sequence[tuple[int, int]]) -> list[list[re.Match[str]]]:
    """The words between what is used already, so that no entry reaches across it."""
    runs: dict[int, list[re.Match[str]]] = {}
    for one in words:
        runs.setdefault(sum(start < one.start() for start, _ in used), []).append(one)
    return list(runs.values())


def _lexed(text: str, words: list[re.Match[str]], scheme: LabelScheme) -> list[Token]:
    own, foreign = lexicon(scheme)
    galaxy = "object" if is_of_galaxies(scheme) else "galaxy"
    lower = meant([one[0] for one in words], scheme)
    found: list[Token] = []
    at = 0
    while at < len(words):
        best = _longest(own, words, lower, at) or _longest(foreign, words, lower, at)
        n = len(best.words) if best else 1
        start, end = words[at].start(), words[at + n - 1].end()
        if best and not (best.category == "noun" and best.value is None):
            category = galaxy if best.category == "galaxy" else best.category
            found.append(Token(category, start, end, best.value, text=text[start:end]))
        elif IS_NUMBER.fullmatch(lower[at]):
            two = f"{lower[at]}-{lower[at + 1]}" if at + 1 < len(words) else ""
            n = 2 if IS_NUMBER.fullmatch(two) else 1
            value = number(two if n > 1 else lower[at])
            found.append(Token("number", start, words[at + n - 1].end(), (value, value), text=text[start:end]))
        elif DECIMAL.fullmatch(lower[at]) and FIGURE.fullmatch(_figures(lower[at])):
            found.append(Token("decimal", start, end, float(_figures(lower[at])), text=text[start:end]))
        else:
            is_range = lower[at] == "-" and text[:start].rstrip()[-1:].isdigit()
            category = "dash" if is_range else "decoration" if is_adverb(lower[at]) else UNKNOWN
            found.append(Token(category, start, end, text=text[start:end]))
        at += n
    return found


def _figures(word: str) -> str:
    """A figure with its thousands and its decimals told apart."""
    return word.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", word) else word.replace(",", ".", 1)


def is_adverb(word: str) -> bool:
    """Whether a word is an adverb of manner or of the speaker's mind, which changes no claim."""
    return len(word) > len("only") + 1 and word.endswith("ly") and not SAYS_MORE.fullmatch(word)


def _longest(held: Lexicon, words: Sequence[re.Match[str]], lower: Sequence[str], at: int) -> Entry | None:
    """The entry of the most words."""
    for n in held.lengths(lower[at]):
        for one in held.of_words(tuple(lower[at : at + n])):
            if not one.sign or _is_spelt(one, words[at : at + n]):
                return one
    return None


def _is_spelt(entry: Entry, words: Sequence[re.Match[str]]) -> bool:
    """Whether a sign is written so; one of several characters, a digit among them, in letters of any case: "1c-2p"."""
    said, sign = "".join(one[0] for one in words), entry.sign or ""
    is_code = any(one.isdigit() for one in said) and len(said) > len("C1")
    return said == sign or (is_code and said.lower() == sign.lower())


def _box(one: WrittenBox) -> Token:
    return Token("point" if one.is_point and (one.box or one.is_beyond) else "box", one.start, one.end, one)


def _surveys(text: str) -> list[Token]:
    return [Token("survey", one.start, one.end, one.claim) for one in surveys(text)]


def _phrases(
    text: str, words: Sequence[re.Match[str]], scheme: LabelScheme, where: Sequence[Token], plainly: Sequence[Token]
) -> list[Token]:
    """The looks of a source, where no place is as long and no entry of the lexicon longer."""
    found = [
        Token(one.category, start, end, one.value, text=text[start:end]) for start, end, one in spans(words, scheme)
    ]
    found = [one for one in found if one.category != "at_core" or not OF_A_SOURCE.search(text[: one.start])]
    found = [one for one in found if one.category != "introduce" or not ASKING.search(text[: one.start])]
    longer = [one for one in plainly if one.category not in (UNKNOWN, "decoration")]
    return [
        one for one in found
        if not any(_overlap(one, other) and _length(other) >= _length(one) for other in where)
        and not any(_overlap(one, other) and _length(other) > _length(one) for other in longer)
    ]  # fmt: skip


def _overlap(one: Token, other: Token) -> bool:
    return one.start < other.end and other.start < one.end


def _length(one: Token) -> int:
    return one.end - one.start


def _maps(text: str) -> list[Token]:
    """Of "radio continuum map (Survey)": what it is of, and from which survey."""
    claims = Claim("map", "radio-continuum")
    return [
        Token("map", *one.span(), [claims, *([Claim("survey", one["survey"].strip())] if one["survey"] else [])])
        for one in MAP.finditer(text)
    ]


def _orientation(text: str) -> list[Token]:
    return [Token("sky", one.start, one.end, one.claim) for one in orientation(text)]


def _traits(words: Sequence[re.Match[str]], scheme: LabelScheme) -> list[Token]:
    joined = "".join([f"{one[0].lower()} " for one in words])
    some = [one for one in traits(scheme) if one.literal in joined]
    if not some:
        return []
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    at = 0
    for one in words:
        starts[at], ends[at + len(one[0]) + 1] = one.start(), one.end()
        at += len(one[0]) + 1
    found: list[Token] = []
    for trait in some:
        for one in trait.pattern.finditer(joined):
            if one.start() in starts and one.end() in ends:
                value = (trait.label, trait.is_there)
                found.append(Token("phrase", starts[one.start()], ends[one.end()], value))
    longest = sorted(found, key=lambda one: one.start - one.end)
    return [
        one for at, one in enumerate(longest)
        if all(one.end <= other.start or other.end <= one.start for other in longest[:at])
    ]  # fmt: skip


def _places(text: str, plainly: Sequence[Token]) -> list[Token]:
    """The places of a text that are no part of a class's name."""
    nouns = [one for one in plainly if one.category == "noun"]
    found = [
        one for one in places(text)
        if (text[one.start : one.end].lower() != "centrally" or not LOCATED.match(text, one.end))
        and not any(noun.start <= one.start and one.end <= noun.end + 1 for noun in nouns)
    ]  # fmt: skip
    return [Token("place", one.start, one.end, one) for one in found if not OF_OTHER.match(text, one.end)]


def denied(one: Token) -> Token:
    """The token with its denial turned round."""
    return replace(one, is_denied=not one.is_denied)
