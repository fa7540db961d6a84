"""The regions of a picture that the names of places mean.

Each place has an inner region, which surely is meant, and an outer one, beyond which it surely is not: who says "on the
left" of something just right of the middle has not lied. Fractions of the picture's side, origin at the top left.
"""

import math

from curation.pictures.boxes import Box
from curation.verification.compass import SEEN, Orientation, directions

CENTRE = (1 / 3, 2 / 3)
CENTRE_OUTER = (0.24, 0.76)
AT_EDGE, NEAR_EDGE = (0.15, 0.05), (0.34, 0.15)
"""How far the centre, or else the box, of what lies at a side may be from it."""
IN_A_CORNER = (0.34, 0.45)
"""How far from both sides what lies in a corner may be."""
CENTRAL = 0.08
FARTHEST = 0.27
"""From the middle: what is farther away nobody would call central."""
EPS = 0.02
HALF, HALF_OUTER, THIRD_OUTER = 0.5, 0.55, 0.45


def holds(name: str, box: Box, sky: Orientation | None = None) -> bool | None:
    """Whether a box lies in a place, by its centre; None where it can be said either way, or the place is no region.

    `sky`: how the picture lies on the sky, without which no direction on the sky is a region.
    """
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    words = name.split()
    if words[0] == "compass":
        return None if sky is None else _towards(words[1:], box, sky)
    if words[-1] == "edge":
        return _at_edge(words[:-1], box, x, y)
    if len(words) > 1 and "centre" not in words and _is_central(x, y):
        return False if words[-1] == "corner" else None
    if words[-1] == "corner" and len(words) > 1:
        gaps = {"left": x, "right": 1 - x, "upper": y, "lower": 1 - y}
        near = max(gaps[word] for word in words[:-1])
        return True if near <= IN_A_CORNER[0] else None if near <= IN_A_CORNER[1] else False
    if words[-1] == "corner" and len(words) == 1:
        return _either_way([min(one, 1 - one) for one in (x, y)], inner=0.36, outer=0.5)
    is_third = "third" in words
    verdicts = [_along(word, box, is_third=is_third) for word in words if word in _AXIS]
    if "centre" in words:
        axes = {"upper": "x", "lower": "x", "left": "y", "right": "y", "level": "y"}
        other = next((axes[word] for word in words if word in axes), "xy")
        verdicts += [_middle({"x": x, "y": y}[axis]) for axis in other]
        if other == "xy" and math.hypot(x - 0.5, y - 0.5) > FARTHEST:
            return False
    if False in verdicts:
        return False
    return None if None in verdicts else True


LEEWAY = 0.05
"""Of the picture's side: nobody is called wrong of a place who would be right of an object that much beside it."""


def firmly(name: str, box: Box, sky: Orientation | None = None) -> bool | None:
    """As `holds`, and None instead of True where it would be otherwise of a box a little beside it."""
    if holds(name, box, sky) is False:
        return False
    found = {
        holds(name, (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy), sky)
        for dx, dy in ((0.0, 0.0), (LEEWAY, 0.0), (-LEEWAY, 0.0), (0.0, LEEWAY), (0.0, -LEEWAY))
    }
    return found.pop() if len(found) == 1 else None


def _is_central(x: float, y: float) -> bool:
    """So near to the middle that no quarter of the picture has it."""
    return max(abs(x - 0.5), abs(y - 0.5)) <= CENTRAL


def _towards(words: list[str], box: Box, sky: Orientation) -> bool | None:
    """Whether a box lies in a part of the sky of the picture; edges and corners are told only in upright pictures."""
    if sky.turn_deg > MOST_TURN_DEG:
        return None
    part = [one for one in words if one in ("edge", "corner", "third")]
    seen = " ".join(SEEN[one] for one in directions("".join(words)))
    turned = sky.as_on_maps(box)
    if part and not any(sky.off_deg(side, "north") <= MOST_TURN_DEG for side in ("up", "down", "left", "right")):
        return False if holds(seen, turned) is False else None
    return holds(" ".join([seen, *part]), turned)


MOST_TURN_DEG = 10.0
"""Where north turns by more from the centre to an edge, no part of a picture is its northern one."""
_AXIS = ("left", "right", "upper", "lower")


def _along(word: str, box: Box, *, is_third: bool) -> bool | None:
    """By the centre; near the line also by whether the box lies wholly on one side of it."""
    low, high = (box[0], box[2]) if word in ("left", "right") else (box[1], box[3])
    if word in ("right", "lower"):
        low, high = 1 - high, 1 - low
    near = (low + high) / 2
    if is_third:
        return True if near <= 1 / 3 + EPS else None if near <= THIRD_OUTER else False
    if low >= HALF or high <= HALF:
        return high <= HALF
    return True if near <= HALF + EPS else None if near <= HALF_OUTER else False


def _middle(value: float) -> bool | None:
    if CENTRE[0] - EPS <= value <= CENTRE[1] + EPS:
        return True
    return None if CENTRE_OUTER[0] <= value <= CENTRE_OUTER[1] else False


def _at_edge(sides: list[str], box: Box, x: float, y: float) -> bool | None:
    gaps = {"left": (x, box[0]), "right": (1 - x, 1 - box[2]), "upper": (y, box[1]), "lower": (1 - y, 1 - box[3])}
    found = [gaps[side] for side in sides or gaps]
    for (centre_off, gap_off), verdict in ((AT_EDGE, True), (NEAR_EDGE, None)):
        if any(centre <= centre_off or gap <= gap_off for centre, gap in found):
            return verdict
    return False


def _either_way(values: list[float], *, inner: float, outer: float) -> bool | None:
    return True if max(values) <= inner else None if max(values) <= outer else False
