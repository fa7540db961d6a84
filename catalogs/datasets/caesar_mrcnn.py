"""caesar-mrcnn: pictures with every object outlined by a mask and classed, for a picture shows all its objects.

The annotations are one JSON a picture with its masks beside it, below `annotations/caesar_mrcnn`; pictures lie below
`images/caesar_mrcnn`, most without WCS, so that outlines stay in their pixels. Riggi et al. 2023; 2025, Table C1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.formats.caesar import CaesarObject, CaesarPicture, read_training
from catalogs.pixels import sky_of_pixels, sky_polygon
from catalogs.statements import Said, all_labels, no_label
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import OBJECTS, SOURCES

NAME = "caesar_mrcnn"
TITLE = "caesar-mrcnn: objects with masks in five classes"
SCHEME, SURVEY = "caesar_mrcnn", "caesar_mrcnn"
CITE = "Riggi et al. 2023, Astronomy and Computing 42, 100682; Riggi et al. 2025, Appendix A.1"
FOLDER, IMAGES = "annotations/caesar_mrcnn", "images/caesar_mrcnn"
SHA256 = {f"{FOLDER}/*.json": "", f"{FOLDER}/*.fits": ""}  # not public
CUTOUT = CutoutRecipe()
PUBLISHED = Published(source="Riggi et al. 2025, Table 1", n_images=12_774, n_objects=38_342)


@dataclass(frozen=True)
class _Annotated:
    """A picture's annotation with the image it is of: None where that is not there, or has another size."""

    file: str
    found: CaesarPicture
    image: dict[str, Any] | None
    fault: tuple[str, str] | None

    @property
    def path(self) -> str:
        return f"{IMAGES}/{self.found.picture}"

    @property
    def source_id(self) -> str:
        return content_id("source", NAME, IMAGES, self.found.picture)


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """The whole picture of each JSON; a class that none of its objects has is absent. *In* are the JSON files.

    Refused: `no-picture`; `duplicate-id`, a second JSON of a picture; `size-conflict`; `objects-refused`, where an
    object could not be used: of what else is in that picture nothing could be denied.
    """
    scheme, rows, refused, n_in = label_scheme(SCHEME), list[dict[str, Any]](), list[Rejection](), 0
    for one in _annotated(raw, mosaics):
        n_in += 1
        fault = one.fault
        if fault is None and one.found.rejections:
            why = "; ".join(sorted({f"{bad.reason}: {bad.detail}" for bad in one.found.rejections}))
            fault = "objects-refused", f"{len(one.found.rejections)} of {one.found.n_in} objects: {why}"
        if fault is not None or one.image is None:
            refused.append(Rejection(one.file, *(fault or ("no-picture", one.path)), {"img": one.found.picture}))
            continue
        rows.append(
            {
                "source_id": one.source_id,
                "source_name": one.found.picture,
                "dataset": NAME,
                "survey": SURVEY,
                "scheme": SCHEME,
                "ra_deg": one.image["ra_deg"],
                "dec_deg": one.image["dec_deg"],
                "image_path": one.path,
                "labels": _labels_of_picture(one, scheme),
                "origin_catalog": one.file,
                "origin_row": -1,
            }
        )
    return sieved(SOURCES.of(rows), refused, n_in)


def read_objects(raw: Path, mosaics: pa.Table) -> Sieved:
    """The objects of every picture; *in* are those of all JSON files.

    One whose class is not in the table is kept with every label unknown, its word in `original`. Refused: those of a
    picture that is refused for itself, and what the reader refuses.
    """
    scheme, rows, refused, n_in = label_scheme(SCHEME), list[dict[str, Any]](), list[Rejection](), 0
    for one in _annotated(raw, mosaics):
        n_in += one.found.n_in
        refused += [
            Rejection(f"{one.file}:{bad.row_id.split(':')[-1]}", bad.reason, bad.detail, bad.row)
            for bad in one.found.rejections
        ]
        for known in one.found.objects:
            where = f"{one.file}:{known.outline.row}"
            if one.fault is not None or one.image is None:
                seen = {"img": one.found.picture, "name": known.name}
                refused.append(Rejection(where, *(one.fault or ("no-picture", one.path)), seen))
                continue
            rows.append(_object(one, one.image, known, scheme))
    return sieved(OBJECTS.of(rows), refused, n_in)


def _annotated(raw: Path, mosaics: pa.Table) -> Iterator[_Annotated]:
    images = {one["mosaic"]: one for one in mosaics.to_pylist()}
    scheme, files = label_scheme(SCHEME), sorted((raw / FOLDER).glob("*.json"))
    if not files:
        raise CatalogError(f"{raw / FOLDER}: no *.json; the annotations of {NAME} are not public, put yours there")
    first = dict[str, str]()
    for path in files:
        found = read_training(path, scheme)
        image, fault = images.get(f"{IMAGES}/{found.picture}"), None
        if image is None:
            fault = "no-picture", f"no readable picture {IMAGES}/{found.picture}"
        elif (image["width_px"], image["height_px"]) != (found.width_px, found.height_px):
            size = f"{image['width_px']} x {image['height_px']}"
            fault = "size-conflict", f"the picture has {size} pixels, nx {found.width_px}, ny {found.height_px}"
        elif first.setdefault(found.picture, path.name) != path.name:
            fault = "duplicate-id", f"{first[found.picture]} is of the same picture"
        yield _Annotated(f"{FOLDER}/{path.name}", found, image, fault)


def _labels_of_picture(one: _Annotated, scheme: LabelScheme) -> list[dict[str, Any]]:
    """What its objects say together; where the class of one is not known, a class that no other has is unknown."""
    originals = {known.label: known.outline.label for known in one.found.objects if known.label}
    rest = {} if any(known.label is None for known in one.found.objects) else dict.fromkeys(scheme.labels, Truth.ABSENT)
    return all_labels(
        scheme, {**rest, **dict.fromkeys(originals, Truth.PRESENT)}, originals, Said(Tier.EXPERT, one.file)
    )


def _object(one: _Annotated, image: dict[str, Any], known: CaesarObject, scheme: LabelScheme) -> dict[str, Any]:
    outline, said = list(known.outline.image_polygon_px or ()), Said(Tier.EXPERT, one.file, known.outline.row)
    sky = None if image["header"] is None else sky_polygon(image["header"], outline)
    x_min, y_min, x_max, y_max = (edge - 0.5 for edge in known.outline.box_fits_px)
    middle = (x_min + x_max) / 2, (y_min + y_max) / 2
    ra, dec = (None, None) if sky is None else (float(v[0]) for v in sky_of_pixels(image["header"], *middle))
    return {
        # By place, not by name: names repeat, also within a file.
        "object_id": content_id("object", NAME, one.file, known.outline.row),
        "object_name": known.name,
        "dataset": NAME,
        "source_id": None if one.found.rejections else one.source_id,  # then its picture is refused
        "ra_deg": ra,
        "dec_deg": dec,
        "sky_polygon_deg": sky,
        "image_polygon_px": None if sky else outline,
        "image_path": None if sky else one.path,
        "labels": _labels_of_object(known, scheme, said),
        "detector": "caesar-mrcnn annotators",
        "origin_catalog": one.file,
        "origin_row": known.outline.row,
    }


def _labels_of_object(known: CaesarObject, scheme: LabelScheme, said: Said) -> list[dict[str, Any]]:
    if known.label is None:
        return [{**one, "original": known.outline.label} for one in no_label(scheme, said)]
    statements = all_labels(scheme, {known.label: Truth.PRESENT}, {known.label: known.outline.label}, said)
    return [one for one in statements if one["label"] == known.label]
