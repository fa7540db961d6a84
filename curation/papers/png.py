"""A picture of a paper as PNG of 8 bit, grey or RGB; and small and in grey, as rules look at it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from curation.papers.paper import looked_at
from curation.pictures.png import UP, packed


def png_of(image: Image.Image) -> bytes:
    """A picture in mode L or RGB as PNG: each row less the one above it, compressed at libdeflate's level 6."""
    pixels = np.asarray(image)
    rows = pixels.reshape(pixels.shape[0], -1)
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return packed(filtered, n_channels=1 if image.mode == "L" else 3, level=6)


def grey_of(image: Image.Image) -> bytes:
    """A picture in mode L or RGB as the bytes of grey[y, x] of 8 bit, with the sides of `looked_at`."""
    return image.convert("L").resize(looked_at(*image.size), Image.Resampling.BOX, reducing_gap=1.0).tobytes()


def plain(rgb: NDArray[np.uint8]) -> Image.Image:
    """rgb[y, x, 3] as a picture; grey where it has no colour."""
    is_grey = _is_grey(rgb[::16]) and _is_grey(rgb)  # most of colour show it soon
    return Image.fromarray(np.ascontiguousarray(rgb[..., 0]) if is_grey else rgb)


def _is_grey(rgb: NDArray[np.uint8]) -> bool:
    return np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 0], rgb[..., 2])
