"""What a run said of each picture by one scoring, beside what is true: matrices made of rows of PREDICTIONS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluate.asking.choices import label_probabilities
from evaluate.asking.retries import last_said
from evaluate.scoring.metrics import Bools, Floats
from evaluate.scoring.thresholds import Thresholds
from evaluate.tasks.answers import read_as_paper
from evaluate.tasks.benchmark import Benchmark
from evaluate.tasks.prompt import prompt_for
from evaluate.tasks.reply_words import STRICT

Row = dict[str, Any]
Labels = tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """A run's answers by one scoring: one row a picture."""

    classes: Labels
    truth: Bools
    """(n_pictures, n_classes)."""
    said: Bools
    is_read: Bools
    """(n_pictures,)."""
    counted: Bools
    """(n_pictures,): false where the paper's scoring drops a picture."""


def truth_of(row: Row, rule: str, benchmark: Benchmark) -> Labels | None:
    """The true classes of a prediction by a rule; None where that rule cannot tell."""
    if rule == benchmark.truth:
        return tuple(row["truth"])
    found = dict(row["truths"]).get(rule)
    return None if found is None else tuple(found)


def matrix(labels: Sequence[Sequence[str] | None], classes: Sequence[str]) -> Bools:
    """(n_pictures, n_classes): whether each holds; None holds nothing."""
    return np.array([[one in (some or ()) for one in classes] for some in labels], bool).reshape(-1, len(classes))


def said_by(
    rows: Sequence[Row], benchmark: Benchmark, scoring: str, rule: str, tuned: Thresholds | None = None
) -> Said:
    """Truth and answers by a scoring of SCORINGS, in the order of rows."""
    classes, truth = benchmark.classes, [truth_of(row, rule, benchmark) for row in rows]
    if scoring in ("paper", "paper-retried"):
        is_last = scoring == "paper-retried"
        said = [last_said(row["reply"], row["retries"]) if is_last else row["reply"] for row in rows]
        answers = [read_as_paper(one, benchmark) for one in said]
        classes = benchmark.paper.classes
        # NONE is a class here, where the original had it.
        truth = [one or (benchmark.none,) for one in truth]
        counted = np.array([one is not None for one in answers], bool)
    else:
        meaning = meanings(rows, benchmark) if scoring in ("choice", "tuned") else {}
        answers = [_answer(row, benchmark, meaning, scoring, tuned) for row in rows]
        counted = np.ones(len(rows), bool)
    is_read = np.array([one is not None for one in answers], bool)
    return Said(classes, matrix(truth, classes), matrix(answers, classes), is_read, counted)


def label_scores(rows: Sequence[Row], benchmark: Benchmark) -> Floats:
    """(n_pictures, n_classes): from choice probabilities, how likely each class is."""
    meaning = meanings(rows, benchmark)
    return np.array(
        [label_probabilities(row["choice_prob"], [meaning[one] for one in row["choices"]], benchmark.classes)
         for row in rows]
    )  # fmt: skip


def has_retries(rows: Sequence[Row]) -> bool:
    """Whether any picture was asked about again."""
    return any(row["retries"] is not None for row in rows)


def has_choices(rows: Sequence[Row]) -> bool:
    """Whether likelihoods were taken of every picture."""
    return bool(rows) and all(row["choice_prob"] is not None for row in rows)


def _answer(
    row: Row, benchmark: Benchmark, meaning: Mapping[str, Labels], scoring: str, tuned: Thresholds | None
) -> Labels | None:
    """The classes by a scoring; None: not readable, which is wrong."""
    if scoring in ("strict", "lenient"):
        is_taken = scoring == "lenient" or row["status"] in STRICT
        return tuple(row["predicted"]) if is_taken and row["predicted"] is not None else None
    if tuned is None:
        return meaning[row["choices"][int(np.argmax(row["choice_logprob"]))]]
    of = [meaning[one] for one in row["choices"]]
    return tuned.chosen(label_probabilities(row["choice_prob"], of, benchmark.classes))


def meanings(rows: Sequence[Row], benchmark: Benchmark) -> Mapping[str, Labels]:
    """What each allowed answer means, in the spelling of the run's wording."""
    asked = prompt_for(benchmark, rows[0]["prompt_variant"])
    return {one.text: one.labels for one in asked.choices}
