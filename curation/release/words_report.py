"""What the report says of the judge and of people's decisions: estimates with their intervals and their numbers.

The rows come from `numbers/*.sql`, so that the page shows nothing that is not a query on the tables.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from catalogs.database import read_sql
from curation.release.lift import Lift, lift
from curation.release.review import Decision, by_majority
from schemas.estimate import Estimate, share

HERE = Path(__file__).parent
MEAN = "mean"
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Agreement:
    """People's decisions beside what rules and judge said, a conversation each."""

    n_decisions: int
    n_unknown: int
    """Decisions whose id this corpus does not have."""
    n_open: int
    """Conversations on which as many said one thing as the other."""
    n: int
    n_faulty: int
    doubted: Estimate | None
    """Of those that people found faulty, the share in which the rules doubted a turn."""
    n_doubted: int
    passed: Estimate | None
    """Of those that people accepted, the share in which the rules doubted none."""
    n_passed: int
    judge: Lift
    """Of the judge's mean score for what people found."""


def score_queries(judged: Rows) -> list[tuple[str, str]]:
    """For each axis a label, and a query that gives dataset and value."""
    axes = dict.fromkeys(row["axis"] for row in judged)
    query = "SELECT dataset, scores['{}'] AS value FROM judged JOIN conversations USING (conversation_id)"
    return [(f"judge: {axis}", query.format(axis.replace("'", "''"))) for axis in axes]


def lifts(rows: Rows) -> dict[tuple[str, str], Lift]:
    """The lift of every axis over all datasets (dataset ""), then of the mean of the axes in each dataset.

    A difference between datasets, in scores and in faults, looks like lift where all are taken together; that is why
    each stands by itself too.
    """
    axes = sorted({row["axis"] for row in rows}, key=lambda axis: (axis == MEAN, axis))
    found = {("", axis): lift(_counts(row for row in rows if row["axis"] == axis)) for axis in axes}
    for dataset in sorted({row["dataset"] for row in rows}):
        some = [row for row in rows if row["axis"] == MEAN and row["dataset"] == dataset]
        found[dataset, MEAN] = lift(_counts(some))
    return found


def agreement(db: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> Agreement | None:
    """People's decisions held against the tables; None where there are none."""
    if not decisions:
        return None
    ids = sorted({one.id for one in decisions})
    rows = db.sql(read_sql(HERE / "reviewed.sql"), params={"ids": ids}).to_arrow_table().to_pylist()
    owner = {row["id"]: row["conversation_id"] for row in rows}
    said = {row["conversation_id"]: row for row in rows}
    faulty, n_open = by_majority(decisions, owner)
    n_doubted = sum(said[name]["is_doubted"] for name, is_faulty in faulty.items() if is_faulty)
    n_passed = sum(not said[name]["is_doubted"] for name, is_faulty in faulty.items() if not is_faulty)
    n_faulty = sum(faulty.values())
    scored = [
        {"score": said[name]["score"], "n_good": not is_faulty, "n_faulty": is_faulty}
        for name, is_faulty in faulty.items()
        if said[name]["score"] is not None
    ]
    return Agreement(
        n_decisions=len(decisions), n_unknown=sum(one.id not in owner for one in decisions), n_open=n_open,
        n=len(faulty), n_faulty=n_faulty, doubted=share(n_doubted, n_faulty), n_doubted=n_doubted,
        passed=share(n_passed, len(faulty) - n_faulty), n_passed=n_passed, judge=lift(_counts(scored)),
    )  # fmt: skip


def interval(one: Estimate | None, *, percent: bool = False) -> str:
    """An estimate in words, such as `2.10 (1.40 to 3.00)`."""
    if one is None:
        return "–"
    value, low, high = (
        "∞" if math.isinf(edge) else f"{100 * edge:.1f} %" if percent else f"{edge:.2f}"
        for edge in (one.value, one.low, one.high)
    )
    return f"{value} ({low} to {high})"


def _counts(rows: Iterable[Mapping[str, Any]]) -> dict[float, tuple[int, int]]:
    found: dict[float, tuple[int, int]] = {}
    for row in rows:
        good, faulty = found.get(row["score"], (0, 0))
        found[row["score"]] = (good + int(row["n_good"]), faulty + int(row["n_faulty"]))
    return found
