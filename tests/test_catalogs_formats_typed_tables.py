"""VOTable and IPAC: values, nulls and rows as astropy reads them in the same bytes."""

import io

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.formats.typed_tables import read_ipac, read_votable
from catalogs.formats.values import typed, typed_lists

WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="|\\"), min_size=1, max_size=6)
CELLS = {
    "whole": st.integers(-(2**62), 2**62), "small": st.integers(-(2**15), 2**15 - 1), "flag": st.booleans(),
    "real": st.floats(-1e30, 1e30), "word": WORDS.filter(lambda one: one not in ("null", "--")),
}  # fmt: skip
KINDS = {"whole": "int", "small": "int", "flag": "bool", "real": "real", "word": "text"}
DTYPES = {"whole": "i8", "small": "i2", "flag": "?", "real": "f8", "word": "U8"}


def written(table, form):
    sink = io.BytesIO() if form == "votable" else io.StringIO()
    table.write(sink, format=form)
    return sink.getvalue() if form == "votable" else sink.getvalue().encode()


def read_by_astropy(body, form):
    read = Table.read(io.BytesIO(body), format=form)
    return {
        name: [None if one is np.ma.masked else one.item() if hasattr(one, "item") else one for one in read[name]]
        for name in read.colnames
    }


@given(st.data(), st.sampled_from(["votable", "ascii.ipac"]), st.integers(1, 5))
@settings(deadline=None, max_examples=80)
def test_values_and_nulls_are_those_of_astropy(data, form, n_rows):
    names = data.draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, unique=True))
    names = [name for name in names if form == "votable" or name != "flag"] or ["real"]  # IPAC has no truths
    columns = dict[str, MaskedColumn]()
    for name in names:
        cells = data.draw(st.lists(CELLS[name], min_size=n_rows, max_size=n_rows))
        mask = data.draw(st.lists(st.booleans(), min_size=n_rows, max_size=n_rows))
        columns[name] = MaskedColumn(np.array(cells, DTYPES[name]), mask=mask)
    body = written(Table(columns), form)
    raw = (read_votable if form == "votable" else read_ipac)(body, "mine")
    theirs = read_by_astropy(body, form)
    assert raw.n_rows == n_rows
    for name in names:
        made, bad = typed(raw.columns[name], KINDS[name])
        expected = [one or None if isinstance(one, str) else one for one in theirs[name]]
        assert (made.to_pylist(), bad) == (expected, {})
        expected_nulls = columns[name].mask.tolist()
        assert [one is None for one in made.to_pylist()] == expected_nulls


def test_a_value_that_is_masked_within_a_list_is_null():
    body = written(Table({"n": [[1, 2], [3, 4]], "x": [[1.5, np.nan], [2.5, 3.5]]}), "votable").decode()
    field = body[body.index('<FIELD ID="n"') :]
    field = field[: field.index("/>") + 2]
    told = body.replace(field, field.replace("/>", '><VALUES null="2"/></FIELD>')).encode()
    found = read_votable(told, "mine").columns
    assert typed_lists(found["n"], "int", ";")[0].to_pylist() == [[1, None], [3, 4]]
    assert typed_lists(found["x"], "real", ";")[0].to_pylist() == [[1.5, None], [2.5, 3.5]]


def test_complex_numbers_are_not_halved():
    found = read_votable(written(Table({"c": [1 + 2j, 3 + 0j]}), "votable"), "mine").columns["c"]
    with pytest.raises(ValueError, match=r"found '\(1\+2j\)', expected real, in every row"):
        typed(found, "real")


def test_an_ipac_table_keeps_whole_numbers_of_twenty_digits_as_text():
    body = b"|id                   |ra    |\n|long                 |double|\n"
    body += b"|                     |deg   |\n|null                 |null  |\n"
    body += b" 12345678901234567890  1.5   \n 5                     2.5   \n"
    found = read_ipac(body, "mine").columns["id"]
    assert typed(found, "text")[0].to_pylist() == ["12345678901234567890", "5"]
    made, bad = typed(found, "int")
    assert (made.to_pylist(), list(bad)) == ([None, 5], [0])
