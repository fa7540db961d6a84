"""JSON from outside, read with distrust: what is broken is named by file and key, what is odd in one item is refused.

A file that is not what it should be raises CatalogError; one bad item of a list raises RefusedError, which its reader
turns into a rejected row.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from catalogs.formats.tables import read_bytes
from schemas.errors import CatalogError
from schemas.rejection import Rejection

KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,), "number": (int, float), "integer": (int,), "flag": (int, bool), "list": (list,), "object": (dict,),
}  # fmt: skip


# `float` reads "1_0" and the digits of every script too.
DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
ESCAPED_HALF = "\\ud"


class RefusedError(Exception):
    """One item of a file cannot be used: why, in a word to count by, and in full."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail

    def rejection(self, path: Path, row: object, seen: Any) -> Rejection:
        """The same as a rejected row of the file."""
        return Rejection(f"{path.name}:{row}", self.reason, self.detail, seen if isinstance(seen, Mapping) else {
            "item": f"{seen!r:.200}"
        })  # fmt: skip


def read_json(path: Path) -> Any:
    """What a file holds, plain or gzip, with or without BOM.

    Raises CatalogError for anything that is not JSON, for an object in which a key stands twice (the later would
    silently win) and for text that no other file could hold (half of a surrogate pair).
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
        found = json.loads(text, object_pairs_hook=_object)
        if ESCAPED_HALF in text.lower():
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{path}: not JSON: {error}") from error
    return found


def read_json_lines(path: Path) -> list[Mapping[str, Any]]:
    """The objects of a file with one a line; blank lines are none. CatalogError names the line that is no object."""
    found = list[Mapping[str, Any]]()
    for number, line in enumerate(read_bytes(path).decode("utf-8-sig", "replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise CatalogError(f"{path}, line {number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise CatalogError(f"{path}, line {number}: found {line[:60]!r}, expected an object")
        found.append(row)
    return found


def value(holder: Any, key: str, kind: str, reason: str = "bad-entry") -> Any:
    """`holder[key]`, of the wanted kind; numbers are finite, flags are 0, 1, true or false. Raises RefusedError."""
    if not isinstance(holder, Mapping):
        raise RefusedError(reason, f"found {_name(holder)}, expected an object with {key}")
    found = holder.get(key)
    if not is_kind(found, kind):
        what = "nothing" if key not in holder else f"{_name(found)} {found!r:.60}"
        raise RefusedError(reason, f"{key}: found {what}, expected {_WORDS[kind]}")
    return found


def optional(holder: Any, key: str, kind: str, reason: str = "bad-entry") -> Any:
    """The same, None where there is nothing or null."""
    if isinstance(holder, Mapping) and holder.get(key) is None:
        return None
    return value(holder, key, kind, reason)


def in_file(path: Path, holder: Any, key: str, kind: str) -> Any:
    """The same for what a file cannot do without. Raises CatalogError naming file, key, found and expected."""
    try:
        return value(holder, key, kind)
    except RefusedError as refused:
        keys = f"; its keys are {', '.join(map(str, holder))}" if isinstance(holder, Mapping) else ""
        raise CatalogError(f"{path}: {refused.detail}{keys:.300}") from None


def texts(holder: Any, key: str, reason: str = "bad-entry") -> tuple[str, ...]:
    """A list of texts. Raises RefusedError."""
    found = value(holder, key, "list", reason)
    for one in found:
        if not isinstance(one, str) or not one.strip():
            raise RefusedError(reason, f"{key}: found {one!r:.60} in the list, expected texts")
    return tuple(found)


def numbers(found: Any, n: int, name: str, reason: str = "bad-box") -> tuple[float, ...]:
    """A list of `n` finite numbers. Raises RefusedError."""
    if not isinstance(found, Sequence) or len(found) != n or not all(is_kind(one, "number") for one in found):
        raise RefusedError(reason, f"{name}: found {found!r:.80}, expected {n} numbers")
    return tuple(float(one) for one in found)


def is_kind(found: Any, kind: str) -> bool:
    """Whether a value is of a kind; true and false are no numbers."""
    if not isinstance(found, KINDS[kind]):
        return False
    if kind == "flag":
        return found in (0, 1)
    if isinstance(found, bool):
        return False
    try:
        return kind != "number" or math.isfinite(found)
    except OverflowError:  # an integer beyond every float
        return False


def write_json(path: Path, text: Any) -> Path:
    """The same text always as the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(text, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


_WORDS = {
    "text": "text", "number": "a finite number", "integer": "a whole number", "flag": "0 or 1", "list": "a list",
    "object": "an object",
}  # fmt: skip


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"the key {next(one for one in names if names.count(one) > 1)!r:.60} stands twice in an object"
        )
    return found


def _name(found: Any) -> str:
    return "null" if found is None else type(found).__name__
