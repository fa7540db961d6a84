"""ALIKE: the same picture is found again however it was changed, and no other is taken for it."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.pictures.alike import CUTOUT_COLUMNS, alike
from curation.pictures.likeness import AS_IT_IS, LEAST_DETAIL, aligned, detail, likeness, modes, small
from curation.pictures.lookalikes import LEAST_LIKENESS, lookalikes
from curation.pictures.png import png_bytes
from curation.pictures.render import Picture, render
from curation.release.certificate import verify
from schemas.fingerprint import content_id, sha256_of
from schemas.tables import CUTOUTS

SIDE_PX = 96


def sky(k: int, side_px: int = 128) -> np.ndarray:
    """Noise of a beam of 3 px and some sources, float32[side, side]; another one for each number."""
    rng = np.random.default_rng([13, k])
    noise = cv2.GaussianBlur(rng.normal(0, 1, (side_px, side_px)), (0, 0), 1.3)
    image = noise / noise.std()
    y, x = np.mgrid[:side_px, :side_px] - side_px / 2 + 0.5
    for _ in range(1 + k % 4):
        (dy, dx), width = rng.normal(0, 8, 2), rng.uniform(1.3, 4)
        image += rng.uniform(20, 200) * np.exp(-((y - dy) ** 2 + (x - dx) ** 2) / (2 * width**2))
    return image.astype(np.float32)


def drawn(image: np.ndarray, stretch: str = "log", side_px: int = SIDE_PX) -> np.ndarray:
    return render(image, Picture(side_px, stretch))


def jpeg(picture: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], cv2.IMREAD_GRAYSCALE)


CHANGED = {
    "as it is": drawn,
    "turned": lambda image: np.rot90(drawn(image)),
    "mirrored": lambda image: drawn(image)[:, ::-1],
    "mirrored and turned": lambda image: np.rot90(drawn(image), 3)[::-1],
    "the middle 0.8 of it": lambda image: drawn(image[13:115, 13:115]),
    "by asinh": lambda image: drawn(image, "asinh"),
    "by zscale": lambda image: drawn(image, "zscale"),
    "as a JPEG": lambda image: jpeg(drawn(image)),
    "in colour": lambda image: render(image, Picture(SIDE_PX, ("log", "asinh", "log"))),
    "of another size": lambda image: drawn(image, side_px=150),
    "all at once": lambda image: jpeg(np.rot90(drawn(image[6:122, 6:122], "asinh", 110))[::-1]),
}


def smalls(pictures) -> np.ndarray:
    return np.array([small(np.ascontiguousarray(one)) for one in pictures])


@pytest.fixture(scope="module")
def skies() -> list[np.ndarray]:
    return [sky(k) for k in range(24)]


@pytest.mark.parametrize("how", CHANGED)
def test_a_picture_is_found_again_and_none_is_taken_for_another(skies, how: str):
    both = smalls([*map(drawn, skies), *map(CHANGED[how], skies)])
    found = lookalikes(both)
    assert found.is_judged.all()
    assert [(one.left, one.right) for one in found.pairs] == [(k, k + 24) for k in range(24)]


def test_how_two_pictures_lie_on_each_other_is_told(skies):
    first = drawn(skies[0])
    turned = drawn(skies[0][13:115, 13:115])
    turned = np.rot90(turned, -1)  # clockwise
    one = lookalikes(smalls([first, turned])).pairs[0]
    assert (one.turn_deg, one.is_mirrored) == (90.0, False) and one.scale == pytest.approx(1.25, abs=0.03)
    over = lookalikes(smalls([first, first[::-1]])).pairs[0]
    assert (over.turn_deg, over.is_mirrored, over.scale, over.correlation) == (0.0, True, 1.0, 1.0)


def test_candidates_by_keys_miss_none_that_holding_each_against_each_finds(skies):
    both = smalls([*map(drawn, skies), *(jpeg(np.rot90(drawn(one[9:119, 9:119]))) for one in skies)])
    of = modes(both)
    details = detail(of[:, AS_IT_IS])
    every = {
        (int(left), right)
        for right in range(1, len(of))
        for left in np.flatnonzero(
            likeness(aligned(of[:right, AS_IT_IS], of[right]).correlation, np.minimum(details[:right], details[right]))
            >= LEAST_LIKENESS
        )
    }
    assert {(one.left, one.right) for one in lookalikes(both).pairs} == every and len(every) == 24


def test_whether_two_are_a_pair_depends_on_no_other_picture(skies):
    both = smalls([*map(drawn, skies), *(np.rot90(drawn(one)) for one in skies)])
    whole = {(one.left, one.right): one for one in lookalikes(both).pairs}
    some = np.array([3, 7, 27, 31])
    few = lookalikes(both[some]).pairs
    assert [(some[one.left], some[one.right], one.likeness) for one in few] == [
        (*key, whole[key].likeness) for key in ((3, 27), (7, 31))
    ]


def test_candidates_do_not_depend_on_how_many_tables_of_bits_there_are(skies, monkeypatch):
    both = smalls([*map(drawn, skies), *(np.rot90(drawn(one)) for one in skies)])
    at_once = lookalikes(both)
    monkeypatch.setattr("curation.pictures.lookalikes.MOST_BYTES", 20)
    assert lookalikes(both).pairs == at_once.pairs and len(at_once.pairs) == 24


def test_of_a_blob_on_black_nothing_is_said():
    y, x = np.mgrid[:48, :48] - 23.5
    blobs = [np.clip(255 * np.exp(-(y**2 + x**2) / w**2), 0, 255).astype(np.uint8) for w in (2, 2.1, 3)]
    blobs = [np.where(one < 40, 0, one).astype(np.uint8) for one in blobs]
    found = lookalikes(np.array([*blobs, *blobs, np.zeros((48, 48), np.uint8)]))
    assert not found.is_judged.any() and found.pairs == ()
    assert lookalikes(np.empty((0, 48, 48), np.uint8)).pairs == ()


def test_different_skies_with_the_same_blank_half_are_different(skies):
    edges = [np.where(np.arange(128) < 60, np.nan, one).astype(np.float32) for one in skies]
    assert lookalikes(smalls(map(drawn, edges))).pairs == ()
    assert (detail(modes(smalls(map(drawn, edges)))[:, AS_IT_IS]) > LEAST_DETAIL).all()


def test_the_table_names_both_cutouts_and_does_not_depend_on_the_order_of_datasets(skies):
    rows = [
        {"cutout_id": content_id("cutout", k), "dataset": "ab"[k > 1], "small": small(picture).tobytes()}
        for k, picture in enumerate([drawn(skies[0]), drawn(skies[1]), np.ascontiguousarray(drawn(skies[1])[::-1])])
    ]
    schema = pa.schema([CUTOUTS.schema.field(name) for name in CUTOUT_COLUMNS])
    first, second = (pa.Table.from_pylist(some, schema) for some in (rows[:2], rows[2:]))
    made = alike(first, second)
    (row,) = made.kept.to_pylist()
    assert {row["left_id"], row["right_id"]} == {rows[1]["cutout_id"], rows[2]["cutout_id"]}
    assert row["left_id"] < row["right_id"] and row["likeness"] > LEAST_LIKENESS and made.n_in == 1
    assert alike(second, first).kept.equals(made.kept)


def test_the_certificate_says_how_many_and_a_copy_in_another_split_is_named(demo_build, tmp_path: Path):
    said = json.loads((demo_build.handover / "split_certificate.json").read_text())
    assert said["alike"]["least_likeness"] == LEAST_LIKENESS
    copy = tmp_path / "handover"
    shutil.copytree(demo_build.handover, copy)
    rows = pq.read_table(copy / "provenance.parquet").to_pylist()
    shown = [row for row in rows if row["cutout_id"] is not None]
    left = next(row for row in shown if row["split"] == "train")
    right = next(row for row in shown if row["split"] == "test")
    picture = cv2.imread(str(copy / left["image"]), cv2.IMREAD_UNCHANGED)
    (copy / right["image"]).write_bytes(png_bytes(np.ascontiguousarray(picture[:, ::-1])))
    for row in rows:
        if row["image"] == right["image"]:
            row["png_sha256"] = sha256_of(copy / right["image"])
    schema = pq.read_schema(copy / "provenance.parquet")
    pq.write_table(pa.Table.from_pylist(rows, schema), copy / "provenance.parquet")
    problems = [one for one in verify(copy) if "nearly the same" in one]
    assert any(left["cutout_id"] in one and right["cutout_id"] in one and "mirrored" in one for one in problems)
