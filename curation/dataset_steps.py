"""The steps of one dataset, from its pictures to its samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from catalogs.dataset import Dataset
from catalogs.noise import NoiseOptions, noise_recipe
from catalogs.survey import Survey, surveys
from curation.asking.vlm import Asker
from curation.decisions.reviewed import Vocabulary, reviewed_objects_step, reviewed_sources_step
from curation.decisions.rows import Decision, Verdict
from curation.decisions.standing import speaking
from curation.decisions.step import LABELS, SAMPLES, decisions_step
from curation.engine.objects import AnyPath
from curation.engine.steps import Step
from curation.fault_injection.injections import injections_step
from curation.generation.generation import generated_step
from curation.generation.judge import Judging, judged_step
from curation.generation.model_reader import ReaderModel, read_back
from curation.generation.writing import Generation, writing_about
from curation.pictures.boxes import Dialect
from curation.pictures.cutouts import cutouts_step
from curation.pictures.frame import AS_CUT, Frame
from curation.pictures.framed import framed_cutouts_step
from curation.pictures.frames import frames_step
from curation.pictures.noise import noise_step
from curation.pictures.render import Picture
from curation.pictures.unchanged import Stamps
from curation.pictures.windows import windows_step
from curation.release.samples import samples_step
from curation.truth.classes import classes_step
from curation.truth.objects import objects_step
from curation.truth.relabel import detections_step, relabel_step
from curation.truth.sources import sources_step
from curation.truth.withdrawn import Withdrawn
from curation.used_doors import doors_of
from curation.words.conversations import conversations_step
from curation.words.descriptions import descriptions_step
from curation.words.quality import quality_step
from curation.words.question import questions
from curation.words.quotas import Balance, answers_step, quotas_step
from curation.words.turns import asking
from schemas.labels import label_scheme


class Wanted(Protocol):
    """What a corpus file says of every dataset: `curation.corpus.Corpus`."""

    @property
    def picture(self) -> Picture: ...
    @property
    def frame(self) -> Frame | None: ...
    @property
    def noise(self) -> NoiseOptions: ...
    @property
    def dialect(self) -> Dialect: ...
    @property
    def questions(self) -> tuple[str, ...]: ...
    @property
    def balance(self) -> Balance: ...
    @property
    def rows_per_part(self) -> int: ...
    @property
    def generation(self) -> Generation | None: ...
    @property
    def reader(self) -> ReaderModel | None: ...
    @property
    def judge(self) -> Judging | None: ...


@dataclass(frozen=True)
class DatasetSteps:
    """The steps of one dataset, in order."""

    dataset: Dataset
    survey: Survey
    mosaics: Step
    sources: Step
    """As reviewers corrected them; where nobody did, as they were read."""
    objects: Step
    """The same."""
    windows: Step
    cutouts: Step
    descriptions: Step
    answers: Step
    quotas: Step
    conversations: Step
    quality: Step
    samples: Step
    injections: Step
    """Texts of known truth, given to the checker; nothing is made of them."""
    generated: Step | None = None
    judged: Step | None = None
    decisions: tuple[Step, ...] = ()
    """What reviewers decided, where they did."""


@dataclass(frozen=True)
class Reviewed:
    """What reviewers left of a dataset: its sources and objects, and the decisions about its samples, if any."""

    sources: Step
    objects: Step
    decisions: tuple[Step, ...] = ()
    """About labels, about samples; a step only where there are some."""
    of_samples: Step | None = None


def picture_steps(
    wanted: Wanted,
    one: Dataset,
    mosaics: Step,
    entries: Mapping[str, Step],
    raw: Path,
    *,
    images: AnyPath | None = None,
    stamps: Stamps | None = None,
    withdrawn: tuple[Withdrawn, ...] = (),
) -> tuple[Step, Step, Step, Step]:
    """Sources, objects, windows and cutouts of a dataset.

    `images`: where the mosaics are; None: in `raw`, with the catalogues. `stamps`: of the mosaics, see `unchanged`.
    """
    seen = images or raw
    survey = surveys()[one.survey]
    sources = sources_step(one, mosaics, raw, withdrawn)
    if one.classes:
        sources = classes_step(one, sources, entries)
    objects = objects_step(one, mosaics, raw, withdrawn)
    if one.read_detections:
        objects = relabel_step(one.name, objects, detections_step(one, mosaics, raw))
    windows = windows_step(sources, mosaics, one.name, one.cutout, survey, wanted.rows_per_part)
    recipe, frame = noise_recipe(wanted.noise, survey.noise), wanted.frame or AS_CUT
    if wanted.frame is None and recipe is None:
        cutouts = cutouts_step(windows, mosaics, one.name, one.cutout, wanted.picture, seen, stamps=stamps)
        return sources, objects, windows, cutouts
    frames = frames_step(windows, mosaics, sources, one.name, one.cutout, frame, seen, stamps=stamps)
    noise = noise_step(frames, mosaics, one.name, recipe, frame, seen, stamps=stamps) if recipe else None
    cutouts = framed_cutouts_step(
        frames, mosaics, one.name, one.cutout, wanted.picture, frame, seen, noise=noise, stamps=stamps
    )
    return sources, objects, windows, cutouts


def review_steps(one: Dataset, front: tuple[Step, Step, Step, Step], decisions: Sequence[Decision]) -> Reviewed:
    """What decisions make of a dataset; without any, its tables are those of before, at the same addresses.

    A table is made again only where a decision is about it: of samples the samples, of labels all words.
    """
    sources, objects, _, cutouts = front
    scheme = label_scheme(one.scheme)
    rows = speaking(decisions, lambda name: name == scheme.name and scheme.kind == "single")
    on_labels = [row for row in rows if row.verdict is Verdict.CORRECT]
    on_samples = [row for row in rows if row.verdict is not Verdict.CORRECT]
    seen, words = (cutouts, sources, objects), Vocabulary.of(scheme)
    of_labels = decisions_step(one.name, LABELS, seen, on_labels, words) if on_labels else None
    of_samples = decisions_step(one.name, SAMPLES, seen, on_samples, words) if on_samples else None
    if of_labels and any(row.subject_id == row.source_id for row in on_labels):
        sources = reviewed_sources_step(one.name, sources, of_labels, words)
    if of_labels and any(row.subject_id != row.source_id for row in on_labels):
        objects = reviewed_objects_step(one.name, objects, of_labels, words)
    return Reviewed(sources, objects, tuple(step for step in (of_labels, of_samples) if step), of_samples)


def word_steps(
    wanted: Wanted,
    one: Dataset,
    mosaics: Step,
    front: tuple[Step, Step, Step, Step],
    splits: Step,
    asker: Asker | None,
    reviewed: Reviewed,
) -> DatasetSteps:
    """All steps of a dataset, those of `picture_steps` first; `asker`: None where no model is asked."""
    _, _, windows, cutouts = front
    sources, objects = reviewed.sources, reviewed.objects
    survey, scheme = surveys()[one.survey], label_scheme(one.scheme)
    asked = tuple(
        question for name, question in questions().items() if not wanted.questions or name in wanted.questions
    )
    told = descriptions_step(one.name, cutouts, sources, objects, scheme, survey)
    written = judged = None
    if wanted.generation and asker:
        writing = writing_about(one.name, scheme, survey, wanted.dialect, wanted.generation)
        reading = read_back(wanted.reader) if wanted.reader else None
        written = generated_step(asker, one.name, cutouts, sources, objects, writing, reading=reading)
    how = asking(scheme, asked, wanted.dialect)
    able = answers_step(one.name, cutouts, sources, objects, how, written)
    quotas = quotas_step(one.name, able, splits, wanted.balance)
    spoken = conversations_step(one.name, cutouts, told, sources, objects, quotas, splits, how, written)
    if wanted.judge and asker:
        judged = judged_step(one.name, spoken, cutouts, wanted.judge, asker)
    verdicts = quality_step(one.name, spoken, cutouts, sources, objects, scheme, wanted.dialect, survey, judged)
    prompts = [one.prompt for one in (wanted.generation, wanted.reader, wanted.judge) if one]
    samples = samples_step(one.name, spoken, cutouts, verdicts, splits, sources, survey, reviewed.of_samples)
    samples = replace(samples, doors=doors_of(one, asked, prompts))
    tried = injections_step(one.name, spoken, cutouts, sources, objects, scheme, wanted.dialect, survey)
    return DatasetSteps(
        one,
        survey,
        mosaics,
        sources,
        objects,
        windows,
        cutouts,
        told,
        able,
        quotas,
        spoken,
        verdicts,
        samples,
        tried,
        written,
        judged,
        reviewed.decisions,
    )
