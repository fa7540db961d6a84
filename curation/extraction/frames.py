"""Sentences about statements: "at least one of these holds: A, or B", "neither of these holds".

The statements stand whole in their frame, so they are read one by one and put together as the frame says.
"""

import re
from collections.abc import Callable, Sequence

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


Put = Callable[[Sequence[Sequence[Claim]]], list[Claim] | None]
"""Of the claims of each statement what the whole claims; None where that is no claim."""


def _all(said: Sequence[Sequence[Claim]]) -> list[Claim]:
    return [claim for one in said for claim in one]


def _any(said: Sequence[Sequence[Claim]]) -> list[Claim]:
    return [either(*said)]


def _none(said: Sequence[Sequence[Claim]]) -> list[Claim] | None:
    parts = [negated(one) for one in said]
    return None if None in parts else [claim for one in parts for claim in one or ()]


_AND, _OR = re.compile(r"(?i)\s*[,;]?\s+and(?: also| that)?\s+"), re.compile(r"(?i)\s*[,;]?\s+n?or(?: that)?\s+")
_THAT = r"(?: that)?\s*[:;,]?\s*(?:that\s+)?"
FRAMES: tuple[tuple[re.Pattern[str], re.Pattern[str], Put], ...] = (
    (re.compile(rf"(?i)^\W*(?:both|all|each)\s+{_THESE}\s+{_HOLD}{_THAT}"), _AND, _all),
    (re.compile(rf"(?i)^\W*(?:at least|minimum) one\s+{_THESE}\s+{_HOLD}{_THAT}"), _OR, _any),
    (re.compile(rf"(?i)^\W*(?:neither|none)\s+{_THESE}\s+{_HOLD}{_THAT}"), _OR, _none),
)
"""What stands before two statements, what between them, and how their claims are put together."""


def framed(text: str, read: Callable[[str], Reading | None]) -> Reading | None:
    """The claims of a sentence about two statements; None where it is none, or one of them is not understood.

    `read`: the reading of a statement, None where any of its words is not understood.
    """
    for before, joint, put_together in FRAMES:
        found = before.match(text)
        if found is None:
            continue
        for at, until in _joints(joint, text, found.end()):
            said = [read(text[found.end() : at]), read(text[until:])]
            made = [[each.claim for each in one.claims] for one in said if one is not None and one.claims]
            claims = put_together(made) if len(made) == len(said) else None
            if claims is not None:
                return Reading(tuple(ExtractedClaim(one, 0, len(text)) for one in claims), None)
    return None


def _joints(joint: re.Pattern[str], text: str, start: int) -> list[tuple[int, int]]:
    """Where the two may fall apart: at a comma first."""
    found = [one.span() for one in joint.finditer(text, start)]
    return sorted(found, key=lambda one: not text[one[0] : one[1]].lstrip().startswith((",", ";")))


def is_framed(text: str) -> bool:
    """Whether a text speaks of statements in one of these ways."""
    return any(before.match(text) for before, _, _ in FRAMES)
