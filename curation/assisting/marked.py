"""An answer sentence by sentence: what the checker can say of each, and where its boxes are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from curation.extraction.boxes_in_words import WrittenBox, written_boxes
from curation.extraction.reading import extract_claims
from curation.extraction.rows import statements
from curation.extraction.text import flattened
from curation.pictures.boxes import Box, Dialect
from curation.verification.claims import Annotations, ExtractedClaim
from curation.verification.verdicts import Judgement, Verdict, words
from curation.verification.verify import verify

UNREAD = frozenset({"unread", "number"})
"""Kinds of what was not understood: words of content, figures that belong to nothing."""
OF_THE_ANSWER = "topic"
"""Kind of what is said of an answer as a whole, not of one of its sentences."""
CORNERS, LONGEST = 4, 6000


class Mark(StrEnum):
    """What can be said of a sentence, the worst first: one claim that is false makes it false."""

    CONTRADICTED = "contradicted"
    NOT_UNDERSTOOD = "not understood"
    UNKNOWN = "unknown"
    SUPPORTED = "supported"
    NOTHING = "claims nothing"


OF_JUDGEMENTS = {
    Judgement.SUPPORTED: Mark.SUPPORTED,
    Judgement.CONTRADICTED: Mark.CONTRADICTED,
    Judgement.UNVERIFIABLE: Mark.UNKNOWN,
}


@dataclass(frozen=True)
class Read:
    """A claim that was read, and its verdict."""

    claim: ExtractedClaim
    verdict: Verdict

    @property
    def mark(self) -> Mark:
        """The verdict; a claim that is words without a reading was not understood."""
        if self.claim.claim.kind in UNREAD:
            return Mark.NOT_UNDERSTOOD
        return OF_JUDGEMENTS[self.verdict.judgement]

    @property
    def told(self) -> dict[str, str]:
        """For the page."""
        return {"mark": self.mark, "says": words(self.claim.claim), "why": self.verdict.reason}


@dataclass(frozen=True)
class Drawn:
    """A box of an answer at [start, end) of it, on the picture as fractions from the top left."""

    box_norm: Box
    start: int
    end: int
    is_point: bool = False
    is_from_pixels: bool = False
    """Its numbers are pixels of the picture, whatever form was asked for."""


@dataclass(frozen=True)
class Marked:
    """An answer; `pieces` are spans of it in order, sentences with a mark and what is between them with none."""

    answer: str
    pieces: tuple[tuple[int, int, Mark | None], ...]
    read: tuple[Read, ...]
    of_piece: tuple[tuple[int, ...], ...]
    """For each piece the places in `read` of its claims."""
    whole: tuple[Read, ...] = ()
    """What is said of the answer as a whole: that it does not speak of what was asked."""
    boxes: tuple[Drawn, ...] = field(default=())

    @property
    def told(self) -> list[dict[str, Any]]:
        """For the page: pieces with their claims, each cut where a box stands; a box by its place in `boxes`."""
        return [
            {
                "mark": mark,
                "claims": [self.read[place].told for place in places],
                "parts": [{"text": self.answer[at:until], "box": box} for at, until, box in self._parts(start, end)],
            }
            for (start, end, mark), places in zip(self.pieces, self.of_piece, strict=True)
        ]

    def _parts(self, start: int, end: int) -> Iterator[tuple[int, int, int | None]]:
        for place, box in enumerate(self.boxes):
            if start <= box.start and box.end <= end:
                if start < box.start:
                    yield start, box.start, None
                yield box.start, box.end, place
                start = box.end
        if start < end:
            yield start, end, None

    def mark_of(self, box: Drawn) -> Mark | None:
        """What the checker says of a box; None where no claim was read from it."""
        found = [one.mark for one in self.read if one.claim.claim.box and _overlap(one.claim, box.start, box.end)]
        return min(found, key=list(Mark).index) if found else None


def marked(question: str, answer: str, known: Annotations, dialect: Dialect, size_px: tuple[int, int]) -> Marked:
    """An answer with the verdict on each of its sentences. `size_px`: of the picture, for boxes told in its pixels."""
    read = [Read(one, verify(one, known)) for one in extract_claims(question, answer, known.scheme, dialect)]
    of_all = tuple(one for one in read if one.claim.claim.kind == OF_THE_ANSWER)
    read = [one for one in read if one.claim.claim.kind != OF_THE_ANSWER]
    spans = list(_with_gaps(_sentences(answer), len(answer)))
    places = [list[int]() for _ in spans]
    for place, one in enumerate(read):
        places[_span_of(one.claim, [span[:2] for span in spans])].append(place)
    pieces = tuple(
        (start, end, _mark([read[place] for place in some]) if is_sentence or some else None)
        for (start, end, is_sentence), some in zip(spans, places, strict=True)
    )
    boxes = tuple(drawn_boxes(answer, dialect, size_px))
    return Marked(answer, pieces, tuple(read), tuple(map(tuple, places)), of_all, boxes)


def drawn_boxes(answer: str, dialect: Dialect, size_px: tuple[int, int]) -> Iterator[Drawn]:
    """The boxes and points of an answer that lie on its picture, in order."""
    text, where = flattened(answer[:LONGEST])
    for one in written_boxes(text, dialect):
        start, end = where[one.start], where[max(one.start, one.end - 1)] + 1
        if one.box:
            yield Drawn(one.box, start, end, one.is_point)
        elif box := _of_pixels(one, size_px):
            yield Drawn(box, start, end, is_from_pixels=True)


def _of_pixels(one: WrittenBox, size_px: tuple[int, int]) -> Box | None:
    """A box whose numbers are far too large for fractions, as pixels of the picture; None where it leaves that."""
    if not one.is_beyond or len(one.numbers) != CORNERS:
        return None
    (x_min, y_min, x_max, y_max), (width, height) = one.numbers, size_px
    if not (0 <= x_min < x_max <= width and 0 <= y_min < y_max <= height):
        return None
    return x_min / width, y_min / height, x_max / width, y_max / height


def _sentences(answer: str) -> Iterator[tuple[int, int]]:
    """Spans of the statements, none inside another, in order; rows that were put together have one."""
    text, where = flattened(answer[:LONGEST])
    until = 0
    spans = sorted({(one.start, one.end) for one in statements(text) if one.end > one.start})
    for first, last in spans:
        start, end = max(until, where[first]), where[last - 1] + 1
        while start < end and answer[start].isspace():
            start += 1
        if start < end:
            yield start, end
            until = end


def _with_gaps(spans: Iterator[tuple[int, int]], n: int) -> Iterator[tuple[int, int, bool]]:
    at = 0
    for start, end in spans:
        if at < start:
            yield at, start, False
        yield start, end, True
        at = end
    if at < n or n == 0:
        yield at, n, False


def _span_of(claim: ExtractedClaim, spans: Sequence[tuple[int, int]]) -> int:
    """The span that holds most of a claim."""
    return max(range(len(spans)), key=lambda place: (_shared(claim, *spans[place]), -place))


def _shared(claim: ExtractedClaim, start: int, end: int) -> int:
    return min(claim.end, end) - max(claim.start, start)


def _overlap(claim: ExtractedClaim, start: int, end: int) -> bool:
    return _shared(claim, start, end) > 0


def _mark(read: Sequence[Read]) -> Mark:
    return min((one.mark for one in read), key=list(Mark).index, default=Mark.NOTHING)
