"""YOLO text: one file a picture, one object a line: class id, then centre and size as fractions of the picture.

The ids mean something else in every family of files, so their table is always given, never guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from catalogs.formats.outlines import Outline
from catalogs.formats.paths import relative_name
from catalogs.formats.plain_json import DECIMAL, RefusedError
from catalogs.formats.tables import check_plain
from schemas.errors import CatalogError, RecipeError
from schemas.rejection import Rejection

Origin = Literal["top", "bottom"]
N_FIELDS = 5
WHOLE = re.compile(r"[0-9]{1,9}")
ROUNDING = 0.008
"""So far fractions with two decimals may stick out of the picture; what sticks out farther is another convention."""


@dataclass(frozen=True)
class YoloFile:
    """A picture's objects, and the lines that are none."""

    outlines: tuple[Outline, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Lines with anything on them."""
        return len(self.outlines) + len(self.rejections)


def read_yolo(
    path: Path, classes: Mapping[int, str], width_px: int, height_px: int, *, origin: Origin = "top"
) -> YoloFile:
    """The objects of a picture, boxes clipped to it; an empty file has none. `origin`: where y begins.

    Raises CatalogError, naming file and line, for a line that is not five fields or an id outside `classes`. Refused:
    `bad-box`, for numbers that are no centre and size inside the picture.
    """
    if not classes:
        raise RecipeError(f"{path}: a YOLO file needs its table of class ids; ids differ between families of files")
    outlines, rejections = list[Outline](), list[Rejection]()
    for row, line in enumerate(_lines(path)):
        if not line.strip():
            continue
        label, fields = _class(path, row, line, classes), line.split()[1:]
        try:
            box = _box(fields, width_px, height_px, origin)
        except RefusedError as refused:
            rejections.append(refused.rejection(path, row, {"line": line}))
            continue
        polygon = polygon_of_box(box)
        outlines.append(Outline(path.stem, label, row, polygon, box, is_prediction=False))
    return YoloFile(tuple(outlines), tuple(rejections))


def write_yolo(
    path: Path, outlines: Sequence[Outline], classes: Mapping[int, str], width_px: int, height_px: int,
    *, origin: Origin = "top",
) -> Path:  # fmt: skip
    """The outlines' boxes as YOLO text, six decimals; an empty file where there are none."""
    ids = {label: number for number, label in classes.items()}
    lines = list[str]()
    for one in outlines:
        if one.label not in ids:
            raise CatalogError(f"{path}: label {one.label!r} has no id in the table {dict(classes)}")
        x_min, y_min, x_max, y_max = one.box_fits_px
        y = (y_min + y_max) / 2 / height_px
        numbers = (
            (x_min + x_max) / 2 / width_px, 1 - y if origin == "top" else y,
            (x_max - x_min) / width_px, (y_max - y_min) / height_px,
        )  # fmt: skip
        lines.append(" ".join([str(ids[one.label]), *(f"{number:.6f}" for number in numbers)]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def read_image_list(path: Path) -> tuple[list[str], list[Rejection]]:
    """The pictures a list names, one a line, and the lines that name none."""
    names, rejections = list[str](), list[Rejection]()
    for row, line in enumerate(_lines(path)):
        if not line.strip():
            continue
        try:
            names.append(relative_name(line.strip()))
        except RefusedError as refused:
            rejections.append(refused.rejection(path, row, {"line": line}))
    return names, rejections


def label_path(picture: str) -> str:
    """Where a picture's labels are: `images` in the folders becomes `labels`, the suffix `.txt`."""
    path = PurePosixPath(picture)
    folders = [one.replace("images", "labels") for one in path.parent.parts]
    return str(PurePosixPath(*folders) / f"{path.stem}.txt")


def polygon_of_box(box_fits_px: tuple[float, float, float, float]) -> tuple[float, ...]:
    """The corners of a box of pixel edges, as vertices in pixels whose centres are at integers."""
    x_min, y_min, x_max, y_max = (edge - 0.5 for edge in box_fits_px)
    return x_min, y_min, x_max, y_min, x_max, y_max, x_min, y_max


def _lines(path: Path) -> list[str]:
    try:
        check_plain(path)
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise CatalogError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: not a text file: {error}") from error


def _class(path: Path, row: int, line: str, classes: Mapping[int, str]) -> str:
    fields = line.split()
    if len(fields) != N_FIELDS or not WHOLE.fullmatch(fields[0]):
        raise CatalogError(f"{path}, line {row + 1}: found {line!r:.80}, expected class id, x, y, width, height")
    number = int(fields[0])
    if number not in classes:
        known = ", ".join(f"{one} {label}" for one, label in classes.items())
        raise CatalogError(f"{path}, line {row + 1}: class id {number} is not in the table: {known}")
    return classes[number]


def _box(fields: Sequence[str], width_px: int, height_px: int, origin: Origin) -> tuple[float, float, float, float]:
    if not all(DECIMAL.fullmatch(one) for one in fields):
        raise RefusedError("bad-box", f"found {' '.join(fields)!r:.80}, expected four numbers")
    x, y, width, height = (float(one) for one in fields)
    edges = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    is_inside = all(-ROUNDING <= edge <= 1 + ROUNDING for edge in edges)  # NaN is not
    if not (0 < width <= 1 and 0 < height <= 1 and is_inside):
        raise RefusedError("bad-box", f"found {' '.join(fields)!r:.80}, expected a centre and a size in the picture")
    x_min, low, x_max, high = (min(max(edge, 0.0), 1.0) for edge in edges)
    y_min, y_max = (1 - high, 1 - low) if origin == "top" else (low, high)
    return x_min * width_px, y_min * height_px, x_max * width_px, y_max * height_px
