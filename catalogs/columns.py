"""From a file's columns to ours: which is which, what is missing, and in which unit.

A column of ours says its unit in its name; the file's own unit is converted to it. Whatever is wrong with the columns
of a file is told in one CatalogError, with the keys of the TOML to edit.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, cast

import pyarrow as pa
import pyarrow.compute as pc
from astropy import units as u
from pydantic import BaseModel, ConfigDict

from catalogs.formats import tables
from catalogs.formats import values as values_of
from catalogs.units import NO_UNIT, unit_that_gives, units_of
from schemas.errors import CatalogError
from schemas.table import UNIT_SUFFIX
from schemas.touches import Touches

# Beside the units of the corpus's own tables: what only catalogues have, and only cells keep.
CATALOG_SUFFIX = {
    "km/s": "_km_per_s", "kpc": "_kpc", "yr": "_yr", "s": "_s", "pc/cm3": "_pc_per_cm3", "Jy": "_jy",
    "mJy/arcsec2": "_mjy_per_arcsec2",
}  # fmt: skip
CALLED_HOURS = re.compile(r"ra[ _]?(h|hr|hrs|hours?)", re.IGNORECASE)
DAY_HOURS = 24


class CatalogColumn(BaseModel):
    """Where a column of ours stands in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Their name for it; `Unnamed: 0` by its number for one that has none."""
    unit: str = ""
    """Their unit, for files that give none or one that nobody can read; a file that gives another one is an error.
    `hourangle` for RA in hours."""
    type: Literal["real", "int", "bool", "text", "sexagesimal"] | None = None
    """None: real where our name ends in a unit, else text. `sexagesimal`: `12 34 56.7`, `12:34.9`, wholes in `unit`."""
    required: bool = True
    """False: a file without it gives nulls, and is told of as absent."""
    guess: Annotated[bool, Touches()] = False
    """True: nobody here has seen the file; their name for the column is our guess."""
    missing: tuple[int | float | str, ...] = ()
    """Values that mean "not known" in this column: numbers after it is read, texts before."""
    separator: str | None = None
    """Between the elements of a column of lists."""
    times: float = 1.0
    """What it is multiplied by: 0.5 makes a radius of a diameter."""
    bytes: str = ""
    """Fixed width: first and last byte, `1-9`, from 1 on."""

    @property
    def span(self) -> tuple[int, int]:
        """`bytes` as two numbers; ValueError where they are none."""
        first, _, last = self.bytes.partition("-")
        return int(first), int(last or first)


def check_columns(where: str, door: str, columns: Mapping[str, CatalogColumn], raw: tables.RawTable) -> None:
    """Raise CatalogError with all columns that are not there, what there is instead, and the keys to edit."""
    absent = [ours for ours, column in columns.items() if column.required and column.name not in raw.columns]
    if not absent:
        return
    lines = [f"  {_absence(ours, columns[ours], raw)}" for ours in absent]
    found = ", ".join(f"{name} ({_type(raw, name)})" for name in raw.columns)
    raise CatalogError(
        f"{where}: {len(absent)} columns of {door} are not in it\n" + "\n".join([*lines, f"  found: {found}"])
    )


def absent_columns(columns: Mapping[str, CatalogColumn], raw: tables.RawTable) -> tuple[str, ...]:
    """A line for each column that a file may lack and does lack."""
    return tuple(_absence(ours, one, raw) for ours, one in columns.items() if one.name not in raw.columns)


def described(columns: Mapping[str, CatalogColumn], raw: tables.RawTable) -> list[str]:
    """A line for each column: ours, theirs, as found; and one with what the file has beside them."""
    lines = [
        f"{ours} = {one.name!r} ({_type(raw, one.name)}){' (a guess)' if one.guess else ''}"
        if one.name in raw.columns
        else f"{ours}: {_absence(ours, one, raw)}"
        for ours, one in columns.items()
    ]
    mapped = {one.name for one in columns.values()}
    rest = [f"{name} ({_type(raw, name)})" for name in raw.columns if name not in mapped]
    return [*lines, f"not mapped: {', '.join(rest) or 'nothing'}"]


def our_columns(
    where: str, door: str, columns: Mapping[str, CatalogColumn], raw: tables.RawTable, null_values: Sequence[str]
) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """Our columns as Arrow arrays, and for each unreadable row (by its number) what stood there.

    Raises CatalogError with every column that is of the wrong type or unit.
    """
    ours, unreadable, wrong = dict[str, pa.Array](), dict[int, str](), list[str]()
    for name, column in columns.items():
        kind = column.type or ("real" if our_unit(name) or name.endswith("_px") else "text")
        if column.name not in raw.columns:
            arrow = values_of.ARROW[kind]
            ours[name] = pa.nulls(len(raw.row), pa.list_(arrow) if column.separator is not None else arrow)
            continue
        try:
            ours[name], bad = _read(raw.columns[column.name], kind, column, null_values)
            ours[name] = _converted(ours[name], name, column, raw.units[column.name])
        except ValueError as error:
            wrong.append(f"  {column.name}: {error}; edit columns.{name}")
            continue
        for index, fault in bad.items():
            unreadable.setdefault(int(raw.row[index]), f"{column.name}: {fault}")
    if wrong:
        raise CatalogError(f"{where}: read with {door}\n" + "\n".join(wrong))
    return ours, unreadable


def our_unit(name: str) -> str | None:
    """The unit a name of ours ends in: `peak_mjy_per_beam` -> mJy/beam; None without one."""
    suffixes = {unit: suffix for unit, suffix in (UNIT_SUFFIX | CATALOG_SUFFIX).items() if unit != "px"}
    fits = [unit for unit, suffix in suffixes.items() if name.endswith(suffix)]
    return max(fits, key=lambda unit: len(suffixes[unit]), default=None)


def _type(raw: tables.RawTable, name: str) -> str:
    return raw.types[name] + (f", {raw.units[name]}" if raw.units[name] else "")


def _absence(ours: str, column: CatalogColumn, raw: tables.RawTable) -> str:
    near = difflib.get_close_matches(column.name.lower(), [one.lower() for one in raw.columns], n=3, cutoff=0.5)
    near = [one for one in raw.columns if one.lower() in near]
    guess = ", our guess" if column.guess else ""
    hint = f"; near: {', '.join(near)}" if near else ""
    return f"no column {column.name!r}{guess}{hint}; edit columns.{ours}.name"


def _read(
    values: pa.Array, kind: str, column: CatalogColumn, null_values: Sequence[str]
) -> tuple[pa.Array, dict[int, str]]:
    """The column's values of a kind, sentinels null, and by index what is wrong with the others."""
    texts = [*null_values, *(str(one) for one in column.missing)]
    numbers = [one for one in column.missing if not isinstance(one, str)]
    if column.separator is not None:
        return values_of.typed_lists(values, kind, column.separator, texts)
    made, bad = values_of.typed(values, kind, texts)
    if numbers and kind in ("real", "int"):
        fitting = [one for one in numbers if kind == "real" or one == int(one)]
        is_missing = pc.is_in(
            made, pa.array([float(one) if kind == "real" else int(one) for one in fitting], made.type)
        )
        made = pc.if_else(is_missing, pa.scalar(None, made.type), made)
    return made, bad


def _converted(values: pa.Array, name: str, column: CatalogColumn, file_unit: str) -> pa.Array:
    """Values in the unit of our column's name. Raises ValueError where no unit is known, or two disagree."""
    is_list = pa.types.is_list(values.type)
    flat = values.flatten() if is_list else values
    said = "" if file_unit in NO_UNIT else file_unit
    if not pa.types.is_floating(flat.type):
        is_number = pa.types.is_integer(flat.type) and (our_unit(name) and (said or column.unit) or column.times != 1)
        if is_number and column.times * _factor(flat, name, column, said) != 1:
            raise ValueError('whole numbers cannot be converted without rounding; set type = "real"')
        return values
    factor = column.times * _factor(flat, name, column, said)
    if factor == 1:
        return values
    scaled = cast(pa.Array, pc.multiply(flat, factor))
    return values_of.with_elements(values, scaled) if is_list else scaled


def _factor(values: pa.Array, name: str, column: CatalogColumn, file_unit: str) -> float:
    """What makes our unit of theirs. A unit of the TOML stands for one of the file that nobody can read."""
    target = our_unit(name)
    if column.unit:
        unit, meanings = unit_that_gives(column.unit, target), units_of(file_unit) if file_unit else []
        if meanings and not any(one == unit for one in meanings):
            raise ValueError(f"the file is in {file_unit!r}, the TOML says {column.unit!r}")
    elif target is None:
        return 1.0
    elif not file_unit:
        raise ValueError(f"the file gives no unit and neither does the TOML, expected one that gives {target}")
    else:
        unit = unit_that_gives(file_unit, target)
    if target is None:
        return 1.0
    _check_hours(values, column, unit)
    return float(unit.to(u.Unit(target)))


def _check_hours(values: pa.Array, column: CatalogColumn, unit: u.UnitBase) -> None:
    """Raise ValueError for an RA that cannot be in hours, and for hours that somebody takes for degrees."""
    in_hours, called_hours = unit == u.hourangle, CALLED_HOURS.fullmatch(column.name) is not None
    if not in_hours and not (called_hours and unit == u.deg):
        return
    known = values.drop_null()
    above = known.filter(pc.greater(known, DAY_HOURS))
    if len(above):
        raise ValueError(
            f"is {'in hours by its unit' if in_hours else 'called hours'}, but {len(above)} of {len(known)} values lie "
            f"above {DAY_HOURS}, up to {pc.max(above).as_py():g}: those are degrees, whatever the column is called. "
            "Map a column that is in degrees throughout"
        )
    if not in_hours:
        raise ValueError("is called hours, but the TOML says deg; expected unit hourangle")
