"""What an encoder learns from, and what it is tested on: a benchmark's pictures by split, with their true classes.

Training teaches, validation chooses (an epoch, a strength, a threshold), test pictures do neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evaluate.scoring.metrics import Bools, Floats
from evaluate.scoring.said import matrix
from evaluate.tasks.benchmark import Benchmark, Task
from schemas.errors import RecipeError
from schemas.fingerprint import fraction

SHARE_OF_VALIDATION = 0.2  # of the training pictures, where nobody has put any aside
FITTED_ON = ("train", "validation")


@dataclass(frozen=True)
class Known:
    """Pictures with what is true of them."""

    tasks: tuple[Task, ...]
    truth: Bools
    """(n_pictures, n_classes), in the order of the benchmark's classes."""

    @property
    def shas(self) -> list[list[str]]:
        """Digest, split and true classes of each: what a fit depends on."""
        return [[one.image_sha, one.split, *one.truth] for one in self.tasks]

    def class_weights(self) -> Floats:
        """(n_classes,): for each class how much rarer it is than the mean; of an absent one 1."""
        n_of = self.truth.sum(0).astype(float)
        return _over(float(n_of.sum()) / max(1, int((n_of > 0).sum())), n_of)


@dataclass(frozen=True)
class Lessons:
    """What may be fitted, and what was left out of it."""

    train: Known
    validation: Known
    test: Known
    told: str
    """The counts, in a sentence."""

    def check(self) -> None:
        """Raise RecipeError where a test picture would be fitted on, or there is nothing to learn from."""
        check_fitted([*self.train.tasks, *self.validation.tasks])
        if not self.train.tasks or not self.validation.tasks:
            raise RecipeError(f"nothing to learn from: {self.told}")


def check_fitted(tasks: Iterable[Task]) -> None:
    """Raise RecipeError for a picture that must not enter a fit."""
    wrong = [one for one in tasks if one.split not in FITTED_ON]
    if wrong:
        raise RecipeError(
            f"{len(wrong)} pictures of the split {wrong[0].split} in a fit, such as {wrong[0].picture_id}"
        )


def lessons(benchmark: Benchmark, rows: Iterable[Mapping[str, Any]]) -> Lessons:
    """The benchmark's pictures by split; `rows` as `evaluate.benchmark.pictures` gives them.

    A picture that shares source, patch of sky or bytes with a test picture is not learned from; nor does validation
    keep one that shares them with a training picture. Where no picture is put aside for validation, a fifth of the
    training patches are, chosen by key.
    """
    rows = list(rows)
    test = benchmark.tasks(rows)
    train, near_test = _apart(benchmark.tasks(rows, "train"), test)
    validation, near_other = _apart(benchmark.tasks(rows, "validation"), [*test, *train])
    put_aside = ""
    if not validation:
        validation = [replace(one, split="validation") for one in train if _is_put_aside(one)]
        train = [one for one in train if not _is_put_aside(one)]
        validation, more = _apart(validation, train)
        near_other += more
        put_aside = " (put aside from the training pictures)"
    told = (
        f"{benchmark.name}: {len(train):,} training, {len(validation):,} validation{put_aside}, {len(test):,} test "
        f"pictures; {near_test + near_other:,} left out for what they share with others"
    )
    return Lessons(*(_known(benchmark, some) for some in (train, validation, test)), told)


def _known(benchmark: Benchmark, tasks: Sequence[Task]) -> Known:
    return Known(tuple(tasks), matrix([one.truth for one in tasks], benchmark.classes))


def _apart(tasks: Sequence[Task], others: Sequence[Task]) -> tuple[list[Task], int]:
    """The tasks that share nothing with the others, and how many do."""
    seen = {value for one in others for value in _marks(one)}
    kept = [one for one in tasks if not seen & set(_marks(one))]
    return kept, len(tasks) - len(kept)


def _marks(one: Task) -> list[tuple[str, str]]:
    marks = [("picture", one.picture_id), ("bytes", one.image_sha), ("source", one.source_id), ("patch", one.patch_id)]
    return [(kind, value) for kind, value in marks if value]


def _is_put_aside(one: Task) -> bool:
    return fraction(f"validation:{one.patch_id or one.source_id or one.picture_id}") < SHARE_OF_VALIDATION


def _over(mean: float, n_of: Floats) -> Floats:
    return (mean / n_of.clip(1)) * (n_of > 0) + (n_of == 0)
