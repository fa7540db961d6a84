"""The reader's vocabulary: words by category from `words.toml`, and a scheme's names from its file and `names.toml`.

A phrase "(a|b|) c" stands for several; a longer one wins over a shorter, a scheme's own over another scheme's.
"""

import gc
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain, product
from pathlib import Path
from typing import Any

from curation.extraction.source_words import VOCABULARY as SOURCE_WORDS
from curation.extraction.source_words import features
from curation.extraction.source_words import words as looks_of
from curation.extraction.text import WORD, plain
from curation.extraction.verbs import entries as verb_entries
from schemas.doors import NAMES as NAMES_FILE
from schemas.doors import door_roots
from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint
from schemas.folder import Stamp, read_toml, stamps
from schemas.labels import LabelDefinition, LabelScheme, package_schemes, plain_label
from schemas.touches import only

HERE = Path(__file__).parent
NAMES, VOCABULARY, VERBS, SOFT = (HERE / f"{one}.toml" for one in ("names", "words", "verbs", "soft_words"))
CHOICE = re.compile(r"\(([^()]*)\)")
HEADS = "(source|object|galaxy|one|morphology|candidate|structure|feature|detection|emission)"
LETTERS_OF_A_FOREIGN_SIGN = 3
"""Short signs of other schemes, such as "C", are words of English."""


@dataclass(frozen=True)
class Entry:
    """Some words with their category and what they mean there; `sign`: only in exactly these letters."""

    words: tuple[str, ...]
    category: str
    value: Any = None
    sign: str | None = None


@dataclass(frozen=True)
class Trait:
    """A way to say by its looks that a source has a label, or has not: a pattern of words, each with a blank."""

    pattern: re.Pattern[str]
    literal: str
    """Words that stand in every text that the pattern is in."""
    label: str
    is_there: bool


class Lexicon:
    """Entries by their words, in lists of which the earlier comes first."""

    def __init__(self, *lists: Mapping[tuple[str, ...], tuple[Entry, ...]]) -> None:
        self._lists = lists

    @classmethod
    def of(cls, *ranked: Iterable[Entry]) -> "Lexicon":
        """Of entries of the same words the first that came, those in letters of their own before it within a rank."""
        found: dict[tuple[str, ...], tuple[Entry, ...]] = {}
        for entries in ranked:
            here: dict[tuple[str, ...], tuple[Entry, ...]] = {}
            for one in entries:
                held = here.get(one.words, ())
                if one.words and all(each.sign != one.sign for each in held):
                    here[one.words] = (*held, one)
            for words, held in here.items():
                first = sorted(held, key=lambda one: one.sign is None) if len(held) > 1 else held
                found[words] = (*found.get(words, ()), *first)
        return cls(found)

    @classmethod
    def merged(cls, *lexicons: "Lexicon") -> "Lexicon":
        """All entries as one; of those of the same words the ones of the earlier lexicon first. Nothing is copied."""
        return cls(*(each for one in lexicons for each in one._lists))

    def of_words(self, words: tuple[str, ...]) -> Iterator[Entry]:
        """The entries of exactly these words, the first that counts first."""
        return chain.from_iterable(one[words] for one in self._lists if words in one)

    def lengths(self, first: str) -> tuple[int, ...]:
        """How many words the entries have that begin with this one, most first."""
        return self._lengths.get(first, ())

    @cached_property
    def _lengths(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, set[int]] = {}
        for words in chain.from_iterable(self._lists):
            found.setdefault(words[0], set()).add(len(words))
        return {word: tuple(sorted(some, reverse=True)) for word, some in found.items()}

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of any entry."""
        return frozenset(chain.from_iterable(chain.from_iterable(self._lists)))

    def entries(self) -> Iterator[Entry]:
        """All of them."""
        return (one for each in self._lists for some in each.values() for one in some)


def expanded(phrase: str) -> Iterator[tuple[str, ...]]:
    """The phrases of one with choices, each as its words in lower case."""
    parts = CHOICE.split(phrase)
    choices = [[words_of(one) for one in (part.split("|") if at % 2 else [part])] for at, part in enumerate(parts)]
    yield from dict.fromkeys(tuple(chain.from_iterable(one)) for one in product(*choices))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text as the reader's tokens have them, without hyphens."""
    return tuple(one[0].lower() for one in WORD.finditer(plain(text)) if one[0] not in "-_")


def lexicon(scheme: LabelScheme) -> tuple[Lexicon, Lexicon]:
    """The words of the scheme and of the language, and those of other schemes; made once for each scheme."""
    return _lexicon(scheme_key(scheme))


def words_known(scheme: LabelScheme) -> tuple[frozenset[str], frozenset[str]]:
    """Every word of any list, and those of them that a slip of the pen may have meant: no signs, of no other scheme."""
    return _words_known(scheme_key(scheme))


def traits(scheme: LabelScheme) -> tuple[Trait, ...]:
    """The traits of a scheme's labels, from names.toml."""
    return _traits(scheme_key(scheme))


def is_of_galaxies(scheme: LabelScheme) -> bool:
    """Whether each label is of a galaxy, so that the word says nothing more than "object"."""
    return _is_of_galaxies(scheme_key(scheme))


class SchemeKey:
    """A scheme as a key: equal when its words are, for a model with a dictionary has no hash."""

    def __init__(self, scheme: LabelScheme) -> None:
        self.scheme = scheme

    def __hash__(self) -> int:
        return hash(self.scheme.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SchemeKey) and (self.scheme is other.scheme or self.scheme == other.scheme)


def scheme_key(scheme: LabelScheme) -> SchemeKey:
    """The key of a scheme: the same object for equal schemes, so that they are compared once, not at every look-up."""
    held = _KEYS.get(id(scheme))
    if held is None or held[0] is not scheme:
        if len(_KEYS) >= MOST_KEYS:
            _KEYS.clear()
        held = _KEYS[id(scheme)] = scheme, _same(SchemeKey(scheme))
    return held[1]


MOST_KEYS = 256
_KEYS: dict[int, tuple[LabelScheme, SchemeKey]] = {}
"""By the identity of a scheme, which it has as long as it stands here."""


@lru_cache(maxsize=64)
def _same(key: SchemeKey) -> SchemeKey:
    return key


@lru_cache(maxsize=32)
def _lexicon(key: SchemeKey) -> tuple[Lexicon, Lexicon]:
    with _collector_held():
        return _made(key.scheme)


@contextmanager
def _collector_held() -> Iterator[None]:
    """No collection of cycles: a hundred thousand entries that stay would be gone through again and again."""
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


def _made(scheme: LabelScheme) -> tuple[Lexicon, Lexicon]:
    looks = [Entry(each, category) for category, one in looks_of(features(scheme)) for each in expanded(one)]
    others = [other for other in package_schemes() if other != scheme.name]
    ours = frozenset(scheme.labels)
    foreign = [_foreign(other, ours.intersection(package_schemes()[other].labels)) for other in others]
    ours_first = Lexicon.merged(Lexicon.of(_own(scheme), looks), _general())
    return ours_first, Lexicon.merged(*foreign, _invented())


@lru_cache(maxsize=32)
def _words_known(key: "SchemeKey") -> tuple[frozenset[str], frozenset[str]]:
    own, foreign = _lexicon(key)
    meant = frozenset(word for one in own.entries() if one.sign is None for word in one.words)
    return own.words | foreign.words, meant


@lru_cache(maxsize=32)
def _traits(key: "SchemeKey") -> tuple[Trait, ...]:
    own = [
        Trait(
            re.compile(r"(?<!\S)" + re.escape("".join(f"{word} " for word in words_of(phrase.rstrip("."))))),
            _literal(phrase.rstrip(".")),
            label,
            is_there,
        )
        for label, one in key.scheme.labels.items()
        for phrase, is_there in ((one.phrase, True), (one.absent_phrase, False))
        if phrase
    ]
    return (
        *own,
        *(
            Trait(re.compile(rf"(?<!\S){_pattern(phrase)}"), _literal(phrase), label, is_there)
            for label, held in _table().get(key.scheme.name, {}).items()
            for name, is_there in (("traits", True), ("lacks", False))
            for phrase in (held.get(name, ()) if isinstance(held, dict) else ())
        ),
    )


@lru_cache(maxsize=32)
def _is_of_galaxies(key: SchemeKey) -> bool:
    return all("galax" in one.noun for one in key.scheme.labels.values()) or "lobes" in features(key.scheme)


def _literal(phrase: str) -> str:
    """The longest run of words of a phrase that are no choice."""
    return max((" ".join(words_of(one)) for one in CHOICE.split(phrase)[::2]), key=len)


def _pattern(phrase: str) -> str:
    """A phrase with choices as a pattern of words with one blank between them."""
    parts = [" ".join(words_of(part)) if not at % 2 else part for at, part in enumerate(CHOICE.split(phrase))]
    made = ""
    for at, part in enumerate(parts):
        if at % 2:
            choices = sorted((" ".join(words_of(one)) for one in part.split("|")), key=len, reverse=True)
            made += (
                "(?:" + "|".join(re.escape(one) + " " for one in choices if one) + ")" + ("?" if "" in choices else "")
            )
        elif part:
            made += re.escape(part) + " "
    return made.replace("\\ ", " ") + "(?<= )"


@cache
def _general() -> Lexicon:
    held = tomllib.loads(VOCABULARY.read_text(encoding="utf-8"))
    made = [Entry(words, category, value) for category, value, words in _valued(held)]
    return Lexicon.of([*sorted(made, key=lambda one: one.category == "decoration"), *_verbs()])


def _verbs() -> Iterator[Entry]:
    """The verbs, which yield to all other words."""
    for category, verbs in tomllib.loads(VERBS.read_text(encoding="utf-8"))["verbs"].items():
        for verb in verbs:
            yield from (Entry(words_of(said), named) for named, said in verb_entries(category, verb))


def _valued(held: Mapping[str, Any]) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    for category, phrases in held["words"].items():
        for phrase in phrases:
            yield from ((category, None, words) for words in expanded(phrase))
    for category, by_value in held["valued"].items():
        for value, phrases in by_value.items():
            meant = float(value) if re.fullmatch(r"[\d.]+", value) else value
            yield from ((category, meant, words) for phrase in phrases for words in expanded(phrase))


def _own(scheme: LabelScheme) -> Iterator[Entry]:
    """What the scheme's own file and names.toml call its labels."""
    for label, one in scheme.labels.items():
        yield from _of_scheme(label, label, one, least=1)
    for subject, held in _table().get(scheme.name, {}).items():
        if all(label in scheme.labels for label in subject.split("|")):
            yield from _named(subject, held)


@lru_cache(maxsize=64)
def _foreign(name: str, ours: frozenset[str]) -> Lexicon:
    """The labels of another scheme, but for those that ours has too."""
    other = package_schemes()[name]
    found: list[Entry] = []
    for label, one in other.labels.items():
        if label not in ours:
            found += _of_scheme(f"{name}:{label}", label, one, least=LETTERS_OF_A_FOREIGN_SIGN)
            found += _nouns(f"{name}:{label}", _table().get(name, {}).get(label, {}).get("nouns", ()))
    return Lexicon.of(found)


@cache
def _invented() -> Lexicon:
    return Lexicon.of(one for noun in _table()["*"]["nouns"] for one in _nouns(f"?:{noun}", [noun]))


def _named(subject: str, held: Mapping[str, Any]) -> Iterator[Entry]:
    yield from _nouns(subject, held.get("nouns", ()))
    yield from (Entry(words, "adjective", subject) for one in held.get("adjectives", ()) for words in expanded(one))


def _nouns(subject: str, nouns: Iterable[str]) -> Iterator[Entry]:
    for noun in nouns:
        for words in expanded(noun):
            yield Entry(words, "noun", (subject, False))
            yield from (Entry(several, "noun", (subject, True)) for several in plurals(words))


def plurals(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A noun's words in the plural: of the last, or of the one before "of", "with" and the like."""
    stops = ("of", "with", "made", "too", "to", "along", "from", "at", "near", "in")
    at = next((at for at, word in enumerate(words) if at and word in stops), len(words)) - 1
    last = words[at]
    if last in ("i", "ii"):
        return  # "type is" is no plural of "type I"
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        yield (*words[:at], f"{last[:-1]}ies", *words[at + 1 :])
    elif last == "nebula":
        yield from ((*words[:at], one, *words[at + 1 :]) for one in ("nebulae", "nebulas"))
    else:
        ending = "es" if last.endswith(("x", "sh", "ch", "ss")) else "s"
        yield (*words[:at], f"{last}{ending}", *words[at + 1 :])


def _of_scheme(meant: str, label: str, one: LabelDefinition, *, least: int) -> Iterator[Entry]:
    for noun, is_plural in ((one.noun, True), (one.noun_one, False)):
        for said in (noun, re.sub(r"\b(sources?|objects?)\b", r"radio \1", noun)) if noun else ():
            yield Entry(words_of(said), "noun", (meant, is_plural))
    for sign in dict.fromkeys(spelt for name in (label, *one.aliases) for spelt in (name, plain_label(name))):
        joined = "".join(re.findall(r"[^\W_]+", plain(sign)))
        if len(joined) < least:
            continue
        for words in dict.fromkeys((words_of(sign.replace("_", " ")), (joined.lower(),))):
            yield Entry(words, "sign", meant, joined)
        if joined.isalpha() and joined.isupper() and len(words_of(sign)) > 1:
            *first, last = words_of(sign)
            yield Entry((*first, f"{last}s"), "noun", (meant, True), f"{joined}s")
        if joined.isalpha() and joined.isupper() and len(joined) > 1:
            for ending in ("s", "e") if joined == "PN" else ("s",):
                yield Entry((f"{joined}{ending}".lower(),), "noun", (meant, True), f"{joined}{ending}")


@cache
def _table() -> Mapping[str, Any]:
    return _tables()


def _tables() -> dict[str, dict[str, Any]]:
    """`names.toml` of ours and of each folder of doors, by scheme and label. RecipeError where one stands twice.

    A table may be of several schemes, "mirabest,lomorph"."FR-I,FR1", the first label of the list that each has.
    Read again only where a file's size or time, or a scheme's labels, changed.
    """
    schemes = tuple((name, tuple(one.labels)) for name, one in package_schemes().items())
    return _tables_of(stamps(name_files()), schemes)


@lru_cache(maxsize=8)
def _tables_of(files: tuple[Stamp, ...], schemes: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, dict[str, Any]]:
    labels = dict(schemes)
    found, where = dict[str, dict[str, Any]](), dict[tuple[str, str], Path]()
    for file, _, _ in files:
        try:
            said = read_toml(file)
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RecipeError(f"{file}: not TOML: {error}") from error
        for some, held in said.items():
            for scheme, (subject, names) in product(some.split(","), held.items()):
                label = _label_of(labels.get(scheme), subject)
                other = where.setdefault((scheme, label), file)
                if other != file:
                    raise RecipeError(f"names of {scheme} {label} stand twice: {other} and {file}; keep one")
                _add(found.setdefault(scheme, {}), label, names)
    return found


def _add(table: dict[str, Any], label: str, names: Any) -> None:
    if not isinstance(names, dict):
        table[label] = names
        return
    held = table.setdefault(label, {})
    for kind, some in names.items():
        held[kind] = [*held.get(kind, ()), *some]


def _label_of(known: Sequence[str] | None, subject: str) -> str:
    if known is None or "," not in subject:
        return subject
    return next((one for one in subject.split(",") if all(each in known for each in one.split("|"))), subject)


def name_files() -> list[Path]:
    """The files that say what free text calls classes: ours, then those of the folders of doors."""
    return [NAMES, *(root / NAMES_FILE for root in door_roots() if (root / NAMES_FILE).is_file())]


def names_digest(scheme: LabelScheme) -> str:
    """What decides how free text about a scheme is read, beside the scheme: for the recipes of what reads it.

    Names of the scheme, names that belong to none, and the package's other schemes, whose classes are foreign here.
    """
    tables = _tables()
    others = {name: (only(one, "quality"), tables.get(name)) for name, one in package_schemes().items()}
    said = [one.read_text(encoding="utf-8") for one in (VOCABULARY, VERBS, SOFT, SOURCE_WORDS)]
    return fingerprint([tables.get(scheme.name), tables.get("*"), {**others, scheme.name: None}, said])
