"""The sphere, held against astropy, at RA 0 and at the poles too."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from catalogs.sky import (
    box_polygon,
    ellipse_polygon,
    ellipse_polygons,
    nearest,
    positions_deg,
    separation_arcsec,
    unit_vectors,
)

CENTRES = [(0.0, 0.0), (359.9999, 12.0), (0.0, 89.9995), (123.4, -90.0), (200.0, -45.0)]


def test_unit_vectors_are_rows_of_length_one_and_come_back():
    ra, dec = np.array([0, 90, 359.999, 45]), np.array([0, 90, -45, -89.9])
    vectors = unit_vectors(ra, dec)
    assert vectors.shape == (4, 3)
    assert vectors.dtype == np.float64
    back_ra, back_dec = positions_deg(vectors)
    assert np.allclose(back_dec, dec, atol=1e-7)
    assert np.allclose(back_ra[[0, 2, 3]], ra[[0, 2, 3]])


def test_a_position_that_is_missing_stays_missing():
    assert np.isnan(unit_vectors([np.nan, 1], [1, np.nan])).all(axis=1).any()
    assert np.isnan(unit_vectors([1], [np.nan])).all()


def test_ra_never_comes_back_as_360():
    ra, _ = positions_deg(np.array([[1.0, -1e-18, 0.0]]))
    assert ra[0] == 0


@pytest.mark.parametrize(("ra", "dec"), CENTRES)
def test_separations_equal_astropys(ra, dec):
    rng = np.random.default_rng(1)
    other_ra, other_dec = rng.uniform(0, 360, 50), rng.uniform(-90, 90, 50)
    theirs = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(other_ra, other_dec, unit="deg")).arcsec
    assert np.allclose(separation_arcsec(ra, dec, other_ra, other_dec), theirs, rtol=1e-9, atol=1e-6)


def test_small_separations_keep_their_digits():
    assert separation_arcsec(10, 50, 10, 50 + 1e-4 / 3600)[0] == pytest.approx(1e-4, rel=1e-5)
    assert separation_arcsec(359.9999, 0, 0.0001, 0)[0] == pytest.approx(0.72)
    assert separation_arcsec(0, 89.9999, 180, 89.9999)[0] == pytest.approx(0.72)


@pytest.mark.parametrize(("ra", "dec"), CENTRES)
def test_the_vertices_of_an_ellipse_lie_where_astropy_puts_them(ra, dec):
    outline = np.array(ellipse_polygon(ra, dec, 60, 20, 30, n=24)).reshape(-1, 2)
    centre = SkyCoord(ra, dec, unit="deg")
    ends = centre.directional_offset_by([30, 120, 210, 300] * u.deg, [30, 10, 30, 10] * u.arcsec)
    found = SkyCoord(*outline[[0, 6, 12, 18]].T, unit="deg")
    assert found.separation(ends).arcsec == pytest.approx(0, abs=1e-5)
    assert ((outline[:, 0] >= 0) & (outline[:, 0] < 360)).all()


def test_all_vertices_fulfil_the_equation_of_the_ellipse():
    outline = np.array(ellipse_polygon(359.9999, 89.0, 600, 200, 77)).reshape(-1, 2)
    centre, vertices = SkyCoord(359.9999, 89.0, unit="deg"), SkyCoord(*outline.T, unit="deg")
    r = centre.separation(vertices).arcsec
    angle = (centre.position_angle(vertices) - 77 * u.deg).to_value("rad")
    assert (r * np.cos(angle) / 300) ** 2 + (r * np.sin(angle) / 100) ** 2 == pytest.approx(1, abs=1e-6)


def test_many_ellipses_at_once_are_the_same_as_one_by_one():
    many = ellipse_polygons([1, 2], [3, 4], [[10, 5], [8, 8]], [0, 45], n=8)
    assert many.shape == (2, 16)
    assert many[1].tolist() == ellipse_polygon(2, 4, 8, 8, 45, n=8)


@pytest.mark.parametrize(("ra", "dec"), CENTRES)
def test_a_box_is_as_wide_and_high_as_asked_for(ra, dec):
    corners = SkyCoord(*np.array(box_polygon(ra, dec, 40, 20)).reshape(-1, 2).T, unit="deg")
    assert corners[0].separation(corners[1]).arcsec == pytest.approx(40, abs=1e-4)
    assert corners[1].separation(corners[2]).arcsec == pytest.approx(20, abs=1e-4)


def test_the_nearest_is_found_as_by_brute_force_across_ra_0_and_the_pole():
    rng = np.random.default_rng(2)
    left = unit_vectors(rng.uniform(-0.01, 0.01, 200) % 360, rng.uniform(-0.01, 0.01, 200))
    right = unit_vectors(rng.uniform(-0.01, 0.01, 300) % 360, rng.uniform(-0.01, 0.01, 300))
    for turn in (np.eye(3), np.array([[0, 0, -1.0], [0, 1, 0], [1, 0, 0]])):  # the second one puts them at the pole
        found = nearest(left @ turn.T, right @ turn.T, 3.0)
        chord = np.linalg.norm(left[:, None] - right[None], axis=-1)
        brute = np.where(chord.min(axis=1) <= np.radians(3 / 3600), chord.argmin(axis=1), -1)
        assert found.index.tolist() == brute.tolist()
        assert (np.isnan(found.separation_arcsec) == (brute < 0)).all()
    assert (brute >= 0).any()
    assert (brute < 0).any()


def test_the_radius_itself_is_inside():
    centre, at_radius = unit_vectors(150.0, 2.0), unit_vectors(150.0, 2.0 + 5 / 3600)
    assert nearest(centre, at_radius, 5.0).index.tolist() == [0]
    assert nearest(centre, at_radius, 4.999).index.tolist() == [-1]


def test_among_equally_near_ones_the_first_is_taken():
    centre, right = unit_vectors(150.0, 0.0), unit_vectors([150.001, 149.999, 150.001], [0, 0, 0])
    assert nearest(centre, right, 5.0).index.tolist() == [0]
    assert nearest(centre, right[::-1], 5.0).index.tolist() == [0]


def test_nobody_is_near_an_empty_sky():
    assert nearest(unit_vectors([1, 2], [3, 4]), np.empty((0, 3)), 5.0).index.tolist() == [-1, -1]
    assert nearest(np.empty((0, 3)), unit_vectors([1, 2], [3, 4]), 5.0).index.tolist() == []
