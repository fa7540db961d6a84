"""ANSWERS and QUOTAS: which cutouts are asked which question, so that no answer is right without looking.

ANSWERS, by part, has what each cutout can be asked and what is true there, and a model's own questions with yes or no.
QUOTAS, whole, counts it for each question and split: an answer that is more frequent than it may be is asked for in
fewer pictures, chosen by key. What is not asked is counted there too. Nothing depends on how the cutouts are cut into
parts: `up_to` is the place in [0, 1) up to which a cutout is asked, and its own place follows from its id and the
question alone.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from curation.engine.steps import Input, Step
from curation.realisation.realise import wordings_digest
from curation.verification.annotation_tables import CUTOUT_COLUMNS, AnnotationTables
from curation.verification.claims import Claim
from curation.words.question import Askable
from curation.words.turns import GENERATED_KIND, SOME, Asking, answer_of, askable
from schemas.fingerprint import fraction
from schemas.rejection import Sieved, sieved
from schemas.tables import ANSWERS, GENERATED, QUOTAS

ROWS_AT_ONCE = 10_000
SPLIT_COLUMNS = ("cutout_id", "split")
NO_SPLIT = "none"
"""Of a cutout that the splits refused."""


class Balance(BaseModel):
    """How often an answer may be right without looking at the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_frequent: float = Field(default=0.5, gt=0, le=1)
    """Largest share of one answer among those of a question in a split; 1: everything is asked that can be."""
    most_blind: float = Field(default=0.6, gt=0, le=1)
    """`plan` warns of a question that is answered more often than this without the picture. An even yes-or-no question
    scores 0.5, and of a hundred pictures hardly ever 0.6 by chance. Part of no address."""


def answers(
    cutouts: pa.Table,
    sources: pa.Table,
    objects: pa.Table,
    how: Asking,
) -> Sieved:
    """What each cutout can be asked with the answer in a word; *in* are those pairs. A description is always asked."""
    return answers_with_generated(cutouts, GENERATED.of([]), sources, objects, how)


def answers_with_generated(
    cutouts: pa.Table, generated: pa.Table, sources: pa.Table, objects: pa.Table, how: Asking
) -> Sieved:
    """The same, and what a model asked that is answered yes or no."""
    known = AnnotationTables(sources, objects, how.scheme, how.dialect)
    kept = list(_written_answers(generated))
    for cutout in cutouts.to_pylist():
        annotations = known.of(cutout)
        for one in askable(annotations, None, how.expanded, how.dialect) if annotations else ():
            kept.append(
                {
                    "cutout_id": cutout["cutout_id"], "dataset": cutout["dataset"], "question_id": one.question_id,
                    "turn": 0, "kind": one.kind, "answer": answer_of(one.kind, one.claims),
                }
            )  # fmt: skip
    return sieved(ANSWERS.of(kept), [], len(kept))


def answers_step(
    dataset_name: str,
    cutouts: Step,
    sources: Step,
    objects: Step,
    how: Asking,
    generated: Step | None = None,
) -> Step:
    """The step that makes `answers/<dataset>`, part by part with the cutouts, and with what a model wrote of them."""
    return Step(
        name=f"answers/{dataset_name}",
        make=answers if generated is None else answers_with_generated,
        table=ANSWERS,
        config=(how,),
        beside=(wordings_digest(),),
        inputs=(
            Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS),
            *(() if generated is None else (Input(generated, by_part=True),)),
            Input(sources),
            Input(objects),
        ),
        counts="questions that cutouts can answer",
    )


def quotas(answers: pa.Table, splits: pa.Table, most_frequent: float) -> Sieved:
    """For each question, split and answer the pictures in which it is true, and those that are asked; *in* are those.

    No answer is more than `most_frequent` of a question's answers in a split. Of lists of boxes each is an answer of
    its own, so only the empty one can be too frequent. Where there is but one answer, the question is not asked.
    """
    split_of = _split_of(splits, answers["cutout_id"])
    found: dict[tuple[str, str, str, str], dict[str, list[float]]] = {}
    rows_of = (row for batch in answers.to_batches(ROWS_AT_ONCE) for row in batch.to_pylist())  # of a corpus: millions
    for row in rows_of:
        question = (row["dataset"], row["question_id"], row["kind"], split_of.get(row["cutout_id"], NO_SPLIT))
        place = place_of(row["cutout_id"], row["question_id"], row["turn"])
        found.setdefault(question, {}).setdefault(row["answer"], []).append(place)
    rows = [
        _quota(question, answer, places, most)
        for question, by_answer in sorted(found.items())
        for most in [most_of_one(_sizes(question[2], by_answer), most_frequent)]
        for answer, places in sorted(by_answer.items())
    ]
    return sieved(QUOTAS.of(rows), [], len(rows))


def quotas_step(dataset_name: str, answers: Step, splits: Step, balance: Balance) -> Step:
    """The whole step that makes `quotas/<dataset>`."""
    return Step(
        name=f"quotas/{dataset_name}",
        make=quotas,
        table=QUOTAS,
        config=(balance.most_frequent,),
        inputs=(Input(answers), Input(splits, columns=SPLIT_COLUMNS)),
        counts="answers of a question in a split",
    )


def most_of_one(sizes: Sequence[int], share: float) -> int:
    """How often one answer may be asked for: the largest number that is at most `share` of all that are then asked."""
    tolerance = 1e-9
    counts = range(1, max(sizes, default=0) + 1)
    return bisect_left(counts, 1, key=lambda most: most > share * sum(min(one, most) for one in sizes) + tolerance)


def place_of(cutout_id: str, question_id: str, turn: int = 0) -> float:
    """Where a cutout stands in the order in which cutouts are asked a question, in [0, 1)."""
    return fraction(f"{cutout_id}:{question_id}:{turn}:asked")


@dataclass(frozen=True)
class Quotas:
    """QUOTAS, and the split of each cutout."""

    up_to: Mapping[tuple[str, str, str], float | None]
    """By split, question and answer."""
    split_of: Mapping[str, str]

    @classmethod
    def of(cls, quotas: pa.Table, splits: pa.Table, cutout_ids: pa.ChunkedArray) -> "Quotas":
        """The tables; of the splits only those of these cutouts, for a whole corpus has many."""
        up_to = {(row["split"], row["question_id"], row["answer"]): row["up_to"] for row in quotas.to_pylist()}
        return cls(up_to, _split_of(splits, cutout_ids))

    def asks(self, cutout_id: str, one: Askable) -> bool:
        """Whether a cutout is asked this; a description always."""
        answer = answer_of(one.kind, one.claims)
        return answer is None or self._is_in(cutout_id, one.question_id, 0, answer)

    def asks_written(self, cutout_id: str, written: Mapping[str, Any]) -> bool:
        """The same of a row of GENERATED; one that is not answered yes or no always."""
        found = _written_answer(written)
        return found is None or self._is_in(cutout_id, found["question_id"], found["turn"], found["answer"])

    def _is_in(self, cutout_id: str, question_id: str, turn: int, answer: str) -> bool:
        up_to = self.up_to.get((self.split_of.get(cutout_id, NO_SPLIT), question_id, answer))
        return up_to is not None and place_of(cutout_id, question_id, turn) <= up_to


def _written_answers(generated: pa.Table) -> Iterator[dict[str, Any]]:
    for row in generated.to_pylist():
        found = _written_answer(row)
        if found:
            yield found


def _written_answer(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row of GENERATED as one of ANSWERS; None where it is not answered yes or no."""
    claims = [Claim.of(one) for one in row["claims"] or ()]
    answer = answer_of(GENERATED_KIND, claims, row["answer"])
    if answer is None:
        return None
    return {
        "cutout_id": row["cutout_id"], "dataset": row["dataset"], "kind": GENERATED_KIND, "answer": answer,
        "question_id": f"{GENERATED_KIND}/{claims[0].subject}", "turn": row["turn"] + 1,
    }  # fmt: skip


def _sizes(kind: str, by_answer: Mapping[str, Sequence[float]]) -> list[int]:
    """How often each answer is true."""
    sizes: list[int] = []
    for answer, places in by_answer.items():
        sizes += [1] * len(places) if kind == "boxes" and answer == SOME else [len(places)]
    return sizes


def _quota(question: tuple[str, str, str, str], answer: str, places: Sequence[float], most: int) -> dict[str, Any]:
    dataset, question_id, kind, split = question
    is_open = kind == "boxes" and answer == SOME
    n_asked = len(places) if is_open else min(len(places), most)
    return {
        "dataset": dataset, "question_id": question_id, "kind": kind, "split": split, "answer": answer,
        "n": len(places), "n_asked": n_asked, "up_to": sorted(places)[n_asked - 1] if n_asked else None,
    }  # fmt: skip


def _split_of(splits: pa.Table, cutout_ids: pa.ChunkedArray) -> dict[str, str]:
    rows = splits.filter(pc.is_in(splits["cutout_id"], pc.unique(cutout_ids)))
    return dict(zip(rows["cutout_id"].to_pylist(), rows["split"].to_pylist(), strict=True))
