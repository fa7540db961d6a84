"""labelme: one JSON a picture, polygons drawn by a person on a PNG, whose row 0 is at the top."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogs.formats.outlines import Outline, box_of
from catalogs.formats.plain_json import read_json
from schemas.errors import CatalogError
from schemas.rejection import Rejection

FEWEST_VERTICES = 3


@dataclass(frozen=True)
class LabelmePicture:
    """A picture's annotation: its size in pixels, its outlines, and the shapes that are none."""

    image_path: str
    width_px: int
    height_px: int
    outlines: tuple[Outline, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Shapes in the file."""
        return len(self.outlines) + len(self.rejections)


def read_labelme(path: Path) -> LabelmePicture:
    """The outlines of a file, rows turned to FITS: y -> height - 1 - y. Raises CatalogError, naming file and key.

    Refused: `not-a-polygon`, a shape of another kind; `bad-outline`, fewer than three vertices or one that is no point.
    """
    text = read_json(path)
    image_path, width, height = (_get(path, text, key, kind) for key, kind in _KEYS)
    if width < 1 or height < 1:
        raise CatalogError(f"{path}: imageWidth {width}, imageHeight {height}: expected positive numbers")
    outlines, rejections = list[Outline](), list[Rejection]()
    for row, shape in enumerate(_get(path, text, "shapes", list)):
        label, kind = (_get(path, shape, key, str, f"shapes[{row}].") for key in ("label", "shape_type"))
        points = _get(path, shape, "points", list, f"shapes[{row}].")
        fault = ("not-a-polygon", f"found shape_type {kind!r}") if kind != "polygon" else _fault(points)
        if fault:
            rejections.append(Rejection(f"{path.name}:{row}", *fault, {"label": label, "shape_type": kind}))
            continue
        # labelme counts pixels from the centre of the top left one, so only the rows turn over.
        polygon = tuple(value for x, y in points for value in (float(x), height - 1 - float(y)))
        outlines.append(Outline(image_path, label, row, polygon, box_of(polygon), is_prediction=False))
    return LabelmePicture(image_path, width, height, tuple(outlines), tuple(rejections))


_KEYS = (("imagePath", str), ("imageWidth", int), ("imageHeight", int))


def _get(path: Path, holder: Any, key: str, kind: type, where: str = "") -> Any:
    """A value of the expected type; CatalogError names file, key, found and expected."""
    found = holder.get(key) if isinstance(holder, Mapping) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        what = "nothing" if found is None else f"{type(found).__name__} {found!r:.40}"
        raise CatalogError(f"{path}: {where}{key}: found {what}, expected {kind.__name__}; is it a labelme file?")
    return found


def _fault(points: list[Any]) -> tuple[str, str] | None:
    for point in points:
        is_pair = isinstance(point, list) and len(point) == len("xy")
        if not is_pair or not all(isinstance(one, int | float) and math.isfinite(one) for one in point):
            return "bad-outline", f"found the point {point!r:.60}, expected [x, y]"
    if len(points) < FEWEST_VERTICES:
        return "bad-outline", f"found {len(points)} points, expected three or more"
    return None
