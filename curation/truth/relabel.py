"""OBJECTS completed: what a catalogue says of an object, and what a detector says of it, or of one that it missed.

Reads the OBJECTS of a dataset and its detections. Riggi et al. 2025, A.2: RG-CAT's objects with the classes of
caesar-mrcnn. An object keeps its own outline; the detection's labels are added to its labels. A detection that matches
nothing becomes an object of its own.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

import catalogs
from catalogs.database import connect, read_sql
from catalogs.dataset import Dataset
from catalogs.sky import unit_vectors
from curation.engine.steps import Input, Step
from curation.truth.convex import Outlines, boxes_in_planes
from curation.truth.objects import objects as objects_of
from curation.truth.sources import READ_OF_MOSAICS, dataset_facts
from schemas.labels import Tier
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import OBJECTS

SQL = Path(catalogs.__file__).parent / "relabel.sql"
AS_READ = "objects_as_read"
"""The kind of step that holds OBJECTS before they are completed; `objects/<dataset>` is what comes out."""
CORNERS = ("x_min", "y_min", "x_max", "y_max")
Row = dict[str, Any]


class RelabelConfig(BaseModel):
    """When a detection is the same thing as an object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_iou: float = Field(default=0.3, gt=0, le=1)
    """Overlap of the upright boxes, intersection over union. Below it a pair still counts where the centre of each box
    lies in the other."""


@dataclass(frozen=True)
class Completion:
    """What was published of a dataset that somebody completed in this way."""

    source: str
    n_objects: int
    matched_share: float
    n_all: int


# "About 78 %" does not say of which list; we compare it with the share of the catalogue's objects.
COMPLETIONS = {"emu_pilot_rgcat": Completion("Riggi et al. 2025, A.2", 185_294, 0.78, 231_439)}


def relabelled(objects: pa.Table, detections: pa.Table, config: RelabelConfig) -> Sieved:
    """OBJECTS, those of the catalogue first, then the detections that are none of them. *In* are both.

    Refused: `merged`, a detection that is an object of the catalogue, whose labels that object now bears: nothing of
    it is lost, and the reasons of the table say how many were matched.
    """
    matched = _matched(objects, detections, config)
    by_id = {one["object_id"]: one for one in detections.to_pylist()}
    kept, refused = list[Row](), list[Rejection]()
    for one in objects.to_pylist():
        match = matched.get(one["object_id"])
        if match is None:
            kept.append(one)
            continue
        detection = by_id.pop(match["right_id"])
        kept.append({**one, "labels": [*(one["labels"] or ()), *_labels(detection)]})
        detail = f"is {one['object_id']} ({one['object_name']}); their boxes overlap by {match['box_iou']:.2f}"
        refused.append(Rejection(detection["object_id"], "merged", detail, detection))
    kept += [{**one, "labels": _labels(one)} for one in by_id.values()]
    return sieved(OBJECTS.of(kept), refused, objects.num_rows + detections.num_rows)


def relabel_step(dataset_name: str, objects: Step, detections: Step, config: RelabelConfig = RelabelConfig()) -> Step:
    """The step that makes `objects/<dataset>` of a dataset with detections, whole.

    The objects before it are made as `objects_as_read/<dataset>`, so that nobody takes one table for the other.
    """
    as_read = replace(objects, name=f"{AS_READ}/{dataset_name}")
    return Step(
        name=f"objects/{dataset_name}",
        make=relabelled,
        table=OBJECTS,
        config=(config,),
        inputs=(Input(as_read), Input(detections)),
        counts="objects of the catalogue, and detections",
    )


def detections_step(dataset: Dataset, mosaics_step: Step, raw: Path) -> Step:
    """The step that makes `detections/<dataset>`: held against the same rules as `objects/<dataset>`."""
    read = replace(dataset, read_objects=dataset.read_detections)
    return Step(
        name=f"detections/{dataset.name}",
        make=partial(objects_of, dataset=read, raw=raw),
        table=OBJECTS,
        config=(dataset_facts(dataset, raw, "detections"),),
        inputs=(Input(mosaics_step, columns=READ_OF_MOSAICS),),
        counts="detections",
    )


def _labels(detection: Row) -> list[Row]:
    """A detector's labels are a model's, and as sure as its score says."""
    return [
        {**one, "tier": Tier.MODEL.value, "confidence": detection["score"] if one["confidence"] is None else
         one["confidence"]} for one in detection["labels"] or ()
    ]  # fmt: skip


def _matched(objects: pa.Table, detections: pa.Table, config: RelabelConfig) -> dict[str, Row]:
    """For each object with a detection: the detection's id and how well they fit."""
    pairs = pa.concat_tables([_pairs_on_sky(objects, detections), _pairs_in_pictures(objects, detections)])
    with connect({"pairs": pairs}) as db:
        db.execute("SET VARIABLE least_iou = $least_iou", {"least_iou": config.least_iou})
        rows = db.sql(read_sql(SQL)).to_arrow_table().to_pylist()
    return {one["left_id"]: one for one in rows}


def _pairs_on_sky(objects: pa.Table, detections: pa.Table) -> pa.Table:
    """Pairs near each other on the sky, with their boxes east and north of the object, in arcsec."""
    left, right = (_with(table, "sky_polygon_deg") for table in (objects, detections))
    first, second = (_outlines(table["sky_polygon_deg"].to_pylist()) for table in (left, right))
    paths = [table["image_path"].to_numpy(zero_copy_only=False) for table in (left, right)]
    found = [_pair_table([], [], np.empty((0, 4)), np.empty((0, 4)))]
    for i, j in first.near(second):
        # A picture has its own detections: of two pictures that overlap, each keeps its own.
        same = np.array([None in (a, b) or a == b for a, b in zip(paths[0][i], paths[1][j], strict=True)], bool)
        i, j = i[same], j[same]
        boxes = boxes_in_planes(first, second, i, j)
        found.append(_pair_table(_ids(left)[i], _ids(right)[j], *boxes))
    return pa.concat_tables(found)


def _pairs_in_pictures(objects: pa.Table, detections: pa.Table) -> pa.Table:
    """Pairs in one picture, where one of the two has no place on the sky, with their boxes in its pixels."""
    left, right = (_with(table, "image_polygon_px") for table in (objects, detections))
    by_picture: dict[str, list[int]] = {}
    for k, path in enumerate(right["image_path"].to_pylist()):
        by_picture.setdefault(path, []).append(k)
    is_placed = [[one is not None for one in table["sky_polygon_deg"].to_pylist()] for table in (left, right)]
    both = [
        (i, j) for i, path in enumerate(left["image_path"].to_pylist()) if path is not None
        for j in by_picture.get(path, ()) if not (is_placed[0][i] and is_placed[1][j])
    ]  # fmt: skip
    i, j = (np.array(one, np.int64) for one in (zip(*both, strict=True) if both else ([], [])))
    boxes = [
        np.array([_box_px(one) for one in table["image_polygon_px"].to_pylist()], float).reshape(-1, 4)
        for table in (left, right)
    ]
    return _pair_table(_ids(left)[i], _ids(right)[j], boxes[0][i], boxes[1][j])


def _with(table: pa.Table, column: str) -> pa.Table:
    return table.filter(table[column].is_valid())


def _ids(table: pa.Table) -> NDArray[Any]:
    return table["object_id"].to_numpy(zero_copy_only=False)


def _outlines(polygons: list[list[float]]) -> Outlines:
    sizes = np.array([len(one) // 2 for one in polygons], np.int64)
    numbers = np.array([number for one in polygons for number in one], float).reshape(-1, 2)
    return Outlines.of(unit_vectors(numbers[:, 0], numbers[:, 1]), sizes)


def _box_px(polygon: list[float]) -> tuple[float, float, float, float]:
    x, y = polygon[0::2], polygon[1::2]
    return min(x), min(y), max(x), max(y)


def _pair_table(left: Any, right: Any, left_box: NDArray[np.float64], right_box: NDArray[np.float64]) -> pa.Table:
    columns: dict[str, pa.Array] = {"left_id": pa.array(left, pa.string()), "right_id": pa.array(right, pa.string())}
    for side, box in (("left", left_box), ("right", right_box)):
        columns |= {f"{side}_{name}": pa.array(box[:, k], pa.float64()) for k, name in enumerate(CORNERS)}
    return pa.table(columns)
