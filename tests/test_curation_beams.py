"""Where the beam of an image is known from: header, the table of CASA, HISTORY of AIPS and Obit, the survey."""

import gzip

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.survey import Survey
from curation.pictures.mosaics import read_mosaic

SURVEY = Survey(name="tiny", title="Tiny", frequency_mhz=1400, files=("*.fits*",), pictures=True, cite="")
CLEAN = "AIPS   CLEAN BMAJ=  1.5000E-03 BMIN=  1.2000E-03 BPA=  12.00"  # 5.4 x 4.32 arcsec
UNKNOWN = "beam-unknown: neither the file nor the survey gives it"


def an_image(history=(), **cards) -> fits.PrimaryHDU:
    header = fits.Header([("CTYPE1", "RA---SIN"), ("CTYPE2", "DEC--SIN"), ("CRVAL1", 150.0), ("CRVAL2", 2.0)])
    header["CRPIX1"], header["CRPIX2"], header["CDELT1"], header["CDELT2"] = 16.0, 16.0, -0.0005, 0.0005
    header["BUNIT"] = "Jy/beam"
    header.update(cards)
    for line in history:
        header["HISTORY"] = line
    return fits.PrimaryHDU(np.random.default_rng(1).normal(0, 1e-3, (32, 32)).astype(">f4"), header)


def beam_of(path, *hdus, survey=SURVEY) -> tuple[tuple, str | None, list[str]]:
    fits.HDUList(list(hdus)).writeto(path / "a.fits", overwrite=True)
    row = read_mosaic(path / "a.fits", "a", survey)
    axes = tuple(row[f"beam_{one}"] for one in ("major_arcsec", "minor_arcsec", "pa_deg"))
    return axes, row["beam_from"], row["warnings"]


def of_history(path, *lines, **cards):
    return beam_of(path, an_image(lines, **cards))


def a_table(major, minor, angle=(20.0,), units=("arcsec", "arcsec", "deg"), **header) -> fits.BinTableHDU:
    columns = [
        fits.Column(name, "E", unit=unit, array=np.array(found, "f4"))
        for name, unit, found in zip(("BMAJ", "BMIN", "BPA"), units, (major, minor, angle), strict=True)
    ]
    columns += [fits.Column(name, "J", array=np.arange(len(major))) for name in ("CHAN", "POL")]
    made = fits.BinTableHDU.from_columns(columns, name="BEAMS")
    made.header.update(header)
    return made


# --- HISTORY


@pytest.mark.parametrize(
    "later",
    [
        "BMAJ= and BMIN= above were checked by eye",
        "the value of BMAJ is as above",
        "NOTE   TASK  BMAJ=  45.000 BMIN=  45.000 BPA=   0.00 / arcsec",
        "NOTE   TASK  BMAJ=   0.900 BMIN=   0.900 BPA=   0.00 / arcsec",
        "CONVL  BMAJ = 45.0, BMIN = 45.0",
        "IMAGR BMAJ=0.0 BMIN=0.0 BPA=0.0",
        "AIPS   CLEAN BMAJ=  0.0000E+00 BMIN=  0.0000E+00 BPA=   0.00",
        "RESTOR BMAJ=none BMIN=none",
    ],
)
def test_a_later_line_of_history_does_not_hide_what_aips_wrote(tmp_path, later):
    for lines in ((CLEAN, later), (later, CLEAN)):
        axes, beam_from, _ = of_history(tmp_path, *lines)
        assert axes == pytest.approx((5.4, 4.32, 12.0)) and beam_from == "history"


def test_a_beam_that_is_passed_over_is_named(tmp_path):
    _, _, notes = of_history(tmp_path, CLEAN, "NOTE BMAJ= 0.9 BMIN= 0.9 / arcsec")
    assert notes == ["beam-in-history: another beam is told there, and not taken: 'NOTE BMAJ= 0.9 BMIN= 0.9 / arcsec'"]
    assert of_history(tmp_path, CLEAN, "AIPS   CLEAN BMAJ=  3.0000E-03 BMIN=  3.0000E-03 BPA=   0.00")[0][0] == 10.8


@pytest.mark.parametrize(
    ("line", "arcsec"),
    [
        ("NOTE BMAJ= 7.2 BMIN= 5.4 BPA= 3.0 / arcsec", (7.2, 5.4, 3.0)),
        ("NOTE BMAJ= 0.12 BMIN= 0.09 BPA= 3.0 arcmin", (7.2, 5.4, 3.0)),
        ("RESTORED BMAJ: 2.0E-03 BMIN: 1.5D-03 (deg)", (7.2, 5.4, None)),
        ("RESTORED BMAJ=2.0E-03 BMIN=1.5E-03", (7.2, 5.4, None)),
    ],
)
def test_another_line_is_taken_by_its_unit_or_where_it_can_only_be_degrees(tmp_path, line, arcsec):
    axes, beam_from, notes = of_history(tmp_path, line)
    assert axes == pytest.approx(arcsec) and beam_from == "history"
    assert notes == [f"beam-in-history: taken from {line!r}"]


@pytest.mark.parametrize("line", ["NOTE BMAJ= 0.9 BMIN= 0.9", "NOTE BMAJ= 45.0 BMIN= 45.0", "BMAJ= 45 BMIN= 45 deg"])
def test_a_line_that_may_be_degrees_or_arcseconds_is_not_guessed(tmp_path, line):
    assert of_history(tmp_path, line) == ((None, None, None), None, [UNKNOWN])


def test_beams_of_obit_are_read_from_cards_and_from_history(tmp_path):
    cards = {"CLEANBMJ": 1.5e-3, "CLEANBMN": 1.2e-3, "CLEANBPA": 12.0}
    assert of_history(tmp_path, **cards)[:2] == (pytest.approx((5.4, 4.32, 12.0)), "header")
    lines = [f"{name:<8}= {found:12.4E}" for name, found in cards.items()]
    for history in (lines, [" ".join(lines)], [f"Obit   {line} / deg" for line in lines]):
        axes, beam_from, notes = of_history(tmp_path, *history)
        assert axes[:2] == pytest.approx((5.4, 4.32)) and beam_from == "history" and notes == []
    assert of_history(tmp_path, *lines)[0][2] == 12.0


def test_a_header_beam_in_arcsec_is_refused_and_history_read(tmp_path):
    axes, beam_from, notes = of_history(tmp_path, CLEAN, BMAJ=5.4, BMIN=4.3)
    assert axes[0] == pytest.approx(5.4) and beam_from == "history" and notes[0].startswith("beam-refused: BMAJ 5.4")


@given(major=st.floats(1e-4, 0.9), ratio=st.floats(0.1, 1), angle=st.integers(-180, 180))
@settings(deadline=None, max_examples=50)
def test_any_line_of_aips_is_read_to_its_last_digit(tmp_path_factory, major, ratio, angle):
    line = f"AIPS   CLEAN BMAJ={major:12.4E} BMIN={major * ratio:12.4E} BPA={angle:7.2f}"
    axes, beam_from, _ = of_history(tmp_path_factory.mktemp("beam"), line, "HISTORY that has no BMAJ")
    assert axes == pytest.approx((3600 * major, 3600 * major * ratio, angle), rel=1e-4) and beam_from == "history"


def test_a_beam_of_a_thousand_pixels_or_of_less_than_one_is_doubted(tmp_path):
    for major in (0.9, 0.0003):
        notes = of_history(tmp_path, BMAJ=major, BMIN=major)[2]
        assert len(notes) == 1 and notes[0].startswith("beam-doubtful: ")
    assert of_history(tmp_path, BMAJ=0.0015, BMIN=0.0015)[2] == []


# --- the table BEAMS


@pytest.mark.parametrize(
    ("units", "factor"),
    [(("arcsec", "ARCSEC", "deg"), 1), (("deg", "deg", "deg"), 1 / 3600), (("arcmin",) * 3, 1 / 60)],
)
def test_the_beam_of_a_plane_is_read_from_its_table(tmp_path, units, factor):
    angle = 20.0 if units[2] == "deg" else 20.0 * 60
    table = a_table([7.2 * factor], [5.4 * factor], [angle], units)
    axes, beam_from, notes = beam_of(tmp_path, an_image(CASAMBM=True), table)
    assert axes == pytest.approx((7.2, 5.4, 20.0), rel=1e-6) and beam_from == "table" and notes == []
    survey = SURVEY.model_copy(update={"beam_arcsec": (25.0, 25.0)})
    assert beam_of(tmp_path, an_image(), table, survey=survey)[1] == "table"


def test_the_table_is_found_behind_others_in_packed_files_and_behind_tiles(tmp_path):
    other = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=np.arange(2000.0))], name="AIPS CC")
    table, image = a_table([7.2], [5.4]), an_image()
    fits.HDUList([image, other, table]).writeto(tmp_path / "plain.fits")
    (tmp_path / "packed.fits.gz").write_bytes(gzip.compress((tmp_path / "plain.fits").read_bytes()))
    tiled = fits.CompImageHDU(image.data, image.header, compression_type="GZIP_2")
    fits.HDUList([fits.PrimaryHDU(), tiled, other, table]).writeto(tmp_path / "tiled.fits.fz")
    for name in ("plain.fits", "packed.fits.gz", "tiled.fits.fz"):
        row = read_mosaic(tmp_path / name, name, SURVEY)
        assert row["beam_major_arcsec"] == pytest.approx(7.2, rel=1e-6), name


def test_many_equal_beams_are_one_and_flagged_ones_do_not_count(tmp_path):
    table = a_table([7.2, 0.0, np.nan, 7.2], [5.4, 0.0, np.nan, 5.4], [20.0] * 4)
    assert beam_of(tmp_path, an_image(), table)[0] == pytest.approx((7.2, 5.4, 20.0), rel=1e-6)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (a_table([7.2, 9.0], [5.4, 5.4], [0.0, 0.0]), "found 2 beams that differ"),
        (a_table([0.0], [0.0]), "none of its 1 beams"),
        (a_table([7.2], [5.4], units=(None, "arcsec", "deg")), "found BMAJ in ''"),
        (a_table([7.2], [5.4], units=("pixel", "pixel", "deg")), "found BMAJ in 'pixel', BMIN in 'pixel'"),
    ],
)
def test_a_table_that_cannot_be_used_is_named_and_the_survey_taken(tmp_path, table, why):
    survey = SURVEY.model_copy(update={"beam_arcsec": (25.0, 25.0)})
    axes, beam_from, notes = beam_of(tmp_path, an_image(), table, survey=survey)
    assert axes[0] == 25.0 and beam_from == "survey" and notes[0].startswith(f"beam-refused: table BEAMS: {why}")


def test_the_headers_own_beam_comes_before_the_table(tmp_path):
    assert beam_of(tmp_path, an_image(BMAJ=0.0015, BMIN=0.0015), a_table([7.2], [5.4]))[1] == "header"


def test_what_stands_behind_the_image_cannot_spoil_it(tmp_path):
    fits.HDUList([an_image(), a_table([7.2], [5.4])]).writeto(tmp_path / "a.fits")
    whole = (tmp_path / "a.fits").read_bytes()
    for body in (whole[:-3000], whole[:-2880] + b"XTENSION= 'BINTABLE'" + bytes(2860), whole + b"more" * 900):
        (tmp_path / "b.fits").write_bytes(body)
        assert read_mosaic(tmp_path / "b.fits", "b", SURVEY)["width_px"] == 32
