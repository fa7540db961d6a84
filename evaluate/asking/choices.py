"""How likely the model takes each allowed answer: one row for all of them, and what follows from their likelihoods.

ln p of an answer is the sum over its tokens and the stop token; no mean, for then DIFFUSE could never come out below
DIFFUSE-LARGE, whose first tokens it is. All answers stand in one row behind the prompt, each a branch that sees the
prompt and itself: one forward for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from curation.asking.request import Request
from evaluate.tasks.benchmark import Benchmark, Choice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ChoiceRow:
    """Prompt and answers as one row of tokens."""

    ids: Ints
    """(n_tokens,)"""
    positions: Ints
    """(n_tokens,): every branch goes on where the prompt ends."""
    branches: Ints
    """(n_tokens,): 0 the prompt, then 1, 2, …"""
    predicted_at: Ints
    """(n_said,): for each token of an answer, where in the row it is predicted."""

    @property
    def said(self) -> Ints:
        """(n_said,): the tokens of the answers."""
        return self.ids[self.branches > 0]

    @property
    def branch_of_said(self) -> Ints:
        """(n_said,): whose they are, from 0."""
        return self.branches[self.branches > 0] - 1


@dataclass(frozen=True)
class Likelihoods:
    """Of the allowed answers to one question, in their order."""

    choices: tuple[Choice, ...]
    logprob: tuple[float, ...]
    prob: tuple[float, ...]
    """Among the allowed answers: adds up to 1."""
    mass: float
    """How likely the model gives any of them at all."""

    @property
    def best(self) -> Choice:
        """The most likely one; of equals the first."""
        return self.choices[int(np.argmax(self.logprob))]

    def of_labels(self, classes: Sequence[str]) -> tuple[float, ...]:
        """For each class the sum over the answers that hold it."""
        return tuple(label_probabilities(self.prob, [one.labels for one in self.choices], classes).tolist())


class Scorer(Protocol):
    """A backend that knows likelihoods."""

    def log_likelihoods(self, requests: Sequence[Request], answers: Sequence[Sequence[str]]) -> list[tuple[float, ...]]:
        """Ln p of each whole answer of each request, stop token included."""
        ...


def likelihoods(backend: Scorer, requests: Sequence[Request], choices: Sequence[Choice]) -> list[Likelihoods]:
    """Of the same allowed answers to each request, in the order of requests."""
    texts = [one.text for one in choices]
    return [of_logprobs(one, choices) for one in backend.log_likelihoods(requests, [texts] * len(requests))]


def of_logprobs(logprob: Sequence[float], choices: Sequence[Choice]) -> Likelihoods:
    """Probabilities and mass of allowed answers from ln p of each."""
    given = np.asarray(logprob, float)
    if given.shape != (len(choices),):
        raise ValueError(f"{given.shape[0]} likelihoods for {len(choices)} answers")
    top = given.max()
    spread = np.exp(given - top)
    total = spread.sum()
    mass = float(np.exp(top) * total)  # above 1 by rounding alone: answers exclude one another, for each has its stop
    return Likelihoods(tuple(choices), tuple(given.tolist()), tuple((spread / total).tolist()), min(mass, 1.0))


def label_probabilities(prob: Sequence[float], labels: Sequence[Sequence[str]], classes: Sequence[str]) -> Floats:
    """(n_classes,): for each class the summed probability of the answers that hold it."""
    holds = np.array([[one in some for one in classes] for some in labels], float)
    return np.asarray(prob, float) @ holds


def choice_texts(benchmark: Benchmark) -> list[str]:
    """The allowed answers as texts."""
    return [one.text for one in benchmark.choices]


def choice_row(prompt: Sequence[int], answers: Sequence[Sequence[int]]) -> ChoiceRow:
    """One row for all answers (each with its stop token at its end)."""
    n = len(prompt)
    ids, positions, branches, predicted_at = list(prompt), list(range(n)), [0] * n, list[int]()
    for number, answer in enumerate(answers, start=1):
        # The first token of a branch is predicted at the prompt's last token, not at the one before it in the row.
        predicted_at += [n - 1, *range(len(ids), len(ids) + len(answer) - 1)]
        positions += range(n, n + len(answer))
        branches += [number] * len(answer)
        ids += answer
    return ChoiceRow(*(np.array(one, np.int64) for one in (ids, positions, branches, predicted_at)))


def may_see(row: ChoiceRow) -> NDArray[np.bool_]:
    """(n_tokens, n_tokens): whether a row's token sees a column's: what is before it, in prompt or own branch."""
    before = np.tril(np.ones((row.ids.size, row.ids.size), bool))
    own = row.branches[:, None] == row.branches[None, :]
    return before & (own | (row.branches[None, :] == 0))


def log_likelihoods(logits: NDArray[np.float32], row: ChoiceRow) -> Floats:
    """(n_answers,) ln p of each whole answer; `logits` (n_said, vocabulary) at `row.predicted_at`."""
    wide = logits.astype(np.float64)
    wide -= wide.max(axis=1, keepdims=True)
    token = wide[np.arange(row.said.size), row.said] - np.log(np.exp(wide).sum(axis=1))
    return np.bincount(row.branch_of_said, weights=token, minlength=int(row.branches.max()))
