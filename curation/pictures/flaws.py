"""What may be wrong with an image, as numbers: stripes, a seam, holes. Whether it is too much, its survey's file says.

Measured on what is left without sources: pixels above 4 rms, and 4 pixels around each, take no part. Which limits find
which defects, and how often real images pass them, stands in `docs/pictures.md`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from curation.pictures.zscale import Image

MOST_SIGMA = 4.0
AROUND = np.ones((9, 9), np.uint8)
LEAST_SIDE_PX = 32  # below which there is too little of an image for a stripe or a seam
LEAST_LEFT = 0.3  # of the pixels, without sources and blanks
LEAST_BESIDE = 0.1  # of the pixels, on either side of a seam
N_WAVES = 64  # the side at which stripes are looked for
TAPER = np.outer(np.hanning(N_WAVES), np.hanning(N_WAVES)).astype(np.float32)
LONGEST_WAVE = 4  # waves across the image: what is longer is no stripe
DIGITS = 3


@dataclass(frozen=True)
class Flaws:
    """Of one image; None where there is no noise to measure by, or too little left without sources and blanks."""

    stripes: float | None = None
    """Share of one wave, whatever its direction, in the power of all structure shorter than a quarter of the image."""
    noise_step: float | None = None
    """Logarithm of the ratio of the noise on both sides of the row or column where it is most; 0.69: twice."""
    level_step: float | None = None
    """Difference of the mean level there, in rms."""
    depth: float | None = None
    """The most negative pixel below the mean of the noise, in rms: holes and sidelobes around bright sources."""


def flaws(image: Image, mean: float, rms: float | None) -> Flaws:
    """Of float32 image[y, x] with noise of that mean and `rms`."""
    if not rms:
        return Flaws()
    level, is_source, least = _levels(image, np.float32(mean), np.float32(1 / rms))
    depth = round(float(-least), DIGITS)
    if min(image.shape) < LEAST_SIDE_PX:
        return Flaws(depth=depth)
    n_seen, noise_step, level_step = _steps(*_sums(level, cv2.dilate(is_source, AROUND)), image.size)
    if n_seen < LEAST_LEFT * image.size:
        return Flaws(depth=depth)
    return Flaws(_stripes(level), round(noise_step, DIGITS), round(level_step, DIGITS), depth)


def _stripes(level: Image) -> float | None:
    """Of levels that are 0 where nothing is to be seen."""
    small = cv2.resize(level, (N_WAVES, N_WAVES), interpolation=cv2.INTER_AREA)
    waves = cv2.dft((small - cv2.mean(small)[0]) * TAPER, flags=cv2.DFT_COMPLEX_OUTPUT)
    greatest, total = _powers(waves, IS_SHORT)
    return round(min(1.0, 2 * greatest / total), DIGITS) if total > 0 else None


def _short_waves() -> Image:
    n = np.fft.fftfreq(N_WAVES) * N_WAVES
    return (np.hypot(n[:, None], n) >= LONGEST_WAVE).astype(np.float32)


IS_SHORT = _short_waves()


@njit(cache=True, nogil=True)
def _levels(
    image: Image, middle: np.float32, per_rms: np.float32
) -> tuple[Image, NDArray[np.uint8], float]:  # pragma: no cover -- compiled
    """Pixels above the middle in rms, within bounds and 0 where blank; which are blank or a source; and the least."""
    level, is_source = np.empty(image.shape, np.float32), np.zeros(image.shape, np.uint8)
    most, least = np.float32(MOST_SIGMA), np.float32(0)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            value = (image[y, x] - middle) * per_rms
            if not np.isfinite(value):
                level[y, x], is_source[y, x] = 0, 1
                continue
            least = min(least, value)
            is_source[y, x] = value > most
            level[y, x] = max(-most, min(most, value))
    return level, is_source, float(least)


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _sums(
    level: Image, is_hidden: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # pragma: no cover -- compiled
    """Of rows [3, height] and columns [3, width]: number, sum and squares of the pixels seen; the others become 0."""
    height, width = level.shape
    rows, columns = np.zeros((3, height)), np.zeros((3, width), np.float32)
    seen, sums, squares = columns
    for y in range(height):
        n, total, power = np.float32(0), np.float32(0), np.float32(0)
        for x in range(width):  # without a branch, so that several pixels go at a time
            is_seen = np.float32(1 - is_hidden[y, x])
            value = level[y, x] * is_seen
            level[y, x] = value
            n += is_seen
            total += value
            power += value * value
            seen[x] += is_seen
            sums[x] += value
            squares[x] += value * value
        rows[0, y], rows[1, y], rows[2, y] = n, total, power
    return rows, columns.astype(np.float64)


@njit(cache=True, nogil=True)
def _powers(waves: Image, is_short: Image) -> tuple[float, float]:  # pragma: no cover -- compiled
    """The greatest power of nine cells side by side, and of all cells.

    The taper spreads a wave over nine cells, and every wave is in the plane twice.
    """
    n = len(waves)
    power, total, greatest = np.zeros((n, n)), 0.0, 0.0
    for v in range(n):
        for u in range(n):
            power[v, u] = (waves[v, u, 0] ** 2 + waves[v, u, 1] ** 2) * is_short[v, u]
            total += power[v, u]
    for v in range(n // 2 + 1):
        for u in range(n):
            near = 0.0
            for dv in range(-1, 2):
                for du in range(-1, 2):
                    near += power[v + dv, (u + du) % n]
            greatest = max(greatest, near)
    return greatest, total


@njit(cache=True, nogil=True)
def _steps(
    rows: NDArray[np.float64], columns: NDArray[np.float64], n_pixels: int
) -> tuple[float, float, float]:  # pragma: no cover -- compiled
    """Pixels that are seen; the greatest step of the noise, and of the level, from before a line to behind it."""
    noise_step, level_step, n_seen = 0.0, 0.0, 0.0
    for sums in (rows, columns):
        n_seen, of_all, power_of_all = sums[0].sum(), sums[1].sum(), sums[2].sum()
        n, total, squares = 0.0, 0.0, 0.0
        for line in range(sums.shape[1]):
            n, total, squares = n + sums[0, line], total + sums[1, line], squares + sums[2, line]
            rest = n_seen - n
            if min(n, rest) < LEAST_BESIDE * n_pixels:
                continue
            here, there = total / n, (of_all - total) / rest
            noise, other = squares / n - here**2, (power_of_all - squares) / rest - there**2
            if min(noise, other) > 0:
                noise_step = max(noise_step, abs(np.log(noise / other)) / 2)
            level_step = max(level_step, abs(here - there))
    return n_seen, noise_step, level_step
