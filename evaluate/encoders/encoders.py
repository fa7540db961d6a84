"""Encoder baselines and probes: what the picture alone gives, by the pictures, scorer and intervals of any model.

    encoders/<learner>/…             what was fitted, and fit.json: the recipe, what validation chose, the counts
    encoders/<learner>/answers-….npz ln p of every allowed answer to each test picture

A learner's name in the store is the hash of its recipe and of the pictures it learns from, so what was fitted once is
not fitted again. Its answers become PREDICTIONS and SCORES by the steps that every model goes through.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from curation.asking.request import Reply, Request, Served
from curation.engine.run import build
from curation.engine.steps import Step
from curation.engine.store import Store
from evaluate.asking.asking import Manner
from evaluate.asking.backends import BackendInfo
from evaluate.asking.choices import label_probabilities
from evaluate.asking.predictions import predictions_step
from evaluate.encoders.learners import Learner, is_one
from evaluate.encoders.lessons import Lessons, lessons
from evaluate.scoring.metrics import Floats
from evaluate.scoring.numbers import Number, scored_runs
from evaluate.scoring.scores import scores_step
from evaluate.scoring.thresholds import Thresholds, fitted, kept
from evaluate.tasks.benchmark import Benchmark, pictures
from evaluate.tasks.inputs import Inputs, tables_of, with_inputs
from evaluate.tasks.picture_set import PictureSet
from evaluate.tasks.prompt import prompt_for
from schemas.errors import RecipeError, StoreError
from schemas.fingerprint import fingerprint

FOLDER, RECORD = "encoders", "fit.json"
LEAST_P = 1e-12
FORM = 1
"""Of what is kept; raised when it changes."""
Learners = Callable[[Benchmark], Sequence[Learner]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class EncoderBackend:
    """Gives what an encoder has said already: its answers, from the store."""

    place: str
    file: str
    served: Served
    model_sha: str

    def describe(self) -> BackendInfo:
        """The digest of its recipe and lessons stands for its weights."""
        return BackendInfo("encoder", str(FORM), self.served.model, self.model_sha, "", can_score=True)

    def check(self, *, is_constrained: bool, is_several: bool = False) -> None:
        """Nothing is asked, so nothing can be asked in another way."""
        if is_constrained or is_several:
            raise RecipeError(f"{self.served.model} is an encoder: it is told neither choices nor examples")

    def answer(self, requests: Sequence[Request]) -> list[Reply]:
        """The most likely allowed answer to each."""
        texts, _ = _answers(self.place, self.file)
        said = [texts[int(np.argmax(one))] for one in self._of(requests)]
        return [Reply(one.key, text, finish_reason="stop") for one, text in zip(requests, said, strict=True)]

    def log_likelihoods(self, requests: Sequence[Request], answers: Sequence[Sequence[str]]) -> list[tuple[float, ...]]:
        """Ln p of each allowed answer."""
        texts, _ = _answers(self.place, self.file)
        place = {text: k for k, text in enumerate(texts)}
        return [
            tuple(float(one[place[text]]) for text in some)
            for one, some in zip(self._of(requests), answers, strict=True)
        ]

    def _of(self, requests: Sequence[Request]) -> list[Floats]:
        _, of = _answers(self.place, self.file)
        return [of[hashlib.sha256(one.png or b"").hexdigest()] for one in requests]


@dataclass(frozen=True)
class Subject:
    """A benchmark with the tables of its pictures."""

    benchmark: Benchmark
    inputs: Inputs


@dataclass(frozen=True)
class Baseline:
    """What became of a learner on a benchmark."""

    benchmark: str
    model: str
    chosen: dict[str, float]
    lessons: str
    predictions: str
    scores: str
    numbers: dict[str, Number]
    """macro_f1, accuracy (of several labels the exact set), balanced_accuracy, tuned_f1."""


def subjects(
    wanted: Sequence[Benchmark | PictureSet], place: tuple[Path, Store], named: str | None, *, workers: int | None,
    say: Say,
) -> list[Subject]:  # fmt: skip
    """The benchmarks with their pictures, which are made where they are missing."""
    raw, store = place
    found = [Subject(one, tables) for one, tables in with_inputs(wanted, raw, store, named)]
    build([step for one in found for step in one.inputs], store, workers=workers, say=say)
    return found


def run_encoders(
    wanted: Sequence[Subject], learners: Learners, store: Store, *, workers: int | None = None, shortfall: str = "",
    say: Say = print,
) -> list[Baseline]:  # fmt: skip
    """Fit and score what is missing, and tell of everything.

    CatalogError for a number of test pictures that nobody has explained, RecipeError where there is nothing to learn.
    """
    ready = list[tuple[Subject, Learner, Lessons, str, Step, Step]]()
    for one in wanted:
        taught = lessons(one.benchmark, pictures(*tables_of(one.inputs, store, has_pixels=True)))
        taught.check()
        one.benchmark.check_count(len(taught.test.tasks), allowed=shortfall)
        say(taught.told)
        for learner in learners(one.benchmark):
            address, backend, thresholds = _learned(learner, one.benchmark, taught, store, say)
            manner = Manner(learner.name, backend.model_sha, "", has_choices=True)
            made = predictions_step(backend, one.benchmark, manner, one.inputs)
            ready.append((one, learner, taught, address, made, scores_step(one.benchmark, made, thresholds)))
    build([scored for *_, scored in ready], store, workers=workers, say=say)
    return [_became(*one, store) for one in ready]


def choice_logprobs(benchmark: Benchmark, given: Floats) -> Floats:
    """(n_pictures, n_choices): ln p of each allowed answer, from (n_pictures, n_classes).

    Of several labels an answer's is the product over labels, for each was learned alone.
    """
    given = np.clip(given, LEAST_P, 1 - LEAST_P)
    holds = np.array([[one in choice.labels for one in benchmark.classes] for choice in benchmark.choices])
    if is_one(benchmark):
        return np.log(given / given.sum(1, keepdims=True)) @ holds.T.astype(float)
    return np.log(given) @ holds.T.astype(float) + np.log1p(-given) @ (~holds).T.astype(float)


# -- fitting ----------------------------------------------------------------------------------------------------------


def _learned(
    learner: Learner, benchmark: Benchmark, taught: Lessons, store: Store, say: Say
) -> tuple[str, EncoderBackend, Thresholds]:
    """Where the learner is kept, its answers, and its thresholds; fitted where the store has none of it."""
    asked = [benchmark.name, benchmark.version, benchmark.answer, benchmark.classes, benchmark.none]
    learned_from = [taught.train.shas, taught.validation.shas]
    model_sha = fingerprint({"learner": learner.recipe, "benchmark": asked, "lessons": learned_from, "form": FORM})
    address = f"{FOLDER}/{model_sha[:16]}"
    file = f"{address}/answers-{fingerprint(sorted(one.image_sha for one in taught.test.tasks))[:16]}.npz"
    thresholds = kept(store, benchmark, model_sha, "fixed")
    if thresholds is None or not store.exists(file) or not store.exists(f"{address}/{RECORD}"):
        say(f"{benchmark.name}: {learner.name} learns")
        thresholds = _fit(learner, benchmark, taught, store, (model_sha, address, file))
    backend = EncoderBackend(store.where, file, Served(learner.name, model_sha[:32]), model_sha)
    return address, backend, thresholds


def _fit(
    learner: Learner, benchmark: Benchmark, taught: Lessons, store: Store, names: tuple[str, str, str]
) -> Thresholds:
    """Learn, answer, and keep it all; the record last."""
    model_sha, address, file = names
    made = learner.fit(benchmark, taught, store)
    rows = [
        {"split": one.split, "model_sha": model_sha, "prompt_variant": "fixed", "image_sha": one.image_sha}
        for one in taught.validation.tasks
    ]
    likely = np.exp(choice_logprobs(benchmark, made.probabilities(taught.validation.tasks)))
    labels = [choice.labels for choice in benchmark.choices]
    given = np.array([label_probabilities(one, labels, benchmark.classes) for one in likely])
    thresholds = fitted(rows, given, taught.validation.truth, benchmark)
    tested = choice_logprobs(benchmark, made.probabilities(taught.test.tasks))
    sink = io.BytesIO()
    shas = np.array([one.image_sha for one in taught.test.tasks])
    np.savez(sink, image_sha=shas, logprob=tested, choice=np.array([one.text for one in _choices(benchmark)]))
    for name, body in sorted(made.files.items()):
        store.publish(f"{address}/{name}", body)
    store.publish(file, sink.getvalue())
    store.publish(thresholds.file, thresholds.model_dump_json(indent=1).encode())
    record = {"model": learner.name, "benchmark": benchmark.name, "lessons": taught.told, "chosen": made.chosen}
    store.publish(f"{address}/{RECORD}", json.dumps(record, indent=1, sort_keys=True).encode() + b"\n")
    return thresholds


def _choices(benchmark: Benchmark) -> Sequence[Any]:
    """The allowed answers as the wording `fixed` spells them, under which a baseline stands in the tables."""
    return prompt_for(benchmark).choices


@lru_cache(maxsize=4)
def _answers(place: str, file: str) -> tuple[list[str], dict[str, Floats]]:
    """The texts of allowed answers, and ln p of each by the digest of the picture."""
    store = Store(place)
    try:
        with np.load(io.BytesIO(store.read_bytes(file)), allow_pickle=False) as found:
            return found["choice"].tolist(), dict(zip(found["image_sha"].tolist(), found["logprob"], strict=True))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"{store.path(file)}: damaged ({error}); delete it, and it is made again") from error


def _became(
    one: Subject, learner: Learner, taught: Lessons, address: str, made: Step, scored: Step, store: Store
) -> Baseline:
    (run,) = scored_runs([store.read(scored.address)])
    numbers = {
        "macro_f1": run.number("f1"),
        "accuracy": run.right,
        "balanced_accuracy": run.number("balanced_accuracy", "all"),
        "tuned_f1": run.number("f1", scoring="tuned"),
    }
    chosen = json.loads(store.read_bytes(f"{address}/{RECORD}"))["chosen"]
    return Baseline(one.benchmark.name, learner.name, chosen, taught.told, made.address, scored.address, numbers)
