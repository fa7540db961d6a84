"""The facts of a table as lines for people."""

from typing import Any

Row = dict[str, Any]


def table_lines(facts: Row) -> list[str]:
    """A line for the table, one for each column, and one for each row that cannot be read."""
    n_rows, n_bad = facts["n_rows"], facts["n_unreadable"]
    lines = [f"{facts['file']}: {n_rows:,} rows, {len(facts['columns'])} columns ({facts['form']})"]
    lines += [f"  {_column(one, n_rows - n_bad)}" for one in facts["columns"]]
    return lines + [f"  note: row {row} cannot be read: {why}" for row, why in facts["unreadable"].items()]


def _column(one: Row, n_rows: int) -> str:
    kind = one["is"] if one["is"] in one["type"].lower() else f"{one['type']}, read as {one['is']}"
    told = f"{one['name']}: {kind}" + (f" [{one['unit']}]" if one["unit"] else "")
    parts = [f"nulls {one['n_null']:,} of {n_rows:,}" if one["n_null"] else "no nulls"]
    if "min" in one and one["is"] != "text":
        parts.append(f"{_number(one['min'])} to {_number(one['max'])}")
    if "values" in one:
        parts.append("values " + ", ".join(f"{value} ({n:,})" for value, n in one["values"].items()))
    elif "n_distinct" in one:
        parts.append(f"{one['n_distinct']:,} distinct, such as {', '.join(map(_number, one['examples']))}")
    else:
        parts.append(f"such as {', '.join(map(str, one['examples']))}")
    if one.get("unknown_like"):
        parts.append("not known? " + ", ".join(f"{value!r} ({n:,})" for value, n in one["unknown_like"].items()))
    parts += [one["meaning"]] if one["meaning"] else []
    return f"{told}; {'; '.join(parts)}"


def _number(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
