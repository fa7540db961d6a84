"""Demo: fields of the synthetic sky with several labels each, exhaustively annotated (no label means absent)."""

import csv
from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from schemas.fingerprint import content_id
from schemas.labels import Label, LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SOURCES

TITLE = "Synthetic multi-label fields"
SCHEME, SURVEY = "radioimg_multilabel", "demo_wide"
CITE = "radio-corpus, curation/demo.py"
FILE = "catalogs/demo_fields.csv"
SHA256 = {FILE: ""}  # the demo writes it anew
CUTOUT = CutoutRecipe(most_blank=0.6)
PUBLISHED = Published()


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """SOURCES, one a field; *in* are the rows of the file."""
    scheme, rows, refused = label_scheme(SCHEME), [], []
    lines = list(csv.DictReader((raw / FILE).read_text(encoding="utf-8").splitlines()))
    for k, line in enumerate(lines):
        if not line["ra_deg"] or not line["dec_deg"]:
            refused.append(Rejection(f"{FILE}:{k}", "no-position", "ra_deg and dec_deg are empty", line))
            continue
        rows.append(
            {
                "source_id": content_id("source", "demo_multilabel", FILE, line["field"]),
                "source_name": line["field"],
                "dataset": "demo_multilabel",
                "survey": SURVEY,
                "scheme": SCHEME,
                "ra_deg": float(line["ra_deg"]),
                "dec_deg": float(line["dec_deg"]),
                "side_arcsec": float(line["side_arcsec"]),
                "labels": _labels(scheme, line["labels"].split(";"), k),
                "split": line["split"] or None,
                "origin_catalog": FILE,
                "origin_row": k,
            }
        )
    return sieved(SOURCES.of(rows), refused, len(lines))


def _labels(scheme: LabelScheme, given: list[str], row: int) -> list[dict[str, object]]:
    originals = {scheme.harmonised(one): one for one in given}
    present = scheme.with_implied(originals)
    return [
        Label(
            scheme=scheme.name, label=name, original=originals.get(name, name),
            state=Truth.PRESENT if name in present else Truth.ABSENT, tier=Tier.RULE, catalog=FILE, row=row,
        ).model_dump(mode="json")
        for name in scheme.labels
    ]  # fmt: skip
