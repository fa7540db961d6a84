"""MiraBest on FIRST pictures: FR-I, FR-II or hybrid, by experts. The confident ones are the benchmark B6.

A picture's name holds class, position, redshift and size; where name and header disagree, the header is right, and the
distance is reported.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs.catalog import catalog, read_catalog
from catalogs.dataset import CutoutRecipe, Published
from catalogs.sky import separation_arcsec
from catalogs.statements import Said, no_label, one_label
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SOURCES

TITLE = "MiraBest: Fanaroff-Riley classes of FIRST pictures"
SCHEME = "mirabest"
SURVEY = "first"
CITE = "Porter & Scaife 2023, RASTI 2, 293; Miraghaei & Best 2017, MNRAS 466, 4346"
CATALOG, FILE = "first_mirabest_labels", "catalogs/first_mirabest_labels.csv"
SHA256 = {FILE: "ae14428ba8162c4268b218a9d8db5a37b48fc8f8b1bbc6c72b755d7fa07a531e"}
CATALOGS = (CATALOG,)
FOLDER = "images/first_mirabest"
CUTOUT = CutoutRecipe()
PUBLISHED = Published(
    # 435 confident FR-II are public, one fewer than the paper counts.
    source="Riggi et al. 2025, A.1 (MiraBest confident)",
    n_images=833,
    n_by_label={"FR-I": 397, "FR-II": 436},
    n_by_split={"test": 833},
)
BENCHMARK = "b6_fanaroff_riley"
MOST_OFFSET_ARCSEC = 30.0  # between name and picture's centre; beyond it the class is kept as unknown
LABEL_OF_DIGIT = {"1": "FR-I", "2": "FR-II", "3": "HYBRID"}
CODE, CONFIDENT_DIGIT = re.compile("[123][01][0124]"), "0"
NAME = re.compile(r"\d{3}_(?P<ra>\d{3}\.\d{3})(?P<dec>[+-]\d{3}\.\d{3})_\d\.\d{4}_\d{4}\.\d{2}")
Cells = Mapping[str, Any]


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """The whole picture of each row (`side_arcsec` null), at its centre; confident ones are the published test split.

    *In* are the rows of the table. Refused: what its reader refuses; `no-picture`; `no-label`; `unknown-class` for a
    class code outside the documented scheme, such as 400, 402 and 103; `label-conflict` where the row contradicts the
    class code in the row or in the picture's name. A picture whose name lies more than 30" from its centre shows
    another sky than its class is of: its labels are unknown.
    """
    scheme, read = label_scheme(SCHEME), read_catalog(raw / FILE, catalog(CATALOG))
    centres = {one["mosaic"]: one for one in mosaics.select(["mosaic", "ra_deg", "dec_deg"]).to_pylist()}
    refused, rows = list(read.rejections), list[dict[str, Any]]()
    for cells in read.table.to_pylist():
        fault, path = None, f"{FOLDER}/{cells['file']}"
        if path not in centres:
            fault = "no-picture", f"no readable picture {path}; see the rejected rows of mosaics/{SURVEY}"
        elif not cells["fr_label"]:
            fault = "no-label", "fr_label is empty"
        else:
            label = _label(scheme, cells, raw)
            fault = _conflict(cells, label)
            if fault is None:
                rows.append(_source(scheme, cells, label, centres[path]))
        if fault:
            refused.append(Rejection(f"{FILE}:{cells['row']}", *fault, cells))
    return sieved(SOURCES.of(rows), refused, read.n_in)


def _label(scheme: LabelScheme, cells: Cells, raw: Path) -> str:
    """The scheme's name for what a cell says. Raises CatalogError with file and row for an unknown label."""
    try:
        return scheme.harmonised(cells["fr_label"])
    except CatalogError as error:
        raise CatalogError(f"{raw / FILE}, data row {cells['row']}: {error}") from error


def _conflict(cells: Cells, label: str) -> tuple[str, str] | None:
    """Reason and detail where the row's class contradicts its code or the picture's name."""
    code, name = cells["mirabest_class"] or "", _name(cells)
    if not CODE.fullmatch(code):
        return "unknown-class", f"found class {code!r}, expected {CODE.pattern}"
    in_code = LABEL_OF_DIGIT[code[0]], code[1] == CONFIDENT_DIGIT
    if name.startswith(code) and in_code == (label, cells["is_confident"]):
        return None
    said = f"{label}, {'confident' if cells['is_confident'] else 'uncertain'}"
    return "label-conflict", f"class {code}, picture {name}, but the row says {said}"


def _source(scheme: LabelScheme, cells: Cells, label: str, centre: Cells) -> dict[str, Any]:
    said, position = Said(Tier.EXPERT, FILE, cells["row"]), NAME.match(cells["file"])
    ra, dec, offset = centre["ra_deg"], centre["dec_deg"], None
    if position and ra is not None:
        offset = float(separation_arcsec(float(position["ra"]), float(position["dec"]), ra, dec)[0])
    # One name lies 90" from its picture's centre: what is told of "the source at the centre" would not be true there.
    is_centred = (offset or 0) <= MOST_OFFSET_ARCSEC
    return {
        "source_id": content_id("source", "mirabest", FILE, _name(cells)),
        "source_name": _name(cells),
        "dataset": "mirabest",
        "survey": SURVEY,
        "scheme": SCHEME,
        "ra_deg": ra,
        "dec_deg": dec,
        "image_path": centre["mosaic"],
        "name_offset_arcsec": offset,
        "labels": one_label(scheme, label, cells["fr_label"], said) if is_centred else no_label(scheme, said),
        "split": "test" if cells["is_confident"] else None,
        "benchmark": BENCHMARK if cells["is_confident"] else None,
        "origin_catalog": FILE,
        "origin_row": cells["row"],
    }


def _name(cells: Cells) -> str:
    return str(cells["file"]).removesuffix(".gz").removesuffix(".fits")
