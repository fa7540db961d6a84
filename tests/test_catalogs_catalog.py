"""Catalogues as they come: columns, units, frames, and what is refused."""

import gzip
import io
import tarfile

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from pydantic import ValidationError

from catalogs.catalog import Catalog, catalog, catalogs, description, file_digest, read_catalog
from schemas.errors import CatalogError, RecipeError


def a_catalog(file_format="csv", **more):
    columns = {
        "name": {"name": "Name"},
        "ra_deg": {"name": "RA", "unit": "deg"},
        "dec_deg": {"name": "DEC", "unit": "deg"},
        "peak_mjy_per_beam": {"name": "Peak_flux", "unit": "mJy/beam"},
    } | more.pop("columns", {})
    door = {"name": "mine", "title": "t", "file": "catalogs/mine", "format": file_format, "cite": "c", "key": "name"}
    return Catalog.model_validate({**door, "columns": columns, **more})


def csv_file(folder, text, name="mine.csv"):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def fits_file(folder, units=("", "deg", "deg", "beam-1 mJy"), peak=(1.5, np.nan), hdus=1):
    columns = [
        fits.Column("Name", "4A", array=["a", "b"]),
        fits.Column("RA", "D", unit=units[1], array=[1.0, 2.0]),
        fits.Column("DEC", "D", unit=units[2], array=[3.0, 4.0]),
        fits.Column("Peak_flux", "E", unit=units[3], array=peak),
        fits.Column("N", "J", null=-99, array=[-99, 7]),
        fits.Column("Flag", "L", array=[True, False]),
    ]
    path = folder / "mine.fits"
    tables = [fits.BinTableHDU.from_columns(columns, name=f"T{k}") for k in range(hdus)]
    fits.HDUList([fits.PrimaryHDU(np.zeros(7, np.uint8)), *tables]).writeto(path)
    return path


HEADER = "Name,RA,DEC,Peak_flux\n"


@pytest.mark.parametrize("name", sorted(catalogs()))
def test_every_published_catalogue_loads_cites_and_maps_columns(name):
    door = catalogs()[name]
    assert door.cite
    assert door.columns
    assert door.key is None or door.key in door.columns


@pytest.mark.parametrize(
    ("name", "n"), [("lotss_dr1_sources", 12093), ("lotss_lomorph", 5805), ("first_mirabest_labels", 297)]
)
def test_the_real_catalogues_are_read_whole(raw, name, n):
    read = read_catalog(raw / catalog(name).file, catalog(name))
    assert read.n_in == read.table.num_rows == n
    assert read.rejections == ()
    assert read.table["row"].to_pylist() == list(range(n))


def test_lotss_brightness_is_in_mjy_per_beam(raw):
    door = catalog("lotss_dr1_sources")
    rows = {one["name"]: one for one in read_catalog(raw / door.file, door).table.to_pylist()}
    anchor = rows["ILTJ133946.43+545753.2"]
    assert anchor["peak_mjy_per_beam"] == pytest.approx(5.595, abs=0.001)
    assert sum(one["gaussians"] == "S" for one in rows.values()) == 11134
    assert sum(one["field"] == "P205+55" for one in rows.values()) == 6774


def test_lomorph_is_read_from_its_table_not_from_the_votable_in_bytes(raw):
    door = catalog("lotss_lomorph")
    table = read_catalog(raw / door.file, door).table
    flags = ("is_fr1", "is_fr2", "is_indeterminate", "is_small", "is_nat", "is_wat", "is_double_double")
    assert [sum(table[flag].to_pylist()) for flag in flags] == [2965, 546, 1241, 3112, 264, 195, 19]


def test_the_labels_of_mirabest_are_as_published(raw):
    door = catalog("first_mirabest_labels")
    table = read_catalog(raw / door.file, door).table
    assert sum(table["is_confident"].to_pylist()) == 215
    assert table["rgz_label"].null_count == 78
    assert table["rgz_consensus"].null_count == 78


def test_a_csv_with_bom_and_crlf_is_read_and_a_blank_cell_is_null(tmp_path):
    path = csv_file(tmp_path, "﻿Name,RA,DEC,Peak_flux\r\na, 1.0,2.0,0.5\r\nb,3.0,4.0,\r\n".encode())
    read = read_catalog(path, a_catalog())
    assert read.table["name"].to_pylist() == ["a", "b"]
    assert read.table["ra_deg"].to_pylist() == [1.0, 3.0]
    assert read.table["peak_mjy_per_beam"].to_pylist() == [0.5, None]


def test_a_gzipped_csv_is_read_and_a_tar_is_named(tmp_path):
    body = (HEADER + "a,1,2,3\n").encode()
    assert read_catalog(csv_file(tmp_path, gzip.compress(body)), a_catalog()).n_in == 1
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        member = tarfile.TarInfo("mine.csv")
        member.size = len(body)
        tar.addfile(member, io.BytesIO(body))
    path = csv_file(tmp_path, archive.getvalue())
    with pytest.raises(CatalogError, match="tar archive, expected a table; set `member` to one of: mine.csv"):
        read_catalog(path, a_catalog())
    assert read_catalog(path, a_catalog(member="mine.csv")).n_in == 1
    with pytest.raises(CatalogError, match="without 'other.csv'; it holds: mine.csv"):
        read_catalog(path, a_catalog(member="other.csv"))
    with pytest.raises(CatalogError, match="not a tar archive"):
        read_catalog(csv_file(tmp_path, body), a_catalog(member="mine.csv"))


def test_units_are_converted_to_that_of_our_name(tmp_path):
    door = a_catalog(columns={"peak_mjy_per_beam": {"name": "Peak_flux", "unit": "Jy/beam"}})
    assert read_catalog(csv_file(tmp_path, HEADER + "a,1,2,0.5\n"), door).table["peak_mjy_per_beam"].to_pylist() == [
        500.0
    ]


def test_ra_in_hours_is_converted_when_the_door_says_so(tmp_path):
    door = a_catalog(columns={"ra_deg": {"name": "RA", "unit": "hourangle"}})
    assert read_catalog(csv_file(tmp_path, HEADER + "a,2,2,0.5\n"), door).table["ra_deg"].to_pylist() == [
        pytest.approx(30)
    ]


def test_ra_that_looks_like_hours_stops_the_reader(tmp_path):
    text = HEADER + "".join(f"s{k},{k * 0.3},{k - 40},1\n" for k in range(80))
    with pytest.raises(CatalogError, match="looks like hours"):
        read_catalog(csv_file(tmp_path, text), a_catalog())
    assert read_catalog(csv_file(tmp_path, text), a_catalog(ra_stays_below_24=True)).table.num_rows == 80


def test_a_fits_table_gives_null_for_nan_and_tnull_and_keeps_its_types(tmp_path):
    more = {"n_stars": {"name": "N", "type": "int"}, "is_flagged": {"name": "Flag", "type": "bool"}}
    table = read_catalog(fits_file(tmp_path), a_catalog("fits", columns=more)).table
    assert table["peak_mjy_per_beam"].to_pylist() == [1.5, None]
    assert table["n_stars"].to_pylist() == [None, 7]
    assert table["is_flagged"].to_pylist() == [True, False]
    assert table["name"].to_pylist() == ["a", "b"]


def test_a_file_in_another_unit_than_the_door_says_is_an_error(tmp_path):
    path = fits_file(tmp_path, units=("", "deg", "deg", "Jy/beam"))
    with pytest.raises(CatalogError, match="'Jy/beam', the TOML says 'mJy/beam'; edit columns.peak_mjy_per_beam"):
        read_catalog(path, a_catalog("fits"))


def test_a_unit_that_cannot_be_ours_or_that_nobody_knows_is_an_error(tmp_path):
    with pytest.raises(CatalogError, match="cannot become mJy/beam"):
        read_catalog(
            csv_file(tmp_path, HEADER + "a,1,2,3\n"),
            a_catalog(columns={"peak_mjy_per_beam": {"name": "Peak_flux", "unit": "arcsec"}}),
        )
    with pytest.raises(CatalogError, match="gives no unit"):
        read_catalog(
            csv_file(tmp_path, HEADER + "a,1,2,3\n"), a_catalog(columns={"peak_mjy_per_beam": {"name": "Peak_flux"}})
        )
    with pytest.raises(CatalogError, match="'furlong' is not a unit"):
        read_catalog(
            csv_file(tmp_path, HEADER + "a,1,2,3\n"),
            a_catalog(columns={"peak_mjy_per_beam": {"name": "Peak_flux", "unit": "furlong"}}),
        )


def test_columns_that_are_not_there_are_named_with_what_is_and_the_key_to_edit(tmp_path):
    path = csv_file(tmp_path, "Name,RAJ2000,Dec,Peak_Flx\na,1,2,3\n")
    with pytest.raises(CatalogError) as caught:
        read_catalog(path, a_catalog())
    text = str(caught.value)
    assert "3 columns of catalogs/published/mine.toml" in text
    assert "no column 'Peak_flux'; near: Peak_Flx; edit columns.peak_mjy_per_beam.name" in text
    assert "no column 'DEC'; near: Dec" in text
    assert "found: Name (text), RAJ2000 (text), Dec (text), Peak_Flx (text)" in text


def test_a_column_that_is_not_required_is_null_where_the_file_has_none(tmp_path):
    more = {"flux_mjy": {"name": "Total", "unit": "mJy", "required": False}}
    table = read_catalog(csv_file(tmp_path, HEADER + "a,1,2,3\n"), a_catalog(columns=more)).table
    assert table["flux_mjy"].to_pylist() == [None]


def test_bad_rows_are_refused_with_a_reason_and_the_rest_is_read(tmp_path):
    text = HEADER + "a,1,2,3\nb,nan,2,3\nc,1,95,3\nd,361,2,3\na,5,6,3\ne,1,2\nf,1,2,bright\n,1,2,3\ng,359.9,-90,3\n"
    read = read_catalog(csv_file(tmp_path, text), a_catalog())
    assert read.n_in == 9
    assert read.table["name"].to_pylist() == ["a", "g"]
    assert read.table["row"].to_pylist() == [0, 8]
    assert [(one.row_id, one.reason) for one in read.rejections] == [
        ("catalogs/mine:1", "no-position"),
        ("catalogs/mine:2", "position-out-of-range"),
        ("catalogs/mine:3", "position-out-of-range"),
        ("catalogs/mine:4", "duplicate-id"),
        ("catalogs/mine:5", "ragged-row"),
        ("catalogs/mine:6", "unreadable-value"),
        ("catalogs/mine:7", "no-id"),
    ]
    assert read.rejections[3].detail == "name 'a' also stands in row 0"
    assert "found 'bright', expected real" in read.rejections[5].detail


def test_a_column_of_text_that_should_be_numbers_stops_the_reader(tmp_path):
    with pytest.raises(CatalogError, match="RA: found '12h30m', expected real, in every row"):
        read_catalog(csv_file(tmp_path, HEADER + "a,12h30m,2,3\n"), a_catalog())


def test_other_frames_become_icrs(tmp_path):
    galactic = a_catalog(
        frame="galactic",
        columns={"l_deg": {"name": "RA", "unit": "deg"}, "b_deg": {"name": "DEC", "unit": "deg"}},
    ).model_dump()
    galactic["columns"] = {name: one for name, one in galactic["columns"].items() if name not in ("ra_deg", "dec_deg")}
    path = csv_file(tmp_path, HEADER + "a,10.5,0.1,3\nb,,0,3\n")
    read = read_catalog(path, Catalog.model_validate({**galactic, "cite": "c"}))
    sky = SkyCoord(l=10.5, b=0.1, unit="deg", frame="galactic").icrs
    assert read.table["ra_deg"][0].as_py() == pytest.approx(sky.ra.deg)
    assert read.table["dec_deg"][0].as_py() == pytest.approx(sky.dec.deg)
    assert [one.reason for one in read.rejections] == ["no-position"]
    fk5 = read_catalog(path, a_catalog(frame="fk5"))
    assert fk5.table["ra_deg"][0].as_py() == pytest.approx(10.5, abs=1e-4)
    assert fk5.table["ra_deg"][0].as_py() != 10.5


def test_one_table_must_be_meant(tmp_path):
    path = fits_file(tmp_path, hdus=2)
    with pytest.raises(CatalogError, match="found 2 HDUs that fit, expected a table, set `hdu`; it has 0 'PRIMARY'"):
        read_catalog(path, a_catalog("fits"))
    assert read_catalog(path, a_catalog("fits", hdu="T1")).n_in == 2
    assert read_catalog(path, a_catalog("fits", hdu=1)).n_in == 2
    with pytest.raises(CatalogError, match="expected a table HDU 0"):
        read_catalog(path, a_catalog("fits", hdu=0))


def test_files_that_are_no_tables_give_one_line(tmp_path):
    whole = fits_file(tmp_path).read_bytes()
    Table({"a": range(2000)}).write(tmp_path / "long.fits")
    long = (tmp_path / "long.fits").read_bytes()
    broken = {
        "empty": b"", "text": b"SIMPLE? no", "cut": long[:-5760], "short": whole[:2000],
        "zipped": gzip.compress(whole)[:-20],
    }  # fmt: skip
    for name, body in broken.items():
        with pytest.raises(CatalogError) as caught:
            read_catalog(csv_file(tmp_path, body, f"{name}.fits"), a_catalog("fits"))
        assert f"{name}.fits" in str(caught.value), name
    for where, message in ((tmp_path, "a directory"), (tmp_path / "none.csv", "no such file")):
        with pytest.raises(CatalogError, match=message):
            read_catalog(where, a_catalog())
    with pytest.raises(CatalogError, match="empty file"):
        read_catalog(csv_file(tmp_path, ""), a_catalog())
    with pytest.raises(CatalogError, match="two columns have the same name: 'RA'"):
        read_catalog(csv_file(tmp_path, "Name,RA,RA\na,1,2\n"), a_catalog())


def test_an_unknown_catalogue_lists_the_known_ones():
    with pytest.raises(RecipeError, match="no catalogue 'nope'; known: .*lotss_lomorph"):
        catalog("nope")


def test_a_guess_is_told_as_one_and_a_column_that_may_lack_is_told_as_absent(tmp_path):
    more = {
        "class_name": {"name": "Class", "guess": True},
        "flux_mjy": {"name": "Peak_fluxes", "unit": "mJy", "required": False, "guess": True},
    }
    path = csv_file(tmp_path, HEADER + "a,1,2,3\n")
    with pytest.raises(CatalogError, match="no column 'Class', our guess; edit columns.class_name.name"):
        read_catalog(path, a_catalog(columns=more))
    more["class_name"]["required"] = False
    read = read_catalog(path, a_catalog(columns=more))
    assert read.absent == (
        "no column 'Class', our guess; edit columns.class_name.name",
        "no column 'Peak_fluxes', our guess; near: Peak_flux; edit columns.flux_mjy.name",
    )


def test_a_description_says_which_column_is_which_without_reading_values(tmp_path):
    more = {"class_name": {"name": "Class", "guess": True}}
    said = description(csv_file(tmp_path, "Name,RA,DEC,Peak_flux,Kind\na,x,2,3,4\n"), a_catalog(columns=more))
    assert "mine.csv: 1 rows, read with catalogs/published/mine.toml" in said
    assert "ra_deg = 'RA' (text)" in said
    assert "class_name: no column 'Class', our guess" in said
    assert "not mapped: Kind (text)" in said


def test_sentinels_are_null_in_their_own_column_only(tmp_path):
    more = {
        "n_stars": {"name": "N", "type": "int", "missing": [0, 999999]},
        "error_arcsec": {"name": "E", "unit": "arcsec", "missing": [-1]},
        "kind": {"name": "K", "missing": ["?"]},
    }
    text = "Name,RA,DEC,Peak_flux,N,E,K\na,0,0,0,0,-1.0,?\nb,1,1,-1,999999,0,N/A\nc,1,2,1,7,2,x\n"
    table = read_catalog(csv_file(tmp_path, text), a_catalog(columns=more, null_values=["", "N/A"])).table
    assert table["n_stars"].to_pylist() == [None, None, 7]
    assert table["error_arcsec"].to_pylist() == [None, 0, 2]
    assert table["kind"].to_pylist() == [None, None, "x"]
    assert table["peak_mjy_per_beam"].to_pylist() == [0, -1, 1]
    assert table["ra_deg"].to_pylist() == [0, 1, 1]


def test_an_infinite_value_is_null_so_an_infinite_position_is_none(tmp_path):
    read = read_catalog(csv_file(tmp_path, HEADER + "a,inf,2,3\nb,1,2,-inf\nc,1,2,-NaN\n"), a_catalog())
    assert [one.reason for one in read.rejections] == ["no-position"]
    assert read.table["peak_mjy_per_beam"].to_pylist() == [None, None]


def test_a_diameter_becomes_a_radius(tmp_path):
    more = {"radius_arcsec": {"name": "Peak_flux", "unit": "arcmin", "times": 0.5}}
    table = read_catalog(csv_file(tmp_path, HEADER + "a,1,2,3\n"), a_catalog(columns=more)).table
    assert table["radius_arcsec"].to_pylist() == [90]


def test_sexagesimal_positions_are_read_and_one_that_is_none_is_refused(tmp_path):
    sexagesimal = {"type": "sexagesimal"}
    more = {
        "ra_deg": {"name": "RA", "unit": "hourangle", **sexagesimal},
        "dec_deg": {"name": "DEC", "unit": "deg", **sexagesimal},
    }
    text = HEADER + "a,12:30:00,-00:30:36,1\nb,00 12.9,+69 11,1\nc,1h2m3s,-1d2m3s,1\nd,12:60:00,1:00,1\ne,soon,1:00,1\n"
    read = read_catalog(csv_file(tmp_path, text), a_catalog(columns=more))
    assert read.table["ra_deg"].to_pylist() == pytest.approx([187.5, 3.225, 15.5125])
    assert read.table["dec_deg"].to_pylist() == pytest.approx([-0.51, 69 + 11 / 60, -(1 + 2 / 60 + 3 / 3600)])
    assert [(one.row_id, one.reason) for one in read.rejections] == [
        ("catalogs/mine:3", "unreadable-value"),
        ("catalogs/mine:4", "unreadable-value"),
    ]


def test_hours_above_24_stop_the_reader_and_so_do_degrees_in_a_column_called_hours(tmp_path):
    in_hours = a_catalog(columns={"ra_deg": {"name": "RA", "unit": "hourangle"}})
    with pytest.raises(CatalogError, match=r"RA: is in hours by its unit, but 1 of 2 values lie above 24, up to 230"):
        read_catalog(csv_file(tmp_path, HEADER + "a,230,2,1\nb,3,2,1\n"), in_hours)
    called_hours = a_catalog(columns={"ra_deg": {"name": "RAh", "unit": "deg"}})
    for text in ("a,230,2,1\nb,3,2,1\n", "a,2,2,1\n"):
        with pytest.raises(CatalogError, match="RAh: is called hours"):
            read_catalog(csv_file(tmp_path, HEADER.replace("RA", "RAh") + text), called_hours)


def test_lists_stay_lists_and_a_list_of_positions_has_its_mean_on_the_sphere(tmp_path):
    more = {
        "ra_deg": {"name": "RA", "unit": "deg", "separator": ";"},
        "dec_deg": {"name": "DEC", "unit": "deg", "separator": ";"},
        "part_ra_deg": {"name": "RA", "unit": "deg", "separator": ";"},
        "speed_km_per_s": {"name": "V", "unit": "m/s", "separator": ";"},
        "votes": {"name": "L", "separator": ","},
    }
    text = (
        "Name,RA,DEC,Peak_flux,V,L\n"
        "a,359.5;0.5,10;10,1,7500;-12100,\"['FRI', 'FRII']\"\n"
        "b,12.3456789012345,-5,1,,[]\n"
        "c,0;120;240,89;89;89,1,7,x\n"
        "d,1;2,3,1,7,\n"
        "e,,,1,7,\n"
        "f,1,2,1,7;fast,\n"
    )
    read = read_catalog(csv_file(tmp_path, text), a_catalog(columns=more))
    ra, dec = read.table["ra_deg"].to_pylist(), read.table["dec_deg"].to_pylist()
    assert min(ra[0], 360 - ra[0]) == pytest.approx(0, abs=1e-9)
    assert dec[0] == pytest.approx(10.000373, abs=1e-6)  # a great circle rises above its parallel
    assert (ra[1], dec[1]) == (12.3456789012345, -5)
    assert dec[2] == pytest.approx(90)
    assert read.table["part_ra_deg"].to_pylist() == [[359.5, 0.5], [12.3456789012345], [0, 120, 240]]
    assert read.table["speed_km_per_s"].to_pylist() == [[7.5, -12.1], None, [0.007]]
    assert read.table["votes"].to_pylist() == [["FRI", "FRII"], [], ["x"]]
    assert [one.reason for one in read.rejections] == ["unreadable-value", "no-position", "unreadable-value"]
    assert read.rejections[0].detail == "found 2 of RA and 1 of Dec, expected as many"


def test_a_name_that_disagrees_with_its_position_is_refused_with_the_separation(tmp_path):
    rule = {"pattern": r"J(?P<ra_h>\d\d)(?P<ra_m>\d\d)(?P<sign>[+-])(?P<dec_d>\d\d)", "tolerance_arcsec": 3600}
    text = HEADER + "J0100-10,15.1,-10.2,1\nJ0100+10,15.1,-10.2,1\nno position,3,4,1\n"
    read = read_catalog(csv_file(tmp_path, text), a_catalog(name_position=rule))
    assert read.table["name"].to_pylist() == ["J0100-10", "no position"]
    (one,) = read.rejections
    assert one.reason == "name-disagrees-with-position"
    assert one.detail.startswith("J0100+10 lies 1212.0 arcmin from where its name says: found RA 15.1000, Dec -10.2000")
    wide = {"radius_arcsec": {"name": "Peak_flux", "unit": "deg"}}
    near = HEADER + "J0100-10,15.1,-12.2,3\nJ0100-11,15.1,-13.2,1\n"
    within = a_catalog(name_position={**rule, "within_radius": True}, columns=wide)
    assert read_catalog(csv_file(tmp_path, near), within).table["name"].to_pylist() == ["J0100-10"]


def test_a_door_that_names_a_column_it_has_not_is_refused():
    for wrong in (
        {"rank": ["-consensus"]},
        {"key": "number"},
        {"labels": {"scheme": "mirabest", "tier": "expert", "label": "{class_name}"}},
        {"name_position": {"pattern": "(?P<l>.)(?P<b>.)", "tolerance_arcsec": 1, "within_radius": True}},
    ):
        with pytest.raises(ValidationError, match=r"no columns\."):
            a_catalog(**wrong)
    with pytest.raises(ValidationError, match="expected groups l and b"):
        a_catalog(name_position={"pattern": "(?P<l>.)", "tolerance_arcsec": 1})
    with pytest.raises(ValidationError, match="needs `member` and `pattern`"):
        a_catalog("names")
    with pytest.raises(ValidationError, match="needs `bytes`"):
        a_catalog("fixed_width")


def test_a_pinned_file_that_is_another_is_an_error(tmp_path):
    (tmp_path / "catalogs").mkdir()
    csv_file(tmp_path / "catalogs", HEADER, "mine")
    found = file_digest(a_catalog(), tmp_path)
    assert file_digest(a_catalog(sha256=found), tmp_path) == found
    with pytest.raises(CatalogError, match=f"SHA-256 {found}, expected {'0' * 64}"):
        file_digest(a_catalog(sha256="0" * 64), tmp_path)
    with pytest.raises(CatalogError, match="no such file; catalogue mine needs it"):
        file_digest(a_catalog(file="catalogs/none"), tmp_path)
