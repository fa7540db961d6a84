"""SAMPLES: a record of the hand-over, a conversation with its picture, split, place, licence and origin.

Reads CONVERSATIONS, CUTOUTS and QUALITY part by part, SPLITS, SOURCES and, where people reviewed samples, DECISIONS
whole. Riggi et al. 2025, section 3.1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from catalogs.survey import PictureLimits, Survey
from curation.engine.steps import Input, Resources, Step
from curation.release.poor_pictures import COLUMNS, beyond_limits
from schemas.llava import image_path, llava_record, sample_id_of
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import DECISIONS, SAMPLES

CUTOUT_COLUMNS = ("cutout_id", "source_id", "survey", "sha256", *COLUMNS)
QUALITY_COLUMNS = ("conversation_id", "turn", "verdict", "reasons")
SPLIT_COLUMNS = ("cutout_id", "patch_id", "split", "benchmark", "ra_deg", "dec_deg", "radius_arcsec")
SOURCE_COLUMNS = ("source_id", "origin_catalog", "origin_row")
DECISION_COLUMNS = ("decision_id", "reviewer", "verdict", "sample_id", "note")


@dataclass(frozen=True)
class SampleConfig:
    """What every sample of a dataset shares."""

    licence: str
    """Of the pixels; `unknown` blocks a release."""
    limits: PictureLimits = PictureLimits()
    """Of pictures."""
    rms_mjy_per_beam: float | None = None
    """The survey's own noise."""


@dataclass(frozen=True)
class _Known:
    """What is known of a conversation's cutout, by id."""

    cutouts: dict[str, dict[str, Any]]
    verdicts: dict[str, list[dict[str, Any]]]
    splits: dict[str, dict[str, Any]]
    sources: dict[str, dict[str, Any]]
    reviews: dict[str, list[dict[str, Any]]]
    """Decisions that count, by sample: they all say the same."""


def samples(
    conversations: pa.Table,
    cutouts: pa.Table,
    quality: pa.Table,
    splits: pa.Table,
    sources: pa.Table,
    config: SampleConfig,
) -> Sieved:
    """One sample a conversation. *In* are conversations.

    Refused are conversations whose cutout was refused by the splits, those whose picture is beyond a limit of its
    survey (`poor-picture`), those with a contradicted turn or, where a template wrote them, an unverifiable one (either
    is a bug, and none of the conversation can be trusted), those that break the record's rules, and a second one with
    the same picture and words.
    """
    return reviewed_samples(conversations, cutouts, quality, splits, sources, DECISIONS.of([]), config)


def reviewed_samples(
    conversations: pa.Table,
    cutouts: pa.Table,
    quality: pa.Table,
    splits: pa.Table,
    sources: pa.Table,
    decisions: pa.Table,
    config: SampleConfig,
) -> Sieved:
    """The same, without those that reviewers rejected (`rejected-in-review`), and told of those that they accepted."""
    rows = conversations.sort_by("conversation_id").to_pylist()
    cutout_rows = _by_id(cutouts.select(CUTOUT_COLUMNS).to_pylist(), "cutout_id")
    known = _Known(
        cutout_rows,
        _verdicts(quality),
        _by_id(_of_these(cutouts, splits.select(SPLIT_COLUMNS), "cutout_id").to_pylist(), "cutout_id"),
        _by_id(_of_these(cutouts, sources.select(SOURCE_COLUMNS), "source_id").to_pylist(), "source_id"),
        _by_sample(decisions.select(DECISION_COLUMNS).to_pylist()),
    )
    kept, refused = dict[str, dict[str, Any]](), list[Rejection]()
    for row in rows:
        sample = _sample(row, known, config)
        if isinstance(sample, dict) and sample["sample_id"] in kept:
            first = kept[sample["sample_id"]]["conversation_id"]
            sample = _refusal(row, "duplicate", f"the same picture and the same words as {first}")
        if isinstance(sample, Rejection):
            refused.append(sample)
        else:
            kept[sample["sample_id"]] = sample
    return sieved(SAMPLES.of(kept[one] for one in sorted(kept)), refused, conversations.num_rows)


def samples_step(
    dataset_name: str,
    conversations: Step,
    cutouts: Step,
    quality: Step,
    splits: Step,
    sources: Step,
    survey: Survey,
    decisions: Step | None = None,
) -> Step:
    """Part k from part k of conversations, cutouts and quality; `decisions`: None where nobody reviewed samples."""
    reviewed = () if decisions is None else (Input(decisions, columns=DECISION_COLUMNS),)
    return Step(
        f"samples/{dataset_name}",
        samples if decisions is None else reviewed_samples,
        SAMPLES,
        config=(SampleConfig(survey.licence, survey.limits, survey.rms_mjy_per_beam),),
        inputs=(
            Input(conversations, by_part=True),
            Input(cutouts, by_part=True, columns=CUTOUT_COLUMNS),
            Input(quality, by_part=True, columns=QUALITY_COLUMNS),
            Input(splits, columns=SPLIT_COLUMNS),
            Input(sources, columns=SOURCE_COLUMNS),
            *reviewed,
        ),
        resources=Resources(cpus=1, memory_mb=700),
    )


def _of_these(cutouts: pa.Table, table: pa.Table, column: str) -> pa.Table:
    """The rows of a part's cutouts: the splits of a whole corpus, and the sources of a dataset, are many more."""
    return table.filter(pc.is_in(table[column], pc.unique(cutouts[column])))


def _by_id(rows: Iterable[dict[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    return {row[name]: row for row in rows}


def _by_sample(decisions: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in decisions:
        found.setdefault(one["sample_id"], []).append(one)
    return found


def _said(review: dict[str, Any]) -> str:
    note = f" ({review['note']})" if review["note"] else ""
    return f"{review['reviewer']} says {review['verdict']}{note}, {review['decision_id']}"


def _verdicts(quality: pa.Table) -> dict[str, list[dict[str, Any]]]:
    judged: dict[str, list[dict[str, Any]]] = {}
    for row in quality.sort_by([("conversation_id", "ascending"), ("turn", "ascending")]).to_pylist():
        judged.setdefault(row["conversation_id"], []).append(row)
    return judged


def _sample(row: dict[str, Any], known: _Known, config: SampleConfig) -> dict[str, Any] | Rejection:
    cutout = known.cutouts.get(row["cutout_id"])
    if cutout is None or cutout["source_id"] not in known.sources:
        return _refusal(row, "no-cutout", f"cutout {row['cutout_id']} or its source is not there")
    place = known.splits.get(row["cutout_id"])
    if place is None:
        return _refusal(row, "not-in-splits", f"cutout {row['cutout_id']} was refused by the splits")
    if beyond := beyond_limits(cutout, config.limits, config.rms_mjy_per_beam):
        return _refusal(row, "poor-picture", f"{'; '.join(beyond)} (limits of survey {cutout['survey']})")
    verdicts = known.verdicts.get(row["conversation_id"], [])
    unfit = _unfit(row, verdicts)
    if unfit is not None:
        return unfit
    messages = [(turn["question"], turn["answer"]) for turn in row["turns"]]
    sample_id = sample_id_of(cutout["sha256"], messages)
    try:
        record = llava_record(sample_id, image_path(cutout["sha256"]), messages)
    except ValidationError as error:
        return _refusal(row, "bad-record", "; ".join(one["msg"] for one in error.errors()))
    reviews = known.reviews.get(sample_id, ())
    if reviews and reviews[0]["verdict"] == "reject":
        return _refusal(row, "rejected-in-review", f"{sample_id}: {'; '.join(map(_said, reviews))}")
    source = known.sources[cutout["source_id"]]
    return {
        "sample_id": sample_id,
        "image": record.image,
        "conversations": record.as_json()["conversations"],
        "dataset": row["dataset"],
        "survey": cutout["survey"],
        "licence": config.licence,
        "conversation_id": row["conversation_id"],
        "generator": row["generator"],
        "n_turns": len(messages),
        "verdicts": [one["verdict"] for one in verdicts],
        "review": "accepted" if reviews else None,
        **place,
        **source,
        "png_sha256": cutout["sha256"],
    }


def _unfit(row: dict[str, Any], verdicts: list[dict[str, Any]]) -> Rejection | None:
    """The refusal of a conversation with a turn that is not judged, contradicted or, from a template, unverifiable."""
    if [one["turn"] for one in verdicts] != list(range(len(row["turns"]))):
        return _refusal(row, "not-judged", f"{len(row['turns'])} turns, {len(verdicts)} verdicts")
    for one in verdicts:
        turn, why = row["turns"][one["turn"]], "; ".join(one["reasons"])
        is_fixed = (turn["writer"] or row["generator"]) == "template"
        if one["verdict"] in (("contradicted", "unverifiable") if is_fixed else ("contradicted",)):
            detail = f"turn {one['turn']} ({turn['question_id']}): {turn['answer']!r:.300}: {why}"
            return _refusal(row, one["verdict"], detail)
    return None


def _refusal(row: dict[str, Any], reason: str, detail: str) -> Rejection:
    names = ("conversation_id", "cutout_id", "dataset", "generator")
    turns = [(turn["question"], turn["answer"]) for turn in row["turns"]]
    return Rejection(row["conversation_id"], reason, detail, {name: row[name] for name in names} | {"turns": turns})
