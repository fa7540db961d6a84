"""EMU pilot with RG-CAT: one picture about each extended radio galaxy, and every catalogued object in it.

`read_detections` gives what caesar-mrcnn found on the same mosaics (`annotations/emu_pilot_rgcat/catalog_*.json`, one a
mosaic), which completes the catalogue's objects. Both were found by networks.

Gupta et al. 2024; Riggi et al. 2025, A.2.
"""

from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from catalogs.catalog import catalog, read_catalog
from catalogs.dataset import CutoutRecipe, Published
from catalogs.formats.caesar import read_detections as read_caesar
from catalogs.pixels import sky_of_pixels, sky_polygon
from catalogs.sky import box_polygon
from catalogs.statements import Said, all_labels, no_label, one_label
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import OBJECTS, SOURCES

NAME = "emu_pilot_rgcat"
TITLE = "EMU pilot survey with RG-CAT radio galaxies"
SCHEME, SURVEY = "rgcat", "emu_pilot"
CITE = "Gupta et al. 2024, PASA 41, e027; Riggi et al. 2025, Appendix A.2"
CATALOG, FILE = "rgcat", "catalogs/rgcat.fits"
DETECTIONS, DETECTION_SCHEME = "annotations/emu_pilot_rgcat/catalog_*.json", "caesar_mrcnn"
SHA256 = {FILE: "", DETECTIONS: ""}  # neither is public in this form
CATALOGS = (CATALOG,)
SCHEMES = (DETECTION_SCHEME,)
CUTOUT = CutoutRecipe()
PUBLISHED = Published(
    # The classes are those of the whole catalogue, 211,625 rows; the paper used 185,294 of them.
    source="Riggi et al. 2025, Table 1; classes: Gupta et al. 2024, abstract",
    n_images=10_414,
    n_objects=185_294,
    n_by_class={"C": 201_211, "FR-I": 582, "FR-II": 5_602, "FR-X": 1_494, "R": 2_375, "PEC": 361},
)
COMPACT = "C"
# 17.8 objects a picture at 211,625 objects over 270 square degrees: a square of 0.15 deg.
SIDE_ARCSEC = 540.0
Row = dict[str, Any]


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """A square of 9 arcmin about each radio galaxy that is not compact. *In* are the rows of the catalogue.

    Refused: `compact`, which shows in the pictures of others; `unknown-class`; what the catalogue's reader refuses.
    """
    del mosaics  # a catalogue knows its own positions
    scheme, read = label_scheme(SCHEME), read_catalog(raw / FILE, catalog(CATALOG))
    rows, refused = list[Row](), list(read.rejections)
    for cells in read.table.to_pylist():
        label = _class(cells, scheme)
        if label is None:
            refused.append(Rejection(f"{FILE}:{cells['row']}", "unknown-class", f"class {cells['class']!r}", cells))
        elif label == COMPACT:
            refused.append(Rejection(f"{FILE}:{cells['row']}", "compact", "no picture of its own", cells))
        else:
            said = Said(Tier.MODEL, FILE, cells["row"], cells["score"])
            rows.append(
                {
                    "source_id": _source_id(cells),
                    "source_name": cells["name"],
                    "dataset": NAME,
                    "survey": SURVEY,
                    "scheme": SCHEME,
                    "ra_deg": cells["ra_deg"],
                    "dec_deg": cells["dec_deg"],
                    "sky_polygon_deg": _outline(cells),
                    "side_arcsec": SIDE_ARCSEC,
                    "labels": one_label(scheme, label, cells["class"], said),
                    "origin_catalog": FILE,
                    "origin_row": cells["row"],
                }
            )
    return sieved(SOURCES.of(rows), refused, read.n_in)


def read_objects(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every row of the catalogue with its box. *In* are the rows of the catalogue.

    One whose class is not in the scheme is kept with every label unknown, its word in `original`: it is there, and not
    to count it would be false. Refused: `bad-box`; what the catalogue's reader refuses.
    """
    del mosaics
    scheme, read = label_scheme(SCHEME), read_catalog(raw / FILE, catalog(CATALOG))
    rows, refused = list[Row](), list(read.rejections)
    for cells in read.table.to_pylist():
        if not all((cells[name] or 0) > 0 for name in ("box_width_arcsec", "box_height_arcsec")):
            refused.append(Rejection(f"{FILE}:{cells['row']}", "bad-box", "expected a width and a height", cells))
            continue
        label, said = _class(cells, scheme), Said(Tier.MODEL, FILE, cells["row"], cells["score"])
        rows.append(
            {
                "object_id": content_id("object", NAME, FILE, cells["name"]),
                "object_name": cells["name"],
                "dataset": NAME,
                "source_id": None if label in (None, COMPACT) else _source_id(cells),
                "ra_deg": cells["ra_deg"],
                "dec_deg": cells["dec_deg"],
                "sky_polygon_deg": _outline(cells),
                "flux_mjy": cells["flux_mjy"],
                "labels": _labels(scheme, label, cells["class"] or "", said),
                "score": cells["score"],
                "detector": "RG-CAT (Gal-DINO)",
                "origin_catalog": FILE,
                "origin_row": cells["row"],
            }
        )
    return sieved(OBJECTS.of(rows), refused, read.n_in)


def read_detections(raw: Path, mosaics: pa.Table) -> Sieved:
    """What caesar-mrcnn found on the mosaics, its classes in its own scheme. *In* are the detections in all files.

    A file is of the mosaic whose name, without suffix, is its `image_id` or follows `catalog_` in its name. Refused:
    `no-picture`, a file of no known mosaic; `no-outline`, off the sky; what the reader refuses.
    """
    scheme = label_scheme(DETECTION_SCHEME)
    images = {_stem(one["mosaic"]): one for one in mosaics.to_pylist()}
    rows, refused, n_in = list[Row](), list[Rejection](), 0
    for path in sorted(raw.glob(DETECTIONS)):
        file, found = path.relative_to(raw).as_posix(), read_caesar(path, scheme)
        n_in += found.n_in
        image = images.get(_stem(found.picture)) or images.get(path.stem.removeprefix("catalog_"))
        refused += [
            Rejection(f"{file}:{bad.row_id.split(':')[-1]}", bad.reason, bad.detail, bad.row)
            for bad in found.rejections
        ]
        for one in found.objects:
            where, seen = f"{file}:{one.outline.row}", {"name": one.name, "image_id": found.picture}
            header = None if image is None else image["header"]
            outline = None if header is None else sky_polygon(header, one.outline.image_polygon_px or ())
            if header is None:
                refused.append(Rejection(where, "no-picture", f"{found.picture!r} is no mosaic of {SURVEY}", seen))
            elif outline is None:
                refused.append(Rejection(where, "no-outline", "it leaves the sky of its mosaic", seen))
            else:
                x_min, y_min, x_max, y_max = one.outline.box_fits_px
                centre = sky_of_pixels(header, (x_min + x_max) / 2 - 0.5, (y_min + y_max) / 2 - 0.5)
                said = Said(Tier.MODEL, file, one.outline.row, one.outline.score)
                rows.append(
                    {
                        "object_id": content_id("object", NAME, file, one.outline.row),
                        "object_name": one.name,
                        "dataset": NAME,
                        "ra_deg": float(centre[0][0]),
                        "dec_deg": float(centre[1][0]),
                        "sky_polygon_deg": outline,
                        "labels": _labels(scheme, one.label, one.outline.label, said),
                        "score": one.outline.score,
                        "detector": "caesar-mrcnn",
                        "origin_catalog": file,
                        "origin_row": one.outline.row,
                    }
                )
    return sieved(OBJECTS.of(rows), refused, n_in)


def _class(cells: Row, scheme: LabelScheme) -> str | None:
    try:
        return scheme.harmonised(cells["class"] or "")
    except CatalogError:
        return None


def _labels(scheme: LabelScheme, label: str | None, original: str, said: Said) -> list[dict[str, Any]]:
    """The class of an object; for a word that is none, every label unknown."""
    if label is None:
        return [{**one, "original": original} for one in no_label(scheme, said)]
    statements = all_labels(scheme, {label: Truth.PRESENT}, {label: original}, said)
    return [one for one in statements if one["label"] == label]


def _outline(cells: Row) -> list[float] | None:
    width, height = cells["box_width_arcsec"], cells["box_height_arcsec"]
    if not (width and height and width > 0 and height > 0):
        return None
    return box_polygon(cells["ra_deg"], cells["dec_deg"], width, height)


def _source_id(cells: Row) -> str:
    return content_id("source", NAME, FILE, cells["name"])


def _stem(name: str) -> str:
    return PurePosixPath(name).name.removesuffix(".gz").removesuffix(".fits")
