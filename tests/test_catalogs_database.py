"""DuckDB over Arrow: reads what it is given, and nothing else."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from catalogs.database import connect, read_sql
from schemas.errors import RecipeError, StoreError, TableError

NUMBERS = pa.table({"n": [3, 1, 2]})


def test_tables_and_datasets_are_views_and_results_are_arrow(tmp_path: Path):
    pq.write_table(NUMBERS, tmp_path / "part-00000.parquet")
    with connect({"numbers": NUMBERS, "stored": ds.dataset(tmp_path / "part-00000.parquet")}) as db:
        found = db.sql("SELECT n FROM numbers JOIN stored USING (n) ORDER BY n").to_arrow_table()
    assert found["n"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO 'out.csv'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET threads = 4",
        "ATTACH 'other.db'",
    ],
)
def test_files_extensions_and_settings_are_out_of_reach(query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with connect({"numbers": NUMBERS}) as db, pytest.raises(duckdb.Error):
        db.execute(query)
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_table_is_not_looked_for_among_pythons_variables():
    nombers = NUMBERS
    with connect({"numbers": NUMBERS}) as db, pytest.raises(duckdb.CatalogException):
        db.sql("SELECT * FROM nombers").to_arrow_table()
    assert nombers is NUMBERS


def test_the_connection_is_closed_at_the_end():
    with connect({"numbers": NUMBERS}) as db:
        pass
    with pytest.raises(duckdb.ConnectionException):
        db.execute("SELECT 1")


def test_a_sort_larger_than_memory_spills():
    n_rows = 3_000_000
    with connect({"numbers": pa.table({"n": pa.array(range(n_rows), pa.int64())})}, memory_mb=60) as db:
        query = "SELECT n, hash(n)::VARCHAR AS long_text FROM numbers ORDER BY hash(n)"
        assert sum(batch.num_rows for batch in db.sql(query).to_arrow_reader(10_000)) == n_rows


def test_a_name_that_could_be_sql_is_refused():
    with pytest.raises(TableError, match="not a name for a view"), connect({"a; DROP": NUMBERS}):
        pass


def test_sql_is_read_from_its_file_or_its_neighbours_are_listed(tmp_path: Path):
    (tmp_path / "pairs.sql").write_text("SELECT 1")
    assert read_sql(tmp_path / "pairs.sql") == "SELECT 1"
    with pytest.raises(RecipeError, match="no matches.sql in .*; known: pairs"):
        read_sql(tmp_path / "matches.sql")


def test_parquet_files_are_views_and_no_others_are_in_reach(tmp_path: Path):
    pq.write_table(NUMBERS, tmp_path / "numbers.parquet")
    pq.write_table(NUMBERS, tmp_path / "others.parquet")
    with connect({"more": NUMBERS}, files={"numbers": tmp_path / "numbers.parquet"}) as db:
        assert db.sql("SELECT sum(n) FROM numbers JOIN more USING (n)").fetchall() == [(6,)]
        with pytest.raises(duckdb.PermissionException):
            db.execute(f"SELECT * FROM '{tmp_path / 'others.parquet'}'")
        with pytest.raises(duckdb.Error):
            db.execute("SET allowed_paths = ['/etc/passwd']")


def test_a_query_for_which_memory_does_not_suffice_is_told_in_a_line():
    with pytest.raises(StoreError, match="within 20 MB and the scratch folder"), connect({}, memory_mb=20) as db:
        db.sql("SELECT list(n) FROM range(10_000_000) numbers(n)").fetchall()
