"""The pictures on the page: of each dataset some of every label, its extremes, and one conversation in full."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from catalogs.database import read_sql
from curation.release.montage import Tile, tile
from curation.release.picked import Tables, rows_of

SHOWN = Path(__file__).parent / "numbers" / "shown.sql"
MOST_PICTURES, MOST_OF_LABEL = 120, 6
"""Of the page without extremes: pictures are most of its bytes."""
EXTREMES = "extremes"
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Group:
    """Pictures of a label, or the extremes."""

    name: str
    n: int | None
    """How many pictures of the dataset have the label; None of the extremes."""
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Gallery:
    """The pictures shown of a dataset, and one of its conversations in full."""

    dataset: str
    groups: tuple[Group, ...]
    example: Tile
    turns: Sequence[Mapping[str, Any]]

    @property
    def n_tiles(self) -> int:
        """All its pictures."""
        return sum(len(one.tiles) for one in self.groups)


def galleries(
    db: duckdb.DuckDBPyConnection, store: Tables, addresses: Mapping[str, Sequence[str]], chosen: Rows
) -> list[Gallery]:
    """By dataset. `chosen`: the rows of numbers/chosen.sql."""
    picked, extremes = _picked(chosen), {row["sample_id"]: row["extreme"] for row in chosen if row["place"] is None}
    ids = [row["sample_id"] for row in picked]
    shown = db.sql(read_sql(SHOWN), params={"sample_ids": ids}).to_arrow_table()
    rows = {row["sample_id"]: row for row in shown.to_pylist()}
    cutouts = [row["cutout_id"] for row in rows.values()]  # whose table has each picture once
    pictures = rows_of(store, addresses.get("cutouts", ()), "cutout_id", cutouts, ("png",))
    talks = [row["conversation_id"] for row in rows.values()]
    turns = rows_of(store, addresses.get("conversations", ()), "conversation_id", talks, ("turns",))
    for row in rows.values():
        row |= {"png": pictures[row["cutout_id"]]["png"], "turns": turns[row["conversation_id"]]["turns"]}
    tiles = {name: tile(row, extremes.get(name, "")) for name, row in rows.items()}
    return [
        _gallery(dataset, [row for row in picked if row["dataset"] == dataset], tiles, rows)
        for dataset in dict.fromkeys(row["dataset"] for row in picked)
    ]


def _gallery(dataset: str, picked: Rows, tiles: Mapping[str, Tile], rows: Mapping[str, Mapping[str, Any]]) -> Gallery:
    groups: dict[tuple[str, int | None], list[Tile]] = {}
    for row in picked:
        name = EXTREMES if row["n"] is None else row["label"] or "no label known"
        groups.setdefault((name, row["n"]), []).append(tiles[row["sample_id"]])
    # The one with most to say among those shown.
    example = max((row["sample_id"] for row in picked), key=lambda name: (len(rows[name]["turns"]), name))
    shown = tuple(Group(name, n, tuple(some)) for (name, n), some in groups.items())
    return Gallery(dataset, shown, tiles[example], rows[example]["turns"])


def _picked(chosen: Rows) -> list[Mapping[str, Any]]:
    """So many of each label that the page stays light, no picture twice; the rarest label has the first choice."""
    sizes = {(row["dataset"], row["label"]): row["n"] for row in chosen if row["place"] is not None}
    most = max(1, min(MOST_OF_LABEL, MOST_PICTURES // max(1, len(sizes))))
    shown, found = set[str](), list[Mapping[str, Any]]()
    for key in sorted(sizes, key=lambda key: (sizes[key], key))[:MOST_PICTURES]:
        some = (row for row in chosen if row["place"] is not None and (row["dataset"], row["label"]) == key)
        found += _first(some, most, shown)
    for row in chosen:
        if row["place"] is None:
            found += _first([row], 1, shown)
    order = {id(row): k for k, row in enumerate(chosen)}
    return sorted(found, key=lambda row: order[id(row)])


def _first(rows: Iterable[Mapping[str, Any]], most: int, shown: set[str]) -> list[Mapping[str, Any]]:
    """The first of them that are not shown yet; from now on they are."""
    found = [row for row in rows if row["cutout_id"] not in shown][:most]
    shown.update(row["cutout_id"] for row in found)
    return found
