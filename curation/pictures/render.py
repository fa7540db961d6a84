"""From pixels to an 8-bit grey picture: limits, stretch, size, and the one y flip. Training and test images alike."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from curation.pictures.zscale import LARGEST, Image, extent, finite_samples, zscale_limits
from schemas.errors import RecipeError

Grey = NDArray[np.uint8]
ORIENTATION = "up as in FITS, row 0 at the top"
PERCENTILES = (0.5, 99.5)
ASINH_SOFTENING = 0.02  # of the range: below it asinh is linear
ASINH_LEAST_RANGE = 100.0  # in sigma of the noise
SIGMA_OF_MAD = 1.4826  # a Gaussian's standard deviation over its median absolute deviation
ASINH = np.round(255 * np.arcsinh(np.linspace(0, 1, 4096) / ASINH_SOFTENING) / np.arcsinh(1 / ASINH_SOFTENING))
ASINH_GREY = ASINH.astype(np.uint8)

cv2.setNumThreads(1)  # Ray gives a task one core


@dataclass(frozen=True)
class Picture:
    """How a picture is drawn. `side_px`: its side; `contrast`: of the zscale stretches."""

    side_px: int = 384
    stretch: str = "zscale"
    contrast: float = 0.25

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if self.stretch not in STRETCHES:
            raise RecipeError(f"stretch: found {self.stretch!r}, expected one of {', '.join(STRETCHES)}")
        if not (8 <= self.side_px <= 4096 and 0 < self.contrast <= 1):  # noqa: PLR2004
            raise RecipeError(
                f"picture: found side_px {self.side_px}, contrast {self.contrast}; expected 8 to 4096, and 0 to 1"
            )


def render(image: ArrayLike, picture: Picture) -> Grey:
    """A square grey picture [side, side] of image[y, x], row 0 at the top.

    Pixels that are not finite are left out of the statistics and drawn at the lower limit. An image that is not
    square is centred between bands at the lower limit. Constant and blank images are drawn black; nothing raises.
    """
    with np.errstate(over="ignore"):
        pixels = np.ascontiguousarray(image, np.float32)
    grey = STRETCHES[picture.stretch](pixels, picture)
    return np.ascontiguousarray(grey[::-1])  # the one flip: FITS row 0 is at the bottom, PNG row 0 at the top


def png_scale(width_px: int, height_px: int, side_px: int) -> tuple[float, float, float]:
    """(scale, x_offset, y_offset) from pixel edges of an image to those of its picture.

    An edge x (0-based: pixel i lies between edges i and i + 1) goes to `x * scale + x_offset` from the left;
    an edge y goes to `side_px - (y * scale + y_offset)` from the top. So does a half-open box, edge by edge.
    """
    longest = max(width_px, height_px)
    scale = side_px / longest
    return scale, (longest - width_px) // 2 * scale, (longest - height_px) // 2 * scale


def stretch_name(picture: Picture) -> str:
    """The `stretch` column: how brightness became grey, and which way is up."""
    how = {
        "zscale": f"zscale contrast={picture.contrast:g}",
        "percentile": f"percentile {PERCENTILES[0]:g} to {PERCENTILES[1]:g}",
        "asinh": f"asinh softening={ASINH_SOFTENING:g} from percentile {PERCENTILES[0]:g} to the maximum, at least "
        f"{ASINH_LEAST_RANGE:g} sigma",
        "minmax": "minmax",
        "paper": f"paper (blank=0, zscale contrast={picture.contrast:g}, minmax, truncated), but not its orientation",
    }
    return f"{how[picture.stretch]}; {ORIENTATION}"


def _zscale(pixels: Image, picture: Picture) -> Grey:
    return _resized(_linear_grey(pixels, zscale_limits(pixels, picture.contrast)), picture.side_px)


def _percentile(pixels: Image, picture: Picture) -> Grey:
    return _resized(_linear_grey(pixels, _percentiles(pixels, PERCENTILES)), picture.side_px)


def _asinh(pixels: Image, picture: Picture) -> Grey:
    samples = finite_samples(pixels.reshape(-1), 4096)
    if not samples.size:
        return _resized(np.zeros(pixels.shape, np.uint8), picture.side_px)
    low, middle = (float(one) for one in np.percentile(samples, (PERCENTILES[0], 50)))
    noise = SIGMA_OF_MAD * float(np.median(np.abs(samples - middle)))
    # A picture of noise alone stays dark: white is never less than so many sigma above the middle.
    high = max(extent(pixels)[2], middle + ASINH_LEAST_RANGE * noise)
    return _resized(_asinh_grey(pixels, (low, high)), picture.side_px)


def _minmax(pixels: Image, picture: Picture) -> Grey:
    return _resized(_linear_grey(pixels, extent(pixels)[1:]), picture.side_px)


def _paper(pixels: Image, picture: Picture) -> Grey:
    """The grey of Riggi et al. 2025: blanks are 0 before zscale, and numbers are resized, then spread over all greys.

    Two things are ours: the flip, which they left out, and cv2's cubic kernel where they took a cubic spline.
    """
    filled = np.where(np.abs(pixels) <= LARGEST, pixels, np.float32(0))
    low, high = zscale_limits(filled, picture.contrast)
    scaled = np.clip((filled.astype(np.float64) - low) / (high - low), 0, 1) if high > low else np.zeros(filled.shape)
    resized = _fitted(scaled.astype(np.float32), picture.side_px, cv2.INTER_CUBIC)
    least, most = float(resized.min()), float(resized.max())
    if not most > least:
        return np.zeros(resized.shape, np.uint8)
    return ((resized - least) / (most - least) * 255).astype(np.uint8)


STRETCHES: dict[str, Callable[[Image, Picture], Grey]] = {
    "zscale": _zscale,
    "percentile": _percentile,
    "asinh": _asinh,
    "minmax": _minmax,
    "paper": _paper,
}


def _percentiles(pixels: Image, percent: tuple[float, float]) -> tuple[float, float]:
    samples = finite_samples(pixels.reshape(-1), 4096)
    if not samples.size:
        return 0.0, 1.0
    low, high = np.percentile(samples, percent)
    return float(low), float(high)


def _linear_grey(pixels: Image, limits: tuple[float, float]) -> Grey:
    grey = np.empty(pixels.shape, np.uint8)
    _linear(pixels.reshape(-1), limits[0], limits[1], grey.reshape(-1))
    return grey


def _asinh_grey(pixels: Image, limits: tuple[float, float]) -> Grey:
    grey = np.empty(pixels.shape, np.uint8)
    _through_table(pixels.reshape(-1), limits[0], limits[1], ASINH_GREY, grey.reshape(-1))
    return grey


@njit(cache=True, nogil=True)
def _linear(flat: Image, low: float, high: float, grey: Grey) -> None:  # pragma: no cover -- compiled
    start, none, top = np.float32(low), np.float32(0), np.float32(255)
    scale = np.float32(255 / (high - low)) if high > low else none
    for i in range(flat.size):
        value = (flat[i] - start) * scale
        value = value if value > none else none  # NaN too
        value = value if value < top else top
        value = value if flat[i] <= LARGEST else none  # infinity
        grey[i] = np.uint8(value + np.float32(0.5))


@njit(cache=True, nogil=True)
def _through_table(flat: Image, low: float, high: float, table: Grey, grey: Grey) -> None:  # pragma: no cover
    start, none, top = np.float32(low), np.float32(0), np.float32(table.size - 1)
    scale = np.float32((table.size - 1) / (high - low)) if high > low else none
    for i in range(flat.size):
        place = (flat[i] - start) * scale
        place = place if place > none else none
        place = place if place < top else top
        place = place if flat[i] <= LARGEST else none
        grey[i] = table[np.int32(place + np.float32(0.5))]


def _resized(grey: Grey, side_px: int) -> Grey:
    return _fitted(grey, side_px, cv2.INTER_AREA if max(grey.shape) > side_px else cv2.INTER_CUBIC)


def _fitted(image: NDArray, side_px: int, interpolation: int) -> NDArray:
    """Padded to a square first, so that one scale holds for both axes, exactly; see `png_scale`."""
    height, width = image.shape
    longest = max(height, width)
    if height != width:
        bottom, left = (longest - height) // 2, (longest - width) // 2
        image = np.pad(image, ((bottom, longest - height - bottom), (left, longest - width - left)))
    return image if longest == side_px else cv2.resize(image, (side_px, side_px), interpolation=interpolation)
