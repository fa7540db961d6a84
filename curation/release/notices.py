"""What deserves a look before a corpus is used: each with what was found, and what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.release.advice import for_mosaics, for_rule
from curation.release.gates import BETWEEN, GateResult

Numbers = Mapping[str, Sequence[Mapping[str, Any]]]
MOST_BURNT, MOST_CHANCE = 0.5, 0.1
"""Shares of pictures above which their stretch, and of matched rows above which a match, is called doubtful."""


@dataclass(frozen=True)
class Notice:
    """Something to look at; `anchor`: the part of the page that tells more."""

    severity: str
    anchor: str
    what: str
    found: str
    todo: str


def notices(gate: GateResult, numbers: Numbers, *, exam_is_current: bool = True) -> list[Notice]:
    """Those of the gate first, critical ones before all."""
    of_gate = [
        Notice(one.severity, "gate", what, gate.told(one), for_rule(one.table, one.rule, one.found))
        for one in sorted(gate.refusals, key=lambda one: one.severity != "critical")
        for what in [one.meaning if one.table == BETWEEN else f"{one.table}: {one.meaning}"]
    ]
    found = [*of_gate, *_of_labels(numbers), *_of_matches(numbers), *_of_pictures(numbers), *_of_mosaics(numbers)]
    if not exam_is_current:
        todo = "`python -m curation exam --write-docs` holds the exam again; then write this report again."
        found.append(Notice("notice", "exam", "The exam is of another reader than the one here", "", todo))
    return found


def _of_labels(numbers: Numbers) -> Iterator[Notice]:
    unseen: dict[str, list[str]] = {}
    for row in numbers["labels"]:
        if row["n_shown"] and not row["n_train"]:
            unseen.setdefault(row["dataset"], []).append(row["label"])
    for dataset, labels in unseen.items():
        what = f"{dataset}: labels that no picture of train shows"
        todo = (
            "They can be tested and never learnt: more pictures of them, a larger share of train, or a dataset beside "
            "this one whose scheme has them."
        )
        yield Notice("notice", "labels", what, ", ".join(labels), todo)
    n_conflicts = sum(row["n_conflicts"] for row in numbers["twins"])
    if n_conflicts:
        found = f"{n_conflicts:,} pair{'s' if n_conflicts > 1 else ''}"
        todo = "Look at both pictures of each pair: what is wrong of one is corrected by `python -m curation review`."
        yield Notice("notice", "twins", "Pictures of the same sky whose labels deny each other", found, todo)


def _of_matches(numbers: Numbers) -> Iterator[Notice]:
    for row in numbers["matchings"]:
        by_chance = (row["chance_share"] or 0.0) * row["n_left"]
        if row["n_left_matched"] and by_chance > MOST_CHANCE * row["n_left_matched"]:
            found = f"about {by_chance:,.1f} of {row['n_left_matched']:,} matched rows by chance alone"
            todo = (
                f"Lower `radius_arcsec` of this match ({row['radius_arcsec']:g}) in the corpus file: see its histogram."
            )
            yield Notice("notice", "matchings", f"{row['matching']}: many partners may be strangers", found, todo)


def _of_pictures(numbers: Numbers) -> Iterator[Notice]:
    for row in numbers["drawn"]:
        if row["n_with_source"] and row["n_burnt"] > MOST_BURNT * row["n_with_source"]:
            found = f"{row['n_burnt']:,} of {row['n_with_source']:,} pictures with a source, drawn with {row['drawn']}"
            todo = "Another `stretch` in `[picture]` of the corpus file shows more: the table of stretches compares."
            yield Notice("notice", "statistics", f"{row['survey']}: sources are burnt out", found, todo)


def _of_mosaics(numbers: Numbers) -> Iterator[Notice]:
    for row in numbers["warnings"]:
        what = f"{row['survey']}: something was assumed of {row['n']:,} mosaic{'s' if row['n'] > 1 else ''}"
        yield Notice("notice", "statistics", what, row["example"], for_mosaics(row["example"]))
