"""How facts are told for a trial: questions, and answers in one style that hold true or planted facts."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from curation.fault_injection.scenes import Scene
from curation.realisation import slots as s
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.wording import PERIOD, Style, as_clause, is_filled, sentence, spelt, told_as

QUESTIONS = Path(__file__).parent / "questions.toml"
ASKED_AS = {
    "absent": "present", "is_not": "is", "neither": "either", "not_blank": "blank", "not_edge": "edge",
    "not_peculiarity": "peculiarity", "none": "some",
}  # fmt: skip
"""Kinds that deny, and the question to which they say no."""


@cache
def realisation_questions() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Wordings of questions: `ask` and `polar` by kind of fact."""
    return tomllib.loads(QUESTIONS.read_text(encoding="utf-8"))


def can_say(style: Style, fact: Fact, scene: Scene, *, alone: bool = True) -> bool:
    """Whether a style has words for a fact: alone, or amid others."""
    kind = told_as(fact, scene.known)
    if style.bare:
        return ASKED_AS.get(kind, kind) in realisation_questions()["polar"]
    return style.can_say(kind, alone=alone)


def told(facts: Sequence[Fact], scene: Scene, style: Style, draw: Draw) -> tuple[str, str]:
    """A question, and the facts as its answer: one fact may answer a question of its own, several describe."""
    asked = realisation_questions()
    if len(facts) > 1:
        parts = [_sentence(fact, scene, style, draw) for fact in facts]
        return draw.one(asked["ask"]["describe"]), _paragraph(parts, style, draw)
    (fact,) = facts
    kind = told_as(fact, scene.known)
    polar = asked["polar"].get(ASKED_AS.get(kind, kind), ())
    denied = asked["polar_no"].get(kind, ()) if style.no and not style.bare else ()
    filled = s.Slots(fact, scene.known, scene.dialect, style, draw)
    has_say = bool(style.bare or style.say.get(kind))
    denied = [one for one in denied if is_filled(one, filled)]
    if denied and has_say and draw.chance(0.3):
        return draw.one(denied).format_map(filled), _reply(fact, scene, style, draw, is_yes=False)
    if polar and style.yes and style.no and has_say and (style.bare or draw.chance(0.5)):
        return draw.one(polar).format_map(filled), _reply(fact, scene, style, draw, is_yes=kind not in ASKED_AS)
    question = draw.one([*asked["ask"].get(kind, asked["ask"]["describe"])])
    if fact.kind == "listing":
        return question.format_map(filled), _sentence(fact, scene, style, draw, alone=True).rstrip(PERIOD)
    return question.format_map(filled), _paragraph([_sentence(fact, scene, style, draw, alone=True)], style, draw)


def _reply(fact: Fact, scene: Scene, style: Style, draw: Draw, *, is_yes: bool) -> str:
    template = draw.one(style.yes if is_yes else style.no)
    say = "" if style.bare else _sentence(fact, scene, style, draw)
    return spelt(template.format(say=as_clause(say), Say=say), style)


def _sentence(fact: Fact, scene: Scene, style: Style, draw: Draw, *, alone: bool = False) -> str:
    return sentence(fact, scene.known, scene.dialect, style, draw, alone=alone) or ""


def _paragraph(sentences: Sequence[str], style: Style, draw: Draw) -> str:
    parts = [f"{style.bullet}{one}" for one in sentences]
    if style.opening and draw.chance(0.6):
        parts.insert(0, draw.one(style.opening))
    if style.closing and draw.chance(0.6):
        parts.append(draw.one(style.closing))
    return spelt(style.joiner.join(parts), style)
