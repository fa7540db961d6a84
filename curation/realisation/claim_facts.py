"""Claims as the facts that are told of them: which go into one sentence together, and which each into its own."""

from collections.abc import Callable, Mapping, Sequence

from curation.realisation.draw import Draw
from curation.realisation.facts import Fact, is_central
from curation.verification.claims import ANY_OBJECT, Annotations, Claim
from schemas.labels import Truth

TOGETHER = 0.6
"""Share of the statements of two labels that are told in one sentence."""
MAS = 1000.0
"""Milliarcseconds in an arcsecond."""
BOUNDS = {None: "count", "at least": "at_least", "at most": "at_most"}
SHARES = {"all": "all_are", "most": "most_are"}
SIDES = {"left": "left", "right": "right", "above": "top", "below": "bottom"}
POINTS = ("north", "south", "east", "west", "north-east", "north-west", "south-east", "south-west")
VERTICAL = {"upper": "top", "lower": "bottom"}


def facts_told(claims: Sequence[Claim], known: Annotations, draw: Draw) -> list[tuple[Fact, tuple[Claim, ...]]] | None:
    """The facts that say exactly these claims, each with those it says; None where one of them cannot be told."""
    left, found = list(claims), list[tuple[Fact, tuple[Claim, ...]]]()
    while left:
        fact, used = _next(left, known, draw)
        if fact is None:
            return None
        found.append((fact, tuple(used)))
        left = [one for one in left if not any(one is each for each in used)]
    return found


def _next(left: Sequence[Claim], known: Annotations, draw: Draw) -> tuple[Fact | None, Sequence[Claim]]:
    """What the first claim is told as, alone or with others that go into the same sentence."""
    first = left[0]
    for together in (_presences, _boxed, _axes, _turned):
        found = together(first, left, known, draw)
        if found:
            return found
    return _ALONE.get(first.kind, _none)(first, known), (first,)


Found = tuple[Fact, Sequence[Claim]] | None


def _presences(first: Claim, left: Sequence[Claim], known: Annotations, draw: Draw) -> Found:
    """Two labels in a sentence: both there, neither there, the one without the other."""
    if not _is_plain(first, known) or not draw.chance(TOGETHER):
        return None
    other = next((one for one in left if one is not first and _is_plain(one, known)), None)
    if other is None or _is_implied(known, first.subject, other.subject):
        return None
    pair = sorted((first, other), key=lambda one: one.state is not Truth.PRESENT)
    kind = {2: "both", 1: "contrast", 0: "neither"}[sum(one.state is Truth.PRESENT for one in pair)]
    return Fact(kind, pair[0].subject, pair[1].subject), (first, other)


def _boxed(first: Claim, left: Sequence[Claim], known: Annotations, draw: Draw) -> Found:
    """A number of objects with a box for each."""
    if first.kind not in ("count", "box"):
        return None
    count = next((one for one in left if one.kind == "count" and one.subject == first.subject), None)
    boxes = [one for one in left if one.kind == "box" and one.subject == first.subject and one.box]
    if count is None or count.how or count.state is not Truth.PRESENT or not boxes or count.count != len(boxes):
        return None
    norms = tuple(one.box for one in boxes if one.box)
    return Fact("boxes", first.subject, number=count.count, boxes=norms), (count, *boxes)


def _axes(first: Claim, left: Sequence[Claim], known: Annotations, draw: Draw) -> Found:
    """Both axes of a beam, or both sides of a picture."""
    if first.kind not in ("beam", "size") or first.count is None:
        return None
    both = [one for one in left if one.kind == first.kind and one.count is not None][:2]
    if len(both) < 2 or any(one.how != first.how for one in both):  # noqa: PLR2004
        return None
    one, other = ((each.count or 0) / MAS for each in both)
    return Fact(f"{first.kind}_axes", number=one, other_number=other), both


def _turned(first: Claim, left: Sequence[Claim], known: Annotations, draw: Draw) -> Found:
    """Which way north and east are, in one sentence."""
    ways = [one for one in left if one.kind == "orientation" and one.state is Truth.PRESENT]
    up = next((one for one in ways if (one.subject, one.other) == ("up", "north")), None)
    east = next((one for one in ways if one.other == "east" and one.subject in ("left", "right")), None)
    if first.kind != "orientation" or up is None or east is None:
        return None
    mirrored = [one for one in ways if one.how == "mirrored"]
    kind = "mirrored_north_up" if mirrored else "north_up"
    return Fact(kind, place=east.subject), (up, east, *mirrored)


def _is_plain(claim: Claim, known: Annotations) -> bool:
    return claim.kind == "presence" and claim.how is None and claim.subject in known.scheme.labels


def _is_implied(known: Annotations, one: str, other: str) -> bool:
    return other in known.scheme.with_implied([one]) or one in known.scheme.with_implied([other])


def _is_nameable(subject: str | None, known: Annotations) -> bool:
    return subject == ANY_OBJECT or subject in known.scheme.labels


def _none(claim: Claim, known: Annotations) -> None:
    return None


def _presence(claim: Claim, known: Annotations) -> Fact | None:
    if not _is_plain(claim, known):
        return None
    return Fact("present" if claim.state is Truth.PRESENT else "absent", claim.subject)


def _count(claim: Claim, known: Annotations) -> Fact | None:
    kind = BOUNDS.get(claim.how)
    is_said = claim.state is Truth.PRESENT and claim.other is None and _is_nameable(claim.subject, known)
    if kind is None or claim.count is None or not is_said:
        return None
    if not claim.count:  # none of a class is its absence
        return Fact("count", claim.subject, number=0) if kind == "count" and claim.subject == ANY_OBJECT else None
    if kind == "at_least" and claim.count == 1 and claim.subject != ANY_OBJECT:  # that is what its presence means
        return Fact("present", claim.subject)
    return Fact(kind, claim.subject, number=claim.count)


def _box(claim: Claim, known: Annotations) -> Fact | None:
    is_said = claim.box is not None and claim.how is None and _is_nameable(claim.subject, known)
    return Fact("box", claim.subject, boxes=(claim.box,)) if is_said and claim.box else None


def _border(claim: Claim, known: Annotations) -> Fact | None:
    if claim.count is not None:
        return Fact("percent", number=claim.count) if claim.how is None and claim.state is Truth.PRESENT else None
    if claim.subject not in ("blank", "edge") or claim.how:
        return None
    return Fact(claim.subject if claim.state is Truth.PRESENT else f"not_{claim.subject}")


def _peculiarity(claim: Claim, known: Annotations) -> Fact:
    return Fact("peculiarity" if claim.state is Truth.PRESENT else "not_peculiarity", claim.subject)


def _number(kind: str, unit: float = 1.0) -> Callable[[Claim, Annotations], Fact | None]:
    def told(claim: Claim, known: Annotations) -> Fact | None:
        is_said = claim.count and claim.how is None and claim.state is Truth.PRESENT
        return Fact(kind, number=(claim.count or 0) / unit) if is_said else None

    return told


def _position(claim: Claim, known: Annotations) -> Fact | None:
    if not _is_nameable(claim.subject, known) or not claim.other:
        return None
    place = " ".join(VERTICAL.get(word, word) for word in claim.other.split())
    if place == "centre" and claim.subject == ANY_OBJECT and is_central(known):
        return None  # the source at the centre is at the centre
    if claim.state is Truth.ABSENT:
        is_said = claim.how is None and claim.count is None
        return Fact("nowhere", claim.subject, place=place) if is_said else None
    if claim.how == "all":
        return Fact("place", claim.subject, place=place)
    if claim.count and claim.how in BOUNDS:
        kind = {None: "count_at", "at least": "at_least_at", "at most": "at_most_at"}[claim.how]
        return Fact(kind, claim.subject, number=claim.count, place=place)
    if claim.how is not None or claim.count is not None:
        return None
    is_one = len(known.with_class(claim.subject) or ()) == 1
    return Fact("place", claim.subject, place=place) if is_one else _at_least_one(claim.subject, place)


def _at_least_one(subject: str, place: str) -> Fact:
    return Fact("at_least_at", subject, number=1, place=place)


def _extreme(claim: Claim, known: Annotations) -> Fact | None:
    what, _, which = (claim.other or "").partition(" ")
    is_said = claim.state is Truth.PRESENT and claim.count is None and claim.how and _is_nameable(claim.subject, known)
    if not is_said or claim.how is None:
        return None
    if what == "in":
        place = " ".join(VERTICAL.get(word, word) for word in which.split())
        return Fact("extreme_at", claim.subject, how=claim.how, place=place)
    is_label = what == "is" and which in known.scheme.labels
    return Fact("extreme_is", claim.subject, which, how=claim.how) if is_label else None


def _share(claim: Claim, known: Annotations) -> Fact | None:
    kind, other = SHARES.get(claim.how or ""), claim.other or ANY_OBJECT
    is_said = claim.state is Truth.PRESENT and claim.count is None and claim.subject in known.scheme.labels
    return Fact(kind, claim.subject, other) if kind and is_said and _is_nameable(other, known) else None


def _only(claim: Claim, known: Annotations) -> Fact | None:
    is_said = claim.state is Truth.PRESENT and claim.subject in known.scheme.labels
    return Fact("only", claim.subject) if is_said else None


def _compared(claim: Claim, known: Annotations) -> Fact | None:
    is_said = claim.state is Truth.PRESENT and all(_is_nameable(one, known) for one in (claim.subject, claim.other))
    if not is_said or claim.how:
        return None
    if claim.count is not None:
        is_twice = claim.kind in ("more", "equal") and claim.count == 2  # noqa: PLR2004
        return Fact("twice", claim.subject, claim.other or "") if is_twice else None
    return Fact(claim.kind, claim.subject, claim.other or "")


def _beside(claim: Claim, known: Annotations) -> Fact | None:
    fact = _compared(claim, known) if claim.count is None else None
    return fact and Fact("beside", fact.subject, fact.other, place=SIDES.get(claim.kind, claim.kind))


def _extent(claim: Claim, known: Annotations) -> Fact | None:
    if not claim.count or not _is_nameable(claim.subject, known) or claim.state is not Truth.PRESENT:
        return None
    kind, _, axis = (claim.how or "").rpartition(" ")
    if kind == "angle" and axis in ("width", "height"):
        return Fact("extent", claim.subject, number=claim.count / MAS, place=axis)
    if claim.how in ("width", "height"):
        return Fact("share", claim.subject, number=claim.count, place=claim.how)
    return Fact(claim.how, claim.subject, number=claim.count) if claim.how in ("area", "across") else None


def _structure(claim: Claim, known: Annotations) -> Fact | None:
    is_said = claim.subject in ("islands", "peaks") and claim.count and claim.how is None
    return Fact(claim.subject, number=claim.count) if is_said and claim.state is Truth.PRESENT else None


def _survey(claim: Claim, known: Annotations) -> Fact | None:
    return Fact("survey", claim.subject) if claim.state is Truth.PRESENT else None


def _map(claim: Claim, known: Annotations) -> Fact:
    return Fact("map")


def _orientation(claim: Claim, known: Annotations) -> Fact | None:
    if claim.state is not Truth.PRESENT:
        return None
    if claim.how == "mirrored":
        return Fact("mirrored")
    is_angle = claim.subject == "up" and claim.count is not None
    return Fact("position_angle", number=(claim.count or 0) / 100) if is_angle else None


_ALONE: Mapping[str, Callable[[Claim, Annotations], Fact | None]] = {
    "presence": _presence, "count": _count, "box": _box, "border": _border, "peculiarity": _peculiarity,
    "map": _map, "survey": _survey, "frequency": _number("frequency"), "size": _number("size", MAS),
    "beam": _number("beam", MAS), "orientation": _orientation, "position": _position, "extreme": _extreme,
    "share": _share, "only": _only, "extent": _extent, "structure": _structure,
} | {kind: _compared for kind in ("more", "fewer", "equal", "larger", "smaller")} | {
    kind: _beside for kind in (*SIDES, *POINTS)
}  # fmt: skip
