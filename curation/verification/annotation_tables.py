"""From the tables to what is known of each cutout: its source, and the objects that its picture shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.pictures.boxes import Dialect, visible_boxes
from curation.pictures.outlines import SkyOutlines, sky_outlines
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
    def _sources(self) -> "Rows":
        return Rows(self.sources, "source_id")

    @cached_property
    def _objects(self) -> "Rows":
        return Rows(self.objects, "object_id")

    @cached_property
    def _outlines(self) -> SkyOutlines:
        return sky_outlines(self.objects)

    @cached_property
    def _have_classes(self) -> bool:
        labels = pc.list_flatten(self.objects["labels"])
        is_one = pc.and_(
            pc.equal(pc.struct_field(labels, "scheme"), self.scheme.name),
            pc.equal(pc.struct_field(labels, "state"), str(Truth.PRESENT)),
        )
        return bool(pc.any(is_one).as_py())


class Rows(Mapping[str, dict[str, Any]]):
    """Ids and labels of a table by id. A row is made when it is asked for: of many a part of the cutouts needs few."""

    def __init__(self, table: pa.Table, key: str) -> None:
        self._table = table.select([key, "labels"]).combine_chunks()
        self._at = {name: at for at, name in enumerate(self._table[key].to_pylist())}

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._table.slice(self._at[name], 1).to_pylist()[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)
