"""Parquet by whatever it was written: values, nulls and rows as pyarrow reads them, or a refusal."""

import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.catalog import Catalog, read_catalog
from catalogs.formats.parquet_tables import read_parquet
from catalogs.formats.values import typed, typed_lists
from schemas.errors import CatalogError

INTS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
TEXTS = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.binary(),
    pa.large_binary(),
    pa.dictionary(pa.int8(), pa.string()),
]
REALS = [pa.float16(), pa.float32(), pa.float64()]


def body_of(columns):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def column_of(values, kind="text"):
    return typed(read_parquet(body_of({"c": values}), "mine").columns["c"], kind)


def whole(one):
    least, most = (
        (-(2 ** (one.bit_width - 1)), 2 ** (one.bit_width - 1) - 1) if str(one)[0] == "i" else (0, 2**one.bit_width - 1)
    )
    return st.tuples(st.just(one), st.lists(st.none() | st.integers(least, most), min_size=1, max_size=5))


@given(st.sampled_from(INTS).flatmap(whole))
@settings(deadline=None)
def test_whole_numbers_of_every_width_keep_their_digits_or_are_refused(given_values):
    kind, values = given_values
    assert column_of(pa.array(values, kind))[0].to_pylist() == [None if one is None else str(one) for one in values]
    made, bad = column_of(pa.array([*values, 0], kind), "int")
    fits = [None if one is None or one >= 2**63 else one for one in [*values, 0]]
    assert made.to_pylist() == fits
    assert [index in bad for index in range(len(fits))] == [one is not None and one >= 2**63 for one in [*values, 0]]


@given(
    st.sampled_from(TEXTS), st.lists(st.none() | st.text("abcxyz é", min_size=1).map(str.strip), min_size=1, max_size=5)
)
@settings(deadline=None)
def test_texts_of_every_make_are_text(kind, values):
    values = [one or None for one in values]
    plain = [one and one.encode() for one in values] if "binary" in str(kind) else values
    given_values = (
        pa.array(plain, pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(plain, kind)
    )
    made, bad = column_of(given_values)
    assert (made.type, made.to_pylist(), bad) == (pa.string(), values, {})
    lists = pa.array(
        [plain, None, []], pa.list_(given_values.type if not pa.types.is_dictionary(kind) else pa.string())
    )
    found = read_parquet(body_of({"c": lists}), "mine").columns["c"]
    assert typed_lists(found, "text", ";")[0].to_pylist() == [values, None, []]


@given(st.sampled_from(REALS), st.lists(st.none() | st.floats(width=16), min_size=1, max_size=5))
@settings(deadline=None)
def test_reals_of_every_width_are_those_of_pyarrow_and_nan_is_null(kind, values):
    given_values = pa.array([None if one is None else np.float16(one) for one in values], pa.float16()).cast(kind)
    expected = [None if one is None or not np.isfinite(one) else float(one) for one in values]
    assert column_of(given_values, "real")[0].to_pylist() == expected


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.nulls(2), "text", [None, None]),
        (pa.nulls(2), "real", [None, None]),
        (pa.array([Decimal("1.25"), None]), "real", [1.25, None]),
        (pa.array([Decimal(12345678901234567890), None]), "text", ["12345678901234567890", None]),
        (pa.array([True, None, False]), "bool", [True, None, False]),
        (pa.array([1, 0, None], pa.uint8()), "bool", [True, False, None]),
        (pa.array([b"ab", None], pa.binary(2)), "text", ["ab", None]),
        (pa.array([0, None], pa.timestamp("ms")), "text", ["1970-01-01 00:00:00.000", None]),
        (pa.array([1, None]).dictionary_encode(), "int", [1, None]),
    ],
)
def test_what_other_writers_make_is_read(values, kind, expected):
    made, bad = column_of(values, kind)
    assert (made.to_pylist(), bad) == (expected, {})


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.int8()), pa.large_list(pa.uint64()), pa.list_(pa.float16(), 2), pa.list_(pa.decimal128(20, 1))]
)
def test_lists_of_every_make_are_lists(kind):
    number = kind.value_type
    elements = [pa.array(one).cast(number).to_pylist() for one in ([1, None], [2, 3])]
    values = pa.array([*elements, None], kind)
    found = read_parquet(body_of({"c": values}), "mine").columns["c"]
    assert typed_lists(found, "real", ";")[0].to_pylist() == [[1.0, None], [2.0, 3.0], None]


@pytest.mark.parametrize("form", ["parquet", "parquet.votable"])
def test_what_astropy_masks_is_null_and_its_units_are_known(tmp_path, form):
    columns = {
        "n": MaskedColumn([1, 2], mask=[True, False]), "flux": MaskedColumn([1.5, 2.5], mask=[True, False], unit="mJy"),
        "name": MaskedColumn(["a", "b"], mask=[True, False]), "flag": MaskedColumn([True, False], mask=[True, False]),
    }  # fmt: skip
    how = (
        {"metadata": {name: {"unit": "mJy" if name == "flux" else ""} for name in columns}} if "votable" in form else {}
    )
    Table(columns).write(tmp_path / "t.parquet", format=form, **how)
    found = read_parquet((tmp_path / "t.parquet").read_bytes(), "mine")
    read = {name: one.to_pylist() for name, one in found.columns.items()}
    assert read == {"n": [None, 2], "flux": [None, 2.5], "name": [None, "b"], "flag": [None, False]}
    assert found.units["flux"] == "mJy"


def test_a_name_that_is_a_number_is_read_as_its_digits_also_where_pandas_made_it_real(tmp_path):
    frame = pd.DataFrame({"id": [7, None, 12], "RA": [1.0, 2.0, 3.0], "DEC": [1.0, 2.0, 3.0], "class": [None] * 3})
    frame.to_parquet(tmp_path / "c")
    columns = {
        "name": {"name": "id"}, "ra_deg": {"name": "RA", "unit": "deg"}, "dec_deg": {"name": "DEC", "unit": "deg"},
        "kind": {"name": "class"},
    }  # fmt: skip
    door = Catalog(name="c", title="c", file="c", format="parquet", cite="x", columns=columns)
    table = read_catalog(tmp_path / "c", door).table
    assert table["name"].to_pylist() == ["7", None, "12"]
    assert table["kind"].to_pylist() == [None] * 3


def test_a_column_that_nobody_maps_is_never_in_the_way():
    strange = {"u": pa.array([2**64 - 1], pa.uint64()), "s": pa.array([{"a": 1}]), "d": pa.array([1], pa.duration("s")),
               "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8())), "l": pa.array([[[1]]])}  # fmt: skip
    raw = read_parquet(body_of({"x": pa.array([1.0]), **strange}), "mine")
    assert raw.n_rows == 1
    with pytest.raises(ValueError, match="found struct"):
        typed(raw.columns["s"], "text")


def test_two_columns_of_one_name_are_one_line():
    sink = io.BytesIO()
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), sink)
    with pytest.raises(CatalogError, match="two columns have the same name: 'a'"):
        read_parquet(sink.getvalue(), "mine")
