"""The words by which a text names classes: names made once per scheme, from its file and from `names.toml`.

Every function keeps the length of the text, so that a span is a span of what was written.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from curation.extraction.amounts import NUMBER, WORDS, number, number_words
from schemas.doors import NAMES as NAMES_FILE
from schemas.doors import door_roots
from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint
from schemas.folder import read_toml
from schemas.labels import LabelDefinition, LabelScheme, package_schemes, plain_label
from schemas.touches import only

__all__ = ["NUMBER", "WORDS", "Grammar", "Mention", "grammar", "number", "number_words", "plain"]

NAMES = Path(__file__).parent / "names.toml"
DASHES = str.maketrans(
    dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("\u00a0\u2009\u202f*`", " ")
    | {"’": "'", "‘": "'", "″": '"', "′": "'"}
)
TOKEN = re.compile(r"[^\W_]+")
NAME_GAP = re.compile(r"[\s_-]+")
PHRASE_GAP = re.compile(r"[\s_,;:()'-]+")
LONG_NAME = 3
"""Words of a name above which commas may stand between them: "single-component, single-peak source"."""
HEAD = (
    r"(?:(?:radio|astronomical|catalogu?ed)[\s-]+)*(?:sources?|objects?|ones?|galax(?:y|ies)|detections?|blobs?"
    r"|morpholog(?:y|ies)|candidates?|structures?|features?)\b"
)
FILLER = (
    r"(?:(?:radio|bright|faint|small|large|isolated|catalogu?ed|roundish|irregular|elongated|clearly|slightly"
    r"|mostly|some"
    r"|several|many|few|various|other|two|three|four|five|six|seven|eight|nine|ten|\d+|one|an?|no|the|also|single)\s+)*"
)
LINK = r"(?:\s*,\s*(?:and|or|as well as)\s+|\s*,\s*|\s+(?:and|or|and/or|as well as|plus|nor|but also)\s+|\s*/\s*)"
AFTER_HEAD = re.compile(rf"(?i)[\s-]+(?:(?:radio|bright|faint|small|large|isolated|catalogu?ed)[\s-]+)*{HEAD}")
AFTER_LINK = re.compile(rf"(?i)(?:[\s-]+radio)?{LINK}{FILLER}")
_AS = (
    r"(?:classified|categori[sz]ed|labell?ed|identified|described|regarded|recogni[sz]ed|considered|known"
    r"|interpreted|called"
    r"|termed|judged|taken|seen|counted|catalogu?ed|listed)(?:\s+(?:as|to be|for))?"
)
PREDICATE = re.compile(
    r"(?i)(?:\b(?:is|are|was|were|be|been|being|appears?|looks?(?: like)?|seems?|remains?|isn't|aren't|wasn't"
    r"|matches|fits|represents"
    rf"|constitutes?|qualif(?:y|ies) as|counts? as|corresponds? to|resembles?|{_AS}|falls? (?:into|under"
    rf"|in) the (?:category|class|group)"
    r"(?: of)?|belongs? to (?:the )?(?:category|class|type|group)?(?: of)?|(?:exhibits?|shows?|displays?|has"
    r"|have|had|bears?|lacks?) the (?:morphology"
    r"|characteristics|shape|structure|appearance|features|properties|hallmarks)(?: of)?|(?:typical"
    r"|characteristic|an example|an instance|one) of"
    r"|consistent with)\s+|:\s*)(?:to be\s+)?(?:(?:best|usually|been|was|were|is|are|be|not|never|neither"
    r"|both|either|clearly|rather|quite|very|all"
    r"|only|mostly|also|indeed|simply|slightly|only slightly|somewhat|of|an?|the|being|most likely|likely"
    r"|probably|possibly"
    r"|certainly|definitely|in fact|morphologically|class|type|classified as|called|typical of|a case of"
    r"|an example of)\s+)*$"
)
OF_THEM = re.compile(r"(?i)\bof\s+(?:them|which|these|those)\s+(?:being\s+)?$")
COUNTED_ALONE = re.compile(rf"(?i)(?<![\w.,-]){NUMBER}\s+(?:(?:are|is|were|was)\s+)?$")
AT_BOUNDARY = re.compile(
    r"(?i)\s*(?:$|[,.;:)!?\n]|\b(?:and|or|in|on|at|near|along|while|whereas|with|as well)\b|\((?!s\))|-\s)"
)


DENIED_VERBS = {
    "has": "does not have", "shows": "does not show", "crosses": "does not cross", "fills": "does not fill",
    "surround": "do not surround", "consists": "does not consist", "lies": "does not lie", "forms": "does not form",
    "falls": "does not fall", "stand": "do not stand",
}  # fmt: skip
FIRST_VERB = re.compile(rf"(?i)\b(?:is|are|{'|'.join(DENIED_VERBS)})\b")


@dataclass(frozen=True)
class Mention:
    """A place where a text names a label. `says` is True or False where the words themselves decide, else None."""

    start: int
    end: int
    label: str
    """A label, "A|B" where it may be either, "scheme:label" of another scheme, "?:word" of none."""
    says: bool | None = None
    is_adjective: bool = False


@dataclass(frozen=True)
class Name:
    """Words that name a label. A sign only counts in its own letters: "DIFFUSE" is a class, "diffuse" an adjective."""

    words: tuple[str, ...]
    label: str
    says: bool | None = None
    sign: str | None = None
    is_adjective: bool = False


@dataclass(frozen=True)
class Grammar:
    """A scheme's names by their first word: whole phrases, its own nouns and signs, and those of other schemes.

    Other schemes' names, as "scheme:label", are there so that an invented class is known for one.
    """

    scheme: LabelScheme
    ranks: tuple[Mapping[str, tuple[Name, ...]], ...]

    @property
    def is_central(self) -> bool:
        """Whether the labels of the scheme are those of the source at the centre of the picture."""
        return self.scheme.about == "source"

    def mentions(self, text: str, *, with_phrases: bool = True) -> list[Mention]:
        """Labels that a plain text names, in the order of the text, none inside another: phrases before names."""
        tokens = [(one.start(), one.end(), one[0].lower()) for one in TOKEN.finditer(text)]
        free, found = [True] * len(tokens), list[Mention]()
        for rank in self.ranks if with_phrases else self.ranks[1:]:
            for at, (start, _, word) in enumerate(tokens):
                for name in rank.get(word, ()):
                    last = at + len(name.words)
                    if all(free[at:last]) and _stands(name, text, tokens[at:last]):
                        found.append(Mention(start, tokens[last - 1][1], name.label, name.says, name.is_adjective))
                        free[at:last] = [False] * len(name.words)
                        break
        return _with_heads(text, sorted(found, key=lambda one: one.start))


def plain(text: str) -> str:
    """The text with one kind of dash, blank and apostrophe, and one spelling of artefact; as long as it was."""
    text = text.translate(DASHES)
    return re.sub(r"(?i)(?<=art)e(?=fact)", lambda found: "I" if found[0].isupper() else "i", text)


def masked(text: str, pattern: re.Pattern[str]) -> str:
    """The text with blanks in place of what matches."""
    return pattern.sub(lambda found: " " * len(found[0]), text)


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with blanks in place of spans [start, end)."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


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


def _with_heads(text: str, mentions: list[Mention]) -> list[Mention]:
    """Without the adjectives that name nothing: "diffuse" counts in "diffuse and compact sources" or "is diffuse"."""
    led = _led(text, mentions)
    kept: list[Mention] = []
    for at in range(len(mentions) - 1, -1, -1):
        one = mentions[at]
        head = AFTER_HEAD.match(text, one.end) if one.says is None else None
        link = AFTER_LINK.match(text, one.end) if one.is_adjective and not head else None
        if head:  # "1C-2P source", "hybrid-morphology radio galaxy"
            while kept and kept[-1].start < head.end():
                kept.pop()
            kept.append(replace(one, end=head.end(), is_adjective=False))
        elif not one.is_adjective or at in led or (link and kept and link.end() == kept[-1].start):
            kept.append(one)
    return kept[::-1]


def _led(text: str, mentions: Sequence[Mention]) -> set[int]:
    """Places of the adjectives that stand after "is", after a number or "of them", or go on such a list."""
    found: set[int] = set()
    for at, one in enumerate(mentions):
        if not one.is_adjective:
            continue
        before = text[max(0, one.start - 80) : one.start]
        is_counted = COUNTED_ALONE.search(before) and AT_BOUNDARY.match(text, one.end)
        if is_counted or OF_THEM.search(before) or PREDICATE.search(before):
            found.add(at)
        elif at - 1 in found and AT_BOUNDARY.match(text, one.end):
            link = AFTER_LINK.match(text, mentions[at - 1].end)
            if link and link.end() == one.start:
                found.add(at)
    return found


@lru_cache(maxsize=32)
def _grammar(key: _Scheme) -> Grammar:
    scheme = key.scheme
    phrases = [
        Name(_tokens(phrase), label, says)
        for label, one in scheme.labels.items()
        for phrase, says in ((one.phrase, True), (one.absent_phrase, False), (_denied(one.phrase), False))
        if phrase
    ]
    own = [name for label, one in scheme.labels.items() for name in _names(label, label, one, least=2)]
    taken = {one.words for one in own if one.sign is None}
    own += [name for name in _loose(scheme) if name.words not in taken]
    others = [other for other in package_schemes().values() if other.name != scheme.name]
    foreign = [
        name
        for other in others
        for label, one in other.labels.items()
        for name in (*_names(f"{other.name}:{label}", label, one, least=3), *_foreign(other, label))
    ]
    foreign += [Name(words, f"?:{noun}") for noun in _table()["*"]["nouns"] for words in _numbers_of(noun)]
    return Grammar(scheme, (_by_first_word(phrases), _by_first_word(own), _by_first_word(foreign)))


def _denied(phrase: str) -> str:
    """A sentence about what has a label, with its first verb denied; empty where that is none of those known."""
    found = FIRST_VERB.search(phrase)
    if found is None:
        return ""
    verb = found[0].lower()
    denied = f"{verb} not" if verb in ("is", "are") else DENIED_VERBS[verb]
    return f"{phrase[: found.start()]}{denied}{phrase[found.end() :]}"


@cache
def _table() -> Mapping[str, Any]:
    return _tables()


def _tables() -> dict[str, dict[str, Any]]:
    """`names.toml` of ours and of each folder of doors, by scheme and label. RecipeError where one stands twice."""
    found, where = dict[str, dict[str, Any]](), dict[tuple[str, str], Path]()
    for file in name_files():
        try:
            said = read_toml(file)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RecipeError(f"{file}: not TOML: {error}") from error
        for scheme, held in said.items():
            for subject, names in (held if isinstance(held, dict) else {"": held}).items():
                other = where.setdefault((scheme, subject), file)
                if other != file:
                    raise RecipeError(f"names of {scheme} {subject} stand twice: {other} and {file}; keep one")
                found.setdefault(scheme, {})[subject] = names
    return found


def name_files() -> list[Path]:
    """The files that say what free text calls classes: ours, then those of the folders of doors."""
    return [NAMES, *(root / NAMES_FILE for root in door_roots() if (root / NAMES_FILE).is_file())]


def names_digest(scheme: LabelScheme) -> str:
    """What decides how free text about a scheme is read, beside the scheme: for the recipes of what reads it.

    Names of the scheme, names that belong to none, and the package's other schemes, whose classes are foreign here.
    """
    tables = _tables()
    others = {name: (only(one, "quality"), tables.get(name)) for name, one in package_schemes().items()}
    return fingerprint([tables.get(scheme.name), tables.get("*"), {**others, scheme.name: None}])


def _loose(scheme: LabelScheme) -> Iterator[Name]:
    """The names of `names.toml`, of labels that the scheme has."""
    for subject, held in _table().get(scheme.name, {}).items():
        if all(label in scheme.labels for label in subject.split("|")):
            yield from (Name(words, subject) for noun in held.get("nouns", ()) for words in _numbers_of(noun))
            yield from (Name(_tokens(one), subject, is_adjective=True) for one in held.get("adjectives", ()))


def _foreign(scheme: LabelScheme, label: str) -> Iterator[Name]:
    held = _table().get(scheme.name, {}).get(label, {})
    yield from (Name(words, f"{scheme.name}:{label}") for noun in held.get("nouns", ()) for words in _numbers_of(noun))


def _numbers_of(noun: str) -> Iterator[tuple[str, ...]]:
    """A noun's words in the singular and in the plural; the plural is the last word's, or of the one before "of"."""
    words = _tokens(noun)
    at = (
        next((at for at, word in enumerate(words) if at and word in ("of", "with", "made", "too", "to")), len(words))
        - 1
    )
    yield words
    for plural in _plurals(words[at]):
        yield (*words[:at], plural, *words[at + 1 :])


def _plurals(word: str) -> tuple[str, ...]:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return (f"{word[:-1]}ies",)
    if word == "nebula":
        return ("nebulae", "nebulas")
    return (f"{word}es",) if word.endswith(("x", "sh", "ch", "ss")) else (f"{word}s",)


def _names(meant: str, label: str, one: LabelDefinition, *, least: int) -> Iterator[Name]:
    nouns = [noun for noun in (one.noun, one.noun_one) if noun]
    nouns += [re.sub(r"\b(sources?|objects?)\b", r"radio \1", noun) for noun in nouns]
    yield from (Name(_tokens(noun), meant) for noun in nouns)
    for sign in {plain(spelling): None for name in (label, *one.aliases) for spelling in (name, plain_label(name))}:
        if len(sign) >= least:
            joined = "".join(TOKEN.findall(sign))
            yield from (Name(words, meant, sign=joined) for words in dict.fromkeys((_tokens(sign), (joined.lower(),))))
            if joined.isalpha() and joined.isupper():
                for ending in ("s", "e") if joined == "PN" else ("s",):
                    yield Name((f"{joined}{ending}".lower(),), meant, sign=f"{joined}{ending}")


def _by_first_word(names: Iterable[Name]) -> dict[str, tuple[Name, ...]]:
    """Longest first, so that DIFFUSE-LARGE is not DIFFUSE; what is written in its own letters before an adjective."""
    found: dict[str, list[Name]] = {}
    for name in sorted(names, key=lambda one: (-len(one.words), one.words, one.is_adjective, one.label)):
        found.setdefault(name.words[0], []).append(name)
    return {word: tuple(held) for word, held in found.items()}


def _stands(name: Name, text: str, tokens: list[tuple[int, int, str]]) -> bool:
    """Whether the words stand here as a whole, with nothing but blanks and dashes (in phrases: commas) between them."""
    if tuple(word for _, _, word in tokens) != name.words:
        return False
    start, end = tokens[0][0], tokens[-1][1]
    is_cut = text[end : end + 1] == "_" or re.match(r"-\w", text[end : end + 2])
    if text[start - 1 : start] == "_" or re.search(r"\w-$", text[max(0, start - 2) : start]) or is_cut:
        return False
    gaps = [text[left[1] : right[0]] for left, right in pairwise(tokens)]
    is_long = name.says is not None or len(name.words) > LONG_NAME
    between = PHRASE_GAP if is_long else NAME_GAP
    is_whole = all(between.fullmatch(gap) for gap in gaps)
    if not is_whole or name.sign is None:
        return is_whole
    written = "".join(text[one[0] : one[1]] for one in tokens)
    is_coded = len(tokens) > 1 or any(one.isdigit() for one in written)  # "fr-ii", "1c-2p"; but "small" is no SMALL
    is_word = len(tokens) > 1 and name.sign.isalpha() and not name.sign.upper().startswith("FR")
    return written == name.sign or (is_coded and not is_word and written.upper() == name.sign.upper())


def _tokens(words: str) -> tuple[str, ...]:
    return tuple(one.lower() for one in TOKEN.findall(plain(words)))
