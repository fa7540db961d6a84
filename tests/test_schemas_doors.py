"""Doors beside the data: where they are looked for, and what is wrong with them, in one line each."""

import importlib
import sys

import pytest

from catalogs.catalog import catalogs
from catalogs.dataset import dataset
from catalogs.survey import surveys
from schemas import doors
from schemas.doors import VARIABLE, use_doors, use_doors_beside
from schemas.errors import RecipeError
from schemas.labels import label_schemes, package_schemes

SURVEY = 'title = "{}"\nfiles = ["images/*.fits"]\ncite = "nobody"\n'
SCHEME = 'title = "Mine"\ncite = "nobody"\nkind = "single"\n[labels.RING]\nid = 1\ndefinition = "a ring"\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of the user's, in force for the test."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (tmp_path / "surveys").mkdir()
    return tmp_path


def test_a_survey_of_the_users_stands_beside_those_of_the_package(folder):
    before = set(surveys())
    (folder / "surveys/mine.toml").write_text(SURVEY.format("Mine"))
    assert set(surveys()) == {*before, "mine"}
    (folder / "surveys/mine.toml").write_text(SURVEY.format("Mine, renamed"))
    assert surveys()["mine"].title == "Mine, renamed"


def test_a_name_that_stands_twice_is_an_error_that_names_both_files(folder):
    (folder / "surveys/first.toml").write_text(SURVEY.format("Mine"))
    with pytest.raises(
        RecipeError, match=r"'first' stands twice in surveys: .*catalogs.surveys.first\.toml and "
    ) as caught:
        surveys()
    assert str(folder / "surveys/first.toml") in str(caught.value)


def test_every_mistake_of_every_file_is_told_at_once_with_file_key_and_what_was_found(folder):
    (folder / "surveys/one.toml").write_text(SURVEY.format("Mine") + "pixel_arcsec = -2\nbeem_arcsec = [1, 2]\n")
    (folder / "surveys/two.toml").write_text("title = \n")
    with pytest.raises(RecipeError) as caught:
        surveys()
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert any("one.toml: pixel_arcsec: found -2; Input should be greater than 0" in line for line in lines)
    assert any("one.toml: beem_arcsec: no such key; expected one of title, " in line for line in lines)
    assert any("two.toml: not TOML: Invalid value (at line 1" in line for line in lines)


def test_a_scheme_of_the_users_is_none_of_the_packages(folder):
    (folder / "label_schemes").mkdir()
    (folder / "label_schemes/mine.toml").write_text(SCHEME)
    assert "mine" in label_schemes()
    assert "mine" not in package_schemes()


def test_a_folder_that_is_not_there_and_one_that_holds_something_else_are_refused(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(RecipeError, match="no such folder; expected one with surveys, catalogs"):
        use_doors(tmp_path / "nowhere")
    (tmp_path / "survey").mkdir()
    with pytest.raises(RecipeError, match="found the folder survey, expected only surveys, catalogs"):
        use_doors(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(RecipeError, match="RADIO_DOORS .*nowhere: no such folder"):
        surveys()


def test_the_folder_beside_a_corpus_file_counts_only_where_none_was_named(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "")  # so that what the test sets is undone
    monkeypatch.delenv(VARIABLE)
    (tmp_path / "doors").mkdir()
    use_doors_beside(tmp_path / "mine.toml")
    assert doors.user_doors() == tmp_path / "doors"
    (tmp_path / "other/doors").mkdir(parents=True)
    use_doors_beside(tmp_path / "other/mine.toml")
    assert doors.user_doors() == tmp_path / "doors"


def test_an_installed_package_brings_doors_and_runs_no_code(tmp_path, monkeypatch):
    package = tmp_path / "radio_more"
    (package / "surveys").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "surveys/more.toml").write_text(SURVEY.format("More"))
    about = tmp_path / "radio_more-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: radio-more\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[radio_corpus.doors]\nmore = radio_more\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    doors._installed.cache_clear()
    try:
        assert surveys()["more"].title == "More"
    finally:
        monkeypatch.undo()
        doors._installed.cache_clear()
    assert "more" not in surveys()


MODULE = """
import pyarrow as pa
from catalogs.dataset import CutoutRecipe, Published
from schemas.rejection import sieved
from schemas.tables import SOURCES
import {beside}
TITLE, SCHEME, SURVEY, CITE, SHA256 = "Mine", "mirabest", "first", "nobody", {{}}
CUTOUT, PUBLISHED = CutoutRecipe(), Published("nobody")
def read_sources(raw, mosaics):
    return sieved(SOURCES.of([]), [], 0)
"""


def test_a_dataset_in_python_counts_by_its_source_and_by_what_it_imports_from_beside_it(folder):
    (folder / "datasets").mkdir()
    (folder / "datasets/_mine_shared.py").write_text("ONE = 1\n")
    (folder / "datasets/mine.py").write_text(MODULE.format(beside="_mine_shared"))
    found = dataset("mine")
    assert list(found.code) == ["_mine_shared.py", "mine.py"]
    assert found.read_sources(folder, None).n_in == 0
    (folder / "datasets/other.py").write_text(MODULE.format(beside="catalogs.formats.coco"))
    assert {"other.py", "formats/coco.py", "formats/plain_json.py"} <= set(dataset("other").code)


def test_a_dataset_in_python_that_fails_is_one_line_with_its_file_and_line(folder):
    (folder / "datasets").mkdir()
    (folder / "datasets/broken.py").write_text("x = 1\ny = x / 0\n")
    with pytest.raises(RecipeError, match=r"broken\.py: ZeroDivisionError: division by zero \(.*broken\.py, line 2\)"):
        dataset("broken")


@pytest.mark.parametrize("words", [("plan", "tiny"), ("status", "tiny"), ("inspect", "x.fits"), ("check", "tiny")])
def test_every_command_says_in_one_line_that_the_doors_are_not_there(curation, tmp_path, words):
    done = curation(*words, "--doors", tmp_path / "nowhere")
    assert done.returncode == 2
    assert (
        done.stderr
        == f"error: doors {tmp_path / 'nowhere'}: no such folder; expected one with {', '.join(doors.KINDS)} in it\n"
    )


def test_a_catalogue_of_the_users_is_inspected_by_its_name(curation, tmp_path):
    (tmp_path / "doors/catalogs").mkdir(parents=True)
    text = 'title = "Mine"\nfile = "mine.csv"\nformat = "csv"\ncite = "nobody"\n[columns]\n'
    text += 'ra_deg = {name = "RA", unit = "deg"}\n'
    (tmp_path / "doors/catalogs/mine.toml").write_text(text + 'dec_deg = {name = "Dec", unit = "deg"}\n')
    (tmp_path / "mine.csv").write_text("RA,Dec\n30.5,-10\n")
    done = curation("inspect", tmp_path / "mine.csv", "--catalog", "mine", "--doors", tmp_path / "doors")
    assert done.returncode == 0, done.stderr
    assert "1 rows in = 1 kept" in done.stdout
    assert "mine" not in catalogs()
