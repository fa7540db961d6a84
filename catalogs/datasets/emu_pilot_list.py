"""The emu-pilot list of the original builders: pictures with the objects of RG-CAT, and what caesar-mrcnn says of them.

For who has `annotations/emu_pilot_list/*.json` and its pictures below `images/emu_pilot_list`: pairs of catalogue and
detector are made in the list already. Who has the catalogue and the mosaics uses emu_pilot_rgcat, which makes them.
How the list writes boxes was never published: BOXES says it, and is held against every box. Riggi et al. 2025, A.2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.formats.lists import BoxRule, ListedObject, ListedObjects, read_emu_list
from catalogs.formats.yolo import polygon_of_box
from catalogs.pixels import sky_of_pixels, sky_polygon
from catalogs.statements import Said, all_labels, no_label
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import OBJECTS, SOURCES

NAME = "emu_pilot_list"
TITLE = "EMU pilot survey: the builders' list of pictures and boxes"
SCHEME, DETECTION_SCHEME, SURVEY = "rgcat", "caesar_mrcnn", "emu_pilot_list"
CITE = "Gupta et al. 2024, PASA 41, e027; Riggi et al. 2025, Appendix A.2"
LISTS, IMAGES = "annotations/emu_pilot_list/*.json", "images/emu_pilot_list"
SHA256 = {LISTS: ""}  # not public
SCHEMES = (DETECTION_SCHEME,)
CUTOUT = CutoutRecipe()
PUBLISHED = Published(
    source="Riggi et al. 2025, Table 1 and A.2; objects: with the added ones", n_images=10_414, n_objects=231_439
)
BOXES = BoxRule("center", "top")
"""A guess: the form of YOLO. A list that writes them otherwise is refused with what it seems to be."""
UNKNOWN = "UNKNOWN"
Row = dict[str, Any]


@dataclass(frozen=True)
class _Listed:
    """A picture of a list with its image; None where there is none."""

    file: str
    entry: ListedObjects
    image: Row | None
    fault: tuple[str, str] | None

    @property
    def path(self) -> str:
        return f"{IMAGES}/{self.entry.picture}"

    @property
    def where(self) -> str:
        return f"{self.file}:{self.entry.row}"

    @property
    def source_id(self) -> str:
        return content_id("source", NAME, IMAGES, self.entry.picture)


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """The whole picture of each entry; what is in it, its objects say. *In* are the entries of all lists.

    Refused: `no-picture`; `duplicate-id`, an entry of a picture that another entry has; `objects-refused`, where an
    object could not be used, for then their number is not known; and what the list's reader refuses.
    """
    listed, unread = _listed(raw, mosaics)
    rows, refused = list[Row](), list(unread)
    for one in listed:
        fault = one.fault
        if fault is None and one.entry.rejections:
            fault = "objects-refused", f"{len(one.entry.rejections)} of {one.entry.n_in} objects"
        if fault is not None or one.image is None:
            refused.append(Rejection(one.where, *(fault or ("no-picture", one.path)), {"filename": one.entry.picture}))
            continue
        rows.append(
            {
                "source_id": one.source_id,
                "source_name": one.entry.picture,
                "dataset": NAME,
                "survey": SURVEY,
                "scheme": SCHEME,
                "ra_deg": one.image["ra_deg"],
                "dec_deg": one.image["dec_deg"],
                "image_path": one.path,
                "labels": [],
                "origin_catalog": one.file,
                "origin_row": one.entry.row,
            }
        )
    return sieved(SOURCES.of(rows), refused, len(listed) + len(unread))


def read_objects(raw: Path, mosaics: pa.Table) -> Sieved:
    """Each object with its RG-CAT class, its caesar-mrcnn class, or both; the box is RG-CAT's where it has one.

    *In* are the objects of all entries. A word that is no class, UNKNOWN among them, leaves every label unknown.
    """
    schemes = {name: label_scheme(name) for name in (SCHEME, DETECTION_SCHEME)}
    rows, refused, n_in = list[Row](), list[Rejection](), 0
    for one in _listed(raw, mosaics)[0]:
        n_in += one.entry.n_in
        refused += one.entry.rejections
        for known in one.entry.objects:
            if one.fault is not None or one.image is None:
                seen = {"filename": one.entry.picture, "label": known.label}
                refused.append(Rejection(f"{one.where}:{known.row}", *(one.fault or ("no-picture", one.path)), seen))
                continue
            rows.append(_object(one, one.image, known, schemes))
    return sieved(OBJECTS.of(rows), refused, n_in)


def _listed(raw: Path, mosaics: pa.Table) -> tuple[list[_Listed], list[Rejection]]:
    """The entries of all lists, and those that cannot be read."""
    images = {one["mosaic"]: one for one in mosaics.to_pylist()}
    paths = sorted(raw.glob(LISTS))
    if not paths:
        raise CatalogError(f"{raw / LISTS}: no such file; the list of {NAME} is not public, put yours there")
    found, refused, first = list[_Listed](), list[Rejection](), dict[str, str]()
    for path in paths:
        file, entries = path.relative_to(raw).as_posix(), read_emu_list(path, BOXES)
        refused += entries.rejections
        for entry in entries.entries:
            image, where, fault = images.get(f"{IMAGES}/{entry.picture}"), f"{file}:{entry.row}", None
            if image is None:
                fault = "no-picture", f"no readable picture {IMAGES}/{entry.picture}"
            elif first.setdefault(entry.picture, where) != where:
                fault = "duplicate-id", f"{first[entry.picture]} is of the same picture"
            found.append(_Listed(file, entry, image, fault))
    return found, refused


def _object(one: _Listed, image: Row, known: ListedObject, schemes: Mapping[str, LabelScheme]) -> Row:
    four = known.bbox_norm or known.bbox_norm_caesar
    if four is None:  # the reader refuses such objects
        raise CatalogError(f"{one.where}:{known.row}: no box")
    box = BOXES.box_fits_px(four, image["width_px"], image["height_px"])
    outline = polygon_of_box(box)
    header, sky, ra, dec = image["header"], None, None, None
    if header is not None:
        sky = sky_polygon(header, outline)
        middle = (box[0] + box[2]) / 2 - 0.5, (box[1] + box[3]) / 2 - 0.5
        ra, dec = (float(axis[0]) if sky else None for axis in sky_of_pixels(header, *middle))
    return {
        "object_id": content_id("object", NAME, one.file, one.entry.row, known.row),
        "object_name": f"{one.entry.picture}#{known.row}",
        "dataset": NAME,
        "source_id": None if one.entry.rejections else one.source_id,  # then its picture is refused
        "ra_deg": ra,
        "dec_deg": dec,
        "sky_polygon_deg": sky,
        "image_polygon_px": None if sky else list(outline),
        "image_path": None if sky else one.path,
        "labels": list(_labels(one, known, schemes)),
        "detector": "RG-CAT (Gal-DINO)" if known.bbox_norm else "caesar-mrcnn",
        "origin_catalog": one.file,
        "origin_row": one.entry.row,
    }


def _labels(one: _Listed, known: ListedObject, schemes: Mapping[str, LabelScheme]) -> Iterator[dict[str, Any]]:
    """The classes of an object, both found by networks."""
    said = Said(Tier.MODEL, one.file, one.entry.row)
    for name, word in ((SCHEME, known.label), (DETECTION_SCHEME, known.label_caesar)):
        if word is None or (name == SCHEME and known.bbox_norm is None):
            continue
        try:
            label = None if word.upper() == UNKNOWN else schemes[name].harmonised(word)
        except CatalogError:
            label = None
        if label is None:
            yield from ({**each, "original": word} for each in no_label(schemes[name], said))
        else:
            every = all_labels(schemes[name], {label: Truth.PRESENT}, {label: word}, said)
            yield next(each for each in every if each["label"] == label)
