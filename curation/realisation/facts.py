"""Facts: what can be said of a picture, and whether Annotations say so; no text is read here.

Planted faults and true paraphrases are made of facts, so that whether they hold follows from the annotations alone and
never from the reader that they try. Between true and false lies unknown: what a reader may take either way.

kinds, and what their fields hold:
    present, absent             subject: a label
    contrast, both, neither     subject, other: present and absent, both present, both absent
    listing                     labels: those present among `offered`
    count                       subject: a label or "source"; number
    at_least, at_most           the same, as a bound
    box · boxes                 subject; boxes: one of its boxes · all of them
    place                       subject: all of its objects lie at the place
    count_at                    subject, number, place: so many of its objects lie in that half
    more, equal                 subject, other: more of the one than of the other, as many
    largest · largest_class     place of the largest object · other: a label of it
    beside                      subject, other, place: one object of each; left, right, top or bottom of the other
    share, extent               subject, place "width" or "height", number: per cent of the picture's side, arcsec
    blank, not_blank, edge, not_edge · percent (number)
    peculiarity, not_peculiarity   subject: ORDINARY, COMPLEX or PECULIAR
    survey (subject) · frequency (number, MHz) · beam, size (number, arcsec)
    islands, peaks              number, of the source at the centre
    invented                    subject: a class that no scheme has

The rest is only ever told, of what claims say: it is not judged here, and no fault is planted with it.
    nowhere                     subject, place: none of its objects lies there
    at_least_at, at_most_at     subject, number, place: count_at as a bound
    extreme_at, extreme_is      subject; how: "largest", "leftmost" …; place, or other: a label of it
    all_are, most_are           subject: a label of all or most of `other`
    only                        subject: a label beside which there is no other
    fewer, twice                subject, other: as `more`
    larger, smaller             subject, other: of one object each
    area, across                subject, number: per cent of the picture's area, or of its side
    beam_axes, size_axes        number, other_number: arcsec of two axes
    map · north_up, mirrored_north_up (place: the side of the picture that is east) · mirrored
    position_angle              number: degrees of what is up
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from curation.pictures.boxes import Box, box_iou
from curation.verification.claims import ANY_OBJECT, Annotations, SeenObject
from schemas.labels import Truth

HALVES = ("left", "right", "top", "bottom")
QUADRANTS = ("top left", "top right", "bottom left", "bottom right")
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
ISLANDS = re.compile(r"(\d)C-(\d)P")

SAME_BOX, OTHER_BOX = 0.95, 0.6  # overlap from which a box is the same, and below which it is another
AT_CENTRE, FAR_FROM_CENTRE = 0.08, 0.3  # of the picture's side
LARGER = 1.5  # times the area of the next
NEAR, FAR = 0.01, 0.3  # of an angle, a frequency or a share
NEAR_PERCENT, FAR_PERCENT = 0.6, 4.0


@dataclass(frozen=True)
class Fact:
    """A statement about a picture as data, true or false; see the module for what its fields hold."""

    kind: str
    subject: str = ""
    other: str = ""
    number: float | None = None
    place: str = ""
    boxes: tuple[Box, ...] = ()
    labels: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    how: str = ""
    other_number: float | None = None


def holds(fact: Fact, known: Annotations) -> Truth:
    """Present where the fact is true, absent where it is false, unknown where nobody can tell or tellers may differ."""
    found = _HOLDS[fact.kind](fact, known)
    return Truth.UNKNOWN if found is None else Truth.PRESENT if found else Truth.ABSENT


def is_central(known: Annotations) -> bool:
    """Whether the scheme's labels are of the source at the centre, not of anything in the picture."""
    return known.scheme.about == "source"


def lies(box: Box, place: str) -> bool | None:
    """Whether a box lies wholly at a place; None where part of it does."""
    if place == "centre":
        off = max(abs((box[0] + box[2]) / 2 - 0.5), abs((box[1] + box[3]) / 2 - 0.5))
        return True if off <= AT_CENTRE else False if off >= FAR_FROM_CENTRE else None
    sides = [_side(box, one) for one in place.split()]
    return False if False in sides else None if None in sides else True


def places(box: Box) -> list[str]:
    """Every place at which a box lies wholly."""
    return [one for one in (*HALVES, *QUADRANTS, "centre") if lies(box, one)]


def largest(known: Annotations) -> SeenObject | None:
    """The catalogued source with the largest box; None where none is much larger than the others."""
    held = known.boxes(ANY_OBJECT)
    by_area = sorted(((_area(one.box_norm), at) for at, one in enumerate(held or ()) if one.box_norm), reverse=True)
    if held is None or len(by_area) < 2 or by_area[0][0] < LARGER * by_area[1][0]:  # noqa: PLR2004
        return None
    return held[by_area[0][1]]


def islands(known: Annotations) -> tuple[int, int] | None:
    """Islands and peaks of the source at the centre, where its class says so."""
    found = [ISLANDS.fullmatch(label) for label in known.labels if known.state(label) is Truth.PRESENT]
    return next(((int(one[1]), int(one[2])) for one in found if one), None)


def only_box(known: Annotations, subject: str) -> Box | None:
    """The box of the one object of a class; None where there are none or several."""
    held = known.boxes(subject)
    return held[0].box_norm if held and len(held) == 1 else None


def _side(box: Box, place: str) -> bool | None:
    low, high = (box[0], box[2]) if place in ("left", "right") else (box[1], box[3])
    is_first = place in ("left", "top")
    if high <= 0.5:  # noqa: PLR2004
        return is_first
    return not is_first if low >= 0.5 else None  # noqa: PLR2004


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _state(known: Annotations, label: str, wanted: Truth) -> bool | None:
    state = known.state(label)
    return None if state is Truth.UNKNOWN else state is wanted


def _and(one: bool | None, other: bool | None) -> bool | None:
    return False if False in (one, other) else None if None in (one, other) else True


def _two(first: Truth, second: Truth) -> Callable[[Fact, Annotations], bool | None]:
    return lambda fact, known: _and(_state(known, fact.subject, first), _state(known, fact.other, second))


def _listing(fact: Fact, known: Annotations) -> bool | None:
    states = {label: known.state(label) for label in fact.offered}
    present = {label for label, state in states.items() if state is Truth.PRESENT}
    return None if Truth.UNKNOWN in states.values() else present == set(fact.labels)


def _count(fact: Fact, known: Annotations) -> bool | None:
    held, number = known.with_class(fact.subject), fact.number or 0
    if held is None:
        return None
    if fact.kind == "count":
        return len(held) == number
    return len(held) >= number if fact.kind == "at_least" else len(held) <= number


def _is_box(box: Box, held: Sequence[SeenObject]) -> bool | None:
    overlap = max((box_iou(box, one.box_norm) for one in held if one.box_norm), default=0.0)
    return True if overlap >= SAME_BOX else False if overlap < OTHER_BOX else None


def _box(fact: Fact, known: Annotations) -> bool | None:
    held = known.boxes(fact.subject)
    return None if held is None else _is_box(fact.boxes[0], held)


def _boxes(fact: Fact, known: Annotations) -> bool | None:
    held = known.boxes(fact.subject)
    if held is None:
        return None
    if len(held) != len(fact.boxes) or len(set(fact.boxes)) < len(fact.boxes):
        return False
    found = [_is_box(box, held) for box in fact.boxes]
    return False if False in found else None if None in found else True


def _place(fact: Fact, known: Annotations) -> bool | None:
    held = known.boxes(fact.subject)
    found = [lies(one.box_norm, fact.place) for one in held or () if one.box_norm]
    return None if not found else False if False in found else None if None in found else True


def _count_at(fact: Fact, known: Annotations) -> bool | None:
    held = known.boxes(fact.subject)
    found = [lies(one.box_norm, fact.place) for one in held or () if one.box_norm]
    return None if not found or None in found else found.count(True) == fact.number


def _compared(fact: Fact, known: Annotations) -> bool | None:
    one, other = known.with_class(fact.subject), known.with_class(fact.other)
    if one is None or other is None:
        return None
    return len(one) > len(other) if fact.kind == "more" else len(one) == len(other)


def _largest(fact: Fact, known: Annotations) -> bool | None:
    one = largest(known)
    if one is None or one.box_norm is None:
        return None
    if fact.kind == "largest":
        return lies(one.box_norm, fact.place)
    return None if one.labels is None else fact.other in one.labels


def _beside(fact: Fact, known: Annotations) -> bool | None:
    one, other = only_box(known, fact.subject), only_box(known, fact.other)
    if one is None or other is None:
        return None
    at = 0 if fact.place in ("left", "right") else 1
    if fact.place in ("right", "bottom"):
        one, other = other, one
    return True if one[at + 2] <= other[at] else False if other[at + 2] <= one[at] else None


def _extent(fact: Fact, known: Annotations) -> bool | None:
    box = only_box(known, fact.subject)
    angle = known.side_arcsec if fact.place == "width" else known.height_arcsec or known.side_arcsec
    scale = 100.0 if fact.kind == "share" else angle
    if box is None or not scale:
        return None
    return _near(fact.number, scale * (box[2] - box[0] if fact.place == "width" else box[3] - box[1]))


def _near(said: float | None, value: float | None, near: float = 5 * NEAR) -> bool | None:
    if said is None or not value:
        return None
    off = abs(said - value) / value
    return True if off <= near else False if off >= FAR else None


def _percent(fact: Fact, known: Annotations) -> bool | None:
    if known.blank_percent is None:
        return None
    off = abs((fact.number or 0) - known.blank_percent)
    return True if off <= NEAR_PERCENT and known.blank_percent else False if off >= FAR_PERCENT else None


def _beam(fact: Fact, known: Annotations) -> bool | None:
    found = [_near(fact.number, axis, NEAR) for axis in known.beam_arcsec or ()]
    return None if not found or None in found else True in found


def _survey(fact: Fact, known: Annotations) -> bool | None:
    return None if known.survey is None else known.survey.name == fact.subject


def _peculiarity(fact: Fact, known: Annotations) -> bool | None:
    if known.peculiarity is None or (known.peculiarity, fact.subject) == ("PECULIAR", "COMPLEX"):
        return None  # what is peculiar may well be complex, too
    return known.peculiarity == fact.subject


def _islands(fact: Fact, known: Annotations) -> bool | None:
    found = islands(known)
    return None if found is None else found[fact.kind == "peaks"] == fact.number


def _not(found: bool | None) -> bool | None:
    return None if found is None else not found


def _is(truth: Truth, wanted: Truth) -> bool | None:
    return None if truth is Truth.UNKNOWN else truth is wanted


_HOLDS: dict[str, Callable[[Fact, Annotations], bool | None]] = {
    "present": lambda fact, known: _state(known, fact.subject, Truth.PRESENT),
    "absent": lambda fact, known: _state(known, fact.subject, Truth.ABSENT),
    "contrast": _two(Truth.PRESENT, Truth.ABSENT),
    "both": _two(Truth.PRESENT, Truth.PRESENT),
    "neither": _two(Truth.ABSENT, Truth.ABSENT),
    "listing": _listing,
    "count": _count,
    "at_least": _count,
    "at_most": _count,
    "box": _box,
    "boxes": _boxes,
    "place": _place,
    "count_at": _count_at,
    "more": _compared,
    "equal": _compared,
    "largest": _largest,
    "largest_class": _largest,
    "beside": _beside,
    "share": _extent,
    "extent": _extent,
    "blank": lambda _, known: _is(known.blank, Truth.PRESENT),
    "not_blank": lambda _, known: _is(known.blank, Truth.ABSENT),
    "edge": lambda _, known: _is(known.edge, Truth.PRESENT),
    "not_edge": lambda _, known: _is(known.edge, Truth.ABSENT),
    "percent": _percent,
    "peculiarity": _peculiarity,
    "not_peculiarity": lambda fact, known: _not(_peculiarity(fact, known)),
    "survey": _survey,
    "frequency": lambda fact, known: _near(fact.number, known.survey and known.survey.frequency_mhz, NEAR),
    "beam": _beam,
    "size": lambda fact, known: None if known.height_arcsec else _near(fact.number, known.side_arcsec, NEAR),
    "islands": _islands,
    "peaks": _islands,
    "invented": lambda fact, known: None if fact.subject in known.scheme.labels else False,
}
KINDS = tuple(_HOLDS)
TOLD_ONLY = (
    "nowhere", "at_least_at", "at_most_at", "extreme_at", "extreme_is", "all_are", "most_are", "only", "fewer",
    "twice", "larger", "smaller", "area", "across", "beam_axes", "size_axes", "map", "north_up", "mirrored_north_up",
    "mirrored", "position_angle",
)  # fmt: skip
