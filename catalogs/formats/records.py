"""The records of a text table with quotes (RFC 4180): a value in quotes may hold line breaks, and a quote may be stray.

Nothing is swallowed: a quote that is never closed costs its own line, and lines that look like rows of their own inside
a value in quotes stop the reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.errors import CatalogError

QUOTE, LINE_BREAK = b'"', b"\n"
NUMBER = re.compile(rb"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
FIELD = rb'(?:"(?>[^"]+|"")*+"(?:(?!%b)[ \t])*+|(?!")[^\n%b]*+)'
UNCLOSED = 'found a quote that is not closed, or text behind a closed one, expected "" for a quote inside a value'
TOLD = 80


@dataclass(frozen=True)
class Record:
    """A line of the file, or several where a value in quotes holds line breaks."""

    line: int
    """Of the file, from 1 on."""
    text: bytes
    fault: str = ""
    """What is wrong with its quotes; empty where they are closed."""


def records(body: bytes, where: str, delimiter: str, comment: str = "") -> list[Record]:
    """Every record but blank lines and those that begin with `comment`, unless they stand inside quotes.

    Raises CatalogError where lines inside quotes look like rows.
    """
    if b"\n" not in body:
        body = body.replace(b"\r", b"\n")
    sign = comment.encode()
    if QUOTE not in body:
        lines = enumerate(body.split(b"\n"), 1)
        return [Record(number, one) for number, one in lines if one.strip() and not (sign and one.startswith(sign))]
    return list(_with_quotes(body, where, delimiter.encode(), sign))


def _with_quotes(body: bytes, where: str, delimiter: bytes, comment: bytes) -> Iterator[Record]:
    """A quote within a value is that sign; one at its start must be closed before the next delimiter or line break."""
    separator = re.escape(delimiter)
    field = FIELD % (separator, separator)
    whole = re.compile(b"(?:" + field + separator + b")*+" + field + rb"\r?+(?=\n|\Z)")
    start, line = 0, 1
    while start < len(body):
        end = body.find(b"\n", start)
        text = body[start:] if end < 0 else body[start:end]
        if text.strip() and not (comment and text.startswith(comment)):
            found = whole.match(body, start) if QUOTE in text else None
            if found and (joined := found.group()) != text:
                _refuse_swallowed(joined, where, line, delimiter)
                text = joined
            is_broken = QUOTE in text and found is None
            yield Record(line, text, f"line {line}: {UNCLOSED}: {_told(text)}" if is_broken else "")
        start += len(text) + 1
        line += 1 + text.count(b"\n")


def _refuse_swallowed(joined: bytes, where: str, line: int, delimiter: bytes) -> None:
    """Raise CatalogError where a line inside quotes has as many fields as the record, and numbers where it has them."""
    fields = _fields(joined, delimiter)
    numbers = {index for index, one in enumerate(fields) if NUMBER.fullmatch(one)}
    for at, field in enumerate(fields):
        if b"\n" not in field:
            continue
        opening, *middle, closing = field.split(b"\n")
        rest = len(fields) - at
        if (
            any(_is_like(one, numbers, 0, len(fields), delimiter) for one in middle)
            or _is_like(closing, numbers, 0, at + 1, delimiter)
            or _is_like(opening, numbers, at, rest, delimiter)
        ):
            raise CatalogError(
                f"{where}: line {line}: a value in quotes goes on to line {line + joined.count(LINE_BREAK)}, and what "
                f"it holds looks like rows, found {_told(joined)}; close the quote, or double it inside a value"
            )


def _is_like(text: bytes, numbers: set[int], start: int, n_fields: int, delimiter: bytes) -> bool:
    fields = text.split(delimiter)
    if len(fields) != n_fields:
        return False
    expected = {index - start for index in numbers if start <= index < start + n_fields}
    return bool(expected) and all(NUMBER.fullmatch(fields[index]) for index in expected)


def _fields(record: bytes, delimiter: bytes) -> list[bytes]:
    """The values between the delimiters that stand outside quotes."""
    separator = re.escape(delimiter)
    pattern = b"(" + FIELD % (separator, separator) + b")(?:" + separator + rb"|\r?\Z)"
    found, at = list[bytes](), 0
    for one in re.finditer(pattern, record):
        if one.start() != at:
            break
        found.append(one[1].strip(b' \t"'))
        at = one.end()
        if not one[0].endswith(delimiter):
            break
    return found


def _told(text: bytes) -> str:
    return repr(text[:TOLD].decode("utf-8", "replace"))
