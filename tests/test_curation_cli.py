"""The command line: what only looks writes nothing, what is not there is one line, and a name stays where it points."""

import json
from pathlib import Path

import pytest

from schemas.manifest import Manifest, Part

ADDRESSES = ("samples/mine/0123456789ab", "samples/mine/ba9876543210")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for address in ADDRESSES:
        (tmp_path / "store" / address).mkdir(parents=True)
        (tmp_path / "store" / address / "_manifest.json").write_text("{}")
    return tmp_path / "store"


def files(folder: Path) -> set[tuple[str, int]]:
    return {(str(path), path.stat().st_mtime_ns) for path in folder.rglob("*")}


@pytest.mark.parametrize("command", [("plan", "tiny"), ("build", "tiny", "--dry-run"), ("status", "tiny")])
def test_what_only_looks_writes_nothing_and_makes_no_store(curation, demo_raw, tmp_path, command):
    before = files(demo_raw)
    done = curation(*command, "--raw", demo_raw, "--store", tmp_path / "store")
    assert (done.returncode, list(tmp_path.iterdir())) == (0, []), done.stderr
    assert "to do" in done.stdout and files(demo_raw) == before
    (tmp_path / "store").mkdir()
    assert curation(*command, "--raw", demo_raw, "--store", tmp_path / "store").returncode == 0
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("verify-split", "{nope}"), "no such folder; expected a hand-over"),
        (("why", "sample-0", "--store", "{nope}"), "no such folder; a build makes it"),
        (("tag", "mine", ADDRESSES[0], "--store", "{nope}"), "no such folder; a build makes it"),
        (("plan", "tiny", "--raw", "{nope}"), "no such folder"),
        (("plan", "{nope}.toml", "--raw", "{raw}"), "no such file"),
    ],
)
def test_a_path_that_is_not_there_is_wrong_use_told_on_one_line(curation, demo_raw, tmp_path, words, told):
    nope = tmp_path / "nope"
    done = curation(*(word.format(nope=nope, raw=demo_raw) for word in words))
    assert done.returncode == 2 and told in done.stderr and str(nope) in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not nope.exists()


def test_a_tag_moves_only_when_that_is_said(curation, store):
    first, second = ADDRESSES
    where = store / "tags" / "mine.json"
    for words in ((first,), (first,)):  # the same again is no move
        assert curation("tag", "mine", *words, "--store", store).returncode == 0
    done = curation("tag", "mine", second, "--store", store)
    assert done.returncode == 2 and f"points at {first}" in done.stderr and "--move" in done.stderr
    assert json.loads(where.read_text())["address"] == first
    assert curation("tag", "mine", second, "--move", "--store", store).returncode == 0
    assert json.loads(where.read_text())["address"] == second
    assert curation("tag", "paper", "mine", "--store", store).returncode == 0  # where another tag points now
    assert json.loads((store / "tags" / "paper.json").read_text())["address"] == second


def test_rows_off_the_mosaics_are_told_apart_from_refused_ones():
    reasons = {"off-mosaic": 12_059, "no-position": 2}
    part = Part(name="part-00000.parquet", n_rows=32, sha256="")
    found = Manifest(
        address="windows/mine/0", table="WINDOWS", recipe={}, inputs=[], counts="sources", n_in=12_093, n_kept=32,
        n_rejected=12_061, reasons=reasons, parts=[part], rejected=[], versions={}, commit="", made_at="", made_by="",
    )  # fmt: skip
    assert found.told == "12,093 in = 32 kept + 12,059 off the mosaics + 2 refused"
    assert (found.n_off_mosaic, found.n_refused) == (12_059, 2)
    assert found.model_copy(update={"reasons": {}, "n_rejected": 0}).told == "12,093 in = 32 kept + 0 refused"
