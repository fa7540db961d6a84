"""From the tables to what is known of each cutout: its source, and the objects that its picture shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from curation.pictures.boxes import Dialect, SkyOutlines, sky_outlines, visible_boxes
from curation.verification.claims import Annotations, SurveyFacts, annotations_of
from schemas.labels import LabelScheme, Truth
from schemas.tables import CUTOUTS

CUTOUT_COLUMNS = tuple(one.name for one in CUTOUTS.columns if one.name not in ("pixels", "png", "channels"))
"""All that words need of a cutout; the pictures themselves stay where they are."""


@dataclass(frozen=True)
class AnnotationTables:
    """SOURCES and OBJECTS of a dataset, and the scheme their labels are of."""

    sources: pa.Table
    objects: pa.Table
    scheme: LabelScheme
    dialect: Dialect = "xyxy_norm"
    survey: SurveyFacts | None = None

    def of(self, cutout: Mapping[str, Any]) -> Annotations | None:
        """What is known of a cutout (a row of CUTOUTS, its pictures not needed); None when its source is not there."""
        source = self._sources.get(cutout["source_id"])
        if source is None:
            return None
        boxes = visible_boxes(self._outlines, cutout, self.dialect) if self.objects.num_rows else None
        return annotations_of(
            cutout, source, boxes, self._objects, self.scheme, self.survey, have_classes=self._have_classes
        )

    @cached_property
    def _sources(self) -> dict[str, dict[str, Any]]:
        return {one["source_id"]: one for one in self.sources.select(["source_id", "labels"]).to_pylist()}

    @cached_property
    def _objects(self) -> dict[str, dict[str, Any]]:
        return {one["object_id"]: one for one in self.objects.select(["object_id", "labels"]).to_pylist()}

    @cached_property
    def _outlines(self) -> SkyOutlines:
        return sky_outlines(self.objects)

    @cached_property
    def _have_classes(self) -> bool:
        return any(
            label["scheme"] == self.scheme.name and label["state"] == Truth.PRESENT
            for one in self._objects.values()
            for label in one["labels"] or ()
        )
