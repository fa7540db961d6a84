"""Words that a sentence could do without, from `soft_words.txt`, in any of their forms."""

from functools import cache
from pathlib import Path

from curation.extraction.tokens import UNKNOWN, Token

WORDS = Path(__file__).parent / "soft_words.txt"
ENDINGS = (("", ""), ("s", ""), ("es", ""), ("ies", "y"), ("d", ""), ("ed", ""), ("ied", "y"), ("ing", ""), ("ing", "e"))


def is_soft(one: Token) -> bool:
    """Whether a chunk that nobody knows is such a word."""
    return one.category == UNKNOWN and any(each in _words() for each in _stems(one.text.lower()))


def _stems(word: str) -> list[str]:
    found = [f"{word[: len(word) - len(end)]}{put}" for end, put in ENDINGS if word.endswith(end)]
    return [*found, *(one[:-1] for one in found if one[-1:] == one[-2:-1])]


@cache
def _words() -> frozenset[str]:
    lines = WORDS.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
