"""Premises: what a list of stated claims, all true of one picture, says taken together.

Labels that hold or do not, the least and the greatest number of each kind of object, boxes, and small worlds: the
Annotations of a picture of which nothing is known but what was stated.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from curation.pictures.boxes import Box, box_iou
from curation.verification.claims import ANY_OBJECT, Annotations, Claim, SeenObject, SurveyFacts
from curation.verification.relations import DIFFERENCES
from curation.verification.verdicts import NOT_SOURCES
from schemas.labels import LabelScheme, Truth

ONE_OBJECT = 0.5
"""Overlap of two boxes below which they are those of two objects."""
SAME_BOX, ROUNDED = 0.0009, 0.0050001
"""Of the picture's side: by how much an edge may differ where a box is told again, with three decimals or two. What was
stated may itself have been rounded, so each is less than verification allows."""
Number = tuple[int, int | None]
"""The least and the greatest number; None: nothing is said of the greatest."""


class Premises:
    """What was stated, put together once for all that is read."""

    def __init__(self, stated: Sequence[Claim], scheme: LabelScheme) -> None:
        self.scheme = scheme
        self.stated = tuple(stated)
        self.contents = frozenset(one.content for one in stated)

    @cached_property
    def labels(self) -> dict[str, Truth]:
        """Every label of the scheme: as stated, implied, or excluded by another; else unknown."""
        scheme, is_of_picture = self.scheme, self.scheme.about != "source"
        named = [one for one in self.stated if one.subject in scheme.labels and one.how != "one"]
        present = {one.subject for one in named if one.kind == "presence" and one.state is Truth.PRESENT}
        if is_of_picture:
            present |= scheme.labels.keys() & {subject for one in self.stated for subject in _existing(one)}
        absent = {one.subject for one in named if one.kind == "presence" and one.state is Truth.ABSENT}
        if is_of_picture:
            absent |= {one.subject for one in named if _is_exactly(one, 0)}
        present = scheme.with_implied(present)
        absent |= {label for label in scheme.labels if absent & scheme.with_implied([label])}
        if scheme.kind == "single" and scheme.about != "objects" and len(present) == 1:
            absent |= scheme.labels.keys() - present
        told = dict.fromkeys(absent, Truth.ABSENT) | dict.fromkeys(present, Truth.PRESENT)
        return {label: told.get(label, Truth.UNKNOWN) for label in scheme.labels}

    def kinds_of(self, subject: str) -> set[str]:
        """Subjects of which each object is one of `subject`: itself, labels that imply it, any label of a source."""
        labels = self.scheme.labels
        if subject == ANY_OBJECT:
            return {ANY_OBJECT, *(one for one in labels if one not in NOT_SOURCES)}
        return {subject, *(one for one in labels if subject in self.scheme.with_implied([one]))}

    def number(self, subject: str) -> Number:
        """How many objects of a subject there are, as far as it was stated."""
        below = self.kinds_of(subject)
        least = max((self._least(one) for one in below), default=0)
        above = [one for one in (*self.scheme.labels, ANY_OBJECT) if subject in self.kinds_of(one)]
        above = [one for one in above if one != ANY_OBJECT or subject == ANY_OBJECT or self.scheme.about == "objects"]
        greatest = [most for one in above if (most := self._most(one)) is not None]
        return least, min(greatest) if greatest else None

    def boxes(self, subject: str) -> list[Box]:
        """Every stated box of an object of a subject, equal ones once, in order."""
        below, found = self.kinds_of(subject), list[Box]()
        for one in self.stated:
            if (
                _is_box(one)
                and one.box
                and one.subject in below
                and not any(same_box(one.box, other) for other in found)
            ):
                found.append(one.box)
        return found

    def complete(self, subject: str) -> list[Box] | None:
        """The boxes of all objects of a subject; None unless their number was stated and each has its box."""
        found, (least, most) = self.boxes(subject), self.number(subject)
        return found if most is not None and least == most == len(found) and are_apart(found) else None

    def world(self, subjects: Iterable[str] = ()) -> Annotations | None:
        """A picture of which only the stated is known, with all objects of the subjects, and no others.

        None where the list of one of them is not complete. Without subjects the objects are not known.
        """
        wanted = {part for one in subjects for part in one.split("|")}
        lists = {one: self.complete(one) for one in wanted}
        if None in lists.values():
            return None
        labels = dict(self.labels)
        labels |= {one: Truth.PRESENT if held else Truth.ABSENT for one, held in lists.items() if one in labels}
        objects = _objects(lists) if wanted else None
        return Annotations(
            "", "", self.scheme, labels, objects=objects, survey=self._survey, side_arcsec=self._side_arcsec
        )

    @property
    def _survey(self) -> SurveyFacts | None:
        names = [one.subject for one in self.stated if one.kind == "survey" and one.how is None]
        return SurveyFacts(names[0]) if names else None

    @property
    def _side_arcsec(self) -> float | None:
        """The picture's side, where one was stated for both."""
        sides = {one.count for one in self.stated if one.kind == "size" and one.how is None and one.count}
        return sides.pop() / 1000 if len(sides) == 1 else None

    def _least(self, subject: str) -> int:
        found = [0]
        for one in self.stated:
            found += [1] if subject in _existing(one) else []
            if one.subject != subject or one.state is Truth.ABSENT:
                continue
            if one.kind in ("count", "position") and one.how in (None, "at least") and one.count is not None:
                found.append(one.count)
            elif one.kind == "presence" and one.how is None:
                found.append(1)
        own = [one.box for one in self.stated if _is_box(one) and one.subject == subject and one.box]
        return max(*found, len(own) if own and are_apart(own) else min(1, len(own)))

    def _most(self, subject: str) -> int | None:
        found = [
            one.count
            for one in self.stated
            if one.kind == "count" and one.subject == subject and one.how in (None, "at most")
            and one.state is Truth.PRESENT and one.count is not None
        ]  # fmt: skip
        is_none = self.scheme.about != "source" and any(
            one.kind == "presence" and one.subject == subject and one.state is Truth.ABSENT and one.how is None
            for one in self.stated
        )
        return 0 if is_none else min(found, default=None)


def same_box(one: Box, other: Box, *, is_rounded: bool = False) -> bool:
    """Whether two boxes are one, as far as the decimals of texts go."""
    tolerance = ROUNDED if is_rounded else SAME_BOX
    return max(abs(ours - theirs) for ours, theirs in zip(one, other, strict=True)) <= tolerance


def are_apart(boxes: Sequence[Box]) -> bool:
    """Whether no two boxes could be those of one object."""
    pairs = ((one, other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
    return all(box_iou(one, other) < ONE_OBJECT for one, other in pairs)


def _existing(one: Claim) -> Iterator[str]:
    """The subjects of which a claim that is true says that there is one at least."""
    if one.state is Truth.ABSENT:
        return
    kind, other = one.kind, one.other or ""
    is_some = one.how in (None, "at least") and bool(one.count)
    is_lying = kind == "position" and (is_some or (one.count is None and one.how in (None, "all", "most")))
    if (kind == "count" and is_some) or is_lying or kind in ("box", "point", "extent", "more", "share", *DIFFERENCES):
        yield one.subject
    if kind == "extreme":
        yield one.subject
        yield other.removeprefix("is ")
    if kind in ("fewer", *DIFFERENCES):
        yield other


def _is_box(one: Claim) -> bool:
    """Whether a claim gives a box with all its decimals; one that was rounded tells no other claim."""
    return one.kind == "box" and one.state is Truth.PRESENT and one.how is None


def _is_exactly(one: Claim, count: int) -> bool:
    is_bound = one.how is None or (one.how == "at most" and not count)
    return one.kind == "count" and one.state is Truth.PRESENT and one.count == count and is_bound


def _objects(lists: dict[str, list[Box] | None]) -> tuple[SeenObject, ...]:
    """The objects of some complete lists, each once, with the subjects whose list it is in."""
    found: dict[Box, set[str]] = {}
    for subject, held in lists.items():
        for box in held or ():
            same = next((one for one in found if same_box(one, box)), box)
            found.setdefault(same, set()).add(subject)
    labels = {box: frozenset(subjects - {ANY_OBJECT}) for box, subjects in found.items()}
    return tuple(SeenObject(f"o{at}", box, labels[box]) for at, box in enumerate(found))
