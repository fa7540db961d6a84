"""A benchmark: its pictures, what is true of them, what may be answered. A door: one TOML file each in `benchmarks/`.

A file may say `like = "b1_extended"`: then it is that benchmark on other pictures, and gives only what differs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from evaluate.tasks.reply_words import Vocabulary
from evaluate.tasks.truth import RULES, states_of, truth_by
from schemas.doors import door_files
from schemas.errors import CatalogError, RecipeError
from schemas.folder import read_door, read_toml
from schemas.labels import LabelScheme, label_scheme, plain_label
from schemas.rejection import Rejection

HERE = Path(__file__).resolve().parent.parent / "benchmarks"
KIND = "evaluations"
CUTOUT_COLUMNS = ("cutout_id", "source_id", "mosaic", "png", "sha256")
SOURCE_COLUMNS = ("source_id", "source_name", "dataset", "labels", "split", "benchmark")
SPLIT_COLUMNS = ("cutout_id", "patch_id", "split")
Row = dict[str, Any]


class Shortfall(BaseModel):
    """A number of pictures other than the paper's, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: int = Field(ge=0)
    reason: str = Field(min_length=10)


class Wording(BaseModel):
    """One way of asking; empty fields are those of `prompts.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    """Slots: {definitions} {question} {options} {options_inline} {tail}."""
    again: str = ""
    """The question of a later turn, without the definitions."""
    tail: str = ""
    system: str = ""
    """The system turn; empty: as the model's template has it."""
    spelling: dict[str, str] = Field(default_factory=dict[str, str])
    """Classes that this wording writes otherwise."""


class OfPaper(BaseModel):
    """What the paper's own scoring takes otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...]
    """In the order of the original's ids, NONE included where it had one, even without a picture."""
    truth: str


@dataclass(frozen=True)
class Choice:
    """An allowed answer: its text as in training, and the classes it means."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """A picture to be asked about, with what is true of it."""

    picture_id: str
    """The cutout."""
    image_sha: str
    truth: tuple[str, ...]
    """By the benchmark's rule, in the order of its classes; none: NONE."""
    truths: Mapping[str, tuple[str, ...]]
    """By its other rules; one that cannot tell is left out."""
    cluster: str
    split: str
    source_id: str = ""
    mosaic: str = ""
    patch_id: str = ""
    png: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Tested:
    """The pictures of a benchmark: those that are asked about, and those left out, each with its reason."""

    tasks: tuple[Task, ...]
    left_out: tuple[Rejection, ...]


class Benchmark(BaseModel):
    """What is asked of which pictures, and how the true answer follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = Field(ge=1)
    title: str
    dataset: str
    scheme: str = ""
    """Of its pictures' labels; empty for pictures whose classes no scheme has: `defined` then says what they mean."""
    pictures: Literal["published", "held-out", "all"] = "published"
    """The dataset's rows with a benchmark in its published test split; those that SPLITS holds out; or every one."""
    rows: str = ""
    """Of published ones, only those with this name in SOURCES.benchmark; empty: with any."""
    expected_images: int | None = Field(default=None, ge=1)
    known_shortfall: tuple[Shortfall, ...] = ()
    answer: Literal["labels", "one-label", "yes-no"]
    classes: tuple[str, ...] = Field(min_length=2)
    """What is scored, in the order in which training writes them."""
    none: str = ""
    """The answer where no class is there; no class itself."""
    joiner: str = ", "
    spoken: dict[str, str] = Field(default_factory=dict[str, str])
    """Answers that are said otherwise than the class is named, such as YES = "Yes"."""
    aliases: dict[str, str] = Field(default_factory=dict[str, str])
    """Other spellings, beside those of the scheme."""
    truth: str
    labels: tuple[str, ...] = ()
    """What the rule `has-label` looks for."""
    truth_variants: tuple[str, ...] = ()
    """Other rules that the same replies are scored by."""
    cluster: Literal["picture", "mosaic", "patch"] = "picture"
    question: str
    definitions_from: str = ""
    """A question of curation with the classes' definitions; empty: the label scheme has them."""
    defined: dict[str, str] = Field(default_factory=dict[str, str])
    """What a class means, where the label scheme has no such label."""
    note: str = ""
    """A sentence after the definitions."""
    published: dict[str, int] = Field(default_factory=dict[str, int])
    """The paper's count of each class, to be shown beside ours."""
    paper: OfPaper
    prompt: dict[str, Wording] = Field(default_factory=dict[str, Wording])
    """By variant: what it takes otherwise than `prompts.toml`."""
    cite: str = Field(exclude=True)

    @model_validator(mode="after")
    def _whole(self) -> "Benchmark":
        rules = (self.truth, *self.truth_variants, self.paper.truth)
        wrong = [f"no truth rule {rule!r}; known: {', '.join(RULES)}" for rule in rules if rule not in RULES]
        if ("has-label" in rules) != bool(self.labels):
            wrong.append("`labels` goes with the truth rule has-label, and only with it")
        if self.answer == "yes-no" and self.classes != ("YES", "NO"):
            wrong.append("the classes of a yes-no benchmark are YES, NO")
        if (self.answer == "labels") != bool(self.none):
            wrong.append("`none` goes with answer = labels, and only with it")
        if not self.scheme and (self.labels or set(self.classes) - self.defined.keys()):
            wrong.append("without a scheme every class stands in `defined`, and there are no `labels`")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def label_scheme(self) -> LabelScheme:
        """The scheme of its pictures' labels."""
        return label_scheme(self.scheme)

    @property
    def definitions(self) -> dict[str, str]:
        """What each class means, by the label scheme or a question of curation; empty for yes and no."""
        if self.definitions_from:
            from curation.words.question import questions

            told = questions()[self.definitions_from].classes
            return {one: told[one] for one in self.classes}
        if self.answer == "yes-no":
            return {}
        return {one: self.defined.get(one) or self.label_scheme.labels[one].definition for one in self.classes}

    @property
    def vocabulary(self) -> Vocabulary:
        """What may be answered, and the other spellings of it."""
        labels = self.label_scheme.labels if self.scheme else {}
        of_scheme = {alias: one for one in self.classes if one in labels for alias in labels[one].aliases}
        nouns = [noun for one in self.labels if one in labels for noun in (labels[one].noun, labels[one].noun_one)]
        return Vocabulary(
            self.answer, self.classes, self.none, self.joiner, {**of_scheme, **self.aliases}, self.paper.classes,
            tuple(one for one in nouns if one), self.question,
        )  # fmt: skip

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Every allowed answer: of labels all subsets, in training's order, and NONE last."""
        return self.choices_spelled({})

    def choices_spelled(self, spelling: Mapping[str, str]) -> tuple[Choice, ...]:
        """The same where a wording writes some classes otherwise."""
        said = {one: spelling.get(one, self.spoken.get(one, one)) for one in self.classes}
        if self.answer != "labels":
            return tuple(Choice(said[one], (one,)) for one in self.classes)
        sets = [some for n in range(1, len(self.classes) + 1) for some in combinations(self.classes, n)]
        found = [Choice(self.joiner.join(said[one] for one in some), some) for some in sets]
        return (*found, Choice(self.none, ()))

    def tasks(self, rows: Iterable[Mapping[str, Any]], split: str = "test") -> list[Task]:
        """What is asked, in the order of picture ids; `rows` as `pictures` gives them."""
        return list(self.tested(rows, split).tasks)

    def tested(self, rows: Iterable[Mapping[str, Any]], split: str = "test") -> Tested:
        """Its pictures of a split, and those that cannot be scored, with the reason.

        `test` are the benchmark's own; `train` and `validation` the dataset's other pictures, for examples, thresholds.
        """
        tasks, left_out = list[Task](), list[Rejection]()
        for row in sorted(rows, key=lambda one: one["cutout_id"]):
            if row["dataset"] == self.dataset and _is_of(self, row, split):
                made = self._task(row, split)
                (left_out if isinstance(made, Rejection) else tasks).append(made)  # type: ignore[arg-type]
        return Tested(tuple(tasks), tuple(left_out))

    def check_count(self, n_images: int, *, allowed: str = "") -> str:
        """A sentence about the number of pictures. Raises CatalogError for one that nobody has explained.

        `allowed`: the reason that a user gives for another number.
        """
        if self.expected_images in (None, n_images):
            return f"{n_images:,} pictures"
        known = {one.images: one.reason for one in self.known_shortfall}
        reason = allowed or known.get(n_images, "")
        if not reason:
            told = "".join(f"; {one.images:,} would do: {one.reason}" for one in self.known_shortfall)
            raise CatalogError(
                f"benchmark {self.name}: found {n_images:,} pictures, expected {self.expected_images:,}{told}. "
                "Give the missing pictures, or say why they are missing"
            )
        return f"{n_images:,} of {self.expected_images:,} pictures: {reason}"

    def _task(self, row: Mapping[str, Any], split: str) -> Task | Rejection:
        states = states_of(row["labels"])
        found = {
            rule: truth_by(rule, states, self.classes, self.labels)
            for rule in dict.fromkeys((self.truth, *self.truth_variants, self.paper.truth))
        }
        truth = found.pop(self.truth)
        if isinstance(truth, str):
            return Rejection(row["cutout_id"], truth, f"{self.truth}: {_present(row)}", {"source_id": row["source_id"]})
        cluster = {"picture": row["cutout_id"], "mosaic": row["mosaic"], "patch": row["patch_id"]}[self.cluster]
        return Task(
            row["cutout_id"], row["sha256"], truth,
            {rule: other for rule, other in found.items() if not isinstance(other, str)},
            cluster or row["cutout_id"], split, row["source_id"], row["mosaic"], row["patch_id"] or "", row["png"],
        )  # fmt: skip


def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark, by the name of its file."""
    return {name: _read(file) for name, file in door_files(KIND, HERE).items()}


def benchmark(name: str) -> Benchmark:
    """One benchmark: by the name of its file, its first word (b2), or the path of a TOML file of one's own."""
    if name.endswith(".toml"):
        return _read(Path(name))
    files = door_files(KIND, HERE)
    short = [stem for stem in files if stem.split("_")[0] == name.lower()]
    if name not in files and len(short) != 1:
        raise RecipeError(f"no benchmark {name!r}; known: {', '.join(files)}")
    return _read(files[name] if name in files else files[short[0]])


def pictures(cutouts: pa.Table, sources: pa.Table, splits: pa.Table | None = None) -> list[Row]:
    """Rows for `Benchmark.tasks`: each cutout with its source's labels and place.

    `held_out`: its split in SPLITS; null where SPLITS does not have it. Tables of one dataset or of several.
    """
    of = {one["source_id"]: one for one in sources.select(SOURCE_COLUMNS).to_pylist()}
    placed = {one["cutout_id"]: one for one in splits.select(SPLIT_COLUMNS).to_pylist()} if splits is not None else {}
    rows = list[Row]()
    for cutout in cutouts.select(CUTOUT_COLUMNS).to_pylist():
        place = placed.get(cutout["cutout_id"], {})
        rows.append(
            {**of[cutout["source_id"]], **cutout, "patch_id": place.get("patch_id"), "held_out": place.get("split")}
        )
    return rows


def _is_of(benchmark: Benchmark, row: Mapping[str, Any], split: str) -> bool:
    if split != "test":
        # A row that SPLITS refused is near sealed sky: neither an example nor a threshold may come from it.
        return row["held_out"] == split and row["benchmark"] is None
    if benchmark.pictures == "published":
        named = row["benchmark"] == benchmark.rows if benchmark.rows else row["benchmark"] is not None
        return named and row["split"] == "test"
    return benchmark.pictures == "all" or row["held_out"] == "test"


def _present(row: Mapping[str, Any]) -> str:
    present: Sequence[str] = [one["label"] for one in row["labels"] if one["state"] == "present"]
    return f"{row['source_name']} has {', '.join(sorted(present)) or 'no label that is known to hold'}"


def _read(file: Path) -> Benchmark:
    made = read_door(Benchmark, file, _merged)
    strange = [one for one in made.labels if one not in made.label_scheme.labels]
    if strange:
        raise RecipeError(f"{file}: labels: scheme {made.scheme} has no {', '.join(strange)}")
    wrong = [alias for alias, one in made.aliases.items() if one not in made.classes or plain_label(alias) == one]
    if wrong:
        raise RecipeError(f"{file}: aliases {', '.join(wrong)}: another spelling of a class, and the class it means")
    return made


def _merged(file: Path) -> dict[str, Any]:
    """The file over the one it is like. RecipeError where one of them is not there."""
    try:
        return _over_another(file)
    except FileNotFoundError as error:
        raise RecipeError(f"{file}: there is no benchmark file {error.filename}") from None


def _over_another(file: Path) -> dict[str, Any]:
    found = read_toml(file)
    like = found.pop("like", None)
    if like is None:
        return found
    # Counts belong to the pictures, so they are not taken over.
    base = {
        k: v
        for k, v in _over_another(door_files(KIND, HERE).get(like, HERE / f"{like}.toml")).items()
        if k not in OF_PICTURES
    }
    return {**base, **found}


OF_PICTURES = ("expected_images", "known_shortfall", "published", "rows", "pictures")
