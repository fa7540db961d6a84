"""MiraBest on FIRST pictures: FR-I, FR-II or hybrid, by experts. The confident ones are the benchmark B6."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs import first_mirabest
from catalogs.dataset import CutoutRecipe, Published
from catalogs.first_mirabest import FILE, Picture, label_of, read_pictures
from catalogs.statements import Said, no_label, one_label
from schemas.labels import Tier, label_scheme
from schemas.rejection import Rejection, Sieved

TITLE = "MiraBest: Fanaroff-Riley classes of FIRST pictures"
SCHEME = "mirabest"
SURVEY = "first"
CITE = "Porter & Scaife 2023, RASTI 2, 293; Miraghaei & Best 2017, MNRAS 466, 4346"
SHA256 = first_mirabest.SHA256
CATALOGS = (first_mirabest.CATALOG,)
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


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """The whole picture of each row (`side_arcsec` null), at its centre; confident ones are the published test split.

    Refused: `no-picture`; `unknown-class` for a class code outside the documented scheme, such as 400, 402 and 103;
    `label-conflict` where the row contradicts the class code in the row or in the picture's name. A picture whose name
    lies more than 30" from its centre shows another sky than its class is of: its labels are unknown.
    """
    return read_pictures(raw, mosaics, partial(_source, raw=raw))


def _source(picture: Picture, *, raw: Path) -> dict[str, Any] | Rejection:
    scheme = label_scheme(SCHEME)
    cells, code = picture.cells, picture.cells["mirabest_class"] or ""
    if not cells["fr_label"]:
        return picture.refused("no-label", "fr_label is empty")
    label = label_of(scheme, cells["fr_label"], picture.row, raw)
    if not CODE.fullmatch(code):
        return picture.refused("unknown-class", f"found class {code!r}, expected {CODE.pattern}")
    in_code = LABEL_OF_DIGIT[code[0]], code[1] == CONFIDENT_DIGIT
    if not picture.name.startswith(code) or in_code != (label, cells["is_confident"]):
        said = f"{label}, {'confident' if cells['is_confident'] else 'uncertain'}"
        return picture.refused("label-conflict", f"class {code}, picture {picture.name}, but the row says {said}")
    said = Said(Tier.EXPERT, FILE, picture.row)
    # One name lies 90" from its picture's centre: what is told of "the source at the centre" would not be true there.
    is_centred = (picture.name_offset_arcsec or 0) <= MOST_OFFSET_ARCSEC
    return picture.source(
        "mirabest",
        scheme=SCHEME,
        labels=one_label(scheme, label, cells["fr_label"], said) if is_centred else no_label(scheme, said),
        split="test" if cells["is_confident"] else None,
        benchmark=BENCHMARK if cells["is_confident"] else None,
    )
