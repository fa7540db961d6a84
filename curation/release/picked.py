"""Some rows out of tables that are too large to be read whole: ids of every part first, then those parts alone.

A part is one row group, and a filter on a column of pictures would read all of that column.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pyarrow.dataset as ds  # brings pandas along, which takes a while

RUN = 8
"""Neighbours that are taken together: they mostly lie in one part, which is read for all of them."""


class Tables(Protocol):
    """What is read of a store."""

    def dataset(self, address: str) -> "ds.Dataset": ...


def rows_of(
    store: Tables, addresses: Sequence[str], key: str, ids: Sequence[str], columns: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The rows of these ids, by id, with these columns; what is not there is left out."""
    wanted, found = pa.array(sorted(set(ids)), pa.string()), dict[str, dict[str, Any]]()
    for piece in _pieces(store, addresses):
        here = pc.is_in(piece.to_table(columns=[key])[key], wanted)
        if pc.any(here).as_py():
            some = piece.to_table(columns=[key, *columns]).filter(here)
            found |= {row[key]: row for row in some.to_pylist()}
        if len(found) == len(wanted):
            break
    return found


def sampled(
    store: Tables, addresses: Sequence[str], key: str, by: str, most: int
) -> "dict[str, list[tuple[ds.Fragment, list[str]]]]":
    """For each value of `by` at most so many ids, in runs of eight neighbours that are spread over all of its rows.

    Gives parts and the ids to take of each. Which ones does not depend on where parts begin.
    """
    rows: dict[str, list[tuple[int, str]]] = {}
    pieces = list(_pieces(store, addresses))
    for at, piece in enumerate(pieces):
        for row in piece.to_table(columns=[key, by]).to_pylist():
            rows.setdefault(row[by], []).append((at, row[key]))
    found: dict[str, list[tuple[ds.Fragment, list[str]]]] = {}
    for value in sorted(rows):
        of_part: dict[int, list[str]] = {}
        for at, name in (rows[value][k] for k in _spread(len(rows[value]), most)):
            of_part.setdefault(at, []).append(name)
        found[value] = [(pieces[at], ids) for at, ids in of_part.items()]
    return found


def _spread(n: int, most: int) -> list[int]:
    """Places of n rows: all of them, or as many as wanted in runs whose beginnings are evenly apart."""
    if n <= most:
        return list(range(n))
    n_runs = -(-most // RUN)
    return sorted({run * n // n_runs + k for run in range(n_runs) for k in range(RUN)})[:most]


def _pieces(store: Tables, addresses: Sequence[str]) -> "Iterator[ds.Fragment]":
    import pyarrow.dataset as ds

    for address in addresses:
        for fragment in store.dataset(address).get_fragments():
            yield from fragment.split_by_row_group() if isinstance(fragment, ds.ParquetFileFragment) else (fragment,)
