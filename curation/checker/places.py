"""Places in a picture: the words for them, and the regions that they mean.

Each place has an inner region, which surely is meant, and an outer one, beyond which it surely is not: who says "on the
left" of something just right of the middle has not lied. Fractions of the picture's side, origin at the top left.
"""

import math
import re
from dataclasses import dataclass

from curation.checker.compass import SEEN, Orientation, directions
from curation.pictures.boxes import Box

_V = r"(?:upper|top(?:most)?|uppermost|lower|bottom|lowermost)"
_H = r"(?:left|right)"
_C = r"(?:cent(?:re|er)|central|middle|mid)"
_PART = (
    r"(?:quadrants?|corners?|sides?|hal(?:f|ves)|parts?|portions?|edges?|borders?|margins?|boundary|sections?|thirds?"
    r"|areas?|regions?|zones?|ends?|rim|periphery|sector|segment|quarter|hand|hand side)"
)
_PICTURE = r"(?:images?|picture|frame|field(?: of view)?|map|cut-?out|view|scene|panel|box|photograph|mosaic)"
_AT = (
    r"(?:in|on|at|to|towards?|near|along|from|within|inside|into|over|across|occupying|around|close to"
    r"|next to|by|touching"
    r"|hugging|against|off|outside)"
)
_OF = rf"(?:\s+of\s+(?:the\s+|this\s+)?(?:whole\s+|entire\s+)?{_PICTURE})?"
_FAR = (
    r"(?:(?:very|far|extreme|exact|geometric|immediate|outer|image|picture|image's|picture's|own|rough"
    r"|approximate)\s+)*"
)
_LEAD = rf"(?:\b{_AT}\s+(?:the\s+|its\s+|their\s+|one\s+|an?\s+)?{_FAR})"
PLACE = re.compile(
    rf"""(?ix)
    (?P<third>{_LEAD}?\b(?P<third_of>{_V}|{_H}|{_C})(?:-hand)?[\s-]+(?:(?:most|hand)\s+)?third\b{_OF})
    |(?P<corner>{_LEAD}?\b(?:(?:(?P<v1>{_V})[\s/-]*(?:and\s+)?(?P<h1>{_H})|(?P<h2>{_H})[\s/-]+(?P<v2>{_V}))(?:-hand)?)
        (?:[\s-]+(?P<part1>{_PART}))?{_OF})
    |(?P<middle>{_LEAD}?\b(?:(?P<v3>{_V})[\s/-]+{_C}|{_C}[\s/-]+(?P<v4>{_V})|{_C}[\s/-]+(?P<h3>{_H})|(?P<h4>{_H})[\s/-]+{_C})
        \b(?!\s+third)(?:[\s-]+(?P<part2>{_PART}))?{_OF})
    |(?P<beside>\b(?:(?P<side1>left|right|above|below|north|south|east|west)|(?:to|on)\s+the\s+(?P<side2>left|right))\s*
        (?:of\s+)?(?:the\s+)?(?:image\s+|picture\s+)?cent(?:re|er)\b{_OF})
    |(?P<edge>(?:\b{_AT}\s+(?:(?:the|its|one|an?|some|all|both)\s+)?(?:(?:very|extreme|outer|image|picture|image's|picture's)\s+)*
        |\b(?=(?:{_V}|{_H})(?:-hand)?\s+(?:edge|border|margin|rim)))
        (?:(?P<v5>{_V})|(?P<h5>{_H}))?(?:-hand)?\s*\b(?P<what>edges?|borders?|margins?|boundary|boundaries|rim|periphery|outskirts)\b{_OF})
    |(?P<any_corner>\b{_AT}\s+(?:the|an?|one|one\s+of\s+the)\s+corners?\b{_OF})
    |(?P<side>(?:{_LEAD}(?:(?P<v6>{_V})|(?P<h6>{_H}))\b(?:-hand\b)?(?:[\s-]+{_PART}\b)?{_OF}
        |\b(?:(?P<v7>{_V})|(?P<h7>{_H}))(?:-hand)?[\s-]+(?:side|half|part|portion|section|area|region|third|zone|end)\b{_OF}))
        (?!\s+of\b)(?!\s+(?:by\s+imaging|ascension|limit|frequenc|resolution|amount|now|away|next|angles?))
    |(?P<centre>\b(?:{_AT}|about)\s+(?:the\s+|its\s+)?{_FAR}(?:cent(?:re|er)|middle|heart)\b(?!\s+of\s+(?!(?:the\s+|this\s+)?{_PICTURE}))(?:{_OF})
        |\b(?:the\s+)?(?:image|picture|field|frame)(?:'s)?\s+cent(?:re|er)\b
        |\bcentral\s+(?:part|region|area|position|portion|zone|location)\b{_OF}|\bcentrally\b|\b(?:is|are|lies|sits)\s+central\b
        |(?<=\bis\ )cent(?:red|ered)\b(?!\s+(?:on|at))|\bcent(?:red|ered)\s+in\s+the\s+{_PICTURE}\b
        |\bthe\s+(?:cent(?:re|er)|middle)\s+of\s+the\s+{_PICTURE}\b)
    |(?P<off>\boff-?\s?cent(?:re|er)(?:ed)?\b)
    |(?P<compass>\b(?:{_AT}\s+(?:the\s+)?|the\s+)(?:far\s+)?(?P<compass_of>(?:north|south)[\s-]*(?:east|west)?|east|west|N[EW]|S[EW])(?:ern)?
        (?:[\s-]+{_PART})?\b{_OF}(?!\s+of\b))
    """
)
ATTRIBUTE = re.compile(
    rf"(?i)\b(?:(?P<v>{_V})[\s-]*(?P<h>{_H})(?:-hand)?|(?P<one>left|right|upper|lower|top|bottom"
    rf"|central)(?:-hand)?|(?P<mid>middle))\s+$"
)
MISLEADING = re.compile(
    r"(?i)\bfrom\s+(?:the\s+)?(?:[\w-]+\s+){1,3}to\s+(?:the\s+)?(?:upper|lower|left|right|top|bottom|cent\w+"
    r"|middle)(?:[\s-]+(?:left|right|corner))?|"
    r"\b(?:on top of|right ascension|left by|left over|right next|right at|right in|upper limits?"
    r"|what is left|in the middle of nowhere"
    r"|(?:brightest|brighter|brightens?|bright|fades?|peaks?|strongest)\s+(?:near|at|towards?|in"
    r"|outwards? from|from)\s+(?:the|its)\s+(?:very\s+)?(?:cent(?:re|er)|middle|core|edges?|outer ends)"
    r"|(?:seen|viewed|looking|measured|starting|outwards?)\s+from\s+the\s+(?:middle|cent(?:re"
    r"|er))(?:\s+of\s+the\s+\w+)?|edge-(?:darkened|brightened)|(?:sharp|soft|fuzzy|well-defined)\s+edges?)\b"
)
CENTRE = (1 / 3, 2 / 3)
CENTRE_OUTER = (0.24, 0.76)
AT_EDGE, NEAR_EDGE = (0.15, 0.05), (0.34, 0.15)
"""How far the centre, or else the box, of what lies at a side may be from it."""
FARTHEST = 0.27
"""From the middle: what is farther away nobody would call central."""
EPS = 0.02
HALF, HALF_OUTER, THIRD_OUTER = 0.5, 0.55, 0.45


@dataclass(frozen=True)
class Place:
    """Words for a place, [start, end), and its name: "upper left", "left", "centre", "upper edge", "compass north"."""

    start: int
    end: int
    name: str
    is_outside: bool = False
    """Said of what is not there: "off-centre", "outside the upper half"."""


def places(text: str) -> list[Place]:
    """The places that a text names, in its order."""
    text = MISLEADING.sub(lambda found: " " * len(found[0]), text)
    return [
        Place(one.start(), one.end(), _name(one), bool(one["off"] or re.match(r"(?i)outside|off\b", one[0])))
        for one in PLACE.finditer(text)
    ]


def attribute(text: str, start: int) -> Place | None:
    """The place that stands as an adjective before a noun at `start`: "the upper-left source"."""
    begin = max(0, start - 40)
    found = ATTRIBUTE.search(text[begin:start])
    if not found:
        return None
    if found["v"]:
        name = f"{_vertical(found['v'])} {found['h'].lower()}"
    elif found["mid"] or found["one"].lower() == "central":
        name = "centre"
    else:
        name = _either(found["one"])
    return Place(begin + found.start(), start, name)


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
    if words[-1] == "corner" and len(words) == 1:
        return _either_way([min(one, 1 - one) for one in (x, y)], inner=0.36, outer=0.5)
    is_third = "third" in words
    verdicts = [_along(word, box, is_third=is_third) for word in words if word in _AXIS]
    if "centre" in words:
        axes = {"upper": "x", "lower": "x", "left": "y", "right": "y"}
        other = next((axes[word] for word in words if word in axes), "xy")
        verdicts += [_middle({"x": x, "y": y}[axis]) for axis in other]
        if other == "xy" and math.hypot(x - 0.5, y - 0.5) > FARTHEST:
            return False
    if False in verdicts:
        return False
    return None if None in verdicts else True


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


def _name(found: re.Match[str]) -> str:
    """The one name of a place, however it is worded."""
    vertical = next((found[one] for one in ("v1", "v2", "v3", "v4", "v5", "v6", "v7") if found[one]), None)
    across = next((found[one] for one in ("h1", "h2", "h3", "h4", "h5", "h6", "h7") if found[one]), None)
    words = [_vertical(vertical)] if vertical else []
    words += [across.lower()] if across else []
    if found["third"]:
        words = [_either(found["third_of"]), "third"]
    elif found["corner"] or found["side"]:
        last = "corner" if (found["part1"] or "").lower().startswith("corner") else ""
        last = "third" if re.search(r"(?i)\bthird\b", found[0]) else last
        words += [last] if last else []
    elif found["middle"]:
        words = [words[0], "centre"]
    elif found["edge"] or found["any_corner"]:
        words.append("edge" if found["edge"] else "corner")
    elif found["beside"]:
        side = (found["side1"] or found["side2"]).lower()
        words = [BESIDE.get(side) or f"compass {side}"]
    elif found["compass"]:
        part = re.search(r"(?i)\b(?:(?P<edge>edge|border|margin|rim|boundary|periphery)|(?P<corner>corner))", found[0])
        words = [f"compass {'-'.join(directions(found['compass_of']))}", *([str(part.lastgroup)] if part else [])]
    return " ".join(words) or "centre"


BESIDE = {"left": "left", "right": "right", "above": "upper", "below": "lower"}


def _vertical(word: str) -> str:
    return "upper" if word.lower() in ("upper", "top", "topmost", "uppermost") else "lower"


def _either(word: str) -> str:
    plain = word.lower()
    if plain in ("left", "right"):
        return plain
    return "centre" if re.fullmatch(_C, plain) else _vertical(plain)
