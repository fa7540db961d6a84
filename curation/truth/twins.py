"""TWINS: cutouts of different surveys or datasets that show the same sky, and where their labels disagree.

Reads CUTOUTS and SOURCES of every dataset of the corpus. Splits keep twins together anyway, for they are near; here
they are named, so that a picture of one survey can be told beside that of another.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from catalogs.sky import box_polygon, unit_vectors
from curation.engine.steps import Input, Resources, Step
from curation.truth.convex import area, in_plane, shared_area
from curation.truth.discs import Discs, near_pairs
from schemas.errors import TableError
from schemas.labels import Truth, plain_label
from schemas.rejection import Sieved, sieved
from schemas.tables import TWINS

CUTOUT_COLUMNS = (
    "cutout_id", "source_id", "dataset", "survey", "ra_deg", "dec_deg", "sky_polygon_deg", "width_px", "height_px",
    "pixel_x_arcsec",
    "pixel_y_arcsec",
)  # fmt: skip
SOURCE_COLUMNS = ("source_id", "labels")
# Of all the labels that several schemes have, only these mean the same in each: "extended" does not.
FANAROFF_RILEY = {"FR1": "FR-I", "FR2": "FR-II", "FR-I": "FR-I", "FR-II": "FR-II"}
Row = dict[str, Any]


class TwinConfig(BaseModel):
    """How much two cutouts must share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_overlap: float = Field(default=0.2, gt=0, le=1)
    """Of the smaller one's sky."""


def twins(cutouts: Sequence[pa.Table], sources: Sequence[pa.Table], config: TwinConfig) -> Sieved:
    """Each pair that shares enough sky, once; *in* are these pairs. Cutouts without a place on the sky have no twin.

    A conflict is a label that one source has and the other is known not to have: of the same scheme, or FR-I and FR-II
    in any two schemes. A pair has the lower id on its left.
    """
    rows = pa.concat_tables(one.select(CUTOUT_COLUMNS) for one in cutouts).sort_by("cutout_id").to_pylist()
    rows = [
        one for one in rows if None not in (one["ra_deg"], one["dec_deg"], one["pixel_x_arcsec"], one["pixel_y_arcsec"])
    ]
    said = {one["source_id"]: one["labels"] or () for table in sources
            for one in table.select(SOURCE_COLUMNS).to_pylist()}  # fmt: skip
    strays = [one["cutout_id"] for one in rows if one["source_id"] not in said]
    if strays:
        raise TableError(f"{len(strays)} cutouts show a source that SOURCES do not have, first {strays[0]}")
    found = [_twin(left, right, apart, share, said) for left, right, apart, share in _pairs(rows, config)]
    found.sort(key=lambda one: (one["left_id"], one["right_id"]))
    return sieved(TWINS.of(found), [], len(found))


def twins_step(corpus_name: str, pairs: Sequence[tuple[Step, Step]], config: TwinConfig = TwinConfig()) -> Step:
    """The whole step over every dataset's (cutouts, sources)."""
    cutouts = [Input(cutout_step, columns=CUTOUT_COLUMNS) for cutout_step, _ in pairs]
    sources = [Input(source_step, columns=SOURCE_COLUMNS) for _, source_step in pairs]
    return Step(
        f"twins/{corpus_name}",
        _twins_of_all,
        TWINS,
        config=(config,),
        inputs=(*cutouts, *sources),
        counts="pairs of overlapping cutouts",
        resources=Resources(cpus=1, memory_mb=1000),
    )


def conflicts(left: Sequence[Row], right: Sequence[Row]) -> list[str]:
    """Labels that one says are present and the other absent, each as "label: scheme says so, scheme denies it"."""
    first, second = _stated(left), _stated(right)
    found = set[str]()
    for here, there in ((first, second), (second, first)):
        for meaning in here.keys() & there.keys():
            for scheme, label in here[meaning][Truth.PRESENT]:
                found |= {f"{label}: {scheme} says so, {other} denies it" for other, _ in there[meaning][Truth.ABSENT]}
    return sorted(found)


def _twins_of_all(*tables_and_config: Any) -> Sieved:
    *tables, config = tables_and_config
    return twins(tables[: len(tables) // 2], tables[len(tables) // 2 :], config)


def _pairs(rows: list[Row], config: TwinConfig) -> Iterator[tuple[Row, Row, float, float]]:
    """Pairs of other survey or dataset that share enough: the two rows, how far apart, how much of the smaller."""
    radius = np.array([np.hypot(*_sides_arcsec(one)) / 2 for one in rows])
    place = [np.array([one[name] for one in rows], float) for name in ("ra_deg", "dec_deg")]
    discs = Discs.at(*place, radius, np.zeros(len(rows)))
    outlines = [_outline(one) for one in rows]
    kinds = np.unique([f"{one['dataset']} {one['survey']}" for one in rows], return_inverse=True)[1]
    for left, right in near_pairs(discs):
        other = kinds[left] != kinds[right]
        left, right = left[other], right[other]
        apart = discs.separation_arcsec(left, right)
        for i, j, separation in zip(left.tolist(), right.tolist(), apart.tolist(), strict=True):
            middle = discs.vectors[i] + discs.vectors[j]
            share = _overlap(outlines[i], outlines[j], middle / np.linalg.norm(middle))
            if share >= config.least_overlap:
                yield rows[i], rows[j], separation, share


def _outline(row: Row) -> np.ndarray:
    """Corners as directions; of a cutout with a corner off the sky, those of a square north up."""
    polygon = row["sky_polygon_deg"]
    if polygon is None:
        polygon = box_polygon(row["ra_deg"], row["dec_deg"], *_sides_arcsec(row))
    return unit_vectors(polygon[0::2], polygon[1::2])


def _sides_arcsec(row: Row) -> tuple[float, float]:
    return row["width_px"] * row["pixel_x_arcsec"], row["height_px"] * row["pixel_y_arcsec"]


def _overlap(left: np.ndarray, right: np.ndarray, middle: np.ndarray) -> float:
    """Shared area over the smaller area, in the plane between the two."""
    first, second = in_plane(left, middle), in_plane(right, middle)
    smaller = min(abs(area(first)), abs(area(second)))
    return min(1.0, shared_area(first, second) / smaller) if smaller else 0.0


def _twin(left: Row, right: Row, apart: float, share: float, said: dict[str, Sequence[Row]]) -> Row:
    left, right = sorted((left, right), key=lambda one: one["cutout_id"])
    sides = {"left": left, "right": right}
    names = {f"{side}_{name}": one[name] for side, one in sides.items() for name in ("dataset", "survey")}
    ids = {f"{side}_id": one["cutout_id"] for side, one in sides.items()}
    found = conflicts(said[left["source_id"]], said[right["source_id"]])
    return {**ids, **names, "separation_arcsec": apart, "overlap": share, "conflicts": found}


def _stated(labels: Sequence[Row]) -> dict[tuple[str, str], dict[str, set[tuple[str, str]]]]:
    """What is said, by what it means: for present and for absent, the schemes and labels that say it."""
    found: dict[tuple[str, str], dict[str, set[tuple[str, str]]]] = {}
    for one in labels:
        if one["state"] == Truth.UNKNOWN:
            continue
        common = FANAROFF_RILEY.get(plain_label(one["label"]))
        meaning = ("", common) if common else (one["scheme"], one["label"])
        states = found.setdefault(meaning, {Truth.PRESENT: set(), Truth.ABSENT: set()})
        states[one["state"]].add((one["scheme"], common or one["label"]))
    return found
