"""Boxes and points as a text writes them: in brackets, in round ones, by their corners, by ranges of x and y."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from curation.pictures.boxes import ROUNDING, Box, Dialect, decode_box
from schemas.errors import ReplyError

_N = r"-?\d+(?:\.\d+)?\s*%?"
_SEP = r"\s*[,;\s]\s*"
_AXIS_RANGE = (
    r"(?:\s*(?:-?\s*(?:axis|coordinates?|range|values?|direction))?\s*(?:is|are|runs?|runn?ing|extends?|extending"
    r"|spans?|spanning|ranges?|ranging|goes|lies|from|in|between|within|of|[=:∈])*\s*)"
)
BRACKETED = re.compile(r"\[[^\[\]]*\]")
ROUND = re.compile(rf"\(\s*({_N}){_SEP}({_N}){_SEP}({_N}){_SEP}({_N})\s*\)")
NAMED = re.compile(
    rf"(?i)x_?-?(?:min|1|0)\s*[=:]?\s*({_N})\W+(?:and\s+)?y_?-?(?:min|1"
    rf"|0)\s*[=:]?\s*({_N})\W+(?:and\s+)?x_?-?(?:max|2|1)\s*[=:]?\s*({_N})\W+(?:and\s+)?y_?-?(?:max|2"
    rf"|1)\s*[=:]?\s*({_N})"
)
NAMED_BY_AXIS = re.compile(
    rf"(?i)x_?-?(?:min|1|0)\s*[=:]?\s*({_N})\W+(?:and\s+)?x_?-?(?:max|2"
    rf"|1)\s*[=:]?\s*({_N})\W+(?:and\s+)?y_?-?(?:min|1|0)\s*[=:]?\s*({_N})\W+(?:and\s+)?y_?-?(?:max|2"
    rf"|1)\s*[=:]?\s*({_N})"
)
RANGES = re.compile(
    rf"(?i)\b(?P<first>x|y){_AXIS_RANGE}(?:\s|=|[xy])*({_N})\s*(?:to|and|-|–|until|through|\.\."
    rf"|<\s*[xy]\s*<)\s*(?:[xy]\s*=\s*)?({_N})[^\d.\]]*?(?:\.\s*)?\b(?P<second>x|y)\b{_AXIS_RANGE}(?:\s|="
    rf"|[xy])*({_N})\s*(?:to|and|-|–|until|through|\.\.)\s*(?:[xy]\s*=\s*)?({_N})"
)
SPELLED_FIRST = re.compile(
    rf"(?i)\b(?:horizontally|in\s+x|along\s+(?:the\s+)?x(?:-axis)?)\s*,?\s*(?:from\s+)?({_N})\s*(?:to|-)\s*({_N})"
    rf"[^\d]{{0,30}}?(?:vertically|in\s+y|along\s+(?:the\s+)?y(?:-axis)?)\s*,?\s*(?:from\s+)?({_N})\s*(?:to|-)\s*({_N})"
)
SPELLED = re.compile(
    rf"(?i)\bfrom\s+({_N})\s*(?:to|-)\s*({_N})\s*(?:of\s+the\s+(?:width|image)\s*)?(?:horizontally|in\s+x"
    rf"|along\s+(?:the\s+)?x(?:-axis)?|across)[^\d]{{0,40}}?(?:from\s+)?({_N})\s*(?:to"
    rf"|-)\s*({_N})\s*(?:of\s+the\s+(?:height|image)\s*)?(?:vertically|in\s+y|along\s+(?:the\s+)?y(?:-axis)?"
    rf"|down)"
)
_NAMED_CORNER = r"(?:(?P<v{n}>upper|top|lower|bottom)[\s-](?P<h{n}>left|right)(?:-hand)?(?:\s+corner)?)"
_AT = r"(?:\s*(?:is|being|lies|located|at|in|:|=)){0,3}\s*"
_SO = rf"(?:\s*[,(]?\s*(?:(?:in|at|as|is|being|for|on|marks)\s+)?(?:its\s+|the\s+)?{_NAMED_CORNER}\)?)?"
_FIRST = rf"(?:(?:its|the|with|a)\s+)*{_NAMED_CORNER}{_AT}"
_POINT = rf"[(\[]\s*(?:x\s*=\s*)?({_N})\s*,\s*(?:y\s*=\s*)?({_N})\s*[)\]]"
CORNERS = tuple(
    re.compile(one.replace("{n}", "1", 2).replace("{n}", "2"), re.IGNORECASE)
    for one in (
        rf"{_FIRST}{_POINT}\s*[,;]?\s*(?:and|to|through)?\s*{_FIRST}{_POINT}",
        rf"(?:with\s+(?:opposite\s+)?corners?\s+(?:at\s+)?|between\s+)?{_POINT}{_SO}\s*,?\s*(?:down\s+)?(?:to"
        rf"|and|-|through|,)\s*{_POINT}{_SO}",
    )
)
"""Two corners, named before or behind their points; without names the upper left and the lower right."""
CENTRED = re.compile(
    rf"(?i)\bcent(?:red|ered|er|re)\s*(?:at|on|around|near|:|is|about"
    rf"|of)?\s*(?:about\s+|the\s+)?(?:pixel\s+(?:position\s+)?|point\s+|position\s+)?(?:x\s*=\s*)?[(\[]?\s*({_N})\s*,\s*(?:y\s*=\s*)?({_N})\s*[)\]]?(?:[^.;()\d]{{0,60}}?\b(?:width|wide"
    rf"|w)\b\s*(?:of|=|:|is)?\s*({_N})[^.;()\d]{{0,40}}?\b(?:height|high|h)\b\s*(?:of|=|:|is)?\s*({_N}))?"
)
AT_POINT = re.compile(
    rf"(?i)\b(?:at|near|around|position(?:ed)?(?: at)?|coordinates?|pixel|point)\s*(?:about\s+|approximately\s+"
    rf"|(?:the\s+)?(?:\w+\s+)?(?:position|pixel|point|coordinates)\s+)?(?:\(\s*(?:x\s*=\s*)?({_N})\s*,\s*(?:y\s*=\s*)?({_N})\s*\)|x\s*(?:="
    rf"|of|is)\s*({_N})\s*(?:,|and|,\s*and)\s*y\s*(?:=|of|is)\s*({_N}))"
)

TWO_NUMBERS = re.compile(r"\d\D+\d")
"""What stands in every text with a box or a point that is not in brackets."""
IN_UNITS = re.compile(
    r"(?ix)[\s,;(]*(?:(?:all|both|each|given|expressed|measured|written|quoted|stated)\s+)*(?:in|as)\s+"
    r"(?:(?P<percent>per\ ?cent(?:ages?)?|percentages?|%)|(?:normali[sz]ed|relative"
    r"|fractional)\ (?:image\ )?(?:coordinates|units)|fractions?)"
    r"(?:\s+of\s+(?:the\s+|its\s+|this\s+)?(?:image|picture|field|frame)(?:'s)?(?:\s+(?:sizes?|sides?"
    r"|width\ and\ height|dimensions?|side\ length))?)?\)?"
)
"""The unit of the numbers of a box, said before or after them."""
BEYOND = 1.5
"""A number this many times the whole picture is of another unit."""
Unit = Dialect | Literal["percent"]


@dataclass(frozen=True)
class WrittenBox:
    """A box as it stands at [start, end); None where its words are no box. `is_point`: a point twice."""

    start: int
    end: int
    box: Box | None
    is_point: bool = False
    is_rounded: bool = False
    """Its numbers have two decimals at most."""
    is_beyond: bool = False
    """Its numbers are far too large for its unit: those of pixels."""
    numbers: tuple[float, ...] = ()
    """Of a box or point in pixels, as they stand."""


def written_boxes(text: str, dialect: Dialect) -> list[WrittenBox]:
    """The boxes and points of a plain text, none inside another, in its order."""
    if "[" not in text and not TWO_NUMBERS.search(text):
        return []
    said = IN_UNITS.search(text)
    unit: Unit = "percent" if said and said["percent"] else dialect
    found = list(_bracketed(text, unit))
    for made in (_named, _ranges, _round, _corners, _centred, _points):
        for one in made(text, unit):
            if all(one.end <= other.start or other.end <= one.start for other in found):
                found.append(one)
    found = sorted(found, key=lambda one: one.start)
    return found if said is None else [_with_unit(one, text, *said.span()) for one in found]


def _with_unit(one: WrittenBox, text: str, start: int, end: int) -> WrittenBox:
    """The box with the words for its unit, where these stand beside it."""
    if one.end <= start and not text[one.end : start].strip(" ,;)"):
        return replace(one, end=end)
    return replace(one, start=start) if end <= one.start and not text[end : one.start].strip(" ,:;(") else one


def _bracketed(text: str, dialect: Unit) -> Iterator[WrittenBox]:
    for one in BRACKETED.finditer(text):
        words = re.sub(r"\s+", " ", one[0])
        if re.search(r"[A-Za-z]{2}", words) and not re.search(r"\d.*,.*\d.*,", words):
            continue  # a remark, a citation
        box = decoded(re.sub(r"[()]", "", words), dialect)
        if box is not None or len(re.findall(r"\d", words)) or re.search(r",.*,", words):
            numbers = tuple(map(float, re.findall(r"-?\d+(?:\.\d+)?", words)))
            yield WrittenBox(
                *one.span(), box, False, _is_rounded(one[0], dialect), _is_beyond(one[0], dialect), numbers
            )


def decoded(words: str, dialect: Unit) -> Box | None:
    """The box of four numbers in brackets; fractions are meant also where thousandths are the rule."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", words)
    is_fraction = any("." in one for one in numbers) and all(float(one) <= 1 for one in numbers)
    if dialect == "percent":
        words = f"[{', '.join(str(float(one) / 100) for one in numbers)}]"
    used: Dialect = "xyxy_norm" if dialect == "percent" or (dialect == "xyxy_1000" and is_fraction) else dialect
    try:
        return decode_box(re.sub(r"\s+", " ", words).replace("[ ", "[").replace(" ]", "]"), used)
    except ReplyError:
        return None


def _number(words: str, dialect: Unit) -> float:
    value = float(words.rstrip("% \t"))
    if words.strip().endswith("%") or dialect == "percent":
        return value / 100
    return value / 1000 if dialect == "xyxy_1000" and value > 1 else value


def _made(found: re.Match[str], numbers: tuple[str, ...], dialect: Unit, *, by_centre: bool = False) -> WrittenBox:
    one, two, three, four = (_number(each, dialect) for each in numbers)
    if by_centre:
        one, two, three, four = one - three / 2, two - four / 2, one + three / 2, two + four / 2
    is_box = one < three and two < four and min(one, two) >= -ROUNDING and max(three, four) <= 1 + ROUNDING
    box = (max(one, 0.0), max(two, 0.0), min(three, 1.0), min(four, 1.0)) if is_box else None
    beyond, said = _is_beyond(found[0], dialect), (one, two, three, four)
    return WrittenBox(*found.span(), box, False, _is_rounded(found[0], dialect), beyond, said)


def _is_rounded(words: str, dialect: Unit) -> bool:
    decimals = [len(one) for one in re.findall(r"\d\.(\d+)", words)]
    return dialect != "xyxy_1000" and bool(decimals) and max(decimals) < len("123")


def _is_beyond(words: str, dialect: Unit) -> bool:
    most = {"xyxy_1000": 1000, "percent": 100}.get(dialect, 1)
    numbers = re.findall(r"(\d+(?:\.\d+)?)(?!\d*\s*%)", words)
    return any(float(one) > BEYOND * most for one in numbers)


def _named(text: str, dialect: Unit) -> Iterator[WrittenBox]:
    for one in NAMED.finditer(text):
        yield _made(one, one.groups(), dialect)
    for one in NAMED_BY_AXIS.finditer(text):
        x_min, x_max, y_min, y_max = one.groups()
        yield _made(one, (x_min, y_min, x_max, y_max), dialect)


def _ranges(text: str, dialect: Unit) -> Iterator[WrittenBox]:
    for one in RANGES.finditer(text):
        _, low, high, _, other_low, other_high = one.groups()
        if one["first"].lower() == one["second"].lower():
            continue
        numbers = (
            (low, other_low, high, other_high) if one["first"].lower() == "x" else (other_low, low, other_high, high)
        )
        yield _made(one, numbers, "percent" if "%" in one[0] else dialect)
    for one in (*SPELLED.finditer(text), *SPELLED_FIRST.finditer(text)):
        x_min, x_max, y_min, y_max = one.groups()
        yield _made(one, (x_min, y_min, x_max, y_max), dialect)


def _round(text: str, dialect: Unit) -> Iterator[WrittenBox]:
    for one in ROUND.finditer(text):
        yield _made(one, one.groups(), dialect, by_centre=dialect == "xywh_center_norm")


def _corners(text: str, dialect: Unit) -> Iterator[WrittenBox]:
    for form in CORNERS:
        for found in form.finditer(text):
            x, y, other_x, other_y = (one for one in found.groups() if one and re.fullmatch(_N, one))
            named = [str(found[one]).lower() for one in ("v1", "h1", "v2", "h2") if found[one]]
            if not named and re.search(r"[)\]]\s*(?:,|-)\s*[(\[]", found[0]):
                continue  # two points
            is_lower, is_right = bool({"lower", "bottom"} & set(named[:1])), named[1:2] == ["right"]
            if len(named) > len("vh") and not _are_opposite(named):
                yield WrittenBox(*found.span(), None)
                continue
            numbers = (
                other_x if is_right else x,
                other_y if is_lower else y,
                x if is_right else other_x,
                y if is_lower else other_y,
            )
            yield _made(found, numbers, dialect)


def _are_opposite(named: list[str]) -> bool:
    """Whether two named corners are those of a diagonal."""
    is_upper = [one in ("upper", "top") for one in named[::2]]
    return is_upper[0] != is_upper[1] and named[1] != named[3]


def _centred(text: str, dialect: Unit) -> Iterator[WrittenBox]:
    for one in CENTRED.finditer(text):
        x, y, width, height = one.groups()
        if width:
            yield _made(one, (x, y, width, height), dialect, by_centre=True)
        else:
            yield _point(one, x, y, dialect)


def _points(text: str, dialect: Unit) -> Iterator[WrittenBox]:
    for one in AT_POINT.finditer(text):
        x, y = (one[1], one[2]) if one[1] else (one[3], one[4])
        yield _point(one, x, y, dialect)


def _point(found: re.Match[str], x: str, y: str, dialect: Unit) -> WrittenBox:
    at = _number(x, dialect), _number(y, dialect)
    inside = all(0 <= one <= 1 for one in at)
    beyond = _is_beyond(found[0], dialect)
    return WrittenBox(*found.span(), (*at, *at) if inside else None, True, is_beyond=beyond, numbers=at)
