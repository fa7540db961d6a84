"""RadioGalaxyNET: galaxies of the EMU pilot survey with box, outline, class and the place of the infrared host.

A COCO file a split, `annotations/radiogalaxynet/{train,val,test}.json`. Its pictures are PNGs of radio and infrared;
what is read are the FITS files of the radio alone: `…rgb.png` is `…emu.fits`, in the split's folder or `<split>_fits`,
below `images/radiogalaxynet`. So the authors' own reader finds them (Gal-DINO, datasets/coco.py); the files themselves
nobody here has read. Gupta et al. 2023.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.formats.coco import CocoFile, read_coco
from catalogs.formats.outlines import Outline
from catalogs.formats.yolo import polygon_of_box
from catalogs.pixels import sky_of_pixels, sky_polygon
from catalogs.statements import Said, all_labels, no_label
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import OBJECTS, SOURCES

NAME = "radiogalaxynet"
TITLE = "RadioGalaxyNET: extended radio galaxies with boxes, outlines and hosts"
SCHEME, SURVEY = "rgcat", "radiogalaxynet"
CITE = "Gupta et al. 2023, PASA, arXiv 2312.00306"
FOLDER, IMAGES = "annotations/radiogalaxynet", "images/radiogalaxynet"
SPLITS = {"train": "train", "val": "validation", "test": "test"}
BENCHMARK = "radiogalaxynet"
SHA256 = {f"{FOLDER}/{split}.json": "" for split in SPLITS}  # nobody here has the files
CUTOUT = CutoutRecipe()
PUBLISHED = Published(source="Gupta et al. 2023, abstract", n_images=2_800, n_objects=4_155)
PNG, FITS = "rgb.png", "emu.fits"
Row = dict[str, Any]


@dataclass(frozen=True)
class _Shown:
    """A picture of a split with the image it is of, None where that is not there, and the objects in it."""

    file: str
    split: str
    name: str
    image: Row | None
    objects: tuple[Outline, ...]
    n_refused: int
    fault: tuple[str, str] | None

    @property
    def source_id(self) -> str:
        return content_id("source", NAME, IMAGES, self.name)


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """The whole picture of each entry; what is in it, its objects say. *In* are the images of all three files.

    Test pictures are the benchmark's. Refused: `no-picture`; `duplicate-id`, a picture that another split has too;
    `size-conflict`; `objects-refused`, where an object could not be used, for then their number is not known.
    """
    rows, refused, n_in = list[Row](), list[Rejection](), 0
    for one in _shown(raw, mosaics)[0]:
        n_in += 1
        fault = one.fault
        if fault is None and one.n_refused:
            fault = "objects-refused", f"{one.n_refused} of {one.n_refused + len(one.objects)} objects"
        if fault is not None or one.image is None:
            refused.append(Rejection(f"{one.file}:{one.name}", *(fault or ("no-picture", one.name)), {"img": one.name}))
            continue
        rows.append(
            {
                "source_id": one.source_id,
                "source_name": one.name,
                "dataset": NAME,
                "survey": SURVEY,
                "scheme": SCHEME,
                "ra_deg": one.image["ra_deg"],
                "dec_deg": one.image["dec_deg"],
                "image_path": one.image["mosaic"],
                "labels": [],
                "split": one.split,
                "benchmark": BENCHMARK if one.split == "test" else None,
                "origin_catalog": one.file,
                "origin_row": -1,
            }
        )
    return sieved(SOURCES.of(rows), refused, n_in)


def read_objects(raw: Path, mosaics: pa.Table) -> Sieved:
    """Each galaxy with its class, at its host where the annotators marked one, else in the middle of its box.

    *In* are the annotations of all three files. A class that is not in the scheme leaves every label unknown.
    """
    scheme, rows = label_scheme(SCHEME), list[Row]()
    shown, refused, n_in = _shown(raw, mosaics)
    for one in shown:
        n_in += len(one.objects)
        for known in one.objects:
            if one.fault is not None or one.image is None:
                seen = {"img": one.name, "category": known.label}
                why = one.fault or ("no-picture", one.name)
                refused.append(Rejection(f"{one.file}:{known.row}", *why, seen))
            else:
                rows.append(_object(one, one.image, known, scheme))
    return sieved(OBJECTS.of(rows), refused, n_in)


def _shown(raw: Path, mosaics: pa.Table) -> tuple[list[_Shown], list[Rejection], int]:
    """The pictures of all splits; the annotations that cannot be used, and how many they are."""
    images = {one["mosaic"]: one for one in mosaics.to_pylist()}
    first, found, refused = dict[str, str](), list[_Shown](), list[Rejection]()
    for split, ours in SPLITS.items():
        file, told = f"{FOLDER}/{split}.json", read_coco(raw / FOLDER / f"{split}.json")
        if told.is_prediction or not told.files:
            raise CatalogError(f"{raw / file}: found no images with a file_name, expected a COCO dataset")
        refused += [Rejection(f"{file}:{bad.row_id.split(':')[-1]}", bad.reason, bad.detail, bad.row)
                    for bad in told.rejections]  # fmt: skip
        for picture, name in _by_name(told):
            path = next((one for one in _paths(split, name) if one in images), None)
            image, fault = images.get(path or ""), None
            if image is None:
                fault = "no-picture", f"no readable picture {' or '.join(_paths(split, name))}"
            elif first.setdefault(name, file) != file:
                fault = "duplicate-id", f"{first[name]} has the same picture"
            own = tuple(one for one in told.outlines if one.picture == picture)
            n_refused = sum(str(bad.row.get("image_id")) == picture for bad in told.rejections)
            found.append(_Shown(file, ours, name, image, own, n_refused, fault))
    return found, refused, len(refused)


def _by_name(told: CocoFile) -> Iterator[tuple[str, str]]:
    """Id and file name of each picture, in the order of names."""
    yield from sorted(((key, PurePosixPath(name).name) for key, name in told.files.items()), key=lambda one: one[::-1])


def _paths(split: str, name: str) -> tuple[str, str]:
    fits = name.removesuffix(PNG) + FITS if name.endswith(PNG) else name
    return f"{IMAGES}/{split}/{fits}", f"{IMAGES}/{split}_fits/{fits}"


def _object(one: _Shown, image: Row, known: Outline, scheme: LabelScheme) -> Row:
    outline = list(known.image_polygon_px or polygon_of_box(known.box_fits_px))
    x_min, y_min, x_max, y_max = (edge - 0.5 for edge in known.box_fits_px)
    place = known.points_px[0] if known.points_px else ((x_min + x_max) / 2, (y_min + y_max) / 2)
    sky = None if image["header"] is None else sky_polygon(image["header"], outline)
    ra, dec = (None, None) if sky is None else (float(axis[0]) for axis in sky_of_pixels(image["header"], *place))
    said = Said(Tier.EXPERT, one.file, known.row)
    return {
        "object_id": content_id("object", NAME, one.file, known.row),
        "object_name": f"{one.name}#{known.row}",
        "dataset": NAME,
        "source_id": None if one.n_refused else one.source_id,  # then its picture is refused
        "ra_deg": ra,
        "dec_deg": dec,
        "sky_polygon_deg": sky,
        "image_polygon_px": None if sky else outline,
        "image_path": None if sky else image["mosaic"],
        "labels": _labels(known, scheme, said),
        "detector": "RadioGalaxyNET annotators",
        "origin_catalog": one.file,
        "origin_row": known.row,
    }


def _labels(known: Outline, scheme: LabelScheme, said: Said) -> list[dict[str, Any]]:
    try:
        label = scheme.harmonised(known.label)
    except CatalogError:
        return [{**each, "original": known.label} for each in no_label(scheme, said)]
    every = all_labels(scheme, {label: Truth.PRESENT}, {label: known.label}, said)
    return [each for each in every if each["label"] == label]
