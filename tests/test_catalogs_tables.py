"""Tables as they come, tiny ones in every format: what is read, and what is refused by name."""

import gzip
import io
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import Angle
from astropy.table import MaskedColumn, Table
from hypothesis import given
from hypothesis import strategies as st

from catalogs.catalog import Catalog, read_catalog
from catalogs.formats import archives, parquet_tables, tables, text_tables, values
from schemas.errors import CatalogError

TABLE = Table(
    {
        "Name": ["a", "b", "c"],
        "RA": MaskedColumn([10.5, 20.5, 30.5], unit="deg"),
        "DEC": MaskedColumn([-1.5, 2.5, 0.0], mask=[False, False, True], unit="deg"),
        "Peak": MaskedColumn([1.5, 2.5, 3.5], mask=[False, True, False], unit="mJy/beam"),
        "N": MaskedColumn([1, 2, 3], mask=[True, False, False]),
    }
)


def door(file_format, **more):
    columns = more.pop("columns", None) or {
        "name": {"name": "Name"},
        "ra_deg": {"name": "RA", "unit": "deg"},
        "dec_deg": {"name": "DEC", "unit": "deg"},
        "peak_mjy_per_beam": {"name": "Peak", "unit": "mJy/beam"},
        "n_stars": {"name": "N", "type": "int"},
    }
    base = {"name": "mine", "title": "t", "file": "catalogs/mine", "cite": "c", "key": "name", "format": file_format}
    return Catalog.model_validate({**base, "columns": columns, **more})


def as_parquet(path):
    fields = [
        pa.field("Name", pa.large_string()),
        pa.field("RA", pa.float32(), metadata={"unit": "deg"}),
        pa.field("DEC", pa.float64()),
        pa.field("Peak", pa.float64(), metadata={"unit": "mJy/beam"}),
        pa.field("N", pa.int16()),
    ]
    cells = [["a", "b", "c"], [10.5, 20.5, 30.5], [-1.5, 2.5, None], [1.5, None, 3.5], [None, 2, 3]]
    pq.write_table(
        pa.table([pa.array(one, f.type) for one, f in zip(cells, fields, strict=True)], pa.schema(fields)), path
    )


WRITERS = {
    "votable": lambda path: TABLE.write(path, format="votable"),
    "ipac": lambda path: TABLE.write(path, format="ascii.ipac"),
    "parquet": as_parquet,
    "fits": lambda path: TABLE.write(path, format="fits"),
    "csv": lambda path: TABLE.write(path, format="ascii.csv"),
    "tsv": lambda path: TABLE.write(path, format="ascii.tab"),
    "fixed_width": lambda path: path.write_bytes(
        b"# bytes as in the description\n--- a line of header\n"
        b"a  10.5 -1.5 1.5\nb  20.5  2.5     2\n\n# no row\nc  30.5      3.5 3\n"
    ),
}


@pytest.mark.parametrize("is_zipped", [False, True])
@pytest.mark.parametrize("file_format", sorted(WRITERS))
def test_the_same_table_comes_out_of_every_format(tmp_path, file_format, is_zipped):
    path = tmp_path / "mine"
    WRITERS[file_format](path)
    if is_zipped:
        path.write_bytes(gzip.compress(path.read_bytes()))
    more = {}
    if file_format == "fixed_width":
        bytes_of = {"name": "1-2", "ra_deg": "3-7", "dec_deg": "8-12", "peak_mjy_per_beam": "13-16", "n_stars": "17-18"}
        columns = {ours: {**one.model_dump(), "bytes": bytes_of[ours]} for ours, one in door("csv").columns.items()}
        more = {"columns": columns, "header_lines": 2, "comment": "#"}
    read = read_catalog(path, door(file_format, **more))
    assert read.n_in == 3
    assert read.table.to_pylist() == [
        {"row": 0, "name": "a", "ra_deg": 10.5, "dec_deg": -1.5, "peak_mjy_per_beam": 1.5, "n_stars": None},
        {"row": 1, "name": "b", "ra_deg": 20.5, "dec_deg": 2.5, "peak_mjy_per_beam": None, "n_stars": 2},
    ]
    assert [(one.row_id, one.reason) for one in read.rejections] == [("catalogs/mine:2", "no-position")]


@pytest.mark.parametrize("file_format", ["votable", "ipac", "parquet", "fits"])
def test_a_format_that_says_units_is_held_against_the_door(tmp_path, file_format):
    WRITERS[file_format](tmp_path / "mine")
    columns = {"peak_mjy_per_beam": {"name": "Peak", "unit": "Jy/beam"}, "name": {"name": "Name"}}
    with pytest.raises(CatalogError, match="the TOML says 'Jy/beam'; edit columns.peak_mjy_per_beam"):
        read_catalog(tmp_path / "mine", door(file_format, columns=columns))


@pytest.mark.parametrize("file_format", ["votable", "ipac", "parquet"])
def test_a_broken_file_gives_one_line_with_its_name(tmp_path, file_format):
    WRITERS[file_format](tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    broken = [b"nothing of the kind", b"\x00" * 600]
    broken += [] if file_format == "ipac" else [whole[: len(whole) // 3]]  # an IPAC table does not say where it ends
    for body in broken:
        (tmp_path / "mine").write_bytes(body)
        with pytest.raises(CatalogError) as caught:
            read_catalog(tmp_path / "mine", door(file_format))
        assert str(tmp_path / "mine") in str(caught.value)


def test_a_votable_of_several_tables_must_say_which(tmp_path):
    two = tmp_path / "mine"
    TABLE.write(two, format="votable", table_id="first")
    body = two.read_text()
    start, end = body.index("<TABLE "), body.index("</TABLE>") + len("</TABLE>")
    second = body[start:end].replace('"first"', '"second"')
    for name in TABLE.colnames:
        second = second.replace(f'ID="{name}"', f'ID="{name}2"')
    two.write_text(body[:end] + second + body[end:])
    with pytest.raises(
        CatalogError, match="found 2 tables that fit, expected one, set `hdu`; it has 0 'first', 1 'second'"
    ):
        read_catalog(two, door("votable"))
    assert read_catalog(two, door("votable", hdu="second")).n_in == 3
    assert read_catalog(two, door("votable", hdu=0)).n_in == 3


def test_selavys_units_of_two_dashes_are_none(tmp_path):
    TABLE.write(tmp_path / "mine", format="votable")
    body = (tmp_path / "mine").read_text().replace('name="N"', 'name="N" unit="--"')
    (tmp_path / "mine").write_text(body)
    assert read_catalog(tmp_path / "mine", door("votable")).n_in == 3


def test_units_and_dashes_below_the_header_are_no_rows_and_must_be_told_of(tmp_path):
    text = '# about\n\n#more\nName;RA;DEC\n ;"h:m:s";"d:m:s"\n----;-----;---\n'
    text += "# within\na ;00 12.9;-00 30\nb ;1 0.0;+1 0\n\n"
    (tmp_path / "mine").write_text(text)
    columns = {
        "name": {"name": "Name"},
        "ra_deg": {"name": "RA", "type": "sexagesimal"},
        "dec_deg": {"name": "DEC", "type": "sexagesimal", "unit": "deg"},
    }
    told = {"delimiter": ";", "comment": "#", "columns": columns}
    read = read_catalog(tmp_path / "mine", door("tsv", below_header=["units", "dashes"], **told))
    assert read.n_in == 2
    assert read.table["ra_deg"].to_pylist() == pytest.approx([3.225, 15])
    assert read.table["dec_deg"].to_pylist() == [-0.5, 1]
    with pytest.raises(CatalogError, match=r"line 2 below the header is a line of dashes.*\['units', 'dashes'\]"):
        read_catalog(tmp_path / "mine", door("tsv", **told))
    with pytest.raises(CatalogError, match="line 1 below the header is .*expected dashes"):
        read_catalog(tmp_path / "mine", door("tsv", below_header=["dashes", "units"], **told))
    columns["ra_deg"]["unit"] = "deg"
    with pytest.raises(CatalogError, match="the file is in 'h:m:s', the TOML says 'deg'"):
        read_catalog(tmp_path / "mine", door("tsv", below_header=["units", "dashes"], **told))


def test_a_header_with_empty_names_and_breaks_is_read(tmp_path):
    raw = text_tables.read_delimited('﻿,"GLong<br>(deg.)",\r\n7,1.5,x\r\n'.encode(), "mine")
    assert list(raw.columns) == ["Unnamed: 0", "GLong<br>(deg.)", "Unnamed: 2"]
    assert raw.columns["GLong<br>(deg.)"].to_pylist() == ["1.5"]


def test_ragged_rows_keep_their_number_among_blank_lines_and_quotes():
    for text in ("a,b\n1,2\n\n3\n4,5\n6,7,8\n9,0\n", 'a,b\n1,"2"\n3\n4,5\n6,7,8\n9,0\n'):
        raw = text_tables.read_delimited(text.encode(), "mine")
        assert raw.n_rows == 5
        assert raw.row.tolist() == [0, 2, 4]
        assert sorted(raw.ragged) == [1, 3]
        assert "found 1 fields, expected 2" in raw.ragged[1]


def test_a_quoted_value_may_hold_a_line_break():
    raw = text_tables.read_delimited(b'a,b\n"one\n\ntwo",2\n', "mine")
    assert raw.columns["a"].to_pylist() == ["one\n\ntwo"]


def test_files_of_text_that_are_no_tables_are_named():
    for body, said in (
        ("a,b\n".encode("utf-16"), "UTF-16, expected UTF-8"),
        (b"# only\n# comments\n", "no header line"),
        ("a,b\n\xe9,2\n".encode("latin-1"), "line 2: not UTF-8: byte 0xe9"),
        ("a,b\n\xe9,2,3\n".encode("latin-1"), "line 2: not UTF-8: byte 0xe9"),
    ):
        with pytest.raises(CatalogError, match=said):
            text_tables.read_delimited(body, "mine", comment="#")
    assert text_tables.read_delimited(b"a,b\n", "mine").n_rows == 0
    assert text_tables.read_delimited(b"a,b\r1,2\r", "mine").n_rows == 1


def a_tar(members, mode="w:gz", name_of_type=None):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode=mode, format=tarfile.USTAR_FORMAT) as tar:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            if name == name_of_type:
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/hostname", 0
            tar.addfile(member, io.BytesIO(body))
    return archive.getvalue()


def test_a_member_of_a_tar_is_read_by_content_whatever_the_file_is_called(tmp_path):
    path = tmp_path / "mine.csv"
    for mode in ("w:gz", "w"):
        path.write_bytes(a_tar({"deep/mine.csv": b"a\n1\n", "zipped.csv": gzip.compress(b"b\n2\n")}, mode))
        assert archives.read_body(path, "deep/mine.csv") == b"a\n1\n"
        assert archives.read_body(path, "zipped.csv") == b"b\n2\n"
        with pytest.raises(
            CatalogError, match=r"a tar archive, expected a table; set `member` to one of: deep/mine.csv"
        ):
            archives.read_body(path)


def test_only_files_of_a_tar_are_read(tmp_path):
    path = tmp_path / "mine.tgz"
    path.write_bytes(a_tar({"link.csv": b"", "mine.csv": b"a\n"}, name_of_type="link.csv"))
    with pytest.raises(CatalogError, match="without 'link.csv'; it holds: mine.csv"):
        archives.read_body(path, "link.csv")
    path.write_bytes(a_tar({"empty.csv": b""}))
    with pytest.raises(CatalogError, match="empty.csv: found 0 bytes"):
        archives.read_body(path, "empty.csv")


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MOST_BYTES", 1000)
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    path = tmp_path / "mine.gz"
    path.write_bytes(gzip.compress(b"0" * 1001))
    with pytest.raises(CatalogError, match="unzips to more than 1000 bytes"):
        archives.read_body(path)
    monkeypatch.setattr(tables, "MOST_BYTES", 10**6)
    path.write_bytes(a_tar({"big.csv": b"0" * 1001}))
    with pytest.raises(CatalogError, match="big.csv is larger than 1000 bytes"):
        archives.read_body(path, "big.csv")


def test_names_of_a_zip_are_rows_and_a_name_that_fits_not_is_ragged(tmp_path):
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("x/all/A/1.5_-2.5.png", "x/all/B/3_4.png", "x/all/B/none.png", "x/train/A/1.5_-2.5.png"):
            archive.writestr(name, b"")
        archive.mkdir("x/all/C")
    columns = {
        "name": {"name": "name"},
        "ra_deg": {"name": "ra", "unit": "deg"},
        "dec_deg": {"name": "dec", "unit": "deg"},
        "class_name": {"name": "folder"},
    }
    pattern = r"x/all/(?P<folder>\w)/(?P<name>(?P<ra>[\d.]+)_(?P<dec>-?[\d.]+))\.png"
    read = read_catalog(path, door("names", columns=columns, pattern=pattern, member="x/all/*/*.png"))
    assert read.n_in == 3
    assert read.table["class_name"].to_pylist() == ["A", "B"]
    assert read.table["dec_deg"].to_pylist() == [-2.5, 4]
    assert [(one.row_id, one.reason) for one in read.rejections] == [("catalogs/mine:2", "ragged-row")]
    with pytest.raises(CatalogError, match="none of its 4 files fits `member` 'y/"):
        read_catalog(path, door("names", columns=columns, pattern=pattern, member="y/*.png"))
    path.write_bytes(b"PK no")
    with pytest.raises(CatalogError, match="not a zip archive"):
        archives.read_names(path, "*", "(?P<a>.*)")


def test_a_list_column_of_parquet_stays_a_list(tmp_path):
    pq.write_table(
        pa.table({"Name": ["a"], "L": [[1.0, 2.0]], "C": pa.array(["x"]).dictionary_encode()}), tmp_path / "mine"
    )
    columns = {
        "name": {"name": "Name"},
        "parts_deg": {"name": "L", "unit": "arcmin", "separator": ";"},
        "kind": {"name": "C"},
    }
    table = read_catalog(tmp_path / "mine", door("parquet", columns=columns)).table
    assert table["parts_deg"].to_pylist() == [pytest.approx([1 / 60, 2 / 60])]
    assert table["kind"].to_pylist() == ["x"]
    columns["parts_deg"]["separator"] = None
    with pytest.raises(CatalogError, match=r"L: found list<.*, expected real"):
        read_catalog(tmp_path / "mine", door("parquet", columns=columns))


@given(
    st.sampled_from(["", "+", "-"]), st.integers(0, 23), st.integers(0, 59),
    st.floats(0, 59.999).map(lambda one: round(one, 3)), st.sampled_from([":", " ", "dms", "hms"]),
)  # fmt: skip
def test_sexagesimal_agrees_with_astropy(sign, whole, minutes, seconds, separator):
    marks = [*separator] if len(separator) > 1 else [separator, separator, ""]
    text = f"{sign}{whole}{marks[0]}{minutes}{marks[1]}{seconds:.3f}{marks[2]}"
    found, bad = values.typed(pa.array([text]), "sexagesimal")
    assert not bad
    unit = "hourangle" if separator == "hms" else "deg"
    assert found[0].as_py() == pytest.approx(Angle(text, unit=unit).value, abs=1e-12)


def test_parquet_bytes_that_are_cut_are_refused():
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": np.arange(1000)}), sink)
    with pytest.raises(CatalogError, match="not a readable Parquet file"):
        parquet_tables.read_parquet(sink.getvalue()[:-9], "mine")
