"""The hats library finds what `export --to hats` wrote valid to the last file, and reads every row of it."""

from pathlib import Path

import pytest

from curation.release.forms import write_form
from curation.release.handover_rows import Split
from tests.peers.running import said_by

pytestmark = pytest.mark.peer


def test_hats_finds_the_catalogue_valid_and_reads_every_row(demo_build, tmp_path):
    write_form(demo_build.handover, "hats", tmp_path / "out", shard_mb=1)
    said = said_by("hats", tmp_path / "out" / "train")
    assert said["versions"] == {"hats": "0.11.1"} and said["is_valid"] is True
    split = Split(demo_build.handover, "train")
    sky = split.sky()
    wanted = {record.id: record for _, record in split.places() if record.id in sky}
    assert said["n"] == len(said["rows"]) == len(wanted) and {row["id"] for row in said["rows"]} == wanted.keys()
    for row in said["rows"]:
        assert (row["ra"], row["dec"]) == (sky[row["id"]].ra_deg, sky[row["id"]].dec_deg)
        assert row["messages"] == wanted[row["id"]].as_messages()["messages"]
        assert row["sha256"] == Path(wanted[row["id"]].image).stem
    assert 0 < len(said["near"]) < len(said["tiles"])
