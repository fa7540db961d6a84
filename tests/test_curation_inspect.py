"""`curation inspect --catalog`: what a table is, before any work is done."""

import json

from click.testing import CliRunner

from curation.cli import curation


def inspected(*words: object):
    return CliRunner().invoke(curation, ["inspect", *map(str, words)])


def test_the_columns_of_a_table_and_the_rows_that_would_be_kept_are_told(demo_raw):
    file = demo_raw / "catalogs/rgcat.fits"
    found = inspected(file, "--catalog", "rgcat")
    assert found.exit_code == 0, found.output
    assert "box_width_arcsec = 'box_width' (FITS D, arcsec) (a guess)" in found.output
    assert "47 rows in = 45 kept + 2 refused; duplicate-id 1; no-position 1; published were 211,625" in found.output
    told = json.loads(inspected(file, "--catalog", "rgcat", "--json").output)["files"][0]
    assert told["n_in"] == told["n_kept"] + sum(told["reasons"].values())


def test_a_column_that_is_missing_is_told_with_what_is_near_and_the_key_to_edit(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("file,mirabest_klass,fr_label\na,100,FR-I\n", encoding="utf-8")
    found = inspected(file, "--catalog", "first_mirabest_labels")
    assert found.exit_code == 1
    assert "no column 'mirabest_class'; near: mirabest_klass; edit columns." in found.output
    assert "fr_label" in found.output
    assert "Traceback" not in found.output


def test_a_wrong_file_or_name_is_one_line(tmp_path):
    assert "no such file" in inspected(tmp_path / "none.fits", "--catalog", "rgcat").output
    (tmp_path / "text.fits").write_text("no table")
    found = inspected(tmp_path / "text.fits", "--catalog", "rgcat")
    assert found.exit_code == 1
    assert "not a readable FITS table" in found.output
    for words in (("--catalog", "nobody"), ("--catalog", "rgcat", "--survey", "first")):
        assert inspected(tmp_path / "text.fits", *words).exit_code != 0
