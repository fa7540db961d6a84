"""Who learns a benchmark: a head on frozen features, a vision tower with its head, a small network from nothing.

Each says by its recipe all that decides what it learns, and is fitted on training and validation pictures alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from curation.engine.store import Store
from evaluate.encoders.eyes import SmallEyes, TowerEyes
from evaluate.encoders.features import Encoder, features
from evaluate.encoders.heads import HEADS
from evaluate.encoders.lessons import Lessons
from evaluate.encoders.networks import Training, trained
from evaluate.encoders.towers import LoadedTower, Tower
from evaluate.scoring.metrics import Floats
from evaluate.tasks.benchmark import Benchmark, Task

LEARNERS_VERSION = 1
"""Raised when the same recipe starts to learn something else."""


@dataclass(frozen=True)
class Fitted:
    """What came of a fit."""

    probabilities: Callable[[Sequence[Task]], Floats]
    """(n_pictures, n_classes)."""
    chosen: dict[str, float]
    """What validation chose, to be told."""
    files: dict[str, bytes]
    """Itself, to be kept."""


class Learner(Protocol):
    """Who learns."""

    @property
    def name(self) -> str:
        """As it is told in tables."""
        ...

    @property
    def recipe(self) -> object:
        """All that decides what it learns, besides the pictures."""
        ...

    def fit(self, benchmark: Benchmark, lessons: Lessons, store: Store) -> Fitted:
        """Learn from training pictures, choose by validation pictures; features are kept in the store."""
        ...


@dataclass(frozen=True)
class OnFeatures:
    """A head on one kind of an encoder's features."""

    encoder: Encoder
    kind: str
    head: str
    name: str

    @property
    def recipe(self) -> object:
        """Encoder, kind and head."""
        return {"encoder": self.encoder.sha, "kind": self.kind, "head": self.head, "version": LEARNERS_VERSION}

    def fit(self, benchmark: Benchmark, lessons: Lessons, store: Store) -> Fitted:
        """A head of HEADS."""
        lessons.check()

        def seen(tasks: Sequence[Task]) -> Any:
            return features(self.encoder, self.kind, tasks, store)

        train, validation = lessons.train, lessons.validation
        head = HEADS[self.head](
            seen(train.tasks), train.truth, seen(validation.tasks), validation.truth, is_one=is_one(benchmark)
        )
        return Fitted(lambda tasks: head.predict(seen(tasks)), head.chosen, head.files)


@dataclass(frozen=True)
class FromScratch:
    """The small network."""

    eyes: SmallEyes
    how: Training
    device: str = "cpu"
    name: str = "small-network"

    @property
    def recipe(self) -> object:
        """How it sees and how it is trained."""
        return {"eyes": self.eyes, "how": self.how, "version": LEARNERS_VERSION}

    def fit(self, benchmark: Benchmark, lessons: Lessons, store: Store) -> Fitted:
        """All its weights."""
        del store  # it looks at the pictures themselves
        eyes = self.eyes.seeing([*lessons.train.tasks, *lessons.validation.tasks])
        return _trained(eyes, self.how, benchmark, lessons, self.device, self.name)


@dataclass(frozen=True)
class FineTuned:
    """A tower whose own weights learn as well."""

    tower: Tower
    how: Training

    @property
    def name(self) -> str:
        """The tower's, and what became of it."""
        return f"{self.tower.name} fine-tuned"

    @property
    def recipe(self) -> object:
        """Where it starts and how it is trained."""
        return {"tower": self.tower.sha, "how": self.how, "version": LEARNERS_VERSION}

    def fit(self, benchmark: Benchmark, lessons: Lessons, store: Store) -> Fitted:
        """All its weights, in a copy of its own: the frozen one stays as it is."""
        del store
        eyes = TowerEyes(LoadedTower(self.tower.folder, self.tower.device))
        return _trained(eyes, self.how, benchmark, lessons, self.tower.device, self.name)


def heads_on(encoder: Encoder, head: str) -> list[OnFeatures]:
    """A learner for each kind of features; where there are several, the kind is part of the name."""
    several = len(encoder.kinds) > 1
    return [
        OnFeatures(encoder, kind, head, f"{encoder.name} {kind}" if several else f"{encoder.name} {head}")
        for kind in encoder.kinds
    ]


def is_one(benchmark: Benchmark) -> bool:
    """Whether exactly one class is true of a picture."""
    return benchmark.answer != "labels"


def _trained(
    eyes: SmallEyes | TowerEyes, how: Training, benchmark: Benchmark, lessons: Lessons, device: str, name: str
) -> Fitted:
    lessons.check()
    made = trained(
        eyes, how, lessons.train, lessons.validation, is_one=is_one(benchmark), device=device,
        name=f"{name}, {benchmark.name}",
    )  # fmt: skip
    chosen = {"epoch": float(made.epoch), "validation_f1": round(made.validation_f1, 6)}
    return Fitted(made.probabilities, chosen, {"network.safetensors": made.written()})
