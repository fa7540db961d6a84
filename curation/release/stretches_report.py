"""What every stretch would show of a survey's sources: the part of the report by which a corpus chooses how to draw."""

from dataclasses import dataclass

import duckdb
import numpy as np

from curation.pictures.render import Picture
from curation.pictures.seen import Seen, seen
from curation.pictures.stretches import STRETCHES, WAYS
from curation.pictures.zscale import clipped_rms

N_CUTOUTS = 48
"""Of each survey, chosen by key: a look, not a census. What was drawn is counted over every cutout."""
CHOSEN = f"""
SELECT survey, width_px, height_px, pixels FROM cutouts WHERE octet_length(pixels) = 4 * width_px * height_px
QUALIFY row_number() OVER (PARTITION BY survey ORDER BY cutout_id) <= {N_CUTOUTS} ORDER BY survey, cutout_id
"""


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


def every_stretch(db: duckdb.DuckDBPyConnection) -> list[Shown]:
    """For each survey every stretch, and three together, in that order."""
    pictures = [Picture(stretch=way) for way in WAYS]
    found: dict[tuple[str, tuple[str, ...]], list[Seen]] = {}
    for survey, width, height, body in db.sql(CHOSEN).fetchall():
        pixels = np.frombuffer(body, "<f4").reshape(height, width)
        rms, scales = clipped_rms(pixels), {name: make(pixels, Picture.contrast) for name, make in STRETCHES.items()}
        for way in (one.stretches for one in pictures):
            found.setdefault((survey, way), []).append(seen(pixels, way, [scales[one] for one in way], rms))
    return [_shown(survey, way, some) for (survey, way), some in found.items()]


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
