"""What stands in the columns of a table: types, ranges, nulls, distinct values, and words that mean "not known"."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalogs.formats.values import typed
from curation.looking.tables import Opened

FEW = 20  # distinct values that are listed with their counts
LONGEST = 60
UNKNOWN_WORDS = frozenset(
    ("", "?", "??", "-", "--", "---", "...", "u", "unk", "unknown", "unclear", "uncertain", "unclassified", "n/a", "na",
     "nan", "nul", "null", "none", "not known", "undefined", "missing", "tbd")
)  # fmt: skip
UNKNOWN_NUMBERS = frozenset((-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0))
"""Numbers that stand for "not known" in catalogues; they do so only where they are the column's end, and repeat."""
Row = dict[str, Any]


def table_facts(path: Path, opened: Opened) -> Row:
    """A table's form, number of rows, rows that cannot be read, and its columns."""
    raw = opened.raw
    return {
        "file": str(path), "kind": "table", "form": opened.form.told, "n_rows": raw.n_rows,
        "n_unreadable": len(raw.ragged),
        "unreadable": {str(row + 1): why for row, why in list(raw.ragged.items())[:FEW]},
        "columns": [column_facts(opened, name) for name in raw.columns],
    }  # fmt: skip


def column_facts(opened: Opened, name: str) -> Row:
    """Name, type and unit in the file's words, what the values are, nulls, range, and distinct values."""
    values = opened.raw.columns[name]
    found: Row = {
        "name": name, "type": opened.raw.types[name], "unit": opened.raw.units[name] or None,
        "meaning": opened.meanings.get(name) or None,
    }  # fmt: skip
    if pa.types.is_list(values.type) or pa.types.is_nested(values.type):
        return {**found, "is": "list", "n_null": values.null_count, "examples": _examples(values)}
    kind, plain = read_as(values)
    has_ends = kind in ("real", "int", "text") and len(plain) > plain.null_count
    counts = value_counts(plain)
    found |= {"is": kind, "n_null": plain.null_count, "n_distinct": len(counts)}
    found |= {"min": _short(pc.min(plain).as_py()), "max": _short(pc.max(plain).as_py())} if has_ends else {}
    if len(counts) <= FEW:
        found["values"] = {str(_short(one)): n for one, n in counts.items()}
    else:
        found["examples"] = _examples(plain)
    return {**found, "unknown_like": unknown_like(plain, counts)}


def read_as(values: pa.Array) -> tuple[str, pa.Array]:
    """`int`, `real`, `bool`, `sexagesimal` or `text`, and the values; text is taken for numbers where all of it is."""
    if pa.types.is_binary(values.type) or pa.types.is_null(values.type):
        values = typed(values, "text")[0]
    if not pa.types.is_string(values.type):
        kind = "bool" if pa.types.is_boolean(values.type) else "int" if pa.types.is_integer(values.type) else "real"
        if kind == "real" and pa.types.is_floating(values.type):
            return kind, typed(values, "real")[0]  # NaN is null
        return (kind, values) if pa.types.is_primitive(values.type) else ("text", pc.cast(values, pa.string()))
    text = typed(values, "text", ("",))[0]
    if len(text) == text.null_count:
        return "text", text
    for kind in ("int", "real", "sexagesimal"):
        try:
            made, bad = typed(text, kind, ("", *_unknown_words(text)))
        except (ValueError, OverflowError):
            continue
        if not bad and made.null_count < len(made):
            return (kind, text) if kind == "sexagesimal" else (kind, made)
    return "text", text


def value_counts(values: pa.Array) -> dict[Any, int]:
    """Distinct values with their counts, the most frequent first; nulls are not among them."""
    counts = Counter({one["values"]: one["counts"] for one in values.drop_null().value_counts().to_pylist()})
    return dict(sorted(counts.items(), key=lambda one: (-one[1], str(one[0]))))


def unknown_like(values: pa.Array, counts: dict[Any, int]) -> dict[str, int]:
    """Values that mean "not known" elsewhere, with their counts; whether they do so here a person must say."""
    words = {str(one): n for one, n in counts.items() if isinstance(one, str) and one.strip().lower() in UNKNOWN_WORDS}
    numbers = [one for one in counts if not isinstance(one, str | bool) and float(one) in UNKNOWN_NUMBERS]
    if not numbers or pa.types.is_boolean(values.type):
        return words
    ends = pc.min(values).as_py(), pc.max(values).as_py()
    at_end = [one for one in numbers if one in ends and counts[one] > 1]
    return words | {str(one): counts[one] for one in at_end if len(counts) > 3}  # noqa: PLR2004 -- a code, not a scale


def _unknown_words(text: pa.Array) -> list[str]:
    return [one for one in text.unique().to_pylist() if one is not None and one.lower() in UNKNOWN_WORDS]


def _examples(values: pa.Array) -> list[Any]:
    return [_short(one) for one in values.drop_null()[:3].to_pylist()]


def _short(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
