"""From the tables to what is known of each cutout: its source, and the objects that its picture shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.pictures.boxes import Dialect, PictureBox, visible_boxes
from curation.pictures.outlines import SkyOutlines, outlines_of
from curation.verification.claims import Annotations, SurveyFacts, annotations_of
from schemas.labels import LabelScheme, Truth
from schemas.remembered import per_table
from schemas.rows import Rows, rows_of_objects, rows_of_sources
from schemas.tables import CUTOUTS_WITHOUT_PICTURES

CUTOUT_COLUMNS = CUTOUTS_WITHOUT_PICTURES
"""All that words need of a cutout; the pictures themselves stay where they are."""
BOXED_BY = ("wcs_header", "mosaic", "width_px", "height_px", "png_side_px", "blank_mask")
"""What decides which objects a cutout shows, and where."""
MOST_KEPT = 30_000
"""Pictures whose boxes a process keeps for each table of objects; of four objects they take some 2 kB."""


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
        source = self.source_rows.get(cutout["source_id"])
        if source is None:
            return None
        return self.about(cutout, source, self.boxes(cutout) if self.objects.num_rows else None)

    def boxes(self, cutout: Mapping[str, Any]) -> Sequence[PictureBox]:
        """The objects that show in a cutout; kept, for each of the steps that write or read words asks for them."""
        kept = _boxes_of_pictures(self.objects)
        picture = sha256(repr([self.dialect, *(cutout.get(name) for name in BOXED_BY)]).encode()).digest()
        if picture not in kept:
            if len(kept) == MOST_KEPT:
                kept.clear()
            kept[picture] = tuple(visible_boxes(self.outlines, cutout, self.dialect))
        return kept[picture]

    def about(
        self, cutout: Mapping[str, Any], source: Mapping[str, Any], boxes: Sequence[PictureBox] | None
    ) -> Annotations:
        """What is known of any picture as a row of CUTOUTS, its source and the objects in it; `boxes` None: of none."""
        return annotations_of(
            cutout, source, boxes, self._object_rows, self.scheme, self.survey, have_classes=self._have_classes
        )

    @property
    def source_rows(self) -> Rows:
        """Labels of the sources."""
        return rows_of_sources(self.sources)

    @property
    def outlines(self) -> SkyOutlines:
        """Of the objects, on the sky."""
        return outlines_of(self.objects)

    @property
    def _object_rows(self) -> Rows:
        return rows_of_objects(self.objects)

    @property
    def _have_classes(self) -> bool:
        return self.scheme.name in _schemes_present(self.objects)


@per_table
def _boxes_of_pictures(objects: pa.Table) -> dict[bytes, tuple[PictureBox, ...]]:  # noqa: ARG001
    """What was found of a table's objects, by what decides it."""
    return {}


@per_table
def _schemes_present(objects: pa.Table) -> frozenset[str]:
    """The schemes that have a label which some object has."""
    labels = pc.list_flatten(objects["labels"])
    present = pc.equal(pc.struct_field(labels, "state"), str(Truth.PRESENT))
    return frozenset(pc.unique(pc.filter(pc.struct_field(labels, "scheme"), present)).to_pylist())
