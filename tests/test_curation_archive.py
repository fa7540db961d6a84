"""The corpus of archive pictures and of the MAGPIS picture on real data, step by step in this process."""

import re
from pathlib import Path

import pytest

from curation.build import report_file, run_gate
from curation.corpus import Graph, corpus, graph
from curation.engine.run import _manifest, _Progress, make_parts
from curation.engine.store import Store

HII_REGIONS = {
    "G010.423+00.043", "G010.441+00.012", "G010.453+00.029", "G010.453-00.006", "G010.462+00.034", "G010.464+00.029",
    "G010.469+00.023", "G010.472+00.026", "G010.472+00.017", "G010.475+00.031", "G010.479+00.069", "G010.486+00.042",
    "G010.497+00.028", "G010.533+00.032",
}  # fmt: skip
PAIRS = {
    ("nvss_pictures", "sumss_pictures"): 5, ("nvss_pictures", "vlssr_pictures"): 5,
    ("sumss_pictures", "vlssr_pictures"): 5, ("three_surveys_first", "three_surveys_nvss"): 1,
    ("three_surveys_first", "three_surveys_vlass"): 1, ("three_surveys_nvss", "three_surveys_vlass"): 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def built(raw, tmp_path_factory) -> tuple[Graph, Store]:
    """Every table of the corpus, made as the runner's tasks make them, one after the other."""
    store = Store(str(tmp_path_factory.mktemp("archive")))
    made = graph(corpus("archive_real"), raw, store)
    for step in made.steps:
        n_parts = len(store.manifest(step.inputs[0].step.address).parts) if step.is_by_part else 1
        records = [record for k in range(n_parts) for record in make_parts(step, k, store)]
        store.finish(_manifest(_Progress(step, n_parts, [], {record.name: record for record in records})))
    return made, store


def rows(built: tuple[Graph, Store], name: str) -> list[dict]:
    made, store = built
    (step,) = [one for one in made.steps if one.name == name]
    return store.read(step.address).to_pylist()


def test_the_fourteen_hii_regions_in_the_magpis_picture_are_cut(built):
    names = {row["source_id"]: row["source_name"] for row in rows(built, "sources/magpis_hii")}
    windows, cutouts = rows(built, "windows/magpis_hii"), rows(built, "cutouts/magpis_hii")
    assert sorted(names[row["source_id"]] for row in windows) == sorted(HII_REGIONS)
    assert {names[row["source_id"]] for row in cutouts} == HII_REGIONS
    assert {row["mosaic"] for row in windows} == {"images/magpis_galactic/G10.5+0.0_20cm.fits"}


def test_the_rest_of_the_catalogue_is_refused_with_a_reason(built):
    made, store = built
    of = {step.name: store.manifest(step.address) for step in made.steps}
    assert (of["sources/magpis_hii"].n_in, of["sources/magpis_hii"].reasons) == (8_412, {"unknown-class": 1})
    assert of["windows/magpis_hii"].reasons == {"off-mosaic": 8_397}
    assert of["windows/vlass_pictures"].reasons == {"off-mosaic": 2}  # edge strips that miss their target
    assert all(one.n_in == one.n_kept + one.n_rejected for one in of.values())


def test_the_same_sky_in_two_surveys_is_linked_and_shares_a_split(built):
    split = {row["cutout_id"]: row["split"] for row in rows(built, "splits/archive_real")}
    twins = rows(built, "twins/archive_real")
    found: dict[tuple[str, ...], int] = {}
    for row in twins:
        pair = tuple(sorted((row["left_dataset"], row["right_dataset"])))
        found[pair] = found.get(pair, 0) + 1
        assert row["left_survey"] != row["right_survey"]
        assert split[row["left_id"]] == split[row["right_id"]]
        assert row["conflicts"] == []  # nobody has labelled these pictures
    assert found == PAIRS


def test_the_cross_matches_between_pictures_are_found(built):
    assert [row["n_left_matched"] for row in rows(built, "matchings/sumss_nvss")] == [5]
    ((found,), (trust,)) = (rows(built, f"{kind}/first_rgz") for kind in ("matches", "matchings"))
    assert trust["n_left_matched"] == 1
    names = {row["entry_id"]: row["cells"] for row in rows(built, "entries/rgz_claran_sources")}
    assert "FIRSTJ140813.8+101013" in names[found["right_id"]]


def test_the_benchmarks_sky_is_sealed_though_its_pictures_are_not_here(built):
    assert len(rows(built, "sealed/archive_real")) == 215
    assert {row["benchmark"] for row in rows(built, "splits/archive_real")} == {None}


def test_the_gate_is_open_and_the_report_shows_counts_matches_and_twins(built, tmp_path: Path):
    made, store = built
    gate = run_gate(made, store, tmp_path, with_report=True)
    assert gate.ok, gate.lines
    page = report_file(made, store, tmp_path).read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "magpis_hii published found difference pictures – 14 –" in text  # nobody published a count
    assert "sumss_nvss sources/sumss_pictures sources/nvss_pictures 45″ 8 5 5 62.5 %" in text
    assert "nvss nvss_pictures sumss sumss_pictures 5 1.00" in text
    assert "b6_fanaroff_riley mirabest 215 0 0 7." in text
    assert "Unknown of every picture: all 11 labels" in text
