"""A column's values as numbers, truths or text: nothing is wrapped, rounded or cut without a word."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ARROW = {
    "real": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "text": pa.string(), "sexagesimal": pa.float64(),
}  # fmt: skip
TRUE, FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
WHOLE = re.compile(r"(?P<digits>[+-]?\d+)(?:\.0*)?", re.ASCII)
SEXAGESIMAL = re.compile(
    r"(?P<sign>[+−-]?)\s*(?P<whole>\d+)[\s:hd°]+(?P<minutes>\d+(?:\.\d*)?)[\s:m'′]*(?:(?P<seconds>\d+(?:\.\d*)?)[\s\"s″]*)?"
)
SIXTY = 60
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"  # tab and line breaks stand in real remarks
MOST_CHARACTERS = 10_000
LARGEST_INT, SMALLEST_INT = 2**63 - 1, -(2**63)
EVERY_WHOLE_BELOW = 2**53  # a real from here on may be a whole number that was rounded
TOO_LONG = 'more digits than it holds; type = "text" keeps them all'
Typed = tuple[pa.Array, dict[int, str]]


def typed(values: pa.Array, kind: str, null_values: Sequence[str] = ("",)) -> Typed:
    """Values as `real`, `int`, `bool`, `text` or `sexagesimal`, and by index what is wrong with the others.

    NaN, infinity and `null_values` become null. Whole numbers may be text, and 0 and 1 truths; a whole number
    that a kind cannot hold to its last digit is wrong. Raises ValueError where all of a column are of another kind.
    """
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), ARROW[kind]), {}
    if pa.types.is_binary(values.type):
        text, undecoded = _decoded(values)
        made, bad = typed(text, kind, null_values)
        return made, bad | undecoded
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.string())  # its digits, which are parsed exactly as those of a text file are
    elif kind == "text" and not pa.types.is_string(values.type):
        values = _written(values)
    if not pa.types.is_string(values.type):
        return _numbers(values, kind)
    text = pc.utf8_trim_whitespace(values)
    text = pc.if_else(pc.is_in(text, pa.array(null_values, pa.string())), pa.scalar(None, pa.string()), text)
    return (text, _unprintable(text)) if kind == "text" else _parsed(text, kind)


def _unprintable(text: pa.Array) -> dict[int, str]:
    """By index what is wrong with texts that would break a line, a page or a report."""
    bad = dict[int, str]()
    for is_wrong, why in (
        (pc.match_substring_regex(text, CONTROL), "no control character"),
        (pc.greater(pc.utf8_length(text), MOST_CHARACTERS), f"at most {MOST_CHARACTERS:,} characters"),
    ):
        found = pc.indices_nonzero(pc.fill_null(is_wrong, False)).to_pylist()  # noqa: FBT003
        bad |= {index: f"found {text[index].as_py()[:40]!r}, expected {why}" for index in found}
    return bad


def typed_lists(values: pa.Array, kind: str, separator: str, null_values: Sequence[str] = ("",)) -> Typed:
    """Lists, or texts such as `1;2` or `['a', 'b']`, as lists; by index of the list what is wrong with an element."""
    bad = dict[int, str]()
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), pa.list_(ARROW[kind])), bad
    if not pa.types.is_list(values.type):
        text, bad = typed(values, "text", null_values)
        parts = [None if one is None else _parts(one, separator) for one in text.to_pylist()]
        values = pa.array(parts, pa.list_(pa.string()))
    made, wrong = typed(values.flatten(), kind, ())
    owner = np.repeat(np.arange(len(values)), pc.fill_null(pc.list_value_length(values), 0).to_numpy())
    for index, fault in wrong.items():
        bad.setdefault(int(owner[index]), fault)
    return with_elements(values, made), bad


def with_elements(lists: pa.Array, elements: pa.Array) -> pa.Array:
    """The same lists with other elements, which are those of `lists.flatten()` in their order."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, elements, mask=lists.is_null())


def _parts(text: str, separator: str) -> list[str]:
    inside = text[1:-1] if text[:1] + text[-1:] in ("[]", "()") else text
    return [part.strip().strip("'\"") for part in inside.split(separator)] if inside.strip() else []


def _decoded(values: pa.Array) -> Typed:
    """Bytes as UTF-8 text; those that are none are wrong."""
    try:
        return values.cast(pa.string()), {}
    except pa.ArrowInvalid:
        found, bad = list[str | None](), dict[int, str]()
    for index, one in enumerate(values.to_pylist()):
        try:
            found.append(None if one is None else one.decode("utf-8"))
        except UnicodeDecodeError:
            found.append(None)
            bad[index] = f"found the bytes {one!r}, expected UTF-8"
    return pa.array(found, pa.string()), bad


def _written(values: pa.Array) -> pa.Array:
    """Whole numbers as text of their digits, also those that a table with nulls keeps as 7.0."""
    if pa.types.is_integer(values.type):
        return values.cast(pa.string())
    if pa.types.is_floating(values.type):
        whole, bad = _whole(_finite(values.cast(pa.float64())))
        if not bad:
            return whole.cast(pa.string())
    hint = {"bool": '; set type = "bool"', "double": '; set type = "real"'}.get(str(values.type), "")
    raise ValueError(f"found {values.type}, expected text{hint}")


def _numbers(values: pa.Array, kind: str) -> Typed:
    is_number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or values.type == pa.bool_()
    if kind == "sexagesimal" or not is_number:
        raise ValueError(f"found {values.type}, expected {kind}")
    if values.type == pa.bool_():
        return values.cast(ARROW[kind]), {}
    if pa.types.is_floating(values.type):
        values = _finite(values.cast(pa.float64()))
    if kind == "bool":
        return _all_but(values, _truths(values), kind)
    if kind == "int":
        made, bad = _whole(values)
        return _all_but(made, bad, kind)
    if pa.types.is_floating(values.type):
        return values, {}
    made = values.cast(pa.float64(), safe=False)
    large = np.flatnonzero(np.abs(made.to_numpy(zero_copy_only=False)) >= EVERY_WHOLE_BELOW)
    one_by_one = {int(index): (values[index].as_py(), made[index].as_py()) for index in large}
    rounded = {index: whole for index, (whole, real) in one_by_one.items() if int(real) != whole}
    return _all_but(
        made, {index: f"found {whole}, expected real: {TOO_LONG}" for index, whole in rounded.items()}, kind
    )


def _truths(values: pa.Array) -> dict[int, str]:
    wrong = pc.fill_null(pc.and_(pc.not_equal(values, 0), pc.not_equal(values, 1)), False).to_numpy(
        zero_copy_only=False
    )
    return {int(index): f"found {values[index].as_py()}, expected bool, 0 or 1" for index in np.flatnonzero(wrong)}


def _whole(values: pa.Array) -> Typed:
    """Numbers as int64, and by index those that are none: too large, or with a fraction."""
    bad = dict[int, str]()
    if pa.types.is_floating(values.type):
        plain = values.to_numpy(zero_copy_only=False)
        fits = np.isnan(plain) | ((plain == np.floor(plain)) & (np.abs(plain) < EVERY_WHOLE_BELOW))
        for index in np.flatnonzero(~fits):
            why = ": a real beyond 2**53 is a rounded one" if abs(plain[index]) >= EVERY_WHOLE_BELOW else ""
            bad[int(index)] = f"found {plain[index]}, expected int{why}"
    elif values.type == pa.uint64():
        above = pc.fill_null(pc.greater(values, pa.scalar(LARGEST_INT, values.type)), False)
        for index in np.flatnonzero(above.to_numpy(zero_copy_only=False)):
            bad[int(index)] = f"found {values[index].as_py()}, expected int: {TOO_LONG}"
    return _nulled(values, bad).cast(pa.int64()), bad


def _all_but(made: pa.Array, bad: dict[int, str], kind: str) -> Typed:
    """Values of a kind, null where they are wrong; ValueError where all are."""
    if len(bad) == len(made) > 0:
        raise ValueError(f"{bad[0]}, in every row")
    return _nulled(made, bad).cast(ARROW[kind]), bad


def _nulled(values: pa.Array, bad: dict[int, str]) -> pa.Array:
    if not bad:
        return values
    keep = np.ones(len(values), bool)
    keep[list(bad)] = False
    return pc.if_else(pa.array(keep), values, pa.scalar(None, values.type))


def _parsed(text: pa.Array, kind: str) -> Typed:
    if kind == "real":
        try:
            return _all_but(*_exact(text, _finite(text.cast(pa.float64()))), kind)
        except pa.ArrowInvalid:
            pass  # one bad value among them: find it
    found, bad = list[Any](), dict[int, str]()
    for index, one in enumerate(text.to_pylist()):
        try:
            found.append(None if one is None else READ[kind](one))
        except OverflowError:
            found.append(None)
            bad[index] = f"found {one!r}, expected {kind}: {TOO_LONG}"
        except ValueError:
            found.append(None)
            bad[index] = f"found {one!r}, expected {kind}"
    made = pa.array(found, ARROW[kind])
    if kind == "real":
        made, rounded = _exact(text, _finite(made), bad)
        bad |= rounded
    return _all_but(made, bad, kind)


def _exact(text: pa.Array, made: pa.Array, bad: dict[int, str] | None = None) -> Typed:
    """Reals of texts, and by index the whole numbers among the texts that they round, and what no real holds."""
    plain, wrong = made.to_numpy(zero_copy_only=False), dict[int, str]()
    known = text.is_valid().to_numpy(zero_copy_only=False)
    for index in np.flatnonzero(known & ~(np.abs(plain) < EVERY_WHOLE_BELOW)):
        one, real = text[index].as_py(), float(plain[index])  # of Python, which compares whole and real exactly
        whole = WHOLE.fullmatch(one)
        lost = whole and int(whole["digits"]) != real if np.isfinite(real) else not NOT_FINITE.fullmatch(one)
        if lost and int(index) not in (bad or {}):
            wrong[int(index)] = f"found {one!r}, expected real: {TOO_LONG}"
    return made, wrong


def _finite(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, values.type))


def _real(text: str) -> float:
    if not (REAL.fullmatch(text) or NOT_FINITE.fullmatch(text)):  # float() also takes 1_000
        raise ValueError(text)
    return float(text)


def _int(text: str) -> int:
    found = WHOLE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    if not SMALLEST_INT <= (whole := int(found["digits"])) <= LARGEST_INT:
        raise OverflowError(text)
    return whole


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


READ: dict[str, Callable[[str], Any]] = {"real": _real, "int": _int, "bool": _bool, "sexagesimal": _sexagesimal}
