"""LoTSS DR1 sources of two fields, with the outlines of PyBDSF's ellipses and LoMorph's classes where one matches."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catalogs.catalog import catalog, read_catalog
from catalogs.dataset import CutoutRecipe, Published
from catalogs.sky import Reals, ellipse_polygons, nearest, unit_vectors
from catalogs.statements import Said, all_labels, no_label
from schemas.fingerprint import content_id
from schemas.labels import LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Sieved, sieved
from schemas.tables import OBJECTS, SOURCES

NAME = "lotss_dr1"
TITLE = "LoTSS DR1 sources with LoMorph morphology"
SCHEME = "lomorph"
SURVEY = "lotss_dr1"
CITE = "Shimwell et al. 2019, A&A 622, A1; Mingo et al. 2019, MNRAS 488, 2701"
FILE, LOMORPH = "catalogs/lotss_dr1_sources.fits.gz", "catalogs/lotss_lomorph_mingo2019.fits.gz"
SHA256 = {
    FILE: "829ebdff6f0437d7cd0b3e26464e70c78d03b458c67a882a58293210423af6d2",
    LOMORPH: "1e87d944992dadb4d90ab59d7b9d349b7ffcd8c56b75320f75d86c6195dd63d9",
}
CATALOGS = ("lotss_dr1_sources", "lotss_lomorph")
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published how many sources lie inside the two mosaics
SIDE_ARCSEC, SIDE_OVER_MAJOR = 120.0, 3.0
MATCH_RADIUS_ARCSEC = 5.0  # just under the 6 arcsec beam
# Maj and Min are FWHM, and an outline at half maximum would cut a source's wings off: 94 % of a Gaussian's flux
# lies inside the ellipse that is twice as wide.
WIDTH_OVER_FWHM = 2.0
FLAGS = {
    "FR1": ("is_fr1", "FR1"), "FR2": ("is_fr2", "FR2"), "INDETERMINATE": ("is_indeterminate", "Indeterminate"),
    "SMALL": ("is_small", "Small"), "NAT": ("is_nat", "NAT"), "WAT": ("is_wat", "WAT"),
    "D-D": ("is_double_double", "D-D"),
}  # fmt: skip
"""Label: our column of LoMorph, and its name there."""


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every row of the source list; which of them a mosaic covers is found when windows are made."""
    del mosaics  # a catalogue knows its own positions
    read = read_catalog(raw / FILE, catalog("lotss_dr1_sources"))
    rows = read.table.to_pylist()
    outlines, labels = _outlines(rows), _labels(raw, rows, label_scheme(SCHEME))
    sources = [
        {
            **_origin(row),
            "source_id": _source_id(row),
            "source_name": row["name"],
            "survey": SURVEY,
            "scheme": SCHEME,
            "sky_polygon_deg": outline.tolist(),
            "side_arcsec": max(SIDE_ARCSEC, SIDE_OVER_MAJOR * row["major_arcsec"]),
            "labels": statements,
        }
        for row, outline, statements in zip(rows, outlines, labels, strict=True)
    ]
    return sieved(SOURCES.of(sources), read.rejections, read.n_in)


def read_objects(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every row of the source list as an object, its outline the fitted ellipse at twice the FWHM; no labels."""
    del mosaics
    read = read_catalog(raw / FILE, catalog("lotss_dr1_sources"))
    rows = read.table.to_pylist()
    objects = [
        {
            **_origin(row),
            "object_id": content_id("object", NAME, FILE, row["name"]),
            "object_name": row["name"],
            "source_id": _source_id(row),
            "sky_polygon_deg": outline.tolist(),
            "peak_mjy_per_beam": row["peak_mjy_per_beam"],
            "flux_mjy": row["flux_mjy"],
            "labels": [],
            "detector": "PyBDSF",
        }
        for row, outline in zip(rows, _outlines(rows), strict=True)
    ]
    return sieved(OBJECTS.of(objects), read.rejections, read.n_in)


def _origin(row: dict[str, Any]) -> dict[str, Any]:
    position = {"ra_deg": row["ra_deg"], "dec_deg": row["dec_deg"]}
    return {"dataset": NAME, "origin_catalog": FILE, "origin_row": row["row"], **position}


def _source_id(row: dict[str, Any]) -> str:
    return content_id("source", NAME, FILE, row["name"])


def _outlines(rows: list[dict[str, Any]]) -> Reals:
    ra, dec, pa_deg = (np.array([row[name] for row in rows]) for name in ("ra_deg", "dec_deg", "pa_deg"))
    fwhm = np.array([[row["major_arcsec"], row["minor_arcsec"]] for row in rows]).reshape(-1, 2)
    return ellipse_polygons(ra, dec, WIDTH_OVER_FWHM * fwhm, pa_deg)


def _labels(raw: Path, rows: list[dict[str, Any]], scheme: LabelScheme) -> list[list[dict[str, Any]]]:
    """The statements of each row: LoMorph's, where they are nearest to each other; else all unknown."""
    lomorph = read_catalog(raw / LOMORPH, catalog("lotss_lomorph")).table.to_pylist()
    ours, theirs = (
        unit_vectors([one["ra_deg"] for one in table], [one["dec_deg"] for one in table]) for table in (rows, lomorph)
    )
    there = nearest(ours, theirs, MATCH_RADIUS_ARCSEC).index
    back = nearest(theirs, ours, MATCH_RADIUS_ARCSEC).index
    originals = {label: name for label, (_, name) in FLAGS.items()}
    statements = list[list[dict[str, Any]]]()
    for index, match in enumerate(there):
        if match < 0 or back[match] != index:
            statements.append(no_label(scheme, Said(Tier.MATCH, LOMORPH)))
            continue
        said = Said(Tier.MATCH, LOMORPH, lomorph[match]["row"])
        statements.append(all_labels(scheme, truths(lomorph[match]), originals, said))
    return statements


def truths(row: dict[str, Any]) -> dict[str, Truth]:
    """What a row of LoMorph says of each label; labels that are left out are unknown.

    A flag that is set is present. One that is not set is absent only where another flag speaks against it: a source
    that is merely small or indeterminate may be of either type, and tails and double-doubles were told only among
    sources with a type.
    """
    flags = {label: bool(row[column]) for label, (column, _) in FLAGS.items()}
    against = {
        "FR1": flags["FR2"],
        "FR2": flags["FR1"],
        "INDETERMINATE": flags["FR1"] or flags["FR2"],
        "SMALL": any(flags.values()),
        **dict.fromkeys(("NAT", "WAT", "D-D"), flags["FR1"] or flags["FR2"]),
    }
    present = {label: Truth.PRESENT for label, is_set in flags.items() if is_set}
    return {label: Truth.ABSENT for label, speaks in against.items() if speaks} | present
