"""COCO: masks and boxes of the real detections, objects of several parts, ids, and what is refused."""

import gzip
import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.formats.coco import mask_of, read_coco
from catalogs.formats.labelme import read_labelme
from schemas.errors import CatalogError
from tests.mangling import mangled

RUNS = {"size": [3, 2], "counts": [1, 2, 1, 2]}  # down the columns: 0 1 1, 0 1 1
WHOLE = {"size": [10, 20], "counts": [3, 4, 193]}  # rows 3 to 6 of the first column
LOBES = [[1, 1, 5, 1, 5, 5, 1, 5], [12, 2, 18, 2, 18, 8, 12, 8]]


def written(folder, content, name="a.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_real_detections_are_predictions_with_masks_of_132_by_132(raw):
    found = read_coco(raw / "annotations/coco_rle_detections.json.gz")
    assert (found.is_prediction, found.n_in, found.rejections) == (True, 2099, ())
    assert all(one.is_prediction and one.image_polygon_px is None for one in found.outlines)
    areas = [one.n_mask_px for one in found.outlines]
    assert (min(areas), max(areas), np.median(areas)) == (3, 990, 76)
    assert Counter(one.label for one in found.outlines) == {"1": 803, "2": 222, "3": 492, "4": 279, "5": 303}
    scores = [one.score for one in found.outlines]
    assert (round(min(scores), 3), round(max(scores), 3)) == (0.700, 1.000)


# pycocotools 2.0.11 hands arrays to numpy in the old way.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_masks_equal_those_of_pycocotools_upside_down(raw):
    pycocotools = pytest.importorskip("pycocotools.mask")
    detections = json.loads(gzip.decompress((raw / "annotations/coco_rle_detections.json.gz").read_bytes()))
    for one in detections[::50]:
        ours = mask_of(one["segmentation"])
        assert ours.shape == (132, 132)
        assert np.array_equal(ours[::-1], pycocotools.decode(one["segmentation"]).astype(bool))


def test_the_boxes_lie_within_11_px_of_their_masks(raw):
    path = raw / "annotations/coco_rle_detections.json.gz"
    detections = json.loads(gzip.decompress(path.read_bytes()))
    worst = 0.0
    for one, outline in list(zip(detections, read_coco(path).outlines, strict=True))[::10]:
        rows, columns = np.nonzero(mask_of(one["segmentation"]))
        mask_box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        worst = max(worst, np.abs(mask_box - outline.box_fits_px).max())
    assert worst <= 12


def test_runs_go_down_the_columns_and_row_0_ends_at_the_bottom():
    expected = [[1, 1], [1, 1], [0, 0]]
    assert mask_of(RUNS).astype(int).tolist() == expected


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_compressed_and_plain_runs_are_the_same_mask():
    pycocotools = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(3)
    for shape in ((3, 2), (40, 70), (1, 5)):
        mask = rng.random(shape) > 0.6
        packed = pycocotools.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert np.array_equal(mask_of({"size": list(shape), "counts": packed["counts"].decode()}), mask[::-1])


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [3, 2], "counts": [1, 2, 1]},
        {"size": [3, 2], "counts": [1, -2, 7]},
        {"size": [3, 2], "counts": [1.5, 4.5]},
        {"size": [3, 2], "counts": "o"},
        {"size": [3, 2], "counts": "\u00e9"},
        {"size": [3, 2], "counts": "oooooooooooo0"},
        {"size": [0, 2], "counts": []},
        {"size": [10**9, 10**9], "counts": [10**18]},
        {"size": "132", "counts": "1"},
        {"counts": [6]},
    ],
)
def test_a_broken_mask_is_refused_before_it_takes_memory(segmentation):
    with pytest.raises(CatalogError, match="bad-mask"):
        mask_of(segmentation)


def a_coco(**annotation):
    one = {"image_id": 1, "category_id": 3, "segmentation": [[0, 0, 4, 0, 4, 2]], **annotation}
    return {
        "images": [{"id": 1, "height": 10, "width": 20}],
        "categories": [{"id": 3, "name": "galaxy"}],
        "annotations": [one],
    }


def test_a_dataset_is_truth_in_fits_pixels(tmp_path):
    found = read_coco(written(tmp_path, a_coco(bbox=[0, 0, 4, 2])))
    (outline,) = found.outlines
    assert (found.is_prediction, outline.is_prediction, outline.score) == (False, False, None)
    assert (outline.picture, outline.label) == ("1", "galaxy")
    # COCO's edge 0 is the pixel centre -0.5, and its top is our far edge
    assert outline.image_polygon_px == (-0.5, 9.5, 3.5, 9.5, 3.5, 7.5)
    assert outline.box_fits_px == (0, 8, 4, 10)


def test_without_a_box_the_outline_gives_it(tmp_path):
    (outline,) = read_coco(written(tmp_path, a_coco())).outlines
    assert outline.box_fits_px == (0, 8, 4, 10)
    (masked,) = read_coco(written(tmp_path, a_coco(segmentation=WHOLE))).outlines
    assert (masked.box_fits_px, masked.n_mask_px) == ((0, 3, 1, 7), 4)


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ({"category_id": 9}, "unknown-category"),
        ({"category_id": [3]}, "bad-annotation"),
        ({"category_id": {"id": 3}}, "bad-annotation"),
        ({"category_id": 3.5}, "bad-annotation"),
        ({"category_id": True}, "bad-annotation"),
        ({"category_id": None}, "bad-annotation"),
        ({"image_id": 9}, "unknown-image"),
        ({"image_id": [1]}, "bad-annotation"),
        ({"id": [1]}, "bad-annotation"),
        ({"iscrowd": 1}, "crowd"),
        ({"iscrowd": "no"}, "bad-annotation"),
        ({"segmentation": [[0, 0, 4, 0, 8, 0]]}, "bad-outline"),
        ({"segmentation": [[0, 0, 4, 0, 4, 2], [1, 1, 5, 5]]}, "bad-outline"),
        ({"segmentation": [0, 0, 4, 0, 4, 2]}, "bad-outline"),
        ({"segmentation": [[0, 0, 4, 0, 4, 10**400]]}, "bad-outline"),
        ({"segmentation": [[0, 0, 4, 0, 4, 1e300]]}, "bad-outline"),
        ({"segmentation": [[0, 0, 4, 0, 4, True]]}, "bad-outline"),
        ({"segmentation": [[0, 10, 4, 10, 4, 12]]}, "outside-picture"),
        ({"segmentation": [[20, 0, 24, 0, 24, 2]]}, "outside-picture"),
        ({"bbox": [0, -5, 4, 5], "segmentation": None}, "outside-picture"),
        ({"bbox": [10, 6, 4, 3]}, "bad-box"),
        ({"segmentation": RUNS}, "bad-mask"),
        ({"segmentation": [[0, 0, 4, 0]]}, "bad-outline"),
        ({"segmentation": [[0, 0, 4, 0, 4, float("nan")]]}, "bad-outline"),
        ({"segmentation": "x"}, "bad-outline"),
        ({"segmentation": {"size": [3, 2], "counts": [1]}}, "bad-mask"),
        ({"segmentation": {"size": [3, 2], "counts": [6]}}, "bad-mask"),
        ({"segmentation": {"size": [10, 20], "counts": [200]}}, "bad-annotation"),
        ({"segmentation": {"size": [10, 20], "counts": [10**4000]}}, "bad-mask"),
        ({"segmentation": None}, "bad-annotation"),
        ({"bbox": [0, 0, 0, 5]}, "bad-box"),
        ({"bbox": [0, 0, 5]}, "bad-box"),
        ({"bbox": [0, 0, 5, "5"]}, "bad-box"),
        ({"bbox": {"x": 0}}, "bad-box"),
        ({"bbox": [0, 0, 1e308, 1e308]}, "bad-box"),
    ],
)
def test_a_bad_annotation_is_refused_with_its_reason(tmp_path, annotation, reason):
    found = read_coco(written(tmp_path, a_coco(**annotation)))
    assert [one.reason for one in found.rejections] == [reason]
    assert found.n_in == 1


def test_a_detection_without_a_score_is_refused(tmp_path):
    detection = {"image_id": 1, "category_id": 1, "segmentation": RUNS}
    found = read_coco(written(tmp_path, [detection, {**detection, "score": 2}, {**detection, "score": 0.5}, 7]))
    assert [one.reason for one in found.rejections] == ["bad-annotation"] * 3
    assert [one.score for one in found.outlines] == [0.5]


@pytest.mark.parametrize(
    "content",
    [
        "nope", "7", "", "null", '{"images": [], "images": [], "categories": [], "annotations": []}', '["\\ud800"]',
        {"images": []}, {"images": [{}], "categories": [], "annotations": []},
        {**a_coco(), "images": {"1": {}}}, {**a_coco(), "images": [7]},
        {**a_coco(), "images": [{"id": [1], "height": 10}]}, {**a_coco(), "images": [{"id": 1, "height": 0}]},
        {**a_coco(), "images": [{"id": 1, "height": "10"}]}, {**a_coco(), "images": [{"id": 1, "height": 1e999}]},
        {**a_coco(), "categories": [{"id": 3}]}, {**a_coco(), "categories": [{"id": [3], "name": "a"}]},
        {**a_coco(), "categories": [{"id": 3, "name": ["a"]}]},
    ],
)  # fmt: skip
def test_a_file_that_is_no_coco_is_one_line(tmp_path, content):
    with pytest.raises(CatalogError, match="a.json"):
        read_coco(written(tmp_path, content))


@pytest.mark.parametrize(
    ("key", "items"),
    [
        ("images", [{"id": 1, "height": 10}, {"id": 1, "height": 50}]),
        ("images", [{"id": 1, "height": 10}, {"id": "1", "height": 10}]),
        ("categories", [{"id": 3, "name": "FR-I"}, {"id": 3, "name": "FR-II"}]),
    ],
)
def test_two_images_or_categories_of_one_id_are_an_error_that_shows_both(tmp_path, key, items):
    with pytest.raises(CatalogError, match=rf"a\.json: {key}\[1\]: id . stands twice: .*and"):
        read_coco(written(tmp_path, {**a_coco(), key: items}))


def test_of_annotations_with_one_id_the_later_is_refused(tmp_path):
    coco = a_coco(id=5)
    coco["annotations"] += [{**coco["annotations"][0], "bbox": [1, 1, 2, 2]}, {**coco["annotations"][0], "id": None}]
    found = read_coco(written(tmp_path, coco))
    assert [one.row for one in found.outlines] == [0, 2]
    assert [(one.row_id, one.reason) for one in found.rejections] == [("a.json:1", "duplicate-id")]


def test_every_part_of_an_object_counts_for_its_outline_and_its_box(tmp_path):
    (outline,) = read_coco(written(tmp_path, a_coco(segmentation=LOBES))).outlines
    assert (outline.box_fits_px, outline.n_parts) == ((1, 2, 18, 9), 2)
    hull = {(0.5, 8.5), (4.5, 8.5), (17.5, 7.5), (17.5, 1.5), (11.5, 1.5), (0.5, 4.5)}
    assert set(zip(outline.image_polygon_px[::2], outline.image_polygon_px[1::2], strict=True)) == hull


def test_in_a_dataset_a_box_of_one_lobe_is_widened_to_both_and_in_detections_it_is_the_networks(tmp_path):
    one_lobe = {"segmentation": LOBES, "bbox": [1, 1, 4, 4]}
    (outline,) = read_coco(written(tmp_path, a_coco(**one_lobe))).outlines
    assert outline.box_fits_px == (1, 2, 18, 9)
    detection = {"image_id": 1, "category_id": 3, "score": 0.5, **one_lobe}
    (outline,) = read_coco(written(tmp_path, [detection]), heights_px={"1": 10}).outlines
    assert outline.box_fits_px == (1, 5, 5, 9)


def test_a_picture_without_height_has_no_outlines_unless_it_is_given(tmp_path):
    path = written(tmp_path, {**a_coco(), "images": [{"id": 1, "height": None}]})
    assert [one.reason for one in read_coco(path).rejections] == ["no-height"]
    assert len(read_coco(path, heights_px={"1": 10}).outlines) == 1


POINTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), min_size=3, max_size=9).filter(
    lambda some: np.linalg.matrix_rank(np.array(some) - some[0]) == 2
)
PARTS = st.lists(POINTS, min_size=1, max_size=3)


def both_formats(parts, height=30, width=40):
    """The same parts as an object of COCO and as a group of labelme."""
    coco = {
        "images": [{"id": 7, "height": height, "width": width}],
        "categories": [{"id": 1, "name": "x"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, "segmentation": [np.ravel(one).tolist() for one in parts]}
        ],
    }
    shapes = [{"label": "x", "points": np.array(one).tolist(), "shape_type": "polygon", "group_id": 4} for one in parts]
    return coco, {"imagePath": "a.png", "imageWidth": width, "imageHeight": height, "shapes": shapes}


@settings(max_examples=100, deadline=None)
@given(PARTS)
def test_one_drawing_in_labelme_and_in_coco_is_one_outline_with_the_box_of_all_its_points(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("one")
    coco, labelme = both_formats(parts)
    of_coco, of_labelme = read_coco(written(folder, coco)), read_labelme(written(folder, labelme))
    (x_min, y_min), (x_max, y_max) = (getattr(np.concatenate(parts), name)(axis=0) for name in ("min", "max"))
    is_shown = x_min < 40 and x_max > 0 and y_min < 30 and y_max > 0
    assert (len(of_coco.outlines), len(of_labelme.outlines)) == (is_shown, is_shown)
    for one, other in zip(of_coco.outlines, of_labelme.outlines, strict=True):
        assert one.image_polygon_px == other.image_polygon_px
        assert one.box_fits_px == other.box_fits_px == (x_min, 30 - y_max, x_max, 30 - y_min)
        assert one.n_parts == other.n_parts == len(parts)


# pycocotools 2.0.11 hands arrays to numpy in the old way.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_pixels_of_a_polygon_are_those_of_pycocotools(tmp_path):
    """A rectangle on whole numbers covers for pycocotools the pixels that our box holds."""
    pycocotools = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(8)
    for _ in range(30):
        (x, far_x), (y, far_y) = (np.sort(rng.choice(20, 2, replace=False)).tolist() for _ in range(2))
        corners = [x, y, far_x, y, far_x, far_y, x, far_y]
        mask = pycocotools.decode(pycocotools.merge(pycocotools.frPyObjects([corners], 24, 24)))[::-1]
        coco, _ = both_formats([np.reshape(corners, (-1, 2))], 24, 24)
        (x_min, y_min, x_max, y_max) = map(int, read_coco(written(tmp_path, coco)).outlines[0].box_fits_px)
        assert mask[y_min:y_max, x_min:x_max].all()
        assert mask.sum() == (x_max - x_min) * (y_max - y_min)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.booleans())
def test_the_box_of_a_random_mask_is_that_of_its_pixels(tmp_path_factory, seed, height, width, is_dataset):
    mask = np.random.default_rng(seed).random((height, width)) > 0.7
    if not mask.any():
        mask[0, 0] = True
    flat = np.concatenate([[False], mask.ravel(order="F")])  # runs begin outside
    edges = np.flatnonzero(np.diff(flat.astype(int))).tolist()
    counts = np.diff([0, *edges, mask.size]).tolist()
    one = {"image_id": 1, "category_id": 3, "segmentation": {"size": [height, width], "counts": counts}}
    content = {**a_coco(), "images": [{"id": 1, "height": height, "width": width}], "annotations": [one]}
    path = written(tmp_path_factory.mktemp("mask"), content if is_dataset else [{**one, "score": 1}])
    (outline,) = read_coco(path).outlines
    rows, columns = np.nonzero(mask)
    assert outline.n_mask_px == mask.sum()
    assert outline.box_fits_px == (columns.min(), height - 1 - rows.max(), columns.max() + 1, height - rows.min())
    assert np.array_equal(mask_of(one["segmentation"]), mask[::-1])


MANY = {
    "images": [{"id": k, "height": 10, "width": 20, "file_name": f"{k}.png"} for k in (1, 2)],
    "categories": [{"id": 3, "name": "galaxy"}, {"id": 4, "name": "sidelobe"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 3, "segmentation": LOBES, "bbox": [1, 1, 17, 7], "iscrowd": 0},
        {"id": 2, "image_id": 2, "category_id": 4, "segmentation": WHOLE},
        {"id": 3, "image_id": 2, "category_id": 4, "bbox": [1, 1, 4, 4], "score": 0.5},
    ],
}


@settings(max_examples=400, deadline=None)
@given(mangled(MANY) | mangled(MANY["annotations"]))
def test_a_mangled_file_is_an_error_or_every_annotation_is_kept_or_refused(tmp_path_factory, content):
    path = written(tmp_path_factory.mktemp("mangled"), content)
    try:
        found = read_coco(path, heights_px={"1": 10})
    except CatalogError as error:
        assert str(error).startswith(str(path))
        return
    assert found.n_in == len(content if isinstance(content, list) else content["annotations"])
    assert all(np.isfinite(one.box_fits_px).all() for one in found.outlines)
    assert all(one.reason and one.detail for one in found.rejections)
