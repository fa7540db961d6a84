"""What every stretch would show of a survey's sources: the part of the report by which a corpus chooses how to draw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    columns = ["cutout_id", "width_px", "height_px", "pixels"]
    for survey, parts in sampled(store, addresses, "cutout_id", "survey", N_CUTOUTS).items():
        for part, ids in parts:
            rows = part.to_table(columns=columns)
            rows = rows.filter(pc.is_in(rows["cutout_id"], pa.array(ids, pa.string()))).sort_by("cutout_id")
            for row in rows.to_pylist():
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
