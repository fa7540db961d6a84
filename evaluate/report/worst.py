"""The worst pictures of each class: what the model was surest to get wrong, as a contact sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.release.montage import picture_address
from evaluate.tasks.benchmark import Benchmark
from evaluate.tasks.reply_words import STRICT
from schemas.fingerprint import fraction

N_WORST = 10
LONGEST = 90  # characters shown of a reply
READ_FIRST = ("exact", "alias", "extracted")


@dataclass(frozen=True)
class Tile:
    """A picture that was answered wrong."""

    image_id: str
    picture: str
    """A `data:` address of a PNG."""
    truth: str
    said: str
    reply: str
    likely: str
    """How likely the true answer was taken; empty where that is not known."""


@dataclass(frozen=True)
class Sheet:
    """The worst pictures of one class, by one run."""

    benchmark: str
    run: str
    of: str
    n_wrong: int
    n: int
    tiles: tuple[Tile, ...]


def sheets(
    rows: Sequence[Mapping[str, Any]], pictures: Mapping[str, bytes], benchmark: Benchmark, run: str
) -> list[Sheet]:
    """A sheet for each true class that has wrong answers. `rows` are PREDICTIONS, `pictures` PNG by image id.

    Wrong is what strict scoring calls wrong. The least likely truth comes first; without likelihoods replies that were
    read as another class, then others, by key.
    """
    found: list[Sheet] = []
    for of in (*benchmark.classes, *((benchmark.none,) if benchmark.none else ())):
        some = [row for row in rows if of in (row["truth"] or [benchmark.none])]
        wrong = sorted((row for row in some if not is_right(row)), key=lambda row: _rank(row, benchmark))
        tiles = tuple(_tile(row, pictures[row["image_id"]], benchmark) for row in wrong[:N_WORST])
        if tiles:
            found.append(Sheet(benchmark.name, run, of, len(wrong), len(some), tiles))
    return found


def is_right(row: Mapping[str, Any]) -> bool:
    """Whether strict scoring takes the answer as wholly right."""
    return row["status"] in STRICT and row["predicted"] == row["truth"]


def wanted(rows: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> set[str]:
    """The pictures that the sheets show, so that no others need be read."""
    none = {row["image_id"]: b"" for row in rows}
    found = set[str]()
    for of in (*benchmark.classes, *((benchmark.none,) if benchmark.none else ())):
        some = [row for row in rows if of in (row["truth"] or [benchmark.none]) and not is_right(row)]
        found |= {row["image_id"] for row in sorted(some, key=lambda row: _rank(row, benchmark))[:N_WORST]}
    return found & none.keys()


def _rank(row: Mapping[str, Any], benchmark: Benchmark) -> tuple[float, int, float]:
    likely = _likely(row, benchmark)
    return (1.0 if likely is None else likely, int(row["status"] not in READ_FIRST), fraction(row["image_id"]))


def _likely(row: Mapping[str, Any], benchmark: Benchmark) -> float | None:
    """The probability of the true answer among the allowed ones."""
    if row["choice_prob"] is None:
        return None
    at = [one.labels for one in benchmark.choices].index(tuple(row["truth"]))
    return float(row["choice_prob"][at])


def _tile(row: Mapping[str, Any], png: bytes, benchmark: Benchmark) -> Tile:
    likely = _likely(row, benchmark)
    said = "invalid" if row["predicted"] is None else ", ".join(row["predicted"]) or benchmark.none
    reply = " ".join((row["reply"] or row["error"] or "").split())
    return Tile(
        row["image_id"], picture_address(png) if png else "", ", ".join(row["truth"]) or benchmark.none,
        f"{said} ({row['status']})", reply[:LONGEST] + ("…" if len(reply) > LONGEST else ""),
        "" if likely is None else f"{100 * likely:.1f} %",
    )  # fmt: skip
