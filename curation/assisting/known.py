"""What an answer can be held against: the corpus's catalogues at that place, a file of one's own, else the header."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalogs.formats.plain_json import read_json
from catalogs.sky import ARCSEC_PER_RADIAN, unit_vectors
from curation.assisting.sight import Sight
from curation.pictures.boxes import Box, PictureBox, box_iou
from curation.verification.annotation_files import Reading, read_annotations
from curation.verification.annotation_tables import AnnotationTables
from curation.verification.claims import Annotations, annotations_of
from schemas.errors import CorpusError
from schemas.labels import LabelScheme, Truth

AT_THE_CENTRE = 0.03
"""Of the picture's side: a source so near to the centre is the one that the picture is of."""
LEAST_PX, MOST_PX = 1.5, 8.0  # of the image: the bounds of that
SAME_SIZE = 0.05
"""By how much of itself a picture may be larger or smaller than that of which a label was said."""
NOBODY = {"source_id": "none", "labels": ()}


@dataclass(frozen=True)
class Known:
    """Annotations of a sight, and in words where they are from."""

    annotations: Annotations
    told: str
    name: str = ""
    """The dataset's, `file`, or that of the header with its scheme."""
    names: tuple[str, ...] = ()
    """Of the objects, in the order of `annotations.objects`."""

    @property
    def boxes(self) -> list[dict[str, Any]]:
        """The catalogue's own, for the page: those that have one."""
        objects = self.annotations.objects or ()
        return [
            {"box": one.box_norm, "name": name, "labels": sorted(one.labels or ())}
            for one, name in zip(objects, self.names or [one.object_id for one in objects], strict=False)
            if one.box_norm
        ]

    def nearest(self, box: Box) -> dict[str, Any] | None:
        """The catalogue's box that shares most with one, and their shared over their joint area; None: none does."""
        shared = [(box_iou(box, one["box"]), one["name"]) for one in self.boxes]
        iou, name = max(shared, default=(0.0, ""))
        return {"name": name, "iou": iou} if iou else None


def by_header(sight: Sight, scheme: LabelScheme) -> Known:
    """What pixels and header say, and nothing of any source."""
    known = annotations_of(sight.cutout, NOBODY, None, {}, scheme, sight.survey)
    alone = "its header alone" if sight.cutout["wcs_header"] else "nothing but the picture"
    return Known(known, f"{alone}; classes of {scheme.name}", f"header {scheme.name}")


def by_tables(sight: Sight, dataset: str, tables: AnnotationTables, sides_arcsec: Mapping[str, float]) -> Known | None:
    """What a dataset says of that sky; None where it has nothing there.

    Objects are told where at least one of them shows: of a place without any nobody knows whether it was looked at.
    What a scheme says of pictures is told of a picture of that size alone; `sides_arcsec`: of the dataset's, by source.
    """
    if sight.cutout["wcs_header"] is None:
        return None
    source = _source_at_the_centre(sight, tables)
    if source and tables.scheme.about != "source" and not _is_as_large(sight, sides_arcsec.get(source["source_id"])):
        source = None
    boxes = tables.boxes(sight.cutout) if tables.objects.num_rows else []
    if source is None and not boxes:
        return None
    known = replace(tables.about(sight.cutout, source or NOBODY, boxes or None), survey=sight.survey)
    ids = pa.array([one.object_id for one in known.objects or ()], pa.string())
    rows = tables.objects.filter(pc.is_in(tables.objects["object_id"], ids))
    called = {row["object_id"]: row["object_name"] for row in rows.select(["object_id", "object_name"]).to_pylist()}
    names = tuple(str(called[name] or "") for name in ids.to_pylist())
    return Known(known, _told(dataset, source, boxes), dataset, names)


def by_file(sight: Sight, body: bytes, scheme: LabelScheme) -> Known:
    """A file of annotations as `curation claims --objects` reads it, with what the picture's own header says.

    Raises CorpusError, one line, for a file that says nothing of a picture.
    """
    with TemporaryDirectory(prefix="radio-corpus-") as folder:
        file = Path(folder) / "annotations.json"
        file.write_bytes(body)
        try:
            found = read_json(file)
            names_its_own = isinstance(found, Mapping) and "scheme" in found
            said = read_annotations(file, Reading(None if names_its_own else scheme.name))
        except CorpusError as error:
            raise type(error)(str(error).replace(str(file), "annotations")) from None
    header = by_header(sight, said.scheme).annotations
    facts = {
        name: value
        for name in ("blank_fraction", "is_padded", "side_arcsec", "height_arcsec", "orientation", "beam_arcsec",
                     "survey", "width_px", "height_px")
        if (value := getattr(header, name))
    }  # fmt: skip
    n = "no object" if not said.objects else f"{len(said.objects)} objects"
    return Known(replace(said, **facts), f"your file ({said.scheme.name}, {n})", "file")


def as_file(known: Annotations) -> dict[str, Any]:
    """Annotations in the form that `curation claims --objects` reads."""
    labels = {name: str(state) for name, state in known.labels.items() if state is not Truth.UNKNOWN}
    orientation, survey = known.orientation, known.survey
    picture: dict[str, Any] = {
        "width_px": known.width_px, "height_px": known.height_px, "blank_fraction": known.blank_fraction,
        "side_arcsec": known.side_arcsec if known.height_arcsec is None else None,
        "up_pa_deg": orientation and orientation.up_pa_deg,
        "is_mirrored": bool(orientation and orientation.is_mirrored),
        "beam_arcsec": known.beam_arcsec and list(known.beam_arcsec),
        "survey": survey and survey.title, "frequency_mhz": survey and survey.frequency_mhz,
    }  # fmt: skip
    said: dict[str, Any] = {"scheme": known.scheme.name, "labels": labels}
    if known.objects is not None and all(one.box_norm for one in known.objects):
        said["objects"] = [
            {"label": sorted(one.labels) if one.labels else None, "box": list(one.box_norm or ())}
            for one in known.objects
        ]
    return {**said, "picture": {name: value for name, value in picture.items() if value is not None}}


def _source_at_the_centre(sight: Sight, tables: AnnotationTables) -> Mapping[str, Any] | None:
    cutout = sight.cutout
    rows, pixel = tables.sources, max(cutout["pixel_x_arcsec"], cutout["pixel_y_arcsec"])
    ra, dec = (rows[name].to_numpy(zero_copy_only=False).astype(float) for name in ("ra_deg", "dec_deg"))
    chords = np.linalg.norm(unit_vectors(ra, dec) - unit_vectors(cutout["ra_deg"], cutout["dec_deg"]), axis=1)
    if not chords.size or np.isnan(chords).all():
        return None
    nearest = int(np.nanargmin(chords))
    most_px = max(LEAST_PX, min(MOST_PX, AT_THE_CENTRE * max(cutout["width_px"], cutout["height_px"])))
    if chords[nearest] * ARCSEC_PER_RADIAN > most_px * pixel:
        return None
    return rows.slice(nearest, 1).to_pylist()[0]


def _is_as_large(sight: Sight, side_arcsec: float | None) -> bool:
    side = sight.cutout["width_px"] * sight.cutout["pixel_x_arcsec"]
    return side_arcsec is not None and abs(side / side_arcsec - 1) <= SAME_SIZE


def _told(dataset: str, source: Mapping[str, Any] | None, boxes: Sequence[PictureBox]) -> str:
    n = len(boxes)
    parts = [f"the source {source['source_name']} at the centre"] if source else []
    parts += [f"{n} object{'s' * (n > 1)} in the picture"] if n else []
    return f"{dataset}: {' and '.join(parts)}"
