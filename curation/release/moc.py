"""MOC: where on the sky each split, each survey and each sealed benchmark is, as others read it (IVOA, ICRS).

A coverage map is a set of HEALPix cells that touch what it covers, so it is never smaller than the truth, and by a cell
larger at most.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from catalogs.sky import box_polygon
from schemas.tables import SPLITS_OF

if TYPE_CHECKING:
    from mocpy import MOC

FOLDER = "moc"
ORDER = 14  # cells of 12.9 arcsec
# Of 6.4 arcsec: a training cutout that keeps its distance from sealed sky must not touch a cell of it.
SEALED_ORDER = 15
SKY_DEG2 = 4 * np.pi * np.degrees(1) ** 2
SURVEY, SEALED = "survey-", "sealed-"
SQUARES = """
SELECT DISTINCT cutouts.cutout_id, splits.split, cutouts.survey, cutouts.sky_polygon_deg, cutouts.ra_deg,
       cutouts.dec_deg, splits.radius_arcsec
FROM splits JOIN cutouts USING (cutout_id) SEMI JOIN samples USING (cutout_id)
WHERE splits.radius_arcsec IS NOT NULL
ORDER BY cutout_id
"""
DISCS = """
SELECT benchmark, ra_deg, dec_deg, radius_arcsec FROM sealed
UNION
SELECT benchmark, ra_deg, dec_deg, radius_arcsec FROM splits
WHERE benchmark IS NOT NULL AND radius_arcsec IS NOT NULL
ORDER BY ALL
"""
Row = Mapping[str, Any]


def footprints(db: duckdb.DuckDBPyConnection) -> "dict[str, MOC]":
    """The sky of each split and survey, as squares of the cutouts with samples, and of each benchmark, as discs.

    Keys are `train`, `validation`, `test`, `survey-<survey>` and `sealed-<benchmark>`.
    """
    squares = db.sql(SQUARES).to_arrow_table().to_pylist()
    discs = db.sql(DISCS).to_arrow_table().to_pylist()
    each = list(zip(squares, _of_each(squares, ORDER), strict=True))
    found = {split: _together([moc for row, moc in each if row["split"] == split], ORDER) for split in SPLITS_OF}
    for survey in sorted({row["survey"] for row in squares}):
        found[f"{SURVEY}{survey}"] = _together([moc for row, moc in each if row["survey"] == survey], ORDER)
    for benchmark in sorted({row["benchmark"] for row in discs}):
        found[f"{SEALED}{benchmark}"] = of_discs([row for row in discs if row["benchmark"] == benchmark])
    return found


def of_squares(rows: Iterable[Row], order: int = ORDER) -> "MOC":
    """The sky within the corners of cutouts; a cutout with a corner off the sky covers a square north up."""
    return _together(_of_each(rows, order), order)


def _of_each(rows: Iterable[Row], order: int) -> "list[MOC]":
    from mocpy import MOC  # takes a second: only hand-over and report pay for it

    corners = [np.array(_corners(row), float) for row in rows]
    in_turn = [one[axis::2] for one in corners for axis in (0, 1)]  # RA, Dec, RA, Dec, … as mocpy asks for
    return MOC.from_polygons(in_turn, max_depth=order, n_threads=1) if corners else []


def _together(mocs: "Sequence[MOC]", order: int) -> "MOC":
    from mocpy import MOC

    return mocs[0].union(*mocs[1:]) if len(mocs) > 1 else mocs[0] if mocs else MOC.new_empty(order)


def of_discs(rows: Sequence[Row], order: int = SEALED_ORDER) -> "MOC":
    """The sky within the radius of each position."""
    from astropy import units as u
    from mocpy import MOC

    if not rows:
        return MOC.new_empty(order)
    lon, lat, radius = (np.array([row[name] for row in rows]) for name in ("ra_deg", "dec_deg", "radius_arcsec"))
    return MOC.from_cones(
        lon * u.deg, lat * u.deg, radius=radius * u.arcsec, max_depth=order, union_strategy="large_cones", n_threads=1
    )


def area_deg2(moc: "MOC") -> float:
    """The area of a coverage map, to what its cells can tell."""
    return round(float(moc.sky_fraction * SKY_DEG2), 6)


def holds(moc: "MOC", ra_deg: Sequence[float], dec_deg: Sequence[float]) -> NDArray[np.bool_]:
    """Which of the positions a coverage map covers."""
    from astropy import units as u

    if not len(ra_deg) or moc.empty():
        return np.zeros(len(ra_deg), bool)
    return moc.contains_lonlat(np.asarray(ra_deg) * u.deg, np.asarray(dec_deg) * u.deg)


def file_of(name: str) -> str:
    """Where a coverage map lies in a hand-over."""
    return f"{FOLDER}/{name}.fits"


def write_mocs(mocs: "Mapping[str, MOC]", handover: Path) -> None:
    """Write each to its file, FITS of MOC 2.0; the same map gives the same bytes."""
    (handover / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, moc in mocs.items():
        moc.save(handover / file_of(name), format="fits")


def read_moc(file: Path) -> "MOC":
    """A coverage map from its file. Raises OSError or ValueError for a file that is none."""
    from mocpy import MOC

    return MOC.load(file, format="fits")


def _corners(row: Row) -> list[float]:
    side = row["radius_arcsec"] * np.sqrt(2)
    return row["sky_polygon_deg"] or box_polygon(row["ra_deg"], row["dec_deg"], side, side)
