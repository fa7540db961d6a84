"""A picture of a paper as PNG of 8 bit, grey or RGB."""

import numpy as np
from PIL import Image

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
