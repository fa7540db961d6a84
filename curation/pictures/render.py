"""From pixels to an 8-bit picture, grey or of three channels: limits, stretch, size, and the one y flip.

Training and test images alike.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from curation.pictures.stretches import STRETCHES, Scale, described
from curation.pictures.zscale import LARGEST, Image
from schemas.errors import RecipeError

Grey = NDArray[np.uint8]
ORIENTATION = "up as in FITS, row 0 at the top"
LESS = "less the {} background; "
"""How `stretch` begins where a background was subtracted from the pixels."""
COLOURS = ("red", "green", "blue")

cv2.setNumThreads(1)  # Ray gives a task one core


@dataclass(frozen=True)
class Picture:
    """How a picture is drawn. `side_px`: its side; `contrast`: of the zscale stretches.

    `stretch`: the name of one, for a grey picture; of three, for a picture in colour, each a channel: red, green, blue.
    """

    side_px: int = 384
    stretch: str | tuple[str, str, str] = "log"
    contrast: float = 0.25

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if strange := [one for one in self.stretches if one not in STRETCHES]:
            known = ", ".join(STRETCHES)
            raise RecipeError(f"stretch: found {strange[0]!r}, expected one of {known}; or three of them, for colour")
        if len(self.stretches) not in (1, len(COLOURS)):
            raise RecipeError(f"stretch: found {len(self.stretches)} of them, expected one, or three for colour")
        if not (8 <= self.side_px <= 4096 and 0 < self.contrast <= 1):  # noqa: PLR2004
            raise RecipeError(
                f"picture: found side_px {self.side_px}, contrast {self.contrast}; expected 8 to 4096, and 0 to 1"
            )

    @property
    def stretches(self) -> tuple[str, ...]:
        """The stretch of each channel: one, or three."""
        return (self.stretch,) if isinstance(self.stretch, str) else tuple(self.stretch)


@dataclass(frozen=True)
class Drawn:
    """A picture [side, side], or [side, side, 3] in colour, row 0 at the top; and the scale of each channel."""

    picture: Grey
    scales: tuple[Scale, ...]


def render(image: ArrayLike, picture: Picture) -> Grey:
    """The picture of image[y, x] alone: see `draw`."""
    return draw(image, picture).picture


def draw(image: ArrayLike, picture: Picture) -> Drawn:
    """A square picture of image[y, x], row 0 at the top, and how each of its channels was scaled.

    Pixels that are not finite are left out of the statistics and drawn at the lower limit. An image that is not
    square is centred between bands at the lower limit. Constant and blank images are drawn black; nothing raises.
    """
    with np.errstate(over="ignore"):
        pixels = np.ascontiguousarray(image, np.float32)
    scales = tuple(STRETCHES[one](pixels, picture.contrast) for one in picture.stretches)
    channels = [
        _as_in_the_paper(pixels, scale, picture) if one == "paper" else _resized(scale.greys(pixels), picture.side_px)
        for one, scale in zip(picture.stretches, scales, strict=True)
    ]
    made = channels[0] if len(channels) == 1 else cv2.merge(channels)
    return Drawn(np.ascontiguousarray(made[::-1]), scales)  # the one flip: FITS row 0 is at the bottom


def png_scale(width_px: int, height_px: int, side_px: int) -> tuple[float, float, float]:
    """(scale, x_offset, y_offset) from pixel edges of an image to those of its picture.

    An edge x (0-based: pixel i lies between edges i and i + 1) goes to `x * scale + x_offset` from the left;
    an edge y goes to `side_px - (y * scale + y_offset)` from the top. So does a half-open box, edge by edge.
    """
    longest = max(width_px, height_px)
    scale = side_px / longest
    return scale, (longest - width_px) // 2 * scale, (longest - height_px) // 2 * scale


def stretch_name(picture: Picture) -> str:
    """The `stretch` column: how brightness became grey, or each colour, and which way is up."""
    how = [described(one, picture.contrast) for one in picture.stretches]
    if len(how) > 1:
        how = [f"{colour} {one}" for colour, one in zip(COLOURS, how, strict=True)]
    return "; ".join([*how, ORIENTATION])


def _as_in_the_paper(pixels: Image, scale: Scale, picture: Picture) -> Grey:
    """The grey of Riggi et al. 2025: blanks are 0 before zscale, and numbers are resized, then spread over all greys.

    Two things are ours: the flip, which they left out, and cv2's cubic kernel where they took a cubic spline.
    """
    filled, low, high = np.where(np.abs(pixels) <= LARGEST, pixels, np.float32(0)), scale.low, scale.high
    scaled = np.clip((filled.astype(np.float64) - low) / (high - low), 0, 1) if high > low else np.zeros(filled.shape)
    resized = _fitted(scaled.astype(np.float32), picture.side_px, cv2.INTER_CUBIC)
    least, most = float(resized.min()), float(resized.max())
    if not most > least:
        return np.zeros(resized.shape, np.uint8)
    return ((resized - least) / (most - least) * 255).astype(np.uint8)


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
