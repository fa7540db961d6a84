"""SOURCES told by Galactic catalogues: HII region, supernova remnant, planetary nebula, pulsar.

Reads the SOURCES of a dataset and ENTRIES of the catalogues that its door names. Riggi et al. 2025, A.1: the types of
SMGPS sources come from catalogues at their position. A source in several of them has several types and is ambiguous; a
source in none is unknown, for no catalogue lists everything that is not there.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from catalogs.dataset import Dataset
from catalogs.sky import ARCSEC_PER_RADIAN, angle_arcsec, unit_vectors
from curation.engine.steps import Input, Step
from schemas.errors import RecipeError
from schemas.labels import Label, LabelScheme, Tier, Truth, label_scheme
from schemas.rejection import Sieved, sieved
from schemas.tables import SOURCES
from schemas.touches import only

AS_READ = "sources_as_read"
"""The kind of step that holds SOURCES before they are told; `sources/<dataset>` is what comes out."""
ENTRY_COLUMNS = ("catalog", "x", "y", "z", "radius_arcsec", "labels", "cells", "origin_catalog", "origin_row")
ACCURACY = "accuracy_arcsec"  # a cell of entries whose positions are coarse
Row = dict[str, Any]
Reals = NDArray[np.float64]


class ClassConfig(BaseModel):
    """What an entry of each catalogue is, and when it is the same thing as a source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: SkipValidation[LabelScheme]  # it has the fields that decide a table, not all
    classes: dict[str, str] = Field(min_length=1)
    """The label that an entry stands for, by catalogue. An entry that bears labels of the scheme stands for those that
    are present: one that has none, a candidate, says nothing."""
    tolerance_arcsec: float = Field(default=5.0, gt=0)
    """Added to the extents, beside the accuracy of coarse positions: how well two positions of one thing agree."""
    most_ratio: float = Field(default=5.0, gt=1)
    """An entry so many times as wide as the source says nothing of it: an HII region of five degrees holds most of what
    lies behind it. A source is taken to be as wide as the tolerance at least."""


def classified(sources: pa.Table, *entries_and_config: Any) -> Sieved:
    """SOURCES with a statement for every entry that is at their place; *in* are the sources, all are kept.

    `entries_and_config` are tables of ENTRIES and a ClassConfig. An entry is at a source's place where the centre of
    one lies within the other's extent and the tolerance. Statements that a source had stay, but for "unknown", which a
    new one answers; a source that nothing is at keeps all it had.
    """
    *tables, config = entries_and_config
    scheme = config.scheme
    strange = [label for label in config.classes.values() if label not in scheme.labels]
    if strange:
        raise RecipeError(f"scheme {scheme.name} has no label {', '.join(strange)}; known: {', '.join(scheme.labels)}")
    rows = sources.to_pylist()
    found: dict[int, list[Row]] = {}
    for table in tables:
        for k, entry in _at_place(rows, table.select(ENTRY_COLUMNS), config):
            found.setdefault(k, []).append(entry)
    order = {label: k for k, label in enumerate(scheme.labels)}
    for k, entries in found.items():
        said = [one for entry in entries for one in _statements(entry, config)]
        said.sort(key=lambda one: (order[one["label"]], one["catalog"], one["row"]))
        rows[k]["labels"] = _with(rows[k]["labels"] or [], said)
    return sieved(SOURCES.of(rows), [], len(rows))


def classes_step(
    dataset: Dataset, sources: Step, entries: Mapping[str, Step], config: ClassConfig | None = None
) -> Step:
    """The step that makes `sources/<dataset>` of a dataset whose door names catalogues, whole.

    `entries` are the steps of catalogues by name. The sources before it are made as `sources_as_read/<dataset>`. Raises
    RecipeError for a catalogue that is not among `entries`.
    """
    missing = sorted(dataset.classes.keys() - entries.keys())
    if missing:
        raise RecipeError(f"dataset {dataset.name}: no entries of {', '.join(missing)}; known: {', '.join(entries)}")
    config = config or ClassConfig(scheme=only(label_scheme(dataset.scheme), "sources"), classes=dataset.classes)
    catalogs = [entries[name] for name in sorted(dataset.classes)]
    return Step(
        name=f"sources/{dataset.name}",
        make=classified,
        table=SOURCES,
        config=(config,),
        inputs=(
            Input(replace(sources, name=f"{AS_READ}/{dataset.name}")),
            *(Input(one, columns=ENTRY_COLUMNS) for one in catalogs),
        ),
    )


def radius_arcsec(source: Row) -> float:
    """How far a source reaches: to the farthest vertex of its outline; 0 where it has none."""
    polygon = source["sky_polygon_deg"]
    if not polygon:
        return 0.0
    vertices = unit_vectors(polygon[0::2], polygon[1::2])
    centre = unit_vectors(source["ra_deg"], source["dec_deg"])
    return float(angle_arcsec(vertices, centre).max())


def _at_place(sources: list[Row], entries: pa.Table, config: ClassConfig) -> Iterator[tuple[int, Row]]:
    """Each source (by its index) with each entry at its place, by source."""
    rows = [one for one in entries.to_pylist() if one["catalog"] in config.classes]
    placed = [k for k, one in enumerate(sources) if one["ra_deg"] is not None and one["dec_deg"] is not None]
    if not rows or not placed:
        return
    reach = np.array([radius_arcsec(sources[k]) for k in placed])
    centres = unit_vectors([sources[k]["ra_deg"] for k in placed], [sources[k]["dec_deg"] for k in placed])
    there = np.array([[one["x"], one["y"], one["z"]] for one in rows])
    extent = np.array([one["radius_arcsec"] or 0.0 for one in rows])
    slack = np.array([config.tolerance_arcsec + (json.loads(one["cells"]).get(ACCURACY) or 0.0) for one in rows])
    widest = config.most_ratio * np.maximum(reach, config.tolerance_arcsec)
    from scipy.spatial import cKDTree  # slow to import, and few need it

    tree = cKDTree(there)
    for place, k in enumerate(placed):
        useful = extent[extent <= widest[place]].max(initial=reach[place])
        near = sorted(tree.query_ball_point(centres[place], _chord(useful + slack.max())))
        apart = angle_arcsec(there[near], centres[place])
        for j, separation in zip(near, apart, strict=True):
            if extent[j] <= widest[place] and separation <= max(extent[j], reach[place]) + slack[j]:
                yield k, rows[j]


def _chord(arcsec: float) -> float:
    return float(2 * np.sin(min(arcsec / ARCSEC_PER_RADIAN, np.pi) / 2) * (1 + 1e-9))


def _statements(entry: Row, config: ClassConfig) -> Iterator[Row]:
    """What an entry says of a source at its place, each with its word for it."""
    ours = [one for one in entry["labels"] or () if one["scheme"] == config.scheme.name]
    said = {one["label"]: one["original"] for one in ours if one["state"] == Truth.PRESENT}
    if not ours:
        label = config.classes[entry["catalog"]]
        said = {label: label}
    for label, original in said.items():
        statement = Label(
            scheme=config.scheme.name, label=label, original=original, state=Truth.PRESENT, tier=Tier.MATCH,
            catalog=entry["origin_catalog"], row=entry["origin_row"],
        )  # fmt: skip
        yield statement.model_dump(mode="json")


def _with(had: list[Row], said: list[Row]) -> list[Row]:
    """New statements in place of "unknown" ones of the same label, after all others."""
    answered = {(one["scheme"], one["label"]) for one in said}
    stay = [one for one in had if one["state"] != Truth.UNKNOWN or (one["scheme"], one["label"]) not in answered]
    return [*stay, *said]
