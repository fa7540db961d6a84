"""What is known of one picture, from a file of annotations: our small JSON form, or a format that we read anyway."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalogs.formats.caesar import read_detections, read_training
from catalogs.formats.coco import read_coco
from catalogs.formats.lists import BoxRule, read_emu_list
from catalogs.formats.plain_json import read_json
from catalogs.formats.yolo import read_yolo
from curation.pictures.boxes import Box, Dialect, PictureBox, decode_box
from curation.verification.claims import Annotations, SurveyFacts, annotations_of
from schemas.errors import CatalogError, RecipeError, ReplyError
from schemas.labels import LabelScheme, Truth, label_scheme

YOLO_SIDE_PX = 1000
MOST_NAMES = 5
Four = Annotated[list[float], Field(min_length=4, max_length=4)]


class Picture(BaseModel):
    """`picture` of our form: what pixels and header say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width_px: int | None = Field(default=None, ge=1)
    height_px: int | None = Field(default=None, ge=1)
    blank_fraction: float = Field(default=0.0, ge=0, le=1)
    side_arcsec: float | None = Field(default=None, gt=0)
    up_pa_deg: float | None = Field(default=None, ge=-360, le=360)
    """Position angle of up, north through east; 0 where north is up."""
    is_mirrored: bool = False
    """Of a picture with north up: whether east is right."""
    beam_arcsec: tuple[float, float] | None = None
    survey: str | None = None
    frequency_mhz: float | None = Field(default=None, gt=0)


class AnnotatedObject(BaseModel):
    """An object of our form: its label, if its class is known, and its box."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str | list[str] | None = None
    box: Four


class Form(BaseModel):
    """Our form; the command `claims` shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: str | None = None
    labels: dict[str, Truth] | list[str] = Field(default_factory=dict[str, Truth])
    """States by label; a list names those that are present: of a `single` scheme the others are absent then."""
    objects: list[AnnotatedObject] | None = None
    """Left out: nothing is known of objects. A list is complete: what is not in it is not in the picture."""
    box_format: Literal["xyxy_norm", "xywh_center_norm", "xyxy_1000", "xyxy_px", "xywh_px"] = "xyxy_norm"
    """`_px`: pixels from the top left, with the picture's size in `picture`."""
    picture: Picture = Picture()


@dataclass(frozen=True)
class Reading:
    """How a file is to be read."""

    scheme: str | None = None
    """Where the file does not name it."""
    image: str | None = None
    """Which picture of a file of many."""
    size_px: tuple[int, int] | None = None
    """Width and height, for pixel boxes of a file that does not say."""
    classes: Mapping[int, str] = field(default_factory=dict[int, str])
    """Ids of classes; empty: those of the scheme file."""


def read_annotations(path: Path, how: Reading) -> Annotations:
    """What a file says of a picture. Raises CatalogError or RecipeError, one line each, for what cannot be used."""
    if path.suffix.lower() == ".txt":
        return _known(_scheme(how.scheme, path), _yolo(path, how), Picture())
    found = read_json(path)
    if isinstance(found, Mapping) and "annotations" in found and "images" in found:
        return _known(_scheme(how.scheme, path), *_coco(path, found, how))
    if isinstance(found, Mapping) and ("objs" in found or "sources" in found):
        return _known(_scheme(how.scheme or "caesar_mrcnn", path), *_caesar(path, found, how))
    if isinstance(found, list) and found and isinstance(found[0], Mapping) and "objs" in found[0]:
        return _known(_scheme(how.scheme, path), _listed(path, how), Picture())
    return form_annotations(path, {"objects": found} if isinstance(found, list) else found, how)


Boxed = list[tuple[list[str], Box]]


def form_annotations(path: Path, found: Any, how: Reading) -> Annotations:
    """What our form, as read from JSON, says of a picture; `path` is for messages. Raises as `read_annotations`."""
    try:
        form = Form.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise CatalogError(f"{path}: {where}: {first['msg']}; `--help` shows the form") from None
    scheme = _scheme(how.scheme or form.scheme, path)
    boxed = None if form.objects is None else [
        (_names(one.label, scheme, path), _box(one.box, form, path, at)) for at, one in enumerate(form.objects)
    ]  # fmt: skip
    states = form.labels if isinstance(form.labels, dict) else dict.fromkeys(form.labels, Truth.PRESENT)
    return _known(scheme, boxed, form.picture, {_name(label, scheme, path): state for label, state in states.items()})


def _known(
    scheme: LabelScheme, boxed: Boxed | None, picture: Picture, states: Mapping[str, Truth] | None = None
) -> Annotations:
    """Annotations made the way a build makes them: labels imply others, and contradictions leave things unknown."""
    objects = {
        f"object-{at}": {"labels": [_label(scheme, name) for name in names]}
        for at, (names, _) in enumerate(boxed or ())
    }
    boxes = None if boxed is None else [PictureBox(f"object-{at}", box, 1.0) for at, (_, box) in enumerate(boxed)]
    beam = picture.beam_arcsec or (None, None)
    up = picture.up_pa_deg
    left_pa_deg = None if up is None else up - 90 if picture.is_mirrored else up + 90
    cutout = {
        "cutout_id": "picture", "blank_fraction": picture.blank_fraction, "width_px": 1, "height_px": 1,
        "pixel_x_arcsec": picture.side_arcsec, "pixel_y_arcsec": picture.side_arcsec,
        "up_pa_deg": picture.up_pa_deg, "left_pa_deg": left_pa_deg, "turn_deg": 0.0,
        "beam_major_arcsec": beam[0], "beam_minor_arcsec": beam[1],
    }  # fmt: skip
    labels = [_label(scheme, name, state) for name, state in (states or {}).items()]
    source = {"source_id": "source", "labels": labels}
    survey = SurveyFacts(picture.survey, picture.frequency_mhz) if picture.survey else None
    have_classes = boxed is not None and (any(names for names, _ in boxed) or (not boxed and not labels))
    known = annotations_of(cutout, source, boxes, objects, scheme, survey, have_classes=have_classes)
    return replace(known, width_px=picture.width_px, height_px=picture.height_px)


def _label(scheme: LabelScheme, name: str, state: Truth = Truth.PRESENT) -> dict[str, str]:
    return {"scheme": scheme.name, "label": name, "state": str(state)}


def _scheme(name: str | None, path: Path) -> LabelScheme:
    if name is None:
        raise RecipeError(f"{path}: which label scheme is it of? Give --scheme, or `scheme` in the file")
    return label_scheme(name)


def _name(label: str, scheme: LabelScheme, path: Path) -> str:
    try:
        return scheme.harmonised(label)
    except CatalogError as error:
        raise CatalogError(f"{path}: {str(error).split('. Add it')[0]}") from None


def _names(label: str | list[str] | None, scheme: LabelScheme, path: Path) -> list[str]:
    return [_name(one, scheme, path) for one in ([label] if isinstance(label, str) else label or ())]


def _box(numbers: list[float], form: Form, path: Path, at: int) -> Box:
    if form.box_format in ("xyxy_px", "xywh_px"):
        width, height = form.picture.width_px, form.picture.height_px
        if not width or not height:
            raise CatalogError(f"{path}: boxes in pixels need picture.width_px and picture.height_px")
        x, y, far_x, far_y = numbers if form.box_format == "xyxy_px" else _corners(numbers)
        return _checked((x / width, y / height, far_x / width, far_y / height), path, at)
    dialects: dict[str, Dialect] = {one: one for one in ("xyxy_norm", "xywh_center_norm", "xyxy_1000")}
    try:
        return decode_box(f"[{', '.join(f'{one:f}' for one in numbers)}]", dialects[form.box_format])
    except ReplyError as error:
        hint = "; boxes in pixels need box_format xyxy_px or xywh_px" if max(numbers) > 1 else ""
        raise CatalogError(f"{path}: objects.{at}.box: {error}{hint}") from None


def _corners(numbers: list[float]) -> tuple[float, float, float, float]:
    x, y, width, height = numbers
    return x, y, x + width, y + height


def _checked(box: Box, path: Path, at: int) -> Box:
    x_min, y_min, x_max, y_max = (min(max(edge, 0.0), 1.0) for edge in box)
    if not (x_min < x_max and y_min < y_max):
        raise CatalogError(f"{path}: object {at}: {box} is no box inside the picture")
    return x_min, y_min, x_max, y_max


def _turned(box_fits_px: Box, width: int, height: int, path: Path, at: int) -> Box:
    """A box in FITS pixels as fractions from the top left."""
    x_min, y_min, x_max, y_max = box_fits_px
    return _checked((x_min / width, 1 - y_max / height, x_max / width, 1 - y_min / height), path, at)


def _yolo(path: Path, how: Reading) -> Boxed:
    scheme = _scheme(how.scheme, path)
    classes = dict(how.classes) or {one.id: label for label, one in scheme.labels.items()}
    found = read_yolo(path, classes, YOLO_SIDE_PX, YOLO_SIDE_PX)
    _refuse(path, found.rejections)
    return [
        (_names(one.label, scheme, path), _turned(one.box_fits_px, YOLO_SIDE_PX, YOLO_SIDE_PX, path, one.row))
        for one in found.outlines
    ]


def _coco(path: Path, text: Mapping[str, Any], how: Reading) -> tuple[Boxed, Picture]:
    found, scheme = read_coco(path), _scheme(how.scheme, path)
    _refuse(path, found.rejections)
    images = {str(one["id"]): one for one in text["images"]}
    by_name = {str(one.get("file_name")): key for key, one in images.items()}
    several = [key for key, one in images.items() if how.image is not None and one.get("file_name") == how.image]
    if len(several) > 1 and how.image not in images:
        raise CatalogError(f"{path}: {len(several)} images have the file_name {how.image}; give an id: {several}")
    chosen = _one_of(path, [*images], by_name.get(how.image or "", how.image), "images")
    width, height = images[chosen].get("width"), images[chosen].get("height")
    if not width or not height:
        raise CatalogError(f"{path}: image {chosen} has no width and height")
    boxed = [
        (_names(one.label, scheme, path), _turned(one.box_fits_px, width, height, path, one.row))
        for one in found.outlines
        if one.picture == chosen
    ]
    return boxed, Picture(width_px=width, height_px=height)


def _caesar(path: Path, text: Mapping[str, Any], how: Reading) -> tuple[Boxed, Picture]:
    scheme = _scheme(how.scheme or "caesar_mrcnn", path)
    classes = how.classes or None
    found = read_training(path, scheme) if "img" in text else read_detections(path, scheme, classes=classes)
    _refuse(path, found.rejections)
    size = (found.width_px, found.height_px) if found.width_px and found.height_px else how.size_px
    if size is None or not size[0] or not size[1]:
        raise CatalogError(f"{path}: boxes in pixels, and the file does not say of how large a picture: give --size")
    boxed = [
        ([one.label] if one.label else [], _turned(one.outline.box_fits_px, size[0], size[1], path, at))
        for at, one in enumerate(found.objects)
    ]
    return boxed, Picture(width_px=size[0], height_px=size[1])


def _listed(path: Path, how: Reading) -> Boxed:
    scheme = _scheme(how.scheme, path)
    entries = read_emu_list(path, BoxRule("center", "top")).entries
    chosen = _one_of(path, [one.picture for one in entries], how.image, "pictures")
    picture = next(one for one in entries if one.picture == chosen)
    _refuse(path, picture.rejections)
    rule, found = BoxRule("center", "top"), Boxed()
    for one in picture.objects:
        label, four = (
            (one.label_caesar, one.bbox_norm_caesar) if scheme.name == "caesar_mrcnn" else (one.label, one.bbox_norm)
        )
        if four is not None:
            is_known = label is not None and label.upper() != "UNKNOWN"
            found.append((_names(label if is_known else None, scheme, path), _checked(rule.edges(four), path, one.row)))
    return found


def _one_of(path: Path, names: list[str], wanted: str | None, what: str) -> str:
    if wanted in names:
        return str(wanted)
    if wanted is None and len(names) == 1:
        return names[0]
    asked = f"none is {wanted!r}" if wanted else "which one? Give --image"
    some = ", ".join(names[:MOST_NAMES])
    more = " …" if len(names) > MOST_NAMES else ""
    raise CatalogError(f"{path}: {len(names)} {what}, {asked}; there are {some}{more}")


def _refuse(path: Path, rejections: Any) -> None:
    """An annotation that is broken leaves the picture's objects unknown: nothing can be checked against it."""
    for one in rejections:
        raise CatalogError(f"{path}: {one.row_id}: {one.reason}: {one.detail}")
