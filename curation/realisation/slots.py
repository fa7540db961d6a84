"""What stands in the slots of a style's templates for a fact."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
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


class Slots(Mapping[str, str]):
    """What stands in each slot for a fact, by name: made when it is asked for, and the same whatever else is."""

    def __init__(self, fact: Fact, known: Annotations, dialect: Dialect, style: "Style", draw: Draw) -> None:
        self.fact, self.known, self.dialect, self.style = fact, known, dialect, style
        self.place = fact.place if fact.place in PLACES else ""
        drawn = {
            "noun": 1, "other": 1, "boxes": len(fact.boxes) if style.boxes.get(dialect) else 0, "centre": 1,
            "count": 1, "wrong count": 1, "place": bool(self.place), "opposite": bool(_opposite(self.place)),
            "percent": not _in_own_words(fact, style), "frequency": 1,
        }  # fmt: skip
        self._ahead = {what: draw.ahead(n) for what, n in drawn.items()}

    def __getitem__(self, name: str) -> str:
        return SLOTS[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(SLOTS)

    def __len__(self) -> int:
        return len(SLOTS)

    def draw(self, what: str) -> Draw:
        """The choices that are kept for it."""
        return self._ahead[what].copy()

    @cached_property
    def noun(self) -> tuple[str, str]:
        """One and several of the subject."""
        return _noun(self.fact.subject, self.known, self.style, self.draw("noun"))

    @cached_property
    def other(self) -> tuple[str, str]:
        """The same of the other subject."""
        return _noun(self.fact.other, self.known, self.style, self.draw("other"))

    @cached_property
    def n(self) -> int:
        """How many are counted, or known to be."""
        return _told(self.fact, self.known)

    @property
    def some(self) -> str:
        """The subject by itself, as many as are known."""
        return with_article(self.noun[0]) if self.n == 1 else self.noun[1]

    def by_number(self, one: str, several: str) -> str:
        """The word for one, or that for several."""
        return one if self.n == 1 else several

    def counted(self, what: str, n: int) -> str:
        """So many of the subject."""
        words = self.draw(what).one([_number(n, self.style), *self.style.counts.get(str(n), ())])
        return f"{words} {self.noun[0] if n == 1 else self.noun[1]}"

    @cached_property
    def boxes(self) -> list[str]:
        """Each box in words."""
        draw, templates = self.draw("boxes"), self.style.boxes.get(self.dialect, ())
        return [_box(each, self.dialect, templates, draw) for each in self.fact.boxes]


SLOTS: Mapping[str, Callable[[Slots], str]] = {
    "centre": lambda it: it.draw("centre").one(it.style.centre),
    "noun": lambda it: it.noun[1],
    "noun_n": lambda it: it.by_number(*it.noun),
    "one": lambda it: it.noun[0],
    "a_one": lambda it: with_article(it.noun[0]),
    "some": lambda it: it.some,
    "the_subject": lambda it: it.by_number(f"the {it.noun[0]}", f"all {it.noun[1]}"),
    "other_noun": lambda it: it.other[1],
    "other_one": lambda it: it.other[0],
    "a_other": lambda it: with_article(it.other[0]),
    "other_some": lambda it: with_article(it.other[0]) if _n(it.fact.other, it.known) == 1 else it.other[1],
    "number": lambda it: _number(it.n, it.style),
    "count_noun": lambda it: it.counted("count", it.n),
    "wrong_count_noun": lambda it: it.counted("wrong count", it.n + 2),
    "are": lambda it: it.by_number("is", "are"),
    "lie": lambda it: it.by_number("lies", "lie"),
    "does": lambda it: it.by_number("does", "do"),
    "do": lambda it: it.by_number("does", "do"),
    "Are": lambda it: it.by_number("Is", "Are"),
    "Do": lambda it: it.by_number("Does", "Do"),
    "has": lambda it: it.by_number("has", "have"),
    "bounding_box": lambda it: it.by_number("bounding box", "bounding boxes"),
    "place": lambda it: _place(it.place, it.style, it.draw("place")),
    "opposite": lambda it: _place(_opposite(it.place), it.style, it.draw("opposite")),
    "beside": lambda it: BESIDE.get(it.fact.place, ""),
    "opposite_beside": lambda it: BESIDE.get(_opposite(it.fact.place), ""),
    "box": lambda it: it.boxes[0] if it.boxes else "",
    "boxes": lambda it: ("; " if it.style.boxes else ", ").join(it.boxes),
    "percent": lambda it: _percent(it.fact, it.style, it.draw("percent")),
    "angle": lambda it: _angle(it.fact.number or 0, it.style),
    "other_angle": lambda it: _angle(it.fact.other_number or 0, it.style),
    "axis": lambda it: AXES.get(it.fact.place, ""),
    "wide": lambda it: WIDE.get(it.fact.place, ""),
    "place_axis": lambda it: AXES.get(it.fact.place, ""),
    "frequency": lambda it: _frequency(it.fact.number or 0, it.draw("frequency")),
    "survey": lambda it: it.fact.subject,
    "the_survey": lambda it: _survey(it.fact.subject),
    "word": lambda it: it.fact.subject.lower(),
    "list": lambda it: _list(it.fact.labels, it.style),
    "options": lambda it: "\n".join(it.fact.offered),
    "dialect": lambda it: DIALECT_WORDS[it.dialect],
    "island": lambda it: it.by_number("island", "islands"),
    "peak": lambda it: it.by_number("peak", "peaks"),
    "label": lambda it: it.fact.subject,
    "extreme": lambda it: it.fact.how,
    "east": lambda it: it.fact.place,
    "degrees": lambda it: f"{it.fact.number or 0:g}",
}
"""The slots that templates may have."""


def empty(fact: Fact, known: Annotations) -> frozenset[str]:
    """The slots for which a fact has nothing, in whatever style."""
    one, several = nouns(fact.subject, known.scheme)
    other_one, other_several = nouns(fact.other, known.scheme)
    n, n_other = _told(fact, known), _n(fact.other, known)
    return _empty(
        fact.place,
        (bool(one), bool(several), bool(one if n == 1 else several)),
        (bool(other_one), bool(other_several), bool(other_one if n_other == 1 else other_several)),
        (bool(fact.subject), bool(fact.boxes), any(fact.offered) or len(fact.offered) > 1, bool(fact.how)),
    )


@lru_cache(4096)
def _empty(
    place: str, nouns: tuple[bool, ...], others: tuple[bool, ...], has: tuple[bool, bool, bool, bool]
) -> frozenset[str]:
    subject, boxes, offered, how = has
    has_of = {
        "noun": nouns[1], "one": nouns[0], "a_one": nouns[0], "noun_n": nouns[2], "some": nouns[2],
        "other_noun": others[1], "other_one": others[0], "a_other": others[0], "other_some": others[2],
        "place": place in PLACES, "opposite": place in PLACES and _opposite(place), "beside": place in BESIDE,
        "opposite_beside": _opposite(place) in BESIDE, "box": boxes, "boxes": boxes, "axis": AXES.get(place),
        "wide": WIDE.get(place), "place_axis": AXES.get(place), "survey": subject, "the_survey": subject,
        "word": subject, "label": subject, "options": offered, "extreme": how, "east": place,
    }  # fmt: skip
    return frozenset(name for name, is_there in has_of.items() if not is_there)


def _told(fact: Fact, known: Annotations) -> int:
    """How many a fact counts, or of its subject there are known to be."""
    return int(fact.number or 0) if fact.kind in COUNTING else _n(fact.subject, known)


def _n(subject: str, known: Annotations) -> int:
    """How many there are known to be; of the picture as a whole one, and nought where it is not known."""
    return len(known.with_class(subject) or ()) if subject else 1


def _noun(subject: str, known: Annotations, style: "Style", draw: Draw) -> tuple[str, str]:
    name = "source" if subject == ANY_OBJECT else f"{known.scheme.name}:{subject}"
    return draw.one([nouns(subject, known.scheme), *style.nouns.get(name, ())])


def _number(n: int, style: "Style") -> str:
    return str(n) if style.numbers == "digits" else number_words(n)


def _place(place: str, style: "Style", draw: Draw) -> str:
    return draw.one([*PLACES[place], *style.places.get(place, ())]) if place else ""


def _opposite(place: str) -> str:
    words = [OPPOSITE.get(one, "") for one in place.split()]
    return " ".join(words) if all(words) else ""


def _percent(fact: Fact, style: "Style", draw: Draw) -> str:
    return _in_own_words(fact, style) or draw.one(style.percent).format(n=f"{fact.number or 0:g}")


def _in_own_words(fact: Fact, style: "Style") -> str:
    """What a style says for some per cents alone."""
    is_none = fact.kind == "percent" and fact.number == 0
    return "less than 1 %" if is_none else style.fractions.get(f"{fact.number or 0:g}", "")


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


def _box(box: Box, dialect: Dialect, templates: Sequence[str], draw: Draw) -> str:
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
