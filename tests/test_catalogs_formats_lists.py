"""The JSON lists of the original builders, read back as written, and what is refused in them."""

import json

import pytest

from catalogs.formats.lists import (
    BoxRule,
    ListedObject,
    ListedObjects,
    ListedSource,
    read_datalist,
    read_emu_list,
    read_smgps_list,
    write_datalist,
    write_emu_list,
    write_smgps_list,
)
from catalogs.formats.paths import inside, relative_name
from catalogs.formats.plain_json import RefusedError
from schemas.errors import CatalogError

CENTER, CORNER = BoxRule("center", "top"), BoxRule("corner", "top")


def file(tmp_path, text):
    path = tmp_path / "list.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


def entry(**more):
    return {"filepaths": ["a.fits"], "sname": "a", "id": [2], "label": ["COMPACT"], **more}


def test_a_datalist_is_read_back_with_one_label_or_several(tmp_path):
    rows = [{"picture": "x/a.fits", "name": "a", "labels": ["COMPACT", "WTF"], "ids": [2, 13]}]
    found = read_datalist(write_datalist(tmp_path / "l.json", rows))
    assert [(one.picture, one.name, one.labels) for one in found.entries] == [("x/a.fits", "a", ("COMPACT", "WTF"))]
    found = read_datalist(write_datalist(tmp_path / "l.json", rows, is_multi=False))
    assert found.entries[0].labels == ("COMPACT",)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("a.fits", "bad-entry"),
        (entry(filepaths=[]), "bad-entry"),
        (entry(filepaths="a.fits"), "bad-entry"),
        (entry(label=None), "bad-entry"),
        (entry(label=["COMPACT", 3]), "bad-entry"),
        (entry(sname=None), "bad-entry"),
        (entry(filepaths=["/data/a.fits"]), "bad-path"),
        (entry(filepaths=["../a.fits"]), "bad-path"),
        (entry(filepaths=["x/../../a.fits"]), "bad-path"),
        (entry(filepaths=["C:\\a.fits"]), "bad-path"),
        (entry(filepaths=["http://a/b.fits"]), "bad-path"),
        (entry(filepaths=["~/a.fits"]), "bad-path"),
    ],
)
def test_one_bad_entry_is_refused_and_the_others_are_read(tmp_path, item, reason):
    found = read_datalist(file(tmp_path, {"data": [item, entry()]}))
    assert [one.reason for one in found.rejections] == [reason]
    assert (len(found.entries), found.entries[0].row, found.n_in) == (1, 1, 2)


@pytest.mark.parametrize("read", [read_datalist, read_smgps_list])
@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"data": 3}', '"x"'])
def test_a_file_that_is_no_list_is_named_with_its_key(tmp_path, read, text):
    with pytest.raises(CatalogError, match=r"list\.json: .*(not JSON|data)"):
        read(file(tmp_path, text))


def test_the_smgps_list_is_read_back_and_its_lists_may_be_empty(tmp_path):
    rows = [
        ListedSource(0, "a.fits", ("EXTENDED",), ("HII", "SNR"), True, 3),
        ListedSource(1, "b.fits", (), (), None, None),
    ]
    assert list(read_smgps_list(write_smgps_list(tmp_path / "l.json", rows)).entries) == rows


def test_islands_that_contradict_themselves_are_refused(tmp_path):
    item = {"filename": "a.fits", "smorph": [], "sclass": [], "multisland": True, "nislands": 1}
    found = read_smgps_list(file(tmp_path, {"data": [item, {**item, "nislands": "2"}, {**item, "nislands": 2}]}))
    assert [one.reason for one in found.rejections] == ["island-conflict", "bad-entry"]


def emu(*boxes):
    objects = tuple(ListedObject(k, "C", box, "COMPACT", None) for k, box in enumerate(boxes))
    return [ListedObjects(0, "a.fits", objects, ())]


def test_the_emu_list_is_read_back_also_without_a_box_of_its_own(tmp_path):
    rows = [ListedObjects(0, "a.fits", (ListedObject(0, "UNKNOWN", None, "EXTENDED", (0.5, 0.5, 0.2, 0.1)),), ())]
    assert list(read_emu_list(write_emu_list(tmp_path / "l.json", rows), CENTER).entries) == rows


def test_the_convention_of_boxes_is_checked_on_all_of_them(tmp_path):
    # corners near the far edge: as centres they stick out
    centres = write_emu_list(tmp_path / "centres.json", emu((0.9, 0.9, 0.2, 0.2), (0.1, 0.1, 0.2, 0.2)))
    corners = write_emu_list(tmp_path / "corners.json", emu((0.0, 0.0, 0.2, 0.2), (0.8, 0.8, 0.2, 0.2)))
    assert len(read_emu_list(centres, CENTER).entries[0].objects) == 2
    assert len(read_emu_list(corners, CORNER).entries[0].objects) == 2
    with pytest.raises(CatalogError, match=r"corners\.json: of 2 boxes only 1 .* are the center; if .* corner, 2 do"):
        read_emu_list(corners, CENTER)
    with pytest.raises(CatalogError, match=r"centres\.json: of 2 boxes only 1"):
        read_emu_list(centres, CORNER)


def test_a_box_becomes_pixels_by_its_rule():
    box = (0.25, 0.25, 0.1, 0.2)
    assert BoxRule("center", "top").box_fits_px(box, 100, 50) == pytest.approx((20, 32.5, 30, 42.5))
    assert BoxRule("corner", "top").box_fits_px(box, 100, 50) == pytest.approx((25, 27.5, 35, 37.5))
    assert BoxRule("corner", "bottom").box_fits_px(box, 100, 50) == pytest.approx((25, 12.5, 35, 22.5))


def test_bad_objects_are_refused_one_by_one(tmp_path):
    good = {"label": "C", "bbox_norm": [0.5, 0.5, 0.1, 0.1]}
    bad = [{}, 3, {"label": "C"}, {**good, "bbox_norm": [0.5, 0.5, 0, 0.1]}, {**good, "bbox_norm": [1, 2]}]
    found = read_emu_list(file(tmp_path, [{"filename": "a.fits", "objs": [good, *bad]}, {"objs": []}]), CENTER)
    assert [one.reason for one in found.entries[0].rejections] == [
        "bad-object", "bad-object", "bad-box", "bad-box", "bad-box",
    ]  # fmt: skip
    assert found.entries[0].n_in == 6
    assert [one.reason for one in found.rejections] == ["bad-entry"]
    with pytest.raises(CatalogError, match="expected a list of pictures"):
        read_emu_list(file(tmp_path, {"data": []}), CENTER)


def test_names_never_lead_out_of_their_folder(tmp_path):
    assert relative_name("./a//b.fits") == "a/b.fits"
    for name in ("", ".", "..", "a/../../b", "/a", "a\\b", "a\nb", "x" * 2000):
        with pytest.raises(RefusedError):
            relative_name(name)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path)
    assert inside(tmp_path / "in", "a.fits") == tmp_path / "in/a.fits"
    with pytest.raises(RefusedError, match="leads out of in/"):
        inside(tmp_path / "in", "link/a.fits")
