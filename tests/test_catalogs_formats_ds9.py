"""DS9 regions: frames, shapes, angles, tags."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from catalogs.formats.ds9 import Region, read_ds9, write_ds9
from catalogs.sky import separation_arcsec
from schemas.errors import CatalogError


def regions(tmp_path, text):
    path = tmp_path / "a.reg"
    path.write_text(text)
    return read_ds9(path)


def box(outline):
    numbers = np.array(outline).reshape(-1, 2)
    return (*numbers.min(axis=0), *numbers.max(axis=0))


def test_pixels_are_counted_from_0_and_tags_are_kept(tmp_path):
    found = regions(
        tmp_path,
        "# Region file format: DS9 version 4.1\nglobal color=green\nimage\n"
        "polygon(11,21,15,21,15,31,11,21) # tag={COMPACT} tag={MERGED} text={S1}\nbox(11,21,4,2,90)\ncircle 5 6 2\n",
    )
    polygon, turned, circle = found.regions
    assert polygon.image_polygon_px == (10, 20, 14, 20, 14, 30)
    assert (polygon.tags, polygon.text, polygon.line) == (("COMPACT", "MERGED"), "S1", 4)
    assert box(turned.image_polygon_px) == pytest.approx((9, 18, 11, 22))
    assert box(circle.image_polygon_px) == pytest.approx((2, 3, 6, 7))


def test_sizes_and_positions_come_in_several_units(tmp_path):
    found = regions(
        tmp_path,
        'fk5; circle(12:30:00,-45:00:00,30") # tag="A"\n'
        "icrs;circle(187.5d,-45,0.5')\ncircle(12h30m0s,-45d0m0s,0.00833333)\n",
    )
    assert not found.rejections
    for one in found.regions:
        numbers = np.array(one.sky_polygon_deg).reshape(-1, 2)
        assert separation_arcsec(187.5, -45, numbers[:, 0], numbers[:, 1]) == pytest.approx(30, abs=0.05)
    assert found.regions[0].tags == ("A",)


def test_the_first_radius_of_an_ellipse_lies_east_west_and_its_angle_turns_by_north(tmp_path):
    flat, turned, high = regions(
        tmp_path, 'fk5\nellipse(10,0,60",20",0)\nellipse(10,0,60",20",90)\nbox(10,0,40",120",0)\n'
    ).regions
    x_min, y_min, x_max, y_max = box(flat.sky_polygon_deg)
    assert ((x_max - x_min) * 3600, (y_max - y_min) * 3600) == pytest.approx((120, 40), rel=1e-3)
    for one in (turned, high):
        x_min, y_min, x_max, y_max = box(one.sky_polygon_deg)
        assert ((x_max - x_min) * 3600, (y_max - y_min) * 3600) == pytest.approx((40, 120), rel=1e-3)


def test_a_tilted_ellipse_leans_from_west_to_north(tmp_path):
    (one,) = regions(tmp_path, 'fk5; ellipse(10,0,60",1",45)\n').regions
    numbers = np.array(one.sky_polygon_deg).reshape(-1, 2)
    highest = numbers[np.argmax(numbers[:, 1])]
    assert highest[0] < 10  # its northern end lies west


def test_galactic_regions_become_icrs(tmp_path):
    (one,) = regions(tmp_path, 'galactic\nbox(5.5,0.1,60",60",0)\n').regions
    sky = SkyCoord(np.array(one.sky_polygon_deg).reshape(-1, 2), unit="deg").galactic
    assert (sky.l.deg.mean(), sky.b.deg.mean()) == pytest.approx((5.5, 0.1), abs=1e-6)
    assert np.ptp(sky.b.deg) * 3600 == pytest.approx(60, rel=1e-6)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("circle(1,2,3)", "no-frame"),
        ("physical; circle(1,2,3)", "no-frame"),
        ("image; point(1,2)", "not-an-outline"),
        ("image; -circle(1,2,3)", "not-an-outline"),
        ("image; circle(1,2,-3)", "bad-region"),
        ("image; circle(1,2,x)", "bad-region"),
        ("image; circle(1,2)", "bad-region"),
        ("image; polygon(1,2,3,4)", "bad-region"),
        ("image; box(1,2,3,4,5,6,7)", "bad-region"),
        ("fk5; circle(1,95,3)", "bad-region"),
        ("fk5; circle(1,2,3p)", "bad-region"),
        ("image; circle(1,2,nan)", "bad-region"),
    ],
)
def test_what_is_no_region_of_ours_is_refused_with_its_line(tmp_path, line, reason):
    found = regions(tmp_path, f"# a comment\n{line}\n")
    assert [(one.row_id, one.reason) for one in found.rejections] == [("a.reg:2", reason)]


def test_what_is_written_is_read_back(tmp_path):
    wanted = [
        Region(3, "polygon", (10.0, 5.0, 10.1, 5.0, 10.1, 5.1), None, ("FR-I",), "S1"),
        Region(4, "polygon", None, (1.0, 2.0, 9.0, 2.0, 9.0, 7.0), (), ""),
    ]
    found = read_ds9(write_ds9(tmp_path / "b.reg", wanted))
    assert list(found.regions) == wanted


def test_a_file_that_is_no_text_is_an_error(tmp_path):
    (tmp_path / "a.reg").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match="not a text file"):
        read_ds9(tmp_path / "a.reg")
    with pytest.raises(CatalogError, match="no such file"):
        read_ds9(tmp_path / "b.reg")
