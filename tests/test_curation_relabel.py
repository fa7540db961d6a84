"""Objects completed by detections: both labels on what matches, nothing lost, nobody without a box."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.sky import box_polygon
from curation.engine.steps import Step
from curation.truth.relabel import RelabelConfig, relabel_step, relabelled
from schemas.fingerprint import content_id
from schemas.tables import OBJECTS

CONFIG = RelabelConfig()


def said(scheme: str, label: str) -> dict:
    return {"scheme": scheme, "label": label, "original": label, "state": "present", "tier": "expert",
            "catalog": "catalogs/tiny.csv", "row": 0, "confidence": None}  # fmt: skip


def thing(kind: str, name: str, ra: float, dec: float, side: float | tuple[float, float] = 20.0, **more) -> dict:
    width, height = side if isinstance(side, tuple) else (side, side)
    scheme, label = ("rgcat", "FR-II") if kind == "object" else ("caesar_mrcnn", "EXTENDED")
    return {
        "object_id": content_id("object", kind, name), "object_name": name, "dataset": "tiny", "ra_deg": ra % 360,
        "dec_deg": dec, "sky_polygon_deg": box_polygon(ra, dec, width, height), "labels": [said(scheme, label)],
        "score": None if kind == "object" else 0.75, "detector": kind, "origin_catalog": f"catalogs/{kind}.csv",
        "origin_row": 0, **more,
    }  # fmt: skip


def merged(objects: list[dict], detections: list[dict], config: RelabelConfig = CONFIG):
    return relabelled(OBJECTS.of(objects), OBJECTS.of(detections), config)


def labels(row: dict) -> list[tuple[str, str]]:
    return [(one["scheme"], one["label"]) for one in row["labels"]]


@pytest.mark.parametrize("place", [(10.0, -55.0), (0.0, 0.0), (359.9999, 20.0), (123.0, 90.0), (40.0, -89.9995)])
def test_an_object_that_a_detection_overlaps_bears_both_labels(place):
    ra, dec = place
    made = merged([thing("object", "a", ra, dec)], [thing("detection", "s1", ra, dec - 2 / 3600)])
    (row,) = made.kept.to_pylist()
    assert labels(row) == [("rgcat", "FR-II"), ("caesar_mrcnn", "EXTENDED")]
    second = row["labels"][1]
    assert (second["tier"], second["confidence"], row["score"], row["detector"]) == ("model", 0.75, None, "object")
    (gone,) = made.rejected.to_pylist()
    assert (gone["reason"], made.n_in) == ("merged", 2)
    assert row["object_id"] in gone["detail"] and json.loads(gone["row"])["object_name"] == "s1"


def test_a_detection_of_nothing_is_an_object_and_an_object_without_detection_stays():
    made = merged([thing("object", "a", 10, 0)], [thing("detection", "s1", 10.1, 0)])
    a, s1 = made.kept.to_pylist()
    assert (a["object_name"], labels(a)) == ("a", [("rgcat", "FR-II")])
    assert (s1["object_name"], labels(s1), s1["labels"][0]["confidence"]) == (
        "s1", [("caesar_mrcnn", "EXTENDED")], 0.75,
    )  # fmt: skip
    assert made.reasons == {} and made.n_in == 2


def test_one_detection_is_one_object_and_the_better_fit_wins():
    objects = [thing("object", "a", 10, 0, 20), thing("object", "b", 10 + 8 / 3600, 0, 20)]
    detections = [thing("detection", "s1", 10 + 1 / 3600, 0, 20)]
    a, b = merged(objects, detections).kept.to_pylist()
    assert (len(a["labels"]), len(b["labels"])) == (2, 1)


def test_the_core_of_a_galaxy_is_not_the_galaxy_but_a_smaller_box_about_its_middle_is():
    wide = [thing("object", "a", 10, 0, (120, 30))]
    hot_spot = merged(wide, [thing("detection", "s1", 10 + 50 / 3600, 0, 12)])
    middle = merged(wide, [thing("detection", "s1", 10, 0, (40, 20))])
    assert (hot_spot.reasons, middle.reasons) == ({}, {"merged": 1})
    off = thing("detection", "s1", 10 + 20 / 3600, 0, 12)
    assert merged(wide, [off]).reasons == {}


def test_pictures_without_a_place_on_the_sky_are_matched_in_their_pixels():
    def flat(kind: str, name: str, x: float, path: str) -> dict:
        polygon = [x, 10, x + 10, 10, x + 10, 20, x, 20]
        return thing(kind, name, 0, 0, sky_polygon_deg=None, ra_deg=None, dec_deg=None, image_polygon_px=polygon,
                     image_path=path)  # fmt: skip

    objects = [flat("object", "a", 5, "images/1.fits"), flat("object", "b", 5, "images/2.fits")]
    detections = [flat("detection", "s1", 7, "images/2.fits"), flat("detection", "s2", 40, "images/1.fits")]
    rows = {row["object_name"]: row for row in merged(objects, detections).kept.to_pylist()}
    assert rows.keys() == {"a", "b", "s2"}
    assert len(rows["b"]["labels"]) == 2 and len(rows["a"]["labels"]) == 1


def test_two_pictures_of_the_same_sky_keep_their_own_detections():
    objects = [thing("object", name, 10, 0, image_path=f"images/{name}.fits") for name in "ab"]
    detections = [thing("detection", f"s{name}", 10, 0, image_path=f"images/{name}.fits") for name in "ab"]
    made = merged(objects, detections)
    assert made.reasons == {"merged": 2} and made.kept.num_rows == 2
    details = {json.loads(one["row"])["object_name"]: one["detail"] for one in made.rejected.to_pylist()}
    assert "(a)" in details["sa"] and "(b)" in details["sb"]


def test_empty_tables_are_no_error():
    none = OBJECTS.of([])
    one = OBJECTS.of([thing("object", "a", 10, 0)])
    assert relabelled(none, none, CONFIG).n_in == 0
    assert relabelled(one, none, CONFIG).kept.equals(one)
    assert relabelled(none, one, CONFIG).kept.num_rows == 1


def test_a_label_that_has_its_own_confidence_keeps_it():
    sure = thing("detection", "s1", 10, 0)
    sure["labels"][0]["confidence"] = 0.9
    (row,) = merged([thing("object", "a", 10, 0)], [sure]).kept.to_pylist()
    assert row["labels"][1]["confidence"] == 0.9


def test_the_steps_have_names_of_their_own():
    objects, detections = (Step(f"{kind}/tiny", relabelled, OBJECTS) for kind in ("objects", "detections"))
    made = relabel_step("tiny", objects, detections)
    assert made.name == "objects/tiny"
    assert [one.step.name for one in made.inputs] == ["objects_as_read/tiny", "detections/tiny"]
    other = relabel_step("tiny", objects, detections, RelabelConfig(least_iou=0.5))
    assert other.address != made.address


PLACES = st.lists(
    st.tuples(st.floats(-60, 60), st.floats(-60, 60), st.floats(8, 60), st.floats(8, 60)), min_size=0, max_size=12
)


def brute_iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    shared = [max(0.0, min(a[k] + a[k + 2] / 2, b[k] + b[k + 2] / 2) - max(a[k] - a[k + 2] / 2, b[k] - b[k + 2] / 2))
              for k in (0, 1)]  # fmt: skip
    both = shared[0] * shared[1]
    return both / (a[2] * a[3] + b[2] * b[3] - both)


@settings(max_examples=60, deadline=None)
@given(PLACES, PLACES, st.sampled_from([0.0, 75.0, -89.9]))
def test_nothing_is_lost_and_what_is_matched_overlaps(first, second, dec):
    def at(kind: str, k: int, one: tuple[float, ...]) -> dict:
        ra = (one[0] / 3600 / np.cos(np.radians(dec))) % 360
        return thing(kind, f"{kind}{k}", ra, dec + one[1] / 3600, one[2:])

    objects = [at("object", k, one) for k, one in enumerate(first)]
    detections = [at("detection", k, one) for k, one in enumerate(second)]
    made = merged(objects, detections)
    assert made.n_in == len(first) + len(second)
    rows = {row["object_id"]: row for row in made.kept.to_pylist()}
    gone = [json.loads(one["row"])["object_id"] for one in made.rejected.to_pylist()]
    assert {one["object_id"] for one in objects} <= rows.keys()
    assert {one["object_id"] for one in detections} == {*gone, *(rows.keys() - {one["object_id"] for one in objects})}
    assert all(row["sky_polygon_deg"] for row in rows.values())
    assert sum(len(rows[one["object_id"]]["labels"]) == 2 for one in objects) == len(gone) == len(set(gone))
    if dec > -80 and len(first) == len(second) == 1:
        iou = brute_iou(first[0], second[0])
        if iou > CONFIG.least_iou + 0.02:
            assert gone


@settings(max_examples=30, deadline=None)
@given(PLACES, PLACES, st.randoms(use_true_random=False))
def test_the_order_of_detections_does_not_matter(first, second, chance):
    objects = [thing("object", f"o{k}", (one[0] / 3600) % 360, one[1] / 3600, one[2:]) for k, one in enumerate(first)]
    seen = [thing("detection", f"d{k}", (one[0] / 3600) % 360, one[1] / 3600, one[2:]) for k, one in enumerate(second)]
    shuffled = list(seen)
    chance.shuffle(shuffled)
    one, two = merged(objects, seen), merged(objects, shuffled)
    assert one.rejected.equals(two.rejected)
    assert one.kept.sort_by("object_id").equals(two.kept.sort_by("object_id"))


def test_many_objects_take_seconds():
    chance = np.random.default_rng(7)
    places = np.column_stack([chance.uniform(0, 3, 3000), chance.uniform(-50, -47, 3000)])
    objects = [thing("object", str(k), ra, dec) for k, (ra, dec) in enumerate(places)]
    detections = [thing("detection", str(k), ra, dec + 1 / 3600) for k, (ra, dec) in enumerate(places[:2400])]
    made = merged(objects, detections)
    assert made.reasons["merged"] > 2300 and made.kept.num_rows == 5400 - made.reasons["merged"]
