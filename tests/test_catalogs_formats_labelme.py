"""labelme: outlines of the real files hold the flux; shapes of every kind are read or refused with their reason."""

import json

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Region

from catalogs.formats.labelme import read_labelme
from schemas.errors import CatalogError
from tests.mangling import mangled

FILE = "annotations/labelme_J085556.090+491113.15.json"
SHAPE = {"label": "fr2", "points": [[1, 1], [5, 1], [5, 4.5]], "shape_type": "polygon"}
LABELME = {"imagePath": "a.png", "imageWidth": 20, "imageHeight": 10, "shapes": [SHAPE]}


def written(folder, content):
    path = folder / "a.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def of(folder, *shapes):
    return read_labelme(written(folder, {**LABELME, "shapes": [{**SHAPE, **one} for one in shapes]}))


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
    assert share_inside(image, unturned.ravel(), 0.003) == pytest.approx(0.27, abs=0.03)


def test_the_other_real_labelme_file_has_one_compact_source(raw):
    picture = read_labelme(raw / "annotations/labelme_example.json")
    assert [(one.label, len(one.image_polygon_px)) for one in picture.outlines] == [("cs", 14)]
    assert (picture.width_px, picture.height_px, picture.n_in) == (132, 132, 1)


def test_points_count_from_the_corner_of_the_picture_and_rows_turn_over(tmp_path):
    (outline,) = of(tmp_path, {}).outlines
    assert outline.image_polygon_px == (0.5, 8.5, 4.5, 8.5, 4.5, 5)
    assert outline.box_fits_px == (1, 5.5, 5, 9)
    (whole,) = of(tmp_path, {"points": [[0, 0], [20, 0], [20, 10], [0, 10]]}).outlines
    assert whole.box_fits_px == (0, 0, 20, 10)


def test_an_outline_that_was_closed_by_hand_is_opened(tmp_path):
    (outline,) = of(tmp_path, {"points": [*SHAPE["points"], [1, 1]]}).outlines
    assert outline.image_polygon_px == (0.5, 8.5, 4.5, 8.5, 4.5, 5)


@pytest.mark.parametrize(
    "shape",
    [
        {"shape_type": "rectangle", "points": [[2, 1], [6, 4]]},
        {"shape_type": "rectangle", "points": [[6, 1], [2, 4]]},
        {"shape_type": "rectangle", "points": [[6, 4], [2, 1]]},
        {"shape_type": "rectangle", "points": [[2, 1], [6, 1], [6, 4], [2, 4]]},
        {"shape_type": "oriented_rectangle", "points": [[2, 4], [6, 4], [6, 1], [2, 1]]},
        {"points": [[2, 1], [6, 1], [6, 4], [2, 4]]},
        {"points": [[2, 1], [6, 1], [6, 4], [2, 4]], "shape_type": None},
    ],
)
def test_a_rectangle_is_its_corners_in_any_order(tmp_path, shape):
    (outline,) = of(tmp_path, shape).outlines
    assert outline.box_fits_px == (2, 6, 6, 9)
    corners = set(zip(outline.image_polygon_px[::2], outline.image_polygon_px[1::2], strict=True))
    assert corners == {(1.5, 8.5), (5.5, 8.5), (5.5, 5.5), (1.5, 5.5)}


def test_a_circle_is_its_centre_and_a_point_on_it(tmp_path):
    (outline,) = of(tmp_path, {"shape_type": "circle", "points": [[10, 5], [13, 1]]}).outlines
    assert outline.box_fits_px == pytest.approx((5, 0, 15, 10))
    vertices = np.reshape(outline.image_polygon_px, (-1, 2))
    assert np.hypot(*(vertices - [9.5, 4.5]).T) == pytest.approx(5)


def test_shapes_of_one_label_and_group_are_one_object(tmp_path):
    lobe = {"shape_type": "rectangle", "group_id": 3}
    found = of(
        tmp_path,
        {**lobe, "points": [[1, 1], [3, 3]]},
        {**lobe, "points": [[8, 1], [9, 3]], "group_id": None},
        {**lobe, "points": [[12, 5], [16, 9]]},
        {**lobe, "points": [[4, 4], [5, 5]], "label": "fr1"},
    )
    assert [(one.row, one.label, one.n_parts, one.box_fits_px) for one in found.outlines] == [
        (0, "fr2", 2, (1, 1, 16, 9)), (1, "fr2", 1, (8, 7, 9, 9)), (3, "fr1", 1, (4, 5, 5, 6)),
    ]  # fmt: skip
    assert found.n_in == 3


def test_an_object_with_a_part_that_cannot_be_used_is_refused_whole(tmp_path):
    found = of(tmp_path, {"group_id": 1}, {"group_id": 1, "points": [[1, 1]]}, {})
    assert [one.row for one in found.outlines] == [2]
    (refused,) = found.rejections
    assert (refused.row_id, refused.reason) == ("a.json:0", "bad-outline")
    assert refused.detail.startswith("shapes[1]: ") or "1 vertices" in refused.detail


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"shape_type": "point", "points": [[1, 1]]}, "not-an-outline"),
        ({"shape_type": "points", "points": [[1, 1], [2, 2], [3, 1]]}, "not-an-outline"),
        ({"shape_type": "line", "points": [[1, 1], [4, 4]]}, "not-an-outline"),
        ({"shape_type": "linestrip"}, "not-an-outline"),
        ({"shape_type": "mask", "points": [[1, 1], [4, 4]]}, "not-an-outline"),
        ({"shape_type": "star"}, "not-an-outline"),
        ({"shape_type": "rectangle"}, "bad-outline"),
        ({"shape_type": "rectangle", "points": [[1, 1], [1, 4]]}, "bad-outline"),
        ({"shape_type": "circle", "points": [[1, 1], [1, 1]]}, "bad-outline"),
        ({"shape_type": "circle", "points": [[1, 1]]}, "bad-outline"),
        ({"shape_type": "circle", "points": [[1e308, 1], [-1e308, 1]]}, "bad-outline"),
        ({"points": []}, "bad-outline"),
        ({"points": [[1, 1], [2, 2]]}, "bad-outline"),
        ({"points": [[1, 1], [2, 2], [3]]}, "bad-outline"),
        ({"points": [[1, 1], [2, 2], [3, "4"]]}, "bad-outline"),
        ({"points": [[1, 1], [2, 2], [3, float("nan")]]}, "bad-outline"),
        ({"points": [[1, 1], [2, 2], [3, 10**400]]}, "bad-outline"),
        ({"points": [[1, 1], [2, 2], [3, 3]]}, "bad-outline"),
        ({"points": [[1, 1], [4, 1], [1, 1]]}, "bad-outline"),
        ({"points": [[21, 1], [25, 1], [25, 4]]}, "outside-picture"),
        ({"points": [[1, -8], [5, -8], [5, -4]]}, "outside-picture"),
        ({"points": None}, "bad-shape"),
        ({"label": 7}, "bad-shape"),
        ({"label": " "}, "bad-shape"),
        ({"shape_type": 3}, "bad-shape"),
        ({"group_id": [1]}, "bad-shape"),
    ],
)
def test_a_shape_that_is_no_outline_is_refused_and_the_others_are_read(tmp_path, shape, reason):
    found = of(tmp_path, {}, shape)
    assert len(found.outlines) == 1
    assert [(one.row_id, one.reason) for one in found.rejections] == [("a.json:1", reason)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("", "empty file"),
        ('{"imagePath": "a.png", "imagePath": "b.png"}', "the key 'imagePath' stands twice"),
        ([], "expected an object with imagePath"),
        ({**LABELME, "imageHeight": None}, "imageHeight: found null None, expected a whole number"),
        ({**LABELME, "imageHeight": 0}, "imageHeight 0"),
        ({**LABELME, "shapes": {}}, "shapes: found dict"),
    ],
)
def test_a_file_that_is_no_labelme_names_the_key(tmp_path, content, message):
    with pytest.raises(CatalogError, match=message) as caught:
        read_labelme(written(tmp_path, content))
    assert "a.json" in str(caught.value)


SHAPES = [
    SHAPE, {"label": "a", "points": [[2, 1], [6, 4]], "shape_type": "rectangle", "group_id": 1, "flags": {}},
    {"label": "a", "points": [[9, 5], [9, 8]], "shape_type": "circle", "group_id": 1},
    {"label": "b", "points": [[9, 5]], "shape_type": "point"},
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(mangled({**LABELME, "shapes": SHAPES}))
def test_a_mangled_file_is_an_error_or_every_shape_is_in_one_object(tmp_path_factory, content):
    path = written(tmp_path_factory.mktemp("mangled"), content)
    try:
        found = read_labelme(path)
    except CatalogError as error:
        assert str(error).startswith(str(path))
        return
    told = [one.n_parts for one in found.outlines] + [len(one.row.get("shapes", "1")) for one in found.rejections]
    assert sum(told) == len(content["shapes"])
    assert all(np.isfinite(one.box_fits_px).all() for one in found.outlines)


@settings(max_examples=100, deadline=None)
@given(st.floats(-30, 50), st.floats(-30, 50), st.floats(-30, 50), st.floats(-30, 50))
def test_the_box_of_any_rectangle_is_that_of_its_two_corners(tmp_path_factory, x, y, far_x, far_y):
    found = of(
        tmp_path_factory.mktemp("box"), {"shape_type": "rectangle", "points": [[x, y], [far_x, far_y]]}
    )  # fmt: skip
    (x, far_x), (y, far_y) = sorted([x, far_x]), sorted([y, far_y])
    if found.outlines:
        assert found.outlines[0].box_fits_px == pytest.approx((x, 10 - far_y, far_x, 10 - y))
    elif found.rejections[0].reason == "outside-picture":
        assert x >= 20 or far_x <= 1e-9 or y >= 10 or far_y <= 1e-9
    else:
        assert min(far_x - x, far_y - y) < 1e-5
