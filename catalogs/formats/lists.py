"""The JSON lists of the original builders: pictures with labels, with morphology and types, or with normalised boxes.

- datalist (radioimg, rgz, MiraBest, benchmarks): `data`: filepaths, sname, label (a text, or a list of texts);
- smgps: `data`: filename, smorph, sclass, multisland, nislands;
- emu-pilot: a list of filename, objs: label, bbox_norm, label_caesar, bbox_norm_caesar.

Names of pictures are relative and stay below their folder; anything else is refused. Riggi et al. 2025; the forms are
those of the builders' inputs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from catalogs.formats.paths import relative_name
from catalogs.formats.plain_json import (
    RefusedError,
    in_file,
    numbers,
    optional,
    read_json,
    texts,
    value,
    write_json,
)
from schemas.errors import CatalogError
from schemas.rejection import Rejection

Entry = TypeVar("Entry")
Box = tuple[float, float, float, float]
EDGE_ROUNDING = 0.008  # so far fractions with two decimals may stick out of the picture
LEAST_INSIDE = 0.95


@dataclass(frozen=True)
class ListFile(Generic[Entry]):
    """A list's entries, and those that cannot be used."""

    entries: tuple[Entry, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Entries in the file."""
        return len(self.entries) + len(self.rejections)


@dataclass(frozen=True)
class ListedPicture:
    """A picture of a datalist with its labels, in the file's words."""

    row: int
    picture: str
    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class ListedSource:
    """A picture of the smgps list; the lists may be empty."""

    row: int
    picture: str
    morphologies: tuple[str, ...]
    types: tuple[str, ...]
    is_multi_island: bool | None
    n_islands: int | None


@dataclass(frozen=True)
class BoxRule:
    """How a list writes boxes, as fractions of the picture: nobody says, so whoever reads one must."""

    convention: Literal["center", "corner"]
    """x, y of the centre, or of the corner with the least x and y; width and height follow."""
    origin: Literal["top", "bottom"]
    """Where y begins: at the picture's top row, or at row 0 of its FITS file."""

    def edges(self, four: Box) -> Box:
        """x_min, y_min, x_max, y_max as fractions, y as in the file."""
        x, y, width, height = four
        if self.convention == "center":
            x, y = x - width / 2, y - height / 2
        return x, y, x + width, y + height

    def box_fits_px(self, four: Box, width_px: int, height_px: int) -> Box:
        """The box in FITS pixels, edges, clipped to the picture."""
        x_min, low, x_max, high = (min(max(edge, 0.0), 1.0) for edge in self.edges(four))
        y_min, y_max = (1 - high, 1 - low) if self.origin == "top" else (low, high)
        return x_min * width_px, y_min * height_px, x_max * width_px, y_max * height_px


@dataclass(frozen=True)
class ListedObject:
    """An object of the emu-pilot list: its class in two vocabularies, and the file's four numbers for each box."""

    row: int
    label: str
    bbox_norm: Box | None
    label_caesar: str | None
    bbox_norm_caesar: Box | None


@dataclass(frozen=True)
class ListedObjects:
    """A picture of the emu-pilot list; `rejections` are of its objects."""

    row: int
    picture: str
    objects: tuple[ListedObject, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Objects in the file."""
        return len(self.objects) + len(self.rejections)


def read_datalist(path: Path) -> ListFile[ListedPicture]:
    """Pictures with labels. Raises CatalogError for a file without `data`; refused: `bad-entry`, `bad-path`."""
    return _entries(path, in_file(path, read_json(path), "data", "list"), _picture)


def write_datalist(path: Path, pictures: Sequence[Mapping[str, Any]], *, is_multi: bool = True) -> Path:
    """A datalist of rows with `picture`, `name`, `labels` and `ids`; `is_multi`: labels are lists."""
    data = [
        {
            "filepaths": [one["picture"]],
            "sname": one["name"],
            "id": list(one["ids"]) if is_multi else one["ids"][0],
            "label": list(one["labels"]) if is_multi else one["labels"][0],
        }
        for one in pictures
    ]
    return write_json(path, {"data": data})


def read_smgps_list(path: Path) -> ListFile[ListedSource]:
    """Pictures with morphology and types. Raises CatalogError for a file without `data`.

    Refused: `bad-entry`, `bad-path`, and `island-conflict` where `multisland` and `nislands` contradict each other.
    """
    return _entries(path, in_file(path, read_json(path), "data", "list"), _source)


def write_smgps_list(path: Path, sources: Sequence[ListedSource]) -> Path:
    """The smgps list."""
    data = [
        {
            "filename": one.picture, "smorph": list(one.morphologies), "sclass": list(one.types),
            "multisland": one.is_multi_island, "nislands": one.n_islands,
        }
        for one in sources
    ]  # fmt: skip
    return write_json(path, {"data": data})


def read_emu_list(path: Path, rule: BoxRule) -> ListFile[ListedObjects]:
    """Pictures with boxes. Raises CatalogError for a file that is no list, and where the boxes are not as `rule` says.

    The rule is checked on all boxes: nearly every one must lie inside its picture. Refused: `bad-entry`, `bad-path`;
    of objects `bad-object` and `bad-box`.
    """
    text = read_json(path)
    if not isinstance(text, list):
        raise CatalogError(f"{path}: found {type(text).__name__}, expected a list of pictures with filename and objs")
    found = _entries(path, text, lambda row, one: _objects(path, row, one))
    _check_rule(path, [one for picture in found.entries for one in picture.objects], rule)
    return found


def write_emu_list(path: Path, pictures: Sequence[ListedObjects]) -> Path:
    """The emu-pilot list; an object without a box has no key for it."""
    return write_json(
        path,
        [{"filename": one.picture, "objs": [_object_text(known) for known in one.objects]} for one in pictures],
    )


def _entries(path: Path, items: list[Any], read: Callable[[int, Any], Entry]) -> ListFile[Entry]:
    entries, rejections = list[Entry](), list[Rejection]()
    for row, item in enumerate(items):
        try:
            entries.append(read(row, item))
        except RefusedError as refused:
            rejections.append(refused.rejection(path, row, item))
    return ListFile(tuple(entries), tuple(rejections))


def _picture(row: int, item: Any) -> ListedPicture:
    paths = texts(item, "filepaths")
    if not paths:
        raise RefusedError("bad-entry", "filepaths: found an empty list, expected at least one path")
    label = item.get("label")
    labels = (label,) if isinstance(label, str) and label.strip() else texts(item, "label")
    return ListedPicture(row, relative_name(paths[0]), value(item, "sname", "text"), tuple(labels))


def _source(row: int, item: Any) -> ListedSource:
    is_multi, n_islands = optional(item, "multisland", "flag"), optional(item, "nislands", "integer")
    if n_islands is not None and (n_islands < 1 or (is_multi is not None and bool(is_multi) != (n_islands > 1))):
        raise RefusedError("island-conflict", f"multisland {is_multi}, nislands {n_islands}")
    if is_multi is None and n_islands is not None:
        is_multi = n_islands > 1
    return ListedSource(
        row, relative_name(value(item, "filename", "text")), texts(item, "smorph"), texts(item, "sclass"),
        None if is_multi is None else bool(is_multi), n_islands,
    )  # fmt: skip


def _objects(path: Path, row: int, item: Any) -> ListedObjects:
    picture = relative_name(value(item, "filename", "text"))
    objects, rejections = list[ListedObject](), list[Rejection]()
    for number, one in enumerate(value(item, "objs", "list")):
        try:
            objects.append(_object(number, one))
        except RefusedError as refused:
            rejections.append(refused.rejection(path, f"{row}:{number}", one))
    return ListedObjects(row, picture, tuple(objects), tuple(rejections))


def _object(row: int, item: Any) -> ListedObject:
    label, caesar = value(item, "label", "text", "bad-object"), optional(item, "label_caesar", "text", "bad-object")
    boxes = [
        None if item.get(key) is None else _four(numbers(item[key], 4, key))
        for key in ("bbox_norm", "bbox_norm_caesar")
    ]
    if boxes == [None, None]:
        raise RefusedError("bad-box", "found neither bbox_norm nor bbox_norm_caesar")
    return ListedObject(row, label, boxes[0], caesar, boxes[1])


def _four(found: tuple[float, ...]) -> Box:
    x, y, width, height = found
    if not (0 < width <= 1 and 0 < height <= 1 and 0 <= x <= 1 and 0 <= y <= 1):
        raise RefusedError("bad-box", f"found {list(found)}, expected fractions of the picture, with a size")
    return x, y, width, height


def _object_text(one: ListedObject) -> dict[str, Any]:
    text = {
        "label": one.label, "bbox_norm": one.bbox_norm, "label_caesar": one.label_caesar,
        "bbox_norm_caesar": one.bbox_norm_caesar,
    }  # fmt: skip
    return {key: list(found) if isinstance(found, tuple) else found for key, found in text.items() if found is not None}


def _check_rule(path: Path, objects: Sequence[ListedObject], rule: BoxRule) -> None:
    """The convention is nowhere stated: if boxes leave their pictures by it, it is another one."""
    boxes = [box for one in objects for box in (one.bbox_norm, one.bbox_norm_caesar) if box is not None]
    share = {
        convention: sum(_is_inside(BoxRule(convention, rule.origin).edges(box)) for box in boxes)
        for convention in ("center", "corner")
    }
    if boxes and share[rule.convention] < LEAST_INSIDE * len(boxes):
        other = "corner" if rule.convention == "center" else "center"
        raise CatalogError(
            f"{path}: of {len(boxes)} boxes only {share[rule.convention]} lie inside their pictures if x, y are the "
            f"{rule.convention}; if they are the {other}, {share[other]} do. Set the convention of the dataset"
        )


def _is_inside(edges: Box) -> bool:
    return all(-EDGE_ROUNDING <= edge <= 1 + EDGE_ROUNDING for edge in edges)
