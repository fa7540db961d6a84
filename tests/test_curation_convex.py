"""Outlines in a plane that touches the sky: the area that two share, and their upright boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.sky import box_polygon, unit_vectors
from curation.truth.convex import Outlines, area, boxes_in_planes, in_plane, shared_area

SQUARE = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (SQUARE, 100), (SQUARE[::-1], 100), ([(x + 5, y + 5) for x, y in SQUARE], 25),
        ([(x + 10, y) for x, y in SQUARE], 0), ([(x + 30, y) for x, y in SQUARE], 0),
        ([(2.0, 2.0), (4.0, 2.0), (4.0, 4.0), (2.0, 4.0)], 4),
        ([(5.0, -5.0), (15.0, 5.0), (5.0, 15.0), (-5.0, 5.0)], 100),  # a diamond about it
        ([(0.0, 0.0), (20.0, 0.0), (0.0, 20.0)], 100), ([(0.0, 0.0), (10.0, 0.0), (0.0, 10.0)], 50),
    ],
)  # fmt: skip
def test_the_shared_area_of_convex_polygons(other, expected):
    assert shared_area(SQUARE, other) == pytest.approx(expected)
    assert shared_area(other, SQUARE) == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 2 * np.pi), st.floats(-12, 12), st.floats(-12, 12), st.floats(2, 15))
def test_the_shared_area_is_what_a_grid_of_points_says(turn, x, y, side):
    corners = [(x + side / 2 * np.sqrt(2) * np.cos(turn + k * np.pi / 2),
                y + side / 2 * np.sqrt(2) * np.sin(turn + k * np.pi / 2)) for k in range(4)]  # fmt: skip
    grid = (np.arange(200) + 0.5) / 20
    px, py = np.meshgrid(grid, grid)
    inside = np.ones(px.shape, bool)
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        inside &= (x2 - x1) * (py - y1) - (y2 - y1) * (px - x1) >= 0
    assert shared_area(corners, SQUARE) == pytest.approx(inside.sum() / 400, abs=0.8)


def test_a_box_on_the_sky_is_as_wide_and_high_in_the_plane_at_its_centre():
    polygon = np.array(box_polygon(200.0, 60.0, 30.0, 90.0)).reshape(-1, 2)
    vectors = unit_vectors(polygon[:, 0], polygon[:, 1])
    outlines = Outlines.of(vectors, np.array([4]))
    box, same = boxes_in_planes(outlines, outlines, np.array([0]), np.array([0]))
    assert box == pytest.approx(np.array([[-15, -45, 15, 45]]), abs=0.01) and np.array_equal(box, same)
    assert abs(area(in_plane(vectors, outlines.centres[0]))) == pytest.approx(2700, rel=1e-3)


PLACES = st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(5, 200)), max_size=15)


@settings(max_examples=40, deadline=None)
@given(PLACES, PLACES, st.sampled_from([0.0, 60.0, -89.95]))
def test_near_outlines_are_all_that_touch_and_no_reach_too_many(first, second, dec):
    def outlines(places: list) -> Outlines:
        stretch = np.cos(np.radians(dec))
        polygons = [box_polygon((x / 3600 / stretch) % 360, dec + y / 3600 * 0.3, side, side) for x, y, side in places]
        numbers = np.array([one for polygon in polygons for one in polygon], float).reshape(-1, 2)
        return Outlines.of(unit_vectors(numbers[:, 0], numbers[:, 1]), np.full(len(places), 4))

    left, right = outlines(first), outlines(second)
    found = {(int(i), int(j)) for chunk in left.near(right) for i, j in zip(*chunk, strict=True)}
    apart = np.linalg.norm(left.centres[:, None] - right.centres[None], axis=-1)
    touches = apart <= (left.reach[:, None] + right.reach[None]) * (1 + 1e-9)
    assert found == {(int(i), int(j)) for i, j in zip(*np.nonzero(touches), strict=True)}
