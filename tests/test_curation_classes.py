"""Sources told by Galactic catalogues: extents count, several types stay several, none is unknown."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.sky import box_polygon, separation_arcsec, unit_vectors
from catalogs.statements import Said, all_labels, no_label
from curation.engine.steps import Step
from curation.truth.classes import ClassConfig, classes_step, classified, radius_arcsec
from curation.verification.claims import annotations_of
from schemas.errors import RecipeError
from schemas.fingerprint import content_id
from schemas.labels import Tier, Truth, label_scheme
from schemas.tables import ENTRIES, SOURCES

SCHEME = label_scheme("smgps_extcat")
CLASSES = {"wise_hii": "HII", "green_snr": "SNR", "manitoba_snrcat": "SNR", "atnf_pulsars": "PULSAR",
           "kohoutek_pn": "PN"}  # fmt: skip
CONFIG = ClassConfig(scheme=label_scheme("smgps_extcat"), classes=CLASSES)
CATALOG = "catalogs/smgps.csv"


def source(name: str, l_ra: float, dec: float, side: float | None = 40.0, **states: Truth) -> dict:
    said = Said(Tier.EXPERT, CATALOG, 0)
    return {
        "source_id": content_id("source", name), "source_name": name, "dataset": "tiny", "survey": "smgps",
        "scheme": SCHEME.name, "ra_deg": l_ra, "dec_deg": dec,
        "sky_polygon_deg": box_polygon(l_ra, dec, side, side) if side else None,
        "labels": all_labels(SCHEME, states, {}, said) if states else no_label(SCHEME, said),
        "origin_catalog": CATALOG, "origin_row": 0,
    }  # fmt: skip


def entry(catalog: str, name: str, ra: float, dec: float, radius: float | None = None, **more) -> dict:
    """An entry; its row is the number in its name."""
    x, y, z = unit_vectors(ra, dec)[0].tolist()
    accuracy = {"kohoutek_pn": 54.0}.get(catalog)
    cells = json.dumps({"accuracy_arcsec": accuracy} if accuracy else {})
    row = int(name[1:])
    return {"entry_id": content_id("entry", catalog, name), "catalog": catalog, "name": name, "ra_deg": ra,
            "dec_deg": dec, "x": x, "y": y, "z": z, "radius_arcsec": radius, "labels": [], "cells": cells,
            "origin_catalog": f"catalogs/{catalog}.csv", "origin_row": row, **more}  # fmt: skip


def told(sources: list[dict], *entries: dict, config: ClassConfig = CONFIG) -> list[dict]:
    tables = [ENTRIES.of([one for one in entries if one["catalog"] == name]) for name in sorted(config.classes)]
    made = classified(SOURCES.of(sources), *tables, config)
    assert made.n_in == made.kept.num_rows == len(sources)
    return made.kept.to_pylist()


def matched(row: dict) -> list[tuple[str, int]]:
    return [(one["label"], one["row"]) for one in row["labels"] if one["tier"] == "match"]


def truth_of(row: dict) -> dict[str, Truth]:
    cutout = {"cutout_id": "cutout-0", "blank_fraction": 0.0, "width_px": 4, "height_px": 4,
        "pixel_x_arcsec": None, "pixel_y_arcsec": None,
              "beam_major_arcsec": None, "beam_minor_arcsec": None}  # fmt: skip
    return dict(annotations_of(cutout, row, None, {}, SCHEME).labels)


def test_a_source_within_an_hii_region_is_one_and_says_which_row():
    (row,) = told([source("a", 270.0, -20.0)], entry("wise_hii", "G7", 270.0, -20.0 + 30 / 3600, 35.0))
    (label,) = [one for one in row["labels"] if one["label"] == "HII"]
    assert (label["state"], label["tier"], label["catalog"], label["row"], label["original"]) == (
        "present", "match", "catalogs/wise_hii.csv", 7, "HII",
    )  # fmt: skip
    assert truth_of(row)["HII"] is Truth.PRESENT


def test_a_source_that_nothing_is_at_is_unknown_and_never_absent():
    before = source("a", 270.0, -20.0)
    (row,) = told([before], entry("wise_hii", "G1", 270.0, -20.0 + 90 / 3600, 35.0))
    assert row["labels"] == before["labels"]
    assert set(truth_of(row).values()) == {Truth.UNKNOWN}


def test_an_entry_says_what_its_own_labels_say_and_a_candidate_says_nothing():
    known = one_word(entry("wise_hii", "G1", 270.0, -20.0, 35.0), "HII", "K")
    candidate = one_word(entry("wise_hii", "G2", 270.0, -20.0, 35.0), None, "C")
    (row,) = told([source("a", 270.0, -20.0)], known, candidate)
    assert [(one["label"], one["row"], one["original"]) for one in row["labels"] if one["tier"] == "match"] == [
        ("HII", 1, "K")
    ]
    (row,) = told([source("a", 270.0, -20.0)], candidate)
    assert truth_of(row)["HII"] is Truth.UNKNOWN


def one_word(entry: dict, label: str | None, original: str) -> dict:
    states = {label: Truth.PRESENT} if label else {}
    said = Said(Tier.EXPERT, entry["origin_catalog"], entry["origin_row"])
    return {**entry, "labels": all_labels(SCHEME, states, {label: original} if label else {}, said)}


def test_several_types_stay_several():
    (row,) = told(
        [source("a", 270.0, -20.0)], entry("wise_hii", "G1", 270.0, -20.0, 35.0),
        entry("green_snr", "S1", 270.0, -20.0, 120.0), entry("manitoba_snrcat", "S1", 270.0, -20.0, 120.0),
        entry("atnf_pulsars", "J1", 270.0, -20.0 + 10 / 3600),
    )  # fmt: skip
    assert matched(row) == [("HII", 1), ("SNR", 1), ("SNR", 1), ("PULSAR", 1)]
    known = truth_of(row)
    assert [label for label, state in known.items() if state is Truth.PRESENT] == ["HII", "SNR", "PULSAR"]
    assert Truth.ABSENT not in known.values()


def test_a_point_must_lie_within_the_source():
    half_diagonal = 20 * np.sqrt(2)
    inside = entry("atnf_pulsars", "J1", 270.0, -20.0 + (half_diagonal + 4.9) / 3600)
    outside = entry("atnf_pulsars", "J2", 270.0, -20.0 - (half_diagonal + 5.1) / 3600)
    assert matched(told([source("a", 270.0, -20.0)], inside, outside)[0]) == [("PULSAR", 1)]


def test_a_catalogue_with_coarse_positions_is_looked_for_farther_away():
    near = entry("kohoutek_pn", "P1", 270.0, -20.0 + 40 / 3600)
    assert matched(told([source("a", 270.0, -20.0, None)], near)[0]) == [("PN", 1)]
    assert matched(told([source("a", 270.0, -20.0, None)], {**near, "cells": "{}"})[0]) == []


def test_an_hii_region_of_degrees_says_nothing_of_a_small_source_in_it():
    wide = entry("wise_hii", "W1", 270.0, -20.0, 18_666.0)
    assert matched(told([source("a", 270.0, -20.0)], wide)[0]) == []
    assert matched(told([source("a", 270.0, -20.0, 6000.0)], wide)[0]) == [("HII", 1)]


def test_what_a_source_said_before_stays_and_unknown_is_answered():
    before = source("a", 270.0, -20.0, EXTENDED=Truth.PRESENT, DIFFUSE=Truth.ABSENT, GALAXY=Truth.ABSENT)
    (row,) = told([before], entry("wise_hii", "G1", 270.0, -20.0, 30.0))
    kept = [one for one in row["labels"] if one["tier"] == "expert"]
    assert [one for one in before["labels"] if one["label"] != "HII"] == kept
    assert truth_of(row)["EXTENDED"] is Truth.PRESENT and truth_of(row)["GALAXY"] is Truth.ABSENT


def test_a_type_that_its_own_catalogue_denies_is_not_decided_here():
    before = source("a", 270.0, -20.0, GALAXY=Truth.PRESENT, HII=Truth.ABSENT)
    (row,) = told([before], entry("wise_hii", "G1", 270.0, -20.0, 30.0))
    assert [one["state"] for one in row["labels"] if one["label"] == "HII"] == ["absent", "present"]
    assert truth_of(row)["HII"] is Truth.UNKNOWN


def test_a_source_without_a_position_and_catalogues_without_rows_are_no_error():
    lost = {**source("a", 270.0, -20.0, None), "ra_deg": None, "dec_deg": None}
    assert matched(told([lost], entry("wise_hii", "G1", 270.0, -20.0, 30.0))[0]) == []
    assert told([]) == []


def test_a_label_that_the_scheme_does_not_have_is_an_error():
    config = ClassConfig(scheme=label_scheme("smgps_extcat"), classes={"wise_hii": "HII-REGION"})
    with pytest.raises(RecipeError, match="smgps_extcat has no label HII-REGION; known: COMPACT"):
        classified(SOURCES.of([]), ENTRIES.of([]), config)


class Door:
    """What classes_step reads of a dataset."""

    name, scheme, classes = "tiny", "smgps_extcat", {"wise_hii": "HII", "green_snr": "SNR"}


def test_the_step_reads_the_catalogues_that_the_door_names():
    sources = Step("sources/tiny", classified, SOURCES)
    entries = {name: Step(f"entries/{name}", classified, ENTRIES) for name in ("wise_hii", "green_snr", "radcat")}
    made = classes_step(Door, sources, entries)
    assert made.name == "sources/tiny"
    assert [one.step.name for one in made.inputs] == ["sources_as_read/tiny", "entries/green_snr", "entries/wise_hii"]
    with pytest.raises(RecipeError, match="no entries of green_snr; known: wise_hii"):
        classes_step(Door, sources, {"wise_hii": entries["wise_hii"]})


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.sampled_from([None, 20.0, 90.0])), max_size=8),
    st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.sampled_from([None, 15.0, 70.0, 900.0]),
                       st.sampled_from(sorted(CLASSES))), max_size=12),
    st.sampled_from([0.0, -60.0, 89.97]),
)  # fmt: skip
def test_every_pair_is_as_brute_force_finds_it(first, second, dec):
    stretch = np.cos(np.radians(dec))
    sources = [source(f"s{k}", (x / 3600 / stretch) % 360, dec + y / 3600 * 0.3, side)
               for k, (x, y, side) in enumerate(first)]  # fmt: skip
    entries = [entry(catalog, f"e{k}", (x / 3600 / stretch) % 360, dec + y / 3600 * 0.3, radius)
               for k, (x, y, radius, catalog) in enumerate(second)]  # fmt: skip
    for row in told(sources, *entries):
        reach = radius_arcsec(row)
        expected = set()
        for one in entries:
            slack = CONFIG.tolerance_arcsec + (54.0 if one["catalog"] == "kohoutek_pn" else 0.0)
            apart = separation_arcsec(row["ra_deg"], row["dec_deg"], one["ra_deg"], one["dec_deg"])[0]
            extent = one["radius_arcsec"] or 0.0
            if apart <= max(extent, reach) + slack and extent <= CONFIG.most_ratio * max(reach, 5.0):
                expected.add((CLASSES[one["catalog"]], one["origin_row"]))
        assert set(matched(row)) == expected
