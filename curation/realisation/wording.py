"""Facts in words: styles of telling them, and the questions that they answer. A door: one TOML file each in `styles/`.

A style gives templates for the kinds of facts that it can tell (`[say]`); what it cannot tell it is not given. Slots:
centre · noun, one, noun_n (as the number is), a_one, the_subject (all of them) and other_noun, other_one, a_other ·
number, count_noun · are, lie, does, do, Are, Do (as the number is) · place, opposite, beside · box, boxes · percent,
angle, axis, frequency, survey, word, list, island, peak, label. Where labels are of the source at the centre, `is`,
`is_not`, `is_contrast`, `is_both` and `is_neither` take the place of `present`, `absent`, `contrast`, `both` and
`neither`; a count of nought is `none`.
"""

import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.realisation import slots as s
from curation.realisation.draw import Draw
from curation.realisation.facts import KINDS, Fact, is_central
from curation.realisation.scenes import Scene
from schemas.folder import read_doors

HERE = Path(__file__).parent / "styles"
QUESTIONS = Path(__file__).parent / "questions.toml"
CENTRAL_KINDS = {
    "present": "is", "absent": "is_not", "contrast": "is_contrast", "both": "is_both", "neither": "is_neither",
}  # fmt: skip
ASKED_AS = {
    "absent": "present", "is_not": "is", "neither": "either", "not_blank": "blank", "not_edge": "edge",
    "not_peculiarity": "peculiarity", "none": "some",
}  # fmt: skip
"""Kinds that deny, and the question to which they say no."""
TELLABLE = frozenset({*KINDS, *CENTRAL_KINDS.values(), "none"})
PERIOD = ".!?:"


class Style(BaseModel):
    """A way of telling facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
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
    spelt: dict[str, str] = Field(default_factory=dict[str, str])
    """Words that it spells in another way."""
    say: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    alone: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """Templates that mean something after their own question only, such as a bare number."""

    @model_validator(mode="after")
    def _whole(self) -> "Style":
        wrong = [f"no kind of fact {kind!r}" for kind in sorted((self.say.keys() | self.alone.keys()) - TELLABLE)]
        used = {slot for of in (self.say, self.alone) for some in of.values() for text in some for slot in _slots(text)}
        wrong += [f"no slot {{{slot}}}" for slot in sorted(used - s.SLOTS)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def can_say(self, fact: Fact, scene: Scene, *, alone: bool = True) -> bool:
        """Whether it has words for this fact: alone, or amid others."""
        kind = told_as(fact, scene)
        if self.bare:
            return ASKED_AS.get(kind, kind) in realisation_questions()["polar"]
        return bool(self.say.get(kind) or (alone and self.alone.get(kind)))


def styles() -> Mapping[str, Style]:
    """Every style, by the name of its file."""
    return read_doors(Style, "styles", HERE)


@cache
def realisation_questions() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Wordings of questions: `ask` and `polar` by kind of fact."""
    return tomllib.loads(QUESTIONS.read_text(encoding="utf-8"))


def told_as(fact: Fact, scene: Scene) -> str:
    """The key of the templates that tell a fact."""
    if fact.kind == "count" and not fact.number:
        return "none"
    return CENTRAL_KINDS.get(fact.kind, fact.kind) if is_central(scene.known) else fact.kind


def told(facts: Sequence[Fact], scene: Scene, style: Style, draw: Draw) -> tuple[str, str]:
    """A question, and the facts as its answer: one fact may answer a question of its own, several describe."""
    asked = realisation_questions()
    if len(facts) > 1:
        parts = [_sentence(fact, scene, style, draw) for fact in facts]
        return draw.one(asked["ask"]["describe"]), _paragraph(parts, style, draw)
    (fact,) = facts
    kind = told_as(fact, scene)
    polar = asked["polar"].get(ASKED_AS.get(kind, kind), ())
    denied = asked["polar_no"].get(kind, ()) if style.no and not style.bare else ()
    filled = s.slots(fact, scene, style, draw)
    has_say = bool(style.bare or style.say.get(kind))
    denied = [one for one in denied if all(filled[slot] for slot in _slots(one))]
    if denied and has_say and draw.chance(0.3):
        return _filled(draw.one(denied), filled), _reply(fact, scene, style, draw, is_yes=False)
    if polar and style.yes and style.no and has_say and (style.bare or draw.chance(0.5)):
        return _filled(draw.one(polar), filled), _reply(fact, scene, style, draw, is_yes=kind not in ASKED_AS)
    question = draw.one([*asked["ask"].get(kind, asked["ask"]["describe"])])
    if fact.kind == "listing":
        return _filled(question, filled), _sentence(fact, scene, style, draw, alone=True).rstrip(PERIOD)
    return _filled(question, filled), _paragraph([_sentence(fact, scene, style, draw, alone=True)], style, draw)


def _reply(fact: Fact, scene: Scene, style: Style, draw: Draw, *, is_yes: bool) -> str:
    template = draw.one(style.yes if is_yes else style.no)
    say = "" if style.bare else _sentence(fact, scene, style, draw)
    is_name = say[:2].isalpha() and say[:2].isupper()
    keeps_case = is_name or say[:2] in ("I ", "I'") or say[1:2] in "-1234567890"
    lower = say if keeps_case else say[:1].lower() + say[1:]
    return _spelt(template.format(say=lower, Say=say), style)


def _sentence(fact: Fact, scene: Scene, style: Style, draw: Draw, *, alone: bool = False) -> str:
    kind = told_as(fact, scene)
    templates = [*style.say.get(kind, ()), *(style.alone.get(kind, ()) if alone else ())]
    text = _filled(draw.one(templates), s.slots(fact, scene, style, draw))
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in PERIOD else f"{text}."


def _paragraph(sentences: Sequence[str], style: Style, draw: Draw) -> str:
    parts = [f"{style.bullet}{one}" for one in sentences]
    if style.opening and draw.chance(0.6):
        parts.insert(0, draw.one(style.opening))
    if style.closing and draw.chance(0.6):
        parts.append(draw.one(style.closing))
    return _spelt(style.joiner.join(parts), style)


def _spelt(text: str, style: Style) -> str:
    for word, other in style.spelt.items():
        edge = r"\b" if word[:1].isalnum() else ""
        text = re.sub(f"{edge}{re.escape(word)}", other, text)
    return text


def _filled(template: str, filled: Mapping[str, str]) -> str:
    return template.format(**filled)


def _slots(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
