"""Nouns of what a text speaks of, with their articles and numbers."""

from functools import lru_cache

from curation.verification.claims import ANY_OBJECT
from schemas.article import article
from schemas.labels import LabelScheme

ANY_NOUN = ("catalogued radio source", "catalogued radio sources")
"""Any object of the catalogue: one, and several."""
WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip


def number_words(count: int) -> str:
    """A number as a text has it: words up to twelve, then digits."""
    return WORDS[count] if count < len(WORDS) else str(count)


def nouns(subject: str, scheme: LabelScheme) -> tuple[str, str]:
    """One and several of a label, of any object, or of a class that no scheme has."""
    if subject == ANY_OBJECT:
        return ANY_NOUN
    label = scheme.labels.get(subject)
    return (label.noun_one, label.noun) if label else (subject, subject)


@lru_cache(maxsize=4096)
def with_article(noun: str) -> str:
    """One with "a" or "an"; nothing of nothing."""
    return f"{article(noun)} {noun}" if noun else ""
