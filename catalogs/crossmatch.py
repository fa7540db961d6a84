"""Cross-match: which rows of two catalogues lie within a radius of each other, or which boxes overlap, in DuckDB.

Catalogues are tables of `id` (text, unique) and `x`, `y`, `z` (a direction, ICRS, length one: `catalogs.sky`). Given
are the columns of MATCHES, sorted by left_id, separation, right_id: every pair, the nearest right one of each left one
(`is_best`), and whether they are the nearest of each other. Separations are exact to a microarcsecond; the radius is
inclusive; of equally near ones the lower id is the nearer.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogs.database import connect, read_sql
from catalogs.sky import ARCSEC_PER_RADIAN, Reals, angle_arcsec
from schemas.errors import CatalogError, RecipeError
from schemas.tables import MATCHES

HERE = Path(__file__).parent
DIRECTION = ("x", "y", "z")
BOX = ("x_min", "y_min", "x_max", "y_max")
ORDERED = "FROM matches ORDER BY left_id, separation_arcsec, right_id"
LARGEST_RADIUS_ARCSEC = 90 * 3600.0  # above it the chord says less and less of the angle
LARGEST_PX = 1e6
LENGTH_SLACK = 1e-9
ROWS_PER_BATCH = 100_000


@dataclass(frozen=True)
class Offset:
    """How far right positions stand from left ones: the median over `n` pairs; zero where there are none."""

    east_arcsec: float
    north_arcsec: float
    n: int = 0

    def reversed(self) -> "Offset":
        """The way back."""
        return Offset(-self.east_arcsec, -self.north_arcsec, self.n)

    def __add__(self, other: "Offset") -> "Offset":
        """One after the other; the number of pairs is that of the other."""
        return Offset(self.east_arcsec + other.east_arcsec, self.north_arcsec + other.north_arcsec, other.n)


def crossmatch(
    left: pa.Table, right: pa.Table, radius_arcsec: float, *, threads: int = 1, memory_mb: int = 1000
) -> pa.Table:
    """MATCHES of all pairs at most `radius_arcsec` apart; box_iou is null.

    Raises CatalogError for ids that are null or repeat and for directions that are not finite or not of length one.
    """
    for side, table in (("left", left), ("right", right)):
        _check_ids(side, table, (*DIRECTION,))
        _check_directions(side, table)
    with connect({"left_xyz": left, "right_xyz": right}, threads=threads, memory_mb=memory_mb) as db:
        db.execute("SET VARIABLE radius_arcsec = ?", [checked_radius(radius_arcsec)])
        db.execute(read_sql(HERE / "crossmatch.sql"))
        return MATCHES.check(db.sql(ORDERED).to_arrow_table())


def crossmatch_files(
    left: Path, right: Path, out: Path, radius_arcsec: float, *, threads: int = 1, memory_mb: int = 500
) -> int:
    """The same from Parquet files to a Parquet file, in `memory_mb` however large they are; gives the number of pairs.

    What does not fit goes to a scratch folder. `out` is whole or absent. Ids may be integers here, and that they are
    unique is up to the caller. Raises CatalogError for columns that are missing and for directions that are none.
    """
    for path in (left, right):
        _check_columns(str(path), pq.read_schema(path), ("id", *DIRECTION))
    aside = out.with_name(f".{out.name}.aside")
    files = {"left_xyz": left, "right_xyz": right}
    with connect({}, files=files, threads=threads, memory_mb=memory_mb) as db:
        for name, path in files.items():
            wrong = db.sql(
                f"SELECT count(*) FROM {name} WHERE (abs(x * x + y * y + z * z - 1) <= {LENGTH_SLACK}) IS NOT true"
            ).fetchall()[0][0]
            if wrong:
                raise CatalogError(f"{path}: {wrong} rows whose x, y, z are not a direction of length one; drop them")
        db.execute("SET VARIABLE radius_arcsec = ?", [checked_radius(radius_arcsec)])
        db.execute(read_sql(HERE / "crossmatch.sql"))
        n_pairs = 0
        reader = db.sql(ORDERED).to_arrow_reader(ROWS_PER_BATCH)
        try:
            with pq.ParquetWriter(aside, reader.schema) as writer:
                for batch in reader:
                    writer.write_batch(batch)
                    n_pairs += batch.num_rows
            aside.replace(out)
        finally:
            aside.unlink(missing_ok=True)
    return n_pairs


def best(matches: pa.Table) -> pa.Table:
    """The nearest right one of each left one that has any."""
    return matches.filter(matches["is_best"])


def mutual_best(matches: pa.Table) -> pa.Table:
    """Pairs that are the nearest of each other: no row stands in two of them."""
    return matches.filter(matches["is_mutual_best"])


def overlap(left: pa.Table, right: pa.Table, least_iou: float, *, threads: int = 1, memory_mb: int = 1000) -> pa.Table:
    """Pairs of boxes of one picture whose intersection over union is at least `least_iou`, which is above 0.

    Boxes are tables of `id` (text, unique), `picture` (text) and x_min, y_min, x_max, y_max in px, far edge outside.
    Gives left_id, right_id, picture, box_iou, overlap (the shared area over the smaller box), distance_px between the
    centres, is_best, is_mutual_best (by box_iou, then id), n_candidates; sorted by left_id, box_iou falling, right_id.
    A long thin source has a low IoU with a box that anybody would call the same: look at all three.
    """
    if not 0 < least_iou <= 1:
        raise RecipeError(f"least_iou {least_iou}: expected above 0 and at most 1")
    for side, table in (("left", left), ("right", right)):
        _check_ids(side, table, ("picture", *BOX))
        _check_boxes(side, table)
    with connect({"left_boxes": left, "right_boxes": right}, threads=threads, memory_mb=memory_mb) as db:
        db.execute("SET VARIABLE least_iou = ?", [float(least_iou)])
        db.execute(read_sql(HERE / "overlap.sql"))
        return db.sql("FROM box_pairs ORDER BY left_id, box_iou DESC, right_id").to_arrow_table()


def offset(left: pa.Table, right: pa.Table, matches: pa.Table) -> Offset:
    """The median of right minus left, east and north, over the mutually best pairs: chance pairs hardly move it."""
    pairs = mutual_best(matches)
    if not pairs.num_rows:
        return Offset(0.0, 0.0)
    start = directions(left)[pc.index_in(pairs["left_id"], left["id"]).to_numpy()]
    end = directions(right)[pc.index_in(pairs["right_id"], right["id"]).to_numpy()]
    angle = angle_arcsec(start, end) / ARCSEC_PER_RADIAN
    stretch = ARCSEC_PER_RADIAN / np.sinc(angle / np.pi)  # an angle over its sine
    east, north = (np.sum((end - start) * axis, axis=1) * stretch for axis in _east_and_north(start))
    return Offset(float(np.median(east)), float(np.median(north)), pairs.num_rows)


def moved(table: pa.Table, offset: Offset) -> pa.Table:
    """The catalogue with every direction moved along the great circle that the offset points to."""
    start = directions(table)
    east, north = _east_and_north(start)
    angle = np.hypot(offset.east_arcsec, offset.north_arcsec) / ARCSEC_PER_RADIAN
    way = (east * offset.east_arcsec + north * offset.north_arcsec) / ARCSEC_PER_RADIAN
    end = start * np.cos(angle) + way * np.sinc(angle / np.pi)
    end /= np.linalg.norm(end, axis=1, keepdims=True)
    for axis, name in enumerate(DIRECTION):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(end[:, axis]))
    return table


def chance_share(left: pa.Table, right: pa.Table, radius_arcsec: float, n_shifts: int = 4) -> float:
    """The share of left rows that have a partner by chance: the mean over right catalogues shifted off the sky.

    Shifted by ten radii and one arcmin, so that no true pair is left: to the north, east, south and west for four.
    """
    if not left.num_rows or not right.num_rows:
        return 0.0
    far = 10 * radius_arcsec + 60
    shares = list[float]()
    for turn in 2 * np.pi * np.arange(n_shifts) / n_shifts:
        shifted = moved(right, Offset(far * float(np.sin(turn)), far * float(np.cos(turn))))
        matched = pc.count_distinct(crossmatch(left, shifted, radius_arcsec)["left_id"]).as_py()
        shares.append(matched / left.num_rows)
    return float(np.mean(shares))


def directions(table: pa.Table) -> Reals:
    """x, y, z as float64[n, 3]; NaN where null."""
    return np.stack([table[name].to_numpy(zero_copy_only=False).astype(float) for name in DIRECTION], axis=-1)


def checked_radius(radius_arcsec: float) -> float:
    """The radius, or RecipeError."""
    if not 0 <= radius_arcsec <= LARGEST_RADIUS_ARCSEC:
        raise RecipeError(f"radius {radius_arcsec} arcsec: expected 0 to {LARGEST_RADIUS_ARCSEC:.0f}")
    return float(radius_arcsec)


def _east_and_north(vectors: Reals) -> tuple[Reals, Reals]:
    """Unit vectors along RA and Dec; at a pole, where east is nowhere, those of RA 0."""
    x, y, z = vectors[:, 0], vectors[:, 1], vectors[:, 2]
    across = np.hypot(x, y)
    is_pole = across == 0
    cos_ra = np.where(is_pole, 1.0, x / np.where(is_pole, 1.0, across))
    sin_ra = np.where(is_pole, 0.0, y / np.where(is_pole, 1.0, across))
    east = np.stack([-sin_ra, cos_ra, np.zeros_like(x)], axis=-1)
    return east, np.stack([-z * cos_ra, -z * sin_ra, across], axis=-1)


def _check_columns(where: str, schema: pa.Schema, names: tuple[str, ...]) -> None:
    absent = [name for name in names if name not in schema.names]
    if absent:
        raise CatalogError(f"{where}: no column {', '.join(absent)}; found: {', '.join(schema.names)}")


def _check_ids(side: str, table: pa.Table, others: tuple[str, ...]) -> None:
    _check_columns(f"{side} catalogue", table.schema, ("id", *others))
    ids = table["id"]
    if not pa.types.is_string(ids.type):
        raise CatalogError(f"{side} catalogue: id is {ids.type}, expected string")
    if ids.null_count:
        raise CatalogError(f"{side} catalogue: {ids.null_count} rows without an id")
    if pc.count_distinct(ids).as_py() < table.num_rows:
        counts = pc.value_counts(ids)
        first = counts.filter(pc.greater(counts.field("counts"), 1))[0]["values"]
        raise CatalogError(f"{side} catalogue: id {first.as_py()!r} stands in more than one row; make ids unique")


def _check_directions(side: str, table: pa.Table) -> None:
    good = np.abs(np.sum(directions(table) ** 2, axis=1) - 1) <= LENGTH_SLACK  # false for NaN
    _check_all(side, table, good, "x, y, z are not a direction of length one; drop rows without a position first")


def _check_boxes(side: str, table: pa.Table) -> None:
    x_min, y_min, x_max, y_max = (table[name].to_numpy(zero_copy_only=False).astype(float) for name in BOX)
    good = (x_min < x_max) & (y_min < y_max) & (np.abs([x_min, y_min, x_max, y_max]) <= LARGEST_PX).all(axis=0)
    good &= table["picture"].is_valid().to_numpy(zero_copy_only=False)
    what = f"are no box in a picture: expected x_min < x_max, y_min < y_max, all within {LARGEST_PX:.0f} px"
    _check_all(side, table, good, what)


def _check_all(side: str, table: pa.Table, good: np.ndarray, what: str) -> None:
    if not good.all():
        first = table.slice(int(np.argmin(good)), 1).to_pylist()[0]
        raise CatalogError(f"{side} catalogue: {np.count_nonzero(~good)} rows that {what}; first {first}")
