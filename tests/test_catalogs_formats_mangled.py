"""Property tests of the other readers of annotations: random valid files against plain sums, and spoilt ones."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.formats.caesar import MaskedObject, read_detections, read_training, write_detections, write_training
from catalogs.formats.ds9 import read_ds9
from catalogs.formats.lists import BoxRule, read_datalist, read_emu_list, read_smgps_list
from catalogs.formats.yolo import read_yolo
from schemas.errors import CatalogError
from schemas.labels import label_scheme
from schemas.rejection import sieved
from schemas.tables import OBJECTS
from tests.mangling import mangled

SCHEME = label_scheme("caesar_mrcnn")
IDS = {"COMPACT": 1, "EXTENDED": 2}
RULE = BoxRule("center", "top")


def written(folder, content, name="a.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def check_refusals(rejections):
    """Each has a reason and goes into a table."""
    assert all(one.reason and one.detail for one in rejections)
    assert sieved(OBJECTS.of([]), rejections, len(rejections)).n_in == len(rejections)


def random_mask(seed, shape=(9, 14)):
    mask = np.random.default_rng(seed).random(shape) > 0.9
    mask[seed % 9, seed % 14] = True
    return mask


def box_of_pixels(mask):
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=3))
def test_caesar_objects_have_the_box_and_the_pixels_of_their_masks(tmp_path_factory, seeds):
    folder = tmp_path_factory.mktemp("caesar")
    masks = [random_mask(seed) for seed in seeds]
    made = [MaskedObject("s", "EXTENDED", mask, score=0.5) for mask in masks]
    trained = read_training(write_training(folder, "a.fits", (9, 14), made), SCHEME)
    detected = read_detections(write_detections(folder / "out.json", "7", made, IDS), SCHEME)
    for found in (trained, detected):
        assert [one.outline.box_fits_px for one in found.objects] == [box_of_pixels(mask) for mask in masks]
        assert [one.outline.n_mask_px for one in found.objects] == [mask.sum() for mask in masks]


@pytest.fixture(scope="module")
def caesar(tmp_path_factory):
    """A training file with its masks, and a file of detections, with the texts of both."""
    folder = tmp_path_factory.mktemp("valid")
    made = [MaskedObject("s", "EXTENDED", random_mask(seed), score=0.5) for seed in (1, 2)]
    paths = write_training(folder, "a.fits", (9, 14), made), write_detections(folder / "out.json", "7", made, IDS)
    return folder, *(json.loads(path.read_text()) for path in paths)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_a_mangled_caesar_file_is_an_error_or_every_object_is_kept_or_refused(caesar, data):
    folder, training, detections = caesar
    for text, key, read in ((training, "objs", read_training), (detections, "objs", read_detections)):
        content = data.draw(mangled(text))
        path = written(folder, content, "spoilt.json")
        try:
            found = read(path, SCHEME)
        except CatalogError as error:
            assert str(error).startswith(str(path))
            continue
        assert found.n_in == len(content.get(key, content.get("sources")))
        check_refusals(found.rejections)
        assert all(np.isfinite(one.outline.box_fits_px).all() for one in found.objects)


FRACTION = st.integers(1, 999).map(lambda k: k / 1000)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6).filter(str.strip)
NAMES = st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5})?\.fits", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, TEXT, st.lists(TEXT, max_size=3)), max_size=5))
def test_a_datalist_gives_its_names_and_labels_in_order(tmp_path_factory, rows):
    data = [{"filepaths": [path], "sname": name, "label": labels} for path, name, labels in rows]
    found = read_datalist(written(tmp_path_factory.mktemp("list"), {"data": data}))
    assert [(one.picture, one.name, list(one.labels)) for one in found.entries] == rows


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, st.lists(TEXT, max_size=2), st.none() | st.integers(1, 4)), max_size=5))
def test_an_smgps_list_gives_its_islands_and_types(tmp_path_factory, rows):
    data = [
        {"filename": path, "smorph": [], "sclass": types, "multisland": None if n is None else n > 1, "nislands": n}
        for path, types, n in rows
    ]
    found = read_smgps_list(written(tmp_path_factory.mktemp("list"), {"data": data}))
    assert [(one.picture, list(one.types), one.n_islands) for one in found.entries] == rows
    assert [one.is_multi_island for one in found.entries] == [None if n is None else n > 1 for _, _, n in rows]


BOXES = st.tuples(FRACTION, FRACTION, FRACTION, FRACTION).map(
    # a centre and a size inside the picture
    lambda four: (four[0], four[1], 2 * four[2] * min(four[0], 1 - four[0]), 2 * four[3] * min(four[1], 1 - four[1]))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BOXES, min_size=1, max_size=5))
def test_boxes_of_the_emu_list_and_of_yolo_are_their_centres_and_sizes(tmp_path_factory, boxes):
    folder = tmp_path_factory.mktemp("boxes")
    objects = [{"label": "x", "bbox_norm": list(four)} for four in boxes]
    (listed,) = read_emu_list(written(folder, [{"filename": "a.fits", "objs": objects}]), RULE).entries
    text = "".join(f"1 {' '.join(f'{one:.9f}' for one in four)}\n" for four in boxes)
    of_yolo = read_yolo(written(folder, text, "a.txt"), {1: "x"}, 200, 100)
    for (x, y, width, height), one, other in zip(boxes, listed.objects, of_yolo.outlines, strict=True):
        edges = 200 * (x - width / 2), 100 * (1 - y - height / 2), 200 * (x + width / 2), 100 * (1 - y + height / 2)
        assert RULE.box_fits_px(one.bbox_norm, 200, 100) == pytest.approx(edges, abs=1e-6)
        assert other.box_fits_px == pytest.approx(edges, abs=1e-6)


LISTS = {
    "datalist": (
        read_datalist, {"data": [{"filepaths": ["a.fits"], "sname": "a", "id": [2], "label": ["COMPACT"]}] * 2}
    ),
    "smgps": (
        read_smgps_list,
        {"data": [{"filename": "a.fits", "smorph": ["x"], "sclass": [], "multisland": 1, "nislands": 2}] * 2},
    ),
    "emu": (
        lambda path: read_emu_list(path, RULE),
        [{"filename": "a.fits", "objs": [{"label": "x", "bbox_norm": [0.5, 0.5, 0.2, 0.2], "label_caesar": "y"}] * 2}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LISTS)
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_mangled_list_is_an_error_or_every_entry_is_kept_or_refused(tmp_path_factory, kind, data):
    read, valid = LISTS[kind]
    content = data.draw(mangled(valid))
    path = written(tmp_path_factory.mktemp("mangled"), content)
    try:
        found = read(path)
    except CatalogError as error:
        assert str(error).startswith(str(path))
        return
    assert found.n_in == len(content if isinstance(content, list) else content["data"])
    check_refusals(found.rejections)


WORDS = st.one_of(
    st.sampled_from(["0", "1", "0.5", ".2", "nan", "inf", "-1", "1_0", "1e999", "9" * 5000, "\u0665"]),
    st.sampled_from(["x", "1\x0b", "7"]),
    st.text(max_size=3),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(WORDS, min_size=5, max_size=5) | st.lists(WORDS, max_size=7), max_size=4))
def test_a_mangled_yolo_file_is_an_error_naming_the_line_or_boxes_inside_the_picture(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("yolo") / "a.txt"
    path.write_text("\n".join(map(" ".join, lines)), encoding="utf-8", errors="replace")
    try:
        found = read_yolo(path, {0: "x", 1: "y"}, 200, 100)
    except CatalogError as error:
        assert str(error).startswith(f"{path}, line ")
        return
    assert found.n_in == sum(1 for line in path.read_text().splitlines() if line.strip())
    for one in found.outlines:
        x_min, y_min, x_max, y_max = one.box_fits_px
        assert 0 <= x_min < x_max <= 200
        assert 0 <= y_min < y_max <= 100
    check_refusals(found.rejections)


PIECES = st.sampled_from(
    [
        "image", "fk5", "icrs", "galactic", "physical", "wcsa", "\n", "\n", ";", " || ", "circle(10,10,3)", "-", "+",
        "box(9,9,2,3,45)", 'circle(10,10,3")', "ellipse(10,10,3,2)", "polygon(1,1,5,1,5,5)", "circle(1,2,1e300)",
        "polygon(1,1,2,2,3,3)", "circle(10,89.9999,0.1)", "point(1,2)", "# text(1,2) text={a || b}", " # tag={a}",
        "global include=0", " # background", "circle(1_0,2,3)", "circle(10p,2,3)", "(", ")", ",",
        "circle(12:70:00,1,1)", "circle(1,1,1e9)", "box(1,1,1,1,1e300)",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14))
def test_a_mangled_region_file_has_finite_outlines_or_refusals(tmp_path_factory, pieces):
    path = tmp_path_factory.mktemp("ds9") / "a.reg"
    path.write_text("".join(pieces))
    found = read_ds9(path)
    for one in found.regions:
        assert (one.sky_polygon_deg is None) != (one.image_polygon_px is None)
        vertices = np.reshape(one.sky_polygon_deg or one.image_polygon_px, (-1, 2))
        assert np.isfinite(vertices).all()
        assert len(vertices) >= 3
        if one.sky_polygon_deg:
            assert ((vertices >= [0, -90]) & (vertices <= [360, 90])).all()
    check_refusals(found.rejections)
