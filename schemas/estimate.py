"""A share of few rows, and how sure it is."""

import math
from dataclasses import dataclass
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Estimate:
    """A number and between which two it lies, with 95 % confidence; infinite where nothing bounds it."""

    value: float
    low: float
    high: float


def share(n_of: int, n: int) -> Estimate | None:
    """A share with Wilson's interval; None of no rows."""
    if not n:
        return None
    value, spread = n_of / n, Z * Z / n
    middle = (value + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (value * (1 - value) + spread / 4)) / (1 + spread)
    return Estimate(value, 0.0 if n_of == 0 else max(0.0, middle - half), 1.0 if n_of == n else min(1.0, middle + half))
