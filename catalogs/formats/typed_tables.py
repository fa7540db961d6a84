"""Tables that say their types, and most their units: FITS, VOTable, IPAC, Parquet; empty text, NaN, TNULL are null."""

import io
import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from astropy.io import ascii as ascii_tables
from astropy.io import fits, votable

from catalogs.formats.tables import RawTable, read_bytes
from schemas.errors import CatalogError

XML = (b"<?xml", b"<VOTABLE")


def read_fits(path: Path, hdu: str | int | None = None) -> RawTable:
    """A FITS table's columns; `hdu` by name or number, None: the only table."""
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
    return _raw(columns, types, units)


def read_votable(body: bytes, where: str, table: str | int | None = None) -> RawTable:
    """A VOTable's columns by their names; `table` by ID, name or number, None: the only one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of units and lengths that are not quite by the standard
            found = list(votable.parse(io.BytesIO(body), verify="ignore").iter_tables())
            fitting = [one for index, one in enumerate(found) if table is None or table in (index, one.ID, one.name)]
            if len(fitting) == 1:
                fields = fitting[0].fields
                columns = {one.name: _masked_column(fitting[0].array[one.ID]) for one in fields}
                types = {one.name: f"VOTable {one.datatype}" for one in fields}
                units = {one.name: "" if one.unit is None else str(one.unit) for one in fields}
    except Exception as error:  # astropy raises whatever broken XML leads to
        raise CatalogError(f"{where}: not a readable VOTable: {error}") from error
    if len(fitting) != 1:
        listed = ", ".join(f"{index} {one.ID or one.name!r}" for index, one in enumerate(found))
        raise CatalogError(f"{where}: found {len(fitting)} tables that fit, expected one, set `hdu`; it has {listed}")
    if len(columns) != len(fields):
        raise CatalogError(f"{where}: two columns have the same name")
    return _raw(columns, types, units)


def read_ipac(body: bytes, where: str) -> RawTable:
    """An IPAC table's columns, whose header gives names, types, units and what stands for null."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = ascii_tables.read(body.decode("utf-8"), format="ipac", guess=False)
    except Exception as error:  # astropy raises whatever a broken header leads to
        raise CatalogError(f"{where}: not a readable IPAC table: {error}") from error
    columns = {name: _masked_column(table[name]) for name in table.colnames}
    types = {name: f"IPAC {table[name].dtype}" for name in table.colnames}
    units = {name: "" if table[name].unit is None else str(table[name].unit) for name in table.colnames}
    return _raw(columns, types, units)


def read_parquet(body: bytes, where: str) -> RawTable:
    """A Parquet file's columns; a unit only where a column's metadata has a `unit`."""
    try:
        table = pq.read_table(pa.BufferReader(body), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise CatalogError(f"{where}: not a readable Parquet file: {error}") from error
    columns = {name: _plain_column(table[name]) for name in table.column_names}
    types = {one.name: str(one.type) for one in table.schema}
    units = {one.name: (one.metadata or {}).get(b"unit", b"").decode() for one in table.schema}
    return _raw(columns, types, units)


def _raw(columns: dict[str, pa.Array], types: dict[str, str], units: dict[str, str]) -> RawTable:
    n_rows = len(next(iter(columns.values()), ()))
    return RawTable(columns, types, units, np.arange(n_rows), {}, n_rows)


def _table_hdu(path: Path, hdus: fits.HDUList, wanted: str | int | None) -> fits.BinTableHDU:
    """The table asked for, or the only one; CatalogError lists what there is."""
    there = {index: one for index, one in enumerate(hdus) if isinstance(one, fits.BinTableHDU | fits.TableHDU)}
    listed = ", ".join(f"{index} {one.name!r} {_kind(one)}" for index, one in enumerate(hdus))
    fitting = [one for index, one in there.items() if wanted is None or wanted in (index, one.name)]
    if len(fitting) != 1:
        asked = "a table" if wanted is None else f"a table HDU {wanted!r}"
        raise CatalogError(f"{path}: found {len(fitting)} HDUs that fit, expected {asked}, set `hdu`; it has {listed}")
    return cast(fits.BinTableHDU, fitting[0])


def _kind(hdu: Any) -> str:
    """The class of an HDU, and whether it is a VOTable put into an image byte by byte, as TOPCAT writes them."""
    values = hdu.data if isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU) else None
    if values is not None and values.ndim == 1 and values.dtype == np.uint8 and values[:16].tobytes().startswith(XML):
        return f"{type(hdu).__name__}, a VOTable as {values.size} bytes, neither image nor table"
    return type(hdu).__name__


def _fits_column(values: Any, column: fits.Column) -> pa.Array:
    """One column as an Arrow array of text, bool, int64 or float64; a list column stays a list."""
    if values.ndim != 1 or values.dtype.kind == "O":
        return pa.array([np.asarray(one).tolist() for one in values])
    if values.dtype.kind in "iu":
        return pa.array(
            values.astype(np.int64), mask=None if column.null is None else np.asarray(values == column.null)
        )
    return _masked_column(values)


def _masked_column(values: Any) -> pa.Array:
    """An astropy or numpy column, masked or not, as an Arrow array of text, bool, int64, float64 or lists."""
    mask = np.asarray(np.ma.getmaskarray(np.ma.asarray(values)))
    plain = np.asarray(np.ma.getdata(values))
    if plain.ndim != 1 or plain.dtype.kind == "O":
        cells = [None if np.all(gone) else _cell(one) for one, gone in zip(plain, mask, strict=True)]
        return pa.array(cells)
    if plain.dtype.kind in "SU":
        text = pc.utf8_trim_whitespace(pa.array(plain.astype(str).tolist(), pa.string(), mask=mask))
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    if plain.dtype.kind == "b":
        return pa.array(plain, pa.bool_(), mask=mask)
    if plain.dtype.kind in "iu":
        return pa.array(plain.astype(np.int64), mask=mask)
    return pa.array(plain.astype(np.float64), pa.float64(), mask=mask, from_pandas=True)


def _cell(one: Any) -> Any:
    if isinstance(one, bytes):
        return one.decode("utf-8")
    return one if isinstance(one, str) else np.ma.getdata(one).tolist()


def _plain_column(column: pa.ChunkedArray) -> pa.Array:
    """Text of any width, categories, numbers and dates of a Parquet file as the few types that readers know."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    made = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_large_string(made.type) or pa.types.is_temporal(made.type):
        return made.cast(pa.string())
    if pa.types.is_integer(made.type):
        return made.cast(pa.int64())
    if pa.types.is_floating(made.type) or pa.types.is_decimal(made.type):
        return made.cast(pa.float64())
    return made
