"""Datasets that were written in Python before they were TOML: their tables are the same, row for row.

On the demo's files each row is worked out again from the file, without the doors. On real files the rows are held
against the digest of what the Python had made of them.
"""

import csv
import hashlib
import json

import numpy as np
import pytest
from astropy.table import Table

from catalogs.dataset import dataset, datasets
from catalogs.sky import ellipse_polygon
from schemas.fingerprint import content_id
from schemas.labels import label_scheme
from schemas.tables import OBJECTS, SOURCES
from tests.making_dataset import index

PYTHON = {
    "mirabest": "a class is held against the one in the row's code and in the picture's name",
    "emu_pilot_rgcat": "a second detector writes JSON in pixels of the mosaics; rows of one class have no picture",
    "smgps_extcat": "the tile is found by the place in its name, and lists in JSON add to what the catalogue says",
    "caesar_mrcnn": "annotations are one JSON a picture, with masks beside it",
    "emu_pilot_list": "annotations are lists in JSON, their objects nested",
    "radioimg_multilabel": "annotations are lists in JSON, the survey of a picture its folder",
    "astrovlbench_radio": "the places are in file names of lists in JSON lines, two of the same sources",
    "radiogalaxynet": "annotations are a COCO file a split, with a keypoint for the host",
}
"""Why these are not TOML."""
DIGESTS = {
    "first_small.sources": "f3b1149c6c1c0df7",
    "lotss_dr1.objects": "8699245783ff8412",
    "lotss_dr1.sources": "bae2d49d0558acb8",
    "magpis_hii.sources": "41e5623e1e7c62de",
    "nvss_pictures.sources": "ecb1bef19a44430e",
    "rgz_smorph.sources": "d3271eeed7b11eaf",
    "sumss_pictures.sources": "e0c806c3d696d0c5",
    "three_surveys_first.sources": "f4e40db9ce7d831b",
    "three_surveys_nvss.sources": "05d3bb7e26c68f2c",
    "three_surveys_vlass.sources": "1a22aedb56d6d3c3",
    "vlass_pictures.sources": "9a2487c352d0a8da",
    "vlssr_pictures.sources": "5b6d172c459e534b",
}  # fmt: skip
"""Of kept rows in order, numbers to 1e-9, as the Python modules made them of the files that are pinned."""


def test_what_is_not_data_has_its_reason():
    assert {name for name, one in datasets().items() if one.door is None} == set(PYTHON)


def whole(table, row):
    return {name: row.get(name) for name in table.schema.names}


def label(scheme, name, original, state, row, file, confidence=None):
    return {
        "scheme": scheme, "label": name, "original": original, "state": state, "tier": "rule", "catalog": file,
        "row": row, "confidence": confidence,
    }  # fmt: skip


def lines_of(raw, file):
    with (raw / file).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_demos_galaxies_are_the_lines_of_their_file(demo_raw):
    file, scheme = "catalogs/demo_fanaroff.csv", label_scheme("mirabest")
    found = dataset("demo_fanaroff").read_sources(demo_raw, index())
    rows = [
        whole(SOURCES, {
            "source_id": content_id("source", "demo_fanaroff", file, line["name"]), "source_name": line["name"],
            "dataset": "demo_fanaroff", "survey": "demo_wide", "scheme": "mirabest", "ra_deg": float(line["ra_deg"]),
            "dec_deg": float(line["dec_deg"]), "side_arcsec": 112.0,
            "labels": [
                label("mirabest", name, line["fr_class"], "present" if name == line["fr_class"] else "absent", k, file)
                for name in scheme.labels
            ],
            "split": "test" if line["confident"] == "true" else None,
            "benchmark": "demo_fanaroff_riley" if line["confident"] == "true" else None,
            "origin_catalog": file, "origin_row": k,
        })
        for k, line in enumerate(lines_of(demo_raw, file))
    ]  # fmt: skip
    assert found.kept.to_pylist() == rows
    assert (found.n_in, found.reasons) == (61, {})


def test_the_demos_fields_are_the_lines_of_their_file(demo_raw):
    file, scheme = "catalogs/demo_fields.csv", label_scheme("radioimg_multilabel")
    found = dataset("demo_multilabel").read_sources(demo_raw, index())
    rows = list[dict[str, object]]()
    for k, line in enumerate(lines_of(demo_raw, file)):
        if not line["ra_deg"]:
            continue
        given = {scheme.harmonised(one): one for one in line["labels"].split(";")}
        present = scheme.with_implied(given)
        said = [
            label(scheme.name, name, given.get(name, name), "present" if name in present else "absent", k, file)
            for name in scheme.labels
        ]
        rows.append(whole(SOURCES, {
            "source_id": content_id("source", "demo_multilabel", file, line["field"]), "source_name": line["field"],
            "dataset": "demo_multilabel", "survey": "demo_wide", "scheme": scheme.name,
            "ra_deg": float(line["ra_deg"]), "dec_deg": float(line["dec_deg"]),
            "side_arcsec": float(line["side_arcsec"]), "labels": said, "split": line["split"] or None,
            "origin_catalog": file, "origin_row": k,
        }))  # fmt: skip
    assert found.kept.to_pylist() == rows
    assert (found.n_in, len(rows), found.reasons) == (166, 165, {"no-position": 1})
    assert found.rejected["row_id"].to_pylist() == [f"{file}:164"]


def test_the_demos_objects_are_the_rows_of_their_table(demo_raw):
    file = "catalogs/demo_objects.fits"
    door, table = dataset("demo_objects"), Table.read(demo_raw / file)
    common = [
        {"dataset": "demo_objects", "ra_deg": one["RA"], "dec_deg": one["Dec"], "origin_catalog": file, "origin_row": k,
         "source_id": content_id("source", "demo_objects", file, one["Name"])}
        for k, one in enumerate(table)
    ]  # fmt: skip
    sources = [
        whole(SOURCES, {**one, "source_name": row["Name"], "survey": "demo_galactic", "scheme": "caesar_mrcnn",
                        "side_arcsec": 120.0, "labels": []})
        for one, row in zip(common, table, strict=True)
    ]  # fmt: skip
    assert door.read_sources(demo_raw, index()).kept.to_pylist() == sources
    found = door.read_objects(demo_raw, index()).kept.to_pylist()
    for k, (one, row) in enumerate(zip(common, table, strict=True)):
        said = label("caesar_mrcnn", row["Class"], row["Class"], "present", k, file, row["Score"])
        outline = found[k].pop("sky_polygon_deg")
        assert np.allclose(outline, ellipse_polygon(*(row[n] for n in ("RA", "Dec", "Maj", "Min", "PA"))), atol=1e-9)
        expected = whole(OBJECTS, {
            **one, "object_id": content_id("object", "demo_objects", file, row["Name"]), "object_name": row["Name"],
            "labels": [said], "score": row["Score"], "detector": "curation/demo.py",
        })  # fmt: skip
        del expected["sky_polygon_deg"]
        assert found[k] == expected
    assert len(found) == 158


def rounded(value):
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def digest(table):
    """Of the rows in order, numbers to 1e-9."""
    lines = "\n".join(json.dumps(rounded(row), sort_keys=True) for row in table.to_pylist())
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


@pytest.mark.parametrize("key", sorted(DIGESTS))
def test_the_tables_of_real_files_are_those_that_the_python_made(raw, real_mosaics, key):
    name, table = key.split(".")
    door = dataset(name)
    assert digest(getattr(door, f"read_{table}")(raw, real_mosaics(door.survey)).kept) == DIGESTS[key]
