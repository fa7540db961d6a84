from itertools import product

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.survey import Survey
from curation.pictures.brightness_unit import mjy_per_beam
from curation.pictures.mosaics import read_mosaic
from schemas.errors import CatalogError

SURVEY = Survey(name="tiny", title="Tiny", frequency_mhz=1400, files=("*.fits*",), pictures=True, cite="")
JANSKYS = {
    1000: ("Jy", "JY", "jy", "Jansky", "janskys"), 1: ("mJy", "mjy", "milliJy", "MILLIJY", "milli Jansky"),
    0.001: ("uJy", "UJY", "µJy", "μJy", "microjansky", "micro Jy"), 1e-6: ("nJy", "NJY"),
}  # fmt: skip
BEAMS = ("beam", "Beam", "BEAM", "bm", "Bm")
OVER = ("{j}/{b}", "{j} / {b}", "{j}/({b})", "({j})/({b})", "({j}/{b})", "[{j}/{b}]", "{j} per {b}")
POWERS = ("-1", "^-1", "**-1", "^(-1)", "**(-1)", " -1", "^{{-1}}")
ORDERS = ("{j} {b}{p}", "{j}.{b}{p}", "{j}*{b}{p}", "{b}{p} {j}", "{b}{p}.{j}", "{b}{p}*{j}", "{j} ({b}){p}")
TENS = ("10**{k} {u}", "10^{k} {u}", "10^({k}) {u}", "10**({k}) {u}", "10{k:+d} {u}", "1e{k} {u}", "1.0E{k:+d} {u}",
        "10**{k}*{u}", "{u} 10**{k}", "{u}*1e{k}", "10**{k}{u}", "(10**{k}) {u}")  # fmt: skip


@pytest.mark.parametrize("factor", JANSKYS)
def test_a_brightness_per_beam_is_understood_in_any_order_capitals_and_prefix(factor):
    spelled = [form.format(j=j, b=b) for form, j, b in product(OVER, JANSKYS[factor], BEAMS)]
    spelled += [
        form.format(j=j, b=b, p=p.format()) for form, j, b, p in product(ORDERS, JANSKYS[factor], BEAMS, POWERS)
    ]
    assert {one: mjy_per_beam(one) for one in spelled if mjy_per_beam(one) != factor} == {}


@given(
    k=st.integers(-9, 9), form=st.sampled_from(TENS), unit=st.sampled_from(("Jy/beam", "mJy beam-1", "beam**-1 uJy"))
)
@settings(deadline=None)
def test_a_power_of_ten_before_or_after_is_a_factor(k, form, unit):
    assert mjy_per_beam(form.format(k=k, u=unit)) == pytest.approx(10.0**k * mjy_per_beam(unit), rel=1e-9)


@pytest.mark.parametrize(
    "text",
    ["Jy/beam", "mJy/beam", "uJy / beam", "beam-1 Jy", "Jy.beam-1", "10-3 Jy/beam", "W m-2 Hz-1 beam-1", "kJy/beam"],
)
def test_what_astropy_reads_as_it_stands_is_what_it_is_to_astropy(text):
    assert mjy_per_beam(text) == pytest.approx(u.Unit(text, format="generic").to(u.mJy / u.beam))


@pytest.mark.parametrize(
    "text",
    ["", "K", "Jy", "beam", "1", "counts", "Jy/pixel", "Jy/sr", "MJy/sr", "Jy beam", "Jy/beam-1", "Jy/beam/beam",
     "Jy2/beam", "Jy/beam km/s", "Jy/beam.m/s", "Jy/beam mJy", "0 Jy/beam", "-1 Jy/beam", "adu/beam", "mag/beam",
     "?Jy/beam", "MJY/BEAM", "MJy/beam", "Jy beam-1.5", "10**999999999 Jy/beam", "Jy/beam)", "((", "RA---SIN", "W/beam",
     "Jy/beam 2"],
)  # fmt: skip
def test_what_is_no_brightness_per_beam_or_would_be_a_guess_is_refused(text):
    assert mjy_per_beam(text) is None


@given(st.text(alphabet="JjYymMuUbBeEaAmM/.*^()-+01 ", max_size=20))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_positive_factor_or_nothing(text):
    factor = mjy_per_beam(text)
    assert factor is None or (np.isfinite(factor) and factor > 0)


def a_file(path, bunit: bytes):
    header = fits.Header([("CTYPE1", "RA---SIN"), ("CTYPE2", "DEC--SIN"), ("CRVAL1", 150.0), ("CRVAL2", 2.0)])
    header["CRPIX1"], header["CRPIX2"], header["CDELT1"], header["CDELT2"] = 16.0, 16.0, -0.0005, 0.0005
    header["BUNIT"] = "@" * len(bunit)
    image = np.random.default_rng(1).normal(0, 1e-3, (32, 32)).astype(">f4")
    fits.PrimaryHDU(image, header).writeto(path)
    path.write_bytes(path.read_bytes().replace(b"@" * len(bunit), bunit))
    return path


@pytest.mark.parametrize(
    ("bunit", "factor"),
    [("µJy/beam".encode(), 0.001), ("μJy/beam".encode(), 0.001), ("µJy/beam".encode("latin-1"), 0.001),
     ("mJy beam⁻¹".encode(), 1), ("Jy·beam-1".encode(), 1000), ("Jy\N{NO-BREAK SPACE}beam-1".encode(), 1000)],
)  # fmt: skip
def test_a_sign_beyond_ascii_does_not_make_a_unit_a_million_times_larger(tmp_path, bunit, factor):
    row = read_mosaic(a_file(tmp_path / "a.fits", bunit), "a", SURVEY)
    assert row["to_mjy_per_beam"] == factor
    assert row["warnings"][0].startswith("header-characters: ")


def test_another_sign_beyond_ascii_in_a_unit_is_refused(tmp_path):
    with pytest.raises(CatalogError, match=r"BUNIT: found '\?Jy/beam', expected Jy/beam"):
        read_mosaic(
            a_file(tmp_path / "a.fits", "\N{LATIN SMALL LETTER O WITH STROKE}Jy/beam".encode("latin-1")), "a", SURVEY
        )


def test_a_unit_that_differs_from_the_surveys_is_noted_by_what_it_means(tmp_path):
    path = a_file(tmp_path / "a.fits", b"10**-3 Jy/beam")
    for survey_unit, is_noted in (("mJy/beam", False), ("Jy/beam", True)):
        row = read_mosaic(path, "a", SURVEY.model_copy(update={"brightness_unit": survey_unit}))
        assert any("unit-differs" in one for one in row["warnings"]) is is_noted
