"""The gate is run again: what it leaves beside a report, and a report that is damaged."""

import random
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from curation import build
from curation.engine.run import make_parts
from curation.engine.store import Store
from curation.release.gates import GateResult
from schemas.errors import DamageError
from schemas.whole import folder_problems
from tests.bit_flips import flip_bit
from tests.test_curation_engine import counting, finish, odd_step

MADE = SimpleNamespace(
    handover="llava/few/0123456789ab", corpus=SimpleNamespace(name="few"), steps=[], addresses=dict, reviews={}
)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A report that was published with its gate's record; and how often one was written."""
    pages: list[str] = []

    def gates(_store, _addresses, folder):
        folder.mkdir()
        (folder / "gate.txt").write_text("all rules held")
        return GateResult(ok=True, refusals=(), n_rules=1, n_judged=1, folder=folder)

    def report(_store, _made, _gate, file, _decisions):
        pages.append("a page")
        file.write_text(pages[-1])
        file.with_suffix(".json").write_text("its numbers")

    monkeypatch.setattr(build, "run_gates", gates)
    monkeypatch.setattr("curation.release.report.report", report)
    store = Store(str(tmp_path))
    build.run_gate(MADE, store, None, with_report=True)
    return store, pages


def test_a_whole_report_stays_as_it_is(written):
    store, pages = written
    build.run_gate(MADE, store, None)
    page = build.report_file(MADE, store, None)
    assert pages == ["a page"] and page.read_text() == "a page" and folder_problems(page.parent) == []
    assert page.with_suffix(".json").read_text() == "its numbers"


def test_a_damaged_report_is_written_again_and_gets_no_digest_of_its_own(written):
    store, pages = written
    page = build.report_file(MADE, store, None)
    flip_bit(page, random.Random(1))
    build.run_gate(MADE, store, None)
    assert pages == ["a page"] * 2 and page.read_text() == "a page" and folder_problems(page.parent) == []


def test_where_the_gate_fails_on_refused_rows_whose_footer_is_damaged_the_damage_is_told(tmp_path, monkeypatch):
    store, numbers = Store(str(tmp_path)), counting()
    odds = odd_step(numbers)
    finish(numbers, store, make_parts(numbers, 0, store))
    finish(odds, store, [make_parts(odds, k, store)[0] for k in range(3)])
    refused = tmp_path / odds.address / "_rejected/part-00000.parquet"
    made = SimpleNamespace(**{**vars(MADE), "steps": [numbers, odds]})

    def gates(*_):
        assert store.rejected(odds.address)["reason"]
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(build, "run_gates", gates)
    with pytest.raises(RuntimeError, match="a fault of ours"):  # nothing is damaged
        build.run_gate(made, store, None)
    for file in refused.parent.iterdir():
        pq.write_table(pq.read_table(file).rename_columns(["row_id", "reasom", "detail", "row"]), file)
    with pytest.raises(DamageError, match="part-00000.parquet: damaged"):
        build.run_gate(made, store, None)
