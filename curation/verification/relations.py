"""How claims about several objects are judged: the largest, all or most, more than, larger than, left of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from curation.pictures.boxes import Box
from curation.verification.claims import ANY_OBJECT, Annotations, Claim, SeenObject
from curation.verification.compass import Orientation, directions
from curation.verification.regions import MOST_TURN_DEG, firmly, holds
from curation.verification.structure_verdicts import structure_verdict
from curation.verification.verdicts import (
    CLEARLY,
    NOT_SOURCES,
    Rule,
    Verdict,
    centre,
    held_by,
    is_central,
    state_of,
    told,
    within,
)  # fmt: skip
from schemas.labels import Truth

LEAST_APART = 0.03
"""Of the picture's side: centres that are nearer to each other are neither left nor right of each other."""

PLAINLY = 1.5
"""Times the area of the next: nobody would call another one the largest, however long it is."""

ABOUT_HALF, ABOUT_SHARE = 0.1, 0.04
ABOUT_ONE = 0.4
"""Of one object: how far a share may be from that of a whole number of them."""
SIZE_NEAR, SIZE_FAR = 0.12, 0.25
"""By how much of itself a size may differ from a box's, and from where on it is another."""
NEAR, FAR = 0.12, 0.3
"""Of the picture's side: boxes with less between them are close to each other, with more they are not."""


def _boxed(subject: str, known: Annotations) -> list[SeenObject] | None:
    held = held_by(subject, known) if ":" not in subject else None
    return None if held is None or any(one.box_norm is None for one in held) else held


def _sizes(box: Box) -> tuple[float, float]:
    """Area, and longer side."""
    width, height = box[2] - box[0], box[3] - box[1]
    return width * height, max(width, height)


def _extreme(claim: Claim, known: Annotations) -> Verdict:
    held = _boxed(claim.subject, known)
    if held == []:
        return told(False, claim, "there is none in the picture")
    candidates = (
        _first_few(held, claim)
        if held and claim.count
        else _utmost(held, claim.how or "", known.orientation)
        if held
        else None
    )
    if not candidates:
        return told(_lone(claim, known), claim, "which it is is not known")
    what = (claim.other or "").split(" ", 1)
    if what[0] == "in":
        found = [firmly(what[1], one.box_norm, known.orientation) for one in candidates if one.box_norm]
        sure = [holds(what[1], one.box_norm, known.orientation) for one in candidates if one.box_norm]
        found = sure if (sure[0] if len(set(sure)) == 1 else None) is (claim.state is Truth.PRESENT) else found
    else:
        found = [_is_of(one, what[1], known) for one in candidates]
    truth = None if None in found or len(set(found)) > 1 else found[0]
    if claim.count and False in found:  # "the two largest are compact": both of them
        truth = False
    compared = "; ".join(f"it lies at {centre(one)[0]:.2f}, {centre(one)[1]:.2f}" for one in candidates[:1])
    return told(truth if truth is None else truth is (claim.state is Truth.PRESENT), claim, compared)


def _lone(claim: Claim, known: Annotations) -> bool | None:
    """Where the largest is not known: no object is of a class that is absent."""
    what = (claim.other or "").split(" ", 1)
    if what[0] == "is" and claim.state is Truth.PRESENT and state_of(what[1], known) is Truth.ABSENT:
        return False
    held = held_by(claim.subject, known)
    if what[0] == "is" and held and claim.how in ("brightest", "faintest"):
        found = {_is_of(one, what[1], known) for one in held}
        if len(found) == 1 and None not in found:
            return found.pop() is (claim.state is Truth.PRESENT)
    if what[0] == "in" and held and claim.state is Truth.PRESENT and claim.how in ("brightest", "faintest"):
        places = {holds(what[1], one.box_norm, known.orientation) for one in held if one.box_norm}
        return places.pop() if places in ({True}, {False}) else None
    return None


def _is_of(one: SeenObject, subject: str, known: Annotations) -> bool | None:
    if ":" in subject:
        return False if state_of(subject, known) is Truth.ABSENT else None
    if one.labels is None:
        return False if state_of(subject, known) is Truth.ABSENT else None
    return bool(set(subject.split("|")) & one.labels)


ON_MAPS = {"northernmost": "uppermost", "southernmost": "lowermost", "easternmost": "leftmost",
           "westernmost": "rightmost"}  # fmt: skip


def _utmost(held: Sequence[SeenObject], how: str, sky: Orientation | None) -> list[SeenObject]:
    """The same, also of the sides of the sky: the northernmost is uppermost where the picture is turned north up."""
    if how not in ON_MAPS:
        return _outermost(held, how)
    if sky is None or sky.turn_deg > MOST_TURN_DEG:
        return []
    turned = [replace(one, box_norm=sky.as_on_maps(one.box_norm)) for one in held if one.box_norm]
    found = {one.object_id for one in _outermost(turned, ON_MAPS[how])}
    return [one for one in held if one.object_id in found]


def _outermost(held: Sequence[SeenObject], how: str) -> list[SeenObject]:
    """The objects that may be called the largest, leftmost or the like; none where that is not known."""
    boxes = [one for one in held if one.box_norm]
    if how in ("largest", "smallest"):
        best = set()
        areas = sorted((_sizes(one.box_norm)[0] for one in boxes if one.box_norm), reverse=how == "largest")
        is_plain = len(areas) > 1 and max(areas[:2]) >= PLAINLY * min(areas[:2])
        for at in (0,) if is_plain else (0, 1):
            values = [(_sizes(one.box_norm)[at], one) for one in boxes if one.box_norm]
            if how == "largest":
                top = max(value for value, _ in values)
                best |= {one.object_id for value, one in values if value * CLEARLY >= top}
            else:
                top = min(value for value, _ in values)
                best |= {one.object_id for value, one in values if value <= top * CLEARLY}
        return [one for one in boxes if one.object_id in best]
    score = {
        "leftmost": lambda one: centre(one)[0], "rightmost": lambda one: -centre(one)[0],
        "uppermost": lambda one: centre(one)[1], "lowermost": lambda one: -centre(one)[1],
        "most central": lambda one: max(abs(centre(one)[0] - 0.5), abs(centre(one)[1] - 0.5)),
    }.get(how)  # fmt: skip
    if score is None:
        return []
    least = min(map(score, boxes))
    return [one for one in boxes if score(one) <= least + LEAST_APART]


def _first_few(held: Sequence[SeenObject], claim: Claim) -> list[SeenObject]:
    """The two largest, or the like; none where it is not known which they are."""
    if claim.how not in ("largest", "smallest") or claim.count is None or claim.count >= len(held):
        return []
    ordered = sorted(held, key=lambda one: _sizes(one.box_norm or (0, 0, 0, 0))[0], reverse=claim.how == "largest")
    last, following = (_sizes(ordered[at].box_norm or (0, 0, 0, 0))[0] for at in (claim.count - 1, claim.count))
    is_plain = max(last, following) > PLAINLY * min(last, following)
    return ordered[: claim.count] if is_plain else []


def _share(claim: Claim, known: Annotations) -> Verdict:
    every, held = (
        known.objects if claim.other == "objects" else held_by(claim.other or ANY_OBJECT, known),
        held_by(claim.subject, known) if ":" not in claim.subject else None,
    )
    if every is None or held is None:
        return told(_share_by_state(claim, known), claim, "their classes are not known")
    truth, compared = _share_of(claim, every, held)
    is_rough = (claim.how or "").endswith(("%", "half", "most")) and claim.other in (None, ANY_OBJECT)
    if truth is False and is_rough and known.objects is not None:
        truth = None if _share_of(claim, known.objects, held)[0] else False  # of all that is outlined
    return told(truth, claim, compared)


def _share_of(claim: Claim, every: Sequence[SeenObject], held: Sequence[SeenObject]) -> tuple[bool | None, str]:
    """Whether as large a share of some objects is of a class as is said, and how many are."""
    inside = {one.object_id for one in every} & {one.object_id for one in held}
    n, of = len(inside), len(every)
    compared = f"{n} of {of} are"
    if of == 0:  # that none of them is so is neither true nor false
        is_none = claim.state is Truth.ABSENT and claim.how == "some"
        return None if is_none else False, "there is none in the picture"
    how = claim.how or "all"
    if how == "all but":
        truth = of - n == claim.count
    elif how.endswith("%"):
        truth = abs(n / of - float(how.rstrip(" %")) / 100) <= max(ABOUT_SHARE, ABOUT_ONE / of)
    else:
        truth = {
            "some": n > 0,
            "minority": 0 < 2 * n < of,
            "all": n == of,
            "most": 2 * n > of,
            "half": abs(n / of - 0.5) <= ABOUT_HALF,
        }[how]
    if claim.state is Truth.ABSENT and claim.how == "all":
        return (n < of if n else None if of == 1 else True), compared
    return truth is (claim.state is Truth.PRESENT), compared


def _share_by_state(claim: Claim, known: Annotations) -> bool | None:
    state = state_of(claim.subject, known)
    if state is Truth.ABSENT:
        return claim.state is Truth.ABSENT
    return (
        True
        if state is Truth.PRESENT and is_central(known) and claim.state is Truth.PRESENT and claim.how == "all"
        else None
    )


EXTENDED_KINDS = frozenset({"DIFFUSE", "DIFFUSE-LARGE", "FILAMENT"})
"""Emission that is extended, of whatever label."""


def _only(claim: Claim, known: Annotations) -> Verdict:
    ours = set(claim.subject.split("|"))
    if ":" in claim.subject:
        return told(None, claim, "not known")
    implied = known.scheme.with_implied(ours)
    not_kinds = NOT_SOURCES | ({"PECULIAR"} if known.scheme.kind == "multi" else set())
    rest = {label: known.state(label) for label in known.scheme.labels if label not in implied | not_kinds}
    related = {label for label in rest if ours & known.scheme.with_implied([label])}
    others = [label for label, state in rest.items() if state is Truth.PRESENT and label not in related]
    if others:
        is_open = known.scheme.kind == "multi" and known.objects is None and is_central(known)
        return told(
            None if is_open or (others == ["EXTENDED"] and ours & EXTENDED_KINDS) else False,
            claim,
            f"{', '.join(others)} is there too",
        )
    is_closed = all(state is Truth.ABSENT for label, state in rest.items() if label not in related)
    return told(True if is_closed else None, claim, "no other is known")


def _more(claim: Claim, known: Annotations) -> Verdict:
    left = held_by(claim.subject, known) if ":" not in claim.subject else None
    right = held_by(claim.other or "", known) if ":" not in (claim.other or "") else None
    if left is None or right is None:
        return told(_more_by_state(claim, known), claim, "their numbers are not known")
    n, m = len(left), len(right)
    truth = {"more": n > m, "fewer": n < m, "equal": n == m}[claim.kind]
    if claim.count is not None:
        truth = n == claim.count * m
    return told(truth is (claim.state is Truth.PRESENT), claim, f"{n} against {m}")


def _more_by_state(claim: Claim, known: Annotations) -> bool | None:
    """Without known objects: of what is there, there are more than of what is not."""
    if claim.count is not None or claim.kind == "equal":
        return None
    sides = [claim.subject, claim.other or ""]
    more, less = (state_of(one, known) for one in (sides if claim.kind == "more" else sides[::-1]))
    if Truth.UNKNOWN in (more, less) or more is less is Truth.PRESENT:
        return None
    return (more is Truth.PRESENT) is (claim.state is Truth.PRESENT)


def _pairwise(claim: Claim, known: Annotations) -> Verdict:
    left, right = _boxed(claim.subject, known), _boxed(claim.other or "", known)
    if left is None or right is None or claim.kind not in (*DIFFERENCES, *POINTS):
        absent = [
            one
            for one in (claim.subject, claim.other or "")
            if one != ANY_OBJECT and state_of(one, known) is Truth.ABSENT
        ]
        return told(
            False if absent and claim.state is Truth.PRESENT else None,
            claim,
            f"no {', '.join(absent)}" if absent else "not known",
        )
    if not left or not right:
        return told(False if claim.state is Truth.PRESENT else None, claim, "there is none in the picture")
    ids = {one.object_id for one in left}
    others = [one for one in right if one.object_id not in ids] or list(right)
    pairs = [(one, other) for one in left for other in others if one.object_id != other.object_id]
    if claim.kind in POINTS:
        found = {_is_towards(claim.kind, one, other, known.orientation) for one, other in pairs}
    else:
        found = {_differ(claim.kind, one, other) for one, other in pairs}
    truth = None if len(found) != 1 else found.pop()
    return told(
        truth if truth is None else truth is (claim.state is Truth.PRESENT),
        claim,
        f"{len(left)} against {len(others)} boxes",
    )


DIFFERENCES = frozenset({"larger", "smaller", "left", "right", "above", "below", "nearer"})
POINTS = ("north", "south", "east", "west", "north-east", "north-west", "south-east", "south-west")
_ON_MAPS = {"north": "above", "south": "below", "east": "left", "west": "right"}


def _is_towards(kind: str, one: SeenObject, other: SeenObject, sky: Orientation | None) -> bool | None:
    """Whether an object is north of another, or north-east: by where they would be with north up."""
    if sky is None or sky.turn_deg > MOST_TURN_DEG:
        return None
    turned = [replace(each, box_norm=sky.as_on_maps(each.box_norm)) for each in (one, other) if each.box_norm]
    found = [_differ(_ON_MAPS[way], *turned) for way in directions(kind)]
    return False if False in found else None if None in found else True


def _differ(kind: str, one: SeenObject, other: SeenObject) -> bool | None:
    (x, y), (u, v) = centre(one), centre(other)
    if kind in ("larger", "smaller"):
        ours, theirs = _sizes(one.box_norm or (0, 0, 0, 0)), _sizes(other.box_norm or (0, 0, 0, 0))
        if kind == "smaller":
            ours, theirs = theirs, ours
        signs = {
            mine > its * CLEARLY if max(mine, its) > min(mine, its) * CLEARLY else None
            for mine, its in zip(ours, theirs, strict=True)
        }
        return signs.pop() if len(signs) == 1 else None
    if kind == "nearer":
        ours_far, theirs_far = max(abs(x - 0.5), abs(y - 0.5)), max(abs(u - 0.5), abs(v - 0.5))
        return None if abs(ours_far - theirs_far) < LEAST_APART else ours_far < theirs_far
    gap = {"left": u - x, "right": x - u, "above": v - y, "below": y - v}[kind]
    return None if abs(gap) < LEAST_APART else gap > 0


def _near(claim: Claim, known: Annotations) -> Verdict:
    """Whether one object is close to another: by what lies between their boxes."""
    left, right = _boxed(claim.subject, known), _boxed(claim.other or "", known)
    if left is None or right is None or claim.state is Truth.ABSENT:
        return told(None, claim, "not known")
    gaps = [_gap(one.box_norm, two.box_norm) for one in left for two in right
            if one.object_id != two.object_id and one.box_norm and two.box_norm]  # fmt: skip
    if not gaps:
        return told(False, claim, "there are no two of them")
    near = min(gaps)
    return told(
        True if near <= NEAR else None if near <= FAR else False, claim, f"{near:.2f} between the nearest boxes"
    )


def _gap(one: Box, other: Box) -> float:
    """What lies between two boxes, along the axis where it is more."""
    return max(other[0] - one[2], one[0] - other[2], other[1] - one[3], one[1] - other[3], 0.0)


def _extent(claim: Claim, known: Annotations) -> Verdict:
    held = _boxed(claim.subject, known) if claim.subject != "it" else None
    if not held or claim.count is None:
        is_absent = (
            ":" not in claim.subject
            and claim.subject not in (ANY_OBJECT, "it")
            and state_of(claim.subject, known) is Truth.ABSENT
        )
        return told(False if is_absent or held == [] else None, claim, "no sizes are known")
    how = (claim.how or "area").split(" ", 1)
    boxes = [one.box_norm for one in held if one.box_norm]
    axis = "width" if "width" in how else "height" if "height" in how else None
    if axis is None:
        axis = "width" if "width" in (claim.how or "") else "height" if "height" in (claim.how or "") else None
    across, down = [box[2] - box[0] for box in boxes], [box[3] - box[1] for box in boxes]
    sides = across if axis == "width" else down if axis == "height" else across + down
    if how[0] == "angle":
        if not known.side_arcsec:
            return told(None, claim, "the picture has no scale")
        wide, high = known.side_arcsec, known.height_arcsec or known.side_arcsec
        angles = [side * wide for side in across], [side * high for side in down]
        sides = angles[0] if axis == "width" else angles[1] if axis == "height" else [*angles[0], *angles[1]]
        values = [1000 * side for side in sides]
        if claim.how and claim.how.endswith(("at least", "at most")):
            is_so = within(values, claim.count, claim.how[-len("at least") :].strip())
            return told(is_so if is_so is None else is_so is (claim.state is Truth.PRESENT), claim, "by their boxes")
        verdicts = [abs(value - claim.count) <= SIZE_NEAR * max(value, claim.count) for value in values]
        out = [abs(value - claim.count) > SIZE_FAR * max(value, claim.count) for value in values]
        compared = f"boxes of {min(values) / 1000:.1f} to {max(values) / 1000:.1f} arcsec"
    else:
        areas = [100 * _sizes(box)[0] for box in boxes]
        values = (
            [*areas, sum(areas)]
            if how[0] == "area"
            else [100 * side for side in sides] + (areas if axis is None else [])
        )
        margin = max(1.0, 0.12 * claim.count) if axis else max(3.0, 0.2 * claim.count)
        if len(how) > 1:
            verdicts = [
                value >= claim.count - 2 if how[1] == "at least" else value <= claim.count + 2 for value in values
            ]
            out = [not one for one in verdicts]
        else:
            verdicts = [abs(value - claim.count) <= margin for value in values]
            out = [abs(value - claim.count) > 2.1 * margin for value in values]
        compared = f"boxes of {min(values):.0f} to {max(values):.0f} %"
    truth = True if any(verdicts) else False if all(out) else None
    return told(truth if truth is None else truth is (claim.state is Truth.PRESENT), claim, compared)


RELATIONS: Mapping[str, Rule] = {
    "extreme": _extreme, "share": _share, "only": _only, "more": _more, "fewer": _more, "equal": _more,
    "extent": _extent, "structure": structure_verdict, "near": _near,
} | {kind: _pairwise for kind in (*DIFFERENCES, *POINTS, "brighter", "beside")}  # fmt: skip
