"""What a picture could be asked: every question whose answer is known of it, and the answer in a word."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from curation.pictures.boxes import Dialect
from curation.verification.claims import Annotations, Claim
from curation.words.question import Askable, AskedTurn, Question, ask, described, expanded, for_scheme
from schemas.labels import LabelScheme, Truth
from schemas.touches import only

YES, NO, SOME, NONE = "yes", "no", "some", "none"
GENERATED_KIND = "generated"
"""Kind and question id of a turn that a model wrote."""

_YES_NO = re.compile(r"(?i)\s*(yes|no)\b")


@dataclass(frozen=True)
class Asking:
    """What the pictures of a dataset are asked, and in which form boxes are answered."""

    scheme: LabelScheme
    questions: tuple[Question, ...]
    dialect: Dialect

    @cached_property
    def expanded(self) -> list[Question]:
        """Every question in order, one asked of each label once for each."""
        return expanded(self.questions, self.scheme)


def asking(scheme: LabelScheme, questions: Sequence[Question], dialect: Dialect) -> Asking:
    """What is asked of a scheme, as a part of recipes: what answers and conversations read, and questions for it."""
    return Asking(only(scheme, "answers"), for_scheme(questions, scheme), dialect)


def turns_about(
    known: Annotations, description: Mapping[str, Any] | None, asked: Sequence[Question], dialect: Dialect
) -> list[AskedTurn]:
    """What a cutout can be asked (`askable`), asked and answered."""
    return [one.turn() for one in askable(known, description, asked, dialect)]


def askable(
    known: Annotations, description: Mapping[str, Any] | None, asked: Sequence[Question], dialect: Dialect
) -> list[Askable]:
    """What a cutout can be asked, in the order of the questions (`expanded`); none twice, whatever its wording.

    `description`: its row of DESCRIPTIONS; None: it is not asked for.
    """
    found: dict[str, Askable] = {}
    for question in asked:
        if question.kind != "description":
            one = ask(question, known, known.cutout_id, dialect)
        elif description is not None:
            claims = [Claim.of(one) for one in description["claims"]]
            one = described(question, description["text"], claims, known.cutout_id)
        else:
            continue
        if one:
            found.setdefault(plain(one.question), one)
    return list(found.values())


def plain(text: str) -> str:
    """A question as it is compared with others."""
    return " ".join(text.lower().split())


def answer_of(kind: str, claims: Sequence[Claim], text: str = "") -> str | None:
    """What is true, in a word, whatever the wording: yes, no, a class, classes, a number; of boxes: some or none.

    `text`: of a model's turn, whose answer is yes or no where it begins so and claims one thing. None for an answer
    that is not one of a few, as a description.
    """
    if kind == GENERATED_KIND:
        said = _YES_NO.match(text) if len(claims) == 1 else None
        return said[1].lower() if said else None
    present = [one for one in claims if one.state is Truth.PRESENT]
    if kind in ("yes-no", "border"):
        return YES if claims[0].state is Truth.PRESENT else NO
    if kind in ("class", "labels"):
        return ", ".join(one.subject for one in present) or NONE
    if kind == "peculiarity":
        return claims[0].subject
    if kind in ("count", "boxes"):
        number = next((one.count or 0 for one in present if one.kind == "count"), 0)
        return str(number) if kind == "count" else SOME if number else NONE
    return None
