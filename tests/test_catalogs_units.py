"""Units of tables as radio software spells them: what is understood, and what would be a guess."""

from itertools import product

import pytest
from astropy import units as u
from astropy.io import fits

from catalogs.catalog import Catalog, read_catalog
from catalogs.units import NAMES, unit_that_gives, units_of
from schemas.errors import CatalogError

SPELLED = {
    "Jy / beam": ("JY/BEAM", "Jy/Beam", "jy/beam", "beam-1 Jy", "BEAM-1 JY", "Jy beam**-1", "JY BEAM -1", "Jy/bm",
                  "Jy beam⁻¹", "Jy per beam", "(Jy/beam)", "Jy.beam-1", " Jy / beam ", "Jansky/beam"),
    "mJy / beam": ("mJy/Beam", "mJY/BEAM", "mJy/bm", "mjy beam^-1", "MILLIJY/BEAM", "10**-3 Jy/beam", "10-3 Jy/beam"),
    "uJy / beam": ("UJY/BEAM", "µJy/beam", "μJy beam-1", "microJy/beam"),
    "arcsec": ('"', "''", "″", "ARCSEC", "arcsecs", "Arcseconds", "asec"), "arcmin": ("'", "ARCMIN", "arcminutes"),
    "deg": ("DEG", "Degrees", "degree", "deg.", "°", "d:m:s", '"d:m:s"'),
    "hourangle": ("h:m:s", "HMS", "hours", "HR", "h"),
    "mas": ("MAS", "milliarcsec"), "MHz": ("MHZ", "mhz"), "GHz": ("GHZ",), "km / s": ("KM/S", "KM S-1", "km.s**-1"),
    "yr": ("YR", "years"), "pc / cm3": ("PC/CM3", "pc cm^-3"), "s": ("S", "SEC"), "Jy": ("JY", "jy", "JANSKYS"),
}  # fmt: skip


@pytest.mark.parametrize(("unit", "text"), [(unit, one) for unit, texts in SPELLED.items() for one in texts])
def test_a_unit_is_understood_in_capitals_in_any_order_and_by_its_sign(unit, text):
    target = {"hourangle": "deg"}.get(unit, unit)
    assert unit_that_gives(text, target) == u.Unit(unit)


@pytest.mark.parametrize("unit", NAMES)
def test_every_name_in_capitals_is_that_unit_where_it_is_asked_for(unit):
    for word, change in product(NAMES[unit].split(), (str.upper, str.title, str.lower)):
        assert any(one == u.Unit(unit) for one in units_of(change(word))), change(word)


@pytest.mark.parametrize("text", ["MJY", "Mjy", "MJY/BEAM", "BEAM-1 MJY", "MJANSKY"])
def test_milli_or_mega_is_not_guessed(text):
    target = "mJy/beam" if "BEAM" in text else "mJy"
    with pytest.raises(ValueError, match=r"can mean mJy.* or MJy.*; say which as unit"):
        unit_that_gives(text, target)


@pytest.mark.parametrize("text", ["furlong", "?", "[mJy]", "log(Jy)", "Jy/", "dex", "mag(AB)"])
def test_what_nobody_knows_is_no_unit(text):
    with pytest.raises(ValueError, match="is not a unit that astropy knows|cannot become mJy"):
        unit_that_gives(text, "mJy")


def a_table(path, in_file, **column):
    places = [fits.Column(name, "D", unit="DEG", array=[10.0]) for name in ("RA", "DEC")]
    fits.BinTableHDU.from_columns([*places, fits.Column("S", "D", unit=in_file, array=[2.0])]).writeto(path)
    ours = {"ra_deg": {"name": "RA"}, "dec_deg": {"name": "DEC", "unit": "deg"}, "flux_mjy": {"name": "S", **column}}
    return Catalog(name="c", title="c", file="c", format="fits", cite="x", columns=ours)


@pytest.mark.parametrize("unit", ["MJY", "Flux (mJy)", "mJy!"])
def test_the_toml_says_what_a_unit_of_the_file_means_that_nobody_can_read_or_that_means_two(tmp_path, unit):
    door = a_table(tmp_path / "c", unit, unit="mJy")
    assert read_catalog(tmp_path / "c", door).table["flux_mjy"].to_pylist() == [2.0]


def test_without_the_toml_a_unit_that_means_two_is_one_line_with_the_key_to_edit(tmp_path):
    door = a_table(tmp_path / "c", "MJY")
    with pytest.raises(CatalogError, match=r"S: 'MJY' can mean mJy or MJy; say which as unit; edit columns\.flux_mjy"):
        read_catalog(tmp_path / "c", door)


def test_a_unit_that_is_understood_still_is_held_against_the_toml(tmp_path):
    with pytest.raises(CatalogError, match="the file is in 'JY', the TOML says 'mJy'"):
        read_catalog(tmp_path / "c", a_table(tmp_path / "c", "JY", unit="mJy"))


def test_whole_numbers_in_another_unit_are_not_left_as_they_are(tmp_path):
    with pytest.raises(CatalogError, match=r'whole numbers cannot be converted without rounding; set type = "real"'):
        read_catalog(tmp_path / "c", a_table(tmp_path / "c", "Jy", type="int"))


def test_a_unit_of_a_column_that_needs_none_is_never_in_the_way(tmp_path):
    door = a_table(tmp_path / "c", "what?")
    columns = {**door.columns, "ratio": door.columns["flux_mjy"].model_copy(update={"type": "real"})}
    del columns["flux_mjy"]
    table = read_catalog(tmp_path / "c", door.model_copy(update={"columns": columns})).table
    assert table["ratio"].to_pylist() == [2.0]


def test_a_power_that_nobody_means_is_no_unit_and_costs_no_time():
    for text in ("10**9999 Jy", "Jy**(-4000)", "m^ 12345", "Jy " * 50):
        assert units_of(text) == []
    assert [str(one) for one in units_of("10**-26 W m-2 Hz-1")] == ["1e-26 W / (Hz m2)"]
