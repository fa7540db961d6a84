"""Rows of a table by id, made one at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from schemas.remembered import per_table


class Rows(Mapping[str, dict[str, Any]]):
    """The id and some columns of a table by id. A row is made when it is asked for: of many, few are looked at."""

    def __init__(self, table: pa.Table, key: str, columns: Sequence[str] = ("labels",)) -> None:
        """`key`: the column of ids; of rows with the same id the last one is there."""
        self._table = table.select([key, *columns]).combine_chunks()
        self._at = {name: at for at, name in enumerate(self._table[key].to_pylist())}

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._table.slice(self._at[name], 1).to_pylist()[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


@per_table
def rows_of_sources(sources: pa.Table) -> Rows:
    """Labels of SOURCES by id."""
    return Rows(sources, "source_id")


@per_table
def rows_of_objects(objects: pa.Table) -> Rows:
    """Labels of OBJECTS by id."""
    return Rows(objects, "object_id")
