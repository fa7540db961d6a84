"""COCO: a dataset (images, categories, annotations) or a list of detections; polygons, and masks run by column.

COCO counts from the top left corner of the picture, ours are FITS pixels: see `outlines.py`, also for an object of
several polygons. Masks are read in `coco_masks.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from catalogs.formats.coco_masks import Mask, mask_of_runs
from catalogs.formats.outlines import (
    MOST_PX,
    Box,
    Outline,
    Polygon,
    box_around,
    box_of,
    check_inside,
    do_meet,
    from_corner,
    outline_of,
)
from catalogs.formats.plain_json import RefusedError, is_kind, numbers, optional, read_json, value
from schemas.errors import CatalogError
from schemas.rejection import Rejection

LISTS = ("images", "categories", "annotations")
FEWEST_NUMBERS = 6  # three vertices
BAD = "bad-annotation"


@dataclass(frozen=True)
class CocoFile:
    """What a file says: the outlines, and the annotations that cannot be used. Predictions must not become truth."""

    is_prediction: bool
    outlines: tuple[Outline, ...]
    rejections: tuple[Rejection, ...]
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """The name of each picture's file by its id as text, where the file is a dataset and says it."""

    @property
    def n_in(self) -> int:
        """Annotations in the file."""
        return len(self.outlines) + len(self.rejections)


@dataclass(frozen=True)
class _Frame:
    """What annotations refer to: sizes of pictures and names of categories, by id as text."""

    is_prediction: bool
    heights_px: Mapping[str, int]
    widths_px: Mapping[str, int] = field(default_factory=dict[str, int])
    pictures: frozenset[str] | None = None
    names: Mapping[str, str] | None = None
    files: Mapping[str, str] = field(default_factory=dict[str, str])


def read_coco(path: Path, *, heights_px: Mapping[str, int] | None = None) -> CocoFile:
    """A dataset's annotations, or a results list's detections (`is_prediction`).

    An object of several polygons is one outline, the hull of all of them, and its box spans them all: in a dataset
    also where the file's box is smaller (one that lies apart from its outline is refused). `heights_px` gives the
    pictures' heights, by image id as text, where the file does not: a list with masks gives them itself. Keypoints
    count from the same corner as vertices.

    Raises CatalogError for another file, and where two images or two categories have one id. Refused:
    `bad-annotation`, `duplicate-id` (the later of annotations with one id), `unknown-image`, `unknown-category`,
    `crowd` (several objects in one mask), `no-height`, `bad-outline`, `bad-mask`, `bad-box`, `outside-picture`.
    """
    text = read_json(path)
    if isinstance(text, Mapping):
        frame, annotations = _dataset(path, text, heights_px or {}), text["annotations"]
    elif isinstance(text, list):
        frame, annotations = _Frame(is_prediction=True, heights_px=heights_px or {}), text
    else:
        raise CatalogError(f"{path}: found {type(text).__name__}, expected a COCO dataset or a list of detections")
    outlines, rejections, first = list[Outline](), list[Rejection](), dict[str, int]()
    for row, one in enumerate(annotations):
        try:
            _check_id(row, one, first)
            outlines.append(_outline(row, one, frame))
        except RefusedError as refused:
            seen = one if isinstance(one, Mapping) else {"annotation": one}
            rejections.append(refused.rejection(path, row, seen))
    return CocoFile(frame.is_prediction, tuple(outlines), tuple(rejections), frame.files)


def mask_of(segmentation: Mapping[str, Any]) -> Mask:
    """A run-length mask, compressed or not, as bool[y, x], row 0 at the BOTTOM. Raises CatalogError for a bad one."""
    try:
        return mask_of_runs(segmentation)
    except RefusedError as refused:
        raise CatalogError(f"{refused.reason}: {refused.detail}") from None


def _dataset(path: Path, text: Mapping[str, Any], heights_px: Mapping[str, int]) -> _Frame:
    wrong = [key for key in LISTS if not isinstance(text.get(key), list)]
    if wrong:
        raise CatalogError(f"{path}: a COCO dataset needs the lists {', '.join(wrong)}; found {', '.join(text):.300}")
    images, categories = (_by_id(path, name, text[name]) for name in ("images", "categories"))
    sizes = {key: {name: _side(path, name, key, one) for name, one in images.items()} for key in ("height", "width")}
    heights, widths = ({name: side for name, side in sizes[key].items() if side} for key in ("height", "width"))
    names = dict[str, str]()
    for key, one in categories.items():
        if not isinstance(one.get("name"), str) or not one["name"].strip():
            raise CatalogError(f"{path}: category {key}: name: found {one.get('name')!r:.60}, expected text")
        names[key] = one["name"]
    files = {name: one["file_name"] for name, one in images.items() if isinstance(one.get("file_name"), str)}
    known = frozenset({*images, *heights_px})
    return _Frame(False, {**heights_px, **heights}, widths, known, names, files)  # noqa: FBT003


def _by_id(path: Path, name: str, items: Sequence[Any]) -> dict[str, Mapping[str, Any]]:
    found = dict[str, Mapping[str, Any]]()
    for row, one in enumerate(items):
        try:
            key = _id(one, "id")
        except RefusedError as refused:
            raise CatalogError(f"{path}: {name}[{row}]: {refused.detail}") from None
        if key in found:
            raise CatalogError(
                f"{path}: {name}[{row}]: id {key:.60} stands twice: {found[key]!r:.100} and {one!r:.100}"
            )
        found[key] = one
    return found


def _side(path: Path, name: str, key: str, image: Mapping[str, Any]) -> int | None:
    found = image.get(key)
    if found is not None and not (is_kind(found, "number") and found == int(found) and 0 < found <= MOST_PX):
        raise CatalogError(f"{path}: image {name:.60}: {key}: found {found!r:.60}, expected a whole number of pixels")
    return None if found is None else int(found)


def _id(one: Any, key: str) -> str:
    """An id as text: 1 and "1" are the same. Raises RefusedError for what is neither a whole number nor a text."""
    found = one.get(key) if isinstance(one, Mapping) else None
    if not (is_kind(found, "integer") or isinstance(found, str) and found.strip()):
        what = f"{one!r:.60}" if not isinstance(one, Mapping) else f"{key} {found!r:.60}"
        raise RefusedError(BAD, f"found {what}, expected {key}, a whole number or a text")
    return str(found)


def _check_id(row: int, one: Any, first: dict[str, int]) -> None:
    """Raise RefusedError for an id that stood before; an annotation without one is taken."""
    if isinstance(one, Mapping) and one.get("id") is not None:
        key = _id(one, "id")
        if first.setdefault(key, row) != row:
            raise RefusedError("duplicate-id", f"id {key:.60} stood in annotation {first[key]} before")


def _outline(row: int, one: Any, frame: _Frame) -> Outline:
    picture, category, segmentation = _id(one, "image_id"), _id(one, "category_id"), one.get("segmentation")
    if frame.pictures is not None and picture not in frame.pictures:
        raise RefusedError("unknown-image", f"found image_id {picture:.60}, which is none of the images")
    if frame.names is not None and category not in frame.names:
        raise RefusedError(
            "unknown-category", f"found category {category:.60}, known: {', '.join(frame.names) or 'none':.300}"
        )
    if optional(one, "iscrowd", "flag", BAD):
        raise RefusedError("crowd", "iscrowd 1: several objects in one mask, expected one")
    mask = mask_of_runs(segmentation) if isinstance(segmentation, Mapping) else None
    height = _height(picture, frame, mask)
    parts = [] if mask is not None else _parts(segmentation, height)
    polygon = outline_of(parts) if parts else None
    return Outline(
        picture=picture, label=(frame.names or {}).get(category, category), row=row, image_polygon_px=polygon,
        box_fits_px=_box(one.get("bbox"), (height, frame.widths_px.get(picture)), polygon, mask, frame.is_prediction),
        is_prediction=frame.is_prediction, score=_score(one) if frame.is_prediction else None,
        n_mask_px=None if mask is None else int(mask.sum()), n_parts=max(len(parts), 1),
        points_px=_points(one.get("keypoints"), height),
    )  # fmt: skip


def _height(picture: str, frame: _Frame, mask: Mask | None) -> int:
    told, width = frame.heights_px.get(picture), frame.widths_px.get(picture)
    if mask is not None and mask.shape != (told or mask.shape[0], width or mask.shape[1]):
        raise RefusedError("bad-mask", f"size: found {list(mask.shape)}, the picture has [{told}, {width or '?'}]")
    height = told if mask is None else len(mask)
    if height is None:
        raise RefusedError(
            "no-height", f"the height of picture {picture:.60} is not known, so its rows cannot be turned over"
        )
    return height


def _points(keypoints: Any, height: int) -> tuple[tuple[float, float], ...]:
    """Keypoints x, y, visibility, x, …, in FITS pixels; without those of visibility 0, which are not placed."""
    if keypoints in (None, []):
        return ()
    found = np.array(numbers(keypoints, len(keypoints) if isinstance(keypoints, list) else 3, "keypoints"))
    if found.size % 3:
        raise RefusedError(BAD, f"keypoints: found {found.size} numbers, expected three a point")
    points = found.reshape(-1, 3)
    return tuple((float(x), float(y)) for x, y in from_corner(points[points[:, 2] > 0, :2], height))


def _score(one: Mapping[str, Any]) -> float:
    found = value(one, "score", "number", BAD)
    if not 0 <= found <= 1:
        raise RefusedError(BAD, f"score: found {found!r:.40}, expected 0 to 1")
    return float(found)


def _parts(segmentation: Any, height: int) -> list[np.ndarray]:
    """The polygons of an object, each as vertices [n, 2] in FITS pixels; none for no segmentation at all."""
    if segmentation in (None, []):
        return []
    for part in segmentation if isinstance(segmentation, list) else [None]:
        is_right = isinstance(part, list) and len(part) >= FEWEST_NUMBERS and len(part) % 2 == 0
        if not is_right or not all(is_kind(one, "number") for one in part):
            raise RefusedError(
                "bad-outline", f"found {segmentation!r:.80}, expected lists of x, y of three or more vertices"
            )
    return [from_corner(np.array(part, float).reshape(-1, 2), height) for part in segmentation]


def _box(
    bbox: Any, size_px: tuple[int, int | None], polygon: Polygon | None, mask: Mask | None, is_prediction: bool
) -> Box:
    """The file's box with its rows turned over, else that of the outline or mask; in a dataset it spans both."""
    spanned = None if polygon is None else box_of(polygon)
    if mask is not None and mask.any():
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        spanned = float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
    if bbox in (None, []):
        if spanned is None:
            raise RefusedError(BAD, "found neither a box nor an outline")
        box = spanned
    else:
        x, y, width, height = numbers(bbox, 4, "bbox (x, y, width, height)")
        box = x, size_px[0] - y - height, x + width, size_px[0] - y
        is_whole = width > 0 and height > 0 and box[0] < box[2] and box[1] < box[3]
        if not is_whole or max(map(abs, box)) > MOST_PX:
            raise RefusedError("bad-box", f"found {bbox!r:.80}, expected x, y, width, height")
        if spanned is not None and not is_prediction:
            if not do_meet(box, spanned):
                raise RefusedError("bad-box", f"bbox {bbox!r:.80} lies apart from the outline or mask")
            box = box_around(box, spanned)
    check_inside(box, *size_px)
    return box
