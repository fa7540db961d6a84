"""Slips of the pen in long words: two letters changed about, one left out within the word, or one said twice.

Only a word that is in no list, in small letters, and only where one word of the vocabulary is meant: never a sign.
"""

from collections.abc import Iterator

from curation.extraction.lexicon import words_known
from schemas.labels import LabelScheme

LEAST_LETTERS = 6
"""Of the word that is meant; shorter ones are too near to each other."""


def meant(word: str, scheme: LabelScheme) -> str:
    """The word as it is spelt rightly, in small letters; the same where it is known or nobody knows what is meant."""
    lower = word.lower()
    known, targets = words_known(scheme)
    if not word.islower() or not word.isalpha() or lower in known:
        return lower
    found = {one for one in _slips_mended(lower) if one in targets and len(one) >= LEAST_LETTERS}
    if not found and len(lower) == LEAST_LETTERS - 1:
        found = {one for one in (lower.replace("ei", "ie"), lower.replace("ie", "ei")) if one in targets}
    return found.pop() if len(found) == 1 else lower


def _slips_mended(word: str) -> Iterator[str]:
    for at in range(1, len(word)):
        yield word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
        if word[at] == word[at - 1]:
            yield word[:at] + word[at + 1 :]
        yield from (word[:at] + letter + word[at:] for letter in "abcdefghijklmnopqrstuvwxyz")
