"""Slips of the pen in long words: two letters changed about, one left out within the word, or one said twice.

Only a word that is in no list, in small letters, and only where one word of the vocabulary is meant: never a sign.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from curation.extraction.lexicon import words_known
from schemas.labels import LabelScheme

LEAST_LETTERS = 6
"""Of the word that is meant; shorter ones are too near to each other."""


def meant(words: Sequence[str], scheme: LabelScheme) -> list[str]:
    """The words as they are spelt rightly, in small letters; as they are where nobody knows what is meant."""
    known, targets = words_known(scheme)
    lower = [one.lower() for one in words]
    return [
        one if one in known or not said[1:].islower() or not said.isalpha() else _mended(one, targets)
        for one, said in zip(lower, words, strict=True)
    ]


@lru_cache(maxsize=10_000)
def _mended(word: str, targets: frozenset[str]) -> str:
    found = {one for one in _slips_mended(word) if one in targets and len(one) >= LEAST_LETTERS}
    if not found and len(word) == LEAST_LETTERS - 1:
        found = {one for one in (word.replace("ei", "ie"), word.replace("ie", "ei")) if one in targets}
    return found.pop() if len(found) == 1 else word


def _slips_mended(word: str) -> Iterator[str]:
    for at in range(1, len(word)):
        yield word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
        if word[at] == word[at - 1]:
            yield word[:at] + word[at + 1 :]
        yield from (word[:at] + letter + word[at:] for letter in "abcdefghijklmnopqrstuvwxyz")
