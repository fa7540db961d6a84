"""caesar-mrcnn: the JSON it is trained with, one FITS mask an object, and the JSON it writes when it detects.

Both count rows as FITS does, row 0 at the bottom: the network read its pictures unturned. Riggi et al. 2023; Riggi et
al. 2025, Table C1, for the five classes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from catalogs.formats.fits_masks import MOST_BYTES, Mask, read_mask
from catalogs.formats.outlines import (
    FEWEST_VERTICES,
    MOST_PX,
    Outline,
    Polygon,
    box_of,
    hull,
    hull_of_mask,
    hull_of_pixels,
)
from catalogs.formats.paths import relative_name
from catalogs.formats.plain_json import (
    RefusedError,
    in_file,
    is_kind,
    numbers,
    optional,
    read_json,
    value,
    write_json,
)
from catalogs.formats.yolo import polygon_of_box
from schemas.errors import CatalogError
from schemas.labels import LabelScheme
from schemas.rejection import Rejection

EXTENDED, MULTI, FLAGGED = "EXTENDED", "EXTENDED-MULTISLAND", "FLAGGED"
EIGHT = np.ones((3, 3), bool)  # pixels that touch at a corner are of one island
MOST_PIXELS = 1 << 22  # listed for one object


@dataclass(frozen=True)
class CaesarObject:
    """An object: its outline around all its islands, and what the file says of it."""

    outline: Outline
    """`label` is the class in the file's words."""
    name: str
    label: str | None
    """The final class, a label of the scheme; None where the file's word is none of its classes."""
    n_islands: int | None = None
    from_mask: bool = True
    """False: from the rotated rectangle, for there was no mask that could be read."""


@dataclass(frozen=True)
class CaesarPicture:
    """A picture's annotation, or what was detected in it; `rejections` are of its objects."""

    picture: str
    """`img`, relative; for detections `image_id`."""
    width_px: int | None
    height_px: int | None
    telescope: str | None
    objects: tuple[CaesarObject, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Objects in the file."""
        return len(self.objects) + len(self.rejections)


@dataclass(frozen=True)
class MaskedObject:
    """An object to be written: its class in the file's words, and its pixels, mask[y, x]."""

    name: str
    label: str
    mask: Mask
    is_near_sidelobe: bool = False
    is_mixed_with_sidelobe: bool = False
    score: float | None = None


def read_training(path: Path, scheme: LabelScheme) -> CaesarPicture:
    """The objects of a training JSON, each with the mask beside it.

    Box and outline are those of the mask with all its islands; without a readable mask, of the rotated rectangle.
    Raises CatalogError, naming file and key, for a file that is not one. Refused: `bad-object`; `bad-path`, a mask
    whose name leads out of the folder; `bad-mask`, one that is empty or not of the picture's size, or none at all
    where there is no rectangle either.
    """
    text = read_json(path)
    try:
        picture = relative_name(in_file(path, text, "img", "text"))
    except RefusedError as refused:
        raise CatalogError(f"{path}: img: {refused.detail}") from None
    width, height = in_file(path, text, "nx", "integer"), in_file(path, text, "ny", "integer")
    if width < 1 or height < 1:
        raise CatalogError(f"{path}: nx {width}, ny {height}: expected positive numbers")
    objects, rejections = list[CaesarObject](), list[Rejection]()
    for row, item in enumerate(in_file(path, text, "objs", "list")):
        try:
            objects.append(_trained(path, row, item, picture, (height, width), scheme))
        except RefusedError as refused:
            rejections.append(refused.rejection(path, row, item))
    telescope = text.get("telescope")
    return CaesarPicture(
        picture, width, height, telescope if isinstance(telescope, str) else None, tuple(objects), tuple(rejections)
    )


def read_detections(path: Path, scheme: LabelScheme, *, classes: Mapping[int, str] | None = None) -> CaesarPicture:
    """What was detected in one picture (`objs`) or in a tiled one (`sources`): predictions, each with its score.

    The outline is that around all pixels of the object, else around its contours, else its box, whose upper edges lie
    outside. An object without `class_name` needs `classes`, the table of ids. Refused: `bad-object`, `bad-box`.
    """
    text = read_json(path)
    picture = in_file(path, text, "image_id", "text")
    key = "sources" if isinstance(text, Mapping) and "sources" in text else "objs"
    objects, rejections = list[CaesarObject](), list[Rejection]()
    for row, item in enumerate(in_file(path, text, key, "list")):
        try:
            objects.append(_detected(row, item, picture, scheme, classes))
        except RefusedError as refused:
            rejections.append(refused.rejection(path, row, _without_pixels(item)))
    return CaesarPicture(picture, None, None, None, tuple(objects), tuple(rejections))


def final_class(original: str, n_islands: int | None, scheme: LabelScheme, *, is_mixed: bool = False) -> str | None:
    """One of the five classes; None for a word that is none of them.

    An extended object of several islands is multi-island; one that is mixed with a side lobe is flagged, whatever else.
    """
    try:
        label = scheme.harmonised(original)
    except CatalogError:
        return None
    if is_mixed:
        return FLAGGED
    return MULTI if label == EXTENDED and (n_islands or 1) > 1 else label


def write_training(
    folder: Path, picture: str, shape: tuple[int, int], objects: Sequence[MaskedObject], **more: Any
) -> Path:
    """`mask_<picture>.json` with its masks beside it; `shape` is (ny, nx), `more` goes into the file as it is."""
    stem = Path(picture).stem
    items = list[dict[str, Any]]()
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(objects, 1):
        name = f"mask_{stem}_obj{number}.fits"
        (folder / name).unlink(missing_ok=True)
        fits.PrimaryHDU(one.mask.astype(np.uint8)).writeto(folder / name)
        x, y, width, height, angle = _least_rectangle(np.array(hull_of_mask(one.mask)).reshape(-1, 2))
        items.append(
            {
                "mask": name, "class": one.label, "name": one.name, "sidelobe-near": int(one.is_near_sidelobe),
                "sidelobe-mixed": int(one.is_mixed_with_sidelobe), "border": int(_is_at_border(one.mask)),
                "npix": int(one.mask.sum()), "nislands": n_islands_of(one.mask), "bbox_x": x,
                "bbox_y": y, "bbox_w": width, "bbox_h": height, "bbox_angle": angle,
            }
        )  # fmt: skip
    return write_json(
        folder / f"mask_{stem}.json", {"img": picture, "nx": shape[1], "ny": shape[0], **more, "objs": items}
    )


def write_detections(
    path: Path, image_id: str, objects: Sequence[MaskedObject], ids: Mapping[str, int], *, is_tiled: bool = False
) -> Path:
    """`out_<id>.json`, or `catalog_<image>.json` of a tiled run; `ids` is the table of class ids."""
    items = list[dict[str, Any]]()
    for number, one in enumerate(objects, 1):
        y, x = np.nonzero(one.mask)
        hull = np.array(hull_of_mask(one.mask)).reshape(-1, 2)
        items.append(
            {
                "name": f"S{number}", "x1": int(x.min()), "x2": int(x.max()) + 1, "y1": int(y.min()),
                "y2": int(y.max()) + 1, "class_id": ids[one.label], "class_name": one.label, "score": one.score,
                "pixels": np.column_stack([y, x]).tolist(), "vertexes": [hull.round(1).tolist()],
                "edge": int(_is_at_border(one.mask)), **({"merged": 0} if is_tiled else {}),
            }
        )  # fmt: skip
    return write_json(path, {"image_id": image_id, ("sources" if is_tiled else "objs"): items})


def _trained(
    path: Path, row: int, item: Any, picture: str, shape: tuple[int, int], scheme: LabelScheme
) -> CaesarObject:
    original, why = value(item, "class", "text", "bad-object"), "bad-object"
    n_islands, is_mixed = optional(item, "nislands", "integer", why), optional(item, "sidelobe-mixed", "flag", why)
    mask: Mask | None = None
    try:
        mask = read_mask(path.parent, value(item, "mask", "text", "bad-mask"), shape)
    except RefusedError as refused:
        if refused.reason == "bad-path" or item.get("bbox_w") is None:
            raise
    if mask is not None:
        n_islands = n_islands_of(mask) if n_islands is None else n_islands
        polygon = hull_of_mask(mask)
    else:
        polygon = _corners(*numbers([item.get(f"bbox_{one}") for one in ("x", "y", "w", "h", "angle")], 5, "bbox_…"))
    outline = Outline(
        picture=picture, label=original, row=row, image_polygon_px=polygon, box_fits_px=box_of(polygon),
        is_prediction=False, n_mask_px=None if mask is None else int(mask.sum()),
    )  # fmt: skip
    label = final_class(original, n_islands, scheme, is_mixed=bool(is_mixed))
    name = optional(item, "name", "text", why) or f"obj{row + 1}"
    return CaesarObject(outline, name, label, n_islands, from_mask=mask is not None)


def _detected(
    row: int, item: Any, picture: str, scheme: LabelScheme, classes: Mapping[int, str] | None
) -> CaesarObject:
    why, score = "bad-object", value(item, "score", "number", "bad-object")
    if not 0 <= score <= 1:
        raise RefusedError(why, f"score: found {score}, expected 0 to 1")
    original = optional(item, "class_name", "text", why)
    if original is None:
        number = value(item, "class_id", "integer", why)
        if number not in (classes or {}):
            raise RefusedError(
                why, f"class_id {number}, no class_name, and the table of ids is {classes or 'not given'}"
            )
        original = (classes or {})[number]
    pixels = _pixels(item)
    polygon = _contours(item) or _box(item) if pixels is None else hull_of_pixels(pixels)
    outline = Outline(
        picture=picture, label=original, row=row, image_polygon_px=polygon, box_fits_px=box_of(polygon),
        is_prediction=True, score=float(score), n_mask_px=None if pixels is None else len(pixels),
    )  # fmt: skip
    return CaesarObject(
        outline, optional(item, "name", "text", why) or f"S{row + 1}", final_class(original, None, scheme),
        from_mask=pixels is not None,
    )  # fmt: skip


def _pixels(item: Any) -> NDArray[np.float64] | None:
    found = optional(item, "pixels", "list", "bad-object")
    if not found:
        return None
    if len(found) > MOST_PIXELS or not all(isinstance(one, list) and len(one) == len("yx") for one in found):
        raise RefusedError("bad-object", "pixels: expected a list of [row, column]")
    if not all(is_kind(one, "number") and 0 <= one < MOST_BYTES and one == int(one) for pair in found for one in pair):
        raise RefusedError("bad-object", "pixels: expected whole numbers from 0 on")
    return np.array(found, float)


def _contours(item: Any) -> Polygon | None:
    """The line around all contours: an object may lie in several islands."""
    found = optional(item, "vertexes", "list", "bad-object")
    if not found:
        return None
    points = [numbers(point, 2, "vertexes", "bad-object") for contour in found for point in _list(contour)]
    if len(points) < FEWEST_VERTICES:
        return None
    return hull(np.array(points))


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise RefusedError("bad-object", f"vertexes: found {found!r:.60}, expected lists of [x, y]")
    return found


def _box(item: Any) -> Polygon:
    x_min, x_max, y_min, y_max = numbers([item.get(key) for key in ("x1", "x2", "y1", "y2")], 4, "x1, x2, y1, y2")
    if not (-MOST_PX < x_min < x_max < MOST_PX and -MOST_PX < y_min < y_max < MOST_PX):
        raise RefusedError("bad-box", f"x {x_min} to {x_max}, y {y_min} to {y_max}: expected a box with an area")
    return polygon_of_box((x_min, y_min, x_max, y_max))


def n_islands_of(mask: Mask) -> int:
    """How many islands a mask has."""
    from scipy.ndimage import label  # slow to import, and few need it

    return int(label(mask, EIGHT)[1])


def _without_pixels(item: Any) -> Any:
    return (
        {key: one for key, one in item.items() if key not in ("pixels", "vertexes")}
        if isinstance(item, Mapping)
        else item
    )


def _corners(x: float, y: float, width: float, height: float, angle_deg: float) -> Polygon:
    """The corners of a rotated rectangle about (x, y), its width along the angle from the x axis towards y."""
    if not (0 < width <= MOST_PX and 0 < height <= MOST_PX and max(abs(x), abs(y)) <= MOST_PX):
        raise RefusedError("bad-box", f"bbox_x {x}, bbox_y {y}, bbox_w {width}, bbox_h {height}: expected pixels")
    turn = math.radians(angle_deg)
    along, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    corners = [
        np.array([x, y]) + side * width / 2 * along + top * height / 2 * across
        for side, top in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return tuple(float(one) for corner in corners for one in corner)


def _least_rectangle(hull: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    """The rectangle of least area around a hull: centre, size, angle in degrees."""
    best = None
    for edge in np.roll(hull, -1, axis=0) - hull:
        angle = math.atan2(edge[1], edge[0]) % (math.pi / 2)
        turned = hull @ np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        low, high = turned.min(axis=0), turned.max(axis=0)
        area = float(np.prod(high - low))
        if best is None or area < best[0] - 1e-9:
            best = (area, angle, low, high)
    _, angle, low, high = best or (0.0, 0.0, hull[0], hull[0])
    middle = (low + high) / 2
    x = middle[0] * math.cos(angle) - middle[1] * math.sin(angle)
    y = middle[0] * math.sin(angle) + middle[1] * math.cos(angle)
    width, height = high - low
    return tuple(round(float(one), 4) for one in (x, y, width, height, math.degrees(angle)))  # type: ignore[return-value]


def _is_at_border(mask: Mask) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
