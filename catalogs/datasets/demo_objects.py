"""Demo: what a detector found on the synthetic Galactic mosaic, as ellipses with caesar-mrcnn classes."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from astropy.table import Table

from catalogs.dataset import CutoutRecipe, Published
from catalogs.sky import ellipse_polygon
from schemas.fingerprint import content_id
from schemas.labels import Label, Tier, Truth
from schemas.rejection import Sieved, sieved
from schemas.tables import OBJECTS, SOURCES

TITLE = "Synthetic detections"
SCHEME, SURVEY = "caesar_mrcnn", "demo_galactic"
CITE = "radio-corpus, curation/demo.py"
FILE = "catalogs/demo_objects.fits"
SHA256 = {FILE: ""}  # the demo writes it anew
CUTOUT = CutoutRecipe()
PUBLISHED = Published()
SIDE_ARCSEC = 120.0


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """SOURCES, one a detection; the classes are the objects'. *In* are the rows of the file."""
    rows = [
        {
            "source_id": _source_id(row),
            "source_name": row["Name"],
            "dataset": "demo_objects",
            "survey": SURVEY,
            "scheme": SCHEME,
            "ra_deg": row["RA"],
            "dec_deg": row["Dec"],
            "side_arcsec": SIDE_ARCSEC,
            "labels": [],
            "origin_catalog": FILE,
            "origin_row": k,
        }
        for k, row in enumerate(_rows(raw))
    ]
    return sieved(SOURCES.of(rows), [], len(rows))


def read_objects(raw: Path, mosaics: pa.Table) -> Sieved:
    """OBJECTS, one a detection; *in* are the rows of the file."""
    rows = [
        {
            "object_id": content_id("object", "demo_objects", FILE, row["Name"]),
            "object_name": row["Name"],
            "dataset": "demo_objects",
            "source_id": _source_id(row),
            "ra_deg": row["RA"],
            "dec_deg": row["Dec"],
            "sky_polygon_deg": ellipse_polygon(row["RA"], row["Dec"], row["Maj"], row["Min"], row["PA"]),
            "labels": [
                Label(
                    scheme=SCHEME, label=row["Class"], original=row["Class"], state=Truth.PRESENT, tier=Tier.RULE,
                    catalog=FILE, row=k, confidence=row["Score"],
                ).model_dump(mode="json")
            ],
            "score": row["Score"],
            "detector": "curation/demo.py",
            "origin_catalog": FILE,
            "origin_row": k,
        }
        for k, row in enumerate(_rows(raw))
    ]  # fmt: skip
    return sieved(OBJECTS.of(rows), [], len(rows))


def _source_id(row: dict[str, Any]) -> str:
    return content_id("source", "demo_objects", FILE, row["Name"])


def _rows(raw: Path) -> list[dict[str, Any]]:
    table = Table.read(raw / FILE)
    columns = [table[name].tolist() for name in table.colnames]
    return [dict(zip(table.colnames, row, strict=True)) for row in zip(*columns, strict=True)]
