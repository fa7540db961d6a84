"""Claims of which at least one set holds, as one claim: kind "either", its sets in `other` as JSON.

"At least one of these holds: A, or B" says less than A and less than B, and the denial of several things together says
no more than that one of them does not hold. Such a claim is only ever read.
"""

import json
from collections.abc import Callable, Sequence

from curation.verification.claims import Claim
from schemas.labels import Truth

KIND = "either"
SURE = frozenset({"presence", "count", "border", "map", "survey", "frequency", "size", "beam", "structure", KIND})
UNREAD = Claim("unread", "denial")


def either(*sets: Sequence[Claim]) -> Claim:
    """That all claims of at least one set hold."""
    rows = [[[*one.content[:4], one.box and list(one.box), one.how, one.other] for one in each] for each in sets]
    return Claim(KIND, "claims", other=json.dumps(rows))


def sets_of(claim: Claim) -> list[list[Claim]]:
    """The sets of a claim that `either` made."""
    return [[_claim(*row) for row in each] for each in json.loads(claim.other or "[]")]


def _claim(kind: str, subject: str, state: str, count: int | None, box: list[float] | None, *rest: str | None) -> Claim:
    how, other = rest
    return Claim(kind, subject, Truth(state), count, (box[0], box[1], box[2], box[3]) if box else None, how, other)


def denied(claims: Sequence[Claim], turned: Callable[[Claim], Claim | None]) -> list[Claim] | None:
    """What it says that not all of some claims hold; `turned` gives the denial of one, None where that is no claim.

    None where none of them can be denied.
    """
    if len(claims) == 1 and claims[0].kind == KIND:  # of "A or B": neither
        parts = [denied(one, turned) for one in sets_of(claims[0])]
        return None if None in parts else [claim for one in parts for claim in one or ()]
    sets = [_one_denied(one, turned) if len(claims) == 1 or one.kind in SURE else [UNREAD] for one in claims]
    if all(one == [UNREAD] for one in sets):
        return None
    return sets[0] if len(sets) == 1 else [either(*sets)]


def _one_denied(claim: Claim, turned: Callable[[Claim], Claim | None]) -> list[Claim]:
    if claim.kind == KIND:
        return denied([claim], turned) or [UNREAD]
    return [turned(claim) or UNREAD]
