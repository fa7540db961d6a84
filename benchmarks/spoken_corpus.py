"""The words of a synthetic corpus without its pixels: three datasets, 256 px cutouts of 8,000 px mosaics.

Catalogues are made up, with 3.6 objects a picture; the words are those of the real steps: descriptions, answers,
quotas, conversations. Everything follows from the number of cutouts, so that the same number gives the same words.
"""

import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.wcs import WCS
from pyarrow import parquet

from catalogs.sky import ellipse_polygons
from catalogs.survey import surveys
from catalogs.wcs_sky import sky_of_pixels
from curation.pictures.boxes import Dialect
from curation.pictures.sky_pixels import wcs_text
from curation.realisation.draw import Draw
from curation.verification.annotation_tables import CUTOUT_COLUMNS
from curation.verification.claims import SurveyFacts
from curation.words.conversations import conversations
from curation.words.descriptions import descriptions, survey_facts
from curation.words.question import questions
from curation.words.quotas import answers, quotas
from curation.words.turns import asking
from schemas.fingerprint import content_id
from schemas.labels import Label, LabelScheme, Tier, Truth, label_scheme
from schemas.tables import CUTOUTS, OBJECTS, SOURCES

MOSAIC_PX, SIDE_PX, PIXEL_ARCSEC = 8000, 256, 2.0
ROWS_PER_PART = 256
OBJECTS_A_PICTURE = (0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 9)
"""A draw from these is 3.6 in the mean."""
SEED = 16
DATASETS = (
    ("spoken_fields", "radioimg_multilabel"),
    ("spoken_objects", "caesar_mrcnn"),
    ("spoken_galaxies", "mirabest"),
)
SURVEY, DIALECT = "demo_wide", "xyxy_norm"
SPLITS = ("train",) * 14 + ("validation",) * 3 + ("test",) * 3


@dataclass(frozen=True)
class Spoken:
    """A dataset's tables, its conversations by part with the cutouts that they are about."""

    name: str
    scheme: LabelScheme
    dialect: Dialect
    survey: SurveyFacts
    sources: pa.Table
    objects: pa.Table
    parts: tuple[tuple[pa.Table, pa.Table], ...]
    """Cutouts without pictures, and conversations."""


def spoken_corpus(n_cutouts: int) -> Iterator[Spoken]:
    """The three datasets, each with a third of the cutouts."""
    for at, (name, scheme) in enumerate(DATASETS):
        yield _spoken(name, label_scheme(scheme), len(range(at, n_cutouts, len(DATASETS))))


def write_spoken(n_cutouts: int, folder: Path) -> Path:
    """The tables as Parquet, a folder a dataset, which any version of the code can read; not again where they stand."""
    made = folder / str(n_cutouts)
    if made.exists():
        return made
    aside = Path(tempfile.mkdtemp(dir=folder))
    for one in spoken_corpus(n_cutouts):
        (aside / one.name).mkdir()
        said = {
            "scheme": one.scheme.name,
            "dialect": one.dialect,
            "survey": [one.survey.title, one.survey.frequency_mhz],
        }
        (aside / one.name / "dataset.json").write_text(json.dumps(said))
        tables = {"sources": one.sources, "objects": one.objects}
        for at, (cutouts, talks) in enumerate(one.parts):
            cutouts = cutouts.append_column("pixel_arcsec", cutouts["pixel_x_arcsec"])  # as older versions call it
            tables |= {f"cutouts-{at:05}": cutouts, f"conversations-{at:05}": talks}
        for name, table in tables.items():
            parquet.write_table(table, aside / one.name / f"{name}.parquet")
    return aside.rename(made)


def _spoken(name: str, scheme: LabelScheme, n: int) -> Spoken:
    cutouts, sources, objects = _tables(name, scheme, n)
    survey = survey_facts(surveys()[SURVEY])
    how = asking(scheme, tuple(questions().values()), DIALECT)
    parts = [cutouts.slice(at, ROWS_PER_PART) for at in range(0, n, ROWS_PER_PART)]
    ids = cutouts["cutout_id"].to_pylist()
    splits = pa.table({"cutout_id": ids, "split": [Draw(f"{one}:split").one(SPLITS) for one in ids]})
    able = pa.concat_tables(answers(one, sources, objects, how).kept for one in parts)
    shares = quotas(able, splits, 0.5).kept
    told = [descriptions(one, sources, objects, scheme, survey).kept for one in parts]
    talks = [
        conversations(one, text, sources, objects, shares, splits, how).kept
        for one, text in zip(parts, told, strict=True)
    ]
    return Spoken(name, scheme, DIALECT, survey, sources, objects, tuple(zip(parts, talks, strict=True)))


def _tables(name: str, scheme: LabelScheme, n: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    """CUTOUTS without pictures, SOURCES and OBJECTS; a mosaic holds as many cutouts as fit beside each other."""
    a_row = MOSAIC_PX // SIDE_PX
    chance = np.random.default_rng([SEED, n, len(name)])
    cutouts, sources, objects = list[dict](), list[dict](), list[dict]()
    for at in range(n):
        mosaic, place = divmod(at, a_row * a_row)
        row, column = divmod(place, a_row)
        wcs = _wcs(mosaic, column * SIDE_PX, row * SIDE_PX)
        key = content_id("cutout", name, at)
        ra, dec = (float(one[0]) for one in sky_of_pixels(wcs, (SIDE_PX - 1) / 2, (SIDE_PX - 1) / 2))
        seen = Draw(f"{key}:objects").one(OBJECTS_A_PICTURE)
        sources.append(_source(name, scheme, at, (ra, dec)))
        objects += _objects(name, scheme, key, wcs, chance, seen)
        blank = Draw(f"{key}:blank").one((0.0,) * 9 + (round(0.003 + 0.4 * float(chance.random()), 4),))
        cutouts.append(
            {
                "cutout_id": key, "source_id": sources[-1]["source_id"], "dataset": name, "survey": SURVEY,
                "mosaic": f"images/{name}_{mosaic}.fits", "mosaic_sha256": "0" * 64, "ra_deg": ra, "dec_deg": dec,
                "width_px": SIDE_PX, "height_px": SIDE_PX, "pixel_x_arcsec": PIXEL_ARCSEC,
                "pixel_y_arcsec": PIXEL_ARCSEC, "up_pa_deg": 0.0, "left_pa_deg": 90.0, "turn_deg": 0.0,
                "wcs_header": wcs_text(wcs), "beam_major_arcsec": 8.0, "beam_minor_arcsec": 6.0, "beam_pa_deg": 0.0,
                "beam_from": "header", "blank_fraction": blank, "png_side_px": SIDE_PX, "stretch": "asinh",
                "channels": [], "source_px": 0,
                "sha256": "0" * 64,
            }
        )  # fmt: skip
    columns = pa.schema([one for one in CUTOUTS.schema if one.name in CUTOUT_COLUMNS])
    return pa.Table.from_pylist(cutouts, columns), SOURCES.of(sources), OBJECTS.of(objects)


def _wcs(mosaic: int, x_px: int, y_px: int) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.cunit = ["RA---SIN", "DEC--SIN"], ["deg", "deg"]
    wcs.wcs.crval = [(40.0 + 6 * mosaic) % 360, 12.0]
    wcs.wcs.crpix = [MOSAIC_PX / 2 + 0.5 - x_px, MOSAIC_PX / 2 + 0.5 - y_px]
    wcs.wcs.cdelt = [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
    wcs.wcs.radesys = "ICRS"
    return wcs


def _source(name: str, scheme: LabelScheme, at: int, place: tuple[float, float]) -> dict:
    draw = Draw(f"{name}:{at}")
    labels: list[dict] = []
    if scheme.kind == "single":
        one = draw.one(list(scheme.labels))
        labels = [_label(scheme, label, is_there=label == one) for label in scheme.labels]
    elif scheme.about != "objects":
        some = scheme.with_implied([label for label in scheme.labels if draw.chance(0.25)])
        labels = [_label(scheme, label, is_there=label in some) for label in scheme.labels]
    return {
        "source_id": content_id("source", name, at), "source_name": f"{name}-{at}", "dataset": name, "survey": SURVEY,
        "scheme": scheme.name, "ra_deg": place[0], "dec_deg": place[1], "side_arcsec": SIDE_PX * PIXEL_ARCSEC,
        "labels": [] if scheme.about == "objects" else labels, "origin_catalog": "made up", "origin_row": at,
    }  # fmt: skip


def _label(scheme: LabelScheme, label: str, *, is_there: bool) -> dict:
    state = Truth.PRESENT if is_there else Truth.ABSENT
    return Label(
        scheme=scheme.name, label=label, original=label, state=state, tier=Tier.RULE, catalog="made up", row=0
    ).model_dump(mode="json")


def _objects(name: str, scheme: LabelScheme, key: str, wcs: WCS, chance: np.random.Generator, n: int) -> Iterator[dict]:
    """Ellipses well inside the cutout; with a class where the scheme is of objects."""
    if not n:
        return
    x, y = chance.uniform(24, SIDE_PX - 24, (2, n))
    ra, dec = sky_of_pixels(wcs, x, y)
    axes = np.sort(np.exp(chance.uniform(math.log(16), math.log(90), (n, 2))), axis=1)[:, ::-1]
    outlines = ellipse_polygons(ra, dec, axes, chance.uniform(0, 180, n))
    for at in range(n):
        draw = Draw(f"{key}:{at}")
        labels = [_label(scheme, draw.one(list(scheme.labels)), is_there=True)] if scheme.about == "objects" else []
        yield {
            "object_id": content_id("object", key, at), "object_name": f"{key}-{at}", "dataset": name,
            "ra_deg": float(ra[at]), "dec_deg": float(dec[at]), "sky_polygon_deg": np.ravel(outlines[at]).tolist(),
            "labels": labels, "detector": "made up", "origin_catalog": "made up", "origin_row": at,
        }  # fmt: skip
