"""Twins: the same sky in two surveys is found, measured, and never torn apart by the splits."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.dataset import dataset
from catalogs.sky import box_polygon
from catalogs.statements import Said, no_label, one_label
from catalogs.survey import surveys
from curation.engine.steps import Step
from curation.pictures.cutouts import cutouts
from curation.pictures.render import Picture
from curation.pictures.windows import windows
from curation.truth.splits import CUTOUT_COLUMNS as SPLIT_COLUMNS
from curation.truth.splits import SOURCE_COLUMNS as SPLIT_SOURCES
from curation.truth.splits import SplitConfig, splits
from curation.truth.twins import CUTOUT_COLUMNS, SOURCE_COLUMNS, TwinConfig, conflicts, twins, twins_step
from schemas.errors import TableError
from schemas.fingerprint import content_id, fingerprint
from schemas.labels import Tier, label_scheme
from schemas.tables import CUTOUTS, SOURCES

CONFIG = TwinConfig()
SAID = Said(Tier.EXPERT, "catalogs/tiny.csv", 0)


def cut(name: str, ra: float | None, dec: float | None, **more) -> dict:
    """A cutout of 100 arcsec on a side, of the survey `wide` unless it is said otherwise."""
    side_px, turned = more.pop("side_px", 100), more.pop("pa_deg", 0.0)
    ordinary = {
        "cutout_id": content_id("cutout", name), "source_id": content_id("source", name), "dataset": "one",
        "survey": "wide", "ra_deg": None if ra is None else ra % 360, "dec_deg": dec, "width_px": side_px,
        "height_px": side_px,
        "pixel_x_arcsec": 1.0, "pixel_y_arcsec": 1.0, "beam_major_arcsec": 5.0, "sha256": fingerprint(name),
        "sky_polygon_deg": None if ra is None else box_polygon(ra, dec, side_px, side_px, turned), "labels": [],
        "source_name": name, "split": None, "benchmark": None,
    }  # fmt: skip
    return ordinary | more


def table(rows: list[dict], of: pa.Schema, columns: tuple[str, ...]) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema([of.field(name) for name in columns]))


def pairs(*rows: dict, config: TwinConfig = CONFIG) -> list[dict]:
    made = twins([table(list(rows), CUTOUTS.schema, CUTOUT_COLUMNS)],
                 [table(list(rows), SOURCES.schema, SOURCE_COLUMNS)], config)  # fmt: skip
    assert made.n_in == made.kept.num_rows
    return made.kept.to_pylist()


def off(arcsec: float) -> float:
    return arcsec / 3600


@pytest.mark.parametrize("place", [(10.0, 0.0), (0.0, -45.0), (123.0, 89.999), (200.0, -90.0)])
def test_the_same_sky_in_two_surveys_is_one_pair(place):
    (pair,) = pairs(cut("a", *place), cut("b", *place, survey="deep"))
    assert pair["overlap"] == pytest.approx(1) and pair["separation_arcsec"] == pytest.approx(0, abs=1e-6)
    assert {pair["left_survey"], pair["right_survey"]} == {"wide", "deep"}
    assert pair["left_id"] < pair["right_id"]
    survey = {content_id("cutout", "a"): "wide", content_id("cutout", "b"): "deep"}
    assert (survey[pair["left_id"]], survey[pair["right_id"]]) == (pair["left_survey"], pair["right_survey"])


def test_two_datasets_of_one_survey_are_twins_and_two_cutouts_of_one_dataset_are_not():
    assert len(pairs(cut("a", 10, 0), cut("b", 10, 0, dataset="two"))) == 1
    assert pairs(cut("a", 10, 0), cut("b", 10, 0)) == []


@pytest.mark.parametrize(("shift", "share"), [(30, 0.7), (79, 0.21), (81, None), (99, None), (130, None)])
def test_the_shared_sky_decides(shift, share):
    found = pairs(cut("a", 10, 0), cut("b", 10 + off(shift), 0, survey="deep"))
    assert [one["overlap"] for one in found] == ([] if share is None else [pytest.approx(share, abs=1e-3)])


def test_a_small_cutout_in_the_corner_of_a_large_one_is_all_shared():
    (pair,) = pairs(cut("a", 10, 0, side_px=1000), cut("b", 10 + off(470), off(470), side_px=50, survey="deep"))
    assert pair["overlap"] == pytest.approx(1)


def test_a_turned_square_shares_what_it_shares():
    (pair,) = pairs(cut("a", 10, 60), cut("b", 10, 60, survey="deep", pa_deg=45.0))
    assert pair["overlap"] == pytest.approx(2 * (np.sqrt(2) - 1), abs=1e-3)  # a regular octagon


def test_without_corners_a_square_north_up_is_taken_and_without_a_place_there_is_no_twin():
    assert len(pairs(cut("a", 10, 0, sky_polygon_deg=None), cut("b", 10, 0, survey="deep"))) == 1
    assert pairs(cut("a", None, None), cut("b", 10, 0, survey="deep")) == []
    assert pairs() == []


def stated(scheme: str, label: str | None) -> list[dict]:
    door = label_scheme(scheme)
    return one_label(door, label, label, SAID) if label else no_label(door, SAID)


def test_labels_that_deny_each_other_are_named():
    assert conflicts(stated("mirabest", "FR-I"), stated("mirabest", "FR-II")) == [
        "FR-I: mirabest says so, mirabest denies it", "FR-II: mirabest says so, mirabest denies it",
    ]  # fmt: skip
    assert conflicts(stated("mirabest", "FR-I"), stated("mirabest", "FR-I")) == []
    assert conflicts(stated("mirabest", "FR-I"), stated("mirabest", None)) == []


def test_fanaroff_riley_classes_mean_the_same_in_every_scheme_and_other_words_do_not():
    lomorph = [{**one, "state": "absent" if one["label"] == "FR1" else "unknown"} for one in stated("lomorph", None)]
    assert conflicts(stated("mirabest", "FR-I"), lomorph) == ["FR-I: mirabest says so, lomorph denies it"]
    extended = [{**one, "state": "present"} for one in stated("radioimg_multilabel", None)]
    none = [{**one, "state": "absent"} for one in stated("smgps_extcat", None)]
    assert conflicts(extended, none) == []


def test_the_conflicts_of_a_pair_come_with_it():
    (pair,) = pairs(
        cut("a", 10, 0, labels=stated("mirabest", "FR-I")),
        cut("b", 10, 0, survey="deep", labels=stated("rgcat", "FR-II")),
    )
    assert pair["conflicts"] == ["FR-I: mirabest says so, rgcat denies it", "FR-II: rgcat says so, mirabest denies it"]


def test_a_cutout_without_its_source_is_an_error():
    rows = [cut("a", 10, 0)]
    with pytest.raises(TableError, match="1 cutouts show a source that SOURCES do not have"):
        twins([table(rows, CUTOUTS.schema, CUTOUT_COLUMNS)], [table([], SOURCES.schema, SOURCE_COLUMNS)], CONFIG)


def test_the_step_reads_cutouts_and_sources_of_every_dataset():
    steps = [(Step(f"cutouts/{name}", twins, CUTOUTS), Step(f"sources/{name}", twins, SOURCES)) for name in ("a", "b")]
    made = twins_step("tiny", steps)
    assert (made.name, made.counts) == ("twins/tiny", "pairs of overlapping cutouts")
    assert [one.step.name for one in made.inputs] == ["cutouts/a", "cutouts/b", "sources/a", "sources/b"]
    rows = [[cut("a", 10, 0)], [cut("b", 10, 0, dataset="two")]]
    given = [table(one, CUTOUTS.schema, CUTOUT_COLUMNS) for one in rows]
    given += [table(one, SOURCES.schema, SOURCE_COLUMNS) for one in rows]
    assert made.run(given).kept.num_rows == 1


CROWD = st.lists(
    st.tuples(st.floats(-400, 400), st.floats(-400, 400), st.sampled_from([40, 100, 300]), st.floats(0, 90),
              st.sampled_from(["wide", "deep"]), st.sampled_from(["one", "two"]),
              st.sampled_from([None, None, "train", "validation", "test"])),
    min_size=1, max_size=15,
)  # fmt: skip


def crowd(drawn: list, dec: float) -> list[dict]:
    stretch = np.cos(np.radians(dec))
    return [
        cut(f"c{k}", off(x) / stretch, dec + off(y), side_px=side, pa_deg=pa, survey=survey, dataset=of, split=split)
        for k, (x, y, side, pa, survey, of, split) in enumerate(drawn)
    ]


@settings(max_examples=60, deadline=None)
@given(CROWD, st.sampled_from([0.0, 70.0, -89.8]))
def test_twins_are_never_in_different_splits(drawn, dec):
    rows = crowd(drawn, dec)
    made = splits([table(rows, CUTOUTS.schema, SPLIT_COLUMNS)], [table(rows, SOURCES.schema, SPLIT_SOURCES)],
                  SplitConfig())  # fmt: skip
    split = {one["cutout_id"]: one["split"] for one in made.kept.to_pylist()}
    for pair in pairs(*rows):
        both = {split[pair[side]] for side in ("left_id", "right_id") if pair[side] in split}
        assert len(both) <= 1


@settings(max_examples=40, deadline=None)
@given(CROWD, st.randoms(use_true_random=False))
def test_the_order_of_cutouts_does_not_matter(drawn, chance):
    rows = crowd(drawn, 30.0)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert pairs(*rows) == pairs(*shuffled)


def test_one_radio_galaxy_in_three_surveys_is_three_pairs(raw, real_mosaics):
    cut_of, sources_of = [], []
    for name in ("three_surveys_first", "three_surveys_nvss", "three_surveys_vlass", "nvss_pictures",
                 "sumss_pictures", "vlssr_pictures"):  # fmt: skip
        door = dataset(name)
        survey = surveys()[door.survey]
        index = real_mosaics(survey.name)
        found = door.read_sources(raw, index).kept
        squares = windows(found, index, door.cutout, survey).kept
        cut_of.append(cutouts(squares, index, door.cutout, Picture(side_px=32), raw=raw).kept.select(CUTOUT_COLUMNS))
        sources_of.append(found)
    rows = twins(cut_of, sources_of, CONFIG).kept.to_pylist()
    three = [one for one in rows if one["left_dataset"].startswith("three")]
    assert sorted(sorted([one["left_survey"], one["right_survey"]]) for one in three) == [
        ["first", "nvss"], ["first", "vlass"], ["nvss", "vlass"],
    ]  # fmt: skip
    assert all(one["overlap"] == pytest.approx(1, abs=0.02) for one in three if "nvss" in str(one))
    assert len(rows) - len(three) == 15  # five sources, each in three surveys on one grid
    assert all(one["overlap"] > 0.99 for one in rows if one not in three)
