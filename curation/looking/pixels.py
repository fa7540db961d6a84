"""What the pixels of an image say, read by bands of rows: a mosaic of any size costs the same memory."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from catalogs.noise import NoiseOptions, noise_recipe
from curation.pictures.boxed_noise import NoiseBoxes, box_side_px
from curation.pictures.cards import ImageError
from curation.pictures.cutouts import in_mjy_per_beam
from curation.pictures.plane import Box, open_plane

BAND_PX = 2**22
SAMPLE_PX = 2**22  # of a larger image every so-manieth pixel makes the noise
MANY_BANDS = 16
MAD_TO_RMS = 1.4826  # of a Gaussian
CLIP_RMS, CLIP_TIMES = 3.0, 10
Row = dict[str, Any]


def pixel_facts(path: Path) -> Row:
    """Share of blank and of zero pixels, rms, least, peak and its place (0-based x, y); in the file's own unit.

    The rms is 1.4826 times the median absolute deviation from the median, or by clipping at three sigma where more than
    half of the pixels are one value; `rms_of_px` says of how many pixels. All null where every pixel is blank. Raises
    ImageError.
    """
    plane = open_plane(path)
    width, height = plane.width_px, plane.height_px
    rows = max(1, BAND_PX // width)
    stride = -(-width * height // SAMPLE_PX)
    n_blank = n_zero = 0
    least, peak, place = np.inf, -np.inf, (0, 0)
    samples = list[NDArray[np.float64]]()
    starts = range(0, height, rows)
    for y in tqdm(starts, desc=path.name, file=sys.stderr, disable=len(starts) < MANY_BANDS, leave=False):
        band = plane.read((0, y, width, min(y + rows, height))).ravel()
        is_blank = np.isnan(band)
        n_blank += int(is_blank.sum())
        n_zero += int((band == 0).sum())
        taken = band[-(y * width) % stride :: stride]
        samples.append(taken[np.isfinite(taken)].astype(np.float64))
        if is_blank.all():
            continue
        least, at = min(least, float(np.nanmin(band))), int(np.nanargmax(band))
        if band[at] > peak:
            peak, place = float(band[at]), (at % width, y + at // width)
    shares: Row = {"blank_share": n_blank / (width * height), "zero_share": n_zero / (width * height)}
    if peak == -np.inf:
        return {**shares, "rms": None, "rms_of_px": 0, "least": None, "peak": None, "peak_px": None}
    sample = np.concatenate(samples, dtype=np.float64)
    return {**shares, "rms": _rms(sample), "rms_of_px": sample.size, "least": least, "peak": peak, "peak_px": place}


def box_facts(path: Path, mosaic: Row, noise: NoiseOptions) -> Row | None:
    """Noise and background of at most 8 x 8 boxes spread over an image, of the size that `[noise]` of its survey says.

    `box_px`, `n`, and of `rms` and `background` least, median and greatest, in mJy/beam (of an unknown unit as it
    stands); None where boxes are wanted in beams and there is none, or no box has enough pixels that are not blank.
    Raises ImageError for pixels that cannot be read.
    """
    recipe = noise_recipe(NoiseOptions(rms="local"), noise)
    try:
        side = recipe and box_side_px(mosaic, recipe)
    except ImageError:
        return None
    if recipe is None or side is None:
        return None
    plane = open_plane(path)

    def read(_name: str, box: Box) -> NDArray[np.float32]:
        return in_mjy_per_beam(plane.read(box), mosaic["to_mjy_per_beam"])

    found = NoiseBoxes({"": mosaic}, read, recipe).spread("")
    known = np.isfinite(found.rms)
    if not known.any():
        return None
    three = {name: [float(one) for one in np.quantile(values[known], [0, 0.5, 1])]
             for name, values in (("rms", found.rms), ("background", found.background))}  # fmt: skip
    return {"box_px": side, "n": int(known.sum()), **three}


def _rms(sample: NDArray[np.float64]) -> float | None:
    if not sample.size:
        return None
    spread = float(MAD_TO_RMS * np.median(np.abs(sample - np.median(sample))))
    return spread or _clipped(sample)


def _clipped(sample: NDArray[np.float64]) -> float:
    for _ in range(CLIP_TIMES):
        middle, spread = np.median(sample), float(sample.std())
        kept = sample[np.abs(sample - middle) <= CLIP_RMS * spread]
        if kept.size == sample.size or not kept.size:
            break
        sample = kept
    return float(sample.std())
