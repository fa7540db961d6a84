"""The article "a" or "an" before English words, by the sound that they begin with."""

import re
from functools import lru_cache

VOWEL_NAMED = "AEFHILMNORSX"
"""Letters whose names begin with a vowel: an HII region, an FR-I, an SNR, an X-ray binary; but a YSO."""
SILENT_H = re.compile(r"(?i)hour|honest|honou?r|heir")
LIKE_YOU_OR_ONE = re.compile(r"(?i)eu|ewe|one(?![a-z])|once|u(?:ni(?!de|m[ap]|n|ll)|s[aeu]|t[ei]|biq|ran)")
EIGHT = re.compile(r"8|(?:11|18)(?:,?\d{3})*(?!\d)")
SPELT = re.compile(r"[A-Z](?![a-z])[^\W_]*|[a-z](?=-)")
SHORTEST_SAID = 3
SHORTEST_SURELY_SAID = 4


@lru_cache(maxsize=4096)
def article(words: str) -> str:
    """The article that is said before the words; for short forms that some say and some spell, as they are spelt."""
    first = _first(words)
    if _may_be_said(first) and len(first) >= SHORTEST_SURELY_SAID:
        return _of_sound(first)
    return _of_name(first) if SPELT.match(words.strip()) else _of_sound(first)


def fits(said: str, words: str) -> bool:
    """Whether the article may stand before the words; before a short form like NAT or LIRG either may."""
    first = _first(words)
    if re.match(r"[a-z]+[A-Z]", first):  # mJy
        return True
    either = _may_be_said(first) and said.lower() in (_of_name(first), _of_sound(first))
    return either or said.lower() == article(words)


def _first(words: str) -> str:
    found = re.search(r"[^\W_]+", words)
    return found[0] if found else ""


def _may_be_said(first: str) -> bool:
    """A short form with a vowel that is no Roman number at its end: NAT, LINER; not SNR, not HII, not FRI."""
    is_short = len(first) >= SHORTEST_SAID and first.isalpha() and first.isupper()
    return is_short and re.search(r"[AEIOU]", re.sub(r"I+V?$", "", first)) is not None


def _of_name(first: str) -> str:
    return "an" if first[:1].upper() in VOWEL_NAMED and first[:1] else "a"


def _of_sound(first: str) -> str:
    if first[:1].isdigit():
        return "an" if EIGHT.match(first) else "a"
    if SILENT_H.match(first):
        return "an"
    return "an" if first[:1].lower() in tuple("aeiou") and not LIKE_YOU_OR_ONE.match(first) else "a"
