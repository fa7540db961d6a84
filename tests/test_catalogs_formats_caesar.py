"""caesar-mrcnn JSON, read back as written; masks, rectangles and what is refused."""

import json

import numpy as np
import pytest
from astropy.io import fits

from catalogs.formats.caesar import (
    MaskedObject,
    final_class,
    read_detections,
    read_training,
    write_detections,
    write_training,
)
from schemas.errors import CatalogError
from schemas.labels import label_scheme

SCHEME = label_scheme("caesar_mrcnn")
SHAPE = (40, 60)  # rows, columns: not square
IDS = {"SPURIOUS": 0, "COMPACT": 1, "EXTENDED": 2}


def mask(*boxes):
    made = np.zeros(SHAPE, bool)
    for x_min, y_min, x_max, y_max in boxes:
        made[y_min:y_max, x_min:x_max] = True
    return made


def written(folder, *objects, picture="a.fits", **more):
    return write_training(folder, picture, SHAPE, objects, **more)


def changed(path, change):
    text = json.loads(path.read_text())
    change(text)
    path.write_text(json.dumps(text))
    return path


def test_box_and_outline_span_all_islands_of_a_picture_that_is_not_square(tmp_path):
    path = written(tmp_path, MaskedObject("s", "extended", mask((5, 3, 9, 6), (40, 30, 50, 35))), telescope="vla")
    found = read_training(path, SCHEME)
    (one,) = found.objects
    assert (found.width_px, found.height_px, found.telescope) == (60, 40, "vla")
    assert one.outline.box_fits_px == (5, 3, 50, 35)
    assert (one.label, one.outline.label, one.n_islands) == ("EXTENDED-MULTISLAND", "extended", 2)
    x, y = one.outline.image_polygon_px[0::2], one.outline.image_polygon_px[1::2]
    assert (min(x), max(x), min(y), max(y)) == (4.5, 49.5, 2.5, 34.5)


def test_pixels_that_touch_at_a_corner_are_one_island(tmp_path):
    path = written(tmp_path, MaskedObject("s", "extended", mask((5, 3, 9, 6), (9, 6, 12, 9))))
    assert read_training(path, SCHEME).objects[0].label == "EXTENDED"


@pytest.mark.parametrize(
    ("original", "n_islands", "is_mixed", "label"),
    [
        ("extended", 1, False, "EXTENDED"),
        ("extended", 2, False, "EXTENDED-MULTISLAND"),
        ("extended", 2, True, "FLAGGED"),
        ("compact", 2, False, "COMPACT"),
        ("compact", 1, True, "FLAGGED"),
        ("sidelobe", 1, False, "SPURIOUS"),
        ("Artefact", None, False, "SPURIOUS"),
        ("galaxy", 1, False, None),
    ],
)
def test_the_class_is_derived_from_word_islands_and_side_lobe(original, n_islands, is_mixed, label):
    assert final_class(original, n_islands, SCHEME, is_mixed=is_mixed) == label


def test_a_file_without_objects_has_none(tmp_path):
    found = read_training(written(tmp_path), SCHEME)
    assert (found.objects, found.rejections, found.n_in) == ((), (), 0)


@pytest.mark.parametrize("angle_deg", [0, 30, 75])
def test_without_a_mask_the_rotated_rectangle_serves(tmp_path, angle_deg):
    rows, columns = np.indices(SHAPE)
    turn = np.radians(angle_deg)
    along = (columns - 30) * np.cos(turn) + (rows - 20) * np.sin(turn)
    across = -(columns - 30) * np.sin(turn) + (rows - 20) * np.cos(turn)
    path = written(tmp_path, MaskedObject("s", "extended", (abs(along) <= 14) & (abs(across) <= 4)))
    with_mask = read_training(path, SCHEME).objects[0]
    (tmp_path / "mask_a_obj1.fits").unlink()
    without = read_training(path, SCHEME).objects[0]
    assert (with_mask.from_mask, without.from_mask) == (True, False)
    assert without.outline.box_fits_px == pytest.approx(with_mask.outline.box_fits_px, abs=2)


def test_the_rectangle_turns_from_the_x_axis_towards_y(tmp_path):
    path = written(tmp_path, MaskedObject("s", "extended", mask((5, 3, 9, 6))))
    (tmp_path / "mask_a_obj1.fits").unlink()
    changed(path, lambda text: text["objs"][0].update(bbox_x=30, bbox_y=20, bbox_w=20, bbox_h=2, bbox_angle=90))
    assert read_training(path, SCHEME).objects[0].outline.box_fits_px == pytest.approx((29.5, 10.5, 31.5, 30.5))


def no_rectangle(item):
    del item["bbox_w"]


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        (lambda one: one.pop("class"), "bad-object", "class: found nothing, expected text"),
        (lambda one: one.update({"class": 3}), "bad-object", "class: found int 3"),
        (lambda one: one.update({"sidelobe-mixed": "yes"}), "bad-object", "sidelobe-mixed: found str 'yes'"),
        (lambda one: one.update(mask="../../etc/passwd"), "bad-path", "without .."),
        (lambda one: one.update(mask="/etc/passwd"), "bad-path", "relative to its folder"),
        (lambda one: one.update(mask="other.fits"), "bad-mask", "no such file"),
        (lambda one: one.update(mask="small.fits"), "bad-mask", "found (7, 5) pixels, the picture has (60, 40)"),
        (lambda one: one.update(mask="blank.fits"), "bad-mask", "found no pixel"),
        (lambda one: one.update(mask="mask_a.json"), "bad-mask", "not a readable FITS"),
        (lambda one: one.update(mask="link.fits"), "bad-path", "a link that leads out"),
    ],
)
def test_one_bad_object_is_refused_and_the_others_are_read(tmp_path, change, reason, says):
    folder = tmp_path / "raw"
    path = written(folder, *[MaskedObject("s", "extended", mask((5, 3, 9, 6)))] * 2)
    fits.PrimaryHDU(np.ones((5, 7), np.uint8)).writeto(folder / "small.fits")
    fits.PrimaryHDU(np.zeros(SHAPE, np.uint8)).writeto(folder / "blank.fits")
    fits.PrimaryHDU(np.ones(SHAPE, np.uint8)).writeto(tmp_path / "outside.fits")
    (folder / "link.fits").symlink_to(tmp_path / "outside.fits")

    def both(text):
        no_rectangle(text["objs"][0])
        change(text["objs"][0])

    found = read_training(changed(path, both), SCHEME)
    assert (found.n_in, len(found.objects)) == (2, 1)
    assert found.rejections[0].reason == reason
    assert says in found.rejections[0].detail


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "expected an object with img"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"img": "a.fits"}', "nx: found nothing, expected a whole number; its keys are img"),
        ('{"img": "a.fits", "nx": 0, "ny": 3, "objs": []}', "expected positive"),
        ('{"img": "a.fits", "nx": 4, "ny": 3, "objs": {}}', "objs: found dict {}, expected a list"),
        ('{"img": "../a.fits", "nx": 4, "ny": 3, "objs": []}', "img: found '../a.fits'"),
    ],
)
def test_a_broken_file_is_named_with_its_key(tmp_path, text, says):
    path = tmp_path / "mask_a.json"
    path.write_text(text)
    with pytest.raises(CatalogError, match=r"mask_a\.json: ") as caught:
        read_training(path, SCHEME)
    assert says in str(caught.value)


@pytest.mark.parametrize("is_tiled", [False, True])
def test_detections_are_read_back_with_all_their_islands(tmp_path, is_tiled):
    found = [MaskedObject("", "EXTENDED", mask((5, 3, 9, 6), (40, 30, 50, 35)), score=0.8)]
    path = write_detections(tmp_path / "out_7.json", "7", found, IDS, is_tiled=is_tiled)
    read = read_detections(path, SCHEME)
    (one,) = read.objects
    assert (read.picture, one.name, one.label, one.outline.score) == ("7", "S1", "EXTENDED", 0.8)
    assert one.outline.is_prediction
    assert one.outline.box_fits_px == (5, 3, 50, 35)


def test_a_detection_without_pixels_has_its_contours_or_its_box(tmp_path):
    found = [MaskedObject("", "COMPACT", mask((5, 3, 9, 6)), score=1.0)] * 2
    path = write_detections(tmp_path / "out.json", "7", found, IDS)

    def change(text):
        del text["objs"][0]["pixels"]
        for key in ("pixels", "vertexes", "class_name"):
            del text["objs"][1][key]

    read = read_detections(changed(path, change), SCHEME, classes={1: "COMPACT"})
    assert [one.outline.box_fits_px for one in read.objects] == [(5, 3, 9, 6)] * 2
    refused = read_detections(path, SCHEME).rejections
    assert [one.reason for one in refused] == ["bad-object"]
    assert "the table of ids is not given" in refused[0].detail


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"score": 1.5}, "bad-object"),
        ({"score": None}, "bad-object"),
        ({"pixels": [[1, 2, 3]]}, "bad-object"),
        ({"pixels": [], "vertexes": [], "x2": 5}, "bad-box"),
        ({"pixels": None, "vertexes": [3]}, "bad-object"),
        ({"pixels": [[1.5, 2]]}, "bad-object"),
        ({"pixels": [[-1, 2]]}, "bad-object"),
        ({"pixels": [[10**400, 2]]}, "bad-object"),
        ({"pixels": None, "vertexes": [[[0, 0], [1e300, 0], [0, 1e300]]]}, "bad-box"),
        ({"pixels": None, "vertexes": None, "x2": 1e308}, "bad-box"),
    ],
)
def test_a_bad_detection_is_refused(tmp_path, change, reason):
    path = write_detections(
        tmp_path / "out.json", "7", [MaskedObject("", "COMPACT", mask((5, 3, 9, 6)), score=1.0)], IDS
    )
    found = read_detections(changed(path, lambda text: text["objs"][0].update(change)), SCHEME)
    assert [one.reason for one in found.rejections] == [reason]
