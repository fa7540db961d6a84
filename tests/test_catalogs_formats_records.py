"""CSV with quotes: no row is lost without a word."""

import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv

from catalogs.catalog import Catalog, read_catalog
from catalogs.formats.text_tables import read_delimited
from schemas.errors import CatalogError

HEAD = "NAME,RA,DEC,NOTE\n"
GOOD = ["a,1,1,fine", "b,2,2,more", "c,3,3,x", "d,4,4,y", "e,5,5,z"]
STRAY = ['q,9,9,"an open quote', '"q,9,9,x', 'q,9,9,"closed" and more', 'q,9,"9,x', 'q,9,9,"two ""and open']


def read(text, **how):
    return read_delimited(text.encode(), "mine.csv", **how)


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("place", range(len(GOOD) + 1))
def test_a_quote_that_is_not_closed_costs_its_own_row_and_no_other(stray, place):
    raw = read(HEAD + "\n".join([*GOOD[:place], stray, *GOOD[place:]]) + "\n")
    assert raw.n_rows == len(GOOD) + 1
    assert raw.columns["NAME"].to_pylist() == list("abcde")
    assert list(raw.ragged) == [place]
    assert f"line {place + 2}: found a quote that is not closed" in raw.ragged[place]


def test_two_open_quotes_are_two_refused_rows():
    raw = read(HEAD + 'a,1,1,"open\nb,2,2,x\nc,3,3,"open too\nd,4,4,y\n')
    assert raw.columns["NAME"].to_pylist() == ["b", "d"]
    assert sorted(raw.ragged) == [0, 2]


@pytest.mark.parametrize(
    "text",
    ['a,1,1,"open\nb,2,2,x\nc,3,3,closed"\n', 'a,1,1,"open\nb,2,2,closed"\n', '"a,1,1,open\nb",2,2,closed\n'],
)
def test_rows_that_stand_inside_quotes_stop_the_reader_with_the_line(text):
    with pytest.raises(CatalogError, match=r"mine\.csv: line 2: a value in quotes goes on to line [34], and what it"):
        read(HEAD + text)


def test_a_quote_within_a_value_is_that_sign():
    raw = read(HEAD + '5" dish,1,1,6" x 7"\n')
    assert raw.columns["NAME"].to_pylist() == ['5" dish']
    assert raw.columns["NOTE"].to_pylist() == ['6" x 7"']


def test_a_value_in_quotes_may_hold_comments_blank_lines_delimiters_and_quotes():
    text = HEAD + '# no row\n\na,1,1,"first\n# second\n\n, and ""third"""\n# no row\nb,2,2,x\n'
    raw = read(text, comment="#")
    assert raw.columns["NOTE"].to_pylist() == ['first\n# second\n\n, and "third"', "x"]
    assert raw.n_rows == 2


def test_a_header_in_quotes_may_hold_a_line_break_and_units_may_be_a_lone_quote():
    assert list(read('"a\nb",c\n1,2\n').columns) == ["a\nb", "c"]
    raw = read('a\tb\n"\tdeg\n---\t---\n1\t2\n', delimiter="\t", below_header=("units", "dashes"))
    assert raw.units == {"a": '"', "b": "deg"}
    with pytest.raises(CatalogError, match="line of units has 1 fields, expected 2"):
        read("a,b\ndeg\n1,2\n", below_header=("units",))
    with pytest.raises(CatalogError, match="the file ends 0 lines below the header"):
        read("a,b\n", below_header=("units",))


def test_a_line_break_that_only_some_count_stops_the_reader():
    with pytest.raises(CatalogError, match="found 3 rows in 2 lines"):
        read('a,b\nx\ry,1\n"q",2\n')


def test_the_catalogue_tells_of_the_refused_row(tmp_path):
    (tmp_path / "c").write_text(HEAD + 'a,1,1,fine\nb,2,2,"open\nc,3,3,x\n')
    place = {"ra_deg": {"name": "RA", "unit": "deg"}, "dec_deg": {"name": "DEC", "unit": "deg"}}
    door = Catalog(name="c", title="c", file="c", format="csv", cite="x", columns={"name": {"name": "NAME"}, **place})
    rows = read_catalog(tmp_path / "c", door)
    assert rows.n_in == 3
    assert rows.table["name"].to_pylist() == ["a", "c"]
    assert [(one.row_id, one.reason) for one in rows.rejections] == [("c:1", "ragged-row")]


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=("Cs",)), max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_what_pyarrow_writes_with_quotes_is_read_as_pyarrow_reads_it(rows, delimiter):
    table = pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip("xyz", zip(*rows, strict=True), strict=True)}
    )
    body = io.BytesIO()
    csv.write_csv(table, body, csv.WriteOptions(delimiter=delimiter, quoting_style="all_valid"))
    theirs = csv.read_csv(
        pa.BufferReader(body.getvalue()),
        parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=table.schema, strings_can_be_null=False),
    )
    assert theirs.equals(table)
    try:
        raw = read_delimited(body.getvalue(), "mine", delimiter)
    except CatalogError as error:
        assert "looks like rows" in str(error)
        return
    assert (raw.n_rows, raw.ragged) == (len(rows), {})
    assert {name: raw.columns[name].to_pylist() for name in "xyz"} == table.to_pydict()
