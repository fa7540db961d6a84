"""Two models on the same pictures: the difference with its interval from paired draws, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from evaluate.scoring import metrics
from evaluate.scoring.intervals import N_DRAWS, Interval, by_cluster, difference, holm, mcnemar, seed_of
from evaluate.scoring.metrics import Floats
from evaluate.scoring.said import Row, said_by, truth_of
from evaluate.scoring.sheet import counts_in
from evaluate.tasks.benchmark import Benchmark
from schemas.errors import TableError


@dataclass(frozen=True)
class Comparison:
    """Ours less theirs."""

    benchmark: str
    scoring: str
    metric: str
    ours: str
    theirs: str
    n: int
    """Pictures that both were asked about."""
    difference: Interval
    p: float
    """Two-sided, of the paired bootstrap."""
    p_holm: float
    """Raised for the comparisons that were made together."""
    p_mcnemar: float
    """Of which pictures each has wholly right."""

    @property
    def points(self) -> str:
        """The difference in points with its interval, such as +3.1 [-0.4, +6.5]."""
        ends = (self.difference.value, self.difference.low, self.difference.high)
        value, low, high = (f"{100 * one:+.1f}" for one in ends)
        return f"{value} [{low}, {high}]"


def compared(
    ours: pa.Table, theirs: pa.Table, benchmark: Benchmark, scoring: str = "strict", n_draws: int = N_DRAWS
) -> Comparison:
    """Macro-F1 of two runs of one benchmark. Raises TableError where their pictures or truth differ."""
    left, right = (one.sort_by("image_id").to_pylist() for one in (ours, theirs))
    told = [[(row["image_id"], tuple(row["truth"]), row["cluster"]) for row in rows] for rows in (left, right)]
    if told[0] != told[1] or not left:
        raise TableError(
            f"{benchmark.name}: {len(left)} and {len(right)} pictures that are not the same, with the same truth; "
            "only runs on the same pictures can be compared"
        )
    rule = benchmark.paper.truth if scoring == "paper" else benchmark.truth
    known = [k for k, row in enumerate(left) if truth_of(row, rule, benchmark) is not None]
    left, right = [left[k] for k in known], [right[k] for k in known]
    clusters = [row["cluster"] for row in left]
    counts, rights = zip(*(_counts(rows, benchmark, scoring, rule) for rows in (left, right)), strict=True)
    found, p = difference(
        by_cluster(counts[0], clusters), by_cluster(counts[1], clusters),
        lambda sums: metrics.macro_f1(counts_in(sums)), seed_of(benchmark.name), n_draws,
    )  # fmt: skip
    only = [int((rights[0] & ~rights[1]).sum()), int((rights[1] & ~rights[0]).sum())]
    return Comparison(
        benchmark.name, scoring, "macro_f1", left[0]["model"], right[0]["model"], len(left), found, p, p, mcnemar(*only)
    )


def together(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same with p raised by Holm's method over all of them, as over six benchmarks."""
    raised = holm([one.p for one in comparisons])
    return [replace(one, p_holm=p) for one, p in zip(comparisons, raised, strict=True)]


def _counts(rows: Sequence[Row], benchmark: Benchmark, scoring: str, rule: str) -> tuple[Floats, metrics.Bools]:
    said = said_by(rows, benchmark, scoring, rule)
    counts = metrics.counts_of(said.truth, said.said) * said.counted[:, None, None]
    right = (said.truth == said.said).all(1) & said.is_read
    return counts.reshape(len(counts), -1), np.asarray(right)
