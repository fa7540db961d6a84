"""Cross-match: the same pairs and separations as brute force, wherever on the sky, and the same boxes."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.crossmatch import (
    Offset,
    best,
    chance_share,
    crossmatch,
    crossmatch_files,
    moved,
    mutual_best,
    offset,
    overlap,
)
from catalogs.sky import angle_arcsec, unit_vectors
from schemas.errors import CatalogError, RecipeError
from schemas.tables import MATCHES

MICROARCSEC = 1e-6
NANODEGREE_ARCSEC = 1e-9 * 3600


def catalogue(vectors, letter):
    vectors = np.asarray(vectors).reshape(-1, 3)
    ids = pa.array([f"{letter}{number:06d}" for number in range(len(vectors))], pa.string())
    return pa.table({"id": ids, **{name: vectors[:, axis] for axis, name in enumerate("xyz")}})


def at(vectors, arcsec, direction):
    """Directions `arcsec` away from each of `vectors`, towards a position angle in radians."""
    axis = np.where(np.abs(vectors[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    first = np.cross(axis, vectors)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(vectors, first)
    angle = np.radians(np.broadcast_to(np.asarray(arcsec, float), len(vectors)) / 3600)[:, None]
    heading = first * np.sin(direction)[:, None] + second * np.cos(direction)[:, None]
    far = vectors * np.cos(angle) + heading * np.sin(angle)
    return far / np.linalg.norm(far, axis=1, keepdims=True)


def hard_sky(n, radius_arcsec, rng):
    """Left and right directions: the whole sky, both poles, RA 0/360, coincident ones, some exactly at the radius."""
    n_each = n // 5
    everywhere = rng.normal(size=(n_each, 3))
    everywhere /= np.linalg.norm(everywhere, axis=1, keepdims=True)
    wide = radius_arcsec / 3600 * 20 + 0.01
    caps = [
        unit_vectors(rng.uniform(0, 360, n_each), sign * (90 - wide * np.sqrt(rng.uniform(0, 1, n_each))))
        for sign in (1, -1)
    ]
    n_wrap = n - 3 * n_each
    wrap = unit_vectors(rng.normal(0, wide, n_wrap) % 360, rng.normal(0, wide, n_wrap))
    left = np.concatenate([everywhere, *caps, wrap])
    left[n_each], left[2 * n_each], left[-2] = [0, 0, 1], [0, 0, -1], left[-1]
    near = at(left, rng.uniform(0, 2 * radius_arcsec, n), rng.uniform(0, 2 * np.pi, n))
    exact = at(left, radius_arcsec, rng.uniform(0, 2 * np.pi, n))
    kinds = np.stack([near, exact, left, near[rng.permutation(n)]])
    right = kinds[rng.integers(0, 4, n), np.arange(n)]
    return left, right[rng.permutation(n)]


def brute_force(left, right, radius_arcsec):
    """Every pair at most the radius apart, rounding forgiven: index, index, separation; each against each."""
    pairs = []
    for number, one in enumerate(left):
        apart = angle_arcsec(one, right)
        near = np.flatnonzero(apart <= radius_arcsec * (1 + 5e-10) + 1e-10)
        pairs.append(np.stack([np.full(len(near), number), near, apart[near]], axis=-1))
    found = np.concatenate(pairs) if pairs else np.zeros((0, 3))
    return found[:, 0].astype(int), found[:, 1].astype(int), found[:, 2]


def numbers(column):
    return np.array([int(one[1:]) for one in column.to_pylist()], int)


def check_equal(left, right, radius_arcsec, matches):
    ours, theirs, apart = brute_force(left, right, radius_arcsec)
    order = np.lexsort((theirs, ours))
    found_left, found_right = numbers(matches["left_id"]), numbers(matches["right_id"])
    found_apart = matches["separation_arcsec"].to_numpy()
    found_order = np.lexsort((found_right, found_left))
    assert (found_left[found_order] == ours[order]).all() and (found_right[found_order] == theirs[order]).all()
    assert np.abs(found_apart[found_order] - apart[order]).max(initial=0) <= NANODEGREE_ARCSEC
    assert (np.lexsort((found_right, found_apart, found_left)) == np.arange(len(found_left))).all()
    assert (np.diff(found_left) >= 0).all()
    counts = np.bincount(ours, minlength=len(left))
    assert (matches["n_candidates"].to_numpy() == counts[found_left]).all()
    # The best: nearest to a microarcsecond; judged by our own separations, whose last digit is rounding.
    is_best, is_mutual = (matches[name].to_numpy(zero_copy_only=False) for name in ("is_best", "is_mutual_best"))
    nearest_left, nearest_right = np.full(len(left), np.inf), np.full(len(right), np.inf)
    np.minimum.at(nearest_left, found_left, found_apart)
    np.minimum.at(nearest_right, found_right, found_apart)
    assert np.bincount(found_left[is_best], minlength=len(left)).max(initial=0) <= 1
    assert is_best.sum() == (counts > 0).sum() and (found_apart[is_best] == nearest_left[found_left[is_best]]).all()
    first = np.flatnonzero(np.diff(found_left, prepend=-1))
    assert (np.flatnonzero(is_best) == first).all()
    by_right = np.lexsort((found_left, found_apart, found_right))
    first_of_right = by_right[np.flatnonzero(np.diff(found_right[by_right], prepend=-1))]
    assert set(np.flatnonzero(is_mutual)) == set(first) & set(first_of_right)


@pytest.mark.parametrize("radius_arcsec", [0.5, 5.0, 300.0, 7200.0])
def test_it_equals_brute_force_at_poles_and_wrap_for_small_and_large_radii(radius_arcsec):
    left, right = hard_sky(600, radius_arcsec, np.random.default_rng(7))
    matches = crossmatch(catalogue(left, "l"), catalogue(right, "r"), radius_arcsec)
    assert matches.num_rows > 200
    check_equal(left, right, radius_arcsec, matches)


def test_it_equals_brute_force_on_ten_thousand_by_ten_thousand():
    left, right = hard_sky(10_000, 5.0, np.random.default_rng(11))
    matches = crossmatch(catalogue(left, "l"), catalogue(right, "r"), 5.0)
    assert matches.num_rows > 6_000
    check_equal(left, right, 5.0, matches)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(5, 60),
    radius_arcsec=st.one_of(st.floats(0.01, 10), st.floats(10, 7200), st.sampled_from([0.1, 1.0, 30.0, 120.0, 3600.0])),
)
def test_it_equals_brute_force_whatever_the_sky(seed, n, radius_arcsec):
    left, right = hard_sky(n, radius_arcsec, np.random.default_rng(seed))
    check_equal(left, right, radius_arcsec, crossmatch(catalogue(left, "l"), catalogue(right, "r"), radius_arcsec))


@pytest.mark.parametrize("radius_arcsec", [0.5, 5.0, 1000.0])
def test_points_exactly_at_the_radius_are_in_and_a_little_farther_ones_are_out(radius_arcsec):
    rng = np.random.default_rng(3)
    left = rng.normal(size=(2000, 3))
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    turn = rng.uniform(0, 2 * np.pi, 2000)
    ours = catalogue(left, "l")
    assert best(crossmatch(ours, catalogue(at(left, radius_arcsec, turn), "r"), radius_arcsec)).num_rows == 2000
    farther = catalogue(at(left, radius_arcsec * (1 + 1e-6), turn), "r")
    matches = crossmatch(ours, farther, radius_arcsec)
    own = [one["left_id"][1:] == one["right_id"][1:] for one in matches.select(["left_id", "right_id"]).to_pylist()]
    assert not any(own)


def test_a_radius_of_zero_finds_what_coincides():
    left = unit_vectors([0, 0, 120, 359.9999999], [90, -90, 0, 10])
    matches = crossmatch(catalogue(left, "l"), catalogue(left, "r"), 0)
    assert numbers(matches["left_id"]).tolist() == numbers(matches["right_id"]).tolist() == [0, 1, 2, 3]
    assert matches["separation_arcsec"].to_pylist() == [0, 0, 0, 0]


def test_of_equally_near_ones_the_lower_id_is_the_best():
    one, same = unit_vectors(10, 20), np.repeat(unit_vectors(10, 20), 3, axis=0)
    matches = crossmatch(catalogue(one, "l"), catalogue(same, "r"), 1)
    assert best(matches)["right_id"].to_pylist() == ["r000000"]
    assert mutual_best(matches).num_rows == 1
    assert matches["n_candidates"].to_pylist() == [3, 3, 3]
    back = crossmatch(catalogue(same, "l"), catalogue(one, "r"), 1)
    assert best(back).num_rows == 3
    assert mutual_best(back)["left_id"].to_pylist() == ["l000000"]


def test_rows_come_in_the_same_order_whatever_the_threads_and_the_order_of_what_comes_in():
    left, right = hard_sky(5000, 20.0, np.random.default_rng(5))
    ours, theirs = catalogue(left, "l"), catalogue(right, "r")
    found = crossmatch(ours, theirs, 20.0)
    shuffled = [one.take(np.random.default_rng(6).permutation(one.num_rows)) for one in (ours, theirs)]
    assert crossmatch(*shuffled, 20.0, threads=2).equals(found)
    assert found.schema.equals(MATCHES.schema)


def test_empty_catalogues_match_nothing():
    empty, one = catalogue(np.zeros((0, 3)), "l"), catalogue(unit_vectors(1, 1), "r")
    assert crossmatch(empty, one, 5).num_rows == crossmatch(one, empty, 5).num_rows == 0
    assert chance_share(empty, one, 5) == 0
    assert offset(empty, one, crossmatch(empty, one, 5)) == Offset(0, 0, 0)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda t: t.set_column(1, "x", pa.array([np.nan, 1.0])), "left catalogue: 1 rows that x, y, z are not"),
        (lambda t: t.set_column(1, "x", pa.array([None, 1.0])), "left catalogue: 1 rows that x, y, z are not"),
        (lambda t: t.set_column(1, "x", pa.array([2.0, 1.0])), "left catalogue: 1 rows that x, y, z are not"),
        (lambda t: t.set_column(0, "id", pa.array(["a", "a"])), "id 'a' stands in more than one row"),
        (lambda t: t.set_column(0, "id", pa.array(["a", None])), "1 rows without an id"),
        (lambda t: t.set_column(0, "id", pa.array([1, 2])), "id is int64, expected string"),
        (lambda t: t.drop_columns(["z"]), "no column z; found: id, x, y"),
    ],
)
def test_what_is_no_catalogue_is_refused(spoil, says):
    good = catalogue(unit_vectors([0, 0], [0, 0]), "l")
    with pytest.raises(CatalogError, match=says):
        crossmatch(spoil(good), good, 5)


@pytest.mark.parametrize("radius_arcsec", [-1, float("nan"), 400_000])
def test_a_radius_that_is_none_is_refused(radius_arcsec):
    one = catalogue(unit_vectors(0, 0), "l")
    with pytest.raises(RecipeError, match="expected 0 to 324000"):
        crossmatch(one, one, radius_arcsec)


def test_an_offset_is_found_removed_and_hardly_moved_by_chance_pairs():
    rng = np.random.default_rng(9)
    left = unit_vectors(rng.uniform(0, 360, 3000), np.degrees(np.arcsin(rng.uniform(-1, 1, 3000))))
    true = Offset(2.0, -1.2)
    ours = catalogue(left, "l")
    scattered = catalogue(at(left, rng.rayleigh(0.3, 3000), rng.uniform(0, 2 * np.pi, 3000)), "r")
    strays = catalogue(at(left[:900], rng.uniform(0, 8, 900), rng.uniform(0, 2 * np.pi, 900)), "s")
    theirs = pa.concat_tables([moved(scattered, true), strays])
    found = offset(ours, theirs, crossmatch(ours, theirs, 8))
    assert found.n > 2500
    assert found.east_arcsec == pytest.approx(2.0, abs=0.1) and found.north_arcsec == pytest.approx(-1.2, abs=0.1)
    rest = offset(ours, back := moved(theirs, found.reversed()), crossmatch(ours, back, 8))
    assert abs(rest.east_arcsec) < 0.05 and abs(rest.north_arcsec) < 0.05


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (359.99999, 60.0), (123.0, 89.9), (10.0, -89.99), (0.0, 90.0)])
def test_moved_goes_the_way_that_offset_finds_even_near_a_pole(ra, dec):
    one = catalogue(unit_vectors(ra, dec), "l")
    there = moved(one, Offset(30.0, -40.0))
    found = offset(one, there, crossmatch(one, there, 60))
    assert crossmatch(one, there, 60)["separation_arcsec"].to_pylist() == pytest.approx([50.0], abs=MICROARCSEC)
    assert (found.east_arcsec, found.north_arcsec) == pytest.approx((30.0, -40.0), abs=1e-6)


def test_the_chance_share_is_that_of_catalogues_that_know_nothing_of_each_other():
    rng = np.random.default_rng(13)
    sky = rng.normal(size=(2, 4000, 3))
    left, right = (catalogue(v / np.linalg.norm(v, axis=1, keepdims=True), c) for v, c in zip(sky, "lr", strict=True))
    expected = 1 - np.exp(-4000 * (1 - np.cos(np.radians(1800 / 3600))) / 2)
    assert chance_share(left, right, 1800) == pytest.approx(expected, rel=0.05)
    assert chance_share(left, left, 1800) == pytest.approx(expected, rel=0.05)
    assert chance_share(left, left, 1800, n_shifts=1) == pytest.approx(expected, rel=0.1)


def test_files_give_what_tables_give(tmp_path: Path):
    left, right = (catalogue(v, c) for v, c in zip(hard_sky(3000, 9.0, np.random.default_rng(2)), "lr", strict=True))
    pq.write_table(left, tmp_path / "left.parquet")
    pq.write_table(right, tmp_path / "right.parquet")
    out = tmp_path / "matches.parquet"
    n_pairs = crossmatch_files(tmp_path / "left.parquet", tmp_path / "right.parquet", out, 9.0)
    expected = crossmatch(left, right, 9.0)
    assert n_pairs == expected.num_rows
    assert MATCHES.check(pq.read_table(out)).equals(expected)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["left.parquet", "matches.parquet", "right.parquet"]


def test_files_with_positions_that_are_none_are_refused_and_nothing_is_written(tmp_path: Path):
    left = catalogue(unit_vectors([1, 2], [3, 4]), "l")
    pq.write_table(left, tmp_path / "left.parquet")
    pq.write_table(left.set_column(3, "z", pa.array([np.nan, None])), tmp_path / "right.parquet")
    pq.write_table(left.drop_columns(["z"]), tmp_path / "flat.parquet")
    with pytest.raises(CatalogError, match=r"right.parquet: 2 rows whose x, y, z"):
        crossmatch_files(tmp_path / "left.parquet", tmp_path / "right.parquet", tmp_path / "out.parquet", 5)
    with pytest.raises(CatalogError, match=r"flat.parquet: no column z"):
        crossmatch_files(tmp_path / "left.parquet", tmp_path / "flat.parquet", tmp_path / "out.parquet", 5)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.slow
def test_catalogues_larger_than_memory_are_matched_all_the_same(tmp_path: Path):
    rng = np.random.default_rng(4)
    n_rows = 1_500_000
    sky = rng.normal(size=(n_rows, 3))
    sky /= np.linalg.norm(sky, axis=1, keepdims=True)
    pq.write_table(catalogue(sky, "l"), tmp_path / "left.parquet")
    pq.write_table(catalogue(sky[::-1], "r"), tmp_path / "right.parquet")
    paths = (tmp_path / "left.parquet", tmp_path / "right.parquet")
    n_pairs = crossmatch_files(*paths, tmp_path / "out.parquet", 5.0, memory_mb=300, threads=2)
    assert n_pairs >= n_rows
    separations = pq.read_table(tmp_path / "out.parquet", columns=["separation_arcsec"])["separation_arcsec"]
    assert np.count_nonzero(separations.to_numpy() == 0) == n_rows


def boxes(rng, n_pictures, n_each, side_px, letter):
    n = n_pictures * n_each
    corner = rng.uniform(-50, side_px, (n, 2))
    size = np.exp(rng.uniform(np.log(4), np.log(400), (n, 2)))
    ids = [f"{letter}{number:06d}" for number in range(n)]
    columns = np.concatenate([corner, corner + size], axis=1)
    names = ("x_min", "y_min", "x_max", "y_max")
    pictures = [f"images/{number // n_each}.fits" for number in range(n)]
    return pa.table({"id": ids, "picture": pictures, **{name: columns[:, k] for k, name in enumerate(names)}})


def box_brute_force(left, right, least_iou):
    found = {}
    for one in left.to_pylist():
        for two in right.to_pylist():
            width = min(one["x_max"], two["x_max"]) - max(one["x_min"], two["x_min"])
            height = min(one["y_max"], two["y_max"]) - max(one["y_min"], two["y_min"])
            if one["picture"] != two["picture"] or width <= 0 or height <= 0:
                continue
            areas = [(box["x_max"] - box["x_min"]) * (box["y_max"] - box["y_min"]) for box in (one, two)]
            iou = width * height / (sum(areas) - width * height)
            if iou >= least_iou:
                found[one["id"], two["id"]] = (iou, width * height / min(areas))
    return found


@pytest.mark.parametrize("least_iou", [0.01, 0.3, 0.7])
def test_overlap_equals_brute_force_for_boxes_that_cross_cells_and_edges(least_iou):
    rng = np.random.default_rng(8)
    left, right = boxes(rng, 3, 120, 600, "l"), boxes(rng, 3, 120, 600, "r")
    jitter = pa.array(np.asarray(left["x_max"]) + rng.uniform(0, 5, left.num_rows))
    right = pa.concat_tables([right, left.set_column(4, "x_max", jitter).set_column(0, "id", pa.array(
        [f"r1{one[2:]}" for one in left["id"].to_pylist()]))])  # fmt: skip
    found = overlap(left, right, least_iou)
    expected = box_brute_force(left, right, least_iou)
    rows = found.to_pylist()
    assert {(row["left_id"], row["right_id"]) for row in rows} == set(expected) and len(rows) == len(expected) > 0
    for row in rows:
        iou, smaller = expected[row["left_id"], row["right_id"]]
        assert row["box_iou"] == pytest.approx(iou, rel=1e-12)
        assert row["overlap"] == pytest.approx(smaller, rel=1e-12)
    keys = [(row["left_id"], -row["box_iou"], row["right_id"]) for row in rows]
    assert keys == sorted(keys)
    assert sum(row["is_best"] for row in rows) == len({row["left_id"] for row in rows})


def test_boxes_that_only_touch_or_stand_in_other_pictures_do_not_overlap():
    def one(name, picture, *box):
        values = dict(zip(("x_min", "y_min", "x_max", "y_max"), [[float(v)] for v in box], strict=True))
        return pa.table({"id": [name], "picture": [picture], **values})

    left = one("l", "a", 0, 0, 128, 128)
    assert overlap(left, one("r", "a", 128, 0, 256, 128), 0.001).num_rows == 0
    assert overlap(left, one("r", "b", 0, 0, 128, 128), 0.001).num_rows == 0
    same = overlap(left, one("r", "a", 0, 0, 128, 128), 1).to_pylist()
    assert [(row["box_iou"], row["overlap"], row["distance_px"], row["is_mutual_best"]) for row in same] == [
        (1, 1, 0, True)
    ]
    inside = overlap(left, one("r", "a", 32, 32, 64, 64), 0.01).to_pylist()[0]
    assert (inside["box_iou"], inside["overlap"]) == (0.0625, 1)
    assert inside["distance_px"] == pytest.approx(16 * np.sqrt(2))


@pytest.mark.parametrize(("column", "value"), [("x_min", 20.0), ("y_max", np.nan), ("x_max", 1e7), ("picture", None)])
def test_what_is_no_box_is_refused(column, value):
    good = {"id": ["a"], "picture": ["p"], "x_min": [0.0], "y_min": [0.0], "x_max": [10.0], "y_max": [10.0]}
    bad = pa.table({**good, column: pa.array([value], pa.string() if value is None else None)})
    with pytest.raises(CatalogError, match="left catalogue: 1 rows that are no box"):
        overlap(bad, pa.table(good), 0.5)
    with pytest.raises(RecipeError, match="least_iou 0"):
        overlap(pa.table(good), pa.table(good), 0)
