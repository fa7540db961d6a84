"""Bytes of many rows behind each other, as they come, that become columns without being copied."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

ASIDE = "aside"  # in a row, the place of its bytes
Row = dict[str, Any]


class Bulk:
    """Columns of bytes that are nearly all of a table, put aside row by row; none is null."""

    def __init__(self, names: Sequence[str]) -> None:
        """`names`: the columns; each holds at most 2 GiB, as Arrow's `binary` does."""
        self._bytes = {name: bytearray() for name in names}
        self._ends = {name: array("i", [0]) for name in names}

    def put(self, row: Mapping[str, Any]) -> Row:
        """The row without these columns, and with their place instead."""
        for name, held in self._bytes.items():
            held += row[name]
            self._ends[name].append(len(held))
        kept = {name: value for name, value in row.items() if name not in self._bytes}
        return {**kept, ASIDE: self._n - 1}

    def columns(self, rows: Sequence[Row]) -> dict[str, pa.Array]:
        """The columns of these rows, whose places are taken out of them; after this nothing can be put aside."""
        order = [row.pop(ASIDE) for row in rows]
        is_all = order == list(range(self._n))
        whole = {name: self._column(name) for name in self._bytes}
        return whole if is_all else {name: one.take(pa.array(order, pa.int64())) for name, one in whole.items()}

    @property
    def _n(self) -> int:
        return len(next(iter(self._ends.values()))) - 1

    def _column(self, name: str) -> pa.Array:
        ends, held = pa.py_buffer(self._ends[name]), pa.py_buffer(self._bytes[name])
        return pa.Array.from_buffers(pa.binary(), self._n, [None, ends, held])
