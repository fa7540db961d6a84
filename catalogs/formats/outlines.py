"""What an annotation file says of one object, in the pixels of its picture; and where pixels lie, said once for all.

Ours are FITS pixels: 0-based, centres at integers, row 0 at the bottom; a box is given by edges, edge 0 at -0.5.
labelme, COCO and YOLO count from the top left CORNER of the picture: the top left pixel covers 0 to 1 (labelme takes
points from 0 to the width; pycocotools gives the mask of that pixel the box 0, 0, 1, 1). So x becomes x - 0.5 and y
height - y - 0.5, and an outline around a whole picture has the box 0, 0, width, height. DS9 counts from 1, centres at
integers, from the bottom.

An object drawn as several parts (the lobes of a double source) is one object: its outline is the convex hull of all
parts, its box spans them. A table holds one outline for an object, and of the hull both claims are right: what lies
in it and how far it reaches; its area is that of the hull, not the sum of the parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogs.formats.plain_json import RefusedError

Polygon = tuple[float, ...]
Box = tuple[float, float, float, float]
FEWEST_VERTICES = 3
MOST_PX = 1e7  # no picture is larger; numbers beyond would lose the half pixel


@dataclass(frozen=True)
class Outline:
    """An object of an annotation file, in FITS pixels: 0-based, centres at integers, row 0 at the bottom."""

    picture: str
    """The picture's name or id, in the file's words."""
    label: str
    """In the file's words."""
    row: int
    """0-based place in the file; of an object of several rows the first."""
    image_polygon_px: Polygon | None
    """x, y, x, y, … around all its parts, closing by itself; None for a mask, whose outline is in its pixels."""
    box_fits_px: Box
    """x_min, y_min, x_max, y_max, far edge outside: what the file says, else what the outline spans."""
    is_prediction: bool
    """True: a model found it, so it is no truth."""
    score: float | None = None
    n_mask_px: int | None = None
    """Pixels of its mask; None without one."""
    n_parts: int = 1
    """Polygons that it is drawn as."""
    points_px: tuple[tuple[float, float], ...] = ()
    """Points that the annotators marked of it, x and y; those that they could not place are left out."""


def box_of(polygon: Sequence[float]) -> Box:
    """The box an outline spans, in pixel edges: the centre x covers x - 0.5 to x + 0.5, and edge 0 is at -0.5."""
    x, y = polygon[0::2], polygon[1::2]
    return min(x) + 0.5, min(y) + 0.5, max(x) + 0.5, max(y) + 0.5


def box_around(*boxes: Box) -> Box:
    """The box that spans them all."""
    x_min, y_min, x_max, y_max = zip(*boxes, strict=True)
    return min(x_min), min(y_min), max(x_max), max(y_max)


def do_meet(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel, or a part of one."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def from_corner(points_px: ArrayLike, height_px: int) -> NDArray[np.float64]:
    """Points [n, 2] counted from the top left corner of a picture, in FITS pixels."""
    return np.asarray(points_px, float) * [1, -1] + [-0.5, height_px - 0.5]


def outline_of(parts: Sequence[NDArray[np.float64]], reason: str = "bad-outline") -> Polygon:
    """The outline of an object from the vertices [n, 2] of its parts: of one part its own, of several their hull.

    A last vertex that repeats the first is left out. Raises RefusedError for a part without three vertices or an area.
    """
    whole = [_open(part) for part in parts]
    for part in whole:
        if len(part) < FEWEST_VERTICES or np.abs(part).max() > MOST_PX:
            raise RefusedError(reason, f"found {len(part)} vertices {part.tolist()!r:.60}, expected three or more")
        if np.linalg.matrix_rank(part - part[0], tol=1e-6) < 2:  # noqa: PLR2004 -- all on one line
            raise RefusedError(reason, f"found {part.tolist()!r:.60}, whose points enclose no area")
    if len(whole) == 1:
        return tuple(float(one) for one in whole[0].ravel())
    return hull(np.concatenate(whole), reason)


def hull(points: NDArray[np.float64], reason: str = "bad-box") -> Polygon:
    """The convex outline of points [n, 2], from its lowest vertex, counterclockwise. Raises RefusedError."""
    from scipy.spatial import ConvexHull, QhullError  # slow to import, and few need it

    if not np.abs(points).max(initial=0) <= MOST_PX:
        raise RefusedError(reason, f"found a point beyond {MOST_PX:g} pixels")
    try:
        found = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):
        raise RefusedError(reason, "its points enclose no area") from None
    start = int(np.lexsort((found[:, 0], found[:, 1]))[0])  # the lowest vertex, the leftmost of them
    return tuple(float(one) for one in np.roll(found, -start, axis=0).ravel())


def hull_of_mask(mask: NDArray[np.bool_]) -> Polygon:
    """The line around all pixels of a mask, pixel corners included, in FITS pixels. Raises RefusedError: `bad-mask`."""
    y, x = np.nonzero(mask)
    if not len(x):
        raise RefusedError("bad-mask", "found no pixel in it, expected an object")
    return hull_of_pixels(np.column_stack([y, x]).astype(float))


def hull_of_pixels(pixels: NDArray[np.float64]) -> Polygon:
    """The line around pixels [n, 2], each as row and column."""
    return hull(np.concatenate([pixels[:, ::-1] + [dx, dy] for dx in (-0.5, 0.5) for dy in (-0.5, 0.5)]))


def check_inside(box: Box, height_px: int | None, width_px: int | None = None) -> None:
    """Raise RefusedError, `outside-picture`, for a box of which the picture shows nothing; a size may be unknown."""
    x_min, y_min, x_max, y_max = box
    is_beside = x_max <= 0 or (width_px is not None and x_min >= width_px)
    if is_beside or y_max <= 0 or (height_px is not None and y_min >= height_px):
        raise RefusedError(
            "outside-picture", f"found x {x_min:g} to {x_max:g}, y from the bottom {y_min:g} to {y_max:g}, expected "
            f"some of it in the picture of {width_px or '?'} x {height_px or '?'} pixels",
        )  # fmt: skip


def _open(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without last vertices that repeat the first."""
    while len(vertices) > 1 and np.array_equal(vertices[0], vertices[-1]):
        vertices = vertices[:-1]
    return vertices
