"""Headers: numbers written as text, frames that cannot be told, and cards that wcslib would pass over."""

import warnings

import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.pixels import pixels_of_sky as of_annotations
from catalogs.survey import Survey
from catalogs.wcs_sky import pixels_of_sky, read_wcs, sky_of_pixels
from curation.pictures.mosaics import read_mosaic
from curation.pictures.plane import open_plane
from schemas.errors import CatalogError

SURVEY = Survey(name="tiny", title="Tiny", frequency_mhz=1400, files=("*.fits*",), pictures=True, cite="")
PLAIN = {
    "CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 25.0, "CRPIX2": 20.0,
    "CDELT1": -0.0005, "CDELT2": 0.0005, "BUNIT": "Jy/beam", "BMAJ": 0.0015, "BMIN": 0.0012, "BPA": 10.0,
}  # fmt: skip
MATRIX = {"CDELT1": None, "CDELT2": None, "CD1_1": -4e-4, "CD1_2": 3e-4, "CD2_1": 3e-4, "CD2_2": 4e-4}
ZPN = {"CTYPE1": "RA---ZPN", "CTYPE2": "DEC--ZPN", "PV2_1": 1.0, "PV2_3": 40.0}
KINDS = {  # what the header says, and the card that is once a number and once text
    "CRVAL1": {"CRVAL1": 180.0}, "CRVAL2": {"CRVAL2": -30.5}, "CRPIX1": {"CRPIX1": 10.0}, "CRPIX2": {"CRPIX2": -3.25},
    "CDELT1": {"CDELT1": -0.001}, "CDELT2": {"CDELT2": 2e-3}, "CROTA2": {"CROTA2": 30.0}, "LONPOLE": {"LONPOLE": 150.0},
    "LATPOLE": {"LATPOLE": 30.0}, "EQUINOX": {"EQUINOX": 1950.0}, "EPOCH": {"EPOCH": 1950.0}, "CD1_2": MATRIX,
    "CD2_2": MATRIX, "PC1_2": {"PC1_1": 0.8, "PC1_2": -0.6, "PC2_1": 0.6, "PC2_2": 0.8}, "PV2_3": ZPN,
    "BMAJ": {"BMAJ": 0.002}, "BMIN": {"BMIN": 0.001}, "BPA": {"BPA": -20.0},
}  # fmt: skip


def a_file(path, image=None, hdu=fits.PrimaryHDU, **cards):
    image = np.random.default_rng(1).normal(0, 1e-3, (40, 50)).astype(">f4") if image is None else image
    header = fits.Header([(key, found) for key, found in (PLAIN | cards).items() if found is not None])
    hdu(image, header).writeto(path, output_verify="ignore", overwrite=True)
    return path


def row_of(path, **cards) -> dict:
    return read_mosaic(a_file(path / "a.fits", **cards), "a", SURVEY)


def refusal(path, **cards) -> str:
    with pytest.raises(CatalogError) as error:
        row_of(path, **cards)
    assert "\n" not in str(error.value)
    return str(error.value)


SAME = ("ra_deg", "dec_deg", "sky_polygon_deg", "pixel_arcsec", "header", "beam_major_arcsec", "beam_minor_arcsec",
        "beam_pa_deg")  # fmt: skip


@pytest.mark.parametrize("keyword", KINDS)
def test_a_number_written_as_text_is_that_number_and_noted(tmp_path, keyword):
    number = KINDS[keyword][keyword]
    wanted = row_of(tmp_path, **KINDS[keyword])
    for text in (repr(number), f"  {number:+.8E}", f"{number:.8E}".replace("E", "D")):
        row = row_of(tmp_path, **KINDS[keyword] | {keyword: text})
        assert {one: row[one] for one in SAME} == {one: wanted[one] for one in SAME}
        assert row["warnings"] == [f"number-as-text: {keyword} {text!r} is read as {number:.12g}"]
    assert wanted["warnings"] == []


@pytest.mark.parametrize("keyword", KINDS)
@pytest.mark.parametrize("text", ["left", "1_0", "10,5", "0x10", "180 deg", "12:00:00", True])
def test_text_that_is_no_number_is_refused_by_its_card(tmp_path, keyword, text):
    told = refusal(tmp_path, **KINDS[keyword] | {keyword: text})
    assert told.startswith(f"{keyword}: found {text!r}, expected a number")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999"])
def test_numbers_that_are_not_finite_are_refused(tmp_path, text):
    for keyword in ("CRVAL1", "CDELT2", "CROTA2"):
        assert refusal(tmp_path, **{keyword: text}).startswith(f"{keyword}: found ")


def test_a_blank_card_is_as_good_as_none(tmp_path):
    assert row_of(tmp_path, CROTA2=" ")["header"] == row_of(tmp_path)["header"]
    assert refusal(tmp_path, CRVAL1=" ").startswith("CRVAL1: found none")


def test_j2000_and_b1950_are_equinoxes(tmp_path):
    for text, number in (("J2000", 2000.0), ("B1950", 1950.0), ("j2000.0", 2000.0)):
        assert row_of(tmp_path, EQUINOX=text)["ra_deg"] == row_of(tmp_path, EQUINOX=number)["ra_deg"]
    assert refusal(tmp_path, EQUINOX="B2000").startswith("EQUINOX: found 'B2000'")


def test_a_card_that_stands_twice_with_two_values_is_refused(tmp_path):
    path = a_file(tmp_path / "a.fits")
    with fits.open(path, mode="update") as file:
        file[0].header.append(("CRVAL1", 10.0), end=True)
    with pytest.raises(CatalogError, match="CRVAL1: stands in the header twice"):
        read_mosaic(path, "a", SURVEY)


@pytest.mark.parametrize(
    "cards",
    [{"RADESYS": "J2000"}, {"RADESYS": "GAPPT"}, {"RADESYS": "GALACTIC"}, {"RADESYS": 2000.0}, {"RADECSYS": "FK6"},
     {"CTYPE1": "ELON-SIN", "CTYPE2": "DEC--SIN"}, {"CTYPE1": "SLON-CAR", "CTYPE2": "SLAT-CAR", "RADESYS": "ICRS"},
     {"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN"}, {"CTYPE1": "RA---SIN", "CTYPE2": "GLAT-SIN"}, {"EQUINOX": "today"},
     {"EQUINOX": True}, {"CUNIT1": 5}],
)  # fmt: skip
def test_a_frame_that_cannot_be_told_is_refused_by_its_card(tmp_path, cards):
    keyword, found = next(iter(cards.items()))
    assert f"{keyword}: found {found!r}" in (told := refusal(tmp_path, **cards)) or f"{keyword} {found!r}" in told


@pytest.mark.parametrize("cards", [{"RADESYS": "FK4"}, {"EQUINOX": 1950.0}, {"RADECSYS": "FK4-NO-E", "EPOCH": 1950.0}])
def test_the_ecliptic_of_fk4_is_refused(tmp_path, cards):
    told = refusal(tmp_path, CTYPE1="ELON-SIN", CTYPE2="ELAT-SIN", **cards)
    assert "found ecliptic axes of FK4, expected such of FK5 or ICRS" in told


@pytest.mark.parametrize("cards", [{}, {"EQUINOX": 2000.0}, {"RADESYS": "ICRS", "EQUINOX": 2010.5}, {"RADESYS": "FK5"}])
@pytest.mark.parametrize("projection", ["SIN", "TAN", "CAR", "ZEA", "AIT"])
def test_ecliptic_pixels_are_where_astropy_has_the_ecliptic(tmp_path, cards, projection):
    flat = 0.0 if projection in ("CAR", "AIT") else -35.0
    row = row_of(tmp_path, CTYPE1=f"ELON-{projection}", CTYPE2=f"ELAT-{projection}", CRVAL1=123.4, CRVAL2=flat, **cards)
    wcs = read_wcs(row["header"])
    x, y = np.array([0.0, 20.0, 49.0]), np.array([39.0, 11.5, 0.0])
    longitude, latitude = wcs.all_pix2world(np.column_stack([x, y]), 0).T
    frame = BarycentricMeanEcliptic(equinox=Time(cards.get("EQUINOX", 2000.0), format="jyear"))
    theirs = SkyCoord(longitude, latitude, unit="deg", frame=frame).icrs
    ours = SkyCoord(*sky_of_pixels(wcs, x, y), unit="deg")
    assert theirs.separation(ours).arcsec.max() < 0.01 * row["pixel_arcsec"]
    np.testing.assert_allclose(pixels_of_sky(wcs, theirs.ra.deg, theirs.dec.deg), (x, y), atol=0.01)
    np.testing.assert_allclose(of_annotations(row["header"], theirs.ra.deg, theirs.dec.deg), (x, y), atol=0.01)


@pytest.mark.parametrize("name", ["fk5", "FK5 ", "Icrs", "fk4-no-e"])
def test_frames_are_known_in_any_capitals(tmp_path, name):
    wanted = row_of(tmp_path, RADESYS=name.strip().upper(), EQUINOX=2000.0)
    for keyword in ("RADESYS", "RADECSYS"):
        assert row_of(tmp_path, **{keyword: name}, EQUINOX=2000.0)["ra_deg"] == wanted["ra_deg"]


@pytest.mark.parametrize("frame", ["FK5", "FK4", "ICRS", "GAPPT"])
def test_a_galactic_image_is_galactic_whatever_its_header_says_of_an_equatorial_frame(tmp_path, frame):
    row = row_of(tmp_path, CTYPE1="GLON-CAR", CTYPE2="GLAT-CAR", CRVAL1=24.0, CRVAL2=0.0, CRPIX1=25.5, CRPIX2=20.5,
                 RADESYS=frame, EQUINOX=2000.0)  # fmt: skip
    wanted = SkyCoord(24.0, 0.0, unit="deg", frame="galactic").icrs
    assert (row["ra_deg"], row["dec_deg"]) == pytest.approx((wanted.ra.deg, wanted.dec.deg), abs=1e-6)


@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")  # of astropy, which writes it all the same
@pytest.mark.parametrize("hdu", [fits.PrimaryHDU, fits.CompImageHDU])
@pytest.mark.parametrize(
    "cards", [{"BSCALE": "wide"}, {"BSCALE": 0.0}, {"BZERO": "nan"}, {"BLANK": 1.5}, {"BLANK": "none"}, {"BLANK": True}]
)
def test_scaling_that_cannot_be_applied_is_refused_before_any_pixel_is_read(tmp_path, cards, hdu):
    path = tmp_path / "a.fits"
    a_file(path, np.zeros((40, 50), "i2"), hdu)
    where = 1 if hdu is fits.CompImageHDU else 0
    with fits.open(path, mode="update", disable_image_compression=True, do_not_scale_image_data=True) as file:
        file[where].header.update(cards)
    with pytest.raises(CatalogError, match=next(iter(cards))):
        read_mosaic(path, "a", SURVEY)


@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_scaling_written_as_text_is_applied(tmp_path):
    path = a_file(tmp_path / "a.fits", np.arange(2000, dtype="i2").reshape(40, 50))
    with fits.open(path, mode="update", do_not_scale_image_data=True) as file:
        file[0].header.update({"BSCALE": "0.5", "BZERO": "100.", "BLANK": "7"})
    row = read_mosaic(path, "a", SURVEY)
    assert {one.split(" ")[1] for one in row["warnings"] if "number-as-text" in one} == {"BSCALE", "BZERO", "BLANK"}
    image = open_plane(path).read((0, 0, 50, 40))
    wanted = np.arange(2000).reshape(40, 50) * 0.5 + 100
    assert np.isnan(image[0, 7]) and np.nansum(np.abs(image - wanted)) == 0


@given(
    projection=st.sampled_from(["SIN", "TAN", "CAR", "ZEA", "AIT", "STG"]),
    galactic=st.booleans(),
    at=st.tuples(st.floats(0, 360, exclude_max=True), st.floats(-80, 80)),
    pixel=st.tuples(st.floats(-30, 80), st.floats(-30, 80)),
    scale=st.tuples(st.floats(1e-4, 2e-3), st.floats(1e-4, 2e-3)),
    turn=st.floats(-180, 180),
    form=st.sampled_from(["CDELT", "CROTA", "PC", "CD"]),
    frame=st.sampled_from([{}, {"EQUINOX": 1950.0}, {"EQUINOX": 2000.0}, {"RADESYS": "FK5"}, {"RADESYS": "ICRS"},
                           {"RADECSYS": "FK4", "EPOCH": 1950.0}, {"RADESYS": "FK5", "EQUINOX": 1975.0}]),
    as_text=st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=150)
def test_a_header_places_its_pixels_where_astropy_does_or_is_refused(
    tmp_path_factory, *, projection, galactic, at, pixel, scale, turn, form, frame, as_text
):  # fmt: skip
    if projection in ("CAR", "AIT"):
        at = at[0], 0.0  # elsewhere their native pole is turned: what a WCS makes of it is tested with the sky
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    axes = ("GLON", "GLAT") if galactic else ("RA--", "DEC-")
    cards = {f"CTYPE{i + 1}": f"{axis}-{projection}" for i, axis in enumerate(axes)}
    cards |= {"CRVAL1": at[0], "CRVAL2": at[1], "CRPIX1": pixel[0], "CRPIX2": pixel[1]}
    steps, matrix = {"CDELT1": -scale[0], "CDELT2": scale[1]}, ((cosine, -sine), (sine, cosine))
    square = {f"{form}{i + 1}_{j + 1}": matrix[i][j] for i in (0, 1) for j in (0, 1)}
    cards |= {
        "CDELT": steps, "CROTA": steps | {"CROTA2": turn}, "PC": steps | square,
        "CD": {"CDELT1": None, "CDELT2": None}
        | {key: found * (-scale[0] if key[2] == "1" else scale[1]) for key, found in square.items()},
    }[form] | frame  # fmt: skip
    with warnings.catch_warnings(action="ignore"):
        theirs = WCS(fits.Header([(key, found) for key, found in cards.items() if found is not None]))
        wanted = theirs.pixel_to_world((50 - 1) / 2, (40 - 1) / 2).icrs
    written = {
        key: repr(float(found)) if as_text and isinstance(found, float) else found for key, found in cards.items()
    }
    row = row_of(tmp_path_factory.mktemp("header"), **written)
    assert wanted.separation(SkyCoord(row["ra_deg"], row["dec_deg"], unit="deg")).arcsec < 1e-3
