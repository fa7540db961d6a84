"""A catalogue that changes while a build runs: no table of new content under the address of the old."""

from pathlib import Path

import pytest

from catalogs.catalog import Catalog
from curation.truth.entries import entries_step
from schemas.errors import CatalogError

ROWS = "name,ra,dec\nA,10,-30\nB,11,-31\n"


def step(folder: Path):
    columns = {
        "name": {"name": "name"},
        "ra_deg": {"name": "ra", "unit": "deg"},
        "dec_deg": {"name": "dec", "unit": "deg"},
    }
    door = Catalog.model_validate(
        {"name": "mine", "title": "Mine", "file": "mine.csv", "cite": "c", "format": "csv", "key": "name"}
        | {"columns": columns}
    )
    (folder / "mine.csv").write_text(ROWS)
    return entries_step(door, folder)


def test_a_catalogue_that_stays_is_read(tmp_path):
    made = step(tmp_path)
    assert made.run([]).kept["name"].to_pylist() == ["A", "B"]


def test_a_catalogue_that_changed_since_its_address_was_made_is_told_and_no_table_is_made(tmp_path):
    made = step(tmp_path)
    (tmp_path / "mine.csv").write_text(ROWS.replace("A,", "C,"))  # as many bytes
    with pytest.raises(CatalogError, match="catalogue mine: its files changed since the build began"):
        made.run([])
