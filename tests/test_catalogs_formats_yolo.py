"""YOLO text: centre convention, required table of ids, an empty file."""

import pytest

from catalogs.formats.outlines import Outline
from catalogs.formats.yolo import label_path, read_image_list, read_yolo, write_yolo
from schemas.errors import CatalogError, RecipeError

CLASSES = {0: "SPURIOUS", 1: "COMPACT"}


def file(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_text(text)
    return path


def test_a_box_is_its_centre_and_its_size_with_rows_from_the_top(tmp_path):
    found = read_yolo(file(tmp_path, "1 0.25 0.25 0.1 0.2\n"), CLASSES, 100, 50)
    assert found.outlines[0].label == "COMPACT"
    assert found.outlines[0].box_fits_px == pytest.approx((20, 32.5, 30, 42.5))
    assert found.outlines[0].image_polygon_px[:2] == pytest.approx((19.5, 32))
    from_bottom = read_yolo(tmp_path / "a.txt", CLASSES, 100, 50, origin="bottom")
    assert from_bottom.outlines[0].box_fits_px == pytest.approx((20, 7.5, 30, 17.5))


def test_an_empty_file_means_no_objects(tmp_path):
    found = read_yolo(file(tmp_path, ""), CLASSES, 100, 50)
    assert (found.outlines, found.rejections, found.n_in) == ((), (), 0)


def test_no_table_of_ids_is_an_error():
    with pytest.raises(RecipeError, match="needs its table of class ids"):
        read_yolo(None, {}, 100, 50)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 .5 .5 .1 .1\n\n7 .5 .5 .1 .1\n", r"a\.txt, line 3: class id 7 is not in the table: 0 SPURIOUS, 1 COMPACT"),
        ("-1 .5 .5 .1 .1\n", "line 1: found '-1 .5 .5 .1 .1'"),
        ("1 .5 .5 .1\n", "line 1"),
        ("1 .1 .1 .2 .1 .2 .2 .1 .2\n", "line 1"),  # a polygon
        ("COMPACT .5 .5 .1 .1\n", "line 1"),
        (f"{'1' * 5000} .5 .5 .1 .1\n", "line 1"),
        ("\u0661 .5 .5 .1 .1\n", "line 1"),
    ],
)
def test_an_id_outside_the_table_and_a_line_that_is_none_are_errors_naming_file_and_line(tmp_path, text, says):
    with pytest.raises(CatalogError, match=says):
        read_yolo(file(tmp_path, text), CLASSES, 100, 50)


@pytest.mark.parametrize(
    "numbers", ["0.1 0.5 0.4 0.1", "0.5 0.5 0 0.1", "nan 0.5 0.1 0.1", "12 30 4 4", ".5 .5 x .1", "0_0.5 .5 .1 .1"]
)
def test_numbers_that_are_no_box_in_the_picture_are_refused(tmp_path, numbers):
    found = read_yolo(file(tmp_path, f"1 {numbers}\n1 0.5 0.5 0.1 0.1\n"), CLASSES, 100, 50)
    assert [one.reason for one in found.rejections] == ["bad-box"]
    assert len(found.outlines) == 1


def test_what_rounding_pushed_out_is_clipped(tmp_path):
    found = read_yolo(file(tmp_path, "1 0.05 0.5 0.11 0.1\n"), CLASSES, 100, 50)
    assert found.outlines[0].box_fits_px[0] == 0


@pytest.mark.parametrize("origin", ["top", "bottom"])
def test_what_is_written_is_read_back(tmp_path, origin):
    outline = Outline("a", "COMPACT", 0, None, (20.0, 30.0, 44.0, 41.0), is_prediction=False)
    path = write_yolo(tmp_path / "b.txt", [outline], CLASSES, 132, 90, origin=origin)
    found = read_yolo(path, CLASSES, 132, 90, origin=origin).outlines[0]
    assert found.box_fits_px == pytest.approx(outline.box_fits_px, abs=1e-3)
    with pytest.raises(CatalogError, match="has no id"):
        write_yolo(path, [outline], {0: "SPURIOUS"}, 132, 90)


def test_labels_lie_where_images_do(tmp_path):
    assert label_path("set/images/train/a.b.png") == "set/labels/train/a.b.txt"
    names, refused = read_image_list(file(tmp_path, "images/a.png\n\n/images/b.png\n"))
    assert names == ["images/a.png"]
    assert [one.reason for one in refused] == ["bad-path"]
