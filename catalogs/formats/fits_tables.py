"""FITS tables, binary and ASCII: every stored value as the FITS standard 4.0 means it, section 7; undefined is null."""

import io
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from astropy.io import fits
from numpy.typing import NDArray

from catalogs.formats.tables import RawTable, read_bytes, refuse_twice, text_column, whole_table
from schemas.errors import CatalogError

XML = (b"<?xml", b"<VOTABLE")
BINARY_FORMAT = re.compile(r"\d*[PQ]?(?P<letter>[LXBIJKAEDCM])")
ASCII_FORMAT = re.compile(r"(?P<letter>[AIFED])(?P<width>\d+)")
OURS_TO_APPLY = ("TZERO", "TSCAL", "TNULL", "TDISP")
BLOCK = 2880
LARGE_BYTES = 256 * 2**20  # a plain file beyond it is read slice by slice, and of it the wanted columns alone
SLICE_BYTES = 32 * 2**20
TRUE, FALSE = b"TF"
SIMPLE = b"SIMPLE  ="


@dataclass(frozen=True)
class FitsColumn:
    """What the header says of a column."""

    name: str
    format: str
    unit: str
    letter: str
    """A logical, X bits, B I J K whole, E D real, C M complex, A text; of ASCII tables A, I, F, E, D."""
    null: str
    """What stands for undefined: a whole number before scaling, or a text."""
    scale: float = 1
    zero: float = 0
    start: int = 0
    """Of ASCII tables: bytes before it; and its bytes."""
    width: int = 0


def read_fits(path: Path, hdu: str | int | None = None, wanted: Collection[str] | None = None) -> RawTable:
    """A FITS table's columns; `hdu` by name or number, None: the only table.

    Of a large file that is not zipped the columns that are not `wanted` have no values, only their type and unit: a
    table of millions of rows then takes what is wanted of it, whatever the size of its file.
    """
    if wanted is not None and _is_large(path) and (table := _in_slices(path, hdu, wanted)):
        return table
    body = read_bytes(path)
    try:
        with _opened(io.BytesIO(body)) as hdus:
            table = _table_hdu(path, hdus, hdu)
            header, place, is_ascii = table.header.copy(), table.fileinfo(), isinstance(table, fits.TableHDU)
        data = body[place["datLoc"] : place["datLoc"] + place["datSpan"]]
        said = _said(path, header, is_ascii=is_ascii)
        read = _ascii_values(header, data, said) if is_ascii else _binary_values(header, data, said)
    except CatalogError:
        raise
    except Exception as error:  # astropy raises whatever a broken header leads to
        raise CatalogError(f"{path}: not a readable FITS table: {error}") from error
    return _raw(read, said)


def _is_large(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > LARGE_BYTES


def _in_slices(path: Path, hdu: str | int | None, wanted: Collection[str]) -> RawTable | None:
    """A binary table's wanted columns, so many rows at a time; None for a zipped file, lists beside rows, and text."""
    try:
        with path.open("rb") as file:
            if file.read(len(SIMPLE)) != SIMPLE:
                return None
            with _opened(path) as hdus:
                table = _table_hdu(path, hdus, hdu)
                header, is_ascii = table.header.copy(), isinstance(table, fits.TableHDU)
                file.seek(table.fileinfo()["datLoc"])
            said = _said(path, header, is_ascii=is_ascii)
            if is_ascii or int(header.get("PCOUNT", 0)):
                return None
            n_rows = int(header["NAXIS2"])
            parts: dict[str, list[pa.Array]] = {one.name: [] for one in said if one.name in wanted}
            for n, data in _slices(path, file, int(header["NAXIS1"]), n_rows):
                header["NAXIS2"] = n
                for name, values in _binary_values(header, data, said, parts).items():
                    parts[name].append(values)
    except CatalogError:
        raise
    except Exception as error:  # as above
        raise CatalogError(f"{path}: not a readable FITS table: {error}") from error
    found = {one.name: _joined(parts[one.name]) if parts.get(one.name) else pa.nulls(n_rows) for one in said}
    return _raw(found, said)


def _slices(path: Path, file: BinaryIO, width: int, n_rows: int) -> Iterator[tuple[int, bytes]]:
    """Rows of a table, so many at a time: their number, and their bytes filled up to whole blocks."""
    step = max(1, SLICE_BYTES // width)
    for first in range(0, n_rows, step):
        n = min(step, n_rows - first)
        data = file.read(n * width)
        if len(data) < n * width:
            raise CatalogError(f"{path}: cut short in data row {first + len(data) // width} of {n_rows}")
        yield n, data + bytes(-len(data) % BLOCK)


def _opened(source: Any) -> Any:
    """The HDUs of a file; one that is cut short is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=".*truncated.*")
        return fits.open(source, memmap=False, lazy_load_hdus=False)


def _said(path: Path, header: fits.Header, *, is_ascii: bool) -> list["FitsColumn"]:
    said = list(_columns(header, is_ascii=is_ascii))
    refuse_twice([one.name for one in said], str(path))
    return said


def _raw(read: dict[str, pa.Array], said: list["FitsColumn"]) -> RawTable:
    return whole_table(read, {one.name: f"FITS {one.format}" for one in said}, {one.name: one.unit for one in said})


def _joined(parts: list[pa.Array]) -> pa.Array:
    """The slices of a column as one; where they came as several types, as what holds them all."""
    kinds = {one.type for one in parts}
    if len(kinds) > 1:
        parts = [one.cast(pa.binary() if pa.binary() in kinds else pa.string()) for one in parts]
    return pa.concat_arrays(parts)


def _table_hdu(path: Path, hdus: fits.HDUList, wanted: str | int | None) -> Any:
    """The table asked for, or the only one; CatalogError lists what there is."""
    there = {index: one for index, one in enumerate(hdus) if isinstance(one, fits.BinTableHDU | fits.TableHDU)}
    listed = ", ".join(f"{index} {one.name!r} {_kind(one)}" for index, one in enumerate(hdus))
    fitting = [one for index, one in there.items() if wanted is None or wanted in (index, one.name)]
    if len(fitting) != 1:
        asked = "a table" if wanted is None else f"a table HDU {wanted!r}"
        raise CatalogError(f"{path}: found {len(fitting)} HDUs that fit, expected {asked}, set `hdu`; it has {listed}")
    return fitting[0]


def _kind(hdu: Any) -> str:
    """The class of an HDU, and whether it is a VOTable put into an image byte by byte, as TOPCAT writes them."""
    values = hdu.data if isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU) else None
    if values is not None and values.ndim == 1 and values.dtype == np.uint8 and values[:16].tobytes().startswith(XML):
        return f"{type(hdu).__name__}, a VOTable as {values.size} bytes, neither image nor table"
    return type(hdu).__name__


def _columns(header: fits.Header, *, is_ascii: bool) -> Iterator[FitsColumn]:
    for number in range(1, int(header["TFIELDS"]) + 1):
        text = str(header[f"TFORM{number}"]).strip()
        found = (ASCII_FORMAT if is_ascii else BINARY_FORMAT).match(text)
        if found is None:
            raise ValueError(f"TFORM{number}: found {text!r}, expected a format of the FITS standard")
        yield FitsColumn(
            name=str(header.get(f"TTYPE{number}", f"col{number}")).strip(),
            format=text,
            unit=str(header.get(f"TUNIT{number}", "")).strip(),
            letter=found["letter"],
            null=str(header.get(f"TNULL{number}", "")).strip(),
            scale=_number(header.get(f"TSCAL{number}", 1)),
            zero=_number(header.get(f"TZERO{number}", 0)),
            start=int(header[f"TBCOL{number}"]) - 1 if is_ascii else 0,
            width=int(found["width"]) if is_ascii else 0,
        )


def _number(value: Any) -> float:
    """TSCAL or TZERO; a whole one stays whole, for 2**63 + 1 has more digits than a real holds."""
    return value if isinstance(value, int) else int(real) if (real := float(value)).is_integer() else real


def _binary_values(
    header: fits.Header, data: bytes, said: list[FitsColumn], wanted: Collection[str] | None = None
) -> dict[str, pa.Array]:
    """Values by column, from what is stored: astropy scales before anybody can look for TNULL, and reads NULL as F."""
    stored = header.copy()
    for number in range(1, len(said) + 1):
        for key in OURS_TO_APPLY:
            stored.remove(f"{key}{number}", ignore_missing=True)
        stored[f"TTYPE{number}"] = f"column {number}"  # numpy takes no two names that differ by a blank
        stored[f"TFORM{number}"] = re.sub(r"^(\d*[PQ]?)L", r"\1B", str(header[f"TFORM{number}"]).strip())
    text = stored.tostring().encode("ascii", "replace")
    table: Any = fits.BinTableHDU.fromstring(text + data, character_as_bytes=True)
    return {
        one.name: _cells(table.data.field(index), one)
        for index, one in enumerate(said)
        if wanted is None or one.name in wanted
    }


def _cells(stored: Any, column: FitsColumn) -> pa.Array:
    """One column, a value or a list of values a row; lists of letters are text."""
    if stored.dtype.kind == "O":
        rows = [np.asarray(one).ravel() for one in stored]
        if column.letter == "A":
            return text_column(["".join(one.tolist()).encode() for one in rows])
        offsets = np.concatenate([[0], np.cumsum([one.size for one in rows])]).astype(np.int32)
        flat = np.concatenate(rows) if rows else np.zeros(0, np.uint8)
        return pa.ListArray.from_arrays(pa.array(offsets), _flat(flat, column))
    made = _flat(np.asarray(stored).reshape(-1), column)
    for axis in range(stored.ndim - 1, 0, -1):
        n_lists = int(np.prod(stored.shape[:axis]))
        made = pa.ListArray.from_arrays(pa.array(np.arange(n_lists + 1) * stored.shape[axis], pa.int32()), made)
    return made


def _flat(stored: NDArray[Any], column: FitsColumn) -> pa.Array:
    match column.letter:
        case "A":
            return text_column(stored.view(np.ndarray).tolist())
        case "L":
            return pa.array(stored == TRUE, pa.bool_(), mask=~np.isin(stored, (TRUE, FALSE)))
        case "X":
            return pa.array(stored.astype(bool), pa.bool_())
        case "B" | "I" | "J" | "K":
            return _whole(stored, column)
        case "C" | "M":
            return pa.array([str(one) for one in stored.tolist()], pa.string())  # so that nobody takes half of it
        case _:
            return _real(stored, column, None)


def _whole(stored: NDArray[Any], column: FitsColumn) -> pa.Array:
    """Whole numbers without loss: int64, or uint64 or text where that holds them not; real where they are scaled."""
    mask = stored == int(column.null) if column.null else np.zeros(stored.shape, bool)
    if column.scale != 1 or not isinstance(column.zero, int):
        return _real(stored, column, mask)
    known = stored[~mask]
    least, most = (int(known.min()) + column.zero, int(known.max()) + column.zero) if known.size else (0, 0)
    wrapped = stored.astype(np.int64).view(np.uint64) + np.uint64(column.zero % 2**64)
    if least >= -(2**63) and most < 2**63:
        return pa.array(wrapped.view(np.int64), mask=mask)
    if least >= 0 and most < 2**64:
        return pa.array(wrapped, pa.uint64(), mask=mask)
    return pa.array([str(one + column.zero) for one in stored.tolist()], pa.string(), mask=mask)


def _real(stored: NDArray[Any], column: FitsColumn, mask: NDArray[Any] | None) -> pa.Array:
    values = stored.astype(np.float64)
    if (column.scale, column.zero) != (1, 0):
        values = values * column.scale + column.zero
    return pa.array(values, pa.float64(), mask=mask, from_pandas=True)


def _ascii_values(header: fits.Header, data: bytes, said: list[FitsColumn]) -> dict[str, pa.Array]:
    """Values by column as the text that stands there; a blank field and TNULL are null, exponents have an E."""
    width, n_rows = int(header["NAXIS1"]), int(header["NAXIS2"])
    lines = [data[index * width : (index + 1) * width] for index in range(n_rows)]
    return {one.name: _ascii_column([line[one.start :][: one.width] for line in lines], one) for one in said}


def _ascii_column(fields: list[bytes], column: FitsColumn) -> pa.Array:
    null = column.null.encode("ascii", "replace")
    stripped = [None if (text := one.strip()) == null else text or None for one in fields]
    if column.letter == "A":
        return text_column(stripped)
    plain = [one and one.upper().replace(b"D", b"E") for one in stripped]
    if (column.scale, column.zero) == (1, 0):
        return text_column(plain)
    if column.letter == "I" and column.scale == 1 and isinstance(column.zero, int):
        return text_column([one and str(int(one) + column.zero).encode() for one in plain])
    return pa.array([None if one is None else float(one) * column.scale + column.zero for one in plain], pa.float64())
