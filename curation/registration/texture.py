"""What of an image no stretch changes: the order of its pixels, each held against what is around it."""

import cv2
import numpy as np
from numpy.typing import NDArray

AROUND_PX = 15  # about each pixel that it is held against: some beams
FLOOR = 0.0015  # of their variance in ranks, as of `likeness`: where nearly nothing is, little is made of it
UNIFORM_KURTOSIS = 1.8
MOST_CORRELATED = 0.98  # more says nothing more: two unresolved sources alone are as much alike

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def ranks(image: NDArray[np.floating]) -> Floats:
    """Of each pixel [y, x] the share of the image that is below it, -0.5 to 0.5; equal pixels are equal, NaN stays."""
    flat = image.ravel()
    is_known = np.isfinite(flat)
    known = flat[is_known]
    order = np.argsort(known)
    at = known[order]
    is_first = np.r_[True, at[1:] != at[:-1]]
    starts = np.flatnonzero(is_first)
    middles = (starts + np.r_[starts[1:], len(at)]) / 2
    found = np.empty(len(known), np.float32)
    found[order] = (middles[np.cumsum(is_first) - 1] / max(len(at), 1) - 0.5).astype(np.float32)
    made = np.full(flat.shape, np.nan, np.float32)
    made[is_known] = found
    return made.reshape(image.shape)


def texture(given: Floats, around_px: int = AROUND_PX) -> Floats:
    """Ranks [y, x] less their mean around each, over their scatter there; 0 where they are NaN."""
    is_known = np.isfinite(given)
    side = (around_px, around_px)
    share = np.maximum(cv2.blur(is_known.astype(np.float32), side, borderType=cv2.BORDER_CONSTANT), 1e-6)
    filled = np.where(is_known, given, np.float32(0))
    away = np.where(is_known, filled - cv2.blur(filled, side, borderType=cv2.BORDER_CONSTANT) / share, np.float32(0))
    scatter = cv2.blur(away * away, side, borderType=cv2.BORDER_CONSTANT) / share
    return (away / np.sqrt(scatter + np.float32(FLOOR))).astype(np.float32)


def n_elements(of: Floats) -> float:
    """How many independent elements a texture has: few waves that hold most of its power are few, few pixels too."""
    power = np.abs(np.fft.fft2(of)) ** 2
    total, spread = float(power.sum()), float((power**2).sum())
    fourth, square = float((of.astype(float) ** 4).mean()), float((of.astype(float) ** 2).mean())
    if spread <= 0 or fourth <= 0:
        return 0.0
    return total**2 / spread * min(1.0, UNIFORM_KURTOSIS * square**2 / fourth)


def reordered(image: NDArray[np.floating], like: Floats) -> Floats:
    """The values of `like` in the order of the image's pixels, NaN where either is NaN.

    Where the one is the other by any stretch, clipping or rounding that keeps the order, it is `like` itself.
    """
    both = np.isfinite(image) & np.isfinite(like)
    made = np.full(image.shape, np.nan, np.float32)
    values = np.sort(like[both])
    order = np.argsort(image[both], kind="stable")
    placed = np.empty(len(order), np.float32)
    placed[order] = values
    made[both] = placed
    return made


def correlation(one: Floats, other: Floats) -> float:
    """Of two textures [y, x]; where one is blank both must be 0."""
    scale = np.sqrt((one.astype(float) ** 2).sum() * (other.astype(float) ** 2).sum())
    return float((one.astype(float) * other).sum() / scale) if scale > 0 else 0.0


def significance(correlation: float, n: float) -> float:
    """About how many standard deviations a correlation of n independent elements is away from none."""
    return float(np.arctanh(np.clip(correlation, 0, MOST_CORRELATED)) * np.sqrt(n))
