"""The objects of a JSON array or of JSON lines, one after another: a file of any size in little memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.errors import CatalogError

CHUNK = 1 << 20


def json_records(path: Path) -> Iterator[Any]:
    """The objects of a file. CatalogError where it cannot be read, or was cut."""
    decoder = json.JSONDecoder()
    try:
        with path.open(encoding="utf-8") as file:
            text, at, is_array = "", 0, None
            while True:
                at, ended = _after(text, at)
                try:
                    value, at = decoder.raw_decode(text, at)
                except ValueError:
                    more = file.read(max(CHUNK, len(text) - at))
                    if not more:
                        break
                    is_array = more.lstrip().startswith("[") if is_array is None else is_array
                    text, at = text[at:] + more, 0
                    continue
                yield value
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: cannot be read: {error}") from error
    if at < len(text) or (is_array and not ended):
        raise CatalogError(f"{path}: not a JSON array and not JSON lines, or cut, after {text[at : at + 60]!r}")


def _after(text: str, at: int) -> tuple[int, bool]:
    """Past what stands between two records: commas, blanks, brackets of the array; and whether a closing one did."""
    start = at
    while at < len(text) and text[at] in " \t\r\n,[]":
        at += 1
    return at, "]" in text[start:at]
