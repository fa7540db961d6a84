"""MATCHES and MATCHINGS: every row of both tables is a pair or has a reason; the real matches come out."""

import csv
import io
import tarfile
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import ValidationError

from catalogs.crossmatch import best
from catalogs.sky import box_polygon, unit_vectors
from curation.engine.steps import Step
from curation.truth.box_overlap import box_iou
from curation.truth.matches import Matching, matches, matches_step, matchings, matchings_step
from schemas.errors import RecipeError, TableError
from schemas.rejection import sieved
from schemas.tables import ENTRIES, MATCHES, MATCHINGS, MOSAICS, OBJECTS, SOURCES

ARCSEC = 1 / 3600
WIDE = Matching(name="wide", left="sources:left", right="objects:right", radius_arcsec=10)


def sources(*positions, outlines=None):
    ra, dec = zip(*positions, strict=True)
    return pa.table(
        {
            "source_id": [f"source-{number:03d}" for number in range(len(positions))],
            "ra_deg": pa.array(ra, pa.float64()),
            "dec_deg": pa.array(dec, pa.float64()),
            "sky_polygon_deg": pa.array(outlines or [None] * len(positions), pa.list_(pa.float64())),
        }
    )


def objects(*positions, outlines=None):
    """OBJECTS, which also have a source_id; as they should, ids win."""
    table = sources(*positions, outlines=outlines)
    ids = pa.array([f"object-{number:03d}" for number in range(len(positions))])
    return table.append_column("object_id", ids)


def test_every_row_of_the_left_is_a_pair_or_rejected_and_rows_without_position_are_counted():
    left = sources((10, 0), (20, 0), (None, 0), (30, float("nan")), (359.999, 89.999))
    right = objects((10, 1 * ARCSEC), (10, -2 * ARCSEC), (179.999, 89.9999), (50, 50), (1, None))
    found = matches(left, right, WIDE)
    pairs = [(one["left_id"], one["right_id"], one["separation_arcsec"]) for one in found.kept.to_pylist()]
    assert pairs == [
        ("source-000", "object-000", 1.0),
        ("source-000", "object-001", 2.0),
        ("source-004", "object-002", 3.96),
    ]
    assert found.reasons == {"no-match": 1, "no-position": 3}
    assert found.n_in == 3 + 1 + 3
    why = {one["row_id"]: one["detail"] for one in found.rejected.to_pylist()}
    assert why == {
        "source-001": 'no row of objects:right within 10"',
        "source-002": "left row without RA or Dec",
        "source-003": "left row without RA or Dec",
        "object-004": "right row without RA or Dec",
    }


def test_directions_are_taken_from_the_table_where_it_has_them():
    left = sources((10, 0))
    x, y, z = unit_vectors(10, 5 * ARCSEC)[0]
    entries = pa.table({"entry_id": ["entry-0"], "ra_deg": [77.0], "dec_deg": [0.0], "x": [x], "y": [y], "z": [z]})
    assert matches(left, entries, WIDE).kept["separation_arcsec"].to_pylist() == [5.0]


def test_a_matching_tells_how_far_it_can_be_trusted():
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(150, 151, 300), rng.uniform(-1, 1, 300)
    left = sources(*zip(ra, dec, strict=True))
    right = objects(*zip(ra + 2 * ARCSEC, dec - 3 * ARCSEC, strict=True), (150.0, 1.5), (ra[0], dec[0]))
    found = matches(left, right, WIDE)
    [row] = matchings(left, right, found.kept, WIDE, ("l/1", "r/2")).kept.to_pylist()
    assert (row["n_left"], row["n_right"], row["n_left_matched"], row["n_pairs"]) == (
        300,
        302,
        300,
        found.kept.num_rows,
    )
    assert row["n_ambiguous"] >= 1
    assert row["offset_east_arcsec"] == pytest.approx(2, abs=0.02)
    assert row["offset_north_arcsec"] == pytest.approx(-3, abs=0.02)
    assert 0 <= row["chance_share"] < 0.05 and not row["is_offset_removed"]
    assert (row["left_table"], row["right_table"], row["radius_arcsec"]) == ("l/1", "r/2", 10)


def test_an_offset_is_removed_before_the_match_and_said():
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(150, 151, 300), rng.uniform(-1, 1, 300)
    left, right = sources(*zip(ra, dec, strict=True)), objects(*zip(ra + 2 * ARCSEC, dec - 3 * ARCSEC, strict=True))
    aligned = WIDE.model_copy(update={"remove_offset": True})
    found = matches(left, right, aligned)
    assert pc.max(best(found.kept)["separation_arcsec"]).as_py() < 0.01
    [row] = matchings(left, right, found.kept, aligned, ("l/1", "r/2")).kept.to_pylist()
    assert row["is_offset_removed"] and row["offset_north_arcsec"] == pytest.approx(-3, abs=0.01)


def test_an_offset_of_a_few_pairs_is_told_but_not_removed():
    left, right = sources((10, 0), (20, 0)), objects((10, ARCSEC), (20, ARCSEC))
    aligned = WIDE.model_copy(update={"remove_offset": True})
    found = matches(left, right, aligned)
    [row] = matchings(left, right, found.kept, aligned, ("l/1", "r/2")).kept.to_pylist()
    assert not row["is_offset_removed"] and row["offset_north_arcsec"] == pytest.approx(1, abs=1e-6)
    assert best(found.kept)["separation_arcsec"].to_pylist() == [1, 1]


def test_without_a_pair_there_is_no_offset_and_nothing_fails():
    left, right = sources((10, 0)), objects((20, 0))
    found = matches(left, right, WIDE)
    [row] = matchings(left, right, found.kept, WIDE, ("l/1", "r/2")).kept.to_pylist()
    assert (row["n_pairs"], row["offset_east_arcsec"], row["chance_share"]) == (0, None, 0)


@pytest.mark.parametrize("dec", [0.0, 89.9])
def test_overlap_takes_the_largest_iou_not_the_nearest_also_across_ra_0(dec):
    ra = np.array([359.9999, 0.0, 0.0])
    centre = (ra[0], dec)
    whole = box_polygon(*centre, 40, 20)
    near_but_small, far_but_alike = box_polygon(*centre, 8, 8), box_polygon(ra[1], dec, 40, 20)
    left = sources(centre, (100, 0), (200, 0), outlines=[whole, box_polygon(100, 0, 9, 9), None])
    right = objects(centre, (ra[1], dec), (200, 0), outlines=[near_but_small, far_but_alike, None])
    matching = Matching(
        name="boxes", left="objects:one", right="objects:two", radius_arcsec=60, mode="overlap", least_iou=0.05
    )
    found = matches(left, right, matching)
    rows = found.kept.to_pylist()
    assert [one["right_id"] for one in rows] == ["object-001", "object-000"]
    assert [one["is_mutual_best"] for one in rows] == [True, False]
    assert rows[1]["box_iou"] == pytest.approx(64 / 800, rel=1e-4)
    assert [one["n_candidates"] for one in rows] == [2, 2]
    assert found.reasons == {"no-match": 1, "no-outline": 1}
    [row] = matchings(left, right, found.kept, matching, ("l/1", "r/2")).kept.to_pylist()
    assert (row["mode"], row["chance_share"], row["n_left_matched"]) == ("overlap", None, 1)


def test_by_position_the_overlap_is_told_where_both_have_an_outline():
    left = sources((10, 0), (20, 0), outlines=[box_polygon(10, 0, 10, 10), None])
    right = objects((10, 5 * ARCSEC), (20, 0), outlines=[box_polygon(10, 5 * ARCSEC, 10, 10), box_polygon(20, 0, 5, 5)])
    assert matches(left, right, WIDE).kept["box_iou"].to_pylist() == [pytest.approx(1 / 3, rel=1e-6), None]


def test_boxes_that_do_not_meet_have_an_iou_of_0_and_unknown_ones_none():
    left = pa.chunked_array([[box_polygon(10, 0, 4, 4), None, [10.0, 0.0, 10.1, 0.0, 10.1, 0.1]]])
    right = pa.chunked_array([[box_polygon(10, 1, 4, 4), box_polygon(10, 0, 4, 4), [10.0, 0.0, 10.1, 0.0, 10.1, 0.1]]])
    iou = box_iou(np.array([[10.0, 0.0]] * 3), left, right)
    assert iou[0] == 0 and np.isnan(iou[1]) and iou[2] == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "give radius_arcsec, or radius_beams with beam_arcsec"),
        ({"radius_beams": 2}, "give radius_arcsec, or radius_beams with beam_arcsec"),
        ({"radius_arcsec": 5, "radius_beams": 2, "beam_arcsec": 5}, "give radius_arcsec, or"),
        ({"radius_arcsec": 5, "mode": "overlap"}, "least_iou goes with mode 'overlap'"),
        ({"radius_arcsec": 5, "least_iou": 0.5}, "least_iou goes with mode 'overlap'"),
        ({"radius_arcsec": 5, "right": "cutouts:mirabest"}, "mosaics|sources"),
        ({"radius_arcsec": 0}, "greater than 0"),
    ],
)
def test_a_matching_that_means_nothing_is_refused(fields, says):
    with pytest.raises(ValidationError, match=says.replace("|", "[|]")):
        Matching(**{"name": "wrong", "left": "sources:a", "right": "entries:b", **fields})


def test_a_radius_may_be_given_in_beams():
    matching = Matching(name="m", left="mosaics:first", right="entries:b", radius_beams=1.5, beam_arcsec=5.4)
    assert matching.limit_arcsec == pytest.approx(8.1)
    assert matching.steps == ("mosaics/first", "entries/b")


def test_a_table_without_a_key_is_refused():
    with pytest.raises(TableError, match="a table without any of object_id, source_id, entry_id, mosaic"):
        matches(pa.table({"ra_deg": [1.0], "dec_deg": [1.0]}), sources((1, 1)), WIDE)


def step(name, table):
    return Step(name, lambda: sieved(table.of([]), [], 0), table)


def test_the_steps_read_what_they_need_and_their_address_moves_with_the_matching():
    left, right = step("sources/left", SOURCES), step("objects/right", OBJECTS)
    made = matches_step(WIDE, left, right)
    trust = matchings_step(WIDE, left, right, made)
    assert (made.name, made.table, trust.name, trust.table) == ("matches/wide", MATCHES, "matchings/wide", MATCHINGS)
    assert set(made.inputs[0].columns) == {"source_id", "ra_deg", "dec_deg", "sky_polygon_deg"}
    assert matches_step(WIDE.model_copy(update={"radius_arcsec": 11}), left, right).address != made.address
    ours, theirs = sources((10, 0), (11, 0)), objects((10, 0))
    found = made.run([ours, theirs])
    assert found.kept.num_rows == 1
    [row] = trust.run([ours, theirs, found.kept]).kept.to_pylist()
    assert (row["left_table"], row["right_table"]) == (left.address, right.address)


def test_a_match_by_overlap_with_a_catalogue_without_outlines_is_refused_while_planning():
    matching = Matching(
        name="boxes", left="mosaics:a", right="entries:b", radius_arcsec=60, mode="overlap", least_iou=0.5
    )
    with pytest.raises(RecipeError, match="entries/b has no outlines"):
        matches_step(matching, step("mosaics/a", MOSAICS), step("entries/b", ENTRIES))


@pytest.fixture(scope="module")
def pictures(real_mosaics):
    """MOSAICS of the MiraBest pictures."""
    found = real_mosaics("first")
    return found.filter(pc.starts_with(found["mosaic"], "images/first_mirabest/"))


@pytest.fixture(scope="module")
def rgz(raw):
    """Radio Galaxy Zoo as entries at the mean of their components, and the label of each; the file is a tar."""
    with tarfile.open(raw / "catalogs/rgz_claran_sources.csv.tgz") as tar:
        rows = list(csv.DictReader(io.TextIOWrapper(tar.extractfile("full_catalogue.csv"), encoding="utf-8")))
    mean = {
        name: [np.mean([float(one) for one in row[f"cpnts_{name}s"].split(";")]) for row in rows]
        for name in ("ra", "dec")
    }
    ids = [f"entry-{int(row['catalog_id']):06d}" for row in rows]
    label = {one: f"{row['num_cpnts']}C-{row['num_peaks']}P" for one, row in zip(ids, rows, strict=True)}
    return pa.table({"entry_id": ids, "ra_deg": mean["ra"], "dec_deg": mean["dec"]}), label


def of_rgz(radius_arcsec):
    return Matching(name="rgz", left="mosaics:first", right="entries:rgz_claran_sources", radius_arcsec=radius_arcsec)


@pytest.mark.parametrize("radius_arcsec", [30, 60])
def test_mirabest_and_radio_galaxy_zoo_match_as_worked_out_by_hand(raw, pictures, rgz, radius_arcsec):
    entries, label = rgz
    found = matches(pictures, entries, of_rgz(radius_arcsec))
    nearest = best(found.kept)
    assert (nearest.num_rows, found.reasons) == (219, {"no-match": 78})
    assert Counter(label[one] for one in nearest["right_id"].to_pylist()) == {
        "1C-1P": 14, "1C-2P": 29, "1C-3P": 85, "2C-2P": 6, "2C-3P": 49, "3C-3P": 36,
    }  # fmt: skip
    # Worked out with the headers' FK5 taken for ICRS, so up to 0.04 arcsec from ours.
    with (raw / "catalogs/first_mirabest_labels.csv").open(newline="") as file:
        worked_out = {row["file"]: row for row in csv.DictReader(file) if row["rgz_label"]}
    assert len(worked_out) == 219
    for one in nearest.to_pylist():
        row = worked_out[one["left_id"].removeprefix("images/first_mirabest/")]
        assert row["rgz_label"] == label[one["right_id"]]
        assert float(row["separation_arcsec"]) == pytest.approx(one["separation_arcsec"], abs=0.05)


def test_rgz_sources_seen_from_several_subjects_are_exact_ties_of_one_label(pictures, rgz):
    entries, label = rgz
    found = matches(pictures, entries, of_rgz(30))
    rows_of = dict[str, list]()
    for one in found.kept.to_pylist():
        if one["n_candidates"] > 1:
            rows_of.setdefault(one["left_id"], []).append(one)
    ties = [rows[:2] for rows in rows_of.values() if rows[0]["separation_arcsec"] == rows[1]["separation_arcsec"]]
    assert (len(rows_of), len(ties)) == (41, 35)
    assert all(label[first["right_id"]] == label[second["right_id"]] for first, second in ties)
    assert all(first["is_best"] and first["right_id"] < second["right_id"] for first, second in ties)
    [row] = matchings(pictures, entries, found.kept, of_rgz(30), ("l", "r")).kept.to_pylist()
    assert (row["n_left"], row["n_right"], row["n_ambiguous"], row["n_left_matched"]) == (297, 11_836, 41, 219)
    assert row["chance_share"] < 0.02 and abs(row["offset_east_arcsec"]) < 1
