"""Tables that are all text: CSV and TSV with what may stand above and below the header, and fixed width."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv

from catalogs.formats.tables import RawTable
from schemas.errors import CatalogError

UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(
    body: bytes, where: str, delimiter: str = ",", comment: str = "", below_header: Sequence[str] = ()
) -> RawTable:
    """Every column as text, UTF-8 with or without BOM; `where` names the file in errors.

    Lines that begin with `comment`, and blank ones, are no rows. `below_header` says what stands between header and
    data: `units`, which are kept, and `dashes`. A header's field that is empty is called `Unnamed: 0` by its number.
    """
    header, below, rest = _taken_apart(body, where, comment, len(below_header))
    names = _names(header, where, delimiter)
    units = _units(below, below_header, names, where, delimiter)
    _refuse_dashes(rest, where, delimiter)
    ragged = dict[int, str]()

    def skip(row: csv.InvalidRow) -> str:
        ragged[row.number - 1] = f"found {row.actual_columns} fields, expected {row.expected_columns}: {row.text:.80}"
        return "skip"

    if not rest.strip():
        table = pa.table({name: pa.array([], pa.string()) for name in names})
    else:
        try:
            table = csv.read_csv(
                pa.BufferReader(rest),
                read_options=csv.ReadOptions(use_threads=False, column_names=names),
                parse_options=csv.ParseOptions(
                    delimiter=delimiter, invalid_row_handler=skip, newlines_in_values=b'"' in rest
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            raise CatalogError(f"{where}: not a CSV table: {error}") from error
    n_rows = table.num_rows + len(ragged)
    row = np.setdiff1d(np.arange(n_rows), np.array(sorted(ragged), np.int64)).astype(np.int64)
    columns = {name: _one(table[name]) for name in names}
    return RawTable(columns, dict.fromkeys(names, "text"), units, row, ragged, n_rows)


def read_fixed_width(
    body: bytes, where: str, spans: Mapping[str, tuple[int, int]], comment: str = "", header_lines: int = 0
) -> RawTable:
    """Every column as text. `spans` are first and last byte by name, from 1 on, as a byte-by-byte description has them.

    Blank lines and those that begin with `comment` are no rows; a line that ends early has empty values.
    """
    lines = [line for line in body.splitlines()[header_lines:] if line.strip() and not _is_comment(line, comment)]
    columns = dict[str, pa.Array]()
    for name, (first, last) in spans.items():
        try:
            columns[name] = pa.array([line[first - 1 : last].decode("utf-8") for line in lines], pa.string())
        except UnicodeDecodeError as error:
            raise CatalogError(f"{where}: bytes {first}-{last}: not UTF-8: {error}") from error
    types = {name: f"bytes {first}-{last}" for name, (first, last) in spans.items()}
    return RawTable(columns, types, dict.fromkeys(spans, ""), np.arange(len(lines)), {}, len(lines))


def _taken_apart(body: bytes, where: str, comment: str, n_below: int) -> tuple[bytes, list[bytes], bytes]:
    """The header line, the lines below it, and the data, without comments and without blank lines."""
    if body[:2] in UTF_16:
        raise CatalogError(f"{where}: UTF-16, expected UTF-8; convert it")
    body = body.removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in body:
        body = body.replace(b"\r", b"\n")
    if b'"' in body and not comment and not n_below:  # a quoted value may hold line breaks, and even blank lines
        header, _, rest = body.lstrip(b"\r\n").partition(b"\n")
        return header, [], rest
    lines = [line for line in body.split(b"\n") if line.strip() and not _is_comment(line, comment)]
    if not lines:
        raise CatalogError(f"{where}: no header line")
    return lines[0], lines[1 : 1 + n_below], b"\n".join(lines[1 + n_below :]) + b"\n"


def _is_comment(line: bytes, comment: str) -> bool:
    return bool(comment) and line.startswith(comment.encode())


def _names(header: bytes, where: str, delimiter: str) -> list[str]:
    """The header's names, without BOM and blanks around them; CatalogError where two are equal."""
    names = _fields(header, where, delimiter)
    names = [name or f"Unnamed: {index}" for index, name in enumerate(names)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CatalogError(f"{where}: two columns have the same name: {', '.join(map(repr, twice))}")
    return names


def _fields(line: bytes, where: str, delimiter: str) -> list[str]:
    try:
        first = csv.open_csv(
            pa.BufferReader(line.rstrip(b"\r") + b"\n"), parse_options=csv.ParseOptions(delimiter=delimiter)
        )
    except pa.ArrowInvalid as error:
        raise CatalogError(f"{where}: no header line: {error}") from error
    return [name.strip() for name in first.schema.names]


def _units(
    lines: list[bytes], below_header: Sequence[str], names: list[str], where: str, delimiter: str
) -> dict[str, str]:
    """What the line of units says by column, empty where there is none; CatalogError for a line that is another."""
    units = dict.fromkeys(names, "")
    for number, (kind, line) in enumerate(zip(below_header, lines, strict=True), 1):
        is_dashed = _is_dashed(line, delimiter)
        if is_dashed != (kind == "dashes"):
            raise CatalogError(f"{where}: line {number} below the header is {line[:60]!r}, expected {kind}")
        if kind == "units":
            units = dict(zip(names, _fields(line, where, delimiter), strict=True))
    return units


def _refuse_dashes(rest: bytes, where: str, delimiter: str) -> None:
    """Raise CatalogError where a line of dashes would be counted as a row, and what stands above it too."""
    for index, line in enumerate(rest.split(b"\n", 3)[:3]):
        if _is_dashed(line, delimiter):
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
