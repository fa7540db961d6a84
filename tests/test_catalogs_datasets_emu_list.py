"""The emu-pilot list as a dataset: pictures and boxes as the original builders wrote them."""

from collections import Counter

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from catalogs.datasets import emu_pilot_list
from catalogs.formats.lists import ListedObject, ListedObjects, write_emu_list
from catalogs.formats.plain_json import read_json, write_json
from catalogs.survey import surveys
from curation.corpus import Corpus, graph
from curation.engine.store import Store
from curation.pictures.boxes import visible_boxes
from curation.pictures.mosaics import find_files, mosaics
from schemas.errors import CatalogError

SIDE_PX, PIXEL_DEG = 64, 2 / 3600
LIST = "annotations/emu_pilot_list/list.json"
BRIGHT = (20, 50, 6)  # column, FITS row, half side of a square of light


def write_picture(raw, name, ra_deg):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---SIN", "DEC--SIN"], [ra_deg, -55.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [(SIDE_PX + 1) / 2] * 2, [-PIXEL_DEG, PIXEL_DEG]
    header = wcs.to_header()
    header["BUNIT"], header["BMAJ"], header["BMIN"], header["BPA"] = "Jy/beam", 12 / 3600, 10 / 3600, 0.0
    image = np.random.default_rng(7).normal(0, 2e-5, (SIDE_PX, SIDE_PX)).astype("f4")
    x, y, half = BRIGHT
    image[y - half : y + half, x - half : x + half] += 5e-3
    path = raw / "images/emu_pilot_list" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.writeto(path, image, header, overwrite=True)


def box():
    """The square of light as the list writes it: centre and size, y from the top."""
    x, y, half = BRIGHT
    return x / SIDE_PX, 1 - y / SIDE_PX, 2 * half / SIDE_PX, 2 * half / SIDE_PX


@pytest.fixture
def raw(tmp_path):
    """Four pictures, one of them not there, and one twice in the list."""
    folder = tmp_path / "raw"
    for k, name in enumerate(("a.fits", "b.fits", "c.fits")):
        write_picture(folder, name, 300 + k)
    both = ListedObject(0, "FR-II", box(), "extended", box())
    added = ListedObject(1, "UNKNOWN", None, "compact", (0.8, 0.2, 0.1, 0.1))
    odd = ListedObject(0, "FR-9", (0.5, 0.5, 0.1, 0.1), None, None)
    pictures = [
        ListedObjects(0, "a.fits", (both, added), ()),
        ListedObjects(1, "b.fits", (odd,), ()),
        ListedObjects(2, "c.fits", (), ()),
        ListedObjects(3, "nowhere.fits", (both,), ()),
        ListedObjects(4, "a.fits", (both,), ()),
    ]
    (folder / LIST).parent.mkdir(parents=True)
    write_emu_list(folder / LIST, pictures)
    return folder


def read(raw):
    survey = surveys()["emu_pilot_list"]
    index = mosaics(find_files(raw, survey, {}), survey, raw=raw).kept
    return emu_pilot_list.read_sources(raw, index), emu_pilot_list.read_objects(raw, index)


def test_every_entry_is_a_picture_or_is_refused_with_a_reason(raw):
    sources, objects = read(raw)
    assert sources.n_in == 5
    assert sources.kept["source_name"].to_pylist() == ["a.fits", "b.fits", "c.fits"]
    assert Counter(sources.rejected["reason"].to_pylist()) == {"no-picture": 1, "duplicate-id": 1}
    assert (objects.n_in, objects.kept.num_rows, objects.rejected.num_rows) == (5, 3, 2)


def test_an_object_has_the_classes_of_both_and_a_word_that_is_none_leaves_all_unknown(raw):
    rows = read(raw)[1].kept.to_pylist()
    said = [{(one["scheme"], one["label"], one["state"]) for one in row["labels"]} for row in rows]
    assert said[0] == {("rgcat", "FR-II", "present"), ("caesar_mrcnn", "EXTENDED", "present")}
    assert said[1] == {("caesar_mrcnn", "COMPACT", "present")}
    assert {state for _, _, state in said[2]} == {"unknown"}
    assert {one["tier"] for row in rows for one in row["labels"]} == {"model"}
    assert [row["detector"] for row in rows] == ["RG-CAT (Gal-DINO)", "caesar-mrcnn", "RG-CAT (Gal-DINO)"]


def test_a_picture_with_an_object_that_cannot_be_used_is_refused(raw):
    listed = read_json(raw / LIST)
    listed[0]["objs"][1] = {"label": "C", "bbox_norm": [0.5, 0.5, 0, 0]}
    write_json(raw / LIST, listed)
    sources, objects = read(raw)
    assert Counter(sources.rejected["reason"].to_pylist())["objects-refused"] == 1
    assert "bad-box" in objects.rejected["reason"].to_pylist()
    assert objects.kept["source_id"].to_pylist()[0] is None


def test_boxes_that_are_corners_are_told_as_such(raw):
    listed = [{"filename": "a.fits", "objs": [{"label": "C", "bbox_norm": [0.0, 0.0, 0.4, 0.4]}]}] * 30
    write_json(raw / LIST, listed)
    with pytest.raises(CatalogError, match="Set the convention of the dataset"):
        read(raw)


def test_without_a_list_it_says_where_to_put_one(raw):
    (raw / LIST).unlink()
    with pytest.raises(CatalogError, match="is not public, put yours there"):
        read(raw)


def test_the_box_lies_on_the_light_in_the_picture_that_is_made(raw, tmp_path):
    made = graph(Corpus(name="emu", title="emu", datasets=("emu_pilot_list",)), raw, Store(str(tmp_path / "store")))
    found, by_name = {}, {}
    for step in made.steps:
        if step.name.split("/")[0] not in {"mosaics", "sources", "objects", "windows", "cutouts"}:
            continue
        tables = [found[one.step.address].kept for one in step.inputs]
        tables = [t.select(one.columns) if one.columns else t for one, t in zip(step.inputs, tables, strict=True)]
        found[step.address] = by_name[step.name] = step.run(tables)
    objects = by_name["objects/emu_pilot_list"].kept
    cutouts = by_name["cutouts/emu_pilot_list"].kept.to_pylist()
    assert len(cutouts) == 3
    (first,) = [one for one in cutouts if one["ra_deg"] == pytest.approx(300.0)]
    boxes = visible_boxes(objects, first)
    assert len(boxes) == 2
    x_min, y_min, x_max, y_max = max(boxes, key=lambda one: one.box_norm[3]).box_norm
    x, y, half = BRIGHT
    wanted = ((x - half) / SIDE_PX, 1 - (y + half) / SIDE_PX, (x + half) / SIDE_PX, 1 - (y - half) / SIDE_PX)
    assert (x_min, y_min, x_max, y_max) == pytest.approx(wanted, abs=0.6 / SIDE_PX)
