"""Flags: what can be seen of a turn's form without a model, and without knowing the picture.

names-caption      the answer speaks of what only its writer saw
repetition         a sentence twice in one answer, or a run of words again and again
wrong-language     the question or the answer is not English
duplicate-turn     a question, or a long answer, stands twice in the conversation
near-duplicate     an earlier turn asks nearly the same, and the answers say the same
answerable-earlier all that the answer says follows from earlier turns; its share of all turns is the leak index
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from curation.verification.claims import ANY_OBJECT, Claim
from curation.words.language import ENGLISH, MOST_KEPT, WORD, is_wrong_language
from schemas.labels import LabelScheme, Truth

NAMES_CAPTION = re.compile(
    r"""(?ix) \b(?: captions? | annotat\w+ | ground[ -]?truth | meta-?data
    | (?:the|this|your|my)[ ](?:prompt|instructions?|glossary|description|above[ ](?:text|description|context))\b
    | (?:provided|given|supplied|accompanying|input|reference|associated)[ ]
      (?:context|text|labels?|information|descriptions?|details?|data|list|boxes|bounding[ ]boxes)
    | (?:label|description|text|context|catalogue?|list)[ ](?:says?|states?|mentions?|indicates?|tells?|specifies)
    | as[ ](?:mentioned|stated|described|noted|indicated|specified|listed|provided|given)[ ](?:above|before|in|by)
    | as[ ](?:mentioned|stated|described|noted|indicated|specified|listed|provided|given)(?=,)
    | (?:mentioned|stated|described|specified|listed)[ ](?:above|earlier|in[ ]the[ ](?:text|context|list|question))
    )\b"""
)
LONG_ANSWER = 40
"""Characters from which an answer given twice is a repetition; "No." may be the answer to many questions."""
LONG_SENTENCE, LONGEST_RUN, ROUNDS = 4, 8, 3
ALIKE = 0.6
"""Share of the words of either question that two questions have in common when they ask nearly the same."""
FORMS = (re.compile(r"(?i)\b(?:how many|number of|count)\b"), re.compile(r"(?i)\bbox(?:es)?\b|\bwhere\b|\blocat"))
"""What is asked for: a number, a place, else a word. None is there, and their number is 0, are two questions."""

SMALL = ENGLISH - {"no", "not", "source", "sources", "object", "objects"}
"""Words that do not tell what a question is about."""

_TOKEN = re.compile(r"\w+(?:[.,]\d+)*")
_SENTENCE = re.compile(r"[.!?](?!\d)|\n")


@lru_cache(maxsize=MOST_KEPT)
def names_caption(text: str) -> bool:
    """Whether a text speaks of the caption, labels or instructions that its writer was given."""
    return bool(NAMES_CAPTION.search(text))


@lru_cache(maxsize=MOST_KEPT)
def is_repetitive(text: str) -> bool:
    """Whether a sentence of four words or more stands twice, or a run of words at once three times or more."""
    sentences = Counter(tuple(_tokens(one)) for one in _SENTENCE.split(text))
    if any(n > 1 and len(words) >= LONG_SENTENCE for words, n in sentences.items()):
        return True
    words = _tokens(text)
    return any(_has_run(words, length) for length in _lengths(words))


def flags_of(
    turns: Sequence[Mapping[str, Any]], claims: Sequence[Sequence[Claim]], scheme: LabelScheme
) -> list[list[str]]:
    """The flags of each turn (rows of TURN), in the order of the module's list; `claims`: what was read from each."""
    twice, near = _repeated(turns), _near_duplicates(turns, claims)
    earlier = _answerable(claims, scheme)
    found: list[list[str]] = []
    for at, turn in enumerate(turns):
        speaks = {
            "names-caption": names_caption(turn["answer"]),
            "repetition": is_repetitive(turn["answer"]),
            "wrong-language": is_wrong_language(turn["question"]) or is_wrong_language(turn["answer"]),
            "duplicate-turn": at in twice,
            "near-duplicate": at in near,
            "answerable-earlier": at in earlier,
        }
        found.append([name for name, says in speaks.items() if says])
    return found


def entailed(claim: Claim, scheme: LabelScheme) -> Iterator[tuple[object, ...]]:
    """The contents of all claims that follow from one, itself first."""
    yield claim.content
    label = claim.subject
    if claim.kind == "border" and claim.count is not None:
        yield Claim("border", "blank").content
    if claim.kind in ("count", "box") and claim.state is Truth.PRESENT and label != ANY_OBJECT and claim.count != 0:
        yield from entailed(Claim("presence", label), scheme)
    if claim.kind == "presence" and claim.state is Truth.PRESENT and label in scheme.labels:
        yield from (Claim("presence", one).content for one in scheme.with_implied([label]))
        if scheme.kind == "single" and scheme.about != "objects":  # of objects one may be this and another that
            yield from (Claim("presence", one, Truth.ABSENT).content for one in scheme.labels if one != label)


def _answerable(claims: Sequence[Sequence[Claim]], scheme: LabelScheme) -> set[int]:
    """Places of the turns whose every claim follows from those of earlier turns; a turn without claims is not one."""
    known: set[tuple[object, ...]] = set()
    places: set[int] = set()
    for at, said in enumerate(claims):
        if said and all(one.content in known for one in said):
            places.add(at)
        known.update(content for one in said for content in entailed(one, scheme))
    return places


def _near_duplicates(turns: Sequence[Mapping[str, Any]], claims: Sequence[Sequence[Claim]]) -> set[int]:
    """Places of the turns that ask nearly what an earlier one asks, and say the same."""
    seen: dict[object, list[frozenset[str]]] = {}
    places: set[int] = set()
    for at, (turn, said) in enumerate(zip(turns, claims, strict=True)):
        # Without claims, the answers themselves must agree.
        content = frozenset(one.content for one in said) or " ".join(turn["answer"].lower().split())
        asked, forms = _topic(turn["question"])
        others = seen.setdefault((content, forms), [])
        if any(_alike(asked, other) for other in others):
            places.add(at)
        others.append(asked)
    return places


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= ALIKE * len(one | other)


@lru_cache(maxsize=MOST_KEPT)
def _topic(text: str) -> tuple[frozenset[str], tuple[bool, ...]]:
    """The words of a question that tell what it is about, without their plural; and of which `FORMS` it is."""
    told = [one for one in WORD.findall(text.lower().split("\n")[0]) if one not in SMALL]
    # Not of "gas".
    words = frozenset(one[:-1] if one.endswith("s") and len(one) > 3 else one for one in told)  # noqa: PLR2004
    return words, tuple(bool(form.search(text)) for form in FORMS)


def _repeated(turns: Sequence[Mapping[str, Any]]) -> set[int]:
    """Places of the turns whose question, or whose long answer, stands in the conversation more than once.

    Lists of boxes are left out: all objects may well be of one class.
    """
    asked = [" ".join(turn["question"].lower().split()) for turn in turns]
    said = ["" if turn["kind"] == "boxes" else " ".join(turn["answer"].lower().split()) for turn in turns]
    n_asked, n_said = Counter(asked), Counter(one for one in said if len(one) >= LONG_ANSWER)
    return {at for at in range(len(turns)) if n_asked[asked[at]] > 1 or n_said[said[at]] > 1}


def _tokens(text: str) -> list[str]:
    """Words and numbers, so that two boxes with the same words around them are two things."""
    return [one.lower() for one in _TOKEN.findall(text)]


def _lengths(words: Sequence[str]) -> list[int]:
    """At which lengths a run may stand three times at once: some word of it, no number, stands there three times."""
    places: dict[str, set[int]] = {}
    for at, word in enumerate(words):
        places.setdefault(word, set()).add(at)
    often = [some for word, some in places.items() if len(some) >= ROUNDS and not _is_number(word)]
    return [
        length
        for length in range(1, LONGEST_RUN + 1)
        if any(at + length in some and at + 2 * length in some for some in often for at in some)
    ]


def _has_run(words: Sequence[str], length: int) -> bool:
    """Whether a run of so many words stands three times at once; numbers alone, as in a box, do not count."""
    same = 0
    for at, (word, later) in enumerate(zip(words, words[length:], strict=False)):
        same = same + 1 if word == later else 0
        if same >= (ROUNDS - 1) * length and not all(_is_number(one) for one in words[at + 1 - length : at + 1]):
            return True
    return False


def _is_number(word: str) -> bool:
    return word[0].isdigit()
