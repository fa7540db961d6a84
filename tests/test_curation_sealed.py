"""The sky of benchmarks: which rows seal it, how wide, and what is told when nothing can be sealed."""

import math

import pyarrow as pa
import pytest

from catalogs.benchmark import Benchmark, benchmark, benchmarks
from catalogs.dataset import dataset, datasets
from curation.engine.steps import Step
from curation.truth.sealed import (
    MOSAIC_COLUMNS,
    SOURCE_COLUMNS,
    SealConfig,
    benchmark_sources_step,
    sealed,
    sealed_step,
)
from schemas.errors import CatalogError, RecipeError
from schemas.fingerprint import content_id
from schemas.tables import MOSAICS, SEALED, SOURCES

B6 = Benchmark(name="b6", title="FR class", dataset="tiny", cite="nobody")


def row(name: str, **more) -> dict:
    ordinary = {
        "source_id": content_id("source", name), "source_name": name, "dataset": "tiny", "ra_deg": 10.0, "dec_deg": 5.0,
        "side_arcsec": 100.0, "image_path": None, "split": "test", "benchmark": "b6_tiny",
        "origin_catalog": "catalogs/tiny.csv", "origin_row": 0,
    }  # fmt: skip
    return ordinary | more


def sources(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), pa.schema([SOURCES.schema.field(name) for name in SOURCE_COLUMNS]))


def pictures(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), pa.schema([MOSAICS.schema.field(name) for name in MOSAIC_COLUMNS]))


def sky(*rows: dict, doors: tuple[Benchmark, ...] = (B6,), index: pa.Table | None = None) -> list[dict]:
    index = pictures() if index is None else index
    made = sealed([sources(*rows)] * len(doors), [index] * len(doors), SealConfig(benchmarks=doors))
    assert made.n_in == made.kept.num_rows + made.rejected.num_rows
    return made.kept.to_pylist()


def test_the_rows_of_a_benchmark_seal_half_the_diagonal_of_their_square():
    (one,) = sky(row("a"), row("train", split="train", benchmark=None), row("free", split="test", benchmark=None))
    assert (one["benchmark"], one["source_name"], one["dataset"]) == ("b6", "a", "tiny")
    assert one["radius_arcsec"] == pytest.approx(50 * math.sqrt(2))


def test_a_whole_picture_seals_its_own_size_and_an_unknown_size_seals_more():
    index = pictures({"mosaic": "images/a.fits", "width_px": 300, "height_px": 400, "pixel_arcsec": 1.8},
                     {"mosaic": "images/c.fits", "width_px": 300, "height_px": 400, "pixel_arcsec": None})  # fmt: skip
    rows = sky(*(row(name, side_arcsec=None, image_path=f"images/{name}.fits") for name in "abc"), index=index)
    assert {one["source_name"]: one["radius_arcsec"] for one in rows} == {"a": 450.0, "b": 600.0, "c": 600.0}


def test_a_picture_without_a_place_cannot_be_sealed_and_is_counted():
    made = sealed([sources(row("a"), row("lost", ra_deg=None, dec_deg=None))], [pictures()],
                  SealConfig(benchmarks=(B6,)))  # fmt: skip
    assert (made.n_in, made.kept.num_rows, made.reasons) == (2, 1, {"no-position": 1})


def test_benchmarks_that_share_rows_seal_each_for_itself_and_one_may_name_its_rows():
    doors = (B6, B6.model_copy(update={"name": "b1"}), B6.model_copy(update={"name": "b2", "rows": "other"}))
    rows = sky(row("a"), row("b", benchmark="other"), doors=doors)
    assert sorted((one["benchmark"], one["source_name"]) for one in rows) == [
        ("b1", "a"), ("b1", "b"), ("b2", "b"), ("b6", "a"), ("b6", "b"),
    ]  # fmt: skip
    assert len({one["sealed_id"] for one in rows}) == 5


def test_a_benchmark_without_rows_is_an_error_not_an_open_sky():
    with pytest.raises(CatalogError, match="dataset tiny has no row of split test with a benchmark, so there is noth"):
        sky(row("a", benchmark=None))


def test_the_step_takes_datasets_that_are_no_part_of_the_corpus():
    steps = [(B6, Step(f"sources/{name}", sealed, SOURCES), Step("mosaics/x", sealed, MOSAICS)) for name in ("a", "b")]
    made = sealed_step("tiny", steps)
    assert (made.name, made.counts) == ("sealed/tiny", "rows that benchmarks test on")
    assert [one.step.name for one in made.inputs] == ["sources/a", "sources/b", "mosaics/x", "mosaics/x"]
    given = [sources(row("a")), sources(row("b")), pictures(), pictures()]
    found = made.run(given).kept
    assert found.num_rows == 2 and found.schema.equals(SEALED.schema)


def test_every_benchmark_is_of_a_dataset_and_cites():
    assert {"b1_extended", "b2_morphology", "b3_radio_galaxies", "b4_artefacts", "b5_peculiarity",
            "b6_fanaroff_riley"} <= benchmarks().keys()  # fmt: skip
    assert all(one.cite and one.dataset in datasets() for one in benchmarks().values())
    with pytest.raises(RecipeError, match="no benchmark 'b7'; known: .*b1_extended"):
        benchmark("b7")


def test_the_confident_pictures_of_mirabest_seal_215_pieces_of_sky(raw, real_mosaics):
    door, index = dataset("mirabest"), real_mosaics("first")
    made = sealed(
        [door.read_sources(raw, index).kept], [index], SealConfig(benchmarks=(benchmark("b6_fanaroff_riley"),))
    )
    assert (made.n_in, made.kept.num_rows, made.reasons) == (215, 215, {})
    assert set(round(one, 3) for one in made.kept["radius_arcsec"].to_pylist()) == {round(300 * 1.8 / math.sqrt(2), 3)}
    step = benchmark_sources_step(door, Step("mosaics/first", sealed, MOSAICS), raw)
    assert step.name == "benchmark_sources/mirabest"
