"""Places in a picture: the words for them, and the regions that they mean.

Each place has an inner region, which surely is meant, and an outer one, beyond which it surely is not: who says "on the
left" of something just right of the middle has not lied. Fractions of the picture's side, origin at the top left.
"""

import re
from dataclasses import dataclass

from curation.extraction.text import number
from curation.verification.compass import directions

_V = r"(?:upper|top(?:most)?|uppermost|lower|bottom|lowermost)"
_H = r"(?:left|right)"
_C = r"(?:cent(?:re|er)|central|middle|mid)"
_PART = (
    r"(?:quadrants?|corners?|sides?|hal(?:f|ves)|parts?|portions?|edges?|borders?|margins?|boundary|sections?|thirds?"
    r"|areas?|regions?|zones?|ends?|rim|periphery|sector|segment|quarter|hand|hand side|flanks?|wing|fringes?|reaches"
    r"|strip|band|extremity)"
)
_PICTURE = r"(?:images?|picture|frame|field(?: of view)?|map|cut-?out|view|scene|panel|box|photograph|mosaic)"
_AT = (
    r"(?:in|on|at|to|towards?|near|along|from|within|inside|into|over|across|occupying|around|close\s+to"
    r"|next\s+to|by|touching"
    r"|hugging|against|(?:off|over|away|out)\s+(?:to|on|at|towards?)|off|outside|hard\s+by|adjacent\s+to|alongside"
    r"|in\s+the\s+(?:vicinity|neighbou?rhood)\s+of|not\s+far\s+from)"
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
    |(?P<middle>{_LEAD}?\b(?:(?P<v3>{_V})(?:[\s/-]+{_C}|\s*,\s*(?:near|close\s+to|around|in|towards?)\s+the\s+{_C})|{_C}[\s/-]+(?P<v4>{_V})|{_C}[\s/-]+(?P<h3>{_H})|(?P<h4>{_H})[\s/-]+{_C})
        \b(?!\s+third)(?:[\s-]+(?P<part2>{_PART}))?{_OF})
    |(?P<level>(?:\bat\s+(?:about\s+|roughly\s+|approximately\s+|around\s+)?(?:the\s+)?(?:mid-?\s?height|middle\s+height|half\s+height|half\s+the\s+height)
        |\b(?:about\s+|roughly\s+|approximately\s+|almost\s+|nearly\s+)?(?:half|mid)[\s-]?way\s+(?:up|down)(?:\s+the\s+{_PICTURE})?)\b{_OF})
    |(?P<beside>\b(?:(?:to\s+the\s+)?(?P<side1>left|right|above|below|(?:north|south)[\s-]*(?:east|west)|north|south|east|west)|(?:to|on)\s+the\s+(?P<side2>left|right))\s*
        (?:of\s+)?(?:the\s+)?(?:image\s+|picture\s+)?(?:cent(?:re|er)|middle)\b{_OF})
    |(?P<edge>(?:\b{_AT}\s+(?:(?:the|its|one|an?|some|all|both)\s+)?(?:(?:very|extreme|outer|image|picture|image's|picture's)\s+)*
        |\b(?=(?:{_V}|{_H})(?:-hand)?\s+(?:edge|border|margin|rim)))
        (?:(?P<v5>{_V})|(?P<h5>{_H}))?(?:-hand)?\s*\b(?P<what>edges?|borders?|margins?|boundary|boundaries|rim|periphery|outskirts|fringes?)\b{_OF})
    |(?P<any_corner>\b{_AT}\s+(?:the|an?|one|one\s+of\s+the)\s+corners?\b{_OF})
    |(?P<side>(?:{_LEAD}(?:(?P<v6>{_V})|(?P<h6>{_H}))\b(?:-hand\b)?(?:[\s-]+{_PART}\b)?{_OF}
        |\b(?:(?P<v7>{_V})|(?P<h7>{_H}))(?:-hand)?[\s-]+(?:side|half|part|portion|section|area|region|third|zone|end)\b{_OF}))
        (?!\s+of\b)(?!\s+(?:by\s+imaging|ascension|limit|frequenc|resolution|amount|now|away|next|angles?))
    |(?P<centre>\b(?:{_AT}|about)\s+(?:the\s+|its\s+)?{_FAR}(?:cent(?:re|er)|middle|heart|mid-?\s?point|midst|focal\s+point
        |core(?=\s+of\s+the\s+{_PICTURE})|mid-?\s?(?:image|frame|field|picture))\b(?!\s+of\s+(?!(?:the\s+|this\s+)?{_PICTURE}))(?:{_OF})
        |\b(?:the\s+)?(?:image|picture|field|frame)(?:'s)?\s+cent(?:re|er)\b
        |\bcentral\s+(?:part|region|area|position|portion|zone|location)\b{_OF}|\bcentrally\b|\b(?:is|are|lies|sits)\s+central\b
        |(?<=\bis\ )cent(?:red|ered)\b(?!\s+(?:on|at))|\bcent(?:red|ered)\s+in\s+the\s+{_PICTURE}\b
        |\bthe\s+(?:cent(?:re|er)|middle)\s+of\s+the\s+{_PICTURE}\b)
    |(?P<height>\b(?:high\s+up|up\s+top|low\s+down|down\s+below
        |at\s+the\s+(?:very\s+)?(?:foot|head)(?=\s+of\s+the\s+{_PICTURE}))\b{_OF})
    |(?P<clock>(?:\b(?:{_AT}|about|roughly|around)\s+)*(?:about\s+|roughly\s+|the\s+|an?\s+)*\b(?P<hour>\d{{1,2}}|one|two|three|four|five|six|seven
        |eight|nine|ten|eleven|twelve)(?:\s+(?:to|or)\s+(?:\d{{1,2}}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve))?
        \s*o\s?'\s?clock\b(?:[\s-]+(?:position|direction))?(?:,?\s+(?:as\s+)?(?:seen\s+)?(?:from|of)\s+the\s+(?:image\s+)?(?:cent(?:re|er)|middle)(?:\s+of\s+the\s+{_PICTURE})?)?)
    |(?P<off>\boff-?\s?cent(?:re|er)(?:ed)?\b|\b(?:(?:(?:far|well)\s+)?away|far)\s+from\s+the\s+(?:{_PICTURE}\s+)?(?:cent(?:re|er)|middle)\b{_OF})
    |(?P<compass>\b(?:{_AT}\s+(?:the\s+)?|the\s+)(?:far\s+)?(?P<compass_of>(?:north|south)[\s-]*(?:east|west)?|east|west|N[EW]|S[EW])(?:ern)?
        (?:[\s-]+{_PART})?\b{_OF}(?!\s+of\b))
    """
)
NAMED = (
    "clock", "upper", "top", "lower", "bottom", "left", "right", "cent", "mid", "heart", "corner", "edge", "border",
    "margin", "half", "boundar", "rim", "peripher", "outskirt", "fringe", "foot", "head", "down", "up ",
    "north", "south", "east", "west",
)  # fmt: skip
COMPASS_SIGN = re.compile(r"(?i)\b[ns][ew]\b")
"""Letters, or a sign, without which no text names a place."""
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
    lower = text.lower()
    if not any(one in lower for one in NAMED) and not COMPASS_SIGN.search(text):
        return []
    text = MISLEADING.sub(lambda found: " " * len(found[0]), text)
    return [
        Place(
            one.start(),
            one.end(),
            _name(one),
            bool(one["off"] or re.match(r"(?i)outside|off\b(?!\s+(?:to|on|at|towards?)\b)|far\s+from", one[0])),
        )
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


def _name(found: re.Match[str]) -> str:
    """The one name of a place, however it is worded."""
    vertical = next((found[one] for one in ("v1", "v2", "v3", "v4", "v5", "v6", "v7") if found[one]), None)
    across = next((found[one] for one in ("h1", "h2", "h3", "h4", "h5", "h6", "h7") if found[one]), None)
    words = [_vertical(vertical)] if vertical else []
    words += [across.lower()] if across else []
    if found["level"]:
        return "level centre"
    if found["height"]:
        words = ["lower" if re.search(r"(?i)low|down|foot", found["height"]) else "upper"]
    elif found["clock"]:
        return CLOCK[number(found["hour"]) % 12]
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
        words = [BESIDE.get(side) or f"compass {'-'.join(directions(side))}"]
    elif found["compass"]:
        part = re.search(r"(?i)\b(?:(?P<edge>edge|border|margin|rim|boundary|periphery)|(?P<corner>corner))", found[0])
        words = [f"compass {'-'.join(directions(found['compass_of']))}", *([str(part.lastgroup)] if part else [])]
    return " ".join(words) or "centre"


CLOCK = (
    "upper centre", "upper right", "upper right", "right centre", "lower right", "lower right", "lower centre",
    "lower left", "lower left", "left centre", "upper left", "upper left",
)  # fmt: skip
"""By the hour, from twelve on."""
BESIDE = {"left": "left", "right": "right", "above": "upper", "below": "lower"}


def _vertical(word: str) -> str:
    return "upper" if word.lower() in ("upper", "top", "topmost", "uppermost") else "lower"


def _either(word: str) -> str:
    plain = word.lower()
    if plain in ("left", "right"):
        return plain
    return "centre" if re.fullmatch(_C, plain) else _vertical(plain)
