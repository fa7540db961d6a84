"""Facts in words: styles of telling them. A door: one TOML file each in `styles/`.

A style gives templates for the kinds of facts that it can tell (`[say]`); what it cannot tell it is not given. Slots:
centre · noun, one, noun_n (as the number is), a_one, some (as many as are known), the_subject (all of them) and
other_noun, other_one, a_other, other_some · number, count_noun · are, lie, does, do, has, Are, Do (as the number
is) · place, opposite, beside, extreme, east · box, boxes, bounding_box · percent, angle, other_angle, degrees, axis,
frequency, survey, the_survey, word, list, island, peak, label · and those of its own `[words]`. Where labels are of the
source at the centre, `is`, `is_not`, `is_contrast`, `is_both` and `is_neither` take the place of `present`, `absent`,
`contrast`, `both` and `neither`; a count of nought is `none`.
"""

import re
import string
from collections.abc import Mapping, Sequence, Set
from functools import cached_property, lru_cache
from itertools import product
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.pictures.boxes import Dialect
from curation.realisation import slots as s
from curation.realisation.draw import Draw
from curation.realisation.facts import KINDS, TOLD_ONLY, Fact, is_central
from curation.verification.claims import Annotations
from schemas.folder import read_doors

HERE = Path(__file__).parent / "styles"
CENTRAL_KINDS = {
    "present": "is", "absent": "is_not", "contrast": "is_contrast", "both": "is_both", "neither": "is_neither",
}  # fmt: skip
TELLABLE = frozenset({*KINDS, *CENTRAL_KINDS.values(), "none"})
"""What is told of facts that may be faults; every kind of them has questions."""
PERIOD = ".!?:"


class Style(BaseModel):
    """A way of telling facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    is_for_production: bool = False
    """Whether corpora are written in it: plain English that nobody could take otherwise."""
    commits: bool = True
    """Whether it says things outright. What is only held possible is no fault, so no fault is told so."""
    bare: bool = False
    """It answers yes or no and nothing else."""
    numbers: Literal["words", "digits"] = "words"
    counts: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Other words for a number before its noun, such as "a pair of" for "2"."""
    boxes: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """By dialect, with slots one to four; missing: in brackets."""
    places: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    nouns: dict[str, tuple[tuple[str, str], ...]] = Field(default_factory=dict[str, tuple[tuple[str, str], ...]])
    """By "scheme:LABEL", or "source": other words for one and for several."""
    units: dict[str, str] = Field(default_factory=dict[str, str])
    percent: tuple[str, ...] = ("{n} %",)
    fractions: dict[str, str] = Field(default_factory=dict[str, str])
    """Words for whole per cents, such as "half" for "50"."""
    centre: tuple[str, ...] = ("the source at the centre",)
    listed: Literal["commas", "and", "lines"] = "commas"
    yes: tuple[str, ...] = ()
    """Around a sentence in answer to a question of yes or no; slots say (lower case) and Say."""
    no: tuple[str, ...] = ()
    bullet: str = ""
    joiner: str = " "
    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    """Sentences that say nothing of the picture."""
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Words that mean the same, by the slot of its own in which any of them may stand."""
    spelt: dict[str, str] = Field(default_factory=dict[str, str])
    """Words that it spells in another way."""
    say: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    alone: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Templates that mean something after their own question only, such as a bare number."""

    @model_validator(mode="after")
    def _whole(self) -> "Style":
        strange = (self.say.keys() | self.alone.keys()) - TELLABLE - {*TOLD_ONLY}
        wrong = [f"no kind of fact {kind!r}" for kind in sorted(strange)]
        used = {
            slot for of in (self.say, self.alone) for some in of.values() for text in some for slot in slots_of(text)
        }
        wrong += [f"no slot {{{slot}}}" for slot in sorted(used - s.SLOTS.keys() - self.words.keys())]
        if self.is_for_production and (self.bare or not self.commits):
            wrong.append("is_for_production, but it is bare or does not commit itself")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def __hash__(self) -> int:
        return hash(self.name)

    def can_say(self, kind: str, *, alone: bool = True) -> bool:
        """Whether it has words for facts told so (`told_as`): alone, or amid others."""
        return bool(self.say.get(kind) or (alone and self.alone.get(kind)))

    def templates(self, kind: str, empty: Set[str], *, alone: bool = False) -> list[str]:
        """Its templates of a kind without these slots, with each of its own words in theirs."""
        some = (*self._said.get(kind, ()), *(self._alone.get(kind, ()) if alone else ()))
        return [text for text, slots in some if slots.isdisjoint(empty)]

    def each_template(self, kind: str) -> Sequence[str]:
        """Its templates of a kind, each once, with the first of its own words in their slots."""
        first = {name: some[0] for name, some in self.words.items()}
        return [_with(text, first) for text in self.say.get(kind, ())]

    @cached_property
    def _said(self) -> Mapping[str, tuple[tuple[str, frozenset[str]], ...]]:
        return {kind: self._with_words(some) for kind, some in self.say.items()}

    @cached_property
    def _alone(self) -> Mapping[str, tuple[tuple[str, frozenset[str]], ...]]:
        return {kind: self._with_words(some) for kind, some in self.alone.items()}

    def _with_words(self, templates: Sequence[str]) -> tuple[tuple[str, frozenset[str]], ...]:
        found: list[str] = []
        for text in templates:
            own = sorted(slots_of(text) & self.words.keys())
            every = product(*(self.words[name] for name in own))
            found += [_with(text, dict(zip(own, words, strict=True))) for words in every]
        return tuple((text, slots_of(text)) for text in found)


def styles() -> Mapping[str, Style]:
    """Every style, by the name of its file."""
    return read_doors(Style, "styles", HERE)


def told_as(fact: Fact, known: Annotations) -> str:
    """The key of the templates that tell a fact."""
    if fact.kind == "count" and not fact.number:
        return "none"
    return CENTRAL_KINDS.get(fact.kind, fact.kind) if is_central(known) else fact.kind


def sentence(
    fact: Fact, known: Annotations, dialect: Dialect, style: Style, draw: Draw, *, alone: bool = False
) -> str | None:
    """A fact in one of the style's templates; None where it has none whose slots the fact fills."""
    filled = s.Slots(fact, known, dialect, style, draw)
    fit = style.templates(told_as(fact, known), s.empty(fact, known), alone=alone)
    return as_sentence(draw.one(fit).format_map(filled)) if fit else None


def as_sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in PERIOD else f"{text}."


def as_clause(text: str) -> str:
    """A sentence as it stands after "Yes, ": names, numbers and "I" keep their case."""
    is_name = text[:2].isalpha() and text[:2].isupper()
    keeps_case = is_name or text[:2] in ("I ", "I'") or text[1:2] in "-1234567890"
    return text if keeps_case else text[:1].lower() + text[1:]


def is_filled(template: str, filled: Mapping[str, str]) -> bool:
    """Whether there is something for each slot."""
    return all(filled[name] for name in slots_of(template))


def spelt(text: str, style: Style) -> str:
    """With the words that the style spells in another way."""
    for word, other in style.spelt.items():
        edge = r"\b" if word[:1].isalnum() else ""
        text = re.sub(f"{edge}{re.escape(word)}", other, text)
    return text


def _with(template: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        template = template.replace(f"{{{name}}}", word)
    return template


@lru_cache(maxsize=8192)
def slots_of(template: str) -> frozenset[str]:
    """The slots of a template."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)
