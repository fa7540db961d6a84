"""Words that a sentence could do without, from `soft_words.toml`, in any of their forms."""

import tomllib
from functools import cache

from curation.extraction.lexicon import SOFT
from curation.extraction.tokens import UNKNOWN, Token

ENDINGS = (
    *(("", ""), ("s", ""), ("es", ""), ("ies", "y"), ("d", ""), ("ed", ""), ("ied", "y"), ("ing", ""), ("ing", "e")),
)
"""What a form ends with, and what stands in its place in the word itself."""


def is_soft(one: Token) -> bool:
    """Whether a chunk that nobody knows is such a word."""
    return one.category == UNKNOWN and any(each in _words() for each in _stems(one.text.lower()))


def _stems(word: str) -> list[str]:
    found = [f"{word[: len(word) - len(end)]}{put}" for end, put in ENDINGS if word.endswith(end)]
    return [*found, *(one[:-1] for one in found if one[-1:] == one[-2:-1])]


@cache
def _words() -> frozenset[str]:
    return frozenset(tomllib.loads(SOFT.read_text(encoding="utf-8"))["words"].split())
