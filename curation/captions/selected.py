"""CAPTIONS: the figures that are taken, each as one question with its caption for an answer.

Reads FIGURES and RATINGS part by part, FIGURE_SPLITS whole, and the catalogues at hand. The first rule that cuts a
figure is its reason. Riggi et al. 2025, section 3.1.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalogs.survey import surveys
from curation.captions.places import Place
from curation.captions.ratings import TOO_FEW_WORDS
from curation.captions.settings import Captions, Selection
from curation.captions.statements import Known, SurveyFact, known_sky, statements, survey_facts, verdict_of
from curation.engine.steps import Input, Resources, Step
from schemas.conversation import PlainText
from schemas.fingerprint import choose
from schemas.folder import read_toml
from schemas.llava import image_path, llava_record, sample_id_of
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import CAPTIONS

FIGURE_COLUMNS = (
    "figure_id", "paper_id", "number", "panel", "caption", "caption_latex", "n_words", "png", "sha256", "licence",
    "is_redistributable", "attribution",
)  # fmt: skip
RATING_COLUMNS = (
    "figure_id", "has_multiplot", "is_astromap", "is_corrupted", "rule_multiplot", "rules", "score_bound",
    "model_score", "caption_score", "request_sha",
)  # fmt: skip
SPLIT_COLUMNS = ("figure_id", "group_id", "split", "places")
SOURCE_COLUMNS = ("source_id", "source_name", "ra_deg", "dec_deg")
ENTRY_COLUMNS = ("entry_id", "name", "ra_deg", "dec_deg")
CUTS = (
    TOO_FEW_WORDS, "not-in-splits", "not-rated", "multiplot", "corrupted", "low-score", "contradicted",
    "not-redistributable", "bad-record", "duplicate",
)  # fmt: skip
"""The rules in their order; `not-in-splits` stands for copies and sealed sky."""
AUTHOR = "author"
Row = dict[str, Any]


class Questions(BaseModel):
    """The wordings of the one question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    brief: tuple[PlainText, ...] = Field(min_length=1)
    detailed: tuple[PlainText, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Rules:
    """What decides the samples beside the tables."""

    selection: Selection
    questions: Questions
    surveys: tuple[SurveyFact, ...]
    n_sources: int
    """Tables of SOURCES among the catalogues; those of ENTRIES come after them."""


@lru_cache(maxsize=1)
def questions() -> Questions:
    """The wordings of `questions.toml`."""
    return Questions.model_validate(read_toml(Path(__file__).parent / "questions.toml"))


def captions(figures: pa.Table, ratings: pa.Table, splits: pa.Table, *given: Any) -> Sieved:
    """CAPTIONS; *in* are the figures. `given`: tables of SOURCES, tables of ENTRIES, and last the Rules.

    Refused, by the first rule that does: see CUTS.
    """
    *tables, rules = given
    rows = figures.select(FIGURE_COLUMNS).sort_by("figure_id").to_pylist()
    ids = pa.array([row["figure_id"] for row in rows], pa.string())
    rated = {row["figure_id"]: row for row in ratings.select(RATING_COLUMNS).to_pylist()}
    placed = splits.select(SPLIT_COLUMNS).filter(pc.is_in(splits["figure_id"], ids)).to_pylist()
    places = {row["figure_id"]: row for row in placed}
    wanted = [row["caption"] for row in rows if row["figure_id"] in rated]
    known = known_sky(wanted, rules.surveys, tables[: rules.n_sources], tables[rules.n_sources :])
    kept: dict[str, Row] = {}
    refused: list[Rejection] = []
    for row in rows:
        sample = _sample(row, rated.get(row["figure_id"]), places.get(row["figure_id"]), rules, known)
        if isinstance(sample, dict) and sample["sample_id"] in kept:
            first = kept[sample["sample_id"]]["figure_id"]
            sample = _refusal(row, "duplicate", f"the same picture and the same words as {first}")
        if isinstance(sample, Rejection):
            refused.append(sample)
        else:
            kept[sample["sample_id"]] = sample
    return sieved(CAPTIONS.of(kept[one] for one in sorted(kept)), refused, figures.num_rows)


def captions_step(
    corpus: str, figures: Step, ratings: Step, splits: Step, wanted: Captions, *, sources: Sequence[Step],
    entries: Sequence[Step],
) -> Step:  # fmt: skip
    """The step that makes `captions/<corpus>`, part by part; `sources` and `entries` are the catalogues at hand."""
    return Step(
        f"captions/{corpus}",
        captions,
        CAPTIONS,
        config=(Rules(wanted.selection, questions(), survey_facts(surveys()), len(sources)),),
        inputs=(
            Input(figures, by_part=True, columns=FIGURE_COLUMNS),
            Input(ratings, by_part=True, columns=RATING_COLUMNS),
            Input(splits, columns=SPLIT_COLUMNS),
            *(Input(one, columns=SOURCE_COLUMNS) for one in sources),
            *(Input(one, columns=ENTRY_COLUMNS) for one in entries),
        ),
        resources=Resources(cpus=1, memory_mb=1000),
    )


def cut(figure: Row, rating: Row | None, is_placed: bool, selection: Selection) -> tuple[str, str] | None:
    """The first rule of the selection that a figure breaks, and how; None: it is taken so far."""
    if figure["n_words"] <= selection.words_above:
        return TOO_FEW_WORDS, f"{figure['n_words']} words, more than {selection.words_above} are wanted"
    if not is_placed:
        return "not-in-splits", "a copy of another figure, or one of sky that is not trained on"
    if rating is None:
        return "not-rated", "the model gave no rating"
    if rating["has_multiplot"] or (rating["rule_multiplot"] and rating["score_bound"] <= selection.score_above):
        return "multiplot", "the model says so" if rating["has_multiplot"] else _told(rating)
    if rating["is_corrupted"]:
        return "corrupted", "the model says so"
    if rating["caption_score"] <= selection.score_above:
        bounded = f", bounded to {rating['score_bound']}: {_told(rating)}"
        is_bounded = rating["score_bound"] < rating["model_score"]
        return "low-score", f"{rating['model_score']} by the model{bounded if is_bounded else ''}"
    if selection.redistributable_only and not figure["is_redistributable"]:
        return "not-redistributable", f"licence {figure['licence']}"
    return None


def _told(rating: Row) -> str:
    return "; ".join(rating["rules"])


def _sample(figure: Row, rating: Row | None, place: Row | None, rules: Rules, known: Known) -> Row | Rejection:
    broken = cut(figure, rating, place is not None, rules.selection)
    if broken or rating is None or place is None:
        return _refusal(figure, *(broken or ("not-rated", "")))
    said = statements(figure["caption"], [Place(**one) for one in place["places"]], known)
    verdict = verdict_of(said)
    if verdict == "contradicted":
        wrong = [one for one in said if one["verdict"] == "contradicted"]
        why = "; ".join(f"{one['kind']} {one['said']}, against {one['evidence']}" for one in wrong)
        return _refusal(figure, "contradicted", why)
    is_long = figure["n_words"] > rules.selection.detailed_above
    kind = "detailed" if is_long else "brief"
    question = choose(getattr(rules.questions, kind), f"{figure['figure_id']} question")
    sample_id = sample_id_of(figure["sha256"], [(question, figure["caption"])])
    try:
        record = llava_record(sample_id, image_path(figure["sha256"]), [(question, figure["caption"])])
    except ValidationError as error:
        return _refusal(figure, "bad-record", "; ".join(one["msg"] for one in error.errors()))
    turn = {
        "question": question, "answer": figure["caption"], "kind": "caption", "question_id": f"captions/{kind}",
        "claims": [], "writer": AUTHOR, "request_sha": rating["request_sha"],
    }  # fmt: skip
    names = ("figure_id", "paper_id", "caption_latex", "n_words", "licence", "is_redistributable", "attribution", "png")
    return {name: figure[name] for name in names} | {
        "sample_id": sample_id, "image": record.image, "conversations": record.as_json()["conversations"],
        "turns": [turn], "split": place["split"], "group_id": place["group_id"],
        "is_astromap": rating["is_astromap"], "caption_score": rating["caption_score"], "statements": said,
        "verdict": verdict, "png_sha256": figure["sha256"],
    }  # fmt: skip


def _refusal(figure: Mapping[str, Any], reason: str, detail: str) -> Rejection:
    named = {name: figure[name] for name in ("paper_id", "number", "panel", "caption", "licence")}
    return Rejection(figure["figure_id"], reason, detail, named)
