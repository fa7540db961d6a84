"""The words for one source's looks from `source_words.toml`: phrases found before places, and entries of the lexicon.

Which tables a scheme takes follows from its labels, so that another door's scheme with the same labels takes them too.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
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
    labels = scheme.labels
    has = {
        "fr": fanaroff_riley(scheme, 2) is not None,
        "lobes": fanaroff_riley(scheme, 2) is not None and scheme.about == "source",
        "bent": {"NAT", "WAT"} <= set(labels),
        "edges": {"DIFFUSE", "EXTENDED", "SINGLE-ISLAND"} <= set(labels),
        "components": is_components(scheme),
        "parts": "SINGLE-ISLAND" in labels or is_components(scheme),
        "picture": {"DIFFUSE-LARGE", "BACKGROUND"} <= set(labels),
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
def phrases(names: tuple[str, ...]) -> tuple[Phrase, ...]:
    """The phrases of some tables."""
    held = _table()
    found: list[Phrase] = []
    for name in names:
        for category, by_value in held.get(name, {}).get("phrases", {}).items():
            for value, some in by_value.items():
                found += [Phrase(_pattern(one, held["choices"]), category, value or None) for one in some]
    return tuple(found)


@cache
def words(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Category and phrase of each entry of some tables, for the lexicon."""
    held = _table()
    return tuple(
        (category, one)
        for name in names
        for category, some in held.get(name, {}).get("words", {}).items()
        for one in some
    )


def spans(text: str, scheme: LabelScheme) -> Iterator[tuple[int, int, Phrase]]:
    """Where the phrases of a scheme stand in a text, the longest where some overlap."""
    some = phrases(features(scheme))
    found = [one for one in WORD.finditer(text) if one[0] not in "-_"] if some else []
    starts, ends, at = dict[int, int](), dict[int, int](), 0
    for one in found:
        starts[at], ends[at + len(_spelt(one[0])) + 1] = one.start(), one.end()
        at += len(_spelt(one[0])) + 1
    joined = "".join(f"{_spelt(one[0])} " for one in found)
    made = [
        (starts[one.start()], ends[one.end()], phrase)
        for phrase in some
        for one in phrase.pattern.finditer(joined)
        if one.start() in starts and one.end() in ends
    ]
    taken: list[tuple[int, int]] = []
    for start, end, phrase in sorted(made, key=lambda one: one[0] - one[1]):
        if all(end <= first or last <= start for first, last in taken):
            taken.append((start, end))
            yield start, end, phrase


def _spelt(word: str) -> str:
    return {"n't": "not", "center": "centre"}.get(word.lower(), word.lower())


def _pattern(phrase: str, choices: Mapping[str, str]) -> re.Pattern[str]:
    while CHOICE.search(phrase):
        phrase = CHOICE.sub(lambda one: choices[one[1]], phrase)
    said, _, after = phrase.partition(" // not before ")
    body, _ = _choice(re.findall(r"[()|]|[^()|]+", plain(said)), 0)
    return re.compile(rf"(?<!\S){body}(?<= )" + (f"(?!{after})" if after else ""))


def _choice(parts: list[str], at: int) -> tuple[str, int]:
    """A choice up to its bracket, as a pattern: longer ways before shorter, nothing last."""
    ways = [""]
    while at < len(parts) and parts[at] != ")":
        if parts[at] == "|":
            ways.append("")
        elif parts[at] == "(":
            inner, at = _choice(parts, at + 1)
            ways[-1] += inner
        else:
            ways[-1] += "".join(
                re.escape(_spelt(one[0])) + " " for one in WORD.finditer(parts[at]) if one[0] not in "-_"
            )
        at += 1
    return "(?:" + "|".join(sorted(ways, key=len, reverse=True)) + ")", at


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(VOCABULARY.read_text(encoding="utf-8"))
