"""Boxes: the outline of an object on the sky -> box in FITS pixels -> box on the picture -> a model's words, and back.

The outline is the record, a box is derived from it. `box_fits_px` counts edges from the left and the bottom of the
image, `box_png_px` from the left and the top of the picture; `box_norm` is `box_png_px` as fractions of its side.
Each is (x_min, y_min, x_max, y_max) with the far edge outside.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales

from catalogs.sky import Reals, positions_deg, unit_vectors
from catalogs.wcs_sky import pixels_of_sky, read_wcs, sky_of_pixels
from curation.pictures.outlines import SkyOutlines, sky_outlines
from curation.pictures.render import png_scale
from schemas.errors import RecipeError, ReplyError, TableError

Box = tuple[float, float, float, float]
Dialect = Literal["xyxy_norm", "xywh_center_norm", "xyxy_1000"]
DIALECTS: tuple[Dialect, ...] = ("xyxy_norm", "xywh_center_norm", "xyxy_1000")
DIALECT_WORDS: dict[Dialect, str] = {
    "xyxy_norm": "[x_min, y_min, x_max, y_max] in fractions of the picture's width and height, origin at the top left",
    "xywh_center_norm": (
        "[x_center, y_center, width, height] in fractions of the picture's width and height, origin at the top left"
    ),
    "xyxy_1000": "[x_min, y_min, x_max, y_max] in thousandths of the picture's width and height, origin top left",
}
"""How a question tells the form of a box."""

LEAST_SIDE_PX = 4.0  # pixels of the picture
LEAST_SEEN = 0.5  # share of the pixels under a box that must not be blank
LEAST_IOU = 0.95  # after words and back, the same
# An image's corners are its farthest points in every projection but the oddest ones.
REACH = 1.5
# No outline is this long: the projection has cut it, and its ends lie at two ends of the map.
LONGEST_EDGE_DEG = 90.0
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
ROUNDING = 0.001  # of the words: how far a box may stick out of the picture


@dataclass(frozen=True)
class PictureBox:
    """An object that shows in a picture: its box, how much of it is inside, and why its box cannot be told."""

    object_id: str
    box_norm: Box
    """Clipped to the image, as fractions of the picture's side, origin at the top left."""
    share_inside: float
    """Share of the whole box's area that lies inside the image, on pixels that are not blank; above 0."""
    reason: str | None = None
    """`box-too-small`, `box-not-encodable`, `box-cut-by-projection`, `box-mostly-blank`, `box-twice`; None: it may
    stand in an answer."""


def visible_boxes(
    objects: SkyOutlines | pa.Table | Sequence[Mapping[str, Any]],
    cutout: Mapping[str, Any],
    dialect: Dialect = "xyxy_norm",
) -> list[PictureBox]:
    """The objects whose boxes overlap the image of a row of CUTOUTS, by position from the top left, then by id.

    An object outside is left out; one that shows but whose box is refused is there with its reason, so that it counts.
    For many cutouts make `sky_outlines` once. A picture without WCS shows the objects outlined in its own pixels. With
    the column `blank_mask` an object on blank pixels is left out: a catalogue reaches farther than a mosaic.
    """
    outlines = objects if isinstance(objects, SkyOutlines) else sky_outlines(objects)
    width, height, side = int(cutout["width_px"]), int(cutout["height_px"]), int(cutout["png_side_px"])
    found = list[PictureBox]()
    for object_id, polygon, is_cut in _polygons(outlines, cutout):
        whole = box_of_polygon(polygon)
        inside = clipped(whole, width, height)
        seen = 0.0 if inside is None else _share_seen(inside, cutout)
        if inside is None or not seen:
            continue
        box = box_norm(inside, width, height, side)
        reason = "box-cut-by-projection" if is_cut else refusal(box, side, dialect)
        if seen < LEAST_SEEN:
            reason = reason or "box-mostly-blank"
        found.append(PictureBox(object_id, box, seen * _area(inside) / _area(whole), reason))
    return _without_twins(sorted(found, key=_reading_order), dialect)


def polygon_px(sky_polygon_deg: Sequence[float], wcs: WCS) -> Reals:
    """An outline's vertices [n, 2] as 0-based FITS pixels, centres at integers; NaN behind the projection."""
    numbers = np.asarray(sky_polygon_deg, float).reshape(-1, 2)
    return np.column_stack(pixels_of_sky(wcs, numbers[:, 0], numbers[:, 1]))


def box_of_polygon(polygon: Reals) -> Box:
    """The `box_fits_px` around vertices [n, 2]: a pixel's centre x covers x - 0.5 to x + 0.5, and edge 0 is at -0.5."""
    low, high = polygon.min(axis=0) + 0.5, polygon.max(axis=0) + 0.5
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def clipped(box_fits_px: Box, width_px: int, height_px: int) -> Box | None:
    """The part of a box inside the image; None where nothing of it is, or it has no area."""
    x_min, y_min, x_max, y_max = box_fits_px
    inside = max(x_min, 0.0), max(y_min, 0.0), min(x_max, float(width_px)), min(y_max, float(height_px))
    return inside if inside[0] < inside[2] and inside[1] < inside[3] else None


def box_norm(box_fits_px: Box, width_px: int, height_px: int, side_px: int) -> Box:
    """A box of the image on its picture, as fractions of the picture's side, origin at the top left."""
    scale, x_offset, y_offset = png_scale(width_px, height_px, side_px)
    x_min, y_min, x_max, y_max = box_fits_px
    left, right = x_min * scale + x_offset, x_max * scale + x_offset
    top, bottom = side_px - (y_max * scale + y_offset), side_px - (y_min * scale + y_offset)
    return left / side_px, top / side_px, right / side_px, bottom / side_px


def box_png_px(box_norm: Box, side_px: int) -> Box:
    """The box in pixels of the picture, row 0 at the top."""
    x_min, y_min, x_max, y_max = (one * side_px for one in box_norm)
    return x_min, y_min, x_max, y_max


def box_fits_px(box_norm: Box, width_px: int, height_px: int, side_px: int) -> Box:
    """The way back of `box_norm`: a box of the picture on its image."""
    scale, x_offset, y_offset = png_scale(width_px, height_px, side_px)
    left, top, right, bottom = box_png_px(box_norm, side_px)
    return (
        (left - x_offset) / scale,
        (side_px - bottom - y_offset) / scale,
        (right - x_offset) / scale,
        (side_px - top - y_offset) / scale,
    )


def sky_polygon_of_box(box_norm: Box, cutout: Mapping[str, Any]) -> list[float]:
    """The corners of a box on a cutout's picture as an outline on the sky, ICRS; for boxes that a model names.

    Raises TableError for a picture without WCS, and where a corner is not on the sky.
    """
    if cutout["wcs_header"] is None:
        raise TableError(f"cutout {cutout['cutout_id']} has no WCS, so its boxes have no place on the sky")
    x_min, y_min, x_max, y_max = box_fits_px(box_norm, cutout["width_px"], cutout["height_px"], cutout["png_side_px"])
    x, y = np.array([x_min, x_max, x_max, x_min]) - 0.5, np.array([y_min, y_min, y_max, y_max]) - 0.5
    corners = np.column_stack(sky_of_pixels(read_wcs(cutout["wcs_header"]), x, y))
    if not np.isfinite(corners).all():
        raise TableError(f"cutout {cutout['cutout_id']}: a corner of {box_norm} is not on the sky")
    return corners.ravel().tolist()


def encode_box(box_norm: Box, dialect: Dialect = "xyxy_norm") -> str:
    """A box in a model's words, such as "[0.120, 0.305, 0.188, 0.410]".

    `xyxy_norm`: corners as fractions, three decimals. `xywh_center_norm`: centre, width and height, the same.
    `xyxy_1000`: corners in thousandths, whole numbers. The origin is at the top left.
    """
    _check_dialect(dialect)
    x_min, y_min, x_max, y_max = box_norm
    if dialect == "xyxy_1000":
        return f"[{', '.join(str(round(one * 1000)) for one in box_norm)}]"
    if dialect == "xywh_center_norm":
        box_norm = (x_min + x_max) / 2, (y_min + y_max) / 2, x_max - x_min, y_max - y_min
    return f"[{', '.join(f'{one:.3f}' for one in box_norm)}]"


def decode_box(text: str, dialect: Dialect = "xyxy_norm") -> Box:
    """The `box_norm` of a model's words. Raises ReplyError for all but four numbers that are a box in the picture."""
    _check_dialect(dialect)
    body = text.strip()
    parts = [one.strip() for one in body[1:-1].split(",")] if body[:1] == "[" and body[-1:] == "]" else []
    if len(parts) != len("xyxy") or not all(NUMBER.fullmatch(one) for one in parts):
        example = encode_box((0.1, 0.2, 0.3, 0.4), dialect)
        raise ReplyError(f"not a box: {text!r:.80}, expected four numbers such as {example}")
    one, two, three, four = (float(part) / (1000 if dialect == "xyxy_1000" else 1) for part in parts)
    if dialect == "xywh_center_norm":
        one, two, three, four = one - three / 2, two - four / 2, one + three / 2, two + four / 2
    box = one, two, three, four
    if not (one < three and two < four and min(box) >= -ROUNDING and max(box) <= 1 + ROUNDING):
        raise ReplyError(f"not a box inside the picture: {text!r:.80} ({dialect})")
    return max(one, 0.0), max(two, 0.0), min(three, 1.0), min(four, 1.0)


def refusal(box_norm: Box, side_px: int, dialect: Dialect = "xyxy_norm") -> str | None:
    """Why a box may not stand in an answer: below 4 px of the picture, or another one after words and back."""
    x_min, y_min, x_max, y_max = box_png_px(box_norm, side_px)
    if min(x_max - x_min, y_max - y_min) < LEAST_SIDE_PX - 1e-9:
        return "box-too-small"
    try:
        back = decode_box(encode_box(box_norm, dialect), dialect)
    except ReplyError:
        return "box-not-encodable"
    return None if box_iou(box_norm, back) >= LEAST_IOU else "box-not-encodable"


def box_iou(left: Box, right: Box) -> float:
    """Shared area over joint area of two boxes in the same pixels; 0 where they do not overlap."""
    width, height = (min(left[far], right[far]) - max(left[near], right[near]) for near, far in ((0, 2), (1, 3)))
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(left) + _area(right) - width * height)


def _share_seen(box_fits_px: Box, cutout: Mapping[str, Any]) -> float:
    """Share of the pixels under a box inside the image that are not blank; 1 where the cutout has no blank ones."""
    if cutout.get("blank_mask") is None:
        return 1.0
    shape = cutout["height_px"], cutout["width_px"]
    is_blank = np.unpackbits(np.frombuffer(cutout["blank_mask"], np.uint8), count=shape[0] * shape[1]).reshape(shape)
    x_min, y_min = (math.floor(one) for one in box_fits_px[:2])
    x_max, y_max = (math.ceil(one) for one in box_fits_px[2:])
    return 1.0 - float(is_blank[y_min:y_max, x_min:x_max].mean())


def _reading_order(box: PictureBox) -> tuple[float, float, str]:
    # Rounded as the words are, so that noise in the last digits does not order boxes that stand side by side.
    return round(box.box_norm[1], 3), round(box.box_norm[0], 3), box.object_id


def _without_twins(boxes: Sequence[PictureBox], dialect: Dialect) -> list[PictureBox]:
    """The same boxes; one that would be told in the words of an earlier one is refused."""
    told, found = set[str](), list[PictureBox]()
    for box in boxes:
        words = encode_box(box.box_norm, dialect) if box.reason is None else ""
        found.append(replace(box, reason="box-twice") if words in told else box)
        told |= {words} - {""}
    return found


def _polygons(outlines: SkyOutlines, cutout: Mapping[str, Any]) -> list[tuple[str, Reals, bool]]:
    """(object id, vertices in FITS pixels, whether the projection cuts it) of each object that may show."""
    if cutout["wcs_header"] is None:
        own = outlines.in_pixels.get(cutout["mosaic"], ())
        return [(object_id, np.array(polygon, float).reshape(-1, 2), False) for object_id, polygon in own]
    wcs = read_wcs(cutout["wcs_header"])
    near = _near(outlines, cutout, wcs)
    if not len(near):
        return []
    vertices = np.concatenate([outlines.vertices[outlines.starts[one] : outlines.starts[one + 1]] for one in near])
    pixels = np.column_stack(pixels_of_sky(wcs, *positions_deg(vertices)))  # one call for all objects
    begins = np.concatenate(([0], np.cumsum(np.diff(outlines.starts)[near])[:-1]))
    longest_px = LONGEST_EDGE_DEG / max(proj_plane_pixel_scales(wcs))
    with np.errstate(invalid="ignore"):
        across = np.maximum.reduceat(pixels, begins) - np.minimum.reduceat(pixels, begins)  # NaN where a vertex is
    is_whole = np.hypot(across[:, 0], across[:, 1]) <= longest_px
    named = zip([outlines.object_ids[one] for one in near], np.split(pixels, begins[1:]), is_whole, strict=True)
    return [
        (object_id, part, False) if whole else _cut(object_id, part, longest_px)
        for object_id, part, whole in named
        if whole or _shows(part)
    ]


def _shows(polygon: Reals) -> bool:
    return bool(np.isfinite(polygon).all(axis=1).any())


def _cut(object_id: str, polygon: Reals, longest_px: float) -> tuple[str, Reals, bool]:
    """An outline without its vertices behind the projection, and whether it is cut there or at the map's ends."""
    on_map = np.isfinite(polygon).all(axis=1)
    seen = polygon[on_map]
    edges = np.linalg.norm(seen - np.roll(seen, 1, axis=0), axis=1)
    return object_id, seen, bool(not on_map.all() or edges.max() > longest_px)


def _near(outlines: SkyOutlines, cutout: Mapping[str, Any], wcs: WCS) -> np.ndarray:
    """Indices, ascending, of the objects that may reach into the image."""
    width, height = cutout["width_px"], cutout["height_px"]
    x = np.array([-0.5, width - 0.5, width - 0.5, -0.5, (width - 1) / 2])
    y = np.array([-0.5, -0.5, height - 0.5, height - 0.5, (height - 1) / 2])
    sky = unit_vectors(*sky_of_pixels(wcs, x, y))
    if not np.isfinite(sky).all():
        return np.arange(len(outlines.object_ids))  # a corner beyond the sky: ask the projection itself
    return outlines.near(sky[4], REACH * float(np.linalg.norm(sky[:4] - sky[4], axis=1).max()))


def _check_dialect(dialect: str) -> None:
    if dialect not in DIALECTS:
        raise RecipeError(f"no box dialect {dialect!r}; known: {', '.join(DIALECTS)}")


def _area(box: Box) -> float:
    return math.prod((box[2] - box[0], box[3] - box[1]))
