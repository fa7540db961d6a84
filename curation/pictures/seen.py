"""How much of a source a picture still shows: what is white beyond telling, and the range of brightness that is left.

The source's pixels are those above 5 rms. Greys are those of the image's own pixels, before they are resized.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from curation.pictures.stretches import Scale
from curation.pictures.zscale import Image

SOURCE_SIGMA = 5.0
LEAST_STEP = 8  # greys of 256 that a doubling of brightness must make: 3 %, what an eye or a network can use
N_PLACES = 64  # between the faintest and the brightest pixel of a source, at which that is looked at


@dataclass(frozen=True)
class Seen:
    """What the channels of a picture show of its source, each with its own share of saturated pixels."""

    source_px: int
    """Pixels above 5 rms."""
    saturated_share: float | None
    """Of these, brighter than white in every channel; None where there are none."""
    range_kept: float | None
    """Of the source's range, in the logarithm of brightness, the part where a doubling is at least `LEAST_STEP` greys
    in some channel; None where a source has one brightness or none."""
    channels: tuple[Mapping[str, Any], ...]
    """For each its stretch, `low` and `high` in the unit of the pixels, and its own `saturated_share`."""


def seen(pixels: Image, stretches: Sequence[str], scales: Sequence[Scale], rms: float | None) -> Seen:
    """Of float32 pixels as drawn by `scales`; `rms`: their noise, in the same unit."""
    limit = SOURCE_SIGMA * rms if rms else np.inf
    source = _above(np.ascontiguousarray(pixels).reshape(-1), np.float32(limit))
    white = [source > scale.high if scale.high > scale.low else np.zeros(source.size, bool) for scale in scales]
    return Seen(
        int(source.size),
        _share(np.logical_and.reduce(white)),
        _range_kept(source, scales),
        tuple(
            {"stretch": name, "low": scale.low, "high": scale.high, "saturated_share": _share(above)}
            for name, scale, above in zip(stretches, scales, white, strict=True)
        ),
    )


def _share(given: np.ndarray) -> float | None:
    return float(given.mean()) if given.size else None


def _range_kept(source: Image, scales: Sequence[Scale]) -> float | None:
    if not source.size or not source.max() > source.min():
        return None
    places = np.geomspace(source.min(), source.max(), N_PLACES)
    ends = np.concatenate([places / np.sqrt(2), places * np.sqrt(2)]).astype(np.float32)
    greys = [scale.greys(ends).astype(int).reshape(2, N_PLACES) for scale in scales]
    return float(np.mean(np.max([one[1] - one[0] for one in greys], axis=0) >= LEAST_STEP))


@njit(cache=True, nogil=True)
def _above(flat: Image, limit: np.float32) -> Image:  # pragma: no cover -- compiled
    """The finite pixels above a limit, in their order."""
    n = 0
    for value in flat:
        n += (value > limit) & (value < np.inf)
    found = np.empty(n, np.float32)
    k = 0
    for value in flat:
        if (value > limit) & (value < np.inf):
            found[k] = value
            k += 1
    return found
