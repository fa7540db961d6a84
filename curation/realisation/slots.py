"""What stands in the slots of a style's templates for a fact."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from curation.pictures.boxes import DIALECT_WORDS, Box, Dialect, encode_box
from curation.realisation.draw import Draw
from curation.realisation.facts import OPPOSITE, Fact
from curation.realisation.nouns import nouns, number_words, with_article
from curation.verification.claims import ANY_OBJECT, Annotations

if TYPE_CHECKING:
    from curation.realisation.wording import Style

PLACES = {
    "left": ("in the left half of the image", "on the left side of the image", "on the left"),
    "right": ("in the right half of the image", "on the right side of the image", "on the right"),
    "top": ("in the upper half of the image", "in the top half of the image", "in the upper part of the image"),
    "bottom": ("in the lower half of the image", "in the bottom half of the image", "in the lower part of the image"),
    "top left": ("in the upper left quadrant of the image", "in the top-left part of the image"),
    "top right": ("in the upper right quadrant of the image", "in the top-right part of the image"),
    "bottom left": ("in the lower left quadrant of the image", "in the bottom-left part of the image"),
    "bottom right": ("in the lower right quadrant of the image", "in the bottom-right part of the image"),
    "centre": ("at the centre of the image", "in the middle of the image"),
    "left third": ("in the left third of the image",),
    "right third": ("in the right third of the image",),
    "top third": ("in the upper third of the image",),
    "bottom third": ("in the lower third of the image",),
    "left edge": ("at the left edge of the image", "near the left edge of the image"),
    "right edge": ("at the right edge of the image", "near the right edge of the image"),
    "top edge": ("at the upper edge of the image", "near the upper edge of the image"),
    "bottom edge": ("at the lower edge of the image", "near the lower edge of the image"),
    "edge": ("at an edge of the image", "near an edge of the image"),
    "corner": ("in a corner of the image",),
    "top left corner": ("in the upper left corner of the image", "in the top-left corner of the image"),
    "top right corner": ("in the upper right corner of the image", "in the top-right corner of the image"),
    "bottom left corner": ("in the lower left corner of the image", "in the bottom-left corner of the image"),
    "bottom right corner": ("in the lower right corner of the image", "in the bottom-right corner of the image"),
    "compass north": ("in the northern part of the image",),
    "compass south": ("in the southern part of the image",),
    "compass east": ("in the eastern part of the image",),
    "compass west": ("in the western part of the image",),
}
BESIDE = {
    "left": "to the left of", "right": "to the right of", "top": "above", "bottom": "below",
    "north": "north of", "south": "south of", "east": "east of", "west": "west of",
    "north-east": "north-east of", "north-west": "north-west of",
    "south-east": "south-east of", "south-west": "south-west of",
}  # fmt: skip
COUNTING = (
    "count", "count_at", "at_least", "at_most", "at_least_at", "at_most_at", "islands", "peaks",
)  # fmt: skip
AXES = {"width": "width", "height": "height", "": ""}
WIDE = {"width": "wide", "height": "high"}
UNITS = (("deg", 3600.0), ("arcmin", 60.0), ("arcsec", 1.0))
SLOTS = frozenset(
    re.findall(
        r"\w+",
        """centre noun noun_n one a_one some the_subject other_noun other_one a_other other_some number count_noun
        wrong_count_noun are lie does do Are Do has bounding_box place opposite beside opposite_beside box boxes percent
        angle other_angle axis wide place_axis frequency survey the_survey word list options dialect island peak label
        extreme east degrees""",
    )
)


def slots(fact: Fact, known: Annotations, dialect: Dialect, style: "Style", draw: Draw) -> dict[str, str]:
    """Every slot that the fact has something for, by name; the others are empty."""
    one, noun = _noun(fact.subject, known, style, draw)
    other_one, other_noun = _noun(fact.other, known, style, draw)
    n = int(fact.number or 0) if fact.kind in COUNTING else _n(fact.subject, known)
    is_one = n == 1
    place = fact.place if fact.place in PLACES else ""
    box = [_box(each, dialect, style, draw) for each in fact.boxes]
    some = with_article(one) if is_one else noun
    other_some = with_article(other_one) if _n(fact.other, known) == 1 else other_noun
    return {
        "centre": draw.one(style.centre),
        "noun": noun, "noun_n": one if is_one else noun, "one": one, "a_one": with_article(one), "some": some,
        "the_subject": f"the {one}" if is_one else f"all {noun}",
        "other_noun": other_noun, "other_one": other_one, "a_other": with_article(other_one), "other_some": other_some,
        "number": _number(n, style), "count_noun": _counted(n, one, noun, style, draw),
        "wrong_count_noun": _counted(n + 2, one, noun, style, draw),
        "are": "is" if is_one else "are", "lie": "lies" if is_one else "lie", "does": "does" if is_one else "do",
        "do": "does" if is_one else "do", "Are": "Is" if is_one else "Are", "Do": "Does" if is_one else "Do",
        "has": "has" if is_one else "have", "bounding_box": "bounding box" if is_one else "bounding boxes",
        "place": _place(place, style, draw), "opposite": _place(_opposite(place), style, draw),
        "beside": BESIDE.get(fact.place, ""), "opposite_beside": BESIDE.get(_opposite(fact.place), ""),
        "box": box[0] if box else "", "boxes": ("; " if style.boxes else ", ").join(box),
        "percent": _percent(fact, style, draw), "angle": _angle(fact.number or 0, style),
        "other_angle": _angle(fact.other_number or 0, style),
        "axis": AXES.get(fact.place, ""), "wide": WIDE.get(fact.place, ""), "place_axis": AXES.get(fact.place, ""),
        "frequency": _frequency(fact.number or 0, draw), "survey": fact.subject, "the_survey": _survey(fact.subject),
        "word": fact.subject.lower(), "list": _list(fact.labels, style), "options": "\n".join(fact.offered),
        "dialect": DIALECT_WORDS[dialect], "island": "island" if is_one else "islands",
        "peak": "peak" if is_one else "peaks", "label": fact.subject, "extreme": fact.how,
        "east": fact.place, "degrees": f"{fact.number or 0:g}",
    }  # fmt: skip


def empty(filled: Mapping[str, str]) -> frozenset[str]:
    """The slots for which a fact has nothing, in whatever style."""
    return frozenset(name for name, text in filled.items() if not text)


def _n(subject: str, known: Annotations) -> int:
    """How many there are known to be; of the picture as a whole one, and nought where it is not known."""
    return len(known.with_class(subject) or ()) if subject else 1


def _noun(subject: str, known: Annotations, style: "Style", draw: Draw) -> tuple[str, str]:
    name = "source" if subject == ANY_OBJECT else f"{known.scheme.name}:{subject}"
    return draw.one([nouns(subject, known.scheme), *style.nouns.get(name, ())])


def _number(n: int, style: "Style") -> str:
    return str(n) if style.numbers == "digits" else number_words(n)


def _counted(n: int, one: str, noun: str, style: "Style", draw: Draw) -> str:
    words = draw.one([_number(n, style), *style.counts.get(str(n), ())])
    return f"{words} {one if n == 1 else noun}"


def _place(place: str, style: "Style", draw: Draw) -> str:
    return draw.one([*PLACES[place], *style.places.get(place, ())]) if place else ""


def _opposite(place: str) -> str:
    words = [OPPOSITE.get(one, "") for one in place.split()]
    return " ".join(words) if all(words) else ""


def _percent(fact: Fact, style: "Style", draw: Draw) -> str:
    if fact.kind == "percent" and fact.number == 0:
        return "less than 1 %"
    words = f"{fact.number or 0:g}"
    return style.fractions.get(words) or draw.one(style.percent).format(n=words)


def _angle(arcsec: float, style: "Style") -> str:
    value, unit = _in_unit(arcsec)
    return f"{value} {style.units.get(unit, unit)}".replace(" ″", "″").replace(" ′", "′").replace(" °", "°")


@lru_cache(4096)
def _in_unit(arcsec: float) -> tuple[str, str]:
    """With three digits, or as many as a claim in whole milliarcseconds needs to be read back."""
    unit, factor = next((one for one in UNITS if arcsec >= one[1]), UNITS[-1])
    exact = (f"{arcsec / factor:.{digits}g}" for digits in range(3, 12))
    value = next((one for one in exact if abs(float(one) * factor - arcsec) < MAS / 2), f"{arcsec / factor:.3g}")
    return value, unit


MAS = 0.001
"""Arcseconds of a milliarcsecond."""


def _frequency(mhz: float, draw: Draw) -> str:
    as_mhz, as_ghz = f"{mhz:g} MHz", f"{mhz / 1000:.4g} GHz"
    return draw.one([as_mhz, as_mhz, as_ghz])


def _survey(title: str) -> str:
    """A title with its article where it has a word that wants one: "the FIRST Survey", but "LoTSS DR1"."""
    wants = re.search(r"(?i)\b(?:survey|catalogu?e|field|map|atlas|project)s?\b", title)
    return f"the {title}" if wants and not re.match(r"(?i)(?:the|an?)\b", title) else title


def _box(box: Box, dialect: Dialect, style: "Style", draw: Draw) -> str:
    templates = style.boxes.get(dialect, ())
    words = encode_box(box, dialect)
    if not templates:
        return words
    one, two, three, four = words.strip("[]").split(", ")
    return draw.one(templates).format(one=one, two=two, three=three, four=four)


def _list(labels: tuple[str, ...], style: "Style") -> str:
    if not labels:
        return "NONE"
    if style.listed == "and" and len(labels) > 1:
        return f"{', '.join(labels[:-1])} and {labels[-1]}"
    return ("\n" if style.listed == "lines" else ", ").join(labels)
