"""The tables that a benchmark's pictures come from: a corpus's, or a published set's."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from curation.corpus import Graph, corpora, corpus, graph
from curation.engine.steps import Step
from curation.engine.store import Store
from evaluate.tasks.benchmark import CUTOUT_COLUMNS, SOURCE_COLUMNS, SPLIT_COLUMNS, Benchmark, benchmark
from evaluate.tasks.picture_set import PictureSet, inputs_of_set, picture_set
from schemas.errors import RecipeError

Inputs = tuple[Step, Step, Step]
"""CUTOUTS, SOURCES and SPLITS of a benchmark's dataset."""


def wanted(names: Sequence[str]) -> list[Benchmark | PictureSet]:
    """The benchmarks and picture sets of these names, or TOML files, each once."""
    found = [picture_set(name) or benchmark(name) for name in names]
    return list({one.name: one for one in found}.values())


def with_inputs(
    several: Sequence[Benchmark | PictureSet], raw: Path, store: Store, named: str | None
) -> list[tuple[Benchmark, Inputs]]:
    """Each as a benchmark, with the tables of its pictures; `named`: the corpus, where several have a dataset."""
    corpora_of = {corpus_of(one, named) for one in several if isinstance(one, Benchmark)}
    graphs = {name: graph(corpus(name), raw, store) for name in sorted(corpora_of)}
    return [
        (one.asked_as_published(raw), inputs_of_set(one, raw))
        if isinstance(one, PictureSet)
        else (one, inputs_of(one, graphs[corpus_of(one, named)]))
        for one in several
    ]


def corpus_of(benchmark: Benchmark, named: str | None) -> str:
    """The corpus whose pictures are asked about. RecipeError where none or several have the benchmark's dataset."""
    if named:
        if benchmark.dataset not in corpus(named).datasets:
            raise RecipeError(
                f"--corpus {named}: it has no dataset {benchmark.dataset}, which {benchmark.name} asks of"
            )
        return named
    having = [name for name, one in corpora().items() if benchmark.dataset in one.datasets]
    if len(having) != 1:
        told = " or ".join(f"--corpus {name}" for name in having) or "--corpus FILE.toml with it"
        raise RecipeError(f"benchmark {benchmark.name} asks of the dataset {benchmark.dataset}: give {told}")
    return having[0]


def inputs_of(benchmark: Benchmark, made: Graph) -> Inputs:
    """The tables that a benchmark is made of."""
    steps = made.of[benchmark.dataset]
    splits = next(one.step for one in steps.samples.inputs if one.step.name.startswith("splits/"))
    return steps.cutouts, steps.sources, splits


def tables_of(inputs: Inputs, store: Store, *, has_pixels: bool) -> tuple[pa.Table, pa.Table, pa.Table]:
    """The tables that a benchmark's pictures are known by; without pixels every `png` is empty."""
    cutouts, sources, splits = inputs
    columns = CUTOUT_COLUMNS if has_pixels else tuple(name for name in CUTOUT_COLUMNS if name != "png")
    seen = store.read(cutouts.address, columns)
    if not has_pixels:
        seen = seen.append_column("png", pa.array([b""] * seen.num_rows, pa.binary()))
    return seen, store.read(sources.address, SOURCE_COLUMNS), store.read(splits.address, SPLIT_COLUMNS)
