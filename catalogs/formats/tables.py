"""Tables as they come, with what they say of types and units; nothing is interpreted yet.

`text_tables.py` reads files that are all text, `typed_tables.py` those that say their types themselves, `archives.py`
what stands in a tar or zip. All give a RawTable; `typed` makes its columns numbers, truths or text.
"""

import gzip
import io
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.errors import CatalogError

ARROW = {
    "real": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "text": pa.string(), "sexagesimal": pa.float64(),
}  # fmt: skip
TRUE, FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")
SEXAGESIMAL = re.compile(
    r"(?P<sign>[+−-]?)\s*(?P<whole>\d+)[\s:hd°]+(?P<minutes>\d+(?:\.\d*)?)[\s:m'′]*(?:(?P<seconds>\d+(?:\.\d*)?)[\s\"s″]*)?"
)
SIXTY = 60
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


def read_bytes(path: Path) -> bytes:
    """A file's bytes, unzipped where they are gzip. Raises CatalogError for anything else than a full file."""
    try:
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


def typed(values: pa.Array, kind: str, null_values: Sequence[str] = ("",)) -> tuple[pa.Array, dict[int, str]]:
    """Values as `real`, `int`, `bool`, `text` or `sexagesimal`, and by index the texts that are none.

    NaN, infinity and `null_values` become null. Raises ValueError for a column that is of another kind altogether.
    """
    if not pa.types.is_string(values.type):
        if kind in ("text", "sexagesimal") or pa.types.is_list(values.type):
            raise ValueError(f"found {values.type}, expected {kind}")
        if kind == "bool" and values.type != pa.bool_():
            raise ValueError(f"found {values.type}, expected {kind}")
        try:
            return _finite(values.cast(ARROW[kind])), {}
        except pa.ArrowInvalid as error:
            raise ValueError(f"found {values.type}, expected {kind}: {error}") from None
    text = pc.utf8_trim_whitespace(values)
    text = pc.if_else(pc.is_in(text, pa.array(null_values, pa.string())), pa.scalar(None, pa.string()), text)
    return (text, {}) if kind == "text" else _parsed(text, kind)


def typed_lists(
    values: pa.Array, kind: str, separator: str, null_values: Sequence[str] = ("",)
) -> tuple[pa.Array, dict[int, str]]:
    """Texts such as `1;2` or `['a', 'b']` as lists; by index the texts with an unreadable element."""
    if pa.types.is_list(values.type):
        return values.cast(pa.list_(ARROW[kind])), {}
    text, _ = typed(values, "text", null_values)
    found, bad = list[Any](), dict[int, str]()
    for index, one in enumerate(text.to_pylist()):
        try:
            found.append(None if one is None else [READ[kind](part) for part in _parts(one, separator)])
        except ValueError:
            found.append(None)
            bad[index] = one
    if len(bad) == len(found) > 0:
        raise ValueError(f"found text such as {bad[0]!r} in every row, expected lists of {kind}")
    return pa.array(found, pa.list_(ARROW[kind])), bad


def _parts(text: str, separator: str) -> list[str]:
    inside = text[1:-1] if text[:1] + text[-1:] in ("[]", "()") else text
    return [part.strip().strip("'\"") for part in inside.split(separator)] if inside.strip() else []


def _parsed(text: pa.Array, kind: str) -> tuple[pa.Array, dict[int, str]]:
    if kind == "real":
        try:
            return _finite(text.cast(pa.float64())), {}
        except pa.ArrowInvalid:
            pass  # one bad value among them: find it
    found, bad = list[Any](), dict[int, str]()
    for index, one in enumerate(text.to_pylist()):
        try:
            found.append(None if one is None else READ[kind](one))
        except ValueError:
            found.append(None)
            bad[index] = one
    if len(bad) == len(found) > 0:
        raise ValueError(f"found text such as {bad[0]!r} in every row, expected {kind}")
    made = pa.array(found, ARROW[kind])
    return (_finite(made) if kind == "real" else made), bad


def _finite(values: pa.Array) -> pa.Array:
    if not pa.types.is_floating(values.type):
        return values
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, values.type))


def _bool(text: str) -> bool:
    if text.lower() not in TRUE + FALSE:
        raise ValueError(text)
    return text.lower() in TRUE


def _sexagesimal(text: str) -> float:
    """`00 12.9`, `12:34:56.7`, `-0d30m` as a number of wholes; the sign of `-00 30` counts."""
    found = SEXAGESIMAL.fullmatch(text)
    if found is None:
        raise ValueError(text)
    minutes, seconds = float(found["minutes"]), float(found["seconds"] or 0)
    if minutes >= SIXTY or seconds > SIXTY:  # 60.0 seconds is how some round 59.96
        raise ValueError(text)
    size = int(found["whole"]) + (minutes + seconds / SIXTY) / SIXTY
    return -size if found["sign"] in ("-", "−") else size


READ: dict[str, Callable[[str], Any]] = {
    "real": float, "int": int, "bool": _bool, "text": str, "sexagesimal": _sexagesimal,
}  # fmt: skip
