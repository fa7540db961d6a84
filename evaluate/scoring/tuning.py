"""Thresholds for a run: fitted once on the validation pictures of the training data, kept in the store, then only read.

The model is asked about those pictures as about the test's, in tables `validation/<benchmark>` that are never scored.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from curation.engine.steps import Step
from curation.engine.store import Store
from evaluate.asking.asking import Manner
from evaluate.asking.backends import Backend
from evaluate.asking.predictions import predictions_step
from evaluate.asking.sample import Which
from evaluate.scoring.said import label_scores, said_by
from evaluate.scoring.thresholds import Thresholds, fitted
from evaluate.tasks.benchmark import Benchmark
from evaluate.tasks.inputs import Inputs
from schemas.errors import RecipeError

VALIDATION = Which(split="validation")


@dataclass(frozen=True)
class Tuning:
    """A benchmark asked of a model about its validation pictures."""

    benchmark: Benchmark
    predictions: Step


def validation_of(benchmark: Benchmark, asked: Manner, inputs: Inputs, backend: Backend) -> Tuning:
    """Asked zero-shot about the true pictures, options as listed: once for all manners of a wording."""
    manner = replace(
        asked, option_order=0, shown="picture", has_choices=True, shots=0, shot_seed=0, shot_select="", n_retries=0,
        retry="",
    )  # fmt: skip
    return Tuning(benchmark, predictions_step(backend, benchmark, manner, inputs, which=VALIDATION))


def fitted_in(store: Store, one: Tuning, say: Callable[[str], None]) -> Thresholds:
    """Fit thresholds on a table that is there, and keep them.

    RecipeError where the benchmark's dataset has no validation pictures with a known truth.
    """
    benchmark = one.benchmark
    rows = store.read(one.predictions.address).sort_by("image_id").to_pylist()
    if not rows:
        raise RecipeError(
            f"--tuned: {benchmark.dataset} has no validation pictures of {benchmark.name} outside its test; give a "
            "corpus whose splits have some, or leave --tuned"
        )
    truth = said_by(rows, benchmark, "choice", benchmark.truth).truth
    made = fitted(rows, label_scores(rows, benchmark), truth, benchmark)
    store.publish(made.file, made.model_dump_json(indent=1).encode())
    told = ", ".join(f"{label} {value:.3g}" for label, value in zip(made.classes, made.values, strict=True))
    say(f"{benchmark.name}: thresholds, fitted on {made.n_pictures} validation pictures: {told}")
    return made
