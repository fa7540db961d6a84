"""Tables as they come, with what they say of types and units; nothing is interpreted yet.

`text_tables.py` and `whitespace.py` read files that are all text; `fits_tables.py`, `parquet_tables.py` and
`typed_tables.py` those that say their types themselves; `archives.py` what stands in a tar or zip. All give a RawTable;
`values.py` makes its columns numbers, truths or text.
"""

import gzip
import io
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import CatalogError

MOST_BYTES = 2 * 2**30  # a catalogue is read whole; what unpacks to more is refused before it fills the memory


@dataclass(frozen=True)
class RawTable:
    """A file's columns as Arrow arrays, their types and units in the file's words, and the rows that cannot be read."""

    columns: dict[str, pa.Array]
    types: dict[str, str]
    units: dict[str, str]
    row: NDArray[Any]
    """The 0-based data row of each value; ragged rows are left out."""
    ragged: dict[int, str]
    """Data rows with too few or too many fields, and what was found."""
    n_rows: int


def whole_table(columns: dict[str, pa.Array], types: dict[str, str], units: dict[str, str]) -> RawTable:
    """A table without ragged rows."""
    n_rows = len(next(iter(columns.values()), ()))
    return RawTable(columns, types, units, np.arange(n_rows), {}, n_rows)


def refuse_twice(names: list[str], where: str) -> None:
    """Raise CatalogError where two columns have the same name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CatalogError(f"{where}: two columns have the same name: {', '.join(map(repr, twice))}")


def text_column(values: list[bytes | None]) -> pa.Array:
    """Bytes of fixed width as text without the blanks and zero bytes that fill them; empty is null, not UTF-8 stays."""
    found = [None if one is None else one.split(b"\0", 1)[0].strip() or None for one in values]
    made = pa.array(found, pa.binary())
    try:
        return made.cast(pa.string())
    except pa.ArrowInvalid:
        return made


def read_bytes(path: Path) -> bytes:
    """A file's bytes, unzipped where they are gzip. Raises CatalogError for anything else than a full file."""
    try:
        check_plain(path)
        body = unzipped(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise CatalogError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise CatalogError(f"{path}: a directory, expected a file") from None
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error}") from error
    if not body:
        raise CatalogError(f"{path}: empty file")
    return body


def check_plain(path: Path) -> None:
    """Raise CatalogError for a pipe, a socket or a device, whose reading might never end, and for a file too large."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise CatalogError(f"{path}: found a pipe, a socket or a device, expected a plain file")
    if stat.S_ISREG(found.st_mode) and found.st_size > MOST_BYTES:
        raise CatalogError(f"{path}: {found.st_size} bytes, expected a table of at most {MOST_BYTES}")


def unzipped(body: bytes, where: str) -> bytes:
    """The bytes, unzipped where they are gzip. Raises CatalogError for a cut file and for one that never ends."""
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            body = stream.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise CatalogError(f"{where}: cannot be read: {error}") from error
    if len(body) > MOST_BYTES:
        raise CatalogError(f"{where}: unzips to more than {MOST_BYTES} bytes, expected a table")
    return body
