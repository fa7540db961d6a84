"""HII regions of the WISE catalogue in a MAGPIS picture of the Galactic plane."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catalogs.catalog import catalog, read_catalog
from catalogs.dataset import CutoutRecipe, Published
from catalogs.sky import ellipse_polygons
from catalogs.statements import Said, all_labels
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SOURCES

TITLE = "MAGPIS: HII regions of the WISE catalogue"
NAME, SCHEME, SURVEY = "magpis_hii", "smgps_extcat", "magpis"
CITE = "Anderson et al. 2014, ApJS 212, 1; Helfand et al. 2006, AJ 131, 2525"
CATALOG, FILE = "wise_hii", "catalogs/wise_hii_v2.2.csv"
SHA256 = {FILE: "33ec4dc1e4668fb0aa3e63e6746968ec84d4eef4cf47b6cd990d0302328263a9"}
CATALOGS = (CATALOG,)
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published how many rows lie inside the picture
SIDE_OVER_DIAMETER, LEAST_SIDE_ARCSEC = 1.5, 60.0  # the paper's margin about extended sources; ten beams


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every row of the catalogue; which of them the picture covers is found when windows are made.

    A region that is known, or in a group with known ones, has the label HII; of a candidate nothing is known. The other
    labels are unknown: something else may well lie there too. Refused: `unknown-class`, and what the reader refuses.
    """
    del mosaics  # a catalogue knows its own positions
    read = read_catalog(raw / FILE, catalog(CATALOG))
    scheme, refused, rows = label_scheme(SCHEME), list(read.rejections), list[dict[str, Any]]()
    cells = read.table.to_pylist()
    wide = np.array([2 * one["radius_arcsec"] for one in cells])
    place = [np.array([one[name] for one in cells]) for name in ("ra_deg", "dec_deg")]
    outlines = ellipse_polygons(*place, np.stack([wide, wide], axis=-1), np.zeros(len(cells)))
    for one, outline, width in zip(cells, outlines, wide.tolist(), strict=True):
        try:
            labels = _labels(scheme, one)
        except CatalogError as error:
            refused.append(Rejection(f"{FILE}:{one['row']}", "unknown-class", str(error), one))
            continue
        rows.append(
            {
                "source_id": content_id("source", NAME, FILE, one["name"]),
                "source_name": one["name"],
                "dataset": NAME,
                "survey": SURVEY,
                "scheme": SCHEME,
                "ra_deg": one["ra_deg"],
                "dec_deg": one["dec_deg"],
                "sky_polygon_deg": outline.tolist(),
                "side_arcsec": max(LEAST_SIDE_ARCSEC, SIDE_OVER_DIAMETER * width),
                "labels": labels,
                "origin_catalog": FILE,
                "origin_row": one["row"],
            }
        )
    return sieved(SOURCES.of(rows), refused, read.n_in)


def _labels(scheme: LabelScheme, cells: dict[str, Any]) -> list[dict[str, Any]]:
    """Statements from the class of a row, which the catalogue's own door translates."""
    rule = catalog(CATALOG).labels
    word = cells["class_name"] or ""
    ours = rule.names.get(word, word) if rule else word
    label = scheme.harmonised(ours) if ours or not word else ""
    present = {label: Truth.PRESENT} if label else {}
    return all_labels(scheme, present, {label: word} if label else {}, Said(Tier.EXPERT, FILE, cells["row"]))
