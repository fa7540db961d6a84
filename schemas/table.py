"""Column and Table: one definition from which come the Arrow schema, the checks, and the page of documentation."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from schemas.errors import TableError

UNIT_SUFFIX = {
    "deg": "_deg", "arcsec": "_arcsec", "mJy": "_mjy", "mJy/beam": "_mjy_per_beam", "MHz": "_mhz", "px": "_px",
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """A condition in SQL that must be TRUE for every row; false and NULL both break it."""

    name: str
    holds: str
    meaning: str
    severity: str = "critical"


@dataclass(frozen=True)
class Column:
    """A column: what it means, in which unit, and between which bounds."""

    name: str
    type: pa.DataType
    meaning: str
    unit: str | None = None
    least: float | None = None
    most: float | None = None
    below: float | None = None
    one_of: tuple[str, ...] = ()
    pattern: str | None = None
    nullable: bool = False
    severity: str = "critical"

    def __post_init__(self) -> None:
        """Refuse a name that hides its unit, or that could not stand in SQL."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise TableError(f"column {self.name!r}: names are lower case letters, digits and underscores")
        suffix = UNIT_SUFFIX.get(self.unit or "")
        if suffix and not self.name.endswith(suffix):
            raise TableError(f"column {self.name!r} is in {self.unit}, so its name must end in {suffix!r}")

    @property
    def rules(self) -> Iterator[Rule]:
        """The column's checks, one condition each."""
        c, or_null = self.name, f"{self.name} IS NULL OR " if self.nullable else ""

        def rule(kind: str, holds: str, meaning: str) -> Rule:
            return Rule(f"{c}_{kind}", or_null + holds, f"{c}: {meaning}", self.severity)

        if not self.nullable:
            yield Rule(f"{c}_given", f"{c} IS NOT NULL", f"{c}: never null", self.severity)
        if pa.types.is_floating(self.type):
            yield rule("finite", f"isfinite({c})", "no NaN, no infinity")
        if self.least is not None:
            yield rule("least", f"{c} >= {self.least}", f"at least {self.least} {self.unit or ''}".rstrip())
        if self.most is not None:
            yield rule("most", f"{c} <= {self.most}", f"at most {self.most} {self.unit or ''}".rstrip())
        if self.below is not None:
            yield rule("below", f"{c} < {self.below}", f"below {self.below} {self.unit or ''}".rstrip())
        if self.one_of:
            choices = ", ".join(f"'{choice}'" for choice in self.one_of)
            yield rule("one_of", f"{c} IN ({choices})", f"one of {choices}")
        if self.pattern is not None:
            yield rule("pattern", f"regexp_full_match({c}, '{self.pattern}')", f"matches {self.pattern}")


@dataclass(frozen=True)
class Table:
    """A table of the corpus: its name, what a row is, its key and its columns."""

    name: str
    row_is: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema; bounds and meanings are not in it."""
        return pa.schema([pa.field(one.name, one.type, nullable=one.nullable) for one in self.columns])

    @property
    def rules(self) -> list[Rule]:
        """Every column's checks, in the order of columns."""
        return [rule for column in self.columns for rule in column.rules]

    def of(self, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, pa.Array] | None = None) -> pa.Table:
        """Rows as an Arrow table; `columns`: those that rows do not have, made already.

        Raises TableError for a column that is missing, unknown or of the wrong type.
        """
        rows, columns = list(rows), columns or {}
        known = {column.name for column in self.columns}
        strange = {name for row in rows for name in row} - known
        if strange:
            raise TableError(f"{self.name}: unknown columns {sorted(strange)}; known: {sorted(known)}")
        try:
            data = {
                c.name: columns[c.name] if c.name in columns else pa.array([row.get(c.name) for row in rows], c.type)
                for c in self.columns
            }
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise TableError(f"{self.name}: {error}") from error
        return self.check(pa.table(data, schema=self.schema))

    def check(self, table: pa.Table) -> pa.Table:
        """The table itself, when it has exactly the columns, types and nullability; else TableError."""
        wrong = [
            f"{ours.name}: found {theirs}, expected {ours.type}"
            for ours in self.schema
            for theirs in [table.schema.field(ours.name).type if ours.name in table.schema.names else "no such column"]
            if theirs != ours.type
        ]
        wrong += [
            f"{name}: not a column of {self.name}" for name in table.schema.names if name not in self.schema.names
        ]
        wrong += [
            f"{c.name}: {table[c.name].null_count} nulls, expected none"
            for c in self.columns
            if not c.nullable and c.name in table.schema.names and table[c.name].null_count
        ]
        if wrong:
            raise TableError(f"{self.name}: " + "; ".join(wrong))
        return table.select(self.schema.names).cast(self.schema)
