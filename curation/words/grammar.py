"""The words by which a text names classes, numbers, boxes and blank pixels: names made once per scheme.

Every function keeps the length of the text, so that a span is a span of what was written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from schemas.labels import LabelDefinition, LabelScheme, label_schemes, plain_label

DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("\u00a0\u2009\u202f", " ") | {"’": "'"})
UNITS_MAS = {"arcsec": 1_000, "arcmin": 60_000, "deg": 3_600_000, '"': 1_000, "'": 60_000}
WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
NUMBER = rf"(?:\d+|{'|'.join(sorted(WORDS, key=len, reverse=True))})"

TOKEN = re.compile(r"[^\W_]+")
NAME_GAP = re.compile(r"[\s_-]+")
PHRASE_GAP = re.compile(r"[\s_,;:()'-]+")
COUNTED = re.compile(
    rf"(?i)(?<![\w.,-])(?P<number>{NUMBER})\s+(?:(?:cata?logued|visible|distinct|separate|different|other|radio|likely)\s+)*$"
)
NOT_A_COUNT = re.compile(r"(?i)\b(?:at least|more than|over|up to|about|around|fewer than|less than|nearly)\s*$")
ANY_SOURCE = re.compile(  # "one source" may be the beginning of anything; "one catalogued source" is a count
    rf"(?i)(?<![\w.,-])(?:(?P<no>no|none of the)\s+(?:(?:cata?logued|visible|radio)\s+)*(?:sources?|objects?)"
    rf"|(?P<number>{NUMBER})\s+(?:(?:visible|radio)\s+)*(?:cata?logued\s+(?:radio\s+)?(?:sources?|objects?)|sources|objects))\b"
)
BRACKETED = re.compile(r"\[[^\[\]]*\]")
BLANK = re.compile(
    r"(?i)(?:(?P<less>less than|under|below)|about|around|roughly)?\s*"
    r"(?<![\w.])(?P<percent>\d+(?:\.\d+)?)\s*(?:%|per\s?cent)[^.;!?]*?\bblank\b(?P<after>[^.;!?]*)"
    r"|\bblank\b(?P<rest>[^.;!?]*)"
)
EDGE = re.compile(r"(?i)\b(?:edges?|borders?|sides?|margins?|rim)\b")
ORDINARINESS = re.compile(
    r"(?i)\b(?:image|picture|content|contents|field|view|it)\b[^.;!?,]*?\b(?:is|are|looks?|appears?|counts? as)\s+"
    r"(?P<not>not\s+)?(?:(?:rather|quite|very|an?|of|the|class|kind|clearly)\s+)*"
    r"(?P<what>ordinary|complex|peculiar)\b"
)
MAP = re.compile(r"(?i)\bradio[ -]continuum (?:map|image|mosaic)\b(?:\s*\((?P<survey>[^()]+)\))?")
FREQUENCY = re.compile(r"(?i)(?<![\w.])(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>[MG])Hz\b")
ANGLE = re.compile(
    r"(?i)(?<![\w.])(?P<value>\d+(?:\.\d+)?)\s*-?(?:(?P<unit>arcsec|arcmin|deg)(?:onds?|utes?|rees?|s)?\b|(?P<sign>[\"']))"
)
POLAR = re.compile(r"(?i)^\W*(?P<reply>yes|no)\b(?=\s*(?:[,.;:!]|$|-))")
NEGATOR = re.compile(
    r"(?i)\b(?:no|not|without|neither|nor|never|cannot|none of|free (?:of|from)|lacks?|lacking|absence of|devoid of)\b"
    r"|n't\b"
)
NO_NEGATION = re.compile(r"(?i)\b(?:not only|not just|not merely|no doubt)\b")
AFFIRMED = re.compile(  # a finite verb, or a contrast, between the negation and the word ends the negation
    r"(?i)\b(?:contains|shows|includes|hosts|holds|displays|has|exhibits|there (?:is|are))\b"
    r"|\b(?:but|however|yet|while|whereas|although)\b"
)
DENIED_AFTER = re.compile(
    r"(?i)^(?:\s+[\w-]+){0,3}?\s+(?:(?:is|are|was|were|can|could|do|does)\s+(?:not|never)\b"
    r"|(?:is|are) (?:absent|missing|lacking)\b|cannot\b|(?:is|are|ca|could|do|does)n't\b)"
)
CLAUSE_END = re.compile(r"[.;:!?\n]")
UNDECIDED = re.compile(
    r"(?i)(?:\bnot|n't)\s+(?:been\s+)?(?:classified|known)\b|\b(?:is|are|remains?)\s+(?:unclassified|unknown|unclear)\b"
    r"|\buncertain whether\b|\bcannot be (?:told|said)\b"
)
CLASS_LIKE = re.compile(r"(?<![\w-])(?:\d\s?[cC]-?\s?\d\s?[pPcC]|[Ff][Rr][ -]?(?:\d|[IVX]{1,3}|[xX]))(?![\w-])")


@dataclass(frozen=True)
class Mention:
    """A place where a text names a label. `says` is True or False where the words themselves decide, else None."""

    start: int
    end: int
    label: str
    says: bool | None = None


@dataclass(frozen=True)
class Name:
    """Words that name a label. A sign only counts in its own letters: "DIFFUSE" is a class, "diffuse" an adjective."""

    words: tuple[str, ...]
    label: str
    says: bool | None = None
    sign: str | None = None


@dataclass(frozen=True)
class Grammar:
    """A scheme's names by their first word: whole phrases, its own nouns and signs, and those of other schemes.

    Other schemes' names, as "scheme:label", are there so that an invented class is known for one.
    """

    scheme: LabelScheme
    ranks: tuple[Mapping[str, tuple[Name, ...]], ...]

    def mentions(self, text: str) -> list[Mention]:
        """Labels that a plain text names, in the order of the text, none inside another: phrases before names."""
        tokens = [(one.start(), one.end(), one[0].lower()) for one in TOKEN.finditer(text)]
        free, found = [True] * len(tokens), list[Mention]()
        for rank in self.ranks:
            for at, (start, _, word) in enumerate(tokens):
                for name in rank.get(word, ()):
                    last = at + len(name.words)
                    if all(free[at:last]) and _stands(name, text, tokens[at:last]):
                        found.append(Mention(start, tokens[last - 1][1], name.label, name.says))
                        free[at:last] = [False] * len(name.words)
                        break
        return sorted(found, key=lambda one: one.start)


def plain(text: str) -> str:
    """The text with one kind of dash, blank and apostrophe, and one spelling of artefact; as long as it was."""
    text = text.translate(DASHES)
    return re.sub(r"(?i)(?<=art)e(?=fact)", lambda found: "I" if found[0].isupper() else "i", text)


def masked(text: str, pattern: re.Pattern[str]) -> str:
    """The text with blanks in place of what matches."""
    return pattern.sub(lambda found: " " * len(found[0]), text)


def blanked(text: str, mentions: Iterable[Mention]) -> str:
    """The text with blanks in place of the mentions."""
    for one in mentions:
        text = text[: one.start] + " " * (one.end - one.start) + text[one.end :]
    return text


def number(word: str) -> int:
    """A number in digits or words."""
    return int(word) if word.isdigit() else WORDS.index(word.lower())


def number_words(count: int) -> str:
    """A number as a text has it: words up to twelve, then digits."""
    return WORDS[count] if count <= WORDS.index("twelve") else str(count)


def grammar(scheme: LabelScheme) -> Grammar:
    """The scheme's grammar, made once for each scheme."""
    return _grammar(_Scheme(scheme))


class _Scheme:
    """A scheme as a key: equal when its words are, for a model with a dictionary has no hash."""

    def __init__(self, scheme: LabelScheme) -> None:
        self.scheme = scheme

    def __hash__(self) -> int:
        return hash(self.scheme.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Scheme) and (self.scheme is other.scheme or self.scheme == other.scheme)


@lru_cache(maxsize=32)
def _grammar(key: _Scheme) -> Grammar:
    scheme = key.scheme
    phrases = [
        Name(_tokens(phrase), label, says)
        for label, one in scheme.labels.items()
        for phrase, says in ((one.phrase, True), (one.absent_phrase, False))
        if phrase
    ]
    own = [name for label, one in scheme.labels.items() for name in _names(label, label, one, least=2)]
    others = [other for other in label_schemes().values() if other.name != scheme.name]
    foreign = [
        name
        for other in others
        for label, one in other.labels.items()
        for name in _names(f"{other.name}:{label}", label, one, least=3)
    ]
    return Grammar(scheme, (_by_first_word(phrases), _by_first_word(own), _by_first_word(foreign)))


def _names(meant: str, label: str, one: LabelDefinition, *, least: int) -> Iterator[Name]:
    nouns = [noun for noun in (one.noun, one.noun_one) if noun]
    nouns += [re.sub(r"\b(sources?|objects?)\b", r"radio \1", noun) for noun in nouns]
    yield from (Name(_tokens(noun), meant) for noun in nouns)
    for sign in {plain(spelling): None for name in (label, *one.aliases) for spelling in (name, plain_label(name))}:
        if len(sign) >= least:
            joined = "".join(TOKEN.findall(sign))
            yield from (Name(words, meant, sign=joined) for words in dict.fromkeys((_tokens(sign), (joined.lower(),))))


def _by_first_word(names: Iterable[Name]) -> dict[str, tuple[Name, ...]]:
    """Longest first, so that DIFFUSE-LARGE is not DIFFUSE."""
    found: dict[str, list[Name]] = {}
    for name in sorted(names, key=lambda one: (-len(one.words), one.words, one.label)):
        found.setdefault(name.words[0], []).append(name)
    return {word: tuple(held) for word, held in found.items()}


def _stands(name: Name, text: str, tokens: list[tuple[int, int, str]]) -> bool:
    """Whether the words stand here as a whole, with nothing but blanks and dashes (in phrases: commas) between them."""
    if tuple(word for _, _, word in tokens) != name.words:
        return False
    start, end = tokens[0][0], tokens[-1][1]
    if text[start - 1 : start] in ("-", "_") or text[end : end + 1] in ("-", "_"):
        return False
    gaps = [text[left[1] : right[0]] for left, right in pairwise(tokens)]
    between = PHRASE_GAP if name.says is not None else NAME_GAP
    is_whole = all(between.fullmatch(gap) for gap in gaps)
    return is_whole and (name.sign is None or "".join(text[one[0] : one[1]] for one in tokens) == name.sign)


def _tokens(words: str) -> tuple[str, ...]:
    return tuple(one.lower() for one in TOKEN.findall(plain(words)))
