"""Demo: the radio galaxies of the synthetic sky with their class; the confident ones are a sealed benchmark."""

import csv
from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from schemas.fingerprint import content_id
from schemas.labels import Label, Tier, Truth, label_scheme
from schemas.rejection import Sieved, sieved
from schemas.tables import SOURCES

TITLE = "Synthetic Fanaroff-Riley galaxies"
SCHEME, SURVEY = "mirabest", "demo_wide"
CITE = "radio-corpus, curation/demo.py"
FILE = "catalogs/demo_fanaroff.csv"
SHA256 = {FILE: ""}  # the demo writes it anew
CUTOUT = CutoutRecipe()
PUBLISHED = Published()
BENCHMARK = "demo_fanaroff_riley"
SIDE_ARCSEC = 112.0


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """SOURCES, one a galaxy; *in* are the rows of the file."""
    scheme = label_scheme(SCHEME)
    lines = list(csv.DictReader((raw / FILE).read_text(encoding="utf-8").splitlines()))
    rows = [
        {
            "source_id": content_id("source", "demo_fanaroff", FILE, line["name"]),
            "source_name": line["name"],
            "dataset": "demo_fanaroff",
            "survey": SURVEY,
            "scheme": SCHEME,
            "ra_deg": float(line["ra_deg"]),
            "dec_deg": float(line["dec_deg"]),
            "side_arcsec": SIDE_ARCSEC,
            "labels": [
                Label(
                    scheme=SCHEME, label=name, original=line["fr_class"],
                    state=Truth.PRESENT if name == scheme.harmonised(line["fr_class"]) else Truth.ABSENT,
                    tier=Tier.RULE, catalog=FILE, row=k,
                ).model_dump(mode="json")
                for name in scheme.labels
            ],
            "split": "test" if line["confident"] == "true" else None,
            "benchmark": BENCHMARK if line["confident"] == "true" else None,
            "origin_catalog": FILE,
            "origin_row": k,
        }
        for k, line in enumerate(lines)
    ]  # fmt: skip
    return sieved(SOURCES.of(rows), [], len(lines))
