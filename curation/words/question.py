"""Questions: whom to ask, in which words, and how the true answer follows. A door: one TOML file each in `questions/`.

A question whose answer is not known is not asked: "No" is said only of what is known to be absent.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.pictures.boxes import DIALECT_WORDS, Dialect
from curation.realisation.nouns import ANY_NOUN
from curation.realisation.wording import slots_of
from curation.verification.claims import Annotations, Claim
from curation.verification.compass import speaks_of_the_sky
from curation.words.answers import ANSWER_SLOTS, Answer, Kind, true_answer
from schemas.errors import RecipeError
from schemas.fingerprint import choose
from schemas.folder import read_doors
from schemas.labels import About, LabelScheme, Truth

HERE = Path(__file__).parent / "questions"
QUESTION_SLOTS = ("definitions", "options", "dialect", "noun", "noun_one", "a_noun_one", "title")
ANSWERS_OF: dict[Kind, tuple[str, ...]] = {
    "description": (),
    "yes-no": ("yes", "no"),
    "border": ("yes", "no"),
    "class": ("some",),
    "labels": ("some", "none"),
    "boxes": ("some", "none"),
    "count": ("some", "none"),
    "peculiarity": ("ORDINARY", "COMPLEX", "PECULIAR"),
}


class ExampleObject(BaseModel):
    """An object of an example."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    box: tuple[float, float, float, float]
    labels: tuple[str, ...] = ()


class Example(BaseModel):
    """A picture that a question is asked of, and what is answered; a test runs it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: str
    labels: dict[str, Truth] = Field(default_factory=dict[str, Truth])
    """Those not named are unknown."""
    objects: tuple[ExampleObject, ...] | None = None
    blank_fraction: float = 0.0
    label: str = ""
    """For a question asked of each label: which one."""
    answer: str
    """Empty: the question is not asked. Where there are several wordings: one of them."""


class Question(BaseModel):
    """A question, its wordings, and the words of its answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    about: tuple[About, ...] = ()
    """It is asked of schemes whose labels are said of these; empty: of any."""
    scheme_kind: Literal["", "single", "multi"] = ""
    """It is asked of schemes of this kind; empty: of both."""
    schemes: tuple[str, ...] = ()
    """It is asked of these schemes alone; empty: of every one that it fits, those of users too."""
    replaces: tuple[str, ...] = ()
    """Questions that are not asked where this one is. One about a single label takes from a question that is asked of
    each label that label alone."""
    needs: Literal["labels", "objects", "pixels"]
    """Where its answer comes from."""
    kind: Kind
    order: int
    """Place in a conversation; equal ones go by name."""
    label: str = ""
    """What a question of kind yes-no, boxes or count asks about; empty with boxes and count: any catalogued object.
    For kind border: "blank" (any pixel) or "edge"."""
    each: bool = False
    """Asked once for each of `labels`, in place of `label`."""
    labels: tuple[str, ...] = ()
    """The classes that are offered, or asked for one by one; empty: all of the scheme."""
    classes: dict[str, str] = Field(default_factory=dict[str, str])
    """Definitions of classes that are not labels: ORDINARY, COMPLEX, PECULIAR."""
    wordings: tuple[str, ...] = Field(min_length=1)
    answers: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    """By what is true: yes, no · some, none · ORDINARY, COMPLEX, PECULIAR. Several are wordings of one answer."""
    example: tuple[Example, ...] = Field(default=(), exclude=True)

    @model_validator(mode="after")
    def _whole(self) -> "Question":
        """Every slot is known, every answer that the kind needs is there."""
        wrong = [f"no slot {{{slot}}} in a wording" for slot in sorted(_slots(self.wordings) - set(QUESTION_SLOTS))]
        said = [template for templates in self.answers.values() for template in templates]
        wrong += [f"no slot {{{slot}}} in an answer" for slot in sorted(_slots(said) - set(ANSWER_SLOTS))]
        needed, given = set(ANSWERS_OF[self.kind]), {name for name, templates in self.answers.items() if templates}
        if not needed <= given:
            wrong.append(f"kind {self.kind} needs answers for {', '.join(sorted(needed - given))}")
        if self.kind in ("yes-no", "border") and not (self.label or self.each):
            wrong.append(f"kind {self.kind} needs a label")
        if self.kind == "peculiarity" and set(self.classes) != set(ANSWERS_OF["peculiarity"]):
            wrong.append("kind peculiarity needs the classes ORDINARY, COMPLEX and PECULIAR")
        if self.each and self.label:
            wrong.append("either label or each")
        if self.name in self.replaces:
            wrong.append("it replaces itself")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """The labels that it names, which a scheme must have."""
        return self.labels if self.kind == "border" or not self.label else (*self.labels, self.label)

    def offered(self, scheme: LabelScheme) -> tuple[str, ...]:
        """The classes that it asks for."""
        return self.labels or tuple(scheme.labels)

    def is_for(self, scheme: LabelScheme) -> bool:
        """Whether it is asked of pictures with labels of this scheme, by what the scheme has."""
        is_named = not self.schemes or scheme.name in self.schemes
        is_said = not self.about or scheme.about in self.about
        return is_named and is_said and self.scheme_kind in ("", scheme.kind)


@dataclass(frozen=True)
class AskedTurn:
    """A question put to a picture, its answer, and what the answer claims."""

    question: str
    answer: str
    kind: str
    question_id: str
    claims: tuple[Claim, ...]
    writer: str = "template"
    request_sha: str | None = None
    """Key of the cached reply; None for templates."""

    def row(self) -> dict[str, Any]:
        """The turn as a row of the `turns` column."""
        return {
            "question": self.question,
            "answer": self.answer,
            "kind": self.kind,
            "question_id": self.question_id,
            "claims": [claim.row() for claim in self.claims],
            "writer": self.writer,
            "request_sha": self.request_sha,
        }


@dataclass(frozen=True)
class Askable:
    """A question that a picture can answer, and what the answer claims."""

    question: str
    kind: str
    question_id: str
    claims: tuple[Claim, ...]
    words: Callable[[], str] = field(compare=False)
    """Make the answer."""

    @property
    def answer(self) -> str:
        """The answer, each time put into the same words."""
        return self.words()

    def turn(self) -> AskedTurn:
        """Asked and answered."""
        return AskedTurn(self.question, self.answer, self.kind, self.question_id, self.claims)


def questions() -> dict[str, Question]:
    """Every question, by the name of its file, in the order in which a conversation asks them."""
    found = read_doors(Question, "questions", HERE)
    return dict(sorted(found.items(), key=lambda one: (one[1].order, one[0])))


def for_scheme(asked: Iterable[Question], scheme: LabelScheme) -> tuple[Question, ...]:
    """The questions that a scheme is asked, in order: those that are for it, without those that others replace."""
    fit = [one for one in sorted(asked, key=lambda one: (one.order, one.name)) if one.is_for(scheme)]
    in_part, whole = set[str](), set[str]()
    for one in fit:
        (in_part if one.label else whole).update(one.replaces)
    return tuple(one for one in fit if one.name not in whole and (one.each or one.name not in in_part))


def expanded(asked: Iterable[Question], scheme: LabelScheme) -> list[Question]:
    """The questions for a scheme, in order; one asked of each label stands there once for each label.

    Raises RecipeError for a question that names a label which the scheme does not have.
    """
    fit = for_scheme(asked, scheme)
    taken = {(name, one.label) for one in fit for name in one.replaces if one.label}
    found: list[Question] = []
    for question in fit:
        strange = [label for label in question.named if label not in scheme.labels]
        if strange:
            raise RecipeError(
                f"question {question.name}: scheme {scheme.name} has no label {', '.join(strange)}; "
                f"known: {', '.join(scheme.labels)}"
            )
        labels = [one for one in question.labels or tuple(scheme.labels) if (question.name, one) not in taken]
        one_each = [question.model_copy(update={"label": label, "each": False}) for label in labels]
        found += one_each if question.each else [question]
    return found


def ask(question: Question, known: Annotations, key: str, dialect: Dialect) -> Askable | None:
    """A question put to a picture; None where it does not apply or its answer is not known.

    The wordings are chosen by `key`. A question of kind description is answered elsewhere, by `described`.
    """
    wording = choose(question.wordings, f"{key}:{question.name}:{question.label}")
    own_key = f"{key}:{question.name}:{question.label}:answer"
    answer = answer_to(question, known, own_key, dialect, is_closed=is_closed(wording))
    said = answer and answer.wording(question.answers, own_key)
    text = said and asked_in(wording, question, known, dialect)
    if not answer or not said or text is None:
        return None
    name = f"{question.name}/{question.label}" if question.label and question.needs != "pixels" else question.name
    return Askable(text, question.kind, name, answer.claimed(said), lambda: answer.in_words(said))


def is_closed(wording: str) -> bool:
    """Whether a question in this wording shows the options: those that the answer leaves out are denied."""
    return "{options}" in wording


def answer_to(question: Question, known: Annotations, key: str, dialect: Dialect, *, is_closed: bool) -> Answer | None:
    """The true answer to a question before its wording is chosen; None where it is not asked of the picture."""
    if not question.is_for(known.scheme) or question.each or question.kind == "description":
        return None
    return true_answer(
        question.kind,
        known,
        label=question.label,
        offered=question.offered(known.scheme),
        is_closed=is_closed,
        may_be_none="none" in question.answers,
        key=key,
        dialect=dialect,
    )


def asked_in(wording: str, question: Question, known: Annotations, dialect: Dialect) -> str | None:
    """The question in one of its wordings.

    None where it speaks of north or east of a picture that does not lie as on maps: no words that its pixels explain.
    """
    text = _filled(wording, question, known.scheme, dialect)
    if not speaks_of_the_sky(text) or (known.orientation and known.orientation.is_as_on_maps):
        return text
    return None


def described(question: Question, text: str, claims: Sequence[Claim], key: str) -> Askable:
    """The question for a description, with the description as its answer."""
    wording = choose(question.wordings, f"{key}:{question.name}")
    return Askable(wording, question.kind, question.name, tuple(claims), lambda: text)


def _filled(wording: str, question: Question, scheme: LabelScheme, dialect: Dialect) -> str:
    wanted = slots_of(wording)
    if not wanted:
        return wording.format_map({})
    one = scheme.labels.get(question.label)
    words = {
        "dialect": DIALECT_WORDS[dialect],
        "noun": one.noun if one else ANY_NOUN[1],
        "noun_one": one.noun_one if one else ANY_NOUN[0],
        "a_noun_one": one.a_noun_one if one else f"a {ANY_NOUN[0]}",
        "title": scheme.title,
    }
    if not wanted.isdisjoint(("definitions", "options")):
        offered = question.offered(scheme)
        meanings = question.classes or {label: scheme.labels[label].definition for label in offered}
        words["definitions"] = "\n".join(f"{label}: {meaning}" for label, meaning in meanings.items())
        words["options"] = "\n".join(meanings)
    return wording.format_map(words)


def _slots(templates: Iterable[str]) -> set[str]:
    return {name for text in templates for name in slots_of(text)}
