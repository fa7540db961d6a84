"""Brightness that cannot be is noted when the image is indexed, and only then."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from catalogs.survey import Survey
from curation.pictures.mosaics import read_mosaic

SURVEY = Survey(name="tiny", title="Tiny", frequency_mhz=1400, files=("*.fits*",), pictures=True, cite="")


def notes_of(path, image, unit="mJy/beam", **cards) -> list[str]:
    header = fits.Header([("CTYPE1", "RA---SIN"), ("CTYPE2", "DEC--SIN"), ("CRVAL1", 150.0), ("CRVAL2", 2.0)])
    header["CRPIX1"], header["CRPIX2"], header["CDELT1"], header["CDELT2"] = 16.0, 16.0, -0.0005, 0.0005
    header["BMAJ"], header["BMIN"] = 0.0015, 0.0015
    header.update({"BUNIT": unit, **cards} if unit else cards)
    fits.PrimaryHDU(image.astype(">f4"), header).writeto(path, overwrite=True)
    return read_mosaic(path, "a", SURVEY)["warnings"]


def noise(rms, shape=(64, 64), peak=None):
    image = np.random.default_rng(1).normal(0, rms, shape)
    if peak is not None:
        image[shape[0] // 2, shape[1] // 2] = peak
    return image


@pytest.mark.parametrize(
    ("image", "unit", "what"),
    [
        (noise(200, peak=95_000), "mJy/beam", "peak 95 Jy/beam"),  # in microjanskys, and named millijanskys
        (noise(0.2, peak=95), "Jy/beam", "peak 95 Jy/beam"),  # in millijanskys, and named janskys
        (noise(25_000), "mJy/beam", "noise 2.46e+04 mJy"),
        (noise(2e-4, peak=0.1), "uJy/beam", "noise "),  # in janskys, and named microjanskys
    ],
)
def test_brightness_that_cannot_be_is_noted_by_what_is_wrong(tmp_path, image, unit, what):
    (note,) = notes_of(tmp_path / "a.fits", image, unit)
    assert note.startswith("brightness-doubtful: ") and what in note and "look at BUNIT" in note


@pytest.mark.parametrize(("rms_mjy", "peak_mjy"), [(3e-4, 1e-2), (0.025, 30), (0.45, 12_000), (100, 35_000)])
@pytest.mark.parametrize(("unit", "mjy"), [("Jy/beam", 1000), ("mJy/beam", 1), ("uJy/beam", 0.001)])
def test_what_real_surveys_have_is_not_noted_in_any_unit(tmp_path, rms_mjy, peak_mjy, unit, mjy):
    assert notes_of(tmp_path / "a.fits", noise(rms_mjy / mjy, peak=peak_mjy / mjy), unit) == []


def test_blank_constant_and_noiseless_pictures_and_unknown_units_are_not_doubted(tmp_path):
    for image in (np.full((32, 32), np.nan), np.zeros((32, 32)), np.eye(32)):
        assert notes_of(tmp_path / "a.fits", image) == []
    assert [one.split(":")[0] for one in notes_of(tmp_path / "a.fits", noise(1e9), "")] == ["unit-unknown"]


def test_a_large_image_is_doubted_by_a_sample_and_by_its_own_datamax(tmp_path):
    assert "noise" in notes_of(tmp_path / "a.fits", noise(9000, (1500, 1200)))[0]
    assert notes_of(tmp_path / "a.fits", noise(1, (1500, 1200))) == []
    assert "peak 95 Jy/beam" in notes_of(tmp_path / "a.fits", noise(1, (1500, 1200)), DATAMAX=95_000.0)[0]


def test_a_packed_file_is_looked_at_as_any_other(tmp_path):
    notes = notes_of(tmp_path / "a.fits", noise(200, peak=95_000))
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    assert read_mosaic(tmp_path / "a.fits.gz", "a", SURVEY)["warnings"] == notes
