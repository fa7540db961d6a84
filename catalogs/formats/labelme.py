"""labelme: one JSON a picture, shapes drawn by a person on a PNG, whose row 0 is at the top.

labelme counts from the top left corner of the picture: see `outlines.py`, also for an object of several parts. Its
parts are shapes of one label with the same `group_id`, as in labelme's own export to COCO.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.formats.outlines import MOST_PX, Outline, box_of, check_inside, from_corner, outline_of
from catalogs.formats.plain_json import RefusedError, in_file, is_kind, numbers, optional, read_json, value
from schemas.errors import CatalogError
from schemas.rejection import Rejection

N_POINTS = {"rectangle": (2, 4), "oriented_rectangle": (4,), "circle": (2,)}  # any number from three on: polygon
N_CURVE = 72  # vertices of a circle: 0.1 % of the radius are lost between them
BAD = "bad-shape"
Points = NDArray[np.float64]


@dataclass(frozen=True)
class LabelmePicture:
    """A picture's annotation: its size in pixels, its objects, and those that cannot be used."""

    image_path: str
    width_px: int
    height_px: int
    outlines: tuple[Outline, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Objects in the file: shapes, and groups of shapes."""
        return len(self.outlines) + len(self.rejections)


def read_labelme(path: Path) -> LabelmePicture:
    """The objects of a file, in FITS pixels. Raises CatalogError, naming file and key, for a file that is not one.

    Read are polygons, rectangles (two corners, or four), oriented rectangles and circles (centre, and a point on
    them). Shapes of one label and `group_id` are one object, refused whole where a shape of it is.

    Refused: `not-an-outline`, a point, line, linestrip, mask or another shape; `bad-outline`, points that are none or
    enclose no area; `bad-shape`, without label or points; `outside-picture`.
    """
    text = read_json(path)
    image_path = in_file(path, text, "imagePath", "text")
    width, height = (in_file(path, text, key, "integer") for key in ("imageWidth", "imageHeight"))
    if not (1 <= width <= MOST_PX and 1 <= height <= MOST_PX):
        raise CatalogError(f"{path}: imageWidth {width!r:.40}, imageHeight {height!r:.40}: expected numbers of pixels")
    outlines, rejections = list[Outline](), list[Rejection]()
    for rows, shapes in _grouped(in_file(path, text, "shapes", "list")):
        try:
            parts = [from_corner(_part(row, shape), height) for row, shape in zip(rows, shapes, strict=True)]
            polygon = outline_of(parts)
            box = box_of(polygon)
            check_inside(box, height, width)
        except RefusedError as refused:
            rejections.append(refused.rejection(path, rows[0], _seen(rows, shapes)))
            continue
        label = shapes[0]["label"]
        outlines.append(
            Outline(image_path, label, rows[0], polygon, box, is_prediction=False, n_parts=len(parts))
        )  # fmt: skip
    return LabelmePicture(image_path, width, height, tuple(outlines), tuple(rejections))


def _grouped(shapes: list[Any]) -> list[tuple[list[int], list[Any]]]:
    """The shapes of each object with their places, in the order of their first."""
    found = dict[object, tuple[list[int], list[Any]]]()
    for row, shape in enumerate(shapes):
        group = shape.get("group_id") if isinstance(shape, Mapping) else None
        key = row if group is None else (repr(group), repr(shape.get("label")))
        rows, several = found.setdefault(key, ([], []))
        rows.append(row)
        several.append(shape)
    return list(found.values())


def _seen(rows: list[int], shapes: list[Any]) -> dict[str, Any]:
    first = shapes[0] if isinstance(shapes[0], Mapping) else {}
    told = {key: f"{first.get(key)!r:.60}" for key in ("label", "shape_type", "group_id")}
    return {**told, **({"shapes": rows} if len(rows) > 1 else {})}


def _part(row: int, shape: Any) -> Points:
    """The vertices [n, 2] of a shape, from the picture's top left corner. Raises RefusedError, naming its place."""
    try:
        return _drawn(shape)
    except RefusedError as refused:
        raise RefusedError(refused.reason, f"shapes[{row}]: {refused.detail}") from None


def _drawn(shape: Any) -> Points:
    if not value(shape, "label", "text", BAD).strip():
        raise RefusedError(BAD, "label: found a blank text")
    group = shape.get("group_id")
    if group is not None and not (isinstance(group, str) or is_kind(group, "integer")):
        raise RefusedError(BAD, f"group_id: found {group!r:.60}, expected a whole number or nothing")
    kind = optional(shape, "shape_type", "text", BAD) or "polygon"  # the oldest files say nothing
    if kind != "polygon" and kind not in N_POINTS:
        raise RefusedError("not-an-outline", f"found shape_type {kind!r:.60}, expected polygon, {', '.join(N_POINTS)}")
    points = [numbers(one, 2, "points", "bad-outline") for one in value(shape, "points", "list", BAD)]
    if kind in N_POINTS and len(points) not in N_POINTS[kind]:
        wanted = " or ".join(map(str, N_POINTS[kind]))
        raise RefusedError("bad-outline", f"{kind}: found {len(points)} points, expected {wanted}")
    if any(abs(one) > MOST_PX for point in points for one in point):
        raise RefusedError("bad-outline", f"found a point beyond {MOST_PX:g} pixels")
    return _vertices(kind, np.array(points, float).reshape(-1, 2))


def _vertices(kind: str, points: Points) -> Points:
    if kind == "rectangle" and len(points) == 2:  # noqa: PLR2004 -- opposite corners, in any order
        (x_min, y_min), (x_max, y_max) = points.min(axis=0), points.max(axis=0)
        return np.array([[x_min, y_min], [x_max, y_min], [x_max, y_max], [x_min, y_max]])
    if kind == "circle":
        radius = math.dist(*points)
        turn = np.arange(N_CURVE) * (2 * np.pi / N_CURVE)
        return points[0] + radius * np.column_stack([np.cos(turn), np.sin(turn)])
    return points
