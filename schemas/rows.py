"""Rows of a table by id, made one at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.remembered import per_table


class Rows(Mapping[str, dict[str, Any]]):
    """The id and some columns of a table by id. A row is made when it is asked for: of many, few are looked at."""

    def __init__(self, table: pa.Table, key: str, columns: Sequence[str] = ("labels",)) -> None:
        """`key`: the column of ids; of rows with the same id the last one is there."""
        whole = table.select([key, *columns]).combine_chunks()
        self._key, self._at = key, {name: at for at, name in enumerate(whole[key].to_pylist())}
        self._values = {name: _values(whole[name]) for name in columns}

    def __getitem__(self, name: str) -> dict[str, Any]:
        at = self._at[name]
        return {self._key: name} | {column: value(at) for column, value in self._values.items()}

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


def _values(column: pa.ChunkedArray) -> Callable[[int], Any]:
    """What gives the value of each row. Lists of flat structs, as labels are, at a tenth of Arrow's own cost."""
    whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if not _is_list_of_flat(column.type) or whole.null_count or whole.values.null_count:
        return lambda at: whole[at].as_py()
    starts, fields = whole.offsets.to_numpy(), whole.values.flatten()
    told = [(field.name, *_coded(values)) for field, values in zip(column.type.value_type, fields, strict=True)]
    return lambda at: [
        {name: values[codes[k]] for name, values, codes in told} for k in range(starts[at], starts[at + 1])
    ]


def _is_list_of_flat(kind: pa.DataType) -> bool:
    flat = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating)
    return (
        pa.types.is_list(kind)
        and pa.types.is_struct(kind.value_type)
        and all(any(is_one(field.type) for is_one in flat) for field in kind.value_type)
    )


def _coded(values: pa.Array) -> tuple[list[Any], NDArray[np.int32]]:
    """The different values of a column, and the place of each among them."""
    coded = values.dictionary_encode("encode")
    return coded.dictionary.to_pylist(), coded.indices.to_numpy()
