"""Thresholds on the probability of a class: fitted for F1 on validation pictures, stored, never refitted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from curation.engine.store import Store
from evaluate.scoring import metrics
from evaluate.tasks.benchmark import Benchmark
from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint

GRID = tuple(k / 100 for k in range(2, 99, 2))
ROUNDS = 5
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Thresholds(BaseModel):
    """From how high a probability on a class is said.

    Of several labels each stands alone; of one-label and yes-no, the class furthest above its threshold is said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str
    benchmark_version: int
    model_sha: str
    prompt_variant: str
    answer: str
    classes: tuple[str, ...]
    values: tuple[float, ...]
    n_pictures: int
    image_shas: tuple[str, ...]
    """Of the pictures that were fitted on: none of them may be tested on."""

    @property
    def file(self) -> str:
        """Where it is kept in a store: one for each model and way of asking, never written again."""
        return file_of(self.benchmark, (self.benchmark_version, self.model_sha, self.prompt_variant))

    def chosen(self, probabilities: Floats) -> tuple[str, ...]:
        """The classes said of a picture, from the probability of each."""
        said = _said(np.asarray(probabilities, float)[None], np.array(self.values), self.answer)[0]
        return tuple(one for one, is_said in zip(self.classes, said, strict=True) if is_said)

    def check(self, benchmark: Benchmark, rows: Sequence[Mapping[str, Any]]) -> None:
        """Raise RecipeError where they were fitted for something else, or on a picture that is among the rows."""
        fitted = (self.benchmark, self.benchmark_version, self.model_sha, self.prompt_variant)
        asked = {(benchmark.name, benchmark.version, row["model_sha"], row["prompt_variant"]) for row in rows}
        if asked - {fitted}:
            raise RecipeError(f"thresholds of {fitted} are not for {sorted(asked)}; fit them again")
        seen = {row["image_sha"] for row in rows} & set(self.image_shas)
        if seen:
            raise RecipeError(f"thresholds were fitted on {len(seen)} of the pictures that they are to be tested on")


def file_of(benchmark: str, asked: tuple[int, str, str]) -> str:
    """The name in a store, from a benchmark and its version, the model and the wording."""
    return f"thresholds/{benchmark}/{fingerprint(asked)[:16]}.json"


def kept(store: Store, benchmark: Benchmark, model_sha: str, prompt_variant: str) -> Thresholds | None:
    """Those that the store has for a model and a wording; None where none were fitted."""
    name = file_of(benchmark.name, (benchmark.version, model_sha, prompt_variant))
    if not store.exists(name):
        return None
    try:
        return Thresholds.model_validate_json(store.read_bytes(name))
    except ValidationError as error:
        raise RecipeError(f"{store.path(name)}: no thresholds: {' '.join(str(error).split())[:200]}") from error


def fitted(rows: Iterable[Mapping[str, Any]], probabilities: Floats, truth: Bools, benchmark: Benchmark) -> Thresholds:
    """Thresholds of highest F1, from rows of PREDICTIONS with probability and truth (n_pictures, n_classes).

    Raises RecipeError where a picture is of the test split, for then nothing would be left to test on.
    """
    rows = list(rows)
    wrong = sorted({row["split"] for row in rows} - {"train", "validation"})
    if wrong or not rows:
        raise RecipeError(
            f"thresholds of {benchmark.name} are fitted on validation pictures; found {', '.join(wrong) or 'none'}"
        )
    values = _labels(probabilities, truth) if benchmark.answer == "labels" else _one(probabilities, truth)
    return Thresholds(
        benchmark=benchmark.name,
        benchmark_version=benchmark.version,
        model_sha=rows[0]["model_sha"],
        prompt_variant=rows[0]["prompt_variant"],
        answer=benchmark.answer,
        classes=benchmark.classes,
        values=tuple(float(one) for one in values),
        n_pictures=len(rows),
        image_shas=tuple(sorted({row["image_sha"] for row in rows})),
    )


def _said(probabilities: Floats, values: Floats, answer: str) -> Bools:
    if answer == "labels":
        return probabilities >= values
    best = np.argmax(probabilities / values, axis=1)
    return best[:, None] == np.arange(len(values))


def _labels(probabilities: Floats, truth: Bools) -> Floats:
    """The best threshold of each label by itself: between two probabilities that occur; of equals the highest."""
    values = []
    for k in range(truth.shape[1]):
        given = np.unique(probabilities[:, k])
        cuts = np.r_[(given[1:] + given[:-1]) / 2, given[0] / 2]
        said = probabilities[:, k][None] >= cuts[:, None]
        counts = metrics.counts_of(np.broadcast_to(truth[:, k], said.shape), said).sum(1)
        score = metrics.f1(counts)
        values.append(cuts[score == score.max()].max())
    return np.array(values)


def _one(probabilities: Floats, truth: Bools) -> Floats:
    """One class after the other, a few rounds: the value of highest macro-F1, of equals the nearest."""
    values = np.full(truth.shape[1], 0.5)
    for _ in range(ROUNDS):
        before = values.copy()
        for k in range(len(values)):
            tried = [np.where(np.arange(len(values)) == k, value, values) for value in GRID]
            said = [_said(probabilities, one, "one-label") for one in tried]
            found = [float(metrics.macro_f1(metrics.counts_of(truth, one).sum(0))) for one in said]
            best = max(range(len(GRID)), key=lambda j: (found[j], -abs(GRID[j] - values[k])))
            values[k] = GRID[best]
        if (values == before).all():
            break
    return values
