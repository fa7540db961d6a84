"""QUALITY: every turn judged by rule against labels, objects and pixels, and flagged where its form is suspect.

Reads CONVERSATIONS, CUTOUTS and, where there is one, JUDGED by part; SOURCES and OBJECTS whole. Judged is the text: the
claims recorded with it are only held against what was read, and where they differ the turn is flagged. A model's scores
are kept beside the verdict and decide nothing here.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from catalogs.dataset import dataset
from catalogs.survey import Survey, surveys
from curation.engine.steps import Input, Step
from curation.extraction.lexicon import names_digest
from curation.extraction.reading import extract_claims
from curation.pictures.boxes import Dialect
from curation.verification.annotation_tables import CUTOUT_COLUMNS, AnnotationTables
from curation.verification.claims import Annotations, Claim, SurveyFacts
from curation.verification.entailment import are_equal
from curation.verification.verify import verify_turn
from curation.words.descriptions import survey_facts
from curation.words.flags import flags_of
from schemas.labels import LabelScheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import JUDGED, QUALITY
from schemas.touches import only


def quality(
    conversations: pa.Table,
    cutouts: pa.Table,
    sources: pa.Table,
    objects: pa.Table,
    scheme: LabelScheme,
    dialect: Dialect,
    survey: SurveyFacts | None = None,
) -> Sieved:
    """One row per turn, without scores; *in* are the turns.

    Refused: `no-cutout` and `no-source`, every turn of a conversation whose cutout or source is not there.
    Flags: `claims-differ`, the recorded claims are not those of the text; the others are told in `flags`.
    """
    return scored(conversations, cutouts, JUDGED.of([]), sources, objects, scheme, dialect, survey)


def scored(
    conversations: pa.Table,
    cutouts: pa.Table,
    judged: pa.Table,
    sources: pa.Table,
    objects: pa.Table,
    scheme: LabelScheme,
    dialect: Dialect,
    survey: SurveyFacts | None = None,
) -> Sieved:
    """The same, each turn with the scores of its conversation; null where the judge gave none."""
    scores = dict(zip(judged["conversation_id"].to_pylist(), judged["scores"].to_pylist(), strict=True))
    known = AnnotationTables(sources, objects, scheme, dialect, survey)
    rows = {one["cutout_id"]: one for one in cutouts.to_pylist()}
    kept: list[dict[str, Any]] = []
    refused: list[Rejection] = []
    about: dict[str, Annotations | None] = {}  # a cutout has several conversations
    for conversation in conversations.select(["conversation_id", "cutout_id", "turns"]).to_pylist():
        cutout = rows.get(conversation["cutout_id"])
        if cutout and cutout["cutout_id"] not in about:
            about[cutout["cutout_id"]] = known.of(cutout)
        annotations = about.get(conversation["cutout_id"])
        if annotations:
            kept += turns_of(conversation, annotations, dialect, scores.get(conversation["conversation_id"]))
        else:
            reason = "no-source" if cutout else "no-cutout"
            ids = [f"{conversation['conversation_id']}:{at}" for at in range(len(conversation["turns"]))]
            refused += [Rejection(one, reason, f"cutout {conversation['cutout_id']}") for one in ids]
    return sieved(QUALITY.of(kept), refused, sum(map(len, conversations["turns"].to_pylist())))


def quality_step(
    dataset_name: str,
    conversations: Step,
    cutouts: Step,
    sources: Step,
    objects: Step,
    scheme: LabelScheme,
    dialect: Dialect,
    survey: Survey | None = None,
    judged: Step | None = None,
) -> Step:
    """The step that makes `quality/<dataset>`, part by part.

    `survey`: the dataset's own where none is given. `judged`: the step of `judge.judged_step`, of the same
    conversations; None: no judge, and no scores.
    """
    survey = survey or surveys()[dataset(dataset_name).survey]
    judge = () if judged is None else (Input(judged, by_part=True, columns=("conversation_id", "scores")),)
    return Step(
        name=f"quality/{dataset_name}",
        make=quality if judged is None else scored,
        table=QUALITY,
        version=10,  # the reader reads more; of blank pixels nothing is known where bands beside the picture look so
        config=(only(scheme, "quality"), dialect, survey_facts(survey)),
        beside=(names_digest(scheme),),
        inputs=(
            Input(conversations, by_part=True),
            Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS),
            *judge,
            Input(sources),
            Input(objects),
        ),
        counts="turns",
    )


def turns_of(
    conversation: Mapping[str, Any], known: Annotations, dialect: Dialect, scores: list[tuple[str, float]] | None = None
) -> list[dict[str, Any]]:
    """The turns of a conversation as rows of QUALITY."""
    turns = conversation["turns"]
    read = [extract_claims(turn["question"], turn["answer"], known.scheme, dialect) for turn in turns]
    flagged = flags_of(turns, [[one.claim for one in found] for found in read], known.scheme)
    rows: list[dict[str, Any]] = []
    for at, (turn, found, flags) in enumerate(zip(turns, read, flagged, strict=True)):
        verdict, reasons = verify_turn(found, known)
        differ = not are_equal(map(Claim.of, turn["claims"] or ()), found)
        rows.append(
            {
                "conversation_id": conversation["conversation_id"],
                "turn": at,
                "verdict": str(verdict),
                "reasons": reasons,
                "judge_scores": scores,
                "flags": ["claims-differ", *flags] if differ else flags,
            }
        )
    return rows
