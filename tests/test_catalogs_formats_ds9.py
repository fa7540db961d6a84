"""DS9 regions: frames, shapes, angles, tags."""

import numpy as np
import pytest
from astropy import units as u
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
        ("image; circle(1_0,2,3)", "bad-region"),
        ("image; circle(10p,2,3)", "bad-region"),
        ("image; circle(1,2,1e300)", "bad-region"),
        ('image; circle(1,2,3")', "bad-region"),
        ("image; polygon(1,1,2,2,3,3)", "bad-region"),
        ("fk5; polygon(1,1,2,2,1,1)", "bad-region"),
        ("fk5; circle(12:70:00,1,1)", "bad-region"),
        ("fk5; circle(1,2,100)", "bad-region"),
        ("image; circle(1,2,3) && box(1,2,3,4)", "bad-region"),
        ("image; circle(1,2,3)-circle(1,2,1)", "bad-region"),
        ("image; circle(1,2,3) ||", "bad-region"),
        ("image; circle(1,2,3) || -circle(1,2,1)", "not-an-outline"),
        ("image; circle(1,2,3) || point(9,9)", "not-an-outline"),
        ("image; circle(1,2,3) || circle(1,2)", "bad-region"),
        ("image; circle(9,9,3) # background", "not-an-outline"),
        ("image; circle(9,9,3) # include=0 color=red", "not-an-outline"),
        ("image; annulus(9,9,3,5)", "not-an-outline"),
        ("image; # text(9,9) text={here}", "not-an-outline"),
        ("image; # vector(9,9,3,45) vector=1", "not-an-outline"),
        ("wcsa; circle(1,2,3)", "no-frame"),
        ("image; tile 2; circle(1,2,3)", "no-frame"),
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


def test_shapes_joined_by_bars_are_one_region_around_them_all(tmp_path):
    found = regions(
        tmp_path,
        "image\n# composite(21,11,0) || composite=1\ncircle(11,11,3) || # tag={A} color=red\n"
        "# text(12,20) || text={two lobes}\nbox(31,11,4,8) # tag={B} tag={A}\ncircle(5,5,2)\n"
        "circle(11,31,2) || circle(15,31,2) || circle(19,35,2) # tag={C}\n",
    )
    both, alone, row = found.regions
    assert (both.shape, both.line, both.tags, both.text) == ("composite", 3, ("A", "B"), "two lobes")
    assert box(both.image_polygon_px) == pytest.approx((7, 6, 32, 14))
    assert (alone.shape, box(alone.image_polygon_px)) == ("circle", pytest.approx((2, 2, 6, 6)))
    assert (row.shape, row.tags, box(row.image_polygon_px)) == ("composite", ("C",), pytest.approx((8, 28, 20, 36)))
    assert found.n_in == 3


@pytest.mark.parametrize("centre", [(0.0, 0.0), (359.9999, 80.0), (10.0, -89.99), (123.4, 5.6)])
def test_joined_shapes_on_the_sky_are_enclosed_also_at_ra_0_and_near_the_pole(tmp_path, centre):
    sky = SkyCoord(*centre, unit="deg")
    ends = [sky.directional_offset_by(angle * u.deg, 60 * u.arcsec) for angle in (70, 250)]
    lines = " ||\n".join(f'circle({one.ra.deg:.9f},{one.dec.deg:.9f},10")' for one in ends)
    (one,) = regions(tmp_path, f"icrs\n{lines}\n").regions
    vertices = SkyCoord(np.reshape(one.sky_polygon_deg, (-1, 2)), unit="deg")
    reach = [vertices.separation(end).arcsec for end in ends]
    assert np.minimum(*reach) == pytest.approx(10, rel=1e-3)
    assert np.max(reach) == pytest.approx(130, rel=1e-3)
    assert min(np.sum(one < 10.1) for one in reach) >= 12  # half of each circle is on the hull


def test_galactic_shapes_may_be_joined_with_equatorial_ones_but_not_with_pixels(tmp_path):
    found = regions(tmp_path, 'galactic; circle(5.5,0.1,10") ||\nicrs; circle(269.5,-24.3,10")\n')
    assert len(found.regions) == 1
    mixed = regions(tmp_path, 'image; circle(5,5,2) ||\nicrs; circle(269.5,-24.3,10")\n')
    assert [one.reason for one in mixed.rejections] == ["bad-region"]


def test_what_the_head_takes_out_is_out_unless_a_line_puts_it_in(tmp_path):
    found = regions(
        tmp_path, "global color=red include=0\nimage\ncircle(9,9,2)\n+circle(9,9,3)\ncircle(9,9,4) # include=1\n"
    )
    assert [one.line for one in found.regions] == [4, 5]
    assert [one.reason for one in found.rejections] == ["not-an-outline"]
    text = regions(tmp_path, "image\ncircle(9,9,2) # text={background include=0}\n")
    assert len(text.regions) == 1
