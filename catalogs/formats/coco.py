"""COCO: a dataset (images, categories, annotations) or a list of detections; polygons, and masks run by column.

COCO counts from the top left corner of the picture, pixel edges at integers; ours are FITS pixels.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogs.formats.outlines import Outline, box_of
from catalogs.formats.plain_json import read_json
from schemas.errors import CatalogError
from schemas.rejection import Rejection

MOST_PIXELS = 1 << 26  # a mask of 8192 x 8192; more is a broken or hostile file
FEWEST_NUMBERS = 6
# Compressed counts: six bits a character from "0", five of the number and one that says it goes on.
FIRST_CHARACTER, BITS, SIGN, GOES_ON, LAST_DIGIT = 48, 5, 0x10, 0x20, 0x3F
MOST_DIGITS = 7


@dataclass(frozen=True)
class CocoFile:
    """What a file says: the outlines, and the annotations that cannot be used. Predictions must not become truth."""

    is_prediction: bool
    outlines: tuple[Outline, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Annotations in the file."""
        return len(self.outlines) + len(self.rejections)


def read_coco(path: Path, *, heights_px: Mapping[str, int] | None = None) -> CocoFile:
    """A dataset's annotations, or a results list's detections (`is_prediction`). Raises CatalogError for another file.

    `heights_px` gives the pictures' heights, by image id as text, where the file does not: a list with masks gives
    them itself. Refused: `no-height`, `bad-outline`, `bad-mask`, `bad-box`, `bad-annotation`, `unknown-category`.
    """
    text = read_json(path)
    names, heights = dict[Any, str](), {str(key): value for key, value in (heights_px or {}).items()}
    is_prediction, annotations = isinstance(text, list), text
    if isinstance(text, Mapping):
        lists = {key: text.get(key) for key in ("images", "categories", "annotations")}
        wrong = [key for key, value in lists.items() if not isinstance(value, list)]
        if wrong:
            raise CatalogError(f"{path}: a COCO dataset needs the lists {', '.join(wrong)}; found {', '.join(text)}")
        annotations = lists["annotations"]
        try:
            names = {one["id"]: str(one["name"]) for one in lists["categories"]}
            heights |= {str(one["id"]): int(one["height"]) for one in lists["images"]}
        except (TypeError, KeyError) as error:
            raise CatalogError(f"{path}: images need id and height, categories id and name: {error}") from error
    elif not is_prediction:
        raise CatalogError(f"{path}: found {type(text).__name__}, expected a COCO dataset or a list of detections")
    outlines, rejections = list[Outline](), list[Rejection]()
    for row, one in enumerate(annotations):
        try:
            outlines.append(_outline(row, one, names, heights, is_prediction=is_prediction))
        except _RefusedError as refused:
            seen = one if isinstance(one, Mapping) else {"annotation": one}
            rejections.append(Rejection(f"{path.name}:{row}", refused.reason, refused.detail, seen))
    return CocoFile(is_prediction, tuple(outlines), tuple(rejections))


def mask_of(segmentation: Mapping[str, Any]) -> NDArray[np.bool_]:
    """A run-length mask, compressed or not, as bool[y, x], row 0 at the BOTTOM. Raises CatalogError for a bad one."""
    try:
        return _mask(segmentation)
    except _RefusedError as refused:
        raise CatalogError(f"{refused.reason}: {refused.detail}") from None


class _RefusedError(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def _outline(
    row: int, one: Any, names: Mapping[Any, str], heights: Mapping[str, int], *, is_prediction: bool
) -> Outline:
    if not isinstance(one, Mapping) or not {"image_id", "category_id"} <= one.keys():
        raise _RefusedError("bad-annotation", "expected image_id and category_id")
    picture, category, segmentation = str(one["image_id"]), one["category_id"], one.get("segmentation")
    if names and category not in names:
        raise _RefusedError("unknown-category", f"found category {category!r}, known: {', '.join(map(str, names))}")
    is_mask = isinstance(segmentation, Mapping)
    mask = _mask(segmentation) if is_mask else None
    height = len(mask) if mask is not None else heights.get(picture)
    if height is None:
        raise _RefusedError(
            "no-height", f"the height of picture {picture} is not known, so its rows cannot be turned over"
        )
    polygon = None if is_mask else _polygon(segmentation, height)
    score = one.get("score")
    if is_prediction and not (isinstance(score, int | float) and 0 <= score <= 1):
        raise _RefusedError("bad-annotation", f"score: found {score!r}, expected 0 to 1")
    return Outline(
        picture=picture,
        label=names.get(category, str(category)),
        row=row,
        image_polygon_px=polygon,
        box_fits_px=_box(one.get("bbox"), height, polygon, mask),
        is_prediction=is_prediction,
        score=float(score) if is_prediction else None,
        n_mask_px=None if mask is None else int(mask.sum()),
    )


def _polygon(segmentation: Any, height: int) -> tuple[float, ...] | None:
    """The largest polygon of a list of polygons, in FITS pixels; None for no segmentation at all."""
    if segmentation in (None, []):
        return None
    parts = [_numbers(part) for part in segmentation] if isinstance(segmentation, list) else [None]
    whole = [part for part in parts if part is not None and len(part) >= FEWEST_NUMBERS and len(part) % 2 == 0]
    if len(whole) != len(parts):
        raise _RefusedError(
            "bad-outline", f"found {segmentation!r:.80}, expected lists of x, y of three or more vertices"
        )
    largest = max(whole, key=_area)
    points = zip(largest[0::2], largest[1::2], strict=True)
    return tuple(value for x, y in points for value in (x - 0.5, height - y - 0.5))


def _box(
    bbox: Any, height: int, polygon: tuple[float, ...] | None, mask: NDArray[np.bool_] | None
) -> tuple[float, float, float, float]:
    """The file's box with its rows turned over, else that of the outline, else that of the mask."""
    if bbox is not None:
        numbers = _numbers(bbox)
        if numbers is None or len(numbers) != len("xywh") or numbers[2] <= 0 or numbers[3] <= 0:
            raise _RefusedError("bad-box", f"found {bbox!r:.80}, expected x, y, width, height")
        x, y, width, box_height = numbers
        return x, height - y - box_height, x + width, height - y
    if polygon is not None:
        return box_of(polygon)
    if mask is None or not mask.any():
        raise _RefusedError("bad-annotation", "found neither a box nor an outline")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _mask(segmentation: Mapping[str, Any]) -> NDArray[np.bool_]:
    size = segmentation.get("size")
    is_size = isinstance(size, list) and len(size) == len("hw") and all(type(one) is int and one > 0 for one in size)
    if not is_size or math.prod(size) > MOST_PIXELS:
        raise _RefusedError(
            "bad-mask", f"size: found {size!r:.60}, expected [height, width], at most {MOST_PIXELS} pixels"
        )
    counts = segmentation.get("counts")
    runs = _runs(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(one) is int and one >= 0 for one in runs):
        raise _RefusedError("bad-mask", f"counts: found {counts!r:.60}, expected runs of pixels")
    if sum(runs) != math.prod(size):
        raise _RefusedError("bad-mask", f"counts: {sum(runs)} pixels, expected {size[0]} x {size[1]}")
    inside = np.arange(len(runs)) % 2 == 1
    # Runs go down the columns, not along the rows; and row 0 of the picture is at the top.
    return np.repeat(inside, runs).reshape(size, order="F")[::-1]


def _runs(text: str) -> list[int]:
    """Runs of pixels from COCO's compressed text: signed numbers, from the fourth on as a change against two before."""
    runs, place = list[int](), 0
    while place < len(text):
        value, shift, goes_on, digit = 0, 0, True, 0
        while goes_on:
            if place >= len(text) or shift >= MOST_DIGITS * BITS:
                raise _RefusedError("bad-mask", "counts: a number does not end")
            digit = ord(text[place]) - FIRST_CHARACTER
            if not 0 <= digit <= LAST_DIGIT:
                raise _RefusedError("bad-mask", f"counts: found {text[place]!r}, expected characters from '0' to 'o'")
            value |= (digit & 0x1F) << shift
            goes_on, place, shift = bool(digit & GOES_ON), place + 1, shift + BITS
        if digit & SIGN:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))  # noqa: PLR2004
    return runs


def _numbers(values: Any) -> list[float] | None:
    """A list of finite numbers; None for anything else."""
    if not isinstance(values, list) or not all(isinstance(one, int | float) and math.isfinite(one) for one in values):
        return None
    return [float(one) for one in values]


def _area(polygon: Sequence[float]) -> float:
    x, y = np.array(polygon[0::2]), np.array(polygon[1::2])
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2
