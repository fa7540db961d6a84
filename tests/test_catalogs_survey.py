"""Every survey door loads and cites, and finds the files it names."""

import pytest

from catalogs.survey import Survey, surveys
from schemas.errors import RecipeError
from schemas.folder import read_door

REAL = {"first": 306, "lotss_dr1": 2, "nvss": 6, "sumss": 8, "vlssr": 5, "vlass": 5, "magpis": 1, "scorpio_atca": 3}
PAPER = {"smgps", "emu_main", "emu_pilot", "emu_pilot_gp", "first", "scorpio_atca", "scorpio_askap"}


@pytest.mark.parametrize("name", sorted(surveys()))
def test_every_survey_loads_and_cites_a_year(name):
    survey = surveys()[name]
    assert survey.name == name
    assert survey.title
    assert survey.files
    assert (
        any(part.strip(" ,;").isdigit() and len(part.strip(" ,;")) == 4 for part in survey.cite.split())
        or "demo" in name
    )


def test_the_surveys_of_the_paper_and_of_the_real_images_are_there():
    assert PAPER | REAL.keys() <= surveys().keys()


def test_a_citation_is_no_part_of_a_recipe():
    assert "cite" not in surveys()["first"].model_dump()
    assert "acknowledgement" not in surveys()["first"].model_dump()


def test_what_is_not_true_of_every_field_is_not_assumed():
    assert surveys()["sumss"].beam_arcsec is None  # 45 x 45 cosec(dec)
    assert surveys()["vlass"].beam_arcsec is None
    assert surveys()["first"].beam_arcsec == (5.4, 5.4)


def test_a_licence_nobody_stated_is_unknown():
    assert {name for name, one in surveys().items() if one.licence != "unknown" and "demo" not in name} == {
        "first",
        "nvss",
        "sumss",
    }


@pytest.mark.parametrize("name", sorted(REAL))
def test_the_patterns_find_the_real_files(raw, name):
    survey = surveys()[name]
    assert len({path for pattern in survey.files for path in raw.glob(pattern)}) == REAL[name]


def test_all_scorpio_files_are_declared_stale(raw):
    survey = surveys()["scorpio_atca"]
    assert {path for pattern in survey.stale_wcs for path in raw.glob(pattern)} == {
        path for pattern in survey.files for path in raw.glob(pattern)
    }


def test_a_misspelt_key_is_an_error_that_names_the_file(tmp_path):
    door = tmp_path / "mine.toml"
    door.write_text('title = "x"\nfrequency_mhz = 1\nfiles = ["*"]\ncite = "x"\nbeam_arcsecs = [1, 1]\n')
    with pytest.raises(RecipeError, match=r"mine\.toml: beam_arcsecs"):
        read_door(Survey, door)
