"""Sentences about statements: "at least one of these holds: A, or B", "of two claims, A and B, only the first".

The statements stand whole in their frame, so they are read one by one and put together as the frame says.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from curation.extraction.clauses import Reading
from curation.extraction.constructions import negated
from curation.verification.alternatives import either
from curation.verification.claims import Claim, ExtractedClaim

_THESE = (
    r"(?:of|from)(?: all)?(?: the| these| those)?(?: following)?(?: (?:two|three|both))?"
    r"(?: (?:statements?|claims?|things?|propositions?|assertions?|sentences?|facts?|points?|descriptions?))?"
)
_HOLD = (
    r"(?:holds?|appl(?:y|ies)|(?:is|are)(?: the case|(?: both| all)?(?: true| right| correct| so| valid| accurate"
    r"| satisfied| fulfilled)))"
)
_ONE = r"(?:is|holds?|appl(?:y|ies))(?: (?:right|true|correct|so|valid|accurate|the case))?"


@dataclass(frozen=True)
class Frame:
    """A way to speak of statements: what stands before them, what between two of them, and behind."""

    before: re.Pattern[str]
    joint: re.Pattern[str]
    put_together: Callable[[Sequence[Sequence[Claim]]], list[Claim] | None]
    """Of the claims of each what the whole claims; None where that is no claim."""
    behind: str = ""


def _all(said: Sequence[Sequence[Claim]]) -> list[Claim]:
    return [claim for one in said for claim in one]


def _any(said: Sequence[Sequence[Claim]]) -> list[Claim]:
    return [either(*said)]


def _none(said: Sequence[Sequence[Claim]]) -> list[Claim] | None:
    parts = [negated(one) for one in said]
    return None if None in parts else [claim for one in parts for claim in one or ()]


def _first(said: Sequence[Sequence[Claim]]) -> list[Claim] | None:
    one, other = said
    no = negated(other)
    return None if no is None else [*one, *no]


def _second(said: Sequence[Sequence[Claim]]) -> list[Claim] | None:
    return _first(said[::-1])


_AND, _OR = re.compile(r"(?i)\s*[,;]?\s+and(?: also| that)?\s+"), re.compile(r"(?i)\s*[,;]?\s+n?or(?: that)?\s+")
_AND_THAT = re.compile(r"(?i)\s*,?\s+and\s+that\s+")
_OF_TWO = rf"(?i)^\W*{_THESE},?\s+(?:namely\s+)?that\s+"
_ONLY = r"\s*,\s+(?:it is\s+)?only\s+the\s+(?:%s)(?: (?:one|claim|statement))?(?:\s+that)?\s+" + _ONE + r"\W*$"
_THAT = r"(?: that)?\s*[:;,]?\s*(?:that\s+)?"
FRAMES = (
    Frame(re.compile(rf"(?i)^\W*(?:both|all|each)\s+{_THESE}\s+{_HOLD}{_THAT}"), _AND, _all),
    Frame(re.compile(rf"(?i)^\W*(?:at least|minimum) one\s+{_THESE}\s+{_HOLD}{_THAT}"), _OR, _any),
    Frame(re.compile(rf"(?i)^\W*(?:neither|none)\s+{_THESE}\s+{_HOLD}{_THAT}"), _OR, _none),
    Frame(re.compile(_OF_TWO), _AND_THAT, _first, _ONLY % "former|first"),
    Frame(re.compile(_OF_TWO), _AND_THAT, _second, _ONLY % "latter|second|last"),
)


def framed(text: str, read: Callable[[str], Reading | None]) -> Reading | None:
    """The claims of a sentence about two statements; None where it is none, or one of them is not understood.

    `read`: the reading of a statement, None where any of its words is not understood.
    """
    for frame in FRAMES:
        before, behind = frame.before.match(text), re.search(f"(?i){frame.behind}", text) if frame.behind else None
        if before is None or (frame.behind and behind is None):
            continue
        end = behind.start() if behind else len(text)
        for at, until in _joints(frame.joint, text, before.end(), end):
            said = [read(text[before.end() : at]), read(text[until:end])]
            made = [[each.claim for each in one.claims] for one in said if one is not None and one.claims]
            claims = frame.put_together(made) if len(made) == len(said) else None
            if claims is not None:
                return Reading(tuple(ExtractedClaim(one, 0, len(text)) for one in claims), None)
    return None


def _joints(joint: re.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the two may fall apart: at a comma first."""
    found = [one.span() for one in joint.finditer(text, start, end)]
    yield from sorted(found, key=lambda one: not text[one[0] : one[1]].lstrip().startswith((",", ";")))


def is_framed(text: str) -> bool:
    """Whether a text speaks of statements in one of these ways."""
    return any(one.before.match(text) and re.search(f"(?i){one.behind}", text) for one in FRAMES)
