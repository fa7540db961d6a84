"""`python -m schemas` prints docs/tables.md: every table with the unit, bounds and meaning of its columns."""

from collections.abc import Iterator

import pyarrow as pa

from schemas.rejection import REJECTED
from schemas.table import Column, Table
from schemas.tables import CLAIM, LABEL, MESSAGE, SHARE, TABLES, TURN

INTRODUCTION = """# Tables

Written by `python -m schemas` from `schemas/tables.py`; a test holds the two together. Positions are ICRS, in
degrees; images are `image[y, x]`; a box is `(x_min, y_min, x_max, y_max)`, 0-based, with its far edge outside.
NaN is blank sky and nothing else; a missing value is null.
"""


STRUCTS = (("label", LABEL), ("claim", CLAIM), ("turn", TURN), ("message", MESSAGE), ("share", SHARE))


def page() -> str:
    """The whole page."""
    lines = [INTRODUCTION, *(line for table in TABLES for line in _table(table))]
    lines += ["## _rejected", "", "Beside every table: what was refused, and why.", ""]
    lines += [f"* `{one.name}` ({one.type})" for one in REJECTED]
    for name, struct in STRUCTS:
        lines += ["", f"## A {name}", "", ", ".join(f"`{one.name}` {_type(one.type)}" for one in struct)]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> Iterator[str]:
    yield from (f"## {table.name}", "", f"One row is {table.row_is}. Key: {', '.join(table.key)}.", "")
    yield from ("| column | type | unit | bounds | meaning |", "|---|---|---|---|---|")
    for column in table.columns:
        kind = _type(column.type) + ("?" if column.nullable else "")
        yield f"| `{column.name}` | {kind} | {column.unit or ''} | {_bounds(column)} | {column.meaning} |"
    yield ""


def _bounds(column: Column) -> str:
    said = [
        f"≥ {column.least}" if column.least is not None else "",
        f"≤ {column.most}" if column.most is not None else "",
        f"< {column.below}" if column.below is not None else "",
        ", ".join(column.one_of),
        f"`{column.pattern}`" if column.pattern else "",
    ]
    return " ".join(one for one in said if one)


def _type(kind: pa.DataType) -> str:
    for name, struct in STRUCTS:
        if kind.equals(struct):
            return name
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    return str(kind)


if __name__ == "__main__":
    print(page(), end="")
