"""Every text that a scheme can make, by the code that writes corpora, over what may be known of a picture.

Each label there and not; none, one, two and many objects of each class; blank pixels; in every wording. The survey's
words are left out, as are lists of classes, whose definitions stand by themselves.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from curation.realisation.facts import Fact
from curation.realisation.realise import each_wording
from curation.verification.claims import Annotations, SeenObject
from curation.words.descriptions import sentences
from curation.words.question import Question, answer_to, asked_in, expanded, is_closed
from schemas.labels import LabelScheme, Truth

DEFINED = "a question with definitions"
NUMBERS = (0, 1, 2, 12)
"""Objects in a picture."""


@dataclass(frozen=True)
class Written:
    """A text that a scheme makes, what makes it, and the label that it is about ("": about none alone)."""

    by: str
    label: str
    text: str
    is_sentence: bool = True
    """It is more than a bare name, number or list."""


def every_text(scheme: LabelScheme, questions: Iterable[Question]) -> Iterator[Written]:
    """Every text of the scheme; equal ones of one maker once."""
    asked, seen = expanded(questions, scheme), set[tuple[str, str]]()
    for one in _every(scheme, asked):
        if (one.by, one.text) not in seen:
            seen.add((one.by, one.text))
            yield one


def with_objects(scheme: LabelScheme, numbers: Mapping[str, int]) -> Annotations:
    """A picture with so many objects of each label, which it has or has not as they do."""
    held = [label for label, n in numbers.items() for _ in range(n)]
    seen = tuple(SeenObject(f"object-{at}", _box(at), frozenset(scheme.with_implied([label])))
                 for at, label in enumerate(held))  # fmt: skip
    there = {label for one in seen for label in one.labels or ()}
    states = {label: Truth.PRESENT if label in there else Truth.ABSENT for label in scheme.labels}
    return replace(_known(scheme, states), objects=seen)


def _every(scheme: LabelScheme, asked: list[Question]) -> Iterator[Written]:
    for label, one in scheme.labels.items():
        yield Written(DEFINED, label, f"{label}: {one.definition}", is_sentence=False)
        yield from (Written("its description", label, text) for text in (one.phrase, one.absent_phrase) if text)
        yield from (Written("a sentence of ours", label, text) for text in _of_label(scheme, label))
    for known, label in every_picture(scheme):
        yield from (Written("its description", label, one.text) for one in sentences(known))
        for question in asked:
            if not label or question.label in ("", label):
                yield from _turns(question, known)


def _of_label(scheme: LabelScheme, label: str) -> Iterator[str]:
    """The label there and not, and one and two of what has it, in each wording of production."""
    for known in (_known(scheme, {label: Truth.PRESENT}), with_objects(scheme, {label: 1})):
        yield from each_wording(Fact("present", label), known, "xyxy_norm")
    yield from each_wording(Fact("absent", label), _known(scheme, {label: Truth.ABSENT}), "xyxy_norm")
    for n in (1, 2):
        yield from each_wording(Fact("count", label, number=n), with_objects(scheme, {label: n}), "xyxy_norm")


def every_picture(scheme: LabelScheme) -> Iterator[tuple[Annotations, str]]:
    """What may be known of a picture, and the label that it is about."""
    absent, unknown = dict.fromkeys(scheme.labels, Truth.ABSENT), dict.fromkeys(scheme.labels, Truth.UNKNOWN)
    for label in scheme.labels:
        held = dict.fromkeys(scheme.with_implied([label]), Truth.PRESENT)
        yield _known(scheme, absent | held), label
        yield _known(scheme, unknown | {label: Truth.ABSENT}), label
        for n in NUMBERS:
            yield with_objects(scheme, {label: n}), label
    for blank in (0.0, 0.004, 0.3):
        yield replace(_known(scheme, absent), blank_fraction=blank), ""
    yield with_objects(scheme, {label: 1 + at % 3 for at, label in enumerate(scheme.labels)}), ""
    for n in NUMBERS:
        seen = tuple(SeenObject(f"object-{at}", _box(at)) for at in range(n))
        yield replace(_known(scheme, unknown), objects=seen), ""


def _known(scheme: LabelScheme, states: Mapping[str, Truth]) -> Annotations:
    return Annotations("cutout", "source", scheme, states)


def _box(at: int) -> tuple[float, float, float, float]:
    x, y = 0.05 * (at % 16), 0.05 * (at // 16 % 16)
    return x, y, x + 0.04, y + 0.04


def _turns(question: Question, known: Annotations) -> Iterator[Written]:
    """The question in each of its wordings, and each of its answers to the picture, where it is asked."""
    by, key = f"question {question.name}", f":{question.name}:{question.label}:answer"
    for closed, wordings in groupby(sorted(question.wordings, key=is_closed), is_closed):
        answer = answer_to(question, known, key, "xyxy_norm", is_closed=closed)
        answers = list(answer.in_each(question.answers)) if answer else []
        asked = [asked_in(one, question, known, "xyxy_norm") for one in wordings] if answers else []
        for text in (one for one in asked if one is not None):
            yield Written(by, question.label, _without_classes(text, question, known.scheme))
        for text in answers if any(one is not None for one in asked) else ():
            yield Written(by, question.label, text, is_sentence=_is_sentence(text, question))


def _without_classes(text: str, question: Question, scheme: LabelScheme) -> str:
    """A question without the lines that are names of classes, or their definitions."""
    meanings = question.classes or {label: one.definition for label, one in scheme.labels.items()}
    lists = {*meanings, *(f"{label}: {meaning}" for label, meaning in meanings.items())}
    return "\n".join(line for line in text.split("\n") if line not in lists)


def _is_sentence(answer: str, question: Question) -> bool:
    is_name = question.kind in ("class", "labels") and "{labels}" in str(question.answers)
    return not is_name and re.search(r"[a-z]", answer) is not None
