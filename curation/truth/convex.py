"""Outlines on the sky in a common plane: their upright boxes, and the area that two convex ones share.

A plane touches the sphere at a point; east is x, north is y, arcsec. Outlines are smaller than half the sky.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogs.sky import ARCSEC_PER_RADIAN

CHUNK = 4096  # outlines asked for their neighbours at a time: what bounds the memory
Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Outlines:
    """Many outlines: all vertices as directions [m, 3], where each outline begins, its centre and its reach."""

    vertices: Reals
    sizes: Ints
    starts: Ints
    centres: Reals
    reach: Reals
    """Longest chord from the centre to a vertex."""

    @staticmethod
    def of(vertices: Reals, sizes: Ints) -> "Outlines":
        """Outlines of `sizes` vertices each, which follow each other in `vertices`."""
        starts = np.cumsum(sizes) - sizes
        if not len(sizes):
            return Outlines(vertices.reshape(-1, 3), sizes, starts, np.empty((0, 3)), np.empty(0))
        centres = np.add.reduceat(vertices, starts)
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        away = np.linalg.norm(vertices - np.repeat(centres, sizes, axis=0), axis=1)
        return Outlines(vertices, sizes, starts, centres, np.maximum.reduceat(away, starts))

    def near(self, others: "Outlines") -> Iterator[tuple[Ints, Ints]]:
        """Pairs (index here, index there) whose reaches touch, in chunks, by the first index."""
        if not len(self.sizes) or not len(others.sizes):
            return
        from scipy.spatial import cKDTree  # slow to import, and few need it

        tree = cKDTree(others.centres)
        most = others.reach.max()
        for start in range(0, len(self.sizes), CHUNK):
            here = np.arange(start, min(start + CHUNK, len(self.sizes)))
            found = tree.query_ball_point(self.centres[here], (self.reach[here] + most) * (1 + 1e-9))
            left = np.repeat(here, [len(one) for one in found])
            right = np.fromiter((j for one in found for j in sorted(one)), np.int64, len(left))
            apart = np.linalg.norm(self.centres[left] - others.centres[right], axis=1)
            touches = apart <= (self.reach[left] + others.reach[right]) * (1 + 1e-9)
            yield left[touches], right[touches]

    def pieces(self, which: Ints) -> tuple[Ints, Ints]:
        """Of the chosen outlines, one after the other: their vertices' indices, and where each begins among them."""
        sizes = self.sizes[which]
        starts = np.cumsum(sizes) - sizes
        return np.arange(sizes.sum()) - np.repeat(starts - self.starts[which], sizes), starts


def planes(centres: Reals) -> tuple[Reals, Reals]:
    """East and north at each direction; at a pole, where there is none, any two that stand upright on each other."""
    east = np.stack([-centres[:, 1], centres[:, 0], np.zeros(len(centres))], axis=-1)
    length = np.linalg.norm(east, axis=1, keepdims=True)
    east = np.where(length > 0, east / np.where(length > 0, length, 1), [0.0, 1.0, 0.0])
    return east, np.cross(centres, east)


def boxes_in_planes(left: Outlines, right: Outlines, i: Ints, j: Ints) -> tuple[Reals, Reals]:
    """Upright boxes (x_min, y_min, x_max, y_max) of each pair's outlines, in the plane at the left one's centre."""
    centres = left.centres[i]
    east, north = planes(centres)
    found = list[Reals]()
    for outlines, which in ((left, i), (right, j)):
        index, starts = outlines.pieces(which)
        if not len(which):
            found.append(np.empty((0, 4)))
            continue
        at = np.repeat(np.arange(len(which)), outlines.sizes[which])
        points = _projected(outlines.vertices[index], centres[at], east[at], north[at])
        found.append(np.concatenate([np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)], axis=1))
    return found[0], found[1]


def shared_area(left: Points, right: Points) -> float:
    """Area that two convex polygons share, whichever way their vertices run; the unit is that of the points squared."""
    piece = list(_counterclockwise(left))
    edges = list(_counterclockwise(right))
    for (x1, y1), (x2, y2) in zip(edges, [*edges[1:], edges[0]], strict=True):
        if not piece:
            return 0.0
        piece = _clipped(piece, x1, y1, x2 - x1, y2 - y1)
    return max(0.0, area(piece))


def area(points: Points) -> float:
    """Signed area of a polygon, positive where its vertices run counterclockwise."""
    following = [*points[1:], *points[:1]]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, following, strict=True)) / 2


def in_plane(vertices: Reals, centre: Reals) -> list[tuple[float, float]]:
    """Directions [n, 3] as points of the plane at a direction, east and north in arcsec."""
    east, north = planes(centre[None])
    points = _projected(vertices, centre[None], east, north)
    return [(float(x), float(y)) for x, y in points]


def _projected(vertices: Reals, centres: Reals, east: Reals, north: Reals) -> Reals:
    depth = np.einsum("ij,ij->i", vertices, np.broadcast_to(centres, vertices.shape))
    along = [np.einsum("ij,ij->i", vertices, np.broadcast_to(axis, vertices.shape)) for axis in (east, north)]
    # What lies behind the plane's horizon is as far away as can be said.
    return np.stack(along, axis=-1) / np.maximum(depth, 1e-9)[:, None] * ARCSEC_PER_RADIAN


def _counterclockwise(points: Points) -> Points:
    return points if area(points) >= 0 else points[::-1]


def _clipped(points: Points, x: float, y: float, along_x: float, along_y: float) -> list[tuple[float, float]]:
    """What of a polygon lies left of a line (Sutherland and Hodgman's way)."""
    side = [along_x * (q - y) - along_y * (p - x) for p, q in points]
    found = list[tuple[float, float]]()
    for k, (p, q) in enumerate(points):
        before, here = side[k - 1], side[k]
        if (before < 0) != (here < 0):
            share = before / (before - here)
            p0, q0 = points[k - 1]
            found.append((p0 + share * (p - p0), q0 + share * (q - q0)))
        if here >= 0:
            found.append((p, q))
    return found
