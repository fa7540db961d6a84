"""A run: benchmarks asked of one model, from the pictures to the scores; whatever is there already is left as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from curation.engine.run import build
from curation.engine.steps import Resources, Step
from curation.engine.store import Store
from evaluate.asking.asking import Asking, Manner, asking_of
from evaluate.asking.backends import Backend, ServedBackend
from evaluate.asking.band import asked_in
from evaluate.asking.cost import Prices, Purse, estimate, spent_before
from evaluate.asking.fewshot import examples_step
from evaluate.asking.local import LocalBackend
from evaluate.asking.parity import check_parity
from evaluate.asking.predictions import MOST_ERRORS, OF_A_CLIENT, predictions_step, requests_of
from evaluate.asking.sample import Sample, Which
from evaluate.scoring.scores import scores_step
from evaluate.scoring.thresholds import Thresholds, kept
from evaluate.scoring.tuning import fitted_in, validation_of
from evaluate.tasks.benchmark import CUTOUT_COLUMNS, Benchmark, pictures
from evaluate.tasks.inputs import Inputs, tables_of, with_inputs
from evaluate.tasks.picture_set import PictureSet
from schemas.errors import CorpusError


@dataclass(frozen=True)
class Run:
    """One benchmark asked in one way, as steps."""

    benchmark: Benchmark
    asking: Asking
    inputs: Inputs
    examples: Step | None
    predictions: Step


@dataclass(frozen=True)
class Wanted:
    """What a run is to do besides asking: nothing of it is part of an address."""

    workers: int | None = None
    most_errors: float = MOST_ERRORS
    shortfall: str = ""
    """Why a benchmark has another number of pictures than it says; empty: it must not."""
    prices: Prices | None = None
    max_cost_usd: float | None = None
    is_tuned: bool = False
    """Whether thresholds are fitted on validation pictures, where the store has none yet."""
    is_sampled: bool = False
    """Whether a fixed sample is asked about, where a benchmark has more pictures."""
    like: Backend | None = None
    """The served model's weights in this process, for parity."""


def runs_of(
    asked: Sequence[tuple[Benchmark, Manner, Inputs, Sample | None]], backend: Backend, most_errors: float
) -> list[Run]:
    """Steps for each benchmark and manner; the first of those that share pictures asks for all, a picture at a time.

    With examples each asks for itself: what stands before the question differs.
    """
    askings = [asking_of(one, manner, seen, Which(sample=sample)) for one, manner, seen, sample in asked]
    found: list[Run] = []
    for k, (one, manner, seen, _) in enumerate(asked):
        alike = [j for j, (_, other, tables, _) in enumerate(asked)
                 if tables[0].address == seen[0].address and not other.shots]  # fmt: skip
        together = [askings[j] for j in alike if j != k] if alike[:1] == [k] else []
        examples = examples_step(one, seen, manner.manual.select) if manner.manual else None
        made = predictions_step(
            backend, one, manner, seen, most_errors=most_errors, together=together, examples=examples,
            which=askings[k].which, resources=resources_of(backend),
        )  # fmt: skip
        found.append(Run(one, askings[k], seen, examples, made))
    return found


def resources_of(backend: Backend) -> Resources:
    """How much machine a part takes: a client little, a model in the process a GPU or a core."""
    if isinstance(backend, LocalBackend):
        return Resources(cpus=1, gpus=1 if backend.device.startswith("cuda") else 0, memory_mb=2_000)
    return OF_A_CLIENT


def run(
    several: Sequence[Benchmark | PictureSet],
    backend: Backend,
    manners: Sequence[Manner],
    place: tuple[Path, Store],
    how: Wanted,
    *,
    named: str | None = None,
    say: Callable[[str], None] = print,
) -> list[dict[str, Any]]:
    """Ask and score what is missing; gives what became of each benchmark in each manner that it has.

    Raises before anything is spent: CatalogError for a number of pictures that nobody has explained, ModelError for a
    server that fails its canaries, GateError for a price above the cap.
    """
    raw, store = place
    found = with_inputs(several, raw, store, named)
    wanted, inputs = [one for one, _ in found], {one.name: tables for one, tables in found}
    build([step for tables in inputs.values() for step in tables], store, workers=how.workers, say=say)
    ids = {one.name: tested_ids(one, inputs[one.name], store) for one in wanted}
    told = {one.name: one.check_count(len(ids[one.name]), allowed=how.shortfall) for one in wanted}
    runs = runs_of(asked_in(wanted, manners, inputs, ids, is_sampled=how.is_sampled), backend, how.most_errors)
    missing = [one for one in runs if not store.is_done(one.predictions.address)]
    if missing:
        _ask(missing, backend, store, how, say)
    thresholds = _thresholds(runs, backend, store, how, say) if how.is_tuned else {}
    made = {one.predictions.address: scores_step(one.benchmark, one.predictions, thresholds.get(_tuned_by(one)))
            for one in runs}  # fmt: skip
    build(list(made.values()), store, workers=how.workers, say=say)
    return [_became(one, made[one.predictions.address], told[one.benchmark.name], store) for one in runs]


def _thresholds(
    several: Sequence[Run], backend: Backend, store: Store, how: Wanted, say: Callable[[str], None]
) -> dict[tuple[str, str], Thresholds]:
    """By benchmark and wording: those that the store has, and the others fitted."""
    asked = {_tuned_by(one): one for one in several}
    found = {key: kept(store, one.benchmark, one.asking.asked.model_sha, key[1]) for key, one in asked.items()}
    todo = {key: validation_of(one.benchmark, one.asking.asked, one.inputs, backend)
            for key, one in asked.items() if found[key] is None}  # fmt: skip
    build([one.predictions for one in todo.values()], store, workers=how.workers, say=say)
    made = {key: fitted_in(store, one, say) for key, one in todo.items()}
    return made | {key: one for key, one in found.items() if one is not None}


def _tuned_by(one: Run) -> tuple[str, str]:
    return one.benchmark.name, one.asking.asked.variant


def open_store(place: str) -> Store:
    """The store of tables."""
    return Store(place)


def tested_ids(benchmark: Benchmark, inputs: Inputs, store: Store) -> list[str]:
    """The pictures that a benchmark asks about, known without reading any."""
    tasks = benchmark.tested(pictures(*tables_of(inputs, store, has_pixels=False))).tasks
    return [one.picture_id for one in tasks]


def _ask(missing: Sequence[Run], backend: Backend, store: Store, how: Wanted, say: Callable[[str], None]) -> None:
    if isinstance(backend, ServedBackend):
        n_dropped = backend.forget_spoilt()
        if n_dropped:
            say(f"{n_dropped:,} replies that failed before are asked again")
    try:
        build([one.examples for one in missing if one.examples], store, workers=how.workers, say=say)
        if how.prices and isinstance(backend, ServedBackend):
            _ask_within(how.prices, how.max_cost_usd or 0.0, missing, backend, store, say)
        else:
            _check(missing, backend, store, how, say)
        firsts = {one.inputs[0].address: one for one in reversed(missing)}
        build([one.predictions for one in firsts.values()], store, workers=how.workers, say=say)
        build([one.predictions for one in missing], store, workers=how.workers, say=say)
    except CorpusError:
        if isinstance(backend, ServedBackend):
            backend.forget_spoilt()
        raise


def _check(missing: Sequence[Run], backend: Backend, store: Store, how: Wanted, say: Callable[[str], None]) -> None:
    """Canaries, and parity where several pictures go to a server."""
    with_examples = next((one for one in missing if one.examples), None)
    backend.check(is_constrained=missing[0].asking.asked.is_constrained, is_several=with_examples is not None)
    if with_examples is not None and how.like is not None:
        say(check_parity(backend, how.like, _requests(with_examples, backend, store)).told())


def _ask_within(
    prices: Prices, max_cost_usd: float, missing: Sequence[Run], backend: ServedBackend, store: Store,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Ask in this process, one piece after the other, so that the cap holds; the steps find every reply kept."""
    requests = [request for one in missing for request in _requests(one, backend, store)]
    left = estimate(backend.asker, requests, prices)
    say(left.told())
    if left.n_requests == left.n_kept:
        return
    backend.check(
        is_constrained=missing[0].asking.asked.is_constrained, is_several=any(one.examples for one in missing)
    )
    purse = Purse(backend.asker, prices, max_cost_usd, spent_before(backend.asker, requests, prices))
    purse.ask(requests)
    say(f"spent: {purse.spent_usd:.4f} USD by the server's own count of tokens")


def _requests(one: Run, backend: Backend, store: Store) -> list[Any]:
    examples = None if one.examples is None else store.read(one.examples.address, CUTOUT_COLUMNS)
    return requests_of(one.asking, backend, *tables_of(one.inputs, store, has_pixels=True), examples)


def _became(one: Run, scored: Step, pictures_told: str, store: Store) -> dict[str, Any]:
    made = store.manifest(one.predictions.address)
    found = store.read(scored.address).to_pylist()
    head = {
        (row["scoring"], row["of"], row["metric"]): row
        for row in found
        if row["truth_rule"] == one.benchmark.truth and not row["predicted_as"]
    }
    asked, sample = one.asking.asked, one.asking.which.sample
    return {
        "benchmark": one.benchmark.name, "run_id": one.asking.run_id, "pictures": pictures_told,
        "variant": asked.variant, "order": asked.option_order, "shots": asked.shots, "seed": asked.shot_seed,
        "n_sampled": sample.n if sample else 0, "n_rows": made.n_kept, "n_left_out": made.n_rejected,
        "reasons": made.reasons, "predictions": one.predictions.address, "scores": scored.address,
        "macro_f1": _told(head.get(("strict", "macro", "f1"))), "tuned_f1": _told(head.get(("tuned", "macro", "f1"))),
        "coverage": _told(head.get(("all", "all", "coverage"))),
        "error_rate": _of_one(_told(head.get(("strict", "all", "accuracy")))),
    }  # fmt: skip


def _told(row: dict[str, Any] | None) -> dict[str, float | None] | None:
    return None if row is None else {name: row[name] for name in ("value", "low", "high")}


def _of_one(share: dict[str, float | None] | None) -> dict[str, float | None] | None:
    """What a share leaves of one, with its interval: of accuracy the error rate."""
    if share is None:
        return None
    ends = {"value": share["value"], "low": share["high"], "high": share["low"]}
    return {name: None if one is None else 1 - one for name, one in ends.items()}


def served_manner(manner: Manner, backend: Backend) -> Manner:
    """The manner with what the backend says of its model."""
    info = backend.describe()
    merged = backend.merge_shares if isinstance(backend, LocalBackend) else None
    return replace(
        manner, model=info.model, model_sha=info.model_sha, template_sha=info.template_sha,
        merge_shares=manner.merge_shares or merged,
    )  # fmt: skip
