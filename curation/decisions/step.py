"""DECISIONS: what reviewers decided, and that counts; the others refused with the reason.

Two tables a dataset, for they change different things: `decisions/<dataset>/labels`, of which SOURCES and OBJECTS are
corrected before anything is said of them, and `decisions/<dataset>/samples`, by which samples leave the hand-over. Each
reads CUTOUTS, SOURCES and OBJECTS whole, to see whether the evidence is what the reviewer saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.decisions.evidence import Annotated
from curation.decisions.reviewed import Vocabulary
from curation.decisions.rows import Decision, Verdict
from curation.decisions.standing import outcomes
from curation.engine.steps import Input, Resources, Step
from schemas.fingerprint import fingerprint
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import CUTOUTS_WITHOUT_PICTURES, DECISIONS

LABELS, SAMPLES = "labels", "samples"
REASONS = {
    "not-here": "the corpus has no such cutout",
    "picture-changed": "the picture is another one now; look again",
    "labels-changed": "the labels in the picture were others; look again",
    "no-such-label": "the scheme of the dataset has no such label now; look again",
    "draw": "as many reviewers say otherwise",
    "outvoted": "most reviewers say otherwise",
}
OPEN = ("picture-changed", "labels-changed", "no-such-label", "draw")
"""Reasons for which somebody should look again."""


@dataclass(frozen=True)
class Decided:
    """The decisions that speak, as they stand in the recipe: how many of each kind, and a digest of all they say."""

    words: Vocabulary
    n: dict[str, int]
    sha256: str

    @classmethod
    def of(cls, rows: Sequence[Decision], words: Vocabulary) -> "Decided":
        """Of decisions as `standing.speaking` gives them."""
        count = {str(kind): sum(one.verdict is kind for one in rows) for kind in Verdict}
        said = fingerprint(sorted(one.decision_id for one in rows))
        return cls(words, {kind: n for kind, n in count.items() if n}, said)


def decisions(
    cutouts: pa.Table, sources: pa.Table, objects: pa.Table, decided: Decided, rows: Sequence[Decision]
) -> Sieved:
    """The decisions that count; *in* are those that speak. Refused: see REASONS.

    Those whose evidence changed have no vote.
    """
    seen = _Seen(cutouts, Annotated(sources, objects), rows)
    reasons = {one.decision_id: why for one in rows if (why := seen.refusal(one) or _unknown(one, decided.words))}
    standing = [one for one in rows if one.decision_id not in reasons]
    reasons |= {name: why for name, why in outcomes(standing, lambda _: decided.words.is_single).items() if why}
    kept = [row(one) for one in rows if one.decision_id not in reasons]
    refused = [
        Rejection(one.decision_id, why, f"{one.reviewer}: {one.told}; {REASONS[why]}", row(one))
        for one in rows
        if (why := reasons.get(one.decision_id))
    ]
    return sieved(DECISIONS.of(sorted(kept, key=lambda one: one["decision_id"])), refused, len(rows))


def decisions_step(
    dataset_name: str, about: str, front: tuple[Step, Step, Step], rows: Sequence[Decision], words: Vocabulary
) -> Step:
    """`decisions/<dataset>/<about>`, whole; `front`: its cutouts, sources and objects as they are before review."""
    cutouts, sources, objects = front
    return Step(
        name=f"decisions/{dataset_name}/{about}",
        make=partial(decisions, rows=tuple(rows)),
        table=DECISIONS,
        config=(Decided.of(rows, words),),
        inputs=(
            Input(cutouts, columns=CUTOUTS_WITHOUT_PICTURES),
            Input(sources, columns=("source_id", "labels")),
            Input(objects),
        ),
        counts="decisions of reviewers",
        resources=Resources(cpus=1, memory_mb=1000),
    )


def row(one: Decision) -> dict[str, Any]:
    """A decision as a row of DECISIONS."""
    said = one.model_dump(mode="json", exclude={"undoes"})
    return {"decision_id": one.decision_id, **said, "note": one.note or None}


def _unknown(one: Decision, words: Vocabulary) -> str | None:
    is_known = one.verdict is not Verdict.CORRECT or (one.scheme == words.scheme and one.label in words.labels)
    return None if is_known else "no-such-label"


class _Seen:
    """The evidence as it is now."""

    def __init__(self, cutouts: pa.Table, known: Annotated, rows: Sequence[Decision]) -> None:
        wanted = pa.array(sorted({one.source_id for one in rows}), pa.string())
        found = cutouts.filter(pc.is_in(cutouts["source_id"], wanted)).to_pylist()
        self.sources = {one["source_id"] for one in found}
        decided = {one.cutout_id for one in rows}
        self.now = {one["cutout_id"]: known.of(one) for one in found if one["cutout_id"] in decided}

    def refusal(self, one: Decision) -> str | None:
        """Why a decision is about something else than what is there; None where it is not."""
        now = self.now.get(one.cutout_id)
        if now is None:
            return "picture-changed" if one.source_id in self.sources else "not-here"
        if now.picture_sha256 != one.picture_sha256:
            return "picture-changed"
        return None if now.labels_sha256 == one.labels_sha256 else "labels-changed"
