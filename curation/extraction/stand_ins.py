"""Stand-ins: the boxes of an answer are numbers of its own, while the words around them are said again and again.

An answer whose brackets all hold a box in fractions with three decimals is read with fixed boxes in their place, whose
claims then get its own boxes. What a box makes of its sentence does not depend on its numbers, so nothing else is read,
and one reading serves all answers that differ in their boxes alone. It is done to every such answer, whatever was read
before: what a text says depends on the text alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from curation.extraction.boxes_in_words import decoded
from curation.pictures.boxes import Box, Dialect
from curation.verification.claims import ExtractedClaim

BOX = re.compile(r"\[0\.\d{3}(?:, 0\.\d{3}){3}\]")
OF_STAND_INS = re.compile(r"0\.[45]\d\d")
MOST_BOXES = 100


@dataclass(frozen=True)
class StoodIn:
    """A text with stand-ins: as long as the one that was written, and the boxes of that by their stand-in's box."""

    text: str
    boxes: dict[Box, Box]

    def put_back(self, found: Sequence[ExtractedClaim], answer: str) -> list[ExtractedClaim] | None:
        """The claims with the answer's boxes and words; None where one has a number of a stand-in in another form."""
        boxes = [self.boxes.get(one.claim.box) if one.claim.box else None for one in found]
        if any(
            (one.claim.box and not box) or OF_STAND_INS.search(f"{one.claim.subject} {one.claim.other}")
            for one, box in zip(found, boxes, strict=True)
        ):
            return None
        claims = [replace(one.claim, box=box) if box else one.claim for one, box in zip(found, boxes, strict=True)]
        return [
            ExtractedClaim(claim, one.start, one.end, answer[one.start : one.end], one.is_hedged)
            for claim, one in zip(claims, found, strict=True)
        ]


def stood_in(answer: str, dialect: Dialect) -> StoodIn | None:
    """The answer with stand-ins; None where it has no boxes, brackets with something else in them, or JSON.

    JSON is read as numbers, which "0.100" and "0.123" do not make alike.
    """
    written = BOX.findall(answer)
    if not written or len(written) > MOST_BOXES or len(written) != answer.count("[") or "{" in answer:
        return None
    boxes: dict[Box, Box] = {}
    for stand_in, own in zip(_stand_ins(), written, strict=False):
        box, other = decoded(own, dialect), decoded(stand_in, dialect)
        if box is None or other is None:
            return None
        boxes[other] = box
    some = _stand_ins()
    return StoodIn(BOX.sub(lambda _: next(some), answer), boxes)


def _stand_ins() -> Iterator[str]:
    """Boxes that none is like another of, whole in each dialect."""
    return (f"[0.4{at:02}, 0.4{at:02}, 0.5{at:02}, 0.5{at:02}]" for at in range(MOST_BOXES))
