"""What a reviewer saw, as digests: the picture, and the labels in it before any review.

A decision counts while both are what they were; the words are in the id of the sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curation.pictures.boxes import visible_boxes
from curation.pictures.outlines import outlines_of
from schemas.fingerprint import fingerprint
from schemas.rows import rows_of_objects, rows_of_sources

SAID = ("scheme", "label", "state", "tier")
PLACES = 3  # decimals of a box, in fractions of the picture: as many as an answer has
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """SHA-256 of the picture, and of the labels of its source and of the objects that it shows."""

    picture_sha256: str
    labels_sha256: str


@dataclass(frozen=True)
class Annotated:
    """SOURCES and OBJECTS of a dataset before any review; OBJECTS with their outlines."""

    sources: pa.Table
    objects: pa.Table

    def of(self, cutout: Row) -> Evidence | None:
        """Of a row of CUTOUTS (without pictures); None where its source is not there."""
        said = self.labels(cutout["source_id"])
        if said is None:
            return None
        boxes = visible_boxes(outlines_of(self.objects), cutout) if self.objects.num_rows else ()
        shown = [
            [one.object_id, [round(edge, PLACES) for edge in one.box_norm],
             _stated(rows_of_objects(self.objects)[one.object_id]["labels"] or ())]
            for one in boxes
        ]  # fmt: skip
        return Evidence(cutout["sha256"], labels_digest(said, shown))

    def labels(self, source_id: str) -> Sequence[Row] | None:
        """The labels of a source; None where it is not there."""
        source = rows_of_sources(self.sources).get(source_id)
        return None if source is None else source["labels"] or ()


def labels_digest(labels: Sequence[Row], shown: Sequence[Sequence[object]] = ()) -> str:
    """SHA-256 of a source's labels and of what is shown beside: id, box and labels of each object.

    Of a label count scheme, name, truth and tier: the row it stands in may move.
    """
    return fingerprint([_stated(labels), list(shown)])


def _stated(labels: Sequence[Row]) -> list[list[object]]:
    return sorted([one[name] for name in SAID] for one in labels)
