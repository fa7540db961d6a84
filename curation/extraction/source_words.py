"""The words for one source's looks from `source_words.toml`: phrases found before places, and entries of the lexicon.

Which tables a scheme takes follows from its labels, so that another door's scheme with the same labels takes them too.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from curation.extraction.text import WORD, plain
from schemas.labels import LabelScheme

VOCABULARY = Path(__file__).parent / "source_words.toml"
COMPONENTS = re.compile(r"(\d+)C-(\d+)P")
CHOICE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Phrase:
    """A way of saying something: a pattern of words with a blank after each, and its category with what it means."""

    pattern: re.Pattern[str]
    category: str
    value: Any = None


def features(scheme: LabelScheme) -> tuple[str, ...]:
    """The tables of words that a scheme's labels call for."""
    labels, has_fr, is_parted = set(scheme.labels), fanaroff_riley(scheme, 2) is not None, is_components(scheme)
    has = {
        "fr": has_fr,
        "lobes": has_fr and scheme.about == "source",
        "bent": labels >= {"NAT", "WAT"},
        "edges": labels >= {"DIFFUSE", "EXTENDED", "SINGLE-ISLAND"},
        "components": is_parted,
        "parts": "SINGLE-ISLAND" in labels or is_parted,
        "picture": labels >= {"DIFFUSE-LARGE", "BACKGROUND"},
        "source": scheme.about == "source",
    }
    return tuple(name for name, one in has.items() if one)


def is_components(scheme: LabelScheme) -> bool:
    """Whether the labels are numbers of components and peaks."""
    return all(COMPONENTS.fullmatch(label) for label in scheme.labels)


def fanaroff_riley(scheme: LabelScheme, number: int) -> str | None:
    """The scheme's label for the first or the second class."""
    return next((label for label in (f"FR{number}", f"FR-{'I' * number}") if label in scheme.labels), None)


@cache
def _by_first(names: tuple[str, ...]) -> Mapping[str, list[Phrase]]:
    """The phrases of some tables by the words that they may begin with."""
    held = _table()
    found: defaultdict[str, list[Phrase]] = defaultdict(list)
    for name in names:
        for category, by_value in held.get(name, {}).get("phrases", {}).items():
            for value, written in ((value, one) for value, some in by_value.items() for one in some):
                form, first = _pattern(written, held["choices"])
                for word in first:
                    found[word].append(Phrase(form, category, value or None))
    return dict(found)


@cache
def words(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Category and phrase of each entry of some tables, for the lexicon."""
    tables = [_table().get(name, {}).get("words", {}) for name in names]
    return tuple((category, one) for table in tables for category, some in table.items() for one in some)


def spans(found: Sequence[re.Match[str]], scheme: LabelScheme) -> Iterator[tuple[int, int, Phrase]]:
    """Where the phrases of a scheme stand among the words of a text, the longest where some overlap."""
    some = _by_first(features(scheme))
    said = [_spelt(one[0]) for one in found]
    if some.keys().isdisjoint(said):
        return
    at = [0, *accumulate(len(one) + 1 for one in said)]
    ends = dict(zip(at[1:], (one.end() for one in found), strict=True))
    joined = "".join(f"{one} " for one in said)
    made = [
        (one.start(), ends[match.end()], phrase)
        for one, word, start in zip(found, said, at, strict=False)
        for phrase in some.get(word, ())
        if (match := phrase.pattern.match(joined, start)) and match.end() in ends
    ]
    taken: list[tuple[int, int]] = []
    for start, end, phrase in sorted(made, key=lambda one: one[0] - one[1]):
        if all(end <= first or last <= start for first, last in taken):
            taken.append((start, end))
            yield start, end, phrase


def _spelt(word: str) -> str:
    return {"n't": "not", "center": "centre"}.get(word.lower(), word.lower())


def _pattern(phrase: str, choices: Mapping[str, str]) -> tuple[re.Pattern[str], frozenset[str]]:
    while CHOICE.search(phrase):
        phrase = CHOICE.sub(lambda one: choices[one[1]], phrase)
    said, _, after = phrase.partition(" // not before ")
    body, first, _ = _choice(re.findall(r"[()|]|[^()|]+", plain(said)), 0)
    return re.compile(rf"{body}(?<= )" + (f"(?!{after})" if after else "")), first - {""}


def _choice(parts: list[str], at: int) -> tuple[str, frozenset[str], int]:
    """A choice up to its bracket, as a pattern: longer ways before shorter, nothing last.

    With it the words that it may begin with, "" where it may be nothing.
    """
    ways = [("", frozenset({""}))]
    while at < len(parts) and parts[at] != ")":
        if parts[at] == "|":
            ways.append(("", frozenset({""})))
        else:
            if parts[at] == "(":
                inner, begins, at = _choice(parts, at + 1)
            else:
                said = [_spelt(one[0]) for one in _words(parts[at])]
                inner, begins = "".join(f"{re.escape(one)} " for one in said), frozenset(said[:1] or [""])
            way, first = ways[-1]
            ways[-1] = way + inner, (first - {""} | begins if "" in first else first)
        at += 1
    longest = sorted((way for way, _ in ways), key=len, reverse=True)
    return f"(?:{'|'.join(longest)})", frozenset().union(*(first for _, first in ways)), at


def _words(text: str) -> list[re.Match[str]]:
    return [one for one in WORD.finditer(text) if one[0] not in "-_"]


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(VOCABULARY.read_text(encoding="utf-8"))
