"""The FIRST pictures of MiraBest and the table of their classes, which the datasets `mirabest` and `rgz_smorph` share.

A picture's name holds class, position, redshift and size; where name and header disagree, the header is right, and the
distance is reported.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs.catalog import catalog, read_catalog
from catalogs.sky import separation_arcsec
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SOURCES

CATALOG = "first_mirabest_labels"
FILE = "catalogs/first_mirabest_labels.csv"
SHA256 = {FILE: "ae14428ba8162c4268b218a9d8db5a37b48fc8f8b1bbc6c72b755d7fa07a531e"}
FOLDER = "images/first_mirabest"
NAME = re.compile(r"\d{3}_(?P<ra>\d{3}\.\d{3})(?P<dec>[+-]\d{3}\.\d{3})_\d\.\d{4}_\d{4}\.\d{2}")


@dataclass(frozen=True)
class Picture:
    """A row of the table with the picture it is about: the centre from the picture's header, null without WCS."""

    name: str
    path: str
    row: int
    ra_deg: float | None
    dec_deg: float | None
    name_offset_arcsec: float | None
    cells: Mapping[str, Any]
    """The row, by our names of its columns."""

    def source(self, dataset: str, **more: Any) -> dict[str, Any]:
        """What both datasets say of it, as a row of SOURCES, and `more`."""
        return {
            "source_id": content_id("source", dataset, FILE, self.name),
            "source_name": self.name,
            "dataset": dataset,
            "survey": "first",
            "ra_deg": self.ra_deg,
            "dec_deg": self.dec_deg,
            "image_path": self.path,
            "name_offset_arcsec": self.name_offset_arcsec,
            "origin_catalog": FILE,
            "origin_row": self.row,
            **more,
        }

    def refused(self, reason: str, detail: str) -> Rejection:
        """The refusal of this row."""
        return Rejection(f"{FILE}:{self.row}", reason, detail, self.cells)


def read_pictures(raw: Path, mosaics: pa.Table, source: Callable[[Picture], dict[str, Any] | Rejection]) -> Sieved:
    """SOURCES made by `source` of each row whose picture is among `mosaics`; *in* are the rows of the table.

    Refused: `no-picture`, whatever the table's reader refuses, and whatever `source` does.
    """
    read = read_catalog(raw / FILE, catalog(CATALOG))
    centres = {one["mosaic"]: one for one in mosaics.select(["mosaic", "ra_deg", "dec_deg"]).to_pylist()}
    rejections, rows = list(read.rejections), list[dict[str, Any]]()
    for cells in read.table.to_pylist():
        path = f"{FOLDER}/{cells['file']}"
        if path not in centres:
            detail = f"no readable picture {path}; see the rejected rows of mosaics/first"
            rejections.append(Rejection(f"{FILE}:{cells['row']}", "no-picture", detail, cells))
            continue
        made = source(_picture(cells, path, centres[path]))
        if isinstance(made, Rejection):
            rejections.append(made)
        else:
            rows.append(made)
    return sieved(SOURCES.of(sorted(rows, key=lambda one: one["origin_row"])), rejections, read.n_in)


def label_of(scheme: LabelScheme, original: str, row: int, raw: Path) -> str:
    """The scheme's name for what a cell says. Raises CatalogError with file and row for an unknown label."""
    try:
        return scheme.harmonised(original)
    except CatalogError as error:
        raise CatalogError(f"{raw / FILE}, data row {row}: {error}") from error


def _picture(cells: Mapping[str, Any], path: str, centre: Mapping[str, Any]) -> Picture:
    ra, dec, offset = centre["ra_deg"], centre["dec_deg"], None
    position = NAME.match(cells["file"])
    if position and ra is not None:
        offset = float(separation_arcsec(float(position["ra"]), float(position["dec"]), ra, dec)[0])
    name = cells["file"].removesuffix(".gz").removesuffix(".fits")
    return Picture(name, path, cells["row"], ra, dec, offset, cells)
