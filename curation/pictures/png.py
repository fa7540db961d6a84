"""8-bit pictures as PNG: the same bytes on every processor (decision 6)."""

import struct

import deflate
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from curation.pictures.rows_deflate import filter_paeth, zlib_of_rows

SIGNATURE = b"\x89PNG\r\n\x1a\n"
UP = 2  # the filter that takes from each row the one above it, as the byte that a row begins with
COLOUR_TYPES = {1: 0, 3: 2}  # grey, RGB


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """A picture of the sky, grey [y, x] or RGB [y, x, 3]: behind the Paeth filter, by runs and one Huffman code."""
    n_channels = 1 if pixels.ndim == 2 else 3  # noqa: PLR2004
    flat = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1)
    rows = np.empty((flat.shape[0], flat.shape[1] + 1), np.uint8)
    filter_paeth(flat, n_channels, rows)
    return _png(rows, n_channels, zlib_of_rows(rows))


def packed(filtered: NDArray[np.uint8], *, n_channels: int, level: int) -> bytes:
    """Filtered rows [y, 1 + x * n_channels], each beginning with its filter, as PNG; `level`: of libdeflate."""
    return _png(filtered, n_channels, deflate.zlib_compress(filtered, level))


def _png(rows: NDArray[np.uint8], n_channels: int, body: bytes) -> bytes:
    height, width = rows.shape[0], (rows.shape[1] - 1) // n_channels
    head = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[n_channels], 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", isal_zlib.crc32(body, isal_zlib.crc32(kind)))
