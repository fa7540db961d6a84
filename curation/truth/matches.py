"""MATCHES and MATCHINGS: pairs across two catalogues, and how far a cross-match can be trusted.

Reads any two of MOSAICS, SOURCES, OBJECTS and ENTRIES, as `[[matching]]` of a corpus file says. A pair is a row; a row
of the left table that has none is a rejected row. *In* are therefore pairs, left rows without one, and right rows
without a position: what came in as rows of two tables cannot be counted as rows of either.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalogs.crossmatch import DIRECTION, Offset, best, chance_share, crossmatch, moved, offset
from catalogs.database import connect, read_sql
from catalogs.sky import unit_vectors
from curation.engine.steps import Input, Resources, Step
from curation.truth.box_overlap import box_iou
from schemas.errors import RecipeError, TableError
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import ENTRIES, MATCHES, MATCHINGS, MOSAICS, OBJECTS, SOURCES

HERE = Path(__file__).parent
# OBJECTS also have a source_id, so they come first.
KEYS = (OBJECTS.key[0], SOURCES.key[0], ENTRIES.key[0], MOSAICS.key[0])
READ = (*KEYS, "ra_deg", "dec_deg", *DIRECTION, "sky_polygon_deg")
TABLE = r"^(mosaics|sources|objects|entries):[a-z][a-z0-9_]*$"
FEWEST_PAIRS = 10  # fewer say nothing of an offset between catalogues


class Matching(BaseModel):
    """A cross-match, as `[[matching]]` of a corpus file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    left: str = Field(pattern=TABLE)
    """The rows that look for a partner, such as `mosaics:first` (centres of images) or `sources:mirabest`."""
    right: str = Field(pattern=TABLE)
    """The rows that are looked at, such as `entries:rgz_claran_sources`."""
    radius_arcsec: float | None = Field(default=None, gt=0, le=90 * 3600)
    """The largest separation, itself included; or `radius_beams` and `beam_arcsec`."""
    radius_beams: float | None = Field(default=None, gt=0)
    beam_arcsec: float | None = Field(default=None, gt=0)
    """The beam that `radius_beams` counts in, FWHM: that of the survey with the larger one."""
    mode: Literal["position", "overlap"] = "position"
    """By overlap: of the pairs within the radius, those whose boxes overlap by `least_iou`; best is the largest IoU."""
    least_iou: float | None = Field(default=None, gt=0, le=1)
    """Least intersection over union of the boxes, along RA and Dec, about the outlines on the sky."""
    remove_offset: bool = False
    """Move the right positions by the median offset of mutually best pairs, twice over, before the match."""

    @model_validator(mode="after")
    def _one_radius(self) -> "Matching":
        given = [one is not None for one in (self.radius_arcsec, self.radius_beams, self.beam_arcsec)]
        if given not in ([True, False, False], [False, True, True]):
            raise ValueError(f"matching {self.name}: give radius_arcsec, or radius_beams with beam_arcsec")
        if (self.mode == "overlap") != (self.least_iou is not None):
            raise ValueError(f"matching {self.name}: least_iou goes with mode 'overlap', and only with it")
        return self

    @property
    def limit_arcsec(self) -> float:
        """The largest separation."""
        if self.radius_arcsec is not None:
            return self.radius_arcsec
        return (self.radius_beams or 0) * (self.beam_arcsec or 0)

    @property
    def steps(self) -> tuple[str, str]:
        """The names of the steps that make the left and the right table."""
        return self.left.replace(":", "/"), self.right.replace(":", "/")


def matches(left: pa.Table, right: pa.Table, matching: Matching) -> Sieved:
    """MATCHES of all pairs. *In* are pairs, left rows without one, and right rows without a position.

    Refused: `no-position`, of either side; `no-match`, a left row that no right one is within the radius of (or, by
    overlap, overlaps enough with); `no-outline`, by overlap, a left row without one.
    """
    ours, theirs = _placed(left), _placed(right)
    refused = [*_without_position(left, "left"), *_without_position(right, "right")]
    n_refused = left.num_rows - ours.num_rows + right.num_rows - theirs.num_rows
    near, _ = _aligned(ours, theirs, matching)
    pairs = _with_boxes(crossmatch(ours, near, matching.limit_arcsec), ours, theirs, matching)
    partner = pc.is_in(ours["id"], value_set=pairs["left_id"])
    alone = ours.filter(pc.invert(partner))
    refused += [_unmatched(row, matching) for row in alone.drop_columns([*DIRECTION]).to_pylist()]
    return sieved(MATCHES.check(pairs), refused, pairs.num_rows + alone.num_rows + n_refused)


def matches_step(matching: Matching, left: Step, right: Step) -> Step:
    """The step that makes `matches/<name>`; raises RecipeError where a table has no boxes to match by."""
    if matching.mode == "overlap":
        bare = [step.name for step in (left, right) if "sky_polygon_deg" not in step.table.schema.names]
        if bare:
            raise RecipeError(f"matching {matching.name}: {', '.join(bare)} has no outlines; use mode = 'position'")
    return Step(
        name=f"matches/{matching.name}",
        make=matches,
        table=MATCHES,
        config=(matching,),
        inputs=(_input(left), _input(right)),
        counts="pairs, left rows without one, and rows without a position",
        resources=Resources(cpus=1, memory_mb=2000),
    )


def matchings(
    left: pa.Table, right: pa.Table, found: pa.Table, matching: Matching, addresses: tuple[str, str]
) -> Sieved:
    """MATCHINGS: the one row of a cross-match; `addresses` are those of the left and the right table."""
    ours, theirs = _placed(left), _placed(right)
    near, removed = _aligned(ours, theirs, matching)
    is_removed = removed.n > 0
    apart = removed if is_removed else offset(ours, theirs, found)
    is_by_position = matching.mode == "position"
    chosen = best(found)
    row = {
        "matching": matching.name,
        "left_table": addresses[0],
        "right_table": addresses[1],
        "mode": matching.mode,
        "radius_arcsec": matching.limit_arcsec,
        "n_left": ours.num_rows,
        "n_right": theirs.num_rows,
        "n_pairs": found.num_rows,
        "n_left_matched": chosen.num_rows,
        "n_ambiguous": pc.sum(pc.greater(chosen["n_candidates"], 1)).as_py() or 0,
        "offset_east_arcsec": apart.east_arcsec if apart.n else None,
        "offset_north_arcsec": apart.north_arcsec if apart.n else None,
        "is_offset_removed": is_removed,
        # How often shifted boxes overlap depends on their sizes more than on chance, so it is not told.
        "chance_share": chance_share(ours, near, matching.limit_arcsec) if is_by_position else None,
    }
    return sieved(MATCHINGS.of([row]), [], 1)


def matchings_step(matching: Matching, left: Step, right: Step, matches_step: Step) -> Step:
    """The step that makes `matchings/<name>`."""
    return Step(
        name=f"matchings/{matching.name}",
        make=matchings,
        table=MATCHINGS,
        config=(matching, (left.address, right.address)),
        inputs=(_input(left), _input(right), Input(matches_step)),
        counts="cross-matches",
        resources=Resources(cpus=1, memory_mb=2000),
    )


def _input(step: Step) -> Input:
    return Input(step, columns=tuple(name for name in step.table.schema.names if name in READ))


def _key(table: pa.Table) -> str:
    for name in KEYS:
        if name in table.column_names:
            return name
    raise TableError(f"a table without any of {', '.join(KEYS)}; found: {', '.join(table.column_names)}")


def _has_position(table: pa.Table) -> pa.ChunkedArray:
    finite = [pc.fill_null(pc.is_finite(table[name]), False) for name in ("ra_deg", "dec_deg")]
    return pc.and_(*finite)


def _placed(table: pa.Table) -> pa.Table:
    """The rows with a position: id, ra_deg, dec_deg, x, y, z, and the outline, null for a table without any."""
    key, rows = _key(table), table.filter(_has_position(table))
    columns = {"id": rows[key], "ra_deg": rows["ra_deg"], "dec_deg": rows["dec_deg"]}
    if all(name in rows.column_names for name in DIRECTION):
        columns |= {name: rows[name] for name in DIRECTION}
    else:
        vectors = unit_vectors(rows["ra_deg"].to_numpy(), rows["dec_deg"].to_numpy())
        columns |= {name: pa.array(vectors[:, axis]) for axis, name in enumerate(DIRECTION)}
    has_outline = "sky_polygon_deg" in rows.column_names
    outline = rows["sky_polygon_deg"] if has_outline else pa.nulls(rows.num_rows, pa.list_(pa.float64()))
    return pa.table({**columns, "sky_polygon_deg": outline})


def _without_position(table: pa.Table, side: str) -> list[Rejection]:
    key = _key(table)
    lost = table.select([key, "ra_deg", "dec_deg"]).filter(pc.invert(_has_position(table))).to_pylist()
    return [Rejection(row[key], "no-position", f"{side} row without RA or Dec", row) for row in lost]


def _unmatched(row: dict[str, Any], matching: Matching) -> Rejection:
    outline = row.pop("sky_polygon_deg")
    if matching.mode == "overlap" and outline is None:
        return Rejection(row["id"], "no-outline", "no sky_polygon_deg, and the match is by overlap", row)
    within = f'no row of {matching.right} within {matching.limit_arcsec:g}"'
    more = f" whose box overlaps by {matching.least_iou:g}" if matching.least_iou else ""
    return Rejection(row["id"], "no-match", within + more, row)


def _aligned(left: pa.Table, right: pa.Table, matching: Matching) -> tuple[pa.Table, Offset]:
    """The right table as it is matched, and the offset that was removed; its n is 0 where none was."""
    removed = Offset(0.0, 0.0)
    if not matching.remove_offset:
        return right, removed
    aligned = right
    for _ in range(2):  # the second look sees pairs that the first had out of reach
        found = offset(left, aligned, crossmatch(left, aligned, matching.limit_arcsec))
        if found.n < FEWEST_PAIRS:
            return right, Offset(0.0, 0.0)
        removed += found
        aligned = moved(right, removed.reversed())
    return aligned, removed


def _with_boxes(pairs: pa.Table, left: pa.Table, right: pa.Table, matching: Matching) -> pa.Table:
    """Pairs with the overlap of their boxes where both have one; by overlap, only those that overlap enough."""
    ours = left.take(pc.index_in(pairs["left_id"], left["id"]))
    theirs = right.take(pc.index_in(pairs["right_id"], right["id"]))
    centres_deg = np.stack([ours["ra_deg"], ours["dec_deg"]], axis=-1)
    iou = box_iou(centres_deg, ours["sky_polygon_deg"], theirs["sky_polygon_deg"])
    at = pairs.schema.get_field_index("box_iou")
    pairs = pairs.set_column(at, pairs.schema.field(at), pa.array(iou, pa.float64(), from_pandas=True))
    if matching.least_iou is None:
        return pairs
    with connect({"pairs": pairs}, memory_mb=1000) as db:
        db.execute("SET VARIABLE least_iou = ?", [matching.least_iou])
        return db.sql(read_sql(HERE / "matches.sql")).to_arrow_table()
