"""A catalogue: a file's columns, units, frame and citation. A door: one TOML file each in `published/`.

A column of ours says its unit in its name; the file's own unit is converted to it. A bad file raises CatalogError with
all that is wrong with it; a bad row is refused with its reason, and the rest is read.
"""

import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy import units as u
from astropy.coordinates import FK5, Galactic, SkyCoord
from pydantic import BaseModel, ConfigDict, Field

from catalogs.formats import tables
from schemas.errors import CatalogError, RecipeError
from schemas.folder import read_doors
from schemas.rejection import Rejection
from schemas.table import UNIT_SUFFIX

HERE = Path(__file__).parent / "published"
ROW = "row"
POSITION = ("ra_deg", "dec_deg")
GALACTIC = ("l_deg", "b_deg")
TURN_DEG, POLE_DEG, DAY_HOURS = 360, 90, 24
# So many rows, with no RA above 24 but a wide range of Dec, look like hours.
HOURS_FROM_ROWS, HOURS_DEC_RANGE_DEG = 50, 30.0


class CatalogColumn(BaseModel):
    """Where a column of ours stands in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Their name for it."""
    unit: str = ""
    """Their unit, for files that give none; a file that gives another one is an error. `hourangle` for RA in hours."""
    type: Literal["real", "int", "bool", "text"] | None = None
    """None: real where our name ends in a unit, else text."""
    required: bool = True
    """False: a file without it gives nulls."""


class Catalog(BaseModel):
    """How to read a published table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    file: str
    """Relative to the raw folder."""
    format: Literal["csv", "fits"]
    hdu: str | int | None = None
    """FITS: name or number of the table; None: the only table there is."""
    delimiter: str = ","
    null_values: tuple[str, ...] = ("",)
    """Texts that mean "no value"; blanks around a value never count."""
    frame: Literal["icrs", "fk5", "galactic"] = "icrs"
    """Of `ra_deg`, `dec_deg`; of `l_deg`, `b_deg` for galactic. What is read is ICRS."""
    key: str | None = None
    """The column of ours that tells rows apart; a later row with the same key is refused."""
    ra_stays_below_24: bool = False
    """True: the catalogue's RA really lies between 0 and 24 deg, and is not in hours."""
    columns: dict[str, CatalogColumn]
    licence: str = "unknown"
    cite: str = Field(exclude=True)


@dataclass(frozen=True)
class CatalogRows:
    """What was read: `row` (0-based data row of the file) and our columns; the rows refused; how many came in."""

    table: pa.Table
    rejections: tuple[Rejection, ...]
    n_in: int


def catalogs(folder: Path = HERE) -> dict[str, Catalog]:
    """Every catalogue, by the name of its file."""
    return read_doors(Catalog, folder)


def catalog(name: str) -> Catalog:
    """One catalogue; raises RecipeError, listing the known ones, for another name."""
    known = _catalogs()
    if name not in known:
        raise RecipeError(f"no catalogue {name!r}; known: {', '.join(known)}")
    return known[name]


def read_catalog(path: Path, catalog: Catalog) -> CatalogRows:
    """The mapped columns in our units, ICRS, missing values null; raises CatalogError for a file that is not as said.

    Refused: `ragged-row`, `unreadable-value`, `no-position`, `position-out-of-range`, `duplicate-id`.
    """
    raw = tables.read_fits(path, catalog.hdu) if catalog.format == "fits" else tables.read_csv(path, catalog.delimiter)
    _check_columns(path, catalog, raw)
    ours, unreadable = _columns(path, catalog, raw)
    table = pa.table({ROW: raw.row, **ours})
    table = _in_icrs(path, catalog, table)
    reasons = {int(row): ("ragged-row", detail) for row, detail in raw.ragged.items()}
    reasons |= {row: ("unreadable-value", detail) for row, detail in unreadable.items()}
    for row, why in (_positions(path, catalog, table) | _repeats(catalog, table, set(reasons))).items():
        reasons.setdefault(row, why)
    keep = pa.array([row not in reasons for row in table[ROW].to_pylist()], pa.bool_())
    refused = {one[ROW]: one for one in table.filter(pc.invert(keep)).to_pylist()}
    rejections = [
        Rejection(f"{catalog.file}:{row}", reason, detail, refused.get(row, {ROW: row}))
        for row, (reason, detail) in sorted(reasons.items())
    ]
    return CatalogRows(table.filter(keep), tuple(rejections), raw.n_rows)


@cache
def _catalogs() -> dict[str, Catalog]:
    return catalogs()


def _check_columns(path: Path, catalog: Catalog, raw: tables.RawTable) -> None:
    """All columns that are not there, what there is instead, and the key to edit."""
    absent = {ours: c.name for ours, c in catalog.columns.items() if c.required and c.name not in raw.columns}
    if not absent:
        return
    lines = []
    for ours, theirs in absent.items():
        near = difflib.get_close_matches(theirs.lower(), [one.lower() for one in raw.columns], n=3, cutoff=0.5)
        near = [one for one in raw.columns if one.lower() in near]
        hint = f"; near: {', '.join(near)}" if near else ""
        lines.append(f"  no column {theirs!r}{hint}; edit columns.{ours}.name")
    found = ", ".join(f"{name} ({raw.types[name]})" for name in raw.columns)
    raise CatalogError(
        f"{path}: {len(absent)} columns of catalogs/published/{catalog.name}.toml are not in it\n"
        + "\n".join(lines)
        + f"\n  found: {found}"
    )


def _columns(path: Path, catalog: Catalog, raw: tables.RawTable) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """Our columns as Arrow arrays, and for each unreadable row (by its number) what stood there."""
    ours, unreadable, wrong = dict[str, pa.Array](), dict[int, str](), list[str]()
    for name, column in catalog.columns.items():
        kind = column.type or ("real" if _our_unit(name) else "text")
        if column.name not in raw.columns:
            ours[name] = pa.nulls(len(raw.row), tables.ARROW[kind])
            continue
        try:
            values, bad = tables.typed(raw.columns[column.name], kind, catalog.null_values)
            ours[name] = _converted(values, name, column, raw.units[column.name]) if kind == "real" else values
        except ValueError as error:
            wrong.append(f"  {column.name}: {error}; edit columns.{name}")
            continue
        for index, text in bad.items():
            unreadable.setdefault(int(raw.row[index]), f"{column.name}: found {text!r}, expected {kind}")
    if wrong:
        raise CatalogError(f"{path}: read with catalogs/published/{catalog.name}.toml\n" + "\n".join(wrong))
    return ours, unreadable


def _converted(values: pa.Array, name: str, column: CatalogColumn, file_unit: str) -> pa.Array:
    """Values in the unit of our column's name. Raises ValueError where no unit is known, or two disagree."""
    target = _our_unit(name)
    if target is None:
        return values
    said = [_unit(text) for text in (file_unit, column.unit) if text]
    if not said:
        raise ValueError(f"the file gives no unit and neither does the TOML, expected one that gives {target}")
    if any(one != said[0] for one in said):
        raise ValueError(f"the file is in {file_unit!r}, the TOML says {column.unit!r}")
    if not said[0].is_equivalent(u.Unit(target)):
        raise ValueError(f"is in {said[0]}, which cannot become {target}")
    factor = float(said[0].to(u.Unit(target)))
    return values if factor == 1 else cast(pa.Array, pc.multiply(values, factor))


def _unit(text: str) -> u.UnitBase:
    # Not to_string and not a lower-case comparison: PyBDSF writes "beam-1 mJy".
    try:
        return u.Unit(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a unit that astropy knows") from None


def _our_unit(name: str) -> str | None:
    """The unit a name of ours ends in: `peak_mjy_per_beam` -> mJy/beam; None without one."""
    fits = [unit for unit, suffix in UNIT_SUFFIX.items() if name.endswith(suffix) and unit != "px"]
    return max(fits, key=lambda unit: len(UNIT_SUFFIX[unit]), default=None)


def _in_icrs(path: Path, catalog: Catalog, table: pa.Table) -> pa.Table:
    """The table with `ra_deg`, `dec_deg` in ICRS, where the catalogue has positions at all."""
    theirs = GALACTIC if catalog.frame == "galactic" else POSITION
    present = [name for name in theirs if name in table.column_names]
    if len(present) == 1 or (catalog.frame == "galactic" and not present):
        raise CatalogError(f"{path}: frame {catalog.frame} needs columns {' and '.join(theirs)}, found {present}")
    if catalog.frame == "icrs" or not present:
        return table
    first, second = (table[name].to_numpy(zero_copy_only=False).astype(float) for name in theirs)
    usable = np.isfinite(first) & (np.abs(second) <= POLE_DEG)
    frame = Galactic() if catalog.frame == "galactic" else FK5(equinox="J2000")
    sky = SkyCoord(first[usable], second[usable], unit="deg", frame=frame).icrs
    for name, before, after in zip(POSITION, (first, second), (sky.ra.deg, sky.dec.deg), strict=True):
        values = before.copy()  # what cannot be converted keeps its number, and is refused for it below
        values[usable] = after
        column = pa.array(values, pa.float64(), from_pandas=True)
        at = table.schema.get_field_index(name)
        table = table.append_column(name, column) if at < 0 else table.set_column(at, name, column)
    return table


def _positions(path: Path, catalog: Catalog, table: pa.Table) -> dict[int, tuple[str, str]]:
    """Reason and detail for each row (by its number) whose position is none."""
    if POSITION[0] not in table.column_names:
        return {}
    ra, dec = (table[name].to_numpy(zero_copy_only=False).astype(float) for name in POSITION)
    row = table[ROW].to_numpy()
    missing = ~np.isfinite(ra) | ~np.isfinite(dec)
    outside = ~missing & ((ra < 0) | (ra >= TURN_DEG) | (np.abs(dec) > POLE_DEG))
    good_ra, good_dec = ra[~missing & ~outside], dec[~missing & ~outside]
    if (
        not catalog.ra_stays_below_24
        and good_ra.size >= HOURS_FROM_ROWS
        and good_ra.max() <= DAY_HOURS
        and np.ptp(good_dec) > HOURS_DEC_RANGE_DEG
    ):
        raise CatalogError(
            f"{path}: RA of {good_ra.size} rows never exceeds {good_ra.max():.3f} over {np.ptp(good_dec):.0f} deg of "
            f"Dec, expected degrees: it looks like hours. In catalogs/published/{catalog.name}.toml set "
            "columns.ra_deg.unit = 'hourangle', or ra_stays_below_24 = true if it is in degrees"
        )
    reasons = {int(one): ("no-position", "found no RA or no Dec") for one in row[missing]}
    for index in np.flatnonzero(outside):
        found = f"found RA {ra[index]}, Dec {dec[index]}, expected 0 <= RA < 360 and -90 <= Dec <= 90"
        reasons[int(row[index])] = ("position-out-of-range", found)
    return reasons


def _repeats(catalog: Catalog, table: pa.Table, unread: set[int]) -> dict[int, tuple[str, str]]:
    """Reason and detail for each row (by its number) whose key an earlier row has."""
    if catalog.key is None:
        return {}
    first, reasons = dict[object, int](), dict[int, tuple[str, str]]()
    for row, key in zip(table[ROW].to_pylist(), table[catalog.key].to_pylist(), strict=True):
        if row in unread:
            continue
        if key is None:
            reasons[row] = ("no-id", f"{catalog.key} is empty")
        elif first.setdefault(key, row) != row:
            reasons[row] = ("duplicate-id", f"{catalog.key} {key!r} also stands in row {first[key]}")
    return reasons
