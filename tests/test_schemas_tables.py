"""One definition of a table: its schema, its checks, its page."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from schemas.__main__ import page
from schemas.errors import TableError
from schemas.table import Column, Table
from schemas.tables import TABLES

ROOT = Path(__file__).resolve().parent.parent
POINTS = Table(
    "POINTS", "a point", ("ra_deg",),
    (
        Column("ra_deg", pa.float64(), "Right ascension", "deg", least=0, below=360),
        Column("name", pa.string(), "Its name", one_of=("a", "b"), nullable=True),
        Column("code", pa.string(), "Its code", pattern="[a-z]+-[0-9]{2}"),
    ),
)  # fmt: skip
GOOD = {"ra_deg": 1.0, "name": "a", "code": "x-01"}


def broken(row) -> set[str]:
    """The rules that a row breaks, judged by DuckDB as the gate does."""
    points = pa.table({c.name: pa.array([row.get(c.name)], c.type) for c in POINTS.columns})
    with duckdb.connect() as db:
        db.register("points", points)
        return {
            rule.name
            for rule in POINTS.rules
            if db.sql(f"SELECT count(*) FILTER (({rule.holds}) IS NOT TRUE) FROM points").fetchall()[0][0]
        }


def test_a_name_that_hides_its_unit_is_refused():
    with pytest.raises(TableError, match="in arcsec, so its name must end in '_arcsec'"):
        Column("radius", pa.float64(), "A radius", "arcsec")
    with pytest.raises(TableError, match="lower case"):
        Column("Radius", pa.float64(), "A radius")


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({}, set()),
        ({"name": None}, set()),
        ({"ra_deg": 360.0}, {"ra_deg_below"}),
        ({"ra_deg": -1.0}, {"ra_deg_least"}),
        ({"ra_deg": float("nan")}, {"ra_deg_finite", "ra_deg_below"}),
        ({"ra_deg": None}, {"ra_deg_given", "ra_deg_finite", "ra_deg_least", "ra_deg_below"}),
        ({"name": "c"}, {"name_one_of"}),
        ({"code": "x-1"}, {"code_pattern"}),
        ({"code": "x-01\n"}, {"code_pattern"}),
    ],
)
def test_each_rule_catches_what_breaks_it_and_nothing_else(change, rules):
    assert broken({**GOOD, **change}) == rules


def test_a_table_is_held_against_its_columns():
    assert POINTS.of([GOOD]).schema == POINTS.schema
    with pytest.raises(TableError, match="unknown columns .'colour'"):
        POINTS.of([{**GOOD, "colour": "red"}])
    with pytest.raises(TableError, match="ra_deg: 1 nulls, expected none"):
        POINTS.of([{**GOOD, "ra_deg": None}])
    with pytest.raises(TableError, match="code: found no such column"):
        POINTS.check(POINTS.of([GOOD]).drop_columns(["code"]))


def test_the_page_of_tables_is_the_one_in_docs():
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == page(), "run `make docs`"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_has_a_key_among_its_columns_and_an_empty_form(table):
    assert set(table.key) <= {column.name for column in table.columns}
    assert table.of([]).num_rows == 0
    assert len({column.name for column in table.columns}) == len(table.columns)


def test_halves_of_characters_in_a_refusal_are_written_out():
    from schemas.rejection import Rejection, rejected_table

    (row,) = rejected_table([Rejection("a\ud800", "odd", "found \udfff", {"name": "\ud800"})]).to_pylist()
    assert (row["row_id"], row["detail"]) == ("a\\ud800", "found \\udfff")
