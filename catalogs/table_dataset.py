"""SOURCES and OBJECTS of a dataset that is a TOML file: the rows of its catalogue, read as `DatasetDoor` says."""

import math
import re
from pathlib import Path, PurePosixPath

import pyarrow as pa

from catalogs.dataset_door import DatasetDoor
from catalogs.positions import ROW
from catalogs.sky import separation_arcsec
from catalogs.table_rows import (
    Fault,
    PlacedRow,
    ReadTable,
    Row,
    benchmark_of,
    fault_of_object,
    fault_of_row,
    read_rows,
    split_of,
)
from catalogs.whole_pictures import picture_sources, usable_pictures
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import OBJECTS, SOURCES


def read_sources(door: DatasetDoor, raw: Path, mosaics: pa.Table) -> Sieved:
    """SOURCES, one a row of the catalogue; or one a picture, where its rows are objects in whole pictures.

    *In* are the rows, or the pictures and the rows that could not be read. Refused: what the catalogue's reader
    refuses; `no-picture`; `unknown-class`; `label-conflict`; `no-label`; `no-position`; `negative-extent`;
    `bad-extent`; `no-side`; `unknown-split`; `objects-refused`, a whole picture with a row that cannot be used.
    """
    table = read_rows(door, raw, mosaics)
    if door.is_of_pictures:
        return picture_sources(table)
    rows, refused = list[Row](), list(table.refused)
    for one in table.rows:
        made = _source(table, one)
        if isinstance(made, Rejection):
            refused.append(made)
        else:
            rows.append(made)
    return sieved(SOURCES.of(rows), refused, table.n_in)


def read_objects(door: DatasetDoor, raw: Path, mosaics: pa.Table) -> Sieved:
    """OBJECTS, one a row of the catalogue. *In* are its rows.

    A class that neither door nor scheme knows leaves every label unknown, its word in `original`: the object is there,
    and not to count it would be false. Refused: `no-outline`; `no-picture`; `negative-extent`; `bad-extent`; what the
    catalogue's reader refuses.
    """
    table = read_rows(door, raw, mosaics)
    usable = usable_pictures(table) if door.is_of_pictures else None
    rows, refused = list[Row](), list(table.refused)
    for one in table.rows:
        fault = fault_of_object(table, one)
        if fault:
            refused.append(table.refusal(one, *fault))
        else:
            rows.append(_object(table, one, _is_source(table, one) if usable is None else one.path in usable))
    return sieved(OBJECTS.of(rows), refused, table.n_in)


def _place_fault(table: ReadTable, row: PlacedRow) -> Fault | None:
    if row.ra_deg is not None:
        return None
    if row.path is not None:
        return "no-position", f"{row.path} has no WCS, so its centre is not known"
    return "no-position", f"{' and '.join(table.door.position)}: found no place on the sky"


def _source(table: ReadTable, row: PlacedRow) -> Row | Rejection:
    door = table.door
    is_place = door.labels is not None and door.labels.of == "objects"  # then classes and outlines are the objects'
    fault = fault_of_row(table, row) or (None if is_place else row.saying.fault)
    if not door.cutout.is_whole:
        fault = fault or _place_fault(table, row)
    if fault:
        return table.refusal(row, *fault)
    side, split = _side(door, row), split_of(table, row)
    if isinstance(side, tuple):
        return table.refusal(row, *side)
    if isinstance(split, tuple):
        return table.refusal(row, *split)
    return {
        "source_id": table.source_id(row),
        "source_name": row.name,
        "dataset": door.name,
        "survey": door.survey,
        "scheme": door.scheme,
        "ra_deg": row.ra_deg,
        "dec_deg": row.dec_deg,
        "sky_polygon_deg": None if is_place else row.outline.sky_deg,
        "image_path": row.path,
        "side_arcsec": side,
        "name_offset_arcsec": _name_offset(door, row),
        "labels": [] if is_place or not table.sayings else table.sayings.of_source(row.saying, row.says),
        "split": split,
        "benchmark": benchmark_of(table, split),
        "origin_catalog": table.file,
        "origin_row": row.cells[ROW],
    }


def _side(door: DatasetDoor, row: PlacedRow) -> float | None | Fault:
    """The cutout's side; None: the whole picture; else reason and detail of a row that has none."""
    cutout = door.cutout
    if cutout.is_whole:
        return None
    own = None
    if cutout.times and row.outline.width_arcsec is not None:
        own = cutout.times * row.outline.width_arcsec
    if cutout.column:
        own = row.cells[cutout.column]
    sides = [one for one in (cutout.side_arcsec, own) if one is not None and 0 < one < math.inf]
    if sides:
        return float(max(sides))
    what = f"{cutout.column} {own}" if cutout.column else "no extent to multiply"
    return "no-side", f"found {what}, expected a side above 0; cutout.side_arcsec is the least of all"


def _name_offset(door: DatasetDoor, row: PlacedRow) -> float | None:
    said = (
        re.search(door.picture_position, PurePosixPath(row.path).name) if door.picture_position and row.path else None
    )
    if said is None or row.ra_deg is None or row.dec_deg is None:
        return None
    try:
        ra, dec = float(said["ra"]), float(said["dec"])
    except (TypeError, ValueError):
        found = f"ra {said['ra']!r}, dec {said['dec']!r}"
        raise CatalogError(f"{row.path}: found {found} in its name, expected degrees; mend picture_position") from None
    return float(separation_arcsec(ra, dec, row.ra_deg, row.dec_deg)[0])


def _object(table: ReadTable, row: PlacedRow, is_source: bool) -> Row:
    door, objects, outline = table.door, table.door.objects, row.outline
    says_of_objects = door.labels is not None and door.labels.of != "sources"
    return {
        "object_id": content_id("object", door.name, table.file, row.key),
        "object_name": row.name,
        "dataset": door.name,
        "source_id": table.source_id(row) if is_source else None,
        "ra_deg": row.ra_deg,
        "dec_deg": row.dec_deg,
        "sky_polygon_deg": outline.sky_deg,
        "image_polygon_px": None if outline.sky_deg else outline.picture_px,
        "image_path": None if outline.sky_deg else row.path,
        "peak_mjy_per_beam": row.cells.get(objects.peak) if objects else None,
        "flux_mjy": row.cells.get(objects.flux) if objects else None,
        "labels": table.sayings.of_object(row.saying, row.says) if table.sayings and says_of_objects else [],
        "score": row.cells[objects.score] if objects and objects.score else None,
        "detector": objects.detector if objects else "",
        "origin_catalog": table.file,
        "origin_row": row.cells[ROW],
    }


def _is_source(table: ReadTable, row: PlacedRow) -> bool:
    """Whether SOURCES have the row, but for its side and split."""
    rule = table.door.labels
    return rule is not None and rule.of == "objects" or row.saying.fault is None
