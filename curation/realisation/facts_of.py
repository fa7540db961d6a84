"""The true facts of a picture: what Annotations let one say, kind by kind."""

from collections.abc import Callable, Iterator
from itertools import permutations

from curation.realisation import facts as f
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact, holds
from curation.verification.claims import ANY_OBJECT, Annotations
from schemas.labels import Truth

MOST_OF_A_KIND = 8
MOST_BOXES = 12
"""A fact with more boxes than these would make a text that nobody writes."""
PECULIARITIES = ("ORDINARY", "COMPLEX", "PECULIAR")


def facts_of(known: Annotations, draw: Draw) -> dict[str, list[Fact]]:
    """True facts by kind, a few of each, chosen by the draw; kinds of which none is known are left out."""
    found: dict[str, list[Fact]] = {}
    for make in _MAKERS:
        for fact in make(known):
            if holds(fact, known) is Truth.PRESENT:
                found.setdefault(fact.kind, []).append(fact)
    return {kind: draw.to(kind).some(some, MOST_OF_A_KIND) for kind, some in found.items()}


def subjects(known: Annotations) -> list[str]:
    """Labels, and any object, of which the number in the picture is known."""
    return [one for one in (*known.labels, ANY_OBJECT) if known.with_class(one) is not None]


def present(known: Annotations) -> list[str]:
    """The labels that hold."""
    return [label for label in known.labels if known.state(label) is Truth.PRESENT]


def absent(known: Annotations) -> list[str]:
    """The labels that are known not to hold."""
    return [label for label in known.labels if known.state(label) is Truth.ABSENT]


def percent_words(share: float) -> float:
    """A share of 0 to 1 as a text has it: whole per cents."""
    return float(round(100 * share))


def angle(value: float) -> float:
    """A number with three digits."""
    return float(f"{value:.3g}")


def _of_labels(known: Annotations) -> Iterator[Fact]:
    here, away = present(known), absent(known)
    yield from (Fact("present", one) for one in here)
    yield from (Fact("absent", one) for one in away)
    yield from (Fact("contrast", one, other) for one in here for other in away)
    implied = [(one, other) for one, other in permutations(here, 2) if not _is_implied(known, one, other)]
    yield from (Fact("both", one, other) for one, other in implied)
    yield from (Fact("neither", one, other) for one, other in permutations(away, 2))


def _is_implied(known: Annotations, one: str, other: str) -> bool:
    return other in known.scheme.with_implied([one]) or one in known.scheme.with_implied([other])


def _of_numbers(known: Annotations) -> Iterator[Fact]:
    counted = subjects(known)
    for subject in counted:
        held = known.with_class(subject) or []
        if held or subject == ANY_OBJECT:
            yield Fact("count", subject, number=len(held))
        for n in range(2, len(held) + 1):
            yield Fact("at_least", subject, number=n)
        for more in range(2, 4):
            yield Fact("at_most", subject, number=len(held) + more)
    labels = [one for one in counted if one != ANY_OBJECT]
    for one, other in permutations(labels, 2):
        if not _is_implied(known, one, other):
            yield Fact("more", one, other)
            if known.with_class(one):
                yield Fact("equal", one, other)


def _of_boxes(known: Annotations) -> Iterator[Fact]:
    for subject in subjects(known):
        boxes = tuple(one.box_norm for one in known.boxes(subject) or () if one.box_norm)
        if not boxes:
            continue
        yield from (Fact("box", subject, boxes=(box,)) for box in boxes)
        if len(boxes) <= MOST_BOXES:
            yield Fact("boxes", subject, boxes=boxes)
        yield from (Fact("place", subject, place=place) for place in f.places(boxes[0]))
        for place in f.HALVES if len(boxes) > 1 else ():
            n = sum(f.lies(box, place) is True for box in boxes)
            if n:
                yield Fact("count_at", subject, number=n, place=place)
        if len(boxes) == 1:
            width, height = boxes[0][2] - boxes[0][0], boxes[0][3] - boxes[0][1]
            for place, side in (("width", width), ("height", height)):
                yield Fact("share", subject, number=percent_words(side), place=place)
                on_sky = known.side_arcsec if place == "width" else known.height_arcsec or known.side_arcsec
                if on_sky:
                    yield Fact("extent", subject, number=angle(side * on_sky), place=place)


def _of_pairs(known: Annotations) -> Iterator[Fact]:
    singles = [one for one in subjects(known) if one != ANY_OBJECT and f.only_box(known, one)]
    yield from (
        Fact("beside", one, other, place=place) for one, other in permutations(singles, 2) for place in f.HALVES
    )
    one = f.largest(known)
    if one and one.box_norm:
        yield from (Fact("largest", ANY_OBJECT, place=place) for place in f.places(one.box_norm))
        yield from (Fact("largest_class", ANY_OBJECT, label) for label in sorted(one.labels or ()))


def _of_pixels(known: Annotations) -> Iterator[Fact]:
    yield from (Fact(kind) for kind in ("blank", "not_blank", "edge", "not_edge"))
    if (known.blank_percent or 0) >= 1:
        yield Fact("percent", number=percent_words(known.blank_fraction))
    for one in PECULIARITIES:
        yield Fact("peculiarity", one)
        yield Fact("not_peculiarity", one)


def _of_the_sky(known: Annotations) -> Iterator[Fact]:
    if known.survey:
        yield Fact("survey", known.survey.name)
        if known.survey.frequency_mhz:
            yield Fact("frequency", number=float(f"{known.survey.frequency_mhz:.4g}"))
    if known.beam_arcsec and known.beam_arcsec[0] - known.beam_arcsec[1] < f.NEAR * known.beam_arcsec[0]:
        yield Fact("beam", number=angle(known.beam_arcsec[0]))
    if known.side_arcsec:
        yield Fact("size", number=angle(known.side_arcsec))
    found = f.islands(known)
    if found:
        yield Fact("islands", number=found[0])
        yield Fact("peaks", number=found[1])


def listings(known: Annotations, offered: tuple[str, ...]) -> Iterator[Fact]:
    """The classes present among those that a question offers."""
    if offered and all(known.state(label) is not Truth.UNKNOWN for label in offered):
        held = tuple(label for label in offered if known.state(label) is Truth.PRESENT)
        yield Fact("listing", labels=held, offered=offered)


def _listings(known: Annotations) -> Iterator[Fact]:
    told = tuple(label for label in known.labels if known.state(label) is not Truth.UNKNOWN)
    if len(told) == len(known.labels):
        yield from listings(known, told)
    some = tuple(label for label in told if "X" in label or "E" in label)
    yield from listings(known, some if len(some) > 2 else ())  # noqa: PLR2004


_MAKERS: tuple[Callable[[Annotations], Iterator[Fact]], ...] = (
    _of_labels, _of_numbers, _of_boxes, _of_pairs, _of_pixels, _of_the_sky, _listings,
)  # fmt: skip
