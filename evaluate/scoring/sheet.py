"""Columns of sums over pictures, and the numbers made of them: value and interval come from the same code."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluate.scoring.intervals import FEW_CLUSTERS, Interval, by_cluster, certain, interval, redrawn
from evaluate.scoring.metrics import Floats, ratio

COUNTED = ("support", "count")
SHARES = ("share", "coverage", "accuracy", "balanced_accuracy", "exact_set", "precision", "recall", "jaccard", "f1")
"""Of these all draws agree where no picture, or every one, is right: the bootstrap would say that it is sure. So they
get the exact interval of a share; of F1 it is the one where whatever is found is found without a false alarm."""
Row = dict[str, Any]


@dataclass
class Sheet:
    """Columns of sums over pictures, and the numbers to be made of them."""

    clusters: list[str]
    columns: list[Floats] = field(default_factory=list)
    wanted: list[tuple[Row, slice, Callable[[Floats], Floats]]] = field(default_factory=list)
    n_columns: int = 0

    def add(self, columns: Floats) -> slice:
        """Columns (n_pictures, k); gives their place."""
        place = slice(self.n_columns, self.n_columns + columns.shape[1])
        self.columns.append(columns)
        self.n_columns = place.stop
        return place

    def want(self, row: Row, place: slice, metric: Callable[[Floats], Floats]) -> None:
        """A number of those columns, as a row of SCORES."""
        self.wanted.append((row, place, metric))

    def rows(self, seed: int, n_draws: int) -> list[Row]:
        """Every number with its interval; none from a single cluster, and none for what was counted."""
        sums = by_cluster(np.concatenate(self.columns, axis=1), self.clusters)
        draws = redrawn(sums, seed, n_draws) if n_draws and len(sums) >= FEW_CLUSTERS else None
        total, made = sums.sum(0), list[Row]()
        for row, place, metric in self.wanted:
            value = float(metric(total[place]))
            if draws is None or row["metric"] in COUNTED or (row["metric"] in SHARES and not row["n"] and not value):
                made.append(with_interval(row, alone(value), "none"))
            elif row["metric"] in SHARES and row["n"] and value in (0.0, 1.0):
                found = certain(value, min(row["n"], len(sums)))
                if row["metric"] == "f1" and not value:
                    found = Interval(value, 0.0, 2 * found.high / (1 + found.high))
                made.append(with_interval(row, found, f"exact, {min(row['n'], len(sums))} clusters"))
            else:
                found = interval(value, metric(draws[:, place]))
                made.append(with_interval(row, found, f"bootstrap-{n_draws} of {len(sums)} clusters"))
        return made


def share(sums: Floats) -> Floats:
    """(..., 2) → (...): the first over the second; NaN of nothing."""
    return ratio(sums[..., 0], sums[..., 1], without=np.nan)


def counts_in(sums: Floats) -> Floats:
    """(..., 3 n_classes) → (..., n_classes, 3)."""
    return sums.reshape(*sums.shape[:-1], -1, 3)


def alone(value: float) -> Interval:
    """A number without an interval."""
    return Interval(value, float("nan"), float("nan"))


def with_interval(row: Row, found: Interval, method: str) -> Row:
    """A row of SCORES with its numbers; null where there is none."""
    numbers = {name: getattr(found, name) for name in ("value", "low", "high")}
    known = {name: float(one) if np.isfinite(one) else None for name, one in numbers.items()}
    return {**row, **known, "method": method if known["low"] is not None else "none"}
