"""`curation inspect` without a door: what images, tables and folders are."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from click.testing import CliRunner
from PIL import Image

from curation.cli import curation
from curation.looking import pixels
from curation.pictures.stretches import STRETCHES

NOISE, PEAK = 0.0005, 0.095


def inspected(*words: object):
    return CliRunner().invoke(curation, ["inspect", *map(str, words)])


def facts(*words: object):
    return json.loads(inspected(*words, "--json").output)["files"]


def header(kind=("RA---SIN", "DEC--SIN"), centre=(150.0, -30.0), turn_deg=0.0, mirrored=False, shape=(120, 160)):
    made = fits.Header()
    angle, sign = np.radians(turn_deg), 1 if mirrored else -1
    for axis, (name, value) in enumerate(zip(kind, centre, strict=True), 1):
        made[f"CTYPE{axis}"], made[f"CRVAL{axis}"], made[f"CUNIT{axis}"] = name, value, "deg"
        made[f"CRPIX{axis}"] = (shape[2 - axis] + 1) / 2
        made[f"CDELT{axis}"] = 1 / 1800
    made["PC1_1"], made["PC1_2"], made["PC2_1"], made["PC2_2"] = (
        sign * np.cos(angle), np.sin(angle), -sign * np.sin(angle), np.cos(angle),
    )  # fmt: skip
    made["BMAJ"], made["BMIN"], made["BPA"], made["BUNIT"] = 8 / 3600, 6 / 3600, 25.0, "Jy/beam"
    return made


def image(folder, name="a.fits", *, blank=0.0, shape=(120, 160), **more):
    pixels_ = np.random.default_rng(7).normal(0, NOISE, shape).astype(np.float32)
    pixels_[70, 40] = PEAK
    pixels_[:, : int(blank * shape[1])] = np.nan
    made = header(shape=shape, **more)
    made["CTYPE3"], made["CRVAL3"], made["CRPIX3"], made["CDELT3"], made["CUNIT3"] = "FREQ", 1.4e9, 1.0, 1e6, "Hz"
    fits.PrimaryHDU(pixels_[None], made).writeto(folder / name, overwrite=True)
    return folder / name


def test_an_image_says_all_that_a_curator_asks(tmp_path):
    (one,) = facts(image(tmp_path, blank=0.25))
    assert (one["width_px"], one["height_px"], one["hdu"], one["bitpix"]) == (160, 120, 0, -32)
    assert (one["projection"], one["frame"]) == ("SIN", "icrs")
    assert one["pixel_arcsec"] == pytest.approx([2, 2], rel=1e-5)
    assert one["size_deg"] == pytest.approx([160 / 1800, 120 / 1800], rel=1e-4)
    assert (one["frequency_mhz"], one["frequency_from"]) == (1400, "CRVAL3, FREQ in Hz")
    assert (one["beam_from"], one["pixels_per_beam"]) == ("header", pytest.approx([4, 3], rel=1e-5))
    assert one["pixels_per_beam_area"] == pytest.approx(1.1331 * 12, rel=1e-4)
    assert one["blank_share"] == 0.25
    assert one["rms_mjy_per_beam"] == pytest.approx(1000 * NOISE, rel=0.03)
    assert (one["peak_mjy_per_beam"], one["peak_px"]) == (pytest.approx(95), [40, 70])
    there = WCS(fits.getheader(tmp_path / "a.fits")).celestial.pixel_to_world(40, 70)
    assert (one["peak_ra_deg"], one["peak_dec_deg"]) == pytest.approx((there.ra.deg, there.dec.deg), abs=1e-7)
    told = inspected(tmp_path / "a.fits").output
    assert "north is up; east is left" in told
    assert "peak 95 mJy/beam at x 40 y 70" in told
    assert "blank 25.00%" in told


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn_deg", [0, 30, 74, 180, 299])
@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_where_north_and_east_are_agrees_with_astropy(tmp_path, frame, turn_deg, mirrored):
    kind = ("GLON-SIN", "GLAT-SIN") if frame == "galactic" else ("RA---SIN", "DEC--SIN")
    (one,) = facts(image(tmp_path, kind=kind, centre=(30.5, 1.2), turn_deg=turn_deg, mirrored=mirrored))
    wcs = WCS(fits.getheader(tmp_path / "a.fits")).celestial
    here, above, right = (wcs.pixel_to_world(x, y) for x, y in ((79.5, 59.5), (79.5, 60.5), (80.5, 59.5)))
    up = here.icrs.position_angle(above.icrs).deg
    assert (one["up_pa_deg"] - up + 180) % 360 == pytest.approx(180, abs=0.01)
    own_up, own_right = (here.position_angle(other).deg for other in (above, right))
    assert one["is_mirrored"] is bool(np.sin(np.radians(own_right - own_up)) > 0) is mirrored
    if frame == "galactic":
        assert (one["l_deg"], one["b_deg"]) == pytest.approx((30.5, 1.2), abs=1e-6)
        assert (one["up_from_galactic_north_deg"] - own_up + 180) % 360 == pytest.approx(180, abs=0.01)


def test_the_scale_at_the_corners_is_that_of_the_corners(tmp_path):
    made = header(("RA---CAR", "DEC--CAR"), (150.0, 0.0), shape=(100, 100))
    made["CRPIX2"] = -60 * 1800  # the equator, far below the image: pixels are narrow there
    fits.PrimaryHDU(np.zeros((100, 100), np.float32), made).writeto(tmp_path / "car.fits")
    (one,) = facts(tmp_path / "car.fits")
    assert one["dec_deg"] == pytest.approx(60, abs=0.1)
    assert one["pixel_arcsec"] == pytest.approx([2 * np.cos(np.radians(one["dec_deg"])), 2], rel=1e-3)
    wcs = WCS(made)
    for (x, y), (width, height) in zip(((0, 0), (99, 0), (99, 99), (0, 99)), one["corner_pixels_arcsec"], strict=True):
        left, right, below, above = (
            SkyCoord(*wcs.all_pix2world([[a, b]], 0)[0], unit="deg")
            for a, b in ((x - 0.5, y), (x + 0.5, y), (x, y - 0.5), (x, y + 0.5))
        )
        assert (width, height) == pytest.approx(
            (left.separation(right).arcsec, below.separation(above).arcsec), rel=1e-4
        )


def test_an_image_larger_than_a_band_says_the_same_as_in_one_piece(tmp_path, monkeypatch):
    file = image(tmp_path, blank=0.1)
    whole = pixels.pixel_facts(file)
    monkeypatch.setattr(pixels, "BAND_PX", 1000)
    monkeypatch.setattr(pixels, "SAMPLE_PX", 4000)
    banded = pixels.pixel_facts(file)
    assert banded["rms_of_px"] < 4100
    assert banded["rms"] == pytest.approx(whole["rms"], rel=0.1)
    assert {**banded, "rms": 0, "rms_of_px": 0} == {**whole, "rms": 0, "rms_of_px": 0}


def test_an_image_that_is_all_blank_and_one_of_one_value_are_told(tmp_path):
    for name, value in (("blank.fits", np.nan), ("flat.fits", 0.0)):
        fits.PrimaryHDU(np.full((40, 40), value, np.float32), header(shape=(40, 40))).writeto(tmp_path / name)
    blank, flat = facts(tmp_path / "blank.fits", tmp_path / "flat.fits")
    assert (blank["blank_share"], blank["peak"]) == (1, None)
    assert (flat["zero_share"], flat["rms"]) == (1, 0)
    told = inspected(tmp_path / "blank.fits", tmp_path / "flat.fits")
    assert told.exit_code == 0, told.output
    assert "no pixel has a value" in told.output
    assert "many-zeros" in told.output


@pytest.mark.parametrize(("unit", "times"), [("Jy/beam", 1e6), ("mJy/beam", 1e-4)])
def test_brightness_that_cannot_be_is_told(tmp_path, unit, times):
    file = image(tmp_path)
    values = fits.getdata(file) * times
    made = fits.getheader(file)
    made["BUNIT"] = unit
    fits.PrimaryHDU(values, made).writeto(file, overwrite=True)
    (one,) = facts(file)
    assert [note for note in one["warnings"] if note.startswith("brightness-doubtful")]
    assert "BUNIT" in inspected(file).output


def test_an_image_with_a_unit_that_is_none_is_refused_with_all_else_said(tmp_path):
    made = header()
    made["BUNIT"] = "K"
    fits.PrimaryHDU(np.ones((120, 160), np.float32), made).writeto(tmp_path / "kelvin.fits")
    done = inspected(tmp_path / "kelvin.fits")
    assert done.exit_code == 1
    assert "BUNIT: found 'K'" in done.output
    assert "centre ra 150.00000 dec -30.00000" in done.output


ROWS = {
    "name": ["a", "b", "c", "d"], "RA": [10.5, 20.25, 30.0, 359.0], "n": [1, 2, 3, 4],
    "type": ["ring", "ring", "?", "shell"],
}  # fmt: skip
WAYS = {
    "csv": ("a.csv", lambda table, path: table.write(path, format="ascii.csv")),
    "tab": ("a.tsv", lambda table, path: table.write(path, format="ascii.tab")),
    "semicolon": ("a.txt", lambda table, path: table.write(path, format="ascii.csv", delimiter=";")),
    "fits": ("a.fits", lambda table, path: table.write(path, format="fits")),
    "votable": ("a.xml", lambda table, path: table.write(path, format="votable")),
    "ipac": ("a.tbl", lambda table, path: table.write(path, format="ascii.ipac")),
    "parquet": ("a.parquet", lambda table, path: pq.write_table(pa.table({n: table[n].tolist() for n in ROWS}), path)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_table_of_any_format_is_found_by_its_content(tmp_path, way):
    name, write = WAYS[way]
    table = Table(ROWS)
    table["RA"].unit = "deg"
    write(table, tmp_path / name)
    (tmp_path / name).rename(tmp_path / "table.data")  # not by its name
    (one,) = facts(tmp_path / "table.data")
    assert one["n_rows"] == 4
    found = {column["name"]: column for column in one["columns"]}
    assert list(found) == list(ROWS)
    assert [found[name]["is"] for name in ROWS] == ["text", "real", "int", "text"]
    assert (found["RA"]["min"], found["RA"]["max"], found["RA"]["n_null"]) == (10.5, 359, 0)
    assert found["type"]["values"] == {"ring": 2, "?": 1, "shell": 1}
    assert found["type"]["unknown_like"] == {"?": 1}
    if way in ("fits", "votable", "ipac"):
        assert found["RA"]["unit"] == "deg"


def test_nulls_units_below_the_header_and_codes_for_not_known_are_told(tmp_path):
    rows = "".join(f"s{n};{n / 7:.3f};{-99 if n % 5 == 0 else n}\n" for n in range(40))
    (tmp_path / "a.tsv").write_text(f"# from somewhere\n\nname;ra;flux\n;deg;mJy\n----;---;---\n{rows};;\n")
    (one,) = facts(tmp_path / "a.tsv")
    name, ra, flux = one["columns"]
    assert (one["n_rows"], name["n_null"], ra["n_null"]) == (41, 1, 1)
    assert (ra["unit"], flux["unit"]) == ("deg", "mJy")
    assert flux["unknown_like"] == {"-99": 8}


def test_several_files_are_one_json_object_and_a_bad_one_stops_no_other(tmp_path):
    image(tmp_path)
    Table(ROWS).write(tmp_path / "b.csv", format="ascii.csv")
    (tmp_path / "c.fits").write_bytes((tmp_path / "a.fits").read_bytes()[:5000])
    done = inspected(tmp_path / "c.fits", tmp_path / "none.csv", tmp_path / "b.csv", tmp_path / "a.fits", "--json")
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert told["n_unreadable"] == 2
    assert [one["kind"] for one in told["files"]] == ["image", "unknown", "table", "image"]
    assert "fetch it again" in told["files"][0]["error"]
    assert "no such file" in told["files"][1]["error"]


def test_a_folder_gives_a_summary_and_goes_on_over_bad_files(tmp_path):
    image(tmp_path, "a.fits", centre=(359.9, -30.0))
    image(tmp_path, "b.fits", centre=(0.2, -31.0))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/bad.fits").write_text("no FITS")
    (tmp_path / "notes.md").write_text("notes")
    Table(ROWS).write(tmp_path / "deep/b.csv", format="ascii.csv")
    (one,) = facts(tmp_path)
    assert (one["n_files"], one["n_images"], one["n_tables"], one["others"]) == (5, 2, 1, {".md": 1})
    assert one["images"]["ra_range_deg"] == pytest.approx([359.9, 0.2], abs=1e-6)
    assert one["images"]["dec_range_deg"] == pytest.approx([-31, -30], abs=1e-6)
    assert one["images"]["units"] == {"Jy/beam": 2}
    assert [bad["file"] for bad in one["unreadable"]] == [str(tmp_path / "deep/bad.fits")]
    done = inspected(tmp_path)
    assert done.exit_code == 1
    assert "2 images, 1 tables, 1 that cannot be read; others: 1 .md" in done.output


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "empty file"),
        ("prose.txt", b"This is no table.\nNor is this, really.\nAt all\n", "no separator in common"),
        ("bytes.dat", b"\x00\x01\x02" * 50, "neither an image nor a table"),
        ("numbers.csv", b"1,2,3\n4,5,6\n", "holds numbers (1, 2, 3)"),
        ("headless.csv", b"J0001,10.5,20.5,ring\nJ0002,11.5,21.5,shell\n", "expected the names of its columns"),
        ("coco.json", b'{"images": [{"id": 1, "a": 2}], "x": 3}', "JSON"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither an image nor a table"),
        ("cut.xml", b"<?xml version='1.0'?><VOTABLE><RESOURCE><TABLE>", "VOTable"),
        ("cut.parquet", b"PAR1abcdefgh", "Parquet"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    done = inspected(tmp_path / name)
    assert done.exit_code == 1
    assert told in done.output
    assert "Traceback" not in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_a_fits_file_of_two_tables_shows_both_and_one_without_any_is_one_line(tmp_path):
    two = [fits.PrimaryHDU(), *(fits.table_to_hdu(Table({name: [1, 2]})) for name in ("a", "b"))]
    fits.HDUList(two).writeto(tmp_path / "two.fits")
    assert [one["columns"][0]["name"] for one in facts(tmp_path / "two.fits")] == ["a", "b"]
    fits.PrimaryHDU().writeto(tmp_path / "none.fits")
    done = inspected(tmp_path / "none.fits")
    assert (done.exit_code, len(done.output.strip().splitlines())) == (1, 1)
    assert "without a table" in done.output


def test_a_contact_sheet_shows_every_stretch_and_goes_on_over_a_bad_file(tmp_path):
    good, sheet = image(tmp_path), tmp_path / "sheet.png"
    (tmp_path / "b.fits").write_bytes(good.read_bytes()[:4000])
    found = inspected(tmp_path, "--pictures", sheet, "--side", 140, "--json")
    assert found.exit_code == 1, found.output
    drawn, bad = json.loads(found.stdout)["files"]
    assert "b.fits" in bad["error"]
    of = {one["drawn"]: one for one in drawn["pictures"]}
    assert list(of) == [*STRETCHES, "zscale + asinh + log"]
    assert of["zscale"]["saturated_share"] == 1 and of["log"]["saturated_share"] == 0
    with Image.open(sheet) as picture:
        assert picture.width > len(of) * 200 and 200 < picture.height < 400
        assert picture.convert("HSV").getextrema()[1][1] > 100  # one of them is in colour
    told = inspected(good, "--pictures", sheet).output
    assert "log                      0.0 % of the source white" in told and f"wrote {sheet}" in told


def test_a_sheet_of_nothing_or_of_a_survey_is_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    good, sheet = image(tmp_path), tmp_path / "s.png"
    for words, told in (
        ((tmp_path / "empty", "--pictures", sheet), "found no image in"),
        ((good, "--pictures", sheet, "--survey", "first"), "neither --survey nor --catalog"),
        ((good, "--pictures", tmp_path / "no/s.png"), "cannot write the sheet"),
    ):
        found = inspected(*words)
        assert found.exit_code != 0 and told in str(found.exception)
