"""Does a low score foretell a fault? Estimates with intervals that hold for few rows too, from counts alone.

Every interval is of 95 %. A share has Wilson's; a ratio of two shares Koopman's score interval; the chance that a
faulty row has the lower score Newcombe's fifth method (Statistics in Medicine 25, 559, 2006). None of them needs that
each outcome was seen: where no fault was found, or nothing but faults, what can be said is said, and the rest is open.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.estimate import Estimate, Z

LOWEST = 0.2
"""The share of rows with the lowest scores whose faults are counted; more where scores are equal."""
LEAST_OF_EACH = 5
"""Faulty rows, and others, from which on something may be said of a judge."""
STEPS = 200
TINY = 1e-12

Counts = Mapping[float, tuple[int, int]]
"""By score: how many rows without a fault have it, and how many with one."""


@dataclass(frozen=True)
class Lift:
    """What scores say of faults. Estimates are None where the rows allow none."""

    n: int
    n_faulty: int
    cut: float | None = None
    """Rows with this score or less are the lowest."""
    n_low: int = 0
    n_low_faulty: int = 0
    lift: Estimate | None = None
    """The share of faulty rows among the lowest, over their share among all; 1: the score says nothing."""
    chance: Estimate | None = None
    """That of a faulty row and another the faulty one has the lower score, equal ones counted half; 0.5: nothing."""

    @property
    def told(self) -> str:
        """In words: whether the score foretells faults, as far as these rows can tell."""
        if min(self.n_faulty, self.n - self.n_faulty) < LEAST_OF_EACH or self.chance is None:
            return f"cannot be told: {self.n_faulty:,} of {self.n:,} with a fault, {LEAST_OF_EACH} of each are needed"
        if self.chance.low > 0.5:  # noqa: PLR2004 - an even chance
            return "low scores foretell faults"
        return "high scores foretell faults" if self.chance.high < 0.5 else "no lift shown"  # noqa: PLR2004


def lift(counts: Counts) -> Lift:
    """Lift and chance of scores, over rows that are each scored on their own."""
    scores = [score for score in sorted(counts) if sum(counts[score])]
    n, n_faulty = (sum(sum(counts[score]) for score in scores), sum(counts[score][1] for score in scores))
    if not n:
        return Lift(0, 0)
    cut, n_low, n_low_faulty = scores[0], 0, 0
    for score in scores:
        if n_low >= LOWEST * n:
            break
        cut, n_low, n_low_faulty = score, n_low + sum(counts[score]), n_low_faulty + counts[score][1]
    ratio = ratio_of_shares(n_low_faulty, n_low, n_faulty - n_low_faulty, n - n_low) if n_low < n else None
    return Lift(
        n, n_faulty, cut, n_low, n_low_faulty,
        ratio and Estimate(*(_over_all(one, n_low, n) for one in (ratio.value, ratio.low, ratio.high))),
        chance_lower(counts),
    )  # fmt: skip


def ratio_of_shares(n_one: int, of_one: int, n_other: int, of_other: int) -> Estimate | None:
    """One share over another, of two separate groups, with Koopman's interval; None where neither has any."""
    if not (of_one and of_other and n_one + n_other):
        return None

    def is_far(log_ratio: float) -> bool:
        """Whether this ratio is refused by the rows: Pearson's chi squared under it, with the shares that suit best."""
        ratio = math.exp(log_ratio)
        b = ratio * (of_one + n_other) + n_one + of_other
        other = (b - math.sqrt(max(0.0, b * b - 4 * (of_one + of_other) * ratio * (n_one + n_other)))) / (
            2 * (of_one + of_other) * ratio
        )
        return _chi2(n_one, of_one, ratio * other) + _chi2(n_other, of_other, other) > Z * Z

    value = math.inf if n_other == 0 else (n_one / of_one) / (n_other / of_other)
    middle = math.log((n_one + 0.5) / (of_one + 0.5) / ((n_other + 0.5) / (of_other + 0.5)))
    middle = math.log(value) if 0 < value < math.inf else middle
    low = 0.0 if n_one == 0 else math.exp(_edge(is_far, middle, -40.0))
    high = math.inf if n_other == 0 else math.exp(_edge(is_far, middle, 40.0))
    return Estimate(value, low, high)


def chance_lower(counts: Counts) -> Estimate | None:
    """The chance that a faulty row has the lower score of a pair; None where all are faulty, or none is."""
    n_good, n_bad = (sum(one[k] for one in counts.values()) for k in (0, 1))
    if not n_good or not n_bad:
        return None
    won, n_above = 0.0, n_good
    for score in sorted(counts):
        good, bad = counts[score]
        n_above -= good
        won += bad * (n_above + good / 2)
    value = won / (n_good * n_bad)
    pairs = (n_good + n_bad) / 2 - 1

    def is_far(chance: float) -> bool:
        spread = 1 + pairs * ((1 - chance) / (2 - chance) + chance / (1 + chance))
        return (value - chance) ** 2 > Z * Z * chance * (1 - chance) * spread / (n_good * n_bad)

    low = 0.0 if value == 0 else _edge(is_far, value, 0.0)
    return Estimate(value, low, 1.0 if value == 1 else _edge(is_far, value, 1.0))


def _over_all(ratio: float, n_low: int, n: int) -> float:
    """From the ratio of the lowest to the rest to that of the lowest to all."""
    return n / n_low if math.isinf(ratio) else ratio * n / (ratio * n_low + n - n_low)


def _chi2(n_of: int, n: int, expected: float) -> float:
    p = min(max(expected, TINY), 1 - TINY)
    return (n_of - n * p) ** 2 / (n * p * (1 - p))


def _edge(is_far: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where, on the way from a value that is not refused to one that is, refusal begins."""
    for _ in range(STEPS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if is_far(middle) else (middle, outside)
    return inside
