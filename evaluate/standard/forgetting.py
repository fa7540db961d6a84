"""What a tuned model forgot, apart from what it only says in another form.

S is the harness's score of a logged answer, L the score of the same answer read leniently: ScienceQA wants the bare
letter, so a model that now speaks in sentences looks like one that forgot.

    knowledge loss = L_base - L_tuned          format loss = (S_base - S_tuned) - knowledge loss
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluate.standard.lenient import says, targets
from evaluate.standard.letters import plain
from evaluate.standard.logged import Logged
from evaluate.standard.standard import STANDARDS, Result, weights
from schemas.errors import CatalogError

N_DRAWS = 10_000
GUESSES = {"mmmu_val"}  # draws an option at random where it reads none


@dataclass(frozen=True)
class Loss:
    """A difference base - tuned in points of a hundred, with its 95 % interval over the same documents."""

    points: float
    low: float
    high: float


@dataclass(frozen=True)
class Forgotten:
    """One standard benchmark, before and after; shares of 1."""

    name: str
    n: int
    strict_base: float
    strict_tuned: float
    lenient_base: float
    lenient_tuned: float
    total: Loss
    knowledge: Loss
    form: Loss


def forgotten(base: Result, tuned: Result, *, seed: int = 0) -> Forgotten:
    """The loss of one task, split. CatalogError where the two runs did not answer the same documents."""
    ours, theirs = ({one.doc_id: one for one in result.samples} for result in (base, tuned))
    both = ours.keys() & theirs.keys()
    same = {k for k in both if (ours[k].question, ours[k].target) == (theirs[k].question, theirs[k].target)}
    if base.task != tuned.task or not ours.keys() == theirs.keys() == same:
        raise CatalogError(
            f"{base.task}: base and tuned model answered different documents ({len(ours):,} and {len(theirs):,}, "
            f"{len(same):,} in common); run both over all of them"
        )
    ids, task = sorted(ours), base.task
    weight = np.array(weights([ours[k] for k in ids]))
    strict = [weight * np.array([strict_score(side[k]) for k in ids]) for side in (ours, theirs)]
    lenient = [weight * np.array([lenient_score(side[k], task) for k in ids]) for side in (ours, theirs)]
    total, knowledge = strict[0] - strict[1], lenient[0] - lenient[1]
    draws = _draws(len(ids), seed)
    name = STANDARDS[task].name if task in STANDARDS else task
    return Forgotten(
        name, len(ids), *(float(one.mean()) for one in (*strict, *lenient)),
        _loss(total, draws), _loss(knowledge, draws), _loss(total - knowledge, draws),
    )  # fmt: skip


def strict_score(one: Logged) -> float:
    """The harness's own; where it told none of a single answer, whether the text is what was due."""
    if one.score is not None:
        return min(max(one.score, 0.0), 1.0)
    return float(plain(one.reply) in {plain(target) for target in targets(one.target)})


def lenient_score(one: Logged, task: str = "") -> float:
    """How well the reply says what was due, in whatever form.

    Never below the strict one, but where the harness guesses: a point by luck is no knowledge.
    """
    strict = strict_score(one)
    if strict >= 1 and task not in GUESSES:
        return strict
    said = says(one.reply, one.target, task=task, question=one.question)
    return said if task in GUESSES and not said and not _is_open(one) else max(strict, said)


def _is_open(one: Logged) -> bool:
    """A question without options, of which the harness guesses nothing."""
    return len(one.target.strip()) != 1


def mean_and_worst(rows: Sequence[Forgotten]) -> tuple[float, float, str]:
    """Mean knowledge loss over the benchmarks, the worst one, and its name; in points."""
    worst = max(rows, key=lambda row: row.knowledge.points)
    return float(np.mean([row.knowledge.points for row in rows])), worst.knowledge.points, worst.name


def _loss(differences: NDArray[np.float64], draws: NDArray[np.int64]) -> Loss:
    means = 100 * differences[draws].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Loss(100 * float(differences.mean()), float(low), float(high))


def _draws(n: int, seed: int) -> NDArray[np.int64]:
    """The same draws for every difference of a task; fewer of long ones, whose means hardly move."""
    return np.random.default_rng(seed).integers(0, n, (min(N_DRAWS, max(1_000, 20_000_000 // n)), n))
