"""The datasets whose real rows are here, against the counts that were measured; and what their doors refuse."""

import contextlib
import csv
import functools
import hashlib
import sys
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from catalogs.catalog import catalog
from catalogs.dataset import dataset, datasets
from catalogs.datasets import mirabest
from catalogs.row_statements import Sayings
from catalogs.sky import separation_arcsec
from catalogs.statements import Said, all_labels, no_label, one_label
from curation.engine.steps import Step
from curation.truth.objects import objects, objects_step
from curation.truth.sources import dataset_facts, sources, sources_step
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import Tier, label_scheme
from schemas.rejection import sieved
from schemas.tables import MOSAICS, OBJECTS, SOURCES

REAL = ("mirabest", "rgz_smorph", "lotss_dr1")
HEAD = "file,mirabest_class,fr_label,confident,rgz_first_id,rgz_label,rgz_consensus,separation_arcsec\n"
PICTURE = "100_016.732+000.523_0.1538_0026.95.fits.gz"


@pytest.fixture(scope="module")
def first_mosaics(real_mosaics):
    return real_mosaics("first")


def of(name, raw, mosaics):
    found = dataset(name).read_sources(raw, mosaics)
    return found, found.kept.to_pylist()


def present(rows):
    return Counter(one["label"] for row in rows for one in row["labels"] if one["state"] == "present")


def little_raw(folder, *rows):
    (folder / "catalogs").mkdir()
    (folder / mirabest.FILE).write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return folder


def little_mosaics(*files):
    rows = [{"mosaic": f"images/first_mirabest/{file}", "ra_deg": 16.7325, "dec_deg": 0.523} for file in files]
    schema = pa.schema([("mosaic", pa.string()), ("ra_deg", pa.float64()), ("dec_deg", pa.float64())])
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.mark.parametrize("name", REAL)
def test_a_dataset_cites_and_its_labels_exist(name):
    door = datasets()[name]
    assert door.cite
    assert set(door.published.n_by_label) <= label_scheme(door.scheme).labels.keys()


@pytest.mark.parametrize("name", REAL)
def test_the_files_are_the_pinned_ones(raw, name):
    door = dataset(name)
    assert door.file_digests(raw) == door.files
    assert all(hashlib.sha256((raw / file).read_bytes()).hexdigest() == pin for file, pin in door.files.items())


def test_mirabest_has_its_297_pictures_and_classes(raw, first_mosaics):
    found, rows = of("mirabest", raw, first_mosaics)
    assert (found.n_in, len(rows), found.reasons) == (297, 297, {})
    # 148 FR-I in the table; one picture shows another place than its name says
    assert present(rows) == {"FR-I": 147, "FR-II": 134, "HYBRID": 15}
    assert sum(row["split"] == "test" for row in rows) == 215
    assert all((row["split"] == "test") == (row["benchmark"] == "b6_fanaroff_riley") for row in rows)
    assert all(row["side_arcsec"] is None and row["image_path"] for row in rows)
    assert all(len(row["labels"]) == 3 and {one["tier"] for one in row["labels"]} == {"expert"} for row in rows)
    assert len({row["source_id"] for row in rows}) == 297


def test_a_name_that_is_not_the_centre_is_reported_and_the_header_believed(raw, first_mosaics):
    _, rows = of("mirabest", raw, first_mosaics)
    far = {row["source_name"]: row["name_offset_arcsec"] for row in rows if row["name_offset_arcsec"] > 3}
    assert far == {
        "100_209.593+018.300_0.1616_0048.72": pytest.approx(90.0, abs=0.5),
        "210_201.510+036.800_0.0544_0028.03": pytest.approx(8.7, abs=0.1),
        "200_172.900+007.882_0.1806_0040.31": pytest.approx(3.6, abs=0.1),
    }
    off = next(row for row in rows if row["source_name"].startswith("100_209.593"))
    assert separation_arcsec(off["ra_deg"], off["dec_deg"], 209.593, 18.300)[0] == pytest.approx(90, abs=0.5)
    assert {(label["state"], label["original"]) for label in off["labels"]} == {("unknown", "")}
    assert off["benchmark"] == "b6_fanaroff_riley"  # its sky stays sealed


def test_every_row_names_the_line_it_stands_in(raw, first_mosaics):
    _, rows = of("mirabest", raw, first_mosaics)
    with (raw / mirabest.FILE).open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert all(lines[row["origin_row"]]["file"] == row["image_path"].rsplit("/", 1)[1] for row in rows)
    assert all(row["labels"][0]["row"] == row["origin_row"] for row in rows)


def test_rgz_has_219_classes_by_the_crowd(raw, first_mosaics):
    found, rows = of("rgz_smorph", raw, first_mosaics)
    assert (found.n_in, len(rows), found.reasons) == (297, 219, {"no-label": 78})
    assert present(rows) == {"1C-1P": 14, "1C-2P": 29, "1C-3P": 85, "2C-2P": 6, "2C-3P": 49, "3C-3P": 36}
    assert {row["side_arcsec"] for row in rows} == {240.0}
    consensus = [row["labels"][0]["confidence"] for row in rows]
    assert (min(consensus), max(consensus)) == (0.60, 1.00)
    assert np.median(consensus) == pytest.approx(0.89, abs=0.005)
    assert {one["tier"] for row in rows for one in row["labels"]} == {"crowd"}


def test_lotss_has_12093_sources_of_which_220_have_a_class(raw, first_mosaics):
    found, rows = of("lotss_dr1", raw, first_mosaics)
    assert (found.n_in, len(rows), found.reasons) == (12093, 12093, {})
    assert all(len(row["labels"]) == 7 for row in rows)
    matched = [row for row in rows if any(one["state"] != "unknown" for one in row["labels"])]
    assert len(matched) == 220
    assert all(
        one["row"] == -1 and one["original"] == "" for row in rows if row not in matched for one in row["labels"]
    )
    assert min(row["side_arcsec"] for row in rows) == 120
    assert max(row["side_arcsec"] for row in rows) == pytest.approx(3 * 190.2432, abs=0.01)


def test_lotss_objects_are_ellipses_of_twice_the_fwhm_that_name_their_source(raw, first_mosaics):
    found = dataset("lotss_dr1").read_objects(raw, first_mosaics)
    assert (found.n_in, found.kept.num_rows) == (12093, 12093)
    source_ids = set(of("lotss_dr1", raw, first_mosaics)[0].kept["source_id"].to_pylist())
    assert set(found.kept["source_id"].to_pylist()) == source_ids
    first = found.kept.slice(0, 1).to_pylist()[0]
    outline = np.array(first["sky_polygon_deg"]).reshape(-1, 2)
    reach = separation_arcsec(first["ra_deg"], first["dec_deg"], outline[:, 0], outline[:, 1])
    assert reach.max() == pytest.approx(6.332259712677658, rel=1e-6)  # Maj of row 0: FWHM, so half of twice it
    assert first["peak_mjy_per_beam"] == pytest.approx(0.6024226)
    assert (first["detector"], first["labels"]) == ("PyBDSF", [])


def test_a_flag_that_is_not_set_is_absent_only_where_another_speaks_against_it():
    rule, theirs = dataset("lotss_dr1").door.labels, catalog("lotss_lomorph")
    sayings = Sayings(rule, label_scheme("lomorph"), theirs)

    def truths(*flags):
        return sayings.of({"row": 0, **{column: label in flags for column, label in rule.flags.items()}}).truths

    assert truths() == {}
    assert truths("SMALL") == {"SMALL": "present"}
    assert truths("FR1", "SMALL") == {
        "FR1": "present", "SMALL": "present", "FR2": "absent", "INDETERMINATE": "absent", "NAT": "absent",
        "WAT": "absent", "D-D": "absent",
    }  # fmt: skip
    assert truths("INDETERMINATE") == {"INDETERMINATE": "present", "SMALL": "absent"}


def test_a_row_without_its_picture_is_refused(tmp_path):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,,,,", PICTURE.replace("100_", "200_") + ",200,FR-II,true,,,,")
    found = mirabest.read_sources(raw, little_mosaics(PICTURE))
    assert (found.n_in, found.kept.num_rows, found.reasons) == (2, 1, {"no-picture": 1})
    assert found.rejected["row_id"].to_pylist() == [f"{mirabest.FILE}:1"]
    assert "images/first_mirabest/200_016.732" in found.rejected["detail"][0].as_py()


@pytest.mark.parametrize("name", ["mirabest", "rgz_smorph"])
def test_a_picture_without_a_place_on_the_sky_is_no_crash(tmp_path, name):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,FIRSTJ1,1C-1P,0.9,1.0")
    nowhere = little_mosaics(PICTURE).set_column(1, "ra_deg", pa.nulls(1, pa.float64()))
    nowhere = nowhere.set_column(2, "dec_deg", pa.nulls(1, pa.float64()))
    found = dataset(name).read_sources(raw, nowhere)
    assert found.reasons == ({} if name == "mirabest" else {"no-position": 1})


def test_an_unknown_label_stops_the_reader_with_file_row_and_label(tmp_path):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-9,true,,,,")
    with pytest.raises(CatalogError, match=r"first_mirabest_labels\.csv, data row 0: unknown label 'FR-9'"):
        mirabest.read_sources(raw, little_mosaics(PICTURE))


def test_an_unknown_class_of_the_crowd_is_refused_with_its_word(tmp_path):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,F,9C-9P,0.9,1")
    found = dataset("rgz_smorph").read_sources(raw, little_mosaics(PICTURE))
    assert found.reasons == {"unknown-class": 1}
    assert "unknown label '9C-9P'" in found.rejected["detail"][0].as_py()


@pytest.mark.parametrize(
    ("file", "cells", "reason"),
    [
        (PICTURE, "200,FR-II,true,,,,", "label-conflict"),
        (PICTURE, "100,FR-II,true,,,,", "label-conflict"),
        (PICTURE, "100,FR-I,false,,,,", "label-conflict"),
        (PICTURE.replace("100_", "400_"), "400,FR-I,true,,,,", "unknown-class"),
        (PICTURE.replace("100_", "103_"), "103,FR-I,true,,,,", "unknown-class"),
        (PICTURE, "100,,true,,,,", "no-label"),
    ],
)
def test_a_class_that_contradicts_itself_or_is_unknown_is_refused(tmp_path, file, cells, reason):
    raw = little_raw(tmp_path, f"{file},{cells}")
    assert mirabest.read_sources(raw, little_mosaics(file)).reasons == {reason: 1}


def test_a_file_that_changed_is_refused_and_an_absent_one_named(tmp_path):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,,,,")
    with pytest.raises(CatalogError, match="expected ae14428b"):
        dataset("mirabest").file_digests(raw)
    (raw / mirabest.FILE).unlink()
    with pytest.raises(CatalogError, match="no such file"):
        dataset("mirabest").file_digests(raw)


def test_statements_name_every_label_of_the_scheme():
    scheme, said = label_scheme("mirabest"), Said(Tier.EXPERT, "f", 3)
    assert [one["state"] for one in one_label(scheme, "FR-II", "FRII", said)] == ["absent", "present", "absent"]
    assert {one["state"] for one in no_label(scheme, said)} == {"unknown"}
    assert [one["label"] for one in all_labels(scheme, {}, {}, said)] == list(scheme.labels)


# The steps of sources and objects.


def a_dataset(read_sources=None, read_objects=None):
    door = replace(dataset("mirabest"), files={mirabest.FILE: ""})
    return replace(door, read_sources=read_sources or door.read_sources, read_objects=read_objects)


def mosaics_step():
    return Step("mosaics/first", lambda: None, MOSAICS)


def an_object(name="a", **more):
    return {
        "object_id": content_id("object", name), "object_name": name, "dataset": "d", "labels": [], "detector": "x",
        "sky_polygon_deg": [0, 0, 1, 0, 1, 1], "origin_catalog": "f", "origin_row": 0, **more,
    }  # fmt: skip


def read_objects_of(rows, raw, mosaics):
    del raw, mosaics
    return sieved(OBJECTS.of(rows), [], len(rows))


def test_the_step_makes_checked_sources(tmp_path):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,,,,")
    step = sources_step(a_dataset(), mosaics_step(), raw)
    made = step.run([little_mosaics(PICTURE)])
    assert (step.name, made.n_in, made.kept.num_rows) == ("sources/mirabest", 1, 1)
    assert made.kept.schema == SOURCES.schema


def test_the_address_moves_with_a_file_and_with_the_scheme(tmp_path):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,,,,")
    door, step = a_dataset(), sources_step(a_dataset(), mosaics_step(), raw)
    assert sources_step(door, mosaics_step(), raw).address == step.address
    assert sources_step(replace(door, scheme="rgz_smorph"), mosaics_step(), raw).address != step.address
    assert objects_step(door, mosaics_step(), raw).address != step.address
    (raw / mirabest.FILE).write_text(HEAD)
    assert sources_step(door, mosaics_step(), raw).address != step.address


def test_of_two_sources_with_one_id_the_first_stays(tmp_path):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,,,,")

    def twice(raw_folder, mosaics):
        once = mirabest.read_sources(raw_folder, mosaics)
        return sieved(pa.concat_tables([once.kept, once.kept]), [], 2)

    door = a_dataset(twice)
    found = sources(little_mosaics(PICTURE), dataset_facts(door, raw, "sources"), dataset=door, raw=raw)
    assert (found.n_in, found.kept.num_rows, found.reasons) == (2, 1, {"duplicate-id": 1})


def test_a_dataset_without_objects_makes_an_empty_table(tmp_path):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,,,,")
    made = objects_step(a_dataset(), mosaics_step(), raw).run([little_mosaics(PICTURE)])
    assert (made.n_in, made.kept.num_rows) == (0, 0)


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({}, {}),
        ({"sky_polygon_deg": None, "image_polygon_px": [0, 0, 4, 0, 4, 4], "image_path": "p"}, {}),
        ({"sky_polygon_deg": None}, {"no-outline": 1}),
        ({"sky_polygon_deg": [0, 0, 1, 1]}, {"bad-outline": 1}),
        ({"sky_polygon_deg": [0, 0, 1, 1, 2]}, {"bad-outline": 1}),
        ({"sky_polygon_deg": [0, 0, 1, 0, 1, float("nan")]}, {"bad-outline": 1}),
        ({"sky_polygon_deg": [0, 0, 1, 0, 360, 1]}, {"bad-outline": 1}),
        ({"sky_polygon_deg": [0, 0, 1, 0, 1, 91]}, {"bad-outline": 1}),
        ({"sky_polygon_deg": [0, 0, 1, 0, 1, 1, 0, 0]}, {"bad-outline": 1}),
    ],
)
def test_an_outline_that_is_none_is_refused(tmp_path, more, reasons):
    raw = little_raw(tmp_path, f"{PICTURE},100,FR-I,true,,,,")
    door = a_dataset(read_objects=partial(read_objects_of, [an_object(**more)]))
    assert objects(little_mosaics(), dataset_facts(door, raw, "objects"), dataset=door, raw=raw).reasons == reasons


def test_a_dataset_in_python_says_which_catalogues_and_schemes_it_reads(raw, monkeypatch):
    """For what they say is in the recipes of its tables."""
    for door in (one for one in datasets().values() if one.door is None):
        read, module = set[tuple[str, str]](), sys.modules[door.read_sources.__module__]
        for name, real in (("catalog", catalog), ("label_scheme", label_scheme)):
            spy = functools.partial(_noted, real, name, read)
            if hasattr(module, name):
                monkeypatch.setattr(module, name, spy)
        for reader in (door.read_sources, door.read_objects, door.read_detections):
            with contextlib.suppress(CatalogError, FileNotFoundError):  # files that are not public, or not there
                reader and reader(raw, little_mosaics())
        declared = {("label_scheme", one) for one in (door.scheme, *door.schemes)}
        assert read <= declared | {("catalog", one) for one in door.catalogs}, door.name


def _noted(real, kind, read, name):
    read.add((kind, name))
    return real(name)
