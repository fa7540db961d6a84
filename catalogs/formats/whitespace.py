"""Tables separated by blanks with their header in a comment, as source finders write them: PyBDSF, Selavy, Aegean."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from catalogs.formats.tables import RawTable, refuse_twice
from catalogs.formats.text_tables import without_mark
from catalogs.units import NO_UNIT, units_of
from schemas.errors import CatalogError

FIELD = re.compile(r'\s*("(?:[^"]|"")*"(?!\S)|(?!")\S+)')
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)", re.IGNORECASE)
DASHES = re.compile(r"-+|=+")
FREE_TEXT = re.compile(r"comments?|notes?|remarks?", re.IGNORECASE)
"""A last column of this name is the rest of the line, however many words, and may be empty."""
TOLD = 80


def read_whitespace(body: bytes, where: str, comment: str = "", below_header: Sequence[str] = ()) -> RawTable:
    """Every column as text, and the units where a line below the names has them, in brackets or without.

    The names are the last comment line (`#` where `comment` is empty) with as many fields as a row that is no line of
    units or dashes; or the first line of all, where it has no number and the next one has. Quotes hold blanks together.
    """
    try:
        lines = without_mark(body, where).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise CatalogError(f"{where}: not UTF-8: {error}") from error
    sign = comment or "#"
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not _is_comment(line, sign)]
    above = [one for one in lines[: rows[0][0] - 1 if rows else None] if _is_comment(one, sign)]
    heads = [_words(one.strip().lstrip(sign)) for one in above]
    if rows and _is_header(rows, heads):
        n_head = 1 + len(below_header)
        heads, rows = [_words(one) for _, one in rows[:n_head]], rows[n_head:]
    names, said = _header(heads, rows, where, sign)
    refuse_twice(names, where)
    fields = [_row(line, names) for _, line in rows]
    ragged = {
        index: f"line {rows[index][0]}: {_fault(one)}, expected {len(names)}: {rows[index][1][:TOLD]}"
        for index, one in enumerate(fields)
        if one is None or len(one) != len(names)
    }
    if len(ragged) == len(rows) > 0:
        raise CatalogError(f"{where}: {ragged[0]}; so it is in every row. The names are {' '.join(names)[:200]}")
    good = [one for index, one in enumerate(fields) if index not in ragged and one is not None]
    columns = {name: pa.array([one[at] for one in good], pa.string()) for at, name in enumerate(names)}
    row = np.array([index for index in range(len(rows)) if index not in ragged], np.int64)
    return RawTable(columns, dict.fromkeys(names, "text"), said, row, ragged, len(rows))


def _is_comment(line: str, sign: str) -> bool:
    return line.lstrip().startswith(sign)


def _fields(line: str, n_words: int | None = None) -> list[str] | None:
    """The values of a line, None where a quote is not closed; what follows `n_words` of them is one text, or empty."""
    found, at, line = list[str](), 0, line.rstrip()
    while at < len(line) and len(found) != n_words:
        one = FIELD.match(line, at)
        if one is None:
            return None
        found.append(one[1][1:-1].replace('""', '"') if one[1].startswith('"') else one[1])
        at = one.end()
    return [*found, line[at:].strip()] if len(found) == n_words else found


def _row(line: str, names: list[str]) -> list[str] | None:
    return _fields(line, len(names) - 1 if FREE_TEXT.fullmatch(names[-1]) else None)


def _fault(fields: list[str] | None) -> str:
    return "found a quote that is not closed" if fields is None else f"found {len(fields)} fields"


def _is_header(rows: list[tuple[int, str]], heads: list[list[str]]) -> bool:
    """Whether the first line that is no comment names the columns."""
    first = _fields(rows[0][1])
    if first is None or any(NUMBER.fullmatch(one) for one in first):
        return False
    if len(rows) == 1:
        return not any(len(one) == len(first) for one in heads)
    return any(NUMBER.fullmatch(one) for _, line in rows[1:4] for one in _fields(line) or [])


def _header(
    heads: list[list[str]], rows: list[tuple[int, str]], where: str, sign: str
) -> tuple[list[str], dict[str, str]]:
    """Names, and units by name, of the lines above the rows."""
    heads = [one for one in heads if one and not _is_ruled(one)]
    n_fields = len(_words(rows[0][1])) if rows else 0
    for at in range(len(heads) - 1, -1, -1):
        names, below = heads[at], heads[at + 1] if at + 1 < len(heads) else []
        is_free = FREE_TEXT.fullmatch(names[-1]) and len(names) <= n_fields + 1
        is_below_names = at > 0 and len(heads[at - 1]) - len(names) in (0, 1) and _are_units(names)
        if is_below_names or (rows and len(names) != n_fields and not is_free):
            continue
        said = [*map(_bare, below)] if _are_units(below) and len(names) - len(below) in (0, bool(is_free)) else []
        return names, dict(zip(names, [*said, *[""] * (len(names) - len(said))], strict=True))
    expected = f"{n_fields} columns" if rows else "the columns"
    nearest = f"; the last line there is {' '.join(heads[-1])[:TOLD]!r}" if heads else ""
    raise CatalogError(
        f"{where}: no line that names {expected}; expected one that begins with {sign!r} above the rows{nearest}"
    )


def _words(line: str) -> list[str]:
    found = _fields(line)
    return line.split() if found is None else found


def _is_ruled(words: list[str]) -> bool:
    """Whether a line only draws lines below the names; one of lone `--` is of units."""
    return all(DASHES.fullmatch(word) for word in words) and any(len(word) > len("--") for word in words)


def _are_units(words: list[str]) -> bool:
    """Whether a line is one of units: each in brackets, a dash, or a unit that is known."""
    return bool(words) and all(
        word.strip("[]()") in NO_UNIT or word[0] + word[-1] == "[]" or units_of(word) for word in words
    )


def _bare(word: str) -> str:
    unit = word[1:-1] if word[:1] + word[-1:] in ("[]", "()") else word
    return "" if unit in NO_UNIT else unit
