"""The rows of a dataset's catalogue with their pictures, places, outlines and labels, as its TOML file says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catalogs.catalog import Catalog, catalog, read_catalog
from catalogs.dataset_door import DatasetDoor
from catalogs.extents import Outline, outlines
from catalogs.pictures import SUFFIX
from catalogs.positions import ROW
from catalogs.row_statements import Saying, Sayings
from catalogs.sky import Reals, nearest, unit_vectors
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, label_scheme
from schemas.rejection import Rejection
from schemas.tables import SPLITS_OF

Row = dict[str, Any]
Fault = tuple[str, str]


@dataclass(frozen=True)
class PlacedRow:
    """A row of the catalogue with its picture, place and outline, and what is said of it."""

    cells: Mapping[str, Any]
    name: str
    key: str | int
    """What its ids are made of: the name, or the row's number where it has none."""
    path: str | None
    image: Mapping[str, Any] | None
    ra_deg: float | None
    dec_deg: float | None
    outline: Outline
    saying: Saying
    says: Mapping[str, Any] | None
    """The row that says it, where that is another catalogue's."""


@dataclass(frozen=True)
class ReadTable:
    """What was read of a dataset's catalogue."""

    door: DatasetDoor
    file: str
    rows: list[PlacedRow]
    refused: list[Rejection]
    n_in: int
    sayings: Sayings | None

    def refusal(self, row: PlacedRow, reason: str, detail: str) -> Rejection:
        """The refusal of a row."""
        return Rejection(f"{self.file}:{row.cells[ROW]}", reason, detail, row.cells)

    def source_id(self, row: PlacedRow) -> str:
        """The id of the source that a row is, or of the picture that it is in."""
        return content_id("source", self.door.name, self.file, row.path if self.door.is_of_pictures else row.key)


def read_rows(door: DatasetDoor, raw: Path, mosaics: pa.Table) -> ReadTable:
    """The rows of the door's catalogue, in its order. Raises CatalogError for a file that is not as its door says."""
    table, scheme = catalog(door.catalog), label_scheme(door.scheme)
    read = read_catalog(raw / table.file, table)
    cells = read.table.to_pylist()
    images = {one["mosaic"]: one for one in mosaics.to_pylist()} if door.picture else {}
    paths = [_path(door, one) for one in cells]
    shown = [images.get(path) if path else None for path in paths]
    places = _positions(door, table, cells, shown)
    shapes = [Outline()] * len(cells)
    if door.extent:
        shapes = outlines(door.extent, cells, places, shown, table.frame)
    sayings, says = _sayings(door, table, scheme, raw, cells, places)
    if sayings and sayings.rule.confidence:
        _check_shares(raw, sayings.catalog, sayings.rule.confidence, [one for one in says if one])
    if door.objects and "score" in door.objects.__dict__ and door.objects.score:  # SOURCES are made without it
        _check_shares(raw, table, door.objects.score, cells)
    names = [_name(door, one) for one in cells]
    keys = _keys(door, cells, names)
    rows = list[PlacedRow]()
    for k, one in enumerate(cells):
        ra, dec = (float(value) if np.isfinite(value) else None for value in places[k])
        if shapes[k].centre_deg and not table.has_positions:
            ra, dec = shapes[k].centre_deg or (None, None)
        saying = sayings.of(says[k]) if sayings else Saying()
        rows.append(PlacedRow(one, names[k], keys[k], paths[k], shown[k], ra, dec, shapes[k], saying, says[k]))
    return ReadTable(door, table.file, rows, list(read.rejections), read.n_in, sayings)


def _sayings(
    door: DatasetDoor, table: Catalog, scheme: LabelScheme, raw: Path, cells: Sequence[Row], places: Reals
) -> tuple[Sayings | None, list[Row | None]]:
    """How labels are read, and the row that says those of each row: itself, or the matching one elsewhere."""
    if door.labels is None:
        return None, [None] * len(cells)
    if not door.labels.catalog:
        return Sayings(door.labels, scheme, table), list(cells)
    other = catalog(door.labels.catalog)
    theirs = read_catalog(raw / other.file, other).table.to_pylist()
    there = _mutual(places, theirs, door.labels.within_arcsec or 0.0)
    return Sayings(door.labels, scheme, other), [theirs[k] if k >= 0 else None for k in there]


def _check_shares(raw: Path, table: Catalog, column: str, rows: Sequence[Row]) -> None:
    """Raise CatalogError where a confidence or a score is not from 0 to 1, as a per cent, or -1 for "none"."""
    wrong = [one for one in rows if one[column] is not None and not 0 <= one[column] <= 1]
    if wrong:
        first = f"the first {wrong[0][column]:g} in data row {wrong[0][ROW]}"
        raise CatalogError(
            f"{raw / table.file}: {len(wrong)} of {len(rows)} values of {table.columns[column].name} are not from 0 to "
            f"1, {first}; for per cent set columns.{column}.times = 0.01, for a number that means none "
            f"columns.{column}.missing, in {table.door}"
        )


def _mutual(places: Reals, theirs: Sequence[Row], radius_arcsec: float) -> list[int]:
    """The index of the row of theirs that is nearest to each place and that place nearest to it; -1: there is none."""
    found, placed = [-1] * len(places), np.flatnonzero(np.isfinite(places).all(axis=1))
    ours = unit_vectors(*places[placed].T)
    other = unit_vectors([one["ra_deg"] for one in theirs], [one["dec_deg"] for one in theirs])
    there, back = nearest(ours, other, radius_arcsec).index, nearest(other, ours, radius_arcsec).index
    for k, match in enumerate(there.tolist()):
        if match >= 0 and back[match] == k:
            found[placed[k]] = match
    return found


def _positions(door: DatasetDoor, table: Catalog, cells: Sequence[Row], shown: Sequence[Row | None]) -> Reals:
    """Ra, dec of each row, NaN where it has none: of its columns, else the centre of its picture."""
    rows = cells if all(name in table.columns or table.has_positions for name in door.position) else shown
    names = door.position if rows is cells else ("ra_deg", "dec_deg")
    found = [[None if one is None else one[name] for name in names] for one in rows]
    places = np.array(found, float).reshape(-1, 2)  # None becomes NaN
    is_sky = (places[:, 0] >= 0) & (places[:, 0] < 360) & (np.abs(places[:, 1]) <= 90)  # noqa: PLR2004
    return np.where(is_sky[:, None], places, np.nan)


def _path(door: DatasetDoor, cells: Row) -> str | None:
    if not door.picture or any(cells[name] is None for name in door.picture_columns):
        return None
    return door.picture.format_map(cells)


def _name(door: DatasetDoor, cells: Row) -> str:
    name = cells.get(door.name_column)
    if name is None:
        return f"row {cells[ROW]}"
    return SUFFIX.sub("", str(name)) if door.name_column in door.picture_columns else str(name)


def _keys(door: DatasetDoor, cells: Sequence[Row], names: Sequence[str]) -> list[str | int]:
    """Names; in whole pictures, whose rows are often called as the picture is, row numbers of names that repeat."""
    n_named = Counter(names) if door.is_of_pictures else Counter[str]()
    return [one[ROW] if n_named[name] > 1 or one.get(door.name_column) is None else name
            for one, name in zip(cells, names, strict=True)]  # fmt: skip


def fault_of_row(table: ReadTable, row: PlacedRow) -> Fault | None:
    """Reason and detail, where neither source nor object can be made of a row."""
    door = table.door
    if door.picture and row.path is None:
        return "no-picture", f"{', '.join(door.picture_columns)}: empty, so the row's picture is not known"
    if door.picture and row.image is None:
        return "no-picture", f"no readable picture {row.path}; see the rejected rows of mosaics/{door.survey}"
    return row.outline.fault


def fault_of_object(table: ReadTable, row: PlacedRow) -> Fault | None:
    """The same where no object can be made of it."""
    fault = fault_of_row(table, row)
    if fault is None and row.outline.sky_deg is None and row.outline.picture_px is None:
        extent = table.door.extent
        columns = extent.columns.values() if extent else ()
        found = ", ".join(f"{name} {row.cells[name]}" for name in columns)
        return "no-outline", f"found {found}, expected an extent above 0 about a position"
    return fault


def split_of(table: ReadTable, row: PlacedRow) -> str | None | Fault:
    """The published split of a row, None where there is none; or reason and detail of a word that is no split."""
    split = table.door.split
    if split is None or split.fixed:
        return split.fixed if split else None
    value = row.cells[split.column]
    if value is None:
        return None
    word = str(value).lower() if isinstance(value, bool) else str(value)
    ours = split.names.get(word, word)
    if ours and ours not in SPLITS_OF:
        return "unknown-split", f"{split.column}: found {word!r}, expected {', '.join(SPLITS_OF)} or one of split.names"
    return ours or None


def benchmark_of(table: ReadTable, split: str | None) -> str | None:
    """The benchmark that a row of a split is of."""
    return table.door.split.benchmark or None if table.door.split and split == "test" else None
