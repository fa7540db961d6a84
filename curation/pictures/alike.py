"""ALIKE: pairs of cutouts whose pictures are nearly the same, whatever is known of their places. Reads all CUTOUTS.

The same picture turned, mirrored, made larger or smaller, drawn by another stretch or packed by a lossy format. SPLITS
keep such pictures together, for what is learned from one is known of the other.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from curation.engine.steps import Input, Resources, Step
from curation.pictures.likeness import SMALL_PX, Greys
from curation.pictures.lookalikes import lookalikes
from schemas.rejection import Sieved, sieved
from schemas.tables import ALIKE

CUTOUT_COLUMNS = ("cutout_id", "dataset", "small")


def alike(*cutouts: pa.Table) -> Sieved:
    """Each pair once, the lower id on its left; *in* are these pairs."""
    table = pa.concat_tables(one.select(CUTOUT_COLUMNS) for one in cutouts).sort_by("cutout_id")
    ids, datasets = (table[name].to_pylist() for name in CUTOUT_COLUMNS[:2])
    rows: list[dict[str, Any]] = [
        {
            "left_id": ids[one.left], "right_id": ids[one.right],
            "left_dataset": datasets[one.left], "right_dataset": datasets[one.right],
            "likeness": one.likeness, "correlation": one.correlation, "scale": one.scale, "turn_deg": one.turn_deg,
            "is_mirrored": one.is_mirrored,
        }
        for one in lookalikes(_smalls(table["small"])).pairs
    ]  # fmt: skip
    return sieved(ALIKE.of(rows), [], len(rows))


def alike_step(corpus_name: str, cutouts: Sequence[Step]) -> Step:
    """The whole step over every dataset's cutouts."""
    return Step(
        f"alike/{corpus_name}",
        alike,
        ALIKE,
        inputs=tuple(Input(one, columns=CUTOUT_COLUMNS) for one in cutouts),
        counts="pairs of cutouts that are nearly the same",
        resources=Resources(cpus=1, memory_mb=1500),
    )


def _smalls(column: pa.ChunkedArray) -> Greys:
    """Small pictures as uint8[n, 48, 48]."""
    body = b"".join(column.to_pylist())
    return np.frombuffer(body, np.uint8).reshape(len(column), SMALL_PX, SMALL_PX)
