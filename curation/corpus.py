"""A corpus file and its graph of steps. A door: one TOML file each in `corpora/`.

mosaics ─► sources ─► windows ─► cutouts ─► descriptions ─► conversations ─► quality ─┐
        │                                   ├► generated ──┘ │  └► judged ──┘         │
        │                                   └► answers ─► quotas ◄┐                   ├─► samples ─► blind
        ├► objects ──────────────────┴───────────┴──────────────┴─│───────────┘       │
        │   ▲ detections             cutouts of all datasets ─► splits ◄─ sealed ─────┘
entries ┴► matches ─► matchings      cutouts of all datasets ─► twins; cutouts of all ─► alike ─► splits
papers ─► figures ─► figure_splits ─► ratings ─► captions

With a `[frame]`: windows ─► frames ─► cutouts. With a `[noise]`: windows ─► frames ─► noise ─► cutouts.

Where people decided something: cutouts, sources, objects ─► decisions/<dataset>/labels ─► reviewed_sources and
reviewed_objects, of which all words are made; and decisions/<dataset>/samples ─► samples.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalogs.benchmark import Benchmark, benchmarks
from catalogs.catalog import catalog
from catalogs.dataset import Dataset, dataset, datasets
from catalogs.noise import NoiseOptions
from catalogs.survey import surveys
from curation.asking.launch import Serving
from curation.asking.request import Served
from curation.asking.vlm import Asker
from curation.captions.found import PaperFiles, find_papers
from curation.captions.ratings import rating_door
from curation.captions.settings import Captions
from curation.captions.statements import survey_facts
from curation.captions.steps import AtHand, CaptionSteps, caption_steps
from curation.dataset_steps import DatasetSteps, picture_steps, review_steps, word_steps
from curation.decisions.rows import Decision, decisions_of
from curation.engine.objects import AnyPath
from curation.engine.steps import Step, in_order
from curation.engine.store import Store
from curation.generation.judge import Judging, judge_door
from curation.generation.model_reader import ReaderModel, reader_door
from curation.generation.prompt import prompt
from curation.generation.writing import Generation
from curation.pictures.alike import alike_step
from curation.pictures.frame import Frame
from curation.pictures.mosaics import find_files, mosaics_step
from curation.pictures.render import Picture
from curation.pictures.unchanged import Stamps, stamps_of
from curation.release.blind import blind_step
from curation.release.blind_told import foreseen, measured
from curation.settings import images_place
from curation.truth.entries import entries_step
from curation.truth.matches import Matching, matches_step, matchings_step
from curation.truth.sealed import benchmark_sources_step, sealed_step
from curation.truth.splits import SplitConfig, splits_step
from curation.truth.twins import twins_step
from curation.truth.withdrawn import Tombstone, Withdrawn, of_dataset, of_papers, tombstones
from curation.used_doors import dataset_door, used_door
from curation.words.question import questions
from curation.words.quotas import Balance
from curation.words.scheme_faults import question_faults, word_faults
from schemas.doors import use_doors_beside, user_doors
from schemas.errors import BudgetError, CatalogError, CorpusError, DamageError, GoneError, RecipeError
from schemas.fingerprint import fingerprint
from schemas.folder import check_written, one_door, read_door, read_doors
from schemas.manifest import DoorFile
from schemas.tables import BLIND
from schemas.whole import sealed, unsealed

HERE = Path(__file__).parent / "corpora"
DIGESTS = "_digests.json"  # size, time and SHA-256 of raw files, so that none is hashed twice
KINDS = (
    "mosaics", "sources_as_read", "sources", "objects_as_read", "detections", "objects", "entries", "matches",
    "matchings", "benchmark_sources", "sealed", "windows", "frames", "noise", "cutouts", "descriptions", "answers",
    "quotas", "conversations", "quality", "generated", "judged", "splits", "samples", "injections", "twins", "alike",
    "blind", "papers", "figures", "figure_splits", "ratings", "captions", "decisions", "reviewed_sources",
    "reviewed_objects",
)  # fmt: skip
"""Of steps, as the first part of their names."""
REVIEWED, BEFORE_REVIEW = "reviewed_", "_before_review"
HANDOVER_VERSION = 5  # raised when the export starts to write something else


class Corpus(BaseModel):
    """What a corpus is made of. Every field is part of the addresses it touches."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    datasets: tuple[str, ...] = ()
    """Names of datasets; none: a corpus of `[captions]` alone."""
    picture: Picture = Picture()
    frame: Frame | None = None
    """On which pixels, of which mosaics, at which beam pictures are made; None: slices of the nearest mosaic."""
    noise: NoiseOptions = NoiseOptions()
    """Whose noise pictures have, and what background is subtracted; what it does not say, the survey's file does."""
    splits: SplitConfig = SplitConfig()
    dialect: str = Field(default="xyxy_norm", pattern="^(xyxy_norm|xywh_center_norm|xyxy_1000)$")
    questions: tuple[str, ...] = ()
    """Names of question doors; empty: every one, asked wherever it applies."""
    balance: Balance = Balance()
    """How even answers are made, and from when on `plan` warns that a question needs no picture."""
    rows_per_part: int = Field(default=256, gt=0)
    """Cutouts to a part; 100 to 500 keep tasks short and memory bounded."""
    matching: tuple[Matching, ...] = ()
    """Cross-matches, made and reported beside the samples."""
    seal: tuple[str, ...] = ()
    """Benchmarks whose sky no training sample may come near, also where their dataset is no part of the corpus."""
    generation: Generation | None = None
    """Who writes about the pictures, and how; None: fixed questions alone, which need no model."""
    reader: ReaderModel | None = None
    """A model of text that reads back what was written, beside the reader by rule; None: that one alone."""
    judge: Judging | None = None
    """Who scores the conversations; None: nobody."""
    captions: Captions | None = None
    """Figures of papers with their captions, as a second kind of samples; None: none."""
    serving: Serving = Serving()
    """How `curation serve` serves the model: part of no address."""
    most_rejected: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict[str, float])
    """Largest share of rows that a kind of step may reject, such as `cutouts = 0.1`; above it the build fails."""

    @model_validator(mode="after")
    def _of_something(self) -> "Corpus":
        if not self.datasets and self.captions is None:
            raise ValueError("datasets: none is named; expected at least one, or a section [captions]")
        return self

    @property
    def latest(self) -> str:
        """The tag that names its newest hand-over."""
        return f"latest-{self.name}"


@dataclass(frozen=True)
class Graph:
    """A corpus as steps."""

    corpus: Corpus
    of: dict[str, DatasetSteps] = field(default_factory=dict[str, DatasetSteps])
    beside: tuple[Step, ...] = ()
    """What no sample is made of, but the report tells: cross-matches, twins, injections of the checker."""
    captions: CaptionSteps | None = None
    """The second kind of samples; None where the corpus has none."""
    asker: Asker | None = None
    """Where models are served and replies are kept; None where no model is asked. Part of no recipe."""
    reviews: Mapping[str, Sequence[Decision]] = field(default_factory=dict[str, Sequence[Decision]])
    """All that reviewers decided, by dataset and in the order of time, also what no longer counts."""
    digests: Mapping[str, list[object]] = field(default_factory=dict[str, list[object]])
    """Size, time and SHA-256 of the raw images. A build keeps them in the store; what only looks writes nothing."""
    withdrawn: tuple[Tombstone, ...] = ()
    """What its datasets and papers have, and no build uses any more."""

    @property
    def latest(self) -> str:
        """The tag that names the newest hand-over of the corpus."""
        return self.corpus.latest

    def blind_warnings(self, store: Store) -> list[str]:
        """What is known, without making anything, of questions that are answered without the picture."""
        bound, blind = self.corpus.balance.most_blind, [one for one in self.beside if one.table is BLIND]
        seen = [line for one in self.of.values() for line in foreseen(one.sources, one.dataset.scheme, store, bound)]
        return [*(line for one in blind for line in measured(one, store, bound)), *seen]

    @cached_property
    def steps(self) -> list[Step]:
        """Every step once, each after what it reads."""
        of_papers = [self.captions.captions] if self.captions else []
        return in_order([*(one.samples for one in self.of.values()), *self.beside, *of_papers])

    @property
    def doors(self) -> tuple[DoorFile, ...]:
        """Every door that the corpus is made by, once."""
        return tuple(sorted({door for step in self.steps for door in step.doors}))

    @property
    def asking(self) -> dict[Served, list[Step]]:
        """The models that are asked, each with the steps that ask it."""
        generated = [one.generated for one in self.of.values() if one.generated]
        judged = [one.judged for one in self.of.values() if one.judged]
        found: dict[Served, list[Step]] = {}
        rated = [self.captions.ratings] if self.captions else []
        asked = ((self.corpus.generation, generated), (self.corpus.reader, generated), (self.corpus.judge, judged),
                 (self.corpus.captions, rated))  # fmt: skip
        for model, steps in asked:
            if model:
                found.setdefault(model.served, []).extend(steps)
        return found

    @property
    def seeing(self) -> set[Served]:
        """The models that are shown pictures; a reader is not."""
        return {one.served for one in (self.corpus.generation, self.corpus.judge, self.corpus.captions) if one}

    def addresses(self) -> dict[str, list[str]]:
        """The addresses of each kind of step (`cutouts`, `samples`, …), in the order of datasets.

        Sources and objects are those that words are made of; those before a review are `sources_before_review`.
        """
        reviewed = {step.name.removeprefix(REVIEWED) for step in self.steps if step.name.startswith(REVIEWED)}
        found: dict[str, list[str]] = {}
        for step in self.steps:
            kind = step.name.split("/")[0].removeprefix(REVIEWED)
            found.setdefault(f"{kind}{BEFORE_REVIEW if step.name in reviewed else ''}", []).append(step.address)
        return found

    @property
    def handover(self) -> str:
        """The hand-over's address: every table of the corpus, the version of its form, and what it tells people."""
        doors = [(one.kind, one.name, one.sha256) for one in self.doors]
        tables = [step.address for step in self.steps]
        recipe = {"version": HANDOVER_VERSION, "tables": tables, "title": self.corpus.title, "doors": doors}
        return f"llava/{self.corpus.name}/{fingerprint(recipe)[:12]}"


def corpora() -> Mapping[str, Corpus]:
    """Every corpus, by the name of its file."""
    return read_doors(Corpus, "corpora", HERE)


def corpus(name: str) -> Corpus:
    """A corpus by name, or by the path of a TOML file of one's own, whose folder may have a folder `doors/`."""
    if name.endswith(".toml"):
        use_doors_beside(Path(name))
    return read_door(Corpus, Path(name)) if name.endswith(".toml") else one_door(corpora(), name, "corpus")


def graph(
    wanted: Corpus, raw: Path, store: Store, servers: Sequence[str] = (), *, images: AnyPath | None = None
) -> Graph:
    """The corpus as steps. Reads doors and hashes files, and raises all errors together, before anything is spent.

    `servers`: addresses of served models; none: only what the store's replies hold can be made. `images`: where the
    images of surveys are; None: where RADIO_IMAGES says, else in `raw`.
    """
    try:
        made = _graph(wanted, raw, store, servers, images=images or images_place(raw))
    except (RecipeError, CatalogError) as error:
        if odd := _odd_words(wanted):
            raise _together([error, *odd]) from None
        raise
    # The words of finished tables were right: their addresses hold schemes and questions.
    if not all(store.is_done(step.address) for step in made.steps) and (odd := _odd_words(wanted)):
        raise _together(odd)
    return made


def _odd_words(wanted: Corpus) -> list[CorpusError]:
    """What is wrong with the words of the schemes, for the questions that are asked."""
    asked = [one for name, one in questions().items() if not wanted.questions or name in wanted.questions]
    known = datasets()
    schemes = {known[name].scheme for name in wanted.datasets if name in known}
    return [RecipeError(told) for told in word_faults(schemes, asked)]


def _graph(wanted: Corpus, raw: Path, store: Store, servers: Sequence[str], *, images: AnyPath) -> Graph:
    chosen, wrong = _checked(wanted)
    digests, stones = known_digests(store), tombstones(store)
    mosaics: dict[str, Step] = {}
    stamps: dict[str, Stamps] = {}
    for name in sorted({one.survey for one in [*chosen, *_benchmark_datasets(wanted)]}):
        try:
            survey = surveys()[name]
            files = find_files(images, survey, digests)
            stamps[name] = stamps_of(digests, [one.mosaic for one in files])
            mosaics[name] = mosaics_step(survey, files, raw, stamps[name], images=images)
        except CorpusError as error:
            wrong.append(error)
    entries: dict[str, Step] = {}
    for name in _catalogs(wanted, chosen):
        try:
            entries[name] = replace(entries_step(catalog(name), raw), doors=(used_door("catalogs", catalog(name)),))
        except CorpusError as error:
            wrong.append(error)
    papers: PaperFiles | None = None
    try:
        papers = wanted.captions and find_papers(raw, wanted.captions.papers, digests)
    except CorpusError as error:
        wrong.append(error)
    front: dict[str, tuple[Step, Step, Step, Step]] = {}
    for one in chosen:
        try:
            one.file_digests(raw)
            if one.survey in mosaics and not one.classes.keys() - entries.keys():
                shown = mosaics[one.survey]
                gone = of_dataset(stones, one.name)
                front[one.name] = picture_steps(
                    wanted, one, shown, entries, raw, images=images, stamps=stamps[one.survey], withdrawn=gone
                )
        except CorpusError as error:
            wrong.append(error)
    if wrong:
        raise _together(wrong)
    pairs = [(cutouts, sources) for sources, _, _, cutouts in front.values()]
    reviews = decisions_of(store, front)
    reviewed = {one.name: review_steps(one, front[one.name], reviews[one.name]) for one in chosen}
    # Sky that a benchmark tests on stays sealed, also where a source of it was withdrawn.
    whole = {name: one[0] for name, one in front.items() if not of_dataset(stones, name)}
    sealed = _sealed(wanted, mosaics, whole, raw)
    alike = [alike_step(wanted.name, [cutouts for cutouts, _ in pairs])] if pairs else []
    splits = splits_step(wanted.name, pairs, wanted.splits, alike=alike[0], sealed=sealed) if alike else None
    asker = Asker(tuple(servers), store.where) if wanted.generation or wanted.judge or wanted.captions else None
    of = {
        one.name: word_steps(wanted, one, mosaics[one.survey], front[one.name], splits, asker, reviewed[one.name])
        for one in chosen
        if splits
    }
    known = {step.name: step for step in [*mosaics.values(), *entries.values()]}
    known |= {step.name: step for some in front.values() for step in some[:2]}
    beside = [step for matching in wanted.matching for step in _matched(matching, known)]
    told_pairs = [(front[name][3], one.sources) for name, one in reviewed.items()]
    twins = [twins_step(wanted.name, told_pairs)] if len(pairs) > 1 else []
    at_hand = AtHand(sealed, splits, [one[0] for one in front.values()], list(entries.values()))
    told = _captions(wanted, papers, at_hand, raw, asker, of_papers(stones)) if papers and asker else None
    beside = [*beside, *(one.injections for one in of.values()), *twins, *_guessed(wanted, of)]
    withdrawn = tuple(one for one in stones if one.dataset in of or (one.kind == "paper" and told))
    return Graph(wanted, of, tuple(beside), told, asker, reviews, digests, withdrawn)


def keep_digests(digests: Mapping[str, list[object]], store: Store) -> None:
    """Keep the digests of raw images, so that the next build does not read them all again."""
    known = known_digests(store)
    if (found := {**known, **digests}) != known:  # another corpus has put in its own since these were read
        store.publish(DIGESTS, sealed({"files": found}))


def check_budget(made: Graph, store: Store) -> None:
    """Raise BudgetError for every kind of step that rejected more than the corpus file allows.

    Sources on none of the mosaics count: a frame that is wrong puts all of them there. They are told apart.
    """
    over: list[str] = []
    for step in made.steps:
        most = made.corpus.most_rejected.get(step.name.split("/")[0])
        if most is None or not store.is_done(step.address):
            continue
        found = store.manifest(step.address)
        if found.n_in and found.n_rejected / found.n_in > most:
            why = ", ".join(f"{reason} {n}" for reason, n in found.reasons.items())
            apart = f"{found.n_off_mosaic:,} off the mosaics and {found.n_refused:,} refused"
            over.append(f"{step.address}: {apart} of {found.n_in:,}, {most:.1%} allowed ({why})")
    if over:
        raise BudgetError("\n".join(over))


def _together(wrong: list[CorpusError]) -> CorpusError:
    """One error for all: a mistake in a recipe, unless a file from outside is at fault as well."""
    kind = RecipeError if all(isinstance(one, RecipeError) for one in wrong) else CatalogError
    return kind("\n".join(dict.fromkeys(str(one) for one in wrong)))


def _checked(wanted: Corpus) -> tuple[list[Dataset], list[CorpusError]]:
    check_written(user_doors())
    chosen: list[Dataset] = []
    wrong: list[CorpusError] = []
    known_surveys, known_questions = surveys(), questions()
    for name in wanted.datasets:
        try:
            chosen.append(dataset(name))
        except CorpusError as error:
            wrong.append(error)
    wrong += [
        RecipeError(f"dataset {one.name}: no survey {one.survey!r}; known: {', '.join(known_surveys)}")
        for one in chosen
        if one.survey not in known_surveys
    ]
    wrong += [
        RecipeError(f"corpus {wanted.name}: no question {name!r}; known: {', '.join(known_questions)}")
        for name in wanted.questions
        if name not in known_questions
    ]
    wrong += [
        RecipeError(f"corpus {wanted.name}: no benchmark {name!r}; known: {', '.join(benchmarks())}")
        for name in wanted.seal
        if name not in benchmarks()
    ]
    wrong += map(RecipeError, question_faults(known_questions))
    for read, name in ((prompt, wanted.generation and wanted.generation.prompt),
                       (reader_door, wanted.reader and wanted.reader.prompt),
                       (judge_door, wanted.judge and wanted.judge.prompt),
                       (rating_door, wanted.captions and wanted.captions.prompt)):  # fmt: skip
        try:
            _ = name and read(name)
        except CorpusError as error:
            wrong.append(error)
    if wanted.reader and not wanted.generation:
        wrong.append(
            RecipeError(f"corpus {wanted.name}: [reader] reads what [generation] writes: add one, or leave it out")
        )
    wrong += [
        RecipeError(f"corpus {wanted.name}: most_rejected.{name}: no such step; expected one of {', '.join(KINDS)}")
        for name in wanted.most_rejected
        if name not in KINDS
    ]
    strange = (wanted.generation.turns.keys() if wanted.generation else set[str]()) - set(wanted.datasets)
    if strange:
        wrong.append(RecipeError(f"corpus {wanted.name}: generation.turns: no dataset {', '.join(sorted(strange))}"))
    return chosen, wrong


def _catalogs(wanted: Corpus, chosen: list[Dataset]) -> list[str]:
    """The published catalogues that cross-matches and classes read."""
    sides = [side for one in wanted.matching for side in (one.left, one.right)]
    named = {side.removeprefix("entries:") for side in sides if side.startswith("entries:")}
    return sorted(named | {name for one in chosen for name in one.classes})


def _benchmark_datasets(wanted: Corpus) -> list[Dataset]:
    return [dataset(benchmarks()[name].dataset) for name in wanted.seal if name in benchmarks()]


def _sealed(wanted: Corpus, mosaics: Mapping[str, Step], sources: Mapping[str, Step], raw: Path) -> Step | None:
    """The sky of the benchmarks of `seal`; of a dataset in the corpus its own sources are read."""
    doors = [benchmarks()[name] for name in wanted.seal]
    if not doors:
        return None
    tested: list[tuple[Benchmark, Step, Step]] = []
    for door in doors:
        one = dataset(door.dataset)
        step = sources.get(one.name) or benchmark_sources_step(one, mosaics[one.survey], raw)
        tested.append((door, step, mosaics[one.survey]))
    used = [used_door("benchmarks", door) for door in doors] + [dataset_door(dataset(door.dataset)) for door in doors]
    return replace(sealed_step(wanted.name, tested), doors=tuple(sorted(set(used))))


def _guessed(wanted: Corpus, of: Mapping[str, DatasetSteps]) -> list[Step]:
    """What needs no picture, measured over all datasets together."""
    talks = [(one.dataset.scheme, one.conversations, one.samples) for one in of.values()]
    return [blind_step(wanted.name, talks)] if talks else []


def _captions(
    wanted: Corpus, papers: PaperFiles, at_hand: AtHand, raw: Path, asker: Asker, withdrawn: tuple[Withdrawn, ...]
) -> CaptionSteps | None:
    """The steps of the second kind of samples, by the doors of its prompt and of all surveys."""
    if wanted.captions is None:
        return None
    named = [used_door("surveys", surveys()[one.name]) for one in survey_facts(surveys())]
    doors = tuple(sorted([used_door("prompts", prompt(wanted.captions.prompt)), *named]))
    return caption_steps(
        wanted.name, wanted.captions, papers, at_hand, wanted.splits, raw=raw, asker=asker, doors=doors,
        withdrawn=withdrawn,
    )  # fmt: skip


def _matched(matching: Matching, known: Mapping[str, Step]) -> tuple[Step, Step]:
    missing = [name for name in matching.steps if name not in known]
    if missing:
        raise RecipeError(
            f"matching {matching.name}: no table {', '.join(missing)} in this corpus; known: {', '.join(sorted(known))}"
        )
    left, right = (known[name] for name in matching.steps)
    pairs = matches_step(matching, left, right)
    return pairs, matchings_step(matching, left, right, pairs)


def known_digests(store: Store) -> dict[str, list[object]]:
    """What is kept of raw files; nothing, with a warning, where that is damaged: they are then hashed again."""
    try:
        said = unsealed(store.read_bytes(DIGESTS), store.path(DIGESTS))
        found: Any = said.get("files", said)
        if isinstance(found, dict) and all(_is_kept(one) for one in cast(dict[str, Any], found).values()):
            return found
    except GoneError:
        return {}
    except (DamageError, RecursionError):
        pass
    print(f"warning: {store.path(DIGESTS)} is damaged; the raw images are hashed again", file=sys.stderr)
    return {}


def _is_kept(one: Any) -> bool:
    """Whether an entry is [size, mtime_ns, sha256], and ctime_ns or an ETag where it is of today's form."""
    kinds = (int, int, str, (int, str))
    return isinstance(one, list) and len(one) in (3, 4) and all(map(isinstance, one, kinds[: len(one)]))
