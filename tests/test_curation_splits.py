"""SPLITS: nothing that is near in the sky is torn apart, and nothing sealed is trained on."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curation.engine.steps import Step
from curation.truth.discs import nearest_margin
from curation.truth.splits import (
    ALIKE_COLUMNS,
    CUTOUT_COLUMNS,
    SEALED_COLUMNS,
    SOURCE_COLUMNS,
    SplitConfig,
    splits,
    splits_step,
)
from schemas.errors import TableError
from schemas.fingerprint import content_id, fingerprint
from schemas.rejection import Sieved
from schemas.tables import ALIKE, CUTOUTS, SEALED, SOURCES

CONFIG = SplitConfig()
SIDE_PX, PIXEL_ARCSEC, BEAM_ARCSEC = 100, 1.0, 5.0
RADIUS_ARCSEC = SIDE_PX * PIXEL_ARCSEC * np.sqrt(2) / 2
APART_ARCSEC = 2 * RADIUS_ARCSEC + CONFIG.guard_beams * BEAM_ARCSEC


def tables(rows: list[dict]) -> tuple[pa.Table, pa.Table]:
    """Cutouts and sources from rows with name, ra_deg, dec_deg and what differs from the ordinary."""
    cutouts, sources = [], {}
    for row in rows:
        source = row.get("source", row["name"])
        source_id = content_id("source", source)
        ordinary = {
            "cutout_id": content_id("cutout", row["name"]),
            "source_id": source_id,
            "dataset": "tiny",
            "width_px": SIDE_PX,
            "height_px": SIDE_PX,
            "pixel_x_arcsec": PIXEL_ARCSEC,
            "pixel_y_arcsec": PIXEL_ARCSEC,
            "beam_major_arcsec": BEAM_ARCSEC,
            "sha256": fingerprint(row["name"]),
        }
        cutouts.append({name: row.get(name, ordinary.get(name)) for name in CUTOUT_COLUMNS})
        sources[source_id] = {
            "source_id": source_id,
            "source_name": source,
            "split": row.get("split"),
            "benchmark": row.get("benchmark"),
        }
    schemas = [
        pa.schema([table.schema.field(name) for name in names])
        for table, names in ((CUTOUTS, CUTOUT_COLUMNS), (SOURCES, SOURCE_COLUMNS))
    ]
    return pa.Table.from_pylist(cutouts, schemas[0]), pa.Table.from_pylist(list(sources.values()), schemas[1])


def split_of(*rows: dict, config: SplitConfig = CONFIG) -> Sieved:
    cutouts, sources = tables(list(rows))
    return splits([cutouts], [sources], config)


def by_name(made: Sieved) -> dict[str, dict]:
    return {row["cutout_id"]: row for row in made.kept.to_pylist()}


def at(name: str, ra_deg: float | None, dec_deg: float | None, **more) -> dict:
    return {"name": name, "ra_deg": ra_deg, "dec_deg": dec_deg, **more}


def test_cutouts_nearer_than_radii_and_guard_share_a_patch_and_those_farther_do_not():
    near = split_of(at("a", 10.0, 0.0), at("b", 10.0 + (APART_ARCSEC - 0.1) / 3600, 0.0))
    far = split_of(at("a", 10.0, 0.0), at("b", 10.0 + (APART_ARCSEC + 0.1) / 3600, 0.0))
    assert len(set(near.kept["patch_id"].to_pylist())) == 1
    assert len(set(far.kept["patch_id"].to_pylist())) == 2


@pytest.mark.parametrize(("left", "right"), [((359.999, 0.0), (0.001, 0.0)), ((10.0, 89.999), (190.0, 89.999)),
                                             ((10.0, -89.999), (120.0, -89.999))])  # fmt: skip
def test_ra_zero_and_the_poles_are_no_border(left: tuple[float, float], right: tuple[float, float]):
    made = split_of(at("a", *left), at("b", *right))
    assert len(set(made.kept["patch_id"].to_pylist())) == 1


def test_cutouts_in_a_chain_share_a_patch():
    step = 0.9 * APART_ARCSEC / 3600
    made = split_of(*(at(f"c{k}", 10.0, k * step) for k in range(30)))
    assert len(set(made.kept["patch_id"].to_pylist())) == 1


def test_the_same_source_or_the_same_picture_is_one_patch_even_without_position():
    same = fingerprint("same picture")
    made = split_of(
        at("a", None, None, source="s"), at("b", 200.0, 10.0, source="s"),
        at("c", None, None, sha256=same), at("d", 30.0, 30.0, sha256=same), at("e", None, None),
    )  # fmt: skip
    patch = {row["cutout_id"]: row["patch_id"] for row in made.kept.to_pylist()}
    a, b, c, d, e = (patch[content_id("cutout", name)] for name in "abcde")
    assert a == b and c == d and len({a, c, e}) == 3


def looks_like(left: str, right: str, likeness: float = 40.0) -> pa.Table:
    ids = sorted(content_id("cutout", name) for name in (left, right))
    sides = dict(zip(("left_id", "right_id"), ids, strict=True))
    about = {"left_dataset": "tiny", "right_dataset": "tiny", "correlation": 0.9, "scale": 1.0, "turn_deg": 0.0}
    return ALIKE.of([{**sides, **about, "likeness": likeness, "is_mirrored": False}])


def test_pictures_that_are_nearly_the_same_are_one_patch_wherever_they_are():
    rows = [at("a", 10.0, 0.0), at("b", 200.0, 40.0), at("c", None, None)]
    cutouts, sources = tables(rows)
    both = pa.concat_tables([looks_like("a", "b"), looks_like("b", "c")])
    made = splits([cutouts], [sources], CONFIG, alike=both)
    assert len(set(made.kept["patch_id"].to_pylist())) == 1
    assert len(set(split_of(*rows).kept["patch_id"].to_pylist())) == 3


def test_a_published_training_cutout_that_looks_like_a_test_picture_is_refused_and_both_are_named():
    cutouts, sources = tables([at("a", 10.0, 0.0, split="train"), at("b", 200.0, 40.0, split="test", source="3C 31")])
    (refused,) = splits([cutouts], [sources], CONFIG, alike=looks_like("a", "b")).rejected.to_pylist()
    assert refused["row_id"] == content_id("cutout", "a") and refused["reason"] == "published-train-near-test"
    named = f"cutout {content_id('cutout', 'b')} of 3C 31, whose picture is nearly the same (likeness 40.0)"
    assert named in refused["detail"]


def test_a_published_split_is_kept_and_neighbours_without_one_follow_it():
    made = by_name(split_of(at("a", 10.0, 0.0, split="validation"), at("b", 10.001, 0.0)))
    assert {row["split"] for row in made.values()} == {"validation"}


def test_the_sky_of_a_benchmark_is_test_as_a_whole():
    made = split_of(at("a", 10.0, 0.0, split="test", benchmark="b6"), at("b", 10.001, 0.0))
    rows = by_name(made)
    assert [rows[content_id("cutout", name)]["split"] for name in "ab"] == ["test", "test"]
    assert [rows[content_id("cutout", name)]["benchmark"] for name in "ab"] == ["b6", None]


def test_a_published_training_cutout_in_sealed_sky_is_refused_and_told_whose_sky_it_is():
    made = split_of(
        at("near", 10.0, 0.0, split="test", benchmark="b6", source="3C 31"),
        at("far", 10.02, 0.0, split="test", benchmark="b6"),
        at("b", 10.001, 0.0, split="train"),
    )
    (refused,) = made.rejected.to_pylist()
    assert (refused["row_id"], refused["reason"]) == (content_id("cutout", "b"), "sealed-by-b6")
    assert 'of 3C 31, 3.6" away; 151.4" are needed' in refused["detail"]
    assert set(made.kept["split"].to_pylist()) == {"test"}


def test_published_training_rows_near_published_test_rows_are_refused():
    made = split_of(at("a", 10.0, 0.0, split="test"), at("b", 10.001, 0.0, split="train"), at("c", 10.002, 0.0))
    assert made.reasons == {"published-train-near-test": 1}
    assert set(made.kept["split"].to_pylist()) == {"test"}
    assert made.n_in == 3


def test_a_larger_beam_or_an_unknown_one_asks_for_a_wider_guard():
    ra = 10.0 + (APART_ARCSEC + 50) / 3600
    assert len(set(split_of(at("a", 10.0, 0.0), at("b", ra, 0.0)).kept["patch_id"].to_pylist())) == 2
    for beam in (45.0, None):
        made = split_of(at("a", 10.0, 0.0), at("b", ra, 0.0, beam_major_arcsec=beam))
        assert len(set(made.kept["patch_id"].to_pylist())) == 1


def test_shares_come_out_as_asked():
    made = split_of(*(at(f"c{k}", 0.5 * (k % 700), -60 + 20 * (k // 700)) for k in range(4000)))
    share = {name: made.kept["split"].to_pylist().count(name) / 4000 for name in ("train", "validation", "test")}
    assert share == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.02)


def test_shares_that_do_not_add_up_are_refused():
    with pytest.raises(ValidationError, match="must add up to 1, not 1.1"):
        SplitConfig(train=0.9)


def test_a_cutout_without_its_source_is_an_error():
    cutouts, sources = tables([at("a", 10.0, 0.0)])
    with pytest.raises(TableError, match="1 cutouts show a source that SOURCES do not have"):
        splits([cutouts], [sources.slice(0, 0)], CONFIG)


def test_no_cutouts_give_no_splits():
    cutouts, sources = tables([at("a", 10.0, 0.0)])
    assert splits([cutouts.slice(0, 0)], [sources], CONFIG).kept.num_rows == 0


def separation_arcsec(a: dict, b: dict) -> float:
    """By the haversine formula: another way than the code's."""
    ra1, dec1, ra2, dec2 = np.radians([a["ra_deg"], a["dec_deg"], b["ra_deg"], b["dec_deg"]])
    h = np.sin((dec1 - dec2) / 2) ** 2 + np.cos(dec1) * np.cos(dec2) * np.sin((ra1 - ra2) / 2) ** 2
    return float(np.degrees(2 * np.arcsin(np.sqrt(min(h, 1.0)))) * 3600)


PLACE = st.one_of(  # crowded places: RA 0, both poles, the equator
    st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)),
    st.tuples(st.floats(0, 359.9), st.floats(89.85, 90)),
    st.tuples(st.floats(0, 359.9), st.floats(-90, -89.85)),
)
SKY = st.lists(
    st.tuples(PLACE, st.sampled_from([20, 100, 700]), st.sampled_from([5.0, 45.0, None]),
              st.sampled_from([None, None, "train", "validation", "test"]),
              st.sampled_from([None, None, None, "b6"])),
    min_size=1, max_size=40,
)  # fmt: skip


def sky(drawn: list) -> list[dict]:
    return [
        at(f"c{k}", place[0] % 360, place[1], width_px=side, height_px=side, beam_major_arcsec=beam,
           split="test" if benchmark else split, benchmark=benchmark)
        for k, (place, side, beam, split, benchmark) in enumerate(drawn)
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(SKY)
def test_no_two_cutouts_of_different_splits_are_nearer_than_the_guard(drawn: list):
    made = split_of(*sky(drawn))
    rows = made.kept.to_pylist()
    margins = [
        separation_arcsec(a, b) - a["radius_arcsec"] - b["radius_arcsec"] - max(a["guard_arcsec"], b["guard_arcsec"])
        for k, a in enumerate(rows)
        for b in rows[:k]
        if a["split"] != b["split"]
    ]
    assert min(margins, default=1.0) > -1e-6
    nearest = nearest_margin(made.kept)
    assert (nearest is None) == (not margins)
    if nearest:
        assert nearest.margin_arcsec == pytest.approx(min(margins), abs=1e-5)
    published = {content_id("cutout", row["name"]): row["split"] for row in sky(drawn)}
    assert all(row["split"] == published[row["cutout_id"]] for row in rows if published[row["cutout_id"]])
    assert all(row["split"] == "test" for row in rows if row["benchmark"])


@settings(max_examples=30, deadline=None)
@given(SKY, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_their_datasets_do_not_matter(drawn: list, chance):
    rows = sky(drawn)
    cutouts, sources = tables(rows)
    order = list(range(len(rows)))
    chance.shuffle(order)
    cut = len(rows) // 2
    shuffled = cutouts.take(order)
    again = splits([shuffled.slice(0, cut), shuffled.slice(cut)], [sources, sources.slice(0, 0)], CONFIG)
    once = splits([cutouts], [sources], CONFIG)
    assert again.kept.equals(once.kept) and again.rejected.equals(once.rejected)


@settings(max_examples=30, deadline=None)
@given(SKY)
def test_adding_pictures_elsewhere_moves_nothing(drawn: list):
    rows = sky(drawn)
    more = [at(f"new{k}", 100.0 + k, 40.0) for k in range(10)]
    before, after = by_name(split_of(*rows)), by_name(split_of(*rows, *more))
    assert {name: after[name] for name in before} == before


# -- sealed sky ------------------------------------------------------------------------------------------------------


def sky_of(*places: tuple[str, float, float], radius_arcsec: float = 60.0) -> pa.Table:
    return SEALED.of(
        [
            {"sealed_id": content_id("sealed", k), "benchmark": name, "source_name": f"{name.upper()} {k}",
             "dataset": "elsewhere", "ra_deg": ra % 360, "dec_deg": dec, "radius_arcsec": radius_arcsec,
             "origin_catalog": "catalogs/elsewhere.csv", "origin_row": k}
            for k, (name, ra, dec) in enumerate(places)
        ]
    )  # fmt: skip


def sealed_split_of(sealed: pa.Table, *rows: dict) -> Sieved:
    cutouts, sources = tables(list(rows))
    return splits([cutouts], [sources], CONFIG, sealed=sealed)


REQUIRED_ARCSEC = RADIUS_ARCSEC + 60.0 + CONFIG.guard_beams * BEAM_ARCSEC


@pytest.mark.parametrize(("beyond", "n_refused"), [(-0.1, 1), (0.1, 0)])
def test_a_published_training_cutout_in_sealed_sky_is_refused_by_name_without_the_benchmarks_dataset(beyond, n_refused):
    made = sealed_split_of(sky_of(("b2_rgz", 10.0, 0.0)),
                           at("a", 10.0 + (REQUIRED_ARCSEC + beyond) / 3600, 0.0, split="train"))  # fmt: skip
    assert (made.rejected.num_rows, made.kept.num_rows, made.n_in) == (n_refused, 1 - n_refused, 1)
    if n_refused:
        (refused,) = made.rejected.to_pylist()
        assert refused["reason"] == "sealed-by-b2_rgz"
        assert refused["detail"].startswith("published as train, but its sky is sealed by b2_rgz: B2_RGZ 0 is 140.6")


def test_a_cutout_without_a_published_split_in_sealed_sky_is_test_and_takes_its_patch_along():
    made = sealed_split_of(
        sky_of(("b2_rgz", 10.0, 0.0)), at("in", 10.0, 0.0), at("beside", 10.0 + APART_ARCSEC * 0.99 / 3600, 0.0)
    )
    assert [(row["split"], row["benchmark"]) for row in made.kept.to_pylist()] == [("test", None)] * 2
    trained = sealed_split_of(
        sky_of(("b2_rgz", 10.0, 0.0)),
        at("in", 10.0, 0.0),
        at("beside", 10.0 + APART_ARCSEC * 0.99 / 3600, 0.0, split="validation"),
    )
    (refused,) = trained.rejected.to_pylist()
    assert refused["reason"] == "sealed-by-b2_rgz" and "through cutout" in refused["detail"]


def test_sealed_sky_does_not_join_patches_and_no_seal_changes_nothing():
    rows = [at("a", 10.0, 0.0), at("b", 10.0, 2.1 * REQUIRED_ARCSEC / 3600)]
    middle = sky_of(("b2_rgz", 10.0, 1.05 * REQUIRED_ARCSEC / 3600), radius_arcsec=120.0)
    both = sealed_split_of(middle, *rows)
    assert set(both.kept["split"].to_pylist()) == {"test"} and len(set(both.kept["patch_id"].to_pylist())) == 2
    assert sealed_split_of(SEALED.of([]), *rows).kept.equals(split_of(*rows).kept)


def test_the_step_reads_sealed_sky_where_there_is_any():
    pairs = [
        (Step(f"cutouts/{name}", splits, CUTOUTS), Step(f"sources/{name}", splits, SOURCES)) for name in ("a", "b")
    ]
    seal, looks = Step("sealed/tiny", splits, SEALED), Step("alike/tiny", splits, ALIKE)
    bare = splits_step("tiny", pairs, CONFIG, alike=looks)
    sealed = splits_step("tiny", pairs, CONFIG, alike=looks, sealed=seal)
    assert [one.step.name for one in sealed.inputs] == [*(one.step.name for one in bare.inputs), "sealed/tiny"]
    assert bare.address != sealed.address
    halves = [tables([at(name, ra, 0.0)]) for name, ra in (("a", 10.0), ("b", 40.0))]
    given = [*(one for one, _ in halves), *(one for _, one in halves), ALIKE.of([]).select(ALIKE_COLUMNS)]
    sky = sky_of(("b2_rgz", 10.0, 0.0)).select(SEALED_COLUMNS)
    rows = {row["dataset"]: row for row in sealed.run([*given, sky]).kept.to_pylist()}
    assert len(bare.run(given).kept) == 2 and rows


@settings(max_examples=60, deadline=None)
@given(SKY, st.lists(PLACE, max_size=8), st.sampled_from([5.0, 90.0, 600.0]))
def test_nothing_is_trained_on_near_sealed_sky(drawn: list, places: list, radius: float):
    rows = sky(drawn)
    sealed = sky_of(*(("b1", *place) for place in places), radius_arcsec=radius)
    made = sealed_split_of(sealed, *rows)
    assert made.n_in == len(rows)
    for row in made.kept.to_pylist():
        for place in sealed.to_pylist():
            margin = separation_arcsec(row, place) - row["radius_arcsec"] - radius - row["guard_arcsec"]
            assert row["split"] == "test" or margin > -1e-6
    once = {row["cutout_id"]: row for row in split_of(*rows).kept.to_pylist()}
    for row in made.kept.to_pylist():  # the seal moves nothing but to test
        if row["split"] != "test" and row["cutout_id"] in once:
            assert row == once[row["cutout_id"]]
