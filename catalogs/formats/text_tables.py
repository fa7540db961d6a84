"""Tables that are all text: CSV and TSV with what may stand above and below the header, and fixed width."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv

from catalogs.formats.records import Record, records
from catalogs.formats.tables import RawTable, refuse_twice
from schemas.errors import CatalogError

UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(
    body: bytes, where: str, delimiter: str = ",", comment: str = "", below_header: Sequence[str] = ()
) -> RawTable:
    """Every column as text, UTF-8 with or without BOM; `where` names the file in errors.

    Lines that begin with `comment`, and blank ones, are no rows. `below_header` says what stands between header and
    data: `units`, which are kept, and `dashes`. A header's field that is empty is called `Unnamed: 0` by its number.
    A row with too few or too many fields, or a quote that is not closed, is ragged.
    """
    found = records(in_utf8(without_mark(body, where), where), where, delimiter, comment)
    if not found:
        raise CatalogError(f"{where}: no header line")
    header, *rest = found
    below, rest = rest[: len(below_header)], rest[len(below_header) :]
    if header.fault:
        raise CatalogError(f"{where}: {header.fault}")
    names = _names(header.text, where, delimiter)
    units = _units([one.text for one in below], below_header, names, where, delimiter)
    _refuse_dashes(rest, where, delimiter)
    ragged = {index: one.fault for index, one in enumerate(rest) if one.fault}
    sound = [index for index in range(len(rest)) if index not in ragged]
    columns, uneven = _columns([rest[index].text for index in sound], names, where, delimiter)
    n_read = len(uneven) + len(next(iter(columns.values())))
    if n_read != len(sound):
        raise CatalogError(
            f"{where}: found {n_read} rows in {len(sound)} lines; a line break or a quote stands where none may"
        )
    ragged |= {sound[index]: detail for index, detail in uneven.items()}
    row = np.array([index for index in range(len(rest)) if index not in ragged], np.int64)
    return RawTable(columns, dict.fromkeys(names, "text"), units, row, ragged, len(rest))


def without_mark(body: bytes, where: str) -> bytes:
    """Text without the mark of UTF-8 that Windows puts before it. Raises CatalogError for UTF-16."""
    if body[:2] in UTF_16:
        raise CatalogError(f"{where}: UTF-16, expected UTF-8; convert it")
    return body.removeprefix(b"\xef\xbb\xbf")


def in_utf8(body: bytes, where: str) -> bytes:
    """The body. Raises CatalogError where it is not UTF-8, with the line that is not."""
    try:
        pa.array([body], pa.large_binary()).cast(pa.large_string())  # some GB/s, and nothing is copied
    except pa.ArrowInvalid:
        for number, line in enumerate(body.split(b"\n"), 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                what = f"byte 0x{line[error.start]:02x} in {line[:80].decode('latin-1')!r}"
                raise CatalogError(f"{where}: line {number}: not UTF-8: {what}; convert the file to UTF-8") from None
        raise
    return body


def read_fixed_width(
    body: bytes, where: str, spans: Mapping[str, tuple[int, int]], comment: str = "", header_lines: int = 0
) -> RawTable:
    """Every column as text. `spans` are first and last byte by name, from 1 on, as a byte-by-byte description has them.

    Blank lines and those that begin with `comment` are no rows; a line that ends early has empty values.
    """
    sign = comment.encode()
    lines = [one for one in body.splitlines()[header_lines:] if one.strip() and not (sign and one.startswith(sign))]
    columns = dict[str, pa.Array]()
    for name, (first, last) in spans.items():
        try:
            columns[name] = pa.array([line[first - 1 : last].decode("utf-8") for line in lines], pa.string())
        except UnicodeDecodeError as error:
            raise CatalogError(f"{where}: bytes {first}-{last}: not UTF-8: {error}") from error
    types = {name: f"bytes {first}-{last}" for name, (first, last) in spans.items()}
    return RawTable(columns, types, dict.fromkeys(spans, ""), np.arange(len(lines)), {}, len(lines))


def _columns(
    rows: list[bytes], names: list[str], where: str, delimiter: str
) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """Text by column, and by index the rows that have another number of fields."""
    ragged = dict[int, str]()

    def skip(row: csv.InvalidRow) -> str:
        ragged[row.number - 1] = f"found {row.actual_columns} fields, expected {row.expected_columns}: {row.text:.80}"
        return "skip"

    if not rows:
        return {name: pa.array([], pa.string()) for name in names}, ragged
    try:
        table = csv.read_csv(
            pa.BufferReader(b"\n".join(rows) + b"\n"),
            read_options=csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, invalid_row_handler=skip, newlines_in_values=any(b"\n" in one for one in rows)
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise CatalogError(f"{where}: not a CSV table: {' '.join(str(error).split())}") from error
    return {name: _one(table[name]) for name in names}, ragged


def _names(header: bytes, where: str, delimiter: str) -> list[str]:
    """The header's names, without BOM and blanks around them; CatalogError where two are equal."""
    names = _fields(header, where, delimiter)
    names = [name or f"Unnamed: {index}" for index, name in enumerate(names)]
    refuse_twice(names, where)
    return names


def _fields(line: bytes, where: str, delimiter: str) -> list[str]:
    try:
        first = csv.open_csv(
            pa.BufferReader(line.rstrip(b"\r") + b"\n"),
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=b"\n" in line),
        )
    except pa.ArrowInvalid as error:
        raise CatalogError(f"{where}: no header line: {' '.join(str(error).split())}") from error
    return [name.strip() for name in first.schema.names]


def _units(
    lines: list[bytes], below_header: Sequence[str], names: list[str], where: str, delimiter: str
) -> dict[str, str]:
    """What the line of units says by column, empty where there is none; CatalogError for a line that is another."""
    units = dict.fromkeys(names, "")
    if len(lines) < len(below_header):
        raise CatalogError(f"{where}: the file ends {len(lines)} lines below the header, expected {list(below_header)}")
    for number, (kind, line) in enumerate(zip(below_header, lines, strict=True), 1):
        is_dashed = _is_dashed(line, delimiter)
        if is_dashed != (kind == "dashes"):
            raise CatalogError(f"{where}: line {number} below the header is {line[:60]!r}, expected {kind}")
        if kind == "units":
            said = [one.strip() for one in line.decode("utf-8", "replace").split(delimiter)]
            if len(said) != len(names) or line.count(b'"') % 2 == 0:  # else a lone " is an arcsecond and opens no quote
                said = _fields(line, where, delimiter)
            if len(said) != len(names):
                raise CatalogError(f"{where}: the line of units has {len(said)} fields, expected {len(names)}")
            units = dict(zip(names, said, strict=True))
    return units


def _refuse_dashes(rest: list[Record], where: str, delimiter: str) -> None:
    """Raise CatalogError where a line of dashes would be counted as a row, and what stands above it too."""
    for index, one in enumerate(rest[:3]):
        if _is_dashed(one.text, delimiter):
            said = "'units', 'dashes'" if index else "'dashes'"
            raise CatalogError(
                f"{where}: line {index + 1} below the header is a line of dashes, no row; set below_header = [{said}]"
            )


def _is_dashed(line: bytes, delimiter: str) -> bool:
    fields = [field.strip() for field in line.split(delimiter.encode())]
    return b"---" in line and all(field and not field.strip(b"-") for field in fields)


def _one(column: pa.ChunkedArray) -> pa.Array:
    made = column.combine_chunks()
    return made if isinstance(made, pa.Array) else pa.concat_arrays(made.chunks)
