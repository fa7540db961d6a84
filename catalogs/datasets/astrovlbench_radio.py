"""AstroVLBench's radio task as sky that nothing may be trained on: MiraBest's confident pictures, by their names.

Its pictures are PNGs, so no corpus shows them; `evaluate/picture_sets/astrovlbench_*.toml` ask about them. Here its two
lists give one place for each source, FIRST and NVSS together. How wide its pictures are nobody says, so what is sealed
about each is what is sealed about a picture of unknown size. Ren et al. 2026; Porter & Scaife 2023.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.formats.plain_json import read_json_lines
from catalogs.statements import Said, no_label, one_label
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.labels import Tier, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SOURCES

NAME = "astrovlbench_radio"
TITLE = "AstroVLBench, task 2: MiraBest in FIRST and NVSS, for its sky alone"
SCHEME, SURVEY = "mirabest", "first"
CITE = "Ren et al. 2026, arXiv 2604.24589; Porter & Scaife 2023, RASTI 2, 293"
FOLDER = "benchmarks/astrovlbench/data/Task2_RadioMorph"
LISTS = tuple(f"{FOLDER}/{folder}/metadata.jsonl" for folder in ("MiraBest_F", "MiraBest_N"))
SHA256 = dict.fromkeys(LISTS, "")  # nobody here has the files
CUTOUT = CutoutRecipe()
PUBLISHED = Published(source="the data card of AstroVLBench", n_images=833)
BENCHMARK = "astrovlbench_radio"
PLACE = re.compile(r"\d{3}_(?P<ra>\d{3}\.\d{3})(?P<dec>[+-]\d{3}\.\d{3})_.*")


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """One row for each source that a list names; *in* are the rows of both lists.

    Refused: `same-source`, a row of a source that was named before; `no-position`, a file name that says no place.
    """
    del mosaics  # none of its pictures has one
    scheme = label_scheme(SCHEME)
    rows, refused, seen, n_in = dict[str, dict[str, Any]](), list[Rejection](), dict[str, str](), 0
    for file in LISTS:
        for number, row in enumerate(read_json_lines(raw / file)):
            n_in += 1
            where, name = f"{file}:{number}", PurePosixPath(str(row.get("filename", ""))).stem
            place = PLACE.fullmatch(name)
            if place is None:
                refused.append(Rejection(where, "no-position", f"filename {row.get('filename')!r:.100}", dict(row)))
                continue
            if seen.setdefault(name, where) != where:
                refused.append(Rejection(where, "same-source", f"{name} stands in {seen[name]} too", dict(row)))
                continue
            said = Said(Tier.EXPERT, file, number)
            try:
                labels = one_label(scheme, scheme.harmonised(str(row.get("label"))), str(row.get("label")), said)
            except CatalogError:
                labels = no_label(scheme, said)
            rows[name] = {
                "source_id": content_id("source", NAME, name),
                "source_name": name,
                "dataset": NAME,
                "survey": SURVEY,
                "scheme": SCHEME,
                "ra_deg": float(place["ra"]),
                "dec_deg": float(place["dec"]),
                "labels": labels,
                "split": "test",
                "benchmark": BENCHMARK,
                "origin_catalog": file,
                "origin_row": number,
            }
    return sieved(SOURCES.of(list(rows.values())), refused, n_in)
