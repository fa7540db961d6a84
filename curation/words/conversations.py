"""CONVERSATIONS: a cutout's description, then every question that its labels, objects and pixels can answer.

Reads CUTOUTS and DESCRIPTIONS by part, SOURCES and OBJECTS whole. Riggi et al. 2025, 3.1.1. Nothing here depends on a
model: fixed questions and answers are there whatever becomes of the generated ones.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from curation.engine.steps import Input, Step
from curation.pictures.boxes import Dialect
from curation.words.claims import Claim, Truths
from curation.words.known import CUTOUT_COLUMNS, Known
from curation.words.question import AskedTurn, Question, ask, described, expanded
from schemas.conversation import Conversation, Turn
from schemas.fingerprint import choose, content_id
from schemas.labels import LabelScheme, Truth
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import CONVERSATIONS

GENERATOR = "template"


def conversations(
    cutouts: pa.Table,
    descriptions: pa.Table,
    sources: pa.Table,
    objects: pa.Table,
    scheme: LabelScheme,
    questions: Sequence[Question],
    dialect: Dialect,
) -> Sieved:
    """One conversation per cutout; *in* are the cutouts.

    Refused: `no-source` and `no-description`, where the cutout's row in SOURCES or DESCRIPTIONS is not there, and
    `nothing-asked`, where the questions hold none that this cutout can answer.
    """
    known, asked = Known(sources, objects, scheme, dialect), expanded(questions, scheme)
    told = {one["cutout_id"]: one for one in descriptions.to_pylist()}
    kept, refused = [], []
    for cutout in cutouts.to_pylist():
        truths, text = known.of(cutout), told.get(cutout["cutout_id"])
        turns = turns_about(truths, text, asked, dialect) if truths and text else []
        if turns:
            kept.append(_conversation(cutout, turns))
        else:
            refused.append(_refusal(cutout, truths, text))
    return sieved(CONVERSATIONS.of(kept), refused, cutouts.num_rows)


def conversations_step(
    dataset_name: str,
    cutouts: Step,
    descriptions: Step,
    sources: Step,
    objects: Step,
    scheme: LabelScheme,
    questions: Sequence[Question],
    dialect: Dialect,
) -> Step:
    """The step that makes `conversations/<dataset>`, part by part; only questions for the scheme are in its recipe."""
    used = tuple(one for one in questions if one.is_for(scheme))
    return Step(
        name=f"conversations/{dataset_name}",
        make=conversations,
        table=CONVERSATIONS,
        version=2,  # artefacts are no radio sources
        config=(scheme, used, dialect),
        inputs=(
            Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS),
            Input(descriptions, by_part=True),
            Input(sources),
            Input(objects),
        ),
    )


def turns_about(
    known: Truths, description: Mapping[str, Any], asked: Sequence[Question], dialect: Dialect
) -> list[AskedTurn]:
    """The turns of a cutout in the order of the questions (`expanded`); none asked twice, whatever its wording."""
    turns: dict[str, AskedTurn] = {}
    for question in asked:
        turn = (
            described(question, description["text"], [Claim.of(one) for one in description["claims"]], known.cutout_id)
            if question.kind == "description"
            else ask(question, known, known.cutout_id, dialect)
        )
        if turn:
            turns.setdefault(" ".join(turn.question.lower().split()), turn)
    return _one_absence_each(list(turns.values()), known.cutout_id)


def _one_absence_each(turns: list[AskedTurn], key: str) -> list[AskedTurn]:
    """Of the questions for boxes or numbers of a class that is not there, one of each door, chosen by key.

    Whether a class is there is asked of every class; a crowd of empty lists would teach that the answer is none.
    """
    absent: dict[str, list[str]] = {}
    for turn in turns:
        if turn.kind in ("boxes", "count") and all(claim.state == Truth.ABSENT for claim in turn.claims):
            absent.setdefault(turn.question_id.split("/")[0], []).append(turn.question_id)
    dropped = {one for door, ids in absent.items() for one in ids if one != choose(ids, f"{key}:{door}:absent")}
    return [turn for turn in turns if turn.question_id not in dropped]


def _conversation(cutout: Mapping[str, Any], turns: Sequence[AskedTurn]) -> dict[str, Any]:
    Conversation(turns=tuple(Turn(question=turn.question, answer=turn.answer) for turn in turns))
    rows = [turn.row() for turn in turns]
    return {
        "conversation_id": content_id("conv", cutout["cutout_id"], rows),
        "cutout_id": cutout["cutout_id"],
        "dataset": cutout["dataset"],
        "turns": rows,
        "generator": GENERATOR,
    }


def _refusal(cutout: Mapping[str, Any], known: Truths | None, text: Mapping[str, Any] | None) -> Rejection:
    reason, detail = "nothing-asked", "no question applies to this cutout, and none asks for a description"
    if known is None:
        reason, detail = "no-source", f"no {cutout['source_id']} in SOURCES"
    elif text is None:
        reason, detail = "no-description", "no row in DESCRIPTIONS"
    return Rejection(cutout["cutout_id"], reason, detail, {"source_id": cutout["source_id"]})
