"""What every stretch would show of a survey's sources: the part of the report by which a corpus chooses how to draw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.pictures.render import Picture
from curation.pictures.seen import Seen, seen
from curation.pictures.stretches import STRETCHES, WAYS
from curation.pictures.zscale import clipped_rms
from curation.release.picked import Tables, sampled

N_CUTOUTS = 48
"""Of each survey, chosen by key: a look, not a census. What was drawn is counted over every cutout."""
AT_A_TIME = 32
"""Images of a part that are in memory, most of which are not looked at."""
BUFFER = 2**20
"""Bytes that are read at a time."""


@dataclass(frozen=True)
class Shown:
    """A survey's cutouts as one stretch, or three together, would draw them; medians over those with a source."""

    survey: str
    drawn: str
    n: int
    saturated: float | None
    saturated_90: float | None
    n_burnt: int
    """Cutouts of which more than a twentieth of the source is white."""
    range_kept: float | None


def every_stretch(store: Tables, addresses: Sequence[str]) -> list[Shown]:
    """For each survey of the tables of cutouts every stretch, and three together, in that order."""
    ways = [Picture(stretch=way).stretches for way in WAYS]
    found: dict[tuple[str, tuple[str, ...]], list[Seen]] = {}
    for survey, pixels in _images(store, addresses):
        rms, scales = clipped_rms(pixels), {name: make(pixels, Picture.contrast) for name, make in STRETCHES.items()}
        for way in ways:
            found.setdefault((survey, way), []).append(seen(pixels, way, [scales[one] for one in way], rms))
    return [_shown(survey, way, some) for (survey, way), some in found.items()]


def _images(store: Tables, addresses: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Survey and image[y, x] of the cutouts to look at; one whose pixels are not of its size is left out."""
    import pyarrow.dataset as ds  # brings pandas along, which takes a while

    columns = ["cutout_id", "width_px", "height_px", "pixels"]
    page_by_page = ds.ParquetFragmentScanOptions(use_buffered_stream=True, buffer_size=BUFFER, pre_buffer=False)
    for survey, parts in sampled(store, addresses, "cutout_id", "survey", N_CUTOUTS).items():
        for part, ids in parts:
            wanted, rows = pa.array(ids, pa.string()), list[dict[str, Any]]()
            for batch in part.to_batches(
                columns=columns, batch_size=AT_A_TIME, batch_readahead=1, fragment_scan_options=page_by_page
            ):
                rows += batch.filter(pc.is_in(batch["cutout_id"], wanted)).to_pylist()
            for row in sorted(rows, key=lambda row: row["cutout_id"]):
                if len(row["pixels"]) == 4 * row["width_px"] * row["height_px"]:
                    yield survey, np.frombuffer(row["pixels"], "<f4").reshape(row["height_px"], row["width_px"])


def _shown(survey: str, way: tuple[str, ...], some: list[Seen]) -> Shown:
    white = [one.saturated_share for one in some if one.saturated_share is not None]
    kept = [one.range_kept for one in some if one.range_kept is not None]
    return Shown(
        survey,
        " + ".join(way),
        len(white),
        float(np.median(white)) if white else None,
        float(np.percentile(white, 90, method="inverted_cdf")) if white else None,
        sum(one > 0.05 for one in white),  # noqa: PLR2004
        float(np.median(kept)) if kept else None,
    )
