"""A catalogue: a file's columns, units, frame, labels and citation. A door: one TOML file each in `published/`.

A bad file raises CatalogError with all that is wrong with it; a bad row is refused with its reason, and the rest is
read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, model_validator

from catalogs.columns import CatalogColumn, absent_columns, check_columns, described, our_columns
from catalogs.formats import archives, fits_tables, parquet_tables, text_tables, typed_tables, whitespace
from catalogs.formats.tables import RawTable
from catalogs.generated import stands_in
from catalogs.positions import (
    POSITION,
    ROW,
    Frame,
    NamePosition,
    against_names,
    check_hours,
    in_icrs,
    off_the_sky,
    with_mean_positions,
)  # fmt: skip
from catalogs.row_labels import CatalogLabels
from schemas.doors import door_files
from schemas.errors import CatalogError
from schemas.fingerprint import sha256_of
from schemas.folder import one_door, read_doors
from schemas.rejection import Rejection
from schemas.touches import Touches

HERE = Path(__file__).parent / "published"
RADIUS = "radius_arcsec"


class Catalog(BaseModel):
    """How to read a published table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: Annotated[str, Touches()]
    file: str
    """Relative to the raw folder."""
    sha256: str = Field(default="", exclude=True)
    """The pinned content of the file; empty for files that are not public, or written anew."""
    format: Literal["csv", "tsv", "whitespace", "fixed_width", "fits", "votable", "ipac", "parquet", "names"]
    """`whitespace`: values between blanks, names in a comment line, as PyBDSF, Selavy and Aegean write. `names`: the
    names of a zip's members are the rows."""
    member: str | None = None
    """Tar: the member that is the table. `names`: a glob of the members meant."""
    pattern: str = ""
    """`names`: a regular expression of the whole name; its named groups are the columns."""
    hdu: str | int | None = None
    """FITS, VOTable: name or number of the table; None: the only table there is."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """CSV: a comma where none is given; TSV: a tab."""
    comment: str = ""
    """Lines of text that begin with it are no rows."""
    below_header: tuple[Literal["units", "dashes"], ...] = ()
    """What stands between a text file's header and its first row."""
    header_lines: int = 0
    """Fixed width: lines before the first row."""
    null_values: tuple[str, ...] = ("",)
    """Texts that mean "no value"; blanks around a value never count."""
    frame: Frame = "icrs"
    """Of `ra_deg`, `dec_deg`; of `l_deg`, `b_deg` for galactic. What is read is ICRS."""
    accuracy_arcsec: float | None = Field(default=None, gt=0)
    """How far rounding alone can move a position, where that is more than an arcsecond's fraction."""
    name_position: NamePosition | None = None
    """How to hold a row's name against its position; a row that disagrees is refused."""
    key: str | None = None
    """The column of ours that tells rows apart; a later row with the same key is refused."""
    rank: tuple[str, ...] = ()
    """Columns of ours that decide between rows at the same place; `-` before one: the greater first."""
    ra_stays_below_24: bool = False
    """True: the catalogue's RA really lies between 0 and 24 deg, and is not in hours."""
    columns: dict[str, CatalogColumn]
    labels: CatalogLabels | None = None
    n_rows: int | None = Field(default=None, exclude=True)
    """Published number of rows, to be told beside the number found."""
    licence: Annotated[str, Touches()] = "unknown"
    cite: str = Field(exclude=True)

    @model_validator(mode="after")
    def _names_what_it_has(self) -> "Catalog":
        named = [one.lstrip("-") for one in self.rank] + ([self.key] if self.key else [])
        named += self.labels.columns if self.labels else []
        named += ["name"] if self.name_position else []
        named += [RADIUS] if self.name_position and self.name_position.within_radius else []
        unknown = sorted(set(named) - self.columns.keys())
        if unknown:
            raise ValueError(f"no columns.{', columns.'.join(unknown)}, which other keys name")
        if self.format == "names" and not (self.pattern and self.member):
            raise ValueError("format names needs `member` and `pattern`")
        if self.format == "fixed_width" and not all(one.bytes for one in self.columns.values()):
            raise ValueError("format fixed_width needs `bytes` for every column")
        return self

    @property
    def door(self) -> str:
        """Where it stands, for errors."""
        file = door_files("catalogs", HERE).get(self.name)
        return f"catalogs/published/{self.name}.toml" if file is None or file.parent == HERE else str(file)

    @property
    def has_positions(self) -> bool:
        """Whether its rows are places on the sky."""
        return self.frame == "galactic" or POSITION[0] in self.columns


@dataclass(frozen=True)
class CatalogRows:
    """What was read: `row` (0-based data row of the file) and our columns; the rows refused; how many came in."""

    table: pa.Table
    rejections: tuple[Rejection, ...]
    n_in: int
    absent: tuple[str, ...] = ()
    """A line for each column that need not be there and is not."""


def catalogs() -> Mapping[str, Catalog]:
    """Every catalogue, by the name of its file."""
    return read_doors(Catalog, "catalogs", HERE)


def catalog(name: str) -> Catalog:
    """One catalogue; raises RecipeError, listing the known ones, for another name."""
    return one_door(catalogs(), name, "catalogue")


def file_digest(catalog: Catalog, raw: Path) -> str:
    """SHA-256 of its file as found. Raises CatalogError for a file that is absent or not the pinned one."""
    path = raw / catalog.file
    if not path.is_file():
        raise CatalogError(f"{path}: no such file; catalogue {catalog.name} needs it below --raw")
    found = sha256_of(path)
    if catalog.sha256 not in ("", found) and not stands_in(raw, catalog.file, found):
        raise CatalogError(
            f"{path}: SHA-256 {found}, expected {catalog.sha256}; fetch it again, or pin the new one in {catalog.door}"
        )
    return found


def read_catalog(path: Path, catalog: Catalog) -> CatalogRows:
    """The mapped columns in our units, ICRS, missing values null; raises CatalogError for a file that is not as said.

    Refused: `ragged-row`, `unreadable-value`, `no-position`, `position-out-of-range`, `name-disagrees-with-position`,
    `duplicate-id`, `no-id`.
    """
    raw, where = _raw_table(path, catalog), str(path)
    check_columns(where, catalog.door, catalog.columns, raw)
    ours, unreadable = our_columns(where, catalog.door, catalog.columns, raw, catalog.null_values)
    table, uneven = with_mean_positions(pa.table({ROW: raw.row, **ours}))
    table = in_icrs(where, catalog.frame, table)
    if not catalog.ra_stays_below_24:
        check_hours(where, catalog.door, table)
    reasons = {int(row): ("ragged-row", detail) for row, detail in raw.ragged.items()}
    reasons |= {row: ("unreadable-value", detail) for row, detail in unreadable.items()}
    strange = against_names(table, catalog.name_position) if catalog.name_position else {}
    for more in (uneven, off_the_sky(table), strange, _repeats(catalog, table, set(reasons))):
        for row, why in more.items():
            reasons.setdefault(row, why)
    if not reasons:
        return CatalogRows(table, (), raw.n_rows, absent_columns(catalog.columns, raw))
    keep = pc.invert(pc.is_in(table[ROW], value_set=pa.array(sorted(reasons), table[ROW].type)))
    refused = {one[ROW]: one for one in table.filter(pc.invert(keep)).to_pylist()}
    rejections = [
        Rejection(f"{catalog.file}:{row}", reason, detail, refused.get(row, {ROW: row}))
        for row, (reason, detail) in sorted(reasons.items())
    ]
    return CatalogRows(table.filter(keep), tuple(rejections), raw.n_rows, absent_columns(catalog.columns, raw))


def description(path: Path, catalog: Catalog) -> str:
    """Which column of the file is which of ours, and what is not there: to be read before any work is done."""
    raw = _raw_table(path, catalog)
    lines = described(catalog.columns, raw)
    return "\n".join([f"{path}: {raw.n_rows} rows, read with {catalog.door}", *(f"  {line}" for line in lines)])


def _raw_table(path: Path, catalog: Catalog) -> RawTable:
    where = str(path)
    match catalog.format:
        case "names":
            return archives.read_names(path, catalog.member or "", catalog.pattern)
        case "fits":
            return fits_tables.read_fits(path, catalog.hdu, {one.name for one in catalog.columns.values()})
        case "votable":
            return typed_tables.read_votable(archives.read_body(path, catalog.member), where, catalog.hdu)
        case "ipac":
            return typed_tables.read_ipac(archives.read_body(path, catalog.member), where)
        case "parquet":
            return parquet_tables.read_parquet(archives.read_body(path, catalog.member), where)
        case "whitespace":
            body = archives.read_body(path, catalog.member)
            return whitespace.read_whitespace(body, where, catalog.comment, catalog.below_header)
        case "fixed_width":
            spans = {one.name: one.span for one in catalog.columns.values()}
            body = archives.read_body(path, catalog.member)
            return text_tables.read_fixed_width(body, where, spans, catalog.comment, catalog.header_lines)
        case "csv" | "tsv":
            delimiter = catalog.delimiter or ("\t" if catalog.format == "tsv" else ",")
            body = archives.read_body(path, catalog.member)
            return text_tables.read_delimited(body, where, delimiter, catalog.comment, catalog.below_header)


def _repeats(catalog: Catalog, table: pa.Table, unread: set[int]) -> dict[int, tuple[str, str]]:
    """Reason and detail for each row (by its number) whose key an earlier row has."""
    if catalog.key is None:
        return {}
    keys = table[catalog.key]
    if not keys.null_count and pc.count_distinct(keys).as_py() == len(keys):
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
