"""OBJECTS: what has an extent, each with its outline.

Reads MOSAICS of the dataset's survey and the dataset's own files. Riggi et al. 2025, A.1 and A.2.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from catalogs.dataset import Dataset
from curation.engine.steps import Input, Step
from curation.truth.sources import (
    READ_OF_MOSAICS,
    DatasetFacts,
    dataset_facts,
    move_to_rejected,
    read_as,
    refusal,
    without_repeats,
)
from curation.truth.withdrawn import Withdrawn, without_class
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import OBJECTS

FEWEST_NUMBERS = 6  # three vertices


def objects(
    mosaics: pa.Table,
    facts: DatasetFacts | None,
    withdrawn: tuple[Withdrawn, ...] = (),
    *,
    dataset: Dataset,
    raw: Path,
) -> Sieved:
    """OBJECTS as the dataset's door reads them; *in* are the rows of its catalogue, none for one without objects.

    Refused: `duplicate-id`, the later of equal ids; `no-outline`; `bad-outline`, which is not three or more finite
    vertices, on the sky within RA 0 to 360 and Dec -90 to 90, or whose last vertex repeats the first. Those of
    `withdrawn` sources are outlines alone.
    """
    if dataset.read_objects is None:
        return sieved(OBJECTS.of([]), [], 0)
    with read_as(facts, dataset, raw):
        found = without_repeats(dataset.read_objects(raw, mosaics), "object_id")
    refusals = dict[int, Rejection]()
    columns = (found.kept[name].to_pylist() for name in ("sky_polygon_deg", "image_polygon_px"))
    for index, (sky, image) in enumerate(zip(*columns, strict=True)):
        reason, detail = _fault(sky, image)
        if reason:
            refusals[index] = refusal(found.kept, index, reason, detail)
    made = move_to_rejected(found, refusals)
    return replace(made, kept=without_class(made.kept, withdrawn)) if withdrawn else made


def objects_step(dataset: Dataset, mosaics_step: Step, raw: Path, withdrawn: tuple[Withdrawn, ...] = ()) -> Step:
    """The step that makes `objects/<dataset>`; its address holds the content of its files and its scheme."""
    return Step(
        name=f"objects/{dataset.name}",
        make=partial(objects, dataset=dataset, raw=raw),
        table=OBJECTS,
        config=(dataset_facts(dataset, raw, "objects"), *([withdrawn] if withdrawn else []))
        if dataset.read_objects
        else (None,),
        inputs=(Input(mosaics_step, columns=READ_OF_MOSAICS),),
        counts="rows of the catalogue",
        version=2,  # tables are read with undefined values as null and whole numbers to their last digit
    )


def _fault(sky: list[float] | None, image: list[float] | None) -> tuple[str, str]:
    """Reason and detail of what is wrong with an object's outlines; two empty texts where nothing is."""
    if sky is None and image is None:
        return "no-outline", "neither sky_polygon_deg nor image_polygon_px"
    for name, outline in (("sky_polygon_deg", sky), ("image_polygon_px", image)):
        if outline is None:
            continue
        detail = _outline_fault(np.array(outline, float), is_sky=name == "sky_polygon_deg")
        if detail:
            return "bad-outline", f"{name}: {detail}"
    return "", ""


def _outline_fault(numbers: np.ndarray, *, is_sky: bool) -> str:
    if numbers.size < FEWEST_NUMBERS or numbers.size % 2:
        return f"found {numbers.size} numbers, expected x, y of three or more vertices"
    if not np.isfinite(numbers).all():
        return "found a number that is not finite"
    vertices = numbers.reshape(-1, 2)
    if np.array_equal(vertices[0], vertices[-1]):
        return "the last vertex repeats the first, expected an outline that closes by itself"
    if is_sky and not ((vertices >= [0, -90]).all() and (vertices[:, 0] < 360).all() and (vertices[:, 1] <= 90).all()):  # noqa: PLR2004
        return "found a vertex off the sky, expected 0 <= RA < 360 and -90 <= Dec <= 90"
    return ""
