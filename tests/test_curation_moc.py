"""Coverage maps: they hold what they should, in the right size and the same bytes, at the poles and over RA 0."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.sky import box_polygon
from curation.release.moc import (
    ORDER,
    SEALED_ORDER,
    area_deg2,
    file_of,
    holds,
    of_discs,
    of_squares,
    read_moc,
    write_mocs,
)

CELL_ARCSEC = {order: 3600 * np.degrees(np.sqrt(np.pi / 3)) / 2**order for order in (ORDER, SEALED_ORDER)}


def square(ra: float, dec: float, side: float = 300.0) -> dict:
    return {"ra_deg": ra, "dec_deg": dec, "radius_arcsec": side / np.sqrt(2),
            "sky_polygon_deg": box_polygon(ra, dec, side, side)}  # fmt: skip


def disc(ra: float, dec: float, radius: float = 150.0) -> dict:
    return {"ra_deg": ra, "dec_deg": dec, "radius_arcsec": radius}


PLACES = [(10.0, 5.0), (0.0, 0.0), (359.9999, -40.0), (123.0, 89.99), (200.0, -90.0), (45.0, 90.0)]


@pytest.mark.parametrize("place", PLACES)
def test_a_square_covers_its_area_and_little_more(place):
    moc = of_squares([square(*place)])
    area = (300 / 3600) ** 2
    assert area <= area_deg2(moc) <= area + 4.5 * 300 * CELL_ARCSEC[ORDER] * 1.5 / 3600**2
    assert holds(moc, [place[0]], [place[1]]).all()


@pytest.mark.parametrize("place", PLACES)
def test_a_disc_covers_its_area_and_little_more(place):
    moc = of_discs([disc(*place)])
    area = np.pi * (150 / 3600) ** 2
    assert area <= area_deg2(moc) <= area + 2 * np.pi * 150 * CELL_ARCSEC[SEALED_ORDER] * 1.5 / 3600**2


def test_sky_that_is_covered_twice_counts_once():
    once, twice = of_squares([square(10, 5)]), of_squares([square(10, 5), square(10, 5)])
    assert once == twice
    both = of_squares([square(10, 5), square(20, 5)])
    assert area_deg2(both) == pytest.approx(2 * area_deg2(once), rel=0.05)


def test_without_corners_a_square_north_up_is_covered():
    bare = {**square(10, 5), "sky_polygon_deg": None}
    assert of_squares([bare]) == of_squares([square(10, 5)])


def test_nothing_covers_nothing():
    for moc in (of_squares([]), of_discs([])):
        assert area_deg2(moc) == 0 and not holds(moc, [10.0], [5.0]).any()
    assert holds(of_squares([square(10, 5)]), [], []).tolist() == []


def test_a_map_survives_its_file_and_gives_the_same_bytes(tmp_path):
    mocs = {"train": of_squares([square(*place) for place in PLACES]), "test": of_squares([]),
            "sealed-b6": of_discs([disc(10, 5)])}  # fmt: skip
    for folder in ("one", "two"):
        write_mocs(mocs, tmp_path / folder)
    for name, moc in mocs.items():
        assert read_moc(tmp_path / "one" / file_of(name)) == moc
        assert len({(tmp_path / folder / file_of(name)).read_bytes() for folder in ("one", "two")}) == 1
    assert b"DATE" not in (tmp_path / "one/moc/train.fits").read_bytes()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PLACES), st.floats(20, 400), st.floats(0, 360), st.floats(0, 2))
def test_what_lies_in_a_disc_is_held_and_what_lies_a_cell_beyond_is_not(place, radius, angle, share):
    moc = of_discs([disc(*place, radius)])
    away = share * (radius + 2 * CELL_ARCSEC[SEALED_ORDER])
    # A box of no width whose corner is `away` from the place, in the direction `angle`.
    ra, dec = box_polygon(*place, 0.0, 2 * away, angle)[:2]
    (inside,) = holds(moc, [ra], [dec])
    if away < radius - 1e-6:
        assert inside
    elif away > radius + 1.6 * CELL_ARCSEC[SEALED_ORDER]:
        assert not inside
