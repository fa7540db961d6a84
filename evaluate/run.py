"""A run: benchmarks asked of one model, from the pictures to the scores; whatever is there already is left as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.corpus import Graph, corpora, corpus, graph
from curation.engine.run import build
from curation.engine.steps import Input, Resources, Step
from curation.engine.store import Store
from evaluate.backends import Backend, ServedBackend
from evaluate.benchmark import CUTOUT_COLUMNS, SOURCE_COLUMNS, SPLIT_COLUMNS, Benchmark, pictures
from evaluate.cost import Prices, Purse, estimate, spent_before
from evaluate.local import LocalBackend
from evaluate.predictions import (
    MOST_ERRORS,
    OF_A_CLIENT,
    Asking,
    Manner,
    asking_of,
    predictions_step,
    requests_of,
)
from evaluate.scores import scores
from schemas.errors import CorpusError, RecipeError
from schemas.rejection import Sieved, sieved
from schemas.tables import SCORES

Inputs = tuple[Step, Step, Step]
"""CUTOUTS, SOURCES and SPLITS of a benchmark's dataset."""


@dataclass(frozen=True)
class Run:
    """One benchmark of a run, as steps."""

    benchmark: Benchmark
    asking: Asking
    inputs: Inputs
    predictions: Step
    scores: Step


@dataclass(frozen=True)
class Wanted:
    """What a run is to do besides asking: nothing of it is part of an address."""

    workers: int | None = None
    most_errors: float = MOST_ERRORS
    shortfall: str = ""
    """Why a benchmark has another number of pictures than it says; empty: it must not."""
    prices: Prices | None = None
    max_cost_usd: float | None = None


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


def runs_of(
    wanted: Sequence[Benchmark],
    graphs: dict[str, Graph],
    named: str | None,
    backend: Backend,
    manner: Manner,
    most_errors: float,
) -> list[Run]:
    """Steps for each benchmark; the first of those that share pictures asks for all of them, a picture at a time."""
    inputs = {one.name: inputs_of(one, graphs[corpus_of(one, named)]) for one in wanted}
    found: list[Run] = []
    for one in wanted:
        seen = inputs[one.name]
        asking = asking_of(one, manner, seen)
        is_first = all(other.inputs[0].address != seen[0].address for other in found)
        beside = [other for other in wanted if inputs[other.name][0].address == seen[0].address and other != one]
        together = [asking_of(other, manner, inputs[other.name]) for other in beside] if is_first else []
        made = predictions_step(
            backend, one, manner, seen, most_errors=most_errors, together=together, resources=resources_of(backend)
        )
        found.append(Run(one, asking, seen, made, scores_step(one, made)))
    return found


def scores_step(benchmark: Benchmark, predictions: Step) -> Step:
    """The step that makes `scores/<benchmark>`: every number of a run, from its predictions alone."""
    return Step(
        name=f"scores/{benchmark.name}",
        make=_scored,
        table=SCORES,
        config=(benchmark,),
        inputs=(Input(predictions),),
        counts="numbers",
        resources=Resources(memory_mb=1_500),
    )


def _scored(predictions: pa.Table, benchmark: Benchmark) -> Sieved:
    found = scores(predictions, benchmark)
    return sieved(found, [], found.num_rows)


def resources_of(backend: Backend) -> Resources:
    """How much machine a part takes: a client little, a model in the process a GPU or a core."""
    if isinstance(backend, LocalBackend):
        return Resources(cpus=1, gpus=1 if backend.device.startswith("cuda") else 0, memory_mb=2_000)
    return OF_A_CLIENT


def run(
    wanted: Sequence[Benchmark],
    backend: Backend,
    manner: Manner,
    place: tuple[Path, Store],
    how: Wanted,
    *,
    named: str | None = None,
    say: Callable[[str], None] = print,
) -> list[dict[str, Any]]:
    """Ask and score what is missing; gives what became of each benchmark.

    Raises before anything is spent: CatalogError for a number of pictures that nobody has explained, ModelError for a
    server that fails its canaries, GateError for a price above the cap.
    """
    raw, store = place
    graphs = {name: graph(corpus(name), raw, store) for name in {corpus_of(one, named) for one in wanted}}
    several = runs_of(wanted, graphs, named, backend, manner, how.most_errors)
    build([step for one in several for step in one.inputs], store, workers=how.workers, say=say)
    told = [one.benchmark.check_count(n_tested(one, store), allowed=how.shortfall) for one in several]
    missing = [one for one in several if not store.is_done(one.predictions.address)]
    if missing:
        _ask(missing, backend, store, how, say)
    build([one.scores for one in several], store, workers=how.workers, say=say)
    return [_became(one, text, store) for one, text in zip(several, told, strict=True)]


def open_store(place: str) -> Store:
    """The store of tables."""
    return Store(place)


def n_tested(one: Run, store: Store) -> int:
    """The pictures that a benchmark asks about, counted without reading any."""
    return len(one.benchmark.tested(pictures(*tables_of(one.inputs, store, has_pixels=False))).tasks)


def _ask(missing: Sequence[Run], backend: Backend, store: Store, how: Wanted, say: Callable[[str], None]) -> None:
    if isinstance(backend, ServedBackend):
        n_dropped = backend.forget_spoilt()
        if n_dropped:
            say(f"{n_dropped:,} replies that failed before are asked again")
    try:
        if how.prices and isinstance(backend, ServedBackend):
            _ask_within(how.prices, how.max_cost_usd or 0.0, missing, backend, store, say)
        else:
            backend.check(is_constrained=missing[0].asking.asked.is_constrained)
        firsts = {one.inputs[0].address: one for one in reversed(missing)}
        build([one.predictions for one in firsts.values()], store, workers=how.workers, say=say)
        build([one.predictions for one in missing], store, workers=how.workers, say=say)
    except CorpusError:
        if isinstance(backend, ServedBackend):
            backend.forget_spoilt()
        raise


def _ask_within(
    prices: Prices, max_cost_usd: float, missing: Sequence[Run], backend: ServedBackend, store: Store,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Ask in this process, one piece after the other, so that the cap holds; the steps find every reply kept."""
    asked = [requests_of(one.asking, backend, *tables_of(one.inputs, store, has_pixels=True)) for one in missing]
    requests = [request for several in asked for request in several]
    left = estimate(backend.asker, requests, prices)
    say(left.told())
    if left.n_requests == left.n_kept:
        return
    backend.check(is_constrained=missing[0].asking.asked.is_constrained)
    purse = Purse(backend.asker, prices, max_cost_usd, spent_before(backend.asker, requests, prices))
    purse.ask(requests)
    say(f"spent: {purse.spent_usd:.4f} USD by the server's own count of tokens")


def tables_of(inputs: Inputs, store: Store, *, has_pixels: bool) -> tuple[pa.Table, pa.Table, pa.Table]:
    """The tables that a benchmark's pictures are known by; without pixels every `png` is empty."""
    cutouts, sources, splits = inputs
    columns = CUTOUT_COLUMNS if has_pixels else tuple(name for name in CUTOUT_COLUMNS if name != "png")
    seen = store.read(cutouts.address, columns)
    if not has_pixels:
        seen = seen.append_column("png", pa.array([b""] * seen.num_rows, pa.binary()))
    return seen, store.read(sources.address, SOURCE_COLUMNS), store.read(splits.address, SPLIT_COLUMNS)


def _became(one: Run, pictures_told: str, store: Store) -> dict[str, Any]:
    made = store.manifest(one.predictions.address)
    found = store.read(one.scores.address).to_pylist()
    head = {
        (row["scoring"], row["of"], row["metric"]): row
        for row in found
        if row["truth_rule"] == one.benchmark.truth and not row["predicted_as"]
    }
    strict, coverage = head.get(("strict", "macro", "f1")), head.get(("all", "all", "coverage"))
    return {
        "benchmark": one.benchmark.name, "run_id": one.asking.run_id, "pictures": pictures_told,
        "n_rows": made.n_kept, "n_left_out": made.n_rejected, "reasons": made.reasons,
        "predictions": one.predictions.address, "scores": one.scores.address,
        "macro_f1": _told(strict), "coverage": _told(coverage),
    }  # fmt: skip


def _told(row: dict[str, Any] | None) -> dict[str, float | None] | None:
    return None if row is None else {name: row[name] for name in ("value", "low", "high")}


def served_manner(manner: Manner, backend: Backend) -> Manner:
    """The manner with what the backend says of its model."""
    info = backend.describe()
    return replace(manner, model=info.model, model_sha=info.model_sha, template_sha=info.template_sha)
