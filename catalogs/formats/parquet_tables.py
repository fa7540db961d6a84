"""Parquet tables, by whatever they were written: pyarrow, pandas, polars, astropy, a VOTable in Parquet's clothes."""

import io
import warnings
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from astropy.io import votable

from catalogs.formats.tables import RawTable, refuse_twice, whole_table
from catalogs.formats.values import LARGEST_INT, with_elements
from schemas.errors import CatalogError

ASTROPY, VOTABLE = b"table_meta_yaml", b"IVOA.VOTable-Parquet.content"
MASK = ".mask"


def read_parquet(body: bytes, where: str) -> RawTable:
    """A Parquet file's columns; units where a column's metadata has a `unit`, or where astropy or a VOTable says them.

    astropy writes a masked column with its values under the mask, and the mask as a column beside it: null is null.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(body)).read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise CatalogError(f"{where}: not a readable Parquet file: {error}") from error
    names = table.column_names
    refuse_twice(names, where)
    try:
        columns = {name: _plain(_one(table[name])) for name in names}
    except pa.ArrowException as error:
        raise CatalogError(f"{where}: not a readable Parquet file: {error}") from error
    said = table.schema.metadata or {}
    units = _units(said) | {
        one.name: one.metadata[b"unit"].decode("utf-8", "replace")
        for one in table.schema
        if one.metadata and b"unit" in one.metadata
    }
    masks = [name for name in names if ASTROPY in said and name.endswith(MASK) and name.removesuffix(MASK) in columns]
    for name in masks:
        there = name.removesuffix(MASK)
        columns[there] = pc.if_else(columns.pop(name), pa.scalar(None, columns[there].type), columns[there])
    types = {one.name: str(one.type) for one in table.schema if one.name in columns}
    return whole_table(columns, types, {name: units.get(name, "") for name in columns})


def _units(said: dict[bytes, bytes]) -> dict[str, str]:
    """Units by column as the file's own metadata has them; what cannot be read says nothing."""
    try:
        if VOTABLE in said:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                table: Any = votable.parse(io.BytesIO(said[VOTABLE]), verify="ignore").get_first_table()
            return {one.name: str(one.unit) for one in table.fields if one.unit is not None}
        listed = cast(Any, yaml.load(said.get(ASTROPY, b"{}"), _Plain))["datatype"]  # noqa: S506 -- a safe loader
        return {str(one["name"]): str(one["unit"]) for one in listed if "unit" in one}
    except Exception:  # noqa: BLE001 -- of foreign metadata, which the table can be read without
        return {}


class _Plain(yaml.SafeLoader):
    """Knows no tags: an `!astropy.units.Unit` is the mapping or text that stands there."""


_Plain.add_multi_constructor("!", lambda loader, _, node: _untagged(loader, node))


def _untagged(loader: Any, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return (found := loader.construct_mapping(node, deep=True)).get("unit", found)
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value


def _one(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _plain(values: pa.Array) -> pa.Array:
    """Text of any width, categories, numbers and dates of a Parquet file as the few types that readers know."""
    kind, types = values.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(values.storage)
    if types.is_dictionary(kind):
        return _plain(values.cast(kind.value_type))
    if types.is_large_list(kind) or types.is_fixed_size_list(kind) or types.is_list_view(kind):
        values = values.cast(pa.list_(kind.value_type))
    if types.is_list(values.type):
        return with_elements(values, _plain(values.flatten()))
    target = _target(values)
    return values if target == kind else values.cast(target)


def _target(values: pa.Array) -> pa.DataType:
    kind, types = values.type, pa.types
    if types.is_large_string(kind) or types.is_string_view(kind) or types.is_temporal(kind):
        return pa.string()
    if types.is_large_binary(kind) or types.is_binary_view(kind) or types.is_fixed_size_binary(kind):
        return pa.binary()
    if types.is_integer(kind):
        return pa.uint64() if kind == pa.uint64() and (pc.max(values).as_py() or 0) > LARGEST_INT else pa.int64()
    return pa.float64() if types.is_floating(kind) else kind
