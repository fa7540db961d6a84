"""QUALITY: every turn judged by rule against labels, objects and pixels, and flagged where its form is suspect.

Reads CONVERSATIONS and CUTOUTS by part, SOURCES and OBJECTS whole. Judged is the text: the claims recorded with it are
only held against what was read, and where they differ the turn is flagged.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from catalogs.dataset import dataset
from catalogs.survey import Survey, surveys
from curation.engine.steps import Input, Step
from curation.pictures.boxes import Dialect
from curation.words.claims import Claim, SurveyFacts, Truths
from curation.words.descriptions import survey_facts
from curation.words.faithfulness import are_equal, judge_turn, read_claims
from curation.words.known import CUTOUT_COLUMNS, Known
from schemas.labels import LabelScheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import QUALITY

NAMES_CAPTION = re.compile(
    r"(?i)\b(?:captions?|annotat\w+|ground truth|metadata|provided (?:context|text|labels?)|label says|as mentioned)\b"
)
LONG_ANSWER = 40
"""Characters from which an answer given twice is a repetition; "No." may be the answer to many questions."""


def quality(
    conversations: pa.Table,
    cutouts: pa.Table,
    sources: pa.Table,
    objects: pa.Table,
    scheme: LabelScheme,
    dialect: Dialect,
    survey: SurveyFacts | None = None,
) -> Sieved:
    """One row per turn; *in* are the turns.

    Refused: `no-cutout` and `no-source`, every turn of a conversation whose cutout or source is not there.
    Flags: `claims-differ`, the recorded claims are not those of the text; `names-caption`, the answer speaks of what
    only its writer saw; `duplicate-turn`, a question or a long answer stands twice in the conversation.
    """
    known = Known(sources, objects, scheme, dialect, survey)
    rows = {one["cutout_id"]: one for one in cutouts.to_pylist()}
    kept: list[dict[str, Any]] = []
    refused: list[Rejection] = []
    for conversation in conversations.select(["conversation_id", "cutout_id", "turns"]).to_pylist():
        cutout = rows.get(conversation["cutout_id"])
        truths = known.of(cutout) if cutout else None
        if truths:
            kept += judged(conversation, truths, dialect)
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
) -> Step:
    """The step that makes `quality/<dataset>`, part by part; `survey`: the dataset's own where none is given."""
    survey = survey or surveys()[dataset(dataset_name).survey]
    return Step(
        name=f"quality/{dataset_name}",
        make=quality,
        table=QUALITY,
        version=2,  # artefacts are no radio sources
        config=(scheme, dialect, survey_facts(survey)),
        inputs=(
            Input(conversations, by_part=True),
            Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS),
            Input(sources),
            Input(objects),
        ),
        counts="turns",
    )


def judged(conversation: Mapping[str, Any], known: Truths, dialect: Dialect) -> list[dict[str, Any]]:
    """The turns of a conversation as rows of QUALITY."""
    turns = conversation["turns"]
    twice = _repeated(turns)
    rows: list[dict[str, Any]] = []
    for at, turn in enumerate(turns):
        found = read_claims(turn["question"], turn["answer"], known.scheme, dialect)
        verdict, reasons = judge_turn(found, known)
        flags = {
            "claims-differ": not are_equal(map(Claim.of, turn["claims"] or ()), found),
            "names-caption": bool(NAMES_CAPTION.search(turn["answer"])),
            "duplicate-turn": at in twice,
        }
        rows.append(
            {
                "conversation_id": conversation["conversation_id"],
                "turn": at,
                "verdict": str(verdict),
                "reasons": reasons,
                "judge_scores": None,
                "flags": [name for name, speaks in flags.items() if speaks],
            }
        )
    return rows


def _repeated(turns: Sequence[Mapping[str, Any]]) -> set[int]:
    """Places of the turns whose question, or whose long answer, stands in the conversation more than once.

    Lists of boxes are left out: all objects may well be of one class.
    """
    asked = [" ".join(turn["question"].lower().split()) for turn in turns]
    said = ["" if turn["kind"] == "boxes" else " ".join(turn["answer"].lower().split()) for turn in turns]
    n_asked, n_said = Counter(asked), Counter(one for one in said if len(one) >= LONG_ANSWER)
    return {at for at in range(len(turns)) if n_asked[asked[at]] > 1 or n_said[said[at]] > 1}
