"""DuckDB over Arrow tables: each table is a view, nothing outside the process can be reached, results are Arrow."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from schemas.errors import RecipeError, StoreError, TableError

if TYPE_CHECKING:
    import pyarrow.dataset as ds  # brings pandas along


@contextmanager
def connect(
    tables: "Mapping[str, pa.Table | ds.Dataset]",
    *,
    files: Mapping[str, Path] = MappingProxyType({}),
    threads: int = 1,
    memory_mb: int = 500,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which every table is a view by its name; closed, and its scratch folder gone, at the end.

    `files` are Parquet files that become views as well; they are read piece by piece, within `memory_mb`, which
    Arrow's datasets are not. What does not fit into `memory_mb` goes to the scratch folder. One thread gives rows in
    one order; with more, only an ORDER BY does. Other files, the network and extensions are out of reach, and that
    cannot be switched back. Raises StoreError for a query for which memory and scratch folder do not suffice.
    """
    wrong = [name for name in (*tables, *files) if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
    if wrong:
        raise TableError(f"not a name for a view: {', '.join(map(repr, wrong))}; lower case letters, digits and _")
    with tempfile.TemporaryDirectory(prefix="radio-corpus-") as scratch:
        limits = {"threads": threads, "memory_limit": f"{memory_mb}MB", "temp_directory": scratch}
        connection = duckdb.connect(":memory:", config=limits)
        try:
            # Else a misspelt table would be looked for among the variables of whoever asks.
            connection.execute("SET python_enable_replacements = false")
            for name, table in tables.items():
                connection.register(name, table)
            for name, file in files.items():
                connection.read_parquet(str(file)).create_view(name)
            connection.execute("SET allowed_paths = ?", [[str(file) for file in files.values()]])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield connection
        except duckdb.OutOfMemoryException as error:
            raise StoreError(
                f"a query: found no way to answer it within {memory_mb} MB and the scratch folder, expected that to be "
                "enough; divide the rows (a corpus into several), and report it"
            ) from error
        finally:
            connection.close()


def read_sql(file: Path) -> str:
    """The text of a `.sql` file; raises RecipeError, listing its neighbours, when there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.sql"))) or "none"
        raise RecipeError(f"there is no {file.name} in {file.parent.name}/; known: {known}") from None
