"""Stretches: between which brightnesses a picture goes from black to white, and along which curve.

A stretch looks at an image once and gives its `Scale`; a scale then gives greys, also of single pixels, so that what
is said of saturation is said of the same greys that are drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curation.pictures.zscale import LARGEST, Image, extent, finite_samples, middle_distance, zscale_limits

Greys = NDArray[np.uint8]
PERCENTILES = (0.5, 99.5)
ASINH_SOFTENING = 0.02  # of the range: below it asinh is linear
LEAST_RANGE = 100.0  # in sigma of the noise, of asinh and log: a picture of noise alone stays dark
LOG_KNEE = 3.0  # in sigma of the noise: below it log is linear
LOG_LEAST_KNEE = 1e-3  # of the range, where an image has no noise
SIGMA_OF_MAD = 1.4826  # a Gaussian's standard deviation over its median absolute deviation
N_STEPS = 4096  # of a curve
BLOCK = 4096  # pixels whose places in a curve are found before any is looked up
ASINH = np.round(255 * np.arcsinh(np.linspace(0, 1, N_STEPS) / ASINH_SOFTENING) / np.arcsinh(1 / ASINH_SOFTENING))
ASINH_GREY = ASINH.astype(np.uint8)
GREY_EDGES = (np.arange(255) + 0.5) / 255  # of the range of greys: from where each grey but black begins


@dataclass(frozen=True, eq=False)
class Scale:
    """How one channel is drawn: `low` is black and `high` white, in the unit of the pixels; what is beyond is clipped.

    `curve`: the greys between them; None: in a line. `is_rooted`: the curve's steps are even in the root of brightness,
    so that a curve that is steep near black has enough of them there.
    """

    low: float
    high: float
    curve: Greys | None = None
    is_rooted: bool = False

    def greys(self, pixels: Image) -> Greys:
        """The greys of float32 pixels, of any shape; what is not finite is black."""
        grey = np.empty(pixels.shape, np.uint8)
        if self.curve is None:
            _linear(pixels.reshape(-1), self.low, self.high, grey.reshape(-1))
        elif self.is_rooted:
            _through_roots(pixels.reshape(-1), self.low, self.high, self.curve, grey.reshape(-1))
        else:
            _through_table(pixels.reshape(-1), self.low, self.high, self.curve, grey.reshape(-1))
        return grey


def _zscale(pixels: Image, contrast: float) -> Scale:
    return _spread(pixels, *zscale_limits(pixels, contrast))


def _percentile(pixels: Image, _contrast: float) -> Scale:
    samples = finite_samples(pixels.reshape(-1), N_STEPS)
    if not samples.size:
        return Scale(0.0, 1.0)
    samples.sort()
    low, high = (_percentile_of_sorted(samples, one) for one in PERCENTILES)
    return _spread(pixels, low, high)


def _asinh(pixels: Image, _contrast: float) -> Scale:
    found = _sky(pixels)
    return Scale(found.low, found.high, ASINH_GREY) if found else Scale(0.0, 1.0)


def _log(pixels: Image, _contrast: float) -> Scale:
    found = _sky(pixels)
    if found is None or not found.high > found.middle:
        return Scale(0.0, 1.0) if found is None else Scale(found.middle, found.high)
    knee = max(LOG_KNEE * found.noise / (found.high - found.middle), LOG_LEAST_KNEE)
    return Scale(found.middle, found.high, log_curve(knee), is_rooted=True)


def log_curve(knee: float) -> Greys:
    """Greys [N_STEPS] of log1p(x / knee) / log1p(1 / knee), rounded, at x from 0 to 1 in even steps of its root.

    From the other side, where each grey begins: a sixteenth of the logarithms.
    """
    begins = np.sqrt(knee * np.expm1(GREY_EDGES * np.log1p(1 / knee))) * (N_STEPS - 1)
    return np.bincount(np.ceil(begins).astype(np.int64), minlength=N_STEPS).cumsum().astype(np.uint8)


def _minmax(pixels: Image, _contrast: float) -> Scale:
    return Scale(*extent(pixels)[1:])


def paper_scale(pixels: Image, contrast: float) -> Scale:
    """The limits of Riggi et al. 2025: zscale of an image whose blank pixels are 0; no range where it finds none."""
    filled = np.where(np.abs(pixels) <= LARGEST, pixels, np.float32(0))
    return Scale(*zscale_limits(filled, contrast))


STRETCHES: dict[str, Callable[[Image, float], Scale]] = {
    "zscale": _zscale,
    "percentile": _percentile,
    "asinh": _asinh,
    "log": _log,
    "minmax": _minmax,
    "paper": paper_scale,
}
"""By name; each is given float32 pixels and the contrast of zscale. Images without anything to see have a scale too."""


WAYS: tuple[str | tuple[str, str, str], ...] = (*STRETCHES, ("zscale", "asinh", "log"))
"""What people are shown side by side: every stretch in grey, and three together in colour."""


def described(stretch: str, contrast: float) -> str:
    """A stretch with its numbers."""
    return {
        "zscale": f"zscale contrast={contrast:g}",
        "percentile": f"percentile {PERCENTILES[0]:g} to {PERCENTILES[1]:g}",
        "asinh": f"asinh softening={ASINH_SOFTENING:g} from percentile {PERCENTILES[0]:g} to the maximum, at least "
        f"{LEAST_RANGE:g} sigma",
        "log": f"log knee={LOG_KNEE:g} sigma from the median to the maximum, at least {LEAST_RANGE:g} sigma",
        "minmax": "minmax",
        "paper": f"paper (blank=0, zscale contrast={contrast:g}, minmax, truncated), but not its orientation",
    }[stretch]


@dataclass(frozen=True)
class _Sky:
    low: float
    middle: float
    noise: float
    high: float


def _sky(pixels: Image) -> _Sky | None:
    """The lower percentile, the median and the noise of a sample, and the maximum, at least so many sigma up."""
    samples = finite_samples(pixels.reshape(-1), N_STEPS)
    if not samples.size:
        return None
    samples.sort()
    low, middle = _percentile_of_sorted(samples, PERCENTILES[0]), _percentile_of_sorted(samples, 50)
    noise = SIGMA_OF_MAD * float(middle_distance(samples, np.float32(middle)))
    return _Sky(low, middle, noise, max(extent(pixels)[2], middle + LEAST_RANGE * noise))


def _percentile_of_sorted(ascending: Image, percentile: float) -> float:
    """As `np.percentile`, to the last bit, without looking at everything that it allows for."""
    place = (ascending.size - 1) * (percentile / 100)
    k = int(place)
    below, above = ascending[k], ascending[min(k + 1, ascending.size - 1)]
    share, step = place - k, float(above - below)
    return float(below) + step * share if share < 0.5 else float(above) - step * (1 - share)  # noqa: PLR2004


def _spread(pixels: Image, low: float, high: float) -> Scale:
    """Limits that coincide, of an image that is nearly all one value, give way to the least and greatest pixel."""
    return Scale(low, high) if high > low else Scale(*extent(pixels)[1:])


@njit(cache=True, nogil=True)
def _linear(flat: Image, low: float, high: float, grey: Greys) -> None:  # pragma: no cover -- compiled
    start, none, top = np.float32(low), np.float32(0), np.float32(255)
    scale = np.float32(255 / (high - low)) if high > low else none
    for i in range(flat.size):
        value = (flat[i] - start) * scale
        value = value if value > none else none  # NaN too
        value = value if value < top else top
        value = value if flat[i] <= LARGEST else none  # infinity
        grey[i] = np.uint8(value + np.float32(0.5))


@njit(cache=True, nogil=True)
def _through_table(flat: Image, low: float, high: float, table: Greys, grey: Greys) -> None:  # pragma: no cover
    start, none, top = np.float32(low), np.float32(0), np.float32(table.size - 1)
    scale = np.float32((table.size - 1) / (high - low)) if high > low else none
    for i in range(flat.size):
        place = (flat[i] - start) * scale
        place = place if place > none else none
        place = place if place < top else top
        place = place if flat[i] <= LARGEST else none
        grey[i] = table[np.int32(place + np.float32(0.5))]


@njit(cache=True, nogil=True)
def _through_roots(flat: Image, low: float, high: float, table: Greys, grey: Greys) -> None:  # pragma: no cover
    start, none, one = np.float32(low), np.float32(0), np.float32(1)
    scale, top = np.float32(1 / (high - low)) if high > low else none, np.float32(table.size - 1)
    steps = np.empty(min(flat.size, BLOCK), np.int32)
    for begin in range(0, flat.size, BLOCK):  # places first, several at a time, as no processor looks them up
        block = flat[begin : begin + BLOCK]
        for i in range(block.size):
            place = (block[i] - start) * scale
            place = place if place > none else none
            place = place if place < one else one
            place = place if block[i] <= LARGEST else none
            steps[i] = np.int32(np.sqrt(place) * top + np.float32(0.5))
        for i in range(block.size):
            grey[begin + i] = table[np.uint32(steps[i])]
