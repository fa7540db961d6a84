"""Examples before the question: training pictures with their true answers, chosen for each picture by key.

The pool is a table of the store, `examples/<benchmark>`: rows of CUTOUTS of the training split, so many by key. Which
of them a picture gets, `prompt.examples_for` says: none that shares source, mosaic, patch of sky or bytes with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image

from curation.asking.request import Example
from curation.engine.steps import Input, Resources, Step
from evaluate.tasks.benchmark import SOURCE_COLUMNS, Benchmark, Row, Task, pictures
from evaluate.tasks.prompt import NEAREST, Asked, Select, examples_for
from schemas.fingerprint import fraction
from schemas.pictures import opened
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import CUTOUTS

N_POOL, N_OF_A_TRUTH = 1_024, 64
SIDE_CELLS = 12  # of the thumbnail by which a picture is near another one
PLACED = ("cutout_id", "source_id", "split", "patch_id")


@dataclass(frozen=True)
class Manual:
    """How examples are chosen: how many, by which seed, in which way."""

    shots: int
    seed: int
    select: Select


@dataclass(frozen=True)
class Pool:
    """Training pictures that may be examples."""

    tasks: tuple[Task, ...]

    @cached_property
    def features(self) -> dict[str, NDArray[np.float64]]:
        """Thumbnails by picture id."""
        return thumbnails(self.tasks)

    def of(self, task: Task, manual: Manual, own: Mapping[str, NDArray[np.float64]]) -> tuple[Task, ...]:
        """The examples of a picture; `own`: thumbnails of what is asked about, where the nearest are wanted."""
        features = {**self.features, **own} if manual.select in NEAREST else None
        return examples_for(
            task, self.tasks, shots=manual.shots, seed=manual.seed, select=manual.select, features=features
        )


def pool_of(benchmark: Benchmark, examples: pa.Table, sources: pa.Table, splits: pa.Table) -> Pool:
    """The pool from its table, with what is true of each picture."""
    return Pool(tuple(benchmark.tasks(pictures(examples, sources, splits), "train")))


def conversation(prompt: Asked, examples: Sequence[Task]) -> tuple[tuple[Example, ...], str]:
    """The turns before the question, and the question as it is then put: definitions stand in the first turn alone."""
    *before, (text, _) = prompt.turns(examples)
    return tuple(Example(asked, task.png, answer) for (asked, answer), task in zip(before, examples, strict=True)), text


def thumbnails(tasks: Sequence[Task]) -> dict[str, NDArray[np.float64]]:
    """Of each picture a few cells of grey with mean 0 and length 1, by picture id."""
    return {task.picture_id: _thumbnail(task.png) for task in tasks}


def examples_step(benchmark: Benchmark, inputs: tuple[Step, Step, Step], select: Select) -> Step:
    """The step that makes `examples/<benchmark>` from CUTOUTS, SOURCES, SPLITS, part by part."""
    cutouts, sources, splits = inputs
    return Step(
        name=f"examples/{benchmark.name}",
        make=_examples,
        table=cutouts.table,
        config=(benchmark, select),
        inputs=(
            Input(cutouts, by_part=True, columns=tuple(one for one in cutouts.table.schema.names if one != "pixels")),
            Input(sources, columns=SOURCE_COLUMNS),
            Input(splits, columns=PLACED),
        ),
        resources=Resources(memory_mb=1_000),
    )


def _examples(cutouts: pa.Table, sources: pa.Table, splits: pa.Table, benchmark: Benchmark, select: Select) -> Sieved:
    chosen = pa.array(sorted(_chosen(benchmark, sources, splits, select)), pa.string())
    if "survey" in cutouts.column_names:  # of a corpus, whose cutouts hold what was measured
        # It is not shown: the pool would be ten times as large with it.
        cutouts = cutouts.append_column("pixels", pa.array([b""] * cutouts.num_rows, pa.binary())).select(
            CUTOUTS.schema.names
        )
    is_one = pc.is_in(cutouts["cutout_id"], value_set=chosen)
    others = cutouts.filter(pc.invert(is_one)).select(["cutout_id", "source_id"]).to_pylist()
    told = f"not in the pool of examples of {benchmark.name}"
    refused = [Rejection(row["cutout_id"], "no-example", told, row) for row in others]
    return sieved(cutouts.filter(is_one), refused, cutouts.num_rows)


def _chosen(benchmark: Benchmark, sources: pa.Table, splits: pa.Table, select: Select) -> set[str]:
    """The pool's cutouts, known from SOURCES and SPLITS alone, so that every part agrees on them."""
    of = {one["source_id"]: one for one in sources.to_pylist()}
    nothing: Row = {"mosaic": "", "png": b"", "sha256": ""}
    rows = [
        {**of[one["source_id"]], **nothing, **one, "held_out": one["split"]}
        for one in splits.select(PLACED).to_pylist()
        if one["split"] == "train" and one["source_id"] in of
    ]
    ordered = sorted(benchmark.tasks(rows, "train"), key=lambda one: fraction(f"example:{one.picture_id}"))
    if select != "balanced":
        return {one.picture_id for one in ordered[:N_POOL]}
    by_truth: dict[tuple[str, ...], list[str]] = {}
    for one in ordered:
        by_truth.setdefault(one.truth, []).append(one.picture_id)
    return {one for several in by_truth.values() for one in several[:N_OF_A_TRUTH]}


def _thumbnail(png: bytes) -> NDArray[np.float64]:
    grey = opened(png, "a picture of a benchmark").convert("L")
    small = grey.resize((SIDE_CELLS, SIDE_CELLS), Image.Resampling.BOX)
    cells = np.asarray(small, dtype=float).ravel()
    cells -= cells.mean()
    length = float(np.linalg.norm(cells))
    return cells / length if length else cells
