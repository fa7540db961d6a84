"""A built corpus, seen as a database: one view for each table, over all datasets, and what was rejected."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import duckdb
import pyarrow as pa

from catalogs.database import connect
from catalogs.dataset import Dataset
from catalogs.survey import Survey
from curation.release.templates import templates_view
from curation.truth.withdrawn import Tombstone
from schemas.errors import TableError
from schemas.manifest import DoorFile, Manifest
from schemas.tables import CORPUS_TABLES

if TYPE_CHECKING:
    import pyarrow.dataset as ds  # brings pandas along, which takes a while

Addresses = Mapping[str, Sequence[str]]
"""The addresses of each kind of step (`cutouts`, `samples`, …), in the order of datasets."""

ON_THE_WAY = {
    "objects_as_read": "objects", "detections": "objects", "sources_as_read": "sources",
    "benchmark_sources": "sources", "sources_before_review": "sources", "objects_before_review": "objects",
}  # fmt: skip
"""Kinds of steps whose rows another step takes up or leaves out: no view shows them, and which table each is."""
REJECTIONS = pa.schema(
    [(name, pa.string()) for name in ("step", "address", "row_id", "reason", "detail", "row")]
)  # one for each refused row of the corpus; `row`, JSON of what came in, only of those that a model wrote
STEPS = pa.schema(
    [(name, pa.string()) for name in ("step", "address", "input", "counts", "wrong_columns")]
    + [(name, pa.int64()) for name in ("n_in", "n_kept", "n_rejected", "n_rows", "n_rejected_rows")]
)  # one for each table of the store


class Tables(Protocol):
    """What is read of a store."""

    def dataset(self, address: str) -> "ds.Dataset": ...

    def rejected(self, address: str) -> pa.Table: ...

    def manifest(self, address: str) -> Manifest: ...


class Named(Protocol):
    """A corpus by its names."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...


class FromDoors(Protocol):
    """A dataset of a corpus, and the survey that its pictures are of."""

    @property
    def dataset(self) -> Dataset: ...

    @property
    def survey(self) -> Survey: ...


class Built(Protocol):
    """A corpus whose tables are made: the graph that made them."""

    @property
    def corpus(self) -> Named: ...

    @property
    def of(self) -> Mapping[str, FromDoors]: ...

    @property
    def handover(self) -> str: ...

    @property
    def doors(self) -> Sequence[DoorFile]: ...

    @property
    def withdrawn(self) -> Sequence[Tombstone]: ...

    def addresses(self) -> Addresses: ...


@contextmanager
def opened(
    store: Tables, addresses: Addresses, *, threads: int = 1, memory_mb: int = 1000
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a view for each table, empty where the corpus has none.

    A view has its table's columns (of a table that lost some, those that are left) and `address`. Beside them stand
    `rejections` and `steps`, also of tables on the way to these, such as detections before they complete the objects;
    and `templates`, of answers.
    """
    known = [table.name.lower() for table in CORPUS_TABLES]
    strange = sorted(set(addresses) - {*known, *ON_THE_WAY})
    if strange:
        raise TableError(f"no such table: {', '.join(strange)}; known: {', '.join([*known, *ON_THE_WAY])}")
    given: dict[str, pa.Table | ds.Dataset] = {
        "rejections": rejections(store, addresses),
        "steps": steps(store, addresses),
    }
    views: list[str] = []
    for table in CORPUS_TABLES:
        name = table.name.lower()
        parts = [(f"{name}_{k}", address) for k, address in enumerate(addresses.get(name, ()))]
        given |= {part: store.dataset(address) for part, address in parts} or {f"{name}_0": table.schema.empty_table()}
        views.append(_view(name, parts or [(f"{name}_0", "")]))
    with connect(given, threads=threads, memory_mb=memory_mb) as db:
        for view in views:
            db.execute(view)
        db.execute(templates_view())
        yield db


def rejections(store: Tables, addresses: Addresses) -> pa.Table:
    """Every refused row of the corpus with its step and table, by step, table and row."""
    found = [REJECTIONS.empty_table()]
    for step, address in _each(addresses):
        rows = store.rejected(address)
        where = [pa.repeat(pa.scalar(step), rows.num_rows), pa.repeat(pa.scalar(address), rows.num_rows)]
        said = [rows[name] for name in ("row_id", "reason", "detail")]
        came = rows["row"] if step == "generated" else pa.nulls(rows.num_rows, pa.string())
        found.append(pa.table([*where, *said, came], schema=REJECTIONS))
    return pa.concat_tables(found).sort_by([(name, "ascending") for name in ("step", "address", "row_id", "reason")])


def steps(store: Tables, addresses: Addresses) -> pa.Table:
    """Every table's counts: what its manifest says, and what is really there."""
    rows = [
        {
            "step": step,
            "address": address,
            "input": manifest.inputs[0] if manifest.inputs else None,
            "counts": manifest.counts,
            "wrong_columns": _wrong_columns(step, store.dataset(address).schema),
            "n_in": manifest.n_in,
            "n_kept": manifest.n_kept,
            "n_rejected": manifest.n_rejected,
            "n_rows": store.dataset(address).count_rows(),
            "n_rejected_rows": store.rejected(address).num_rows,
        }
        for step, address in _each(addresses)
        for manifest in [store.manifest(address)]
    ]
    return pa.Table.from_pylist(rows, schema=STEPS)


def _each(addresses: Addresses) -> Iterator[tuple[str, str]]:
    return ((step, address) for step in addresses for address in addresses[step])


def _wrong_columns(step: str, schema: pa.Schema) -> str | None:
    """How the columns differ from those that the table is defined with; None where they do not."""
    (table,) = (one for one in CORPUS_TABLES if one.name.lower() == ON_THE_WAY.get(step, step))
    try:
        table.check(schema.empty_table())
    except TableError as error:
        return str(error)
    return None


def _view(name: str, parts: Sequence[tuple[str, str]]) -> str:
    selects = [f"SELECT *, {_text(address)} AS address FROM {part}" for part, address in parts]
    return f"CREATE VIEW {name} AS {' UNION ALL BY NAME '.join(selects)}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
