"""What stands in the slots of a style's templates for a fact."""

import re
from typing import TYPE_CHECKING

from curation.extraction.text import number_words
from curation.pictures.boxes import Box, encode_box
from curation.realisation.draw import Draw
from curation.realisation.facts import OPPOSITE, Fact
from curation.verification.claims import ANY_OBJECT
from curation.words.answers import ANY_NOUN
from curation.words.question import DIALECT_WORDS
from schemas.article import article

if TYPE_CHECKING:
    from curation.realisation.scenes import Scene
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
}
BESIDE = {"left": "to the left of", "right": "to the right of", "top": "above", "bottom": "below"}
COUNTING = ("count", "count_at", "at_least", "at_most", "islands", "peaks")
AXES = {"width": "width", "height": "height", "": ""}
UNITS = (("deg", 3600.0), ("arcmin", 60.0), ("arcsec", 1.0))
SLOTS = frozenset(
    re.findall(
        r"\w+",
        """centre noun noun_n one a_one the_subject other_noun other_one a_other number count_noun wrong_count_noun are
        lie does do Are Do place opposite beside opposite_beside box boxes percent angle axis place_axis frequency
        survey word list options dialect island peak label""",
    )
)


def slots(fact: Fact, scene: "Scene", style: "Style", draw: Draw) -> dict[str, str]:
    """Every slot that the fact has something for, by name; the others are empty."""
    one, noun = _noun(fact.subject, scene, style, draw)
    other_one, other_noun = _noun(fact.other, scene, style, draw)
    n = int(fact.number or 0) if fact.kind in COUNTING else _n(fact, scene)
    is_one = n == 1
    place = fact.place if fact.place in PLACES else ""
    box = [_box(one, scene, style, draw) for one in fact.boxes]
    return {
        "centre": draw.one(style.centre),
        "noun": noun, "noun_n": one if is_one else noun, "one": one, "a_one": _a(one),
        "the_subject": f"the {one}" if is_one else f"all {noun}",
        "other_noun": other_noun, "other_one": other_one, "a_other": _a(other_one),
        "number": _number(n, style), "count_noun": _counted(n, one, noun, style, draw),
        "wrong_count_noun": _counted(n + 2, one, noun, style, draw),
        "are": "is" if is_one else "are", "lie": "lies" if is_one else "lie", "does": "does" if is_one else "do",
        "do": "does" if is_one else "do", "Are": "Is" if is_one else "Are", "Do": "Does" if is_one else "Do",
        "place": _place(place, style, draw), "opposite": _place(_opposite(place), style, draw),
        "beside": BESIDE.get(fact.place, ""), "opposite_beside": BESIDE.get(_opposite(fact.place), ""),
        "box": box[0] if box else "", "boxes": ("; " if style.boxes else ", ").join(box),
        "percent": _percent(fact.number or 0, style, draw), "angle": _angle(fact.number or 0, style),
        "axis": AXES.get(fact.place, ""), "place_axis": AXES.get(fact.place, ""),
        "frequency": _frequency(fact.number or 0, draw), "survey": fact.subject, "word": fact.subject.lower(),
        "list": _list(fact.labels, style), "options": "\n".join(fact.offered), "dialect": DIALECT_WORDS[scene.dialect],
        "island": "island" if is_one else "islands", "peak": "peak" if is_one else "peaks", "label": fact.subject,
    }  # fmt: skip


def _n(fact: Fact, scene: "Scene") -> int:
    return len(scene.known.with_class(fact.subject) or ()) if fact.subject else 1


def _noun(subject: str, scene: "Scene", style: "Style", draw: Draw) -> tuple[str, str]:
    """Words for one and for several of a label, of any object, or of a class that no scheme has."""
    if subject == ANY_OBJECT:
        return draw.one([ANY_NOUN, *style.nouns.get("source", ())])
    label = scene.known.scheme.labels.get(subject)
    if label is None:
        return subject, subject
    return draw.one([(label.noun_one, label.noun), *style.nouns.get(f"{scene.known.scheme.name}:{subject}", ())])


def _a(noun: str) -> str:
    return f"{article(noun)} {noun}" if noun else ""


def _number(n: int, style: "Style") -> str:
    return str(n) if style.numbers == "digits" else number_words(n)


def _counted(n: int, one: str, noun: str, style: "Style", draw: Draw) -> str:
    words = draw.one([_number(n, style), *style.counts.get(str(n), ())])
    return f"{words} {one if n == 1 else noun}"


def _place(place: str, style: "Style", draw: Draw) -> str:
    return draw.one([*PLACES[place], *style.places.get(place, ())]) if place else ""


def _opposite(place: str) -> str:
    return " ".join(OPPOSITE.get(one, "") for one in place.split()) if place != "centre" else ""


def _percent(n: float, style: "Style", draw: Draw) -> str:
    words = f"{n:g}"
    return style.fractions.get(words) or draw.one(style.percent).format(n=words)


def _angle(arcsec: float, style: "Style") -> str:
    unit, factor = next((one for one in UNITS if arcsec >= one[1]), UNITS[-1])
    return (
        f"{arcsec / factor:.3g} {style.units.get(unit, unit)}".replace(" ″", "″").replace(" ′", "′").replace(" °", "°")
    )


def _frequency(mhz: float, draw: Draw) -> str:
    return draw.one([f"{mhz:g} MHz", f"{mhz:g} MHz", f"{mhz / 1000:.3g} GHz"])


def _box(box: Box, scene: "Scene", style: "Style", draw: Draw) -> str:
    templates = style.boxes.get(scene.dialect, ())
    words = encode_box(box, scene.dialect)
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
