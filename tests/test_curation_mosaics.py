import gzip
import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner

from catalogs.survey import Survey
from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.cli import curation
from curation.pictures.cards import ImageError
from curation.pictures.fits_header import read_image_header
from curation.pictures.mosaics import find_files, mosaics, mosaics_step, read_mosaic
from schemas.errors import CatalogError

SURVEY = Survey(name="tiny", title="Tiny", frequency_mhz=1400, files=("*.fits*",), pictures=True, cite="")


def fits_file(path: Path, shape=(40, 50), dtype=">f4", **cards) -> Path:
    rng = np.random.default_rng(1)
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---SIN", "DEC--SIN"
    header["CRVAL1"], header["CRVAL2"] = 150.0, 2.0
    header["CRPIX1"], header["CRPIX2"] = 25.0, 20.0
    header["CDELT1"], header["CDELT2"] = -0.0005, 0.0005
    header["BUNIT"], header["BMAJ"], header["BMIN"] = "Jy/beam", 0.0015, 0.0015
    for keyword, found in cards.items():
        if found is None:
            header.remove(keyword)
        else:
            header[keyword] = found
    fits.PrimaryHDU(rng.normal(0, 1, shape).astype(dtype), header).writeto(path)
    return path


def patched(path: Path, old: bytes, new: bytes) -> Path:
    body = path.read_bytes()
    assert body.count(old) == 1 and len(old) == len(new)
    path.write_bytes(body.replace(old, new))
    return path


def reason_of(path: Path, survey: Survey = SURVEY) -> str:
    with pytest.raises(CatalogError) as error:
        read_mosaic(path, path.name, survey)
    return error.value.reason


def words_of(row: dict) -> set[str]:
    return {note.split(":")[0] for note in row["warnings"]}


def test_a_row_says_how_to_read_the_file_and_where_it_lies(tmp_path):
    row = read_mosaic(fits_file(tmp_path / "a.fits"), "a.fits", SURVEY)
    assert (row["width_px"], row["height_px"], row["bitpix"], row["n_axes"]) == (50, 40, -32, 2)
    assert row["data_offset"] == 2880 and row["to_mjy_per_beam"] == 1000
    assert row["pixel_arcsec"] == pytest.approx(1.8)
    assert row["beam_major_arcsec"] == pytest.approx(5.4) and row["beam_from"] == "header"
    assert row["ra_deg"] == pytest.approx(150.0 - 0.00025 / np.cos(np.radians(2.0)), abs=1e-6)
    assert row["warnings"] == []


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("JY/BEAM", 1000), ("mJy/beam", 1), ("uJy/beam", 0.001), ("Jy beam-1", 1000), ("Jy / beam", 1000)],
)
def test_units_are_one_however_they_are_spelled(tmp_path, unit, factor):
    assert read_mosaic(fits_file(tmp_path / "a.fits", BUNIT=unit), "a", SURVEY)["to_mjy_per_beam"] == factor


def test_an_unknown_unit_is_refused_by_its_keyword(tmp_path):
    for i, unit in enumerate(("K", "Jy/pixel", "MJY/BEAM")):
        path = fits_file(tmp_path / f"{i}.fits", BUNIT=unit)
        assert reason_of(path) == "bad-unit"
    with pytest.raises(CatalogError, match="BUNIT: found 'MJY/BEAM', expected"):
        read_mosaic(path, "a", SURVEY)


def test_a_missing_unit_is_the_surveys_and_says_so(tmp_path):
    path = fits_file(tmp_path / "a.fits", BUNIT=None)
    with_unit = SURVEY.model_copy(update={"brightness_unit": "mJy/beam"})
    row = read_mosaic(path, "a", with_unit)
    assert row["to_mjy_per_beam"] == 1 and words_of(row) == {"unit-from-survey"}
    row = read_mosaic(path, "a", SURVEY)
    assert row["to_mjy_per_beam"] is None and words_of(row) == {"unit-unknown"}


def test_the_beam_is_of_the_header_else_of_history_else_of_the_survey_else_null(tmp_path):
    survey = SURVEY.model_copy(update={"beam_arcsec": (45.0, 30.0), "beam_pa_deg": 5.0})
    bare = fits_file(tmp_path / "a.fits", BMAJ=None, BMIN=None)
    row = read_mosaic(bare, "a", survey)
    assert (row["beam_major_arcsec"], row["beam_pa_deg"], row["beam_from"]) == (45.0, 5.0, "survey")
    assert words_of(row) == {"beam-from-survey"}
    assert read_mosaic(bare, "a", SURVEY)["beam_from"] is None
    with fits.open(bare, mode="update") as file:
        file[0].header["HISTORY"] = "AIPS   CLEAN BMAJ=  1.5000E-03 BMIN=  1.0000E-03 BPA=  12.00"
    row = read_mosaic(bare, "a", survey)
    assert row["beam_minor_arcsec"] == pytest.approx(3.6) and row["beam_from"] == "history"
    row = read_mosaic(fits_file(tmp_path / "b.fits", BMAJ=8.0, BMIN=8.0), "b", SURVEY)
    assert row["beam_major_arcsec"] is None and "beam-refused" in words_of(row)


@pytest.mark.parametrize("n_left", [10, 1500, 2880, 2881, 5000])
def test_a_file_cut_short_is_refused_before_it_is_decoded(tmp_path, n_left):
    path = fits_file(tmp_path / "a.fits")
    path.write_bytes(path.read_bytes()[:n_left])
    assert reason_of(path) == "truncated"
    packed = tmp_path / "b.fits.gz"
    packed.write_bytes(gzip.compress(fits_file(tmp_path / "c.fits").read_bytes())[:-n_left])
    assert reason_of(packed) == "truncated"


def test_one_byte_less_than_the_header_claims_is_too_short(tmp_path):
    path = fits_file(tmp_path / "a.fits")
    path.write_bytes(path.read_bytes()[:-1])
    assert reason_of(path) == "truncated"


def test_files_that_are_no_images_are_refused_by_what_they_are(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("hello")
    (tmp_path / "zeros.gz").write_bytes(gzip.compress(bytes(10_000)))
    fits.HDUList([fits.PrimaryHDU(np.zeros(30, np.uint8))]).writeto(tmp_path / "one_axis")
    fits.BinTableHDU.from_columns([fits.Column("a", "E", array=[1.0])]).writeto(tmp_path / "table")
    found = [reason_of(tmp_path / name) for name in ("empty", "text", "zeros.gz", "one_axis", "table")]
    assert found == ["empty", "not-fits", "not-fits", "no-image", "no-image"]


def test_a_header_that_claims_too_much_is_refused_without_memory(tmp_path):
    path = patched(fits_file(tmp_path / "a.fits"), b"NAXIS1  =                   50", b"NAXIS1  =               200000")
    assert reason_of(path) == "truncated"
    patched(path, b"NAXIS2  =                   40", b"NAXIS2  =               200000")
    assert reason_of(path) == "too-large"
    path = patched(fits_file(tmp_path / "b.fits"), b"NAXIS   =                    2", b"NAXIS   =                    3")
    assert reason_of(path) == "bad-header"
    path = patched(fits_file(tmp_path / "c.fits"), b"NAXIS1  =                   50", b"NAXIS1  =                  -50")
    assert reason_of(path) == "bad-header"


def test_a_header_without_end_is_capped(tmp_path):
    path = tmp_path / "a.fits"
    path.write_bytes(b"SIMPLE  =                    T".ljust(80) + b"COMMENT".ljust(80) * 300_000)
    assert reason_of(path) == "bad-header"


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", 20_000), ("NAXIS2", 20_000)])
    path = tmp_path / "a.fits.gz"
    with gzip.open(path, "wb", 9) as file:
        file.write(header.tostring(padding=True).encode())
        for _ in range(100):
            file.write(bytes(2**20))
    assert reason_of(path) == "bomb"


@pytest.mark.parametrize(
    ("keyword", "found"),
    [("CRVAL1", "NaN"), ("CRVAL2", "'inf'"), ("CDELT1", "0.0"), ("CDELT2", "10.0"), ("CRPIX1", "'left'")],
)
def test_a_wcs_that_lies_is_refused(tmp_path, keyword, found):
    path = fits_file(tmp_path / "a.fits")
    body = path.read_bytes()
    at = body.index(f"{keyword:<8}=".encode())
    path.write_bytes(body[:at] + f"{keyword:<8}= {found:>20}".ljust(80).encode() + body[at + 80 :])
    assert reason_of(path) in {"bad-wcs", "bad-header"}


def test_a_missing_crval_is_not_right_ascension_zero(tmp_path):
    assert reason_of(fits_file(tmp_path / "a.fits", CRVAL1=None)) == "bad-wcs"


def test_half_a_wcs_is_refused(tmp_path):
    assert reason_of(fits_file(tmp_path / "a.fits", CTYPE2="GLAT-SIN")) == "bad-wcs"


def test_extra_axes_of_length_one_are_dropped_and_cubes_refused(tmp_path):
    row = read_mosaic(fits_file(tmp_path / "a.fits", (1, 1, 40, 50), CTYPE3="FREQ", CTYPE4="STOKES"), "a", SURVEY)
    assert (row["n_axes"], row["width_px"], row["height_px"]) == (4, 50, 40)
    assert reason_of(fits_file(tmp_path / "b.fits", (3, 40, 50))) == "not-2d"


def test_an_image_in_a_later_hdu_is_found_compressed_or_not(tmp_path):
    image = fits.getdata(fits_file(tmp_path / "a.fits"))
    header = fits.getheader(tmp_path / "a.fits")
    packed = fits.CompImageHDU(image, header, compression_type="GZIP_2")
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "a.fits.fz")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image, header)]).writeto(tmp_path / "b.fits")
    plain = read_mosaic(tmp_path / "a.fits", "a", SURVEY)
    same = ("width_px", "height_px", "bitpix", "header", "to_mjy_per_beam", "sky_polygon_deg")
    for name, offset in (("a.fits.fz", -1), ("b.fits", 2 * 2880)):
        row = read_mosaic(tmp_path / name, name, SURVEY)
        assert row["hdu"] == 1 and row["data_offset"] in {offset, 3 * 2880}
        assert [row[one] for one in same] == [plain[one] for one in same]


def test_swapped_axes_give_the_same_sky(tmp_path):
    row = read_mosaic(fits_file(tmp_path / "a.fits"), "a", SURVEY)
    swapped = fits_file(
        tmp_path / "b.fits", (50, 40), CTYPE1="DEC--SIN", CTYPE2="RA---SIN", CRVAL1=2.0, CRVAL2=150.0,
        CRPIX1=20.0, CRPIX2=25.0, CDELT1=0.0005, CDELT2=-0.0005,
    )  # fmt: skip
    other = read_mosaic(swapped, "b", SURVEY)
    assert (other["ra_deg"], other["dec_deg"]) == pytest.approx((row["ra_deg"], row["dec_deg"]), abs=1e-9)


def test_without_sky_axes_a_picture_is_kept_and_a_mosaic_refused(tmp_path):
    path = fits_file(tmp_path / "a.fits", CTYPE1="LINEAR", CTYPE2="LINEAR")
    row = read_mosaic(path, "a", SURVEY)
    assert row["header"] is None and row["ra_deg"] is None and words_of(row) == {"no-wcs"}
    assert reason_of(path, SURVEY.model_copy(update={"pictures": False})) == "no-wcs"


def test_tabs_and_a_malformed_date_are_read_over(tmp_path):
    path = fits_file(tmp_path / "a.fits", **{"DATE-OBS": "19970414", "OBJECT": "a tab: X"})
    row = read_mosaic(patched(path, b"a tab: X", b"a tab:\tX"), "a", SURVEY)
    assert row["header"] is not None and words_of(row) == {"header-characters"}


def test_one_wcs_over_different_pixels_is_flagged(tmp_path):
    fits_file(tmp_path / "a.fits")
    fits_file(tmp_path / "b.fits", OBJECT="other")
    fits_file(tmp_path / "c.fits", CRVAL1=10.0)
    table = mosaics(find_files(tmp_path, SURVEY, {}), SURVEY, raw=tmp_path).kept
    assert [words_of(row) for row in table.to_pylist()] == [{"duplicate-wcs"}, {"duplicate-wcs"}, set()]


def test_a_bad_picture_is_a_rejected_row_and_bad_mosaics_stop_the_build_together(tmp_path):
    fits_file(tmp_path / "a.fits")
    (tmp_path / "b.fits").write_bytes(b"")
    fits_file(tmp_path / "c.fits", BUNIT="K")
    files = find_files(tmp_path, SURVEY, {})
    found = mosaics(files, SURVEY, raw=tmp_path)
    assert found.n_in == 3 and found.kept.num_rows == 1 and found.reasons == {"bad-unit": 1, "empty": 1}
    with pytest.raises(CatalogError) as error:
        mosaics(files, SURVEY.model_copy(update={"pictures": False}), raw=tmp_path)
    lines = str(error.value).splitlines()
    assert len(lines) == 2 and "b.fits: empty" in lines[0] and "c.fits: bad-unit: BUNIT" in lines[1]


def test_files_are_hashed_once_and_again_when_they_change(tmp_path):
    path = fits_file(tmp_path / "a.fits")
    digests: dict = {}
    (one,) = find_files(tmp_path, SURVEY, digests)
    digests["a.fits"][2] = "0" * 64
    assert find_files(tmp_path, SURVEY, digests)[0].sha256 == "0" * 64
    path.write_bytes(path.read_bytes() + bytes(2880))
    (two,) = find_files(tmp_path, SURVEY, digests)
    assert two.sha256 not in {one.sha256, "0" * 64} and two.n_bytes == one.n_bytes + 2880
    step = mosaics_step(SURVEY, (one,), tmp_path)
    assert step.name == "mosaics/tiny" and step.address != mosaics_step(SURVEY, (two,), tmp_path).address
    assert step.address == mosaics_step(SURVEY, (replace(one),), tmp_path / "elsewhere").address


def test_no_file_and_a_folder_in_place_of_a_file_are_told_in_a_line(tmp_path):
    with pytest.raises(CatalogError, match="survey tiny: nothing matches"):
        find_files(tmp_path, SURVEY, {})
    (tmp_path / "a.fits").mkdir()
    with pytest.raises(CatalogError, match="a folder, expected an image file"):
        find_files(tmp_path, SURVEY, {})


@pytest.mark.parametrize("name", ["a\nb.fits", "a\x07.fits", os.fsdecode(b"a\xff.fits"), "a\u202e.fits"])
def test_a_file_name_that_no_line_can_hold_is_told_in_a_line(tmp_path, name):
    fits_file(tmp_path / name)
    with pytest.raises(CatalogError, match="expected one that can be printed") as told:
        find_files(tmp_path, SURVEY, {})
    assert str(told.value).isprintable()


def test_a_pipe_and_a_device_in_place_of_a_file_are_told_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.fits")
    with pytest.raises(CatalogError, match=r"pipe.fits: found a folder, a pipe, .* expected a plain file"):
        find_files(tmp_path, SURVEY, {})
    with pytest.raises(ImageError, match="expected a plain file"):
        read_image_header(tmp_path / "pipe.fits")
    found = CliRunner().invoke(curation, ["inspect", str(tmp_path / "pipe.fits")])
    assert found.exit_code == 1 and "expected a plain file" in found.output
    (tmp_path / "pipe.fits").unlink()
    (tmp_path / "device.fits").symlink_to("/dev/zero")
    with pytest.raises(CatalogError, match=r"device.fits: found a folder, a pipe, .* expected a plain file"):
        find_files(tmp_path, SURVEY, {})


# --- what real files taught


def real(raw: Path, name: str, **update) -> dict:
    return read_mosaic(raw / "images" / name, f"images/{name}", SURVEY.model_copy(update=update))


def test_real_tabs_in_comments_are_read(raw):
    row = real(raw, "first_mirabest/100_016.732+000.523_0.1538_0026.95.fits.gz", beam_arcsec=(5.4, 5.4))
    assert words_of(row) == {"header-characters", "beam-from-survey"} and row["beam_from"] == "survey"


def test_real_scorpio_is_read_without_its_stale_position_but_with_its_scale(raw):
    row = real(raw, "scorpio_atca/ScorpioS17Field.fits.gz", stale_wcs=("images/scorpio_atca/*",))
    assert row["header"] is None and row["ra_deg"] is None and "stale-wcs" in words_of(row)
    assert row["pixel_arcsec"] == pytest.approx(1.5) and row["beam_major_arcsec"] == pytest.approx(6.5)


def test_real_scorpio_undeclared_is_flagged_as_one_place_with_three_contents(raw):
    survey = SURVEY.model_copy(update={"files": ("images/scorpio_atca/*.fits.gz",)})
    table = mosaics(find_files(raw, survey, {}), survey, raw=raw).kept
    assert all("duplicate-wcs" in words_of(row) for row in table.to_pylist())


def test_real_pictures_without_wcs_keep_their_beam_and_find_their_unit(raw):
    galaxy, sidelobe = (real(raw, f"caesar_mrcnn_samples/{name}.fits") for name in ("galaxy0002", "sidelobe0001"))
    assert galaxy["header"] is None and galaxy["to_mjy_per_beam"] == 1000 and words_of(galaxy) == {"no-wcs"}
    assert sidelobe["to_mjy_per_beam"] == 1000 and words_of(sidelobe) == {"no-wcs", "unit-in-ctype1"}
    assert sidelobe["beam_pa_deg"] == pytest.approx(89.194, abs=1e-3)


def test_real_offset_planes_are_refused_and_the_plane_beside_them_read(raw):
    assert reason_of(raw / "images/aegean_1904/1904-66_SIN_3d.fits.gz") == "not-2d"
    row = real(raw, "aegean_1904/1904-66_SIN.fits.gz")
    assert (row["ra_deg"], row["dec_deg"]) == pytest.approx((284.904, -66.310), abs=1e-3)


def test_real_galactic_map_is_placed_in_icrs(raw):
    row = real(raw, "magpis_galactic/G10.5+0.0_20cm.fits")
    assert (row["ra_deg"], row["dec_deg"]) == pytest.approx((272.1988, -19.8531), abs=1e-3)
    assert row["pixel_arcsec"] == pytest.approx(2.0, abs=1e-3)


def test_the_header_column_is_the_files_wcs_to_a_thousandth_of_a_pixel(raw):
    for name in ("magpis_galactic/G10.5+0.0_20cm.fits", "scorpio_atca/ScorpioS17Field.fits.gz"):
        row = real(raw, name)
        cards = [card for card in fits.getheader(raw / "images" / name).cards if card.keyword[:4] != "DATE"]
        text = fits.Header([card for card in cards if card.keyword not in {"COMMENT", "HISTORY"}])
        x, y = np.array([0.0, 900.0, 7000.0]), np.array([0.0, 900.0, -500.0])
        ours = sky_of_pixels(read_wcs(row["header"]), x, y)
        theirs = sky_of_pixels(read_wcs(_plane_only(text)), x, y)
        assert np.abs(np.array(ours) - np.array(theirs)).max() * 3600 < 0.001 * row["pixel_arcsec"]


def _plane_only(header: fits.Header) -> str:
    buffer = io.StringIO()
    kept = [card for card in header.cards if not (card.keyword[-1:] in {"3", "4"} or card.keyword.startswith("NAXIS"))]
    buffer.write(fits.Header([card for card in kept if card.keyword != "SPECSYS"]).tostring(sep="\n"))
    return buffer.getvalue()
