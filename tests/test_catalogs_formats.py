"""Annotations as they come: labelme polygons and COCO masks, on the real files and on broken ones."""

import gzip
import json
from collections import Counter

import numpy as np
import pytest
from astropy.io import fits
from matplotlib.path import Path as Region

from catalogs.formats.coco import mask_of, read_coco
from catalogs.formats.labelme import read_labelme
from schemas.errors import CatalogError

FILE = "annotations/labelme_J085556.090+491113.15.json"
SHAPE = {"label": "fr2", "points": [[1, 1], [5, 1], [5, 4.5]], "shape_type": "polygon"}
LABELME = {"imagePath": "a.png", "imageWidth": 20, "imageHeight": 10, "shapes": [SHAPE]}
RUNS = {"size": [3, 2], "counts": [1, 2, 1, 2]}  # down the columns: 0 1 1, 0 1 1
COMPRESSED = {"size": [3, 2], "counts": "12N0"}


def written(folder, content, name="a.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def share_inside(image, polygon, floor):
    """Share of the flux above `floor` in pixels whose centres lie inside the polygon."""
    y, x = np.indices(image.shape)
    inside = Region(np.reshape(polygon, (-1, 2))).contains_points(np.column_stack([x.ravel(), y.ravel()]))
    bright = np.where(image > floor, image, 0).ravel()
    return bright[inside].sum() / bright.sum()


def test_the_real_polygon_turned_over_holds_all_the_flux(raw):
    picture = read_labelme(raw / FILE)
    image = fits.getdata(raw / "images/first_small/J085556.090+491113.15.fits")
    (outline,) = picture.outlines
    assert (outline.label, len(outline.image_polygon_px), outline.is_prediction) == ("fr2", 240, False)
    assert share_inside(image, outline.image_polygon_px, 0.003) == pytest.approx(1)
    unturned = np.reshape(outline.image_polygon_px, (-1, 2)) * [1, -1] + [0, 131]
    assert share_inside(image, unturned.ravel(), 0.003) == pytest.approx(0.27, abs=0.02)


def test_the_other_real_labelme_file_has_one_compact_source(raw):
    picture = read_labelme(raw / "annotations/labelme_example.json")
    assert [(one.label, len(one.image_polygon_px)) for one in picture.outlines] == [("cs", 14)]
    assert (picture.width_px, picture.height_px, picture.n_in) == (132, 132, 1)


def test_labelme_rows_turn_over_and_the_box_goes_round(tmp_path):
    (outline,) = read_labelme(written(tmp_path, LABELME)).outlines
    assert outline.image_polygon_px == (1, 8, 5, 8, 5, 4.5)
    assert outline.box_fits_px == (1.5, 5.0, 5.5, 8.5)


def test_shapes_that_are_no_polygons_are_refused_and_counted(tmp_path):
    shapes = [
        SHAPE, {**SHAPE, "shape_type": "rectangle"}, {**SHAPE, "points": [[1, 1], [2, 2]]},
        {**SHAPE, "points": [[1, 1], [2, 2], [3]]},
    ]  # fmt: skip
    picture = read_labelme(written(tmp_path, {**LABELME, "shapes": shapes}))
    assert picture.n_in == 4
    assert [(one.row_id, one.reason) for one in picture.rejections] == [
        ("a.json:1", "not-a-polygon"),
        ("a.json:2", "bad-outline"),
        ("a.json:3", "bad-outline"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("", "empty file"),
        ([], "imagePath: found nothing"),
        ({**LABELME, "imageHeight": None}, "imageHeight: found nothing, expected int"),
        ({**LABELME, "imageHeight": 0}, "imageHeight 0"),
        ({**LABELME, "shapes": {}}, "shapes: found dict"),
        ({**LABELME, "shapes": [{"label": "a", "shape_type": "polygon"}]}, r"shapes\[0\]\.points: found nothing"),
        ({**LABELME, "shapes": [{**SHAPE, "label": 7}]}, r"shapes\[0\]\.label: found int 7, expected str"),
    ],
)
def test_a_file_that_is_no_labelme_names_the_key(tmp_path, content, message):
    with pytest.raises(CatalogError, match=message) as caught:
        read_labelme(written(tmp_path, content))
    assert "a.json" in str(caught.value)


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
    (masked,) = read_coco(written(tmp_path, a_coco(segmentation=RUNS))).outlines
    assert (masked.box_fits_px, masked.n_mask_px) == ((0, 0, 2, 2), 4)


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ({"category_id": 9}, "unknown-category"),
        ({"image_id": 9}, "no-height"),
        ({"segmentation": [[0, 0, 4, 0]]}, "bad-outline"),
        ({"segmentation": [[0, 0, 4, 0, 4, float("nan")]]}, "bad-outline"),
        ({"segmentation": "x"}, "bad-outline"),
        ({"segmentation": {"size": [3, 2], "counts": [1]}}, "bad-mask"),
        ({"segmentation": {"size": [3, 2], "counts": [6]}}, "bad-annotation"),
        ({"segmentation": None}, "bad-annotation"),
        ({"bbox": [0, 0, 0, 5]}, "bad-box"),
        ({"bbox": [0, 0, 5]}, "bad-box"),
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
    "content", ["nope", "7", {"images": []}, {"images": [{}], "categories": [], "annotations": []}]
)
def test_a_file_that_is_no_coco_is_one_line(tmp_path, content):
    with pytest.raises(CatalogError, match="a.json"):
        read_coco(written(tmp_path, content))
