"""Readers: what the words of an answer say, by someone who knows neither the picture nor what was stated.

A reader is any function of this form. The rule reader is always one of them; a corpus may name a model as another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from curation.extraction.reading import extract_claims
from curation.pictures.boxes import Dialect
from curation.verification.claims import ExtractedClaim
from schemas.labels import LabelScheme

LEFT_OVER = frozenset({"unread", "number"})
"""Kinds of what was not understood: words of content, figures that belong to nothing."""
OF_THE_ANSWER = "topic"
"""Kind of what is said of an answer as a whole, not of one of its sentences."""


@dataclass(frozen=True)
class Answered:
    """A question, and the sentences of its answer in order."""

    question: str
    sentences: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The answer as it stands in the corpus."""
        return " ".join(self.sentences)


@dataclass(frozen=True)
class Reading:
    """What a reader took from one sentence in its answer."""

    claims: tuple[ExtractedClaim, ...] = ()
    is_understood: bool = True
    """Whether no word of content, no name and no number was left over."""
    by: str = "rule"
    """Who read."""
    detail: str = ""
    """What was left over, or why there is no reading; empty where nothing was, and of the reader by rule."""


Reader = Callable[[Sequence[Answered], LabelScheme, Dialect], list[tuple[Reading, ...]]]
"""Gives for each answer a reading of each of its sentences, each sentence read in its place. All that is to be read at
a time is given together, so that a served model may be asked for all of it at once."""


def rule_reader(asked: Sequence[Answered], scheme: LabelScheme, dialect: Dialect) -> list[tuple[Reading, ...]]:
    """The reader by rule: the claims of each answer, to the sentences that they stand in."""
    return [_read(one, scheme, dialect) for one in asked]


def _read(one: Answered, scheme: LabelScheme, dialect: Dialect) -> tuple[Reading, ...]:
    found = [
        each for each in extract_claims(one.question, one.answer, scheme, dialect) if each.claim.kind != OF_THE_ANSWER
    ]
    readings, start = list[Reading](), 0
    for text in one.sentences:
        end = start + len(text)
        here = [each for each in found if each.start < end and each.end > start or start <= each.start < end]
        claims = tuple(each for each in here if each.claim.kind not in LEFT_OVER)
        readings.append(Reading(claims, is_understood=len(claims) == len(here)))
        start = end + 1
    return tuple(readings)
