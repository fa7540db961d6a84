"""Tables as they come: CSV and FITS, with what they say of types and units; nothing is interpreted yet."""

import gzip
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.io import fits
from numpy.typing import NDArray
from pyarrow import csv

from schemas.errors import CatalogError

ARROW = {"real": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "text": pa.string()}
TRUE, FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")


@dataclass(frozen=True)
class RawTable:
    """A file's columns as Arrow arrays, their types and units in the file's words, and the rows that cannot be read."""

    columns: dict[str, pa.Array]
    types: dict[str, str]
    units: dict[str, str]
    row: NDArray[np.int64]
    """The 0-based data row of each value; ragged rows are left out."""
    ragged: dict[int, str]
    """Data rows with too few or too many fields, and what was found."""
    n_rows: int


def read_bytes(path: Path) -> bytes:
    """A file's bytes, unzipped where they are gzip. Raises CatalogError for anything else than a full file."""
    try:
        body = path.read_bytes()
        body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    except FileNotFoundError:
        raise CatalogError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise CatalogError(f"{path}: a directory, expected a file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise CatalogError(f"{path}: cannot be read: {error}") from error
    if not body:
        raise CatalogError(f"{path}: empty file")
    return body


def read_csv(path: Path, delimiter: str = ",") -> RawTable:
    """Every column as text, UTF-8, with or without BOM, plain or gzip."""
    body = read_bytes(path)
    if body[257:262] == b"ustar":
        raise CatalogError(f"{path}: a tar archive, expected a table; unpack it first")
    ragged = dict[int, str]()

    def skip(row: csv.InvalidRow) -> str:
        where = row.number - 2  # the header is 1
        ragged[where] = f"found {row.actual_columns} fields, expected {row.expected_columns}: {row.text:.80}"
        return "skip"

    names = _csv_names(path, body, delimiter)
    try:
        table = csv.read_csv(
            pa.BufferReader(body),
            read_options=csv.ReadOptions(use_threads=False, column_names=names, skip_rows=0, skip_rows_after_names=1),
            parse_options=csv.ParseOptions(delimiter=delimiter, invalid_row_handler=skip, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise CatalogError(f"{path}: not a CSV table: {error}") from error
    n_rows = table.num_rows + len(ragged)
    row = np.setdiff1d(np.arange(n_rows), np.array(sorted(ragged), np.int64)).astype(np.int64)
    columns = {name: table[name].combine_chunks() for name in names}
    return RawTable(columns, dict.fromkeys(names, "text"), dict.fromkeys(names, ""), row, ragged, n_rows)


def read_fits(path: Path, hdu: str | int | None = None) -> RawTable:
    """A FITS table's columns, the empty text, NaN and TNULL null; `hdu` by name or number, None: the only table."""
    read_bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message=".*truncated.*")
            with fits.open(path, memmap=False) as hdus:
                table = _table_hdu(path, hdus, hdu)
                columns = {one.name: _fits_column(table.data[one.name], one) for one in table.columns}
                types = {one.name: f"FITS {one.format}" for one in table.columns}
                units = {one.name: one.unit or "" for one in table.columns}
    except CatalogError:
        raise
    except Exception as error:  # astropy raises whatever a broken header leads to
        raise CatalogError(f"{path}: not a readable FITS table: {error}") from error
    n_rows = len(next(iter(columns.values()), ()))
    return RawTable(columns, types, units, np.arange(n_rows), {}, n_rows)


def typed(values: pa.Array, kind: str, null_values: Sequence[str] = ("",)) -> tuple[pa.Array, dict[int, str]]:
    """Values as `real`, `int`, `bool` or `text`, and by index the texts that are none; ValueError for a bad column."""
    if not pa.types.is_string(values.type):
        if kind == "text" or (kind == "bool" and values.type != pa.bool_()):
            raise ValueError(f"found {values.type}, expected {kind}")
        return values.cast(ARROW[kind]), {}
    text = pc.utf8_trim_whitespace(values)
    text = pc.if_else(pc.is_in(text, pa.array(null_values, pa.string())), pa.scalar(None, pa.string()), text)
    if kind == "text":
        return text, {}
    read = {"real": _real, "int": int, "bool": _bool}[kind]
    found, bad = list[Any](), dict[int, str]()
    for index, one in enumerate(text.to_pylist()):
        try:
            found.append(None if one is None else read(one))
        except ValueError:
            found.append(None)
            bad[index] = one
    if len(bad) == len(found) > 0:
        raise ValueError(f"found text such as {bad[0]!r} in every row, expected {kind}")
    return pa.array(found, ARROW[kind]), bad


def _real(text: str) -> float | None:
    value = float(text)
    return None if np.isnan(value) else value


def _bool(text: str) -> bool:
    if text.lower() not in TRUE + FALSE:
        raise ValueError(text)
    return text.lower() in TRUE


def _csv_names(path: Path, body: bytes, delimiter: str) -> list[str]:
    """The header's names, without BOM and blanks around them; CatalogError where two are equal."""
    try:
        header = csv.open_csv(
            pa.BufferReader(body.split(b"\n", 1)[0] + b"\n"), parse_options=csv.ParseOptions(delimiter=delimiter)
        ).schema.names
    except pa.ArrowInvalid as error:
        raise CatalogError(f"{path}: no header line: {error}") from error
    names = [name.removeprefix("﻿").strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CatalogError(f"{path}: two columns have the same name: {', '.join(map(repr, twice))}")
    return names


def _table_hdu(path: Path, hdus: fits.HDUList, wanted: str | int | None) -> fits.BinTableHDU:
    """The table asked for, or the only one; CatalogError lists what there is."""
    there = {index: one for index, one in enumerate(hdus) if isinstance(one, fits.BinTableHDU | fits.TableHDU)}
    listed = ", ".join(f"{index} {one.name!r} {type(one).__name__}" for index, one in enumerate(hdus))
    fitting = [one for index, one in there.items() if wanted is None or wanted in (index, one.name)]
    if len(fitting) != 1:
        asked = "a table" if wanted is None else f"a table HDU {wanted!r}"
        raise CatalogError(f"{path}: found {len(fitting)} HDUs that fit, expected {asked}, set `hdu`; it has {listed}")
    return cast(fits.BinTableHDU, fitting[0])


def _fits_column(values: Any, column: fits.Column) -> pa.Array:
    """One column as an Arrow array of text, bool, int64 or float64; a list column stays a list."""
    if values.ndim != 1 or values.dtype.kind == "O":
        return pa.array([np.asarray(one).tolist() for one in values])
    if values.dtype.kind in "SU":
        return pc.if_else(
            pc.equal(trimmed := pc.utf8_trim_whitespace(pa.array(values.astype(str).tolist(), pa.string())), ""),
            pa.scalar(None, pa.string()),
            trimmed,
        )
    if values.dtype.kind == "b":
        return pa.array(np.asarray(values), pa.bool_())
    if values.dtype.kind in "iu":
        is_null = None if column.null is None else np.asarray(values == column.null)
        return pa.array(values.astype(np.int64), mask=is_null)
    return pa.array(values.astype(np.float64), pa.float64(), from_pandas=True)
