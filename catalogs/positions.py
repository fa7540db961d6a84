"""Positions of a catalogue's rows: in ICRS, on the sky, and where their names say.

Tables have `row` and, where there are positions, `ra_deg`, `dec_deg`; `l_deg`, `b_deg` before they are ICRS.
"""

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.coordinates import FK5, Galactic, SkyCoord
from pydantic import BaseModel, ConfigDict, Field, field_validator

from catalogs.sky import Reals, angle_arcsec, positions_deg, unit_vectors
from schemas.errors import CatalogError

ROW = "row"
POSITION = ("ra_deg", "dec_deg")
GALACTIC = ("l_deg", "b_deg")
Frame = Literal["icrs", "fk5", "galactic"]
Reasons = dict[int, tuple[str, str]]
TURN_DEG, POLE_DEG, DAY_HOURS, HOUR_DEG = 360, 90, 24, 15
# So many rows, with no RA above 24 but a wide range of Dec, look like hours.
HOURS_FROM_ROWS, HOURS_DEC_RANGE_DEG = 50, 30.0
GALACTIC_NAME, EQUATORIAL_NAME = {"l", "b"}, {"ra_h", "ra_m", "sign", "dec_d"}


class NamePosition(BaseModel):
    """How a name says where its source is, and how far from there it may lie."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str
    """Groups `l`, `b` in degrees, Galactic; or `ra_h`, `ra_m`, `ra_s`, `sign`, `dec_d`, `dec_m`, `dec_s`, FK5 J2000."""
    tolerance_arcsec: float = Field(gt=0)
    within_radius: bool = False
    """True: a name within the source's own published radius is no disagreement either."""

    @field_validator("pattern")
    @classmethod
    def _has_a_position(cls, pattern: str) -> str:
        groups = set(re.compile(pattern).groupindex)
        if not (groups >= GALACTIC_NAME or groups >= EQUATORIAL_NAME):
            raise ValueError(f"expected groups l and b, or ra_h, ra_m, sign and dec_d; found {sorted(groups)}")
        return pattern


def with_mean_positions(table: pa.Table) -> tuple[pa.Table, Reasons]:
    """The table with one position a row, where `ra_deg` and `dec_deg` are lists: their mean on the sphere.

    A row with more of one than of the other is unreadable; one without any has no position.
    """
    if not all(name in table.column_names and pa.types.is_list(table.schema.field(name).type) for name in POSITION):
        return table, {}
    ra, dec = (table[name].combine_chunks() for name in POSITION)
    n_ra, n_dec = (pc.fill_null(pc.list_value_length(one), 0).to_numpy() for one in (ra, dec))
    reasons: Reasons = {
        int(row): ("unreadable-value", f"found {left} of RA and {right} of Dec, expected as many")
        for row, left, right in zip(table[ROW].to_numpy(), n_ra, n_dec, strict=True)
        if left != right
    }
    usable = (n_ra == n_dec) & (n_ra > 0)
    keep = pa.array(usable)
    flat = [one.filter(keep).flatten().to_numpy(zero_copy_only=False) for one in (ra, dec)]
    starts = np.concatenate([[0], np.cumsum(n_ra[usable])[:-1]]).astype(np.int64)
    mean = np.full((len(table), 3), np.nan)
    if usable.any():
        mean[usable] = np.add.reduceat(unit_vectors(*flat), starts, axis=0)
    is_alone = n_ra[usable] == 1  # the mean of one is that one, to the last bit
    for name, values, given in zip(POSITION, positions_deg(mean), flat, strict=True):
        values[np.flatnonzero(usable)[is_alone]] = given[starts[is_alone]]
        table = _with(table, name, values)
    return table, reasons


def in_icrs(where: str, frame: Frame, table: pa.Table) -> pa.Table:
    """The table with `ra_deg`, `dec_deg` in ICRS, where the catalogue has positions at all."""
    theirs = GALACTIC if frame == "galactic" else POSITION
    present = [name for name in theirs if name in table.column_names]
    if len(present) == 1 or (frame == "galactic" and not present):
        raise CatalogError(f"{where}: frame {frame} needs columns {' and '.join(theirs)}, found {present}")
    if frame == "icrs" or not present:
        return table
    first, second = (_reals(table, name) for name in theirs)
    usable = np.isfinite(first) & (np.abs(second) <= POLE_DEG)
    sky = SkyCoord(first[usable], second[usable], unit="deg", frame=Galactic() if frame == "galactic" else FK5()).icrs
    for name, before, after in zip(POSITION, (first, second), (sky.ra.deg, sky.dec.deg), strict=True):
        values = before.copy()  # what cannot be converted keeps its number, and is refused for it below
        values[usable] = after
        table = _with(table, name, values)
    return table


def off_the_sky(table: pa.Table) -> Reasons:
    """Reason and detail for each row (by its number) whose position is none."""
    if POSITION[0] not in table.column_names:
        return {}
    ra, dec, row = _reals(table, "ra_deg"), _reals(table, "dec_deg"), table[ROW].to_numpy()
    missing = ~np.isfinite(ra) | ~np.isfinite(dec)
    reasons: Reasons = {int(one): ("no-position", "found no RA or no Dec") for one in row[missing]}
    for index in np.flatnonzero(~missing & ~_is_on_sky(ra, dec)):
        found = f"found RA {ra[index]}, Dec {dec[index]}, expected 0 <= RA < 360 and -90 <= Dec <= 90"
        reasons[int(row[index])] = ("position-out-of-range", found)
    return reasons


def check_hours(where: str, door: str, table: pa.Table) -> None:
    """Raise CatalogError where many rows have an RA that fills a day but never a circle."""
    if POSITION[0] not in table.column_names:
        return
    ra, dec = _reals(table, "ra_deg"), _reals(table, "dec_deg")
    good = _is_on_sky(ra, dec)
    ra, dec = ra[good], dec[good]
    if ra.size >= HOURS_FROM_ROWS and ra.max() <= DAY_HOURS and np.ptp(dec) > HOURS_DEC_RANGE_DEG:
        raise CatalogError(
            f"{where}: RA of {ra.size} rows never exceeds {ra.max():.3f} over {np.ptp(dec):.0f} deg of "
            f"Dec, expected degrees: it looks like hours. In {door} set "
            "columns.ra_deg.unit = 'hourangle', or ra_stays_below_24 = true if it is in degrees"
        )


def against_names(table: pa.Table, rule: NamePosition) -> Reasons:
    """Reason and detail for each row (by its number) that lies elsewhere than its `name` says; ICRS, arcsec.

    A name that says no position is not held against anything.
    """
    names = [re.match(rule.pattern, one or "") for one in table["name"].to_pylist()]
    rows = [index for index, one in enumerate(names) if one]
    if not rows:
        return {}
    said = [_said(one.groupdict()) for one in names if one]
    is_galactic = set(re.compile(rule.pattern).groupindex) >= GALACTIC_NAME
    frame = Galactic() if is_galactic else FK5()
    sky = SkyCoord([one[0] for one in said], [one[1] for one in said], unit="deg", frame=frame).icrs
    ra, dec = _reals(table, "ra_deg")[rows], _reals(table, "dec_deg")[rows]
    apart = angle_arcsec(unit_vectors(ra, dec), unit_vectors(sky.ra.deg, sky.dec.deg))
    limit = np.full(len(rows), rule.tolerance_arcsec)
    if rule.within_radius:
        limit = np.fmax(limit, _reals(table, "radius_arcsec")[rows])
    reasons: Reasons = {}
    for index in np.flatnonzero(apart > limit):  # NaN, a row without position, is not greater
        name, row = table["name"][rows[index]].as_py(), table[ROW][rows[index]].as_py()
        detail = (
            f"{name} lies {apart[index] / 60:.1f} arcmin from where its name says: found RA {ra[index]:.4f}, "
            f"Dec {dec[index]:.4f}, the name is RA {sky.ra.deg[index]:.4f}, Dec {sky.dec.deg[index]:.4f}; "
            f"expected at most {limit[index] / 60:.1f} arcmin"
        )
        reasons[row] = ("name-disagrees-with-position", detail)
    return reasons


def _said(groups: Mapping[str, str | None]) -> tuple[float, float]:
    """Longitude and latitude in degrees of a name's groups."""
    value = {key: float(text) for key, text in groups.items() if text and key != "sign"}
    if groups.keys() >= GALACTIC_NAME:
        return value["l"] % TURN_DEG, value["b"]
    hours = value["ra_h"] + value["ra_m"] / 60 + value.get("ra_s", 0.0) / 3600
    size = value["dec_d"] + value.get("dec_m", 0.0) / 60 + value.get("dec_s", 0.0) / 3600
    return hours * HOUR_DEG % TURN_DEG, -size if groups["sign"] == "-" else size


def _is_on_sky(ra: Reals, dec: Reals) -> np.ndarray:
    return (ra >= 0) & (ra < TURN_DEG) & (np.abs(dec) <= POLE_DEG)


def _reals(table: pa.Table, name: str) -> Reals:
    return table[name].to_numpy(zero_copy_only=False).astype(float)


def _with(table: pa.Table, name: str, values: Reals) -> pa.Table:
    column = pa.array(values, pa.float64(), from_pandas=True)
    at = table.schema.get_field_index(name)
    return table.append_column(name, column) if at < 0 else table.set_column(at, name, column)
