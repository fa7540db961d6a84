"""Distributions counted by DuckDB: bins that all datasets share, and of each dataset where its values lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np

N_BINS = 36
MOST_VALUES = 3


@dataclass(frozen=True)
class Quantity:
    """Something to draw a histogram of: a query that gives dataset and value."""

    label: str
    query: str
    log: bool = False
    whole: bool = False
    up_to: float | None = None
    """Where the axis ends, from 0 on; None: where the values do."""


@dataclass(frozen=True)
class Spread:
    """Where the values of a dataset lie; quantiles are values that occur."""

    series: str
    n: int
    least: float
    lower: float
    median: float
    upper: float
    most: float


@dataclass(frozen=True)
class Histogram:
    """Counts of each dataset in bins that all share; with a logarithmic axis, over the positive values."""

    label: str
    log: bool
    whole: bool
    edges: tuple[float, ...]
    counts: dict[str, list[int]]
    spread: tuple[Spread, ...]
    n: int
    n_left_out: int
    """Values that are unknown, infinite or, on a logarithmic axis, not positive."""
    expected: tuple[float, ...] = ()
    """What chance alone would give in each bin; empty where nobody can say."""

    @property
    def told(self) -> str:
        """How many values are in it, in words."""
        unfit = "unknown or not positive" if self.log else "unknown"
        return f"{self.n:,} values" + (f"; {self.n_left_out:,} {unfit}" if self.n_left_out else "")

    @property
    def alternative(self) -> str:
        """The picture in words, for who does not see it."""
        some = self.spread[:MOST_VALUES]
        each = "; ".join(f"{one.series}: median {one.median:.4g}, {one.least:.4g} to {one.most:.4g}" for one in some)
        n_more = len(self.spread) - len(some)
        more = f"; {n_more} more in the table below" if n_more else ""
        return f"Histogram of {self.label}, {self.told}. {each}{more}"


def histograms(db: duckdb.DuckDBPyConnection, wanted: Sequence[Quantity]) -> list[Histogram]:
    """A histogram of each quantity that has values."""
    return [found for one in wanted for found in [_histogram(db, one)] if found is not None]


def _histogram(db: duckdb.DuckDBPyConnection, wanted: Quantity) -> Histogram | None:
    # Its query may go through every turn of the corpus: once, and not for each of the numbers below.
    db.execute(f"CREATE OR REPLACE TEMP TABLE measured AS SELECT dataset, value::DOUBLE AS value FROM ({wanted.query})")
    fits = "isfinite(value) AND value > 0" if wanted.log else "isfinite(value)"
    ((n_all,),) = db.sql("SELECT count(*) FROM measured").fetchall()
    spread = tuple(Spread(*row) for row in db.sql(_spread(fits)).fetchall())
    if not spread:
        return None
    n, edges = sum(one.n for one in spread), _edges(wanted, spread)
    low, high = (float(np.log(edge)) if wanted.log else float(edge) for edge in (edges[0], edges[-1]))
    counts = {one.series: [0] * (len(edges) - 1) for one in spread}
    scaled = "ln(value)" if wanted.log else "value"
    query = f"""
        SELECT dataset, greatest(least(floor(({scaled} - $low) / ($high - $low) * $n_bins), $n_bins - 1), 0)::INTEGER,
               count(*)
        FROM measured WHERE {fits} GROUP BY ALL
    """
    for dataset, place, count in db.execute(query, {"low": low, "high": high, "n_bins": len(edges) - 1}).fetchall():
        counts[dataset][place] = count
    return Histogram(wanted.label, wanted.log, wanted.whole, edges, counts, spread, n, n_all - n)


def _spread(fits: str) -> str:
    at = ", ".join(f"quantile_disc(value, {share})" for share in (0.25, 0.5, 0.75))
    return f"SELECT dataset, count(*), min(value), {at}, max(value) FROM measured WHERE {fits} GROUP BY ALL ORDER BY 1"


def _edges(wanted: Quantity, spread: Sequence[Spread]) -> tuple[float, ...]:
    low, high = min(one.least for one in spread), max(one.most for one in spread)
    if wanted.up_to is not None:
        low, high = 0.0, max(wanted.up_to, high)
    if wanted.log:
        low, high = np.log(low), np.log(high)
    if wanted.whole or high == low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, (min(N_BINS, round(high - low)) if wanted.whole else N_BINS) + 1)
    return tuple(float(edge) for edge in (np.exp(edges) if wanted.log else edges))


def separations(db: duckdb.DuckDBPyConnection, matchings: Sequence[dict[str, Any]]) -> list[Histogram]:
    """Of each cross-match how far the partners are apart, beside what chance alone would give.

    Chance: the nearest of sources strewn over the sky, as many as match the share that shifted tables matched. With
    that share p within a radius R, one has its nearest within r with probability 1 - (1 - p)^(r^2 / R^2).
    """
    found = list[Histogram]()
    for one in matchings:
        name = str(one["matching"]).replace("'", "''")
        query = (
            "SELECT split_part(address, '/', 2) AS dataset, separation_arcsec AS value FROM matches "
            f"WHERE is_best AND split_part(address, '/', 2) = '{name}'"
        )
        label = f"{one['matching']}: separation / arcsec"
        for histogram in histograms(db, [Quantity(label, query, up_to=one["radius_arcsec"])]):
            found.append(_beside_chance(histogram, one))
    return found


def _beside_chance(histogram: Histogram, matching: dict[str, Any]) -> Histogram:
    share, radius = matching["chance_share"], matching["radius_arcsec"]
    if share is None or not 0 < share < 1 or not radius or matching["mode"] == "overlap":
        return histogram
    alone = (1 - share) ** ((np.array(histogram.edges) / radius) ** 2)
    expected = tuple(float(n) for n in matching["n_left"] * (alone[:-1] - alone[1:]))
    return replace(histogram, expected=expected)
